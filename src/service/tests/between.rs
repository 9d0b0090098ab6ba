//! What others change between the bundles of one large change: it goes on with what it began with, and touches nothing
//! else.

use std::ops::ControlFlow;

use super::super::content::put_bundle;
use super::super::content::{BUNDLE, remove_bundle};
use super::super::ledger::Deed;
use super::super::{Compared, Error, News};
use super::bundles::{APP, LONG, MANY, all, count, filled, written};
use super::content::{Scene, digest, named, notice, pushed};
use crate::domain::act::Act;
use crate::domain::id::Id;

#[test]
fn a_notification_takes_nothing_that_was_pushed_after_it_came() {
    for news in [News::RepositoryDeleted, News::ManifestDeleted(digest(1))] {
        let mut scene = filled();
        let came = scene.registry();
        let first = scene.service().change(&came, Deed::new(Act::RegistryNotify, APP), |change| {
            let permit = change.authority()?.tell_content()?;
            change.skip_record();
            Ok::<_, Error>(remove_bundle(change, &permit, &named(APP), |_| true))
        });
        assert_eq!(first.unwrap(), ControlFlow::Continue(()));
        scene.wait(1);
        // A tag that is gone, one that would have gone next, and a new one, all with the manifest that was there
        // before.
        for name in ["v00000", "v08000", "zz-new"] {
            assert!(scene.tell(APP, pushed(name, 1)));
        }
        let told = notice("deleted", APP, came.now, news.clone());
        assert!(scene.service().take_notice(&came, told).unwrap());
        let pushed = ["v00000", "v08000", "zz-new"].map(|name| (name.to_owned(), 1));
        assert_eq!((scene.tags(APP), scene.activity(APP).missing_since), (pushed.to_vec(), None), "{news:?}");
        // The same news, sent again, changes nothing more.
        let (before, told) = (written(&scene), notice("again", APP, came.now, news.clone()));
        assert!(!scene.service().take_notice(&came, told).unwrap());
        assert_eq!(written(&scene), before);
        assert!(scene.tell(APP, news), "one that comes now tells of them");
        assert_eq!((scene.tags(APP), scene.activity(APP).missing_since), (vec![], Some(scene.now())));
    }
}

/// Alice's repository, which lost all its tags so long ago that they are forgotten.
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
    let first = scene.service().change(&scene.registry(), Deed::new(Act::RegistryCompare, APP), move |change| {
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
