//! A chapter as HTML, for the pages.

use super::markdown::{Block, Span, read};

/// A chapter as HTML.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) html: String,
    /// Its headings, in order.
    pub(super) headings: Vec<Heading>,
}

pub(super) struct Heading {
    /// 1 to 6.
    pub(super) level: usize,
    /// Its text as HTML.
    pub(super) html: String,
    /// What links to it name, as GitHub makes it.
    pub(super) slug: String,
}

/// Renders a text; `link` says where a link leads.
pub(super) fn render(text: &str, link: &dyn Fn(&str) -> String) -> Rendered {
    let mut renderer = Renderer { link, made: Rendered::default() };
    renderer.blocks(&read(text), false);
    renderer.made
}

/// A text in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The value of an attribute in HTML.
fn quoted(text: &str) -> String {
    escaped(text).replace('"', "&quot;")
}

/// What GitHub makes of a heading for links to it: lower case, hyphens for blanks, letters and digits.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

struct Renderer<'a> {
    link: &'a dyn Fn(&str) -> String,
    made: Rendered,
}

impl Renderer<'_> {
    fn push(&mut self, html: &str) {
        self.made.html.push_str(html);
    }

    /// The paragraphs of a tight list have no element of their own.
    fn blocks(&mut self, blocks: &[Block], is_tight: bool) {
        for block in blocks {
            match block {
                Block::Heading { level, written, text } => self.heading(*level, written, text),
                Block::Paragraph(text) if is_tight => self.push(&format!("{}\n", self.inline(text))),
                Block::Paragraph(text) => self.push(&format!("<p>{}</p>\n", self.inline(text))),
                Block::Code { language, text } => self.code(language.as_deref(), text),
                Block::Table(rows) => self.table(rows),
                Block::List { is_numbered, is_loose, items } => {
                    let name = if *is_numbered { "ol" } else { "ul" };
                    self.push(&format!("<{name}>\n"));
                    for item in items {
                        self.push("<li>");
                        self.blocks(item, !is_loose);
                        self.push("</li>\n");
                    }
                    self.push(&format!("</{name}>\n"));
                }
            }
        }
    }

    fn heading(&mut self, level: usize, written: &str, text: &[Span]) {
        let (html, slug) = (self.inline(text), slug(written));
        self.push(&format!("<h{level} id=\"{slug}\">{html}</h{level}>\n"));
        self.made.headings.push(Heading { level, html, slug });
    }

    /// Code can be scrolled by keys, too.
    fn code(&mut self, language: Option<&str>, text: &str) {
        let class = language.map(|language| format!(" class=\"language-{}\"", escaped(language))).unwrap_or_default();
        self.push(&format!("<pre tabindex=\"0\"><code{class}>{}</code></pre>\n", escaped(text)));
    }

    fn table(&mut self, rows: &[Vec<Vec<Span>>]) {
        self.push("<div class=\"sideways\" tabindex=\"0\"><table><thead><tr>");
        for (number, row) in rows.iter().enumerate() {
            let name = if number == 0 { "th" } else { "td" };
            let cell = |cell: &Vec<Span>| format!("<{name}>{}</{name}>", self.inline(cell));
            let cells = row.iter().map(cell).collect::<Vec<_>>().concat();
            self.push(&if number == 0 {
                format!("{cells}</tr></thead><tbody>\n")
            } else {
                format!("<tr>{cells}</tr>\n")
            });
        }
        self.push("</tbody></table></div>\n");
    }

    fn target(&self, target: &str) -> String {
        quoted(&(self.link)(target))
    }

    fn inline(&self, spans: &[Span]) -> String {
        spans.iter().map(|span| self.span(span)).collect::<Vec<_>>().concat()
    }

    fn span(&self, span: &Span) -> String {
        match span {
            Span::Plain(text) => escaped(text),
            Span::Code(code) => format!("<code>{}</code>", escaped(code)),
            Span::Link { label, target } => {
                format!("<a href=\"{}\">{}</a>", self.target(target), self.inline(label))
            }
            Span::Picture { label, target } => {
                format!("<img src=\"{}\" alt=\"{}\" />", self.target(target), quoted(label))
            }
            Span::Strong(inner) => format!("<strong>{}</strong>", self.inline(inner)),
            Span::Emphasis(inner) => format!("<em>{}</em>", self.inline(inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        render(text, &str::to_owned).html
    }

    /// What a whole implementation makes of it, without what ours adds for those who scroll by keys or follow a link.
    fn must_agree(text: &str) {
        let parser = pulldown_cmark::Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES);
        let mut theirs = String::new();
        pulldown_cmark::html::push_html(&mut theirs, parser);
        let ours =
            html(text).replace("<div class=\"sideways\" tabindex=\"0\">", "").replace("</table></div>", "</table>");
        let ids = regex::Regex::new("(<h[1-6]) id=\"[^\"]*\"").expect("an expression");
        let ours = ids.replace_all(&ours.replace("<pre tabindex=\"0\">", "<pre>"), "$1").into_owned();
        let plain = |html: &str| {
            let blanks = regex::Regex::new(r"[ \n]*(</?(?:p|ul|ol|li|table|thead|tbody|tr|td|th|pre|h[1-6])>)[ \n]*");
            blanks.expect("an expression").replace_all(html, "\n$1\n").replace("\n\n", "\n")
        };
        let (ours, theirs) = (plain(&ours), plain(&theirs));
        let other = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
        assert!(other.is_none() && ours.lines().count() == theirs.lines().count(), "{other:?}");
    }

    #[test]
    fn texts_are_read_as_commonmark_reads_them() {
        for text in [
            "# A `b` & c\n\nOne\ntwo **three *four* five** < six \"six\".\n",
            "- a\n- b\n  c\n\n  d\n- e\n\nafter\n",
            "- a\n- b `c\n  d`\n  - e\n  - f\n- g\n",
            "1. a\n2. b\n\n   ```sh\n   $ c\n\n     d\n   ```\n\n3. e\n",
            "text\n- a\n- b\nlazy\n\n```\n<a> & \"b\"\n```\n",
            "| a | b |\n|---|---|\n| `x \\| y` | [c](d.md#e) |\n| \\*no\\* | *yes* |\n\nAfter `` a ` b `` it, 2 * 3 * 4.\n",
            "[a `]` b](c.md) and [none] (here), **not\n",
            "![a \"b\" & c](d.svg) and! [e](f.md), !g\n",
        ] {
            must_agree(text);
        }
    }

    #[test]
    fn every_chapter_is_read_as_commonmark_reads_it() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/manual");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension() == Some("md".as_ref())) {
            must_agree(&std::fs::read_to_string(path).unwrap());
        }
    }

    #[test]
    fn headings_are_named_as_github_names_them() {
        assert_eq!(slug("A copy, and back"), "a-copy-and-back");
        assert_eq!(slug("`/v2/` and 1.0: what's-new_"), "v2-and-10-whats-new_");
    }
}
