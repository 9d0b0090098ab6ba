//! How is shown what somebody reaches, and which access tokens reach a repository.

use serde_json::Value;

use crate::api::{ReachedRepository, ReachingToken};
use crate::cli::commands::why;
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::List;

const COLUMNS: &[(&str, Fit)] = &[("NAME", Fit::Shrinks(20)), ("ACCESS", Fit::Whole), ("WHY", Fit::Shrinks(12))];

const TOKEN_COLUMNS: &[(&str, Fit)] = &[
    ("OWNER", Fit::Shrinks(8)),
    ("ACCESS", Fit::Whole),
    ("STATE", Fit::Whole),
    ("LIMITS", Fit::Whole),
    ("LAST USED HERE (UTC)", Fit::Whole),
    ("LABEL", Fit::Shrinks(6)),
    ("ID", Fit::First(12)),
];

/// The columns for who administers the repository, and no more.
const TOKEN_COLUMNS_OF_ONE: &[(&str, Fit)] = &[
    ("OWNER", Fit::Shrinks(8)),
    ("ACCESS", Fit::Whole),
    ("STATE", Fit::Whole),
    ("LIMITS", Fit::Whole),
    ("LAST USED HERE (UTC)", Fit::Whole),
];

/// Every repository that somebody reaches.
pub(in crate::cli) fn reached(list: List<ReachedRepository>, nothing: &'static str) -> Result<Report, CliError> {
    let found = list.read()?;
    let row = |entry: &ReachedRepository| {
        let name = format!("{}/{}", entry.repository.namespace, entry.repository.name);
        let why: Vec<String> = entry
            .sources
            .iter()
            .map(|it| why::source(it.reason, &entry.repository.namespace, it.team.as_deref()))
            .collect();
        vec![name, entry.access_level.to_string(), why.join("; ")]
    };
    let table = Table { columns: COLUMNS, rows: found.iter().map(row).collect() };
    let unusable = list.answer.get("unusable").and_then(Value::as_str);
    let notes = unusable.map(|why| format!("nothing of it can be used: {}", shown::plain(why)));
    let view = match notes {
        Some(note) if !table.rows.is_empty() => View::ManyWith(table, vec![note]),
        Some(_) | None => View::Many(table, nothing),
    };
    Ok(Report { answer: list.answer, view })
}

/// The access tokens that reach a repository. An answer that names one is an administrator's.
pub(in crate::cli) fn reaching(list: List<ReachingToken>) -> Result<Report, CliError> {
    let found = list.read()?;
    let is_named = found.iter().any(|entry| entry.token.is_some());
    let columns = if is_named { TOKEN_COLUMNS } else { TOKEN_COLUMNS_OF_ONE };
    let rows = found.iter().map(|entry| token_row(entry, is_named)).collect();
    let nothing =
        "No access token reaches it by what its owner was given. Who has access: dockpass repo access NAMESPACE/NAME";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns, rows }, nothing) })
}

fn token_row(entry: &ReachingToken, is_named: bool) -> Vec<String> {
    let limits = if entry.limited { "limited" } else { "none" };
    let mut row = vec![
        entry.username.clone(),
        entry.access_level.to_string(),
        entry.state.to_string(),
        limits.to_owned(),
        shown::time_or(entry.last_used_here.as_deref(), "none seen"),
    ];
    if is_named {
        let token = entry.token.as_ref();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        row.push(or_dash(token.map(|token| token.token_label.clone())));
        row.push(or_dash(token.map(|token| token.id.clone())));
    }
    row
}
