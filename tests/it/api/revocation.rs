//! Whoever holds an access token may end it for good, and its owner may ask which it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    http::Answer,
    issued::Issued,
    site::{Caller, DAY, HOUR, MINUTE, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const IDENTIFY: &str = "/api/v0/api_tokens/identify";
const REVOKE: &str = "/api/v0/api_tokens/revoke";
const SESSION: &str = "/api/v0/session";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn revoke(caller: &Caller, texts: &[&str]) -> Answer {
    caller.post(REVOKE, &json!({ "tokens": texts }))
}

fn identify(caller: &Caller, text: &str) -> Answer {
    caller.post(IDENTIFY, &json!({ "token": text }))
}

fn works(site: &InProcess, token: &AccessToken) -> bool {
    site.with_token("alice", token).get("/api/v0/repositories").must_be_one_of(&[200, 401]).status == 200
}

fn shown(site: &InProcess, token: &AccessToken) -> Value {
    site.as_local().get(&token_path(token)).must_be(200).json()
}

fn rotated(caller: &Caller, token: &AccessToken, body: &Value) -> AccessToken {
    AccessToken::of(&caller.post(&format!("{}/rotate", token_path(token)), body).must_be(200).json())
}

/// A text whose check digits are right, and that never was an access token.
fn never_one() -> String {
    dockpass::domain::secret::TokenText::from_random([7; 32]).reveal().to_owned()
}

// --- revoking ---

#[test]
fn what_a_stranger_revokes_is_over_for_good() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    let child = AccessToken::of(&site.with_token("alice", &token).post(TOKENS, &json!({})).must_be(200).json());
    let other = site.add_token("alice", &json!({}));
    let issued = Issued::of(site.with_token("alice", &token).get("/auth/token?service=dockpass"));
    let bearer = site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text));
    bearer.get("/v2/").must_be(200);
    let ended = revoke(&site.as_nobody(), &[&token.secret]).must_be(202);
    assert_eq!(ended.body, "");
    assert!(!works(&site, &token) && !works(&site, &child) && works(&site, &other));
    bearer.get("/v2/").must_be(401);
    let record = shown(&site, &token);
    assert_eq!((&record["state"], &record["isActive"]), (&json!("revoked"), &json!(false)), "{record}");
    assert_eq!((&record["revokedAt"], &record["revokedFrom"]), (&json!(site.in_time(0)), &json!("127.0.0.1")));
    let reason = record["stateReason"].as_str().expect("a reason");
    assert!(reason.starts_with("whoever held it ended it for good on "), "{reason}");
    assert_eq!(shown(&site, &child)["stateReason"], "the access token `laptop`, which made it, was revoked");
    // Neither its owner nor an administrator brings it back.
    for caller in [site.as_user("alice"), site.as_admin(), site.as_local()] {
        let refused = caller.patch(&token_path(&token), &json!({ "isActive": true, "tokenLabel": "again" }));
        refused.must_be_refused(409, "API_TOKEN_REVOKED");
        for body in [json!({}), json!({ "renew": true }), json!({ "overlap": 60 })] {
            let refused = caller.post(&format!("{}/rotate", token_path(&token)), &body);
            refused.must_be_refused(409, "API_TOKEN_REVOKED");
        }
        caller.patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    }
    assert_eq!(shown(&site, &token)["tokenLabel"], "laptop");
    site.as_user("alice").patch(&token_path(&token), &json!({ "tokenLabel": "was on the laptop" })).must_be(200);
    let site = site.restart();
    assert!(!works(&site, &token) && !works(&site, &child) && works(&site, &other));
    assert_eq!(shown(&site, &token)["revokedAt"], record["revokedAt"]);
    site.as_user("alice").delete(&token_path(&token)).must_be(200);
}

#[test]
fn one_that_rests_or_has_expired_is_revoked_as_well() {
    let site = with_alice();
    let off = site.add_token("alice", &json!({}));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    let expired = site.add_token("alice", &json!({ "expiresAt": site.in_time(HOUR) }));
    site.pass(DAY);
    revoke(&site.as_nobody(), &[&off.secret, &expired.secret]).must_be(202);
    for token in [&off, &expired] {
        assert_eq!(shown(&site, token)["state"], "revoked");
    }
    site.as_local().patch(&token_path(&off), &json!({ "isActive": true })).must_be_refused(409, "API_TOKEN_REVOKED");
    let list = site.as_user("alice").get(&format!("{TOKENS}?state=revoked")).must_be(200).json();
    assert_eq!(list.as_array().expect("a list").len(), 2);
}

