//! One request to the API and its answer, over any transport.
//!
//! Bodies hold secrets: none is logged.

use std::marker::PhantomData;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::path::ApiPath;
use crate::api::{self, ErrorAnswer, ErrorEntry, Operation};
use crate::cli::screen::{Cause, CliError};
use crate::net::{self, Address, Failure};

/// Far more than a page of the longest records.
const LARGEST: usize = 64 << 20;
/// Enough for a clean-up of many access tokens, which waits for the disk.
const CHANGE: net::Limits = net::Limits { time: Duration::from_mins(2), size: LARGEST };
/// What is read comes from memory, or a page of it from the disk, and the examination of a site has its own bound: a server
/// that takes longer hangs.
const READING: net::Limits = net::Limits { time: Duration::from_secs(30), size: LARGEST };
/// What is typed for the fields and parameters of the API: an option, or a plain word if not every command has an
/// option.
const OPTIONS: &[(&str, &str)] = &[
    ("accessLevel", "--access"),
    ("addr", "--addr"),
    ("certificate", "--output"),
    ("expiresAt", "--expires"),
    ("for", "--for"),
    ("fullName", "--full-name"),
    ("generatedby", "--generated-by"),
    ("isActive", "--active"),
    ("isAdmin", "--admin"),
    ("longDescription", "--long-description"),
    ("newPassword", "password"),
    ("only", "--only"),
    ("overlap", "--overlap"),
    ("repositories", "--repository"),
    ("shortDescription", "--description"),
    ("storage", "--storage-dir"),
    ("tokenLabel", "label"),
    ("usedbefore", "--used-before"),
];
/// The user agent, which the server records with each access token that is made.
const USER_AGENT: &str = concat!("dockpass-cli/", env!("CARGO_PKG_VERSION"));

/// The server that is called, as requests and messages name it.
pub(in crate::cli) struct ApiServer {
    /// For messages: a URL or a socket.
    pub(in crate::cli) place: String,
    /// The address of a remote server; `None` on the socket.
    pub(in crate::cli) address: Option<Address>,
    /// The header with what each request shows: credentials, or the secret of the socket.
    pub(in crate::cli) credential: Option<(HeaderName, HeaderValue)>,
    /// Advice if its certificate is not trusted, beginning with a semicolon; may be empty.
    pub(in crate::cli) hint: &'static str,
}

impl ApiServer {
    fn unusable(&self, cause: impl Into<Cause>, is_change: bool) -> CliError {
        CliError::ApiAnswer { place: self.place.clone(), cause: cause.into(), is_change }
    }

    fn stranger(&self, why: impl Into<String>) -> CliError {
        CliError::Stranger { place: self.place.clone(), why: why.into() }
    }

    pub(super) fn failure(&self, failure: Failure, is_change: bool) -> CliError {
        let place = self.place.clone();
        if failure.met_no_tls() {
            return self
                .stranger("it does not speak TLS; a dockpass without TLS, on this machine only, has an http:// URL");
        }
        if failure.met_no_http() {
            return self.stranger("it does not speak HTTP; a dockpass with TLS has an https:// URL");
        }
        match failure {
            Failure::Unreachable(_) | Failure::NoConnection { .. } | Failure::OfAuthority(_) => {
                CliError::Unreachable { place, cause: failure.into(), hint: "" }
            }
            Failure::Tls(_) => CliError::Unreachable { place, cause: failure.into(), hint: self.hint },
            Failure::Unprotected => CliError::Usage(format!(
                "{place} would carry the credentials unprotected over the network; give an https URL"
            )),
            Failure::TimedOut { seconds } => CliError::Timeout { place, seconds, is_change },
            Failure::TooLarge { .. } | Failure::Broken(_) => self.unusable(failure, is_change),
        }
    }
}

/// A request, not yet addressed to a server.
pub(in crate::cli) struct ApiRequest {
    pub(in crate::cli) method: Method,
    pub(in crate::cli) path: ApiPath,
    /// JSON; empty if there is no body.
    pub(in crate::cli) body: Bytes,
    /// A header of this request alone.
    pub(in crate::cli) header: Option<(HeaderName, HeaderValue)>,
    /// The media type of the answer: JSON, or one whose text is taken as it comes.
    pub(in crate::cli) accept: &'static str,
}

const JSON: &str = "application/json";

impl ApiRequest {
    /// A request for an operation, without a body.
    pub(in crate::cli) fn to<O: Operation>(path: ApiPath) -> Self {
        let method = match O::FACTS.method {
            api::Method::Get => Method::GET,
            api::Method::Post => Method::POST,
            api::Method::Put => Method::PUT,
            api::Method::Patch => Method::PATCH,
            api::Method::Delete => Method::DELETE,
        };
        Self { method, path, body: Bytes::new(), header: None, accept: JSON }
    }

