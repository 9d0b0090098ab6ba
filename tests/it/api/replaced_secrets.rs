//! The secret that a rotation replaced: what it may while it lives on, who stops it, and how a rotation whose answer was
//! lost is repeated.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    http::Answer,
    issued::{Issued, ask, granted},
    process::eventually,
    raw::basic,
    site::{Caller, DAY, HOUR, MINUTE, account_path, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const KEY: &str = "Idempotency-Key";
/// A key, as `uuidgen` makes them.
const JOB: &str = "0f9d3c52-7a41-4a8e-9b1c-2d6f0e5a7c33";
const OTHER_JOB: &str = "0f9d3c52-7a41-4a8e-9b1c-2d6f0e5a7c34";
const NO_CHANGE: &str = "changes nothing";

fn rotate(caller: &Caller, token: &AccessToken, body: &Value) -> Answer {
    caller.post(&format!("{}/rotate", token_path(token)), body)
}

fn rotated(caller: &Caller, token: &AccessToken, body: &Value) -> AccessToken {
    AccessToken::of(&rotate(caller, token, body).must_be(200).json())
}

fn works(site: &InProcess, token: &AccessToken) -> bool {
    site.with_token("alice", token).get("/api/v0/repositories").must_be_one_of(&[200, 401]).status == 200
}

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

/// An access token of alice with an old secret that lives on for an hour, and the new one.
fn overlapping(site: &InProcess) -> (AccessToken, AccessToken) {
    let old = site.add_token("alice", &json!({}));
    let new = rotated(&site.as_user("alice"), &old, &json!({ "overlap": HOUR }));
    (old, new)
}

fn must_be_too_weak(answer: Answer) {
    let refused = answer.must_be_refused(403, "NOT_AUTHORIZED");
    assert!(refused.body.contains(NO_CHANGE), "{}", refused.describe());
}

#[test]
fn it_signs_in_pulls_and_pushes_and_changes_nothing() {
    let site = with_alice();
    let other = site.add_token("alice", &json!({}));
    site.as_local().patch(&token_path(&other), &json!({ "isActive": false })).must_be(200);
    let (old, new) = overlapping(&site);
    let holder = site.with_token("alice", &old);
    let browser = holder.header("Sec-Fetch-Site", "same-origin");
    let opened = browser.post("/api/v0/session", &json!({ "username": "alice", "password": old.secret })).must_be(200);
    let cookie = opened.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
    let in_session = site.as_nobody().header("Sec-Fetch-Site", "same-origin").header("Cookie", &cookie);
    for holder in [&holder, &in_session] {
        must_be_too_weak(rotate(holder, &old, &json!({})));
        must_be_too_weak(rotate(holder, &new, &json!({ "overlap": 5 })));
        must_be_too_weak(holder.post(TOKENS, &json!({})));
        must_be_too_weak(holder.patch(&token_path(&other), &json!({ "isActive": true })));
        must_be_too_weak(holder.patch(&token_path(&new), &json!({ "tokenLabel": "mine" })));
        must_be_too_weak(holder.delete(&token_path(&other)));
        must_be_too_weak(holder.delete(&token_path(&new)));
        must_be_too_weak(holder.delete(&format!("{TOKENS}?usedbefore=2030-01-01&generatedby=all")));
        must_be_too_weak(holder.post("/api/v0/repositories/alice", &json!({ "name": "made" })));
        holder.get(TOKENS).must_be(200);
    }
    let scope = "/auth/token?service=dockpass&scope=repository:alice/app:pull,push";
    holder.get(scope).must_be(200);
    holder.get("/api/v0/repositories/alice/app").must_be(200);
    for asked in ["delete", "*", "pull,push,delete"] {
        let scope = format!("alice/app:{asked}");
        let by = |token: &AccessToken| granted(&site.with_token("alice", token), &[&scope]);
        assert!(!by(&old).contains("delete") && by(&new).contains("delete"), "{asked}: {} and {}", by(&old), by(&new));
    }
    site.pass(HOUR);
    assert!(!works(&site, &old) && works(&site, &new));
    in_session.get("/api/v0/session").must_be_refused(401, "NOT_AUTHENTICATED");
}

#[test]
fn who_stops_the_token_that_it_was_made_with_stops_it_whoever_rotated() {
    let site = with_alice();
    for (stop, delete) in [(true, false), (false, true), (true, true)] {
        let maker = site.add_token("alice", &json!({}));
        let made = site.with_token("alice", &maker).post(TOKENS, &json!({})).must_be(200);
        let made = AccessToken::of(&made.json());
        let rotator = site.add_token("alice", &json!({}));
        let new = rotated(&site.with_token("alice", &rotator), &made, &json!({ "overlap": DAY }));
        assert!(works(&site, &made) && works(&site, &new));
        if stop {
            site.as_local().patch(&token_path(&maker), &json!({ "isActive": false })).must_be(200);
            assert!(!works(&site, &made) && works(&site, &new));
        }
        if delete {
            site.as_local().delete(&token_path(&maker)).must_be(200);
            assert!(!works(&site, &made) && works(&site, &new));
        }
    }
}

#[test]
fn what_a_token_made_stays_bound_to_its_maker_whoever_rotates_that_token() {
    let site = with_alice();
    let made_by = |token: &AccessToken| {
        AccessToken::of(&site.with_token("alice", token).post(TOKENS, &json!({})).must_be(200).json())
    };
    let (maker, rotator) = (site.add_token("alice", &json!({})), site.add_token("alice", &json!({})));
    let made = made_by(&maker);
    // It has made nothing yet: a rotation takes only itself along.
    let made = rotated(&site.with_token("alice", &rotator), &made, &json!({}));
    let child = made_by(&made);
    let grandchild = made_by(&child);
    let other = site.with_token("alice", &site.add_token("alice", &json!({})));
    for token in [&made, &child] {
        let refused = rotate(&other, token, &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
        assert!(refused.body.contains("with the password"), "{}", refused.describe());
    }
    // In the line of makers, by itself and with the password it may be rotated: it stays where it is.
    let made = rotated(&site.with_token("alice", &rotator), &made, &json!({}));
    let made = rotated(&site.with_token("alice", &made), &made, &json!({}));
    let made = rotated(&site.as_user("alice"), &made, &json!({}));
    let sibling = rotated(&other, &grandchild, &json!({}));
    site.as_local().patch(&token_path(&rotator), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, &made) && !works(&site, &child) && works(&site, &sibling) && works(&site, &maker));
}

#[test]
fn it_stays_bound_after_a_restart() {
    let site = with_alice();
    let maker = site.add_token("alice", &json!({}));
    let made = AccessToken::of(&site.with_token("alice", &maker).post(TOKENS, &json!({})).must_be(200).json());
    let rotator = site.add_token("alice", &json!({}));
    let new = rotated(&site.with_token("alice", &rotator), &made, &json!({ "overlap": DAY }));
    let site = site.restart();
    site.as_local().patch(&token_path(&maker), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, &made) && works(&site, &new));
}

