//! Deletion where the registry has it switched off, is away, or is not configured; the command line's answers; and the
//! content of an account that is deleted with its repositories.

use serde_json::{Value, json};

use crate::support::{Clients, Image, Pair, process::eventually};

fn push(pair: &Pair, clients: &Clients, references: &[&str]) {
    for reference in references {
        clients.push(&Image::holding(reference), &pair.at(reference)).must_succeed();
    }
}

/// The tags that the registry has of a repository, whatever dockpass says.
fn tags_there(pair: &Pair, name: &str) -> Value {
    let listed = Clients::new().tags(&pair.open_registry().at(name)).must_succeed().stdout;
    serde_json::from_str::<Value>(&listed).expect("JSON")["Tags"].clone()
}

/// Nothing was deleted, here and there.
fn is_whole(pair: &Pair) {
    assert_eq!(tags_there(pair, "alice/app"), json!(["1"]));
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1"]);
}

#[test]
fn a_registry_that_deletes_nothing_is_told_and_nothing_is_lost() {
    let mut pair = Pair::new();
    pair.start_registry_changed(|config| {
        assert!(config.contains("  delete:\n    enabled: true"), "{config}");
        config.replace("  delete:\n    enabled: true", "  delete:\n    enabled: false")
    });
    pair.start_dockpass();
    pair.compared();
    pair.add_user("alice");
    let alice = pair.clients_of("alice", &[]);
    push(&pair, &alice, &["alice/app:1"]);
    pair.all_is_told(&alice, "alice");
    let owner = pair.dockpass().http_as("alice", &pair.dockpass().add_token("alice", &[]).secret);
    owner.delete("/api/v0/repositories/alice/app/tags/1").must_be_refused(409, "DELETION_DISABLED");
    let told = pair.dockpass().cli(&["repo", "delete-tag", "alice/app", "1", "--yes"]);
    assert_eq!(told.code(), Some(1), "{}", told.describe());
    told.must_fail_with(&["the registry deletes nothing: storage.delete.enabled is not set there"]);
    is_whole(&pair);
    let deleted = owner.delete("/api/v0/repositories/alice/app").must_be(204);
    let warning = deleted.header("Warning").expect("a warning");
    assert!(warning.contains("the registry is configured to delete nothing"), "{warning}");
    assert_eq!(tags_there(&pair, "alice/app"), json!(["1"]));
    pair.sync();
    assert_eq!(pair.dockpass().repository_names(), ["alice/marker"], "it stays away");
}

#[test]
fn while_the_registry_is_away_nothing_is_deleted_and_nothing_is_lost() {
    let mut pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    push(&pair, &alice, &["alice/app:1"]);
    pair.all_is_told(&alice, "alice");
    let owner = pair.dockpass().http_as("alice", &pair.dockpass().add_token("alice", &[]).secret);
    pair.stop_registry();
    let refused = owner.delete("/api/v0/repositories/alice/app/tags/1").must_be_refused(503, "UNAVAILABLE");
    assert!(refused.header("Retry-After").is_some(), "{}", refused.describe());
    assert!(
        !refused.body.contains("127."),
        "where the registry is, is the operator's business: {}",
        refused.describe()
    );
    eventually("the log says why", || pair.dockpass().log().contains("cannot reach the registry at").then_some(()));
    is_whole(&pair);
    pair.start_registry();
    owner.delete("/api/v0/repositories/alice/app/tags/1").must_be(204);
    assert_eq!((tags_there(&pair, "alice/app"), pair.dockpass().tags("alice/app").len()), (json!([]), 0));
}