    /// The same request with a body.
    pub(in crate::cli) fn with(self, body: &impl Serialize) -> Result<Self, CliError> {
        let body = serde_json::to_vec(body).map_err(CliError::Json)?;
        Ok(Self { body: body.into(), ..self })
    }

    /// The HTTP request, addressed to `peer`.
    pub(in crate::cli) fn request(&self, peer: &ApiServer) -> Result<Request<Full<Bytes>>, CliError> {
        self.written(peer).map_err(|cause| peer.unusable(cause, false))
    }

    /// Whether it is to change something.
    fn is_change(&self) -> bool {
        self.method != Method::GET
    }

    /// How long the answer may take, and how long it may be.
    pub(in crate::cli) fn limits(&self) -> net::Limits {
        if self.is_change() { CHANGE } else { READING }
    }

    fn written(&self, peer: &ApiServer) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let path = self.path.as_str();
        let (uri, host) = match &peer.address {
            Some(address) => (address.at(path)?, address.authority.as_str()),
            None => (Uri::try_from(path)?, "localhost"),
        };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(header::HOST, host)
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, self.accept);
        for (name, value) in peer.credential.iter().chain(&self.header) {
            request = request.header(name, value.clone());
        }
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        request.body(Full::new(self.body.clone()))
    }
}

/// A successful answer; `T` is the operation's type, once that is known.
pub(in crate::cli) struct ApiAnswer<T = Value> {
    /// The body; null if there was none.
    pub(in crate::cli) value: Value,
    /// Where the next page of a list starts, if there is one.
    pub(in crate::cli) next_page: Option<String>,
    /// How many rows the whole list has, if that was asked for.
    pub(in crate::cli) count: Option<u64>,
    /// The `Warning` headers.
    pub(in crate::cli) warnings: Vec<String>,
    /// Where it came from, for messages.
    pub(in crate::cli) place: String,
    /// Whether something was to be changed.
    pub(in crate::cli) is_change: bool,
    pub(in crate::cli) holds: PhantomData<fn() -> T>,
}

impl<A> ApiAnswer<A> {
    /// The answer as one of type `T`; only `read` checks it.
    pub(in crate::cli) fn of<T>(self) -> ApiAnswer<T> {
        let Self { value, next_page, count, warnings, place, is_change, .. } = self;
        ApiAnswer { value, next_page, count, warnings, place, is_change, holds: PhantomData }
    }
}

impl<T: DeserializeOwned> ApiAnswer<T> {
    /// Reads the body as a `T`.
    pub(in crate::cli) fn read(&self) -> Result<T, CliError> {
        T::deserialize(&self.value).map_err(|cause| self.unusable(cause))
    }
}

impl<T> ApiAnswer<T> {
    /// The error for an answer that cannot come from dockpass.
    pub(in crate::cli) fn unusable(&self, cause: impl Into<Cause>) -> CliError {
        CliError::ApiAnswer { place: self.place.clone(), cause: cause.into(), is_change: self.is_change }
    }
}

/// Turns the HTTP answer to a call into its result.
pub(in crate::cli) fn read(
    answer: Result<net::Answer, Failure>,
    call: &ApiRequest,
    peer: &ApiServer,
) -> Result<ApiAnswer, CliError> {
    let is_change = call.is_change();
    let answer = answer.map_err(|failure| peer.failure(failure, is_change))?;
    log::debug!("{} {}: {}", call.method, call.path.as_str(), answer.status);
    if answer.status.is_success() {
        accept(&answer.headers, &answer.body, peer, call)
    } else {
        Err(refusal(&answer, peer))
    }
}

fn accept(headers: &HeaderMap, body: &Bytes, peer: &ApiServer, call: &ApiRequest) -> Result<ApiAnswer, CliError> {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    Ok(ApiAnswer {
        value: value(headers, body, call.accept).map_err(|why| peer.stranger(why))?,
        next_page: headers.get("x-next-page-start").and_then(text).filter(|start| !start.is_empty()),
        count: headers.get("x-resource-count").and_then(text).and_then(|count| count.parse().ok()),
        warnings: headers.get_all(header::WARNING).iter().filter_map(text).collect(),
        place: peer.place.clone(),
        is_change: call.is_change(),
        holds: PhantomData,
    })
}