#[test]
fn the_answer_tells_nobody_which_texts_were_access_tokens() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let never = never_one();
    let slip = format!("{}x", &token.secret[..52]);
    let texts = [&[][..], &[never.as_str()], &["", "alice", PASSWORD, slip.as_str(), &token.hash], &[&token.secret]];
    let answers: Vec<Answer> = texts.iter().map(|texts| revoke(&site.as_nobody(), texts).must_be(202)).collect();
    let heads: BTreeSet<String> = answers.iter().map(|answer| format!("{} {}", answer.status, answer.body)).collect();
    assert_eq!(heads, BTreeSet::from(["202 ".to_owned()]));
    assert!(!works(&site, &token));
    let records = site.audit("action=token.revoke");
    assert_eq!(records.len(), 1, "{records:?}");
    // Once more: nothing is done twice.
    revoke(&site.as_nobody(), &[&token.secret, &token.secret]).must_be(202);
    assert_eq!(site.audit("action=token.revoke").len(), 1);
    let record = &records[0];
    assert_eq!((&record["actor"], &record["address"]), (&json!("anonymous"), &json!("127.0.0.1")), "{record}");
    assert_eq!(record["accessToken"]["owner"], "alice");
    // Nobody pasted the line end away.
    let other = site.add_token("alice", &json!({}));
    revoke(&site.as_nobody(), &[&format!(" {}\r\n", other.secret)]).must_be(202);
    assert!(!works(&site, &other));
}

#[test]
fn an_old_secret_ends_alone() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let new = rotated(&site.as_user("alice"), &old, &json!({ "overlap": HOUR }));
    assert!(works(&site, &old) && works(&site, &new));
    revoke(&site.as_nobody(), &[&old.secret]).must_be(202);
    assert!(!works(&site, &old) && works(&site, &new));
    let record = shown(&site, &new);
    assert_eq!((&record["state"], &record["revokedAt"]), (&json!("active"), &Value::Null));
    let ended = site.audit("action=token.endOverlap");
    assert_eq!((ended.len(), &ended[0]["actor"]), (1, &json!("anonymous")), "{ended:?}");
    assert_eq!(site.audit("action=token.revoke"), Vec::<Value>::new());
    // One that is over already is nothing any more.
    let newest = rotated(&site.as_user("alice"), &new, &json!({}));
    revoke(&site.as_nobody(), &[&old.secret, &new.secret]).must_be(202);
    assert!(works(&site, &newest));
    // Both at once: the access token ends.
    let last = rotated(&site.as_user("alice"), &newest, &json!({ "overlap": HOUR }));
    revoke(&site.as_nobody(), &[&last.secret, &newest.secret]).must_be(202);
    assert!(!works(&site, &newest) && !works(&site, &last));
}

#[test]
fn a_rotation_is_not_repeated_with_a_secret_that_was_revoked() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let job = site.with_token("alice", &old).header("Idempotency-Key", "0f9d3c52-7a41-4a8e-9b1c-2d6f0e5a7c33");
    let new = rotated(&job, &old, &json!({}));
    revoke(&site.as_nobody(), &[&old.secret]).must_be(202);
    job.post(&format!("{}/rotate", token_path(&old)), &json!({})).must_be(401);
    assert!(works(&site, &new));
}

#[test]
fn sessions_of_a_revoked_one_end() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
    let opened = browser.post(SESSION, &json!({ "username": "alice", "password": token.secret })).must_be(200);
    let cookie = opened.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
    let browser = browser.header("Cookie", &cookie);
    browser.get(SESSION).must_be(200);
    revoke(&site.as_nobody(), &[&token.secret]).must_be(202);
    browser.get(SESSION).must_be(401);
}

#[test]
fn its_owner_is_told_at_each_sign_in_until_it_is_deleted() {
    let site = with_alice();
    site.add_user("bob");
    let token = site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    revoke(&site.as_nobody(), &[&token.secret]).must_be(202);
    let ended_at = site.in_time(0);
    site.pass(DAY);
    let told = |user: &str, secret: &str| {
        let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
        let opened = browser.post(SESSION, &json!({ "username": user, "password": secret })).must_be(200);
        opened.json()["revokedTokens"].clone()
    };
    let expected = json!([{
        "id": token.id, "hashedToken": token.hash, "username": "alice", "tokenLabel": "laptop", "revokedAt": ended_at,
        "revokedFrom": "127.0.0.1",
    }]);
    assert_eq!(told("alice", PASSWORD), expected);
    assert_eq!(told("alice", PASSWORD), expected, "once more");
    assert_eq!((told("bob", PASSWORD), told("alice", &narrow.secret)), (json!([]), json!([])));
    site.as_user("alice").delete(&token_path(&token)).must_be(200);
    assert_eq!(told("alice", PASSWORD), json!([]));
}

