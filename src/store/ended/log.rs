//! The file, while the server adds to it: opened and looked through at the start, put right after a power cut, and bounded.
//!
//! A full one becomes `ended.log.1`, in place of the one before. What is damaged stays as `ended.log.aside`, and beside that if
//! it happens again; what can be read of it goes on in a new file, which says that lines are missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::place;
use super::read::EndedFile;
use super::{CONTINUED, Ended, FIRST, GAP, Namespaces, checked};
use crate::data_files::{ENDED, ENDED_ASIDE, ENDED_BEFORE, ENDED_PLACE};
use crate::domain::id::Id;
use crate::domain::random;
use crate::domain::time::Timestamp;
use crate::private_file::{self, NO_LINK_NO_WAIT};
use crate::store::record::LastEnding;
use crate::store::same_file::SameFile;

/// Largest file, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Most files that are put aside; the last one makes way for the next.
const MOST_ASIDE: usize = 8;
/// Most bytes of lines that wait for the disk.
const WAITING: usize = 1024 * 1024;

/// How the file is kept, for those who do not write it.
#[derive(Default)]
pub(in crate::store) struct Keeping {
    life: ArcSwap<Option<Id>>,
    is_failing: AtomicBool,
}

impl Keeping {
    /// The life of the store that the file tells of; none if it could not be opened.
    pub(in crate::store) fn life(&self) -> Option<Id> {
        **self.life.load()
    }

    /// Whether it cannot be written.
    pub(in crate::store) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }
}

/// The file, open to be added to. One that cannot be written is told ([`Keeping`]); its lines are kept and tried again with the
/// next batch: the change itself is durable, and the journal has what a full disk keeps from here.
pub(in crate::store) struct EndedLog {
    directory: PathBuf,
    namespaces: Namespaces,
    keeping: Arc<Keeping>,
    open: Option<Open>,
    /// Lines that are not on the disk yet.
    waiting: String,
    /// The first batch of these.
    first_waiting: Option<u64>,
    /// The last batch of these.
    last_waiting: Option<LastEnding>,
    /// The last batch whose lines the file must have.
    has: Option<LastEnding>,
    /// Lines of before this batch are lost.
    gap: Option<u64>,
}

struct Open {
    file: File,
    same: SameFile,
    life: Id,
    /// Its length, in bytes, after what was written last.
    length: u64,
}

impl Open {
    /// Whether it is the file at this path, and nobody has cut it off or added to it.
    fn is_as_left(&self, path: &Path) -> bool {
        self.same.is_at(path) && self.file.metadata().is_ok_and(|found| found.len() == self.length)
    }

    fn add(&mut self, lines: &str) -> io::Result<()> {
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()?;
        self.length = self.length.saturating_add(lines.len() as u64);
        Ok(())
    }
}

impl EndedLog {
    /// The file in this data directory.
    pub(in crate::store) fn of(directory: &Path, namespaces: Namespaces) -> Self {
        Self {
            directory: directory.to_owned(),
            namespaces,
            keeping: Arc::default(),
            open: None,
            waiting: String::new(),
            first_waiting: None,
            last_waiting: None,
            has: None,
            gap: None,
        }
    }

    /// How it is kept.
    pub(in crate::store) fn keeping(&self) -> &Arc<Keeping> {
        &self.keeping
    }

    /// What tells namespaces apart in it.
    pub(in crate::store) fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// Opens it for a store whose last batch is `last`, and puts it right: if it lacks lines of the last batch that ended
    /// something, as the store says, it tells a gap.
    pub(in crate::store) fn begin(
        &mut self,
        instance: Option<Id>,
        last: u64,
        ending: Option<LastEnding>,
        now: Timestamp,
    ) {
        self.has = ending;
        self.note(instance, last.saturating_add(1), &[], now);
    }

    /// Adds the lines of a batch, which is about to be made; durable when it returns, unless it is told to be failing. Returns
    /// what the store is to note of it, written or not; none if it ends nothing.
    pub(in crate::store) fn note(
        &mut self,
        instance: Option<Id>,
        batch: u64,
        ended: &[Ended],
        now: Timestamp,
    ) -> Option<LastEnding> {
        let instance = instance?;
        let ending = LastEnding { batch, lines: ended.len() as u64 };
        let ending = (!ended.is_empty()).then_some(ending);
        for ended in ended {
            let (kind, which) = ended.words();
            self.waiting.push_str(&checked(&format!("{} {batch} {kind} {which}", now.whole_seconds())));
            self.first_waiting.get_or_insert(batch);
            self.last_waiting = ending;
        }
        let is_done = self.open.is_some() && self.waiting.is_empty() && self.gap.is_none();
        if !is_done || self.keeping.is_failing() {
            self.write_waiting(instance, batch, now);
        }
        ending
    }

