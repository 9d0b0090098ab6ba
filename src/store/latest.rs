//! The latest date that was seen, in a file of its own: a clock that is set back while no server runs opens no access token again.
//!
//! It is written when an end has come and when the store is closed, so a server with nothing to do writes nothing. What it
//! says is one moment, as RFC 3339 writes it. It is no record: a site that has none knows the date of its last audit record.

use std::path::{Path, PathBuf};

use super::state::State;
use crate::data_files;
use crate::domain::latest::Latest;
use crate::domain::time::Timestamp;
use crate::private_file;

/// Where the latest date is kept.
pub(super) struct LatestFile {
    path: PathBuf,
    /// What stands in it.
    written: Timestamp,
    is_failing: bool,
}

impl LatestFile {
    /// That of a data directory, with what it says noted in `latest`.
    pub(super) fn of(directory: &Path, latest: &Latest) -> Self {
        let path = directory.join(data_files::CLOCK);
        let written = match private_file::read(&path) {
            Ok(None) => Timestamp::NEVER,
            Ok(Some(content)) => moment(&content).unwrap_or_else(|| {
                log::warn!("{} is no date, and is written anew", path.display());
                Timestamp::NEVER
            }),
            Err(error) => {
                log::warn!("the latest date is not known: {error}");
                Timestamp::NEVER
            }
        };
        latest.note(written);
        Self { path, written, is_failing: false }
    }

    /// Writes the latest date if the end of an access token has come since it was written.
    pub(super) fn keep_ends(&mut self, state: &State) {
        let seen = state.latest().seen();
        // After a step back that is believed, the ends up to the new date have come before.
        self.written = self.written.min(seen);
        if state.has_end_within(self.written, seen) {
            self.write(seen);
        }
    }

    /// Writes the latest date if it is another.
    pub(super) fn keep(&mut self, state: &State) {
        let seen = state.latest().seen();
        if seen != self.written {
            self.write(seen);
        }
    }

    /// A failure is logged once; the next end tries again.
    fn write(&mut self, seen: Timestamp) {
        let written = private_file::write(&self.path, format!("{seen}\n").as_bytes());
        if let Err(error) = &written
            && !self.is_failing
        {
            log::warn!("the latest date was not kept, by which access tokens stay ended: {error}");
        }
        (self.written, self.is_failing) = (seen, written.is_err());
    }
}

fn moment(content: &[u8]) -> Option<Timestamp> {
    Timestamp::parse(std::str::from_utf8(content).ok()?.trim_end()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn kept(directory: &Path) -> String {
        fs::read_to_string(directory.join(data_files::CLOCK)).unwrap()
    }

    #[test]
    fn what_was_kept_is_known_to_the_next_start_and_what_is_no_date_is_written_anew() {
        let home = tempfile::tempdir().unwrap();
        let date = |text| Timestamp::parse(text).unwrap();
        let (first, second) = (date("2026-12-01T08:00:00.123Z"), date("2026-12-02"));
        let state = State::default();
        let mut file = LatestFile::of(home.path(), state.latest());
        assert_eq!(state.latest().seen(), Timestamp::NEVER);
        _ = state.latest().judged(first);
        file.keep(&state);
        assert_eq!(kept(home.path()), "2026-12-01T08:00:00.123Z\n");
        let state = State::default();
        _ = LatestFile::of(home.path(), state.latest());
        assert_eq!(state.latest().seen(), first);
        for broken in [b"yesterday".as_slice(), b"", b"\xff\xfe", &[b'9'; 100]] {
            fs::write(home.path().join(data_files::CLOCK), broken).unwrap();
            let state = State::default();
            let mut file = LatestFile::of(home.path(), state.latest());
            assert_eq!(state.latest().seen(), Timestamp::NEVER);
            _ = state.latest().judged(second);
            file.keep(&state);
            assert_eq!(kept(home.path()), "2026-12-02T00:00:00Z\n");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("gone");
        let state = State::default();
        let mut file = LatestFile::of(&place, state.latest());
        _ = state.latest().judged(Timestamp::from_seconds(1_800_000_000));
        file.keep(&state);
        assert!(file.is_failing);
        fs::create_dir(&place).unwrap();
        _ = state.latest().judged(Timestamp::from_seconds(1_800_000_001));
        file.keep(&state);
        assert!(!file.is_failing && kept(&place).starts_with("2027-01-15"));
    }
}
