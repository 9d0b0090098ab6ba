//! What a real registry holds that is damaged or of an unusual kind (`shared/cases`: F16, P09, P17): it takes nothing
//! else along.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Clients, Http, Image, Pair, Registry, image::sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

fn push(pair: &Pair, image: &Image, tags: &[&str]) {
    let (registry, clients) = (pair.open_registry(), Clients::new());
    tags.iter().for_each(|tag| drop(clients.push(image, &registry.at(&format!("alice/app:{tag}"))).must_succeed()));
}

#[test]
fn a_tag_with_an_empty_link_is_left_out_and_named_and_the_others_are_compared() {
    let pair = Pair::with_users(&[]);
    push(&pair, &Image::holding("good"), &["1", "bad", "gone"]);
    let link = pair.stored("alice/app/_manifests/tags/bad/current/link");
    let whole = fs::read_to_string(&link).expect("the link of a tag");
    // A crash of the registry leaves this: the tag is listed, and its manifest is 500.
    fs::write(&link, "").expect("it can be written");
    let told = pair.sync();
    assert!(told.starts_with("compared 1 repository: 1 new, 1 tag that could not be read\n"), "{told}");
    assert!(told.contains("\n  left out: alice/app:bad: the registry at "), "{told}");
    assert!(pair.dockpass().log().contains("alice/app:bad could not be compared: the registry at "));
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "gone"]);
    let shown = pair.dockpass().cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("Left out") && shown.contains("alice/app:bad: "), "{shown}");

    // What is known of a bad tag stays, and the others go on.
    fs::write(&link, whole).expect("it can be written");
    assert_eq!(pair.sync(), "compared 1 repository: 1 changed\n");
    fs::write(&link, "").expect("it can be written");
    fs::remove_dir_all(pair.stored("alice/app/_manifests/tags/gone")).expect("the tag can be removed");
    let told = pair.sync();
    assert!(told.starts_with("compared 1 repository: 1 changed, 1 tag that could not be read\n"), "{told}");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1", "bad"]);
}

#[test]
fn a_tag_whose_manifest_is_gone_goes_and_the_others_stay() {
    let pair = Pair::with_users(&[]);
    let (first, second) = (Image::holding("first"), Image::holding("second"));
    push(&pair, &first, &["1"]);
    push(&pair, &second, &["2"]);
    assert!(pair.sync().starts_with("compared 1 repository: 1 new\n"));
    let revision = second.digest.replace(':', "/");
    let revision = pair.stored("alice/app/_manifests/revisions").join(revision);
    fs::remove_dir_all(revision).expect("the revision can be removed");
    assert_eq!(pair.sync(), "compared 1 repository: 1 changed\n");
    assert_eq!(pair.dockpass().tag_names("alice/app"), ["1"]);
    assert_eq!(pair.sync(), "compared 1 repository: all as known\n");
}

/// Puts a blob, or a manifest with its media type, into a registry without accounts; returns its descriptor.
struct Shelf<'a>(&'a Registry);

impl Shelf<'_> {
    fn blob(&self, media_type: &str, content: &str) -> Value {
        let http = Http::at(&format!("http://{}", self.0.address));
        let begun = http.post("/v2/alice/kinds/blobs/uploads/", &json!({})).must_be(202);
        let place = begun.header("Location").expect("a place").to_owned();
        let place = place.find("/v2/").and_then(|start| place.get(start..)).expect("a path").to_owned();
        let digest = sha256(content.as_bytes());
        let mark = if place.contains('?') { '&' } else { '?' };
        http.put_text(&format!("{place}{mark}digest={digest}"), "application/octet-stream", content).must_be(201);
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    }

    fn manifest(&self, tag: &str, media_type: &str, manifest: &Value) -> Value {
        let text = manifest.to_string();
        let http = Http::at(&format!("http://{}", self.0.address));
        http.put_text(&format!("/v2/alice/kinds/manifests/{tag}"), media_type, &text).must_be(201);
        json!({ "mediaType": media_type, "digest": sha256(text.as_bytes()), "size": text.len() })
    }

    /// An image or artifact with a configuration of this kind.
    fn of(&self, tag: &str, config_type: &str, config: &str, more: &Value) -> Value {
        let config = self.blob(config_type, config);
        let layer = self.blob("application/vnd.example.layer", &format!("layer of {tag}"));
        let mut manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        manifest.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.manifest(tag, MANIFEST, &manifest)
    }
}

#[test]
fn signatures_charts_and_indexes_of_all_kinds_are_listed() {
    const IMAGE: &str = "application/vnd.oci.image.config.v1+json";
    let pair = Pair::with_users(&[]);
    let registry = pair.open_registry();
    let shelf = Shelf(&registry);
    let config = |created: &str| {
        json!({ "os": "linux", "architecture": "amd64", "created": created, "rootfs": { "type": "layers", "diff_ids": [] } })
            .to_string()
    };
    let none = json!({});
    let image = shelf.of("1.0", IMAGE, &config("2026-01-31T12:00:00Z"), &none);
    shelf.of("old", IMAGE, &config("0001-01-01T00:00:00Z"), &none);
    shelf.of("epoch", IMAGE, &config("1970-01-01T00:00:00Z"), &none);
    let digest = image["digest"].as_str().expect("a digest").replace(':', "-");
    shelf.of(&format!("{digest}.sig"), IMAGE, &config("0001-01-01T00:00:00Z"), &json!({ "annotations": { "x": "y" } }));
    shelf.of(&format!("{digest}.sbom"), EMPTY, "{}", &json!({ "artifactType": "text/spdx+json" }));
    shelf.of("0.1.0_build.7", "application/vnd.cncf.helm.config.v1+json", "{\"name\":\"chart\"}", &none);
    shelf.of("referrer", EMPTY, "{}", &json!({ "subject": image }));
    let list = |children: &[&Value]| json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children });
    let mut child = image.clone();
    child["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    let inner = shelf.manifest("inner", INDEX, &list(&[&child]));
    shelf.manifest("nested", INDEX, &list(&[&inner]));
    shelf.manifest("empty", INDEX, &list(&[]));
    // The index of referrers, where the registry has no API for them.
    shelf.manifest(&digest, INDEX, &list(&[&image]));

    assert!(pair.sync().starts_with("compared 1 repository: 1 new\n"), "nothing is left out");
    let mut expected = vec!["0.1.0_build.7", "1.0", "empty", "epoch", "inner", "nested", "old", "referrer"];
    let (sig, sbom) = (format!("{digest}.sig"), format!("{digest}.sbom"));
    expected.extend([digest.as_str(), sbom.as_str(), sig.as_str()]);
    expected.sort_unstable();
    assert_eq!(pair.dockpass().tag_names("alice/kinds"), expected);
    let platforms = |tag: &str| pair.dockpass().tag("alice/kinds", tag).expect("the tag")["platforms"].clone();
    assert_eq!((platforms("1.0"), platforms("inner")), (json!(["linux/amd64"]), json!(["linux/amd64"])));
    assert_eq!((platforms("0.1.0_build.7"), platforms("empty")), (json!([]), json!([])));
    assert!(!pair.dockpass().log().contains("could not be compared"), "{}", pair.dockpass().log());
}
