//! The corpora of the fuzz targets (`tests/fuzz`), replayed: whatever was once found, or thought of, stops no parser; nor does
//! what chance makes of it.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use dockpass::domain::random;

use crate::support::{lossy::Dice, process::is_long};

#[path = "../fuzz/readers.rs"]
mod readers;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_file_of_a_corpus_is_read_without_a_panic() {
    let corpora = corpora();
    let mut known: Vec<&str> = readers::ALL.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(names(&corpora), known, "a corpus for each reader");
    for (name, read) in readers::ALL {
        let corpus = corpora.join(name);
        let files = names(&corpus);
        assert!(files.len() >= 10, "hardly anything is in {name}");
        for file in files {
            println!("{name}/{file}");
            read(&fs::read(corpus.join(&file)).expect("a file"));
        }
    }
}

/// One of the files, changed in a few places; perhaps with a piece of another.
fn changed(files: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    const BORDERS: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, b'"', b':', b'/', b'\n', b'%'];
    let mut bytes = files[dice.below(files.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(32)).min(bytes.len());
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = BORDERS[dice.below(BORDERS.len())],
            2 => bytes.insert(at, BORDERS[dice.below(BORDERS.len())]),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let other = &files[dice.below(files.len())];
                let from = dice.below(other.len() + 1);
                let piece: Vec<u8> = other[from..].iter().take(dice.below(64)).copied().collect();
                bytes.splice(at..at, piece);
            }
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

#[test]
fn what_chance_makes_of_a_corpus_is_read_without_a_panic() {
    let rounds = if is_long() { 100_000 } else { 300 };
    let seed = u64::from_le_bytes(random::bytes().expect("a seed"));
    for (name, read) in readers::ALL {
        let corpus = corpora().join(name);
        let read_file = |file: &String| fs::read(corpus.join(file)).expect("a file");
        let (files, mut dice): (Vec<Vec<u8>>, _) = (names(&corpus).iter().map(read_file).collect(), Dice::new(seed));
        for round in 0..rounds {
            let bytes = changed(&files, &mut dice);
            let is_read = catch_unwind(AssertUnwindSafe(|| read(&bytes))).is_ok();
            assert!(is_read, "{name}, round {round} of seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
        }
        println!("{name}: {rounds} rounds of seed {seed}");
    }
}

#[test]
fn every_reader_is_a_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("the manifest");
    for (name, _) in readers::ALL {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let target = fs::read_to_string(fuzz.join(format!("targets/{name}.rs"))).expect("a target");
        assert!(target.contains(&format!("readers::{name}(bytes)")), "{name}");
    }
}
