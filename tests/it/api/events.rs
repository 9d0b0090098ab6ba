//! The registry's notifications over HTTP: which are taken, and which are passed over (design, section 6.1).
//! `events_secret` tests who may send them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    notify::{EVENTS, MEDIA_TYPE, digest, event, pull, push, send, tags, target},
    site::repository_path,
};

const APP: &str = "alice/app";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn shown(site: &InProcess, repository: &str) -> Value {
    site.as_local().get(&repository_path(repository)).must_be(200).json()
}

fn one_push() -> Vec<u8> {
    json!({ "events": [push("e-1", APP, "1.0", 1)] }).to_string().into_bytes()
}

// --- what is taken ---

#[test]
fn the_body_is_json_of_a_bounded_size() {
    let site = with_alice();
    let registry = site.as_registry();
    for (body, code) in [
        (&b"{"[..], "INVALID_JSON"),
        (b"nonsense", "INVALID_JSON"),
        (b"[]", "INVALID_JSON"),
        (b"{\"events\":[]} x", "INVALID_JSON"),
        (b"\xff\xfe", "INVALID_JSON"),
        (b"{\"events\":[{\"id\":\"\xff\"}]}", "INVALID_JSON"),
        (b"\"events\"", "INVALID_PARAMETERS"),
        (b"{\"events\":7}", "INVALID_PARAMETERS"),
        (b"{\"events\":{}}", "INVALID_PARAMETERS"),
        (b"", "INVALID_PARAMETERS"),
        (b"{}", "INVALID_PARAMETERS"),
        (b"{\"other\":1}", "INVALID_PARAMETERS"),
        (b"{\"events\":[null]}", "INVALID_PARAMETERS"),
    ] {
        send(&registry, body).must_be_refused(400, code);
    }
    for nothing in [&b"{\"events\":null}"[..], b"{\"events\":[]}"] {
        send(&registry, nothing).must_be(200);
    }
    let deep = format!("{{\"events\":[{{\"target\":{}1{}}}]}}", "[".repeat(10_000), "]".repeat(10_000));
    send(&registry, deep.as_bytes()).must_be(400);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let typed = registry.header("Content-Type", kind);
        typed.send("POST", EVENTS, &one_push()).must_be_refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    registry.send("POST", EVENTS, &one_push()).must_be_refused(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    // An event names every layer of its manifest: much more than other bodies hold is taken, but not everything.
    let sized = |size: usize| {
        let mut body = one_push();
        let end = body.pop();
        body.extend(format!(",\"x\":\"{}\"", "x".repeat(size)).into_bytes());
        body.extend(end);
        body
    };
    let around = sized(0).len();
    let most = 8 * 1_024 * 1_024 - around;
    for size in [most + 1, 12_000_000] {
        send(&registry, &sized(size)).must_be_refused(413, "REQUEST_TOO_LARGE");
    }
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    send(&registry, &sized(most)).must_be(200);
    assert_eq!(tags(&site, APP), ["1.0"]);
}

#[test]
fn what_the_registry_tells_is_seen() {
    let site = with_alice();
    site.notify(&[push("1", APP, "1.0", 1), push("2", APP, "2.0", 2), pull("3", APP, "1.0", 1)]).must_be(200);
    assert_eq!(tags(&site, APP), ["1.0", "2.0"]);
    let seen = shown(&site, APP);
    assert_eq!((&seen["pulls"], &seen["pushes"], &seen["visibility"]), (&json!(1), &json!(2), &json!("private")));
    assert_eq!(seen["lastPush"], json!(site.in_time(0)));
    // Nobody is asked whether the namespace has an owner: an existing registry is adopted as it is.
    site.push("nobody/deep/er", &[("x", 1)]);
    site.push("busybox", &[("latest", 1)]);
    assert_eq!(tags(&site, "nobody/deep/er"), ["x"]);
    assert_eq!(tags(&site, "_/busybox"), ["latest"]);
    let learnt = site.audit("action=repository.learn");
    let learnt: Vec<_> =
        learnt.iter().map(|record| (&record["actor"], &record["credential"], &record["object"])).collect();
    let (actor, credential) = (json!("registry"), json!("registry"));
    let objects = [json!("busybox"), json!("nobody/deep/er"), json!(APP)];
    assert_eq!(learnt, objects.iter().map(|object| (&actor, &credential, object)).collect::<Vec<_>>());
    // Deletions: of a tag, of a manifest.
    let gone = event("4", "delete", "DELETE", &json!({ "repository": APP, "tag": "2.0" }));
    site.notify(&[gone]).must_be(200);
    assert_eq!(tags(&site, APP), ["1.0"]);
    let gone = event("5", "delete", "DELETE", &json!({ "repository": APP, "digest": digest(1) }));
    site.notify(&[gone]).must_be(200);
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    let state = site.as_local().get("/api/v0/admin/registry").must_be(200).json();
    assert_eq!(state["notifications"], json!({ "received": 5, "refused": 0, "lastReceived": site.in_time(0) }));
}

#[test]
fn an_event_that_is_sent_again_counts_once_also_for_pulls_over_a_restart_of_the_counts() {
    let site = with_alice();
    let events = [push("p", APP, "1.0", 1), pull("q", APP, "1.0", 1), pull("q", APP, "1.0", 1)];
    for _ in 0..3 {
        site.notify(&events).must_be(200);
    }
    let counts = |site: &InProcess| (shown(site, APP)["pulls"].clone(), shown(site, APP)["pushes"].clone());
    assert_eq!(counts(&site), (json!(1), json!(1)));
    site.notify(&[pull("r", APP, "1.0", 1)]).must_be(200);
    let site = site.restart();
    assert_eq!(counts(&site), (json!(2), json!(1)), "counts outlive the process");
}

#[test]
fn a_deleted_repository_stays_deleted_under_late_events() {
    let site = with_alice();
    site.push(APP, &[("1.0", 1)]);
    site.as_user("alice").delete(&repository_path(APP)).must_be(204);
    site.notify(&[push("late", APP, "2.0", 2), pull("late-pull", APP, "1.0", 1)]).must_be(200);
    site.as_local().get(&repository_path(APP)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    let site = site.restart();
    site.notify(&[push("later", APP, "2.0", 2)]).must_be(200);
    site.as_local().get(&repository_path(APP)).must_be(404);
    site.add_repository(APP);
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    site.notify(&[push("new", APP, "3.0", 3)]).must_be(200);
    assert_eq!(tags(&site, APP), ["3.0"]);
}

// --- zot's CloudEvents ---

/// Sends an event as zot does: what happened in headers, the data as the body.
fn told_by_zot(site: &InProcess, kind: &str, id: &str, data: &Value) -> Answer {
    let zot = site.as_registry().header("Ce-Specversion", "1.0").header("Ce-Id", id);
    let zot = zot.header("Ce-Source", "zotregistry.dev/zot").header("Ce-Type", kind);
    send(&zot.header("Ce-Time", &site.in_time(0)), data.to_string().as_bytes())
}

fn image(tag: &str, number: u8) -> Value {
    json!({ "name": APP, "reference": tag, "digest": digest(number), "mediaType": MEDIA_TYPE, "manifest": "{}" })
}

#[test]
fn what_zot_tells_is_learnt() {
    const UPDATED: &str = "zotregistry.image.updated";
    const DELETED: &str = "zotregistry.image.deleted";
    let site = with_alice();
    told_by_zot(&site, "zotregistry.repository.created", "1", &json!({ "name": APP })).must_be(200);
    assert_eq!((&shown(&site, APP)["visibility"], tags(&site, APP).len()), (&json!("private"), 0));
    told_by_zot(&site, UPDATED, "2", &image("1.0", 1)).must_be(200);
    told_by_zot(&site, UPDATED, "2", &image("1.0", 1)).must_be(200);
    told_by_zot(&site, UPDATED, "3", &image("latest", 1)).must_be(200);
    told_by_zot(&site, UPDATED, "4", &image("2.0", 2)).must_be(200);
    told_by_zot(&site, UPDATED, "5", &image(&digest(3), 3)).must_be(200);
    told_by_zot(&site, "zotregistry.image.lint_failed", "6", &image("bad", 4)).must_be(200);
    assert_eq!(tags(&site, APP), ["1.0", "2.0", "latest"]);
    assert_eq!(shown(&site, APP)["pushes"], json!(3), "an event that is sent again counts once");
    told_by_zot(&site, DELETED, "7", &image("2.0", 2)).must_be(200);
    assert_eq!(tags(&site, APP), ["1.0", "latest"]);
    told_by_zot(&site, DELETED, "8", &image(&digest(1), 1)).must_be(200);
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    // Without identifier and time, and in the structured form.
    let bare = site.as_registry().header("Ce-Type", UPDATED);
    send(&bare, image("3.0", 3).to_string().as_bytes()).must_be(200);
    let whole = json!({ "specversion": "1.0", "type": UPDATED, "id": "9", "source": "zot", "data": image("4.0", 4) });
    let structured = site.as_registry().header("Content-Type", "application/cloudevents+json");
    structured.send("POST", EVENTS, whole.to_string().as_bytes()).must_be(200);
    assert_eq!(tags(&site, APP), ["3.0", "4.0"]);
    site.as_user("alice").delete(&repository_path(APP)).must_be(204);
    told_by_zot(&site, "zotregistry.repository.created", "10", &json!({ "name": APP })).must_be(200);
    site.as_local().get(&repository_path(APP)).must_be_refused(404, "NO_SUCH_REPOSITORY");
}

/// What is longer than any attribute of zot's is left out; without an identifier, the same thing later is another event.
#[test]
fn an_attribute_of_256_bytes_is_read_and_a_longer_one_is_not() {
    let site = with_alice();
    let pushed = |length: usize, tag: &str| {
        for _ in 0..2 {
            told_by_zot(&site, "zotregistry.image.updated", &"x".repeat(length), &image(tag, 1)).must_be(200);
            site.pass(1);
        }
        shown(&site, APP)["pushes"].clone()
    };
    assert_eq!(pushed(256, "1.0"), json!(1));
    assert_eq!(pushed(257, "2.0"), json!(1 + 2));
}

#[test]
fn what_is_not_understood_is_refused_with_the_reason_and_counted() {
    let site = with_alice();
    for (kind, data, reason) in [
        ("zotregistry.image.signed", image("1.0", 1), "of the type \"zotregistry.image.signed\" are not known"),
        ("com.example.push", image("1.0", 1), "known are zotregistry.repository.created"),
        ("zotregistry.image.updated", json!({}), "name: missing"),
        ("zotregistry.image.updated", json!({ "name": "Not A Name" }), "name: names no repository"),
        ("zotregistry.image.updated", json!({ "name": APP, "digest": digest(1) }), "reference: missing"),
        ("zotregistry.image.updated", json!({ "name": APP, "reference": "1" }), "digest: missing"),
        ("zotregistry.image.deleted", json!({ "name": APP, "reference": ".." }), "reference: neither a tag"),
        ("zotregistry.image.deleted", json!({ "name": 7 }), "name: a text"),
    ] {
        let refused = told_by_zot(&site, kind, "x", &data).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.describe().contains(reason.replace('"', "\\\"").as_str()), "{}", refused.describe());
    }
    // zot's data without its headers, as a proxy may leave it, and what is of no registry at all.
    for neither in [image("1.0", 1), json!({ "action": "push" })] {
        let refused = send(&site.as_registry(), neither.to_string().as_bytes()).must_be(400);
        assert!(refused.describe().contains("neither an envelope of Distribution"), "{}", refused.describe());
    }
    let no_event = site.notify(&[json!({ "push": APP }), json!(7)]).must_be(400);
    assert!(no_event.describe().contains("none of them is an event of Distribution"), "{}", no_event.describe());
    let state = site.as_local().get("/api/v0/admin/registry").must_be(200).json();
    assert_eq!(state["notifications"], json!({ "received": 0, "refused": 11, "lastReceived": null }));
    assert_eq!(tags(&site, APP), Vec::<String>::new());
    // Without the secret there is nothing here, and nothing is counted.
    send(&site.as_nobody().header("Ce-Type", "zotregistry.image.updated"), b"{}").must_be(404);
}

#[test]
fn an_envelope_without_a_known_action_is_refused_once_and_stands_before_no_other() {
    let site = with_alice();
    let odd = with(push("odd", APP, "1.0", 1), "/action", json!("Push"));
    let refused = site.notify(std::slice::from_ref(&odd)).must_be_refused(400, "INVALID_PARAMETERS");
    assert!(refused.describe().contains("is not known; known are push, pull, delete, mount"), "{}", refused.describe());
    // Distribution sends it again, before everything else.
    site.notify(&[odd]).must_be(200);
    site.notify(&[push("good", APP, "2.0", 1)]).must_be(200);
    assert_eq!(tags(&site, APP), ["2.0"]);
    let state = site.as_local().get("/api/v0/admin/registry").must_be(200).json();
    assert_eq!((&state["notifications"]["received"], &state["notifications"]["refused"]), (&json!(2), &json!(1)));
    // Among others, it takes none along.
    let odd = with(push("odder", APP, "1.0", 1), "/action", json!("scan"));
    site.notify(&[odd, push("better", APP, "3.0", 1)]).must_be(200);
    assert_eq!(tags(&site, APP), ["2.0", "3.0"]);
}

// --- what is passed over ---

/// The event with one field changed; a pointer such as `/target/tag`.
fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).expect("the field") = value;
    event
}

