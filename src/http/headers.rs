//! The headers of every answer, errors included, and the `Warning` header.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// A header that is the same in every answer that has it. Made once: reading a name and a value costs as much as the rest
/// of adding them.
type Fixed = (HeaderName, HeaderValue);

static SAFE: [Fixed; 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
/// Answers are data, not pages; a page sets its own policy and its own `Cache-Control`.
static OF_DATA: [Fixed; 1] =
    [(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))];
static OF_REGISTRY: [Fixed; 2] = [
    // What the registry gives out are bytes that any pusher chose, at the host name of the pages.
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'")),
    (HeaderName::from_static("docker-distribution-api-version"), HeaderValue::from_static("registry/2.0")),
];
static OVER_TLS: [Fixed; 1] = [(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"))];

/// The `Warning` header (RFC 7234 section 5.5): tells people what the rest of the answer does not; the command line
/// shows it.
pub(super) fn warning(text: &str) -> (&'static str, String) {
    ("Warning", format!("299 - \"{text}\""))
}

/// Adds each header that the answer has not set itself. `is_registry` says whether the path is one of the registry API.
pub(super) fn add(headers: &mut HeaderMap, is_https: bool, is_registry: bool) {
    // Most answers have set their type alone: then none of these needs to be looked for.
    let may_be_set = headers.keys().any(|name| *name != CONTENT_TYPE);
    let of_kind: &[Fixed] = if is_registry { &OF_REGISTRY } else { &OF_DATA };
    let of_way: &[Fixed] = if is_https { &OVER_TLS } else { &[] };
    for (name, value) in SAFE.iter().chain(of_kind).chain(of_way) {
        if !(may_be_set && headers.contains_key(name)) {
            headers.insert(name.clone(), value.clone());
        }
    }
}
