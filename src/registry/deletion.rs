//! Deleting in the registry: a tag, or everything of repositories that were deleted here.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::neighbour::{Neighbour, NeighbourError, ends_all, is_silence};
use super::upstream::{Deletion as Answer, Reference, UpstreamError};
use crate::causes::with_causes;
use crate::correlation;
use crate::domain::content::{Deletion, Digest, Remains, TagName};
use crate::domain::name::RepositoryName;
use crate::service::{Call, Errand, Service, TagDeletion};

/// Deleted names that are taken from the store at a time.
const STEP: usize = 1_000;
/// Tags that an error names.
const NAMED: usize = 10;
/// Tags that are asked for at the same time.
const AT_ONCE: usize = 8;
/// How long a deleted name is remembered at least, in seconds: longer than the life of a registry token, with which
/// something could still be pushed, and than the delay of a notification.
const REMEMBERED: i64 = 2 * 24 * 3_600;

/// How a tag leads to a manifest.
enum Way {
    Elsewhere,
    Points,
    /// It points to a list of images that names it.
    Lists,
}

/// The other tags that lead to a manifest.
#[derive(Default)]
struct Sharing {
    /// Those that may be deleted with it.
    along: Vec<TagName>,
    /// Those in the way, at most [`NAMED`].
    others: Vec<String>,
}

/// What became of the deletion of a tag.
enum Fate {
    /// The registry has deleted it, and these with it.
    Gone(Vec<TagName>),
    /// The registry does not have it.
    Absent,
    /// The registry has deleted nothing.
    Kept(NeighbourError),
    /// The registry was asked to, and what it did is not known.
    Unknown(UpstreamError),
}

impl Neighbour {
    /// Deletes a tag in the registry, then its record; false if neither had it. The beginning is recorded first, then the
    /// outcome if it is known. Deletes by tag where the registry can; else the manifest, if no other tag leads to it
    /// but those that may go along. What has begun goes on when the caller no longer waits.
    ///
    /// # Errors
    /// [`NeighbourError::SharesManifest`], [`NeighbourError::DeletionDisabled`]; [`NeighbourError::Upstream`]: then it may
    /// be deleted all the same.
    pub async fn delete_tag(self: &Arc<Self>, call: Call, mut deletion: TagDeletion) -> Result<bool, NeighbourError> {
        let this = Arc::clone(self);
        // Before it begins: a caller who leaves while waiting leaves the queue.
        let turn = Arc::clone(&self.deletions).acquire_owned().await.map_err(|_| NeighbourError::Ending)?;
        let work = async move {
            let _turn = turn;
            let recorded = move |service: &Service, call: &Call| {
                service.tag_deletion_begins(call, &mut deletion)?;
                Ok(deletion)
            };
            let deletion = this.block_as(this.as_of_now(&call), recorded).await?;
            let (deletion, fate) = this.delete_tag_there(&call, deletion).await?;
            this.settle_tag(this.as_of_now(&call), deletion, fate).await
        };
        self.on_runtime(work).await
    }

    /// A caller's call at the present moment: after waiting, permissions are checked as they are now.
    fn as_of_now(&self, call: &Call) -> Call {
        Call { now: self.clock.now(), ..call.clone() }
    }

    /// Records how a deletion ended.
    async fn settle_tag(&self, call: Call, deletion: TagDeletion, fate: Fate) -> Result<bool, NeighbourError> {
        let (was_there, along) = match fate {
            Fate::Gone(along) => (true, along),
            Fate::Absent => (false, Vec::new()),
            Fate::Kept(error) => {
                let noted = self.block_as(call, move |service, call| service.tag_deletion_cancelled(call, &deletion));
                if let Err(unnoted) = noted.await {
                    log::warn!("that a tag was not deleted is not recorded: {}", with_causes(&unnoted));
                }
                return Err(error);
            }
            Fate::Unknown(error) => return Err(error.into()),
        };
        self.block_as(call, move |service, call| service.tag_deleted(call, deletion, was_there, along)).await
    }

