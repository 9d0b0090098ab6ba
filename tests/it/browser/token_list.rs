//! The list of access tokens: one's own and another's, when they end, what is searched, the dates of a clean-up.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::soon};

const TOKENS: &str = "/api/v0/api_tokens";

/// A zone without summer time, nine hours before that of the server.
const ZONE: &str = "Asia/Tokyo";

fn make(site: &Website, user: &str, label: &str, expires: &str) {
    let body = json!({ "tokenLabel": label, "expiresAt": expires });
    site.api(user).post(TOKENS, &body).must_be(200);
}

/// What the list says of a token's state, and whether it is an alarm.
fn state(site: &Website, label: &str) -> (String, bool) {
    let script = "const row = [...document.querySelectorAll('tbody tr')].find((it) => it.querySelector('.name a')?.textContent === arguments[0]); \
        const badge = row?.querySelector('.badge'); return badge && [badge.textContent, badge.classList.contains('bad')]";
    let found = soon(&format!("{label} is listed"), || {
        let found = site.browser.run(script, json!([label]));
        found.is_array().then_some(found)
    });
    (found[0].as_str().expect("a text").to_owned(), found[1] == json!(true))
}

#[test]
fn what_is_said_of_the_end_is_the_time_that_is_left_in_every_zone() {
    let site = Website::start_as("alice");
    for (label, expires) in [
        ("afternoon", "2027-03-10T16:06:30+09:00"),
        ("breakfast", "2027-03-11T07:00:30+09:00"),
        ("evening", "2027-03-11T22:30:00+09:00"),
        ("midnight", "2027-03-12T00:30:00+09:00"),
        ("later", "2027-03-23T12:00:00+09:00"),
    ] {
        make(&site, "alice", label, expires);
    }
    let must_say = |label: &str, word: &str| assert_eq!(state(&site, label).0, word, "{label}");
    for zone in [ZONE, "America/Sao_Paulo"] {
        site.set_clock("2027-03-10T03:06:00+09:00", zone);
        site.open("/profile/access-tokens");
        must_say("afternoon", "expires in 13 hours");
        must_say("breakfast", "expires in 1 day");
        must_say("midnight", "expires in 2 days");
        must_say("later", "expires in 13 days");
    }
    site.set_clock("2027-03-10T21:00:00+09:00", ZONE);
    site.open("/profile/access-tokens");
    must_say("breakfast", "expires in 10 hours");
    must_say("evening", "expires in 1 day");
    must_say("midnight", "expires in 1 day");
    let told = "const done = arguments[0]; import(new URL('lib/time.js', document.querySelector('script[src]').src)).then(({ when }) => \
        done(['2027-03-12T02:00+09:00', '2027-03-11T21:30+09:00', '2027-03-09T00:30+09:00', '2027-03-08T23:30+09:00', '2027-03-18T21:00+09:00'] \
        .map((iso) => when(iso).textContent)))";
    let told = site.browser.run_async(told, json!([]));
    assert_eq!(told, json!(["in 1 day", "in 1 day", "2 days ago", "2 days ago", "in 8 days"]));
    site.must_be_clean(&[]);
}

#[test]
fn an_end_is_an_alarm_only_when_most_of_a_life_is_over() {
    let site = Website::start_as("admin");
    let script = "return new Date(Date.now() + arguments[0] * 3600000).toISOString().replace(/\\.\\d+Z/, 'Z')";
    let hours = |count: i64| site.browser.run(script, json!([count])).as_str().expect("a time").to_owned();
    let (soon, day) = (hours(20), hours(24));
    make(&site, "admin", "one day", &day);
    let body = json!({ "temporaryPassword": true, "tokenLabel": "temporary" });
    site.api("admin").post(&format!("{TOKENS}?username=alice"), &body).must_be(200);
    site.open("/profile/access-tokens");
    assert!(!state(&site, "one day").1, "it is as it was made");
    site.set_clock(&soon, ZONE);
    site.open("/profile/access-tokens");
    assert_eq!(state(&site, "one day"), ("expires in 4 hours".to_owned(), true));
    site.open("/people/alice?tab=tokens");
    let (word, is_alarm) = state(&site, "temporary");
    assert!(word.starts_with("expires in 4 hours") && !is_alarm, "{word}: it is made to end");
    site.must_be_clean(&[]);
}

fn area(site: &Website) -> Value {
    site.browser.run("return document.querySelector('#nav [aria-current]')?.textContent", json!([]))
}

