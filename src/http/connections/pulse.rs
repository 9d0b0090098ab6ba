//! Whether the threads that serve requests do so: each has a small task that answers when it is asked. A thread that is
//! stuck in something does not come to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// The threads that serve requests.
#[derive(Debug, Default)]
pub(in crate::http) struct Pulse(Mutex<Vec<Weak<Worker>>>);

/// One of them.
#[derive(Debug, Default)]
struct Worker {
    /// Counts the questions.
    asked: AtomicU64,
    /// The question that was answered last.
    answered: AtomicU64,
    wake: Notify,
}

impl Worker {
    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst) == self.asked.load(Ordering::SeqCst)
    }
}

impl Pulse {
    /// From now on this thread is asked. Its task ends with its runtime, and is asked no more.
    pub(super) fn join(&self) {
        let worker = Arc::new(Worker::default());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&worker));
        actix_web::rt::spawn(async move {
            loop {
                worker.wake.notified().await;
                worker.answered.store(worker.asked.load(Ordering::SeqCst), Ordering::SeqCst);
            }
        });
    }

    fn workers(&self) -> Vec<Arc<Worker>> {
        let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| worker.strong_count() > 0);
        workers.iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether each has answered since it was asked; false where there is none.
    pub(in crate::http) fn beats(&self) -> bool {
        let workers = self.workers();
        !workers.is_empty() && workers.iter().all(|worker| worker.has_answered())
    }

    /// Asks all of them.
    pub(in crate::http) fn ask(&self) {
        for worker in self.workers() {
            worker.asked.fetch_add(1, Ordering::SeqCst);
            worker.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn who_was_asked_and_has_not_answered_is_known() {
        let pulse = Pulse::default();
        assert!(!pulse.beats(), "nobody serves");
        pulse.join();
        pulse.join();
        for _ in 0..3 {
            pulse.ask();
            // This thread is busy with us, and so has not come to it.
            assert!(!pulse.beats());
            while !pulse.beats() {
                tokio::task::yield_now().await;
            }
        }
    }

    #[test]
    fn a_thread_that_is_gone_is_asked_no_more() {
        let pulse = Arc::new(Pulse::default());
        let joined = Arc::clone(&pulse);
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                joined.join();
                tokio::task::yield_now().await;
            });
        });
        thread.join().unwrap();
        pulse.ask();
        assert!(pulse.workers().is_empty() && !pulse.beats());
    }
}
