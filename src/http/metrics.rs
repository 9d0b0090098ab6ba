//! `/metrics`: what is counted and how things are, for a program that collects it. It has a secret of its own; without it,
//! the path answers like an unknown one. At `metrics.listen` this machine needs none.
//!
//! A collector comes every few seconds for years: what walks through memory or asks the disk runs on threads of its own,
//! one at a time, and is left out of the answer when it takes too long (`pools`).

use std::future::ready;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HOST};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use tokio::time::timeout;

use super::App;
use super::connections::Respond;
use super::failure::Failure;
use super::headers;
use super::not_found;
use super::pools::{PATIENCE, Work};
use super::reply::{Replied, Reply};
use super::request::{self, Arrival, FromArrival, Received};
use crate::api::Operation;
use crate::api::operations::server as op;
use crate::domain::host;
use crate::metrics::{
    AuditWay, CertificateEnd, CertificateOf, Comparison, Figures, Format, Notifications, Process, Upstream, exposition,
};
use crate::service::Service;
use crate::shipping::WayState;

/// A request that has shown the secret of the metrics.
pub(super) struct Scrape(Received);

impl FromArrival for Scrape {
    type Operation = op::GetMetrics;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        let app = request::app(&arrival.http)?;
        let is_right = request::bearer_secret(&arrival.http).is_some_and(|secret| app.service.opens_metrics(secret));
        if is_right { Received::unread(arrival).map(Self) } else { Err(not_found::failure(&arrival.http)) }
    }
}

pub(super) async fn read(scrape: Scrape) -> Replied<op::GetMetrics> {
    let Scrape(received) = scrape;
    let (format, text) = written(&received.app, &received.http).await?;
    Ok(Reply::document(format.media_type(), text))
}

/// The metrics as they are now, in the format that the collector wants.
async fn written(app: &App, http: &HttpRequest) -> Result<(Format, String), Failure> {
    let format = wanted(http);
    let text = exposition(&app.metrics, figures(app).await, format);
    text.map(|text| (format, text)).map_err(|error| Failure::internal(&error))
}

/// The format that a collector wants: OpenMetrics, unless it names the older one and not this.
fn wanted(http: &HttpRequest) -> Format {
    let accepted = http.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    let (mut names_new, mut names_old) = (false, false);
    for value in accepted {
        names_new |= value.contains("application/openmetrics-text");
        names_old |= value.contains("text/plain");
    }
    if names_old && !names_new { Format::Prometheus } else { Format::OpenMetrics }
}

async fn figures(app: &App) -> Figures {
    let now = app.clock.now();
    let walked = look(app, Work::Census, PATIENCE, move |service| (service.token_figures(now), resident())).await;
    let (tokens, resident_bytes) = walked.map_or((None, None), |(tokens, resident)| (Some(tokens), resident));
    Figures {
        version: env!("CARGO_PKG_VERSION"),
        started: Some(app.started),
        process: Process { resident_bytes },
        tokens,
        imported_passwords: app.service.imported_passwords(),
        repositories: app.service.repositories_count(),
        writer: app.service.writer(),
        disk: look(app, Work::Disk, PATIENCE, Service::disk).await.flatten(),
        certificates: certificates(app),
        notifications: Notifications {
            received: app.received.count(),
            refused: app.received.refused(),
            last: app.received.last(),
        },
        comparison: app.neighbour.as_ref().map(|neighbour| {
            let progress = neighbour.progress();
            Comparison { phase: progress.phase, finished_at: progress.finished_at, counts: progress.counts }
        }),
        upstream: app.gateway.as_ref().map(|gateway| Upstream {
            answers: gateway.trouble().is_none(),
            requests: app.pools.requests_at_upstream(),
            max_requests: app.config.registry.gateway.max_requests,
        }),
        audit_ways: app.shipping.states().into_iter().map(audit_way).collect(),
    }
}

fn audit_way(way: WayState) -> AuditWay {
    let WayState { kind, behind, delivered, failures, trouble, place: _ } = way;
    AuditWay { kind: kind.as_str(), works: trouble.is_none(), behind, delivered, failures }
}

/// Looks something up on a thread that serves no requests; none if that takes longer.
pub(super) async fn look<T: Send + 'static>(
    app: &App,
    kind: Work,
    patience: Duration,
    work: impl FnOnce(&Service) -> T + Send + 'static,
) -> Option<T> {
    let service = Arc::clone(&app.service);
    let looked = app.pools.run(kind, None, ready(Ok(())), move || Ok(work(&service)));
    timeout(patience, looked).await.ok()?.ok()
}

