//! `dockpass robot`: the credentials of machines that belong to an organization.

mod create;
mod list;
mod rotate;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListAccessOfToken;
use crate::api::operations::robots as op;
use crate::api::{ApiToken, Paging, Robot, UpdateApiToken};
use crate::cli::commands::activity::{self, ActivityArguments, Most};
use crate::cli::commands::reach;
use crate::cli::commands::token::change::{self, Meant};
use crate::cli::commands::token::report;
use crate::cli::commands::values::{self, RobotReference};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::Api;

/// What can be done with robots.
#[derive(Subcommand)]
pub(in crate::cli) enum RobotCommand {
    /// Make a robot; the secret is shown once, alone in a pipe
    #[command(after_help = "Example:\n  dockpass robot create acme/ci --access push --expires 90d\n  \
        dockpass robot create acme/web --access read-only --repository 'acme/web/*' > secret.txt\n\nIt signs in with its whole \
        name: docker login HOST --username acme/ci")]
    Create(create::CreateArguments),
    /// List the robots of an organization, or of all that you may see
    #[command(after_help = "Example:\n  dockpass robot list acme")]
    List {
        /// Name or id of the organization
        #[arg(value_name = "ORG", value_parser = values::account)]
        organization: Option<String>,
    },
    /// Show a robot
    #[command(after_help = "Example:\n  dockpass robot show acme/ci")]
    Show(One),
    /// Show what a robot did, and what was done to it, newest first
    #[command(after_help = "Example:\n  dockpass robot activity acme/ci --since 7d")]
    Activity {
        #[command(flatten)]
        robot: One,
        #[command(flatten)]
        which: ActivityArguments,
        #[command(flatten)]
        most: Most,
    },
    /// List every repository that a robot reaches, with the level and why
    #[command(after_help = "Example:\n  dockpass robot access acme/ci")]
    Access(One),
    /// Give a robot another label; its name stays
    #[command(after_help = "Example:\n  dockpass robot rename acme/ci 'the old build server'")]
    Rename {
        #[command(flatten)]
        robot: One,
        /// The new label
        #[arg(value_name = "LABEL")]
        label: String,
    },
    /// Stop a robot until it is activated again
    #[command(after_help = "Example:\n  dockpass robot deactivate acme/ci")]
    Deactivate(One),
    /// Let a deactivated robot work again
    #[command(after_help = "Example:\n  dockpass robot activate acme/ci")]
    Activate(One),
    /// Give a robot a new secret
    #[command(after_help = "Example:\n  dockpass robot rotate acme/ci --overlap 1h\n  \
        dockpass robot rotate acme/ci --overlap until-used --renew\n\nA robot that stopped with the access token that made \
        its secret works again with a new one.")]
    Rotate(rotate::RotateArguments),
    /// Delete robots for good; their names are free again
    #[command(after_help = "Example:\n  dockpass robot delete acme/ci acme/web")]
    Delete {
        /// The robots, ORG/NAME
        #[arg(value_name = "ORG/NAME", value_parser = values::robot, required = true)]
        robots: Vec<RobotReference>,
        #[command(flatten)]
        unasked: Unasked,
    },
}

/// One robot.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// The robot: its organization, a slash, its name
    #[arg(value_name = "ORG/NAME", value_parser = values::robot)]
    robot: RobotReference,
}

pub(in crate::cli) async fn run(command: RobotCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        RobotCommand::Create(arguments) => create::run(arguments, api, console).await,
        RobotCommand::List { organization } => list::run(organization, api, console).await,
        RobotCommand::Show(One { robot }) => {
            let answer = api.call(op::ViewRobot, robot.parts(), &()).await?;
            let hash = answer.read()?.record.hashed_token;
            console.report(&report::one(answer.of::<ApiToken>(), &hash, console.clock.now())?)
        }
        RobotCommand::Activity { robot: One { robot }, which, most } => {
            let query = which.query(console.clock.now());
            let list = api.list(op::ListRobotActivity, robot.parts(), &query, most.rows()).await?;
            console.report(&activity::report(list)?)
        }
        RobotCommand::Access(One { robot }) => {
            let hash = view(&robot, api).await?.record.hashed_token;
            let list = api.list(ListAccessOfToken, [&hash], &Paging::default(), usize::MAX).await?;
            let nothing =
                "This robot reaches no repository that is there. What its organization owns: dockpass repo list ORG";
            console.report(&reach::reached(list, nothing.to_owned())?)
        }
        RobotCommand::Rename { robot: One { robot }, label } => {
            let change = UpdateApiToken { token_label: Some(label), is_active: None };
            let words = ["relabelled", "is called so"];
            let report = change::update(&Meant::Robot(&robot), &change, words, api, console).await?;
            console.report(&report)
        }
        RobotCommand::Deactivate(One { robot }) => {
            console.report(&change::deactivate(&Meant::Robot(&robot), api).await?)
        }
        RobotCommand::Activate(One { robot }) => {
            let change = UpdateApiToken { token_label: None, is_active: Some(true) };
            let words = ["activated", "is switched on"];
            let report = change::update(&Meant::Robot(&robot), &change, words, api, console).await?;
            console.report(&report)
        }
        RobotCommand::Rotate(arguments) => rotate::run(arguments, api, console).await,
        RobotCommand::Delete { robots, unasked } => delete(&robots, unasked, api, console).await,
    }
}

