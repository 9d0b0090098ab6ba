//! A store that is written anew: the disk gets its space back, and nothing is lost, changed or stopped by it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::super::{Keep, Store, Table, Trouble, WriteAccess, WriteError, verify_backup};
use super::child::{self, Answered, NUMBERS};
use super::full::{FULL, opened, wait_for_room, write_until_full};
use super::lossy::LossyDisk;
use super::support::{
    Failure, Home, account, add_account, clock, entry, id, is_long, moment, now, open_at, purged, repository, start,
    token, usage, write,
};
use crate::able::SmallDisk;
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains};

const THREADS: u64 = 4;
const CHANGES: u64 = 60;
/// Looks until one does something.
const LOOKS: usize = 11;

/// Bytes of the files in a directory.
pub(super) fn disk(path: &Path) -> u64 {
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| if file.is_dir() { disk(&file) } else { fs::metadata(file).map_or(0, |it| it.len()) }).sum()
}

/// Waits until the store is written anew, or that was given up.
pub(super) fn compacted(store: &Store) {
    let mut left = Duration::from_mins(2);
    while store.is_compacting() {
        left = left.checked_sub(Duration::from_millis(2)).expect("it is done in the end");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Writes the store anew, and waits for it.
pub(super) fn compact(store: &Store) {
    store.compact().unwrap();
    compacted(store);
}

fn beside(data: &Path) -> Vec<&'static str> {
    ["store.compact", "store.away"].into_iter().filter(|name| data.join(name).exists()).collect()
}

/// So many repositories with long descriptions, which go again: hardly anything is left, and the files are large.
fn come_and_go(store: &Store, first: u64, count: u64) {
    let all: Vec<u64> = (first..first + count).collect();
    for numbers in all.chunks(40) {
        let numbers = numbers.to_vec();
        write(store, move |txn| {
            for number in numbers {
                let mut repository = repository(&format!("user-1/app-{number}"), number);
                repository.long_description = "words ".repeat(6_000);
                txn.put_repository(repository)?;
            }
            Ok(())
        })
        .unwrap();
    }
    for numbers in all.chunks(400) {
        let numbers = numbers.to_vec();
        write(store, move |txn| {
            for number in numbers {
                let deletion = Deletion { at: now(), content: Remains::Stays };
                txn.remove_repository(&repository(&format!("user-1/app-{number}"), number).name, deletion)?;
            }
            Ok(())
        })
        .unwrap();
    }
    purged(store);
}

fn look(store: &Store) {
    (0..LOOKS).for_each(|_| store.give_space_back(&WriteAccess(())).unwrap());
    compacted(store);
}

#[test]
fn space_that_is_mostly_free_goes_back_to_the_disk() {
    let home = Home::started();
    let store = home.open();
    write(&store, |txn| Ok(txn.put_account(account(1))?)).unwrap();
    look(&store);
    let small = disk(&home.path());
    // How much of its room sled uses again meanwhile is its own affair.
    let mut first = 1_000;
    while disk(&home.path()) <= 48 << 20 && first < 30_000 {
        come_and_go(&store, first, 5_000);
        first += 5_000;
    }
    let (large, before) = (disk(&home.path()), store.state());
    assert!(large > 48 << 20, "{large} bytes");
    look(&store);
    let after = disk(&home.path());
    println!("{small} bytes, then {large}, and {after} after it was written anew");
    assert!(after < large / 4, "{large} bytes before, {after} after");
    assert!(*store.state() == *before);
    assert_eq!(beside(&home.path()), [""; 0]);
    // What is not worth it is not done again.
    let inode = |home: &Home| std::os::unix::fs::MetadataExt::ino(&fs::metadata(home.database()).unwrap());
    let file = inode(&home);
    look(&store);
    assert_eq!(inode(&home), file);
    add_account(&store, 10).unwrap();
    let state = store.state();
    drop(store);
    let store = home.open();
    assert!(*store.state() == *state);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
}

#[test]
fn what_the_rows_need_is_known_after_every_change() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 5).unwrap();
    store.count_rows().unwrap();
    for number in 1_000..1_040 {
        child::add(&store, number).unwrap();
        if number % 3 == 0 {
            child::remove(&store, number).unwrap();
        }
    }
    assert!(write(&store, |_| Err::<(), _>(Failure::Refused)).is_err());
    purged(&store);
    write(&store, |txn| Ok(txn.put_account(account(6))?)).unwrap();
    let (known, counted) = store.counted_rows();
    assert!(counted > 10_000);
    assert_eq!(known, counted);
}

