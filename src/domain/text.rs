//! Texts that people write, such as full names, labels and descriptions: their length and their characters.

use std::ops::RangeInclusive;

/// Checks how many characters a text has.
///
/// # Errors
/// The allowed length.
pub fn check_length(text: &str, range: RangeInclusive<usize>) -> Result<(), String> {
    if range.contains(&text.chars().count()) {
        return Ok(());
    }
    match range.into_inner() {
        (0, most) => Err(format!("at most {most} characters")),
        (least, most) => Err(format!("{least} to {most} characters")),
    }
}

/// Checks a text that stands on one line.
///
/// # Errors
/// The allowed length, or that control characters are not allowed.
pub fn check_line(text: &str, range: RangeInclusive<usize>) -> Result<(), String> {
    check_length(text, range)?;
    if text.chars().any(char::is_control) { Err("no control characters".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_the_reason_says_how_many_there_may_be() {
        for text in ["", "äöü"] {
            assert_eq!(check_line(text, 0..=3), Ok(()), "{text}");
        }
        assert_eq!(check_line("abcd", 0..=3).unwrap_err(), "at most 3 characters");
        assert_eq!(check_line("", 1..=3).unwrap_err(), "1 to 3 characters");
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(check_line("a\nb", 0..=3).unwrap_err(), "no control characters");
        assert_eq!(check_length("a\nb", 0..=3), Ok(()));
    }
}
