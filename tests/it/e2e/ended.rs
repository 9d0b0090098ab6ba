//! What was ended after a backup stays ended by its `ended.log`; and a restore asks wherever that may not tell all.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::backup::{alone, restored, text};
use crate::support::{Dockpass, Setup};

const BOB: &str = "/api/v0/repositories/emca/app/userAccess/bob";
const BOB_EVERYWHERE: &str = "/api/v0/repositoryNamespaces/emca/userAccess/bob";

#[test]
fn a_deleted_organization_gives_nobody_anything_and_what_was_lowered_stays_low() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass.add_user("bob");
    let alice = dockpass.add_token("alice", &[]).secret;
    let bob = dockpass.add_token("bob", &[]).secret;
    let admin = dockpass.http_as_admin();
    for name in ["acme", "emca"] {
        admin.post("/enzi/v0/accounts", &json!({ "name": name, "isOrg": true })).must_be(201);
        admin.put(&format!("/enzi/v0/accounts/{name}/members/alice"), &json!({ "isAdmin": true })).must_be(200);
        admin.post(&format!("/api/v0/repositories/{name}"), &json!({ "name": "app" })).must_be(201);
        admin
            .post(&format!("/api/v0/repositories/{name}"), &json!({ "name": "open", "visibility": "public" }))
            .must_be(201);
    }
    let robot = admin.post("/api/v0/accounts/acme/robots", &json!({ "name": "ci", "accessLevel": "read-only" }));
    let robot = robot.must_be_one_of(&[200, 201]).text("/token");
    admin.put(BOB, &json!({ "accessLevel": "admin" })).must_be(200);
    admin.put(BOB_EVERYWHERE, &json!({ "accessLevel": "read-write" })).must_be(200);
    let places = tempfile::tempdir().expect("a directory");
    let [file, log] = ["dockpass.backup", "ended.log"].map(|name| places.path().join(name));
    dockpass.cli(&["backup", text(&file)]).must_succeed();
    admin.delete("/enzi/v0/accounts/acme").must_be(204);
    admin.put("/enzi/v0/accounts/emca/members/alice", &json!({ "isAdmin": false })).must_be(200);
    admin.put(BOB, &json!({ "accessLevel": "read-only" })).must_be(200);
    admin.put(BOB_EVERYWHERE, &json!({ "accessLevel": "read-only" })).must_be(200);
    admin.patch("/api/v0/repositories/emca/open", &json!({ "visibility": "private" })).must_be(200);
    fs::copy(dockpass.data().join("ended.log"), &log).expect("a copy");
    drop((admin, dockpass));
    let seen = |options: &[&str]| {
        let again = restored(&file, options);
        let level = |path: &str| {
            let path = format!("/api/v0/accounts/bob/repositoryAccess/{path}");
            again.http_as_admin().get(&path).must_be(200).text("/accessLevel")
        };
        let robot = again.http_as("acme/ci", &robot).get("/auth/token?service=dockpass").status;
        let alice = again.http_as("alice", &alice);
        let paths = ["acme/app", "acme/open", "emca/app", "emca/open"];
        let shown = paths.map(|path| alice.get(&format!("/api/v0/repositories/{path}")).status);
        let of_bob = again.http_as("bob", &bob);
        let write = of_bob.patch("/api/v0/repositories/emca/app", &json!({ "shortDescription": "mine" })).status;
        again.cli(&["check"]).must_succeed();
        (robot, shown, write, level("emca/app"), level("emca/open"))
    };
    assert_eq!(
        seen(&[]),
        (200, [200; 4], 200, "admin".to_owned(), "read-write".to_owned()),
        "it brings all of it back"
    );
    // The public repository of the organization that is gone has no owner who could close it.
    let ended = seen(&["--ended", text(&log)]);
    assert_eq!(ended, (401, [404, 200, 404, 404], 403, "read-only".to_owned(), "read-only".to_owned()));
}

