//! One request to the registry, and why it has no answer, in the registry's terms.
//!
//! The registry token stands in one header, marked as sensitive, and nowhere else.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header;
use hyper::{Method, Request, StatusCode, Uri};

use super::error::{About, UpstreamError};
use super::later;
use crate::net::{self, Address, Answer, Client, Failure, Plain};
use crate::registry::USER_AGENT;
use crate::registry::correlated;
use crate::registry::credentials::UpstreamCredentials;

/// Limits in time and size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Longest time to connect.
    pub(super) connect: Duration,
    /// From the question to the end of the answer.
    pub(super) answer: Duration,
    /// A page of a list, or anything else without a limit of its own, in bytes.
    pub(super) page: usize,
    /// A manifest, in bytes: what Distribution itself takes.
    pub(super) manifest: usize,
    /// A configuration, in bytes.
    pub(super) config: usize,
    /// How long a question waits in all for a registry that wants to be asked later.
    pub(super) patience: Duration,
    /// The same for a deletion, on which somebody waits.
    pub(super) short_patience: Duration,
    /// How long a second of such a wait takes; less in tests.
    pub(super) second: Duration,
}

pub(super) const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_mins(1),
    page: 16 << 20,
    manifest: 4 << 20,
    config: 8 << 20,
    patience: Duration::from_mins(2),
    short_patience: Duration::from_secs(20),
    second: Duration::from_secs(1),
};
/// Shortest wait for a registry that wants to be asked later, in milliseconds of such a wait.
const LEAST_WAIT: u32 = 250;

/// What is asked.
pub(super) struct Question<'a> {
    /// How.
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: &'a str,
    /// The registry token; none where it may not go.
    pub(super) token: Option<&'a str>,
    /// What answers are understood, as the `Accept` header says it.
    pub(super) accept: &'static str,
    /// What it is called in messages.
    pub(super) asked: &'static str,
    /// Longest answer, in bytes.
    pub(super) limit: usize,
}

/// The connection to one registry.
pub(super) struct Exchange {
    client: Client,
    pub(super) registry: Address,
    /// The registry's URL.
    pub(super) place: String,
    pub(super) limits: Limits,
    /// What is shown to it.
    pub(super) credentials: UpstreamCredentials,
    /// Whether it has answered to a registry token since it last said 401.
    is_believed: AtomicBool,
}

impl Exchange {
    /// Prepares it; nothing is sent yet.
    pub(super) fn new(url: &str, ca: Option<&Path>, limits: Limits) -> Result<Self, UpstreamError> {
        let registry = Address::parse(url)?;
        let client = Client::new(net::trust(ca)?, Plain::Anywhere, limits.connect);
        let credentials = UpstreamCredentials::Token;
        Ok(Self { client, place: registry.url(), registry, limits, credentials, is_believed: AtomicBool::new(false) })
    }

    /// Asks the registry. While it answers that it wants to be asked later, it is, within the limits.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let target = self.registry.at(question.target).map_err(|cause| self.about(question).unusable(cause))?;
        let is_change = question.method == Method::DELETE;
        let mut patience = if is_change { self.limits.short_patience } else { self.limits.patience };
        loop {
            let answer = self.ask_at(target.clone(), question).await?;
            let Some(seconds) = later::seconds(&answer) else { return Ok(answer) };
            let Some(left) = patience.checked_sub(self.wait(seconds)) else {
                return Err(self.about(question).busy(answer.status, seconds));
            };
            patience = left;
            tokio::time::sleep(self.wait(seconds)).await;
        }
    }

    fn wait(&self, seconds: u64) -> Duration {
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        self.limits.second.saturating_mul(seconds).max(self.limits.second.saturating_mul(LEAST_WAIT) / 1_000)
    }

    /// Asks the server of this URL; the question's own target is ignored.
    pub(super) async fn ask_at(&self, target: Uri, question: &Question<'_>) -> Result<Answer, UpstreamError> {
        let request = self.request(target, question).map_err(|cause| self.about(question).unusable(cause))?;
        let limits = net::Limits { time: self.limits.answer, size: question.limit };
        let answer = self.client.send(request, limits).await.map_err(|cause| self.failure(cause, question))?;
        // Not the query, which the registry may have made.
        let path = question.target.split('?').next().unwrap_or_default();
        log::debug!("{} {path} ({}): {}", question.method, question.asked, answer.status);
        if question.token.is_some() {
            self.note_belief(answer.status);
        }
        Ok(answer)
    }

    fn request(&self, target: Uri, question: &Question<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder()
            .method(question.method.clone())
            .uri(target)
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, question.accept);
        // Where no token may go, nothing else goes.
        let shown = question.token.map(|token| self.credentials.header(Some(token))).transpose()?.flatten();
        if let Some(shown) = shown {
            request = request.header(header::AUTHORIZATION, shown);
        }
        let mut request = request.body(Full::default())?;
        if question.token.is_some() {
            correlated::add(request.headers_mut());
        }
        Ok(request)
    }

    /// Takes note whether the registry believes the tokens of dockpass.
    fn note_belief(&self, status: StatusCode) {
        if status.is_success() {
            self.is_believed.store(true, Ordering::Relaxed);
        } else if status == StatusCode::UNAUTHORIZED {
            self.is_believed.store(false, Ordering::Relaxed);
        }
    }

    /// What the errors of a question name.
    pub(super) fn about(&self, question: &Question<'_>) -> About<'_> {
        self.about_what(question.asked)
    }

    /// The same, by what it is called in messages.
    pub(super) fn about_what(&self, asked: &'static str) -> About<'_> {
        let is_believed = self.is_believed.load(Ordering::Relaxed);
        About { place: &self.place, asked, is_believed }
    }

    fn failure(&self, failure: Failure, question: &Question<'_>) -> UpstreamError {
        let place = self.place.clone();
        match failure {
            Failure::NoConnection { seconds } | Failure::TimedOut { seconds } => {
                UpstreamError::TimedOut { place, seconds }
            }
            Failure::Tls(_) | Failure::OfAuthority(_) => UpstreamError::Tls { place, cause: failure.into() },
            Failure::Unreachable(_) | Failure::Unprotected => {
                UpstreamError::Unreachable { place, cause: failure.into() }
            }
            Failure::TooLarge { limit } => self.about(question).too_large(limit),
            Failure::Broken(_) => self.about(question).unusable(failure),
        }
    }
}
