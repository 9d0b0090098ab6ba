//! The check of the audit log's hash chain. What is hashed is the content as stored ([`super::record::hashed`]), whichever
//! version it has: a log of several versions is one chain. A cut tail is found with a head noted elsewhere.
//!
//! Of a removed record the hash is left ([`super::record::Removed`]), and the record of its removal has a digest of all
//! that went with it: so nobody without the key can remove another one, or change what is left of it.
//!
//! Where all of the oldest part was removed, not even that is left ([`super::retention`], `sum`): the chain begins with its
//! anchor ([`super::record::Anchor`]), which nobody makes without the key. What the removals took that end below it was
//! checked before it was summed up, and is taken on the anchor's word.

use std::collections::{BTreeMap, VecDeque};

use super::audit_key::AuditKey;
use super::audit_log::AuditLog;
use super::engine::Entry;
use super::error::Error;
use super::load;
use super::record::{self, Anchor, OpenRemoval, Removed, RemovedDigest};
use super::row;
use super::table::Table;
use crate::domain::audit::{AuditAnchor, AuditHead, NotedHead, RemovedRecords};

/// Rows that one step of a reading of the log reads.
const STEP: usize = 1_000;

/// What a check of the audit chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// How many were removed: those that are summed up, and others, of which the hashes were read.
    pub removed: u64,
    /// What the oldest part is summed up to; none if nothing is.
    pub anchor: Option<AuditAnchor>,
    /// The end of the chain.
    pub head: AuditHead,
    /// What the noted end is to this log, as far as it was read; none if none was asked about.
    pub noted: Option<NotedHead>,
    /// What is wrong; none if the chain is whole and has the noted end.
    pub problem: Option<String>,
}

/// Reads the whole chain up to `head`, from `anchor` on, and checks that it is whole, and that `noted` (an end that was
/// noted elsewhere) is in it. Nothing may be removed meanwhile.
///
/// # Errors
/// [`Error`] if it cannot be read at all.
pub(super) fn verify(
    key: &AuditKey,
    log: &AuditLog<'_>,
    (anchor, head): (Option<&Anchor>, AuditHead),
    noted: Option<AuditHead>,
) -> Result<Verification, Error> {
    let mut chain = Chain::new(key.clone());
    if let Err(problem) = anchor.map_or(Ok(()), |anchor| chain.begin_after(anchor)) {
        return Ok(chain.found(Some(problem)));
    }
    if let Some(seq) = first_within(log, chain.reached.seq)? {
        return Ok(chain.found(Some(within(seq))));
    }
    // Not beyond the published end: records there are being written, or are left of a failed change.
    let begin = chain.reached.seq.saturating_add(1);
    let mut records = Rows::new(|start, limit| log.from(start, limit), begin, head.seq);
    let mut left = Rows::new(|start, limit| log.removed_from(start, limit), begin, head.seq);
    let mut found_noted = noted.map(|noted| chain.begins_with(noted));
    while chain.reached.seq < head.seq {
        let seq = chain.reached.seq + 1;
        let next = match (records.take(seq)?, left.take(seq)?) {
            (Some(record), None) => chain.go_on(seq, &record),
            (None, Some(removed)) => chain.go_over(seq, &removed),
            (Some(_), Some(_)) => Err(format!("record {seq} is there, and was removed")),
            (None, None) if records.is_at_end() && left.is_at_end() => Err("records are missing at the end".to_owned()),
            (None, None) => Err(format!("record {seq} is missing")),
        };
        if let Err(problem) = next {
            // What was not read may have it.
            let noted = found_noted.filter(|found| *found != NotedHead::Missing);
            return Ok(Verification { noted, ..chain.found(Some(problem)) });
        }
        if noted == Some(chain.reached) {
            found_noted = Some(NotedHead::There);
        }
    }
    let problem = chain.problem_at(head).map(str::to_owned);
    let problem = problem.or_else(|| found_noted.and_then(|found| chain.unproven(found)));
    Ok(Verification { noted: found_noted, ..chain.found(problem) })
}