#[test]
fn without_the_registrys_address_tags_are_listed_and_not_deleted() {
    let pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    push(&pair, &alice, &["alice/app:1"]);
    pair.all_is_told(&alice, "alice");
    let owner = pair.dockpass().http_as("alice", &pair.dockpass().add_token("alice", &[]).secret);
    owner.delete("/api/v0/repositories/alice/app/tags/1").must_be_refused(409, "NEEDS_REGISTRY_URL");
    for command in [&["repo", "delete-tag", "alice/app", "1", "--yes"][..], &["registry", "sync"]] {
        let run = pair.dockpass().cli(command);
        assert_eq!(run.code(), Some(1), "{}", run.describe());
        run.must_fail_with(&["dockpass does not know where the registry is: set registry.url in its configuration"]);
    }
    is_whole(&pair);
    let shown = pair.dockpass().cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("not set: registry.url in the configuration"), "{shown}");
    let listed = pair.dockpass().cli(&["repo", "tags", "alice/app"]).must_succeed().stdout;
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[0][0], rows[1][0], rows[1][3], rows[1][4]), ("TAG", "1", "-", "-"), "{listed}");
}

#[test]
fn the_command_line_shows_tags_and_the_registry_and_deletes_a_tag() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    push(&pair, &alice, &["alice/app:1", "alice/app:2"]);
    pair.all_is_told(&alice, "alice");
    pair.sync();
    let dockpass = pair.dockpass();
    let listed = dockpass.cli(&["repo", "tags", "alice/app"]).must_succeed().stdout;
    let image = Image::holding("alice/app:1");
    let row = listed.lines().nth(1).expect("the first tag");
    assert!(
        row.starts_with("1 ") && ["2.3 kB", "linux/amd64", &image.digest].iter().all(|text| row.contains(text)),
        "{listed}"
    );
    let shown = dockpass.cli(&["registry", "show"]).must_succeed().stdout;
    for text in
        [pair.url(), " since the start, the last at ".to_owned(), "done at ".to_owned(), ": all as known".to_owned()]
    {
        assert!(shown.contains(&text), "no {text:?} in:\n{shown}");
    }
    let deleted = dockpass.cli(&["repo", "delete-tag", "alice/app", "1", "--yes"]).must_succeed();
    assert_eq!(deleted.stdout, "deleted the tag alice/app:1\n");
    assert_eq!(tags_there(&pair, "alice/app"), json!(["2"]));
    dockpass.cli(&["repo", "delete-tag", "alice/app", "1", "--yes"]).must_fail_with(&["no such tag: alice/app:1"]);
    let audited = dockpass.http_as_admin().get("/api/v0/audit?action=tag.delete").must_be(200);
    let actor = audited.text("/records/0/actor");
    assert!(actor.starts_with("local:"), "{}", audited.describe());
    assert_eq!(audited.text("/records/0/object"), "alice/app:1");
    dockpass.cli(&["repo", "delete-tag", "alice/app", "2", "--yes"]).must_succeed();
    let empty = dockpass.cli(&["repo", "tags", "alice/app"]).must_succeed();
    assert!(empty.stderr.contains("No tags are known"), "{}", empty.describe());
}

#[test]
fn deleting_an_account_with_its_repositories_deletes_their_content() {
    let pair = Pair::with_users(&["alice", "bob"]);
    let (alice, bob) = (pair.clients_of("alice", &[]), pair.clients_of("bob", &[]));
    push(&pair, &alice, &["alice/app:1", "alice/app:2", "alice/tools/lint:1"]);
    push(&pair, &bob, &["bob/app:1"]);
    pair.all_is_told(&bob, "bob");
    let admin = pair.dockpass().http_as_admin();
    admin.delete("/api/v0/accounts/alice").must_be(204);
    for name in ["alice/app", "alice/tools/lint"] {
        eventually("the content is gone", || (tags_there(&pair, name) == json!([])).then_some(()));
    }
    assert_eq!(tags_there(&pair, "bob/app"), json!(["1"]));
    pair.sync();
    assert_eq!(pair.dockpass().repository_names(), ["bob/app", "bob/marker"]);
    // The account alone leaves them where they are.
    admin.delete("/enzi/v0/accounts/bob").must_be(204);
    pair.sync();
    assert_eq!(tags_there(&pair, "bob/app"), json!(["1"]));
    assert_eq!(pair.dockpass().tag_names("bob/app"), ["1"]);
}
