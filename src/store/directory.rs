//! The data directory: who owns it, who holds it, and whether it ever held a store.
//!
//! Its files are named in [`crate::data_files`].
//!
//! Root runs commands in a directory that belongs to somebody else: what is written or given away here is never
//! reached through a symbolic link.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode};

use super::error::Error;
use crate::data_files;
use crate::private_file::{self, NO_LINK, NO_LINK_NO_WAIT, OTHERS, create_directory, sync_directory};

mod owner;

/// The newest format of the data directory that this dockpass knows. Raised with every new table and every new version
/// of a record: an earlier dockpass would take them for damage. At first, format 1 had neither organizations nor the
/// registry's content; up to format 2 the rows of a repository had keys that began with its name; up to format 4
/// nothing was removed from the audit log, and there was no journal: whoever does not read it brings back what was revoked;
/// up to format 5 the settings had no host of the registry, and no overlap of a rotation ended by a use; up to
/// format 6 an access token did not remember its ended secrets, was never revoked, and left no last use in a repository;
/// nothing was counted by the day, no tag said who pushed it, and no repository was transferred; up to format 7 there were
/// no robots; up to format 8 no tag was immutable, and of the images of a list nothing was kept but where they run; up to
/// format 9 a row was left of each record that was ever removed from the audit log.
pub(super) const FORMAT: u32 = 10;

/// The first format with a journal.
const FIRST_WITH_JOURNAL: u32 = 5;

const FORMAT_WORDS: &str = "dockpass data ";

/// The data directory, held by this process alone until dropped.
pub struct DataDirectory {
    path: PathBuf,
    lock: File,
    /// The format of the store that it has held; none if it never held one.
    format: Option<u32>,
}

