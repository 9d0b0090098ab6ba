//! Requests that no client should send: broken credentials, headers, bodies, paths and queries. The answer is always
//! the one envelope, never a fault of ours, and nothing is lost (design, sections 5 and 10.8; the harness checks each
//! answer).

use base64::{Engine, engine::general_purpose::STANDARD};
use dockpass::api::operations;
use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    site::{Caller, PAGE, account_path, repository_path},
};

const LIST: &str = "/api/v0/repositories";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn authorized(site: &InProcess, value: &[u8]) -> Caller {
    site.as_nobody().raw_header("Authorization", value)
}

fn still_answers(site: &InProcess) {
    site.as_nobody().get("/_ping").must_be(200);
    site.as_local().get(&account_path("admin")).must_be(200);
}

// --- credentials ---

#[test]
fn basic_credentials_are_taken_in_the_forms_that_clients_send() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let encoded = STANDARD.encode(format!("alice:{}", token.secret));
    let bare = encoded.trim_end_matches('=');
    for good in
        [format!("Basic {encoded}"), format!("basic {encoded}"), format!("BASIC   {encoded}"), format!("Basic {bare}")]
    {
        authorized(&site, good.as_bytes()).get(LIST).must_be(200);
    }
    let wrong = |decoded: &[u8]| format!("Basic {}", STANDARD.encode(decoded)).into_bytes();
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"Basic".to_vec(),
        b"Basic ".to_vec(),
        b"Basic =".to_vec(),
        b"Basic !!!!".to_vec(),
        b"Basic \xff\xfe".to_vec(),
        format!("Basic {encoded} {encoded}").into_bytes(),
        format!("Basic {encoded},Basic {encoded}").into_bytes(),
        format!("Basic{encoded}").into_bytes(),
        format!("Basic:{encoded}").into_bytes(),
        encoded.clone().into_bytes(),
        format!("Bearer {encoded}").into_bytes(),
        format!("Bearer {}", token.secret).into_bytes(),
        format!("Token {}", token.secret).into_bytes(),
        format!("Digest username=\"alice\", response=\"{}\"", token.secret).into_bytes(),
        wrong(b""),
        wrong(b":"),
        wrong(b"alice"),
        wrong(b"alice:"),
        wrong(format!("{}:", token.secret).as_bytes()),
        wrong(format!("{}:x-oauth-basic", token.secret).as_bytes()),
        wrong(format!("alice:{}:", token.secret).as_bytes()),
        wrong(b"alice:\xff\xfe\xfd"),
        wrong(b"\xff\xfe:x"),
        wrong(b"alice\0:x"),
        wrong(format!("alice:{}", "x".repeat(15_000)).as_bytes()),
    ];
    for value in &bad {
        authorized(&site, value).get(LIST).must_be_refused(401, "NOT_AUTHENTICATED");
    }
}

#[test]
fn no_credential_is_read_from_anywhere_else() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({})).secret;
    for path in [
        format!("{LIST}?refresh_token={token}"),
        format!("{LIST}?access_token={token}"),
        format!("{LIST}?token={token}&username=alice&password={PASSWORD}"),
    ] {
        site.as_nobody().get(&path).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    let basic = STANDARD.encode(format!("alice:{token}"));
    for (name, value) in [
        ("Cookie", format!("session={token}; dockpass={token}")),
        ("X-Api-Key", token.clone()),
        ("X-Forwarded-User", "admin".to_owned()),
        ("Remote-User", "admin".to_owned()),
        ("Proxy-Authorization", format!("Basic {basic}")),
        ("X-Authorization", format!("Basic {basic}")),
    ] {
        site.as_nobody().header(name, &value).get(LIST).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    let with_body = site.as_nobody().post("/api/v0/api_tokens", &json!({ "username": "alice", "password": PASSWORD }));
    with_body.must_be(401);
}

#[test]
fn two_authorizations_are_none() {
    let site = with_alice();
    let alice = site.as_user("alice");
    for second in [alice.credentials(), site.as_admin().credentials(), "Basic !".to_owned(), String::new()] {
        alice.header("Authorization", &second).get(LIST).must_be_refused(401, "NOT_AUTHENTICATED");
        alice.header("authorization", &second).get("/auth/token").must_be(401);
        alice.header("AUTHORIZATION", &second).get("/v2/").must_be_refused(401, "UNAUTHORIZED");
    }
}

#[test]
fn a_registry_token_opens_the_registry_and_nothing_else() {
    let site = with_alice();
    let token = site.as_user("alice").get("/auth/token").must_be(200).text("/token");
    let bearer = |token: &str| authorized(&site, format!("Bearer {token}").as_bytes());
    bearer(&token).get("/v2/").must_be(200);
    for path in [LIST, "/api/v0/api_tokens", "/enzi/v0/accounts/alice", "/auth/token", "/api/v0/audit"] {
        bearer(&token).get(path).must_be(401);
        site.with("alice", &token).get(path).must_be(401);
    }
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("no JWT: {token}") };
    let forged = [
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}.{}.{signature}", claims.replace('a', "b")),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        format!("{token}.x"),
        ".".repeat(20_000),
        "..".to_owned(),
        String::new(),
    ];
    for token in &forged {
        bearer(token).get("/v2/").must_be_refused(401, "UNAUTHORIZED");
    }
    // What the account may no longer do, its registry token may not either.
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    bearer(&token).get("/v2/").must_be_refused(401, "UNAUTHORIZED");
}

