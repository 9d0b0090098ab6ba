//! A backup: everything that a data directory needs to be one again, in one stream, of one moment.
//!
//! It has the key files, the first password while that stands, every row as it stands on the disk, with the seal of its
//! batch, and the audit log up to the end that the seal names, in the order of its numbers: what was removed from it as
//! well. So whoever reads it can tell that it is whole, row by row, without making a store of it: the seal's digest has all
//! rows, the chain all of the log, and the last hash all bytes. The files that only a running server has (socket, lock,
//! secret of the socket) are not in it; nor is what stands elsewhere, such as the configuration.
//!
//! The moment is [`super::snapshot`]'s; the bytes are [`mod@format`]'s; [`super::restore`] makes a data directory of it.

mod check;
mod format;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Store;
use super::directory::FORMAT;
use super::error::Error;
use super::field::{Bytes16, Bytes32};
use super::row::{frozen, record};
use super::snapshot::{Snapshot, SnapshotError};
use super::table::Table;
use crate::data_files::{FIRST_PASSWORD, KEYS, UNFINISHED};
use crate::domain::audit::AuditHead;
use crate::domain::id::Id;
use crate::domain::time::{Clock, Timestamp};
use crate::private_file::{self, PrivateFileError};

pub(super) use check::{Checked, Checking};
pub use check::{VerifiedBackup, verify_backup};
use format::BackupWriter;

/// How often the key files are read before they are given up: a renewal writes several, one after another.
const READINGS: usize = 20;

/// What a backup says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupHeader {
    /// When it was made.
    pub created_at: Timestamp,
    /// The version of the dockpass that made it.
    pub program: String,
    /// The format of the data directory.
    pub format: u32,
    /// Which store it is of.
    pub instance: Option<Id>,
    /// In which life of the store (`ended`); none if that is not known.
    pub life: Option<Id>,
    /// The number of the last batch of changes in it.
    pub batch: u64,
    /// The end of the audit log in it.
    pub audit: AuditHead,
    /// How many users.
    pub users: u64,
    /// How many organizations.
    pub organizations: u64,
    /// How many repositories.
    pub repositories: u64,
    /// How many access tokens.
    pub tokens: u64,
    /// The names of the tables, in the order of its rows.
    pub tables: Vec<String>,
}

record!(BackupHeader; BackupHeaderV1 is 25, 1 {
    created_at: i64,
    program: String,
    format: u32,
    instance: Option<Bytes16>,
    batch: u64,
    audit: (u64, Bytes32),
    users: u64,
    organizations: u64,
    repositories: u64,
    tokens: u64,
    tables: Vec<String>,
} then BackupHeaderV2 is 2, adding |_older| {
    // It was not noted.
    life: Option<Bytes16> = None,
});

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A key file cannot be read.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The key files change all the time.
    #[error("the key files were changed while they were read, again and again")]
    Changing,
    /// It cannot be written.
    #[error("the backup cannot be written: {0}")]
    Write(#[source] io::Error),
}

/// Why a file is no backup that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupTrouble {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It is something else.
    #[error("it is no backup of dockpass")]
    Foreign,
    /// It is encrypted.
    #[error("it is encrypted with age: name the identity that decrypts it")]
    Encrypted,
    /// A later dockpass made it.
    #[error("a later dockpass made it (version {found}, this one knows {known})")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest that is known.
        known: u16,
    },
    /// Its data is of a later dockpass.
    #[error("its data was written by a later dockpass ({what})")]
    NewerData {
        /// What is not known here.
        what: String,
    },
    /// It ends in the middle.
    #[error("it ends in the middle: it was cut off, or never written to its end")]
    Truncated,
    /// It is damaged.
    #[error("it is damaged ({what}, at byte {at})")]
    Damaged {
        /// Where this was noticed, in bytes from its beginning.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Its audit log is not whole.
    #[error("its audit log is not whole: {0}")]
    AuditLog(String),
}

impl Store {
    /// Writes a backup of the present moment; the writer goes on meanwhile. Blocks as long as `out` does.
    ///
    /// # Errors
    /// [`BackupError`]; what was written by then is no backup, and known for none.
    pub fn back_up<W: Write>(&self, out: W, clock: &Clock) -> Result<BackupHeader, BackupError> {
        let files = settled_files(self.directory())?;
        let snapshot = self.snapshot()?;
        let tables = snapshot.tables()?;
        // Whatever is ended from now on has a later time.
        let header = BackupHeader { life: self.ended_life(), ..header(&snapshot, &tables, FORMAT, clock.now()) };
        write(out, files, &snapshot, &tables, &header)?;
        Ok(header)
    }
}

