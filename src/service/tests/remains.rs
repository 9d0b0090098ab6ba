//! What the registry still has of deleted repositories: who reaches it, who gets the name, and its deletion.

use super::super::{Call, Caller, Compared, ContentDeletion, Error, NewOrganization, NewRepository, NewUser, Obstacle};
use super::content::{Scene, named, new_user, pushed, seen};
use super::support::{call, issue, start};
use crate::domain::access::Actions;
use crate::domain::content::{Deletion, Remains};
use crate::domain::name::Name;
use crate::domain::scope::Scopes;

const APP: &str = "alice/app";
const HERE: &str = "https://registry.example.com";

fn goes() -> Remains {
    Remains::Goes { registry: HERE.into() }
}

/// Alice's repository was deleted while this registry was configured; bob is another user.
fn deleted_beside(registry: Option<&'static str>) -> Scene {
    let mut scene = Scene::beside(registry);
    scene.make(APP);
    scene.tell(APP, pushed("1.0", 1));
    scene.service().create_user(&scene.local(), new_user("bob")).unwrap();
    scene.delete(APP);
    scene
}

fn of(scene: &Scene, user: &str) -> Call {
    let state = scene.service().store.state();
    call(Caller::of_account(state.account_named(user).unwrap()), scene.now())
}

fn begin(scene: &Scene, name: &str) -> Option<ContentDeletion> {
    scene.service().begin_content_deletion(&scene.registry(), &named(name)).unwrap()
}

fn noted(scene: &Scene) -> Option<Deletion> {
    scene.service().deletion(&scene.registry(), &named(APP)).unwrap()
}

fn note(scene: &Scene, seen: Deletion, content: Remains) -> bool {
    scene.service().note_remains(&scene.registry(), &named(APP), seen, content).unwrap()
}

fn create(scene: &Scene, name: &str) -> Result<(), Error> {
    let new = NewRepository::private(named(name));
    scene.service().create_repository(&of(scene, "alice"), new).map(drop)
}

/// The part of `actions` that a caller is granted on alice's repository.
fn granted(scene: &Scene, call: &Call, actions: &str) -> Actions {
    let scopes = Scopes::parse([format!("repository:{APP}:{actions}").as_str()]).unwrap();
    let issued = issue(scene.service(), call, &scopes).unwrap();
    issued.scopes.on(&named(APP))
}

#[test]
fn content_goes_in_the_registry_that_was_configured_when_its_repository_was_deleted() {
    let mut scene = deleted_beside(Some(HERE));
    assert_eq!(noted(&scene), Some(Deletion { at: start(), content: goes() }));
    assert!(begin(&scene, "alice/other").is_none() && begin(&scene, "bob/app").is_none(), "not deleted");
    for other in [None, Some("https://other.example.com")] {
        scene.reopen_beside(other);
        assert!(begin(&scene, APP).is_none(), "{other:?}");
    }
    scene.reopen_beside(Some(HERE));
    assert_eq!(begin(&scene, APP).map(|begun| begun.noted.clone()), noted(&scene));
    for settled in [Remains::Stays, Remains::None] {
        let present = noted(&scene).unwrap();
        assert!(note(&scene, present, settled.clone()));
        assert!(begin(&scene, APP).is_none(), "{settled:?}");
    }
    // What was deleted while no registry was configured stays, even if one is configured later.
    let mut scene = deleted_beside(None);
    assert_eq!(noted(&scene), Some(Deletion { at: start(), content: Remains::Stays }));
    scene.reopen_beside(Some(HERE));
    assert!(begin(&scene, APP).is_none());
}

