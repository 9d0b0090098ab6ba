//! The registry's notifications, as Distribution sends them (its `notifications/event.go`).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::JsonBody;

/// What the registry sends. Each event is read by itself, and null is nothing: one that cannot be read takes none along.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RegistryEvents")]
pub struct Envelope {
    /// What happened.
    #[schemars(with = "Option<Vec<Event>>")]
    pub events: Option<Vec<Value>>,
}

/// One thing that happened. Fields that are not read are left out here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEvent")]
pub struct Event {
    /// The same when it is sent again.
    pub id: Option<String>,
    /// When, by the registry's clock.
    pub timestamp: Option<String>,
    /// `push`, `pull`, `delete`, or another that is not read.
    pub action: Option<String>,
    /// To what.
    pub target: Option<EventTarget>,
    /// By what request.
    pub request: Option<EventRequest>,
    /// By whom.
    pub actor: Option<EventActor>,
}

/// What it happened to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "RegistryEventTarget")]
pub struct EventTarget {
    /// Its media type.
    pub media_type: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// In which repository.
    pub repository: Option<String>,
    /// By which tag.
    pub tag: Option<String>,
}

/// The request that made it happen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEventRequest")]
pub struct EventRequest {
    /// The HTTP method.
    pub method: Option<String>,
}

/// Who made it happen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEventActor")]
pub struct EventActor {
    /// The account's name.
    pub name: Option<String>,
}

impl JsonBody for Envelope {}