fn certificates(app: &App) -> Vec<CertificateEnd> {
    let own = app.service.signer().certificates().into_iter();
    let own = own.map(|info| CertificateEnd { of: info.role.into(), not_after: info.not_after });
    let tls = app.tls.as_ref().and_then(|tls| tls.not_after());
    own.chain(tls.map(|not_after| CertificateEnd { of: CertificateOf::Tls, not_after })).collect()
}

/// Bytes of this process in RAM (`proc_pid_status(5)`).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kib.saturating_mul(1_024))
}

/// What answers at `metrics.listen`: the metrics, and nothing else.
pub(super) struct OnThisMachine {
    /// Whether requests have to name this machine. At an address of loopback, a page in a browser on this machine could ask
    /// under a name of its own that leads here (DNS rebinding), and read the answer; no page reaches a Unix socket.
    pub(super) must_name_it: bool,
}

impl Respond for OnThisMachine {
    type OfWorker = ();

    fn of_worker(&self, _app: &App) -> Self::OfWorker {}

    async fn respond(&self, http: HttpRequest, _payload: Payload) -> HttpResponse {
        let is_meant = !self.must_name_it || names_this_machine(&http);
        let answered = if is_meant { answer(&http).await } else { Err(not_found::failure(&http)) };
        let mut response = answered.unwrap_or_else(|failure| failure.error_response());
        headers::add(response.headers_mut(), false, false);
        response
    }
}

/// Whether every host that a request names can only be this machine; it names one at least.
fn names_this_machine(http: &HttpRequest) -> bool {
    let is_this = |text: &str| host::split(text).is_some_and(|(host, _)| host::is_loopback(&host));
    let mut hosts = http.headers().get_all(HOST);
    let is_named = hosts.next().and_then(|value| value.to_str().ok()).is_some_and(is_this) && hosts.next().is_none();
    is_named && http.uri().authority().is_none_or(|authority| is_this(authority.as_str()))
}

async fn answer(http: &HttpRequest) -> Result<HttpResponse, Failure> {
    let is_read = matches!(*http.method(), Method::GET | Method::HEAD);
    if !is_read || http.path() != op::GetMetrics::FACTS.path {
        return Err(not_found::failure(http));
    }
    let app = request::app(http)?;
    let (format, text) = written(&app, http).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, format.media_type())).body(text))
}

/// Makes the Unix socket of `metrics.listen`, open to its owner alone, and replaces one that nobody serves any more.
///
/// # Errors
/// What the system says; somebody else's socket is in use.
pub(super) fn make_socket(path: &Path) -> io::Result<UnixListener> {
    let is_left = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if is_left {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_older_format_is_for_those_who_name_it_alone() {
        let format = |accepted: &[&str]| {
            let request = accepted.iter().fold(TestRequest::default(), |it, value| it.append_header((ACCEPT, *value)));
            wanted(&request.to_http_request())
        };
        // As Prometheus 2.42, vmagent and curl send it.
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for new in [&[][..], &["*/*"], &[prometheus], &["text/plain", "application/openmetrics-text"]] {
            assert_eq!(format(new), Format::OpenMetrics, "{new:?}");
        }
        assert_eq!(format(&["text/plain;version=0.0.4;q=1,*/*;q=0.1"]), Format::Prometheus);
    }

    #[test]
    fn at_loopback_a_request_names_this_machine_and_nothing_else() {
        let names = |uri: &str, hosts: &[&str]| {
            let request =
                hosts.iter().fold(TestRequest::default().uri(uri), |it, value| it.append_header((HOST, *value)));
            names_this_machine(&request.to_http_request())
        };
        for good in ["localhost", "LocalHost:8701", "127.0.0.1:8701", "127.9.8.7", "[::1]:8701", "[::1]"] {
            assert!(names("/metrics", &[good]), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "evil.example:8701",
            "localhost.evil.example",
            "localhost@evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1:8701",
            "0.0.0.0:8701",
            "localhost, evil.example",
            "localhost:x",
        ] {
            assert!(!names("/metrics", &[bad]), "{bad}");
        }
        assert!(!names("/metrics", &[]), "no host at all");
        assert!(!names("/metrics", &["localhost", "evil.example"]) && !names("/metrics", &["localhost", "localhost"]));
        assert!(names("http://localhost:8701/metrics", &["localhost"]));
        assert!(!names("http://evil.example/metrics", &["localhost"]));
    }

    #[test]
    fn the_kernel_tells_how_much_memory_is_in_use() {
        assert!(resident().is_some_and(|bytes| bytes > 1_000_000));
    }

    #[test]
    fn a_socket_that_nobody_serves_is_replaced_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.sock");
        let served = make_socket(&path).unwrap();
        assert!(make_socket(&path).is_err(), "somebody is there");
        drop(served);
        drop(make_socket(&path).unwrap());
        let file = directory.path().join("file");
        std::fs::write(&file, "mine").unwrap();
        assert!(make_socket(&file).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }
}
