//! A registry that already holds repositories is adopted as it is: by the comparison at the start, and by `dockpass
//! registry sync`. Its content was pushed before dockpass was there, or goes past it.

use serde_json::{Value, json};

use crate::support::{Clients, Image, ImageList, Pair, Registry};

/// Names with one, two and three components, in the registry's order.
const NAMES: [&str; 4] = ["alice/app", "alice/list", "_/busybox", "team/tools/lint"];

fn push(registry: &Registry, image: &Image, references: &[&str]) {
    let clients = Clients::new();
    references.iter().for_each(|reference| drop(clients.push(image, &registry.at(reference)).must_succeed()));
}

/// What an old registry holds: [`NAMES`], and a repository without tags, which a registry goes on listing.
fn fill(registry: &Registry) {
    push(registry, &Image::holding("old"), &["alice/app:1", "alice/app:latest", "busybox:1", "team/tools/lint:2"]);
    Clients::new().push_list(&ImageList::holding("old list"), &registry.at("alice/list:1")).must_succeed();
    push(registry, &Image::holding("emptied"), &["alice/emptied:1"]);
    Clients::new().delete(&registry.at("alice/emptied:1")).must_succeed();
}

fn is_adopted(pair: &Pair) {
    let dockpass = pair.dockpass();
    assert_eq!(dockpass.repository_names(), NAMES);
    for name in NAMES {
        let record = dockpass.repository(name);
        assert_eq!(record["visibility"], "private", "{record}");
        assert_eq!((&record["pushes"], &record["lastPush"]), (&json!(0), &Value::Null), "{record}");
    }
    let (image, list) = (Image::holding("old"), ImageList::holding("old list"));
    assert_eq!(dockpass.tag_names("alice/app"), ["1", "latest"]);
    for (name, tag) in [("alice/app", "1"), ("alice/app", "latest"), ("_/busybox", "1"), ("team/tools/lint", "2")] {
        let found = dockpass.tag(name, tag).expect("the tag");
        assert_eq!(
            (&found["digest"], &found["manifest"]["size"]),
            (&json!(image.digest), &json!(image.size)),
            "{name}"
        );
        assert_eq!(found["platforms"], json!(["linux/amd64"]));
    }
    let found = dockpass.tag("alice/list", "1").expect("the tag");
    assert_eq!((&found["digest"], &found["manifest"]["size"]), (&json!(list.digest), &json!(list.size)));
    assert_eq!(found["platforms"], json!(["linux/amd64", "linux/arm64"]));
    dockpass.cli(&["repo", "show", "alice/emptied"]).must_fail_with(&["no such repository"]);
}

#[test]
fn at_its_start_dockpass_adopts_what_the_registry_holds() {
    let mut pair = Pair::new();
    fill(&pair.open_registry());
    pair.start_registry();
    pair.start_dockpass();
    let comparison = pair.compared();
    assert_eq!((&comparison["state"], &comparison["adopted"]), (&json!("done"), &json!(4)), "{comparison}");
    is_adopted(&pair);
    // The emptied one is asked for again and stays away.
    assert_eq!(pair.sync(), "compared 5 repositories: all as known\n");
    is_adopted(&pair);

    pair.add_user("alice");
    let alice = pair.clients_of("alice", &[]);
    alice.pull(&pair.at("alice/app:1")).must_succeed();
    alice.push(&Image::holding("new"), &pair.at("alice/app:2")).must_succeed();
    alice.pull(&pair.at("team/tools/lint:2")).must_be_refused();
}

#[test]
fn a_comparison_by_hand_adopts_what_came_past_dockpass() {
    let pair = Pair::with_users(&[]);
    assert_eq!(pair.dockpass().repository_names(), [""; 0]);
    fill(&pair.open_registry());
    let told = pair.sync();
    assert!(told.starts_with("compared 5 repositories: 4 new\n"), "{told}");
    assert!(told.contains("The new ones are private; see them with: dockpass repo list"), "{told}");
    is_adopted(&pair);
    let audited = pair.dockpass().http_as_admin().get("/api/v0/audit?action=repository.learn&pageSize=0").must_be(200);
    assert_eq!(audited.json()["records"].as_array().map(Vec::len), Some(4), "{}", audited.describe());
}

#[test]
fn a_name_without_a_namespace_is_for_administrators_and_who_has_a_grant() {
    let pair = Pair::with_users(&["alice", "busybox"]);
    push(&pair.open_registry(), &Image::holding("old"), &["busybox:1"]);
    pair.sync();
    let reference = pair.at("busybox:1");
    // The account of that name owns the namespace busybox, and this is not in it.
    for user in ["alice", "busybox"] {
        pair.clients_of(user, &[]).pull(&reference).must_be_refused();
    }
    pair.clients_of("admin", &[]).pull(&reference).must_succeed();
    pair.dockpass().cli(&["grant", "set", "_/busybox", "--user", "alice", "--access", "read-only"]).must_succeed();
    let alice = pair.clients_of("alice", &[]);
    alice.pull(&reference).must_succeed();
    alice.push(&Image::holding("new"), &reference).must_be_refused();
    pair.clients_of("busybox", &[]).pull(&reference).must_be_refused();
    pair.all_is_told(&alice, "alice");
    assert_eq!(pair.dockpass().repository("_/busybox")["pulls"], 2);
}

#[test]
fn the_names_of_an_account_that_comes_later_are_adopted_by_an_administrators_word_only() {
    let mut pair = Pair::new();
    fill(&pair.open_registry());
    pair.start_registry();
    pair.start_dockpass();
    pair.compared();
    let create = ["user", "create", "alice", "--service"];
    pair.dockpass().cli(&create).must_fail_with(&["repositories are known under this name"]);
    pair.dockpass().cli(&[&create[..], &["--adopt-repositories"]].concat()).must_succeed();
    pair.clients_of("alice", &[]).pull(&pair.at("alice/app:1")).must_succeed();
}
