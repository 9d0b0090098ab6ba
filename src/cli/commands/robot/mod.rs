//! `dockpass robot`: the credentials of machines that belong to an organization.

mod create;
mod list;
mod rotate;

use std::fmt;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListAccessOfToken;
use crate::api::operations::robots as op;
use crate::api::{ApiToken, Paging, Robot, UpdateApiToken};
use crate::cli::commands::activity::{self, ActivityArguments, Most};
use crate::cli::commands::reach;
use crate::cli::commands::several;
use crate::cli::commands::token::change::{self, Meant};
use crate::cli::commands::token::report;
use crate::cli::commands::values::{self, InOrganization};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::Api;

/// What can be done with robots.
#[derive(Subcommand)]
pub(in crate::cli) enum RobotCommand {
    /// Create a robot; its secret is shown once, and alone in a pipe
    #[command(after_help = "Example:\n  dockpass robot create acme/ci --access push --expires 90d\n  \
        dockpass robot create acme/web --access read-only --repository 'acme/web/*' > secret.txt\n\nIt signs in with its full \
        name: docker login HOST --username acme/ci")]
    Create(create::CreateArguments),
    /// List the robots of an organization, or of every organization you administer
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
    /// List every repository a robot has access to, with the level and the reason
    #[command(after_help = "Example:\n  dockpass robot access acme/ci")]
    Access(One),
    /// Change the label of a robot; its name stays
    #[command(after_help = "Example:\n  dockpass robot rename acme/ci 'the old build server'")]
    Rename {
        #[command(flatten)]
        robot: One,
        /// The new label
        #[arg(value_name = "LABEL")]
        label: String,
    },
    /// Deactivate robots until they are activated again
    #[command(after_help = "Example:\n  dockpass robot deactivate acme/ci acme/web")]
    Deactivate(Many),
    /// Activate robots that were deactivated
    #[command(after_help = "Example:\n  dockpass robot activate acme/ci acme/web")]
    Activate(Many),
    /// Give a robot a new secret
    #[command(after_help = "Example:\n  dockpass robot rotate acme/ci --overlap 1h\n  \
        dockpass robot rotate acme/ci --overlap until-used --renew\n  \
        dockpass robot rotate acme/ci --end-overlap\n\nA robot that stopped along with the access token that created \
        its secret works again with the new one.")]
    Rotate(rotate::RotateArguments),
    /// Delete robots for good; their names become free
    #[command(after_help = "Example:\n  dockpass robot delete acme/ci acme/web")]
    Delete {
        #[command(flatten)]
        robots: Many,
        #[command(flatten)]
        unasked: Unasked,
    },
}

/// One robot.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// The robot: its organization, a slash, its name
    #[arg(value_name = "ORG/NAME", value_parser = values::robot)]
    robot: InOrganization,
}

/// One robot or several.
#[derive(Args)]
pub(in crate::cli) struct Many {
    /// The robots: each its organization, a slash, its name
    #[arg(value_name = "ORG/NAME", value_parser = values::robot, required = true)]
    robots: Vec<InOrganization>,
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
            let nothing = "This robot reaches no repository that is there. What its organization owns: dockpass repo list --owner ORG";
            console.report(&reach::reached(list, nothing.to_owned())?)
        }
        RobotCommand::Rename { robot: One { robot }, label } => {
            let change = UpdateApiToken { token_label: Some(label), is_active: None };
            let words = ["relabelled", "is called so"];
            let report = change::update(&Meant::Robot(&robot), &change, words, api, console).await?;
            console.report(&report)
        }
        RobotCommand::Deactivate(Many { robots }) => {
            several::each(&robots, api, console, async |robot, api, _| {
                change::deactivate(&Meant::Robot(robot), api).await
            })
            .await
        }
        RobotCommand::Activate(Many { robots }) => {
            let change = UpdateApiToken { token_label: None, is_active: Some(true) };
            several::each(&robots, api, console, async |robot, api, console| {
                change::update(&Meant::Robot(robot), &change, ["activated", "is switched on"], api, console).await
            })
            .await
        }
        RobotCommand::Rotate(arguments) => rotate::run(arguments, api, console).await,
        RobotCommand::Delete { robots: Many { robots }, unasked } => delete(&robots, unasked, api, console).await,
    }
}

async fn view(robot: &InOrganization, api: &mut Api) -> Result<Robot, CliError> {
    api.call(op::ViewRobot, robot.parts(), &()).await?.read()
}

/// Deletes robots, all of which are looked up before the first goes.
async fn delete(
    robots: &[InOrganization],
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
    let meant: Vec<_> = meant.into_iter().map(Doomed).collect();
    several::each(&meant, api, console, async |Doomed(Robot { name, record, .. }), api, _| {
        let answer = api.call(op::DeleteRobot, [&record.username, name], &()).await?;
        Ok(Report::done(answer.value, format!("deleted {}", report::named_with_id(record))))
    })
    .await
}

/// A robot that was looked up and is to be deleted.
struct Doomed(Robot);

impl PartialEq for Doomed {
    fn eq(&self, other: &Self) -> bool {
        self.0.record.id == other.0.record.id
    }
}

impl fmt::Display for Doomed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report::owner(&self.0.record))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, ci, console};

    fn acme_ci() -> InOrganization {
        values::robot("acme/ci").unwrap()
    }

    #[tokio::test]
    async fn changes_say_what_was_done_to_whom() {
        let (on, off) = (ci(&json!({})).to_string(), ci(&json!({ "isActive": false })).to_string());
        let server = Server::with_json(&[(200, &on), (200, &off), (200, &off), (200, &off), (200, &off), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let stop = || RobotCommand::Deactivate(Many { robots: vec![acme_ci()] });
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
    async fn one_that_is_refused_keeps_no_other_from_it() {
        let off = ci(&json!({ "isActive": false })).to_string();
        let missing = r#"{"errors":[{"code":"NO_SUCH_ROBOT","message":"no such robot","detail":null}]}"#;
        let on = ci(&json!({ "robot": "web", "id": "01B" })).to_string();
        let activating = [(404, missing), (200, off.as_str()), (200, on.as_str())];
        let deleting = [(200, on.as_str()), (200, off.as_str()), (404, missing), (204, "")];
        let server = Server::with_json(&[&activating[..], &deleting[..]].concat());
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let named = |names: &[&str]| names.iter().map(|name| values::robot(name).unwrap()).collect::<Vec<_>>();
        let robots = named(&["acme/gone", "acme/web", "acme/web"]);
        let error = run(RobotCommand::Activate(Many { robots }), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "acme/gone: no such robot");
        let gone = delete(&named(&["acme/web", "acme/ci"]), Unasked { yes: true }, &mut api, &mut console).await;
        assert_eq!(gone.unwrap_err().to_string(), "acme/web: no such robot");
        assert_eq!(
            written.out(),
            "activated the robot acme/web\ndeleted the robot acme/ci (id 01A)\n",
            "one that is named twice is changed once"
        );
        drop(server.requests());
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
