//! The lists of a registry, page by page: its catalogue, and the tags of a repository.
//!
//! A page that cannot be read whole is an error, so that nothing on it passes for deleted.

use hyper::{Method, StatusCode};
use serde::{Deserialize, Deserializer};

use super::exchange::Question;
use super::next::{self, NextPage};
use super::{Upstream, UpstreamError};
use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;
use crate::net::Answer;
use crate::registry::probe;

/// Names that are asked for at a time. A registry may give fewer.
const PAGE: u32 = 1_000;
/// What a registry is asked for that needs too long for a page, one size after the other: Distribution walks through its
/// storage for a page of the catalogue.
const SMALLER: [u32; 2] = [100, 10];

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What stands on it, in the registry's order: a catalogue is sorted, tags of Distribution 2.8 are not.
    pub items: Vec<T>,
    /// Where the next page is; none on the last one.
    pub next: Option<NextPage>,
}

/// A list of the registry.
struct PagedList<'a> {
    path: &'a str,
    asked: &'static str,
}

impl PagedList<'_> {
    /// Where the page is: the given one, or the first of this size.
    fn target(&self, next: Option<&NextPage>, size: u32) -> String {
        next.map_or_else(|| format!("{}?n={size}", self.path), |next| next.as_str().to_owned())
    }

    /// Where the same page is with fewer entries; none where that is not known.
    fn smaller(&self, next: Option<&NextPage>, size: u32) -> Option<String> {
        let smaller = |next: &NextPage| next.smaller(size);
        next.map_or_else(|| Some(self.target(None, size)), |next| smaller(next).map(|page| page.as_str().to_owned()))
    }
}

impl Upstream {
    /// A page of the names of all repositories, emptied ones included; the first without `next`. The token needs
    /// `registry:catalog:*`, for zot `repository::pull`. Texts that are not names to dockpass are left out. The registry
    /// decides how many pages there are, so the caller sets a limit.
    ///
    /// # Errors
    /// [`UpstreamError`]; a page that cannot be read whole is an error.
    pub async fn catalog(&self, token: &str, next: Option<&NextPage>) -> Result<Page<RepositoryName>, UpstreamError> {
        let list = PagedList { path: "/v2/_catalog", asked: "the catalogue" };
        let answer = self.page(token, &list, next).await?;
        let read = |body: RawCatalog| body.repositories;
        self.read_page(&list, next, &answer, read, |name| RepositoryName::parse(name).ok())
    }

    /// Whether the catalogue can be read: asks for its first name alone, which costs a registry least. The token is as for all
    /// of it.
    ///
    /// # Errors
    /// [`UpstreamError`], as of all of it.
    pub async fn catalog_begins(&self, token: &str) -> Result<(), UpstreamError> {
        let list = PagedList { path: "/v2/_catalog", asked: "the catalogue" };
        let answer = self.ask_for_page(token, &list, &list.target(None, 1)).await?;
        let read = |body: RawCatalog| body.repositories;
        self.read_page(&list, None, &answer, read, |name| RepositoryName::parse(name).ok()).map(drop)
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

    /// Asks for a page. A registry whose largest page is smaller than ours refuses the first question (400): it is
    /// asked again for a page of a size of its choice. One that is too slow for a page is asked for smaller ones.
    async fn page(&self, token: &str, list: &PagedList<'_>, next: Option<&NextPage>) -> Result<Answer, UpstreamError> {
        let mut answer = self.ask_for_page(token, list, &list.target(next, PAGE)).await;
        for size in SMALLER {
            let Some(target) = list.smaller(next, size).filter(|_| is_too_much(&answer)) else { break };
            log::debug!("{}: at most {size} entries of {} at a time now", self.place(), list.asked);
            answer = self.ask_for_page(token, list, &target).await;
        }
        match answer {
            Ok(answer) if answer.status == StatusCode::BAD_REQUEST && next.is_none() => {
                self.ask_for_page(token, list, list.path).await
            }
            other => other,
        }
    }

    async fn ask_for_page(&self, token: &str, list: &PagedList<'_>, target: &str) -> Result<Answer, UpstreamError> {
        let (accept, token, limit) = ("application/json", Some(token), self.exchange.limits.page);
        self.exchange.ask(&Question { method: Method::GET, target, token, accept, asked: list.asked, limit }).await
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
        let about = self.exchange.about_what(list.asked);
        if answer.status != StatusCode::OK {
            return Err(about.status(answer.status));
        }
        let body = serde_json::from_slice(&answer.body).map_err(|cause| about.unusable(cause))?;
        let texts = read(body).unwrap_or_default();
        let (items, left_out) = names(&texts, parse);
        if let Some(told) = told(left_out) {
            log::warn!("{}: of {}, {told}", self.place(), list.path);
        }
        let next = next::next(&answer.headers, list.path).map_err(|cause| about.unusable(cause))?;
        if next.is_some() && next.as_ref() == asked_for {
            return Err(about.unusable("its next page is the same page"));
        }
        Ok(Page { items, next })
    }
}

/// The names, and how many texts are none. What dockpass itself pushed is not counted.
fn names<T>(texts: &[String], parse: impl Fn(&str) -> Option<T>) -> (Vec<T>, usize) {
    let (mut names, mut left_out) = (Vec::with_capacity(texts.len()), 0);
    for text in texts {
        match parse(text) {
            Some(name) => names.push(name),
            None => left_out += usize::from(!probe::is_name(text)),
        }
    }
    (names, left_out)
}

/// How many were left out, told without them: whoever pushed chose them.
fn told(left_out: usize) -> Option<String> {
    match left_out {
        0 => None,
        1 => Some("1 entry is no name and left out".to_owned()),
        count => Some(format!("{count} entries are no names and left out")),
    }
}

/// Whether the registry, or a proxy before it, could not give that much in time.
fn is_too_much(answer: &Result<Answer, UpstreamError>) -> bool {
    match answer {
        Ok(answer) => matches!(answer.status, StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT),
        Err(UpstreamError::TimedOut { .. } | UpstreamError::TooLarge { .. }) => true,
        Err(
            UpstreamError::Url(_)
            | UpstreamError::Trust(_)
            | UpstreamError::Unreachable { .. }
            | UpstreamError::Tls { .. }
            | UpstreamError::Refused { .. }
            | UpstreamError::Forbidden { .. }
            | UpstreamError::Busy { .. }
            | UpstreamError::Status { .. }
            | UpstreamError::Unusable { .. },
        ) => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_counted_but_for_what_dockpass_pushed_itself() {
        let told = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            super::told(names(&texts, |name| RepositoryName::parse(name).ok()).1)
        };
        let own = probe::NAMES.concat();
        assert_eq!(told(&own), None);
        assert_eq!(told(&["alice/app"]), None);
        let [first, ..] = own.as_slice() else { panic!("{own:?}") };
        assert_eq!(told(&[first, "A", "alice/app"]).as_deref(), Some("1 entry is no name and left out"));
        assert_eq!(told(&["A", "B"]).as_deref(), Some("2 entries are no names and left out"));
    }
}
