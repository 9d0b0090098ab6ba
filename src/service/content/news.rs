//! What is told of the registry's content, by its notifications or by what went through the gateway (`Witness`): tags that
//! were pushed or deleted, manifests that were pulled.
//!
//! A notification may come more than once, late, or never. Taking one is idempotent while its identifier is
//! remembered, and a comparison with the registry (`comparison`) makes up for missed ones. A push is durable before
//! it is answered; pulls are counted in memory and written every half minute.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::bundles::remove_bundle;
use super::tags::note_emptied;
use crate::domain::act::Act;
use crate::domain::content::{Activity, Digest, Pusher, Tag, TagName};
use crate::domain::days::{Day, DayCount};
use crate::domain::id::Id;
use crate::domain::immutable_tags::ImmutableTags;
use crate::domain::name::RepositoryName;
use crate::domain::random;
use crate::domain::repository::Repository;
use crate::domain::time::Timestamp;
use crate::domain::user_name::UserName;
use crate::service::Service;
use crate::service::access::{Call, Permit};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};
use crate::store::State;

/// How many notifications are remembered, so that a repeated one does not count.
const REMEMBERED: usize = 16_384;

/// One thing that happened to a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A manifest was pushed with a tag.
    Pushed {
        /// The tag.
        tag: TagName,
        /// The manifest.
        digest: Digest,
        /// Its media type.
        media_type: String,
        /// Who pushed, as the registry has it from the registry token; `None` if it tells of nobody.
        by: Option<UserName>,
    },
    /// A manifest was fetched.
    Pulled {
        /// The tag that it was fetched by; `None` if by digest.
        tag: Option<TagName>,
        /// The manifest.
        digest: Digest,
    },
    /// A tag was deleted.
    TagDeleted(TagName),
    /// A manifest was deleted, and so every tag that pointed to it.
    ManifestDeleted(Digest),
    /// The whole repository was deleted.
    RepositoryDeleted,
    /// A repository was made, without content so far.
    RepositoryMade,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The registry's identifier of it, the same when it is sent again.
    pub id: String,
    /// Where it happened.
    pub repository: RepositoryName,
    /// When, by the registry's clock.
    pub at: Timestamp,
    /// What happened.
    pub news: News,
}

/// By whose word it is known what the registry holds.
#[derive(Clone)]
pub(in crate::service) enum Witness {
    /// By the registry's own, in a notification.
    Registry,
    /// By its answer to a request that went through the gateway, with the permit of whoever sent that.
    Gateway(Arc<Permit>),
}

impl Witness {
    fn permit(&self, change: &Change<'_, '_>) -> Result<Arc<Permit>, Error> {
        match self {
            Self::Registry => Ok(Arc::new(change.authority()?.tell_content()?)),
            Self::Gateway(permit) => Ok(Arc::clone(permit)),
        }
    }

    /// The record of a push.
    fn push_deed(&self, repository: &RepositoryName, tag: &TagName) -> Deed {
        match self {
            Self::Registry => Deed::new(Act::RegistryNotify, repository),
            // It was counted when it was admitted.
            Self::Gateway(_) => Deed::new(Act::TagPush, format!("{repository}:{tag}")).free(true),
        }
    }
}

#[derive(Default)]
struct Remembered {
    taken: HashSet<blake3::Hash>,
    order: VecDeque<blake3::Hash>,
    underway: HashSet<blake3::Hash>,
}

/// What is known of an arriving notification.
enum Begun {
    /// Nothing.
    New,
    /// It was taken before.
    Taken,
    /// It is being taken right now.
    Underway,
}

/// The most recent notifications, as hashes of their identifiers, so that each takes the same room.
#[derive(Default)]
pub(in crate::service) struct RecentNotices(Mutex<Remembered>);

impl RecentNotices {
    fn begin(&self, id: &str) -> Begun {
        let key = blake3::hash(id.as_bytes());
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.taken.contains(&key) {
            return Begun::Taken;
        }
        if remembered.underway.insert(key) { Begun::New } else { Begun::Underway }
    }

    /// Ends what `begin` began. A notification that could not be taken counts when it is sent again.
    fn end(&self, id: &str, was_taken: bool) {
        let key = blake3::hash(id.as_bytes());
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.underway.remove(&key);
        if was_taken && remembered.taken.insert(key) {
            remembered.order.push_back(key);
        }
        if remembered.order.len() > REMEMBERED
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.taken.remove(&oldest);
        }
    }
}

