//! The token endpoint as clients ask it: every form of request that a real client sends, and every answer that one of
//! them would misread. The numbers are those of the quirks that broke other token servers.

use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    issued::{ENDPOINT, Issued, ask, form, granted, password_form},
    site::Caller,
};

const PLAIN: &str = "/auth/token";

/// A server with the user alice, who has the repositories app and web, and as whom the caller signs in.
fn with_alice() -> (InProcess, Caller) {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/app");
    site.add_repository("alice/web");
    (site, alice)
}

/// An error in both shapes: docker reads one, others the other (quirk 6).
fn refused(answer: Answer, status: u16, code: &str, oauth: &str) -> Answer {
    let answer = answer.must_be_refused(status, code);
    let body = answer.json();
    assert_eq!(body["error"], oauth, "{}", answer.describe());
    assert_eq!(body["error_description"], body["errors"][0]["message"], "{}", answer.describe());
    answer
}

// --- scopes (1, 14, 20) ---

#[test]
fn scopes_count_whether_repeated_joined_or_both() {
    let (_site, alice) = with_alice();
    let expected = "alice/app:pull,push alice/web:pull";
    for query in [
        "&scope=repository:alice/app:pull,push&scope=repository:alice/web:pull",
        "&scope=repository:alice/app:pull,push%20repository:alice/web:pull",
        "&scope=repository:alice/app:pull,push+repository:alice/web:pull",
        "&scope=repository:alice/web:pull%20%20repository:alice/app:push&scope=repository:alice/app:pull",
        "&scope=&scope=repository%3Aalice%2Fapp%3Apush%2Cpull&client_id=x&scope=repository:alice/web:pull",
    ] {
        assert_eq!(Issued::of(alice.get(&format!("{ENDPOINT}{query}"))).granted(), expected, "{query}");
    }
}

#[test]
fn scopes_count_in_a_form_repeated_or_joined_and_in_the_query_beside_it() {
    let (_site, alice) = with_alice();
    let (app, web) = ("repository:alice/app:pull,push", "repository:alice/web:pull");
    let base = [("grant_type", "password"), ("client_id", "containers/image")];
    let joined = format!("{app} {web}");
    for (query, fields) in [
        ("", vec![("scope", app), ("scope", web)]),
        ("", vec![("scope", joined.as_str())]),
        ("?scope=repository:alice/web:pull", vec![("scope", app)]),
        ("?scope=repository:alice/web:pull&service=dockpass&scope=repository:alice/app:push", vec![]),
    ] {
        let body = form(&[&base[..], &fields].concat());
        let issued = Issued::of(alice.post_form(&format!("{PLAIN}{query}"), &body));
        assert_eq!(issued.granted(), "alice/app:pull,push alice/web:pull", "{query} {body}");
        assert_eq!(issued.answer["scope"], "repository:alice/app:pull,push repository:alice/web:pull");
    }
}

#[test]
fn scopes_that_make_no_sense_are_left_out_of_a_good_answer() {
    let (_site, alice) = with_alice();
    for nonsense in [
        ":",
        "::",
        "repository",
        "repository:alice/app",
        "repository:alice/app:",
        "repository:Alice/App:pull",
        "repository:alice/app:fly",
        "repository:alice/app:PULL",
        "plugin:alice/app:pull",
        "registry:catalog:search",
        "repository::pull",
        "repository:alice//app:pull",
        "repository:../app:pull",
        "repository:host:5000/alice/app:pull",
        "%00",
        "%FF",
        "%E4%BD%A0",
        "repository:alice/app%00:pull",
    ] {
        let path = format!("{ENDPOINT}&scope={nonsense}&scope=repository:alice/web:pull");
        assert_eq!(Issued::of(alice.get(&path)).granted(), "alice/web:pull", "{nonsense}");
    }
}

#[test]
fn the_class_of_a_resource_type_is_ignored() {
    let (_site, alice) = with_alice();
    let issued = ask(&alice, &["repository(plugin):alice/app:pull"]);
    assert_eq!(issued.claims["access"], json!([{ "type": "repository", "name": "alice/app", "actions": ["pull"] }]));
}