#[test]
fn while_content_is_deleted_nobody_makes_a_repository_of_its_name() {
    let mut scene = deleted_beside(Some(HERE));
    let begun = begin(&scene, APP).unwrap();
    assert!(begin(&scene, APP).is_none(), "it is at work already");
    let (end, audited) = (scene.end(), scene.audited());
    assert!(matches!(create(&scene, APP), Err(Error::Conflict(Obstacle::BeingDeleted))));
    for caller in [of(&scene, "alice"), of(&scene, "admin"), scene.local()] {
        assert!(!granted(&scene, &caller, "pull,push").contains(Actions::PUSH), "{caller:?}");
    }
    assert_eq!(granted(&scene, &of(&scene, "alice"), "pull,push"), Actions::NONE);
    assert!(!scene.tell(APP, pushed("2.0", 2)));
    assert_eq!(scene.compare(APP, &[seen("1.0", 1)]), Compared::Deleted);
    assert!(!scene.is_known(APP) && scene.is_deleted(APP));
    assert_eq!((scene.end(), scene.audited()), (end, audited), "nothing was written");
    // Others may not make it, and learn nothing of it.
    create(&scene, "alice/app-web").unwrap();
    let new = NewRepository::private(named(APP));
    let refused = scene.service().create_repository(&of(&scene, "bob"), new);
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    // The deletion ended too early: what is left still waits to be deleted, and would come back with the name.
    let noted = begun.noted.clone();
    drop(begun);
    assert!(matches!(create(&scene, APP), Err(Error::Conflict(Obstacle::BeingDeleted))));
    assert_eq!(granted(&scene, &of(&scene, "alice"), "pull,push"), Actions::NONE);
    assert!(note(&scene, noted, Remains::None));
    create(&scene, APP).unwrap();
    assert!(scene.is_known(APP) && !scene.is_deleted(APP));
}

#[test]
fn once_the_deletion_has_ended_a_push_makes_it_and_the_next_one_can_begin() {
    let scene = deleted_beside(Some(HERE));
    drop(begin(&scene, APP));
    let begun = begin(&scene, APP).unwrap();
    assert!(note(&scene, begun.noted.clone(), Remains::None));
    let alice = of(&scene, "alice");
    assert_eq!(granted(&scene, &alice, "pull,push"), Actions::NONE, "noted, and not ended");
    drop(begun);
    assert_eq!(granted(&scene, &alice, "pull,push"), Actions::PULL.union(Actions::PUSH));
    assert!(scene.is_known(APP) && !scene.is_deleted(APP));
    assert!(begin(&scene, APP).is_none(), "it was made again");
}

#[test]
fn one_that_waits_to_be_made_is_made_before_the_deletion_begins_or_refused() {
    let scene = deleted_beside(Some(HERE));
    for _ in 0..20 {
        let (made, begun) = std::thread::scope(|scope| {
            let made = scope.spawn(|| create(&scene, APP).is_ok());
            let begun = scope.spawn(|| begin(&scene, APP));
            let begun = begun.join().unwrap();
            (made.join().unwrap(), begun)
        });
        assert_eq!(made, begun.is_none(), "one of the two");
        assert_eq!(made, scene.is_known(APP));
        drop(begun);
        if made {
            scene.delete(APP);
        }
    }
}

#[test]
fn nothing_is_noted_or_forgotten_after_something_else_was_noted() {
    let mut scene = deleted_beside(Some(HERE));
    scene.wait_for_purge();
    let first = noted(&scene).unwrap();
    let forget = |scene: &Scene, seen: &Deletion| {
        scene.service().forget_deletion(&scene.registry(), &named(APP), seen.clone()).unwrap();
        noted(scene)
    };
    scene.wait(10);
    assert!(note(&scene, first.clone(), Remains::None));
    let none = Deletion { at: start(), content: Remains::None };
    assert_eq!(noted(&scene), Some(none.clone()), "when it was deleted stays");
    assert!(!note(&scene, first.clone(), Remains::Stays), "it was noted since that nothing is there");
    assert_eq!(forget(&scene, &first), Some(none.clone()));
    // Once the repository is made again, there is nothing to note.
    scene.make(APP);
    assert!(!note(&scene, none.clone(), Remains::Stays));
    assert_eq!((forget(&scene, &none), scene.is_known(APP)), (None, true));
    // Deleting it again is another deletion.
    scene.delete(APP);
    scene.wait_for_purge();
    let again = Deletion { at: scene.now(), content: goes() };
    assert!(!note(&scene, none.clone(), Remains::Stays) && !note(&scene, first.clone(), Remains::None));
    assert_eq!((forget(&scene, &none), forget(&scene, &first)), (Some(again.clone()), Some(again.clone())));
    scene.reopen();
    assert_eq!(noted(&scene), Some(again.clone()));
    assert_eq!(forget(&scene, &again), None);
    assert!(!note(&scene, again, Remains::Stays), "forgotten is not noted anew");
    assert!(!scene.is_deleted(APP));
}

