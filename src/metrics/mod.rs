//! What is counted and measured while the server runs, and how it is written for whoever collects it.
//!
//! [`Metrics`] is made once at the start and handed to whoever counts. Counting is one addition to an atomic number: no
//! lock, no memory, no wait. What can be looked up when somebody asks is not counted at all: [`Figures`] has it.
//! [`exposition()`] is the one table of names, in the text formats of OpenMetrics and Prometheus. No label holds a name, an
//! address or any other text from outside: each is a word of a closed list (`labels`).

mod client;
mod counts;
mod exposition;
mod figures;
mod histogram;
mod labels;

use std::sync::Arc;

pub use client::ClientFamily;
pub use counts::{Counts, Gauge, Held};
pub use exposition::{Format, exposition};
pub use figures::{
    AuditWay, CertificateEnd, CertificateOf, Comparison, Disk, Figures, Notifications, Process, Tokens, Upstream,
    Writer,
};
pub use histogram::Histogram;
pub use labels::{GatewayOutcome, Grant, Refusal, SignInFailure, TokenAnswer, UpstreamError, VerbClass};

use crate::domain::time::Clock;

/// Upper bounds of the times of a password's hash, in seconds.
const HASH: &[f64] = &[0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// The same of a signature.
const SIGN: &[f64] = &[0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.01, 0.1];
/// The same of what waits for the disk.
const DISK: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// What is counted and measured, since the start.
#[derive(Debug)]
pub struct Metrics {
    /// Requests for registry tokens.
    pub token_requests: Counts<(Grant, TokenAnswer, ClientFamily)>,
    /// Sign-ins that were refused.
    pub sign_in_failures: Counts<(SignInFailure,)>,
    /// Requests of any kind that were answered.
    pub requests: Counts<()>,
    /// Those of them that were refused.
    pub refusals: Counts<(Refusal,)>,
    /// Requests that the gateway answered.
    pub gateway_requests: Counts<(VerbClass, GatewayOutcome)>,
    /// Why the registry behind the gateway gave no usable answer.
    pub upstream_errors: Counts<(UpstreamError,)>,
    /// Times of a password's hash.
    pub hash: Histogram,
    /// Times of a registry token's signature.
    pub sign: Histogram,
    /// Times of a commit: transaction, flush and fdatasync.
    pub commit: Histogram,
    /// Times of the fdatasync alone.
    pub fdatasync: Histogram,
    /// Changes that wait for the writer.
    pub queue: Gauge,
    /// Connections of the network.
    pub network_connections: Gauge,
    /// Connections of the local socket.
    pub local_connections: Gauge,
    /// Connections that ask for metrics where this machine does so without a secret.
    pub metrics_connections: Gauge,
}

impl Metrics {
    /// Nothing counted yet; lengths of time are those of this clock.
    #[must_use]
    pub fn new(clock: &Clock) -> Arc<Self> {
        let histogram = |bounds| Histogram::new(clock, bounds);
        Arc::new(Self {
            token_requests: Counts::default(),
            sign_in_failures: Counts::default(),
            requests: Counts::default(),
            refusals: Counts::default(),
            gateway_requests: Counts::default(),
            upstream_errors: Counts::default(),
            hash: histogram(HASH),
            sign: histogram(SIGN),
            commit: histogram(DISK),
            fdatasync: histogram(DISK),
            queue: Gauge::default(),
            network_connections: Gauge::default(),
            local_connections: Gauge::default(),
            metrics_connections: Gauge::default(),
        })
    }
}
