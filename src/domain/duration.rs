//! Lengths of time as people write them: a whole number and its unit, such as `15m` or `90d`.
//!
//! A number without a unit is refused, so that nobody has to know which unit a setting counts in.

/// The units and their seconds, the longest first.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// A number alone.
    #[error("a length of time needs its unit: {0}s for seconds, or m, h, d, w")]
    NoUnit(String),
    /// Anything else.
    #[error("expected a whole number with one unit (s, m, h, d or w), such as 30s, 15m, 1h, 90d or 2w")]
    Grammar,
    /// More seconds than can be counted.
    #[error("that length of time is too long")]
    TooLong,
}

/// Reads a length of time, in seconds: digits, then `s`, `m`, `h`, `d` or `w`.
///
/// # Errors
/// [`InvalidDuration`] says what was expected.
pub fn parse(text: &str) -> Result<i64, InvalidDuration> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let number = read_number(digits)?;
    let unit = text.strip_prefix(digits).unwrap_or_default();
    if unit.is_empty() {
        return Err(InvalidDuration::NoUnit(digits.to_owned()));
    }
    let known = UNITS.iter().find(|(letter, _)| unit.chars().eq([*letter]));
    let (_, seconds) = known.ok_or(InvalidDuration::Grammar)?;
    number.checked_mul(*seconds).ok_or(InvalidDuration::TooLong)
}

fn read_number(digits: &str) -> Result<i64, InvalidDuration> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidDuration::Grammar);
    }
    digits.parse().map_err(|_| InvalidDuration::TooLong)
}

/// Writes `seconds` with the longest unit that leaves no remainder; [`parse`] reads it back if it is not negative.
#[must_use]
pub fn format(seconds: i64) -> String {
    let fits = |(_, length): &&(char, i64)| seconds != 0 && seconds.checked_rem(*length) == Some(0);
    let (unit, length) = UNITS.iter().find(fits).copied().unwrap_or(('s', 1));
    format!("{}{unit}", seconds.checked_div(length).unwrap_or(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_and_a_unit_make_a_length_of_time() {
        for (text, seconds) in
            [("30s", 30), ("15m", 900), ("1h", 3_600), ("90d", 7_776_000), ("2w", 1_209_600), ("0s", 0), ("010s", 10)]
        {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused_with_a_hint() {
        for text in ["", "s", "m15", "-1s", "+1s", "1.5h", "1h30m", "15 m", " 15m", "15min", "15M", "1y", "٣s", "never"]
        {
            assert_eq!(parse(text), Err(InvalidDuration::Grammar), "{text}");
        }
        assert!(parse("900").unwrap_err().to_string().contains("900s"));
        for text in ["9223372036854775807w", "99999999999999999999s"] {
            assert_eq!(parse(text), Err(InvalidDuration::TooLong), "{text}");
        }
    }

    #[test]
    fn the_longest_unit_without_a_remainder_is_written() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (5_400, "90m"), (86_400, "1d"), (7_776_000, "90d"), (1_209_600, "2w")]
        {
            assert_eq!(format(seconds), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in 0_i64..=i64::MAX) {
            prop_assert_eq!(parse(&format(seconds)), Ok(seconds));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
