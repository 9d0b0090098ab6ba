//! A copy of what a start reads, made beside it for a check.
//!
//! Root checks directories that belong to somebody else, who may change them meanwhile. So everything is opened under what was
//! opened before, by its name alone and without following a link; only ordinary files with one name are copied; and the copy
//! is emptied through what was opened, whatever has its name by then.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, mkdirat, openat, unlinkat};

use crate::data_files::{CHECKING, END, JOURNAL, STORE};
use crate::private_file::remove_directory;
use crate::store::directory::DataDirectory;
use crate::store::error::Error;

/// How a directory is opened.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How a file is read.
const READ: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
/// How a file is made.
const MAKE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);

/// The copy; gone once it is dropped.
pub(super) struct Copy {
    /// The data directory.
    pub(super) of: PathBuf,
    /// Where the copy is, through what was opened.
    pub(super) path: PathBuf,
    /// The data directory, opened.
    home: OwnedFd,
    /// The directory of the copy, which nobody else may change.
    opened: OwnedFd,
}

impl Copy {
    pub(super) fn of(directory: &DataDirectory) -> Result<Self, Error> {
        let place = directory.path().join(CHECKING);
        let made = Self::make(directory.path(), &place);
        made.map_err(|source| Error::Io { path: place, source })
    }

    fn make(of: &Path, place: &Path) -> io::Result<Self> {
        remove_directory(place)?;
        let home = openat(CWD, of, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        mkdirat(&home, CHECKING, Mode::RWXU)?;
        let opened = openat(&home, CHECKING, DIRECTORY, Mode::empty())?;
        if fstat(&opened)?.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("somebody has put another directory in its place"));
        }
        let path = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
        let copy = Self { of: of.to_owned(), path, home, opened };
        for file in [END, JOURNAL] {
            match copy_file(copy.home.as_fd(), copy.opened.as_fd(), file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        copy_all(copy.home.as_fd(), copy.opened.as_fd(), STORE)?;
        Ok(copy)
    }

    fn remove(&self) -> io::Result<()> {
        empty(self.opened.as_fd())?;
        unlinkat(&self.home, CHECKING, AtFlags::REMOVEDIR)?;
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            log::warn!("{}: {error}", self.of.join(CHECKING).display());
        }
    }
}

fn names(directory: BorrowedFd<'_>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_str().map_err(io::Error::other)?;
        if !matches!(name, "." | "..") {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Copies the directory of this name from one directory to another.
fn copy_all(from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let from = openat(from, name, DIRECTORY, Mode::empty())?;
    mkdirat(to, name, Mode::RWXU)?;
    let to = openat(to, name, DIRECTORY, Mode::empty())?;
    for name in names(from.as_fd())? {
        let found = rustix::fs::statat(&from, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            copy_all(from.as_fd(), to.as_fd(), &name)?;
        } else {
            copy_file(from.as_fd(), to.as_fd(), &name)?;
        }
    }
    Ok(())
}

/// Copies an ordinary file of one name to where none is.
fn copy_file(from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let from = openat(from, name, READ, Mode::empty())?;
    let found = fstat(&from)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile || found.st_nlink != 1 {
        return Err(io::Error::other(format!("`{name}` is no ordinary file with one name")));
    }
    let to = openat(to, name, MAKE, Mode::RUSR | Mode::WUSR)?;
    io::copy(&mut File::from(from), &mut File::from(to)).map(drop)
}

/// Removes what is in a directory.
fn empty(directory: BorrowedFd<'_>) -> io::Result<()> {
    for name in names(directory)? {
        let found = rustix::fs::statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            empty(openat(directory, &name, DIRECTORY, Mode::empty())?.as_fd())?;
            unlinkat(directory, &name, AtFlags::REMOVEDIR)?;
        } else {
            unlinkat(directory, &name, AtFlags::empty())?;
        }
    }
    Ok(())
}
