//! `OPTIONS`, as health checks and browsers ask it, and pages of other origins (issue 12, K12).

use std::collections::BTreeSet;

use dockpass::api::operations;

use crate::support::{
    InProcess,
    http::Answer,
    site::{Caller, repository_path},
};

const UI: &str = "https://ui.example.com";
/// What a script may send and read: more is a decision.
const TAKEN: &str = "Authorization, Accept, Content-Type";
const EXPOSED: &str = "Docker-Content-Digest, Link, WWW-Authenticate, Location, Range";

fn with_ui() -> InProcess {
    InProcess::start_with(&[("server.allowed_origins", "https://ui.example.com,http://127.0.0.1:3000")])
}

fn options(caller: &Caller, path: &str) -> Vec<String> {
    let answer = caller.send("OPTIONS", path, b"").must_be(204);
    assert!(answer.body.is_empty(), "{}", answer.describe());
    answer.header("allow").expect("the methods").split(", ").map(str::to_owned).collect()
}

/// The headers of the protocol that an answer has.
fn cors(answer: &Answer) -> Vec<(&'static str, String)> {
    let names = ["origin", "methods", "headers", "credentials", "expose-headers"];
    let full = [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    ];
    let found = names.into_iter().zip(full);
    found.filter_map(|(name, full)| Some((name, answer.header(full)?.to_owned()))).collect()
}

fn vary(answer: &Answer) -> String {
    answer.headers("vary").join(", ")
}

#[test]
fn options_is_answered_everywhere_with_the_methods() {
    let site = InProcess::start();
    let nobody = site.as_nobody();
    let table: Vec<_> = operations::all().iter().map(|it| it.facts).collect();
    let hidden = ["/api/v0/registry/events", "/auth/verify", "/metrics"];
    for path in table.iter().map(|facts| facts.path).filter(|path| !hidden.contains(path)) {
        let has: BTreeSet<&str> =
            table.iter().filter(|other| other.path == path).map(|other| other.method.as_str()).collect();
        let more = has.contains("GET").then_some("HEAD").into_iter().chain(["OPTIONS"]);
        let expected: BTreeSet<String> = has.iter().copied().chain(more).map(str::to_owned).collect();
        let told: BTreeSet<String> = options(&nobody, &path.replace(['{', '}'], "")).into_iter().collect();
        assert_eq!(told, expected, "{path}");
    }
    // HAProxy's plain check, and what has no route: the paths of the notifications and of proxies answer like unknown ones.
    let others = ["*", "/nothing", "/v2/alice/app/tags/list", "/api/v0/repositories/a%2Fb"];
    for path in others.into_iter().chain(hidden) {
        assert_eq!(options(&nobody, path).last().map(String::as_str), Some("OPTIONS"), "{path}");
    }
    assert_eq!(options(&nobody, "/nothing"), options(&nobody, "/api/v0/registry/events"));
    assert_eq!(options(&nobody, "/_ping/"), ["GET", "HEAD", "OPTIONS"]);
    for who in [site.as_local(), site.with("nobody", "wrong-password")] {
        assert_eq!(options(&who, "/_ping"), ["GET", "HEAD", "OPTIONS"], "nobody is asked who they are");
    }
}

#[test]
fn without_allowed_origins_no_page_elsewhere_is_told_anything() {
    let site = InProcess::start();
    let page = site.as_nobody().header("Origin", UI);
    for path in ["/auth/token", "/v2/", "/api/v0/repositories", "/_ping"] {
        let preflight = page.header("Access-Control-Request-Method", "GET").send("OPTIONS", path, b"").must_be(204);
        for answer in [page.get(path), preflight] {
            assert_eq!((cors(&answer), vary(&answer).contains("Origin")), (vec![], false), "{}", answer.describe());
        }
    }
}

