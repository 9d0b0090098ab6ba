//! Floods of refusals: they fill neither the disk nor the memory, and hide nothing.

use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use super::super::{AuditFilter, AuditPlace, Call, Caller, Credentials, Error, Service};
use super::content::new_user;
use super::support::{Home, call, is_long, put, repository, start};
use crate::domain::audit::{AuditRecord, Outcome};
use crate::domain::grant::GrantTarget;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;

/// Where somebody guesses meanwhile.
const ELSEWHERE: &str = "203.0.113.9";

fn flood_size() -> u64 {
    if is_long() { 1_000_000 } else { 20_000 }
}

fn guess(service: &Service, name: &str, from: IpAddr, now: Timestamp) {
    let password = Password::new("dkp_x".to_owned());
    let shown = Credentials::Basic { username: name.to_owned(), password };
    assert!(service.authenticate(shown, Some(from), now).is_err());
}

fn records(service: &Service, now: Timestamp, outcome: Outcome) -> Vec<AuditRecord> {
    let filter = AuditFilter { outcome: Some(outcome), ..AuditFilter::default() };
    let local = call(Service::local(0), now);
    let page = service.list_audit(&local, &filter, AuditPlace::newest(usize::MAX)).unwrap().page;
    page.entries.into_iter().map(|logged| logged.record).collect()
}

fn disk(path: &Path) -> u64 {
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| if file.is_dir() { disk(&file) } else { fs::metadata(file).unwrap().len() }).sum()
}

fn counted(records: &[AuditRecord]) -> u64 {
    records.iter().map(|record| record.count).sum()
}

/// Ten minutes of guesses, evenly, with the chores of every half minute, and one guess at `admin` from elsewhere in
/// the middle. All are counted, and the log hardly grows.
fn flooded(name: impl Fn(u64) -> String, from: impl Fn(u64) -> IpAddr) -> Vec<AuditRecord> {
    const STEPS: u64 = 20;
    let home = Home::new();
    let service = home.open(start());
    let before = disk(service.store.directory());
    let each = flood_size() / STEPS;
    for step in 0..STEPS {
        let now = start().plus_seconds(i64::try_from(step).unwrap() * 30);
        for number in step * each..(step + 1) * each {
            guess(&service, &name(number), from(number), now);
        }
        if step == STEPS / 2 {
            guess(&service, "admin", ELSEWHERE.parse().unwrap(), now);
        }
        service.housekeep(now);
    }
    let now = start().plus_seconds(3_600);
    service.housekeep(now);
    let grown = disk(service.store.directory()) - before;
    println!("{} guesses: the disk grew by {} kB", flood_size(), grown >> 10);
    assert!(grown < 5_000_000, "{grown}");
    let denied = records(&service, now, Outcome::Denied);
    assert_eq!(counted(&denied), flood_size() + 1, "every guess is counted");
    println!("{} records", denied.len());
    assert!(denied.len() < 3_000, "{}", denied.len());
    assert_eq!(service.store.verify_audit(None).unwrap().problem, None);
    let at_admin = denied.iter().filter(|record| record.object == "admin" && record.address == ELSEWHERE);
    assert_eq!(at_admin.map(|record| record.count).collect::<Vec<_>>(), [1], "the guess from elsewhere");
    denied
}

fn v6(network: u64, host: u64) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from((0x2001_u128 << 112) | (u128::from(network) << 64) | u128::from(host)))
}

#[test]
fn one_network_of_ever_new_addresses_hides_no_guess() {
    let denied = flooded(|_| "admin".to_owned(), |number| v6(1, number));
    let summed: Vec<_> = denied.iter().filter(|record| record.summed.as_deref() == Some("source")).collect();
    assert!(!summed.is_empty() && summed.len() < 10, "{}", summed.len());
    assert!(summed.iter().all(|record| record.address == "2001:0:0:1::/64" && record.action == "account.signIn"));
}

#[test]
fn very_many_networks_hide_no_guess() {
    let networks = if is_long() { 100_000 } else { 5_000 };
    // Spread over sites: each has a /48.
    let denied = flooded(|number| format!("junk-{number}"), |number| v6((number % networks) << 16, number));
    let strangers = denied.iter().filter(|record| record.summed.as_deref() == Some("strangers"));
    assert!(strangers.map(|record| record.count).sum::<u64>() > flood_size() / 2);
}

#[test]
fn a_site_of_many_networks_is_one_network() {
    let denied = flooded(|_| "junk".to_owned(), |number| v6(number % 5_000, number));
    assert!(denied.iter().any(|record| record.summed.as_deref() == Some("network") && record.address == "2001::/48"));
}

fn alice(service: &Service) -> Caller {
    service.create_user(&call(Service::local(0), start()), new_user("alice")).unwrap();
    Caller::of_account(service.store.state().account_named("alice").unwrap())
}

/// Public repositories, which everybody sees and only their administrators change.
fn adopt(service: &Service, names: impl Iterator<Item = String>) {
    let repositories: Vec<_> = names.map(|name| Repository { is_public: true, ..repository(&name) }).collect();
    put(service, move |txn| Ok(repositories.into_iter().try_for_each(|it| txn.put_repository(it).map(drop))?));
}

fn try_grant(service: &Service, call: &Call, target: GrantTarget) {
    assert!(matches!(service.may_grant(call, &target), Err(Error::Denied(_))));
}

fn on_repository(name: &str) -> GrantTarget {
    GrantTarget::Repository(RepositoryName::parse(name).unwrap())
}

