//! What people and programs enter, byte by byte: its encoding, and what stands unseen around a secret in it.
//!
//! A secret comes through many hands: `echo` and editors end it with a line end, Windows begins a file with a byte order
//! mark or writes UTF-16, YAML folds a line. The rule is here and nowhere else: line ends and byte order marks around a
//! secret go; blanks around an access token, too, since its text has none, but never those around a password; text in
//! UTF-16 or UTF-32 is refused by that name. Around a user name it is as around a password: the two come by the same hands. A
//! stored password may have all of this, from before there was a rule: whoever checks
//! one tries it as it was typed first.

use zeroize::Zeroizing;

/// The byte order mark, as a letter.
const MARK: char = '\u{feff}';

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// Text in UTF-16, as some programs of Windows write it.
    #[error("it is UTF-16 text; write it as UTF-8")]
    Utf16,
    /// Text in UTF-32.
    #[error("it is UTF-32 text; write it as UTF-8")]
    Utf32,
    /// Something else.
    #[error("it is not UTF-8")]
    NotUtf8,
}

/// The text of bytes in UTF-8, without the byte order mark that may stand before it (RFC 8259 section 8.1 allows that).
///
/// # Errors
/// [`NotText`]
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    // Without a zero byte, which credentials have not, only a byte order mark says that it is something else.
    if bytes.contains(&0) || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        if is_utf32(bytes) {
            return Err(NotText::Utf32);
        }
        if is_utf16(bytes) {
            return Err(NotText::Utf16);
        }
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NotText::NotUtf8)?;
    Ok(text.strip_prefix(MARK).unwrap_or(text))
}

/// By its byte order mark; or because every other byte is zero, as in all text of Latin letters.
fn is_utf16(bytes: &[u8]) -> bool {
    let half_is_zero = |first: usize| bytes.len() > first && bytes.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || half_is_zero(0) || half_is_zero(1)
}

/// The same of UTF-32: three of each four bytes are zero. Its byte order mark begins like that of UTF-16, in which no text
/// begins with NUL.
fn is_utf32(bytes: &[u8]) -> bool {
    let are_letters = |place: usize| {
        let is_zero = |(at, byte): (usize, &u8)| at % 4 == place || *byte == 0;
        bytes.len() > 3 && bytes.iter().enumerate().all(is_zero) && bytes.iter().any(|byte| *byte != 0)
    };
    let marked = bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff");
    marked || are_letters(0) || are_letters(3)
}

/// A secret or a user name without the line ends and byte order marks around it.
#[must_use]
pub fn bare(secret: &str) -> &str {
    secret.trim_matches(['\r', '\n', MARK])
}

/// Whether nothing of a text stands in these bytes yet, only what goes from around one.
#[must_use]
pub fn is_nothing(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| bare(text).is_empty())
}

/// A secret without the blanks around it, too: for one whose text has none, such as an access token.
#[must_use]
pub fn without_blanks(secret: &str) -> &str {
    secret.trim_matches(|letter: char| letter.is_whitespace() || letter == MARK)
}

/// The secret in these bytes, without what stands around it.
///
/// # Errors
/// [`NotText`], which says nothing about the bytes.
pub fn secret(bytes: &[u8]) -> Result<Zeroizing<String>, NotText> {
    text(bytes).map(|text| Zeroizing::new(bare(text).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, to_bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn line_ends_and_marks_go_and_blanks_stay() {
        for entered in ["horse", "horse\n", "horse\r\n", "horse\r\r\n\n", "\u{feff}horse\n", "\nhorse", "horse\u{feff}"]
        {
            assert_eq!(secret(entered.as_bytes()).unwrap().as_str(), "horse", "{entered:?}");
        }
        for whole in [" horse ", "\thorse", "ho\nrse", "ho\u{feff}rse", "\u{a0}horse"] {
            assert_eq!(bare(whole), whole);
        }
        assert_eq!(secret(b"\r\n").unwrap().as_str(), "");
    }

    #[test]
    fn utf32_is_told_apart() {
        for text in ["horse", "\u{feff}horse\r\n", "h", "\u{feff}日本語"] {
            let bytes =
                |to_bytes: fn(u32) -> [u8; 4]| text.chars().map(u32::from).flat_map(to_bytes).collect::<Vec<_>>();
            assert_eq!(secret(&bytes(u32::to_le_bytes)), Err(NotText::Utf32), "{text:?}");
            assert_eq!(secret(&bytes(u32::to_be_bytes)), Err(NotText::Utf32), "{text:?}");
        }
        assert_eq!(secret(b"h\0\0\0o\0\0\0\r\0\0\0"), Err(NotText::Utf32), "cut at the line end");
        assert_eq!(secret(b"\0\0\0h\0\0\0o\0\0\0"), Err(NotText::Utf32), "cut at the line end");
    }

    #[test]
    fn utf16_is_told_apart() {
        for text in ["horse", "\u{feff}horse\r\n", "h", "\u{feff}日本語"] {
            assert_eq!(secret(&utf16(text, u16::to_le_bytes)), Err(NotText::Utf16), "{text:?}");
            assert_eq!(secret(&utf16(text, u16::to_be_bytes)), Err(NotText::Utf16), "{text:?}");
        }
        // The first line of it, cut at the byte of the line end.
        assert_eq!(secret(b"h\0o\0\r\0"), Err(NotText::Utf16));
        assert_eq!(secret(b"caf\xe9"), Err(NotText::NotUtf8));
        for (utf8, shown) in
            [(&b""[..], ""), (b"\xef\xbb\xbfa", "a"), (b"a\0bc", "a\0bc"), ("日本語".as_bytes(), "日本語")]
        {
            assert_eq!(text(utf8), Ok(shown));
        }
    }
}
