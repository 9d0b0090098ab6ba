//! The audit log by the API: who did what, by which credential, from where, and how it ended (design, section 10.6).

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    site::{HOUR, NOW, access_path, account_path, repository_path, team_access_path, token_path},
};

const AUDIT: &str = "/api/v0/audit";
const TOKENS: &str = "/api/v0/api_tokens";

/// Action, object and outcome of each record, oldest first, without sign-ins.
fn story(records: &[Value]) -> Vec<(String, String, String)> {
    let text = |record: &Value, field: &str| record[field].as_str().expect("a text").to_owned();
    let records = records.iter().rev().filter(|record| record["action"] != json!("account.signIn"));
    records.map(|record| (text(record, "action"), text(record, "object"), text(record, "outcome"))).collect()
}

fn id_of(site: &InProcess, name: &str) -> Value {
    site.as_local().get(&account_path(name)).must_be(200).json()["id"].clone()
}

#[test]
fn a_record_says_who_by_what_from_where_what_on_what_and_how_it_ended() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    site.pass(HOUR);
    let body = json!({ "name": "app" });
    site.as_user("alice").post("/api/v0/repositories/alice", &body).must_be(201);
    let repository = site.as_local().get(&repository_path("alice/app")).must_be(200).json()["id"].clone();
    site.with_token("alice", &token).delete(&repository_path("alice/app")).must_be(204);
    let records = site.audit("actor=alice&outcome=success");
    let [deleted, signed_in, created] = records.as_slice() else { panic!("{records:#?}") };
    let expected = |record: &Value, credential: &str, action: &str| {
        json!({
            "seq": record["seq"], "time": site.in_time(0), "actor": "alice", "actorId": id_of(&site, "alice"),
            "credential": credential, "address": "127.0.0.1", "action": action, "object": "alice/app",
            "outcome": "success", "count": 1, "hash": record["hash"],
            "repository": { "name": "alice/app", "id": repository },
        })
    };
    // Sign-ins are written with the next batch, changes with themselves.
    let (signed_in, deleted) =
        if signed_in["action"] == json!("account.signIn") { (signed_in, deleted) } else { (deleted, signed_in) };
    assert_eq!(*created, expected(created, "password", "repository.create"));
    let mut by_token = expected(deleted, &format!("accessToken:{}", token.id), "repository.delete");
    by_token["credentialLabel"] = json!("access token");
    assert_eq!(*deleted, by_token);
    let about_token = site.audit("action=token.create");
    let about = json!({ "id": token.id, "label": "access token", "owner": "alice" });
    assert_eq!(about_token[0]["accessToken"], about);
    assert_eq!(signed_in["account"], json!({ "name": "alice", "id": id_of(&site, "alice") }));
    assert_eq!((&signed_in["object"], &signed_in["credential"]), (&json!("alice"), &json!("password")));
    let hash = created["hash"].as_str().expect("a hash");
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    let all = site.audit("");
    let numbers: Vec<u64> = all.iter().map(|record| record["seq"].as_u64().expect("a number")).collect();
    let count = u64::try_from(all.len()).expect("a number");
    assert_eq!(numbers, (1..=count).rev().collect::<Vec<_>>(), "newest first, without a gap");
    let head = site.as_local().get(&format!("{AUDIT}/head")).must_be(200).json();
    assert_eq!(head, json!({ "seq": all[0]["seq"], "hash": all[0]["hash"] }));
    assert_eq!(all.last().map(|first| first["time"].clone()), Some(json!(NOW)));
}

