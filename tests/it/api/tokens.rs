//! Access tokens by the API: their life from creation to deletion, and what they may (design, section 3).

use std::{collections::BTreeSet, thread};

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    site::{Caller, DAY, HOUR, MINUTE, NOW, account_path, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const ZERO: &str = "0001-01-01T00:00:00Z";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site
}

fn made_by(caller: &Caller, body: &Value) -> AccessToken {
    AccessToken::of(&caller.post(TOKENS, body).must_be(200).json())
}

fn rotated(caller: &Caller, token: &AccessToken, body: &Value) -> AccessToken {
    AccessToken::of(&caller.post(&format!("{}/rotate", token_path(token)), body).must_be(200).json())
}

fn works(site: &InProcess, name: &str, token: &AccessToken) -> bool {
    site.with_token(name, token).get("/api/v0/repositories").must_be_one_of(&[200, 401]).status == 200
}

fn labels(list: &Value) -> Vec<&str> {
    list.as_array().expect("a bare array").iter().map(|token| token["tokenLabel"].as_str().expect("a label")).collect()
}

fn keys(record: &Value) -> Vec<&str> {
    record.as_object().expect("an object").keys().map(String::as_str).collect()
}

// --- creating and viewing ---

#[test]
fn a_new_token_has_every_field_and_its_secret_is_in_this_answer_only() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let made = alice.header("User-Agent", "curl/8.0").post(TOKENS, &json!({ "tokenLabel": "laptop" })).must_be(200);
    let mut record = made.json();
    let secret = record["token"].take().as_str().expect("the secret").to_owned();
    record.as_object_mut().expect("an object").remove("token");
    let hash = blake3::hash(secret.as_bytes()).to_hex().to_string();
    let id = record["id"].as_str().expect("an id").to_owned();
    assert!(id.len() == 26 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
    let expected = json!({
        "hashedToken": hash, "tokenLabel": "laptop", "isActive": true, "lastUsed": ZERO, "createdAt": NOW,
        "generatedBy": "manual", "creatorUa": "curl/8.0", "id": id, "username": "alice", "expiresAt": null,
        "accessLevel": "admin", "repositories": [], "lastUsedIp": null, "parent": null, "temporaryPassword": false,
        "state": "active", "stateReason": "it is accepted", "stoppedBy": null,
        "currentLastUsed": ZERO, "previousHashedToken": null, "previousUntil": null, "previousUntilUsed": false,
        "previousLastUsed": null, "previousLastUsedIp": null, "revokedAt": null, "revokedFrom": null, "robot": null,
        "secretBy": "alice", "lifetime": null,
    });
    assert_eq!(record, expected);
    for path in [format!("{TOKENS}/{hash}"), TOKENS.to_owned()] {
        let shown = alice.get(&path).must_be(200);
        assert!(!shown.body.contains("dkp_"), "{}", shown.describe());
        let shown = shown.json();
        assert_eq!(*shown.as_array().map_or(&shown, |list| &list[0]), expected);
    }
    let renamed = alice.patch(&format!("{TOKENS}/{hash}"), &json!({ "tokenLabel": "desk" })).must_be(200);
    assert!(!renamed.body.contains("dkp_") && renamed.text("/tokenLabel") == "desk", "{}", renamed.describe());
}

