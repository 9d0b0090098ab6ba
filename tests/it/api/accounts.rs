//! Accounts and passwords by the API (design, sections 2, 5 and 10.2).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    process::eventually,
    site::{Caller, NOW, account_path, repository_path, token_path},
};

const ACCOUNTS: &str = "/enzi/v0/accounts";
const TOKENS: &str = "/api/v0/api_tokens";
const OTHER: &str = "another-long-password";

fn change_password(caller: &Caller, name: &str, body: &Value) -> crate::support::http::Answer {
    caller.post(&format!("{}/changePassword", account_path(name)), body)
}

fn names(page: &Value) -> Vec<&str> {
    let accounts = page["accounts"].as_array().expect("accounts");
    accounts.iter().map(|account| account["name"].as_str().expect("a name")).collect()
}

// --- becoming an administrator ---

#[test]
fn who_becomes_an_administrator_loses_the_access_tokens_that_others_made() {
    let site = InProcess::start();
    let by_token = site.with_token("admin", &site.add_token("admin", &json!({})));
    for (keeps, by) in [(false, &site.as_admin()), (false, &by_token), (false, &site.as_local()), (true, &by_token)] {
        let name = format!("eve{}", site.as_local().get(ACCOUNTS).must_be(200).json()["usersCount"]);
        site.add_user(&name);
        let own = site.as_user(&name).post(TOKENS, &json!({})).must_be(200);
        let others = by.post(&format!("{TOKENS}?username={name}"), &json!({})).must_be(200);
        let [own, others] = [own, others].map(|made| AccessToken::of(&made.json()));
        let session = {
            let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
            let opened =
                browser.post("/api/v0/session", &json!({ "username": name, "password": others.secret })).must_be(200);
            let set = opened.header("set-cookie").expect("a cookie").to_owned();
            browser.header("Cookie", set.split(';').next().expect("its value"))
        };
        let mut body = json!({ "isAdmin": true });
        if keeps {
            body["keepTokens"] = json!(true);
        }
        let answer = site.as_local().patch(&account_path(&name), &body).must_be(200);
        let warning = answer.header("warning").expect("a warning").to_owned();
        let fate = if keeps { "go on" } else { "were deactivated" };
        assert!(
            warning.contains(&format!("made for this account, 1 {fate}")) && warning.contains(&others.id),
            "{warning}"
        );
        let works = |token| site.with_token(&name, token).get(ACCOUNTS).must_be_one_of(&[200, 401]).status == 200;
        assert_eq!((works(&own), works(&others)), (true, keeps), "made by {}", by.credentials());
        let stopped = site
            .audit("action=token.deactivate")
            .iter()
            .filter(|it| it["accessToken"]["id"] == others.id.as_str())
            .count();
        assert_eq!(stopped, usize::from(!keeps));
        // Nothing is said, and nothing stopped, where nobody rises; and a session of a stopped one does not come back.
        site.as_local().patch(&token_path(&others), &json!({ "isActive": true })).must_be(200);
        let again = site.as_local().patch(&account_path(&name), &body).must_be(200);
        assert_eq!(again.header("warning"), None);
        assert!(works(&others));
        session.get("/api/v0/session").must_be(if keeps { 200 } else { 401 });
    }
}

#[test]
fn inactive_access_tokens_that_others_made_are_named_and_come_alive_by_a_password_only() {
    for keeps in [false, true] {
        let site = InProcess::start();
        site.add_user("eve");
        let leaked = site.with_token("admin", &site.add_token("admin", &json!({})));
        let make =
            |by: &Caller| AccessToken::of(&by.post(&format!("{TOKENS}?username=eve"), &json!({})).must_be(200).json());
        let switch =
            |by: &Caller, token: &AccessToken, on: bool| by.patch(&token_path(token), &json!({ "isActive": on }));
        site.add_user("mallory");
        site.as_local().patch(&account_path("mallory"), &json!({ "isAdmin": true })).must_be(200);
        let (active, inactive, own) = (make(&leaked), make(&site.as_user("mallory")), make(&site.as_user("eve")));
        switch(&leaked, &inactive, false).must_be(200);
        switch(&leaked, &own, false).must_be(200);
        let body = json!({ "isAdmin": true, "keepTokens": keeps });
        let answer = site.as_local().patch(&account_path("eve"), &body).must_be(200);
        let warning = answer.header("warning").expect("a warning");
        for (what, is_named) in [(&active, true), (&inactive, true), (&own, false)] {
            assert_eq!(warning.contains(&what.id), is_named, "{warning}");
        }
        assert!(warning.contains("1 were inactive before"), "{warning}");
        let works = |token| site.with_token("eve", token).get(ACCOUNTS).must_be_one_of(&[200, 401]).status == 200;
        assert_eq!((works(&active), works(&inactive)), (keeps, false));
        switch(&site.as_local(), &active, false).must_be(200);
        // Whoever made it cannot bring it back, nor can an access token of eve's.
        let by_own = site.with_token("eve", &make(&site.as_user("eve")));
        site.as_local().patch(&account_path("mallory"), &json!({ "isAdmin": false })).must_be(200);
        for token in [&active, &inactive] {
            switch(&leaked, token, true).must_be(403);
            switch(&by_own, token, true).must_be(403);
            switch(&site.as_user("mallory"), token, true).must_be(404);
            assert!(!works(token));
        }
        assert_eq!(switch(&by_own, &own, true).must_be(200).header("warning"), None);
        let answer = switch(&site.as_user("eve"), &inactive, true).must_be(200);
        assert!(
            answer.header("warning").is_some_and(|it| it.contains("another account made")),
            "{}",
            answer.describe()
        );
        assert!(works(&inactive) && !works(&active));
        let body = json!({ "tokenLabel": "known", "isActive": true });
        let renamed = site.as_user("eve").patch(&token_path(&inactive), &body).must_be(200);
        assert_eq!(renamed.header("warning"), None, "nothing goes on that did not before");
    }
}