#[test]
fn scopes_for_one_repository_become_one_entry() {
    let (_site, alice) = with_alice();
    let scopes = ["alice/app:push,pull", "alice/app:delete", "alice/app:pull", "alice/app:pull,pull"];
    assert_eq!(granted(&alice, &scopes), "alice/app:pull,push,delete");
}

#[test]
fn a_hundred_scopes_are_answered_and_more_are_refused() {
    let (_site, alice) = with_alice();
    let scopes: Vec<_> = (0..100).map(|number| format!("repository:alice/service-number-{number}:pull")).collect();
    let joined = scopes.join("+");
    let answer = alice.get(&format!("{ENDPOINT}&scope={joined}")).must_be(200);
    // What go-containerregistry reads of an answer at most (20).
    assert!(answer.body.len() < 64 * 1024, "{} bytes", answer.body.len());
    let issued = Issued::of(answer);
    assert_eq!(issued.claims["access"].as_array().map(Vec::len), Some(100));
    let answer = alice.get(&format!("{ENDPOINT}&scope={joined}&scope=x"));
    refused(answer, 400, "INVALID_PARAMETERS", "invalid_request");
    let body = password_form("", "", &format!("{} x", scopes.join(" ")));
    refused(alice.post_form(PLAIN, &body), 400, "INVALID_PARAMETERS", "invalid_request");
}

#[test]
fn a_token_for_a_hundred_repositories_still_opens_the_base_path() {
    let (site, alice) = with_alice();
    let scopes: Vec<_> = (0..100).map(|number| format!("repository:alice/service-number-{number}:pull")).collect();
    let issued = ask(&alice, &scopes.iter().map(String::as_str).collect::<Vec<_>>());
    site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
}

// --- GET and POST (2, 3, 7, 8, 17, 18, 24) ---

#[test]
fn a_form_signs_in_as_containerd_and_helm_send_it() {
    let (site, _) = with_alice();
    let token = site.add_token("alice", &json!({}));
    let nobody = site.as_nobody();
    let issued =
        Issued::of(nobody.post_form(PLAIN, &password_form("alice", &token.secret, "repository:alice/app:pull")));
    assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("alice/app:pull", &json!("alice")));
    site.add_user("bob");
    let issued = Issued::of(nobody.post_form(PLAIN, &password_form("bob", PASSWORD, "")));
    assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("", &json!("bob")));
    assert_eq!(issued.answer["scope"], "", "a form's answer always says what was granted");
}

#[test]
fn a_form_without_credentials_takes_those_of_the_header_or_is_anonymous() {
    let (site, alice) = with_alice();
    let body = form(&[("grant_type", "password"), ("service", "dockpass")]);
    assert_eq!(Issued::of(alice.post_form(PLAIN, &body)).claims["sub"], "alice");
    assert_eq!(Issued::of(site.as_nobody().post_form(PLAIN, &body)).claims["sub"], "");
}

#[test]
fn a_chunked_form_without_a_length_is_read() {
    let (site, _) = with_alice();
    let token = site.add_token("alice", &json!({}));
    let body = password_form("alice", &token.secret, "repository:alice/app:pull");
    let (first, second) = body.split_at(body.len() / 2);
    let chunked = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let head = "POST /auth/token HTTP/1.1\r\nHost: dockpass.test\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    let printed = site.as_nobody().exchange(head.as_bytes(), chunked.as_bytes());
    assert_eq!(Issued::of(Answer::parse(head.to_owned(), &printed)).granted(), "alice/app:pull");
}

#[test]
fn only_the_password_grant_is_given() {
    let (_site, alice) = with_alice();
    for grant in ["refresh_token", "authorization_code", "client_credentials", "Password", ""] {
        let body = form(&[("grant_type", grant), ("service", "dockpass"), ("refresh_token", "x")]);
        refused(alice.post_form(PLAIN, &body), 400, "UNSUPPORTED_GRANT_TYPE", "unsupported_grant_type");
    }
    for body in ["", "service=dockpass", "{\"grant_type\":\"password\"}"] {
        refused(alice.post_form(PLAIN, body), 400, "INVALID_PARAMETERS", "invalid_request");
    }
}

