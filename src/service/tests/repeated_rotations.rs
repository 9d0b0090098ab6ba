//! A rotation that is repeated after a kill, which forgets the last first uses, and after an orderly end.

use super::super::{
    Call, Credentials, Error, Expiry, NewToken, RepeatedRotation, RotatedToken, Rotation, RotationKey, Service,
};
use super::content::new_user;
use super::support::{Home, call, issue, sign_in, start};
use crate::domain::scope::Scopes;
use crate::domain::secret::{Password, TokenText};
use crate::domain::token::Limits;

const KEY: &[u8] = b"0f9d3c52-7a41-4a8e-9b1c-2d6f0e5a7c33";

fn by(service: &Service, text: &TokenText) -> Result<Call, Error> {
    sign_in(service, "alice", text.reveal(), start()).map(|caller| call(caller, start()))
}

/// An access token of alice that has rotated itself with a key; its secrets before and after.
fn rotated(service: &Service) -> (TokenText, RotatedToken) {
    let local = call(Service::local(0), start());
    service.create_user(&local, new_user("alice")).unwrap();
    let username = Some("alice".to_owned());
    let new = NewToken { username, label: None, expiry: Expiry::Never, limits: Limits::none(), is_temporary: false };
    let (view, old) = service.create_token(&local, new).unwrap();
    let asking = by(service, &old).unwrap();
    let key = RotationKey::read(KEY).unwrap();
    let rotation = Rotation { overlap: Some(3_600), ..Rotation::default() };
    let rotated = service.rotate_token(&asking, &view.token.hash.to_string(), rotation, Some(key)).unwrap();
    (old, rotated)
}

fn again(service: &Service, old: &TokenText) -> Result<RotatedToken, Error> {
    let repeated = RepeatedRotation {
        username: Some("alice".to_owned()),
        secret: Password::new(old.reveal().to_owned()),
        hash: old.hash().to_string(),
        key: RotationKey::read(KEY).unwrap(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let may = service.may_repeat_rotation(&repeated, start());
    let done = service.repeat_rotation(&repeated, start(), "test".to_owned());
    assert_eq!(may, done.is_ok());
    done
}

#[test]
fn a_registry_token_made_with_a_lost_secret_ends_with_it() {
    let home = Home::new();
    let service = home.open(start());
    let (old, lost) = rotated(&service);
    let nothing = Scopes::parse([]).unwrap();
    let by_lost = issue(&service, &by(&service, &lost.text).unwrap(), &nothing).unwrap().token;
    // As by a kill: the use of the lost secret was not written yet.
    drop(service);
    let service = home.open(start());
    let shown = |token: &str| service.authenticate(Credentials::RegistryToken(token.to_owned()), None, start());
    assert!(shown(&by_lost).is_ok());
    let new = again(&service, &old).unwrap();
    assert!(shown(&by_lost).is_err());
    assert!(by(&service, &new.text).is_ok() && by(&service, &lost.text).is_err());
}

#[test]
fn a_first_use_is_remembered_with_the_chores_and_at_the_end() {
    for chores in [false, true] {
        let home = Home::new();
        let service = home.open(start());
        let (old, new) = rotated(&service);
        assert!(by(&service, &new.text).is_ok());
        assert!(matches!(again(&service, &old), Err(Error::Unauthenticated)));
        if chores {
            service.keep_up(start());
        } else {
            service.close(start());
        }
        drop(service);
        let service = home.open(start());
        assert!(matches!(again(&service, &old), Err(Error::Unauthenticated)), "with chores: {chores}");
        assert!(by(&service, &new.text).is_ok() && by(&service, &old).is_ok());
    }
}
