//! Backups by the real program: of a busy server, brought back at a new path, encrypted, rotated, damaged and interrupted.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use dockpass::domain::time::{Clock, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::copies::under_writers;
use crate::support::{
    Dockpass, Setup,
    exe::{PASSWORD, cli_command, executable},
    process::{Run, command},
    terminal::on_terminal,
};

/// A key pair that is used in tests alone.
const IDENTITY: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
/// One that opens nothing.
const OTHER_IDENTITY: &str = "AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQGPQYEE";
pub(super) const RECIPIENT: &str = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";

/// A command that needs no server.
pub(super) fn alone(arguments: &[&str]) -> Run {
    Run::of(command(executable()).args(arguments), "")
}

fn alone_json(arguments: &[&str]) -> Value {
    let run = alone(&[arguments, &["--format", "json"]].concat()).must_succeed();
    serde_json::from_str(&run.stdout).expect("JSON")
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Restores into a new place, and starts a server there.
pub(super) fn restored(backup: &Path, options: &[&str]) -> Dockpass {
    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join("data");
    let arguments = [&["restore", text(backup), "--data-dir", text(&data), "--yes"], options].concat();
    alone(&arguments).must_succeed();
    assert_eq!(fs::metadata(&data).expect("it").permissions().mode() & 0o777, 0o700);
    Dockpass::start_in(home, Setup::default())
}

#[test]
fn a_backup_under_writers_comes_back_elsewhere_and_its_access_tokens_work_at_once() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let kept = dockpass.add_token("alice", &[]);
    let revoked = dockpass.add_token("alice", &[]);
    let alice = dockpass.http_as("alice", &kept.secret);
    alice.post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    let places = tempfile::tempdir().expect("a directory");
    let file = places.path().join("dockpass.backup");
    under_writers(&alice, || {
        for round in 0..4 {
            let file = places.path().join(format!("round-{round}"));
            dockpass.cli(&["backup", text(&file)]).must_succeed();
            alone(&["backup", "verify", text(&file)]).must_succeed();
        }
        dockpass.cli(&["backup", text(&file)]).must_succeed();
    });
    assert_eq!(fs::metadata(&file).expect("it").permissions().mode() & 0o777, 0o600);
    assert!(dockpass.data().join("last-backup").is_file(), "the metrics tell when it was");
    // It replaces nothing.
    dockpass.cli(&["backup", text(&file)]).must_fail_with(&["is there already"]);
    let found = alone_json(&["backup", "verify", text(&file)]);
    assert_eq!((found["users"].as_u64(), found["encrypted"].as_bool()), (Some(2), Some(false)), "{found}");
    dockpass.cli(&["token", "deactivate", &revoked.id]).must_succeed();
    alice.get("/api/v0/repositories/alice/app").must_be(200);
    let admin = dockpass.admin_password();
    let registry_token = dockpass.registry_token("alice", &kept.secret, &["repository:alice/app:pull"]);
    drop(dockpass);
    let again = restored(&file, &[]);
    let alice = again.http_as("alice", &kept.secret);
    alice.get("/api/v0/repositories/alice/app").must_be(200);
    again.http_as("admin", &admin).get("/enzi/v0/accounts/alice").must_be(200);
    // What was revoked since lives again, as was said; and a registry token of before is signed by the same key.
    again.http_as("alice", &revoked.secret).get("/api/v0/repositories/alice/app").must_be(200);
    let fresh = again.registry_token("alice", &kept.secret, &["repository:alice/app:pull"]);
    let key_of = |token: &str| token.split('.').next().map(str::to_owned);
    assert_eq!(key_of(&fresh), key_of(&registry_token), "another key signs");
    let head = format!("{}:{}", found["auditHead"]["seq"], found["auditHead"]["hash"].as_str().expect("a hash"));
    again.cli(&["audit", "verify", "--head", &head]).must_succeed();
    let records = again.cli_json(&["audit", "list", "--action", "server.backup"]);
    assert!(records["records"].as_array().is_some_and(|records| records.len() == 5), "{records}");
}

