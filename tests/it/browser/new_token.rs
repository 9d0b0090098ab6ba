//! New access token: what it proposes, what it says while somebody chooses, and what it keeps.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::ENTER, person::soon, site::DAY};

const NEW: &str = "/profile/access-tokens/new";
const TOKENS: &str = "/api/v0/api_tokens";

/// Alice has two repositories, and may pull a third one.
fn furnished() -> Website {
    let site = Website::start();
    for name in ["app", "lib"] {
        site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": name })).must_be(201);
    }
    site.api("admin").post("/api/v0/repositories/admin", &json!({ "name": "base" })).must_be(201);
    let grant = json!({ "accessLevel": "read-only" });
    site.api("admin").put("/api/v0/repositories/admin/base/userAccess/alice", &grant).must_be(200);
    site
}

fn before_the_form() -> Website {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    site.open(NEW);
    site
}

fn chosen(site: &Website, label: &str) -> Value {
    let script = "const set = [...document.querySelectorAll('fieldset')].find((it) => it.querySelector('legend').textContent === arguments[0]); \
        return set.querySelector('input:checked')?.value ?? null";
    site.browser.run(script, json!([label]))
}

#[test]
fn nothing_is_chosen_at_first_and_no_purpose_proposes_more_than_it_needs() {
    let site = before_the_form();
    let browser = &site.browser;
    assert_eq!([chosen(&site, "For what?"), chosen(&site, "Access")], [Value::Null, Value::Null]);
    browser.click("Create");
    browser.see("Description is needed.");
    browser.see("Choose one.");
    for (purpose, level, days) in [
        ("My computer", "push", 90),
        ("GitHub Actions", "push", 90),
        ("GitLab CI", "push", 90),
        ("Kubernetes", "read-only", 365),
        ("Jenkins", "push", 90),
        ("Helm", "read-only", 90),
    ] {
        browser.choose(purpose);
        assert_eq!(browser.value("Description"), purpose);
        assert_eq!(chosen(&site, "Access"), level, "{purpose}");
        assert_eq!(browser.value("Expires after"), (days * DAY).to_string(), "{purpose}");
    }
    browser.see_no_more("Choose one.");
    browser.see_no_more("Description is needed.");
    site.must_be_clean(&[]);
}

#[test]
fn what_somebody_typed_or_chose_stays_and_the_lines_are_those_of_the_purpose() {
    let site = before_the_form();
    let browser = &site.browser;
    browser.fill("Description", "cluster in Ulm");
    browser.choose("Read-write");
    browser.pick("Expires after", "604800");
    browser.choose("Kubernetes");
    assert_eq!(browser.value("Description"), "cluster in Ulm");
    assert_eq!(chosen(&site, "Access"), "read-write");
    assert_eq!(browser.value("Expires after"), "604800");
    browser.click("Create");
    browser.see("It is not shown again.");
    browser.see("Download dockpass-cluster-in-ulm-");
    browser.click("Done");
    browser.see("cluster in Ulm");
    site.must_be_clean(&[]);
}

#[test]
fn the_focus_is_in_the_first_field() {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    site.browser.follow("New access token");
    site.browser.arrive(NEW);
    soon("the focus is there", || (site.browser.focused() == "My computer").then_some(()));
    site.must_be_clean(&[]);
}

#[test]
fn a_live_sentence_says_what_it_would_do() {
    let site = before_the_form();
    let browser = &site.browser;
    assert!(!browser.has("css", "form .live"), "nothing is known yet");
    browser.choose("Read-only");
    browser.see("Pulls from all of your 3 repositories, until ");
    browser.choose("Push");
    browser.see("Pulls and pushes in 2 of your 3 repositories, and pulls from 1 more, until ");
    browser.fill("Repositories", &format!("alice/app{ENTER}"));
    browser.see("Pulls and pushes in 1 of your 3 repositories, until ");
    browser.pick("Expires after", "never");
    browser.see("Pulls and pushes in 1 of your 3 repositories, without an end.");
    browser.click("Remove alice/app");
    browser.choose("All that your account may");
    browser.see("of your 3 repositories, ");
    browser.see("Does all that you may in ");
    site.must_be_clean(&[]);
}

#[test]
fn administrators_read_whose_repositories_it_reaches() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    site.open("/people/alice/access-tokens/new");
    site.browser.choose("Read-only");
    site.browser.see("Pulls from all of alice’s 3 repositories, until ");
    assert!(site.browser.has("choice", "All that the account may"));
    site.must_be_clean(&[]);
}

