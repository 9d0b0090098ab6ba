//! The journal of endings: room for what takes a power away, while the disk has none.
//!
//! A file of fixed size, all of which is on the disk before it is needed, and overwritten in place: two slots for its
//! head, then the entries one after another. An entry is durable before its head says so, and its ending is answered
//! after both. So what the head counts and is not whole is damage, and what it does not count was never answered.
//!
//! The entries are folded into the store as soon as that has room again ([`super::writer`]), in one change that also
//! writes how far the journal is folded; after that it is emptied.
//!
//! On a file system that copies on write, overwriting needs new blocks, and can fail on a full disk.

mod entry;
mod slot;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

pub use entry::Share;
pub(super) use entry::{Entry, Head};

use super::change::RowChange;
use super::codec::DecodeError;
use super::error::{Error, is_full};
use super::record::Folded;
use super::row;
use super::same_file::SameFile;
use crate::data_files::UNFINISHED;
use crate::domain::id::Id;
use crate::private_file::{NO_LINK_NO_WAIT, sync_directory};
use slot::BLOCK;

/// Blocks of the file.
const BLOCKS: usize = 1_024;
/// Blocks before the first entry: the two slots of the head.
const HEADS: usize = 2;
/// Up to this block the endings of ordinary accounts go; the rest is kept for administrators and the socket.
const FOR_ACCOUNTS: usize = BLOCKS / 4 * 3;
/// Up to this block those of administrators go; the rest is kept for the socket.
const FOR_ADMINISTRATORS: usize = BLOCKS / 16 * 15;
/// Blocks that the endings of one ordinary account may take.
const OF_ACCOUNT: usize = 16;
/// Blocks of those that it may take when it signed in with access tokens.
const OF_ITS_TOKENS: usize = OF_ACCOUNT / 2;

/// Why an ending is not in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNoted {
    /// It has no room, or cannot be written.
    NoRoom,
    /// It was written, but may not be durable.
    Unknown,
}

/// The blocks that an account has taken.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    all: usize,
    by_tokens: usize,
}

/// The open journal.
pub(super) struct Journal {
    path: PathBuf,
    /// None if there was no room to make it.
    file: Option<File>,
    head: Head,
    /// The block after the last entry.
    end: usize,
    entries: Vec<Entry>,
    taken: HashMap<Id, Taken>,
    /// A write or sync failed: what the disk holds is unknown.
    is_failing: bool,
}

