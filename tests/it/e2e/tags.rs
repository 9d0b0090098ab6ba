//! Tags over the API, with a real registry behind it: who sees them, page by page, and who may delete them there.

use serde_json::{Value, json};

use crate::support::{Clients, Http, Image, ImageList, Pair, http::Answer};

const TAGS: &str = "/api/v0/repositories/alice/app/tags";

/// A registry with dockpass, the repository alice/app of alice, bob who may read it, carol who may write, and dave.
fn team() -> Pair {
    let pair = Pair::with_users(&["alice", "bob", "carol", "dave"]);
    let run = |command: &[&str]| drop(pair.dockpass().cli(command).must_succeed());
    run(&["repo", "create", "alice/app"]);
    run(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-only"]);
    run(&["grant", "set", "alice/app", "--user", "carol", "--access", "read-write"]);
    pair
}

/// The API as this user, with a new access token; `options` are those of `token create`.
fn api(pair: &Pair, user: &str, options: &[&str]) -> Http {
    pair.dockpass().http_as(user, &pair.dockpass().add_token(user, options).secret)
}

/// Pushes a different image for each of these tags of alice/app, and waits until they are known.
fn push_each(pair: &Pair, clients: &Clients, tags: &[&str]) {
    for tag in tags {
        let image = Image::holding(&format!("only {tag}"));
        clients.push(&image, &pair.at(&format!("alice/app:{tag}"))).must_succeed();
    }
    pair.all_is_told(clients, "alice");
}

/// What skopeo lists, in order.
fn tags_there(pair: &Pair, clients: &Clients) -> Vec<String> {
    let listed = clients.tags(&pair.at("alice/app")).must_succeed().stdout;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let mut tags: Vec<String> = serde_json::from_value(listed["Tags"].clone()).expect("a list of texts");
    tags.sort();
    tags
}

fn path(tag: &str) -> String {
    format!("{TAGS}/{tag}")
}

fn audited(pair: &Pair) -> Vec<(String, String, String)> {
    let audited = pair.dockpass().http_as_admin().get("/api/v0/audit?action=tag.delete&pageSize=0").must_be(200).json();
    let text = |record: &Value, field: &str| record[field].as_str().expect("a text").to_owned();
    let fields = |record| (text(record, "actor"), text(record, "object"), text(record, "outcome"));
    audited["records"].as_array().expect("records").iter().map(fields).collect()
}

/// The deletions that began and have no end in the audit log.
fn left_open(pair: &Pair) -> Vec<String> {
    let list = pair.dockpass().http_as_admin().get("/api/v0/audit?outcome=success&pageSize=0").must_be(200).json();
    let of = |actions: &[&str]| -> Vec<String> {
        let records = list["records"].as_array().expect("records").iter();
        let meant = records.filter(|record| record["action"].as_str().is_some_and(|action| actions.contains(&action)));
        meant.map(|record| record["object"].as_str().expect("an object").to_owned()).collect()
    };
    let mut begun = of(&["tag.beginDelete"]);
    for ended in of(&["tag.delete", "tag.cancelDelete"]) {
        let at = begun.iter().position(|object| *object == ended);
        begun.swap_remove(at.unwrap_or_else(|| panic!("{ended} ends and never began")));
    }
    begun
}

#[test]
fn tags_are_listed_by_name_page_by_page_with_the_fields_of_dtr() {
    let pair = team();
    let alice = pair.clients_of("alice", &[]);
    push_each(&pair, &alice, &["latest", "1.0", "2.0", "1.10", "a_b"]);
    let (owner, reader) = (api(&pair, "alice", &[]), api(&pair, "bob", &[]));
    let names = |list: &Value| -> Vec<String> {
        let tags = list.as_array().expect("a bare array").iter();
        tags.map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&reader.get(TAGS).must_be(200).json()), ["1.0", "1.10", "2.0", "a_b", "latest"]);
    let page = owner.get(&format!("{TAGS}?pageSize=2&count=true")).must_be(200);
    assert_eq!(names(&page.json()), ["1.0", "1.10"]);
    assert_eq!((page.header("X-Next-Page-Start"), page.header("X-Resource-Count")), (Some("1.10"), Some("5")));
    let page = owner.get(&format!("{TAGS}?pageSize=2&pageStart=2.0")).must_be(200);
    assert_eq!(names(&page.json()), ["a_b", "latest"]);
    assert_eq!((page.header("X-Next-Page-Start"), page.header("X-Resource-Count")), (None, None));
    owner.get(&format!("{TAGS}?pageStart=no%20tag")).must_be_refused(400, "INVALID_PARAMETERS");

    let tag = owner.get(&format!("{TAGS}?pageSize=1")).must_be(200).json()[0].clone();
    let mut fields: Vec<_> = tag.as_object().expect("an object").keys().cloned().collect();
    fields.sort();
    let dtr = ["author", "createdAt", "digest", "hashMismatch", "inNotary", "manifest", "name", "updatedAt"];
    assert!(dtr.iter().all(|field| fields.contains(&(*field).to_owned())), "{tag}");
    assert_eq!((&tag["hashMismatch"], &tag["inNotary"]), (&json!(false), &json!(false)));
    assert_eq!(tag["digest"], Image::holding("only 1.0").digest);
    for stranger in [api(&pair, "dave", &[]), pair.dockpass().http()] {
        stranger.get(TAGS).must_be_one_of(&[401, 404]);
    }
    pair.dockpass().cli(&["repo", "set", "alice/app", "--public", "true"]).must_succeed();
    assert_eq!(names(&api(&pair, "dave", &[]).get(TAGS).must_be(200).json()).len(), 5);
}

