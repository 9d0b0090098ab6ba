//! The one type that commands answer with: the API's JSON, and the same in a form for people.

use serde_json::Value;

use super::error::CliError;
use super::shown;
use super::table::{self, Table};

/// How reports are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// Aligned text for people.
    #[default]
    Table,
    /// The API's answer, indented.
    Json,
}

/// The form of a report for people.
pub(in crate::cli) enum View {
    /// Things of one kind, and the sentence printed if there are none; the sentence may be empty.
    Many(Table, &'static str),
    /// Things of one kind, and lines on some of them or on why there are none, for standard error.
    ManyWith(Table, Vec<String>),
    /// One thing.
    One(Vec<(&'static str, String)>),
    /// What was done, in one line, and the next steps, if there are any.
    Done(String, Vec<String>),
    /// What was done in several steps, and what was found on the way.
    Steps(Vec<Step>),
}

/// A part of a report in steps.
pub(in crate::cli) enum Step {
    /// A line, and what belongs to it.
    Line(String, Vec<String>),
    /// Things of one kind.
    Table(Table),
}

/// The answer of a command.
pub(in crate::cli) struct Report {
    /// The API's answer; null if it has no body.
    pub(in crate::cli) answer: Value,
    /// The same for people.
    pub(in crate::cli) view: View,
}

/// A report as text, for each of the two streams.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Printed {
    /// For standard output.
    pub(in crate::cli) out: String,
    /// For standard error, where a program that reads the output does not see it.
    pub(in crate::cli) note: String,
}

impl Report {
    /// A report of something done.
    pub(in crate::cli) fn done(answer: Value, line: String) -> Self {
        Self { answer, view: View::Done(line, Vec::new()) }
    }

    /// A report of something done, with the next steps.
    pub(in crate::cli) fn done_then(answer: Value, line: String, next: Vec<String>) -> Self {
        Self { answer, view: View::Done(line, next) }
    }

    /// A report of what needs no word.
    pub(in crate::cli) fn nothing() -> Self {
        Self { answer: Value::Null, view: View::Steps(Vec::new()) }
    }

    /// The report as JSON. The API answers some changes with nothing: then what was done is said, so that something is.
    pub(in crate::cli) fn as_json(&self) -> Value {
        match &self.view {
            View::Done(line, next) if self.answer.is_null() && !line.is_empty() => {
                serde_json::json!({ "done": line, "next": next })
            }
            View::Done(..) | View::Many(..) | View::ManyWith(..) | View::One(_) | View::Steps(_) => self.answer.clone(),
        }
    }

    /// Renders the report; `width` is the terminal's in columns, `None` in a pipe.
    pub(in crate::cli) fn print(&self, format: Format, width: Option<usize>) -> Result<Printed, CliError> {
        let quiet = |out| Ok(Printed { out, note: String::new() });
        match (format, &self.view) {
            (Format::Json, _) => quiet(json(&self.as_json())?),
            (Format::Table, View::Many(table, nothing)) if table.rows.is_empty() => {
                let note = if nothing.is_empty() { String::new() } else { format!("{nothing}\n") };
                Ok(Printed { out: String::new(), note })
            }
            (Format::Table, View::Many(table, _)) => quiet(table.render(width)),
            (Format::Table, View::ManyWith(table, notes)) => {
                let note = shown::lines("", notes.iter().map(String::as_str));
                let out = if table.rows.is_empty() { String::new() } else { table.render(width) };
                Ok(Printed { out, note })
            }
            (Format::Table, View::One(pairs)) => quiet(table::fields(pairs)),
            (Format::Table, View::Done(line, next)) => quiet(done(line, next)),
            (Format::Table, View::Steps(steps)) => quiet(steps.iter().map(|step| step.print(width)).collect()),
        }
    }
}

impl Step {
    fn print(&self, width: Option<usize>) -> String {
        match self {
            Self::Line(line, rest) => done(line, rest),
            Self::Table(table) => table.render(width),
        }
    }
}

fn done(line: &str, next: &[String]) -> String {
    format!("{line}\n{}", shown::lines("  ", next.iter().map(String::as_str)))
}

/// Indented JSON with a line end; nothing for null.
fn json(answer: &Value) -> Result<String, CliError> {
    if answer.is_null() {
        return Ok(String::new());
    }
    serde_json::to_string_pretty(answer).map(|text| format!("{text}\n")).map_err(CliError::Json)
}

#[cfg(test)]
mod tests {
    use super::super::table::Fit;
    use super::*;
    use serde_json::json;

    fn printed(report: &Report, format: Format) -> (String, String) {
        let Printed { out, note } = report.print(format, None).unwrap();
        (out, note)
    }

    #[test]
    fn json_is_the_answer_and_nothing_else() {
        let report = Report::done_then(json!({"name": "alice"}), "created alice".into(), vec!["next".into()]);
        assert_eq!(printed(&report, Format::Json), ("{\n  \"name\": \"alice\"\n}\n".into(), String::new()));
        assert_eq!(printed(&report, Format::Table).0, "created alice\n  next\n");
        let gone = Report::done_then(Value::Null, "gone".into(), vec!["but for one".into()]);
        assert_eq!(
            serde_json::from_str::<Value>(&printed(&gone, Format::Json).0).unwrap(),
            json!({ "done": "gone", "next": ["but for one"] })
        );
    }

    #[test]
    fn an_empty_list_leaves_standard_output_empty() {
        let table = Table { columns: &[("NAME", Fit::Whole)], rows: vec![] };
        let report = Report { answer: json!([]), view: View::Many(table, "No users.") };
        assert_eq!(printed(&report, Format::Table), (String::new(), "No users.\n".into()));
        assert_eq!(printed(&report, Format::Json).0, "[]\n");
    }
}
