//! Hashes of passwords as `htpasswd -B` and other programs write them, with bcrypt: what one says, without the work of
//! comparing.
//!
//! The form is `$2y$10$` with the cost in the middle, 22 characters of salt and 31 of hash, in bcrypt's own base64.

use std::fmt;

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// The least and the most that a hash may cost. The work doubles with each step; at 14 it is about a second.
pub const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// How many bytes of a password bcrypt looks at.
pub const BCRYPT_BYTES: usize = 72;

/// Length of salt and of hash, in characters.
const SALT: usize = 22;
const HASH: usize = 31;
/// Some programs leave bits behind the last byte that are not zero; nobody looks at them.
const BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// A hash of a password by bcrypt.
#[derive(Clone, PartialEq, Eq)]
pub struct BcryptHash {
    text: String,
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

/// Why a text is no hash that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Something else than bcrypt.
    #[error("it is not a bcrypt hash, `$2y$…`")]
    Other,
    /// It begins like one.
    #[error("it is not a whole bcrypt hash")]
    Damaged,
    /// Of the years when the program that wrote it had a fault.
    #[error("`$2x$` marks hashes of a faulty bcrypt")]
    Faulty,
    /// It would take too little or too much work.
    #[error("its cost is {0}, and those from {low} to {high} are taken", low = COSTS.start(), high = COSTS.end())]
    Cost(u32),
}

impl BcryptHash {
    /// Reads a hash.
    ///
    /// # Errors
    /// [`NotTaken`]
    pub fn parse(text: &str) -> Result<Self, NotTaken> {
        let rest = text.strip_prefix("$2").ok_or(NotTaken::Other)?;
        let (version, rest) = rest.split_once('$').ok_or(NotTaken::Damaged)?;
        match version {
            "a" | "b" | "y" => (),
            "x" => return Err(NotTaken::Faulty),
            _ => return Err(NotTaken::Other),
        }
        let (cost, rest) = rest.split_once('$').ok_or(NotTaken::Damaged)?;
        let is_number = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost: u32 = cost.parse().ok().filter(|_| is_number).ok_or(NotTaken::Damaged)?;
        let (salt, hash) = rest.split_at_checked(SALT).ok_or(NotTaken::Damaged)?;
        if hash.len() != HASH {
            return Err(NotTaken::Damaged);
        }
        let (salt, hash) = (decoded(salt).ok_or(NotTaken::Damaged)?, decoded(hash).ok_or(NotTaken::Damaged)?);
        if !COSTS.contains(&cost) {
            return Err(NotTaken::Cost(cost));
        }
        Ok(Self { text: text.to_owned(), cost, salt, hash })
    }

    /// Its cost, whose power of two is the number of rounds.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// Its salt.
    #[must_use]
    pub fn salt(&self) -> [u8; 16] {
        self.salt
    }

    /// What a password is compared with.
    #[must_use]
    pub fn expected(&self) -> [u8; 23] {
        self.hash
    }

    /// The text itself, to store it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

/// Neither salt nor hash: whoever has them can guess.
impl fmt::Debug for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BcryptHash(cost {})", self.cost)
    }
}

fn decoded<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `correct horse`, as crypt(3) wrote it.
    const HASH: &str = "$2y$05$WKpRk3iHwVqDyDvXcx0qEOhXp9S5mInjDQBnGJD0PY/5L.bdgTTVC";

    #[test]
    fn a_whole_hash_is_read_and_shows_nothing_of_itself() {
        for version in ["a", "b", "y"] {
            let text = HASH.replacen("$2y", &format!("$2{version}"), 1);
            let hash = BcryptHash::parse(&text).unwrap();
            assert_eq!((hash.cost(), hash.reveal()), (5, text.as_str()));
            assert_eq!(format!("{hash:?}"), "BcryptHash(cost 5)");
        }
        let costly = BcryptHash::parse(&HASH.replacen("$05", "$14", 1)).unwrap();
        assert_eq!(costly.cost(), 14);
    }

    #[test]
    fn bits_behind_the_last_byte_do_not_matter() {
        // The salt's last character has four of them, the hash's two.
        let [one, other] = ["O", "P"].map(|last| BcryptHash::parse(&HASH.replacen("0qEO", &format!("0qE{last}"), 1)));
        assert_eq!(one.unwrap().salt(), other.unwrap().salt());
        let other = BcryptHash::parse(&HASH.replace("TVC", "TVD")).unwrap();
        assert_eq!(other.expected(), BcryptHash::parse(HASH).unwrap().expected());
    }

    #[test]
    fn what_is_no_hash_is_refused_with_the_reason() {
        let of = |text: &str| BcryptHash::parse(text).unwrap_err();
        for other in ["", "secret", "$apr1$x$y", "{SHA}5baa", "$1$x$y", "$argon2id$v=19$", "$2z$05$", "$20$05$"] {
            assert_eq!(of(other), NotTaken::Other, "{other}");
        }
        assert_eq!(of(&HASH.replacen("$2y", "$2x", 1)), NotTaken::Faulty);
        let cut = &HASH[..HASH.len() - 1];
        let damaged = [
            "$2",
            "$2y$",
            "$2y$5$",
            cut,
            &format!("{HASH}e"),
            &HASH.replacen("$05", "$5", 1),
            &HASH.replacen("$05", "$+5", 1),
            &HASH.replacen('W', "=", 1),
            &HASH.replacen("WK", "ä", 1),
        ];
        for damaged in damaged {
            assert_eq!(of(damaged), NotTaken::Damaged, "{damaged}");
        }
        for cost in ["00", "03", "15", "31", "99"] {
            let cost_of = of(&HASH.replacen("$05", &format!("${cost}"), 1));
            assert_eq!(cost_of, NotTaken::Cost(cost.parse().unwrap()));
        }
    }
}
