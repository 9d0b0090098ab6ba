//! Immutable tags: who chooses them, where they hold, and what is shown of them.

use super::super::{Caller, Error, NewRepository, Obstacle, RepositoryUpdate};
use super::content::{Scene, named, new_user, pushed};
use super::support::call;
use crate::domain::content::TagOrDigest;
use crate::domain::immutable_tags::{ImmutableTags, TagPattern};

const APP: &str = "alice/app";

fn patterns(texts: &[&str]) -> Vec<TagPattern> {
    texts.iter().map(|text| TagPattern::parse(text).unwrap()).collect()
}

fn all() -> RepositoryUpdate {
    RepositoryUpdate { immutable_tags: Some(true), ..RepositoryUpdate::default() }
}

fn some(texts: &[&str]) -> RepositoryUpdate {
    let immutable_tag_patterns = Some(patterns(texts));
    RepositoryUpdate { immutable_tags: Some(false), immutable_tag_patterns, ..RepositoryUpdate::default() }
}

/// A gateway, and alice's repository with the tags `latest` and `v1`; bob reads it.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.make(APP);
    scene.service().create_user(&scene.local(), new_user("bob")).unwrap();
    scene.tell(APP, pushed("latest", 1));
    scene.tell(APP, pushed("v1", 1));
    scene.reopen_with_gateway(true);
    scene
}

fn update(scene: &Scene, update: RepositoryUpdate) -> Result<ImmutableTags, Error> {
    let updated = scene.service().update_repository(&scene.local(), &named(APP), update);
    updated.map(|view| view.repository.immutable_tags.clone())
}

/// The tags that are shown as immutable.
fn immutable(scene: &Scene) -> Vec<String> {
    let page = scene.service().list_tags(&scene.local(), &named(APP), None, 10).unwrap();
    let shown: Vec<_> = page.entries.iter().map(|view| (view.tag.name.to_string(), view.is_immutable)).collect();
    for (name, is_immutable) in &shown {
        let one = scene.service().view_tags(&scene.local(), &named(APP), TagOrDigest::parse(name).as_ref()).unwrap();
        assert_eq!(one.iter().map(|view| view.is_immutable).collect::<Vec<_>>(), [*is_immutable], "{name}");
    }
    shown.into_iter().filter(|(_, is_immutable)| *is_immutable).map(|(name, _)| name).collect()
}

#[test]
fn all_tags_or_those_that_match_are_immutable_and_stay_so() {
    let mut scene = scene();
    assert_eq!(immutable(&scene), Vec::<String>::new());
    assert!(update(&scene, some(&["v*", "1.0"])).unwrap().holds(&super::content::tag("v2")));
    assert_eq!(immutable(&scene), ["v1"]);
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
    assert_eq!(immutable(&scene), ["v1"]);
    // Another change leaves them as they are.
    let public = RepositoryUpdate { is_public: Some(true), ..RepositoryUpdate::default() };
    assert_eq!(update(&scene, public).unwrap().patterns(), patterns(&["v*", "1.0"]));
    assert!(update(&scene, all()).unwrap().is_all());
    assert_eq!(immutable(&scene), ["latest", "v1"]);
    assert!(update(&scene, some(&[])).unwrap().is_none());
    assert_eq!(immutable(&scene), Vec::<String>::new());
    let updates = scene.audited().into_iter().filter(|(_, action, _)| action == "repository.update").count();
    assert_eq!(updates, 4);
}

#[test]
fn a_new_repository_may_have_them_at_once() {
    let scene = scene();
    let immutable_tags = ImmutableTags::new(true, Vec::new()).unwrap();
    let new = NewRepository { immutable_tags: immutable_tags.clone(), ..NewRepository::private(named("alice/new")) };
    let made = scene.service().create_repository(&scene.local(), new).unwrap();
    assert_eq!(made.repository.immutable_tags, immutable_tags);
}

#[test]
fn patterns_beside_all_tags_are_refused() {
    let scene = scene();
    update(&scene, all()).unwrap();
    let immutable_tag_patterns = Some(patterns(&["v*"]));
    let narrower = RepositoryUpdate { immutable_tag_patterns, ..RepositoryUpdate::default() };
    let refused = update(&scene, narrower);
    assert!(matches!(refused, Err(Error::Invalid { field: "immutableTagPatterns", .. })), "{refused:?}");
    assert_eq!(immutable(&scene), ["latest", "v1"]);
}

#[test]
fn who_does_not_administer_the_repository_chooses_none() {
    let scene = scene();
    let state = scene.service().store.state();
    let bob = call(Caller::of_account(state.account_named("bob").unwrap()), scene.now());
    let refused = scene.service().update_repository(&bob, &named(APP), all());
    assert!(matches!(refused, Err(Error::NotFound { .. } | Error::Hidden { .. })), "{refused:?}");
    let public = RepositoryUpdate { is_public: Some(true), ..RepositoryUpdate::default() };
    update(&scene, public).unwrap();
    let refused = scene.service().update_repository(&bob, &named(APP), all());
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    assert_eq!(immutable(&scene), Vec::<String>::new());
}

#[test]
fn without_a_gateway_nothing_is_immutable_and_only_none_can_be_chosen() {
    let mut scene = scene();
    update(&scene, some(&["v*"])).unwrap();
    scene.reopen_with_gateway(false);
    // It is told that it is asked for, and not that it were so.
    assert_eq!(immutable(&scene), Vec::<String>::new());
    for refused in [all(), some(&["w*"])] {
        let refused = update(&scene, refused);
        assert!(matches!(refused, Err(Error::Conflict(Obstacle::NoGateway))), "{refused:?}");
    }
    let immutable_tags = ImmutableTags::new(false, patterns(&["v*"])).unwrap();
    let new = NewRepository { immutable_tags, ..NewRepository::private(named("alice/new")) };
    let refused = scene.service().create_repository(&scene.local(), new);
    assert!(matches!(refused, Err(Error::Conflict(Obstacle::NoGateway))), "{refused:?}");
    assert!(!scene.is_known("alice/new"));
    // A client that sends the whole back with another field changed is none that chooses them.
    let public = RepositoryUpdate { is_public: Some(true), ..some(&["v*"]) };
    assert_eq!(update(&scene, public).unwrap().patterns(), patterns(&["v*"]));
    assert!(update(&scene, some(&[])).unwrap().is_none());
    let refused = update(&scene, some(&["v*"]));
    assert!(matches!(refused, Err(Error::Conflict(Obstacle::NoGateway))), "{refused:?}");
}
