//! What an access token did and what it reaches, on its page; one's own sessions and what happened lately: for the owner,
//! for administrators, and for narrowed sessions, each as far as it concerns them.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess, Pages,
    exe::PASSWORD,
    issued::granted,
    person::{ENTER, soon},
    site::{HOUR, account_path, token_path},
};

const ACTIVITY: &str = "Recent activity";
const SESSIONS: &str = "/profile?tab=sessions";

/// An access token of alice with a story: made, used, refused on her repository, renamed by an administrator.
fn with_story() -> (InProcess, Pages, AccessToken) {
    let site = InProcess::start_with(&[("audit.registry_tokens", "true")]);
    site.add_person("alice");
    site.add_person("carol");
    ["alice/app", "carol/hidden", "carol/shared"].iter().for_each(|name| site.add_repository(name));
    site.grant("carol/shared", "alice", "read-write");
    let token = site.add_token("alice", &json!({ "tokenLabel": "ci", "accessLevel": "read-only" }));
    site.pass(HOUR);
    let with = site.with_token("alice", &token);
    granted(&with, &["alice/app:pull"]);
    granted(&with, &["alice/app:push"]);
    granted(&with, &["carol/hidden:pull"]);
    site.as_admin().patch(&token_path(&token), &json!({ "tokenLabel": "build" })).must_be(200);
    site.audit("");
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    (site, pages, token)
}

/// The first lines of the cells of a table, once it has as many rows.
fn table(pages: &Pages, name: &str, count: usize) -> Vec<Vec<String>> {
    soon(&format!("{name} has {count} rows, not {:?}", pages.browser.rows(name)), || {
        let rows = pages.browser.rows(name);
        (rows.len() == count).then_some(rows)
    })
}

/// What was done, with its outcome.
fn deeds(rows: &[Vec<String>]) -> Vec<(String, String)> {
    let first = |text: &String| text.lines().next().unwrap_or_default().to_owned();
    rows.iter().map(|row| (first(&row[0]), first(&row[3]))).collect()
}

fn deed(what: &str, outcome: &str) -> (String, String) {
    (what.to_owned(), outcome.to_owned())
}

