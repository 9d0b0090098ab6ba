//! What administrators do in the web pages: repositories, organizations, people, the audit log, the registry.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::soon};

fn read(site: &Website, path: &str) -> Value {
    site.api("admin").get(path).must_be(200).json()
}

/// Types the word that a dialog wants, and confirms.
fn confirm(site: &Website, word: &str) {
    site.browser.see("to confirm");
    site.browser.fill(&format!("Type {word} to confirm"), word);
    site.browser.click_css("dialog button[type=submit]");
}

/// Presses the button that ends a dialog.
fn send(site: &Website) {
    site.browser.click_css("dialog button[type=submit]");
}

#[test]
fn a_repository_is_made_changed_shared_and_deleted() {
    let site = Website::start_as("alice");
    site.server.add_user("bob");
    site.browser.follow("Repositories");
    site.browser.click("New repository");
    site.browser.fill("Name", "tools/lint");
    site.browser.fill("Description", "Finds <b>faults</b>");
    send(&site);
    site.browser.arrive("/repositories/alice/tools%2Flint");
    site.browser.see("Finds <b>faults</b>");
    site.browser.see("private");
    site.browser.follow("Settings");
    site.browser.choose("Public");
    site.browser.click("Save");
    site.browser.see("public");
    let path = "/api/v0/repositories/alice/tools%2Flint";
    assert_eq!(read(&site, path)["visibility"], "public");
    share(&site, path);
    site.browser.follow("Settings");
    site.browser.click("Delete repository");
    confirm(&site, "delete");
    site.browser.see("Repository deleted.");
    site.browser.see("the registry keeps the content");
    site.browser.arrive("/repositories/alice");
    assert!(site.server.repository_names().is_empty());
    site.must_be_clean(&[404]);
}

/// Gives bob access, more of it, and none again.
fn share(site: &Website, path: &str) {
    let grants = || read(site, &format!("{path}/userAccess"))["userAccessList"].clone();
    site.browser.follow("Access");
    site.browser.click("Give access");
    site.browser.fill("User", "nobody");
    send(site);
    soon("the name is refused", || site.browser.has("css", "dialog [aria-invalid=true]").then_some(()));
    site.browser.fill("User", "bob");
    site.browser.choose("Read-write");
    send(site);
    site.browser.see("bob has read-write access");
    assert_eq!(grants()[0]["accessLevel"], "read-write");
    site.browser.click("Change the access of bob");
    site.browser.choose("Admin");
    send(site);
    site.browser.see("bob has admin access");
    site.browser.click("Remove the access of bob");
    send(site);
    site.browser.see("Access removed");
    assert_eq!(grants(), json!([]));
}

#[test]
fn an_organization_gets_members_a_team_and_access() {
    let site = Website::start_as("admin");
    site.api("admin").post("/api/v0/repositories/admin", &json!({ "name": "else" })).must_be(201);
    site.browser.follow("Organizations");
    site.browser.click("New organization");
    site.browser.fill("Name", "acme");
    site.browser.fill("Full name", "Acme Inc.");
    send(&site);
    site.browser.arrive("/organizations/acme");
    site.browser.click("Add members");
    site.browser.fill("Users", "alice\u{E007}");
    site.browser.choose("Make them administrators");
    send(&site);
    site.browser.see("alice added");
    assert_eq!(read(&site, "/enzi/v0/accounts/acme/members/alice")["isAdmin"], true);
    site.browser.click("Make member: alice");
    site.browser.see("alice stays a member of acme, with the access that teams give.");
    assert_eq!(read(&site, "/enzi/v0/accounts/acme/members/alice")["isAdmin"], true, "it was asked first");
    send(&site);
    site.browser.see("alice no longer administers acme");
    assert_eq!(read(&site, "/enzi/v0/accounts/acme/members/alice")["isAdmin"], false);
    team(&site);
    site.browser.follow("acme");
    // The navigation has a place of that name, too.
    site.browser.click_css("main .tabs a[href$='tab=settings']");
    site.browser.click("Delete organization");
    confirm(&site, "delete");
    site.browser.see("Organization deleted");
    site.api("admin").get("/enzi/v0/accounts/acme").must_be(404);
    site.must_be_clean(&[]);
}

/// A team with alice in it and access to a repository.
fn team(site: &Website) {
    site.api("admin").post("/api/v0/repositories/acme", &json!({ "name": "shop" })).must_be(201);
    site.browser.follow("Teams");
    site.browser.click("New team");
    site.browser.fill("Name", "dev");
    send(site);
    site.browser.arrive("/organizations/acme/teams/dev");
    site.browser.click("Add members");
    site.browser.fill("Users", "alice\u{E007}");
    send(site);
    site.browser.see("alice added");
    site.browser.click_css("main .tabs a:nth-child(2)");
    site.browser.see("This team has no access to any repository yet.");
    site.browser.click("Give access");
    site.browser.fill("Repository", "shop");
    site.browser.choose("Read-write");
    send(site);
    site.browser.see("The team dev has read-write access");
    let seen = site.api("alice").get("/api/v0/repositories/acme/shop").must_be(200).json();
    assert_eq!(seen["accessLevel"], "read-write");
}

