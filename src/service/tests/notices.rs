//! The registry's notifications, one by one: what each kind of news does, and that none does it twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Error, News};
use super::content::{MEDIA_TYPE, Scene, digest, image, named, notice, pulled, pushed, seen, tag};
use super::support::{put, start};
use crate::domain::content::Activity;

/// Notifications that are remembered (`service::content::news`).
const REMEMBERED: usize = 16_384;

fn by_digest(number: u8) -> News {
    News::Pulled { tag: None, digest: digest(number) }
}

fn learnt(name: &str) -> (String, String, String) {
    ("registry".to_owned(), "repository.learn".to_owned(), name.to_owned())
}

#[test]
fn a_repository_that_was_made_is_learnt_unless_it_was_deleted_here() {
    let mut scene = Scene::new();
    assert!(scene.tell("alice/app", News::RepositoryMade));
    assert_eq!(scene.tags("alice/app"), []);
    assert!(!scene.tell("alice/app", News::RepositoryMade), "it is known");
    scene.delete("alice/app");
    assert!(!scene.tell("alice/app", News::RepositoryMade), "this comes late");
}

#[test]
fn a_push_with_a_tag_makes_an_unknown_repository_known_and_private() {
    let mut scene = Scene::new();
    for name in ["alice/app", "nobody/deep/er", "busybox"] {
        assert!(scene.tell(name, pushed("1.0", 7)));
        assert_eq!(scene.tags(name), [("1.0".to_owned(), 7)]);
        assert!(!scene.service().store.state().repository(&named(name)).unwrap().is_public);
    }
    let new = scene.tag("busybox", "1.0");
    assert_eq!((new.created_at, new.updated_at, new.image), (start(), start(), None));
    assert_eq!(new.media_type, MEDIA_TYPE);
    let activity = Activity { pushes: 1, last_push: Some(start()), ..Activity::default() };
    assert_eq!(scene.activity("alice/app"), activity);
    assert_eq!(scene.audited(), [learnt("alice/app"), learnt("nobody/deep/er"), learnt("busybox")]);
}

#[test]
fn other_news_of_an_unknown_repository_teaches_nothing() {
    let mut scene = Scene::new();
    let end = scene.end();
    for news in [
        pulled("1.0", 7),
        by_digest(7),
        News::TagDeleted(tag("1.0")),
        News::ManifestDeleted(digest(7)),
        News::RepositoryDeleted,
    ] {
        assert!(!scene.tell("alice/app", news.clone()), "{news:?}");
        assert!(!scene.is_known("alice/app"), "{news:?}");
    }
    assert_eq!((scene.audited(), scene.end()), (vec![], end), "nothing was written");
}

#[test]
fn a_moved_tag_keeps_when_it_was_made_and_what_was_read_of_the_same_manifest() {
    let mut scene = Scene::new();
    let read = crate::service::SeenTag { image: Some(image(5)), ..seen("1.0", 7) };
    scene.compare("alice/app", &[read]);
    scene.wait(50);
    scene.tell("alice/app", pushed("1.0", 7));
    let again = scene.tag("alice/app", "1.0");
    assert_eq!((again.created_at, again.updated_at), (start(), start().plus_seconds(50)));
    assert_eq!(again.image, Some(image(5)), "the manifest is the same");
    scene.wait(50);
    scene.tell("alice/app", pushed("1.0", 8));
    let moved = scene.tag("alice/app", "1.0");
    assert_eq!((moved.created_at, moved.updated_at), (start(), start().plus_seconds(100)));
    assert_eq!((moved.digest, moved.image), (digest(8), None), "what another manifest said is not its");
    assert_eq!(scene.activity("alice/app").pushes, 2);
    assert_eq!(scene.audited(), [learnt("alice/app")], "pushes are in the registry's own log");
}

#[test]
fn a_push_that_comes_late_or_from_a_clock_that_is_ahead_is_dated_sensibly() {
    let mut scene = Scene::new();
    scene.wait(1_000);
    let tell = |id: &str, at| {
        let told = notice(id, "alice/app", at, pushed("1.0", 7));
        assert!(scene.service().take_notice(&scene.registry(), told).unwrap());
        scene.activity("alice/app").last_push
    };
    assert_eq!(tell("in time", start().plus_seconds(500)), Some(start().plus_seconds(500)));
    assert_eq!(tell("late", start().plus_seconds(10)), Some(start().plus_seconds(500)), "the last is the last");
    assert_eq!(tell("ahead", start().plus_seconds(9_999)), Some(scene.now()), "nothing is pushed in the future");
    assert_eq!(scene.activity("alice/app").pushes, 3);
    assert_eq!(scene.tag("alice/app", "1.0").updated_at, scene.now(), "by the clock of comparisons");
}

