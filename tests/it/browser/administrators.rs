//! What administrators see at a glance: people with their last sign-in, what needs a hand, whose a found access token is.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess, Pages,
    exe::PASSWORD,
    filled::{PERSON, filled, pages_as},
    person::{ENTER, soon},
    site::{DAY, HOUR, account_path, token_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const LIST: &str = "/profile/access-tokens";
const LINE: &str = "main .banner.slim:not([hidden])";

/// The pages of a server at its time, with somebody signed in.
fn pages(site: &InProcess, user: &str, secret: &str) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.open("/sign-in");
    pages.try_sign_in(user, secret);
    pages.browser.see_no_more("Password or access token");
    pages.drawn();
    pages
}

fn lock(site: &InProcess, name: &str) {
    (0..5).for_each(|guess| drop(site.with(name, &format!("guess-number-{guess}")).get(TOKENS).must_be(401)));
}

/// Ends the dialog by its button.
fn send(pages: &Pages) {
    pages.browser.click_css("dialog button[type=submit]");
}

fn texts(pages: &Pages, selector: &str) -> Value {
    let script = "return [...document.querySelectorAll(arguments[0])].map((it) => it.textContent)";
    pages.browser.run(script, json!([selector]))
}

// --- people ---

/// alice, who used one of two access tokens a day ago; bob, who is inactive; carol, who is locked; a service account.
fn company() -> InProcess {
    let site = InProcess::start();
    let alice = json!({ "name": "alice", "password": PASSWORD, "fullName": "Alice Liddell" });
    site.as_local().post("/enzi/v0/accounts", &alice).must_be(201);
    ["bob", "carol"].iter().for_each(|name| site.add_user(name));
    site.add_service("ci");
    site.as_local().patch(&account_path("bob"), &json!({ "isActive": false })).must_be(200);
    let used = site.add_token("alice", &json!({ "tokenLabel": "used" }));
    site.add_token("alice", &json!({ "tokenLabel": "unused" }));
    site.with_token("alice", &used).get(TOKENS).must_be(200);
    site.pass(DAY);
    lock(&site, "carol");
    site
}

fn names(pages: &Pages) -> Vec<String> {
    let rows = pages.browser.rows("users");
    rows.iter().filter_map(|row| row[0].split_whitespace().next().map(str::to_owned)).collect()
}

fn shows(pages: &Pages, expected: &[&str]) {
    soon(&format!("the users are {expected:?}"), || (names(pages) == expected).then_some(()));
}

#[test]
fn people_are_listed_with_state_last_sign_in_and_access_tokens_and_the_counts_filter() {
    let site = company();
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    browser.follow("People");
    shows(&pages, &["admin", "alice", "bob", "carol", "ci"]);
    let rows = browser.rows("users");
    assert!(rows[1][0].contains("Alice Liddell"), "{rows:?}");
    assert_eq!(rows[1][1..], ["active", "1 day ago", "2"], "{rows:?}");
    assert_eq!(rows[0][1..3], ["active administrator", "just now"], "{rows:?}");
    assert_eq!(rows[2][1..3], ["inactive", "not known"], "{rows:?}");
    assert_eq!(rows[3][1], "active locked");
    assert_eq!(rows[4][1], "active service account");
    assert_eq!(
        texts(&pages, ".counts a"),
        json!(["5 users", "1 administrator", "1 inactive", "1 locked", "1 service account"])
    );
    for (count, key, expected) in [
        ("1 locked", "locked", "carol"),
        ("1 inactive", "inactive", "bob"),
        ("1 administrator", "admins", "admin"),
        ("1 service account", "services", "ci"),
    ] {
        browser.follow(count);
        shows(&pages, &[expected]);
        browser.arrive(&format!("/people?show={key}"));
    }
    browser.reload();
    shows(&pages, &["ci"]);
    assert_eq!(texts(&pages, ".counts [aria-current]"), json!(["1 service account"]));
    browser.back();
    shows(&pages, &["admin"]);
    pages.open("/people?show=locked");
    site.as_local().delete("/api/v0/accounts/carol/lock").must_be(204);
    browser.reload();
    browser.see("Nothing here");
    pages.must_be_clean(&[]);
}

#[test]
fn a_persons_page_says_who_it_is_and_follows_what_is_saved() {
    let site = company();
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    pages.open("/people/alice");
    let lead = || texts(&pages, "main .lead")[0].clone();
    assert_eq!(lead(), "Alice Liddellactive");
    assert!(browser.text().contains("Last sign-in") && browser.text().contains("1 day ago"));
    browser.fill("Full name", "Alice Pleasance Liddell");
    browser.follow("Organizations");
    browser.see("What you changed is not saved.");
    browser.click("Stay");
    browser.choose("Is active");
    browser.click("Save");
    browser.see("Saved");
    assert_eq!(lead(), "Alice Pleasance Liddellinactive");
    browser.follow("Organizations");
    browser.arrive("/organizations");
    pages.must_be_clean(&[]);
}