#[test]
fn a_backup_without_a_server_and_through_a_pipe_is_the_same() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let secret = dockpass.add_token("alice", &[]).secret;
    let home = dockpass.stop();
    let data = home.path().join("data");
    let file = home.path().join("piped");
    let piped = |to: &Path| {
        let line = format!("{} --data-dir {} backup - > {}", executable().display(), data.display(), to.display());
        Run::of(command("sh").args(["-c", &line]), "")
    };
    // What nobody took is no backup, whatever has gone out.
    piped(Path::new("/dev/full")).must_fail_with(&["No space left"]);
    assert!(!data.join("last-backup").exists());
    piped(&file).must_succeed();
    assert!(data.join("last-backup").exists());
    alone(&["backup", "verify", text(&file)]).must_succeed();
    let again = restored(&file, &[]);
    again.http_as("alice", &secret).get("/api/v0/api_tokens").must_be(200);
    // Nobody gets it over the network.
    let remote = again.cli(&["backup", text(&home.path().join("x")), "--server", "https://127.0.0.1:1"]);
    assert!(remote.code() == Some(2), "{}", remote.describe());
    again.http_as_admin().post("/api/v0/admin/backup", &json!({})).must_be(403);
}

fn backed_up() -> (TempDir, PathBuf) {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let places = tempfile::tempdir().expect("a directory");
    let file = places.path().join("dockpass.backup");
    dockpass.cli(&["backup", text(&file)]).must_succeed();
    (places, file)
}

#[test]
fn what_is_damaged_cut_or_foreign_is_told_and_nothing_is_written() {
    let (places, file) = backed_up();
    let whole = fs::read(&file).expect("the backup");
    let target = places.path().join("target");
    let bad = places.path().join("bad");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let mut newer = whole.clone();
    newer[16] = 9;
    for (bytes, said) in [
        (flipped(whole.len() / 2), "damaged"),
        (flipped(whole.len() - 3), "damaged"),
        (whole[..whole.len() - 1].to_vec(), "ends in the middle"),
        (whole[..whole.len() / 3].to_vec(), "ends in the middle"),
        (b"something else".to_vec(), "no backup of dockpass"),
        (Vec::new(), "no backup of dockpass"),
        (newer, "a later dockpass made it"),
    ] {
        fs::write(&bad, bytes).expect("it is written");
        for arguments in
            [&["backup", "verify", text(&bad)][..], &["restore", text(&bad), "--data-dir", text(&target), "--yes"]]
        {
            let run = alone(arguments).must_fail_with(&[said]);
            assert_eq!(run.code(), Some(1));
            assert!(!target.exists(), "{}", run.describe());
        }
    }
    // Nobody is asked here, so it has to be said.
    let run =
        alone(&["restore", text(&file), "--data-dir", text(&target)]).must_fail_with(&["in force again", "--yes"]);
    assert!(run.code() == Some(2) && !target.exists());
}

#[test]
fn only_an_empty_directory_is_restored_into() {
    let (places, file) = backed_up();
    let target = places.path().join("target");
    fs::create_dir(&target).expect("a directory");
    fs::write(target.join("mine"), "x").expect("a file");
    let restore = ["restore", text(&file), "--data-dir", text(&target), "--yes"];
    alone(&restore).must_fail_with(&["is not empty: it holds `mine`"]);
    assert_eq!(fs::read_dir(&target).expect("it").count(), 1);
    fs::remove_file(target.join("mine")).expect("it goes");
    alone(&restore).must_succeed();
    alone(&restore).must_fail_with(&["is not empty"]);
    Run::of(&mut cli_command(&target, &["audit", "verify"]), "").must_succeed();
}

/// The seconds that a restore tells as the age of its backup: the number and the unit before "old".
fn age_told(said: &str, before: &str) -> (i64, i64) {
    let told = said.split_once(before).and_then(|(_, rest)| rest.split_once(" old")).map(|(age, _)| age);
    let (number, unit) = told.and_then(|age| age.split_once(' ')).unwrap_or_else(|| panic!("no age: {said}"));
    let length = match unit.trim_end_matches('s') {
        "hour" => 3_600,
        "day" => 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        other => panic!("{other}: {said}"),
    };
    (number.parse::<i64>().expect("a number") * length, length)
}

#[test]
fn a_restore_says_how_old_the_backup_is() {
    let (places, fresh) = backed_up();
    let target = |name: &str| places.path().join(name);
    let restore = |file: &Path, target: &Path| {
        alone(&["restore", text(file), "--data-dir", text(target), "--yes"]).must_succeed()
    };
    let run = restore(&fresh, &target("fresh"));
    assert!(run.stderr.contains(", less than a minute old. What was revoked, "), "{}", run.describe());
    assert!(run.stdout.contains(": the backup was less than a minute old"), "{}", run.describe());
    // One that was made when its form was fixed, for good.
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backup/version-1.backup");
    let made = alone_json(&["backup", "verify", text(&old)])["createdAt"].as_str().expect("a time").to_owned();
    let age = Clock::system().now().seconds() - Timestamp::parse(&made).expect("a time").seconds();
    let run = restore(&old, &target("old"));
    for (said, before) in
        [(&run.stderr, format!("The backup is of {made}, ")), (&run.stdout, ": the backup was ".into())]
    {
        let (told, unit) = age_told(said, &before);
        assert!((told - age).abs() <= unit, "{age} seconds: {}", run.describe());
    }
}

