//! Robots of an organization in the web pages: made in one page, listed, changed, rotated and deleted by its administrators
//! and system administrators, and out of sight for everybody else.

use serde_json::{Value, json};

use crate::support::{Clients, Website, exe::PASSWORD, person::soon};

const TAB: &str = "/organizations/acme?tab=robots";
const NEW: &str = "/organizations/acme/new-robot";
const CI: &str = "/organizations/acme/robots/ci";
const ROBOTS: &str = "/api/v0/accounts/acme/robots";

/// A site with the organization `acme`, which alice administers, and two repositories of it.
fn acme() -> Website {
    let site = Website::start();
    site.server.cli(&["org", "create", "acme"]).must_succeed();
    site.server.cli(&["org", "add", "acme", "alice", "--admin", "true"]).must_succeed();
    for name in ["shop", "site"] {
        site.api("admin").post("/api/v0/repositories/acme", &json!({ "name": name })).must_be(201);
    }
    site
}

/// The same with alice signed in.
fn as_alice() -> Website {
    let site = acme();
    site.sign_in("alice", PASSWORD);
    site
}

fn make(site: &Website, name: &str, more: &Value) -> String {
    let mut body = json!({ "name": name, "accessLevel": "push" });
    body.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    site.api("alice").post(ROBOTS, &body).must_be(201).text("/token")
}

fn read(site: &Website, name: &str) -> Value {
    site.api("alice").get(&format!("{ROBOTS}/{name}")).must_be(200).json()
}

/// So many days from now, for the API.
fn in_days(site: &Website, days: i64) -> String {
    let script = "return new Date(Date.now() + arguments[0] * 86400000).toISOString().replace(/\\.\\d+Z/, 'Z')";
    site.browser.run(script, json!([days])).as_str().expect("a time").to_owned()
}

/// The names in the list.
fn listed(site: &Website) -> Vec<String> {
    let script = "return [...document.querySelectorAll('main tbody .name a')].map((it) => it.textContent)";
    let names = site.browser.run(script, json!([]));
    names.as_array().expect("a list").iter().map(|it| it.as_str().expect("a text").to_owned()).collect()
}

fn must_list(site: &Website, names: &[&str]) {
    soon(&format!("{names:?} are listed"), || (listed(site) == names).then_some(()));
}

/// How many elements of a selector a person sees.
fn seen(site: &Website, selector: &str) -> u64 {
    let script = "return [...document.querySelectorAll(arguments[0])].filter((it) => it.checkVisibility()).length";
    site.browser.run(script, json!([selector])).as_u64().expect("a count")
}

/// The secret that is shown.
fn secret(site: &Website) -> String {
    soon("the secret is shown", || {
        let shown = site.browser.run("return document.querySelector('.secret input')?.value ?? ''", json!([]));
        Some(shown.as_str()?.to_owned()).filter(|text| text.starts_with("dkp_"))
    })
}

/// Presses the button that ends a dialog.
fn send(site: &Website) {
    site.browser.click_css("dialog button[type=submit]");
}

/// Does what a dialog asks to be confirmed by a word.
fn confirm(site: &Website, word: &str) {
    site.browser.fill(&format!("Type {word} to confirm"), word);
    send(site);
}

fn is_in(site: &Website, secret: &str) -> bool {
    let asked = "/auth/token?account=acme%2Fci&client_id=docker&service=dockpass";
    site.server.http_as("acme/ci", secret).get(asked).must_be_one_of(&[200, 401]).status == 200
}

#[test]
fn one_is_made_in_one_page_and_signs_in_with_docker() {
    let site = as_alice();
    site.open("/organizations/acme");
    site.browser.follow("Robots");
    site.browser.see("A robot signs in for a machine");
    assert_eq!(seen(&site, "main .button.primary"), 1, "one thing to do on an empty page");
    site.browser.click("New robot");
    site.browser.arrive(NEW);
    site.browser.click("Create");
    soon("the first empty field has the focus", || (site.browser.focused() == "Name").then_some(()));
    assert!(!site.browser.has("choice", "All that your account may"), "a robot administers nothing");
    site.browser.fill("Name", "CI");
    site.browser.fill("Description", "build server");
    site.browser.choose("Push");
    site.browser.see("acme’s 2 repositories");
    site.browser.click("Create");
    soon("the name is refused beside its field", || {
        site.browser.has("css", "[name=name][aria-invalid=true]").then_some(())
    });
    assert_eq!(site.browser.value("Name"), "CI", "nothing typed is lost");
    site.browser.fill("Name", "ci");
    site.browser.click("Create");
    let secret = secret(&site);
    site.browser.arrive(CI);
    site.browser.see("--username acme/ci");
    Clients::new().docker_login(&site.server.address, "acme/ci", &secret).must_succeed();
    site.browser.click("Done");
    site.browser.arrive(TAB);
    must_list(&site, &["acme/ci"]);
    let made = read(&site, "ci");
    assert_eq!((&made["accessLevel"], &made["repositories"]), (&json!("push"), &json!(["acme/*"])));
    assert!(made["expiresAt"].is_string(), "what is proposed ends: {made}");
    site.must_not_hold(&secret);
    site.must_be_clean(&[]);
}

