//! What goes through the gateway, request by request: what is recorded of it, tags that nobody moves, blobs that are linked
//! from elsewhere, and who may come with a password. The registry is Debian's.

use std::{
    io::Write,
    net::TcpStream,
    sync::{Mutex, mpsc::channel},
    thread,
};

use serde_json::{Value, json};

use crate::support::{
    InProcess, Registry,
    gateway::{CONFIG, acts, before, before_a_registry, blob_of, manifest, manifest_of, uploads_of},
    http::{Answer, Http},
    image::sha256,
    mock::{Mock, answer},
    notify::{MEDIA_TYPE, pull, push, tags},
    process::eventually,
    raw::basic,
    site::{Caller, repository_path},
};

const APP: &str = "alice/app";

fn site() -> (InProcess, Registry, Caller) {
    let (site, registry) = before_a_registry(&[]);
    let alice = site.add_robot("alice");
    (site, registry, alice)
}

fn counts(site: &InProcess) -> [Value; 2] {
    let shown = site.as_local().get(&repository_path(APP)).must_be(200).json();
    [shown["pulls"].clone(), shown["pushes"].clone()]
}

/// Pulls and pushes of today.
fn today(site: &InProcess) -> [Value; 2] {
    let shown = site.as_local().get(&format!("{}/activity", repository_path(APP))).must_be(200).json();
    let last = shown["days"].as_array().expect("days").last().expect("today").clone();
    [last["pulls"].clone(), last["pushes"].clone()]
}

fn audited(site: &InProcess, act: &str) -> Vec<String> {
    let records = site.audit(&format!("action={act}"));
    records
        .iter()
        .map(|it| format!("{} by {}", it["object"].as_str().expect("it"), it["actor"].as_str().expect("who")))
        .collect()
}

// --- what is recorded ---

#[test]
fn pushes_pulls_and_deletions_are_counted_and_recorded_before_the_answer() {
    let (site, _registry, alice) = site();
    let alice = site.with_registry_token(&alice, &["alice/app:pull,push,delete"]);
    alice.push_blob(APP, CONFIG.as_bytes());
    let [one, two] = ["one", "two"].map(manifest);
    let digest = sha256(one.to_string().as_bytes());
    alice.put_manifest(APP, "1", &one).must_be(201);
    assert_eq!(
        (tags(&site, APP), counts(&site), today(&site)),
        (vec!["1".to_owned()], [json!(0), json!(1)], [json!(0), json!(1)])
    );
    alice.put_manifest(APP, "latest", &one).must_be(201);
    alice.put_manifest(APP, &sha256(two.to_string().as_bytes()), &two).must_be(201);
    assert_eq!(audited(&site, "tag.push"), ["alice/app:latest by alice", "alice/app:1 by alice"]);
    assert_eq!(audited(&site, "manifest.push").len(), 1);
    let record = &site.audit("action=tag.push")[0];
    // The registry token, and the access token that it was made with.
    let credential = record["credential"].as_str().expect("a credential");
    assert!(credential.starts_with("registryToken:") && record["outcome"] == "success", "{record}");

    alice.get_manifest(APP, "1").must_be(200);
    alice.get_manifest(APP, &digest).must_be(200);
    alice.head_manifest(APP, "1").must_be(200);
    assert_eq!(alice.get_manifest(APP, "none").must_be(404).code(), "MANIFEST_UNKNOWN");
    assert_eq!((counts(&site), today(&site)), ([json!(2), json!(2)], [json!(2), json!(2)]));

    // What the registry refuses is not recorded.
    let mut broken = manifest("broken");
    broken["config"]["digest"] = json!(sha256(b"nowhere"));
    alice.put_manifest(APP, "broken", &broken).must_be(400);
    alice.delete(&manifest_of(APP, "1")).must_be_one_of(&[400, 405]);
    assert_eq!((tags(&site, APP), counts(&site)), (vec!["1".to_owned(), "latest".to_owned()], [json!(2), json!(2)]));

    alice.delete(&manifest_of(APP, &digest)).must_be(202);
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    assert_eq!(audited(&site, "manifest.delete"), [format!("{APP}@{digest} by alice")]);
    alice.delete(&manifest_of(APP, &digest)).must_be(404);
    assert_eq!(audited(&site, "manifest.delete").len(), 1);
}

