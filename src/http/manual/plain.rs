//! A chapter as plain text, for terminals: no mark of Markdown is left but the backticks of code.

use super::markdown::{Block, Span, read};
use crate::domain::text::wrapped;

/// A chapter, its lines no wider than this where that can be; code stays as it is. `link` says what stands behind a link's words.
pub(super) fn render(text: &str, width: usize, link: &dyn Fn(&str) -> Option<String>) -> String {
    let mut writer = Writer { width, link, text: String::new() };
    writer.blocks(&read(text), &Margin::default(), false);
    writer.text
}

/// What stands before lines: before the first one, such as the mark of an item, and before the others.
#[derive(Clone, Default)]
struct Margin {
    first: String,
    others: String,
}

impl Margin {
    /// What stands before the first of several things, and before the others.
    fn at(&self, number: usize) -> Self {
        if number == 0 { self.clone() } else { Self { first: self.others.clone(), others: self.others.clone() } }
    }

    /// Inside of this, with a mark before the first line.
    fn inner(&self, mark: &str) -> Self {
        Self {
            first: format!("{}{mark}", self.first),
            others: format!("{}{}", self.others, " ".repeat(mark.chars().count())),
        }
    }
}

struct Writer<'a> {
    width: usize,
    link: &'a dyn Fn(&str) -> Option<String>,
    text: String,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block], margin: &Margin, is_tight: bool) {
        for (number, block) in blocks.iter().enumerate() {
            let margin = &margin.at(number);
            if number > 0 && !is_tight {
                self.text.push('\n');
            }
            self.block(block, margin);
        }
    }

    fn block(&mut self, block: &Block, margin: &Margin) {
        match block {
            Block::Heading { level: 1, text, .. } => self.line(margin, &self.inline(text).to_uppercase()),
            Block::Heading { text, .. } => {
                let text = self.inline(text);
                self.line(margin, &text);
                self.line(&margin.at(1), &"-".repeat(text.chars().count()));
            }
            Block::Paragraph(text) => self.wrapped(margin, &self.inline(text)),
            Block::Code { text, .. } => {
                let margin = margin.inner("    ");
                text.lines().enumerate().for_each(|(number, line)| self.line(&margin.at(number), line));
            }
            Block::Table(rows) => self.table(rows, margin),
            Block::List { is_numbered, is_loose, items } => {
                for (number, item) in items.iter().enumerate() {
                    if number > 0 && *is_loose {
                        self.text.push('\n');
                    }
                    let mark = if *is_numbered { format!("{}. ", number + 1) } else { "- ".to_owned() };
                    self.blocks(item, &margin.at(number).inner(&mark), !is_loose);
                }
            }
        }
    }

    /// A row is its first cell, and below it the others, with their titles where there is more than one.
    fn table(&mut self, rows: &[Vec<Vec<Span>>], margin: &Margin) {
        let Some((titles, rows)) = rows.split_first() else { return };
        for (number, row) in rows.iter().enumerate() {
            let margin = &margin.at(number);
            let inner = margin.at(1).inner("    ");
            for (place, (cell, title)) in row.iter().zip(titles).enumerate() {
                let (cell, title) = (self.inline(cell), self.inline(title));
                match (place, titles.len() > 2) {
                    (0, _) => self.wrapped(margin, &cell),
                    (_, true) if !title.is_empty() => self.wrapped(&inner, &format!("{title}: {cell}")),
                    (_, _) => self.wrapped(&inner, &cell),
                }
            }
        }
    }

    fn line(&mut self, margin: &Margin, text: &str) {
        self.text.push_str(format!("{}{text}", margin.first).trim_end());
        self.text.push('\n');
    }

    fn wrapped(&mut self, margin: &Margin, text: &str) {
        self.text.push_str(&wrapped(&margin.first, &margin.others, text, self.width));
    }

    fn inline(&self, spans: &[Span]) -> String {
        spans.iter().map(|span| self.span(span)).collect::<Vec<_>>().concat()
    }

    fn span(&self, span: &Span) -> String {
        match span {
            Span::Plain(text) => text.clone(),
            Span::Code(code) => format!("`{code}`"),
            Span::Link { label, target } => {
                let behind = (self.link)(target).map(|behind| format!(" ({behind})")).unwrap_or_default();
                format!("{}{behind}", self.inline(label))
            }
            Span::Picture { label, .. } => format!("[{label}]"),
            Span::Strong(inner) | Span::Emphasis(inner) => self.inline(inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, width: usize) -> String {
        render(text, width, &|target| target.strip_suffix(".md").map(|name| format!("chapter {name}")))
    }

    #[test]
    fn a_chapter_reads_as_a_text() {
        let text = "# A *title*\n\nOne **strong** word, `code`\nand [a chapter](b.md), [here](#c).\n\n## Part\n\n```console not run\n$ a  b\n\n  c\n```\n";
        let expected = "A TITLE\n\nOne strong word,\n`code` and a chapter\n(chapter b), here.\n\nPart\n----\n\n    $ a  b\n\n      c\n";
        assert_eq!(plain(text, 20), expected);
    }

    #[test]
    fn items_and_rows_are_told_one_below_the_other() {
        let text = "- one two three\n- four\n  - five\n\n1. a\n\n   b\n\n2. c\n";
        assert_eq!(plain(text, 10), "- one two\n  three\n- four\n  - five\n\n1. a\n\n   b\n\n2. c\n");
        assert_eq!(plain("| a | b |\n|---|---|\n| `x \\| y` | z |\n", 80), "`x | y`\n    z\n");
        assert_eq!(plain("| | B | C |\n|---|---|---|\n| x | y | z |\n", 80), "x\n    B: y\n    C: z\n");
    }
}
