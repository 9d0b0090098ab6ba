//! The robots whose secret a leaver knows, since it made or rotated them last: they belong to their organizations and go
//! on, until they are given new secrets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::api::operations::{access_tokens, robots as op};
use crate::api::{ApiToken, Counting, Paging, RotateApiToken};
use crate::cli::commands::stakes;
use crate::cli::commands::token::report;
use crate::cli::commands::token::secret::{self, Purpose};
use crate::cli::files::PrivateLines;
use crate::cli::screen::{CliError, shown};
use crate::cli::wire::Api;
use crate::domain::text::shell_word;
use crate::domain::token::TokenState;

/// Most robots that are named.
const MOST: usize = 5;

/// The robots whose present secret a user asked for.
pub(super) struct Known {
    robots: Vec<ApiToken>,
}

impl Known {
    /// Of this user, for a system administrator.
    pub(super) async fn to(user: &str, api: &mut Api) -> Result<Self, CliError> {
        let ranking = access_tokens::Ranking { secret_by: Some(user.to_owned()), ..Default::default() };
        let query = (access_tokens::Selection::default(), ranking, Paging::default(), Counting::default());
        Ok(Self { robots: api.list(access_tokens::ListAccessTokens, [], &query, usize::MAX).await?.read()? })
    }

    /// What becomes of them, as a sentence of the question.
    pub(super) fn stakes(&self, file: Option<&Path>) -> Option<String> {
        let secrets = match self.robots.len() {
            0 => return None,
            1 => "The secret of the robot",
            _ => "The secrets of the robots",
        };
        let mut names: Vec<_> =
            self.robots.iter().take(MOST).map(|robot| shown::plain(&report::owner(robot))).collect();
        let more = self.robots.len().saturating_sub(MOST);
        names.extend((more > 0).then(|| format!("{more} more")));
        let fate = if file.is_some() { "replaced at once" } else { "not changed" };
        Some(format!("{secrets} {}, known to the user: {fate}.", stakes::listed(&names)))
    }

    /// Whether there is any that can be given a new secret.
    pub(super) fn can_rotate(&self) -> bool {
        self.robots.iter().any(is_alive)
    }

    /// What is left of them but those that were given new secrets, with the command that ends it, and the same for programs.
    pub(super) fn remains(&self, rotated: &[String]) -> (Vec<String>, Value) {
        let left: Vec<_> = self.robots.iter().filter(|robot| !rotated.contains(&report::owner(robot))).collect();
        let line = |robot: &&ApiToken| {
            let name = report::owner(robot);
            let (shown, word) = (shown::plain(&name), shell_word(&name));
            match robot.state {
                TokenState::Active | TokenState::Stopped | TokenState::AccountInactive => {
                    Some(format!("a secret of the robot {shown}, which it asked for: dockpass robot rotate {word}"))
                }
                TokenState::Inactive => Some(format!(
                    "a secret of the robot {shown}, which it asked for, and which counts again once the robot is activated: \
                     dockpass robot delete {word}"
                )),
                TokenState::Expired | TokenState::Revoked => None,
            }
        };
        let lines: Vec<_> = left.iter().filter_map(line).collect();
        let more = lines.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("and {more} more: --rotate-robots FILE"));
        (lines.into_iter().take(MOST).chain(more).collect(), json!(left))
    }

    /// Gives each that is alive a new secret, which ends the old one, and writes it to the file. Each is on the disk before
    /// the next is asked for. One that is refused keeps no other from it.
    pub(super) async fn rotate(&self, secrets: &mut NewSecrets, api: &mut Api) -> Rotated {
        let mut done = Rotated::default();
        for robot in self.robots.iter().filter(|robot| is_alive(robot)) {
            let name = robot.robot.clone().unwrap_or_default();
            let answer = api.send(op::RotateRobot, [&robot.username, &name], &(), &RotateApiToken::default()).await;
            match answer.and_then(|answer| answer.read()) {
                Ok(new) => {
                    done.names.push(new.robot.user_name.clone());
                    if let Err(cause) = secrets.add(&new.robot.user_name, &new.token) {
                        let purpose = Purpose::Rotated { overlaps: false, renewed: false };
                        done.failures.push(secret::lost(&new.robot.record, purpose, cause));
                        break;
                    }
                }
                Err(error) => {
                    let is_end = error.ends_all();
                    done.failures.push(error.about(&report::owner(robot)));
                    if is_end {
                        break;
                    }
                }
            }
        }
        done
    }
}

/// Whether a new secret can be asked for.
fn is_alive(robot: &ApiToken) -> bool {
    match robot.state {
        TokenState::Active | TokenState::Stopped | TokenState::AccountInactive => true,
        TokenState::Inactive | TokenState::Expired | TokenState::Revoked => false,
    }
}

/// What became of robots.
#[derive(Default)]
pub(super) struct Rotated {
    /// Those that have new secrets, as they sign in.
    pub(super) names: Vec<String>,
    /// Why others have none.
    pub(super) failures: Vec<CliError>,
}

/// A file that was not there, with a line for each new secret: `ORG/NAME`, a space, the secret. It goes if it stays empty.
pub(super) struct NewSecrets {
    lines: PrivateLines,
    path: PathBuf,
}

