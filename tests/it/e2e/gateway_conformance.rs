//! The requests of the OCI distribution-spec 1.1, by the numbers of its endpoints, sent straight to a registry and to the
//! same kind of registry through the gateway: same status, same headers that matter, same body.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{
    InProcess, Registry,
    image::sha256,
    notify::MEDIA_TYPE,
    raw::{Head, Raw, basic, path_of},
};

const BLOB: &str = "hello";
const OTHER: &str = "other";
const CONFIG: &str = "{}";

/// The headers that matter.
const HEADERS: [&str; 14] = [
    "content-type",
    "content-length",
    "content-range",
    "accept-ranges",
    "range",
    "location",
    "etag",
    "link",
    "docker-content-digest",
    "docker-distribution-api-version",
    "docker-upload-uuid",
    "oci-subject",
    "oci-filters-applied",
    "oci-chunk-min-length",
];

/// What of an answer must be the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    /// All of it.
    All,
    /// The status: dockpass answers by itself, and has its own envelope.
    Status,
}
use Same::{All, Status};

/// Endpoint, method, target, headers, body. `{up}` is where the last upload goes on.
type Step = (&'static str, &'static str, &'static str, &'static str, &'static str, Same);

const CHUNK: &str = "Content-Type: application/octet-stream\r\n";
const STEPS: &[Step] = &[
    ("end-1", "GET", "/v2/", "", "", Status),
    // Push: a blob in pieces.
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-13", "GET", "{up}", "", "", All),
    ("end-5", "PATCH", "{up}", "Content-Range: 0-2\r\n", "hel", All),
    ("end-13", "GET", "{up}", "", "", All),
    ("end-5, out of order", "PATCH", "{up}", "Content-Range: 7-9\r\n", "xyz", All),
    ("end-13", "GET", "{up}", "", "", All),
    ("end-5, out of order, another try", "PATCH", "{up}", "Content-Range: 0-2\r\n", "hel", All),
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-5", "PATCH", "{up}", "Content-Range: 0-2\r\n", "hel", All),
    ("end-6, with the last piece", "PUT", "{up}&digest={blob}", "Content-Range: 3-4\r\n", "lo", All),
    // In one piece.
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-6, with all", "PUT", "{up}&digest={config}", "", CONFIG, All),
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-5", "PATCH", "{up}", "", OTHER, All),
    ("end-6, with nothing more", "PUT", "{up}&digest={other}", "", "", All),
    ("end-4b", "POST", "{repo}/blobs/uploads/?digest={other}", "", OTHER, All),
    // That goes wrong.
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-6, another digest", "PUT", "{up}&digest={blob}", "", OTHER, All),
    ("end-4a", "POST", "{repo}/blobs/uploads/", "", "", All),
    ("end-6, without a digest", "PUT", "{up}", "", OTHER, All),
    ("end-6, no digest", "PUT", "{up}&digest=nonsense", "", OTHER, All),
    ("an upload is given up", "DELETE", "{up}", "", "", All),
    ("end-13, of none", "GET", "{up}", "", "", All),
    ("end-5, of none", "PATCH", "{up}", "", "x", All),
    // Blobs.
    ("end-2", "GET", "{repo}/blobs/{blob}", "", "", All),
    ("end-2", "HEAD", "{repo}/blobs/{blob}", "", "", All),
    ("end-2, a range", "GET", "{repo}/blobs/{blob}", "Range: bytes=1-3\r\n", "", All),
    ("end-2, the end", "GET", "{repo}/blobs/{blob}", "Range: bytes=-2\r\n", "", All),
    ("end-2, no range", "GET", "{repo}/blobs/{blob}", "Range: bytes=9-\r\n", "", All),
    ("end-2, unchanged", "GET", "{repo}/blobs/{blob}", "If-None-Match: \"{blob}\"\r\n", "", All),
    ("end-2, of none", "GET", "{repo}/blobs/{missing}", "", "", All),
    ("end-2, of none", "HEAD", "{repo}/blobs/{missing}", "", "", All),
    // Mounts.
    ("end-11", "POST", "{second}/blobs/uploads/?mount={blob}&from={from}", "", "", All),
    ("end-2, mounted", "HEAD", "{second}/blobs/{blob}", "", "", All),
    ("end-11, of none", "POST", "{second}/blobs/uploads/?mount={missing}&from={from}", "", "", All),
    ("end-11, without a place", "POST", "{second}/blobs/uploads/?mount={other}", "", "", All),
    ("end-11, no digest", "POST", "{second}/blobs/uploads/?mount=nonsense&from={from}", "", "", All),
    // Manifests.
    ("end-7, a blob is missing", "PUT", "{repo}/manifests/broken", "{kind}", "{broken}", All),
    ("end-7, no JSON", "PUT", "{repo}/manifests/broken", "{kind}", "nonsense", All),
    ("end-7", "PUT", "{repo}/manifests/one", "{kind}", "{manifest}", All),
    ("end-7, again", "PUT", "{repo}/manifests/one", "{kind}", "{manifest}", All),
    ("end-7, another tag", "PUT", "{repo}/manifests/two", "{kind}", "{manifest}", All),
    ("end-7, by digest", "PUT", "{repo}/manifests/{digest}", "{kind}", "{manifest}", All),
    ("end-7, by another digest", "PUT", "{repo}/manifests/{blob}", "{kind}", "{manifest}", All),
    ("end-3", "GET", "{repo}/manifests/one", "{accept}", "", All),
    ("end-3", "HEAD", "{repo}/manifests/one", "{accept}", "", All),
    ("end-3", "GET", "{repo}/manifests/{digest}", "{accept}", "", All),
    ("end-3", "HEAD", "{repo}/manifests/{digest}", "{accept}", "", All),
    ("end-3, unchanged", "GET", "{repo}/manifests/one", "{accept}If-None-Match: \"{digest}\"\r\n", "", All),
    ("end-3, of none", "GET", "{repo}/manifests/three", "{accept}", "", All),
    ("end-3, of none", "HEAD", "{repo}/manifests/three", "{accept}", "", All),
    ("end-3, of none", "GET", "{repo}/manifests/{missing}", "{accept}", "", All),
    // Tags and what refers to a manifest.
    ("end-8a", "GET", "{repo}/tags/list", "", "", All),
    ("end-8b", "GET", "{repo}/tags/list?n=1", "", "", All),
    ("end-8b", "GET", "{repo}/tags/list?n=1&last=one", "", "", All),
    ("end-8a, of nothing", "GET", "{second}/tags/list", "", "", All),
    ("end-12a", "GET", "{repo}/referrers/{digest}", "", "", Status),
    ("end-12b", "GET", "{repo}/referrers/{digest}?artifactType=a%2Fb", "", "", Status),
    // Management.
    ("end-9, a tag", "DELETE", "{repo}/manifests/two", "", "", All),
    ("end-9", "DELETE", "{repo}/manifests/{digest}", "", "", All),
    ("end-3, deleted", "GET", "{repo}/manifests/{digest}", "{accept}", "", All),
    ("end-9, of none", "DELETE", "{repo}/manifests/{missing}", "", "", All),
    ("end-10", "DELETE", "{repo}/blobs/{blob}", "", "", All),
    ("end-2, deleted", "HEAD", "{repo}/blobs/{blob}", "", "", All),
    ("end-10, of none", "DELETE", "{repo}/blobs/{missing}", "", "", All),
    // What the specification has not.
    ("another method", "PUT", "{repo}/tags/list", "", "", Status),
    ("another method", "PATCH", "{repo}/manifests/one", "", "", Status),
    ("no place", "GET", "{repo}/nothing", "", "", Status),
    ("no name", "GET", "/v2/alice/App/tags/list", "", "", Status),
];

/// A registry as a client sees it.
struct World {
    address: String,
    credentials: String,
    upload: String,
}

impl World {
    fn fill(&self, text: &str) -> String {
        let [blob, other, config, missing] = [BLOB, OTHER, CONFIG, "missing"].map(|text| sha256(text.as_bytes()));
        let manifest = manifest(&blob);
        let kind = format!("Content-Type: {MEDIA_TYPE}\r\n");
        [
            ("{up}", self.upload.as_str()),
            ("{repo}", "/v2/alice/app"),
            ("{second}", "/v2/alice/second"),
            ("{from}", "alice/app"),
            ("{blob}", &blob),
            ("{other}", &other),
            ("{config}", &config),
            ("{missing}", &missing),
            ("{manifest}", &manifest),
            ("{broken}", &self::manifest(&missing)),
            ("{digest}", &sha256(manifest.as_bytes())),
            ("{kind}", &kind),
            ("{accept}", &format!("Accept: {MEDIA_TYPE}\r\n")),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// What comes of a step, without what each try has of its own.
    fn take(&mut self, step: &Step) -> (u16, String) {
        let (_, method, target, headers, body, _) = step;
        let [target, headers, body] = [target, headers, body].map(|text| self.fill(text));
        let kind = if headers.contains("Content-Type") || *method == "GET" || *method == "HEAD" { "" } else { CHUNK };
        let length = if ["GET", "HEAD"].contains(method) {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let mut raw = Raw::to(&self.address);
        raw.say(format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}{kind}{headers}{length}\r\n{body}",
            self.address, self.credentials
        ));
        let head = raw.head();
        let (body, _) = raw.rest();
        if let Some(place) = head.header("location").filter(|place| place.contains("/blobs/uploads/")) {
            self.upload = path_of(place);
        }
        (head.status, self.shown(&head, &String::from_utf8_lossy(&body)))
    }

    fn shown(&self, head: &Head, body: &str) -> String {
        let mut shown = head.status.to_string();
        for name in HEADERS {
            for value in head.headers(name) {
                let value = match name {
                    "location" => without_state(&path_of(value)),
                    "docker-upload-uuid" => "…".to_owned(),
                    _ => value.to_owned(),
                };
                let _ = write!(shown, "\n{name}: {value}");
            }
        }
        shown + "\n\n" + &body.replace(&self.address, "HOST")
    }
}

/// The place of an upload, whose name and state are each registry's own.
fn without_state(place: &str) -> String {
    match place.split_once("/blobs/uploads/") {
        Some((start, rest)) => {
            let names = rest.split_once('?').map_or("", |(_, query)| query).split('&');
            let names: Vec<_> = names.map(|pair| pair.split('=').next().unwrap_or_default()).collect();
            format!("{start}/blobs/uploads/…?{}", names.join("&"))
        }
        None => place.to_owned(),
    }
}

fn manifest(layer: &str) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": sha256(CONFIG.as_bytes()), "size": CONFIG.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": BLOB.len() }],
    })
    .to_string()
}

