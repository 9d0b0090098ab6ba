//! Robots of organizations, with Debian's registry and the clients that people have: they sign in as `acme/ci`, work on
//! what their organization owns, and stop with the access token that made their secret.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{
    Clients, Dockpass, Image, Site,
    containerd::{Containerd, PullSecret},
    exe::executable,
    nginx::Front,
    process::{Run, background_command},
};

/// A site with the organization `acme`, which alice administers.
fn site() -> Site {
    let site = Site::with_users(&["alice", "bob"]);
    site.dockpass.cli(&["org", "create", "acme"]).must_succeed();
    site.dockpass.cli(&["org", "add", "acme", "alice", "--admin", "true"]).must_succeed();
    site
}

/// The secret of a new robot, made over the socket.
fn made(dockpass: &Dockpass, name: &str, options: &[&str]) -> String {
    let arguments = [&["robot", "create", name][..], options].concat();
    dockpass.cli(&arguments).must_succeed().stdout.trim().to_owned()
}

/// A command of alice's, who signs in with this secret.
fn as_alice(dockpass: &Dockpass, secret: &str, arguments: &[&str]) -> Run {
    let mut command = background_command(executable());
    command.args(arguments).args(["--server", &format!("http://{}", dockpass.address)]);
    command.envs([("DOCKPASS_USER", "alice"), ("DOCKPASS_TOKEN", secret)]);
    Run::of(&mut command, "")
}

fn signed_in(site: &Site, secret: &str) -> Clients {
    let clients = Clients::new();
    clients.skopeo_login(&site.registry.address, "acme/ci", secret).must_succeed();
    clients
}

fn is_in(dockpass: &Dockpass, secret: &str) -> bool {
    let asked = "/auth/token?account=acme%2Fci&client_id=docker&service=dockpass";
    dockpass.http_as("acme/ci", secret).get(asked).must_be_one_of(&[200, 401]).status == 200
}

#[test]
fn a_robot_signs_in_with_docker_podman_and_skopeo_by_its_whole_name() {
    let site = site();
    let secret = made(&site.dockpass, "acme/ci", &["--access", "read-write"]);
    for host in [&site.registry.address, &site.dockpass.address] {
        let clients = Clients::new();
        clients.docker_login(host, "acme/ci", &secret).must_succeed();
        clients.podman_login(host, "acme/ci", &secret).must_succeed();
        clients.skopeo_login(host, "acme/ci", &secret).must_succeed();
        // What docker keeps is what Kubernetes takes as a pull secret, and the runtime sends again.
        let kept = fs::read_to_string(clients.home().join("docker/config.json")).expect("docker's file");
        assert!(kept.contains(&STANDARD.encode(format!("acme/ci:{secret}"))), "{kept}");
        for wrong in ["acme", "ci", "alice", "acme/other"] {
            Clients::new().docker_login(host, wrong, &secret).must_be_refused();
        }
    }
    // As containerd and buildkit sign in.
    let form =
        [("grant_type", "password"), ("username", "acme/ci"), ("password", secret.as_str()), ("service", "dockpass")];
    site.dockpass.http().post_form("/auth/token", &form).must_be(200);
    let page = json!({ "username": "acme/ci", "password": secret });
    site.dockpass.http().post("/api/v0/session", &page).must_be(403);
}

