//! Damage on the disk: refused with the way out, never a panic, never a store that is emptier or older than it was.

use std::fs::{self, OpenOptions};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::change::RowChange;

use super::super::codec::FrozenVersion;
use super::super::engine::Engine;
use super::super::row::Record;
use super::super::table::{self, Table};
use super::super::{Error, State};
use super::support::{Home, add_account, copy_directory, id, moment, open_at, purged, start, usage, write};
use crate::domain::account::Account;

fn filled(home: &Home, changes: u64) -> Arc<State> {
    let store = home.open();
    (0..changes).for_each(|number| add_account(&store, 10 + number).unwrap());
    store.state()
}

fn snapshots(home: &Home) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(home.path().join("store")).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("snap.")).map(|entry| entry.path()).collect()
}

#[test]
fn an_interrupted_snapshot_is_set_aside() {
    let home = Home::started();
    let state = filled(&home, 40);
    let store = home.path().join("store");
    for name in ["snap.0000000000000001.generating", "snap.FFFFFFFFFFFFFFFF.generating"] {
        fs::write(store.join(name), [7; 500]).unwrap();
    }
    fs::write(store.join("snap.FFFFFFFFFFFFFFFE"), "").unwrap();
    assert!(*home.open().state() == *state);
    assert!(store.join("stale-snap.FFFFFFFFFFFFFFFF.generating").exists());
    // The next ones take their place.
    fs::write(store.join("snap.FFFFFFFFFFFFFFFD"), "").unwrap();
    assert!(*home.open().state() == *state);
    let stale = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name());
    let stale: Vec<_> = stale.filter(|name| name.to_string_lossy().starts_with("stale-")).collect();
    assert_eq!(stale, ["stale-snap.FFFFFFFFFFFFFFFD"]);
}

#[test]
fn a_damaged_snapshot_is_set_aside_and_the_log_has_everything() {
    let home = Home::started();
    let state = filled(&home, 40);
    drop(home.open());
    let damage = [
        |_: &mut Vec<u8>| (),
        |bytes: &mut Vec<u8>| bytes[3] ^= 0x40,
        |bytes: &mut Vec<u8>| bytes.truncate(20),
        Vec::clear,
        |bytes: &mut Vec<u8>| bytes.push(0),
    ];
    for change in damage {
        let snapshot = snapshots(&home).pop().unwrap();
        let mut bytes = fs::read(&snapshot).unwrap();
        change(&mut bytes);
        fs::write(&snapshot, bytes).unwrap();
        assert!(*home.open().state() == *state);
    }
    snapshots(&home).into_iter().for_each(|path| fs::remove_file(path).unwrap());
    assert!(*home.open().state() == *state);
}

/// How a damaged store opened: as it was, or not at all.
fn is_refused(path: &Path, state: &State) -> bool {
    match catch_unwind(|| open_at(path)).expect("opening never panics") {
        Err(error) => {
            assert!(error.to_string().contains("put a copy of the data directory in its place"), "{error}");
            true
        }
        Ok((store, _)) => {
            assert!(*store.state() == *state, "a damaged store opened with other content");
            assert!(store.verify_audit(None).is_err() || store.verify_audit(None).is_ok());
            false
        }
    }
}

/// A copy of the directory, damaged; refused twice the same if at all.
fn check_damage(home: &Home, state: &State, damage: impl FnOnce(&Path)) -> bool {
    let copy = Home::new();
    copy_directory(&home.path(), &copy.path());
    damage(&copy.database());
    let refused = is_refused(&copy.path(), state);
    assert!(!refused || is_refused(&copy.path(), state), "refused once, then opened");
    refused
}

fn flip(path: &Path, at: prop::sample::Index, bit: u8) {
    let mut bytes = fs::read(path).unwrap();
    let used: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    bytes[used[at.index(used.len())]] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path, at: prop::sample::Index) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(at.index(usize::try_from(file.metadata().unwrap().len()).unwrap()) as u64).unwrap();
}

/// A store that was closed without a snapshot of its end, and one with.
fn damaged_stores() -> [(Home, Arc<State>); 2] {
    let (fresh, reopened) = (Home::started(), Home::started());
    let state = filled(&fresh, 1_500);
    filled(&reopened, 60);
    drop(reopened.open());
    let store = reopened.open();
    (0..60).for_each(|number| add_account(&store, 5_000 + number).unwrap());
    let other = store.state();
    drop(store);
    [(fresh, state), (reopened, other)]
}

