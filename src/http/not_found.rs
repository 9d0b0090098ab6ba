//! Answers for unknown paths: the error envelope for clients, a page for a person with a browser.

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderName};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::docs;
use super::failure::Failure;
use crate::api::Code;

/// Paths below these are for clients only: a browser that opens one gets the same answer as they do.
const FOR_CLIENTS: [&str; 5] = ["/api", "/enzi", "/v1", "/v2", "/auth"];

/// The header in which a browser says that a person opens an address (Fetch Metadata); older ones send only `Accept`.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Paths that DTR documents and that are not here: how each begins and ends, and what is in its place.
const NOT_HERE: &[(&str, &str, &str)] = &[
    (
        "/api/v0/repositories/",
        "/events",
        "dockpass keeps no events by repository; administrators find what was done to it in /api/v0/audit",
    ),
    ("/nginx_status", "", "no nginx stands here; /health and /_ping say whether requests are answered"),
    ("/load_balancer_status", "", "there is one replica; /health and /_ping say whether requests are answered"),
    ("/api/v0/webhooks", "", "dockpass sends no webhooks; the registry sends notifications"),
    ("/enzi/v0/id/", "", "browsers sign in at /api/v0/session, all others by HTTP Basic with each request"),
];

/// The answer for a path that no route has.
pub(super) fn answer(request: &HttpRequest) -> HttpResponse {
    let failure = failure(request);
    let page = if is_opened(request) { docs::missing(request, failure.status_code()) } else { None };
    page.unwrap_or_else(|| failure.error_response())
}

/// The error for an unknown path.
pub(super) fn failure(request: &HttpRequest) -> Failure {
    let has_hidden_slash = request.path().to_ascii_lowercase().contains("%2f");
    if has_hidden_slash {
        Failure::invalid("path", "`%2F` stands for a slash in repository names only")
    } else if is_registry_path(request.path()) {
        // Users who signed in here with docker try to pull from here next.
        Failure::new(Code::NotFound, "dockpass holds no images: push to the registry's address and pull from there")
    } else {
        Failure::new(Code::NotFound, instead_of(request.path()).unwrap_or("there is nothing at this path"))
    }
}

/// What is in the place of a path that DTR documents and that is not here.
pub(super) fn instead_of(path: &str) -> Option<&'static str> {
    let is_it = |(start, end, _): &&(&str, &str, &str)| path.starts_with(start) && path.ends_with(end);
    NOT_HERE.iter().find(is_it).map(|(_, _, instead)| *instead)
}

/// Whether a person opens the path in a browser, and pages may have such paths.
fn is_opened(request: &HttpRequest) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && !is_for_clients(request.path()) && wants_page(request)
}

fn is_for_clients(path: &str) -> bool {
    FOR_CLIENTS.iter().any(|start| is_below(path, start))
}

/// Whether a path is one of the registry API, which has headers and errors of its own.
pub(super) fn is_registry_path(path: &str) -> bool {
    is_below(path, "/v2")
}

fn is_below(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn wants_page(request: &HttpRequest) -> bool {
    let headers = request.headers();
    match headers.get(FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).any(accepts_page),
    }
}

/// Whether an `Accept` header names HTML; `*/*`, which clients send, does not count.
fn accepts_page(accepted: &str) -> bool {
    let kinds = accepted.split(',').filter_map(|range| range.split(';').next());
    kinds.map(str::trim).any(|kind| kind.eq_ignore_ascii_case("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_first_parts_are_for_clients() {
        for path in ["/api", "/api/", "/api/v9/x", "/enzi/v0", "/v1/x", "/v2/alice/app", "/auth/x"] {
            assert!(is_for_clients(path), "{path}");
        }
        for path in ["/", "/nothing", "/apiary", "/v20", "/people/api", "/authors/api", "//api", "/API"] {
            assert!(!is_for_clients(path), "{path}");
        }
    }

    #[test]
    fn html_must_be_named() {
        for accepted in ["text/html", "text/html,application/xml;q=0.9,*/*;q=0.8", "application/json , Text/HTML;q=0.1"]
        {
            assert!(accepts_page(accepted), "{accepted}");
        }
        for accepted in
            ["", "*/*", "text/*", "application/json", "text/html5", "xtext/html", "application/json;x=text/html"]
        {
            assert!(!accepts_page(accepted), "{accepted}");
        }
    }
}
