//! `/auth/verify`: whether a proxy may pass a request of the registry on. nginx asks by `auth_request`, Traefik by
//! `forwardAuth`, Caddy by `forward_auth`; in this way a proxy alone makes a revocation count at once, before any registry.
//!
//! Only a trusted proxy is answered, since its headers say what is asked; to all others nothing is here. What is passed on is
//! the request as it came: what the gateway would leave out of it is refused here. The answer is 200, or 401 where a token
//! would help, or 403, since nginx makes 500 of anything else: only of faults of dockpass it may.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};

use super::App;
use super::address;
use super::failure::Failure;
use super::gateway;
use super::not_found;
use super::original::Original;
use super::reply::{Replied, Reply};
use super::request::{self, Arrival, FromArrival, Received};
use crate::api::operations::registry as op;
use crate::api::{Access, Code, Nothing};
use crate::domain::distribution::{self, Asked, ContentRequest, Object, Verb};
use crate::service::{Credentials, Error};

/// The caller's name, for what stands behind the proxy.
const USER: HeaderName = HeaderName::from_static("x-auth-user");

/// A question of a trusted proxy.
pub(super) struct Question(Received);

impl FromArrival for Question {
    type Operation = op::VerifyRequest;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        let app = request::app(&arrival.http)?;
        if address::is_of_proxy(&arrival.http, &app) {
            Received::unread(arrival).map(Self)
        } else {
            Err(not_found::failure(&arrival.http))
        }
    }
}

pub(super) async fn verify(question: Question) -> Replied<op::VerifyRequest> {
    let Question(received) = question;
    let user = judged(&received).await.map_err(cured_or_denied)?;
    let reply = Reply::new(&Nothing);
    Ok(match user {
        Some(user) => reply.header((USER, user)),
        None => reply,
    })
}

/// The name of the caller, if the request may be passed on; none of an anonymous one.
async fn judged(received: &Received) -> Result<Option<String>, Failure> {
    let http = &received.http;
    let Original { method, target } = Original::read(http.headers()).map_err(denied)?;
    match distribution::read(method, target).map_err(denied)? {
        Asked::Base => signed_in(received).await,
        // The registry's own has the names of all.
        Asked::Catalog => Err(denied("the catalogue is for dockpass to answer: the proxy must send it there")),
        Asked::Content(asked) => {
            passable(http, &asked)?;
            refuse_past_gateway(&received.app, &asked)?;
            gateway::refuse(http, &received.app, &asked)?;
            let (goes_on, admitted) = gateway::admit(http, &received.app, asked.clone()).await?;
            // A proxy cannot make a plain upload of it.
            if goes_on.mount != asked.mount {
                return Err(received.app.refused(http, &asked, &admitted.call));
            }
            Ok(admitted.call.caller.name().map(ToString::to_string))
        }
    }
}

/// The caller of `/v2/`, which tells clients whether their credentials are good.
async fn signed_in(received: &Received) -> Result<Option<String>, Failure> {
    let (http, app) = (&received.http, &received.app);
    let credentials = request::credentials(http, Access::Registry);
    let is_token = matches!(credentials, Ok(Credentials::RegistryToken(_)));
    let caller = match credentials {
        Ok(credentials) => app.authenticate(http, credentials).await,
        Err(failure) => Err(failure),
    };
    let caller = caller.and_then(|caller| {
        if caller.is_anonymous() && !is_token { Err(Error::Unauthenticated.into()) } else { Ok(caller) }
    });
    let caller = caller.map_err(|failure| app.challenged_for(http, None, failure))?;
    Ok(caller.name().map(ToString::to_string))
}

/// Refuses what must not reach the registry as it came, whoever sends it.
fn passable(http: &HttpRequest, asked: &ContentRequest) -> Result<(), Failure> {
    if asked.stray_mount {
        return Err(denied("a mount names a blob and the repository that has it"));
    }
    let has_form = http.headers().get_all(CONTENT_TYPE).any(|value| value.to_str().map_or(true, distribution::is_form));
    // By a form, a registry in Go would mount what the address does not say.
    if asked.object == Object::Uploads && has_form {
        return Err(denied("parameters of the registry stand in the address, not in a form"));
    }
    Ok(())
}

/// Refuses a proxy what the gateway alone may do: it holds immutable tags, and records what it lets through.
fn refuse_past_gateway(app: &App, asked: &ContentRequest) -> Result<(), Failure> {
    let changes = matches!(asked.object, Object::Manifest(_)) && !matches!(asked.verb, Verb::Get | Verb::Head);
    if app.gateway.is_some() && changes {
        return Err(denied(
            "dockpass itself passes changes of manifests on to this registry: the proxy must send them there",
        ));
    }
    Ok(())
}

fn denied(reason: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Denied, reason.to_string())
}

/// What nginx takes for an answer: 401 and 403 as they are, and all else that the client did wrong as 403. What is wrong
/// here, or was asked for too often, stays or becomes a fault, so that clients come again.
fn cured_or_denied(failure: Failure) -> Failure {
    match failure.code.status() {
        401 | 403 | 500.. => failure,
        429 => failure.with_code(Code::Unavailable),
        _ => failure.with_code(Code::Denied),
    }
}
