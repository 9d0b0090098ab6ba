//! Passwords that come as hashes of bcrypt: they work at once, and are hashed anew at the first sign-in.

use std::net::IpAddr;
use std::thread::ScopedJoinHandle;

use super::super::sign_in::rounds_of;
use super::super::{AccountUpdate, Credentials, Error, NewUser, Service};
use super::content::new_user;
use super::support::{Home, call, start};
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::secret::Password;

/// Of `correct horse`, of a cost of 5.
const HASH: &str = "$2y$05$4Sd.snqoD8rdoTzWgQChE.T4aRSKZdLSDyTKJgsa2Vijhe0OuiEKO";
/// Of `short`, of a cost of 4.
const CHEAP: &str = "$2y$04$kae3Aq/4ENhRmnwWmgSW1uUH5cEC.tOoS5F25iFeJJ4c2.cn3tQ56";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn imported(service: &Service, name: &str, hash: &str) {
    let new = NewUser { imported: Some(BcryptHash::parse(hash).unwrap()), ..new_user(name) };
    let view = service.create_user(&call(Service::local(0), start()), new).unwrap();
    assert!(!view.account.password_set_by_admin, "its owner chose it");
}

fn signs_in(service: &Service, name: &str, password: &str) -> Result<(), Error> {
    let shown = Credentials::basic(name, Password::new(password.to_owned()));
    service.authenticate(shown, Some(HERE), start()).map(drop)
}

fn stored(service: &Service, name: &str) -> String {
    service.store.state().account_named(name).unwrap().password.clone().unwrap()
}

fn highest(service: &Service) -> Option<u32> {
    service.store.state().highest_bcrypt_cost()
}

#[test]
fn a_wrong_password_costs_the_same_for_everybody_while_one_is_left() {
    let home = Home::new();
    let service = home.open(start());
    let password = Some(Password::new("violet-kestrel-42".to_owned()));
    service.create_user(&call(Service::local(0), start()), NewUser { password, ..new_user("carol") }).unwrap();
    imported(&service, "alice", HASH);
    imported(&service, "bob", CHEAP);
    assert_eq!(service.imported_passwords(), 2);
    let cost = |name: &str, password: &str| rounds_of(|| signs_in(&service, name, password));
    for (round, name) in ["alice", "bob", "carol", "nobody", "not a name!"].into_iter().enumerate() {
        assert_eq!(cost(name, &format!("wrong {round}")), 1 << 5, "{name}");
    }
    assert_eq!(cost("carol", "violet-kestrel-42"), 0);
    signs_in(&service, "alice", "correct horse").unwrap();
    assert_eq!((service.imported_passwords(), cost("carol", "wrong")), (1, 1 << 4));
    signs_in(&service, "bob", "short").unwrap();
    assert_eq!((service.imported_passwords(), cost("carol", "wrong again")), (0, 0));
}

#[test]
fn it_works_at_once_and_is_hashed_anew_at_the_first_sign_in() {
    let home = Home::new();
    let service = home.open(start());
    imported(&service, "alice", HASH);
    imported(&service, "bob", CHEAP);
    assert_eq!((stored(&service, "alice").as_str(), highest(&service)), (HASH, Some(5)));
    drop(service);
    let service = home.open(start());
    assert_eq!(highest(&service), Some(5), "also after a restart");
    signs_in(&service, "alice", "correct pony").unwrap_err();
    assert_eq!(stored(&service, "alice"), HASH, "a wrong one changes nothing");
    signs_in(&service, "alice", "correct horse").unwrap();
    assert!(stored(&service, "alice").starts_with("$argon2id$"));
    assert_eq!(highest(&service), Some(4), "of bob alone");
    // It goes on after that, from another address, too.
    let elsewhere = Credentials::basic("alice", Password::new("correct horse".to_owned()));
    service.authenticate(elsewhere, Some(IpAddr::from([192, 0, 2, 1])), start()).unwrap();
    signs_in(&service, "alice", "correct pony").unwrap_err();
    service.delete_account(&call(Service::local(0), start()), "bob", false).unwrap();
    assert_eq!(highest(&service), None);
}

