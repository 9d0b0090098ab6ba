//! How dockpass deals with the registry behind its gateway, in the words of the configuration.

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// What dockpass shows to the registry behind the gateway.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum UpstreamAuth {
        /// Nothing: the registry answers everybody who reaches it.
        None = "none",
        /// A user name and a password of its own.
        Basic = "basic",
        /// A registry token that dockpass signs, for another service than its own.
        Token = "token",
    }
}

words! {
    /// What becomes of a redirect of the registry to its storage.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Redirects {
        /// The client gets it, and must reach the storage.
        Pass = "pass",
        /// dockpass follows it, and streams what is there.
        Follow = "follow",
    }
}
