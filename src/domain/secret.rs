//! Secrets: the text of an access token, its hash, and passwords in clear.
//!
//! Types without `Display` or `Serialize`, whose `Debug` prints the type's name only; wiped from memory when dropped.
//! An access token is `dkp_`, 43 base62 characters (32 random bytes), and 6 base62 characters that are the CRC32 of
//! what stands before. The prefix never changes: a new one would revoke every token and blind every secret scanner.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::entered;

/// What every access token begins with.
pub const PREFIX: &str = "dkp_";
const BODY: usize = 43;
const CHECK: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The text of an access token, shown once, at creation.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct TokenText(String);

/// Why a text is no access token; says nothing about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an access token")]
pub struct InvalidTokenText;

impl TokenText {
    /// How many letters and digits each has.
    pub const LENGTH: usize = PREFIX.len() + BODY + CHECK;

    /// The access token of 32 bytes from the operating system.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(PREFIX);
        text.push_str(&base62(random, BODY));
        let check = check_digits(&text);
        text.extend(check.map(char::from));
        Self(text)
    }

    /// Takes a text that a caller sent; a typo is found by the check digits, before any look-up.
    ///
    /// # Errors
    /// [`InvalidTokenText`] for anything that this type never made.
    pub fn parse(text: &str) -> Result<Self, InvalidTokenText> {
        check(text).map(|()| Self(text.to_owned()))
    }

    /// The hash that stands in the store and names the token in the API.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(*blake3::hash(self.0.as_bytes()).as_bytes())
    }

    /// The text itself, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText")
    }
}

/// Refuses what no access token has as its text.
fn check(text: &str) -> Result<(), InvalidTokenText> {
    let right_shape = text.len() == TokenText::LENGTH
        && text.starts_with(PREFIX)
        && text.bytes().skip(PREFIX.len()).all(|byte| byte.is_ascii_alphanumeric());
    let Some((body, check)) = text.split_at_checked(PREFIX.len() + BODY).filter(|_| right_shape) else {
        return Err(InvalidTokenText);
    };
    if check_digits(body) == check.as_bytes() { Ok(()) } else { Err(InvalidTokenText) }
}

/// The text with each access token in it cut down to its prefix: one that was sent in the wrong place must not reach an
/// error, a record or the log.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let (first, rest) = text.split_once(PREFIX).unwrap_or((text, ""));
    let mut shown = first.to_owned();
    let parts = if first.len() == text.len() { Vec::new() } else { rest.split(PREFIX).collect() };
    for part in parts {
        let after = part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        // Shorter ones are no secret, and may be names.
        let is_secret = part.len() - after.len() >= BODY;
        shown.push_str(PREFIX);
        shown.push_str(if is_secret { "…" } else { "" });
        shown.push_str(if is_secret { after } else { part });
    }
    shown
}

/// The bytes as base62, most significant digit first, `digits` long. 43 digits hold 32 bytes without loss.
fn base62(mut bytes: [u8; 32], digits: usize) -> String {
    let mut letters = vec![b'0'; digits];
    for letter in letters.iter_mut().rev() {
        let mut rest: u32 = 0;
        for byte in &mut bytes {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *letter = digit(rest);
    }
    bytes.zeroize();
    letters.into_iter().map(char::from).collect()
}

fn check_digits(text: &str) -> [u8; CHECK] {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut letters = [b'0'; CHECK];
    for letter in letters.iter_mut().rev() {
        *letter = digit(rest % 62);
        rest /= 62;
    }
    letters
}

fn digit(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|place| BASE62.get(place)).copied().unwrap_or(b'0')
}

