//! What the state becomes with the endings of the journal.

use super::audit_key::AuditKey;
use super::engine::Engine;
use super::error::Error;
use super::journal::Entry;
use super::load;
use super::state::State;
use super::table::Table;
use super::txn::{Txn, TxnOutcome};
use crate::domain::audit::AuditRecord;

/// The state that the store has, with these endings made, and what that changes.
///
/// # Errors
/// [`Error`] if an ending or the audit log cannot be read.
pub(super) fn repeated(
    entries: &[Entry],
    stored: &State,
    engine: &Engine,
    key: &AuditKey,
) -> Result<(State, TxnOutcome), Error> {
    let recorded = recorded_since(entries.first().map_or(u64::MAX, |first| first.audit_before), stored, engine)?;
    let mut state = stored.clone();
    let mut txn = Txn::new(&mut state, key);
    entries.iter().try_for_each(|entry| txn.repeat(entry, &recorded))?;
    let outcome = txn.finish();
    Ok((state, outcome))
}

/// The audit records after this one, with number 0: those of a batch that was refused, and is on the disk all the same.
fn recorded_since(before: u64, stored: &State, engine: &Engine) -> Result<Vec<AuditRecord>, Error> {
    let last = stored.audit().seq;
    let Some(count) = last.checked_sub(before).filter(|count| *count > 0) else { return Ok(Vec::new()) };
    let start = before.saturating_add(1).to_be_bytes();
    let found = engine.scan_on(Table::Audit, &start, usize::try_from(count).unwrap_or(usize::MAX))?;
    let records = found.iter().map(|(key, value)| Ok(AuditRecord { seq: 0, ..load::audit_record(key, value)?.record }));
    records.collect()
}
