//! Deleting tags of one manifest in the web pages, with Debian's registry, which deletes whole manifests only.

use serde_json::json;

use crate::support::{
    Clients, Image, Pair, Website,
    person::{ESCAPE, soon},
};

/// Alice's pages with these tags of alice/app, each with what its image holds, and the registry beside them.
fn with_tags(tags: &[(&str, &str)]) -> (Website, Pair) {
    let mut pair = Pair::with_users(&["alice"]);
    let alice = pair.clients_of("alice", &[]);
    for (tag, text) in tags {
        alice.push(&Image::holding(text), &pair.at(&format!("alice/app:{tag}"))).must_succeed();
    }
    pair.all_is_told(&alice, "alice");
    let server = pair.lend_dockpass();
    let site = Website::of(server);
    let token = site.server.add_token("alice", &[]);
    site.sign_in("alice", &token.secret);
    site.open("/repositories/alice/app?tab=tags");
    (site, pair)
}

fn pick(site: &Website, tags: &[&str]) {
    tags.iter().for_each(|tag| site.browser.click_css(&format!("input[aria-label='Select {tag}']")));
    site.browser.click("Delete");
}

fn confirm(site: &Website) {
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click_css("dialog button[type=submit]");
}

#[test]
fn selected_tags_of_one_manifest_are_deleted_together() {
    let (site, _pair) = with_tags(&[("1.0", "a"), ("1", "a"), ("latest", "b"), ("old", "c")]);
    pick(&site, &["1.0", "1", "old"]);
    site.browser.see("Delete 3 tags?");
    confirm(&site);
    site.browser.see("3 tags deleted");
    site.browser.see("1 tag");
    assert_eq!(site.server.tag_names("alice/app"), ["latest"]);
    site.must_be_clean(&[404]);
}

#[test]
fn a_tag_that_shares_its_manifest_names_the_others_and_takes_them_along_if_one_says_so() {
    let (site, pair) = with_tags(&[("1.0", "a"), ("latest", "a"), ("old", "c")]);
    // Known by nobody but the registry.
    Clients::new().push(&Image::holding("a"), &pair.open_registry().at("alice/app:unheard-of")).must_succeed();
    pick(&site, &["1.0"]);
    site.browser.see("Delete this tag?");
    site.browser.see("alice/app:latest");
    assert!(!site.browser.text().contains("unheard-of"), "nobody knows it here");
    confirm(&site);
    site.browser.see("Delete 3 tags together?");
    site.browser.see("alice/app:latest");
    site.browser.see("alice/app:unheard-of");
    site.browser.click("Cancel");
    soon("it is closed", || (!site.browser.has("css", "dialog")).then_some(()));
    assert_eq!(site.server.tag_names("alice/app"), ["1.0", "latest", "old"], "nothing went without being meant");
    site.browser.click("Delete");
    confirm(&site);
    site.browser.see("Delete 3 tags together?");
    confirm(&site);
    site.browser.see("3 tags deleted");
    site.browser.see("1 tag");
    assert_eq!(site.server.tag_names("alice/app"), ["old"]);
    site.must_be_clean(&[404, 409]);
}

#[test]
fn the_tags_of_an_image_are_named_before_and_one_confirmation_is_for_all_of_them() {
    let (site, pair) = with_tags(&[("1.0", "a"), ("1", "a"), ("latest", "a"), ("old", "c")]);
    pick(&site, &["1.0"]);
    site.browser.see("Delete this tag?");
    site.browser.see("These tags have the same image.");
    site.browser.see("alice/app:latest");
    let named = site.browser.run("return document.querySelector('dialog').innerText", json!([]));
    let named: Vec<_> = named.as_str().expect("a text").lines().filter(|line| line.starts_with("alice/app:")).collect();
    assert_eq!(named, ["alice/app:1.0", "alice/app:1", "alice/app:latest"]);
    confirm(&site);
    site.browser.see("3 tags deleted");
    site.browser.see("1 tag");
    assert_eq!(site.server.tag_names("alice/app"), ["old"]);
    let there = Clients::new().tags(&pair.open_registry().at("alice/app")).must_succeed().stdout;
    assert!(there.contains("old") && !there.contains("latest"), "{there}");
    site.must_be_clean(&[404]);
}

#[test]
fn deleting_many_tags_shows_how_far_it_is_and_is_stopped_between_two_of_them() {
    let (site, _pair) = with_tags(&[("1", "a"), ("2", "b"), ("3", "c")]);
    site.hold_answers("DELETE", "");
    let bar = || {
        let script =
            "const bar = document.querySelector('dialog progress'); return [bar.checkVisibility(), bar.value, bar.max]";
        site.browser.run(script, json!([]))
    };
    pick(&site, &["1", "2", "3"]);
    confirm(&site);
    site.held(1);
    assert_eq!(bar(), json!([true, 0, 3]));
    site.let_one_go();
    soon("it goes on", || (bar() == json!([true, 1, 3])).then_some(()));
    site.held(1);
    site.browser.press(ESCAPE);
    site.browser.see("Stopping after this one.");
    site.let_one_go();
    site.browser.see("2 of 3 tags deleted");
    assert_eq!(site.server.tag_names("alice/app").len(), 1);
    site.must_be_clean(&[404]);
}
