//! One request to the registry and its answer: bounded in time and size, over connections that stay open.
//!
//! HTTP/1.1. The registry token stands in one header, marked as sensitive, and nowhere else.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use zeroize::Zeroizing;

use super::error::{About, UpstreamError};
use crate::net::{self, Address, ConnectError, Connector};

/// Who asks; what the registry notes in its notifications as the user agent.
const USER_AGENT: &str = concat!("dockpass/", env!("CARGO_PKG_VERSION"));
/// How long an open connection waits for its next use; registries and proxies close theirs after a minute or more.
const IDLE: Duration = Duration::from_secs(30);

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Until a connection is there.
    pub(super) connect: Duration,
    /// From the question to the end of the answer.
    pub(super) answer: Duration,
    /// A page of a list, or anything else without a limit of its own, in bytes.
    pub(super) page: usize,
    /// A manifest, in bytes: what Distribution itself takes.
    pub(super) manifest: usize,
    /// A configuration, in bytes.
    pub(super) config: usize,
}

pub(super) const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_mins(1),
    page: 16 << 20,
    manifest: 4 << 20,
    config: 8 << 20,
};

/// What is asked.
pub(super) struct Question<'a> {
    /// How.
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: &'a str,
    /// Where no registry token may go, none.
    pub(super) token: Option<&'a str>,
    /// What answers are understood, as the `Accept` header says it.
    pub(super) accept: &'static str,
    /// What it is called in messages.
    pub(super) asked: &'static str,
    /// Longest answer, in bytes.
    pub(super) limit: usize,
}

/// What came back, whatever its status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The way to one registry.
pub(super) struct Exchange {
    client: Client<Connector, Empty<Bytes>>,
    pub(super) registry: Address,
    /// The registry's URL.
    pub(super) place: String,
    pub(super) limits: Limits,
}

impl Exchange {
    /// Prepares it; nothing is sent yet.
    pub(super) fn new(url: &str, ca: Option<&Path>, limits: Limits) -> Result<Self, UpstreamError> {
        let registry = Address::parse(url)?;
        let connector = Connector::new(net::trust(ca)?, limits.connect);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, place: registry.url(), registry, limits })
    }

    /// Asks the registry.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let target = Uri::builder()
            .scheme(self.registry.scheme())
            .authority(self.registry.authority.clone())
            .path_and_query(question.target);
        let target = target.build().map_err(|cause| self.about(question).unusable(cause))?;
        self.ask_at(target, question).await
    }

    /// Asks whoever the URL names; the target of the question does not count.
    pub(super) async fn ask_at(&self, target: Uri, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let about = self.about(question);
        let request = request(target, question).map_err(|cause| about.unusable(cause))?;
        let late = |_| UpstreamError::TimedOut { place: self.place.clone(), seconds: self.limits.answer.as_secs() };
        let answer =
            tokio::time::timeout(self.limits.answer, self.transfer(request, question)).await.map_err(late)??;
        log::debug!("{} {}: {}", question.method, question.asked, answer.status);
        Ok(answer)
    }

    /// For the errors of a question.
    pub(super) fn about(&self, question: &Question<'_>) -> About<'_> {
        About { place: &self.place, asked: question.asked }
    }

    async fn transfer(&self, request: Request<Empty<Bytes>>, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let response = self.client.request(request).await.map_err(|cause| self.failure(cause, question))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, question.limit).collect().await.map_err(|cause| {
            let about = self.about(question);
            if cause.is::<LengthLimitError>() { about.too_large(question.limit) } else { about.unusable(cause) }
        })?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }

    /// The client keeps why there is no connection among its sources.
    fn failure(&self, cause: legacy::Error, question: &Question<'_>) -> UpstreamError {
        let place = self.place.clone();
        let mut sources = std::iter::successors(cause.source(), |source| (*source).source());
        match sources.find_map(|source| source.downcast_ref::<ConnectError>()) {
            Some(ConnectError::TimedOut { seconds }) => UpstreamError::TimedOut { place, seconds: *seconds },
            Some(ConnectError::Tls(_)) => UpstreamError::Tls { place, cause: cause.into() },
            Some(ConnectError::Unreachable(_)) => UpstreamError::Unreachable { place, cause: cause.into() },
            None => self.about(question).unusable(cause),
        }
    }
}

fn request(target: Uri, question: &Question<'_>) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(question.method.clone())
        .uri(target)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, question.accept);
    if let Some(token) = question.token {
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let mut authorization = HeaderValue::from_str(&bearer)?;
        authorization.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Empty::new())
}
