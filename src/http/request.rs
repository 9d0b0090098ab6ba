//! What a handler gets: a checked caller, the time, and the parts of the request, read with bounds.
//!
//! [`Request`] cannot be had without a caller: the extractor checks the credentials first. [`Plain`] has none, for the
//! few paths that need none, and cannot call a use-case that wants one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::de::DeserializeOwned;

use super::App;
use super::address::{self, Peer};
use super::failure::{Code, Failure};
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;
use crate::service::{Call, Caller, Credentials, Error, Service};

/// Largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// Largest `Authorization` header, in bytes: a registry token with many scopes, base64 of the longest password.
const MAX_AUTHORIZATION: usize = 24 * 1024;
/// How long a body may take; the server itself bounds the time of the head.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest user agent that is looked at, in bytes.
const MAX_USER_AGENT: usize = 256;

/// A request whose caller was checked.
pub(super) struct Request {
    plain: Plain,
    /// Who calls, when, with what.
    pub(super) call: Call,
}

/// A request as it came.
pub(super) struct Plain {
    pub(super) http: HttpRequest,
    pub(super) app: web::Data<App>,
    pub(super) now: Timestamp,
    body: Bytes,
}

impl std::ops::Deref for Request {
    type Target = Plain;

    fn deref(&self) -> &Plain {
        &self.plain
    }
}

/// What an extractor answers with.
pub(super) type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

impl FromRequest for Plain {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, mut payload) = (http.clone(), payload.take());
        Box::pin(async move { Plain::read(http, &mut payload, MAX_BODY).await })
    }
}

impl FromRequest for Request {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let takes_strangers = http.path().starts_with("/v2");
        Self::extract(http.clone(), payload.take(), takes_strangers)
    }
}

/// A request whose caller was checked and may be anonymous: what strangers get is the use-case's to decide.
pub(super) struct Visit(pub(super) Request);

impl FromRequest for Visit {
    type Error = Failure;
    type Future = Extracted<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = Request::extract(http.clone(), payload.take(), true);
        Box::pin(async move { request.await.map(Self) })
    }
}

/// What every handler shares.
pub(super) fn app(http: &HttpRequest) -> Result<web::Data<App>, Failure> {
    let missing = || Failure::internal(&std::io::Error::other("the application is not set up"));
    http.app_data::<web::Data<App>>().cloned().ok_or_else(missing)
}

/// The credentials of the `Authorization` header. A registry token opens the registry's own paths and nothing else.
pub(super) fn credentials(http: &HttpRequest, takes_registry_token: bool) -> Result<Credentials, Failure> {
    let wrong = || Failure::from(Error::Unauthenticated);
    let mut values = http.headers().get_all(AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(Credentials::None) };
    let text = value.to_str().map_err(|_| wrong())?;
    if values.next().is_some() || text.len() > MAX_AUTHORIZATION {
        return Err(wrong());
    }
    let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && takes_registry_token {
        return Ok(Credentials::RegistryToken(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let decoded = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).map_err(|_| wrong())?;
    let decoded = String::from_utf8(decoded).map_err(|_| wrong())?;
    let (username, password) = decoded.split_once(':').ok_or_else(wrong)?;
    Ok(Credentials::Basic { username: username.to_owned(), password: Password::new(password.to_owned()) })
}

/// The credentials of a request: of the header, else of a session's cookie.
fn shown(app: &App, http: &HttpRequest, takes_registry_token: bool) -> Result<Credentials, Failure> {
    if http.headers().contains_key(AUTHORIZATION) {
        return credentials(http, takes_registry_token);
    }
    Ok(app.session(http)?.unwrap_or(Credentials::None))
}

impl App {
    /// Checks credentials: quick ones here, a password's slow hash on a thread of its own. The local socket's peer is
    /// its own credential.
    pub(super) async fn authenticate(&self, http: &HttpRequest, credentials: Credentials) -> Result<Caller, Failure> {
        let peer = address::peer(http, &self.config, self.owner)?;
        let (credentials, address) = match peer {
            Peer::Local { uid } => (Credentials::Local { uid }, None),
            Peer::Remote(address) => (credentials, Some(address)),
        };
        let now = self.clock.now();
        if !credentials.is_slow() {
            return Ok(self.service.authenticate(credentials, address, now)?);
        }
        block(&self.service, move |service| service.authenticate(credentials, address, now)).await
    }
}

/// Runs a use-case that may block on a thread that does not serve requests.
pub(super) async fn block<T: Send + 'static>(
    service: &Arc<Service>,
    work: impl FnOnce(&Service) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let service = Arc::clone(service);
    match web::block(move || work(&service)).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Failure::internal(&error)),
    }
}

impl Plain {
    /// Reads a request with at most `limit` bytes of body.
    pub(super) async fn read(http: HttpRequest, payload: &mut Payload, limit: usize) -> Result<Self, Failure> {
        let app = app(&http)?;
        let read = tokio::time::timeout(BODY_TIMEOUT, read_body(&http, payload, limit)).await;
        let body = read.map_err(|_| Failure::new(Code::InvalidParameters, "the body took too long"))??;
        let now = app.clock.now();
        Ok(Self { http, app, now, body })
    }

    /// The client's `User-Agent`, bounded.
    pub(super) fn user_agent(&self) -> String {
        let text = self.http.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.chars().filter(|letter| !letter.is_control()).take(MAX_USER_AGENT).collect()
    }

