//! The id of each request, which its answer carries, and the line that tells of it in the log, if it is asked for.
//!
//! A line has the path without its query, never a body or a header with credentials, and who asked by name and by the id of
//! an access token. It is written when the answer has gone or has broken off, with the bytes of the body that went.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use tokio::time::Instant;

use super::App;
use super::address;
use crate::correlation::{Correlation, REQUEST_ID, RequestId, TRACEPARENT, TRACESTATE, Trace};
use crate::domain::secret::without_secrets;
use crate::service::Caller;

/// The target of these lines. What reads them names it: it does not change with the module.
const TARGET: &str = "dockpass::requests";
/// What of a method a line has, in letters, and of a path, in bytes.
const LONGEST_METHOD: usize = 32;
const LONGEST_PATH: usize = 1_024;

/// The headers of every request and answer. Made once: looking one up by its text would read that anew each time.
static ID: HeaderName = HeaderName::from_static(REQUEST_ID);
static PARENT: HeaderName = HeaderName::from_static(TRACEPARENT);
static STATE: HeaderName = HeaderName::from_static(TRACESTATE);

/// The id of a request and its trace. The id that a trusted proxy gives is taken over, and nobody else's.
pub(super) fn correlation(http: &HttpRequest, app: Option<&App>) -> Arc<Correlation> {
    let given = app.filter(|app| address::is_of_proxy(http, app)).and_then(|_| once(http.headers(), &ID));
    let id = given.and_then(RequestId::parse).unwrap_or_else(RequestId::made);
    let state = || http.headers().get_all(&STATE).filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    let trace = once(http.headers(), &PARENT).and_then(|parent| Trace::parse(parent, &state()));
    Arc::new(Correlation { id, trace })
}

/// A header that stands there once, as text.
fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Has an answer carry the id of its request.
pub(super) fn carry(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(ID.clone(), value);
    }
}

/// Who has signed in, as lines name it.
struct Who {
    user: String,
    credential: String,
}

/// Notes who asks, if there is to be a line about the request.
pub(super) fn note_caller(http: &HttpRequest, caller: &Caller) {
    if let Some(line) = http.extensions_mut().get_mut::<Line>() {
        let (user, credential) = caller.told();
        line.who = Some(Who { user, credential });
    }
}

/// The line of a request whose answer is on its way.
struct Line {
    correlation: Arc<Correlation>,
    begun: Instant,
    method: String,
    path: String,
    address: String,
    who: Option<Who>,
    status: u16,
    bytes: u64,
}

/// Notes that a request has begun, if there is to be a line about it.
pub(super) fn begin(http: &HttpRequest, app: &App, correlation: &Arc<Correlation>) {
    if app.config.log.requests {
        // Percent-decoded, as the router reads it: nothing hides in what is encoded.
        let path = without_secrets(http.match_info().as_str());
        let path = path.get(..path.floor_char_boundary(LONGEST_PATH)).unwrap_or_default().to_owned();
        http.extensions_mut().insert(Line {
            correlation: Arc::clone(correlation),
            begun: Instant::now(),
            method: http.method().as_str().chars().take(LONGEST_METHOD).collect(),
            path,
            address: address::remote(http, app).map(|address| address.to_string()).unwrap_or_default(),
            who: None,
            status: 0,
            bytes: 0,
        });
    }
}

/// Has the line written once the answer has gone.
pub(super) fn told(http: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let line = http.extensions_mut().remove::<Line>();
    let Some(line) = line else { return response };
    let line = Line { status: response.status().as_u16(), ..line };
    response.map_body(|_, body| BoxBody::new(Counted { body, line: Written(line) }))
}

/// The body of an answer, whose bytes are counted.
struct Counted {
    body: BoxBody,
    line: Written,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_next(cx);
        if let Poll::Ready(Some(Ok(piece))) = &polled {
            this.line.0.bytes += piece.len() as u64;
        }
        polled
    }
}

/// A line that is written when nothing more becomes of the answer.
struct Written(Line);

impl Drop for Written {
    fn drop(&mut self) {
        let Line { correlation, begun, method, path, address, who, status, bytes } = &self.0;
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (user, credential) = who.as_ref().map_or(("", ""), |who| (who.user.as_str(), who.credential.as_str()));
        let trace = correlation.trace.as_ref().map_or("", Trace::parent);
        log::info!(
            target: TARGET,
            method = method.as_str(), path = path.as_str(), status = *status, bytes = *bytes, ms = ms, user = user,
            credential = credential, address = address.as_str(), request = correlation.id.as_str(), traceparent = trace;
            "request"
        );
    }
}
