//! Sums of events that get no records of their own: how many there were, by what they have in common.
//!
//! A sum is written as soon as it waits, and again while it grows, each time after twice as long: a flood of an hour makes
//! a handful of records, and the log shows at once that there is one. Pure: the time is an argument.

use std::collections::HashMap;

use super::budget::Common;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditedAccount, Concerned, Occurrence, Outcome, Summed};
use crate::domain::time::Timestamp;

/// How long a sum waits for its second record, in seconds; each further one waits twice as long.
const FIRST_WAIT: i64 = 30;
/// How often the wait doubles: then the hour is over.
const DOUBLINGS: u32 = 7;

/// How many sums of a kind there may be in an hour. Those over everybody have one for each act.
fn most(by: Summed) -> usize {
    match by {
        Summed::Source | Summed::Network | Summed::Target => 64,
        Summed::UnknownNames | Summed::Caller => 512,
        Summed::Strangers | Summed::Callers => usize::MAX,
    }
}

/// What is summed apart.
#[derive(Clone, PartialEq, Eq, Hash)]
struct SumKey {
    common: Common,
    act: Act,
    outcome: Outcome,
}

struct Sum {
    entry: AuditEntry,
    /// What is not written yet.
    waiting: Option<Occurrence>,
    /// How many records it has made.
    written: u32,
    due: Timestamp,
}

/// The sums of this hour.
#[derive(Default)]
pub(super) struct Sums {
    growing: HashMap<SumKey, Sum>,
    counts: HashMap<Summed, usize>,
    /// What is left of the hour before.
    ripe: Vec<(AuditEntry, Occurrence)>,
}

impl Sums {
    /// Counts an event in the first of these sums that has room.
    pub(super) fn add(&mut self, entry: &AuditEntry, candidates: Vec<Common>, when: Occurrence) {
        let mut keys = candidates.into_iter().map(|common| {
            let (act, outcome) = (entry.act, entry.outcome);
            SumKey { common, act, outcome }
        });
        let Some(key) = keys.find(|key| self.has_room(key)) else { return };
        let by = key.common.by;
        let sum = self.growing.entry(key).or_insert_with_key(|key| {
            *self.counts.entry(by).or_default() += 1;
            Sum { entry: summed(entry, &key.common), waiting: None, written: 0, due: when.last }
        });
        sum.waiting = Some(sum.waiting.map_or(when, |earlier| earlier.with(when)));
    }

    fn has_room(&self, key: &SumKey) -> bool {
        self.growing.contains_key(key)
            || self.counts.get(&key.common.by).copied().unwrap_or_default() < most(key.common.by)
    }

    /// Ends the hour: what waits is written next time, and there is room for other sums.
    pub(super) fn end_hour(&mut self) {
        self.counts.clear();
        let waiting = self.growing.drain().filter_map(|(_, sum)| Some((sum.entry, sum.waiting?)));
        self.ripe.extend(waiting);
    }

    /// Takes what is to be written now; all of it at the end.
    pub(super) fn take(&mut self, now: Timestamp, is_end: bool) -> Vec<(AuditEntry, Occurrence)> {
        let mut taken = std::mem::take(&mut self.ripe);
        for sum in self.growing.values_mut().filter(|sum| is_end || sum.due <= now) {
            let Some(when) = sum.waiting.take() else { continue };
            taken.push((sum.entry.clone(), when));
            sum.due = now.plus_seconds(FIRST_WAIT << sum.written.min(DOUBLINGS));
            sum.written = sum.written.saturating_add(1);
        }
        taken
    }
}

/// The entry of a sum: that of its first event, without what the others do not share.
fn summed(first: &AuditEntry, common: &Common) -> AuditEntry {
    let entry = AuditEntry {
        summed: Some(common.by),
        concerned: Concerned::default(),
        reason: Some(reason(common.by).to_owned()),
        object: String::new(),
        credential_id: None,
        credential_label: None,
        ..first.clone()
    };
    let nobody = || AuditEntry { actor: "anonymous".to_owned(), actor_id: None, ..entry.clone() };
    match common.by {
        Summed::Source | Summed::Network => AuditEntry { address: common.of.clone(), ..nobody() },
        Summed::Target => {
            let name = common.of.clone();
            let account = first.concerned.account.clone().or(Some(AuditedAccount { name, id: None }));
            let account = account.filter(|_| first.act == Act::AccountSignIn);
            let concerned = Concerned { account, ..Concerned::default() };
            AuditEntry { address: String::new(), object: common.of.clone(), concerned, ..nobody() }
        }
        Summed::Strangers => AuditEntry { address: String::new(), ..nobody() },
        Summed::UnknownNames | Summed::Caller => entry,
        Summed::Callers => AuditEntry { actor: String::new(), actor_id: None, address: String::new(), ..entry },
    }
}

fn reason(by: Summed) -> &'static str {
    match by {
        Summed::Source => "more from this source than have records of their own",
        Summed::Network => "more from this network than have records of their own",
        Summed::Target => "more at this object than have records of their own",
        Summed::Strangers => "more of strangers than have records of their own",
        Summed::UnknownNames => "more names that nothing has than have records of their own",
        Summed::Caller => "more of this caller than have records of their own",
        Summed::Callers => "more of all callers than have records of their own",
    }
}
