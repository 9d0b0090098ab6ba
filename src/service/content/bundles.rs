//! Splits large changes into several transactions: a transaction takes memory for each row until it ends.
//!
//! The registry may report very many tags: dockpass writes them a bundle at a time, each in a change of its own. If
//! that is interrupted, the finished bundles stay, and the next run goes on from there. The deletion of a repository
//! is one change, without bundles (`store::purge`).

use std::ops::ControlFlow;

use crate::domain::content::{Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::service::Service;
use crate::service::access::{Call, Permit};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};

/// Most rows that one of these changes writes: sled holds some 3.4 kB of memory for each until the transaction ends.
pub(in crate::service) const BUNDLE: usize = 4_000;

impl Service {
    /// Makes one change after another until `step` breaks. Each step gets what the one before it passed to
    /// `Continue`; the first gets `None`.
    pub(in crate::service) fn change_by_steps<T: Send + 'static, N: Clone + Send + 'static>(
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

/// Removes one bundle of the tags for which `is_meant` holds; `Continue` if more are left.
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
