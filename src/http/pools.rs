//! Work that may block or take long, off the threads that serve requests. Each kind has room of its own, so that one that
//! hangs or floods stops no other: changes that wait for a disk, hashes of passwords (which `service` shares out), and
//! reads that walk through everything.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::rt;
use actix_web::web;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::failure::Failure;
use crate::service::Error;

/// Most changes that wait for the disk at a time, each on a thread; further ones wait without one.
const CHANGES: usize = 128;
/// Most long reads of callers who signed in, at a time.
const READS: usize = 2;
/// Most long reads of strangers at a time. Each then rests as long as it took, so that they never have more than half of
/// one processor: a search walks all public names, and anybody may send as many as they like.
const STRANGERS: usize = 1;
/// Most long reads of strangers, and most of others, that wait.
const WAITING: usize = 32;
/// Longest wait for a long read.
const PATIENCE: Duration = Duration::from_secs(2);
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
}

/// The room for each kind of work.
pub(super) struct Pools {
    changes: Arc<Semaphore>,
    reads: Queue,
    strangers: Queue,
}

struct Queue {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Pools {
    pub(super) fn new() -> Self {
        Self { changes: Arc::new(Semaphore::new(CHANGES)), reads: Queue::new(READS), strangers: Queue::new(STRANGERS) }
    }

    /// Waits for room, and does the work on a thread that serves no requests.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        kind: Work,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let permit = match kind {
            Work::Password => None,
            Work::Change => Some(granted(Arc::clone(&self.changes).acquire_owned()).await?),
            Work::LongRead => Some(self.reads.enter().await?),
            Work::StrangersRead => Some(self.strangers.enter().await?),
        };
        let (tell, told) = oneshot::channel();
        // A task of its own: a client that hangs up gives no place back while its work goes on.
        rt::spawn(async move {
            let begun = Instant::now();
            let done = web::block(work).await;
            let rest = begun.elapsed().min(PATIENCE);
            // Whoever hung up needs no answer.
            let _ = tell.send(done);
            if kind == Work::StrangersRead {
                sleep(rest).await;
            }
            drop(permit);
        });
        match told.await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(error)) => Err(Failure::internal(&error)),
            Err(error) => Err(Failure::internal(&error)),
        }
    }
}

/// A place of a semaphore, which is never closed.
async fn granted<E: std::error::Error + 'static>(
    place: impl Future<Output = Result<OwnedSemaphorePermit, E>>,
) -> Result<OwnedSemaphorePermit, Failure> {
    place.await.map_err(|closed| Failure::internal(&closed))
}

impl Queue {
    fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0) }
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let busy = || Failure::from(Error::TooManyRequests { retry_after: COME_BACK });
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(permit);
        }
        let waits = Waits::begin(&self.waiting).ok_or_else(busy)?;
        let place = timeout(PATIENCE, granted(Arc::clone(&self.places).acquire_owned())).await;
        drop(waits);
        place.map_err(|_| busy())?
    }
}

/// One that waits; its future may be dropped when the client hangs up.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let waits = Self(waiting);
        (before < WAITING).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Work that lasts until the sender is dropped.
    fn held(pools: &Arc<Pools>, kind: Work) -> (Sender<()>, rt::task::JoinHandle<Result<(), Failure>>) {
        let (release, released) = channel::<()>();
        let pools = Arc::clone(pools);
        let work = move || {
            let _ = released.recv();
            Ok(())
        };
        (release, rt::spawn(async move { pools.run(kind, work).await }))
    }

    async fn answers(pools: &Pools, kind: Work) -> bool {
        pools.run(kind, || Ok(())).await.is_ok()
    }

    #[actix_web::test]
    async fn no_kind_of_work_holds_up_another() {
        let pools = Arc::new(Pools::new());
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
        let pools = Arc::new(Pools::new());
        let (release, first) = held(&pools, Work::StrangersRead);
        while pools.strangers.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.is_err());
        assert_eq!(pools.strangers.places.available_permits(), 0);
        drop(release);
        assert!(answers(&pools, Work::StrangersRead).await);
    }

    #[actix_web::test]
    async fn a_bounded_number_of_long_reads_waits_and_the_rest_is_sent_away_at_once() {
        let pools = Arc::new(Pools::new());
        let (release, first) = held(&pools, Work::StrangersRead);
        tokio::task::yield_now().await;
        let waiting: Vec<_> = (0..WAITING).map(|_| held(&pools, Work::StrangersRead)).collect();
        while pools.strangers.waiting.load(Ordering::Relaxed) < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(!answers(&pools, Work::StrangersRead).await);
        assert!(answers(&pools, Work::LongRead).await);
        // Whoever hangs up leaves the queue.
        waiting.iter().for_each(|(_, task)| task.abort());
        drop(waiting);
        while pools.strangers.waiting.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        drop(release);
        assert!(first.await.is_ok_and(|done| done.is_ok()));
        assert!(answers(&pools, Work::StrangersRead).await, "after the rest");
    }
}
