//! From the tables on disk to the state in memory, with every record checked against its key and against the others.

use std::path::Path;

use super::change::RowChange;
use super::engine::Engine;
use super::error::Error;
use super::record::{Folded, KnownAddress, StoredDays};
use super::row::Row;
use super::seal::{End, Seal, SealKey, StoreDigest};
use super::state::{State, Taken, decode};
use super::table::{self, Table};
use crate::domain::audit::{AuditHead, LoggedRecord};
use crate::domain::days::Days;
use crate::domain::id::Id;
use crate::domain::usage::Usage;

/// Everything that is read at start.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) usage: Vec<(Id, Usage)>,
    pub(super) known_addresses: Vec<KnownAddress>,
    pub(super) seal: Seal,
    /// How far the journal is folded into the store.
    pub(super) folded: Folded,
    /// The keys of rows that name something gone, for the purge.
    pub(super) leftovers: Vec<(Table, Vec<u8>)>,
}

/// Reads the whole store but the audit log, of which it reads the end, and checks it against its seal.
pub(super) fn load(engine: &Engine, key: &SealKey) -> Result<Loaded, Error> {
    let mut loaded = Loaded { state: State::loading(), ..Loaded::default() };
    let mut digest = StoreDigest::default();
    for table in Table::in_memory() {
        engine.scan(table, |change| {
            digest.toggle(key, change);
            loaded.take(change)
        })?;
    }
    loaded.state.remember_going();
    loaded.state.index_names();
    take_audit_end(engine, &mut loaded.state)?;
    check_seal(&loaded.seal, digest, loaded.state.audit())?;
    Ok(loaded)
}

impl Loaded {
    /// Forgets what was noted of accounts and access tokens that this state does not have.
    pub(super) fn forget_missing(&mut self, state: &State) {
        self.usage.retain(|(id, _)| state.token(*id).is_some());
        self.known_addresses.retain(|known| state.account(known.account).is_some());
    }

    /// Takes a row in.
    pub(super) fn take(&mut self, change: &RowChange) -> Result<(), Error> {
        let value = change.value.as_deref().unwrap_or_default();
        match (change.table, change.key.as_slice()) {
            (Table::Meta, table::SEAL) => self.seal = decode(Table::Meta, table::SEAL, value)?,
            (Table::Meta, table::FOLDED) => self.folded = decode(Table::Meta, table::FOLDED, value)?,
            (Table::Usage, key) => {
                let used = decode(Table::Usage, key, value)?;
                let id = table::id_of(key).ok_or_else(|| Error::corrupt(Table::Usage, key, "key"))?;
                if self.state.token(id).is_some() {
                    self.usage.push((id, used));
                }
            }
            // Only looked at whether it can be read: the disk has it.
            (Table::Days, key) => drop(days(key, value)?),
            (Table::KnownAddresses, key) => {
                let known: KnownAddress = decode(Table::KnownAddresses, key, value)?;
                if known.key() != key {
                    return Err(Error::corrupt(Table::KnownAddresses, key, "key"));
                }
                if self.state.account(known.account).is_some() {
                    self.known_addresses.push(known);
                }
            }
            _ => {
                if self.state.apply(change)? == Taken::Leftover {
                    self.leftovers.push((change.table, change.key.clone()));
                }
            }
        }
        Ok(())
    }
}

/// Whether a row can be read as one of its table, as at a start, beside no other.
#[must_use]
pub fn is_row(table: Table, key: &[u8], value: &[u8]) -> bool {
    let change = RowChange { table, key: key.to_vec(), value: Some(value.to_vec()) };
    Loaded { state: State::loading(), ..Loaded::default() }.take(&change).is_ok()
}

/// Takes the end of the audit log into a state.
pub(super) fn take_audit_end(engine: &Engine, state: &mut State) -> Result<(), Error> {
    for (key, value) in engine.scan_back(Table::Audit, &u64::MAX.to_be_bytes(), 1)? {
        _ = state.apply(&RowChange { table: Table::Audit, key, value: Some(value) })?;
    }
    Ok(())
}

/// The audit record at this key.
pub(super) fn audit_record(key: &[u8], value: &[u8]) -> Result<LoggedRecord, Error> {
    let record: LoggedRecord = decode(Table::Audit, key, value)?;
    if record.key() == key { Ok(record) } else { Err(Error::corrupt(Table::Audit, key, "key")) }
}

/// What was counted of a repository day by day, at this key.
pub(super) fn days(key: &[u8], value: &[u8]) -> Result<Days, Error> {
    let stored: StoredDays = decode(Table::Days, key, value)?;
    if stored.key() == key { Ok(stored.days) } else { Err(Error::corrupt(Table::Days, key, "key")) }
}

/// Refuses a store whose records differ from those that were sealed.
pub(super) fn check_seal(seal: &Seal, digest: StoreDigest, audit: AuditHead) -> Result<(), Error> {
    let refused = |reason| Err(Error::corrupt(Table::Meta, table::SEAL, reason));
    if seal.digest != digest {
        return refused("records are missing, or others than were written");
    }
    if seal.audit != audit {
        return refused("the audit log does not end where it did");
    }
    Ok(())
}

/// Refuses a store that ends before, or otherwise than, what was noted outside it.
pub(super) fn check_end(seal: &Seal, noted: End, path: &Path) -> Result<(), Error> {
    let is_reached = noted.number < seal.number || noted == seal.end();
    if is_reached {
        return Ok(());
    }
    Err(Error::Shortened { found: seal.number, noted: noted.number, path: path.to_owned() })
}
