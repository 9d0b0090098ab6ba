//! Robots of organizations: what they reach, whose secret they have, who may manage them.

use std::collections::BTreeSet;

use super::super::{
    Call, Caller, Credentials, Error, Expiry, NewOrganization, NewRepository, NewRobot, NewToken, Obstacle, PageQuery,
    RepositoryUpdate, Rotation, Service, TokenFilter, TokenView, WhichToken,
};
use super::content::{named, new_user};
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::access::{AccessLevel, Actions};
use crate::domain::name::Name;
use crate::domain::order::Order;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Password, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::{LONGEST_DESCENT, Limits, Pattern, TokenState};

fn local() -> Call {
    call(Service::local(0), start())
}

/// The organizations `acme`, which alice administers and bob is a member of, and `other`.
fn with_acme(home: &Home) -> Service {
    let service = home.open(start());
    for user in ["alice", "bob", "eve"] {
        service.create_user(&local(), new_user(user)).unwrap();
    }
    for name in ["acme", "other"] {
        let name = Name::parse(name).unwrap();
        let new = NewOrganization { name, full_name: String::new(), adopt_repositories: false };
        service.create_organization(&local(), new).unwrap();
    }
    service.put_member(&local(), "acme", "alice", Some(true)).unwrap();
    service.put_member(&local(), "acme", "bob", Some(false)).unwrap();
    for name in ["acme/app", "other/app", "alice/app"] {
        let new = NewRepository::private(named(name));
        service.create_repository(&local(), new).unwrap();
    }
    service
}

fn account(service: &Service, name: &str) -> Call {
    call(Caller::of_account(service.store.state().account_named(name).unwrap()), start())
}

fn new(name: &str, cap: AccessLevel, patterns: &[&str]) -> NewRobot {
    NewRobot {
        organization: "acme".to_owned(),
        name: Name::parse(name).unwrap(),
        label: None,
        expiry: Expiry::Default,
        cap,
        patterns: patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect(),
    }
}

fn ci() -> NewRobot {
    new("ci", AccessLevel::ReadWrite, &[])
}

fn of_ci() -> WhichToken {
    WhichToken::Robot { organization: "acme".to_owned(), name: "ci".to_owned() }
}

fn made(service: &Service, by: &Call, new: NewRobot) -> (TokenView, TokenText) {
    service.create_robot(by, new).unwrap()
}

fn is_in(service: &Service, text: &TokenText) -> bool {
    sign_in(service, "acme/ci", text.reveal(), start()).is_ok()
}

fn robot(service: &Service, text: &TokenText) -> Call {
    call(sign_in(service, "acme/ci", text.reveal(), start()).unwrap(), start())
}

fn state(service: &Service) -> TokenState {
    service.view_token(&local(), of_ci()).unwrap().state
}

/// An access token of alice's, and who signs in with it.
fn token_of_alice(service: &Service, limits: Limits, expiry: Expiry) -> (TokenView, Call) {
    token_by(service, &account(service, "alice"), limits, expiry)
}

/// The same, made by this caller.
fn token_by(service: &Service, by: &Call, limits: Limits, expiry: Expiry) -> (TokenView, Call) {
    let new = NewToken { username: Some("alice".to_owned()), label: None, expiry, limits, is_temporary: false };
    let (view, text) = service.create_token(by, new).unwrap();
    (view, call(sign_in(service, "alice", text.reveal(), start()).unwrap(), start()))
}

fn granted(service: &Service, by: &Call, name: &str) -> Actions {
    let asked = format!("repository:{name}:*");
    issue(service, by, &Scopes::parse([asked.as_str()]).unwrap()).unwrap().scopes.on(&named(name))
}

fn names(service: &Service, organization: &str) -> Vec<String> {
    let page = PageQuery { order: Order::Ascending, after: None, limit: 100 };
    let list = service.list_robots(&local(), organization, &page).unwrap();
    list.entries.iter().map(|view| view.token.robot.as_ref().unwrap().to_string()).collect()
}

