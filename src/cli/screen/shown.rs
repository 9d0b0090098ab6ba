//! How values read in tables and messages: times in UTC, counts, sizes, and texts that cannot steer a terminal.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::domain::text;
use crate::domain::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;
/// From here on a time is told in each unit: what would round to one hour is no 60 minutes, and 90 days are no 3 months.
const HOURS: i64 = HOUR - MINUTE / 2;
const DAYS: i64 = DAY - HOUR / 2;
const MONTHS: i64 = 100 * DAY - DAY / 2;
const YEARS: i64 = 350 * DAY;

/// What makes one sign of two, such as of the persons of a family.
const JOINER: char = '\u{200d}';

/// Escapes control characters, and those that reverse or hide the text beside them.
pub(in crate::cli) fn plain(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    for cluster in words.graphemes(true) {
        let mut letters = cluster.chars().peekable();
        let mut is_first = true;
        while let Some(letter) = letters.next() {
            let is_joint = letter == JOINER && !is_first && letters.peek().copied().is_some_and(is_seen);
            if (letter.is_control() || text::is_invisible(letter)) && !is_joint {
                shown.extend(letter.escape_default());
            } else {
                shown.push(letter);
            }
            is_first = false;
        }
    }
    shown
}

/// Whether a letter takes room, and so shows what it is joined to.
fn is_seen(letter: char) -> bool {
    letter.width().is_some_and(|columns| columns > 0)
}

/// A time of the API as `2026-11-21 20:42`, in UTC; `never` for [`Timestamp::NEVER`]; any other text as it is.
pub(in crate::cli) fn time(text: &str) -> String {
    clock_time(text, "2026-11-21 20:42".len())
}

/// The same to the second, for what is compared with other logs.
pub(in crate::cli) fn exact_time(text: &str) -> String {
    clock_time(text, "2026-11-21 20:42:07".len())
}

fn clock_time(text: &str, length: usize) -> String {
    match Timestamp::parse(text) {
        Ok(Timestamp::NEVER) => "never".to_owned(),
        Ok(moment) => {
            moment.to_string().chars().take(length).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
        }
        Err(_) => text.to_owned(),
    }
}

/// Like `time`, with `absent` for a missing time.
pub(in crate::cli) fn time_or(text: Option<&str>, absent: &str) -> String {
    text.map_or_else(|| absent.to_owned(), time)
}

/// A user's name, with the mark of one who is let in nowhere.
pub(in crate::cli) fn marked(name: &str, is_active: bool) -> String {
    if is_active { name.to_owned() } else { format!("{name} (inactive)") }
}

/// A text, or a dash for an empty one.
pub(in crate::cli) fn or_dash(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.to_owned()
}

/// `expires in 5 days`.
pub(in crate::cli) fn until(end: &str, now: Timestamp) -> String {
    match Timestamp::parse(end) {
        Ok(end) => format!("expires in {}", span(end.seconds().saturating_sub(now.seconds()))),
        Err(_) => format!("expires on {end}"),
    }
}

/// A length of time in its largest unit, rounded, as the web pages tell it (`ui/lib/time.js`).
pub(in crate::cli) fn span(seconds: i64) -> String {
    let (length, unit) = match seconds {
        ..MINUTE => return "less than a minute".to_owned(),
        MINUTE..HOURS => (MINUTE, "minute"),
        HOURS..DAYS => (HOUR, "hour"),
        DAYS..MONTHS => (DAY, "day"),
        MONTHS..YEARS => (MONTH, "month"),
        YEARS.. => (YEAR, "year"),
    };
    let count = seconds.saturating_add(length / 2) / length;
    counted(count, unit)
}

/// The texts as lines, each after `prefix`.
pub(in crate::cli) fn lines<'a>(prefix: &'a str, texts: impl Iterator<Item = &'a str>) -> String {
    texts.flat_map(|text| [prefix, text, "\n"]).collect()
}

/// `1 day`, `2 days`.
pub(in crate::cli) fn counted(count: impl TryInto<i128>, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// `1 repository`, `2 repositories`, `3,000 repositories`.
pub(in crate::cli) fn counted_as(count: impl TryInto<i128>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(i128::MAX);
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}

/// A number with a comma before each three digits.
pub(in crate::cli) fn grouped(count: i128) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in its largest decimal unit: `0 B`, `512 B`, `4.2 MB`.
pub(in crate::cli) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, so that no floating point is needed.
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_minutes_in_utc() {
        assert_eq!(time("2026-11-21T20:42:07.5Z"), "2026-11-21 20:42");
        assert_eq!(time("2026-11-21T20:42:07+02:00"), "2026-11-21 18:42");
        assert_eq!(exact_time("2026-11-21T20:42:07.5Z"), "2026-11-21 20:42:07");
        assert_eq!(time("0001-01-01T00:00:00Z"), "never");
        assert_eq!(time("soon"), "soon");
        assert_eq!(time_or(None, "never"), "never");
    }

    #[test]
    fn an_end_is_told_as_the_pages_tell_it() {
        let now = Timestamp::parse("2026-06-10T12:00:00Z").unwrap();
        let moments = include_str!("../../../tests/fixtures/moments.json");
        let moments: Vec<(String, String)> = serde_json::from_str(moments).unwrap();
        assert!(moments.len() > 10, "{moments:?}");
        for (end, told) in moments {
            assert_eq!(until(&end, now), format!("expires {told}"), "{end}");
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\tb\u{7}\u{9b}c"), r"a\tb\u{7}\u{9b}c");
        assert_eq!(plain("\u{202e}evil"), r"\u{202e}evil");
        assert_eq!(plain("Zoë 😀 \\n"), "Zoë 😀 \\n");
        assert_eq!(plain("a\r\nb"), r"a\r\nb");
    }

    #[test]
    fn a_joiner_is_shown_where_it_joins_and_nowhere_else() {
        for whole in ["👨\u{200d}👩\u{200d}👧 family", "🏳\u{fe0f}\u{200d}🌈", "क\u{94d}\u{200d}ष"] {
            assert_eq!(plain(whole), whole);
        }
        for (text, shown) in [
            ("\u{200d}a", r"\u{200d}a"),
            ("a\u{200d}b", r"a\u{200d}b"),
            ("a\u{200d}", r"a\u{200d}"),
            ("👨\u{200d}", r"👨\u{200d}"),
            ("e\u{200d}\u{301}", "e\\u{200d}\u{301}"),
            ("👨\u{200d}\u{200d}👩", r"👨\u{200d}\u{200d}👩"),
            ("👨\u{202e}\u{200d}👩", r"👨\u{202e}\u{200d}👩"),
        ] {
            assert_eq!(plain(text), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_end_where_they_should() {
        assert_eq!(lines("# ", ["a", ""].into_iter()), "# a\n# \n");
    }

    #[test]
    fn sizes_have_one_decimal_at_most() {
        let cases = [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (4_250_000, "4.2 MB"), (5_000_000_000, "5.0 GB")];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(u64::MAX), "18446.7 PB");
    }

    #[test]
    fn nouns_follow_their_count() {
        assert_eq!((counted(1, "day"), counted(0, "day")), ("1 day".into(), "0 days".into()));
        let days = [999, 3_000, 1_234_567, -123, -1_234].map(|count| counted(count, "day"));
        assert_eq!(days, ["999 days", "3,000 days", "1,234,567 days", "-123 days", "-1,234 days"]);
    }
}
