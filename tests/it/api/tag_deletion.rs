//! Deleting tags where the registry answers as a test wants it to: the audit records of each outcome, and the
//! permissions that count after a deletion has waited. Deleting in a real registry is in `e2e::tags`.

use std::{
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
};

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    mock::{Mock, answer},
    notify::digest,
    process::eventually,
    site::{Caller, repository_path, token_path},
};

const APP: &str = "alice/app";

/// A server with this registry, where alice's repository has these tags; alice with an access token.
fn with(registry: &Mock, tags: &[&str]) -> (InProcess, Caller) {
    let site = InProcess::start_with(&[("registry.url", &registry.url)]);
    let alice = site.add_robot("alice");
    site.add_repository(APP);
    site.push(APP, &tags.iter().map(|tag| (*tag, 1)).collect::<Vec<_>>());
    (site, alice)
}

fn path(tag: &str) -> String {
    format!("{}/tags/{tag}", repository_path(APP))
}

/// Sends the request by hand: the test's client takes every 5xx for a fault of the server.
fn delete(caller: &Caller, path: &str) -> Answer {
    let credentials = caller.credentials();
    let head =
        format!("DELETE {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\nConnection: close\r\n\r\n");
    Answer::parse(head.clone(), &caller.exchange(head.as_bytes(), b""))
}

fn listed(site: &InProcess) -> Vec<String> {
    let listed = site.as_local().get(&format!("{}/tags?pageSize=0", repository_path(APP))).must_be(200).json();
    listed.as_array().expect("tags").iter().map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
}

/// The tags of an action in the audit log, by name.
fn audited(site: &InProcess, action: &str) -> Vec<String> {
    let records = site.audit(&format!("action={action}&outcome=success"));
    let tag = |record: &Value| {
        assert_eq!(record["count"], json!(1), "{record}");
        record["object"].as_str().and_then(|object| object.strip_prefix("alice/app:")).expect("a tag").to_owned()
    };
    let mut tags: Vec<_> = records.iter().map(tag).collect();
    tags.sort();
    tags
}

#[test]
fn where_the_registry_deletes_by_tag_only_that_one_begins_and_each_begin_has_its_end() {
    let registry = Mock::saying(|asked| {
        let is_there = asked == "DELETE /v2/alice/app/manifests/1.0";
        Some(answer(if is_there { 202 } else { 404 }, "", "{}"))
    });
    let (site, alice) = with(&registry, &["1.0", "stays"]);
    alice.delete(&format!("{}?alsoTags=stays,zz", path("1.0"))).must_be(204);
    assert_eq!(
        (audited(&site, "tag.beginDelete"), audited(&site, "tag.delete")),
        (vec!["1.0".into()], vec!["1.0".into()])
    );
    assert_eq!((listed(&site), audited(&site, "tag.cancelDelete")), (vec!["stays".to_owned()], vec![]));
    alice.delete(&format!("{}?alsoTags=none,a,a,a,b", path("none"))).must_be_refused(404, "NO_SUCH_TAG");
    assert_eq!(audited(&site, "tag.beginDelete"), ["1.0", "none"]);
    assert_eq!((audited(&site, "tag.cancelDelete"), audited(&site, "tag.delete").len()), (vec!["none".to_owned()], 1));
}