#[test]
fn a_flipped_bit_or_a_cut_never_brings_back_an_older_store() {
    let cases = if super::support::is_long() { 1_000 } else { 40 };
    let stores = damaged_stores();
    let mut refused = 0;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let damage = (any::<bool>(), any::<bool>(), any::<prop::sample::Index>(), 0..8_u8);
    let refused_count = std::cell::Cell::new(0_u32);
    runner
        .run(&damage, |(which, is_cut, at, bit)| {
            let (home, state) = &stores[usize::from(which)];
            let was_refused =
                check_damage(home, state, |database| if is_cut { cut(database, at) } else { flip(database, at, bit) });
            refused_count.set(refused_count.get() + u32::from(was_refused));
            Ok(())
        })
        .unwrap();
    refused += refused_count.get();
    eprintln!("{cases} damaged stores: {refused} refused, the others as they were");
    assert!(refused > 0);
}

#[test]
fn garbage_in_the_place_of_the_database_is_refused() {
    let home = Home::started();
    let state = filled(&home, 40);
    for length in [1, 100, 4_096, 524_288, 2_000_000] {
        let refused = check_damage(&home, &state, |database| {
            let mut bytes = vec![0; length];
            blake3::Hasher::new().finalize_xof().fill(&mut bytes);
            fs::write(database, bytes).unwrap();
        });
        assert!(refused, "{length}");
        assert!(
            check_damage(&home, &state, |database| fs::write(database, vec![0; length]).unwrap()),
            "{length} zeros"
        );
    }
}

#[test]
fn an_older_copy_of_the_store_is_refused_and_says_how_to_take_it() {
    let home = Home::started();
    filled(&home, 10);
    let older = Home::new();
    copy_directory(&home.path().join("store"), &older.path());
    let store = home.open();
    write(&store, |txn| {
        txn.remove_account(id(12))?;
        Ok(())
    })
    .unwrap();
    purged(&store);
    drop(store);
    fs::remove_dir_all(home.path().join("store")).unwrap();
    copy_directory(&older.path(), &home.path().join("store"));
    let error = open_at(&home.path()).map(|_| ()).unwrap_err();
    assert!(matches!(&error, Error::Shortened { found: 11, noted: 13, .. }), "{error:?}");
    fs::remove_file(home.path().join("end")).unwrap();
    assert!(home.open().state().account(id(12)).is_some());
}

#[test]
fn a_store_that_went_another_way_is_refused() {
    let home = Home::started();
    let other = Home::new();
    copy_directory(&home.path(), &other.path());
    add_account(&home.open(), 10).unwrap();
    add_account(&other.open(), 11).unwrap();
    fs::copy(other.path().join("end"), home.path().join("end")).unwrap();
    assert!(matches!(open_at(&home.path()).map(|_| ()), Err(Error::Shortened { found: 2, noted: 2, .. })));
}

/// Changes records behind the store's back.
fn tampered(home: &Home, changes: &[RowChange]) -> Result<(), Error> {
    let engine = Engine::open(&home.path().join("store")).unwrap();
    engine.commit(changes).unwrap();
    engine.close().unwrap();
    open_at(&home.path()).map(|_| ())
}

fn change(table: Table, key: &[u8], value: Option<&[u8]>) -> RowChange {
    RowChange { table, key: key.to_vec(), value: value.map(<[u8]>::to_vec) }
}

#[test]
fn records_that_are_gone_or_changed_behind_the_store_are_found() {
    let key = id(12).to_bytes();
    let gone = change(Table::Accounts, &key, None);
    let tail = change(Table::Audit, &10_u64.to_be_bytes(), None);
    let unsealed = change(Table::Meta, table::SEAL, None);
    let emptied = change(Table::Meta, table::META, None);
    let unknown = change(Table::Meta, b"other", Some(b"x"));
    let undecodable = change(Table::Accounts, &key, Some(b"x"));
    let misplaced = change(Table::Audit, &99_u64.to_be_bytes(), Some(b"x"));
    for tampering in [gone, tail, unsealed, emptied, unknown, undecodable, misplaced] {
        let home = Home::started();
        filled(&home, 10);
        let error = tampered(&home, std::slice::from_ref(&tampering)).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{tampering:?}: {error:?}");
        assert!(error.to_string().contains("put a copy of the data directory in its place"));
    }
}

