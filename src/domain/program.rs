//! The programs for which there is a configuration that makes them trust dockpass.

use super::words::words;

words! {
    /// What there is a configuration for.
    pub enum Program {
        /// CNCF Distribution, formerly Docker Registry, 2.8 and 3.x.
        Distribution = "distribution",
        /// Project zot.
        Zot = "zot",
        /// nginx, as the reverse proxy before dockpass and its registry.
        Nginx = "nginx",
    }
}

words! {
    /// A part of a registry's configuration, as Distribution calls it.
    pub enum Section {
        /// Where it keeps what it holds.
        Storage = "storage",
        /// Where it listens.
        Http = "http",
        /// Whom it believes.
        Auth = "auth",
        /// Whom it tells what happens.
        Notifications = "notifications",
    }
}

/// Stands in a registry's configuration for the secret of its notifications, where that may not be told.
pub const SECRET_PLACEHOLDER: &str = "SECRET";
