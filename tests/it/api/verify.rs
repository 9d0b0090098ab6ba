//! `/auth/verify`: what a proxy is told of each request, and that nobody else is told anything.

use serde_json::json;

use crate::support::{
    InProcess,
    http::{Answer, Http},
    site::{Caller, HOUR},
};

const VERIFY: &str = "/auth/verify";
const MANIFEST: &str = "/v2/alice/app/manifests/1.0";
const LAYER: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// A site behind a proxy at 127.0.0.1, with users, a private repository and a public one.
fn site() -> InProcess {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    site.add_repository("alice/app");
    site.add_public("alice/open");
    site
}

/// A question as nginx asks it.
fn asked(caller: &Caller, method: &str, target: &str) -> Answer {
    caller.header("X-Original-URI", target).header("X-Original-Method", method).get(VERIFY)
}

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").expect("a challenge")
}

/// A registry token for these scopes.
fn with_registry_token(site: &InProcess, caller: &Caller, scopes: &str) -> Caller {
    let token = caller.get(&format!("/auth/token?scope={scopes}")).must_be(200).text("/token");
    site.as_nobody().header("Authorization", &format!("Bearer {token}"))
}

#[test]
fn it_answers_a_trusted_proxy_alone() {
    let site = site();
    asked(&site.as_user("alice"), "GET", MANIFEST).must_be(200);
    site.as_user("alice").send("POST", VERIFY, b"").must_be_refused(404, "NOT_FOUND");
    asked(&site.as_local(), "GET", MANIFEST).must_be_one_of(&[403, 404]);
    // The tests come from 127.0.0.1, whatever a header says.
    let elsewhere = [
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "10.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ];
    for settings in [&elsewhere[..], &[]] {
        let site = InProcess::start_with(settings);
        site.add_user("alice");
        let unknown = site.as_nobody().get("/auth/unknown").must_be_refused(404, "NOT_FOUND");
        for stranger in [site.as_user("alice"), site.as_nobody(), site.as_nobody().from_address("10.0.0.1")] {
            let answer = asked(&stranger, "GET", MANIFEST).must_be_refused(404, "NOT_FOUND");
            assert_eq!(answer.body, unknown.body);
            stranger.send("POST", VERIFY, b"").must_be_refused(404, "NOT_FOUND");
        }
    }
}

#[test]
fn the_caller_is_named_and_may_do_what_it_may_at_this_moment() {
    let site = site();
    let [alice, bob, nobody] = [site.as_user("alice"), site.as_user("bob"), site.as_nobody()];
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let allowed = asked(&alice, method, MANIFEST).must_be(200);
        assert_eq!((allowed.header("x-auth-user"), allowed.body.as_str()), (Some("alice"), ""));
        asked(&bob, method, MANIFEST).must_be_refused(403, "DENIED");
    }
    let open = asked(&nobody, "GET", "/v2/alice/open/tags/list").must_be(200);
    assert_eq!(open.header("x-auth-user"), None);
    // A session opens pages and nothing here; nor does what a client says that it is.
    let opened =
        alice.post("/api/v0/session", &json!({ "username": "alice", "password": crate::support::exe::PASSWORD }));
    let cookie = opened.must_be(200).header("set-cookie").expect("a cookie").to_owned();
    asked(&nobody.header("Cookie", cookie.split(';').next().expect("it")), "GET", MANIFEST).must_be(401);
    asked(&nobody.header("X-Auth-User", "alice"), "GET", MANIFEST).must_be(401);

    site.grant("alice/app", "bob", "read-only");
    asked(&bob, "GET", MANIFEST).must_be(200);
    asked(&bob, "PUT", MANIFEST).must_be_refused(403, "DENIED");
    site.take("alice/app", "bob");
    asked(&bob, "GET", MANIFEST).must_be_refused(403, "DENIED");
}

