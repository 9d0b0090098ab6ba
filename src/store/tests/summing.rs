//! The oldest part of the audit log is summed up once all of it was removed: the store does not grow, what is kept is proven
//! as before, and nobody without the key passes another log off for it. Killed, cut off from power, restored.

use std::io::{BufRead, BufReader, Cursor};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;

use super::super::audit_key::AuditKey;
use super::super::chain::Chain;
use super::super::change::RowChange;
use super::super::engine::Engine;
use super::super::record::{Anchor, Removed, RemovedDigest};
use super::super::retention::sum::why_it_stays;
use super::super::seal::SealKey;
use super::super::table::Table;
use super::super::{Error, Keep, Restore, Store, WriteAccess, load, row, verify_backup};
use super::lossy::{Dice, Loss, LossyDisk};
use super::retention::{
    DAY, FOR_400_DAYS, KINDS, LOOKS, add, days_ago, heads, key, of_kind, shorten, shortened, whole,
};
use super::support::{Home, clock, copy_directory, environment, is_long, now, open_at, start, write};
use crate::domain::audit::{AuditHead, AuditRecord, LoggedRecord, NotedHead, Occurrence, RemovedRecords};
use crate::domain::random;
use crate::domain::time::Timestamp;

const DIRECTORY: &str = "DOCKPASS_TEST_SUMMING";
/// Everything that may go for lack of room.
const NOTHING: Keep = Keep { seconds: None, bytes: Some(1) };

fn anchor(store: &Store) -> Option<Anchor> {
    store.state().anchor().cloned()
}

fn summed_up(store: &Store) -> u64 {
    anchor(store).map_or(0, |anchor| anchor.head.seq)
}

/// The numbers of the rows of a table.
fn rows(store: &Store, table: Table) -> Vec<u64> {
    let rows = store.shared.engine.scan_on(table, &[], usize::MAX).unwrap();
    rows.iter().map(|(key, _)| u64::from_be_bytes(key.as_slice().try_into().unwrap())).collect()
}

fn noted(store: &Store, head: AuditHead) -> (Option<NotedHead>, Option<String>) {
    let found = store.verify_audit(Some(head)).unwrap();
    assert_eq!(Some(store.audit_has(head).unwrap()), found.noted, "{head}");
    (found.noted, found.problem)
}

/// A log of so many records that are too old, and 20 that are not; the old ones are removed and summed up. With the heads
/// from before, the newest first.
fn with_anchor(home: &Home, old: usize) -> (Store, Vec<AuditHead>) {
    let store = home.open();
    add(&store, old, |_| (of_kind("change"), days_ago(500)));
    add(&store, 20, |_| (of_kind("change"), days_ago(1)));
    let heads = heads(&store);
    assert_eq!(shortened(&store, FOR_400_DAYS, now()), old as u64);
    (store, heads)
}

#[test]
fn what_was_removed_is_summed_up_and_what_is_kept_is_proven_as_before() {
    let home = Home::started();
    let (store, before) = with_anchor(&home, 3_000);
    let check = |store: &Store| {
        assert_eq!((summed_up(store), rows(store, Table::Removed)), (3_000, vec![]));
        whole(store, 3_000);
        let anchor = store.verify_audit(None).unwrap().anchor.unwrap();
        assert_eq!((anchor.head, anchor.at), (before[20], now()));
        for head in before.iter().step_by(7).chain(&before[18..23]).copied() {
            match noted(store, head) {
                (Some(NotedHead::There), None) => assert!(head.seq >= 3_000, "{head}"),
                (Some(NotedHead::SummedUp), Some(problem)) => {
                    assert!(head.seq < 3_000, "{head}");
                    let told = "nobody can tell any more whether the noted end was in this chain: the records up to 3000 were \
                                removed and are summed up; what is kept, from 3001 on, is whole and follows them";
                    assert_eq!(problem, told);
                }
                other => panic!("{head}: {other:?}"),
            }
        }
        assert_eq!(noted(store, AuditHead::default()), (Some(NotedHead::There), None), "every log begins with nothing");
        for wrong in [
            AuditHead { hash: [1; 32], ..before[20] },
            AuditHead { hash: [1; 32], ..before[3] },
            AuditHead { seq: 9_999, hash: [1; 32] },
        ] {
            let (found, problem) = noted(store, wrong);
            assert_eq!(found, Some(NotedHead::Missing));
            assert_eq!(problem.unwrap(), "the noted end is not in this chain: its tail was cut or it is another");
        }
        assert_eq!(store.check().unwrap().problems, []);
    };
    check(&store);
    drop(store);
    let store = home.open();
    check(&store);
    assert_eq!(store.audit_after(0, 1).unwrap()[0].record.seq, 3_001);
    // A backup has it, and so has what is made of it.
    let mut bytes = Vec::new();
    store.back_up(&mut bytes, &clock()).unwrap();
    let verified = verify_backup(Cursor::new(&bytes)).unwrap();
    assert_eq!((verified.audit_records, verified.audit_removed), (26, 3_000));
    let again = Home::new();
    Restore::of(Cursor::new(&bytes), &again.path()).unwrap().0.finish().unwrap();
    check(&again.open());
}

