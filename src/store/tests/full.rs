//! A full disk: changes are refused, everything else goes on, and it ends without a restart.

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::super::{Error, Store, Trouble, WriteError};
use super::support::{
    Failure, account, add_account, entry, id, is_long, moment, now, open_at, start, token, usage, write,
};
use crate::able::SmallDisk;
use crate::domain::audit::Occurrence;

/// What changes answer while the disk is full.
pub(super) const FULL: Failure = Failure::Write(WriteError::Refused(Trouble::Full));
/// What those answer that were written when the disk turned out to be full.
pub(super) const PERHAPS: Failure = Failure::Write(WriteError::Unknown(Trouble::Full));

pub(super) fn opened(path: &Path) -> Store {
    open_at(path).unwrap().0
}

/// Adds accounts until the disk is full; the number of the one that did not fit.
pub(super) fn write_until_full(store: &Store, from: u64) -> u64 {
    for number in from..from + 50_000 {
        match add_account(store, number) {
            Ok(()) => assert!(store.state().account(id(number)).is_some()),
            Err(failure) => {
                assert_eq!(failure, PERHAPS);
                return number;
            }
        }
    }
    panic!("the disk never filled up");
}

/// Asks until changes are accepted again.
pub(super) fn wait_for_room(store: &Store) {
    for _ in 0..3_000 {
        if store.refusal(moment()).is_none() {
            return;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    panic!("changes are still refused: {:?}", store.refusal(moment()));
}

fn check_refusing(store: &Store, lost: u64) {
    let published = store.state();
    assert_eq!(store.refusal(moment()).as_deref(), Some("the disk is full"));
    for number in lost..lost + 3 {
        assert_eq!(add_account(store, number), Err(FULL));
        assert!(store.state().account(id(number)).is_none());
    }
    assert!(*store.state() == *published);
    assert!(store.state().account_named("user-10").is_some());
    store.usage().note(id(20), usage(5));
    assert_eq!(store.save_usage(), Err(WriteError::Refused(Trouble::Full)));
    assert_eq!(store.usage().noted(&store.usage().unsaved()), [(id(20), usage(5))]);
}

#[test]
fn a_full_disk_refuses_changes_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let mut store = opened(&disk.data());
    start(&store);
    write(&store, |txn| {
        txn.put_account(account(10))?;
        Ok(txn.put_token(token(20, 10))?)
    })
    .unwrap();
    let mut next = 100;
    for round in 0..if is_long() { 60 } else { 4 } {
        disk.fill();
        let lost = write_until_full(&store, next);
        check_refusing(&store, lost);
        disk.make_room();
        if round % 2 == 0 {
            // Nobody asks for a change: the writer looks for room by itself.
            wait_for_room(&store);
        }
        let published = store.state();
        while add_account(&store, lost + 3) == Err(FULL) {
            assert!(*store.state() == *published);
        }
        store.save_usage().unwrap();
        check_whole(&store, lost);
        if round % 3 == 2 {
            drop(store);
            store = opened(&disk.data());
            check_whole(&store, lost);
        }
        next = lost + 4;
    }
    let last = store.state();
    drop(store);
    let store = opened(&disk.data());
    assert!(*store.state() == *last);
    assert_eq!(store.usage().of(id(20)), Some(usage(5)));
}

/// Nothing of the changes that were refused, everything of the others.
fn check_whole(store: &Store, lost: u64) {
    let state = store.state();
    assert!((lost..lost + 3).all(|number| state.account(id(number)).is_none()));
    assert!(state.account(id(lost + 3)).is_some());
    let found = store.verify_audit(None).unwrap();
    assert_eq!((found.problem, found.records), (None, state.users_count() as u64 - 1));
}

#[test]
fn a_large_batch_that_does_not_fit_leaves_nothing() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let store = opened(&disk.data());
    start(&store);
    add_account(&store, 10).unwrap();
    let published = store.state();
    disk.fill();
    let failed = write(&store, |txn| {
        txn.remove_account(id(10))?;
        for number in 100..3_000 {
            txn.put_account(account(number))?;
            txn.audit(&entry("bulk"), Occurrence::once(now()))?;
        }
        Ok(())
    });
    assert_eq!(failed, Err(PERHAPS));
    assert!(*store.state() == *published);
    disk.make_room();
    wait_for_room(&store);
    assert!(*store.state() == *published);
    add_account(&store, 11).unwrap();
    drop(store);
    let state = opened(&disk.data()).state();
    assert_eq!((state.users_count(), state.audit().seq), (2, 2));
}

#[test]
fn a_start_on_a_full_disk_loses_nothing() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let store = opened(&disk.data());
    start(&store);
    disk.fill();
    let lost = write_until_full(&store, 100);
    let published = store.state();
    drop(store);
    match open_at(&disk.data()) {
        Ok((store, _)) => assert!(published.users_count() <= store.state().users_count()),
        Err(error) => assert!(matches!(error, Error::Sled(_) | Error::Io { .. } | Error::Unreadable), "{error:?}"),
    }
    disk.make_room();
    let store = opened(&disk.data());
    let state = store.state();
    // The change that was refused is there whole or not at all.
    assert!((100..lost).all(|number| state.account(id(number)).is_some()));
    assert_eq!(state.users_count() as u64, state.audit().seq);
    assert!(state.users_count() as u64 <= lost - 100 + 1);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
    add_account(&store, lost + 1).unwrap();
}
