//! One host name: dockpass as the gateway before Debian's `docker-registry`, which has no accounts, and the clients that
//! people have. What goes through is recorded before the client has its answer, without notifications.

use serde_json::{Value, json};

use crate::support::{
    Clients, Image, ImageList,
    containerd::{Containerd, PullSecret},
    gateway::{CONFIG, Gateway, manifest, manifest_of, uploads_of},
    http::Http,
    image::sha256,
    process::eventually,
};

const APP: &str = "alice/app";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn counts(gateway: &Gateway, repository: &str) -> [Value; 2] {
    let shown = gateway.dockpass.repository(repository);
    [shown["pulls"].clone(), shown["pushes"].clone()]
}

/// What the clients of this access token send to the registry's API.
fn v2(gateway: &Gateway, user: &str) -> Http {
    gateway.dockpass.http_as(user, &gateway.dockpass.add_token(user, &[]).secret)
}

#[test]
fn docker_podman_and_skopeo_sign_in_where_the_pages_are() {
    let gateway = Gateway::with_users(&["alice"]);
    let (host, secret) = (&gateway.dockpass.address, gateway.dockpass.add_token("alice", &[]).secret);
    let clients = Clients::new();
    clients.docker_login(host, "alice", &secret).must_succeed();
    clients.podman_login(host, "alice", &secret).must_succeed();
    clients.skopeo_login(host, "alice", &secret).must_succeed();
    for (user, wrong) in [("alice", "dkp_wrong"), ("bob", secret.as_str()), ("alice", "violet")] {
        clients.docker_login(host, user, wrong).must_be_refused();
        clients.podman_login(host, user, wrong).must_be_refused();
        clients.skopeo_login(host, user, wrong).must_be_refused();
    }
}

#[test]
fn skopeo_pushes_pulls_mounts_and_deletes_and_each_is_known_at_once() {
    let gateway = Gateway::with_users(&["alice", "bob"]);
    let (alice, dockpass) = (gateway.clients_of("alice"), &gateway.dockpass);
    let image = Image::holding("one host name");
    alice.push(&image, &gateway.at("alice/app:1")).must_succeed();
    let tag = dockpass.tag(APP, "1").expect("it is known at once");
    assert_eq!((&tag["digest"], &tag["pushedBy"]), (&json!(image.digest), &json!("alice")));
    assert_eq!(tag["manifest"]["mediaType"], MANIFEST);
    assert_eq!(gateway.acts("alice/app:1"), ["tag.push alice"]);
    assert_eq!(counts(&gateway, APP), [json!(0), json!(1)]);
    // What stands in the image is read a moment later.
    eventually("the image is read", || {
        (dockpass.tag(APP, "1").expect("the tag")["manifest"]["size"] == image.size).then_some(())
    });

    let layout = Image::empty_layout();
    alice.pull_into(&gateway.at("alice/app:1"), &layout).must_succeed();
    assert_eq!(layout.digest(), image.digest);
    assert_eq!(counts(&gateway, APP), [json!(1), json!(1)]);
    let listed = alice.tags(&gateway.at(APP)).must_succeed();
    assert!(listed.stdout.contains("\"1\""), "{}", listed.describe());

    // The layer is linked, and not sent again.
    alice.copy(&gateway.at("alice/app:1"), &gateway.at("alice/copy:2")).must_succeed();
    let log = gateway.registry.log();
    let mounted = log.lines().filter(|line| line.contains("\"POST /v2/alice/copy/blobs/uploads/?mount=sha256"));
    let linked = mounted.filter(|line| line.contains("from=alice%2Fapp") && line.contains("\" 201 "));
    assert!(linked.count() > 0, "{log}");
    let sent = log.lines().filter(|line| line.contains("\"PATCH /v2/alice/copy/"));
    assert_eq!(sent.count(), 1, "the configuration alone:\n{log}");
    assert_eq!(dockpass.tag("alice/copy", "2").expect("it is known")["digest"], image.digest.as_str());

    let bob = gateway.clients_of("bob");
    for refused in [
        bob.pull(&gateway.at("alice/app:1")),
        bob.push(&image, &gateway.at("alice/app:2")),
        bob.delete(&gateway.at("alice/app:1")),
        bob.copy(&gateway.at("alice/app:1"), &gateway.at("bob/app:1")),
        Clients::new().pull(&gateway.at("alice/app:1")),
    ] {
        refused.must_be_refused();
    }
    alice.delete(&gateway.at("alice/app:1")).must_succeed();
    assert_eq!(dockpass.tag(APP, "1"), None);
    assert_eq!(gateway.acts(&format!("alice/app@{}", image.digest)), ["manifest.delete alice"]);
    alice.pull(&gateway.at("alice/app:1")).must_fail_with(&["manifest unknown"]);
    alice.pull(&gateway.at("alice/copy:2")).must_succeed();
}

