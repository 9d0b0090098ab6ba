//! The audit log as use-cases see it: every record is found, what is old goes, and nobody fills it with changes.

use super::super::{
    AuditFilter, AuditKeep, AuditPlace, Call, Caller, Credentials, Error, Expiry, NewToken, Rotation, Service,
    TokenFilter,
};
use super::content::new_user;
use super::support::{Home, call, put, start};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, Occurrence};
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;
use crate::domain::token::Limits;

const DAY: i64 = 24 * 60 * 60;

fn local(at: Timestamp) -> Call {
    call(Service::local(0), at)
}

fn entry(object: &str) -> AuditEntry {
    AuditEntry::by_system(Act::RegistryCompare, object.to_owned())
}

fn add(service: &Service, count: usize, what: impl Fn(usize) -> (String, Timestamp)) {
    let records: Vec<_> = (0..count).map(what).map(|(object, at)| (entry(&object), Occurrence::once(at))).collect();
    for bundle in records.chunks(1_000) {
        let bundle = bundle.to_vec();
        put(service, move |txn| Ok(bundle.iter().try_for_each(|(entry, when)| txn.audit(entry, *when))?));
    }
}

/// The objects that a filter finds, oldest first, and the pages that it takes.
fn found(service: &Service, filter: &AuditFilter, limit: usize) -> (Vec<String>, usize) {
    let (mut objects, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let place = AuditPlace { start: before, ..AuditPlace::newest(limit) };
        let page = service.list_audit(&local(start()), filter, place).unwrap().page;
        pages += 1;
        assert!(page.entries.len() <= limit);
        objects.extend(page.entries.into_iter().map(|logged| logged.record.object));
        before = page.next;
        if before.is_none() {
            objects.reverse();
            return (objects, pages);
        }
    }
}

#[test]
fn a_clock_that_jumped_hides_no_record() {
    let home = Home::new();
    let service = home.open(start());
    // Right, ten years ago, right, in ten years, right: records of one hour, with the others between them.
    let jumps = [0, -3_650 * DAY, 60, 3_650 * DAY, 120, -3_650 * DAY, 180];
    for (place, jump) in jumps.into_iter().enumerate() {
        add(&service, 700, |number| {
            let is_right = (0..DAY).contains(&jump);
            let name = format!("{} {place} {number}", if is_right { "right" } else { "wrong" });
            (name, start().plus_seconds(jump))
        });
    }
    let (since, until) = (Some(start()), Some(start().plus_seconds(3_600)));
    let filter =
        AuditFilter { since, until, action: Some("registry.compare".parse().unwrap()), ..AuditFilter::default() };
    let right: Vec<String> =
        [0, 2, 4, 6].iter().flat_map(|place| (0..700).map(move |number| format!("right {place} {number}"))).collect();
    for limit in [10, 500, 100_000] {
        assert!(found(&service, &filter, limit).0 == right, "in pages of {limit}");
    }
}

#[test]
fn a_filter_that_finds_little_is_asked_for_its_next_page() {
    let home = Home::new();
    let service = home.open(start());
    add(&service, 50_000, |number| {
        let name = if number % 20_000 == 7 { "rare" } else { "common" };
        (name.to_owned(), start())
    });
    let filter = AuditFilter { object: Some("rare".to_owned()), ..AuditFilter::default() };
    let (rare, pages) = found(&service, &filter, 10);
    assert_eq!((rare.len(), pages), (3, 4), "each looks at some 16,000 records");
    assert_eq!(found(&service, &filter, 100_000).1, 1);
    assert_eq!(found(&service, &AuditFilter { object: Some("x".to_owned()), ..filter }, 10), (Vec::new(), 4));
}

#[test]
fn what_is_not_to_be_kept_goes_with_the_chores() {
    let mut home = Home::new();
    home.audit_keep = AuditKeep { seconds: Some(400 * DAY), bytes: Some(100_000) };
    let service = home.open(start());
    add(&service, 2_000, |_| ("old".to_owned(), start().plus_seconds(-401 * DAY)));
    add(&service, 1_000, |_| ("young".to_owned(), start()));
    assert_eq!(service.warnings().next(), None);
    service.housekeep(start());
    let objects = |object: &str| {
        let filter = AuditFilter { object: Some(object.to_owned()), ..AuditFilter::default() };
        found(&service, &filter, 100_000).0.len()
    };
    // All are changes: the size takes the old ones, and none of the young, which are too many.
    assert_eq!((objects("old"), objects("young")), (0, 1_000));
    assert!(service.warnings().next().unwrap().contains("audit.keep_mib"));
    let removals = AuditFilter { action: Some("audit.remove".parse().unwrap()), ..AuditFilter::default() };
    let page = service.list_audit(&local(start()), &removals, AuditPlace::newest(100)).unwrap().page.entries;
    assert_eq!(page.iter().map(|it| it.record.removed.as_ref().unwrap().count).sum::<u64>(), 2_000);
    assert_eq!(page.last().unwrap().record.object, "2-501");
    let found = service.verify_audit(&local(start()), None).unwrap();
    assert_eq!((found.problem, found.removed), (None, 2_000));
}

