//! Slow answers and work that fails in the middle: the page shows the last choice, reading blocks nothing, finished
//! work is reported, and long work can be stopped between two steps.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::{ENTER, ESCAPE, soon},
    site::members_path,
};

const TOKENS: &str = "/api/v0/api_tokens";
const TOKEN_LIST: &str = "/profile/access-tokens";

/// A server where alice is at home, and her pages.
fn with_alice() -> (InProcess, Pages) {
    let site = InProcess::start();
    site.add_person("alice");
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    (site, pages)
}

fn with_tokens(labels: &[&str]) -> (InProcess, Pages) {
    let (site, pages) = with_alice();
    labels.iter().for_each(|label| _ = site.add_token("alice", &json!({ "tokenLabel": label })));
    pages.browser.follow("Access tokens");
    pages.browser.arrive(TOKEN_LIST);
    (site, pages)
}

/// Selects all access tokens and begins to delete them.
fn delete_all(pages: &Pages) {
    pages.browser.click_css("input[aria-label='Select all of this page']");
    pages.browser.click("Delete");
    pages.browser.fill("Type delete to confirm", "delete");
    pages.browser.click("OK");
}

fn left(site: &InProcess) -> usize {
    site.as_user("alice").get(TOKENS).must_be(200).json().as_array().map_or(0, Vec::len)
}

fn listed(pages: &Pages, table: &str, count: usize) -> Vec<Vec<String>> {
    soon(&format!("{count} {table}"), || Some(pages.browser.rows(table)).filter(|rows| rows.len() == count))
}

#[test]
fn who_was_added_before_an_error_is_in_the_list() {
    let (site, pages) = with_alice();
    site.add_user("carol");
    site.add_organization("shop", &[("alice", true)]);
    pages.open("/organizations/shop");
    listed(&pages, "members", 1);
    pages.browser.click("Add members");
    pages.browser.fill("Users", &format!("carol{ENTER}nosuchuser{ENTER}"));
    pages.browser.click("Add");
    pages.browser.see("nosuchuser: ");
    pages.browser.click("Cancel");
    pages.browser.see("carol added");
    let rows = listed(&pages, "members", 2);
    assert!(rows.iter().flatten().any(|cell| cell.starts_with("carol")), "{rows:?}");
    site.as_user("alice").get(&format!("{}/carol", members_path("shop"))).must_be(200);
    pages.must_be_clean(&[404]);
}

#[test]
fn access_tokens_that_were_deleted_before_an_error_are_not_listed() {
    let (site, pages) = with_tokens(&["one", "two", "three"]);
    let second_fails = "const real = window.fetch; let count = 0; window.asked = []; \
        window.fetch = (address, given) => { \
          if (given?.method !== 'DELETE') return real(address, given); \
          asked.push(String(address)); \
          return (count += 1) === 2 ? Promise.reject(new TypeError('broken')) : real(address, given); };";
    pages.browser.run(second_fails, json!([]));
    delete_all(&pages);
    pages.browser.see(": The server cannot be reached.");
    pages.browser.click("Cancel");
    pages.browser.see("1 of 3 access tokens deleted");
    listed(&pages, "access tokens", 2);
    assert_eq!(left(&site), 2);
    delete_all(&pages);
    pages.browser.see("2 access tokens deleted");
    assert_eq!(left(&site), 0);
    let asked = pages.browser.run("return asked.length", json!([]));
    assert_eq!(asked, 4, "what is deleted already is not asked for again");
    pages.must_be_clean(&[]);
}