#[test]
fn so_many_texts_and_so_many_requests_of_one_source() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let stranger = site.as_nobody();
    let many: Vec<String> = (0..100).map(|_| never_one()).collect();
    let texts: Vec<&str> = many.iter().map(String::as_str).collect();
    revoke(&stranger, &[&texts[..99], &[&token.secret]].concat()).must_be(202);
    assert!(!works(&site, &token));
    let other = site.add_token("alice", &json!({}));
    let refused =
        revoke(&stranger, &[&texts[..], &[&other.secret]].concat()).must_be_refused(400, "INVALID_PARAMETERS");
    assert!(!refused.body.contains("dkp_") && works(&site, &other), "{}", refused.describe());
    // Two were counted.
    (2..60).for_each(|_| drop(revoke(&stranger, &[]).must_be(202)));
    let refused = revoke(&stranger, &[&other.secret]).must_be_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(works(&site, &other));
    // Whoever signs in is counted there, too; the socket is not.
    revoke(&site.as_user("alice"), &[&other.secret]).must_be(429);
    revoke(&site.as_local(), &[&other.secret]).must_be(202);
    assert!(!works(&site, &other));
    assert_eq!(shown(&site, &other)["revokedFrom"], Value::Null);
    site.pass(MINUTE);
    revoke(&stranger, &[]).must_be(202);
}

#[test]
fn a_body_that_makes_no_sense_is_refused_without_being_repeated() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    site.watch_log_for(&token.secret);
    let text = &token.secret;
    let bodies =
        [json!({}), json!({ "tokens": text }), json!({ "tokens": [{ "token": text }] }), json!({ "token": [text] })];
    for body in bodies.into_iter().chain([json!([text]), json!({ "tokens": null }), json!({ "tokens": [7] })]) {
        let refused = site.as_nobody().post(REVOKE, &body).must_be(400);
        assert!(!refused.body.contains("dkp_"), "{}", refused.describe());
        let refused = identify(&site.as_user("alice"), "").must_be(400);
        assert!(!refused.body.contains("dkp_"), "{}", refused.describe());
        site.as_user("alice").post(IDENTIFY, &body).must_be(400);
    }
    let json = site.as_nobody().header("Content-Type", "application/json");
    let cut = format!("{{\"tokens\":[\"{text}\"");
    assert!(!json.send("POST", REVOKE, cut.as_bytes()).must_be(400).body.contains("dkp_"));
    // A page of another site sends none, and reads no answer.
    let foreign = site.as_nobody().header("Origin", "https://evil.example");
    let refused = revoke(&foreign, &[text]).must_be_refused(403, "NOT_AUTHORIZED");
    assert_eq!(refused.header("access-control-allow-origin"), None);
    assert!(works(&site, &token) && !site.log_held_what_was_watched());
}

// --- asking ---

#[test]
fn its_owner_and_administrators_learn_which_it_is() {
    let site = with_alice();
    site.add_user("bob");
    let token = site.add_token("alice", &json!({ "tokenLabel": "laptop", "accessLevel": "read-write" }));
    assert!(works(&site, &token));
    for caller in [site.as_user("alice"), site.as_admin(), site.as_local(), site.with_token("alice", &token)] {
        let found = identify(&caller, &token.secret).must_be(200);
        let json = found.json();
        assert_eq!((&json["secret"], &json["secretUntil"]), (&json!("present"), &Value::Null));
        assert_eq!(
            (&json["username"], &json["tokenLabel"], &json["id"]),
            (&json!("alice"), &json!("laptop"), &json!(token.id))
        );
        assert_eq!((&json["state"], &json["lastUsedIp"]), (&json!("active"), &json!("127.0.0.1")));
        assert!(!found.body.contains("dkp_"), "{}", found.describe());
    }
    let pasted = format!("\t{}\n", token.secret);
    identify(&site.as_user("alice"), &pasted).must_be(200);
    let new = rotated(&site.as_user("alice"), &token, &json!({ "overlap": HOUR }));
    let which = |secret: &str| {
        let found = identify(&site.as_user("alice"), secret).must_be(200).json();
        (found["secret"].clone(), found["secretUntil"].clone(), found["hashedToken"].clone())
    };
    assert_eq!(which(&token.secret), (json!("replaced"), json!(site.in_time(HOUR)), json!(new.hash)));
    assert_eq!(which(&new.secret), (json!("present"), Value::Null, json!(new.hash)));
    // The old one may ask, too: that changes nothing.
    identify(&site.with_token("alice", &token), &token.secret).must_be(200);
    site.pass(HOUR);
    assert_eq!(which(&token.secret), (json!("ended"), Value::Null, json!(new.hash)));
    let ending = site.add_token("alice", &json!({ "expiresAt": site.in_time(DAY) }));
    assert_eq!(which(&ending.secret).1, json!(site.in_time(DAY)));
    revoke(&site.as_nobody(), &[&ending.secret]).must_be(202);
    assert_eq!(identify(&site.as_user("alice"), &ending.secret).must_be(200).text("/state"), "revoked");
}