#[test]
fn a_rotation_whose_answer_was_lost_is_repeated_with_its_key() {
    let site = with_alice();
    for overlap in [0, HOUR] {
        let old = site.add_token("alice", &json!({}));
        let pipeline = site.with_token("alice", &old).header(KEY, JOB);
        let body = json!({ "overlap": overlap });
        let first = rotate(&pipeline, &old, &body).must_be(200);
        let lost = AccessToken::of(&first.json());
        assert_eq!(works(&site, &old), overlap > 0);
        // Without the key, or with another one, it is as weak as it was.
        let refused = if overlap > 0 { 403 } else { 401 };
        rotate(&site.with_token("alice", &old), &old, &body).must_be(refused);
        rotate(&site.with_token("alice", &old).header(KEY, OTHER_JOB), &old, &body).must_be(refused);
        rotate(&site.with_token("admin", &old).header(KEY, JOB), &old, &body).must_be(401);
        let site = &site;
        site.pass(10 * MINUTE - 1);
        let second = rotate(&pipeline, &old, &body).must_be(200);
        let new = AccessToken::of(&second.json());
        assert_eq!((new.id.as_str(), second.text("/previousHashedToken")), (lost.id.as_str(), old.hash.clone()));
        assert_eq!(second.text("/previousUntil"), first.text("/previousUntil"), "the end of the old secret stays");
        assert!(works(site, &new) && !works(site, &lost), "the lost secret is replaced");
        assert_eq!(works(site, &old), overlap > 0);
        site.pass(1);
        rotate(&pipeline, &old, &body).must_be(refused);
        let records = site.audit(&format!("action=token.rotate&outcome=success&object={}", old.id));
        assert_eq!(records.iter().filter(|record| record["actor"] == "alice").count(), 2, "{records:?}");
    }
}

