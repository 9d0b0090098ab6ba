//! The configuration file: TOML, read into keys and values that still know their line.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::keys::{KEYS, Key};
use super::values::Raw;
use crate::domain::entered;

/// Longest file, in bytes.
const MAX: u64 = 1024 * 1024;

/// A key of the file.
pub(super) struct Entry {
    pub(super) key: &'static Key,
    pub(super) raw: Raw,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Reads the file; its entries come in the order of their lines.
///
/// # Errors
/// [`ConfigError`] if it cannot be read, is not TOML, or has an unknown section or key.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, ConfigError> {
    let text = read_text(path)?;
    let source = SourceFile { path, text: &text };
    let document = DeTable::parse(&text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: source.line(&error.span().unwrap_or_default()),
        message: error.message().to_owned(),
    })?;
    let mut sections: Vec<_> = document.get_ref().iter().collect();
    sections.sort_by_key(|(name, _)| name.span().start);
    let mut entries = Vec::new();
    for (name, section) in sections {
        let DeValue::Table(table) = section.get_ref() else {
            return Err(source.unknown(name.get_ref(), &name.span()));
        };
        if !KEYS.iter().any(|key| key.section() == name.get_ref()) {
            return Err(source.unknown(name.get_ref(), &name.span()));
        }
        source.read_section(name.get_ref(), table, &mut entries)?;
    }
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if !u64::try_from(read).is_ok_and(|read| read <= MAX) {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = entered::text(&bytes).map_err(|fault| failed(std::io::Error::other(fault)))?;
    Ok(text.to_owned())
}

struct SourceFile<'a> {
    path: &'a Path,
    text: &'a str,
}

impl SourceFile<'_> {
    fn read_section(&self, section: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) -> Result<(), ConfigError> {
        let mut fields: Vec<_> = table.iter().collect();
        fields.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in fields {
            let written = format!("{section}.{}", name.get_ref());
            let known = KEYS.iter().find(|key| key.name == written);
            let key = known.ok_or_else(|| self.unknown(&written, &name.span()))?;
            entries.push(Entry { key, raw: read_value(value.get_ref()), line: self.line(&name.span()) });
        }
        Ok(())
    }

    fn unknown(&self, written: &str, span: &Range<usize>) -> ConfigError {
        let line = self.line(span);
        ConfigError::Unknown { path: self.path.to_owned(), line, key: written.to_owned(), known: alternatives(written) }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// The alternatives to an unknown key: the keys of its section, or the sections.
fn alternatives(written: &str) -> String {
    let section = written.split_once('.').map_or("", |(section, _)| section);
    let fields: Vec<_> = KEYS.iter().filter(|key| key.section() == section).map(Key::field).collect();
    if !fields.is_empty() {
        return format!("[{section}] has {}", fields.join(", "));
    }
    let mut sections: Vec<_> = KEYS.iter().map(Key::section).collect();
    sections.dedup();
    format!("the sections are [{}]", sections.join("], ["))
}

fn read_value(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number beyond all bounds"), Raw::Number),
        DeValue::Array(list) => {
            let texts = list.iter().map(|value| value.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or(Raw::Other("a list of something else"), Raw::List)
        }
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