#[test]
fn no_refresh_token_is_ever_given() {
    let (_site, alice) = with_alice();
    let offline = alice.get(&format!("{ENDPOINT}&offline_token=true&access_type=offline")).must_be(200);
    assert_eq!(offline.json().get("refresh_token"), None, "docker would forget the password (17)");
    let body = form(&[("grant_type", "password"), ("service", "dockpass"), ("access_type", "offline")]);
    assert_eq!(alice.post_form(PLAIN, &body).must_be(200).json().get("refresh_token"), None);
}

#[test]
fn no_credential_is_taken_from_an_address() {
    let (site, _) = with_alice();
    let secret = site.add_token("alice", &json!({})).secret;
    let query = format!("username=alice&password={secret}&grant_type=password");
    let nobody = site.as_nobody();
    assert_eq!(Issued::of(nobody.get(&format!("{ENDPOINT}&{query}"))).claims["sub"], "");
    let body = form(&[("grant_type", "password")]);
    assert_eq!(Issued::of(nobody.post_form(&format!("{ENDPOINT}&{query}"), &body)).claims["sub"], "");
    refused(nobody.post_form(&format!("{ENDPOINT}&{query}"), ""), 400, "INVALID_PARAMETERS", "invalid_request");
}

#[test]
fn what_a_browser_adds_for_other_sites_stops_no_client() {
    let (_site, alice) = with_alice();
    let foreign = alice
        .header("Origin", "https://evil.example")
        .header("Referer", "https://evil.example/x")
        .header("Sec-Fetch-Site", "cross-site")
        .header("Cookie", "session=1");
    assert_eq!(ask(&foreign, &["repository:alice/app:pull"]).granted(), "alice/app:pull");
    Issued::of(foreign.post_form(PLAIN, &form(&[("grant_type", "password")])));
}

#[test]
fn the_answer_names_the_token_twice_and_its_times_as_go_reads_them() {
    let (site, alice) = with_alice();
    let answer = ask(&alice, &[]).answer;
    assert_eq!(answer["token"], answer["access_token"], "each client reads another (7)");
    assert!(answer["expires_in"].is_u64(), "anything but a whole number breaks every Go client (8): {answer}");
    assert_eq!((&answer["expires_in"], &answer["issued_at"]), (&json!(900), &json!(site.in_time(0))));
    assert!(answer.get("scope").is_none(), "only a form's answer has it");
}

#[test]
fn the_account_of_the_query_is_ignored() {
    let (site, alice) = with_alice();
    for account in ["admin", "bob", ""] {
        let path = format!("{ENDPOINT}&account={account}&scope=repository:alice/app:pull");
        let issued = Issued::of(site.as_nobody().get(&path));
        assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("", &json!("")), "{account}");
        let issued = Issued::of(alice.get(&path));
        assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("alice/app:pull", &json!("alice")));
    }
}

#[test]
fn the_endpoint_leads_nowhere_else() {
    let (_site, alice) = with_alice();
    for path in ["/auth/token", "/auth/token/", "/auth/token?", "/auth/token/?service=dockpass"] {
        let answer = alice.get(path).must_be(200);
        assert_eq!(answer.header("Location"), None, "clients check each hop anew (24): {path}");
    }
}

#[test]
fn a_head_request_is_answered_as_a_get_without_the_body() {
    let (_site, alice) = with_alice();
    assert_eq!(alice.send("HEAD", ENDPOINT, b"").must_be(200).body, "");
}

// --- services ---

#[test]
fn a_token_is_for_the_service_asked_for_or_the_first_one() {
    let site = InProcess::start_with(&[("registry.services", "one.example,two")]);
    let nobody = site.as_nobody();
    for (query, expected) in [
        ("", "one.example"),
        ("?service=", "one.example"),
        ("?service=one.example", "one.example"),
        ("?service=two", "two"),
    ] {
        let issued = Issued::of(nobody.get(&format!("{PLAIN}{query}")));
        assert_eq!(issued.claims["aud"], expected, "{query}");
        site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
    }
    for unknown in ["dockpass", "One.example", "two%20", "one.example,two", "../two"] {
        let answer = nobody.get(&format!("{PLAIN}?service={unknown}"));
        refused(answer, 400, "SERVICE_UNKNOWN", "invalid_request");
        let body = format!("grant_type=password&service={unknown}");
        refused(nobody.post_form(PLAIN, &body), 400, "SERVICE_UNKNOWN", "invalid_request");
    }
}

