//! The head of the audit log, noted elsewhere by itself: what it proves when the store is exchanged for an older copy of itself,
//! or for that of another dockpass.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{
    exe::{Dockpass, Setup, cli_command},
    process::{Run, eventually},
};

/// A server that notes its head in a directory elsewhere.
fn noting(elsewhere: &Path) -> Setup {
    Setup::config(format!("[audit]\nhead_file = \"{}\"\n", head_file(elsewhere).display()))
}

fn head_file(elsewhere: &Path) -> PathBuf {
    elsewhere.join("dockpass-head")
}

fn noted(elsewhere: &Path) -> String {
    fs::read_to_string(head_file(elsewhere)).expect("the head").trim_end().to_owned()
}

fn verify(data: &Path, elsewhere: &Path) -> Run {
    let file = head_file(elsewhere);
    Run::of(&mut cli_command(data, &["audit", "verify", "--head-file", file.to_str().expect("a path")]), "")
}

/// A copy of a directory, with what it is made of.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp").success());
}

/// A server that has changed something and ended, and a copy of its data from before.
fn changed_since_its_copy(elsewhere: &Path) -> TempDir {
    let dockpass = noting(elsewhere).start();
    dockpass.add_user("alice");
    let directory = dockpass.stop();
    copy(&directory.path().join("data"), &directory.path().join("copy"));
    let dockpass = Dockpass::start_in(directory, noting(elsewhere));
    dockpass.add_user("mallory");
    dockpass.stop()
}

#[test]
fn the_head_is_noted_after_changes_and_at_the_end_for_the_owner_alone() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let dockpass = noting(elsewhere.path()).start();
    dockpass.add_user("alice");
    let head = dockpass.cli(&["audit", "head"]).must_succeed().stdout;
    // At most every ten seconds, so soon after all changes are over.
    eventually("the head", || {
        let noted = fs::read_to_string(head_file(elsewhere.path())).unwrap_or_default();
        (noted == head).then_some(())
    });
    let mode = fs::metadata(head_file(elsewhere.path())).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shown = dockpass.cli(&["status"]).must_succeed().stdout;
    assert!(shown.contains("audit.head_file") && shown.contains("all is there"), "{shown}");
    let whole = verify(&dockpass.data(), elsewhere.path()).must_succeed().stdout;
    assert!(whole.starts_with("the audit log is whole"), "{whole}");
    dockpass.add_user("bob");
    let data = dockpass.data();
    let directory = dockpass.stop();
    let last = Run::of(&mut cli_command(&data, &["audit", "head"]), "").must_succeed().stdout;
    assert_eq!(noted(elsewhere.path()), last.trim_end());
    drop(directory);
}

#[test]
fn an_older_copy_in_the_place_of_the_store_is_found_and_its_head_takes_nothing_away() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let directory = changed_since_its_copy(elsewhere.path());
    let before = noted(elsewhere.path());
    fs::rename(directory.path().join("data"), directory.path().join("gone")).expect("renamed");
    fs::rename(directory.path().join("copy"), directory.path().join("data")).expect("renamed");
    let dockpass = Dockpass::start_in(directory, noting(elsewhere.path()));
    dockpass.must_log("it was cut or exchanged");
    verify(&dockpass.data(), elsewhere.path()).must_fail_with(&["the noted end is not in this chain"]);
    let health = dockpass.http().get("/health").must_be(200).json();
    assert!(health["warning"].as_str().is_some_and(|text| text.contains("is not handed on")), "{health}");
    assert!(!health.to_string().contains("dockpass-head"), "{health}");
    let status = dockpass.cli(&["status"]).must_succeed().stdout;
    assert!(status.contains("it was cut or exchanged"), "{status}");
    dockpass.add_user("carol");
    let directory = dockpass.stop();
    assert_eq!(noted(elsewhere.path()), before, "the proof stays");
    // Once somebody has taken it away, heads are noted again.
    fs::remove_file(head_file(elsewhere.path())).expect("removed");
    let dockpass = Dockpass::start_in(directory, noting(elsewhere.path()));
    eventually("a head", || head_file(elsewhere.path()).exists().then_some(()));
    verify(&dockpass.data(), elsewhere.path()).must_succeed();
}

#[test]
fn the_store_of_another_dockpass_is_found_and_what_is_no_head_is_not_overwritten() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let dockpass = noting(elsewhere.path()).start();
    dockpass.add_user("alice");
    drop(dockpass.stop());
    let before = noted(elsewhere.path());
    let other = noting(elsewhere.path()).start();
    for name in ["alice", "bob", "carol", "dave"] {
        other.add_user(name);
    }
    other.must_log("or the file is another log's");
    verify(&other.data(), elsewhere.path()).must_fail_with(&["the noted end is not in this chain"]);
    drop(other.stop());
    assert_eq!(noted(elsewhere.path()), before);
    fs::write(head_file(elsewhere.path()), "my diary\n").expect("written");
    let mistaken = noting(elsewhere.path()).start();
    mistaken.must_log("is not overwritten: name another file");
    drop(mistaken.stop());
    assert_eq!(noted(elsewhere.path()), "my diary");
}

#[test]
fn an_export_says_the_head() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let head = dockpass.cli(&["audit", "head"]).must_succeed().stdout.trim_end().to_owned();
    let exported = dockpass.cli(&["audit", "export", "--account", "alice"]).must_succeed();
    assert!(exported.stderr.contains(&head) && !exported.stdout.contains(&head), "{}", exported.describe());
    let lines = dockpass.http_as_admin().header("Accept", "application/x-ndjson").get("/api/v0/audit?after=0");
    let told = lines.must_be(200).header("x-audit-head").expect("the head").to_owned();
    dockpass.cli(&["audit", "verify", "--head", &told]).must_succeed();
    let file = dockpass.data().join("../audit.ndjson");
    let path = file.to_str().expect("a path").to_owned();
    let told = dockpass.cli_json(&["audit", "export", "--output", &path])["head"].as_str().expect("a head").to_owned();
    dockpass.cli(&["audit", "verify", "--head", &told]).must_succeed();
    let token = dockpass.add_token("alice", &[]);
    let of_alice = dockpass.http_as("alice", &token.secret).get("/api/v0/audit?after=0").must_be(403);
    assert_eq!(of_alice.header("x-audit-head"), None);
}
