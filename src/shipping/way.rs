//! A way out of the log: reads it page by page from where its receiver is, hands it on in order, and notes how far the
//! receiver has come. What fails is tried again, less and less often.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::TICK;
use super::cursor::CursorFile;
use super::parcel::{Fault, Parcel};
use super::shown::Shown;
use super::sink::Sink;
use crate::causes::with_causes;
use crate::domain::audit::{AuditHead, LoggedRecord, NotedHead};
use crate::domain::random;
use crate::domain::time::Clock;
use crate::service::{Call, Service};
use tokio::time::{Instant, sleep};

/// Records that are read at a time, and so held in memory.
const PAGE: usize = 64;
/// The first wait after a failure, and the longest; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How often the cursor is written at most.
const SAVE: Duration = Duration::from_secs(1);

/// The way.
pub(super) struct Way {
    shown: Arc<Shown>,
    sink: Sink,
    cursor: CursorFile,
    service: Arc<Service>,
    call: Call,
    /// The last record that was handed on.
    position: AuditHead,
    /// The last one that the receiver has, and that of the file.
    reached: AuditHead,
    saved: AuditHead,
    saved_at: Instant,
    /// Failures one after another.
    failures: u32,
}

impl Way {
    /// Prepares it; `cursor` is the file that says how far the receiver has come.
    pub(super) fn new(shown: Arc<Shown>, sink: Sink, cursor: PathBuf, clock: &Clock) -> Self {
        let caller = Service::local(rustix::process::geteuid().as_raw());
        let call = Call { caller, now: clock.now(), user_agent: String::new() };
        let (none, service) = (AuditHead::default(), Arc::clone(&shown.service));
        let cursor = CursorFile::at(cursor);
        let saved_at = Instant::now();
        Self { shown, sink, cursor, service, call, position: none, reached: none, saved: none, saved_at, failures: 0 }
    }

    /// Hands the log on for ever.
    pub(super) async fn go(&mut self) {
        self.begin();
        loop {
            match self.step().await {
                Ok(()) => self.keep(false),
                Err(fault) => self.fail(fault).await,
            }
        }
    }

    /// Goes on from where the receiver is. If the log does not have that record, it is another log, and all of it is sent. If
    /// nobody can tell, since what is as old is summed up, the receiver hears of a gap.
    fn begin(&mut self) {
        let (key, place) = (self.shown.kind.key(), &self.shown.place);
        let found = match self.cursor.read() {
            Ok(found) => found.unwrap_or_default(),
            Err(why) => {
                log::warn!("{key}: {why}: the whole audit log is sent to {place} again");
                AuditHead::default()
            }
        };
        let found_there = self.service.audit_has(&self.call, found).unwrap_or_else(|error| {
            // What cannot be read now is tried again with each page, from there.
            log::error!("{key}: the audit log cannot be read: {}", with_causes(&error));
            NotedHead::There
        });
        match found_there {
            NotedHead::There => self.go_on_from(found),
            NotedHead::SummedUp => {
                log::warn!(
                    "{key}: nobody can tell any more whether record {}, the last that was sent to {place}, is of this log: the \
                     records of that time were removed and are summed up; it is sent what is kept, and told of a gap",
                    found.seq
                );
                self.go_on_from(found);
            }
            NotedHead::Missing => log::error!(
                "{key}: the audit log does not have record {} as it was sent to {place}: it was cut or exchanged; the whole log \
                 is sent again",
                found.seq
            ),
        }
        self.shown.begin(self.reached.seq);
    }

    /// The receiver has all up to here.
    fn go_on_from(&mut self, found: AuditHead) {
        (self.position, self.reached, self.saved) = (found, found, found);
    }

    async fn step(&mut self) -> Result<(), Fault> {
        let parcels = self.next()?;
        if parcels.is_empty() {
            self.sink.idle(TICK).await?;
            if self.position == self.reached {
                self.go_well();
            }
        } else {
            self.sink.deliver(&parcels).await?;
            self.tell_gaps(&parcels);
            self.position = parcels.iter().rev().find_map(Parcel::head).unwrap_or(self.position);
        }
        Ok(())
    }

    /// The receiver has what was sent: a stream takes much before it is seen that nobody reads it.
    fn go_well(&mut self) {
        self.failures = 0;
        self.shown.go_well();
    }

