//! Endings on a full disk: in force at once, after a kill, and in the store once there is room.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::super::{Error, Share, Store, Txn, WriteAccess};
use super::child;
use super::full::{FULL, opened, wait_for_room, write_until_full};
use super::support::{
    Failure, Home, account, add_account, copy_directory, entry, environment, id, is_long, moment, now, open_at, start,
    token, usage, write,
};
use crate::able::SmallDisk;
use crate::domain::account::Account;
use crate::domain::audit::Occurrence;
use crate::domain::random;

const TOKENS: std::ops::Range<u64> = 2_000..2_400;
const OWNER: u64 = 10;

/// A change that takes a power away, with its audit record.
fn end(
    store: &Store,
    what: &str,
    work: impl Fn(&mut Txn<'_>) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let entry = entry(what);
    store.write(&WriteAccess(()), move |txn| {
        work(txn)?;
        txn.mark_ending(Share::Local);
        Ok(txn.audit(&entry, Occurrence::once(now()))?)
    })
}

fn revoke(store: &Store, number: u64) -> Result<(), Failure> {
    end(store, &format!("revoked {number}"), move |txn| {
        txn.put_token(token(number, OWNER).with(|it| it.is_active = false))?;
        Ok(())
    })
}

/// A store with what can be ended.
fn begun(data: &Path) -> Store {
    let store = opened(data);
    start(&store);
    write(&store, |txn| {
        for number in [OWNER, 11, 12, 13] {
            txn.put_account(account(number))?;
        }
        for number in TOKENS {
            txn.put_token(token(number, OWNER))?;
        }
        txn.put_token(token(90, 12))?;
        Ok(())
    })
    .unwrap();
    store.usage().note(id(2_001), usage(1));
    store.save_usage().unwrap();
    store
}

/// Revokes and deletes access tokens, deactivates and deletes accounts, sets a password.
fn end_everything(store: &Store) {
    revoke(store, 2_000).unwrap();
    end(store, "deleted 2001", |txn| {
        txn.remove_token(id(2_001));
        Ok(())
    })
    .unwrap();
    end(store, "deactivated 11", |txn| {
        txn.put_account(Account { is_active: false, ..account(11) })?;
        Ok(())
    })
    .unwrap();
    end(store, "deleted 12", |txn| Ok(txn.remove_account(id(12))?)).unwrap();
    end(store, "password of 13", |txn| {
        txn.put_account(account(13).with_password("$argon2id$new".to_owned(), false))?;
        Ok(())
    })
    .unwrap();
}

/// What was read; none where a full disk kept it from being read.
fn read_on<T>(is_full: bool, read: Result<T, Error>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            assert!(is_full, "{error}");
            None
        }
    }
}

fn check_ended(store: &Store) {
    let state = store.state();
    assert!(!state.token(id(2_000)).unwrap().is_active);
    assert!(state.token(id(2_001)).is_none() && store.usage().of(id(2_001)).is_none());
    assert!(!state.account(id(11)).unwrap().is_active);
    assert!(state.account(id(12)).is_none() && state.token(id(90)).is_none());
    assert_eq!(state.account(id(13)).unwrap().password.as_deref(), Some("$argon2id$new"));
    // sled may refuse to read as well while its disk is full; what it reads is right.
    let is_full = store.refusal(moment()).is_some();
    if let Some(found) = read_on(is_full, store.verify_audit(Some(state.audit()))) {
        assert_eq!((found.problem, found.records), (None, state.audit().seq));
    }
    for (before, last) in [(None, state.audit().seq), (Some(state.audit().seq), state.audit().seq - 1)] {
        if let Some(page) = read_on(is_full, store.audit_before(before, 10)) {
            assert_eq!(page.iter().map(|it| it.record.seq).collect::<Vec<_>>(), descending(last, 10));
        }
    }
}

fn descending(from: u64, count: usize) -> Vec<u64> {
    (1..=from).rev().take(count).collect()
}

/// How often the audit log has this object.
fn recorded(store: &Store, object: &str) -> usize {
    let page = store.audit_before(None, 100_000).unwrap();
    page.iter().filter(|logged| logged.record.object == object).count()
}

fn is_empty(data: &Path) -> bool {
    let bytes = std::fs::read(data.join("journal")).unwrap();
    let journal = super::super::journal::Journal::open(&data.join("journal"), super::super::record::Folded::default());
    bytes.len() == 4 << 20 && journal.unwrap().entries().is_empty()
}

#[test]
fn endings_are_made_on_a_full_disk_and_stay_so() {
    let Some(disk) = SmallDisk::mount(28) else { return };
    let mut store = begun(&disk.data());
    let mut next = 5_000;
    for round in 0..2 {
        disk.fill();
        let lost = write_until_full(&store, next);
        next = lost + 10;
        let before = store.state().audit().seq;
        end_everything(&store);
        assert_eq!(store.state().audit().seq, before + 5);
        assert!(store.is_ended_log_failing(), "what the journal has is not in ended.log");
        assert_eq!(store.refusal(moment()).as_deref(), Some("the disk is full"));
        assert_eq!(add_account(&store, next), Err(FULL));
        check_ended(&store);
        assert!(!is_empty(&disk.data()));
        // As a kill leaves it, on a disk with room: what was refused may be there, and what was ended is.
        let killed = Home::new();
        copy_directory(&disk.data(), &killed.path());
        let after = killed.open();
        check_ended(&after);
        add_account(&after, next + 1).unwrap();
        assert!(!after.is_ended_log_failing());
        add_account(&after, next).unwrap();
        assert_eq!(recorded(&after, "revoked 2000"), round + 1);
        drop(after);
        check_ended(&killed.open());
        assert!(is_empty(&killed.path()));
        // A start on the full disk is refused, or the endings are in force.
        let published = store.state();
        drop(store);
        match open_at(&disk.data()) {
            Ok((store, _)) => check_ended(&store),
            Err(error) => eprintln!("a start on the full disk is refused: {error}"),
        }
        disk.make_room();
        store = opened(&disk.data());
        wait_for_room(&store);
        check_ended(&store);
        add_account(&store, next + 1).unwrap();
        assert!(is_empty(&disk.data()));
        assert!(published.users_count() <= store.state().users_count());
        assert_eq!(recorded(&store, "revoked 2000"), round + 1, "recorded once");
        next += 2;
        if round == 0 {
            // The same again: as if they had been given back.
            write(&store, |txn| {
                for number in [11, 12, 13] {
                    txn.put_account(Account {
                        id: id(number + 1_000_000 * u64::from(number == 12)),
                        ..account(number)
                    })?;
                }
                txn.put_token(token(2_000, OWNER))?;
                txn.put_token(token(2_001, OWNER))?;
                Ok(())
            })
            .unwrap();
        }
    }
}

