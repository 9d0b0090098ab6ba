//! Transfers: administrators give repositories to another account. Whose a repository is then says `store::state::owners`.
//!
//! Names and patterns of access tokens stay as they are, and so do grants: those on the whole namespace become grants on
//! the repository, because whoever has the namespace can change them and shall have no more say. What the owner before
//! granted to itself goes: as long as it owned the repository that gave nothing.
//!
//! All repositories of an account are transferred a bundle at a time, each in a change of its own. A request makes one of
//! these changes and says what is left, so that whoever is interrupted knows what was done.

use std::sync::Arc;

use super::bundles::BUNDLE;
use super::repositories::RepositoryView;
use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Name, RepositoryName};
use crate::domain::order::Order;
use crate::domain::repository::Repository;
use crate::service::Service;
use crate::service::access::{Allowed, Call, Permit, find, visible};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::{Change, Deed};
use crate::service::settings::is_full;
use crate::store::State;

/// Bytes of memory that a change takes for a row of the usual size.
const USUAL_ROW: usize = 3_400;

/// What one request transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The account that has them now.
    pub to: Name,
    /// How many repositories it was given.
    pub count: usize,
    /// How many the account before still has: the same request goes on with them.
    pub left: usize,
}

impl Service {
    /// Refuses callers who may transfer nothing, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself has one lifetime, not any")]
    pub fn may_transfer(&self, call: &Call, object: &str) -> Result<Allowed, Error> {
        self.gate(call, Act::RepositoryTransfer, object, |authority| authority.administrator())
    }

    /// Gives a repository to another account; does nothing if it has it already.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators; [`Error::NotFound`] for the repository and the account;
    /// [`Error::Invalid`] for an inactive account; [`Obstacle::Limit`] if the account has no room for it.
    pub fn transfer_repository(&self, call: &Call, name: &RepositoryName, to: &str) -> Result<RepositoryView, Error> {
        let (asked, receiver, live) = (name.clone(), to.to_owned(), self.settings.live.clone());
        self.change(call, deed(name.as_str(), to), move |change| {
            let permit = change.authority()?.administrator()?;
            change.skip_record();
            let state = change.state();
            let repository = state.repository(&asked).ok_or_else(|| Error::not_found(Kind::Repository, &asked))?;
            let repository = Repository::clone(repository);
            let receiver = receiver_named(state, &receiver)?;
            if change.state().owner(&asked).is_some_and(|owner| owner.id == receiver.id) {
                return Ok(());
            }
            let limit = live.at(change.state()).max_per_namespace;
            refuse_beyond(change.state(), &receiver, 1, limit)?;
            transfer(change, &permit, repository, &receiver).map(drop)
        })?;
        self.view_repository(call, name)
    }

    /// Gives repositories that an account owns to another account: all of them, or the first of very many.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators; [`Error::NotFound`] for either account; [`Error::Invalid`] if both are
    /// the same, or the other one is inactive; [`Obstacle::Limit`] if the other one has no room for all of them: then it
    /// gets none.
    pub fn transfer_repositories(&self, call: &Call, name_or_id: &str, to: &str) -> Result<Transferred, Error> {
        let (asked, receiver, live) = (name_or_id.to_owned(), to.to_owned(), self.settings.live.clone());
        self.change(call, deed(&format!("{name_or_id}/*"), to), move |change| {
            let permit = change.authority()?.administrator()?;
            change.skip_record();
            let state = change.state();
            let (owner, receiver) = parties(state, &asked, &receiver, live.at(state).max_per_namespace)?;
            let count = transfer_bundle(change, &permit, &owner, &receiver)?;
            Ok(Transferred { to: receiver.name, count, left: change.state().owned_count(&owner) })
        })
    }

    /// Whether [`transfer_repositories`](Self::transfer_repositories) would give all that an account owns to another one,
    /// with what is left then: all of it.
    ///
    /// # Errors
    /// Those that it would have.
    pub fn try_transfer_of_repositories(&self, call: &Call, name_or_id: &str, to: &str) -> Result<Transferred, Error> {
        let Deed { act, object, .. } = deed(&format!("{name_or_id}/*"), to);
        self.view(call, act, &object, |authority| {
            authority.administrator()?;
            let state = authority.state();
            let limit = self.settings.live.at(state).max_per_namespace;
            let (owner, receiver) = parties(state, name_or_id, to, limit)?;
            Ok(Transferred { to: receiver.name, count: 0, left: state.owned_count(&owner) })
        })
    }
}

