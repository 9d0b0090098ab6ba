//! The command line's grammar: the tree of commands. The arguments of a single command are in that command's file.

use clap::{Parser, Subcommand};

use super::aliases;
use super::commands::{
    about, access, audit, backup, check, config, doctor, grant, help, import, login, logout, man, org, registry, repo,
    restore, robot, serve, settings, setup, status, team, token, user, whoami,
};
use super::global::Global;

/// Accounts, permissions and access tokens for a container registry.
///
/// `dockpass` alone runs the server. Every other command speaks to the server of the data directory, over its socket, and
/// works on the store itself where no server runs.
#[derive(Parser)]
#[command(
    name = "dockpass",
    version,
    disable_help_subcommand = true,
    mut_subcommands(aliases::of_noun),
    after_help = "\
Example:
  dockpass
  dockpass token create --user admin --label laptop

Commands also go by other usual names, listed beside them, such as `ls` for list and `rm` for delete.

WHEN is a length of time from now or ago, whichever makes sense (30m, 12h, 90d, 2w), a date, meaning its start in UTC \
(2026-01-31), or a time (2026-01-31T12:00:00Z).

With --format json, output is the API's: access tokens as an array, repositories, accounts and records in an object, and `never` \
as the year 0001. Errors go to standard error in the API's envelope. To list the access tokens that were never used:
  dockpass token list --format json | jq '.[] | select(.lastUsed < \"0002\") | .id'

Where nothing names them, by an option or in the environment: the configuration is ./dockpass.toml, else \
/etc/dockpass/config.toml; the data directory is the one that it names, else ./dockpass-data, else /var/lib/dockpass if that is there \
and yours, or you are root and this is no server. A configuration that others may write is refused.

Lost the administrator's password? On the server's machine: dockpass user password admin

The manual, without a server: dockpass help manual

Exit codes: 0 done; 1 refused or failed, or nothing to remove; 2 wrong usage; 3 of `dockpass doctor`: something wants looking after."
)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) serve: serve::ServeArguments,
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The commands.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the server
    Serve(serve::ServeArguments),
    /// Ask what a site is to be, write its configuration, and say what comes next
    Setup(setup::SetupArguments),
    /// Show whether the server is healthy
    Status(status::StatusArguments),
    /// Examine the whole site, and say what to do
    Doctor(doctor::DoctorArguments),
    #[command(flatten)]
    Speak(ApiCommand),
    /// Make a backup, or check one
    Backup(backup::BackupArguments),
    /// Make a data directory of a backup
    Restore(restore::RestoreArguments),
    /// Read every record of the store, and say what is wrong
    Check(check::CheckArguments),
    /// Sign in to a remote server; later commands use it
    Login(login::LoginArguments),
    /// Sign out again
    Logout(logout::LogoutArguments),
    /// Show which server commands talk to, and as whom
    Whoami(whoami::WhoamiArguments),
    /// Show and check the configuration
    Config(config::ConfigArguments),
    /// Print shell completions
    Completions(about::CompletionsArguments),
    /// Print a manual page, or write them all
    Man(man::ManArguments),
    /// Show help on a command or a topic, or the manual
    Help(help::HelpArguments),
}

/// The commands that speak to the API.
#[derive(Subcommand)]
pub(super) enum ApiCommand {
    /// Create, show and change users
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, show and change organizations
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Create, show and change the teams of organizations
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Create, show and change repositories
    #[command(subcommand)]
    Repo(repo::RepoCommand),
    /// Grant users and teams access to repositories and namespaces
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Check who may do what, and why
    #[command(subcommand)]
    Access(access::AccessCommand),
    /// Create, show and change access tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Create, show and change robots: machine credentials that belong to an organization
    #[command(subcommand)]
    Robot(robot::RobotCommand),
    /// Read and check the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Connect a registry
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    /// Show and change settings of the running server
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Take over users from other programs
    #[command(subcommand)]
    Import(import::ImportCommand),
}

