//! The bytes of a backup.
//!
//! ```text
//! "dockpass backup\n"  version, two bytes, little-endian
//! frames, each         kind, one byte; length, four bytes, little-endian; content
//!   1 header           a record: when, of what, the names of the tables
//!   2 file             length of its name, two bytes; name; content
//!   3 row              place of its table among the names, one byte; length of its key, two bytes; key; value
//!   4 end              how many files and rows, eight bytes each; BLAKE3 of everything before it
//! ```
//!
//! One header, then all files, then all rows, the end, and nothing behind it. A frame of an unknown kind is of a later
//! dockpass, which would have raised the version. Neither reading nor writing holds more than one frame.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::{BackupHeader, BackupTrouble};
use crate::private_file;
use crate::store::codec::DecodeError;
use crate::store::row;

/// What a backup begins with.
const MAGIC: &[u8; 16] = b"dockpass backup\n";
/// The newest version that is known.
const VERSION: u16 = 1;
/// What a file begins with that is encrypted with age.
const OF_AGE: &[u8; 16] = b"age-encryption.o";
/// The same in its text form.
const OF_ARMOR: &[u8; 16] = b"-----BEGIN AGE E";

const HEADER: u8 = 1;
const FILE: u8 = 2;
const ROW: u8 = 3;
const END: u8 = 4;

/// Largest content of a frame, in bytes: a private file with its name.
const LARGEST: usize = private_file::MOST + 4 * 1024;
/// Bytes of the end before its hash.
const COUNTS: usize = 16;

/// Writes a backup.
pub(in crate::store) struct BackupWriter<W> {
    out: W,
    hasher: blake3::Hasher,
    files: u64,
    rows: u64,
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup.
    pub(in crate::store) fn begin(out: W, header: &BackupHeader) -> io::Result<Self> {
        let mut writer = Self { out, hasher: blake3::Hasher::new(), files: 0, rows: 0 };
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_le_bytes())?;
        writer.frame(HEADER, &[&row::encode(header).map_err(io::Error::other)?])?;
        Ok(writer)
    }

    /// Adds a private file.
    pub(in crate::store) fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.files += 1;
        self.frame(FILE, &[&length(name.as_bytes())?, name.as_bytes(), content])
    }

    /// Adds a row of the table at this place of the header's names.
    pub(in crate::store) fn row(&mut self, table: u8, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.rows += 1;
        self.frame(ROW, &[&[table], &length(key)?, key, value])
    }

    /// Ends it; returns what was written to.
    pub(in crate::store) fn finish(mut self) -> io::Result<W> {
        let counts = [self.files.to_le_bytes(), self.rows.to_le_bytes()].concat();
        let length = u32::try_from(COUNTS + blake3::OUT_LEN).map_err(io::Error::other)?;
        self.put(&[END])?;
        self.put(&length.to_le_bytes())?;
        self.put(&counts)?;
        let hash = self.hasher.finalize();
        self.out.write_all(hash.as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let length = Some(length).filter(|length| *length <= LARGEST).and_then(|length| u32::try_from(length).ok());
        let length = length.ok_or_else(|| io::Error::other("larger than a part of a backup may be"))?;
        self.put(&[kind])?;
        self.put(&length.to_le_bytes())?;
        parts.iter().try_for_each(|part| self.put(part))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }
}

fn length(bytes: &[u8]) -> io::Result<[u8; 2]> {
    u16::try_from(bytes.len()).map(u16::to_le_bytes).map_err(io::Error::other)
}

/// A part of a backup behind its header.
pub(in crate::store) enum Part {
    /// A private file.
    File {
        /// Its name in the data directory.
        name: String,
        /// What is in it.
        content: Zeroizing<Vec<u8>>,
    },
    /// A row.
    Row {
        /// The place of its table among the header's names.
        table: usize,
        /// Its key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
}

/// Reads a backup, which may be anything.
pub(in crate::store) struct BackupReader<R> {
    from: R,
    hasher: blake3::Hasher,
    /// Bytes read.
    at: u64,
    pub(in crate::store) files: u64,
    pub(in crate::store) rows: u64,
    is_ended: bool,
}

impl<R: Read> BackupReader<R> {
    /// Reads the header.
    pub(in crate::store) fn begin(from: R) -> Result<(Self, BackupHeader), BackupTrouble> {
        let mut reader = Self { from, hasher: blake3::Hasher::new(), at: 0, files: 0, rows: 0, is_ended: false };
        let magic = reader.take::<16>().map_err(|trouble| match trouble {
            BackupTrouble::Truncated => BackupTrouble::Foreign,
            other => other,
        })?;
        match &magic {
            MAGIC => {}
            OF_AGE | OF_ARMOR => return Err(BackupTrouble::Encrypted),
            _ => return Err(BackupTrouble::Foreign),
        }
        match u16::from_le_bytes(reader.take()?) {
            0 => return Err(reader.damaged("it has no version")),
            1..=VERSION => {}
            newer => return Err(BackupTrouble::Newer { found: newer, known: VERSION }),
        }
        let (kind, content) = reader.frame()?;
        if kind != HEADER {
            return Err(reader.damaged("it has no header"));
        }
        let header = row::decode(&content).map_err(|error| match error {
            DecodeError::Damaged => reader.damaged("its header does not decode"),
            DecodeError::Newer(found) => BackupTrouble::Newer { found, known: VERSION },
        })?;
        Ok((reader, header))
    }