// --- what needs a hand ---

#[test]
fn an_administrator_is_told_what_needs_a_hand_and_led_there() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_token("alice", &json!({ "tokenLabel": "soon", "expiresAt": site.in_time(3 * DAY) }));
    site.add_token("alice", &json!({ "tokenLabel": "not so soon", "expiresAt": site.in_time(15 * DAY) }));
    let off = site.add_token("alice", &json!({ "tokenLabel": "off", "expiresAt": site.in_time(2 * DAY) }));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    lock(&site, "alice");
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    let said = ["No registry connected", "1 person locked", "1 access token ends within 14 days"];
    soon("the line", || browser.has("css", LINE).then_some(()));
    assert_eq!(texts(&pages, &format!("{LINE} a")), json!(said));
    for (text, path) in [
        ("No registry connected", "/registry"),
        ("1 person locked", "/people?show=locked"),
        ("1 access token ends within 14 days", "/people?tab=tokens&show=ending"),
    ] {
        pages.open(LIST);
        browser.follow(text);
        browser.arrive(path);
    }
    // The list has as many as the line says, those that stop working.
    browser.see("1 ends within 14 days");
    soon("their list", || {
        let labels: Vec<_> = browser.rows("access tokens").into_iter().map(|row| row[1].clone()).collect();
        (labels == ["soon"]).then_some(())
    });
    // A line that comes after the person left stands on no other page.
    pages.open(LIST);
    pages.hold_answers("GET", "/api/v0/admin/registry");
    browser.run("document.querySelector('#nav a[href=\"/repositories\"]').click()", json!([]));
    browser.arrive("/repositories");
    browser.run("document.querySelector('#nav a[href=\"/profile/access-tokens\"]').click()", json!([]));
    pages.held(1);
    browser.follow("Organizations");
    browser.see("New organization");
    pages.let_go();
    assert!(!browser.has("css", LINE), "the line is on another page");
    pages.must_be_clean(&[]);
}

#[test]
fn nobody_else_is_told_what_needs_a_hand() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_person("eve");
    lock(&site, "eve");
    let asked = "return performance.getEntriesByType('resource').some((it) => /admin.registry|locked-users|counts/.test(it.name))";
    let alice = pages(&site, "alice", PASSWORD);
    alice.browser.arrive(LIST);
    assert!(!alice.browser.has("css", LINE));
    assert_eq!(alice.browser.run(asked, json!([])), json!(false), "it is not even asked for");
    alice.must_be_clean(&[]);
    drop(alice);
    let narrow = site.add_token("admin", &json!({ "accessLevel": "read-only" }));
    let narrowed = pages(&site, "admin", &narrow.secret);
    narrowed.browser.arrive("/repositories");
    assert!(!narrowed.browser.has("css", LINE));
    for path in ["/people", "/people/alice/leave", "/settings"] {
        narrowed.open(path);
        narrowed.browser.see("Only administrators see this page.");
    }
    narrowed.must_be_clean(&[]);
}

// --- whose access token is this? ---

/// Asks for the owner of a text.
fn identify(pages: &Pages, text: &str) {
    pages.browser.click("Identify…");
    pages.browser.fill("Access token", text);
    send(pages);
}

fn rotate(site: &InProcess, token: &AccessToken, body: &Value) -> AccessToken {
    AccessToken::of(&site.as_local().post(&format!("{}/rotate", token_path(token)), body).must_be(200).json())
}

#[test]
fn a_found_text_leads_to_its_access_token_and_is_kept_nowhere() {
    let site = InProcess::start();
    site.add_user("alice");
    let first = site.add_token("alice", &json!({ "tokenLabel": "leaked" }));
    let second = rotate(&site, &first, &json!({}));
    let third = rotate(&site, &second, &json!({ "overlap": HOUR }));
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    pages.open("/people/alice?tab=tokens");
    for (token, word) in [
        (&first, "A former secret, which no longer works."),
        (&second, "The old secret, replaced by a rotation. It works until"),
        (&third, "The present secret."),
    ] {
        identify(&pages, &format!(" {} ", token.secret));
        browser.see(word);
        pages.must_not_hold(&token.secret);
        browser.click("Close");
        pages.must_not_hold(&token.secret);
    }
    browser.click("Identify…");
    let look = "const it = document.querySelector('dialog [name=token]'); return [it.type, getComputedStyle(it).webkitTextSecurity]";
    assert_eq!(browser.run(look, json!([])), json!(["text", "disc"]), "hidden, and no password to be kept");
    browser.fill("Access token", &third.secret);
    browser.press(ENTER);
    browser.see("The present secret.");
    browser.click("View details");
    browser.arrive(&format!("/people/alice/access-tokens/{}", third.hash));
    pages.must_not_hold(&third.secret);
    assert!(site.audit("").iter().all(|record| !record.to_string().contains(&third.secret)), "it is in the log");
    pages.must_be_clean(&[]);
}