// --- bodies ---

/// A route of each kind that reads JSON, with a body that it takes.
fn with_body() -> [(&'static str, &'static str, serde_json::Value); 10] {
    [
        ("POST", "/enzi/v0/accounts", json!({ "name": "new" })),
        ("PATCH", "/enzi/v0/accounts/alice", json!({ "fullName": "A" })),
        ("POST", "/enzi/v0/accounts/alice/changePassword", json!({ "newPassword": "another-long-password" })),
        ("POST", "/api/v0/api_tokens?username=alice", json!({ "tokenLabel": "x" })),
        ("POST", "/api/v0/api_tokens/revoke", json!({ "tokens": [] })),
        ("POST", "/api/v0/repositories/alice", json!({ "name": "new" })),
        ("PATCH", "/api/v0/repositories/alice/app", json!({ "shortDescription": "x" })),
        ("PUT", "/api/v0/repositories/alice/app/userAccess/admin", json!({ "accessLevel": "read-only" })),
        ("POST", "/api/v0/meta/settings", json!({ "createRepositoryOnPush": true })),
        ("POST", "/api/v0/audit/verify", json!({ "head": null })),
    ]
}

fn as_json(caller: &Caller) -> Caller {
    caller.header("Content-Type", "application/json")
}

#[test]
fn what_is_no_json_object_is_refused_on_every_route() {
    let site = with_alice();
    site.add_repository("alice/app");
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let bodies: Vec<Vec<u8>> = [
        "{",
        "}",
        "{]",
        "nonsense",
        "{\"a\":}",
        "{\"a\" 1}",
        "{'a':1}",
        "{\"a\":1,}",
        "{} {}",
        "{}x",
        "[]",
        "[{}]",
        "\"x\"",
        "1",
        "true",
        "null",
        "{\"name\":NaN}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\x\"}",
        "{\"name\":\"a\nb\"}",
        "{\"name\":1e999}",
        "{\u{feff}}",
        "\u{feff}\u{feff}{}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        b"{\"name\":\"\xff\xfe\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        b"\0".to_vec(),
        deep("[", "]").into_bytes(),
        deep("{\"a\":", "}").into_bytes(),
        format!("{{\"searchLDAP\":{},\"name\":\"new\"}}", deep("[", "]")).into_bytes(),
        format!("{{\"scanOnPush\":{},\"name\":\"new\"}}", deep("[", "]")).into_bytes(),
    ])
    .collect();
    for (method, path, good) in with_body() {
        for body in &bodies {
            let refused = as_json(&site.as_local()).send(method, path, body).must_be(400);
            let code = refused.code();
            assert!(code == "INVALID_JSON" || code == "INVALID_PARAMETERS", "{}", refused.describe());
        }
        // The same field twice, with another value the second time.
        let (name, _) = good.as_object().and_then(|good| good.iter().next()).expect("a field");
        let twice = format!("{{\"{name}\":\"one\",\"{name}\":\"two\"}}");
        as_json(&site.as_local()).send(method, path, twice.as_bytes()).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for (method, path, good) in with_body() {
        assert!(site.as_local().json(method, path, &good).status < 300, "{method} {path}");
    }
}

#[test]
fn a_refusal_repeats_no_value_of_a_body() {
    let site = with_alice();
    let path = format!("{}/changePassword", account_path("alice"));
    let secret = "hunter2-hunter2";
    for body in [
        json!({ "newPassword": [secret] }),
        json!({ "newPassword": { secret: 1 } }),
        json!({ "oldPassword": 1, "newPassword": secret, "x": secret }),
        json!({ "newPassword": secret, "oldPassword": [secret] }),
        json!(secret),
    ] {
        let refused = site.as_local().post(&path, &body).must_be(400);
        assert!(!refused.body.contains(secret), "{}", refused.describe());
    }
    let truncated = format!("{{\"newPassword\":\"{secret}");
    let refused = as_json(&site.as_local()).send("POST", &path, truncated.as_bytes()).must_be(400);
    assert!(!refused.body.contains(secret), "{}", refused.describe());
    let level =
        site.as_local().post("/api/v0/api_tokens?username=alice", &json!({ "accessLevel": secret })).must_be(400);
    assert!(!level.body.contains(secret), "{}", level.describe());
}

#[test]
fn a_body_has_a_bound_and_a_type() {
    let site = with_alice();
    let body = |size: usize| format!("{{\"name\":\"new\",\"fullName\":\"{}\"}}", "x".repeat(size));
    let create = |body: &str| as_json(&site.as_local()).send("POST", "/enzi/v0/accounts", body.as_bytes());
    create(&body(60_000)).must_be_refused(400, "INVALID_PARAMETERS");
    for size in [64 * 1024, 1_000_000] {
        create(&body(size)).must_be_refused(413, "REQUEST_TOO_LARGE");
    }
    let chunks = format!("{:x}\r\n{}\r\n", 1_000, "x".repeat(1_000)).repeat(100) + "0\r\n\r\n";
    let head = format!(
        "POST /enzi/v0/accounts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Authorization: Basic {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        STANDARD.encode(format!("admin:{PASSWORD}"))
    );
    let printed = site.as_admin().exchange(head.as_bytes(), chunks.as_bytes());
    assert!(printed.starts_with("HTTP/1.1 413") && printed.contains("REQUEST_TOO_LARGE"), "{printed}");
    let send = |kind: &str| {
        site.as_local().header("Content-Type", kind).send("POST", "/enzi/v0/accounts", b"{\"name\":\"NO\"}")
    };
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "nonsense",
        "*/*",
    ] {
        send(kind).must_be_refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for kind in
        ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    {
        send(kind).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // Without a type, too: a page of another site could send that with a browser's credentials.
    let untyped = site.as_local().send("POST", "/enzi/v0/accounts", b"{\"name\":\"new\"}");
    untyped.must_be_refused(415, "UNSUPPORTED_MEDIA_TYPE");
    // Strangers are refused before anybody looks at what they send.
    site.as_nobody().send("POST", "/enzi/v0/accounts", body(1_000_000).as_bytes()).must_be(401);
}

#[test]
fn the_token_endpoint_wants_a_form_that_it_knows() {
    let site = with_alice();
    let post = |form: &str| site.as_nobody().post_form("/auth/token", form);
    for (form, error) in [
        ("", "invalid_request"),
        ("service=dockpass", "invalid_request"),
        ("grant_type=", "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=x", "unsupported_grant_type"),
        ("grant_type=authorization_code", "unsupported_grant_type"),
        ("grant_type=password&service=other", "invalid_request"),
        ("{\"grant_type\":\"password\"}", "invalid_request"),
    ] {
        assert_eq!(post(form).must_be(400).text("/error"), error, "{form}");
    }
    for form in [
        "grant_type=password&username=alice",
        "grant_type=password&username=alice&password=",
        "grant_type=password&password=x",
    ] {
        assert_eq!(post(form).must_be_refused(401, "UNAUTHORIZED").text("/error"), "invalid_grant", "{form}");
    }
    let many = (0..=1_000).fold(String::new(), |all, number| format!("{all}&scope=repository:alice/a{number}:pull"));
    post(&format!("grant_type=password{many}")).must_be(400);
    site.as_nobody().get(&format!("/auth/token?x=1{many}")).must_be(400);
    site.as_nobody().get("/auth/token?service=other").must_be_refused(400, "SERVICE_UNKNOWN");
    for scope in [
        "",
        "x",
        ":",
        "::",
        "repository",
        "repository:",
        "repository:a",
        "repository:A/b:pull",
        "repository:a//b:pull",
        "repository:../x:pull",
        "repository(plugin):a/b:pull",
        "registry:catalog:*",
        "registry:other:*",
        "%00",
        "%FF",
        "a:b:c:d:e:f",
    ] {
        let granted = site.as_nobody().get(&format!("/auth/token?scope={scope}")).must_be(200);
        assert!(!granted.text("/token").is_empty());
    }
}

// --- paths, queries, methods ---

#[test]
fn hostile_parts_of_paths_are_no_fault_of_ours() {
    let site = with_alice();
    site.add_repository("alice/app");
    let long = "x".repeat(3_000);
    let hostile = [
        "%00",
        "%FF",
        "%C3%28",
        "%E2%80%AE",
        "..",
        "%2E%2E",
        "..%2f..%2fetc%2fpasswd",
        "%2f",
        "%252f",
        "%25",
        "%zz",
        "%",
        "+",
        "'%20OR%201=1",
        "%3Cscript%3E",
        "a%0D%0AX-Injected:%201",
        "*",
        "_",
        "~",
        "-1",
        "0",
        "null",
        &long,
        "%F0%9F%98%80",
        "a;b=c",
        "@",
        "alice%20",
        "ALICE",
    ];
    // The page itself finds what its path names; its document is the same for every name.
    let is_page = |answer: &Answer| answer.header("content-type") == Some(PAGE) && !answer.body.contains("injected");
    for route in operations::all().iter().map(|it| it.facts).filter(|route| route.path.contains('{')) {
        for part in hostile {
            let filled =
                route.path.replace("{namespace}", part).replace("{reponame}", part).replace("{username}", part);
            let filled = filled.replace("{name}", part).replace("{hashedtoken}", part).replace("{file}", part);
            let filled = filled.replace("{id}", part).replace("{team}", part).replace("{robot}", part);
            let answer = site.as_local().json(route.method.as_str(), &filled, &json!({}));
            assert!(answer.header("x-injected").is_none(), "{}", answer.describe());
            // Deleting what is not there succeeds, and so does listing the empty namespace `_`; nothing else does.
            let is_idle = answer.status == 204 || (part == "_" && answer.status < 300);
            assert!(is_idle || answer.status >= 400 || is_page(&answer), "{}", answer.describe());
        }
    }
    site.as_local().get(&repository_path("alice/app")).must_be(200);
    still_answers(&site);
}

/// Every parameter of every query.
const PARAMETERS: &str = "pageStart pageSize count q order username usedbefore generatedby start limit filter n last scope \
                          service account actor action object outcome since until for certificate strict";
const HOSTILE_VALUES: &str = "%00 %FF %C3%28 -1 1e9 %zz &&&=& '-- \\ [] [a]=b = %20 %E2%80%AE 0x1";

#[test]
fn hostile_queries_are_no_fault_of_ours() {
    let site = with_alice();
    let names: Vec<&str> = PARAMETERS.split_whitespace().collect();
    let hostile: Vec<&str> = HOSTILE_VALUES.split_whitespace().collect();
    let reads = operations::all().into_iter().map(|it| it.facts).filter(|it| it.method.as_str() == "GET");
    for route in reads.filter(|route| !route.path.contains('{')) {
        for value in &hostile {
            for caller in [site.as_local(), site.as_nobody()] {
                let query: Vec<String> = names.iter().map(|name| format!("{name}={value}")).collect();
                caller.get(&format!("{}?{}", route.path, query.join("&")));
            }
        }
    }
    for name in names {
        for value in &hostile {
            for path in [LIST, "/api/v0/api_tokens", "/enzi/v0/accounts", "/api/v0/audit", "/v2/_catalog"] {
                site.as_local().get(&format!("{path}?{name}={value}")).must_be_one_of(&[200, 400, 404]);
            }
        }
    }
    let long = "x".repeat(8_000);
    site.as_local().get(&format!("{LIST}?q={long}")).must_be(200);
    site.as_local().get(&format!("/api/v0/api_tokens?username={long}")).must_be_refused(404, "NO_SUCH_USER");
    still_answers(&site);
}

#[test]
fn a_path_has_its_methods_and_no_others() {
    let site = with_alice();
    let table: Vec<_> = operations::all().iter().map(|it| it.facts).collect();
    // Without its secret there is nothing at the paths of the notifications and of the metrics, whatever the method; nor at
    // that of proxies.
    let hidden = ["/api/v0/registry/events", "/auth/verify", "/metrics"];
    for (method, path) in
        ["GET", "HEAD", "POST", "PUT", "DELETE"].into_iter().flat_map(|it| hidden.map(|path| (it, path)))
    {
        assert_eq!(site.as_local().send(method, path, b"").status, 404, "{method} {path}");
    }
    for route in table.iter().filter(|route| !hidden.contains(&route.path)) {
        let path = route.path.replace(['{', '}'], "");
        let has: Vec<&str> =
            table.iter().filter(|other| other.path == route.path).map(|other| other.method.as_str()).collect();
        let more = has.contains(&"GET").then_some("HEAD").into_iter().chain(["OPTIONS"]);
        let expected: Vec<&str> = has.iter().copied().chain(more).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"] {
            if has.contains(&method) {
                continue;
            }
            let refused = site.as_local().send(method, &path, b"").must_be_refused(405, "NOT_ALLOWED");
            let allow: Vec<&str> = refused.header("allow").expect("what it has").split(", ").collect();
            assert_eq!(allow, expected, "{}", refused.describe());
            assert!(refused.header("access-control-allow-origin").is_none(), "{}", refused.describe());
        }
    }
    for method in ["GET", "POST", "DELETE"] {
        for path in ["/nothing", "/api", "/api/v0", "/api/v1/repositories", "/enzi/v0", "/API/V0/repositories", "/.env"]
        {
            site.as_admin().send(method, path, b"").must_be_refused(404, "NOT_FOUND");
        }
    }
    let head = site.as_user("alice").send("HEAD", LIST, b"").must_be(200);
    assert!(head.body.is_empty() && head.header("x-next-page-start").is_none(), "{}", head.describe());
    assert!(site.as_nobody().send("HEAD", LIST, b"").must_be(401).body.is_empty());
}

#[test]
fn files_of_the_pages_are_those_and_no_others() {
    let site = InProcess::start();
    for name in [
        "..%2f..%2fetc%2fpasswd",
        "..%2FCargo.toml",
        "%2e%2e%2fCargo.toml",
        "....//",
        "docs.html",
        "lib",
        "lib/",
        "lib/..",
        "lib/../docs.html",
        "lib/..%2fdocs.html",
        "./docs.html",
        "lib%2fdom.js",
        "",
        ".",
        "..",
        "%00",
        "docs.css%00.html",
    ] {
        for path in [format!("/assets/{name}"), site.asset(name)] {
            site.as_nobody().get(&path).must_be_one_of(&[400, 404]);
        }
    }
    for path in
        ["/assets/../Cargo.toml", "/assets//etc/passwd", "/assets/./docs.css/..", "/../etc/passwd", "//etc/passwd"]
    {
        site.as_nobody().get(path).must_be(404);
    }
}

// --- requests as a whole ---

/// Sends bytes that are no proper request: the server must refuse them or say nothing.
fn must_refuse(site: &InProcess, request: &[u8]) {
    let printed = site.as_nobody().exchange(request, b"");
    let status = printed.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]);
    assert!(status.is_none_or(|status| (400..500).contains(&status)), "{shown}\n{printed}");
}

