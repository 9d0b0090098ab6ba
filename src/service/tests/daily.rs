//! Pulls and pushes by the day: what is counted, what a crash loses, and what goes with the repository.

use super::super::{Error, Expiry, NewOrganization, NewRobot};
use super::content::{Scene, named, new_user, pulled, pushed, pushed_by};
use super::support::call;
use crate::domain::access::AccessLevel;
use crate::domain::days::{Day, Days, KEPT_DAYS};
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::service::Caller;

const DAY: i64 = 24 * 3_600;
const APP: &str = "alice/app";

/// The counts of the last days, the newest one first, without those before.
fn last(scene: &Scene, days: usize) -> Vec<(u32, u32)> {
    let all = scene.service().daily_activity(&scene.local(), &named(APP)).unwrap();
    assert_eq!((all.len(), all[KEPT_DAYS - 1].0), (KEPT_DAYS, Day::of(scene.now())));
    all.iter().rev().take(days).map(|(_, count)| (count.pulls, count.pushes)).collect()
}

fn id(scene: &Scene) -> Id {
    scene.service().store.state().repository(&named(APP)).unwrap().id
}

/// What the disk has.
fn written(scene: &Scene) -> Days {
    scene.service().store.days(id(scene)).unwrap()
}

#[test]
fn each_day_has_its_pulls_and_pushes_before_and_after_they_are_written() {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 7));
    scene.tell(APP, pulled("1.0", 7));
    scene.tell(APP, pulled("1.0", 7));
    assert_eq!((last(&scene, 2), written(&scene)), (vec![(2, 1), (0, 0)], Days::default()));
    scene.wait(DAY);
    scene.tell(APP, pulled("1.0", 7));
    assert_eq!(last(&scene, 3), [(1, 0), (2, 1), (0, 0)]);
    let before = scene.activity(APP);
    scene.service().housekeep(scene.now());
    assert_eq!((last(&scene, 3), written(&scene).pulls()), (vec![(1, 0), (2, 1), (0, 0)], 3));
    assert_eq!(scene.activity(APP), before, "the whole counts the same");
    scene.wait(2 * DAY);
    scene.tell(APP, pushed("1.0", 8));
    scene.reopen();
    assert_eq!(last(&scene, 4), [(0, 1), (0, 0), (1, 0), (2, 1)]);
    let end = scene.end();
    scene.service().housekeep(scene.now());
    assert_eq!(scene.end(), end, "nothing waits any more");
}

#[test]
fn a_crash_loses_what_was_counted_since_the_last_writing_and_no_more() {
    let mut scene = Scene::new();
    scene.tell(APP, pushed("1.0", 7));
    scene.tell(APP, pulled("1.0", 7));
    scene.service().housekeep(scene.now());
    scene.tell(APP, pulled("1.0", 7));
    scene.crash();
    assert_eq!((last(&scene, 1), scene.activity(APP).pulls), (vec![(1, 1)], 1));
}

#[test]
fn one_damaged_record_keeps_no_other_repository_waiting() {
    let (mut scene, web) = (Scene::new(), "alice/web");
    let written = |scene: &Scene| scene.service().store.state().activity(&named(web)).pulls;
    for name in [APP, web] {
        scene.make(name);
        scene.tell(name, pulled("1.0", 7));
    }
    scene.service().housekeep(scene.now());
    assert_eq!(written(&scene), 1);
    assert!(scene.service().store.damage_days(id(&scene)));
    for pulls in 2..4 {
        // The damaged one comes first in the order of names.
        scene.tell(APP, pulled("1.0", 7));
        scene.tell(web, pulled("1.0", 7));
        scene.service().housekeep(scene.now());
        assert_eq!(written(&scene), pulls, "the other one is written");
        assert_eq!(scene.activity(APP).pulls, pulls, "the counts of the damaged one wait");
    }
    assert!(
        scene.service().daily_activity(&scene.local(), &named(APP)).is_err(),
        "and it is not told as if it were whole"
    );
}

#[test]
fn ninety_days_are_kept_in_one_small_record() {
    let mut scene = Scene::new();
    for _ in 0..KEPT_DAYS + 20 {
        scene.tell(APP, pushed("1.0", 7));
        scene.service().housekeep(scene.now());
        scene.wait(DAY);
    }
    assert_eq!(written(&scene).counts().count(), KEPT_DAYS);
    let shown = last(&scene, KEPT_DAYS);
    assert_eq!((shown[0], &shown[1..]), ((0, 0), &[(0, 1); KEPT_DAYS - 1][..]));
    scene.wait(200 * DAY);
    assert!(last(&scene, KEPT_DAYS).iter().all(|count| *count == (0, 0)));
}

