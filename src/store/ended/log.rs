//! The file, while the server adds to it: opened and looked through at the start, put right after a power cut, and bounded.
//!
//! A full one becomes `ended.log.1`, in place of the one before. What is damaged stays as `ended.log.aside`, and what can be
//! read of it goes on in a new file, which says that lines are missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::read::EndedFile;
use super::{CONTINUED, Ended, FIRST, GAP, Namespaces, checked};
use crate::data_files::{ENDED, ENDED_ASIDE, ENDED_BEFORE};
use crate::domain::id::Id;
use crate::domain::random;
use crate::domain::time::Timestamp;
use crate::private_file::{self, NO_LINK_NO_WAIT, sync_directory};
use crate::store::same_file::SameFile;

/// Largest file, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
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
    /// Lines of before this batch are lost.
    gap: Option<u64>,
}

struct Open {
    file: File,
    same: SameFile,
    life: Id,
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

    /// Opens it for a store whose last batch is this one, and puts it right.
    pub(in crate::store) fn begin(&mut self, instance: Option<Id>, last: u64, now: Timestamp) {
        self.note(instance, last.saturating_add(1), &[], now);
    }

    /// Adds the lines of a batch, which is about to be made; durable when it returns.
    pub(in crate::store) fn note(&mut self, instance: Option<Id>, batch: u64, ended: &[Ended], now: Timestamp) {
        let Some(instance) = instance else { return };
        for ended in ended {
            let (kind, which) = ended.words();
            self.waiting.push_str(&checked(&format!("{} {batch} {kind} {which}", now.whole_seconds())));
            self.first_waiting.get_or_insert(batch);
        }
        if self.open.is_some() && self.waiting.is_empty() && self.gap.is_none() {
            return;
        }
        let was_failing = self.keeping.is_failing();
        let path = self.directory.join(ENDED);
        let written = self.write(instance, batch, now);
        self.keeping.is_failing.store(written.is_err(), Ordering::Relaxed);
        match written {
            Ok(()) => {
                (self.waiting, self.first_waiting, self.gap) = (String::new(), None, None);
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
                    (self.waiting, self.first_waiting, self.gap) = (String::new(), None, Some(batch));
                    log::error!("{}: too much waits for it; what was ended meanwhile is not in it", path.display());
                }
            }
        }
    }

    /// The batch after which the file is complete once it has what waits.
    fn complete_after(&self, batch: u64) -> u64 {
        self.first_waiting.unwrap_or(batch).saturating_sub(1)
    }

    fn write(&mut self, instance: Id, batch: u64, now: Timestamp) -> io::Result<()> {
        let after = self.complete_after(batch);
        // Whoever moves it away to keep it has taken it.
        let opened = self.open.take().filter(|open| open.same.is_at(&self.directory.join(ENDED)));
        let mut open = match opened {
            Some(open) => open,
            None => self.opened(instance, after, now)?,
        };
        self.keeping.life.store(Arc::new(Some(open.life)));
        let mut lines = self.gap.map_or(String::new(), |gap| about_file(GAP, gap, now));
        lines.push_str(&self.waiting);
        if lines.is_empty() {
            self.open = Some(open);
            return Ok(());
        }
        if open.file.metadata()?.len() > LARGEST {
            open.file.write_all(about_file(CONTINUED, after, now).as_bytes())?;
            open.file.sync_data()?;
            open = self.continued(instance, open.life, after, now)?;
        }
        open.file.write_all(lines.as_bytes())?;
        open.file.sync_data()?;
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
        Ok(Open { same: SameFile::of(&file)?, file, life })
    }

    /// Opens the file, all of whose lines are whole by then; `after` is the last batch before the next line.
    fn opened(&self, instance: Id, after: u64, now: Timestamp) -> io::Result<Open> {
        let path = self.directory.join(ENDED);
        let read = read(&path).and_then(|read| read.map_or_else(|| self.interrupted(after), |read| Ok(Some(read))))?;
        let Some((file, bytes)) = read else { return self.begun(instance, after, now) };
        let found = EndedFile::parse(&bytes).and_then(|found| found.refuse_other(Some(instance)).map(|()| found));
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.put_aside(&error.to_string())?;
                return self.begun(instance, after, now);
            }
        };
        match (found.life, found.continued) {
            (Some(life), Some(at)) => self.continued(instance, life, at, now),
            (Some(life), None) if found.is_whole() => Ok(Open { same: SameFile::of(&file)?, file, life }),
            (life, _) => self.put_right(&found, life, after, now),
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

    /// Writes the file anew: in today's version, without what a power cut tore. If more than that is damaged, the file stays
    /// beside it, and the new one says that lines are missing.
    fn put_right(&self, found: &EndedFile, life: Option<Id>, after: u64, now: Timestamp) -> io::Result<Open> {
        let is_damaged = !found.is_whole() && !found.is_torn_after(after);
        if is_damaged {
            self.put_aside(&format!("{} lines are damaged", found.damaged))?;
        } else if !found.is_whole() {
            log::warn!("the end of {ENDED} was torn, and is cut off: it was never answered for");
        }
        let life = life.map_or_else(|| new_life(now), Ok)?;
        let mut content = header(found.instance, life, found.from, now);
        for line in &found.lines {
            let (kind, which) = line.ended.words();
            content.push_str(&checked(&format!("{} {} {kind} {which}", line.at, line.batch)));
        }
        if is_damaged {
            content.push_str(&about_file(GAP, after, now));
        }
        self.made(&content, life)
    }

    fn put_aside(&self, why: &str) -> io::Result<()> {
        let [path, aside] = [ENDED, ENDED_ASIDE].map(|name| self.directory.join(name));
        fs::rename(&path, &aside)?;
        sync_directory(&self.directory)?;
        log::error!("{}: {why}; it is kept as {}", path.display(), aside.display());
        Ok(())
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
