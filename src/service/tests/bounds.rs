//! What would grow without an end: names of repositories made and deleted, of which the memory is bounded, and what is
//! remembered stays; and the addresses that somebody signs in from.

use std::net::IpAddr;

use super::super::content::DELETED_NAMES;
use super::super::{
    Call, Caller, Credentials, Error, Expiry, NewRepository, NewToken, NewUser, Obstacle, UpgradeBackup,
};
use super::content::{Scene, named, new_user};
use super::support::{Home, call, issue, put, repository, sign_in, start};
use crate::domain::access::{AccessLevel, Actions, GrantLevel};
use crate::domain::content::{Deletion, Remains};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::id::Id;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Password, TokenHash};
use crate::domain::settings::Choices;
use crate::domain::time::Clock;
use crate::domain::token::{AccessToken, Limits, Revocation};
use crate::metrics::Metrics;
use crate::store::{DataDirectory, Store};

/// Names that one change makes and deletes.
const BUNDLE: u32 = 1_000;

/// Alice has made and deleted this many repositories, `alice/app-0` and so on.
fn churned(names: u32, content: Remains) -> Scene {
    let scene = Scene::new();
    for user in ["alice", "alice-x"] {
        scene.service().create_user(&scene.local(), new_user(user)).unwrap();
    }
    churn(&scene, names, &content);
    scene
}

/// Makes and deletes this many repositories of alice.
fn churn(scene: &Scene, names: u32, content: &Remains) {
    for from in (0..names).step_by(BUNDLE as usize) {
        let (until, deletion) = (names.min(from + BUNDLE), Deletion { at: scene.now(), content: content.clone() });
        put(scene.service(), move |txn| {
            for name in (from..until).map(|number| format!("alice/app-{number}")) {
                txn.put_repository(repository(&name))?;
                txn.remove_repository(&named(&name), deletion.clone())?;
            }
            Ok(())
        });
    }
}

fn of(scene: &Scene, user: &str) -> Call {
    let state = scene.service().store.state();
    call(Caller::of_account(state.account_named(user).unwrap()), scene.now())
}

/// Makes a repository as the owner of its namespace.
fn create(scene: &Scene, name: &str) -> Result<(), Error> {
    create_as(&of(scene, named(name).namespace_str()), scene, name)
}

fn create_as(call: &Call, scene: &Scene, name: &str) -> Result<(), Error> {
    let new = NewRepository::private(named(name));
    scene.service().create_repository(call, new).map(drop)
}

#[track_caller]
fn is_refused(scene: &Scene, name: &str) {
    let made = create(scene, name);
    assert!(matches!(made, Err(Error::Conflict(Obstacle::Limit(_)))), "{made:?}");
    assert!(!may_push(&of(scene, "alice"), scene, name), "nor by a push");
    assert!(!scene.is_known(name));
}

/// Whether the caller is given a registry token to push with, which makes the repository.
fn may_push(call: &Call, scene: &Scene, name: &str) -> bool {
    let scopes = Scopes::parse([format!("repository:{name}:pull,push").as_str()]).unwrap();
    let issued = issue(scene.service(), call, &scopes).unwrap();
    let granted = issued.scopes.on(&named(name));
    granted.contains(Actions::PUSH)
}

#[test]
fn who_makes_and_deletes_ever_new_names_comes_to_an_end() {
    for content in [Remains::Stays, Remains::None] {
        let mut scene = churned(DELETED_NAMES - 1, content);
        create(&scene, "alice/last").unwrap();
        create(&scene, "alice/one-more").unwrap();
        scene.delete("alice/last");
        for _ in 0..2 {
            is_refused(&scene, "alice/new");
            create(&scene, "alice-x/app").unwrap();
            scene.delete("alice-x/app");
            scene.reopen();
        }
        // A remembered name takes no more room when it is made again, and has its place again when it is deleted.
        create(&scene, "alice/app-7").unwrap();
        create(&scene, "alice/new").unwrap();
        for gone in ["alice/app-7", "alice/new", "alice/one-more"] {
            scene.delete(gone);
        }
        is_refused(&scene, "alice/app-77777");
        let state = scene.service().store.state();
        assert_eq!(state.deleted_after(None).count(), DELETED_NAMES as usize + 3, "all are remembered");
    }
}

