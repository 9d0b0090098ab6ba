//! That somebody is left who can sign in as a system administrator, and not only until an access token ends. Else only the
//! local socket could help.

use super::authority::standing;
use crate::domain::account::Account;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;
use crate::service::error::{Error, Obstacle};
use crate::store::State;

/// For how long somebody can sign in as an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use]
pub(in crate::service) enum Administered {
    /// Nobody can.
    Never,
    /// Until access tokens end: in time everybody is locked out, and nothing happens at that moment that could be refused.
    ForATime,
    /// For good.
    Always,
}

impl Administered {
    /// As it is in this state, at this moment.
    pub(in crate::service) fn in_state(state: &State, now: Timestamp) -> Self {
        let mut found = Self::Never;
        for account in state.active_admins() {
            found = found.max(can_administer(state, account, now));
            if found == Self::Always {
                break;
            }
        }
        found
    }

    /// Refuses a change after which nobody can, or not for good where that was so before it: `state` is what it leaves.
    /// `field` is what it would have changed; none for a deletion.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`]
    pub(in crate::service) fn kept(
        self,
        state: &State,
        now: Timestamp,
        field: Option<&'static str>,
    ) -> Result<(), Error> {
        if Self::in_state(state, now) < self {
            return Err(Error::Conflict(Obstacle::LastAdministrator { field }));
        }
        Ok(())
    }
}

/// Whether an active administrator has something to sign in with that makes it one: its password, or an access token
/// that counts and is not narrowed. One without an end is for good: so are those that made it, which none outlives.
fn can_administer(state: &State, account: &Account, now: Timestamp) -> Administered {
    if account.password.is_some() {
        return Administered::Always;
    }
    let tokens = state.tokens_of(account.id, None).filter(|token| !token.limits.is_capped());
    let counting = tokens.filter(|token| standing(state, token, now).state == TokenState::Active);
    let each = counting.map(|token| match token.expires_at {
        None => Administered::Always,
        Some(_) => Administered::ForATime,
    });
    each.max().unwrap_or(Administered::Never)
}
