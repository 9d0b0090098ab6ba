//! Health and version.

use super::App;
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
    let app = &request.app;
    Ok(Reply::new(&api::Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: app.started.to_string(),
        address: app.is_network.then(|| app.public_url.clone()),
        free_bytes: app.service.room(),
        refusal: app.service.refusal().unwrap_or_default(),
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
