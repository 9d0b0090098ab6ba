//! The pace of answers 429. Whoever is told to come back later and comes at once, many times a second, waits for the
//! further ones, without a thread: so a flood of them costs next to nothing, and others keep the processor.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::pace::{Paces, Rate};

/// Time between two answers 429 to one source, once it has had those of `AT_ONCE`.
const BETWEEN: Duration = Duration::from_millis(10);
/// The same for all sources together: a flood may come from many.
const BETWEEN_ALL: Duration = Duration::from_millis(1);
/// The answers that are given without a wait, as the time after which they are there again: 64 to a source, 640 to all, and
/// the first of the others.
const AT_ONCE: Duration = Duration::from_millis(640);
/// Longest wait: no client gives up in that time, and a stop of the server waits for it. Beyond it nothing more is used up:
/// who stops is served at once soon after.
const LONGEST: Duration = Duration::from_secs(2);

/// When answers 429 were given, to a source and to all.
pub(super) struct Refusals {
    since: Instant,
    given: Mutex<(Paces<IpAddr>, Paces<()>)>,
}

impl Refusals {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, given: Mutex::default() }
    }

    /// How long the answer 429 waits that a source is given at `now`.
    pub(super) fn wait(&self, source: IpAddr, now: Instant) -> Duration {
        let now = micros(now.duration_since(self.since));
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let (sources, all) = &mut *given;
        let wait = next(sources, source, rate(BETWEEN), now).max(next(all, (), rate(BETWEEN_ALL), now));
        Duration::from_micros(wait.unsigned_abs()).min(LONGEST)
    }
}

fn next<K: Eq + Hash>(paces: &mut Paces<K>, one: K, rate: Rate, now: i64) -> i64 {
    let wait = paces.wait(&one, rate, now);
    paces.count(one, rate, now);
    wait
}

fn rate(between: Duration) -> Rate {
    let at_once = AT_ONCE + between;
    Rate { each: micros(between), at_once: micros(at_once), most: micros(at_once + LONGEST) }
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
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
}
