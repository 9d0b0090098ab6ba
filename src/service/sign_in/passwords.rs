//! Password hashing: argon2id with 19 MiB, two passes, one lane (the OWASP minimum), and a gate before it.
//!
//! A hash costs some 20 ms and 19 MiB, so only as many run at once as there are cores to spare ([`super::gate`]).

use std::net::IpAddr;
use std::sync::Arc;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::gate::{Gate, Visitor};
use super::imported;
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::random;
use crate::domain::secret::Password;
use crate::metrics::Metrics;
use crate::service::error::Error;

/// Memory of one hash, in KiB.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Length of a hash, in bytes.
const OUTPUT: usize = 32;
/// Length of a salt, in bytes.
const SALT: usize = 16;

/// How a password compares with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Another password, or none is stored.
    No,
    /// The same password.
    Yes,
    /// The same password, hashed with other parameters than today's.
    Outdated,
}

/// Hashes and compares passwords.
pub(in crate::service) struct Passwords {
    argon2: Argon2<'static>,
    /// The hash to compare with when none is stored, so that unknown names cost the same.
    dummy: String,
    gate: Gate,
    /// Where the times of hashes are noted.
    metrics: Arc<Metrics>,
}

impl Passwords {
    /// # Errors
    /// [`Error::Internal`] if the operating system gives no randomness.
    pub(in crate::service) fn new(metrics: Arc<Metrics>) -> Result<Self, Error> {
        let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
        let blocks = params.block_count();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let gate = Gate::new(cores.saturating_sub(1).max(1), blocks);
        // No password is known to have this hash, whose comparison costs what any does. To make it of one would take the
        // time and the memory of a hash at every start.
        let dummy = stored(&random::bytes()?, &random::bytes()?);
        Ok(Self { argon2, dummy, gate, metrics })
    }

    /// The PHC string to store for a password, for somebody who has signed in from this address; none for dockpass
    /// itself and the local socket.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when too many wait.
    pub(in crate::service) fn hash(&self, password: &Password, from: Option<IpAddr>) -> Result<String, Error> {
        let hash = |memory: &mut [Block]| self.metrics.hash.time(|| hash_with(&self.argon2, password, memory));
        self.gate.pass(Visitor::signed_in(from), hash)?
    }

    /// Whether there is no place for this visitor now, before a thread is taken for it.
    pub(super) fn are_closed_to(&self, visitor: Visitor) -> bool {
        self.gate.is_closed_to(visitor)
    }

    /// How many turns at the gate were taken lately; each is a hash, or found that none is needed any more.
    #[cfg(test)]
    pub(in crate::service) fn turns(&self) -> u32 {
        self.gate.turns()
    }

    /// Takes a place at the gate, of which there is a bounded number, and runs `work` with it.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when too many wait.
    pub(super) fn with_place<T>(
        &self,
        visitor: Visitor,
        work: impl FnOnce(&mut GatePlace<'_>) -> T,
    ) -> Result<T, Error> {
        self.gate.pass(visitor, |memory| work(&mut GatePlace { passwords: self, memory }))
    }

    /// Compares with what is stored, in one of its forms. A password that is not it costs what it would with the other form,
    /// too, while there are hashes of bcrypt, up to the cost `imported`.
    fn matches_any(
        &self,
        password: &Password,
        stored: Option<&str>,
        imported: Option<u32>,
        memory: &mut [Block],
    ) -> Match {
        let bcrypt = stored.and_then(|stored| BcryptHash::parse(stored).ok());
        let is_empty = password.reveal().is_empty();
        if bcrypt.as_ref().is_some_and(|hash| imported::is_same(password, hash) && !is_empty) {
            return Match::Outdated;
        }
        let argon2 = if bcrypt.is_some() { None } else { stored };
        let matched = self.matches(password, argon2, memory);
        if let (Match::No, Some(whole)) = (matched, imported) {
            imported::make_up(password, bcrypt.map(|hash| hash.cost()), whole);
        }
        matched
    }

    fn matches(&self, password: &Password, stored: Option<&str>, memory: &mut [Block]) -> Match {
        let Ok(hash) = PasswordHash::new(stored.unwrap_or(&self.dummy)) else { return Match::No };
        let is_current = Params::try_from(&hash)
            .is_ok_and(|params| (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES))
            && hash.algorithm.as_str() == "argon2id";
        let is_same = if is_current {
            self.is_same(password, &hash, memory)
        } else {
            // Other parameters are rare, and replaced at once: no memory is kept for them.
            self.argon2.verify_password(password.reveal().as_bytes(), &hash).is_ok()
        };
        match (is_same && stored.is_some() && !password.reveal().is_empty(), is_current) {
            (false, _) => Match::No,
            (true, true) => Match::Yes,
            (true, false) => Match::Outdated,
        }
    }

    fn is_same(&self, password: &Password, hash: &PasswordHash, memory: &mut [Block]) -> bool {
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return false };
        let Ok(expected) = <[u8; OUTPUT]>::try_from(expected.as_bytes()) else { return false };
        let mut output = [0; OUTPUT];
        let password = password.reveal().as_bytes();
        let hashed = self.argon2.hash_password_into_with_memory(password, salt.as_ref(), &mut output, memory);
        // `blake3::Hash` compares in constant time.
        hashed.is_ok() && blake3::Hash::from_bytes(output) == blake3::Hash::from_bytes(expected)
    }
}

