//! Lists of more than one page: search, order and page stand in the address, so that Back, a reload and a bookmark in
//! another browser show the very same rows.

use serde_json::json;

use crate::support::{InProcess, Pages, exe::PASSWORD, person::soon};

/// A list that is looked at, with the table's name and the column of the name.
struct Looked<'a> {
    pages: &'a Pages,
    table: &'static str,
    column: usize,
}

impl Looked<'_> {
    /// The names that it shows.
    fn names(&self) -> Vec<String> {
        let name = |row: &Vec<String>| row[self.column].lines().next().unwrap_or_default().to_owned();
        self.pages.browser.rows(self.table).iter().map(name).collect()
    }

    /// Waits until it shows these names in this order.
    fn shows(&self, names: &[String]) {
        let what = format!("the table shows {names:?}");
        soon(&what, || (self.names() == names).then_some(()));
    }
}

fn numbered(kind: &str, numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|number| format!("{kind}-{number:02}")).collect()
}

/// Searches, sorts in falling order by so many clicks on the column's head, turns to the second page, and comes back to
/// it in every way.
fn turn_and_come_back(site: &InProcess, looked: &Looked<'_>, search: &str, (head, clicks): (&str, u8)) {
    let [first, second] = &expected();
    let browser = &looked.pages.browser;
    browser.fill(search, "app");
    soon("the search stands in the address", || browser.url().contains("q=app").then_some(()));
    for _ in 0..clicks {
        let before = browser.url();
        browser.click(head);
        soon("so does the order", || (browser.url() != before).then_some(()));
    }
    looked.shows(first);
    browser.click("Next");
    looked.shows(second);
    let bookmark = browser.url();
    browser.reload();
    looked.shows(second);
    assert_eq!(browser.value(search), "app");
    browser.back();
    looked.shows(first);
    browser.run("history.forward()", json!([]));
    looked.shows(second);
    // Into a row and back.
    browser.follow(&second[0]);
    soon("its page", || {
        let heading = browser.run("return document.querySelector('main h1').textContent", json!([]));
        heading.as_str()?.ends_with(&second[0]).then_some(())
    });
    browser.back();
    looked.shows(second);
    // The address is all that a bookmark keeps.
    let path = bookmark.splitn(4, '/').nth(3).expect("a path").to_owned();
    let other = site.pages();
    other.sign_in("alice", PASSWORD);
    other.open(&format!("/{path}"));
    Looked { pages: &other, table: looked.table, column: looked.column }.shows(second);
    other.must_be_clean(&[]);
}

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_person("alice");
    site
}

/// What the first and the second page show then: 25 rows, and the rest.
fn expected() -> [Vec<String>; 2] {
    [numbered("app", (6..=30).rev()), numbered("app", (1..=5).rev())]
}

#[test]
fn the_second_page_of_access_tokens_is_found_again() {
    let site = with_alice();
    for label in [numbered("app", 1..=30), numbered("other", 1..=10)].concat() {
        site.add_token("alice", &json!({ "tokenLabel": label }));
    }
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open("/profile/access-tokens");
    let looked = Looked { pages: &pages, table: "access tokens", column: 1 };
    turn_and_come_back(&site, &looked, "Search access tokens", ("Description", 2));
    pages.browser.see("30 of 40 access tokens");
    pages.browser.see("Page 2 of 2");
    pages.must_be_clean(&[]);
}

#[test]
fn the_second_page_of_repositories_is_found_again() {
    let site = with_alice();
    for name in [numbered("app", 1..=30), numbered("other", 1..=10)].concat() {
        site.add_repository(&format!("alice/{name}"));
    }
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open("/repositories/alice");
    let looked = Looked { pages: &pages, table: "repositories", column: 0 };
    turn_and_come_back(&site, &looked, "Search repositories", ("Name", 1));
    pages.browser.click("First page");
    looked.shows(&expected()[0]);
    pages.must_be_clean(&[]);
}
