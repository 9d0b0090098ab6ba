//! Very many tags of one repository: what is done to all of them takes several changes, each of which may be the last.

use std::fs;

use super::super::bundles::BUNDLE;
use super::super::change::Deed;
use super::super::repositories::deletion_step;
use super::super::{Compared, Error, News, SeenTag};
use super::content::{Scene, digest, image, named, pushed, seen};
use crate::domain::content::{Deletion, Remains};

pub(super) const APP: &str = "alice/app";
/// More tags than two changes write.
pub(super) const MANY: usize = 2 * BUNDLE + 500;
/// A day more than tags are kept that the registry has lost.
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

fn on_app(actions: &[&str]) -> Vec<(String, String)> {
    actions.iter().map(|action| ((*action).to_owned(), APP.to_owned())).collect()
}

#[track_caller]
fn is_the_same_when_opened_again(scene: &mut Scene) {
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
}

#[test]
fn a_repository_with_very_many_tags_goes_in_bundles_and_its_record_last() {
    let mut scene = filled();
    let (earlier, before) = (scene.audited().len(), written(&scene));
    scene.delete(APP);
    assert_eq!(written(&scene) - before, 3);
    assert_eq!((scene.is_known(APP), scene.is_deleted(APP), count(&scene)), (false, true, 0));
    assert_eq!(recorded(&scene, earlier), on_app(&["repository.beginDelete", "repository.delete"]));
    is_the_same_when_opened_again(&mut scene);
    // One change is enough for as many as it writes.
    scene.make(APP);
    assert_eq!(scene.compare(APP, &all(1)[..BUNDLE]), Compared::Changed);
    let (earlier, before) = (scene.audited().len(), written(&scene));
    scene.delete(APP);
    assert_eq!(written(&scene) - before, 1);
    assert_eq!(recorded(&scene, earlier), on_app(&["repository.delete"]));
}

/// Does the first step of a deletion, and no other.
fn begin_deletion(scene: &Scene) {
    let deletion = Deletion { at: scene.now(), content: Remains::Stays };
    let begun = scene.service().change(&scene.local(), Deed::new("repository.delete", APP), move |change| {
        deletion_step(change, &named(APP), &deletion, None).map(|step| step.is_continue())
    });
    assert!(begun.unwrap(), "there is more to delete");
}

#[test]
fn an_interrupted_deletion_leaves_a_repository_that_can_be_deleted_again() {
    let mut scene = filled();
    let earlier = scene.audited().len();
    begin_deletion(&scene);
    is_the_same_when_opened_again(&mut scene);
    assert_eq!((scene.is_known(APP), scene.is_deleted(APP)), (true, false));
    assert_eq!((count(&scene), scene.listed_count(APP)), (MANY - BUNDLE, MANY - BUNDLE));
    assert_eq!(scene.activity(APP).missing_since, None);
    assert_eq!(recorded(&scene, earlier), on_app(&["repository.beginDelete"]), "who began it is known");
    // What the registry still has of it comes back with a comparison, as long as it is not deleted.
    assert_eq!(scene.compare(APP, &all(1)), Compared::Changed);
    assert_eq!(count(&scene), MANY);
    begin_deletion(&scene);
    scene.delete(APP);
    assert_eq!((scene.is_known(APP), scene.is_deleted(APP), count(&scene)), (false, true, 0));
    assert_eq!(scene.compare(APP, &all(1)), Compared::Deleted);
    is_the_same_when_opened_again(&mut scene);
}

#[test]
fn an_account_with_such_a_repository_goes_with_it() {
    let mut scene = filled();
    scene.make("alice/lib");
    scene.make("alice-x/app");
    let (earlier, before) = (scene.audited().len(), written(&scene));
    assert_eq!(scene.service().delete_account(&scene.local(), "alice", true, &|| ()).unwrap(), Some(2));
    assert_eq!(written(&scene) - before, 4);
    let mut expected = on_app(&["repository.beginDelete", "repository.delete"]);
    expected
        .extend([("account.delete", "alice"), ("repository.delete", "alice/lib")].map(|(a, o)| (a.into(), o.into())));
    assert_eq!(recorded(&scene, earlier), expected);
    assert!(!scene.is_known(APP) && !scene.is_known("alice/lib") && scene.is_known("alice-x/app"));
    is_the_same_when_opened_again(&mut scene);
    // Nothing of it goes with an account that has to stay.
    scene.service().create_user(&scene.local(), super::content::new_user("alice")).unwrap();
    scene.make(APP);
    scene.compare(APP, &all(1));
    let bob = super::super::Caller::of_account(scene.service().store.state().account_named("alice-x").unwrap());
    let denied = scene.service().delete_account(&super::support::call(bob, scene.now()), "alice", true, &|| ());
    assert!(matches!(denied, Err(Error::Denied(_))));
    assert_eq!(count(&scene), MANY);
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
    // Pushed while the registry was asked: stays.
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
