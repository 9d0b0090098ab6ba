//! dockpass and a registry that know each other's address before either starts, so that each may run without the
//! other. Both are on a loopback address that no other test uses, so that a port stays free while nobody listens on
//! it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU8, Ordering},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    clients::Clients,
    exe::{Dockpass, Setup, executable},
    pages::Pages,
    process::{Run, command, eventually},
    registry::{Registry, at_its_address, stored_in},
};

/// dockpass and a registry beside it. Both are ended on drop.
#[derive(Debug)]
pub(crate) struct Pair {
    /// What the registry stores.
    directory: TempDir,
    /// dockpass's directory while it does not run.
    home: Option<TempDir>,
    dockpass: Option<Dockpass>,
    registry: Option<Registry>,
    dockpass_at: SocketAddr,
    registry_at: SocketAddr,
    /// Further keys for the section `server` of dockpass's configuration.
    server: String,
    /// A CA that the registry's system trusts.
    authority: Option<PathBuf>,
    /// Who checks the registry's requests, if that does not follow from dockpass's configuration.
    layout: Option<&'static str>,
}

impl Pair {
    /// dockpass has been started once; neither of them runs.
    pub(crate) fn new() -> Self {
        let [dockpass_at, registry_at] = addresses();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let home = Some(Dockpass::start().stop());
        Self {
            directory,
            home,
            dockpass: None,
            registry: None,
            dockpass_at,
            registry_at,
            server: String::new(),
            authority: None,
            layout: None,
        }
    }

    /// Like `new`, with further keys for dockpass's section `server`; the registry reaches dockpass over TLS and
    /// trusts this CA.
    pub(crate) fn behind(server: &str, authority: &Path) -> Self {
        Self { server: server.to_owned(), authority: Some(authority.to_owned()), ..Self::new() }
    }

    /// The same, with the registry in this layout.
    pub(crate) fn in_layout(self, layout: &'static str) -> Self {
        Self { layout: Some(layout), ..self }
    }

    /// Both run, dockpass has `registry.url`, and these users exist.
    pub(crate) fn with_users(names: &[&str]) -> Self {
        let mut pair = Self::new();
        pair.start_registry();
        pair.start_dockpass();
        pair.compared();
        names.iter().for_each(|name| pair.add_user(name));
        pair
    }

    /// Like `with_users`, but without `registry.url`: dockpass does not know where the registry is.
    pub(crate) fn without_url(names: &[&str]) -> Self {
        let mut pair = Self::new();
        pair.start_registry();
        pair.start_dockpass_without_url();
        names.iter().for_each(|name| pair.add_user(name));
        pair
    }

    /// Adds a user without a password, which saves the hashing.
    pub(crate) fn add_user(&self, name: &str) {
        self.dockpass().cli(&["user", "create", name, "--service", "--adopt-repositories"]).must_succeed();
    }

    /// The server, which must run.
    pub(crate) fn dockpass(&self) -> &Dockpass {
        self.dockpass.as_ref().expect("dockpass runs")
    }

    /// Hands dockpass over to a test that ends it; the registry goes on.
    pub(crate) fn lend_dockpass(&mut self) -> Dockpass {
        self.dockpass.take().expect("dockpass runs")
    }

    /// The registry, which must run.
    pub(crate) fn registry(&self) -> &Registry {
        self.registry.as_ref().expect("the registry runs")
    }

    /// A browser for dockpass's pages.
    pub(crate) fn pages(&self) -> Pages {
        Pages::of(&self.dockpass_at.to_string())
    }

    /// `host:port/name` at the registry, as clients take it.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.registry_at)
    }

    /// The registry's URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.registry_at)
    }

    /// Clients that have signed in to the registry with a new access token; `options` are those of `token create`.
    pub(crate) fn clients_of(&self, user: &str, options: &[&str]) -> Clients {
        let token = self.dockpass().add_token(user, options);
        let clients = Clients::new();
        clients.skopeo_login(&self.registry_at.to_string(), user, &token.secret).must_succeed();
        clients
    }
}

/// Starting and ending.
impl Pair {
    /// Starts dockpass with `registry.url`.
    pub(crate) fn start_dockpass(&mut self) {
        self.run_dockpass(&self.config());
    }

    /// Starts dockpass without `registry.url`.
    pub(crate) fn start_dockpass_without_url(&mut self) {
        self.run_dockpass("");
    }

    fn run_dockpass(&mut self, config: &str) {
        let home = self.home.take().expect("dockpass does not run");
        let setup = Setup { listen: Some(self.dockpass_at.to_string()), ..Setup::config(config) };
        self.dockpass = Some(Dockpass::start_in(home, setup));
    }

    fn config(&self) -> String {
        let [listen, url] = [self.dockpass_at.to_string(), self.url()];
        format!("[server]\nlisten = \"{listen}\"\n{}[registry]\nurl = \"{url}\"\n", self.server)
    }

    /// Ends dockpass as an operator does.
    pub(crate) fn stop_dockpass(&mut self) {
        self.home = self.dockpass.take().map(Dockpass::stop);
    }

