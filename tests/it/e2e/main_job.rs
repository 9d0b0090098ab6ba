//! The main job, end to end: an access token signs in to a real registry, with real clients, and what it may do there
//! is what its account may do. Everything runs against the executable and Debian's `docker-registry`.

use std::{fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{
    Clients, Dockpass, Http, Image, Registry, Setup, Site,
    process::{Run, command, eventually_within},
};

#[test]
fn an_access_token_signs_in_to_a_real_registry_with_docker_skopeo_and_podman() {
    let site = Site::with_users(&["alice"]);
    let token = site.dockpass.add_token("alice", &[]);
    // The registry, and dockpass itself, which speaks the same protocol under its own address.
    for host in [&site.registry.address, &site.dockpass.address] {
        let clients = Clients::new();
        clients.docker_login(host, "alice", &token.secret).must_succeed();
        clients.skopeo_login(host, "alice", &token.secret).must_succeed();
        clients.podman_login(host, "alice", &token.secret).must_succeed();
    }
    let wrong = site.dockpass.add_token("admin", &[]);
    let clients = Clients::new();
    clients.docker_login(&site.registry.address, "alice", &wrong.secret).must_be_refused();
    clients.skopeo_login(&site.registry.address, "alice", &wrong.secret).must_be_refused();
    clients.podman_login(&site.registry.address, "alice", &wrong.secret).must_be_refused();
}

#[test]
fn an_image_goes_to_the_registry_and_comes_back_as_it_was() {
    let site = Site::with_users(&["alice"]);
    let alice = site.clients_of("alice", &[]);
    let image = Image::holding("there and back");
    alice.push(&image, &site.at("alice/app:1")).must_succeed();
    let back = Image::empty_layout();
    alice.pull_into(&site.at("alice/app:1"), &back).must_succeed();
    assert_eq!(back.digest(), image.digest);

    let tags: Value = serde_json::from_str(&alice.tags(&site.at("alice/app")).must_succeed().stdout).expect("JSON");
    assert_eq!(tags["Tags"], json!(["1"]));
    let repository = site.dockpass.cli_json(&["repo", "show", "alice/app"]);
    assert_eq!(repository["visibility"], "private", "made by the push: {repository}");

    alice.copy(&site.at("alice/app:1"), &site.at("alice/copy:1")).must_succeed();
    alice.delete(&site.at("alice/app:1")).must_succeed();
    alice.pull(&site.at("alice/app:1")).must_fail_with(&["manifest unknown"]);
    alice.pull(&site.at("alice/copy:1")).must_succeed();
}

#[test]
fn a_layer_is_mounted_from_a_repository_that_the_caller_may_pull_and_from_no_other() {
    let site = Site::with_users(&["alice", "bob"]);
    let image = Image::holding("mounted");
    let token = site.dockpass.add_token("alice", &[]);
    let alice = site.clients_with("alice", &token);
    alice.push(&image, &site.at("alice/app:1")).must_succeed();
    let bob = site.dockpass.add_token("bob", &[]);
    let mount = |user: &str, secret: &str| {
        let target = format!("repository:{user}/copy:pull,push");
        let registry_token = site.registry_token(user, secret, &["repository:alice/app:pull", &target]);
        let path = format!("/v2/{user}/copy/blobs/uploads/?mount={}&from=alice/app", image.layer);
        site.registry_with(&registry_token).send("POST", &path)
    };
    mount("alice", &token.secret).must_be(201);
    mount("bob", &bob.secret).must_be(401);
}

#[test]
fn the_challenge_of_the_registry_leads_to_a_token_for_it_as_containerd_asks() {
    let site = Site::with_users(&["alice"]);
    let secret = site.dockpass.add_token("alice", &[]).secret;
    site.dockpass.cli(&["repo", "create", "alice/app"]).must_succeed();
    let registry = Http::at(&format!("http://{}", site.registry.address));
    let refused = registry.get("/v2/alice/app/tags/list").must_be(401);
    let challenge = refused.header("WWW-Authenticate").expect("a challenge");
    let port = site.dockpass.address.rsplit(':').next().expect("a port");
    let realm = format!("realm=\"http://localhost:{port}/auth/token\"");
    assert!(challenge.contains(&realm) && challenge.contains("service=\"dockpass\""), "{challenge}");

    let fields = [("grant_type", "password"), ("service", "dockpass"), ("client_id", "containerd-client")];
    let caller = [("username", "alice"), ("password", &secret), ("scope", "repository:alice/app:pull")];
    let answer = site.dockpass.http().post_form("/auth/token", &[fields, caller].concat()).must_be(200);
    // Nothing has been pushed yet, and the registry says so: the sign-in is behind us.
    site.registry_with(&answer.text("/access_token")).get("/v2/alice/app/tags/list").must_be(404);
}

#[test]
fn the_commands_of_the_dtr_manual_work_as_they_stand_there() {
    let dockpass = Dockpass::start();
    for user in ["alice", "bob"] {
        dockpass.add_user(user);
    }
    for repository in ["alice/app", "bob/secret", "bob/shared"] {
        dockpass.cli(&["repo", "create", repository]).must_succeed();
    }
    dockpass.cli(&["repo", "create", "bob/open", "--public"]).must_succeed();
    dockpass.cli(&["grant", "set", "bob/shared", "--user", "alice", "--access", "read-only"]).must_succeed();
    let token = dockpass.add_token("alice", &[]).secret;
    let host = &dockpass.address;

    // docker login <host> --username alice --password <token>
    Clients::new().docker(&["login", host, "--username", "alice", "--password", &token], "").must_succeed();

    // curl --silent --insecure --user alice:<token> <host>/api/v0/repositories
    let mut curl = command("curl");
    curl.args(["--silent", "--insecure", "--user", &format!("alice:{token}"), &format!("{host}/api/v0/repositories")]);
    let run = Run::of(&mut curl, "").must_succeed();
    let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.describe()));
    let repositories = answer["repositories"].as_array().expect("a list").iter();
    let names: Vec<_> =
        repositories.map(|found| format!("{}/{}", text(found, "namespace"), text(found, "name"))).collect();
    assert_eq!(names, ["alice/app", "bob/open", "bob/shared"]);
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_else(|| panic!("no {field} in {record}"))
}

