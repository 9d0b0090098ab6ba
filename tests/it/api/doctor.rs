//! The examination of a site by the API: who may ask, that it is made once for all who ask at a time, and each check made wrong
//! as far as that needs no real registry; `e2e::doctor` has one.

use std::{
    net::TcpListener,
    path::Path,
    sync::{Arc, Barrier},
    thread,
};

use dockpass::domain::checkup::Check;
use serde_json::{Value, json};

use crate::support::{
    InProcess,
    mock::{Habit, Mock, answer},
    site::{Caller, DAY, HOUR, account_path},
};

const DOCTOR: &str = "/api/v0/admin/doctor";
const TOKENS: &str = "/api/v0/api_tokens";

fn examination(caller: &Caller) -> Value {
    caller.get(DOCTOR).must_be(200).json()
}

/// A new examination, and of it the check of this name.
fn check(site: &InProcess, name: &str) -> Value {
    site.pass(HOUR);
    of(&examination(&site.as_local()), name)
}

fn of(examination: &Value, name: &str) -> Value {
    let checks = examination["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name}: {examination}")).clone()
}

fn must_be(check: &Value, state: &str, seen: &str) {
    assert_eq!(check["state"], state, "{check}");
    assert!(check["seen"].as_str().expect("a text").contains(seen), "{check}");
    assert_eq!(check["remedy"].is_string(), ["warning", "failed"].contains(&state), "{check}");
}

fn set_mode(path: &Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, mode).expect("its owner may");
}

// --- who, and how often ---

#[test]
fn administrators_get_every_check_once_and_nobody_else_gets_any() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    for (caller, status, code) in [(site.as_nobody(), 401, "NOT_AUTHENTICATED"), (alice, 403, "NOT_AUTHORIZED")] {
        caller.get(DOCTOR).must_be_refused(status, code);
    }
    let told = examination(&site.as_admin());
    let names: Vec<&str> = told["checks"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap()).collect();
    assert_eq!(names, Check::WORDS);
    let denied = site.audit("outcome=denied");
    assert!(denied.iter().any(|record| record["action"] == "server.examine"), "{denied:?}");
}

#[test]
fn who_may_not_ask_makes_dockpass_ask_nobody() {
    let mock = Mock::holding(&[], &[]);
    let site = InProcess::start_with(&[("registry.url", &mock.url)]);
    let alice = site.add_robot("alice");
    examination(&site.as_admin());
    let asked = |mock: &Mock| mock.asked().iter().filter(|line| *line == "GET /v2/").count();
    let before = asked(&mock);
    assert!(before > 0, "{:?}", mock.asked());
    site.pass(HOUR);
    alice.get(DOCTOR).must_be_refused(403, "NOT_AUTHORIZED");
    assert_eq!(asked(&mock), before);
}

#[test]
fn all_who_ask_at_a_time_get_the_same_and_the_next_one_is_made_anew() {
    let mock = Mock::holding(&[], &[]);
    let site = InProcess::start_with(&[("registry.url", &mock.url)]);
    let (many, asked) = (8, || mock.asked().iter().filter(|line| *line == "GET /v2/").count());
    let (before, together) = (asked(), Arc::new(Barrier::new(many)));
    let threads: Vec<_> = (0..many)
        .map(|_| {
            let (admin, together) = (site.as_admin(), Arc::clone(&together));
            thread::spawn(move || {
                together.wait();
                examination(&admin)
            })
        })
        .collect();
    let told: Vec<Value> = threads.into_iter().map(|thread| thread.join().expect("an answer")).collect();
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    // Once as nobody, once with a registry token.
    assert_eq!(asked() - before, 2);
    site.pass(6);
    let next = examination(&site.as_admin());
    assert_ne!(next["examinedAt"], told[0]["examinedAt"]);
    assert_eq!(asked() - before, 4);
}

#[test]
fn no_secret_stands_in_an_examination_and_the_public_url_is_shown_none() {
    let public = Mock::saying(|_| Some(answer(200, "", "{}")));
    let site = InProcess::start_with(&[("server.public_url", &public.url)]);
    let told = examination(&site.as_admin()).to_string();
    for file in ["registry-events-secret", "metrics-secret"] {
        let secret = std::fs::read_to_string(site.data().join("keys").join(file)).expect("a secret");
        assert!(!told.contains(secret.trim()), "{file}");
    }
    assert!(!public.asked().is_empty());
    let shown = Mock::answering(|asked| Some(answer(if asked.token.is_none() { 200 } else { 500 }, "", "{}")));
    let site = InProcess::start_with(&[("server.public_url", &shown.url)]);
    must_be(&check(&site, "publicUrl"), "failed", "leads to something else");
}

// --- each check, made wrong ---

