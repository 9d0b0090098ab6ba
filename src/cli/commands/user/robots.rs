//! The robots whose secret a leaver knows, since it made or rotated them last: they belong to their organizations and go
//! on, until they are given new secrets.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::api::operations::{access_tokens, robots as op};
use crate::api::{ApiToken, Counting, Paging, RotateApiToken};
use crate::cli::commands::stakes;
use crate::cli::commands::token::report;
use crate::cli::screen::{CliError, Step, shown};
use crate::cli::wire::{Api, List};
use crate::domain::text::shell_word;

/// Most robots that are named.
const MOST: usize = 5;

/// The robots whose present secret a user asked for.
pub(super) struct Known {
    robots: List<ApiToken>,
}

impl Known {
    /// Of this user, for a system administrator.
    pub(super) async fn to(user: &str, api: &mut Api) -> Result<Self, CliError> {
        let ranking = access_tokens::Ranking { secret_by: Some(user.to_owned()), ..Default::default() };
        let query = (access_tokens::Selection::default(), ranking, Paging::default(), Counting::default());
        Ok(Self { robots: api.list(access_tokens::ListAccessTokens, [], &query, usize::MAX).await? })
    }

    /// What becomes of them, as a sentence of the question.
    pub(super) fn stakes(&self, file: Option<&Path>) -> Option<String> {
        let robots = stakes::many(u64::try_from(self.robots.len()).ok(), "robot", "robots")?;
        Some(match file {
            Some(_) => format!("The secrets of {robots} that it asked for: replaced at once."),
            None => format!("The secrets of {robots} that it asked for: not changed."),
        })
    }

    /// What is left of them, with the command that ends it, and the same for programs.
    pub(super) fn remains(&self) -> Result<(Vec<String>, Value), CliError> {
        let robots = self.robots.read()?;
        let line = |robot: &ApiToken| {
            let name = report::owner(robot);
            format!(
                "a secret of the robot {}, which it asked for: dockpass robot rotate {}",
                shown::plain(&name),
                shell_word(&name)
            )
        };
        let more = robots.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("and {more} more: --rotate-robots FILE"));
        Ok((robots.iter().take(MOST).map(line).chain(more).collect(), self.robots.answer.clone()))
    }

    /// Gives each of them a new secret, which ends the old one, and writes it to a new file that only its owner reads, a line
    /// for each: `ORG/NAME`, a space, the secret. Each is on the disk before the next is asked for.
    pub(super) async fn rotate(&self, path: &Path, api: &mut Api) -> Result<(Step, Value), CliError> {
        let robots = self.robots.read()?;
        let mut file = new_file(path)?;
        let mut names = Vec::new();
        for robot in &robots {
            let name = robot.robot.clone().unwrap_or_default();
            let answer = api.send(op::RotateRobot, [&robot.username, &name], &(), &RotateApiToken::default()).await;
            let secret = answer.and_then(|answer| answer.read());
            let new = secret.map_err(|error| error.about(&report::owner(robot)))?;
            let line = format!("{} {}\n", new.robot.user_name, new.token);
            let lost = |cause| CliError::SecretLost { id: new.robot.record.id.clone(), cause };
            file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(lost)?;
            names.push(new.robot.user_name);
        }
        let number = shown::counted(names.len(), "robot");
        let line = format!("gave {number} new secrets, which stand in {}", path.display());
        Ok((Step::Line(line, names.clone()), json!(names)))
    }
}

/// A file that was not there, before any secret is made that it is for.
fn new_file(path: &Path) -> Result<File, CliError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| CliError::Usage(format!("{} cannot be made: {error}; nothing was rotated", path.display())))
}

/// The option that asks for new secrets.
#[derive(clap::Args, Default)]
pub(super) struct RotateRobots {
    /// Give new secrets to the robots whose secret the user made or rotated last, and write them into this new file, which
    /// only you may read
    #[arg(long, value_name = "FILE")]
    pub(super) rotate_robots: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::cli::testing::{Server, ci};

    #[tokio::test]
    async fn new_secrets_stand_in_a_file_that_only_its_owner_reads() {
        let list = json!([ci(&json!({})), ci(&json!({ "robot": "web" }))]).to_string();
        let one = ci(&json!({ "token": "dkp_one" })).to_string();
        let two = ci(&json!({ "token": "dkp_two", "userName": "acme/web" })).to_string();
        let server = Server::with_json(&[(200, &list), (200, &one), (200, &two)]);
        let mut api = server.api();
        let known = Known::to("alice", &mut api).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        let (step, names) = known.rotate(&path, &mut api).await.unwrap();
        assert_eq!(names, json!(["acme/ci", "acme/web"]));
        assert!(matches!(step, Step::Line(line, _) if line.starts_with("gave 2 robots new secrets")));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "acme/ci dkp_one\nacme/web dkp_two\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A file that is there is neither overwritten nor added to, and nothing is rotated.
        let error = known.rotate(&path, &mut api).await.err().unwrap();
        assert!(error.exit_code() == 2 && error.to_string().contains("nothing was rotated"), "{error}");
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /api/v0/api_tokens?secretby=alice&"), "{}", sent[0]);
        assert!(sent[2].starts_with("POST /api/v0/accounts/acme/robots/web/rotate "), "{}", sent[2]);
    }

    #[tokio::test]
    async fn what_is_left_names_the_command() {
        let list = json!([ci(&json!({}))]).to_string();
        let server = Server::with_json(&[(200, &list), (200, "[]")]);
        let mut api = server.api();
        let known = Known::to("alice", &mut api).await.unwrap();
        let (lines, _) = known.remains().unwrap();
        assert_eq!(lines, ["a secret of the robot acme/ci, which it asked for: dockpass robot rotate acme/ci"]);
        assert_eq!(known.stakes(None).as_deref(), Some("The secrets of 1 robot that it asked for: not changed."));
        assert_eq!(Known::to("bob", &mut api).await.unwrap().stakes(None), None);
    }
}
