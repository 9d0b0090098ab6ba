//! The overlap of a rotation: what is told of the old secret, and what ends it. The life that a rotation renews. What is
//! said of patterns that reach nothing.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    http::Answer,
    process::eventually,
    site::{Caller, DAY, HOUR, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const NEVER: &str = "0001-01-01T00:00:00Z";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn rotate(caller: &Caller, token: &AccessToken, body: &Value) -> Answer {
    caller.post(&format!("{}/rotate", token_path(token)), body)
}

fn rotated(caller: &Caller, token: &AccessToken, body: &Value) -> AccessToken {
    AccessToken::of(&rotate(caller, token, body).must_be(200).json())
}

fn works(site: &InProcess, token: &AccessToken) -> bool {
    site.with_token("alice", token).get("/auth/token?service=dockpass").must_be_one_of(&[200, 401]).status == 200
}

/// What list and view say of the old secret; both say the same, by its own hash as well.
fn told(site: &InProcess, old: &AccessToken, new: &AccessToken) -> Value {
    let admin = site.as_local();
    let viewed = admin.get(&token_path(new)).must_be(200).json();
    let listed = admin.get(&format!("{TOKENS}?username=alice")).must_be(200).json();
    let listed =
        listed.as_array().expect("a list").iter().find(|token| token["id"] == viewed["id"]).expect("it").clone();
    assert_eq!(listed, viewed);
    if !viewed["previousUntil"].is_null() {
        assert_eq!(admin.get(&token_path(old)).must_be(200).json(), viewed, "the old hash finds the same record");
    }
    viewed
}

#[test]
fn the_old_secret_is_told_with_its_end_and_its_last_use() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    assert!(works(&site, &old));
    let first = site.in_time(0);
    let new = rotated(&site.as_local(), &old, &json!({ "overlap": HOUR }));
    let until = site.in_time(HOUR);
    let shown = told(&site, &old, &new);
    assert_eq!(shown["previousHashedToken"], old.hash);
    assert_eq!((&shown["previousUntil"], &shown["previousUntilUsed"]), (&json!(until), &json!(false)));
    assert_eq!((&shown["previousLastUsed"], &shown["previousLastUsedIp"]), (&json!(first), &json!("127.0.0.1")));
    assert_eq!((&shown["lastUsed"], &shown["currentLastUsed"]), (&json!(first), &json!(NEVER)));
    site.pass(60);
    assert!(works(&site, &new));
    let second = site.in_time(0);
    let shown = told(&site, &old, &new);
    assert_eq!((&shown["previousLastUsed"], &shown["currentLastUsed"]), (&json!(first), &json!(second)));
    let site = site.restart();
    let shown = told(&site, &old, &new);
    assert_eq!((&shown["previousLastUsed"], &shown["currentLastUsed"]), (&json!(first), &json!(second)));
    site.pass(HOUR);
    let shown = told(&site, &old, &new);
    for field in ["previousHashedToken", "previousUntil", "previousLastUsed", "previousLastUsedIp"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    // It signs in no longer, and still finds its access token.
    assert!(!works(&site, &old));
    assert_eq!(site.as_local().get(&token_path(&old)).must_be(200).json()["hashedToken"], new.hash);
}

#[test]
fn a_stopped_old_secret_is_not_told_as_alive() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let maker = site.add_token("alice", &json!({}));
    let old = AccessToken::of(&site.with_token("alice", &maker).post(TOKENS, &json!({})).must_be(200).json());
    let other = site.add_token("alice", &json!({}));
    // Its new secret hangs on another access token, its old one on the maker.
    let new = rotated(&site.with_token("alice", &other), &old, &json!({ "overlap": HOUR }));
    assert!(!told(&site, &old, &new)["previousUntil"].is_null());
    alice.patch(&token_path(&maker), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, &old) && works(&site, &new));
    let shown = told(&site, &old, &new);
    assert_eq!((&shown["state"], &shown["previousUntil"]), (&json!("active"), &Value::Null));
}

#[test]
fn until_used_ends_the_old_secret_with_the_first_use_of_the_new_one() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let answer = rotate(&site.with_token("alice", &old), &old, &json!({ "untilUsed": true })).must_be(200);
    assert_eq!(answer.text("/previousUntil"), site.in_time(7 * DAY));
    assert_eq!(answer.json()["previousUntilUsed"], true);
    let new = AccessToken::of(&answer.json());
    // The session that rotated goes on; wrong uses of the new secret are none.
    assert!(works(&site, &old));
    site.with("bob", &new.secret).get("/auth/token?service=dockpass").must_be(401);
    assert!(works(&site, &old) && told(&site, &old, &new)["previousUntilUsed"] == true);
    assert!(works(&site, &new));
    assert!(!works(&site, &old), "at once");
    assert_eq!(told(&site, &old, &new)["previousUntil"], Value::Null);
    eventually("the end is recorded", || (site.audit("action=token.endOverlap").len() == 1).then_some(()));
    let record = site.audit("action=token.endOverlap").remove(0);
    assert_eq!((&record["actor"], &record["object"]), (&json!("system"), &json!(new.id)));
    let site = site.restart();
    assert!(works(&site, &new) && !works(&site, &old));
}

