//! The audit log for use-cases: writes the waiting events every half minute, and reads what is written.
//!
//! A change is recorded in its own transaction. Where events were lost, a record of the gap says how many.

use super::audit_filter::{AuditFilter, Filter};
use super::change::Upkeep;
use super::waiting::Waiting;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditHead, AuditRecord, AuditedRepository, LoggedRecord, Occurrence};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::order::Order;
use crate::domain::sealed_number::{LogPlace, SealedNumber};
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call};
use crate::service::error::Error;
use crate::service::page::{LOOKED_AT, Page};
use crate::store::{AuditSought, TooLarge, Txn, Verification};

/// Most records that one change writes.
const BUNDLE: usize = 512;

/// A walk through the audit log.
pub(in crate::service) struct AuditWalk<'s> {
    /// Which way it goes.
    pub(in crate::service) order: Order,
    /// The last record before it; none begins at the end that comes first.
    pub(in crate::service) after: Option<u64>,
    /// The last number of the log.
    pub(in crate::service) head: u64,
    /// At most so many records.
    pub(in crate::service) limit: usize,
    /// What the index is asked for.
    pub(in crate::service) sought: &'s AuditSought,
}

impl AuditPlace {
    /// The newest records, at most so many.
    #[must_use]
    pub fn newest(limit: usize) -> Self {
        Self { after: None, start: None, limit }
    }
}

/// A page of the audit log.
#[derive(Debug)]
pub struct AuditPage {
    /// The records, and where to go on: by its number for administrators.
    pub page: Page<LoggedRecord, LogPlace>,
    /// The end of the log, up to which was looked; none for callers who see a part of the log.
    pub head: Option<AuditHead>,
    /// The same for who gives it back.
    pub reached: SealedNumber,
}

/// What is wrong with the start of a page that tells a number.
const NO_START: &str = "the start of a page, as an answer gave it";

/// Which page of the audit log.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditPlace {
    /// Only records after this one, oldest first; if none, newest first.
    pub after: Option<LogPlace>,
    /// Where to go on; none for the first page.
    pub start: Option<LogPlace>,
    /// At most so many records.
    pub limit: usize,
}

/// What of the log a caller may see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ShownAudit {
    All,
    /// What was refused at the name that is asked for.
    Refusals {
        /// At the repository of this id, which a later one of the same name does not have.
        at: Option<Id>,
        /// From this moment on, there or not: before, the name may have been somebody else's.
        since: Option<Timestamp>,
    },
}

impl ShownAudit {
    fn has(self, record: &AuditRecord) -> bool {
        match self {
            Self::All => true,
            Self::Refusals { at, since } => {
                let is_since = since.is_some_and(|since| record.time >= since);
                let is_there = |repository: &AuditedRepository| at.is_some() && repository.id == at;
                record.action == Act::RegistryTokenRefuse.word()
                    && record.repository.as_ref().is_some_and(|repository| is_since || is_there(repository))
            }
        }
    }
}

impl Service {
    /// Writes the waiting events, and the sums whose turn it is.
    pub(in crate::service) fn write_audit(&self, now: Timestamp) {
        self.write_waiting(self.audit.take(now, false), now);
    }

    /// Writes all that waits.
    pub(in crate::service) fn write_rest_of_audit(&self, now: Timestamp) {
        self.write_waiting(self.audit.take(now, true), now);
    }

    fn write_waiting(&self, waiting: Waiting, now: Timestamp) {
        let mut events = waiting.events;
        if waiting.lost > 0 {
            events.push((lost_events(), Occurrence { count: waiting.lost, ..Occurrence::once(now) }));
        }
        for bundle in events.chunks(BUNDLE) {
            let bundle = bundle.to_vec();
            let count = bundle.iter().map(|(_, when)| when.count).sum();
            if let Err(error) = self.keep(Upkeep::AuditEvents, move |txn| append(txn, &bundle)) {
                log::error!("{count} audit events were not written: {error}");
                self.audit.lose(count);
            }
        }
    }

