//! A disk that fails under the real executable: a sync that fails, no room at some byte, a file that cannot be read. The server
//! stays up, says so, and goes on with whatever takes no change; what was answered before is there afterwards.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    Dockpass, Setup,
    deeds::{Book, Lines, Reply, Writer, fault, set_up, state_fault},
    exe::cli_command,
    lossy::{Dice, LossyDisk},
    process::{Run, eventually},
};

const CONFIG: &str = "[tokens]\nmax_per_account = 100000\n";

/// A server on a disk that does what a test says.
struct Scene {
    disk: Arc<LossyDisk>,
    dockpass: Dockpass,
    book: Book,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let disk = Arc::new(LossyDisk::at(&directory.path().join("data")));
        let book = Book::new({
            let disk = Arc::clone(&disk);
            move || disk.moment()
        });
        let dockpass = Dockpass::start_in(directory, Setup::config(CONFIG));
        let lines = Lines::to(&dockpass);
        set_up(&lines, &book, 1);
        let mut writer = Writer::new(0, 1, &lines, &book, Dice::new(7));
        (0..60).for_each(|_| writer.step().expect("the server answers"));
        Self { disk, dockpass, book }
    }

    fn lines(&self) -> Lines {
        Lines::to(&self.dockpass)
    }

    /// Asks for a change, and returns the status.
    fn change(&self, number: usize) -> u16 {
        let body = json!({ "name": format!("try-{number}"), "fullName": "x".repeat(200) });
        let object = format!("account try-{number}");
        self.book.may_be_refused(&self.lines().local, "POST", "/enzi/v0/accounts", &body, &object).status
    }

    /// What takes no change goes on.
    fn goes_on(&self) {
        let lines = self.lines();
        let keeper = lines.network.basic("keeper", &self.book.secret_of("keeper"));
        assert_eq!(keeper.status("/auth/token?service=dockpass&scope=repository:keeper/app:pull"), 200);
        assert_eq!(keeper.status("/api/v0/repositories"), 200);
        assert_eq!(lines.local.status("/enzi/v0/accounts?limit=0"), 200);
        assert_eq!(lines.local.status("/enzi/v0/accounts/keeper"), 200);
    }

    /// Why it takes no changes, as administrators are told; empty if it takes them. Everybody is told whether it does.
    fn refusal(&self) -> String {
        let lines = self.lines();
        let health = lines.network.ask("GET", "/health", &Value::Null).expect("an answer");
        let version = lines.local.get("/api/v0/admin/version").expect("the version");
        let refusal = version["refusal"].as_str().expect("a text").to_owned();
        assert_eq!(health.body["healthy"], refusal.is_empty(), "{health:?} {refusal}");
        refusal
    }

    /// Starts it again, and everything is there that was answered.
    fn starts_again(self) {
        let Self { disk, dockpass, book, .. } = self;
        let dockpass = Dockpass::start_in(dockpass.stop(), Setup::config(CONFIG));
        fault(&book, disk.moment(), &Lines::to(&dockpass), false).expect("all is there");
        let made = Lines::to(&dockpass).local.ask("POST", "/enzi/v0/accounts", &json!({ "name": "afterwards" }));
        assert_eq!(made.map(|made| made.status), Some(201));
        let directory = dockpass.stop();
        disk.unmount();
        drop(directory);
    }
}

#[test]
fn after_a_sync_that_failed_no_change_is_accepted_until_a_restart_and_all_else_goes_on() {
    for others in 0..4 {
        let scene = Scene::new();
        assert_eq!(scene.refusal(), "");
        scene.disk.fail_sync_after(others);
        let tried: Vec<_> = (0..6).map(|number| scene.change(number)).collect();
        assert_eq!(scene.disk.failed_syncs(), 1, "{tried:?}");
        let refused = tried.iter().skip_while(|status| **status == 201);
        assert!(refused.clone().count() > 0 && refused.clone().all(|status| *status == 503), "{tried:?}");
        // The disk is well again. What it holds is not known.
        scene.disk.heal();
        assert_eq!(scene.change(6), 503);
        assert_ne!(scene.refusal(), "");
        scene.goes_on();
        scene.dockpass.must_log("fdatasync failed");
        scene.starts_again();
    }
}