/// The body, in the media type that was asked for.
fn value(headers: &HeaderMap, body: &Bytes, asked: &str) -> Result<Value, String> {
    if asked == JSON {
        let read = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
        return read.map_err(|_| "its answer is not JSON".to_owned());
    }
    let is_asked = headers.get(header::CONTENT_TYPE).is_some_and(|media| media == asked);
    let text = std::str::from_utf8(body).ok().filter(|_| is_asked);
    text.map(|text| Value::String(text.to_owned())).ok_or_else(|| format!("its answer is no {asked}"))
}

/// The server's error. If the body is not ours, something else has answered: at a status of 500 or more perhaps a proxy
/// before dockpass, below that what listens there, such as the registry.
pub(super) fn refusal(answer: &net::Answer, peer: &ApiServer) -> CliError {
    let status = answer.status.as_u16();
    let seconds = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = seconds.and_then(|seconds| seconds.parse().ok());
    let told = serde_json::from_slice::<ErrorAnswer>(&answer.body).ok();
    match told.and_then(|answer| answer.errors.into_iter().next()) {
        Some(entry) => CliError::Refused { status, message: typed(&entry), code: entry.code, retry_after },
        None if status < 500 => {
            peer.stranger(format!("it answered with status {status}, and not as dockpass does; is it the registry?"))
        }
        None => CliError::Refused {
            status,
            code: String::new(),
            message: format!("the server answered with status {status}, or a proxy before it did"),
            retry_after,
        },
    }
}

