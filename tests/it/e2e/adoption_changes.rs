//! What a comparison learns of known repositories: changes behind dockpass's back, lost content, repositories that were
//! deleted here and must stay away; and that a registry that cannot be asked changes nothing.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Clients, Image, Pair, process::eventually, tls::SiteCertificate};

/// Pushes past dockpass, which hears nothing of it.
fn push(pair: &Pair, image: &Image, references: &[&str]) {
    let (registry, clients) = (pair.open_registry(), Clients::new());
    references.iter().for_each(|reference| drop(clients.push(image, &registry.at(reference)).must_succeed()));
}

/// The tags that the registry has of a repository, whatever dockpass says; it must have or have had some.
fn tags_there(pair: &Pair, name: &str) -> Value {
    let listed = Clients::new().tags(&pair.open_registry().at(name)).must_succeed().stdout;
    serde_json::from_str::<Value>(&listed).expect("JSON")["Tags"].clone()
}

fn digest(pair: &Pair, name: &str, tag: &str) -> Value {
    pair.dockpass().tag(name, tag).expect("the tag")["digest"].clone()
}

#[test]
fn a_tag_that_was_added_moved_or_removed_behind_dockpasss_back_is_learnt() {
    let pair = Pair::with_users(&[]);
    let (first, second) = (Image::holding("first"), Image::holding("second"));
    push(&pair, &first, &["alice/app:1", "alice/app:latest", "alice/same:1"]);
    pair.sync();
    let before = pair.dockpass().tag("alice/app", "1").expect("the tag");
    push(&pair, &second, &["alice/app:2", "alice/app:latest"]);
    assert_eq!(pair.sync(), "compared 2 repositories: 1 changed\n");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "2", "latest"]);
    assert_eq!(
        (digest(&pair, "alice/app", "2"), digest(&pair, "alice/app", "latest")),
        (json!(second.digest), json!(second.digest))
    );
    assert_eq!(pair.dockpass().tag("alice/app", "latest").expect("the tag")["manifest"]["size"], second.size);
    assert_eq!(pair.dockpass().tag("alice/app", "1"), Some(before), "what did not change stays as it was");

    Clients::new().delete(&pair.open_registry().at("alice/app:1")).must_succeed();
    assert_eq!(pair.sync(), "compared 2 repositories: 1 changed\n");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["2", "latest"]);
    assert_eq!(pair.sync(), "compared 2 repositories: all as known\n");
    assert_eq!(pair.dockpass().repository("alice/app")["missingSince"], Value::Null);
}

#[test]
fn a_repository_whose_content_is_gone_keeps_its_record_and_grants_until_it_comes_back() {
    let pair = Pair::with_users(&["alice", "bob"]);
    push(&pair, &Image::holding("here"), &["alice/app:1", "alice/other:1"]);
    pair.sync();
    pair.dockpass().cli(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-only"]).must_succeed();
    fs::remove_dir_all(pair.stored("alice/app")).expect("the content can be removed");
    assert_eq!(pair.sync(), "compared 2 repositories: 1 gone from the registry\n");
    let gone = pair.dockpass().repository("alice/app");
    assert!(gone["missingSince"].is_string(), "{gone}");
    assert_eq!(pair.dockpass().tag_names("alice/app"), [""; 0]);
    let shown = pair.dockpass().cli(&["repo", "show", "alice/app"]).must_succeed().stdout;
    assert!(shown.contains("gone from the registry since"), "{shown}");
    assert_eq!(pair.sync(), "compared 2 repositories: all as known\n");
    assert_eq!(pair.dockpass().repository("alice/app"), gone, "since then, not since the last comparison");

    push(&pair, &Image::holding("back"), &["alice/app:2"]);
    assert_eq!(pair.sync(), "compared 2 repositories: 1 changed\n");
    let back = pair.dockpass().repository("alice/app");
    assert_eq!((&back["missingSince"], &back["id"]), (&Value::Null, &gone["id"]), "{back}");
    pair.clients_of("bob", &[]).pull(&pair.at("alice/app:2")).must_succeed();
}

#[test]
fn a_repository_that_was_deleted_without_its_content_stays_away() {
    let mut pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    alice.push(&Image::holding("deleted"), &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    let deleted = pair.dockpass().cli(&["repo", "delete", "alice/app", "--yes"]).must_succeed();
    assert!(
        deleted.stderr.contains("the registry keeps the content until it is deleted there"),
        "{}",
        deleted.describe()
    );
    pair.stop_dockpass();
    pair.start_dockpass();
    pair.compared();
    assert_eq!(pair.sync(), "compared 2 repositories: 1 deleted here and kept away\n");
    assert_eq!(pair.dockpass().repository_names(), ["alice/marker"]);
    assert_eq!(
        tags_there(&pair, "alice/app"),
        json!(["1"]),
        "it was deleted when dockpass could not delete the content"
    );
    alice.push(&Image::holding("again"), &pair.at("alice/app:2")).must_succeed();
    pair.all_is_told(&alice, "alice");
    pair.sync();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "2"]);
}