impl DataDirectory {
    /// Makes the directory if there is none, checks it, and takes its lock.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it, [`Error::NewerFormat`] untouched, [`Error::Missing`] if its store is
    /// gone, [`Error::Exposed`] if others may look into it and that cannot be changed.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Before anything is changed: a later dockpass's directory stays as it is.
        let is_ours = noted_format(path)?.is_some();
        make_data_directory(path, is_ours)?;
        // Parents that were missing are the site's, and have got the mode that its umask leaves.
        rustix::process::umask(Mode::from_raw_mode(OTHERS));
        let lock = take_lock(path)?;
        // Again: whoever held the lock until now may have finished the first start.
        let format = noted_format(path)?;
        let directory = Self { path: path.to_owned(), lock, format };
        directory.put_back()?;
        if directory.was_used() {
            let before = directory.is_migrating().then(|| directory.store_before());
            refuse_without_database(&before.unwrap_or_else(|| directory.store()))?;
        }
        directory.clear_left();
        directory.make_parts_private()?;
        directory.give_to_owner()?;
        sync_directory(path).map_err(|source| io_error(path, source))?;
        Ok(directory)
    }

    /// Whether a start would refuse what is there, as far as that can be seen without the lock, and changing nothing. What is
    /// closed to us may be open to the user of the server.
    ///
    /// # Errors
    /// [`Error::NewerFormat`], [`Error::Missing`], [`Error::Io`]
    pub fn look(path: &Path) -> Result<(), Error> {
        match noted_format(path) {
            Ok(Some(_)) => {}
            Ok(None) | Err(Error::ClosedToUs { .. } | Error::Unreachable { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        // What a start opens, puts back, or migrates.
        let places = [data_files::STORE, data_files::STORE_AWAY, data_files::STORE_BEFORE].map(|name| path.join(name));
        let [store, ..] = &places;
        refuse_without_database(places.iter().find(|place| exists(place).unwrap_or(true)).unwrap_or(store))
    }

    /// Whether it has held a store before.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.format.is_some()
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the key files are.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join(data_files::KEYS)
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join(data_files::STORE)
    }

    /// The store of an earlier dockpass, as it was before its migration.
    pub(super) fn store_before(&self) -> PathBuf {
        self.path.join(data_files::STORE_BEFORE)
    }

    /// The store that a migration is making.
    pub(super) fn store_new(&self) -> PathBuf {
        self.path.join(data_files::STORE_NEW)
    }

    /// The format of the store that it has held; none if it never held one.
    pub(super) fn format(&self) -> Option<u32> {
        self.format
    }

    pub(super) fn end(&self) -> PathBuf {
        self.path.join(data_files::END)
    }

    /// The journal of endings.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(data_files::JOURNAL)
    }

    /// Whether an earlier start has made the journal.
    pub(super) fn had_journal(&self) -> bool {
        self.format.is_some_and(|format| format >= FIRST_WITH_JOURNAL)
    }

    /// Notes that from now on the store must be there, in today's format.
    pub(super) fn mark_used(&mut self) -> Result<(), Error> {
        if self.format != Some(FORMAT) {
            note_format(&self.path, FORMAT)?;
            self.format = Some(FORMAT);
        }
        Ok(())
    }

    /// Gives every file to the directory's owner: a command run by root must not leave files that the server's user
    /// cannot open.
    ///
    /// # Errors
    /// [`Error::Io`] if the operating system refuses.
    pub fn give_to_owner(&self) -> Result<(), Error> {
        owner::give_to_owner(&self.path).map_err(|source| io_error(&self.path, source))
    }

    /// Puts the store back that an interrupted exchange has left away from its place ([`super::compaction`]).
    fn put_back(&self) -> Result<(), Error> {
        let (store, away) = (self.store(), self.path.join(data_files::STORE_AWAY));
        if !exists(&store)? && exists(&away)? {
            log::warn!("{} is put back: writing it anew was interrupted", store.display());
            rename(&away, &store)?;
        }
        Ok(())
    }

    /// Removes what a check or a restore has left that was killed: with the lock, nobody is at work on it any more. Of a
    /// restore that came to its end only the directory can be there, which is empty.
    fn clear_left(&self) {
        let [checking, restoring] = [data_files::CHECKING, data_files::RESTORING].map(|name| self.path.join(name));
        let emptied = if self.was_used() { std::fs::remove_dir(&restoring) } else { Ok(()) };
        for (left, removed) in [(&checking, private_file::remove_directory(&checking)), (&restoring, emptied)] {
            if let Err(error) = removed.or_else(private_file::unless_missing) {
                log::warn!("{} is left of an earlier command, and stays: {error}", left.display());
            }
        }
    }

    /// Key files are left to their readers, which close them and warn of what was in them.
    fn make_parts_private(&self) -> Result<(), Error> {
        make_part(&self.keys())?;
        for part in [self.store_before(), self.store_new()] {
            if std::fs::symlink_metadata(&part).is_ok() {
                make_part(&part)?;
                make_contents_private(&part)?;
            }
        }
        for file in [self.path.join(data_files::FORMAT), self.end(), self.journal()] {
            if let Ok(found) = std::fs::symlink_metadata(&file) {
                make_private(&file, &found)?;
            }
        }
        if self.is_migrating() {
            return Ok(());
        }
        make_part(&self.store())?;
        make_contents_private(&self.store())
    }

    /// Makes an empty directory in the place of that of the store.
    pub(super) fn make_store_anew(&self) -> Result<(), Error> {
        let store = self.store();
        std::fs::remove_dir_all(&store).map_err(|source| io_error(&store, source))?;
        make_part(&store)
    }

    /// Whether a migration was interrupted: its store is not in its place yet.
    pub(super) fn is_migrating(&self) -> bool {
        let is_there = |path: PathBuf| std::fs::symlink_metadata(path).is_ok();
        is_there(self.store_before()) && !is_there(self.store())
    }
}

impl Drop for DataDirectory {
    /// Unlocks the file itself: merely closing it would leave the lock to a child process between fork and exec.
    fn drop(&mut self) {
        if let Err(error) = rustix::fs::flock(&self.lock, FlockOperation::Unlock) {
            log::warn!("{}: {error}", self.path.display());
        }
    }
}

/// sled would make a new database in place of one that is gone or was emptied.
fn refuse_without_database(store: &Path) -> Result<(), Error> {
    let path = store.join("db");
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() && found.len() > 0 => Ok(()),
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(&path, source)),
        Ok(_) | Err(_) => Err(Error::Missing { path }),
    }
}

/// Whether something has this name.
pub(super) fn exists(path: &Path) -> Result<bool, Error> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(io_error(path, source)),
    }
}

/// Gives a part of the directory another name, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    let renamed = std::fs::rename(from, to).and_then(|()| to.parent().map_or(Ok(()), sync_directory));
    renamed.map_err(|source| io_error(from, source))
}