/// The first row of the log up to this number; 0 if its key is no number. It is the key that has to lie behind the number: one
/// that is none must not hide the rows that follow it.
fn first_within(log: &AuditLog<'_>, last: u64) -> Result<Option<u64>, Error> {
    let Some(end) = last.checked_add(1).map(u64::to_be_bytes) else { return Ok(None) };
    let keys = [log.from(0, 1)?, log.removed_from(0, 1)?].into_iter().flatten().map(|(key, _)| key);
    Ok(keys.min().filter(|key| key.as_slice() < end.as_slice()).map(|key| number(&key).unwrap_or_default()))
}

fn within(seq: u64) -> String {
    format!("record {seq} is there, and was removed and summed up")
}

/// Rows in the order of their numbers, read in steps of [`STEP`] from a number on.
pub(super) struct Rows<F> {
    read_from: F,
    /// The number of the last row that counts.
    last: u64,
    /// Where the next step begins; none at the end.
    start: Option<u64>,
    read: VecDeque<Entry>,
}

impl<F: Fn(u64, usize) -> Result<Vec<Entry>, Error>> Rows<F> {
    /// `read_from` reads from a number on, at most so many rows.
    pub(super) fn new(read_from: F, first: u64, last: u64) -> Self {
        Self { read_from, last, start: Some(first), read: VecDeque::new() }
    }

    /// The row of this number, if there is one; rows are asked for in order. Any other key is that of a row that belongs
    /// nowhere, and is passed over: what is missing in its place is found.
    pub(super) fn take(&mut self, seq: u64) -> Result<Option<Entry>, Error> {
        while self.read.is_empty() {
            let Some(start) = self.start else { return Ok(None) };
            let found = (self.read_from)(start, STEP)?;
            let reached = found.last().and_then(|(key, _)| number(key)).filter(|_| found.len() == STEP);
            self.start = reached.map(|reached| reached + 1).filter(|start| *start <= self.last);
            self.read = found.into_iter().filter(|(key, _)| number(key).is_none_or(|it| it <= self.last)).collect();
        }
        let is_it = self.read.front().is_some_and(|(key, _)| *key == seq.to_be_bytes());
        Ok(if is_it { self.read.pop_front() } else { None })
    }

    fn is_at_end(&self) -> bool {
        self.read.is_empty() && self.start.is_none()
    }
}

fn number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The chain as far as it was read.
pub(super) struct Chain {
    key: AuditKey,
    /// What it begins after.
    anchor: Option<AuditAnchor>,
    reached: AuditHead,
    records: u64,
    removed: u64,
    /// What was removed, by the number of the record that has to say so.
    removals: BTreeMap<u64, Gathered>,
}

/// What one removal took, as far as it was read.
pub(super) struct Gathered {
    first: u64,
    last: u64,
    count: u64,
    digest: RemovedDigest,
}

impl Gathered {
    fn of(open: &OpenRemoval) -> Self {
        let OpenRemoval { first, last, count, digest, .. } = *open;
        Self { first, last, count, digest: RemovedDigest::from_bytes(digest) }
    }

    /// As an anchor notes it.
    pub(super) fn open(&self, by: u64) -> OpenRemoval {
        let Self { first, last, count, digest } = *self;
        OpenRemoval { by, first, last, count, digest: digest.to_bytes() }
    }

    /// As the record of the removal says it.
    pub(super) fn named(&self) -> RemovedRecords {
        RemovedRecords { first: self.first, last: self.last, count: self.count, hash: self.digest.to_hex() }
    }
}

impl Chain {
    /// The chain of this key, of which nothing was read.
    pub(super) fn new(key: AuditKey) -> Self {
        let (reached, removals) = (AuditHead::default(), BTreeMap::new());
        Self { key, anchor: None, reached, records: 0, removed: 0, removals }
    }

    /// Begins after the part that is summed up, if nothing was read; or says what is wrong.
    pub(super) fn begin_after(&mut self, anchor: &Anchor) -> Result<(), String> {
        if !anchor.is_made_with(&self.key) {
            return Err("what the removed part of the log is summed up to was changed".to_owned());
        }
        if self.reached != AuditHead::default() {
            return Err("a part of the log is summed up, and stands before it".to_owned());
        }
        self.anchor = Some(AuditAnchor { head: anchor.head, at: anchor.at });
        self.reached = anchor.head;
        self.removed = anchor.head.seq;
        self.removals = anchor.open.iter().map(|open| (open.by, Gathered::of(open))).collect();
        Ok(())
    }

