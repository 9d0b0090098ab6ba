//! From the tables on disk to the state in memory, with every record checked against its key and against the others.

mod reading;

use std::path::Path;

use super::change::RowChange;
use super::engine::Engine;
use super::error::Error;
use super::record::{Folded, KnownAddress, LastEnding, StoredDays};
use super::row::Row as _;
use super::seal::{End, Seal, SealKey, StoreDigest};
use super::state::{self, ReadRow, State, TOKEN_STANDS_TWICE, Taken, decode};
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
    /// The last batch that ended something; none if none did since that is noted.
    pub(super) last_ending: Option<LastEnding>,
    /// The keys of rows that name something gone, for the purge.
    pub(super) leftovers: Vec<(Table, Vec<u8>)>,
}

/// Reads the whole store but the audit log, of which it reads the end, and checks it against its seal.
pub(super) fn load(engine: &Engine, key: &SealKey) -> Result<Loaded, Error> {
    let mut loaded = Loaded { state: State::loading(), ..Loaded::default() };
    let mut digest = StoreDigest::default();
    reading::read_tables(engine, key, |table, read| {
        digest.toggle_all(read.digest);
        read.rows.into_iter().try_for_each(|row| row.take(&mut loaded))?;
        if read.is_last && table == Table::Tokens { loaded.put_arrived_tokens() } else { Ok(()) }
    })?;
    loaded.state.remember_going();
    loaded.state.index_names();
    take_audit_end(engine, &mut loaded.state)?;
    check_seal(&loaded.seal, digest, loaded.state.audit())?;
    Ok(loaded)
}

/// What a row is to those who load it, once it was read.
pub(super) enum Row {
    Seal(Seal),
    Folded(Folded),
    LastEnding(LastEnding),
    Used(Id, Usage),
    /// Only looked at whether it can be read: the disk has it.
    Days,
    Known(KnownAddress),
    /// A row of the state, where it stands.
    OfState(ReadRow, Table, Vec<u8>),
}

impl Row {
    /// Reads a row, beside no other.
    pub(super) fn read(change: RowChange) -> Result<Self, Error> {
        let value = change.value.as_deref().unwrap_or_default();
        Ok(match (change.table, change.key.as_slice()) {
            (Table::Meta, table::SEAL) => Self::Seal(decode(Table::Meta, table::SEAL, value)?),
            (Table::Meta, table::FOLDED) => Self::Folded(decode(Table::Meta, table::FOLDED, value)?),
            (Table::Meta, table::LAST_ENDING) => Self::LastEnding(decode(Table::Meta, table::LAST_ENDING, value)?),
            (Table::Usage, key) => {
                let used = decode(Table::Usage, key, value)?;
                let id = table::id_of(key).ok_or_else(|| Error::corrupt(Table::Usage, key, "key"))?;
                Self::Used(id, used)
            }
            (Table::Days, key) => days(key, value).map(|_| Self::Days)?,
            (Table::KnownAddresses, key) => {
                let known: KnownAddress = decode(Table::KnownAddresses, key, value)?;
                if known.key() != key {
                    return Err(Error::corrupt(Table::KnownAddresses, key, "key"));
                }
                Self::Known(known)
            }
            _ => Self::OfState(state::read(&change)?, change.table, change.key),
        })
    }

    /// Takes it in.
    pub(super) fn take(self, loaded: &mut Loaded) -> Result<(), Error> {
        match self {
            Self::Seal(seal) => loaded.seal = seal,
            Self::Folded(folded) => loaded.folded = folded,
            Self::LastEnding(ending) => loaded.last_ending = Some(ending),
            Self::Used(id, used) if loaded.state.token(id).is_some() => loaded.usage.push((id, used)),
            Self::Known(known) if loaded.state.account(known.account).is_some() => loaded.known_addresses.push(known),
            Self::Used(..) | Self::Known(_) | Self::Days => {}
            Self::OfState(row, table, key) => {
                if row.enter(&mut loaded.state)? == Taken::Leftover {
                    loaded.leftovers.push((table, key));
                }
            }
        }
        Ok(())
    }
}

impl Loaded {
    /// Forgets what was noted of accounts and access tokens that this state does not have.
    pub(super) fn forget_missing(&mut self, state: &State) {
        self.usage.retain(|(id, _)| state.token(*id).is_some());
        self.known_addresses.retain(|known| state.account(known.account).is_some());
    }

    /// Takes a row in.
    pub(super) fn take(&mut self, change: RowChange) -> Result<(), Error> {
        Row::read(change)?.take(self)
    }

    /// Puts the access tokens in that have arrived, once all have.
    fn put_arrived_tokens(&mut self) -> Result<(), Error> {
        let contradicts = |id: &Id| Error::corrupt(Table::Tokens, &table::id(*id), TOKEN_STANDS_TWICE);
        self.state.put_arrived_tokens().first().map(contradicts).map_or(Ok(()), Err)
    }
}

/// Whether a row can be read as one of its table, as at a start, beside no other.
#[must_use]
pub fn is_row(table: Table, key: &[u8], value: &[u8]) -> bool {
    let change = RowChange { table, key: key.to_vec(), value: Some(value.to_vec()) };
    Loaded { state: State::loading(), ..Loaded::default() }.take(change).is_ok()
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
