//! What is stopped on a full disk is stopped: the next request with it is refused, also after a restart.

use super::super::{
    AccountUpdate, AuditFilter, AuditPlace, Call, Credentials, Error, Expiry, NewToken, NewUser, Rotation, Service,
    Trouble, WriteError,
};
use super::content::new_user;
use super::support::{call, open_in, settings, sign_in, start};
use crate::able::SmallDisk;
use crate::domain::access::AccessLevel;
use crate::domain::act::Act;
use crate::domain::secret::{Password, TokenText};
use crate::domain::token::Limits;

const OLD: &str = "old-long-password-1";
const NEW: &str = "new-long-password-2";

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

fn local() -> Call {
    call(Service::local(0), start())
}

/// An access token of a user: its hash and its text.
fn token(service: &Service, user: &str) -> (String, TokenText) {
    let limits = Limits { cap: AccessLevel::Admin, patterns: [].into() };
    let new =
        NewToken { username: Some(user.to_owned()), label: None, expiry: Expiry::Never, limits, is_temporary: false };
    let (view, text) = service.create_token(&local(), new).unwrap();
    (view.token.hash.to_string(), text)
}

fn is_full<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable(WriteError::Refused(Trouble::Full))))
}

/// Fills the disk with accounts.
fn fill(service: &Service, disk: &SmallDisk) {
    disk.fill();
    for number in 0..50_000 {
        match service.create_user(&local(), new_user(&format!("ballast-{number}"))) {
            Ok(_) => {}
            Err(Error::Unavailable(WriteError::Unknown(Trouble::Full))) => return,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk never filled up");
}

fn is_in(service: &Service, user: &str, secret: &str) -> bool {
    match sign_in(service, user, secret, start()) {
        Ok(_) => true,
        Err(Error::Unauthenticated) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_is_stopped_on_a_full_disk_is_stopped() {
    let Some(disk) = SmallDisk::mount(28) else { return };
    let service = open_in(&disk.data(), settings(), start());
    for user in ["alice", "bob", "carol"] {
        service.create_user(&local(), NewUser { password: Some(password(OLD)), ..new_user(user) }).unwrap();
    }
    let (revoked, revoked_text) = token(&service, "alice");
    let (rotated, rotated_text) = token(&service, "alice");
    let (_, of_bob) = token(&service, "bob");
    assert!(is_in(&service, "alice", revoked_text.reveal()) && is_in(&service, "alice", OLD));
    fill(&service, &disk);

    // What gives a power, or only changes a word, waits for room.
    assert!(is_full(service.update_token(&local(), &revoked, Some("renamed"), None)));
    assert!(is_full(
        service.rotate_token(&local(), &rotated, Rotation { overlap: Some(60), ..Rotation::default() }, None).map(drop)
    ));
    assert!(is_full(service.create_user(&local(), new_user("dave"))));
    let promoted = AccountUpdate { is_admin: Some(true), is_active: Some(false), ..AccountUpdate::default() };
    assert!(is_full(service.update_account(&local(), "carol", promoted)));

    service.update_token(&local(), &revoked, None, Some(false)).unwrap();
    assert!(is_full(service.update_token(&local(), &revoked, None, Some(true))));
    // The owner, with a password, on their own room.
    let alice = call(sign_in(&service, "alice", OLD, start()).unwrap(), start());
    let new = service.rotate_token(&alice, &rotated, Rotation::default(), None).unwrap().text;
    service.change_password(&local(), "alice", None, &password(NEW)).unwrap();
    let inactive = AccountUpdate { is_active: Some(false), ..AccountUpdate::default() };
    service.update_account(&local(), "bob", inactive).unwrap();
    service.delete_account(&local(), "carol", true).unwrap();

    let check = |service: &Service| {
        assert!(!is_in(service, "alice", revoked_text.reveal()) && !is_in(service, "alice", rotated_text.reveal()));
        assert!(!is_in(service, "alice", OLD) && !is_in(service, "bob", OLD) && !is_in(service, "carol", OLD));
        assert!(!is_in(service, "bob", of_bob.reveal()));
        assert!(is_in(service, "alice", NEW) && is_in(service, "alice", new.reveal()));
        // sled may refuse to read as well while its disk is full; what it reads is right.
        let is_full = service.refusal().is_some();
        match service.list_audit(&local(), &AuditFilter::default(), AuditPlace::newest(40)) {
            Ok(found) => {
                let acts = [Act::TokenDeactivate, Act::TokenRotate, Act::AccountChangePassword, Act::AccountDeactivate];
                for act in acts.into_iter().chain([Act::AccountDelete]) {
                    assert!(found.page.entries.iter().any(|logged| logged.record.action == act.word()), "{act}");
                }
            }
            Err(error) => assert!(is_full, "{error}"),
        }
        match service.verify_audit(&local(), None) {
            Ok(found) => assert_eq!(found.problem, None),
            Err(error) => assert!(is_full, "{error}"),
        }
    };
    check(&service);
    assert_eq!(service.refusal().as_deref(), Some("the disk is full"));
    drop(service);
    disk.make_room();
    let service = open_in(&disk.data(), settings(), start());
    check(&service);
    service.create_user(&local(), new_user("dave")).unwrap();
    check(&service);
}

#[test]
fn what_its_finder_revokes_on_a_full_disk_is_over_and_takes_nobody_elses_room() {
    let Some(disk) = SmallDisk::mount(28) else { return };
    let service = open_in(&disk.data(), settings(), start());
    for user in ["alice", "bob"] {
        service.create_user(&local(), NewUser { password: Some(password(OLD)), ..new_user(user) }).unwrap();
    }
    let (_, leaked) = token(&service, "alice");
    let (overlapping, replaced) = token(&service, "alice");
    let (own, own_text) = token(&service, "alice");
    let hour = Rotation { overlap: Some(3_600), ..Rotation::default() };
    let present = service.rotate_token(&local(), &overlapping, hour, None).unwrap().text;
    let (of_alice, of_bob) = ([(); 60].map(|()| token(&service, "alice").1), token(&service, "bob").1);
    assert!(is_in(&service, "alice", OLD));
    fill(&service, &disk);

    let stranger = call(service.authenticate(Credentials::None, None, start()).unwrap(), start());
    let revoke = |texts: &[&TokenText]| {
        let secrets: Vec<Password> = texts.iter().map(|text| password(text.reveal())).collect();
        service.revoke_tokens(&stranger, &secrets)
    };
    revoke(&[&leaked, &replaced]).unwrap();
    // In the end the room of alice's access tokens is taken; that of her password, and everybody else's, is not.
    let ended: Vec<bool> = of_alice.iter().map(|text| revoke(&[text]).is_ok()).collect();
    assert!(ended.contains(&true) && ended.contains(&false), "{ended:?}");
    revoke(&[&of_bob]).unwrap();
    let alice = call(sign_in(&service, "alice", OLD, start()).unwrap(), start());
    service.update_token(&alice, &own, None, Some(false)).unwrap();
    for text in [&leaked, &replaced, &own_text] {
        assert!(!is_in(&service, "alice", text.reveal()));
    }
    drop(service);
    disk.make_room();
    let service = open_in(&disk.data(), settings(), start());
    for text in [&leaked, &replaced, &own_text] {
        assert!(!is_in(&service, "alice", text.reveal()));
    }
    assert!(!is_in(&service, "bob", of_bob.reveal()) && is_in(&service, "alice", present.reveal()));
    let works: Vec<bool> = of_alice.iter().map(|text| !is_in(&service, "alice", text.reveal())).collect();
    assert_eq!(works, ended, "what was answered, and nothing else");
}
