//! Changes of what is known of the registry's content.

use super::{TooLarge, Txn};
use crate::domain::content::{Activity, Deletion, Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::store::record::{Deleted, StoredActivity, StoredTag};
use crate::store::table::{self, Table};

impl Txn<'_> {
    /// Writes a tag, new or changed. False if there is no such repository; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_tag(&mut self, repository: &RepositoryName, tag: Tag) -> Result<bool, TooLarge> {
        self.put(StoredTag { repository: repository.clone(), tag })
    }

    /// Removes a tag.
    pub fn remove_tag(&mut self, repository: &RepositoryName, name: &TagName) {
        self.remove(Table::Tags, table::tag(repository, name));
        self.state.remove_tag(repository, name);
    }

    /// Writes how a repository is used. False if there is no such repository; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_activity(&mut self, repository: &RepositoryName, activity: Activity) -> Result<bool, TooLarge> {
        self.put(StoredActivity { repository: repository.clone(), activity })
    }

    /// Forgets that a repository was deleted here: the registry has nothing of it any more.
    pub fn remove_deleted(&mut self, repository: &RepositoryName) {
        if self.state.deletion(repository).is_some() {
            self.remove(Table::Deleted, table::repository(repository));
            self.state.remove_deleted(repository);
        }
    }

    /// Removes what is known of a repository's content.
    pub(super) fn remove_content(&mut self, repository: &RepositoryName) {
        let tags: Vec<TagName> = self.state.tags_after(repository, None).map(|tag| tag.name.clone()).collect();
        tags.iter().for_each(|tag| self.remove(Table::Tags, table::tag(repository, tag)));
        self.remove(Table::Activity, table::repository(repository));
        self.state.remove_content(repository);
    }

    /// Writes what became of the content of a repository that was deleted here. False if it was not, or was made again;
    /// nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_deletion(&mut self, repository: &RepositoryName, deletion: Deletion) -> Result<bool, TooLarge> {
        let is_deleted = self.state.deletion(repository).is_some();
        if is_deleted {
            self.put_deleted(repository, deletion)?;
        }
        Ok(is_deleted)
    }

    /// Notes that a repository was deleted here, so that what the registry still has of it is not taken for new.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub(super) fn put_deleted(&mut self, repository: &RepositoryName, deletion: Deletion) -> Result<(), TooLarge> {
        self.put(Deleted { repository: repository.clone(), deletion }).map(drop)
    }
}
