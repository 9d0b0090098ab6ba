//! All that a filter finds of everybody's access tokens, selected at once: what was counted is what is changed.

use serde_json::{Value, json};

use super::token_answers::shows;
use crate::support::{InProcess, Pages, filled::pages_as, person::soon};

const TOKENS: &str = "/api/v0/api_tokens";
const NEVER_USED: &str = "/people?tab=tokens&show=never-used";

/// Sixty access tokens of two users that nobody used, and one that is in use.
fn unused() -> InProcess {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_service(name));
    let used = site.add_token("alice", &json!({ "tokenLabel": "in use" }));
    site.with_token("alice", &used).get(TOKENS).must_be(200);
    for number in 0..60 {
        site.pass(1);
        let owner = if number % 2 == 0 { "alice" } else { "bob" };
        site.add_token(owner, &json!({ "tokenLabel": format!("token {number:02}") }));
    }
    site
}

/// An administrator's list of those that were never used, the first page of it selected.
fn with_a_page_selected() -> (InProcess, Pages) {
    let site = unused();
    let pages = pages_as(&site, "admin");
    pages.open(NEVER_USED);
    pages.browser.see("60 of 61 access tokens");
    pages.browser.click_css("thead .pick input");
    pages.browser.see("25 selected");
    (site, pages)
}

/// The descriptions of those that are active.
fn active(site: &InProcess) -> Vec<String> {
    let listed = site.as_local().get(&format!("{TOKENS}?everybody=true&state=active&pageSize=0")).must_be(200).json();
    let labels = listed.as_array().expect("a list").iter().map(|it| it["tokenLabel"].as_str().expect("a text"));
    labels.map(str::to_owned).collect()
}

#[test]
fn all_that_is_found_is_selected_over_all_pages_and_nothing_that_came_later() {
    let (site, pages) = with_a_page_selected();
    let browser = &pages.browser;
    browser.click("Select all 60");
    browser.see("60 selected, 35 of them on other pages");
    browser.click("Next");
    soon("the next page", || browser.url().contains("start=").then_some(()));
    browser.see("60 selected, 35 of them on other pages");
    assert!(!browser.has("button", "Select all 60"));
    site.pass(1);
    site.add_token("bob", &json!({ "tokenLabel": "later" }));
    browser.click("Deactivate");
    browser.see("Deactivate 60 access tokens?");
    browser.click("Deactivate");
    browser.see("60 access tokens deactivated");
    assert_eq!(active(&site), ["later", "in use"]);
    browser.see("61 of 62 access tokens");
    assert!(!browser.has("button", "Clear selection"), "nothing is selected any more");
    pages.must_be_clean(&[]);
}

#[test]
fn what_is_selected_elsewhere_is_so_no_longer_once_something_else_is_shown() {
    let (_site, pages) = with_a_page_selected();
    let browser = &pages.browser;
    browser.click("Select all 60");
    browser.see("60 selected");
    // One of them is taken out again.
    browser.click_css("tbody tr:first-child .pick input");
    browser.see("59 selected, 35 of them on other pages");
    browser.follow("61 access tokens");
    soon("all are shown", || (!browser.url().contains("show=")).then_some(()));
    browser.see("35 deselected because they are not shown");
    browser.see("24 selected");
    browser.click("Clear selection");
    browser.see_no_more("selected");
    // A late answer selects nothing that is not asked for any more.
    pages.open(NEVER_USED);
    browser.click_css("thead .pick input");
    browser.see("25 selected");
    pages.hold_answers("GET", "pageSize=1000");
    browser.click("Select all 60");
    pages.held(1);
    browser.click("Clear selection");
    pages.let_go();
    let newest: Vec<_> = (35..60).rev().map(|number| format!("token {number}")).collect();
    shows(&pages, &newest.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!browser.text().contains("selected"), "{}", browser.text());
    pages.must_be_clean(&[]);
}

#[test]
fn of_very_many_a_bounded_number_is_selected() {
    let site = unused();
    let pages = pages_as(&site, "admin");
    let browser = &pages.browser;
    // As a server says that has more than anybody would make in a test.
    let counted = "Promise.resolve(window.real(url, ...rest)).then(async (answer) => \
        new Response(JSON.stringify({ ...(await answer.json()), neverUsed: 5230 })))";
    pages.open("/people?tab=tokens");
    browser.run(
        &format!(
            "window.real = window.fetch; window.asked = []; window.fetch = (url, ...rest) => {{ \
             if (url.pathname === '{TOKENS}') window.asked.push(url.searchParams.get('pageSize')); \
             return url.pathname === '{TOKENS}/counts' ? {counted} : window.real(url, ...rest); }}"
        ),
        json!([]),
    );
    browser.follow("60 never used");
    browser.see("5,230 of 61 access tokens");
    browser.click_css("thead .pick input");
    browser.click("Select the first 1,000");
    browser.see("60 selected, 35 of them on other pages");
    let asked = browser.run("return window.asked", json!([]));
    assert_eq!(asked.as_array().and_then(|asked| asked.last()), Some(&Value::from("1000")), "{asked}");
    pages.must_be_clean(&[]);
}
