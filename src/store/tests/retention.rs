//! What is removed from the audit log, and that it stays one chain: by age, by size, killed in the middle, tampered with.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::super::audit_log::Undone;
use super::super::change::RowChange;
use super::super::engine::Engine;
use super::super::field::Field;
use super::super::record::{AuditV1, Removed};
use super::super::retention::PIECE;
use super::super::table::Table;
use super::super::{Keep, Store, WriteAccess, row};
use super::full::{opened, wait_for_room};
use super::support::{Home, copy_directory, entry, environment, is_long, now, open_at, write};
use crate::able::SmallDisk;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditHead, LoggedRecord, Occurrence, Outcome, Summed};
use crate::domain::random;
use crate::domain::time::Timestamp;

const DIRECTORY: &str = "DOCKPASS_TEST_RETENTION";
pub(super) const DAY: i64 = 24 * 60 * 60;
/// So often what is too old must have been found.
pub(super) const LOOKS: usize = 120;
pub(super) const FOR_400_DAYS: Keep = Keep { seconds: Some(400 * DAY), bytes: None };

/// Kinds of records, in the order in which they go for lack of room.
pub(super) const KINDS: [&str; 4] = ["sum", "denial", "sign-in", "change"];

pub(super) fn of_kind(kind: &str) -> AuditEntry {
    let entry = entry(kind);
    match kind {
        "sum" => AuditEntry { outcome: Outcome::Denied, summed: Some(Summed::Source), ..entry },
        "denial" => AuditEntry { outcome: Outcome::Denied, ..entry },
        "sign-in" => AuditEntry { act: Act::AccountSignIn, ..entry },
        _ => entry,
    }
}

pub(super) fn add(store: &Store, count: usize, what: impl Fn(usize) -> (AuditEntry, Timestamp)) {
    let records: Vec<_> = (0..count).map(what).collect();
    for bundle in records.chunks(500) {
        let bundle = bundle.to_vec();
        write(store, move |txn| {
            Ok(bundle.iter().try_for_each(|(entry, time)| txn.audit(entry, Occurrence::once(*time)))?)
        })
        .unwrap();
    }
}

pub(super) fn days_ago(days: i64) -> Timestamp {
    now().plus_seconds(-days * DAY)
}

/// A log with as many old as young records, mixed.
fn add_mixed(store: &Store, count: usize) {
    add(store, count, |number| {
        let age = if number % 4 < 2 { 500 } else { 1 };
        (of_kind(KINDS[number % 4]), days_ago(age))
    });
}

pub(super) fn shorten(store: &Store, keep: Keep, at: Timestamp) -> u64 {
    store.shorten_audit(&WriteAccess(()), keep, at).unwrap()
}

/// As often as it takes: what is too old goes after an hour's looks.
pub(super) fn shortened(store: &Store, keep: Keep, at: Timestamp) -> u64 {
    (0..=LOOKS * 12).map(|_| shorten(store, keep, at)).sum()
}

fn objects(store: &Store) -> Vec<String> {
    let all = store.audit_before(None, usize::MAX).unwrap();
    all.into_iter().filter(|logged| logged.record.removed.is_none()).map(|logged| logged.record.object).collect()
}

fn count(store: &Store, kind: &str) -> usize {
    objects(store).iter().filter(|object| *object == kind).count()
}

/// Every place of the log before it is shortened.
pub(super) fn heads(store: &Store) -> Vec<AuditHead> {
    let all = store.audit_before(None, usize::MAX).unwrap();
    all.into_iter().map(|logged| AuditHead { seq: logged.record.seq, hash: logged.hash }).collect()
}

pub(super) fn whole(store: &Store, removed: u64) {
    let found = store.verify_audit(None).unwrap();
    assert_eq!((found.problem, found.removed), (None, removed));
    assert_eq!(found.records + removed, store.state().audit().seq);
}

