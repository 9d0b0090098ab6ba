//! Writes what follows from the first uses of new secrets ([`FirstUses`](crate::service::access::FirstUses)): rotations
//! that are repeated no more, and replaced secrets that have ended.

use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Occurrence, Outcome};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::service::Service;
use crate::service::access::{Caller, Subject};
use crate::service::error::Error;
use crate::service::ledger::{Deed, Upkeep};
use crate::store::{State, Txn};

/// Most access tokens that one change writes.
const BUNDLE: usize = 1_000;

impl Service {
    /// Writes the first uses of new secrets that are not written yet. Costs nothing where there are none.
    pub fn save_first_uses(&self, now: Timestamp) {
        for bundle in self.first_uses.waiting().chunks(BUNDLE) {
            let meant = bundle.to_vec();
            let written = self.keep(Upkeep::FirstUses, move |txn| {
                meant.iter().try_for_each(|(id, generation)| write(txn, *id, *generation, now))
            });
            if written.is_ok() {
                self.first_uses.written(bundle);
            }
        }
    }
}

fn write(txn: &mut Txn<'_>, id: Id, generation: u64, now: Timestamp) -> Result<(), Error> {
    let Some(token) = txn.state().token(id).filter(|token| token.generation == generation).cloned() else {
        return Ok(());
    };
    if token.overlap_until_used && token.previous.is_some() {
        txn.put_token(AccessToken::clone(&token).without_replaced())?;
        // One whose time was over had ended before.
        if token.replaced(now).is_some() {
            let entry = ended(txn.state(), &token);
            txn.audit(&entry, Occurrence::once(now))?;
        }
    } else if token.retry.is_some() {
        txn.put_token(token.with(|it| it.retry = None))?;
    }
    Ok(())
}

/// The record that a replaced secret ended by a use of the new one.
fn ended(state: &State, token: &AccessToken) -> AuditEntry {
    let deed = Deed::of_token(Act::TokenEndOverlap, state, token);
    let entry = deed.entry(&Caller::new(Subject::Anonymous, None), Outcome::Success);
    AuditEntry { actor: "system".to_owned(), credential: CredentialKind::System, ..entry }
}
