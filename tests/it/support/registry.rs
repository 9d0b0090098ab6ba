//! Debian's `docker-registry`, configured with the output of `dockpass registry config --for distribution`: only the
//! port, the storage directory and the log level are changed, so that tests can run in parallel. A [`Site`] is such a
//! registry and the server that it trusts.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    clients::Clients,
    exe::{AccessToken, Dockpass},
    http::Http,
    pair::addresses,
    process::{Background, background_command, eventually},
};

/// The registry's address in the printed configuration.
const PRINTED_ADDRESS: &str = "127.0.0.1:5000";
/// The address that replaces it: a port that the system chooses.
const FREE_ADDRESS: &str = "127.0.0.1:0";

/// A running registry. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Registry {
    process: Background,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    _directory: TempDir,
}

impl Registry {
    /// A registry that trusts this server.
    pub(crate) fn beside(dockpass: &Dockpass) -> Self {
        Self::changed(dockpass, |config| config)
    }

    /// Like `beside`, with a change to the configuration.
    pub(crate) fn changed(dockpass: &Dockpass, change: impl FnOnce(String) -> String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let output = directory.path().join("from-dockpass").display().to_string();
        dockpass.cli(&["registry", "config", "--for", "distribution", "--output", &output]).must_succeed();
        let file = directory.path().join("from-dockpass/config.yml");
        let printed = fs::read_to_string(&file).expect("the configuration was written");
        let config = change(in_place(&printed, directory.path()));
        fs::write(&file, config).expect("the configuration can be written");
        Self::run(&file, directory)
    }

    /// What a registry has logged by the time it answers, at the log level of the printed configuration.
    pub(crate) fn log_as_printed(dockpass: &Dockpass) -> String {
        let [address, _] = addresses();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let output = directory.path().display().to_string();
        dockpass.cli(&["registry", "config", "--for", "distribution", "--output", &output]).must_succeed();
        let file = directory.path().join("config.yml");
        let printed = fs::read_to_string(&file).expect("the configuration was written");
        let config = stored_in(&printed.replace(PRINTED_ADDRESS, &address.to_string()), directory.path());
        fs::write(&file, config).expect("the configuration can be written");
        let process =
            Background::start("docker-registry", background_command("docker-registry").arg("serve").arg(&file));
        eventually("the registry answers", || TcpStream::connect(address).ok());
        process.log()
    }