#[test]
fn a_registry_token_is_believed_by_code_that_is_not_ours() {
    let site = Site::with_users(&["alice"]);
    let token = site.dockpass.add_token("alice", &[]);
    let registry_token = site.registry_token("alice", &token.secret, &["repository:alice/app:push"]);
    let authority = site.dockpass.http().get("/auth/ca.pem").must_be(200).body;
    let keys = site.dockpass.http().get("/auth/keys").must_be(200).json();

    let input = json!({
        "token": registry_token, "authority": authority, "keys": keys, "issuer": "dockpass", "service": "dockpass",
    });
    let mut python = command("/usr/bin/python3");
    python.args(["-c", include_str!("../support/verify_registry_token.py")]);
    let run = Run::of(&mut python, &input.to_string()).must_succeed();
    let verified: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let claims = &verified["claims"];
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!("dockpass")));
    assert_eq!(
        (&claims["access"][0]["type"], &claims["access"][0]["name"]),
        (&json!("repository"), &json!("alice/app"))
    );
    let mut actions: Vec<_> = claims["access"][0]["actions"].as_array().expect("actions").clone();
    actions.sort_by_key(ToString::to_string);
    assert_eq!(actions, ["pull", "push"], "push implies pull");
    openssl_believes(verified["leaf"].as_str().expect("a certificate"), &authority);
}

/// A second look at the chain, with its dates, by OpenSSL.
fn openssl_believes(leaf: &str, authority: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, pem) in [("leaf.pem", leaf), ("authority.pem", authority)] {
        fs::write(directory.path().join(name), pem).expect("a file can be written");
    }
    let mut openssl = command("openssl");
    openssl.args(["verify", "-CAfile", "authority.pem", "leaf.pem"]).current_dir(directory.path());
    Run::of(&mut openssl, "").must_succeed();
}

#[test]
fn the_registry_believes_a_new_leaf_without_a_restart() {
    let site = Site::with_users(&["alice"]);
    let secret = site.dockpass.add_token("alice", &[]).secret;
    let before = site.registry_token("alice", &secret, &[]);
    site.registry_with(&before).get("/v2/").must_be(200);

    site.dockpass.cli(&["registry", "rotate-key"]).must_succeed();
    let after = site.registry_token("alice", &secret, &[]);
    assert_ne!(leaf_of(&before), leaf_of(&after), "the leaf was not renewed");
    site.registry_with(&after).get("/v2/").must_be(200);
    site.registry_with(&before).get("/v2/").must_be(200);
}

#[test]
#[ignore = "takes minutes: the shortest life of a leaf is five; tests/run --long runs it"]
fn a_leaf_at_the_end_of_its_life_renews_itself_and_the_registry_goes_on() {
    let dockpass = Setup::config("[registry]\nleaf_lifetime = \"5m\"\ntoken_lifetime = \"60s\"\n").start();
    dockpass.add_user("alice");
    let site = Site { registry: Registry::beside(&dockpass), dockpass };
    let secret = site.dockpass.add_token("alice", &[]).secret;
    let first = leaf_of(&site.registry_token("alice", &secret, &[]));
    eventually_within(Duration::from_mins(6), "the leaf renews itself", || {
        let token = site.registry_token("alice", &secret, &[]);
        site.registry_with(&token).get("/v2/").must_be(200);
        (leaf_of(&token) != first).then_some(())
    });
}

/// The certificate that a registry token brings along.
fn leaf_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).expect("unpadded base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["x5c"][0].clone()
}
