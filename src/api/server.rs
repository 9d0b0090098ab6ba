//! The server itself: health and version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether requests are answered and changes accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether all is well.
    pub healthy: bool,
    /// What is wrong; empty if all is well.
    pub error: String,
    /// What needs looking after although all is well otherwise; empty if nothing does.
    #[serde(default)]
    pub warning: String,
}

/// Which dockpass this is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// Its version.
    pub version: String,
}
