//! `dockpass check`: reads every record of the store, of a running server or without one.

use clap::Args;

use super::config;
use super::target::{self, Signing};
use crate::api::StoreCheck;
use crate::api::operations::keeping as op;
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Report, Step, View, shown};
use crate::cli::wire::is_served;
use crate::http::{self, StartError};

/// The command, as messages name it.
const COMMAND: &str = "dockpass check";

/// What `dockpass check` takes.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dockpass check\n  dockpass check --data-dir /var/lib/dockpass --format json\n\nIt reads every record, \
                  compares each with its key, with the others and with the seal of the last change, and follows the whole audit \
                  log. A running server goes on meanwhile. Without one, a copy of the store is read, which needs as much room \
                  in the data directory; the store itself stays as it is.\n\nExit codes: 0 all is well; 1 something is wrong, \
                  or it cannot be read; 2 wrong usage."
)]
pub(in crate::cli) struct CheckArguments {}

pub(in crate::cli) async fn run(
    CheckArguments {}: CheckArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    if global.server.is_some() {
        return Err(CliError::Usage(format!(
            "`{COMMAND}` works on the machine of the server only; run it there, without --server"
        )));
    }
    let config = config::load(&global.clone().or_environment(console), None, console)?;
    let directory = config.server.data_dir;
    let (answer, found) = if is_served(&directory) {
        let mut api = target::open(Signing::Needed, Global { server: None, ..global }, console).await?;
        api.must_be_local(COMMAND)?;
        let answer = api.call(op::CheckStore, [], &()).await?;
        let found: StoreCheck = answer.read()?;
        (answer.value, found)
    } else if directory.is_dir() {
        let found = http::check_store(&directory).map_err(StartError::from)?;
        (serde_json::to_value(&found).map_err(CliError::Json)?, found)
    } else {
        return Err(CliError::NoDataDirectory(directory));
    };
    let count = format!(
        "{} and {}",
        shown::counted(found.records, "record"),
        shown::counted(found.audit_records, "audit record")
    );
    let head = format!("{}:{}", found.audit_head.seq, shown::plain(&found.audit_head.hash));
    if found.problems.is_empty() {
        return console.report(&Report::done(answer, format!("the store is whole: {count}, up to {head}")));
    }
    let mut steps: Vec<Step> = found.problems.iter().map(step).collect();
    steps.push(Step::Line(format!("read {count}"), Vec::new()));
    console.report(&Report { answer, view: View::Steps(steps) })?;
    let problems = found.more_problems.saturating_add(found.problems.len() as u64);
    Err(CliError::Finding(format!("the store is not whole: {}", shown::counted(problems, "problem"))))
}

fn step(problem: &crate::api::StoreProblem) -> Step {
    let key = problem.key.as_ref().map(|key| format!("record {} of ", shown::plain(key))).unwrap_or_default();
    let table = problem.table.as_ref().map(|table| format!("{}: ", shown::plain(table))).unwrap_or_default();
    Step::Line(format!("{key}{table}{}", shown::plain(&problem.problem)), vec![shown::plain(&problem.remedy)])
}
