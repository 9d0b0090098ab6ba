//! The outside registry that dockpass gives accounts to.
//!
//! Owns what is particular to a registry program: the configuration that makes one trust dockpass (and that of nginx
//! before both), the notifications that it sends, the client that asks what it holds and deletes in it, and the comparison
//! with what is known. Decides nothing about permissions: it works with the passes and the use-cases of the service.

pub mod cloud_events;
mod comparison;
mod correlated;
pub mod credentials;
mod deletion;
pub mod events;
mod examination;
pub mod gateway;
pub mod heard;
mod manifest;
mod neighbour;
mod probe;
mod progress;
pub mod refusal;
pub mod snippet;
pub mod upstream;
mod waiting;

pub use examination::{Examined, LOOKED_WITHIN};
pub use manifest::is_manifest;
pub use neighbour::{Neighbour, NeighbourError};
pub use progress::{LeftOut, Progress};

/// The user agent of dockpass's own requests, which the registry repeats in its notifications.
pub(crate) const USER_AGENT: &str = concat!("dockpass/", env!("CARGO_PKG_VERSION"));
