//! Deletion of accounts, with their repositories or leaving these without owner: one change, however many there are.

use super::accounts::keep_an_admin;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::content::Deletion;
use crate::domain::grant::GrantTarget;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::service::Service;
use crate::service::access::{Call, Permit, find, visible};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};

/// Most repositories whose deletion is recorded in the change itself, which keeps its size bounded; the records of the
/// others are written right after it, as the rows of those repositories go.
const RECORDED_AT_ONCE: usize = 1_000;

impl Service {
    /// Deletes an account with its access tokens and grants; with its repositories, or leaving them without owner.
    /// Answers how many repositories were deleted; none if there is no such account.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`](crate::service::Obstacle::LastAdministrator); [`Error::Denied`] to all but
    /// administrators.
    pub fn delete_account(
        &self,
        call: &Call,
        name_or_id: &str,
        with_repositories: bool,
    ) -> Result<Option<usize>, Error> {
        let (asked, deletion) = (name_or_id.to_owned(), self.settings.deletion(call.now));
        let deleted = self.change(call, Deed::new(Act::AccountDelete, name_or_id), move |change| {
            let permit = change.authority()?.administrator()?;
            let Ok(account) = find(change.state(), &asked).cloned() else {
                change.skip_record();
                return Ok(None);
            };
            keep_an_admin(change, account.id, None)?;
            let before = change.administered();
            change.about_account(&account);
            let count = if with_repositories { take_along(change, &permit, &account, &deletion)? } else { 0 };
            change.txn(&permit).remove_account(account.id)?;
            change.keep_administered(before, None)?;
            Ok(Some((account, count)))
        })?;
        let Some((account, count)) = deleted else { return Ok(None) };
        self.throttle.forget(account.name.as_str(), account.id);
        Ok(Some(count))
    }
}

/// Deletes the repositories that an account owns, and the grants on its namespace; answers how many repositories there
/// were.
fn take_along(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    account: &Account,
    deletion: &Deletion,
) -> Result<usize, Error> {
    let owned = visible::owned(change.state(), account, Order::Ascending, None);
    let names: Vec<RepositoryName> = owned.map(|repository| repository.name.clone()).collect();
    let (at_once, later) = names.split_at(names.len().min(RECORDED_AT_ONCE));
    for name in at_once {
        let deed = Deed::new(Act::RepositoryDelete, name).about_repository(change.state(), name);
        change.record_also(deed);
    }
    let record = change.record_of(&Deed::new(Act::RepositoryDelete, ""));
    let txn = change.txn(permit);
    txn.remove_repositories(at_once, deletion.clone(), None)?;
    txn.remove_repositories(later, deletion.clone(), Some(&record))?;
    txn.remove_grants_on(&GrantTarget::Namespace(Namespace::Of(account.name.clone())));
    Ok(names.len())
}
