//! Notifications that no good registry sends, or that come late or twice: sent by hand, with the secret of the
//! notifications or without.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Dockpass, Http, Image, Pair, http::Answer, process::eventually};

const EVENTS: &str = "/api/v0/registry/events";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn secret(dockpass: &Dockpass) -> String {
    let text = fs::read_to_string(dockpass.data().join("keys/registry-events-secret")).expect("a secret");
    text.trim().to_owned()
}

/// Whoever has the secret.
pub(super) fn registry(dockpass: &Dockpass) -> Http {
    dockpass.http().bearer(&secret(dockpass))
}

pub(super) fn event(id: &str, action: &str, repository: &str, tag: &str, digest: &str) -> Value {
    let method = if action == "pull" { "GET" } else { "PUT" };
    json!({
        "id": id, "timestamp": "2026-01-15T12:00:00.5Z", "action": action, "request": { "method": method },
        "target": { "mediaType": MANIFEST, "digest": digest, "repository": repository, "tag": tag },
        "actor": { "name": "alice" },
    })
}

pub(super) fn tell(registry: &Http, event: &Value) -> Answer {
    let media_type = "application/vnd.docker.distribution.events.v2+json";
    registry.header("Content-Type", media_type).post(EVENTS, &json!({ "events": [event] }))
}

pub(super) fn digest(byte: u8) -> String {
    format!("sha256:{}", format!("{byte:02x}").repeat(32))
}

fn pulls_and_pushes(dockpass: &Dockpass, repository: &str) -> Value {
    let record = dockpass.repository(repository);
    json!([record["pulls"], record["pushes"]])
}

#[test]
fn without_the_secret_there_is_no_such_path_and_nothing_changes() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let pushed = event("e1", "push", "alice/app", "1", &digest(1));
    let token = dockpass.add_token("admin", &[]).secret;
    let secret = secret(&dockpass);
    let wrong = [
        dockpass.http(),
        dockpass.http_as_admin(),
        dockpass.http_as("admin", &token),
        dockpass.http().bearer(&token),
        dockpass.http().bearer(&secret[1..]),
        dockpass.http().bearer(&secret.to_uppercase()),
        dockpass.http().basic("registry", &secret),
        dockpass.http().bearer(&secret).bearer(&secret),
        dockpass.http().header("X-Secret", &secret),
    ];
    for caller in wrong {
        tell(&caller, &pushed).must_be_refused(404, "NOT_FOUND");
        caller.get(EVENTS).must_be_one_of(&[404, 405]);
    }
    assert_eq!(dockpass.tags("alice/app"), [Value::Null; 0]);
    assert_eq!(dockpass.cli_json(&["registry", "show"])["notifications"]["received"], 0);
    tell(&registry(&dockpass), &pushed).must_be(200);
    assert_eq!(dockpass.tag_names("alice/app"), ["1"]);
    // It opens this one path.
    for path in ["/api/v0/repositories", "/api/v0/admin/registry", "/v2/", "/enzi/v0/accounts"] {
        registry(&dockpass).get(path).must_be(401);
    }
}

#[test]
fn the_same_notification_counts_once() {
    let dockpass = Dockpass::start();
    let registry = registry(&dockpass);
    for _ in 0..3 {
        tell(&registry, &event("push", "push", "alice/app", "1", &digest(1))).must_be(200);
        tell(&registry, &event("pull", "pull", "alice/app", "1", &digest(1))).must_be(200);
    }
    assert_eq!(pulls_and_pushes(&dockpass, "alice/app"), json!([1, 1]));
    tell(&registry, &event("another", "pull", "alice/app", "", &digest(1))).must_be(200);
    tell(&registry, &event("of a part", "pull", "alice/app", "", &digest(2))).must_be(200);
    tell(&registry, &event("elsewhere", "pull", "alice/none", "1", &digest(1))).must_be(200);
    assert_eq!(pulls_and_pushes(&dockpass, "alice/app"), json!([2, 1]));
    assert_eq!(dockpass.repository_names(), ["alice/app"]);
    assert_eq!(dockpass.repository("alice/app")["visibility"], "private");
}

#[test]
fn a_late_notification_does_not_bring_back_a_deleted_repository() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let registry = registry(&dockpass);
    tell(&registry, &event("e1", "push", "alice/app", "1", &digest(1))).must_be(200);
    dockpass.cli(&["repo", "delete", "alice/app", "--yes"]).must_succeed();
    tell(&registry, &event("e2", "push", "alice/app", "2", &digest(2))).must_be(200);
    tell(&registry, &event("e3", "pull", "alice/app", "1", &digest(1))).must_be(200);
    dockpass.cli(&["repo", "show", "alice/app"]).must_fail_with(&["no such repository"]);
    // Made again, it has nothing of the former one, and learns.
    dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    assert_eq!((dockpass.tags("alice/app").len(), pulls_and_pushes(&dockpass, "alice/app")), (0, json!([0, 0])));
    tell(&registry, &event("e4", "push", "alice/app", "3", &digest(3))).must_be(200);
    assert_eq!(dockpass.tag_names("alice/app"), ["3"]);
}

