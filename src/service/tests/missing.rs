//! Repositories that have lost all their tags: a registry whose storage is away must not make dockpass forget them for
//! good.

use super::super::{Compared, News};
use super::content::{Scene, digest, image, named, pulled, pushed, seen, tag};
use super::support::start;
use crate::domain::content::Tag;

const APP: &str = "alice/app";
/// How long lost tags are kept, in seconds.
const KEPT: i64 = 30 * 24 * 3_600;

fn both() -> Vec<(String, u8)> {
    vec![("1.0".to_owned(), 1), ("2.0".to_owned(), 2)]
}

/// The repository with two tags from the start, the manifest of one read; a minute later the registry has neither.
fn lost() -> Scene {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 1));
    scene.tell(APP, pushed("2.0", 2));
    scene.service().describe_tag(&scene.registry(), &named(APP), &tag("1.0"), digest(1), image(10)).unwrap();
    scene.wait(60);
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    scene
}

fn since(scene: &Scene) -> Option<i64> {
    scene.activity(APP).missing_since.map(|since| since.seconds() - start().seconds())
}

#[test]
fn lost_tags_are_hidden_and_kept_for_thirty_days() {
    let mut scene = lost();
    let check = |scene: &Scene| {
        assert_eq!((scene.listed(APP), scene.tags(APP), since(scene)), ((vec![], 0), both(), Some(60)));
        let known = scene.service().known_tags(&scene.registry(), &named(APP)).unwrap();
        assert_eq!(known.unwrap().len(), 2, "a comparison need not read them again");
    };
    check(&scene);
    scene.reopen();
    check(&scene);
    let end = scene.end();
    scene.wait(KEPT - 1);
    assert_eq!(scene.compare(APP, &[]), Compared::Same);
    check(&scene);
    assert_eq!(scene.end(), end, "nothing was written");
    scene.wait(1);
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    assert_eq!((scene.listed(APP), scene.tags(APP), since(&scene)), ((vec![], 0), vec![], Some(60)));
    assert!(scene.is_known(APP), "what people were granted stays");
    scene.reopen();
    assert_eq!((scene.tags(APP), since(&scene)), (vec![], Some(60)));
    scene.wait(KEPT);
    assert_eq!(scene.compare(APP, &[]), Compared::Same);
    // Later, the tags count as new.
    assert_eq!(scene.compare(APP, &[seen("1.0", 1)]), Compared::Changed);
    let Tag { created_at, image, .. } = scene.tag(APP, "1.0");
    assert_eq!((created_at, image, since(&scene)), (scene.now(), None, None));
}

#[test]
fn with_all_of_them_back_nothing_has_changed() {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 1));
    scene.tell(APP, pushed("2.0", 2));
    scene.tell(APP, pulled("1.0", 1));
    scene.service().describe_tag(&scene.registry(), &named(APP), &tag("1.0"), digest(1), image(10)).unwrap();
    scene.service().housekeep(scene.now());
    let before = scene.service().store.state();
    for seconds in [60, KEPT - 1] {
        scene.wait(seconds);
        assert_eq!(scene.compare(APP, &[]), Compared::Gone);
        assert!(*before != *scene.service().store.state());
        scene.wait(KEPT - 1);
        assert_eq!(scene.compare(APP, &[seen("1.0", 1), seen("2.0", 2)]), Compared::Changed);
        assert!(*before == *scene.service().store.state(), "times, what was read and counts are as they were");
        assert_eq!(scene.listed(APP), (vec!["1.0".to_owned(), "2.0".to_owned()], 2));
    }
    // The thirty days begin anew each time.
    scene.wait(1);
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    assert_eq!(scene.tags(APP), both());
}

