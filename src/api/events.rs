//! The registry's notifications, as Distribution sends them (its `notifications/event.go`).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::JsonBody;

/// The envelope of notifications. Each event is parsed on its own, so that a malformed one does not lose the others;
/// null counts as no events.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RegistryEvents")]
pub struct Envelope {
    /// The events.
    #[schemars(with = "Option<Vec<Event>>")]
    pub events: Option<Vec<Value>>,
}

/// One event, with only the fields that dockpass reads.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEvent")]
pub struct Event {
    /// Identifier; a retry carries the same one.
    pub id: Option<String>,
    /// When it happened, by the registry's clock.
    pub timestamp: Option<String>,
    /// `push`, `pull` or `delete`; events with any other action are ignored.
    pub action: Option<String>,
    /// What it happened to.
    pub target: Option<EventTarget>,
    /// The request that caused it.
    pub request: Option<EventRequest>,
    /// Who caused it.
    pub actor: Option<EventActor>,
}

/// The target of an event.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "RegistryEventTarget")]
pub struct EventTarget {
    /// Its media type.
    pub media_type: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// Its repository's name.
    pub repository: Option<String>,
    /// The tag, if the request named one.
    pub tag: Option<String>,
}

/// The request that caused an event.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEventRequest")]
pub struct EventRequest {
    /// The HTTP method.
    pub method: Option<String>,
}

/// Who caused an event.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEventActor")]
pub struct EventActor {
    /// The account's name.
    pub name: Option<String>,
}

impl JsonBody for Envelope {}
