//! Moments and the one clock.
//!
//! Owns [`Timestamp`], its RFC 3339 text form, [`Moment`], and [`Clock`], the only place that asks the operating system for
//! the time. Everything else takes the time as an argument, so that expiry can be tested to the millisecond.
//!
//! A date is a [`Timestamp`]: what people set, what stands in a record, when a certificate ends. How long ago something in
//! memory was is the difference of two [`Moment`]s: a clock that was wrong and is put right must neither lock anybody out
//! for years nor end sessions.

use std::fmt;
use std::iter;
use std::num::NonZeroI64;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// Milliseconds in a second.
const MILLIS: i64 = 1_000;

/// The years that RFC 3339 can write: 0001 to 9999.
const EARLIEST: i64 = -62_135_596_800_000;
const LATEST: i64 = 253_402_300_799_999;

/// What moments are counted from in memory, so that none has the number 0.
const BEFORE: i64 = EARLIEST - 1;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; always between the years 1 and 9999.
///
/// No moment is 0 inside, so that one that may be missing takes no more room: access tokens have many of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroI64);

impl Timestamp {
    /// `0001-01-01T00:00:00Z`, the time of what never happened (as DTR's and zot's `lastUsed` print it).
    pub const NEVER: Timestamp = Timestamp::within(EARLIEST);

    /// The last moment that there is.
    pub const LAST: Timestamp = Timestamp::within(LATEST);

    /// Of milliseconds since 1970 that are within the years 1 to 9999.
    const fn within(millis: i64) -> Self {
        match NonZeroI64::new(millis - BEFORE) {
            Some(inside) => Self(inside),
            None => Self(NonZeroI64::MIN),
        }
    }

    /// The moment `millis` milliseconds after 1970, held within the years 1 to 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self::within(millis.clamp(EARLIEST, LATEST))
    }

    /// The moment `seconds` seconds after 1970, held within the years 1 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_millis(seconds.saturating_mul(MILLIS))
    }

    /// Milliseconds since 1970; negative before.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.get() + BEFORE
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.millis().div_euclid(MILLIS)
    }

    /// This moment, later by `seconds` (earlier if negative).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_millis(self.millis().saturating_add(seconds.saturating_mul(MILLIS)))
    }

    /// This moment without its part of a second.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self::from_seconds(self.seconds())
    }

    /// Reads an RFC 3339 time, or a date alone (`2026-01-31`, its first moment in UTC).
    ///
    /// # Errors
    /// [`InvalidTime`] for anything else, and for years outside 1 to 9999.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        Self::of(OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| InvalidTime)?)
    }

    /// Reads the date of an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
    ///
    /// # Errors
    /// [`InvalidTime`] for anything else, and for years outside 1 to 9999.
    pub fn parse_http(text: &str) -> Result<Self, InvalidTime> {
        Self::of(OffsetDateTime::parse(text, &Rfc2822).map_err(|_| InvalidTime)?)
    }

    fn of(moment: OffsetDateTime) -> Result<Self, InvalidTime> {
        let millis = moment.unix_timestamp_nanos() / 1_000_000;
        let millis = i64::try_from(millis).map_err(|_| InvalidTime)?;
        if (EARLIEST..=LATEST).contains(&millis) { Ok(Self::within(millis)) } else { Err(InvalidTime) }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.millis())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis() % MILLIS == 0 {
            return f.write_str(std::str::from_utf8(&self.of_seconds().map_err(|_| fmt::Error)?).unwrap_or_default());
        }
        let nanos = i128::from(self.millis()) * 1_000_000;
        let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Timestamp {
    /// The text of whole seconds, which nearly all times are, and of which each registry token has one: in a fraction of the
    /// time that the general way takes.
    fn of_seconds(self) -> Result<[u8; 20], time::error::ComponentRange> {
        let moment = OffsetDateTime::from_unix_timestamp(self.seconds())?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let month = u8::from(month);
        let mut text = *b"0000-00-00T00:00:00Z";
        let parts = [(5, month), (8, day), (11, hour), (14, minute), (17, second)];
        let parts = parts.map(|(place, number)| (place..place + 2, u32::from(number)));
        for (places, mut number) in iter::once((0..4, year.unsigned_abs())).chain(parts) {
            for digit in text.get_mut(places).into_iter().flatten().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        Ok(text)
    }

    /// The same text with three digits of milliseconds always, for columns.
    #[must_use]
    pub fn in_millis(self) -> String {
        let text = self.to_string();
        let (seconds, rest) = text.split_at_checked(19).unwrap_or((&text, ""));
        let digits = rest.trim_start_matches('.').trim_end_matches('Z');
        format!("{seconds}.{digits:0<3}Z")
    }
}

impl Serialize for Timestamp {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A point of time that is never set: milliseconds since the machine was started, whatever the date. It goes on while
/// the machine sleeps (`CLOCK_BOOTTIME`, not `CLOCK_MONOTONIC`): a lock of a minute is over after a night, and a session
/// that ends after hours without use is not kept alive by a closed lid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment `seconds` seconds after the machine was started.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS))
    }

    /// Whole seconds since the machine was started, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MILLIS)
    }

    /// Milliseconds since the machine was started.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This moment, later by `seconds` (earlier if negative).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MILLIS)))
    }

    /// The date of this moment, if it is `date` at the moment `now`.
    #[must_use]
    pub fn on(self, date: Timestamp, now: Self) -> Timestamp {
        Timestamp::from_millis(date.millis().saturating_add(self.0.saturating_sub(now.0)))
    }

    /// The moment at which it was `then`, if it is `date` now; now at the latest, where `then` is still to come.
    #[must_use]
    pub fn of_past(self, date: Timestamp, then: Timestamp) -> Self {
        Self(self.0.saturating_sub(date.millis().saturating_sub(then.millis()).max(0)))
    }
}