/// Writes a backup of the store of an earlier dockpass that nobody else has open, as it stands, in its format.
///
/// # Errors
/// [`BackupError`]
pub(super) fn write_earlier(
    out: impl Write,
    directory: &Path,
    snapshot: &Snapshot<'_>,
    format: u32,
    now: Timestamp,
) -> Result<(), BackupError> {
    let tables = snapshot.tables()?;
    write(out, settled_files(directory)?, snapshot, &tables, &header(snapshot, &tables, format, now))
}

/// `tables` are those that the header names: a row tells its table by its place among them.
fn write<W: Write>(
    out: W,
    files: Files,
    snapshot: &Snapshot<'_>,
    tables: &[Table],
    header: &BackupHeader,
) -> Result<(), BackupError> {
    let mut writer = BackupWriter::begin(out, header).map_err(BackupError::Write)?;
    for (name, content) in &files {
        writer.file(name, content).map_err(BackupError::Write)?;
    }
    drop(files);
    for (place, table) in (0..).zip(tables).filter(|(_, table)| !Table::OF_LOG.contains(table)) {
        for step in snapshot.table(*table) {
            for (key, value) in step? {
                writer.row(place, &key, &value).map_err(BackupError::Write)?;
            }
        }
    }
    write_log(snapshot, tables, &mut writer)?;
    writer.finish().map_err(BackupError::Write)?;
    Ok(())
}

fn header(snapshot: &Snapshot<'_>, tables: &[Table], format: u32, now: Timestamp) -> BackupHeader {
    let state = &snapshot.state;
    BackupHeader {
        created_at: now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        format,
        instance: state.meta().map(|meta| meta.instance),
        life: None,
        batch: snapshot.seal.number,
        audit: snapshot.seal.audit,
        users: state.users_count() as u64,
        organizations: state.organizations_count() as u64,
        repositories: state.repositories_count() as u64,
        tokens: state.tokens_count() as u64,
        tables: tables.iter().map(|table| table.name().to_owned()).collect(),
    }
}

/// Writes the records of the audit log and what is left of removed ones, in the order of their numbers.
fn write_log<W: Write>(
    snapshot: &Snapshot<'_>,
    tables: &[Table],
    writer: &mut BackupWriter<W>,
) -> Result<(), BackupError> {
    let mut log = snapshot.log();
    while let Some((table, (key, value))) = log.next_row()? {
        let place = tables.iter().position(|known| *known == table).and_then(|place| u8::try_from(place).ok());
        writer.row(place.unwrap_or(u8::MAX), &key, &value).map_err(BackupError::Write)?;
    }
    Ok(())
}

type Files = Vec<(String, Zeroizing<Vec<u8>>)>;

/// The private files of the data directory, as they were all at one time.
fn settled_files(directory: &Path) -> Result<Files, BackupError> {
    let mut files = private_files(directory)?;
    for _ in 0..READINGS {
        let again = private_files(directory)?;
        if again == files {
            return Ok(files);
        }
        files = again;
    }
    Err(BackupError::Changing)
}

fn private_files(directory: &Path) -> Result<Files, BackupError> {
    let keys = directory.join(KEYS);
    let failed = |source| PrivateFileError::io(&keys, source);
    let mut names = Vec::new();
    for entry in fs::read_dir(&keys).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            names.push(format!("{KEYS}/{}", entry.file_name().to_string_lossy()));
        }
    }
    names.push(FIRST_PASSWORD.to_owned());
    // What an editor or a person has left there is not ours, and no restore would take it.
    names.retain(|name| !name.ends_with(UNFINISHED) && is_private_file(name));
    names.sort();
    let mut files = Vec::new();
    for name in names {
        // One that has gone meanwhile is gone.
        let content = private_file::read(&directory.join(&name))?;
        files.extend(content.map(|content| (name, content)));
    }
    Ok(files)
}

/// Whether a file of a backup may be written under this name of a data directory.
pub(super) fn is_private_file(name: &str) -> bool {
    let is_plain = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
    };
    let in_keys = name.strip_prefix(KEYS).and_then(|rest| rest.strip_prefix('/'));
    name == FIRST_PASSWORD || in_keys.is_some_and(is_plain)
}

impl From<Error> for BackupError {
    fn from(error: Error) -> Self {
        Self::Snapshot(error.into())
    }
}
