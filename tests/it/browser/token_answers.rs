//! The list of access tokens answers: counts that filter, orders, rows of one line, what is selected, what is done with it,
//! and everybody's access tokens for administrators.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    filled::{PERSON, filled, pages_as},
    person::{ENTER, soon},
    site::{DAY, HOUR, token_path},
};

const LIST: &str = "/profile/access-tokens";
const TABLE: &str = "access tokens";
const TOKENS: &str = "/api/v0/api_tokens";

/// A server with these access tokens of alice, and her pages at its own time.
fn with_tokens(labels: &[String]) -> (InProcess, Pages) {
    let site = InProcess::start();
    site.add_person("alice");
    for label in labels {
        site.add_token("alice", &json!({ "tokenLabel": label }));
    }
    let pages = pages_as(&site, "alice");
    pages.browser.see("access token");
    (site, pages)
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("token {number:02}")).collect()
}

/// The descriptions that the list shows.
fn labels(pages: &Pages) -> Vec<String> {
    let script = "return [...document.querySelectorAll('tbody td.name a')].map((it) => it.textContent)";
    let labels = pages.browser.run(script, json!([]));
    labels.as_array().expect("a list").iter().map(|it| it.as_str().expect("a text").to_owned()).collect()
}

pub(super) fn shows(pages: &Pages, wanted: &[&str]) {
    soon(&format!("the list shows {wanted:?}"), || (labels(pages) == wanted).then_some(()));
}

/// The descriptions of the rows that are marked as selected.
fn selected(pages: &Pages) -> Value {
    let script = "return [...document.querySelectorAll('tbody tr:has(input:checked)')].map((it) => it.querySelector('.name a').textContent)";
    pages.browser.run(script, json!([]))
}

/// The parts of the line of counts: the text, and whether it is the present one.
fn counts(pages: &Pages) -> Vec<(String, bool)> {
    let script =
        "return [...document.querySelectorAll('.counts a')].map((it) => [it.textContent, it.ariaCurrent === 'true'])";
    let parts = pages.browser.run(script, json!([]));
    let part = |it: &Value| (it[0].as_str().expect("a text").to_owned(), it[1] == json!(true));
    parts.as_array().expect("a list").iter().map(part).collect()
}

/// The first row's number of each part, by what it says.
fn number_of(counts: &[(String, bool)], told: &str) -> Value {
    let part = counts.iter().find(|(text, _)| text.ends_with(told));
    let number = part.and_then(|(text, _)| text.split(' ').next()?.replace(',', "").parse::<u64>().ok());
    number.unwrap_or(0).into()
}

fn number(pages: &Pages, script: &str) -> f64 {
    pages.browser.run(script, json!([])).as_f64().expect("a number")
}

#[test]
fn the_counts_are_those_of_the_api_and_filter_by_the_address() {
    let site = filled();
    let pages = pages_as(&site, PERSON);
    pages.open(LIST);
    let api = site.as_user(PERSON).get(&format!("{TOKENS}/counts")).must_be(200).json();
    let parts = soon("the counts", || Some(counts(&pages)).filter(|it| !it.is_empty()));
    for (told, wanted) in [
        ("access tokens", &api["total"]),
        ("end within 14 days", &api["expiring"]),
        ("expired", &api["states"]["expired"]),
        ("never used", &api["neverUsed"]),
        ("without limits", &api["unlimited"]),
        (" inactive", &api["states"]["inactive"]),
        ("revoked", &api["states"]["revoked"]),
        ("stopped", &api["states"]["stopped"]),
    ] {
        assert_eq!(&number_of(&parts, told), wanted, "{told}: {parts:?}");
    }
    assert!(parts.iter().all(|(text, _)| !text.starts_with("0 ")), "{parts:?}");
    assert!(parts[0].1 && !parts[1].1, "all are shown: {parts:?}");
    pages.browser.follow("9 expired");
    pages.browser.see("9 of 49 access tokens");
    assert!(pages.browser.url().ends_with("?show=expired"), "{}", pages.browser.url());
    assert!(counts(&pages).contains(&("9 expired".to_owned(), true)));
    let states = || pages.browser.rows(TABLE).iter().map(|row| row[2].clone()).collect::<Vec<_>>();
    assert_eq!(states(), vec!["expired"; 9]);
    pages.browser.reload();
    pages.browser.see("9 of 49 access tokens");
    assert_eq!(states(), vec!["expired"; 9], "a reload finds it again");
    pages.browser.follow("16 never used");
    pages.browser.see("16 of 49 access tokens");
    pages.browser.back();
    pages.browser.see("9 of 49 access tokens");
    pages.browser.follow("9 expired");
    soon("it leads back to all", || pages.browser.url().ends_with(LIST).then_some(()));
    pages.must_be_clean(&[]);
}

