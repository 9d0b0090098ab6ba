//! Which changes take a power away and give none, and so are made on a full disk, too; and whose room they take there.

use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::service::access::{Caller, Subject};
use crate::store::{Share, State};

/// Whether a change of these acts takes a power away and gives none. `ends_secret`: it ends a replaced secret at once.
pub(super) fn is_ending(acts: impl Iterator<Item = Act> + Clone, ends_secret: bool) -> bool {
    let is_any = ends_secret || acts.clone().any(Act::is_ending);
    is_any && acts.clone().all(|act| act.is_ending() || act.may_go_with_ending())
}

/// The part of the journal that endings of an account's access tokens go to where whoever holds these makes them: the one
/// that the account's own access tokens use.
pub(super) fn share_of_holder(owner: Id) -> Share {
    Share::Account { account: owner, by_token: true }
}

/// Whose part of the journal this caller's endings go to; none for callers who end nothing.
pub(super) fn share(state: &State, caller: &Caller) -> Option<Share> {
    let signed = match &caller.subject {
        Subject::Anonymous | Subject::Registry => return None,
        Subject::Local { .. } => return Some(Share::Local),
        Subject::Account(signed) => signed,
    };
    let is_admin = state.account(signed.account).is_some_and(|account| account.is_active_admin());
    // A stolen access token of an administrator must not take the room in which it is revoked.
    if is_admin && signed.token.is_none() {
        return Some(Share::Administrator);
    }
    Some(Share::Account { account: signed.account, by_token: signed.token.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_also_gives_a_power_is_no_ending() {
        use Act::{
            AccountDeactivate, AccountDelete, AccountPromote, AccountUpdate, RepositoryDelete, TokenActivate,
            TokenCleanUp, TokenDeactivate, TokenDelete, TokenUpdate,
        };
        let is = |acts: &[Act], ends_secret| is_ending(acts.iter().copied(), ends_secret);
        for acts in [
            &[TokenUpdate, TokenDeactivate][..],
            &[TokenDelete],
            &[TokenCleanUp, TokenDelete],
            &[AccountUpdate, AccountDeactivate],
            &[AccountDelete, RepositoryDelete],
        ] {
            assert!(is(acts, false), "{acts:?}");
        }
        for acts in [
            &[][..],
            &[TokenUpdate],
            &[TokenUpdate, TokenActivate],
            &[TokenCleanUp],
            &[RepositoryDelete],
            &[AccountUpdate, AccountPromote, TokenDeactivate],
        ] {
            assert!(!is(acts, false), "{acts:?}");
        }
        assert!(is(&[TokenUpdate], true) && !is(&[TokenActivate], true));
    }
}