#[test]
fn before_a_gateway_a_proxy_passes_no_change_of_a_manifest_by() {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
        ("registry.upstream", "http://127.0.0.1:9"),
    ]);
    site.add_user("alice");
    site.add_repository("alice/app");
    let alice = site.as_user("alice");
    asked(&alice, "GET", MANIFEST).must_be(200);
    for method in ["PUT", "DELETE"] {
        let refused = asked(&alice, method, MANIFEST).must_be_refused(403, "DENIED");
        assert!(refused.body.contains("proxy must send them there"), "{}", refused.describe());
    }
}

#[test]
fn a_401_says_what_a_registry_token_must_grant() {
    let site = site();
    let nobody = site.as_nobody();
    let realm = "Bearer realm=\"https://registry.example.com/auth/token\",service=\"dockpass\"";
    for (method, target, scope) in [
        ("GET", MANIFEST, ",scope=\"repository:alice/app:pull\""),
        ("PUT", MANIFEST, ",scope=\"repository:alice/app:pull,push\""),
        ("DELETE", MANIFEST, ",scope=\"repository:alice/app:delete\""),
        ("GET", "/v2/", ""),
        ("GET", "/v2/nobody/knows/tags/list", ",scope=\"repository:nobody/knows:pull\""),
    ] {
        let refused = asked(&nobody, method, target).must_be_refused(401, "UNAUTHORIZED");
        assert_eq!(challenge(&refused), format!("{realm}{scope}"));
    }
    let mount = format!("/v2/bob/app/blobs/uploads/?mount={LAYER}&from=alice/app");
    let refused = asked(&nobody, "POST", &mount).must_be(401);
    assert!(challenge(&refused).ends_with("scope=\"repository:bob/app:pull,push repository:alice/app:pull\""));
    let wrong = asked(&site.with("alice", "wrong"), "GET", MANIFEST).must_be(401);
    assert!(challenge(&wrong).ends_with(",error=\"invalid_token\""), "{}", challenge(&wrong));
}

#[test]
fn a_registry_token_is_narrowed_by_what_is_true_now() {
    let site = site();
    let token = site.add_token("alice", &json!({}));
    let alice = site.with_token("alice", &token);
    let pulling = with_registry_token(&site, &alice, "repository:alice/app:pull");
    let named = asked(&pulling, "GET", MANIFEST).must_be(200);
    assert_eq!(named.header("x-auth-user"), Some("alice"));
    asked(&pulling, "GET", "/v2/").must_be(200);
    // Another token would do: so it is 401.
    let short = asked(&pulling, "PUT", MANIFEST).must_be(401);
    assert!(challenge(&short).ends_with("scope=\"repository:alice/app:pull,push\",error=\"insufficient_scope\""));
    asked(&pulling, "GET", "/v2/alice/other/tags/list").must_be(401);
    site.as_user("alice").delete(&format!("/api/v0/api_tokens/{}", token.hash)).must_be(200);
    for target in [MANIFEST, "/v2/"] {
        let ended = asked(&pulling, "GET", target).must_be(401);
        assert!(challenge(&ended).ends_with("error=\"invalid_token\""), "{}", challenge(&ended));
    }
    let late = with_registry_token(&site, &site.as_user("alice"), "repository:alice/app:pull");
    site.pass(25 * HOUR);
    asked(&late, "GET", MANIFEST).must_be(401);
}

#[test]
fn a_push_makes_its_repository_and_a_mount_needs_its_source() {
    let site = site();
    let [alice, bob] = [site.as_user("alice"), site.as_user("bob")];
    asked(&bob, "POST", "/v2/alice/new/blobs/uploads/").must_be_refused(403, "DENIED");
    asked(&alice, "POST", "/v2/alice/new/blobs/uploads/").must_be(200);
    alice.get("/api/v0/repositories/alice/new").must_be(200);
    let mount = |query: &str| format!("/v2/bob/app/blobs/uploads/?{query}");
    asked(&bob, "POST", &mount(&format!("mount={LAYER}&from=alice/open"))).must_be(200);
    for query in [
        format!("mount={LAYER}&from=alice/app"),
        format!("mount={LAYER}&from=nobody/knows"),
        // The registry might link it from any repository.
        format!("mount={LAYER}"),
        format!("mount={LAYER}&from="),
        "from=alice/open".to_owned(),
    ] {
        asked(&bob, "POST", &mount(&query)).must_be_refused(403, "DENIED");
    }
    for form in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        asked(&bob.header("Content-Type", form), "POST", &mount("")).must_be_refused(403, "DENIED");
    }
    asked(&bob.header("Content-Type", "application/octet-stream"), "POST", &mount("")).must_be(200);
}