#[test]
fn what_needs_a_hand_stands_first_and_ends_and_uses_are_orders() {
    let site = InProcess::start();
    site.add_person("alice");
    let add = |label: &str, days: Option<i64>| {
        let end = days.map(|days| site.in_time(days * DAY));
        site.add_token("alice", &json!({ "tokenLabel": label, "expiresAt": end }))
    };
    add("expired", Some(1));
    let used = add("used", None);
    site.pass(2 * DAY);
    let late = add("used late", Some(300));
    add("ends in 9", Some(9));
    add("ends in 3", Some(3));
    add("never used", None);
    for token in [&used, &late] {
        site.pass(HOUR);
        site.with_token("alice", token).get("/v2/").must_be(200);
    }
    let pages = pages_as(&site, "alice");
    shows(&pages, &["ends in 3", "ends in 9", "used late", "used", "never used", "expired"]);
    pages.browser.click("Ends");
    shows(&pages, &["expired", "ends in 3", "ends in 9", "used late", "never used", "used"]);
    assert!(pages.browser.url().ends_with("?sort=ends"), "{}", pages.browser.url());
    pages.browser.click("Last used");
    soon("the last used stand first", || (labels(&pages)[..2] == ["used late", "used"]).then_some(()));
    assert!(pages.browser.url().ends_with("?sort=-used"), "{}", pages.browser.url());
    pages.browser.click("State");
    soon("what ends comes last", || (labels(&pages)[3..] == ["ends in 3", "ends in 9", "expired"]).then_some(()));
    pages.must_be_clean(&[]);
}

/// Rows that a window shows without scrolling.
fn rows_in_window(pages: &Pages) -> f64 {
    number(
        pages,
        "return [...document.querySelectorAll('tbody tr')].filter((it) => it.getBoundingClientRect().bottom <= innerHeight).length",
    )
}

#[test]
fn fourteen_rows_of_one_line_fit_into_a_window_and_nothing_breaks_in_two() {
    let site = InProcess::start();
    site.add_person("alice");
    for number in 0..20 {
        let patterns = if number % 3 == 0 { json!([]) } else { json!(["infrastructure/*", "acme/*"]) };
        let end = (number % 2 == 0).then(|| site.in_time((number + 1) * DAY));
        let body = json!({
            "tokenLabel": format!("a description of some length, number {number}"), "accessLevel": "read-write",
            "repositories": patterns, "expiresAt": end,
        });
        site.add_token("alice", &body);
    }
    site.pass(HOUR);
    let pages = pages_as(&site, "alice");
    let tallest =
        "return Math.max(...[...document.querySelectorAll('tbody tr')].map((it) => it.getBoundingClientRect().height))";
    let broken = "return [...document.querySelectorAll('tbody .badge, tbody td:last-child a')] \
        .filter((it) => it.checkVisibility() && it.getClientRects().length !== 1 || it.offsetHeight > 32).map((it) => it.textContent)";
    for width in [1280, 1100, 1000, 900, 800, 769] {
        pages.look("light", width);
        assert!(
            number(&pages, tallest) <= if width >= 1000 { 46.0 } else { 80.0 },
            "{width}: {}",
            number(&pages, tallest)
        );
        assert_eq!(pages.browser.run(broken, json!([])), json!([]), "{width}");
        assert_eq!(pages.too_wide("the list"), None, "{width}");
        if width == 1280 {
            assert!(rows_in_window(&pages) >= 14.0, "{} rows", rows_in_window(&pages));
        }
    }
    pages.look("light", 390);
    assert!(number(&pages, tallest) <= 80.0, "a card of {}", number(&pages, tallest));
    let small = "return [...document.querySelectorAll('.list .pick label')].filter((it) => it.checkVisibility()) \
        .map((it) => it.getBoundingClientRect()).filter((it) => it.width < 44 || it.height < 44).length";
    assert_eq!(pages.browser.run(small, json!([])), json!(0), "44 px for a finger");
    pages.must_be_clean(&[]);
}

