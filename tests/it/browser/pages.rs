//! Every page, as an administrator and as somebody else: it opens without an error, fits the window, and axe-core finds
//! nothing on it, light and dark. What was seen is kept in `target/screenshots`.

use serde_json::{Value, json};

use crate::support::{
    Website,
    exe::PASSWORD,
    look::WIDTHS,
    person::{DOWN, ENTER, ESCAPE, TAB, soon},
};

/// Widths at which nothing may be cut either.
const BETWEEN: [u32; 5] = [1160, 1024, 900, 780, 320];

/// Pages that everybody has, as (file, path).
const FOR_ALL: [(&str, &str); 20] = [
    ("profile", "/profile"),
    ("password", "/profile/password"),
    ("tokens", "/profile/access-tokens"),
    ("token-new", "/profile/access-tokens/new"),
    ("repositories", "/repositories"),
    ("namespace", "/repositories/acme"),
    ("repository", "/repositories/acme/shop"),
    ("repository-tags", "/repositories/acme/shop?tab=tags"),
    ("repository-access", "/repositories/alice/app?tab=access"),
    ("repository-settings", "/repositories/alice/app?tab=settings"),
    ("organizations", "/organizations"),
    ("organization", "/organizations/acme"),
    ("organization-teams", "/organizations/acme?tab=teams"),
    ("organization-repositories", "/organizations/acme?tab=repositories"),
    ("team", "/organizations/acme/teams/dev"),
    ("team-repositories", "/organizations/acme/teams/dev?tab=repositories"),
    ("api", "/api/v0/docs"),
    ("manual", "/manual"),
    ("manual-tokens", "/manual/tokens"),
    ("manual-layouts", "/manual/layouts"),
];

/// Pages that administrators have.
const FOR_ADMINISTRATORS: [(&str, &str); 19] = [
    ("organization-access", "/organizations/acme?tab=access"),
    ("organization-settings", "/organizations/acme?tab=settings"),
    ("namespace-access", "/repositories/acme?tab=access"),
    ("team-settings", "/organizations/acme/teams/dev?tab=settings"),
    ("people", "/people"),
    ("people-services", "/people?show=services"),
    ("person", "/people/alice"),
    ("person-tokens", "/people/alice?tab=tokens"),
    ("person-organizations", "/people/alice?tab=organizations"),
    ("person-token-new", "/people/alice/access-tokens/new"),
    ("person-repositories", "/people/alice?tab=repositories"),
    ("audit", "/audit"),
    ("registry", "/registry"),
    ("registry-configuration", "/registry?tab=configuration"),
    ("registry-zot", "/registry?tab=configuration&for=zot"),
    ("registry-nginx", "/registry?tab=configuration&for=nginx"),
    ("person-leaves", "/people/alice/leave"),
    ("doctor", "/doctor"),
    ("settings", "/settings"),
];

/// Pages that stand there empty at first.
const FOR_NEWCOMERS: [(&str, &str); 5] = [
    ("tokens", "/profile/access-tokens"),
    ("repositories", "/repositories"),
    ("namespace", "/repositories/alice"),
    ("namespace-access", "/repositories/alice?tab=access"),
    ("organizations", "/organizations"),
];

