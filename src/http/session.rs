//! `/api/v0/session`: signing in for a browser. The session cookie is accepted below `/api/v0` and `/enzi/v0`; a write
//! with it must come from a page of this server (against CSRF).

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, ORIGIN};

use super::App;
use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Open, Request};
use crate::api::operations::accounts as op;
use crate::api::{self, Code, Nothing};
use crate::domain::audit::CredentialKind;
use crate::domain::name::Name;
use crate::domain::secret::Password;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::service::{Call, Credentials, LONGEST_SESSION, ListedSession, Service, SessionSecret, SessionView};

/// The header in which a browser says from which site a request comes (Fetch Metadata).
const SITE: &str = "sec-fetch-site";
/// The cookie's name. With TLS it has the prefix `__Host-`: browsers accept it from this very host only, and for all of
/// its paths.
const NAME: &str = "dockpass";
const SECURE_NAME: &str = "__Host-dockpass";

impl App {
    fn cookie(&self, value: &str, seconds: i64) -> Cookie<'static> {
        let name = if self.is_https { SECURE_NAME } else { NAME };
        Cookie::build(name, value.to_owned())
            .path("/")
            .http_only(true)
            .secure(self.is_https)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(seconds))
            .finish()
    }

    /// The session of a request's cookie. Refuses a write with it unless it comes from a page of this server.
    pub(super) fn session(&self, http: &HttpRequest) -> Result<Option<Credentials>, Failure> {
        let opens = ["/api/v0/", "/enzi/v0/"].iter().any(|start| http.path().starts_with(start));
        let Some(secret) = self.shown_session(http).filter(|_| opens) else { return Ok(None) };
        let only_reads = matches!(*http.method(), Method::GET | Method::HEAD);
        if !only_reads && !self.is_own_page(http.headers()) {
            return Err(foreign());
        }
        Ok(Some(Credentials::Session(secret)))
    }

    fn shown_session(&self, http: &HttpRequest) -> Option<SessionSecret> {
        let name = if self.is_https { SECURE_NAME } else { NAME };
        let cookie = http.cookie(name).filter(|cookie| !cookie.value().is_empty())?;
        Some(SessionSecret::shown(cookie.value()))
    }

    /// Refuses a write by a page of another site, whatever its credentials: a browser adds them by itself, those of its
    /// own password dialog included. Programs that are no browsers send neither of the two headers.
    pub(super) fn refuse_foreign(&self, http: &HttpRequest) -> Result<(), Failure> {
        let only_reads = matches!(*http.method(), Method::GET | Method::HEAD);
        if only_reads { Ok(()) } else { self.refuse_foreign_write(http) }
    }

    /// Refuses a page of another site, for what writes whatever its method is.
    pub(super) fn refuse_foreign_write(&self, http: &HttpRequest) -> Result<(), Failure> {
        let headers = http.headers();
        let is_page = headers.contains_key(SITE) || headers.contains_key(ORIGIN);
        if is_page && !self.is_own_page(headers) { Err(foreign()) } else { Ok(()) }
    }

    /// Whether a page of this server sent the request: by `Sec-Fetch-Site`, or by `Origin` from an older browser.
    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        match (headers.get(SITE), headers.get(ORIGIN)) {
            (Some(site), _) => site.as_bytes() == b"same-origin",
            (None, Some(origin)) => {
                [&self.public_url, &self.realm_url].iter().any(|own| origin.as_bytes() == own.as_bytes())
            }
            (None, None) => false,
        }
    }
}

fn foreign() -> Failure {
    Failure::new(Code::NotAuthorized, "a page of another site cannot do this")
}

fn shown(app: &App, view: SessionView) -> api::Session {
    api::Session {
        username: view.username.clone(),
        full_name: view.full_name,
        is_admin: view.is_admin,
        credential: credential(view.credential),
        access_level: view.limits.cap,
        repositories: view.limits.patterns.iter().map(ToString::to_string).collect(),
        expires_at: view.expires_at.to_string(),
        set_password: view.set_password,
        token_default_lifetime: view.token_default_lifetime,
        token_max_lifetime: view.token_max_lifetime,
        registry_host: app.service.registry_host().as_str().map(str::to_owned),
        immutable_tags_hold: app.service.settings().immutable_tags_hold(),
        revoked_tokens: view.revoked_tokens.iter().filter_map(|(token, owner)| revoked(token, owner)).collect(),
        ending_tokens: view.ending_tokens.iter().filter_map(|(token, owner)| ending(token, owner)).collect(),
        new_addresses: view.new_addresses.iter().map(|(address, at)| new_address(*address, *at)).collect(),
    }
}