/// The BLAKE3 hash of an access token's text. No secret: it names the token in paths and records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// That of the access token whose text this is, without a copy of it to wipe.
    ///
    /// # Errors
    /// [`InvalidTokenText`], as of [`TokenText::parse`].
    pub fn of(text: &str) -> Result<Self, InvalidTokenText> {
        check(text).map(|()| Self(*blake3::hash(text.as_bytes()).as_bytes()))
    }

    /// The hash of these bytes, as a record holds it.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the lower-case hexadecimal form; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !lower {
            return None;
        }
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A password as a person sent it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// Takes what somebody shows: any text. The blanks around an access token go, since its text has none.
    #[must_use]
    pub fn new(mut text: String) -> Self {
        let bare = entered::without_blanks(&text);
        if bare.len() == text.len() || TokenText::parse(bare).is_err() {
            return Self(text);
        }
        let shown = Self(bare.to_owned());
        text.zeroize();
        shown
    }

    /// Takes what somebody chooses, without the line ends and byte order marks around it; [`super::password::check`]
    /// says whether it may be set.
    #[must_use]
    pub fn chosen(text: &str) -> Self {
        Self::new(entered::bare(text).to_owned())
    }

    /// The same without the line ends and byte order marks around it; none if there are none.
    #[must_use]
    pub fn bare(&self) -> Option<Self> {
        let bare = entered::bare(&self.0);
        (bare.len() < self.0.len()).then(|| Self(bare.to_owned()))
    }

    /// Whether it stands for an access token, which is never tried as a password.
    #[must_use]
    pub fn is_access_token(&self) -> bool {
        self.0.starts_with(PREFIX)
    }

    /// The text itself, for hashing and comparison only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_has_its_fixed_form() {
        let token = TokenText::from_random([0; 32]);
        assert_eq!(token.reveal(), format!("dkp_{}23yDU5", "0".repeat(43)));
        assert_eq!(TokenText::from_random([255; 32]).reveal().len(), 53);
        assert_eq!(format!("{token:?}"), "TokenText");
        assert_eq!(format!("{:?}", Password::new("hush".into())), "Password");
    }

    #[test]
    fn a_text_has_the_hash_of_its_access_token_and_what_is_none_has_none() {
        let token = TokenText::from_random([9; 32]);
        assert_eq!(TokenHash::of(token.reveal()).unwrap(), token.hash());
        let [short, typo] = [&token.reveal()[1..], &token.reveal().replace("dkp_0", "dkp_1")];
        for text in ["", "dkp_", short, typo] {
            assert_eq!(TokenHash::of(text).is_ok(), TokenText::parse(text).is_ok(), "{text}");
        }
        assert!(TokenHash::of(short).is_err());
    }

    #[test]
    fn secrets_are_cut_out_of_a_text_and_names_are_not() {
        let token = TokenText::from_random([7; 32]);
        let secret = token.reveal();
        let text = format!("no {secret}/{secret}: x");
        assert_eq!(without_secrets(&text), "no dkp_…/dkp_…: x");
        assert_eq!(without_secrets(&format!("dkp_{secret}")), "dkp_dkp_…");
        for plain in ["", "alice", "dkp_", "dkp_team/app", "a dkp_b dkp_c"] {
            assert_eq!(without_secrets(plain), plain);
        }
    }

    #[test]
    fn blanks_go_around_an_access_token_and_never_around_a_password() {
        let token = TokenText::from_random([3; 32]);
        let token = token.reveal();
        let shown = |text: &str| Password::new(text.to_owned()).reveal().to_owned();
        for around in
            [format!(" {token}"), format!("{token}\r\n"), format!("\u{feff}\t{token}\u{a0}\n"), token.to_owned()]
        {
            assert_eq!(shown(&around), token);
        }
        let typo = format!(" {}", token.replace("dkp_", "dkp_0"));
        for other in [" horse \n", "horse\r\n", &typo, &format!("{token} {token}\n"), ""] {
            assert_eq!(shown(other), *other);
        }
        assert_eq!(Password::chosen("\u{feff} horse \r\n").reveal(), " horse ");
        let bare = |text: &str| Password::new(text.to_owned()).bare().map(|bare| bare.reveal().to_owned());
        assert_eq!((bare("horse"), bare("horse\n")), (None, Some("horse".to_owned())));
    }

    #[test]
    fn a_hash_reads_back_from_lower_case_hex_only() {
        let hash = TokenText::from_random([1; 32]).hash();
        assert_eq!(TokenHash::parse(&hash.to_string()), Some(hash));
        assert_eq!(TokenHash::parse(&hash.to_string().to_uppercase()), None);
        assert_eq!(TokenHash::parse("abc"), None);
    }

    proptest! {
        #[test]
        fn every_made_token_reads_back_and_every_typo_is_refused(random: [u8; 32], at in 4usize..53, letter in "[0-9A-Za-z]") {
            let token = TokenText::from_random(random);
            let read = TokenText::parse(token.reveal()).unwrap();
            prop_assert_eq!(read.hash(), token.hash());
            let mut typo = token.reveal().to_owned();
            typo.replace_range(at..=at, &letter);
            prop_assert_eq!(TokenText::parse(&typo).is_ok(), typo == token.reveal());
        }

        #[test]
        fn two_random_values_make_two_texts(one: [u8; 32], other: [u8; 32]) {
            let same = TokenText::from_random(one).reveal() == TokenText::from_random(other).reveal();
            prop_assert_eq!(same, one == other);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            prop_assert!(TokenText::parse(&text).is_err());
        }
    }
}