    async fn delete_tag_there(
        self: &Arc<Self>,
        call: &Call,
        mut deletion: TagDeletion,
    ) -> Result<(TagDeletion, Fate), NeighbourError> {
        if let Some(fate) = self.delete_by_tag(&deletion).await {
            return Ok((deletion, fate));
        }
        let (digest, along) = match self.manifest_to_delete(&deletion).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok((deletion, Fate::Absent)),
            Err(error) => return Ok((deletion, Fate::Kept(error))),
        };
        if along.is_empty() {
            let fate = self.delete_by_digest(&deletion.repository, &digest, along).await;
            return Ok((deletion, fate));
        }
        let recorded = along.clone();
        let begins = move |service: &Service, call: &Call| {
            let begun = service.tags_go_along(call, &mut deletion, recorded);
            Ok((deletion, begun))
        };
        let (deletion, begun) = self.block_as(self.as_of_now(call), begins).await?;
        let fate = match begun {
            Ok(()) => self.delete_by_digest(&deletion.repository, &digest, along).await,
            Err(error) => Fate::Kept(error.into()),
        };
        Ok((deletion, fate))
    }

    /// Deletes by tag; none where the registry cannot.
    async fn delete_by_tag(&self, deletion: &TagDeletion) -> Option<Fate> {
        match self.ask_to_delete(&deletion.repository, Reference::Tag(&deletion.tag)).await {
            Ok(Answer::Deleted) => Some(Fate::Gone(Vec::new())),
            Ok(Answer::Absent) => Some(Fate::Absent),
            Ok(Answer::SwitchedOff) => Some(Fate::Kept(NeighbourError::DeletionDisabled)),
            Ok(Answer::NotByTag) => None,
            Err(fate) => Some(fate),
        }
    }

    async fn delete_by_digest(&self, name: &RepositoryName, digest: &Digest, along: Vec<TagName>) -> Fate {
        match self.ask_to_delete(name, Reference::Digest(digest)).await {
            Ok(Answer::Deleted) => Fate::Gone(along),
            Ok(Answer::Absent) => Fate::Absent,
            Ok(Answer::SwitchedOff | Answer::NotByTag) => Fate::Kept(NeighbourError::DeletionDisabled),
            Err(fate) => fate,
        }
    }

    async fn ask_to_delete(&self, name: &RepositoryName, reference: Reference<'_>) -> Result<Answer, Fate> {
        // A new one each time: looking at other tags may take longer than the life of a pass.
        let pass = self.pass(&Errand::Delete(name.clone())).map_err(Fate::Kept)?;
        let answer = self.upstream.delete(pass.reveal(), name, reference).await;
        answer.map_err(|error| if error.may_be_done() { Fate::Unknown(error) } else { Fate::Kept(error.into()) })
    }

    /// The manifest of a tag and the tags that go with it; none if the tag is not there.
    async fn manifest_to_delete(
        self: &Arc<Self>,
        deletion: &TagDeletion,
    ) -> Result<Option<(Digest, Vec<TagName>)>, NeighbourError> {
        let TagDeletion { repository, tag, .. } = deletion;
        let pass = self.pass(&Errand::Delete(repository.clone()))?;
        let Some(head) = self.upstream.manifest(pass.reveal(), repository, Reference::Tag(tag)).await? else {
            return Ok(None);
        };
        let Sharing { along, others } = self.sharing(deletion, &head.digest).await?;
        if others.is_empty() { Ok(Some((head.digest, along))) } else { Err(NeighbourError::SharesManifest { others }) }
    }

    /// The other tags that lead to the manifest, as the registry says now. A tag may go along only if it points to the
    /// manifest itself: a list of images that names it would be broken.
    async fn sharing(self: &Arc<Self>, deletion: &TagDeletion, digest: &Digest) -> Result<Sharing, NeighbourError> {
        let TagDeletion { repository, tag, others, .. } = deletion;
        let mut names = self.tag_names(repository).await?;
        names.retain(|other| other != tag);
        // Those that are known to share it come first, so that the answer is mostly quick.
        let known = self.service.known_tags(&self.call(), repository)?.unwrap_or_default();
        names.sort_by_key(|other| known.get(other).is_none_or(|known| known.digest != *digest));
        let (mut sharing, mut running) = (Sharing::default(), JoinSet::new());
        let mut names = names.into_iter();
        loop {
            while running.len() < AT_ONCE
                && let Some(other) = names.next()
            {
                let (this, repository, digest) = (Arc::clone(self), repository.clone(), digest.clone());
                running.spawn(correlation::carried(async move {
                    let way = this.way(&repository, &other, &digest).await;
                    let way = way.map_err(|error| in_the_way(&other, error))?;
                    Ok::<_, NeighbourError>((other, way))
                }));
            }
            let Some(done) = running.join_next().await else { break };
            match done.map_err(|_| NeighbourError::Ending)?? {
                (_, Way::Elsewhere) => {}
                (other, Way::Points) if others.contains(&other) => sharing.along.push(other),
                (other, Way::Points | Way::Lists) => sharing.others.push(other.to_string()),
            }
            if sharing.others.len() >= NAMED {
                break;
            }
        }
        sharing.along.sort();
        sharing.others.sort();
        Ok(sharing)
    }

    async fn way(&self, repository: &RepositoryName, tag: &TagName, digest: &Digest) -> Result<Way, NeighbourError> {
        let pass = self.pass(&Errand::Read(repository.clone()))?;
        let Some(head) = self.upstream.manifest(pass.reveal(), repository, Reference::Tag(tag)).await? else {
            return Ok(Way::Elsewhere);
        };
        if head.digest == *digest {
            return Ok(Way::Points);
        }
        let is_named = head.is_list() && self.upstream.names(pass.reveal(), repository, &head.digest, digest).await?;
        Ok(if is_named { Way::Lists } else { Way::Elsewhere })
    }

    /// Deletes what the registry has of a repository that was deleted here, if it is to be deleted there.
    ///
    /// # Errors
    /// [`NeighbourError`]; the next comparison deletes what is left, but not after
    /// [`NeighbourError::DeletionDisabled`].
    pub async fn delete_content(self: &Arc<Self>, name: RepositoryName) -> Result<(), NeighbourError> {
        let this = Arc::clone(self);
        self.on_runtime(async move {
            let noted = this.service.deletion(&this.call(), &name)?;
            match noted {
                Some(noted) => this.settle_deleted(&name, noted).await,
                None => Ok(()),
            }
        })
        .await
    }

    /// Looks at everything that was deleted here: deletes what is to be deleted, notes what is gone, and forgets what
    /// has been gone for long. A failure of one does not stop the others.
    pub(super) async fn sweep(&self) -> Result<(), NeighbourError> {
        let mut after: Option<RepositoryName> = None;
        loop {
            let names = self.service.deleted_names(&self.call(), after.as_ref(), STEP)?;
            let Some((last, _)) = names.last() else { return Ok(()) };
            after = Some(last.clone());
            for (name, noted) in names {
                match self.settle_deleted(&name, noted).await {
                    Ok(()) => {}
                    Err(NeighbourError::DeletionDisabled) => {
                        log::warn!("{name} was deleted, but the registry deletes nothing: its content stays there");
                    }
                    Err(error) if ends_all(&error) => return Err(error),
                    Err(error) => {
                        let reason = with_causes(&error);
                        log::warn!("the content of {name} waits for the next comparison: {reason}");
                        self.locked_progress().note_failure(name, reason, is_silence(&error));
                    }
                }
            }
        }
    }

    async fn settle_deleted(&self, name: &RepositoryName, noted: Deletion) -> Result<(), NeighbourError> {
        let asked = name.clone();
        let begun = self.block(move |service, call| service.begin_content_deletion(call, &asked)).await?;
        if let Some(begun) = begun {
            let (seen, deleted) = (begun.noted.clone(), self.delete_manifests(name).await);
            match deleted {
                Ok(()) => return self.note_remains(name, seen, Remains::None).await,
                // Whoever deleted it is told that the content stays: it stays, whatever is configured later.
                Err(NeighbourError::DeletionDisabled) => self.note_remains(name, seen, Remains::Stays).await?,
                Err(_) => {}
            }
            // Until here nobody could make a repository of this name.
            drop(begun);
            return deleted;
        }
        if matches!(noted.content, Remains::Goes { .. }) {
            // Being deleted already, or to be deleted in a registry that was configured once.
            log::debug!("the content of {name} waits for the registry that it was deleted in");
            return Ok(());
        }
        let has_content = !self.tag_names(name).await?.is_empty();
        match (has_content, &noted.content) {
            // Something was pushed with a registry token from before the deletion.
            (true, Remains::None) => self.note_remains(name, noted, Remains::Stays).await,
            (false, Remains::Stays | Remains::Goes { .. }) => self.note_remains(name, noted, Remains::None).await,
            (false, Remains::None) if noted.at.plus_seconds(REMEMBERED) <= self.clock.now() => {
                let name = name.clone();
                self.block(move |service, call| service.forget_deletion(call, &name, noted)).await
            }
            (true, Remains::Stays | Remains::Goes { .. }) | (false, Remains::None) => Ok(()),
        }
    }

    async fn note_remains(
        &self,
        name: &RepositoryName,
        seen: Deletion,
        content: Remains,
    ) -> Result<(), NeighbourError> {
        let name = name.clone();
        self.block(move |service, call| service.note_remains(call, &name, seen, content).map(drop)).await
    }

    /// Deletes the manifests that tags point to. The registry's own garbage collection takes parts of lists, and what
    /// never had a tag. A tag that cannot be read keeps no other from being deleted.
    async fn delete_manifests(&self, name: &RepositoryName) -> Result<(), NeighbourError> {
        let (mut digests, mut unread) = (BTreeSet::new(), None);
        for tag in self.tag_names(name).await? {
            let pass = self.pass(&Errand::Read(name.clone()))?;
            match self.upstream.manifest(pass.reveal(), name, Reference::Tag(&tag)).await.map_err(NeighbourError::from)
            {
                Ok(head) => digests.extend(head.map(|head| head.digest)),
                Err(error) if ends_all(&error) || is_silence(&error) => return Err(error),
                Err(error) => drop(unread.get_or_insert(error)),
            }
        }
        for digest in &digests {
            let pass = self.pass(&Errand::Delete(name.clone()))?;
            match self.upstream.delete(pass.reveal(), name, Reference::Digest(digest)).await? {
                Answer::Deleted | Answer::Absent => {}
                Answer::SwitchedOff | Answer::NotByTag => return Err(NeighbourError::DeletionDisabled),
            }
        }
        unread.map_or(Ok(()), Err)
    }
}

/// The error of a tag that cannot be read, where it may be in the way of a deletion.
fn in_the_way(tag: &TagName, error: NeighbourError) -> NeighbourError {
    match error {
        NeighbourError::Upstream(cause) => NeighbourError::UnreadTag { tag: tag.clone(), cause },
        other @ (NeighbourError::Service(_)
        | NeighbourError::SharesManifest { .. }
        | NeighbourError::UnreadTag { .. }
        | NeighbourError::DeletionDisabled
        | NeighbourError::Endless(_)
        | NeighbourError::Ending) => other,
    }
}
