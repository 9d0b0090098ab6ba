//! The registry's notifications, end to end: pushes, pulls and deletions by skopeo at Debian's `docker-registry` show
//! up in the records, counts and tags of dockpass. The registry tells in order and after it has answered, so tests wait
//! for the last thing that they did. Where dockpass knows the registry, it reads the contents from there.

use serde_json::{Value, json};

use crate::support::{Clients, Dockpass, Http, Image, ImageList, Pair, process::eventually};

/// Waits until a repository has this tag.
fn tag_appears(pair: &Pair, repository: &str, tag: &str) -> Value {
    eventually(&format!("{repository}:{tag} is known"), || pair.dockpass().tag(repository, tag))
}

/// Pulls and pushes of a repository.
fn counts(pair: &Pair, repository: &str) -> (u64, u64) {
    let record = pair.dockpass().repository(repository);
    let count = |field: &str| record[field].as_u64().expect("a number");
    (count("pulls"), count("pushes"))
}

fn push(clients: &Clients, pair: &Pair, image: &Image, reference: &str) {
    clients.push(image, &pair.at(reference)).must_succeed();
}

#[test]
fn a_push_is_known_with_its_digest_and_counted() {
    let pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    pair.dockpass().cli(&["repo", "create", "alice/app"]).must_succeed();
    assert_eq!(pair.dockpass().repository("alice/app")["lastPush"], Value::Null);
    let image = Image::holding("pushed");
    push(&alice, &pair, &image, "alice/app:1");
    let tag = tag_appears(&pair, "alice/app", "1");
    assert_eq!((&tag["digest"], &tag["manifest"]["digest"]), (&json!(image.digest), &json!(image.digest)));
    assert_eq!(alice.digest(&pair.at("alice/app:1")), image.digest);
    // What the manifest says is not told; dockpass cannot ask, and says nothing instead.
    let manifest = &tag["manifest"];
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!((&manifest["size"], &manifest["configDigest"]), (&json!(0), &json!("")), "{tag}");
    assert_eq!((&tag["platforms"], &manifest["os"]), (&json!([]), &json!("")), "{tag}");
    let record = pair.dockpass().repository("alice/app");
    assert_eq!((&record["pushes"], record["lastPush"].is_string()), (&json!(1), true), "{record}");

    let second = Image::holding("pushed later");
    push(&alice, &pair, &second, "alice/app:1");
    pair.all_is_told(&alice, "alice");
    assert_eq!(pair.dockpass().tags("alice/app").len(), 1);
    assert_eq!(tag_appears(&pair, "alice/app", "1")["digest"], second.digest);
    assert_eq!(counts(&pair, "alice/app").1, 2);
    let shown = pair.dockpass().cli_json(&["registry", "show"]);
    assert!(shown["url"].is_null() && shown["comparison"].is_null(), "{shown}");
    assert!(shown["notifications"]["received"].as_u64() >= Some(3), "{shown}");
}

#[test]
fn pulls_count_by_tag_and_by_the_digest_of_a_tag_and_looking_does_not() {
    let pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let image = Image::holding("pulled");
    push(&alice, &pair, &image, "alice/app:1");
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (0, 1), "a push is no pull");
    alice.pull(&pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (1, 1));
    alice.pull(&pair.at(&format!("alice/app@{}", image.digest))).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (2, 1));

    let secret = pair.dockpass().add_token("alice", &[]).secret;
    let token = pair.dockpass().registry_token("alice", &secret, &["repository:alice/app:pull"]);
    let registry = Http::at(&pair.url()).bearer(&token).header("Accept", "application/vnd.oci.image.manifest.v1+json");
    for reference in ["1", &image.digest] {
        let answer = registry.head(&format!("/v2/alice/app/manifests/{reference}")).must_be(200);
        assert_eq!(answer.header("Docker-Content-Digest"), Some(image.digest.as_str()));
    }
    registry.get("/v2/alice/app/tags/list").must_be(200);
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (2, 1), "HEAD fetches nothing");
}

#[test]
fn a_list_of_images_is_pulled_once_whatever_the_number_of_its_parts() {
    let pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let list = ImageList::holding("several platforms");
    alice.push_list(&list, &pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (0, 1), "the parts are pushed by digest, and are no pushes of their own");
    assert_eq!(pair.dockpass().tag("alice/app", "1").expect("the tag")["digest"], list.digest);
    let received = || pair.dockpass().cli_json(&["registry", "show"])["notifications"]["received"].as_u64();
    let before = received().expect("a number");
    alice.pull_list_into(&pair.at("alice/app:1"), &Image::empty_layout()).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (1, 1));
    assert!(received() >= Some(before + 5), "the list, three parts, and the last word were told");
}

