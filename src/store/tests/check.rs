//! The check finds what is wrong, one by one, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::change::RowChange;
use super::super::check::{CheckedStore, check_directory};
use super::super::engine::Engine;
use super::super::table::{self, Table};
use super::super::{Error, State, row};
use super::support::*;

fn filled() -> Home {
    let home = Home::started();
    let store = home.open();
    for number in 10..20 {
        add_account(&store, number).unwrap();
    }
    write(&store, |txn| {
        txn.put_token(token(100, 12))?;
        txn.put_repository(repository("user-10/app", 500))?;
        Ok(grant_to(txn, "user-10/app", 11, crate::domain::access::GrantLevel::ReadWrite)?)
    })
    .unwrap();
    let found = store.check().unwrap();
    assert_eq!((found.problems.as_slice(), found.audit), (&[][..], store.state().audit()));
    drop(store);
    home
}

/// Every file with its bytes, but for the lock.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if !entry.ends_with("lock") {
            found.insert(entry.clone(), fs::read(&entry).unwrap());
        }
    }
    found
}

fn checked(home: &Home) -> CheckedStore {
    let before = files(&home.path());
    let found = check_directory(&home.path()).unwrap();
    assert!(files(&home.path()) == before, "the check has changed something");
    found
}

fn put(home: &Home, changes: &[RowChange]) {
    let engine = Engine::open(&home.path().join("store")).unwrap();
    engine.commit(changes).unwrap();
    engine.close().unwrap();
}

fn problems(found: &CheckedStore) -> Vec<(Option<&str>, String)> {
    found.problems.iter().map(|it| (it.table, it.problem.clone())).collect()
}

#[test]
fn a_whole_store_has_no_problem_and_stays_as_it_is() {
    let home = filled();
    let found = checked(&home);
    assert_eq!((problems(&found), found.more), (Vec::new(), 0));
    assert!(found.records > 13 && found.audit_records == 10 && found.batch > 0);
}

#[test]
fn each_damaged_record_is_named() {
    let home = filled();
    let account = row::put(&account(13)).unwrap();
    let orphan = row::put(&token(700, 888)).unwrap();
    put(
        &home,
        &[
            RowChange { value: Some(vec![1, 2, 3]), ..account.clone() },
            RowChange { key: table::id(id(998)), ..account },
            orphan,
            RowChange { table: Table::Audit, key: 5_u64.to_be_bytes().to_vec(), value: None },
        ],
    );
    let found = checked(&home);
    let problems = problems(&found);
    let has =
        |table: Table, part: &str| problems.iter().any(|(of, said)| *of == Some(table.name()) && said.contains(part));
    assert!(has(Table::Accounts, "does not decode") && has(Table::Accounts, "key"), "{problems:?}");
    assert!(has(Table::Tokens, "no such owner") && has(Table::Audit, "record 5 is missing"), "{problems:?}");
    assert!(problems.iter().any(|(table, said)| table.is_none() && said.contains("others than were written")));
    assert!(found.problems.iter().any(|it| it.key == Some("000000000000000000000000000002bc".to_owned())));
    assert!(found.problems.iter().all(|it| it.remedy.contains("restore a backup")));
    // A start refuses it, and names the first alone.
    assert!(matches!(open_at(&home.path()), Err(Error::Corrupt { .. })));
}

/// Otherwise one secret would open two access tokens.
#[test]
fn two_access_tokens_with_one_hash_are_named() {
    let home = filled();
    let twin = row::put(&token(101, 12).with(|it| it.hash = hash(100))).unwrap();
    put(&home, &[twin]);
    let found = checked(&home);
    let twice: Vec<_> = found.problems.iter().filter(|it| it.table == Some(Table::Tokens.name())).collect();
    assert!(matches!(&twice[..], [one] if one.problem.contains("the hash stands twice")), "{:?}", found.problems);
    assert_eq!(twice[0].key.as_deref(), Some("00000000000000000000000000000065"), "the one that came later");
    assert!(matches!(open_at(&home.path()), Err(Error::Corrupt { .. })));
}

