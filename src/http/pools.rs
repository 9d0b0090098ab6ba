//! Work that may block or take long, off the threads that serve requests. Each kind has room of its own, shared out by
//! where it comes from, so that one that hangs or floods stops no other: changes that wait for a disk, hashes of
//! passwords (which `service` shares out), reads that walk through much, looks for the metrics, and what the registry behind the gateway does.

mod queue;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_web::web;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::failure::Failure;
use crate::service::Error;
use queue::Queue;
pub(super) use queue::{Place, Source};

/// Most changes that wait for the disk at a time, each on a thread; further ones wait without one.
const CHANGES: usize = 128;
/// Most changes that wait without a thread, and how long: longer than any client waits.
const CHANGES_WAITING: usize = 100_000;
const CHANGES_PATIENCE: Duration = Duration::from_mins(10);
/// Most long reads of callers who signed in, at a time; the local socket has as many of its own.
const READS: usize = 2;
/// Most long reads of strangers at a time. Each then rests as long as it took, so that they never have more than half of
/// one processor: anybody may send as many as they like.
const STRANGERS: usize = 1;
/// Most looks of each kind for the metrics, at a time.
const FIGURES: usize = 1;
/// Shortest rest after a long read of a stranger: the index makes many of them short, and handing each from thread to
/// thread costs more than itself.
const SHORTEST_REST: Duration = Duration::from_millis(2);
/// Most long reads of each kind that wait.
const WAITING: usize = 32;
/// Longest wait for a long read.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Most requests that wait for room at the registry behind the gateway, and how long.
const UPSTREAM_WAITING: usize = 1_024;
const UPSTREAM_PATIENCE: Duration = Duration::from_secs(5);
/// Most large manifests at a time that are on their way there, each held in memory.
const MANIFESTS: usize = 16;
/// Backups at a time, and how many wait: they hold threads of their own.
const BACKUPS: usize = 1;
const BACKUPS_WAITING: usize = 4;
/// After how many seconds callers are told to come back.
const COME_BACK: i64 = 2;
/// Threads of a worker for all of this: changes, waiting sign-ins, reads, and some to spare.
pub(super) const THREADS: usize = 256;

/// What kind of work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// A change, answered when it is on the disk.
    Change,
    /// Comparing a password, for which `service` has a gate of its own.
    Password,
    /// A read that walks through much, for a caller who signed in.
    LongRead,
    /// The same for a stranger.
    StrangersRead,
    /// A walk through memory for the metrics.
    Census,
    /// A look at the disk for the metrics, which may hang with it.
    Disk,
}

/// The room for each kind of work.
pub(super) struct Pools {
    changes: Arc<Queue>,
    reads: Arc<Queue>,
    /// Reads over the local socket.
    local: Arc<Queue>,
    strangers: Arc<Queue>,
    /// What the metrics walk through.
    census: Arc<Queue>,
    /// What they ask the disk.
    disk: Arc<Queue>,
    /// Requests that are at the registry behind the gateway.
    upstream: Arc<Queue>,
    /// Those of nobody, among them.
    upstream_nobody: Arc<Queue>,
    /// Large manifests on their way there.
    manifests: Arc<Queue>,
    /// Backups that are being made.
    backups: Arc<Queue>,
}

/// Room at the registry behind the gateway, until it is dropped.
pub(super) struct UpstreamPlace {
    _among_all: Place,
    _among_nobody: Option<Place>,
}

/// What those are told for whom there is no room.
pub(super) fn busy() -> Failure {
    Error::TooManyRequests { retry_after: COME_BACK }.into()
}

impl Pools {
    /// With so many requests at the registry behind the gateway. One source has at most half of that: a stream goes on for
    /// as long as its client takes. Those who have not signed in have at most half of it together, and one source of them a
    /// quarter of theirs: nobody knows who they are.
    pub(super) fn new(upstream: usize) -> Self {
        let reads = |places| Queue::new(places, WAITING, PATIENCE);
        let shared = |places, share| Queue::sharing(places, share, UPSTREAM_WAITING, UPSTREAM_PATIENCE);
        let halved = |places: usize| shared(places, places.div_ceil(2));
        let half = upstream.div_ceil(2);
        Self {
            upstream: halved(upstream),
            upstream_nobody: shared(half, half.div_ceil(4)),
            manifests: halved(MANIFESTS),
            backups: Queue::new(BACKUPS, BACKUPS_WAITING, PATIENCE),
            changes: Queue::new(CHANGES, CHANGES_WAITING, CHANGES_PATIENCE),
            reads: reads(READS),
            local: reads(READS),
            strangers: reads(STRANGERS),
            census: reads(FIGURES),
            disk: reads(FIGURES),
        }
    }

    /// Waits for room at the registry behind the gateway, for somebody who has signed in or not; none after some seconds.
    pub(super) async fn at_upstream(&self, source: Source, is_nobody: bool) -> Option<UpstreamPlace> {
        let among_nobody = if is_nobody { Some(self.upstream_nobody.enter(source).await?) } else { None };
        Some(UpstreamPlace { _among_all: self.upstream.enter(source).await?, _among_nobody: among_nobody })
    }

