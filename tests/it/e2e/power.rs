//! Power cuts under the whole data directory of the real executable: the disk forgets what was not synced, in each of four
//! ways, and the server starts on what is left with everything that was answered, and nothing that is half there.

use std::{fs, path::Path, sync::Arc, thread::scope};

use dockpass::domain::random;
use serde_json::json;

use crate::support::{
    Dockpass, Setup,
    deeds::{Book, Lines, Writer, fault, set_up},
    lossy::{Dice, Loss, LossyDisk, Recording},
    process::{eventually, is_long},
};

const CONFIG: &str = "[tokens]\nmax_per_account = 100000\n";
const WRITERS: usize = 4;
/// Changes of each writer between two starts.
const STEPS: usize = 40;

/// What was done to a data directory from its first start on, and what was answered.
struct Scene {
    book: Arc<Book>,
    recording: Recording,
    /// When the first start had said that it is ready.
    ready: usize,
    first_password: String,
}

/// Lets every writer make so many changes.
fn write(lines: &Lines, book: &Book, round: usize, seed: u64) {
    scope(|threads| {
        for number in 0..WRITERS {
            let dice = Dice::new(seed.wrapping_add((round * WRITERS + number) as u64));
            let mut writer = Writer::new(number, round, lines, book, dice);
            threads.spawn(move || (0..STEPS).for_each(|_| writer.step().expect("the server answers")));
        }
    });
}

/// Ends access tokens while the disk is full: they go into the journal, and are answered.
fn end_tokens_on_a_full_disk(disk: &LossyDisk, lines: &Lines, book: &Book) {
    let mut writer = Writer::new(0, 90, lines, book, Dice::new(1));
    (0..3).for_each(|_| writer.make_one_token().expect("the server answers"));
    disk.leave_room(0);
    let fill = |number: usize| {
        let body = json!({ "name": format!("fill-{number}"), "fullName": "x".repeat(100) });
        book.may_be_refused(&lines.local, "POST", "/enzi/v0/accounts", &body, &format!("account fill-{number}")).status
            == 503
    };
    assert!((0..5_000).any(fill), "the disk never filled up");
    (0..3).for_each(|_| writer.delete_token().expect("an ending is answered all the same"));
    disk.make_room();
    eventually("changes are accepted again", || {
        let body = json!({ "createRepositoryOnPush": true });
        let object = "setting createRepositoryOnPush";
        let reply = book.may_be_refused(&lines.local, "POST", "/api/v0/meta/settings", &body, object);
        (reply.status != 503).then_some(())
    });
}

fn record(seed: u64) -> Scene {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(LossyDisk::at(&directory.path().join("data")));
    let book = Arc::new(Book::new({
        let disk = Arc::clone(&disk);
        move || disk.moment()
    }));
    let mut dockpass = Dockpass::start_in(directory, Setup::config(CONFIG));
    let (ready, first_password) = (disk.moment(), dockpass.admin_password());
    set_up(&Lines::to(&dockpass), &book, WRITERS);
    for round in 1..=2 {
        write(&Lines::to(&dockpass), &book, round, seed);
        dockpass = Dockpass::start_in(dockpass.stop(), Setup::config(CONFIG));
    }
    end_tokens_on_a_full_disk(&disk, &Lines::to(&dockpass), &book);
    // One that is killed leaves another disk than one that is stopped.
    dockpass = Dockpass::start_in(dockpass.kill(), Setup::config(CONFIG));
    write(&Lines::to(&dockpass), &book, 3, seed);
    let recording = disk.recording();
    fault(&book, recording.length(), &Lines::to(&dockpass), false).expect("all is well without a cut");
    let directory = dockpass.stop();
    disk.unmount();
    drop(directory);
    Scene { book, recording, ready, first_password }
}

impl Scene {
    /// Starts the server on what a power cut leaves.
    fn check(&self, cut: usize, loss: Loss, dice: &mut Dice) -> Result<(), String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        self.recording.write_image(cut, loss, dice, &data);
        if cut >= self.ready && first_password(&data) != self.first_password {
            return Err(format!("the first password is {:?}", first_password(&data)));
        }
        let dockpass = Dockpass::start_in(directory, Setup::config(CONFIG));
        fault(&self.book, cut, &Lines::to(&dockpass), false)?;
        let made = Lines::to(&dockpass).local.ask("POST", "/enzi/v0/accounts", &json!({ "name": "afterwards" }));
        made.filter(|made| made.status == 201).map(drop).ok_or("it takes no change afterwards".to_owned())
    }
}

fn first_password(data: &Path) -> String {
    fs::read_to_string(data.join("initial-admin-password")).unwrap_or_default().trim().to_owned()
}

#[test]
fn nothing_that_was_answered_is_lost_when_the_power_is_cut() {
    let images = if is_long() { 1_000 } else { 50 };
    let seed = u64::from_le_bytes(random::bytes().expect("a seed"));
    println!("seed {seed}");
    let (scene, mut dice) = (record(seed), Dice::new(seed));
    for image in 0..images {
        let (loss, cut) = (Loss::ALL[image % Loss::ALL.len()], 1 + dice.below(scene.recording.length()));
        println!("image {image}: cut before act {cut} of {}, {loss:?}", scene.recording.length());
        if let Err(fault) = scene.check(cut, loss, &mut dice) {
            panic!("image {image} of seed {seed}, cut before act {cut}, {loss:?}: {fault}");
        }
    }
    println!("{images} cuts in {} acts, {} answers: none lost", scene.recording.length(), scene.book.answered());
}
