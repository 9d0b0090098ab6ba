//! Backups and restores on a disk that forgets and fails: a power cut at any moment, a sync that fails, no room at some byte, a
//! file that cannot be read. What was said to be there is there, and nothing that is not whole looks as if it were.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dockpass::domain::random;

use super::backup::{alone, text};
use crate::support::{
    Dockpass, Setup,
    exe::cli_command,
    lossy::{Dice, Loss, LossyDisk},
    process::{Run, is_long},
};

/// A backup that has something of each kind.
const BACKUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/backup/version-1.backup");

fn images() -> usize {
    if is_long() { 400 } else { 40 }
}

fn dice() -> Dice {
    let seed = u64::from_le_bytes(random::bytes().expect("a seed"));
    println!("seed {seed}");
    Dice::new(seed)
}

fn restore(backup: &str, target: &Path) -> Run {
    alone(&["restore", backup, "--data-dir", text(target), "--yes"])
}

fn check(data: &Path) -> Run {
    Run::of(&mut cli_command(data, &["check"]), "")
}

/// A directory that a restore has been at: whole, or it is restored into once more.
fn is_whole_or_begun_anew(data: &Path, must_be_whole: bool, mark: &str) {
    if !data.join("format").exists() {
        assert!(!must_be_whole, "{mark}: it was said to be restored");
        if data.join("restoring").exists() {
            let started = Run::of(&mut cli_command(data, &["audit", "verify"]), "");
            assert_eq!(started.code(), Some(1), "{mark}: {}", started.describe());
        }
        let run = restore(BACKUP, data);
        assert_eq!(run.code(), Some(0), "{mark}: {}", run.describe());
    }
    let run = check(data);
    assert_eq!(run.code(), Some(0), "{mark}: {}", run.describe());
}

#[test]
fn a_restore_outlives_power_cuts() {
    let place = tempfile::tempdir().expect("a directory");
    let disk = LossyDisk::at(&place.path().join("disk"));
    disk.settle();
    let begun = disk.moment();
    restore(BACKUP, &place.path().join("disk/data")).must_succeed();
    let recording = disk.recording();
    disk.unmount();
    let (length, mut dice) = (recording.length(), dice());
    for image in 0..images() {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        // The last ones after its end, and many in its last steps.
        let cut = match image % 5 {
            0 => length,
            1 | 2 => length - dice.below(40),
            _ => begun + dice.below(length - begun),
        };
        let after = tempfile::tempdir().expect("a directory");
        recording.write_image(cut, loss, &mut dice, after.path());
        let mark = format!("image {image}: cut before act {cut} of {length}, {loss:?}");
        is_whole_or_begun_anew(&after.path().join("data"), cut == length, &mark);
    }
}

/// The backups in a directory under their final names.
fn copies(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").path());
    let mut copies: Vec<_> = names.filter(|path| path.extension().is_some_and(|end| end == "backup")).collect();
    copies.sort();
    copies
}

/// A server that has something, and a disk for its backups.
struct Scene {
    dockpass: Dockpass,
    disk: LossyDisk,
    place: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dockpass = Dockpass::start();
        dockpass.add_user("alice");
        let place = tempfile::tempdir().expect("a directory");
        let disk = LossyDisk::at(&place.path().join("disk"));
        disk.settle();
        Self { dockpass, disk, place }
    }

    fn copies(&self) -> PathBuf {
        self.place.path().join("disk/copies")
    }

    fn back_up(&self) -> Run {
        self.dockpass.cli(&["backup", text(&self.copies()), "--keep", "2"])
    }
}

#[test]
fn backups_outlive_power_cuts_and_none_that_is_not_whole_has_its_name() {
    let scene = Scene::new();
    let begun = scene.disk.moment();
    let made: Vec<(usize, String)> = (0..5)
        .map(|_| {
            scene.back_up().must_succeed();
            let newest = copies(&scene.copies()).pop().expect("a backup");
            (scene.disk.moment(), newest.file_name().expect("a name").to_string_lossy().into_owned())
        })
        .collect();
    let recording = scene.disk.recording();
    scene.disk.unmount();
    let (length, mut dice) = (recording.length(), dice());
    for image in 0..images() {
        let (loss, cut) = (Loss::ALL[image % Loss::ALL.len()], begun + dice.below(length - begun + 1));
        let after = tempfile::tempdir().expect("a directory");
        recording.write_image(cut, loss, &mut dice, after.path());
        let mark = format!("image {image}: cut before act {cut} of {length}, {loss:?}");
        let found = copies(&after.path().join("copies"));
        for copy in &found {
            let run = alone(&["backup", "verify", text(copy)]);
            assert_eq!(run.code(), Some(0), "{mark}: {}", run.describe());
        }
        let said = made.iter().rfind(|(at, _)| *at <= cut);
        let is_there = said.is_none_or(|(_, name)| found.iter().any(|copy| copy.ends_with(name)));
        assert!(is_there, "{mark}: {said:?} was said to be there, of {found:?}");
    }
}

