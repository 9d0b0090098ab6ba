//! What registries and their clients ask: the token endpoint, the keys, `/v2/` and the catalogue.
//!
//! The rules are those of the Distribution specification for token authentication. Each deviation serves a real client,
//! which a comment names.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, LINK, USER_AGENT};

use super::App;
use super::failure::{Failure, OauthFailure};
use super::not_found::is_registry_path;
use super::pools::Work;
use super::reply::{Replied, Reply};
use super::request::{self, Checked, Open, Received, Request};
use crate::api::operations::registry as op;
use crate::api::{self, Access, Code, Form};
use crate::domain::name::RepositoryName;
use crate::domain::scope::Scopes;
use crate::domain::secret::Password;
use crate::metrics::{ClientFamily, Grant, TokenAnswer};
use crate::service::{Call, Caller, Credentials, Error, Issued};

/// Names on a page of the catalogue: by default, and at most.
const CATALOG_DEFAULT: usize = 100;
const CATALOG_MAX: usize = 1_000;

/// Longest registry token that an answer has twice, in bytes.
const SHOWN_TWICE: usize = 24 * 1024;

/// The result of the token endpoint, whose failures carry the OAuth 2.0 fields, too.
type Issuing<O> = Result<Reply<O>, OauthFailure>;

pub(super) async fn token(request: Result<Open<op::GetRegistryToken>, Failure>) -> Issuing<op::GetRegistryToken> {
    let request = request?;
    let credentials = request::credentials(&request.http, Access::Open);
    let grant = grant_of(&credentials);
    let issued = match request.query() {
        Ok(asked) => issue(&request, credentials, &asked).await,
        Err(failure) => Err(failure),
    };
    count(&request, grant, &issued);
    let issued = issued.map_err(|failure| request.app.challenged(&request.http, failure.for_registry()))?;
    Ok(Reply::registry_token(&shown(issued, false)))
}

/// The OAuth 2.0 form: containerd and buildkit try it first.
pub(super) async fn token_by_form(
    request: Result<Open<op::PostRegistryToken>, Failure>,
) -> Issuing<op::PostRegistryToken> {
    let request = request?;
    let read = request.body().and_then(|Form((grant, asked))| Ok((grant, asked, request.query()?)));
    let (grant, mut asked, more) =
        read.inspect_err(|failure| request.app.count_token(&request.http, Grant::Other, answer_of(failure.code)))?;
    // Some clients put the scope into the query and the rest into the form.
    asked.service.0 = asked.service.0.or(more.service.0);
    asked.scopes.extend(more.scopes);
    let is_refresh = grant.grant_type.0.as_deref() == Some("refresh_token");
    // Credentials are never read from the query string: URLs end up in logs.
    let credentials = credentials_of_form(&request.http, grant);
    let grant = if is_refresh { Grant::RefreshToken } else { grant_of(&credentials) };
    let issued = issue(&request, credentials, &asked).await;
    count(&request, grant, &issued);
    let issued = issued.map_err(|failure| request.app.challenged(&request.http, failure.for_registry()))?;
    Ok(Reply::registry_token(&shown(issued, true)))
}

fn credentials_of_form(http: &HttpRequest, grant: op::Grant) -> Result<Credentials, Failure> {
    match grant.grant_type.0.as_deref() {
        Some("password") => {}
        Some(_) => {
            // No refresh tokens are issued: they would make docker forget the password.
            return Err(Failure::new(Code::UnsupportedGrantType, "the only grant type here is password"));
        }
        None => return Err(Failure::invalid("grant_type", "needed: password")),
    }
    match (grant.username.0, grant.password.0) {
        (None, None) => request::credentials(http, Access::Open),
        (username, password) => {
            Ok(Credentials::basic(&username.unwrap_or_default(), Password::new(password.unwrap_or_default())))
        }
    }
}