impl Journal {
    /// Opens the journal, or makes it where there is none, and reads what the store does not have yet. Without room for
    /// making it, no ending can be noted.
    ///
    /// # Errors
    /// [`Error::Journal`] if it is damaged, [`Error::Newer`], [`Error::Io`].
    pub(super) fn open(path: &Path, folded: Folded) -> Result<Self, Error> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(NO_LINK_NO_WAIT);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::make(path, folded),
            opened => opened.map_err(failed)?,
        };
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() || found.len() != (BLOCKS * BLOCK) as u64 {
            return Err(damaged(path, format!("it is no file of {} MiB", (BLOCKS * BLOCK) >> 20)));
        }
        let mut bytes = vec![0; BLOCKS * BLOCK];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let head = read_head(path, &bytes)?;
        let (entries, end) = read_entries(path, &bytes, head, folded)?;
        // An entry that is whole may be beyond what the head says: it was written, and never answered.
        let next = entries.last().map_or(head.next, |last| last.sequence.saturating_add(1)).max(head.next);
        let mut journal = Self {
            path: path.to_owned(),
            file: Some(file),
            head: Head { next, ..head },
            end,
            entries: Vec::new(),
            taken: HashMap::new(),
            is_failing: false,
        };
        for entry in entries {
            journal.count(entry.share, blocks_of(&entry));
            journal.entries.push(entry);
        }
        if journal.entries.is_empty() {
            journal.clear(folded);
        }
        Ok(journal)
    }

    fn make(path: &Path, folded: Folded) -> Result<Self, Error> {
        let next = folded.sequence.saturating_add(1);
        let head = Head { turn: 1, first: next, next };
        let file = match preallocate(path, head) {
            Ok(file) => Some(file),
            Err(error) if is_full(&error) => {
                log::warn!(
                    "{}: {error}; until a start finds {} MiB for it, nothing can be revoked while the disk is full",
                    path.display(),
                    (BLOCKS * BLOCK) >> 20
                );
                None
            }
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        };
        let (entries, taken) = (Vec::new(), HashMap::new());
        Ok(Self { path: path.to_owned(), file, head, end: HEADS, entries, taken, is_failing: false })
    }

    /// The entries that the store does not have yet, oldest first.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the store notes once it has all entries.
    pub(super) fn all(&self) -> Folded {
        Folded { sequence: self.head.next.saturating_sub(1) }
    }

    /// Notes an ending; durable when it returns.
    ///
    /// # Errors
    /// [`NotNoted`]
    pub(super) fn note(&mut self, share: Share, audit_before: u64, changes: Vec<RowChange>) -> Result<(), NotNoted> {
        let audit_before = self.entries.first().map_or(audit_before, |first| first.audit_before);
        let entry = Entry { sequence: self.head.next, share, audit_before, changes };
        // Too large for a record.
        let content = row::encode(&entry).map_err(|_| NotNoted::NoRoom)?;
        let blocks = slot::blocks(&content);
        let file = self.file.as_ref().filter(|_| !self.is_failing).ok_or(NotNoted::NoRoom)?;
        if !self.has_room(share, blocks) {
            log::warn!("the journal of endings has no room for one more: {share:?}");
            return Err(NotNoted::NoRoom);
        }
        if !SameFile::of(file).is_ok_and(|same| same.is_at(&self.path)) {
            log::error!("{} was moved or removed; nothing is noted in it", self.path.display());
            return Err(NotNoted::NoRoom);
        }
        file.write_all_at(&slot::framed(&content), offset(self.end)).map_err(|error| {
            log::error!("{}: {error}", self.path.display());
            NotNoted::NoRoom
        })?;
        let head = Head { turn: self.head.turn + 1, next: entry.sequence + 1, ..self.head };
        let written = file.sync_data().and_then(|()| write_head(file, head));
        if let Err(error) = written {
            log::error!("{}: {error}; no further ending is noted in it", self.path.display());
            self.is_failing = true;
            // Its number is used up: it may be there at the next start, and must not be taken for a later one.
            self.head.next = head.next;
            return Err(NotNoted::Unknown);
        }
        self.head = head;
        self.end += blocks;
        self.count(share, blocks);
        self.entries.push(entry);
        Ok(())
    }

    fn has_room(&self, share: Share, blocks: usize) -> bool {
        let end = self.end.saturating_add(blocks);
        match share {
            Share::Local => end <= BLOCKS,
            Share::Administrator => end <= FOR_ADMINISTRATORS,
            Share::Account { account, by_token } => {
                let taken = self.taken.get(&account).copied().unwrap_or_default();
                let has_own = taken.all + blocks <= OF_ACCOUNT;
                let has_tokens = !by_token || taken.by_tokens + blocks <= OF_ITS_TOKENS;
                end <= FOR_ACCOUNTS && has_own && has_tokens
            }
        }
    }

    fn count(&mut self, share: Share, blocks: usize) {
        if let Share::Account { account, by_token } = share {
            let taken = self.taken.entry(account).or_default();
            taken.all += blocks;
            taken.by_tokens += if by_token { blocks } else { 0 };
        }
    }

    /// Whether it may hold what nobody knows of.
    pub(super) fn is_unsettled(&self) -> bool {
        self.is_failing
    }

    /// Empties it: the store has its entries. A failure is logged: what is folded does not count again.
    pub(super) fn clear(&mut self, folded: Folded) {
        let next = self.head.next.max(folded.sequence.saturating_add(1));
        let is_empty = self.head.first == next && self.head.next == next;
        self.entries.clear();
        self.taken.clear();
        self.end = HEADS;
        let head = Head { turn: self.head.turn + 1, first: next, next };
        let Some(file) = self.file.as_ref().filter(|_| !is_empty) else { return };
        match write_head(file, head) {
            Ok(()) => (self.head, self.is_failing) = (head, false),
            Err(error) => {
                log::error!("{}: {error}; no further ending is noted in it", self.path.display());
                self.is_failing = true;
            }
        }
    }

    /// Makes the file if there was no room for it.
    pub(super) fn make_up(&mut self) {
        if self.file.is_none() {
            match Self::make(&self.path, self.all()) {
                Ok(made) => *self = made,
                Err(error) => log::error!("the journal of endings was not made: {error}"),
            }
        }
    }
}