#[test]
fn it_signs_in_by_both_names_and_is_named_so_everywhere() {
    let home = Home::new();
    let service = with_acme(&home);
    let (view, text) = made(&service, &account(&service, "alice"), ci());
    assert_eq!((&*view.token.label, view.owner.as_str()), ("acme/ci", "acme"));
    assert_eq!(view.secret_by.as_ref().map(Name::as_str), Some("alice"));
    let by = robot(&service, &text);
    assert_eq!(by.caller.actor(), "acme/ci");
    for name in ["acme", "ci", "acme/other", "alice", "other/ci", "acme/ci/", "ACME/ci", ""] {
        assert!(sign_in(&service, name, text.reveal(), start()).is_err(), "{name}");
    }
    let issued = issue(&service, &by, &Scopes::parse(["repository:acme/app:pull"]).unwrap()).unwrap();
    let again = service.authenticate(Credentials::RegistryToken(issued.token.to_string()), None, start()).unwrap();
    assert_eq!(again.actor(), "acme/ci");
    assert!(matches!(service.open_session(&by), Err(Error::Denied(reason)) if reason.contains("no session")));
}

#[test]
fn it_reaches_what_its_organization_owns_within_its_patterns_and_its_level() {
    let home = Home::new();
    let service = with_acme(&home);
    let (_, text) = made(&service, &local(), new("ci", AccessLevel::ReadOnly, &["acme/*"]));
    let reads = robot(&service, &text);
    assert_eq!(granted(&service, &reads, "acme/app"), Actions::PULL);
    // Of what is not there it is told nothing else than of what is, and it makes nothing.
    assert_eq!(granted(&service, &reads, "acme/new"), Actions::PULL);
    for other in ["other/app", "alice/app"] {
        assert_eq!(granted(&service, &reads, other), Actions::NONE, "{other}");
    }
    assert!(service.store.state().repository(&named("acme/new")).is_none());
    service.delete_token(&local(), of_ci()).unwrap();
    let (_, text) = made(&service, &local(), new("ci", AccessLevel::ReadWrite, &["acme/app", "acme/ci/*"]));
    let writes = robot(&service, &text);
    assert_eq!(granted(&service, &writes, "acme/app"), Actions::ALL);
    let push = Scopes::parse(["repository:acme/ci/new:push", "repository:acme/new:push"]).unwrap();
    issue(&service, &writes, &push).unwrap();
    let state = service.store.state();
    assert!(state.repository(&named("acme/ci/new")).is_some() && state.repository(&named("acme/new")).is_none());
    // It administers nothing, whatever its organization owns.
    let update = RepositoryUpdate { is_public: Some(true), ..RepositoryUpdate::default() };
    assert!(service.update_repository(&writes, &named("acme/app"), update).is_err());
    assert!(service.delete_repository(&writes, &named("acme/app")).is_err());
    // What is transferred away is not its organization's any more; what that is given needs a pattern.
    service.transfer_repository(&local(), &named("acme/app"), "alice").unwrap();
    assert_eq!(granted(&service, &writes, "acme/app"), Actions::NONE);
    service.transfer_repository(&local(), &named("alice/app"), "acme").unwrap();
    assert_eq!(granted(&service, &writes, "alice/app"), Actions::NONE);
    service.delete_token(&local(), of_ci()).unwrap();
    let (_, text) = made(&service, &local(), new("ci", AccessLevel::ReadWrite, &["alice/app"]));
    assert_eq!(granted(&service, &robot(&service, &text), "alice/app"), Actions::ALL);
}

#[test]
fn a_pattern_lies_in_the_organization_or_names_what_it_owns_and_one_answer_refuses_the_others() {
    let home = Home::new();
    let service = with_acme(&home);
    let by = account(&service, "alice");
    let refused = |pattern: &str| match service.create_robot(&by, new("ci", AccessLevel::ReadOnly, &[pattern])) {
        Err(Error::Invalid { field: "repositories", reason }) => reason.replace(pattern, "PATTERN"),
        other => panic!("{pattern}: {other:?}"),
    };
    let one = refused("other/app");
    for pattern in ["other/none", "other/*", "alice/app", "bob/*", "_/app", "acme-x/app", "acmes/*", "nobody/x"] {
        assert_eq!(refused(pattern), one, "{pattern}");
    }
    assert!(one.contains("below acme/"), "{one}");
    let refused = service.create_robot(&by, new("ci", AccessLevel::Admin, &[]));
    assert!(matches!(refused, Err(Error::Invalid { field: "accessLevel", .. })));
    let (view, _) = made(&service, &by, ci());
    assert_eq!(view.token.limits.patterns.iter().map(ToString::to_string).collect::<Vec<_>>(), ["acme/*"]);
}