    fn write_waiting(&mut self, instance: Id, batch: u64, now: Timestamp) {
        let was_failing = self.keeping.is_failing();
        let path = self.directory.join(ENDED);
        let written = self.write(instance, batch, now);
        self.keeping.is_failing.store(written.is_err(), Ordering::Relaxed);
        match written {
            Ok(()) => {
                self.has = self.last_waiting.or(self.has);
                self.forget_waiting(None);
                if was_failing {
                    log::warn!("{} is written again", path.display());
                }
            }
            Err(error) => {
                self.open = None;
                if !was_failing {
                    log::error!("{}: {error}; what is ended now is not noted for a restore yet", path.display());
                }
                if self.waiting.len() > WAITING {
                    self.forget_waiting(Some(batch));
                    log::error!("{}: too much waits for it; what was ended meanwhile is not in it", path.display());
                }
            }
        }
    }

    fn forget_waiting(&mut self, gap: Option<u64>) {
        (self.waiting, self.first_waiting, self.last_waiting, self.gap) = (String::new(), None, None, gap);
    }

    /// What the journal has of endings gets its lines only once it is folded into the store.
    pub(in crate::store) fn waits_in_journal(&self) {
        if !self.keeping.is_failing.swap(true, Ordering::Relaxed) {
            let path = self.directory.join(ENDED);
            log::error!("{}: what is ended now is noted for a restore only once the disk has room", path.display());
        }
    }

    /// The batch after which the file is complete once it has what waits.
    fn complete_after(&self, batch: u64) -> u64 {
        self.first_waiting.unwrap_or(batch).saturating_sub(1)
    }

    fn write(&mut self, instance: Id, batch: u64, now: Timestamp) -> io::Result<()> {
        let after = self.complete_after(batch);
        // Whoever moves it away to keep it has taken it; whoever cuts it off has taken lines of it.
        let opened = self.open.take().filter(|open| open.is_as_left(&self.directory.join(ENDED)));
        let mut open = match opened {
            Some(open) => open,
            None => self.opened(instance, after, now)?,
        };
        self.keeping.life.store(Arc::new(Some(open.life)));
        let mut lines = self.gap.map_or(String::new(), |gap| about_file(GAP, gap, now));
        if open.length > LARGEST && !(lines.is_empty() && self.waiting.is_empty()) {
            // The gap is told in both: the next one begins behind it.
            open.add(&format!("{lines}{}", about_file(CONTINUED, after, now)))?;
            open = self.continued(instance, open.life, after, now)?;
        }
        lines.push_str(&self.waiting);
        if !lines.is_empty() {
            open.add(&lines)?;
        }
        self.open = Some(open);
        Ok(())
    }

    /// Puts a full file away, and begins the next one.
    fn continued(&self, instance: Id, life: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        fs::rename(self.directory.join(ENDED), self.directory.join(ENDED_BEFORE))?;
        self.made(&header(instance, life, after, now), life)
    }

    /// Makes the file with this content, whole, and opens it.
    fn made(&self, content: &str, life: Id) -> io::Result<Open> {
        let path = self.directory.join(ENDED);
        private_file::write(&path, content.as_bytes()).map_err(io::Error::other)?;
        let file = OpenOptions::new().append(true).custom_flags(NO_LINK_NO_WAIT).open(path)?;
        Ok(Open { same: SameFile::of(&file)?, file, life, length: content.len() as u64 })
    }

    /// Opens the file, all of whose lines are whole by then; `after` is the last batch before the next line. In a copy of the
    /// directory it is of another life.
    fn opened(&mut self, instance: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        let mut open = self.opened_as_is(instance, after, now)?;
        if place::is_elsewhere(&self.directory, open.life)? {
            open = self.begun_in_copy(instance, after, now)?;
        }
        // Without the note, a later copy would not be told from this directory: no reason to write nothing at all.
        if let Err(error) = place::note(&self.directory, open.life) {
            log::warn!("{}: {error}", self.directory.join(ENDED_PLACE).display());
        }
        Ok(open)
    }

    /// Begins a life of this directory, which is a copy. What it brought along goes on where it was copied from.
    fn begun_in_copy(&self, instance: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        let [path, before] = [ENDED, ENDED_BEFORE].map(|name| self.directory.join(name));
        let (_, mut bytes) = read(&path)?.ok_or(io::ErrorKind::NotFound)?;
        bytes.extend(about_file(CONTINUED, after, now).into_bytes());
        // A copy of its own: an end between two steps has the next start do both again.
        private_file::write(&before, &bytes).map_err(io::Error::other)?;
        log::warn!(
            "this data directory is a copy of another one, or was moved to another disk: {} begins a life of its own, and a \
             restore of a backup of before asks",
            path.display()
        );
        self.begun(instance, after, now)
    }

