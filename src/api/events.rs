//! The registry's notifications: envelopes of Distribution (its `notifications/event.go`), and CloudEvents of zot (its
//! `pkg/extensions/events`).

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{JsonBody, UnknownFields};

/// What a registry delivers. Distribution sends an envelope of events; each is parsed on its own, so that a malformed one
/// does not lose the others, and null counts as no events. zot sends one CloudEvent: its data, with the attributes in
/// headers such as `Ce-Type`, or around it, as `data`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RegistryEvents")]
pub struct Envelope {
    /// The events of Distribution.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<Vec<Event>>")]
    pub events: Option<Vec<Value>>,
    /// The type of a CloudEvent, if no header says it, such as `zotregistry.image.updated`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Identifier of a CloudEvent, likewise.
    pub id: Option<String>,
    /// Who made a CloudEvent, likewise.
    pub source: Option<String>,
    /// When a CloudEvent happened, likewise.
    pub time: Option<String>,
    /// What a CloudEvent with these attributes tells.
    pub data: Option<CloudData>,
    /// The same, where a CloudEvent has its data in base64.
    pub data_base64: Option<String>,
    /// The repository's name.
    pub name: Option<String>,
    /// A tag or a digest.
    pub reference: Option<String>,
    /// The manifest's digest.
    pub digest: Option<String>,
    /// The manifest's media type.
    #[serde(rename = "mediaType")]
    pub media_type: Option<String>,
}

/// What a CloudEvent of zot tells.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "RegistryCloudEventData")]
pub struct CloudData {
    /// The repository's name.
    pub name: Option<String>,
    /// A tag or a digest.
    pub reference: Option<String>,
    /// The manifest's digest.
    pub digest: Option<String>,
    /// The manifest's media type.
    pub media_type: Option<String>,
}

/// Null counts as no events, which is more than nothing.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<Value>>, D::Error> {
    Option::<Vec<Value>>::deserialize(value).map(|events| Some(events.unwrap_or_default()))
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
    /// `push`, `pull`, `delete` or `mount`; the last tells nothing that is kept.
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

impl JsonBody for Envelope {
    const UNKNOWN: UnknownFields = UnknownFields::Unread;
}
