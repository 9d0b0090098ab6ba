//! How a way is, for those who ask: `/health`, `dockpass status`, the metrics, and the log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{WayKind, WayState};
use crate::domain::time::{Clock, Timestamp};
use crate::domain::trouble::{Trouble, Turn};
use crate::service::Service;

/// What changes.
#[derive(Default)]
struct Kept {
    /// Up to which record the receiver has all.
    reached: u64,
    /// When it took something for the last time.
    delivered: Option<Timestamp>,
    failures: u64,
    trouble: Trouble,
}

/// How the way is.
pub(super) struct Shown {
    pub(super) kind: WayKind,
    pub(super) place: String,
    pub(super) service: Arc<Service>,
    clock: Clock,
    kept: Mutex<Kept>,
}

impl Shown {
    pub(super) fn new(kind: WayKind, place: String, service: Arc<Service>, clock: Clock) -> Arc<Self> {
        Arc::new(Self { kind, place, service, clock, kept: Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> WayState {
        let Kept { reached, delivered, failures, trouble } = &*self.kept();
        WayState {
            kind: self.kind,
            place: self.place.clone(),
            behind: Some(self.service.audit_end().seq.saturating_sub(*reached)),
            delivered: *delivered,
            failures: *failures,
            trouble: trouble.text(),
        }
    }

    /// Notes up to which record the receiver has all, as is known at the beginning.
    pub(super) fn begin(&self, seq: u64) {
        self.kept().reached = seq;
    }

    /// Notes that the receiver has all up to this record, from now on.
    pub(super) fn reach(&self, seq: u64) {
        let now = self.clock.now();
        let mut kept = self.kept();
        (kept.reached, kept.delivered) = (seq, Some(now));
    }

    /// Notes a failure, and why.
    pub(super) fn fail(&self, why: String) {
        let mut kept = self.kept();
        kept.failures += 1;
        self.note(&mut kept, Some(why));
    }

    /// Notes that it works.
    pub(super) fn go_well(&self) {
        self.note(&mut self.kept(), None);
    }

    /// Tells the log when what is wrong changes.
    fn note(&self, kept: &mut Kept, trouble: Option<String>) {
        let (key, place) = (self.kind.key(), &self.place);
        match kept.trouble.becomes(trouble) {
            Some(Turn::Worse(now) | Turn::Other(now)) => log::warn!("{key}: {place}: {now}; it is tried again"),
            Some(Turn::Better) => log::info!("{key}: {place}: takes the audit log again"),
            None => {}
        }
    }
}
