//! Golden files: compares what a test found with `tests/golden`. Each directory is compared as a whole, so a file
//! that no test makes fails the run. `DOCKPASS_WRITE_GOLDEN=1` writes what was found instead; review the difference.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::process::environment;

/// File names with their texts.
pub(crate) type Texts = BTreeMap<String, String>;

/// `tests/golden`.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The texts of a directory.
pub(crate) fn read(directory: &Path) -> Texts {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.expect("an entry"));
    let texts = entries.map(|entry| {
        let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{entry:?}: {error}"));
        (entry.file_name().into_string().expect("a name"), text)
    });
    texts.collect()
}

/// Stops the test unless the directory `name` of `tests/golden` holds just these texts.
pub(crate) fn must_be_golden(name: &str, found: &Texts) {
    let directory = golden().join(name);
    if environment("DOCKPASS_WRITE_GOLDEN").is_some() {
        write(&directory, found);
    }
    let expected = read(&directory);
    let mut report = String::new();
    for file in expected.keys().filter(|file| !found.contains_key(*file)) {
        let _ = writeln!(report, "tests/golden/{name}/{file}: nothing makes this any more");
    }
    for (file, text) in found {
        match expected.get(file) {
            Some(expected) if expected == text => {}
            Some(expected) => {
                let _ = writeln!(report, "tests/golden/{name}/{file}: expected\n{expected}\nfound\n{text}");
            }
            None => {
                let _ = writeln!(report, "tests/golden/{name}/{file} is missing:\n{text}");
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

fn write(directory: &Path, found: &Texts) {
    if directory.exists() {
        fs::remove_dir_all(directory).expect("a directory can be removed");
    }
    fs::create_dir_all(directory).expect("a directory can be made");
    for (file, text) in found {
        fs::write(directory.join(file), text).expect("a file can be written");
    }
}
