//! The gateway: the registry's API at this host name. Every request is read as the registry reads it, its caller is looked
//! up and admitted, then it is streamed to the registry behind, and its answer back.
//!
//! What went through is recorded before the client gets the answer. The pages live on this host name, and what the registry
//! gives out are bytes that any pusher chose: no answer can be a page, and no cookie is a credential here.

mod answer;
mod immutable;
mod load;
mod manifest;
mod refused;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::address;
use super::failure::Failure;
use super::not_found::is_registry_path;
use super::pools::{Source, UpstreamPlace, Work};
use super::request::{self, app};
use super::{App, SharedApp};
use crate::api::{Access, Code};
use crate::domain::distribution::{self, Asked, ContentRequest, Object, Verb};
use crate::metrics::{GatewayOutcome, UpstreamError};
use crate::registry::gateway::{Forward, Load, MANIFESTS, Passed, Relay, RelayError};
use crate::service::{Admission, Admitted, Call};

/// The media type of every blob's bytes. What a client calls them is not passed on: Go reads a form in the place of the
/// parameters of the URL, where `mount` stands.
const BYTES: &str = "application/octet-stream";
/// Largest manifest, in bytes: what Distribution itself takes.
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;
/// After how many seconds those are told to come back for whom there was no room.
const COME_BACK: i64 = 5;
/// How many times `server.stall_timeout` a request may stand still.
const STANDSTILL: u64 = 6;
/// Headers that a client sends once or not at all; twice, two readers may take different ones.
const ONCE: [HeaderName; 5] = [
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
    actix_web::http::header::CONTENT_RANGE,
    actix_web::http::header::RANGE,
];

/// The registry's connections of this worker; none without a gateway.
pub(super) type WorkerRelay = Option<Rc<Relay>>;

/// Prepares them, for the runtime of a worker.
pub(super) fn of_worker(app: &App) -> WorkerRelay {
    app.gateway.as_ref().map(|gateway| Rc::new(Relay::new(Arc::clone(gateway))))
}

/// Answers a request of the registry's API, unless there is no gateway or it is one that dockpass answers by itself.
pub(super) async fn answer(http: &HttpRequest, payload: &mut Payload) -> Option<HttpResponse> {
    let relay = http.app_data::<WorkerRelay>().and_then(Option::as_ref).map(Rc::clone)?;
    if !is_registry_path(http.path()) {
        return None;
    }
    // With its scheme and host, if the request line has them: no client of a registry writes that.
    let target = http.uri().to_string();
    match distribution::read(http.method().as_str(), &target) {
        Ok(Asked::Base | Asked::Catalog) => None,
        Ok(Asked::Content(asked)) => {
            let verb = asked.verb;
            let served = serve(http, payload.take(), asked, relay).await;
            let response = served.unwrap_or_else(|failure| failure.error_response());
            if let Ok(app) = app(http) {
                let outcome = GatewayOutcome::of_status(response.status().as_u16());
                app.metrics.gateway_requests.count((verb.into(), outcome));
            }
            Some(response)
        }
        Err(unread) => Some(refused::unreadable(unread)),
    }
}

async fn serve(
    http: &HttpRequest,
    payload: Payload,
    asked: ContentRequest,
    relay: Rc<Relay>,
) -> Result<HttpResponse, Failure> {
    let app = app(http)?;
    refuse(http, &app, &asked)?;
    let (asked, admitted) = admit(http, &app, asked).await?;
    let source = address::source_but_proxies(http, &app);
    let place = app.pools.at_upstream(source, admitted.call.caller.is_anonymous()).await.ok_or_else(full)?;
    let work = Passage { http: http.clone(), app, relay, source, place, admitted: Arc::new(admitted) };
    match (&asked.object, asked.verb) {
        (Object::Manifest(reference), Verb::Put) => work.push_manifest(payload, asked.clone(), reference.clone()).await,
        (Object::Manifest(reference), Verb::Delete) => work.delete_manifest(asked.clone(), reference.clone()).await,
        (Object::Manifest(reference), Verb::Get | Verb::Head) => work.pull_manifest(&asked, reference).await,
        (
            Object::Manifest(_)
            | Object::Blob(_)
            | Object::Tags
            | Object::Referrers(_)
            | Object::Uploads
            | Object::Upload(_),
            _,
        ) => work.pass(payload, &asked).await,
    }
}

/// Refuses what a page sends, or a client that says something twice, whoever asks.
pub(super) fn refuse(http: &HttpRequest, app: &App, asked: &ContentRequest) -> Result<(), Failure> {
    refused::refuse_pages(http)?;
    refused::refuse_doubled(http, &ONCE)?;
    match asked.verb {
        Verb::Get | Verb::Head => Ok(()),
        Verb::Post | Verb::Put | Verb::Patch | Verb::Delete => app.refuse_foreign_write(http),
    }
}