#[test]
fn names_are_taken_once_and_free_again_and_there_is_a_bound() {
    let home = Home::new();
    let service = with_acme(&home);
    let by = account(&service, "alice");
    let (first, _) = made(&service, &by, ci());
    assert!(matches!(service.create_robot(&by, ci()), Err(Error::AlreadyExists { .. })));
    service.delete_token(&by, of_ci()).unwrap();
    let (second, old) = made(&service, &by, ci());
    assert_ne!(first.token.id, second.token.id);
    for number in 1..100 {
        made(&service, &local(), new(&format!("r{number}"), AccessLevel::ReadOnly, &[]));
    }
    let one_more = service.create_robot(&local(), new("one-more", AccessLevel::ReadOnly, &[]));
    assert!(matches!(one_more, Err(Error::Conflict(Obstacle::Limit(_)))));
    assert_eq!(names(&service, "acme").len(), 100);
    assert!(names(&service, "other").is_empty());
    // It goes with its organization; one of the same name that comes later has none of its robots.
    service.delete_account(&local(), "acme", true).unwrap();
    assert!(sign_in(&service, "acme/ci", old.reveal(), start()).is_err());
    let (name, full_name) = (Name::parse("acme").unwrap(), String::new());
    service.create_organization(&local(), NewOrganization { name, full_name, adopt_repositories: true }).unwrap();
    assert!(names(&service, "acme").is_empty() && sign_in(&service, "acme/ci", old.reveal(), start()).is_err());
}

#[test]
fn of_two_that_are_made_at_once_under_one_name_there_is_one() {
    let home = Home::new();
    let service = with_acme(&home);
    let made = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| service.create_robot(&local(), ci()).is_ok())).collect();
        tries.into_iter().filter_map(|it| it.join().ok()).filter(|made| *made).count()
    });
    assert_eq!((made, names(&service, "acme").len()), (1, 1));
}

#[test]
fn its_secret_stops_with_the_access_token_that_made_it_and_with_its_deletion() {
    let home = Home::new();
    let service = with_acme(&home);
    let (maker, by) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (view, text) = made(&service, &by, ci());
    assert_eq!(view.token.parent, Some(maker.token.id));
    service.update_token(&local(), &maker.token.hash, None, Some(false)).unwrap();
    assert!(!is_in(&service, &text) && state(&service) == TokenState::Stopped);
    service.update_token(&account(&service, "alice"), &maker.token.hash, None, Some(true)).unwrap();
    assert!(is_in(&service, &text));
    // Deleted with its maker are the access tokens of that account; the robot stays, and waits for another secret.
    service.delete_token(&account(&service, "alice"), &maker.token.hash).unwrap();
    assert!(!is_in(&service, &text));
    let stopped = service.view_token(&account(&service, "alice"), of_ci()).unwrap();
    assert_eq!((stopped.state, stopped.stopped_by), (TokenState::Stopped, None));
    let mended = service.rotate_token(&account(&service, "alice"), of_ci(), Rotation::default(), None).unwrap();
    assert!(is_in(&service, &mended.text) && mended.view.token.parent.is_none());
    assert_eq!(mended.view.token.id, view.token.id);
}

