//! The one table of metrics: each name, what it means, and where its numbers come from. Written as text of OpenMetrics 1.0,
//! or of the older format of Prometheus (0.0.4).
//!
//! Names and labels are for ever: rules and dashboards of sites stand on them (`packaging/monitoring`).

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::counts::Counts;
use super::figures::Figures;
use super::histogram::Histogram;
use super::labels::Labels;
use super::{AuditWay, Comparison, Disk, Metrics, Upstream};
use crate::domain::registry::Phase;
use crate::domain::time::Timestamp;

/// A format of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// That of Prometheus before it.
    Prometheus,
}

impl Format {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// The text of all metrics.
///
/// # Errors
/// [`fmt::Error`] if the library refuses to write a number, which no number of these makes it do.
pub fn exposition(metrics: &Arc<Metrics>, figures: Figures, format: Format) -> Result<String, fmt::Error> {
    let (mut text, mut registry) = (String::new(), Registry::default());
    registry.register_collector(Box::new(Exposed { metrics: Arc::clone(metrics), figures }));
    match format {
        Format::OpenMetrics => text::encode(&mut text, &registry)?,
        Format::Prometheus => prometheus_text::encode(&mut text, &registry)?,
    }
    Ok(text)
}

#[derive(Debug)]
struct Exposed {
    metrics: Arc<Metrics>,
    figures: Figures,
}

impl Collector for Exposed {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.process(&mut page)?;
        self.requests(&mut page)?;
        self.store(&mut page)?;
        self.tokens(&mut page)?;
        audit_ways(&mut page, &self.figures.audit_ways)?;
        self.registry(&mut page)
    }
}

/// A set of labels, as names and words.
type Pairs = Vec<(&'static str, &'static str)>;

struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// Numbers that only grow. The formats add `_total` to the name.
    fn counters(&mut self, name: &str, help: &str, samples: impl Iterator<Item = (Pairs, u64)>) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (pairs, number) in samples {
            encoder.encode_family(&pairs)?.encode_counter::<NoLabelSet, _, u64>(&number, None)?;
        }
        Ok(())
    }

    fn counts<L: Labels>(&mut self, name: &str, help: &str, counts: &Counts<L>) -> fmt::Result {
        self.counters(name, help, counts.all())
    }

    fn counter(&mut self, name: &str, help: &str, number: u64) -> fmt::Result {
        self.counters(name, help, [(Vec::new(), number)].into_iter())
    }

    /// Numbers that go up and down; nothing at all where there are none.
    fn gauges(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (Pairs, f64)>) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (pairs, number) in samples {
            encoder.encode_family(&pairs)?.encode_gauge(&number)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, number: impl Into<Option<f64>>) -> fmt::Result {
        self.gauges(name, help, number.into().map(|number| (Vec::new(), number)))
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
        let (sum, count, cells) = histogram.read();
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &cells, None)
    }
}

/// A number as these formats have it. Beyond 2^53 it is not exact, and nothing here comes near that.
#[expect(clippy::cast_precision_loss, reason = "sizes, counts and dates are far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}

fn unsigned(number: u64) -> f64 {
    float(i64::try_from(number).unwrap_or(i64::MAX))
}

fn size(number: usize) -> f64 {
    float(i64::try_from(number).unwrap_or(i64::MAX))
}

fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// Seconds since 1970.
fn date(at: Timestamp) -> f64 {
    float(at.millis()) / 1_000.0
}

impl Exposed {
    fn process(&self, page: &mut Page<'_>) -> fmt::Result {
        let (metrics, figures) = (&self.metrics, &self.figures);
        page.gauges(
            "dockpass_build_info",
            "The version of dockpass that runs.",
            [(vec![("version", figures.version)], 1.0)],
        )?;
        page.gauge("process_start_time_seconds", "When the process started.", figures.started.map(date))?;
        let resident = figures.process.resident_bytes.map(unsigned);
        page.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", resident)?;
        let connections = [
            ("network", &metrics.network_connections),
            ("socket", &metrics.local_connections),
            ("metrics", &metrics.metrics_connections),
        ];
        let connections = connections.map(|(listener, gauge)| (vec![("listener", listener)], float(gauge.get())));
        page.gauges("dockpass_connections", "Open connections of clients.", connections)
    }