#[test]
fn who_may_write_deletes_a_tag_and_it_is_gone_from_the_registry() {
    let pair = team();
    let alice = pair.clients_of("alice", &[]);
    push_each(&pair, &alice, &["1", "2", "3", "4"]);
    let everything = ["1", "2", "3", "4"];
    pair.dockpass().http().delete(&path("1")).must_be(401);
    api(&pair, "dave", &[]).delete(&path("1")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    api(&pair, "bob", &[]).delete(&path("1")).must_be_refused(403, "NOT_AUTHORIZED");
    api(&pair, "carol", &["--access", "read-only"]).delete(&path("1")).must_be_refused(403, "NOT_AUTHORIZED");
    api(&pair, "alice", &["--repository", "alice/other"]).delete(&path("1")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    assert_eq!(
        (tags_there(&pair, &alice), pair.dockpass().tag_names("alice/app")),
        (everything.map(str::to_owned).to_vec(), everything.map(str::to_owned).to_vec())
    );

    let answer = api(&pair, "carol", &[]).delete(&path("1")).must_be(204);
    assert_eq!(answer.body, "");
    assert_eq!(
        (tags_there(&pair, &alice), pair.dockpass().tag_names("alice/app").len()),
        (["2", "3", "4"].map(str::to_owned).to_vec(), 3)
    );
    alice.pull(&pair.at("alice/app:1")).must_fail_with(&["manifest unknown"]);
    let capped = ["--access", "read-write", "--repository", "alice/*"];
    api(&pair, "carol", &capped).delete(&path("2")).must_be(204);
    api(&pair, "admin", &[]).delete(&path("3")).must_be(204);
    assert_eq!(tags_there(&pair, &alice), ["4"]);
    pair.all_is_told(&alice, "alice");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["4"]);
    let deleted = audited(&pair).into_iter().filter(|(.., outcome)| outcome == "success");
    let expected = [("admin", "3"), ("carol", "2"), ("carol", "1")];
    let expected = expected.map(|(actor, tag)| (actor.to_owned(), format!("alice/app:{tag}"), "success".to_owned()));
    assert_eq!(deleted.collect::<Vec<_>>(), expected);
}

#[test]
fn a_tag_that_shares_its_manifest_is_not_deleted_on_a_registry_that_deletes_manifests_only() {
    let pair = team();
    let (alice, owner) = (pair.clients_of("alice", &[]), api(&pair, "alice", &[]));
    let image = Image::holding("with two tags");
    ["1", "latest"]
        .iter()
        .for_each(|tag| drop(alice.push(&image, &pair.at(&format!("alice/app:{tag}"))).must_succeed()));
    // Known by nobody but the registry, which is asked.
    Clients::new().push(&image, &pair.open_registry().at("alice/app:unheard-of")).must_succeed();
    push_each(&pair, &alice, &["other"]);
    let refused = owner.delete(&path("1")).must_be_refused(409, "TAG_SHARES_MANIFEST");
    let mut named: Vec<String> =
        serde_json::from_value(refused.json()["errors"][0]["detail"]["tags"].clone()).expect("tags");
    named.sort();
    assert_eq!(named, ["latest", "unheard-of"]);
    assert!(refused.text("/errors/0/message").contains("latest"), "{}", refused.describe());
    assert_eq!(tags_there(&pair, &alice), ["1", "latest", "other", "unheard-of"]);
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "latest", "other"]);
    alice.pull(&pair.at("alice/app:1")).must_succeed();
    assert_eq!((audited(&pair), left_open(&pair)), (vec![], vec![]));
}

/// The tags that an error names.
fn named(answer: &Answer) -> Vec<String> {
    serde_json::from_value(answer.json()["errors"][0]["detail"]["tags"].clone()).expect("tags")
}

