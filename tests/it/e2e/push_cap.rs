//! An access token that pulls and pushes and deletes nothing, as a pipeline has it, with a real registry and real clients.

use crate::support::{Clients, Http, Image, Pair};

const APP: &str = "alice/app";

/// The registry's own API, with a registry token that was asked for with this access token.
fn registry_with(pair: &Pair, secret: &str, actions: &str) -> Http {
    let token = pair.dockpass().registry_token("alice", secret, &[&format!("repository:{APP}:{actions}")]);
    Http::at(&pair.url()).bearer(&token)
}

#[test]
fn a_pipeline_pushes_pulls_overwrites_and_deletes_nothing() {
    let pair = Pair::with_users(&["alice"]);
    let owner = pair.clients_of("alice", &[]);
    let token = pair.dockpass().add_token("alice", &["--access", "push", "--repository", "alice/*"]);
    let pipeline = Clients::new();
    pipeline.skopeo_login(&pair.registry_address().to_string(), "alice", &token.secret).must_succeed();
    let tag = pair.at("alice/app:1");
    // The repository is made by the first push.
    pipeline.push(&Image::holding("first"), &tag).must_succeed();
    assert_eq!(pair.dockpass().repository(APP)["owner"], "alice");
    pipeline.pull(&tag).must_succeed();
    let first = pipeline.digest(&tag);
    pipeline.push(&Image::holding("second"), &tag).must_succeed();
    let second = pipeline.digest(&tag);
    assert_ne!(first, second, "the tag was overwritten");
    pipeline.delete(&tag).must_be_refused();
    for actions in ["delete", "pull,push,delete", "*"] {
        let registry = registry_with(&pair, &token.secret, actions);
        registry.delete(&format!("/v2/{APP}/manifests/{second}")).must_be(401);
        registry.delete(&format!("/v2/{APP}/blobs/{second}")).must_be(401);
    }
    pair.all_is_told(&owner, "alice");
    let api = pair.dockpass().http_as("alice", &token.secret);
    for path in ["alice/app/tags/1", "alice/app"] {
        api.delete(&format!("/api/v0/repositories/{path}")).must_be_refused(403, "NOT_AUTHORIZED");
    }
    assert_eq!((pipeline.digest(&tag), pair.dockpass().tag_names(APP)), (second, vec!["1".to_owned()]));
    pipeline.pull(&tag).must_succeed();
    owner.delete(&tag).must_succeed();
    pipeline.pull(&tag).must_fail_with(&["manifest unknown"]);
}

#[test]
fn a_pipeline_makes_repositories_within_its_pattern_alone() {
    let pair = Pair::with_users(&["alice"]);
    let pipeline = pair.clients_of("alice", &["--access", "push", "--repository", "alice/tools/*"]);
    pipeline.push(&Image::holding("a tool"), &pair.at("alice/tools/lint:1")).must_succeed();
    for elsewhere in ["alice/app:1", "alice/tools:1", "tool:1"] {
        pipeline.push(&Image::holding("a tool"), &pair.at(elsewhere)).must_be_refused();
    }
    assert_eq!(pair.dockpass().repository_names(), ["alice/tools/lint"]);
}
