//! That somebody is left who can sign in as a system administrator. Else only the local socket could help.

use super::authority::standing;
use crate::domain::account::Account;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;
use crate::service::error::{Error, Obstacle};
use crate::store::State;

/// Whether a site had an administrator who can sign in, before a change.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(in crate::service) struct Administered(bool);

impl Administered {
    /// As it is in this state, at this moment.
    pub(in crate::service) fn in_state(state: &State, now: Timestamp) -> Self {
        Self(state.active_admins().any(|account| can_administer(state, account, now)))
    }

    /// Refuses a change that took the last one: `state` is what it leaves. `field` is what it would have changed; none
    /// for a deletion.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`]
    pub(in crate::service) fn kept(
        self,
        state: &State,
        now: Timestamp,
        field: Option<&'static str>,
    ) -> Result<(), Error> {
        if self.0 && !Self::in_state(state, now).0 {
            return Err(Error::Conflict(Obstacle::LastAdministrator { field }));
        }
        Ok(())
    }
}

/// Whether an active administrator has something to sign in with that makes it one: its password, or an access token
/// that counts and is not narrowed.
fn can_administer(state: &State, account: &Account, now: Timestamp) -> bool {
    let mut tokens = state.tokens_of(account.id, None).filter(|token| !token.limits.is_capped());
    account.password.is_some() || tokens.any(|token| standing(state, token, now).state == TokenState::Active)
}