#[test]
fn an_event_without_sense_is_passed_over_and_the_next_one_is_taken() {
    let site = with_alice();
    let good = push("g", "alice/never", "1.0", 1);
    let long = "x".repeat(100_000);
    let control = "a\u{0}\r\n\u{1b}[31m\u{202e}b";
    let mut events = vec![json!({}), json!({ "id": "x" }), json!({ "target": {} })];
    for pointer in ["/target/repository", "/target/tag", "/target/digest", "/target/mediaType", "/action"] {
        for text in ["", "..", "UPPER/Case", "a//b", "/", "%2e%2e", "sha256:", "ä", "🦀", &long, control] {
            events.push(with(good.clone(), pointer, json!(text)));
        }
    }
    for id in ["", &"i".repeat(257), &long] {
        events.push(with(good.clone(), "/id", json!(id)));
    }
    events.push(with(good.clone(), "/actor/name", json!("_dockpass")));
    for (number, event) in events.into_iter().enumerate() {
        let next = format!("t{number}");
        let answer = site.notify(&[event.clone(), push(&format!("next-{number}"), APP, &next, 1)]);
        assert_eq!(answer.status, 200, "{}", answer.describe());
        assert!(tags(&site, APP).contains(&next), "after {}", event.to_string().chars().take(300).collect::<String>());
    }
    let known = site.as_local().get("/api/v0/repositories?pageSize=0").must_be(200).json();
    assert_eq!(known["repositories"].as_array().map(Vec::len), Some(1), "only what made sense: {known}");
}