#[test]
fn what_is_too_old_goes_and_the_chain_goes_on_over_it() {
    let home = Home::started();
    let store = home.open();
    add_mixed(&store, 3_000);
    let noted = heads(&store);
    assert_eq!(shortened(&store, Keep::default(), now()), 0, "for ever");
    assert_eq!((0..LOOKS - 1).map(|_| shorten(&store, FOR_400_DAYS, now())).sum::<u64>(), 0, "not at once");
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), 1_500);
    assert_eq!(objects(&store).len(), 1_500);
    assert!(objects(&store).iter().all(|object| object == "sign-in" || object == "change"));
    whole(&store, 1_500);
    for place in noted.iter().step_by(97).chain(&noted[..3]) {
        assert_eq!(store.verify_audit(Some(*place)).unwrap().problem, None, "{place:?}");
    }
    let another = AuditHead { hash: [1; 32], ..noted[1_700] };
    assert!(store.verify_audit(Some(another)).unwrap().problem.is_some());
    let removals = store.audit_before(None, 10).unwrap();
    let removals: Vec<_> = removals.iter().filter_map(|logged| logged.record.removed.clone()).collect();
    assert_eq!(removals.iter().map(|removed| removed.count).collect::<Vec<_>>(), [PIECE as u64; 3]);
    assert_eq!((removals[2].first, removals[0].last), (1, 2_998));
    drop(store);
    let store = home.open();
    whole(&store, 1_500);
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), 0);
    // The records of removals stay until all before them has gone, and is enough to be summed up.
    let later = now().plus_seconds(800 * DAY);
    assert_eq!(shortened(&store, FOR_400_DAYS, later), 1_500);
    whole(&store, 3_000);
    assert_eq!(store.audit_before(None, 100).unwrap().len(), 6);
}

#[test]
fn a_few_old_records_wait_for_more() {
    let home = Home::started();
    let store = home.open();
    add(&store, 10, |_| (of_kind("change"), days_ago(401)));
    assert_eq!((0..LOOKS * 12 - 1).map(|_| shorten(&store, FOR_400_DAYS, now())).sum::<u64>(), 0);
    assert_eq!(shorten(&store, FOR_400_DAYS, now()), 10);
    whole(&store, 10);
}

#[test]
fn a_clock_that_is_wrong_for_minutes_removes_nothing() {
    let home = Home::started();
    let store = home.open();
    add(&store, 1_000, |_| (of_kind("change"), days_ago(1)));
    let wrong = now().plus_seconds(3_650 * DAY);
    for _ in 0..3 {
        assert_eq!((0..LOOKS - 1).map(|_| shorten(&store, FOR_400_DAYS, wrong)).sum::<u64>(), 0);
        assert_eq!(shorten(&store, FOR_400_DAYS, now()), 0);
    }
}

#[test]
fn old_records_among_ones_that_a_wrong_clock_wrote_are_found() {
    let home = Home::started();
    let store = home.open();
    // The clock was ahead, for longer than several blocks of the log.
    add(&store, 5_000, |_| (of_kind("change"), now().plus_seconds(1_000 * DAY)));
    add(&store, 600, |_| (of_kind("change"), days_ago(401)));
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), 600);
    whole(&store, 600);
}

/// The bytes of the records, as they count.
fn bytes(store: &Store) -> u64 {
    let rows = store.shared.engine.scan_on(Table::Audit, &[], usize::MAX).unwrap();
    rows.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
}

#[test]
fn the_size_takes_sums_first_and_no_young_change() {
    let home = Home::started();
    let store = home.open();
    add(&store, 8_000, |number| (of_kind(KINDS[number % 4]), days_ago(1)));
    let all = bytes(&store);
    let kept = |share: u64| Keep { seconds: None, bytes: Some(all / 100 * share) };
    assert_eq!(shortened(&store, Keep { bytes: Some(all + 1), ..Keep::default() }, now()), 0);
    let left = |store: &Store| KINDS.map(|kind| count(store, kind));
    shortened(&store, kept(85), now());
    let [sums, others @ ..] = left(&store);
    assert!(bytes(&store) <= all / 100 * 85 && sums < 1_000 && others == [2_000; 3], "{sums} {others:?}");
    shortened(&store, kept(60), now());
    assert!(matches!(left(&store), [0, 1..2_000, 2_000, 2_000]), "{:?}", left(&store));
    shortened(&store, kept(40), now());
    assert!(matches!(left(&store), [0, 0, 1..2_000, 2_000]), "{:?}", left(&store));
    assert!(!store.audit_is_too_large());
    shortened(&store, kept(10), now());
    assert_eq!(left(&store), [0, 0, 0, 2_000]);
    assert!(store.audit_is_too_large());
    let (removed, later) = (6_000, now().plus_seconds(90 * DAY));
    whole(&store, removed);
    // Once they are older, the oldest go.
    shortened(&store, kept(10), later);
    assert!(matches!(left(&store), [0, 0, 0, 1..1_000]), "{:?}", left(&store));
    assert!(!store.audit_is_too_large() && bytes(&store) <= all / 10);
    let seqs: Vec<u64> = heads(&store).iter().map(|head| head.seq).filter(|seq| *seq <= 8_000).collect();
    assert_eq!(seqs.first(), Some(&8_000), "the youngest stay");
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
}

