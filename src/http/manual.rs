//! The manual: chapters in Markdown below `ui/manual`, as a reader of the repository has them, made into pages when they are
//! asked for first. They are the same at every site and tell nothing about it, so that nobody has to sign in. The command line
//! prints them as plain text.
//!
//! `markdown` reads a chapter, `html` and `plain` write what it has read.

mod html;
mod markdown;
mod plain;

use html::{escaped, render};

/// The chapters, in the order in which they are read. The first one is the table of contents.
pub(super) const CHAPTERS: [&str; 22] = [
    "README",
    "start",
    "layouts",
    "gateway",
    "registry",
    "adopt",
    "packages",
    "tls",
    "permissions",
    "tokens",
    "ci",
    "pages",
    "commands",
    "configuration",
    "operate",
    "audit",
    "monitoring",
    "api",
    "security",
    "limits",
    "comparison",
    "silent",
];

/// What gives the text of a chapter.
type Read = dyn Fn(&str) -> String;

/// Where the template has what differs.
const TITLE: &str = "<!-- title -->";
const PLACES: &str = "<!-- chapters -->";
const CONTENT: &str = "<!-- content -->";

/// The chapter at a path, as `/manual` and `/manual/tokens`.
pub(super) fn chapter(part: Option<&str>) -> Option<&'static str> {
    match part {
        None => CHAPTERS.first().copied(),
        Some(part) => CHAPTERS.iter().skip(1).find(|name| **name == part).copied(),
    }
}

/// The page of a chapter.
pub(super) fn page(template: &str, chapter: &str, read: &Read) -> String {
    let made = render(&read(chapter), &link);
    let title = match chapter {
        "README" => "Manual".to_owned(),
        _ => format!("{} · Manual", title(chapter, read)),
    };
    let content = format!("{}{}", made.html, neighbours(chapter, read));
    let page = template.replace(TITLE, &escaped(&title)).replace(PLACES, &places(chapter, &made.headings, read));
    page.replace(CONTENT, &content)
}

/// A line of the table of contents.
pub struct Chapter {
    /// The chapter's name.
    pub name: &'static str,
    /// Its title, as it is written.
    pub title: String,
    /// Its title and what is in it, as plain text.
    pub about: String,
    /// The titles of its parts.
    pub parts: Vec<String>,
}

/// The chapters but the table of contents, as that tells of them.
pub(super) fn contents(read: &Read) -> Vec<Chapter> {
    let told = read("README");
    let about = |name: &str| {
        let line = told.lines().find(|line| line.starts_with("- [") && line.contains(&format!("]({name}.md)")));
        plain::render(line.unwrap_or_default().trim_start_matches("- "), usize::MAX, &|_| None).trim().to_owned()
    };
    let parts =
        |name: &str| read(name).lines().filter_map(|line| line.strip_prefix("## ").map(str::to_owned)).collect();
    let entry =
        |name: &&'static str| Chapter { name, title: title(name, read), about: about(name), parts: parts(name) };
    CHAPTERS.iter().skip(1).map(entry).collect()
}

/// A chapter as plain text of this width. Behind a link to another chapter stands its name, behind one to elsewhere its address.
pub(super) fn plain(name: &str, width: usize, read: &Read) -> String {
    plain::render(&read(name), width, &|target| match target.split_once('#').map_or(target, |(file, _)| file) {
        "" => None,
        file => Some(file.strip_suffix(".md").unwrap_or(target).to_owned()),
    })
}

/// What the first line says.
fn title(chapter: &str, read: &Read) -> String {
    read(chapter).lines().next().unwrap_or_default().trim_start_matches("# ").to_owned()
}

fn path(chapter: &str) -> String {
    match chapter {
        "README" => "/manual".to_owned(),
        _ => format!("/manual/{chapter}"),
    }
}

/// A link to a chapter beside leads to its page, that to a picture beside to the picture; all others stay.
fn link(target: &str) -> String {
    let (file, place) =
        target.split_once('#').map_or((target, String::new()), |(file, place)| (file, format!("#{place}")));
    match file.strip_suffix(".md") {
        Some(chapter) if CHAPTERS.contains(&chapter) => format!("{}{place}", path(chapter)),
        None if file.strip_suffix(".svg").is_some_and(|name| !name.contains('/')) => format!("/assets/manual/{file}"),
        _ => target.to_owned(),
    }
}