#[test]
fn an_allowed_page_may_get_tokens_and_use_the_registry_api_and_nothing_else() {
    let site = with_ui();
    let alice = site.add_robot("alice").header("Origin", UI);
    for path in ["/auth/token?service=dockpass", "/v2/", "/v2/_catalog", "/v2", "/v2/alice/app/tags/list"] {
        let asks = site.as_nobody().header("Origin", UI).header("Access-Control-Request-Method", "GET");
        let asks = asks.header("Access-Control-Request-Headers", "authorization,x-anything");
        let preflight = asks.send("OPTIONS", path, b"").must_be(204);
        let told = cors(&preflight);
        let allow = preflight.header("allow").expect("methods").to_owned();
        let expected = [("origin", UI.to_owned()), ("methods", allow), ("headers", TAKEN.to_owned())];
        assert_eq!(told, expected, "{path}");
        let refused = site.with("alice", "a wrong password").header("Origin", UI).get(path);
        for answer in [alice.get(path), refused] {
            let expected = [("origin", UI.to_owned()), ("expose-headers", EXPOSED.to_owned())];
            assert_eq!(cors(&answer), expected, "{}", answer.describe());
            assert_eq!(vary(&answer), "Origin", "{}", answer.describe());
        }
    }
    for path in ["/api/v0/repositories", "/enzi/v0/accounts/alice", "/auth/keys", "/", "/health", "/api/v0/session"] {
        let asks = alice.header("Access-Control-Request-Method", "GET");
        for answer in [alice.get(path), asks.send("OPTIONS", path, b"")] {
            assert_eq!(cors(&answer), [], "{}", answer.describe());
        }
    }
}

#[test]
fn only_the_exact_origin_is_allowed() {
    let site = with_ui();
    let alice = site.add_robot("alice");
    for allowed in [UI, "http://127.0.0.1:3000"] {
        let answer = alice.header("Origin", allowed).get("/v2/").must_be(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(allowed));
    }
    for other in [
        "null",
        "*",
        "https://ui.example.com:8443",
        "http://ui.example.com",
        "https://ui.example.com.evil.example",
        "https://evil.ui.example.com",
        "HTTPS://UI.EXAMPLE.COM",
        "https://ui.example.com/",
        "",
    ] {
        let answer = alice.header("Origin", other).get("/v2/").must_be(200);
        assert_eq!((cors(&answer), vary(&answer).as_str()), (vec![], "Origin"), "{other}");
    }
    let twice = alice.header("Origin", UI).header("Origin", "https://evil.example").get("/v2/");
    assert_eq!(cors(&twice), []);
    let without = alice.get("/v2/").must_be(200);
    assert_eq!((cors(&without), vary(&without).as_str()), (vec![], "Origin"), "a cache must not mix them up");
}

#[test]
fn a_page_elsewhere_never_makes_a_repository() {
    let site = with_ui();
    let alice = site.add_robot("alice");
    let path = "/auth/token?service=dockpass&scope=repository:alice/app:pull,push";
    for site_header in ["cross-site", "same-site", "none"] {
        for origin in [None, Some(UI)] {
            let page = alice.header("Sec-Fetch-Site", site_header);
            let page = origin.map_or(page.clone(), |origin| page.header("Origin", origin));
            page.get(path);
            site.as_local().get(&repository_path("alice/app")).must_be(404);
        }
    }
    // What grants nothing new is answered to pages, too.
    alice.header("Sec-Fetch-Site", "cross-site").get("/auth/token?service=dockpass").must_be(200);
    alice.get(path).must_be(200);
    site.as_local().get(&repository_path("alice/app")).must_be(200);
    let page = alice.header("Sec-Fetch-Site", "cross-site").header("Origin", UI);
    assert_eq!(page.get(path).must_be(200).header("access-control-allow-origin"), Some(UI));
}

/// DTR wrote header names as Go does, and scripts look for them letter by letter.
#[test]
fn header_names_are_written_in_dtrs_case() {
    let site = InProcess::start();
    let admin = site.as_admin();
    for name in ["alice", "bob"] {
        site.add_service(name);
        site.add_repository(&format!("{name}/app"));
    }
    let head = |path: &str| {
        let credentials = admin.credentials();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {credentials}\r\n\r\n");
        let answer = admin.exchange(head.as_bytes(), b"");
        answer.split("\r\n\r\n").next().unwrap_or_default().to_owned()
    };
    let listed = head("/api/v0/repositories?pageSize=1&count=true");
    for name in
        ["X-Resource-Count: 2", "X-Next-Page-Start: ", "Content-Type: application/json", "Content-Length: ", "Date: "]
    {
        assert!(listed.contains(&format!("\r\n{name}")), "{name} in\n{listed}");
    }
    for path in ["/api/v0/repositories?pageSize=1&count=true", "/nothing", "/", "/v2/x", "/_ping", "/auth/ca.pem"] {
        let head = head(path);
        for line in head.lines().skip(1) {
            let name = line.split(':').next().unwrap_or_default();
            let is_right = name.split('-').all(|part| part.starts_with(|letter: char| letter.is_ascii_uppercase()));
            assert!(is_right, "{line} in\n{head}");
        }
    }
}