    fn requests(&self, page: &mut Page<'_>) -> fmt::Result {
        let metrics = &self.metrics;
        page.counts("dockpass_http_requests", "Requests that were answered.", &metrics.requests)?;
        page.counts(
            "dockpass_http_refusals",
            "Requests that were refused or failed, by reason. Clients of registries ask without credentials first.",
            &metrics.refusals,
        )?;
        // So many sets of labels never occur that only those are shown that do.
        page.counters(
            "dockpass_token_requests",
            "Requests for registry tokens, by what they showed, what became of them and which client sent them.",
            metrics.token_requests.all().filter(|(_, number)| *number > 0),
        )?;
        page.counts(
            "dockpass_sign_in_failures",
            "Sign-ins with a password or an access token that were refused, by reason.",
            &metrics.sign_in_failures,
        )?;
        page.histogram("dockpass_password_hash_seconds", "Time of one hash of a password.", &metrics.hash)?;
        page.gauge(
            "dockpass_imported_passwords",
            "Active accounts that still have the bcrypt hash of their imported password; each wrong password costs that work, too.",
            size(self.figures.imported_passwords),
        )?;
        page.histogram("dockpass_token_signature_seconds", "Time to sign one registry token.", &metrics.sign)
    }

    fn store(&self, page: &mut Page<'_>) -> fmt::Result {
        let (metrics, writer) = (&self.metrics, &self.figures.writer);
        page.histogram(
            "dockpass_store_commit_seconds",
            "Time of one commit of the store: transaction, flush and fdatasync.",
            &metrics.commit,
        )?;
        page.histogram("dockpass_store_fdatasync_seconds", "Time of the fdatasync in a commit.", &metrics.fdatasync)?;
        page.gauge("dockpass_writer_queue", "Changes that wait for the writer.", float(metrics.queue.get()))?;
        page.gauge(
            "dockpass_writer_busy_seconds",
            "For how long the present batch is being written; 0 if none is.",
            float(writer.busy_millis) / 1_000.0,
        )?;
        page.gauge(
            "dockpass_writer_hung",
            "1 if the disk has not answered the writer for so long that it counts as hung.",
            flag(writer.hangs),
        )?;
        page.gauge("dockpass_changes_accepted", "1 if changes are accepted, 0 if not.", flag(writer.accepts))?;
        page.gauge(
            "dockpass_ended_log_written",
            "1 if what takes a power away is noted for a restore, 0 if ended.log cannot be written.",
            flag(writer.notes_endings),
        )?;
        let Some(Disk { store_bytes, free_bytes, last_backup }) = self.figures.disk else { return Ok(()) };
        page.gauge("dockpass_store_size_bytes", "Size of the store's files.", unsigned(store_bytes))?;
        page.gauge(
            "dockpass_store_free_bytes",
            "Room that is left on the file system of the data directory.",
            free_bytes.map(unsigned),
        )?;
        page.gauge(
            "dockpass_backup_timestamp_seconds",
            "When the last backup was durable where it was written; not there before the first.",
            last_backup.map(date),
        )
    }

    fn tokens(&self, page: &mut Page<'_>) -> fmt::Result {
        let ends = self.figures.certificates.iter();
        page.gauges(
            "dockpass_certificate_end_timestamp_seconds",
            "When each certificate ends; one of dockpass's own renews itself before.",
            ends.map(|end| (vec![("certificate", end.of.as_str())], date(end.not_after))),
        )?;
        page.gauge("dockpass_repositories", "Repositories that are known.", size(self.figures.repositories))?;
        let Some(tokens) = &self.figures.tokens else { return Ok(()) };
        page.gauges(
            "dockpass_access_tokens",
            "Access tokens by state, robots included.",
            tokens.by_state.iter().map(|(state, count)| (vec![("state", state.as_str())], size(*count))),
        )?;
        page.gauges(
            "dockpass_access_tokens_ending",
            "Access tokens that are accepted and end within this time.",
            tokens.ending_within.iter().map(|(within, count)| (vec![("within", *within)], size(*count))),
        )
    }

