//! Whether an open file is still the one that its path names: what is written into a file that was removed, moved or
//! replaced is gone with it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file of the operating system it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SameFile {
    device: u64,
    inode: u64,
}

impl SameFile {
    /// That of an open file.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self { device: found.dev(), inode: found.ino() })
    }

    /// Whether the path names it.
    pub(super) fn is_at(self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| self == Self { device: found.dev(), inode: found.ino() })
    }
}