#[test]
fn a_field_of_the_wrong_kind_spoils_its_event_and_no_other() {
    let site = with_alice();
    let good = push("g", "alice/never", "1.0", 1);
    let kinds = [json!(null), json!(7), json!(-1.5), json!(true), json!([]), json!({}), json!(["x"])];
    let pointers = [
        "/id",
        "/timestamp",
        "/action",
        "/target",
        "/target/repository",
        "/target/tag",
        "/target/digest",
        "/target/mediaType",
        "/request",
        "/request/method",
        "/actor",
        "/actor/name",
    ];
    let mut events: Vec<Value> = kinds.to_vec();
    for pointer in pointers {
        events.extend(kinds.iter().map(|value| with(good.clone(), pointer, value.clone())));
    }
    for (number, event) in events.into_iter().enumerate() {
        let next = format!("t{number}");
        let answer = site.notify(&[event, push(&format!("next-{number}"), APP, &next, 1)]);
        assert_eq!(answer.status, 200, "{}", answer.describe());
        assert!(tags(&site, APP).contains(&next), "{}", answer.describe());
    }
}

#[test]
fn fields_that_are_not_read_may_hold_anything() {
    let site = with_alice();
    let kinds =
        [json!(null), json!("x"), json!(-1), json!(1e300), json!([[]]), json!({ "a": [{}] }), json!("x".repeat(9_000))];
    let pointers = ["/target/size", "/target/length", "/target/url", "/request/addr", "/request/useragent", "/source"];
    let mut tagged = BTreeSet::new();
    for pointer in pointers {
        for value in &kinds {
            let tag = format!("t{}", tagged.len());
            let mut event = with(push(&tag, APP, &tag, 1), pointer, value.clone());
            event["references"] = value.clone();
            event["target"]["references"] = value.clone();
            event["target"]["unknown"] = value.clone();
            site.notify(&[event]).must_be(200);
            tagged.insert(tag);
        }
    }
    assert_eq!(tags(&site, APP).into_iter().collect::<BTreeSet<_>>(), tagged);
}

