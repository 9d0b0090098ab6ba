//! What of the registry's answer passes on to the client.
//!
//! Headers pass if they are listed. `Location` and `Link` are read like requests, must lead to what was asked for, and are
//! written anew as paths: where the registry believes itself to be is nobody's business.

use hyper::Uri;
use hyper::header::{self, HeaderMap, HeaderName};

use crate::domain::content::Digest;
use crate::domain::distribution::{self, Asked, ContentRequest, Object, UploadId, Verb};
use crate::net::{Address, Arriving, Streamed};

/// Headers of the registry that pass as they are.
const PASSED: [HeaderName; 19] = [
    header::ACCEPT_RANGES,
    header::ALLOW,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RANGE,
    header::RETRY_AFTER,
    header::WARNING,
    HeaderName::from_static("docker-content-digest"),
    HeaderName::from_static("docker-distribution-api-version"),
    HeaderName::from_static("docker-upload-uuid"),
    HeaderName::from_static("oci-chunk-max-length"),
    HeaderName::from_static("oci-chunk-min-length"),
    HeaderName::from_static("oci-filters-applied"),
    HeaderName::from_static("oci-subject"),
    HeaderName::from_static("oci-tag"),
    HeaderName::from_static("x-content-digest"),
];
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// An answer that may pass.
pub struct Passed {
    /// HTTP status.
    pub status: u16,
    /// Headers, by name and value.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The length that the registry tells, in bytes: of a `HEAD`, that of the content.
    pub length: Option<u64>,
    /// The body.
    pub body: Arriving,
    /// The upload that goes on with the next request.
    pub upload: Option<UploadId>,
    /// The manifest's digest, as the registry tells it.
    pub digest: Option<Digest>,
}