/// A site with a bit of everything.
fn furnished() -> Website {
    let site = Website::start();
    let admin = site.api("admin");
    site.server.add_user("bob");
    admin.post("/enzi/v0/accounts", &json!({ "name": "builder", "fullName": "Build server" })).must_be(201);
    admin.post("/enzi/v0/accounts", &json!({ "name": "acme", "fullName": "Acme Inc.", "isOrg": true })).must_be(201);
    let team = json!({ "name": "dev", "description": "Who builds it" });
    admin.post("/enzi/v0/accounts/acme/teams", &team).must_be(201);
    admin.put("/enzi/v0/accounts/acme/members/alice", &json!({})).must_be(200);
    admin.put("/enzi/v0/accounts/acme/members/bob", &json!({ "isAdmin": true })).must_be(200);
    admin.put("/enzi/v0/accounts/acme/teams/dev/members/alice", &json!({})).must_be(200);
    let shop = json!({ "name": "shop", "visibility": "public", "shortDescription": "The shop", "longDescription": "All of it.\n\nSince 2026." });
    admin.post("/api/v0/repositories/acme", &shop).must_be(201);
    admin.post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    let write = json!({ "accessLevel": "read-write" });
    admin.put("/api/v0/repositories/acme/shop/teamAccess/dev", &write).must_be(200);
    admin.put("/api/v0/repositories/alice/app/userAccess/bob", &write).must_be(200);
    admin.put("/api/v0/repositoryNamespaces/acme/userAccess/bob", &write).must_be(200);
    site.push("acme/shop", &[("latest", 1), ("v1.0", 1), ("v1.1", 2)]);
    tokens(&site);
    site
}

fn tokens(site: &Website) {
    for user in ["alice", "admin"] {
        let laptop = json!({ "tokenLabel": "laptop", "expiresAt": "2099-01-01T00:00:00Z" });
        site.api(user).post("/api/v0/api_tokens", &laptop).must_be(200);
        let narrow = json!({ "tokenLabel": "build server", "accessLevel": "read-only", "repositories": ["acme/shop", "alice/*"] });
        let made = site.api(user).post("/api/v0/api_tokens", &narrow).must_be(200).text("/hashedToken");
        site.api(user).patch(&format!("/api/v0/api_tokens/{made}"), &json!({ "isActive": false })).must_be(200);
    }
}

fn walk(site: &Website, who: &str, pages: &[(&str, &str)]) {
    let mut faults = Vec::new();
    let opened = WIDTHS.into_iter().flat_map(|width| pages.iter().map(move |page| (width, page)));
    for (width, (name, path)) in opened {
        site.look("light", width);
        site.open(path);
        for trouble in ["This did not work", "There is nothing here"] {
            if site.browser.text().contains(trouble) {
                faults.push(format!("{path}: {trouble}"));
            }
        }
        faults.extend(site.look_at_width(&format!("{who}-{name}"), width));
        for between in BETWEEN {
            site.look("light", between);
            faults.extend(site.too_wide(&format!("{path}, {between}")));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    site.must_be_clean(&[409]);
}

#[test]
fn barriers_that_are_there_are_found() {
    let site = Website::start();
    site.open("/sign-in");
    let script = "const it = document.createElement('button'); document.querySelector('main').append(it)";
    site.browser.run(script, json!([]));
    let found = site.barriers();
    assert!(found.iter().any(|line| line.starts_with("button-name: ")), "{found:?}");
    site.must_be_clean(&[]);
}

#[test]
fn every_page_of_an_administrator_is_sound() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    walk(&site, "admin", &[FOR_ALL.as_slice(), FOR_ADMINISTRATORS.as_slice()].concat());
}

#[test]
fn every_page_of_somebody_else_is_sound() {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    walk(&site, "alice", &FOR_ALL);
}

#[test]
#[should_panic(expected = "does not end with a look at the noise")]
fn a_story_that_nobody_looks_back_on_fails() {
    let site = Website::start();
    site.must_be_clean(&[]);
    site.open("/sign-in");
}

#[test]
fn every_page_of_who_has_nothing_yet_is_sound() {
    let site = Website::start_as("alice");
    walk(&site, "newcomer", &FOR_NEWCOMERS);
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    walk(&site, "admin-alone", &[("organizations", "/organizations"), ("people-inactive", "/people?show=inactive")]);
}

#[test]
fn every_page_of_who_is_locked_out_is_sound() {
    let site = furnished();
    let body = json!({ "temporaryPassword": true, "tokenLabel": "temporary password" });
    let made = site.api("admin").post("/api/v0/api_tokens?username=alice", &body).must_be(200);
    site.sign_in("alice", &made.text("/token"));
    site.browser.arrive("/profile/password");
    walk(&site, "locked-out", &FOR_ALL);
}

#[test]
fn what_comes_and_goes_on_a_page_is_sound() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    let browser = &site.browser;
    let mut faults = Vec::new();
    site.open("/profile/access-tokens/new");
    browser.pick("Expires after", "date");
    browser.fill("Repositories", &format!("acme/shop Wrong{ENTER}"));
    browser.click("Create");
    browser.see("Description is needed.");
    faults.extend(site.look_at("token-new-wrong"));
    site.open("/profile/access-tokens?q=laptop");
    browser.click_css("input[aria-label='Select laptop']");
    browser.see("1 selected");
    faults.extend(site.look_at("tokens-selected"));
    browser.click("Delete");
    browser.fill("Type delete to confirm", "delete");
    faults.extend(site.look_at("dialog-delete-typed"));
    site.open("/profile/access-tokens?q=none-such");
    browser.see("Nothing matches this search");
    faults.extend(site.look_at("tokens-none"));
    site.open("/audit?action=account.create&within=24h&follow=yes");
    browser.click("Create an account");
    browser.see("Following");
    faults.extend(site.look_at("audit-unfolded"));
    site.open("/repositories/acme?q=sh");
    browser.fill("Namespace", "ac");
    soon("suggestions", || browser.has("suggestion", "acme").then_some(()));
    browser.press(DOWN);
    faults.extend(site.look_at("suggestions"));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    site.must_be_clean(&[]);
}

