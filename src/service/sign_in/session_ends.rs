//! What ends sessions for good: a deactivated account or access token.
//!
//! While it does not count, its sessions are refused anyway. They are ended as well, so that none comes back when it is
//! activated again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::Id;
use crate::domain::token::{AccessToken, Shown};
use crate::service::Service;
use crate::service::access::{Call, Proof, Signed};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};
use crate::store::State;

/// The accounts and access tokens whose sessions a change ends.
#[derive(Default)]
pub(in crate::service) struct SessionEnds {
    accounts: BTreeSet<Id>,
    tokens: BTreeSet<Id>,
}

impl SessionEnds {
    /// Ends the sessions of this account.
    pub(in crate::service) fn of_account(&mut self, account: Id) {
        self.accounts.insert(account);
    }

    /// Ends the sessions that this access token opened, or one that stops with it.
    pub(in crate::service) fn of_token(&mut self, token: Id) {
        self.tokens.insert(token);
    }

    fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.tokens.is_empty()
    }

    fn ends(&self, state: &State, signed: &Signed) -> bool {
        self.accounts.contains(&signed.account) || signed.token.is_some_and(|id| self.stops(state, id, &signed.proof))
    }

    /// Whether it stops an access token for whoever has shown this: itself, or what the secret was made with. A replaced
    /// secret has makers of its own, beside those of the present one.
    fn stops(&self, state: &State, id: Id, proof: &Proof) -> bool {
        let Some(token) = state.token(id) else { return true };
        let is_ended = |token: &AccessToken| self.tokens.contains(&token.id);
        let by_makers = |shown| token.makers(shown, |id| state.token(id).map(AsRef::as_ref)).any(is_ended);
        let is_present = matches!(proof, Proof::Secret(hash) if *hash == token.hash);
        is_ended(token) || by_makers(Shown::Current) || (!is_present && by_makers(Shown::Replaced))
    }
}

impl Service {
    /// Makes a change that ends sessions, which `work` names once it is allowed to. They end as well if it is not known
    /// whether the change was made.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Unavailable`].
    pub(in crate::service) fn change_ending_sessions<T: Send + 'static>(
        &self,
        call: &Call,
        deed: Deed,
        work: impl Fn(&mut Change<'_, '_>, &mut SessionEnds) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let named = Arc::new(Mutex::new(SessionEnds::default()));
        let last_named = Arc::clone(&named);
        let result = self.change(call, deed, move |change| {
            let mut ends = SessionEnds::default();
            let value = work(change, &mut ends)?;
            *last_named.lock().unwrap_or_else(PoisonError::into_inner) = ends;
            Ok(value)
        });
        self.end_sessions(&named.lock().unwrap_or_else(PoisonError::into_inner), &result);
        result
    }

    /// Ends these sessions unless the `result` of the change says that it was not made.
    pub(in crate::service) fn end_sessions<T>(&self, ends: &SessionEnds, result: &Result<T, Error>) {
        let may_be_made = result.as_ref().map_or_else(Error::leaves_open_what_was_done, |_| true);
        if may_be_made && !ends.is_empty() {
            let state = self.store.state();
            self.sessions.end(|signed| ends.ends(&state, signed));
        }
    }
}
