//! Comparing what dockpass knows with what the registry has.
//!
//! It asks for every known repository, goes through the catalogue for unknown ones, then through what was deleted here:
//! each name is asked for once, and no list is held whole. Every repository is put right in a change of its own, so a
//! comparison can end anywhere and be run again.
//!
//! What cannot be read is left out by itself, named, and kept as it is known: a tag, a repository, the catalogue. It ends
//! early only if the registry does not answer at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use super::neighbour::{Neighbour, NeighbourError, ends_all, is_silence};
use super::upstream::{NextPage, Reference};
use crate::causes::with_causes;
use crate::domain::content::{Image, Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::service::{Compared, Errand, Seen, SeenTag};

/// Repositories asked for at the same time: enough to keep a registry on the same machine busy.
const AT_ONCE: usize = 8;
/// Tags of one repository asked for at the same time: a registry that is far away or busy takes its time for each.
const TAGS_AT_ONCE: usize = 4;
/// Names that are taken from the store at a time.
const STEP: usize = 1_000;
/// Most tags of one repository; beyond it the registry's answer is taken for a fault.
const MOST_TAGS: usize = 200_000;
/// Most pages of a list; beyond it the registry's answer is taken for a fault.
const MOST_PAGES: usize = 10_000;

/// The outcome for a repository, and its name.
type Settled = (Result<Outcome, NeighbourError>, RepositoryName);
/// How long a tag counts as just pushed, in seconds.
const JUST_NOW: i64 = 60;
/// The comparison ends after so many repositories in a row without any answer: as many as are asked for at a time.
const SILENT: u64 = 8;
/// After so many tags in a row without any answer, the others of the repository are not asked for.
const SILENT_TAGS: usize = 3;
/// Most tags of one repository that the log names.
const LOGGED: usize = 10;

/// What comparing a repository came to.
pub(super) struct Outcome {
    compared: Compared,
    unread: Vec<UnreadTag>,
}

/// A tag that could not be read, and why.
struct UnreadTag {
    name: TagName,
    reason: String,
}

impl UnreadTag {
    /// One that was not asked for, since others had no answer.
    fn unasked(name: TagName) -> Self {
        Self { name, reason: "not asked for: the registry did not answer for other tags".to_owned() }
    }
}

/// What the registry has of a repository.
#[derive(Default)]
struct ReadTags {
    tags: Vec<SeenTag>,
    unread: Vec<UnreadTag>,
    /// How many of the last tags had no answer at all.
    silences: usize,
}

/// Goes through a list of the registry, page after page, but not without end: how many there are is the registry's word.
struct Pages {
    of: &'static str,
    asked: usize,
    next: Option<NextPage>,
}

impl Pages {
    fn of(of: &'static str) -> Self {
        Self { of, asked: 0, next: None }
    }

    /// The page to ask for now; none is the first.
    fn next(&mut self) -> Result<Option<&NextPage>, NeighbourError> {
        if self.asked >= MOST_PAGES {
            return Err(self.endless());
        }
        self.asked += 1;
        Ok(self.next.as_ref())
    }

    /// Takes note of where a page leads; false if it was the last one.
    fn turn(&mut self, next: Option<NextPage>) -> bool {
        self.next = next;
        self.next.is_some()
    }

    fn endless(&self) -> NeighbourError {
        NeighbourError::Endless(self.of)
    }
}

/// The tags that are known, by name.
type Known = BTreeMap<TagName, Arc<Tag>>;

/// What the registry has of a tag, and what could not be read of it.
#[derive(Default)]
struct ReadTag {
    seen: Option<SeenTag>,
    trouble: Option<NeighbourError>,
}

impl Neighbour {
    /// Compares everything.
    pub(super) async fn compare_all(self: &Arc<Self>) -> Result<(), NeighbourError> {
        self.compare_known().await?;
        let catalogue = self.compare_catalogue().await;
        match catalogue {
            Err(error) if ends_all(&error) => return Err(error),
            Ok(()) | Err(_) => self.sweep().await?,
        }
        catalogue
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
        let mut pages = Pages::of("its catalogue");
        loop {
            let pass = self.pass(&Errand::Catalog)?;
            let page = self.upstream.catalog(pass.reveal(), pages.next()?).await?;
            let mut unknown = Vec::new();
            for name in page.items {
                // Known ones were asked for before, or a notification made them known since.
                if self.service.known_tags(&self.call(), &name)?.is_none() {
                    unknown.push(name);
                }
            }
            self.compare_each(unknown).await?;
            if !pages.turn(page.next) {
                return Ok(());
            }
        }
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
            Some(Ok((Ok(Outcome { compared, unread }), name))) => {
                self.locked_progress().note(compared);
                self.leave_out(&name, unread);
                Ok(())
            }
            Some(Ok((Err(error), _))) if ends_all(&error) => Err(error),
            Some(Ok((Err(error), name))) => {
                let reason = with_causes(&error);
                log::warn!("{name} could not be compared: {reason}");
                let in_a_row = self.locked_progress().note_failure(name, reason, is_silence(&error));
                if in_a_row >= SILENT { Err(error) } else { Ok(()) }
            }
        }
    }

    fn leave_out(&self, name: &RepositoryName, unread: Vec<UnreadTag>) {
        for tag in unread.iter().take(LOGGED) {
            log::warn!("{name}:{} could not be compared: {}", tag.name, tag.reason);
        }
        if let Some(more) = unread.len().checked_sub(LOGGED).filter(|more| *more > 0) {
            log::warn!("{more} more tags of {name} could not be compared");
        }
        let mut progress = self.locked_progress();
        unread.into_iter().for_each(|tag| progress.note_unread(name.clone(), tag.name, tag.reason));
    }

    /// Compares one repository.
    pub(super) async fn compare_one(self: &Arc<Self>, name: &RepositoryName) -> Result<Outcome, NeighbourError> {
        let call = self.call();
        let known = self.service.known_tags(&call, name)?;
        if known.is_none() && self.service.deletion(&call, name)?.is_some() {
            return Ok(Outcome { compared: Compared::Deleted, unread: Vec::new() });
        }
        let ReadTags { tags, unread, .. } = self.read_tags(name, known.unwrap_or_default()).await?;
        let seen = Seen { tags, unread: unread.iter().map(|tag| tag.name.clone()).collect() };
        let (name, seen_at) = (name.clone(), call.now);
        let compared = self.block(move |service, call| service.compare(call, &name, seen, seen_at)).await?;
        Ok(Outcome { compared, unread })
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

    async fn read_tags(self: &Arc<Self>, name: &RepositoryName, known: Known) -> Result<ReadTags, NeighbourError> {
        let mut tags = self.tag_names(name).await?;
        // The registry tells of a push before it lists the tag (seen with 2.8.2): a tag just pushed is asked for.
        let just_now = self.clock.now().plus_seconds(-JUST_NOW);
        let listed: BTreeSet<TagName> = tags.iter().cloned().collect();
        let new = known.values().filter(|tag| tag.updated_at > just_now && !listed.contains(&tag.name));
        tags.extend(new.map(|tag| tag.name.clone()));
        let (mut read, known) = (ReadTags::default(), Arc::new(known));
        for some in tags.chunks(TAGS_AT_ONCE) {
            if read.silences >= SILENT_TAGS {
                read.unread.extend(some.iter().cloned().map(UnreadTag::unasked));
                continue;
            }
            for (tag, ReadTag { seen, trouble }) in self.read_some(name, some, &known).await? {
                read.tags.extend(seen);
                read.note(tag, trouble)?;
            }
        }
        Ok(read)
    }

    /// Reads these tags at the same time.
    async fn read_some(
        self: &Arc<Self>,
        name: &RepositoryName,
        tags: &[TagName],
        known: &Arc<Known>,
    ) -> Result<Vec<(TagName, ReadTag)>, NeighbourError> {
        let (mut running, mut done) = (JoinSet::new(), Vec::new());
        for tag in tags {
            let (this, name, tag, known) = (Arc::clone(self), name.clone(), tag.clone(), Arc::clone(known));
            running.spawn(async move {
                let read = this.read_tag(&name, &tag, &known).await;
                (tag, read)
            });
        }
        while let Some(read) = running.join_next().await {
            done.push(read.map_err(|_| NeighbourError::Ending)?);
        }
        Ok(done)
    }

    /// The tags of a repository in the registry; none where it does not know the repository.
    pub(super) async fn tag_names(&self, name: &RepositoryName) -> Result<Vec<TagName>, NeighbourError> {
        let (mut tags, mut pages) = (Vec::new(), Pages::of("the tags of a repository"));
        loop {
            let pass = self.pass(&Errand::Read(name.clone()))?;
            let Some(page) = self.upstream.tags(pass.reveal(), name, pages.next()?).await? else { return Ok(tags) };
            tags.extend(page.items);
            if !pages.turn(page.next) {
                return Ok(tags);
            }
            if tags.len() > MOST_TAGS {
                return Err(pages.endless());
            }
        }
    }

    /// The manifest of a tag, and its content unless that is known already. Content that cannot be read is left out by
    /// itself.
    async fn read_tag(&self, name: &RepositoryName, tag: &TagName, known: &Known) -> ReadTag {
        let read = async {
            let pass = self.pass(&Errand::Read(name.clone()))?;
            let head = self.upstream.manifest(pass.reveal(), name, Reference::Tag(tag)).await?;
            Ok(head.map(|head| (pass, head)))
        };
        let (pass, head) = match read.await {
            Ok(Some(found)) => found,
            // It went meanwhile, or its manifest did.
            Ok(None) => return ReadTag::default(),
            Err(trouble) => return ReadTag { seen: None, trouble: Some(trouble) },
        };
        let is_read = known
            .get(tag)
            .is_some_and(|known| known.digest == head.digest && known.image.as_ref().is_some_and(Image::is_whole));
        let image = if is_read { Ok(None) } else { self.upstream.image(pass.reveal(), name, &head.digest).await };
        let (image, trouble) = image.map_or_else(|error| (None, Some(error.into())), |image| (image, None));
        let seen = SeenTag { name: tag.clone(), digest: head.digest, media_type: head.media_type, image };
        ReadTag { seen: Some(seen), trouble }
    }
}

impl ReadTags {
    /// Notes whether there was trouble with a tag. That of the next one, too, is an error.
    fn note(&mut self, name: TagName, trouble: Option<NeighbourError>) -> Result<(), NeighbourError> {
        let is_silent = trouble.as_ref().is_some_and(is_silence);
        self.silences = if is_silent { self.silences + 1 } else { 0 };
        match trouble {
            Some(error) if ends_all(&error) => Err(error),
            Some(error) => {
                self.unread.push(UnreadTag { name, reason: with_causes(&error) });
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_ten_thousand_pages_are_asked_for_and_no_more() {
        let mut pages = Pages::of("its catalogue");
        for number in 0..10_000 {
            assert!(pages.next().is_ok(), "page {number}");
        }
        let beyond = pages.next().map(drop);
        assert!(matches!(beyond, Err(NeighbourError::Endless("its catalogue"))), "{beyond:?}");
    }
}
