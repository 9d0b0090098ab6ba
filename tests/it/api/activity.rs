//! What did it do? The audit log by access token and by account, for administrators; and for those whom it concerns,
//! without what is others' to know.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    issued::granted,
    site::{Caller, HOUR, account_path, repository_path, token_path},
};

fn activity_of_token(token: &AccessToken) -> String {
    format!("{}/activity?pageSize=0", token_path(token))
}

fn activity_of(name: &str) -> String {
    format!("/api/v0/accounts/{name}/activity?pageSize=0")
}

/// Action and object of records, oldest first, without sign-ins that succeeded.
fn told(records: &Value) -> Vec<String> {
    let records = records["records"].as_array().expect("records");
    let is_told = |it: &&Value| it["action"] != json!("account.signIn") || it["outcome"] != json!("success");
    let line = |it: &Value| format!("{} {}", it["action"], it["object"]).replace('"', "");
    records.iter().rev().filter(is_told).map(line).collect()
}

/// What a caller sees, once all that waits is written.
fn seen(site: &InProcess, caller: &Caller, path: &str) -> Value {
    site.audit("");
    caller.get(path).must_be(200).json()
}

fn lines(records: &[Value]) -> Vec<String> {
    told(&json!({ "records": records }))
}

#[test]
fn an_access_token_has_what_it_did_and_what_was_done_to_it_also_when_it_is_gone() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({ "tokenLabel": "ci" }));
    let other = site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    let with = site.with_token("alice", &token);
    with.post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    site.with_token("alice", &other).post("/api/v0/repositories/alice", &json!({ "name": "lib" })).must_be(201);
    site.as_user("alice").patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    let made = format!("token.create alice {}", token.id);
    let stopped = format!("token.deactivate {}", token.id);
    let expected = [made.as_str(), "repository.create alice/app", stopped.as_str()];
    for which in [&token.id, &token.hash, "ci"] {
        assert_eq!(lines(&site.audit(&format!("token={which}"))), expected, "{which}");
    }
    assert_eq!(told(&seen(&site, &site.as_user("alice"), &activity_of_token(&token))), expected);
    site.as_local().delete(&token_path(&token)).must_be(200);
    let deleted = format!("token.delete {}", token.id);
    for which in [&token.id, "ci"] {
        let all = lines(&site.audit(&format!("token={which}")));
        assert_eq!(all, [&expected[..], &[&deleted]].concat(), "{which}");
    }
    // The log has no hashes, and no secret is asked for.
    site.as_local().get(&format!("/api/v0/audit?token={}", token.hash)).must_be_refused(404, "NO_SUCH_API_TOKEN");
    site.as_local().get(&format!("/api/v0/audit?token={}", other.secret)).must_be_refused(400, "INVALID_PARAMETERS");
    site.as_user("alice").get(&activity_of_token(&token)).must_be_refused(404, "NO_SUCH_API_TOKEN");
}

#[test]
fn an_account_has_what_it_did_and_what_was_done_to_it_its_tokens_and_its_repositories() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_service("bob");
    let first = site.as_local().get(&account_path("alice")).must_be(200).text("/id");
    site.add_repository("alice/app");
    site.as_user("alice").post("/api/v0/repositories/alice", &json!({ "name": "lib" })).must_be(201);
    let token = site.add_token("alice", &json!({}));
    site.grant("alice/app", "bob", "admin");
    site.grant("alice", "bob", "read-only");
    site.add_repository("bob/app");
    site.grant("bob/app", "alice", "read-only");
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    let made = format!("token.create alice {}", token.id);
    let stopped = format!("token.deactivate {}", token.id);
    let of_first = [
        "account.create alice",
        "repository.create alice/app",
        "repository.create alice/lib",
        &made,
        "grant.set alice/app bob admin",
        "grant.set alice/* bob read-only",
        "grant.set bob/app alice read-only",
        &stopped,
    ];
    assert_eq!(lines(&site.audit("account=alice")), of_first);
    // Another alice, who was never asked for any of that.
    site.pass(HOUR);
    site.as_local().delete("/api/v0/accounts/alice").must_be(204);
    site.pass(HOUR);
    let again = json!({ "name": "alice", "password": PASSWORD, "adoptRepositories": true });
    site.as_local().post("/enzi/v0/accounts", &again).must_be(201);
    site.add_repository("alice/new");
    assert_eq!(lines(&site.audit("account=alice")), ["account.create alice", "repository.create alice/new"]);
    let by_id = lines(&site.audit(&format!("account={first}")));
    assert!(by_id.contains(&"account.delete alice".to_owned()), "{by_id:?}");
    assert!(!by_id.iter().any(|line| line.contains("alice/new")), "{by_id:?}");
    // A name that is only the level of a grant is none that it concerns.
    assert!(!lines(&site.audit("account=admin")).iter().any(|line| line.starts_with("grant.set")));
    assert!(site.audit("account=alcie").is_empty());
}

