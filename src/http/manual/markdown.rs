//! Markdown as HTML: the part of CommonMark, and of GitHub's tables, that the manual is written in. It reads our own text, so
//! it refuses nothing; a test holds what it makes of each chapter against a whole implementation of CommonMark, which would
//! cost 400 kB in the executable.
//!
//! Blocks begin at the margin: headings, paragraphs, fenced code, tables, lists whose items hold blocks again. Within a text:
//! code, emphasis, links, escaped signs. There is no HTML, no picture and no quotation.

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
    let lines: Vec<&str> = text.lines().collect();
    let mut renderer = Renderer { link, made: Rendered::default() };
    renderer.blocks(&lines, false);
    renderer.made
}

/// A text in HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What GitHub makes of a heading for links to it: lower case, hyphens for blanks, letters and digits.
pub(super) fn slug(heading: &str) -> String {
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
    fn blocks(&mut self, mut rest: &[&str], is_tight: bool) {
        while let Some((&line, after)) = rest.split_first() {
            rest = if line.trim().is_empty() {
                after
            } else if let Some(info) = line.strip_prefix(FENCE) {
                self.code(info, after)
            } else if line.starts_with('#') {
                self.heading(line);
                after
            } else if line.starts_with('|') {
                self.table(rest)
            } else if marker(line).is_some() {
                self.list(rest)
            } else {
                self.paragraph(rest, is_tight)
            };
        }
    }

    fn paragraph<'r, 't>(&mut self, rest: &'r [&'t str], is_tight: bool) -> &'r [&'t str] {
        let count = rest.iter().skip(1).take_while(|line| !ends_paragraph(line)).count() + 1;
        let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
        let html = self.inline(&text);
        self.push(&if is_tight { format!("{html}\n") } else { format!("<p>{html}</p>\n") });
        after
    }

    fn heading(&mut self, line: &str) {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        let (html, slug) = (self.inline(text.trim()), slug(text.trim()));
        self.push(&format!("<h{level} id=\"{slug}\">{html}</h{level}>\n"));
        self.made.headings.push(Heading { level, html, slug });
    }

    /// Code can be scrolled by keys, too.
    fn code<'r, 't>(&mut self, info: &str, rest: &'r [&'t str]) -> &'r [&'t str] {
        let count = rest.iter().take_while(|line| !line.starts_with(FENCE)).count();
        let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let class = match info.split_whitespace().next() {
            Some(language) => format!(" class=\"language-{}\"", escaped(language)),
            None => String::new(),
        };
        let code: String = lines.iter().flat_map(|line| [escaped(line), "\n".to_owned()]).collect();
        self.push(&format!("<pre tabindex=\"0\"><code{class}>{code}</code></pre>\n"));
        after.split_first().map_or(&[], |(_, after)| after)
    }

    fn table<'r, 't>(&mut self, rest: &'r [&'t str]) -> &'r [&'t str] {
        let count = rest.iter().take_while(|line| line.starts_with('|')).count();
        let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        self.push("<div class=\"sideways\" tabindex=\"0\"><table><thead><tr>");
        for (number, line) in lines.iter().enumerate().filter(|(number, _)| *number != 1) {
            let name = if number == 0 { "th" } else { "td" };
            let cell = |cell: &String| format!("<{name}>{}</{name}>", self.inline(cell));
            let cells = cells(line).iter().map(cell).collect::<Vec<_>>().concat();
            self.push(&if number == 0 {
                format!("{cells}</tr></thead><tbody>\n")
            } else {
                format!("<tr>{cells}</tr>\n")
            });
        }
        self.push("</tbody></table></div>\n");
        after
    }

    fn list<'r, 't>(&mut self, rest: &'r [&'t str]) -> &'r [&'t str] {
        let is_numbered = rest.first().is_some_and(|line| !line.starts_with('-'));
        let name = if is_numbered { "ol" } else { "ul" };
        let (items, after) = items(rest, is_numbered);
        let is_loose = items.iter().rev().skip(1).any(|item| item.last().is_some_and(|line| line.is_empty()))
            || items.iter().any(|item| has_a_gap(item));
        self.push(&format!("<{name}>\n"));
        for item in items {
            self.push("<li>");
            self.blocks(&item, !is_loose);
            self.push("</li>\n");
        }
        self.push(&format!("</{name}>\n"));
        after
    }

    fn inline(&self, text: &str) -> String {
        let mut html = String::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let (made, after) = self.span(rest).unwrap_or_else(|| {
                let (sign, after) = rest.split_at(sign.len_utf8());
                (escaped(sign), after)
            });
            html.push_str(&made);
            rest = after;
        }
        html
    }

    /// Code, an escaped sign, emphasis, an image or a link with which the text begins, and what follows.
    fn span<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        if text.starts_with('`') {
            return code_span(text).map(|(code, after)| (format!("<code>{}</code>", escaped(&code)), after));
        }
        if let Some(after) = text.strip_prefix('\\') {
            let sign = after.chars().next().filter(char::is_ascii_punctuation)?;
            return Some((escaped(&sign.to_string()), after.split_at(sign.len_utf8()).1));
        }
        if let Some(after) = text.strip_prefix('!') {
            let (label, target, after) = self.link(after)?;
            let label = escaped(label).replace('"', "&quot;");
            return Some((format!("<img src=\"{target}\" alt=\"{label}\" />"), after));
        }
        if text.starts_with('[') {
            let (label, target, after) = self.link(text)?;
            return Some((format!("<a href=\"{target}\">{}</a>", self.inline(label)), after));
        }
        for (mark, name) in [("**", "strong"), ("*", "em")] {
            let found = between(text, mark, mark);
            if let Some((inner, after)) = found.filter(|(inner, _)| !inner.is_empty() && inner.trim() == *inner) {
                return Some((format!("<{name}>{}</{name}>", self.inline(inner)), after));
            }
        }
        None
    }

    /// The label of a link, where it leads, and what follows.
    fn link<'t>(&self, text: &'t str) -> Option<(&'t str, String, &'t str)> {
        let (label, after) = between(text, "[", "]")?;
        let (target, after) = between(after, "(", ")")?;
        Some((label, escaped(&(self.link)(target)).replace('"', "&quot;"), after))
    }
}

