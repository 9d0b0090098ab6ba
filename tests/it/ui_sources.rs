//! The sources of the web pages: every file in `ui/` is loaded by a page.

use std::{collections::BTreeSet, fs, path::Path};

/// Where modules are named without their ending, for each is fetched when its page is opened first.
const TABLE: &str = "pages.js";

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files() -> BTreeSet<String> {
    let directory = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")).unwrap();
    directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Each text between `beginning` and the next quote.
fn quoted<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(beginning).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The files that one file loads.
fn loaded_by(name: &str) -> BTreeSet<String> {
    let text = read(name);
    let mut found: BTreeSet<String> = match ending(name) {
        "html" => quoted(&text, "\"/assets/").map(str::to_owned).collect(),
        "js" => quoted(&text, " from \"./").chain(quoted(&text, "import \"./")).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    if name == TABLE {
        found.extend(["from(\"", "whole(\""].iter().flat_map(|call| quoted(&text, call)).map(|it| format!("{it}.js")));
    }
    found
}

#[test]
fn every_file_is_loaded_by_a_page() {
    let all = files();
    let mut loaded: BTreeSet<String> = all.iter().filter(|name| ending(name) == "html").cloned().collect();
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
