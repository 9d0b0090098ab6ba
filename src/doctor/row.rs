//! How a check comes out, and how moments and numbers read in it.

use crate::api::ExaminedCheck;
use crate::domain::checkup::{Check, CheckState};
use crate::domain::time::Timestamp;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// All is well, and this was seen.
#[must_use]
pub fn ok(check: Check, seen: impl Into<String>) -> ExaminedCheck {
    made(check, CheckState::Ok, seen.into(), None)
}

/// There is nothing to look at, and this is why.
#[must_use]
pub fn not_applicable(check: Check, why: impl Into<String>) -> ExaminedCheck {
    made(check, CheckState::NotApplicable, why.into(), None)
}

/// It works, and this wants looking after.
#[must_use]
pub fn warning(check: Check, seen: impl Into<String>, remedy: impl Into<String>) -> ExaminedCheck {
    made(check, CheckState::Warning, seen.into(), Some(remedy.into()))
}

/// It does not work.
#[must_use]
pub fn failed(check: Check, seen: impl Into<String>, remedy: impl Into<String>) -> ExaminedCheck {
    made(check, CheckState::Failed, seen.into(), Some(remedy.into()))
}

fn made(check: Check, state: CheckState, seen: String, remedy: Option<String>) -> ExaminedCheck {
    ExaminedCheck { check, title: check.title().to_owned(), state, seen, remedy }
}

/// `1 day`, `2 days`.
pub(super) fn counted(count: impl TryInto<i64>, one: &str) -> String {
    counted_as(count, one, &format!("{one}s"))
}

/// `1 directory`, `2 directories`.
pub(super) fn counted_as(count: impl TryInto<i64>, one: &str, many: &str) -> String {
    match count.try_into().unwrap_or(i64::MAX) {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// A length of time in days, or in hours where it has less than two.
pub(super) fn span(seconds: i64) -> String {
    if seconds < 2 * DAY { counted(seconds.max(0) / HOUR, "hour") } else { counted(seconds / DAY, "day") }
}

/// Words, with commas between.
pub fn words<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    words.map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

/// How long ago that was.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    format!("{} ago", span(now.seconds().saturating_sub(then.seconds())))
}

/// `2026-11-30`.
pub(super) fn day(at: Timestamp) -> String {
    at.whole_seconds().to_string().chars().take(10).collect()
}

/// `2026-11-30 20:42 UTC`.
pub(super) fn minute(at: Timestamp) -> String {
    let text: String = at.whole_seconds().to_string().chars().take(16).collect();
    format!("{} UTC", text.replace('T', " "))
}

/// A number of bytes: `512 MB`, `4.2 GB`.
pub(super) fn size(bytes: u64) -> String {
    const MB: u64 = 1_000_000;
    const GB: u64 = 1_000 * MB;
    match bytes {
        ..MB => format!("{} kB", bytes / 1_000),
        MB..GB => format!("{} MB", bytes / MB),
        _ => format!("{}.{} GB", bytes / GB, bytes / (100 * MB) % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_dates_and_sizes_read_as_people_say_them() {
        let spans = [0, HOUR, 47 * HOUR, 2 * DAY, 400 * DAY, -5].map(span);
        assert_eq!(spans, ["0 hours", "1 hour", "47 hours", "2 days", "400 days", "0 hours"]);
        let at = Timestamp::parse("2026-11-30T20:42:07.5Z").unwrap();
        assert_eq!((day(at), minute(at)), ("2026-11-30".to_owned(), "2026-11-30 20:42 UTC".to_owned()));
        let sizes = [7_000, 512_000_000, 4_260_000_000, 999_999].map(size);
        assert_eq!(sizes, ["7 kB", "512 MB", "4.2 GB", "999 kB"]);
    }
}
