//! What went through the gateway: manifests that the registry has taken, given out or deleted. Nobody else tells of it, so
//! it is recorded here, before the client gets the registry's answer.

use std::sync::Arc;

use super::admission::Admitted;
use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::content::{Digest, Tag, TagOrDigest};
use crate::domain::days::Day;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::content::{Pushed, Witness};
use crate::service::error::Error;
use crate::service::ledger::Deed;

impl Service {
    /// Records that the registry has taken a manifest; with a tag, which tag it is. Blocks.
    ///
    /// # Errors
    /// [`Error::Denied`] if the request was not admitted to push; [`Error::Unavailable`]: the registry has it, and the next
    /// comparison learns it.
    pub fn manifest_pushed(
        &self,
        admitted: &Admitted,
        reference: &TagOrDigest,
        digest: &Digest,
        media_type: String,
    ) -> Result<(), Error> {
        admitted.must(Actions::PUSH)?;
        let (call, name) = (&self.call_now(admitted), &admitted.repository);
        let TagOrDigest::Tag(tag) = reference else {
            // A part of a list, or what refers to another manifest: no tag changes. It was counted when it was admitted.
            let deed = Deed::new(Act::ManifestPush, format!("{name}@{digest}")).free(true);
            let about = name.clone();
            return self.change(call, deed, move |change| {
                change.about_repository(&about);
                Ok(())
            });
        };
        let by = call.caller.name().cloned();
        let pushed = Pushed { tag: tag.clone(), digest: digest.clone(), media_type, by, at: call.now };
        self.take_pushed(&Witness::Gateway(Arc::clone(&admitted.permit)), call, name, pushed).map(drop)
    }

    /// Counts that a manifest was given out.
    pub fn manifest_pulled(&self, admitted: &Admitted, reference: &TagOrDigest, digest: &Digest) {
        let tag = match reference {
            TagOrDigest::Tag(tag) => Some(tag),
            TagOrDigest::Digest(_) => None,
        };
        self.count_pull(&admitted.repository, tag, digest, Day::of(admitted.call.now));
    }

    /// Records that the registry has deleted a manifest, or a tag alone. Blocks.
    ///
    /// # Errors
    /// [`Error::Denied`] if the request was not admitted to delete; [`Error::Unavailable`]: it is deleted, and the next
    /// comparison learns it.
    pub fn manifest_deleted(&self, admitted: &Admitted, reference: &TagOrDigest) -> Result<(), Error> {
        admitted.must(Actions::DELETE)?;
        let (name, reference) = (&admitted.repository, reference.clone());
        let deed = match &reference {
            TagOrDigest::Tag(tag) => Deed::new(Act::TagDelete, format!("{name}:{tag}")),
            TagOrDigest::Digest(digest) => Deed::new(Act::ManifestDelete, format!("{name}@{digest}")),
        };
        // A tag alone is deleted in its turn. Others may push tags of a manifest while that is deleted: theirs stay.
        let asked_at = admitted.call.now;
        let is_meant = move |tag: &Tag| match &reference {
            TagOrDigest::Tag(deleted) => tag.name == *deleted,
            TagOrDigest::Digest(deleted) => tag.digest == *deleted && tag.updated_at <= asked_at,
        };
        // It was counted when it was admitted.
        let (permit, deed) = (Arc::clone(&admitted.permit), deed.free(true));
        self.take_deleted(permit, &self.call_now(admitted), name.clone(), &deed, is_meant)
    }

    /// The call at this moment, after the registry's answer: a comparison that asked the registry before that must not take
    /// the record for older than what it found.
    fn call_now(&self, admitted: &Admitted) -> Call {
        Call { now: self.clock.now(), ..admitted.call.clone() }
    }
}

impl Admitted {
    /// Refuses what the request was not admitted to.
    fn must(&self, actions: Actions) -> Result<(), Error> {
        let is_for_it = self.actions.contains(actions);
        if is_for_it { Ok(()) } else { Err(Error::Denied("this request was not admitted to change content")) }
    }
}
