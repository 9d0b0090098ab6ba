//! Real clients (docker, skopeo, podman) as on one person's computer, with a home and credential files of their own.
//! No container engine is used: the docker command line signs in by itself if it finds none.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use tempfile::TempDir;

use super::{
    image::{Image, ImageList, Layout},
    process::{Run, command},
};

/// What clients say when the registry or the token server refuses them. Any other message is a fault of another kind
/// (no connection, no such host) and must not pass for a refusal.
const REFUSED: &[&str] = &["unauthorized", "denied", "authentication required", "invalid username/password"];

/// One person's clients. As in real life, each has its own credential store, which the others do not see.
#[derive(Debug)]
pub(crate) struct Clients {
    home: TempDir,
    options: Vec<(String, String)>,
    plain_http: bool,
}

impl Clients {
    /// A computer on which nobody has signed in yet, for servers without TLS.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        for directory in ["run", "docker", "data", "certificates"] {
            fs::create_dir(home.path().join(directory)).expect("a directory can be made");
        }
        // `podman search` wants the credential file to exist even if nobody has signed in.
        fs::write(home.path().join("auth.json"), "{}").expect("a file can be written");
        Self { home, options: Vec::new(), plain_http: true }
    }

    /// A computer on which nobody has signed in yet, for servers with TLS.
    pub(crate) fn with_tls() -> Self {
        Self { plain_http: false, ..Self::new() }
    }

    /// A computer that speaks TLS only and reaches every host through this proxy.
    pub(crate) fn with_tls_through(proxy: &str) -> Self {
        let options = vec![("HTTPS_PROXY".to_owned(), format!("http://{proxy}"))];
        Self { options, ..Self::with_tls() }
    }

    /// Puts a CA's certificate for this host where the documentation of each client says.
    pub(crate) fn trust(&self, host: &str, authority: &Path) {
        // `podman search` looks only in the second one.
        let of_host =
            ["config/docker/certs.d", ".config/containers/certs.d"].map(|it| self.home.path().join(it).join(host));
        of_host.iter().for_each(|directory| fs::create_dir_all(directory).expect("a directory can be made"));
        for directory in of_host.into_iter().chain([self.home.path().join("certificates")]) {
            fs::copy(authority, directory.join("ca.crt")).expect("a certificate can be copied");
        }
    }

    /// `docker ARGUMENTS`.
    pub(crate) fn docker(&self, arguments: &[&str], input: &str) -> Run {
        let mut docker = self.client("docker");
        self.settle_docker(&mut docker);
        Run::of(docker.args(arguments), input)
    }

    fn settle_docker(&self, command: &mut Command) {
        let nowhere = self.home.path().join("no-engine.sock");
        command.env("DOCKER_HOST", format!("unix://{}", nowhere.display()));
        command.env("DOCKER_CONFIG", self.home.path().join("docker"));
        // Marks a rootless installation, whose certificates are under the home directory.
        command.env("ROOTLESSKIT_STATE_DIR", self.home.path());
    }

    /// Runs lines as somebody pastes them into a shell. They need no further options, because files stand for those
    /// of the other methods: among others, `host` may speak plain HTTP.
    pub(crate) fn shell(&self, host: &str, lines: &str, input: &str) -> Run {
        let home = self.home.path();
        let registries = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = {}\n", self.plain_http);
        let [graph, run] = ["storage", "run/storage"].map(|it| home.join(it));
        let storage = format!("[storage]\ndriver = \"vfs\"\ngraphroot = {graph:?}\nrunroot = {run:?}\n");
        let mut shell = self.client("bash");
        self.settle_docker(&mut shell);
        for (variable, name, text) in [
            ("CONTAINERS_REGISTRIES_CONF", "registries.conf", registries),
            ("CONTAINERS_STORAGE_CONF", "storage.conf", storage),
        ] {
            fs::write(home.join(name), text).expect("a file can be written");
            shell.env(variable, home.join(name));
        }
        Run::of(shell.args(["-c", lines]), input)
    }

    /// `docker login HOST` with the secret on standard input, as docker recommends.
    pub(crate) fn docker_login(&self, host: &str, user: &str, secret: &str) -> Run {
        self.docker(&["login", host, "--username", user, "--password-stdin"], secret)
    }

    /// `podman login HOST`.
    pub(crate) fn podman_login(&self, host: &str, user: &str, secret: &str) -> Run {
        let mut podman = self.podman("login");
        podman.args(["--username", user, "--password-stdin"]);
        Run::of(podman.args(self.tls("")).arg(host), secret)
    }

    /// `podman pull`.
    pub(crate) fn podman_pull(&self, from: &str) -> Run {
        let mut podman = self.podman("pull");
        Run::of(podman.args(self.tls("")).arg(from), "")
    }

    /// `podman push` of what was pulled, under another name.
    pub(crate) fn podman_push(&self, from: &str, to: &str) -> Run {
        let mut podman = self.podman("push");
        Run::of(podman.args(self.tls("")).arg(from).arg(format!("docker://{to}")), "")
    }

    /// `podman search HOST/TERM`; with `--list-tags` among the options, the tags of `HOST/REPOSITORY`.
    pub(crate) fn podman_search(&self, options: &[&str], what: &str) -> Run {
        let mut podman = self.podman("search");
        podman.args(self.plain_http.then_some("--tls-verify=false"));
        Run::of(podman.args(options).arg(what), "")
    }

    /// `skopeo login HOST`.
    pub(crate) fn skopeo_login(&self, host: &str, user: &str, secret: &str) -> Run {
        let mut skopeo = self.skopeo("login");
        Run::of(skopeo.args(["--username", user, "--password-stdin"]).args(self.tls("")).arg(host), secret)
    }

    /// `skopeo copy` of an image to `host/repository:tag`.
    pub(crate) fn push(&self, image: &Image, to: &str) -> Run {
        let mut skopeo = self.skopeo("copy");
        Run::of(skopeo.args(self.tls("dest-")).arg(image.reference()).arg(format!("docker://{to}")), "")
    }

    /// `skopeo copy --all` of a list of images to `host/repository:tag`.
    pub(crate) fn push_list(&self, list: &ImageList, to: &str) -> Run {
        let mut skopeo = self.skopeo("copy");
        Run::of(skopeo.arg("--all").args(self.tls("dest-")).arg(list.reference()).arg(format!("docker://{to}")), "")
    }

    /// The digest of the manifest of `host/repository:tag`, read with `skopeo inspect`.
    pub(crate) fn digest(&self, reference: &str) -> String {
        let mut skopeo = self.skopeo("inspect");
        skopeo.args(["--raw", "--no-tags"]).args(self.tls("")).arg(format!("docker://{reference}"));
        let manifest = Run::of(&mut skopeo, "").must_succeed().stdout;
        let mut digest = self.skopeo("manifest-digest");
        Run::of(digest.arg("/dev/stdin"), &manifest).must_succeed().stdout.trim().to_owned()
    }

    /// `skopeo copy` of `host/repository:tag` to a new layout.
    pub(crate) fn pull(&self, from: &str) -> Run {
        self.pull_into(from, &Image::empty_layout())
    }

    /// `skopeo copy` of `host/repository:tag` to this layout.
    pub(crate) fn pull_into(&self, from: &str, layout: &Layout) -> Run {
        let mut skopeo = self.skopeo("copy");
        Run::of(skopeo.args(self.tls("src-")).arg(format!("docker://{from}")).arg(layout.reference()), "")
    }

    /// `skopeo copy --all` of `host/repository:tag`, a list of images, to this layout.
    pub(crate) fn pull_list_into(&self, from: &str, layout: &Layout) -> Run {
        let mut skopeo = self.skopeo("copy");
        skopeo.arg("--all").args(self.tls("src-")).arg(format!("docker://{from}"));
        Run::of(skopeo.arg(layout.reference()), "")
    }

    /// `skopeo copy` of an image to `host/repository:tag`, with an existing registry token.
    pub(crate) fn push_with(&self, registry_token: &str, image: &Image, to: &str) -> Run {
        let mut skopeo = self.skopeo("copy");
        skopeo.args(["--dest-registry-token", registry_token]).args(self.tls("dest-"));
        Run::of(skopeo.arg(image.reference()).arg(format!("docker://{to}")), "")
    }

    /// `skopeo copy` from one repository of a registry to another.
    pub(crate) fn copy(&self, from: &str, to: &str) -> Run {
        let mut skopeo = self.skopeo("copy");
        skopeo.args(self.tls("src-")).args(self.tls("dest-"));
        Run::of(skopeo.arg(format!("docker://{from}")).arg(format!("docker://{to}")), "")
    }

    /// `skopeo list-tags host/repository`.
    pub(crate) fn tags(&self, repository: &str) -> Run {
        Run::of(self.skopeo("list-tags").args(self.tls("")).arg(format!("docker://{repository}")), "")
    }

    /// `skopeo delete host/repository:tag`.
    pub(crate) fn delete(&self, reference: &str) -> Run {
        Run::of(self.skopeo("delete").args(self.tls("")).arg(format!("docker://{reference}")), "")
    }

    fn podman(&self, subcommand: &str) -> Command {
        let mut podman = self.client("podman");
        podman.arg("--root").arg(self.home.path().join("storage"));
        podman.arg("--runroot").arg(self.home.path().join("run/storage")).args(["--storage-driver", "vfs"]);
        podman.arg(subcommand);
        podman
    }

    fn skopeo(&self, subcommand: &str) -> Command {
        let mut skopeo = self.client("skopeo");
        skopeo.args(["--insecure-policy", "--tmpdir"]).arg(self.home.path().join("run")).arg(subcommand);
        skopeo
    }

    /// The directory in which the clients run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The options of skopeo and podman for one end of a connection.
    fn tls(&self, end: &str) -> [String; 1] {
        if self.plain_http {
            [format!("--{end}tls-verify=false")]
        } else {
            [format!("--{end}cert-dir={}", self.home.path().join("certificates").display())]
        }
    }

    /// A program in this person's home.
    pub(super) fn client(&self, program: impl AsRef<OsStr>) -> Command {
        let home = self.home.path();
        let mut client = command(program);
        client.env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run")).env("XDG_CONFIG_HOME", home.join("config"));
        client.env("XDG_DATA_HOME", home.join("data")).env("REGISTRY_AUTH_FILE", home.join("auth.json"));
        client.envs(self.options.iter().map(|(name, value)| (name, value))).current_dir(home);
        client
    }
}

impl Run {
    /// Stops the test unless the client says that it was refused.
    pub(crate) fn must_be_refused(self) -> Self {
        self.must_fail_with(REFUSED)
    }
}
