//! Sessions of the web pages: how one is opened, what it opens, from which sites it may write, and what ends it.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    http::Answer,
    issued::Issued,
    site::{Caller, DAY, HOUR, account_path, token_path},
};

const SESSION: &str = "/api/v0/session";

/// A browser on a page of this server.
fn browser(site: &InProcess) -> Caller {
    site.as_nobody().header("Sec-Fetch-Site", "same-origin")
}

fn sign_in(site: &InProcess, name: &str, secret: &str) -> Answer {
    browser(site).post(SESSION, &json!({ "username": name, "password": secret }))
}

/// The `name=value` of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.describe()));
    set.split(';').next().expect("its value").to_owned()
}

/// A browser that has signed in.
fn signed_in(site: &InProcess, name: &str, secret: &str) -> Caller {
    let answer = sign_in(site, name, secret).must_be(200);
    browser(site).header("Cookie", &cookie(&answer))
}

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

#[test]
fn a_session_is_opened_viewed_and_closed() {
    let site = with_alice();
    let opened = sign_in(&site, "alice", PASSWORD).must_be(200);
    let expected = json!({
        "username": "alice", "fullName": "", "isAdmin": false, "credential": "password", "accessLevel": "admin",
        "repositories": [], "expiresAt": site.in_time(12 * HOUR), "setPassword": true, "tokenDefaultLifetime": null,
        "tokenMaxLifetime": null, "registryHost": null, "revokedTokens": [], "endingTokens": [],
        "newAddresses": [], "immutableTagsHold": false,
    });
    assert_eq!(opened.json(), expected, "made by an administrator, so a new password is asked for");
    let set = opened.header("set-cookie").expect("a cookie").to_owned();
    let parts = ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"];
    assert!(parts.iter().all(|part| set.contains(part)) && !set.contains("Secure"), "{set}");
    let alice = browser(&site).header("Cookie", &cookie(&opened));
    assert_eq!(alice.get(SESSION).must_be(200).json(), expected);
    alice.get("/api/v0/api_tokens").must_be(200);
    let closed = alice.delete(SESSION).must_be(204);
    assert!(closed.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")), "{}", closed.describe());
    alice.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    alice.get("/api/v0/api_tokens").must_be(401);
    browser(&site).delete(SESSION).must_be(401);
}

#[test]
fn with_https_the_cookie_is_for_this_host_and_tls_alone() {
    let site = InProcess::start_with(&[
        ("server.public_url", "https://pass.example.com"),
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
    ]);
    let set = sign_in(&site, "admin", PASSWORD).must_be(200).header("set-cookie").expect("a cookie").to_owned();
    assert!(set.starts_with("__Host-dockpass=") && set.contains("Secure") && !set.contains("Domain"), "{set}");
}

#[test]
fn wrong_credentials_open_none_and_do_not_tell_what_is_wrong() {
    let site = with_alice();
    let wrong = sign_in(&site, "alice", "not-the-password").must_be_refused(401, "NOT_AUTHENTICATED");
    let nobody = sign_in(&site, "nobody", "not-the-password").must_be_refused(401, "NOT_AUTHENTICATED");
    assert_eq!(wrong.json(), nobody.json());
    assert!(wrong.header("set-cookie").is_none() && wrong.header("www-authenticate").is_none());
    sign_in(&site, "", "").must_be(401);
    site.as_nobody().post(SESSION, &json!({ "username": "alice" })).must_be_refused(400, "INVALID_PARAMETERS");
    let local = site.as_local().post(SESSION, &json!({ "username": "alice", "password": PASSWORD }));
    local.must_be_refused(401, "NOT_AUTHENTICATED");
    for number in 0..6 {
        sign_in(&site, "alice", &format!("guess-number-{number}"));
    }
    let waits = sign_in(&site, "alice", "another-guess").must_be_refused(429, "TOO_MANY_REQUESTS");
    assert!(waits.header("retry-after").is_some(), "{}", waits.describe());
}

#[test]
fn another_site_neither_signs_in_nor_writes() {
    let site = with_alice();
    let body = json!({ "username": "alice", "password": PASSWORD });
    let cookie = cookie(&sign_in(&site, "alice", PASSWORD));
    let own = format!("http://{}", site.address());
    for foreign in ["cross-site", "same-site", "none", ""] {
        let other = site.as_nobody().header("Sec-Fetch-Site", foreign);
        other.post(SESSION, &body).must_be_refused(403, "NOT_AUTHORIZED");
        let other = other.header("Cookie", &cookie).header("Origin", &own);
        other.post("/api/v0/api_tokens", &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
        other.delete(SESSION).must_be_refused(403, "NOT_AUTHORIZED");
    }
    // An old browser that does not send `Sec-Fetch-Site` still sends the origin.
    let old = site.as_nobody().header("Cookie", &cookie);
    old.post("/api/v0/api_tokens", &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
    for origin in ["https://evil.example", "null", &format!("{own}.evil.example"), &own.replace("http:", "https:")] {
        old.header("Origin", origin).post("/api/v0/api_tokens", &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
        site.as_nobody().header("Origin", origin).post(SESSION, &body).must_be_refused(403, "NOT_AUTHORIZED");
    }
    old.header("Origin", &own).post("/api/v0/api_tokens", &json!({})).must_be(200);
    site.as_nobody().header("Origin", &own).post(SESSION, &body).must_be(200);
    let tokens = site.as_local().get("/api/v0/api_tokens?username=alice").must_be(200).json();
    assert_eq!(tokens.as_array().map(Vec::len), Some(1), "refused writes had no effect");
}

#[test]
fn the_cookie_opens_the_api_and_nothing_else() {
    let site = with_alice();
    let alice = signed_in(&site, "alice", PASSWORD);
    alice.get("/enzi/v0/accounts/alice").must_be(200);
    alice.get("/v2/_catalog").must_be(401);
    alice.get("/v2/").must_be(401);
    let anonymous = Issued::of(alice.get("/auth/token?scope=repository:alice/app:pull"));
    assert_eq!(anonymous.claims["sub"], "", "a session gets no registry token");
    // What a request says itself counts, not the cookie.
    alice.header("Authorization", "Basic bm9ib2R5Om5vdGhpbmc=").get(SESSION).must_be(401);
    for value in ["dockpass=", "dockpass=x", "other=1", &"dockpass=a".repeat(500)] {
        browser(&site).header("Cookie", value).get(SESSION).must_be(401);
    }
}

#[test]
fn a_session_ends_without_use_and_after_a_week() {
    let site = with_alice();
    let idle = signed_in(&site, "alice", PASSWORD);
    site.pass(12 * HOUR - 1);
    idle.get(SESSION).must_be(200);
    site.pass(12 * HOUR - 1);
    idle.get(SESSION).must_be(200);
    site.pass(12 * HOUR);
    idle.get(SESSION).must_be(401);
    let busy = signed_in(&site, "alice", PASSWORD);
    for _ in 0..14 {
        site.pass(12 * HOUR - 1);
        busy.get(SESSION).must_be(200);
    }
    let last = busy.get(SESSION).must_be(200).text("/expiresAt");
    assert_eq!(last, site.in_time(7 * DAY - 14 * (12 * HOUR - 1)), "seven days from its beginning");
    site.pass(14);
    busy.get(SESSION).must_be(401);
}

#[test]
fn what_it_was_opened_with_ends_it() {
    let site = with_alice();
    let by_password = signed_in(&site, "alice", PASSWORD);
    let token = |body: Value| site.add_token("alice", &body);
    let (rotated, stopped, deleted) = (token(json!({})), token(json!({})), token(json!({})));
    let ending = token(json!({ "expiresAt": site.in_time(HOUR) }));
    let by = |token: &AccessToken| signed_in(&site, "alice", &token.secret);
    let sessions = [by(&rotated), by(&stopped), by(&deleted), by(&ending)];
    for session in &sessions {
        assert_eq!(session.get(SESSION).must_be(200).text("/credential"), "accessToken");
    }
    assert_eq!(sessions[3].get(SESSION).must_be(200).text("/expiresAt"), site.in_time(HOUR));
    let path = |token: &AccessToken| format!("/api/v0/api_tokens/{}", token.hash);
    site.as_local().post(&format!("{}/rotate", path(&rotated)), &json!({})).must_be(200);
    site.as_local().patch(&path(&stopped), &json!({ "isActive": false })).must_be(200);
    site.as_local().delete(&path(&deleted)).must_be(200);
    site.pass(HOUR);
    for session in &sessions {
        session.get(SESSION).must_be(401);
    }
    by_password.get(SESSION).must_be(200);
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "another-violet-43" });
    by_password.post("/enzi/v0/accounts/alice/changePassword", &change).must_be(200);
    by_password.get(SESSION).must_be(401);
    let again = signed_in(&site, "alice", "another-violet-43");
    assert_eq!(again.get(SESSION).must_be(200).json()["setPassword"], false);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": false })).must_be(200);
    again.get(SESSION).must_be(401);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": true })).must_be(200);
    again.get(SESSION).must_be(401);
    let last = cookie(&sign_in(&site, "alice", "another-violet-43").must_be(200));
    let site = site.restart();
    browser(&site).header("Cookie", &last).get(SESSION).must_be(401);
}

#[test]
fn a_session_of_a_capped_token_is_as_capped() {
    let site = with_alice();
    site.add_repository("alice/app");
    let token = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let session = signed_in(&site, "alice", &token.secret);
    assert_eq!(session.get(SESSION).must_be(200).text("/accessLevel"), "read-only");
    session.get("/api/v0/repositories/alice/app").must_be(200);
    session.patch("/api/v0/repositories/alice/app", &json!({ "visibility": "public" })).must_be(403);
    let listed = session.get("/api/v0/api_tokens").must_be(200).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "itself alone");
    let narrow = site.add_token("alice", &json!({ "repositories": ["alice/app", "acme/*"] }));
    let shown = signed_in(&site, "alice", &narrow.secret).get(SESSION).must_be(200).json();
    assert_eq!([&shown["accessLevel"], &shown["repositories"]], [&json!("admin"), &json!(["alice/app", "acme/*"])]);
}

#[test]
fn a_temporary_password_leads_to_a_new_one() {
    let site = with_alice();
    let temporary = site.add_token("alice", &json!({ "temporaryPassword": true }));
    let session = signed_in(&site, "alice", &temporary.secret);
    assert_eq!(session.get(SESSION).must_be(200).json()["setPassword"], true);
    let change = json!({ "newPassword": "another-violet-43" });
    session.post("/enzi/v0/accounts/alice/changePassword", &change).must_be(200);
    session.get(SESSION).must_be(401);
    sign_in(&site, "alice", "another-violet-43").must_be(200);
}

#[test]
fn a_deactivation_ends_a_session_for_good_used_in_between_or_not() {
    let site = with_alice();
    let maker = site.add_token("alice", &json!({}));
    let made = site.with_token("alice", &maker).post("/api/v0/api_tokens", &json!({})).must_be(200);
    let made = AccessToken::of(&made.json());
    let with = |secret: &str| signed_in(&site, "alice", secret);
    let (by_password, by_maker, by_made) = (with(PASSWORD), with(&maker.secret), with(&made.secret));
    let switch = |path: &str| {
        for is_active in [false, true] {
            site.as_local().patch(path, &json!({ "isActive": is_active })).must_be(200);
        }
    };
    let are_open =
        || [&by_password, &by_maker, &by_made].map(|it| it.get(SESSION).must_be_one_of(&[200, 401]).status == 200);
    switch(&token_path(&made));
    assert_eq!(are_open(), [true, true, false]);
    let by_made = with(&made.secret);
    switch(&token_path(&maker));
    by_made.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    assert_eq!(are_open(), [true, false, false]);
    let again = with(&maker.secret);
    switch(&account_path("alice"));
    again.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    assert_eq!(are_open(), [false, false, false]);
}

#[test]
fn a_session_of_a_replaced_secret_ends_with_what_that_was_made_with_and_with_no_other_owners() {
    let site = with_alice();
    let made_by = |caller: &Caller, path: &str| AccessToken::of(&caller.post(path, &json!({})).must_be(200).json());
    let (maker, rotator) = (site.add_token("alice", &json!({})), site.add_token("alice", &json!({})));
    let made = made_by(&site.with_token("alice", &maker), "/api/v0/api_tokens");
    let before = signed_in(&site, "alice", &made.secret);
    let rotate = site.with_token("alice", &rotator);
    let path = format!("{}/rotate", token_path(&made));
    let new = AccessToken::of(&rotate.post(&path, &json!({ "overlap": DAY })).must_be(200).json());
    let (replaced, present) = (signed_in(&site, "alice", &made.secret), signed_in(&site, "alice", &new.secret));
    let switch = |token: &AccessToken| {
        for is_active in [false, true] {
            site.as_local().patch(&token_path(token), &json!({ "isActive": is_active })).must_be(200);
        }
    };
    switch(&maker);
    for session in [&before, &replaced] {
        session.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    present.get(SESSION).must_be(200);
    let replaced = signed_in(&site, "alice", &made.secret);
    switch(&rotator);
    for session in [&replaced, &present] {
        session.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    // What another account made goes on without its maker, and so do its sessions.
    let of_admin = site.add_token("admin", &json!({}));
    let given = made_by(&site.with_token("admin", &of_admin), "/api/v0/api_tokens?username=alice");
    let session = signed_in(&site, "alice", &given.secret);
    switch(&of_admin);
    session.get(SESSION).must_be(200);
}

#[test]
fn an_access_token_signs_nobody_out_who_signed_in_with_another_credential() {
    let site = with_alice();
    let [narrow, other] = ["read-only", "admin"].map(|level| site.add_token("alice", &json!({ "accessLevel": level })));
    let (by_password, by_other) = (signed_in(&site, "alice", PASSWORD), signed_in(&site, "alice", &other.secret));
    let first = signed_in(&site, "alice", &narrow.secret);
    site.pass(1);
    for _ in 0..51 {
        sign_in(&site, "alice", &narrow.secret).must_be(200);
    }
    first.get(SESSION).must_be(401);
    by_password.get(SESSION).must_be(200);
    by_other.get(SESSION).must_be(200);
}

#[test]
fn a_credential_has_fifty_sessions_and_the_one_unused_for_longest_makes_room() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let first = signed_in(&site, "alice", &token.secret);
    site.pass(1);
    let second = signed_in(&site, "alice", &token.secret);
    site.pass(1);
    first.get(SESSION).must_be(200);
    site.pass(1);
    for _ in 0..49 {
        sign_in(&site, "alice", &token.secret).must_be(200);
    }
    first.get(SESSION).must_be(200);
    second.get(SESSION).must_be(401);
}

#[test]
fn sign_ins_are_recorded_with_what_they_used() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    sign_in(&site, "alice", &token.secret).must_be(200);
    let session = signed_in(&site, "alice", PASSWORD);
    session.post("/api/v0/api_tokens", &json!({ "tokenLabel": "made in a session" })).must_be(200);
    let site = site.restart();
    let records = site.as_local().get("/api/v0/audit?action=session.open").must_be(200).json();
    let credentials = |record: usize| records["records"][record]["credential"].as_str().unwrap_or_default().to_owned();
    let mut credentials = [credentials(0), credentials(1)];
    credentials.sort();
    assert!(credentials[0].starts_with("accessToken:") && credentials[1] == "password", "{records}");
    let made = site.as_local().get("/api/v0/audit?action=token.create&actor=alice").must_be(200).json();
    assert_eq!(made["records"][0]["credential"], "session", "{made}");
}

#[test]
fn a_clock_that_jumps_ends_no_session_and_keeps_none_alive() {
    const TEN_YEARS: i64 = 3_653 * DAY;
    let site = with_alice();
    let alice = signed_in(&site, "alice", PASSWORD);
    for jump in [-TEN_YEARS, TEN_YEARS, TEN_YEARS, -TEN_YEARS] {
        site.set_date(jump);
        let session = alice.get(SESSION).must_be(200);
        assert_eq!(session.text("/expiresAt"), site.in_time(12 * HOUR), "the date as it is said now");
    }
    site.set_date(-TEN_YEARS);
    site.pass(12 * HOUR);
    alice.get(SESSION).must_be(401);
}
