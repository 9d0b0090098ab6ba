//! The sources of the web pages: every file in `ui/` is loaded by a page.

use std::path::{Path, PathBuf};
use std::{collections::BTreeSet, fs};

use crate::support::InProcess;

/// Where modules are named without their ending, for each is fetched when its page is opened first.
const TABLE: &str = "pages.js";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")
}

fn read(name: &str) -> String {
    let path = root().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files, those in folders as `folder/file`.
pub(crate) fn files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root()).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name().into_string().unwrap())).unwrap();
        if path.is_dir() {
            let inside = fs::read_dir(path).unwrap();
            found.extend(inside.map(|file| format!("{name}/{}", file.unwrap().file_name().into_string().unwrap())));
        } else {
            found.insert(name);
        }
    }
    found
}

pub(crate) fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Each text between `beginning` and the next quote.
fn quoted<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(beginning).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The file that a module means by `./file`, `../folder/file` or `./folder/file`.
fn relative(to: &str, named: &str) -> String {
    let folder = to.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (folder, rest) = match named.strip_prefix("../") {
        Some(rest) => ("", rest),
        None => (folder, named.trim_start_matches("./")),
    };
    if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") }
}

/// What the statements of a module import.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with("import ") || line.starts_with("} from "))
        .filter_map(|line| line.split('"').nth(1))
}

/// The files that one file loads.
fn loaded_by(name: &str) -> BTreeSet<String> {
    let text = read(name);
    let mut found: BTreeSet<String> = match ending(name) {
        "html" => quoted(&text, "\"/assets/").map(str::to_owned).collect(),
        "js" => imports(&text).map(|it| relative(name, it)).collect(),
        // The pictures of a chapter, which stand beside it.
        "md" => {
            let pictures = text.split("![").skip(1).filter_map(|it| it.split_once("](")?.1.split_once(')'));
            pictures.map(|(file, _)| format!("manual/{file}")).collect()
        }
        _ => BTreeSet::new(),
    };
    if name == TABLE {
        found.extend(["from(\"", "whole(\""].iter().flat_map(|call| quoted(&text, call)).map(|it| format!("{it}.js")));
    }
    found
}

/// What these modules import, and that imports, themselves included.
fn with_imports(modules: &[&str]) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = modules.iter().map(|it| (*it).to_owned()).collect();
    let mut open: Vec<String> = needed.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let text = read(&name);
        open.extend(imports(&text).map(|it| relative(&name, it)).filter(|it| needed.insert(it.clone())));
    }
    needed
}

/// Found by the browser one after the other, they would cost a journey each before the page is drawn.
#[test]
fn what_a_page_needs_is_loaded_at_once() {
    let site = InProcess::start();
    for (path, modules) in [
        ("/sign-in", ["app.js", "people/page-sign-in.js"].as_slice()),
        ("/profile/access-tokens", &["app.js", "tokens/page-list.js"]),
        ("/people/alice/access-tokens/new", &["app.js", "tokens/page-new.js"]),
        ("/repositories/acme/web%2Fshop", &["app.js", "repositories/page.js"]),
        ("/audit", &["app.js", "audit/page.js"]),
        ("/api/v0/docs", &["docs.js"]),
    ] {
        let page = site.as_nobody().get(path).must_be(200).body;
        let beginning = format!("rel=\"modulepreload\" href=\"{}", site.asset(""));
        let preloaded = quoted(&page, &beginning).map(str::to_owned).collect();
        assert_eq!(with_imports(modules), preloaded, "{path}; left: what its modules need; right: what it preloads");
    }
}

#[test]
fn every_file_is_loaded_by_a_page() {
    let all = files();
    // The chapters of the manual have pages of their own; `manual::pages` opens each.
    let is_page = |name: &&String| matches!(ending(name), "html" | "md");
    let mut loaded: BTreeSet<String> = all.iter().filter(is_page).cloned().collect();
    let mut open: Vec<String> = loaded.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for next in loaded_by(&name) {
            assert!(all.contains(&next), "{name} loads {next}, which is not there");
            if loaded.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    let idle: Vec<_> = all.difference(&loaded).collect();
    assert!(idle.is_empty(), "no page loads {idle:?}");
}
