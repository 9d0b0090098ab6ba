//! Health and version.

use actix_web::HttpResponse;

use super::failure::{Code, Failure};
use super::request::{Plain, Request};
use crate::api;
use crate::domain::act::Act;

/// `GET /_ping`
pub(super) async fn ping(_request: Plain) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK")
}

/// `GET /health`: 200 as long as requests are answered; 503 only with `?strict=true`. No details for strangers.
pub(super) async fn health(request: Plain) -> Result<HttpResponse, Failure> {
    let is_strict = request.query_flag("strict")?;
    let refusal = request.app.service.refusal(request.now);
    let mut response =
        if refusal.is_some() && is_strict { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    let error = if refusal.is_some() { "changes are not accepted" } else { "" };
    Ok(response.json(api::Health { healthy: refusal.is_none(), error: error.to_owned() }))
}

/// `GET /api/v0/admin/version`
pub(super) async fn version(request: Request) -> Result<HttpResponse, Failure> {
    request.run(|service, call| service.check_may_administer(call, Act::ServerVersion))?;
    Ok(HttpResponse::Ok().json(api::Version { version: env!("CARGO_PKG_VERSION").to_owned() }))
}

/// `GET /ca.pem`: the CA of the self-signed TLS certificate.
pub(super) async fn tls_certificate(request: Plain) -> Result<HttpResponse, Failure> {
    match request.app.tls.as_ref().and_then(|tls| tls.ca_pem()) {
        Some(pem) => Ok(HttpResponse::Ok().content_type("application/x-pem-file").body(pem.to_owned())),
        None => Err(Failure::new(Code::NotFound, "this server has no self-signed certificate")),
    }
}
