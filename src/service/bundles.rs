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
use crate::domain::name::RepositoryName;

/// Rows that one change of a large one writes: sled holds some 3.4 kB of memory for each until it ends.
pub(super) const BUNDLE: usize = 4_000;

impl Service {
    /// Makes changes one after another until one says that it was the last. `step` is told how many there were before.
    pub(super) fn change_by_steps<T: Send + 'static>(
        &self,
        call: &Call,
        deed: &Deed,
        step: impl Fn(&mut Change<'_, '_>, usize) -> Result<ControlFlow<T>, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let mut earlier = 0;
        loop {
            let step = step.clone();
            match self.change(call, deed.clone(), move |change| step(change, earlier))? {
                ControlFlow::Break(done) => return Ok(done),
                ControlFlow::Continue(()) => earlier += 1,
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

/// A step of the deletion of a repository: a bundle of its tags while it has more than one, then its record with the
/// rest. The first of several is recorded as the begin: from then on it is not what it was, whether or not the last one
/// comes.
pub(super) fn delete_repository_step(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    name: &RepositoryName,
    deletion: &Deletion,
    earlier: usize,
) -> Result<ControlFlow<()>, Error> {
    if change.state().tags_count(name) <= BUNDLE {
        change.txn(permit).remove_repository(name, deletion.clone())?;
        return Ok(ControlFlow::Break(()));
    }
    if earlier == 0 {
        change.also(Deed::new("repository.beginDelete", name));
    }
    change.was_idle();
    _ = remove_bundle(change, permit, name, |_| true);
    Ok(ControlFlow::Continue(()))
}
