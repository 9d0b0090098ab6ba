//! The registry behind the gateway: what it is shown, and what clients get when it is down, slow, busy or killed. Debian's
//! registry wherever it can do that; what it cannot, such as redirects to a storage, a small server of the test does.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::support::{
    Clients, Image, InProcess,
    containerd::Containerd,
    gateway::{Gateway, before, blob_of, manifest_of, registry_at, uploads_of},
    http::{Answer, Http},
    image::sha256,
    mock::{Mock, answer},
    notify::MEDIA_TYPE,
    pair::addresses,
    process::eventually,
    proxy::Line,
};

const APP: &str = "alice/app";

/// alice's clients, by curl: what they get may be a fault of the registry's.
fn alice_of(site: &InProcess) -> Http {
    site.add_service("alice");
    site.add_public(APP);
    site.by_curl("alice", &site.add_token("alice", &json!({})))
}

/// A push, a copy within the registry, a pull, a comparison and a deletion.
fn all_goes_through(gateway: &Gateway) {
    let alice = gateway.clients_of("alice");
    let image = Image::holding("behind a lock");
    alice.push(&image, &gateway.at("alice/app:1")).must_succeed();
    alice.copy(&gateway.at("alice/app:1"), &gateway.at("alice/copy:1")).must_succeed();
    let layout = Image::empty_layout();
    alice.pull_into(&gateway.at("alice/copy:1"), &layout).must_succeed();
    assert_eq!(layout.digest(), image.digest);
    gateway.dockpass.cli(&["registry", "sync"]).must_succeed();
    assert_eq!(gateway.dockpass.repository_names(), ["alice/app", "alice/copy"]);
    alice.delete(&gateway.at("alice/app:1")).must_succeed();
    assert_eq!(gateway.dockpass.tag(APP, "1"), None);
    Clients::new().pull(&gateway.at("alice/copy:1")).must_be_refused();
}

#[test]
fn a_registry_that_wants_a_password_is_shown_it_and_clients_are_not_asked() {
    let gateway = Gateway::with_basic(&["alice"]);
    all_goes_through(&gateway);
    Http::at(&format!("http://{}", gateway.registry.address)).get("/v2/").must_be(401);
    let gateway = Gateway::showing_password("another-password");
    gateway.dockpass.add_user("alice");
    let alice = gateway.dockpass.http_as("alice", &gateway.dockpass.add_token("alice", &[]).secret);
    // The client's own credentials are good.
    let refused = alice.post_bytes(&uploads_of(APP), "").must_be_refused(502, "UPSTREAM_FAILED");
    assert_eq!(refused.header("www-authenticate"), None);
    gateway.dockpass.must_log("registry.upstream_auth");
    assert!(!gateway.dockpass.log().contains("another-password"));
}

#[test]
fn a_registry_that_takes_registry_tokens_gets_those_of_its_own_service() {
    let gateway = Gateway::with_tokens(&["alice"]);
    all_goes_through(&gateway);
    // Those for the gateway live long, since they are looked up there; nothing else takes them.
    let secret = gateway.dockpass.add_token("alice", &[]).secret;
    let long = gateway.dockpass.registry_token("alice", &secret, &["repository:alice/copy:pull"]);
    let straight = Http::at(&format!("http://{}", gateway.registry.address)).bearer(&long);
    straight.get(&manifest_of("alice/copy", "1")).must_be(401);
    let through = gateway.dockpass.http().bearer(&long).header("Accept", MEDIA_TYPE);
    through.get(&manifest_of("alice/copy", "1")).must_be(200);
}

#[test]
fn a_registry_that_is_down_or_does_not_answer_is_told_in_the_registrys_envelope() {
    let [nobody, _] = addresses();
    let down = before(&format!("http://{nobody}"), &[]);
    let alice = alice_of(&down);
    let refused = |answer: Answer, status: u16, code: &str| {
        let refused = answer.must_be_refused(status, code);
        assert_eq!(refused.header("content-type"), Some("application/json"), "{}", refused.describe());
        assert!(!refused.body.contains("127."), "where it is is nobody's business: {}", refused.describe());
    };
    refused(alice.get(&manifest_of(APP, "1")), 502, "UPSTREAM_FAILED");
    refused(alice.post_bytes(&uploads_of(APP), ""), 502, "UPSTREAM_FAILED");
    alice.head(&manifest_of(APP, "1")).must_be(502);
    // What dockpass answers by itself needs no registry.
    alice.get("/v2/").must_be(200);
    assert_eq!(alice.get("/v2/_catalog").must_be(200).json()["repositories"], json!([APP]));

    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = format!("http://{}", silent.local_addr().expect("an address"));
    let slow = before(&at, &[("registry.upstream_timeout", "1s")]);
    refused(alice_of(&slow).get(&manifest_of(APP, "1")), 504, "UPSTREAM_TIMED_OUT");
}

