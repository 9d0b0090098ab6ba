//! Large changes in several transactions: a transaction of the store takes memory for each row until it ends.
//!
//! What is large is done a bundle at a time, each in a change of its own, and what makes it visible as done in the last
//! one. Interrupted, what was done stays, and the same done again goes on from there.

use std::ops::ControlFlow;

use super::Service;
use super::authority::Permit;
use super::caller::Call;
use super::change::{Change, Deed};
use super::error::Error;
use crate::domain::content::{Deletion, Tag, TagName};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::store::State;

/// Rows that one change of a large one writes: sled holds some 3.4 kB of memory for each until it ends.
pub(super) const BUNDLE: usize = 4_000;

impl Service {
    /// Makes changes one after another until one says that it was the last. `step` is told what the one before it
    /// noted; the first is told nothing.
    pub(super) fn change_by_steps<T: Send + 'static, N: Clone + Send + 'static>(
        &self,
        call: &Call,
        deed: &Deed,
        step: impl Fn(&mut Change<'_, '_>, Option<N>) -> Result<ControlFlow<T, N>, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let mut noted = None;
        loop {
            let step = step.clone();
            match self.change(call, deed.clone(), move |change| step(change, noted.clone()))? {
                ControlFlow::Break(done) => return Ok(done),
                ControlFlow::Continue(note) => noted = Some(note),
            }
        }
    }
}

/// Removes a bundle of the tags that are meant. Whether more are left.
pub(super) fn remove_bundle(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    name: &RepositoryName,
    is_meant: impl Fn(&Tag) -> bool,
) -> ControlFlow<()> {
    let meant = change.state().tags_after(name, None).filter(|tag| is_meant(tag));
    let mut tags: Vec<TagName> = meant.take(BUNDLE + 1).map(|tag| tag.name.clone()).collect();
    let has_more = tags.len() > BUNDLE;
    tags.truncate(BUNDLE);
    tags.iter().for_each(|tag| change.txn(permit).remove_tag(name, tag));
    if has_more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Whether a repository from which earlier steps took is there no more. Another may have its name by now.
pub(super) fn is_over(state: &State, name: &RepositoryName, begun: Option<Id>) -> bool {
    begun.is_some_and(|begun| state.repository(name).is_none_or(|present| present.id != begun))
}

/// A step of the deletion of a repository that is there: a bundle of its tags while it has more than one, then its
/// record with the rest. The first of several is recorded as the begin: from then on it is not what it was, whether or
/// not the last one comes. Notes which repository it is, so that none made anew under its name goes in the next
/// ([`is_over`]).
pub(super) fn delete_repository_step(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    repository: &Repository,
    deletion: &Deletion,
    begun: Option<Id>,
) -> Result<ControlFlow<(), Id>, Error> {
    let name = &repository.name;
    if change.state().tags_count(name) <= BUNDLE {
        change.txn(permit).remove_repository(name, deletion.clone())?;
        return Ok(ControlFlow::Break(()));
    }
    if begun.is_none() {
        change.also(Deed::new("repository.beginDelete", name));
    }
    change.was_idle();
    _ = remove_bundle(change, permit, name, |_| true);
    Ok(ControlFlow::Continue(repository.id))
}
