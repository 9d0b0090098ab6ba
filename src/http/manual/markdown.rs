//! Markdown: the part of CommonMark, and of GitHub's tables, that the manual is written in. It reads our own text, so that it
//! refuses nothing; a test holds what `html` makes of each chapter against a whole implementation of CommonMark, which would
//! cost 400 kB in the executable.
//!
//! Blocks begin at the margin: headings, paragraphs, fenced code, tables, lists whose items hold blocks again. Within a text:
//! code, emphasis, links, pictures, escaped signs. There is no HTML and no quotation.

/// What a chapter is made of.
pub(super) enum Block {
    Heading {
        /// 1 to 6.
        level: usize,
        /// As it is written.
        written: String,
        text: Vec<Span>,
    },
    Paragraph(Vec<Span>),
    Code {
        /// What its language is called.
        language: Option<String>,
        /// Each line with its end.
        text: String,
    },
    /// Its rows, the first of which has the titles.
    Table(Vec<Vec<Vec<Span>>>),
    List {
        is_numbered: bool,
        /// Whether its items are paragraphs of their own.
        is_loose: bool,
        items: Vec<Vec<Block>>,
    },
}

/// What a text is made of.
pub(super) enum Span {
    Plain(String),
    Code(String),
    Link { label: Vec<Span>, target: String },
    Picture { label: String, target: String },
    Strong(Vec<Span>),
    Emphasis(Vec<Span>),
}

/// Reads a text.
pub(super) fn read(text: &str) -> Vec<Block> {
    blocks(&text.lines().collect::<Vec<_>>())
}

fn blocks(mut rest: &[&str]) -> Vec<Block> {
    let mut found = Vec::new();
    while let Some((&line, after)) = rest.split_first() {
        if line.trim().is_empty() {
            rest = after;
            continue;
        }
        let (block, after) = if let Some(info) = line.strip_prefix(FENCE) {
            code(info, after)
        } else if line.starts_with('#') {
            (heading(line), after)
        } else if line.starts_with('|') {
            table(rest)
        } else if marker(line).is_some() {
            list(rest)
        } else {
            paragraph(rest)
        };
        found.push(block);
        rest = after;
    }
    found
}

fn paragraph<'r, 't>(rest: &'r [&'t str]) -> (Block, &'r [&'t str]) {
    let count = rest.iter().skip(1).take_while(|line| !ends_paragraph(line)).count() + 1;
    let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
    let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    (Block::Paragraph(inline(&text)), after)
}

fn heading(line: &str) -> Block {
    let text = line.trim_start_matches('#');
    let written = text.trim().to_owned();
    Block::Heading { level: line.len() - text.len(), text: inline(&written), written }
}

fn code<'r, 't>(info: &str, rest: &'r [&'t str]) -> (Block, &'r [&'t str]) {
    let count = rest.iter().take_while(|line| !line.starts_with(FENCE)).count();
    let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
    let text = lines.iter().flat_map(|line| [line, "\n"]).collect();
    let language = info.split_whitespace().next().map(str::to_owned);
    (Block::Code { language, text }, after.split_first().map_or(&[], |(_, after)| after))
}

fn table<'r, 't>(rest: &'r [&'t str]) -> (Block, &'r [&'t str]) {
    let count = rest.iter().take_while(|line| line.starts_with('|')).count();
    let (lines, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
    // The second line parts the titles from the rest.
    let lines = lines.iter().enumerate().filter(|(number, _)| *number != 1);
    let rows = lines.map(|(_, line)| cells(line).iter().map(|cell| inline(cell)).collect());
    (Block::Table(rows.collect()), after)
}

fn list<'r, 't>(rest: &'r [&'t str]) -> (Block, &'r [&'t str]) {
    let is_numbered = rest.first().is_some_and(|line| !line.starts_with('-'));
    let (items, after) = items(rest, is_numbered);
    let is_loose = items.iter().rev().skip(1).any(|item| item.last().is_some_and(|line| line.is_empty()))
        || items.iter().any(|item| has_a_gap(item));
    let items = items.iter().map(|item| blocks(item)).collect();
    (Block::List { is_numbered, is_loose, items }, after)
}

fn inline(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if let Some((found, after)) = span(rest) {
            spans.push(found);
            rest = after;
            continue;
        }
        // An escaped sign stands for itself.
        let escaped =
            rest.strip_prefix('\\').filter(|after| after.starts_with(|sign: char| sign.is_ascii_punctuation()));
        let (sign, after) = match escaped.and_then(|after| after.split_at_checked(1)) {
            Some(found) => found,
            None => rest.split_at(sign.len_utf8()),
        };
        match spans.last_mut() {
            Some(Span::Plain(text)) => text.push_str(sign),
            _ => spans.push(Span::Plain(sign.to_owned())),
        }
        rest = after;
    }
    spans
}

/// Code, emphasis, a picture or a link with which the text begins, and what follows.
fn span(text: &str) -> Option<(Span, &str)> {
    if text.starts_with('`') {
        return code_span(text).map(|(code, after)| (Span::Code(code), after));
    }
    if let Some(after) = text.strip_prefix('!') {
        let (label, target, after) = link(after)?;
        return Some((Span::Picture { label: label.to_owned(), target: target.to_owned() }, after));
    }
    if text.starts_with('[') {
        let (label, target, after) = link(text)?;
        return Some((Span::Link { label: inline(label), target: target.to_owned() }, after));
    }
    let marked = |mark| {
        let (inner, after) = between(text, mark, mark)?;
        (!inner.is_empty() && inner.trim() == inner).then(|| (inline(inner), after))
    };
    let strong = marked("**").map(|(inner, after)| (Span::Strong(inner), after));
    strong.or_else(|| marked("*").map(|(inner, after)| (Span::Emphasis(inner), after)))
}

/// The label of a link, where it leads, and what follows.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, after) = between(text, "[", "]")?;
    let (target, after) = between(after, "(", ")")?;
    Some((label, target, after))
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
