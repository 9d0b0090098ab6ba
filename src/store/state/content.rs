//! The part of the state that tells what the registry holds: tags and activity by repository, and deleted names.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::State;
use crate::domain::content::{Activity, Deletion, Remains, Tag, TagName};
use crate::domain::name::{Name, Namespace, RepositoryName};

/// What is known of one repository's content.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Content {
    tags: OrdMap<TagName, Arc<Tag>>,
    activity: Activity,
}

/// Reading.
impl State {
    /// The tags of a repository by name (byte for byte), from the first after `after` (from the beginning, if none).
    pub fn tags_after<'a>(
        &'a self,
        repository: &RepositoryName,
        after: Option<&TagName>,
    ) -> impl Iterator<Item = &'a Arc<Tag>> + use<'a> {
        let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        let content = self.contents.get(repository).into_iter();
        content.flat_map(move |content| content.tags.range((start.clone(), Bound::Unbounded))).map(|(_, tag)| tag)
    }

    /// A tag of a repository.
    #[must_use]
    pub fn tag(&self, repository: &RepositoryName, name: &TagName) -> Option<&Arc<Tag>> {
        self.contents.get(repository).and_then(|content| content.tags.get(name))
    }

    /// How many tags a repository has.
    #[must_use]
    pub fn tags_count(&self, repository: &RepositoryName) -> usize {
        self.contents.get(repository).map_or(0, |content| content.tags.len())
    }

    /// How a repository is used.
    #[must_use]
    pub fn activity(&self, repository: &RepositoryName) -> Activity {
        self.contents.get(repository).map(|content| content.activity).unwrap_or_default()
    }

    /// How a repository of this name was deleted here, unless it was made again since.
    #[must_use]
    pub fn deletion(&self, repository: &RepositoryName) -> Option<Deletion> {
        self.deleted.get(repository).cloned()
    }

    /// Whether the registry may still have content of repositories of this namespace that were deleted here.
    #[must_use]
    pub fn has_deleted_content(&self, namespace: &Name) -> bool {
        self.deleted_within(namespace).any(|(_, deletion)| deletion.content != Remains::None)
    }

    /// The names of a namespace that were deleted here.
    pub fn deleted_within(&self, namespace: &Name) -> impl Iterator<Item = (&RepositoryName, &Deletion)> {
        let within =
            (RepositoryName::first_within(namespace.as_str()), RepositoryName::last_within(namespace.as_str()));
        self.deleted.range((Bound::Excluded(within.0), Bound::Excluded(within.1)))
    }

    /// How many names of a namespace were deleted here.
    #[must_use]
    pub fn deleted_count(&self, namespace: &Namespace) -> usize {
        self.deleted_sizes.get(namespace).copied().unwrap_or(0)
    }

    /// The names that were deleted here, from the first after `after` (from the beginning, if none).
    pub fn deleted_after(&self, after: Option<&RepositoryName>) -> impl Iterator<Item = (&RepositoryName, &Deletion)> {
        let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        self.deleted.range((start, Bound::Unbounded))
    }
}

/// Changing.
impl State {
    /// False if there is no such repository.
    pub(in crate::store) fn put_tag(&mut self, repository: &RepositoryName, tag: Arc<Tag>) -> bool {
        self.change_content(repository, |content| drop(content.tags.insert(tag.name.clone(), tag)))
    }

    pub(in crate::store) fn remove_tag(&mut self, repository: &RepositoryName, name: &TagName) {
        self.change_content(repository, |content| drop(content.tags.remove(name)));
    }

    /// False if there is no such repository.
    pub(in crate::store) fn put_activity(&mut self, repository: &RepositoryName, activity: Activity) -> bool {
        self.change_content(repository, |content| content.activity = activity)
    }

    pub(in crate::store) fn remove_content(&mut self, repository: &RepositoryName) {
        self.contents.remove(repository);
    }

    pub(in crate::store) fn put_deleted(&mut self, repository: RepositoryName, deletion: Deletion) {
        let namespace = repository.namespace();
        if self.deleted.insert(repository, deletion).is_none() {
            let size = self.deleted_count(&namespace) + 1;
            self.deleted_sizes.insert(namespace, size);
        }
    }

    pub(in crate::store) fn remove_deleted(&mut self, repository: &RepositoryName) {
        if self.deleted.remove(repository).is_none() {
            return;
        }
        let namespace = repository.namespace();
        match self.deleted_count(&namespace).saturating_sub(1) {
            0 => self.deleted_sizes.remove(&namespace),
            size => self.deleted_sizes.insert(namespace, size),
        };
    }

    fn change_content(&mut self, repository: &RepositoryName, change: impl FnOnce(&mut Content)) -> bool {
        if self.repository(repository).is_none() {
            return false;
        }
        let mut content = self.contents.get(repository).cloned().unwrap_or_default();
        change(&mut content);
        // Nothing known is nothing kept, so that the state after a restart is the same.
        if content == Content::default() {
            self.contents.remove(repository);
        } else {
            self.contents.insert(repository.clone(), content);
        }
        true
    }
}
