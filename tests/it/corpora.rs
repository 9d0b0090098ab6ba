//! The corpora of the fuzz targets (`tests/fuzz`), replayed: whatever was once found, or thought of, stops no parser.

use std::{fs, path::Path};

#[path = "../fuzz/readers.rs"]
mod readers;

#[test]
fn every_file_of_a_corpus_is_read_without_a_panic() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let names = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    };
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