async fn view(robot: &RobotReference, api: &mut Api) -> Result<Robot, CliError> {
    api.call(op::ViewRobot, robot.parts(), &()).await?.read()
}

/// Deletes robots, all of which are looked up before the first goes.
async fn delete(
    robots: &[RobotReference],
    unasked: Unasked,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let mut meant: Vec<Robot> = Vec::new();
    for robot in robots {
        let found = view(robot, api).await?;
        if meant.iter().all(|other| other.record.id != found.record.id) {
            meant.push(found);
        }
    }
    let stakes: Vec<_> = meant.iter().map(|it| format!("{} is deleted for good.", report::named(&it.record))).collect();
    prompt::confirm(Final::Delete, &stakes.join("\n"), unasked, console)?;
    for Robot { name, record, .. } in &meant {
        let answer = api.call(op::DeleteRobot, [&record.username, name], &()).await?;
        console.report(&Report::done(answer.value, format!("deleted {}", report::named_with_id(record))))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, ci, console};

    fn acme_ci() -> RobotReference {
        values::robot("acme/ci").unwrap()
    }

    #[tokio::test]
    async fn changes_say_what_was_done_to_whom() {
        let (on, off) = (ci(&json!({})).to_string(), ci(&json!({ "isActive": false })).to_string());
        let server = Server::with_json(&[(200, &on), (200, &off), (200, &off), (200, &off), (200, &off), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let stop = || RobotCommand::Deactivate(One { robot: acme_ci() });
        run(stop(), &mut api, &mut console).await.unwrap();
        let again = run(stop(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(again.to_string(), "the robot acme/ci is inactive already; nothing was changed");
        delete(&[acme_ci()], Unasked { yes: true }, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "deactivated the robot acme/ci\ndeleted the robot acme/ci (id 01A)\n");
        let sent = server.requests();
        assert!(
            sent[1].starts_with("PATCH /api/v0/accounts/acme/robots/ci ") && sent[1].ends_with(r#"{"isActive":false}"#)
        );
        assert!(sent[5].starts_with("DELETE /api/v0/accounts/acme/robots/ci "), "{}", sent[5]);
    }

    #[tokio::test]
    async fn a_deletion_names_what_goes_and_is_asked_about() {
        let on = ci(&json!({})).to_string();
        let server = Server::with_json(&[(200, &on), (200, &on)]);
        let (mut console, _) = console(b"");
        let twice = [acme_ci(), acme_ci()];
        let error = delete(&twice, Unasked::default(), &mut server.api(), &mut console).await.unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("the robot acme/ci is deleted for good.") && error.exit_code() == 2, "{said}");
    }

    #[tokio::test]
    async fn one_is_shown_with_its_name_and_whose_secret_it_has() {
        let server = Server::with_json(&[(200, &ci(&json!({})).to_string())]);
        let (mut console, written) = console(b"");
        run(RobotCommand::Show(One { robot: acme_ci() }), &mut server.api(), &mut console).await.unwrap();
        let shown = written.out();
        for (name, value) in
            [("Owner", "acme/ci"), ("Access", "push, acme/*"), ("Secret by", "alice"), ("Kind", "robot")]
        {
            assert!(
                shown.lines().any(|line| line.trim_start().starts_with(name) && line.ends_with(value)),
                "{name}: {shown}"
            );
        }
    }
}