#[test]
fn a_repository_that_is_made_again_begins_without_the_days_of_the_one_before() {
    let mut scene = Scene::new();
    for is_written in [false, true] {
        scene.tell(APP, pushed("1.0", 7));
        scene.tell(APP, pulled("1.0", 7));
        if is_written {
            scene.service().housekeep(scene.now());
        }
        let before = id(&scene);
        scene.delete(APP);
        scene.wait_until_free();
        scene.make(APP);
        scene.service().housekeep(scene.now());
        assert!(last(&scene, KEPT_DAYS).iter().all(|count| *count == (0, 0)), "written before: {is_written}");
        scene.wait_for_purge();
        assert!(scene.service().store.days(before).unwrap().is_empty(), "it went from the disk with the repository");
        scene.reopen();
        assert_eq!(last(&scene, 1), [(0, 0)]);
    }
}

#[test]
fn the_days_of_a_hidden_repository_are_those_of_none() {
    let mut scene = Scene::new();
    scene.make(APP);
    scene.tell(APP, pushed("1.0", 7));
    scene.service().create_user(&scene.local(), new_user("bob")).unwrap();
    let state = scene.service().store.state();
    let bob = call(Caller::of_account(state.account_named("bob").unwrap()), scene.now());
    let told = |name: &str| match scene.service().daily_activity(&bob, &named(name)) {
        Err(Error::Hidden { kind, name, .. }) => (kind, name),
        other => panic!("{other:?}"),
    };
    assert_eq!([told(APP).0, told("alice/none").0], [super::super::Kind::Repository; 2]);
}

#[test]
fn a_tag_says_which_robot_pushed_it_last() {
    let mut scene = Scene::new();
    scene.make(APP);
    let (name, full_name) = (Name::parse("acme").unwrap(), String::new());
    let new = NewOrganization { name, full_name, adopt_repositories: false };
    let acme = scene.service().create_organization(&scene.local(), new).unwrap();
    let new = NewRobot {
        organization: "acme".to_owned(),
        name: Name::parse("ci").unwrap(),
        label: None,
        expiry: Expiry::Never,
        cap: AccessLevel::Push,
        patterns: Vec::new(),
    };
    scene.service().create_robot(&scene.local(), new).unwrap();
    scene.tell(APP, pushed_by("acme/ci", "1.0", 7));
    scene.reopen();
    let pusher = scene.tag(APP, "1.0").pushed_by.unwrap();
    assert_eq!((pusher.name.to_string().as_str(), pusher.account), ("acme/ci", acme.account.id));
}

#[test]
fn a_tag_says_which_account_pushed_it_last() {
    let mut scene = Scene::new();
    scene.make(APP);
    scene.service().create_user(&scene.local(), new_user("bob")).unwrap();
    let who = |scene: &Scene| scene.tag(APP, "1.0").pushed_by.map(|pusher| pusher.name.to_string());
    scene.tell(APP, pushed_by("alice", "1.0", 7));
    assert_eq!(who(&scene).as_deref(), Some("alice"));
    scene.compare(APP, &[super::content::seen("1.0", 7)]);
    assert_eq!(who(&scene).as_deref(), Some("alice"), "the registry has what she pushed");
    scene.tell(APP, pushed_by("bob", "1.0", 7));
    assert_eq!(who(&scene).as_deref(), Some("bob"), "the same once more");
    scene.reopen();
    assert_eq!(who(&scene).as_deref(), Some("bob"));
    for gone in ["acme/ci", "bob/ci"] {
        scene.tell(APP, pushed_by(gone, "1.0", 7));
        assert_eq!(who(&scene), None, "no robot {gone}");
    }
    scene.tell(APP, pushed_by("nobody", "1.0", 8));
    assert_eq!(who(&scene), None, "no account");
    scene.tell(APP, pushed_by("alice", "1.0", 8));
    scene.wait(60);
    scene.compare(APP, &[super::content::seen("1.0", 9)]);
    assert_eq!(who(&scene), None, "who moved it was not told");
    scene.wait(60);
    scene.tell(APP, pushed("2.0", 8));
    assert_eq!(scene.tag(APP, "2.0").pushed_by, None);
}
