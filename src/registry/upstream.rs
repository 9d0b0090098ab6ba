//! The client of the registry: what it holds, and deleting from it, over the API of Distribution and its kin.
//!
//! Signs nothing: every call takes a registry token, which goes to the registry alone, and into no log, error or `Debug`.
//! Whatever a registry answers is input from outside: bounded in time and size, and it leads nowhere else; no proxy of the
//! environment stands between. Spec: OCI distribution-spec 1.1, and Distribution's `_catalog`.

mod base;
mod error;
mod exchange;
mod image;
mod later;
mod list;
mod next;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Method, StatusCode};

use super::credentials::UpstreamCredentials;
use super::manifest;
use crate::domain::content::{Digest, TagName};
use crate::domain::name::RepositoryName;
use crate::net::Answer;

pub use base::{BASE, Base, Challenge};
pub use error::UpstreamError;
pub use list::Page;
pub use next::NextPage;

use exchange::{Exchange, LIMITS, Limits, Question};

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A registry that can be asked. Its connections stay open between calls and belong to the runtime that made them: share
/// one within a runtime, in an `Arc`.
pub struct Upstream {
    exchange: Exchange,
}

/// How a manifest is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// By a tag.
    Tag(&'a TagName),
    /// By what it contains.
    Digest(&'a Digest),
}

impl<'a> Reference<'a> {
    fn as_str(self) -> &'a str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

/// What a tag points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestHead {
    /// The manifest's digest.
    pub digest: Digest,
    /// Its media type, bounded and without control characters; empty if the registry tells none.
    pub media_type: String,
}

impl ManifestHead {
    /// Whether it is a list of images, by its media type.
    #[must_use]
    pub fn is_list(&self) -> bool {
        manifest::LISTS.contains(&self.media_type.as_str())
    }
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The registry has deleted it, or promised to (200, 202, 204).
    Deleted,
    /// There was nothing of that name (404).
    Absent,
    /// The registry deletes manifests by digest only (400 for a tag: Distribution 2.x). Deleting the digest takes every
    /// other tag that points to it as well.
    NotByTag,
    /// Deletion is switched off, or the registry is read-only (405). With Distribution: `storage.delete.enabled`.
    SwitchedOff,
}

impl Upstream {
    /// Prepares a client for the registry at `url`: scheme, host, perhaps a port. `ca` is a PEM file, trusted beside
    /// the system's roots and read now. Nothing is sent yet.
    ///
    /// # Errors
    /// [`UpstreamError::Url`] for any other text, [`UpstreamError::Trust`] if `ca` cannot be read.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, UpstreamError> {
        Self::within(url, ca, LIMITS)
    }

    /// The same client with this time limit for each answer.
    #[must_use]
    pub fn answering_within(mut self, limit: Duration) -> Self {
        self.exchange.limits.answer = limit;
        self
    }

    /// The same client showing this instead of the registry tokens that it is given.
    #[must_use]
    pub fn showing(mut self, credentials: UpstreamCredentials) -> Self {
        self.exchange.credentials = credentials;
        self
    }

    fn within(url: &str, ca: Option<&Path>, limits: Limits) -> Result<Self, UpstreamError> {
        Ok(Self { exchange: Exchange::new(url, ca, limits)? })
    }

    /// The registry's URL, without a slash at its end, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.exchange.place
    }

    /// What a tag or a digest points to; none where the registry has no such manifest. The token needs
    /// `repository:NAME:pull`. A registry that tells no digest is asked for the manifest itself.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn manifest(
        &self,
        token: &str,
        name: &RepositoryName,
        reference: Reference<'_>,
    ) -> Result<Option<ManifestHead>, UpstreamError> {
        let target = manifest_path(name, reference);
        let mut question = self.for_manifest(Method::HEAD, token, &target);
        let mut answer = self.exchange.ask(&question).await?;
        let told = |answer: &Answer| Digest::parse(answer.headers.get(CONTENT_DIGEST)?.to_str().ok()?).ok();
        if answer.status == StatusCode::OK && told(&answer).is_none() {
            question.method = Method::GET;
            answer = self.exchange.ask(&question).await?;
        }
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(self.exchange.about(&question).status(status)),
        }
        let unusable = || self.exchange.about(&question).unusable("there is no digest");
        let digest = told(&answer).or_else(|| manifest::sha256(&answer.body)).ok_or_else(unusable)?;
        let content_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default();
        Ok(Some(ManifestHead { digest, media_type: manifest::word(media_type.trim()) }))
    }

    /// Deletes a manifest, or with a tag the tag alone where the registry can. The token needs `repository:NAME:delete`.
    ///
    /// # Errors
    /// [`UpstreamError`]; after [`UpstreamError::TimedOut`] and [`UpstreamError::Unusable`] it may be deleted all the
    /// same.
    pub async fn delete(
        &self,
        token: &str,
        name: &RepositoryName,
        reference: Reference<'_>,
    ) -> Result<Deletion, UpstreamError> {
        let target = manifest_path(name, reference);
        let question = Question { asked: "a deletion", ..self.for_manifest(Method::DELETE, token, &target) };
        match (self.exchange.ask(&question).await?.status, reference) {
            (StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT, _) => Ok(Deletion::Deleted),
            (StatusCode::NOT_FOUND, _) => Ok(Deletion::Absent),
            (StatusCode::BAD_REQUEST, Reference::Tag(_)) => Ok(Deletion::NotByTag),
            (StatusCode::METHOD_NOT_ALLOWED, _) => Ok(Deletion::SwitchedOff),
            (status, Reference::Tag(_) | Reference::Digest(_)) => Err(self.exchange.about(&question).status(status)),
        }
    }

    fn for_manifest<'a>(&self, method: Method, token: &'a str, target: &'a str) -> Question<'a> {
        let limit = self.exchange.limits.manifest;
        Question { method, target, token: Some(token), accept: manifest::ACCEPT, asked: "a manifest", limit }
    }
}

fn manifest_path(name: &RepositoryName, reference: Reference<'_>) -> String {
    format!("/v2/{name}/manifests/{}", reference.as_str())
}
