//! Registry tokens that are given out again: to whom, for how long, and that no change is slept through.

use std::net::IpAddr;

use super::super::{
    AuditFilter, AuditPlace, Call, Caller, Error, Expiry, Issued, NewRepository, NewToken, Rotation, Service,
};
use super::content::new_user;
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::name::RepositoryName;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Password, TokenText};
use crate::domain::settings::Choices;
use crate::domain::time::Timestamp;
use crate::domain::token::Limits;
use crate::service::sign_in::Credentials;

const APP: &str = "repository:alice/app:pull,push";

fn local() -> Call {
    call(Service::local(0), start())
}

fn made(service: &Service, username: &str, expiry: Expiry) -> TokenText {
    let new = NewToken {
        username: Some(username.to_owned()),
        label: None,
        expiry,
        limits: Limits::none(),
        is_temporary: false,
    };
    service.create_token(&local(), new).unwrap().1
}

/// A service with `alice`, her repository and an access token of hers.
fn with_alice(home: &Home) -> (Service, TokenText) {
    let service = home.open(start());
    service.create_user(&local(), new_user("alice")).unwrap();
    let name = RepositoryName::parse("alice/app").unwrap();
    service.create_repository(&local(), NewRepository::private(name)).unwrap();
    let text = made(&service, "alice", Expiry::Never);
    (service, text)
}

fn asked_by(service: &Service, caller: Caller, now: Timestamp, scope: &str) -> Result<Issued, Error> {
    issue(service, &call(caller, now), &Scopes::parse([scope]).unwrap())
}

/// What a client gets that asks for this with an access token of alice.
fn asks(service: &Service, text: &TokenText, now: Timestamp, scope: &str) -> Result<Issued, Error> {
    asked_by(service, sign_in(service, "alice", text.reveal(), now)?, now, scope)
}

fn nobody(service: &Service) -> Caller {
    service.authenticate(Credentials::None, None, start()).unwrap()
}

#[test]
fn for_ten_seconds_a_token_is_given_again_and_its_rest_is_told() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let asks = |seconds: i64| asks(&service, &text, start().plus_seconds(seconds), APP).unwrap();
    let first = asks(0);
    assert_eq!((first.expires_in, first.issued_at), (900, start()));
    let again = asks(9);
    assert_eq!(again.token, first.token);
    assert_eq!((again.expires_in, again.issued_at), (891, start().plus_seconds(9)));
    assert_eq!((again.scopes, again.is_narrowed), (first.scopes, false));
    let later = asks(10);
    assert_ne!(later.token, first.token);
    assert_eq!(later.expires_in, 900);
    // A clock that was set back gives no token of the future.
    assert_ne!(asks(9).token, later.token);
}

#[test]
fn only_the_same_credential_gets_it_for_the_same() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let other = made(&service, "alice", Expiry::Never);
    let first = asks(&service, &text, start(), APP).unwrap();
    assert_ne!(asks(&service, &other, start(), APP).unwrap().token, first.token);
    for scope in ["repository:alice/app:pull", "repository:alice/app:*", ""] {
        assert_ne!(asks(&service, &text, start(), scope).unwrap().token, first.token, "{scope}");
    }
    assert_eq!(asks(&service, &text, start(), APP).unwrap().token, first.token);
}

