//! How wide a text is on a terminal: in columns, not in characters. An East Asian letter takes two, a letter and its
//! accents take one, and so do the several characters of one emoji take two.
//!
//! The widths are those of the Unicode Standard Annex 11, without its "ambiguous" letters, which are narrow outside East
//! Asian locales; what belongs together is a grapheme cluster of Annex 29.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The columns that a text takes. Control characters must have been escaped.
pub(in crate::cli) fn columns(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// As much of the text as fits into this many columns; nothing is cut in its middle.
pub(in crate::cli) fn fitting(text: &str, most: usize) -> &str {
    let mut used = 0;
    let end = text.grapheme_indices(true).find(|(_, cluster)| {
        used += cluster.width();
        used > most
    });
    end.and_then(|(place, _)| text.get(..place)).unwrap_or(text)
}

/// The text and blanks behind it, so that it takes at least this many columns.
pub(in crate::cli) fn padded(text: &str, least: usize) -> String {
    format!("{text}{}", " ".repeat(least.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_a_terminal_shows_it() {
        for (text, width) in [
            ("", 0),
            ("alice", 5),
            ("日本語ラベル", 12),
            ("社区版 registry", 15),
            ("한국어", 6),
            ("Zoë", 3),
            ("Zoe\u{308}", 3),
            ("ｱ", 1),
            ("Ａ", 2),
            ("😀", 2),
            ("👩‍👩‍👧", 2),
            ("🇩🇪", 2),
            ("กำ", 2),
            ("नमस्ते", 4),
            ("…", 1),
        ] {
            assert_eq!(columns(text), width, "{text}");
        }
    }

    #[test]
    fn cutting_leaves_letters_whole() {
        for (text, most, fits) in [
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本"),
            ("日本語", 1, ""),
            ("e\u{301}e\u{301}", 1, "e\u{301}"),
            ("a👩‍👩‍👧b", 3, "a👩‍👩‍👧"),
            ("a👩‍👩‍👧b", 2, "a"),
        ] {
            assert_eq!(fitting(text, most), fits, "{text} {most}");
        }
        assert_eq!(padded("日本", 6), "日本  ");
    }
}