#[test]
fn a_registry_that_notifies_as_well_counts_nothing_twice() {
    let (site, _registry, alice) = site();
    alice.push_image(APP, "1", "one");
    alice.get_manifest(APP, "1").must_be(200);
    site.notify(&[push("1", APP, "1", 1), push("2", APP, "2", 2), pull("3", APP, "1", 1)]).must_be(200);
    assert_eq!((tags(&site, APP), counts(&site)), (vec!["1".to_owned()], [json!(1), json!(1)]));
}

#[test]
fn a_registry_that_deletes_by_tag_leaves_the_others() {
    // Debian's registry does not; Distribution 3 and zot do.
    let digest = sha256(b"{}");
    let registry = Mock::saying(move |line| {
        let told = format!("Docker-Content-Digest: {digest}\r\n");
        Some(match line.split(' ').next() {
            Some("PUT") => answer(201, &told, ""),
            Some("DELETE") => answer(202, "", ""),
            _ => answer(404, "", "{}"),
        })
    });
    let site = before(&registry.url, &[]);
    let alice = site.add_robot("alice");
    for tag in ["1", "2"] {
        alice.put_manifest(APP, tag, &json!({})).must_be(201);
    }
    alice.delete(&manifest_of(APP, "1")).must_be(202);
    assert_eq!(tags(&site, APP), ["2"]);
    assert_eq!(audited(&site, "tag.delete"), ["alice/app:1 by alice"]);
}