#[test]
fn on_a_phone_one_sorts_by_a_select_and_nothing_unseen_takes_the_focus() {
    let (site, pages) = with_tokens(&numbered(3));
    pages.look("light", 390);
    let hidden = "return [...document.querySelectorAll('thead button, thead input')].filter((it) => { it.focus(); return document.activeElement === it; }).length";
    assert_eq!(pages.browser.run(hidden, json!([])), json!(0));
    pages.browser.pick("Sort", "-description");
    shows(&pages, &["token 03", "token 02", "token 01"]);
    assert!(pages.browser.url().ends_with("?sort=-description"), "{}", pages.browser.url());
    pages.browser.click_css(".narrow input[aria-label='Select all of this page']");
    pages.browser.see("3 selected");
    let row = pages.browser.rows(TABLE)[0].join(" ");
    assert!(row.contains("never used"), "{row}");
    for path in ["/organizations", "/repositories", "/people", "/people/alice?tab=tokens"] {
        if path == "/people" {
            pages.sign_out("alice");
            let body = json!({ "name": "acme", "isOrg": true });
            site.as_local().post("/enzi/v0/accounts", &body).must_be(201);
            pages.sign_in("admin", PASSWORD);
        }
        pages.open(path);
        assert_eq!(pages.browser.run(hidden, json!([])), json!(0), "{path}");
    }
    pages.must_be_clean(&[]);
}

#[test]
fn what_is_not_shown_is_not_selected_and_that_is_said() {
    let (_site, pages) = with_tokens(&numbered(30));
    let browser = &pages.browser;
    browser.click("Description");
    browser.click_css("input[aria-label='Select token 03']");
    browser.click_css("input[aria-label='Select token 12']");
    browser.see("2 selected");
    browser.fill("Search access tokens", "12");
    browser.see("1 selected · 1 deselected because it is not shown");
    browser.see("1 of 30 access tokens");
    assert_eq!(selected(&pages), json!(["token 12"]));
    browser.fill("Search access tokens", "token");
    browser.see("1 selected");
    assert_eq!(selected(&pages), json!(["token 12"]), "what was cut does not come back");
    browser.see_no_more("deselected");
    browser.click("Next");
    browser.see("Page 2 of 2");
    browser.see("1 deselected because it is not shown");
    assert!(!browser.has("button", "Delete"));
    browser.click("Previous");
    browser.see("Page 1 of 2");
    browser.see_no_more("deselected");
    assert_eq!(selected(&pages), json!([]));
    browser.click_css("input[aria-label='Select token 04']");
    browser.see("1 selected");
    browser.see_no_more("deselected");
    browser.follow("30 never used");
    browser.see("1 selected");
    pages.must_be_clean(&[]);
}

#[test]
fn shift_takes_a_range_and_all_that_was_found_can_be_selected() {
    let (site, pages) = with_tokens(&numbered(30));
    let browser = &pages.browser;
    browser.click("Description");
    browser.click_css("input[aria-label='Select token 03']");
    let shift = "document.querySelector('input[aria-label=\"Select token 06\"]') \
        .dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))";
    browser.run(shift, json!([]));
    browser.see("4 selected");
    assert_eq!(selected(&pages), json!(["token 03", "token 04", "token 05", "token 06"]));
    browser.click_css("thead input[aria-label='Select all of this page']");
    browser.see("25 selected");
    browser.click("Select all 30");
    browser.see("30 selected");
    browser.click_css("input[aria-label='Select token 01']");
    browser.see("29 selected, 5 of them on other pages");
    browser.click("Next");
    browser.see("Page 2 of 2");
    assert_eq!(selected(&pages), json!(["token 26", "token 27", "token 28", "token 29", "token 30"]));
    browser.click_css("input[aria-label='Select token 30']");
    browser.see("28 selected, 24 of them on other pages");
    browser.click("Deactivate");
    browser.see("Deactivate 28 access tokens?");
    browser.click("Cancel");
    browser.click("Previous");
    browser.see("28 selected, 4 of them on other pages");
    browser.click_css("thead input[aria-label='Select all of this page']");
    browser.see("29 selected");
    browser.click_css("thead input[aria-label='Select all of this page']");
    browser.see_no_more("selected");
    browser.click_css("thead input[aria-label='Select all of this page']");
    browser.click("Select all 30");
    browser.follow("30 never used");
    browser.see("25 selected · 5 deselected because they are not shown");
    browser.click("Select all 30");
    browser.click("Deactivate");
    browser.see("Deactivate 30 access tokens?");
    browser.click("Deactivate");
    browser.see("30 access tokens deactivated");
    browser.see("30 inactive");
    let states = site.as_user("alice").get(&format!("{TOKENS}/counts")).must_be(200).json()["states"].clone();
    assert_eq!((&states["inactive"], &states["active"]), (&json!(30), &json!(0)));
    browser.click_css("input[aria-label='Select token 07']");
    browser.see("1 selected");
    assert!(!browser.has("button", "Deactivate"), "it is inactive");
    browser.click("Activate");
    browser.see("Activate this access token?");
    browser.click("Activate");
    browser.see("Access token activated");
    browser.see("29 inactive");
    pages.must_be_clean(&[]);
}

