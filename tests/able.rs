//! What a test can do on this machine: act as root, mount a file system, trace a process. Root can do all of it, and so a test
//! that root runs, as `tests/run` does, fails where it is not done. For anybody else the test is left out, and says so.

use std::{
    fmt::Display,
    fs::{self, File},
    io::{Write, stderr},
    path::PathBuf,
    process::Command,
    thread,
};

use rustix::process::geteuid;
use tempfile::TempDir;

/// Whether the test runs as root, who alone does `what`, such as "gives files away". Says so if not.
pub(crate) fn is_root(what: &str) -> bool {
    let is_root = geteuid().is_root();
    if !is_root {
        leave_out(&format!("only root {what}"));
    }
    is_root
}

/// What a test needs of the machine; none where only root could be given it, which is said.
///
/// # Panics
///
/// If it is not there for root.
pub(crate) fn given<T, E: Display>(made: Result<T, E>) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(why) => {
            assert!(!geteuid().is_root(), "root can do this, so the test is not left out: {why}");
            leave_out(&why.to_string());
            None
        }
    }
}

/// Says that a test, or a part of it, is left out. Not by `eprintln!`: what that says is kept from sight where the test passes.
pub(crate) fn leave_out(why: &str) {
    let test = thread::current();
    let _ = writeln!(stderr().lock(), "NOT LOOKED AT by {}: {why}", test.name().unwrap_or("a test"));
}

/// A small file system of its own; gone with the test.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where nothing may be mounted, which is said; root may.
    pub(crate) fn mount(mebibytes: u32) -> Option<Self> {
        let place = tempfile::tempdir().expect("a place for it");
        let size = format!("size={mebibytes}m,mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(place.path()).output();
        given(match mounted {
            Ok(output) if output.status.success() => Ok(Self(place)),
            other => Err(format!("no small file system can be mounted here: {other:?}")),
        })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn ballast(&self) -> File {
        File::options().append(true).create(true).open(self.0.path().join("ballast")).expect("a file")
    }

    /// Takes all room that is left, to the last byte.
    pub(crate) fn fill(&self) {
        let mut ballast = self.ballast();
        for size in [65_536, 4_096, 1] {
            while ballast.write_all(&vec![7; size]).is_ok() {}
        }
    }

    /// Takes all room but so many bytes.
    pub(crate) fn fill_but(&self, bytes: u64) {
        let room = rustix::fs::statvfs(self.0.path()).expect("it is mounted");
        let free = room.f_bavail * room.f_frsize;
        let mut ballast = self.ballast();
        let taken = usize::try_from(free.saturating_sub(bytes)).expect("it is small");
        ballast.write_all(&vec![7; taken]).expect("there is room");
    }

    /// From now on nothing can be written there, or everything again. Nobody may have a file open for writing.
    pub(crate) fn be_read_only(&self, is_read_only: bool) {
        let option = if is_read_only { "remount,ro" } else { "remount,rw" };
        let mounted = Command::new("mount").args(["-o", option]).arg(self.0.path()).output().expect("mount runs");
        assert!(mounted.status.success(), "{mounted:?}");
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.0.path().join("ballast")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
