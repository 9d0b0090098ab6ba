//! The first use of a secret that a rotation made: whoever asked for it has it. The rotation is repeated no more, and the
//! replaced secret ends if its overlap lasts until then.
//!
//! It is noted in memory, so that a sign-in waits for no disk, and in force from then on; `sign_in` writes it within a
//! second. After a kill in that second, a replaced secret ends with the next use of the new one.
//!
//! A use that was written is forgotten. Whoever asks which secrets have ended takes the uses first and the state after
//! them ([`FirstUses::before`]): the other way round, a use that is written between the two would be in neither.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use imbl::OrdSet;

use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, PreviousSecret, Shown};

/// The used secrets of rotations that are not written yet: access token, and number of the secret.
#[derive(Clone, Default)]
pub(in crate::service) struct FirstUses(Arc<ArcSwap<OrdSet<(Id, u64)>>>);

/// The same, as they were at one moment.
pub(in crate::service) struct Used(Guard<Arc<OrdSet<(Id, u64)>>>);

impl FirstUses {
    /// The uses that a state does not have yet, and that state, which `state` takes. Each use that was noted before is in
    /// one of the two.
    pub(in crate::service) fn before<S>(&self, state: impl FnOnce() -> S) -> (Used, S) {
        let used = Used(self.0.load());
        (used, state())
    }

    /// Notes a use of this secret, if anything follows from it.
    pub(in crate::service) fn note(&self, token: &AccessToken, shown: &TokenHash) {
        let ends_overlap = token.overlap_until_used && token.previous.is_some();
        if token.hash == *shown && (token.retry.is_some() || ends_overlap) {
            let used = (token.id, token.generation);
            // It is noted again with each sign-in until it is written.
            if !self.0.load().contains(&used) {
                self.change(|all| _ = all.insert(used));
            }
        }
    }

    /// Those that wait to be written.
    pub(in crate::service) fn waiting(&self) -> Vec<(Id, u64)> {
        self.0.load().iter().copied().collect()
    }

    /// Forgets those that were written.
    pub(in crate::service) fn written(&self, written: &[(Id, u64)]) {
        self.change(|used| written.iter().for_each(|use_of| _ = used.remove(use_of)));
    }

    /// Puts others in the place of these: every sign-in reads them, and hardly any changes them.
    fn change(&self, change: impl Fn(&mut OrdSet<(Id, u64)>)) {
        self.0.rcu(|used| {
            let mut used = OrdSet::clone(used);
            change(&mut used);
            used
        });
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
