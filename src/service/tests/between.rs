//! What others do between the bundles of one large change: it goes on with what it began, and with nothing else.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::super::bundles::{BUNDLE, remove_bundle};
use super::super::change::Deed;
use super::super::comparison::put_bundle;
use super::super::repositories::deletion_step;
use super::super::{AccountUpdate, Compared, Error, News, Obstacle};
use super::bundles::{APP, LONG, MANY, all, count, filled, recorded, written};
use super::content::{Scene, digest, named, new_user, notice, pushed};
use crate::domain::content::{Deletion, Remains};
use crate::domain::id::Id;

/// Does one step of the deletion of alice's repository. Which one it took from, or whether it was there.
fn deletion_goes_on(scene: &Scene, begun: Option<Id>) -> ControlFlow<bool, Id> {
    let deletion = Deletion { at: scene.now(), content: Remains::Stays };
    let deed = Deed::new("repository.delete", APP);
    let step = scene
        .service()
        .change(&scene.local(), deed, move |change| deletion_step(change, &named(APP), &deletion, begun));
    step.unwrap()
}

#[test]
fn a_deletion_does_not_go_on_with_a_repository_that_was_made_anew() {
    let mut scene = filled();
    let ControlFlow::Continue(begun) = deletion_goes_on(&scene, None) else { panic!("there is more to delete") };
    // Another request does the rest.
    scene.delete(APP);
    let audited = scene.audited().len();
    assert_eq!(deletion_goes_on(&scene, Some(begun)), ControlFlow::Break(true), "what was meant is gone");
    scene.make(APP);
    scene.wait(1);
    assert_eq!(scene.compare(APP, &all(2)), Compared::Changed);
    assert_eq!(deletion_goes_on(&scene, Some(begun)), ControlFlow::Break(true));
    assert_eq!((scene.is_known(APP), count(&scene)), (true, MANY));
    let made = ("repository.create".to_owned(), APP.to_owned());
    assert_eq!(recorded(&scene, audited), [made], "the other request recorded the deletion");
}

#[test]
fn the_deletion_of_an_account_does_not_go_on_with_one_that_was_made_anew() {
    let scene = filled();
    scene.make("alice/lib");
    let id = |scene: &Scene| scene.service().store.state().account_named("alice").map(|account| account.id);
    let (before, calls) = (id(&scene), Cell::new(0));
    let went = || {
        calls.set(calls.get() + 1);
        assert!(!scene.is_known(APP), "it is told when a repository is gone");
        scene.service().delete_account(&scene.local(), "alice", false, &|| ()).unwrap();
        scene.service().create_user(&scene.local(), new_user("alice")).unwrap();
        scene.make(APP);
    };
    assert_eq!(scene.service().delete_account(&scene.local(), "alice", true, &went).unwrap(), Some(1));
    assert_eq!(calls.get(), 1);
    assert!(id(&scene).is_some() && id(&scene) != before);
    assert!(scene.is_known(APP) && scene.is_known("alice/lib"));
}

#[test]
fn repositories_that_go_with_an_account_are_told_of_also_where_the_rest_fails() {
    let delete = |scene: &Scene, meanwhile: &dyn Fn()| {
        scene.make("alice/lib");
        let calls = Cell::new(0);
        let went = || {
            calls.set(calls.get() + 1);
            meanwhile();
        };
        let deleted = scene.service().delete_account(&scene.local(), "alice", true, &went);
        (deleted, calls.get())
    };
    let scene = filled();
    let (deleted, calls) = delete(&scene, &|| ());
    assert_eq!((deleted.unwrap(), calls), (Some(2), 2), "the large one, and the rest with the account");

    let scene = filled();
    let (deleted, calls) = delete(&scene, &|| scene.service().store.close());
    assert!(matches!(deleted, Err(Error::Unavailable(_))), "{deleted:?}");
    assert_eq!((calls, scene.is_known(APP), scene.is_known("alice/lib")), (1, false, true));

    let scene = filled();
    let set = |user: &str, is_admin| {
        let update = AccountUpdate { is_admin: Some(is_admin), ..AccountUpdate::default() };
        scene.service().update_account(&scene.local(), user, update).unwrap();
    };
    set("alice", true);
    let (deleted, calls) = delete(&scene, &|| set("admin", false));
    let is_last = matches!(deleted, Err(Error::Conflict(Obstacle::LastAdministrator { field: None })));
    assert!(is_last, "{deleted:?}");
    assert_eq!((calls, scene.is_known(APP), scene.is_known("alice/lib")), (1, false, true));
    // None of an account that leaves its repositories.
    let none = || panic!("nothing went");
    set("admin", true);
    assert_eq!(scene.service().delete_account(&scene.local(), "alice", false, &none).unwrap(), Some(0));
}