#[test]
fn one_that_is_given_again_is_recorded_and_noted_like_any_other() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let asked = Choices { audit_registry_tokens: Some(true), ..Choices::default() };
    service.choose_settings(&local(), asked).unwrap();
    let asks = |address: &str, seconds: i64| {
        let (now, password) = (start().plus_seconds(seconds), Password::new(text.reveal().to_owned()));
        let address: IpAddr = address.parse().unwrap();
        let caller = service.authenticate(Credentials::basic("alice", password), Some(address), now).unwrap();
        asked_by(&service, caller, now, APP).unwrap().token
    };
    let first = asks("192.0.2.1", 0);
    assert_eq!(asks("192.0.2.2", 5), first);
    service.write_audit(start().plus_seconds(5));
    let page = service.list_audit(&local(), &AuditFilter::default(), AuditPlace::newest(usize::MAX)).unwrap().page;
    let issues = page.entries.iter().map(|logged| &logged.record);
    let issues = issues.filter(|record| record.action == Act::RegistryTokenIssue.word());
    let mut told: Vec<_> = issues.map(|record| (record.address.as_str(), record.count)).collect();
    told.sort_unstable();
    assert_eq!(told, [("192.0.2.1", 1), ("192.0.2.2", 1)]);
    let state = service.store.state();
    let used = service.token_uses(&state, state.repository(&RepositoryName::parse("alice/app").unwrap()).unwrap());
    let token = state.token_hashed(&text.hash()).unwrap().id;
    assert_eq!(used.iter().collect::<Vec<_>>(), [(token, start().plus_seconds(5))]);
}

#[test]
fn an_old_secret_gets_nothing_that_the_new_one_was_given() {
    let home = Home::new();
    let (service, old) = with_alice(&home);
    let overlap = Rotation { overlap: Some(3_600), until_used: false, renew: false };
    let new = service.rotate_token(&local(), &old.hash().to_string(), overlap, None).unwrap().text;
    let asks = |text: &TokenText| asks(&service, text, start(), "repository:alice/app:pull,push,delete").unwrap();
    let by_new = asks(&new);
    let by_old = asks(&old);
    let deletes =
        |issued: &Issued| issued.scopes.on(&RepositoryName::parse("alice/app").unwrap()).names().contains(&"delete");
    assert!(deletes(&by_new) && !deletes(&by_old));
    assert_ne!(by_old.token, by_new.token);
    assert_eq!(asks(&new).token, by_new.token);
}

#[test]
fn a_password_and_an_access_token_of_one_account_get_different_ones() {
    let home = Home::new();
    let (service, _) = with_alice(&home);
    let text = made(&service, "admin", Expiry::Never);
    let by = |secret: &str| {
        let caller = sign_in(&service, "admin", secret, start()).unwrap();
        asked_by(&service, caller, start(), APP).unwrap().token
    };
    let by_password = by("violet-kestrel-42");
    let by_token = by(text.reveal());
    assert_ne!(by_token, by_password);
    assert_eq!([by("violet-kestrel-42"), by(text.reveal())], [by_password, by_token]);
}

#[test]
fn the_first_use_of_a_new_secret_ends_what_the_old_one_was_given() {
    let home = Home::new();
    let (service, old) = with_alice(&home);
    let until_used = Rotation { overlap: None, until_used: true, renew: false };
    let new = service.rotate_token(&local(), &old.hash().to_string(), until_used, None).unwrap().text;
    let asking = sign_in(&service, "alice", old.reveal(), start()).unwrap();
    let by_old = || asked_by(&service, asking.clone(), start(), "repository:alice/app:pull");
    assert_eq!(by_old().unwrap().token, by_old().unwrap().token, "it is kept");
    sign_in(&service, "alice", new.reveal(), start()).unwrap();
    // That is known in memory only: no change has made another state.
    assert!(matches!(by_old(), Err(Error::Unauthenticated)));
}

#[test]
fn the_end_of_an_access_token_is_no_change_and_ends_what_it_was_given() {
    let home = Home::new();
    let (service, _) = with_alice(&home);
    let text = made(&service, "alice", Expiry::At(start().plus_seconds(65)));
    let asking = sign_in(&service, "alice", text.reveal(), start()).unwrap();
    let asks = |seconds: i64| asked_by(&service, asking.clone(), start().plus_seconds(seconds), APP);
    assert_eq!(asks(0).unwrap().token, asks(0).unwrap().token, "it is kept");
    asks(64).unwrap();
    assert!(matches!(asks(65), Err(Error::Unauthenticated)));
}