#[test]
fn the_last_of_the_longest_chain_gives_it_no_secret() {
    let home = Home::new();
    let service = with_acme(&home);
    let (_, text) = made(&service, &account(&service, "alice"), ci());
    let (_, first) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let last_but_one =
        (2..LONGEST_DESCENT).fold(first, |by, _| token_by(&service, &by, Limits::none(), Expiry::Never).1);
    let (_, last) = token_by(&service, &last_but_one, Limits::none(), Expiry::Never);
    let refused = service.rotate_token(&last, of_ci(), Rotation::default(), None);
    assert!(matches!(refused, Err(Error::Denied(reason)) if reason.contains("too long")), "{refused:?}");
    assert!(is_in(&service, &text), "it has the secret that it had");
    service.rotate_token(&last_but_one, of_ci(), Rotation::default(), None).unwrap();
    assert_eq!(state(&service), TokenState::Active);
}

#[test]
fn why_it_is_stopped_tells_no_label_of_another_account() {
    let home = Home::new();
    let service = with_acme(&home);
    let (maker, by) = token_of_alice(&service, Limits::none(), Expiry::Never);
    made(&service, &by, ci());
    service.update_token(&local(), &maker.token.hash, Some("for the takeover"), Some(false)).unwrap();
    let reason = service.view_token(&account(&service, "alice"), of_ci()).unwrap().reason;
    assert_eq!(reason, "the access token which made its secret is deactivated");
}

#[test]
fn a_rotation_detaches_it_from_no_ancestor_of_its_maker() {
    let home = Home::new();
    let service = with_acme(&home);
    let (leaked, by_leaked) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (made_by_leaked, by) = token_by(&service, &by_leaked, Limits::none(), Expiry::Never);
    let (_, text) = made(&service, &by, ci());
    let (_, other) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let refused = service.rotate_token(&other, &made_by_leaked.token.hash, Rotation::default(), None);
    assert!(matches!(refused, Err(Error::Denied(reason)) if reason.contains("made others")), "{refused:?}");
    service.update_token(&account(&service, "alice"), &leaked.token.hash, None, Some(false)).unwrap();
    assert!(!is_in(&service, &text) && state(&service) == TokenState::Stopped);
}

#[test]
fn a_replaced_secret_hangs_on_its_own_maker() {
    let home = Home::new();
    let service = with_acme(&home);
    let (maker, by) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (_, old) = made(&service, &by, ci());
    let overlap = Rotation { overlap: Some(3_600), ..Rotation::default() };
    let new = service.rotate_token(&account(&service, "alice"), of_ci(), overlap, None).unwrap().text;
    assert!(is_in(&service, &old) && is_in(&service, &new));
    service.delete_token(&account(&service, "alice"), &maker.token.hash).unwrap();
    assert!(!is_in(&service, &old) && is_in(&service, &new), "the stolen maker's secret ends, and that alone");
}

#[test]
fn who_asked_for_a_replaced_secret_is_found_while_that_lives_on() {
    let home = Home::new();
    let service = with_acme(&home);
    service.put_member(&local(), "acme", "bob", Some(true)).unwrap();
    let (_, old) = made(&service, &account(&service, "alice"), ci());
    let known_to = |user: &str, now| {
        let filter = TokenFilter { secret_by: Some(user.to_owned()), ..TokenFilter::default() };
        service.list_tokens(&Call { now, ..local() }, &filter, None, 10, false).unwrap().entries.len()
    };
    let overlap = Rotation { overlap: Some(3_600), ..Rotation::default() };
    service.rotate_token(&account(&service, "bob"), of_ci(), overlap, None).unwrap();
    assert!(is_in(&service, &old));
    assert_eq!((known_to("alice", start()), known_to("bob", start())), (1, 1));
    let later = start().plus_seconds(3_600);
    assert_eq!((known_to("alice", later), known_to("bob", later)), (0, 1), "its time is over");
    service.end_overlap(&account(&service, "bob"), of_ci()).unwrap();
    assert!(!is_in(&service, &old));
    assert_eq!((known_to("alice", start()), known_to("bob", start())), (0, 1), "it was ended");
}

#[test]
fn it_lives_on_when_who_made_it_leaves() {
    let home = Home::new();
    let service = with_acme(&home);
    let (view, text) = made(&service, &account(&service, "alice"), ci());
    service.delete_member(&local(), "acme", "alice").unwrap();
    assert!(is_in(&service, &text));
    service.delete_account(&local(), "alice", false).unwrap();
    assert!(is_in(&service, &text));
    let shown = service.view_token(&local(), &view.token.hash).unwrap();
    assert!(shown.secret_by.is_none(), "nobody of that name is there any more");
}

