//! The dependency rule of `src/lib.rs`: which module may name which, and which crates only one module may name.
//!
//! It reads the sources as text: the paths after `crate::` in code, and names of crates.

mod circles;
mod limits;
mod recipes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dockpass::domain::act::Act;

/// What each module may name; a path includes everything below it. Nothing points back.
const MAY_NAME: [(&str, &[&str]); 19] = [
    ("domain", &[]),
    ("age", &[]),
    ("net", &[]),
    ("pki", &["domain"]),
    ("metrics", &["domain"]),
    ("data_files", &[]),
    ("denied", &["domain"]),
    ("private_file", &["data_files", "denied"]),
    ("causes", &[]),
    ("correlation", &["domain"]),
    ("api", &["domain"]),
    ("config", &["denied", "domain", "private_file"]),
    ("registry", &["api", "causes", "correlation", "denied", "domain", "net", "private_file", "service"]),
    ("shipping", &["causes", "data_files", "denied", "domain", "net", "private_file", "service"]),
    ("store", &["data_files", "denied", "domain", "metrics", "private_file"]),
    ("service", &["data_files", "denied", "domain", "metrics", "pki", "private_file", "store"]),
    (
        "doctor",
        &[
            "api",
            "causes",
            "config",
            "data_files",
            "denied",
            "domain",
            "net",
            "pki",
            "private_file",
            "registry",
            "service",
        ],
    ),
    (
        "http",
        &[
            "api",
            "causes",
            "config",
            "correlation",
            "data_files",
            "denied",
            "doctor",
            "domain",
            "metrics",
            "pki",
            "private_file",
            "registry",
            "service",
            "shipping",
        ],
    ),
    (
        "cli",
        &[
            "age",
            "api",
            "causes",
            "config",
            "correlation",
            "data_files",
            "denied",
            "domain",
            "http",
            "net",
            "private_file",
        ],
    ),
];

/// Crates that belong to one module, so that replacing the store or the server changes nothing else.
const BELONGS_TO: [(&str, &str); 6] = [
    ("sled", "store"),
    ("bincode", "store"),
    ("actix_web", "http"),
    ("rust_embed", "http"),
    ("clap", "cli"),
    ("prometheus_client", "metrics"),
];

/// What the program itself may name: it parses arguments, starts the runtime, and calls the command line.
const PROGRAM: [&str; 3] = ["actix_web::rt", "clap", "dockpass::cli"];

pub(crate) struct Source {
    /// Names of the modules from the top, such as `["http", "tls", "files"]`.
    modules: Vec<String>,
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// The text without its comments.
    code: String,
}

impl Source {
    fn read(path: PathBuf, root: &Path) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let below = path.strip_prefix(root).unwrap().with_extension("");
        let names = below.iter().map(|name| name.to_str().unwrap().to_owned());
        let modules = names.filter(|name| name != "mod").collect();
        let code = without_comments(&text);
        Self { modules, path, text, code }
    }

    fn top(&self) -> &str {
        &self.modules[0]
    }
}

/// A text without its comments; a string never contains one.
fn without_comments(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else {
            let (piece, next) = rest.split_at(literal(rest));
            code.push_str(piece);
            rest = next;
        }
    }
    code
}

/// The length of the string or character literal at the beginning of a text, else that of its first character.
fn literal(text: &str) -> usize {
    match text.as_bytes() {
        [b'"', ..] => string(text),
        [b'r', b'"' | b'#', ..] => raw_string(text).unwrap_or(1),
        [b'\'', b'"', b'\'', ..] | [b'\'', b'\\', _, b'\'', ..] => "'.'".len() + usize::from(text.starts_with("'\\")),
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

fn string(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let (hashes, inner) = text.strip_prefix('r')?.split_once('"')?;
    let end = format!("\"{hashes}");
    let is_one = hashes.bytes().all(|byte| byte == b'#');
    is_one.then(|| hashes.len() + 2 + inner.find(&end).map_or(inner.len(), |place| place + end.len()))
}

pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source::read(path, &root));
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// What follows each whole word `word` in code.
fn after<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word).filter_map(move |(place, _)| {
        let is_whole = !code[..place].ends_with(is_word);
        let rest = &code[place + word.len()..];
        (is_whole && !rest.starts_with(is_word)).then_some(rest)
    })
}