#[test]
fn a_clean_up_takes_what_has_expired_if_asked_to() {
    let site = InProcess::start();
    site.add_person("alice");
    for (label, days) in [("gone", 1), ("gone too", 2), ("stays", 300)] {
        site.add_token("alice", &json!({ "tokenLabel": label, "expiresAt": site.in_time(days * DAY) }));
    }
    site.pass(3 * DAY);
    let pages = pages_as(&site, "alice");
    let browser = &pages.browser;
    browser.click("Clean up");
    browser.see("No access token would be deleted.");
    browser.choose("All that have expired");
    browser.see("2 access tokens would be deleted:");
    browser.see("expired · never used");
    assert!(!browser.has("field", "Not used since"));
    browser.fill("Type delete to confirm", "delete");
    browser.click("OK");
    browser.see("2 access tokens deleted");
    shows(&pages, &["stays"]);
    pages.must_be_clean(&[]);
}

#[test]
fn an_empty_list_has_one_button() {
    let (_site, pages) = with_tokens(&[]);
    pages.browser.see("takes the place of your password");
    assert!(!pages.browser.has("button", "Clean up"), "there is nothing to clean up");
    let buttons =
        "return [...document.querySelectorAll('main .button.primary')].filter((it) => it.checkVisibility()).length";
    assert_eq!(pages.browser.run(buttons, json!([])), json!(1));
    pages.must_be_clean(&[]);
}

#[test]
fn the_list_tells_how_long_an_old_secret_works_on_a_phone_too() {
    let (site, pages) = with_tokens(&numbered(1));
    let listed = site.as_user("alice").get(TOKENS).must_be(200);
    let path = format!("{TOKENS}/{}/rotate", listed.text("/0/hashedToken"));
    site.as_user("alice").post(&path, &json!({ "overlap": 5 * 3_600 })).must_be(200);
    for (width, told) in [(1280, "old secret: in 5 hours"), (390, "old secret ends in 5 hours")] {
        pages.look("light", width);
        pages.open(LIST);
        pages.browser.see(told);
    }
    pages.must_be_clean(&[]);
}

#[test]
fn an_old_secret_is_ended_from_the_list_and_from_a_card() {
    let (site, pages) = with_tokens(&numbered(2));
    let browser = &pages.browser;
    let listed = site.as_user("alice").get(TOKENS).must_be(200);
    for place in [0, 1] {
        let path = format!("{TOKENS}/{}/rotate", listed.text(&format!("/{place}/hashedToken")));
        site.as_user("alice").post(&path, &json!({ "overlap": 5 * 3_600 })).must_be(200);
    }
    pages.open(LIST);
    browser.see("old secret");
    assert_eq!(pages.look_at("old-secrets"), Vec::<String>::new());
    for (width, label) in [(1280, "token 01"), (390, "token 02")] {
        pages.look("light", width);
        pages.open(LIST);
        browser.see("old secret");
        browser.click_css(&format!("button[aria-label='End it now: the old secret of {label}']"));
        browser.see("is refused at once. The new one stays.");
        browser.click("End it");
        browser.see("The old secret has ended");
        soon("the list has it no more", || {
            (!browser.has("css", &format!("button[aria-label*='{label}']"))).then_some(())
        });
        assert!(browser.url().ends_with(LIST), "the row did not open: {}", browser.url());
    }
    let listed = site.as_user("alice").get(TOKENS).must_be(200).json();
    assert!(listed.as_array().expect("a list").iter().all(|it| it["previousUntil"].is_null()), "{listed}");
    pages.must_be_clean(&[]);
}

