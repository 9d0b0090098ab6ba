//! The ready lines beside a new access token: what each tab shows, and that it works as it stands there, on a terminal, in
//! a shell, and with the clients that it is for. The secret is typed where it is asked for, and is in no argument.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{Clients, Website, exe::PASSWORD, person::soon, process::Run};

const TOKEN: &str = "DOCKPASS_TOKEN";

/// Alice's pages with a new secret on them, and that secret. The registry is where dockpass is: it signs in there.
fn with_secret() -> (Website, String) {
    let site = Website::start();
    let set = json!({ "registryPublicHost": site.server.address });
    site.api("admin").post("/api/v0/meta/settings", &set).must_be(202);
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    site.sign_in("alice", PASSWORD);
    site.open("/profile/access-tokens/new");
    site.browser.fill("Description", "laptop");
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    let secret = site.browser.value("Access token");
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

/// What Kubernetes and Jenkins call the secret: by its description, and by the end of its id, which no other has.
fn secret_name(site: &Website) -> String {
    let id = site.api("alice").get("/api/v0/api_tokens").must_be(200).text("/0/id").to_lowercase();
    format!("dockpass-laptop-{}", &id[id.len() - 6..])
}

/// What somebody does with a line on a terminal, which asks for the access token.
fn typed(site: &Website, clients: &Clients, line: &str, pasted: &str) -> Run {
    let line = format!("SHELL=/bin/sh script --quiet --return --command '{line}' /dev/null");
    clients.shell(&site.server.address, &line, &format!("{pasted}\n"))
}

#[test]
fn the_lines_for_docker_podman_and_skopeo_ask_for_what_is_pasted() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    for (client, kept) in [("docker", "docker/config.json"), ("podman", "auth.json"), ("skopeo", "auth.json")] {
        let lines = blocks(&site, client, &secret);
        assert_eq!(lines, [format!("{client} login {host} --username alice")]);
        let clients = Clients::new();
        // The only one that a file does not tell that this host speaks plain HTTP.
        let line = if client == "skopeo" { format!("{} --tls-verify=false", lines[0]) } else { lines[0].clone() };
        let refused = typed(&site, &clients, &line, "dkp_no-such-token");
        let said = refused.stdout.to_lowercase();
        let is_refused = ["unauthorized", "invalid username/password"].iter().any(|word| said.contains(word));
        assert!(refused.code() != Some(0) && is_refused, "{}", refused.describe());
        typed(&site, &clients, &line, &secret).must_succeed();
        let kept = fs::read_to_string(clients.home().join(kept)).expect("what the client keeps");
        let kept: Value = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(kept["auths"][host]["auth"], STANDARD.encode(format!("alice:{secret}")), "{client}");
    }
    assert_eq!(blocks(&site, "Helm", &secret), [format!("helm registry login {host} --username alice")]);
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_for_curl_ask_these_pages_as_the_owner() {
    let (site, secret) = with_secret();
    let lines = blocks(&site, "curl", &secret);
    assert_eq!(lines, [format!("curl --user alice {}", site.address("/api/v0/repositories"))]);
    let told = |pasted: &str| typed(&site, &Clients::new(), &lines[0], pasted).must_succeed().stdout;
    let found = told(&secret);
    assert!(found.contains("\"name\":\"app\""), "{found}");
    let refused = told("dkp_no-such-token");
    assert!(refused.contains("\"errors\""), "{refused}");
    // Where curl is another program it is called by its whole name.
    site.browser.click("Windows");
    site.browser.see("curl.exe --user alice");
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_for_scripts_are_for_any_shell() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    let lines = blocks(&site, "Scripts", &secret);
    let login = format!("printf %s \"${TOKEN}\" | docker login {host} --username alice --password-stdin");
    assert_eq!(lines, [format!("stty -echo; read -r {TOKEN}; stty echo; export {TOKEN}"), login]);
    // A shell that knows nothing but what is standard.
    let clients = Clients::new();
    let script = clients.home().join("script");
    fs::write(&script, lines.join("\n")).expect("a file can be written");
    typed(&site, &clients, &format!("dash {}", script.display()), &secret).must_succeed();
    for (shell, line) in [
        ("fish", format!("read --silent --global --export {TOKEN}")),
        ("PowerShell", format!("$env:{TOKEN} | docker login {host} --username alice --password-stdin")),
    ] {
        let script = "const all = [...document.querySelectorAll('[role=tab]')]; \
            all.filter((it) => it.textContent === arguments[0]).forEach((it) => it.click())";
        site.browser.run(script, json!([shell]));
        site.browser.see(&line);
    }
    // It cannot hide what is typed: docker asks.
    site.browser.click("cmd");
    let shown = "return document.querySelector('[role=tabpanel][aria-label=cmd] pre').textContent";
    assert_eq!(site.browser.run(shown, json!([])), format!("docker login {host} --username alice"));
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_for_pipelines_take_the_secret_from_their_stores() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    let step = [
        "- uses: docker/login-action@v3",
        "  with:",
        &format!("    registry: \"{host}\""),
        "    username: \"alice\"",
        "    password: ${{ secrets.DOCKPASS_TOKEN }}",
    ];
    assert_eq!(blocks(&site, "GitHub Actions", &secret), ["gh secret set DOCKPASS_TOKEN".to_owned(), step.join("\n")]);
    let lines = blocks(&site, "GitLab CI", &secret);
    let login = format!("printf %s \"$DOCKPASS_TOKEN\" | docker login {host} --username alice --password-stdin");
    assert_eq!(lines, [format!("before_script:\n  - {login}")]);
    // As a job does: the variable is there already.
    let job = ["read -r DOCKPASS_TOKEN; export DOCKPASS_TOKEN".to_owned(), login].join("\n");
    Clients::new().shell(host, &job, &format!("{secret}\n")).must_succeed();
    let jenkins = blocks(&site, "Jenkins", &secret);
    let name = secret_name(&site);
    assert!(jenkins[0].contains(&format!("credentialsId: '{name}'")), "{jenkins:?}");
    assert!(jenkins[1].starts_with(&format!("docker.withRegistry('https://{host}', '{name}') {{")), "{jenkins:?}");
    let line = jenkins[0].lines().nth(1).expect("a step").trim().trim_start_matches("sh '").trim_end_matches('\'');
    let job = format!("read -r DOCKPASS_TOKEN; DOCKPASS_USER=alice\n{line}");
    Clients::new().shell(host, &job, &format!("{secret}\n")).must_succeed();
    site.must_be_clean(&[]);
}

#[test]
fn the_pull_secret_is_one_that_kubernetes_takes_and_signs_in() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    let directory = site.downloads();
    let lines = blocks(&site, "Kubernetes", &secret);
    let name = secret_name(&site);
    let file = format!("{name}.yaml");
    let pod = format!("spec:\n  imagePullSecrets:\n    - name: {name}");
    assert_eq!(lines, [format!("kubectl apply --filename {file}"), pod]);
    site.browser.click(&format!("Download {file}"));
    let text = soon("the file is there", || {
        fs::read_to_string(directory.path().join(&file)).ok().filter(|text| text.ends_with('\n'))
    });
    let head = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: kubernetes.io/dockerconfigjson\n\
        data:\n  .dockerconfigjson: "
    );
    let data = text.strip_prefix(&head).unwrap_or_else(|| panic!("{text}"));
    let configuration = STANDARD.decode(data.trim_end_matches('\n')).expect("base64 on the one line that is left");
    let configuration: Value = serde_json::from_slice(&configuration).expect("a configuration of docker");
    let auth = STANDARD.encode(format!("alice:{secret}"));
    let expected = json!({ "auths": { host: { "username": "alice", "password": secret, "auth": auth } } });
    assert_eq!(configuration, expected);
    // A client that pulls with such a file signs in.
    let clients = Clients::new();
    fs::write(clients.home().join("auth.json"), configuration.to_string()).expect("a file can be written");
    let who =
        clients.shell(host, &format!("podman login --get-login {host} && podman login {host}"), "").must_succeed();
    assert!(who.stdout.starts_with("alice\n"), "{}", who.describe());
    site.must_be_clean(&[]);
}