#[test]
fn every_request_of_the_specification_has_the_same_answer_straight_and_through_the_gateway() {
    let [straight, behind] = [(); 2].map(|()| Registry::without_accounts(""));
    let site = InProcess::start_with(&[("registry.upstream", &format!("http://{}", behind.address))]);
    site.add_service("alice");
    let token = site.add_token("alice", &json!({}));
    let mut worlds = [
        World { address: straight.address.clone(), credentials: String::new(), upload: String::new() },
        World {
            address: site.address().to_string(),
            credentials: basic("alice", &token.secret),
            upload: String::new(),
        },
    ];
    let mut differences = String::new();
    for step in STEPS {
        let [(straight, told), (through, told_through)] = worlds.each_mut().map(|world| world.take(step));
        let (name, method, target, _, _, same) = *step;
        let is_same = straight == through && (same == Status || told == told_through);
        if !is_same {
            let _ = write!(
                differences,
                "=== {name}: {method} {target}\n--- straight: {told}\n--- through: {told_through}\n"
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
    // Each endpoint of the specification was asked.
    for number in ["1", "2", "3", "4a", "4b", "5", "6", "7", "8a", "8b", "9", "10", "11", "12a", "12b", "13"] {
        let name = format!("end-{number}");
        assert!(STEPS.iter().any(|(end, ..)| end.split(',').next() == Some(name.as_str())), "{name}");
    }
}