#[test]
fn anothers_is_as_if_it_never_was() {
    let site = with_alice();
    site.add_user("bob");
    let token = site.add_token("alice", &json!({}));
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let never = never_one();
    let hash = dockpass::domain::secret::TokenText::parse(&never).expect("one").hash().to_string();
    let without_name = |answer: Answer, hash: &str| answer.body.replace(hash, "HASH");
    for caller in [site.as_user("bob"), site.with_token("alice", &narrow)] {
        let of_alice = identify(&caller, &token.secret).must_be_refused(404, "NO_SUCH_API_TOKEN");
        let of_nobody = identify(&caller, &never).must_be_refused(404, "NO_SUCH_API_TOKEN");
        assert_eq!(without_name(of_alice, &token.hash), without_name(of_nobody, &hash));
    }
    identify(&site.with_token("alice", &narrow), &narrow.secret).must_be(200);
    identify(&site.as_nobody(), &token.secret).must_be(401);
    for slip in [&token.secret[..52], &format!("{}0", &token.secret[..52]), "alice", "dkp_"] {
        identify(&site.as_user("bob"), slip).must_be_one_of(&[400, 404]);
    }
}

// --- secrets in the wrong place ---

/// Bodies that have a secret where none belongs.
fn misplaced(secret: &str) -> Vec<String> {
    let name = format!("\"{secret}\"");
    let long = format!("\"{}{secret}\"", "x".repeat(30));
    let deep = format!("{}{name}{}", "[".repeat(200), "]".repeat(200));
    let mut bodies = vec![
        secret.to_owned(),
        name.clone(),
        format!("[{name}]"),
        format!("{{{name}:1}}"),
        format!("{{{name}:{name}}}"),
        format!("{{{name}:1,{name}:2}}"),
        format!("{{{long}:1}}"),
        format!("{{{long}:1,{long}:2}}"),
        format!("{{\"{secret}{secret}\":1}}"),
        format!("{{\"token\":[],{name}:{{}}}}"),
        format!("{{{name}"),
        deep.clone(),
    ];
    for field in ["token", "tokens", "tokenLabel", "isActive", "expiresAt"] {
        let values = [
            format!("[{{{name}:{name}}}]"),
            format!("[[{name}]]"),
            format!("[{name},7]"),
            format!("{{{name}:1}}"),
            format!("{name},\"{field}\":{name}"),
            format!("{name},{name}:1"),
            format!("{name}x"),
            secret.to_owned(),
            deep.clone(),
        ];
        bodies.extend(values.map(|value| format!("{{\"{field}\":{value}}}")));
    }
    bodies
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let site = with_alice();
    let (alice, nobody) = (site.as_user("alice"), site.as_nobody());
    let secret = never_one();
    let path = token_path(&site.add_token("alice", &json!({})));
    let parts: Vec<&str> = (4..secret.len() - 8).map(|place| &secret[place..place + 8]).collect();
    for body in misplaced(&secret) {
        let rotate = format!("{path}/rotate");
        let posts = [IDENTIFY, TOKENS, &rotate, "/api/v0/repositories/alice"].map(|path| (&alice, "POST", path));
        let others = [(&alice, "POST", REVOKE), (&nobody, "POST", REVOKE), (&alice, "PATCH", path.as_str())];
        for (caller, method, path) in posts.into_iter().chain(others) {
            let caller = caller.header("Content-Type", "application/json");
            let answer = caller.send(method, path, body.as_bytes());
            // What was done has the text where the caller has put it, as the label of an access token.
            let is_told = answer.status >= 400 && parts.iter().any(|part| answer.body.contains(part));
            let is_warned = answer.header("warning").is_some_and(|said| parts.iter().any(|part| said.contains(part)));
            assert!(answer.status < 500 && !is_told && !is_warned, "{}", answer.describe());
        }
    }
    for query in [format!("{secret}=1"), format!("pageStart={secret}"), format!("{}{secret}=1", "x".repeat(30))] {
        let answer = alice.get(&format!("/api/v0/access/check?user=alice&action=pull&repository=a%2Fb&{query}"));
        assert!(!parts.iter().any(|part| answer.body.contains(part)), "{}", answer.body);
    }
}