#[test]
fn the_lines_stay_on_the_details_without_the_secret() {
    let (site, secret) = with_secret();
    let host = &site.server.address;
    blocks(&site, "Kubernetes", &secret);
    site.browser.click("Done");
    site.browser.follow("laptop");
    site.browser.see("Replace or remove");
    // What was in front the last time is so again.
    site.browser.see("stringData:");
    site.browser.see("ACCESS_TOKEN");
    let lines = blocks(&site, "docker", &secret);
    assert_eq!(lines, [format!("docker login {host} --username alice")]);
    site.must_not_hold(&secret);
    site.must_be_clean(&[]);
}

#[test]
fn administrators_take_the_host_that_clients_use_with_a_click() {
    let site = Website::start();
    site.push("alice/app", &[("latest", 1)]);
    let seen = site.api("admin").get("/api/v0/meta/settings").must_be(200).text("/registryPublicHostSeen");
    site.sign_in("alice", PASSWORD);
    site.open("/repositories/alice/app");
    site.browser.see("An administrator can set it for everybody.");
    assert!(
        !site.browser.has("button", &format!("Use {seen}")),
        "clients choose that name: it is proposed to administrators"
    );
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    site.open("/repositories/alice/app");
    site.browser.see("docker login HOST --username admin");
    assert!(site.browser.has("link", "Set it for everybody"));
    site.browser.click(&format!("Use {seen}"));
    site.browser.see(&format!("docker login {seen} --username admin"));
    site.browser.see_no_more("HOST");
    site.must_be_clean(&[]);
}
