//! The page of a tag, and what its row in the list says of it.

use dockpass::domain::content::{Digest, Image, Platform, PlatformImage};
use serde_json::json;

use crate::support::{
    InProcess, Website,
    exe::PASSWORD,
    mock::{Mock, answer},
    notify::{digest, read_image},
    site::DAY,
};

const TAGS: &str = "/repositories/alice/app?tab=tags";
const LATEST: &str = "/repositories/alice/app/tags/latest";

/// Three tags, two of them of one image.
fn tagged() -> Website {
    Website::with_tags(&[("latest", 1), ("v1", 1), ("v2", 2)])
}

fn title(site: &Website) -> String {
    site.browser.run("return document.title", json!([])).as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_row_names_the_tags_of_the_same_image_and_gives_its_pull_line() {
    let site = tagged();
    site.open(TAGS);
    site.browser.see("3 tags");
    let rows = site.browser.rows("tags");
    let of = |tag: &str| rows.iter().flatten().find(|cell| cell.lines().next() == Some(tag)).cloned().expect("its row");
    assert!(of("latest").contains("same image: v1") && of("v1").contains("same image: latest"), "{rows:?}");
    assert!(!of("v2").contains("same image"), "{rows:?}");
    site.browser.see("by alice");
    site.browser.click("Copy pull line of v2");
    site.copied("docker pull HOST/alice/app:v2");
    let set = json!({ "registryPublicHost": "images.example.com" });
    site.api("admin").post("/api/v0/meta/settings", &set).must_be(202);
    site.browser.reload();
    site.browser.click("Copy pull line of latest");
    site.copied("docker pull images.example.com/alice/app:latest");
    // Sorted by digest, what is one image stands together.
    site.browser.click("Digest");
    site.browser.see("3 tags");
    assert!(site.browser.url().contains("sort=digest"), "{}", site.browser.url());
    let order: Vec<_> =
        site.browser.rows("tags").iter().map(|row| row[1].lines().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(order[2], "v2", "{order:?}");
    site.must_be_clean(&[]);
}

#[test]
fn a_tag_has_a_page_of_its_own() {
    let site = tagged();
    let set = json!({ "registryPublicHost": "images.example.com" });
    site.api("admin").post("/api/v0/meta/settings", &set).must_be(202);
    site.open(TAGS);
    site.browser.follow("latest");
    site.browser.arrive(LATEST);
    site.browser.see("Pushed by");
    site.browser.see(&digest(1));
    site.browser.see("docker pull images.example.com/alice/app:latest");
    site.browser.see(&format!("docker pull images.example.com/alice/app@{}", digest(1)));
    site.browser.see("Seen since");
    site.browser.see_no_more("First seen");
    assert_eq!(title(&site), "alice/app:latest · dockpass");
    site.browser.click("Copy the digest");
    site.copied(&digest(1));
    site.browser.see("These tags have the same digest.");
    site.browser.follow("v1");
    site.browser.arrive("/repositories/alice/app/tags/v1");
    site.browser.reload();
    site.browser.see("docker pull images.example.com/alice/app:v1");
    assert_eq!(site.look_at("tag"), Vec::<String>::new());
    site.browser.follow("Tags");
    site.browser.arrive("/repositories/alice/app");
    site.browser.see("3 tags");
    assert_eq!(title(&site), "Tags · alice/app · dockpass");
    site.must_be_clean(&[]);
}

#[test]
fn a_list_of_images_gives_the_pull_line_of_each_platform() {
    let site = InProcess::start_with(&[("registry.public_host", "images.example.com")]);
    site.add_person("alice");
    site.add_repository("alice/app");
    site.push("alice/app", &[("latest", 1), ("old", 2)]);
    let platform = |architecture: &str| {
        let [os, architecture] = ["linux", architecture].map(str::to_owned);
        Platform { os, architecture, ..Platform::default() }
    };
    let own = |architecture, number, size| PlatformImage {
        platform: platform(architecture),
        digest: Some(Digest::parse(&digest(number)).expect("a digest")),
        size,
    };
    let lists = [
        ("latest", vec![own("amd64", 7, Some(38_000_000)), own("arm64", 8, None)]),
        ("old", vec![platform("amd64").into(), platform("arm64").into()]),
    ];
    let site = site.restart_after(|data, clock| {
        for (tag, platforms) in lists {
            read_image(data, clock, ("alice/app", tag), Image { size: 38_000_000, platforms, ..Image::default() });
        }
    });
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open(LATEST);
    let cells = |table: &str| -> Vec<Vec<String>> {
        let first = |cell: String| cell.lines().next().unwrap_or_default().to_owned();
        pages.browser.rows(table).into_iter().map(|row| row.into_iter().take(3).map(first).collect()).collect()
    };
    assert_eq!(
        cells("platforms"),
        [["linux/amd64", "38 MB", "sha256:070707070707…"], ["linux/arm64", "not known", "sha256:080808080808…"]]
    );
    let lines =
        "return [...document.querySelectorAll('button')].map((it) => it.title).filter((it) => it.includes('@'))";
    let line = |number| format!("docker pull images.example.com/alice/app@{}", digest(number));
    assert_eq!(pages.browser.run(lines, json!([])), json!([line(7), line(8)]));
    assert!(pages.browser.has("button", "Copy pull line of linux/arm64"));
    // What an earlier version has read is shown as far as it goes.
    pages.open("/repositories/alice/app/tags/old");
    assert_eq!(
        cells("platforms"),
        [["linux/amd64", "not known", "not known"], ["linux/arm64", "not known", "not known"]]
    );
    assert!(!pages.browser.has("button", "Copy pull line of linux/amd64"));
    pages.must_be_clean(&[]);
}

#[test]
fn a_tag_that_moved_says_since_when_and_what_it_is_the_same_as_now() {
    let site = InProcess::start();
    site.add_person("alice");
    site.add_repository("alice/app");
    site.push("alice/app", &[("latest", 1), ("v1", 1), ("v2", 2)]);
    site.pass(3 * DAY);
    site.push("alice/app", &[("latest", 2)]);
    let pages = site.pages();
    pages.set_clock(&site.in_time(2 * DAY), "UTC");
    pages.sign_in("alice", PASSWORD);
    pages.open(LATEST);
    let shown = pages.browser.text();
    assert!(shown.contains("Points there since\n2 days ago") && shown.contains("First seen\n5 days ago"), "{shown}");
    assert!(pages.browser.has("link", "v2") && !pages.browser.has("link", "v1"), "{shown}");
    pages.must_be_clean(&[]);
}

#[test]
fn a_tag_that_is_not_there_or_hidden_has_no_page() {
    let site = tagged();
    site.open("/repositories/alice/app/tags/none-such");
    site.browser.see("There is nothing here");
    site.api("admin").post("/api/v0/repositories/admin", &json!({ "name": "hidden" })).must_be(201);
    site.push("admin/hidden", &[("stable", 3)]);
    site.open("/repositories/admin/hidden/tags/stable");
    site.browser.see("There is nothing here");
    assert!(!site.browser.text().contains("docker pull"));
    site.must_be_clean(&[404]);
}

#[test]
fn who_may_only_pull_is_offered_no_deletion_of_a_tag() {
    let site = tagged();
    site.api("admin")
        .post("/api/v0/repositories/admin", &json!({ "name": "tools/lint", "visibility": "public" }))
        .must_be(201);
    site.push("admin/tools/lint", &[("stable", 3)]);
    // A name with a slash in it stays one part of the address.
    site.open("/repositories/admin/tools%2Flint?tab=tags");
    site.browser.follow("stable");
    site.browser.arrive("/repositories/admin/tools%2Flint/tags/stable");
    site.browser.see("docker pull HOST/admin/tools/lint:stable");
    assert!(!site.browser.has("button", "Delete"));
    site.open(LATEST);
    assert!(site.browser.has("button", "Delete"));
    site.must_be_clean(&[]);
}

#[test]
fn where_the_registry_deletes_by_tag_the_others_of_the_image_stay() {
    let registry = Mock::saying(|asked| {
        let is_there = asked == "DELETE /v2/alice/app/manifests/1.0";
        Some(answer(if is_there { 202 } else { 404 }, "", "{}"))
    });
    let site = InProcess::start_with(&[("registry.url", &registry.url)]);
    site.add_person("alice");
    site.add_repository("alice/app");
    site.push("alice/app", &[("1.0", 1), ("stays", 1)]);
    let pages = site.pages();
    pages.sign_in("alice", PASSWORD);
    pages.open("/repositories/alice/app/tags/1.0");
    pages.browser.click("Delete");
    pages.browser.see("Delete this tag?");
    pages.browser.see("These tags have the same image.");
    pages.browser.see("alice/app:stays");
    pages.browser.fill("Type delete to confirm", "delete");
    pages.browser.click_css("dialog button[type=submit]");
    pages.browser.see("Tag deleted");
    pages.browser.arrive("/repositories/alice/app?tab=tags");
    pages.browser.see("1 tag");
    assert!(pages.browser.has("link", "stays"));
    pages.must_be_clean(&[]);
}
