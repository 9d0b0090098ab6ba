//! The token endpoint as clients ask it: every form of request that a real client sends, and every answer that one of
//! them would misread. The numbers are those of the quirks that broke other token servers.

use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    issued::{ENDPOINT, Issued, TOKEN_PATH, ask, form, password_form, refused, with_alice},
};

#[test]
fn a_form_signs_in_as_containerd_and_helm_send_it() {
    let (site, _) = with_alice();
    let token = site.add_token("alice", &json!({}));
    let nobody = site.as_nobody();
    let issued =
        Issued::of(nobody.post_form(TOKEN_PATH, &password_form("alice", &token.secret, "repository:alice/app:pull")));
    assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("alice/app:pull", &json!("alice")));
    site.add_user("bob");
    let issued = Issued::of(nobody.post_form(TOKEN_PATH, &password_form("bob", PASSWORD, "")));
    assert_eq!((issued.granted().as_str(), &issued.claims["sub"]), ("", &json!("bob")));
    assert_eq!(issued.answer["scope"], "", "a form's answer always says what was granted");
}

#[test]
fn a_form_without_credentials_takes_those_of_the_header_or_is_anonymous() {
    let (site, alice) = with_alice();
    let body = form(&[("grant_type", "password"), ("service", "dockpass")]);
    assert_eq!(Issued::of(alice.post_form(TOKEN_PATH, &body)).claims["sub"], "alice");
    assert_eq!(Issued::of(site.as_nobody().post_form(TOKEN_PATH, &body)).claims["sub"], "");
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
        refused(alice.post_form(TOKEN_PATH, &body), 400, "UNSUPPORTED_GRANT_TYPE", "unsupported_grant_type");
    }
    for body in ["", "service=dockpass", "{\"grant_type\":\"password\"}"] {
        refused(alice.post_form(TOKEN_PATH, body), 400, "INVALID_PARAMETERS", "invalid_request");
    }
}

#[test]
fn no_refresh_token_is_ever_given() {
    let (_site, alice) = with_alice();
    let offline = alice.get(&format!("{ENDPOINT}&offline_token=true&access_type=offline")).must_be(200);
    assert_eq!(offline.json().get("refresh_token"), None, "docker would forget the password (17)");
    let body = form(&[("grant_type", "password"), ("service", "dockpass"), ("access_type", "offline")]);
    assert_eq!(alice.post_form(TOKEN_PATH, &body).must_be(200).json().get("refresh_token"), None);
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
    Issued::of(foreign.post_form(TOKEN_PATH, &form(&[("grant_type", "password")])));
}

#[test]
fn a_page_of_another_site_makes_no_repository() {
    let (site, alice) = with_alice();
    let push = "scope=repository:alice/new:push";
    let shown = || site.as_local().get("/api/v0/repositories/alice/new").status;
    for (name, value) in
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example")]
    {
        let foreign = alice.header(name, value);
        refused(foreign.get(&format!("{ENDPOINT}&{push}")), 403, "NOT_AUTHORIZED", "invalid_request");
        let body = form(&[("grant_type", "password"), ("scope", "repository:alice/new:push")]);
        refused(foreign.post_form(TOKEN_PATH, &body), 403, "NOT_AUTHORIZED", "invalid_request");
        assert_eq!(shown(), 404, "{name}: {value}");
    }
    ask(&alice.header("Sec-Fetch-Site", "same-origin"), &["repository:alice/new:push"]);
    assert_eq!(shown(), 200);
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
        let issued = Issued::of(nobody.get(&format!("{TOKEN_PATH}{query}")));
        assert_eq!(issued.claims["aud"], expected, "{query}");
        site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
    }
    for unknown in ["dockpass", "One.example", "two%20", "one.example,two", "../two"] {
        let answer = nobody.get(&format!("{TOKEN_PATH}?service={unknown}"));
        refused(answer, 400, "SERVICE_UNKNOWN", "invalid_request");
        let body = format!("grant_type=password&service={unknown}");
        refused(nobody.post_form(TOKEN_PATH, &body), 400, "SERVICE_UNKNOWN", "invalid_request");
    }
}

#[test]
fn an_unknown_service_makes_no_repository() {
    let (site, alice) = with_alice();
    alice
        .get(&format!("{TOKEN_PATH}?service=other&scope=repository:alice/new:push"))
        .must_be_refused(400, "SERVICE_UNKNOWN");
    site.as_local().get("/api/v0/repositories/alice/new").must_be(404);
}

#[test]
fn a_body_that_cannot_be_read_is_refused_in_both_shapes() {
    let (_site, alice) = with_alice();
    let huge = format!("grant_type=password&scope={}", "x".repeat(640_001));
    refused(alice.post_form(TOKEN_PATH, &huge), 413, "REQUEST_TOO_LARGE", "invalid_request");
    for bytes in [&b"grant_type=%FF%00&scope=%"[..], b"\xff\xfe\x00&=&&=", b"&&&&"] {
        let answer = alice.send("POST", TOKEN_PATH, bytes);
        assert_eq!(answer.status, 400, "{}", answer.describe());
    }
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let (_site, alice) = with_alice();
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = alice.send(method, TOKEN_PATH, b"").must_be_refused(405, "NOT_ALLOWED");
        assert_eq!(answer.header("Allow"), Some("GET, POST, HEAD, OPTIONS"));
    }
}
