//! The real executable, started as an operator starts it, in a directory of its own, on a port that the system
//! chooses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    http::Http,
    process::{Background, Run, background_command, command, environment},
    traced,
};

/// The password that every user of the tests has, unless a test says otherwise.
pub(crate) const PASSWORD: &str = "violet-kestrel-42";

/// The executable under test: the static release that `tests/run` has built, else cargo's.
pub(crate) fn executable() -> PathBuf {
    environment("DOCKPASS_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_dockpass").to_owned()).into()
}

/// Whether the executable under test is the one that is shipped.
pub(crate) fn is_release() -> bool {
    environment("DOCKPASS_BIN").is_some()
}

/// How a server is to be started.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// The text of the configuration file; no file if empty.
    pub(crate) config: String,
    /// Additional environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Where it listens; `None` for a port that the system chooses.
    pub(crate) listen: Option<String>,
}

impl Setup {
    /// A server with this configuration file.
    pub(crate) fn config(config: impl Into<String>) -> Self {
        Self { config: config.into(), ..Self::default() }
    }

    /// Starts it in a new directory.
    pub(crate) fn start(self) -> Dockpass {
        Dockpass::start_in(tempfile::tempdir().expect("a temporary directory"), self)
    }
}

/// An access token as `token create` reports it.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) id: String,
    pub(crate) hash: String,
    pub(crate) secret: String,
}

impl AccessToken {
    /// Reads the record in the answer to a creation or a rotation.
    pub(crate) fn of(record: &Value) -> Self {
        let field = |name: &str| {
            let value = record.get(name).and_then(Value::as_str);
            value.unwrap_or_else(|| panic!("no {name} in {record}")).to_owned()
        };
        let secret = field("token");
        traced::secret("", &secret);
        Self { id: field("id"), hash: field("hashedToken"), secret }
    }
}

/// A running server. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Dockpass {
    process: Background,
    /// `127.0.0.1:PORT`, from the ready line.
    pub(crate) address: String,
    scheme: &'static str,
    directory: TempDir,
}

impl Dockpass {
    /// A server without any configuration, on an empty directory.
    pub(crate) fn start() -> Self {
        Setup::default().start()
    }

    /// Starts a server on the directory of an earlier server.
    pub(crate) fn start_in(directory: TempDir, setup: Setup) -> Self {
        let mut serve = background_command(executable());
        serve.args(["serve", "--data-dir"]).arg(directory.path().join("data"));
        let listen = setup.listen.as_deref().unwrap_or("127.0.0.1:0");
        serve.args(["--listen", listen]).envs(setup.environment).current_dir(directory.path());
        if !setup.config.is_empty() {
            let file = directory.path().join("config.toml");
            fs::write(&file, &setup.config).expect("the configuration can be written");
            serve.arg("--config").arg(file);
        }
        let process = Background::start("dockpass", &mut serve);
        let address = process.wait_for("that it is ready", ready_address);
        traced::files_of(&directory.path().join("data"));
        let scheme = if setup.config.contains("[tls]") { "https" } else { "http" };
        Self { process, address, scheme, directory }
    }