#[test]
fn a_push_whose_client_hangs_up_is_recorded_all_the_same() {
    let (asked, was_asked) = channel();
    let (go, may_go) = channel::<()>();
    let (asked, may_go) = (Mutex::new(asked), Mutex::new(may_go));
    let registry = Mock::saying(move |line| {
        if line == "PUT /v2/alice/app/manifests/1" {
            asked.lock().expect("one asks").send(()).expect("the test waits");
            may_go.lock().expect("one asks").recv().expect("the test goes on");
            return Some(answer(201, "", ""));
        }
        Some(answer(404, "", "{}"))
    });
    let site = before(&registry.url, &[]);
    site.add_service("alice");
    let secret = site.add_token("alice", &json!({})).secret;
    let mut client = TcpStream::connect(site.address()).expect("a connection");
    let basic = basic("alice", &secret);
    let head = format!(
        "PUT /v2/alice/app/manifests/1 HTTP/1.1\r\nHost: h\r\n{basic}Content-Type: \
         {MEDIA_TYPE}\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    client.write_all(head.as_bytes()).expect("it is sent");
    was_asked.recv().expect("the registry has it");
    drop(client);
    // The server has noticed by the time that it answers somebody else.
    site.as_nobody().get("/auth/keys").must_be(200);
    go.send(()).expect("the registry answers");
    eventually("it is recorded", || (tags(&site, APP) == ["1"]).then_some(()));
    assert_eq!(acts(&site.audit("object=alice/app:1")), ["tag.push alice"]);
}

// --- tags that nobody moves ---

/// alice's repository with the first image as `v1` and as `latest`.
fn with_immutable(body: &Value) -> (InProcess, Registry, Caller) {
    let (site, registry, alice) = site();
    let mut body = body.clone();
    body["name"] = json!("app");
    alice.post("/api/v0/repositories/alice", &body).must_be(201);
    for tag in ["v1", "latest"] {
        alice.push_image(APP, tag, "the first");
    }
    (site, registry, alice)
}

fn must_not_move(caller: &Caller, tag: &str) {
    let refused = caller.put_manifest(APP, tag, &manifest("the second")).must_be_refused(409, "TAG_IMMUTABLE");
    assert!(refused.text("/errors/0/message").contains(tag), "{}", refused.describe());
}

#[test]
fn an_immutable_tag_is_moved_by_nobody_until_it_is_deleted() {
    let (site, registry, alice) = with_immutable(&json!({ "immutableTags": true }));
    let first = sha256(manifest("the first").to_string().as_bytes());
    let clients = site.with_registry_token(&alice, &["alice/app:pull,push"]);
    for caller in [&alice, &clients, &site.as_admin()] {
        must_not_move(caller, "v1");
        must_not_move(caller, "latest");
        caller.put_manifest(APP, "v1", &manifest("the first")).must_be(201);
    }
    // A manifest without a tag, and a tag that is new.
    let second = sha256(manifest("the second").to_string().as_bytes());
    alice.put_manifest(APP, &second, &manifest("the second")).must_be(201);
    alice.put_manifest(APP, "v2", &manifest("the second")).must_be(201);
    must_not_move(&site.as_admin(), "v1");
    let straight = Http::at(&format!("http://{}", registry.address)).header("Accept", MEDIA_TYPE);
    let held = straight.head(&manifest_of(APP, "v1")).must_be(200);
    assert_eq!(held.header("docker-content-digest"), Some(first.as_str()));

    alice.delete(&manifest_of(APP, &first)).must_be(202);
    alice.put_manifest(APP, "v1", &manifest("the third")).must_be(201);
    must_not_move(&alice, "v1");
    // By the API as well.
    alice.delete(&format!("{}/tags/v1", repository_path(APP))).must_be(204);
    alice.put_manifest(APP, "v1", &manifest("the second")).must_be(201);
    // Once the tags may move, they do.
    alice.patch(&repository_path(APP), &json!({ "immutableTags": false })).must_be(200);
    alice.put_manifest(APP, "v1", &manifest("the first")).must_be(201);
}

#[test]
fn tags_that_match_a_pattern_are_immutable_and_others_move() {
    let (_site, _registry, alice) = with_immutable(&json!({ "immutableTagPatterns": ["v*"] }));
    must_not_move(&alice, "v1");
    alice.put_manifest(APP, "latest", &manifest("the second")).must_be(201);
    alice.put_manifest(APP, "V1", &manifest("the second")).must_be(201);
    alice.put_manifest(APP, "V1", &manifest("the first")).must_be(201);
    // A tag that became immutable after it was pushed.
    alice.patch(&repository_path(APP), &json!({ "immutableTagPatterns": ["v*", "V1"] })).must_be(200);
    must_not_move(&alice, "V1");
}

#[test]
fn of_pushes_of_the_same_new_tag_one_wins() {
    let (site, _registry, alice) = with_immutable(&json!({ "immutableTags": true }));
    let texts: Vec<_> = (0..8).map(|number| format!("number {number}")).collect();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let pushes: Vec<_> =
            texts.iter().map(|text| scope.spawn(|| alice.put_manifest(APP, "new", &manifest(text)))).collect();
        pushes.into_iter().map(|push| push.join().expect("an answer")).collect()
    });
    let won: Vec<_> = texts.iter().zip(&answers).filter(|(_, answer)| answer.status == 201).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let refused = answers.iter().filter(|answer| answer.status == 409 && answer.code() == "TAG_IMMUTABLE");
    assert_eq!(refused.count(), 7, "{answers:?}");
    let there = alice.get_manifest(APP, "new").must_be(200);
    assert_eq!(there.json(), manifest(won[0].0));
    let digest = sha256(there.body.as_bytes());
    let known = site.as_local().get(&format!("{}/tags", repository_path(APP))).must_be(200).json();
    let known = known.as_array().expect("tags").iter().find(|tag| tag["name"] == "new").cloned().expect("the tag");
    assert_eq!((&known["digest"], &known["isImmutable"]), (&json!(digest), &json!(true)));
}

