//! `dockpass settings`: what administrators set while the server runs.

use clap::Subcommand;
use serde_json::{Map, Value};

use crate::api::operations::server as op;
use crate::api::{SettingSource, Settings, UpdateSettings};
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::duration;
use crate::domain::settings::live_settings;

/// What can be done with settings.
#[derive(Subcommand)]
pub(in crate::cli) enum SettingsCommand {
    /// Show the settings in force, and which of them the configuration fixes
    #[command(alias = "list", alias = "ls", after_help = "Example:\n  dockpass settings show")]
    Show,
    /// Change settings, at once and for good
    #[command(
        after_help = "Example:\n  dockpass settings set maxTokensPerAccount=50 tokenMaxLifetime=90d\n\nA name is one of \
                      those that `dockpass settings show` lists, or its key in the configuration. A length of time is \
                      written as 90d, or never. What the configuration sets is fixed."
    )]
    Set {
        /// Name and new value
        #[arg(value_name = "NAME=VALUE", required = true, value_parser = assignment)]
        changes: Vec<(String, String)>,
    },
}

/// A setting in the API, and its key in the configuration.
struct Known {
    field: &'static str,
    key: &'static str,
    is_lifetime: bool,
}

/// Makes the list from the table of settings.
macro_rules! known {
    ($($name:ident: $value:ty, $field:literal, $section:ident.$key:ident, $what:tt $bounds:tt $end:tt;)*) => {
        &[$(Known {
            field: $field,
            key: concat!(stringify!($section), ".", stringify!($key)),
            is_lifetime: matches!(stringify!($value).as_bytes(), b"Lifetime"),
        }),*]
    };
}
const KNOWN: &[Known] = live_settings!(known!);

const COLUMNS: &[(&str, Fit)] = &[("SETTING", Fit::Whole), ("VALUE", Fit::Whole), ("CONFIGURATION", Fit::Shrinks(13))];

fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(in crate::cli) async fn run(
    command: SettingsCommand,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let present = api.call(op::ViewSettings, [], &()).await?;
    match command {
        SettingsCommand::Show => console.report(&report(present)?),
        SettingsCommand::Set { changes } => {
            let mut body = Map::new();
            for (name, text) in &changes {
                let (field, value) = change(&present.value, name, text)?;
                body.insert(field, value);
            }
            let body: UpdateSettings = serde_json::from_value(Value::Object(body)).map_err(CliError::Json)?;
            let answer = api.send(op::UpdateSettings, [], &(), &body).await?;
            let said = changes.iter().map(|(name, text)| format!("{name} to {text}"));
            let line = format!("set {}", said.collect::<Vec<_>>().join(", "));
            console.report(&Report::done(answer.value, line))
        }
    }
}

/// The field that a name means, and the value as its present one is typed: a flag, a number, a length of time, a text.
fn change(present: &Value, name: &str, text: &str) -> Result<(String, Value), CliError> {
    let known = KNOWN.iter().find(|known| known.field == name || known.key == name);
    let field = known.map_or(name, |known| known.field);
    let refused = |expected: &str| CliError::Usage(format!("{name}: expected {expected}, not `{text}`"));
    let value = match present.get(field) {
        None | Some(Value::Array(_) | Value::Object(_)) => {
            let names: Vec<_> = KNOWN.iter().map(|known| known.field).collect();
            return Err(CliError::Usage(format!("there is no setting `{name}`; known are {}", names.join(", "))));
        }
        Some(Value::Bool(_)) => text.parse().map(Value::Bool).map_err(|_| refused("true or false"))?,
        Some(Value::Null | Value::Number(_)) if known.is_some_and(|known| known.is_lifetime) => {
            lifetime(text).ok_or_else(|| refused("a length of time such as 90d, a number of seconds, or never"))?
        }
        Some(Value::String(_) | Value::Null) => Value::String(text.to_owned()),
        Some(Value::Number(_)) => text.parse::<i64>().map(Value::from).map_err(|_| refused("a whole number"))?,
    };
    Ok((field.to_owned(), value))
}

/// Seconds, or null for never.
fn lifetime(text: &str) -> Option<Value> {
    if text == "never" {
        return Some(Value::Null);
    }
    let seconds = duration::parse(text).ok().or_else(|| text.parse().ok());
    seconds.map(Value::from)
}

