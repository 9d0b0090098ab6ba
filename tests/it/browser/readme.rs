//! The pictures of the README: taken of the pages of a company, always at the same moment, and checked where they are kept. `packaging/screenshots/README.md` says how to renew them.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::filled::{PERSON, filled, pages_as};

/// What a picture may weigh, in bytes.
const HEAVIEST: usize = 150_000;
/// The size of the window, in pixels.
const WINDOW: [u32; 2] = [1240, 710];
/// Dots of a picture for each pixel of the page: sharp on every screen.
const SCALE: u32 = 2;

#[test]
fn the_pictures_of_the_readme_can_be_made() {
    let site = filled();
    let pages = pages_as(&site, PERSON);
    let browser = &pages.browser;
    for (name, path, expected) in [
        ("readme-access-tokens", "/profile/access-tokens", ["49 access tokens", "9 end within 14 days"]),
        ("readme-repository", "/repositories/acme/shop", ["17 pushes in 90 days", "docker login"]),
        ("readme-access", "/repositories/acme/shop?tab=access", ["Read-write", "administers acme"]),
    ] {
        browser.window("light", WINDOW, SCALE);
        pages.open(path);
        expected.iter().for_each(|text| browser.see(text));
        browser.keep_what_fits(name);
    }
    pages.must_be_clean(&[]);
}

#[test]
fn the_pictures_that_the_readme_names_are_there_and_light() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let named: BTreeSet<_> =
        readme.split("](packaging/screenshots/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(root.join("packaging/screenshots")).expect("the pictures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "png") {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let content = fs::read(&path).expect("a picture");
        assert!(content.starts_with(b"\x89PNG\r\n"), "{name} is no PNG");
        assert!(content.len() < HEAVIEST, "{name} has {} bytes", content.len());
        there.insert(name);
    }
    let there: BTreeSet<_> = there.iter().map(String::as_str).collect();
    assert_eq!(named, there, "what the README names, and what is there");
    assert!(!named.is_empty());
}
