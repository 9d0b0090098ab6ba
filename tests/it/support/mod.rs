//! What the end-to-end tests share: the real executable, a real registry, real clients, and a small image. Everything
//! is in temporary directories and on ports that the system chooses, so tests can run in parallel.

#[allow(dead_code, reason = "each of the two test programs uses its part of it")]
#[path = "../../able.rs"]
pub(crate) mod able;
pub(crate) mod attempts;
pub(crate) mod browser;
pub(crate) mod caddy;
pub(crate) mod clients;
pub(crate) mod containerd;
pub(crate) mod contract;
pub(crate) mod crowd;
pub(crate) mod deeds;
pub(crate) mod exe;
pub(crate) mod filled;
pub(crate) mod gateway;
pub(crate) mod golden;
pub(crate) mod guarded;
pub(crate) mod held;
pub(crate) mod http;
pub(crate) mod image;
pub(crate) mod issued;
pub(crate) mod look;
#[allow(dead_code, reason = "each of the two test programs uses its part of it")]
#[path = "../../lossy/mod.rs"]
pub(crate) mod lossy;
pub(crate) mod metrics;
pub(crate) mod mock;
pub(crate) mod nginx;
pub(crate) mod notify;
pub(crate) mod pages;
pub(crate) mod pair;
pub(crate) mod person;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod python;
pub(crate) mod raw;
pub(crate) mod registry;
pub(crate) mod site;
pub(crate) mod stuck;
pub(crate) mod syslog;
pub(crate) mod terminal;
pub(crate) mod tls;
pub(crate) mod traced;
pub(crate) mod webhook;
pub(crate) mod website;

pub(crate) use clients::Clients;
pub(crate) use exe::{AccessToken, Dockpass, Setup};
pub(crate) use http::Http;
pub(crate) use image::{Image, ImageList};
pub(crate) use pages::Pages;
pub(crate) use pair::Pair;
pub(crate) use registry::{Registry, Site};
pub(crate) use site::InProcess;
pub(crate) use website::Website;