#[test]
fn a_disk_that_is_full_at_any_byte_takes_no_change_and_loses_none() {
    for room in [0, 1, 100, 4_095, 4_097, 70_000, 300_000] {
        let scene = Scene::new();
        let lines = scene.lines();
        let mut writer = Writer::new(0, 2, &lines, &scene.book, Dice::new(9));
        (0..3).for_each(|_| writer.make_one_token().expect("the server answers"));
        scene.disk.leave_room(room);
        let full = (0..20_000).find(|number| scene.change(*number) == 503).expect("it fills up in the end");
        assert_eq!(scene.change(full + 1), 503);
        assert_eq!(scene.refusal(), "the disk is full");
        scene.goes_on();
        // The log is on the disk, which is opened again and again: it is read, or that is to be tried again.
        for _ in 0..40 {
            let verified = lines.local.ask("POST", "/api/v0/audit/verify", &json!({})).expect("an answer");
            let listed = lines.local.ask("GET", "/api/v0/audit?pageSize=0", &Value::Null).expect("an answer");
            for Reply { status, body } in [verified, listed] {
                assert!(status == 200 || status == 503, "{status} {body}");
            }
        }
        // What takes a power away finds room, and counts at once.
        (0..3).for_each(|_| writer.delete_token().expect("the server answers"));
        let seen = state_fault(&scene.book, scene.disk.moment(), &lines);
        seen.expect("nothing is lost, and what was ended has ended");
        scene.disk.make_room();
        let mut number = full + 2;
        eventually("changes are accepted again", || {
            number += 1;
            (scene.change(number) == 201).then_some(())
        });
        assert_eq!(scene.refusal(), "");
        scene.starts_again();
    }
}

/// As a kernel makes it after an error, or an operator by a remount.
#[test]
fn a_disk_that_became_read_only_takes_no_change_until_it_can_be_written_and_all_else_goes_on() {
    let scene = Scene::new();
    let lines = scene.lines();
    let mut writer = Writer::new(0, 2, &lines, &scene.book, Dice::new(9));
    writer.make_one_token().expect("the server answers");
    scene.disk.be_read_only();
    let tried: Vec<_> = (0..6).map(|number| scene.change(number)).collect();
    assert!(tried.iter().all(|status| *status == 503), "{tried:?}");
    assert_eq!(scene.refusal(), "the file system of the data directory is read-only");
    scene.dockpass.must_log("Read-only file system");
    // Nor is an ending said to be done that the next start would not know.
    let kept = lines.local.get("/api/v0/api_tokens?username=keeper").expect("the access token");
    let path = format!("/api/v0/api_tokens/{}", kept[0]["hashedToken"].as_str().expect("a hash"));
    let deleted = lines.local.ask("DELETE", &path, &Value::Null);
    assert_eq!(deleted.map(|deleted| deleted.status), Some(503));
    scene.goes_on();
    let seen = state_fault(&scene.book, scene.disk.moment(), &lines);
    seen.expect("nothing is lost, and nothing has changed");
    scene.disk.heal();
    let mut number = 6;
    eventually("changes are accepted again", || {
        number += 1;
        (scene.change(number) == 201).then_some(())
    });
    assert_eq!(scene.refusal(), "");
    writer.delete_token().expect("the server answers");
    scene.starts_again();
}

#[test]
fn a_store_that_cannot_be_read_fails_what_needs_it_and_nothing_else() {
    let Scene { disk, dockpass, book } = Scene::new();
    let records = |lines: &Lines| lines.local.ask("GET", "/api/v0/audit?pageSize=0", &Value::Null).expect("an answer");
    let before = records(&Lines::to(&dockpass)).body;
    // After a start the state is in memory, and the audit log on the disk alone.
    let scene = Scene { dockpass: Dockpass::start_in(dockpass.stop(), Setup::config(CONFIG)), disk, book };
    let lines = scene.lines();
    scene.disk.fail_reads_of("db");
    let Reply { status, body } = records(&lines);
    let failed = scene.disk.failed_reads();
    assert!(
        failed > 0 && status == 500 && body["errors"][0]["code"] == "INTERNAL_ERROR",
        "{failed} failed: {status} {body}"
    );
    scene.goes_on();
    scene.dockpass.must_log("Input/output error");
    scene.disk.heal();
    let Reply { status, body } = records(&lines);
    assert_eq!(status, 200, "{body}");
    let (found, lost) = (&body["records"], before["records"].as_array().expect("records"));
    assert!(
        lost.len() > 40 && found.as_array().is_some_and(|found| lost.iter().all(|record| found.contains(record))),
        "{body}"
    );
    scene.starts_again();
}

#[test]
fn what_cannot_be_read_at_the_start_is_refused_and_stays_as_it_is() {
    let Scene { disk, dockpass, book } = Scene::new();
    let directory = dockpass.stop();
    let data = directory.path().join("data");
    let mut directory = directory;
    for name in ["db", "registry-leaf.pem", "registry-ca.pem", "audit.key", "format", "end", "journal"] {
        println!("{name}");
        disk.fail_reads_of(name);
        let before = disk.failed_reads();
        let run = Run::of(&mut cli_command(&data, &["serve", "--listen", "127.0.0.1:0"]), "");
        assert_eq!(run.code(), Some(1), "{name}: {}", run.describe());
        assert!(disk.failed_reads() > before, "{name} was not read: {}", run.describe());
        disk.heal();
        let dockpass = Dockpass::start_in(directory, Setup::config(CONFIG));
        fault(&book, disk.moment(), &Lines::to(&dockpass), false).expect("all is there");
        directory = dockpass.stop();
        assert!(run.stderr.contains("Input/output error"), "{name}: {}", run.describe());
    }
    disk.unmount();
    drop(directory);
}