#[test]
fn an_address_that_names_a_user_leads_there_with_all_else_that_it_says() {
    let site = furnished();
    site.sign_in("admin", PASSWORD);
    site.open(&format!("{NEW}?username=alice&for=github&repository=alice%2Fapp"));
    site.browser.arrive("/people/alice/access-tokens/new?for=github&repository=alice%2Fapp");
    site.browser.see("Pulls and pushes in 1 of alice’s 3 repositories, until ");
    assert_eq!(chosen(&site, "For what?"), "github");
    // What every object has is no purpose.
    site.open(&format!("{NEW}?for=constructor"));
    site.browser.see("For what?");
    assert_eq!(chosen(&site, "For what?"), Value::Null);
    site.must_be_clean(&[]);
}

#[test]
fn a_late_answer_changes_neither_the_sentence_nor_another_page() {
    let site = before_the_form();
    let browser = &site.browser;
    site.hold_answers("POST", "/api_tokens/reach");
    browser.choose("Push");
    site.held(1);
    browser.choose("Read-only");
    site.held(2);
    site.let_go();
    browser.see("Pulls from all of your 3 repositories, until ");
    assert!(!browser.text().contains("Pulls and pushes in"), "the first answer came for what is no longer chosen");
    site.hold_answers("POST", "/api_tokens/reach");
    browser.choose("Push");
    site.held(1);
    browser.follow("Organizations");
    browser.click("Leave");
    browser.see("You do not belong to an organization yet.");
    site.let_go();
    assert!(!browser.has("css", ".live"));
    site.must_be_clean(&[]);
}

#[test]
fn what_was_typed_is_not_lost_without_a_question() {
    let site = before_the_form();
    let browser = &site.browser;
    browser.fill("Description", "laptop");
    browser.follow("Repositories");
    browser.see("What you changed is not saved.");
    browser.click("Stay");
    assert_eq!(browser.value("Description"), "laptop");
    // Back to what it was: nothing is lost.
    browser.run(
        "const it = document.querySelector('input[name=tokenLabel]'); it.value = ''; \
        it.dispatchEvent(new Event('input', { bubbles: true }))",
        json!([]),
    );
    browser.follow("Repositories");
    browser.arrive("/repositories");
    site.must_be_clean(&[]);
}

#[test]
fn an_error_goes_with_what_is_corrected() {
    let site = before_the_form();
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("Description is needed.");
    site.browser.fill("Description", "laptop");
    site.browser.see_no_more("Description is needed.");
    assert!(!site.browser.has("css", "[aria-invalid=true]"));
    site.must_be_clean(&[]);
}

#[test]
fn a_session_that_ended_takes_nothing_that_was_typed() {
    let site = before_the_form();
    let browser = &site.browser;
    browser.choose("GitHub Actions");
    browser.see("until ");
    site.end_sessions("alice");
    // The sentence does not lead to the sign-in page.
    site.hold_answers("POST", "/api_tokens/reach");
    browser.choose("Read-only");
    site.let_go();
    assert_eq!(browser.value("Description"), "GitHub Actions");
    browser.click("Create");
    browser.see("Your session ended");
    browser.fill("Password or access token", PASSWORD);
    browser.click("Sign in");
    browser.see("It is not shown again.");
    browser.click("Done");
    let made = site.api("alice").get(TOKENS).must_be(200).json();
    assert_eq!(made[0]["accessLevel"], "read-only", "{made}");
    site.must_be_clean(&[401]);
}

#[test]
fn a_narrowed_session_has_no_such_page() {
    let site = furnished();
    site.push("alice/app", &[("latest", 1)]);
    let narrow = json!({ "tokenLabel": "narrow", "accessLevel": "read-only" });
    let made = site.api("alice").post(TOKENS, &narrow).must_be(200);
    site.open("/sign-in");
    site.try_sign_in("alice", &made.text("/token"));
    site.browser.arrive("/repositories");
    site.open(&format!("{NEW}?like={}", made.text("/hashedToken")));
    site.browser.see("You signed in with a narrowed access token.");
    assert!(!site.browser.has("button", "Create"));
    // A repository has its lines, and nothing that leads there.
    site.open("/repositories/alice/app");
    site.browser.see("Connect");
    assert!(!site.browser.has("link", "New access token for this repository"));
    site.must_be_clean(&[]);
}

#[test]
fn a_repository_leads_to_an_access_token_for_it() {
    let site = furnished();
    site.sign_in("alice", PASSWORD);
    site.open("/repositories/alice/app");
    site.browser.click("GitHub Actions");
    site.browser.see("docker/build-push-action");
    site.browser.follow("New access token for this repository");
    site.browser.arrive(NEW);
    site.browser.see("For what?");
    assert_eq!([chosen(&site, "For what?"), chosen(&site, "Access")], [json!("github"), json!("push")]);
    site.browser.see("Pulls and pushes in 1 of your 3 repositories, until ");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    let made = site.api("alice").get(TOKENS).must_be(200).json();
    assert_eq!(made[0]["repositories"], json!(["alice/app"]), "{made}");
    site.browser.click("Done");
    site.must_be_clean(&[]);
}