#[test]
fn on_a_terminal_a_restore_asks_and_no_writes_nothing() {
    let (places, file) = backed_up();
    let target = places.path().join("target");
    let line = format!("exec {} restore {} --data-dir {}", executable().display(), text(&file), text(&target));
    let typed = |answer: &str| Run::of(&mut on_terminal(&line), &format!("{answer}\n"));
    for answer in ["no", "", "yes", "Restore"] {
        let run = typed(answer);
        let asked = ["The backup is of ", " old. What was revoked, ", " is in force again.", "Type restore to go on: "];
        assert!(asked.iter().all(|part| run.stdout.contains(part)), "{}", run.describe());
        assert!(run.stdout.contains("nothing was restored") && run.code() == Some(1), "{}", run.describe());
        assert!(!target.exists(), "{answer}");
    }
    let run = typed("restore").must_succeed();
    assert!(run.stdout.contains("restored into ") && target.join("format").exists(), "{}", run.describe());
}

#[test]
fn a_killed_restore_leaves_nothing_that_starts_and_is_begun_anew() {
    let (places, file) = backed_up();
    let target = places.path().join("target");
    let restore = ["restore", text(&file), "--data-dir", text(&target), "--yes"];
    let mut killed = 0;
    for wait in 0..40 {
        let mut running = Command::new(executable()).args(restore).stderr(Stdio::null()).spawn().expect("it starts");
        // Until it has come so far: the store is made in its place inside.
        let inside = target.join("restoring");
        let is_far = |_: &usize| if wait % 2 == 0 { inside.exists() } else { inside.join("end").exists() };
        _ = (0..2_000_000).find(|turn| is_far(turn) || running.try_wait().is_ok_and(|ended| ended.is_some()));
        _ = running.kill();
        _ = running.wait();
        if target.join("format").exists() {
            fs::remove_dir_all(&target).expect("it goes");
            continue;
        }
        killed += 1;
        if target.exists() {
            let started = Run::of(&mut cli_command(&target, &["audit", "verify"]), "");
            assert_eq!(started.code(), Some(1), "{}", started.describe());
        }
        if killed == 4 {
            break;
        }
    }
    assert!(killed > 0, "it was always faster");
    alone(&restore).must_succeed();
    Run::of(&mut cli_command(&target, &["audit", "verify"]), "").must_succeed();
}

