//! A directory of backups, each named by its date: `dockpass-20261130T074612.123Z.backup`, with `.age` behind it if it is
//! encrypted. Whatever has another name is somebody else's, and stays.
//!
//! A file has such a name once it is whole and durable; so what is removed is never the last good one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::files;
use crate::cli::screen::CliError;
use crate::domain::time::Timestamp;
use crate::private_file::sync_directory;

const BEGIN: &str = "dockpass-";
const END: &str = ".backup";
const SEALED: &str = ".age";
/// What stands between, with a digit for each `0`.
const DATE: &str = "00000000T000000.000Z";

/// A directory of backups.
pub(super) struct Copies(PathBuf);

impl Copies {
    /// The copies in this directory, which is made if it is not there.
    pub(super) fn in_directory(directory: &Path) -> Result<Self, CliError> {
        match fs::metadata(directory) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(CliError::Usage(format!("with --keep, {} has to be a directory", directory.display())));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                crate::private_file::make_directory(directory)?;
            }
            Err(cause) => return Err(failed("read", directory, cause)),
        }
        Ok(Self(directory.to_owned()))
    }

    /// The file of a backup that is made at this moment.
    pub(super) fn name_at(&self, now: Timestamp, is_sealed: bool) -> PathBuf {
        // `2026-11-30T07:46:12.123Z`
        let (seconds, millis) = (now.whole_seconds().to_string(), now.millis().rem_euclid(1_000));
        let digits: String =
            seconds.chars().filter(|letter| letter.is_ascii_digit() || *letter == 'T').take(15).collect();
        let end = if is_sealed { SEALED } else { "" };
        self.0.join(format!("{BEGIN}{digits}.{millis:03}Z{END}{end}"))
    }

    /// Removes what backups into this directory have left that were killed.
    pub(super) fn clear_left(&self, now: Timestamp) {
        files::clear_left(&self.0, now, is_ours);
    }

    /// Removes all but the newest `count`, of which the one that was just made is one, whatever the clock said when the others
    /// were; returns the names of what was removed.
    pub(super) fn keep(&self, count: usize, made: &Path) -> Result<Vec<String>, CliError> {
        let read = |cause| failed("read", &self.0, cause);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path() != made && is_ours(&name) && entry.file_type().map_err(read)?.is_file() {
                names.push(name);
            }
        }
        // In the order of their dates.
        names.sort();
        names.truncate(names.len().saturating_sub(count.saturating_sub(1)));
        for name in &names {
            let path = self.0.join(name);
            fs::remove_file(&path).map_err(|cause| failed("remove", &path, cause))?;
        }
        sync_directory(&self.0).map_err(|cause| failed("write", &self.0, cause))?;
        Ok(names)
    }
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(SEALED).unwrap_or(name);
    let date = name.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let fits = |(letter, form): (u8, u8)| if form == b'0' { letter.is_ascii_digit() } else { letter == form };
    date.is_some_and(|date| date.len() == DATE.len() && date.bytes().zip(DATE.bytes()).all(fits))
}

fn failed(action: &'static str, path: &Path, cause: io::Error) -> CliError {
    CliError::File { action, path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_dates_and_only_ours_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let copies = Copies::in_directory(&directory.path().join("deep/copies")).unwrap();
        let path = |name: &str| copies.0.join(name);
        let made: Vec<PathBuf> = [1_795_296_000_000, 1_795_296_000_001, 1_795_296_001_000, 1_899_999_999_999]
            .into_iter()
            .map(|millis| copies.name_at(Timestamp::from_millis(millis), millis % 2 == 1))
            .collect();
        assert_eq!(made[1], path("dockpass-20261121T212000.001Z.backup.age"));
        let others = [
            "mine.backup",
            "dockpass-.backup",
            "dockpass-20261121T212000.001Z.backup.old",
            ".dockpass-20261121T212000.001Z.backup.0a",
            "dockpass-2026112xT192000.001Z.backup",
            "dockpass-20261121T212000.001Z",
        ];
        for file in made.iter().cloned().chain(others.map(path)) {
            fs::write(file, "x").unwrap();
        }
        fs::create_dir(path("dockpass-20001121T192000.001Z.backup")).unwrap();
        let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(copies.keep(9, &made[2]).unwrap(), Vec::<String>::new());
        assert_eq!(copies.keep(2, made.last().unwrap()).unwrap(), [name(&made[0]), name(&made[1])]);
        assert!(made[2].exists() && made[3].exists() && others.iter().all(|other| path(other).exists()));
        // The clock was ahead once.
        assert_eq!(copies.keep(1, &made[2]).unwrap(), [name(&made[3])]);
        assert!(made[2].exists());
        fs::write(path("file"), "x").unwrap();
        assert_eq!(Copies::in_directory(&path("file")).err().unwrap().exit_code(), 2);
    }
}
