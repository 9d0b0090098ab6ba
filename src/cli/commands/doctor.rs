//! `dockpass doctor`: examines the whole site, by its server or, where none runs, by what its files tell.

use serde_json::Value;

use super::target::{self, Signing, Target};
use crate::api::operations::server::ExamineSite;
use crate::api::{Examination, ExaminedCheck};
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Fit, Report, Step, Table, View, shown};
use crate::cli::wire::{Api, is_served};
use crate::config::Config;
use crate::domain::checkup::CheckState;
use crate::http;

/// What `dockpass doctor` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dockpass doctor\n  dockpass doctor --quiet || mail -s 'dockpass needs a hand' ops@example.com\n  \
                  dockpass doctor --format json | jq '.checks[] | select(.state == \"failed\")'\n\nThe server looks at what \
                  clients, the registry and the disk find: the public URL and its certificate, the registry's clock, its \
                  challenge, whether it takes a registry token, its catalogue and its notifications; room on the disk, file \
                  modes, backups, what ends or is old. Nothing is changed. Only administrators may ask; a server elsewhere is \
                  asked with --server. Where no server runs, only the configuration, the certificates, the disk, the file \
                  modes and the backups are looked at.\n\nExit codes: 0 all is well; 1 something failed, or it cannot be \
                  examined; 2 wrong usage; 3 nothing failed, but something wants looking after."
)]
pub(in crate::cli) struct DoctorArguments {
    /// Print nothing; only set the exit code
    #[arg(long, short)]
    quiet: bool,
}

const COLUMNS: &[(&str, Fit)] = &[("CHECK", Fit::Whole), ("STATE", Fit::Whole), ("SEEN", Fit::Shrinks(20))];

/// Examines the site; it is an error if something is not well.
pub(in crate::cli) async fn run(
    arguments: &DoctorArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let (answer, found) = match target::find(Signing::Needed, global, console).await? {
        Target::Here(config) => here(&config, console).await?,
        Target::Elsewhere(server) => {
            console.spoken_to = server.spoken_to();
            asked(&mut server.api()?).await?
        }
    };
    if !arguments.quiet {
        console.report(&report(answer, &found))?;
    }
    verdict(&found, arguments.quiet)
}

/// The server of a data directory is asked; without an answer of it, its files tell what they can.
async fn here(config: &Config, console: &Console) -> Result<(Value, Examination), CliError> {
    let directory = &config.server.data_dir;
    let mut why = None;
    if is_served(directory) {
        let mut api = Api::served(directory)?;
        match asked(&mut api).await {
            Err(error) if is_silence(&error) => why = Some(error.to_string()),
            asked => return asked,
        }
    } else if !directory.is_dir() {
        return Err(CliError::NoDataDirectory(directory.clone()));
    }
    let found = http::examine_without_server(config, why.as_deref(), console.clock.now());
    Ok((serde_json::to_value(&found).map_err(CliError::Json)?, found))
}

/// Whether no answer came, and not one that says no.
fn is_silence(error: &CliError) -> bool {
    matches!(error, CliError::Unreachable { .. } | CliError::Timeout { .. } | CliError::ApiAnswer { .. })
}

async fn asked(api: &mut Api) -> Result<(Value, Examination), CliError> {
    let answer = api.call(ExamineSite, [], &()).await?;
    let found = answer.read()?;
    Ok((answer.value, found))
}

fn needs_a_hand(check: &ExaminedCheck) -> bool {
    match check.state {
        CheckState::Failed | CheckState::Warning => true,
        CheckState::Ok | CheckState::NotApplicable => false,
    }
}

fn report(answer: Value, found: &Examination) -> Report {
    let rows =
        found.checks.iter().map(|check| vec![check.title.clone(), state(check.state).to_owned(), check.seen.clone()]);
    let mut steps = vec![Step::Table(Table { columns: COLUMNS, rows: rows.collect() })];
    steps.extend(found.checks.iter().filter(|check| needs_a_hand(check)).map(in_full));
    Report { answer, view: View::Steps(steps) }
}

/// What the table may have cut, and what to do.
fn in_full(check: &ExaminedCheck) -> Step {
    let state = if check.state == CheckState::Failed { "failed" } else { "to look after" };
    let remedy = check.remedy.iter().map(|remedy| format!("to do: {}", shown::plain(remedy)));
    let lines = std::iter::once(shown::plain(&check.seen)).chain(remedy).collect();
    Step::Line(format!("\n{}: {state}", shown::plain(&check.title)), lines)
}

fn state(state: CheckState) -> &'static str {
    match state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Failed => "failed",
        CheckState::NotApplicable => "-",
    }
}

/// What that comes to, as the exit code tells it.
fn verdict(found: &Examination, is_quiet: bool) -> Result<(), CliError> {
    let count = |state| found.checks.iter().filter(|check| check.state == state).count();
    let (failed, warned) = (count(CheckState::Failed), count(CheckState::Warning));
    let failures = (failed > 0).then(|| format!("{} failed", shown::counted(failed, "check")));
    let warnings = (warned > 0).then(|| format!("{} to look after", shown::counted(warned, "thing")));
    let said = [failures, warnings].into_iter().flatten().collect::<Vec<_>>().join(", ");
    match found.state {
        CheckState::Ok | CheckState::NotApplicable => Ok(()),
        CheckState::Failed if is_quiet => Err(CliError::Unhealthy),
        CheckState::Failed => Err(CliError::Finding(said)),
        CheckState::Warning => Err(CliError::Warned(Some(said).filter(|_| !is_quiet))),
    }
}
