//! Headers that every answer has, errors too, and the one that warns.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web;

use super::App;

const SAFE: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Answers are data, not pages; a page brings its own policy, and says how long it may be kept.
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// A header that tells people what an answer alone does not (RFC 7234 section 5.5); the command line shows it.
pub(super) fn warning(text: &str) -> (&'static str, String) {
    ("Warning", format!("299 - \"{text}\""))
}

/// Adds the headers to an answer where it has none of its own.
pub(super) async fn add(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_https = request.app_data::<web::Data<App>>().is_some_and(|app| app.is_https);
    let is_registry = request.path().starts_with("/v2");
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
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
    Ok(response)
}