    /// How many requests are there.
    pub(super) fn requests_at_upstream(&self) -> usize {
        self.upstream.taken()
    }

    /// Waits for room for a large manifest; none after some seconds.
    pub(super) async fn for_manifest(&self, source: Source) -> Option<Place> {
        self.manifests.enter(source).await
    }

    /// Waits for room to make a backup; none while another one is made.
    pub(super) async fn for_backup(&self) -> Option<Place> {
        self.backups.enter(None).await
    }

    /// Waits for room, then for `turn`, and does the work on a thread that serves no requests.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        kind: Work,
        source: Source,
        turn: impl Future<Output = Result<(), Failure>>,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = self.enter(kind, source).await?;
        turn.await?;
        let (tell, told) = oneshot::channel();
        // Whoever hung up needs no answer.
        hand_over(kind, place, Box::new(move || drop(tell.send(work()))));
        Ok(told.await.map_err(|error| Failure::internal(&error))??)
    }

    /// Waits for room; none is asked for where `service` has a gate.
    async fn enter(&self, kind: Work, source: Source) -> Result<Option<Place>, Failure> {
        let queue = match (kind, source) {
            (Work::Password, _) => return Ok(None),
            (Work::Change, _) => &self.changes,
            (Work::LongRead, Some(_)) => &self.reads,
            (Work::LongRead, None) => &self.local,
            (Work::StrangersRead, _) => &self.strangers,
            (Work::Census, _) => &self.census,
            (Work::Disk, _) => &self.disk,
        };
        queue.enter(source).await.map(Some).ok_or_else(busy)
    }
}

/// Has the work done, in a task of its own: a client that hangs up gives no place back while its work goes on. Every
/// operation hands over work of its own kind; as a box, all of it is one kind of task in the program.
fn hand_over(kind: Work, place: Option<Place>, work: Box<dyn FnOnce() + Send>) {
    rt::spawn(async move {
        let begun = Instant::now();
        if let Err(error) = web::block(work).await {
            log::error!("work for a request did not end: {error}");
        }
        let rest = begun.elapsed().clamp(SHORTEST_REST, PATIENCE);
        if kind == Work::StrangersRead {
            sleep(rest).await;
        }
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    const HOST: Source = Some(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    /// Work that lasts until the sender is dropped.
    fn held(pools: &Arc<Pools>, kind: Work) -> (Sender<()>, rt::task::JoinHandle<Result<(), Failure>>) {
        let (release, released) = channel::<()>();
        let pools = Arc::clone(pools);
        let work = move || {
            let _ = released.recv();
            Ok(())
        };
        (release, rt::spawn(async move { pools.run(kind, HOST, ready(Ok(())), work).await }))
    }

    async fn answers(pools: &Pools, kind: Work) -> bool {
        pools.run(kind, HOST, ready(Ok(())), || Ok(())).await.is_ok()
    }

    #[actix_web::test]
    async fn no_kind_of_work_holds_up_another() {
        let pools = Arc::new(Pools::new(8));
        let changes: Vec<_> = (0..2 * CHANGES).map(|_| held(&pools, Work::Change)).collect();
        let reads: Vec<_> = (0..STRANGERS).map(|_| held(&pools, Work::StrangersRead)).collect();
        tokio::task::yield_now().await;
        assert!(answers(&pools, Work::Password).await && answers(&pools, Work::LongRead).await);
        let (releases, tasks): (Vec<_>, Vec<_>) = changes.into_iter().chain(reads).unzip();
        drop(releases);
        for task in tasks {
            assert!(task.await.is_ok_and(|done| done.is_ok()));
        }
    }

    #[actix_web::test]
    async fn who_hangs_up_gives_no_place_back_while_the_work_goes_on() {
        let pools = Arc::new(Pools::new(8));
        let (release, first) = held(&pools, Work::StrangersRead);
        while pools.strangers.free() > 0 {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.is_err());
        assert_eq!(pools.strangers.free(), 0);
        drop(release);
        assert!(answers(&pools, Work::StrangersRead).await);
    }

    #[actix_web::test]
    async fn a_bounded_number_of_long_reads_waits_and_the_rest_is_sent_away_at_once() {
        let pools = Arc::new(Pools::new(8));
        let (release, first) = held(&pools, Work::StrangersRead);
        tokio::task::yield_now().await;
        let waiting: Vec<_> = (0..WAITING).map(|_| held(&pools, Work::StrangersRead)).collect();
        while pools.strangers.waiting() < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(!answers(&pools, Work::StrangersRead).await);
        assert!(answers(&pools, Work::LongRead).await);
        // Whoever hangs up leaves the queue.
        waiting.iter().for_each(|(_, task)| task.abort());
        drop(waiting);
        while pools.strangers.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        drop(release);
        assert!(first.await.is_ok_and(|done| done.is_ok()));
        assert!(answers(&pools, Work::StrangersRead).await, "after the rest");
    }
}
