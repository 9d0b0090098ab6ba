//! Repositories that were deleted here: what the registry still has of them.
//!
//! Deleting a repository is done when its record is gone. Its content goes after that, in a registry that may be away, so
//! each name is remembered with what becomes of its content. While that is being deleted nobody makes a repository of that
//! name: what would be pushed to it could go as well.
//!
//! A name is forgotten only when the registry was asked and had nothing of it, long after the last registry token for
//! it ended: forgotten too early, its content would be taken for new, or go to the next owner of the namespace. Nobody
//! can tell where no registry is configured, so there nothing is forgotten. What bounds the memory is their number:
//! whoever makes and deletes ever new names comes to an end, but for system administrators.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::content::{Deletion, Remains};
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::{Error, Obstacle};
use crate::service::ledger::Deed;
use crate::service::settings::is_full;
use crate::store::State;

/// Deleted names of a namespace that are remembered before no new one is made in it; more where a namespace may have
/// more repositories. Not fewer where it may have few: those who replace one by another need not wait.
pub(in crate::service) const DELETED_NAMES: u32 = 10_000;

/// Refuses a new name in a namespace of which too many deleted ones are remembered. A name that is among them takes no
/// more room than it has. What was deleted while the namespace was not yet its `owner`'s was the doing of another. `limit` is
/// how many repositories a namespace may have.
pub(super) fn refuse_too_many(state: &State, name: &RepositoryName, owner: &Account, limit: u32) -> Result<(), Error> {
    if is_full(state.deleted_count_of(owner.id), limit.max(DELETED_NAMES)) && state.deletion(name).is_none() {
        return Err(Error::Conflict(Obstacle::Limit(REMEMBERED)));
    }
    Ok(())
}

/// Refuses a name to an `owner` other than the one that it was deleted from, as long as a registry token of that time may
/// live (`lifetime`, in seconds): such a token names the repository, not whose it is, and would reach the new one.
pub(super) fn refuse_too_soon(
    state: &State,
    name: &RepositoryName,
    owner: &Account,
    lifetime: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let deletion = state.deletion(name).filter(|_| state.deleted_owner(name) != Some(owner.id));
    let free_at = deletion.map(|deletion| deletion.at.plus_seconds(lifetime + CLOCK_SKEW));
    let retry_after = free_at.map_or(0, |free_at| free_at.seconds() - now.seconds());
    if retry_after > 0 { Err(Error::Conflict(Obstacle::DeletedLately { retry_after })) } else { Ok(()) }
}

/// How much longer a registry may take a registry token for good, in seconds.
const CLOCK_SKEW: i64 = 60;

/// What [`refuse_too_many`] says is too many, and what helps.
const REMEMBERED: &str = "deleted repositories of a namespace that the registry may still have content of; make one of \
                          them again, or have an administrator make this one, raise maxRepositoriesPerNamespace above \
                          their number, or set registry.url, so that those without content are forgotten";

/// The names whose content is being deleted right now.
#[derive(Clone)]
pub(in crate::service) struct Underway {
    names: Arc<Mutex<HashSet<RepositoryName>>>,
    /// The registry of this site.
    registry: Option<Arc<str>>,
}

impl Underway {
    pub(in crate::service) fn new(registry: Option<Arc<str>>) -> Self {
        Self { names: Arc::default(), registry }
    }

    /// Refuses to make a repository while content of its name is being deleted, or waits to be deleted in the registry of
    /// this site: it would come back. To be asked on the writer's thread, where deletions begin.
    pub(super) fn refuse(&self, state: &State, name: &RepositoryName) -> Result<(), Error> {
        let is_underway = self.names.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
        let waits = state.deletion(name).is_some_and(|noted| self.is_here(&noted));
        if is_underway || waits { Err(Error::Conflict(Obstacle::BeingDeleted)) } else { Ok(()) }
    }

    /// Whether content is to be deleted in the registry of this site.
    fn is_here(&self, noted: &Deletion) -> bool {
        match &noted.content {
            Remains::Goes { registry } => self.registry.as_ref() == Some(registry),
            Remains::Stays | Remains::None => false,
        }
    }

    /// Has nobody make a repository of this name until the claim is dropped; none if it is claimed already.
    fn claim(&self, name: &RepositoryName) -> Option<Claim> {
        let is_new = self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        is_new.then(|| Claim { name: name.clone(), underway: self.clone() })
    }
}

/// A name of which nobody makes a repository.
struct Claim {
    name: RepositoryName,
    underway: Underway,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.underway.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// The deletion of a name's content, which nobody makes anew until this is dropped.
pub struct ContentDeletion {
    /// What was noted of it when it began.
    pub noted: Deletion,
    _claim: Claim,
}

impl Service {
    /// At most `limit` names that were deleted here, after `after`, and what was noted of them.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn deleted_names(
        &self,
        call: &Call,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<Vec<(RepositoryName, Deletion)>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            let deleted = authority.state().deleted_after(after).take(limit);
            Ok(deleted.map(|(name, deletion)| (name.clone(), deletion.clone())).collect())
        })
    }

    /// What was noted when a name was deleted here; none if it was not, or was made again.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn deletion(&self, call: &Call, name: &RepositoryName) -> Result<Option<Deletion>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            Ok(authority.state().deletion(name))
        })
    }

    /// Begins the deletion of what this site's registry has of a name; none if it is not to be deleted, was made again, or
    /// is being deleted already. Blocks: it waits for the writer, so that no repository is being made of that name.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn begin_content_deletion(&self, call: &Call, name: &RepositoryName) -> Result<Option<ContentDeletion>, Error> {
        let Some(claim) = self.underway.claim(name) else { return Ok(None) };
        let (name, underway) = (name.clone(), self.underway.clone());
        // On the writer's thread: a repository that was being made when the name was claimed is there by then.
        let noted = self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
            change.authority()?.tell_content()?;
            change.was_idle();
            Ok(change.state().deletion(&name).filter(|noted| underway.is_here(noted)))
        })?;
        Ok(noted.map(|noted| ContentDeletion { noted, _claim: claim }))
    }

    /// Notes what became of the content of a name, unless something else was noted since `seen`; false then. Blocks.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn note_remains(
        &self,
        call: &Call,
        name: &RepositoryName,
        seen: Deletion,
        content: Remains,
    ) -> Result<bool, Error> {
        let name = name.clone();
        self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
            let permit = change.authority()?.tell_content()?;
            change.was_idle();
            if change.state().deletion(&name).as_ref() != Some(&seen) {
                return Ok(false);
            }
            Ok(change.txn(&permit).put_deletion(&name, Deletion { at: seen.at, content: content.clone() })?)
        })
    }

    /// Forgets that a name was deleted, unless something else was noted since `seen`. Blocks.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn forget_deletion(&self, call: &Call, name: &RepositoryName, seen: Deletion) -> Result<(), Error> {
        let name = name.clone();
        self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
            let permit = change.authority()?.tell_content()?;
            change.was_idle();
            if change.state().deletion(&name).as_ref() == Some(&seen) {
                change.txn(&permit).forget_deleted(&name);
            }
            Ok(())
        })
    }
}