    fn tell_gaps(&self, delivered: &[Parcel]) {
        for parcel in delivered {
            if let Parcel::Gap { first, last } = parcel {
                log::warn!(
                    "{}: the records {first} to {last} were removed before they could be sent",
                    self.shown.kind.key()
                );
            }
        }
    }

    /// The next records, and what is missing between them.
    fn next(&self) -> Result<Vec<Parcel>, Fault> {
        let read = self.service.audit_after(&self.call, self.position.seq, PAGE);
        let read =
            read.map_err(|error| Fault::new(format!("the audit log cannot be read: {}", with_causes(&error))))?;
        Ok(in_order(self.position.seq, read))
    }

    async fn fail(&mut self, fault: Fault) {
        let Fault { text, retry_after } = fault;
        self.shown.fail(text);
        self.keep(true);
        self.sink.reset();
        self.position = self.reached;
        let wait = waits(self.failures, random::bytes().map_or(0, u16::from_be_bytes));
        self.failures = self.failures.saturating_add(1);
        sleep(wait.max(retry_after.unwrap_or_default())).await;
    }

    /// Notes how far the receiver has come: `now`, or not too often.
    fn keep(&mut self, now: bool) {
        if let Some(head) = self.sink.acknowledged().filter(|head| *head != self.reached) {
            self.reached = head;
            self.shown.reach(head.seq);
            self.go_well();
        }
        if self.reached == self.saved || !(now || self.saved_at.elapsed() >= SAVE) {
            return;
        }
        match self.cursor.write(self.reached) {
            Ok(()) => self.saved = self.reached,
            Err(error) => log::warn!("{}: the cursor is not noted: {}", self.shown.kind.key(), with_causes(&error)),
        }
        self.saved_at = Instant::now();
    }

    /// Ends in order, and notes how far the receiver has come.
    pub(super) async fn end(&mut self) {
        self.sink.end().await;
        self.keep(true);
    }
}

/// Records after the one of this number, and what is missing between them. What was removed before the receiver had anything
/// is nothing that it misses.
fn in_order(after: u64, read: Vec<LoggedRecord>) -> Vec<Parcel> {
    let (mut parcels, mut last) = (Vec::with_capacity(read.len()), after);
    for logged in read {
        let seq = logged.record.seq;
        if seq > last + 1 && last > 0 {
            parcels.push(Parcel::Gap { first: last + 1, last: seq - 1 });
        }
        last = seq;
        parcels.push(Parcel::Record(Box::new(logged)));
    }
    parcels
}

/// The wait after so many failures: half of it, and by chance up to the whole, so that not all come back at once.
fn waits(failures: u32, chance: u16) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
    whole / 2 + whole.mul_f64(f64::from(chance) / f64::from(u16::MAX)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{AuditEntry, AuditRecord, Occurrence};
    use crate::domain::time::Timestamp;

    #[test]
    fn what_is_missing_is_told_in_its_place_and_not_to_whom_it_was_never_promised() {
        let logged = |seq: &u64| {
            let entry = AuditEntry::by_system(Act::TokenCreate, String::new());
            let record = AuditRecord::of(&entry, *seq, Occurrence::once(Timestamp::from_seconds(0)));
            LoggedRecord { line: record.line().unwrap(), record, hash: [0; 32] }
        };
        let told = |after, seqs: &[u64]| -> Vec<String> {
            let told = |parcel: &Parcel| match parcel {
                Parcel::Record(logged) => logged.record.seq.to_string(),
                Parcel::Gap { first, last } => format!("{first}-{last}"),
            };
            in_order(after, seqs.iter().map(logged).collect()).iter().map(told).collect()
        };
        assert_eq!(told(3, &[4, 5]), ["4", "5"]);
        assert_eq!(told(3, &[6, 7, 11]), ["4-5", "6", "7", "8-10", "11"]);
        assert_eq!(told(0, &[6, 8]), ["6", "7-7", "8"]);
        assert!(told(3, &[]).is_empty());
    }

    #[test]
    fn what_fails_is_tried_again_less_and_less_often() {
        let waits = |failures| [waits(failures, 0), waits(failures, u16::MAX)].map(|wait| wait.as_millis());
        assert_eq!([0, 1, 2].map(waits), [[500, 1_000], [1_000, 2_000], [2_000, 4_000]]);
        assert_eq!([6, 40, u32::MAX].map(waits), [[30_000, 60_000]; 3]);
    }
}
