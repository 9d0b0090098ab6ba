//! A deletion is one change, however much it deletes; the rows left on the disk go later, and nobody sees them.

use super::super::{Compared, Error, Obstacle};
use super::bundles::{APP, MANY, all, count, filled, is_the_same_when_opened_again, recorded, written};
use super::content::{Scene, named, new_user, pulled, pushed};
use super::support::call;
use crate::domain::content::Activity;

/// The audit records of the deletion of these repositories.
fn deleted(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ("repository.delete".to_owned(), (*name).to_owned())).collect()
}

#[test]
fn a_repository_with_very_many_tags_goes_in_one_change() {
    let mut scene = filled();
    let earlier = scene.audited().len();
    let seen = scene.service().store.state().audit().seq;
    scene.delete(APP);
    let state = scene.service().store.state();
    assert_eq!((scene.is_known(APP), scene.is_deleted(APP), count(&scene)), (false, true, 0));
    assert_eq!(recorded(&scene, earlier), deleted(&[APP]));
    assert_eq!(state.audit().seq - seen, 1);
    assert_eq!(scene.compare(APP, &all(1)), Compared::Deleted);
    is_the_same_when_opened_again(&mut scene);
    scene.wait_for_purge();
    is_the_same_when_opened_again(&mut scene);
    assert_eq!(recorded(&scene, earlier), deleted(&[APP]), "the purge is no deed");
}

#[test]
fn an_account_goes_with_its_repositories_in_one_change() {
    let mut scene = filled();
    scene.make("alice/lib");
    scene.make("alice-x/app");
    let earlier = scene.audited().len();
    assert_eq!(scene.service().delete_account(&scene.local(), "alice", true).unwrap(), Some(2));
    let expected = [vec![("account.delete".to_owned(), "alice".to_owned())], deleted(&[APP, "alice/lib"])].concat();
    assert_eq!(recorded(&scene, earlier), expected);
    assert!(!scene.is_known(APP) && !scene.is_known("alice/lib") && scene.is_known("alice-x/app"));
    is_the_same_when_opened_again(&mut scene);
    // Where the account has to stay, nothing of it is deleted.
    scene.service().create_user(&scene.local(), new_user("alice")).unwrap();
    scene.wait_until_free();
    scene.make(APP);
    scene.compare(APP, &all(1));
    let other = super::super::Caller::of_account(scene.service().store.state().account_named("alice-x").unwrap());
    let denied = scene.service().delete_account(&call(other, scene.now()), "alice", true);
    assert!(matches!(denied, Err(Error::Denied(_))));
    assert_eq!(count(&scene), MANY);
}

#[test]
fn a_repository_made_again_in_the_middle_of_the_purge_begins_with_nothing_and_loses_nothing() {
    let mut scene = filled();
    scene.tell(APP, pulled("v00000", 1));
    scene.service().housekeep(scene.now());
    for round in 0..3 {
        scene.delete(APP);
        scene.make(APP);
        assert_eq!((count(&scene), scene.activity(APP)), (0, Activity::default()), "{round}");
        assert!(scene.tell(APP, pushed("new", 9)));
        // Also when the purge goes on after a restart.
        scene.reopen();
        assert!(scene.tell(APP, pushed("newer", 9)));
        scene.wait_for_purge();
        let tags = ["new", "newer"].map(|tag| (tag.to_owned(), 9));
        assert_eq!((scene.tags(APP), scene.activity(APP).pushes), (tags.to_vec(), 2), "{round}");
        assert!(!scene.is_deleted(APP));
        is_the_same_when_opened_again(&mut scene);
        assert_eq!(scene.compare(APP, &all(1)), Compared::Changed, "to have much again");
    }
}

#[test]
fn a_deleted_name_is_given_to_no_other_owner_while_its_registry_tokens_may_live() {
    let mut scene = filled();
    scene.service().delete_account(&scene.local(), "alice", true).unwrap();
    scene.service().create_user(&scene.local(), new_user("alice")).unwrap();
    let lifetime = scene.service().settings().registry_token_lifetime;
    let refused = |scene: &Scene| match scene.try_make(APP) {
        Err(Error::Conflict(Obstacle::DeletedLately { retry_after })) => Some(retry_after),
        Ok(()) => None,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(refused(&scene), Some(lifetime + 60));
    scene.reopen();
    scene.wait(lifetime + 59);
    assert_eq!(refused(&scene), Some(1));
    assert_eq!(scene.try_make("alice/other").ok(), Some(()), "a name that was nobody's");
    scene.wait(1);
    assert_eq!(refused(&scene), None);
    // The same owner need not wait.
    scene.delete(APP);
    assert_eq!(refused(&scene), None);
    assert_eq!(scene.service().store.state().deletion(&named(APP)), None);
}

#[test]
fn what_an_interrupted_purge_left_goes_with_the_next_start() {
    let mut scene = filled();
    let before = written(&scene);
    scene.delete(APP);
    for _ in 0..20 {
        scene.reopen();
    }
    scene.wait_for_purge();
    assert!(written(&scene) - before >= 8, "a thousand rows in a change");
    is_the_same_when_opened_again(&mut scene);
}