#[test]
fn an_unknown_service_makes_no_repository() {
    let (site, alice) = with_alice();
    alice
        .get(&format!("{PLAIN}?service=other&scope=repository:alice/new:push"))
        .must_be_refused(400, "SERVICE_UNKNOWN");
    site.as_local().get("/api/v0/repositories/alice/new").must_be(404);
}

// --- credentials (4, 5, 6, 19) ---

#[test]
fn bad_credentials_are_401_and_never_an_anonymous_token() {
    let (site, _) = with_alice();
    site.add_user("bob");
    let token = site.add_token("alice", &json!({}));
    let ended = site.add_token("alice", &json!({ "expiresAt": site.in_time(1) }));
    let off = site.add_token("alice", &json!({}));
    let patch = json!({ "isActive": false });
    site.as_local().patch(&format!("/api/v0/api_tokens/{}", off.hash), &patch).must_be(200);
    site.pass(1);
    let mut typo = token.secret.clone();
    typo.replace_range(10..11, if &typo[10..11] == "x" { "y" } else { "x" });
    for (user, secret) in [
        ("bob", "wrong-password"),
        ("bob", ""),
        ("nobody", "wrong-password"),
        ("nobody", ""),
        ("", "wrong-password"),
        ("Bob", PASSWORD),
        ("bob", token.secret.as_str()),
        ("Alice", token.secret.as_str()),
        ("alice", typo.as_str()),
        ("alice", ended.secret.as_str()),
        ("alice", off.secret.as_str()),
        ("alice", "dkp_"),
        ("alice", ""),
        ("", token.secret.as_str()),
        ("<token>", token.secret.as_str()),
    ] {
        let path = format!("{ENDPOINT}&scope=repository:alice/app:pull");
        let answer = refused(site.with(user, secret).get(&path), 401, "UNAUTHORIZED", "invalid_grant");
        assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"dockpass\", charset=\"UTF-8\""));
        let body = password_form(user, secret, "repository:alice/app:pull");
        refused(site.as_nobody().post_form(PLAIN, &body), 401, "UNAUTHORIZED", "invalid_grant");
        // Signing in and asking for nothing is what docker login does.
        refused(site.with(user, secret).get(PLAIN), 401, "UNAUTHORIZED", "invalid_grant");
    }
}

#[test]
fn malformed_credentials_are_401() {
    let (site, _) = with_alice();
    for value in [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Basic /////w==",
        "Bearer x",
        "Bearer ",
        "Digest x",
        "x",
        "",
        "Basic YWxpY2U6eA== x",
        "Negotiate YWxpY2U6eA==",
    ] {
        let answer = site.as_nobody().header("Authorization", value).get(ENDPOINT);
        refused(answer, 401, "UNAUTHORIZED", "invalid_grant");
    }
    let twice = site.as_nobody().header("Authorization", "Basic Og==").header("Authorization", "Basic Og==");
    refused(twice.get(ENDPOINT), 401, "UNAUTHORIZED", "invalid_grant");
}

#[test]
fn a_registry_token_gets_no_other() {
    let (site, alice) = with_alice();
    let text = ask(&alice, &[]).text;
    let shown = site.as_nobody().header("Authorization", &format!("Bearer {text}"));
    refused(shown.get(ENDPOINT), 401, "UNAUTHORIZED", "invalid_grant");
    refused(site.with("alice", &text).get(ENDPOINT), 401, "UNAUTHORIZED", "invalid_grant");
}

#[test]
fn empty_basic_credentials_are_anonymous() {
    let (site, _) = with_alice();
    site.add_public("alice/open");
    let empty = site.as_nobody().header("Authorization", "Basic Og==");
    assert_eq!(ask(&empty, &["repository:alice/open:pull"]).granted(), "alice/open:pull");
    let issued = Issued::of(site.as_nobody().post_form(PLAIN, &password_form("", "", "repository:alice/open:pull")));
    assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("alice/open:pull", &json!("")));
}

