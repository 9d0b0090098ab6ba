//! The check of the audit log's hash chain. What is hashed is the content as stored ([`super::record::hashed`]), whichever
//! version it has: a log of several versions is one chain. A cut tail is found with a head noted elsewhere.
//!
//! Of a removed record the hash is left ([`super::record::Removed`]), and the record of its removal has a digest of all
//! that went with it: so nobody without the key can remove another one, or change what is left of it.

use std::collections::{BTreeMap, VecDeque};

use super::audit_key::AuditKey;
use super::audit_log::AuditLog;
use super::engine::Entry;
use super::error::Error;
use super::load;
use super::record::{self, Removed, RemovedDigest};
use super::row;
use super::table::Table;
use crate::domain::audit::{AuditHead, RemovedRecords};

/// Rows that one step of a verification reads.
const VERIFY_STEP: usize = 1_000;

/// What a check of the audit chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// How many were removed, of which the hashes were read.
    pub removed: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}

/// Reads the whole chain up to `head`, and checks that it is whole, and that `noted` (an end that was noted
/// elsewhere) is in it. Nothing may be removed meanwhile.
///
/// # Errors
/// [`Error`] if it cannot be read at all.
pub(super) fn verify(
    key: &AuditKey,
    log: &AuditLog<'_>,
    head: AuditHead,
    noted: Option<AuditHead>,
) -> Result<Verification, Error> {
    // Not beyond the published end: records there are being written, or are left of a failed change.
    let mut records = Rows::new(|start| log.from(start, VERIFY_STEP), head.seq);
    let mut left = Rows::new(|start| log.removed_from(start, VERIFY_STEP), head.seq);
    let mut chain = Chain::new(key.clone());
    let mut found_noted = noted.is_none_or(|noted| noted == chain.reached);
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
            return Ok(chain.found(Some(problem)));
        }
        found_noted |= noted == Some(chain.reached);
    }
    let lost = "the noted end is not in this chain: its tail was cut or it is another";
    let problem = chain.problem_at(head).or((!found_noted).then_some(lost));
    Ok(chain.found(problem.map(str::to_owned)))
}

/// Rows in the order of their numbers, read in steps of [`VERIFY_STEP`] from a number on.
struct Rows<F> {
    read_from: F,
    /// The number of the last row that counts.
    last: u64,
    /// Where the next step begins; none at the end.
    start: Option<u64>,
    read: VecDeque<Entry>,
}

impl<F: Fn(u64) -> Result<Vec<Entry>, Error>> Rows<F> {
    fn new(read_from: F, last: u64) -> Self {
        Self { read_from, last, start: Some(0), read: VecDeque::new() }
    }

    /// The row of this number, if there is one; rows are asked for in order. Any other key is that of a row that belongs
    /// nowhere, and is passed over: what is missing in its place is found.
    fn take(&mut self, seq: u64) -> Result<Option<Entry>, Error> {
        while self.read.is_empty() {
            let Some(start) = self.start else { return Ok(None) };
            let found = (self.read_from)(start)?;
            let reached = found.last().and_then(|(key, _)| number(key)).filter(|_| found.len() == VERIFY_STEP);
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
    reached: AuditHead,
    records: u64,
    removed: u64,
    /// What was removed, by the number of the record that has to say so.
    removals: BTreeMap<u64, Gathered>,
}

/// What one removal took, as far as it was read.
struct Gathered {
    first: u64,
    last: u64,
    count: u64,
    digest: RemovedDigest,
}

impl Gathered {
    fn named(&self) -> RemovedRecords {
        RemovedRecords { first: self.first, last: self.last, count: self.count, hash: self.digest.to_hex() }
    }
}

impl Chain {
    /// The chain of this key, of which nothing was read.
    pub(super) fn new(key: AuditKey) -> Self {
        Self { key, reached: AuditHead::default(), records: 0, removed: 0, removals: BTreeMap::new() }
    }

    /// Goes on to the next row of the log, which must have the next number; or says what is wrong.
    pub(super) fn next(&mut self, table: Table, row: &Entry) -> Result<(), String> {
        let seq = self.reached.seq + 1;
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
        Verification { records: self.records, removed: self.removed, head: self.reached, problem }
    }

    /// Goes on to a record; or says what is wrong with it.
    fn go_on(&mut self, seq: u64, (at, value): &Entry) -> Result<(), String> {
        let undecodable = || format!("record {seq} does not decode");
        let found = load::audit_record(at, value).map_err(|_| undecodable())?;
        let content = record::hashed(value).map_err(|_| undecodable())?;
        if self.key.hash(self.reached.hash, seq, &content) != found.hash {
            return Err(format!("record {seq} was changed"));
        }
        let removed = self.removals.remove(&seq).map(|gathered| gathered.named());
        if removed != found.record.removed {
            return Err(format!("what was removed is not what record {seq} says"));
        }
        self.reached = AuditHead { seq, hash: found.hash };
        self.records += 1;
        Ok(())
    }

    /// Goes over a removed record. Whether its hash is right, the record of its removal tells.
    fn go_over(&mut self, seq: u64, (_, value): &Entry) -> Result<(), String> {
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
