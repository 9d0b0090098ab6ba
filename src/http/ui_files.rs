//! The files of `ui/`, embedded in the binary, as they are served: scripts and styles below a path with the hash of them
//! all, so that browsers keep them for good, and the document of each page, which names the modules that its page needs, so
//! that a browser asks for all of them at once.
//!
//! Which modules these are is read from the scripts: the table of pages (`pages.js`) and what each module imports.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use actix_web::web::Bytes;
use rust_embed::RustEmbed;

use super::manual::{self, Chapter};
use super::static_answers::{Keeping, StaticAnswer};

/// The one document that draws every page.
const APP: &str = "index.html";
/// The module that it loads, and the one with the table of pages.
const FIRST_MODULE: &str = "app.js";
const TABLE: &str = "pages.js";

/// Where the files of a document are, as it is written.
const WRITTEN: &str = "\"/assets/";
/// The media type of pages.
const PAGE: &str = "text/html; charset=utf-8";

#[derive(RustEmbed)]
#[folder = "ui/"]
struct Embedded;

/// What is served of them. Each is prepared on its first request: an offline command requests none.
pub(super) struct UiFiles {
    hash: OnceLock<String>,
    assets: HashMap<Cow<'static, str>, OnceLock<StaticAnswer>>,
    pages: OnceLock<Vec<Page>>,
    /// The document of a path that is no page.
    bare: OnceLock<StaticAnswer>,
    docs: OnceLock<StaticAnswer>,
    /// The pages of the manual, by the names of its chapters.
    chapters: HashMap<&'static str, OnceLock<StaticAnswer>>,
}

/// A row of the table of pages.
struct Page {
    /// As `/people/{name}`.
    path: String,
    module: String,
    document: OnceLock<StaticAnswer>,
}

impl UiFiles {
    pub(super) fn new() -> Self {
        let assets = Embedded::iter().filter(|name| is_asset(name)).map(|name| (name, OnceLock::new()));
        Self {
            hash: OnceLock::new(),
            assets: assets.collect(),
            pages: OnceLock::new(),
            bare: OnceLock::new(),
            docs: OnceLock::new(),
            chapters: manual::CHAPTERS.map(|name| (name, OnceLock::new())).into(),
        }
    }

    /// A script or a style, by its name within `ui/`. Of another version than this there is none.
    pub(super) fn asset(&self, hash: &str, name: &str) -> Option<&StaticAnswer> {
        let place = self.assets.get(name).filter(|_| hash == self.hash())?;
        Some(place.get_or_init(|| StaticAnswer::new(media_type(name), bytes(name), Keeping::ForGood)))
    }

    /// The document of the page at a path, as the request has it.
    pub(super) fn document(&self, path: &str) -> &StaticAnswer {
        match self.pages().iter().find(|page| is_at(&page.path, path)) {
            Some(page) => page.document.get_or_init(|| self.html(APP, &[FIRST_MODULE, &page.module])),
            None => self.bare.get_or_init(|| self.html(APP, &[FIRST_MODULE])),
        }
    }

    /// The page that shows the OpenAPI document.
    pub(super) fn docs(&self) -> &StaticAnswer {
        self.docs.get_or_init(|| self.html("docs.html", &["docs.js"]))
    }

    /// The page of a chapter of the manual; without a name, of its table of contents.
    pub(super) fn chapter(&self, name: Option<&str>) -> Option<&StaticAnswer> {
        let name = manual::chapter(name)?;
        let make = || answer(self.placed(&manual::page(&text("manual.html"), name, &chapter)));
        self.chapters.get(name).map(|place| place.get_or_init(make))
    }

    /// The hash of all files, names included: 16 hexadecimal digits.
    fn hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let mut names: Vec<_> = self.assets.keys().collect();
            names.sort_unstable();
            let mut hasher = blake3::Hasher::new();
            for name in names {
                let content = bytes(name);
                hasher.update(format!("{name}\n{}\n", content.len()).as_bytes()).update(&content);
            }
            hasher.finalize().to_hex().chars().take(16).collect()
        })
    }

    fn pages(&self) -> &[Page] {
        self.pages.get_or_init(|| text(TABLE).lines().filter_map(row).collect())
    }

    fn html(&self, name: &str, modules: &[&str]) -> StaticAnswer {
        let place = self.place();
        let link = |module: &String| format!("<link rel=\"modulepreload\" href={place}{module}\">\n");
        let links = with_imports(modules).iter().map(link).collect::<Vec<_>>().concat();
        answer(self.placed(&text(name)).replace("</head>", &format!("{links}</head>")))
    }

    /// A document that names the files where they are.
    fn placed(&self, document: &str) -> String {
        document.replace(WRITTEN, &self.place())
    }

    fn place(&self) -> String {
        format!("\"/assets/{}/", self.hash())
    }
}

