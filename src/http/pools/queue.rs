//! A queue for places, shared out by source: whoever had fewest lately comes first, in a full queue those with many
//! waiting give way to those with few, and no source has more than its share of places that are held for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// After so many places the counts of all sources are halved, so that what was long ago counts less.
const ROUND: u32 = 256;

/// Where work comes from; none is this machine, over the local socket, or a proxy that stands for many.
pub(in crate::http) type Source = Option<IpAddr>;

/// Places, and those who wait for one.
pub(super) struct Queue {
    crowd: Mutex<Crowd>,
    /// Most that wait.
    most: usize,
    /// Longest wait.
    patience: Duration,
    /// Most places of one source.
    share: usize,
}

struct Crowd {
    free: usize,
    /// Places that each source has now.
    held: HashMap<Source, usize>,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    /// Places that each source had in this round, and half of those in the rounds before.
    served: HashMap<Source, u32>,
    round: u32,
}

struct Waiting {
    source: Source,
    call: oneshot::Sender<Place>,
}

/// A place; whoever drops it gives it back.
pub(in crate::http) struct Place {
    queue: Option<Arc<Queue>>,
    source: Source,
}

impl Queue {
    pub(super) fn new(places: usize, most: usize, patience: Duration) -> Arc<Self> {
        Self::sharing(places, places, most, patience)
    }

    /// With at most `share` places for one source, though more may be free; none, which is many, may have all.
    pub(super) fn sharing(places: usize, share: usize, most: usize, patience: Duration) -> Arc<Self> {
        let crowd = Crowd { free: places, held: HashMap::new(), waiting: Vec::new(), served: HashMap::new(), round: 0 };
        Arc::new(Self { crowd: Mutex::new(crowd), most, patience, share })
    }

    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; none after a while, or where too many wait.
    pub(super) async fn enter(self: &Arc<Self>, source: Source) -> Option<Place> {
        let called = {
            let mut crowd = self.lock();
            if crowd.free > 0 && crowd.may_have(source, self.share) {
                crowd.free -= 1;
                crowd.serve(source);
                return Some(self.place(source));
            }
            // Whoever hung up waits no more.
            crowd.waiting.retain(|waiting| !waiting.call.is_closed());
            if crowd.waiting.len() >= self.most {
                let last = crowd.gives_way_to(source)?;
                crowd.waiting.remove(last);
            }
            let (call, called) = oneshot::channel();
            crowd.waiting.push(Waiting { source, call });
            called
        };
        timeout(self.patience, called).await.ok()?.ok()
    }

    fn place(self: &Arc<Self>, source: Source) -> Place {
        Place { queue: Some(Arc::clone(self)), source }
    }

    /// Gives the place of a source to whoever comes first, or keeps it free.
    fn hand_on(self: Arc<Self>, from: Source) {
        let mut crowd = self.lock();
        crowd.release(from);
        while let Some(first) = crowd.next(self.share) {
            let Waiting { source, call } = crowd.waiting.remove(first);
            match call.send(self.place(source)) {
                Ok(()) => return crowd.serve(source),
                // Nobody is there any more. This one is no place: the next gets it.
                Err(mut place) => drop(place.queue.take()),
            }
        }
        crowd.free += 1;
    }

    /// Places that somebody has.
    pub(super) fn taken(&self) -> usize {
        self.lock().held.values().sum()
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.lock().free
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.iter().filter(|waiting| !waiting.call.is_closed()).count()
    }
}

impl Crowd {
    fn share_of(&self, source: Source) -> u32 {
        self.served.get(&source).copied().unwrap_or(0)
    }

    fn may_have(&self, source: Source, share: usize) -> bool {
        source.is_none() || self.held.get(&source).is_none_or(|held| *held < share)
    }

    /// Which of those that wait comes first, of those that may have one more.
    fn next(&self, share: usize) -> Option<usize> {
        let waiting = self.waiting.iter().enumerate().filter(|(_, waiting)| self.may_have(waiting.source, share));
        waiting.min_by_key(|(_, waiting)| self.share_of(waiting.source)).map(|(first, _)| first)
    }