#[test]
fn another_ones_access_tokens_stand_on_that_persons_page() {
    let site = Website::start();
    make(&site, "alice", "laptop", "2099-01-01T00:00:00Z");
    let list = site.api("alice").get(TOKENS).must_be(200);
    let hash = list.text("/0/hashedToken");
    site.sign_in("admin", PASSWORD);
    site.open("/profile/access-tokens?username=alice");
    site.browser.arrive("/people/alice?tab=tokens");
    site.browser.see("1 Jan 2099");
    assert!(site.browser.has("button", "Clean up") && site.browser.has("button", "Revoke all"));
    site.browser.follow("View details of laptop");
    site.browser.arrive(&format!("/people/alice/access-tokens/{hash}"));
    site.browser.see("Replace or remove");
    assert_eq!(area(&site), "People");
    // The details of another's, by the address of one's own.
    site.open(&format!("/profile/access-tokens/{hash}"));
    site.browser.arrive(&format!("/people/alice/access-tokens/{hash}"));
    site.browser.see("Replace or remove");
    site.browser.click("Rotate");
    site.browser.click_css("dialog .button.primary");
    site.browser.see("New secret for");
    site.browser.arrive("/people/alice/access-tokens/");
    site.browser.click("Done");
    site.browser.arrive("/people/alice?tab=tokens");
    site.browser.follow("New access token");
    site.browser.arrive("/people/alice/access-tokens/new");
    site.browser.see("It will belong to alice");
    assert_eq!(area(&site), "People");
    site.browser.fill("Description", "made by admin");
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.click("Done");
    site.browser.arrive("/people/alice?tab=tokens");
    site.browser.follow("View details of made by admin");
    site.browser.see("Replace or remove");
    site.browser.click_css("main .crumbs a:nth-child(3)");
    site.browser.arrive("/people/alice?tab=tokens");
    site.browser.see("2 access tokens");
    let own = site.api("admin").get("/api/v0/api_tokens?username=admin").must_be(200).json();
    assert_eq!(own, json!([]), "none was made for the administrator");
    site.must_be_clean(&[]);
}

#[test]
fn only_what_one_sees_is_searched() {
    let site = Website::start();
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
    let chrome = site.api("alice").header("User-Agent", agent);
    chrome.post(TOKENS, &json!({ "tokenLabel": "laptop" })).must_be(200);
    site.sign_in("alice", PASSWORD);
    site.browser.see("never");
    for (text, told) in [("chrome", "Nothing matches"), ("lapt", "1 access token"), ("webkit", "Nothing matches")] {
        site.browser.fill("Search access tokens", text);
        site.browser.see(told);
    }
    site.must_be_clean(&[]);
}

/// The bounds of clean-ups that the browser sent since the log was read last.
fn bounds(site: &Website) -> Vec<String> {
    let messages = site.traffic();
    let urls = messages.iter().filter_map(|it| it["params"]["request"]["url"].as_str());
    urls.filter_map(|url| Some(url.split_once("usedbefore=")?.1.split('&').next()?.to_owned())).collect()
}

#[test]
fn the_days_of_a_clean_up_are_those_of_the_person() {
    let site = Website::start_as("alice");
    // There it is the next day already.
    site.set_clock("2027-03-10T03:06:00", ZONE);
    // Without any there is no button.
    make(&site, "alice", "gone", "2099-01-01T00:00:00Z");
    site.open("/profile/access-tokens");
    site.browser.see("1 access token");
    let listed = site.api("alice").get(TOKENS).must_be(200);
    site.api("alice").delete(&format!("{TOKENS}/{}", listed.text("/0/hashedToken"))).must_be(200);
    bounds(&site);
    site.browser.click("Clean up");
    site.browser.see("No access token would be deleted.");
    assert_eq!(site.browser.value("Not used since"), "2026-12-10");
    let latest = site.browser.run("return document.querySelector('dialog input[type=date]').max", json!([]));
    assert_eq!(latest, "2027-03-10");
    assert_eq!(bounds(&site), ["2026-12-09T15%3A00%3A00Z"], "midnight where the person is");
    make(&site, "alice", "old", "2099-01-01T00:00:00Z");
    site.browser.pick("Not used since", "2027-03-02");
    site.browser.see("1 access token would be deleted:");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("1 access token deleted");
    assert_eq!(bounds(&site), ["2027-03-01T15%3A00%3A00Z"; 2], "what is deleted is what was shown");
    site.must_be_clean(&[]);
}