#[test]
fn there_is_room_again_once_the_registry_was_asked_or_the_site_allows_more() {
    let scene = churned(DELETED_NAMES, Remains::None);
    is_refused(&scene, "alice/new");
    let noted = scene.service().deletion(&scene.registry(), &named("alice/app-0")).unwrap().unwrap();
    scene.service().forget_deletion(&scene.registry(), &named("alice/app-0"), noted).unwrap();
    create(&scene, "alice/new").unwrap();
    scene.delete("alice/new");
    is_refused(&scene, "alice/newer");
    // A lower limit on repositories of a namespace does not lower the one on deleted names; a higher one raises it.
    for (limit, is_allowed) in [(5, false), (DELETED_NAMES, false), (DELETED_NAMES + 1, true)] {
        let asked = Choices { max_per_namespace: Some(limit), ..Choices::default() };
        scene.service().choose_settings(&scene.local(), asked).unwrap();
        assert_eq!(create(&scene, "alice/newer").is_ok(), is_allowed, "{limit}");
    }
}

#[test]
fn a_small_limit_leaves_room_to_replace_one_by_another() {
    let scene = churned(0, Remains::None);
    let asked = Choices { max_per_namespace: Some(2), ..Choices::default() };
    scene.service().choose_settings(&scene.local(), asked).unwrap();
    create(&scene, "alice/app").unwrap();
    for number in 0..20 {
        create(&scene, &format!("alice/app-{number}")).unwrap();
        is_refused(&scene, "alice/third");
        scene.delete(&format!("alice/app-{number}"));
    }
}

#[test]
fn a_delegate_who_uses_it_up_closes_a_namespace_to_no_system_administrator() {
    let scene = churned(DELETED_NAMES, Remains::Stays);
    scene.service().create_user(&scene.local(), new_user("bob")).unwrap();
    let namespace = GrantTarget::Namespace(named("alice/app").namespace());
    scene.service().put_grant(&scene.local(), &namespace, GranteeKind::User, "bob", GrantLevel::Admin).unwrap();
    let by_bob = create_as(&of(&scene, "bob"), &scene, "alice/prod");
    let Err(Error::Conflict(Obstacle::Limit(reason))) = by_bob else { panic!("{by_bob:?}") };
    assert!(reason.contains("maxRepositoriesPerNamespace") && reason.contains("registry.url"), "{reason}");
    is_refused(&scene, "alice/prod");
    create_as(&scene.local(), &scene, "alice/prod").unwrap();
    create_as(&of(&scene, "admin"), &scene, "alice/stage").unwrap();
    // Also by a push, and with an access token that reaches less than its owner.
    let limits = Limits { cap: AccessLevel::ReadWrite, patterns: [].into() };
    let new = NewToken { username: None, label: None, expiry: Expiry::Never, limits, is_temporary: false };
    let (_, text) = scene.service().create_token(&of(&scene, "admin"), new).unwrap();
    let pipeline = call(sign_in(scene.service(), "admin", text.reveal(), scene.now()).unwrap(), scene.now());
    assert!(may_push(&pipeline, &scene, "alice/pushed") && scene.is_known("alice/pushed"));
}

#[test]
fn what_was_deleted_before_the_account_was_made_does_not_count() {
    let mut scene = churned(DELETED_NAMES, Remains::Stays);
    is_refused(&scene, "alice/new");
    scene.wait(60);
    scene.service().delete_account(&scene.local(), "alice", false).unwrap();
    scene.service().create_user(&scene.local(), new_user("alice")).unwrap();
    create(&scene, "alice/new").unwrap();
    // The new account may delete as many repositories of its own as any other.
    churn(&scene, DELETED_NAMES - 1, &Remains::Stays);
    create(&scene, "alice/newer").unwrap();
    scene.delete("alice/newer");
    is_refused(&scene, "alice/newest");
}