#[test]
fn deleting_a_manifest_takes_every_tag_that_pointed_to_it() {
    let pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let (image, other) = (Image::holding("with two tags"), Image::holding("another"));
    ["1", "latest"].iter().for_each(|tag| push(&alice, &pair, &image, &format!("alice/app:{tag}")));
    push(&alice, &pair, &other, "alice/app:2");
    push(&alice, &pair, &image, "alice/copy:1");
    pair.all_is_told(&alice, "alice");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "2", "latest"]);
    alice.delete(&pair.at("alice/app:latest")).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["2"]);
    assert_eq!(pair.dockpass().tag_names("alice/copy"), ["1"], "another repository's is another manifest");
    alice.delete(&pair.at("alice/app:2")).must_succeed();
    pair.all_is_told(&alice, "alice");
    let record = pair.dockpass().repository("alice/app");
    assert_eq!(pair.dockpass().tag_names("alice/app"), [""; 0]);
    assert_eq!(record["pushes"], 3, "{record}");
    assert!(record["missingSince"].is_string(), "nothing is left: {record}");
}

#[test]
fn what_a_manifest_says_is_read_soon_after_the_push_and_counts_as_no_pull() {
    let pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    let (image, list) = (Image::holding("read after the push"), ImageList::holding("read after the push"));
    push(&alice, &pair, &image, "alice/app:1");
    alice.push_list(&list, &pair.at("alice/app:all")).must_succeed();
    let read = |tag: &str| {
        let is_read = |found: &Value| found["manifest"]["size"].as_u64() > Some(0);
        eventually("the manifest is read", || pair.dockpass().tag("alice/app", tag).filter(is_read))
    };
    let (one, all) = (read("1"), read("all"));
    assert_eq!((&one["digest"], &one["manifest"]["size"]), (&json!(image.digest), &json!(image.size)));
    assert_eq!(one["platforms"], json!(["linux/amd64"]));
    assert_eq!((&one["manifest"]["os"], &one["manifest"]["architecture"]), (&json!("linux"), &json!("amd64")));
    assert_eq!(one["manifest"]["createdAt"], "2024-01-01T00:00:00Z");
    assert!(one["manifest"]["configDigest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{one}");
    assert_eq!((&all["digest"], &all["manifest"]["size"]), (&json!(list.digest), &json!(list.size)));
    assert_eq!(all["platforms"], json!(["linux/amd64", "linux/arm64"]));
    // dockpass fetched the manifests for that, as itself.
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (0, 2));
}

#[test]
fn counts_and_tags_are_there_after_a_restart_and_pushes_after_a_crash() {
    let mut pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    push(&alice, &pair, &Image::holding("first"), "alice/app:1");
    alice.pull(&pair.at("alice/app:1")).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (1, 1));
    let (record, tags) = (pair.dockpass().repository("alice/app"), pair.dockpass().tags("alice/app"));
    pair.stop_dockpass();
    pair.start_dockpass_without_url();
    assert_eq!(pair.dockpass().repository("alice/app"), record);
    assert_eq!(pair.dockpass().tags("alice/app"), tags);

    push(&alice, &pair, &Image::holding("second"), "alice/app:2");
    alice.pull(&pair.at("alice/app:2")).must_succeed();
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (2, 2));
    pair.kill_dockpass();
    pair.start_dockpass_without_url();
    let (pulls, pushes) = counts(&pair, "alice/app");
    assert_eq!((pushes, pair.dockpass().tag_names("alice/app")), (2, vec!["1".to_owned(), "2".to_owned()]));
    // Those of the last half minute may be lost, the others may not.
    assert!((1..=2).contains(&pulls), "{pulls}");
}

#[test]
fn what_happens_while_dockpass_is_away_is_told_when_it_is_back() {
    let mut pair = Pair::without_url(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    push(&alice, &pair, &Image::holding("before"), "alice/app:1");
    tag_appears(&pair, "alice/app", "1");
    let secret = pair.dockpass().add_token("alice", &[]).secret;
    let token = pair.dockpass().registry_token("alice", &secret, &["repository:alice/app:push"]);
    pair.stop_dockpass();
    let image = Image::holding("while it was away");
    alice.push_with(&token, &image, &pair.at("alice/app:2")).must_succeed();
    pair.start_dockpass_without_url();
    assert_eq!(tag_appears(&pair, "alice/app", "2")["digest"], image.digest);
    pair.all_is_told(&alice, "alice");
    assert_eq!(counts(&pair, "alice/app"), (0, 2));
}

#[test]
fn the_secret_is_printed_at_the_local_socket_and_not_over_the_network() {
    let dockpass = Dockpass::start();
    let config = |more: &[&str], environment: &[(&str, &str)]| {
        let arguments = [more, &["registry", "config", "--for", "distribution"]].concat();
        let mut command = crate::support::exe::cli_command(&dockpass.data(), &arguments);
        let run = crate::support::process::Run::of(command.envs(environment.iter().copied()), "");
        run.must_succeed().stdout
    };
    let secret = std::fs::read_to_string(dockpass.data().join("keys/registry-events-secret")).expect("a secret");
    let shown = format!("Authorization: [\"Bearer {}\"]", secret.trim());
    assert!(config(&[], &[]).contains(&shown));
    let admin = dockpass.add_token("admin", &[]).secret;
    let (server, user) =
        (format!("http://{}", dockpass.address), [("DOCKPASS_USER", "admin"), ("DOCKPASS_TOKEN", &*admin)]);
    let told = config(&["--server", &server], &user);
    assert!(told.contains("Authorization: [\"Bearer SECRET\"]") && !told.contains(secret.trim()), "{told}");
}
