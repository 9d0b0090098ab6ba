//! Deleting access tokens, with those that they made for their own account, which count only while they do. Robots are
//! never deleted along: their organization keeps them, and they stop until they are given another secret.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access_tokens::{about, put};
use super::which::{WhichToken, find_remembered};
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::token::AccessToken;
use crate::service::Service;
use crate::service::access::{Call, Permit};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};

impl Service {
    /// Deletes an access token, and those that it made for its own account, which no longer count without it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to a robot; [`Obstacle::LastAdministrator`](crate::service::Obstacle::LastAdministrator) where nobody else
    /// could sign in as an administrator.
    pub fn delete_token(&self, call: &Call, which: impl Into<WhichToken>) -> Result<(), Error> {
        let asked = which.into();
        self.change(call, Deed::new(asked.act(Act::TokenDelete), &asked).free(true), move |change| {
            let authority = change.authority()?;
            authority.signed_in()?;
            let token = find_remembered(&authority, &asked)?;
            let permit = authority.delete_token(token)?;
            let (id, before) = (token.id, change.administered());
            for deleted in delete_with_descendants(change, &permit, vec![id], false)? {
                let deed = about(Act::TokenDelete, change, &deleted);
                if deleted.id == id { change.record_as(deed) } else { change.record_also(deed) }
            }
            change.keep_administered(before, None)
        })
    }
}

/// Deletes access tokens and their descendants: those of the same account, which count only while they do, or with
/// `everybody` those of any account, robots aside. Answers the deleted ones. Takes time in proportion to their number and that of
/// their owners' access tokens.
pub(in crate::service) fn delete_with_descendants(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    ids: Vec<Id>,
    everybody: bool,
) -> Result<Vec<Arc<AccessToken>>, Error> {
    let mut waiting = ids;
    let mut deleted = Vec::new();
    while let Some(id) = waiting.pop() {
        let Some(token) = change.state().token(id).cloned() else { continue };
        let goes = |made: &&Arc<AccessToken>| !made.is_robot() && (everybody || made.owner == token.owner);
        let made = change.state().tokens_made_with(id).filter(goes);
        waiting.extend(made.map(|made| made.id));
        change.txn(permit).remove_token(id);
        deleted.push(token);
    }
    end_replaced_secrets(change, permit, &deleted)?;
    Ok(deleted)
}

/// Ends the replaced secrets that were made with the deleted access tokens. Their own access tokens hang on other ones
/// since a rotation, and live on.
fn end_replaced_secrets(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    deleted: &[Arc<AccessToken>],
) -> Result<(), Error> {
    let gone: BTreeSet<Id> = deleted.iter().map(|token| token.id).collect();
    let owners: BTreeSet<Id> = deleted.iter().map(|token| token.owner).collect();
    let of_owners = owners.iter().flat_map(|owner| change.state().tokens_of(*owner, None));
    let is_made_with_one = |token: &AccessToken| token.previous_parent.is_some_and(|parent| gone.contains(&parent));
    let hanging = of_owners.filter(|token| token.previous.is_some() && is_made_with_one(token));
    let hanging: Vec<_> = hanging.cloned().collect();
    hanging.iter().try_for_each(|token| put(change, permit, &AccessToken::clone(token).without_replaced()))
}
