//! A clock that is set back, and put right again: what has ended stays so, and nothing ends for years.

use std::fs;
use std::net::Ipv4Addr;

use super::super::{
    Call, Credentials, Expiry, NewToken, RepeatedRotation, Rotation, RotationKey, Service, SessionSecret,
};
use super::content::new_user;
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::scope::Scopes;
use crate::domain::secret::{Password, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::{Limits, TokenState};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn local(now: Timestamp) -> Call {
    call(Service::local(0), now)
}

fn with_alice(home: &Home) -> Service {
    let service = home.open(start());
    service.create_user(&local(start()), new_user("alice")).unwrap();
    service
}

/// An access token of alice's that ends after these seconds.
fn made(service: &Service, seconds: i64) -> TokenText {
    let end = Expiry::At(start().plus_seconds(seconds));
    let username = Some("alice".to_owned());
    let new = NewToken { username, label: None, expiry: end, limits: Limits::none(), is_temporary: false };
    service.create_token(&local(start()), new).unwrap().1
}

fn is_in(service: &Service, text: &TokenText, now: Timestamp) -> bool {
    service.clock.set(now);
    sign_in(service, "alice", text.reveal(), now).is_ok()
}

fn state(service: &Service, text: &TokenText, now: Timestamp) -> TokenState {
    service.view_token(&local(now), &text.hash().to_string()).unwrap().state
}

#[test]
fn what_has_expired_stays_expired_on_every_way_in() {
    let (home, noon) = (Home::new(), start().plus_seconds(HOUR));
    let service = with_alice(&home);
    let (ended, other) = (made(&service, HOUR), made(&service, 3 * DAY));
    let caller = sign_in(&service, "alice", ended.reveal(), start()).unwrap();
    let call_then = call(caller, start());
    let session = service.open_session(&call_then).unwrap();
    let registry_token = issue(&service, &call_then, &Scopes::parse([]).unwrap()).unwrap().token;
    let by_session = |now| {
        let secret = SessionSecret::shown(session.reveal());
        service.authenticate(Credentials::Session(secret), None, now).is_ok()
    };
    let by_registry_token =
        |now| service.authenticate(Credentials::RegistryToken(registry_token.to_string()), None, now).is_ok();
    assert!(is_in(&service, &ended, start()) && by_session(start()) && by_registry_token(start()));
    assert!(!is_in(&service, &ended, noon) && is_in(&service, &other, noon));
    for back in [1, HOUR, DAY] {
        let earlier = noon.plus_seconds(-back);
        assert!(!is_in(&service, &ended, earlier) && !by_session(earlier), "{back} seconds back");
        assert_eq!(state(&service, &ended, earlier), TokenState::Expired, "{back} seconds back");
        assert!(issue(&service, &call(call_then.caller.clone(), earlier), &Scopes::parse([]).unwrap()).is_err());
        assert!(is_in(&service, &other, earlier), "it has not ended");
    }
    assert!(!by_registry_token(start()), "what was made with it ends with it");
    // What is made meanwhile lives, and ends.
    let brief = made(&service, 2 * HOUR);
    assert!(is_in(&service, &brief, start()) && !is_in(&service, &brief, start().plus_seconds(2 * HOUR)));
}

#[test]
fn a_replaced_secret_whose_time_was_over_does_not_come_back() {
    let home = Home::new();
    let service = with_alice(&home);
    let old = made(&service, 3 * DAY);
    let asking = call(sign_in(&service, "alice", old.reveal(), start()).unwrap(), start());
    let overlap = Rotation { overlap: Some(600), until_used: false, renew: false };
    let key = || RotationKey::read(b"0f9d3c52-7a41-4a8e-9b1c-2d6f0e5a7c33").unwrap();
    service.rotate_token(&asking, &old.hash().to_string(), overlap, Some(key())).unwrap();
    let repeated = RepeatedRotation {
        username: Some("alice".to_owned()),
        secret: Password::new(old.reveal().to_owned()),
        hash: old.hash().to_string(),
        key: key(),
        address: Ipv4Addr::LOCALHOST.into(),
    };
    let is_repeated = |now| service.may_repeat_rotation(&repeated, now);
    assert!(is_in(&service, &old, start().plus_seconds(599)) && is_repeated(start().plus_seconds(599)));
    assert!(!is_in(&service, &old, start().plus_seconds(DAY)));
    assert!(!is_in(&service, &old, start()) && !is_repeated(start()));
}

#[test]
fn a_start_with_a_clock_that_was_set_back_opens_nothing_again() {
    let (home, end) = (Home::new(), start().plus_seconds(HOUR));
    let service = with_alice(&home);
    let (ended, other) = (made(&service, HOUR), made(&service, 3 * DAY));
    drop(service);
    // Nothing is asked of it: the chore alone notes the end, at once, and nothing when there is none.
    let service = home.open(end.plus_seconds(-1));
    let noted = || fs::read_to_string(service.store.directory().join("clock")).unwrap();
    service.keep_up(end.plus_seconds(-1));
    assert_ne!(noted(), format!("{}\n", end.plus_seconds(-1)));
    service.keep_up(end);
    assert_eq!(noted(), format!("{end}\n"));
    drop(service);
    // A start in 1970 is refused, for the certificates are of later; a clock that goes there later is not believed.
    for (at, wrong) in [(start(), start()), (start(), Timestamp::from_seconds(0)), (end, start())] {
        let service = home.open(at);
        assert!(!is_in(&service, &ended, wrong), "{wrong}");
        assert!(service.warnings().any(|warning| warning.contains("the clock is behind")), "{wrong}");
        assert!(is_in(&service, &other, wrong), "{wrong}");
    }
    // Far ahead by mistake, and put right: nothing has ended for years.
    let far = Timestamp::parse("2040-01-01").unwrap();
    let service = home.open(far);
    assert!(!is_in(&service, &other, far));
    service.keep_up(far);
    drop(service);
    let service = home.open(end);
    assert!(is_in(&service, &other, end) && !is_in(&service, &ended, end));
    assert_eq!(service.warnings().next(), None);
}

#[test]
fn a_password_and_what_has_no_end_need_no_clock() {
    let home = Home::new();
    let service = with_alice(&home);
    let later = start().plus_seconds(DAY);
    let admin = |now| {
        let password = Password::new("violet-kestrel-42".to_owned());
        service.authenticate(Credentials::basic("admin", password), None, now).is_ok()
    };
    assert!(admin(start()) && admin(later) && admin(start()));
}
