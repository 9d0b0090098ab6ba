//! What the pages ask about access tokens before anything is made or changed: how many there are of which kind, what one
//! with given limits would reach, and whether one was used for the first time.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    site::{Caller, DAY, HOUR, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";

/// alice has access tokens in every state, some of them used, some without limits.
fn site() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    let ends = |seconds: i64| json!({ "expiresAt": site.in_time(seconds) });
    site.add_token("alice", &ends(HOUR));
    let maker = site.add_token("alice", &ends(2 * HOUR));
    site.with_token("alice", &maker).post(TOKENS, &json!({ "expiresAt": site.in_time(HOUR) })).must_be(200);
    let stopper = site.add_token("alice", &json!({}));
    site.with_token("alice", &stopper).post(TOKENS, &json!({ "accessLevel": "read-only" })).must_be(200);
    site.as_local().patch(&token_path(&stopper), &json!({ "isActive": false })).must_be(200);
    site.pass(HOUR);
    for body in [
        json!({ "expiresAt": site.in_time(13 * DAY) }),
        json!({ "expiresAt": site.in_time(20 * DAY), "accessLevel": "read-write" }),
        json!({ "repositories": ["alice/*"] }),
    ] {
        let token = site.add_token("alice", &body);
        site.with_token("alice", &token).get(TOKENS).must_be(200);
    }
    // They end soon, and are refused already.
    let off = site.add_token("alice", &ends(5 * DAY));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    let revoked = site.add_token("alice", &ends(5 * DAY));
    site.as_nobody().post("/api/v0/api_tokens/revoke", &json!({ "tokens": [revoked.secret] })).must_be(202);
    let stopper = site.add_token("alice", &ends(5 * DAY));
    site.with_token("alice", &stopper).post(TOKENS, &ends(4 * DAY)).must_be(200);
    site.as_local().patch(&token_path(&stopper), &json!({ "isActive": false })).must_be(200);
    site.add_token("bob", &ends(DAY));
    site
}

fn counts(caller: &Caller, query: &str) -> Value {
    caller.get(&format!("{TOKENS}/counts?{query}")).must_be(200).json()
}

/// The length of the list with this filter.
fn listed(caller: &Caller, query: &str) -> Value {
    let list = caller.get(&format!("{TOKENS}?count=true&pageSize=1&{query}")).must_be(200);
    list.header("x-resource-count").expect("a count").parse::<usize>().expect("a number").into()
}

#[test]
fn each_count_is_that_of_the_list_with_the_same_filter() {
    let site = site();
    let (alice, admin) = (site.as_user("alice"), site.as_admin());
    for (caller, whose) in
        [(&alice, ""), (&admin, "username=alice"), (&admin, "username=bob"), (&admin, ""), (&admin, "everybody=true")]
    {
        let found = counts(caller, whose);
        let before = found["expiringBefore"].as_str().expect("a time").to_owned();
        assert_eq!(before, site.in_time(14 * DAY));
        let of = |filter: &str| listed(caller, &format!("{whose}&{filter}"));
        for state in ["revoked", "expired", "inactive", "accountInactive", "stopped", "active"] {
            assert_eq!(found["states"][state], of(&format!("state={state}")), "{state} of {whose:?}");
        }
        let others = ["total", "expiring", "neverUsed", "unlimited"].map(|field| found[field].clone());
        let near = format!("expiresbefore={before}");
        let filters = ["", near.as_str(), "neverused=true", "unlimited=true"];
        assert_eq!(others, filters.map(of), "{whose:?}");
        let rest = |field: &str| found["total"].as_u64().unwrap_or(0) - found[field].as_u64().unwrap_or(0);
        assert_eq!(
            [rest("neverUsed"), rest("unlimited")].map(Value::from),
            ["neverused=false", "unlimited=false"].map(of)
        );
    }
    assert_eq!(counts(&admin, "everybody=true"), counts(&admin, ""));
    assert_eq!(counts(&admin, "everybody=false&username=bob")["total"], 1);
    let found = counts(&alice, "");
    let expected =
        json!({ "revoked": 1, "expired": 2, "inactive": 3, "accountInactive": 0, "stopped": 2, "active": 4 });
    assert_eq!(found["states"], expected);
    assert_eq!(["total", "expiring", "unlimited"].map(|field| found[field].clone()), [12, 2, 9].map(Value::from));
    let later = counts(&alice, &format!("expiresbefore={}", site.in_time(21 * DAY)));
    assert_eq!((&later["expiring"], &later["expiringBefore"]), (&json!(3), &json!(site.in_time(21 * DAY))));
    alice.get(&format!("{TOKENS}/counts?expiresbefore=soon")).must_be_refused(400, "INVALID_PARAMETERS");
    site.as_local().patch("/enzi/v0/accounts/bob", &json!({ "isActive": false })).must_be(200);
    let found = counts(&admin, "username=bob");
    assert_eq!((&found["states"]["accountInactive"], &found["expiring"]), (&json!(1), &json!(0)), "refused already");
}

