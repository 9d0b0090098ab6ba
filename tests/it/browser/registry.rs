//! The page of the registry: a comparison that is begun, watched and stopped there, certificates and their ends, and
//! settings that are in force once they are saved.

use serde_json::{Value, json};

use crate::support::{
    Clients, Image, InProcess, Pages, Pair, Setup, Website,
    exe::PASSWORD,
    mock::Mock,
    person::soon,
    site::{DAY, MINUTE},
};

/// What a list of terms and values says of a term.
fn fact(pages: &Pages, term: &str) -> Option<String> {
    let script = "const term = [...document.querySelectorAll('dt')].find((it) => it.textContent === arguments[0]); \
        return term?.nextElementSibling.innerText.trim() ?? null";
    pages.browser.run(script, json!([term])).as_str().map(str::to_owned)
}

/// Waits until a term has this value.
fn tells(pages: &Pages, term: &str, value: &str) {
    soon(&format!("{term} is {value}"), || fact(pages, term).filter(|found| found.starts_with(value)));
}

// --- comparison ---

/// A registry that holds what dockpass was not told of, and an administrator before its page.
fn with_unheard_of() -> (Pair, Pages) {
    let pair = Pair::with_users(&["alice"]);
    let open = pair.open_registry();
    for name in ["alice/app:1", "alice/lib:1", "old:1"] {
        Clients::new().push(&Image::holding(name), &open.at(name)).must_succeed();
    }
    let pages = pair.pages();
    pages.sign_in("admin", &pair.dockpass().admin_password());
    pages.open("/registry");
    tells(&pages, "Registry's address", &pair.url());
    tells(&pages, "State", "done");
    (pair, pages)
}

#[test]
fn a_comparison_begins_on_the_page_shows_its_progress_and_its_end() {
    let (pair, pages) = with_unheard_of();
    let browser = &pages.browser;
    assert!(pair.dockpass().repository_names().is_empty());
    pair.registry().hold();
    browser.click("Compare now");
    tells(&pages, "State", "running");
    browser.see("0 repositories compared");
    assert!(browser.has("css", "main progress") && browser.has("button", "Stop"));
    // One may leave the page meanwhile.
    browser.follow("Audit");
    browser.see("End of the log");
    browser.follow("Registry");
    tells(&pages, "State", "running");
    pair.registry().go_on();
    tells(&pages, "State", "done");
    assert_eq!(fact(&pages, "New here").as_deref(), Some("3"));
    let told = pair.comparison();
    assert_eq!([&told["state"], &told["adopted"]], [&json!("done"), &json!(3)], "{told}");
    assert_eq!(fact(&pages, "Compared"), Some(told["compared"].to_string()));
    assert!(!browser.has("css", "main progress") && browser.has("button", "Compare now"));
    assert_eq!(pair.dockpass().repository_names(), ["alice/app", "alice/lib", "_/old"]);
    pages.must_be_clean(&[]);
}

#[test]
fn a_comparison_is_stopped_on_the_page() {
    let (pair, pages) = with_unheard_of();
    pair.registry().hold();
    pages.browser.click("Compare now");
    tells(&pages, "State", "running");
    pages.browser.click("Stop");
    pair.registry().go_on();
    tells(&pages, "State", "stopped");
    assert_eq!(pair.comparison()["state"], "stopped");
    assert!(pages.browser.has("button", "Compare now"));
    pages.must_be_clean(&[]);
}

#[test]
fn a_comparison_that_fails_says_why() {
    let (mut pair, pages) = with_unheard_of();
    pair.stop_registry();
    pages.browser.click("Compare now");
    tells(&pages, "State", "failed");
    let why = fact(&pages, "Why").expect("a reason");
    assert_eq!(json!(why), pair.comparison()["error"]);
    pair.start_registry();
    pages.browser.click("Compare now");
    tells(&pages, "State", "done");
    assert_eq!(fact(&pages, "Why"), None);
    pages.must_be_clean(&[]);
}

#[test]
fn the_way_to_nginx_names_the_address_that_the_server_listens_on() {
    let site = InProcess::start();
    let pages = site.pages();
    pages.sign_in("admin", PASSWORD);
    pages.open("/registry?tab=configuration&for=nginx");
    pages.browser.see(&format!("listen = \"{}\"", site.address()));
    pages.must_be_clean(&[409]);
}

// --- certificates ---

/// A day as the pages say it, from a time of the API.
fn day(time: &str) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    let parts: Vec<usize> = time[..10].split('-').map(|part| part.parse().expect("a number")).collect();
    let [year, month, day] = parts[..] else { panic!("no date: {time}") };
    format!("{day} {} {year}", MONTHS[month - 1])
}