#[test]
fn the_deeds_are_those_that_change_something() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_token("alice", &json!({ "tokenLabel": "gone", "expiresAt": site.in_time(HOUR) }));
    site.add_token("alice", &json!({ "tokenLabel": "stays" }));
    site.pass(2 * HOUR);
    let pages = pages_as(&site, "alice");
    let browser = &pages.browser;
    browser.click_css("input[aria-label='Select gone']");
    browser.see("1 selected");
    assert!(
        browser.has("button", "Delete") && !browser.has("button", "Deactivate") && !browser.has("button", "Activate")
    );
    browser.click_css("input[aria-label='Select stays']");
    browser.see("2 selected");
    browser.click("Deactivate");
    browser.see("Deactivate this access token?");
    pages.must_be_clean(&[]);
}

/// The page's next requests for lists of access tokens fail, or answer what the script gives.
fn answer_lists(pages: &Pages, answer: &str) {
    let script = format!(
        "window.real ??= window.fetch; window.fetch = (url, ...rest) => \
         url.pathname === '{TOKENS}' && url.searchParams.has('state') ? {answer} : window.real(url, ...rest)"
    );
    pages.browser.run(&script, json!([]));
}

#[test]
fn a_page_that_fails_leaves_nothing_selected() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_token("alice", &json!({ "tokenLabel": "gone", "expiresAt": site.in_time(HOUR) }));
    site.pass(1);
    site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    site.pass(2 * HOUR);
    let pages = pages_as(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people?tab=tokens");
    browser.click_css("input[aria-label='Select laptop']");
    browser.see("1 selected");
    answer_lists(&pages, "Promise.reject(new TypeError('broken'))");
    browser.follow("1 expired");
    browser.see("cannot be reached");
    browser.see_no_more("selected");
    assert!(!browser.has("button", "Delete") && !browser.has("button", "Deactivate"));
    browser.run("window.fetch = window.real", json!([]));
    browser.click("Try again");
    shows(&pages, &["gone"]);
    browser.follow("2 access tokens");
    shows(&pages, &["laptop", "gone"]);
    assert_eq!(selected(&pages), json!([]), "what was selected does not come back");
    pages.must_be_clean(&[]);
}

#[test]
fn a_page_without_rows_before_the_end_of_the_list_says_so() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_token("alice", &json!({ "tokenLabel": "gone", "expiresAt": site.in_time(HOUR) }));
    site.pass(2 * HOUR);
    let pages = pages_as(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people?tab=tokens");
    shows(&pages, &["gone"]);
    // As a server answers that has looked at many without finding one.
    let start = "01M8GCA60000000000000000AA";
    answer_lists(
        &pages,
        &format!("Promise.resolve(new Response('[]', {{ headers: {{ 'X-Next-Page-Start': '{start}' }} }}))"),
    );
    browser.follow("1 expired");
    browser.see("None so far: Next looks further");
    browser.run("window.fetch = window.real", json!([]));
    browser.click("Next");
    soon("it goes on there", || browser.url().contains(&format!("start={start}")).then_some(()));
    browser.see_no_more("None so far");
    browser.click("First page");
    shows(&pages, &["gone"]);
    pages.must_be_clean(&[]);
}