#[test]
fn a_person_is_made_gets_a_temporary_password_and_is_deactivated() {
    let site = Website::start_as("admin");
    site.browser.follow("People");
    site.browser.click("New user");
    site.browser.fill("User name", "carol");
    site.browser.fill("Full name", "Carol <i>of</i> Build");
    send(&site);
    site.browser.see("Temporary password for carol");
    let secret = site.browser.value("Temporary password");
    site.browser.click("Done");
    site.browser.see("Details");
    site.must_not_hold(&secret);
    site.browser.click("Temporary password");
    send(&site);
    site.browser.see("What to tell carol");
    let again = site.browser.value("Temporary password");
    assert_ne!(again, secret);
    site.browser.click("Done");
    site.browser.see("Details");
    for step in ["history.back()", "history.forward()", "location.reload()"] {
        site.browser.run(step, json!([]));
        site.drawn();
        [&secret, &again].into_iter().for_each(|it| site.must_not_hold(it));
    }
    site.open("/people/carol");
    site.browser.choose("Is active");
    site.browser.click("Save");
    site.browser.see("Saved");
    assert_eq!(read(&site, "/enzi/v0/accounts/carol")["isActive"], false);
    site.server.http_as("carol", &again).get("/api/v0/session").must_be(401);
    site.browser.follow("People");
    site.browser.follow("1 inactive");
    site.browser.follow("carol");
    site.browser.click("Delete");
    confirm(&site, "delete");
    site.browser.see("carol deleted");
    site.api("admin").get("/enzi/v0/accounts/carol").must_be(404);
    site.must_be_clean(&[]);
}

#[test]
fn who_was_locked_by_guesses_is_unlocked_and_gets_a_password() {
    let site = Website::start_as("admin");
    let guess = |number| site.server.http_as("alice", &format!("guess-{number}")).get("/api/v0/session").status;
    assert!((0..20).any(|number| guess(number) == 429), "nobody stops the guesses");
    site.open("/people/alice");
    site.browser.see("Locked: after several wrong passwords");
    site.browser.click("Unlock");
    site.browser.see("Unlocked");
    site.browser.see_no_more("Locked: after several wrong passwords");
    assert_eq!(read(&site, "/enzi/v0/accounts/alice")["lockedUntil"], Value::Null);
    site.browser.click("Set password");
    site.browser.fill("New password", "the-next-one-for-alice");
    send(&site);
    site.browser.see("Set by an administrator");
    site.sign_out("admin");
    site.sign_in("alice", "the-next-one-for-alice");
    site.browser.arrive("/profile/password");
    site.must_be_clean(&[]);
}

#[test]
fn the_audit_log_is_filtered_in_the_address() {
    let site = Website::start();
    site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": "laptop" })).must_be(200);
    site.sign_in("admin", PASSWORD);
    site.browser.follow("Audit");
    site.browser.see("account.create");
    site.browser.see("token.create");
    site.browser.fill("Actor", "alice");
    site.browser.fill("Action", "token.create");
    site.browser.click_css("form button[type=submit]");
    site.browser.see_no_more("account.create");
    site.browser.see("token.create");
    assert!(site.browser.url().contains("actor=alice"), "{}", site.browser.url());
    site.browser.reload();
    site.browser.see("token.create");
    assert_eq!(site.browser.value("Actor"), "alice");
    site.browser.back();
    site.browser.see("account.create");
    site.browser.fill("Object", "no/such");
    site.browser.click_css("form button[type=submit]");
    site.browser.see("No record fits this filter.");
    site.must_be_clean(&[]);
}

#[test]
fn the_registry_page_tells_what_connects_one() {
    let site = Website::start_as("admin");
    site.browser.follow("Registry");
    site.browser.see("No registry is connected yet.");
    site.browser.see("With the registry's address, dockpass can take over");
    site.browser.click_css("main .tabs a:nth-child(2)");
    site.browser.see("rootcertbundle: \"/etc/docker/registry/dockpass-ca.pem\"");
    site.browser.see("SECRET");
    site.browser.fill("Path on the registry's machine", "/srv/ca.pem");
    site.browser.click("Show");
    site.browser.see("rootcertbundle: \"/srv/ca.pem\"");
    site.browser.pick("Registry or proxy", "zot");
    site.browser.see("zot takes a single key.");
    site.browser.pick("Registry or proxy", "nginx");
    site.browser.see("What clients connect to, with https, is not known, and nginx needs it: set server.public_url");
    site.browser.see("behind_proxy = true");
    site.browser.see_no_more("zot takes a single key.");
    site.browser.follow("Settings");
    site.browser.arrive("/settings");
    site.browser.see("Create repositories on push");
    site.browser.choose("Create repositories on push");
    site.browser.click("Save");
    site.browser.see("Saved");
    assert_eq!(read(&site, "/api/v0/meta/settings")["createRepositoryOnPush"], false);
    site.must_be_clean(&[409]);
}