async fn issue(
    request: &Received,
    credentials: Result<Credentials, Failure>,
    asked: &op::TokenRequest,
) -> Result<Issued, Failure> {
    let scopes = Scopes::parse(asked.scopes.iter().map(String::as_str));
    let caller = caller(request, credentials?).await?;
    let call = Call { caller, now: request.now, user_agent: request.user_agent() };
    let service = &request.app.service;
    let scopes = match scopes {
        Ok(scopes) => scopes,
        Err(error) => {
            service.refuse_scopes(&call, error)?;
            return Err(Failure::invalid("scope", error));
        }
    };
    let decided = service.decide(call, asked.service.0.as_deref(), scopes)?;
    if decided.makes_repositories() {
        // A GET, too: a browser adds the credentials of its own password dialog to what a foreign page asks for.
        request.app.refuse_foreign_write(&request.http)?;
        let issuing = request.app.block(&request.http, Work::Change, move |use_cases| use_cases.issue(decided));
        return Box::pin(issuing).await;
    }
    Ok(service.issue(decided)?)
}

/// What a registry token is asked for with.
fn grant_of(credentials: &Result<Credentials, Failure>) -> Grant {
    match credentials {
        Ok(Credentials::None) => Grant::Anonymous,
        Ok(Credentials::Basic { username, password }) if username.is_empty() && password.reveal().is_empty() => {
            Grant::Anonymous
        }
        Ok(Credentials::Basic { password, .. } | Credentials::AccessToken(password)) if password.is_access_token() => {
            Grant::AccessToken
        }
        Ok(Credentials::Basic { .. } | Credentials::AccessToken(_)) => Grant::Password,
        Ok(Credentials::RegistryToken(_) | Credentials::Session(_) | Credentials::Local { .. }) | Err(_) => {
            Grant::Other
        }
    }
}

fn count(request: &Received, grant: Grant, issued: &Result<Issued, Failure>) {
    let answer = match issued {
        Ok(Issued { is_narrowed: true, .. }) => TokenAnswer::Narrowed,
        Ok(_) => TokenAnswer::Granted,
        Err(failure) => answer_of(failure.code),
    };
    request.app.count_token(&request.http, grant, answer);
}

/// What became of a request for a registry token that failed with this code.
fn answer_of(code: Code) -> TokenAnswer {
    match (code, code.status()) {
        (Code::ServiceUnknown, _) => TokenAnswer::UnknownService,
        (Code::UnsupportedGrantType, _) => TokenAnswer::UnsupportedGrant,
        (_, 401) => TokenAnswer::WrongCredentials,
        (_, 403) => TokenAnswer::NotAllowed,
        (_, 429) => TokenAnswer::TooManyRequests,
        (_, 503) => TokenAnswer::Unavailable,
        (_, 500..) => TokenAnswer::Internal,
        (_, _) => TokenAnswer::Invalid,
    }
}

async fn caller(request: &Received, credentials: Credentials) -> Result<Caller, Failure> {
    request::known_by_name(request.app.authenticate(&request.http, credentials).await?)
}

/// The token stands twice, for clients of either name, unless that would be more than go-containerregistry reads (64 KiB):
/// then under the name of the form in which it was asked for.
fn shown(issued: Issued, is_oauth: bool) -> api::RegistryToken {
    let fits_twice = issued.token.len() <= SHOWN_TWICE;
    let access_token = (fits_twice || is_oauth).then(|| Arc::clone(&issued.token));
    api::RegistryToken {
        token: (fits_twice || !is_oauth).then_some(issued.token),
        access_token,
        expires_in: issued.expires_in,
        issued_at: issued.issued_at.to_string(),
        scope: is_oauth.then(|| issued.scopes.to_string()),
    }
}

pub(super) async fn keys(request: Open<op::GetKeys>) -> Replied<op::GetKeys> {
    Ok(Reply::text(request.app.service.signer().jwks().to_string()))
}

pub(super) async fn certificate(request: Open<op::GetCertificate>) -> Replied<op::GetCertificate> {
    Ok(Reply::text(request.app.service.signer().trusted_pem()))
}

/// `GET /v2/`: 401 with one Bearer challenge unless a valid credential is shown, even where anonymous callers may pull:
/// clients learn the scheme here and nowhere else.
pub(super) async fn base(request: Request<op::CheckRegistryToken>) -> Replied<op::CheckRegistryToken> {
    must_show_something(&request)?;
    Ok(Reply::new(&api::Empty {}))
}