#[test]
fn what_changes_while_the_rows_are_counted_counts_once() {
    let home = Home::started();
    let store = home.open();
    (10..700).for_each(|number| add_account(&store, number).unwrap());
    let mut number = 9;
    store
        .count_rows_while(|| {
            number += 1;
            // Accounts were read already, or are yet to be; what they leave in the audit log is read last.
            write(&store, move |txn| Ok(txn.remove_account(id(number))?)).unwrap();
            add_account(&store, 1_000 + number).unwrap();
            purged(&store);
        })
        .unwrap();
    assert!(number > 20, "{number}");
    let (known, counted) = store.counted_rows();
    assert_eq!(known, counted);
}

#[test]
fn what_the_rows_need_is_known_after_changes_that_did_not_fit() {
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    start(&home.open());
    let store = home.open();
    add_account(&store, 5).unwrap();
    store.count_rows().unwrap();
    disk.leave_room(200_000);
    write_until_full(&store, 100);
    disk.make_room();
    wait_for_room(&store);
    let (known, counted) = store.counted_rows();
    assert_eq!(known, counted);
}

/// Changes of many threads, while this is done beside them. What is answered is in the store.
fn with_writers(store: &Arc<Store>, meanwhile: impl FnOnce(&Store)) -> Answered {
    let work = |thread: u64| {
        let store = Arc::clone(store);
        thread::spawn(move || {
            let mut said = Vec::new();
            let first = 1_000 + thread * NUMBERS;
            for number in first..first + CHANGES {
                child::add(&store, number).unwrap();
                said.push(format!("answer added {number}"));
                if number % 3 == 2 && number > first {
                    child::remove(&store, number - 1).unwrap();
                    said.extend(["removing", "removed"].map(|kind| format!("answer {kind} {}", number - 1)));
                }
            }
            said
        })
    };
    let threads: Vec<_> = (0..THREADS).map(work).collect();
    meanwhile(store);
    let mut answered = Answered::default();
    threads.into_iter().flat_map(|thread| thread.join().unwrap()).for_each(|line| _ = answered.take(&line));
    answered
}

#[test]
fn changes_that_are_made_while_the_store_is_written_anew_are_in_it() {
    let home = Home::started();
    let store = Arc::new(home.open());
    let answered = with_writers(&store, |store| (0..6).for_each(|_| compact(store)));
    compact(&store);
    answered.check(&store);
    let state = store.state();
    drop(store);
    let store = home.open();
    assert!(*store.state() == *state);
    answered.check(&store);
}

/// Has the store written anew while a backup is being read.
struct Between<'s> {
    store: &'s Store,
    bytes: Vec<u8>,
    writes: usize,
}

impl Write for Between<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes % 200 == 100 {
            add_account(self.store, 1_000_000 + self.writes as u64).unwrap();
            compact(self.store);
        }
        self.bytes.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_backup_is_of_one_moment_while_the_store_is_written_anew() {
    let home = Home::started();
    let store = home.open();
    (10..200).for_each(|number| add_account(&store, number).unwrap());
    let mut backup = Between { store: &store, bytes: Vec::new(), writes: 0 };
    let header = store.back_up(&mut backup, &clock()).unwrap();
    assert!(backup.writes > 400, "{}", backup.writes);
    let verified = verify_backup(backup.bytes.as_slice()).unwrap();
    assert_eq!((verified.header.batch, verified.header.users), (header.batch, 190));
}

