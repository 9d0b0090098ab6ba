//! What a handler gets from a request: the path parts, query and body of its operation, limited in size, and a checked
//! caller.
//!
//! A [`Request`] exists only with a caller, whose credentials were checked first. Its body is parsed only with
//! [`Allowed`], the service's proof that the caller may do what the body asks for. [`Open`] is for the few operations
//! without a caller; it cannot call a use-case that takes one.

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, USER_AGENT};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::address::{self, Peer};
use super::body::ReadBody;
use super::connections::Place;
use super::failure::Failure;
use super::pools::{PATIENCE, Work, busy};
use super::request_log;
use super::{App, SharedApp};
use crate::api::{Access, Body, BodyFormat, Code, InvalidParameter, Operation, Parameters};
use crate::correlation;
use crate::domain::entered::{self, NotText};
use crate::domain::scope::MAX_SCOPES;
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;
use crate::domain::token::MAX_USER_AGENT;
use crate::service::signing::MAX_REGISTRY_TOKEN;
use crate::service::{Allowed, Call, Caller, Credentials, Error, Service};

/// Largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// Largest form, in bytes: room for as many scopes as one request may have, each with the longest name and all that can
/// be encoded encoded.
pub(super) const LARGEST_FORM: usize = MAX_SCOPES * 640;
/// Largest `Authorization` header, in bytes: room for the longest registry token after the name of its scheme, and for the
/// longest password in base64.
const MAX_AUTHORIZATION: usize = MAX_REGISTRY_TOKEN + 1024;
/// Longest secret that is checked, in bytes.
const MAX_SECRET: usize = 512;
/// How long a body may take to arrive; the server itself limits the time for the head.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What the router passes on: the request, its unread body, and the variable parts of its path.
pub(super) struct Arrival {
    pub(super) http: HttpRequest,
    pub(super) payload: Payload,
    pub(super) parts: Vec<String>,
}

/// The argument of a handler. It is made from the request before the handler runs: all checks happen there.
pub(super) trait FromArrival: Sized {
    /// The operation that the handler does.
    type Operation: Operation;

    /// Makes it from a request; a failure is the answer to the client.
    fn read(arrival: Arrival) -> impl Future<Output = Result<Self, Failure>>;
}

/// A request as it came, with its whole body.
pub(super) struct Received {
    pub(super) http: HttpRequest,
    pub(super) app: SharedApp,
    pub(super) now: Timestamp,
    parts: Vec<String>,
    body: Bytes,
}

/// A request whose caller was checked.
pub(super) struct Checked {
    received: Received,
    /// The caller, the time and the user agent.
    pub(super) call: Call,
}

/// A request for an operation that needs a checked caller.
pub(super) struct Request<O>(Checked, PhantomData<O>);

/// A request for an operation that checks no caller.
pub(super) struct Open<O>(Received, PhantomData<O>);

impl Deref for Checked {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.received
    }
}

impl<O> Deref for Request<O> {
    type Target = Checked;

    fn deref(&self) -> &Checked {
        &self.0
    }
}

impl<O> Deref for Open<O> {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.0
    }
}

impl<O: Operation> FromArrival for Open<O> {
    type Operation = O;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        const { assert!(matches!(O::FACTS.access, Access::Open), "this operation asks who calls") }
        let limit = match O::Body::FORMAT {
            BodyFormat::Form => LARGEST_FORM,
            BodyFormat::Nothing | BodyFormat::Json => MAX_BODY,
        };
        Ok(Self(Received::read(arrival, limit).await?, PhantomData))
    }
}

/// For handlers that answer unreadable requests in an error format of their own.
impl<O: Operation> FromArrival for Result<Open<O>, Failure> {
    type Operation = O;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        Ok(Open::read(arrival).await)
    }
}

impl<O: Operation> FromArrival for Request<O> {
    type Operation = O;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        Self::read_if_allowed(arrival).await?.map_err(|(failure, _)| failure)
    }
}

