//! The file of the journal: what is noted is read back, torn writes cost nothing that was answered, damage is told, and
//! nobody takes the room of others.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::change::RowChange;
use super::super::journal::{Journal, NotNoted};
use super::super::record::Folded;
use super::super::{Error, Share, Table};
use super::support::id;

const BLOCK: usize = 4_096;
const NONE: Folded = Folded { sequence: 0 };

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    fn open(&self) -> Journal {
        Journal::open(&self.path(), NONE).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// What is wrong with it; the names of the whole entries are in the log alone.
    fn damage(&self) -> String {
        match Journal::open(&self.path(), NONE).map(|journal| journal.entries().len()) {
            Err(Error::Journal { path, reason }) if path == self.path() => reason,
            other => panic!("{other:?}"),
        }
    }
}

fn change(number: u64, length: usize) -> Vec<RowChange> {
    vec![RowChange { table: Table::Tokens, key: number.to_be_bytes().to_vec(), value: Some(vec![7; length]) }]
}

fn note(journal: &mut Journal, number: u64) {
    journal.note(Share::Local, 40, change(number, 100)).unwrap();
}

/// The first numbers of the keys that it holds.
fn numbers(journal: &Journal) -> Vec<u64> {
    let keys = journal.entries().iter().map(|entry| entry.changes[0].key.as_slice());
    keys.map(|key| u64::from_be_bytes(key.try_into().unwrap())).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_noted_is_read_back_and_emptied_once_folded() {
    let file = File::new();
    let mut journal = file.open();
    assert!(journal.entries().is_empty());
    assert_eq!(file.bytes().len(), 1_024 * BLOCK);
    (1..=3).for_each(|number| note(&mut journal, number));
    let reopened = file.open();
    assert_eq!(reopened.entries(), journal.entries());
    assert_eq!((numbers(&reopened), reopened.all()), (vec![1, 2, 3], Folded { sequence: 3 }));
    // The store has the first two: the process ended before the journal was emptied.
    let reopened = Journal::open(&file.path(), Folded { sequence: 2 }).unwrap();
    assert_eq!(numbers(&reopened), [3]);
    let mut reopened = Journal::open(&file.path(), Folded { sequence: 3 }).unwrap();
    assert!(reopened.entries().is_empty());
    // What was there before is not taken for what comes after it.
    note(&mut reopened, 4);
    assert_eq!(numbers(&Journal::open(&file.path(), Folded { sequence: 3 }).unwrap()), [4]);
    reopened.clear(reopened.all());
    assert!(Journal::open(&file.path(), NONE).unwrap().entries().is_empty());
}

#[test]
fn all_of_the_file_is_on_the_disk_before_it_is_needed() {
    use std::os::unix::fs::MetadataExt;
    let file = File::new();
    file.open();
    let found = fs::metadata(file.path()).unwrap();
    assert!(found.blocks() * 512 >= found.len(), "{} of {} bytes", found.blocks() * 512, found.len());
    assert_eq!(found.mode() & 0o777, 0o600);
}

/// Between two notes the disk holds any of the new blocks, and of the last written any part.
#[test]
fn a_torn_note_costs_nothing_that_was_answered() {
    let file = File::new();
    let mut journal = file.open();
    note(&mut journal, 1);
    for number in 2..6 {
        let before = file.bytes();
        journal.note(Share::Local, 40, change(number, 5_000)).unwrap();
        let after = file.bytes();
        let blocks = (0..after.len() / BLOCK).map(|block| block * BLOCK..(block + 1) * BLOCK);
        let (heads, entry): (Vec<_>, Vec<_>) = blocks
            .filter(|block| before[block.clone()] != after[block.clone()])
            .partition(|block| block.start < 2 * BLOCK);
        assert_eq!((heads.len(), entry.len()), (1, 2));
        let earlier: Vec<u64> = (1..number).collect();
        let answered: Vec<u64> = (1..=number).collect();
        let opened = |bytes: &[u8]| {
            fs::write(file.path(), bytes).unwrap();
            numbers(&file.open())
        };
        for kept in 0..2 {
            let mut torn = before.clone();
            torn[entry[kept].clone()].copy_from_slice(&after[entry[kept].clone()]);
            assert_eq!(opened(&torn), earlier, "block {kept} of the entry alone");
        }
        let mut torn = before.clone();
        entry.iter().for_each(|block| torn[block.clone()].copy_from_slice(&after[block.clone()]));
        for length in [0, 1, 4, 40, 60, 100, BLOCK] {
            let head = heads[0].start..heads[0].start + length;
            torn[head.clone()].copy_from_slice(&after[head]);
            assert_eq!(opened(&torn), answered, "{length} bytes of the head");
        }
        fs::write(file.path(), &after).unwrap();
        journal = file.open();
    }
}

#[test]
fn damage_to_what_was_answered_is_told_and_never_forgotten() {
    for (place, wrong) in [(2, "entry 1 of 3"), (3, "entry 2 of 3"), (4, "entry 3 of 3")] {
        let file = File::new();
        let mut journal = file.open();
        (1..=3).for_each(|number| note(&mut journal, number));
        flip(&file.path(), place * BLOCK + 60);
        for _ in 0..2 {
            assert!(file.damage().starts_with(wrong), "{}", file.damage());
        }
        // The store has it already: there is nothing to forget.
        assert!(Journal::open(&file.path(), Folded { sequence: 3 }).unwrap().entries().is_empty());
    }
}

#[test]
fn one_head_may_be_damaged_and_not_both() {
    for place in [0, 1] {
        let file = File::new();
        let mut journal = file.open();
        (1..=3).for_each(|number| note(&mut journal, number));
        flip(&file.path(), place * BLOCK + 40);
        assert_eq!(numbers(&file.open()), [1, 2, 3]);
        flip(&file.path(), (1 - place) * BLOCK + 40);
        assert!(file.damage().contains("neither of the two"));
    }
    for content in [Vec::new(), b"other".to_vec(), vec![0; 1_024 * BLOCK]] {
        let file = File::new();
        fs::write(file.path(), &content).unwrap();
        file.damage();
        assert!(fs::read(file.path()).unwrap() == content, "what is damaged is left as it is");
    }
}

#[test]
fn no_account_takes_the_room_of_another_nor_its_tokens_the_owners() {
    let file = File::new();
    let mut journal = file.open();
    let mut fill =
        |share: Share| (0..2_000).take_while(|number| journal.note(share, 40, change(*number, 100)).is_ok()).count();
    let by = |account: u64, by_token: bool| Share::Account { account: id(account), by_token };
    assert_eq!((fill(by(1, true)), fill(by(1, false)), fill(by(1, true))), (8, 8, 0));
    assert_eq!((fill(by(2, false)), fill(by(2, true))), (16, 0));
    let others: usize = (3..100).map(|account| fill(by(account, false))).sum();
    assert_eq!(others, 768 - 2 - 32);
    assert_eq!((fill(Share::Administrator), fill(Share::Administrator)), (960 - 768, 0));
    assert_eq!((fill(by(500, false)), fill(Share::Local), fill(Share::Local)), (0, 64, 0));
    // A start counts the same.
    let mut journal = file.open();
    assert_eq!(journal.entries().len(), 1_022);
    assert_eq!(journal.note(Share::Local, 40, change(1, 100)), Err(NotNoted::NoRoom));
    journal.clear(journal.all());
    note(&mut journal, 1);
    assert_eq!(journal.note(by(1, true), 40, change(1, 60_000)), Err(NotNoted::NoRoom), "more than its tokens may");
    assert_eq!(
        journal.note(Share::Local, 40, change(1, 200_000)),
        Err(NotNoted::NoRoom),
        "more than a record may have"
    );
    assert_eq!(numbers(&journal), [1]);
}

#[test]
fn nothing_is_noted_in_a_file_that_was_moved_away() {
    let file = File::new();
    let mut journal = file.open();
    note(&mut journal, 1);
    let moved = file.path().with_file_name("moved");
    fs::rename(file.path(), &moved).unwrap();
    assert_eq!(journal.note(Share::Local, 40, change(2, 100)), Err(NotNoted::NoRoom));
    fs::rename(moved, file.path()).unwrap();
    note(&mut journal, 3);
    assert_eq!(numbers(&file.open()), [1, 3]);
}
