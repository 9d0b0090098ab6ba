//! Warnings of access tokens that end soon (`tokens.warn_before`): one record of the audit log for each of them and each of
//! its ends, which goes out as every other record does.
//!
//! The log itself is what remembers: a warning is there or not, in one transaction. After a start the earlier ones are read
//! back, a piece at a time, and no token is warned of before all are known.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditRecord, Occurrence};
use crate::domain::id::Id;
use crate::domain::order::Order;
use crate::domain::time::{Moment, Timestamp};
use crate::domain::token::TokenState;
use crate::domain::token_order::TokenPlace;
use crate::service::Service;
use crate::service::access::standing;
use crate::service::error::Error;
use crate::service::ledger::{AuditWalk, Deed, Upkeep};
use crate::store::{AuditSought, State, Txn};

/// How often it is looked for ends that come near, in seconds.
const EVERY: i64 = 60;
/// Warnings that one change writes.
const BUNDLE: usize = 256;
/// Earlier warnings that are read in one piece.
const PAGE: usize = 4_096;

/// The warnings that there were.
#[derive(Default)]
struct Kept {
    /// The last end that was warned of, of each access token whose end is still to come.
    warned: BTreeMap<Id, Timestamp>,
    /// Where the earlier ones are read on, newest first; none before the first piece.
    read_to: Option<u64>,
    is_known: bool,
    looked_at: Option<Moment>,
}

/// The warnings of this process.
#[derive(Default)]
pub(in crate::service) struct Warnings(Mutex<Kept>);

/// An access token and its end, of which there is to be a warning.
type Ending = (Id, Timestamp);

impl Service {
    /// Warns of the access tokens whose end has come near, if the site wants that. Looks no more often than once a minute.
    pub(in crate::service) fn warn_of_ends(&self, now: Timestamp) {
        let Some(before) = self.settings.warn_before else { return };
        let moment = self.clock.moment();
        let mut kept = self.warnings.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.looked_at.is_some_and(|at| moment < at.plus_seconds(EVERY)) {
            return;
        }
        if !kept.is_known {
            if let Err(error) = self.read_warnings(&mut kept, now) {
                log::warn!("the warnings of ends cannot be read back: {error}");
                kept.looked_at = Some(moment);
            }
            return;
        }
        kept.looked_at = Some(moment);
        kept.warned.retain(|_, end| *end > now);
        let due = due(&self.store.state(), &kept.warned, now, now.plus_seconds(before));
        for bundle in due.chunks(BUNDLE) {
            let asked = bundle.to_vec();
            // A failure is logged, and what was not written comes next time.
            let Ok(written) = self.keep(Upkeep::Warnings, move |txn| warn(txn, &asked, now)) else { return };
            kept.warned.extend(written);
        }
    }

    /// Reads a piece of the earlier warnings.
    fn read_warnings(&self, kept: &mut Kept, now: Timestamp) -> Result<(), Error> {
        let acts = [Act::TokenWarn, Act::RobotWarn].map(Act::word);
        let sought = AuditSought::default().with_any(acts);
        let head = self.store.state().audit().seq;
        let walk = AuditWalk { order: Order::Descending, after: kept.read_to, head, limit: PAGE, sought: &sought };
        let page = self.walk_audit(&walk, |record| acts.contains(&record.action.as_str()))?;
        for (id, end) in page.entries.iter().filter_map(|logged| ending_of(&logged.record)) {
            if end > now {
                // The newest comes first, and counts.
                kept.warned.entry(id).or_insert(end);
            }
        }
        (kept.read_to, kept.is_known) = (page.next, page.next.is_none());
        Ok(())
    }
}

/// What is accepted, ends until then, and was not warned of.
fn due(state: &State, warned: &BTreeMap<Id, Timestamp>, now: Timestamp, until: Timestamp) -> Vec<Ending> {
    let from = TokenPlace { end: Some(now), id: Id::MAX };
    let ends = state.tokens_by_end(Some(from)).filter_map(|token| Some((token, token.expires_at?)));
    let near = ends.take_while(|(_, end)| *end <= until);
    let new = near.filter(|(token, end)| warned.get(&token.id) != Some(end));
    let counts = new.filter(|(token, _)| standing(state, token, now).state == TokenState::Active);
    counts.map(|(token, end)| (token.id, end)).collect()
}

/// Writes the warnings of those that still end then; returns which.
fn warn(txn: &mut Txn<'_>, asked: &[Ending], now: Timestamp) -> Result<Vec<Ending>, Error> {
    let mut written = Vec::with_capacity(asked.len());
    for (id, end) in asked {
        let token = txn.state().token(*id).filter(|token| token.expires_at == Some(*end)).cloned();
        let Some(token) = token else { continue };
        let deed = Deed::of_token(Act::TokenWarn, txn.state(), &token);
        let entry = AuditEntry {
            concerned: deed.concerned,
            reason: Some(format!("it ends on {end}")),
            ..AuditEntry::by_system(deed.act, format!("{} {end}", deed.object))
        };
        txn.audit(&entry, Occurrence::once(now))?;
        written.push((*id, *end));
    }
    Ok(written)
}

/// What a record has warned of.
fn ending_of(record: &AuditRecord) -> Option<Ending> {
    let (_, end) = record.object.rsplit_once(' ')?;
    Some((record.access_token.as_ref()?.id, Timestamp::parse(end).ok()?))
}
