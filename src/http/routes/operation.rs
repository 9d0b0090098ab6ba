//! The audit log, health, documents.

use actix_web::http::Method;

use super::{PAGE, Parameter, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::{admin, audit, docs, operation, settings};

pub(super) fn audit_log() -> Vec<Route> {
    const FILTER: &[Parameter] = &[
        ("actor", "string", "Only what this account did."),
        ("action", "string", "Only this action, as `token.create`."),
        ("object", "string", "Only what was done to this."),
        ("outcome", "success|denied", "Only what ended so."),
        ("since", "string", "Not before this time or date."),
        ("until", "string", "Before this time or date."),
    ];
    vec![
        Route::new(
            Method::GET,
            "/api/v0/audit",
            "listAudit",
            "List the audit log, newest first; one record a line with `Accept: application/x-ndjson`",
        )
        .query(FILTER)
        .query(PAGE)
        .gives::<api::AuditRecords>()
        .sends("application/x-ndjson")
        .to(audit::list),
        Route::new(
            Method::GET,
            "/api/v0/audit/head",
            "viewAuditHead",
            "View the end of the audit chain, to be noted elsewhere",
        )
        .gives::<api::AuditHead>()
        .to(audit::head),
        Route::new(
            Method::POST,
            "/api/v0/audit/verify",
            "verifyAudit",
            "Check the audit chain; over the local socket only",
        )
        .takes::<audit::VerifyAudit>()
        .gives::<api::AuditVerification>()
        .to(audit::verify),
    ]
}

pub(super) fn operation_paths() -> Vec<Route> {
    use Code::{InvalidSettings, NotFound};
    const STRICT: &[Parameter] = &[("strict", "boolean", "Whether the status is 503 when changes are not accepted.")];
    let of_site = "/api/v0/meta/settings";
    vec![
        Route::new(Method::GET, "/health", "getHealth", "Whether requests are answered and changes accepted")
            .query(STRICT)
            .gives::<api::Health>()
            .public()
            .to(operation::health),
        Route::new(Method::GET, "/_ping", "ping", "Whether requests are answered")
            .public()
            .sends("text/plain")
            .to(operation::ping),
        Route::new(Method::GET, "/ca.pem", "getTlsCertificate", "The CA of the self-signed TLS certificate")
            .fails(&[NotFound])
            .public()
            .sends("application/x-pem-file")
            .to(operation::tls_certificate),
        Route::new(Method::GET, "/api/v0/admin/version", "getVersion", "Which dockpass this is")
            .gives::<api::Version>()
            .to(operation::version),
        Route::new(Method::GET, of_site, "viewSettings", "View the settings that may change while the server runs")
            .gives::<api::Settings>()
            .to(settings::view),
        Route::new(Method::POST, of_site, "updateSettings", "Change settings; what the configuration sets stays")
            .takes::<api::UpdateSettings>()
            .status(202)
            .gives::<api::Settings>()
            .fails(&[InvalidSettings])
            .to(settings::update),
    ]
}

pub(super) fn admin_paths() -> Vec<Route> {
    use Code::{NeedsFixedKey, NeedsProxySettings, NeedsRegistryUrl};
    const CONFIGURATION: &[Parameter] = &[
        ("for", "distribution|zot|nginx", "The registry, or the proxy before it."),
        ("certificate", "string", "Where the certificate lies on the registry's machine; nothing to nginx."),
    ];
    let (registry, sync) = ("/api/v0/admin/registry", "/api/v0/admin/registry/sync");
    vec![
        Route::new(Method::GET, registry, "viewRegistry", "View the registry side: issuer, services, certificates")
            .gives::<api::RegistryState>()
            .to(admin::registry),
        Route::new(
            Method::GET,
            "/api/v0/admin/registry/config",
            "getRegistryConfiguration",
            "Get the configuration of a registry, or of nginx before it and dockpass, ready to paste",
        )
        .query(CONFIGURATION)
        .needs("for")
        .gives::<api::RegistryConfiguration>()
        .fails(&[NeedsFixedKey, NeedsProxySettings])
        .to(admin::registry_configuration),
        Route::new(
            Method::POST,
            sync,
            "beginComparison",
            "Begin a comparison with the registry, unless one is at work; then a `Warning` header says so",
        )
        .status(202)
        .gives::<api::RegistryState>()
        .fails(&[NeedsRegistryUrl])
        .to(admin::begin_comparison),
        Route::new(Method::DELETE, sync, "stopComparison", "Stop the comparison with the registry that is at work")
            .status(202)
            .gives::<api::RegistryState>()
            .fails(&[NeedsRegistryUrl])
            .to(admin::stop_comparison),
        Route::new(
            Method::POST,
            "/api/v0/admin/registry/rotate-key",
            "rotateSigningKey",
            "Replace the key that signs registry tokens; over the local socket only",
        )
        .gives::<api::RegistryState>()
        .to(admin::rotate_key),
    ]
}

pub(super) fn document_paths() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/api/v0/openapi.json", "getOpenApi", "This document")
            .public()
            .sends("application/json")
            .to(docs::document),
        Route::new(Method::GET, "/api/v0/docs", "getDocs", "This document, to be read")
            .public()
            .sends("text/html")
            .to(docs::page),
        Route::new(Method::GET, "/assets/{file}", "getAsset", "The files of the pages")
            .fails(&[Code::NotFound])
            .public()
            .sends("text/css")
            .sends("text/javascript")
            .to(docs::asset),
    ]
}