#[test]
fn every_change_has_its_record_and_only_changes_have() {
    let site = InProcess::start();
    let begin = site.audit("").len();
    let local = site.as_local();
    site.add_service("bob");
    site.add_user("alice");
    local.patch(&account_path("alice"), &json!({ "fullName": "A" })).must_be(200);
    let path = format!("{}/changePassword", account_path("alice"));
    local.post(&path, &json!({ "newPassword": "another-long-password" })).must_be(200);
    let token = site.add_token("alice", &json!({}));
    local.patch(&token_path(&token), &json!({ "isActive": true })).must_be(200);
    let rotated = local.post(&format!("{}/rotate", token_path(&token)), &json!({})).must_be(200);
    let rotated = AccessToken::of(&rotated.json());
    let other = site.add_token("alice", &json!({}));
    // The second time there is nothing to end.
    for _ in 0..2 {
        site.as_nobody().post(&format!("{TOKENS}/revoke"), &json!({ "tokens": [other.secret] })).must_be(202);
    }
    local.delete(&token_path(&other)).must_be(200);
    local.delete(&format!("{TOKENS}?username=alice&usedbefore=2027-01-01&generatedby=all")).must_be(200);
    site.add_repository("alice/app");
    local.patch(&repository_path("alice/app"), &json!({ "visibility": "public" })).must_be(200);
    site.grant("alice/app", "bob", "read-only");
    site.take("alice/app", "bob");
    site.grant("alice", "bob", "admin");
    site.take("alice", "bob");
    local.delete(&repository_path("alice/app")).must_be(204);
    local.delete("/api/v0/accounts/alice/lock").must_be(204);
    site.add_repository("alice/lib");
    let transfer = format!("{}/transfer", repository_path("alice/lib"));
    for to in ["bob", "bob", "alice"] {
        local.post(&transfer, &json!({ "to": to })).must_be(200);
    }
    local.delete("/api/v0/accounts/alice").must_be(204);
    local.delete(&account_path("bob")).must_be(204);
    // Nothing was there to be done: nothing is recorded.
    local.delete(&account_path("bob")).must_be(204);
    // Reading, and what is no valid request, are no changes.
    local.get("/enzi/v0/accounts").must_be(200);
    local.post("/enzi/v0/accounts", &json!({ "name": "NO" })).must_be(400);
    local.post("/api/v0/repositories/nobody", &json!({ "name": "x" })).must_be(404);
    let records = site.audit("");
    let told = story(&records[..records.len() - begin]);
    let told: Vec<(&str, &str)> = told.iter().map(|(action, object, _)| (action.as_str(), object.as_str())).collect();
    let expected = [
        ("account.create", "bob"),
        ("account.create", "alice"),
        ("account.update", "alice"),
        ("account.changePassword", "alice"),
        ("token.create", &format!("alice {}", token.id)),
        ("token.update", &token.id),
        ("token.rotate", &token.id),
        ("token.create", &format!("alice {}", other.id)),
        ("token.revoke", &other.id),
        ("token.delete", &other.id),
        ("token.cleanUp", "alice"),
        ("token.delete", &rotated.id),
        ("repository.create", "alice/app"),
        ("repository.update", "alice/app"),
        ("grant.set", "alice/app bob read-only"),
        ("grant.delete", "alice/app bob"),
        ("grant.set", "alice/* bob admin"),
        ("grant.delete", "alice/* bob"),
        ("repository.delete", "alice/app"),
        ("account.unlock", "alice"),
        ("repository.create", "alice/lib"),
        ("repository.transfer", "alice/lib to bob"),
        ("repository.transfer", "alice/lib to alice"),
        ("account.delete", "alice"),
        ("repository.delete", "alice/lib"),
        ("account.delete", "bob"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_switched_and_nothing_else_has_one_record() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let begin = site.audit("").len();
    let local = site.as_local();
    local.patch(&account_path("alice"), &json!({ "fullName": "A" })).must_be(200);
    local.patch(&account_path("alice"), &json!({ "fullName": "A", "isActive": false })).must_be(200);
    // Two deeds of one request.
    local.patch(&account_path("alice"), &json!({ "isActive": true, "isAdmin": true, "keepTokens": true })).must_be(200);
    local.patch(&account_path("alice"), &json!({ "fullName": "B", "isAdmin": false })).must_be(200);
    local.patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    local.patch(&token_path(&token), &json!({ "isActive": true })).must_be(200);
    let records = site.audit("");
    let told = story(&records[..records.len() - begin]);
    let told: Vec<&str> = told.iter().map(|(action, _, _)| action.as_str()).collect();
    let of_account =
        ["update", "deactivate", "promote", "activate", "update", "demote"].map(|it| format!("account.{it}"));
    assert_eq!(told, [&of_account[..], &["token.deactivate".to_owned(), "token.activate".to_owned()]].concat());
}

#[test]
fn denials_and_sign_ins_are_summed() {
    let site = InProcess::start();
    site.add_user("alice");
    for _ in 0..3 {
        site.as_user("alice").get("/enzi/v0/accounts").must_be(403);
    }
    site.as_user("alice").post("/api/v0/repositories/admin", &json!({ "name": "x" })).must_be(403);
    (0..4).for_each(|_| drop(site.with("alice", "wrong").get(TOKENS).must_be(401)));
    (0..2).for_each(|_| drop(site.with("alice", "dkp_wrong").get(TOKENS).must_be(401)));
    let denied = site.audit("outcome=denied");
    let short = |record: &Value| {
        let text = |field: &str| record[field].as_str().expect("a text").to_owned();
        (
            text("actor"),
            text("credential"),
            text("action"),
            text("object"),
            record["count"].as_u64().unwrap_or_default(),
        )
    };
    let mut denied: Vec<_> = denied.iter().map(short).collect();
    denied.sort();
    let expected = [
        ("alice", "accessToken", "account.signIn", "alice", 2),
        ("alice", "password", "account.list", "", 3),
        ("alice", "password", "account.signIn", "alice", 4),
        ("alice", "password", "repository.create", "admin", 1),
    ];
    let expected = expected.map(|(actor, credential, action, object, count): (&str, &str, &str, &str, u64)| {
        (actor.to_owned(), credential.to_owned(), action.to_owned(), object.to_owned(), count)
    });
    assert_eq!(denied, expected);
    let signed_in = site.audit("outcome=success&action=account.signIn&actor=alice");
    // One sign-in for the four requests of a minute.
    assert_eq!(signed_in.iter().map(|record| record["count"].as_u64().unwrap_or(0)).sum::<u64>(), 1);
    // What was written is not written again.
    assert_eq!(site.audit("outcome=denied").len(), 4);
}

#[test]
fn a_grant_that_was_denied_is_recorded_as_one() {
    let site = InProcess::start();
    site.add_organization("acme", &[]);
    site.add_team("acme/dev", &[]);
    site.add_public("acme/app");
    let alice = site.add_robot("alice");
    for target in ["acme", "acme/app"] {
        for path in [access_path(target, "alice"), team_access_path(target, "dev")] {
            alice.put(&path, &json!({ "accessLevel": "admin" })).must_be_refused(403, "NOT_AUTHORIZED");
            // Denied before the body is read.
            alice.put(&path, &json!({ "level": 1 })).must_be_refused(403, "NOT_AUTHORIZED");
        }
    }
    let mut told = story(&site.audit("outcome=denied"));
    told.sort();
    let denied = |object: &str| ("grant.set".to_owned(), object.to_owned(), "denied".to_owned());
    assert_eq!(told, [denied("acme/*"), denied("acme/app")]);
}

#[test]
fn the_names_that_strangers_try_are_not_kept() {
    let site = InProcess::start();
    for name in ["my-secret-password", "Not A Name", "dkp_something"] {
        site.with(name, "wrong guess").get(TOKENS).must_be(401);
    }
    let log = site.as_local().get(&format!("{AUDIT}?pageSize=0")).must_be(200);
    for kept in ["my-secret-password", "Not A Name", "dkp_something", "wrong guess"] {
        assert!(!log.body.contains(kept), "{}", log.describe());
    }
    let denied = site.audit("outcome=denied&action=account.signIn");
    assert_eq!(denied.iter().map(|record| record["count"].as_u64().unwrap_or(0)).sum::<u64>(), 3);
    assert!(denied.iter().all(|record| record["actorId"] == json!(null)));
}

#[test]
fn no_record_holds_a_secret() {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice");
    let made = alice.post(TOKENS, &json!({ "tokenLabel": "x" })).must_be(200);
    let token = AccessToken::of(&made.json());
    let rotated =
        AccessToken::of(&alice.post(&format!("{}/rotate", token_path(&token)), &json!({})).must_be(200).json());
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "another-long-password" });
    alice.post(&format!("{}/changePassword", account_path("alice")), &body).must_be(200);
    site.with("alice", "a mistyped password").get(TOKENS).must_be(401);
    site.with_token("admin", &rotated).get(TOKENS).must_be(401);
    let log = site.as_local().get(&format!("{AUDIT}?pageSize=0")).must_be(200);
    for secret in [&token.secret, &rotated.secret, PASSWORD, "another-long-password", "a mistyped", "argon2", "dkp_"] {
        assert!(!log.body.contains(secret), "{secret} is in\n{}", log.describe());
    }
}

