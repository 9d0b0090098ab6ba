//! The open sessions of an account: who sees and ends them, and that their identifiers open nothing.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    exe::PASSWORD,
    site::{Caller, DAY, HOUR, token_path},
};

const SESSION: &str = "/api/v0/session";
const OF_ALICE: &str = "/api/v0/accounts/alice/sessions";

/// A browser with this user agent that has signed in.
fn signed_in(site: &InProcess, name: &str, secret: &str, agent: &str) -> Caller {
    let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin").header("User-Agent", agent);
    let answer = browser.post(SESSION, &json!({ "username": name, "password": secret })).must_be(200);
    let set = answer.header("set-cookie").expect("a cookie");
    browser.header("Cookie", set.split(';').next().expect("its value"))
}

fn site() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    site
}

fn sessions(caller: &Caller) -> Vec<Value> {
    caller.get(OF_ALICE).must_be(200).json().as_array().expect("sessions").clone()
}

fn agents(caller: &Caller) -> Vec<String> {
    sessions(caller).iter().map(|session| session["userAgent"].as_str().expect("one").to_owned()).collect()
}

fn id_of(caller: &Caller, agent: &str) -> String {
    let found = sessions(caller).into_iter().find(|session| session["userAgent"] == agent).expect("the session");
    found["id"].as_str().expect("its id").to_owned()
}

#[test]
fn sessions_are_listed_with_their_last_use_and_the_one_that_asks_is_marked() {
    let site = site();
    let begun = site.in_time(0);
    let laptop = signed_in(&site, "alice", PASSWORD, "laptop");
    let token = site.add_token("alice", &json!({ "tokenLabel": "phone", "expiresAt": site.in_time(HOUR) }));
    let _phone = signed_in(&site, "alice", &token.secret, "phone");
    signed_in(&site, "bob", PASSWORD, "bob's");
    site.pass(60);
    let listed = sessions(&laptop);
    assert_eq!(listed.len(), 2);
    let shown = |place: usize, field: &str| listed[place][field].clone();
    assert_eq!([shown(0, "userAgent"), shown(1, "userAgent")], ["laptop", "phone"], "the last used one first");
    assert_eq!([shown(0, "isThis"), shown(1, "isThis")], [true, false]);
    assert_eq!([shown(0, "credential"), shown(1, "credential")], ["password", "accessToken"]);
    assert_eq!([shown(0, "tokenLabel"), shown(1, "tokenLabel")], [Value::Null, "phone".into()]);
    assert_eq!([shown(0, "createdAt"), shown(1, "createdAt")], [begun.clone(), begun.clone()]);
    assert_eq!([shown(0, "lastUsed"), shown(1, "lastUsed")], [site.in_time(0), begun]);
    assert_eq!([shown(0, "lastUsedIp"), shown(1, "lastUsedIp")], ["127.0.0.1", "127.0.0.1"]);
    assert_eq!([shown(0, "expiresAt"), shown(1, "expiresAt")], [site.in_time(12 * HOUR), site.in_time(HOUR - 60)]);
    assert!(sessions(&site.as_admin()).iter().all(|session| session["isThis"] == false));
    // An identifier opens nothing.
    let id = id_of(&laptop, "laptop");
    site.as_nobody().header("Cookie", &format!("dockpass={id}")).get(SESSION).must_be(401);
    // What does not count any more is not shown, whether it was used since or not.
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    assert_eq!(agents(&laptop), ["laptop"]);
    site.pass(12 * HOUR);
    assert_eq!(agents(&site.as_admin()), Vec::<String>::new());
}

#[test]
fn one_is_ended_and_all_others_are() {
    let site = site();
    let [one, two, three] = ["one", "two", "three"].map(|agent| signed_in(&site, "alice", PASSWORD, agent));
    let bob = signed_in(&site, "bob", PASSWORD, "bob's");
    let (ended_first, ended_last) = (id_of(&one, "two"), id_of(&one, "one"));
    one.delete(&format!("{OF_ALICE}/{ended_first}")).must_be(204);
    two.get(SESSION).must_be_refused(401, "NOT_AUTHENTICATED");
    three.get(SESSION).must_be(200);
    let ended = one.delete(OF_ALICE).must_be(200).json();
    assert_eq!(ended, json!({ "ended": 1 }));
    three.get(SESSION).must_be(401);
    one.get(SESSION).must_be(200);
    bob.get(SESSION).must_be(200);
    // Its own, too, if it is named.
    one.delete(&format!("{OF_ALICE}/{ended_last}")).must_be(204);
    one.get(SESSION).must_be(401);
    // What happened at one moment stands in any order.
    let records = site.audit("action=session.end");
    let said = |record: &Value| ["actor", "object", "outcome"].map(|field| record[field].clone());
    let mut objects = ["alice".to_owned(), format!("alice {ended_first}"), format!("alice {ended_last}")];
    objects.sort();
    let expected = objects.map(|object| ["alice", object.as_str(), "success"].map(Value::from));
    let mut found: Vec<_> = records.iter().map(said).collect();
    found.sort_by_key(|record| record[1].as_str().map(str::to_owned));
    assert_eq!(found, expected);
}