#[test]
fn the_sign_in_page_and_the_details_of_an_access_token_are_sound() {
    let site = furnished();
    site.open("/sign-in");
    let mut faults = site.look_at("sign-in");
    site.sign_in("alice", PASSWORD);
    site.browser.follow("View details of laptop");
    site.browser.see("Replace or remove");
    faults.extend(site.look_at("alice-token"));
    site.open("/profile/access-tokens/new");
    site.browser.fill("Description", "a new one");
    site.browser.choose("GitHub Actions");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    faults.extend(site.look_at("alice-token-secret"));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    site.must_be_clean(&[]);
}

#[test]
fn dialogs_are_sound() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    let mut faults = Vec::new();
    for (name, path, button) in [
        ("dialog-repository", "/repositories", "New repository"),
        ("dialog-clean-up", "/profile/access-tokens", "Clean up"),
        ("dialog-grant", "/repositories/acme/shop?tab=access", "Give access"),
        ("dialog-delete", "/repositories/acme/shop?tab=settings", "Delete repository"),
        ("dialog-members", "/organizations/acme", "Add members"),
        ("dialog-user", "/people", "New user"),
        ("dialog-temporary", "/people/alice", "Temporary password"),
    ] {
        site.open(path);
        site.browser.click(button);
        soon("a dialog", || site.browser.has("css", "dialog[open]").then_some(()));
        faults.extend(site.look_at(name));
        site.browser.press(ESCAPE);
        soon("it is closed", || (!site.browser.has("css", "dialog[open]")).then_some(()));
        assert_eq!(site.browser.focused(), button, "the focus comes back");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    site.must_be_clean(&[]);
}

#[test]
fn what_an_ordinary_user_may_not_see_is_not_there() {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    for path in [
        "/people",
        "/people/bob",
        "/audit",
        "/registry",
        "/doctor",
        "/settings",
        "/people/bob/leave",
        "/people/bob/access-tokens/new",
        "/profile/access-tokens?username=bob",
        "/repositories/bob/secret",
    ] {
        site.open(path);
        site.browser.see("There is nothing here");
    }
    for place in ["People", "Audit", "Registry", "Doctor", "Settings"] {
        assert!(!site.browser.has("link", place));
    }
    site.must_be_clean(&[403, 404]);
}