fn on_namespace(name: &str) -> GrantTarget {
    GrantTarget::Namespace(Namespace::parse(name).unwrap())
}

#[test]
fn junk_names_do_not_hide_the_real_one() {
    let home = Home::new();
    let service = home.open(start());
    let alice = alice(&service);
    adopt(&service, ["admin/secret".to_owned()].into_iter());
    let count = if is_long() { 100_000 } else { 10_000 };
    for number in 0..count {
        let now = start().plus_seconds(number / 400);
        let call = call(alice.clone(), now);
        try_grant(&service, &call, on_namespace(&format!("junk-{number}")));
        if number == count / 2 {
            try_grant(&service, &call, on_repository("admin/secret"));
        }
        if number % 4_000 == 0 {
            service.housekeep(now);
        }
    }
    let denied = records(&service, start().plus_seconds(7_200), Outcome::Denied);
    let by_alice: Vec<_> = denied.into_iter().filter(|record| record.actor == "alice").collect();
    assert_eq!(counted(&by_alice), u64::try_from(count).unwrap() + 1);
    assert!(by_alice.len() < 64, "{}", by_alice.len());
    let real: Vec<_> = by_alice.iter().filter(|record| record.object == "admin/secret").collect();
    assert_eq!(real.len(), 1);
    let junk = by_alice.iter().filter(|record| record.summed.as_deref() == Some("unknownNames"));
    assert!(junk.map(|record| record.count).sum::<u64>() > u64::try_from(count).unwrap() - 100);
}

#[test]
fn a_caller_who_has_used_up_its_room_does_not_use_up_that_of_what_exists() {
    let home = Home::new();
    let service = home.open(start());
    let alice = alice(&service);
    let call = call(alice, start());
    adopt(&service, (0..400).map(|number| format!("admin/r{number}")).chain(["admin/secret".to_owned()]));
    // The room of this one repository, then all the room of the caller.
    for round in 0..12 {
        (0..400).for_each(|number| try_grant(&service, &call, on_repository(&format!("admin/r{number}"))));
        service.write_audit(start().plus_seconds(round));
    }
    try_grant(&service, &call, on_repository("admin/secret"));
    let denied = records(&service, start().plus_seconds(60), Outcome::Denied);
    assert_eq!(denied.iter().filter(|record| record.object == "admin/secret").count(), 1);
    assert!(denied.iter().any(|record| record.summed.as_deref() == Some("caller") && record.actor == "alice"));
    let own = denied.iter().filter(|record| record.summed.is_none()).count();
    assert_eq!(own, 400 * 4 + 256 + 1);
}

#[test]
fn sign_ins_are_neither_summed_nor_lost_in_a_flood() {
    let home = Home::new();
    let service = home.open(start());
    let flood = flood_size() / 10;
    for number in 0..flood {
        guess(&service, "admin", v6(number, number), start());
        if number % (flood / 4) == 0 {
            let password = Password::new("violet-kestrel-42".to_owned());
            let shown = Credentials::Basic { username: "admin".to_owned(), password };
            let from = v6(u64::MAX, number);
            service.authenticate(shown, Some(from), start()).unwrap();
        }
    }
    let done = records(&service, start(), Outcome::Success);
    let signed_in: Vec<_> = done.iter().filter(|record| record.action == "account.signIn").collect();
    assert_eq!(signed_in.len(), 4);
    assert!(signed_in.iter().all(|record| record.summed.is_none() && record.count == 1));
}

#[test]
fn an_hour_gives_new_room_whichever_way_the_clock_goes() {
    let home = Home::new();
    let service = home.open(start());
    let own_in = |now: Timestamp| {
        (0..100).for_each(|number| guess(&service, "junk", v6(1, number), now));
        service.write_audit(now);
        let written = records(&service, now, Outcome::Denied);
        let own = written.iter().filter(|record| record.summed.is_none() && record.time == now);
        own.count()
    };
    assert_eq!(own_in(start()), 32);
    assert_eq!(own_in(start().plus_seconds(60)), 0);
    assert_eq!(own_in(start().plus_seconds(3_600)), 32);
    assert_eq!(own_in(start().plus_seconds(-10 * 365 * 86_400)), 32);
}

#[test]
fn what_waits_in_sums_is_written_when_the_server_ends() {
    let home = Home::new();
    let service = home.open(start());
    let later = start().plus_seconds(1);
    (0..100).for_each(|number| guess(&service, "junk", v6(1, number), start()));
    service.write_audit(start());
    // The sum is not due again so soon.
    (100..200).for_each(|number| guess(&service, "junk", v6(1, number), later));
    service.write_audit(later);
    assert_eq!(counted(&records(&service, later, Outcome::Denied)), 100);
    service.close(later);
    drop(service);
    assert_eq!(counted(&records(&home.open(later), later, Outcome::Denied)), 200);
}

#[test]
fn a_wrong_password_with_a_line_end_counts_as_the_two_that_are_compared() {
    let home = Home::new();
    let service = home.open(start());
    let tried = |password: &str| {
        let shown = Credentials::basic("admin\r\n", Password::new(password.to_owned()));
        service.authenticate(shown, ELSEWHERE.parse().ok(), start()).unwrap_err()
    };
    // The name counts without its line end, and equal guesses once.
    for password in ["one\n", "one", "two\r\n", "one\n"] {
        assert!(matches!(tried(password), Error::Unauthenticated), "{password:?}");
    }
    assert!(matches!(tried("three"), Error::Unauthenticated), "the fifth");
    assert!(matches!(tried("four"), Error::TooManyRequests { .. }));
}