#[test]
fn a_robot_pushes_and_pulls_what_its_organization_owns_and_nothing_else() {
    let site = site();
    let options = ["--access", "push", "--repository", "acme/app", "--repository", "acme/ci/*"];
    let ci = signed_in(&site, &made(&site.dockpass, "acme/ci", &options));
    let (image, other) = (Image::holding("built"), Image::holding("built again"));
    ci.push(&image, &site.at("acme/ci/new:1")).must_succeed();
    ci.push(&image, &site.at("acme/app:1")).must_succeed();
    ci.push(&other, &site.at("acme/app:1")).must_succeed();
    let back = Image::empty_layout();
    ci.pull_into(&site.at("acme/app:1"), &back).must_succeed();
    assert_eq!(back.digest(), other.digest, "it overwrites a tag");
    // It deletes nothing, and reaches nothing beyond its patterns and its organization.
    ci.delete(&site.at("acme/app:1")).must_be_refused();
    ci.pull(&site.at("acme/app:1")).must_succeed();
    let alice = site.clients_of("alice", &[]);
    alice.push(&image, &site.at("acme/hidden:1")).must_succeed();
    alice.push(&image, &site.at("alice/app:1")).must_succeed();
    for beyond in ["acme/hidden:1", "alice/app:1"] {
        ci.pull(&site.at(beyond)).must_be_refused();
        ci.push(&image, &site.at(beyond)).must_be_refused();
    }
    ci.push(&image, &site.at("acme/nowhere:1")).must_be_refused();
    ci.push(&image, &site.at("bob/new:1")).must_be_refused();
    // Who did it stands in the log, and why it was refused.
    let log = site.dockpass.cli_json(&["audit", "list", "--actor", "acme/ci"]).to_string();
    assert!(log.contains("repository.createOnPush") && log.contains("registryToken.refuse"), "{log}");
    let activity = site.dockpass.cli(&["robot", "activity", "acme/ci"]).must_succeed();
    assert!(activity.stdout.contains("acme/ci") && activity.stdout.contains("robot.create"), "{}", activity.describe());
    for (action, repository, allowed) in
        [("push", "acme/app", true), ("delete", "acme/app", false), ("pull", "alice/app", false)]
    {
        let check = site.dockpass.cli(&["access", "check", "--user", "acme/ci", action, repository]);
        assert_eq!(check.code(), Some(i32::from(!allowed)), "{action} {repository}: {}", check.describe());
    }
}

#[test]
fn a_robots_secret_stops_with_the_token_that_made_it_and_lives_on_when_its_maker_leaves() {
    let site = site();
    let dockpass = &site.dockpass;
    let token = dockpass.add_token("alice", &[]);
    let create = ["robot", "create", "acme/ci", "--access", "read-write", "--expires", "never"];
    let by_token = as_alice(dockpass, &token.secret, &create).must_succeed().stdout.trim().to_owned();
    assert!(is_in(dockpass, &by_token));
    // Whoever finds the leaked token ends it, and with it the robot's secret.
    dockpass.http().post("/api/v0/api_tokens/revoke", &json!({ "tokens": [token.secret] })).must_be(202);
    assert!(!is_in(dockpass, &by_token));
    dockpass.cli(&["token", "delete", &token.id, "--yes"]).must_succeed();
    assert!(!is_in(dockpass, &by_token));
    let shown = dockpass.cli(&["robot", "show", "acme/ci"]).must_succeed();
    assert!(shown.stdout.contains("was deleted: a rotation gives it another"), "{}", shown.describe());
    // A rotation with the password mends it; nothing hangs on a token then.
    let rotate = ["robot", "rotate", "acme/ci", "--yes"];
    let by_password =
        as_alice(dockpass, crate::support::exe::PASSWORD, &rotate).must_succeed().stdout.trim().to_owned();
    assert!(is_in(dockpass, &by_password) && !is_in(dockpass, &by_token));
    // Alice leaves.
    dockpass.cli(&["org", "remove", "acme", "alice"]).must_succeed();
    dockpass.cli(&["user", "delete", "alice", "--yes"]).must_succeed();
    assert!(is_in(dockpass, &by_password));
    let clients = signed_in(&site, &by_password);
    clients.push(&Image::holding("still built"), &site.at("acme/app:1")).must_succeed();
    // It goes with its organization.
    let gone = dockpass.cli(&["org", "delete", "acme", "--yes"]).must_succeed();
    assert!(!is_in(dockpass, &by_password), "{}", gone.describe());
}

