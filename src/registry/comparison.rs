//! Comparing what dockpass knows with what the registry has.
//!
//! It asks for every known repository, goes through the catalogue for unknown ones, then through what was deleted here:
//! each name is asked for once, and no list is held whole. Every repository is put right in a change of its own, so a
//! comparison can end anywhere and be run again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use super::neighbour::{Neighbour, NeighbourError, ends_all};
use super::upstream::Reference;
use crate::causes::with_causes;
use crate::domain::content::{Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::service::{Compared, Errand, SeenTag};

/// Repositories asked for at the same time: enough to keep a registry on the same machine busy.
const AT_ONCE: usize = 8;
/// Names that are taken from the store at a time.
const STEP: usize = 1_000;
/// Most tags of one repository; beyond it the registry's answer is taken for a fault.
const MOST_TAGS: usize = 200_000;
/// Most pages of a list; beyond it the registry's answer is taken for a fault.
const MOST_PAGES: usize = 10_000;

/// The outcome for a repository, and its name.
type Settled = (Result<Compared, NeighbourError>, RepositoryName);
/// How long a tag counts as just pushed, in seconds.
const JUST_NOW: i64 = 60;
/// The comparison ends after so many failures in a row: the fault is then not one repository's.
const FAILURES: u64 = 20;

/// The tags that are known, by name.
type Known = BTreeMap<TagName, Arc<Tag>>;

impl Neighbour {
    /// Compares everything.
    pub(super) async fn compare_all(self: &Arc<Self>) -> Result<(), NeighbourError> {
        self.compare_known().await?;
        self.compare_catalogue().await?;
        self.sweep().await
    }

    async fn compare_known(self: &Arc<Self>) -> Result<(), NeighbourError> {
        let mut after = None;
        loop {
            let names = self.service.known_names(&self.call(), after.as_ref(), STEP)?;
            let Some(last) = names.last().cloned() else { return Ok(()) };
            self.compare_each(names).await?;
            after = Some(last);
        }
    }

    async fn compare_catalogue(self: &Arc<Self>) -> Result<(), NeighbourError> {
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let pass = self.pass(&Errand::Catalog)?;
            let page = self.upstream.catalog(pass.reveal(), next.as_ref()).await?;
            let mut unknown = Vec::new();
            for name in page.items {
                // Known ones were asked for before, or a notification made them known since.
                if self.service.known_tags(&self.call(), &name)?.is_none() {
                    unknown.push(name);
                }
            }
            self.compare_each(unknown).await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(NeighbourError::Endless("its catalogue"))
    }

    async fn compare_each(self: &Arc<Self>, names: Vec<RepositoryName>) -> Result<(), NeighbourError> {
        // Dropping it aborts the tasks that still run.
        let mut running = JoinSet::new();
        for name in names {
            if running.len() >= AT_ONCE {
                self.settle(running.join_next().await)?;
            }
            let this = Arc::clone(self);
            running.spawn(async move { (this.compare_one(&name).await, name) });
        }
        while let Some(done) = running.join_next().await {
            self.settle(Some(done))?;
        }
        Ok(())
    }

    /// Counts the outcome for a repository. A failure of one does not stop the others, but an error that the next one
    /// would meet too ends the comparison.
    fn settle(&self, done: Option<Result<Settled, JoinError>>) -> Result<(), NeighbourError> {
        match done {
            None => Ok(()),
            Some(Err(_)) => Err(NeighbourError::Ending),
            Some(Ok((Ok(compared), _))) => {
                self.locked_progress().note(compared);
                Ok(())
            }
            Some(Ok((Err(error), _))) if ends_all(&error) => Err(error),
            Some(Ok((Err(error), name))) => {
                log::warn!("{name} could not be compared: {}", with_causes(&error));
                let in_a_row = self.locked_progress().note_failure();
                if in_a_row >= FAILURES { Err(error) } else { Ok(()) }
            }
        }
    }

    /// Compares one repository.
    pub(super) async fn compare_one(&self, name: &RepositoryName) -> Result<Compared, NeighbourError> {
        let call = self.call();
        let known = self.service.known_tags(&call, name)?;
        if known.is_none() && self.service.deletion(&call, name)?.is_some() {
            return Ok(Compared::Deleted);
        }
        let seen = self.read_tags(name, &known.unwrap_or_default()).await?;
        let (name, seen_at) = (name.clone(), call.now);
        self.block(move |service, call| service.compare(call, &name, seen, seen_at)).await
    }

    /// Reads the manifest that a tag points to, unless its content is known. The tag itself is not asked for: the
    /// registry tells of a push before its tag is there (seen with 2.8.2).
    pub(super) async fn describe(&self, name: &RepositoryName, tag: &TagName) -> Result<(), NeighbourError> {
        let known = self.service.known_tag(&self.call(), name, tag)?;
        let Some(known) = known.filter(|known| known.image.is_none()) else { return Ok(()) };
        let pass = self.pass(&Errand::Read(name.clone()))?;
        let Some(image) = self.upstream.image(pass.reveal(), name, &known.digest).await? else { return Ok(()) };
        let (name, tag, digest) = (name.clone(), tag.clone(), known.digest.clone());
        self.block(move |service, call| service.describe_tag(call, &name, &tag, digest, image)).await
    }

    async fn read_tags(&self, name: &RepositoryName, known: &Known) -> Result<Vec<SeenTag>, NeighbourError> {
        let mut tags = self.tag_names(name).await?;
        // The registry tells of a push before it lists the tag (seen with 2.8.2): a tag just pushed is asked for.
        let just_now = self.clock.now().plus_seconds(-JUST_NOW);
        let listed: BTreeSet<TagName> = tags.iter().cloned().collect();
        let new = known.values().filter(|tag| tag.updated_at > just_now && !listed.contains(&tag.name));
        tags.extend(new.map(|tag| tag.name.clone()));
        let mut seen = Vec::new();
        for tag in tags {
            if let Some(tag) = self.read_tag(name, tag, known).await? {
                seen.push(tag);
            }
        }
        Ok(seen)
    }

    /// The tags of a repository in the registry; none where it does not know the repository.
    pub(super) async fn tag_names(&self, name: &RepositoryName) -> Result<Vec<TagName>, NeighbourError> {
        let (mut tags, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let pass = self.pass(&Errand::Read(name.clone()))?;
            let Some(page) = self.upstream.tags(pass.reveal(), name, next.as_ref()).await? else { return Ok(tags) };
            tags.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(tags);
            }
            if tags.len() > MOST_TAGS {
                break;
            }
        }
        Err(NeighbourError::Endless("the tags of a repository"))
    }

    /// The manifest of a tag, and its content unless that is known already; none if the tag went meanwhile.
    async fn read_tag(
        &self,
        name: &RepositoryName,
        tag: TagName,
        known: &Known,
    ) -> Result<Option<SeenTag>, NeighbourError> {
        let pass = self.pass(&Errand::Read(name.clone()))?;
        let head = self.upstream.manifest(pass.reveal(), name, Reference::Tag(&tag)).await?;
        let Some(head) = head else { return Ok(None) };
        let is_read = known.get(&tag).is_some_and(|known| known.digest == head.digest && known.image.is_some());
        let image = if is_read { None } else { self.upstream.image(pass.reveal(), name, &head.digest).await? };
        Ok(Some(SeenTag { name: tag, digest: head.digest, media_type: head.media_type, image }))
    }
}