/// What an access token would reach is counted up to a thousand repositories, and what the account has as well.
#[test]
fn of_very_many_repositories_a_thousand_are_counted() {
    let scene = Scene::new();
    let local = scene.local();
    scene.service().create_user(&local, new_user("alice")).unwrap();
    let make = |from: usize, until: usize| {
        put(scene.service(), move |txn| {
            (from..until).try_for_each(|number| {
                txn.put_repository(repository(&format!("alice/app-{number}")))?;
                Ok(())
            })
        });
    };
    let preview = || scene.service().preview_reach(&local, Some("alice"), &Limits::none()).unwrap();
    make(0, 1_000);
    let all = preview();
    assert_eq!((all.levels.values().sum::<usize>(), all.has_more), (1_000, false));
    assert_eq!((all.of_account, all.account_has_more), (1_000, false));
    make(1_000, 1_001);
    let some = preview();
    assert_eq!((some.levels, some.has_more), (all.levels, true));
    assert_eq!((some.of_account, some.account_has_more), (1_000, true));
}

#[test]
fn an_account_sets_thirty_passwords_a_minute_and_an_administrator_as_many_as_it_likes() {
    let scene = Scene::new();
    scene.service().create_user(&scene.local(), new_user("alice")).unwrap();
    let (alice, admin) = (of(&scene, "alice"), of(&scene, "admin"));
    for _ in 0..30 {
        scene.service().count_password(&alice).unwrap();
        scene.service().count_password(&admin).unwrap();
    }
    assert!(matches!(scene.service().count_password(&alice), Err(Error::TooManyChanges { .. })));
    scene.service().count_password(&admin).unwrap();
    let later = Call { now: scene.now().plus_seconds(60), ..alice };
    scene.service().count_password(&later).unwrap();
}

/// Who signs in is told of twenty access tokens that end soon, the first ends first, and of as many that were revoked.
#[test]
fn a_session_tells_of_twenty_access_tokens_that_end_soon_and_of_twenty_that_were_revoked() {
    let scene = Scene::new();
    let password = Some(Password::new("violet-kestrel-42".to_owned()));
    scene.service().create_user(&scene.local(), NewUser { password, ..new_user("alice") }).unwrap();
    let alice = call(sign_in(scene.service(), "alice", "violet-kestrel-42", scene.now()).unwrap(), scene.now());
    let owner = scene.service().store.state().account_named("alice").unwrap().id;
    let end = |number: u128| scene.now().plus_seconds(3_600 + i64::try_from(number).unwrap());
    let (now, ends): (_, Vec<_>) = (scene.now(), (0..25).map(end).collect());
    put(scene.service(), move |txn| {
        for number in 0..50_u128 {
            let id = Id::from_bytes((1_000 + number).to_be_bytes());
            let hash = TokenHash::from_bytes(*blake3::hash(&number.to_be_bytes()).as_bytes());
            let token = AccessToken::plain(id, owner, hash);
            txn.put_token(match ends.get(usize::try_from(number).unwrap()) {
                Some(end) => token.with(|it| it.expires_at = Some(*end)),
                None => token.ended_for_good(Revocation { at: now, address: None }),
            })?;
        }
        Ok(())
    });
    let session = scene.service().open_session(&alice).unwrap();
    let view = scene.service().view_session(&alice, Some(&session)).unwrap();
    let ending: Vec<_> = view.ending_tokens.iter().map(|(token, _)| token.expires_at).collect();
    assert_eq!(ending, (0..20).map(|number| Some(end(number))).collect::<Vec<_>>());
    assert_eq!(view.revoked_tokens.len(), 20);
}

#[test]
fn the_disk_has_thirty_two_known_addresses_of_an_account_and_no_more() {
    let (home, from) = (Home::new(), |number: u8| IpAddr::from([192, 0, 2, number]));
    let service = home.open(start());
    for number in 1..=34 {
        service.clock.pass(60);
        let shown = Credentials::basic("admin", Password::new("violet-kestrel-42".to_owned()));
        service.authenticate(shown, Some(from(number)), service.clock.now()).unwrap();
        // The 33rd is written together with another one, the 34th alone.
        if number != 32 {
            service.save_known_addresses();
        }
    }
    let data = service.store.directory().to_owned();
    service.close(service.clock.now());
    drop(service);
    let clock = Clock::fixed(start());
    let directory = DataDirectory::open(&data).unwrap();
    let opened = Store::open(directory, &UpgradeBackup::default(), clock.clone(), Metrics::new(&clock)).unwrap();
    let mut found: Vec<IpAddr> = opened.known_addresses.iter().map(|known| known.address).collect();
    found.sort_unstable();
    assert_eq!(found, (3..=34).map(from).collect::<Vec<_>>(), "the newest");
}