/// The server's sentence, with the API's field replaced by the option that was typed.
fn typed(entry: &ErrorEntry) -> String {
    let field = entry.detail.get("field").and_then(Value::as_str);
    let option = field.and_then(|field| OPTIONS.iter().find(|(known, _)| *known == field));
    let reason = field.and_then(|field| entry.message.strip_prefix(field)?.strip_prefix(": "));
    match (option, reason) {
        (Some((_, option)), Some(reason)) => format!("{option}: {reason}"),
        (None, _) | (_, None) => entry.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::SetAccess;
    use crate::api::operations::grants::SetUserAccess;
    use crate::api::operations::repositories::ViewRepository;
    use crate::cli::testing::Server;
    use crate::http;

    async fn ask(server: &Server, call: &ApiRequest) -> Result<ApiAnswer, CliError> {
        let stream = tokio::net::UnixStream::connect(server.socket()).await.unwrap();
        let credential = Some((header::AUTHORIZATION, HeaderValue::from_static("Basic abc")));
        let peer = ApiServer { place: "the test".into(), address: None, credential, hint: "" };
        let answer = net::send_over(stream, call.request(&peer).unwrap(), call.limits()).await;
        read(answer, call, &peer)
    }

    fn get() -> ApiRequest {
        ApiRequest::to::<ViewRepository>(ApiPath::of::<ViewRepository, _>(["a", "b/c"], &()))
    }

    #[tokio::test]
    async fn a_request_has_all_that_the_server_needs() {
        let server = Server::start(&["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]);
        let body = SetAccess { access_level: "admin".into(), ..SetAccess::default() };
        let path = ApiPath::of::<SetUserAccess, _>(["a", "b/c", "d"], &());
        let call = ApiRequest::to::<SetUserAccess>(path).with(&body).unwrap();
        assert_eq!(ask(&server, &call).await.unwrap().value, serde_json::json!({}));
        let sent = server.requests().remove(0).to_lowercase();
        assert!(sent.starts_with("put /api/v0/repositories/a/b%2fc/useraccess/d http/1.1\r\n"), "{sent}");
        for part in [
            "host: localhost\r\n",
            "authorization: basic abc\r\n",
            "user-agent: dockpass-cli/",
            "{\"accesslevel\":\"admin\"}",
        ] {
            assert!(sent.contains(part), "{part} in {sent}");
        }
    }

    #[tokio::test]
    async fn headers_of_lists_and_warnings_are_kept() {
        let server = Server::start(&[
            "HTTP/1.1 204 No Content\r\nx-next-page-start: a/b\r\nwarning: 299 - \"the content stays\"\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nx-next-page-start: \r\n\r\n",
        ]);
        let answer = ask(&server, &get()).await.unwrap();
        assert_eq!((answer.value.clone(), answer.next_page.as_deref()), (Value::Null, Some("a/b")));
        assert_eq!(answer.warnings, ["299 - \"the content stays\""]);
        assert_eq!(ask(&server, &get()).await.unwrap().next_page, None);
    }

    #[tokio::test]
    async fn the_servers_words_become_the_error() {
        let body = r#"{"errors":[{"code":"NO_SUCH_USER","message":"no user bob","detail":{}}]}"#;
        let ours = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let server = Server::start(&[&ours, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops"]);
        let error = ask(&server, &get()).await.err().unwrap();
        assert!(matches!(&error, CliError::Refused { status: 404, code, .. } if code == "NO_SUCH_USER"));
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("no user bob", 1));
        let said = "the server answered with status 502, or a proxy before it did";
        assert_eq!(ask(&server, &get()).await.err().unwrap().to_string(), said);
    }

    #[test]
    fn a_refused_field_is_named_as_it_was_typed() {
        let said = |message: &str, detail: Value| {
            typed(&ErrorEntry { code: "INVALID_PARAMETERS".into(), message: message.into(), detail })
        };
        let of = |field: &str| serde_json::json!({ "field": field, "reason": "this is past" });
        assert_eq!(said("expiresAt: this is past", of("expiresAt")), "--expires: this is past");
        assert_eq!(said("overlap: this is past", of("overlap")), "--overlap: this is past");
        // A field without an option, a message that does not begin with its field, and no field at all.
        assert_eq!(said("pageStart: this is past", of("pageStart")), "pageStart: this is past");
        assert_eq!(said("expiresAt is past", of("expiresAt")), "expiresAt is past");
        assert_eq!(said("expiresAt: this is past", Value::Null), "expiresAt: this is past");
    }

    #[test]
    fn every_option_that_stands_for_a_field_is_one() {
        use clap::CommandFactory;
        let help = |command: &mut clap::Command| command.render_long_help().to_string();
        let mut texts = Vec::new();
        let mut left = vec![crate::cli::Arguments::command()];
        while let Some(mut command) = left.pop() {
            texts.push(help(&mut command));
            left.extend(command.get_subcommands().cloned());
        }
        for (field, option) in OPTIONS.iter().filter(|(_, option)| option.starts_with("--")) {
            assert!(texts.iter().any(|text| text.contains(&format!("{option} "))), "{option} of {field}");
        }
    }

    #[tokio::test]
    async fn what_is_no_dockpass_is_told() {
        let server = Server::start(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<html",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 18\r\n\r\n404 page not found",
            "SSH-2.0-OpenSSH\r\n",
            // What a port that speaks TLS says to plain HTTP: an alert.
            "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}F",
        ]);
        for why in ["its answer is not JSON", "status 404", "it does not speak HTTP", "it does not speak HTTP"] {
            let error = ask(&server, &get()).await.err().unwrap();
            let said = error.to_string();
            assert!(matches!(error, CliError::Stranger { .. }), "{error:?}");
            assert!(said.starts_with("the test is not a dockpass server: ") && said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_site_next_to_a_slow_registry_is_examined_before_its_server_is_given_up() {
        assert!(READING.time >= http::EXAMINED_WITHIN + Duration::from_secs(5));
    }

    #[test]
    fn a_server_that_hangs_is_given_up_sooner_where_nothing_is_changed() {
        let peer = ApiServer { place: "https://a.example".into(), address: None, credential: None, hint: "" };
        let body = SetAccess { access_level: "admin".into(), ..SetAccess::default() };
        let change = ApiRequest::to::<SetUserAccess>(ApiPath::of::<SetUserAccess, _>(["a", "b", "c"], &()));
        let change = change.with(&body).unwrap();
        assert!(get().limits().time < change.limits().time);
        let closed = read(Err(Failure::NoConnection { seconds: 10 }), &change, &peer).err().unwrap().to_string();
        assert_eq!(closed, "cannot reach https://a.example: no connection within 10 seconds", "nothing was sent");
        for (call, doubt) in [(get(), ""), (change, "; the change may have been made all the same")] {
            let seconds = call.limits().time.as_secs();
            let late = read(Err(Failure::TimedOut { seconds }), &call, &peer).err().unwrap().to_string();
            let said = "https://a.example takes connections, but did not answer within";
            assert_eq!(late, format!("{said} {seconds} seconds{doubt}"));
        }
    }

    #[tokio::test]
    async fn only_a_change_can_have_been_made() {
        let server = Server::start(&["", ""]);
        let body = SetAccess { access_level: "admin".into(), ..SetAccess::default() };
        let change = ApiRequest::to::<SetUserAccess>(ApiPath::of::<SetUserAccess, _>(["a", "b", "c"], &()));
        for (call, may) in [(get(), false), (change.with(&body).unwrap(), true)] {
            let error = ask(&server, &call).await.err().unwrap();
            assert!(matches!(error, CliError::ApiAnswer { .. }), "{error:?}");
            assert_eq!(error.to_string().ends_with("; the change may have been made all the same"), may, "{error}");
        }
    }
}
