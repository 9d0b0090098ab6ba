//! How many things a thread has looked up, for tests of what takes the same work: time is no measure that a test can trust.

use std::cell::Cell;

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// Counts one.
pub(super) fn count() {
    MADE.with(|made| made.set(made.get() + 1));
}

/// How many this thread has made.
pub(crate) fn made() -> usize {
    MADE.with(Cell::get)
}
