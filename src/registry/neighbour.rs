//! The registry next door, as the rest of dockpass sees it: compare with it, describe a tag, delete in it.
//!
//! Everything that asks the registry runs on one runtime, whose connections stay open, whatever thread asks for it. What
//! blocks (a change of the store) runs on threads that serve no requests.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::AbortHandle;

use super::gateway::{self, Gateway};
use super::progress::Progress;
use super::upstream::{Upstream, UpstreamError};
use super::waiting::{WaitingTag, WaitingTags};
use crate::causes::with_causes;
use crate::correlation;
use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;
use crate::domain::registry::Phase;
use crate::domain::time::Clock;
use crate::service::{Call, Errand, Pass, Service};

/// Tags that are deleted at the same time.
const DELETIONS: usize = 2;
/// After a comparison that failed, the first wait before the next, in seconds; it doubles up to the usual interval.
const FIRST_WAIT: u64 = 10;
/// A manifest that could not be read is asked for once more after this time.
const ONCE_MORE: Duration = Duration::from_secs(3);

/// Why work with the registry failed.
#[derive(Debug, thiserror::Error)]
pub enum NeighbourError {
    /// The registry gave no usable answer.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The use-case failed.
    #[error(transparent)]
    Service(#[from] crate::service::Error),
    /// The registry deletes by manifest, and these other tags lead to the same one.
    #[error("nothing was deleted: the registry deletes whole manifests only, and other tags lead to the same one: {}", others.join(", "))]
    SharesManifest {
        /// Some of them.
        others: Vec<String>,
    },
    /// The registry deletes by manifest, and this tag, which cannot be read, may lead to the same one.
    #[error(
        "nothing was deleted: the registry deletes whole manifests only, and the tag {tag}, which cannot be read, may lead to the same one"
    )]
    UnreadTag {
        /// The tag.
        tag: TagName,
        /// Why it cannot be read.
        #[source]
        cause: UpstreamError,
    },
    /// The registry is configured to delete nothing.
    #[error("the registry deletes nothing: storage.delete.enabled is not set there")]
    DeletionDisabled,
    /// The registry's list does not end.
    #[error("the registry gives {0} without end")]
    Endless(&'static str),
    /// dockpass is ending.
    #[error("dockpass is ending")]
    Ending,
}

/// Whether the next repository would meet the same error.
pub(super) fn ends_all(error: &NeighbourError) -> bool {
    match error {
        NeighbourError::Upstream(error) => match error {
            UpstreamError::Url(_)
            | UpstreamError::Trust(_)
            | UpstreamError::Unreachable { .. }
            | UpstreamError::Tls { .. } => true,
            UpstreamError::TimedOut { .. }
            | UpstreamError::Refused { .. }
            | UpstreamError::Forbidden { .. }
            | UpstreamError::Busy { .. }
            | UpstreamError::Status { .. }
            | UpstreamError::Unusable { .. }
            | UpstreamError::TooLarge { .. } => false,
        },
        NeighbourError::Service(_) | NeighbourError::Ending => true,
        NeighbourError::SharesManifest { .. }
        | NeighbourError::UnreadTag { .. }
        | NeighbourError::DeletionDisabled
        | NeighbourError::Endless(_) => false,
    }
}

/// Whether the registry gave no answer at all.
pub(super) fn is_silence(error: &NeighbourError) -> bool {
    match error {
        NeighbourError::Upstream(error) => error.is_silence(),
        NeighbourError::Service(_)
        | NeighbourError::SharesManifest { .. }
        | NeighbourError::UnreadTag { .. }
        | NeighbourError::DeletionDisabled
        | NeighbourError::Endless(_)
        | NeighbourError::Ending => false,
    }
}