#[test]
fn a_deletion_that_is_refused_is_not_left_open_and_one_whose_answer_is_lost_is() {
    for (status, expected, is_open) in [
        (Some(405), (409, "DELETION_DISABLED"), false),
        (Some(403), (503, "UNAVAILABLE"), false),
        (Some(429), (503, "UNAVAILABLE"), false),
        (Some(500), (503, "UNAVAILABLE"), true),
        (None, (503, "UNAVAILABLE"), true),
    ] {
        let registry = Mock::saying(move |asked| {
            // It is not waited for longer than who asked can wait.
            let later = "Retry-After: 600\r\n";
            if asked.starts_with("DELETE ") { Some(answer(status?, later, "{}")) } else { Some(answer(500, "", "{}")) }
        });
        let (site, alice) = with(&registry, &["1.0"]);
        let refused = delete(&alice, &path("1.0"));
        assert_eq!((refused.status, refused.code().as_str()), expected, "{status:?}: {}", refused.describe());
        assert_eq!(audited(&site, "tag.beginDelete"), ["1.0"], "{status:?}");
        assert_eq!(audited(&site, "tag.cancelDelete").is_empty(), is_open, "{status:?}");
        assert_eq!((audited(&site, "tag.delete"), listed(&site)), (vec![], vec!["1.0".to_owned()]), "{status:?}");
    }
}

#[test]
fn whoever_deletes_is_told_the_registrys_own_reason_and_not_where_it_is() {
    for (status, reason) in [
        (401, "the registry does not trust dockpass's registry token (status 401): its rootcertbundle, issuer"),
        (429, "the registry is busy (status 429): it wants to be asked again in 600 seconds"),
        (502, "the registry answered with status 502 where a deletion was asked"),
    ] {
        let registry = Mock::saying(move |_| Some(answer(status, "Retry-After: 600\r\n", "{}")));
        let (site, alice) = with(&registry, &["1.0"]);
        let refused = delete(&alice, &path("1.0"));
        let said = refused.json()["errors"][0]["message"].as_str().expect("a message").to_owned();
        assert!(said.starts_with(reason), "{said}");
        assert!(!said.contains("127.0.0.1"), "{said}");
        drop(site);
    }
}

#[test]
fn a_tag_that_cannot_be_read_may_lead_to_the_same_manifest_and_is_named() {
    let registry = Mock::saying(|asked| {
        Some(match asked.split_once(" /v2/alice/app/") {
            Some(("GET", "tags/list?n=1000")) => answer(200, "", &json!({ "tags": ["1.0", "bad"] }).to_string()),
            Some(("HEAD", "manifests/1.0")) => answer(200, &format!("Docker-Content-Digest: {}\r\n", digest(1)), ""),
            Some(("DELETE", "manifests/1.0")) => answer(400, "", "{}"),
            _ => answer(500, "", "{}"),
        })
    });
    let (site, alice) = with(&registry, &["1.0"]);
    let refused = delete(&alice, &path("1.0"));
    assert_eq!((refused.status, refused.code().as_str()), (503, "UNAVAILABLE"), "{}", refused.describe());
    let said = refused.json()["errors"][0]["message"].as_str().expect("a message").to_owned();
    assert!(said.starts_with("nothing was deleted") && said.contains("the tag bad") && said.contains("500"), "{said}");
    assert_eq!((audited(&site, "tag.cancelDelete"), listed(&site)), (vec!["1.0".to_owned()], vec!["1.0".to_owned()]));
}

/// A registry that deletes whole manifests only, and what its tags lead to; a deletion by digest ends with `end`.
fn of_manifests(tags: &'static [(&'static str, u8)], end: Option<u16>) -> Mock {
    Mock::saying(move |asked| {
        if asked.starts_with("GET /v2/alice/app/tags/list") {
            let names: Vec<&str> = tags.iter().map(|(tag, _)| *tag).collect();
            return Some(answer(200, "", &json!({ "name": APP, "tags": names }).to_string()));
        }
        let (method, reference) = asked.split_once(" /v2/alice/app/manifests/")?;
        if method == "DELETE" {
            return Some(answer(if reference.starts_with("sha256:") { end? } else { 400 }, "", "{}"));
        }
        let Some((_, number)) = tags.iter().find(|(tag, _)| *tag == reference) else {
            return Some(answer(404, "", ""));
        };
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let headers = format!("Docker-Content-Digest: {}\r\nContent-Type: {media_type}\r\n", digest(*number));
        Some(answer(200, &headers, ""))
    })
}