/// Restores, and says nothing to a question.
fn asked(backup: &Path, logs: &[&Path], target: &Path, said: &str) {
    let logs = logs.iter().flat_map(|log| ["--ended", text(log)]);
    let arguments: Vec<&str> = ["restore", text(backup), "--data-dir", text(target)].into_iter().chain(logs).collect();
    let run = alone(&arguments).must_fail_with(&[said]);
    assert!(run.code() == Some(2) && run.stderr.contains("--yes") && !target.exists(), "{}", run.describe());
}

#[test]
fn a_log_that_may_not_tell_all_is_asked_about() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let end = |dockpass: &Dockpass| {
        let token = dockpass.add_token("alice", &[]);
        dockpass.cli(&["token", "deactivate", &token.id]).must_succeed();
    };
    let places = tempfile::tempdir().expect("a directory");
    let place = |name: &str| places.path().join(name);
    let copied = |dockpass: &Dockpass, name: &str| {
        fs::copy(dockpass.data().join("ended.log"), place(name)).expect("a copy");
        place(name)
    };
    let backed_up = |dockpass: &Dockpass, name: &str| {
        dockpass.cli(&["backup", text(&place(name))]).must_succeed();
        place(name)
    };
    let first = backed_up(&dockpass, "first");
    end(&dockpass);
    let whole = copied(&dockpass, "whole.log");
    let target = place("target");
    // It is what it says, and nothing is asked.
    let all = ["restore", text(&first), "--data-dir", text(&target), "--ended", text(&whole)];
    alone(&all).must_succeed();
    fs::remove_dir_all(&target).expect("it goes");
    // A damaged line, wherever it is.
    let lines = fs::read_to_string(&whole).expect("it");
    fs::write(place("damaged.log"), lines.replace("token.inactive", "token.removed")).expect("it is written");
    asked(&first, &[&place("damaged.log")], &target, "1 lines of them are damaged");
    // One that was begun anew after the backup, since somebody took it away.
    fs::remove_file(dockpass.data().join("ended.log")).expect("it goes");
    end(&dockpass);
    let later = copied(&dockpass, "later.log");
    asked(&first, &[&later], &target, "none of them is of the life");
    let second = backed_up(&dockpass, "second");
    asked(&second, &[&whole], &target, "none of them is of the life");
    // It stays the same through a restart; and what was restored lives another life.
    let again = Dockpass::start_in(dockpass.stop(), Setup::default());
    end(&again);
    let latest = copied(&again, "latest.log");
    drop(again);
    let other = restored(&second, &["--ended", text(&latest)]);
    end(&other);
    let third = backed_up(&other, "third");
    asked(&third, &[&latest], &target, "none of them is of the life");
    asked(&second, &[&copied(&other, "other.log")], &target, "none of them is of the life");
}

/// What cannot be noted is no secret of the log: whoever looks after the server is told everywhere.
#[test]
fn a_log_that_cannot_be_written_shows_on_health_and_in_the_metrics_and_the_log() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let log = dockpass.data().join("ended.log");
    fs::remove_file(&log).expect("it goes");
    fs::create_dir(&log).expect("something in its place");
    let tokens = [dockpass.add_token("alice", &[]), dockpass.add_token("alice", &[])];
    dockpass.cli(&["token", "deactivate", &tokens[0].id]).must_succeed();
    let health = || dockpass.http().get("/health").must_be(200).json();
    let failing = health();
    assert!(failing["warning"].as_str().is_some_and(|it| it.contains("ended.log cannot be written")), "{failing}");
    assert_eq!(failing["healthy"], true, "changes are accepted: {failing}");
    dockpass.must_log("what is ended now is not noted for a restore yet");
    fs::remove_dir(&log).expect("it goes");
    dockpass.cli(&["token", "deactivate", &tokens[1].id]).must_succeed();
    assert_eq!(health()["warning"], "");
    let lines = fs::read_to_string(&log).expect("the file");
    assert!(tokens.iter().all(|token| lines.contains(&token.id)), "{lines}");
}