#[test]
fn a_repository_that_is_deleted_with_its_content_is_gone_from_the_registry_until_a_push_makes_it_again() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let image = Image::holding("deleted");
    ["1", "latest"]
        .iter()
        .for_each(|tag| drop(alice.push(&image, &pair.at(&format!("alice/app:{tag}"))).must_succeed()));
    alice.push(&Image::holding("deleted, too"), &pair.at("alice/app:2")).must_succeed();
    alice.push(&image, &pair.at("alice/copy:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    let deleted = pair.dockpass().cli(&["repo", "delete", "alice/app", "--yes"]).must_succeed();
    assert_eq!(deleted.stderr, "", "{}", deleted.describe());
    assert_eq!(deleted.stdout, "deleted the repository alice/app and its content in the registry\n");
    let reference = format!("alice/app@{}", image.digest);
    let registry = pair.open_registry();
    Clients::new().pull(&registry.at(&reference)).must_fail_with(&["manifest unknown"]);
    Clients::new().pull(&registry.at("alice/app:2")).must_fail_with(&["manifest unknown"]);
    Clients::new().pull(&registry.at("alice/copy:1")).must_succeed();
    pair.sync();
    assert_eq!(pair.dockpass().repository_names(), ["alice/copy", "alice/marker"]);

    alice.push(&image, &pair.at("alice/app:3")).must_succeed();
    pair.all_is_told(&alice, "alice");
    pair.sync();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["3"]);
    alice.pull(&pair.at("alice/app:3")).must_succeed();
}

#[test]
fn content_that_could_not_be_deleted_goes_with_the_next_comparison() {
    let mut pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    alice.push(&Image::holding("deleted"), &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    pair.stop_registry();
    let deleted = pair.dockpass().cli(&["repo", "delete", "alice/app", "--yes"]).must_succeed();
    assert!(deleted.stderr.contains("the content goes when the registry can be asked again"), "{}", deleted.describe());
    pair.start_registry();
    assert_eq!(tags_there(&pair, "alice/app"), json!(["1"]));
    pair.sync();
    assert_eq!(tags_there(&pair, "alice/app"), json!([]));
    assert_eq!(pair.dockpass().repository_names(), ["alice/marker"]);
}

#[test]
fn a_name_whose_content_is_to_go_is_made_by_nobody_until_it_has_gone_also_after_a_kill() {
    let mut pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let image = Image::holding("deleted");
    alice.push(&image, &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    pair.stop_registry();
    pair.dockpass().cli(&["repo", "delete", "alice/app", "--yes"]).must_succeed();
    for _ in 0..2 {
        pair.kill_dockpass();
        pair.start_dockpass();
        let refused = pair.dockpass().cli(&["repo", "create", "alice/app"]);
        refused.must_fail_with(&["is still being deleted"]);
    }
    // A push meanwhile goes nowhere, and the deletion goes on by itself once the registry is back.
    pair.start_registry();
    eventually("the content has gone", || (tags_there(&pair, "alice/app") == json!([])).then_some(()));
    eventually("the name is free", || {
        pair.dockpass().cli(&["repo", "create", "alice/app"]).code().filter(|it| *it == 0)
    });
    alice.push(&Image::holding("made again"), &pair.at("alice/app:2")).must_succeed();
    pair.all_is_told(&alice, "alice");
    pair.kill_dockpass();
    pair.start_dockpass();
    pair.sync();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["2"]);
    assert_eq!(tags_there(&pair, "alice/app"), json!(["2"]));
    alice.pull(&pair.at("alice/app:2")).must_succeed();
}

#[test]
fn a_registry_that_is_away_is_told_and_changes_nothing() {
    let mut pair = Pair::with_users(&["alice"]);
    push(&pair, &Image::holding("here"), &["alice/app:1", "busybox:1"]);
    pair.sync();
    let before = pair.dockpass().cli_json(&["repo", "list"]);
    pair.stop_registry();
    let run = pair.dockpass().cli(&["registry", "sync"]);
    assert_eq!(run.code(), Some(1), "{}", run.describe());
    run.must_fail_with(&[&format!("cannot reach the registry at {}", pair.url())]);
    let shown = pair.dockpass().cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("failed at") && shown.contains("cannot reach the registry"), "{shown}");
    assert_eq!(pair.dockpass().cli_json(&["repo", "list"]), before);
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1"]);
    // By itself it tries again soon, not after the usual interval.
    pair.stop_dockpass();
    pair.start_dockpass();
    assert_eq!(pair.compared()["state"], "failed");
    pair.start_registry();
    eventually("the comparison is made again", || (pair.comparison()["state"] == "done").then_some(()));
    assert_eq!(pair.dockpass().cli_json(&["repo", "list"]), before);
}

#[test]
fn a_registry_that_does_not_trust_dockpass_is_told_with_what_to_look_at() {
    let mut pair = Pair::new();
    push(&pair, &Image::holding("here"), &["alice/app:1"]);
    let other = SiteCertificate::of("localhost");
    let bundle = format!("rootcertbundle: {}", other.authority().display());
    let with_other = |line: &str| match line.split_once("rootcertbundle:") {
        Some((indent, _)) => format!("{indent}{bundle}\n"),
        None => format!("{line}\n"),
    };
    pair.start_registry_changed(|config| {
        assert!(config.contains("    rootcertbundle:"), "{config}");
        config.lines().map(with_other).collect()
    });
    pair.start_dockpass();
    assert_eq!(pair.compared()["state"], "failed");
    let run = pair.dockpass().cli(&["registry", "sync"]);
    assert_eq!(run.code(), Some(1), "{}", run.describe());
    run.must_fail_with(&[
        "does not trust dockpass's registry token (status 401): its rootcertbundle, issuer and service",
    ]);
    assert_eq!(pair.dockpass().repository_names(), [""; 0]);
}
