//! Whose a repository is: the one place where that is derived.
//!
//! A repository belongs to the account that has its namespace, whichever that is at the moment: nothing of it is stored,
//! and so a new account of the name takes over what is there. A repository that was transferred names its owner by
//! identifier in its record, and then its name says nothing any more about who has rights on it:
//!
//! - Its owner has every right on it; whoever has its namespace has none.
//! - Grants on the whole namespace do not reach it, since whoever has the namespace makes them. Those that there were have
//!   become grants on the repository itself when it was transferred (`service::content::transfers`).
//! - If its owner is deleted, nobody owns it, neither a later account of that name nor one that has the namespace. Only
//!   the account that is made with its namespace's name and adopts what is there gets it back.
//! - The namespace stays what it was: who makes repositories in it, how many names it may have, who grants on it. Whoever
//!   has it learns that a name is taken, since that cannot be made again, and nothing else of what was given away.

use std::ops::Bound;
use std::sync::Arc;

use super::State;
use crate::domain::account::Account;
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;

/// Reading.
impl State {
    /// The account that owns a repository; for a name that is not known, the account that would own it.
    #[must_use]
    pub fn owner(&self, name: &RepositoryName) -> Option<&Arc<Account>> {
        match self.repository(name).and_then(|repository| repository.owner) {
            Some(owner) => self.account(owner),
            None => self.account_named(name.namespace_str()),
        }
    }

    /// Whether a repository was transferred, so that its namespace says nothing about who reaches it.
    #[must_use]
    pub fn is_transferred(&self, name: &RepositoryName) -> bool {
        self.repository(name).is_some_and(|repository| repository.owner.is_some())
    }

    /// Whether any repository of a namespace was transferred.
    #[must_use]
    pub fn has_transferred(&self, namespace: &Namespace) -> bool {
        self.transferred_away.contains_key(namespace)
    }

    /// The repositories that were transferred to an account, within a range of names.
    #[must_use]
    pub fn transferred_to(
        &self,
        owner: Id,
        (first, last): (Bound<RepositoryName>, Bound<RepositoryName>),
    ) -> impl DoubleEndedIterator<Item = &RepositoryName> + use<'_> {
        // An open end is that of the owner's names, not of everybody's.
        let end = |bound: Bound<RepositoryName>, end: RepositoryName| match bound {
            Bound::Unbounded => Bound::Excluded((owner, end)),
            bounded @ (Bound::Included(_) | Bound::Excluded(_)) => bounded.map(|name| (owner, name)),
        };
        let range = (end(first, RepositoryName::first()), end(last, RepositoryName::last()));
        self.transferred.range(range).map(|(_, name)| name)
    }

    /// How many repositories an account owns: those of its namespace that it still has, and those transferred to it.
    #[must_use]
    pub fn owned_count(&self, owner: &Account) -> usize {
        let namespace = Namespace::Of(owner.name.clone());
        let away = self.transferred_away.get(&namespace).copied().unwrap_or(0);
        let received = self.transferred_counts.get(&owner.id).copied().unwrap_or(0);
        self.namespace_size(&namespace).saturating_sub(away) + received
    }

    /// How many repositories of a namespace belong to nobody while no account has it: all but those that an account was
    /// given.
    #[must_use]
    pub fn unowned_within(&self, namespace: &Namespace) -> usize {
        let owned =
            |(owner, name): &&(Id, RepositoryName)| name.namespace() == *namespace && self.account(*owner).is_some();
        let size = self.namespace_size(namespace);
        if self.has_transferred(namespace) { size - self.transferred.iter().filter(owned).count() } else { size }
    }
}

/// Changing.
impl State {
    pub(super) fn list_transferred(&mut self, repository: &Repository) {
        let Some(owner) = repository.owner else { return };
        self.transferred.insert((owner, repository.name.clone()));
        *self.transferred_counts.entry(owner).or_default() += 1;
        *self.transferred_away.entry(repository.name.namespace()).or_default() += 1;
    }

    pub(super) fn unlist_transferred(&mut self, repository: &Repository) {
        let Some(owner) = repository.owner else { return };
        self.transferred.remove(&(owner, repository.name.clone()));
        one_less(&mut self.transferred_counts, owner);
        one_less(&mut self.transferred_away, repository.name.namespace());
    }
}

/// Zero is no entry, so that equal states are equal.
fn one_less<K: std::hash::Hash + Eq + Clone>(counts: &mut imbl::HashMap<K, usize>, key: K) {
    match counts.get(&key).copied().unwrap_or(0).saturating_sub(1) {
        0 => counts.remove(&key),
        count => counts.insert(key, count),
    };
}
