//! The HTTP surface: the only place that names actix-web and rust-embed.
//!
//! `routes` is the one table: a handler for each operation of `api::operations`. A handler parses, calls one use-case,
//! and renders. It cannot call one without a checked caller, which only the extractors of `request` and `events` and a
//! sign-in give. `gateway` serves the registry's API. `failure` maps every error. `connections` accepts clients and shares out their room; `pools` does the same
//! for work that may block.

mod accounts;
mod address;
mod admin;
mod answers;
mod audit;
mod body;
mod connections;
mod cross_origin;
mod docs;
mod doctor;
mod events;
mod failure;
mod gateway;
mod grants;
mod greeting;
mod headers;
mod keeping;
mod listen;
mod manual;
mod metrics;
mod not_found;
mod openapi;
mod operation;
mod organizations;
mod original;
mod page;
mod pools;
mod prerequisites;
mod refusals;
mod registry;
mod repeated;
mod reply;
mod repositories;
mod request;
mod request_log;
mod robots;
mod routes;
mod search;
mod server;
mod session;
mod settings;
mod shipping;
mod slashes;
mod socket_path;
mod socket_secret;
mod start_error;
mod static_answers;
mod supervisor;
mod tags;
pub mod tls;
mod tokens;
mod ui_files;
mod verify;
mod watchdog;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

pub use crate::registry::snippet::{CERTIFICATE_NAME, DISTRIBUTION_NAME};
pub use crate::registry::upstream::{Base as RegistryBase, UpstreamError};
pub use doctor::{EXAMINED_WITHIN, examine_without_server};
pub use keeping::{
    BackupTrouble, EndedFile, EndedSince, RestoreError, Restored, VerifiedBackup, check_store, read_ended, restore,
    verify_backup,
};
pub use listen::ListenError;
pub use manual::Chapter;
pub use openapi::document;
pub use prerequisites::{check, registry_base, try_to_listen};
pub use request::authorization;
pub use server::{Listeners, Running, offline, serve, start};
pub use socket_path::{LongSocketPath, socket_path};
pub use socket_secret::{SOCKET_SECRET_HEADER, SocketSecretError, read_socket_secret};
pub use start_error::StartError;
pub use supervisor::Supervisor;
pub use ui_files::{manual_chapters, manual_text};

use actix_web::web;

use crate::config::Config;
use crate::domain::time::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::registry::Neighbour;
use crate::registry::events::Received;
use crate::registry::gateway::Gateway;
use crate::registry::heard::Heard;
use crate::service::Service;
use crate::shipping::Shipping;
use connections::Pulse;
use docs::Pages;
use doctor::Doctor;
use pools::Pools;
use refusals::Refusals;
use socket_secret::SocketSecret;
use tls::Tls;

/// What every handler shares.
pub(crate) struct App {
    service: Arc<Service>,
    config: Config,
    /// The bound address; the configured one where only the local socket is served.
    listen: SocketAddr,
    clock: Clock,
    /// Since when it runs.
    started: Timestamp,
    /// Whether it listens on the network; if not, a command works on the data directory.
    is_network: bool,
    /// The URL that clients are told to use: from the configuration, never from a request.
    public_url: String,
    /// The same as they are told to get registry tokens: by the name `localhost` where nothing else is set.
    realm_url: String,
    /// Whether clients connect over TLS, be it ours or a proxy's.
    is_https: bool,
    /// The public URL's host and port, as in an image reference.
    authority: String,
    tls: Option<Arc<Tls>>,
    /// User id of the data directory's owner, who is the local administrator.
    owner: u32,
    /// What each request over the local socket shows.
    socket_secret: SocketSecret,
    pages: Pages,
    /// Room for work that may block.
    pools: Pools,
    /// The pace of answers 429.
    refusals: Refusals,
    /// The registry next door, where its address is configured.
    neighbour: Option<Arc<Neighbour>>,
    /// The registry behind the gateway, if there is one.
    gateway: Option<Arc<Gateway>>,
    /// How many deliveries of notifications came, and when the last one did.
    received: Received,
    /// What clients call the registry, as notifications tell.
    heard: Heard,
    /// What goes out of the audit log by itself.
    shipping: Arc<Shipping>,
    /// What an examination of the site has found last.
    doctor: Doctor,
    /// What is counted.
    metrics: Arc<Metrics>,
    /// Whether the threads that serve requests do.
    pulse: Arc<Pulse>,
}

/// The state that all handlers share. Requests of a worker count among themselves who has it: all workers that count in one
/// place wait for each other.
type SharedApp = Rc<web::Data<App>>;

impl App {
    /// What most clients call the registry, unless that is known already.
    fn public_host_seen(&self) -> Option<String> {
        let seen = self.heard.most();
        let is_known = seen == self.service.registry_host();
        seen.as_str().filter(|_| !is_known).map(str::to_owned)
    }
}