impl Service {
    /// Takes a notification; false if it was taken before, or tells nothing that is kept. Blocks, except for pulls.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the registry; [`Error::Unavailable`], or [`Error::TooManyRequests`] while the
    /// same notification is being taken: the registry is to send it again.
    pub fn take_notice(&self, call: &Call, notice: Notice) -> Result<bool, Error> {
        self.view(call, Act::RegistryNotify, "", |authority| authority.tell_content().map(drop))?;
        // What goes through the gateway was recorded there, and would count twice.
        if self.settings.gateway.is_some() {
            return Ok(false);
        }
        let id = notice.id.clone();
        match self.notices.begin(&id) {
            Begun::New => {}
            Begun::Taken => return Ok(false),
            // A repeat before the first one is durable: the registry sends it again.
            Begun::Underway => return Err(Error::TooManyRequests { retry_after: 1 }),
        }
        let taken = self.take(call, notice);
        self.notices.end(&id, taken.is_ok());
        taken
    }

    fn take(&self, call: &Call, notice: Notice) -> Result<bool, Error> {
        let Notice { repository, at, news, .. } = notice;
        match news {
            News::Pulled { tag, digest } => Ok(self.count_pull(&repository, tag.as_ref(), &digest, Day::of(call.now))),
            News::Pushed { tag, digest, media_type, by } => {
                let pushed = Pushed { tag, digest, media_type, by, at: at.min(call.now) };
                self.take_pushed(&Witness::Registry, call, &repository, pushed)
            }
            News::TagDeleted(tag) => self.take_deletion(call, repository, move |present| present.name == tag),
            News::ManifestDeleted(digest) => {
                self.take_deletion(call, repository, move |present| present.digest == digest)
            }
            News::RepositoryDeleted => self.take_deletion(call, repository, |_| true),
            News::RepositoryMade => self.take_made(call, repository),
        }
    }

    /// Takes a push, and counts it; false if the repository was deleted meanwhile.
    pub(in crate::service) fn take_pushed(
        &self,
        witness: &Witness,
        call: &Call,
        repository: &RepositoryName,
        pushed: Pushed,
    ) -> Result<bool, Error> {
        let is_taken = self.take_push(witness, call, repository.clone(), pushed)?;
        if let Some(known) = self.store.state().repository(repository).filter(|_| is_taken) {
            self.pulls.note(known, Day::of(call.now), DayCount::PUSH);
        }
        Ok(is_taken)
    }

    /// Counts a pull. A manifest fetched by digest counts only if a tag points to it: clients fetch the parts of a
    /// list by digest, and the whole by tag or, after a HEAD of the tag, by digest.
    pub(in crate::service) fn count_pull(
        &self,
        repository: &RepositoryName,
        tag: Option<&TagName>,
        digest: &Digest,
        day: Day,
    ) -> bool {
        let state = self.store.state();
        let known = state.repository(repository);
        let known = known.filter(|_| tag.is_some() || state.is_tagged(repository, digest));
        known.map(|known| self.pulls.note(known, day, DayCount::PULL)).is_some()
    }

    fn take_made(&self, call: &Call, repository: RepositoryName) -> Result<bool, Error> {
        let state = self.store.state();
        if state.repository(&repository).is_some() || state.deletion(&repository).is_some() {
            return Ok(false);
        }
        let id = Id::new(call.now, random::bytes()?);
        self.change(call, Deed::new(Act::RegistryNotify, &repository), move |change| {
            let permit = change.authority()?.tell_content()?;
            change.skip_record();
            // Deleted here: what comes of it later is late.
            let is_deleted = change.state().deletion(&repository).is_some();
            if is_deleted { Ok(false) } else { learn_repository(change, &permit, &repository, id) }
        })
    }

    fn take_push(
        &self,
        witness: &Witness,
        call: &Call,
        repository: RepositoryName,
        pushed: Pushed,
    ) -> Result<bool, Error> {
        let id = Id::new(call.now, random::bytes()?);
        let (witness, deed) = (witness.clone(), witness.push_deed(&repository, &pushed.tag));
        self.change_by_steps(call, &deed, move |change, _: Option<()>| {
            let permit = witness.permit(change)?;
            // Deleted here. A push after that would have made the record again first, so this notification is late.
            if change.state().deletion(&repository).is_some() {
                change.skip_record();
                return Ok(ControlFlow::Break(false));
            }
            learn_repository(change, &permit, &repository, id)?;
            if forget_lost_tags(change, &permit, &repository).is_continue() {
                change.skip_record();
                return Ok(ControlFlow::Continue(()));
            }
            let at = pushed.at;
            put_tag(change, &permit, &repository, pushed.clone())?;
            let activity = change.state().activity(&repository);
            let activity = Activity {
                pushes: activity.pushes.saturating_add(1),
                last_push: activity.last_push.max(Some(at)),
                missing_since: None,
                ..activity
            };
            change.txn(&permit).put_activity(&repository, activity)?;
            match &witness {
                Witness::Gateway(_) => change.about_repository(&repository),
                // Who pushed is the registry's word alone.
                Witness::Registry => change.skip_record(),
            }
            Ok(ControlFlow::Break(true))
        })
    }