    fn registry(&self, page: &mut Page<'_>) -> fmt::Result {
        let told = &self.figures.notifications;
        page.counter(
            "dockpass_notifications_received",
            "Deliveries of the registry's notifications that were taken.",
            told.received,
        )?;
        page.counter("dockpass_notifications_refused", "Those that were not understood.", told.refused)?;
        page.gauge(
            "dockpass_notification_timestamp_seconds",
            "When the last delivery of notifications was taken; not there before the first.",
            told.last.map(date),
        )?;
        if let Some(comparison) = &self.figures.comparison {
            compared(page, comparison)?;
        }
        let Some(Upstream { answers, requests, max_requests }) = self.figures.upstream else { return Ok(()) };
        page.gauge("dockpass_upstream_answers", "1 if the registry behind the gateway answers.", flag(answers))?;
        page.gauge("dockpass_upstream_requests", "Requests that are at that registry.", size(requests))?;
        page.gauge(
            "dockpass_upstream_requests_limit",
            "Most requests that may be at that registry (registry.upstream_requests).",
            f64::from(max_requests),
        )?;
        page.counts(
            "dockpass_gateway_requests",
            "Requests of the registry's API that the gateway answered, by method and outcome.",
            &self.metrics.gateway_requests,
        )?;
        page.counts(
            "dockpass_upstream_errors",
            "How often the registry behind the gateway gave no usable answer, by reason.",
            &self.metrics.upstream_errors,
        )
    }
}

/// What is told of the ways by which the audit log goes out; nothing if it does not.
fn audit_ways(page: &mut Page<'_>, ways: &[AuditWay]) -> fmt::Result {
    let of = |way: &AuditWay, number: f64| (vec![("way", way.kind)], number);
    page.gauges(
        "dockpass_audit_way_works",
        "1 if a way by which the audit log goes out works, 0 if not.",
        ways.iter().map(|way| of(way, flag(way.works))),
    )?;
    page.gauges(
        "dockpass_audit_way_behind_records",
        "Records of the audit log that the receiver does not have yet, as far as that can be known.",
        ways.iter().filter_map(|way| Some(of(way, unsigned(way.behind?)))),
    )?;
    page.gauges(
        "dockpass_audit_way_delivery_timestamp_seconds",
        "When the receiver took something for the last time; not there before the first.",
        ways.iter().filter_map(|way| Some(of(way, date(way.delivered?)))),
    )?;
    if ways.is_empty() {
        return Ok(());
    }
    let failures = ways.iter().map(|way| (vec![("way", way.kind)], way.failures));
    page.counters("dockpass_audit_way_failures", "How often a way has failed; it is tried again.", failures)
}

/// What the comparison with the registry says.
fn compared(page: &mut Page<'_>, comparison: &Comparison) -> fmt::Result {
    let Comparison { phase, finished_at, counts } = comparison;
    page.gauges(
        "dockpass_comparison_state",
        "Where the comparison with the registry stands: 1 for this state, 0 for the others.",
        Phase::WORDS.iter().map(|word| (vec![("state", *word)], flag(*word == phase.as_str()))),
    )?;
    page.gauge(
        "dockpass_comparison_end_timestamp_seconds",
        "When the last comparison ended; not there before the first end, and while one is at work.",
        finished_at.map(date),
    )?;
    let results = [
        ("compared", counts.compared),
        ("adopted", counts.adopted),
        ("changed", counts.changed),
        ("gone", counts.gone),
        ("deleted", counts.deleted),
        ("failed", counts.failed),
    ];
    page.gauges(
        "dockpass_comparison_repositories",
        "Repositories that the present or last comparison looked at, and those where it found a difference.",
        results.map(|(result, number)| (vec![("result", result)], unsigned(number))),
    )?;
    page.gauge(
        "dockpass_comparison_unread_tags",
        "Tags that the present or last comparison could not read.",
        unsigned(counts.unread_tags),
    )
}