#[test]
fn a_record_of_a_later_version_is_refused_and_kept() {
    let home = Home::started();
    filled(&home, 3);
    let newest = <<Account as Record>::Stored as FrozenVersion>::VERSION;
    let later =
        [&[0xD7, <<Account as Record>::Stored as FrozenVersion>::KIND], &(newest + 1).to_le_bytes()[..], &[1, 2, 3]]
            .concat();
    let key = id(11).to_bytes();
    let error = tampered(&home, &[change(Table::Accounts, &key, Some(&later))]).unwrap_err();
    assert!(matches!(&error, Error::Newer { what } if what == "records of accounts in version 3"), "{error:?}");
    assert!(error.to_string().contains("later dockpass") && !error.to_string().contains("put a copy"));
    let engine = Engine::open(&home.path().join("store")).unwrap();
    assert_eq!(engine.scan_on(Table::Accounts, &key, 1).unwrap(), [(key.to_vec(), later)]);
}

#[test]
fn what_a_later_version_says_about_the_store_is_refused_and_kept() {
    let home = Home::started();
    filled(&home, 3);
    let later = [0xD7, 77, 1, 0, 5];
    let error = tampered(&home, &[change(Table::Meta, b"later", Some(&later))]).unwrap_err();
    assert!(matches!(&error, Error::Newer { what } if what == "a record of meta"), "{error:?}");
    let engine = Engine::open(&home.path().join("store")).unwrap();
    assert_eq!(engine.scan_on(Table::Meta, b"later", 1).unwrap(), [(b"later".to_vec(), later.to_vec())]);
}

/// sled itself, on the store of a directory.
fn raw(home: &Home) -> sled::Db {
    sled::Config::new().path(home.path().join("store")).open().unwrap()
}

#[test]
fn a_table_of_a_later_version_is_refused_and_kept() {
    let home = Home::started();
    let state = filled(&home, 3);
    let database = raw(&home);
    database.open_tree("labels").unwrap().insert("key", "value").unwrap();
    database.flush().unwrap();
    drop(database);
    let notes = || ["format", "end"].map(|name| fs::read(home.path().join(name)).unwrap());
    let before = notes();
    for _ in 0..2 {
        let error = open_at(&home.path()).map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::Newer { what } if what == "the table labels"), "{error:?}");
        assert!(notes() == before);
    }
    let database = raw(&home);
    assert_eq!(database.open_tree("labels").unwrap().get("key").unwrap().unwrap(), "value");
    assert!(database.drop_tree("labels").unwrap());
    drop(database);
    assert!(*home.open().state() == *state, "the rest is as it was");
}

#[test]
fn an_emptied_store_is_never_a_fresh_one() {
    let home = Home::started();
    filled(&home, 3);
    let engine = Engine::open(&home.path().join("store")).unwrap();
    let mut all = Vec::new();
    for (each, _) in Table::ALL {
        let found = engine.scan_on(each, &[], 100).unwrap();
        all.extend(found.iter().map(|(key, _)| change(each, key, None)));
    }
    engine.commit(&all).unwrap();
    engine.close().unwrap();
    fs::remove_file(home.path().join("end")).unwrap();
    assert!(matches!(open_at(&home.path()).map(|_| ()), Err(Error::Corrupt { .. })));
}

#[test]
fn reads_of_a_store_that_is_being_opened_again_say_so() {
    let home = Home::new();
    let store = home.open();
    start(&store);
    add_account(&store, 10).unwrap();
    store.usage().note(id(10), usage(0));
    store.shared.engine.close().unwrap();
    assert!(matches!(store.audit_before(None, 1), Err(Error::Closed)));
    assert_eq!(store.state().users_count(), 1);
    // Recovery opens it again; here by hand.
    store.shared.engine.reopen().unwrap();
    assert_eq!(store.audit_before(None, 1).unwrap().len(), 1);
    assert_eq!(store.refusal(moment()), None);
}