#[test]
fn records_of_removals_go_with_what_they_speak_of_when_they_are_as_old_as_changes_get() {
    let home = Home::started();
    let (store, _) = with_anchor(&home, 1_500);
    let removals = |store: &Store| {
        let all = store.audit_before(None, 100).unwrap();
        all.into_iter().filter(|it| it.record.removed.is_some()).map(|it| it.record.seq).collect::<Vec<_>>()
    };
    assert_eq!((summed_up(&store), removals(&store)), (1_500, vec![1_523, 1_522, 1_521]));
    let round = |days: i64| {
        let at = now().plus_seconds(days * DAY);
        add(&store, 1_000, |_| (of_kind("change"), at.plus_seconds(-500 * DAY)));
        shortened(&store, FOR_400_DAYS, at);
        assert_eq!(store.verify_audit(None).unwrap().problem, None);
    };
    round(89);
    assert_eq!(summed_up(&store), 1_500, "the twenty are kept");
    round(450);
    // The rest of the last thousand waits for more; those that remove them are young.
    assert_eq!((summed_up(&store), removals(&store)), (3_500, vec![3_528, 3_527, 3_526]));
    assert!(rows(&store, Table::Removed).into_iter().eq(3_501..=3_525));
    let head = store.state().audit();
    assert_eq!(noted(&store, head), (Some(NotedHead::There), None));
}

/// Refusals go for lack of room, far beyond the changes that are too old.
#[test]
fn a_removal_of_which_a_part_is_summed_up_is_proven_to_its_end() {
    let home = Home::started();
    let store = home.open();
    add(&store, 4_000, |number| match number % 3 {
        0 => (of_kind("change"), days_ago(if number < 2_000 { 500 } else { 1 })),
        _ => (of_kind("denial"), days_ago(1)),
    });
    let before = heads(&store);
    shortened(&store, Keep { bytes: Some(400_000), ..FOR_400_DAYS }, now());
    let open = anchor(&store).unwrap().open;
    assert_eq!((summed_up(&store), open.len()), (2_000, 1), "{open:?}");
    assert!(open[0].last <= 2_000 && open[0].count > 0);
    assert!(rows(&store, Table::Removed)[0] > 2_000);
    let mut bytes = Vec::new();
    store.back_up(&mut bytes, &clock()).unwrap();
    verify_backup(Cursor::new(&bytes)).unwrap();
    // What is left of it is held against its record.
    let first = rows(&store, Table::Removed)[0];
    let wrong = [removed(first, open[0].by, [7; 32])];
    let right = store.shared.engine.undo_of(&wrong).unwrap();
    store.shared.engine.commit(&wrong).unwrap();
    assert!(store.verify_audit(None).unwrap().problem.is_some());
    store.shared.engine.commit(&right).unwrap();
    drop(store);
    let store = home.open();
    for head in before.iter().step_by(31) {
        let expected = if head.seq < 2_000 { NotedHead::SummedUp } else { NotedHead::There };
        assert_eq!(noted(&store, *head).0, Some(expected), "{head}");
    }
    let later = now().plus_seconds(500 * DAY);
    shortened(&store, FOR_400_DAYS, later);
    assert!(summed_up(&store) >= 4_000, "{}", summed_up(&store));
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
    assert_eq!(anchor(&store).unwrap().open, []);
}

fn removed(seq: u64, by: u64, hash: [u8; 32]) -> RowChange {
    RowChange { table: Table::Removed, key: key(seq), value: Some(row::encode(&Removed { hash, by }).unwrap()) }
}