    /// Bytes read so far.
    pub(in crate::store) fn bytes(&self) -> u64 {
        self.at
    }

    /// The next part; none at the end, once all was checked.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Part>, BackupTrouble> {
        if self.is_ended {
            return Ok(None);
        }
        // The hash of the end does not cover itself.
        let (kind, length) = self.frame_head()?;
        if kind == END {
            return self.end(length).map(|()| None);
        }
        let content = self.content(length)?;
        let part = match kind {
            FILE => file(content).inspect(|_| self.files += 1),
            ROW => row_of(&content).inspect(|_| self.rows += 1),
            _ => return Err(self.damaged("it has a part of an unknown kind")),
        };
        part.map(Some).ok_or_else(|| self.damaged("a part of it does not decode"))
    }

    fn end(&mut self, length: usize) -> Result<(), BackupTrouble> {
        if length != COUNTS + blake3::OUT_LEN {
            return Err(self.damaged("its end does not decode"));
        }
        let [files, rows] = [self.take::<8>()?, self.take::<8>()?].map(u64::from_le_bytes);
        let expected = self.hasher.finalize();
        let found = blake3::Hash::from_bytes(self.take()?);
        if found != expected {
            return Err(self.damaged("its bytes are not those that were written"));
        }
        if (files, rows) != (self.files, self.rows) {
            return Err(self.damaged("parts of it are missing"));
        }
        self.is_ended = true;
        match self.from.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something stands behind its end")),
            Err(error) => Err(BackupTrouble::Read(error)),
        }
    }

    fn frame(&mut self) -> Result<(u8, Zeroizing<Vec<u8>>), BackupTrouble> {
        let (kind, length) = self.frame_head()?;
        Ok((kind, self.content(length)?))
    }

    fn frame_head(&mut self) -> Result<(u8, usize), BackupTrouble> {
        let [kind] = self.take()?;
        let length = u32::from_le_bytes(self.take()?);
        let length = usize::try_from(length).ok().filter(|length| *length <= LARGEST);
        length.map(|length| (kind, length)).ok_or_else(|| self.damaged("a part of it is too long"))
    }

    fn content(&mut self, length: usize) -> Result<Zeroizing<Vec<u8>>, BackupTrouble> {
        let mut content = Zeroizing::new(vec![0; length]);
        self.fill(&mut content)?;
        Ok(content)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], BackupTrouble> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupTrouble> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupTrouble::Truncated,
            _ => BackupTrouble::Read(error),
        })?;
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// What is wrong at the place that was read last.
    pub(in crate::store) fn damaged(&self, what: &'static str) -> BackupTrouble {
        BackupTrouble::Damaged { at: self.at, what }
    }
}

fn file(content: Zeroizing<Vec<u8>>) -> Option<Part> {
    let (length, rest) = content.split_first_chunk::<2>()?;
    let (name, inner) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some(Part::File { name, content: Zeroizing::new(inner.to_vec()) })
}

fn row_of(content: &[u8]) -> Option<Part> {
    let ([table, low, high], rest) = content.split_first_chunk()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
    Some(Part::Row { table: usize::from(*table), key: key.to_vec(), value: value.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_bound_when_it_is_written_and_when_it_is_read() {
        let mut writer = BackupWriter { out: Vec::new(), hasher: blake3::Hasher::new(), files: 0, rows: 0 };
        let name = "keys";
        let content = vec![0; LARGEST - 2 - name.len()];
        writer.file(name, &content).unwrap();
        let written = writer.out.len();
        assert!(writer.file(name, &[&content[..], &[0]].concat()).is_err());
        assert_eq!(writer.out.len(), written, "nothing of it was written");
        // What the length says counts before anything is held for it.
        let read = |length: usize| {
            let head = [&MAGIC[..], &VERSION.to_le_bytes(), &[HEADER], &u32::try_from(length).unwrap().to_le_bytes()];
            BackupReader::begin(&head.concat()[..]).map(drop)
        };
        assert!(matches!(read(LARGEST), Err(BackupTrouble::Truncated)));
        let too_long =
            |trouble| matches!(trouble, Err(BackupTrouble::Damaged { what: "a part of it is too long", .. }));
        assert!(too_long(read(LARGEST + 1)));
    }
}