#[test]
fn a_store_that_an_interruption_left_away_is_put_back() {
    let home = Home::started();
    let store = home.open();
    (10..20).for_each(|number| add_account(&store, number).unwrap());
    let state = store.state();
    drop(store);
    fs::rename(home.path().join("store"), home.path().join("store.away")).unwrap();
    fs::create_dir(home.path().join("store.compact")).unwrap();
    fs::write(home.path().join("store.compact/db"), "half").unwrap();
    let store = home.open();
    assert!(*store.state() == *state);
    assert_eq!(beside(&home.path()), [""; 0]);
    drop(store);
    // The exchange was done.
    fs::create_dir(home.path().join("store.away")).unwrap();
    fs::write(home.path().join("store.away/db"), "old").unwrap();
    assert!(*home.open().state() == *state);
    assert_eq!(beside(&home.path()), [""; 0]);
}

#[test]
fn a_store_that_was_moved_is_not_exchanged() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    let (place, moved) = (home.path().join("store"), home.path().join("store.moved"));
    fs::rename(&place, &moved).unwrap();
    compact(&store);
    assert!(!place.exists() && beside(&home.path()).is_empty());
    assert!(store.state().account(id(10)).is_some());
    drop(store);
    fs::rename(&moved, &place).unwrap();
    assert!(home.open().state().account(id(10)).is_some());
}

#[test]
fn without_room_the_store_stays_as_it_is() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let store = opened(&disk.data());
    start(&store);
    drop(store);
    let store = opened(&disk.data());
    for number in 10..400 {
        child::add(&store, number).unwrap();
    }
    let state = store.state();
    disk.fill();
    // Without room for a database, then for some of the rows.
    for room in [0, 2, 8, 9] {
        disk.make_room();
        disk.fill_but(room << 20);
        match store.compact() {
            Ok(()) | Err(WriteError::Refused(_) | WriteError::Unknown(_)) => {}
            Err(error) => panic!("{error}"),
        }
        compacted(&store);
    }
    disk.make_room();
    wait_for_room(&store);
    assert_eq!(beside(&disk.data()), [""; 0]);
    assert!(*store.state() == *state);
    add_account(&store, 500_000).unwrap();
    let state = store.state();
    drop(store);
    let (store, _) = open_at(&disk.data()).unwrap();
    assert!(*store.state() == *state);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
}

#[test]
fn a_disk_that_fills_just_at_the_exchange_is_full_and_no_more() {
    // Where the old store has left its place, and where the new one has it.
    for name in ["store.away", "store"] {
        let home = Home::new();
        let disk = LossyDisk::at(&home.path());
        start(&home.open());
        let store = home.open();
        (10..40).for_each(|number| add_account(&store, number).unwrap());
        disk.fill_once_renamed_to(name);
        store.compact().unwrap();
        // Changes until the end, so that an open has something to write.
        let mut next = 100;
        while store.is_compacting() {
            next += u64::from(add_account(&store, next).is_ok());
        }
        let state = store.state();
        assert_eq!(store.refusal(moment()).as_deref(), Some("the disk is full"));
        assert_eq!(add_account(&store, 50), Err(FULL));
        assert!(*store.state() == *state && store.days(id(1)).is_err_and(|error| error.is_passing()));
        disk.make_room();
        wait_for_room(&store);
        assert!(*store.state() == *state);
        add_account(&store, 50).unwrap();
        compact(&store);
        assert_eq!(beside(&home.path()), [""; 0]);
        let state = store.state();
        drop(store);
        let store = home.open();
        assert!(*store.state() == *state);
        assert_eq!(store.verify_audit(None).unwrap().problem, None);
    }
}

