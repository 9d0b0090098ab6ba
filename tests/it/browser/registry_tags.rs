//! Tags of a real registry in the web pages: pushed tags are shown as they are, deleted ones are gone in the registry.

use serde_json::{Value, json};

use crate::support::{Clients, Image, ImageList, Pages, Pair, person::soon, process::eventually};

const TAGS: &str = "/repositories/alice/app?tab=tags";
const TABLE: &str = "tags";

/// A registry with three tags of alice's, which dockpass was told of and has looked at.
struct Pushed {
    pair: Pair,
    alice: Clients,
    first: Image,
    list: ImageList,
}

impl Pushed {
    fn new() -> Self {
        let pair = Pair::with_users(&["alice", "bob"]);
        let alice = pair.clients_of("alice", &[]);
        let (first, second, list) = (Image::holding("one"), Image::holding("two"), ImageList::holding("many"));
        alice.push(&first, &pair.at("alice/app:1")).must_succeed();
        alice.push(&second, &pair.at("alice/app:2")).must_succeed();
        alice.push_list(&list, &pair.at("alice/app:many")).must_succeed();
        pair.all_is_told(&alice, "alice");
        // What a manifest says is read after the notification was answered.
        eventually("the manifests were looked at", || {
            let tags = pair.dockpass().tags("alice/app");
            tags.iter().all(|tag| tag["platforms"].as_array().is_some_and(|them| !them.is_empty())).then_some(())
        });
        Self { pair, alice, first, list }
    }

    /// The tab with the tags, as somebody.
    fn pages(&self, user: &str) -> Pages {
        let pages = self.pair.pages();
        pages.sign_in(user, &self.pair.dockpass().add_token(user, &[]).secret);
        pages.open(TAGS);
        pages
    }

    /// The tags that the registry has, whatever dockpass says.
    fn tags_there(&self) -> Vec<String> {
        let listed = Clients::new().tags(&self.pair.open_registry().at("alice/app")).must_succeed().stdout;
        let listed = serde_json::from_str::<Value>(&listed).expect("JSON")["Tags"].take();
        let mut tags: Vec<String> = serde_json::from_value(listed).expect("tags");
        // A registry tells them in no order.
        tags.sort();
        tags
    }
}

/// The row of a tag, from its name on.
fn row(pages: &Pages, tag: &str) -> Option<Vec<String>> {
    let mut rows = pages.browser.rows(TABLE).into_iter();
    rows.find_map(|row| row.iter().position(|cell| cell == tag).map(|place| row[place..].to_vec()))
}

/// Bytes as people say them, by thousands.
fn amount(bytes: u64) -> String {
    assert!((1_000..1_000_000).contains(&bytes), "another unit for {bytes}");
    let (whole, tenth) = ((bytes + 50) / 1_000, (bytes + 50) % 1_000 / 100);
    match (bytes < 10_000, tenth) {
        (true, 1..) => format!("{whole}.{tenth} kB"),
        (true, 0) => format!("{whole} kB"),
        (false, _) => format!("{} kB", (bytes + 500) / 1_000),
    }
}

#[test]
fn what_was_pushed_is_told_with_digest_size_and_platforms() {
    let pushed = Pushed::new();
    let pages = pushed.pages("alice");
    pages.browser.see("3 tags");
    for (tag, digest, size, platforms) in [
        ("1", &pushed.first.digest, pushed.first.size, "linux/amd64"),
        ("many", &pushed.list.digest, pushed.list.size, "linux/amd64, linux/arm64"),
    ] {
        assert_eq!(&pushed.alice.digest(&pushed.pair.at(&format!("alice/app:{tag}"))), digest);
        let row = row(&pages, tag).expect("its row");
        assert_eq!([&row[2], &row[3]], [&amount(size), platforms], "{row:?}");
        assert!(row[4].contains(&digest[..19]), "{digest} in {row:?}");
        pages.browser.fill("Search tags", digest);
        pages.browser.see("1 of 3 tags");
        assert_eq!(
            self::row(&pages, tag).map(|found| found[0].clone()).as_deref(),
            Some(tag),
            "found by all of {digest}"
        );
        pages.browser.fill("Search tags", "linux");
        pages.browser.see("3 tags");
    }
    pages.must_be_clean(&[]);
}