/// The registry next door.
pub struct Neighbour {
    pub(super) service: Arc<Service>,
    pub(super) upstream: Upstream,
    pub(super) clock: Clock,
    runtime: Handle,
    progress: Mutex<Progress>,
    /// Stops the comparison that is at work.
    stop: Mutex<Option<oneshot::Sender<()>>>,
    waiting: Mutex<WaitingTags>,
    /// Deletions of tags at the same time: each may ask for every tag of a repository.
    pub(super) deletions: Arc<Semaphore>,
    news: Notify,
    sweep: Notify,
    tasks: Mutex<Vec<AbortHandle>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Neighbour {
    /// Prepares it on the runtime of the calling thread. Nothing is asked yet.
    #[must_use]
    pub fn new(service: Arc<Service>, upstream: Upstream, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            service,
            upstream,
            clock,
            runtime: Handle::current(),
            progress: Mutex::default(),
            stop: Mutex::default(),
            waiting: Mutex::default(),
            deletions: Arc::new(Semaphore::new(DELETIONS)),
            news: Notify::new(),
            sweep: Notify::new(),
            tasks: Mutex::default(),
        })
    }

    /// Its URL, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        self.upstream.place()
    }

    /// The present comparison, or the last one.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.locked_progress().clone()
    }

    pub(super) fn locked_progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }

    /// Compares now, then every `interval`, and does what is asked for with `…_soon`.
    pub fn watch(self: &Arc<Self>, interval: Duration) {
        let this = Arc::clone(self);
        self.spawn(async move { this.compare_for_ever(interval).await });
        let this = Arc::clone(self);
        self.spawn(async move { this.describe_for_ever().await });
        let this = Arc::clone(self);
        self.spawn(async move { this.sweep_for_ever().await });
    }

    /// Looks after the registry, which is the one behind this gateway, without a client.
    pub fn look_after(&self, gateway: Arc<Gateway>) {
        self.spawn(gateway::look_after(gateway, Arc::clone(&self.service), self.clock.clone()));
    }

    /// Begins a comparison of everything; false if one is at work.
    pub fn begin(self: &Arc<Self>) -> bool {
        let Some(stop) = self.begins() else { return false };
        let this = Arc::clone(self);
        self.spawn(async move {
            let _ = this.run(stop).await;
        });
        true
    }

    /// Stops the comparison that is at work. What it has found stays.
    pub fn stop(&self) {
        if let Some(stop) = lock(&self.stop).take() {
            // Nobody listens any more where it has just ended.
            let _ = stop.send(());
        }
    }

    /// Queues a tag that was just pushed, to have its manifest read soon.
    pub fn describe_soon(&self, name: RepositoryName, tag: TagName) {
        if lock(&self.waiting).add((name, tag)) {
            self.news.notify_one();
        }
    }

    /// Wakes the deletion of the content of deleted repositories.
    pub fn sweep_soon(&self) {
        self.sweep.notify_one();
    }

    /// Ends everything that is under way, for good.
    pub fn end(&self) {
        lock(&self.tasks).drain(..).for_each(|task| task.abort());
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(self.runtime.spawn(task).abort_handle());
    }

    /// Runs a future on the runtime that owns the connections.
    pub(super) async fn on_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, NeighbourError>> + Send + 'static,
    ) -> Result<T, NeighbourError> {
        self.runtime.spawn(correlation::carried(work)).await.unwrap_or(Err(NeighbourError::Ending))
    }

    /// Runs a use-case that may block.
    pub(super) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service, &Call) -> Result<T, crate::service::Error> + Send + 'static,
    ) -> Result<T, NeighbourError> {
        self.block_as(self.call(), work).await
    }

    /// The same under a caller's call.
    pub(super) async fn block_as<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&Service, &Call) -> Result<T, crate::service::Error> + Send + 'static,
    ) -> Result<T, NeighbourError> {
        let service = Arc::clone(&self.service);
        let done = tokio::task::spawn_blocking(move || work(&service, &call)).await;
        done.map_or(Err(NeighbourError::Ending), |result| Ok(result?))
    }

    /// A call in the registry's own name.
    pub(super) fn call(&self) -> Call {
        Call { caller: Service::registry(), now: self.clock.now(), user_agent: String::new() }
    }

    pub(super) fn pass(&self, errand: &Errand) -> Result<Pass, NeighbourError> {
        Ok(self.service.own_pass(&self.call(), errand)?)
    }

    /// Notes that a comparison begins, unless one is at work; returns the receiver that stops it.
    fn begins(&self) -> Option<oneshot::Receiver<()>> {
        let known = self.service.repositories_count();
        let mut progress = self.locked_progress();
        if progress.phase == Phase::Running {
            return None;
        }
        *progress = Progress::begun(self.clock.now(), known);
        let (sender, receiver) = oneshot::channel();
        *lock(&self.stop) = Some(sender);
        Some(receiver)
    }

    /// Runs the comparison that has begun; returns whether it succeeded.
    async fn run(self: &Arc<Self>, stop: oneshot::Receiver<()>) -> bool {
        log::info!("comparing with the registry at {}", self.place());
        let (phase, error) = tokio::select! {
            ended = self.compare_all() => match ended {
                Ok(()) => (Phase::Done, String::new()),
                Err(error) => (Phase::Failed, with_causes(&error)),
            },
            _ = stop => (Phase::Stopped, String::new()),
        };
        let mut progress = self.locked_progress();
        progress.end(phase, self.clock.now(), error);
        let counts = progress.counts;
        if phase == Phase::Failed {
            log::warn!("the comparison with the registry ended early: {}", progress.error);
        }
        log::info!("compared with the registry ({}): {counts}", phase.as_str());
        phase != Phase::Failed
    }

    async fn compare_for_ever(self: &Arc<Self>, interval: Duration) {
        let mut wait = Duration::from_secs(FIRST_WAIT);
        loop {
            let went_through = match self.begins() {
                Some(stop) => self.run(stop).await,
                None => true,
            };
            let pause = if went_through { interval } else { wait.min(interval) };
            wait = if went_through { Duration::from_secs(FIRST_WAIT) } else { wait.saturating_mul(2) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn describe_for_ever(self: &Arc<Self>) {
        loop {
            self.news.notified().await;
            let failed = self.describe_each(std::iter::from_fn(|| self.next_waiting())).await;
            // While the same manifest is pushed again, the registry may have half of it (2.8.2 answers 500 then).
            if !failed.is_empty() {
                tokio::time::sleep(ONCE_MORE).await;
                self.describe_each(failed).await;
            }
        }
    }

    /// Reads the manifests of these tags; those that could not be read come back.
    async fn describe_each(&self, tags: impl Iterator<Item = WaitingTag> + Send) -> WaitingTags {
        let mut failed = WaitingTags::default();
        for (name, tag) in tags {
            if let Err(error) = self.describe(&name, &tag).await {
                log::debug!("the manifest of {name}:{tag} waits: {}", with_causes(&error));
                failed.add((name, tag));
            }
        }
        failed
    }

    fn next_waiting(&self) -> Option<WaitingTag> {
        lock(&self.waiting).next()
    }

    async fn sweep_for_ever(self: &Arc<Self>) {
        loop {
            self.sweep.notified().await;
            if let Err(error) = self.sweep().await {
                log::warn!("content of deleted repositories stays for now: {}", with_causes(&error));
            }
        }
    }
}
