//! The local socket: who stands on it, and what it refuses (design, section 7).

use std::{fs, os::unix::fs::PermissionsExt, os::unix::process::CommandExt};

use serde_json::json;

use crate::support::{
    InProcess, able,
    process::{Run, command},
    site::socket_secret,
};

#[test]
fn its_owner_is_the_local_administrator_who_owns_no_tokens() {
    let site = InProcess::start();
    site.add_service("alice");
    let local = site.as_local();
    let actor = format!("local:{}", rustix::process::geteuid().as_raw());
    let record = &site.audit("action=account.create")[0];
    assert_eq!((&record["actor"], &record["credential"]), (&json!(actor), &json!("socket")));
    assert_eq!((&record["actorId"], &record["address"]), (&json!(null), &json!("")));
    local.post("/api/v0/api_tokens", &json!({})).must_be_refused(400, "INVALID_PARAMETERS");
    local.delete("/api/v0/api_tokens?usedbefore=2027-01-01").must_be_refused(400, "INVALID_PARAMETERS");
    local.post("/api/v0/api_tokens?username=alice", &json!({})).must_be(200);
    assert_eq!(local.get("/api/v0/api_tokens").must_be(200).json().as_array().map(Vec::len), Some(1));
}

#[test]
fn what_a_proxy_forwards_is_refused_whatever_it_asks() {
    let site = InProcess::start();
    let headers = [
        "Forwarded",
        "forwarded",
        "Via",
        "VIA",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Forwarded-User",
        "x-forwarded-anything",
        "X-Real-IP",
        "Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Envoy-External-Address",
        "X-Original-Forwarded-For",
    ];
    for name in headers {
        let forwarded = site.as_local().header(name, "203.0.113.9");
        forwarded.get("/enzi/v0/accounts").must_be_refused(403, "NOT_AUTHORIZED");
        forwarded.post("/enzi/v0/accounts", &json!({ "name": "eve" })).must_be_refused(403, "NOT_AUTHORIZED");
        forwarded.header("Authorization", "Basic YWRtaW46eA==").get("/v2/").must_be(403);
    }
    site.as_local().get("/enzi/v0/accounts/eve").must_be(404);
}

#[test]
fn who_has_credentials_or_comes_from_a_page_is_not_the_local_administrator() {
    let site = InProcess::start();
    site.add_user("alice");
    let of_others = [
        ("Authorization", site.as_user("alice").credentials()),
        ("Authorization", "Basic ZXZlOndyb25n".to_owned()),
        ("Cookie", "dockpass=x".to_owned()),
        ("Origin", "http://localhost".to_owned()),
        ("Sec-Fetch-Site", "same-origin".to_owned()),
    ];
    for (name, value) in of_others {
        let caller = site.as_local().header(name, &value);
        caller.get("/enzi/v0/accounts").must_be_refused(403, "NOT_AUTHORIZED");
        caller.post("/enzi/v0/accounts", &json!({ "name": "eve" })).must_be_refused(403, "NOT_AUTHORIZED");
    }
    site.as_local().get("/enzi/v0/accounts/eve").must_be(404);
}

/// The status that a request over the socket gets, with these further header lines and no others.
fn status(site: &InProcess, method: &str, path: &str, lines: &str) -> (u16, String) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
    let answer = site.as_local().exchange(head.as_bytes(), b"");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

