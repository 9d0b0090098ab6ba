//! Health, version, and what administrators see of the registry side.

use actix_web::HttpResponse;

use super::failure::{Code, Failure};
use super::request::{Plain, Request};
use crate::api;
use crate::registry::snippet::{self, Facts, RegistryKind, SnippetError};
use crate::service::Service;
use crate::service::signing::CertificateInfo;

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
    request.run(Service::administer_registry)?;
    Ok(HttpResponse::Ok().json(api::Version { version: env!("CARGO_PKG_VERSION").to_owned() }))
}

fn shown(certificate: &CertificateInfo) -> api::Certificate {
    api::Certificate {
        role: certificate.role.to_owned(),
        not_before: certificate.not_before.to_string(),
        not_after: certificate.not_after.to_string(),
        sha256: certificate.sha256.clone(),
    }
}

fn state(request: &Request, certificates: &[CertificateInfo]) -> HttpResponse {
    let settings = request.app.service.settings();
    HttpResponse::Ok().json(api::RegistryState {
        issuer: settings.issuer.clone(),
        services: settings.services.clone(),
        realm: request.app.realm(),
        certificates: certificates.iter().map(shown).collect(),
    })
}

/// `GET /api/v0/admin/registry`
pub(super) async fn registry(request: Request) -> Result<HttpResponse, Failure> {
    let certificates = request.run(Service::administer_registry)?;
    Ok(state(&request, &certificates))
}

/// `POST /api/v0/admin/registry/rotate-key`
pub(super) async fn rotate_key(request: Request) -> Result<HttpResponse, Failure> {
    let certificates = request.block(Service::rotate_signing_key).await?;
    Ok(state(&request, &certificates))
}

/// `GET /api/v0/admin/registry/config`
pub(super) async fn registry_configuration(request: Request) -> Result<HttpResponse, Failure> {
    request.run(Service::administer_registry)?;
    let kind = request.query_value("for").unwrap_or_default();
    let kind: RegistryKind = kind.parse().map_err(|error| Failure::invalid("for", error))?;
    let path = request.query_value("certificate").filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| format!("/etc/docker/registry/{}", snippet::CERTIFICATE_NAME));
    if path.chars().any(char::is_control) {
        return Err(Failure::invalid("certificate", "a path"));
    }
    let app = &request.app;
    let settings = app.service.settings();
    let facts = Facts {
        realm: &app.realm(),
        service: settings.services.first().map_or("", String::as_str),
        issuer: &settings.issuer,
        certificate_path: &path,
        certificate_pem: &app.service.signer().trusted_pem(),
        fixed_key: app.config.registry.fixed_key,
        key_header: app.config.registry.key_header.as_str(),
    };
    let made = snippet::configuration(kind, &facts).map_err(|error| match error {
        SnippetError::NeedsFixedKey(_) => Failure::new(Code::NeedsFixedKey, error.to_string()),
    })?;
    Ok(HttpResponse::Ok().json(api::RegistryConfiguration {
        registry: kind.to_string(),
        file_name: made.file_name.to_owned(),
        configuration: made.configuration,
        certificate_name: made.certificate_name.to_owned(),
        certificate: made.certificate,
    }))
}

/// `GET /ca.pem`: the CA of the self-signed TLS certificate.
pub(super) async fn tls_certificate(request: Plain) -> Result<HttpResponse, Failure> {
    match request.app.tls.as_ref().and_then(|tls| tls.ca_pem()) {
        Some(pem) => Ok(HttpResponse::Ok().content_type("application/x-pem-file").body(pem.to_owned())),
        None => Err(Failure::new(Code::NotFound, "this server has no self-signed certificate")),
    }
}
