//! The outside registry that dockpass gives accounts to.
//!
//! Owns what is particular to a registry program: the configuration that makes one trust dockpass, the client that asks
//! what it holds, and how manifests are read; the place of notification events and the comparison with its catalogue.
//! Decides nothing about permissions, and signs nothing: registry tokens come from the caller.

mod manifest;
pub mod snippet;
pub mod upstream;
