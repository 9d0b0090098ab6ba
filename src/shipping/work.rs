//! The threads that do the work of the ways. One in which something fails inside (a panic, which is a fault of dockpass) is
//! told by whoever it belongs to, and begins again from where its receiver is.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// After so long, what has failed inside begins again.
pub(super) const AGAIN: Duration = Duration::from_secs(10);
/// How long all of it may take to end, and how often it is looked whether it has.
const LAST: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(5);
/// What is told where something has failed inside.
const FAILED: &str = "it failed inside, which is a fault of dockpass; the log says where";

/// What tells a thread to end.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<()>);

impl Stop {
    /// Works until it is told to end, or the work is done.
    pub(super) async fn or(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            // Nobody sends: the other side is dropped.
            _ = self.0.changed() => {}
            () = work => {}
        }
    }

    fn is_told(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

/// A thread that ends when it is told to.
pub(super) struct Work {
    /// Dropped, it tells the thread to end.
    stop: watch::Sender<()>,
    thread: JoinHandle<()>,
}

impl Work {
    /// Begins; `told` hears why it does not work, if it failed inside, and `again` later it is made anew.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start<F: Future<Output = ()>>(
        name: &str,
        again: Duration,
        told: impl Fn(String) + Send + 'static,
        mut make: impl FnMut(Stop) -> F + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(());
        let mut stopped = Stop(stopped);
        let work = move || {
            while let Err(why) = attempt(|| make(stopped.clone())) {
                told(why);
                // The wait is worth no fault of its own: without a runtime it is none.
                let _ = attempt(|| stopped.or(sleep(again)));
                if stopped.is_told() {
                    return;
                }
            }
        };
        let thread = Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { stop, thread })
    }
}

/// Does the work on a runtime of its own.
///
/// # Errors
/// In words, if there is no runtime, or the work panics.
fn attempt<F: Future<Output = ()>>(make: impl FnOnce() -> F) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the operating system gives nothing to wait with: {error}"))?;
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { make().await }))).map_err(|_| FAILED.to_owned())
}

/// Ends all of it.
pub(super) fn end(works: Vec<Work>) {
    let (stops, threads): (Vec<_>, Vec<_>) = works.into_iter().map(|Work { stop, thread }| (stop, thread)).unzip();
    // All at once: each may take a moment to end in order.
    drop(stops);
    wait_for(threads);
}

/// Waits for threads that end, and not for ever: the file system that one of them waits for may hang, and what is still to be
/// written here must not be lost with it.
pub(super) fn wait_for(threads: Vec<JoinHandle<()>>) {
    let begun = Instant::now();
    for thread in threads {
        while !thread.is_finished() && begun.elapsed() < LAST {
            std::thread::sleep(MOMENT);
        }
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if !thread.is_finished() {
            log::error!("the thread {name} does not end, and is left behind");
        } else if thread.join().is_err() {
            log::error!("the thread {name} ended badly");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_fails_inside_is_told_and_begins_again_until_it_is_to_end() {
        let (heard, told) = channel();
        let (begun, begins) = channel();
        let mut attempts = 0;
        let work = Work::start(
            "fails",
            Duration::ZERO,
            move |why| heard.send(why).unwrap(),
            move |mut stop| {
                attempts += 1;
                let (attempt, begun) = (attempts, begun.clone());
                async move {
                    begun.send(attempt).unwrap();
                    assert!(attempt > 2, "the one of attempt {attempt}");
                    stop.or(std::future::pending()).await;
                }
            },
        );
        let work = work.unwrap();
        assert_eq!([(); 3].map(|()| begins.recv().unwrap()), [1, 2, 3]);
        end(vec![work]);
        assert_eq!(told.iter().collect::<Vec<_>>(), [FAILED; 2]);
        assert!(begins.recv().is_err(), "it has ended");
    }

    #[test]
    fn one_that_waits_to_begin_again_ends_at_once() {
        let (heard, told) = channel();
        let fails = |_| async { panic!("always") };
        let work = Work::start("waits", Duration::MAX, move |why| heard.send(why).unwrap(), fails).unwrap();
        assert_eq!(told.recv().unwrap(), FAILED);
        let Work { stop, thread } = work;
        drop(stop);
        thread.join().unwrap();
    }
}
