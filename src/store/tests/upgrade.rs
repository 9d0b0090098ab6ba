//! What a start keeps of a store of an earlier format before it brings it to today's: a backup that is the way back, or no
//! start.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::{
    DataDirectory, Error, NotKept, Restore, Store, UpgradeBackup, VerifiedBackup, check_directory, verify_backup,
};
use super::earlier::{Size, make, private};
use super::migration;
use super::support::{Home, add_account, clock, copy_directory, id, start};
use crate::able::SmallDisk;
use crate::domain::id::Id;
use crate::metrics::Metrics;

const KEPT: &str = "upgrade-backups";

/// A start, as the server's.
fn open(data: &Path, upgrade: &UpgradeBackup) -> Result<Store, Error> {
    let clock = clock();
    let metrics = Metrics::new(&clock);
    Store::open(DataDirectory::open(data)?, upgrade, clock, metrics).map(|opened| opened.store)
}

fn format(data: &Path) -> String {
    fs::read_to_string(data.join("format")).unwrap()
}

/// A directory that says it is of format 9, with a store of three accounts.
fn of_format_9() -> Home {
    let home = Home::started();
    fill(&home.path());
    home
}

fn fill(data: &Path) {
    let (store, _) = super::support::open_at(data).unwrap();
    (10..13).for_each(|number| add_account(&store, number).unwrap());
    drop(store);
    as_of_format_9(data);
}

fn as_of_format_9(data: &Path) {
    fs::write(data.join("format"), "dockpass data 9\n").unwrap();
}

fn instance(store: &Store) -> Id {
    store.state().meta().unwrap().instance
}

/// What an interrupted start would have left of a backup at another time.
fn half_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap().to_str().unwrap();
    file.with_file_name(format!("{}.new", name.replace("T212000Z", "T212001Z")))
}

fn files(place: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn verified(file: &Path) -> VerifiedBackup {
    verify_backup(File::open(file).unwrap()).unwrap()
}

fn restored(file: &Path) -> Home {
    let home = Home::new();
    Restore::of(File::open(file).unwrap(), &home.path()).unwrap().0.finish().unwrap();
    home
}

#[test]
fn a_backup_of_the_store_as_it_was_is_kept_in_the_data_directory() {
    let home = of_format_9();
    let store = open(&home.path(), &UpgradeBackup::default()).unwrap();
    assert_eq!(format(&home.path()), "dockpass data 10\n");
    let [file] = files(&home.path().join(KEPT)).try_into().unwrap();
    let instance = instance(&store);
    assert_eq!(file.file_name().unwrap(), &*format!("dockpass-format-9-{instance}-20261121T212000Z.backup"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(home.path().join(KEPT)).unwrap().permissions().mode() & 0o777, 0o700);
    let found = verified(&file);
    assert_eq!((found.header.format, found.header.users, found.header.audit), (9, 3, store.state().audit()));
    // What happens from now on is not in it.
    add_account(&store, 20).unwrap();
    drop(store);
    let again = restored(&file);
    assert_eq!(format(&again.path()), "dockpass data 9\n", "the one that wrote it opens it");
    let store = again.open();
    assert!(store.state().account(id(12)).is_some() && store.state().account(id(20)).is_none());
    assert_eq!(store.verify_audit(Some(found.header.audit)).unwrap().problem, None);
    drop(store);
    // Once it is of today's format there is nothing to keep.
    drop(open(&home.path(), &UpgradeBackup::default()).unwrap());
    assert_eq!(files(&home.path().join(KEPT)), [file]);
}

#[test]
fn one_backup_is_kept_of_a_store_however_often_its_start_is_tried() {
    let home = of_format_9();
    let place = home.path().join(KEPT);
    for _ in 0..3 {
        drop(open(&home.path(), &UpgradeBackup::default()).unwrap());
        assert_eq!(files(&place).len(), 1);
        as_of_format_9(&home.path());
    }
    // One that an interruption has left half is made anew, and one that is damaged is none, and stays.
    let file = files(&place).remove(0);
    let bytes = fs::read(&file).unwrap();
    fs::write(half_of(&file), "half").unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    drop(open(&home.path(), &UpgradeBackup::default()).unwrap());
    let names = files(&place);
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::read(&file).unwrap().len(), bytes.len() / 2, "nothing is overwritten");
    assert!(
        names.iter().any(|file| file.to_string_lossy().ends_with("Z-1.backup") && verified(file).header.users == 3)
    );
}

#[test]
fn another_directory_may_have_it_or_none() {
    let (home, elsewhere) = (of_format_9(), tempfile::tempdir().unwrap());
    let place = elsewhere.path().join("of/dockpass");
    fs::create_dir(elsewhere.path().join("of")).unwrap();
    drop(open(&home.path(), &UpgradeBackup::In(place.clone())).unwrap());
    assert_eq!(verified(&files(&place)[0]).header.users, 3);
    assert!(!home.path().join(KEPT).exists());
    as_of_format_9(&home.path());
    drop(open(&home.path(), &UpgradeBackup::Off).unwrap());
    assert!(!home.path().join(KEPT).exists() && files(&place).len() == 1);
}

#[test]
fn interrupted_starts_do_not_fill_the_directory_of_a_site_and_leave_what_others_have_there() {
    let (home, elsewhere) = (of_format_9(), tempfile::tempdir().unwrap());
    let upgrade = UpgradeBackup::In(elsewhere.path().to_owned());
    drop(open(&home.path(), &upgrade).unwrap());
    let file = files(elsewhere.path()).remove(0);
    let another = elsewhere.path().join(format!("dockpass-format-9-{}-20261121T212001Z.backup.new", Id::MAX));
    fs::write(half_of(&file), "half").unwrap();
    fs::write(&another, "half").unwrap();
    as_of_format_9(&home.path());
    drop(open(&home.path(), &upgrade).unwrap());
    let mut expected = [file, another];
    expected.sort();
    assert_eq!(files(elsewhere.path()), expected);
}

/// The same store went on from the same copy in two ways, with as many changes each.
#[test]
fn a_backup_of_another_history_is_not_taken_for_this_one() {
    let (home, elsewhere, other) = (of_format_9(), tempfile::tempdir().unwrap(), Home::new());
    let upgrade = UpgradeBackup::In(elsewhere.path().to_owned());
    copy_directory(&home.path(), &other.path());
    private(&other.path());
    for (data, number) in [(home.path(), 20), (other.path(), 21)] {
        let (store, _) = super::support::open_at(&data).unwrap();
        add_account(&store, number).unwrap();
        drop(store);
        as_of_format_9(&data);
        drop(open(&data, &upgrade).unwrap());
    }
    let [one, two] = files(elsewhere.path()).try_into().expect("one of each");
    let header = |file: &Path| verified(file).header;
    assert_eq!((header(&one).instance, header(&one).batch), (header(&two).instance, header(&two).batch));
    assert_ne!(header(&one).audit, header(&two).audit);
}

#[test]
fn without_the_backup_nothing_is_changed() {
    let home = of_format_9();
    let place = home.path().join(KEPT);
    fs::write(&place, "no directory").unwrap();
    let error = open(&home.path(), &UpgradeBackup::default()).map(drop).unwrap_err();
    assert!(matches!(&error, Error::NotKept { format: 9, known: 10, .. }), "{error:?}");
    let told = error.to_string();
    for word in ["format 9", "format 10", "nothing was changed", "server.upgrade_backup_dir", "--no-upgrade-backup"] {
        assert!(told.contains(word), "{told}");
    }
    assert_eq!(format(&home.path()), "dockpass data 9\n");
    fs::remove_file(&place).unwrap();
    drop(open(&home.path(), &UpgradeBackup::default()).unwrap());
    assert_eq!(format(&home.path()), "dockpass data 10\n");
}

#[test]
fn without_room_for_the_backup_nothing_is_changed() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let data = disk.data();
    start(&super::support::open_at(&data).unwrap().0);
    fill(&data);
    disk.fill_but(3 << 20);
    let error = open(&data, &UpgradeBackup::default()).map(drop).unwrap_err();
    let Error::NotKept { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source.downcast_ref(), Some(NotKept::NoRoom { .. })), "{source:?}");
    assert_eq!((format(&data), files(&data.join(KEPT))), ("dockpass data 9\n".to_owned(), vec![]));
    disk.make_room();
    drop(open(&data, &UpgradeBackup::default()).unwrap());
    assert_eq!(files(&data.join(KEPT)).len(), 1);
}