#[test]
fn a_name_that_is_taken_is_said_beside_it() {
    let site = as_alice();
    make(&site, "ci", &json!({}));
    site.open(NEW);
    site.browser.fill("Name", "ci");
    site.browser.fill("Description", "build server");
    site.browser.choose("Push");
    site.browser.click("Create");
    soon("the name is refused", || site.browser.has("css", "[name=name][aria-invalid=true]").then_some(()));
    site.browser.fill("Name", "ci2");
    site.browser.click("Create");
    secret(&site);
    site.browser.click("Done");
    must_list(&site, &["acme/ci", "acme/ci2"]);
    site.must_be_clean(&[409]);
}

#[test]
fn only_administrators_see_them() {
    let site = acme();
    make(&site, "ci", &json!({}));
    for name in ["carol", "dave"] {
        site.server.cli_with(&["user", "create", name, "--password-stdin"], PASSWORD).must_succeed();
        let own = json!({ "oldPassword": PASSWORD, "newPassword": "another-password-of-tests" });
        site.server
            .http_as(name, PASSWORD)
            .post(&format!("/enzi/v0/accounts/{name}/changePassword"), &own)
            .must_be(200);
    }
    site.server.cli(&["org", "add", "acme", "carol"]).must_succeed();
    for name in ["carol", "dave"] {
        site.sign_in(name, "another-password-of-tests");
        site.open("/organizations/acme");
        site.browser.see("Repositories");
        assert!(!site.browser.has("link", "Robots"), "{name}");
        site.open(TAB);
        assert!(!site.browser.text().contains("acme/ci"), "{name}");
        for page in [NEW, CI] {
            site.open(page);
            site.browser.see("There is nothing here");
            assert!(!site.browser.has("css", "main form"), "{name}: {page}");
        }
        site.sign_out(name);
    }
    for name in ["alice", "admin"] {
        site.sign_in(name, PASSWORD);
        site.open("/organizations/acme");
        site.browser.follow("Robots");
        must_list(&site, &["acme/ci"]);
        site.browser.follow("acme/ci");
        site.browser.arrive(CI);
        site.browser.see("Is active");
        site.sign_out(name);
    }
    site.must_be_clean(&[403]);
}

#[test]
fn the_list_is_filtered_and_changed_as_a_whole() {
    let site = as_alice();
    make(&site, "later", &json!({ "expiresAt": in_days(&site, 90) }));
    make(&site, "soon", &json!({ "expiresAt": in_days(&site, 5), "tokenLabel": "nightly build" }));
    make(&site, "off", &json!({ "expiresAt": in_days(&site, 80) }));
    site.api("alice").patch(&format!("{ROBOTS}/off"), &json!({ "isActive": false })).must_be(200);
    site.open(TAB);
    site.browser.see("3 robots");
    site.browser.see("nightly build");
    assert_eq!(listed(&site)[0], "acme/soon", "what needs a hand stands on top");
    site.browser.follow("1 ends within 14 days");
    must_list(&site, &["acme/soon"]);
    site.browser.reload();
    site.drawn();
    must_list(&site, &["acme/soon"]);
    site.browser.click_css("main tbody input[type=checkbox]");
    site.browser.click("Deactivate");
    send(&site);
    soon("it is inactive", || (read(&site, "soon")["state"] == "inactive").then_some(()));
    site.open(&format!("{TAB}&show=inactive"));
    must_list(&site, &["acme/off", "acme/soon"]);
    site.browser.click_css("main thead input[type=checkbox]");
    site.browser.click("Delete");
    site.browser.see("Delete 2 robots?");
    confirm(&site, "delete");
    site.browser.see("2 robots deleted");
    let left = site.api("alice").get(ROBOTS).must_be(200).json();
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(left[0]["name"], "later");
    site.must_be_clean(&[]);
}