#[test]
fn it_is_never_stronger_or_longer_lived_than_what_makes_or_rotates_it() {
    let home = Home::new();
    let service = with_acme(&home);
    let hour = start().plus_seconds(3_600);
    let (_, short) = token_of_alice(&service, Limits::none(), Expiry::At(hour));
    let never = NewRobot { expiry: Expiry::Never, ..ci() };
    assert!(matches!(service.create_robot(&short, never.clone()), Err(Error::Invalid { field: "expiresAt", .. })));
    assert_eq!(made(&service, &short, ci()).0.token.expires_at, Some(hour), "by default no longer");
    service.delete_token(&local(), of_ci()).unwrap();
    made(&service, &local(), never);
    let refused = service.rotate_token(&short, of_ci(), Rotation::default(), None);
    assert!(matches!(refused, Err(Error::Denied(_))), "it would outlive what asks: {refused:?}");
    // A narrowed access token manages nothing, and does not learn what there is.
    for limits in [
        Limits { cap: AccessLevel::ReadWrite, ..Limits::none() },
        Limits { patterns: [Pattern::parse("acme/*").unwrap()].into(), ..Limits::none() },
    ] {
        let (_, narrowed) = token_of_alice(&service, limits, Expiry::Never);
        let refusals = [
            service.create_robot(&narrowed, new("new", AccessLevel::ReadOnly, &[])).map(drop),
            service.view_token(&narrowed, of_ci()).map(drop),
            service.rotate_token(&narrowed, of_ci(), Rotation::default(), None).map(drop),
            service.delete_token(&narrowed, of_ci()),
        ];
        assert!(refusals.iter().all(|it| matches!(it, Err(Error::Denied(_)))), "{refusals:?}");
    }
}

#[test]
fn nobody_else_manages_it_or_learns_of_it() {
    let home = Home::new();
    let service = with_acme(&home);
    let (view, text) = made(&service, &local(), ci());
    let (_, sibling) = made(&service, &local(), new("sibling", AccessLevel::ReadWrite, &[]));
    let sibling = call(sign_in(&service, "acme/sibling", sibling.reveal(), start()).unwrap(), start());
    let none = || WhichToken::Robot { organization: "acme".to_owned(), name: "none".to_owned() };
    let hash = view.token.hash.to_string();
    for (who, by) in [("bob", account(&service, "bob")), ("eve", account(&service, "eve")), ("sibling", sibling)] {
        let refusal = |which| service.view_token(&by, which).unwrap_err().to_string();
        assert_eq!(refusal(of_ci()), refusal(none()), "{who}");
        let by_hash = service.view_token(&by, &hash);
        assert!(matches!(by_hash, Err(Error::Hidden { .. })), "{who}: {by_hash:?}");
        assert!(service.identify_token(&by, &Password::new(text.reveal().to_owned())).is_err(), "{who}");
        assert!(service.rotate_token(&by, of_ci(), Rotation::default(), None).is_err(), "{who}");
        assert!(service.update_token(&by, &hash, None, Some(false)).is_err(), "{who}");
        assert!(service.delete_token(&by, &hash).is_err() && service.delete_token(&by, of_ci()).is_err(), "{who}");
        assert!(service.create_robot(&by, new("new", AccessLevel::ReadOnly, &[])).is_err(), "{who}");
    }
    // It sees itself, and changes nothing, as any narrowed access token; it does not delete itself, as those do.
    let itself = robot(&service, &text);
    assert!(service.view_token(&itself, of_ci()).is_ok() && service.view_token(&itself, &hash).is_ok());
    assert!(service.rotate_token(&itself, of_ci(), Rotation::default(), None).is_err());
    assert!(service.update_token(&itself, of_ci(), Some("x"), None).is_err());
    let own = service.list_tokens(&itself, &TokenFilter::default(), None, 10, false).unwrap();
    assert_eq!(own.entries.iter().map(|it| it.token.id).collect::<Vec<_>>(), [view.token.id]);
    for refused in [service.delete_token(&itself, of_ci()), service.delete_token(&itself, &hash)] {
        assert!(matches!(refused, Err(Error::Denied(reason)) if reason.contains("revoke")), "{refused:?}");
    }
    assert!(is_in(&service, &text));
}