/// A place at the gate, with its memory.
pub(super) struct GatePlace<'a> {
    passwords: &'a Passwords,
    memory: &'a mut [Block],
}

impl GatePlace<'_> {
    /// Compares a password with a PHC string or a hash of bcrypt; does the same work when there is none. `imported` is the
    /// highest cost of bcrypt that any account has, if one has it.
    pub(super) fn compare(&mut self, password: &Password, stored: Option<&str>, imported: Option<u32>) -> Match {
        self.passwords.metrics.hash.time(|| self.passwords.matches_any(password, stored, imported, self.memory))
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &Password, memory: &mut [Block]) -> Result<String, Error> {
    let salt = random::bytes::<SALT>()?;
    let mut output = [0; OUTPUT];
    let hashed = argon2.hash_password_into_with_memory(password.reveal().as_bytes(), &salt, &mut output, memory);
    hashed.map_err(Error::internal)?;
    Ok(stored(&salt, &output))
}

/// A hash as it is stored.
fn stored(salt: &[u8; SALT], output: &[u8; OUTPUT]) -> String {
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${salt}${output}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::PasswordHasher;

    fn compare(passwords: &Passwords, password: &Password, stored: Option<&str>) -> Result<Match, Error> {
        passwords.with_place(Visitor::signed_in(None), |place| place.compare(password, stored, Some(4)))
    }

    fn passwords() -> Passwords {
        Passwords::new(Metrics::new(&crate::domain::time::Clock::system())).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn only_the_whole_password_matches() {
        let passwords = passwords();
        for length in [8, 71, 72, 73, 1_024] {
            let right = "x".repeat(length);
            let stored = passwords.hash(&password(&right), None).unwrap();
            assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
            assert_eq!(compare(&passwords, &password(&right), Some(&stored)).unwrap(), Match::Yes);
            assert_eq!(compare(&passwords, &password(&right[1..]), Some(&stored)).unwrap(), Match::No);
            assert_eq!(compare(&passwords, &password(&format!("{right}\0")), Some(&stored)).unwrap(), Match::No);
        }
    }

    #[test]
    fn nothing_matches_where_nothing_is_stored() {
        let passwords = passwords();
        for stored in [None, Some(""), Some("plain"), Some("$argon2id$v=19$m=19456,t=2,p=1$")] {
            assert_eq!(compare(&passwords, &password(""), stored).unwrap(), Match::No);
        }
    }

    #[test]
    fn an_older_hash_is_known_as_outdated() {
        let passwords = passwords();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let stored = weak.hash_password(b"long enough").unwrap().to_string();
        assert_eq!(compare(&passwords, &password("long enough"), Some(&stored)).unwrap(), Match::Outdated);
    }

    #[test]
    fn a_hash_of_bcrypt_is_known_as_outdated() {
        let passwords = passwords();
        let stored = Some("$2y$05$4Sd.snqoD8rdoTzWgQChE.T4aRSKZdLSDyTKJgsa2Vijhe0OuiEKO");
        assert_eq!(compare(&passwords, &password("correct horse"), stored).unwrap(), Match::Outdated);
        assert_eq!(compare(&passwords, &password("correct pony"), stored).unwrap(), Match::No);
        // Of the empty password, which nobody signs in with.
        let empty = Some("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.");
        assert_eq!(compare(&passwords, &password(""), empty).unwrap(), Match::No);
    }

    #[test]
    fn what_is_not_right_costs_the_same_whatever_is_stored() {
        let passwords = passwords();
        let argon2 = passwords.hash(&password("correct horse"), None).unwrap();
        let [cheap, costly] =
            ["$2y$04$", "$2b$06$"].map(|start| format!("{start}kae3Aq/4ENhRmnwWmgSW1uUH5cEC.tOoS5F25iFeJJ4c2.cn3tQ56"));
        let rounds = |stored: Option<&str>, imported| {
            imported::rounds_of(|| {
                let wrong = |place: &mut GatePlace<'_>| place.compare(&password("wrong"), stored, imported);
                assert_eq!(passwords.with_place(Visitor::signed_in(None), wrong).unwrap(), Match::No);
            })
        };
        for stored in [None, Some(argon2.as_str()), Some(&cheap), Some(&costly), Some("damaged")] {
            assert_eq!(rounds(stored, Some(6)), 1 << 6, "{stored:?}");
        }
        assert_eq!(rounds(None, None) + rounds(Some(&argon2), None), 0, "nothing while nobody was imported");
        let right = || {
            let right = |place: &mut GatePlace<'_>| place.compare(&password("correct horse"), Some(&argon2), Some(6));
            assert_eq!(passwords.with_place(Visitor::signed_in(None), right).unwrap(), Match::Yes);
        };
        assert_eq!(imported::rounds_of(right), 0);
    }
}