#[test]
fn an_encrypted_backup_opens_with_its_identity_alone() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let secret = dockpass.add_token("alice", &[]).secret;
    let places = tempfile::tempdir().expect("a directory");
    let place = |name: &str| places.path().join(name);
    let file = place("dockpass.backup.age");
    fs::write(place("key"), format!("# a key\n{IDENTITY}\n")).expect("the key");
    fs::write(place("recipients"), format!("# who may\n{RECIPIENT}\n")).expect("the recipients");
    // The secret half of a key is taken for what it is, and told to nobody.
    for given in [["--recipient", IDENTITY], ["--recipients-file", text(&place("key"))]] {
        let refused = dockpass.cli(&["backup", text(&file), given[0], given[1]]).must_fail_with(&["public half"]);
        assert!(!refused.stderr.contains(&IDENTITY[..24]), "{}", refused.stderr);
    }
    dockpass.cli(&["backup", text(&file), "--recipient", "age1x"]).must_fail_with(&["no recipient of age"]);
    dockpass.cli(&["backup", text(&file), "--recipient", RECIPIENT]).must_succeed();
    let sealed = fs::read(&file).expect("the backup");
    assert!(sealed.starts_with(b"age-encryption.org/v1\n") && !sealed.windows(5).any(|part| part == b"alice"));
    alone(&["backup", "verify", text(&file)]).must_fail_with(&["encrypted with age", "--identity FILE"]);
    let another = place("another-key");
    fs::write(&another, format!("{OTHER_IDENTITY}\n")).expect("the key");
    let target = place("target");
    for arguments in [&["backup", "verify"][..], &["restore", "--yes", "--data-dir", text(&target)]] {
        let arguments = [arguments, &[text(&file), "--identity", text(&another)]].concat();
        let run = alone(&arguments);
        assert!(run.code() == Some(1) && !target.exists(), "{}", run.describe());
        assert!(!run.stderr.contains(&OTHER_IDENTITY[..24]), "{}", run.stderr);
    }
    let found = alone_json(&["backup", "verify", text(&file), "--identity", text(&place("key"))]);
    assert_eq!(found["encrypted"], true);
    let mut flipped = sealed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    fs::write(place("bad"), flipped).expect("it is written");
    alone(&["backup", "verify", text(&place("bad")), "--identity", text(&place("key"))]).must_fail_with(&["damaged"]);
    let other = place("other");
    dockpass.cli(&["backup", text(&other), "--recipients-file", text(&place("recipients"))]).must_succeed();
    drop(dockpass);
    let again = restored(&other, &["--identity", text(&place("key"))]);
    again.http_as("alice", &secret).get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn of_a_directory_of_backups_the_newest_stay_and_nothing_of_others_goes() {
    let dockpass = Dockpass::start();
    let places = tempfile::tempdir().expect("a directory");
    let directory = places.path().join("copies");
    let names = || {
        let mut names: Vec<String> = fs::read_dir(&directory)
            .expect("it")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    let keep = ["backup", text(&directory), "--keep", "2"];
    dockpass.cli(&keep).must_succeed();
    fs::write(directory.join("mine"), "x").expect("a file");
    let first = names()[0].clone();
    let second = dockpass.cli_json(&keep);
    assert_eq!(second["removed"], json!([]));
    let third = dockpass.cli_json(&[&keep[..], &["--recipient", RECIPIENT]].concat());
    assert_eq!(third["removed"], json!([first]));
    assert!(names().len() == 3 && names().contains(&"mine".to_owned()) && !names().contains(&first), "{:?}", names());
    alone(&["backup", "verify", second["file"].as_str().expect("a file")]).must_succeed();
    // One that is not made removes nothing.
    let home = dockpass.stop();
    fs::remove_file(home.path().join("data/format")).expect("it goes");
    let run = Run::of(&mut cli_command(&home.path().join("data"), &["backup", text(&directory), "--keep", "1"]), "");
    assert!(run.code() == Some(1) && names().len() == 3, "{}", run.describe());
}

#[test]
fn two_backups_at_once_are_both_whole() {
    let dockpass = Dockpass::start();
    let places = tempfile::tempdir().expect("a directory");
    let files = ["one", "two", "three"].map(|name| places.path().join(name));
    std::thread::scope(|threads| {
        for file in &files {
            let mut command = cli_command(&dockpass.data(), &["backup", text(file)]);
            threads.spawn(move || Run::of(&mut command, "").must_succeed());
        }
    });
    for file in &files {
        alone(&["backup", "verify", text(file)]).must_succeed();
    }
    let records = dockpass.cli_json(&["audit", "list", "--action", "server.noteBackup"]);
    assert!(records["records"].as_array().is_some_and(|records| records.len() == 3), "{records}");
}

/// A backup of each version of its header, which is readable for ever; and what is in it.
#[test]
fn a_backup_of_each_version_is_restored() {
    for version in 1..=2 {
        is_restored(&format!("version-{version}"));
    }
}

fn is_restored(name: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backup");
    let told = fs::read_to_string(fixtures.join(format!("{name}.json"))).expect("what is in it");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let file = fixtures.join(format!("{name}.backup"));
    let found = alone_json(&["backup", "verify", text(&file)]);
    assert_eq!(found, told["verified"]);
    let again = restored(&file, &[]);
    let word = |name: &str| told[name].as_str().expect("a text").to_owned();
    again.http_as("alice", &word("token")).get("/api/v0/repositories/alice/app").must_be(200);
    again.http_as("admin", &word("password")).get("/enzi/v0/accounts/alice").must_be(200);
    let head = format!(
        "{}:{}",
        told["verified"]["auditHead"]["seq"],
        told["verified"]["auditHead"]["hash"].as_str().expect("a hash")
    );
    again.cli(&["audit", "verify", "--head", &head]).must_succeed();
}

#[test]
fn the_check_reads_a_running_store_and_one_without_a_server() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let found = dockpass.cli_json(&["check"]);
    assert_eq!((&found["problems"], &found["moreProblems"]), (&json!([]), &json!(0)), "{found}");
    dockpass.http_as_admin().post("/api/v0/admin/check", &json!({})).must_be(403);
    let home = dockpass.stop();
    let data = home.path().join("data");
    let check = || Run::of(&mut cli_command(&data, &["check"]), "");
    let run = check().must_succeed();
    assert!(run.stdout.contains("the store is whole: "), "{}", run.describe());
    assert!(!data.join("checking").exists());
    // Damage in the middle of sled's file: bytes that records stand in.
    let path = data.join("store/db");
    let mut bytes = fs::read(&path).expect("the file");
    let place = bytes.windows(5).position(|part| part == b"alice").expect("a name");
    bytes[place] ^= 0xff;
    fs::write(&path, &bytes).expect("it is written");
    let run = check();
    assert_eq!(run.code(), Some(1), "{}", run.describe());
    assert!(fs::read(&path).expect("the file") == bytes, "the check has changed the store");
    run.must_fail_with(&["the store is not whole"]);
}