fn logged(engine: &Engine, seq: u64) -> LoggedRecord {
    let found = engine.scan_on(Table::Audit, &key(seq), 1).unwrap();
    row::decode(&found[0].1).unwrap()
}

fn put(anchor: &Anchor) -> RowChange {
    row::put(anchor).unwrap()
}

fn erase(table: Table, seq: u64) -> RowChange {
    RowChange { table, key: key(seq), value: None }
}

/// What becomes of a store that somebody has changed who can write it: its seal is an exclusive or, and so that may be right.
fn after(home: &Home, change: impl FnOnce(&Engine) -> Vec<RowChange>) -> Result<Option<String>, Error> {
    let store = home.open();
    let engine = &store.shared.engine;
    let key = SealKey::of(&store.shared.key);
    let seal = load::load(engine, &key).unwrap().seal;
    let mut changes = change(engine);
    let undo = engine.undo_of(&changes).unwrap();
    let seal = seal.after(&changes, &undo, seal.audit, &key);
    changes.push(seal.change().unwrap());
    engine.commit(&changes).unwrap();
    drop(store);
    open_at(&home.path()).map(|(store, _)| store.verify_audit(None).unwrap().problem)
}

#[test]
fn nobody_sums_up_without_the_key() {
    let tried = |change: fn(&Engine, Anchor) -> Vec<RowChange>| {
        let home = Home::started();
        let (store, _) = with_anchor(&home, 1_000);
        let anchor = anchor(&store).unwrap();
        drop(store);
        after(&home, |engine| change(engine, anchor))
    };
    // One that reaches further, by another key.
    let forged = tried(|engine, _| {
        let head = AuditHead { seq: 1_005, hash: logged(engine, 1_005).hash };
        let forged = Anchor::new(&AuditKey::new([9; 32]), head, now(), Vec::new());
        (1_001..=1_005).map(|seq| erase(Table::Audit, seq)).chain([put(&forged)]).collect()
    });
    assert!(matches!(&forged, Err(Error::Corrupt { reason: "it was made with another key", .. })), "{forged:?}");
    let told = |change| tried(change).unwrap().unwrap();
    let without = told(|_, _| vec![RowChange { table: Table::Meta, key: b"anchor".to_vec(), value: None }]);
    assert_eq!(without, "record 1 is missing");
    // The first that is kept.
    assert_eq!(told(|_, _| vec![erase(Table::Audit, 1_001)]), "record 1001 is missing");
    // The same by a removal whose records are summed up.
    let hidden = told(|engine, _| vec![erase(Table::Audit, 1_001), removed(1_001, 1_021, logged(engine, 1_001).hash)]);
    assert_eq!(hidden, "what was removed is not what record 1021 says");
    // Rows of what is summed up.
    let back = told(|_, _| vec![removed(5, 1_021, [7; 32])]);
    assert_eq!(back, "record 5 is there, and was removed and summed up");
    let back = told(|engine, _| {
        let value = Some(row::encode(&logged(engine, 1_001)).unwrap());
        vec![RowChange { table: Table::Audit, key: key(1_000), value }]
    });
    assert_eq!(back, "record 1000 is there, and was removed and summed up");
    // The same behind a row whose key is no number.
    let hidden = told(|_, _| {
        let none = |table| RowChange { table, key: vec![0; 9], value: Some(vec![7]) };
        vec![none(Table::Audit), none(Table::Removed), removed(5, 1_021, [7; 32])]
    });
    assert_eq!(hidden, "record 0 is there, and was removed and summed up");
}

#[test]
fn a_forged_row_of_what_is_summed_up_proves_no_noted_end() {
    let home = Home::started();
    let (store, _) = with_anchor(&home, 1_000);
    let forged = AuditHead { seq: 5, hash: [7; 32] };
    store.shared.engine.commit(&[removed(forged.seq, 1_021, forged.hash)]).unwrap();
    assert_eq!(store.audit_has(forged).unwrap(), NotedHead::SummedUp);
}

#[test]
fn an_anchor_is_true_to_its_last_bit() {
    let home = Home::started();
    let (store, _) = with_anchor(&home, 1_000);
    let (key, anchor) = (&store.shared.key, anchor(&store).unwrap());
    assert!(anchor.is_made_with(key) && !anchor.is_made_with(&AuditKey::new([7; 32])));
    let bytes = row::encode(&anchor).unwrap();
    for bit in 32..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let is_taken = row::decode::<Anchor>(&changed).is_ok_and(|anchor| anchor.is_made_with(key));
        assert!(!is_taken, "bit {bit}");
    }
    // Nor does it begin a chain in the middle.
    let mut chain = Chain::new(key.clone());
    chain.begin_after(&anchor).unwrap();
    assert!(chain.begin_after(&anchor).is_err());
}

