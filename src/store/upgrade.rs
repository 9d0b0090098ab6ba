//! Before a start brings the store of an earlier dockpass to today's format, which that one will not open any more: it says
//! so, and keeps a backup of the store as it was.
//!
//! The backup is the way back: its rows stand in it as the earlier dockpass has written them, under its format, so that it
//! can restore it where it knows backups (from format 9 on), and every later one can. It lies in the data directory, where a
//! service can always write, beside what sled owns: or in a directory that the site names. It has its name only once it was
//! read back whole. No start makes a second one of the same batch: one that fails after it and is tried for ever must not fill
//! the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::audit_key::AuditKey;
use super::backup::{self, BackupError, BackupHeader, BackupTrouble, verify_backup};
use super::directory::{DataDirectory, FORMAT};
use super::end::NotedEnd;
use super::engine::Engine;
use super::error::Error;
use super::journal::Journal;
use super::load;
use super::migration;
use super::seal::{Seal, SealKey};
use super::snapshot::Snapshot;
use super::state::State;
use super::writer::room_at;
use crate::data_files::{UNFINISHED, UPGRADE_BACKUPS};
use crate::domain::id::Id;
use crate::domain::time::{Clock, Timestamp};
use crate::private_file::{self, NO_LINK, PrivateFileError, sync_directory};

/// What a start keeps of a store of an earlier format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UpgradeBackup {
    /// A backup in the data directory.
    #[default]
    InData,
    /// A backup in this directory.
    In(PathBuf),
    /// None.
    Off,
}

/// What the name of a backup ends with.
const END: &str = ".backup";
/// How many backups of one second find a name.
const SAME: u32 = 100;
/// Room beside that for the rows, in bytes.
const BESIDE: u64 = 4 * 1024 * 1024;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// A file cannot be made, written, or put into its place.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] BackupError),
    /// It was read back, and is not whole.
    #[error("what was written does not read back: {0}")]
    ReadBack(#[from] BackupTrouble),
    /// There is no room.
    #[error("it needs {} MiB of free disk space, and there are {}", needed.div_ceil(1 << 20), free >> 20)]
    NoRoom {
        /// So much room is needed, in bytes.
        needed: u64,
        /// So much there is.
        free: u64,
    },
}

/// The store as an earlier dockpass has left it.
struct Earlier {
    state: State,
    seal: Seal,
}

/// Says that a store of an earlier format is brought to today's, and keeps a backup of it before; does nothing of any other.
///
/// # Errors
/// [`Error`]; nothing was changed then.
pub(super) fn prepare(
    directory: &DataDirectory,
    key: &AuditKey,
    keep: &UpgradeBackup,
    clock: &Clock,
) -> Result<(), Error> {
    let Some(found) = directory.format().filter(|found| *found < FORMAT) else { return Ok(()) };
    log::warn!(
        "{} is of an earlier dockpass: it is brought from format {found} to format {FORMAT}, and no earlier one opens it then",
        directory.path().display()
    );
    let place = match keep {
        UpgradeBackup::InData => directory.path().join(UPGRADE_BACKUPS),
        UpgradeBackup::In(place) => place.clone(),
        UpgradeBackup::Off => {
            log::warn!("no backup of it is made before, as server.upgrade_backup says");
            return Ok(());
        }
    };
    if directory.is_migrating() {
        // An earlier start has come so far, and made the backup that it was to make.
        return Ok(());
    }
    let engine = Engine::open_earlier(&directory.store())?;
    let earlier = Earlier::read(directory, &engine, &SealKey::of(key), found);
    let kept = earlier.and_then(|earlier| {
        let instance = earlier.state.meta().map(|meta| meta.instance);
        let keeping = Keeping { directory, place: &place, format: found, instance, seal: earlier.seal };
        keeping.keep(&engine, earlier.state, clock.now()).map_err(|source| Error::NotKept {
            format: found,
            known: FORMAT,
            place: place.clone(),
            source: Box::new(source),
        })
    });
    let closed = engine.close();
    kept.and(closed)
}

impl Earlier {
    /// Reads it whole, as a start does, so that one which is not whole is refused for what it is.
    fn read(directory: &DataDirectory, engine: &Engine, key: &SealKey, format: u32) -> Result<Self, Error> {
        if format <= migration::LAST_BEFORE {
            let (state, seal) = migration::read(engine, key, &directory.end())?;
            return Ok(Self { state, seal });
        }
        let loaded = load::load(engine, key)?;
        let path = directory.end();
        let (_, noted) = NotedEnd::open(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        noted.map_or(Ok(()), |noted| load::check_end(&loaded.seal, noted, &path))?;
        if directory.had_journal() && fs::symlink_metadata(directory.journal()).is_ok() {
            let waiting = Journal::open(&directory.journal(), loaded.folded)?.entries().len();
            if waiting > 0 {
                log::warn!(
                    "{waiting} endings that were made on a full disk are in force, and not in the backup: who goes back to it has \
                     to make them again"
                );
            }
        }
        Ok(Self { state: loaded.state, seal: loaded.seal })
    }
}

/// The keeping of one backup.
struct Keeping<'d> {
    directory: &'d DataDirectory,
    place: &'d Path,
    format: u32,
    /// Which store it is, and its end.
    instance: Option<Id>,
    seal: Seal,
}

