//! Lists that the server gives page by page: their owner, their counts, and where the focus stays.

use serde_json::json;

use crate::support::{
    Website,
    exe::PASSWORD,
    person::{ENTER, soon},
};

fn organization(site: &Website, name: &str, user: &str, is_admin: bool) {
    let admin = site.api("admin");
    admin.post("/enzi/v0/accounts", &json!({ "name": name, "isOrg": true })).must_be(201);
    let member = format!("/enzi/v0/accounts/{name}/members/{user}");
    admin.put(&member, &json!({ "isAdmin": is_admin })).must_be(200);
}

#[test]
fn a_user_sees_the_own_organizations_and_administrators_those_of_each() {
    let site = Website::start();
    organization(&site, "acme", "alice", true);
    organization(&site, "lab", "alice", false);
    organization(&site, "mill", "admin", false);
    site.sign_in("alice", PASSWORD);
    site.browser.follow("Organizations");
    site.browser.see("2 organizations");
    let shown = site.browser.text();
    assert!(shown.contains("acme") && shown.contains("administrator") && !shown.contains("mill"), "{shown}");
    site.browser.fill("Search organizations", "lab");
    site.browser.see("1 of 2 organizations");
    site.browser.follow("lab");
    site.browser.arrive("/organizations/lab");
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    site.open("/people/alice");
    site.browser.click_css("main .tabs a[href='/people/alice?tab=organizations']");
    site.browser.see("2 organizations");
    site.browser.see_no_more("mill");
    site.browser.follow("acme");
    site.browser.arrive("/organizations/acme");
    site.open("/people/admin?tab=organizations");
    site.browser.see("1 organization");
    site.must_be_clean(&[]);
}

#[test]
fn service_accounts_are_listed_counted_and_searched_by_the_server() {
    let site = Website::start_as("admin");
    for number in 0..27 {
        let name = format!("robot{number:02}");
        site.api("admin").post("/enzi/v0/accounts", &json!({ "name": name })).must_be(201);
    }
    site.browser.follow("People");
    site.browser.see("29 users");
    site.browser.follow("27 service accounts");
    site.browser.see("27 of 29");
    site.browser.see("robot24");
    site.browser.see_no_more("alice");
    site.browser.click("Next");
    site.browser.see("robot26");
    site.browser.see_no_more("robot24");
    site.browser.fill("Search by name", "robot1");
    site.browser.see("10 of 29 users");
    site.must_be_clean(&[]);
}

#[test]
fn who_sorts_with_the_keyboard_stays_on_the_column() {
    let site = Website::start_as("admin");
    site.open("/people");
    site.browser.see("2 users");
    site.browser.run("document.querySelector('th button').focus()", json!([]));
    for (order, first) in [("descending", "alice"), ("ascending", "admin"), ("descending", "alice")] {
        site.browser.press(ENTER);
        soon(&format!("{first} is first, {order}"), || {
            let script = "return [document.querySelector('th[aria-sort]').getAttribute('aria-sort'), \
                document.querySelector('tbody a').textContent]";
            (site.browser.run(script, json!([])) == json!([order, first])).then_some(())
        });
        assert_eq!(site.browser.focused(), "User", "the next press sorts again");
    }
    site.must_be_clean(&[]);
}