#[test]
fn deletions_take_the_tag_every_tag_of_the_manifest_or_all() {
    let mut scene = Scene::new();
    for (name, number) in [("1.0", 7), ("1.0.0", 7), ("2.0", 8), ("latest", 7), ("old", 9)] {
        scene.tell("alice/app", pushed(name, number));
        scene.tell("alice/app-web", pushed(name, number));
    }
    assert!(scene.tell("alice/app", News::TagDeleted(tag("1.0.0"))));
    assert!(!scene.tell("alice/app", News::TagDeleted(tag("1.0.0"))), "it is gone");
    let left = |scene: &Scene| scene.tags("alice/app").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(left(&scene), ["1.0", "2.0", "latest", "old"]);
    assert!(scene.tell("alice/app", News::ManifestDeleted(digest(7))));
    assert!(!scene.tell("alice/app", News::ManifestDeleted(digest(7))));
    assert_eq!(left(&scene), ["2.0", "old"]);
    assert_eq!(scene.activity("alice/app").missing_since, None);
    scene.wait(50);
    assert!(scene.tell("alice/app", News::RepositoryDeleted));
    assert_eq!(left(&scene), Vec::<String>::new());
    assert_eq!(scene.activity("alice/app").missing_since, Some(start().plus_seconds(50)), "it has none since then");
    assert!(scene.is_known("alice/app") && !scene.is_deleted("alice/app"), "only its content went");
    assert_eq!(scene.activity("alice/app").pushes, 5);
    assert_eq!(scene.tags("alice/app-web").len(), 5, "another repository");
    assert_eq!(scene.audited(), [learnt("alice/app"), learnt("alice/app-web")]);
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
}

#[test]
fn a_pull_counts_by_tag_or_by_a_digest_that_a_tag_points_to() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 7));
    let end = scene.end();
    assert!(scene.tell("alice/app", pulled("1.0", 7)));
    assert!(scene.tell("alice/app", by_digest(7)));
    assert!(!scene.tell("alice/app", by_digest(8)), "a part of a list");
    assert!(!scene.tell("alice/lib", by_digest(7)), "another repository");
    assert_eq!(scene.activity("alice/app").pulls, 2);
    assert_eq!(scene.end(), end, "nothing is written for a pull at once");
}

#[test]
fn pulls_are_written_by_housekeeping_and_at_the_end_and_counted_once() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 7));
    let written = |scene: &Scene| scene.service().store.state().activity(&named("alice/app")).pulls;
    scene.tell("alice/app", pulled("1.0", 7));
    assert_eq!((scene.activity("alice/app").pulls, written(&scene)), (1, 0));
    scene.service().housekeep(scene.now());
    assert_eq!((scene.activity("alice/app").pulls, written(&scene)), (1, 1));
    let end = scene.end();
    scene.service().housekeep(scene.now());
    assert_eq!(scene.end(), end, "nothing waits any more");
    scene.tell("alice/app", pulled("1.0", 7));
    scene.tell("alice/app", pulled("1.0", 7));
    assert_eq!((scene.activity("alice/app").pulls, written(&scene)), (3, 1));
    scene.reopen();
    assert_eq!((scene.activity("alice/app").pulls, written(&scene)), (3, 3));
    assert_eq!(scene.audited(), [learnt("alice/app")]);
}

#[test]
fn pulls_of_more_repositories_than_one_change_writes_are_all_written() {
    let mut scene = Scene::new();
    let names: Vec<String> = (0..1_100).map(|number| format!("alice/app-{number}")).collect();
    let repositories = names.clone();
    put(scene.service(), move |txn| {
        Ok(repositories.iter().try_for_each(|name| txn.put_repository(super::support::repository(name)).map(drop))?)
    });
    names.iter().for_each(|name| assert!(scene.tell(name, pulled("1.0", 7))));
    scene.reopen();
    assert!(names.iter().all(|name| scene.activity(name).pulls == 1));
}

#[test]
fn a_repository_that_is_made_again_begins_without_the_pulls_of_the_one_before() {
    let mut scene = Scene::new();
    for is_written in [false, true] {
        scene.tell("alice/app", pushed("1.0", 7));
        scene.tell("alice/app", pulled("1.0", 7));
        if is_written {
            scene.service().housekeep(scene.now());
        }
        scene.delete("alice/app");
        scene.wait_until_free();
        scene.make("alice/app");
        assert_eq!(scene.activity("alice/app"), Activity::default(), "written before: {is_written}");
        scene.reopen();
        assert_eq!(scene.activity("alice/app"), Activity::default(), "written before: {is_written}");
    }
}