impl Arguments {
    /// Whether this runs the server.
    pub(super) fn is_serve(&self) -> bool {
        matches!(self.command, None | Some(Command::Serve(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_grammar_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn dockpass_alone_serves() {
        assert!(parse("dockpass").unwrap().is_serve());
        assert!(parse("dockpass --listen 127.0.0.1:0 --data-dir d").unwrap().is_serve());
        assert!(parse("dockpass serve --listen 127.0.0.1:0 -v").unwrap().is_serve());
        assert!(!parse("dockpass token list").unwrap().is_serve());
    }

    #[test]
    fn every_form_is_understood() {
        for line in [
            "user create a --full-name X --admin --password-stdin --adopt-repositories",
            "user create ci --service --inactive",
            "user create build deploy --service",
            "user create --from - --passwords f --inactive",
            "user create --from f --service --adopt-repositories",
            "import htpasswd f",
            "import htpasswd - --dry-run --adopt-repositories",
            "user list",
            "user show a",
            "user set a --full-name X --admin true --active false",
            "user delete a --with-repositories",
            "user delete a b --yes",
            "user offboard a",
            "user offboard a --rotate-robots file",
            "user offboard a --delete-tokens --transfer-repositories b --yes",
            "user rm a",
            "user ls",
            "user add a",
            "user remove a",
            "org ls -q al",
            "user list -q al",
            "org new a",
            "team get a/t",
            "team rm a/t",
            "repo edit a/b --public true",
            "grant ls a/b",
            "grant add a/b --user b --access admin",
            "audit ls",
            "settings ls",
            "user password a --password-stdin",
            "user unlock a b",
            "user deactivate a b",
            "user activate a b",
            "user temporary-password a --expires 24h",
            "org create a --full-name X --adopt-repositories",
            "org list",
            "org show a",
            "org set a --full-name X",
            "org delete a --with-repositories",
            "org members a --admins",
            "org add a b --admin false",
            "org remove a b c",
            "org delete a b --yes",
            "team delete a/t a/u --yes",
            "repo delete a/b _/c --yes",
            "token deactivate 0123456789ab 01ARZ3NDEKTS",
            "team create a/t --description X",
            "team list a",
            "team show a/t",
            "team set a/t --description X",
            "team delete a/t --yes",
            "team members a/01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "team add a/t b c",
            "team remove a/t b c",
            "team repositories a/t",
            "token create --user a --label l --expires 30d --access read-only --repository a/b --repository a/*",
            "token create --user a --label l --access push",
            "token list --user a",
            "token show 0123456789ab",
            "token identify --deactivate",
            "token identify --delete --yes",
            "token rename 0123456789ab new",
            "token deactivate 0123456789ab",
            "token activate 0123456789ab",
            "token delete 0123456789ab 01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "token revoke 0123456789ab",
            "token revoke -",
            "token revoke",
            "token rm 0123456789ab --yes",
            "token clean --user a --used-before 2026-01-01 --generated-by all --dry-run",
            "token clean --user a --used-before 2026-01-01 --yes",
            "token clean --all-users --expired --yes",
            "token list --all-users --expiring 14d --unused 90d",
            "token rotate 0123456789ab --overlap 1h",
            "token rotate 0123456789ab --overlap 2026-01-31",
            "token create --description laptop --expires 2026-01-31T12:00:00Z",
            "token rotate 0123456789ab --yes",
            "token rotate 0123456789ab --idempotency-key-file key",
            "robot create a/ci --access push --repository a/* --expires 90d --label l",
            "robot list",
            "robot ls a",
            "robot show a/ci",
            "robot activity a/ci --since 7d --limit 5",
            "robot access a/ci",
            "robot rename a/ci new",
            "robot deactivate a/ci a/web",
            "robot activate a/ci a/web",
            "robot rotate a/ci --overlap until-used --renew",
            "robot rotate a/ci --end-overlap",
            "robot rotate a/ci --yes",
            "robot delete a/ci a/web --yes",
            "access check --user a/ci push a/b",
            "repo create a/b --public --description X",
            "repo list --namespace a -q text",
            "repo ls --contains text",
            "repo rm a/b",
            "repo show a/b/c",
            "repo set a/b --public false --description X --long-description Y",
            "repo transfer a/b --to c",
            "repo list --owner a -q text",
            "repo delete _/b",
            "repo delete a/b --yes",
            "repo access a/b",
            "grant set a/* --user b --access read-write",
            "grant set a/b --team t --access admin",
            "grant list a/b",
            "grant list --user b",
            "grant list a/* --user b",
            "grant set a/b --team a/t --access admin",
            "grant revoke a/b --user b",
            "grant delete a/b --user b",
            "grant delete a/* --team t",
            "access check push a/b",
            "access check --user a --token 0123456789ab pull _/b",
            "user access a",
            "team access a/t",
            "token access 0123456789ab",
            "repo access a/b --unfold",
            "repo tokens a/b",
            "audit list --actor a --action token --object c --repository d/e --credential f --outcome denied --since 2026-01-01 --until 2026-02-01 --limit 5",
            "audit list --token a --account b --follow",
            "audit list --mine --action token --since 1h",
            "audit export --account b --output audit.ndjson",
            "token activity 01ARZ3NDEKTS --outcome denied --until 1d --limit 5",
            "audit verify",
            "audit head",
            "registry config --for zot --output d",
            "registry rotate-key",
            "check",
            "backup file",
            "backup -",
            "backup --keep 7 --recipient age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef --recipients-file f d",
            "backup verify file --identity key",
            "restore file --identity key --yes",
            "restore file --ended ended.log --ended ended.log.1",
            "status --quiet --timeout 1s",
            "doctor --quiet",
            "settings show",
            "settings set maxTokensPerAccount=5 tokenMaxLifetime=90d",
            "help token create",
            "org create a b --adopt-repositories",
            "team create a/t a/u --description d",
            "repo create a/b _/c --public",
            "grant set a/b --user c --user d --access read-only",
            "grant delete a/b --team t --team u",
            "access check --robot a/ci push a/b",
            "robot rotate a/ci --overlap 2026-02-01",
            "audit export --after 00112233445566778899aabbccddeeff",
            "help lost the password?",
            "man token create",
            "man --output d",
            "login --user a --password-stdin --expires 30d",
            "login --switch",
            "logout --all --forget",
            "whoami",
            "whoami --all",
            "config --example",
            "setup --layout gateway --registry debian --name a.example --tls self-signed --replace --yes",
            "setup --layout token-server --registry http://r:5000 --registry-config d --registry-owner 1:2 --registry-host r.example",
            "setup --cert c --key k --listen 0.0.0.0:443",
            "setup --tls proxy --proxy 10.0.0.1,10.0.0.2",
            "completions bash",
        ] {
            let whole = format!("dockpass --format json {line} --server https://a --ca f -vv");
            if let Err(error) = parse(&whole) {
                panic!("{whole}: {error}");
            }
        }
    }

    #[test]
    fn wrong_usage_is_exit_code_2() {
        for line in [
            "user",
            "user create",
            "user create a --from f",
            "user create --from f --admin",
            "user create --from f --service --passwords f",
            "user create a --passwords f",
            "user create Alice",
            "user create a --service --password-stdin",
            "user set a",
            "token create --user a --label l --access root",
            "grant set a/b --user c --access push",
            "token create --user a --label l --repository */x",
            "token create --user a --label l --expires 30",
            "token delete",
            "token identify --deactivate --delete",
            "token clean --user a",
            "robot create a/ci",
            "robot create a/ci --access admin",
            "robot create ci --access push",
            "robot show a/b/c",
            "repo create app",
            "repo set a/b",
            "org create Acme",
            "org set a",
            "org add a",
            "org add a b --admin",
            "team create a",
            "team create a/01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "team list a/t",
            "team set a/t",
            "grant set a/b --access admin",
            "grant set a/b --user b --team t --access admin",
            "grant set a/b --team a/t/u --access admin",
            "grant list",
            "grant delete a/b",
            "access check a/b",
            "access check --user a --robot a/ci push a/b",
            "access check write a/b",
            "access check push b",
            "registry config",
            "audit verify --head 7",
            "backup",
            "backup --keep 0 d",
            "backup verify",
            "restore",
            "audit list --limit 0",
            "audit list --mine --account b",
            "audit list --mine --follow",
            "audit list --follow --until 1h",
            "audit export --limit 5",
            "user create a --password hunter2hunter2",
            "setup --layout forward-auth",
            "setup --tls none --cert c",
            "setup --registry-owner a",
            "nonsense",
        ] {
            let error = parse(&format!("dockpass {line}")).err().unwrap_or_else(|| panic!("{line}"));
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn every_command_has_a_help_text_with_an_example() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(command.has_subcommands() || help.starts_with("Example:\n  dockpass"), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn a_moment_is_written_in_every_form_wherever_one_is_taken() {
        fn moments(command: &clap::Command, line: &str, found: &mut Vec<String>) {
            for argument in command.get_arguments() {
                let called = argument.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
                if called.starts_with("WHEN") {
                    found.push(format!("{line} --{}", argument.get_long().unwrap()));
                }
            }
            for inner in command.get_subcommands() {
                moments(inner, &format!("{line} {}", inner.get_name()), found);
            }
        }
        let mut found = Vec::new();
        moments(&Arguments::command(), "dockpass", &mut found);
        assert!(found.len() > 10, "{found:?}");
        for option in found {
            // What else the command needs is not given: the value itself must be taken.
            for (form, is_one) in
                [("90d", true), ("1h", true), ("2026-01-31", true), ("2026-01-31T12:00:00Z", true), ("x", false)]
            {
                let error = parse(&format!("{option} {form}")).err();
                let is_taken = error.is_none_or(|error| error.kind() != clap::error::ErrorKind::ValueValidation);
                assert_eq!(is_taken, is_one, "{option} {form}");
            }
        }
    }

    #[test]
    fn options_win_over_the_environment() {
        let (mut console, _) = console(b"");
        console.environment.insert("DOCKPASS_SERVER".into(), "https://a".into());
        console.environment.insert("DOCKPASS_CA".into(), String::new());
        let server = |line| parse(line).unwrap().global.or_environment(&console).server;
        assert_eq!(server("dockpass").as_deref(), Some("https://a"));
        assert_eq!(server("dockpass --server https://b").as_deref(), Some("https://b"));
        assert_eq!(parse("dockpass").unwrap().global.or_environment(&console).ca, None);
    }
}
