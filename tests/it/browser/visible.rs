//! What axe-core does not see: a focus on something invisible, states that only colours tell where the system takes the colours
//! away, and targets that are too small for a finger.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    filled::{PERSON, filled, pages_as},
    look::WIDTHS,
    person::{TAB, soon},
};

/// The main pages of somebody who administers the system; what others see is part of them.
const MAIN: [&str; 22] = [
    "/profile",
    "/profile/password",
    "/profile/access-tokens",
    "/profile/access-tokens/new",
    "/repositories",
    "/repositories/acme",
    "/repositories/acme/shop",
    "/repositories/acme/shop?tab=tags",
    "/repositories/acme/shop?tab=access",
    "/repositories/acme/shop?tab=settings",
    "/repositories/acme/shop/tags/latest",
    "/organizations",
    "/organizations/acme",
    "/organizations/acme?tab=teams",
    "/organizations/acme?tab=settings",
    "/organizations/acme/teams/web",
    "/people",
    "/people/maria",
    "/people/maria?tab=tokens",
    "/audit",
    "/registry",
    "/registry?tab=configuration",
];

/// Gives the focus to everything that the keyboard reaches, as Tab does, and tells what of it cannot be seen: without a mark,
/// cut away, outside of the window, or below something else.
const UNSEEN: &str = r#"
    const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
    const stops = [...document.querySelectorAll(FOCUSABLE)].filter((it) => it.tabIndex >= 0 && !it.disabled && it.checkVisibility({ visibilityProperty: true }));
    const named = (it) => `${it.tagName.toLowerCase()} "${(it.getAttribute("aria-label") ?? it.textContent ?? "").trim().slice(0, 40)}"`;
    const isMarked = (it) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(it);
        return (outlineStyle !== "none" && outlineWidth !== "0px" && !/, 0\)$|transparent/.test(outlineColor)) || boxShadow !== "none";
    };
    const cut = (box, [left, top, right, bottom]) => [Math.max(box[0], left), Math.max(box[1], top), Math.min(box[2], right), Math.min(box[3], bottom)];
    const edges = (it) => { const { left, top, right, bottom } = it.getBoundingClientRect(); return [left, top, right, bottom]; };
    const seen = (it) => {
        let box = cut(edges(it), [0, 0, innerWidth, innerHeight]);
        for (let at = it; at; at = at.parentElement) {
            const { overflowX, overflowY, clipPath } = getComputedStyle(at);
            if (clipPath === "inset(50%)") return [0, 0, 0, 0];
            if (overflowX !== "visible" || overflowY !== "visible") box = at === document.documentElement || at === document.body ? box : cut(box, edges(at));
        }
        return box;
    };
    const isOnTop = (it, [left, top, right, bottom]) => {
        const places = [[left + right, top + bottom], [2 * left + 6, 2 * top + 6], [2 * right - 6, 2 * bottom - 6]];
        return places.some(([x, y]) => { const there = document.elementFromPoint(x / 2, y / 2); return it === there || it.contains(there) || there?.contains(it) && there.closest("label, tr, td, th, summary, p, li, div.bars") !== null; });
    };
    const faults = [];
    for (const it of stops) {
        it.focus();
        if (document.activeElement !== it) continue;
        const box = seen(it);
        const [wide, high] = [box[2] - box[0], box[3] - box[1]];
        if (wide < 6 || high < 6) faults.push(`${named(it)} is not in sight`);
        else if (!isOnTop(it, box)) faults.push(`${named(it)} is covered`);
        if (!isMarked(it)) faults.push(`${named(it)} has no mark`);
    }
    return { stops: stops.length, faults };
"#;

