//! The secret of the registry's notifications: what it opens, where it comes from, and where it is shown (design,
//! section 6.1).

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::support::{
    InProcess,
    notify::{EVENTS, push, send, tags},
    site::repository_path,
};

const APP: &str = "alice/app";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn one_push() -> Vec<u8> {
    json!({ "events": [push("e-1", APP, "1.0", 1)] }).to_string().into_bytes()
}

#[test]
fn without_the_secret_there_is_nothing_at_the_path() {
    let site = with_alice();
    let secret = site.events_secret();
    let nothing = send(&site.as_nobody(), b"{}").must_be_refused(404, "NOT_FOUND");
    let elsewhere = site.as_nobody().header("Content-Type", "application/json").send("POST", "/api/v0/nothing", b"{}");
    assert_eq!(nothing.body, elsewhere.must_be(404).body);
    let registry_token = site.as_admin().get("/auth/token").must_be(200).text("/token");
    let access_token = site.add_token("admin", &json!({})).secret;
    let authorized = |value: &[u8]| site.as_nobody().raw_header("Authorization", value);
    let callers = [
        authorized(b""),
        authorized(b"Bearer"),
        authorized(b"Bearer "),
        authorized(b"Bearer \xff\xfe"),
        authorized(b"\xff"),
        authorized(secret.as_bytes()),
        authorized(format!("Bearer  {secret}").as_bytes()),
        authorized(format!("Bearer {secret}x").as_bytes()),
        authorized(format!("Bearer {}", &secret[1..]).as_bytes()),
        authorized(format!("Bearer {}", secret.to_uppercase()).as_bytes()),
        authorized(format!("Bearer {secret} {secret}").as_bytes()),
        authorized(format!("Bearer {secret},Bearer {secret}").as_bytes()),
        authorized(format!("Bearer {}", "x".repeat(10_000)).as_bytes()),
        authorized(format!("Token {secret}").as_bytes()),
        authorized(format!("Bearer {registry_token}").as_bytes()),
        authorized(format!("Bearer {access_token}").as_bytes()),
        site.as_registry().header("Authorization", &format!("Bearer {secret}")),
        site.as_registry().header("authorization", "Basic x"),
        site.with("registry", &secret),
        site.with("admin", &secret),
        site.as_nobody().header("Cookie", &format!("session={secret}")),
        site.as_nobody().header("X-Api-Key", &secret),
        site.as_user("alice"),
        site.as_admin(),
        site.as_local(),
    ];
    for caller in &callers {
        let refused = send(caller, &one_push()).must_be_refused(404, "NOT_FOUND");
        assert_eq!(refused.body, nothing.body, "{}", refused.describe());
        assert_eq!(refused.header("www-authenticate"), None, "{}", refused.describe());
        // Nor does anybody look at what a stranger sends.
        assert_eq!(caller.send("POST", EVENTS, b"{ not json").must_be(404).body, nothing.body);
    }
    let by_query = format!("{EVENTS}?token={secret}&access_token={secret}&secret={secret}");
    site.as_nobody().header("Content-Type", "application/json").send("POST", &by_query, &one_push()).must_be(404);
    assert_eq!(tags(&site, APP), Vec::<String>::new(), "nothing was taken");
    assert_eq!(site.as_local().get("/api/v0/admin/registry").must_be(200).json()["notifications"]["received"], 0);
}

#[test]
fn the_secret_opens_this_path_and_no_other() {
    let site = with_alice();
    let registry = site.as_registry();
    send(&registry, &one_push()).must_be(200);
    send(&site.as_nobody().header("Authorization", &format!("bearer {}", site.events_secret())), b"{\"events\":[]}")
        .must_be(200);
    let secret = site.events_secret();
    for path in ["/api/v0/repositories", "/api/v0/api_tokens", "/v2/", "/v2/_catalog", "/auth/token", "/api/v0/audit"] {
        registry.get(path).must_be(401);
        site.with("registry", &secret).get(path).must_be(401);
        site.with("admin", &secret).get(path).must_be(401);
    }
    registry.delete(&format!("{}/tags/1.0", repository_path(APP))).must_be(401);
    registry.post(&format!("{EVENTS}/"), &json!({ "events": [] })).must_be(200);
    registry.post(&format!("{EVENTS}/more"), &json!({ "events": [] })).must_be(404);
    // No other method exists there, even with the secret.
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        registry.send(method, EVENTS, b"").must_be_refused(404, "NOT_FOUND");
    }
    assert_eq!(tags(&site, APP), ["1.0"]);
}

