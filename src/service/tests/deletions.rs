//! Viewing and deleting tags: who may, and what is recorded once the registry was asked.

use super::super::{Call, Caller, Compared, Credentials, Error, Expiry, NewToken, RepositoryUpdate};
use super::content::{Scene, named, new_user, pushed, seen, tag};
use super::support::{call, sign_in};
use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::token::Limits;

/// Alice's repository with two tags; bob may read it, carol may write to it.
fn shared() -> Scene {
    let mut scene = Scene::new();
    scene.make("alice/app");
    scene.tell("alice/app", pushed("1.0", 1));
    scene.tell("alice/app", pushed("2.0", 1));
    for (user, level) in [("bob", GrantLevel::ReadOnly), ("carol", GrantLevel::ReadWrite)] {
        scene.service().create_user(&scene.local(), new_user(user)).unwrap();
        let target = GrantTarget::Repository(named("alice/app"));
        scene.service().put_grant(&scene.local(), &target, GranteeKind::User, user, level).unwrap();
    }
    scene.service().create_user(&scene.local(), new_user("dave")).unwrap();
    scene
}

fn of(scene: &Scene, user: &str) -> Call {
    let state = scene.service().store.state();
    call(Caller::of_account(state.account_named(user).unwrap()), scene.now())
}

/// Deletes a tag of alice's repository as the local administrator; `was_there` is what the registry answers.
fn delete(scene: &Scene, name: &str, was_there: bool) -> Result<bool, Error> {
    let deletion = scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag(name), vec![]).unwrap();
    scene.service().tag_deleted(&scene.local(), deletion, was_there, vec![])
}

/// Who began to delete which tags.
fn begun(scene: &Scene) -> Vec<(String, String)> {
    let audited = scene.audited().into_iter().filter(|(_, action, _)| action == "tag.beginDelete");
    audited.map(|(actor, _, object)| (actor, object)).collect()
}

/// The objects of the audit records of an action, by name.
fn objects(scene: &Scene, action: &str) -> Vec<String> {
    let audited = scene.audited().into_iter().filter(|(_, recorded, _)| recorded == action);
    let mut objects: Vec<_> = audited.map(|(_, _, object)| object).collect();
    objects.sort();
    objects
}

fn deletions(scene: &Scene) -> Vec<String> {
    let audited = scene.audited().into_iter().filter(|(_, action, _)| action == "tag.delete");
    audited.map(|(_, _, object)| object).collect()
}

#[test]
fn a_deletion_needs_read_write_and_a_repository_that_is_seen() {
    let scene = shared();
    let begin =
        |call: &Call, name: &str| scene.service().begin_tag_deletion(call, &named(name), tag("1.0"), vec![]).map(drop);
    let limited = |level, user: &str| {
        let limits = Limits { cap: level, patterns: [].into() };
        let username = Some(user.to_owned());
        let new = NewToken { username, label: None, expiry: Expiry::Never, limits, is_temporary: false };
        let (_, text) = scene.service().create_token(&scene.local(), new).unwrap();
        call(sign_in(scene.service(), user, text.reveal(), scene.now()).unwrap(), scene.now())
    };
    for allowed in [of(&scene, "alice"), of(&scene, "carol"), scene.local(), limited(AccessLevel::ReadWrite, "alice")] {
        assert!(begin(&allowed, "alice/app").is_ok(), "{allowed:?}");
    }
    let bob = begin(&of(&scene, "bob"), "alice/app");
    assert!(matches!(bob, Err(Error::Denied("this needs read-write access to the repository"))), "{bob:?}");
    for cap in [AccessLevel::ReadOnly, AccessLevel::Push] {
        let refused = begin(&limited(cap, "alice"), "alice/app").unwrap_err();
        let told = format!("this needs read-write access to the repository: the access token reaches {cap} only");
        assert_eq!(refused.denial(), Some(told.as_str()));
        // What the account has not the cap does not take.
        assert!(matches!(begin(&limited(cap, "bob"), "alice/app"), Err(Error::Denied(_))), "{cap}");
    }
    assert!(matches!(begin(&of(&scene, "dave"), "alice/app"), Err(Error::Hidden { .. })));
    assert!(matches!(begin(&scene.local(), "alice/none"), Err(Error::NotFound { .. })));
    assert!(matches!(begin(&scene.registry(), "alice/app"), Err(Error::Denied(_))));
    assert_eq!(scene.tags("alice/app").len(), 2, "nothing is deleted before the registry was asked");
}