/// Tells what is smaller than a finger, 44 pixels both ways. Two exceptions of WCAG 2.5.8 are made: *inline*, a link in a
/// sentence or among facts; *equivalent*, the name of a row, where all of the row does the same.
const SMALL: &str = r#"
    const LEAST = 44;
    const isInline = (it) => it.closest("p, dd, li, small, .crumbs, .state") !== null && !it.matches(".button");
    const hasEquivalent = (it) => it.matches("tr.open td.name a, tr.open .unfold");
    const targets = [...document.querySelectorAll("button, a.button, input[type=checkbox], input[type=radio], select, summary, nav a, .tabs a, .list a")]
        .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && !it.closest(".unseen") && !isInline(it) && !hasEquivalent(it));
    const isHit = (it, x, y) => {
        const there = document.elementFromPoint(x, y);
        return it === there || it.contains(there) || (it.labels && [...it.labels].some((label) => label.contains(there)));
    };
    const faults = [];
    for (const it of targets) {
        it.scrollIntoView({ block: "center" });
        const boxes = [it, ...(it.labels ?? [])].map((one) => one.getBoundingClientRect());
        const high = Math.max(...boxes.map(({ height }) => height));
        const wide = Math.max(...boxes.map(({ width }) => width));
        if (high >= LEAST - 0.5 && wide >= LEAST - 0.5) continue;
        // What reaches beyond its own box, by a part of it that is not drawn.
        const { left, top, width, height } = boxes[0];
        const [x, y, half] = [left + width / 2, top + height / 2, LEAST / 2 - 1];
        const reaches = (wide >= LEAST - 0.5 || (isHit(it, x - half, y) && isHit(it, x + half, y))) && (high >= LEAST - 0.5 || (isHit(it, x, y - half) && isHit(it, x, y + half)));
        if (!reaches) faults.push(`${it.tagName.toLowerCase()} "${(it.getAttribute("aria-label") ?? it.textContent ?? "").trim().slice(0, 40)}" is ${Math.round(wide)} by ${Math.round(high)}`);
    }
    return { targets: targets.length, faults };
"#;

/// The faults that a script tells of, and how many things it looked at.
fn faults(pages: &Pages, script: &str, key: &str) -> (Vec<String>, u64) {
    let told = pages.browser.run(script, json!([]));
    let lines = told["faults"].as_array().expect("a list").iter();
    (lines.map(|line| line.as_str().unwrap_or_default().to_owned()).collect(), told[key].as_u64().expect("a number"))
}

/// A script gives the focus as the keyboard does once the keyboard was used.
fn unseen(pages: &Pages) -> (Vec<String>, u64) {
    pages.browser.press(TAB);
    faults(pages, UNSEEN, "stops")
}

