//! Clients in Python that share no code with docker and podman: oras-py 0.2.43 and crpy 0.4.0, as they are published.
//! Both read the challenge in ways of their own, so they notice what the clients in Go forgive: crpy wants `Bearer realm=`
//! to be its first words and makes a query of the rest as it stands, oras-py sends several scopes as one.
//!
//! What they cannot do anywhere is not tried: crpy 0.4.0 looks for `docker-content-digest` in small letters, which is not
//! how Debian's registry writes it, and so deletes nothing; for the pushes of oras-py see `oras_client.py`.

use std::fs;

use serde_json::json;

use crate::support::{Clients, Image, Site};

/// What crpy says when it gets 401, from the token endpoint or, with a token in hand, from the registry.
const CRPY_REFUSED: &[&str] = &["could not authenticate"];
/// What oras-py says when it gets 401: from the token endpoint, from the registry at a push, and at a list or a pull.
const ORAS_REFUSED: &[&str] = &["cannot respond to request for authentication", "unauthorized", "issue with http"];

/// A site where alice has pushed the image `1` to `alice/app`, and her secret.
fn site() -> (Site, Image, String) {
    let site = Site::with_users(&["alice", "bob"]);
    let token = site.dockpass.add_token("alice", &[]);
    let image = Image::holding("python");
    site.clients_with("alice", &token).push(&image, &site.at("alice/app:1")).must_succeed();
    (site, image, token.secret)
}

/// Somebody's home with a file to push.
fn with_artifact(content: &str) -> Clients {
    let clients = Clients::new();
    fs::write(clients.home().join("artifact.txt"), content).expect("a file can be written");
    clients
}

fn pulled(clients: &Clients) -> String {
    fs::read_to_string(clients.home().join("pulled/artifact.txt")).expect("a file was pulled")
}