#[test]
fn strangers_see_no_tags_not_even_public_ones() {
    let scene = shared();
    let list = |call: &Call| scene.service().list_tags(call, &named("alice/app"), None, 10).map(|page| page.count);
    let nobody = call(scene.service().authenticate(Credentials::None, None, scene.now()).unwrap(), scene.now());
    for is_public in [false, true] {
        let update = RepositoryUpdate { is_public: Some(is_public), ..RepositoryUpdate::default() };
        scene.service().update_repository(&scene.local(), &named("alice/app"), update).unwrap();
        assert!(matches!(list(&nobody), Err(Error::Unauthenticated)));
        assert_eq!(list(&of(&scene, "bob")).unwrap(), Some(2));
        assert_eq!(list(&of(&scene, "dave")).is_ok(), is_public);
    }
}

#[test]
fn a_deleted_tag_goes_alone_and_is_recorded() {
    let mut scene = shared();
    assert!(delete(&scene, "1.0", true).unwrap());
    assert_eq!(scene.tags("alice/app"), [("2.0".to_owned(), 1)]);
    assert_eq!(deletions(&scene), ["alice/app:1.0"]);
    // A tag that is not known here, but that the registry had.
    assert!(delete(&scene, "3.0", true).unwrap());
    assert_eq!(deletions(&scene), ["alice/app:1.0", "alice/app:3.0"]);
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
}

#[test]
fn what_the_registry_did_not_have_is_put_right_and_not_recorded() {
    let scene = shared();
    assert!(delete(&scene, "1.0", false).unwrap(), "it was shown until now");
    assert_eq!(scene.tags("alice/app"), [("2.0".to_owned(), 1)]);
    assert!(!delete(&scene, "1.0", false).unwrap());
    assert_eq!(deletions(&scene), Vec::<String>::new());
}