impl Passed {
    /// What passes of an answer; none if it leads to something else than what was asked for.
    pub(super) fn of(asked: &ContentRequest, registry: &Address, streamed: Streamed) -> Option<Self> {
        if !is_whole(&streamed) {
            return None;
        }
        let elsewhere = storage(asked, registry, &streamed);
        let Streamed { status, headers, body } = streamed;
        let mut passed = listed(&headers);
        let mut upload = None;
        if let Some(elsewhere) = elsewhere {
            passed.push((header::LOCATION.to_string(), elsewhere.to_string().into_bytes()));
        } else if let Some(location) = text(&headers, &header::LOCATION) {
            let next = led_to(asked, location)?;
            if let Object::Upload(id) = &next.object {
                upload = Some(id.clone());
            }
            passed.push((header::LOCATION.to_string(), next.target().into_bytes()));
        }
        if let Some(link) = text(&headers, &header::LINK).and_then(|link| next_page(asked, link)) {
            passed.push((header::LINK.to_string(), link.into_bytes()));
        }
        let length = text(&headers, &header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let digest = text(&headers, &CONTENT_DIGEST).and_then(|digest| Digest::parse(digest).ok());
        Some(Self { status: status.as_u16(), headers: passed, length, body, upload, digest })
    }
}

/// Whether it is a final answer, of which the client can tell the end: not one that ends with its connection, since where
/// that broke off it would look whole.
fn is_whole(streamed: &Streamed) -> bool {
    let is_final = (200..600).contains(&streamed.status.as_u16());
    let told = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    is_final && (streamed.body.is_over() || told.iter().any(|name| streamed.headers.contains_key(name)))
}

/// Where a redirect leads, if that is another server. What is written goes to the registry, and nowhere else.
pub(super) fn storage(asked: &ContentRequest, registry: &Address, streamed: &Streamed) -> Option<Uri> {
    if !streamed.status.is_redirection() || !matches!(asked.verb, Verb::Get | Verb::Head) {
        return None;
    }
    let location: Uri = streamed.headers.get(header::LOCATION)?.to_str().ok()?.parse().ok()?;
    let other = Address::of(&location).ok()?;
    (other != *registry).then_some(location)
}

fn listed(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let known = headers.iter().filter(|(name, _)| PASSED.contains(name));
    known.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a URL of the registry leads to, if that is in the repository that was asked for. Registries write URLs with a host
/// or without one.
fn led_to(asked: &ContentRequest, url: &str) -> Option<ContentRequest> {
    let target = match url.split_once("://") {
        Some((_, rest)) => rest.get(rest.find(['/', '?', '#'])?..)?,
        None => url,
    };
    // An upload takes every parameter as the registry made it; what is made is there to be read.
    let verbs = [Verb::Get, Verb::Head];
    let read = verbs.iter().find_map(|verb| distribution::read(verb.as_str(), target).ok());
    match read? {
        Asked::Content(next) if next.repository == asked.repository => Some(next),
        Asked::Content(_) | Asked::Base | Asked::Catalog => None,
    }
}

/// The next page of a list. zot before 2.0 leaves out the angle brackets.
fn next_page(asked: &ContentRequest, link: &str) -> Option<String> {
    let url = link.split(';').next().unwrap_or_default().trim();
    let url = url.strip_prefix('<').and_then(|url| url.strip_suffix('>')).unwrap_or(url);
    let next = led_to(asked, url).filter(|next| next.object == asked.object)?;
    Some(format!("<{}>; rel=\"next\"", next.target()))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(method: &str, target: &str) -> ContentRequest {
        match distribution::read(method, target) {
            Ok(Asked::Content(asked)) => asked,
            other => panic!("{target}: {other:?}"),
        }
    }

    #[test]
    fn a_place_is_in_the_repository_that_was_asked_for_and_written_anew() {
        let asked = asked("POST", "/v2/a/b/blobs/uploads/");
        let to = |url: &str| led_to(&asked, url).map(|next| next.target());
        let own = Some("/v2/a/b/blobs/uploads/e?_state=s".to_owned());
        for url in [
            "/v2/a/b/blobs/uploads/e?_state=s",
            "http://10.0.0.1:5000/v2/a/b/blobs/uploads/e?_state=s",
            "https://u:p@evil.test/v2/a/b/blobs/uploads/e?_state=s",
        ] {
            assert_eq!(to(url), own, "{url}");
        }
        for url in [
            "/v2/a/c/blobs/uploads/e",
            "/v2/a/b/../c/blobs/uploads/e",
            "/v2/a/b/%2e%2e/c/blobs/uploads/e",
            "//evil.test/v2/a/b/blobs/uploads/e",
            "http://evil.test",
            "http://evil.test?/v2/a/b/blobs/uploads/e",
            "javascript:alert(1)",
            "/v2/",
            "/v2/_catalog",
            "",
        ] {
            assert_eq!(to(url), None, "{url}");
        }
    }

    #[test]
    fn the_next_page_is_one_of_the_same_list() {
        let asked = asked("GET", "/v2/a/b/tags/list?n=1");
        let next = |link: &str| next_page(&asked, link);
        let good = Some("</v2/a/b/tags/list?n=1&last=c>; rel=\"next\"".to_owned());
        for link in [
            "</v2/a/b/tags/list?n=1&last=c>; rel=\"next\"",
            "<http://elsewhere/v2/a/b/tags/list?n=1&last=c>; rel=next; title=\"a\"",
            "/v2/a/b/tags/list?n=1&last=c; rel=\"next\"",
        ] {
            assert_eq!(next(link), good, "{link}");
        }
        // Quay has a cursor of its own: without it, the first page would follow on itself.
        let own = "</v2/a/b/tags/list?n=1&next_page=gA%3D%3D>; rel=\"next\"";
        assert_eq!(next(own).as_deref(), Some(own));
        for link in ["</v2/a/c/tags/list>; rel=\"next\"", "</v2/a/b/manifests/c>; rel=\"next\"", "<//x>", "<>", ""] {
            assert_eq!(next(link), None, "{link}");
        }
    }

    #[test]
    fn only_listed_headers_pass() {
        let mut headers = HeaderMap::new();
        for name in ["content-type", "docker-content-digest", "set-cookie", "clear-site-data", "content-length", "link"]
        {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        let passed: Vec<_> = listed(&headers).into_iter().map(|(name, _)| name).collect();
        assert_eq!(passed, ["content-type", "docker-content-digest"]);
        let names = PASSED.map(|name| name.to_string());
        let forbidden = [
            "set-cookie",
            "clear-site-data",
            "service-worker",
            "access-control-",
            "strict-transport",
            "content-security",
        ];
        assert!(names.iter().all(|name| !forbidden.iter().any(|start| name.starts_with(start))));
    }
}
