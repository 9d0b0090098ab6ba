//! Passwords on every request: one that was verified within the minute takes no turn at the gate of slow hashes.

use std::net::IpAddr;

use super::super::{AccountUpdate, AuditFilter, AuditPlace, Caller, Credentials, Error, Service};
use super::support::{Home, call, start};
use crate::domain::act::Act;
use crate::domain::secret::Password;

const NAME: &str = "admin";
const PASSWORD: &str = "violet-kestrel-42";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn shown(password: &str) -> Credentials {
    Credentials::basic(NAME, Password::new(password.to_owned()))
}

/// What a request does: what is remembered first, and a turn at the gate only without that.
fn asks(service: &Service, password: &str, from: IpAddr) -> Result<Caller, Error> {
    match service.recall(&shown(password), Some(from), start()) {
        Some(caller) => Ok(caller),
        None => service.authenticate(shown(password), Some(from), start()),
    }
}

/// How many sign-ins the audit log has.
fn recorded(service: &Service) -> u64 {
    let local = call(Service::local(0), start());
    let page = service.list_audit(&local, &AuditFilter::default(), AuditPlace::newest(usize::MAX)).unwrap().page;
    let records = page.entries.iter().map(|logged| &logged.record);
    records.filter(|record| record.action == Act::AccountSignIn.word()).map(|record| record.count).sum()
}

#[test]
fn forty_requests_take_one_turn_and_leave_one_record() {
    let home = Home::new();
    let service = home.open(start());
    let before = service.passwords.turns();
    let turns = || service.passwords.turns() - before;
    (0..40).for_each(|_| drop(asks(&service, PASSWORD, HERE).unwrap()));
    assert_eq!((turns(), recorded(&service)), (1, 1));
    // From elsewhere it is another sign-in.
    asks(&service, PASSWORD, IpAddr::from([192, 0, 2, 1])).unwrap();
    assert_eq!((turns(), recorded(&service)), (2, 2));
    // A wrong one costs what it always did, and changes nothing for the right one.
    asks(&service, "wrong guess", HERE).unwrap_err();
    asks(&service, PASSWORD, HERE).unwrap();
    assert_eq!((turns(), recorded(&service)), (3, 3));
    service.clock.pass(60);
    service.housekeep(start());
    asks(&service, PASSWORD, HERE).unwrap();
    assert_eq!((turns(), recorded(&service)), (4, 4));
}

#[test]
fn of_many_at_once_each_place_at_the_gate_compares_one() {
    let home = Home::new();
    let service = home.open(start());
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..40).map(|_| scope.spawn(|| asks(&service, PASSWORD, HERE).is_ok())).collect();
        assert!(all.into_iter().all(|one| one.join().unwrap()));
    });
    let places = std::thread::available_parallelism().unwrap().get().saturating_sub(1).max(1);
    assert!((1..=places as u64).contains(&recorded(&service)), "{}", recorded(&service));
}

#[test]
fn a_session_and_another_password_need_the_password_itself() {
    let home = Home::new();
    let service = home.open(start());
    let caller = asks(&service, PASSWORD, HERE).unwrap();
    let before = service.passwords.turns();
    service.authenticate_anew(shown(PASSWORD), Some(HERE), start()).unwrap();
    assert_eq!((service.passwords.turns() - before, recorded(&service)), (1, 2));
    let (old, new) = (Password::new(PASSWORD.to_owned()), Password::new("amber-harbour-17".to_owned()));
    service.change_password(&call(caller, start()), NAME, Some(&old), &new).unwrap();
    assert_eq!(service.passwords.turns() - before, 3, "the old one is compared, the new one hashed");
    asks(&service, PASSWORD, HERE).unwrap_err();
    asks(&service, "amber-harbour-17", HERE).unwrap();
}

#[test]
fn an_account_that_is_activated_again_is_compared_again() {
    let home = Home::new();
    let service = home.open(start());
    let local = call(Service::local(0), start());
    let other = super::content::new_user("bob");
    let other = super::super::NewUser { password: Some(Password::new(PASSWORD.to_owned())), is_admin: true, ..other };
    service.create_user(&local, other).unwrap();
    let turns = || service.passwords.turns();
    asks(&service, PASSWORD, HERE).unwrap();
    let set = |is_active: bool| {
        let update = AccountUpdate { is_active: Some(is_active), ..AccountUpdate::default() };
        service.update_account(&local, NAME, update).unwrap();
    };
    set(false);
    asks(&service, PASSWORD, HERE).unwrap_err();
    set(true);
    let before = turns();
    asks(&service, PASSWORD, HERE).unwrap();
    assert_eq!(turns() - before, 1);
    // Also where nobody asked in between.
    set(false);
    set(true);
    asks(&service, PASSWORD, HERE).unwrap();
    assert_eq!(turns() - before, 2);
}

#[test]
fn a_name_that_has_to_wait_waits_with_the_remembered_password_too_and_is_compared_after_that() {
    let home = Home::new();
    let service = home.open(start());
    asks(&service, PASSWORD, HERE).unwrap();
    for number in 0..5 {
        asks(&service, &format!("wrong guess {number}"), HERE).unwrap_err();
    }
    assert!(matches!(asks(&service, PASSWORD, HERE), Err(Error::TooManyRequests { .. })));
    service.clock.pass(5);
    let before = service.passwords.turns();
    asks(&service, PASSWORD, HERE).unwrap();
    assert_eq!(service.passwords.turns() - before, 1);
}