    fn release(&mut self, source: Source) {
        if let Some(held) = self.held.get_mut(&source) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&source);
            }
        }
    }

    fn serve(&mut self, source: Source) {
        *self.held.entry(source).or_default() += 1;
        let served = self.served.entry(source).or_default();
        *served = served.saturating_add(1);
        self.round += 1;
        if self.round >= ROUND {
            self.round = 0;
            self.served.retain(|_, served| {
                *served /= 2;
                *served > 0
            });
        }
    }

    /// The last of the source with the most waiting, if those are more than the newcomer's with itself.
    fn gives_way_to(&self, source: Source) -> Option<usize> {
        let count = |of: Source| self.waiting.iter().filter(|waiting| waiting.source == of).count();
        let counts = self.waiting.iter().map(|waiting| count(waiting.source)).enumerate();
        let (last, most) = counts.max_by_key(|(place, count)| (*count, *place))?;
        (most > count(source) + 1).then_some(last)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.hand_on(self.source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// Somebody who waits; the task answers the place.
    fn waits(queue: &Arc<Queue>, source: Source) -> tokio::task::JoinHandle<Option<Place>> {
        let queue = Arc::clone(queue);
        actix_web::rt::spawn(async move { queue.enter(source).await })
    }

    async fn settled() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[actix_web::test]
    async fn who_had_fewest_comes_first() {
        let queue = Queue::new(1, 9, Duration::from_secs(9));
        let held = queue.enter(Some(host(1))).await;
        let many: Vec<_> = (0..3).map(|_| waits(&queue, Some(host(1)))).collect();
        settled().await;
        let other = waits(&queue, Some(host(2)));
        settled().await;
        drop(held);
        let second = other.await.unwrap();
        assert!(second.is_some() && !many.iter().any(tokio::task::JoinHandle::is_finished));
        drop(second);
        for one in many {
            assert!(one.await.unwrap().is_some());
        }
        assert_eq!((queue.free(), queue.waiting()), (1, 0));
    }

    #[actix_web::test]
    async fn in_a_full_queue_many_give_way_to_few() {
        let queue = Queue::new(1, 3, Duration::from_secs(9));
        let held = queue.enter(Some(host(1))).await;
        let many: Vec<_> = (0..3).map(|_| waits(&queue, Some(host(1)))).collect();
        settled().await;
        assert!(queue.enter(Some(host(1))).await.is_none(), "it has the most itself");
        let other = waits(&queue, Some(host(2)));
        settled().await;
        assert_eq!(many.iter().filter(|one| one.is_finished()).count(), 1);
        let third = waits(&queue, Some(host(3)));
        settled().await;
        assert!(!other.is_finished() && !third.is_finished());
        drop(held);
        assert!(other.await.unwrap().is_some() && third.await.unwrap().is_some());
    }

    #[actix_web::test]
    async fn who_hangs_up_leaves_the_queue_and_loses_no_place() {
        let queue = Queue::new(1, 2, Duration::from_secs(9));
        let held = queue.enter(Some(host(1))).await;
        let gone = waits(&queue, Some(host(2)));
        settled().await;
        gone.abort();
        assert!(gone.await.is_err());
        assert_eq!(queue.waiting(), 0);
        drop(held);
        assert_eq!(queue.free(), 1);
    }

    #[actix_web::test]
    async fn no_source_has_more_than_its_share_and_it_is_no_ones_loss() {
        let queue = Queue::sharing(4, 2, 9, Duration::from_secs(9));
        let first = queue.enter(Some(host(1))).await;
        let second = queue.enter(Some(host(1))).await;
        let third = waits(&queue, Some(host(1)));
        settled().await;
        assert!(!third.is_finished() && queue.free() == 2, "its share is taken");
        let others = [queue.enter(Some(host(2))).await, queue.enter(Some(host(2))).await];
        assert!(others.iter().all(Option::is_some) && queue.free() == 0);
        drop(others);
        settled().await;
        assert!(!third.is_finished() && queue.free() == 2, "places are free, and not for it");
        drop(first);
        assert!(third.await.unwrap().is_some(), "one for one");
        drop(second);
        assert_eq!((queue.free(), queue.waiting(), queue.lock().held.len()), (4, 0, 0));
        let proxied = [queue.enter(None).await, queue.enter(None).await, queue.enter(None).await];
        assert!(proxied.iter().all(Option::is_some), "behind a proxy are many");
    }

    #[actix_web::test]
    async fn nobody_waits_for_ever() {
        let queue = Queue::new(1, 2, Duration::from_millis(5));
        let _held = queue.enter(Some(host(1))).await;
        assert!(queue.enter(Some(host(2))).await.is_none());
    }
}
