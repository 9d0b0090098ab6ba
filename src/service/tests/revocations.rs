//! Revoking by the secret, while others change the same access token.

use std::net::IpAddr;
use std::thread;

use super::super::{Call, Credentials, Error, Expiry, NewToken, Obstacle, RotatedToken, Rotation, Service};
use super::content::new_user;
use super::support::{Home, call, sign_in, start};
use crate::domain::secret::{Password, TokenText};
use crate::domain::token::{Limits, TokenState};

fn local() -> Call {
    call(Service::local(0), start())
}

fn stranger(service: &Service) -> Call {
    let address = IpAddr::from([192, 0, 2, 7]);
    call(service.authenticate(Credentials::None, Some(address), start()).unwrap(), start())
}

fn secret(text: &TokenText) -> Password {
    Password::new(text.reveal().to_owned())
}

fn is_in(service: &Service, text: &TokenText) -> bool {
    sign_in(service, "alice", text.reveal(), start()).is_ok()
}

fn new_token() -> NewToken {
    let username = Some("alice".to_owned());
    NewToken { username, label: None, expiry: Expiry::Never, limits: Limits::none(), is_temporary: false }
}

/// What became of a rotation and a revocation of the old secret that ran at the same time.
fn both_at_once(service: &Service, overlap: i64) -> (Result<RotatedToken, Error>, TokenText, TokenState) {
    let (view, text) = service.create_token(&local(), new_token()).unwrap();
    let hash = view.token.hash.to_string();
    let rotation = Rotation { overlap: Some(overlap), ..Rotation::default() };
    let rotated = thread::scope(|scope| {
        let rotating = scope.spawn(|| service.rotate_token(&local(), &hash, rotation, None));
        let revoking = scope.spawn(|| service.revoke_tokens(&stranger(service), &[secret(&text)]));
        revoking.join().unwrap().unwrap();
        rotating.join().unwrap()
    });
    let present = rotated.as_ref().map_or(hash, |rotated| rotated.view.token.hash.to_string());
    let state = service.view_token(&local(), &present).unwrap().state;
    (rotated, text, state)
}

#[test]
fn whichever_of_a_rotation_and_a_revocation_comes_first_the_old_secret_is_over() {
    let home = Home::new();
    let service = home.open(start());
    service.create_user(&local(), new_user("alice")).unwrap();
    for round in 0..40 {
        let overlap = if round % 2 == 0 { 60 } else { 0 };
        let (rotated, old, state) = both_at_once(&service, overlap);
        assert!(!is_in(&service, &old));
        match rotated {
            // It was replaced by then: the access token lives on with the secret that its owner has got.
            Ok(rotated) => {
                assert_eq!(state, TokenState::Active);
                assert!(is_in(&service, &rotated.text));
            }
            Err(Error::Conflict(Obstacle::Revoked)) => assert_eq!(state, TokenState::Revoked),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn the_last_administrator_is_not_spared() {
    let home = Home::new();
    let service = home.open(start());
    let admin = NewToken { username: Some("admin".to_owned()), ..new_token() };
    let (view, text) = service.create_token(&local(), admin).unwrap();
    // The secret is out: whoever has it could do anything. The way back is the local socket.
    service.revoke_tokens(&stranger(&service), &[secret(&text)]).unwrap();
    assert_eq!(service.view_token(&local(), &view.token.hash.to_string()).unwrap().state, TokenState::Revoked);
}

#[test]
fn more_than_one_change_takes_are_all_ended() {
    let home = Home::new();
    let service = home.open(start());
    for user in ["alice", "bob"] {
        service.create_user(&local(), new_user(user)).unwrap();
    }
    let made = (0..30).map(|number| {
        let username = Some(if number % 3 == 0 { "bob" } else { "alice" }.to_owned());
        service.create_token(&local(), NewToken { username, ..new_token() }).unwrap()
    });
    let (views, texts): (Vec<_>, Vec<_>) = made.unzip();
    let secrets: Vec<Password> = texts.iter().map(secret).collect();
    service.revoke_tokens(&stranger(&service), &secrets).unwrap();
    for view in views {
        assert_eq!(service.view_token(&local(), &view.token.hash.to_string()).unwrap().state, TokenState::Revoked);
    }
}
