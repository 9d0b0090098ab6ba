//! The pace of answers 429. Whoever is told to come back later and comes at once, many times a second, waits for the
//! further ones, without a thread: so a flood of them costs next to nothing, and others keep the processor.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two answers 429 to one source, once it has had those of `AT_ONCE`.
const BETWEEN: Duration = Duration::from_millis(10);
/// The same for all sources together: a flood may come from many.
const BETWEEN_ALL: Duration = Duration::from_millis(1);
/// The answers that are given without a wait, as the time after which they are there again: 64 to a source, 640 to all.
const AT_ONCE: Duration = Duration::from_millis(640);
/// Longest wait: no client gives up in that time, and a stop of the server waits for it.
const LONGEST: Duration = Duration::from_secs(2);
/// Sources that are known before those are looked through that no longer wait.
const MANY: usize = 1024;

/// When answers 429 were given.
pub(super) struct Refusals(Mutex<Known>);

struct Known {
    all: Used,
    sources: HashMap<IpAddr, Used>,
    /// Sources that were left when they were last looked through.
    left: usize,
}

/// Until when the answers that were given have used up the time.
#[derive(Clone, Copy)]
struct Used(Instant);

impl Used {
    /// How long an answer at `now` waits, each having `between` for itself.
    fn wait(&mut self, between: Duration, now: Instant) -> Duration {
        let ahead = self.0.duration_since(now);
        // Beyond the longest wait nothing more is used up: who stops is served at once soon after.
        if ahead < AT_ONCE + LONGEST {
            self.0 = self.0.max(now) + between;
        }
        ahead.saturating_sub(AT_ONCE).min(LONGEST)
    }
}

impl Refusals {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Known { all: Used(now), sources: HashMap::new(), left: 0 }))
    }

    /// How long the answer 429 waits that a source is given at `now`.
    pub(super) fn wait(&self, source: IpAddr, now: Instant) -> Duration {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(now);
        let own = known.sources.entry(source).or_insert(Used(now)).wait(BETWEEN, now);
        own.max(known.all.wait(BETWEEN_ALL, now))
    }
}

impl Known {
    /// Drops sources that are as good as new, when twice as many are known as the last time.
    fn forget(&mut self, now: Instant) {
        if self.sources.len() >= MANY.max(self.left * 2) {
            self.sources.retain(|_, used| used.0 > now);
            self.left = self.sources.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn waits(refusals: &Refusals, count: u32, now: Instant) -> Vec<Duration> {
        (0..count).map(|_| refusals.wait(HOST, now)).collect()
    }

    #[tokio::test]
    async fn a_source_has_some_at_once_and_waits_for_the_further_ones_but_not_for_ever() {
        let now = Instant::now();
        let refusals = Refusals::new(now);
        assert!(waits(&refusals, 65, now).iter().all(Duration::is_zero));
        assert_eq!(waits(&refusals, 3, now), [10, 20, 30].map(Duration::from_millis));
        let other = IpAddr::V4(Ipv4Addr::BROADCAST);
        assert_eq!(refusals.wait(other, now), Duration::ZERO);
        assert!(waits(&refusals, 10_000, now).iter().all(|wait| *wait <= LONGEST));
        assert_eq!(refusals.wait(HOST, now), LONGEST);
        // A flood of hours is forgiven as soon as a short one.
        let later = now + LONGEST + AT_ONCE + BETWEEN;
        assert!(waits(&refusals, 65, later).iter().all(Duration::is_zero));
    }

    #[tokio::test]
    async fn many_sources_wait_together() {
        let now = Instant::now();
        let refusals = Refusals::new(now);
        let wait = |number: u32| refusals.wait(IpAddr::V4(Ipv4Addr::from(number)), now);
        assert!((0..641).all(|number| wait(number).is_zero()));
        assert_eq!([wait(641), wait(642)], [1, 2].map(Duration::from_millis));
    }

    #[tokio::test]
    async fn sources_that_wait_for_nothing_are_forgotten() {
        let now = Instant::now();
        let refusals = Refusals::new(now);
        for number in 0..10_000u32 {
            let source = IpAddr::V4(Ipv4Addr::from(number));
            assert_eq!(refusals.wait(source, now + BETWEEN * number), Duration::ZERO);
        }
        assert!(refusals.0.lock().unwrap().sources.len() <= MANY);
    }
}