#[test]
fn the_text_of_a_token_can_be_scanned_for_and_a_typo_is_refused() {
    let site = InProcess::start();
    site.add_service("alice");
    let AccessToken { secret, .. } = site.add_token("alice", &json!({}));
    let random = secret.strip_prefix("dkp_").expect("the prefix");
    assert!(random.len() == 43 + 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
    let (body, check) = secret.split_at(4 + 43);
    let base62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let value = check
        .bytes()
        .fold(0_u64, |sum, letter| sum * 62 + base62.iter().position(|known| *known == letter).expect("base62") as u64);
    assert_eq!(value, u64::from(crc32fast::hash(body.as_bytes())));
    let last = if secret.ends_with('A') { "B" } else { "A" };
    let typos = [
        format!("{}{last}", &secret[..secret.len() - 1]),
        secret[..secret.len() - 1].to_owned(),
        format!("{secret}A"),
        format!("{} {}", &secret[..20], &secret[20..]),
        secret.to_lowercase(),
        "dkp_".to_owned(),
    ];
    for typo in &typos {
        site.with("alice", typo).get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    site.with("alice", &secret).get(TOKENS).must_be(200);
}

#[test]
fn the_user_name_is_the_owners_neither_folded_nor_trimmed() {
    let site = with_alice();
    site.add_service("bob");
    let token = site.add_token("alice", &json!({}));
    let id = site.as_local().get(&account_path("alice")).must_be(200).text("/id");
    for name in ["Alice", " alice", "alice ", "alice\0", "bob", "admin", &id, "aliceX", "alic"] {
        site.with_token(name, &token).get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    for name in ["Alice", " alice", "alice ", &id] {
        site.with(name, PASSWORD).get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
    }
}

#[test]
fn a_label_has_1_to_128_characters_after_trimming() {
    let site = with_alice();
    let alice = site.as_local();
    let create = |label: &str| alice.post(&format!("{TOKENS}?username=alice"), &json!({ "tokenLabel": label }));
    assert_eq!(create("  two words ").must_be(200).text("/tokenLabel"), "two words");
    create(&"ä".repeat(128)).must_be(200);
    for bad in ["", "   ", &"x".repeat(129), "a\nb", "a\0b"] {
        create(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let unlabelled = alice.post(&format!("{TOKENS}?username=alice"), &json!({})).must_be(200);
    assert_eq!(unlabelled.text("/tokenLabel"), "access token");
    let path = format!("{TOKENS}/{}", unlabelled.text("/hashedToken"));
    alice.patch(&path, &json!({ "tokenLabel": "" })).must_be_refused(400, "INVALID_PARAMETERS");
    alice.patch(&path, &json!({ "tokenLabel": "x".repeat(129) })).must_be_refused(400, "INVALID_PARAMETERS");
    // A hostile label is a label: it comes back as it was sent, as data.
    assert_eq!(create("<script>alert(1)</script>").must_be(200).text("/tokenLabel"), "<script>alert(1)</script>");
}

#[test]
fn caps_and_patterns_are_checked_when_a_token_is_made() {
    let site = with_alice();
    let create = |body: Value| site.as_local().post(&format!("{TOKENS}?username=alice"), &body);
    for level in ["read-only", "push", "read-write", "admin"] {
        assert_eq!(create(json!({ "accessLevel": level })).must_be(200).text("/accessLevel"), level);
    }
    for level in [json!("write"), json!("Admin"), json!(""), json!(1)] {
        create(json!({ "accessLevel": level })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let good = ["alice/app", "alice/*", "alice/tools/*", "alice/a/b/c", "_/busybox", "bob/x"];
    assert_eq!(create(json!({ "repositories": good })).must_be(200).json()["repositories"], json!(good));
    for bad in ["", "*", "*/app", "alice/a*", "alice/**", "_/*", "_/a/b", "alice/", "/app", "Alice/app", "a//b", "a/b/"]
    {
        create(json!({ "repositories": [bad] })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let many = |count: u32| (0..count).map(|number| format!("alice/r{number}")).collect::<Vec<_>>();
    create(json!({ "repositories": many(100) })).must_be(200);
    create(json!({ "repositories": many(101) })).must_be_refused(400, "INVALID_PARAMETERS");
}

#[test]
fn a_token_ends_at_its_moment_and_never_begins_in_the_past() {
    let site = with_alice();
    let create = |end: Value| site.as_local().post(&format!("{TOKENS}?username=alice"), &json!({ "expiresAt": end }));
    let token = AccessToken::of(&create(json!(site.in_time(HOUR))).must_be(200).json());
    assert_eq!(create(json!(null)).must_be(200).json()["expiresAt"], json!(null));
    assert_eq!(create(json!("2026-02-01")).must_be(200).text("/expiresAt"), "2026-02-01T00:00:00Z");
    assert_eq!(create(json!("2026-02-01T01:00:00+01:00")).must_be(200).text("/expiresAt"), "2026-02-01T00:00:00Z");
    for bad in [json!(NOW), json!("2026-01-15T11:59:59Z"), json!(""), json!("tomorrow"), json!("2026-02-30"), json!(9)]
    {
        create(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    site.pass(HOUR - 1);
    assert!(works(&site, "alice", &token));
    site.pass(1);
    assert!(!works(&site, "alice", &token));
    // It is still there, to be seen and deleted.
    assert_eq!(site.as_user("alice").get(&token_path(&token)).must_be(200).json()["isActive"], json!(true));
    site.as_user("alice").delete(&token_path(&token)).must_be(200);
}

#[test]
fn use_is_noted_with_time_and_address() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let shown = || site.as_local().get(&token_path(&token)).must_be(200).json();
    assert_eq!((&shown()["lastUsed"], &shown()["lastUsedIp"]), (&json!(ZERO), &json!(null)));
    site.pass(MINUTE);
    assert!(works(&site, "alice", &token));
    assert_eq!((&shown()["lastUsed"], &shown()["lastUsedIp"]), (&json!(site.in_time(0)), &json!("127.0.0.1")));
    let used = shown();
    site.pass(MINUTE);
    let site = site.restart();
    assert_eq!(site.as_local().get(&token_path(&token)).must_be(200).json(), used, "a clean end loses no note");
}

#[test]
fn unknown_and_foreign_fields_are_refused() {
    let site = with_alice();
    let alice = site.as_user("alice");
    for field in ["username", "owner", "isActive", "hashedToken", "token", "parent", "id", "label", "scopes"] {
        alice.post(TOKENS, &json!({ field: null })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let token = made_by(&alice, &json!({}));
    for field in ["username", "accessLevel", "repositories", "expiresAt", "temporaryPassword", "createdAt", "id"] {
        alice.patch(&token_path(&token), &json!({ field: null })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for overlap in [json!(-1), json!(7 * DAY + 1), json!("1"), json!(1.5)] {
        let path = format!("{}/rotate", token_path(&token));
        alice.post(&path, &json!({ "overlap": overlap })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    assert!(works(&site, "alice", &token));
}

// --- listing ---

#[test]
fn lists_are_bare_arrays_newest_first_of_what_the_caller_owns() {
    let site = with_alice();
    site.add_user("bob");
    for (owner, label) in [("alice", "first"), ("bob", "second"), ("alice", "third"), ("admin", "fourth")] {
        site.add_token(owner, &json!({ "tokenLabel": label }));
        site.pass(1);
    }
    assert_eq!(labels(&site.as_user("alice").get(TOKENS).must_be(200).json()), ["third", "first"]);
    assert_eq!(labels(&site.as_user("alice").get(&format!("{TOKENS}/?username=alice")).must_be(200).json()).len(), 2);
    let everybody = site.as_admin().get(TOKENS).must_be(200).json();
    assert_eq!(labels(&everybody), ["fourth", "third", "second", "first"]);
    let owners: Vec<_> = everybody.as_array().expect("a list").iter().map(|token| token["username"].clone()).collect();
    assert_eq!(owners, ["admin", "alice", "bob", "alice"]);
    let of_bob = site.as_admin().get(&format!("{TOKENS}?username=bob")).must_be(200);
    assert_eq!(labels(&of_bob.json()), ["second"]);
    site.as_admin().get(&format!("{TOKENS}?username=nobody")).must_be_refused(404, "NO_SUCH_USER");
    for other in ["bob", "nobody", "Alice", "alice/app"] {
        let path = format!("{TOKENS}?username={other}");
        site.as_user("alice").get(&path).must_be_refused(403, "NOT_AUTHORIZED");
        site.as_user("alice").post(&path, &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
        site.as_user("alice")
            .delete(&format!("{path}&usedbefore=2027-01-01&generatedby=all"))
            .must_be_refused(403, "NOT_AUTHORIZED");
    }
}

#[test]
fn the_tokens_of_others_are_as_if_they_were_not_there() {
    let site = with_alice();
    site.add_service("bob");
    let bob = site.add_token("bob", &json!({}));
    let absent = AccessToken { hash: "0".repeat(64), ..bob.clone() };
    let alice = site.as_user("alice");
    let answers: Vec<Vec<String>> = [&bob, &absent]
        .map(|token| {
            let path = token_path(token);
            let answers = [
                alice.get(&path),
                alice.delete(&path),
                alice.patch(&path, &json!({ "isActive": false })),
                alice.patch(&path, &json!({ "nonsense": 1 })),
                alice.post(&format!("{path}/rotate"), &json!({})),
            ];
            let body = |answer: crate::support::http::Answer| {
                answer.must_be_refused(404, "NO_SUCH_API_TOKEN").body.replace(&token.hash, "HASH")
            };
            answers.map(body).to_vec()
        })
        .to_vec();
    assert_eq!(answers[0], answers[1]);
    assert!(works(&site, "bob", &bob));
    for malformed in [bob.hash.to_uppercase(), bob.hash[1..].to_owned(), format!("{}0", bob.hash), bob.id.clone()] {
        alice.get(&format!("{TOKENS}/{malformed}")).must_be_refused(404, "NO_SUCH_API_TOKEN");
    }
}

#[test]
fn the_id_stands_for_the_hash_with_the_same_rights_and_through_rotations() {
    let site = with_alice();
    site.add_user("bob");
    let alice = site.as_user("alice");
    let token = made_by(&alice, &json!({ "tokenLabel": "ci" }));
    let by_id = format!("{TOKENS}/{}", token.id);
    assert_eq!(alice.get(&by_id).must_be(200).json(), alice.get(&token_path(&token)).must_be(200).json());
    let turned = rotated(&alice, &token, &json!({}));
    assert_eq!(alice.get(&by_id).must_be(200).json()["hashedToken"], json!(turned.hash));
    alice.get(&format!("{by_id}/access")).must_be(200);
    alice.get(&format!("{by_id}/activity")).must_be(200);
    assert_eq!(
        alice.patch(&by_id, &json!({ "tokenLabel": "build" })).must_be(200).json()["tokenLabel"],
        json!("build")
    );
    // Of others it is as absent as an id that nothing has.
    let bob = site.as_user("bob");
    let absent = "01M8GCA60000000000000000AA";
    for suffix in ["", "/access", "/activity"] {
        let told = |id: &str| {
            let answer = bob.get(&format!("{TOKENS}/{id}{suffix}")).must_be_refused(404, "NO_SUCH_API_TOKEN");
            answer.body.replace(id, "ID")
        };
        assert_eq!(told(&token.id), told(absent), "{suffix}");
    }
    let told = |id: &str| {
        bob.delete(&format!("{TOKENS}/{id}")).must_be_refused(404, "NO_SUCH_API_TOKEN").body.replace(id, "ID")
    };
    assert_eq!(told(&token.id), told(absent));
    site.as_admin().get(&by_id).must_be(200);
    alice.delete(&by_id).must_be(200);
    alice.get(&by_id).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

// --- changing and deleting ---

#[test]
fn a_token_is_renamed_stopped_started_and_deleted() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let token = made_by(&alice, &json!({ "tokenLabel": "old" }));
    let path = token_path(&token);
    let before = alice.get(&path).must_be(200).json();
    assert_eq!(alice.patch(&path, &json!({})).must_be(200).json(), before);
    let renamed = alice.patch(&path, &json!({ "tokenLabel": " new " })).must_be(200).json();
    assert_eq!(keys(&renamed), keys(&before));
    assert_eq!((&renamed["tokenLabel"], &renamed["isActive"]), (&json!("new"), &json!(true)));
    assert_eq!(alice.patch(&path, &json!({ "isActive": false })).must_be(200).json()["isActive"], json!(false));
    assert!(!works(&site, "alice", &token));
    alice.patch(&path, &json!({ "isActive": true })).must_be(200);
    assert!(works(&site, "alice", &token));
    assert_eq!(alice.delete(&path).must_be(200).body, "");
    assert!(!works(&site, "alice", &token));
    alice.delete(&path).must_be_refused(404, "NO_SUCH_API_TOKEN");
    alice.get(&path).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

#[test]
fn a_capped_token_reads_and_deletes_itself_and_nothing_else() {
    let site = with_alice();
    let other = site.add_token("alice", &json!({}));
    for body in [
        json!({ "accessLevel": "push" }),
        json!({ "accessLevel": "read-write" }),
        json!({ "repositories": ["alice/*"] }),
    ] {
        let token = site.add_token("alice", &body);
        let capped = site.with_token("alice", &token);
        capped.get(&token_path(&token)).must_be(200);
        capped.get(&token_path(&other)).must_be_refused(404, "NO_SUCH_API_TOKEN");
        capped.delete(&token_path(&other)).must_be_refused(404, "NO_SUCH_API_TOKEN");
        let listed = capped.get(TOKENS).must_be(200).json();
        assert_eq!(listed, json!([capped.get(&token_path(&token)).must_be(200).json()]), "itself alone");
        capped.get(&format!("{TOKENS}?username=admin")).must_be(403);
        capped.get(&account_path("alice")).must_be(403);
        capped.patch(&token_path(&token), &json!({ "tokenLabel": "mine" })).must_be(403);
        capped.post(&format!("{}/rotate", token_path(&token)), &json!({})).must_be(403);
        capped.delete(&token_path(&token)).must_be(200);
        capped.get("/api/v0/repositories").must_be(401);
    }
    assert!(works(&site, "alice", &other));
}

#[test]
fn an_administrator_does_all_of_it_for_any_account() {
    let site = with_alice();
    site.as_admin().post("/enzi/v0/accounts", &json!({ "name": "root", "isAdmin": true })).must_be(201);
    for owner in ["alice", "root"] {
        let admin = site.as_admin();
        let made = admin.post(&format!("{TOKENS}?username={owner}"), &json!({})).must_be(200);
        assert_eq!(made.text("/username"), owner);
        let token = AccessToken::of(&made.json());
        assert!(works(&site, owner, &token));
        admin.patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
        assert!(!works(&site, owner, &token));
        admin.patch(&token_path(&token), &json!({ "isActive": true })).must_be(200);
        let token = rotated(&admin, &token, &json!({}));
        assert!(works(&site, owner, &token));
        admin.delete(&token_path(&token)).must_be(200);
        assert!(!works(&site, owner, &token));
    }
    site.as_admin().post(&format!("{TOKENS}?username=nobody"), &json!({})).must_be_refused(404, "NO_SUCH_USER");
    site.as_local().post(TOKENS, &json!({})).must_be_refused(400, "INVALID_PARAMETERS");
}

// --- rotation ---

#[test]
fn rotation_gives_a_new_secret_and_keeps_everything_else() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let body = json!({ "tokenLabel": "ci", "accessLevel": "read-only", "repositories": ["alice/*"], "expiresAt": "2027-01-01" });
    let old = made_by(&alice, &body);
    let before = alice.get(&token_path(&old)).must_be(200).json();
    site.pass(HOUR);
    let answer = alice.post(&format!("{}/rotate", token_path(&old)), &json!({})).must_be(200);
    assert_eq!(answer.text("/previousHashedToken"), old.hash);
    assert_eq!(answer.text("/previousUntil"), site.in_time(0), "without overlap it ends at once");
    let new = AccessToken::of(&answer.json());
    assert!(new.secret != old.secret && new.hash != old.hash && new.id == old.id);
    assert_eq!(new.hash, blake3::hash(new.secret.as_bytes()).to_hex().to_string());
    let after = alice.get(&token_path(&new)).must_be(200).json();
    for field in keys(&before).into_iter().filter(|field| *field != "hashedToken") {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert!(works(&site, "alice", &new) && !works(&site, "alice", &old));
    // The hash of what opens nothing any more still finds the record.
    assert_eq!(alice.get(&token_path(&old)).must_be(200).text("/hashedToken"), new.hash);
}

#[test]
fn the_old_secret_lives_on_for_the_overlap_and_no_longer() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let first = made_by(&alice, &json!({}));
    let answer = alice.post(&format!("{}/rotate", token_path(&first)), &json!({ "overlap": HOUR })).must_be(200);
    assert_eq!(answer.text("/previousUntil"), site.in_time(HOUR));
    let second = AccessToken::of(&answer.json());
    assert!(works(&site, "alice", &first) && works(&site, "alice", &second));
    // The old hash finds the same record, then and later.
    assert_eq!(alice.get(&token_path(&first)).must_be(200).text("/hashedToken"), second.hash);
    let site = site.restart();
    assert!(works(&site, "alice", &first) && works(&site, "alice", &second));
    site.pass(HOUR - 1);
    assert!(works(&site, "alice", &first));
    site.pass(1);
    assert!(!works(&site, "alice", &first) && works(&site, "alice", &second));
    assert_eq!(site.as_user("alice").get(&token_path(&first)).must_be(200).text("/hashedToken"), second.hash);
}

#[test]
fn a_second_rotation_ends_the_oldest_secret() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let first = made_by(&alice, &json!({}));
    let second = rotated(&alice, &first, &json!({ "overlap": DAY }));
    let third = rotated(&alice, &first, &json!({ "overlap": DAY }));
    assert!(!works(&site, "alice", &first) && works(&site, "alice", &second) && works(&site, "alice", &third));
    let fourth = rotated(&alice, &second, &json!({}));
    assert!(!works(&site, "alice", &second) && !works(&site, "alice", &third) && works(&site, "alice", &fourth));
}

#[test]
fn stopping_and_deleting_end_every_secret_of_a_token() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let first = made_by(&alice, &json!({}));
    let second = rotated(&alice, &first, &json!({ "overlap": 7 * DAY }));
    alice.patch(&token_path(&first), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, "alice", &first) && !works(&site, "alice", &second));
    alice.patch(&token_path(&second), &json!({ "isActive": true })).must_be(200);
    assert!(works(&site, "alice", &first) && works(&site, "alice", &second));
    alice.delete(&token_path(&first)).must_be(200);
    assert!(!works(&site, "alice", &first) && !works(&site, "alice", &second));
}

#[test]
fn an_inactive_or_expired_token_cannot_be_rotated() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let inactive = made_by(&alice, &json!({}));
    alice.patch(&token_path(&inactive), &json!({ "isActive": false })).must_be(200);
    let expired = made_by(&alice, &json!({ "expiresAt": site.in_time(HOUR) }));
    site.pass(HOUR);
    for token in [&inactive, &expired] {
        alice.post(&format!("{}/rotate", token_path(token)), &json!({})).must_be(409);
    }
}

// --- tokens made with tokens ---

#[test]
fn a_child_names_its_parent_and_counts_only_while_that_counts() {
    let site = with_alice();
    let parent = site.add_token("alice", &json!({ "expiresAt": site.in_time(DAY) }));
    let alice = site.with_token("alice", &parent);
    let made = alice.post(TOKENS, &json!({})).must_be(200);
    assert_eq!((made.text("/parent"), made.text("/expiresAt")), (parent.id.clone(), site.in_time(DAY)));
    let child = AccessToken::of(&made.json());
    let capped = made_by(&site.with_token("alice", &child), &json!({ "accessLevel": "read-only" }));
    let family = [&child, &capped];
    let all = |expected: bool| family.iter().all(|token| works(&site, "alice", token) == expected);
    assert!(all(true));
    site.as_local().patch(&token_path(&parent), &json!({ "isActive": false })).must_be(200);
    assert!(all(false), "stopped with the parent");
    site.as_local().patch(&token_path(&parent), &json!({ "isActive": true })).must_be(200);
    assert!(all(true));
    let parent = rotated(&site.as_local(), &parent, &json!({}));
    assert!(all(true), "rotation keeps the id, so children live on");
    assert_eq!(site.as_local().get(&token_path(&child)).must_be(200).text("/parent"), parent.id);
    site.pass(DAY);
    assert!(all(false), "ended with the parent");
}

#[test]
fn deleting_a_parent_deletes_its_children_and_a_token_for_somebody_else_is_none() {
    let site = with_alice();
    let parent = site.add_token("admin", &json!({}));
    let admin = site.with_token("admin", &parent);
    let child = made_by(&admin, &json!({}));
    let answer = admin.post(&format!("{TOKENS}?username=alice"), &json!({})).must_be(200);
    let for_alice = AccessToken::of(&answer.json());
    admin.delete(&token_path(&parent)).must_be(200);
    assert!(!works(&site, "admin", &child) && works(&site, "alice", &for_alice));
    site.as_local().get(&token_path(&child)).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

#[test]
fn a_token_makes_none_that_lives_longer_not_even_for_somebody_else() {
    let site = with_alice();
    let ending = site.with_token("admin", &site.add_token("admin", &json!({ "expiresAt": site.in_time(DAY) })));
    let path = format!("{TOKENS}?username=alice");
    for end in [json!(site.in_time(DAY + 1)), json!(null)] {
        ending.post(&path, &json!({ "expiresAt": end })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    assert_eq!(ending.post(&path, &json!({})).must_be(200).text("/expiresAt"), site.in_time(DAY));
    ending.post(&path, &json!({ "expiresAt": site.in_time(DAY) })).must_be(200);
    let longer = site.add_token("alice", &json!({}));
    ending.post(&format!("{}/rotate", token_path(&longer)), &json!({})).must_be(403);
    ending.patch(&token_path(&longer), &json!({ "isActive": false })).must_be(200);
    ending.patch(&token_path(&longer), &json!({ "isActive": true })).must_be(403);
}

#[test]
fn a_token_that_another_one_rotated_stops_with_it() {
    let site = with_alice();
    let (leaked, other) = (site.add_token("alice", &json!({})), site.add_token("alice", &json!({})));
    let thief = site.with_token("alice", &leaked);
    let taken = rotated(&thief, &other, &json!({ "overlap": HOUR }));
    assert!(works(&site, "alice", &taken));
    assert_eq!(site.as_local().get(&token_path(&taken)).must_be(200).text("/parent"), leaked.id);
    site.as_local().patch(&token_path(&leaked), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, "alice", &taken) && !works(&site, "alice", &other));
    site.as_local().delete(&token_path(&leaked)).must_be(200);
    site.as_local().get(&token_path(&taken)).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

#[test]
fn a_token_rotates_itself_and_what_it_made_but_none_that_it_descends_from() {
    let site = with_alice();
    let parent = site.add_token("alice", &json!({}));
    let child = made_by(&site.with_token("alice", &parent), &json!({}));
    let path = format!("{}/rotate", token_path(&parent));
    site.with_token("alice", &child).post(&path, &json!({})).must_be(403);
    let child = rotated(&site.with_token("alice", &parent), &child, &json!({}));
    let parent = rotated(&site.with_token("alice", &parent), &parent, &json!({}));
    assert_eq!(site.as_local().get(&token_path(&parent)).must_be(200).json()["parent"], json!(null));
    assert!(works(&site, "alice", &parent) && works(&site, "alice", &child));
}

#[test]
fn an_administrators_token_gives_no_power_to_those_of_another_administrator() {
    let site = with_alice();
    site.as_local().post("/enzi/v0/accounts", &json!({ "name": "root", "isAdmin": true })).must_be(201);
    let of_root = site.add_token("root", &json!({}));
    let by_token = site.with_token("admin", &site.add_token("admin", &json!({})));
    by_token.post(&format!("{TOKENS}?username=root"), &json!({})).must_be(403);
    by_token.post(&format!("{}/rotate", token_path(&of_root)), &json!({})).must_be(403);
    by_token.patch(&token_path(&of_root), &json!({ "isActive": false })).must_be(200);
    by_token.patch(&token_path(&of_root), &json!({ "isActive": true })).must_be(403);
    by_token.post(&format!("{TOKENS}?username=alice"), &json!({})).must_be(200);
    site.as_admin().post(&format!("{TOKENS}?username=root"), &json!({})).must_be(200);
}

// --- clean-up ---

#[test]
fn clean_up_takes_what_its_preview_shows() {
    let site = with_alice();
    let unused = site.add_token("alice", &json!({ "tokenLabel": "never used" }));
    let used = site.add_token("alice", &json!({ "tokenLabel": "used late" }));
    site.pass(30 * DAY);
    assert!(works(&site, "alice", &used));
    let fresh = site.add_token("alice", &json!({ "tokenLabel": "fresh" }));
    let alice = site.as_user("alice");
    let before = site.in_time(-DAY);
    let path = format!("{TOKENS}?usedbefore={before}&generatedby=all");
    let preview = alice.get(&path).must_be(200).json();
    assert_eq!(labels(&preview), ["never used"]);
    assert_eq!(alice.delete(&path).must_be(200).json(), preview);
    assert!(!works(&site, "alice", &unused) && works(&site, "alice", &used) && works(&site, "alice", &fresh));
    assert_eq!(alice.delete(&path).must_be(200).json(), json!([]), "nothing is left to do");
}

#[test]
fn clean_up_spares_what_has_a_descendant_that_stays_and_takes_whole_families() {
    let site = with_alice();
    let child_of = |parent: &AccessToken| made_by(&site.with_token("alice", parent), &json!({}));
    let (rotator, idle) = (site.add_token("alice", &json!({})), site.add_token("alice", &json!({})));
    let used = child_of(&child_of(&rotator));
    let forgotten = child_of(&idle);
    site.pass(60 * DAY);
    assert!(works(&site, "alice", &used));
    let query = format!("{TOKENS}?generatedby=all&usedbefore={}", site.in_time(-30 * DAY));
    let alice = site.as_user("alice");
    let hashes = |list: &Value| -> Vec<String> {
        let mut hashes: Vec<_> =
            list.as_array().expect("a list").iter().map(|it| it["hashedToken"].to_string()).collect();
        hashes.sort_unstable();
        hashes
    };
    let shown = hashes(&alice.get(&query).must_be(200).json());
    let expected = [&idle, &forgotten].map(|token| format!("\"{}\"", token.hash));
    assert!(shown.len() == 2 && expected.iter().all(|hash| shown.contains(hash)), "{shown:?}");
    assert_eq!(hashes(&alice.delete(&query).must_be(200).json()), shown, "what goes is what was shown");
    assert!(works(&site, "alice", &used) && works(&site, "alice", &rotator) && !works(&site, "alice", &forgotten));
}

#[test]
fn clean_up_wants_a_time_and_takes_auto_unless_told_otherwise() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let alice = site.as_user("alice");
    for query in ["", "?generatedby=all", "?usedbefore=", "?usedbefore=yesterday", "?usedbefore=1700000000"] {
        alice.delete(&format!("{TOKENS}{query}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    alice.delete(&format!("{TOKENS}?usedbefore=2027-01-01&generatedby=me")).must_be_refused(400, "INVALID_PARAMETERS");
    for kind in ["", "&generatedby=auto"] {
        assert_eq!(alice.delete(&format!("{TOKENS}?usedbefore=2027-01-01{kind}")).must_be(200).json(), json!([]));
    }
    assert!(works(&site, "alice", &token));
    let removed = alice.delete(&format!("{TOKENS}?usedbefore=2027-01-01T00:00:00Z&generatedby=manual")).must_be(200);
    assert_eq!(removed.json()[0]["hashedToken"], json!(token.hash));
    assert!(!works(&site, "alice", &token));
}

#[test]
fn clean_up_is_for_ones_own_tokens_unless_an_administrator_says_whose() {
    let site = with_alice();
    let (of_alice, of_admin) = (site.add_token("alice", &json!({})), site.add_token("admin", &json!({})));
    let path = format!("{TOKENS}?usedbefore=2027-01-01&generatedby=all");
    let asking = site.add_token("admin", &json!({}));
    let removed = site.with_token("admin", &asking).delete(&path).must_be(200);
    assert_eq!(removed.json().as_array().map(Vec::len), Some(1), "{}", removed.describe());
    assert!(!works(&site, "admin", &of_admin) && works(&site, "alice", &of_alice));
    assert!(works(&site, "admin", &asking), "never the calling token");
    site.as_admin().delete(&format!("{path}&username=nobody")).must_be_refused(404, "NO_SUCH_USER");
    site.as_admin().delete(&format!("{path}&username=alice")).must_be(200);
    assert!(!works(&site, "alice", &of_alice));
}

#[test]
fn a_clean_up_and_its_preview_have_the_same_parameters_and_defaults() {
    let site = with_alice();
    let alice = site.as_user("alice");
    let stopped = site.add_token("alice", &json!({ "tokenLabel": "stopped" }));
    let active = site.add_token("alice", &json!({ "tokenLabel": "active" }));
    alice.patch(&token_path(&stopped), &json!({ "isActive": false })).must_be(200);
    site.add_token("admin", &json!({ "tokenLabel": "of admin" }));
    let path = format!("{TOKENS}?usedbefore=2027-01-01");
    // Unless it is said how they came to be: only those that nobody asked for, and there are none.
    assert_eq!(alice.get(&path).must_be(200).json(), json!([]));
    assert_eq!(alice.delete(&path).must_be(200).json(), json!([]));
    // What is not understood deletes nothing.
    let all = format!("{path}&generatedby=all");
    let unclear = ["&pageSize=1", "&count=true", "&State=inactive", "&stat=inactive", "&usedBefore=2020-01-01", "&x"];
    let twice = ["&usedbefore=2020-01-01", "&generatedby=auto", "&username=alice&username=alice"];
    for more in unclear.iter().chain(&twice) {
        alice.delete(&format!("{all}{more}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    alice.delete(&format!("{all}&state=lost")).must_be_refused(400, "INVALID_PARAMETERS");
    let one_state = format!("{all}&state=inactive");
    let preview = alice.get(&one_state).must_be(200).json();
    assert_eq!(labels(&preview), ["stopped"]);
    assert_eq!(alice.delete(&one_state).must_be(200).json(), preview);
    assert!(works(&site, "alice", &active));
    // An administrator who names nobody means their own, and the local one must name somebody.
    let preview = site.as_admin().get(&all).must_be(200).json();
    assert_eq!(labels(&preview), ["of admin"]);
    let everybodys = site.as_admin().get(TOKENS).must_be(200).json();
    assert_eq!(labels(&everybodys).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["active", "of admin"]));
    assert_eq!(site.as_admin().delete(&all).must_be(200).json(), preview);
    for method in ["GET", "DELETE"] {
        site.as_local().send(method, &all, b"").must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn a_clean_up_until_the_last_day_takes_what_a_wrong_clock_used_in_the_future() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    site.pass(3_650 * DAY);
    assert!(works(&site, "alice", &token));
    site.pass(-3_650 * DAY);
    let path = |before: &str| format!("{TOKENS}?username=alice&generatedby=all&usedbefore={before}");
    assert_eq!(site.as_admin().delete(&path(&site.in_time(DAY))).must_be(200).json(), json!([]));
    site.as_admin().delete(&path("9999-12-31")).must_be(200);
    assert!(!works(&site, "alice", &token), "as a page does it that revokes all of them");
}

#[test]
fn a_clean_up_answers_the_last_use_and_spares_the_maker_of_a_replaced_secret_that_lives() {
    let site = with_alice();
    let (maker, rotator) = (site.add_token("alice", &json!({})), site.add_token("alice", &json!({})));
    let made = made_by(&site.with_token("alice", &maker), &json!({}));
    site.pass(30 * DAY);
    let path = format!("{}/rotate", token_path(&made));
    let rotated = site.with_token("alice", &rotator).post(&path, &json!({ "overlap": DAY })).must_be(200);
    let new = AccessToken::of(&rotated.json());
    assert!(works(&site, "alice", &made) && works(&site, "alice", &new));
    let alice = site.as_user("alice");
    let query = format!("{TOKENS}?generatedby=all&usedbefore={}", site.in_time(-DAY));
    assert_eq!(alice.get(&query).must_be(200).json(), json!([]), "what it made is in use, by its replaced secret");
    assert_eq!(alice.delete(&query).must_be(200).json(), json!([]));
    assert!(works(&site, "alice", &made));
    site.pass(DAY);
    let preview = alice.get(&query).must_be(200).json();
    assert_eq!(preview[0]["hashedToken"], json!(maker.hash));
    assert_ne!(preview[0]["lastUsed"], json!("0001-01-01T00:00:00Z"));
    assert_eq!(alice.delete(&query).must_be(200).json(), preview);
    assert!(!works(&site, "alice", &made) && works(&site, "alice", &new));
}

// --- limits that a site sets ---

#[test]
fn an_account_has_at_most_so_many_tokens_even_at_once() {
    let site = InProcess::start_with(&[("tokens.max_per_account", "7"), ("tokens.max_label", "5")]);
    site.add_service("alice");
    let path = format!("{TOKENS}?username=alice");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let (site, path) = (&site, &path);
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| site.as_local().post(path, &json!({})).status)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        0,
        "the default label has more than 5 letters"
    );
    let make = || site.as_local().post(&path, &json!({ "tokenLabel": "short" }));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(|| make().status)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 13, "{statuses:?}");
    make().must_be_refused(409, "LIMIT_REACHED");
    let list = site.as_local().get(&path).must_be(200).json();
    site.as_local().delete(&format!("{TOKENS}/{}", list[0]["hashedToken"].as_str().expect("a hash"))).must_be(200);
    make().must_be(200);
}

#[test]
fn a_site_may_forbid_tokens_that_never_end() {
    let site = InProcess::start_with(&[("tokens.default_lifetime", "30d"), ("tokens.max_lifetime", "90d")]);
    site.add_service("alice");
    let create = |body: Value| site.as_local().post(&format!("{TOKENS}?username=alice"), &body);
    assert_eq!(create(json!({})).must_be(200).text("/expiresAt"), site.in_time(30 * DAY));
    assert_eq!(create(json!({ "expiresAt": site.in_time(90 * DAY) })).must_be(200).status, 200);
    for end in [json!(null), json!(site.in_time(90 * DAY + 1))] {
        create(json!({ "expiresAt": end })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let site = InProcess::start_with(&[("tokens.default_lifetime", "30d")]);
    site.add_service("alice");
    let create = |body: Value| site.as_local().post(&format!("{TOKENS}?username=alice"), &body).must_be(200).json();
    assert_eq!(create(json!({}))["expiresAt"], json!(site.in_time(30 * DAY)));
    assert_eq!(create(json!({ "expiresAt": null }))["expiresAt"], json!(null), "said so, it never ends");
}

// --- what becomes of the account ---

#[test]
fn tokens_follow_their_account() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "another-long-password" });
    site.as_user("alice").post(&format!("{}/changePassword", account_path("alice")), &body).must_be(200);
    assert!(works(&site, "alice", &token), "a new password leaves tokens alone");
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    assert!(!works(&site, "alice", &token));
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": true })).must_be(200);
    assert!(works(&site, "alice", &token));
    site.as_local().delete(&account_path("alice")).must_be(204);
    assert!(!works(&site, "alice", &token));
    site.add_user("alice");
    assert!(!works(&site, "alice", &token), "another account of the same name is another account");
    assert_eq!(site.as_user("alice").get(TOKENS).must_be(200).json(), json!([]));
    site.as_local().get(&token_path(&token)).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

// --- temporary passwords ---

fn temporary(site: &InProcess, name: &str) -> AccessToken {
    let answer = site.as_admin().post(&format!("{TOKENS}?username={name}"), &json!({ "temporaryPassword": true }));
    AccessToken::of(&answer.must_be(200).json())
}

#[test]
fn a_temporary_password_lives_a_day_unless_said_otherwise_and_a_week_at_most() {
    let site = with_alice();
    let create = |body: Value| site.as_admin().post(&format!("{TOKENS}?username=alice"), &body);
    let made = create(json!({ "temporaryPassword": true })).must_be(200);
    assert_eq!((made.text("/expiresAt"), &made.json()["temporaryPassword"]), (site.in_time(DAY), &json!(true)));
    create(json!({ "temporaryPassword": true, "expiresAt": site.in_time(7 * DAY) })).must_be(200);
    for end in [json!(null), json!(site.in_time(7 * DAY + 1))] {
        create(json!({ "temporaryPassword": true, "expiresAt": end })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for limits in [json!({ "accessLevel": "read-only" }), json!({ "repositories": ["alice/*"] })] {
        let mut body = limits;
        body["temporaryPassword"] = json!(true);
        create(body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let expired = AccessToken::of(&made.json());
    site.pass(DAY);
    let body = json!({ "newPassword": "chosen-by-alice-herself" });
    let path = format!("{}/changePassword", account_path("alice"));
    site.with_token("alice", &expired).post(&path, &body).must_be(401);
}

#[test]
fn a_temporary_password_takes_the_administrators_password_or_the_socket() {
    let site = with_alice();
    site.add_user("bob");
    let (path, body) = (format!("{TOKENS}?username=alice"), json!({ "temporaryPassword": true }));
    site.as_local().post(&path, &body).must_be(200);
    site.as_user("bob").post(&path, &body).must_be(403);
    site.as_user("alice").post(TOKENS, &body).must_be(403);
    site.as_admin().post(TOKENS, &body).must_be(403);
    let token = site.add_token("admin", &json!({}));
    let admin = site.with_token("admin", &token);
    admin.post(&path, &body).must_be(403);
    // Nor does a token get at one that is there: its new secret would set a password.
    let made = temporary(&site, "alice");
    admin.post(&format!("{}/rotate", token_path(&made)), &json!({})).must_be(403);
    admin.patch(&token_path(&made), &json!({ "isActive": false })).must_be(200);
    admin.patch(&token_path(&made), &json!({ "isActive": true })).must_be(403);
    site.as_admin().patch(&token_path(&made), &json!({ "isActive": true })).must_be(200);
    assert!(works(&site, "alice", &made));
}

#[test]
fn a_temporary_password_sets_the_password_once_and_goes_with_all_that_it_made() {
    let site = with_alice();
    let usual = site.add_token("alice", &json!({}));
    let (first, second) = (temporary(&site, "alice"), temporary(&site, "alice"));
    let alice = site.with_token("alice", &first);
    let child = made_by(&alice, &json!({}));
    let path = format!("{}/changePassword", account_path("alice"));
    alice.post(&path, &json!({ "newPassword": "short" })).must_be_refused(400, "INVALID_PARAMETERS");
    assert!(works(&site, "alice", &first), "a refused password does not use it up");
    let changed = alice.post(&path, &json!({ "newPassword": "chosen-by-alice-herself" })).must_be(200).json();
    assert_eq!((&changed["name"], &changed["passwordSetByAdmin"]), (&json!("alice"), &json!(false)));
    for gone in [&first, &second, &child] {
        assert!(!works(&site, "alice", gone));
    }
    assert!(works(&site, "alice", &usual));
    alice.post(&path, &json!({ "newPassword": "chosen-by-somebody-else" })).must_be(401);
    site.with("alice", "chosen-by-alice-herself").get(TOKENS).must_be(200);
    site.as_user("alice").get(TOKENS).must_be(401);
}

#[test]
fn a_temporary_password_is_for_its_own_account_only() {
    let site = with_alice();
    site.as_local().post("/enzi/v0/accounts", &json!({ "name": "root", "isAdmin": true, "password": PASSWORD }));
    let of_root = site.with_token("root", &temporary(&site, "root"));
    let body = json!({ "newPassword": "chosen-by-root-himself" });
    of_root.post(&format!("{}/changePassword", account_path("alice")), &body).must_be(403);
    of_root.post(&format!("{}/changePassword", account_path("admin")), &body).must_be(403);
    site.as_user("alice").get(TOKENS).must_be(200);
    // Everything made with it goes, whoever owns it, each with a record.
    let root = site.with_token("root", &temporary(&site, "root"));
    let answer = root.post(&format!("{TOKENS}?username=alice"), &json!({})).must_be(200);
    let for_alice = AccessToken::of(&answer.json());
    assert!(works(&site, "alice", &for_alice));
    root.post(&format!("{}/changePassword", account_path("root")), &body).must_be(200);
    assert!(!works(&site, "alice", &for_alice));
    assert_eq!(site.audit(&format!("action=token.delete&object={}", for_alice.id)).len(), 1);
    // A service account may get its first password so.
    site.add_service("robot");
    let robot = site.with_token("robot", &temporary(&site, "robot"));
    robot.post(&format!("{}/changePassword", account_path("robot")), &body).must_be(200);
    site.with("robot", "chosen-by-root-himself").get(TOKENS).must_be(200);
}

// --- at the same time ---

#[test]
fn no_use_succeeds_that_begins_after_the_deletion_was_answered() {
    let site = InProcess::start();
    site.add_service("alice");
    for _ in 0..5 {
        let token = site.add_token("alice", &json!({}));
        let deleted = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            let (site, token, deleted) = (&site, &token, &deleted);
            for _ in 0..4 {
                scope.spawn(move || {
                    let mut uses = 0;
                    loop {
                        let is_after = deleted.load(std::sync::atomic::Ordering::SeqCst);
                        let works = works(site, "alice", token);
                        assert!(!(works && is_after), "it worked after its deletion was answered");
                        uses += 1;
                        if is_after && uses > 5 {
                            break;
                        }
                    }
                });
            }
            scope.spawn(move || {
                site.as_local().delete(&token_path(token)).must_be(200);
                deleted.store(true, std::sync::atomic::Ordering::SeqCst);
            });
        });
    }
}

#[test]
fn of_many_rotations_at_once_each_secret_counts_or_does_not_and_the_token_stays_one() {
    let site = InProcess::start();
    site.add_service("alice");
    let token = site.add_token("alice", &json!({}));
    let rotate = || site.as_local().post(&format!("{}/rotate", token_path(&token)), &json!({}));
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer").must_be_one_of(&[200, 409])).collect()
    });
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "one found the old hash, the others came too late");
    assert!(works(&site, "alice", &AccessToken::of(&won[0].json())) && !works(&site, "alice", &token));
    let count = site.as_local().get(&format!("{TOKENS}?username=alice&count=true")).must_be(200);
    assert_eq!(count.header("x-resource-count"), Some("1"));
}

#[test]
fn the_state_is_one_word_that_says_whether_it_is_accepted() {
    let site = with_alice();
    let maker = site.add_token("alice", &json!({ "tokenLabel": "maker" }));
    let made = site.with_token("alice", &maker).post(TOKENS, &json!({ "expiresAt": site.in_time(HOUR) })).must_be(200);
    let made = AccessToken::of(&made.json());
    let told = |token: &AccessToken| {
        let shown = site.as_local().get(&token_path(token)).must_be(200).json();
        let word = shown["state"].as_str().expect("a state").to_owned();
        let is_accepted = site.with_token("alice", token).get(TOKENS).status == 200;
        assert_eq!(is_accepted, word == "active", "{shown}");
        let listed = site.as_local().get(&format!("{TOKENS}?username=alice&state={word}&count=true")).must_be(200);
        let hashes: Vec<Value> = listed.json().as_array().expect("a list").iter().map(|it| it["id"].clone()).collect();
        assert!(hashes.contains(&shown["id"]), "{}", listed.describe());
        assert_eq!(listed.header("x-resource-count"), Some(hashes.len().to_string().as_str()));
        (word, shown["stateReason"].as_str().expect("a sentence").to_owned(), shown["stoppedBy"].clone())
    };
    let switch =
        |path: &str, is_active: bool| site.as_local().patch(path, &json!({ "isActive": is_active })).must_be(200);
    assert_eq!(told(&maker), ("active".into(), "it is accepted".into(), Value::Null));
    let (word, reason, _) = told(&made);
    assert!(word == "active" && reason.starts_with("it is accepted until 20"), "{reason}");
    let id = site.as_local().get(&token_path(&maker)).must_be(200).json()["id"].clone();
    switch(&token_path(&maker), false);
    assert_eq!(told(&maker), ("inactive".into(), "it is deactivated".into(), Value::Null));
    let reason = "the access token `maker`, which made it, is deactivated";
    assert_eq!(told(&made), ("stopped".into(), reason.into(), id));
    switch(&account_path("alice"), false);
    assert_eq!(told(&made), ("accountInactive".into(), "its account is inactive".into(), Value::Null));
    assert_eq!(told(&maker).0, "inactive");
    switch(&account_path("alice"), true);
    switch(&token_path(&maker), true);
    site.pass(HOUR);
    let (word, reason, stopped_by) = told(&made);
    assert!(word == "expired" && reason.starts_with("it expired on 20") && stopped_by == Value::Null, "{reason}");
    assert_eq!(told(&maker).0, "active");
    let refused = site.as_local().get(&format!("{TOKENS}?state=alive")).must_be_refused(400, "INVALID_PARAMETERS");
    let words = "state: revoked, expired, inactive, accountInactive, stopped or active";
    assert_eq!(refused.text("/errors/0/message"), words);
}
