//! Health and version.

use super::App;
use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Open, Request};
use crate::api::operations::server as op;
use crate::api::{self, Code};
use crate::domain::act::Act;
use crate::metrics::Writer;

/// What strangers are told of a registry behind the gateway that does not answer as it should.
const SILENT: &str = "pushes and pulls fail: the registry behind dockpass does not answer as it should";

/// What strangers are told while the disk does not answer the writer.
const HANGS: &str = "changes wait: the disk does not answer";

pub(super) async fn ping(_request: Open<op::Ping>) -> Replied<op::Ping> {
    Ok(Reply::text("OK".to_owned()))
}

/// `GET /health`: 200 as long as requests are answered; 503 only with `?strict=true`. No reason is told, and no place, as
/// anybody may ask. A registry behind the gateway that does not answer makes nothing unhealthy: what acts on that restarts
/// dockpass, or sends nobody there any more, and sign-in, pages and API work.
pub(super) async fn health(request: Open<op::GetHealth>) -> Replied<op::GetHealth> {
    let is_strict = request.query()?.strict.unwrap_or(false);
    let writer = request.app.service.writer();
    let healthy = writer.accepts;
    let error = match writer {
        Writer { hangs: true, .. } => HANGS,
        Writer { accepts: false, .. } => "changes are not accepted",
        Writer { .. } => "",
    };
    let registry_answers = request.app.gateway.as_ref().map(|gateway| gateway.trouble().is_none());
    let silent = (registry_answers == Some(false)).then_some(SILENT);
    let stuck = request.app.shipping_warning();
    let warnings: Vec<_> = request.app.service.warnings().chain(silent).chain(stuck).collect();
    let (error, warning) = (error.to_owned(), warnings.join("; "));
    let reply = Reply::new(&api::Health { healthy, error, warning, registry_answers });
    Ok(if is_strict && !healthy { reply.with_other_status() } else { reply })
}

pub(super) async fn version(request: Request<op::GetVersion>) -> Replied<op::GetVersion> {
    request.run(|service, call| service.may_administer(call, Act::ServerVersion))?;
    let app = &request.app;
    Ok(Reply::new(&api::Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: app.started.to_string(),
        address: app.is_network.then(|| app.public_url.clone()),
        listen: app.is_network.then(|| app.listen.to_string()),
        free_bytes: app.service.room(),
        refusal: app.service.refusal().unwrap_or_default(),
        imported_passwords: app.service.imported_passwords(),
        audit_ways: app.shown_shipping(),
    }))
}

/// `GET /ca.pem`: the CA of the self-signed TLS certificate.
pub(super) async fn tls_certificate(request: Open<op::GetTlsCertificate>) -> Replied<op::GetTlsCertificate> {
    ca(&request.app).map(Reply::text)
}

/// `GET /ca`: the same, for scripts that know DTR.
pub(super) async fn tls_certificate_of_dtr(request: Open<op::GetCa>) -> Replied<op::GetCa> {
    ca(&request.app).map(Reply::text)
}

fn ca(app: &App) -> Result<String, Failure> {
    let pem = app.tls.as_ref().and_then(|tls| tls.ca_pem()).map(str::to_owned);
    pem.ok_or_else(|| Failure::new(Code::NotFound, "this server has no self-signed certificate"))
}

/// `GET /api/v0/meta/cluster_status`: for monitoring that was made for DTR.
pub(super) async fn cluster_status(request: Request<op::ViewClusterStatus>) -> Replied<op::ViewClusterStatus> {
    request.run(|service, call| service.may_administer(call, Act::ServerClusterStatus))?;
    let is_read_only = request.app.service.refusal().is_some();
    let health = if is_read_only { "changes are not accepted" } else { "OK" };
    Ok(Reply::new(&api::ClusterStatus {
        replica_health: api::of_replica(health.to_owned()),
        replica_timestamp: api::of_replica(request.now.to_string()),
        replica_read_only: api::of_replica(is_read_only),
        gc_lock_holder: String::new(),
    }))
}