/// The paths after each `crate::`, with groups in braces expanded.
fn named_paths(code: &str) -> BTreeSet<String> {
    after(code, "crate").filter_map(|rest| rest.strip_prefix("::")).flat_map(paths).collect()
}

/// The paths that a text begins with: one, or those of a group.
fn paths(text: &str) -> Vec<String> {
    if let Some(group) = text.strip_prefix('{') {
        return items(group).into_iter().flat_map(|item| paths(item.trim())).collect();
    }
    let (word, rest) = text.split_at(text.find(|letter| !is_word(letter)).unwrap_or(text.len()));
    let Some(rest) = rest.strip_prefix("::") else { return vec![word.to_owned()] };
    let below = paths(rest).into_iter();
    below
        .map(|path| if ["", "self"].contains(&path.as_str()) { word.to_owned() } else { format!("{word}::{path}") })
        .collect()
}

/// The items of a group, up to the brace that ends it.
fn items(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => items.push(&group[std::mem::replace(&mut start, place + 1)..place]),
            '}' => {
                items.push(&group[start..place]);
                break;
            }
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn allowed(top: &str) -> &'static [&'static str] {
    let entry = MAY_NAME.iter().find(|(module, _)| *module == top);
    entry.unwrap_or_else(|| panic!("the module {top} is not in the table of this test")).1
}

/// The modules under `src/`, without the crate's two roots.
fn modules() -> Vec<Source> {
    sources().into_iter().filter(|source| !["lib", "main"].contains(&source.top())).collect()
}

