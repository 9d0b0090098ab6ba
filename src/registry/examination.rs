//! One look at the registry next door, whoever asks for it: what it answers to nobody and to dockpass, what its clock says, and
//! whether its catalogue can be read. Bounded in time; changes nothing there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::neighbour::{Neighbour, NeighbourError};
use super::upstream::{Base, Reference, UpstreamError};
use crate::domain::time::Timestamp;
use crate::service::Errand;

/// Longest wait for the answer to one question, in seconds.
const PATIENCE: u64 = 5;
/// The same for the catalogue, which a registry may have to gather from far away.
const CATALOGUE: u64 = 8;
/// How long all that is asked one after the other takes at most: what it answers to nobody; the catalogue, beside what it
/// answers to dockpass; and a manifest.
pub const LOOKED_WITHIN: Duration = Duration::from_secs(PATIENCE + CATALOGUE + PATIENCE);

/// What a look has found.
pub struct Examined {
    /// What it answers where its API begins, to somebody who shows nothing.
    pub nobody: Base,
    /// By how many seconds its clock is ahead of ours, as far as that can be told: less than nothing if it is behind. None if
    /// it does not tell.
    pub ahead: Option<i64>,
    /// What it answers there to dockpass.
    pub shown: Result<Base, NeighbourError>,
    /// Whether that is a yes.
    pub accepted: Result<(), NeighbourError>,
    /// Whether its catalogue can be read.
    pub catalogue: Result<(), NeighbourError>,
}

impl Neighbour {
    /// Looks at the registry now.
    ///
    /// # Errors
    /// [`NeighbourError`] if it does not answer to somebody who shows nothing: then nothing else is asked.
    pub async fn examine(self: &Arc<Self>) -> Result<Examined, NeighbourError> {
        let this = Arc::clone(self);
        self.on_runtime(async move { this.look().await }).await
    }

    async fn look(&self) -> Result<Examined, NeighbourError> {
        let before = self.clock.now();
        let nobody = self.in_time(PATIENCE, async { Ok(self.upstream.base(None).await?) }).await?;
        let ahead = nobody.date.map(|date| ahead(date, before, self.clock.now()));
        let ours = async {
            let pass = self.pass(&Errand::Catalog)?;
            Ok(self.upstream.base(Some(pass.reveal())).await?)
        };
        let catalogue = async {
            let pass = self.pass(&Errand::Catalog)?;
            Ok(self.upstream.catalog_begins(pass.reveal()).await?)
        };
        let (shown, catalogue) = tokio::join!(self.in_time(PATIENCE, ours), self.in_time(CATALOGUE, catalogue));
        let accepted = match &shown {
            Ok(base) => self.upstream.accepted(base).map_err(Into::into),
            Err(_) => Ok(()),
        };
        Ok(Examined { nobody, ahead, shown, accepted, catalogue })
    }

    /// Reads the manifest of a tag, as a client that pulls would, so that the registry has something to tell of; false if it
    /// holds none that is known.
    ///
    /// # Errors
    /// [`NeighbourError`] if it does not answer.
    pub async fn read_something(self: &Arc<Self>) -> Result<bool, NeighbourError> {
        let this = Arc::clone(self);
        self.on_runtime(async move {
            let Some((name, digest)) = this.service.something_known(&this.call())? else { return Ok(false) };
            let pass = this.pass(&Errand::Read(name.clone()))?;
            let read = async { Ok(this.upstream.manifest(pass.reveal(), &name, Reference::Digest(&digest)).await?) };
            Ok(this.in_time(PATIENCE, read).await?.is_some())
        })
        .await
    }

    async fn in_time<T>(
        &self,
        seconds: u64,
        work: impl Future<Output = Result<T, NeighbourError>>,
    ) -> Result<T, NeighbourError> {
        let late = || UpstreamError::TimedOut { place: self.place().to_owned(), seconds }.into();
        timeout(Duration::from_secs(seconds), work).await.unwrap_or_else(|_| Err(late()))
    }
}

/// By how many seconds a clock is ahead that said `date` in whole seconds, at some moment from `before` to `after`; 0 if it may
/// have been right.
fn ahead(date: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let (date, before, after) = (date.seconds(), before.seconds(), after.seconds());
    if date > after { date - after } else { (date + 1 - before).min(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_as_wrong_only_by_what_the_time_of_the_answer_cannot_be() {
        let at = Timestamp::from_seconds;
        for (date, before, after, expected) in
            [(10, 10, 10, 0), (9, 10, 10, 0), (8, 10, 10, -1), (11, 10, 10, 1), (15, 10, 20, 0), (70, 10, 20, 50)]
        {
            assert_eq!(ahead(at(date), at(before), at(after)), expected, "{date} {before} {after}");
        }
    }
}
