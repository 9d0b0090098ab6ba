//! A list of new users: a line for each, `NAME` or `NAME, FULL NAME`. Empty lines and those that begin with `#` do not
//! count; nor do a byte order mark and the line ends of Windows.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::cli::commands::{list_file, values};
use crate::cli::screen::{CliError, Console};
use crate::domain::account::MAX_FULL_NAME;
use crate::domain::{entered, text};

/// Most problems that are told at once.
const TOLD: usize = 10;

/// One new user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The line that it stands in.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) full_name: Option<String>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Reads a list from a file, or from standard input if that is `-`. What is wrong with any line is an error.
pub(super) fn read(path: &Path, console: &mut Console) -> Result<Vec<Entry>, CliError> {
    let bytes = list_file::read(path, "list of users", console)?;
    let text = entered::text(&bytes).map_err(|fault| refused(&[fault.to_string()]))?;
    entries(text).map_err(|problems| refused(&problems))
}

/// The error for a list of which nobody was made.
pub(super) fn refused(problems: &[String]) -> CliError {
    let more = problems.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    let told: Vec<_> = problems.iter().take(TOLD).cloned().chain(more).collect();
    CliError::Finding(format!("nobody was made: {}", told.join("; ")))
}

fn entries(text: &str) -> Result<Vec<Entry>, Vec<String>> {
    let (mut entries, mut problems, mut lines) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match entry(line, text) {
            Err(problem) => problems.push(format!("line {line}: {problem}")),
            Ok(entry) => {
                if let Some(first) = lines.insert(entry.name.clone(), line) {
                    problems.push(format!("line {line}: {} stands in line {first} already", entry.name));
                }
                entries.push(entry);
            }
        }
    }
    if entries.is_empty() && problems.is_empty() {
        problems.push("the list names nobody".to_owned());
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn entry(line: usize, text: &str) -> Result<Entry, String> {
    let (name, full_name) = text.split_once(',').map_or((text, None), |(name, rest)| (name, Some(unquoted(rest))));
    let name = values::new_name(unquoted(name).as_str()).map_err(|error| error.to_string())?;
    let full_name = full_name.filter(|full_name| !full_name.is_empty());
    if let Some(full_name) = &full_name {
        text::check_line(full_name, 0..=MAX_FULL_NAME).map_err(|reason| format!("the full name: {reason}"))?;
    }
    Ok(Entry { line, name, full_name })
}

/// A field without the blanks around it, and without the quotation marks that spreadsheets put there.
fn unquoted(field: &str) -> String {
    let field = field.trim();
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| field.to_owned(), |inner| inner.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    fn of(bytes: &[u8]) -> Result<Vec<Entry>, String> {
        let (mut console, _) = console(bytes);
        read(Path::new("-"), &mut console).map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_is_a_name_and_perhaps_a_full_name() {
        let list = "\u{feff}# new ones\r\nalice, Alice Liddell\r\n\r\n  bob  \n\"carol\",\"Doe, \"\"C\"\"\"\ndave,\n";
        let entry = |line, name: &str, full_name: Option<&str>| Entry {
            line,
            name: name.to_owned(),
            full_name: full_name.map(str::to_owned),
        };
        let expected = vec![
            entry(2, "alice", Some("Alice Liddell")),
            entry(4, "bob", None),
            entry(5, "carol", Some("Doe, \"C\"")),
            entry(6, "dave", None),
        ];
        assert_eq!(of(list.as_bytes()), Ok(expected));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let long = "x".repeat(MAX_FULL_NAME + 1);
        let told = of(format!("alice\nBob\nalice, Alice\ncarol, {long}\n").as_bytes()).unwrap_err();
        let said = [
            "nobody was made: line 2: a name has",
            "; line 3: alice stands in line 1 already; line 4: the full name: ",
        ];
        assert!(said.iter().all(|part| told.contains(part)), "{told}");
        assert!(of(&b"X\n".repeat(30)).unwrap_err().ends_with("; and 20 more"));
        assert_eq!(of(b"# nobody\n\n").unwrap_err(), "nobody was made: the list names nobody");
        assert!(of(b"a\0l\0i\0c\0e\0").unwrap_err().contains("UTF-16"));
        let missing = read(Path::new("/no/such/list"), &mut console(b"").0).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read /no/such/list: "), "{missing}");
    }
}
