//! Large changes in several transactions: a transaction of the store takes memory for each row until it ends.
//!
//! The registry may tell of very many tags: dockpass takes them a bundle at a time, each in a change of its own. Interrupted,
//! what was done stays, and the same done again goes on from there. A deletion here is one change (`store::purge`).

use std::ops::ControlFlow;

use crate::domain::content::{Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::service::Service;
use crate::service::access::{Call, Permit};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};

/// Rows that one change of a large one writes: sled holds some 3.4 kB of memory for each until it ends.
pub(in crate::service) const BUNDLE: usize = 4_000;

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
pub(in crate::service) fn remove_bundle(
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
