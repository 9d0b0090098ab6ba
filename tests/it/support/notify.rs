//! The registry's part, in process: notifications as Distribution sends them, with the secret from the data
//! directory.

use std::path::Path;

use dockpass::{
    domain::{
        content::{Image, Tag, TagName},
        name::RepositoryName,
        time::Clock,
    },
    store::{self, WriteError},
};
use serde_json::{Value, json};

use super::{
    InProcess,
    http::Answer,
    site::{Caller, NOW, repository_path},
};

/// Where notifications go.
pub(crate) const EVENTS: &str = "/api/v0/registry/events";
pub(crate) const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The digest of a manifest; each number has its own.
pub(crate) fn digest(number: u8) -> String {
    format!("sha256:{}", format!("{number:02x}").repeat(32))
}

/// An event as Distribution 2.8 writes it.
pub(crate) fn event(id: &str, action: &str, method: &str, target: &Value) -> Value {
    json!({
        "id": id, "timestamp": NOW, "action": action, "target": target,
        "request": { "id": "r", "addr": "192.0.2.7:1234", "host": "h:5000", "method": method, "useragent": "docker" },
        "actor": { "name": "alice" }, "source": { "addr": "h:5000", "instanceID": "i" },
    })
}

/// The event of a push of a manifest to `repository` as `tag`.
pub(crate) fn push(id: &str, repository: &str, tag: &str, number: u8) -> Value {
    event(id, "push", "PUT", &target(repository, tag, number))
}

/// The event of a pull of a manifest.
pub(crate) fn pull(id: &str, repository: &str, tag: &str, number: u8) -> Value {
    event(id, "pull", "GET", &target(repository, tag, number))
}

pub(crate) fn target(repository: &str, tag: &str, number: u8) -> Value {
    json!({
        "mediaType": MEDIA_TYPE, "size": 528, "digest": digest(number), "length": 528, "repository": repository,
        "url": format!("http://h:5000/v2/{repository}/manifests/{}", digest(number)), "tag": tag,
    })
}

/// Posts a body to the path of notifications, as JSON.
pub(crate) fn send(caller: &Caller, body: &[u8]) -> Answer {
    caller.header("Content-Type", "application/json").send("POST", EVENTS, body)
}

/// Writes an image's data as a comparison with the registry does, while no server runs.
pub(crate) fn read_image(data: &Path, clock: &Clock, (repository, tag): (&str, &str), image: Image) {
    let opened = store::open(data, clock.clone()).expect("the store opens");
    let name = RepositoryName::parse(repository).expect("a name");
    let tag = TagName::parse(tag).expect("a tag");
    let written = opened.store.write(&opened.access, move |txn| {
        let present = txn.state().tag(&name, &tag).expect("it is there");
        let changed = Tag { image: Some(image.clone()), ..Tag::clone(present) };
        txn.put_tag(&name, changed).expect("a record of usual size");
        Ok::<(), WriteError>(())
    });
    written.expect("the store is written");
}

/// The names of the tags of a repository (`namespace/name`); empty if the repository is unknown.
pub(crate) fn tags(site: &InProcess, repository: &str) -> Vec<String> {
    let listed = site.as_local().get(&format!("{}/tags?pageSize=0", repository_path(repository)));
    if listed.status == 404 {
        return Vec::new();
    }
    let listed = listed.must_be(200).json();
    listed.as_array().expect("a list").iter().map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
}

impl InProcess {
    /// The secret of the notifications, as the registry's configuration has it.
    pub(crate) fn events_secret(&self) -> String {
        let file = self.data().join("keys").join("registry-events-secret");
        std::fs::read_to_string(file).expect("the secret").trim_end().to_owned()
    }

    /// The registry as a caller.
    pub(crate) fn as_registry(&self) -> Caller {
        self.as_nobody().header("Authorization", &format!("Bearer {}", self.events_secret()))
    }

    /// Sends one envelope with these events.
    pub(crate) fn notify(&self, events: &[Value]) -> Answer {
        self.as_registry().header("Content-Type", "application/vnd.docker.distribution.events.v1+json").send(
            "POST",
            EVENTS,
            json!({ "events": events }).to_string().as_bytes(),
        )
    }

    /// Has the registry notify that tags were pushed to a repository, each with its manifest.
    pub(crate) fn push(&self, repository: &str, tags: &[(&str, u8)]) {
        let events =
            tags.iter().map(|(tag, number)| push(&format!("{repository}:{tag}@{number}"), repository, tag, *number));
        self.notify(&events.collect::<Vec<_>>()).must_be(200);
    }
}