#[test]
fn administrators_end_those_of_others_and_nobody_else_learns_of_them() {
    let site = site();
    let alice = signed_in(&site, "alice", PASSWORD, "laptop");
    let (bob, admin) = (site.as_user("bob"), signed_in(&site, "admin", PASSWORD, "admin's"));
    let id = id_of(&alice, "laptop");
    for path in [OF_ALICE.to_owned(), format!("{OF_ALICE}/{id}"), "/api/v0/accounts/nobody/sessions".to_owned()] {
        bob.delete(&path).must_be_refused(403, "NOT_AUTHORIZED");
    }
    bob.get(OF_ALICE).must_be_refused(403, "NOT_AUTHORIZED");
    bob.delete(&format!("/api/v0/accounts/bob/sessions/{id}")).must_be_refused(404, "NO_SUCH_SESSION");
    alice.get(SESSION).must_be(200);
    admin.get("/api/v0/accounts/nobody/sessions").must_be_refused(404, "NO_SUCH_ACCOUNT");
    admin.delete(&format!("{OF_ALICE}/{}", &id[1..])).must_be_refused(404, "NO_SUCH_SESSION");
    assert_eq!(admin.delete(OF_ALICE).must_be(200).json(), json!({ "ended": 1 }));
    alice.get(SESSION).must_be(401);
    admin.get(SESSION).must_be(200);
    admin.delete(&format!("{OF_ALICE}/{id}")).must_be_refused(404, "NO_SUCH_SESSION");
}

#[test]
fn a_narrowed_access_token_and_a_replaced_secret_end_none() {
    let site = site();
    let alice = signed_in(&site, "alice", PASSWORD, "laptop");
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-write" }));
    let narrow = signed_in(&site, "alice", &narrow.secret, "narrow");
    narrow.get(OF_ALICE).must_be(403);
    narrow.delete(OF_ALICE).must_be(403);
    let old = site.add_token("alice", &json!({}));
    site.as_local().post(&format!("{}/rotate", token_path(&old)), &json!({ "overlap": DAY })).must_be(200);
    let old = site.with_token("alice", &old);
    old.get(OF_ALICE).must_be(200);
    old.delete(OF_ALICE).must_be(403);
    alice.get(SESSION).must_be(200);
}

#[test]
fn who_ends_nothing_again_and_again_has_to_wait_and_ends_what_there_is_all_the_same() {
    let site = InProcess::start_with(&[("limits.changes_per_minute", "5")]);
    site.add_user("alice");
    let alice = site.as_user("alice");
    let answers: Vec<u16> = (0..7).map(|_| alice.delete(OF_ALICE).status).collect();
    assert_eq!((answers[0], answers[6]), (200, 429), "{answers:?}");
    let other = site.add_token("alice", &json!({}));
    site.pass(15);
    signed_in(&site, "alice", &other.secret, "another");
    let left: Vec<u16> = (0..2).map(|_| alice.delete(OF_ALICE).status).collect();
    assert_eq!(left[0], 200, "{left:?}");
}

#[test]
fn a_session_tells_which_access_tokens_end_soon() {
    let site = site();
    let ends = |days: i64, label: &str| {
        site.add_token("alice", &json!({ "tokenLabel": label, "expiresAt": site.in_time(days * DAY) }))
    };
    let (later, soon) = (ends(13, "later"), ends(2, "soon"));
    ends(15, "far off");
    site.add_token("alice", &json!({ "tokenLabel": "endless" }));
    let off = ends(3, "off");
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    let told = |caller: &Caller| caller.get(SESSION).must_be(200).json()["endingTokens"].clone();
    let labels = |told: &Value| -> Vec<String> {
        told.as_array().expect("a list").iter().map(|it| it["tokenLabel"].as_str().expect("one").to_owned()).collect()
    };
    let alice = signed_in(&site, "alice", PASSWORD, "laptop");
    let list = told(&alice);
    assert_eq!(labels(&list), ["soon", "later"]);
    assert_eq!([&list[0]["hashedToken"], &list[1]["hashedToken"]], [&json!(soon.hash), &json!(later.hash)]);
    assert_eq!(list[0]["expiresAt"], json!(site.in_time(2 * DAY)));
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-only", "expiresAt": site.in_time(DAY) }));
    assert_eq!(told(&signed_in(&site, "alice", &narrow.secret, "narrow")), json!([]));
    (0..25).for_each(|number| drop(ends(1, &format!("{number}"))));
    assert_eq!(labels(&told(&alice)).len(), 20);
}

#[test]
fn a_session_tells_of_sign_ins_from_new_addresses_elsewhere() {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "https://registry.example.com"),
    ]);
    site.add_user("alice");
    let from = |address: &str| {
        let browser = site.as_nobody().from_address(address).header("Sec-Fetch-Site", "same-origin");
        let answer = browser.post(SESSION, &json!({ "username": "alice", "password": PASSWORD })).must_be(200);
        let set = answer.header("set-cookie").expect("a cookie").to_owned();
        (browser.header("Cookie", set.split(';').next().expect("its value")), answer.json()["newAddresses"].clone())
    };
    let (home, first) = from("192.0.2.7");
    assert_eq!(first, json!([]));
    site.pass(60);
    let at = site.in_time(0);
    let (_, elsewhere) = from("198.51.100.9");
    assert_eq!(elsewhere, json!([]), "whoever is there knows");
    site.pass(60);
    let told = home.get(SESSION).must_be(200).json()["newAddresses"].clone();
    assert_eq!(told, json!([{ "address": "198.51.100.9", "signedInAt": at }]));
    let listed = sessions(&home);
    assert_eq!([&listed[0]["lastUsedIp"], &listed[1]["lastUsedIp"]], ["192.0.2.7", "198.51.100.9"]);
    site.pass(14 * DAY);
    assert_eq!(from("192.0.2.7").1, json!([]));
}
