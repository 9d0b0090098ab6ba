//! Repositories that were deleted here: what the registry still has of them.
//!
//! A repository is deleted as soon as its record is gone. Its content goes after that, in a registry that may be
//! away, so each deleted name is remembered with the state of its content. While that is being deleted nobody can
//! create a repository of the name: a push to it could be deleted as well.
//!
//! A name is forgotten only when the registry was asked and had nothing of it, long after the last registry token for
//! it expired. Forgotten too early, its content would be taken for new, or go to the next owner of the namespace.
//! Where no registry is configured nobody can tell, so nothing is forgotten. The number of remembered names is
//! bounded: whoever creates and deletes ever new ones is refused in the end, except for system administrators.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::act::Act;
use crate::domain::content::{Deletion, Remains};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::{Error, Obstacle};
use crate::service::ledger::Deed;
use crate::service::settings::is_full;
use crate::store::State;

/// How many deleted names of a namespace are remembered before no new one is created in it; more where a namespace
/// may have more repositories. Not fewer where it may have few, so that those who replace repositories need not wait.
pub(in crate::service) const DELETED_NAMES: u32 = 10_000;

/// Refuses a new name in a namespace with too many remembered deletions. A name that is among them passes, as it
/// takes no more room. Deletions under an earlier owner of the namespace do not count against this `owner`. `limit`
/// is how many repositories a namespace may have.
pub(super) fn refuse_too_many(state: &State, name: &RepositoryName, owner: Id, limit: u32) -> Result<(), Error> {
    if is_full(state.deleted_count_of(owner), limit.max(DELETED_NAMES)) && state.deletion(name).is_none() {
        return Err(Error::Conflict(Obstacle::Limit(REMEMBERED)));
    }
    Ok(())
}

/// Refuses a name to an `owner` other than the one that it was deleted from, while a registry token of that time may
/// live (`lifetime`, in seconds): such a token names the repository but not its owner, and would reach the new one. A
/// repository without a namespace has no owner, before and after.
pub(super) fn refuse_too_soon(
    state: &State,
    name: &RepositoryName,
    owner: Option<Id>,
    lifetime: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let deletion = state.deletion(name).filter(|_| state.deleted_owner(name) != owner);
    let free_at = deletion.map(|deletion| deletion.at.plus_seconds(lifetime + CLOCK_SKEW));
    let retry_after = free_at.map_or(0, |free_at| free_at.seconds() - now.seconds());
    if retry_after > 0 { Err(Error::Conflict(Obstacle::DeletedLately { retry_after })) } else { Ok(()) }
}

/// Refuses a name to an `owner` other than the account that deleted it, as long as that account exists and the registry may
/// still have the content, which is that account's. What an account left that is gone itself was adopted with its name.
pub(super) fn refuse_content_of_another(state: &State, name: &RepositoryName, owner: Option<Id>) -> Result<(), Error> {
    let another = state.deleted_owner(name).filter(|deleted| Some(*deleted) != owner);
    let is_there = another.is_some_and(|deleted| state.account(deleted).is_some());
    let is_left = state.deletion(name).is_some_and(|deletion| match deletion.content {
        Remains::Stays | Remains::Goes { .. } => true,
        Remains::None => false,
    });
    if is_there && is_left { Err(Error::Denied(CONTENT_OF_ANOTHER)) } else { Ok(()) }
}

/// The message of [`refuse_content_of_another`].
const CONTENT_OF_ANOTHER: &str = "another account deleted a repository of this name, and the registry may still have its \
                                  content: only a system administrator makes it again";

/// How long after its expiry a registry may still accept a registry token, in seconds.
const CLOCK_SKEW: i64 = 60;

/// The message of [`refuse_too_many`]: what there are too many of, and what helps.
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

    /// Refuses to create a repository while content of its name is being deleted, or waits to be deleted, in the
    /// registry of this site: the content would come back. Call it on the writer's thread, where deletions begin.
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

    /// Keeps everybody from creating a repository of this name until the claim is dropped; `None` if it is claimed.
    fn claim(&self, name: &RepositoryName) -> Option<Claim> {
        let is_new = self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        is_new.then(|| Claim { name: name.clone(), underway: self.clone() })
    }
}

/// While this lives, nobody can create a repository of the name.
struct Claim {
    name: RepositoryName,
    underway: Underway,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.underway.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// The deletion of a name's content. Until it is dropped, nobody can create a repository of the name.
pub struct ContentDeletion {
    /// What was noted of the deleted name when this began.
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

    /// Begins to delete what this site's registry has of a name; `None` if it is not to be deleted, was made again, or
    /// is being deleted already. Blocks: it waits for the writer, so that no repository of that name is being created.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn begin_content_deletion(&self, call: &Call, name: &RepositoryName) -> Result<Option<ContentDeletion>, Error> {
        let Some(claim) = self.underway.claim(name) else { return Ok(None) };
        let (name, underway) = (name.clone(), self.underway.clone());
        // On the writer's thread: a repository that was being created when the name was claimed is there by then.
        let noted = self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
            change.authority()?.tell_content()?;
            change.skip_record();
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
            change.skip_record();
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
            change.skip_record();
            if change.state().deletion(&name).as_ref() == Some(&seen) {
                change.txn(&permit).forget_deleted(&name);
            }
            Ok(())
        })
    }
}