#[test]
fn times_that_cannot_be_do_no_harm() {
    let site = with_alice();
    let times =
        ["", "yesterday", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "-1", "2026-01-15T12:00:00+23:59"];
    for (number, time) in times.iter().enumerate() {
        let tag = format!("t{number}");
        site.notify(&[with(push(&tag, APP, &tag, 1), "/timestamp", json!(time))]).must_be(200);
        assert!(shown(&site, APP)["lastPush"].as_str().is_some_and(|at| at <= site.in_time(0).as_str()), "{time}");
    }
    assert_eq!(tags(&site, APP).len(), times.len());
    assert_eq!(tags(&site.restart(), APP).len(), times.len(), "all of them can be read again");
}

#[test]
fn a_repository_that_lost_its_last_tag_is_there_and_counts_again_with_a_push() {
    let site = with_alice();
    site.push(APP, &[("1.0", 1), ("2.0", 1)]);
    let gone = event("gone", "delete", "DELETE", &json!({ "repository": APP, "digest": digest(1) }));
    site.notify(&[gone]).must_be(200);
    let site = site.restart();
    let listed = site.as_local().get(&format!("{}/tags?count=true", repository_path(APP))).must_be(200);
    assert_eq!((listed.json(), listed.header("x-resource-count")), (json!([]), Some("0")));
    assert_eq!(shown(&site, APP)["pushes"], json!(2));
    site.notify(&[push("back", APP, "1.0", 1)]).must_be(200);
    assert_eq!((tags(&site, APP), &shown(&site, APP)["pushes"]), (vec!["1.0".to_owned()], &json!(3)));
}

#[test]
fn an_envelope_holds_no_event_or_very_many() {
    let site = with_alice();
    site.notify(&[]).must_be(200);
    let many: Vec<Value> = (0..1_000).map(|number| pull(&format!("p-{number}"), APP, "1.0", 1)).collect();
    site.push(APP, &[("1.0", 1)]);
    site.notify(&many).must_be(200);
    assert_eq!(shown(&site, APP)["pulls"], json!(1_000));
    let mixed: Vec<Value> = (0..1_000)
        .map(|number| match number % 10 {
            0 => push(&format!("m-{number}"), APP, &format!("t{number}"), 1),
            1 => event(&format!("m-{number}"), "mount", "POST", &target(APP, "", 1)),
            2 => json!({ "id": number.to_string() }),
            _ => pull(&format!("m-{number}"), "alice/unknown", "1.0", 1),
        })
        .collect();
    site.notify(&mixed).must_be(200);
    assert_eq!(tags(&site, APP).len(), 101);
    assert_eq!(tags(&site, "alice/unknown"), Vec::<String>::new());
}