/// An anchor from before or after is true as well; without the rows that belong to it, it proves nothing.
#[test]
fn a_true_anchor_of_another_time_is_found_out() {
    let home = Home::started();
    let (store, _) = with_anchor(&home, 1_000);
    let early = anchor(&store).unwrap();
    drop(store);
    let before = Home::new();
    copy_directory(&home.path(), &before.path());
    super::earlier::private(&before.path());
    let store = home.open();
    let later = now().plus_seconds(500 * DAY);
    add(&store, 1_000, |_| (of_kind("change"), now()));
    shortened(&store, FOR_400_DAYS, later);
    let late = anchor(&store).unwrap();
    assert_eq!(late.head.seq, 2_000);
    drop(store);
    assert_eq!(after(&home, |_| vec![put(&early)]).unwrap().unwrap(), "record 1001 is missing");
    // The log as it was, with the anchor of later: all that it has lies before that.
    let found = after(&before, |_| vec![put(&late)]).unwrap().unwrap();
    assert_eq!(found, "record 1001 is there, and was removed and summed up");
}

#[test]
fn what_was_changed_before_it_could_be_summed_up_stays_for_a_verification_to_find() {
    let tried = |change: fn(&Engine) -> Vec<RowChange>| {
        let home = Home::started();
        let store = home.open();
        add(&store, 2_000, |number| (of_kind(if number == 6 { "change" } else { "denial" }), days_ago(1)));
        // For lack of room at once; what is left of it is summed up in an hour.
        shorten(&store, NOTHING, now());
        let engine = &store.shared.engine;
        engine.commit(&change(engine)).unwrap();
        (0..2 * LOOKS).for_each(|_| _ = shorten(&store, NOTHING, now()));
        (summed_up(&store), store.verify_audit(None).unwrap().problem)
    };
    // The change among them would hold it up; it is hidden as one of those that a removal took.
    let (none, problem) = tried(|engine| vec![erase(Table::Audit, 7), removed(7, 2_001, logged(engine, 7).hash)]);
    assert_eq!((none, problem.unwrap().as_str()), (0, "what was removed is not what record 2001 says"));
    // And the record of the removal is made to say so.
    let (none, problem) = tried(|engine| {
        let mut removal = logged(engine, 2_001);
        removal.record.removed.as_mut().unwrap().count += 1;
        removal.line = removal.record.line().unwrap();
        let says = RowChange { table: Table::Audit, key: key(2_001), value: Some(row::encode(&removal).unwrap()) };
        vec![erase(Table::Audit, 7), removed(7, 2_001, logged(engine, 7).hash), says]
    });
    assert_eq!(none, 0);
    assert!(problem.is_some());
}

/// Not a test of its own: the process that is killed.
#[test]
fn sums_up() {
    let Some(data) = environment(DIRECTORY) else { return };
    let store = open_at(Path::new(&data)).unwrap().0;
    println!("open");
    (0..2 * LOOKS).for_each(|_| _ = shorten(&store, NOTHING, now()));
    println!("summed up");
    store.close();
}