impl Keeping<'_> {
    fn keep(&self, engine: &Engine, state: State, now: Timestamp) -> Result<(), NotKept> {
        private_file::make_directory(self.place)?;
        self.clear_unfinished()?;
        if let Some(kept) = self.kept()? {
            log::warn!("{} is the backup of this very store", kept.display());
            return Ok(());
        }
        self.refuse_without_room()?;
        let unfinished = self.place.join(format!("{}{UNFINISHED}", self.name(now, 0)));
        let snapshot = Snapshot::of(engine, self.seal, state);
        let kept = self.write(&snapshot, &unfinished, now).and_then(|()| self.name_it(&unfinished, now));
        match kept {
            Ok(kept) => {
                log::warn!("{} is a backup of it as it was: remove it once it is of no use any more", kept.display());
                Ok(())
            }
            Err(error) => {
                if let Err(error) = fs::remove_file(&unfinished).or_else(private_file::unless_missing) {
                    log::warn!("{} stays: {error}", unfinished.display());
                }
                Err(error)
            }
        }
    }

    fn name(&self, now: Timestamp, same: u32) -> String {
        let date: String = now.to_string().chars().filter(|letter| !matches!(letter, '-' | ':')).collect();
        let same = if same > 0 { format!("-{same}") } else { String::new() };
        format!("{}{date}{same}{END}", self.prefix())
    }

    /// What the names of all backups of this store and format begin with: a place of the site's may have those of others.
    fn prefix(&self) -> String {
        let instance = self.instance.map_or_else(|| "unknown".to_owned(), |instance| instance.to_string());
        format!("dockpass-format-{}-{instance}-", self.format)
    }

    /// Whether a backup is of this store as it is. Of one that was restored, and went on, another may have as many batches.
    fn is_of_it(&self, header: &BackupHeader) -> bool {
        (header.format, header.instance, header.batch, header.audit)
            == (self.format, self.instance, self.seal.number, self.seal.audit)
    }

    fn failed(&self, source: io::Error) -> NotKept {
        PrivateFileError::io(self.place, source).into()
    }

    /// The names of ours in the place.
    fn names(&self) -> Result<Vec<String>, NotKept> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.place).map_err(|source| self.failed(source))? {
            names.push(entry.map_err(|source| self.failed(source))?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name.starts_with(&self.prefix()));
        Ok(names)
    }

    /// Removes what interrupted starts of this store have left.
    fn clear_unfinished(&self) -> Result<(), NotKept> {
        for name in self.names()?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            fs::remove_file(self.place.join(name)).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    /// The backup of this batch, if an earlier start has made it.
    fn kept(&self) -> Result<Option<PathBuf>, NotKept> {
        let kept = self.names()?.into_iter().filter(|name| name.ends_with(END)).map(|name| self.place.join(name));
        let whole = |path: &PathBuf| open(path).ok().and_then(|file| verify_backup(file).ok());
        Ok(kept.into_iter().find(|path| whole(path).is_some_and(|found| self.is_of_it(&found.header))))
    }

    /// A backup is smaller than the files that the rows are in.
    fn refuse_without_room(&self) -> Result<(), NotKept> {
        let files = super::bytes_below(&self.directory.store()).map_err(|source| self.failed(source))?;
        let needed = files.saturating_add(BESIDE);
        match room_at(self.place).filter(|free| *free < needed) {
            Some(free) => Err(NotKept::NoRoom { needed, free }),
            None => Ok(()),
        }
    }

    fn write(&self, snapshot: &Snapshot<'_>, path: &Path, now: Timestamp) -> Result<(), NotKept> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).custom_flags(NO_LINK);
        let failed = |source| NotKept::from(PrivateFileError::io(path, source));
        let file = options.open(path).map_err(failed)?;
        let mut out = BufWriter::new(file);
        backup::write_earlier(&mut out, self.directory.path(), snapshot, self.format, now)?;
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)
    }

    /// Reads it back, and gives it its name, under which nothing was.
    fn name_it(&self, unfinished: &Path, now: Timestamp) -> Result<PathBuf, NotKept> {
        let failed = |source| NotKept::from(PrivateFileError::io(unfinished, source));
        let found = verify_backup(open(unfinished).map_err(failed)?)?;
        if !self.is_of_it(&found.header) {
            return Err(failed(io::Error::other("it is of another store, or of another batch of changes")));
        }
        for same in 0..SAME {
            let path = self.place.join(self.name(now, same));
            match renameat_with(CWD, unfinished, CWD, &path, RenameFlags::NOREPLACE) {
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(failed(error.into())),
                Ok(()) => {
                    sync_directory(self.place).map_err(failed)?;
                    return Ok(path);
                }
            }
        }
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    OpenOptions::new().read(true).custom_flags(NO_LINK).open(path).map(BufReader::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_does_not_tell_its_room_refuses_no_backup() {
        let home = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(home.path()).unwrap();
        fs::create_dir_all(directory.store()).unwrap();
        // It has no size.
        let place = Path::new("/proc");
        let keeping = Keeping { directory: &directory, place, format: 9, instance: None, seal: Seal::default() };
        keeping.refuse_without_room().unwrap();
    }
}
