//! Immutable tags in the API: how they are chosen, and what is said where nothing holds them. That the gateway holds them is
//! tested with it.

use dockpass::{
    domain::{
        immutable_tags::{ImmutableTags, TagPattern},
        repository::Repository,
        time::Clock,
    },
    store::{self, WriteError},
};
use serde_json::{Value, json};

use super::repositories::record;
use crate::support::{InProcess, site::repository_path};

const APP: &str = "alice/app";

/// A repository whose record was written while a gateway was before the registry.
pub(crate) fn asking_for(is_all: bool, patterns: &[&str]) -> InProcess {
    let patterns = patterns.iter().map(|text| TagPattern::parse(text).expect("a pattern")).collect();
    let immutable_tags = ImmutableTags::new(is_all, patterns).expect("immutable tags");
    let site = InProcess::start();
    site.add_service("alice");
    site.restart_after(|data, clock: &Clock| {
        let opened = store::open(data, clock.clone()).expect("the store opens");
        let written = opened.store.write(&opened.access, move |txn| {
            let repository = Repository { immutable_tags: immutable_tags.clone(), ..record(APP, 0) };
            txn.put_repository(repository).expect("a record of usual size");
            Ok::<(), WriteError>(())
        });
        written.expect("the store is written");
    })
}

/// The two fields of a repository.
fn chosen(repository: &Value) -> (&Value, &Value) {
    (&repository["immutableTags"], &repository["immutableTagPatterns"])
}

#[test]
fn without_a_gateway_they_are_refused_with_the_reason() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    for body in [
        json!({ "name": "app", "immutableTags": true }),
        json!({ "name": "app", "immutableTagPatterns": ["v*"] }),
        json!({ "name": "app", "immutableTags": false, "immutableTagPatterns": ["v*"] }),
    ] {
        let refused = alice.post("/api/v0/repositories/alice", &body).must_be_refused(409, "GATEWAY_REQUIRED");
        assert!(refused.text("/errors/0/message").contains("registry.upstream"), "{}", refused.describe());
        assert_eq!(refused.text("/errors/0/detail/field"), "immutableTags");
        alice.get(&repository_path(APP)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    let none = json!({ "name": "app", "immutableTags": false, "immutableTagPatterns": [] });
    let made = alice.post("/api/v0/repositories/alice", &none).must_be(201);
    assert_eq!((chosen(&made.json()), made.header("warning")), ((&json!(false), &json!([])), None));
    for body in [json!({ "immutableTags": true }), json!({ "immutableTagPatterns": ["*"] })] {
        alice.patch(&repository_path(APP), &body).must_be_refused(409, "GATEWAY_REQUIRED");
    }
    assert_eq!(alice.patch(&repository_path(APP), &none).must_be(200).json(), made.json());
}

#[test]
fn what_is_no_pattern_is_refused() {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_repository(APP);
    let many: Vec<_> = (0..21).map(|number| format!("v{number}")).collect();
    for body in [
        json!({ "immutableTagPatterns": [""] }),
        json!({ "immutableTagPatterns": ["v*", "v?"] }),
        json!({ "immutableTagPatterns": [".v"] }),
        json!({ "immutableTagPatterns": ["v".repeat(129)] }),
        json!({ "immutableTagPatterns": many }),
        json!({ "immutableTagPatterns": ["v*"], "immutableTags": true }),
        json!({ "immutableTagPatterns": "v*" }),
        json!({ "immutableTagPatterns": [1] }),
        json!({ "immutableTags": "all" }),
    ] {
        let refused = site.as_local().patch(&repository_path(APP), &body).must_be_refused(400, "INVALID_PARAMETERS");
        let field = if body["immutableTags"] == "all" { "immutableTags" } else { "immutableTagPatterns" };
        assert!(refused.text("/errors/0/detail/field").starts_with(field), "{}", refused.describe());
    }
    let shown = site.as_local().get(&repository_path(APP)).must_be(200).json();
    assert_eq!(chosen(&shown), (&json!(false), &json!([])));
}

#[test]
fn what_nothing_holds_any_more_is_told_and_can_be_taken_back() {
    let site = asking_for(false, &["v*", "stable"]);
    let path = repository_path(APP);
    let shown = site.as_local().get(&path).must_be(200);
    assert_eq!(chosen(&shown.json()), (&json!(false), &json!(["v*", "stable"])));
    assert!(shown.header("warning").is_some_and(|text| text.contains("no tag is immutable")), "{}", shown.describe());
    // The whole, sent back with another field changed, is no choice of tags.
    let mut body = shown.json();
    body["visibility"] = json!("public");
    let changed = site.as_local().patch(&path, &body).must_be(200);
    assert_eq!(changed.json(), body);
    assert!(changed.header("warning").is_some());
    // Nor is the `false` of a client that knows no patterns.
    let dtr = json!({ "immutableTags": false, "shortDescription": "s" });
    let kept = site.as_local().patch(&path, &dtr).must_be(200).json();
    assert_eq!(kept["immutableTagPatterns"], json!(["v*", "stable"]));
    let others = json!({ "immutableTagPatterns": ["v*"] });
    site.as_local().patch(&path, &others).must_be_refused(409, "GATEWAY_REQUIRED");
    let freed = site.as_local().patch(&path, &json!({ "immutableTagPatterns": [] })).must_be(200);
    assert_eq!((chosen(&freed.json()), freed.header("warning")), ((&json!(false), &json!([])), None));
}

#[test]
fn all_tags_are_taken_back_as_dtr_does_it() {
    let site = asking_for(true, &[]);
    let path = repository_path(APP);
    assert_eq!(chosen(&site.as_local().get(&path).must_be(200).json()), (&json!(true), &json!([])));
    let freed = site.as_local().patch(&path, &json!({ "immutableTags": false })).must_be(200).json();
    assert_eq!(chosen(&freed), (&json!(false), &json!([])));
}
