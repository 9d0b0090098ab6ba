//! `dockpass settings`: what administrators set while the server runs.

use clap::Subcommand;
use serde_json::{Map, Value};

use crate::api::operations::server as op;
use crate::api::{SettingSource, Settings, UpdateSettings};
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View, shown};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::duration;
use crate::domain::settings::live_settings;
use crate::domain::text::shell_word;

/// What can be done with settings.
#[derive(Subcommand)]
pub(in crate::cli) enum SettingsCommand {
    /// Show the settings in effect, and which are fixed by the configuration
    #[command(after_help = "Example:\n  dockpass settings show")]
    Show,
    /// Change settings, effective at once and kept
    #[command(
        after_help = "Example:\n  dockpass settings set maxTokensPerAccount=50 tokenMaxLifetime=90d\n\nA name is one of \
                      those that `dockpass settings show` lists, or its key in the configuration. A length of time is \
                      written as 90d, or never. `registryPublicHost=` leaves that to the configuration. What the configuration \
                      sets is fixed."
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

impl Known {
    /// A value as it is typed, or what it means that there is none.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Null if self.is_lifetime => "never".to_owned(),
            Value::Null => "none".to_owned(),
            Value::Number(number) if self.is_lifetime => {
                number.as_i64().map_or_else(|| number.to_string(), duration::format)
            }
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        }
    }
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

/// The setting for which clients make a proposal.
const HOST: &str = "registryPublicHost";

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
            let (mut body, mut said) = (Map::new(), Vec::new());
            for (name, text) in &changes {
                let (known, value) = change(&present.value, name, text)?;
                said.push((name, known.shown(&value)));
                body.insert(known.field.to_owned(), value);
            }
            let is_same = body.iter().all(|(field, value)| present.value.get(field) == Some(value));
            let body: UpdateSettings = serde_json::from_value(Value::Object(body)).map_err(CliError::Json)?;
            let answer = api.send(op::UpdateSettings, [], &(), &body).await?;
            console.report(&Report::done(answer.value, done(&said, is_same)))
        }
    }
}

fn done(said: &[(&String, String)], is_same: bool) -> String {
    let joined =
        |verb: &str| said.iter().map(|(name, value)| format!("{name} {verb} {value}")).collect::<Vec<_>>().join(", ");
    if is_same { format!("{} already; nothing was changed", joined("is")) } else { format!("set {}", joined("to")) }
}

/// The setting that a name means, and the value as its present one is typed: a flag, a number, a length of time, a text.
/// Where there may be none, `null` and nothing at all are none.
fn change(present: &Value, name: &str, text: &str) -> Result<(&'static Known, Value), CliError> {
    let known = KNOWN.iter().find(|known| known.field == name || known.key == name);
    let refused = |expected: &str| CliError::Usage(format!("{name}: expected {expected}, not `{text}`"));
    let Some((known, present)) = known.and_then(|known| Some((known, present.get(known.field)?))) else {
        let names: Vec<_> = KNOWN.iter().map(|known| known.field).collect();
        return Err(CliError::Usage(format!("there is no setting `{name}`; known are {}", names.join(", "))));
    };
    let value = match present {
        Value::Bool(_) => text.parse().map(Value::Bool).map_err(|_| refused("true or false"))?,
        Value::Null | Value::Number(_) if known.is_lifetime => {
            lifetime(text).ok_or_else(|| refused("a length of time such as 90d, a number of seconds, or never"))?
        }
        Value::Number(_) => text.parse::<i64>().map(Value::from).map_err(|_| refused("a whole number"))?,
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
            if matches!(text, "" | "null") {
                Value::Null
            } else {
                Value::String(text.to_owned())
            }
        }
    };
    Ok((known, value))
}

/// Seconds, or null for never.
fn lifetime(text: &str) -> Option<Value> {
    if matches!(text, "never" | "null") {
        return Some(Value::Null);
    }
    let seconds = duration::parse(text).ok().or_else(|| text.parse().ok());
    seconds.map(Value::from)
}

fn report(answer: ApiAnswer<Settings>) -> Result<Report, CliError> {
    let settings = answer.read()?;
    let row = |known: &Known| {
        let configuration = match settings.fixed.get(known.field) {
            Some(setting) => format!("{}, fixed by the {}", setting.key, place(setting.from)),
            None => known.key.to_owned(),
        };
        let value = answer.value.get(known.field)?;
        Some(vec![known.field.to_owned(), known.shown(value), configuration])
    };
    let table = Table { columns: COLUMNS, rows: KNOWN.iter().filter_map(row).collect() };
    let seen = settings.public_host_seen.map(|seen| shown::plain(&seen));
    let seen = seen
        .map(|seen| format!("Clients call the registry {seen}: dockpass settings set {HOST}={}", shell_word(&seen)));
    Ok(Report { answer: answer.value, view: View::ManyWith(table, seen.into_iter().collect()) })
}

fn place(from: SettingSource) -> &'static str {
    match from {
        SettingSource::File => "file",
        SettingSource::Environment => "environment",
        SettingSource::Flag => "command line",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const SETTINGS: &str = r#"{"dtrHost":"h:1","createRepositoryOnPush":true,"maxRepositoriesPerNamespace":10,
        "maxTokensPerAccount":5,"tokenDefaultLifetime":null,"tokenMaxLifetime":7776000,"auditRegistryTokens":false,
        "registryPublicHost":null,"registryPublicHostSeen":"hub.example.com","auditAuthLogsEnabled":true,"fixed":{"maxTokensPerAccount":{"key":"tokens.max_per_account","from":"file"}}}"#;

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
        let host = "registryPublicHost none registry.public_host";
        assert_eq!(words("registryPublicHost"), host);
        let unset = ["registryPublicHostSeen", "dtrHost", "auditAuthLogsEnabled"];
        assert!(unset.iter().all(|name| !out.contains(name)), "what nobody sets here is listed:\n{out}");
    }

    #[tokio::test]
    async fn nothing_is_null_and_what_is_so_already_is_said() {
        for text in ["registryPublicHost=", "registryPublicHost=null", "registry.public_host="] {
            let present = SETTINGS.replace("\"registryPublicHost\":null", "\"registryPublicHost\":\"a.example.com\"");
            let (result, out, sent) = done(set(&[text]), &[(200, &present), (202, SETTINGS)]).await;
            result.unwrap();
            let name = text.split('=').next().unwrap();
            assert_eq!(out, format!("set {name} to none\n"));
            assert!(sent[1].ends_with(r#"{"registryPublicHost":null}"#), "{}", sent[1]);
        }
        let (_, out, _) = done(set(&["tokenDefaultLifetime=null"]), &[(200, SETTINGS), (202, SETTINGS)]).await;
        assert_eq!(out, "tokenDefaultLifetime is never already; nothing was changed\n");
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
            ("registryPublicHostSeen=a.example.com", "there is no setting `registryPublicHostSeen`"),
            ("maxTokensPerAccount=null", "expected a whole number"),
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