#[test]
fn a_repeated_rotation_goes_on_after_a_restart_and_ends_with_its_token() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let again = |site: &InProcess| rotate(&site.with_token("alice", &old).header(KEY, JOB), &old, &json!({}));
    again(&site).must_be(200);
    let site = site.restart();
    let new = AccessToken::of(&again(&site).must_be(200).json());
    let newer = rotated(&site.with_token("alice", &new), &new, &json!({}));
    again(&site).must_be_refused(401, "NOT_AUTHENTICATED");
    assert!(works(&site, &newer));
    site.as_local().delete(&token_path(&newer)).must_be(200);
    again(&site).must_be_refused(401, "NOT_AUTHENTICATED");
}

#[test]
fn only_a_token_that_rotates_itself_can_repeat_it_and_a_key_is_bounded() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let alice = site.as_user("alice").header(KEY, JOB);
    let new = rotated(&alice, &token, &json!({}));
    rotate(&site.with_token("alice", &token).header(KEY, JOB), &token, &json!({})).must_be(401);
    // Whoever holds the replaced secret could guess a short one.
    for key in ["", "job-4711", &"k".repeat(21), &"k".repeat(256), "neither spaces nor more"] {
        let caller = site.with_token("alice", &new).header(KEY, key);
        let refused = rotate(&caller, &new, &json!({})).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.body.contains("22 to 255") && refused.body.contains("uuidgen"), "{}", refused.describe());
    }
    // Who has not signed in learns nothing of it.
    let stranger = site.as_nobody().header(KEY, "job-4711");
    rotate(&stranger, &new, &json!({})).must_be_refused(401, "NOT_AUTHENTICATED");
    let newer = rotated(&site.with_token("alice", &new).header(KEY, &"k".repeat(22)), &new, &json!({}));
    rotated(&site.with_token("alice", &newer).header(KEY, &"k".repeat(255)), &newer, &json!({}));
}