/// Notes that a directory holds a store of this format.
pub(super) fn note_format(directory: &Path, format: u32) -> Result<(), private_file::PrivateFileError> {
    private_file::write(&directory.join(data_files::FORMAT), format!("{FORMAT_WORDS}{format}\n").as_bytes())
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// The format of the store that the directory held, if it held one; refuses what a later dockpass wrote.
fn noted_format(directory: &Path) -> Result<Option<u32>, Error> {
    let path = directory.join(data_files::FORMAT);
    let file = match OpenOptions::new().read(true).custom_flags(NO_LINK_NO_WAIT).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(io_error(directory, error)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(closed(directory, &path, error)),
        Err(error) => return Err(io_error(&path, error)),
    };
    let mut content = Vec::new();
    file.take(64).read_to_end(&mut content).map_err(|source| io_error(&path, source))?;
    let text = String::from_utf8_lossy(&content);
    let format = text.trim_end().strip_prefix(FORMAT_WORDS).and_then(|number| number.parse::<u32>().ok());
    match format {
        Some(found @ 1..=FORMAT) => Ok(Some(found)),
        Some(found) if found > FORMAT => Err(Error::NewerFormat { found, known: FORMAT }),
        Some(_) | None => Err(io_error(&path, io::Error::other("this is no data directory of dockpass"))),
    }
}

/// Why a file of the data directory cannot be opened: the whole of it is closed to us, or that file alone.
fn closed(directory: &Path, file: &Path, error: io::Error) -> Error {
    match (std::fs::metadata(directory), std::fs::symlink_metadata(file)) {
        (Ok(found), Err(_)) => Error::ClosedToUs { path: directory.to_owned(), owner: found.uid() },
        (Ok(_), Ok(_)) => io_error(file, error),
        (Err(_), _) => Error::Unreachable { path: directory.to_owned(), source: error },
    }
}

/// Makes the directory with mode 0700, or removes everybody else's permissions from it: only if it is ours or empty,
/// since a mistyped path may name somebody else's. An empty one of another user is not taken over either: that user would
/// be the local administrator of what root makes there.
fn make_data_directory(path: &Path, is_ours: bool) -> Result<(), Error> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return create_directory(path).map_err(|source| unmade(path, source));
        }
        Err(error) => return Err(io_error(path, error)),
    };
    if !found.is_dir() {
        return Err(io_error(path, io::ErrorKind::NotADirectory.into()));
    }
    let foreign = if is_ours { None } else { foreign_entry(path).map_err(|source| io_error(path, source))? };
    match foreign {
        None if !is_ours && found.uid() != rustix::process::geteuid().as_raw() => {
            Err(Error::Theirs { path: path.to_owned(), owner: found.uid() })
        }
        None => make_private(path, &found),
        Some(entry) => Err(Error::Foreign { path: path.to_owned(), entry }),
    }
}

fn unmade(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::PermissionDenied => Error::Unmade { path: path.to_owned(), source },
        _ => io_error(path, source),
    }
}

/// The first entry that neither a file system puts there nor an interrupted first start leaves.
fn foreign_entry(directory: &Path) -> io::Result<Option<String>> {
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "lost+found" && !data_files::is_known(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn make_part(path: &Path) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => make_private(path, &found),
        Ok(_) => Err(io_error(path, io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_directory(path).map_err(|source| io_error(path, source))
        }
        Err(error) => Err(io_error(path, error)),
    }
}

fn make_contents_private(directory: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(directory).map_err(|source| io_error(directory, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| io_error(directory, source))?;
        let path = entry.path();
        let found = entry.metadata().map_err(|source| io_error(&path, source))?;
        if !found.is_file() && !found.is_dir() {
            return Err(io_error(&path, io::Error::other("neither a file nor a directory")));
        }
        make_private(&path, &found)?;
        if found.is_dir() {
            make_contents_private(&path)?;
        }
    }
    Ok(())
}

/// Removes everybody else's permissions from a file or directory.
fn make_private(path: &Path, found: &Metadata) -> Result<(), Error> {
    let mode = found.mode() & 0o777;
    if mode & OTHERS == 0 || found.is_symlink() {
        return Ok(());
    }
    let private = Permissions::from_mode(mode & !OTHERS);
    std::fs::set_permissions(path, private).map_err(|_| Error::Exposed { path: path.to_owned() })?;
    log::warn!("{} was open to others (mode {mode:o}); it is private now", path.display());
    Ok(())
}

fn take_lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(NO_LINK);
    let mut file = options.open(&path).map_err(|source| io_error(&path, source))?;
    if let Err(error) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(io_error(&path, error.into()));
        }
        let mut pid = String::new();
        // The holder may be between taking the lock and writing its number; the lock alone is what counts.
        let _ = (&mut file).take(20).read_to_string(&mut pid);
        let pid = Some(pid.trim()).filter(|pid| !pid.is_empty()).unwrap_or("not known yet").to_owned();
        return Err(Error::Locked { path: directory.to_owned(), pid });
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    // On a full disk the number may not fit; the lock holds all the same.
    if let Err(error) = written {
        log::warn!("{}: {error}", path.display());
    }
    let found = file.metadata().map_err(|source| io_error(&path, source))?;
    make_private(&path, &found)?;
    Ok(file)
}
