//! Very many repositories are transferred in bundles, and after each of them everything is whole.

use super::super::content::BUNDLE;
use super::super::{Error, NewUser, Transferred};
use super::bundles::{is_the_same_when_opened_again, recorded};
use super::content::{Scene, named, new_user};
use super::support::{put, repository};
use crate::domain::access::GrantLevel;
use crate::domain::grant::{GrantTarget, Grantee, GranteeKind};

/// More repositories than two bundles have: each takes three rows and one grant.
const MANY: usize = BUNDLE / 2 + 100;

/// Alice with very many repositories, all of which carol may push to; and bob.
fn filled() -> Scene {
    let scene = Scene::new();
    for user in ["alice", "bob", "carol"] {
        scene.service().create_user(&scene.local(), new_user(user)).unwrap();
    }
    let names = (0..MANY).map(|number| format!("alice/app-{number:05}")).collect::<Vec<_>>();
    put(scene.service(), move |txn| {
        names.iter().try_for_each(|name| txn.put_repository(repository(name)).map(drop))?;
        Ok(())
    });
    let all = GrantTarget::Namespace(named("alice/app").namespace());
    scene.service().put_grant(&scene.local(), &all, GranteeKind::User, "carol", GrantLevel::ReadWrite).unwrap();
    scene
}

fn owned(scene: &Scene, owner: &str) -> usize {
    let state = scene.service().store.state();
    state.owned_count(state.account_named(owner).unwrap())
}

fn give(scene: &Scene, from: &str, to: &str) -> Result<Transferred, Error> {
    scene.service().transfer_repositories(&scene.local(), from, to)
}

fn room(scene: &Scene, most: usize) {
    let asked = crate::domain::settings::Choices {
        max_per_namespace: Some(u32::try_from(most).unwrap()),
        ..crate::domain::settings::Choices::default()
    };
    scene.service().choose_settings(&scene.local(), asked).unwrap();
}

#[test]
fn very_many_go_in_bundles_and_each_is_whole() {
    let mut scene = filled();
    room(&scene, MANY - 1);
    let earlier = scene.audited().len();
    assert!(matches!(give(&scene, "alice", "bob"), Err(Error::Conflict(_))), "bob has no room for all of them");
    assert_eq!((owned(&scene, "alice"), owned(&scene, "bob")), (MANY, 0), "so none was transferred");
    room(&scene, MANY);
    let earlier = earlier + 1;
    let first = give(&scene, "alice", "bob").unwrap();
    assert!(first.count > 0 && first.count < MANY && first.left == MANY - first.count, "{first:?}");
    // Here it is interrupted: what was transferred is bob's with all that belongs to it, the rest alice's.
    is_the_same_when_opened_again(&mut scene);
    assert_eq!((owned(&scene, "alice"), owned(&scene, "bob")), (first.left, first.count));
    let state = scene.service().store.state();
    let carol = Grantee::User(state.account_named("carol").unwrap().id);
    let granted = |number: usize| {
        let name = GrantTarget::Repository(named(&format!("alice/app-{number:05}")));
        state.grant(&name, carol)
    };
    assert!((0..first.count).all(|number| granted(number) == Some(GrantLevel::ReadWrite)));
    assert!((first.count..MANY).all(|number| granted(number).is_none()));
    assert_eq!(recorded(&scene, earlier).len(), first.count, "one record each");
    let mut count = first.count;
    while count < MANY {
        count += give(&scene, "alice", "bob").unwrap().count;
    }
    assert_eq!((owned(&scene, "alice"), owned(&scene, "bob")), (0, MANY));
    let records = recorded(&scene, earlier);
    let last = format!("alice/app-{:05} to bob", MANY - 1);
    assert_eq!((records.len(), records.last().unwrap()), (MANY, &("repository.transfer".to_owned(), last)));
    let nothing = give(&scene, "alice", "bob").unwrap();
    assert_eq!((nothing.count, nothing.left), (0, 0), "the last repetition does nothing");
    is_the_same_when_opened_again(&mut scene);
}

#[test]
fn very_many_without_an_owner_are_taken_over_by_a_new_account() {
    let mut scene = filled();
    room(&scene, 2 * MANY);
    put(scene.service(), |txn| {
        (MANY..2 * MANY)
            .try_for_each(|number| txn.put_repository(repository(&format!("alice/app-{number:05}"))).map(drop))?;
        Ok(())
    });
    while give(&scene, "alice", "bob").unwrap().left > 0 {}
    let (service, local) = (scene.service(), scene.local());
    ["alice", "bob"].iter().for_each(|user| _ = service.delete_account(&local, user, false).unwrap());
    let alice = |adopt_repositories| NewUser { adopt_repositories, ..new_user("alice") };
    assert!(service.create_user(&local, alice(false)).is_err(), "it must be said that she takes them over");
    let (earlier, before) = (scene.audited().len(), service.store.state());
    assert_eq!(before.unowned_within(&named("alice/app").namespace()), 2 * MANY);
    service.create_user(&local, alice(true)).unwrap();
    assert_eq!(owned(&scene, "alice"), 2 * MANY);
    let records = recorded(&scene, earlier);
    let given = records.iter().filter(|(action, _)| action == "repository.transfer");
    let objects: std::collections::BTreeSet<&str> = given.map(|(_, object)| object.as_str()).collect();
    assert_eq!(objects.len(), 2 * MANY, "each has its own record");
    assert!(objects.contains("alice/app-00000 to alice"), "{:?}", objects.first());
    let state = scene.service().store.state();
    let carol = Grantee::User(state.account_named("carol").unwrap().id);
    let level = |target: GrantTarget| state.grant(&target, carol);
    assert_eq!(level(GrantTarget::Repository(named("alice/app-00000"))), Some(GrantLevel::ReadWrite), "it stays");
    assert_eq!(level(GrantTarget::Namespace(named("alice/app").namespace())), None, "an earlier alice's does not");
    assert!(
        scene.service().store.state().kept(&named("alice/app").namespace()).is_none(),
        "nothing is transferred any more"
    );
    let made =
        recorded(&scene, 0).iter().filter(|(action, object)| action == "account.create" && object == "alice").count();
    assert_eq!(made, 2, "one record each time, however many changes");
    is_the_same_when_opened_again(&mut scene);
}