/// The account that owns repositories, and the one that is to have them, which has room for all of them.
fn parties(state: &State, owner: &str, receiver: &str, limit: u32) -> Result<(Account, Account), Error> {
    let (owner, receiver) = (find(state, owner)?.clone(), receiver_named(state, receiver)?);
    if owner.id == receiver.id {
        return Err(Error::invalid("to", "the account has its repositories already"));
    }
    refuse_beyond(state, &receiver, state.owned_count(&owner), limit)?;
    Ok((owner, receiver))
}

fn deed(what: &str, to: &str) -> Deed {
    Deed::new(Act::RepositoryTransfer, format!("{what} to {to}"))
}

/// The account that shall get repositories. Nobody could look after what an inactive one had.
fn receiver_named(state: &State, name_or_id: &str) -> Result<Account, Error> {
    let receiver = find(state, name_or_id)?;
    if receiver.is_active { Ok(receiver.clone()) } else { Err(Error::invalid("to", "this account is inactive")) }
}

/// Refuses more repositories than an account may have.
fn refuse_beyond(state: &State, receiver: &Account, more: usize, limit: u32) -> Result<(), Error> {
    let last = (state.owned_count(receiver) + more).saturating_sub(1);
    if more > 0 && is_full(last, limit) {
        return Err(Error::Conflict(Obstacle::Limit("repositories of the account that is to have these")));
    }
    Ok(())
}

/// Transfers as many repositories as one change takes; answers how many.
fn transfer_bundle(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    owner: &Account,
    receiver: &Account,
) -> Result<usize, Error> {
    let owned = visible::owned(change.state(), owner, Order::Ascending, None).take(BUNDLE);
    let owned: Vec<Arc<Repository>> = owned.cloned().collect();
    let (mut count, mut rows) = (0, 0);
    for repository in owned {
        if rows >= BUNDLE {
            break;
        }
        rows += transfer(change, permit, Repository::clone(&repository), receiver)?;
        count += 1;
    }
    Ok(count)
}

/// Transfers one repository, with an audit record of its own; answers how many rows that wrote, where a long description
/// counts as several.
fn transfer(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    repository: Repository,
    receiver: &Account,
) -> Result<usize, Error> {
    let (state, name, rows) = (change.state(), repository.name.clone(), rows(&repository));
    let target = GrantTarget::Repository(name.clone());
    let before = state.owner(&name).map(|owner| Grantee::User(owner.id));
    // An account that gets back what is in its own namespace has it by that again.
    let owner = Some(receiver.id).filter(|_| name.namespace().name() != Some(&receiver.name));
    let grants = if owner.is_some() { namespace_grants(state, &name, before) } else { Vec::new() };
    let own = before.filter(|before| state.grant(&target, *before).is_some());
    let txn = change.txn(permit);
    txn.put_repository(Repository { owner, ..repository })?;
    own.into_iter().for_each(|before| txn.remove_grant(&target, before));
    for (grantee, level) in &grants {
        txn.put_grant(&target, *grantee, *level)?;
    }
    let deed = deed(name.as_str(), receiver.name.as_str());
    let deed = deed.about_repository(change.state(), &name).about_account(receiver);
    change.record_also(deed);
    // The repository, the grant that goes, and the audit record.
    Ok(grants.len() + rows + 2)
}

/// Gives a repository whose owner is gone back to whoever has its namespace, which is to be `name`'s; answers how many rows
/// that wrote.
pub(in crate::service) fn give_back(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    repository: &Repository,
    name: &Name,
) -> Result<usize, Error> {
    let deed = deed(repository.name.as_str(), name.as_str()).about_repository(change.state(), &repository.name);
    change.txn(permit).put_repository(Repository { owner: None, ..repository.clone() })?;
    change.record_also(deed);
    Ok(rows(repository) + 1)
}

/// How many rows of the usual size a repository takes.
fn rows(repository: &Repository) -> usize {
    1 + repository.long_description.len() / USUAL_ROW
}

/// What grants on the whole namespace give on a repository that they will reach no more, where no grant on it gives as much.
fn namespace_grants(state: &State, name: &RepositoryName, owner: Option<Grantee>) -> Vec<(Grantee, GrantLevel)> {
    if state.is_transferred(name) {
        return Vec::new();
    }
    let target = GrantTarget::Repository(name.clone());
    let wide = state.grants_on(&GrantTarget::Namespace(name.namespace()));
    let others = wide.filter(|(grantee, _)| Some(*grantee) != owner);
    others.filter(|(grantee, level)| state.grant(&target, *grantee) < Some(*level)).collect()
}