    /// A registry that trusts the server of this administrator, configured with what the API returns.
    pub(crate) fn told_by(admin: &Http) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let certificate = directory.path().join("dockpass.pem");
        let query = format!("for=distribution&certificate={}", certificate.display());
        let told = admin.get(&format!("/api/v0/admin/registry/config?{query}")).must_be(200);
        fs::write(&certificate, told.text("/certificate")).expect("the certificate can be written");
        let file = directory.path().join("config.yml");
        let config = in_place(&told.text("/configuration"), directory.path());
        fs::write(&file, config).expect("the configuration can be written");
        Self::run(&file, directory)
    }

    /// A registry without accounts: everybody may do everything, deletion included. `more` is top-level YAML that is
    /// added to its configuration.
    pub(crate) fn without_accounts(more: &str) -> Self {
        Self::without_accounts_changed(|config| format!("{config}{more}"))
    }

    /// Like `without_accounts`, with a change to its configuration.
    pub(crate) fn without_accounts_changed(change: impl FnOnce(String) -> String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let storage = directory.path().join("storage");
        let config = format!(
            "version: 0.1\nhttp:\n  addr: 127.0.0.1:0\nstorage:\n  delete:\n    enabled: true\n  filesystem:\n    \
             rootdirectory: {}\n",
            storage.display()
        );
        let file = directory.path().join("config.yml");
        fs::write(&file, change(config)).expect("the configuration can be written");
        Self::run(&file, directory)
    }

    /// A registry with a configuration as it was written, which says that it listens at `address`.
    pub(crate) fn as_written(config: &Path, address: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut serve = background_command("docker-registry");
        let process = Background::start("docker-registry", serve.arg("serve").arg(config));
        eventually("the registry answers", || TcpStream::connect(address).ok());
        Self { process, address: address.to_string(), _directory: directory }
    }

    fn run(config: &Path, directory: TempDir) -> Self {
        Self::run_trusting(config, directory, None)
    }

    /// Runs the registry on a system that trusts this CA and no other.
    pub(super) fn run_trusting(config: &Path, directory: TempDir, authority: Option<&Path>) -> Self {
        let mut serve = background_command("docker-registry");
        serve.envs(authority.map(|file| ("SSL_CERT_FILE", file)));
        let process = Background::start("docker-registry", serve.arg("serve").arg(config));
        let address = process.wait_for("where it listens", listening_address);
        Self { process, address, _directory: directory }
    }

    /// Suspends the registry until [`Self::go_on`]: connections to it stay open, without an answer.
    pub(crate) fn hold(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Resumes the registry.
    pub(crate) fn go_on(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Everything that it has printed.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// `host:port/name`, as clients take it.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

/// The printed configuration with a port that the system chooses and a storage directory that only this test uses.
pub(super) fn in_place(printed: &str, directory: &Path) -> String {
    assert!(printed.contains(PRINTED_ADDRESS), "no address of the registry to change in:\n{printed}");
    at_its_address(&printed.replace(PRINTED_ADDRESS, FREE_ADDRESS), directory)
}

/// The printed configuration, at the address that was printed, with a storage directory that only this test uses.
pub(super) fn at_its_address(printed: &str, directory: &Path) -> String {
    assert!(printed.contains("level: warn"), "the registry would log its secret:\n{printed}");
    // At this level the registry logs where it listens.
    stored_in(&printed.replace("level: warn", "level: info"), directory)
}

/// The configuration with its storage in `storage` below this directory.
pub(super) fn stored_in(config: &str, directory: &Path) -> String {
    assert!(config.contains("rootdirectory:"), "no storage directory to change in:\n{config}");
    let storage = directory.join("storage");
    let lines = config.lines().map(|line| match line.split_once("rootdirectory:") {
        Some((indent, _)) => format!("{indent}rootdirectory: {}\n", storage.display()),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The address in the registry's log line, where `, tls` follows it if there is TLS.
fn listening_address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on ")?;
    Some(rest.chars().take_while(|character| character.is_ascii_digit() || ".:".contains(*character)).collect())
}

/// A site of a small team: dockpass, and a registry beside it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) registry: Registry,
    pub(crate) dockpass: Dockpass,
}

impl Site {
    /// A site with these users.
    pub(crate) fn with_users(names: &[&str]) -> Self {
        let dockpass = Dockpass::start();
        for name in names {
            dockpass.add_user(name);
        }
        Self { registry: Registry::beside(&dockpass), dockpass }
    }

    /// `host:port/name` at the registry, as clients take it.
    pub(crate) fn at(&self, name: &str) -> String {
        self.registry.at(name)
    }

    /// Clients that have signed in to the registry with an access token.
    pub(crate) fn clients_with(&self, user: &str, token: &AccessToken) -> Clients {
        let clients = Clients::new();
        clients.skopeo_login(&self.registry.address, user, &token.secret).must_succeed();
        clients
    }

    /// Clients that have signed in with a new access token; `options` are those of `token create`.
    pub(crate) fn clients_of(&self, user: &str, options: &[&str]) -> Clients {
        self.clients_with(user, &self.dockpass.add_token(user, options))
    }

    /// A registry token for these scopes, requested as clients do.
    pub(crate) fn registry_token(&self, user: &str, secret: &str, scopes: &[&str]) -> String {
        self.dockpass.registry_token(user, secret, scopes)
    }

    /// The registry's HTTP API with this registry token.
    pub(crate) fn registry_with(&self, token: &str) -> Http {
        Http::at(&format!("http://{}", self.registry.address)).bearer(token)
    }
}