#[test]
fn filters_go_together_in_both_directions_and_pages() {
    let site = InProcess::start();
    let robot = site.add_robot("alice");
    for number in 0..30 {
        let body = json!({ "name": format!("r{number}") });
        robot.post("/api/v0/repositories/alice", &body).must_be(201);
        site.add_repository(&format!("admin/r{number}"));
    }
    let newest = site.audit("account=alice&action=repository");
    let mut oldest = site.audit("account=alice&action=repository&after=0");
    oldest.reverse();
    assert_eq!((newest.len(), &newest), (30, &oldest));
    let after = newest[10]["seq"].as_u64().expect("a number");
    assert_eq!(site.audit(&format!("account=alice&action=repository&after={after}")).len(), 10);
    let (mut paged, mut start, mut head) = (Vec::new(), String::new(), 0);
    loop {
        let query = format!("/api/v0/audit?account=alice&action=repository&after=0&pageSize=7&pageStart={start}");
        let answer = site.as_local().get(&query).must_be(200);
        head = head.max(answer.json()["head"].as_u64().expect("the end"));
        paged.extend(answer.json()["records"].as_array().expect("records").clone());
        match answer.header("x-next-page-start") {
            Some(next) => start = next.to_owned(),
            None => break,
        }
    }
    paged.reverse();
    assert_eq!(paged, newest);
    assert_eq!(site.as_local().get("/api/v0/audit/head").must_be(200).json()["seq"], json!(head));
    for bad in ["after=-1", "after=x"] {
        site.as_local().get(&format!("/api/v0/audit?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn an_owner_sees_from_where_it_was_tried_and_not_from_where_administrators_act() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("eve");
    site.as_admin().patch(&account_path("alice"), &json!({ "fullName": "A" })).must_be(200);
    site.as_nobody().get("/api/v0/api_tokens").must_be(401);
    site.with("alice", "guessed").get("/api/v0/api_tokens").must_be(401);
    let alice = site.as_user("alice");
    let token = AccessToken::of(&alice.post("/api/v0/api_tokens", &json!({})).must_be(200).json());
    site.as_admin().patch(&token_path(&token), &json!({ "tokenLabel": "renamed" })).must_be(200);
    let records = seen(&site, &alice, &activity_of("alice"));
    let update = format!("token.update {}", token.id);
    let created = format!("token.create alice {}", token.id);
    let expected = ["account.create alice", "account.update alice", &created, &update, "account.signIn alice"];
    let mut lines = told(&records);
    // The refusal is written when all that waits is.
    lines.sort();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    assert_eq!(lines, sorted);
    let records = records["records"].as_array().expect("records");
    let of = |action: &str, outcome: &str| {
        let found = records.iter().find(|it| it["action"] == json!(action) && it["outcome"] == json!(outcome));
        found.unwrap_or_else(|| panic!("{action} {outcome}: {records:#?}")).clone()
    };
    assert_eq!(of("account.signIn", "denied")["address"], json!("127.0.0.1"));
    assert_eq!(of("account.signIn", "success")["address"], json!("127.0.0.1"));
    let by_admin = of("token.update", "success");
    assert_eq!(
        (&by_admin["actor"], &by_admin["address"], &by_admin["credential"]),
        (&json!("admin"), &json!(""), &json!("password"))
    );
    // No number, no hash, no id of what it is about.
    assert!(records.iter().all(|it| it["seq"].is_null() && it["hash"].is_null() && it["account"].is_null()));
    // An administrator sees whence.
    let shown = seen(&site, &site.as_admin(), &activity_of_token(&token));
    assert!(shown["records"].as_array().expect("records").iter().all(|it| it["address"] == json!("127.0.0.1")));
    // By name or id, and nobody else's.
    let id = site.as_local().get(&account_path("alice")).must_be(200).text("/id");
    assert_eq!(
        told(&seen(&site, &alice, &activity_of(&id))).len(),
        told(&seen(&site, &alice, &activity_of("alice"))).len()
    );
    let eve = site.as_user("eve");
    for name in ["alice", "nobody", "admin"] {
        eve.get(&activity_of(name)).must_be_refused(403, "NOT_AUTHORIZED");
    }
    eve.get(&activity_of_token(&token)).must_be_refused(404, "NO_SUCH_API_TOKEN");
    site.as_admin().get(&activity_of("nobody")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

/// What bob sees of his own after he has asked for these repositories.
fn after_asking(site: &InProcess, bob: &Caller, names: &[&str]) -> String {
    for name in names {
        granted(bob, &[&format!("{name}:pull,push")]);
        bob.get(&repository_path(name)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    site.audit("");
    bob.get(&activity_of("bob")).must_be(200).body.clone()
}

#[test]
fn refusals_tell_nothing_of_what_is_hidden() {
    let asked = |is_there: bool| {
        let site = InProcess::start();
        site.add_user("alice");
        let bob = site.add_robot("bob");
        if is_there {
            ["alice/one", "alice/two"].iter().for_each(|name| site.add_repository(name));
        }
        after_asking(&site, &bob, &["alice/one", "alice/two", "alice/three"])
    };
    let without_ids = |body: String| {
        let mut body: Value = serde_json::from_str(&body).expect("JSON");
        for record in body["records"].as_array_mut().expect("records") {
            // The access token of each site has an id of its own.
            let text = record["object"].as_str().expect("a text").split(' ').next().map(str::to_owned);
            record["object"] = json!(text);
            record["credential"].take();
        }
        body
    };
    assert_eq!(without_ids(asked(true)), without_ids(asked(false)));
}

#[test]
fn what_was_refused_where_one_sees_is_ones_own_with_the_reason() {
    let site = InProcess::start();
    site.add_user("alice");
    let bob = site.add_robot("bob");
    site.add_public("alice/app");
    site.add_repository("alice/lost");
    site.grant("alice/lost", "bob", "read-only");
    granted(&bob, &["alice/app:push"]);
    granted(&bob, &["alice/lost:push"]);
    let refused = |site: &InProcess, bob: &Caller| {
        let shown = seen(site, bob, &format!("{}&outcome=denied", activity_of("bob")));
        shown["records"].as_array().expect("records").iter().map(|it| it["object"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(refused(&site, &bob).len(), 2);
    let shown = seen(&site, &bob, &format!("{}&action=registryToken", activity_of("bob")));
    assert!(shown["records"][0]["reason"].as_str().expect("a reason").contains("read-only"), "{shown}");
    // He does not see it any more, and so not whether it still is there.
    site.take("alice/lost", "bob");
    assert_eq!(refused(&site, &bob), [json!("alice/app push")]);
}

#[test]
fn a_narrowed_access_token_sees_itself_alone() {
    let site = InProcess::start();
    site.add_user("alice");
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-write", "tokenLabel": "narrow" }));
    let other = site.add_token("alice", &json!({ "tokenLabel": "other" }));
    site.with_token("alice", &other).post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    let caller = site.with_token("alice", &narrow);
    let own = [format!("token.create alice {}", narrow.id)];
    assert_eq!(told(&seen(&site, &caller, &activity_of("alice"))), own);
    assert_eq!(told(&seen(&site, &caller, &activity_of_token(&narrow))), own);
    caller.get(&activity_of_token(&other)).must_be_refused(404, "NO_SUCH_API_TOKEN");
    caller.get("/api/v0/audit?account=alice").must_be_refused(403, "NOT_AUTHORIZED");
    site.with("alice", PASSWORD).get("/api/v0/audit?account=alice").must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn from_where_a_held_access_token_was_revoked_is_told_in_both_places() {
    let site = InProcess::start();
    site.add_user("alice");
    let eve = site.add_robot("eve");
    let revoke = |caller: &Caller, token: &AccessToken| {
        caller.post("/api/v0/api_tokens/revoke", &json!({ "tokens": [token.secret] })).must_be(202);
    };
    for caller in [eve, site.as_nobody(), site.as_user("alice")] {
        let token = site.add_token("alice", &json!({ "tokenLabel": "lost" }));
        revoke(&caller, &token);
        let alice = site.as_user("alice");
        let record = seen(&site, &alice, &format!("{}&action=token.revoke", activity_of_token(&token)));
        let told = alice.get(&token_path(&token)).must_be(200).json()["revokedFrom"].clone();
        assert_eq!((&record["records"][0]["address"], &told), (&json!("127.0.0.1"), &json!("127.0.0.1")), "{record}");
        let credential = record["records"][0]["credential"].as_str().expect("a text");
        assert!(record["records"][0]["credentialLabel"].is_null() && !credential.contains(':'), "{record}");
    }
}

#[test]
fn no_answer_tells_how_much_was_recorded_of_others() {
    let site = InProcess::start();
    let (alice, bob) = (site.add_robot("alice"), site.add_robot("bob"));
    site.add_repository("alice/app");
    let refused = |bob: &Caller| {
        granted(bob, &["alice/app:pull"]);
        site.pass(HOUR);
        site.audit("");
    };
    // Between the refusals that are hers to see, more or less of others is recorded.
    refused(&bob);
    for number in 0..20 {
        site.add_repository(&format!("bob/r{number}"));
    }
    refused(&bob);
    refused(&bob);
    let numbered = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    for path in ["/api/v0/audit?repository=alice/app", "/api/v0/accounts/alice/activity?"] {
        let (mut start, mut starts) = (String::new(), Vec::new());
        loop {
            let page = alice.get(&format!("{path}&pageSize=1{start}")).must_be(200);
            let records = page.json()["records"].clone();
            assert!(records.as_array().expect("records").len() <= 1);
            assert!(records[0]["seq"].as_u64().unwrap_or(0) == 0, "{records}");
            assert!(records[0]["hash"].as_str().unwrap_or_default().is_empty(), "{records}");
            let Some(next) = page.header("x-next-page-start") else { break };
            assert!(next.len() == 32 && !numbered(next), "{next}");
            starts.push(next.to_owned());
            start = format!("&pageStart={next}");
        }
        assert!(starts.len() >= 2, "{path}: {starts:?}");
        // One made up, and a number, lead nowhere.
        for wrong in ["7".to_owned(), "0".repeat(32)] {
            alice.get(&format!("{path}&pageStart={wrong}")).must_be_refused(400, "INVALID_PARAMETERS");
        }
    }
    // She follows it by what she was told, and by no number.
    let path = "/api/v0/audit?repository=alice/app";
    let all = alice.get(&format!("{path}&after=0&pageSize=0")).must_be(200).json();
    assert_eq!((all["records"].as_array().map(Vec::len), &all["head"]), (Some(3), &json!(0)), "{all}");
    let reached = all["reached"].as_str().expect("a text").to_owned();
    let later = |after: &str| {
        alice.get(&format!("{path}&after={after}")).must_be(200).json()["records"].as_array().map(Vec::len)
    };
    assert_eq!(later(&reached), Some(0));
    site.add_repository("bob/more");
    let again = alice.get(&format!("{path}&after={reached}")).must_be(200).json();
    assert_eq!(again["reached"], json!(reached), "not even that something was recorded");
    refused(&bob);
    assert_eq!(later(&reached), Some(1));
    alice.get(&format!("{path}&after=3")).must_be_refused(400, "INVALID_PARAMETERS");
    // Administrators have the numbers.
    let shown = site.as_local().get(path).must_be(200).json();
    assert!(shown["records"][0]["seq"].as_u64() > Some(20) && shown["head"].as_u64() > Some(20), "{shown}");
}