#[test]
fn what_is_known_of_a_tag_is_what_the_registry_has_however_many_push_it() {
    let (site, _registry, alice) = site();
    alice.push_image(APP, "latest", "the first");
    for round in 0..4 {
        thread::scope(|scope| {
            for number in 0..6 {
                let (alice, content) = (&alice, manifest(&format!("{round} {number}")));
                scope.spawn(move || alice.put_manifest(APP, "latest", &content).must_be(201));
            }
        });
        let there = sha256(alice.get_manifest(APP, "latest").must_be(200).body.as_bytes());
        let known = site.as_local().get(&format!("{}/tags", repository_path(APP))).must_be(200).json();
        assert_eq!(known[0]["digest"], json!(there), "{known}");
    }
}

#[test]
fn no_parameter_gives_a_manifest_its_tag() {
    let (_site, _registry, alice) = with_immutable(&json!({ "immutableTags": true }));
    let second = manifest("the second");
    let digest = sha256(second.to_string().as_bytes());
    for query in ["?tag=v1", "?x=1&tag=v1", "?t%61g=v1"] {
        let refused = alice.header("Content-Type", MEDIA_TYPE).send(
            "PUT",
            &format!("{}{query}", manifest_of(APP, &digest)),
            second.to_string().as_bytes(),
        );
        refused.must_be(400);
    }
    alice.get_manifest(APP, &digest).must_be(404);
}

// --- blobs from elsewhere ---

fn mounting(to: &str, digest: &str, from: &str) -> String {
    format!("{}?mount={digest}&from={from}", uploads_of(to))
}

#[test]
fn a_blob_is_linked_from_where_its_taker_may_pull_and_sent_otherwise() {
    let (site, _registry, alice) = site();
    for name in ["alice/base", "alice/secret"] {
        site.add_repository(name);
    }
    site.add_service("bob");
    site.grant("alice/base", "bob", "read-only");
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    let [shared, secret] = [("alice/base", "shared"), ("alice/secret", "secret")]
        .map(|(name, text)| alice.push_blob(name, text.as_bytes()));
    let app = "bob/app";

    let whole = site.with_registry_token(&bob, &["bob/app:pull,push", "alice/base:pull", "alice/secret:pull"]);
    whole.get(&blob_of(app, &shared)).must_be(404);
    let linked = whole.send("POST", &mounting(app, &shared, "alice/base"), b"").must_be(201);
    assert_eq!(linked.header("location"), Some(blob_of(app, &shared).as_str()));
    assert_eq!(whole.get(&blob_of(app, &shared)).must_be(200).body, "shared");

    for caller in [&whole, &bob] {
        let upload = caller.send("POST", &mounting(app, &secret, "alice/secret"), b"").must_be(202);
        assert!(upload.header("location").is_some_and(|location| location.starts_with(&uploads_of(app))));
        caller.get(&blob_of(app, &secret)).must_be(404);
    }
    // Half a mount is none: others would look everywhere for the blob.
    whole.send("POST", &format!("{}?mount={secret}", uploads_of(app)), b"").must_be(202);
    whole.send("POST", &format!("{}?from=alice/secret", uploads_of(app)), b"").must_be(202);
    // Nor does a form bring one along.
    let form = format!("mount={secret}&from=alice/secret");
    let sent = whole.post_form(&uploads_of(app), &form);
    assert!(sent.status != 201, "{}", sent.describe());
    whole.get(&blob_of(app, &secret)).must_be(404);

    let narrow = site.with_registry_token(&bob, &["bob/new:pull,push"]);
    let refused = narrow.send("POST", &mounting("bob/new", &shared, "alice/base"), b"").must_be(401);
    let challenge = refused.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("scope=\"repository:bob/new:pull,push repository:alice/base:pull\""), "{challenge}");
    bob.send("POST", &mounting("bob/new", &shared, "alice/base"), b"").must_be(201);

    // The right on the source is that of this moment, too.
    site.take("alice/base", "bob");
    whole.send("POST", &mounting("bob/app", &alice.push_blob("alice/base", b"later"), "alice/base"), b"").must_be(202);
    // Within the repository itself nothing more is asked for.
    narrow.send("POST", &mounting("bob/new", &shared, "bob/new"), b"").must_be_one_of(&[201, 202]);
}

// --- who comes without a registry token ---

