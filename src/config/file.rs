//! The configuration file: TOML, read into keys and values that still know their line.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::LOCAL_FILE;
use super::error::ConfigError;
use super::keys::{KEYS, Key};
use super::values::Raw;
use crate::denied;
use crate::domain::entered;
use crate::private_file::NO_LINK_NO_WAIT;

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
/// [`ConfigError`] if it cannot be read, others could have written it, it is not TOML, or it has an unknown section or key.
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
    let is_link = |cause: &std::io::Error| cause.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    let file = open(path).map_err(|source| {
        if is_local(path) && is_link(&source) {
            let why = "it is a symbolic link; name the file that is meant with --config".to_owned();
            return ConfigError::Doubtful { path: path.to_owned(), why };
        }
        failed(source)
    })?;
    let found = file.metadata().map_err(failed)?;
    let doubt = doubt(path, &found, rustix::process::geteuid().as_raw());
    doubt.map_or(Ok(()), |why| Err(ConfigError::Doubtful { path: path.to_owned(), why }))?;
    let read = file.take(MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if !u64::try_from(read).is_ok_and(|read| read <= MAX) {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = entered::text(&bytes).map_err(|fault| failed(std::io::Error::other(fault)))?;
    Ok(text.to_owned())
}

/// What is found in a working directory may be anything: a FIFO there holds up nobody, and a link leads nobody to a file that its
/// maker could not write. One that is named may be a pipe, which is waited for.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = if is_local(path) { NO_LINK_NO_WAIT } else { 0 };
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Whether it is the file that is looked for where somebody happens to be.
fn is_local(path: &Path) -> bool {
    path == Path::new(LOCAL_FILE)
}

/// Why a file is not to be believed. It says where the data is, and so who hears the passwords: nobody must be able to write it
/// whom nobody asked. What is found in the working directory is believed only of root and of who runs dockpass; of a file at a
/// place of its own, its directory says enough about its owner.
fn doubt(path: &Path, found: &Metadata, me: u32) -> Option<String> {
    const EVERYBODY: u32 = 0o002;
    const OTHERS: u32 = 0o022;
    let (owner, mode) = (found.uid(), found.mode() & 0o7777);
    if is_local(path) && !found.is_file() {
        return Some("it is no ordinary file".to_owned());
    }
    if is_local(path) && owner != me && owner != 0 {
        return Some(format!(
            "it belongs to {}, and dockpass runs as {}; take it away, or name the one that is meant with --config",
            denied::user(owner),
            denied::user(me)
        ));
    }
    let writers = if is_local(path) { OTHERS } else { EVERYBODY };
    let place = denied::word(path);
    (found.is_file() && mode & writers != 0)
        .then(|| format!("others may write it (mode {mode:o}): look at what it says, then: chmod go-w {place}"))
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_everybody_may_write_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, is_refused) in [(0o600, false), (0o644, false), (0o664, false), (0o666, true), (0o602, true)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let read = read(file.path());
            assert_eq!(read.is_err(), is_refused, "{mode:o}");
            let Err(error) = read else { continue };
            let place = file.path().display();
            assert_eq!(
                error.to_string(),
                format!(
                    "the configuration file {place} is not used: others may write it (mode {mode:o}): look at what it says, then: chmod go-w {place}"
                )
            );
        }
        assert!(read(Path::new("/dev/null")).unwrap().is_empty(), "a device is not written to be read");
    }

    #[test]
    fn the_file_of_the_working_directory_is_roots_or_ours() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let local = |mode: u32, me: Option<u32>| {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let found = fs::metadata(file.path()).unwrap();
            doubt(Path::new(LOCAL_FILE), &found, me.unwrap_or(found.uid()))
        };
        assert_eq!(local(0o644, None), None);
        assert!(local(0o664, None).unwrap().contains("chmod go-w ./dockpass.toml"));
        let owner = fs::metadata(file.path()).unwrap().uid();
        let said = local(0o600, Some(owner + 1));
        // Root is believed by everybody.
        assert_eq!(said.is_none(), owner == 0, "{said:?}");
        let directory = tempfile::tempdir().unwrap();
        let found = fs::metadata(directory.path()).unwrap();
        assert_eq!(doubt(Path::new(LOCAL_FILE), &found, found.uid()).as_deref(), Some("it is no ordinary file"));
    }
}