#[test]
fn what_is_written_meanwhile_is_counted() {
    let home = Home::started();
    let store = home.open();
    let keep = Keep { seconds: None, bytes: Some(400_000) };
    for _ in 0..20 {
        add(&store, 1_000, |_| (of_kind("denial"), now()));
        shortened(&store, keep, now());
        assert!(bytes(&store) <= 400_000);
    }
    drop(store);
    let store = home.open();
    assert!(count(&store, "denial") > 500);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
    assert_eq!(shortened(&store, keep, now()), 0);
}

#[test]
fn a_log_of_both_versions_is_shortened() {
    let home = Home::started();
    let store = home.open();
    add(&store, 1_200, |_| (of_kind("change"), days_ago(500)));
    as_written_before(&store);
    add(&store, 1_200, |number| (of_kind("change"), days_ago(if number < 600 { 500 } else { 1 })));
    whole(&store, 0);
    let noted = heads(&store);
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), 1_800);
    whole(&store, 1_800);
    assert_eq!(store.verify_audit(Some(noted[500])).unwrap().problem, None);
    // That one is summed up.
    assert!(store.verify_audit(Some(noted[2_000])).unwrap().problem.is_some());
    // And one of which a part of the first version stays.
    let home = Home::started();
    let store = home.open();
    add(&store, 1_200, |number| (of_kind("change"), days_ago(if number % 2 == 0 { 500 } else { 1 })));
    as_written_before(&store);
    add(&store, 10, |_| (of_kind("change"), days_ago(1)));
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), 600);
    whole(&store, 600);
}

/// Writes the whole log in version 1 of its records, as the first dockpass would have.
fn as_written_before(store: &Store) {
    let engine = &store.shared.engine;
    let mut head = AuditHead::default();
    let rows = engine.scan_on(Table::Audit, &[], usize::MAX).unwrap();
    let mut changes = Vec::new();
    for (key, value) in rows {
        let logged: crate::domain::audit::LoggedRecord = row::decode(&value).unwrap();
        let record = logged.record;
        let mut early = AuditV1 {
            seq: record.seq,
            time: record.time.millis(),
            actor: record.actor,
            actor_id: record.actor_id.map(|id| id.store()),
            credential: "password".to_owned(),
            credential_id: None,
            address: record.address,
            action: record.action,
            object: record.object,
            outcome: record.outcome,
            count: record.count,
            hash: [0_u8; 32].store(),
        };
        let content = super::super::codec::encode(&early).unwrap();
        head = AuditHead { seq: early.seq, hash: store.shared.key.hash(head.hash, early.seq, &content) };
        early.hash = head.hash.store();
        changes.push(RowChange { table: Table::Audit, key, value: Some(super::super::codec::encode(&early).unwrap()) });
    }
    engine.commit(&changes).unwrap();
    let mut state = super::super::State::clone(&store.state());
    let last = changes.last().unwrap().clone();
    _ = state.apply(&last).unwrap();
    store.shared.state.store(std::sync::Arc::new(state));
}

pub(super) fn key(seq: u64) -> Vec<u8> {
    seq.to_be_bytes().to_vec()
}

fn left_of(engine: &Engine, seq: u64) -> Removed {
    let found = engine.scan_on(Table::Removed, &key(seq), 1).unwrap();
    assert_eq!(found[0].0, key(seq));
    row::decode(&found[0].1).unwrap()
}

