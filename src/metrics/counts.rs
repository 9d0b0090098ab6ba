//! Numbers that only grow, one for each set of labels, and numbers that go up and down.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::labels::Labels;

/// A number for each set of labels. All of them exist from the start, so that counting neither locks nor allocates.
pub struct Counts<L> {
    cells: Box<[AtomicU64]>,
    labels: PhantomData<fn(L)>,
}

impl<L: Labels> Default for Counts<L> {
    fn default() -> Self {
        Self { cells: (0..L::SETS).map(|_| AtomicU64::new(0)).collect(), labels: PhantomData }
    }
}

impl<L> fmt::Debug for Counts<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.cells.iter()).finish()
    }
}

impl<L: Labels> Counts<L> {
    /// Counts one.
    pub fn count(&self, labels: L) {
        if let Some(cell) = self.cells.get(labels.place()) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were counted with these labels.
    #[must_use]
    pub fn of(&self, labels: L) -> u64 {
        self.cells.get(labels.place()).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// Every set of labels, as names and words, with its number.
    pub(super) fn all(&self) -> impl Iterator<Item = (Vec<(&'static str, &'static str)>, u64)> {
        self.cells.iter().enumerate().map(|(place, cell)| {
            let mut pairs = Vec::new();
            L::write(place, &mut pairs);
            (pairs, cell.load(Ordering::Relaxed))
        })
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// One more.
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// One more until what is returned is dropped.
    #[must_use]
    pub fn hold(&self) -> Held<'_> {
        self.enter();
        Held(self)
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One that counts in a [`Gauge`].
#[derive(Debug)]
pub struct Held<'a>(&'a Gauge);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ClientFamily, Grant, TokenAnswer};

    #[test]
    fn each_set_of_labels_has_a_number_of_its_own() {
        let counts: Counts<(Grant, TokenAnswer, ClientFamily)> = Counts::default();
        let of = |grant, answer, client| (grant, answer, client);
        for _ in 0..3 {
            counts.count(of(Grant::Password, TokenAnswer::Granted, ClientFamily::Docker));
        }
        counts.count(of(Grant::Other, TokenAnswer::Internal, ClientFamily::Other));
        assert_eq!(counts.of(of(Grant::Password, TokenAnswer::Granted, ClientFamily::Docker)), 3);
        assert_eq!(counts.of(of(Grant::Password, TokenAnswer::Granted, ClientFamily::Other)), 0);
        let counted: Vec<_> = counts.all().filter(|(_, number)| *number > 0).collect();
        let pair = |pairs: &[(&'static str, &'static str)]| pairs.to_vec();
        let first = pair(&[("grant", "password"), ("outcome", "issued"), ("reason", "none"), ("client", "docker")]);
        let last = pair(&[("grant", "other"), ("outcome", "failed"), ("reason", "internal"), ("client", "other")]);
        assert_eq!(counted, [(first, 3), (last, 1)]);
        let mut sets: Vec<_> = counts.all().map(|(pairs, _)| pairs).collect();
        let all = sets.len();
        sets.sort_unstable();
        sets.dedup();
        assert_eq!(sets.len(), all, "two numbers have the same labels");
    }

    #[test]
    fn what_is_held_counts_until_it_is_let_go() {
        let gauge = Gauge::default();
        let held = (gauge.hold(), gauge.hold());
        assert_eq!(gauge.get(), 2);
        drop(held);
        assert_eq!(gauge.get(), 0);
    }
}
