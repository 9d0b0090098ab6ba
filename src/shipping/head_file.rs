//! `audit.head_file`: the head of the audit chain, as `dockpass audit head` prints it, in a file that is kept elsewhere: on
//! another file system, or where another machine collects it.
//!
//! A file that has a head which this log does not have is the proof that the log was cut or exchanged. So it is looked at
//! before it is written for the first time, and such a one stays until somebody takes it away.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{WayKind, WayState};
use crate::causes::with_causes;
use crate::domain::audit::{AuditHead, NotedHead};
use crate::domain::time::{Clock, Moment, Timestamp};
use crate::domain::trouble::{Trouble, Turn};
use crate::private_file;
use crate::service::{Call, Service};

/// Shortest time from one note to the next, in seconds: each is a write to the disk, and a head that is a little old proves
/// all that is older.
const EVERY: i64 = 10;
/// After so many seconds the file system counts as one that does not answer.
const HANGING: i64 = 30;

/// What is known of the file.
#[derive(Default)]
struct Kept {
    /// What it has, once that is known to be of this log.
    written: Option<AuditHead>,
    /// Whether what it had at the start was looked at.
    is_known: bool,
    /// When it was last written, or tried to.
    at: Option<Moment>,
}

/// What those are told who ask. They never wait for the file.
#[derive(Default)]
struct Told {
    /// Since when it is being written.
    busy_since: Option<Moment>,
    /// When it was written for the last time.
    written_at: Option<Timestamp>,
    failures: u64,
    trouble: Trouble,
}

/// The file.
pub(super) struct HeadFile {
    path: PathBuf,
    service: Arc<Service>,
    clock: Clock,
    /// Held while it is written: a file system elsewhere can hang.
    kept: Mutex<Kept>,
    told: Mutex<Told>,
}

impl HeadFile {
    pub(super) fn new(path: PathBuf, service: Arc<Service>, clock: Clock) -> Self {
        Self { path, service, clock, kept: Mutex::default(), told: Mutex::default() }
    }

    pub(super) fn state(&self) -> WayState {
        let told = self.told();
        let busy = told.busy_since.map_or(0, |since| self.clock.moment().seconds() - since.seconds());
        let hangs = (busy >= HANGING).then(|| format!("its file system has not answered for {busy} seconds"));
        let trouble = hangs.or_else(|| told.trouble.text());
        WayState {
            kind: WayKind::HeadFile,
            place: self.path.display().to_string(),
            behind: None,
            delivered: told.written_at,
            failures: told.failures,
            trouble,
        }
    }

    /// Writes the head if it is another one or something is wrong, at most once in [`EVERY`] seconds.
    pub(super) fn note(&self) {
        let moment = self.clock.moment();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_soon = kept.at.is_some_and(|at| moment < at.plus_seconds(EVERY));
        // Also where it failed in another way than by being written: a write shows whether it works again.
        if !is_soon && (self.is_behind(&kept) || self.told().trouble.text().is_some()) {
            kept.at = Some(moment);
            self.write(&mut kept);
        }
    }

    /// Writes the head that the log has in the end.
    pub(super) fn note_last(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_behind(&kept) {
            self.write(&mut kept);
        }
    }

    fn is_behind(&self, kept: &Kept) -> bool {
        kept.written != Some(self.service.audit_end())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, kept: &mut Kept) {
        self.told().busy_since = Some(self.clock.moment());
        match self.try_to_write(kept) {
            Ok(()) => {
                let mut told = self.told();
                told.written_at = Some(self.clock.now());
                self.tell(&mut told, None);
            }
            Err(why) => self.fail(why),
        }
    }

    /// Notes that it was not written, and why.
    pub(super) fn fail(&self, why: String) {
        let mut told = self.told();
        told.failures += 1;
        self.tell(&mut told, Some(why));
    }

    /// Tells the log when what is wrong changes.
    fn tell(&self, told: &mut Told, trouble: Option<String>) {
        told.busy_since = None;
        let (key, place) = (WayKind::HeadFile.key(), self.path.display());
        match told.trouble.becomes(trouble) {
            Some(Turn::Worse(now) | Turn::Other(now)) => log::error!("{key}: {place}: {now}"),
            Some(Turn::Better) => log::info!("{key}: {place} is written again"),
            None => {}
        }
    }

    fn try_to_write(&self, kept: &mut Kept) -> Result<(), String> {
        if !kept.is_known {
            self.look()?;
            kept.is_known = true;
        }
        let head = self.service.audit_end();
        let written = private_file::write(&self.path, format!("{head}\n").as_bytes());
        written.map_err(|error| format!("it cannot be written: {}", with_causes(&error)))?;
        kept.written = Some(head);
        Ok(())
    }

    /// Refuses to overwrite what is no head of this log.
    fn look(&self) -> Result<(), String> {
        let read = private_file::read(&self.path);
        let read = read.map_err(|error| format!("it cannot be read: {}", with_causes(&error)))?;
        let Some(content) = read else { return Ok(()) };
        let text = String::from_utf8_lossy(&content);
        let noted: AuditHead = text.trim_end().parse().map_err(|_| {
            "something else than the head of an audit log is in it, and is not overwritten: name another file"
                .to_owned()
        })?;
        let call = Call { caller: Service::local(own_id()), now: self.clock.now(), user_agent: String::new() };
        match self.service.audit_has(&call, noted) {
            Ok(NotedHead::There) => Ok(()),
            Ok(NotedHead::SummedUp) => Err(format!(
                "it notes record {}, and what is as old was removed from this audit log and is summed up: nobody can tell any more \
                 whether it is a head of this log; it is not overwritten: take it away",
                noted.seq
            )),
            Ok(NotedHead::Missing) => Err(format!(
                "this audit log does not have record {} with the hash that is noted: it was cut or exchanged, or the file is \
                 another log's; it is not overwritten: look into it, and take it away",
                noted.seq
            )),
            Err(error) => Err(format!("the audit log cannot be read: {}", with_causes(&error))),
        }
    }
}

/// Who runs this process.
fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::support::{Home, start};

    #[test]
    fn what_failed_inside_and_works_again_is_told_so_though_the_head_is_the_same() {
        let (home, clock) = (Home::new(), Clock::fixed(start()));
        let directory = tempfile::tempdir().unwrap();
        let file = HeadFile::new(directory.path().join("head"), Arc::new(home.open(start())), clock.clone());
        file.note();
        assert_eq!((file.state().trouble, file.state().failures), (None, 0));
        file.fail("it failed inside".to_owned());
        file.note();
        assert_eq!(file.state().trouble.as_deref(), Some("it failed inside"), "too soon");
        clock.pass(EVERY);
        file.note();
        assert_eq!((file.state().trouble, file.state().failures), (None, 1));
    }
}