#[test]
fn who_has_a_tag_deleted_is_recorded_before_the_registry_is_asked() {
    let scene = shared();
    let carol = of(&scene, "carol");
    let also = ["2.0", "1.0", "stays", "2.0"].map(tag).to_vec();
    let mut permitted = scene.service().begin_tag_deletion(&carol, &named("alice/app"), tag("1.0"), also).unwrap();
    assert_eq!(permitted.others, ["2.0", "stays"].map(tag), "each once, and the tag itself is none of them");
    assert_eq!(begun(&scene), Vec::<(String, String)>::new(), "it may wait, and its caller may leave");
    let by_carol = ["alice/app:1.0", "alice/app:2.0"].map(|tag| ("carol".to_owned(), tag.to_owned()));
    scene.service().tag_deletion_begins(&carol, &mut permitted).unwrap();
    assert_eq!(begun(&scene), by_carol[..1], "whether others go is not known yet");
    scene.service().tags_go_along(&carol, &mut permitted, vec![tag("2.0")]).unwrap();
    let mut seen_begun = begun(&scene);
    seen_begun.sort();
    assert_eq!(seen_begun, by_carol, "each that goes");
    assert_eq!((deletions(&scene), scene.tags("alice/app").len()), (vec![], 2), "what became of it is not known yet");
    // If the registry's answer is lost or cannot be recorded, a comparison removes the tag, and its record does not
    // say who deleted it.
    assert_eq!(scene.compare("alice/app", &[seen("2.0", 1)]), Compared::Changed);
    assert_eq!((deletions(&scene), begun(&scene).len()), (vec![], 2));
    // While the deletion waited, carol lost her access, the repository was deleted, or changes are no longer accepted.
    let target = GrantTarget::Repository(named("alice/app"));
    scene.service().put_grant(&scene.local(), &target, GranteeKind::User, "carol", GrantLevel::ReadOnly).unwrap();
    assert!(matches!(scene.service().tag_deletion_begins(&carol, &mut permitted), Err(Error::Denied(_))));
    let along = scene.service().tags_go_along(&carol, &mut permitted, vec![tag("2.0")]);
    assert!(matches!(along, Err(Error::Denied(_))), "{along:?}");
    scene.delete("alice/app");
    let gone = scene.service().tag_deletion_begins(&scene.local(), &mut permitted);
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    scene.make("alice/app");
    assert_eq!(begun(&scene).len(), 2);
    scene.service().store.close();
    let refused = scene.service().tag_deletion_begins(&scene.local(), &mut permitted);
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[test]
fn a_deletion_of_which_nothing_came_is_recorded_as_such() {
    let scene = shared();
    let begin = |along: &[&str]| {
        let local = scene.local();
        let mut deletion =
            scene.service().begin_tag_deletion(&local, &named("alice/app"), tag("1.0"), vec![tag("2.0")]).unwrap();
        scene.service().tag_deletion_begins(&local, &mut deletion).unwrap();
        let along = along.iter().copied().map(tag).collect();
        scene.service().tags_go_along(&local, &mut deletion, along).unwrap();
        deletion
    };
    scene.service().tag_deletion_cancelled(&scene.local(), &begin(&[])).unwrap();
    assert_eq!(objects(&scene, "tag.cancelDelete"), ["alice/app:1.0"], "only what began");
    scene.service().tag_deletion_cancelled(&scene.local(), &begin(&["2.0"])).unwrap();
    assert_eq!(objects(&scene, "tag.cancelDelete"), ["alice/app:1.0", "alice/app:1.0", "alice/app:2.0"]);
    assert_eq!(scene.tags("alice/app").len(), 2, "all is as it was");
    // The registry did not have it.
    assert!(scene.service().tag_deleted(&scene.local(), begin(&["2.0"]), false, vec![]).unwrap());
    assert_eq!(objects(&scene, "tag.cancelDelete"), objects(&scene, "tag.beginDelete"), "none is left open");
    assert_eq!(deletions(&scene), Vec::<String>::new());
    assert!(scene.service().tag_deleted(&scene.local(), begin(&["2.0"]), true, vec![tag("2.0")]).unwrap());
    assert_eq!((objects(&scene, "tag.cancelDelete").len(), deletions(&scene).len()), (5, 2));
}

#[test]
fn a_deletion_that_waited_counts_from_its_begin() {
    let mut scene = shared();
    let local = scene.local();
    let mut deletion = scene.service().begin_tag_deletion(&local, &named("alice/app"), tag("1.0"), vec![]).unwrap();
    scene.wait(1);
    assert!(scene.tell("alice/app", pushed("1.0", 3)), "while it waits: the registry deletes this one");
    scene.wait(1);
    scene.service().tag_deletion_begins(&scene.local(), &mut deletion).unwrap();
    assert!(scene.service().tag_deleted(&scene.local(), deletion, true, vec![]).unwrap());
    assert_eq!(scene.tags("alice/app"), [("2.0".to_owned(), 1)]);
    // An access token that has expired meanwhile no longer counts.
    let limits = Limits { cap: AccessLevel::ReadWrite, patterns: [].into() };
    let expiry = Expiry::At(scene.now().plus_seconds(60));
    let new = NewToken { username: Some("alice".to_owned()), label: None, expiry, limits, is_temporary: false };
    let (_, text) = scene.service().create_token(&scene.local(), new).unwrap();
    let asked = call(sign_in(scene.service(), "alice", text.reveal(), scene.now()).unwrap(), scene.now());
    let mut deletion = scene.service().begin_tag_deletion(&asked, &named("alice/app"), tag("2.0"), vec![]).unwrap();
    scene.wait(61);
    let late = Call { now: scene.now(), ..asked };
    let refused = scene.service().tag_deletion_begins(&late, &mut deletion);
    assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
}

#[test]
fn tags_that_went_along_go_here_and_each_is_recorded() {
    let mut scene = shared();
    for name in ["3.0", "4.0"] {
        assert!(scene.tell("alice/app", pushed(name, 1)));
    }
    let also = ["2.0", "3.0", "unknown"].map(tag).to_vec();
    let deletion =
        scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag("1.0"), also.clone()).unwrap();
    scene.wait(1);
    assert!(scene.tell("alice/app", pushed("3.0", 2)), "meanwhile another manifest");
    assert!(scene.service().tag_deleted(&scene.local(), deletion, true, also).unwrap());
    assert_eq!(scene.tags("alice/app"), [("3.0".to_owned(), 2), ("4.0".to_owned(), 1)]);
    let mut recorded = deletions(&scene);
    recorded.sort();
    assert_eq!(recorded, ["alice/app:1.0", "alice/app:2.0", "alice/app:3.0", "alice/app:unknown"]);
    // The last tags go together.
    let deletion =
        scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag("3.0"), vec![tag("4.0")]).unwrap();
    assert!(scene.service().tag_deleted(&scene.local(), deletion, true, vec![tag("4.0")]).unwrap());
    assert_eq!((scene.tags("alice/app"), scene.activity("alice/app").missing_since), (vec![], Some(scene.now())));
}