#[test]
fn oras_py_pushes_lists_and_pulls_an_artifact_with_an_access_token() {
    let (site, _, secret) = site();
    let (host, alice) = (&site.registry.address, Some(("alice", secret.as_str())));
    let home = with_artifact("made by oras-py");
    let digest = home.oras(host, "push", "alice/artifact:v1", alice).json();
    assert!(digest.as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{digest}");
    assert_eq!(site.dockpass.cli_json(&["repo", "show", "alice/artifact"])["visibility"], "private");
    assert_eq!(home.oras(host, "tags", "alice/artifact", alice).json(), json!(["v1"]));
    // With the credentials that the sign-in has left.
    home.oras(host, "pull", "alice/artifact:v1", None).json();
    assert_eq!(pulled(&home), "made by oras-py");
    // What docker's manifest says is for oras-py an artifact like any other.
    assert_eq!(Clients::new().oras(host, "tags", "alice/app", alice).json(), json!(["1"]));
}

#[test]
fn oras_py_gets_what_the_account_may_and_no_more() {
    let (site, _, secret) = site();
    let host = &site.registry.address;
    with_artifact("shared").oras(host, "push", "alice/artifact:v1", Some(("alice", &secret))).json();
    let token = site.dockpass.add_token("bob", &[]).secret;
    let (home, bob) = (with_artifact("of bob"), Some(("bob", token.as_str())));
    let refused = |step: &str, clients: &Clients, who: Option<(&str, &str)>| {
        clients.oras(host, step, "alice/artifact:v1", who).must_fail_with(ORAS_REFUSED);
    };
    ["tags", "pull", "push"].iter().for_each(|step| refused(step, &home, bob));
    site.dockpass.cli(&["grant", "set", "alice/artifact", "--user", "bob", "--access", "read-only"]).must_succeed();
    home.oras(host, "pull", "alice/artifact:v1", bob).json();
    assert_eq!(pulled(&home), "shared");
    refused("push", &home, bob);

    let anybody = with_artifact("of nobody");
    ["tags", "pull"].iter().for_each(|step| refused(step, &anybody, None));
    site.dockpass.cli(&["repo", "set", "alice/artifact", "--public", "true"]).must_succeed();
    anybody.oras(host, "pull", "alice/artifact:v1", None).json();
    assert_eq!(pulled(&anybody), "shared");
    refused("push", &anybody, None);
}

/// oras-py takes a refused sign-in for a fault of the moment and asks six times: one wrong secret, not six guesses.
#[test]
fn oras_py_with_a_wrong_secret_is_refused_and_locks_nobody_out() {
    let (site, _, secret) = site();
    let host = &site.registry.address;
    let tags = |secret: &str| Clients::new().oras(host, "tags", "alice/app", Some(("alice", secret)));
    tags("not-the-password").must_fail_with(ORAS_REFUSED);
    assert_eq!(tags(crate::support::exe::PASSWORD).json(), json!(["1"]), "the password still counts");
    assert_eq!(tags(&secret).json(), json!(["1"]));
    tags(&site.dockpass.add_token("bob", &[]).secret).must_fail_with(ORAS_REFUSED);
}

#[test]
fn crpy_signs_in_lists_pulls_and_pushes_with_an_access_token() {
    let (site, image, secret) = site();
    let at = |name: &str| format!("http://{}", site.at(name));
    let alice = Clients::new();
    alice.crpy_login(&site.registry.address, "alice", &secret).must_succeed();
    assert_eq!(alice.crpy(&["tags", &at("alice/app")], "").must_succeed().stdout, "1\n");
    alice.crpy(&["pull", &at("alice/app:1"), "image.tar"], "").must_succeed();
    let layer = alice.crpy(&["layer", &at("alice/app:1"), "0"], "").must_succeed();
    assert!(layer.stdout.contains("python"), "another layer than was pushed: {}", layer.describe());
    let manifest = alice.crpy(&["manifest", &at("alice/app:1")], "").must_succeed().stdout;
    assert!(manifest.contains(&image.layer), "{manifest}");
    // crpy shows a token as long as it serves, and asks for another when a push needs more.
    alice.crpy(&["push", "image.tar", &at("alice/copy:2")], "").must_succeed();
    assert_eq!(alice.crpy(&["tags", &at("alice/copy")], "").must_succeed().stdout, "2\n");
    site.clients_of("alice", &[]).pull(&site.at("alice/copy:2")).must_succeed();
}

/// crpy has no other way to list repositories than the catalogue, which is filtered at the address of dockpass. It
/// follows no links there, nor anywhere else: of `last=alice%2Fapp` it reads `alice`, and begins again.
#[test]
fn crpy_lists_the_repositories_that_the_account_may_see() {
    let (site, _, secret) = site();
    site.dockpass.cli(&["repo", "create", "bob/hidden"]).must_succeed();
    site.dockpass.cli(&["repo", "create", "bob/open", "--public"]).must_succeed();
    let here = format!("http://{}", site.dockpass.address);
    let alice = Clients::new();
    alice.crpy_login(&site.dockpass.address, "alice", &secret).must_succeed();
    assert_eq!(alice.crpy(&["repositories", &here], "").must_succeed().stdout, "alice/app\nbob/open\n");
    assert_eq!(Clients::new().crpy(&["repositories", &here], "").must_succeed().stdout, "bob/open\n");
    alice.crpy_login(&site.registry.address, "alice", &secret).must_succeed();
    let registry = format!("http://{}", site.registry.address);
    alice.crpy(&["repositories", &registry], "").must_fail_with(CRPY_REFUSED);
}

#[test]
fn crpy_gets_what_the_account_may_and_no_more() {
    let (site, _, secret) = site();
    let host = &site.registry.address;
    let [app, other] = ["alice/app:1", "alice/app:2"].map(|name| format!("http://{}", site.at(name)));
    let alice = Clients::new();
    alice.crpy_login(host, "alice", "not-the-password").must_fail_with(CRPY_REFUSED);
    alice.crpy(&["tags", &app], "").must_fail_with(CRPY_REFUSED);
    alice.crpy_login(host, "alice", &secret).must_succeed();
    alice.crpy(&["pull", &app, "image.tar"], "").must_succeed();

    let reader = Clients::new();
    let capped = site.dockpass.add_token("alice", &["--access", "read-only"]).secret;
    reader.crpy_login(host, "alice", &capped).must_succeed();
    reader.crpy(&["pull", &app, "image.tar"], "").must_succeed();
    reader.crpy(&["push", "image.tar", &other], "").must_fail_with(CRPY_REFUSED);
    let bob = Clients::new();
    bob.crpy_login(host, "bob", &site.dockpass.add_token("bob", &[]).secret).must_succeed();
    bob.crpy(&["pull", &app, "image.tar"], "").must_fail_with(CRPY_REFUSED);
    let anybody = Clients::new();
    anybody.crpy(&["tags", &app], "").must_fail_with(CRPY_REFUSED);
    site.dockpass.cli(&["repo", "set", "alice/app", "--public", "true"]).must_succeed();
    assert_eq!(anybody.crpy(&["tags", &app], "").must_succeed().stdout, "1\n");
}