impl NewSecrets {
    /// Makes the file, before any secret is made that it is for.
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        let lines = PrivateLines::create(path).map_err(|error| {
            CliError::Usage(format!("{} cannot be made: {error}; nothing was changed", path.display()))
        })?;
        Ok(Self { lines, path: path.to_owned() })
    }

    fn add(&mut self, user_name: &str, secret: &str) -> io::Result<()> {
        self.lines.add(&Zeroizing::new(format!("{user_name} {secret}")))
    }

    /// Its path, for people.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

impl Drop for NewSecrets {
    fn drop(&mut self) {
        // A line may stand in it though adding it failed, as where the name of the file could not be made durable.
        if self.lines.file().metadata().is_ok_and(|found| found.len() == 0) {
            // Where it cannot go, nothing is lost.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The option that asks for new secrets.
#[derive(clap::Args, Default)]
pub(super) struct RotateRobots {
    /// Give new secrets to the robots whose secret the user created or rotated last, and write them to this new file, which
    /// only you can read
    #[arg(long, value_name = "FILE")]
    pub(super) rotate_robots: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::cli::testing::{Server, ci};

    const REFUSED: &str = r#"{"errors":[{"code":"API_TOKEN_NOT_ACTIVE","message":"no more","detail":null}]}"#;

    #[tokio::test]
    async fn new_secrets_stand_in_a_file_that_only_its_owner_reads() {
        let named = |name: &str, state: &str| ci(&json!({ "robot": name, "state": state }));
        let list = json!([
            named("ci", "active"),
            named("old", "active"),
            named("web", "stopped"),
            named("off", "inactive"),
            named("gone", "expired"),
        ]);
        let list = list.to_string();
        let one = ci(&json!({ "token": "dkp_one" })).to_string();
        let two = ci(&json!({ "token": "dkp_two", "userName": "acme/web" })).to_string();
        let server = Server::with_json(&[(200, &list), (200, &one), (409, REFUSED), (200, &two)]);
        let mut api = server.api();
        let known = Known::to("alice", &mut api).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        let mut secrets = NewSecrets::create(&path).unwrap();
        let done = known.rotate(&mut secrets, &mut api).await;
        assert_eq!(done.names, ["acme/ci", "acme/web"]);
        let refused = done.failures.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(refused, ["acme/old: no more"]);
        drop(secrets);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "acme/ci dkp_one\nacme/web dkp_two\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (left, _) = known.remains(&done.names);
        let said = [
            "a secret of the robot acme/old, which it asked for: dockpass robot rotate acme/old",
            "a secret of the robot acme/off, which it asked for, and which counts again once the robot is activated: dockpass \
             robot delete acme/off",
        ];
        assert_eq!(left, said);
        // A file that is there is neither overwritten nor added to; one that stays empty goes.
        let error = NewSecrets::create(&path).err().unwrap();
        assert!(error.exit_code() == 2 && error.to_string().contains("nothing was changed"), "{error}");
        drop(NewSecrets::create(&directory.path().join("empty")).unwrap());
        assert!(!directory.path().join("empty").exists());
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /api/v0/api_tokens?secretby=alice&"), "{}", sent[0]);
        assert!(sent[3].starts_with("POST /api/v0/accounts/acme/robots/web/rotate "), "{}", sent[3]);
    }

    #[test]
    fn a_file_with_a_secret_stays_also_where_adding_it_failed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        let file = fs::File::create(&path).unwrap();
        // The directory whose entry is to be made durable is missing.
        let lines = PrivateLines::of(file, &directory.path().join("missing/secrets"));
        let mut secrets = NewSecrets { lines, path: path.clone() };
        secrets.add("acme/ci", "dkp_one").unwrap_err();
        drop(secrets);
        assert_eq!(fs::read_to_string(&path).unwrap(), "acme/ci dkp_one\n");
    }

    #[tokio::test]
    async fn what_is_left_names_the_command() {
        let list = json!([ci(&json!({}))]).to_string();
        let server = Server::with_json(&[(200, &list), (200, "[]")]);
        let mut api = server.api();
        let known = Known::to("alice", &mut api).await.unwrap();
        let (lines, _) = known.remains(&[]);
        assert_eq!(lines, ["a secret of the robot acme/ci, which it asked for: dockpass robot rotate acme/ci"]);
        assert_eq!(
            known.stakes(None).as_deref(),
            Some("The secret of the robot acme/ci, known to the user: not changed.")
        );
        let robot = |number: u32| ci(&json!({ "robot": format!("r{number}") }));
        let list = json!((1..=7).map(robot).collect::<Vec<_>>()).to_string();
        let server = Server::with_json(&[(200, &list)]);
        let seven = Known::to("alice", &mut server.api()).await.unwrap().stakes(Some(Path::new("file")));
        let said = "The secrets of the robots acme/r1, acme/r2, acme/r3, acme/r4, acme/r5 and 2 more, known to the user: \
                    replaced at once.";
        assert_eq!(seven.as_deref(), Some(said));
        assert_eq!(Known::to("bob", &mut api).await.unwrap().stakes(None), None);
    }
}