#[test]
fn podman_pulls_and_pushes() {
    let gateway = Gateway::with_users(&["alice"]);
    let (host, secret) = (&gateway.dockpass.address, gateway.dockpass.add_token("alice", &[]).secret);
    let image = Image::holding("for podman");
    gateway.clients_of("alice").push(&image, &gateway.at("alice/app:1")).must_succeed();
    let clients = Clients::new();
    clients.podman_login(host, "alice", &secret).must_succeed();
    clients.podman_pull(&gateway.at("alice/app:1")).must_succeed();
    clients.podman_push(&gateway.at("alice/app:1"), &gateway.at("alice/new:2")).must_succeed();
    assert!(gateway.dockpass.tag("alice/new", "2").is_some());
    assert_eq!(gateway.acts("alice/new:2"), ["tag.push alice"]);
    Clients::new().podman_pull(&gateway.at("alice/app:1")).must_be_refused();
}

#[test]
fn containerd_and_a_kubelet_pull_and_push() {
    let gateway = Gateway::with_users(&["alice"]);
    let secret = gateway.dockpass.add_token("alice", &[]).secret;
    let image = Image::holding("for a node");
    let reference = gateway.at("alice/app:1");
    gateway.clients_of("alice").push(&image, &reference).must_succeed();
    let containerd = Containerd::start();
    containerd.pull(&reference, "alice", &secret).must_succeed();
    assert_eq!(containerd.digest(false, &reference), Some(image.digest.clone()));
    containerd.push(&reference, &gateway.at("alice/pushed:2"), "alice", &secret).must_succeed();
    assert_eq!(gateway.dockpass.tag("alice/pushed", "2").expect("the tag")["digest"], image.digest.as_str());
    containerd.pull(&reference, "alice", "dkp_wrong").must_be_refused();
    let decoded = |secret| PullSecret::Decoded { user: "alice", secret };
    containerd.pull_as_kubelet(&reference, decoded(&secret)).expect("the kubelet has it");
    assert_eq!(containerd.digest(true, &reference), Some(image.digest));
    containerd.pull_as_kubelet(&gateway.at("alice/pushed:2"), decoded("dkp_wrong")).expect_err("it is refused");
}

