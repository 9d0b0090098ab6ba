//! Every kind of change is on the disk before it is answered: `strace` sees the `fdatasync` before the answer.

use std::{fs, path::PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    AccessToken, Dockpass, Http,
    exe::PASSWORD,
    http::Answer,
    process::{Background, background_command, eventually},
    stuck::may_hold_back,
};

/// A server whose system calls are written down.
struct Watched {
    dockpass: Dockpass,
    calls: PathBuf,
    _strace: Background,
    _directory: TempDir,
}

impl Watched {
    /// None for those who are not root: nobody else traces a process that gives no dumps.
    fn new() -> Option<Self> {
        if !may_hold_back() {
            return None;
        }
        let dockpass = Dockpass::start();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let calls = directory.path().join("calls");
        let mut strace = background_command("strace");
        strace.args(["--follow-forks", "--trace=fdatasync,write,writev,sendto,sendmsg", "--string-limit=24"]);
        strace.args(["--decode-fds=path", &format!("--attach={}", dockpass.pid()), "--output"]).arg(&calls);
        let strace = Background::start("strace", &mut strace);
        strace.wait_for("that it is attached", |line| line.contains("attached").then_some(()));
        Some(Self { dockpass, calls, _strace: strace, _directory: directory })
    }

    fn seen(&self) -> String {
        fs::read(&self.calls).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Sends a change, and stops the test unless the disk was synced before the answer was sent.
    fn is_synced(&self, change: &str, send: impl FnOnce() -> Answer) -> Answer {
        let before = self.seen().len();
        let answer = send().must_be_one_of(&[200, 201, 204]);
        let calls = eventually(&format!("strace sees the answer to: {change}"), || {
            let calls = self.seen().split_off(before);
            calls.contains("\"HTTP/1.1 2").then_some(calls)
        });
        let (until_answer, _) = calls.split_once("\"HTTP/1.1 2").expect("seen above");
        // One line, or two when another thread came in between.
        let synced = until_answer.lines().any(|line| line.contains("fdatasync") && line.trim_end().ends_with("= 0"));
        assert!(synced, "{change}: answered before anything was synced:\n{calls}");
        answer
    }
}

#[test]
fn every_change_of_an_account_is_synced_before_it_is_answered() {
    let Some(watched) = Watched::new() else { return };
    let admin = watched.dockpass.http_as_admin();
    let account = json!({ "name": "alice", "password": PASSWORD });
    watched.is_synced("create an account", || admin.post("/enzi/v0/accounts", &account));
    let change = json!({ "fullName": "Alice" });
    watched.is_synced("change an account", || admin.patch("/enzi/v0/accounts/alice", &change));
    let password = json!({ "newPassword": "another-long-password" });
    watched.is_synced("set a password", || admin.post("/enzi/v0/accounts/alice/changePassword", &password));
    let inactive = json!({ "isActive": false });
    watched.is_synced("deactivate an account", || admin.patch("/enzi/v0/accounts/alice", &inactive));
    watched.is_synced("delete an account", || admin.delete("/enzi/v0/accounts/alice"));
}

#[test]
fn every_change_of_a_repository_or_a_grant_is_synced_before_it_is_answered() {
    let Some(watched) = Watched::new() else { return };
    watched.dockpass.add_user("alice");
    watched.dockpass.add_user("bob");
    let alice = watched.dockpass.http_as("alice", &watched.dockpass.add_token("alice", &[]).secret);
    let repository = json!({ "name": "app" });
    watched.is_synced("create a repository", || alice.post("/api/v0/repositories/alice", &repository));
    let public = json!({ "visibility": "public" });
    watched.is_synced("change a repository", || alice.patch("/api/v0/repositories/alice/app", &public));
    let level = json!({ "accessLevel": "read-only" });
    let places = ["/api/v0/repositories/alice/app/userAccess/bob", "/api/v0/repositoryNamespaces/alice/userAccess/bob"];
    for place in places {
        watched.is_synced("grant", || alice.put(place, &level));
        watched.is_synced("end a grant", || alice.delete(place));
    }
    watched.is_synced("delete a repository", || alice.delete("/api/v0/repositories/alice/app"));
    let push = "/auth/token?service=dockpass&scope=repository:alice/pushed:pull,push";
    watched.is_synced("create a repository on push", || alice.get(push));
    alice.get("/api/v0/repositories/alice/pushed").must_be(200);
}

#[test]
fn every_change_of_an_access_token_is_synced_before_it_is_answered() {
    let Some(watched) = Watched::new() else { return };
    watched.dockpass.add_user("alice");
    let alice = watched.dockpass.http_as("alice", PASSWORD);
    let token = create_token(&watched, &alice);
    let own = format!("/api/v0/api_tokens/{}", token.hash);
    watched.is_synced("rename", || alice.patch(&own, &json!({ "tokenLabel": "renamed" })));
    watched.is_synced("deactivate", || alice.patch(&own, &json!({ "isActive": false })));
    watched.is_synced("activate", || alice.patch(&own, &json!({ "isActive": true })));
    let rotated = watched.is_synced("rotate", || alice.post(&format!("{own}/rotate"), &json!({ "overlap": 60 })));
    let rotated = AccessToken::of(&rotated.json());
    watched.is_synced("delete", || alice.delete(&format!("/api/v0/api_tokens/{}", rotated.hash)));
    create_token(&watched, &alice);
    let clean_up = "/api/v0/api_tokens?usedbefore=2999-01-01&generatedby=all";
    watched.is_synced("clean up", || alice.delete(clean_up));
    let admin = watched.dockpass.http_as_admin();
    let temporary = json!({ "temporaryPassword": true });
    watched.is_synced("make a temporary password", || admin.post("/api/v0/api_tokens?username=alice", &temporary));
}

fn create_token(watched: &Watched, alice: &Http) -> AccessToken {
    let answer = watched.is_synced("create", || alice.post("/api/v0/api_tokens", &json!({ "tokenLabel": "ci" })));
    AccessToken::of(&answer.json())
}
