//! What somebody without any data sees: what each page is for, and the one thing to do, which works.

use crate::support::{Website, exe::PASSWORD};

/// Somebody for whom an administrator has just made an account, signed in with a password of their own.
fn newcomer() -> Website {
    Website::start_as("alice")
}

#[test]
fn without_access_tokens_one_is_led_to_the_first() {
    let site = newcomer();
    site.browser.follow("Access tokens");
    site.browser.see("An access token takes the place of your password");
    assert!(site.browser.rows("access tokens").is_empty());
    assert!(!site.browser.has("field", "Search access tokens"), "there is nothing to search");
    // The one of the empty list, not the one above it.
    site.browser.click_css("main .empty a");
    site.browser.arrive("/profile/access-tokens/new");
    site.browser.fill("Description", "the first");
    site.browser.choose("Read-only");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.click("Done");
    site.browser.see("1 access token");
    site.browser.see_no_more("An access token takes the place");
    site.must_be_clean(&[]);
}

#[test]
fn without_repositories_one_is_led_to_the_first() {
    let site = newcomer();
    site.browser.follow("Repositories");
    site.browser.see("Push an image and its repository appears here, or create it first");
    site.open("/repositories/alice");
    site.browser.see("Nothing is in alice yet. Push an image as alice/NAME, or create the repository first.");
    site.browser.click_css("main .empty button");
    site.browser.fill("Name", "first");
    site.browser.click("Create");
    site.browser.arrive("/repositories/alice/first");
    site.browser.see("No images yet. Push the first one as shown below.");
    site.browser.see("docker push HOST/alice/first:latest");
    site.browser.follow("Tags");
    site.browser.see("No images yet. Push one and its tag appears here.");
    site.browser.follow("How to push");
    site.browser.see("docker push HOST/alice/first:latest");
    site.browser.follow("Access");
    site.browser.see("owns the namespace");
    site.open("/repositories/alice?tab=access");
    site.browser.see("Nobody was given access to all of alice.");
    site.must_be_clean(&[]);
}

#[test]
fn without_organizations_one_is_told_who_helps() {
    let site = newcomer();
    site.browser.follow("Organizations");
    site.browser.see("You do not belong to an organization yet.");
    site.browser.see("Its administrators can add you.");
    assert!(!site.browser.has("button", "New organization"), "only administrators make them");
    site.sign_out("alice");
    site.sign_in("admin", PASSWORD);
    site.browser.follow("Organizations");
    site.browser.see(
        "An organization owns repositories for a group of people. Its members form teams, and teams are given access.",
    );
    site.browser.click_css("main .empty button");
    site.browser.fill("Name", "acme");
    site.browser.click("Create");
    site.browser.arrive("/organizations/acme");
    site.browser.see("acme has no members yet.");
    site.browser.follow("Teams");
    site.browser.see("A team gives several members the same access to repositories.");
    site.browser.click_css("main .empty button");
    site.browser.fill("Name", "dev");
    site.browser.click("Create");
    site.browser.arrive("/organizations/acme/teams/dev");
    site.open("/organizations/acme?tab=repositories");
    site.browser.see("acme has no repositories yet. Push an image as acme/NAME, or create a repository first.");
    site.must_be_clean(&[]);
}

#[test]
fn what_others_have_is_empty_for_a_stranger_too() {
    let site = newcomer();
    site.server.add_user("bob");
    site.open("/repositories/bob");
    site.browser.see("You see no repository in bob. Its administrators can give you access.");
    assert!(!site.browser.has("button", "New repository"));
    site.browser.follow("All repositories");
    site.browser.arrive("/repositories");
    site.must_be_clean(&[]);
}