#[test]
fn counts_stop_at_the_largest_number() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 7));
    let most = Activity { pulls: u64::MAX - 1, pushes: u64::MAX, ..Activity::default() };
    put(scene.service(), move |txn| Ok(txn.put_activity(&named("alice/app"), most)?));
    (0..3).for_each(|_| _ = scene.tell("alice/app", pulled("1.0", 7)));
    assert!(scene.tell("alice/app", pushed("1.0", 7)));
    let shown = |scene: &Scene| (scene.activity("alice/app").pulls, scene.activity("alice/app").pushes);
    assert_eq!(shown(&scene), (u64::MAX, u64::MAX));
    scene.reopen();
    assert_eq!(shown(&scene), (u64::MAX, u64::MAX));
}

#[test]
fn what_is_sent_again_counts_once() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("0", 1));
    let of = |id: &str, news| {
        let told = notice(id, "alice/app", scene.now(), news);
        scene.service().take_notice(&scene.registry(), told).unwrap()
    };
    for (id, news) in [("push", pushed("1.0", 7)), ("pull", pulled("1.0", 7)), ("gone", News::TagDeleted(tag("0")))] {
        assert!(of(id, news.clone()), "{id}");
        assert!(!of(id, news.clone()), "{id} again");
        assert!(!of(id, by_digest(7)), "whatever it says now");
    }
    assert_eq!((scene.activity("alice/app").pulls, scene.activity("alice/app").pushes), (1, 2));
    // Two identifiers of equal length that differ in one letter are distinct.
    assert!(of("pusi", pushed("1.0", 7)));
}

#[test]
fn what_is_sent_again_at_the_same_time_counts_once() {
    const IDS: usize = 40;
    const THREADS: usize = 8;
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("base", 7));
    let (scene, taken) = (&scene, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let taken = &taken;
            scope.spawn(move || {
                for number in 0..IDS {
                    // Each thread sends them in another order.
                    let id = (number * 7 + thread * 5) % IDS;
                    let name = format!("t{id}");
                    for (kind, news) in [("push", pushed(&name, 7)), ("pull", by_digest(7))] {
                        let told = notice(&format!("{kind}-{id}"), "alice/app", scene.now(), news);
                        // While another thread handles the same notification, the registry is told to retry.
                        let is_new = loop {
                            match scene.service().take_notice(&scene.registry(), told.clone()) {
                                Err(Error::TooManyRequests { .. }) => std::thread::yield_now(),
                                taken => break taken.unwrap(),
                            }
                        };
                        taken.fetch_add(usize::from(is_new), Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 2 * IDS);
    let activity = scene.activity("alice/app");
    assert_eq!((activity.pushes, activity.pulls), (IDS as u64 + 1, IDS as u64));
    assert_eq!(scene.tags("alice/app").len(), IDS + 1);
    assert_eq!(scene.audited(), [learnt("alice/app")], "it was learnt once");
}

#[test]
fn of_very_many_notifications_the_oldest_is_forgotten_first() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 7));
    let pull = |number: usize| {
        let told = notice(&number.to_string(), "alice/app", scene.now(), pulled("1.0", 7));
        scene.service().take_notice(&scene.registry(), told).unwrap()
    };
    // The push above is remembered, too.
    assert!((0..REMEMBERED - 1).all(pull));
    assert!((0..REMEMBERED - 1).rev().all(|number| !pull(number)), "all of them are remembered");
    assert!((REMEMBERED..REMEMBERED + 3).all(pull));
    // The push and the first two were evicted, and each that counts again evicts the next.
    assert!(!pull(2) && !pull(REMEMBERED - 2) && !pull(REMEMBERED));
    assert!(pull(0) && pull(1) && pull(2) && pull(3));
    assert!(!pull(0) && !pull(REMEMBERED));
}

#[test]
fn what_could_not_be_written_counts_when_it_comes_again() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 7));
    let service = scene.service();
    let refuse = |id: &str, news| {
        let told = notice(id, "alice/app", scene.now(), news);
        assert!(matches!(service.take_notice(&scene.registry(), told), Err(Error::Unavailable(_))), "{id}");
    };
    service.store.close();
    for _ in 0..3 {
        // If it were taken for a duplicate, it would be answered with success, and the registry would drop it.
        refuse("push", pushed("2.0", 7));
        refuse("delete", News::TagDeleted(tag("1.0")));
    }
    // Pulls wait in memory.
    let told = notice("pull", "alice/app", scene.now(), pulled("1.0", 7));
    assert!(service.take_notice(&scene.registry(), told).unwrap());
    service.housekeep(scene.now());
    assert_eq!(scene.activity("alice/app").pulls, 1, "still counted, though it cannot be written");
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 7)]);
}