    /// How far it was read.
    pub(super) fn reached(&self) -> AuditHead {
        self.reached
    }

    /// What was removed, as far as it was read and no record has said so, by the number of that record.
    pub(super) fn removals(&self) -> impl Iterator<Item = (u64, &Gathered)> {
        self.removals.iter().map(|(by, gathered)| (*by, gathered))
    }

    /// The last number of the part that is summed up; 0 if none is.
    fn summed_up(&self) -> u64 {
        self.anchor.map_or(0, |anchor| anchor.head.seq)
    }

    /// What a noted end is to this chain, of which nothing else was read. Every log begins with none.
    fn begins_with(&self, noted: AuditHead) -> NotedHead {
        if noted == self.reached || noted == AuditHead::default() {
            NotedHead::There
        } else if (1..self.summed_up()).contains(&noted.seq) {
            NotedHead::SummedUp
        } else {
            NotedHead::Missing
        }
    }

    /// What stands against a noted end, where the chain itself is whole.
    fn unproven(&self, noted: NotedHead) -> Option<String> {
        match noted {
            NotedHead::There => None,
            NotedHead::SummedUp => Some(format!(
                "nobody can tell any more whether the noted end was in this chain: the records up to {} were removed and are \
                 summed up; what is kept, from {} on, is whole and follows them",
                self.summed_up(),
                self.summed_up() + 1
            )),
            NotedHead::Missing => {
                Some("the noted end is not in this chain: its tail was cut or it is another".to_owned())
            }
        }
    }

    /// Goes on to the next row of the log, which must have the next number; or says what is wrong.
    pub(super) fn next(&mut self, table: Table, row: &Entry) -> Result<(), String> {
        let seq = self.reached.seq + 1;
        if let Some(found) = number(&row.0).filter(|found| *found <= self.summed_up()) {
            return Err(within(found));
        }
        if row.0 != seq.to_be_bytes() {
            return Err(format!("record {seq} is missing"));
        }
        if table == Table::Removed { self.go_over(seq, row) } else { self.go_on(seq, row) }
    }

    /// What is wrong with it if it is to end here.
    pub(super) fn problem_at(&self, head: AuditHead) -> Option<&'static str> {
        if self.reached != head {
            Some("the last record is not the one that was written last")
        } else if !self.removals.is_empty() {
            Some("records were removed, and no record says so")
        } else {
            None
        }
    }

    /// What was found.
    pub(super) fn found(&self, problem: Option<String>) -> Verification {
        let Self { records, removed, anchor, reached: head, .. } = *self;
        Verification { records, removed, anchor, head, noted: None, problem }
    }

    /// Goes on to a record; or says what is wrong with it.
    pub(super) fn go_on(&mut self, seq: u64, (at, value): &Entry) -> Result<(), String> {
        let undecodable = || format!("record {seq} does not decode");
        let found = load::audit_record(at, value).map_err(|_| undecodable())?;
        let content = record::hashed(value).map_err(|_| undecodable())?;
        if self.key.hash(self.reached.hash, seq, &content) != found.hash {
            return Err(format!("record {seq} was changed"));
        }
        let removed = self.removals.remove(&seq).map(|gathered| gathered.named());
        // Of what is summed up no row is left, and none may be.
        let summed_up = self.summed_up();
        if removed != found.record.removed.filter(|removed| removed.last > summed_up) {
            return Err(format!("what was removed is not what record {seq} says"));
        }
        self.reached = AuditHead { seq, hash: found.hash };
        self.records += 1;
        Ok(())
    }

    /// Goes over a removed record. Whether its hash is right, the record of its removal tells.
    pub(super) fn go_over(&mut self, seq: u64, (_, value): &Entry) -> Result<(), String> {
        let removed = row::decode::<Removed>(value).ok().filter(|removed| removed.by > seq);
        let Removed { hash, by } = removed.ok_or_else(|| format!("what is left of record {seq} does not decode"))?;
        let begin = || Gathered { first: seq, last: seq, count: 0, digest: RemovedDigest::default() };
        let gathered = self.removals.entry(by).or_insert_with(begin);
        (gathered.last, gathered.count) = (seq, gathered.count + 1);
        gathered.digest.add(seq, hash);
        self.reached = AuditHead { seq, hash };
        self.removed += 1;
        Ok(())
    }
}