fn new_address(address: IpAddr, at: Timestamp) -> api::NewAddress {
    api::NewAddress { address: address.to_string(), signed_in_at: at.to_string() }
}

fn ending(token: &AccessToken, owner: &Name) -> Option<api::EndingToken> {
    Some(api::EndingToken {
        id: token.id.to_string(),
        hashed_token: token.hash.to_string(),
        username: token.user_name(owner).to_string(),
        token_label: token.label.to_string(),
        expires_at: token.expires_at?.to_string(),
    })
}

/// What opened a session: nothing but a password or an access token does.
fn credential(kind: CredentialKind) -> api::SessionCredential {
    match kind {
        CredentialKind::AccessToken => api::SessionCredential::AccessToken,
        CredentialKind::Password
        | CredentialKind::None
        | CredentialKind::RegistryToken
        | CredentialKind::Session
        | CredentialKind::Socket
        | CredentialKind::System
        | CredentialKind::Registry => api::SessionCredential::Password,
    }
}

fn listed(session: &ListedSession) -> api::AccountSession {
    api::AccountSession {
        id: session.id.to_string(),
        is_this: session.is_this,
        created_at: session.opened_at.to_string(),
        last_used: session.used_at.to_string(),
        last_used_ip: session.address.map(|address| address.to_string()),
        user_agent: session.user_agent.to_string(),
        credential: credential(session.opened_with),
        token_label: session.token_label.clone(),
        expires_at: session.expires_at.to_string(),
    }
}

fn revoked(token: &AccessToken, owner: &Name) -> Option<api::RevokedToken> {
    let revocation = token.revoked?;
    Some(api::RevokedToken {
        id: token.id.to_string(),
        hashed_token: token.hash.to_string(),
        username: token.user_name(owner).to_string(),
        token_label: token.label.to_string(),
        revoked_at: revocation.at.to_string(),
        revoked_from: revocation.address.map(|address| address.to_string()),
    })
}

pub(super) async fn open(request: Open<op::OpenSession>) -> Replied<op::OpenSession> {
    let app = &request.app;
    let headers = request.http.headers();
    let is_browser = headers.contains_key(SITE) || headers.contains_key(ORIGIN);
    app.refuse_foreign(&request.http)?;
    let body = request.body()?;
    let credentials = Credentials::basic(&body.username, Password::new(body.password));
    // A session goes on for days: it begins with the password itself, and with a record of that sign-in.
    let caller = app.authenticate_anew(&request.http, credentials).await?;
    let call = Call { caller, now: request.now, user_agent: request.user_agent() };
    let secret = app.service.open_session(&call)?;
    let view = app.service.view_session(&call, Some(&secret))?;
    // The new cookie overwrites that of an earlier session, which nobody could close any more: it ends here.
    if let Some(earlier) = app.shown_session(&request.http).filter(|_| is_browser) {
        app.service.replace_session(&earlier);
    }
    let cookie = app.cookie(secret.reveal(), LONGEST_SESSION);
    Ok(Reply::new(&shown(app, view)).cookie(&cookie))
}

pub(super) async fn view(request: Request<op::ViewSession>) -> Replied<op::ViewSession> {
    let view = request.run(|service, call| service.view_session(call, None))?;
    Ok(Reply::new(&shown(&request.app, view)))
}

pub(super) async fn close(request: Request<op::CloseSession>) -> Replied<op::CloseSession> {
    request.run(Service::close_session)?;
    Ok(Reply::new(&Nothing).cookie(&request.app.cookie("", 0)))
}

/// `GET /api/v0/accounts/{name}/sessions`
pub(super) async fn list(request: Request<op::ListSessions>) -> Replied<op::ListSessions> {
    let [name] = request.parts()?;
    // All open sessions are looked through.
    let sessions = request.read_long(move |service, call| service.list_sessions(call, &name)).await?;
    Ok(Reply::new(&sessions.iter().map(listed).collect()))
}

/// `DELETE /api/v0/accounts/{name}/sessions`
pub(super) async fn end_others(request: Request<op::EndSessions>) -> Replied<op::EndSessions> {
    let [name] = request.parts()?;
    let ended = request.run(|service, call| service.end_other_sessions(call, &name))?;
    Ok(Reply::new(&api::EndedSessions { ended }))
}

/// `DELETE /api/v0/accounts/{name}/sessions/{session}`
pub(super) async fn end(request: Request<op::EndSession>) -> Replied<op::EndSession> {
    let [name, session] = request.parts()?;
    request.run(|service, call| service.end_session(call, &name, &session))?;
    Ok(Reply::new(&Nothing))
}