#[test]
fn the_counts_of_others_are_for_administrators_and_a_narrowed_access_token_counts_itself() {
    let site = site();
    site.as_user("bob").get(&format!("{TOKENS}/counts?username=alice")).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_user("bob").get(&format!("{TOKENS}/counts?username=nobody")).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_admin().get(&format!("{TOKENS}/counts?username=nobody")).must_be_refused(404, "NO_SUCH_USER");
    site.as_user("bob").get(&format!("{TOKENS}/counts?everybody=true")).must_be_refused(403, "NOT_AUTHORIZED");
    let both = site.as_admin().get(&format!("{TOKENS}/counts?everybody=true&username=alice"));
    both.must_be_refused(400, "INVALID_PARAMETERS");
    let narrow = site.with_token("alice", &site.add_token("alice", &json!({ "accessLevel": "read-only" })));
    narrow.get(&format!("{TOKENS}/counts?everybody=true")).must_be(403);
    let found = counts(&narrow, "");
    assert_eq!((&found["total"], &found["unlimited"]), (&json!(1), &json!(0)));
    narrow.get(&format!("{TOKENS}/counts?username=bob")).must_be(403);
}

fn preview(caller: &Caller, query: &str, limits: &Value) -> Value {
    caller.post(&format!("{TOKENS}/reach{query}"), limits).must_be(200).json()
}

#[test]
fn a_preview_is_what_an_access_token_with_these_limits_reaches() {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    site.add_organization("acme", &[("alice", false)]);
    site.add_team("acme/dev", &["alice"]);
    for name in ["alice/a", "alice/b", "acme/app", "acme/web", "bob/private", "bob/shared"] {
        site.add_repository(name);
    }
    site.add_public("bob/public");
    site.add_public("alice/open");
    site.grant_team("acme", "dev", "read-write");
    site.grant("bob/shared", "alice", "read-only");
    let alice = site.as_user("alice");
    let of = |limits: Value| preview(&alice, "", &limits);
    let all = of(json!({}));
    let names = ["acme/app", "acme/web", "alice/a", "alice/b", "alice/open", "bob/shared"];
    let expected = json!({
        "repositories": 6, "hasMore": false, "levels": { "read-only": 1, "push": 0, "read-write": 2, "admin": 3 }, "first": names,
        "accountRepositories": 6, "accountHasMore": false,
    });
    assert_eq!(all, expected, "not those that only are public");
    assert_eq!(
        of(json!({ "accessLevel": "read-only" }))["levels"],
        json!({ "read-only": 6, "push": 0, "read-write": 0, "admin": 0 })
    );
    let pushing = of(json!({ "accessLevel": "push" }));
    assert_eq!(pushing["levels"], json!({ "read-only": 1, "push": 5, "read-write": 0, "admin": 0 }));
    let some =
        of(json!({ "accessLevel": "read-write", "repositories": ["alice/*", "bob/*", "alice/a", "alice/none"] }));
    assert_eq!(some["levels"], json!({ "read-only": 1, "push": 0, "read-write": 3, "admin": 0 }));
    assert_eq!(
        (&some["first"], &some["accountRepositories"]),
        (&json!(["alice/a", "alice/b", "alice/open", "bob/shared"]), &json!(6))
    );
    let exact = of(json!({ "repositories": ["bob/public", "bob/private"] }));
    assert_eq!((&exact["repositories"], &exact["first"]), (&json!(0), &json!([])));
    // It makes nothing, and asks of others what administrators may ask.
    assert_eq!(listed(&alice, ""), 0);
    site.as_user("bob").post(&format!("{TOKENS}/reach?username=alice"), &json!({})).must_be(403);
    assert_eq!(preview(&site.as_admin(), "?username=alice", &json!({})), expected);
    assert_eq!(preview(&site.as_admin(), "", &json!({}))["levels"]["admin"], 8);
    for wrong in [json!({ "repositories": ["a*"] }), json!({ "accessLevel": "root" }), json!({ "repository": [] })] {
        alice.post(&format!("{TOKENS}/reach"), &wrong).must_be(400);
    }
    alice.post(&format!("{TOKENS}/reach"), &json!({ "repositories": vec!["a/b"; 101] })).must_be(400);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": false })).must_be(200);
    assert_eq!(preview(&site.as_admin(), "?username=alice", &json!({}))["repositories"], 0);
}

#[test]
fn whether_an_access_token_was_used_is_asked_for_again_and_again_without_a_body() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let alice = site.as_user("alice");
    let first = alice.get(&token_path(&token)).must_be(200);
    let tag = first.header("etag").expect("an ETag").to_owned();
    let knowing = |tag: &str| alice.header("If-None-Match", tag);
    for _ in 0..3 {
        site.pass(2);
        let same = knowing(&tag).get(&token_path(&token)).must_be(304);
        assert_eq!((same.body.as_str(), same.header("etag")), ("", Some(tag.as_str())));
    }
    knowing("\"another\"").get(&token_path(&token)).must_be(200);
    site.with_token("alice", &token).get("/v2/").must_be(200);
    let used = knowing(&tag).get(&token_path(&token)).must_be(200);
    assert_eq!((used.text("/lastUsed"), used.text("/lastUsedIp")), (site.in_time(0), "127.0.0.1".to_owned()));
    let later = used.header("etag").expect("an ETag").to_owned();
    knowing(&later).get(&token_path(&token)).must_be(304);
    alice.patch(&token_path(&token), &json!({ "tokenLabel": "another" })).must_be(200);
    knowing(&later).get(&token_path(&token)).must_be(200);
    // Who may not see it learns nothing by a tag.
    site.add_user("bob");
    site.as_user("bob")
        .header("If-None-Match", &later)
        .get(&token_path(&token))
        .must_be_refused(404, "NO_SUCH_API_TOKEN");
    site.as_user("bob").header("If-None-Match", "*").get(&token_path(&token)).must_be(404);
}
