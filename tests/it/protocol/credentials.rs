//! Credentials at the token endpoint: good ones are believed, bad ones are 401 and never an anonymous token; and no
//! header of a request changes names and addresses. The numbers are those of the quirks that broke other token servers.

use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    issued::{ENDPOINT, Issued, TOKEN_PATH, ask, granted, password_form, refused, with_alice},
};

#[test]
fn bad_credentials_are_401_and_never_an_anonymous_token() {
    let (site, _) = with_alice();
    site.add_user("bob");
    site.add_service("robot");
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
        // It has no password at all.
        ("robot", "wrong-password"),
        ("robot", ""),
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
        refused(site.as_nobody().post_form(TOKEN_PATH, &body), 401, "UNAUTHORIZED", "invalid_grant");
        // Signing in and asking for nothing is what docker login does.
        refused(site.with(user, secret).get(TOKEN_PATH), 401, "UNAUTHORIZED", "invalid_grant");
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
    let issued =
        Issued::of(site.as_nobody().post_form(TOKEN_PATH, &password_form("", "", "repository:alice/open:pull")));
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
        let by_form = site.as_nobody().post_form(TOKEN_PATH, &password_form("bob", password, ""));
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

// --- names and addresses come from the configuration (12) ---

#[test]
fn no_header_changes_issuer_audience_or_realm() {
    let site = InProcess::start_with(&[("registry.issuer", "here"), ("registry.services", "registry.here")]);
    let realm =
        format!("Bearer realm=\"http://localhost:{}/auth/token\",service=\"registry.here\"", site.address().port());
    let liar = site
        .as_nobody()
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-For", "203.0.113.1")
        .header("X-Forwarded-Port", "1")
        .header("Forwarded", "host=evil.example;proto=https");
    assert_eq!(liar.get("/v2/").must_be(401).header("WWW-Authenticate"), Some(realm.as_str()));
    let claims = Issued::of(liar.get(TOKEN_PATH)).claims;
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

/// Whether dockpass takes a registry token that it is shown.
fn is_taken(site: &InProcess, issued: &Issued) -> bool {
    let answer = site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/");
    assert!([200, 401].contains(&answer.status), "{}", answer.describe());
    answer.status == 200
}

#[test]
fn a_new_password_ends_the_registry_tokens_that_were_made_with_the_old_one() {
    let (site, by_token) = with_alice();
    site.add_user("bob");
    let issued = ask(&site.as_user("bob"), &[]);
    let of_alice = ask(&by_token, &[]);
    assert_eq!(issued.claims["dkp"]["generation"], json!(0));
    assert!(is_taken(&site, &issued));
    let set = |new: &str| {
        let path = "/enzi/v0/accounts/bob/changePassword";
        site.as_local().post(path, &json!({ "newPassword": new })).must_be(200);
    };
    set("another-long-password");
    assert!(!is_taken(&site, &issued), "it was made with the old password");
    let again = ask(&site.with("bob", "another-long-password"), &[]);
    assert_eq!(again.claims["dkp"]["generation"], json!(1));
    assert!(is_taken(&site, &again));
    // The same password once more is a new one all the same; and nothing is forgotten by a restart.
    set("another-long-password");
    let site = site.restart();
    assert!(!is_taken(&site, &again));
    assert!(is_taken(&site, &of_alice), "others go on");
}

#[test]
fn a_new_secret_ends_the_registry_tokens_that_were_made_with_the_old_one_and_so_does_the_end_of_an_overlap() {
    let (site, _) = with_alice();
    let token = site.add_token("alice", &json!({}));
    let rotate = |hash: &str, overlap: i64| {
        let path = format!("/api/v0/api_tokens/{hash}/rotate");
        crate::support::exe::AccessToken::of(
            &site.as_local().post(&path, &json!({ "overlap": overlap })).must_be(200).json(),
        )
    };
    let first = ask(&site.with_token("alice", &token), &[]);
    let second = rotate(&token.hash, 60);
    let by_second = ask(&site.with_token("alice", &second), &[]);
    let by_first = ask(&site.with_token("alice", &token), &[]);
    assert_eq!((&by_first.claims["dkp"]["generation"], &by_second.claims["dkp"]["generation"]), (&json!(0), &json!(1)));
    assert!([&first, &by_first, &by_second].iter().all(|issued| is_taken(&site, issued)), "both secrets live");
    site.pass(60);
    assert!(!is_taken(&site, &first) && !is_taken(&site, &by_first), "the overlap has ended");
    assert!(is_taken(&site, &by_second));
    let third = rotate(&second.hash, 0);
    assert!(!is_taken(&site, &by_second), "without an overlap it ends at once");
    assert!(is_taken(&site, &ask(&site.with_token("alice", &third), &[])));
}