#[test]
fn what_the_local_administrator_gets_is_not_given_to_strangers() {
    let home = Home::new();
    let (service, _) = with_alice(&home);
    let local = asked_by(&service, Service::local(0), start(), APP).unwrap();
    let stranger = asked_by(&service, nobody(&service), start(), APP).unwrap();
    assert_eq!((local.scopes.repositories.len(), stranger.scopes.repositories.len()), (1, 0));
    assert_ne!(local.token, stranger.token);
}

#[test]
fn no_token_outlives_a_change_of_any_kind() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let first = asks(&service, &text, start(), APP).unwrap();
    service.create_user(&local(), new_user("bob")).unwrap();
    let second = asks(&service, &text, start(), APP).unwrap();
    assert_ne!(second.token, first.token);
    // What it grants is what may be at that moment.
    service.delete_repository(&local(), &RepositoryName::parse("alice/app").unwrap()).unwrap();
    let third = asks(&service, &text, start(), "repository:alice/app:pull").unwrap();
    assert_eq!(third.scopes.on(&RepositoryName::parse("alice/app").unwrap()), Actions::NONE);
    let hash = text.hash().to_string();
    service.update_token(&local(), hash.as_str(), None, Some(false)).unwrap();
    assert!(matches!(asks(&service, &text, start(), APP), Err(Error::Unauthenticated)));
    service.update_token(&local(), hash.as_str(), None, Some(true)).unwrap();
    let last = asks(&service, &text, start(), APP).unwrap();
    assert!(![first.token, second.token, third.token].contains(&last.token));
}

#[test]
fn a_request_under_way_gets_nothing_once_its_access_token_is_stopped() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    asks(&service, &text, start(), APP).unwrap();
    let caller = sign_in(&service, "alice", text.reveal(), start()).unwrap();
    service.update_token(&local(), text.hash().to_string().as_str(), None, Some(false)).unwrap();
    assert!(matches!(asked_by(&service, caller, start(), APP), Err(Error::Unauthenticated)));
}

#[test]
fn a_token_with_less_than_a_minute_left_is_signed_anew() {
    let home = Home::new();
    let (service, _) = with_alice(&home);
    let text = made(&service, "alice", Expiry::At(start().plus_seconds(65)));
    let asks = |seconds: i64| asks(&service, &text, start().plus_seconds(seconds), APP).unwrap();
    let first = asks(0);
    assert_eq!(first.expires_in, 65);
    let again = asks(5);
    assert_eq!((again.token == first.token, again.expires_in), (true, 60));
    let later = asks(6);
    assert_eq!((later.token == first.token, later.expires_in), (false, 60));
}

#[test]
fn a_new_signing_key_signs_at_once() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let first = asks(&service, &text, start(), APP).unwrap();
    service.signer.rotate(start()).unwrap();
    assert_ne!(asks(&service, &text, start(), APP).unwrap().token, first.token);
}

#[test]
fn what_is_refused_is_decided_and_recorded_each_time() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    let recorded = || {
        service.write_audit(start());
        let page = service.list_audit(&local(), &AuditFilter::default(), AuditPlace::newest(usize::MAX)).unwrap().page;
        let refusals = page.entries.iter().filter(|logged| logged.record.action == Act::RegistryTokenRefuse.word());
        refusals.map(|logged| logged.record.count).sum::<u64>()
    };
    let asks = || asks(&service, &text, start(), "repository:admin/theirs:pull").unwrap();
    assert_ne!(asks().token, asks().token);
    assert_eq!(recorded(), 2);
}

#[test]
fn what_is_not_given_any_more_is_forgotten() {
    let home = Home::new();
    let (service, text) = with_alice(&home);
    asks(&service, &text, start(), APP).unwrap();
    let kept = || service.giving.count();
    assert_eq!(kept(), 1);
    service.keep_up(start().plus_seconds(9));
    assert_eq!(kept(), 1);
    service.keep_up(start().plus_seconds(10));
    assert_eq!(kept(), 0);
}