#[test]
fn an_overlap_is_ended_by_request() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({}));
    let new = rotated(&site.as_local(), &old, &json!({ "overlap": HOUR }));
    let path = format!("{}/overlap", token_path(&new));
    let ended = site.with_token("alice", &new).delete(&path).must_be(200).json();
    assert_eq!((&ended["id"], &ended["previousUntil"]), (&json!(new.id), &Value::Null));
    assert!(works(&site, &new) && !works(&site, &old));
    site.with_token("alice", &new).delete(&path).must_be(200);
    assert_eq!(site.audit("action=token.endOverlap").len(), 1, "the second time there was nothing to end");
    site.as_local().delete(&format!("{TOKENS}/{}/overlap", "0".repeat(64))).must_be_refused(404, "NO_SUCH_API_TOKEN");
    let narrowed = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let itself = format!("{}/overlap", token_path(&narrowed));
    site.with_token("alice", &narrowed).delete(&itself).must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn a_rotation_renews_only_when_asked_and_never_itself() {
    let site = with_alice();
    let end = site.in_time(10 * DAY);
    let token = site.add_token("alice", &json!({ "expiresAt": end }));
    site.pass(4 * DAY);
    let plain = rotate(&site.as_local(), &token, &json!({ "renew": false })).must_be(200);
    assert_eq!(plain.text("/expiresAt"), end);
    let token = AccessToken::of(&plain.json());
    let own = rotate(&site.with_token("alice", &token), &token, &json!({ "renew": true })).must_be(200);
    assert_eq!(own.text("/expiresAt"), end, "no access token renews itself");
    let token = AccessToken::of(&own.json());
    let renewed = rotate(&site.as_user("alice"), &token, &json!({ "renew": true, "overlap": 7 * DAY })).must_be(200);
    assert_eq!(renewed.text("/expiresAt"), site.in_time(10 * DAY));
    assert_eq!(renewed.text("/previousUntil"), end, "the old secret ends when it would have ended");
    let viewed = site.as_local().get(&token_path(&AccessToken::of(&renewed.json()))).must_be(200);
    assert_eq!(viewed.text("/expiresAt"), site.in_time(10 * DAY));
    let temporary = json!({ "temporaryPassword": true });
    let temporary = site.as_admin().post(&format!("{TOKENS}?username=alice"), &temporary).must_be(200);
    rotate(&site.as_admin(), &AccessToken::of(&temporary.json()), &json!({ "renew": true }))
        .must_be_refused(400, "INVALID_PARAMETERS");
}

#[test]
fn what_is_no_overlap_is_refused() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    for body in [
        json!({ "overlap": "until-used" }),
        json!({ "overlap": 7 * DAY + 1 }),
        json!({ "overlap": -1 }),
        json!({ "untilUsed": true, "overlap": 0 }),
        json!({ "untilUsed": "yes" }),
        json!({ "renew": 1 }),
        json!({ "endOverlap": true }),
        json!({ "untilused": true }),
    ] {
        let refused = rotate(&site.as_local(), &token, &body).must_be_one_of(&[400]);
        assert!(works(&site, &token), "{body}: {}", refused.describe());
    }
}

#[test]
fn switching_on_what_stays_refused_says_so() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({ "expiresAt": site.in_time(HOUR) }));
    let turn =
        |is_active: bool| site.as_local().patch(&token_path(&token), &json!({ "isActive": is_active })).must_be(200);
    turn(false);
    assert_eq!(turn(true).header("warning"), None);
    turn(false);
    site.pass(HOUR);
    let answer = turn(true);
    assert_eq!(answer.text("/state"), "expired");
    let said = r#"299 - "switched on, and refused all the same: it has expired, and stays expired""#;
    assert_eq!(answer.header("warning"), Some(said));
    let other = site.add_token("alice", &json!({}));
    site.as_local().patch(&token_path(&other), &json!({ "isActive": false })).must_be(200);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": false })).must_be(200);
    let answer = site.as_local().patch(&token_path(&other), &json!({ "isActive": true })).must_be(200);
    assert_eq!(answer.text("/state"), "accountInactive");
    assert!(
        answer.header("warning").is_some_and(|said| said.contains("its account is inactive")),
        "{}",
        answer.describe()
    );
}

