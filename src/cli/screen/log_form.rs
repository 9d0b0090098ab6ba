//! How lines of the log are written: for people, or for programs. A server says it once it has read its configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::LogFormat;

/// The form of the lines from now on, shared with what writes them.
#[derive(Clone, Default)]
pub(in crate::cli) struct LogForm(Arc<AtomicBool>);

impl LogForm {
    /// Sets the form.
    pub(in crate::cli) fn set(&self, format: LogFormat) {
        self.0.store(format == LogFormat::Json, Ordering::Relaxed);
    }

    /// The form.
    pub(in crate::cli) fn get(&self) -> LogFormat {
        if self.0.load(Ordering::Relaxed) { LogFormat::Json } else { LogFormat::Text }
    }
}