#[test]
fn its_organizations_administrators_are_told_that_it_was_ended_for_good() {
    let home = Home::new();
    let service = with_acme(&home);
    let (view, text) = made(&service, &local(), ci());
    service.revoke_tokens(&account(&service, "eve"), &[Password::new(text.reveal().to_owned())]).unwrap();
    assert!(!is_in(&service, &text) && state(&service) == TokenState::Revoked);
    let told = |user: &str| -> usize {
        let by = account(&service, user);
        let (used, state) = service.present();
        let authority = crate::service::access::Authority::of(&state, &used, &by.caller, start()).unwrap();
        authority.revoked_tokens().filter(|token| token.id == view.token.id).count()
    };
    assert_eq!((told("alice"), told("bob"), told("eve")), (1, 0, 0));
    let rotated = service.rotate_token(&local(), of_ci(), Rotation::default(), None);
    assert!(matches!(rotated, Err(Error::Conflict(Obstacle::Revoked))));
}

#[test]
fn clean_ups_spare_it_and_the_bound_of_an_account_does_not_count_it() {
    let home = Home::new();
    let service = with_acme(&home);
    let (view, text) = made(&service, &local(), ci());
    let later = start().plus_seconds(1_000);
    let filter = TokenFilter { everybody: true, used_before: Some(later), ..TokenFilter::default() };
    let by = Call { now: later, ..local() };
    assert!(service.list_tokens(&by, &filter, None, 10, false).unwrap().entries.is_empty());
    assert!(service.clean_up_tokens(&by, &filter).unwrap().is_empty());
    assert!(is_in(&service, &text));
    let all = service.list_tokens(&local(), &TokenFilter::default(), None, 10, false).unwrap().entries;
    assert!(all.iter().any(|it| it.token.id == view.token.id), "an administrator's list of all has it");
}

#[test]
fn clean_ups_by_use_spare_what_its_secret_hangs_on() {
    let home = Home::new();
    let service = with_acme(&home);
    let (first, by_first) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (maker, by) = token_by(&service, &by_first, Limits::none(), Expiry::Never);
    let (unused, _) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (_, text) = made(&service, &by, ci());
    let later = start().plus_seconds(1_000);
    let cleaned = |everybody: bool, moment| {
        let username = (!everybody).then(|| "alice".to_owned());
        let filter = TokenFilter { username, everybody, used_before: Some(moment), ..TokenFilter::default() };
        let by = Call { now: later, ..local() };
        let seen = service.list_tokens(&by, &filter, None, 10, false).unwrap().entries;
        let gone = service.clean_up_tokens(&by, &filter).unwrap();
        let ids = |views: &[TokenView]| views.iter().map(|view| view.token.id).collect::<BTreeSet<_>>();
        assert_eq!(ids(&seen), ids(&gone), "the preview shows what goes");
        ids(&gone)
    };
    assert_eq!(cleaned(false, later), [unused.token.id].into());
    assert!(cleaned(true, later).is_empty() && is_in(&service, &text));
    let both = [maker.token.id, first.token.id].into();
    assert_eq!(cleaned(false, Timestamp::LAST), both, "all of them, as who leaves has it");
    assert!(!is_in(&service, &text) && state(&service) == TokenState::Stopped);
}

#[test]
fn it_is_the_same_after_a_restart() {
    let home = Home::new();
    let service = with_acme(&home);
    let (maker, by) = token_of_alice(&service, Limits::none(), Expiry::Never);
    let (view, text) = made(&service, &by, ci());
    service.delete_token(&local(), &maker.token.hash).unwrap();
    service.close(start());
    drop(service);
    let service = home.open(start());
    let shown = service.view_token(&local(), of_ci()).unwrap();
    assert_eq!((shown.token, shown.state), (view.token, TokenState::Stopped));
    assert!(!is_in(&service, &text));
}