/// What is ended after a backup lives again without `ended.log`, and not with it.
#[test]
fn what_was_ended_since_is_ended_again_with_the_log_of_it() {
    let dockpass = Dockpass::start();
    for user in ["alice", "bob", "carol"] {
        dockpass.add_user(user);
    }
    let token = || dockpass.add_token("alice", &[]);
    let [kept, inactive, deleted, rotated, before] = [token(), token(), token(), token(), token()];
    let of_bob = dockpass.add_token("bob", &[]);
    let of_carol = dockpass.add_token("carol", &[]);
    dockpass.cli(&["token", "deactivate", &before.id]).must_succeed();
    dockpass.cli(&["token", "activate", &before.id]).must_succeed();
    let places = tempfile::tempdir().expect("a directory");
    let file = places.path().join("dockpass.backup");
    dockpass.cli(&["backup", text(&file)]).must_succeed();
    dockpass.cli(&["token", "deactivate", &inactive.id]).must_succeed();
    dockpass.cli(&["token", "delete", &deleted.id, "--yes"]).must_succeed();
    dockpass.cli(&["token", "rotate", &rotated.id, "--yes"]).must_succeed();
    dockpass.cli(&["user", "deactivate", "bob"]).must_succeed();
    dockpass.cli(&["user", "delete", "carol", "--yes"]).must_succeed();
    let password = "another-long-password-of-alice";
    dockpass.cli_with(&["user", "password", "alice", "--password-stdin"], password).must_succeed();
    let log = places.path().join("ended.log");
    fs::copy(dockpass.data().join("ended.log"), &log).expect("a copy");
    drop(dockpass);
    let works = |again: &Dockpass, user: &str, secret: &str| {
        again.http_as(user, secret).get("/api/v0/api_tokens").status == 200
    };
    let shows = |again: &Dockpass| {
        [
            works(again, "alice", &kept.secret),
            works(again, "alice", &inactive.secret),
            works(again, "alice", &deleted.secret),
            works(again, "alice", &rotated.secret),
            works(again, "alice", &before.secret),
            works(again, "bob", &of_bob.secret),
            works(again, "carol", &of_carol.secret),
            works(again, "alice", PASSWORD),
        ]
    };
    let without = restored(&file, &[]);
    assert_eq!(shows(&without), [true; 8], "it brings the revoked back");
    drop(without);
    let with = restored(&file, &["--ended", text(&log)]);
    assert_eq!(shows(&with), [true, false, false, false, true, false, false, false]);
    let records = with.cli_json(&["audit", "list", "--actor", "system"]);
    let said = records["records"].as_array().expect("records").iter().filter(|it| it["reason"].is_string()).count();
    // Among them an access token that went with its account.
    assert_eq!(said, 7, "{records}");
    with.cli(&["audit", "verify"]).must_succeed();
    with.cli(&["check"]).must_succeed();
    // The log of another store, and one that is none.
    let other = Dockpass::start();
    other.add_user("alice");
    other.cli(&["user", "deactivate", "alice"]).must_succeed();
    let target = places.path().join("target");
    let refused = |log: &Path, said: &str| {
        let arguments = ["restore", text(&file), "--data-dir", text(&target), "--ended", text(log)];
        alone(&arguments).must_fail_with(&[said]);
        assert!(!target.exists());
    };
    refused(&other.data().join("ended.log"), "of another store");
    refused(&file, "no ended.log of dockpass");
}