#[test]
fn a_site_that_is_well_says_so_of_itself() {
    let site = InProcess::start();
    let told = examination(&site.as_local());
    for (name, state) in [
        ("server", "ok"),
        ("publicUrl", "ok"),
        ("tlsChain", "notApplicable"),
        ("certificates", "ok"),
        ("registry", "notApplicable"),
        ("notifications", "notApplicable"),
        ("files", "ok"),
        ("auditWays", "notApplicable"),
        ("expiredTokens", "ok"),
        ("unusedAccounts", "ok"),
    ] {
        assert_eq!(of(&told, name)["state"], state, "{told}");
    }
}

#[test]
fn the_public_url_may_lead_elsewhere_or_nowhere() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let site = InProcess::start_with(&[("server.public_url", &format!("http://{closed}"))]);
    must_be(&check(&site, "publicUrl"), "failed", "cannot be asked from here: Connection refused");
    let other = InProcess::start();
    let site = InProcess::start_with(&[("server.public_url", &format!("http://{}", other.address()))]);
    must_be(&check(&site, "publicUrl"), "failed", "leads to something else");
    let redirect = Mock::saying(|_| Some(answer(301, "Location: http://192.0.2.1/\r\n", "")));
    let site = InProcess::start_with(&[("server.public_url", &redirect.url)]);
    must_be(&check(&site, "publicUrl"), "failed", "is answered with status 301");
}

#[test]
fn a_registry_that_does_not_answer_fails_once_and_the_rest_is_not_asked() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let site = InProcess::start_with(&[("registry.url", &format!("http://{closed}"))]);
    let told = examination(&site.as_local());
    must_be(&of(&told, "registry"), "failed", "cannot reach the registry");
    for name in ["clock", "challenge", "token", "catalogue", "notifications"] {
        must_be(&of(&told, name), "notApplicable", "does not answer");
    }
}

/// A registry that sends clients to `realm` for `service`, whose clock is ahead by so many seconds.
fn sending(realm: &str, service: &str, date: &'static str) -> Mock {
    let headers = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"{service}\"\r\n{date}");
    Mock::answering(move |asked| {
        Some(match (&asked.token, asked.line.as_str()) {
            (None, "GET /v2/") => answer(401, &headers, "{}"),
            (Some(_), line) if line.starts_with("GET /v2/_catalog") => answer(200, "", r#"{"repositories":[]}"#),
            (Some(_), _) => answer(200, "", "{}"),
            (None, _) => answer(401, "", "{}"),
        })
    })
}

#[test]
fn a_registry_may_send_clients_elsewhere_or_for_another_service() {
    let realm = "http://localhost:1/auth/token";
    let told = |mock: &Mock| {
        let settings = [("registry.url", mock.url.as_str()), ("server.public_url", "http://localhost:1")];
        examination(&InProcess::start_with(&settings).as_local())
    };
    let well = told(&sending(realm, "dockpass", ""));
    must_be(&of(&well, "challenge"), "ok", realm);
    must_be(&of(&well, "token"), "ok", "takes a registry token of dockpass");
    must_be(&of(&well, "catalogue"), "ok", "it can be read");
    must_be(&of(&well, "clock"), "notApplicable", "does not tell");
    let elsewhere = told(&sending("http://other.example/auth/token", "dockpass", ""));
    must_be(&of(&elsewhere, "challenge"), "failed", "`http://other.example/auth/token`, and not to");
    let other = told(&sending(realm, "other", ""));
    must_be(&of(&other, "challenge"), "failed", "the service `other`");
    let none = told(&Mock::saying(|_| Some(answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "{}"))));
    must_be(&of(&none, "challenge"), "failed", "without a challenge");
    must_be(&of(&none, "token"), "failed", "rootcertbundle");
    let open = told(&Mock::holding(&[], &[]));
    must_be(&of(&open, "challenge"), "warning", "answers everybody");
    must_be(&of(&open, "token"), "notApplicable", "asks for nothing");
}

#[test]
fn a_clock_that_is_far_ahead_fails() {
    let date = "Date: Sun, 06 Nov 2044 08:49:37 GMT\r\n";
    let mock = sending("http://localhost:1/auth/token", "dockpass", date);
    let site = InProcess::start_with(&[("registry.url", &mock.url)]);
    must_be(&check(&site, "clock"), "failed", "seconds ahead of that of dockpass");
}

#[test]
fn a_catalogue_that_cannot_be_read_fails() {
    let mock = Mock::saying(|line| {
        Some(if line.starts_with("GET /v2/_catalog") { answer(500, "", "{}") } else { answer(200, "", "{}") })
    });
    let site = InProcess::start_with(&[("registry.url", &mock.url)]);
    must_be(&check(&site, "catalogue"), "failed", "status 500 where the catalogue was asked");
    let strange = Mock::saying(|_| Some(answer(404, "", "{}")));
    let site = InProcess::start_with(&[("registry.url", &strange.url)]);
    must_be(&check(&site, "registry"), "failed", "status 404 at /v2/");
}