/// Makes the file under another name, all of it on the disk, and renames it. Allocated blocks are written as well: the
/// first write to one that only is allocated can need room for the note that it is in use.
fn preallocate(path: &Path, head: Head) -> io::Result<File> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let made = write_empty(&unfinished, head).and_then(|file| {
        fs::rename(&unfinished, path)?;
        path.parent().map_or(Ok(()), sync_directory)?;
        Ok(file)
    });
    if made.is_err() {
        // Of no use then, and the disk may be full; the first error is the one that counts.
        let _ = fs::remove_file(&unfinished);
    }
    made
}

fn write_empty(path: &Path, head: Head) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, (BLOCKS * BLOCK) as u64) {
        // Not every file system can.
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let zeros = vec![0; 16 * BLOCK];
    for _ in 0..BLOCKS * BLOCK / zeros.len() {
        file.write_all(&zeros)?;
    }
    for turn in [head.turn, head.turn + 1] {
        write_head(&file, Head { turn, ..head })?;
    }
    file.sync_all()?;
    Ok(file)
}

/// Writes the head into the slot whose turn it is; durable when it returns.
fn write_head(file: &File, head: Head) -> io::Result<()> {
    let content = row::encode(&head).map_err(io::Error::other)?;
    let place = usize::from(!head.turn.is_multiple_of(2));
    file.write_all_at(&slot::framed(&content), offset(place))?;
    file.sync_data()
}

fn read_head(path: &Path, bytes: &[u8]) -> Result<Head, Error> {
    let mut heads = Vec::new();
    for block in bytes.chunks(BLOCK).take(HEADS) {
        if let Some(content) = slot::content(block) {
            heads.push(decoded::<Head>(path, content)?);
        }
    }
    let newest = heads.into_iter().max_by_key(|head| head.turn);
    newest.ok_or_else(|| damaged(path, "neither of the two notes of what it holds is whole".to_owned()))
}

/// The entries that the store does not have, and the block after the last one.
fn read_entries(path: &Path, bytes: &[u8], head: Head, folded: Folded) -> Result<(Vec<Entry>, usize), Error> {
    let (mut entries, mut end, mut expected) = (Vec::new(), HEADS, head.first);
    while let Some(content) = bytes.get(end * BLOCK..).and_then(slot::content) {
        let entry = decoded::<Entry>(path, content)?;
        // What is left of before it was emptied has a lower number.
        if entry.sequence != expected {
            break;
        }
        end += slot::blocks(content);
        expected = expected.saturating_add(1);
        entries.push(entry);
    }
    entries.retain(|entry| entry.sequence > folded.sequence);
    if expected >= head.next || folded.sequence >= head.next.saturating_sub(1) {
        return Ok((entries, end));
    }
    // Whoever goes on without it must know what to do again.
    for entry in whole_entries(path, bytes, head) {
        entry.deeds().for_each(|deed| log::error!("{} has this, whole: {deed}", path.display()));
    }
    let count = head.next.saturating_sub(head.first);
    let place = expected.saturating_sub(head.first).saturating_add(1);
    Err(damaged(path, format!("entry {place} of {count} is not whole; the log names those that are")))
}

/// The entries of the head that are whole, wherever they stand.
fn whole_entries<'b>(path: &'b Path, bytes: &'b [u8], head: Head) -> impl Iterator<Item = Entry> + 'b {
    let slots = (HEADS..BLOCKS).filter_map(|block| slot::content(bytes.get(block * BLOCK..)?));
    let entries = slots.filter_map(move |content| decoded::<Entry>(path, content).ok());
    entries.filter(move |entry| (head.first..head.next).contains(&entry.sequence))
}

fn decoded<R: row::Record>(path: &Path, content: &[u8]) -> Result<R, Error> {
    row::decode(content).map_err(|error| match error {
        DecodeError::Damaged => damaged(path, "it holds what is no entry".to_owned()),
        DecodeError::Newer(version) => Error::Newer { what: format!("a journal of endings in version {version}") },
    })
}

fn damaged(path: &Path, reason: String) -> Error {
    Error::Journal { path: path.to_owned(), reason }
}

fn blocks_of(entry: &Entry) -> usize {
    row::encode(entry).map_or(1, |content| slot::blocks(&content))
}

fn offset(block: usize) -> u64 {
    (block * BLOCK) as u64
}