#[test]
fn deleting_many_access_tokens_is_stopped_between_two_of_them() {
    let (site, pages) = with_tokens(&["one", "two", "three", "four"]);
    let ways: [&dyn Fn(); 3] =
        [&|| pages.browser.click("Stop"), &|| pages.browser.press(ESCAPE), &|| pages.browser.click("Cancel")];
    for (done, stop) in ways.iter().enumerate() {
        pages.hold_answers("DELETE", TOKENS);
        let all = 4 - done;
        delete_all(&pages);
        pages.held(1);
        if all > 1 {
            let bar = pages.browser.run("const bar = document.querySelector('dialog progress'); return [bar.checkVisibility(), bar.value, bar.max]", json!([]));
            assert_eq!(bar, json!([true, 0, all]));
        }
        stop();
        pages.browser.see("Stopping after this one.");
        pages.let_go();
        pages.browser.see(&format!("1 of {all} access tokens deleted"));
        assert!(!pages.browser.has("css", "dialog"), "it is closed");
        listed(&pages, "access tokens", all - 1);
        assert_eq!(left(&site), all - 1);
    }
    pages.must_be_clean(&[]);
}

#[test]
fn who_leaves_the_page_stops_the_deletion() {
    let (site, pages) = with_tokens(&["one", "two", "three"]);
    pages.hold_answers("DELETE", TOKENS);
    delete_all(&pages);
    pages.held(1);
    // By a link, which leads straight to the question.
    pages.browser.run("document.querySelector('nav a[href=\"/repositories\"]').click()", json!([]));
    pages.browser.see("What you sent has no answer yet.");
    pages.browser.click("Leave");
    pages.browser.arrive("/repositories");
    pages.let_go();
    assert_eq!(left(&site), 2);
    pages.must_be_clean(&[]);
}

// --- configuration ---

const ZOT: &str = "zot takes a single key.";
const NGINX: &str = "Come back here for the proxy's configuration.";

fn with_configuration() -> (InProcess, Pages) {
    let site = InProcess::start();
    let pages = site.pages();
    pages.sign_in("admin", PASSWORD);
    pages.open("/registry?tab=configuration");
    pages.browser.see("Show");
    (site, pages)
}

#[test]
fn the_configuration_is_that_of_the_last_choice() {
    let (_site, pages) = with_configuration();
    pages.hold_answers("GET", "for=zot");
    pages.browser.pick("Registry or proxy", "zot");
    pages.held(1);
    pages.browser.pick("Registry or proxy", "nginx");
    pages.browser.see(NGINX);
    pages.let_go();
    let text = pages.browser.text();
    assert!(text.contains(NGINX) && !text.contains(ZOT), "{text}");
    assert!(pages.browser.url().contains("for=nginx"), "{}", pages.browser.url());
    pages.must_be_clean(&[409]);
}

#[test]
fn who_only_reads_leaves_unasked() {
    let (_site, pages) = with_configuration();
    for (slow, choose) in [("for=zot", "zot"), ("object=alice", "alice")] {
        pages.hold_answers("GET", slow);
        if choose == "zot" {
            pages.browser.pick("Registry or proxy", choose);
        } else {
            pages.browser.fill("Object", &format!("{choose}{ENTER}"));
        }
        pages.held(1);
        pages.browser.follow("Audit");
        soon("there is another page", || pages.browser.has("css", "main details.filter").then_some(()));
        assert!(!pages.browser.has("css", "dialog"), "nothing was sent");
        pages.let_go();
    }
    pages.must_be_clean(&[409]);
}

#[test]
fn a_configuration_that_cannot_be_read_leaves_none_of_another_kind() {
    let (_site, pages) = with_configuration();
    pages.browser.see("Restart the registry.");
    let fails = "window.fetch = () => Promise.reject(new TypeError('broken'))";
    pages.browser.run(fails, json!([]));
    pages.browser.pick("Registry or proxy", "zot");
    pages.browser.see("The server cannot be reached.");
    assert!(!pages.browser.text().contains("Restart the registry."));
    let pressed: Value =
        pages.browser.run("return document.querySelector('form [type=submit]').ariaDisabled", json!([]));
    assert_ne!(pressed, "true", "it can be tried again");
    pages.must_be_clean(&[]);
}
