//! Registry tokens that are given out again: to whom, for how long, and that no change is slept through.

use super::super::{AuditFilter, AuditPlace, Call, Caller, Error, Expiry, Issued, NewRepository, NewToken, Service};
use super::content::new_user;
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::name::RepositoryName;
use crate::domain::scope::Scopes;
use crate::domain::secret::TokenText;
use crate::domain::time::Timestamp;
use crate::domain::token::Limits;
use crate::service::sign_in::Credentials;

const APP: &str = "repository:alice/app:pull,push";

fn local() -> Call {
    call(Service::local(0), start())
}

fn made(service: &Service, expiry: Expiry) -> TokenText {
    let new = NewToken {
        username: Some("alice".to_owned()),
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
    let text = made(&service, Expiry::Never);
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
    let other = made(&service, Expiry::Never);
    let first = asks(&service, &text, start(), APP).unwrap();
    assert_ne!(asks(&service, &other, start(), APP).unwrap().token, first.token);
    for scope in ["repository:alice/app:pull", "repository:alice/app:*", ""] {
        assert_ne!(asks(&service, &text, start(), scope).unwrap().token, first.token, "{scope}");
    }
    assert_eq!(asks(&service, &text, start(), APP).unwrap().token, first.token);
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
    let text = made(&service, Expiry::At(start().plus_seconds(65)));
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
