//! The one writer: what fails leaves no trace, what is answered stays.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use super::super::{Store, WriteError};
use super::support::{
    Failure, Home, account, add_account, entry, grant_to, id, moment, now, repository, token, usage, write,
};
use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::audit::Occurrence;

/// The parts of the store that a failed change could have touched.
fn snapshot(store: &Store) -> (u64, usize, usize, usize) {
    let state = store.state();
    (state.audit().seq, state.users_count(), state.tokens_count(), state.repositories_count())
}

#[test]
fn a_failed_change_leaves_no_trace() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    let before = store.state();
    let failed = write(&store, |txn| {
        assert!(txn.put_account(account(11))?);
        assert!(txn.put_token(token(20, 11))?);
        txn.put_repository(repository("user-11/app", 30))?;
        grant_to(txn, "user-11/app", 10, GrantLevel::Admin)?;
        txn.remove_account(id(10))?;
        txn.audit(&entry("all of it"), Occurrence::once(now()))?;
        assert_eq!((txn.state().users_count(), txn.state().tokens_count()), (1, 1));
        Err::<(), _>(Failure::Refused)
    });
    assert_eq!(failed, Err(Failure::Refused));
    assert!(*before == *store.state());
    drop(store);
    assert!(*before == *home.open().state());
}

#[test]
fn a_panic_in_a_change_leaves_the_writer_alive() {
    let home = Home::started();
    let store = home.open();
    let before = store.state();
    let failed = write(&store, |txn| {
        txn.put_repository(repository("team/app", 30))?;
        panic!("a fault in the work of this test");
        #[expect(unreachable_code, reason = "gives the closure its type")]
        Ok(())
    });
    assert_eq!(failed, Err(Failure::Write(WriteError::Failed)));
    assert!(*before == *store.state() && store.refusal(moment()).is_none());
    add_account(&store, 10).unwrap();
    drop(store);
    assert_eq!(snapshot(&home.open()), (1, 1, 0, 0));
}

#[test]
fn names_and_hashes_stand_once_and_owners_exist() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    let refused = write(&store, |txn| {
        let same_name = Account { id: id(11), ..account(10) };
        let answers = [txn.put_account(same_name)?, txn.put_token(token(20, 99))?, txn.put_token(token(21, 10))?];
        let mut same_hash = token(22, 10);
        same_hash.hash = token(21, 10).hash;
        let mut same_id = token(21, 10);
        same_id.label = "renamed".into();
        Ok((answers, txn.put_token(same_hash)?, txn.put_token(same_id)?))
    });
    assert_eq!(refused, Ok(([false, false, true], false, true)));
    drop(store);
    let state = home.open().state();
    assert_eq!((state.tokens_count(), state.users_count()), (1, 1));
    assert_eq!(&*state.token(id(21)).unwrap().label, "renamed");
}

#[test]
fn many_threads_get_all_their_answers_and_a_reopened_store_has_all() {
    const THREADS: u64 = 16;
    const EACH: u64 = 40;
    let home = Home::started();
    let store = Arc::new(home.open());
    let threads = (0..THREADS).map(|thread| {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            for number in 0..EACH {
                let number = 100 + thread * EACH + number;
                add_account(&store, number).unwrap();
                // Published before it is answered.
                assert!(store.state().account(id(number)).is_some());
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let published = store.state();
    assert_eq!(published.users_count() as u64, THREADS * EACH);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
    drop(store);
    let store = home.open();
    assert!(*store.state() == *published);
    assert_eq!(store.verify_audit(None).unwrap().records, THREADS * EACH);
}

#[test]
fn changes_of_one_batch_see_each_other_in_order() {
    let home = Home::started();
    let store = Arc::new(home.open());
    // The first change holds the writer until all others wait, so that they become one batch.
    let (all_wait, wait) = channel::<()>();
    let (started, start) = channel::<()>();
    let first = {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            write(&store, move |txn| {
                started.send(()).unwrap();
                wait.recv().unwrap();
                Ok(txn.put_account(account(10))?)
            })
        })
    };
    start.recv().unwrap();
    let jobs: Vec<_> = (0..3_u64)
        .map(|number| {
            let (queued, is_queued) = channel::<()>();
            let store = Arc::clone(&store);
            let job = thread::spawn(move || {
                queued.send(()).unwrap();
                // Each works on what the one before it left, in whatever order they were taken.
                write(&store, move |txn| {
                    let mut account = account(10);
                    account.full_name = format!("{}+", txn.state().account(id(10)).unwrap().full_name);
                    let is_put = txn.put_account(account)?;
                    if number == 1 { Err(Failure::Refused) } else { Ok(is_put) }
                })
            });
            is_queued.recv().unwrap();
            job
        })
        .collect();
    all_wait.send(()).unwrap();
    assert_eq!(first.join().unwrap(), Ok(true));
    let answers: Vec<_> = jobs.into_iter().map(|job| job.join().unwrap()).collect();
    assert_eq!(answers, [Ok(true), Err(Failure::Refused), Ok(true)]);
    assert_eq!(store.state().account(id(10)).unwrap().full_name, "User 10++");
    drop(store);
    assert_eq!(home.open().state().account(id(10)).unwrap().full_name, "User 10++");
}

#[test]
fn an_account_takes_its_tokens_and_grants_with_it() {
    let home = Home::started();
    let store = home.open();
    write(&store, |txn| {
        txn.put_account(account(10))?;
        txn.put_token(token(20, 10))?;
        txn.put_usage(id(20), &usage(0))?;
        txn.put_repository(repository("team/app", 30))?;
        Ok(grant_to(txn, "team/app", 10, GrantLevel::Admin)?)
    })
    .unwrap();
    write(&store, |txn| {
        txn.remove_account(id(10))?;
        Ok(())
    })
    .unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(snapshot(&store), (0, 0, 0, 1));
    assert_eq!(store.usage().of(id(20)), None);
    // The same names and hashes are free again.
    let again = write(&store, |txn| Ok((txn.put_account(account(10))?, txn.put_token(token(20, 10))?)));
    assert_eq!(again, Ok((true, true)));
}

#[test]
fn a_closed_store_refuses_changes_and_closes_twice() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    store.usage().note(id(10), usage(0));
    store.close();
    assert_eq!(add_account(&store, 11), Err(Failure::Write(WriteError::Closed)));
    assert!(store.audit_before(None, 10).is_err());
    assert_eq!(store.state().users_count(), 1);
    store.close();
}

#[test]
fn a_writer_that_hangs_is_reported() {
    let home = Home::started();
    let store = Arc::new(home.open());
    let (go_on, wait) = channel::<()>();
    let (started, start) = channel::<()>();
    let writing = {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            write(&store, move |_| {
                started.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            })
        })
    };
    start.recv().unwrap();
    assert_eq!(store.refusal(moment().plus_seconds(30)), None);
    assert_eq!(store.refusal(moment().plus_seconds(31)).as_deref(), Some("the writer hangs"));
    go_on.send(()).unwrap();
    writing.join().unwrap().unwrap();
}
