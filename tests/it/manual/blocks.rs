//! The blocks of code in `README.md` and in the chapters of the manual.

use std::{fmt, fs, path::Path};

/// A document, `README` or the name of a chapter, with its text.
pub(super) struct Document {
    pub(super) name: String,
    pub(super) text: String,
}

/// A block of code.
pub(super) struct Block {
    /// The document, and the line of its first fence.
    pub(super) place: String,
    pub(super) document: String,
    pub(super) language: String,
    /// Why it is not run.
    pub(super) why_not: Option<String>,
    pub(super) text: String,
}

/// A command with what is shown below it.
pub(super) struct Step {
    pub(super) command: String,
    pub(super) shown: Vec<String>,
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:\n{}", self.place, self.text)
    }
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and all chapters.
pub(super) fn documents() -> Vec<Document> {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = vec![Document { name: "README".to_owned(), text: read(&root().join("README.md")) }];
    let mut paths: Vec<_> =
        fs::read_dir(root().join("ui/manual")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension() == Some("md".as_ref()));
    paths.sort();
    found.extend(paths.iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let name = if name == "README" { "contents" } else { name };
        Document { name: name.to_owned(), text: read(path) }
    }));
    found
}

/// The blocks of all documents.
pub(super) fn blocks() -> Vec<Block> {
    documents().iter().flat_map(Document::blocks).collect()
}

impl Document {
    fn blocks(&self) -> Vec<Block> {
        let mut found = Vec::new();
        let mut open: Option<Block> = None;
        for (number, line) in self.text.lines().enumerate() {
            match (open.take(), line.strip_prefix("```")) {
                (None, Some(info)) => {
                    let (language, why_not) =
                        info.split_once(" not run: ").map_or((info, None), |(it, why)| (it, Some(why)));
                    open = Some(Block {
                        place: format!("{}, line {}", self.name, number + 1),
                        document: self.name.clone(),
                        language: language.to_owned(),
                        why_not: why_not.map(str::to_owned),
                        text: String::new(),
                    });
                }
                (Some(block), Some(_)) => found.push(block),
                (Some(mut block), None) => {
                    block.text += line;
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block does not end", self.name);
        found
    }

    /// The text outside of blocks and of code within a line.
    pub(super) fn prose(&self) -> String {
        let mut is_code = false;
        let lines = self.text.lines().filter(|line| {
            is_code ^= line.starts_with("```");
            !is_code && !line.starts_with("```")
        });
        lines.collect::<Vec<_>>().join("\n").split('`').step_by(2).collect::<Vec<_>>().join("`")
    }
}

impl Block {
    /// The commands after `$ `, which go on as a shell's do, each with the lines below it.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut is_open = false;
        let mut until: Option<String> = None;
        for line in self.text.lines() {
            let begun = line.strip_prefix("$ ").filter(|_| !is_open && until.is_none());
            if let Some(command) = begun {
                until = command.split_once("<<'").and_then(|(_, rest)| rest.split('\'').next()).map(str::to_owned);
                steps.push(Step { command: command.to_owned(), shown: Vec::new() });
            } else {
                let step = steps.last_mut().unwrap_or_else(|| panic!("{self}: begins without a command"));
                if is_open || until.is_some() {
                    step.command = format!("{}\n{line}", step.command);
                } else {
                    step.shown.push(line.to_owned());
                }
                if until.as_deref() == Some(line) {
                    until = None;
                }
            }
            is_open = (begun.is_some() || is_open) && ['\\', '|'].iter().any(|end| line.ends_with(*end));
        }
        steps
    }
}
