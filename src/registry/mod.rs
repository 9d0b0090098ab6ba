//! The outside registry that dockpass gives accounts to.
//!
//! Owns what is particular to a registry program: the configuration that makes one trust dockpass (and that of nginx
//! before both), the notifications that it sends, the client that asks what it holds and deletes in it, and the comparison
//! with what is known. Decides nothing about permissions: it works with the passes and the use-cases of the service.

pub mod cloud_events;
mod comparison;
mod deletion;
pub mod events;
pub mod heard;
mod manifest;
mod neighbour;
mod progress;
pub mod refusal;
pub mod snippet;
pub mod upstream;

pub use neighbour::{Neighbour, NeighbourError};
pub use progress::{LeftOut, Progress};
