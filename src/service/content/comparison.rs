//! Comparing what is known with what the registry has, one repository at a time.
//!
//! `registry::comparison` asks the registry; this decides what follows from its answers. A tag pushed while the
//! registry was being asked is newer than its answer, and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::bundles::BUNDLE;
use super::news::learn_repository;
use crate::domain::act::Act;
use crate::domain::content::{Activity, Digest, Image, Tag, TagName};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::random;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Call, Permit};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};
use crate::store::State;

/// How long tags are kept once the registry has lost all of a repository's, in seconds: its storage may come back.
const KEPT: i64 = 30 * 24 * 3_600;

/// Repositories that are looked at for one with a tag.
const LOOKED_AT: usize = 1_000;

/// A tag as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTag {
    /// Its name.
    pub name: TagName,
    /// The manifest that it points to.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// What the manifest says; none if it could not be read.
    pub image: Option<Image>,
}

/// What the registry has of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its tags.
    pub tags: Vec<SeenTag>,
    /// Tags that are there and could not be read: what is known of them stays.
    pub unread: BTreeSet<TagName>,
}

impl From<Vec<SeenTag>> for Seen {
    fn from(tags: Vec<SeenTag>) -> Self {
        Self { tags, unread: BTreeSet::new() }
    }
}

/// The outcome of comparing one repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Nothing differs.
    Same,
    /// It was not known, and now is.
    Adopted,
    /// Tags came, went, or moved.
    Changed,
    /// The registry no longer has any of the known tags.
    Gone,
    /// It is not known here and has no tag in the registry, or none that can be read.
    Empty,
    /// It was deleted here, and stays so.
    Deleted,
}

