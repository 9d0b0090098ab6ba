//! Deleting accounts, with their repositories or leaving these without owner.
//!
//! Many repositories go in several changes, and the account in the last: interrupted, it is there to be deleted again.

use std::ops::ControlFlow;

use super::Service;
use super::accounts::{find, keep_an_admin};
use super::authority::Permit;
use super::bundles::{BUNDLE, delete_repository_step, is_over};
use super::caller::Call;
use super::change::{Change, Deed};
use super::error::Error;
use super::visible;
use crate::domain::account::Account;
use crate::domain::content::Deletion;
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::store::State;

impl Service {
    /// Deletes an account with its access tokens and grants; with its repositories, or leaving them without owner.
    /// Answers how many repositories went; with nothing to delete, none. `went` is called whenever some are gone for
    /// good, also where the rest fails.
    ///
    /// # Errors
    /// [`Obstacle::LastAdministrator`](super::Obstacle::LastAdministrator); [`Error::Denied`] to all but
    /// administrators.
    pub fn delete_account(
        &self,
        call: &Call,
        name_or_id: &str,
        with_repositories: bool,
        went: &dyn Fn(),
    ) -> Result<Option<usize>, Error> {
        let known = self.store.state();
        let account = find(&known, name_or_id).ok().map(|account| (account.id, account.name.clone()));
        let addresses: Vec<_> = account.iter().flat_map(|(id, _)| self.throttle.known(*id)).map(|(at, _)| at).collect();
        // By its identifier from here on: one that is made anew under its name meanwhile is not meant.
        let meant = account.as_ref().map(|(id, _)| *id);
        let deletion = self.settings.deletion(call.now);
        let mut earlier = 0;
        if with_repositories {
            let namespace = account.iter().map(|(_, name)| Namespace::Of(name.clone()));
            let large: Vec<RepositoryName> = namespace.flat_map(|namespace| large(&known, &namespace)).collect();
            let deed = Deed::new("account.delete", name_or_id);
            earlier += self.delete_large(call, &deed, meant, large, &deletion, went)?;
            earlier += self.delete_all_but_last(call, &deed, meant, &deletion, went)?;
        }
        let deleted = self.change(call, Deed::new("account.delete", name_or_id), move |change| {
            let Some((permit, account)) = find_to_delete(change, meant)? else {
                change.was_idle();
                return Ok(None);
            };
            let namespace = Namespace::Of(account.name);
            let last = if with_repositories { bundle(change.state(), &namespace, usize::MAX) } else { Vec::new() };
            delete_repositories(change, &permit, &last, &deletion)?;
            if with_repositories {
                change.txn(&permit).remove_grants_on(&GrantTarget::Namespace(namespace));
            }
            change.txn(&permit).remove_account(account.id, &addresses);
            Ok(Some(last.len()))
        })?;
        if deleted.is_some_and(|last| last > 0) {
            went();
        }
        if let Some((id, name)) = account.filter(|_| deleted.is_some()) {
            self.throttle.forget(name.as_str(), id);
        }
        // Where somebody else ended it, it is what went until then.
        Ok(deleted.map(|last| earlier + last).or(Some(earlier).filter(|earlier| *earlier > 0)))
    }

    /// Deletes the repositories of an account that have more than one change removes. How many went.
    fn delete_large(
        &self,
        call: &Call,
        deed: &Deed,
        meant: Option<Id>,
        names: Vec<RepositoryName>,
        deletion: &Deletion,
        went: &dyn Fn(),
    ) -> Result<usize, Error> {
        let mut count = 0;
        for name in names {
            let deletion = deletion.clone();
            let is_gone = self.change_by_steps(call, deed, move |change, begun| {
                change.was_idle();
                let found = find_to_delete(change, meant)?.filter(|_| !is_over(change.state(), &name, begun));
                let repository = change.state().repository(&name).cloned();
                let Some(((permit, _), repository)) = found.zip(repository) else {
                    return Ok(ControlFlow::Break(false));
                };
                let step = delete_repository_step(change, &permit, &repository, &deletion, begun)?;
                if step.is_break() {
                    change.also(Deed::new("repository.delete", &name));
                }
                Ok(step.map_break(|()| true))
            })?;
            if is_gone {
                count += 1;
                went();
            }
        }
        Ok(count)
    }

    /// Deletes repositories of an account, a bundle in a change, until one bundle or less is left. How many went.
    fn delete_all_but_last(
        &self,
        call: &Call,
        deed: &Deed,
        meant: Option<Id>,
        deletion: &Deletion,
        went: &dyn Fn(),
    ) -> Result<usize, Error> {
        let mut count = 0;
        loop {
            let deletion = deletion.clone();
            let gone = self.change(call, deed.clone(), move |change| {
                change.was_idle();
                let Some((permit, account)) = find_to_delete(change, meant)? else { return Ok(0) };
                let namespace = Namespace::Of(account.name);
                let names = bundle(change.state(), &namespace, BUNDLE);
                if names.len() >= change.state().namespace_size(&namespace) {
                    return Ok(0);
                }
                delete_repositories(change, &permit, &names, &deletion)?;
                Ok(names.len())
            })?;
            if gone == 0 {
                return Ok(count);
            }
            count += gone;
            went();
        }
    }
}

/// The account that is to be deleted, with the permit; none if it is not there, or not any more.
fn find_to_delete(change: &Change<'_, '_>, meant: Option<Id>) -> Result<Option<(Permit, Account)>, Error> {
    let permit = change.authority()?.administrator()?;
    let account = meant.and_then(|id| change.state().account(id)).map(|account| Account::clone(account));
    let Some(account) = account else { return Ok(None) };
    keep_an_admin(change, account.id, None)?;
    Ok(Some((permit, account)))
}

/// The repositories of a namespace that have too many tags for one change.
fn large(state: &State, namespace: &Namespace) -> Vec<RepositoryName> {
    let names = visible::namespace(state, namespace).map(|repository| &repository.name);
    names.filter(|name| state.tags_count(name) > BUNDLE).cloned().collect()
}

/// The first repositories of a namespace that together have at most `rows` rows in the store, but one at least.
fn bundle(state: &State, namespace: &Namespace, rows: usize) -> Vec<RepositoryName> {
    let mut left = rows;
    let repositories = visible::namespace(state, namespace).take_while(|repository| {
        let has_room = left > 0;
        // Its record, its use, the note of its deletion, the audit record, and its tags.
        left = left.saturating_sub(4 + state.tags_count(&repository.name));
        has_room
    });
    repositories.map(|repository| repository.name.clone()).collect()
}

fn delete_repositories(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    names: &[RepositoryName],
    deletion: &Deletion,
) -> Result<(), Error> {
    let txn = change.txn(permit);
    names.iter().try_for_each(|name| txn.remove_repository(name, deletion.clone()))?;
    names.iter().for_each(|name| change.also(Deed::new("repository.delete", name)));
    Ok(())
}
