//! Changes to what is known of the registry's content.

use super::{TooLarge, Txn};
use crate::domain::content::{Activity, Deletion, Tag, TagName};
use crate::domain::days::Days;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::domain::token_uses::TokenUses;
use crate::store::change::RowChange;
use crate::store::record::{Deleted, Gone, StoredActivity, StoredDays, StoredTag};
use crate::store::row;
use crate::store::table;

impl Txn<'_> {
    fn repository_id(&self, name: &RepositoryName) -> Option<Id> {
        self.state.repository(name).map(|repository| repository.id)
    }

    /// Writes a tag, new or changed. False if there is no such repository; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_tag(&mut self, repository: &RepositoryName, tag: Tag) -> Result<bool, TooLarge> {
        match self.repository_id(repository) {
            Some(repository) => self.put(StoredTag { repository, tag }),
            None => Ok(false),
        }
    }

    /// Removes a tag.
    pub fn remove_tag(&mut self, repository: &RepositoryName, name: &TagName) {
        if let Some(repository) = self.repository_id(repository) {
            self.remove::<StoredTag>(table::tag(repository, name));
        }
    }

    /// Writes how a repository is used. False if there is no such repository; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_activity(&mut self, repository: &RepositoryName, activity: Activity) -> Result<bool, TooLarge> {
        let uses = self.state.token_uses(repository);
        self.put_activity_and_uses(repository, activity, uses)
    }

    /// The same, with when access tokens were last used there.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_activity_and_uses(
        &mut self,
        repository: &RepositoryName,
        activity: Activity,
        uses: TokenUses,
    ) -> Result<bool, TooLarge> {
        match self.repository_id(repository) {
            Some(repository) => self.put(StoredActivity { repository, activity, uses }),
            None => Ok(false),
        }
    }

    /// Writes what was counted of a repository day by day, which only the disk has; left out if the repository is gone.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_days(&mut self, repository: Id, days: Days) -> Result<(), TooLarge> {
        if self.state.repository_of(repository).is_some() {
            let change: RowChange = row::put(&StoredDays { repository, days })?;
            self.changes.push(change);
        }
        Ok(())
    }

    /// Forgets that a repository was deleted here, since the registry has nothing of it any more. Does nothing while it
    /// has rows on the disk, which would bring the name back with the next start.
    pub fn forget_deleted(&mut self, repository: &RepositoryName) {
        if self.state.deletion(repository).is_some() && !self.state.is_going(repository) {
            self.remove::<Deleted>(table::name(repository));
        }
    }

    /// Writes what became of the content of a repository that was deleted here. False if it was not, or was made again;
    /// nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_deletion(&mut self, repository: &RepositoryName, deletion: Deletion) -> Result<bool, TooLarge> {
        if self.state.deletion(repository).is_none() {
            return Ok(false);
        }
        let owner = self.state.deleted_owner(repository);
        self.put(Deleted { repository: repository.clone(), deletion, owner })
    }

    /// Removes the row of a deleted repository from the disk. The deletion is noted in a row of its own from then on,
    /// unless a new repository has the name.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub(in crate::store) fn settle_deleted(&mut self, id: Id, name: &RepositoryName) -> Result<(), TooLarge> {
        self.remove::<Repository>(table::id(id));
        match self.state.deletion(name) {
            Some(deletion) => self.put_deletion(name, deletion).map(drop),
            None => Ok(()),
        }
    }

    /// Forgets what is gone, once nothing of it is on the disk.
    pub(in crate::store) fn forget_gone(&mut self, number: u64) {
        self.remove::<Gone>(number.to_be_bytes().to_vec());
    }
}