#[test]
fn notifications_that_never_came_are_missed_once_there_is_something_to_tell_of() {
    let mock = Mock::holding(&[("alice/app", &["1"])], &[] as &[Habit]);
    let site = InProcess::start_with(&[("registry.url", &mock.url)]);
    crate::support::process::eventually("the comparison ends", || {
        let state = site.as_local().get("/api/v0/admin/registry").must_be(200).text("/comparison/state");
        (state == "done").then_some(())
    });
    must_be(&check(&site, "notifications"), "warning", "none since the start, and none came");
    let read = mock.asked();
    assert!(read.iter().any(|line| line.starts_with("HEAD /v2/alice/app/manifests/sha256:")), "{read:?}");
}

#[test]
fn a_gateway_is_asked_for_its_challenge_at_the_public_url() {
    let mock = Mock::holding(&[], &[]);
    let site = InProcess::start_with(&[("registry.upstream", &mock.url)]);
    let told = examination(&site.as_local());
    must_be(&of(&told, "challenge"), "ok", "clients are sent to");
    must_be(&of(&told, "notifications"), "notApplicable", "not needed");
    must_be(&of(&told, "token"), "notApplicable", "is shown nothing");
    // What stands before dockpass leads to the registry itself.
    let past = Mock::saying(|_| Some(answer(200, "", "{}")));
    let settings = [("registry.upstream", mock.url.as_str()), ("server.public_url", past.url.as_str())];
    must_be(&check(&InProcess::start_with(&settings), "challenge"), "failed", "status 200 and without a challenge");
}

#[test]
fn what_others_may_read_is_told_with_the_command_that_closes_it() {
    let site = InProcess::start();
    let secret = site.data().join("keys/metrics-secret");
    set_mode(&secret, 0o644);
    let told = check(&site, "files");
    must_be(&told, "warning", "metrics-secret is open to others (mode 644)");
    assert_eq!(told["remedy"], format!("chmod go= {}", secret.display()));
    set_mode(&secret, 0o600);
    set_mode(&site.data(), 0o755);
    must_be(&check(&site, "files"), "failed", "is open to others (mode 755)");
    set_mode(&site.data(), 0o700);
    must_be(&check(&site, "files"), "ok", "closed to others");
}

#[test]
fn a_configuration_that_a_start_would_refuse_is_told_before_it() {
    let place = tempfile::tempdir().expect("a directory");
    let secret = place.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef\n").expect("it can be written");
    set_mode(&secret, 0o600);
    let site = InProcess::start_with(&[("metrics.secret_file", &secret.display().to_string())]);
    must_be(&check(&site, "configuration"), "ok", "a start would take it");
    std::fs::remove_file(&secret).expect("it can be removed");
    must_be(&check(&site, "configuration"), "failed", "the secret of the metrics");
}

#[test]
fn certificates_are_told_before_they_end() {
    let site = InProcess::start_with(&[("registry.fixed_key", "true")]);
    must_be(&check(&site, "certificates"), "ok", "the fixed key of registry tokens until");
    site.pass(20 * 365 * DAY - 60 * DAY);
    must_be(&check(&site, "certificates"), "warning", "the fixed key of registry tokens ends on");
    std::fs::remove_file(site.data().join("keys/registry-fixed.pem")).expect("it can be removed");
    must_be(&check(&site, "certificates"), "failed", "the fixed key of registry tokens cannot be read");
}

#[test]
fn a_backup_is_missed_after_a_day_and_an_old_one_after_a_week() {
    let site = InProcess::start();
    must_be(&of(&examination(&site.as_local()), "backup"), "notApplicable", "less than a day old");
    site.pass(2 * DAY);
    must_be(&check(&site, "backup"), "warning", "none was ever made");
    site.as_local().post("/api/v0/admin/backup/durable", &json!({})).must_be(204);
    // The note has the time of the disk, whatever the clock of the test says.
    let told = check(&site, "backup");
    assert!(told["seen"].as_str().expect("a text").starts_with("the last one was made "), "{told}");
}

#[test]
fn access_tokens_that_are_old_or_expired_long_ago_and_accounts_without_use_are_told() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    let short = json!({ "tokenLabel": "short", "expiresAt": site.in_time(DAY) });
    site.add_token("alice", &short);
    let used = site.add_token("bob", &json!({ "tokenLabel": "laptop" }));
    site.pass(2 * DAY);
    must_be(&check(&site, "expiredTokens"), "ok", "1 access token expired within 30 days");
    site.pass(89 * DAY);
    site.with_token("bob", &used).get(TOKENS).must_be(200);
    must_be(&check(&site, "expiredTokens"), "warning", "1 access token expired more than 30 days ago");
    let unused = check(&site, "unusedAccounts");
    must_be(&unused, "warning", "alice");
    assert!(!unused["seen"].as_str().expect("a text").contains("bob"), "{unused}");
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    site.as_local().patch(&account_path("admin"), &json!({ "fullName": "In use" })).must_be(200);
    assert!(!check(&site, "unusedAccounts")["seen"].as_str().expect("a text").contains("alice"));
    site.pass(280 * DAY);
    must_be(&check(&site, "secrets"), "warning", "1 access token was never rotated in more than 365 days");
}
