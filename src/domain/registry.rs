//! What is said of the registry next door, in words.

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// Where a comparison stands, in the words of the API.
    #[derive(Default, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Phase {
        /// There was none since the start.
        #[default]
        Never = "never",
        /// It is at work.
        Running = "running",
        /// It went through.
        Done = "done",
        /// It ended before its end, by itself.
        Failed = "failed",
        /// Somebody stopped it.
        Stopped = "stopped",
    }
}

words! {
    /// What a certificate of registry tokens is for.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum CertificateRole {
        /// It issues leaves, and the registry trusts it.
        Ca = "ca",
        /// It signs, and was issued by the CA.
        Leaf = "leaf",
        /// It signs, and the registry trusts it: a fixed key has no CA.
        Signing = "signing",
    }
}