#[test]
fn a_token_that_another_account_rotated_counts_like_one_that_it_made() {
    let site = InProcess::start();
    site.add_user("eve");
    let own = AccessToken::of(&site.as_user("eve").post(TOKENS, &json!({})).must_be(200).json());
    let leaked = site.with_token("admin", &site.add_token("admin", &json!({})));
    let taken = leaked.post(&format!("{}/rotate", token_path(&own)), &json!({})).must_be(200);
    let taken = AccessToken::of(&taken.json());
    site.with_token("eve", &taken).get(TOKENS).must_be(200);
    let answer = site.as_local().patch(&account_path("eve"), &json!({ "isAdmin": true })).must_be(200);
    assert!(answer.header("warning").is_some_and(|warning| warning.contains(&own.id)), "{}", answer.describe());
    site.with_token("eve", &taken).get(TOKENS).must_be(401);
}

// --- creating and viewing ---

#[test]
fn a_new_account_has_every_field() {
    let site = InProcess::start();
    let body = json!({ "name": "alice", "password": PASSWORD, "fullName": "Alice A." });
    let made = site.as_admin().post(ACCOUNTS, &body).must_be(201).json();
    let mut expected = json!({
        "name": "alice", "id": made["id"], "fullName": "Alice A.", "isOrg": false, "isActive": true, "isAdmin": false,
        "isImported": false, "hasPassword": true, "passwordSetByAdmin": true, "passwordIsImported": false, "lockedUntil": null, "lastSignIn": null,
        "tokensCount": 0, "createdAt": NOW,
    });
    assert_eq!(made, expected);
    site.as_user("alice").get(TOKENS).must_be(200);
    expected["lastSignIn"] = json!(NOW);
    assert!(!site.as_admin().get(&account_path("alice")).must_be(200).body.contains("argon2"));
    // A name or an id in every place.
    let id = made["id"].as_str().expect("an id");
    for caller in [site.as_admin(), site.as_user("alice")] {
        assert_eq!(caller.get(&account_path("alice")).must_be(200).json(), expected);
        assert_eq!(caller.get(&account_path(id)).must_be(200).json(), expected);
    }
    site.as_admin().get(&account_path(&id.to_lowercase())).must_be_refused(404, "NO_SUCH_ACCOUNT");
    site.as_admin().patch(&account_path(id), &json!({ "fullName": "A" })).must_be(200);
    change_password(&site.as_admin(), id, &json!({ "newPassword": OTHER })).must_be(200);
    site.as_admin().delete(&account_path(id)).must_be(204);
    site.as_admin().get(&account_path("alice")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn what_real_clients_send_is_accepted_and_anything_else_is_not() {
    let site = InProcess::start();
    let create = |body: Value| site.as_local().post(ACCOUNTS, &body);
    let terraform = json!({
        "name": "robot", "id": "", "password": "", "fullName": "", "isOrg": false, "isAdmin": false, "isActive": true,
        "searchLDAP": false, "isImported": false,
    });
    assert_eq!(create(terraform).must_be(201).json()["hasPassword"], json!(false));
    assert_eq!(create(json!({ "name": "off", "isActive": false })).must_be(201).json()["isActive"], json!(false));
    for body in [
        json!({}),
        json!("alice"),
        json!({ "name": null }),
        json!({ "name": 1 }),
        json!({ "name": "x", "is_admin": true }),
        json!({ "name": "x", "IsAdmin": true }),
        json!({ "name": "x", "isAdmin": "true" }),
        json!({ "name": "x", "fullName": "x".repeat(201) }),
        json!({ "name": "x", "fullName": "a\u{0}b" }),
    ] {
        create(body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    site.as_local().get(&account_path("x")).must_be(404);
    let hostile = "<img src=x onerror=alert(1)>'\"&";
    assert_eq!(create(json!({ "name": "x", "fullName": hostile })).must_be(201).text("/fullName"), hostile);
}

#[test]
fn names_follow_the_grammar_and_are_compared_byte_for_byte() {
    let site = InProcess::start();
    let create = |name: &str| site.as_local().post(ACCOUNTS, &json!({ "name": name }));
    for good in ["a", "0", "a.b", "a_b", "a__b", "a-b", "a---b", "team1.x", &"x".repeat(128)] {
        create(good).must_be(201);
        create(good).must_be_refused(400, "ACCOUNT_EXISTS");
    }
    for bad in ["", "A", "Admin", "a b", " a", "a ", "a/b", "a..b", "a___b", "-a", "a-", "a._b", "ä", "_", "a\0", "%61"]
    {
        create(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    create(&"x".repeat(129)).must_be_refused(400, "INVALID_PARAMETERS");
    let refused = create("admin").must_be_refused(400, "ACCOUNT_EXISTS");
    assert_eq!(refused.text("/errors/0/detail/field"), "name");
}

#[test]
fn others_see_four_fields_and_only_administrators_list() {
    let site = InProcess::start();
    site.add_user("alice");
    let bob = site.add_robot("bob");
    let seen = bob.get(&account_path("alice")).must_be(200).json();
    let keys: Vec<_> = seen.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["fullName", "id", "isOrg", "name"]);
    bob.get(&account_path("nobody")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    bob.get(ACCOUNTS).must_be_refused(403, "NOT_AUTHORIZED");
    bob.post(ACCOUNTS, &json!({ "name": "eve" })).must_be_refused(403, "NOT_AUTHORIZED");
    bob.post(ACCOUNTS, &json!({ "name": "alice" })).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_nobody().get(&account_path("alice")).must_be_refused(401, "NOT_AUTHENTICATED");
}

/// An account, as an administrator sees it.
fn shown(site: &InProcess, name: &str) -> Value {
    site.as_local().get(&account_path(name)).must_be(200).json()
}

#[test]
fn an_account_tells_its_last_sign_in_and_its_access_tokens_to_itself_and_administrators() {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    let last = |site: &InProcess, name: &str| shown(site, name)["lastSignIn"].clone();
    assert_eq!((last(&site, "alice"), last(&site, "bob")), (Value::Null, Value::Null), "never");
    site.with("alice", "a-wrong-password").get(TOKENS).must_be(401);
    assert_eq!(last(&site, "alice"), Value::Null, "a wrong password is no sign-in");
    site.as_user("alice").get(TOKENS).must_be(200);
    assert_eq!(last(&site, "alice"), json!(NOW));
    let token = site.add_token("alice", &json!({}));
    site.add_token("alice", &json!({ "tokenLabel": "unused" }));
    site.pass(100);
    site.as_user("alice").get(TOKENS).must_be(200);
    assert_eq!(last(&site, "alice"), json!(site.in_time(0)), "to the second, also on the same day");
    site.pass(100);
    site.with_token("alice", &token).get(TOKENS).must_be(200);
    let alice = shown(&site, "alice");
    assert_eq!((&alice["lastSignIn"], &alice["tokensCount"]), (&json!(site.in_time(0)), &json!(2)));
    // Other people see neither.
    let seen = site.as_user("bob").get(&account_path("alice")).must_be(200).json();
    assert_eq!((seen.get("lastSignIn"), seen.get("tokensCount")), (None, None));
    assert_eq!(site.as_user("alice").get(&account_path("alice")).must_be(200).json()["tokensCount"], 2);
    // After a restart: the use of the access token, and the first sign-in of that day by password.
    let at = site.in_time(0);
    let site = site.restart();
    assert_eq!(last(&site, "alice"), json!(at));
    site.as_local().delete(&token_path(&token)).must_be(200);
    // What a deleted one was used for is known until the next start.
    assert_eq!((last(&site, "alice"), shown(&site, "alice")["tokensCount"].clone()), (json!(at), json!(1)));
    let site = site.restart();
    assert_eq!(last(&site, "alice"), json!(NOW));
    site.add_organization("acme", &[("alice", true)]);
    let secret = site.make_robot("acme/ci", &json!({ "accessLevel": "read-only" }));
    site.with("acme/ci", &secret).get("/v2/").must_be(200);
    let acme = shown(&site, "acme");
    assert_eq!(
        (&acme["lastSignIn"], &acme["tokensCount"]),
        (&Value::Null, &json!(1)),
        "an organization signs in nowhere"
    );
}

#[test]
fn a_list_of_accounts_counts_the_kinds_and_finds_who_is_locked() {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    site.add_service("ci");
    site.add_organization("acme", &[("alice", true)]);
    site.as_local().patch(&account_path("bob"), &json!({ "isActive": false })).must_be(200);
    let list = |query: &str| site.as_local().get(&format!("{ACCOUNTS}?{query}")).must_be(200).json();
    let counts = |page: &Value| {
        let fields = ["users", "orgs", "admins", "inactiveUsers", "serviceAccounts", "lockedUsers"];
        fields.map(|field| page[format!("{field}Count")].as_u64().expect("a number"))
    };
    assert_eq!(counts(&list("")), [4, 1, 1, 1, 1, 0]);
    assert_eq!(names(&list("filter=locked-users")), Vec::<&str>::new());
    // An organization and a name that is nobody's are not among them.
    for name in ["alice", "acme", "nobody"] {
        (0..5).for_each(|guess| drop(site.with(name, &format!("guess-number-{guess}")).get(TOKENS).must_be(401)));
    }
    let locked = list("filter=locked-users&limit=1");
    assert_eq!((names(&locked), &locked["resourceCount"]), (vec!["alice"], &json!(1)));
    assert_eq!(counts(&locked), [4, 1, 1, 1, 1, 1]);
    assert_eq!(names(&list("filter=locked-users&contains=b")), Vec::<&str>::new());
    site.as_admin().delete("/api/v0/accounts/alice/lock").must_be(204);
    assert_eq!((names(&list("filter=locked-users")), counts(&list(""))[5]), (vec![], 0));
    site.as_user("alice").get(&format!("{ACCOUNTS}?filter=locked-users")).must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn accounts_are_listed_by_name_filtered_counted_and_paged() {
    let site = InProcess::start();
    for name in ["carol", "alice", "bob"] {
        site.add_service(name);
    }
    site.as_local().patch(&account_path("bob"), &json!({ "isActive": false })).must_be(200);
    site.as_local().patch(&account_path("carol"), &json!({ "isAdmin": true })).must_be(200);
    let list = |query: &str| site.as_local().get(&format!("{ACCOUNTS}?{query}")).must_be(200);
    let selected = [
        ("", vec!["admin", "alice", "bob", "carol"]),
        ("filter=all", vec!["admin", "alice", "bob", "carol"]),
        ("filter=users", vec!["admin", "alice", "bob", "carol"]),
        ("filter=orgs", vec![]),
        ("filter=admins", vec!["admin", "carol"]),
        ("filter=non-admins", vec!["alice", "bob"]),
        ("filter=active-users", vec!["admin", "alice", "carol"]),
        ("filter=inactive-users", vec!["bob"]),
        ("filter=service-accounts", vec!["alice", "bob", "carol"]),
        ("filter=service-accounts&contains=o", vec!["bob", "carol"]),
    ];
    for (query, expected) in selected {
        let answer = list(query);
        let page = answer.json();
        assert_eq!(names(&page), expected, "{query}");
        assert_eq!(page["resourceCount"], json!(expected.len()), "{query}");
        assert_eq!((&page["usersCount"], &page["orgsCount"]), (&json!(4), &json!(0)));
        assert_eq!((&page["nextPageStart"], answer.header("x-next-page-start")), (&json!(""), None));
    }
    site.as_local().get(&format!("{ACCOUNTS}?filter=everybody")).must_be_refused(400, "INVALID_PARAMETERS");
    let first = list("limit=2");
    assert_eq!((names(&first.json()), first.text("/nextPageStart")), (vec!["admin", "alice"], "alice".to_owned()));
    assert_eq!(first.header("x-next-page-start"), Some("alice"));
    assert_eq!(names(&list("limit=2&start=alice").json()), ["bob", "carol"]);
    assert_eq!(names(&list("limit=0&start=b").json()), ["bob", "carol"], "a start need not exist");
    assert_eq!(names(&list("limit=99999999999999999999").json()).len(), 4);
    assert_eq!(names(&list("order=asc").json()), ["admin", "alice", "bob", "carol"]);
    let last = list("order=desc&limit=2");
    assert_eq!((names(&last.json()), last.text("/nextPageStart")), (vec!["carol", "bob"], "bob".to_owned()));
    let first = list("order=desc&limit=2&start=bob");
    assert_eq!((names(&first.json()), first.text("/nextPageStart")), (vec!["alice", "admin"], String::new()));
    assert_eq!(names(&list("order=desc&filter=admins").json()), ["carol", "admin"]);
    for bad in ["order=DESC", "order=down", "limit=-1", "limit=x", "start=A%20B", "start=%2F"] {
        site.as_local().get(&format!("{ACCOUNTS}?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn accounts_are_found_by_a_part_of_the_name_or_of_the_full_name() {
    let site = InProcess::start();
    for (name, full_name) in [("alice", "Alice Müller"), ("bob", "Bob Al-Amin"), ("carol", "")] {
        site.as_local().post(ACCOUNTS, &json!({ "name": name, "fullName": full_name })).must_be(201);
    }
    site.add_organization("alps", &[]);
    let list = |query: &str| site.as_local().get(&format!("{ACCOUNTS}?{query}")).must_be(200).json();
    for (query, expected) in [
        ("contains=al", vec!["alice", "alps", "bob"]),
        ("contains=AL&order=desc", vec!["bob", "alps", "alice"]),
        ("contains=m%C3%9Cl", vec!["alice"]),
        ("contains=al-a", vec!["bob"]),
        ("contains=al&filter=users", vec!["alice", "bob"]),
        ("contains=al&filter=orgs", vec!["alps"]),
        ("contains=", vec!["admin", "alice", "alps", "bob", "carol"]),
        ("contains=%00", vec![]),
    ] {
        let page = list(query);
        assert_eq!(names(&page), expected, "{query}");
        assert_eq!(page["resourceCount"], json!(expected.len()), "{query}");
        assert_eq!((&page["usersCount"], &page["orgsCount"]), (&json!(4), &json!(1)), "of the whole site");
    }
    let first = list("contains=al&limit=2");
    assert_eq!((names(&first), &first["nextPageStart"]), (vec!["alice", "alps"], &json!("alps")));
    let second = list("contains=al&limit=2&start=alps");
    assert_eq!((names(&second), &second["nextPageStart"]), (vec!["bob"], &json!("")));
}

// --- changing ---

#[test]
fn users_change_their_full_name_and_nothing_that_gives_power() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_service("bob");
    let alice = site.as_user("alice");
    assert_eq!(alice.patch(&account_path("alice"), &json!({ "fullName": "A" })).must_be(200).text("/fullName"), "A");
    for body in [json!({ "isAdmin": true }), json!({ "isActive": false }), json!({ "isAdmin": false, "fullName": "B" })]
    {
        alice.patch(&account_path("alice"), &body).must_be_refused(403, "NOT_AUTHORIZED");
    }
    for other in ["bob", "admin", "nobody"] {
        alice.patch(&account_path(other), &json!({ "fullName": "Eve" })).must_be_refused(403, "NOT_AUTHORIZED");
        alice.delete(&account_path(other)).must_be_refused(403, "NOT_AUTHORIZED");
        alice.delete(&format!("/api/v0/accounts/{other}")).must_be_refused(403, "NOT_AUTHORIZED");
        alice.delete(&format!("/api/v0/accounts/{other}/lock")).must_be_refused(403, "NOT_AUTHORIZED");
        change_password(&alice, other, &json!({ "newPassword": OTHER })).must_be_refused(403, "NOT_AUTHORIZED");
    }
    assert_eq!(alice.get(&account_path("alice")).must_be(200).text("/fullName"), "A", "refused whole");
    for body in [json!({ "name": "eve" }), json!({ "isOrg": true }), json!({ "password": OTHER }), json!({ "x": 1 })] {
        site.as_local().patch(&account_path("alice"), &body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    site.as_local().patch(&account_path("nobody"), &json!({ "fullName": "X" })).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn an_inactive_account_is_refused_on_every_way_and_stays_so() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    for _ in 0..2 {
        site.as_user("alice").get("/api/v0/repositories").must_be_refused(401, "NOT_AUTHENTICATED");
        site.with_token("alice", &token).get("/api/v0/repositories").must_be_refused(401, "NOT_AUTHENTICATED");
        site.as_user("alice").get("/auth/token").must_be(401);
    }
    assert_eq!(site.as_local().get(&account_path("alice")).must_be(200).json()["isActive"], json!(false));
    change_password(&site.as_local(), "alice", &json!({ "newPassword": OTHER })).must_be(200);
    site.with("alice", OTHER).get("/api/v0/repositories").must_be(401);
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": true })).must_be(200);
    site.with("alice", OTHER).get("/api/v0/repositories").must_be(200);
}

#[test]
fn the_last_active_administrator_stays() {
    let site = InProcess::start();
    let refuse_all = |caller: &Caller| {
        for (field, body) in [
            ("isAdmin", json!({ "isAdmin": false })),
            ("isActive", json!({ "isActive": false })),
            ("isActive", json!({ "isActive": false, "isAdmin": false })),
        ] {
            let refused = caller.patch(&account_path("admin"), &body).must_be_refused(409, "LAST_ADMINISTRATOR");
            assert_eq!(refused.text("/errors/0/detail/field"), field);
        }
        let refused = caller.delete(&account_path("admin")).must_be_refused(409, "LAST_ADMINISTRATOR");
        assert_eq!(refused.json()["errors"][0]["detail"], Value::Null);
        caller.delete("/api/v0/accounts/admin").must_be_refused(409, "LAST_ADMINISTRATOR");
    };
    refuse_all(&site.as_admin());
    refuse_all(&site.as_local());
    // An inactive administrator is none.
    let body = json!({ "name": "root", "isAdmin": true, "isActive": false, "password": PASSWORD });
    site.as_admin().post(ACCOUNTS, &body).must_be(201);
    refuse_all(&site.as_admin());
    site.as_admin().patch(&account_path("admin"), &json!({ "isAdmin": true, "isActive": true })).must_be(200);
    site.as_admin().patch(&account_path("root"), &json!({ "isActive": true })).must_be(200);
    site.as_user("root").patch(&account_path("admin"), &json!({ "isAdmin": false })).must_be(200);
    site.as_admin().get(ACCOUNTS).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_user("root").delete(&account_path("root")).must_be_refused(409, "LAST_ADMINISTRATOR");
    site.as_user("root").delete(&account_path("admin")).must_be(204);
    site.as_admin().get(ACCOUNTS).must_be(401);
}

#[test]
fn of_two_administrators_who_remove_each_other_at_once_one_stays() {
    for _ in 0..5 {
        let site = InProcess::start();
        let root = json!({ "name": "root", "isAdmin": true, "password": PASSWORD });
        site.as_local().post(ACCOUNTS, &root).must_be(201);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let site = &site;
            let remove = |name: &'static str| scope.spawn(move || site.as_local().delete(&account_path(name)).status);
            let threads = [remove("admin"), remove("root")];
            threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        assert!(statuses == [204, 409] || statuses == [409, 204], "{statuses:?}");
    }
}

// --- passwords ---

#[test]
fn passwords_have_8_to_1024_bytes_and_are_compared_whole() {
    let site = InProcess::start();
    site.add_user("alice");
    let set = |password: &str| change_password(&site.as_local(), "alice", &json!({ "newPassword": password }));
    let signs_in = |password: &str| site.with("alice", password).get(TOKENS).must_be_one_of(&[200, 401]).status == 200;
    for bad in ["", "1234567", "ääö1", "password", "Password1", "dkp_aaaaaaaaaaaa", "nul\0inside", &"x".repeat(1_025)]
    {
        set(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    assert!(signs_in(PASSWORD), "refused passwords change nothing");
    let long = "correct horse battery staple ".repeat(36)[..1_024].to_owned();
    for good in ["8 bytes!", "ääöö", "with:colon:inside", " leading and trailing ", &long] {
        set(good).must_be(200);
        assert!(signs_in(good), "{good:?}");
        let shorter: String = good.chars().take(good.chars().count() - 1).collect();
        for wrong in [format!("{good} "), shorter, format!("{good}\0")] {
            assert!(!signs_in(&wrong), "{wrong:?} for {good:?}");
        }
        // Wrong guesses are not what this test is about.
        site.as_local().delete("/api/v0/accounts/alice/lock").must_be(204);
    }
    for length in [71, 72, 73] {
        set(&long[..length]).must_be(200);
        assert!(signs_in(&long[..length]) && !signs_in(&long[..length - 1]) && !signs_in(&long[..=length]));
        site.as_local().delete("/api/v0/accounts/alice/lock").must_be(204);
    }
}

#[test]
fn ones_own_password_wants_the_old_one() {
    let site = InProcess::start();
    site.add_user("alice");
    for name in ["alice", "admin"] {
        let caller = site.as_user(name);
        for body in [
            json!({ "newPassword": OTHER }),
            json!({ "newPassword": OTHER, "oldPassword": "" }),
            json!({ "newPassword": OTHER, "oldPassword": "not the password" }),
        ] {
            change_password(&caller, name, &body).must_be_refused(400, "INVALID_PARAMETERS");
        }
        for body in [json!({}), json!({ "oldPassword": PASSWORD }), json!({ "newPassword": OTHER, "x": 1 })] {
            change_password(&caller, name, &body).must_be_refused(400, "INVALID_PARAMETERS");
        }
        let changed = change_password(&caller, name, &json!({ "oldPassword": PASSWORD, "newPassword": OTHER }));
        assert_eq!(changed.must_be(200).json()["passwordSetByAdmin"], json!(false));
        caller.get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
        site.with(name, OTHER).get(TOKENS).must_be(200);
    }
}

#[test]
fn an_administrator_sets_the_passwords_of_others_without_the_old_one() {
    let site = InProcess::start();
    site.add_user("alice");
    site.as_local().post(ACCOUNTS, &json!({ "name": "root", "isAdmin": true, "password": PASSWORD })).must_be(201);
    for name in ["alice", "root"] {
        let changed = change_password(&site.as_admin(), name, &json!({ "newPassword": OTHER })).must_be(200).json();
        assert_eq!((&changed["name"], &changed["passwordSetByAdmin"]), (&json!(name), &json!(true)));
        site.with(name, OTHER).get(TOKENS).must_be(200);
    }
    let own = json!({ "oldPassword": OTHER, "newPassword": PASSWORD });
    let changed = change_password(&site.with("alice", OTHER), "alice", &own).must_be(200).json();
    assert_eq!(changed["passwordSetByAdmin"], json!(false));
    change_password(&site.as_local(), "nobody", &own).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn a_service_account_never_signs_in_by_password() {
    let site = InProcess::start();
    site.add_service("robot");
    let token = site.add_token("robot", &json!({}));
    for guess in ["", " ", PASSWORD, "null", "robot"] {
        site.with("robot", guess).get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    let robot = site.with_token("robot", &token);
    let first = json!({ "newPassword": OTHER });
    change_password(&robot, "robot", &first).must_be_refused(403, "NOT_AUTHORIZED");
    change_password(&site.as_admin(), "robot", &first).must_be(200);
    site.with("robot", OTHER).get(TOKENS).must_be(200);
}

#[test]
fn known_and_unknown_names_get_the_same_answer() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_service("robot");
    site.add_user("off");
    site.as_local().patch(&account_path("off"), &json!({ "isActive": false })).must_be(200);
    let bodies = ["alice", "robot", "off", "nobody", "NOT A NAME", ""].map(|name| {
        let answer = site.with(name, "a wrong guess").get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
        (answer.body.clone(), answer.header("www-authenticate").map(str::to_owned))
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

// --- deleting ---

#[test]
fn deleting_leaves_the_repositories_or_takes_them_along() {
    let site = InProcess::start();
    for name in ["alice", "bob"] {
        site.add_service(name);
        site.add_repository(&format!("{name}/app"));
        site.add_public(&format!("{name}/tools/lint"));
    }
    let carol = site.add_robot("carol");
    site.grant("alice/app", "carol", "admin");
    site.grant("bob/app", "carol", "admin");
    site.as_local().delete(&account_path("alice")).must_be(204);
    site.as_local().delete("/api/v0/accounts/bob").must_be(204);
    // Without owner: system administrators and explicit grants reach it.
    for caller in [site.as_admin(), carol.clone()] {
        assert_eq!(caller.get(&repository_path("alice/app")).must_be(200).text("/accessLevel"), "admin");
    }
    assert_eq!(carol.get(&repository_path("alice/tools/lint")).must_be(200).text("/accessLevel"), "read-only");
    for name in ["bob/app", "bob/tools/lint"] {
        site.as_admin().get(&repository_path(name)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    assert_eq!(carol.get("/api/v0/repositories").must_be(200).json()["repositories"].as_array().map(Vec::len), Some(2));
    for path in [account_path("alice"), "/api/v0/accounts/bob".to_owned()] {
        site.as_admin().delete(&path).must_be(204);
    }
}

#[test]
fn a_name_with_repositories_is_taken_over_only_when_an_administrator_says_so() {
    let site = InProcess::start();
    site.add_service("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/app");
    site.grant("alice", "bob", "read-write");
    site.as_local().delete(&account_path("alice")).must_be(204);
    site.as_admin().post(ACCOUNTS, &json!({ "name": "alice" })).must_be_refused(409, "NAMESPACE_IN_USE");
    let no = json!({ "name": "alice", "adoptRepositories": false });
    site.as_admin().post(ACCOUNTS, &no).must_be_refused(409, "NAMESPACE_IN_USE");
    site.as_admin().post(ACCOUNTS, &json!({ "name": "alice", "adoptRepositories": true })).must_be(201);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(alice.get(&repository_path("alice/app")).must_be(200).text("/accessLevel"), "admin");
    bob.get(&repository_path("alice/app")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    // Nothing is in the way of a name that never had a repository.
    site.as_local().delete(&account_path("bob")).must_be(204);
    site.as_admin().post(ACCOUNTS, &json!({ "name": "bob" })).must_be(201);
}

#[test]
fn a_name_whose_repositories_were_deleted_is_given_to_another_only_when_an_administrator_says_so() {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_repository("alice/app");
    site.add_repository("alice/lib");
    site.as_local().delete(&repository_path("alice/lib")).must_be(204);
    site.as_local().delete("/api/v0/accounts/alice").must_be(204);
    let refuse = |site: &InProcess| {
        for body in [json!({ "name": "alice" }), json!({ "name": "alice", "isOrg": true })] {
            // The registry may still have what was pushed to them.
            let refused = site.as_admin().post(ACCOUNTS, &body).must_be_refused(409, "NAMESPACE_IN_USE");
            assert!(refused.text("/errors/0/message").contains("deleted"), "{}", refused.describe());
        }
    };
    refuse(&site);
    let site = site.restart();
    refuse(&site);
    site.as_admin().post(ACCOUNTS, &json!({ "name": "alice-x" })).must_be(201);
    site.as_admin().post(ACCOUNTS, &json!({ "name": "alice", "adoptRepositories": true })).must_be(201);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    alice.get(&repository_path("alice/app")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    assert_eq!(alice.get("/api/v0/repositories").must_be(200).json()["repositories"], json!([]));
    // Registry tokens of the one before name the repository, not whose it is.
    let make =
        |site: &InProcess, name: &str| site.as_local().post("/api/v0/repositories/alice", &json!({ "name": name }));
    let refused = make(&site, "app").must_be_refused(409, "NAMESPACE_IN_USE");
    assert_eq!(refused.header("Retry-After"), Some("960"), "{}", refused.describe());
    assert!(refused.text("/errors/0/message").contains("deleted lately"), "{}", refused.describe());
    make(&site, "never-there").must_be(201);
    site.pass(959);
    make(&site, "app").must_be_refused(409, "NAMESPACE_IN_USE");
    site.pass(1);
    make(&site, "app").must_be(201);
    assert_eq!(alice.get(&repository_path("alice/app")).must_be(200).text("/accessLevel"), "admin");
}

#[test]
fn a_re_created_account_inherits_nothing() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_service("bob");
    site.as_local().patch(&account_path("alice"), &json!({ "isAdmin": true, "fullName": "First" })).must_be(200);
    let token = site.add_token("alice", &json!({}));
    site.add_repository("bob/app");
    site.add_repository("bob/lib");
    site.grant("bob", "alice", "admin");
    site.grant("bob/lib", "alice", "read-only");
    let before = site.as_local().get(&account_path("alice")).must_be(200).json();
    site.as_local().delete(&account_path("alice")).must_be(204);
    site.as_local().post(ACCOUNTS, &json!({ "name": "alice" })).must_be(201);
    let after = site.as_local().get(&account_path("alice")).must_be(200).json();
    assert_ne!(before["id"], after["id"]);
    assert_eq!(
        (&after["isAdmin"], &after["fullName"], &after["hasPassword"]),
        (&json!(false), &json!(""), &json!(false))
    );
    site.with_token("alice", &token).get(TOKENS).must_be(401);
    site.as_user("alice").get(TOKENS).must_be(401);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(alice.get("/api/v0/repositories").must_be(200).json(), json!({ "repositories": [] }));
    for path in ["/api/v0/repositoryNamespaces/bob/userAccess", "/api/v0/repositories/bob/lib/userAccess"] {
        assert_eq!(site.as_local().get(path).must_be(200).json()["userAccessList"], json!([]));
    }
    site.as_local().get(&account_path(before["id"].as_str().expect("an id"))).must_be(404);
}

// --- at the same time, and afterwards ---

#[test]
fn of_twenty_who_create_one_name_at_once_one_does() {
    let site = InProcess::start();
    site.add_service("alice");
    let count = |create: &(dyn Fn() -> u16 + Sync), good: u16, bad: u16| {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(create)).collect();
            threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        let of = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((of(good), of(bad)), (1, 19), "{statuses:?}");
    };
    count(&|| site.as_local().post(ACCOUNTS, &json!({ "name": "bob" })).status, 201, 400);
    count(&|| site.as_local().post("/api/v0/repositories/alice", &json!({ "name": "app" })).status, 201, 400);
    assert_eq!(names(&site.as_local().get(ACCOUNTS).must_be(200).json()), ["admin", "alice", "bob"]);
}

#[test]
fn everything_is_there_after_stop_and_start() {
    let site = InProcess::start();
    site.add_user("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/app");
    site.add_public("alice/tools/lint");
    site.grant("alice", "bob", "read-only");
    site.grant("alice/app", "bob", "read-write");
    let token = site.add_token("alice", &json!({ "accessLevel": "read-only", "repositories": ["alice/*", "_/x"] }));
    site.as_local().patch(&account_path("alice"), &json!({ "fullName": "Alice" })).must_be(200);
    let paths = [
        format!("{ACCOUNTS}?limit=0"),
        format!("{TOKENS}?pageSize=0"),
        "/api/v0/repositories?pageSize=0".to_owned(),
        "/api/v0/repositories/alice/app/access".to_owned(),
        "/api/v0/repositoryNamespaces/alice/userAccess".to_owned(),
        "/api/v0/audit?pageSize=0&action=grant.set".to_owned(),
        "/auth/keys".to_owned(),
        "/auth/ca.pem".to_owned(),
    ];
    let seen = |site: &InProcess| paths.clone().map(|path| site.as_local().get(&path).must_be(200).body.clone());
    let before = seen(&site);
    let site = site.restart();
    assert_eq!(seen(&site), before);
    site.as_user("alice").get(TOKENS).must_be(200);
    site.with_token("alice", &token).get(&repository_path("alice/app")).must_be(200);
    drop(bob);
    let verified = site.as_local().post("/api/v0/audit/verify", &json!({})).must_be(200).json();
    assert_eq!(verified["problem"], json!(null), "{verified}");
}

#[test]
fn an_old_password_finishes_nothing_after_a_new_one() {
    let site = InProcess::start();
    site.add_user("dave");
    let body = b"{\"tokenLabel\":\"late\"}";
    let head = format!(
        "POST {TOKENS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
        site.as_user("dave").credentials(),
        body.len()
    );
    let mut late = TcpStream::connect(site.address()).expect("the server takes connections");
    late.write_all(head.as_bytes()).expect("the head is sent");
    eventually("dave signed in", || (!site.audit("action=account.signIn&actor=dave").is_empty()).then_some(()));
    change_password(&site.as_admin(), "dave", &json!({ "newPassword": OTHER })).must_be(200);
    late.write_all(body).expect("the body is sent");
    let mut answer = String::new();
    late.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let dave = site.with("dave", OTHER);
    assert_eq!(dave.get(TOKENS).must_be(200).json(), json!([]));
}

#[test]
fn a_first_start_that_ended_early_is_finished_by_the_next() {
    let site = InProcess::start();
    let site = site.restart_after(|data, _| std::fs::remove_file(data.join("format")).expect("the mark is there"));
    assert!(site.data().join("format").exists(), "from now on a missing store is damage");
    site.as_admin().get(ACCOUNTS).must_be(200);
}

#[test]
fn a_new_password_ends_temporary_ones() {
    let site = InProcess::start();
    site.add_user("dave");
    let body = json!({ "temporaryPassword": true });
    let made = site.as_admin().post(&format!("{TOKENS}?username=dave"), &body).must_be(200).text("/token");
    change_password(&site.as_admin(), "dave", &json!({ "newPassword": OTHER })).must_be(200);
    site.with("dave", &made).get(TOKENS).must_be(401);
}