    /// Opens the file; if it lacks lines that it must have, a gap is to be told.
    fn opened_as_is(&mut self, instance: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        let path = self.directory.join(ENDED);
        let read = read(&path).and_then(|read| read.map_or_else(|| self.interrupted(after), |read| Ok(Some(read))))?;
        let Some((file, bytes)) = read else { return self.begun(instance, after, now) };
        let found = EndedFile::parse(&bytes).and_then(|found| found.refuse_other(Some(instance)).map(|()| found));
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.put_aside(&error.to_string(), &bytes)?;
                return self.begun(instance, after, now);
            }
        };
        let is_short = self.has.is_some_and(|has| !found.has(has));
        if is_short {
            self.gap = self.gap.max(Some(after));
            log::error!("{}: lines of before now are missing, and a restore is told so", path.display());
        }
        match (found.life, found.continued) {
            (Some(life), Some(at)) => self.continued(instance, life, at, now),
            (Some(life), None) if found.is_whole() => {
                Ok(Open { same: SameFile::of(&file)?, file, life, length: bytes.len() as u64 })
            }
            (_, _) => {
                if !found.is_whole() && (is_short || !found.is_torn_after(after)) {
                    self.put_aside(&format!("{} lines are damaged", found.damaged.max(1)), &bytes)?;
                    self.gap = self.gap.max(Some(after));
                } else if !found.is_whole() {
                    log::warn!("the end of {ENDED} was torn, and is cut off: it was never answered for");
                }
                self.put_right(&found, after, now)
            }
        }
    }

    /// The file before, where an end between two steps has left no other: it has the same life.
    fn interrupted(&self, after: u64) -> io::Result<Option<(File, Vec<u8>)>> {
        let before = self.directory.join(ENDED_BEFORE);
        let Some((file, bytes)) = read(&before)? else { return Ok(None) };
        let goes_on = EndedFile::parse(&bytes).is_ok_and(|found| found.continued == Some(after));
        if !goes_on {
            return Ok(None);
        }
        fs::rename(before, self.directory.join(ENDED))?;
        Ok(Some((file, bytes)))
    }

    /// Begins a life.
    fn begun(&self, instance: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        let life = new_life(now)?;
        self.made(&header(instance, life, after, now), life)
    }

    /// Writes the file anew: in today's version, without what is not whole, and with the gap that this leaves. Up to version 1
    /// it does not tell what there was before; so it is complete from now on.
    fn put_right(&self, found: &EndedFile, after: u64, now: Timestamp) -> io::Result<Open> {
        let life = found.life.map_or_else(|| new_life(now), Ok)?;
        let from = if found.life.is_some() { found.from } else { after };
        let mut content = header(found.instance, life, from, now);
        for line in &found.lines {
            let (kind, which) = line.ended.words();
            content.push_str(&checked(&format!("{} {} {kind} {which}", line.at, line.batch)));
        }
        content.push_str(&self.gap.map_or(String::new(), |gap| about_file(GAP, gap, now)));
        self.made(&content, life)
    }

    /// Keeps a copy; the file is still there until another is written in its place, so that no cut of the power loses it.
    fn put_aside(&self, why: &str, bytes: &[u8]) -> io::Result<()> {
        let (path, aside) = (self.directory.join(ENDED), self.place_aside(bytes)?);
        private_file::write(&aside, bytes).map_err(io::Error::other)?;
        log::error!("{}: {why}; it is kept as {}", path.display(), aside.display());
        Ok(())
    }

    /// Where these bytes are kept: beside what was put aside before, unless they are there already.
    fn place_aside(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let further = (1..MOST_ASIDE).map(|number| format!("{ENDED_ASIDE}.{number}"));
        let mut last = self.directory.join(ENDED_ASIDE);
        for place in [last.clone()].into_iter().chain(further.map(|name| self.directory.join(name))) {
            let is_free = read(&place)?.is_none_or(|(_, kept)| kept == bytes);
            last = place;
            if is_free {
                break;
            }
        }
        Ok(last)
    }
}

fn new_life(now: Timestamp) -> io::Result<Id> {
    random::bytes().map(|bytes| Id::new(now, bytes)).map_err(io::Error::other)
}

fn header(instance: Id, life: Id, after: u64, now: Timestamp) -> String {
    checked(&format!("{FIRST}2 {instance} {life} {after} {}", now.whole_seconds()))
}

/// A line about the file itself.
fn about_file(kind: &str, batch: u64, now: Timestamp) -> String {
    checked(&format!("{} {batch} {kind} -", now.whole_seconds()))
}

/// A file with what is in it, open to be added to; none if it is not there.
fn read(path: &Path) -> io::Result<Option<(File, Vec<u8>)>> {
    let opened = OpenOptions::new().read(true).append(true).custom_flags(NO_LINK_NO_WAIT).open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("no ordinary file"));
    }
    let mut bytes = Vec::new();
    (&file).take(16 * LARGEST).read_to_end(&mut bytes)?;
    Ok(Some((file, bytes)))
}