#[test]
fn a_store_that_is_not_whole_is_refused_for_what_it_is() {
    let (home, other) = (of_format_9(), of_format_9());
    add_account(&super::support::open_at(&other.path()).unwrap().0, 40).unwrap();
    fs::copy(other.path().join("end"), home.path().join("end")).unwrap();
    let error = open(&home.path(), &UpgradeBackup::default()).map(drop).unwrap_err();
    assert!(matches!(error, Error::Shortened { .. }), "{error:?}");
    assert!(!home.path().join(KEPT).exists());
    assert_eq!(format(&home.path()), "dockpass data 9\n");
}

#[test]
fn a_store_that_has_to_be_written_anew_has_its_backup_as_well() {
    let home = Home::new();
    make(&home.path(), Size::SMALL);
    // A check says what it is, and leaves it.
    let found = check_directory(&home.path()).unwrap();
    assert_eq!(
        found.problems[0].problem,
        "it is of format 2, whose records this dockpass only reads to write them anew"
    );
    assert!(found.problems[0].remedy.starts_with("start the server once, which keeps a backup"));
    let store = open(&home.path(), &UpgradeBackup::default()).unwrap();
    migration::check(&store, Size::SMALL);
    drop(store);
    let [file] = files(&home.path().join(KEPT)).try_into().unwrap();
    let found = verified(&file);
    assert_eq!((found.header.format, found.header.users), (2, Size::SMALL.accounts));
    let again = restored(&file);
    assert_eq!(format(&again.path()), "dockpass data 2\n");
    migration::check(&again.open(), Size::SMALL);
    // A migration that was interrupted goes on without another.
    fs::remove_dir_all(home.path().join("store")).unwrap();
    fs::remove_file(home.path().join("end")).unwrap();
    private(&home.path());
    migration::check(&open(&home.path(), &UpgradeBackup::default()).unwrap(), Size::SMALL);
    assert_eq!(files(&home.path().join(KEPT)), [file]);
}

#[test]
fn a_store_of_an_earlier_format_is_checked_as_it_is() {
    let home = of_format_9();
    let found = check_directory(&home.path()).unwrap();
    assert_eq!((found.problems, found.audit_records), (vec![], 3));
    assert_eq!(format(&home.path()), "dockpass data 9\n");
}
