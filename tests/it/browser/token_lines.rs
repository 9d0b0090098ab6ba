//! The ready lines beside a new access token: what each tab shows, and that it works as it stands there, in a shell and
//! with the clients that it is for. The secret comes from standard input and is in no argument.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{Clients, Website, person::soon};

const READ: &str = "read -rs DOCKPASS_TOKEN";
const PULL_SECRET: &str = "dockpass-pull-secret.yaml";

/// Alice's pages with a new secret on them, and that secret.
fn with_secret() -> (Website, String) {
    let site = Website::start_as("alice");
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    site.open("/profile/access-tokens/new");
    site.browser.fill("Description", "laptop");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    let secret = site.browser.value("Access token");
    // dockpass does not know where the registry is; for these tests it stands where that would.
    assert!(site.browser.text().contains("login HOST --username alice"), "no address is made up");
    site.browser.fill("Registry", &site.server.address.clone());
    (site, secret)
}

/// What the tab of a client has to copy, block by block. None of it may hold the secret.
fn blocks(site: &Website, client: &str, secret: &str) -> Vec<String> {
    site.browser.click(client);
    let panel = format!("[role=tabpanel][aria-label='{client}']");
    soon(&format!("the lines for {client}"), || site.browser.has("css", &panel).then_some(()));
    let script = "return [...document.querySelectorAll(`${arguments[0]} pre`)].map((it) => it.textContent)";
    let found = site.browser.run(script, json!([panel]));
    let found: Vec<_> = found.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    assert!(found.iter().all(|it| !it.contains(secret)), "the lines for {client} hold the secret");
    found
}

/// What somebody does with them: the first one waits for the access token, which is pasted.
fn run(site: &Website, clients: &Clients, lines: &[String], pasted: &str) -> crate::support::process::Run {
    clients.shell(&site.server.address, &lines.join("\n"), &format!("{pasted}\n"))
}

#[test]
fn the_lines_for_docker_and_podman_sign_in_with_what_is_pasted() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    for (client, kept) in [("docker", "docker/config.json"), ("podman", "auth.json")] {
        let lines = blocks(&site, client, &secret);
        let login = format!("printf %s \"$DOCKPASS_TOKEN\" | {client} login {host} --username alice --password-stdin");
        assert_eq!(lines, [READ.to_owned(), login]);
        let clients = Clients::new();
        run(&site, &clients, &lines, "dkp_no-such-token").must_be_refused();
        run(&site, &clients, &lines, &secret).must_succeed();
        let kept = fs::read_to_string(clients.home().join(kept)).expect("what the client keeps");
        let kept: Value = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(kept["auths"][host]["auth"], STANDARD.encode(format!("alice:{secret}")), "{client}");
    }
    site.browser.fill("Registry", "registry.example.com");
    for client in ["docker", "podman", "GitLab CI"] {
        let lines = blocks(&site, client, &secret).join("\n");
        assert!(
            lines.contains(&format!("{} login registry.example.com --username", client.replace("GitLab CI", "docker"))),
            "{lines}"
        );
    }
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_for_curl_ask_these_pages_as_the_owner() {
    let (site, secret) = with_secret();
    // The API is where the pages are, wherever the registry is.
    site.browser.fill("Registry", "registry.example.com");
    let lines = blocks(&site, "curl", &secret);
    let address = site.address("/api/v0/repositories");
    let ask = format!("printf 'user = \"alice:%s\"' \"$DOCKPASS_TOKEN\" |\n  curl --config - {address}");
    assert_eq!(lines, [READ.to_owned(), ask]);
    let told = |pasted: &str| -> Value {
        let said = run(&site, &Clients::new(), &lines, pasted).must_succeed().stdout;
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    let found = told(&secret);
    assert_eq!(found["repositories"][0]["name"], "app", "{found}");
    let refused = told("dkp_no-such-token");
    assert!(refused["errors"][0]["code"].is_string(), "{refused}");
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_for_pipelines_take_the_secret_from_their_stores() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    let step = [
        "- uses: docker/login-action@v3",
        "  with:",
        &format!("    registry: {host}"),
        "    username: alice",
        "    password: ${{ secrets.DOCKPASS_TOKEN }}",
    ];
    assert_eq!(blocks(&site, "GitHub Actions", &secret), ["gh secret set DOCKPASS_TOKEN".to_owned(), step.join("\n")]);
    let lines = blocks(&site, "GitLab CI", &secret);
    let login = format!("printf %s \"$DOCKPASS_TOKEN\" | docker login {host} --username alice --password-stdin");
    assert_eq!(lines, [format!("before_script:\n  - {login}")]);
    // As a job does: the variable is there already.
    let job = [READ.to_owned(), "export DOCKPASS_TOKEN".to_owned(), login];
    run(&site, &Clients::new(), &job, &secret).must_succeed();
    site.must_be_clean(&[]);
}

#[test]
fn the_pull_secret_is_one_that_kubernetes_takes_and_signs_in() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    let directory = site.downloads();
    let lines = blocks(&site, "Kubernetes", &secret);
    let apply = format!("kubectl apply --filename {PULL_SECRET}\nrm {PULL_SECRET}");
    assert_eq!(lines, [apply, "spec:\n  imagePullSecrets:\n    - name: dockpass".to_owned()]);
    site.browser.click(&format!("Download {PULL_SECRET}"));
    let text = soon("the file is there", || {
        fs::read_to_string(directory.path().join(PULL_SECRET)).ok().filter(|text| text.ends_with('\n'))
    });
    let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: dockpass\ntype: kubernetes.io/dockerconfigjson\n\
                data:\n  .dockerconfigjson: ";
    let data = text.strip_prefix(head).unwrap_or_else(|| panic!("{text}"));
    let configuration = STANDARD.decode(data.trim_end_matches('\n')).expect("base64 on the one line that is left");
    let configuration: Value = serde_json::from_slice(&configuration).expect("a configuration of docker");
    let auth = STANDARD.encode(format!("alice:{secret}"));
    let expected = json!({ "auths": { host: { "username": "alice", "password": secret, "auth": auth } } });
    assert_eq!(configuration, expected);
    let given = configuration["auths"][host]["auth"].as_str().expect("a text");
    let given = String::from_utf8(STANDARD.decode(given).expect("base64")).expect("a text");
    let (user, password) = given.split_once(':').expect("a name and a secret");
    site.server.http_as(user, password).get("/v2/").must_be(200);
    // A client that pulls with such a file signs in.
    let clients = Clients::new();
    fs::write(clients.home().join("auth.json"), configuration.to_string()).expect("a file can be written");
    let who =
        clients.shell(host, &format!("podman login --get-login {host} && podman login {host}"), "").must_succeed();
    assert!(who.stdout.starts_with("alice\n"), "{}", who.describe());
    site.must_be_clean(&[]);
}
