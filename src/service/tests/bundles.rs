//! Very many tags of one repository: work on all of them takes several changes, and may be cut short after each.

use std::fs;

use super::super::content::BUNDLE;
use super::super::{Compared, News, SeenTag};
use super::content::{Scene, digest, image, named, pushed, seen};

pub(super) const APP: &str = "alice/app";
/// More tags than two changes write.
pub(super) const MANY: usize = 2 * BUNDLE + 500;
/// A day longer than tags that the registry has lost are kept.
pub(super) const LONG: i64 = 31 * 24 * 3_600;

pub(super) fn all(number: u8) -> Vec<SeenTag> {
    (0..MANY).map(|tag| SeenTag { image: Some(image(1)), ..seen(&format!("v{tag:05}"), number) }).collect()
}

/// Alice's repository with very many tags.
pub(super) fn filled() -> Scene {
    let mut scene = Scene::new();
    scene.make(APP);
    assert_eq!(scene.compare(APP, &all(1)), Compared::Changed);
    scene.wait(1);
    scene
}

pub(super) fn count(scene: &Scene) -> usize {
    scene.service().store.state().tags_count(&named(APP))
}

/// How many batches were written: the larger number of the two notes of the store's end.
pub(super) fn written(scene: &Scene) -> u64 {
    let noted = fs::read(scene.service().store.directory().join("end")).unwrap();
    let number = |slot: &[u8]| u64::from_le_bytes(slot[..8].try_into().unwrap());
    noted.chunks(64).map(number).max().unwrap()
}

/// What was recorded since the first `earlier` records, without who did it.
pub(super) fn recorded(scene: &Scene, earlier: usize) -> Vec<(String, String)> {
    scene.audited().into_iter().skip(earlier).map(|(_, action, object)| (action, object)).collect()
}

#[track_caller]
pub(super) fn is_the_same_when_opened_again(scene: &mut Scene) {
    let before = scene.service().store.state();
    scene.reopen();
    assert!(before.purged() == scene.service().store.state().purged());
}

#[test]
fn what_a_comparison_finds_of_very_many_tags_is_put_right_in_bundles() {
    let mut scene = Scene::new();
    let before = written(&scene);
    assert_eq!(scene.compare(APP, &all(1)), Compared::Adopted);
    assert_eq!((count(&scene), written(&scene) - before), (MANY, 3));
    assert_eq!(scene.audited().len(), 1, "it was learnt once");
    assert_eq!(scene.compare(APP, &all(1)), Compared::Same);
    scene.wait(60);
    // Tags that are pushed while the registry is asked stay.
    let asked = scene.now();
    scene.wait(1);
    scene.tell(APP, pushed("v00000", 9));
    scene.tell(APP, pushed("new", 9));
    let before = written(&scene);
    assert_eq!(scene.compare_as_of(APP, &all(2)[BUNDLE..], asked), Compared::Changed);
    assert_eq!(written(&scene) - before, 3, "two bundles come, one goes");
    let tags = scene.tags(APP);
    assert_eq!(tags.len(), MANY - BUNDLE + 2);
    let pushed_meanwhile = tags.iter().filter(|(_, number)| *number == 9).map(|(name, _)| name.as_str());
    assert_eq!(pushed_meanwhile.collect::<Vec<_>>(), ["new", "v00000"]);
    assert!(tags.iter().all(|(_, number)| [2, 9].contains(number)));
    is_the_same_when_opened_again(&mut scene);
}

#[test]
fn very_many_lost_tags_are_forgotten_in_bundles_when_their_time_is_over() {
    let mut scene = filled();
    let since = Some(scene.now());
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    assert_eq!((count(&scene), scene.listed_count(APP)), (MANY, 0));
    scene.wait(LONG);
    let before = written(&scene);
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    assert_eq!((count(&scene), written(&scene) - before), (0, 3));
    assert_eq!(scene.activity(APP).missing_since, since);
    assert_eq!(scene.compare(APP, &[]), Compared::Same);
    is_the_same_when_opened_again(&mut scene);
}

#[test]
fn a_push_to_a_repository_that_has_lost_very_many_tags_forgets_them_in_bundles() {
    let mut scene = filled();
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    let before = written(&scene);
    assert!(scene.tell(APP, pushed("new", 9)));
    assert_eq!(written(&scene) - before, 3);
    assert_eq!((scene.tags(APP), scene.activity(APP).pushes), (vec![("new".to_owned(), 9)], 1));
    assert_eq!(scene.activity(APP).missing_since, None);
}

#[test]
fn a_notification_that_takes_very_many_tags_takes_them_in_bundles() {
    for news in [News::RepositoryDeleted, News::ManifestDeleted(digest(1))] {
        let mut scene = filled();
        let before = written(&scene);
        assert!(scene.tell(APP, news.clone()));
        assert_eq!((count(&scene), written(&scene) - before), (0, 3));
        assert_eq!(scene.activity(APP).missing_since, Some(scene.now()));
        let before = written(&scene);
        assert!(!scene.tell(APP, news));
        assert_eq!(written(&scene), before);
    }
}
