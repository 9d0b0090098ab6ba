//! What texts tell, with file and line: code within sentences, lines that are set apart, commands that the program itself names.

use std::fs;

use regex::Regex;

use super::blocks::{blocks, documents, root};
use crate::{
    architecture,
    support::golden::{golden, read},
    ui_sources,
};

/// Texts beside the manual that say how dockpass is used.
const OTHERS: [&str; 10] = [
    "config.toml.example",
    "packaging/debian/README.Debian",
    "packaging/debian/config.toml",
    "packaging/kubernetes/1-configuration.yaml",
    "packaging/kubernetes/2-volume.yaml",
    "packaging/kubernetes/3-deployment.yaml",
    "packaging/kubernetes/4-service.yaml",
    "packaging/monitoring/prometheus.yml",
    "packaging/monitoring/rules.yml",
    "packaging/systemd/dockpass.service",
];

/// Words of plain text, without the full stop behind them.
pub(super) const WORDS: &str = "([A-Za-z0-9_./:-]*[A-Za-z0-9_/-])";

/// Paths of plain text, without what is punctuation behind them.
pub(super) const PATHS: &str = r#"(?m)(?:^|[\s"'(\[])(/[A-Za-z_{](?:[A-Za-z0-9_./{}?=&-]*[A-Za-z0-9_/}])?)"#;

/// A text as it is in the repository.
pub(super) struct Text {
    pub(super) path: String,
    pub(super) text: String,
}

/// A piece of a text, and where it is: file and line.
pub(super) struct Told {
    pub(super) place: String,
    pub(super) text: String,
}

impl Text {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    pub(super) fn is_markdown(&self) -> bool {
        ui_sources::ending(&self.path) == "md"
    }

    fn told(&self, line: usize, text: &str) -> Told {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\|", "|");
        Told { place: format!("{}:{line}", self.path), text }
    }

    /// The lines that are no block of code, without the mark of a comment; blank where something else is.
    fn lines(&self) -> Vec<&str> {
        let mut is_code = false;
        let lines = self.text.lines().map(|line| {
            is_code ^= line.starts_with("```");
            if !self.is_markdown() {
                line.trim_start().trim_start_matches('#')
            } else if is_code || line.starts_with("```") {
                ""
            } else {
                line
            }
        });
        lines.collect()
    }

    /// What is between backticks, which may go on over lines of one paragraph.
    pub(super) fn inline(&self) -> Vec<Told> {
        let (mut found, mut line) = (Vec::new(), 1);
        for paragraph in self.lines().split(|line| line.trim().is_empty()) {
            let text = paragraph.join("\n");
            let pieces: Vec<_> = text.split('`').collect();
            assert!(pieces.len() % 2 == 1 || !self.is_markdown(), "{}:{line}: a backtick too few", self.path);
            let mut at = line;
            for (number, piece) in pieces.iter().enumerate() {
                found.extend((number % 2 == 1).then(|| self.told(at, piece)));
                at += piece.matches('\n').count();
            }
            line += paragraph.len() + 1;
        }
        found
    }

    /// Lines of a plain text that are set apart as commands.
    pub(super) fn set_apart(&self) -> Vec<Told> {
        if self.is_markdown() { Vec::new() } else { self.found("(?m)^ {2,4}((?:sudo )?dockpass .*)$") }
    }

    /// Commands that a source names, in comments and in what it prints.
    fn named(&self) -> Vec<Told> {
        let mut found = self.found("`((?:sudo )?dockpass [^`]*)`");
        found.extend(self.found("h\\(\"code\", (?:path`|\")(dockpass [^\"`]*)"));
        // It may go on over lines of a comment or of a literal.
        let is_word = |word: &&str| !["\\", "//", "///", "//!"].contains(word);
        for told in &mut found {
            told.text = told.text.split(' ').filter(is_word).collect::<Vec<_>>().join(" ");
        }
        found
    }

    /// What an expression has in its group, wherever it is found.
    pub(super) fn found(&self, expression: &str) -> Vec<Told> {
        let expression = Regex::new(expression).expect("an expression");
        let found = expression.captures_iter(&self.text).filter_map(|found| found.get(1));
        found.map(|it| self.told(1 + self.text[..it.start()].matches('\n').count(), it.as_str())).collect()
    }
}

/// Every text: of the changelog what is new, since older versions tell of older names; help, since it names other commands.
pub(super) fn texts() -> Vec<Text> {
    let chapters = documents().into_iter().filter(|document| document.name != "README").map(|document| {
        let name = if document.name == "contents" { "README" } else { &document.name };
        Text { path: format!("ui/manual/{name}.md"), text: document.text }
    });
    let mut changes = Text::read("CHANGELOG.md");
    let versions: Vec<_> = changes.text.match_indices("\n## [").map(|(at, _)| at).collect();
    changes.text.truncate(versions.get(2).copied().unwrap_or(changes.text.len()));
    let help = read(&golden().join("help"));
    let help = help.into_iter().map(|(name, text)| Text { path: format!("tests/golden/help/{name}"), text });
    let own = [Text::read("README.md"), Text::read(".github/CONTRIBUTING.md"), changes];
    own.into_iter().chain(chapters).chain(OTHERS.map(Text::read)).chain(help).collect()
}

/// What is between backticks in all of them.
pub(super) fn inline() -> Vec<Told> {
    texts().iter().flat_map(Text::inline).collect()
}

/// Commands that the program and its pages name.
pub(super) fn in_sources() -> Vec<Told> {
    let program = architecture::sources().into_iter().map(|source| {
        let path = source.path.strip_prefix(root()).expect("it is below").display().to_string();
        Text { path, text: source.text }
    });
    let pages = ui_sources::files().into_iter().filter(|name| ui_sources::ending(name) == "js");
    let pages = pages.map(|name| Text::read(&format!("ui/{name}")));
    let topics = Text::read("src/cli/commands/help.rs").set_apart();
    program.chain(pages).flat_map(|text| text.named()).chain(topics).collect()
}

/// Everything that may be a command.
pub(super) fn lines() -> Vec<Told> {
    let blocks = blocks();
    let not_run = blocks.iter().filter(|block| block.why_not.is_some() && block.language == "console");
    let steps = not_run.flat_map(|block| block.steps().into_iter().map(|step| (block.place.clone(), step.command)));
    let steps = steps.map(|(place, command)| Told { place, text: command.replace("\\\n", " ") });
    let texts = texts();
    let told = texts.iter().flat_map(|text| text.inline().into_iter().chain(text.set_apart()));
    told.chain(in_sources()).chain(steps).collect()
}