/// Starts the process and kills it after a while; whether it was still at it.
fn kill(data: &Path) -> bool {
    let name = format!("{}::sums_up", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(DIRECTORY, data).args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("open") && output.read_line(&mut line).unwrap() > 0 {}
    let wait = u64::from_be_bytes(random::bytes().unwrap()) % 200;
    std::thread::park_timeout(Duration::from_millis(wait));
    process.kill().unwrap();
    let is_done = output.lines().map_while(Result::ok).any(|line| line.contains("summed up"));
    process.wait().unwrap();
    !is_done
}

/// A store as format 9 has left it: of every record that was removed a row, and no anchor.
fn of_format_9(count: usize) -> Home {
    let home = Home::started();
    let store = home.open();
    add(&store, count, |_| (of_kind("denial"), days_ago(1)));
    while shorten(&store, NOTHING, now()) > 0 {}
    assert_eq!((rows(&store, Table::Removed).len(), summed_up(&store)), (count, 0));
    drop(store);
    std::fs::write(home.path().join("format"), "dockpass data 9\n").unwrap();
    home
}

/// Every removed record is either summed up or has its row.
fn is_whole(store: &Store, removed: u64) {
    whole(store, removed);
    assert!(rows(store, Table::Removed).into_iter().eq(summed_up(store) + 1..=removed), "{}", summed_up(store));
}

#[test]
fn a_store_of_format_9_is_summed_up_piece_by_piece_and_goes_on_when_it_is_killed() {
    const COUNT: u64 = 12_000;
    let pristine = of_format_9(12_000);
    let rounds = if is_long() { 100 } else { 8 };
    let (mut interrupted, mut partly) = (0, 0);
    for _ in 0..rounds {
        let home = Home::new();
        copy_directory(&pristine.path(), &home.path());
        super::earlier::private(&home.path());
        while kill(&home.path()) {
            interrupted += 1;
            let store = home.open();
            is_whole(&store, COUNT);
            partly += u32::from((1..COUNT).contains(&summed_up(&store)));
        }
        let store = home.open();
        assert_eq!(std::fs::read_to_string(home.path().join("format")).unwrap(), "dockpass data 10\n");
        assert_eq!(summed_up(&store), COUNT);
        is_whole(&store, COUNT);
    }
    assert!(partly > 0, "killed {interrupted} times, and never in the middle");
    eprintln!("{rounds} logs, killed {interrupted} times, {partly} times in the middle: all whole");
}

#[test]
fn an_anchor_that_was_answered_outlives_power_cuts() {
    const COUNT: u64 = 6_000;
    let images = if is_long() { 600 } else { 40 };
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    start(&home.open());
    let store = home.open();
    add(&store, 6_000, |_| (of_kind("denial"), days_ago(1)));
    while shorten(&store, NOTHING, now()) > 0 {}
    let begun = disk.moment();
    let mut answered = Vec::new();
    for number in 0..2 * LOOKS as u64 {
        if number % 10 == 0 {
            super::support::add_account(&store, 100 + number).unwrap();
        }
        shorten(&store, NOTHING, now());
        answered.push((disk.moment(), summed_up(&store)));
    }
    assert_eq!(summed_up(&store), COUNT);
    drop(store);
    let (recording, seed) = (disk.recording(), u64::from_le_bytes(random::bytes().unwrap()));
    let mut dice = Dice::new(seed);
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let (cut, after) = (begun + dice.below(recording.length() - begun + 1), Home::new());
        recording.write_image(cut, loss, &mut dice, &after.path());
        let at = format!("image {image} of seed {seed}: cut before act {cut} of {}, {loss:?}", recording.length());
        let (store, _) = open_at(&after.path()).unwrap_or_else(|error| panic!("{at}: {error}"));
        let least = answered.iter().filter(|(moment, _)| *moment <= cut).map(|(_, seq)| *seq).max().unwrap_or(0);
        assert!(summed_up(&store) >= least, "{at}: {} and not {least}", summed_up(&store));
        is_whole(&store, COUNT);
    }
}

#[test]
fn a_snapshot_that_is_read_is_waited_for() {
    let home = of_format_9(3_000);
    let store = home.open();
    let snapshot = store.snapshot().unwrap();
    (0..2 * LOOKS).for_each(|_| _ = shorten(&store, NOTHING, now()));
    assert_eq!(summed_up(&store), 0);
    drop(snapshot);
    shorten(&store, NOTHING, now());
    assert_eq!(summed_up(&store), 3_000);
    is_whole(&store, 3_000);
}

