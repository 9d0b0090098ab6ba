//! Password hashing: argon2id with 19 MiB, two passes, one lane (the OWASP minimum), and a gate before it.
//!
//! A hash costs some 20 ms and 19 MiB, so only as many run at once as there are cores to spare ([`super::gate`]). The work of
//! bcrypt, of which one may cost a second, has a gate of its own behind it: whose password is hashed with argon2id
//! passes the first only, however many wrong ones wait at the second.

use std::net::IpAddr;
use std::sync::Arc;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::gate::{Gate, Visitor, WAITING_ROOM};
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
/// One core of so many works on hashes of bcrypt.
const CORES_OF_IMPORTED: usize = 4;
/// Most that wait there: few are let in before their patience ends.
const IMPORTED_ROOM: usize = 16;

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
    /// Before the work of bcrypt.
    imported: Gate,
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
        let gate = Gate::new(cores.saturating_sub(1).max(1), blocks, WAITING_ROOM);
        let imported = Gate::new((cores / CORES_OF_IMPORTED).max(1), 0, IMPORTED_ROOM);
        // No password is known to have this hash, whose comparison costs what any does. To make it of one would take the
        // time and the memory of a hash at every start.
        let dummy = stored(&random::bytes()?, &random::bytes()?);
        Ok(Self { argon2, dummy, gate, imported, metrics })
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

    /// Runs `work` while nobody gets a place before the work of bcrypt.
    #[cfg(test)]
    pub(in crate::service) fn with_imported_held(&self, work: &mut dyn FnMut()) {
        fn hold(passwords: &Passwords, places: usize, work: &mut dyn FnMut()) {
            match places.checked_sub(1) {
                None => work(),
                Some(rest) => {
                    let visitor = Visitor::signed_in(None);
                    passwords.with_imported_place(visitor, |_| hold(passwords, rest, work)).unwrap();
                }
            }
        }
        let cores = std::thread::available_parallelism().unwrap().get();
        hold(self, (cores / CORES_OF_IMPORTED).max(1), work);
    }

    /// How many wait for a place before the work of bcrypt.
    #[cfg(test)]
    pub(in crate::service) fn imported_waiting(&self) -> usize {
        self.imported.waiting()
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

    /// Takes a place at the gate before the work of bcrypt, and runs `work` there.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when too many wait.
    pub(super) fn with_imported_place<T>(
        &self,
        visitor: Visitor,
        work: impl FnOnce(&ImportedPlace<'_>) -> T,
    ) -> Result<T, Error> {
        self.imported.pass(visitor, |_| work(&ImportedPlace(self)))
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
    /// Compares a password with a PHC string; does the same work when there is none, and for a hash of bcrypt, which is
    /// compared behind the other gate ([`ImportedPlace`]).
    pub(super) fn compare(&mut self, password: &Password, stored: Option<&str>) -> Match {
        let argon2 = stored.filter(|stored| BcryptHash::parse(stored).is_err());
        self.passwords.metrics.hash.time(|| self.passwords.matches(password, argon2, self.memory))
    }
}

/// A place at the gate before the work of bcrypt.
pub(super) struct ImportedPlace<'a>(&'a Passwords);

impl ImportedPlace<'_> {
    /// Compares a password with a hash of bcrypt. One that is not it costs as much as the highest cost that any account has,
    /// `highest`, whatever is stored.
    pub(super) fn compare(&self, password: &Password, stored: Option<&BcryptHash>, highest: u32) -> Match {
        self.0.metrics.hash.time(|| {
            let is_empty = password.reveal().is_empty();
            if stored.is_some_and(|hash| imported::is_same(password, hash) && !is_empty) {
                return Match::Outdated;
            }
            imported::make_up(password, stored.map(BcryptHash::cost), highest);
            Match::No
        })
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

    /// Past both gates, as a sign-in goes.
    fn compare(passwords: &Passwords, password: &Password, stored: Option<&str>) -> Result<Match, Error> {
        compare_up_to(passwords, password, stored, Some(4))
    }

    fn compare_up_to(
        passwords: &Passwords,
        password: &Password,
        stored: Option<&str>,
        highest: Option<u32>,
    ) -> Result<Match, Error> {
        let visitor = Visitor::signed_in(None);
        let found = passwords.with_place(visitor, |place| place.compare(password, stored))?;
        let bcrypt = stored.and_then(|stored| BcryptHash::parse(stored).ok());
        match (found, bcrypt.as_ref().map(BcryptHash::cost).max(highest)) {
            (Match::No, Some(highest)) => {
                passwords.with_imported_place(visitor, |place| place.compare(password, bcrypt.as_ref(), highest))
            }
            (found, _) => Ok(found),
        }
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
        let rounds = |text: &str, stored: Option<&str>, highest| {
            let is_right = text == "correct horse";
            imported::rounds_of(|| {
                let found = compare_up_to(&passwords, &password(text), stored, highest).unwrap();
                assert_eq!(found, if is_right { Match::Yes } else { Match::No });
            })
        };
        for stored in [None, Some(argon2.as_str()), Some(&cheap), Some(&costly), Some("damaged")] {
            assert_eq!(rounds("wrong", stored, Some(6)), 1 << 6, "{stored:?}");
        }
        assert_eq!(
            rounds("wrong", None, None) + rounds("wrong", Some(&argon2), None),
            0,
            "nothing while nobody was imported"
        );
        assert_eq!(rounds("correct horse", Some(&argon2), Some(6)), 0);
    }

    #[test]
    fn the_work_of_bcrypt_takes_no_place_of_the_usual_hashes() {
        let passwords = passwords();
        let stored = passwords.hash(&password("correct horse"), None).unwrap();
        let bcrypt = "$2b$06$kae3Aq/4ENhRmnwWmgSW1uUH5cEC.tOoS5F25iFeJJ4c2.cn3tQ56";
        for stored in [Some(bcrypt), Some(stored.as_str()), None] {
            let wrong = |place: &mut GatePlace<'_>| place.compare(&password("wrong"), stored);
            let rounds = imported::rounds_of(|| passwords.with_place(Visitor::signed_in(None), wrong).unwrap());
            assert_eq!(rounds, 0, "{stored:?}");
        }
        // Wrong passwords take every place of bcrypt, and wait for more.
        let (inside, is_inside) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let released = std::sync::Mutex::new(released);
        std::thread::scope(|scope| {
            let hold = || {
                let work = |_: &ImportedPlace<'_>| {
                    inside.send(()).unwrap();
                    _ = released.lock().unwrap().recv();
                };
                passwords.with_imported_place(Visitor::signed_in(None), work).unwrap();
            };
            let cores = std::thread::available_parallelism().unwrap().get();
            let places = (cores / CORES_OF_IMPORTED).max(1);
            (0..places).for_each(|_| drop(scope.spawn(hold)));
            (0..places).for_each(|_| is_inside.recv().unwrap());
            assert_eq!(compare(&passwords, &password("correct horse"), Some(&stored)).unwrap(), Match::Yes);
            // Few wait for one, and not for long.
            let wrong = || compare(&passwords, &password("wrong"), Some(&stored)).unwrap_err();
            let waits = || passwords.with_imported_place(Visitor::signed_in(None), |_| ()).unwrap_err();
            let waiting: Vec<_> = (0..IMPORTED_ROOM).map(|_| scope.spawn(waits)).collect();
            while !passwords.imported.is_closed_to(Visitor::signed_in(None)) {
                std::thread::yield_now();
            }
            let refused = [wrong()].into_iter().chain(waiting.into_iter().map(|it| it.join().unwrap()));
            refused.for_each(|error| assert!(matches!(error, Error::TooManyRequests { .. }), "{error:?}"));
            drop(release);
        });
    }
}