#[test]
fn tags_of_one_manifest_go_together_if_they_are_named() {
    let pair = team();
    let alice = pair.clients_of("alice", &[]);
    let owner = api(&pair, "alice", &[]);
    let image = Image::holding("with several tags");
    for tag in ["1", "latest", "stable"] {
        alice.push(&image, &pair.at(&format!("alice/app:{tag}"))).must_succeed();
    }
    Clients::new().push(&image, &pair.open_registry().at("alice/app:unheard-of")).must_succeed();
    push_each(&pair, &alice, &["other"]);
    let all = ["1", "latest", "other", "stable", "unheard-of"];
    for (also, in_the_way) in
        [("latest,other", &["stable", "unheard-of"][..]), ("unheard-of,stable,none", &["latest"]), ("1", &all[1..])]
    {
        let refused = owner.delete(&format!("{}?alsoTags={also}", path("1")));
        let refused = refused.must_be_refused(409, "TAG_SHARES_MANIFEST");
        let expected = in_the_way.iter().filter(|tag| **tag != "other").copied().collect::<Vec<_>>();
        assert_eq!(named(&refused), expected, "{also}");
        assert_eq!(tags_there(&pair, &alice), all);
    }
    api(&pair, "bob", &[]).delete(&format!("{}?alsoTags=latest", path("1"))).must_be_refused(403, "NOT_AUTHORIZED");
    let also = "latest,stable,unheard-of,other,none";
    let done = api(&pair, "carol", &[]).delete(&format!("{}?alsoTags={also}", path("1"))).must_be(204);
    assert_eq!(done.body, "");
    // What was named and points elsewhere stays.
    assert_eq!(tags_there(&pair, &alice), ["other"]);
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["other"]);
    alice.pull(&pair.at("alice/app:other")).must_succeed();
    let mut recorded: Vec<_> = audited(&pair).into_iter().filter(|(.., outcome)| outcome == "success").collect();
    recorded.sort();
    let expected = ["1", "latest", "stable", "unheard-of"];
    assert_eq!(recorded, expected.map(|tag| ("carol".to_owned(), format!("alice/app:{tag}"), "success".to_owned())));
    pair.sync();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["other"]);
    owner.delete(&format!("{}?alsoTags=other", path("latest"))).must_be_refused(404, "NO_SUCH_TAG");
    assert_eq!(tags_there(&pair, &alice), ["other"], "nothing goes along with what is not there");
    assert_eq!(left_open(&pair), Vec::<String>::new());
}

#[test]
fn a_list_of_images_goes_before_what_it_is_made_of() {
    let pair = team();
    let (alice, owner) = (pair.clients_of("alice", &[]), api(&pair, "alice", &[]));
    alice.push_list(&ImageList::holding("twice"), &pair.at("alice/app:multi")).must_succeed();
    for tag in ["1", "one"] {
        alice.push(&Image::holding("twice"), &pair.at(&format!("alice/app:{tag}"))).must_succeed();
    }
    pair.all_is_told(&alice, "alice");
    // It would be broken, and it leads to a manifest of its own, which nobody asked to delete.
    let refused = owner.delete(&format!("{}?alsoTags=one,multi", path("1")));
    assert_eq!(named(&refused.must_be_refused(409, "TAG_SHARES_MANIFEST")), ["multi"]);
    let refused = pair.dockpass().cli(&["repo", "delete-tag", "alice/app", "1", "--yes"]);
    refused.must_fail_with(&["other tags lead to the same one: multi, one"]);
    let refused = pair.dockpass().cli(&["repo", "delete-tag", "alice/app", "1", "one", "--yes"]);
    refused.must_fail_with(&["one: nothing was deleted", "multi"]);
    assert_eq!(tags_there(&pair, &alice), ["1", "multi", "one"]);
    let done = pair.dockpass().cli(&["repo", "delete-tag", "alice/app", "1", "one", "multi", "--yes"]).must_succeed();
    assert_eq!(done.stdout, "deleted the tags alice/app:1, alice/app:multi, alice/app:one\n");
    assert_eq!((tags_there(&pair, &alice).len(), pair.dockpass().tag_names("alice/app").len()), (0, 0));
}

#[test]
fn a_tag_that_is_not_there_is_told_so_whatever_is_remembered_of_it() {
    let pair = team();
    let (alice, owner) = (pair.clients_of("alice", &[]), api(&pair, "alice", &[]));
    push_each(&pair, &alice, &["1", "2"]);
    for tag in ["none", "no%20tag", "..", "sha256:00"] {
        owner.delete(&path(tag)).must_be_refused(404, "NO_SUCH_TAG");
    }
    owner.delete("/api/v0/repositories/alice/none/tags/1").must_be_refused(404, "NO_SUCH_REPOSITORY");
    // Deleted behind dockpass's back: asking for its deletion once more puts right what is known.
    Clients::new().delete(&pair.open_registry().at("alice/app:1")).must_succeed();
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "2"]);
    owner.delete(&path("1")).must_be(204);
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["2"]);
    owner.delete(&path("1")).must_be_refused(404, "NO_SUCH_TAG");
    assert_eq!((audited(&pair), left_open(&pair)), (vec![], vec![]), "nothing was deleted");
}
