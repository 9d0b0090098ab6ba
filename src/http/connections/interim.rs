//! The interim answer of a connection, `100 Continue`: how far it is. Decides nothing: `expect` does, and `stream` writes it.

use std::sync::atomic::{AtomicU8, Ordering};

/// What actix writes.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interim {
    /// Nobody has asked, or who asked has the answer.
    None,
    /// Somebody has asked; earlier answers may still be written.
    Asked,
    /// The next bytes that actix writes are the 100.
    Next,
    /// The 100 is held back.
    Held,
    /// The body is wanted: the 100 is to be written.
    Due,
}

/// [`Interim`] of a connection.
#[derive(Debug, Default)]
pub(super) struct InterimState(AtomicU8);

impl InterimState {
    pub(super) fn get(&self) -> Interim {
        match self.0.load(Ordering::Relaxed) {
            1 => Interim::Asked,
            2 => Interim::Next,
            3 => Interim::Held,
            4 => Interim::Due,
            _ => Interim::None,
        }
    }

    pub(super) fn set(&self, interim: Interim) {
        self.0.store(interim as u8, Ordering::Relaxed);
    }
}