#[test]
fn where_whole_manifests_go_those_that_go_along_begin_with_the_request_that_deletes_them() {
    const TAGS: &[(&str, u8)] = &[("1.0", 1), ("latest", 1), ("other", 2)];
    let with_others = |end, also: &str| {
        let registry = of_manifests(TAGS, end);
        let (site, alice) = with(&registry, &["1.0", "latest", "other"]);
        let status = delete(&alice, &format!("{}?alsoTags={also}", path("1.0"))).status;
        let of = |action| audited(&site, action).join(" ");
        (status, of("tag.beginDelete"), of("tag.delete"), of("tag.cancelDelete"), registry.deletions().len())
    };
    let said = |status, begun: &str, deleted: &str, cancelled: &str, asked| {
        (status, begun.to_owned(), deleted.to_owned(), cancelled.to_owned(), asked)
    };
    let all = "latest,other,1.0,latest,none";
    assert_eq!(with_others(Some(202), all), said(204, "1.0 latest", "1.0 latest", "", 2));
    assert_eq!(with_others(Some(202), "other"), said(409, "1.0", "", "1.0", 1), "another tag is in the way");
    assert_eq!(
        with_others(Some(405), all),
        said(409, "1.0 latest", "", "1.0 latest", 2),
        "the registry deletes nothing"
    );
    assert_eq!(with_others(Some(404), all), said(204, "1.0 latest", "", "1.0 latest", 2), "it went meanwhile");
    assert_eq!(with_others(None, all), said(503, "1.0 latest", "", "", 2), "the answer is lost");
}

#[test]
fn what_has_waited_for_its_turn_is_judged_when_it_comes() {
    let (arrives, arrived) = mpsc::channel();
    let open = Arc::new(Barrier::new(3));
    let (arrives, gate) = (Mutex::new(arrives), Arc::clone(&open));
    let registry = Mock::saying(move |asked| {
        if asked.starts_with("DELETE /v2/alice/app/manifests/held") {
            arrives.lock().expect("the sender").send(()).expect("the test waits");
            gate.wait();
        }
        Some(answer(if asked.starts_with("DELETE ") { 202 } else { 500 }, "", "{}"))
    });
    let (site, alice) = with(&registry, &["1.0", "2.0", "held-1", "held-2"]);
    let lasting = site.add_token("alice", &json!({}));
    let ending = site.add_token("alice", &json!({ "expiresAt": site.in_time(60) }));
    thread::scope(|scope| {
        // As many as go at the same time.
        let held = ["held-1", "held-2"].map(|tag| (alice.clone(), tag));
        let held = held.map(|(alice, tag)| scope.spawn(move || alice.delete(&path(tag)).must_be(204)));
        (0..2).for_each(|_| arrived.recv().expect("both are asked for"));
        let waiting = [(&lasting, "1.0"), (&ending, "2.0")].map(|(token, tag)| {
            let caller = site.with_token("alice", token);
            let asked = scope.spawn(move || caller.delete(&path(tag)));
            eventually("it was let in", || {
                let seen = site.as_local().get(&token_path(token)).must_be(200).text("/lastUsed");
                (!seen.starts_with("0001-")).then_some(())
            });
            asked
        });
        site.pass(120);
        site.push(APP, &[("1.0", 2)]);
        site.pass(1);
        open.wait();
        held.into_iter().for_each(|done| drop(done.join().expect("an answer")));
        let [pushed_again, expired] = waiting.map(|asked| asked.join().expect("an answer"));
        pushed_again.must_be(204);
        expired.must_be_refused(401, "NOT_AUTHENTICATED");
    });
    assert_eq!(listed(&site), ["2.0"], "what the registry deleted is the tag as it was pushed last");
    let mut deleted = registry.deletions();
    deleted.sort();
    assert_eq!(deleted, ["1.0", "held-1", "held-2"]);
}
