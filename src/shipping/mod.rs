//! What goes out of the audit log by itself: its records, to a syslog server and to a webhook, and the head of its chain, into
//! a file elsewhere.
//!
//! Reads the log from where each receiver is, as the process itself, and hands it on in order, at least once: what a receiver
//! has taken is noted after it has. It decides nothing, is waited for by nobody, and has threads of its own: a file system or
//! a receiver that hangs holds up neither changes nor requests. Nor does the log wait for a receiver: what was removed
//! meanwhile is told as a gap.
//!
//! - `syslog`, `cloud_event`: the forms of a record, pure.
//! - `parcel`, `syslog_sink`, `webhook_sink`, `sink`: what is handed on, and what takes it. `cursor`: how far one has come. `way`: from the log to a sink.
//! - `head_file`: the head, noted elsewhere. `trouble`: what is wrong with a way, told once.

mod cloud_event;
mod cursor;
mod head_file;
mod parcel;
mod prepare;
mod sink;
mod syslog;
mod syslog_sink;
mod trouble;
mod way;
mod webhook_sink;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::data_files::{SYSLOG_CURSOR, WEBHOOK_CURSOR};
use crate::domain::time::Clock;
use crate::service::Service;
use head_file::HeadFile;
use sink::Sink;
use syslog::Sender;
use syslog_sink::SyslogSink;
use way::{Shown, Way};
use webhook_sink::WebhookSink;

pub use prepare::{Prepared, ShippingError, ShippingSettings, SyslogSettings, WebhookSettings, close_secret};

/// How often it is looked whether there is something new.
const TICK: Duration = Duration::from_millis(500);
/// How long all of it may take to end, and how often it is looked whether it has.
const LAST: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(5);
/// Where the system tells its name.
const MACHINE: &str = "/proc/sys/kernel/hostname";
/// The keys of the ways, as lines and answers name them.
const SYSLOG: &str = "audit.syslog";
const WEBHOOK: &str = "audit.webhook_url";

/// How one of the ways is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayState {
    /// What it is, as the configuration calls it.
    pub key: &'static str,
    /// Where it leads, for administrators.
    pub place: String,
    /// How many records of the log the receiver does not have yet, as far as that can be known; none where heads go.
    pub behind: Option<u64>,
    /// Why it does not work; none if it does.
    pub trouble: Option<String>,
}

/// A thread that ends when it is told to.
struct Work {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// All that goes out.
pub struct Shipping {
    head: Option<Arc<HeadFile>>,
    ways: Vec<Arc<Shown>>,
    works: Mutex<Vec<Work>>,
}

/// Where records go on with, and what is needed for it.
struct Site<'a> {
    service: &'a Arc<Service>,
    clock: &'a Clock,
    data_dir: &'a Path,
}

impl Shipping {
    /// Begins. `source` is the URL of this dockpass; without it no records go out, as where a command works on the data
    /// directory and no server runs, but the head is noted.
    ///
    /// # Errors
    /// [`ShippingError::Threads`]
    pub fn start(
        prepared: Prepared,
        service: &Arc<Service>,
        clock: &Clock,
        data_dir: &Path,
        source: Option<&str>,
    ) -> Result<Arc<Self>, ShippingError> {
        let Prepared { head_file, syslog, webhook } = prepared;
        let head = head_file.map(|path| Arc::new(HeadFile::new(path, Arc::clone(service), clock.clone())));
        let mut shipping = Self { head, ways: Vec::new(), works: Mutex::default() };
        if let Some(head) = shipping.head.clone() {
            shipping.spawn("audit-head", move |stop| until(stop, async move { note_for_ever(&head).await }))?;
        }
        let site = Site { service, clock, data_dir };
        if let Some((server, tls)) = syslog.filter(|_| source.is_some()) {
            let (place, clock) = (server.to_string(), clock.clone());
            let make = move || {
                let sender = Sender::new(&machine(), std::process::id());
                Sink::Syslog(Box::new(SyslogSink::new(server, tls, sender, clock)))
            };
            shipping.add(&site, (SYSLOG, "audit-syslog", SYSLOG_CURSOR), place, make)?;
        }
        if let (Some(webhook), Some(source)) = (webhook, source) {
            let (place, source, clock) = (webhook.place.clone(), source.to_owned(), clock.clone());
            let make = move || {
                let prepare::Webhook { uri, tls, secret, .. } = webhook;
                Sink::Webhook(Box::new(WebhookSink::new(uri, tls, secret, source, clock)))
            };
            shipping.add(&site, (WEBHOOK, "audit-webhook", WEBHOOK_CURSOR), place, make)?;
        }
        Ok(Arc::new(shipping))
    }

