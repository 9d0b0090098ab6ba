//! How is shown what somebody reaches, and which access tokens reach a repository.

use serde_json::Value;

use crate::api::{ReachedRepository, ReachingToken};
use crate::cli::commands::why::Way;
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::List;
use crate::domain::name::RepositoryName;
use crate::domain::text::shell_word;

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

/// Every repository that somebody reaches; `nothing` is said if there is none.
pub(in crate::cli) fn reached(list: List<ReachedRepository>, nothing: String) -> Result<Report, CliError> {
    let found = list.read()?;
    let row = |entry: &ReachedRepository| {
        let name = format!("{}/{}", entry.repository.namespace, entry.repository.name);
        let why: Vec<String> = entry.sources.iter().map(|source| Way::to(&name, None, source).source()).collect();
        let why = why.join("; ");
        vec![name, entry.access_level.to_string(), why]
    };
    let table = Table { columns: COLUMNS, rows: found.iter().map(row).collect() };
    let unusable = list.answer.get("unusable").and_then(Value::as_str);
    let unusable = unusable.map(|why| format!("nothing of it can be used: {}", shown::plain(why)));
    let notes = if table.rows.is_empty() { Some(nothing) } else { unusable };
    Ok(Report { answer: list.answer, view: View::ManyWith(table, notes.into_iter().collect()) })
}

/// The access tokens that reach a repository. An answer that names one is an administrator's.
pub(in crate::cli) fn reaching(list: List<ReachingToken>, name: &RepositoryName) -> Result<Report, CliError> {
    let found = list.read()?;
    let is_named = found.iter().any(|entry| entry.token.is_some());
    let columns = if is_named { TOKEN_COLUMNS } else { TOKEN_COLUMNS_OF_ONE };
    let rows = found.iter().map(|entry| token_row(entry, is_named)).collect();
    let nothing = found.is_empty().then(|| {
        let name = shell_word(&name.shown());
        format!("No access token reaches it by what its owner was given. Who has access: dockpass repo access {name}")
    });
    Ok(Report { answer: list.answer, view: View::ManyWith(Table { columns, rows }, nothing.into_iter().collect()) })
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
