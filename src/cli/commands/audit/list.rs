//! `dockpass audit list`: records of the audit log, newest first; or one's own, which nobody needs to be an administrator
//! for.

use clap::Args;
use serde_json::Value;

use super::follow;
use super::which::{self, WhichArguments};
use crate::api::operations::audit as op;
use crate::cli::commands::activity::{self, ActivityArguments, Most};
use crate::cli::screen::{CliError, Console, Report, View};
use crate::cli::wire::Api;

#[derive(Args)]
pub(in crate::cli) struct ListArguments {
    #[command(flatten)]
    which: WhichArguments,
    #[command(flatten)]
    most: Most,
    /// Only your own: what you did, where your password was tried, what was done to your account and access tokens
    #[arg(long, conflicts_with_all = ["actor", "object", "repository", "token", "account", "credential", "follow"])]
    mine: bool,
    /// Go on with the records that come, oldest first, until Ctrl-C; refusals and sign-ins come within half a minute
    #[arg(long, conflicts_with = "until")]
    follow: bool,
}

pub(super) async fn run(arguments: ListArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let (now, most) = (console.clock.now(), arguments.most.rows());
    if arguments.mine {
        return mine(arguments.which.activity, most, api, console).await;
    }
    if arguments.follow {
        api.must_be_served("dockpass audit list --follow")?;
        let query = arguments.which.query(now, api).await?;
        return follow::run(query, most, api, console).await;
    }
    let query = arguments.which.query(now, api).await?;
    let list = api.list(op::ListAudit, [], &query, most).await?;
    let table = activity::table(&which::shown(&list)?);
    console.report(&Report { answer: without_head(list.answer), view: View::Many(table, activity::NOTHING) })
}

/// The answer without the end of the log, which belongs to one page of it.
fn without_head(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("head");
        answer.remove("reached");
    }
    answer
}

async fn mine(which: ActivityArguments, most: usize, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let Some(user) = api.user().map(str::to_owned) else {
        let text = "--mine is for the user who signs in with --server; on this machine, name one with --account NAME";
        return Err(CliError::Usage(text.to_owned()));
    };
    let query = which.query(console.clock.now());
    let list = api.list(op::ListAccountActivity, [&user], &query, most).await?;
    console.report(&activity::report(list)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    #[tokio::test]
    async fn whose_own_it_is_must_be_known() {
        let server = Server::with_json(&[]);
        let (mut console, _) = console(b"");
        let which = ActivityArguments { action: None, outcome: None, since: None, until: None };
        let error = mine(which, 9, &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
