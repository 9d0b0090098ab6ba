//! The client of the registry: what it holds, and deleting from it, over the API of Distribution and its kin.
//!
//! Signs nothing: every call takes a registry token, which goes to the registry alone, and into no log, error or `Debug`.
//! Whatever a registry answers is input from outside: bounded in time and size, and it leads nowhere else; no proxy of the
//! environment stands between. Spec: OCI distribution-spec 1.1, and Distribution's `_catalog`.

mod error;
mod exchange;
mod image;
mod next;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;

use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Method, StatusCode};
use serde::{Deserialize, Deserializer};

use super::manifest;
use crate::domain::content::{Digest, TagName};
use crate::domain::name::RepositoryName;
use crate::net::Answer;

pub use error::UpstreamError;
pub use next::NextPage;

use exchange::{Exchange, LIMITS, Limits, Question};

/// Names that are asked for at a time. A registry may give fewer.
const PAGE: u32 = 1_000;
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

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What stands on it, in the registry's order: a catalogue is sorted, tags of Distribution 2.8 are not.
    pub items: Vec<T>,
    /// Where the next page is; none on the last one.
    pub next: Option<NextPage>,
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

    fn within(url: &str, ca: Option<&Path>, limits: Limits) -> Result<Self, UpstreamError> {
        Ok(Self { exchange: Exchange::new(url, ca, limits)? })
    }

    /// The registry's URL, without a slash at its end, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.exchange.place
    }

    /// A page of the names of all repositories, emptied ones included; the first without `next`. The token needs
    /// `registry:catalog:*`. Texts that are not names to dockpass are left out. The registry decides how many pages
    /// there are, so the caller sets a limit.
    ///
    /// # Errors
    /// [`UpstreamError`]; a page that cannot be read whole is an error, so that nothing on it passes for deleted.
    pub async fn catalog(&self, token: &str, next: Option<&NextPage>) -> Result<Page<RepositoryName>, UpstreamError> {
        let list = PagedList { path: "/v2/_catalog", asked: "the catalogue" };
        let answer = self.page(token, &list, next).await?;
        let read = |body: RawCatalog| body.repositories;
        self.read_page(&list, next, &answer, read, |name| RepositoryName::parse(name).ok())
    }

    /// A page of the tags of a repository; none where the registry does not know the repository. One whose tags are all
    /// deleted has an empty list. The token needs `repository:NAME:pull`. Texts that are no tags are left out.
    ///
    /// # Errors
    /// [`UpstreamError`]; so is a 404 that does not say `NAME_UNKNOWN`, since any server may have sent it.
    pub async fn tags(
        &self,
        token: &str,
        name: &RepositoryName,
        next: Option<&NextPage>,
    ) -> Result<Option<Page<TagName>>, UpstreamError> {
        let list = PagedList { path: &format!("/v2/{name}/tags/list"), asked: "a list of tags" };
        let answer = self.page(token, &list, next).await?;
        if answer.status == StatusCode::NOT_FOUND && says_name_unknown(&answer.body) {
            return Ok(None);
        }
        let read = |body: RawTags| body.tags;
        self.read_page(&list, next, &answer, read, |tag| TagName::parse(tag).ok()).map(Some)
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

    /// Asks for a page. A registry whose largest page is smaller than ours refuses the first question (400): it is
    /// asked again for a page of a size of its choice.
    async fn page(&self, token: &str, list: &PagedList<'_>, next: Option<&NextPage>) -> Result<Answer, UpstreamError> {
        let limit = self.exchange.limits.page;
        let ask = async |target: &str| {
            let accept = "application/json";
            let token = Some(token);
            self.exchange.ask(&Question { method: Method::GET, target, token, accept, asked: list.asked, limit }).await
        };
        if let Some(next) = next {
            return ask(next.as_str()).await;
        }
        let answer = ask(&format!("{}?n={PAGE}", list.path)).await?;
        if answer.status == StatusCode::BAD_REQUEST { ask(list.path).await } else { Ok(answer) }
    }

    /// Reads a page: `read` finds the texts in the body, `parse` turns each into an item.
    fn read_page<'a, B: Deserialize<'a>, T>(
        &self,
        list: &PagedList<'_>,
        asked_for: Option<&NextPage>,
        answer: &'a Answer,
        read: impl FnOnce(B) -> Option<Vec<String>>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Page<T>, UpstreamError> {
        let about = error::About { place: self.place(), asked: list.asked };
        if answer.status != StatusCode::OK {
            return Err(about.status(answer.status));
        }
        let body = serde_json::from_slice(&answer.body).map_err(|cause| about.unusable(cause))?;
        let texts = read(body).unwrap_or_default();
        let items: Vec<T> = texts.iter().filter_map(|text| parse(text)).collect();
        if items.len() < texts.len() {
            // Not the texts themselves: whoever pushed chose them.
            log::warn!(
                "{}: {} entries of {} are no names and left out",
                self.place(),
                texts.len() - items.len(),
                list.asked
            );
        }
        let next = next::next(&answer.headers, &self.exchange.registry).map_err(|cause| about.unusable(cause))?;
        if next.is_some() && next.as_ref() == asked_for {
            return Err(about.unusable("its next page is the same page"));
        }
        Ok(Page { items, next })
    }
}

/// A list of the registry.
struct PagedList<'a> {
    path: &'a str,
    asked: &'static str,
}

/// The key must be there: an object without it is no catalogue, and everything would seem deleted. Null is an empty list.
#[derive(Deserialize)]
struct RawCatalog {
    #[serde(deserialize_with = "required")]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RawTags {
    #[serde(deserialize_with = "required")]
    tags: Option<Vec<String>>,
}

fn required<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::deserialize(value)
}

#[derive(Deserialize)]
struct RawErrors {
    errors: Vec<RawError>,
}

#[derive(Deserialize)]
struct RawError {
    code: String,
}

fn says_name_unknown(body: &[u8]) -> bool {
    let read = serde_json::from_slice::<RawErrors>(body);
    read.is_ok_and(|answer| answer.errors.iter().any(|error| error.code == "NAME_UNKNOWN"))
}

fn manifest_path(name: &RepositoryName, reference: Reference<'_>) -> String {
    format!("/v2/{name}/manifests/{}", reference.as_str())
}
