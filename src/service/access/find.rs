//! Looks up the account that a request names.

use crate::domain::account::Account;
use crate::domain::id::Id;
use crate::service::error::{Error, Kind};
use crate::store::State;

/// The account of this name or identifier. They cannot be confused: no identifier is a valid name.
pub(in crate::service) fn find<'s>(state: &'s State, name_or_id: &str) -> Result<&'s Account, Error> {
    let by_id = name_or_id.parse::<Id>().ok().and_then(|id| state.account(id));
    let found = by_id.or_else(|| state.account_named(name_or_id));
    found.map(AsRef::as_ref).ok_or_else(|| Error::not_found(Kind::Account, name_or_id))
}

/// The organization of this name or identifier.
pub(in crate::service) fn find_organization<'s>(state: &'s State, name_or_id: &str) -> Result<&'s Account, Error> {
    let account = find(state, name_or_id)?;
    if account.is_organization() { Ok(account) } else { Err(Error::not_found(Kind::Organization, name_or_id)) }
}

/// The user of this name or identifier.
pub(in crate::service) fn find_user<'s>(state: &'s State, name_or_id: &str) -> Result<&'s Account, Error> {
    let user = find(state, name_or_id).map_err(|_| Error::not_found(Kind::User, name_or_id))?;
    if user.is_organization() {
        return Err(Error::invalid("member", "an organization cannot be a member or hold a user's grant"));
    }
    Ok(user)
}