/// What leads to pages and does not stand in the window as a whole, by its text.
const OUT_OF_SIGHT: &str = "const isIn = ({ left, right, top, bottom }) => \
    left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight; \
    return [...document.querySelectorAll('#nav a, #nav summary, .tabs > *')] \
    .filter((it) => it.checkVisibility() && !isIn(it.getBoundingClientRect())).map((it) => it.textContent)";
/// How many lines the places take.
const LINES: &str = "const tops = [...document.querySelectorAll('#nav .places a')].map((it) => it.getBoundingClientRect().top); \
    return new Set(tops).size";

#[test]
fn on_a_phone_one_sees_every_way_on() {
    let site = furnished();
    for (who, places, lines) in [("admin", 8, 2), ("alice", 3, 1)] {
        site.look("light", 1280);
        site.sign_in(who, PASSWORD);
        site.look("light", 390);
        for path in ["/organizations/acme?tab=teams", "/repositories/alice/app?tab=settings", "/profile/access-tokens"]
        {
            site.open(path);
            assert_eq!(site.browser.run(OUT_OF_SIGHT, json!([])), json!([]), "{who}, {path}");
            let count = "return document.querySelectorAll('#nav .places a').length";
            assert_eq!(site.browser.run(count, json!([])), json!(places), "{who}");
            assert_eq!(site.browser.run(LINES, json!([])), json!(lines), "{who}: the places take few lines");
        }
        site.sign_out(who);
    }
    site.must_be_clean(&[]);
}

#[test]
fn on_a_phone_the_keyboard_comes_everywhere() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    site.look("light", 390);
    site.open("/registry");
    let on_the_way = [
        "Skip to the content",
        "dockpass",
        "Access tokens",
        "Repositories",
        "Organizations",
        "People",
        "Audit",
        "Registry",
        "Doctor",
        "Settings",
        "admin",
    ];
    for name in on_the_way {
        site.browser.press(TAB);
        assert_eq!(site.browser.focused(), name);
    }
    site.browser.press(ENTER);
    for name in ["Profile", "Manual", "HTTP API", "Sign out"] {
        site.browser.press(TAB);
        assert_eq!(site.browser.focused(), name);
    }
    site.browser.press(ESCAPE);
    assert_eq!(site.browser.focused(), "admin", "the menu is closed");
    site.must_be_clean(&[]);
}

#[test]
fn a_dialog_works_with_the_keyboard_alone() {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    site.open("/repositories");
    let browser = &site.browser;
    let tab_to = |name: &str| {
        soon(&format!("Tab comes to {name}"), || {
            browser.press(TAB);
            (browser.focused() == name).then_some(())
        });
    };
    tab_to("New repository");
    browser.press(ENTER);
    soon("a dialog", || browser.has("css", "dialog[open]").then_some(()));
    assert_eq!(browser.focused(), "Namespace", "the focus goes into the dialog");
    for _ in 0..12 {
        browser.press(TAB);
        let inside = browser.run("return document.activeElement.closest('dialog') !== null", json!([]));
        assert_eq!(inside, json!(true), "the focus left the dialog for {:?}", browser.focused());
    }
    browser.press(ESCAPE);
    soon("it is closed", || (!browser.has("css", "dialog[open]")).then_some(()));
    assert_eq!(browser.focused(), "New repository");
    browser.press(ENTER);
    browser.fill("Namespace", "ali");
    browser.see("alice");
    soon("suggestions", || browser.has("suggestion", "alice").then_some(()));
    browser.press(DOWN);
    browser.press(ENTER);
    assert_eq!(browser.value("Namespace"), "alice");
    tab_to("Name");
    "keys".chars().for_each(|letter| browser.press(&letter.to_string()));
    browser.press(ENTER);
    browser.arrive("/repositories/alice/keys");
    let names: Value = site.api("alice").get("/api/v0/repositories/alice/keys").must_be(200).json()["name"].clone();
    assert_eq!(names, "keys");
    site.must_be_clean(&[]);
}