#[test]
fn what_is_in_memory_is_compared_with_what_is_on_the_disk() {
    let home = filled();
    let store = home.open();
    let whole = store.state();
    let mut without = State::clone(&whole);
    without.apply(&RowChange { table: Table::Tokens, key: table::id(id(100)), value: None }).unwrap();
    store.shared.state.store(Arc::new(without));
    let found = store.check().unwrap();
    let told = "the server has something else in memory than is on the disk";
    assert_eq!(problems(&found), [(None, told.to_owned())]);
    assert!(found.problems[0].remedy.starts_with("restart the server"), "{:?}", found.problems);
    store.shared.state.store(whole);
    assert_eq!(problems(&store.check().unwrap()), []);
}

#[test]
fn what_stands_beside_the_store_is_looked_at() {
    let home = filled();
    let journal = home.path().join("journal");
    let kept = fs::read(&journal).unwrap();
    fs::remove_file(&journal).unwrap();
    assert!(problems(&checked(&home))[0].1.contains("journal of endings is missing"));
    fs::write(&journal, vec![1; kept.len()]).unwrap();
    assert!(problems(&checked(&home))[0].1.contains("damaged"));
    fs::write(&journal, kept).unwrap();
    fs::remove_file(home.path().join("end")).unwrap();
    fs::write(home.path().join("end"), b"").unwrap();
    assert_eq!(problems(&checked(&home))[0].1, "`end` says nothing");
    let key = home.path().join("keys/audit.key");
    fs::rename(&key, home.path().join("keys/elsewhere")).unwrap();
    assert!(problems(&checked(&home))[0].1.contains("audit.key"));
}

#[test]
fn more_problems_than_are_told_are_counted() {
    let home = filled();
    let broken: Vec<RowChange> = (0..150)
        .map(|number| RowChange { table: Table::Accounts, key: table::id(id(5_000 + number)), value: Some(vec![0]) })
        .collect();
    put(&home, &broken);
    let found = checked(&home);
    assert!(found.problems.len() == 100 && found.more >= 50, "{}", found.more);
}

#[test]
fn a_store_that_is_open_is_checked_while_it_is_written() {
    let home = filled();
    let store = home.open();
    std::thread::scope(|scope| {
        scope.spawn(|| (1_000..1_060).for_each(|number| add_account(&store, number).unwrap()));
        for _ in 0..10 {
            assert_eq!(problems(&store.check().unwrap()), []);
        }
    });
    assert!(matches!(check_directory(&home.path()), Err(Error::Locked { .. })));
}

#[test]
fn what_a_killed_check_has_left_goes_at_the_next_start_and_no_link_is_followed() {
    let home = filled();
    let (left, theirs) = (home.path().join("checking"), tempfile::tempdir().unwrap());
    fs::create_dir(&left).unwrap();
    fs::write(left.join("end"), "half").unwrap();
    drop(home.open());
    assert!(!left.exists());
    fs::write(theirs.path().join("end"), "theirs").unwrap();
    symlink(theirs.path(), &left).unwrap();
    assert_eq!(problems(&check_directory(&home.path()).unwrap()), []);
    assert!(fs::symlink_metadata(&left).is_err(), "the link has gone");
    assert_eq!(fs::read_to_string(theirs.path().join("end")).unwrap(), "theirs");
    assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 1);
    // Nor is what is read.
    for name in ["journal", "end", "store/db", "store"] {
        let (file, elsewhere) = (home.path().join(name), theirs.path().join("moved"));
        fs::rename(&file, &elsewhere).unwrap();
        symlink(&elsewhere, &file).unwrap();
        assert!(check_directory(&home.path()).is_err(), "{name}");
        fs::remove_file(&file).unwrap();
        fs::rename(&elsewhere, &file).unwrap();
    }
    // What has a second name may be somebody else's.
    fs::hard_link(home.path().join("store/db"), theirs.path().join("second")).unwrap();
    assert!(check_directory(&home.path()).is_err());
    fs::remove_file(theirs.path().join("second")).unwrap();
    assert_eq!(problems(&checked(&home)), []);
}
