//! The overview of a repository: how it was pulled and pushed to in 90 days, for the eye, the mouse, the keyboard and a screen
//! reader.

use serde_json::json;

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    notify::{pull, push},
    person::soon,
    site::DAY,
};

const APP: &str = "alice/app";
const PAGE: &str = "/repositories/alice/app";
const LEFT: &str = "\u{E012}";
const HOME: &str = "\u{E011}";

/// A repository that was pushed to and pulled three times two days ago, and pulled twice today, which is 17 January.
fn used() -> InProcess {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository(APP);
    let first = [push("p", APP, "1", 1), pull("a", APP, "1", 1), pull("b", APP, "1", 1), pull("c", APP, "1", 1)];
    site.notify(&first).must_be(200);
    site.pass(2 * DAY);
    site.notify(&[pull("d", APP, "1", 1), pull("e", APP, "1", 1)]).must_be(200);
    site
}

fn opened(site: &InProcess) -> Pages {
    let pages = site.pages();
    // West of Greenwich it is still the day before: the days are those of UTC all the same.
    pages.set_clock(&site.in_time(0), "Pacific/Honolulu");
    pages.sign_in("alice", PASSWORD);
    pages.open(PAGE);
    pages
}

fn value_told(pages: &Pages) -> String {
    let script = "return document.querySelector('.bars').getAttribute('aria-valuetext')";
    pages.browser.run(script, json!([])).as_str().expect("a text").to_owned()
}

#[test]
fn pulls_and_pushes_are_told_in_a_sentence_and_by_day() {
    let site = used();
    let pages = opened(&site);
    let browser = &pages.browser;
    browser.see("5 pulls and 1 push in 90 days; last push 2 days ago.");
    browser.see("Pulls, at most 3 a day");
    let heights = "return [...document.querySelectorAll('.bars rect:not(.mark)')].map((it) => [it.getAttribute('class'), it.getBoundingClientRect().height])";
    let bars = browser.run(heights, json!([]));
    let height = |place: usize| bars[place][1].as_f64().expect("a height");
    let kinds: Vec<_> = (0..3).map(|place| bars[place][0].as_str().unwrap_or_default()).collect();
    assert_eq!((kinds, bars.as_array().map(Vec::len)), (vec!["pulls", "pushes", "pulls"], Some(3)), "{bars}");
    assert!(height(0) > height(2) && height(2) > 20.0 && height(1) > 20.0, "{bars}");
    browser.click("Table of the days");
    let rows = browser.rows("pulls and pushes by day");
    assert_eq!(rows, [["17 January 2026", "2", "0"], ["15 January 2026", "3", "1"]]);
    assert_eq!(pages.barriers(), Vec::<String>::new());
    pages.must_be_clean(&[]);
}

#[test]
fn a_day_tells_its_figures_to_keyboard_and_mouse() {
    let site = used();
    let pages = opened(&site);
    let browser = &pages.browser;
    browser.see("Each bar is a day (UTC).");
    browser.run("document.querySelector('.bars').focus()", json!([]));
    browser.see("17 January 2026: 2 pulls, 0 pushes");
    browser.press(LEFT);
    browser.see("16 January 2026: 0 pulls, 0 pushes");
    browser.press(LEFT);
    browser.see("15 January 2026: 3 pulls, 1 push");
    assert_eq!(value_told(&pages), "15 January 2026: 3 pulls, 1 push");
    browser.press(HOME);
    browser.see("20 October 2025: 0 pulls, 0 pushes");
    let script = "const box = document.querySelector('.bars svg').getBoundingClientRect(); \
        return [box.left + box.width * 89.5 / 90, box.top + box.height / 2]";
    let place = browser.run(script, json!([]));
    let there = json!({ "type": "mouseMoved", "x": place[0], "y": place[1] });
    browser.cdp("Input.dispatchMouseEvent", there);
    browser.see("17 January 2026: 2 pulls, 0 pushes");
    pages.must_be_clean(&[]);
}

#[test]
fn a_repository_that_nobody_used_says_so() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository(APP);
    let pages = opened(&site);
    pages.browser.see("No pulls or pushes seen in 90 days.");
    assert!(!pages.browser.has("css", ".bars"));
    // What was long ago is no longer among the days, and still the last push.
    site.notify(&[push("p", APP, "1", 1)]).must_be(200);
    site.pass(120 * DAY);
    pages.must_be_clean(&[]);
    drop(pages);
    let pages = opened(&site);
    pages.browser.see("No pulls or pushes seen in 90 days; last push 4 months ago.");
    assert!(!pages.browser.has("css", ".bars"));
    pages.must_be_clean(&[]);
}

#[test]
fn figures_that_come_late_change_no_other_page() {
    let site = used();
    let pages = opened(&site);
    pages.browser.follow("Repositories");
    pages.browser.arrive("/repositories");
    pages.browser.see("1 repository");
    pages.hold_answers("GET", "/activity");
    pages.browser.click_css("tbody a");
    pages.held(1);
    pages.browser.follow("Organizations");
    pages.browser.see("You do not belong to an organization yet.");
    pages.let_go();
    assert!(pages.browser.url().ends_with("/organizations"), "{}", pages.browser.url());
    assert!(!pages.browser.text().contains("in 90 days"), "{}", pages.browser.text());
    pages.must_be_clean(&[]);
}

#[test]
fn the_bars_fit_a_phone_and_are_told_apart_with_forced_colours() {
    let site = used();
    let pages = opened(&site);
    let faults = pages.look_at("repository-activity");
    assert_eq!(faults, Vec::<String>::new());
    let script = "return ['.pulls', '.pushes', '.mark'].map((it) => getComputedStyle(document.querySelector(`.bars ${it}`)).fill)";
    pages.force_colours();
    soon("three colours of the system", || {
        let fills = pages.browser.run(script, json!([]));
        let different = fills[0] != fills[1] && fills[1] != fills[2] && fills[0] != fills[2];
        different.then_some(())
    });
    pages.browser.keep("repository-activity-forced");
    pages.must_be_clean(&[]);
}
