//! What does not go through, and what its sender is told: in the registry's envelope, with a challenge that says what a
//! registry token would have to grant.

use actix_web::http::header::{ALLOW, AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::api::Code;
use crate::domain::distribution::{ContentRequest, Unreadable};
use crate::http::App;
use crate::http::failure::Failure;
use crate::http::request::has_scheme;
use crate::service::Call;

/// The header in which a browser says what it wants an answer for (Fetch Metadata).
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The answer to what is no request of the registry's API.
pub(super) fn unreadable(unread: Unreadable) -> HttpResponse {
    let code = match unread {
        Unreadable::NotFound => Code::NotFound,
        Unreadable::Method(_) => Code::NotAllowed,
        Unreadable::Trick(_) => Code::InvalidParameters,
    };
    let mut response = Failure::new(code, unread.to_string()).error_response();
    if let Unreadable::Method(allowed) = unread {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    }
    response
}

/// Refuses what a browser would show or run: the bytes are a pusher's. A script of a page may read what it may pull.
pub(super) fn refuse_pages(http: &HttpRequest) -> Result<(), Failure> {
    if http.headers().get_all(FETCH_DEST).any(|wanted| wanted != "empty") {
        return Err(Failure::new(Code::Denied, "what the registry holds is for its clients, and no page"));
    }
    Ok(())
}

/// Refuses headers that stand there twice.
pub(super) fn refuse_doubled(http: &HttpRequest, once: &[HeaderName]) -> Result<(), Failure> {
    let doubled = once.iter().find(|name| http.headers().get_all(*name).count() > 1);
    doubled.map_or(Ok(()), |name| Err(Failure::invalid(name.as_str(), "more than once")))
}

impl App {
    /// The answer to a request whose credentials are not accepted.
    pub(super) fn turned_away(&self, http: &HttpRequest, asked: &ContentRequest, failure: Failure) -> Failure {
        self.challenged_for(http, Some(&scope(asked)), failure)
    }

    /// The answer to a request that is not allowed. Who showed a registry token, or nothing, is told what to ask for; a
    /// user name is known, and another token would not help.
    pub(in crate::http) fn refused(&self, http: &HttpRequest, asked: &ContentRequest, call: &Call) -> Failure {
        let shown = http.headers().get(AUTHORIZATION);
        let is_bearer = shown.is_some_and(|value| has_scheme(value.as_bytes(), "bearer "));
        if !is_bearer && !call.caller.is_anonymous() {
            return Failure::new(Code::Denied, "this account may not do that there");
        }
        let error = is_bearer.then_some("insufficient_scope");
        let failure = Failure::new(Code::Unauthorized, "this needs a registry token for it");
        failure.with_challenge(self.registry_challenge(Some(&scope(asked)), error))
    }
}

/// What a registry token for this request grants, as a challenge says it.
fn scope(asked: &ContentRequest) -> String {
    let own = format!("repository:{}:{}", asked.repository, asked.actions().names().join(","));
    let source = asked.mount.as_ref().filter(|mount| mount.from != asked.repository);
    source.map_or(own.clone(), |mount| format!("{own} repository:{}:pull", mount.from))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CONTENT_LENGTH, RANGE};
    use actix_web::test::TestRequest;

    use super::*;
    use crate::domain::distribution::{self, Asked};

    #[test]
    fn browsers_get_what_their_scripts_ask_for_and_nothing_to_show_or_run() {
        let asked = |wanted: &[&str]| {
            let request = wanted
                .iter()
                .fold(TestRequest::default(), |request, wanted| request.append_header((FETCH_DEST, *wanted)));
            refuse_pages(&request.to_http_request()).is_ok()
        };
        assert!(asked(&[]) && asked(&["empty"]));
        for wanted in
            ["document", "iframe", "script", "worker", "sharedworker", "serviceworker", "style", "image", "", "EMPTY"]
        {
            assert!(!asked(&[wanted]) && !asked(&["empty", wanted]), "{wanted}");
        }
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        let once = [CONTENT_LENGTH, RANGE];
        let of = |headers: &[(HeaderName, &str)]| {
            let request = headers
                .iter()
                .fold(TestRequest::default(), |request, (name, value)| request.append_header((name.clone(), *value)));
            refuse_doubled(&request.to_http_request(), &once).is_ok()
        };
        assert!(of(&[]) && of(&[(CONTENT_LENGTH, "1"), (RANGE, "x")]) && of(&[(ALLOW, "a"), (ALLOW, "b")]));
        assert!(!of(&[(RANGE, "x"), (RANGE, "x")]));
    }

    #[test]
    fn a_challenge_names_what_is_needed_mounts_included() {
        let scope = |method: &str, target: &str| match distribution::read(method, target) {
            Ok(Asked::Content(asked)) => scope(&asked),
            other => panic!("{other:?}"),
        };
        assert_eq!(scope("GET", "/v2/a/b/tags/list"), "repository:a/b:pull");
        assert_eq!(scope("DELETE", "/v2/a/b/manifests/c"), "repository:a/b:delete");
        let mount = "/v2/a/b/blobs/uploads/?mount=c:d&from=";
        assert_eq!(scope("POST", &format!("{mount}e/f")), "repository:a/b:pull,push repository:e/f:pull");
        assert_eq!(scope("POST", &format!("{mount}a/b")), "repository:a/b:pull,push");
        assert!(has_scheme(b"BeArEr x", "bearer ") && !has_scheme(b"Basic x", "bearer ") && !has_scheme(b"", "b"));
    }
}
