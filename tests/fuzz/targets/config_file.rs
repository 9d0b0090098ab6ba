//! The configuration file: any text is a configuration or an error that names the file, never a panic.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use dockpass::config::Config;
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory").keep();
    directory.join("config.toml")
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("a file can be written");
    match Config::load(Some(&FILE), std::iter::empty(), &[]) {
        Ok(loaded) => assert!(!loaded.config.describe().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