    /// A part of the path. What the router leaves encoded is refused: `%2F` stands for a slash in repository names only,
    /// `%25` and `%2B` are in no name.
    pub(super) fn part(&self, name: &str) -> Result<String, Failure> {
        let part = self.http.match_info().get(name).unwrap_or_default();
        if part.contains('%') {
            Err(Failure::invalid(name, "neither `/`, `%` nor `+` is in it"))
        } else {
            Ok(part.to_owned())
        }
    }

    /// A repository's name within its namespace, whose slashes come as `%2F`, decoded once.
    pub(super) fn repository_part(&self, name: &str) -> String {
        // The router has decoded everything but `%2F`, `%25` and `%2B`; the last two are in no name.
        self.http.match_info().get(name).unwrap_or_default().replace("%2F", "/").replace("%2f", "/")
    }

    /// The pairs of the query string.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.http.query_string().as_bytes()).into_owned().collect()
    }

    /// The first value of a query parameter.
    pub(super) fn query_value(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.http.query_string().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A query parameter that is true or false; false if absent.
    pub(super) fn query_flag(&self, name: &str) -> Result<bool, Failure> {
        match self.query_value(name).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(_) => Err(Failure::invalid(name, "true or false")),
        }
    }

    /// A query parameter that is a time or a date.
    pub(super) fn query_time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let text = self.query_value(name).filter(|text| !text.is_empty());
        text.map(|text| Timestamp::parse(&text).map_err(|error| Failure::invalid(name, error))).transpose()
    }

    /// The pairs of a form body.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The JSON body; an empty one is an empty object.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let kind = self.http.content_type();
        // Without a type it is refused as well: a page of another site could send that with a browser's credentials.
        let is_json = kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json");
        if !is_json && !self.body.is_empty() {
            let message = format!("the body must be application/json, as its {CONTENT_TYPE} must say");
            return Err(Failure::new(Code::UnsupportedMediaType, message));
        }
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        // serde would take an array for an object, field by field.
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Failure::new(Code::InvalidJson, "the body is no JSON object but an array"));
        }
        serde_json::from_slice(body).map_err(|error| malformed(&error, body))
    }
}

impl Request {
    fn extract(http: HttpRequest, mut payload: Payload, takes_strangers: bool) -> Extracted<Self> {
        Box::pin(async move {
            let app = app(&http)?;
            let takes_registry_token = http.path().starts_with("/v2");
            app.refuse_foreign(&http)?;
            let caller = match shown(&app, &http, takes_registry_token) {
                Ok(credentials) => app.authenticate(&http, credentials).await,
                Err(failure) => Err(failure),
            };
            let caller = caller.map_err(|failure| app.challenged(&http, failure))?;
            // Strangers get nothing, not even what is wrong with their request.
            if caller.is_anonymous() && !takes_strangers {
                return Err(app.challenged(&http, Error::Unauthenticated.into()));
            }
            let plain = Plain::read(http, &mut payload, MAX_BODY).await?;
            let user_agent = plain.user_agent();
            let call = Call { caller, now: plain.now, user_agent };
            Ok(Self { plain, call })
        })
    }

    /// Runs a use-case that may block on a thread that does not serve requests.
    pub(super) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let call = self.call.clone();
        let done = block(&self.app.service, move |service| work(service, &call)).await;
        done.map_err(|failure| self.app.challenged(&self.http, failure))
    }

    /// Runs a use-case that reads memory only: a page here, what may be long on a thread that does not serve requests.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        is_long: bool,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        if is_long { self.block(work).await } else { self.run(work) }
    }

    /// Runs a use-case that reads memory only.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Service, &Call) -> Result<T, Error>) -> Result<T, Failure> {
        let done = work(&self.app.service, &self.call).map_err(Failure::from);
        done.map_err(|failure| self.app.challenged(&self.http, failure))
    }
}

async fn read_body(http: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, Failure> {
    let too_large = || Failure::new(Code::TooLarge, format!("a body has at most {limit} bytes"));
    let unreadable = || Failure::new(Code::InvalidParameters, "the body could not be read");
    let told = http.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        return Err(too_large());
    }
    let payload = web::Payload::from_request(http, payload).await.map_err(|_| unreadable())?;
    payload.to_bytes_limited(limit).await.map_err(|_| too_large())?.map_err(|_| unreadable())
}

/// What is wrong with a JSON body, without repeating a value of it, which may be a secret.
fn malformed(error: &serde_json::Error, body: &[u8]) -> Failure {
    let place = format!("line {}, column {}", error.line(), error.column());
    let text = error.to_string();
    // A number where one of several words belongs counts as a fault of syntax for serde, but is none.
    let is_misplaced =
        text.starts_with("expected value") && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    if is_misplaced {
        return Failure::new(Code::InvalidParameters, format!("expected a value of another kind ({place})"));
    }
    if !error.is_data() {
        return Failure::new(Code::InvalidJson, format!("the body is no JSON object: {place}"));
    }
    let names = ["unknown field", "missing field", "duplicate field"].iter().any(|start| text.starts_with(start));
    let expected = text.split_once("expected ").map_or("", |(_, expected)| expected);
    let expected = expected.split_once(" at line").map_or(expected, |(expected, _)| expected);
    let reason = if names {
        text.split(" at line").next().unwrap_or_default().to_owned()
    } else {
        format!("expected {}", expected.replace("u32", "a whole number").replace("i64", "a whole number"))
    };
    Failure::new(Code::InvalidParameters, format!("{reason} ({place})"))
}