fn put_left(seq: u64, left: &Removed) -> RowChange {
    RowChange { table: Table::Removed, key: key(seq), value: Some(row::encode(left).unwrap()) }
}

fn hash_of(engine: &Engine, seq: u64) -> [u8; 32] {
    let found = engine.scan_on(Table::Audit, &key(seq), 1).unwrap();
    row::decode::<crate::domain::audit::LoggedRecord>(&found[0].1).unwrap().hash
}

/// What verification says after somebody without the key has changed a shortened log. Records 3 and 4 of each four stay;
/// 3001 to 3003 say what went.
fn tampered(change: impl FnOnce(&Engine) -> Vec<RowChange>) -> String {
    let home = Home::started();
    let store = home.open();
    add_mixed(&store, 3_000);
    shortened(&store, FOR_400_DAYS, now());
    whole(&store, 1_500);
    let engine = &store.shared.engine;
    engine.commit(&change(engine)).unwrap();
    store.verify_audit(None).unwrap().problem.unwrap()
}

#[test]
fn nobody_removes_another_record_without_the_key() {
    let erase = |seq| RowChange { table: Table::Audit, key: key(seq), value: None };
    let forget = |seq| RowChange { table: Table::Removed, key: key(seq), value: None };
    assert_eq!(tampered(|_| vec![erase(7)]), "record 7 is missing");
    assert_eq!(tampered(|_| vec![forget(5)]), "record 5 is missing");
    // One more removed, with its true hash, by a removal that there was.
    let with_its_hash = |by| tampered(|engine| vec![erase(7), put_left(7, &Removed { hash: hash_of(engine, 7), by })]);
    assert_eq!(with_its_hash(3_001), "what was removed is not what record 3001 says");
    // By a record that says nothing of the kind; by one that is none yet.
    assert_eq!(with_its_hash(8), "what was removed is not what record 8 says");
    assert_eq!(with_its_hash(9_999), "records were removed, and no record says so");
    assert_eq!(with_its_hash(7), "what is left of record 7 does not decode");
    // A removal that goes itself.
    let gone =
        tampered(|engine| vec![erase(3_001), put_left(3_001, &Removed { hash: hash_of(engine, 3_001), by: 3_002 })]);
    assert_eq!(gone, "what was removed is not what record 3002 says");
    // Another hash, between others that are removed: no record that is left follows it.
    let changed = tampered(|engine| vec![put_left(1, &Removed { hash: [9; 32], by: left_of(engine, 1).by })]);
    assert_eq!(changed, "what was removed is not what record 3001 says");
    let changed = tampered(|engine| vec![put_left(2, &Removed { hash: [9; 32], by: left_of(engine, 2).by })]);
    assert_eq!(changed, "record 3 was changed");
    // A record that was removed, back.
    let back = tampered(|engine| {
        let (_, value) = engine.scan_on(Table::Audit, &key(7), 1).unwrap().remove(0);
        vec![RowChange { table: Table::Audit, key: key(5), value: Some(value) }]
    });
    assert_eq!(back, "record 5 is there, and was removed");
    let other = tampered(|_| vec![RowChange { table: Table::Removed, key: key(5), value: Some(vec![1, 2]) }]);
    assert_eq!(other, "what is left of record 5 does not decode");
}

/// Not a test of its own: the process that is killed.
#[test]
fn shortens() {
    let Some(data) = environment(DIRECTORY) else { return };
    let store = open_at(Path::new(&data)).unwrap().0;
    println!("open");
    loop {
        let keep = Keep { seconds: Some(400 * DAY), bytes: Some(bytes(&store) - 10_000) };
        if shorten(&store, keep, now()) == 0 && count(&store, "denial") == 0 {
            return println!("shortened");
        }
    }
}