impl Service {
    /// At most `limit` known names, after `after`.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn known_names(
        &self,
        call: &Call,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<Vec<RepositoryName>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            let start = after.cloned().map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
            let known = authority.state().repositories_within((start, std::ops::Bound::Unbounded));
            Ok(known.take(limit).cloned().collect())
        })
    }

    /// The known tags of a repository; `None` if it is not known itself.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn known_tags(&self, call: &Call, name: &RepositoryName) -> Result<Option<BTreeMap<TagName, Arc<Tag>>>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            let state = authority.state();
            let tags = || state.tags_after(name, None).map(|tag| (tag.name.clone(), Arc::clone(tag))).collect();
            Ok(state.repository(name).map(|_| tags()))
        })
    }

    /// A tag; `None` if it is not known.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn known_tag(&self, call: &Call, name: &RepositoryName, tag: &TagName) -> Result<Option<Arc<Tag>>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            Ok(authority.state().tag(name, tag).cloned())
        })
    }

    /// A repository that is known to have a tag, and the manifest that this points to; none if none of the first
    /// thousand has one.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller.
    pub fn something_known(&self, call: &Call) -> Result<Option<(RepositoryName, Digest)>, Error> {
        self.view(call, Act::RegistryRead, "", |authority| {
            authority.tell_content()?;
            let state = authority.state();
            let first = state.repositories_within(..).take(LOOKED_AT);
            let mut tagged =
                first.filter_map(|name| Some((name.clone(), state.tags_after(name, None).next()?.digest.clone())));
            Ok(tagged.next())
        })
    }

    /// Notes what was read from the manifest of a tag, if the tag still points to it. Blocks.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn describe_tag(
        &self,
        call: &Call,
        name: &RepositoryName,
        tag: &TagName,
        digest: Digest,
        image: Image,
    ) -> Result<(), Error> {
        let (name, tag) = (name.clone(), tag.clone());
        self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
            let permit = change.authority()?.tell_content()?;
            change.skip_record();
            let present = change.state().tag(&name, &tag).filter(|present| present.digest == digest);
            if let Some(present) = present.map(|present| Tag::clone(present)) {
                change.txn(&permit).put_tag(&name, Tag { image: Some(image.clone()), ..present })?;
            }
            Ok(())
        })
    }

    /// Corrects what is known of a repository, by the tags that the registry had at `seen_at`. Blocks if something
    /// has to be written. Very many tags take several changes; if these are interrupted, the next comparison goes on.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry's own caller; [`Error::Unavailable`].
    pub fn compare(
        &self,
        call: &Call,
        name: &RepositoryName,
        seen: impl Into<Seen>,
        seen_at: Timestamp,
    ) -> Result<Compared, Error> {
        let seen = seen.into();
        let first = self.view(call, Act::RegistryCompare, name.as_str(), |authority| {
            authority.tell_content()?;
            Ok(difference(authority.state(), name, &seen, seen_at))
        })?;
        match first.outcome {
            unwritten @ (Compared::Same | Compared::Empty | Compared::Deleted) => return Ok(unwritten),
            Compared::Adopted | Compared::Changed | Compared::Gone => {}
        }
        if first.put.len() + first.remove.len() > BUNDLE {
            self.compare_by_bundles(call, name, &seen.tags, seen_at, &first.remove)?;
        }
        let rest = self.compare_rest(call, name, seen, seen_at)?;
        // The bundles before may have done all of it.
        Ok(if rest == Compared::Same { first.outcome } else { rest })
    }

    /// Corrects what differs at the moment of writing. That is one change, unless more has come to differ since the
    /// first look: then each further bundle takes another.
    pub(in crate::service) fn compare_rest(
        &self,
        call: &Call,
        name: &RepositoryName,
        seen: impl Into<Seen>,
        seen_at: Timestamp,
    ) -> Result<Compared, Error> {
        let (name, seen, id) = (name.clone(), Arc::new(seen.into()), Id::new(call.now, random::bytes()?));
        let deed = Deed::new(Act::RegistryCompare, &name);
        self.change_by_steps(call, &deed, move |change, earlier: Option<Compared>| {
            let permit = change.authority()?.tell_content()?;
            change.skip_record();
            let mut difference = difference(change.state(), &name, &seen, seen_at);
            let has_more = difference.cut();
            apply(change, &permit, &name, id, &difference)?;
            let outcome = earlier.filter(|_| difference.outcome == Compared::Same).unwrap_or(difference.outcome);
            Ok(if has_more { ControlFlow::Continue(outcome) } else { ControlFlow::Break(outcome) })
        })
    }

    /// Corrects most of a large difference, one bundle per change: first what comes, so that the repository is never
    /// empty in between, then what goes. Each tag is looked at once more when it is written.
    fn compare_by_bundles(
        &self,
        call: &Call,
        name: &RepositoryName,
        seen: &[SeenTag],
        seen_at: Timestamp,
        gone: &[TagName],
    ) -> Result<(), Error> {
        let id = Id::new(call.now, random::bytes()?);
        for seen in seen.chunks(BUNDLE) {
            let (name, seen) = (name.clone(), seen.to_vec());
            self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
                put_bundle(change, &name, id, &seen, seen_at)
            })?;
        }
        for gone in gone.chunks(BUNDLE) {
            let (name, gone) = (name.clone(), gone.to_vec());
            self.change(call, Deed::new(Act::RegistryCompare, &name), move |change| {
                let permit = change.authority()?.tell_content()?;
                change.skip_record();
                let is_older = |tag: &&TagName| {
                    change.state().tag(&name, tag).is_some_and(|present| present.updated_at <= seen_at)
                };
                let gone: Vec<&TagName> = gone.iter().filter(is_older).collect();
                gone.into_iter().for_each(|tag| change.txn(&permit).remove_tag(&name, tag));
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Writes one bundle of the tags that the registry has.
pub(in crate::service) fn put_bundle(
    change: &mut Change<'_, '_>,
    name: &RepositoryName,
    id: Id,
    seen: &[SeenTag],
    seen_at: Timestamp,
) -> Result<(), Error> {
    let permit = change.authority()?.tell_content()?;
    change.skip_record();
    if change.state().repository(name).is_none() && change.state().deletion(name).is_some() {
        return Ok(());
    }
    learn_repository(change, &permit, name, id)?;
    let put: Vec<Tag> = seen.iter().filter_map(|tag| put_right(change.state(), name, tag, seen_at)).collect();
    let activity = change.state().activity(name);
    let txn = change.txn(&permit);
    put.into_iter().try_for_each(|tag| txn.put_tag(name, tag).map(drop))?;
    if activity.missing_since.is_some() {
        // At once: a push before the next bundle would drop the tags of this one as lost.
        txn.put_activity(name, Activity { missing_since: None, ..activity })?;
    }
    Ok(())
}

/// What has to be written for a repository.
struct Difference {
    outcome: Compared,
    put: Vec<Tag>,
    remove: Vec<TagName>,
    missing_since: Option<Timestamp>,
}

impl Difference {
    /// Cuts it down to what one change writes, starting with what comes. True if something was cut off.
    fn cut(&mut self) -> bool {
        let has_more = self.put.len() + self.remove.len() > BUNDLE;
        self.put.truncate(BUNDLE);
        self.remove.truncate(BUNDLE - self.put.len());
        has_more
    }
}

fn difference(state: &State, name: &RepositoryName, seen: &Seen, seen_at: Timestamp) -> Difference {
    let Seen { tags: seen, unread } = seen;
    let is_known = state.repository(name).is_some();
    let unwritten = |outcome| Difference { outcome, put: Vec::new(), remove: Vec::new(), missing_since: None };
    if !is_known && state.deletion(name).is_some() {
        return unwritten(Compared::Deleted);
    }
    if !is_known && seen.is_empty() {
        return unwritten(Compared::Empty);
    }
    let is_older = |tag: &Tag| tag.updated_at <= seen_at;
    let known: Vec<&Arc<Tag>> = state.tags_after(name, None).collect();
    let since = state.activity(name).missing_since;
    // The registry has none of the known tags, and none was pushed meanwhile: perhaps its storage is away. They are
    // kept for a while.
    let has_nothing = seen.is_empty() && unread.is_empty();
    let is_missing = has_nothing && !known.is_empty() && known.iter().all(|tag| is_older(tag));
    let missing_since = match (is_missing, known.is_empty() && has_nothing) {
        (true, _) => since.or(Some(seen_at)),
        (false, true) => since,
        (false, false) => None,
    };
    let is_over = missing_since.is_some_and(|since| since.plus_seconds(KEPT) <= seen_at);
    let there: BTreeMap<&TagName, &SeenTag> = seen.iter().map(|tag| (&tag.name, tag)).collect();
    let is_there = |tag: &Tag| there.contains_key(&tag.name) || unread.contains(&tag.name);
    let is_gone = |tag: &Tag| is_older(tag) && !is_there(tag) && (!is_missing || is_over);
    let gone = known.iter().filter(|tag| is_gone(tag));
    let remove: Vec<TagName> = gone.map(|tag| tag.name.clone()).collect();
    let put: Vec<Tag> = seen.iter().filter_map(|tag| put_right(state, name, tag, seen_at)).collect();
    let outcome = match (is_known, put.is_empty() && remove.is_empty() && missing_since == since) {
        (false, _) => Compared::Adopted,
        (true, true) => Compared::Same,
        (true, false) if missing_since.is_some() => Compared::Gone,
        (true, false) => Compared::Changed,
    };
    Difference { outcome, put, remove, missing_since }
}

/// The tag as it has to be written; `None` if the record is right, or newer than what was seen.
fn put_right(state: &State, name: &RepositoryName, seen: &SeenTag, seen_at: Timestamp) -> Option<Tag> {
    let present = state.tag(name, &seen.name);
    if present.is_some_and(|present| present.updated_at > seen_at) {
        return None;
    }
    let same = present.filter(|present| present.digest == seen.digest);
    let tag = Tag {
        name: seen.name.clone(),
        digest: seen.digest.clone(),
        media_type: seen.media_type.clone(),
        created_at: present.map_or(seen_at, |present| present.created_at),
        updated_at: same.map_or(seen_at, |same| same.updated_at),
        image: seen.image.clone().or_else(|| same.and_then(|same| same.image.clone())),
        pushed_by: same.and_then(|same| same.pushed_by.clone()),
    };
    (present.map(AsRef::as_ref) != Some(&tag)).then_some(tag)
}

fn apply(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    name: &RepositoryName,
    id: Id,
    difference: &Difference,
) -> Result<(), Error> {
    match difference.outcome {
        Compared::Same | Compared::Empty | Compared::Deleted => return Ok(()),
        Compared::Adopted | Compared::Changed | Compared::Gone => {}
    }
    learn_repository(change, permit, name, id)?;
    let activity = change.state().activity(name);
    let txn = change.txn(permit);
    difference.remove.iter().for_each(|tag| txn.remove_tag(name, tag));
    for tag in &difference.put {
        txn.put_tag(name, tag.clone())?;
    }
    if activity.missing_since != difference.missing_since {
        txn.put_activity(name, Activity { missing_since: difference.missing_since, ..activity })?;
    }
    Ok(())
}