#[test]
fn the_owner_sees_what_an_access_token_did_and_nothing_of_what_is_hidden() {
    let (_site, pages, token) = with_story();
    pages.sign_in("alice", PASSWORD);
    pages.open(&format!("/profile/access-tokens/{}", token.hash));
    let rows = soon("the activity is there", || {
        let rows = pages.browser.rows(ACTIVITY);
        (!rows.is_empty()).then_some(rows)
    });
    let told = deeds(&rows);
    for expected in [
        deed("Create an access token", "done"),
        deed("Change an access token", "done"),
        deed("Use the registry", "done"),
        deed("Use the registry", "refused"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {rows:#?}");
    }
    let text = format!("{rows:?}");
    assert!(!text.contains("hidden") && !text.contains("token."), "{text}");
    let refused = rows.iter().find(|row| row[3].starts_with("refused")).expect("a refusal");
    assert!(refused[0].contains("alice/app") && refused[2].contains("127.0.0.1"), "{refused:?}");
    assert!(refused[3].contains("The access token"), "{refused:?}");
    let by_admin = rows.iter().find(|row| row[0].starts_with("Change")).expect("the change");
    assert!(by_admin[2].contains("admin") && !by_admin[2].contains("127.0.0.1"), "{by_admin:?}");
    assert!(!pages.browser.has("link", "Audit log"), "the log is for administrators");
    pages.browser.click("Refused");
    let rows = table(&pages, ACTIVITY, 1);
    assert_eq!(deeds(&rows), [deed("Use the registry", "refused")]);
    pages.browser.reload();
    assert_eq!(deeds(&table(&pages, ACTIVITY, 1)), [deed("Use the registry", "refused")]);
    assert_eq!(pages.look_at("token-activity"), Vec::<String>::new());
    pages.must_be_clean(&[]);
}

#[test]
fn an_administrator_goes_from_the_access_token_to_the_audit_log_and_back() {
    let (_site, pages, token) = with_story();
    let browser = &pages.browser;
    pages.sign_in("admin", PASSWORD);
    pages.open(&format!("/people/alice/access-tokens/{}", token.hash));
    browser.see("Rotate");
    browser.follow("Audit log");
    browser.arrive(&format!("/audit?token={}", token.id));
    browser.see("token.create");
    assert_eq!(browser.value("Access token"), token.id);
    browser.click("Create an access token");
    browser.follow("ci");
    browser.arrive(&format!("/people/alice/access-tokens/{}", token.id));
    browser.see("build");
    browser.follow("Change an access token");
    browser.arrive(&format!("/audit?token={}&action=token.update", token.id));
    soon("that alone", || (browser.rows("Audit records").len() == 1).then_some(()));
    pages.open("/people/alice/access-tokens/01M8GCA60000000000000000AA");
    browser.see("This access token was deleted.");
    pages.must_be_clean(&[404]);
}

#[test]
fn an_access_token_tells_what_it_reaches_and_why() {
    let (site, pages, token) = with_story();
    let browser = &pages.browser;
    pages.sign_in("alice", PASSWORD);
    pages.open(&format!("/profile/access-tokens/{}", token.hash));
    let rows = table(&pages, "repositories", 2);
    assert_eq!(rows[0][0], "alice/app");
    assert_eq!(rows[0][1].replace('\n', " "), "Read-only by its limits");
    assert_eq!(rows[0][2], "Admin: owns the namespace");
    assert_eq!(rows[1][2], "Read-write: given here");
    browser.fill("Search repositories", "shared");
    assert_eq!(table(&pages, "repositories", 1)[0][0], "carol/shared");
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    pages.sign_out_by_loss();
    pages.sign_in("admin", PASSWORD);
    pages.open(&format!("/people/alice/access-tokens/{}", token.hash));
    browser.see("None of it works at present:");
    pages.must_be_clean(&[401]);
}

impl Pages {
    /// The next page finds the session ended.
    fn sign_out_by_loss(&self) {
        self.browser.cdp("Network.clearBrowserCookies", json!({}));
    }
}

#[test]
fn what_fails_is_said_in_its_place_and_comes_with_another_try() {
    let (_site, pages, _) = with_story();
    pages.sign_in("alice", PASSWORD);
    let script = "window.real = window.fetch; window.fetch = (url, ...rest) => \
        /\\/(activity|access)\\b/.test(url.pathname) ? Promise.reject(new TypeError('broken')) : window.real(url, ...rest)";
    pages.browser.run(script, json!([]));
    pages.browser.follow("build");
    pages.browser.see("Replace or remove");
    soon("both parts say so", || {
        let told = pages.browser.run(
            "return [...document.querySelectorAll('main [role=alert]')].filter((it) => it.textContent.includes('cannot be reached')).length",
            json!([]),
        );
        (told == json!(2)).then_some(())
    });
    assert_eq!(pages.browser.value("Description"), "build", "the rest of the page is there");
    pages.browser.run("window.fetch = window.real", json!([]));
    for _ in 0..2 {
        pages.browser.click("Try again");
    }
    soon("both are there", || {
        let is_there = |name| !pages.browser.rows(name).is_empty();
        (is_there(ACTIVITY) && is_there("repositories")).then_some(())
    });
    pages.must_be_clean(&[]);
}

#[test]
fn the_activity_is_that_of_the_last_choice_and_of_this_page() {
    let (_site, pages, token) = with_story();
    let browser = &pages.browser;
    pages.sign_in("alice", PASSWORD);
    pages.open(&format!("/profile/access-tokens/{}", token.hash));
    soon("the activity is there", || (!browser.rows(ACTIVITY).is_empty()).then_some(()));
    pages.hold_answers("GET", "outcome=denied");
    browser.click("Refused");
    pages.held(1);
    assert!(browser.rows(ACTIVITY).is_empty(), "nothing of everything stands under the new choice");
    browser.click("Everything");
    soon("everything is back", || (browser.rows(ACTIVITY).len() > 2).then_some(()));
    let before = browser.rows(ACTIVITY);
    pages.let_go();
    assert_eq!(browser.rows(ACTIVITY), before, "a late answer is not shown");
    pages.hold_answers("GET", "/activity");
    browser.click("Refused");
    pages.held(1);
    browser.follow("Repositories");
    browser.arrive("/repositories");
    // The page before names the repositories, too.
    browser.see("Last push");
    let before = browser.text();
    pages.let_go();
    assert_eq!(browser.text(), before, "a late answer changes no other page");
    pages.must_be_clean(&[]);
}

#[test]
fn a_long_story_comes_twenty_lines_at_a_time() {
    let site = InProcess::start();
    site.add_person("alice");
    for number in 0..45 {
        site.add_token("alice", &json!({ "tokenLabel": format!("t{number}") }));
    }
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open(SESSIONS);
    table(&pages, ACTIVITY, 20);
    pages.browser.click("More");
    table(&pages, ACTIVITY, 40);
    let focused = pages.browser.run("return document.activeElement.matches('tbody tr:nth-child(21)')", json!([]));
    assert_eq!(focused, json!(true), "the keyboard goes on where the new ones begin");
    pages.browser.click("More");
    pages.browser.see_no_more("More");
    assert!(pages.browser.rows(ACTIVITY).len() > 45);
    pages.must_be_clean(&[]);
}

/// Opens a session as another browser does.
fn open_session(site: &InProcess, user: &str, agent: &str) {
    let body = json!({ "username": user, "password": PASSWORD });
    site.as_nobody().header("User-Agent", agent).post("/api/v0/session", &body).must_be(200);
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";

fn sessions(site: &InProcess, user: &str) -> Vec<Value> {
    let listed = site.as_local().get(&format!("/api/v0/accounts/{user}/sessions")).must_be(200).json();
    listed.as_array().expect("a list").clone()
}

#[test]
fn one_sees_ones_sessions_and_ends_one_or_all() {
    let site = InProcess::start();
    site.add_person("alice");
    let pages = site.pages();
    let browser = &pages.browser;
    [FIREFOX, SAFARI].iter().for_each(|agent| open_session(&site, "alice", agent));
    pages.sign_in("alice", PASSWORD);
    pages.open("/profile");
    browser.follow("Sessions and activity");
    let rows = table(&pages, "Sessions", 3);
    let names: Vec<_> = rows.iter().map(|row| row[0].lines().next().unwrap_or_default()).collect();
    assert!(names.contains(&"Firefox on Linux") && names.contains(&"Safari on iPhone"), "{names:?}");
    assert_eq!(names.iter().filter(|it| it.contains("this one")).count(), 1, "{names:?}");
    assert!(rows.iter().all(|row| row[0].contains("with the password") && row[1].contains("127.0.0.1")), "{rows:?}");
    assert_eq!(pages.look_at("sessions"), Vec::<String>::new());
    browser.click("End the session in Firefox on Linux");
    browser.see("End this session?");
    browser.click("End");
    table(&pages, "Sessions", 2);
    assert_eq!(sessions(&site, "alice").len(), 2);
    open_session(&site, "alice", FIREFOX);
    browser.click("Sign out everywhere");
    browser.see("All other sessions end at once.");
    browser.click("Cancel");
    assert_eq!(sessions(&site, "alice").len(), 3, "nothing happened");
    browser.click("Sign out everywhere");
    browser.click("Sign out");
    browser.see("2 sessions ended");
    table(&pages, "Sessions", 1);
    assert_eq!(sessions(&site, "alice").len(), 1, "this one stays");
    open_session(&site, "alice", FIREFOX);
    browser.reload();
    browser.click("Sign out everywhere");
    browser.choose("Sign out here, too");
    browser.click("Sign out");
    browser.arrive("/sign-in");
    assert_eq!(sessions(&site, "alice").len(), 0);
    pages.must_be_clean(&[]);
}

#[test]
fn sign_ins_are_told_alone_and_with_those_that_were_refused() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_token("alice", &json!({ "tokenLabel": "ci" }));
    site.with("alice", "guessed").get("/api/v0/api_tokens").must_be(401);
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    site.audit("");
    pages.open(SESSIONS);
    pages.browser.see("Create an access token");
    pages.browser.click("Sign-ins");
    pages.browser.see_no_more("Create an access token");
    let rows = soon("there are sign-ins", || {
        let rows = pages.browser.rows(ACTIVITY);
        (!rows.is_empty()).then_some(rows)
    });
    assert!(rows.iter().all(|row| row[0].starts_with("Sign in")), "{rows:?}");
    let refused = rows.iter().find(|row| row[3].starts_with("refused")).expect("the wrong password");
    assert!(refused[2].contains("127.0.0.1"), "{refused:?}");
    pages.must_be_clean(&[]);
}

#[test]
fn a_narrowed_session_is_led_to_no_page_that_says_no() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository("alice/app");
    site.add_token("alice", &json!({ "tokenLabel": "other" }));
    let token = site.add_token("alice", &json!({ "tokenLabel": "narrow", "repositories": ["alice/app"] }));
    site.audit("");
    let pages = site.pages();
    let browser = &pages.browser;
    pages.open("/sign-in");
    pages.try_sign_in("alice", &token.secret);
    browser.arrive("/repositories");
    pages.open("/profile");
    assert!(!browser.has("link", "Access tokens"), "{}", browser.text());
    browser.follow("Activity");
    browser.arrive(SESSIONS);
    let rows = soon("its own story is told", || {
        let rows = browser.rows(ACTIVITY);
        (!rows.is_empty()).then_some(rows)
    });
    let made = rows.iter().filter(|row| row[0].starts_with("Create an access token")).count();
    assert_eq!(made, 1, "its own making, and nothing of the other: {rows:?}");
    assert!(!browser.has("css", "table[aria-label=Sessions]") && !browser.has("button", "Sign out everywhere"));
    assert!(!browser.text().contains("other"), "{}", browser.text());
    pages.must_be_clean(&[]);
}

#[test]
fn a_sign_in_from_a_new_address_is_told_with_what_to_do() {
    let site = InProcess::start_with(&[
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
        ("server.public_url", "http://localhost:8700"),
    ]);
    site.add_person("alice");
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open(SESSIONS);
    pages.browser.see("Recent activity");
    assert!(!pages.browser.text().contains("new address"), "{}", pages.browser.text());
    site.pass(HOUR);
    let body = json!({ "username": "alice", "password": PASSWORD });
    let elsewhere = site.as_nobody().from_address("198.51.100.9").header("Sec-Fetch-Site", "same-origin");
    elsewhere.post("/api/v0/session", &body).must_be(200);
    pages.open(SESSIONS);
    pages.browser.see("Your password was used from a new address:");
    assert!(pages.browser.text().contains("198.51.100.9"), "{}", pages.browser.text());
    pages.browser.follow("change your password");
    pages.browser.arrive("/profile/password");
    pages.must_be_clean(&[]);
}

#[test]
fn an_administrator_sees_the_sessions_and_the_reasons_of_another() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository("admin/app");
    open_session(&site, "alice", FIREFOX);
    let pages = site.pages();
    let browser = &pages.browser;
    pages.sign_in("admin", PASSWORD);
    pages.open("/people/alice");
    browser.follow("Sessions and activity");
    table(&pages, "Sessions", 1);
    browser.see("Set a password");
    assert!(browser.has("link", "Audit log"));
    browser.click("Sign out everywhere");
    browser.see("Sign alice out everywhere?");
    browser.click("Sign out");
    browser.see("alice is signed in nowhere.");
    assert_eq!(sessions(&site, "alice").len(), 0);
    assert_eq!(sessions(&site, "admin").len(), 1, "nobody else");
    browser.follow("Why can’t I?");
    browser.fill("Repository", &format!("admin/app{ENTER}"));
    browser.see("No: alice may not push to admin/app.");
    assert!(browser.url().contains("may=push&on=admin%2Fapp"), "{}", browser.url());
    browser.reload();
    browser.see("alice owns nothing there and was given no access.");
    browser.follow("Give access");
    browser.arrive("/repositories/admin/app?tab=access");
    pages.must_be_clean(&[]);
}
