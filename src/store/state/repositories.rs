//! The part of the state that lists repositories: by name and identifier, and the indexes that searches use.

use std::ops::RangeBounds;
use std::sync::Arc;

use super::State;
use super::names::Names;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;

/// Reading.
impl State {
    /// The repository of this name.
    #[must_use]
    pub fn repository(&self, name: &RepositoryName) -> Option<&Arc<Repository>> {
        #[cfg(test)]
        super::lookups::count();
        self.repositories.get(name)
    }

    /// The repository of this identifier.
    #[must_use]
    pub fn repository_of(&self, id: Id) -> Option<&Arc<Repository>> {
        self.repository_names.get(&id).and_then(|name| self.repositories.get(name))
    }

    /// Names of repositories within a range.
    pub fn repositories_within<R: RangeBounds<RepositoryName>>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = &RepositoryName> + use<'_, R> {
        self.repositories.range(range).map(|(name, _)| name)
    }

    /// Names of repositories, to search in.
    #[must_use]
    pub fn repository_index(&self) -> &Names<RepositoryName> {
        &self.repository_index
    }

    /// Names of public repositories: an index by itself, so that no private name costs a stranger time or tells by it.
    #[must_use]
    pub fn public(&self) -> &Names<RepositoryName> {
        &self.public
    }

    /// Names of one component.
    #[must_use]
    pub fn without_namespace(&self) -> &Names<RepositoryName> {
        &self.without_namespace
    }

    /// Names of one component of public repositories.
    #[must_use]
    pub fn public_without_namespace(&self) -> &Names<RepositoryName> {
        &self.public_without_namespace
    }

    /// How many repositories a namespace has.
    #[must_use]
    pub fn namespace_size(&self, namespace: &Namespace) -> usize {
        self.namespace_sizes.get(namespace).copied().unwrap_or(0)
    }

    /// How many repositories there are.
    #[must_use]
    pub fn repositories_count(&self) -> usize {
        self.repositories.len()
    }
}

/// Changing: each method keeps a record and its indexes together.
impl State {
    /// False if another repository has the name, or it has another name.
    pub(in crate::store) fn put_repository(&mut self, repository: Arc<Repository>) -> bool {
        let (id, name) = (repository.id, repository.name.clone());
        let is_named = self.repository_names.get(&id).is_none_or(|known| *known == name);
        if !is_named || self.repository(&name).is_some_and(|known| known.id != id) {
            return false;
        }
        let known = self.unlist_repository(&name);
        // Most changes leave what is searched as it is.
        if !self.is_loading && known.is_none_or(|known| known.is_public != repository.is_public) {
            self.unindex_repository(&name);
            self.index_repository(&repository);
        }
        self.repository_names.insert(id, name.clone());
        let namespace = name.namespace();
        let size = self.namespace_size(&namespace) + 1;
        self.namespace_sizes.insert(namespace, size);
        self.list_transferred(&repository);
        self.repositories.insert(name.clone(), repository);
        if !self.is_loading {
            self.note_kept(&name);
        }
        true
    }

    /// An empty state that very many rows will be taken in to.
    pub(in crate::store) fn loading() -> Self {
        Self { is_loading: true, ..Self::default() }
    }

    /// Makes the indexes of names, once all rows of the store are in.
    pub(in crate::store) fn index_names(&mut self) {
        self.is_loading = false;
        let public = || self.repositories.values().filter(|it| it.is_public).map(|it| &it.name);
        let is_alone = |name: &&RepositoryName| !name.as_str().contains('/');
        self.without_namespace = Names::of_sorted(self.repositories.keys().filter(is_alone));
        self.public_without_namespace = Names::of_sorted(public().filter(is_alone));
        self.public = Names::of_sorted(public());
        self.repository_index = Names::of_sorted(self.repositories.keys());
        self.account_index = Names::of_sorted(self.account_names.keys());
        self.index_all_kept();
    }

    fn index_repository(&mut self, repository: &Repository) {
        let name = &repository.name;
        self.repository_index.insert(name.clone());
        if repository.is_public {
            self.public.insert(name.clone());
        }
        if name.namespace() == Namespace::Empty {
            self.without_namespace.insert(name.clone());
            if repository.is_public {
                self.public_without_namespace.insert(name.clone());
            }
        }
    }

    /// Removes a repository with the grants on it and what is known of its content.
    pub(in crate::store) fn remove_repository(&mut self, id: Id) {
        let Some(name) = self.repository_names.get(&id).cloned() else { return };
        self.contents.remove(&id);
        let target = GrantTarget::Repository(name.clone());
        let grantees: Vec<Grantee> = self.grants_on(&target).map(|(grantee, _)| grantee).collect();
        grantees.into_iter().for_each(|grantee| self.remove_grant(&target, grantee));
        self.unlist_repository(&name);
        self.unindex_repository(&name);
        self.note_kept(&name);
    }

    fn unindex_repository(&mut self, name: &RepositoryName) {
        self.repository_index.remove(name);
        self.public.remove(name);
        self.without_namespace.remove(name);
        self.public_without_namespace.remove(name);
    }

    /// Answers what it was.
    fn unlist_repository(&mut self, name: &RepositoryName) -> Option<Arc<Repository>> {
        let repository = self.repositories.remove(name)?;
        self.unlist_transferred(&repository);
        self.repository_names.remove(&repository.id);
        let namespace = name.namespace();
        match self.namespace_size(&namespace).saturating_sub(1) {
            0 => self.namespace_sizes.remove(&namespace),
            size => self.namespace_sizes.insert(namespace, size),
        };
        Some(repository)
    }
}