/// Removals each of which took an old record and one far behind it, as a clock that was wrong for long can lead to.
#[test]
fn an_anchor_has_room_for_a_thousand_removals_and_its_part_ends_before_the_next() {
    let home = Home::started();
    let store = home.open();
    add(&store, 2_400, |_| (of_kind("change"), days_ago(1)));
    let hashes: Vec<[u8; 32]> = heads(&store).iter().rev().map(|head| head.hash).collect();
    for bundle in 0..21_usize {
        let hashes = hashes.clone();
        write(&store, move |txn| {
            for number in bundle * 50..(bundle + 1) * 50 {
                let by = txn.state().audit().seq + 1;
                let mut digest = RemovedDigest::default();
                let taken = [number, 1_200 + number].map(|place| (place as u64 + 1, hashes[place]));
                for (seq, hash) in taken {
                    digest.add(seq, hash);
                    txn.remove_audit(seq, hash, by)?;
                }
                let removed = RemovedRecords { first: taken[0].0, last: taken[1].0, count: 2, hash: digest.to_hex() };
                let record = AuditRecord::of(&of_kind("change"), 0, Occurrence::once(now()));
                txn.log(AuditRecord { removed: Some(removed), ..record })?;
            }
            Ok(())
        })
        .unwrap();
    }
    whole(&store, 2_100);
    (0..2 * LOOKS).for_each(|_| _ = shorten(&store, FOR_400_DAYS, now()));
    assert_eq!((summed_up(&store), anchor(&store).unwrap().open.len()), (1_000, 1_000));
    whole(&store, 2_100);
    assert!(rows(&store, Table::Removed).into_iter().take(50).eq(1_001..=1_050));
    // There it waits, and says why.
    let why = why_it_stays(&store, days_ago(400)).unwrap();
    assert!(why.starts_with("1000 removals took records before record 1001 and after it"), "{why}");
    drop(store);
    whole(&home.open(), 2_100);
}

#[test]
fn a_log_that_is_kept_for_ever_is_not_summed_up() {
    let home = of_format_9(1_000);
    let store = home.open();
    assert_eq!(shortened(&store, Keep::default(), now()), 0);
    assert_eq!(summed_up(&store), 0);
    is_whole(&store, 1_000);
}

/// What happens to a log.
#[derive(Clone, Debug)]
enum Step {
    Add {
        count: usize,
        kind: usize,
        days: i64,
    },
    /// So many looks, with so much room.
    Shorten {
        looks: usize,
        kib: u64,
    },
    Pass {
        days: i64,
    },
    Reopen,
    Restore,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1..900_usize, 0..KINDS.len(), 0..600_i64).prop_map(|(count, kind, days)| Step::Add { count, kind, days }),
        4 => (100..300_usize, 20..600_u64).prop_map(|(looks, kib)| Step::Shorten { looks, kib }),
        2 => (1..200_i64).prop_map(|days| Step::Pass { days }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Restore),
    ];
    prop::collection::vec(step, 4..24)
}

/// Every head that a log has had is there, or summed up, whatever happened since.
fn is_consistent(store: &Store, all: &[AuditHead]) {
    let found = store.verify_audit(None).unwrap();
    assert_eq!(found.problem, None);
    assert_eq!((found.records + found.removed, found.head), (store.state().audit().seq, store.state().audit()));
    let anchor = summed_up(store);
    assert!(rows(store, Table::Removed).first().is_none_or(|first| *first > anchor));
    assert!(rows(store, Table::Audit).first().is_none_or(|first| *first > anchor));
    for head in all.iter().step_by(all.len() / 40 + 1) {
        let expected = if head.seq < anchor { NotedHead::SummedUp } else { NotedHead::There };
        assert_eq!(store.audit_has(*head).unwrap(), expected, "{head}, summed up to {anchor}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if is_long() { 200 } else { 8 }, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_head_is_there_or_summed_up(steps in steps()) {
        let mut home = Home::started();
        let mut store = home.open();
        let (mut at, mut all): (Timestamp, Vec<AuditHead>) = (now(), Vec::new());
        for step in steps {
            match step {
                Step::Add { count, kind, days } => {
                    add(&store, count, |_| (of_kind(KINDS[kind]), at.plus_seconds(-days * DAY)));
                }
                Step::Shorten { looks, kib } => {
                    let keep = Keep { bytes: Some(kib << 10), ..FOR_400_DAYS };
                    (0..looks).for_each(|_| _ = store.shorten_audit(&WriteAccess(()), keep, at).unwrap());
                }
                Step::Pass { days } => at = at.plus_seconds(days * DAY),
                Step::Reopen => {
                    drop(store);
                    store = home.open();
                }
                Step::Restore => {
                    let mut bytes = Vec::new();
                    store.back_up(&mut bytes, &clock()).unwrap();
                    drop(store);
                    home = Home::new();
                    Restore::of(Cursor::new(&bytes), &home.path()).unwrap().0.finish().unwrap();
                    store = home.open();
                }
            }
            let known = all.last().map_or(0, |head| head.seq);
            all.extend(heads(&store).into_iter().rev().filter(|head| head.seq > known));
            is_consistent(&store, &all);
        }
    }
}
