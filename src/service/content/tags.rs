//! Tags: listing what is known, and the records of deleting one, which the registry itself does.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::act::Act;
use crate::domain::content::{Activity, Digest, Tag, TagName, TagOrDigest};
use crate::domain::immutable_tags::ImmutableTags;
use crate::domain::name::RepositoryName;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Authority, Call, Permit};
use crate::service::error::{Error, Kind};
use crate::service::ledger::{Change, Deed};
use crate::service::page::{Page, PageQuery};

/// The deletion of a tag, permitted and not yet done. [`Service::tag_deletion_begins`] records that the registry is
/// asked next; then [`Service::tag_deleted`] or [`Service::tag_deletion_cancelled`] records the outcome. It carries
/// its permit along: what the registry has done is recorded even if rights have changed meanwhile.
pub struct TagDeletion {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag to delete.
    pub tag: TagName,
    /// Other tags that may be deleted with it, where the registry cannot delete it alone; sorted, each once.
    pub others: Vec<TagName>,
    /// When it was permitted; once it has begun, when it began.
    begun_at: Timestamp,
    /// The tags for which the start of the deletion is recorded.
    begun: Vec<TagName>,
    permit: Permit,
}

/// A tag as a caller sees it.
#[derive(Clone, Debug)]
pub struct TagView {
    /// The record.
    pub tag: Arc<Tag>,
    /// Whether nobody can overwrite it.
    pub is_immutable: bool,
}

impl TagDeletion {
    fn deed(&self, act: Act, tag: &TagName) -> Deed {
        Deed::new(act, format!("{}:{tag}", self.repository))
    }

    fn deeds(&self, act: Act, tags: &[TagName]) -> Vec<Deed> {
        tags.iter().map(|tag| self.deed(act, tag)).collect()
    }
}

impl Service {
    /// The tag as callers see it. What the repository asks for is not so where no gateway holds it.
    fn shown_tag(&self, rule: Option<&ImmutableTags>, tag: &Arc<Tag>) -> TagView {
        let is_held = rule.is_some_and(|rule| rule.holds(&tag.name));
        TagView { tag: Arc::clone(tag), is_immutable: is_held && self.settings.immutable_tags_hold() }
    }

    /// A page of the tags of a repository, by name, after `after`.
    ///
    /// # Errors
    /// [`Error::Hidden`] if the caller does not see the repository.
    pub fn list_tags(
        &self,
        call: &Call,
        repository: &RepositoryName,
        after: Option<&TagName>,
        limit: usize,
    ) -> Result<Page<TagView, TagName>, Error> {
        self.view(call, Act::TagList, repository.as_str(), |authority| {
            let is_there = has_tags(authority, repository)?;
            let state = authority.state();
            let all = state.tags_after(repository, after).filter(|_| is_there);
            let count = if is_there { state.tags_count(repository) } else { 0 };
            let rule = state.repository(repository).map(|repository| &repository.immutable_tags);
            Ok(Page::of(all.map(|tag| self.shown_tag(rule, tag)), |view| &view.tag.name, limit, Some(count)))
        })
    }

    /// The tag of this name, or all tags that point to this digest; none if there are none, or it is neither.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the caller does not see the repository.
    pub fn view_tags(
        &self,
        call: &Call,
        repository: &RepositoryName,
        reference: Option<&TagOrDigest>,
    ) -> Result<Vec<TagView>, Error> {
        self.view(call, Act::TagList, repository.as_str(), |authority| {
            let is_there = has_tags(authority, repository)?;
            let state = authority.state();
            let found: Vec<&Arc<Tag>> = match reference {
                None => Vec::new(),
                Some(TagOrDigest::Tag(name)) => state.tag(repository, name).into_iter().collect(),
                Some(TagOrDigest::Digest(digest)) => {
                    state.tags_after(repository, None).filter(|tag| tag.digest == *digest).collect()
                }
            };
            let rule = state.repository(repository).map(|repository| &repository.immutable_tags);
            Ok(found.into_iter().filter(|_| is_there).map(|tag| self.shown_tag(rule, tag)).collect())
        })
    }

    /// A page of the manifests that the tags of a repository point to, by digest, after `after`: of each, one of its tags.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the caller does not see the repository.
    pub fn list_manifests(
        &self,
        call: &Call,
        repository: &RepositoryName,
        after: Option<Digest>,
        limit: usize,
    ) -> Result<Page<Arc<Tag>, Digest>, Error> {
        self.view(call, Act::TagList, repository.as_str(), |authority| {
            let is_there = has_tags(authority, repository)?;
            let tags = authority.state().tags_after(repository, None).filter(|_| is_there);
            let by_digest: BTreeMap<&Digest, &Arc<Tag>> = tags.map(|tag| (&tag.digest, tag)).collect();
            let query = PageQuery { order: Order::Ascending, after, limit };
            Ok(Page::counted(by_digest.into_values().cloned(), |tag| &tag.digest, &query))
        })
    }

    /// Permits the deletion of a tag. It need not be known here: the registry knows. `others` are other tags that may
    /// be deleted with it, under the same permission; the tag itself is taken out of them.
    ///
    /// # Errors
    /// [`Error::Hidden`] if the caller does not see the repository; [`Error::Denied`] below `read-write`.
    pub fn begin_tag_deletion(
        &self,
        call: &Call,
        repository: &RepositoryName,
        tag: TagName,
        mut others: Vec<TagName>,
    ) -> Result<TagDeletion, Error> {
        let permit = self.view(call, Act::TagDelete, &format!("{repository}:{tag}"), |authority| {
            let permit = authority.delete_tag(repository)?;
            let is_known = authority.state().repository(repository).is_some();
            if is_known { Ok(permit) } else { Err(Error::not_found(Kind::Repository, repository)) }
        })?;
        others.retain(|other| *other != tag);
        others.sort();
        others.dedup();
        Ok(TagDeletion { repository: repository.clone(), tag, others, begun_at: call.now, begun: Vec::new(), permit })
    }