#[test]
fn a_tag_that_is_pushed_again_while_the_registry_deletes_it_stays() {
    let mut scene = shared();
    let begin = |scene: &Scene| {
        scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag("1.0"), vec![]).unwrap()
    };
    for (was_there, number) in [(true, 3), (false, 1)] {
        let deletion = begin(&scene);
        scene.wait(1);
        assert!(scene.tell("alice/app", pushed("1.0", number)));
        assert_eq!(scene.service().tag_deleted(&scene.local(), deletion, was_there, vec![]).unwrap(), was_there);
        assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), number), ("2.0".to_owned(), 1)]);
    }
    assert_eq!(deletions(&scene), ["alice/app:1.0"], "the registry did delete one");
    // A tag that was pushed before the deletion began and compared since is still the one that was meant.
    let deletion = begin(&scene);
    scene.wait(1);
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 1), seen("2.0", 1)]), Compared::Same);
    assert!(scene.service().tag_deleted(&scene.local(), deletion, true, vec![]).unwrap());
    assert_eq!(scene.tags("alice/app"), [("2.0".to_owned(), 1)]);
}

#[test]
fn the_last_tag_goes_at_once_and_since_then_they_are_missing() {
    let mut scene = shared();
    scene.wait(50);
    assert!(delete(&scene, "1.0", true).unwrap());
    assert_eq!(scene.activity("alice/app").missing_since, None, "one is left");
    assert!(delete(&scene, "2.0", true).unwrap());
    let since = Some(scene.now());
    assert_eq!((scene.tags("alice/app"), scene.activity("alice/app").missing_since), (vec![], since));
    scene.wait(50);
    assert!(delete(&scene, "2.0", true).unwrap(), "the registry had another of that name");
    assert_eq!(scene.compare("alice/app", &[]), Compared::Same);
    scene.reopen();
    assert_eq!(scene.activity("alice/app").missing_since, since, "still since then");
    assert!(scene.tell("alice/app", pushed("3.0", 1)));
    assert_eq!(
        (scene.listed("alice/app"), scene.activity("alice/app").missing_since),
        ((vec!["3.0".to_owned()], 1), None)
    );
}

#[test]
fn a_repository_that_goes_while_the_registry_deletes_its_tag_is_no_obstacle() {
    let scene = shared();
    let begin = || scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag("1.0"), vec![]).unwrap();
    let (first, second) = (begin(), begin());
    scene.delete("alice/app");
    assert!(scene.service().tag_deleted(&scene.local(), first, true, vec![]).unwrap());
    assert!(!scene.service().tag_deleted(&scene.local(), second, false, vec![]).unwrap());
    assert!(scene.is_deleted("alice/app"));
}

#[test]
fn a_deletion_that_cannot_be_written_says_so() {
    let scene = shared();
    let deletion = scene.service().begin_tag_deletion(&scene.local(), &named("alice/app"), tag("1.0"), vec![]).unwrap();
    scene.service().store.close();
    let done = scene.service().tag_deleted(&scene.local(), deletion, true, vec![]);
    assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
    assert_eq!(scene.tags("alice/app").len(), 2, "the next comparison puts it right");
}
