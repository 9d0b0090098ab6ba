//! The part of the state that tells what the registry holds: tags and activity by repository, and deleted names.

use std::ops::Bound;
use std::sync::Arc;

use imbl::{HashMap, OrdMap};

use super::State;
use crate::domain::content::{Activity, Deletion, Digest, Remains, Tag, TagName};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::domain::token_uses::TokenUses;

/// What is known of one repository's content.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Content {
    tags: OrdMap<TagName, Arc<Tag>>,
    /// How many tags point to each manifest.
    pointed_to: HashMap<Digest, usize>,
    activity: Activity,
    uses: TokenUses,
}

impl Content {
    fn put_tag(&mut self, tag: Arc<Tag>) {
        *self.pointed_to.entry(tag.digest.clone()).or_default() += 1;
        if let Some(before) = self.tags.insert(tag.name.clone(), tag) {
            self.points_no_more(&before.digest);
        }
    }

    fn remove_tag(&mut self, name: &TagName) {
        if let Some(before) = self.tags.remove(name) {
            self.points_no_more(&before.digest);
        }
    }

    fn points_no_more(&mut self, digest: &Digest) {
        match self.pointed_to.get_mut(digest) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(self.pointed_to.remove(digest)),
            None => {}
        }
    }
}

/// A name that was deleted here, and the account that owned it.
#[derive(Clone, PartialEq)]
pub(super) struct DeletedName {
    deletion: Deletion,
    owner: Option<Id>,
}

/// How many names of a namespace were deleted here.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct DeletedSize {
    all: usize,
    /// Those of which the registry may still have content.
    with_content: usize,
}

/// Reading.
impl State {
    fn content(&self, repository: &RepositoryName) -> Option<&Content> {
        self.contents.get(&self.repository(repository)?.id)
    }

    /// The tags of a repository by name (byte for byte), from the first after `after` (from the beginning, if none).
    pub fn tags_after<'a>(
        &'a self,
        repository: &RepositoryName,
        after: Option<&TagName>,
    ) -> impl Iterator<Item = &'a Arc<Tag>> + use<'a> {
        let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        let content = self.content(repository).into_iter();
        content.flat_map(move |content| content.tags.range((start.clone(), Bound::Unbounded))).map(|(_, tag)| tag)
    }

    /// A tag of a repository.
    #[must_use]
    pub fn tag(&self, repository: &RepositoryName, name: &TagName) -> Option<&Arc<Tag>> {
        self.content(repository).and_then(|content| content.tags.get(name))
    }

    /// How many tags a repository has.
    #[must_use]
    pub fn tags_count(&self, repository: &RepositoryName) -> usize {
        self.content(repository).map_or(0, |content| content.tags.len())
    }

    /// Whether a tag of a repository points to this manifest.
    #[must_use]
    pub fn is_tagged(&self, repository: &RepositoryName, digest: &Digest) -> bool {
        self.content(repository).is_some_and(|content| content.pointed_to.contains_key(digest))
    }

    /// How a repository is used.
    #[must_use]
    pub fn activity(&self, repository: &RepositoryName) -> Activity {
        self.content(repository).map(|content| content.activity).unwrap_or_default()
    }

    /// The same of a repository that was looked up.
    #[must_use]
    pub fn activity_of(&self, repository: &Repository) -> Activity {
        self.contents.get(&repository.id).map(|content| content.activity).unwrap_or_default()
    }

    /// When access tokens were last used in a repository.
    #[must_use]
    pub fn token_uses(&self, repository: &RepositoryName) -> TokenUses {
        self.content(repository).map(|content| content.uses.clone()).unwrap_or_default()
    }

    /// How a repository of this name was deleted here, unless it was made again since.
    #[must_use]
    pub fn deletion(&self, repository: &RepositoryName) -> Option<Deletion> {
        #[cfg(test)]
        super::lookups::count();
        self.deleted.get(repository).map(|deleted| deleted.deletion.clone())
    }

    /// The account that owned a deleted name when it was deleted; none if it was nobody's.
    #[must_use]
    pub fn deleted_owner(&self, repository: &RepositoryName) -> Option<Id> {
        #[cfg(test)]
        super::lookups::count();
        self.deleted.get(repository).and_then(|deleted| deleted.owner)
    }

    /// Whether the registry may still have content of repositories of this namespace that were deleted here.
    #[must_use]
    pub fn has_deleted_content(&self, namespace: &Name) -> bool {
        self.deleted_size(&Namespace::Of(namespace.clone())).with_content > 0
    }

    fn deleted_size(&self, namespace: &Namespace) -> DeletedSize {
        self.deleted_sizes.get(namespace).copied().unwrap_or_default()
    }

    /// How many names of a namespace were deleted here.
    #[must_use]
    pub fn deleted_count(&self, namespace: &Namespace) -> usize {
        self.deleted_size(namespace).all
    }

    /// How many names were deleted here while this account owned them.
    #[must_use]
    pub fn deleted_count_of(&self, owner: Id) -> usize {
        self.deleted_by_owner.get(&owner).copied().unwrap_or(0)
    }

    /// The names that were deleted here, from the first after `after` (from the beginning, if none).
    pub fn deleted_after(&self, after: Option<&RepositoryName>) -> impl Iterator<Item = (&RepositoryName, &Deletion)> {
        let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        self.deleted.range((start, Bound::Unbounded)).map(|(name, deleted)| (name, &deleted.deletion))
    }
}