#[test]
fn many_repetitions_at_once_leave_one_secret() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let pipeline = site.with_token("alice", &old).header(KEY, JOB);
    rotate(&pipeline, &old, &json!({})).must_be(200);
    let answers: Vec<AccessToken> = std::thread::scope(|scope| {
        let sent = || AccessToken::of(&rotate(&pipeline, &old, &json!({})).must_be(200).json());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(sent)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert_eq!(answers.iter().filter(|token| works(&site, token)).count(), 1);
}

#[test]
fn a_registry_token_made_with_it_ends_with_the_overlap_or_soon_after() {
    let site = InProcess::start_with(&[("registry.token_lifetime", "1h")]);
    site.add_user("alice");
    let old = site.add_token("alice", &json!({}));
    let new = rotated(&site.as_user("alice"), &old, &json!({ "overlap": 10 * MINUTE }));
    let end = |token: &AccessToken| ask(&site.with_token("alice", token), &["repository:alice/app:pull"]).time("exp");
    assert_eq!(end(&new) - end(&old), HOUR - 10 * MINUTE);
}

/// What closes the time in which a rotation may be repeated.
type Closes = fn(&InProcess, &AccessToken);

#[test]
fn the_first_use_of_the_new_secret_a_deactivation_and_the_next_rotation_let_nobody_repeat_it() {
    let switch = |site: &InProcess, path: &str| {
        for is_active in [false, true] {
            site.as_local().patch(path, &json!({ "isActive": is_active })).must_be(200);
        }
    };
    let closes: [(&str, Closes); 5] = [
        ("use", |site, new| assert!(works(site, new))),
        ("use for a registry token", |site, new| drop(Issued::of(site.with_token("alice", new).get("/auth/token")))),
        ("rotation", |site, new| drop(rotated(&site.as_user("alice"), new, &json!({})))),
        ("the token off and on", |_, _| ()),
        ("the account off and on", |_, _| ()),
    ];
    for (what, close) in closes {
        for (overlap, restarts) in [(0, false), (HOUR, false), (0, true), (HOUR, true)] {
            let site = with_alice();
            let old = site.add_token("alice", &json!({}));
            let body = json!({ "overlap": overlap });
            let again = |site: &InProcess| rotate(&site.with_token("alice", &old).header(KEY, JOB), &old, &body);
            again(&site).must_be(200);
            // Neither a use of the old secret nor that of another token closes it.
            assert_eq!(works(&site, &old), overlap > 0);
            assert!(works(&site, &site.add_token("alice", &json!({}))));
            let new = AccessToken::of(&again(&site).must_be(200).json());
            close(&site, &new);
            match what {
                "the token off and on" => switch(&site, &token_path(&new)),
                "the account off and on" => switch(&site, &account_path("alice")),
                _ => (),
            }
            let site = if restarts { site.restart() } else { site };
            let is_known = overlap > 0 && what != "rotation";
            let refused = again(&site).must_be(if is_known { 403 } else { 401 });
            assert!(!refused.body.contains("dkp_"), "after {what}: {}", refused.describe());
            assert_eq!(works(&site, &new), what != "rotation", "after {what}");
        }
    }
}

/// A rotation by `old` itself whose head has arrived, and was accepted, but not its body.
fn begun(site: &InProcess, old: &AccessToken, key: &str, body: &str) -> TcpStream {
    let used = || site.as_local().get(&token_path(old)).json()["lastUsed"].clone();
    let before = used();
    site.pass(1);
    let mut stream = TcpStream::connect(site.address()).expect("the server takes connections");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    let (path, length) = (token_path(old), body.len());
    let credentials = basic("alice", &old.secret);
    let head = format!(
        "POST {path}/rotate HTTP/1.1\r\nHost: dockpass.test\r\nConnection: close\r\n{credentials}\
         {KEY}: {key}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is read");
    eventually("the secret is accepted", || (used() != before).then_some(()));
    stream
}

fn ended(mut stream: TcpStream, body: &str) -> String {
    stream.write_all(body.as_bytes()).expect("the body is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_repetition_that_arrives_before_the_first_rotation_is_done_repeats_it() {
    let site = with_alice();
    for overlap in [0, HOUR] {
        let old = site.add_token("alice", &json!({}));
        let body = json!({ "overlap": overlap });
        let text = body.to_string();
        let (mine, another) = (begun(&site, &old, JOB, &text), begun(&site, &old, OTHER_JOB, &text));
        let lost =
            AccessToken::of(&rotate(&site.with_token("alice", &old).header(KEY, JOB), &old, &body).must_be(200).json());
        let refused = ended(another, &text);
        assert!(refused.starts_with(if overlap > 0 { "HTTP/1.1 403" } else { "HTTP/1.1 401" }), "{refused}");
        let answer = ended(mine, &text);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, json) = answer.split_once("\r\n\r\n").expect("a body");
        let new = AccessToken::of(&serde_json::from_str(json).expect("JSON"));
        assert!(new.id == lost.id && works(&site, &new) && !works(&site, &lost));
    }
}

#[test]
fn many_first_rotations_with_one_key_at_once_are_all_answered_and_leave_one_secret() {
    let site = with_alice();
    for overlap in [0, HOUR] {
        let old = site.add_token("alice", &json!({}));
        let pipeline = site.with_token("alice", &old).header(KEY, JOB);
        let sent = || AccessToken::of(&rotate(&pipeline, &old, &json!({ "overlap": overlap })).must_be(200).json());
        let answers: Vec<AccessToken> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(sent)).collect();
            threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        assert_eq!(answers.iter().filter(|token| works(&site, token)).count(), 1);
    }
}