#[test]
fn one_is_relabelled_rotated_ended_renewed_and_deleted() {
    let site = as_alice();
    let old = make(&site, "ci", &json!({ "expiresAt": in_days(&site, 30), "repositories": ["acme/shop"] }));
    site.open(CI);
    site.browser.see("Is active");
    site.browser.see("acme/shop");
    site.browser.see("--username acme/ci");
    site.browser.fill("Description", "builds");
    site.browser.click("Save");
    site.browser.see("Saved");
    assert_eq!(read(&site, "ci")["tokenLabel"], "builds");
    site.browser.click("Rotate");
    send(&site);
    let new = secret(&site);
    site.browser.click("Done");
    assert!(new != old && is_in(&site, &new) && is_in(&site, &old), "an overlap is proposed");
    site.open(CI);
    site.browser.see("old secret");
    site.browser.click("End it now");
    send(&site);
    soon("the old secret has ended", || (!is_in(&site, &old)).then_some(()));
    assert!(is_in(&site, &new));
    site.browser.click("New one like this");
    site.browser.arrive(NEW);
    soon("its limits are taken over", || site.browser.text().contains("acme/shop").then_some(()));
    site.browser.fill("Name", "ci2");
    site.browser.click("Create");
    secret(&site);
    site.browser.click("Done");
    let like = read(&site, "ci2");
    assert_eq!((&like["repositories"], &like["accessLevel"]), (&json!(["acme/shop"]), &json!("push")));
    site.open(CI);
    site.browser.click("Delete");
    confirm(&site, "delete");
    site.browser.arrive(TAB);
    must_list(&site, &["acme/ci2"]);
    assert!(!is_in(&site, &new));
    site.must_be_clean(&[]);
}

#[test]
fn what_comes_after_somebody_left_changes_nothing() {
    let site = as_alice();
    make(&site, "ci", &json!({}));
    site.open("/organizations/acme?tab=repositories");
    site.hold_answers("GET", "/robots");
    site.browser.follow("Robots");
    site.held(1);
    site.browser.follow("Settings");
    site.browser.see("Full name");
    site.let_go();
    assert!(!site.browser.text().contains("acme/ci") && site.browser.url().ends_with("tab=settings"));
    site.open(NEW);
    site.hold_answers("POST", "/previewReach");
    site.browser.choose("Push");
    site.held(1);
    site.browser.choose("Read-only");
    site.held(2);
    site.let_go();
    site.browser.see("Pulls from");
    assert!(!site.browser.text().contains("Pulls and pushes in"), "an answer to what was asked before");
    site.must_be_clean(&[]);
}

#[test]
fn the_pages_of_an_organization_have_titles_of_their_own() {
    let site = as_alice();
    make(&site, "ci", &json!({}));
    site.server.cli(&["team", "create", "acme/dev"]).must_succeed();
    let title = |path: &str| {
        site.open(path);
        site.browser.run("return document.title", json!([])).as_str().expect("a title").to_owned()
    };
    assert_eq!(title("/organizations/acme"), "Members · acme · Organization · dockpass");
    assert_eq!(title(TAB), "Robots · acme · Organization · dockpass");
    assert_eq!(title("/organizations/acme?tab=teams"), "Teams · acme · Organization · dockpass");
    assert_eq!(title("/organizations/acme/teams/dev"), "Members · dev · Team of acme · dockpass");
    assert_eq!(title(NEW), "New robot · acme · dockpass");
    assert_eq!(title(CI), "acme/ci · Robot · dockpass");
    site.must_be_clean(&[]);
}

#[test]
fn they_are_fit_to_be_looked_at() {
    let site = as_alice();
    for (name, label, days) in
        [("ci", "acme/ci", 5), ("deploy", "production cluster", 200), ("scan", "nightly scan", 40)]
    {
        make(&site, name, &json!({ "tokenLabel": label, "expiresAt": in_days(&site, days) }));
    }
    for (name, path) in
        [("robots", TAB), ("robots-new", NEW), ("robot", CI), ("organization-members", "/organizations/acme")]
    {
        site.open(path);
        let wrong = site.look_at(name);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
    site.must_be_clean(&[]);
}

#[test]
fn a_new_one_takes_over_from_robots_of_the_organization_only() {
    let site = as_alice();
    let made = site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": "laptop" }));
    let laptop = made.must_be_one_of(&[200, 201]).text("/hashedToken");
    site.open(&format!("{NEW}?like={laptop}"));
    site.browser.see("acme has no such robot.");
    assert!(
        !site.browser.has("button", "Create") && !site.browser.text().contains("laptop"),
        "{}",
        site.browser.text()
    );
    make(&site, "ci", &json!({ "repositories": ["acme/*"] }));
    site.open(&format!("{NEW}?like={}", read(&site, "ci")["hashedToken"].as_str().expect("a hash")));
    site.browser.see("Taken over from acme/ci.");
    site.must_be_clean(&[404]);
}
