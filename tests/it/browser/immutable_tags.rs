//! Immutable tags in the web pages: chosen in the settings of a repository, marked in its list of tags.

use serde_json::{Value, json};

use crate::{
    api::immutable_tags::asking_for,
    support::{
        Clients, Image, InProcess, Registry, Website,
        exe::{PASSWORD, Setup},
        pages::Pages,
        person::{ENTER, soon},
        site::repository_path,
    },
};

const APP: &str = "alice/app";
const SETTINGS: &str = "/repositories/alice/app?tab=settings";
const TAGS: &str = "/repositories/alice/app?tab=tags";
const SAVE: &str = "Save immutable tags";

/// Which of the three choices can be chosen.
fn open_choices(pages: &Pages) -> Vec<String> {
    let script = "return [...document.querySelectorAll('label.choice')].map((it) => [it.querySelector('input'), it.querySelector('span').firstChild.textContent])\
                  .filter(([box]) => /^(none|all|some)$/.test(box.value) && !box.disabled).map(([, text]) => text)";
    let found = pages.browser.run(script, json!([]));
    found.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn shown(site: &InProcess) -> (Value, Value) {
    let repository = site.as_local().get(&repository_path(APP)).must_be(200).json();
    (repository["immutableTags"].clone(), repository["immutableTagPatterns"].clone())
}

#[test]
fn without_a_gateway_none_can_be_chosen_and_the_page_says_why() {
    let site = Website::with_tags(&[("v1", 1)]);
    site.open(SETTINGS);
    site.browser.see("Nobody overwrites an immutable tag");
    site.browser.see("Tags cannot be immutable here");
    site.browser.see("registry.upstream");
    assert_eq!(open_choices(&site), ["None"]);
    assert!(!site.browser.has("field", "Patterns"));
    site.open(TAGS);
    site.browser.see("1 tag");
    assert!(!site.browser.has("css", ".lock"));
    site.must_be_clean(&[]);
}

#[test]
fn what_nothing_holds_any_more_is_taken_back() {
    let site = asking_for(false, &["v*", "stable"]);
    site.add_person("bob");
    site.as_local()
        .put(&format!("{}/userAccess/bob", repository_path(APP)), &json!({ "accessLevel": "admin" }))
        .must_be(200);
    let pages = site.pages();
    pages.sign_in("bob", PASSWORD);
    pages.open(SETTINGS);
    pages.browser.see("but no tag is");
    pages.browser.see("stable");
    assert_eq!(open_choices(&pages), ["None", "Tags that match"]);
    pages.browser.choose("None");
    pages.browser.click(SAVE);
    pages.browser.see("Saved");
    assert_eq!(shown(&site), (json!(false), json!([])));
    pages.must_be_clean(&[]);
}

#[test]
fn tags_that_match_are_chosen_as_chips_marked_with_a_lock_and_held() {
    let registry = Registry::without_accounts("");
    let upstream = format!("[registry]\nupstream = \"http://{}\"\n", registry.address);
    let site = Website::start_with(Setup::config(upstream));
    let (alice, host) = (Clients::new(), site.server.address.clone());
    alice.skopeo_login(&host, "alice", &site.server.add_token("alice", &[]).secret).must_succeed();
    let [one, other] = ["one", "other"].map(Image::holding);
    for tag in ["latest", "v1"] {
        alice.push(&one, &format!("{host}/alice/app:{tag}")).must_succeed();
    }
    site.sign_in("alice", PASSWORD);
    site.open(SETTINGS);
    assert_eq!(open_choices(&site), ["None", "All tags", "Tags that match"]);
    assert!(!site.browser.has("field", "Patterns"));
    choose_patterns(&site);
    let chosen = site.server.repository("alice/app");
    assert_eq!(
        (&chosen["immutableTags"], &chosen["immutableTagPatterns"]),
        (&json!(false), &json!(["v*", "release-*"]))
    );
    site.open(TAGS);
    site.browser.see("2 tags");
    let locked = "return [...document.querySelectorAll('.lock')]\
                  .map((it) => [it.getAttribute('aria-label'), it.closest('tr').querySelector('a').textContent])";
    assert_eq!(site.browser.run(locked, json!([])), json!([["immutable", "v1"]]));
    site.browser.follow("v1");
    site.browser.see("nobody overwrites it");
    // It is as the page says, until it is deleted.
    alice.push(&other, &format!("{host}/alice/app:v1")).must_fail_with(&["immutable"]);
    alice.push(&one, &format!("{host}/alice/app:v1")).must_succeed();
    alice.push(&other, &format!("{host}/alice/app:latest")).must_succeed();
    site.api("alice").delete(&format!("{}/tags/v1", repository_path(APP))).must_be(204);
    alice.push(&other, &format!("{host}/alice/app:v1")).must_succeed();
    site.must_be_clean(&[]);
}

/// Chooses two patterns after a wrong one.
fn choose_patterns(pages: &Pages) {
    pages.browser.choose("Tags that match");
    pages.browser.click(SAVE);
    pages.browser.see("Add a pattern, or choose None.");
    pages.browser.fill("Patterns", "v?");
    pages.browser.press(ENTER);
    pages.browser.see("v? is no pattern");
    pages.browser.fill("Patterns", "v*");
    pages.browser.press(ENTER);
    soon("the chip", || pages.browser.has("button", "Remove v*").then_some(()));
    // What is written and not yet added counts, too.
    pages.browser.fill("Patterns", "release-*");
    pages.browser.click(SAVE);
    pages.browser.see("Saved");
}