#[test]
fn modules_name_only_what_stands_below_them() {
    let (mut faults, mut used) = (Vec::new(), BTreeSet::new());
    for source in modules() {
        let top = source.top();
        // `able` is for tests alone, and no part of the program.
        let is_elsewhere = |path: &&String| !is_below(path, top) && !is_below(path, "able");
        for path in named_paths(&source.code).iter().filter(is_elsewhere) {
            match allowed(top).iter().find(|prefix| is_below(path, prefix)) {
                Some(prefix) => drop(used.insert((top.to_owned(), *prefix))),
                None => faults.push(format!("{} names crate::{path}", source.path.display())),
            }
        }
    }
    let table = MAY_NAME.iter().flat_map(|(top, prefixes)| prefixes.iter().map(|prefix| ((*top).to_owned(), *prefix)));
    let unused = table.filter(|edge| !used.contains(edge));
    faults.extend(unused.map(|(top, prefix)| format!("no file of {top} names crate::{prefix} any more: take it out")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The rooms of the use-cases, in the order of `src/service/mod.rs`: each names only those before it.
const ROOMS: [&str; 15] = [
    "error", "page", "access", "ledger", "settings", "signing", "sign_in", "content", "tokens", "gateway", "people",
    "answers", "keeping", "search", "start",
];

#[test]
fn a_room_of_the_use_cases_names_only_those_before_it() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut faults = Vec::new();
    for source in modules().iter().filter(|source| source.top() == "service" && source.modules.len() > 1) {
        let Some(own) = place(&source.modules[1]) else {
            assert_eq!(source.modules[1], "tests", "a room that is not in the list of this test");
            continue;
        };
        let below =
            |path: &String| path.strip_prefix("service::").and_then(|path| path.split("::").next()).map(str::to_owned);
        let named: BTreeSet<String> = named_paths(&source.code).iter().filter_map(below).collect();
        let wrong = named.iter().filter(|room| *room != "Service" && place(room).is_none_or(|room| room > own));
        faults.extend(wrong.map(|room| format!("{} names service::{room}", source.path.display())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_module_is_reached_around_the_crate_root() {
    // Indented code may be in a module inside the file, such as its tests, which is one level deeper.
    let climbs = |source: &Source| {
        let depth = |line: &str| source.modules.len() + usize::from(line.starts_with(' '));
        source.code.lines().any(|line| line.contains(&"super::".repeat(depth(line))))
    };
    let faults: Vec<_> = modules().into_iter().filter(climbs).map(|source| source.path).collect();
    assert!(faults.is_empty(), "name it from crate:: instead: {faults:?}");
}

#[test]
fn crates_stay_in_their_module() {
    let mut faults = Vec::new();
    for source in modules() {
        let foreign = BELONGS_TO.iter().filter(|(_, home)| *home != source.top());
        for (name, home) in foreign.filter(|(name, _)| after(&source.code, name).any(|rest| rest.starts_with("::"))) {
            faults.push(format!("{} names {name}, which only {home} names", source.path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A list may be as long as a client asks for, or have no pages, so only `read` and `block` may handle lists.
#[test]
fn no_list_is_made_on_a_thread_that_serves_requests_whatever_its_length() {
    let lists = ["list_", "teams_of_member", "repositories_of_team", "repository_access"];
    let mut faults = Vec::new();
    for source in modules().iter().filter(|source| source.top() == "http") {
        let code: String = source.code.split_whitespace().collect();
        for call in code.split(".run(|service,call|service.").skip(1) {
            if lists.iter().any(|list| call.starts_with(list)) {
                faults.push(format!("{}: {}", source.path.display(), call.split('(').next().unwrap()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A word of the audit log that is written elsewhere would be missing from the table.
#[test]
fn the_words_of_the_audit_log_stand_in_one_table() {
    let words: Vec<String> = Act::all().iter().map(|act| format!("\"{act}\"")).collect();
    let is_elsewhere =
        |source: &Source| source.modules != ["domain", "act"] && source.modules.iter().all(|it| it != "tests");
    let mut faults = Vec::new();
    for source in modules().iter().filter(|source| is_elsewhere(source)) {
        let code = source.text.split("#[cfg(test)]").next().unwrap();
        let found = words.iter().filter(|word| code.contains(word.as_str()));
        faults.extend(found.map(|word| format!("{} has {word}", source.path.display())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_program_only_starts_the_command_line() {
    let sources = sources();
    let program = sources.iter().find(|source| source.top() == "main").unwrap().code.clone();
    for name in ["dockpass", "actix_web", "clap", "rust_embed", "sled", "bincode"] {
        for rest in after(&program, name).filter(|rest| rest.starts_with("::")) {
            let path = format!("{name}{}", rest.split(|letter| !is_word(letter) && letter != ':').next().unwrap());
            assert!(PROGRAM.iter().any(|prefix| is_below(path.trim_end_matches(':'), prefix)), "main.rs names {path}");
        }
    }
}

#[test]
fn files_begin_with_what_they_own() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    let silent: Vec<_> = silent.map(|source| source.path).collect();
    assert!(silent.is_empty(), "without `//!` at the top: {silent:?}");
}

#[test]
fn comments_are_no_code_and_strings_are() {
    let code = concat!(
        r#"let url = "https://\"example\""; // crate::a"#,
        "\n",
        r##"let [quote, raw] = ['"', r#"a"//"#]; // crate::b"##,
        "\n",
        r"let it = '\''; // crate::c",
    );
    let expected = concat!(
        r#"let url = "https://\"example\""; "#,
        "\n",
        r##"let [quote, raw] = ['"', r#"a"//"#]; "##,
        "\n",
        r"let it = '\''; ",
    );
    assert_eq!(without_comments(code), expected);
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let code = "use crate::{\n    api,\n    store::{self, Table},\n};\nlet now = crate::domain::time::now();\nuse mycrate::other;";
    let found: Vec<_> = named_paths(code).into_iter().collect();
    assert_eq!(found, ["api", "domain::time::now", "store", "store::Table"]);
    assert!(is_below("store::table::Table", "store::table"));
    assert!(!is_below("stores", "store"));
}