/// The variable parts of an operation's path. The router decodes all but `%2F`, `%25` and `%2B`. What it leaves encoded
/// is refused, except for `%2F` in repository names, where it stands for a slash.
fn parts<O: Operation, const N: usize>(received: &Received) -> Result<[String; N], Failure> {
    const { assert!(O::FACTS.parts_count() == N, "the path has another number of parts") }
    let names = O::FACTS.part_names();
    let decode = |(name, part): (&'static str, &String)| match name {
        // `%25` and `%2B` stay: no name has a `%`, so that parsing the name fails.
        "reponame" => Ok(part.replace("%2F", "/").replace("%2f", "/")),
        name if part.contains('%') => Err(Failure::invalid(name, "neither `/`, `%` nor `+` is in it")),
        _ => Ok(part.clone()),
    };
    let decoded: Vec<String> = names.zip(&received.parts).map(decode).collect::<Result<_, _>>()?;
    decoded.try_into().map_err(|_| Failure::internal(&std::io::Error::other("the router found another path")))
}

impl<O: Operation> Request<O> {
    /// The variable parts of the path, in order.
    pub(super) fn parts<const N: usize>(&self) -> Result<[String; N], Failure> {
        parts::<O, N>(self)
    }

    /// The parameters of the query string.
    pub(super) fn query(&self) -> Result<O::Query, Failure> {
        Ok(O::Query::read(&self.pairs())?)
    }

    /// The same for an operation that could do harm if a parameter were left out: it refuses unknown ones, and those that
    /// stand there twice.
    pub(super) fn exact_query(&self) -> Result<O::Query, Failure> {
        let (pairs, known) = (self.pairs(), O::Query::all());
        for (place, (name, _)) in pairs.iter().enumerate() {
            if !known.iter().any(|parameter| *name == parameter.name) {
                return Err(Failure::invalid(name, "not a parameter of this request"));
            }
            if pairs.iter().take(place).any(|(before, _)| before == name) {
                return Err(Failure::invalid(name, "more than once"));
            }
        }
        Ok(O::Query::read(&pairs)?)
    }

    /// Like [`FromArrival::read`], but gives a request whose caller is refused back, with its body unread.
    pub(super) async fn read_if_allowed(arrival: Arrival) -> Result<Result<Self, (Failure, Arrival)>, Failure> {
        const {
            let access = O::FACTS.access;
            let has_caller = matches!(access, Access::Anybody | Access::SignedIn | Access::Registry);
            assert!(has_caller, "this operation checks no caller");
        }
        match Checked::caller(&arrival, O::FACTS.access).await {
            Ok(caller) => Ok(Ok(Self(Checked::read(arrival, caller).await?, PhantomData))),
            Err(failure) => Ok(Err((failure, arrival))),
        }
    }
}

impl<O: Operation<Body: ReadBody>> Request<O> {
    /// The body, parsed once the `gate` has let the caller through: nobody else learns what is wrong with it.
    pub(super) fn body(
        &self,
        gate: impl FnOnce(&Service, &Call) -> Result<Allowed, Error>,
    ) -> Result<O::Body, Failure> {
        let Allowed { .. } = self.run(gate)?;
        O::Body::read(&self.http, &self.body)
    }
}

impl<O: Operation> Open<O> {
    /// The variable parts of the path, in order.
    pub(super) fn parts<const N: usize>(&self) -> Result<[String; N], Failure> {
        parts::<O, N>(self)
    }

    /// The parameters of the query string.
    pub(super) fn query(&self) -> Result<O::Query, Failure> {
        Ok(O::Query::read(&self.pairs())?)
    }
}

impl<O: Operation<Body: ReadBody>> Open<O> {
    /// The body, which anybody may send.
    pub(super) fn body(&self) -> Result<O::Body, Failure> {
        O::Body::read(&self.http, &self.body)
    }
}

impl From<InvalidParameter> for Failure {
    fn from(InvalidParameter { name, reason }: InvalidParameter) -> Self {
        Self::invalid(name, reason)
    }
}

/// The state that all handlers share.
pub(super) fn app(http: &HttpRequest) -> Result<SharedApp, Failure> {
    let missing = || Failure::internal(&std::io::Error::other("the application is not set up"));
    http.app_data::<SharedApp>().cloned().ok_or_else(missing)
}