    /// Adds a way: its key, the name of its thread, and that of the file with its cursor.
    fn add(
        &mut self,
        site: &Site<'_>,
        (key, thread, cursor): (&'static str, &str, &str),
        place: String,
        make: impl FnOnce() -> Sink + Send + 'static,
    ) -> Result<(), ShippingError> {
        let shown = Shown::new(key, place, Arc::clone(site.service));
        self.ways.push(Arc::clone(&shown));
        let (cursor, clock): (PathBuf, _) = (site.data_dir.join(cursor), site.clock.clone());
        self.spawn(thread, move |stop| async move {
            let mut way = Way::new(shown, make(), cursor, &clock);
            until(stop, way.go()).await;
            way.end().await;
        })
    }

    fn spawn<F: Future<Output = ()>>(
        &self,
        name: &str,
        work: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> Result<(), ShippingError> {
        let (stop, stopped) = oneshot::channel();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ShippingError::Threads)?;
        let thread = Builder::new().name(name.to_owned()).spawn(move || runtime.block_on(work(stopped)));
        let thread = thread.map_err(ShippingError::Threads)?;
        self.works.lock().unwrap_or_else(PoisonError::into_inner).push(Work { stop, thread });
        Ok(())
    }

    /// How each way is.
    #[must_use]
    pub fn states(&self) -> Vec<WayState> {
        let head = self.head.iter().map(|head| head.state());
        head.chain(self.ways.iter().map(|way| way.state())).collect()
    }

    /// Ends what goes out record by record, while the log can still be read.
    pub fn stop(&self) {
        let works = std::mem::take(&mut *self.works.lock().unwrap_or_else(PoisonError::into_inner));
        let (stops, threads): (Vec<_>, Vec<_>) = works.into_iter().map(|Work { stop, thread }| (stop, thread)).unzip();
        // All at once: each may take a moment to end in order.
        drop(stops);
        wait_for(threads);
    }

    /// Notes the very last head, after the last change.
    pub fn finish(&self) {
        let Some(head) = self.head.clone() else { return };
        match Builder::new().name("audit-head".to_owned()).spawn(move || head.note_last()) {
            Ok(thread) => wait_for(vec![thread]),
            Err(error) => log::error!("audit.head_file: the last head is not noted: {error}"),
        }
    }
}

/// Waits for threads that end, and not for ever: the file system that one of them waits for may hang, and what is still to be
/// written here must not be lost with it.
fn wait_for(threads: Vec<JoinHandle<()>>) {
    let begun = Instant::now();
    for thread in threads {
        while !thread.is_finished() && begun.elapsed() < LAST {
            std::thread::sleep(MOMENT);
        }
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if !thread.is_finished() {
            log::error!("the thread {name} does not end, and is left behind");
        } else if thread.join().is_err() {
            log::error!("the thread {name} ended badly");
        }
    }
}

/// Works until it is to stop.
async fn until(stop: oneshot::Receiver<()>, work: impl Future<Output = ()>) {
    tokio::select! {
        // Nobody sends: the other side is dropped.
        _ = stop => {}
        () = work => {}
    }
}

async fn note_for_ever(head: &HeadFile) {
    loop {
        head.note();
        sleep(TICK).await;
    }
}

/// The name of this machine; empty if it has none.
fn machine() -> String {
    std::fs::read_to_string(MACHINE).map(|name| name.trim().to_owned()).unwrap_or_default()
}
