//! Bounds for one account or one source: changes a minute, and records of refusals; and those of a request as a whole. Which
//! test goes past which bound is in the table of `architecture::limits`.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    site::{MINUTE, account_path, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";

#[test]
fn an_account_that_changes_too_much_waits_but_ends_its_tokens() {
    let site = InProcess::start_with(&[("limits.changes_per_minute", "5")]);
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let alice = site.as_user("alice");
    let rename = |number: u32| alice.patch(&token_path(&token), &json!({ "tokenLabel": format!("label {number}") }));
    (0..5).for_each(|number| drop(rename(number).must_be(200)));
    let refused = rename(5).must_be_refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("retry-after"), Some("12"), "{}", refused.describe());
    alice.post(TOKENS, &json!({ "tokenLabel": "more" })).must_be_refused(429, "TOO_MANY_REQUESTS");
    alice.post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be_refused(429, "TOO_MANY_REQUESTS");
    let both = json!({ "tokenLabel": "x", "isActive": false });
    alice.patch(&token_path(&token), &both).must_be_refused(429, "TOO_MANY_REQUESTS");
    // The first push of a repository changes something, too; other tokens are issued.
    let push = "/auth/token?service=dockpass&scope=repository:alice/new:push,pull";
    alice.get(push).must_be_refused(429, "TOO_MANY_REQUESTS");
    alice.get("/auth/token?service=dockpass&scope=repository:alice/new:pull").must_be(200);
    // What ends a credential is never kept waiting.
    alice.patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    alice.patch(&token_path(&token), &json!({ "isActive": true })).must_be_refused(429, "TOO_MANY_REQUESTS");
    alice.delete(&token_path(&token)).must_be(200);
    let path = format!("{}/changePassword", account_path("alice"));
    let body = json!({ "oldPassword": crate::support::exe::PASSWORD, "newPassword": "another-long-password" });
    alice.post(&path, &body).must_be(200);
    // Administrators are free, and so is the local socket.
    (0..20).for_each(|number| {
        let body = json!({ "fullName": format!("Name {number}") });
        site.as_admin().patch(&account_path("alice"), &body).must_be(200);
        site.as_local().patch(&account_path("alice"), &body).must_be(200);
    });
    site.pass(MINUTE);
    let alice = site.with("alice", "another-long-password");
    alice.post(TOKENS, &json!({ "tokenLabel": "more" })).must_be(200);
}

#[test]
fn passwords_and_sessions_have_a_bound_too_and_it_is_not_that_of_access_tokens() {
    let site = InProcess::start_with(&[("limits.changes_per_minute", "5")]);
    site.add_user("alice");
    let path = format!("{}/changePassword", account_path("alice"));
    let passwords = [crate::support::exe::PASSWORD, "another-long-password"];
    let token = site.add_token("alice", &json!({}));
    // An access token opens sessions without a slow hash; each leaves a record.
    let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
    let open = || browser.post("/api/v0/session", &json!({ "username": "alice", "password": token.secret }));
    (0..5).for_each(|_| drop(open().must_be(200)));
    open().must_be_refused(429, "TOO_MANY_REQUESTS");
    let set = |number: usize| {
        let (old, new) = (passwords[number % 2], passwords[(number + 1) % 2]);
        site.with("alice", old).post(&path, &json!({ "oldPassword": old, "newPassword": new }))
    };
    (0..30).for_each(|number| drop(set(number).must_be(200)));
    set(30).must_be_refused(429, "TOO_MANY_REQUESTS");
    site.pass(MINUTE);
    set(30).must_be(200);
}

#[test]
fn switching_off_what_is_off_leaves_no_record() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let off = || site.as_user("alice").patch(&token_path(&token), &json!({ "isActive": false })).must_be(200).json();
    let first = off();
    let before = site.audit("action=token.update").len();
    assert_eq!(off(), first);
    assert_eq!(site.audit("action=token.update").len(), before);
}