#[test]
fn the_focus_is_seen_wherever_the_keyboard_leads() {
    let site = filled();
    let pages = pages_as(&site, "admin");
    let mut found = Vec::new();
    for path in MAIN {
        for width in WIDTHS {
            pages.look("light", width);
            pages.open(path);
            let (lines, stops) = unseen(&pages);
            assert!(stops > 5, "{path}: only {stops} stops");
            found.extend(lines.into_iter().map(|line| format!("{path}, {width}: {line}")));
        }
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
    pages.must_be_clean(&[409]);
}

#[test]
fn a_finger_hits_what_it_is_to_hit_on_a_phone() {
    let site = filled();
    let pages = pages_as(&site, "admin");
    pages.look("light", 390);
    let mut found = Vec::new();
    for path in MAIN {
        pages.open(path);
        let (lines, targets) = faults(&pages, SMALL, "targets");
        assert!(targets > 1, "{path}: only {targets} targets");
        found.extend(lines.into_iter().map(|line| format!("{path}: {line}")));
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
    pages.must_be_clean(&[409]);
}

#[test]
fn what_cannot_be_seen_or_hit_is_found() {
    let site = InProcess::start();
    site.add_person("alice");
    let pages = site.pages();
    pages.open("/sign-in");
    let is_told = |text: &str| unseen(&pages).0.iter().any(|line| line.contains(text));
    let add = "const it = document.createElement('button'); it.textContent = 'lost'; it.className = arguments[0]; document.querySelector('main').append(it)";
    assert_eq!(unseen(&pages).0, Vec::<String>::new());
    pages.browser.run(add, json!(["unseen"]));
    assert!(is_told("\"lost\" is not in sight"));
    pages.browser.run("document.querySelector('.unseen').className = 'small'", json!([]));
    assert!(!is_told("lost"));
    let cover = "const it = document.querySelector('button.small'); it.id = 'lost'; const sheet = new CSSStyleSheet(); sheet.replaceSync(arguments[0]); document.adoptedStyleSheets = [sheet]";
    pages.browser.run(cover, json!(["#lost { outline: none !important }"]));
    assert!(is_told("\"lost\" has no mark"));
    pages
        .browser
        .run(cover, json!(["main { position: relative } main::after { content: ''; position: absolute; inset: 0 }"]));
    assert!(is_told("\"lost\" is covered"));
    pages.browser.run(cover, json!(["#lost { width: 20px; height: 20px; padding: 0; overflow: hidden }"]));
    let (small, _) = faults(&pages, SMALL, "targets");
    assert!(small.iter().any(|line| line.contains("\"lost\" is 20 by 20")), "{small:?}");
    pages.must_be_clean(&[]);
}

/// The picture of an element as it is drawn now.
fn picture(pages: &Pages, selector: &str) -> Value {
    let script = "const it = document.querySelector(arguments[0]); it.scrollIntoView({ block: 'center' }); document.activeElement.blur(); \
        const { left, top, width, height } = it.getBoundingClientRect(); return [left + scrollX, top + scrollY, width, height]";
    let place = pages.browser.run(script, json!([selector]));
    let clip = json!({ "x": place[0], "y": place[1], "width": place[2], "height": place[3], "scale": 1 });
    pages.browser.cdp("Page.captureScreenshot", json!({ "clip": clip, "captureBeyondViewport": true }))["data"].take()
}

/// Two styles of an element, as they count at present.
fn style(pages: &Pages, selector: &str, properties: &[&str]) -> Value {
    let script = "const found = getComputedStyle(document.querySelector(arguments[0])); return arguments[1].map((it) => found.getPropertyValue(it))";
    pages.browser.run(script, json!([selector, properties]))
}

#[test]
fn with_forced_colours_on_and_off_selected_and_present_are_told_apart() {
    let site = filled();
    let pages = pages_as(&site, PERSON);
    let browser = &pages.browser;
    for scheme in ["light", "dark"] {
        pages.look(scheme, 1280);
        pages.force_colours();
        pages.open("/profile/access-tokens");
        browser.see("access tokens");
        let name = "tbody tr:nth-child(2) td.name";
        let before = picture(&pages, name);
        browser.click_css("tbody tr:nth-child(2) input[type=checkbox]");
        soon("it is selected", || browser.has("css", "tr[aria-selected=true]").then_some(()));
        assert_ne!(picture(&pages, name), before, "{scheme}: a selected row looks like any other");
        let place = ["outline-style", "outline-width"];
        let present = style(&pages, "#nav .places a[aria-current]", &place);
        assert_ne!(present, style(&pages, "#nav .places a:not([aria-current])", &place), "{scheme}");
        let edge = ["border-top-width"];
        assert_ne!(style(&pages, ".badge.bad", &edge), style(&pages, ".badge:not(.bad)", &edge), "{scheme}");
        browser.keep(&format!("forced-tokens-{scheme}"));
        pages.open("/profile/access-tokens?q=Flux");
        browser.click_css("tbody td.name a");
        browser.see("Is active");
        let on_and_off = [true, false].map(|shall| {
            browser.run("document.querySelector('.switch').checked = arguments[0]", json!([shall]));
            picture(&pages, ".switch")
        });
        assert_ne!(on_and_off[0], on_and_off[1], "{scheme}: on looks like off");
        let paint = ["background-color"];
        let off = style(&pages, ".switch", &paint);
        browser.run("document.querySelector('.switch').checked = true", json!([]));
        assert_ne!(style(&pages, ".switch", &paint), off, "{scheme}: only the place of the knob tells on from off");
        browser.keep(&format!("forced-token-{scheme}"));
    }
    pages.must_be_clean(&[]);
}