    /// A page of the audit log. With a filter it may have fewer records than asked for, or none, before the list ends: the
    /// last page alone has no next one. The order is that of the numbers; times need not follow them: clocks are put right.
    ///
    /// Whoever administers a repository may ask for the refusals of pulls and pushes there, and gets nothing else; whoever
    /// administers a namespace, at any name in it, there or not. What waits is written within half a minute: only an
    /// administrator who asks for the newest has it written first.
    ///
    /// # Errors
    /// [`Error::Denied`] and [`Error::Hidden`] to all others but administrators; [`Error::NotFound`], [`Error::Invalid`]
    /// for what the filter names.
    pub fn list_audit(&self, call: &Call, filter: &AuditFilter, place: AuditPlace) -> Result<AuditPage, Error> {
        let shown = self.shown_audit(call, filter.repository.as_ref())?;
        if shown == ShownAudit::All && place.after.is_none() {
            self.write_audit(call.now);
        }
        let state = self.store.state();
        let filter = Filter::in_state(&state, filter.clone())?;
        let (sought, end) = (filter.sought(), state.audit());
        let head = end.seq;
        let AuditPlace { after, start, limit } = place;
        let is_whole = shown == ShownAudit::All;
        // Numbers are not for others: they would tell how much else was recorded.
        if !is_whole && matches!(after, Some(LogPlace::Number(1..))) {
            return Err(Error::invalid("after", "`reached` of an answer, or 0"));
        }
        if !is_whole && matches!(start, Some(LogPlace::Number(_))) {
            return Err(Error::invalid("pageStart", NO_START));
        }
        let before = after.map(|after| self.number_of(after, "after")).transpose()?;
        let started = start.map(|start| self.number_of(start, "pageStart")).transpose()?;
        let order = if after.is_some() { Order::Ascending } else { Order::Descending };
        let walk = AuditWalk { order, after: started.or(before), head, limit, sought: &sought };
        let page = self.walk_audit(&walk, |record| shown.has(record) && filter.matches(record))?;
        let seen = page.entries.iter().map(|logged| logged.record.seq).max();
        // Others go on after what they have seen, which does not tell that something else was recorded. A page without
        // anything for them has looked at as many records as lie beyond this round number.
        let unseen =
            || started.filter(|_| order == Order::Ascending).or(before).unwrap_or(head - head % LOOKED_AT as u64);
        let reached = if is_whole { head } else { seen.unwrap_or_else(unseen) };
        let key = self.log_key();
        let place = |number| {
            if is_whole { LogPlace::Number(number) } else { LogPlace::Sealed(SealedNumber::seal(&key, number)) }
        };
        let Page { entries, next, count } = page;
        let page = Page { entries, next: next.map(place), count };
        Ok(AuditPage { page, head: is_whole.then_some(end), reached: SealedNumber::seal(&key, reached) })
    }

    fn log_key(&self) -> [u8; 32] {
        self.store.key_for("dockpass 2026-11-29 places in the audit log")
    }

    /// The number of a record that a caller names in this parameter.
    fn number_of(&self, place: LogPlace, parameter: &'static str) -> Result<u64, Error> {
        match place {
            LogPlace::Number(number) => Ok(number),
            LogPlace::Sealed(sealed) => {
                sealed.open(&self.log_key()).ok_or_else(|| Error::invalid(parameter, "no place of this log"))
            }
        }
    }

    /// Where the next page of what is a part of the log begins, for who is told no numbers.
    pub(in crate::service) fn sealed<T>(&self, page: Page<T, u64>) -> Page<T, SealedNumber> {
        let Page { entries, next, count } = page;
        Page { entries, next: next.map(|next| SealedNumber::seal(&self.log_key(), next)), count }
    }