/// Starts the process and kills it after a while; whether it was still at it.
fn kill(data: &Path) -> bool {
    let name = format!("{}::shortens", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(DIRECTORY, data).args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("open") && output.read_line(&mut line).unwrap() > 0 {}
    let wait = u64::from_be_bytes(random::bytes().unwrap()) % 300;
    std::thread::park_timeout(Duration::from_millis(wait));
    process.kill().unwrap();
    let is_done = output.lines().map_while(Result::ok).any(|line| line.contains("shortened"));
    process.wait().unwrap();
    !is_done
}

#[test]
fn a_removal_that_is_killed_anywhere_leaves_a_whole_chain_and_goes_on() {
    let pristine = Home::started();
    {
        let store = pristine.open();
        add(&store, 12_000, |number| (of_kind(KINDS[number % 4]), days_ago(1)));
    }
    let rounds = if is_long() { 200 } else { 12 };
    let mut interrupted = 0;
    for _ in 0..rounds {
        let home = Home::new();
        copy_directory(&pristine.path(), &home.path());
        super::earlier::private(&home.path());
        for _ in 0..3 {
            interrupted += u32::from(kill(&home.path()));
            let store = home.open();
            let left = objects(&store).len() as u64;
            whole(&store, 12_000 - left);
            assert_eq!(count(&store, "change"), 3_000);
        }
    }
    assert!(interrupted > 0, "no removal was interrupted");
    eprintln!("{rounds} logs, killed {interrupted} times in the middle of a removal: all whole");
}

/// sled shows what it could not write until it is opened again, or shows nothing at all: the log is what was published.
#[test]
fn a_removal_that_a_full_disk_refused_has_removed_nothing() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let store = opened(&disk.data());
    super::support::start(&store);
    add(&store, 6_000, |_| (of_kind("denial"), days_ago(1)));
    disk.fill();
    let nothing = Keep { seconds: None, bytes: Some(1) };
    let refused = (0..200).find_map(|_| store.shorten_audit(&WriteAccess(()), nothing, now()).err());
    assert!(refused.is_some(), "the disk never filled up");
    let published = store.state().audit();
    if let Ok(found) = store.verify_audit(None) {
        assert_eq!((found.problem, found.head), (None, published));
    }
    disk.make_room();
    wait_for_room(&store);
    // sled may go on telling of what it could not write until it is opened again.
    let store = if store.verify_audit(None).is_ok() {
        store
    } else {
        drop(store);
        opened(&disk.data())
    };
    let found = store.verify_audit(None).unwrap();
    assert_eq!((found.problem, found.head), (None, published));
    assert_eq!(store.audit_before(None, usize::MAX).unwrap().len() as u64, found.records);
}

#[test]
fn what_a_refused_batch_has_left_in_the_store_is_not_in_the_log() {
    let home = Home::started();
    let store = home.open();
    add(&store, 2_500, |number| (of_kind(KINDS[number % 4]), days_ago(1)));
    let numbers = |page: Vec<LoggedRecord>| page.into_iter().map(|logged| logged.record.seq).collect::<Vec<_>>();
    let whole = numbers(store.audit_before(None, usize::MAX).unwrap());
    let by = store.state().audit().seq + 1;
    // As a removal does it: a long run, single ones, and the newest.
    let gone: Vec<u64> = (300..1_700).chain([2, 250, 2_000, by - 1]).collect();
    let left = row::encode(&Removed { hash: [7; 32], by }).unwrap();
    let rows = gone.iter().flat_map(|seq| {
        let key = seq.to_be_bytes().to_vec();
        let removed = RowChange { table: Table::Removed, key: key.clone(), value: Some(left.clone()) };
        [RowChange { table: Table::Audit, key, value: None }, removed]
    });
    let record = RowChange { table: Table::Audit, key: by.to_be_bytes().to_vec(), value: Some(b"a record".to_vec()) };
    let changes: Vec<_> = rows.chain([record]).collect();
    let undo = store.shared.engine.undo_of(&changes).unwrap();
    store.shared.engine.commit(&changes).unwrap();
    assert!(store.verify_audit(None).unwrap().problem.is_some(), "the rows are there");
    store.shared.undone.store(Arc::new(Undone::of(&undo)));
    let found = store.verify_audit(None).unwrap();
    assert_eq!((found.problem, found.records), (None, whole.len() as u64));
    for size in [1, 7, 512, usize::MAX] {
        let mut paged = numbers(store.audit_before(None, size).unwrap());
        while let Some(page) = paged.last().map(|last| store.audit_before(Some(*last), size).unwrap()) {
            if page.is_empty() {
                break;
            }
            paged.extend(numbers(page));
        }
        assert!(paged == whole, "pages of {size}");
    }
}
