//! Health and version.

use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Open, Request};
use crate::api::operations::server as op;
use crate::api::{self, Code};
use crate::domain::act::Act;

pub(super) async fn ping(_request: Open<op::Ping>) -> Replied<op::Ping> {
    Ok(Reply::text("OK".to_owned()))
}

/// `GET /health`: 200 as long as requests are answered; 503 only with `?strict=true`. The reason is not told, as
/// anybody may ask.
pub(super) async fn health(request: Open<op::GetHealth>) -> Replied<op::GetHealth> {
    let is_strict = request.query()?.strict.unwrap_or(false);
    let healthy = request.app.service.refusal().is_none();
    let error = if healthy { "" } else { "changes are not accepted" };
    let warning = request.app.service.warning().unwrap_or_default();
    let reply = Reply::new(&api::Health { healthy, error: error.to_owned(), warning: warning.to_owned() });
    Ok(if is_strict && !healthy { reply.with_other_status() } else { reply })
}

pub(super) async fn version(request: Request<op::GetVersion>) -> Replied<op::GetVersion> {
    request.run(|service, call| service.may_administer(call, Act::ServerVersion))?;
    Ok(Reply::new(&api::Version { version: env!("CARGO_PKG_VERSION").to_owned() }))
}

/// `GET /ca.pem`: the CA of the self-signed TLS certificate.
pub(super) async fn tls_certificate(request: Open<op::GetTlsCertificate>) -> Replied<op::GetTlsCertificate> {
    match request.app.tls.as_ref().and_then(|tls| tls.ca_pem()) {
        Some(pem) => Ok(Reply::text(pem.to_owned())),
        None => Err(Failure::new(Code::NotFound, "this server has no self-signed certificate")),
    }
}
