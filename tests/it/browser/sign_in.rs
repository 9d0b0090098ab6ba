//! Signing in, out and in again with the web pages in a real browser.

use serde_json::json;

use crate::support::{AccessToken, Website, exe::PASSWORD, person::soon};

const WRONG: &str = "Wrong user name, password or access token.";
const OWN: &str = "a-password-of-my-own";

/// Somebody whose password is not their own: the name.
fn newcomer(site: &Website) -> &'static str {
    site.server.add_user("bob");
    "bob"
}

fn set_password(site: &Website, password: &str) {
    site.browser.fill("New password", password);
    site.browser.fill("New password again", password);
    site.browser.click("Set password");
}

#[test]
fn the_pages_open_with_the_password_and_with_an_access_token_and_close_again() {
    let site = Website::start();
    let token = site.server.add_token("alice", &[]);
    for secret in [PASSWORD, token.secret.as_str()] {
        site.sign_in("alice", secret);
        site.browser.see("Access tokens");
        assert!(!site.browser.source().contains(secret), "the page keeps what was typed");
        site.sign_out("alice");
        assert!(!site.browser.has("css", "#nav"), "the navigation is gone");
    }
    site.must_be_clean(&[401]);
}

#[test]
fn wrong_credentials_are_one_message_that_tells_nothing() {
    let site = Website::start();
    site.open("/sign-in");
    for (name, secret) in [("alice", "not-hers"), ("nobody", PASSWORD), ("alice", "dkp_no_token_at_all")] {
        site.try_sign_in(name, secret);
        site.browser.see(WRONG);
        assert_eq!(site.browser.text().matches(WRONG).count(), 1);
        site.open("/sign-in");
    }
    assert!(site.browser.value("Password or access token").is_empty());
    site.must_be_clean(&[401]);
}

#[test]
fn who_guesses_is_told_for_how_long_to_wait() {
    let site = Website::start();
    let guess = |number| site.server.http_as("alice", &format!("guess-{number}")).get("/api/v0/session").status;
    assert!((0..20).any(|number| guess(number) == 429), "nobody stops the guesses");
    site.open("/sign-in");
    site.try_sign_in("alice", PASSWORD);
    site.browser.see("Too many wrong passwords. Try again in ");
    let told = |text: &str| text.lines().find(|line| line.starts_with("Too many")).map(str::to_owned);
    let first = told(&site.browser.text()).expect("the line");
    assert!(first.ends_with(" s.") || first.ends_with(" min."), "{first}");
    // It counts down, and an access token need not wait.
    soon("it counts down", || told(&site.browser.text()).filter(|line| *line != first));
    let token = site.server.add_token("alice", &[]);
    site.try_sign_in("alice", &token.secret);
    site.browser.arrive("/profile/access-tokens");
    site.must_be_clean(&[401, 429]);
}

#[test]
fn who_has_a_password_from_an_administrator_is_led_to_a_new_one() {
    let site = Website::start();
    let bob = newcomer(&site);
    site.sign_in(bob, PASSWORD);
    site.browser.arrive("/profile/password");
    site.browser.see("An administrator set your password. Set one that only you know.");
    site.browser.fill("Current password", PASSWORD);
    set_password(&site, OWN);
    site.browser.arrive("/profile/access-tokens");
    site.browser.see("Password set.");
    assert!(!site.browser.text().contains("Set your own"));
    site.sign_out(bob);
    site.sign_in(bob, OWN);
    site.must_be_clean(&[401]);
}

#[test]
fn a_new_password_is_refused_beside_its_field() {
    let site = Website::start_as("alice");
    site.open("/profile/password");
    site.browser.click("Set password");
    site.browser.see("New password is needed.");
    site.browser.fill("Current password", "not-the-present-one");
    set_password(&site, "short");
    site.browser.see("At least 8 characters.");
    site.browser.fill("New password", OWN);
    site.browser.fill("New password again", "something-else-again");
    site.browser.click("Set password");
    site.browser.see("The two passwords differ.");
    set_password(&site, OWN);
    soon("the present one is refused", || {
        site.browser.has("css", "[name=oldPassword][aria-invalid=true]").then_some(())
    });
    assert_eq!(site.browser.value("New password"), OWN, "nothing typed is lost");
    site.api("alice").get("/api/v0/repositories").must_be(200);
    site.must_be_clean(&[400, 401, 403]);
}

#[test]
fn who_is_locked_out_sets_a_password_with_a_temporary_one() {
    let site = Website::start();
    let body = json!({ "temporaryPassword": true, "tokenLabel": "temporary password" });
    let made = site.api("admin").post("/api/v0/api_tokens?username=alice", &body).must_be(200).json();
    let temporary = AccessToken::of(&made);
    site.sign_in("alice", &temporary.secret);
    site.browser.arrive("/profile/password");
    site.browser.see("You signed in with a temporary password.");
    assert!(!site.browser.has("field", "Current password"), "who lost it cannot tell it");
    set_password(&site, OWN);
    site.browser.see("Password set.");
    site.sign_out("alice");
    site.sign_in("alice", OWN);
    site.sign_out("alice");
    site.try_sign_in("alice", &temporary.secret);
    site.browser.see(WRONG);
    site.must_be_clean(&[401]);
}