fn report(answer: ApiAnswer<Settings>) -> Result<Report, CliError> {
    let fixed = answer.read()?.fixed;
    let fields = answer.value.as_object().into_iter().flatten();
    let rows = fields.filter_map(|(field, value)| {
        let known = KNOWN.iter().find(|known| known.field == field);
        let configuration = match (fixed.get(field), known) {
            (Some(setting), _) => format!("{}, fixed by the {}", setting.key, place(setting.from)),
            (None, Some(known)) => known.key.to_owned(),
            (None, None) => "-".to_owned(),
        };
        Some(vec![field.clone(), shown(value, known.is_some_and(|known| known.is_lifetime))?, configuration])
    });
    let table = Table { columns: COLUMNS, rows: rows.collect() };
    Ok(Report { answer: answer.value, view: View::Many(table, "There are no settings.") })
}

fn place(from: SettingSource) -> &'static str {
    match from {
        SettingSource::File => "file",
        SettingSource::Environment => "environment",
        SettingSource::Flag => "command line",
    }
}

/// A value as it is typed; none for what is no setting.
fn shown(value: &Value, is_lifetime: bool) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        Value::Null if is_lifetime => Some("never".to_owned()),
        Value::Null => Some("-".to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if is_lifetime => number.as_i64().map(duration::format),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const SETTINGS: &str = r#"{"dtrHost":"h:1","createRepositoryOnPush":true,"maxRepositoriesPerNamespace":10,
        "maxTokensPerAccount":5,"tokenDefaultLifetime":null,"tokenMaxLifetime":7776000,"auditRegistryTokens":false,
        "auditAuthLogsEnabled":true,"fixed":{"maxTokensPerAccount":{"key":"tokens.max_per_account","from":"file"}}}"#;

    async fn done(command: SettingsCommand, answers: &[(u16, &str)]) -> (Result<(), CliError>, String, Vec<String>) {
        let server = Server::with_json(answers);
        let (mut console, written) = console(b"");
        let result = run(command, &mut server.api(), &mut console).await;
        (result, written.out(), server.requests())
    }

    fn set(changes: &[&str]) -> SettingsCommand {
        SettingsCommand::Set { changes: changes.iter().map(|text| assignment(text).unwrap()).collect() }
    }

    #[tokio::test]
    async fn settings_are_shown_as_they_are_typed() {
        let (_, out, _) = done(SettingsCommand::Show, &[(200, SETTINGS)]).await;
        let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let words = |name| line(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        assert_eq!(words("tokenMaxLifetime"), "tokenMaxLifetime 90d tokens.max_lifetime");
        assert_eq!(words("tokenDefaultLifetime"), "tokenDefaultLifetime never tokens.default_lifetime");
        assert_eq!(words("maxTokensPerAccount"), "maxTokensPerAccount 5 tokens.max_per_account, fixed by the file");
    }

    #[tokio::test]
    async fn a_value_is_read_as_its_setting_is_typed() {
        let changes = ["tokens.max_per_account=50", "tokenMaxLifetime=never", "tokenDefaultLifetime=30d"];
        let more = ["createRepositoryOnPush=false"];
        let (result, out, sent) = done(set(&[&changes[..], &more].concat()), &[(200, SETTINGS), (202, SETTINGS)]).await;
        result.unwrap();
        let said = "set tokens.max_per_account to 50, tokenMaxLifetime to never, tokenDefaultLifetime to 30d, \
                    createRepositoryOnPush to false\n";
        assert_eq!(out, said);
        let body: Value = serde_json::from_str(sent[1].split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let expected = serde_json::json!({
            "maxTokensPerAccount": 50, "tokenMaxLifetime": null, "tokenDefaultLifetime": 2_592_000,
            "createRepositoryOnPush": false,
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn what_no_setting_takes_is_wrong_usage() {
        for (wrong, said) in [
            ("colour=blue", "there is no setting `colour`; known are createRepositoryOnPush, "),
            ("fixed=1", "there is no setting `fixed`"),
            ("createRepositoryOnPush=maybe", "expected true or false, not `maybe`"),
            ("maxTokensPerAccount=many", "expected a whole number"),
            ("tokenMaxLifetime=long", "expected a length of time"),
        ] {
            let (result, ..) = done(set(&[wrong]), &[(200, SETTINGS)]).await;
            let error = result.unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains(said), "{error}");
        }
        assert!(assignment("maxTokensPerAccount").is_err());
    }
}
