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

use imbl::OrdMap;

use super::State;
use super::names::Names;
use crate::domain::account::Account;
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;

/// What was transferred out of a namespace.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Away {
    count: usize,
    /// How many each account was given, there or gone by now.
    by_owner: OrdMap<Id, usize>,
}

/// Reading.
impl State {
    /// The account that owns a repository; for a name that is not known, the account that would own it.
    #[must_use]
    pub fn owner(&self, name: &RepositoryName) -> Option<&Arc<Account>> {
        self.owner_of(name, self.repository(name).map(AsRef::as_ref))
    }

    /// The same for who has looked up what is there of this name.
    #[must_use]
    pub fn owner_of(&self, name: &RepositoryName, there: Option<&Repository>) -> Option<&Arc<Account>> {
        match there.and_then(|repository| repository.owner) {
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

    /// The names of a namespace that were not transferred, where any was: those that whoever has the namespace has.
    #[must_use]
    pub fn kept(&self, namespace: &Namespace) -> Option<&Names<RepositoryName>> {
        self.kept.get(namespace)
    }

    /// How many repositories an account owns: those of its namespace that it still has, and those transferred to it.
    #[must_use]
    pub fn owned_count(&self, owner: &Account) -> usize {
        let namespace = Namespace::Of(owner.name.clone());
        let away = self.transferred_away.get(&namespace).map_or(0, |away| away.count);
        let received = self.transferred_counts.get(&owner.id).copied().unwrap_or(0);
        self.namespace_size(&namespace).saturating_sub(away) + received
    }

    /// How many repositories of a namespace belong to nobody while no account has it: all but those that an account was
    /// given.
    #[must_use]
    pub fn unowned_within(&self, namespace: &Namespace) -> usize {
        let away = self.transferred_away.get(namespace);
        let given =
            away.into_iter().flat_map(|away| &away.by_owner).filter(|(owner, _)| self.account(**owner).is_some());
        self.namespace_size(namespace) - given.map(|(_, count)| count).sum::<usize>()
    }

    /// The repositories that were transferred out of a namespace to accounts that are gone.
    pub fn orphans_within(&self, namespace: &Namespace) -> impl Iterator<Item = &RepositoryName> + use<'_> {
        let (first, last) = namespace.bounds();
        let (within, away) = (namespace.clone(), self.transferred_away.get(namespace));
        let owners = away.into_iter().flat_map(|away| away.by_owner.keys().copied());
        let gone = owners.filter(|owner| self.account(*owner).is_none());
        let names = gone.flat_map(move |owner| self.transferred_to(owner, (first.clone(), last.clone())));
        names.filter(move |name| name.namespace() == within)
    }
}

/// Changing.
impl State {
    pub(super) fn list_transferred(&mut self, repository: &Repository) {
        let Some(owner) = repository.owner else { return };
        self.transferred.insert((owner, repository.name.clone()));
        *self.transferred_counts.entry(owner).or_default() += 1;
        let away = self.transferred_away.entry(repository.name.namespace()).or_default();
        away.count += 1;
        *away.by_owner.entry(owner).or_default() += 1;
    }

    pub(super) fn unlist_transferred(&mut self, repository: &Repository) {
        let Some(owner) = repository.owner else { return };
        self.transferred.remove(&(owner, repository.name.clone()));
        one_less(&mut self.transferred_counts, owner);
        let namespace = repository.name.namespace();
        let Some(away) = self.transferred_away.get_mut(&namespace) else { return };
        away.count = away.count.saturating_sub(1);
        match away.by_owner.get(&owner).copied().unwrap_or(0).saturating_sub(1) {
            0 => away.by_owner.remove(&owner),
            left => away.by_owner.insert(owner, left),
        };
        if away.count == 0 {
            self.transferred_away.remove(&namespace);
        }
    }

    /// Keeps the names that a namespace still has, once a repository has changed. They are made of all where the first
    /// one was transferred, and dropped where none is any more.
    pub(super) fn note_kept(&mut self, name: &RepositoryName) {
        let namespace = name.namespace();
        if !self.has_transferred(&namespace) {
            self.kept.remove(&namespace);
            return;
        }
        let is_kept = self.repository(name).is_some_and(|repository| repository.owner.is_none());
        match self.kept.get_mut(&namespace) {
            Some(kept) if is_kept => kept.insert(name.clone()),
            Some(kept) => kept.remove(name),
            None => self.index_kept(&namespace),
        }
    }

    /// The same for every namespace.
    pub(super) fn index_all_kept(&mut self) {
        let namespaces: Vec<Namespace> = self.transferred_away.keys().cloned().collect();
        namespaces.iter().for_each(|namespace| self.index_kept(namespace));
    }

    fn index_kept(&mut self, namespace: &Namespace) {
        let all = self.repositories.range(namespace.bounds());
        let kept = all.filter(|(name, it)| it.owner.is_none() && name.namespace() == *namespace);
        let kept = Names::of_sorted(kept.map(|(name, _)| name));
        self.kept.insert(namespace.clone(), kept);
    }
}

/// Zero is no entry, so that equal states are equal.
fn one_less<K: std::hash::Hash + Eq + Clone>(counts: &mut imbl::HashMap<K, usize>, key: K) {
    match counts.get(&key).copied().unwrap_or(0).saturating_sub(1) {
        0 => counts.remove(&key),
        count => counts.insert(key, count),
    };
}