#[test]
fn what_waits_is_folded_as_soon_as_there_is_room() {
    let Some(disk) = SmallDisk::mount(28) else { return };
    let store = begun(&disk.data());
    disk.fill();
    write_until_full(&store, 5_000);
    end_everything(&store);
    let published = store.state();
    disk.make_room();
    wait_for_room(&store);
    // The purge goes on by then.
    assert!(store.state().purged() == published.purged());
    check_ended(&store);
    assert!(is_empty(&disk.data()));
    add_account(&store, 100_000).unwrap();
    let last = store.state();
    drop(store);
    let store = opened(&disk.data());
    assert!(store.state().purged() == last.purged());
    assert!(!store.state().token(id(2_000)).unwrap().is_active);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
}

/// The ending itself finds the disk full.
#[test]
fn an_ending_in_the_batch_that_does_not_fit_is_made_all_the_same() {
    let Some(disk) = SmallDisk::mount(28) else { return };
    let store = begun(&disk.data());
    disk.fill();
    let mut made = 0;
    for number in TOKENS.skip(10) {
        let revoked = store.write(&WriteAccess(()), move |txn| {
            let long = "x".repeat(8_000);
            let token = token(number, OWNER).with(|it| (it.is_active, it.creator_ua) = (false, long.as_str().into()));
            txn.put_token(token)?;
            txn.mark_ending(Share::Local);
            Ok::<(), Failure>(txn.audit(&entry(&format!("revoked {number}")), Occurrence::once(now()))?)
        });
        assert_eq!(revoked, Ok(()));
        made += 1;
        if store.refusal(moment()).is_some() {
            break;
        }
    }
    assert_eq!(store.refusal(moment()).as_deref(), Some("the disk is full"));
    let state = store.state();
    let inactive = || state.tokens_of(id(OWNER), None).filter(|token| !token.is_active).count();
    assert_eq!((inactive(), store.verify_audit(None).unwrap().problem), (made, None));
    let killed = Home::new();
    copy_directory(&disk.data(), &killed.path());
    let after = killed.open();
    assert!(after.state().tokens_of(id(OWNER), None).filter(|token| !token.is_active).count() == made);
    for number in TOKENS.skip(10).take(made) {
        assert_eq!(recorded(&after, &format!("revoked {number}")), 1, "recorded once");
    }
}

const DIRECTORY: &str = "DOCKPASS_TEST_ENDINGS";

/// Not a test of its own: fills the disk, then revokes one access token after the other.
#[test]
fn revokes() {
    let Some(data) = environment(DIRECTORY) else { return };
    thread::spawn(|| {
        thread::park_timeout(Duration::from_mins(1));
        std::process::abort();
    });
    let store = open_at(Path::new(&data)).unwrap().0;
    std::io::stdout().write_all(b"opened\n").unwrap();
    write_until_full(&store, 5_000);
    for number in TOKENS {
        revoke(&store, number).unwrap();
        let mut output = std::io::stdout().lock();
        output.write_all(format!("answer added {number}\n").as_bytes()).unwrap();
        output.flush().unwrap();
    }
}

#[test]
fn no_answered_ending_is_lost_when_the_process_is_killed() {
    for _ in 0..if is_long() { 100 } else { 4 } {
        let Some(disk) = SmallDisk::mount(28) else { return };
        drop(begun(&disk.data()));
        let name = format!("{}::revokes", module_path!().split_once("::").unwrap().1);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(DIRECTORY, disk.data()).args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (mut answered, mut line) = (child::Answered::default(), String::new());
        while !line.contains("opened") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the child did not open the store");
        }
        disk.fill();
        line.clear();
        let count = usize::from(u8::from_be_bytes(random::bytes().unwrap())) + 1;
        while answered.added.len() < count && output.read_line(&mut line).unwrap() > 0 {
            answered.take(&line);
            line.clear();
        }
        process.kill().unwrap();
        process.wait().unwrap();
        child::read_rest(output, &mut answered);
        assert!(!answered.added.is_empty(), "the child did nothing");
        let killed = Home::new();
        copy_directory(&disk.data(), &killed.path());
        disk.make_room();
        for path in [killed.path(), disk.data()] {
            let store = opened(&path);
            let state = store.state();
            for number in &answered.added {
                assert!(!state.token(id(*number)).unwrap().is_active, "{number} of {}", answered.added.len());
            }
            wait_for_room(&store);
            assert_eq!(store.verify_audit(None).unwrap().problem, None);
            // At most one that was not answered yet.
            let inactive = state.tokens_of(id(OWNER), None).filter(|token| !token.is_active).count();
            assert!(inactive <= answered.added.len() + 1);
        }
    }
}
