//! What answers say to scripts of pages elsewhere: `server.allowed_origins` may read the token endpoint and the registry
//! API, with credentials that they have themselves. The browser's own, such as a cookie, are never let in: no answer has
//! `Access-Control-Allow-Credentials`. Spec: the Fetch standard, "CORS protocol".

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

use super::not_found::is_registry_path;
use crate::config::BaseUrl;

/// The headers that scripts may send.
const TAKEN: &str = "Authorization, Accept, Content-Type";
/// The headers of answers that they may read, besides those that they always may.
const EXPOSED: &str = "Docker-Content-Digest, Link, WWW-Authenticate, Location, Range";
/// For how many seconds a browser may remember that it asked.
const MAX_AGE: &str = "600";

/// What is said to the page that sent a request.
pub(super) struct CrossOrigin {
    /// The origin of the page, if it may read the answer.
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

impl CrossOrigin {
    /// What the answer has to say; none where no page elsewhere may read anything.
    pub(super) fn of(http: &HttpRequest, allowed: &[BaseUrl]) -> Option<Self> {
        if allowed.is_empty() || !is_open(http.path()) {
            return None;
        }
        let mut shown = http.headers().get_all(ORIGIN);
        let (origin, more) = (shown.next(), shown.next());
        let is_allowed =
            |value: &&HeaderValue| allowed.iter().any(|url| url.to_string().as_bytes() == value.as_bytes());
        let origin = origin.filter(|_| more.is_none()).filter(is_allowed).cloned();
        let asks = http.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Some(Self { origin, is_preflight: http.method() == Method::OPTIONS && asks })
    }

    /// Adds it to the headers of the answer, which name the methods of the path already if that was asked for.
    pub(super) fn add(self, headers: &mut HeaderMap) {
        // Also to pages that may read nothing: a cache must not give them the answer to another.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if !self.is_preflight {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            return;
        }
        if let Some(methods) = headers.get(ALLOW).cloned() {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(TAKEN));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    }
}

/// Whether pages elsewhere may use the path at all.
fn is_open(path: &str) -> bool {
    matches!(path, "/auth/token" | "/auth/token/") || is_registry_path(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_endpoint_and_the_registry_api_are_open() {
        for path in ["/auth/token", "/auth/token/", "/v2/", "/v2", "/v2/_catalog", "/v2/alice/app/tags/list"] {
            assert!(is_open(path), "{path}");
        }
        for path in ["/", "/auth/keys", "/auth/tokens", "/api/v0/session", "/v1/search", "/v20", "/enzi/v0/accounts"] {
            assert!(!is_open(path), "{path}");
        }
    }
}
