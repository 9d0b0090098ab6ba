//! The audit log for use-cases: writes the waiting events every half minute, and reads what is written.
//!
//! A change is recorded in its own transaction. Where events were lost, a record of the gap says how many.

use super::change::Upkeep;
use super::waiting::Waiting;
use crate::domain::act::{Act, ActFilter};
use crate::domain::audit::{AuditEntry, AuditHead, AuditRecord, AuditedRepository, LoggedRecord, Occurrence, Outcome};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call};
use crate::service::error::Error;
use crate::service::page::Page;
use crate::store::{TooLarge, Txn, Verification};

/// Most records that one change writes.
const BUNDLE: usize = 512;
/// Most records that one step of a list reads.
const STEP: usize = 512;
/// How many records one page looks at, if fewer are asked for: a filter that finds little is asked for its next page.
const LOOKED_AT: usize = 16 * 1_024;

/// Which records of the audit log are wanted. A field that is `None` matches everything.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Exactly this actor.
    pub actor: Option<String>,
    /// This act, or a family of acts.
    pub action: Option<ActFilter>,
    /// What was done to this: the object as recorded, a word of it, or the name, id, label or owner of what it is about.
    pub object: Option<String>,
    /// What was done to the repository of this name.
    pub repository: Option<RepositoryName>,
    /// What was done with this credential: its kind, or the access token's id or label.
    pub credential: Option<String>,
    /// Exactly this outcome.
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    fn matches(&self, record: &AuditRecord) -> bool {
        let asked = |asked: &Option<String>, has: &dyn Fn(&str) -> bool| asked.as_deref().is_none_or(has);
        asked(&self.actor, &|actor| actor == record.actor)
            && self.action.as_ref().is_none_or(|acts| acts.has(&record.action))
            && asked(&self.object, &|object| record.is_about(object))
            && self.repository.as_ref().is_none_or(|name| record.is_about_repository(name.as_str()))
            && asked(&self.credential, &|credential| record.is_by_credential(credential))
            && self.outcome.is_none_or(|outcome| outcome.as_str() == record.outcome)
            && self.until.is_none_or(|until| record.time < until)
            && self.since.is_none_or(|since| record.time >= since)
    }
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

    /// A page of the audit log, newest first: the records numbered below `before`, or from the newest on. With a filter it
    /// may have fewer records than asked for, or none, before the list ends: the last page alone has no next one. All
    /// records are looked at, as their times need not follow their numbers: clocks are put right.
    ///
    /// Whoever administers a repository may ask for the refusals of pulls and pushes there, and gets nothing else; whoever
    /// administers a namespace, at any name in it, there or not. These appear within half a minute: only an administrator's
    /// question has what waits written first.
    ///
    /// # Errors
    /// [`Error::Denied`] and [`Error::Hidden`] to all others but administrators.
    pub fn list_audit(
        &self,
        call: &Call,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<LoggedRecord, u64>, Error> {
        let shown = self.shown_audit(call, filter.repository.as_ref())?;
        if shown == ShownAudit::All {
            self.write_audit(call.now);
        }
        let (mut entries, mut next, mut left) = (Vec::new(), before, LOOKED_AT.max(limit));
        let page = |entries, next| Page { entries, next, count: None };
        loop {
            let step = self.store.audit_before(next, STEP)?;
            let is_last = step.len() < STEP;
            for logged in step {
                if entries.len() == limit || left == 0 {
                    return Ok(page(entries, next));
                }
                left -= 1;
                next = Some(logged.record.seq);
                if shown.has(&logged.record) && filter.matches(&logged.record) {
                    entries.push(logged);
                }
            }
            if is_last {
                return Ok(page(entries, None));
            }
        }
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

/// Since when the account exists that has the namespace of this name, if the caller administers all of that. It is made to
/// the second: what falls into the first one may have been another account's.
fn owned_since(authority: &Authority<'_>, name: &RepositoryName) -> Option<Timestamp> {
    authority.signed_in().ok()?;
    let namespace = name.namespace();
    let owner = authority.state().account_named(namespace.name()?.as_str())?;
    authority.administers_namespace(&namespace).then(|| owner.created_at.plus_seconds(1))
}

fn append(txn: &mut Txn<'_>, bundle: &[(AuditEntry, Occurrence)]) -> Result<(), Error> {
    let written: Result<(), TooLarge> = bundle.iter().try_for_each(|(entry, when)| txn.audit(entry, *when));
    Ok(written?)
}

fn lost_events() -> AuditEntry {
    AuditEntry::by_system(Act::AuditGap, String::new())
}