#[test]
fn administrators_see_filter_and_stop_everybodys_access_tokens() {
    let site = filled();
    let pages = pages_as(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people?tab=tokens");
    let api = site.as_admin().get(&format!("{TOKENS}/counts?everybody=true")).must_be(200).json();
    let parts = soon("the counts", || Some(counts(&pages)).filter(|it| !it.is_empty()));
    for (told, wanted) in
        [("access tokens", &api["total"]), ("expired", &api["states"]["expired"]), ("never used", &api["neverUsed"])]
    {
        assert_eq!(&number_of(&parts, told), wanted, "{told}: {parts:?}");
    }
    browser.see("acme/");
    browser.see("jonas");
    browser.follow(&format!("{} end within 14 days", api["expiring"]));
    soon("only those are shown", || browser.url().contains("show=ending").then_some(()));
    let shown = soon("their rows", || {
        let rows = browser.rows(TABLE);
        (Some(rows.len()) == api["expiring"].as_u64().map(|it| usize::try_from(it).expect("few"))).then_some(rows)
    });
    assert!(shown.iter().all(|row| row[3].starts_with("expires in")), "{shown:?}");
    browser.click("Ends");
    soon("in the order of their ends", || browser.url().contains("sort=ends").then_some(()));
    browser.click_css("tbody tr:first-child .pick input");
    browser.see("1 selected");
    browser.click("Deactivate");
    browser.see("Deactivate this access token?");
    browser.click("Deactivate");
    browser.see("Access token deactivated");
    assert_eq!(pages.look_at("everybodys-tokens"), Vec::<String>::new());
    pages.must_be_clean(&[]);
}

#[test]
fn everybodys_access_tokens_are_found_by_owner_and_what_has_expired_goes() {
    let site = InProcess::start();
    ["alice", "bob"].iter().for_each(|name| site.add_user(name));
    site.add_token("alice", &json!({ "tokenLabel": "of alice" }));
    for owner in ["alice", "bob"] {
        site.pass(1);
        let label = format!("{owner} before");
        site.add_token(owner, &json!({ "tokenLabel": label, "expiresAt": site.in_time(HOUR) }));
    }
    site.pass(2 * HOUR);
    let pages = pages_as(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people?tab=tokens");
    shows(&pages, &["bob before", "alice before", "of alice"]);
    browser.fill("Owner", "alice");
    browser.press(ENTER);
    browser.arrive("/people?tab=tokens&owner=alice");
    shows(&pages, &["alice before", "of alice"]);
    browser.see("2 access tokens");
    browser.follow("1 expired");
    shows(&pages, &["alice before"]);
    pages.open("/people?tab=tokens&owner=nobody");
    browser.see("nobody has no access tokens.");
    pages.open("/people?tab=tokens");
    browser.click("Clean up");
    browser.see("Delete 2 expired access tokens of everybody?");
    browser.fill("Type delete to confirm", "delete");
    browser.click_css("dialog button[type=submit]");
    browser.see("2 access tokens deleted");
    shows(&pages, &["of alice"]);
    pages.must_be_clean(&[404]);
}

#[test]
fn a_late_page_of_everybodys_access_tokens_changes_nothing_elsewhere() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    site.pass(1);
    let expired = site.add_token("alice", &json!({ "tokenLabel": "gone", "expiresAt": site.in_time(HOUR) }));
    site.pass(2 * HOUR);
    let pages = pages_as(&site, "admin");
    pages.open("/people?tab=tokens");
    pages.hold_answers("GET", "state=expired");
    pages.browser.follow("1 expired");
    pages.held(1);
    pages.browser.follow("2 access tokens");
    soon("all are asked for", || (!pages.browser.url().contains("show=")).then_some(()));
    pages.let_go();
    shows(&pages, &["gone", "laptop"]);
    pages.hold_answers("GET", "state=expired");
    pages.browser.follow("1 expired");
    pages.held(1);
    pages.browser.follow("Repositories");
    pages.browser.arrive("/repositories");
    pages.let_go();
    assert!(pages.browser.url().ends_with("/repositories"), "{}", pages.browser.url());
    site.as_admin().get(&token_path(&expired)).must_be(200);
    pages.must_be_clean(&[]);
}

#[test]
fn the_lists_look_well() {
    let site = filled();
    let pages = pages_as(&site, PERSON);
    pages.open(LIST);
    pages.browser.see("49 access tokens");
    assert_eq!(pages.look_at("access-tokens"), Vec::<String>::new());
    for width in [800, 1000] {
        assert_eq!(pages.look_at_width("access-tokens", width), Vec::<String>::new());
    }
    pages.look("light", 1280);
    pages.browser.click_css("thead input");
    pages.browser.see("25 selected");
    assert_eq!(pages.look_at("access-tokens-selected"), Vec::<String>::new());
    pages.browser.click("Clean up");
    pages.browser.choose("All that have expired");
    pages.browser.see("would be deleted:");
    assert_eq!(pages.look_at("clean-up"), Vec::<String>::new());
    pages.must_be_clean(&[]);
}