#[test]
fn who_does_not_show_the_secret_of_the_data_directory_is_a_forwarded_stranger() {
    let site = InProcess::start();
    let secret = socket_secret(&site.data().join("dockpass.sock"));
    let line = |text: &str| format!("Dockpass-Socket-Secret: {text}\r\n");
    let text = secret.trim_end().rsplit(' ').next().expect("a secret").to_owned();
    let wrong = [
        String::new(),
        line(""),
        line("x"),
        line(&text[1..]),
        line(&text.to_lowercase()),
        format!("{secret}{secret}"),
        format!("{}{secret}", line("x")),
    ];
    for lines in wrong {
        for (method, path) in [
            ("GET", "/enzi/v0/accounts"),
            ("GET", "/api/v0/repositories"),
            ("GET", "/auth/token"),
            ("DELETE", "/enzi/v0/accounts/admin"),
        ] {
            let (status, answer) = status(&site, method, path, &lines);
            assert_eq!(status, 403, "{method} {path} with {lines:?}: {answer}");
            assert!(answer.contains("NOT_AUTHORIZED") && answer.contains("socket-secret"), "{answer}");
            assert!(!answer.contains(&text) && !answer.contains(&site.data().display().to_string()), "{answer}");
        }
    }
    assert_eq!(status(&site, "GET", "/_ping", "").0, 200, "what everybody may ask needs no secret");
    assert_eq!(status(&site, "GET", "/enzi/v0/accounts", &secret).0, 200);
    let mode = fs::metadata(site.data().join("socket-secret")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let site = site.restart();
    assert_eq!(status(&site, "GET", "/enzi/v0/accounts", &secret).0, 403, "each start makes another");
    site.as_local().get("/enzi/v0/accounts").must_be(200);
}

#[test]
fn it_and_its_directory_are_closed_to_others() {
    let site = InProcess::start();
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&site.data()), 0o700);
    assert_eq!(mode(&site.data().join("dockpass.sock")) & 0o077, 0);
}

#[test]
fn another_user_of_the_machine_is_refused_even_with_the_doors_open() {
    if !able::is_root("calls as another user") {
        return;
    }
    let site = InProcess::start();
    let socket = site.data().join("dockpass.sock");
    for path in [socket.clone(), site.data(), site.data().parent().expect("a directory").to_owned()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("its permissions can be changed");
    }
    let secret = socket_secret(&socket);
    let ask = |uid: u32| {
        let mut curl = command("curl");
        curl.args(["--silent", "--include", "--header", "@-", "--unix-socket"]).arg(&socket);
        Run::of(curl.arg("http://local/enzi/v0/accounts").uid(uid), &secret).must_succeed().stdout
    };
    assert!(ask(0).starts_with("HTTP/1.1 200"), "{}", ask(0));
    let refused = ask(65_534);
    assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("NOT_AUTHORIZED"), "{refused}");
    fs::set_permissions(site.data(), fs::Permissions::from_mode(0o700)).expect("its permissions can be changed");
}

#[test]
fn the_signing_key_is_changed_there_and_nowhere_else() {
    let site = InProcess::start();
    let path = "/api/v0/admin/registry/rotate-key";
    let keys = || site.as_nobody().get("/auth/keys").must_be(200).body.clone();
    let before = keys();
    site.as_admin().post(path, &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
    assert_eq!(keys(), before);
    let token = site.as_admin().get("/auth/token").must_be(200).text("/token");
    let bearer = site.as_nobody().header("Authorization", &format!("Bearer {token}"));
    bearer.get("/v2/").must_be(200);
    site.as_local().post(path, &json!({})).must_be(200);
    assert_ne!(keys(), before);
    let token = site.as_admin().get("/auth/token").must_be(200).text("/token");
    site.as_nobody().header("Authorization", &format!("Bearer {token}")).get("/v2/").must_be(200);
    assert_eq!(site.audit("action=registry.rotateKey&outcome=success").len(), 1);
}

#[test]
fn the_audit_chain_is_checked_there_with_an_end_that_was_noted() {
    let site = InProcess::start();
    let verify = |body: serde_json::Value| site.as_local().post("/api/v0/audit/verify", &body);
    let noted = site.as_admin().get("/api/v0/audit/head").must_be(200).json();
    let noted = format!("{}:{}", noted["seq"], noted["hash"].as_str().expect("a hash"));
    site.add_service("alice");
    let found = verify(json!({ "head": noted })).must_be(200).json();
    assert_eq!(found["problem"], json!(null));
    assert_eq!(found["records"], found["head"]["seq"]);
    let other = format!("1:{}", "0".repeat(64));
    assert!(verify(json!({ "head": other })).must_be(200).json()["problem"].is_string());
    for bad in ["", "1", "1:zz", ":", "x:00", "-1:00"] {
        verify(json!({ "head": bad })).must_be_refused(400, "INVALID_PARAMETERS");
    }
}