#[test]
fn lists_artifacts_and_what_refers_to_an_image_go_through() {
    let gateway = Gateway::with_users(&["alice"]);
    let (host, secret) = (&gateway.dockpass.address, gateway.dockpass.add_token("alice", &[]).secret);
    let alice = gateway.clients_of("alice");
    let list = ImageList::holding("for two machines");
    alice.push_list(&list, &gateway.at("alice/app:list")).must_succeed();
    assert_eq!(gateway.dockpass.tag(APP, "list").expect("the tag")["digest"], list.digest.as_str());
    // Its images were pushed by digest alone.
    let parts = gateway.dockpass.cli_json(&["audit", "list", "--action", "manifest.push"]);
    assert_eq!(parts["records"].as_array().expect("records").len(), 3);
    let layout = Image::empty_layout();
    alice.pull_list_into(&gateway.at("alice/app:list"), &layout).must_succeed();
    assert_eq!(layout.digest(), list.digest);

    let home = Clients::new();
    std::fs::write(home.home().join("artifact.txt"), "made by oras-py").expect("a file can be written");
    let signed_in = Some(("alice", secret.as_str()));
    let digest = home.oras(host, "push", "alice/artifact:v1", signed_in).json();
    assert_eq!(gateway.dockpass.tag("alice/artifact", "v1").expect("the tag")["digest"], digest);
    assert_eq!(home.oras(host, "tags", "alice/artifact", signed_in).json(), json!(["v1"]));
    home.oras(host, "pull", "alice/artifact:v1", signed_in).json();
    let pulled = std::fs::read_to_string(home.home().join("pulled/artifact.txt")).expect("a file was pulled");
    assert_eq!(pulled, "made by oras-py");

    // A signature, as cosign attaches it: by its subject, and for a registry without referrers by the tag of the old way.
    let v2 = v2(&gateway, "alice");
    push_blob(&v2, CONFIG);
    let mut signature = manifest("a signature");
    signature["subject"] = json!({ "mediaType": INDEX, "digest": list.digest, "size": 1 });
    let signed = sha256(signature.to_string().as_bytes());
    v2.put_text(&manifest_of(APP, &signed), MANIFEST, &signature.to_string()).must_be(201);
    assert_eq!(gateway.acts(&format!("{APP}@{signed}")), ["manifest.push alice"]);
    let referrers = format!("/v2/{APP}/referrers/{}", list.digest);
    let missing = v2.get(&referrers).must_be(404);
    let straight = Http::at(&format!("http://{}", gateway.registry.address)).get(&referrers).must_be(404);
    assert_eq!(missing.body, straight.body, "the registry's own words");
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        { "mediaType": MANIFEST, "digest": signed, "size": signature.to_string().len() },
    ]});
    let tag = list.digest.replace(':', "-");
    v2.put_text(&manifest_of(APP, &tag), INDEX, &index.to_string()).must_be(201);
    assert_eq!(v2.header("Accept", INDEX).get(&manifest_of(APP, &tag)).must_be(200).json(), index);
}

/// Pushes a text as a blob.
fn push_blob(v2: &Http, text: &str) {
    let begun = v2.post_bytes(&uploads_of(APP), "").must_be(202);
    let upload = begun.header("location").expect("where it goes on").to_owned();
    let mark = if upload.contains('?') { '&' } else { '?' };
    let end = format!("{upload}{mark}digest={}", sha256(text.as_bytes()));
    v2.put_text(&end, "application/octet-stream", text).must_be(201);
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let gateway = Gateway::with_users(&["alice"]);
    let api = v2(&gateway, "alice");
    push_blob(&api, CONFIG);
    let digests = ["first", "second"].map(|text| {
        let manifest = manifest(text).to_string();
        api.put_text(&manifest_of(APP, text), MANIFEST, &manifest).must_be(201);
        sha256(manifest.as_bytes())
    });
    let part = manifest("a part").to_string();
    let part_digest = sha256(part.as_bytes());
    api.put_text(&manifest_of(APP, &part_digest), MANIFEST, &part).must_be(201);
    api.delete(&manifest_of(APP, &digests[1])).must_be(202);
    let gateway = gateway.after_a_kill();
    assert_eq!(gateway.dockpass.tag_names(APP), ["first"]);
    assert_eq!(gateway.dockpass.tag(APP, "first").expect("the tag")["digest"], digests[0].as_str());
    for (object, act) in [
        (format!("{APP}:first"), "tag.push alice"),
        (format!("{APP}:second"), "tag.push alice"),
        (format!("{APP}@{part_digest}"), "manifest.push alice"),
        (format!("{APP}@{}", digests[1]), "manifest.delete alice"),
    ] {
        assert_eq!(gateway.acts(&object), [act]);
    }
    assert_eq!(counts(&gateway, APP)[1], json!(2));
    gateway.dockpass.cli(&["audit", "verify"]).must_succeed();
}