const FENCE: &str = "```";

/// How long the mark is with which an item of a list begins.
fn marker(line: &str) -> Option<usize> {
    let text = line.trim_start_matches(|sign: char| sign.is_ascii_digit());
    let digits = line.len() - text.len();
    match digits {
        0 => text.starts_with("- ").then_some(2),
        _ => text.starts_with(". ").then_some(digits + 2),
    }
}

fn ends_paragraph(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(FENCE) || line.starts_with(['#', '|']) || marker(line).is_some()
}

/// The items of a list, each with its lines as if they stood at the margin, and what follows the list. An item ends with an
/// empty line where one stands before the next.
fn items<'r, 't>(rest: &'r [&'t str], is_numbered: bool) -> (Vec<Vec<&'t str>>, &'r [&'t str]) {
    let mut items: Vec<Vec<&'t str>> = Vec::new();
    let (mut width, mut count, mut is_after_gap) = (0, 0, false);
    for line in rest {
        let mark = marker(line).filter(|_| line.starts_with('-') != is_numbered);
        let is_within = line.len() >= width && line.chars().take(width).all(|sign| sign == ' ');
        match (items.last_mut(), mark) {
            (Some(item), None) if line.trim().is_empty() => item.push(""),
            (Some(item), None) if is_within => item.push(line.split_at_checked(width).map_or("", |(_, rest)| rest)),
            // The line goes on with the paragraph, wherever it begins.
            (Some(item), None) if !is_after_gap && !ends_paragraph(line) => item.push(line.trim_start()),
            (_, Some(mark)) => {
                width = mark;
                items.push(vec![line.split_at_checked(mark).map_or("", |(_, rest)| rest)]);
            }
            _ => break,
        }
        is_after_gap = line.trim().is_empty();
        count += 1;
    }
    if let Some(item) = items.last_mut() {
        let kept = item.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        item.truncate(kept);
    }
    (items, rest.split_at_checked(count).map_or(&[], |(_, after)| after))
}

/// Whether an empty line stands between two blocks of an item, and not within one of them.
fn has_a_gap(item: &[&str]) -> bool {
    let mut is_code = false;
    item.windows(2).any(|pair| match pair {
        [first, second] => {
            is_code ^= first.starts_with(FENCE);
            !is_code && first.is_empty() && !second.is_empty() && !second.starts_with(' ')
        }
        _ => false,
    })
}

/// The cells of a row. A bar that does not part cells is escaped, within code as well.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\u{0}");
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// The code with which a text begins, and what follows: between two marks of as many backticks.
fn code_span(text: &str) -> Option<(String, &str)> {
    let after = text.trim_start_matches('`');
    let (mark, after) = text.split_at_checked(text.len() - after.len())?;
    let mut from = 0;
    loop {
        let begin = from + after.get(from..)?.find('`')?;
        let run = after.get(begin..)?;
        let length = run.len() - run.trim_start_matches('`').len();
        if length == mark.len() {
            let code = after.get(..begin)?.replace('\n', " ");
            let code = match code.strip_prefix(' ').and_then(|code| code.strip_suffix(' ')) {
                Some(inner) if !code.trim().is_empty() => inner.to_owned(),
                _ => code,
            };
            return Some((code, after.get(begin + length..)?));
        }
        from = begin + length;
    }
}

/// What stands between two marks, the first of which begins the text, and what follows. Code and escaped signs in between
/// hold no mark.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let inner = text.strip_prefix(open)?;
    let mut at = 0;
    loop {
        let rest = inner.get(at..)?;
        let sign = rest.chars().next()?;
        if let Some(after) = rest.strip_prefix(close) {
            return Some((inner.get(..at)?, after));
        }
        at += match sign {
            '`' => code_span(rest).map_or(1, |(_, after)| rest.len() - after.len()),
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            // A stronger emphasis within a weaker one.
            '*' if rest.starts_with("**") => 2,
            _ => sign.len_utf8(),
        };
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
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            must_agree(&std::fs::read_to_string(path).unwrap());
        }
    }

    #[test]
    fn headings_are_named_as_github_names_them() {
        assert_eq!(slug("A copy, and back"), "a-copy-and-back");
        assert_eq!(slug("`/v2/` and 1.0: what's-new_"), "v2-and-10-whats-new_");
    }
}
