//! The first use of a secret that a rotation made: whoever asked for it has it, and the rotation is repeated no more.
//!
//! It is noted in memory, so that a sign-in waits for no disk, and written with the chores of every half minute and at
//! the end. After a kill, a rotation whose secret was first used in the last half minute may be repeated until its time
//! is over.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::token::AccessToken;
use crate::service::Service;
use crate::service::error::Error;
use crate::service::ledger::Upkeep;

/// Most access tokens that one change writes.
const BUNDLE: usize = 1_000;

/// The used secrets of rotations that might still be repeated: access token, and number of the secret.
#[derive(Clone, Default)]
pub(in crate::service) struct FirstUses(Arc<Mutex<BTreeSet<(Id, u64)>>>);

impl FirstUses {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<(Id, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a use of this secret.
    pub(super) fn note(&self, token: &AccessToken, shown: &TokenHash) {
        if token.retry.is_some() && token.hash == *shown {
            self.lock().insert((token.id, token.generation));
        }
    }

    /// Whether the present secret of this access token was used.
    pub(in crate::service) fn have(&self, token: &AccessToken) -> bool {
        self.lock().contains(&(token.id, token.generation))
    }
}

impl Service {
    /// Writes which rotations are repeated no more, since the secrets that they made were used.
    pub(in crate::service) fn save_first_uses(&self) {
        let noted: Vec<(Id, u64)> = self.first_uses.lock().iter().copied().collect();
        for bundle in noted.chunks(BUNDLE) {
            let meant = bundle.to_vec();
            let written = self.keep(Upkeep::FirstUses, move |txn| {
                for (id, generation) in &meant {
                    let token = txn.state().token(*id).filter(|token| token.generation == *generation).cloned();
                    if let Some(token) = token.filter(|token| token.retry.is_some()) {
                        txn.put_token(AccessToken { retry: None, ..AccessToken::clone(&token) })?;
                    }
                }
                Ok::<_, Error>(())
            });
            if written.is_ok() {
                let mut waiting = self.first_uses.lock();
                for written in bundle {
                    waiting.remove(written);
                }
            }
        }
    }
}