/// The text is no RFC 3339 time and no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-01-31T12:00:00Z or a date like 2026-01-31")]
pub struct InvalidTime;

/// Where the time comes from: the operating system, or a fixed time that tests set.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    fixed: Option<Arc<Hands>>,
}

/// The hands of a fixed clock, in milliseconds.
#[derive(Debug)]
struct Hands {
    date: AtomicI64,
    moment: AtomicI64,
}

impl Clock {
    /// The operating system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::pass`] or [`Clock::set`]. Clones share its time.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        let hands = Hands { date: AtomicI64::new(at.millis()), moment: AtomicI64::new(MILLIS) };
        Self { fixed: Some(Arc::new(hands)) }
    }

    /// How long the machine runs.
    #[must_use]
    pub fn moment(&self) -> Moment {
        if let Some(hands) = &self.fixed {
            return Moment(hands.moment.load(Ordering::SeqCst));
        }
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Moment(since.tv_sec.saturating_mul(MILLIS).saturating_add(since.tv_nsec / 1_000_000))
    }

    /// The same to the nanosecond, for what is measured.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        if let Some(hands) = &self.fixed {
            return Duration::from_millis(hands.moment.load(Ordering::SeqCst).unsigned_abs());
        }
        let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(since.tv_sec.unsigned_abs(), u32::try_from(since.tv_nsec).unwrap_or(0))
    }

    /// The date.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the operating system's clock")]
    pub fn now(&self) -> Timestamp {
        if let Some(hands) = &self.fixed {
            return Timestamp::from_millis(hands.date.load(Ordering::SeqCst));
        }
        Timestamp::from_millis(match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        })
    }

    /// Lets time pass on a fixed clock; the operating system's clock is left alone.
    pub fn pass(&self, seconds: i64) {
        self.set(self.now().plus_seconds(seconds));
        if let Some(hands) = &self.fixed {
            hands.moment.fetch_add(seconds.saturating_mul(MILLIS), Ordering::SeqCst);
        }
    }

    /// Sets a fixed clock to another date, while no time passes; the operating system's clock is left alone.
    pub fn set(&self, at: Timestamp) {
        if let Some(hands) = &self.fixed {
            hands.date.store(at.millis(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_as_rfc_3339() {
        assert_eq!(Timestamp::NEVER.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(1_500).to_string(), "1970-01-01T00:00:01.5Z");
        for text in ["2026-11-21T20:42:00Z", "1969-12-31T23:59:59.001Z", "9999-12-31T23:59:59.999Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        let of_http = Timestamp::parse_http("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(
            (of_http.to_string().as_str(), Timestamp::parse_http("soon")),
            ("1994-11-06T08:49:37Z", Err(InvalidTime))
        );
        assert_eq!(Timestamp::parse("2026-01-31").unwrap().to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(Timestamp::parse("2026-01-31T01:00:00+01:00").unwrap().to_string(), "2026-01-31T00:00:00Z");
    }

    #[test]
    fn whole_seconds_are_written_as_all_times_are() {
        for seconds in
            (-60_000_000_000..250_000_000_000).step_by(1_234_567_891).chain([-1, 0, 951_782_400, 1_709_251_199])
        {
            let (at, known) = (Timestamp::from_seconds(seconds), OffsetDateTime::from_unix_timestamp(seconds).unwrap());
            assert_eq!(at.to_string(), known.format(&Rfc3339).unwrap());
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-1-1", "1700000000", "0000-01-01T00:00:00Z", "2026-01-31T"] {
            assert_eq!(Timestamp::parse(text), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn what_the_date_is_set_to_lets_no_time_pass() {
        let clock = Clock::fixed(Timestamp::from_seconds(1_000));
        let (begun, copy) = (clock.moment(), clock.clone());
        clock.set(Timestamp::from_seconds(9_000_000));
        assert_eq!((clock.now(), clock.moment()), (Timestamp::from_seconds(9_000_000), begun));
        clock.pass(60);
        assert_eq!((copy.now(), copy.moment()), (Timestamp::from_seconds(9_000_060), begun.plus_seconds(60)));
        let system = Clock::system();
        let first = system.moment();
        assert!(first.millis() > 0 && system.moment() >= first);
    }

    #[test]
    fn moments_have_dates_and_dates_of_the_past_have_moments() {
        let (date, now) = (Timestamp::from_seconds(5_000), Moment::from_seconds(100));
        assert_eq!(Moment::from_seconds(160).on(date, now), Timestamp::from_seconds(5_060));
        assert_eq!(now.of_past(date, Timestamp::from_seconds(1_000)), Moment::from_seconds(-3_900));
        assert_eq!(now.of_past(date, Timestamp::from_seconds(6_000)), now, "what is to come counts as of now");
    }

    #[test]
    fn arithmetic_stays_within_what_can_be_written() {
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::NEVER.plus_seconds(i64::MIN), Timestamp::NEVER);
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
    }
}