#[test]
fn a_store_that_does_not_open_just_at_the_exchange_is_opened_once_it_does() {
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    start(&home.open());
    let store = home.open();
    (10..40).for_each(|number| add_account(&store, number).unwrap());
    let state = store.state();
    disk.fail_reads_once_renamed_to("store.away", "db");
    compact(&store);
    assert!(disk.failed_reads() > 0);
    assert_eq!(store.refusal(moment()).as_deref(), Some("the store is closed, as it does not open again yet"));
    assert_eq!(add_account(&store, 50), Err(Failure::Write(WriteError::Refused(Trouble::Closed))));
    assert!(*store.state() == *state);
    disk.heal();
    wait_for_room(&store);
    add_account(&store, 50).unwrap();
    compact(&store);
    assert_eq!(beside(&home.path()), [""; 0]);
    let state = store.state();
    drop(store);
    assert!(*home.open().state() == *state);
}

/// Others may need what is left of the disk.
#[test]
fn the_last_room_of_a_disk_is_not_taken() {
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    start(&home.open());
    let store = home.open();
    (10..40).for_each(|number| add_account(&store, number).unwrap());
    disk.leave_room(4 << 20);
    let before = disk.moment();
    compact(&store);
    assert_eq!((disk.moment(), store.refusal(moment())), (before, None), "nothing was tried");
    add_account(&store, 50).unwrap();
}

/// Changes of one access token, each with its audit record, as many as come in years, while the log is kept short. The files
/// are never much larger than twice what the rows need, and these do not become more: what was removed is summed up.
#[test]
fn the_files_follow_what_the_rows_need_however_often_they_change() {
    const BUNDLE: u64 = 100;
    const LOOKS_AT_LOG: usize = 121;
    let changes: u64 = if is_long() { 1_000_000 } else { 40_000 };
    let keep = Keep { seconds: None, bytes: Some(2 << 20) };
    let home = Home::started();
    let store = home.open();
    write(&store, |txn| {
        txn.put_account(account(1))?;
        Ok(txn.put_token(token(2, 1))?)
    })
    .unwrap();
    let (mut sizes, mut at) = (Vec::new(), now());
    for bundle in 0..changes / BUNDLE {
        // What strangers do not write is kept for 90 days.
        at = at.plus_seconds(i64::try_from(BUNDLE).unwrap() * 3_600);
        write(&store, move |txn| {
            for number in 0..BUNDLE {
                let label = format!("label {bundle} {number}");
                txn.put_token(token(2, 1).with(|it| it.label = label.clone()))?;
                txn.audit(&entry("user-1"), Occurrence::once(at))?;
            }
            Ok(())
        })
        .unwrap();
        if bundle % 20 == 0 {
            store.usage().note(id(2), usage(i64::try_from(bundle).unwrap()));
            store.save_usage().unwrap();
            // As often as in the days that have passed, but for those that would find nothing.
            (0..LOOKS_AT_LOG).for_each(|_| _ = store.shorten_audit(&WriteAccess(()), keep, at).unwrap());
            store.give_space_back(&WriteAccess(())).unwrap();
        }
        if (bundle + 1) % (changes / BUNDLE / 10) == 0 {
            compacted(&store);
            sizes.push(disk(&home.path()));
        }
    }
    let left = store.verify_audit(None).unwrap();
    println!("{changes} changes: {sizes:?} bytes, {} records, {} removed", left.records, left.removed);
    assert_eq!(left.problem, None);
    assert!(left.removed > changes / 2 && left.records < 12_000, "{left:?}");
    let rows = u64::try_from(store.counted_rows().1).unwrap();
    assert!(sizes[9] < rows * 320 / 100 + (48 << 20), "{rows} bytes of rows: {sizes:?}");
    assert!(rows < 6 << 20, "{rows} bytes of rows");
    let removed = store.shared.engine.scan_on(Table::Removed, &[], usize::MAX).unwrap().len();
    assert!(removed < 3_000, "{removed} rows of removed records");
}