#[test]
fn passwords_access_tokens_and_robots_are_taken_as_they_are_and_anonymous_callers_where_it_is_public() {
    let (site, _registry, _) = site();
    site.add_organization("acme", &[]);
    site.add_user("carol");
    site.add_service("bob");
    for name in ["acme/app", "acme/other"] {
        site.add_repository(name);
        site.as_admin().push_image(name, "1", "an image");
    }
    site.add_public("acme/public");
    site.as_admin().push_image("acme/public", "1", "an image");
    site.grant("acme/app", "carol", "read-write");
    let body = json!({ "accessLevel": "read-only", "repositories": ["acme/app"] });
    let robot = site.with("acme/ci", &site.make_robot("acme/ci", &body));
    let carol = site.as_user("carol");
    let capped = site.with_token("carol", &site.add_token("carol", &json!({ "accessLevel": "read-only" })));
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    let nobody = site.as_nobody();
    for (who, caller, pulls, pushes) in [
        ("a password", &carol, 200, 202),
        ("a capped access token", &capped, 200, 403),
        ("a robot", &robot, 200, 403),
        ("an account without a grant", &bob, 403, 403),
        ("a wrong password", &site.with("carol", "wrong"), 401, 401),
        ("nobody", &nobody, 401, 401),
    ] {
        eprintln!("{who}");
        let pulled = caller.get_manifest("acme/app", "1").must_be(pulls);
        let begun = caller.send("POST", &uploads_of("acme/app"), b"").must_be(pushes);
        for refused in [pulled, begun].iter().filter(|answer| answer.status >= 400) {
            let code = if refused.status == 403 { "DENIED" } else { "UNAUTHORIZED" };
            assert_eq!(refused.code(), code, "{}", refused.describe());
            assert_eq!(refused.header("www-authenticate").is_some(), refused.status == 401, "{}", refused.describe());
        }
    }
    // A repository that is there and one that is not are the same to who may not know.
    robot.get_manifest("acme/other", "1").must_be(403);
    let [there, not_there] = ["acme/app", "acme/none"].map(|name| {
        let refused = bob.get_manifest(name, "1").must_be(403);
        (refused.body, nobody.get_manifest(name, "1").must_be(401).body)
    });
    assert_eq!(there, not_there);
    nobody.get_manifest("acme/public", "1").must_be(200);
    bob.get_manifest("acme/public", "1").must_be(200);
    site.with_registry_token(&nobody, &["acme/public:pull"]).get_manifest("acme/public", "1").must_be(200);
    nobody.send("POST", &uploads_of("acme/public"), b"").must_be(401);
    bob.send("POST", &uploads_of("acme/public"), b"").must_be(403);
    site.as_local().patch(&repository_path("acme/public"), &json!({ "visibility": "private" })).must_be(200);
    nobody.get_manifest("acme/public", "1").must_be(401);
    bob.get_manifest("acme/public", "1").must_be(403);
    // The local administrator has no name that a registry could know.
    site.as_local().get_manifest("acme/app", "1").must_be(401);
}

#[test]
fn other_methods_are_told_which_ones_there_are() {
    let (_site, _registry, alice) = site();
    let digest = alice.push_image(APP, "1", "an image");
    for (method, path, allowed) in [
        ("POST", manifest_of(APP, "1"), "GET, HEAD, PUT, DELETE"),
        ("PATCH", manifest_of(APP, "1"), "GET, HEAD, PUT, DELETE"),
        ("PUT", blob_of(APP, &digest), "GET, HEAD, DELETE"),
        ("GET", uploads_of(APP), "POST"),
        ("DELETE", format!("/v2/{APP}/tags/list"), "GET, HEAD"),
        ("POST", format!("/v2/{APP}/referrers/{digest}"), "GET, HEAD"),
        ("get", manifest_of(APP, "1"), "GET, HEAD, PUT, DELETE"),
    ] {
        let refused = alice.send(method, &path, b"").must_be(405);
        assert_eq!(refused.header("allow"), Some(allowed), "{}", refused.describe());
    }
}