#[test]
fn certificates_are_told_with_the_day_on_which_they_end() {
    let site = InProcess::start();
    let state = site.as_local().get("/api/v0/admin/registry").must_be(200).json();
    let expected = state["certificates"].as_array().expect("a list");
    assert_eq!(expected.len(), 2, "{state}");
    let pages = site.pages();
    let look = |time: &str| {
        pages.set_clock(time, "UTC");
        pages.open("/registry");
        soon("both certificates", || Some(pages.browser.rows("Certificates")).filter(|rows| rows.len() == 2))
    };
    pages.sign_in("admin", PASSWORD);
    for (row, certificate) in look(&site.in_time(0)).iter().zip(expected) {
        assert_eq!([&row[1], &row[2]], ["valid", &day(certificate["notAfter"].as_str().expect("a time"))], "{row:?}");
        let digits = row[3].replace(':', "").to_lowercase();
        assert_eq!(json!(digits), certificate["sha256"]);
    }
    assert!(!pages.browser.text().contains("should have renewed itself"));
    // To somebody who looks three days before the end of the one that signs, and the day after.
    let end = expected.iter().find(|it| it["role"] == "leaf").expect("one that signs")["notAfter"].clone();
    let end = dockpass::domain::time::Timestamp::parse(end.as_str().expect("a time")).expect("a time");
    for (seconds, state) in [(-3 * DAY, "expires in 3 days"), (DAY, "expired")] {
        let rows = look(&end.plus_seconds(seconds).to_string());
        let states: Vec<_> = rows.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(states, ["valid", state]);
        pages.browser.see("The signing certificate should have renewed itself");
    }
    pages.must_be_clean(&[]);
}

// --- settings ---

fn settings(site: &Website) -> Value {
    site.api("admin").get("/api/v0/meta/settings").must_be(200).json()
}

/// Whether alice, who pushes to a name for the first time, gets to push there.
fn creates_on_push(site: &Website, name: &str) -> bool {
    site.server.registry_token("alice", PASSWORD, &[&format!("repository:{name}:pull,push")]);
    site.server.repository_names().contains(&name.to_owned())
}

/// Saves the settings and waits until that is told.
fn save(site: &Website) {
    site.browser.click("Save");
    site.browser.see("Saved");
    site.browser.see_no_more("Saved");
}

#[test]
fn a_setting_is_in_force_once_it_is_saved() {
    let site = Website::start_as("admin");
    assert!(creates_on_push(&site, "alice/before"));
    site.open("/settings");
    site.browser.choose("Create repositories on push");
    assert!(creates_on_push(&site, "alice/not-saved-yet"));
    site.browser.fill("Access tokens per account, at most", "1");
    save(&site);
    assert!(!creates_on_push(&site, "alice/after"));
    let create = || site.api("alice").post("/api/v0/api_tokens", &json!({}));
    create().must_be(200);
    create().must_be_refused(409, "LIMIT_REACHED");
    site.browser.reload();
    assert_eq!(site.browser.value("Access tokens per account, at most"), "1");
    site.browser.choose("Create repositories on push");
    site.browser.fill("Access tokens per account, at most", "2");
    save(&site);
    assert!(creates_on_push(&site, "alice/again"));
    create().must_be(200);
    site.must_be_clean(&[]);
}

#[test]
fn lifetimes_of_access_tokens_are_set_and_hold() {
    let site = Website::start_as("admin");
    let before = settings(&site);
    site.open("/settings");
    let set = |label: &str, number: &str| {
        site.browser.pick(&format!("{label}: unit"), "86400");
        site.browser.fill(label, number);
    };
    set("Access tokens live at most", "30");
    set("Access tokens expire after", "31");
    site.browser.click("Save");
    site.browser.see("Must not be longer than access tokens may live.");
    assert_eq!(settings(&site), before, "nothing was saved");
    set("Access tokens expire after", "7");
    save(&site);
    let made = site.api("alice").post("/api/v0/api_tokens", &json!({})).must_be(200).json();
    let parse = |field: &str| dockpass::domain::time::Timestamp::parse(made[field].as_str().expect("a time"));
    let (made, end) = (parse("createdAt").expect("a time"), parse("expiresAt").expect("a time"));
    assert!((made.plus_seconds(7 * DAY - MINUTE)..=made.plus_seconds(7 * DAY + MINUTE)).contains(&end));
    site.api("alice").post("/api/v0/api_tokens", &json!({ "expiresAt": "2099-01-01T00:00:00Z" })).must_be(400);
    site.sign_out("admin");
    site.sign_in("alice", PASSWORD);
    site.open("/profile/access-tokens/new");
    assert_eq!(site.browser.options("Expires after"), ["7 days", "30 days", "On a date"], "never is forbidden");
    site.must_be_clean(&[]);
}

// --- the gateway ---

#[test]
fn what_is_wrong_behind_the_gateway_stands_on_the_first_page_and_on_that_of_the_registry() {
    let zot = Mock::mixing(|_| false);
    let dockpass = Setup::config(format!("[registry]\nupstream = \"{}\"\n", zot.url)).start();
    dockpass.must_log("dedupe");
    let pages = Pages::of(&dockpass.address);
    pages.sign_in("admin", &dockpass.admin_password());
    // Not the page on which a made-up password is to be replaced.
    pages.open("/");
    pages.browser.see("Registry mixes blobs of repositories");
    pages.browser.follow("Registry mixes blobs of repositories");
    pages.browser.see("About the registry: it gives the blobs of one repository to");
    tells(&pages, "Registry answers", "yes");
    tells(&pages, "Blobs kept apart", "no");
    tells(&pages, "Registry tokens live", "12 hours");
    tells(&pages, "Shown to it", "nothing");
    pages.must_be_clean(&[]);
}
