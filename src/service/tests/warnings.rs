//! Access tokens that end soon are warned of: once for each end, also over a restart.

use super::super::{AuditFilter, AuditPlace, Expiry, NewToken, Service};
use super::content::new_user;
use super::support::{Home, call, start};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::domain::token::Limits;

const DAY: i64 = 24 * 60 * 60;

fn day(number: i64) -> Timestamp {
    start().plus_seconds(number * DAY)
}

fn warning() -> Home {
    let mut home = Home::new();
    home.warn_before = Some(7 * DAY);
    home
}

fn add_alice(service: &Service) {
    service.create_user(&call(Service::local(0), day(0)), new_user("alice")).unwrap();
}

fn make(service: &Service, label: &str, ends_on: i64) -> Id {
    let local = call(Service::local(0), day(0));
    let new = NewToken {
        username: Some("alice".to_owned()),
        label: Some(label.to_owned()),
        expiry: Expiry::At(day(ends_on)),
        limits: Limits::none(),
        is_temporary: false,
    };
    service.create_token(&local, new).unwrap().0.token.id
}

/// Lets the chore run some minutes. Asked by itself: while the clock jumps, the writer may seem to hang, and then no chore runs.
fn pass(service: &Service, now: Timestamp) {
    for _ in 0..3 {
        service.clock.pass(61);
        service.warn_of_ends(now);
    }
}

/// The objects of all warnings, oldest first.
fn warnings(service: &Service) -> Vec<String> {
    let local = call(Service::local(0), day(0));
    let filter = AuditFilter { action: Some("token.warn".parse().unwrap()), ..AuditFilter::default() };
    let page = service.list_audit(&local, &filter, AuditPlace::newest(100)).unwrap().page;
    let objects = page.entries.into_iter().map(|logged| logged.record.object);
    objects.collect::<Vec<_>>().into_iter().rev().collect()
}

#[test]
fn each_end_that_comes_near_is_told_once_and_a_restart_repeats_nothing() {
    let home = warning();
    let service = home.open(day(0));
    add_alice(&service);
    let (soon, later) = (make(&service, "soon", 5), make(&service, "later", 20));
    pass(&service, day(0));
    let first = format!("{soon} {}", day(5));
    assert_eq!(warnings(&service), std::slice::from_ref(&first));
    pass(&service, day(1));
    drop(service);
    let service = home.open(day(2));
    pass(&service, day(2));
    assert_eq!(warnings(&service), std::slice::from_ref(&first));
    pass(&service, day(14));
    let second = format!("{later} {}", day(20));
    assert_eq!(warnings(&service), [first.clone(), second.clone()]);
    let whole = service.verify_audit(&call(Service::local(0), day(14)), None).unwrap();
    assert_eq!(whole.problem, None);
}

#[test]
fn nothing_is_told_where_nobody_asked_for_it() {
    let home = Home::new();
    let service = home.open(day(0));
    add_alice(&service);
    make(&service, "soon", 5);
    pass(&service, day(0));
    assert_eq!(warnings(&service), Vec::<String>::new());
}
