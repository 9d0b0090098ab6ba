//! The manual as it is served and as it is read in the repository: every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::blocks::{Document, documents, root};
use crate::support::InProcess;

/// The places of a document that links may name, as a forge makes them.
fn places(document: &Document) -> BTreeSet<String> {
    let headings = Regex::new("(?m)^#{1,4} (.*)$").expect("an expression");
    let slug = |heading: &str| {
        let kept = heading.to_lowercase().replace(|sign: char| !(sign.is_alphanumeric() || " -_".contains(sign)), "");
        kept.replace(' ', "-")
    };
    let mut found = BTreeSet::new();
    for heading in headings.captures_iter(&document.prose()) {
        assert!(found.insert(slug(&heading[1])), "{}: two headings `{}`", document.name, &heading[1]);
    }
    found
}

/// Where the links of a document lead, with the document that each names, if it is one.
fn links(document: &Document) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)]+)\)").expect("an expression");
    link.captures_iter(&document.prose()).map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let all = documents();
    let places: BTreeMap<_, _> = all.iter().map(|document| (document.name.as_str(), places(document))).collect();
    for document in &all {
        let folder = if document.name == "README" { root().to_owned() } else { root().join("ui/manual") };
        for link in links(document).iter().filter(|link| !link.starts_with("https://")) {
            let (file, place) = link.split_once('#').map_or((link.as_str(), None), |(file, place)| (file, Some(place)));
            assert!(folder.join(file).exists(), "{}: {link} leads nowhere", document.name);
            let Some(place) = place else { continue };
            let name = match file.rsplit('/').next().unwrap_or_default().trim_end_matches(".md") {
                "" => document.name.as_str(),
                "README" => "contents",
                name => name,
            };
            assert!(places[name].contains(place), "{}: {link} is no place there", document.name);
            // In the binary, files beside the manual are not there.
            assert!(document.name == "README" || !file.contains('/'), "{}: {link} leaves the manual", document.name);
        }
    }
}

/// A secret that goes into a file is nobody else's.
#[test]
fn a_secret_goes_into_a_file_of_its_owner_alone() {
    let all = super::blocks::blocks();
    let lines: Vec<_> = all.iter().flat_map(|block| block.text.lines()).collect();
    let makes = |line: &&&str| {
        ["token create", "token rotate", "robot create", "robot rotate"].iter().any(|it| line.contains(it))
            && line.contains(" > ")
    };
    let secrets: Vec<_> = lines.iter().filter(makes).collect();
    assert!(secrets.len() > 5, "{secrets:?}");
    for line in secrets {
        assert!(line.contains("(umask 077; "), "others may read what this writes: {line}");
    }
}

#[test]
fn every_chapter_is_named_by_the_readme_and_the_contents() {
    let all = documents();
    let named = |name: &str| -> BTreeSet<String> {
        let document = all.iter().find(|document| document.name == name).expect("a document");
        let chapters = links(document).into_iter().filter_map(|link| {
            let file = link.split('#').next()?.trim_start_matches("ui/manual/").to_owned();
            Some(file.strip_suffix(".md").filter(|chapter| *chapter != "README")?.to_owned())
        });
        chapters.collect()
    };
    let chapters: BTreeSet<_> = all
        .iter()
        .map(|document| document.name.clone())
        .filter(|name| name != "README" && name != "contents")
        .collect();
    assert_eq!(named("README"), chapters, "left: the README; right: the chapters");
    assert_eq!(named("contents"), chapters, "left: the contents; right: the chapters");
}

#[test]
fn the_manual_is_read_without_signing_in_and_every_link_in_it_leads_somewhere() {
    let site = InProcess::start();
    let target = Regex::new("(?:href|src)=\"([^\"]+)\"").expect("an expression");
    let mut open = vec!["/manual".to_owned()];
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = open.pop() {
        let answer = site.as_nobody().get(&path).must_be(200);
        let policy = answer.header("content-security-policy").expect("a policy").to_owned();
        let others = site.as_nobody().get("/sign-in").must_be(200);
        assert_eq!(Some(policy.as_str()), others.header("content-security-policy"), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        for found in target.captures_iter(&answer.body) {
            let link = found[1].to_owned();
            let link = if link.starts_with('#') { format!("{path}{link}") } else { link };
            let page = link.split('#').next().expect("a path").to_owned();
            if page.starts_with("/manual") && !pages.contains_key(&page) && !open.contains(&page) && page != path {
                open.push(page);
            }
            named.insert(link);
        }
        pages.insert(path, answer.body);
    }
    assert_eq!(pages.len(), documents().len() - 1, "each chapter has a page");
    for link in named {
        match link.split_once('#') {
            Some((page, place)) if page.starts_with("/manual") => {
                assert!(pages[page].contains(&format!(" id=\"{place}\"")), "{link} is no place there");
            }
            _ if link.starts_with("https://") || link.starts_with("data:") => {}
            _ => drop(site.as_nobody().get(&link).must_be(200)),
        }
    }
}

#[test]
fn a_chapter_that_is_none_is_answered_as_any_unknown_path() {
    let site = InProcess::start();
    for path in ["/manual/nothing", "/manual/README", "/manual/tokens.md", "/manual/start/more"] {
        site.as_nobody().get(path).must_be_refused(404, "NOT_FOUND");
        let opened = site.as_nobody().header("Accept", "text/html").get(path).must_be(404);
        assert_eq!(opened.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    }
    // A chapter is no file of the pages.
    let asset = site.asset("manual/start.md");
    site.as_nobody().get(&asset).must_be_refused(404, "NOT_FOUND");
}