/// A header as text; empty if it is not there.
pub(super) fn header(http: &HttpRequest, name: HeaderName) -> &str {
    http.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The client's `User-Agent`, bounded.
pub(super) fn user_agent(http: &HttpRequest) -> String {
    // Of all control characters, the text of a header has tabs alone.
    let mut text = header(http, USER_AGENT).replace('\t', "");
    text.truncate(text.floor_char_boundary(MAX_USER_AGENT));
    text
}

/// The credentials of the `Authorization` header. A registry token is accepted on the registry's own paths only, and an access
/// token without a user name only elsewhere: clients of registries sign in by name. `/v1/search` is elsewhere: nothing is opened
/// by it.
pub(super) fn credentials(http: &HttpRequest, access: Access) -> Result<Credentials, Failure> {
    let wrong = || Failure::from(Error::Unauthenticated);
    let mut values = http.headers().get_all(AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(Credentials::None) };
    // What is no plain text is no credential either, and is found to be none all the same.
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong())?;
    if values.next().is_some() {
        return Err(wrong());
    }
    read_authorization(text, access)
}

/// The credentials that a value of `Authorization` shows, where a registry token may be shown; none if they cannot be read.
#[must_use]
pub fn authorization(text: &str) -> Option<Credentials> {
    read_authorization(text, Access::Registry).ok()
}