#[test]
fn broken_requests_are_refused_and_the_server_goes_on() {
    let site = InProcess::start();
    let close = "Host: x\r\nConnection: close\r\n";
    let many = "X-Many: y\r\n".repeat(200);
    let requests: Vec<Vec<u8>> = [
        "nonsense\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /_ping\r\n\r\n".to_owned(),
        format!("GET /_ping HTTP/9.9\r\n{close}\r\n"),
        format!("GET /_ping HTTP/1.1\r\n{close}{many}\r\n"),
        format!("GET /_ping HTTP/1.1\r\n{close}X: {}\r\n\r\n", "x".repeat(500_000)),
        format!("GET /_ping HTTP/1.1\r\n{close}Authorization: Basic {}\r\n\r\n", "x".repeat(1_000_000)),
        format!("GET /{} HTTP/1.1\r\n{close}\r\n", "x".repeat(500_000)),
        format!("GET /_ping HTTP/1.1\r\n{close}X Y: z\r\n\r\n"),
        format!("GET /_ping HTTP/1.1\r\n{close}: z\r\n\r\n"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Content-Length: -1\r\n\r\n"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Content-Length: 99999999999999999999\r\n\r\n"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
        format!("POST /auth/token HTTP/1.1\r\n{close}Transfer-Encoding: gzip, identity\r\n\r\n"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".repeat(20), b"\0".repeat(1_000)])
    .collect();
    for request in &requests {
        must_refuse(&site, request);
    }
    still_answers(&site);
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let site = InProcess::start();
    for beginning in [&b"GET /_ping HTTP/1.1\r\nHost: x\r\n"[..], b"\r\n\r\n\r\n"] {
        must_refuse(&site, beginning);
    }
    still_answers(&site);
}

#[test]
fn a_long_authorization_is_refused_without_a_look() {
    let site = with_alice();
    for length in [49 * 1024, 60_000] {
        for scheme in ["Basic", "Bearer"] {
            let value = format!("{scheme} {}", "A".repeat(length));
            authorized(&site, value.as_bytes()).get(LIST).must_be_refused(401, "NOT_AUTHENTICATED");
            authorized(&site, value.as_bytes()).get("/v2/").must_be_refused(401, "UNAUTHORIZED");
        }
    }
    // The longest password that can be set still fits.
    let long = "ü".repeat(512);
    let body = json!({ "newPassword": long });
    site.as_local().post(&format!("{}/changePassword", account_path("alice")), &body).must_be(200);
    site.with("alice", &long).get(LIST).must_be(200);
}

#[test]
fn no_name_of_the_request_reaches_an_answer() {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    let spoofed = |caller: Caller| {
        let caller = caller.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
        caller
            .header("X-Forwarded-Proto", "gopher")
            .header("X-Original-URL", "/evil.example")
            .header("Forwarded", "host=evil.example")
    };
    for path in ["/v2/", "/v2/_catalog", LIST, "/auth/token", "/", "/health", "/nothing"] {
        let answer = spoofed(site.as_nobody()).get(path);
        let said = ["www-authenticate", "location", "link"].map(|name| answer.header(name).unwrap_or_default());
        assert!(!format!("{} {}", answer.body, said.join(" ")).contains("evil"), "{}", answer.describe());
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    let challenge = spoofed(site.as_nobody()).get("/v2/").must_be(401);
    let challenge = challenge.header("www-authenticate").expect("a challenge").to_owned();
    assert_eq!(challenge, "Bearer realm=\"https://registry.example.com/auth/token\",service=\"dockpass\"");
    let shown = spoofed(site.as_admin()).get("/api/v0/admin/registry").must_be(200);
    assert_eq!(shown.text("/realm"), "https://registry.example.com/auth/token");
    let plain = InProcess::start().as_nobody().get("/health").must_be(200);
    assert_eq!(plain.header("strict-transport-security"), None, "no promise of TLS without TLS");
}

#[test]
fn health_and_version_tell_strangers_nothing() {
    let site = InProcess::start();
    for path in ["/health", "/health?strict=true"] {
        assert_eq!(
            site.as_nobody().get(path).must_be(200).json(),
            json!({ "healthy": true, "error": "", "warning": "" })
        );
    }
    site.as_nobody().get("/health?strict=perhaps").must_be_refused(400, "INVALID_PARAMETERS");
    assert_eq!(site.as_nobody().get("/_ping").must_be(200).body, "OK");
    let version = env!("CARGO_PKG_VERSION");
    let told = site.as_admin().get("/api/v0/admin/version").must_be(200);
    assert_eq!((told.text("/version").as_str(), told.text("/refusal").as_str()), (version, ""));
    assert!(told.text("/address").starts_with("http://localhost:") || told.text("/address").starts_with("http://127"));
    assert_eq!(told.text("/listen"), site.address().to_string());
    assert!(told.json()["freeBytes"].as_u64().is_some_and(|bytes| bytes > 0), "{}", told.describe());
    assert!(told.text("/startedAt").ends_with('Z'), "{}", told.describe());
    for path in ["/health", "/_ping", "/nothing", "/v2/", LIST] {
        let answer = site.as_nobody().get(path);
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{}", answer.describe());
    }
    for program in ["distribution", "zot", "nginx"] {
        let path = format!("/api/v0/admin/registry/config?for={program}");
        site.as_admin().get(&path).must_be_one_of(&[200, 409]);
    }
    for bad in ["", "?for=", "?for=harbor", "?for=distribution&certificate=a%0Ab"] {
        let path = format!("/api/v0/admin/registry/config{bad}");
        site.as_admin().get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
}