#[test]
fn too_little_access_is_200_and_less() {
    let (site, _) = with_alice();
    let bob = site.add_robot("bob");
    for caller in [&bob, &site.as_nobody()] {
        assert_eq!(granted(caller, &["alice/app:pull,push", "carol/app:pull"]), "");
        assert_eq!(ask(caller, &["registry:catalog:*"]).granted(), "");
    }
}

#[test]
fn a_wrong_password_that_a_client_sends_again_and_again_is_one_guess() {
    let site = InProcess::start();
    site.add_user("bob");
    let guess = |password: &str| {
        let by_form = site.as_nobody().post_form(PLAIN, &password_form("bob", password, ""));
        let by_header = site.with("bob", password).get(ENDPOINT);
        (by_form.status, by_header.status)
    };
    for _ in 0..6 {
        assert_eq!(guess("wrong-password"), (401, 401));
    }
    Issued::of(site.as_user("bob").get(ENDPOINT));
    for number in 0..4 {
        assert_eq!(guess(&format!("guess-number-{number}")), (401, 401));
    }
    assert_eq!(guess("the-fifth-guess"), (401, 429), "beyond five failures");
    let locked = site.as_user("bob").get(ENDPOINT);
    let locked = refused(locked, 429, "TOO_MANY_REQUESTS", "temporarily_unavailable");
    assert!(locked.header("Retry-After").and_then(|seconds| seconds.parse::<u32>().ok()).is_some_and(|wait| wait > 0));
    let token = site.add_token("bob", &json!({}));
    Issued::of(site.with_token("bob", &token).get(ENDPOINT));
}

#[test]
fn a_body_that_cannot_be_read_is_refused_in_both_shapes() {
    let (_site, alice) = with_alice();
    let huge = format!("grant_type=password&scope={}", "x".repeat(70_000));
    refused(alice.post_form(PLAIN, &huge), 413, "REQUEST_TOO_LARGE", "invalid_request");
    for bytes in [&b"grant_type=%FF%00&scope=%"[..], b"\xff\xfe\x00&=&&=", b"&&&&"] {
        let answer = alice.send("POST", PLAIN, bytes);
        assert_eq!(answer.status, 400, "{}", answer.describe());
    }
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let (_site, alice) = with_alice();
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = alice.send(method, PLAIN, b"").must_be_refused(405, "NOT_ALLOWED");
        assert_eq!(answer.header("Allow"), Some("GET, POST"));
    }
}

// --- names and addresses come from the configuration ---

#[test]
fn no_header_changes_issuer_audience_or_realm() {
    let site = InProcess::start_with(&[("registry.issuer", "here"), ("registry.services", "registry.here")]);
    let realm = format!("Bearer realm=\"http://{}/auth/token\",service=\"registry.here\"", site.address());
    let liar = site
        .as_nobody()
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-For", "203.0.113.1")
        .header("X-Forwarded-Port", "1")
        .header("Forwarded", "host=evil.example;proto=https");
    assert_eq!(liar.get("/v2/").must_be(401).header("WWW-Authenticate"), Some(realm.as_str()));
    let claims = Issued::of(liar.get(PLAIN)).claims;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("here"), &json!("registry.here")));
    let head = "GET /v2/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = Answer::parse(head.to_owned(), &site.as_nobody().exchange(head.as_bytes(), b""));
    assert_eq!(answer.must_be(401).header("WWW-Authenticate"), Some(realm.as_str()));
}

#[test]
fn behind_a_trusted_proxy_the_realm_is_still_the_configured_address() {
    let site = InProcess::start_with(&[
        ("server.public_url", "https://registry.example:8443"),
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
    ]);
    let through = site.as_nobody().from_address("203.0.113.1").header("X-Forwarded-Host", "evil.example");
    let answer = through.get("/v2/").must_be(401);
    // On the registry's own host name a proxy leads here: no client follows a realm into another network (12).
    let expected = "Bearer realm=\"https://registry.example:8443/auth/token\",service=\"dockpass\"";
    assert_eq!(answer.header("WWW-Authenticate"), Some(expected));
}