    /// Where it keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Everything that it has printed, each line marked `out` or `err`.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until this is in the log. Each output is read by itself: what stands in one may come after what was printed
    /// to the other later.
    pub(crate) fn must_log(&self, text: &str) {
        while !self.log().contains(text) {
            self.process.wait_for(text, |_| Some(()));
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until it has ended by itself; returns the exit code.
    pub(crate) fn wait_end(&mut self) -> Option<i32> {
        self.process.wait_end().code()
    }

    /// Like `wait_end`, with another limit.
    pub(crate) fn wait_end_within(&mut self, patience: Duration) -> Option<i32> {
        self.process.wait_end_within(patience).code()
    }

    /// Ends it as an operator does; returns its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        // It may have made others since.
        traced::files_of(&self.data());
        self.signal(Signal::TERM);
        assert_eq!(self.wait_end(), Some(0), "the end was not clean:\n{}", self.log());
        let Self { directory, .. } = self;
        directory
    }

    /// Kills it in the middle of its work; returns its directory.
    pub(crate) fn kill(mut self) -> TempDir {
        traced::files_of(&self.data());
        self.signal(Signal::KILL);
        assert_eq!(self.wait_end(), None, "a signal ends it");
        let Self { directory, .. } = self;
        directory
    }

    /// The HTTP API without credentials.
    pub(crate) fn http(&self) -> Http {
        Http::at(&format!("{}://{}", self.scheme, self.address))
    }

    /// The HTTP API as `user`, with a password or an access token.
    pub(crate) fn http_as(&self, user: &str, secret: &str) -> Http {
        self.http().basic(user, secret)
    }

    /// The HTTP API as the first administrator, with the password of the first start.
    pub(crate) fn http_as_admin(&self) -> Http {
        self.http_as("admin", &self.admin_password())
    }

    /// The first administrator's password, as the operator finds it.
    pub(crate) fn admin_password(&self) -> String {
        let file = self.data().join("initial-admin-password");
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).trim().to_owned()
    }

    /// A command on the server's data directory.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Run {
        self.cli_with(arguments, "")
    }

    /// A command with something on its standard input.
    pub(crate) fn cli_with(&self, arguments: &[&str], input: &str) -> Run {
        Run::of(&mut cli_command(&self.data(), arguments), input)
    }

    /// A command that must succeed, and its answer as JSON.
    pub(crate) fn cli_json(&self, arguments: &[&str]) -> Value {
        let run = self.cli(&[arguments, &["--format", "json"]].concat()).must_succeed();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", run.describe()))
    }

    /// Creates a user with the password of the tests, [`PASSWORD`].
    pub(crate) fn add_user(&self, name: &str) {
        self.cli_with(&["user", "create", name, "--password-stdin"], PASSWORD).must_succeed();
    }

    /// Creates an access token; `options` are those of `token create`.
    pub(crate) fn add_token(&self, user: &str, options: &[&str]) -> AccessToken {
        let command = [&["token", "create", "--user", user, "--label", "test"], options].concat();
        AccessToken::of(&self.cli_json(&command))
    }

    /// A registry token for these scopes, requested as clients do.
    pub(crate) fn registry_token(&self, user: &str, secret: &str, scopes: &[&str]) -> String {
        let scopes = scopes.iter().fold(String::new(), |query, scope| format!("{query}&scope={scope}"));
        let path = format!("/auth/token?service=dockpass{scopes}");
        self.http_as(user, secret).get(&path).must_be(200).text("/token")
    }

    /// A repository that must exist.
    pub(crate) fn repository(&self, name: &str) -> Value {
        self.cli_json(&["repo", "show", name])
    }

    /// The tags of a repository that must exist.
    pub(crate) fn tags(&self, name: &str) -> Vec<Value> {
        self.cli_json(&["repo", "tags", name]).as_array().expect("a list").clone()
    }

    /// The names of the tags of a repository that must exist.
    pub(crate) fn tag_names(&self, name: &str) -> Vec<String> {
        self.tags(name).iter().map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// A tag, if the repository, which must exist, has it.
    pub(crate) fn tag(&self, name: &str, tag: &str) -> Option<Value> {
        self.tags(name).into_iter().find(|found| found["name"] == tag)
    }

    /// The names of all repositories, as `namespace/name`.
    pub(crate) fn repository_names(&self) -> Vec<String> {
        let listed = self.cli_json(&["repo", "list"]);
        let text = |found: &Value, field: &str| found[field].as_str().expect("a text").to_owned();
        let listed = listed["repositories"].as_array().expect("a list").iter();
        listed.map(|found| format!("{}/{}", text(found, "namespace"), text(found, "name"))).collect()
    }
}

/// `dockpass --data-dir D ARGUMENTS`, ready to run.
pub(crate) fn cli_command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = command(executable());
    command.arg("--data-dir").arg(data).args(arguments);
    command
}

/// The address in the ready line, if this is the ready line.
pub(crate) fn ready_address(line: &str) -> Option<String> {
    line.strip_prefix("ready on ").map(str::to_owned)
}
