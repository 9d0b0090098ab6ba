//! What did it do, on the command line: the audit log followed through a restart, and exported byte by byte.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    Dockpass, Setup,
    exe::{cli_command, executable},
    process::{Background, Run, background_command, command, eventually},
};

/// A command that goes on, on this data directory.
fn following(dockpass: &Dockpass, arguments: &[&str]) -> Background {
    let mut follow = background_command(executable());
    follow.args(arguments).arg("--data-dir").arg(dockpass.data());
    Background::start("audit list --follow", &mut follow)
}

fn remotely(dockpass: &Dockpass, user: &str, secret: &str, arguments: &[&str]) -> Run {
    let mut remote: Command = command(executable());
    remote.args(arguments).args(["--server", &format!("http://{}", dockpass.address)]);
    Run::of(remote.env("DOCKPASS_USER", user).env("DOCKPASS_TOKEN", secret), "")
}

#[test]
fn a_log_is_followed_through_a_restart_until_ctrl_c() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let mut follow = following(&dockpass, &["audit", "list", "--follow", "--action", "account.create"]);
    let sees = |what: &str| follow.wait_for(what, |line| line.contains(what).then_some(()));
    sees("alice");
    dockpass.add_user("bob");
    dockpass.add_token("bob", &[]);
    sees("bob");
    let address = dockpass.address.clone();
    let directory = dockpass.stop();
    sees("; trying again");
    let dockpass = Dockpass::start_in(directory, Setup { listen: Some(address), ..Setup::default() });
    sees("the server answers again");
    dockpass.add_user("carol");
    sees("carol");
    follow.signal(Signal::INT);
    assert_eq!(follow.wait_end().code(), Some(130), "{}", follow.log());
    let log = follow.log();
    for once in ["alice", "bob", "carol", "; trying again", "answers again"] {
        assert_eq!(log.matches(once).count(), 1, "{once} in {log}");
    }
    assert!(!log.contains("token.create"), "{log}");
}

#[test]
fn there_is_nothing_to_follow_without_a_server() {
    let dockpass = Dockpass::start();
    let data = dockpass.data();
    let directory = dockpass.stop();
    Run::of(&mut cli_command(&data, &["audit", "list", "--follow"]), "").must_fail_with(&["no server runs on"]);
    drop(directory);
}

#[test]
fn a_server_that_hangs_is_left_by_ctrl_c() {
    let dockpass = Dockpass::start();
    let mut follow = following(&dockpass, &["audit", "list", "--follow"]);
    follow.wait_for("the first record", |line| line.contains("account.create").then_some(()));
    dockpass.signal(Signal::STOP);
    follow.wait_for_a_line(std::time::Duration::from_secs(2));
    follow.signal(Signal::INT);
    let code = follow.wait_end().code();
    dockpass.signal(Signal::CONT);
    assert_eq!(code, Some(130), "{}", follow.log());
}

#[test]
fn an_export_is_the_log_byte_by_byte_over_the_socket_over_tcp_and_without_a_server() {
    let dockpass = Dockpass::start();
    for name in ["alice", "bob", "carol"] {
        dockpass.add_user(name);
    }
    let password = dockpass.admin_password();
    let over_socket = dockpass.cli(&["audit", "export"]).must_succeed().stdout;
    let over_tcp = remotely(&dockpass, "admin", &password, &["audit", "export"]).must_succeed().stdout;
    assert!(over_tcp.starts_with(&over_socket), "{over_tcp}");
    let lines =
        dockpass.http_as_admin().header("Accept", "application/x-ndjson").get("/api/v0/audit?after=0&pageSize=0");
    assert!(lines.must_be(200).body.starts_with(&over_tcp));
    let file = dockpass.data().join("../audit.ndjson");
    let path = file.to_str().expect("a path").to_owned();
    let some = ["audit", "export", "--account", "bob", "--output", &path];
    assert!(dockpass.cli(&some).must_succeed().stdout.starts_with("wrote 1 record into "));
    let text = fs::read_to_string(&file).expect("the file");
    let record: Value = serde_json::from_str(&text).expect("one record");
    assert!(over_socket.contains(&text) && record["object"] == "bob" && record["hash"].is_string(), "{text}");
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let data = dockpass.data();
    let directory = dockpass.stop();
    let alone = Run::of(&mut cli_command(&data, &["audit", "export"]), "").must_succeed().stdout;
    assert!(alone.starts_with(&over_socket), "{alone}");
    let whole = Run::of(&mut cli_command(&data, &["audit", "verify"]), "").must_succeed();
    assert!(whole.stdout.starts_with("the audit log is whole"));
    drop(directory);
}