fn answer(document: String) -> StaticAnswer {
    StaticAnswer::new(PAGE, document.into(), Keeping::Revalidated)
}

/// Whether a file is served as it is. Documents have paths of their own, as has each chapter of the manual.
fn is_asset(name: &str) -> bool {
    media_type(name) != PAGE && Path::new(name).extension() != Some("md".as_ref())
}

/// A row of the table in `pages.js`: its path, and the module that draws the page.
fn row(line: &str) -> Option<Page> {
    let (_, rest) = line.split_once("{ path: \"")?;
    let (path, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once("load: ")?;
    let module = rest.split('"').nth(1)?;
    Some(Page { path: path.to_owned(), module: format!("{module}.js"), document: OnceLock::new() })
}

/// Whether a path is one of this pattern, as `pages.js` decides it.
fn is_at(pattern: &str, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let text = if text.len() > 1 { text.trim_end_matches('/') } else { text };
        text.split('/').map(str::to_owned).collect()
    };
    let (wanted, given) = (parts(pattern), parts(path));
    let is_part = |(wanted, given): (&String, &String)| {
        if wanted.starts_with('{') { !given.is_empty() } else { wanted == given }
    };
    wanted.len() == given.len() && wanted.iter().zip(&given).all(is_part)
}

/// These modules and what they import, and that imports, each once.
fn with_imports(modules: &[&str]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = modules.iter().map(|module| (*module).to_owned()).collect();
    let mut open: Vec<String> = found.iter().cloned().collect();
    while let Some(module) = open.pop() {
        let source = text(&module);
        let next: Vec<_> = source.lines().filter_map(|line| imported(&module, line)).collect();
        open.extend(next.into_iter().filter(|name| found.insert(name.clone())));
    }
    found
}

/// The module that a line of a static import names, as `import { h } from "../lib/dom.js";` or the last line of a longer one.
fn imported(by: &str, line: &str) -> Option<String> {
    let is_import = line.starts_with("import ") || line.starts_with("} from ");
    let named = line.split('"').nth(1).filter(|_| is_import)?;
    let folder = by.rsplit_once('/').map_or("", |(folder, _)| folder);
    match named.strip_prefix("../") {
        Some(rest) => Some(rest.to_owned()),
        None if folder.is_empty() => Some(named.trim_start_matches("./").to_owned()),
        None => Some(format!("{folder}/{}", named.trim_start_matches("./"))),
    }
}

fn bytes(name: &str) -> Bytes {
    match Embedded::get(name).map(|file| file.data) {
        Some(Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
        Some(Cow::Owned(bytes)) => bytes.into(),
        None => Bytes::new(),
    }
}

/// The chapters of the manual, in the order in which they are read.
#[must_use]
pub fn manual_chapters() -> Vec<Chapter> {
    manual::contents(&chapter)
}

/// A chapter of the manual as plain text, in lines of at most `width` columns where they can be broken.
#[must_use]
pub fn manual_text(name: &str, width: usize) -> String {
    manual::plain(name, width, &chapter)
}

/// The text of a chapter of the manual.
fn chapter(name: &str) -> String {
    text(&format!("manual/{name}.md"))
}

fn text(name: &str) -> String {
    String::from_utf8_lossy(&bytes(name)).into_owned()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => PAGE,
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_as_the_scripts_match_them() {
        assert!(is_at("/", "/"));
        assert!(is_at("/people/{name}", "/people/alice") && is_at("/people/{name}", "/people/alice/"));
        assert!(is_at("/people", "/people/"));
        assert!(!is_at("/people/{name}", "/people/") && !is_at("/people/{name}", "/people/a/b"));
    }

    #[test]
    fn imports_are_found_wherever_they_stand() {
        assert_eq!(imported("tokens/list.js", "import { h } from \"../lib/dom.js\";").as_deref(), Some("lib/dom.js"));
        assert_eq!(imported("tokens/list.js", "} from \"./token.js\";").as_deref(), Some("tokens/token.js"));
        assert_eq!(imported("app.js", "import * as nav from \"./nav.js\";").as_deref(), Some("nav.js"));
        assert_eq!(imported("app.js", "const text = \"from here\";"), None);
    }

    #[test]
    fn every_row_of_the_table_of_pages_is_read_and_its_module_is_there() {
        let files = UiFiles::new();
        let rows = text(TABLE).lines().filter(|line| line.contains("{ path: \"/")).count();
        assert!(rows > 15, "the table has rows");
        assert_eq!(files.pages().len(), rows);
        for page in files.pages() {
            assert!(Embedded::get(&page.module).is_some(), "{}: {}", page.path, page.module);
        }
    }
}
