//! The audit chain: whole, and everything that can be wrong with it.

use super::super::audit_key::AuditKey;
use super::super::change::RowChange;
use super::super::engine::Engine;
use super::super::load;
use super::super::row;
use super::super::seal::SealKey;
use super::super::table::Table;
use super::super::{Store, Verification};
use super::support::{Home, add_account, entry, now, write};
use crate::domain::audit::{AuditHead, AuditRecord, LoggedRecord, Occurrence};

const RECORDS: u64 = 12;

fn with_records(home: &Home) -> AuditHead {
    let store = home.open();
    (0..RECORDS).for_each(|number| add_account(&store, 10 + number).unwrap());
    store.state().audit()
}

fn read(engine: &Engine, seq: u64) -> LoggedRecord {
    let found = engine.scan_on(Table::Audit, &seq.to_be_bytes(), 1).unwrap();
    row::decode(&found[0].1).unwrap()
}

/// The same record with something else in it, and its hash as it was.
fn altered(logged: LoggedRecord, alter: impl FnOnce(&mut AuditRecord)) -> LoggedRecord {
    let mut record = logged.record;
    alter(&mut record);
    LoggedRecord { line: record.line().unwrap(), record, hash: logged.hash }
}

fn put(seq: u64, record: &LoggedRecord) -> RowChange {
    let value = Some(row::encode(record).unwrap());
    RowChange { table: Table::Audit, key: seq.to_be_bytes().to_vec(), value }
}

fn remove(seq: u64) -> RowChange {
    RowChange { table: Table::Audit, key: seq.to_be_bytes().to_vec(), value: None }
}

/// Changes the log behind the store's back, with a store that is open and knows the end as it was.
fn verified_after(home: &Home, change: impl FnOnce(&Engine) -> Vec<RowChange>) -> Verification {
    let store = home.open();
    let engine = &store.shared.engine;
    engine.commit(&change(engine)).unwrap();
    store.verify_audit(None).unwrap()
}

fn problem(found: &Verification) -> &str {
    found.problem.as_deref().unwrap()
}

#[test]
fn a_whole_chain_is_whole_from_any_noted_end() {
    let home = Home::started();
    let end = with_records(&home);
    let store = home.open();
    let found = store.verify_audit(None).unwrap();
    assert_eq!(
        found,
        Verification { records: RECORDS, removed: 0, anchor: None, head: end, noted: None, problem: None }
    );
    for record in store.audit_before(None, 100).unwrap() {
        let noted = AuditHead { seq: record.record.seq, hash: record.hash };
        assert_eq!(store.verify_audit(Some(noted)).unwrap().problem, None);
    }
    assert_eq!(store.verify_audit(Some(AuditHead::default())).unwrap().problem, None);
}

#[test]
fn a_long_chain_is_read_in_steps() {
    let home = Home::started();
    let store = home.open();
    for _ in 0..5 {
        write(&store, |txn| Ok((0..700).try_for_each(|_| txn.audit(&entry("many"), Occurrence::once(now())))?))
            .unwrap();
    }
    let found = store.verify_audit(None).unwrap();
    assert_eq!((found.records, found.problem), (3_500, None));
}

#[test]
fn pages_go_back_from_the_newest() {
    let home = Home::started();
    with_records(&home);
    let store = home.open();
    let numbers = |before, limit| {
        store.audit_before(before, limit).unwrap().iter().map(|logged| logged.record.seq).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 3), [12, 11, 10]);
    assert_eq!(numbers(Some(10), 3), [9, 8, 7]);
    assert_eq!(numbers(Some(3), 9), [2, 1]);
    assert!(numbers(Some(1), 9).is_empty() && numbers(Some(0), 9).is_empty());
}

#[test]
fn a_changed_record_is_found() {
    let home = Home::started();
    with_records(&home);
    let found =
        verified_after(&home, |engine| vec![put(5, &altered(read(engine, 5), |it| it.actor = "mallory".to_owned()))]);
    assert_eq!((found.records, problem(&found)), (4, "record 5 was changed"));
}

#[test]
fn a_record_rewritten_with_its_hash_breaks_the_next_one() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |engine| {
        let mut forged = altered(read(engine, 5), |it| it.actor = "mallory".to_owned());
        forged.hash = AuditKey::new([0; 32]).hash(read(engine, 4).hash, 5, forged.line.as_bytes());
        vec![put(5, &forged)]
    });
    // Without the key, the hash is wrong already.
    assert_eq!(problem(&found), "record 5 was changed");
}

#[test]
fn a_missing_record_is_found() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |_| vec![remove(7)]);
    assert_eq!((found.records, problem(&found)), (6, "record 7 is missing"));
}

#[test]
fn reordered_records_are_found() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |engine| vec![put(3, &read(engine, 4)), put(4, &read(engine, 3))]);
    assert_eq!((found.records, problem(&found)), (2, "record 3 does not decode"));
}

#[test]
fn renumbered_records_are_found() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |engine| {
        let (third, fourth) = (read(engine, 3), read(engine, 4));
        vec![put(3, &altered(fourth, |it| it.seq = 3)), put(4, &altered(third, |it| it.seq = 4))]
    });
    assert_eq!((found.records, problem(&found)), (2, "record 3 was changed"));
}

#[test]
fn bytes_that_are_no_record_are_found() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |_| {
        vec![RowChange { table: Table::Audit, key: 9_u64.to_be_bytes().to_vec(), value: Some(vec![1, 2, 3]) }]
    });
    assert_eq!(problem(&found), "record 9 does not decode");
}

#[test]
fn a_tail_cut_while_running_is_found() {
    let home = Home::started();
    with_records(&home);
    let found = verified_after(&home, |_| vec![remove(11), remove(12)]);
    assert_eq!((found.records, problem(&found)), (10, "records are missing at the end"));
}

/// A log cut by somebody who can write the whole data directory and read the key, and has sealed the rest.
fn cut_and_sealed(home: &Home, from: u64) -> Store {
    let store = home.open();
    let engine = &store.shared.engine;
    let mut changes: Vec<RowChange> = (from..=RECORDS).map(remove).collect();
    let last = read(engine, from - 1);
    let key = SealKey::of(&store.shared.key);
    let mut seal = load::load(engine, &key).unwrap().seal;
    seal.audit = AuditHead { seq: last.record.seq, hash: last.hash };
    changes.push(seal.change().unwrap());
    engine.commit(&changes).unwrap();
    drop(store);
    home.open()
}

#[test]
fn a_cut_tail_is_found_with_a_head_noted_elsewhere() {
    let home = Home::started();
    let noted = with_records(&home);
    let store = cut_and_sealed(&home, 10);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
    let found = store.verify_audit(Some(noted)).unwrap();
    assert_eq!(problem(&found), "the noted end is not in this chain: its tail was cut or it is another");
    // Also when the log has grown to the old length again.
    (0..5).for_each(|number| add_account(&store, 100 + number).unwrap());
    assert!(store.verify_audit(Some(noted)).unwrap().problem.is_some());
}