#[test]
fn guesses_are_counted_as_with_any_other_password() {
    let home = Home::new();
    let service = home.open(start());
    imported(&service, "bob", CHEAP);
    for guess in 0..5 {
        assert!(matches!(signs_in(&service, "bob", &format!("guess {guess}")), Err(Error::Unauthenticated)));
    }
    assert!(matches!(signs_in(&service, "bob", "short"), Err(Error::TooManyRequests { .. })));
    assert_eq!(stored(&service, "bob"), CHEAP);
}

/// More guesses at once than are free: none is refused before another as long as the work of bcrypt is to come.
#[test]
fn guesses_at_once_do_not_tell_whose_password_is_imported() {
    const GUESSES: usize = 7;
    let home = Home::new();
    let service = home.open(start());
    let password = Some(Password::new("violet-kestrel-42".to_owned()));
    service.create_user(&call(Service::local(0), start()), NewUser { password, ..new_user("carol") }).unwrap();
    imported(&service, "bob", CHEAP);
    for (host, name) in ["bob", "carol", "nobody"].into_iter().enumerate() {
        let from = Some(IpAddr::from([192, 0, 2, u8::try_from(host).unwrap()]));
        let guess = |number: usize| {
            let shown = Credentials::basic(name, Password::new(format!("guess {number}")));
            service.authenticate(shown, from, start()).map(drop)
        };
        let answers = std::thread::scope(|scope| {
            let mut guesses = Vec::new();
            service.passwords.with_imported_held(&mut || {
                guesses.extend((0..GUESSES).map(|number| scope.spawn(move || guess(number))));
                let is_answered = || guesses.iter().any(ScopedJoinHandle::is_finished);
                while service.passwords.imported_waiting() < GUESSES && !is_answered() {
                    std::thread::yield_now();
                }
                assert!(!is_answered(), "{name}: one was answered before the work of bcrypt");
            });
            guesses.into_iter().map(|guess| guess.join().unwrap()).collect::<Vec<_>>()
        });
        let wrong = answers.iter().filter(|answer| matches!(answer, Err(Error::Unauthenticated))).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(Error::TooManyRequests { .. }))).count();
        assert_eq!((wrong, refused), (5, GUESSES - 5), "{name}");
    }
}

#[test]
fn a_hash_beside_a_password_is_refused() {
    let home = Home::new();
    let service = home.open(start());
    let password = Some(Password::new("violet-kestrel-42".to_owned()));
    let new = NewUser { imported: Some(BcryptHash::parse(HASH).unwrap()), password, ..new_user("alice") };
    let refused = service.create_user(&call(Service::local(0), start()), new).unwrap_err();
    assert!(matches!(refused, Error::Invalid { field: "passwordHash", .. }), "{refused:?}");
}

#[test]
fn of_many_first_sign_ins_at_once_each_is_let_in() {
    let home = Home::new();
    let service = home.open(start());
    imported(&service, "alice", HASH);
    imported(&service, "bob", CHEAP);
    let enters = |host: u8| {
        let from = Some(IpAddr::from([192, 0, 2, host / 2]));
        let shown = Credentials::basic("alice", Password::new("correct horse".to_owned()));
        let caller = service.authenticate(shown, from, start()).unwrap();
        // What was shown is looked at again with every use of it.
        service.view_account(&call(caller, start()), "alice").map(drop).unwrap();
    };
    std::thread::scope(|scope| (0..8).for_each(|host| drop(scope.spawn(move || enters(host)))));
}

#[test]
fn who_may_not_sign_in_costs_the_others_nothing() {
    let home = Home::new();
    let service = home.open(start());
    imported(&service, "alice", HASH);
    let update = |is_active| AccountUpdate { is_active: Some(is_active), ..AccountUpdate::default() };
    for (is_active, expected) in [(false, None), (true, Some(5))] {
        service.update_account(&call(Service::local(0), start()), "alice", update(is_active)).unwrap();
        assert_eq!(highest(&service), expected);
    }
}
