//! Whether a backup is whole: its bytes, its rows against the seal among them, its audit log against its own chain.

use std::io::Read;

use super::format::{BackupReader, Part};
use super::{BackupHeader, BackupTrouble, is_private_file};
use crate::store::chain::Chain;
use crate::store::change::RowChange;
use crate::store::directory::FORMAT;
use crate::store::record::Anchor;
use crate::store::seal::{Seal, SealKey, StoreDigest};
use crate::store::table::{self, Table};
use crate::store::{AUDIT_KEY, audit_key, row};

/// A backup that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBackup {
    /// What it says about itself.
    pub header: BackupHeader,
    /// How many files are in it.
    pub files: u64,
    /// How many rows.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many audit records.
    pub audit_records: u64,
    /// How many of the audit log were removed: those that are summed up, and others, of which it has the hashes.
    pub audit_removed: u64,
}

/// Reads a backup from its beginning to its end.
///
/// # Errors
/// [`BackupTrouble`]
pub fn verify_backup(backup: impl Read) -> Result<VerifiedBackup, BackupTrouble> {
    let mut checking = Checking::begin(backup)?;
    while checking.next()?.is_some() {}
    checking.finish()
}

/// A part of a backup that stands where it may.
pub(in crate::store) enum Checked {
    /// A private file.
    File(String, zeroize::Zeroizing<Vec<u8>>),
    /// A row.
    Row(RowChange),
}

/// A backup that is being read and checked.
pub(in crate::store) struct Checking<R> {
    reader: BackupReader<R>,
    pub(in crate::store) header: BackupHeader,
    tables: Vec<Table>,
    keys: Option<Keys>,
    /// Where the last row stood: its table, and its key unless it is one of the log.
    last: Option<(usize, Vec<u8>)>,
    seal: Option<Seal>,
    digest: StoreDigest,
}

struct Keys {
    seal: SealKey,
    chain: Chain,
}

impl<R: Read> Checking<R> {
    /// Reads the header.
    pub(in crate::store) fn begin(backup: R) -> Result<Self, BackupTrouble> {
        let (reader, header) = BackupReader::begin(backup)?;
        if header.format > FORMAT {
            let what = format!("format {}, this one knows {FORMAT}", header.format);
            return Err(BackupTrouble::NewerData { what });
        }
        let known = |name: &String| {
            let what = || format!("the table {}", name.escape_default());
            Table::named(name).ok_or_else(|| BackupTrouble::NewerData { what: what() })
        };
        let tables = header.tables.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        let digest = StoreDigest::default();
        Ok(Self { reader, header, tables, keys: None, last: None, seal: None, digest })
    }

    /// The next part; none at the end of the bytes.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Checked>, BackupTrouble> {
        match self.reader.next()? {
            None => Ok(None),
            Some(Part::File { name, content }) => {
                if !is_private_file(&name) || self.last.is_some() {
                    return Err(self.reader.damaged("it has a file that has no place in it"));
                }
                if name == AUDIT_KEY {
                    let key = audit_key::read(&content).ok_or_else(|| self.reader.damaged("its key is none"))?;
                    self.keys = Some(Keys { seal: SealKey::of(&key), chain: Chain::new(key) });
                }
                Ok(Some(Checked::File(name, content)))
            }
            Some(Part::Row { table, key, value }) => {
                let change = self.row(table, key, value)?;
                Ok(Some(Checked::Row(change)))
            }
        }
    }

    fn row(&mut self, place: usize, key: Vec<u8>, value: Vec<u8>) -> Result<RowChange, BackupTrouble> {
        let wrong = |what| Err(BackupTrouble::Damaged { at: self.reader.bytes(), what });
        let Some(table) = self.tables.get(place).copied() else { return wrong("a row is of no table") };
        let Some(keys) = &mut self.keys else { return wrong("the key of its audit log is missing") };
        if Table::OF_LOG.contains(&table) {
            // The two tables of the log are one row of numbers.
            self.last = Some((usize::MAX, Vec::new()));
            let entry = (key, value);
            keys.chain.next(table, &entry).map_err(BackupTrouble::AuditLog)?;
            let (key, value) = entry;
            return Ok(RowChange { table, key, value: Some(value) });
        }
        let here = (place, key);
        if self.last.as_ref().is_some_and(|last| *last >= here) {
            return wrong("its rows are not in order");
        }
        let change = RowChange { table, key: here.1.clone(), value: Some(value) };
        if (table, change.key.as_slice()) == (Table::Meta, table::SEAL) {
            let Ok(seal) = row::decode(change.value.as_deref().unwrap_or_default()) else {
                return wrong("its seal does not decode");
            };
            self.seal = Some(seal);
        }
        if (table, change.key.as_slice()) == (Table::Meta, table::ANCHOR) {
            let Ok(anchor) = row::decode::<Anchor>(change.value.as_deref().unwrap_or_default()) else {
                return wrong("what its audit log is summed up to does not decode");
            };
            keys.chain.begin_after(&anchor).map_err(BackupTrouble::AuditLog)?;
        }
        self.digest.toggle(&keys.seal, &change);
        self.last = Some(here);
        Ok(change)
    }

    /// What it has, once all of it was read; and whether that belongs together.
    pub(in crate::store) fn finish(self) -> Result<VerifiedBackup, BackupTrouble> {
        let Self { reader, header, keys, seal, digest, .. } = self;
        let (Some(keys), Some(seal)) = (keys, seal) else {
            return Err(reader.damaged("its seal or the key of its audit log is missing"));
        };
        if digest != seal.digest || (seal.number, seal.audit) != (header.batch, header.audit) {
            return Err(reader.damaged("its rows are not those that were sealed"));
        }
        if let Some(problem) = keys.chain.problem_at(seal.audit) {
            return Err(BackupTrouble::AuditLog(problem.to_owned()));
        }
        let found = keys.chain.found(None);
        Ok(VerifiedBackup {
            header,
            files: reader.files,
            rows: reader.rows,
            bytes: reader.bytes(),
            audit_records: found.records,
            audit_removed: found.removed,
        })
    }
}
