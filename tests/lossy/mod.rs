//! A file system of the tests' own that forgets: it records every write, rename, truncation and sync of every file, makes
//! disks as they could be after a power cut ([`image`]), and fails where a test says so.
//!
//! It is all in memory, and mounted by FUSE: what is tested works on it as on any other. It needs `/dev/fuse`, and root or
//! `fusermount3`; where it cannot be mounted a test fails, and is not left out.

mod files;
mod fuse;
mod image;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::{BackgroundSession, Config, MountOption};

use files::{Files, Syncs};
pub(crate) use image::{Dice, Loss, Recording};

/// A mounted disk. Unmounted on drop.
pub(crate) struct LossyDisk {
    place: PathBuf,
    files: Arc<Mutex<Files>>,
    session: Mutex<Option<BackgroundSession>>,
}

impl LossyDisk {
    /// An empty disk at this path, which is made, and is its root.
    pub(crate) fn at(place: &Path) -> Self {
        std::fs::create_dir_all(place).expect("a place for the disk");
        let files = Arc::new(Mutex::new(Files::new()));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("dockpass-tests".to_owned()), MountOption::NoAtime];
        let mounted = fuser::spawn_mount(fuse::Mounted(Arc::clone(&files)), place, &config);
        let session = mounted.unwrap_or_else(|error| {
            panic!(
                "no FUSE file system can be mounted at {}: {error}; it takes /dev/fuse, and root or fusermount3",
                place.display()
            )
        });
        Self { place: place.to_owned(), files, session: Mutex::new(Some(session)) }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many acts it has recorded so far: a moment at which the power may be cut.
    pub(crate) fn moment(&self) -> usize {
        self.files().acts.len()
    }

    /// Everything that is there now is on the disk, as if all had been synced.
    pub(crate) fn settle(&self) {
        self.files().settle();
    }

    /// What was recorded so far.
    pub(crate) fn recording(&self) -> Recording {
        self.files().recording()
    }

    /// From now on so many bytes fit.
    pub(crate) fn leave_room(&self, bytes: usize) {
        let mut files = self.files();
        files.room = Some(files.used + bytes);
    }

    /// From the moment on in which something gets this name, nothing more fits.
    pub(crate) fn fill_once_renamed_to(&self, name: &str) {
        self.files().fills_at = Some(name.into());
    }

    /// From now on all that is written fits.
    pub(crate) fn make_room(&self) {
        self.files().room = None;
    }

    /// The `fdatasync` after so many others fails, and what was to be synced may be lost.
    pub(crate) fn fail_sync_after(&self, others: usize) {
        self.files().syncs_left = Some((others, Syncs::OfData));
    }

    /// The same of any sync, also of a directory.
    pub(crate) fn fail_any_sync_after(&self, others: usize) {
        self.files().syncs_left = Some((others, Syncs::All));
    }

    /// How many syncs have failed.
    pub(crate) fn failed_syncs(&self) -> usize {
        self.files().failed_syncs
    }

    /// From now on reading a file of this name fails.
    pub(crate) fn fail_reads_of(&self, name: &str) {
        self.files().unreadable = Some(name.into());
    }

    /// The same, from the moment on in which something gets the other name.
    pub(crate) fn fail_reads_once_renamed_to(&self, name: &str, file: &str) {
        self.files().unreadable_at = Some((name.into(), file.into()));
    }

    /// How many reads have failed.
    pub(crate) fn failed_reads(&self) -> usize {
        self.files().failed_reads
    }

    /// From now on nothing can be changed, as on a file system that its system has made read-only after an error.
    pub(crate) fn be_read_only(&self) {
        self.files().is_read_only = true;
    }

    /// From now on nothing fails any more.
    pub(crate) fn heal(&self) {
        let mut files = self.files();
        files.is_read_only = false;
        (files.syncs_left, files.unreadable, files.room) = (None, None, None);
    }
}

impl LossyDisk {
    /// Takes it from its place. What was recorded stays.
    pub(crate) fn unmount(&self) {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        if session.is_some_and(|session| session.umount_and_join().is_err()) {
            // Somebody still has a file open, such as a server that a failed test leaves.
            let _ = Command::new("umount").arg("--lazy").arg(&self.place).status();
        }
    }
}

impl Drop for LossyDisk {
    fn drop(&mut self) {
        self.unmount();
    }
}
