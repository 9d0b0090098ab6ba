//! Which passwords may be set, and passwords that are made up. The service hashes them.

use super::random::{self, NoRandomness};
use super::secret::{PREFIX, Password};
use super::text::is_invisible;

/// Shortest password, in bytes.
pub const MIN: usize = 8;
/// Longest password, in bytes; nothing is ever cut off.
pub const MAX: usize = 1_024;

/// The commonest passwords of 8 characters or more, as published lists of leaked passwords agree on them. Shorter ones
/// are refused by their length. Compared without regard to case.
const COMMONEST: &[&str] = &[
    "00000000",
    "0987654321",
    "1111111111",
    "11111111",
    "11223344",
    "112233445566",
    "12121212",
    "123123123",
    "1234512345",
    "12341234",
    "12344321",
    "12345678",
    "123456789",
    "1234567890",
    "12345678910",
    "1234567891",
    "123456789a",
    "123456abc",
    "123abc123",
    "123qweasd",
    "123qwe123",
    "147258369",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "1qazxsw2",
    "222222222",
    "55555555",
    "66666666",
    "87654321",
    "88888888",
    "963852741",
    "987654321",
    "99999999",
    "aa123456",
    "aaaaaaaa",
    "abc12345",
    "abc123456",
    "abcd1234",
    "abcdefgh",
    "admin123",
    "admin1234",
    "adminadmin",
    "administrator",
    "anthony1",
    "asdasdasd",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "asdf1234",
    "babygirl",
    "baseball",
    "basketball",
    "butterfly",
    "changeme",
    "charlie1",
    "chocolate",
    "computer",
    "dockpass",
    "docker123",
    "dragon123",
    "elephant",
    "facebook",
    "football",
    "football1",
    "iloveyou",
    "iloveyou1",
    "iloveyou2",
    "jennifer",
    "jordan23",
    "letmein1",
    "letmein123",
    "liverpool",
    "michelle",
    "mustang1",
    "nicholas",
    "passw0rd",
    "password",
    "password!",
    "password1",
    "password12",
    "password123",
    "password1234",
    "patricia",
    "pokemon1",
    "princess",
    "princess1",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qqqqqqqq",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "qwerty1234",
    "qwertyui",
    "qwertyuiop",
    "samantha",
    "secret123",
    "shadow123",
    "sunshine",
    "sunshine1",
    "superman",
    "superman1",
    "test1234",
    "testtest",
    "trustno1",
    "welcome1",
    "welcome123",
    "whatever",
    "zaq12wsx",
    "zxcvbnm1",
    "zxcvbnm123",
];

/// Why a password cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Not between [`MIN`] and [`MAX`] bytes.
    #[error("a password has {MIN} to {MAX} bytes")]
    Length,
    /// It has a control character, which nobody can type.
    #[error("a password has no control characters, such as NUL, tab and line ends")]
    ControlCharacter,
    /// It has a character that nobody sees, and that a copy of it may lack.
    #[error("a password has no invisible characters, such as zero-width spaces, soft hyphens and direction marks")]
    InvisibleCharacter,
    /// One of the commonest.
    #[error("this is one of the commonest passwords")]
    Common,
    /// It begins like an access token, which clients send in the place of a password.
    #[error("a password cannot begin with {PREFIX}, as access tokens do")]
    LooksLikeAccessToken,
}

/// Whether a password may be set. There are no rules of composition.
///
/// # Errors
/// [`WeakPassword`] says what is wrong with it.
pub fn check(password: &Password) -> Result<(), WeakPassword> {
    let text = password.reveal();
    if !(MIN..=MAX).contains(&text.len()) {
        return Err(WeakPassword::Length);
    }
    if text.chars().any(char::is_control) {
        return Err(WeakPassword::ControlCharacter);
    }
    if text.chars().any(is_invisible) {
        return Err(WeakPassword::InvisibleCharacter);
    }
    if password.is_access_token() {
        return Err(WeakPassword::LooksLikeAccessToken);
    }
    if COMMONEST.iter().any(|common| common.eq_ignore_ascii_case(text)) { Err(WeakPassword::Common) } else { Ok(()) }
}

/// Words of a made-up password: short, distinct, and easy to type.
const WORDS: [&str; 64] = [
    "acorn", "amber", "anchor", "apple", "arrow", "autumn", "badger", "basil", "beacon", "birch", "bramble", "breeze",
    "brook", "cedar", "chalk", "cloud", "clover", "cobalt", "copper", "coral", "cotton", "crane", "cypress", "ember",
    "falcon", "fern", "fiddle", "flint", "forest", "garnet", "ginger", "granite", "harbour", "hazel", "heron",
    "indigo", "island", "ivory", "jasper", "kestrel", "lantern", "lemon", "linen", "maple", "marble", "meadow",
    "mellow", "mirror", "nutmeg", "oak", "olive", "orchard", "otter", "pebble", "pepper", "quartz", "raven", "river",
    "saffron", "silver", "thistle", "velvet", "violet", "willow",
];

/// Six of 64 words and one of 9,000 numbers: 49 bits, enough behind a slow hash and a throttle, and easy to type.
///
/// # Errors
/// [`NoRandomness`]
pub fn made_up() -> Result<Password, NoRandomness> {
    let bytes: [u8; 8] = random::bytes()?;
    let [high, low, chosen @ ..] = bytes;
    let words = chosen.map(|byte| WORDS.get(usize::from(byte % 64)).copied().unwrap_or("oak"));
    let number = u32::from(u16::from_be_bytes([high, low])) % 9_000 + 1_000;
    Ok(Password::new(format!("{}-{number}", words.join("-"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), WeakPassword> {
        check(&Password::new(text.to_owned()))
    }

    #[test]
    fn length_is_counted_in_bytes_and_nothing_else_is_asked() {
        assert_eq!(checked("1234567"), Err(WeakPassword::Length));
        assert_eq!(checked("äöüß"), Ok(()));
        assert_eq!(checked(&"x".repeat(1_024)), Ok(()));
        assert_eq!(checked(&"x".repeat(1_025)), Err(WeakPassword::Length));
    }

    #[test]
    fn the_commonest_and_access_tokens_are_refused() {
        assert_eq!(checked("Password1"), Err(WeakPassword::Common));
        assert_eq!(checked("dkp_whatever"), Err(WeakPassword::LooksLikeAccessToken));
        let token = crate::domain::secret::TokenText::from_random([7; 32]);
        let blank = Password::chosen(&format!(" {}\n", token.reveal()));
        assert_eq!(check(&blank), Err(WeakPassword::LooksLikeAccessToken), "it would never be tried as a password");
    }

    #[test]
    fn what_nobody_can_type_is_refused() {
        for text in
            ["hor\0se-battery", "\thorse-battery", "horse\nbattery", "horse-battery\u{7f}", "horse\u{85}battery"]
        {
            assert_eq!(checked(text), Err(WeakPassword::ControlCharacter), "{text:?}");
        }
        assert_eq!(checked(" horse\u{a0}battery "), Ok(()));
    }

    #[test]
    fn what_nobody_sees_is_refused() {
        for hidden in ["\u{200b}", "\u{200d}", "\u{2060}", "\u{ad}", "\u{202e}", "\u{feff}"] {
            assert_eq!(checked(&format!("horse{hidden}battery")), Err(WeakPassword::InvisibleCharacter), "{hidden:?}");
        }
        assert_eq!(check(&Password::chosen("\u{feff}horse battery\n")), Ok(()), "around it a mark goes");
    }
}