fn read_authorization(text: &str, access: Access) -> Result<Credentials, Failure> {
    let wrong = || Failure::from(Error::Unauthenticated);
    if text.len() > MAX_AUTHORIZATION {
        return Err(wrong());
    }
    let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && access == Access::Registry {
        return Ok(Credentials::RegistryToken(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let decoded = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).map_err(|_| wrong())?;
    let mut decoded = Zeroizing::new(decoded);
    let text = entered::text(&decoded).map_err(|fault| match fault {
        NotText::Utf16 => Failure::new(Code::NotAuthenticated, "the credentials are UTF-16 text; encode them as UTF-8"),
        NotText::Utf32 => Failure::new(Code::NotAuthenticated, "the credentials are UTF-32 text; encode them as UTF-8"),
        NotText::NotUtf8 => wrong(),
    })?;
    let (username, password) = text.split_once(':').ok_or_else(wrong)?;
    let (username, before) = (username.to_owned(), decoded.len() - password.len());
    // The password stays where it is, so that there is no copy of it to wipe.
    decoded.drain(..before);
    let password = Password::new(String::from_utf8(std::mem::take(&mut *decoded)).map_err(|_| wrong())?);
    let username = username.as_str();
    Ok(match access {
        Access::SignedIn | Access::Anybody => Credentials::basic_of_api(username, password),
        Access::Open | Access::Registry | Access::Notifications | Access::Metrics | Access::Proxy => {
            Credentials::basic(username, password)
        }
    })
}

/// The one secret that a request shows as `Authorization: Bearer SECRET`, which is no credential of a caller.
pub(super) fn bearer_secret(http: &HttpRequest) -> Option<&str> {
    let mut values = http.headers().get_all(AUTHORIZATION);
    let (value, more) = (values.next()?, values.next());
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    let is_right = scheme.eq_ignore_ascii_case("bearer") && secret.len() <= MAX_SECRET && more.is_none();
    is_right.then_some(secret)
}

/// Refuses the local administrator, who has no name that a registry could know.
pub(super) fn known_by_name(caller: Caller) -> Result<Caller, Failure> {
    let is_nobody = caller.name().is_none() && !caller.is_anonymous();
    if is_nobody { Err(Error::Unauthenticated.into()) } else { Ok(caller) }
}

/// Whether an `Authorization` header begins with this scheme, in any case.
pub(super) fn has_scheme(authorization: &[u8], scheme: &str) -> bool {
    authorization.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// The use-case that checks credentials.
type CheckCredentials = fn(&Service, Credentials, Option<IpAddr>, Timestamp) -> Result<Caller, Error>;

/// The credentials of a request: from the header, else from the session cookie.
fn shown(app: &App, http: &HttpRequest, access: Access) -> Result<Credentials, Failure> {
    if http.headers().contains_key(AUTHORIZATION) {
        return credentials(http, access);
    }
    Ok(app.session(http)?.unwrap_or(Credentials::None))
}

impl App {
    /// Checks credentials: a password's slow hash on a thread that serves no requests, everything else here, also a password
    /// that was verified within the last minute. On the local socket, the peer's user id is the credential.
    pub(super) async fn authenticate(&self, http: &HttpRequest, credentials: Credentials) -> Result<Caller, Failure> {
        self.authenticate_by(http, credentials, Service::authenticate).await
    }

    /// The same, whatever was verified before.
    pub(super) async fn authenticate_anew(
        &self,
        http: &HttpRequest,
        credentials: Credentials,
    ) -> Result<Caller, Failure> {
        let (credentials, address) = self.shown_from(http, credentials)?;
        let from = (address, self.clock.now());
        let caller = self.check(http, credentials, from, Service::authenticate_anew).await?;
        request_log::note_caller(http, &caller);
        Ok(caller)
    }

    /// The same for content of the registry.
    pub(super) async fn authenticate_for_content(
        &self,
        http: &HttpRequest,
        credentials: Credentials,
    ) -> Result<Caller, Failure> {
        known_by_name(self.authenticate_by(http, credentials, Service::authenticate_for_content).await?)
    }

    async fn authenticate_by(
        &self,
        http: &HttpRequest,
        credentials: Credentials,
        check: CheckCredentials,
    ) -> Result<Caller, Failure> {
        let (credentials, address) = self.shown_from(http, credentials)?;
        let now = self.clock.now();
        let caller = match self.service.recall(&credentials, address, now) {
            Some(caller) => caller,
            None => self.check(http, credentials, (address, now), check).await?,
        };
        request_log::note_caller(http, &caller);
        Ok(caller)
    }

    /// What a request shows, and from where.
    fn shown_from(
        &self,
        http: &HttpRequest,
        credentials: Credentials,
    ) -> Result<(Credentials, Option<IpAddr>), Failure> {
        Ok(match address::peer(http, self)? {
            Peer::Local { uid } => (Credentials::Local { uid }, None),
            Peer::Remote(address) => (credentials, Some(address)),
        })
    }

    async fn check(
        &self,
        http: &HttpRequest,
        credentials: Credentials,
        (address, now): (Option<IpAddr>, Timestamp),
        check: CheckCredentials,
    ) -> Result<Caller, Failure> {
        if !credentials.is_slow() {
            return Ok(check(&self.service, credentials, address, now)?);
        }
        self.service.may_try_password(&credentials, address, now)?;
        // On the heap, like all that few requests wait for: the rest need none of its memory, which would be moved about.
        Box::pin(self.block(http, Work::Password, move |service| check(service, credentials, address, now))).await
    }
}

impl App {
    /// Runs a use-case that may block or take long, on a thread that serves no requests.
    pub(super) async fn block<T: Send + 'static>(
        &self,
        http: &HttpRequest,
        kind: Work,
        work: impl FnOnce(&Service) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = Arc::clone(&self.service);
        let work = correlation::carried_over(move || work(&service));
        self.pools.run(kind, address::source(http, self), turn(http, kind), work).await
    }
}

/// Waits until a client has read what was made for it: that must not pile up.
async fn turn(http: &HttpRequest, kind: Work) -> Result<(), Failure> {
    match http.conn_data::<Place>().filter(|_| matches!(kind, Work::LongRead | Work::StrangersRead)) {
        Some(place) => timeout(PATIENCE, place.turn_comes()).await.map_err(|_| busy()),
        None => Ok(()),
    }
}

impl Received {
    /// Reads a request with at most `limit` bytes of body.
    pub(super) async fn read(arrival: Arrival, limit: usize) -> Result<Self, Failure> {
        let Arrival { http, mut payload, parts } = arrival;
        let app = app(&http)?;
        let body = match payload {
            // Nothing to wait for.
            Payload::None => Bytes::new(),
            _ => Box::pin(read_in_time(&http, &mut payload, limit)).await?,
        };
        let now = app.clock.now();
        Ok(Self { http, app, now, parts, body })
    }

    /// Takes a request without its body: a proxy that asks about another request may tell the length of that one's.
    pub(super) fn unread(arrival: Arrival) -> Result<Self, Failure> {
        let Arrival { http, payload: _, parts } = arrival;
        let app = app(&http)?;
        let now = app.clock.now();
        Ok(Self { http, app, now, parts, body: Bytes::new() })
    }

    /// Parses the body, for a `FromArrival` that has checked the sender. [`Request`] and [`Open`] never give their
    /// `Received` away, so that their handlers cannot bypass [`Allowed`] with this.
    pub(super) fn with_body<B: ReadBody>(self) -> Result<(Self, B), Failure> {
        let body = B::read(&self.http, &self.body)?;
        Ok((self, body))
    }

    /// The client's `User-Agent`, bounded.
    pub(super) fn user_agent(&self) -> String {
        user_agent(&self.http)
    }

    /// The pairs of the query string.
    fn pairs(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.http.query_string().as_bytes()).collect()
    }
}

impl Checked {
    /// Who calls, once that is checked.
    async fn caller(arrival: &Arrival, access: Access) -> Result<Caller, Failure> {
        let http = &arrival.http;
        let app = app(http)?;
        app.refuse_foreign(http)?;
        let caller = match shown(&app, http, access) {
            Ok(credentials) => app.authenticate(http, credentials).await,
            Err(failure) => Err(failure),
        };
        let caller = caller.map_err(|failure| app.challenged(http, failure))?;
        // Strangers are told nothing, not even what is wrong with their request.
        if caller.is_anonymous() && access == Access::SignedIn {
            return Err(app.challenged(http, Error::Unauthenticated.into()));
        }
        Ok(caller)
    }

    async fn read(arrival: Arrival, caller: Caller) -> Result<Self, Failure> {
        let received = Received::read(arrival, MAX_BODY).await?;
        let user_agent = received.user_agent();
        let call = Call { caller, now: received.now, user_agent };
        Ok(Self { received, call })
    }

    /// Runs a use-case that changes something, on a thread that serves no requests.
    pub(super) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        self.block_as(Work::Change, work).await
    }

    /// Runs a use-case that walks through much, on a thread that serves no requests.
    pub(super) async fn read_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let is_stranger = self.call.caller.is_anonymous();
        self.block_as(if is_stranger { Work::StrangersRead } else { Work::LongRead }, work).await
    }

    async fn block_as<T: Send + 'static>(
        &self,
        kind: Work,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let call = self.call.clone();
        let done = self.app.block(&self.http, kind, move |service| work(service, &call)).await;
        done.map_err(|failure| self.app.challenged(&self.http, failure))
    }

    /// Runs a use-case that only reads memory: here, or on a thread that serves no requests if it may take long.
    pub(super) async fn read_list<T: Send + 'static>(
        &self,
        is_long: bool,
        work: impl FnOnce(&Service, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        if is_long { self.read_long(work).await } else { self.run(work) }
    }

    /// Runs a use-case that neither blocks nor takes long, on this thread.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Service, &Call) -> Result<T, Error>) -> Result<T, Failure> {
        let done = work(&self.app.service, &self.call).map_err(Failure::from);
        done.map_err(|failure| self.app.challenged(&self.http, failure))
    }
}

/// The whole body, which must come in time.
async fn read_in_time(http: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, Failure> {
    let read = timeout(BODY_TIMEOUT, read_body(http, payload, limit)).await;
    read.map_err(|_| Failure::new(Code::InvalidParameters, "the body took too long"))?
}

pub(super) async fn read_body(http: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, Failure> {
    let too_large = || Failure::new(Code::TooLarge, format!("a body has at most {limit} bytes"));
    let unreadable = || Failure::new(Code::InvalidParameters, "the body could not be read");
    let told = http.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        return Err(too_large());
    }
    let payload = web::Payload::from_request(http, payload).await.map_err(|_| unreadable())?;
    payload.to_bytes_limited(limit).await.map_err(|_| too_large())?.map_err(|_| unreadable())
}
