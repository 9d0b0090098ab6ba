//! What ends a command that would go on, where it has something to put away first: Ctrl-C, and what a service manager, a
//! time limit or a closed terminal sends.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::CliError;

/// The signals, heard from its making on.
pub(in crate::cli) struct Stop {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Stop {
    /// Begins to hear. A signal that the system does not let us hear ends the process, as without this; one that is ignored,
    /// as under nohup, stays so.
    pub(in crate::cli) fn new() -> Self {
        let ignored = ignored();
        let heard = |kind: SignalKind| {
            let bit = u32::try_from(kind.as_raw_value() - 1).ok().and_then(|place| 1_u64.checked_shl(place));
            if ignored & bit.unwrap_or(0) == 0 { signal(kind).ok() } else { None }
        };
        let (interrupt, terminate) = (heard(SignalKind::interrupt()), heard(SignalKind::terminate()));
        Self { interrupt, terminate, hangup: heard(SignalKind::hangup()) }
    }

    /// Hears nothing: where nothing is to be put away, the system ends the process.
    pub(in crate::cli) fn never() -> Self {
        Self { interrupt: None, terminate: None, hangup: None }
    }

    /// Waits for the first of them.
    pub(in crate::cli) async fn asked(&mut self) -> CliError {
        let kind = tokio::select! {
            () = next(self.interrupt.as_mut()) => SignalKind::interrupt(),
            () = next(self.terminate.as_mut()) => SignalKind::terminate(),
            () = next(self.hangup.as_mut()) => SignalKind::hangup(),
        };
        CliError::Interrupted(u8::try_from(kind.as_raw_value()).unwrap_or_default())
    }

    /// Does a work, unless one of them comes first.
    ///
    /// # Errors
    /// Those of the work; [`CliError::Interrupted`]
    pub(in crate::cli) async fn or<T>(
        &mut self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        tokio::select! {
            ended = work => ended,
            stopped = self.asked() => Err(stopped),
        }
    }
}

/// The signals that this process was started to ignore, a bit for each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

async fn next(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
