//! The first use of a secret that a rotation made: whoever asked for it has it. The rotation is repeated no more, and the
//! replaced secret ends if its overlap lasts until then.
//!
//! It is noted in memory, so that a sign-in waits for no disk, and in force from then on; `sign_in` writes it within a
//! second. After a kill in that second, a replaced secret ends with the next use of the new one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::token::{AccessToken, Shown};

/// The used secrets of rotations that are not written yet: access token, and number of the secret.
#[derive(Clone, Default)]
pub(in crate::service) struct FirstUses(Arc<Mutex<BTreeSet<(Id, u64)>>>);

impl FirstUses {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<(Id, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use of this secret, if anything follows from it.
    pub(in crate::service) fn note(&self, token: &AccessToken, shown: &TokenHash) {
        let ends_overlap = token.overlap_until_used && token.previous.is_some();
        if token.hash == *shown && (token.retry.is_some() || ends_overlap) {
            self.lock().insert((token.id, token.generation));
        }
    }

    /// Whether the present secret of this access token was used.
    pub(in crate::service) fn have(&self, token: &AccessToken) -> bool {
        self.lock().contains(&(token.id, token.generation))
    }

    /// Whether the use of the present secret has ended this one.
    pub(in crate::service) fn have_ended(&self, token: &AccessToken, shown: Shown) -> bool {
        match shown {
            Shown::Current => false,
            Shown::Replaced => token.overlap_until_used && self.have(token),
        }
    }

    /// Those that wait to be written.
    pub(in crate::service) fn waiting(&self) -> Vec<(Id, u64)> {
        self.lock().iter().copied().collect()
    }

    /// Forgets those that were written.
    pub(in crate::service) fn written(&self, written: &[(Id, u64)]) {
        let mut waiting = self.lock();
        written.iter().for_each(|use_of| _ = waiting.remove(use_of));
    }
}
