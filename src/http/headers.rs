//! The headers of every answer, errors included, and the `Warning` header.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

const SAFE: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Answers are data, not pages; a page sets its own policy and its own `Cache-Control`.
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// The `Warning` header (RFC 7234 section 5.5): tells people what the rest of the answer does not; the command line
/// shows it.
pub(super) fn warning(text: &str) -> (&'static str, String) {
    ("Warning", format!("299 - \"{text}\""))
}

/// Adds each header that the answer has not set itself. `is_registry` says whether the path is one of the registry API.
pub(super) fn add(headers: &mut HeaderMap, is_https: bool, is_registry: bool) {
    let mut add = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    if is_registry {
        // What the registry gives out are bytes that any pusher chose, at the host name of the pages.
        add(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'");
    }
    for (name, value) in SAFE {
        add(name, value);
    }
    add(CACHE_CONTROL, "no-store");
    if is_https {
        add(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if is_registry {
        add(HeaderName::from_static("docker-distribution-api-version"), "registry/2.0");
    }
}