/// Refuses anonymous callers unless they show a registry token; empty Basic credentials do not count.
fn must_show_something(request: &Checked) -> Result<(), Failure> {
    let shown = request.http.headers().get(AUTHORIZATION);
    if request.call.caller.is_anonymous() && shown.is_none_or(|value| request::has_scheme(value.as_bytes(), "basic")) {
        return Err(request.app.challenged(&request.http, Error::Unauthenticated.into()));
    }
    Ok(())
}

/// `GET /v2/_catalog`: the names that the caller may see.
pub(super) async fn catalog(request: Request<op::ListCatalog>) -> Replied<op::ListCatalog> {
    must_show_something(&request)?;
    let op::CatalogPage { size, last } = request.query()?;
    let limit = catalog_size(size.0.as_deref())?;
    let last = last.map(|last| RepositoryName::parse(&last)).transpose();
    let last = last.map_err(|error| Failure::invalid("last", error))?;
    let page = request.run(|service, call| service.catalog(call, last.as_ref(), limit))?;
    let reply = Reply::new(&api::Catalog { repositories: page.entries.iter().map(ToString::to_string).collect() });
    Ok(match page.next {
        Some(last) => reply.header((LINK, format!("</v2/_catalog?last={}&n={limit}>; rel=\"next\"", encoded(&last)))),
        None => reply,
    })
}

fn catalog_size(asked: Option<&str>) -> Result<usize, Failure> {
    let Some(text) = asked else { return Ok(CATALOG_DEFAULT) };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new(Code::PaginationNumberInvalid, "n: a number, at most 1000"));
    }
    Ok(text.parse().unwrap_or(CATALOG_MAX).min(CATALOG_MAX))
}

fn encoded(name: &RepositoryName) -> String {
    form_urlencoded::byte_serialize(name.as_str().as_bytes()).collect()
}

impl App {
    fn count_token(&self, http: &HttpRequest, grant: Grant, answer: TokenAnswer) {
        let client = ClientFamily::of(request::header(http, USER_AGENT));
        self.metrics.token_requests.count((grant, answer, client));
    }

    /// Adds the challenge for this path to a 401. Names and addresses come from the configuration, never from the
    /// request; one challenge, no empty values.
    pub(super) fn challenged(&self, http: &HttpRequest, failure: Failure) -> Failure {
        if failure.code.status() != 401 {
            return failure;
        }
        let path = http.path();
        if is_registry_path(path) {
            let scope = (path.trim_end_matches('/') == "/v2/_catalog").then_some("registry:catalog:*");
            return self.challenged_for(http, scope, failure);
        }
        // On a Basic challenge, a browser would open its own password dialog.
        if http.headers().contains_key("sec-fetch-site") {
            return failure;
        }
        failure.with_challenge("Basic realm=\"dockpass\", charset=\"UTF-8\"".to_owned())
    }

    /// Adds the challenge of the registry's API to a 401 about credentials, with what a registry token would have to grant.
    pub(super) fn challenged_for(&self, http: &HttpRequest, scope: Option<&str>, failure: Failure) -> Failure {
        if failure.code.status() != 401 {
            return failure;
        }
        let error = http.headers().contains_key(AUTHORIZATION).then_some("invalid_token");
        failure.for_registry().with_challenge(self.registry_challenge(scope, error))
    }

    /// The challenge of the registry's API: for this scope, after this error.
    pub(super) fn registry_challenge(&self, scope: Option<&str>, error: Option<&str>) -> String {
        let service = self.service.settings().services.first().map_or("dockpass", String::as_str);
        let own = [("realm", self.realm()), ("service", service.to_owned())];
        let rest =
            [("scope", scope), ("error", error)].map(|(name, value)| value.map(|value| (name, value.to_owned())));
        let parts = own.into_iter().chain(rest.into_iter().flatten());
        let parts: Vec<_> = parts.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        format!("Bearer {}", parts.join(","))
    }

    /// Where clients get registry tokens.
    pub(super) fn realm(&self) -> String {
        format!("{}/auth/token", self.realm_url)
    }
}