/// Asks whether the request may go on, and makes the repository that it pushes to. A blob that may not be taken from where
/// it is is uploaded instead.
pub(super) async fn admit(
    http: &HttpRequest,
    app: &web::Data<App>,
    asked: ContentRequest,
) -> Result<(ContentRequest, Admitted), Failure> {
    let turned = |failure| app.turned_away(http, &asked, failure);
    let caller = match request::credentials(http, Access::Registry) {
        Ok(credentials) => app.authenticate_for_content(http, credentials).await,
        Err(failure) => Err(failure),
    };
    let caller = caller.map_err(turned)?;
    let call = Call { caller, now: app.clock.now(), user_agent: request::user_agent(http) };
    let mut admission = app.service.admit(&call, &asked).map_err(|error| turned(error.into()))?;
    if let Admission::Makes = admission {
        let (maker, name) = (call.clone(), asked.repository.clone());
        let made = app.block(http, Work::Change, move |service| service.make_for_push(&maker, &name)).await;
        made.map_err(turned)?;
        admission = app.service.admit(&call, &asked).map_err(|error| turned(error.into()))?;
    }
    match admission {
        Admission::Admitted(admitted) => {
            let asked = if admitted.may_mount { asked } else { asked.without_mount() };
            Ok((asked, *admitted))
        }
        // What could not be made is not tried for ever.
        Admission::Makes | Admission::Refused => Err(app.refused(http, &asked, &call)),
    }
}

/// The answer where as many requests as may are at the registry, for longer than anybody waits.
fn full() -> Failure {
    Failure::new(Code::Unavailable, "as many requests as may are at the registry").retrying_after(COME_BACK)
}

/// A request on its way through.
struct Passage {
    http: HttpRequest,
    app: SharedApp,
    relay: Rc<Relay>,
    /// Where it comes from, as it is counted.
    source: Source,
    /// Its room at the registry.
    place: UpstreamPlace,
    admitted: Arc<Admitted>,
}

impl Passage {
    /// Passes on everything but manifests.
    async fn pass(self, payload: Payload, asked: &ContentRequest) -> Result<HttpResponse, Failure> {
        let (load, content_type) = match asked.verb {
            Verb::Post | Verb::Put | Verb::Patch => {
                (load::coming(&self.http, payload, standstill(&self.app))?, Some(BYTES.to_owned()))
            }
            Verb::Get | Verb::Head | Verb::Delete => (Load::Nothing, None),
        };
        let passed = self.send(asked, load, content_type).await?;
        self.app.service.note_upload(&self.admitted, asked, passed.upload.as_ref());
        Ok(answer::of(passed, asked, self.place))
    }

    /// Sends a request on.
    async fn send(&self, asked: &ContentRequest, load: Load, content_type: Option<String>) -> Result<Passed, Failure> {
        let headers = self.http.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        self.forward(asked, headers, load, content_type).await
    }

    /// Asks what dockpass itself wants to know of a manifest, whatever kinds of them the client knows: Debian's registry
    /// says to others that there is none.
    async fn ask(&self, question: &ContentRequest) -> Result<Passed, Failure> {
        let headers = vec![(ACCEPT.to_string(), MANIFESTS.as_bytes().to_vec())];
        self.forward(question, headers, Load::Nothing, None).await
    }

    async fn forward(
        &self,
        asked: &ContentRequest,
        headers: Vec<(String, Vec<u8>)>,
        load: Load,
        content_type: Option<String>,
    ) -> Result<Passed, Failure> {
        let pass = if self.relay.gateway().takes_tokens() {
            Some(self.app.service.upstream_pass(&self.admitted, asked)?)
        } else {
            None
        };
        if let Some(place) = self.http.conn_data::<super::connections::Place>() {
            place.connection().stream();
        }
        let forward = Forward { asked, headers, content_type, load, pass };
        let sent = self.relay.send(forward).await;
        if let Some(error) = sent.as_ref().err().and_then(counted) {
            self.app.metrics.upstream_errors.count((error,));
        }
        Ok(sent?)
    }
}

/// What is counted of an error of the registry; none of what the client did.
fn counted(error: &RelayError) -> Option<UpstreamError> {
    match error {
        RelayError::Unreachable => Some(UpstreamError::Unreachable),
        RelayError::TimedOut => Some(UpstreamError::TimedOut),
        RelayError::Refused => Some(UpstreamError::Refused),
        RelayError::Fault { .. } => Some(UpstreamError::Fault),
        RelayError::Storage => Some(UpstreamError::Storage),
        RelayError::Senseless => Some(UpstreamError::Senseless),
        RelayError::BrokenOff => None,
    }
}

/// For how long a body may stand still on its way to the registry: a client that makes it as it goes pauses for longer than
/// one that reads an answer.
fn standstill(app: &App) -> Duration {
    let seconds = app.config.server.stall_timeout.unsigned_abs();
    Duration::from_secs(seconds.saturating_mul(STANDSTILL))
}

impl From<RelayError> for Failure {
    fn from(error: RelayError) -> Self {
        let text = error.to_string();
        match error {
            RelayError::TimedOut | RelayError::Fault { status: 504, .. } => Self::new(Code::UpstreamTimedOut, text),
            RelayError::Fault { status: 503, retry_after } => {
                Self::new(Code::Unavailable, text).retrying_after(retry_after.unwrap_or(COME_BACK))
            }
            RelayError::BrokenOff => Self::new(Code::InvalidParameters, text),
            RelayError::Unreachable
            | RelayError::Fault { .. }
            | RelayError::Storage
            | RelayError::Refused
            | RelayError::Senseless => Self::new(Code::UpstreamFailed, text),
        }
    }
}
