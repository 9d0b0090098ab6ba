//! A file of endings, read: it may be any file, cut off anywhere, or damaged.

use std::io::{self, Read};

use super::{CONTINUED, Ended, FIRST, GAP, check_of};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::store::record::LastEnding;

/// Largest file that is read, in bytes; far more than one ever has.
const MOST: u64 = 64 * 1024 * 1024;

/// Why a file of endings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndedError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is no ended.log of dockpass")]
    Foreign,
    /// A later dockpass wrote it.
    #[error("a later dockpass wrote it (version {0})")]
    Newer(u32),
    /// It is of another store.
    #[error("it is of another store than the backup")]
    OfAnother,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) batch: u64,
    pub(super) ended: Ended,
}

/// What a file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedFile {
    /// The store that it is of.
    pub(super) instance: Id,
    /// In which life; none up to version 1.
    pub(super) life: Option<Id>,
    /// It is complete for all batches after this one.
    pub(super) from: u64,
    pub(super) lines: Vec<Line>,
    /// After this batch it goes on in another file.
    pub(super) continued: Option<u64>,
    /// So many lines are damaged.
    pub(super) damaged: u64,
    /// Its last line was cut off.
    pub(super) is_cut: bool,
    /// Where the first line begins that is no whole one.
    first_bad: Option<usize>,
    /// The batches of the first and of the last whole line behind that.
    behind: Option<(u64, u64)>,
}

/// Reads what was ended in a store. A last line that was cut off is left out: either it was never answered for, or the copy is
/// none of the whole file.
///
/// # Errors
/// [`EndedError`]
pub fn read_ended(from: impl Read) -> Result<EndedFile, EndedError> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes)?;
    EndedFile::parse(&bytes)
}

impl EndedFile {
    /// Refuses one of another store.
    ///
    /// # Errors
    /// [`EndedError::OfAnother`]
    pub fn refuse_other(&self, instance: Option<Id>) -> Result<(), EndedError> {
        if instance == Some(self.instance) { Ok(()) } else { Err(EndedError::OfAnother) }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, EndedError> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().filter(|_| bytes.len() as u64 <= MOST).ok_or(EndedError::Foreign)?;
        let mut file = content(first).map_or(Err(EndedError::Foreign), Self::begin)?;
        let mut at = first.len();
        for line in lines {
            let is_whole = content(line).is_some_and(|line| file.take(line).is_some());
            if !is_whole {
                file.first_bad.get_or_insert(at);
                let is_cut = !line.ends_with(b"\n");
                file.is_cut |= is_cut;
                file.damaged += u64::from(!is_cut);
            }
            at += line.len();
        }
        if file.life.is_none() {
            // Version 1 was begun with its first line.
            file.from = file.lines.first().map_or(0, |line| line.batch.saturating_sub(1));
        }
        Ok(file)
    }

    fn begin(line: &str) -> Result<Self, EndedError> {
        let words: Vec<&str> = line.strip_prefix(FIRST).ok_or(EndedError::Foreign)?.split(' ').collect();
        let (instance, life, from) = match words.as_slice() {
            ["1", instance] => (*instance, None, 0),
            ["2", instance, life, from, _] => {
                let life = life.parse().map_err(|_| EndedError::Foreign)?;
                (*instance, Some(life), from.parse().map_err(|_| EndedError::Foreign)?)
            }
            [version, ..] => {
                let newer = version.parse().ok().filter(|version| *version > 2);
                return Err(newer.map_or(EndedError::Foreign, EndedError::Newer));
            }
            [] => return Err(EndedError::Foreign),
        };
        Ok(Self {
            instance: instance.parse().map_err(|_| EndedError::Foreign)?,
            life,
            from,
            lines: Vec::new(),
            continued: None,
            damaged: 0,
            is_cut: false,
            first_bad: None,
            behind: None,
        })
    }

    /// Takes a line in; none if it is none of this version.
    fn take(&mut self, line: &str) -> Option<()> {
        let [at, batch, kind, which] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let (at, batch) = (Timestamp::parse(at).ok()?, batch.parse().ok()?);
        match kind {
            GAP => self.from = self.from.max(batch),
            CONTINUED => self.continued = Some(batch),
            _ => self.lines.push(Line { at, batch, ended: Ended::parse(kind, which)? }),
        }
        if self.first_bad.is_some() {
            let (first, last) = self.behind.unwrap_or((batch, batch));
            self.behind = Some((first.min(batch), last.max(batch)));
        }
        Some(())
    }

    /// Whether all that is not whole is the rest of a write that a power cut tore, of a batch after this one, which was never
    /// made: nothing of a later one can be there.
    pub(super) fn is_torn_after(&self, batch: u64) -> bool {
        self.behind.is_none_or(|(first, last)| first == last && last > batch)
            && (self.damaged == 0 || self.lines.last().is_some_and(|line| line.batch > batch))
    }

    /// Whether it has the lines of this batch, or tells of their lack.
    pub(super) fn has(&self, ending: LastEnding) -> bool {
        let count = self.lines.iter().filter(|line| line.batch == ending.batch).count();
        self.from >= ending.batch || count as u64 >= ending.lines
    }

    /// The last batch that it tells of.
    pub(super) fn last(&self) -> u64 {
        let told = self.lines.iter().map(|line| line.batch).chain(self.continued);
        told.fold(self.from, u64::max)
    }

    /// Whether every line is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.first_bad.is_none()
    }
}

/// What stands on a line that is whole.
fn content(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    line.rsplit_once(' ').filter(|(line, check)| check_of(line) == *check).map(|(line, _)| line)
}
