//! What sled keeps beside its log: a page of more than a fourth of a segment is a file of its own, which sled writes and never
//! syncs. A few neighbouring rows with long texts make one.
//!
//! A log that names a blob which a power cut took has lost the whole page, with rows that were answered for long ago. So blobs
//! are made durable before the log that names them is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::private_file::sync_directory;

/// The blobs of one database.
pub(super) struct Blobs {
    directory: PathBuf,
    /// Those that are durable, with the length that each had then.
    durable: Mutex<BTreeMap<OsString, u64>>,
}

impl Blobs {
    /// Those of the database in this directory; none of them is known to be durable.
    pub(super) fn of(database: &Path) -> Self {
        Self { directory: database.join("blobs"), durable: Mutex::default() }
    }

    /// Makes durable what was written since the last time.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        let (mut present, mut has_new) = (BTreeMap::new(), false);
        for entry in found {
            let entry = entry?;
            let name = entry.file_name();
            match self.synced(&name, durable.get(&name).copied()) {
                // sled removes what it needs no more whenever it likes.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
                Ok((length, is_new)) => {
                    has_new |= is_new;
                    present.insert(name, length);
                }
            }
        }
        if has_new {
            sync_directory(&self.directory)?;
        }
        *durable = present;
        Ok(())
    }

    /// The length of a blob that is durable now, and whether it was not before.
    fn synced(&self, name: &OsString, durable: Option<u64>) -> io::Result<(u64, bool)> {
        let path = self.directory.join(name);
        let length = fs::symlink_metadata(&path)?.len();
        if durable == Some(length) {
            return Ok((length, false));
        }
        File::open(&path)?.sync_all()?;
        Ok((length, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_or_has_grown_is_synced_once_and_what_is_gone_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let blobs = Blobs::of(home.path());
        blobs.sync().unwrap();
        let directory = home.path().join("blobs");
        fs::create_dir(&directory).unwrap();
        let known = |name: &str| blobs.durable.lock().unwrap().get(&OsString::from(name)).copied();
        fs::write(directory.join("1"), "one").unwrap();
        blobs.sync().unwrap();
        assert_eq!(known("1"), Some(3));
        assert_eq!(blobs.synced(&"1".into(), known("1")).unwrap(), (3, false));
        fs::write(directory.join("1"), "longer").unwrap();
        assert_eq!(blobs.synced(&"1".into(), known("1")).unwrap(), (6, true));
        fs::write(directory.join("2"), "").unwrap();
        blobs.sync().unwrap();
        assert_eq!((known("1"), known("2")), (Some(6), Some(0)));
        fs::remove_file(directory.join("1")).unwrap();
        blobs.sync().unwrap();
        assert_eq!((known("1"), known("2")), (None, Some(0)));
    }
}
