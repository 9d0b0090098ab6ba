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
