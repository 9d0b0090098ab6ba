//! Watches the server from a thread of its own: whether requests are served, which the service manager is told, and whether
//! the disk answers the writer, which the log tells.
//!
//! A sign of life is no timer's: it goes out only if every thread that serves requests has answered since the one before.
//! A disk that hangs is none of that: reading and registry tokens go on, and nothing ends the process.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use super::connections::Pulse;
use super::supervisor::{ALIVE, Supervisor};
use crate::service::Service;

/// How often it looks at the writer.
const TICK: Duration = Duration::from_millis(500);

/// The thread, until it is dropped.
pub(super) struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Begins to watch.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub(super) fn start(service: &Arc<Service>, pulse: &Arc<Pulse>, supervisor: &Arc<Supervisor>) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let (service, pulse, supervisor) = (Arc::clone(service), Arc::clone(pulse), Arc::clone(supervisor));
        let watch = Watch { service, pulse, supervisor, is_stuck: false, hangs: false };
        let thread = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch.run(&stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the watchdog ended badly");
        }
    }
}

struct Watch {
    service: Arc<Service>,
    pulse: Arc<Pulse>,
    supervisor: Arc<Supervisor>,
    /// Whether somebody who serves did not answer the last time.
    is_stuck: bool,
    /// Whether the writer hung the last time.
    hangs: bool,
}

impl Watch {
    fn run(mut self, stopped: &Receiver<()>) {
        let interval = self.supervisor.interval();
        // Several looks at the writer for one sign of life, or several signs for one look, which costs nothing.
        let tick = interval.map_or(TICK, |interval| interval.min(TICK));
        let mut told_at = Instant::now();
        self.pulse.ask();
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(tick) {
            self.look_at_writer();
            // The next look could be too late. Where one finds nothing good, so does every one after it: what answers again is
            // told at once.
            if interval.is_some_and(|interval| told_at.elapsed() + tick > interval) && self.look_at_workers() {
                told_at = Instant::now();
            }
        }
    }

    /// Whether all who serve have answered, and the service manager was told.
    fn look_at_workers(&mut self) -> bool {
        let is_stuck = !self.pulse.beats();
        match (self.is_stuck, is_stuck) {
            (false, true) => {
                log::error!(
                    "a thread that serves requests does not answer; the service manager is told nothing until it does"
                );
            }
            (true, false) => log::warn!("the threads that serve requests answer again"),
            (false, false) | (true, true) => {}
        }
        self.is_stuck = is_stuck;
        let is_told = !is_stuck && self.supervisor.tell(ALIVE);
        if is_told {
            self.pulse.ask();
        }
        is_told
    }

    fn look_at_writer(&mut self) {
        let writer = self.service.writer();
        match (self.hangs, writer.hangs) {
            (false, true) => log::error!(
                "the disk has not answered the writer for {} seconds; changes wait for it, reading and registry tokens go on",
                writer.busy_millis / 1_000
            ),
            (true, false) => log::warn!("the disk answers the writer again"),
            (false, false) | (true, true) => {}
        }
        self.hangs = writer.hangs;
    }
}