#[test]
fn what_strangers_do_beyond_their_room_is_summed_and_shown() {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    let guess = |name: &str, from: &str| site.with(name, "dkp_x").from_address(from).get(TOKENS).must_be(401);
    (0..200).for_each(|number| drop(guess("nobody", &format!("2001:db8:0:1::{number:x}"))));
    guess("admin", "198.51.100.7");
    let denied = site.audit("outcome=denied");
    let count = |records: &[&Value]| records.iter().map(|it| it["count"].as_u64().expect("a number")).sum::<u64>();
    assert_eq!(count(&denied.iter().collect::<Vec<_>>()), 201);
    let summed: Vec<&Value> = denied.iter().filter(|record| record["summed"] == json!("source")).collect();
    assert_eq!((summed.len(), count(&summed)), (1, 200 - 32));
    let [sum] = summed[..] else { panic!("{denied:#?}") };
    assert_eq!((&sum["address"], &sum["action"]), (&json!("2001:db8:0:1::/64"), &json!("account.signIn")));
    assert_eq!((&sum["actor"], &sum["object"]), (&json!("anonymous"), &json!("")));
    let at_admin = denied.iter().filter(|record| record["object"] == json!("admin"));
    assert_eq!(at_admin.map(|record| record["address"].clone()).collect::<Vec<_>>(), [json!("198.51.100.7")]);
    let found = site.as_local().post("/api/v0/audit/verify", &json!({})).must_be(200).json();
    assert_eq!((&found["problem"], &found["removed"]), (&json!(null), &json!(0)));
    assert_eq!(site.as_nobody().get("/health").must_be(200).json()["warning"], json!(""));
}

#[test]
fn a_head_has_96_headers_and_128_kib_and_no_more() {
    let site = InProcess::start();
    let ask = |count: usize, length: usize| {
        let lines =
            (2..count).map(|number| format!("X-{number}: {}\r\n", "x".repeat(length))).collect::<Vec<_>>().concat();
        let head = format!("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
        site.as_nobody().exchange(head.as_bytes(), b"")
    };
    for (count, length) in [(96, 1), (90, 1_300)] {
        let answer = ask(count, length);
        assert!(answer.starts_with("HTTP/1.1 200"), "{count} of {length}: {answer}");
    }
    for (count, length) in [(97, 1), (90, 1_600), (1_000, 1)] {
        let answer = ask(count, length);
        assert!(answer.starts_with("HTTP/1.1 4"), "{count} of {length}: {answer}");
    }
}

/// Takes half a minute, which is what it is about.
#[test]
fn a_body_that_stands_still_is_given_up() {
    use std::io::{Read, Write};

    let site = InProcess::start();
    let mut stream = std::net::TcpStream::connect(site.address()).expect("it is served");
    let head = "POST /api/v0/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{\"username\":";
    stream.write_all(head.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("the body took too long"), "{answer}");
}

#[test]
fn a_manifest_has_4_mib_and_no_more() {
    let upstream = crate::support::raw::Upstream::playing(|_, stream| {
        let _ = std::io::Write::write_all(
            stream,
            b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    });
    let site = InProcess::start_with(&[("registry.upstream", &upstream.url())]);
    let alice = site.add_robot("alice").header("Content-Type", crate::support::notify::MEDIA_TYPE);
    site.add_repository("alice/app");
    let put = |tag: &str, size: usize| {
        let body = format!("{{\"schemaVersion\":2,\"x\":\"{}\"}}", "x".repeat(size));
        alice.send("PUT", &format!("/v2/alice/app/manifests/{tag}"), body.as_bytes())
    };
    put("fits", 4 * 1024 * 1024 - 100).must_be(201);
    put("beyond", 4 * 1024 * 1024).must_be(413);
    assert!(upstream.heard("/manifests/beyond").is_empty());
    assert_eq!(upstream.heard("/manifests/fits").len(), 1);
}

#[test]
fn of_a_user_agent_256_bytes_are_kept() {
    let site = InProcess::start();
    site.add_user("alice");
    let browser = site.as_nobody().header("User-Agent", &"a".repeat(5_000)).header("Sec-Fetch-Site", "same-origin");
    let body = json!({ "username": "alice", "password": crate::support::exe::PASSWORD });
    browser.post("/api/v0/session", &body).must_be(200);
    let listed = site.as_local().get("/api/v0/accounts/alice/sessions").must_be(200).body;
    assert!(listed.contains(&"a".repeat(256)) && !listed.contains(&"a".repeat(257)), "{listed}");
}
