//! What operators install dockpass from, `packaging`: each part is made as a release makes it, and tried.

mod container;
mod debian;
mod kubernetes;
mod manager;
mod release;
mod systemd;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::support::{
    able,
    exe::{executable, is_release},
    process::{Run, command, environment},
};

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(packaged(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A place beside what cargo builds.
fn in_target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name)
}

/// What cargo and git need of the environment.
fn of_builds() -> impl Iterator<Item = (&'static str, String)> {
    let names = ["HOME", "CARGO_HOME", "RUSTUP_HOME"].into_iter();
    names.filter_map(|name| environment(name).map(|value| (name, value)))
}

/// `packaging/release` for the executable under test.
fn releasing(directory: &Path) -> Command {
    let mut release = command(packaged("release"));
    release.envs(of_builds()).arg("--executable").arg(executable()).arg(directory);
    release
}

/// A release of the executable under test, made once for all tests. None where there is no static executable, or no root to
/// build a container image: that is said.
fn release() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        if !is_release() {
            able::leave_out("DOCKPASS_BIN names no release; tests/run builds one");
            return None;
        }
        let directory = able::is_root("builds container images here").then(|| in_target("tmp/release"))?;
        let _ = fs::remove_dir_all(&directory);
        Run::of(&mut releasing(&directory), "").must_succeed();
        Some(directory)
    });
    made.as_deref()
}

/// The one file of a release whose name ends so.
fn released(directory: &Path, end: &str) -> PathBuf {
    let entries = fs::read_dir(directory).expect("the release").map(|entry| entry.expect("an entry").path());
    let found: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{end}: {found:?}");
    found[0].clone()
}