#[test]
fn what_a_busy_registry_says_is_passed_on() {
    let registry =
        Mock::saying(|_| Some(answer(429, "Retry-After: 7\r\n", r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#)));
    let busy =
        alice_of(&before(&registry.url, &[])).get(&manifest_of(APP, "1")).must_be_refused(429, "TOOMANYREQUESTS");
    assert_eq!(busy.header("retry-after"), Some("7"));
    let registry = Mock::saying(|_| Some(answer(503, "Retry-After: 9\r\n", "")));
    let away = alice_of(&before(&registry.url, &[])).post_bytes(&uploads_of(APP), "").must_be(503);
    assert_eq!(away.header("retry-after"), Some("9"));
}

#[test]
fn a_fault_that_clients_cannot_read_is_told_in_the_registrys_envelope() {
    let page = "Content-Type: text/html\r\nRetry-After: 9\r\n";
    for (status, headers, told, code, after) in [
        (502, page, 502, "UPSTREAM_FAILED", None),
        (500, page, 502, "UPSTREAM_FAILED", None),
        (504, page, 504, "UPSTREAM_TIMED_OUT", None),
        (503, page, 503, "UNAVAILABLE", Some("9")),
        (503, "", 503, "UNAVAILABLE", Some("5")),
    ] {
        let registry = Mock::saying(move |_| Some(answer(status, headers, "<html>a proxy's</html>")));
        let site = before(&registry.url, &[]);
        let refused = alice_of(&site).get(&manifest_of(APP, "1")).must_be_refused(told, code);
        assert_eq!(refused.header("retry-after"), after, "{status}: {}", refused.describe());
        assert!(!refused.body.contains("html"), "{}", refused.describe());
    }
    let said = r#"{"errors":[{"code":"UNKNOWN"}]}"#;
    let registry = Mock::saying(|_| Some(answer(500, "Content-Type: application/json; charset=utf-8\r\n", said)));
    alice_of(&before(&registry.url, &[])).get(&manifest_of(APP, "1")).must_be_refused(500, "UNKNOWN");
}

/// A small registry that sends the head of an answer, and its body when that has gone.
#[test]
fn content_that_looks_like_an_answer_of_dockpass_passes_as_it_is() {
    const LOOKS_BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 9_000]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", LOOKS_BARE.len());
            let _ = stream.write_all(head.as_bytes());
            thread::sleep(Duration::from_millis(300));
            let _ = stream.write_all(LOOKS_BARE.as_bytes());
        }
    });
    let site = before(&url, &[]);
    let alice = alice_of(&site);
    let path = blob_of(APP, &sha256(LOOKS_BARE.as_bytes()));
    for _ in 0..2 {
        assert_eq!(alice.get(&path).must_be(200).body, LOOKS_BARE);
    }
}

#[test]
fn an_immutable_tag_is_compared_where_the_registry_tells_no_digest() {
    let there = r#"{"schemaVersion":2}"#;
    let registry = Mock::saying(move |line| {
        Some(match line.split_once(' ')? {
            ("GET" | "HEAD", _) => answer(200, &format!("Content-Type: {MEDIA_TYPE}\r\n"), there),
            _ => answer(201, "", ""),
        })
    });
    let site = before(&registry.url, &[]);
    site.add_user("alice");
    let alice = site.as_user("alice");
    alice.post("/api/v0/repositories/alice", &json!({ "name": "app", "immutableTags": true })).must_be(201);
    let pushing = alice.header("Content-Type", MEDIA_TYPE);
    pushing.send("PUT", &manifest_of(APP, "1"), there.as_bytes()).must_be(201);
    pushing.send("PUT", &manifest_of(APP, "1"), b"{}").must_be_refused(409, "TAG_IMMUTABLE");
    let put = registry.asked().into_iter().filter(|line| line.starts_with("PUT ")).count();
    assert_eq!(put, 1, "{:?}", registry.asked());
}

