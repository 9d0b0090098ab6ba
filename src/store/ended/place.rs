//! Where a life of the store is told: a data directory that was copied goes on beside the one that it was copied from, and
//! from then on each ends what the other does not hear of. So a copy begins a life of its own.
//!
//! A copy has a new `end`, made later; when, the file system says. One that does not say it, and one that is copied as a whole
//! with its disk, tell nothing: there, both have the same life.

use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::data_files::{END, ENDED_PLACE};
use crate::domain::id::Id;
use crate::private_file;

/// When the directory's `end` was made, in nanoseconds since 1970; none if the file system does not say.
fn made(directory: &Path) -> Option<u128> {
    let created = fs::metadata(directory.join(END)).and_then(|found| found.created()).ok()?;
    created.duration_since(UNIX_EPOCH).ok().map(|since| since.as_nanos())
}

/// What is noted of a directory in which this life goes on.
fn note_of(directory: &Path, life: Id) -> Option<String> {
    made(directory).map(|made| format!("{life} {made}\n"))
}

fn noted(directory: &Path) -> io::Result<Option<String>> {
    let found = private_file::read(&directory.join(ENDED_PLACE)).map_err(io::Error::other)?;
    Ok(found.map(|content| String::from_utf8_lossy(&content).into_owned()))
}

/// Whether this life was noted elsewhere, as far as can be told.
pub(super) fn is_elsewhere(directory: &Path, life: Id) -> io::Result<bool> {
    let (here, noted) = (note_of(directory, life), noted(directory)?);
    let of_life = noted.filter(|noted| noted.starts_with(&format!("{life} ")));
    Ok(here.zip(of_life).is_some_and(|(here, noted)| here != noted))
}

/// Notes that this life goes on here.
pub(super) fn note(directory: &Path, life: Id) -> io::Result<()> {
    match note_of(directory, life) {
        Some(here) if noted(directory)?.as_ref() != Some(&here) => {
            private_file::write(&directory.join(ENDED_PLACE), here.as_bytes()).map_err(io::Error::other)
        }
        Some(_) | None => Ok(()),
    }
}