    /// Records that the registry is asked next to delete a tag: should its answer be lost or not be recorded, the log
    /// still says who asked. The call must be of this moment: the deletion covers what was pushed until then. Blocks.
    ///
    /// # Errors
    /// Those of [`Service::begin_tag_deletion`], as rights may have changed since; [`Error::Unavailable`]: then the
    /// registry must not be asked.
    pub fn tag_deletion_begins(&self, call: &Call, deletion: &mut TagDeletion) -> Result<(), Error> {
        self.record_begin(call, deletion, vec![deletion.tag.clone()])?;
        deletion.begun_at = call.now;
        Ok(())
    }

    /// The same for the tags that are deleted with it, since the registry is asked for all of them at once. Blocks.
    ///
    /// # Errors
    /// Those of [`Service::tag_deletion_begins`].
    pub fn tags_go_along(&self, call: &Call, deletion: &mut TagDeletion, along: Vec<TagName>) -> Result<(), Error> {
        self.record_begin(call, deletion, along)
    }

    fn record_begin(&self, call: &Call, deletion: &mut TagDeletion, tags: Vec<TagName>) -> Result<(), Error> {
        let (name, deeds) = (deletion.repository.clone(), deletion.deeds(Act::TagBeginDelete, &tags));
        self.change(call, deletion.deed(Act::TagBeginDelete, &deletion.tag), move |change| {
            change.authority()?.delete_tag(&name)?;
            if change.state().repository(&name).is_none() {
                return Err(Error::not_found(Kind::Repository, &name));
            }
            change.skip_record();
            record(change, &name, &deeds);
            Ok(())
        })?;
        deletion.begun.extend(tags);
        Ok(())
    }

    /// Records that nothing came of a deletion: the registry deleted nothing, and will not be asked again. Blocks.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then the log reads as if the registry's answer had been lost.
    pub fn tag_deletion_cancelled(&self, call: &Call, deletion: &TagDeletion) -> Result<(), Error> {
        let (name, deeds) = (deletion.repository.clone(), deletion.deeds(Act::TagCancelDelete, &deletion.begun));
        self.change(call, deletion.deed(Act::TagCancelDelete, &deletion.tag), move |change| {
            change.skip_record();
            record(change, &name, &deeds);
            Ok(())
        })
    }

    /// Records the outcome of a deletion. `was_there` says whether the registry had the tag; if not, the deletion is
    /// recorded as cancelled. `along` are the tags that went with it, each recorded as a deletion. False if the tag
    /// was unknown here, too.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the registry has deleted the tag, and the next comparison removes its record here.
    pub fn tag_deleted(
        &self,
        call: &Call,
        deletion: TagDeletion,
        was_there: bool,
        along: Vec<TagName>,
    ) -> Result<bool, Error> {
        self.change(call, deletion.deed(Act::TagDelete, &deletion.tag), move |change| {
            let was_known = forget(change, &deletion, &deletion.tag)?;
            for tag in &along {
                forget(change, &deletion, tag)?;
            }
            change.about_repository(&deletion.repository);
            record(change, &deletion.repository, &deletion.deeds(Act::TagDelete, &along));
            if !was_there {
                // The registry deleted nothing: only the record here is put right.
                change.skip_record();
                record(change, &deletion.repository, &deletion.deeds(Act::TagCancelDelete, &deletion.begun));
            }
            Ok(was_there || was_known)
        })
    }
}

/// Whether a repository that the caller sees has its tags: those that the registry has lost are kept for a while, but
/// nobody can pull them.
fn has_tags(authority: &Authority<'_>, repository: &RepositoryName) -> Result<bool, Error> {
    authority.signed_in()?;
    let state = authority.state();
    if state.repository(repository).is_none() || authority.level(repository).is_none() {
        return Err(authority.no_such_repository(repository));
    }
    // Tags that the registry has lost are kept for a while, but nobody can pull them.
    Ok(state.activity(repository).missing_since.is_none())
}

/// Records what is done to tags of a repository.
fn record(change: &mut Change<'_, '_>, repository: &RepositoryName, deeds: &[Deed]) {
    for deed in deeds {
        let deed = deed.clone().about_repository(change.state(), repository);
        change.record_also(deed);
    }
}

/// Removes the record of a tag that is gone; false if there was none, or only a newer one.
fn forget(change: &mut Change<'_, '_>, deletion: &TagDeletion, tag: &TagName) -> Result<bool, Error> {
    let TagDeletion { repository, begun_at, permit, .. } = deletion;
    // A tag pushed meanwhile points to another manifest, and stays.
    let was_known = change.state().tag(repository, tag).is_some_and(|known| known.updated_at <= *begun_at);
    if was_known {
        change.txn(permit).remove_tag(repository, tag);
        note_emptied(change, permit, repository)?;
    }
    Ok(was_known)
}

/// Notes the time, if a repository has lost its last tag.
pub(super) fn note_emptied(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    repository: &RepositoryName,
) -> Result<(), Error> {
    let activity = change.state().activity(repository);
    if change.state().tags_count(repository) == 0 && activity.missing_since.is_none() {
        let missing_since = Some(change.call().now);
        change.txn(permit).put_activity(repository, Activity { missing_since, ..activity })?;
    }
    Ok(())
}