#[test]
fn a_storage_that_refuses_is_not_the_registry_refusing_dockpass() {
    let storage = Mock::saying(|_| Some(answer(403, "Content-Type: application/xml\r\n", "<Error/>")));
    let place = format!("{}/bucket/blob", storage.url);
    let digest = sha256(b"content");
    let registry = Mock::saying(move |_| Some(answer(307, &format!("Location: {place}\r\n"), "")));
    let site = before(&registry.url, &[("registry.upstream_redirects", "follow")]);
    let refused = alice_of(&site).get(&blob_of(APP, &digest)).must_be_refused(502, "UPSTREAM_FAILED");
    assert!(refused.body.contains("storage"), "{}", refused.describe());
}

#[test]
fn a_redirect_to_the_storage_is_passed_on_or_followed() {
    let digest = sha256(b"from the storage");
    let shown: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let heard = Arc::clone(&shown);
    let storage = Mock::answering(move |asked| {
        heard.lock().expect("one asks").push(asked.token.clone());
        Some(answer(200, "Content-Type: application/octet-stream\r\nSet-Cookie: a=b\r\n", "from the storage"))
    });
    let place = format!("{}/bucket/blob?signature=abc%2Fd", storage.url);
    let led = place.clone();
    let registry = Mock::saying(move |line| {
        let is_blob = line.contains("/blobs/sha256:");
        Some(if is_blob { answer(307, &format!("Location: {led}\r\n"), "") } else { answer(404, "", "{}") })
    });
    let passing = before(&registry.url, &[]);
    let passed = alice_of(&passing).get(&blob_of(APP, &digest)).must_be(307);
    assert_eq!(passed.header("location"), Some(place.as_str()));
    assert!(storage.asked().is_empty(), "{:?}", storage.asked());

    let following = before(&registry.url, &[("registry.upstream_redirects", "follow")]);
    let alice = alice_of(&following);
    let followed = alice.get(&blob_of(APP, &digest)).must_be(200);
    assert_eq!((followed.body.as_str(), followed.header("set-cookie")), ("from the storage", None));
    alice.head(&blob_of(APP, &digest)).must_be(200);
    assert_eq!(storage.asked(), ["GET /bucket/blob?signature=abc%2Fd", "HEAD /bucket/blob?signature=abc%2Fd"]);
    assert_eq!(*shown.lock().expect("nobody asks"), [None, None], "no credentials go there");
}

#[test]
fn a_pull_goes_on_after_the_registry_was_killed_and_started_again() {
    let ([at, _], storage) = (addresses(), tempfile::tempdir().expect("a directory"));
    let registry = registry_at(at, storage.path());
    // The line to it stalls in the middle of the first long answer.
    let line = Line::to(at, 1024 * 1024);
    let site = before(&format!("http://{}", line.address), &[]);
    site.add_service("alice");
    let token = site.add_token("alice", &json!({}));
    let clients = Clients::new();
    let host = site.address().to_string();
    clients.skopeo_login(&host, "alice", &token.secret).must_succeed();
    let image = Image::of_mebibytes(8);
    clients.push(&image, &format!("{host}/alice/app:1")).must_succeed();
    let (containerd, storage) = (Containerd::start(), storage.path());
    let reference = format!("{host}/alice/app:1");
    thread::scope(|scope| {
        let again = scope.spawn(move || {
            line.stalled();
            // Nothing but the layer is on its way now: what breaks off is asked for anew, an error is taken for an answer.
            let is_config = |line: &str| line.contains("\"GET /v2/alice/app/blobs/") && line.contains("\"containerd/");
            eventually("the configuration came", || registry.log().lines().any(is_config).then_some(()));
            drop(registry);
            let registry = registry_at(at, storage);
            line.cut();
            registry
        });
        // It asks for the rest of the layer where it broke off.
        containerd.pull(&reference, "alice", &token.secret).must_succeed();
        let registry = again.join().expect("it started again");
        eventually("the rest was asked for", || registry.log().contains("\" 206 ").then_some(()));
    });
    assert_eq!(containerd.digest(false, &reference), Some(image.digest));
}
