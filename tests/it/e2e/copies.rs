//! A copy of the data directory, made as the manual says, while the server writes.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::json;

use crate::support::{
    Dockpass, Setup,
    exe::cli_command,
    http::Http,
    process::{Run, command, is_long},
};

/// The lines of the manual that make a copy.
fn script() -> String {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ui/manual/operate.md")).expect("the manual");
    let (_, rest) = manual.split_once("## A copy, and back").expect("the chapter");
    let line = rest.lines().find(|line| line.contains("DIR/end")).expect("the line");
    line.trim().trim_start_matches("$ ").to_owned()
}

fn copy(script: &str, data: &Path, to: &Path) -> Run {
    let script = script.replace("DIR", &data.display().to_string()).replace("COPY", &to.display().to_string());
    Run::of(command("sh").args(["-c", &script]), "")
}

/// Does a work while four writers make and delete access tokens.
pub(super) fn under_writers<T>(user: &Http, work: impl FnOnce() -> T) -> T {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..4 {
            let is_done = &is_done;
            scope.spawn(move || {
                while !is_done.load(Ordering::SeqCst) {
                    let body = json!({ "tokenLabel": format!("writer {writer}") });
                    let made = user.post("/api/v0/api_tokens", &body).must_be(200);
                    user.delete(&format!("/api/v0/api_tokens/{}", made.text("/hashedToken"))).must_be(200);
                }
            });
        }
        let done = work();
        is_done.store(true, Ordering::SeqCst);
        done
    })
}

#[test]
fn a_copy_that_is_made_under_writers_opens_and_its_audit_log_is_whole() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let alice = dockpass.http_as("alice", &dockpass.add_token("alice", &[]).secret);
    let script = script();
    let rounds = if is_long() { 60 } else { 4 };
    let copies = tempfile::tempdir().expect("a directory");
    let all = under_writers(&alice, || {
        let made = |round: i32| {
            let to = copies.path().join(format!("{round}/data"));
            fs::create_dir(copies.path().join(round.to_string())).expect("a directory");
            (copy(&script, &dockpass.data(), &to), to)
        };
        (0..rounds).map(made).collect::<Vec<_>>()
    });
    for (run, to) in all {
        run.must_succeed();
        Run::of(&mut cli_command(&to, &["audit", "verify"]), "").must_succeed();
    }
    let restored = tempfile::tempdir().expect("a directory");
    fs::rename(copies.path().join("0/data"), restored.path().join("data")).expect("it is put in place");
    let password = dockpass.admin_password();
    let restored = Dockpass::start_in(restored, Setup::default());
    restored.http_as("admin", &password).get("/enzi/v0/accounts/alice").must_be(200);
}