#[test]
fn what_is_neither_allowed_nor_cured_by_a_token_is_403() {
    let site = site();
    // Not even an administrator's request is passed on where it can be read in two ways.
    let admin = site.as_admin();
    for (method, target) in [
        ("GET", "/v2/_catalog"),
        ("GET", "/v2/a/../alice/app/manifests/1.0"),
        ("GET", "/v2/alice%2Fapp/manifests/1.0"),
        ("GET", "//v2/alice/app/manifests/1.0"),
        ("GET", "http://registry.example.com/v2/alice/app/manifests/1.0"),
        ("GET", "/v2/alice/app/tags/list?n=1&n=2"),
        ("PUT", "/v2/alice/app/manifests/1.0?tag=2.0"),
        ("GET", "/v2/alice/app"),
        ("GET", "/api/v0/session"),
        ("POST", MANIFEST),
        ("get", MANIFEST),
        ("OPTIONS", MANIFEST),
    ] {
        asked(&admin, method, target).must_be_refused(403, "DENIED");
    }
    for dest in ["document", "script", "worker", "iframe", "image"] {
        asked(&admin.header("Sec-Fetch-Dest", dest), "GET", MANIFEST).must_be_refused(403, "DENIED");
    }
    asked(&admin.header("Sec-Fetch-Site", "cross-site"), "PUT", MANIFEST).must_be(403);
    // Who guesses too much is to come again later: nginx would make a fault of its own of 429.
    (0..5).for_each(|number| drop(asked(&site.with("bob", &format!("wrong {number}")), "GET", MANIFEST).must_be(401)));
    let bob = Http::at(&format!("http://{}", site.address())).basic("bob", "wrong again");
    let question = bob.header("X-Original-URI", MANIFEST).header("X-Original-Method", "GET");
    let throttled = question.get(VERIFY).must_be_refused(503, "UNAVAILABLE");
    assert!(throttled.header("retry-after").is_some());
}

#[test]
fn what_the_headers_say_must_be_clear() {
    let site = site();
    let alice = site.as_user("alice");
    let forwarded =
        |target: &str, method: &str| alice.header("X-Forwarded-Uri", target).header("X-Forwarded-Method", method);
    let named =
        forwarded(MANIFEST, "GET").header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "evil.example");
    let allowed = named.get(VERIFY).must_be(200);
    assert_eq!(allowed.header("x-auth-user"), Some("alice"));
    asked(&forwarded(MANIFEST, "GET"), "GET", MANIFEST).must_be(200);
    for (target, method) in [("/v2/alice/open/tags/list", "GET"), (MANIFEST, "PUT")] {
        asked(&forwarded(target, method), "GET", MANIFEST).must_be_refused(403, "DENIED");
    }
    for half in [
        alice.clone(),
        alice.header("X-Original-URI", MANIFEST),
        alice.header("X-Original-URI", MANIFEST).header("X-Forwarded-Method", "GET"),
        forwarded(MANIFEST, "GET").header("X-Forwarded-Uri", MANIFEST),
        forwarded(MANIFEST, "GET").header("X-Original-Method", "GET"),
    ] {
        half.get(VERIFY).must_be_refused(403, "DENIED");
    }
    // The question itself has no body that is read, whatever length it tells.
    let head = forwarded(MANIFEST, "GET").send("HEAD", VERIFY, b"").must_be(200);
    assert_eq!(head.header("x-auth-user"), Some("alice"));
    forwarded(MANIFEST, "GET").send("PUT", VERIFY, b"").must_be_one_of(&[404, 405]);
}