#[test]
fn of_some_that_are_back_or_moved_the_others_go() {
    let mut scene = lost();
    scene.wait(60);
    assert_eq!(scene.compare(APP, &[seen("1.0", 1)]), Compared::Changed);
    assert_eq!((scene.tags(APP), since(&scene)), (vec![("1.0".to_owned(), 1)], None));
    let back = scene.tag(APP, "1.0");
    assert_eq!((back.created_at, back.updated_at, back.image), (start(), start(), Some(image(10))));
    let mut scene = lost();
    scene.wait(60);
    assert_eq!(scene.compare(APP, &[seen("2.0", 3), seen("3.0", 3)]), Compared::Changed);
    assert_eq!(scene.tags(APP), [("2.0".to_owned(), 3), ("3.0".to_owned(), 3)]);
    let moved = scene.tag(APP, "2.0");
    assert_eq!((moved.created_at, moved.updated_at, since(&scene)), (start(), scene.now(), None));
}

#[test]
fn a_push_brings_back_itself_and_none_of_the_lost() {
    let mut scene = lost();
    scene.wait(60);
    assert!(scene.tell(APP, pushed("1.0", 1)));
    assert_eq!((scene.tags(APP), since(&scene)), (vec![("1.0".to_owned(), 1)], None));
    let pushed = scene.tag(APP, "1.0");
    assert_eq!((pushed.created_at, pushed.updated_at, pushed.image), (scene.now(), scene.now(), None));
    assert_eq!(scene.activity(APP).pushes, 3);
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
}

#[test]
fn losing_some_takes_those_at_once() {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 1));
    scene.tell(APP, pushed("2.0", 2));
    scene.wait(60);
    assert_eq!(scene.compare(APP, &[seen("2.0", 2)]), Compared::Changed);
    assert_eq!((scene.tags(APP), since(&scene)), (vec![("2.0".to_owned(), 2)], None));
}

#[test]
fn lost_tags_that_the_registry_says_to_have_deleted_are_kept_no_longer() {
    let mut scene = lost();
    scene.wait(60);
    assert!(scene.tell(APP, News::TagDeleted(tag("1.0"))));
    assert_eq!((scene.tags(APP), since(&scene)), (vec![("2.0".to_owned(), 2)], Some(60)));
    let deletion = scene.service().begin_tag_deletion(&scene.local(), &named(APP), tag("2.0"), vec![]).unwrap();
    assert!(scene.service().tag_deleted(&scene.local(), deletion, false, vec![]).unwrap());
    assert_eq!((scene.tags(APP), since(&scene)), (vec![], Some(60)), "still since then");
}

#[test]
fn a_repository_that_the_registry_says_to_be_empty_has_no_tags_since_then() {
    let mut scene = Scene::new();
    scene.compare(APP, &[seen("1.0", 1), seen("2.0", 2)]);
    scene.wait(60);
    assert!(scene.tell(APP, News::RepositoryDeleted));
    assert_eq!((scene.tags(APP), since(&scene)), (vec![], Some(60)), "nothing is kept");
    scene.wait(60);
    assert_eq!(scene.compare(APP, &[]), Compared::Same);
    assert_eq!(since(&scene), Some(60));
    assert!(scene.tell(APP, pushed("1.0", 1)));
    assert_eq!(since(&scene), None);
}

#[test]
fn what_is_read_of_a_manifest_is_noted_only_where_the_tag_still_points_to_it() {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 1));
    let describe = |scene: &Scene, repository: &str, name: &str, number: u8| {
        let digest = digest(number);
        scene.service().describe_tag(&scene.registry(), &named(repository), &tag(name), digest, image(5)).unwrap();
    };
    let before = scene.service().store.state();
    scene.wait(60);
    for (repository, name, number) in [(APP, "1.0", 2), (APP, "2.0", 1), ("alice/lib", "1.0", 1)] {
        describe(&scene, repository, name, number);
    }
    assert!(*before == *scene.service().store.state());
    describe(&scene, APP, "1.0", 1);
    let known = scene.service().known_tag(&scene.registry(), &named(APP), &tag("1.0")).unwrap().unwrap();
    assert_eq!((known.updated_at, known.image.clone()), (start(), Some(image(5))), "it is no newer for it");
    assert_eq!(scene.service().known_tag(&scene.registry(), &named(APP), &tag("2.0")).unwrap(), None);
}
