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

/// Whether a letter shows nothing and changes how a text looks or compares: direction marks, line separators, soft hyphens
/// and zero-width characters.
#[must_use]
pub fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// The words of a text in lines of at most `width` letters, where they can be broken, each with its end: `first` stands before the
/// first one, `others` before the others.
#[must_use]
pub fn wrapped(first: &str, others: &str, text: &str, width: usize) -> String {
    let (mut lines, mut line, mut is_empty) = (String::new(), first.to_owned(), true);
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push_str(&line);
            lines.push('\n');
            (line, is_empty) = (others.to_owned(), true);
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

/// The text as one word of a shell, for a command that is printed to be copied: as it is where that is one, else in
/// quotes, with control characters escaped (`$'…'`, of bash, zsh and POSIX 2024).
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escape = |letter: char| match letter {
        '\'' | '\\' => vec![format!("\\{letter}")],
        letter if letter.is_control() => letter.to_string().bytes().map(|byte| format!("\\{byte:03o}")).collect(),
        letter => vec![letter.to_string()],
    };
    format!("$'{}'", text.chars().flat_map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        assert_eq!(shell_word("/srv/dockpass-data_1"), "/srv/dockpass-data_1");
        assert_eq!(shell_word("a b;touch x"), "'a b;touch x'");
        for text in [
            "",
            "a b;touch x",
            "$(touch x)",
            "`x`",
            "it's",
            "'",
            "~",
            "ä \u{1F980}",
            "a\nb",
            "\u{1b}[2J'\\",
            "\u{85}1",
            "#x",
            "!!",
        ] {
            let word = shell_word(text);
            assert!(!word.chars().any(char::is_control), "{word:?}");
            let script = format!("printf %s {word}");
            let read =
                std::process::Command::new("bash").env("LC_ALL", "C.UTF-8").args(["-c", &script]).output().unwrap();
            assert_eq!(read.stdout, text.as_bytes(), "{text:?} as {word}");
        }
    }

    #[test]
    fn characters_are_counted_and_the_reason_says_how_many_there_may_be() {
        for text in ["", "äöü"] {
            assert_eq!(check_line(text, 0..=3), Ok(()), "{text}");
        }
        assert_eq!(check_line("abcd", 0..=3).unwrap_err(), "at most 3 characters");
        assert_eq!(check_line("", 1..=3).unwrap_err(), "1 to 3 characters");
    }

    #[test]
    fn words_are_wrapped_and_none_is_cut() {
        assert_eq!(wrapped("- ", "  ", "one two\nthree", 9), "- one two\n  three\n");
        assert_eq!(wrapped("", "", "incomprehensible a", 4), "incomprehensible\na\n");
        assert_eq!(wrapped("  ", "  ", "", 9), "\n");
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(check_line("a\nb", 0..=3).unwrap_err(), "no control characters");
        assert_eq!(check_length("a\nb", 0..=3), Ok(()));
    }
}