#[test]
fn what_makes_no_sense_is_taken_and_changes_nothing() {
    let dockpass = Dockpass::start();
    let registry = registry(&dockpass);
    for senseless in [
        event("e1", "push", "Not A Name", "1", &digest(1)),
        event("e2", "push", "alice/app", "1", "sha256:"),
        event("e3", "push", "alice/app", "not a tag", &digest(1)),
        event("", "push", "alice/app", "1", &digest(1)),
        event("e5", "delete", "alice/app", "1", &digest(1)),
    ] {
        tell(&registry, &senseless).must_be(200);
    }
    // An action that nobody knows is refused, so that somebody looks, and passed over when it is sent again.
    let unknown = event("e4", "explode", "alice/app", "1", &digest(1));
    tell(&registry, &unknown).must_be(400);
    tell(&registry, &unknown).must_be(200);
    assert_eq!(dockpass.repository_names(), [""; 0]);
    // What is of another kind altogether is refused: sent again it will be the same, and somebody has to look.
    for foreign in [json!({ "events": 1 }), json!({ "events": [{}] }), json!({ "action": "push", "target": {} })] {
        registry.post(EVENTS, &foreign).must_be(400);
    }
    let shown = dockpass.cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("6 since the start") && shown.contains("; 4 refused, see the server's log"), "{shown}");
}

#[test]
fn what_dockpass_deleted_itself_is_not_deleted_again() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let image = Image::holding("deleted once");
    let (reference, dockpass) = (pair.at("alice/app:1"), pair.dockpass());
    alice.push(&image, &reference).must_succeed();
    pair.all_is_told(&alice, "alice");
    dockpass.cli(&["repo", "delete-tag", "alice/app", "1", "--yes"]).must_succeed();
    alice.push(&image, &reference).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(dockpass.tag_names("alice/app"), ["1"]);
    // The registry's word of that deletion, as late as it can be.
    let mut late = event("late", "delete", "alice/app", "", &image.digest);
    late["actor"]["name"] = json!("_dockpass");
    tell(&registry(dockpass), &late).must_be(200);
    assert_eq!(
        (dockpass.tag_names("alice/app"), dockpass.repository("alice/app")["pushes"].clone()),
        (vec!["1".to_owned()], json!(2))
    );
    let audited = dockpass.http_as_admin().get("/api/v0/audit?action=tag.delete&pageSize=0").must_be(200).json();
    assert_eq!(audited["records"].as_array().map(Vec::len), Some(1), "{audited}");
    // Somebody else's is news.
    tell(&registry(dockpass), &event("theirs", "delete", "alice/app", "", &image.digest)).must_be(200);
    assert_eq!(dockpass.tag_names("alice/app"), [""; 0]);
}

#[test]
fn a_push_that_is_told_before_its_tag_is_there_is_believed_and_its_manifest_is_read() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let (first, second) = (Image::holding("first"), Image::holding("second, and larger"));
    alice.push(&first, &pair.at("alice/app:1")).must_succeed();
    alice.push(&second, &pair.at("alice/app:other")).must_succeed();
    pair.all_is_told(&alice, "alice");
    // As Distribution 2.8 does: the manifest is there, the tag comes a moment later.
    for tag in ["1", "2"] {
        tell(&registry(pair.dockpass()), &event(tag, "push", "alice/app", tag, &second.digest)).must_be(200);
        let is_read = |found: &Value| found["manifest"]["size"] == second.size;
        let found = eventually("the manifest is read", || pair.dockpass().tag("alice/app", tag).filter(is_read));
        assert_eq!(found["digest"], second.digest);
    }
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "2", "other"]);
    // It never came: the next comparison says what is so.
    pair.sync();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "other"]);
    assert_eq!(pair.dockpass().tag("alice/app", "1").expect("the tag")["digest"], first.digest);
}

#[test]
fn a_manifest_that_the_registry_cannot_tell_at_once_is_read_a_little_later() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let image = Image::holding("pushed twice at once");
    alice.push(&image, &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    // As it is for a moment while somebody pushes the same manifest again.
    let revision = image.digest.replace(':', "/");
    let link = pair.stored("alice/app").join(format!("_manifests/revisions/{revision}/link"));
    fs::write(&link, "").expect("a link can be emptied");
    tell(&registry(pair.dockpass()), &event("e1", "push", "alice/app", "2", &image.digest)).must_be(200);
    let is_told = || pair.registry().log().contains("invalid checksum digest format").then_some(());
    eventually("the registry fails", is_told);
    fs::write(&link, &image.digest).expect("a link can be written");
    let is_read = |found: &Value| found["manifest"]["size"] == image.size;
    eventually("the manifest is read", || pair.dockpass().tag("alice/app", "2").filter(is_read));
}