#[test]
fn a_robot_works_through_the_nginx_that_is_configured_for_both() {
    let front = Front::with_users(&[]);
    let dockpass = front.pair.dockpass();
    dockpass.cli(&["org", "create", "acme"]).must_succeed();
    let secret = made(dockpass, "acme/ci", &["--access", "push"]);
    let clients = Clients::with_tls();
    clients.trust(&front.authority, &front.certificate.authority());
    clients.docker_login(&front.authority, "acme/ci", &secret).must_succeed();
    clients.podman_login(&front.authority, "acme/ci", &secret).must_succeed();
    clients.skopeo_login(&front.authority, "acme", &secret).must_be_refused();
    clients.skopeo_login(&front.authority, "acme/ci", &secret).must_succeed();
    let (image, back) = (Image::holding("built"), Image::empty_layout());
    clients.push(&image, &front.at("acme/app:1")).must_succeed();
    clients.pull_into(&front.at("acme/app:1"), &back).must_succeed();
    assert_eq!(back.digest(), image.digest);
    clients.push(&image, &front.at("alice/app:1")).must_be_refused();
    // The API and the catalogue, where an encoded slash must come through.
    let http = front.http().basic("acme/ci", &secret);
    assert_eq!(http.get("/v2/_catalog").must_be(200).json()["repositories"], json!(["acme/app"]));
    http.get("/auth/token?account=acme%2Fci&service=dockpass").must_be(200);
}

#[test]
fn containerd_pulls_and_pushes_with_a_robots_name() {
    let site = site();
    let secret = made(&site.dockpass, "acme/ci", &["--access", "push"]);
    let image = Image::holding("built");
    signed_in(&site, &secret).push(&image, &site.at("acme/app:1")).must_succeed();
    site.clients_of("alice", &[]).push(&image, &site.at("alice/app:1")).must_succeed();
    let containerd = Containerd::start();
    let (app, copy) = (site.at("acme/app:1"), site.at("acme/copy:1"));
    containerd.pull(&app, "acme/ci", &secret).must_succeed();
    assert_eq!(containerd.digest(false, &app).as_ref(), Some(&image.digest));
    containerd.push(&app, &copy, "acme/ci", &secret).must_succeed();
    assert_eq!(signed_in(&site, &secret).digest(&copy), image.digest);
    let refused = ["authorization failed", "unauthorized"];
    containerd.pull(&site.at("alice/app:1"), "acme/ci", &secret).must_fail_with(&refused);
    for wrong in ["acme", "ci", "alice"] {
        containerd.pull(&copy, wrong, &secret).must_fail_with(&refused);
    }
}

/// A pull secret is docker's file: `auth` holds the name, slash and all, and the secret. Whoever reads it (kubelet, containerd,
/// skopeo, podman) takes all before the first colon for the name.
#[test]
fn a_kubernetes_node_pulls_with_a_robots_pull_secret() {
    let site = site();
    let secret = made(&site.dockpass, "acme/ci", &["--access", "read-only"]);
    let image = Image::holding("built");
    site.clients_of("alice", &[]).push(&image, &site.at("acme/app:1")).must_succeed();
    let reference = site.at("acme/app:1");
    let auth = STANDARD.encode(format!("acme/ci:{secret}"));
    let pull_secret = json!({ "auths": { &site.registry.address: { "auth": auth } } });

    let node = Containerd::start();
    let wrong = STANDARD.encode(format!("acme:{secret}"));
    let refused = node.pull_as_kubelet(&reference, PullSecret::Encoded(&wrong)).expect_err("it is refused");
    assert!(refused.contains("authorization failed") || refused.contains("401"), "{refused}");
    assert_eq!(node.digest(true, &reference), None);
    for shown in [PullSecret::Encoded(&auth), PullSecret::Decoded { user: "acme/ci", secret: &secret }] {
        node.pull_as_kubelet(&reference, shown).unwrap_or_else(|why| panic!("{shown:?}: {why}"));
        assert_eq!(node.digest(true, &reference).as_ref(), Some(&image.digest));
    }

    let clients = Clients::new();
    fs::write(clients.home().join("auth.json"), pull_secret.to_string()).expect("the pull secret");
    let back = Image::empty_layout();
    clients.pull_into(&reference, &back).must_succeed();
    assert_eq!(back.digest(), image.digest);
    assert!(clients.podman_search(&["--list-tags"], &site.at("acme/app")).must_succeed().stdout.contains("acme/app"));
}