#[test]
fn the_secret_is_made_once_in_a_file_of_its_owners_and_kept() {
    let site = InProcess::start();
    let file = site.data().join("keys").join("registry-events-secret");
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let secret = site.events_secret();
    assert!(secret.len() >= 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{} letters", secret.len());
    let other = InProcess::start();
    assert_ne!(other.events_secret(), secret);
    send(&site.as_nobody().header("Authorization", &format!("Bearer {}", other.events_secret())), b"{}").must_be(404);
    let site = site.restart();
    assert_eq!(site.events_secret(), secret);
    send(&site.as_registry(), &one_push()).must_be(200);
    // One that an administrator replaced counts from the next start on.
    let site = site.restart_after(|data, _| {
        fs::write(data.join("keys").join("registry-events-secret"), "0123456789abcdef\r\n").expect("it is written");
    });
    let with = |secret: &str| site.as_nobody().header("Authorization", &format!("Bearer {secret}"));
    send(&with("0123456789abcdef"), b"{\"events\":[]}").must_be(200);
    send(&with(&secret), b"{\"events\":[]}").must_be(404);
}

#[test]
fn a_site_may_bring_its_own_secret_and_a_bad_one_stops_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("secret");
    let path = file.display().to_string();
    let longest = "x".repeat(256);
    for good in ["sixteen-letters!", "with!$%&/()=?~\"'\\<>", &longest] {
        fs::write(&file, format!("{good}\n")).expect("it is written");
        let site = InProcess::start_with(&[("registry.events_secret", &path)]);
        send(&site.as_nobody().header("Authorization", &format!("Bearer {good}")), b"{\"events\":[]}").must_be(200);
        assert!(!site.data().join("keys").join("registry-events-secret").exists(), "no second one is made");
    }
    let too_long = "x".repeat(257);
    for bad in [
        "",
        "\n",
        "fifteen-letters",
        "two words that are long",
        "one line of letters\nanother",
        "\tlong-enough-letters",
        "long-enough-letters ",
        "long-enough-lätters",
        "long-enough\0letters",
        &too_long,
    ] {
        fs::write(&file, bad).expect("it is written");
        let refused = InProcess::refused(&[("registry.events_secret", &path)]);
        assert!(refused.contains(&path) && refused.contains("16 to 256 printable ASCII"), "{bad:?}: {refused}");
        assert!(bad.trim().is_empty() || !refused.contains(bad.trim()), "it tells the secret: {refused}");
    }
    fs::write(&file, b"\xff\xfe-long-enough-letters").expect("it is written");
    assert!(InProcess::refused(&[("registry.events_secret", &path)]).contains(&path));
    fs::remove_file(&file).expect("it is there");
    let missing = InProcess::refused(&[("registry.events_secret", &path)]);
    assert!(missing.contains(&path) && missing.contains("No such file"), "{missing}");
    let directory = directory.path().display().to_string();
    assert!(InProcess::refused(&[("registry.events_secret", &directory)]).contains("directory"));
}

#[test]
fn the_secret_is_told_on_the_socket_alone_and_stands_in_no_log() {
    let site = with_alice();
    let secret = site.events_secret();
    site.watch_log_for(&secret);
    send(&site.as_registry(), &one_push()).must_be(200);
    send(&site.as_registry(), b"{ not json").must_be(400);
    send(&site.with("admin", &secret), &one_push()).must_be(404);
    site.with("admin", &secret).get("/api/v0/repositories").must_be(401);
    let path = "/api/v0/admin/registry/config?for=distribution";
    let told = site.as_local().get(path).must_be(200).text("/configuration");
    assert!(told.contains(&format!("Bearer {secret}")), "{told}");
    let over_tcp = site.as_admin().get(path).must_be(200).text("/configuration");
    assert!(!over_tcp.contains(&secret) && over_tcp.contains("Bearer SECRET"), "{over_tcp}");
    assert!(over_tcp.contains(&format!("http://{}{EVENTS}", site.address())), "{over_tcp}");
    let admin = site.as_admin();
    for route in dockpass::api::operations::all().iter().filter(|it| it.facts.method.as_str() == "GET") {
        let path = route.facts.path.replace("{namespace}", "alice").replace("{reponame}", "app");
        let answer = admin.get(&format!("{path}?for=zot&pageSize=0&query=a"));
        assert!(!answer.describe().contains(&secret), "{}", answer.describe());
    }
    let audit = site.as_local().get("/api/v0/audit?pageSize=0").must_be(200);
    assert!(!audit.body.contains(&secret), "{}", audit.body);
    assert!(!site.restart().log_held_what_was_watched(), "the secret is in the log");
}
