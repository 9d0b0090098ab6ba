//! What goes out of the audit log by itself: its records, to a syslog server and to a webhook, and the head of its chain, into
//! a file elsewhere.
//!
//! Reads the log from where each receiver is, as the process itself, and hands it on in order, at least once, as far as can
//! be known what a receiver has taken (`syslog_sink`, `webhook_sink`): that is noted after it has. It decides nothing, is waited
//! for by nobody, and has threads of its own: a file system or a receiver that hangs holds up neither changes nor requests.
//! Nor does the log wait for a receiver: what was removed meanwhile is told as a gap.
//!
//! - `syslog`, `cloud_event`: the forms of a record, pure.
//! - `parcel`, `syslog_sink`, `webhook_sink`, `sink`: what is handed on, and what takes it. `cursor`: how far one has come.
//!   `way`: from the log to a sink.
//! - `head_file`: the head, noted elsewhere. `shown`: how a way is, for those who ask. `work`: the threads.

mod cloud_event;
mod cursor;
mod head_file;
mod parcel;
mod prepare;
mod shown;
mod sink;
mod syslog;
mod syslog_sink;
mod way;
mod webhook_sink;
mod work;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use tokio::time::sleep;

use crate::data_files::{SYSLOG_CURSOR, WEBHOOK_CURSOR};
use crate::domain::time::{Clock, Timestamp};
use crate::domain::words::words;
use crate::service::Service;
use head_file::HeadFile;
use shown::Shown;
use sink::Sink;
use syslog::Sender;
use syslog_sink::SyslogSink;
use way::Way;
use webhook_sink::WebhookSink;
use work::{AGAIN, Stop, Work};

pub use prepare::{Prepared, ShippingError, ShippingSettings, SyslogSettings, WebhookSettings, close_secret};

/// How often it is looked whether there is something new.
const TICK: Duration = Duration::from_millis(500);
/// Where the system tells its name.
const MACHINE: &str = "/proc/sys/kernel/hostname";

words! {
    /// The ways, as metrics name them.
    pub enum WayKind {
        /// The file that has the head of the chain.
        HeadFile = "head_file",
        /// The syslog server.
        Syslog = "syslog",
        /// The webhook.
        Webhook = "webhook",
    }
}

impl WayKind {
    /// What the configuration calls it, as lines and answers do.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::HeadFile => "audit.head_file",
            Self::Syslog => "audit.syslog",
            Self::Webhook => "audit.webhook_url",
        }
    }

    /// The name of its thread.
    fn thread(self) -> &'static str {
        match self {
            Self::HeadFile => "audit-head",
            Self::Syslog => "audit-syslog",
            Self::Webhook => "audit-webhook",
        }
    }
}

/// How one of the ways is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayState {
    /// Which it is.
    pub kind: WayKind,
    /// Where it leads, for administrators.
    pub place: String,
    /// How many records of the log the receiver does not have yet, as far as that can be known; none where heads go.
    pub behind: Option<u64>,
    /// When the receiver took something for the last time since the start.
    pub delivered: Option<Timestamp>,
    /// How often it has failed since the start.
    pub failures: u64,
    /// Why it does not work; none if it does.
    pub trouble: Option<String>,
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
            let told = Arc::clone(&head);
            let note = move |mut stop: Stop| {
                let head = Arc::clone(&head);
                async move { stop.or(note_for_ever(&head)).await }
            };
            shipping.spawn(WayKind::HeadFile, move |why| told.fail(why), note)?;
        }
        let site = Site { service, clock, data_dir };
        if let Some((server, tls)) = syslog.filter(|_| source.is_some()) {
            let (place, clock) = (server.to_string(), clock.clone());
            let make = move || {
                let sender = Sender::new(&machine(), std::process::id());
                Sink::Syslog(Box::new(SyslogSink::new(server.clone(), Arc::clone(&tls), sender, clock.clone())))
            };
            shipping.add(&site, WayKind::Syslog, SYSLOG_CURSOR, place, make)?;
        }
        if let (Some(webhook), Some(source)) = (webhook, source) {
            let (place, source, clock) = (webhook.place.clone(), source.to_owned(), clock.clone());
            let make = move || Sink::Webhook(Box::new(WebhookSink::new(&webhook, source.clone(), clock.clone())));
            shipping.add(&site, WayKind::Webhook, WEBHOOK_CURSOR, place, make)?;
        }
        Ok(Arc::new(shipping))
    }

    /// Adds a way with the file that has its cursor; `make` is asked for the receiver each time that its thread begins.
    fn add(
        &mut self,
        site: &Site<'_>,
        kind: WayKind,
        cursor: &str,
        place: String,
        make: impl Fn() -> Sink + Send + 'static,
    ) -> Result<(), ShippingError> {
        let shown = Shown::new(kind, place, Arc::clone(site.service), site.clock.clone());
        self.ways.push(Arc::clone(&shown));
        let (cursor, clock, told) = (site.data_dir.join(cursor), site.clock.clone(), Arc::clone(&shown));
        let ship = move |mut stop: Stop| {
            let mut way = Way::new(Arc::clone(&shown), make(), cursor.clone(), &clock);
            async move {
                stop.or(way.go()).await;
                way.end().await;
            }
        };
        self.spawn(kind, move |why| told.fail(why), ship)
    }

    fn spawn<F: Future<Output = ()>>(
        &self,
        kind: WayKind,
        told: impl Fn(String) + Send + 'static,
        work: impl FnMut(Stop) -> F + Send + 'static,
    ) -> Result<(), ShippingError> {
        let work = Work::start(kind.thread(), AGAIN, told, work).map_err(ShippingError::Threads)?;
        self.works.lock().unwrap_or_else(PoisonError::into_inner).push(work);
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
        work::end(works);
    }

    /// Notes the very last head, after the last change.
    pub fn finish(&self) {
        let Some(head) = self.head.clone() else { return };
        match Builder::new().name(WayKind::HeadFile.thread().to_owned()).spawn(move || head.note_last()) {
            Ok(thread) => work::wait_for(vec![thread]),
            Err(error) => log::error!("audit.head_file: the last head is not noted: {error}"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::support::{Home, start};

    #[test]
    fn a_way_that_fails_inside_is_told_to_those_who_ask_after_the_ways() {
        let (home, clock) = (Home::new(), Clock::fixed(start()));
        let (service, directory) = (Arc::new(home.open(start())), tempfile::tempdir().unwrap());
        let mut shipping = Shipping { head: None, ways: Vec::new(), works: Mutex::default() };
        let site = Site { service: &service, clock: &clock, data_dir: directory.path() };
        let make = || -> Sink { panic!("always") };
        shipping.add(&site, WayKind::Webhook, WEBHOOK_CURSOR, "https://example.com/".to_owned(), make).unwrap();
        // Its thread has ended.
        shipping.stop();
        let states = shipping.states();
        let [WayState { kind: WayKind::Webhook, failures: 1, trouble: Some(trouble), .. }] = &states[..] else {
            panic!("{states:?}")
        };
        assert!(trouble.contains("failed inside"), "{trouble}");
    }
}