#[test]
fn a_user_asks_for_what_is_hers_and_for_one_of_her_access_tokens() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let token = dockpass.add_token("alice", &[]);
    let as_alice = |arguments: &[&str]| remotely(&dockpass, "alice", &token.secret, arguments);
    let mine = as_alice(&["audit", "list", "--mine"]).must_succeed().stdout;
    assert!(mine.contains("token.create") && mine.contains("account.create"), "{mine}");
    let activity = as_alice(&["token", "activity", &token.id]).must_succeed().stdout;
    assert!(activity.contains("token.create") && !activity.contains("account.create"), "{activity}");
    as_alice(&["audit", "list"]).must_fail_with(&["for administrators"]);
    as_alice(&["audit", "list", "--mine", "--actor", "bob"]).must_fail_with(&["cannot be used with"]);
    dockpass.cli(&["audit", "list", "--mine"]).must_fail_with(&["--account NAME"]);
    dockpass.cli(&["audit", "list", "--token", &token.secret]).must_fail_with(&["the secret of an access token"]);
    // By label, by the beginning of its id, and, once it is gone, by its whole id.
    for which in ["test", &token.id[..22], &token.id] {
        let found = dockpass.cli(&["audit", "list", "--token", which]).must_succeed().stdout;
        assert!(found.contains("token.create"), "{which}: {found}");
    }
    dockpass.cli(&["token", "delete", "--yes", &token.id]).must_succeed();
    let found = dockpass.cli(&["audit", "list", "--token", &token.id]).must_succeed().stdout;
    assert!(found.contains("token.delete") && found.contains("token.create"), "{found}");
}

/// An export into this file from a server that hangs, with the file that is beside it meanwhile.
fn stuck_export(dockpass: &Dockpass, file: &std::path::Path) -> Background {
    let export = following(dockpass, &["audit", "export", "--output", file.to_str().expect("a path")]);
    eventually("a file beside it", || (names_in(file).len() > 1).then_some(()));
    export
}

/// What is in the directory of a file.
fn names_in(file: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(file.parent().expect("a directory")).expect("it is there");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_export_that_is_ended_leaves_what_was_there_and_nothing_beside_it() {
    let dockpass = Dockpass::start();
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("audit.ndjson");
    fs::write(&file, "before").expect("a file");
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        dockpass.signal(Signal::STOP);
        let mut export = stuck_export(&dockpass, &file);
        export.signal(signal);
        let ended = export.wait_end().code();
        dockpass.signal(Signal::CONT);
        assert_eq!((ended, names_in(&file)), (Some(code), vec!["audit.ndjson".to_owned()]), "{}", export.log());
        assert_eq!(fs::read_to_string(&file).expect("the file"), "before");
    }
}

#[test]
fn an_export_under_nohup_outlives_its_terminal() {
    let dockpass = Dockpass::start();
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("audit.ndjson");
    fs::write(&file, "before").expect("a file");
    dockpass.signal(Signal::STOP);
    let mut nohup = background_command("nohup");
    nohup.arg(executable()).args(["audit", "export", "--output"]).arg(&file).arg("--data-dir").arg(dockpass.data());
    let mut export = Background::start("nohup", &mut nohup);
    eventually("a file beside it", || (names_in(&file).len() > 1).then_some(()));
    export.signal(Signal::HUP);
    dockpass.signal(Signal::CONT);
    assert_eq!(export.wait_end().code(), Some(0), "{}", export.log());
    assert!(fs::read_to_string(&file).expect("the file").contains("account.create"));
}

#[test]
fn an_export_goes_into_a_pipe_and_replaces_nothing_but_files() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let all = dockpass.cli(&["audit", "export"]).must_succeed().stdout;
    let place = tempfile::tempdir().expect("a directory");
    let path = |name: &str| place.path().join(name).to_str().expect("a path").to_owned();
    let made = command("mkfifo").arg(path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    std::os::unix::fs::symlink("elsewhere", path("link")).expect("a link");
    let reader = std::thread::spawn({
        let pipe = path("pipe");
        move || fs::read_to_string(pipe).expect("the pipe")
    });
    dockpass.cli(&["audit", "export", "--output", &path("pipe")]).must_succeed();
    assert!(reader.join().expect("a reader").starts_with(&all));
    assert!(dockpass.cli(&["audit", "export", "--output", "-"]).must_succeed().stdout.starts_with(&all));
    assert!(dockpass.cli(&["audit", "export", "--output", "/dev/stdout"]).must_succeed().stdout.starts_with(&all));
    dockpass.cli(&["audit", "export", "--output", &path("link")]).must_fail_with(&["a symbolic link"]);
    dockpass
        .cli(&["audit", "export", "--output", place.path().to_str().expect("a path")])
        .must_fail_with(&["a directory"]);
    let mut there = names_in(std::path::Path::new(&path("pipe")));
    there.sort();
    assert_eq!(there, ["link", "pipe"]);
    // What is there is not exported again.
    let second = all.lines().nth(1).expect("two records");
    let rest = dockpass.cli(&["audit", "export", "--after", "1"]).must_succeed().stdout;
    assert!(rest.starts_with(second), "{rest}");
}