/// The shell has made the file, and dockpass says that the backup is there.
#[test]
fn a_backup_to_standard_output_is_durable_where_that_is_a_file() {
    let scene = Scene::new();
    let file = fs::File::create(scene.place.path().join("disk/shell.backup")).expect("a file");
    let status = cli_command(&scene.dockpass.data(), &["backup", "-"]).stdout(file).status().expect("it runs");
    assert!(status.success());
    let recording = scene.disk.recording();
    scene.disk.unmount();
    for loss in Loss::ALL {
        let after = tempfile::tempdir().expect("a directory");
        recording.write_image(recording.length(), loss, &mut dice(), after.path());
        alone(&["backup", "verify", text(&after.path().join("shell.backup"))]).must_succeed();
    }
}

#[test]
fn a_backup_on_a_disk_that_fails_is_none_and_takes_no_earlier_one_along() {
    let scene = Scene::new();
    scene.back_up().must_succeed();
    let first = copies(&scene.copies());
    let noted =
        || fs::metadata(scene.dockpass.data().join("last-backup")).and_then(|it| it.modified()).expect("a note");
    let before = noted();
    let fails = |mark: &str| {
        let run = scene.back_up();
        assert_eq!(run.code(), Some(1), "{mark}: {}", run.describe());
        scene.disk.heal();
        let left: Vec<_> = fs::read_dir(scene.copies()).expect("it").map(|entry| entry.expect("one").path()).collect();
        assert!(first.iter().all(|copy| left.contains(copy)), "{mark}: {left:?}");
        for copy in &left {
            alone(&["backup", "verify", text(copy)]).must_succeed();
        }
        assert_eq!(noted(), before, "{mark}: it is told as the last backup");
        left.len()
    };
    scene.disk.fail_any_sync_after(0);
    assert_eq!(fails("the first sync fails"), 1);
    for room in [0, 1, 100, 1_000] {
        scene.disk.leave_room(room);
        assert_eq!(fails(&format!("{room} bytes fit")), 1);
    }
    // The name may be there, or not; what it names is whole.
    scene.disk.fail_any_sync_after(1);
    assert!(fails("the sync of the directory fails") <= 2);
    scene.back_up().must_succeed();
    assert_ne!(noted(), before);
}

#[test]
fn a_backup_of_what_cannot_be_read_is_none() {
    let home = tempfile::tempdir().expect("a directory");
    let disk = LossyDisk::at(&home.path().join("data"));
    let dockpass = Dockpass::start_in(home, Setup::default());
    let places = tempfile::tempdir().expect("a directory");
    for (place, name) in ["audit.key", "registry-leaf.pem"].iter().enumerate() {
        disk.fail_reads_of(name);
        let file = places.path().join(format!("{place}.backup"));
        let run = dockpass.cli(&["backup", text(&file)]);
        assert!(run.code() == Some(1) && disk.failed_reads() > place, "{name}: {}", run.describe());
        assert_eq!(fs::read_dir(places.path()).expect("it").count(), 0, "{name}");
        disk.heal();
    }
    dockpass.cli(&["backup", text(&places.path().join("good.backup"))]).must_succeed();
    let home = dockpass.stop();
    disk.unmount();
    drop(home);
}

#[test]
fn a_restore_on_a_disk_that_fails_leaves_nothing_that_starts_and_is_begun_anew() {
    let place = tempfile::tempdir().expect("a directory");
    let disk = LossyDisk::at(&place.path().join("disk"));
    let target = place.path().join("disk/data");
    let mut syncs = 0;
    loop {
        disk.fail_any_sync_after(syncs);
        let (failed, run) = (disk.failed_syncs(), restore(BACKUP, &target));
        let has_failed = disk.failed_syncs() > failed;
        disk.heal();
        let mark = format!("sync {syncs} fails: {}", run.describe());
        // sled closes what it has written with a sync of its own, whose failure it does not tell.
        assert!(has_failed || run.code() == Some(0), "{mark}");
        is_whole_or_begun_anew(&target, run.code() == Some(0), &mark);
        fs::remove_dir_all(&target).expect("it goes");
        if !has_failed {
            break;
        }
        syncs += 1;
    }
    assert!(syncs > 10, "{syncs} syncs");
    for room in [0, 1, 4_095, 100_000, 1_000_000, 4_200_000] {
        disk.leave_room(room);
        let run = restore(BACKUP, &target);
        assert_eq!(run.code(), Some(1), "{room} bytes fit: {}", run.describe());
        assert!(!target.exists(), "{room} bytes fit: it leaves something");
        disk.heal();
    }
    // What cannot be read is not restored.
    let file = place.path().join("disk/some.backup");
    fs::copy(BACKUP, &file).expect("a copy");
    disk.fail_reads_of("some.backup");
    let run = restore(text(&file), &target).must_fail_with(&["cannot be read"]);
    assert!(run.code() == Some(1) && !target.exists());
    disk.heal();
    restore(text(&file), &target).must_succeed();
    check(&target).must_succeed();
}