#[test]
fn a_text_that_is_none_is_refused_beside_its_field() {
    let site = InProcess::start();
    site.add_user("alice");
    let gone = site.add_token("alice", &json!({}));
    site.as_local().delete(&token_path(&gone)).must_be(200);
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    pages.open("/people/alice?tab=tokens");
    identify(&pages, &gone.secret);
    browser.see("This is no access token of this server, or it was deleted.");
    assert_eq!(browser.value("Access token"), gone.secret, "what was typed stays");
    browser.fill("Access token", "dkp_nothing");
    send(&pages);
    browser.see("This is no access token, or there is a slip in it.");
    assert!(browser.has("css", "dialog [name=token][aria-invalid=true]"));
    pages.must_be_clean(&[400, 404]);
}

#[test]
fn an_owner_who_is_found_after_the_sign_out_is_shown_to_nobody() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({ "tokenLabel": "of alice" }));
    let pages = pages(&site, "admin", PASSWORD);
    pages.open("/people?tab=tokens");
    pages.hold_answers("POST", "identify");
    identify(&pages, &token.secret);
    pages.held(1);
    pages.sign_out_in_another_tab("admin");
    pages.let_go();
    assert!(!pages.browser.text().contains("of alice"), "{}", pages.browser.text());
    pages.must_not_hold(&token.secret);
    pages.must_be_clean(&[]);
}

// --- passwords ---

#[test]
fn the_line_about_a_given_password_is_put_away_for_the_session() {
    let site = InProcess::start();
    site.add_user("bob");
    let pages = pages(&site, "bob", PASSWORD);
    let browser = &pages.browser;
    browser.arrive("/profile/password");
    browser.see("Later: your present password keeps working, and you are asked again at the next sign-in.");
    browser.click("Later");
    browser.see("Set your own");
    let height = "return document.querySelector('main .banner.slim').getBoundingClientRect().height";
    assert!(browser.run(height, json!([])).as_f64().expect("a height") <= 48.0, "one slim line");
    browser.click("Later");
    browser.see_no_more("An administrator set your password.");
    browser.follow("Repositories");
    browser.see("New repository");
    browser.reload();
    pages.drawn();
    assert!(!browser.text().contains("An administrator set your password."));
    pages.sign_out("bob");
    pages.try_sign_in("bob", PASSWORD);
    browser.arrive("/profile/password");
    browser.click("Later");
    browser.see("Set your own");
    pages.must_be_clean(&[]);
}

#[test]
fn who_forgot_the_password_and_who_has_a_temporary_one_read_what_follows() {
    let site = InProcess::start();
    site.add_user("bob");
    let body = json!({ "temporaryPassword": true, "tokenLabel": "temporary password" });
    let made = site.as_local().post(&format!("{TOKENS}?username=bob"), &body).must_be(200);
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.open("/sign-in");
    pages.browser.see("Forgot your password? An administrator can give you a temporary one.");
    pages.try_sign_in("bob", &made.text("/token"));
    pages.browser.see("You signed in with a temporary password. Set one that only you know.");
    pages.browser.see("Later: the temporary password keeps working until it expires.");
    pages.must_be_clean(&[]);
}

#[test]
fn a_new_service_account_leads_to_its_first_access_token() {
    let site = InProcess::start();
    let pages = pages(&site, "admin", PASSWORD);
    let browser = &pages.browser;
    pages.open("/people");
    browser.click("New user");
    browser.fill("User name", "builder");
    browser.choose("None: a service account");
    send(&pages);
    browser.arrive("/people/builder/access-tokens/new");
    browser.see("builder created");
    pages.must_be_clean(&[]);
}

// --- the look ---

#[test]
fn pages_of_administrators_are_sound_on_a_server_in_use() {
    let site = filled();
    let pages = pages_as(&site, "admin");
    soon("the line", || pages.browser.has("css", LINE).then_some(()));
    let mut faults = pages.look_at("filled-first-page");
    for (name, path) in [
        ("filled-people", "/people".to_owned()),
        ("filled-people-tokens", "/people?tab=tokens&show=ending&sort=ends".to_owned()),
        ("filled-person", format!("/people/{PERSON}")),
        ("filled-leaver", format!("/people/{PERSON}/leave")),
        ("filled-settings", "/settings".to_owned()),
    ] {
        pages.open(&path);
        faults.extend(pages.look_at(name));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    pages.must_be_clean(&[]);
}
