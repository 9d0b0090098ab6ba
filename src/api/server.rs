//! The server itself: health and version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether requests are answered and changes accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether dockpass itself is well: it answers, and accepts changes. The registry behind it does not count.
    pub healthy: bool,
    /// What is wrong; empty if all is well.
    pub error: String,
    /// What needs looking after although all is well otherwise; empty if nothing does.
    #[serde(default)]
    pub warning: String,
    /// Whether the registry behind the gateway answers as it should, so that pushes and pulls go through; absent without a
    /// gateway. It is asked every 10 seconds. Why it does not is at `/api/v0/admin/registry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_answers: Option<bool>,
}

/// The health of the replicas, in the form of DTR. There is one replica, which is called `dockpass`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClusterStatus {
    /// `OK`, or what is wrong.
    pub replica_health: BTreeMap<String, String>,
    /// When that was so.
    pub replica_timestamp: BTreeMap<String, String>,
    /// Whether changes are not accepted.
    pub replica_read_only: BTreeMap<String, bool>,
    /// Always empty: the registry collects its garbage itself.
    pub gc_lock_holder: String,
}

/// A value of the one replica.
#[must_use]
pub fn of_replica<T>(value: T) -> BTreeMap<String, T> {
    BTreeMap::from([("dockpass".to_owned(), value)])
}

/// Which dockpass this is, and how it runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its version.
    pub version: String,
    /// Since when it runs.
    #[serde(default)]
    pub started_at: String,
    /// The URL that clients are told; null where a command works on the data directory and no server runs.
    #[serde(default)]
    pub address: Option<String>,
    /// The address and port that it listens on; null as above.
    #[serde(default)]
    pub listen: Option<String>,
    /// Room that is left on the file system of the data directory, in bytes; null if the system does not tell.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Why changes are not accepted; empty if they are.
    #[serde(default)]
    pub refusal: String,
    /// How many active accounts still have the bcrypt hash that their password was imported with.
    #[serde(default)]
    pub imported_passwords: usize,
    /// How the audit log is handed on, way by way.
    #[serde(default)]
    pub audit_ways: Vec<AuditWay>,
}

/// A way by which the audit log, or the head of its chain, goes out by itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditWay {
    /// The key of the configuration that sets it.
    pub key: String,
    /// Where it leads.
    pub place: String,
    /// How many records its receiver does not have yet, as far as that can be known; null where the head goes.
    pub behind: Option<u64>,
    /// Why it does not work; null if it does.
    pub trouble: Option<String>,
}