/// Changing.
impl State {
    /// False if there is no such repository.
    pub(in crate::store) fn put_tag(&mut self, repository: Id, tag: Arc<Tag>) -> bool {
        self.change_content(repository, |content| content.put_tag(tag))
    }

    pub(in crate::store) fn remove_tag(&mut self, repository: Id, name: &TagName) {
        self.change_content(repository, |content| content.remove_tag(name));
    }

    /// False if there is no such repository.
    pub(in crate::store) fn put_activity(&mut self, repository: Id, activity: Activity, uses: TokenUses) -> bool {
        self.change_content(repository, |content| {
            content.activity = activity;
            content.uses = uses;
        })
    }

    pub(in crate::store) fn put_deleted(&mut self, repository: RepositoryName, deletion: Deletion, owner: Option<Id>) {
        self.remove_deleted(&repository);
        let has_content = deletion.content != Remains::None;
        self.resize_deleted(&repository.namespace(), |size| {
            size.all += 1;
            size.with_content += usize::from(has_content);
        });
        if let Some(owner) = owner {
            let count = self.deleted_count_of(owner) + 1;
            self.deleted_by_owner.insert(owner, count);
        }
        self.deleted.insert(repository, DeletedName { deletion, owner });
    }

    pub(in crate::store) fn remove_deleted(&mut self, repository: &RepositoryName) {
        let Some(DeletedName { deletion, owner }) = self.deleted.remove(repository) else { return };
        let has_content = deletion.content != Remains::None;
        self.resize_deleted(&repository.namespace(), |size| {
            size.all -= 1;
            size.with_content -= usize::from(has_content);
        });
        if let Some(owner) = owner {
            match self.deleted_count_of(owner).saturating_sub(1) {
                0 => self.deleted_by_owner.remove(&owner),
                count => self.deleted_by_owner.insert(owner, count),
            };
        }
    }

    /// Zero is no entry, so that equal states are equal.
    fn resize_deleted(&mut self, namespace: &Namespace, change: impl FnOnce(&mut DeletedSize)) {
        let mut size = self.deleted_size(namespace);
        change(&mut size);
        if size == DeletedSize::default() {
            self.deleted_sizes.remove(namespace);
        } else {
            self.deleted_sizes.insert(namespace.clone(), size);
        }
    }

    fn change_content(&mut self, repository: Id, change: impl FnOnce(&mut Content)) -> bool {
        if self.repository_of(repository).is_none() {
            return false;
        }
        let mut content = self.contents.get(&repository).cloned().unwrap_or_default();
        change(&mut content);
        // Empty content is no entry, so that the state after a restart is the same.
        if content == Content::default() {
            self.contents.remove(&repository);
        } else {
            self.contents.insert(repository, content);
        }
        true
    }
}
