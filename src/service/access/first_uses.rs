//! The first use of a secret that a rotation made: whoever asked for it has it. The rotation is repeated no more, and the
//! replaced secret ends if its overlap lasts until then.
//!
//! It is noted in memory, so that a sign-in waits for no disk, and in force from then on; `sign_in` writes it within a
//! second. After a kill in that second, a replaced secret ends with the next use of the new one.
//!
//! A use that was written is forgotten. Whoever asks which secrets have ended takes the uses first and the state after
//! them ([`FirstUses::before`]): the other way round, a use that is written between the two would be in neither.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, PreviousSecret, Shown};

/// The used secrets of rotations that are not written yet: access token, and number of the secret.
#[derive(Clone, Default)]
pub(in crate::service) struct FirstUses(Arc<Mutex<Used>>);

/// The same, as they were at one moment.
#[derive(Clone, Default)]
pub(in crate::service) struct Used(Arc<BTreeSet<(Id, u64)>>);

impl FirstUses {
    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The uses that a state does not have yet, and that state, which `state` takes. Each use that was noted before is in
    /// one of the two.
    pub(in crate::service) fn before<S>(&self, state: impl FnOnce() -> S) -> (Used, S) {
        let used = self.lock().clone();
        (used, state())
    }

    /// Notes a use of this secret, if anything follows from it.
    pub(in crate::service) fn note(&self, token: &AccessToken, shown: &TokenHash) {
        let ends_overlap = token.overlap_until_used && token.previous.is_some();
        if token.hash == *shown && (token.retry.is_some() || ends_overlap) {
            Arc::make_mut(&mut self.lock().0).insert((token.id, token.generation));
        }
    }

    /// Those that wait to be written.
    pub(in crate::service) fn waiting(&self) -> Vec<(Id, u64)> {
        self.lock().0.iter().copied().collect()
    }

    /// Forgets those that were written.
    pub(in crate::service) fn written(&self, written: &[(Id, u64)]) {
        let mut waiting = self.lock();
        let waiting = Arc::make_mut(&mut waiting.0);
        written.iter().for_each(|use_of| _ = waiting.remove(use_of));
    }
}

impl Used {
    /// Whether the present secret of this access token was used.
    pub(in crate::service) fn has(&self, token: &AccessToken) -> bool {
        self.0.contains(&(token.id, token.generation))
    }

    /// The replaced secret of an access token while it lives on: its time lasts, and no use of the present one has ended
    /// it.
    pub(in crate::service) fn replaced(&self, token: &AccessToken, now: Timestamp) -> Option<PreviousSecret> {
        token.replaced(now).filter(|_| !(token.overlap_until_used && self.has(token)))
    }

    /// Which secret of an access token has this hash; none if it does not live on.
    pub(in crate::service) fn shown_by(&self, token: &AccessToken, hash: &TokenHash, now: Timestamp) -> Option<Shown> {
        self.shown(token, now, token.hash == *hash, |previous| previous.hash == *hash)
    }

    /// Which secret of an access token has this number; none if it does not live on.
    pub(in crate::service) fn shown_by_generation(
        &self,
        token: &AccessToken,
        generation: u64,
        now: Timestamp,
    ) -> Option<Shown> {
        let is_replaced = Some(generation) == token.generation.checked_sub(1);
        self.shown(token, now, token.generation == generation, |_| is_replaced)
    }

    fn shown(
        &self,
        token: &AccessToken,
        now: Timestamp,
        is_present: bool,
        is_replaced: impl FnOnce(&PreviousSecret) -> bool,
    ) -> Option<Shown> {
        if is_present {
            return Some(Shown::Current);
        }
        self.replaced(token, now).filter(is_replaced).map(|_| Shown::Replaced)
    }
}