/// The list of chapters, with the parts of this one.
fn places(here: &str, headings: &[html::Heading], read: &Read) -> String {
    let row = |chapter: &&str| {
        let (is_here, title) = (*chapter == here, escaped(&title(chapter, read)));
        let mark = if is_here { " aria-current=\"page\"" } else { "" };
        let parts = headings.iter().filter(|it| is_here && it.level == 2);
        let part = |it: &html::Heading| format!("<li><a href=\"#{}\">{}</a></li>", it.slug, it.html);
        let parts = parts.map(part).collect::<Vec<_>>().concat();
        let parts = if parts.is_empty() { parts } else { format!("<ul>{parts}</ul>") };
        format!("<li><a href=\"{}\"{mark}>{title}</a>{parts}</li>\n", path(chapter))
    };
    CHAPTERS.iter().map(row).collect::<Vec<_>>().concat()
}

/// Links to the chapters before and after.
fn neighbours(here: &str, read: &Read) -> String {
    let at = CHAPTERS.iter().position(|name| *name == here).unwrap_or_default();
    let to = |place: Option<usize>, word: &str, name: &str| {
        let chapter = place.and_then(|place| CHAPTERS.get(place));
        let link = |chapter: &&str| {
            format!(
                "<a rel=\"{name}\" href=\"{}\"><small>{word}</small> {}</a>",
                path(chapter),
                escaped(&title(chapter, read))
            )
        };
        chapter.map(link).unwrap_or_default()
    };
    let (before, after) = (to(at.checked_sub(1), "Before", "prev"), to(Some(at + 1), "Next", "next"));
    format!("<nav class=\"neighbours\" aria-label=\"Neighbouring chapters\">{before}{after}</nav>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chapter: &str) -> String {
        let path = format!("{}/ui/manual/{chapter}.md", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn links_between_chapters_lead_to_their_pages() {
        assert_eq!(link("tokens.md"), "/manual/tokens");
        assert_eq!(link("README.md"), "/manual");
        assert_eq!(link("speed.svg"), "/assets/manual/speed.svg");
        assert_eq!(link("operate.md#backup-and-restore"), "/manual/operate#backup-and-restore");
        for other in ["#here", "https://age-encryption.org", "other.md"] {
            assert_eq!(link(other), other);
        }
    }

    #[test]
    fn the_table_of_contents_has_a_line_for_each_chapter() {
        for entry in contents(&read) {
            let Chapter { name, title, about, parts } = entry;
            assert!(about.starts_with(&title) && about.len() > title.len() + 5, "{name}: {about}");
            assert!(parts.iter().all(|part| read(name).contains(&format!("\n## {part}\n"))), "{name}");
        }
        assert_eq!(contents(&read).len(), CHAPTERS.len() - 1);
    }

    #[test]
    fn a_chapter_in_plain_text_keeps_every_word_and_no_mark() {
        let words = |text: &str| -> Vec<String> {
            let only = |word: &str| word.chars().filter(|sign| sign.is_alphanumeric()).collect::<String>();
            text.split_whitespace().map(only).filter(|word| !word.is_empty()).collect()
        };
        for name in CHAPTERS {
            let (text, shown) = (read(name), plain(name, 80, &read));
            let code = |line: &&str| line.starts_with("    ") || line.contains('`');
            for line in shown.lines().filter(|line| !code(line)) {
                assert!(line.chars().count() <= 80 || !line.trim().contains(' '), "{name}: {line}");
                assert!(!line.contains("](") && !line.contains("**") && !line.starts_with('|'), "{name}: {line}");
            }
            // A sentence from the last paragraph of prose.
            let last = text
                .lines()
                .rev()
                .find(|line| line.starts_with(|first: char| first.is_alphabetic()) && !line.contains("]("));
            let last = words(last.unwrap_or_default());
            let shown = words(&shown).concat();
            assert!(last.iter().all(|word| shown.contains(word.as_str())), "{name}: {last:?}");
        }
        let told = plain("operate", 80, &read);
        assert!(
            told.starts_with("OPERATION\n\n") && told.contains("(permissions)") && told.contains("A full disk"),
            "{told}"
        );
    }

    #[test]
    fn every_chapter_is_there_with_its_title_and_its_neighbours() {
        for name in CHAPTERS {
            let page = page("<!-- title -->|<!-- chapters -->|<!-- content -->", name, &read);
            assert!(read(name).starts_with("# "), "{name} has no title");
            assert!(page.contains("aria-current") && page.contains("neighbours"), "{name}");
            assert!(!page.contains("<!--"), "{name}");
            assert_eq!(page.matches("<h1 ").count(), 1, "{name} has one title");
        }
        assert_eq!((chapter(None), chapter(Some("tokens"))), (Some("README"), Some("tokens")));
        assert_eq!((chapter(Some("README")), chapter(Some("nothing"))), (None, None));
    }
}
