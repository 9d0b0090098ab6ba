//! The outside registry that dockpass gives accounts to.
//!
//! Owns what is particular to a registry program, so far the configuration that makes one trust dockpass; the place of
//! notification events, the comparison with its catalogue and the client to it. Decides nothing about permissions.

pub mod snippet;