/// While the store is closed, or opened again, what stands on the disk alone cannot be read now: that is no fault inside.
#[test]
fn what_cannot_be_read_for_a_moment_is_said_to_be_so() {
    let home = Home::new();
    let service = home.open(start());
    add(&service, 3, |_| ("there".to_owned(), start()));
    service.store.close();
    let local = local(start());
    let is_passing = |error: Option<Error>| matches!(error, Some(Error::Unread));
    assert!(is_passing(service.verify_audit(&local, None).err()));
    assert!(is_passing(service.list_audit(&local, &AuditFilter::default(), AuditPlace::newest(10)).err()));
    assert!(is_passing(service.audit_after(&local, 0, 1).err()));
}

fn user(service: &Service, name: &str) -> Caller {
    service.create_user(&local(start()), new_user(name)).unwrap();
    Caller::of_account(service.store.state().account_named(name).unwrap())
}

fn rename(service: &Service, call: &Call, token: &str) -> Result<(), Error> {
    service.update_token(call, token, Some("another"), None).map(drop)
}

fn is_too_much<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::TooManyChanges { retry_after: 1..=60 }))
}

#[test]
fn an_account_changes_so_much_a_minute_and_can_always_end_its_tokens() {
    let mut home = Home::new();
    home.changes_per_minute = 6;
    let service = home.open(start());
    let (alice, bob) = (user(&service, "alice"), user(&service, "bob"));
    let [first, second, third] = [(); 3].map(|()| {
        let (username, limits) = (Some("alice".to_owned()), Limits::none());
        let new = NewToken { username, label: None, expiry: Expiry::Default, limits, is_temporary: false };
        service.create_token(&local(start()), new).unwrap().0.token.hash.to_string()
    });
    let as_alice = call(alice, start());
    let before = service.store.state().audit().seq;
    rename(&service, &Call { now: start().plus_seconds(-60), ..as_alice.clone() }, &first).unwrap();
    let before = before + 1;
    let made = (0..50).filter(|_| rename(&service, &as_alice, &first).is_ok()).count();
    assert_eq!((made, service.store.state().audit().seq - before), (6, 6));
    assert!(is_too_much(&rename(&service, &as_alice, &first)));
    assert!(is_too_much(&service.rotate_token(&as_alice, &first, Rotation::default(), None)));
    assert!(is_too_much(&service.update_token(&as_alice, &first, Some("x"), Some(false))), "more than an ending");
    let unused = TokenFilter { used_before: Some(start().plus_seconds(-DAY)), ..TokenFilter::default() };
    // Endings are free, and leave a record only if something ends.
    for _ in 0..20 {
        service.update_token(&as_alice, &first, None, Some(false)).unwrap();
        _ = service.delete_token(&as_alice, &second);
    }
    assert!(service.store.state().audit().seq - before < 6 + 10, "{}", service.store.state().audit().seq - before);
    assert!(is_too_much(&service.clean_up_tokens(&as_alice, &unused)), "nothing would end");
    assert!(is_too_much(&service.update_token(&as_alice, &third, None, Some(true))));
    // So are others, administrators and the local socket.
    assert!(
        service.delete_account(&call(bob, start()), "alice", false).is_err_and(|error| !is_too_much::<()>(&Err(error)))
    );
    let password = Password::new("violet-kestrel-42".to_owned());
    let admin = Credentials::Basic { username: "admin".to_owned(), password };
    let admin = service.authenticate(admin, None, start()).unwrap();
    for caller in [admin, Service::local(0)] {
        let call = call(caller, start());
        assert!((0..20).all(|_| rename(&service, &call, &first).is_ok()));
    }
    // A part of the minute gives a part of the changes.
    let later = Call { now: start().plus_seconds(20), ..as_alice };
    assert_eq!((0..50).filter(|_| rename(&service, &later, &first).is_ok()).count(), 2);
    let own = TokenFilter { used_before: Some(start().plus_seconds(DAY)), ..TokenFilter::default() };
    assert_eq!(service.clean_up_tokens(&later, &own).unwrap().len(), 2, "what ends something is free");
}