    /// Takes a deletion that went through the gateway, with this record.
    pub(in crate::service) fn take_deleted(
        &self,
        permit: Arc<Permit>,
        call: &Call,
        repository: RepositoryName,
        deed: &Deed,
        is_meant: impl Fn(&Tag) -> bool + Clone + Send + 'static,
    ) -> Result<(), Error> {
        self.change_by_steps(call, deed, move |change, _: Option<()>| {
            let known = change.state().tags_count(&repository);
            let step = remove_bundle(change, &permit, &repository, &is_meant);
            if known > change.state().tags_count(&repository) {
                note_emptied(change, &permit, &repository)?;
            }
            match step {
                ControlFlow::Continue(()) => change.skip_record(),
                ControlFlow::Break(()) => change.about_repository(&repository),
            }
            Ok(step)
        })
    }

    fn take_deletion(
        &self,
        call: &Call,
        repository: RepositoryName,
        is_meant: impl Fn(&Tag) -> bool + Clone + Send + 'static,
    ) -> Result<bool, Error> {
        // A tag pushed since the notification came is newer, and stays: others may push between the steps.
        let came_at = call.now;
        let is_meant = move |tag: &Tag| tag.updated_at <= came_at && is_meant(tag);
        let state = self.store.state();
        if !state.tags_after(&repository, None).any(|tag| is_meant(tag)) {
            return Ok(false);
        }
        self.change_by_steps(call, &Deed::new(Act::RegistryNotify, &repository), move |change, earlier: Option<()>| {
            let permit = change.authority()?.tell_content()?;
            change.skip_record();
            let known = change.state().tags_count(&repository);
            let step = remove_bundle(change, &permit, &repository, &is_meant);
            let went = known > change.state().tags_count(&repository);
            if went {
                note_emptied(change, &permit, &repository)?;
            }
            Ok(step.map_break(|()| went || earlier.is_some()))
        })
    }
}

/// A push of a tag.
#[derive(Clone)]
pub(in crate::service) struct Pushed {
    pub(in crate::service) tag: TagName,
    pub(in crate::service) digest: Digest,
    pub(in crate::service) media_type: String,
    pub(in crate::service) by: Option<UserName>,
    pub(in crate::service) at: Timestamp,
}

/// Creates the private record of a repository that the registry has and nobody deleted here; false if it is known.
pub(super) fn learn_repository(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    name: &RepositoryName,
    id: Id,
) -> Result<bool, Error> {
    if change.state().repository(name).is_some() {
        return Ok(false);
    }
    let created_at = change.call().now.whole_seconds();
    let repository = Repository {
        id,
        name: name.clone(),
        is_public: false,
        short_description: String::new(),
        long_description: String::new(),
        created_at,
        owner: None,
        immutable_tags: ImmutableTags::default(),
    };
    change.txn(permit).put_repository(repository)?;
    let deed = Deed::new(Act::RepositoryLearn, name).about_repository(change.state(), name);
    change.record_also(deed);
    Ok(true)
}

/// If content comes back to a repository that the registry had lost, forgets the tags that were lost, which have not
/// come back with it. `Continue` if more are left to forget.
fn forget_lost_tags(change: &mut Change<'_, '_>, permit: &Permit, repository: &RepositoryName) -> ControlFlow<()> {
    let is_lost = change.state().activity(repository).missing_since.is_some();
    if is_lost { remove_bundle(change, permit, repository, |_| true) } else { ControlFlow::Break(()) }
}

/// Who pushed: an account, or a robot that is there.
fn pusher(state: &State, name: UserName) -> Option<Pusher> {
    Some(Pusher { account: state.account_signing_in(&name)?.id, name })
}

/// Points a tag to a manifest. If it pointed there already, what was read of the manifest is kept.
fn put_tag(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    repository: &RepositoryName,
    seen: Pushed,
) -> Result<(), Error> {
    let Pushed { tag: name, digest, media_type, by, .. } = seen;
    // By the clock of dockpass, as in comparisons: the registry's may differ.
    let at = change.call().now;
    let present = change.state().tag(repository, &name).cloned();
    let same = present.as_ref().filter(|present| present.digest == digest);
    // A registry that takes other credentials as well may name somebody who is nobody here.
    let pushed_by = by.and_then(|name| pusher(change.state(), name));
    let tag = Tag {
        pushed_by,
        created_at: present.as_ref().map_or(at, |present| present.created_at),
        updated_at: at,
        image: same.and_then(|same| same.image.clone()),
        name,
        digest,
        media_type,
    };
    change.txn(permit).put_tag(repository, tag)?;
    Ok(())
}