    /// The number of what [`Self::sealed`] gave.
    pub(in crate::service) fn opened(&self, start: Option<SealedNumber>) -> Result<Option<u64>, Error> {
        start.map(|start| self.number_of(LogPlace::Sealed(start), "pageStart")).transpose()
    }

    /// The records of a walk that are wanted. After a bounded number of others the page ends, and says where to go on.
    pub(in crate::service) fn walk_audit(
        &self,
        walk: &AuditWalk<'_>,
        is_wanted: impl Fn(&AuditRecord) -> bool,
    ) -> Result<Page<LoggedRecord, u64>, Error> {
        let after = walk.after;
        let (mut entries, mut reached, mut left) = (Vec::new(), after, LOOKED_AT.max(walk.limit));
        let page = |entries, next: Option<u64>| Ok(Page { entries, next, count: None });
        let mut from = Some(match (walk.order, after) {
            (Order::Ascending, after) => after.unwrap_or(0).saturating_add(1),
            (Order::Descending, None) => walk.head,
            (Order::Descending, Some(after)) => after.saturating_sub(1).min(walk.head),
        });
        while let Some(number) = from {
            let look = self.store.audit_look(walk.order, number, walk.head, walk.sought)?;
            for logged in look.records {
                if entries.len() == walk.limit || left == 0 {
                    return page(entries, reached);
                }
                left -= 1;
                reached = Some(logged.record.seq);
                if is_wanted(&logged.record) {
                    entries.push(logged);
                }
            }
            from = look.next;
        }
        page(entries, None)
    }

    fn shown_audit(&self, call: &Call, repository: Option<&RepositoryName>) -> Result<ShownAudit, Error> {
        let object = repository.map_or("", RepositoryName::as_str);
        self.view(call, Act::AuditList, object, |authority| {
            let Some(name) = repository.filter(|_| !authority.is_administrator()) else {
                return authority.administrator().map(|_| ShownAudit::All);
            };
            let (since, there) = (owned_since(authority, name), authority.state().repository(name));
            if since.is_none() {
                authority.administer_repository(name)?;
                there.ok_or_else(|| authority.no_such_repository(name))?;
            }
            Ok(ShownAudit::Refusals { at: there.map(|repository| repository.id), since })
        })
    }

    /// The end of the audit chain, for a note that is kept elsewhere.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn audit_head(&self, call: &Call) -> Result<AuditHead, Error> {
        self.view(call, Act::AuditHead, "", |authority| authority.administrator().map(drop))?;
        self.write_audit(call.now);
        Ok(self.store.state().audit())
    }

    /// Refuses all but the local socket, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`]
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself has one lifetime, not any")]
    pub fn may_verify_audit(&self, call: &Call) -> Result<Allowed, Error> {
        self.gate(call, Act::AuditVerify, "", |authority| authority.local())
    }

    /// Checks the whole audit chain, and that it contains the end `noted` earlier, if one is given.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket.
    pub fn verify_audit(&self, call: &Call, noted: Option<AuditHead>) -> Result<Verification, Error> {
        self.view(call, Act::AuditVerify, "", |authority| authority.local().map(drop))?;
        Ok(self.store.verify_audit(noted)?)
    }
}

/// Since when the account exists that has the namespace of this name, if the caller administers that name by it. It is
/// made to the second: what falls into the first one may have been another account's.
fn owned_since(authority: &Authority<'_>, name: &RepositoryName) -> Option<Timestamp> {
    authority.administered_by_namespace(name).map(|owner| owner.created_at.plus_seconds(1))
}

fn append(txn: &mut Txn<'_>, bundle: &[(AuditEntry, Occurrence)]) -> Result<(), Error> {
    let written: Result<(), TooLarge> = bundle.iter().try_for_each(|(entry, when)| txn.audit(entry, *when));
    Ok(written?)
}

fn lost_events() -> AuditEntry {
    AuditEntry::by_system(Act::AuditGap, String::new())
}