#[test]
fn a_secret_sent_to_the_wrong_place_is_not_repeated() {
    let site = InProcess::start();
    site.add_user("alice");
    let secret = site.add_token("alice", &json!({})).secret;
    let alice = site.as_user("alice");
    alice.get(&format!("{TOKENS}/{secret}")).must_be(404);
    alice.get(&format!("{TOKENS}?username={secret}")).must_be(403);
    alice.delete(&account_path(&secret)).must_be(403);
    alice.get(&repository_path(&format!("alice/{secret}"))).must_be(404);
    alice.post("/api/v0/repositories/alice", &json!({ "name": secret })).must_be(400);
    alice.get(&format!("/api/v0/accounts/{secret}/repositoryAccess/alice/app")).must_be(403);
    site.as_local().get(&format!("{TOKENS}?username={secret}")).must_be(404);
    site.with(&secret, "x").get(TOKENS).must_be(401);
    site.as_nobody().get(&format!("/nothing/{secret}?token={secret}")).must_be(404);
    // The harness looks for secrets in every answer, these records among them.
    assert_eq!(site.audit("outcome=denied").len(), 4);
}

#[test]
fn filters_are_exact_and_go_together() {
    let site = InProcess::start();
    site.add_service("alice");
    site.pass(HOUR);
    let middle = site.in_time(0);
    site.add_service("alic");
    site.add_repository("alice/app");
    site.pass(HOUR);
    site.add_repository("alic/app");
    let objects = |query: &str| {
        let records = site.audit(query);
        records.iter().rev().map(|record| record["object"].as_str().expect("an object").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(objects("action=account.create"), ["admin", "alice", "alic"]);
    assert_eq!(objects("action=account"), ["admin", "alice", "alic"]);
    assert_eq!(objects("object=alice"), ["alice"]);
    assert_eq!(objects("object=ali%25"), Vec::<String>::new());
    assert_eq!(objects("actor=system"), ["admin"]);
    assert_eq!(objects(&format!("since={middle}&action=account.create")), ["alic"]);
    assert_eq!(objects(&format!("since={middle}")), ["alic", "alice/app", "alic/app"]);
    assert_eq!(objects(&format!("until={middle}")), ["admin", "alice"]);
    assert_eq!(objects(&format!("since={middle}&until={}", site.in_time(0))), ["alic", "alice/app"]);
    assert_eq!(objects("outcome=success&action=repository.create&object=alic/app"), ["alic/app"]);
    assert_eq!(objects("since=2027-01-01"), Vec::<String>::new());
    for bad in [
        "action=account.creat",
        "outcome=perhaps",
        "since=yesterday",
        "until=1",
        "pageStart=x",
        "pageStart=-1",
        "pageSize=x",
    ] {
        site.as_local().get(&format!("{AUDIT}?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn an_export_has_one_record_a_line() {
    let site = InProcess::start();
    (0..15).for_each(|number| site.add_service(&format!("user{number}")));
    let lines = |answer: &crate::support::http::Answer| -> Vec<Value> {
        answer.body.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
    };
    let caller = site.as_local().header("Accept", "application/x-ndjson");
    let whole = caller.get(&format!("{AUDIT}?pageSize=0")).must_be(200);
    assert_eq!(whole.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(lines(&whole), site.audit(""));
    let page = caller.get(&format!("{AUDIT}?pageSize=6&action=account.create")).must_be(200);
    assert_eq!(lines(&page).len(), 6);
    let next = page.header("x-next-page-start").expect("the next page").to_owned();
    let rest = caller.get(&format!("{AUDIT}?pageSize=0&action=account.create&pageStart={next}")).must_be(200);
    assert_eq!([lines(&page), lines(&rest)].concat(), site.audit("action=account.create"));
}

#[test]
fn the_address_is_the_peers_unless_a_trusted_proxy_names_another() {
    let addresses = |site: &InProcess| {
        let records = site.audit("action=account.signIn&actor=alice");
        let mut addresses: Vec<_> = records.iter().map(|record| record["address"].clone()).collect();
        addresses.sort_by_key(ToString::to_string);
        addresses
    };
    let site = InProcess::start();
    site.add_user("alice");
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"] {
        site.as_user("alice").header(header, "203.0.113.1").get(TOKENS).must_be(200);
    }
    assert_eq!(addresses(&site), [json!("127.0.0.1")]);
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1,10.0.0.0/8"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    site.add_user("alice");
    for chain in ["203.0.113.1", "203.0.113.9, 203.0.113.2", "203.0.113.9, 203.0.113.3, 10.1.1.1", "nonsense, 10.2.2.2"]
    {
        site.as_user("alice").from_address(chain).get(TOKENS).must_be(200);
    }
    site.as_user("alice").header("Forwarded", "for=203.0.113.8").get(TOKENS).must_be(200);
    site.as_user("alice").from_address("203.0.113.9").from_address("203.0.113.4").get(TOKENS).must_be(200);
    let expected = ["10.2.2.2", "127.0.0.1", "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"];
    assert_eq!(addresses(&site), expected.map(|address| json!(address)));
    // The last use of an access token has the same address.
    let token = site.add_token("alice", &json!({}));
    site.with_token("alice", &token).from_address("203.0.113.7").get("/api/v0/repositories").must_be(200);
    assert_eq!(site.as_local().get(&token_path(&token)).must_be(200).text("/lastUsedIp"), "203.0.113.7");
}

#[test]
fn what_waits_is_written_at_the_end_and_the_chain_stays_whole() {
    let site = InProcess::start();
    site.add_user("alice");
    site.as_user("alice").get("/enzi/v0/accounts").must_be(403);
    let site = site.restart();
    assert_eq!(story(&site.audit("outcome=denied")), [("account.list".into(), String::new(), "denied".into())]);
    let found = site.as_local().post(&format!("{AUDIT}/verify"), &json!({})).must_be(200).json();
    assert_eq!(found["problem"], json!(null));
    assert_eq!(json!(site.audit("").len()), found["records"]);
}

#[test]
fn hostile_objects_are_bounded_and_stay_data() {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice");
    let long = "x".repeat(5_000);
    alice.delete(&account_path(&long)).must_be(403);
    alice.delete(&account_path("%3Cscript%3E%0A%22")).must_be(403);
    let grant = access_path("admin", "%C3%A4%C3%A4");
    alice.delete(&grant).must_be(403);
    let denied = site.audit("outcome=denied");
    assert_eq!(denied.len(), 3);
    assert!(denied.iter().all(|record| record["object"].as_str().is_some_and(|object| object.len() <= 512)));
    assert!(denied.iter().any(|record| record["object"] == json!("<script>\n\"")), "{denied:#?}");
}

#[test]
fn what_happened_to_an_account_and_by_a_credential_is_found_also_when_they_are_gone() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({ "tokenLabel": "old laptop" }));
    site.with_token("alice", &token).post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    site.as_local().delete(&token_path(&token)).must_be(200);
    let actions = |query: &str| {
        let records = site.audit(query);
        records.iter().rev().map(|it| it["action"].as_str().expect("an action").to_owned()).collect::<Vec<_>>()
    };
    let of_token = ["token.create", "token.deactivate", "token.delete"];
    assert_eq!(actions("object=alice&action=token"), of_token, "one record for each deed");
    assert_eq!(actions(&format!("object={}", token.id)), of_token);
    assert_eq!(actions("object=old%20laptop"), of_token);
    assert_eq!(actions("object=alice&action=account"), ["account.create"]);
    for credential in ["old%20laptop", &token.id, &format!("accessToken:{}", token.id), "accessToken"] {
        assert_eq!(actions(&format!("credential={credential}")), ["repository.create"], "{credential}");
    }
    let slip = site.as_local().get(&format!("{AUDIT}?action=token.crate")).must_be_refused(400, "INVALID_PARAMETERS");
    assert!(slip.text("/errors/0/message").contains("did you mean token.create?"), "{}", slip.describe());
}