#[test]
fn a_deleted_tag_is_gone_in_the_registry_and_the_others_stay() {
    let pushed = Pushed::new();
    let pages = pushed.pages("alice");
    let browser = &pages.browser;
    browser.click_css("input[aria-label='Select 1']");
    browser.click("Delete");
    browser.see("Delete this tag?");
    browser.see("alice/app:1");
    assert!(!browser.is_enabled("Delete"), "nothing was typed yet");
    browser.click("Cancel");
    assert_eq!(pushed.tags_there(), ["1", "2", "many"]);
    browser.click("Delete");
    browser.add("Type delete to confirm", "delete");
    browser.click_css("dialog button[type=submit]");
    browser.see("Tag deleted");
    soon("its row is gone", || (browser.rows(TABLE).len() == 2 && row(&pages, "1").is_none()).then_some(()));
    assert_eq!(pushed.tags_there(), ["2", "many"]);
    assert_eq!(pushed.pair.dockpass().tag_names("alice/app"), ["2", "many"]);
    pushed.alice.pull(&pushed.pair.at("alice/app:1")).must_fail_with(&["manifest unknown"]);
    pushed.alice.pull(&pushed.pair.at("alice/app:2")).must_succeed();
    pages.open("/repositories/alice/app");
    browser.see("2 tags");
    pages.must_be_clean(&[]);
}

#[test]
fn a_tag_is_deleted_in_the_registry_from_its_own_page() {
    let pushed = Pushed::new();
    let pages = pushed.pages("alice");
    let browser = &pages.browser;
    browser.follow("many");
    browser.arrive("/repositories/alice/app/tags/many");
    for told in ["linux/amd64", "linux/arm64", pushed.list.digest.as_str(), "over 2 platforms", "alice"] {
        browser.see(told);
    }
    // What is offered to pull one platform is there.
    let titles =
        "return [...document.querySelectorAll('button')].map((it) => it.title).filter((it) => it.includes('@'))";
    let lines = browser.run(titles, json!([]));
    let lines: Vec<&str> = lines.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        let (_, digest) = line.split_once('@').expect("a digest");
        pushed.alice.pull(&pushed.pair.at(&format!("alice/app@{digest}"))).must_succeed();
    }
    browser.click("Delete");
    browser.see("alice/app:many");
    browser.see_no_more("These tags have the same image.");
    browser.fill("Type delete to confirm", "delete");
    browser.click_css("dialog button[type=submit]");
    browser.see("Tag deleted");
    browser.arrive("/repositories/alice/app?tab=tags");
    browser.see("2 tags");
    assert_eq!(pushed.tags_there(), ["1", "2"]);
    // The page of what is gone is not where Back leads.
    browser.back();
    browser.see_no_more("Pushed by");
    pages.open("/repositories/alice/app/tags/many");
    browser.see("There is nothing here");
    pages.must_be_clean(&[404]);
}

#[test]
fn who_may_only_pull_is_not_offered_to_delete() {
    let pushed = Pushed::new();
    let secret = pushed.pair.dockpass().add_token("alice", &[]).secret;
    let alice = pushed.pair.dockpass().http_as("alice", &secret);
    let grant = "/api/v0/repositories/alice/app/userAccess/bob";
    alice.put(grant, &json!({ "accessLevel": "read-only" })).must_be(200);
    let pages = pushed.pages("bob");
    pages.browser.see("3 tags");
    assert!(!pages.browser.has("css", "main input[type=checkbox]"));
    alice.put(grant, &json!({ "accessLevel": "read-write" })).must_be(200);
    pages.browser.reload();
    pages.browser.see("3 tags");
    assert!(pages.browser.has("css", "input[aria-label='Select many']"));
    pages.must_be_clean(&[]);
}