    /// Kills dockpass in the middle of its work.
    pub(crate) fn kill_dockpass(&mut self) {
        self.home = self.dockpass.take().map(Dockpass::kill);
    }

    /// Starts the registry with the output of `dockpass registry config`, whether dockpass runs or not.
    pub(crate) fn start_registry(&mut self) {
        self.start_registry_changed(|config| config);
    }

    /// Like `start_registry`, with a change to the configuration.
    pub(crate) fn start_registry_changed(&mut self, change: impl FnOnce(String) -> String) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (output, settings) = (directory.path().join("from-dockpass"), directory.path().join("dockpass.toml"));
        fs::write(&settings, self.config()).expect("the configuration can be written");
        let mut write = command(executable());
        write.arg("--data-dir").arg(self.data()).arg("--config").arg(settings);
        write.args(["registry", "config", "--for", "distribution", "--output"]).arg(&output);
        write.args(self.layout.map(|layout| format!("--layout={layout}")));
        Run::of(&mut write, "").must_succeed();
        let file = output.join("config.yml");
        let printed = fs::read_to_string(&file).expect("the configuration was written");
        let addr = format!("addr: {}\n", self.registry_at);
        assert!(printed.contains(&addr), "the registry listens where registry.url says:\n{printed}");
        let config = at_its_address(&printed, self.directory.path());
        // After five failures the registry backs off; tests wait less.
        let config = config.replace("backoff: 5s", "backoff: 500ms");
        fs::write(&file, change(config)).expect("the configuration can be written");
        self.registry = Some(Registry::run_trusting(&file, directory, self.authority.as_deref()));
    }

    /// Where the registry listens, or would.
    pub(crate) fn registry_address(&self) -> SocketAddr {
        self.registry_at
    }

    /// Ends the registry.
    pub(crate) fn stop_registry(&mut self) {
        self.registry = None;
    }

    fn data(&self) -> PathBuf {
        let stopped = || self.home.as_ref().expect("it runs or it does not").path().join("data");
        self.dockpass.as_ref().map_or_else(stopped, Dockpass::data)
    }
}

/// What the registry holds, and what dockpass knows about it.
impl Pair {
    /// A second registry on the same storage, without accounts and without notifications: dockpass learns of changes
    /// there only by comparing.
    pub(crate) fn open_registry(&self) -> Registry {
        Registry::without_accounts_changed(|config| stored_in(&config, self.directory.path()))
    }

    /// Where the registry keeps a repository.
    pub(crate) fn stored(&self, name: &str) -> PathBuf {
        self.directory.path().join("storage/docker/registry/v2/repositories").join(name)
    }

    /// The comparison that is running, or the last one.
    pub(crate) fn comparison(&self) -> Value {
        self.dockpass().cli_json(&["registry", "show"])["comparison"].clone()
    }

    /// Waits until the running comparison ends; returns it.
    pub(crate) fn compared(&self) -> Value {
        eventually("the comparison ends", || {
            let comparison = self.comparison();
            let is_over = !["never", "running"].contains(&comparison["state"].as_str().expect("a state"));
            is_over.then_some(comparison)
        })
    }

    /// Runs `dockpass registry sync`, which must succeed; returns its standard output.
    pub(crate) fn sync(&self) -> String {
        self.dockpass().cli(&["registry", "sync"]).must_succeed().stdout
    }

    /// Waits until dockpass has every notification: the registry sends them in order, so a last push, by this user,
    /// who may make repositories, marks their end.
    pub(crate) fn all_is_told(&self, clients: &Clients, user: &str) {
        static NUMBER: AtomicU8 = AtomicU8::new(1);
        let tag = format!("n{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let marker = format!("{user}/marker");
        let image = super::Image::holding("the last word");
        clients.push(&image, &self.at(&format!("{marker}:{tag}"))).must_succeed();
        eventually("the registry has told all", || self.dockpass().tag(&marker, &tag));
    }
}

/// Copies a repository in the registry's storage to another name; its files only link to blobs, which are shared.
pub(crate) fn copy_repository(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("a repository") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_repository(&entry.path(), &target);
        } else {
            fs::hard_link(entry.path(), target).expect("a file can be linked");
        }
    }
}

/// Two addresses that only this test uses. The second and third number of the IP address identify the process, the
/// fourth the test.
pub(crate) fn addresses() -> [SocketAddr; 2] {
    static NUMBER: AtomicU8 = AtomicU8::new(0);
    let [.., high, low] = process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, high.max(1), low, NUMBER.fetch_add(1, Ordering::Relaxed).max(1));
    // Both are bound before either is released, so they differ.
    let taken = [(); 2].map(|()| TcpListener::bind((host, 0)).expect("a free port"));
    taken.map(|listener| listener.local_addr().expect("an address"))
}

/// A port that is free on every address. It lies below those that the system gives out by itself, where another test could
/// get it meanwhile.
pub(crate) fn port_of_every_address() -> u16 {
    let first = 20_000 + u16::try_from(process::id() % 10_000).expect("small");
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    (first..32_000).find(is_free).expect("a free port")
}
