//! Gives files that root made to the owner of the data directory.
//!
//! The owner may change the directory while root walks through it, so every entry is opened without following links,
//! and only files that root made and nobody linked to are given away.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Uid, chownat, fstat, openat};

use crate::data_files::{CHECKING, is_known};

#[derive(Clone, Copy)]
struct Owner {
    uid: Uid,
    gid: Gid,
}

/// Gives every file of ours in the directory that belongs to root to the directory's owner: nothing of any other name, and not
/// the copy of a check, which root may have under way. Does nothing unless root calls.
pub(super) fn give_to_owner(directory: &Path) -> io::Result<()> {
    let opened = openat(CWD, directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let found = fstat(&opened)?;
    if !rustix::process::geteuid().is_root() || found.st_uid == 0 {
        return Ok(());
    }
    let owner = Owner { uid: Uid::from_raw(found.st_uid), gid: Gid::from_raw(found.st_gid) };
    let is_ours = |name: &CStr| name.to_str().is_ok_and(|name| name != CHECKING && is_known(name));
    give_contents(opened.as_fd(), owner, is_ours)
}

fn give_contents(directory: BorrowedFd<'_>, owner: Owner, is_to_go: impl Fn(&CStr) -> bool) -> io::Result<()> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") && is_to_go(entry.file_name()) {
            match give(directory, entry.file_name(), owner) {
                // sled removes its old snapshots whenever it likes.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

fn give(directory: BorrowedFd<'_>, name: &CStr, owner: Owner) -> io::Result<()> {
    let entry = openat(directory, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let found = fstat(&entry)?;
    let kind = FileType::from_raw_mode(found.st_mode);
    let may_be_given = found.st_uid == 0 && (kind == FileType::Directory || found.st_nlink == 1);
    if may_be_given && kind != FileType::Symlink {
        chownat(&entry, c"", Some(owner.uid), Some(owner.gid), AtFlags::EMPTY_PATH)?;
    }
    if kind == FileType::Directory {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        give_contents(openat(directory, name, flags, Mode::empty())?.as_fd(), owner, |_| true)?;
    }
    Ok(())
}
