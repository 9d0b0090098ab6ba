//! The end of the store, noted outside it after each batch.
//!
//! sled reads its log up to the first damaged record and takes that for the end. The store before it is consistent,
//! seal and all, only older; this note tells. It is written after the fdatasync and not synced itself, so it may lag
//! behind after a power cut, but never runs ahead.
//!
//! Two slots, written in turn, so that a torn one leaves the other: number and digest of the seal, and the first 24
//! bytes of the BLAKE3 of both.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::seal::{End, StoreDigest};
use crate::private_file::{NO_LINK, sync_directory};

const SLOT: usize = 64;
const CONTENT: usize = 40;

/// The file that holds the note.
pub(super) struct NotedEnd {
    file: File,
    /// Where the next note goes.
    offset: u64,
    is_failing: bool,
}

impl NotedEnd {
    /// Opens the file, or makes it. Returns what was noted, if anything was.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Option<End>)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(NO_LINK);
        let file = options.open(path)?;
        path.parent().map_or(Ok(()), sync_directory)?;
        let mut slots = [[0; SLOT]; 2];
        for (slot, offset) in slots.iter_mut().zip([0, SLOT as u64]) {
            match file.read_exact_at(slot, offset) {
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
                // A new file is shorter.
                Ok(()) | Err(_) => {}
            }
        }
        let [first, second] = slots.map(|slot| decode(&slot));
        let is_first_newer = first.map(|end| end.number) > second.map(|end| end.number);
        let offset = if is_first_newer { SLOT as u64 } else { 0 };
        let noted = if is_first_newer { first } else { second };
        Ok((Self { file, offset, is_failing: false }, noted))
    }

    /// Notes the end. A failure is logged once: the batch itself is durable, only the note is old.
    pub(super) fn note(&mut self, end: End) {
        let written = self.file.write_all_at(&encode(end), self.offset);
        match &written {
            Ok(()) => self.offset = SLOT as u64 - self.offset,
            Err(error) if !self.is_failing => log::warn!("the end of the store could not be noted: {error}"),
            Err(_) => {}
        }
        self.is_failing = written.is_err();
    }

    /// Makes the note durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn encode(end: End) -> Vec<u8> {
    let mut slot = end.number.to_le_bytes().to_vec();
    slot.extend(end.digest.0);
    let check = *blake3::hash(&slot).as_bytes();
    slot.extend(check);
    slot.truncate(SLOT);
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<End> {
    let (content, check) = slot.split_at_checked(CONTENT)?;
    let (number, digest) = content.split_first_chunk::<8>()?;
    let end = End { number: u64::from_le_bytes(*number), digest: StoreDigest(digest.try_into().ok()?) };
    blake3::hash(content).as_bytes().starts_with(check).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(number: u64) -> End {
        End { number, digest: StoreDigest([7; 32]) }
    }

    #[test]
    fn the_last_note_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("end");
        assert_eq!(NotedEnd::open(&path).unwrap().1, None);
        for number in 1..6 {
            let (mut file, _) = NotedEnd::open(&path).unwrap();
            file.note(end(number * 10));
            file.note(end(number * 10 + 1));
            assert_eq!(NotedEnd::open(&path).unwrap().1, Some(end(number * 10 + 1)));
        }
    }

    #[test]
    fn a_torn_note_leaves_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("end");
        let (mut file, _) = NotedEnd::open(&path).unwrap();
        file.note(end(1));
        file.note(end(2));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[SLOT + 20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let (mut file, noted) = NotedEnd::open(&path).unwrap();
        assert_eq!(noted, Some(end(1)));
        file.note(end(3));
        assert_eq!(NotedEnd::open(&path).unwrap().1, Some(end(3)));
    }
}
