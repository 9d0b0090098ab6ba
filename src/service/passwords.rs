//! Password hashing: argon2id with 19 MiB, two passes, one lane (the OWASP minimum), and a gate before it.
//!
//! A hash costs some 20 ms and 19 MiB, so only as many run at once as there are cores to spare, and only so many wait;
//! whoever finds the waiting room full is told to come back.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::error::Error;
use crate::domain::random;
use crate::domain::secret::Password;

/// Memory of one hash, in KiB.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Most sign-ins that wait for a hash.
const WAITING_ROOM: usize = 32;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// What to tell whoever finds it full, in seconds.
const COME_BACK: i64 = 2;

/// How a password compares with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// It is not that password, or there is none.
    No,
    /// It is.
    Yes,
    /// It is, and its hash was made with other parameters than today's.
    Outdated,
}

/// Hashes and compares passwords.
pub(super) struct Passwords {
    argon2: Argon2<'static>,
    /// Compared against when there is nothing to compare with, so that unknown names cost the same.
    dummy: String,
    gate: Gate,
}

impl Passwords {
    /// # Errors
    /// [`Error::Internal`] if the operating system gives no randomness.
    pub(super) fn new() -> Result<Self, Error> {
        let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_with(&argon2, &random::bytes::<32>()?)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { argon2, dummy, gate: Gate::new(cores.saturating_sub(1).max(1)) })
    }

    /// The PHC string to store for a password.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when too many wait.
    pub(super) fn hash(&self, password: &Password) -> Result<String, Error> {
        self.gate.pass(|| hash_with(&self.argon2, password.reveal().as_bytes()))?
    }

    /// Compares a password with a PHC string; does the same work when there is none.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] when too many wait.
    pub(super) fn compare(&self, password: &Password, stored: Option<&str>) -> Result<Match, Error> {
        self.gate.pass(|| self.matches(password, stored))
    }

    fn matches(&self, password: &Password, stored: Option<&str>) -> Match {
        let Ok(hash) = PasswordHash::new(stored.unwrap_or(&self.dummy)) else { return Match::No };
        let is_same = self.argon2.verify_password(password.reveal().as_bytes(), &hash).is_ok();
        if !is_same || stored.is_none() || password.reveal().is_empty() {
            return Match::No;
        }
        let is_current = Params::try_from(&hash)
            .is_ok_and(|params| (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY, PASSES, LANES));
        if is_current && hash.algorithm.as_str() == "argon2id" { Match::Yes } else { Match::Outdated }
    }
}

fn hash_with(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, Error> {
    let salt = random::bytes::<16>()?;
    let hash: PasswordHash = argon2.hash_password_with_salt(password, &salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

/// Lets a bounded number through, and a bounded number wait.
struct Gate {
    slots: usize,
    state: Mutex<Crowd>,
    freed: Condvar,
}

#[derive(Default)]
struct Crowd {
    inside: usize,
    waiting: usize,
}

impl Gate {
    fn new(slots: usize) -> Self {
        Self { slots, state: Mutex::default(), freed: Condvar::new() }
    }

    fn pass<T>(&self, work: impl FnOnce() -> T) -> Result<T, Error> {
        self.enter()?;
        let _inside = Inside(self);
        Ok(work())
    }

    fn enter(&self) -> Result<(), Error> {
        let mut crowd = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if crowd.inside >= self.slots {
            if crowd.waiting >= WAITING_ROOM {
                return Err(Error::TooManyRequests { retry_after: COME_BACK });
            }
            crowd.waiting += 1;
            let is_full = |crowd: &mut Crowd| crowd.inside >= self.slots;
            let waited = self.freed.wait_timeout_while(crowd, PATIENCE, is_full);
            crowd = waited.unwrap_or_else(PoisonError::into_inner).0;
            crowd.waiting -= 1;
            if crowd.inside >= self.slots {
                return Err(Error::TooManyRequests { retry_after: COME_BACK });
            }
        }
        crowd.inside += 1;
        Ok(())
    }
}

/// Leaves the gate when dropped, even if the work panicked.
struct Inside<'a>(&'a Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).inside -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn only_the_whole_password_matches() {
        let passwords = Passwords::new().unwrap();
        for length in [8, 71, 72, 73, 1_024] {
            let right = "x".repeat(length);
            let stored = passwords.hash(&password(&right)).unwrap();
            assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
            assert_eq!(passwords.compare(&password(&right), Some(&stored)).unwrap(), Match::Yes);
            assert_eq!(passwords.compare(&password(&right[1..]), Some(&stored)).unwrap(), Match::No);
            assert_eq!(passwords.compare(&password(&format!("{right}\0")), Some(&stored)).unwrap(), Match::No);
        }
    }

    #[test]
    fn nothing_matches_where_nothing_is_stored() {
        let passwords = Passwords::new().unwrap();
        for stored in [None, Some(""), Some("plain"), Some("$argon2id$v=19$m=19456,t=2,p=1$")] {
            assert_eq!(passwords.compare(&password(""), stored).unwrap(), Match::No);
        }
    }

    #[test]
    fn an_older_hash_is_known_as_outdated() {
        let passwords = Passwords::new().unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let stored = hash_with(&weak, b"long enough").unwrap();
        assert_eq!(passwords.compare(&password("long enough"), Some(&stored)).unwrap(), Match::Outdated);
    }

    #[test]
    fn a_full_waiting_room_sends_away() {
        let gate = Gate::new(1);
        gate.enter().unwrap();
        gate.state.lock().unwrap().waiting = WAITING_ROOM;
        assert!(matches!(gate.pass(|| ()), Err(Error::TooManyRequests { .. })));
    }

    #[test]
    fn a_panic_inside_frees_its_place() {
        let gate = Gate::new(1);
        let work = std::panic::AssertUnwindSafe(|| gate.pass(|| panic!("on purpose")));
        assert!(std::panic::catch_unwind(work).is_err());
        assert!(gate.pass(|| ()).is_ok());
    }
}
