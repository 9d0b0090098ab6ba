//! dockpass's own requests to the registry behind the gateway: small, bounded, over connections of their own, so that they
//! are answered while clients have all the room.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header;
use hyper::{Method, Request, StatusCode};

use crate::domain::time::Clock;
use crate::net::{Address, Answer, Client, Failure, Limits, Plain};
use crate::registry::USER_AGENT;
use crate::registry::gateway::Gateway;
use crate::service::{Call, Errand, Pass, Service};

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for an answer; clients may have to wait longer, for what is more work.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Why there is no answer to a question of dockpass's own.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Nothing came back, or nothing usable.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There is no registry token to show.
    #[error(transparent)]
    Pass(#[from] crate::service::Error),
    /// The registry named a place that cannot be asked.
    #[error("it names a place that cannot be asked")]
    Place,
}

/// Asks the registry.
pub(super) struct Asker {
    gateway: Arc<Gateway>,
    service: Arc<Service>,
    clock: Clock,
    client: Client,
}

impl Asker {
    /// Prepares it for the runtime of this thread.
    pub(super) fn new(gateway: Arc<Gateway>, service: Arc<Service>, clock: Clock) -> Self {
        let client = Client::new(Arc::clone(&gateway.tls), Plain::Anywhere, CONNECT);
        Self { gateway, service, clock, client }
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Asks with what is shown to the registry; of a registry token, one for this errand. `target` is path and query.
    pub(super) async fn ask(
        &self,
        method: Method,
        target: &str,
        body: Bytes,
        errand: &Errand,
    ) -> Result<Answer, Unanswered> {
        let pass = self.pass(errand)?;
        let shown = self.gateway.credentials.header(pass.as_ref().map(Pass::reveal));
        let shown = shown.map_err(|_| Unanswered::Place)?;
        let mut request = request(&self.gateway.address, method, target, body)?;
        if let Some(shown) = shown {
            request.headers_mut().insert(header::AUTHORIZATION, shown);
        }
        Ok(self.client.send(request, self.limits()).await?)
    }

    /// What a server answers to somebody who shows nothing.
    pub(super) async fn ask_as_nobody(&self, server: &Address) -> Result<StatusCode, Unanswered> {
        let request = request(server, Method::GET, "/v2/", Bytes::new())?;
        Ok(self.client.send(request, self.limits()).await?.status)
    }

    fn limits(&self) -> Limits {
        Limits { time: PATIENCE.min(self.gateway.limits.timeout), size: LARGEST }
    }

    fn pass(&self, errand: &Errand) -> Result<Option<Pass>, crate::service::Error> {
        if !self.gateway.takes_tokens() {
            return Ok(None);
        }
        let call = Call { caller: Service::registry(), now: self.clock.now(), user_agent: String::new() };
        self.service.own_pass(&call, errand).map(Some)
    }
}

fn request(server: &Address, method: Method, target: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Unanswered> {
    let uri = server.at(target).map_err(|_| Unanswered::Place)?;
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/octet-stream");
    request.body(Full::new(body)).map_err(|_| Unanswered::Place)
}