#[test]
fn patterns_for_nothing_are_told_and_reveal_nothing() {
    let site = with_alice();
    site.add_user("bob");
    site.add_repository("alice/app");
    site.add_repository("bob/secret");
    let alice = site.as_user("alice");
    let said = |patterns: Value| {
        let answer = alice.post(TOKENS, &json!({ "repositories": patterns })).must_be(200);
        answer.header("warning").map(str::to_owned)
    };
    assert_eq!(said(json!(["alice/app", "alice/*", "alice/to/come"])), None);
    let nothing = |name: &str| {
        format!(r#"299 - "`{name}` reaches nothing at present: it is not there, or alice has no access to it""#)
    };
    assert_eq!(said(json!(["bob/secret"])), Some(nothing("bob/secret")));
    assert_eq!(said(json!(["bob/never"])), Some(nothing("bob/never")), "there or not is said alike");
    assert_eq!(said(json!(["bob/*"])), Some(nothing("bob/*")));
    assert_eq!(said(json!(["_/alice"])), Some(nothing("_/alice")), "what is written whole is meant");
    // A name alone is a forgotten `/*`, unless there is such a repository, or an administrator says so.
    let alone = json!({ "repositories": ["alice/app", "alice"] });
    let refused = alice.post(TOKENS, &alone).must_be_refused(400, "INVALID_PARAMETERS");
    let words = "`alice` alone is the repository `_/alice`, which has no namespace and is not there, or alice has no access \
                 to it; the repositories of alice are `alice/*`";
    assert!(refused.body.contains(words), "{}", refused.describe());
    let for_alice = format!("{TOKENS}?username=alice");
    let warned = site.as_local().post(&for_alice, &alone).must_be(200);
    let means = "`alice` is the repository `_/alice`, which has no namespace; the repositories of alice are `alice/*`";
    let warnings = warned.headers("warning");
    assert_eq!(warnings, [format!("299 - \"{means}\""), nothing("_/alice")], "{}", warned.describe());
    site.as_admin().post("/api/v0/repositories/_", &json!({ "name": "busybox" })).must_be(201);
    alice.post(TOKENS, &json!({ "repositories": ["busybox"] })).must_be_refused(400, "INVALID_PARAMETERS");
    site.grant("_/busybox", "alice", "read-only");
    let given = said(json!(["busybox"])).expect("a warning");
    assert!(given.contains("`busybox` is the repository `_/busybox`") && !given.contains("nothing"), "{given}");
    let many: Vec<String> = (0..100).map(|number| format!("nope/{number}")).collect();
    let many = said(json!(many)).expect("a warning");
    assert!(
        many.contains(
            "`nope/3`, `nope/4` and 95 more reach nothing at present: they are not there, or alice has no access"
        ),
        "{many}"
    );
    for star in ["alice/a*", "*", "alice/*/x"] {
        let refused = alice.post(TOKENS, &json!({ "repositories": [star] })).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.body.contains("`*` stands alone after `/`"), "{}", refused.describe());
    }
}

#[test]
fn a_narrowed_access_token_lists_itself() {
    let site = with_alice();
    site.add_token("alice", &json!({}));
    let narrowed = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let caller = site.with_token("alice", &narrowed);
    for path in [TOKENS.to_owned(), format!("{TOKENS}?username=alice&count=true")] {
        let listed = caller.get(&path).must_be(200).json();
        let ids: Vec<_> = listed.as_array().expect("a list").iter().map(|token| token["id"].clone()).collect();
        assert_eq!(ids, [json!(narrowed.id)]);
    }
    for refused in ["?username=admin", "?username=nobody", "?usedbefore=2999-01-01"] {
        caller.get(&format!("{TOKENS}{refused}")).must_be_refused(403, "NOT_AUTHORIZED");
    }
}

#[test]
fn the_list_finds_what_wants_a_hand() {
    let site = with_alice();
    let soon = site.add_token("alice", &json!({ "expiresAt": site.in_time(10 * DAY) }));
    let never = site.add_token("alice", &json!({}));
    let alice = site.as_user("alice");
    let found = |query: &str| {
        let listed = alice.get(&format!("{TOKENS}?{query}")).must_be(200).json();
        listed
            .as_array()
            .expect("a list")
            .iter()
            .map(|token| token["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&format!("expiresbefore={}", site.in_time(14 * DAY))), [soon.id.as_str()]);
    assert!(found(&format!("expiresbefore={}", site.in_time(9 * DAY))).is_empty());
    site.pass(5 * DAY);
    assert!(works(&site, &soon));
    assert_eq!(found(&format!("unusedsince={}", site.in_time(-DAY))), [never.id.as_str()]);
    site.pass(6 * DAY);
    assert!(found(&format!("expiresbefore={}", site.in_time(DAY))).is_empty(), "it has ended");
    assert_eq!(found("state=expired"), [soon.id.as_str()]);
    for wrong in ["expiresbefore=soon", "unusedsince=90d", "expiresbefore=2026-13-01"] {
        alice.get(&format!("{TOKENS}?{wrong}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
}
