//! One session in several tabs, its end while somebody is at work, and coming back by history, reload and bookmark.

use serde_json::json;

use crate::support::{Website, exe::PASSWORD, person::soon};

#[test]
fn signing_out_in_one_tab_ends_the_other() {
    let site = Website::start_as("alice");
    site.sign_out_in_another_tab("alice");
    site.browser.see("Sign in to dockpass");
    assert!(!site.browser.source().contains("alice"), "nothing of hers is left");
    site.browser.back();
    site.browser.arrive("/sign-in");
    site.must_be_clean(&[401]);
}

#[test]
fn another_person_in_one_tab_is_another_person_in_the_other() {
    let site = Website::start_as("alice");
    let first = site.browser.tab();
    let second = site.browser.new_tab();
    site.browser.switch(&second);
    site.open("/profile");
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    site.browser.switch(&first);
    site.browser.arrive("/");
    site.browser.reload();
    site.browser.see("admin");
    site.browser.see_no_more("alice");
    site.must_be_clean(&[401]);
}

#[test]
fn what_was_typed_in_a_dialog_outlives_the_session() {
    let site = Website::start_as("alice");
    site.open("/repositories");
    site.browser.click("New repository");
    site.browser.fill("Name", "shop");
    site.end_sessions("alice");
    site.browser.click("Create");
    site.browser.see("Your session ended");
    site.browser.fill("Password or access token", "wrong-one");
    site.browser.click("Sign in");
    site.browser.see("Wrong user name, password or access token.");
    site.browser.fill("Password or access token", PASSWORD);
    site.browser.click("Sign in");
    site.browser.arrive("/repositories/alice/shop");
    site.browser.see("Repository created");
    assert_eq!(site.server.repository_names(), ["alice/shop"]);
    site.must_be_clean(&[401]);
}

#[test]
fn who_leaves_instead_is_signed_out_and_comes_back_to_the_same_page() {
    let site = Website::start_as("alice");
    site.open("/repositories");
    site.browser.click("New repository");
    site.browser.fill("Name", "shop");
    site.end_sessions("alice");
    site.browser.click("Create");
    site.browser.see("Your session ended");
    site.browser.click("Leave");
    site.browser.arrive("/sign-in?next=%2Frepositories");
    site.browser.see("Your session ended. Sign in again to continue where you were.");
    assert_eq!(site.browser.value("User name"), "alice");
    site.browser.fill("Password or access token", PASSWORD);
    site.browser.click("Sign in");
    site.browser.arrive("/repositories");
    assert!(site.server.repository_names().is_empty());
    site.must_be_clean(&[401]);
}

#[test]
fn reading_on_after_the_end_leads_to_the_sign_in_page() {
    let site = Website::start_as("alice");
    site.end_sessions("alice");
    site.browser.follow("Repositories");
    site.browser.arrive("/sign-in?next=%2Frepositories");
    site.try_sign_in("alice", PASSWORD);
    site.browser.arrive("/repositories");
    site.browser.see("Repositories");
    site.must_be_clean(&[401]);
}

#[test]
fn an_export_after_the_end_leads_to_the_sign_in_page() {
    let site = Website::start_as("admin");
    site.open("/audit");
    // It ends between two requests: the second one, which is for no JSON, waits here.
    let script = "const send = window.fetch; window.fetch = async (url, options) => { \
        if (options.headers.Accept === 'application/x-ndjson') await new Promise((goOn) => (window.goOn = goOn)); \
        return send(url, options); }";
    site.browser.run(script, json!([]));
    site.browser.click("Export");
    let waits = || site.browser.run("return typeof window.goOn", json!([])) == "function";
    soon("it asks for the first page", || waits().then_some(()));
    site.end_sessions("admin");
    site.browser.run("window.goOn()", json!([]));
    site.browser.arrive("/sign-in?next=%2Faudit");
    site.browser.see("Your session ended. Sign in again to continue where you were.");
    site.try_sign_in("admin", PASSWORD);
    site.browser.arrive("/audit");
    site.browser.see("session.open");
    site.browser.reload();
    site.browser.click("Export");
    site.browser.see("exported");
    site.must_be_clean(&[401]);
}

#[test]
fn a_bookmark_opens_after_the_sign_in_and_back_and_reload_keep_the_page() {
    let site = Website::start();
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "tools/lint" })).must_be(201);
    site.browser.open(&site.address("/repositories/alice/tools%2Flint?tab=settings"));
    site.browser.arrive("/sign-in?next=");
    site.try_sign_in("alice", PASSWORD);
    site.browser.see("Delete repository");
    site.browser.reload();
    site.browser.see("Delete repository");
    site.browser.follow("Tags");
    site.browser.see("How to push");
    site.browser.follow("Organizations");
    site.browser.see("You do not belong to an organization yet.");
    site.browser.back();
    site.browser.see("How to push");
    site.browser.back();
    site.browser.see("Delete repository");
    site.must_be_clean(&[401]);
}

#[test]
fn a_sign_in_leads_to_no_other_site() {
    let site = Website::start();
    for next in [
        "https://example.com/",
        "//example.com/",
        "javascript:alert(1)",
        "/\\example.com",
        "/.//example.com/",
        "http://",
    ] {
        site.browser.open(&site.address(&format!("/sign-in?next={next}")));
        site.drawn();
        site.try_sign_in("alice", PASSWORD);
        site.browser.arrive("/profile/access-tokens");
        site.sign_out("alice");
    }
    site.must_be_clean(&[401]);
}