#[test]
fn a_notification_takes_nothing_that_was_pushed_after_it_came() {
    for news in [News::RepositoryDeleted, News::ManifestDeleted(digest(1))] {
        let mut scene = filled();
        let came = scene.registry();
        let first = scene.service().change(&came, Deed::new("registry.notify", APP), |change| {
            let permit = change.authority()?.tell_content()?;
            change.was_idle();
            Ok::<_, Error>(remove_bundle(change, &permit, &named(APP), |_| true))
        });
        assert_eq!(first.unwrap(), ControlFlow::Continue(()));
        scene.wait(1);
        // One that went, one that would have gone next, and a new one; the same manifest as before, too.
        for name in ["v00000", "v08000", "zz-new"] {
            assert!(scene.tell(APP, pushed(name, 1)));
        }
        let told = notice("deleted", APP, came.now, news.clone());
        assert!(scene.service().take_notice(&came, told).unwrap());
        let pushed = ["v00000", "v08000", "zz-new"].map(|name| (name.to_owned(), 1));
        assert_eq!((scene.tags(APP), scene.activity(APP).missing_since), (pushed.to_vec(), None), "{news:?}");
        // Nothing else is left of what it tells.
        let (before, told) = (written(&scene), notice("again", APP, came.now, news.clone()));
        assert!(!scene.service().take_notice(&came, told).unwrap());
        assert_eq!(written(&scene), before);
        assert!(scene.tell(APP, news), "one that comes now tells of them");
        assert_eq!((scene.tags(APP), scene.activity(APP).missing_since), (vec![], Some(scene.now())));
    }
}

/// Alice's repository, which lost all of its tags so long ago that they are forgotten.
fn forgotten() -> Scene {
    let mut scene = filled();
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    scene.wait(LONG);
    assert_eq!(scene.compare(APP, &[]), Compared::Gone);
    assert_eq!(count(&scene), 0);
    scene.wait(1);
    scene
}

#[test]
fn a_push_between_the_bundles_of_a_comparison_forgets_none_of_what_it_puts_back() {
    let mut scene = forgotten();
    let (asked, id) = (scene.now(), Id::new(scene.now(), [1; 10]));
    let first = scene.service().change(&scene.registry(), Deed::new("registry.compare", APP), move |change| {
        put_bundle(change, &named(APP), id, &all(1)[..BUNDLE], asked)
    });
    first.unwrap();
    assert_eq!((scene.listed_count(APP), scene.activity(APP).missing_since), (BUNDLE, None), "seen from now on");
    scene.wait(1);
    assert!(scene.tell(APP, pushed("zz-new", 9)));
    assert_eq!(count(&scene), BUNDLE + 1);
    assert_eq!(scene.compare_as_of(APP, &all(1), asked), Compared::Changed);
    assert_eq!((count(&scene), scene.listed_count(APP)), (MANY + 1, MANY + 1));
}

#[test]
fn what_is_left_of_a_comparison_takes_a_change_for_each_bundle() {
    let rest = |scene: &Scene, seen| {
        let before = written(scene);
        let done = scene.service().compare_rest(&scene.registry(), &named(APP), seen, scene.now()).unwrap();
        (done, written(scene) - before)
    };
    let scene = forgotten();
    assert_eq!(rest(&scene, all(1)), (Compared::Changed, 3));
    assert_eq!((scene.listed_count(APP), scene.activity(APP).missing_since), (MANY, None));
    // Some come, others go; a change has room for both.
    assert_eq!(rest(&scene, all(2)[BUNDLE..].to_vec()), (Compared::Changed, 3));
    assert_eq!(count(&scene), MANY - BUNDLE);
    assert!(scene.tags(APP).iter().all(|(_, number)| *number == 2));
    assert_eq!(rest(&scene, all(2)[BUNDLE..].to_vec()), (Compared::Same, 0));
}