#[test]
fn a_deleted_name_grants_nothing_to_its_owner_and_no_push_to_administrators() {
    for registry in [None, Some(HERE)] {
        let scene = deleted_beside(registry);
        let pull_delete = Actions::PULL.union(Actions::DELETE);
        let check = |scene: &Scene| {
            for actions in ["pull", "delete", "pull,delete", "*"] {
                assert_eq!(granted(scene, &of(scene, "alice"), actions), Actions::NONE, "{actions}");
                assert_eq!(granted(scene, &of(scene, "bob"), actions), Actions::NONE, "{actions}");
            }
            for caller in [of(scene, "admin"), scene.local()] {
                assert_eq!(granted(scene, &caller, "*"), pull_delete, "{caller:?}");
                assert_eq!(granted(scene, &caller, "delete"), Actions::DELETE, "{caller:?}");
            }
        };
        check(&scene);
        for content in [Remains::None, Remains::Stays] {
            let present = noted(&scene).unwrap();
            note(&scene, present, content);
            check(&scene);
        }
        assert_eq!(granted(&scene, &of(&scene, "bob"), "pull,push"), Actions::NONE, "it is not his to make");
        assert!(!scene.is_known(APP));
        assert_eq!(granted(&scene, &of(&scene, "alice"), "push"), Actions::PULL.union(Actions::PUSH));
        assert!(scene.is_known(APP) && !scene.is_deleted(APP), "a push makes it again");
        assert_eq!(granted(&scene, &of(&scene, "alice"), "*"), Actions::ALL);
    }
}

#[test]
fn a_name_that_was_never_known_is_not_closed_by_a_neighbour_that_was_deleted() {
    let mut scene = deleted_beside(None);
    scene.make("bob/app");
    let scopes = Scopes::parse(["repository:alice/app-web:pull,delete"]).unwrap();
    let issued = issue(scene.service(), &of(&scene, "alice"), &scopes).unwrap();
    assert_eq!(
        issued.scopes.repositories.iter().map(|it| it.actions).collect::<Vec<_>>(),
        [Actions::PULL.union(Actions::DELETE)]
    );
    // Once forgotten, it is as if the repository had never been known.
    scene.wait(10);
    let present = noted(&scene).unwrap();
    scene.service().forget_deletion(&scene.registry(), &named(APP), present).unwrap();
    assert_eq!(granted(&scene, &of(&scene, "alice"), "*"), Actions::PULL.union(Actions::DELETE));
}

#[test]
fn a_new_account_over_deleted_content_is_made_only_when_an_administrator_says_so() {
    let user = |name: &str, adopt_repositories| NewUser { adopt_repositories, ..new_user(name) };
    for content in [Remains::Stays, goes(), Remains::None] {
        let scene = deleted_beside(Some(HERE));
        assert_eq!(scene.service().delete_account(&scene.local(), "alice", false).unwrap(), Some(0));
        let present = noted(&scene).unwrap();
        assert!(note(&scene, present, content.clone()));
        // Names that only share a prefix are not affected.
        for free in ["alic", "alice-x", "carol"] {
            scene.service().create_user(&scene.local(), user(free, false)).unwrap();
        }
        let organization = |adopt_repositories| {
            let name = Name::parse("alice").unwrap();
            let new = NewOrganization { name, full_name: String::new(), adopt_repositories };
            scene.service().create_organization(&scene.local(), new).map(drop)
        };
        if content != Remains::None {
            for _ in 0..2 {
                let refused = scene.service().create_user(&scene.local(), user("alice", false)).map(drop);
                for refused in [refused, organization(false)] {
                    assert!(matches!(refused, Err(Error::Conflict(Obstacle::NamespaceInUse))), "{content:?}");
                }
            }
        }
        let adopt = content != Remains::None;
        scene.service().create_user(&scene.local(), user("alice", adopt)).unwrap();
        assert!(scene.is_deleted(APP), "the name is remembered all the same");
        assert_eq!(granted(&scene, &of(&scene, "alice"), "*"), Actions::NONE);
        scene.service().delete_account(&scene.local(), "alice", true).unwrap();
        organization(adopt).unwrap();
    }
}
