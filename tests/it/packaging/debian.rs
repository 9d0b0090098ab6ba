//! The Debian package, in the smallest root of Debian (`debootstrap`, made by `tests/run`): installed, upgraded, removed, purged.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{in_target, of_builds, packaged, release, released};
use crate::support::{
    Http,
    exe::{PASSWORD, executable, ready_address},
    pair::addresses,
    process::{Background, Run, background_command, command},
};

/// A Debian of the test's own.
struct Root {
    directory: TempDir,
}

impl Root {
    fn new() -> Self {
        let base = in_target("debian-root").join("root");
        assert!(base.join("usr/bin/dpkg").exists(), "no Debian in {}: tests/run makes it", base.display());
        let directory = tempfile::tempdir().expect("a directory");
        Run::of(command("cp").args(["--archive", "--reflink=auto"]).arg(base).arg(directory.path()), "").must_succeed();
        Self { directory }
    }

    /// A file in it.
    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().join("root").join(path.trim_start_matches('/'))
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A program of it, as this user; `command` is `chroot` itself.
    fn inside(&self, mut command: Command, user: &str, program: &[&str]) -> Command {
        command.arg(format!("--userspec={user}:{user}")).arg(self.at("/"));
        command.args(["/usr/bin/env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]);
        command.arg("DEBIAN_FRONTEND=noninteractive").args(program);
        command
    }

    /// The same as root, to its end, with something on its standard input.
    fn run_with(&self, program: &[&str], input: &str) -> Run {
        Run::of(&mut self.inside(command("chroot"), "root", program), input)
    }

    fn run(&self, program: &[&str]) -> Run {
        self.run_with(program, "").must_succeed()
    }

    fn install(&self, package: &Path) -> Run {
        fs::copy(package, self.at("dockpass.deb")).expect("a copy");
        // Nobody answers: a question about the configuration ends it.
        self.run(&["dpkg", "--install", "/dockpass.deb"])
    }

    /// The server as its user, with the package's configuration, on a port that the system chooses.
    fn serve(&self) -> (Background, Http) {
        let serve = ["env", "DOCKPASS_SERVER_LISTEN=127.0.0.1:0", "dockpass", "serve"];
        let mut serve = self.inside(background_command("chroot"), "dockpass", &serve);
        let server = Background::start("dockpass of the package", &mut serve);
        let address = server.wait_for("that it is ready", ready_address);
        (server, Http::at(&format!("http://{address}")))
    }

    /// Its `systemctl` is one that notes what it is told, as where systemd runs.
    fn pretend_systemd(&self) {
        fs::create_dir_all(self.at("run/systemd/system")).expect("a directory");
        let script = "#!/bin/sh\necho \"$@\" >>/systemctl.log\ncase \"$*\" in *is-enabled*) echo enabled ;; esac\n";
        fs::write(self.at("usr/bin/systemctl"), script).expect("a file");
        Run::of(command("chmod").arg("755").arg(self.at("usr/bin/systemctl")), "").must_succeed();
    }

    /// What it was told since the last time that was asked: the verbs that do something to the service.
    fn told_systemd(&self) -> Vec<String> {
        let log = fs::read_to_string(self.at("systemctl.log")).unwrap_or_default();
        let _ = fs::remove_file(self.at("systemctl.log"));
        let verbs = log.split_whitespace();
        verbs.filter(|word| ["start", "restart", "stop"].contains(word)).map(str::to_owned).collect()
    }
}

/// The configurations in the package, below its root: that of the site, and the example.
const CONFIG: &str = "etc/dockpass/config.toml";
const EXAMPLE: &str = "usr/share/doc/dockpass/examples/config.toml";

/// The package of the release, and one of a later version, which knows one more key of the configuration.
fn packages(directory: &Path) -> (PathBuf, PathBuf) {
    let package = released(release().expect("a release"), ".deb");
    let [program, opened, later] = ["dockpass", "opened", "later.deb"].map(|name| directory.join(name));
    let real = executable().display().to_string();
    let script = format!("'{real}' \"$@\" || exit\n[ \"$*\" != 'config --example' ] || echo '#new_key = true'\n");
    fs::write(&program, format!("#!/bin/sh\n{script}")).expect("a file");
    Run::of(command("chmod").arg("755").arg(&program), "").must_succeed();
    let mut build = command(packaged("debian/build"));
    let built = Run::of(build.envs(of_builds()).arg(&program).arg(directory), "").must_succeed().stdout;
    Run::of(command("dpkg-deb").arg("--raw-extract").arg(built.trim()).arg(&opened), "").must_succeed();
    fs::copy(executable(), opened.join("usr/bin/dockpass")).expect("a copy");
    let control = fs::read_to_string(opened.join("DEBIAN/control")).expect("it is there");
    let changed = control.replace("\nVersion: ", "\nVersion: 1:");
    fs::write(opened.join("DEBIAN/control"), changed).expect("it is written");
    Run::of(command("dpkg-deb").args(["-Znone", "--build"]).arg(&opened).arg(&later), "").must_succeed();
    (package, later)
}

fn owner_and_mode(path: &Path) -> (u32, u32) {
    let found = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (found.uid(), found.mode() & 0o7777)
}

#[test]
fn installed_upgraded_removed_and_purged_and_the_accounts_stay() {
    if release().is_none() {
        return;
    }
    let (root, files) = (Root::new(), tempfile::tempdir().expect("a directory"));
    let (package, later) = packages(files.path());
    root.install(&package);
    assert_eq!(root.run(&["dpkg", "--verify", "dockpass"]).stdout, "");
    let number: u32 = root.run(&["id", "--user", "dockpass"]).stdout.trim().parse().expect("a number");
    assert!(number > 0 && number < 1000, "{number}");
    assert_eq!(owner_and_mode(&root.at("var/lib/dockpass")), (number, 0o700));
    assert_eq!(owner_and_mode(&root.at("etc/dockpass/config.toml")), (0, 0o644));
    let enabled = "etc/systemd/system/multi-user.target.wants/dockpass.service";
    assert!(fs::symlink_metadata(root.at(enabled)).is_ok(), "it starts at the next boot");
    // The server with what the package has set, and commands of root without any option.
    let (server, http) = root.serve();
    root.run_with(&["dockpass", "user", "create", "alice", "--password-stdin"], PASSWORD).must_succeed();
    root.run(&["dockpass", "status", "--quiet"]);
    let password = root.text("var/lib/dockpass/initial-admin-password");
    let has_alice = |http: &Http| {
        let admin = http.basic("admin", password.trim());
        admin.get("/enzi/v0/accounts/alice").must_be(200);
    };
    has_alice(&http);
    assert_eq!(owner_and_mode(&root.at("var/lib/dockpass/store")).0, number);
    drop(server);
    // What the administrator has written stays, unasked, whatever else a later version knows.
    let config = format!("{}\n[audit]\nkeep_days = 500\n", root.text(CONFIG));
    fs::write(root.at(CONFIG), &config).expect("it is written");
    fs::write(root.at(&format!("{CONFIG}.before-1")), "").expect("it is written");
    root.install(&later);
    assert!(root.text(EXAMPLE).ends_with("\n#new_key = true\n"));
    assert!(root.run(&["dpkg-query", "--showformat", "${Version}", "--show", "dockpass"]).stdout.starts_with("1:"));
    assert_eq!(root.text("etc/dockpass/config.toml"), config);
    let (server, http) = root.serve();
    has_alice(&http);
    drop(server);
    root.run(&["dpkg", "--remove", "dockpass"]);
    assert!(!root.at("usr/bin/dockpass").exists());
    assert_eq!(root.text("etc/dockpass/config.toml"), config);
    root.install(&package);
    has_alice(&root.serve().1);
    // Whoever owned the data may not become somebody else.
    let told = root.run(&["dpkg", "--purge", "dockpass"]).stderr;
    assert!(told.contains("/var/lib/dockpass stay") && told.contains("userdel dockpass"), "{told}");
    assert!(!root.at("etc/dockpass").exists() && !told.contains("not empty"), "{told}");
    assert_eq!(owner_and_mode(&root.at("var/lib/dockpass")), (number, 0o700));
    root.install(&package);
    assert_eq!(root.run(&["id", "--user", "dockpass"]).stdout.trim(), number.to_string());
    has_alice(&root.serve().1);
    // What the site has put there is the site's.
    fs::write(root.at("etc/dockpass/key.pem"), "").expect("it is written");
    root.run(&["dpkg", "--purge", "dockpass"]);
    assert!(root.at("etc/dockpass/key.pem").exists() && !root.at(CONFIG).exists());
}

/// The commands of a block of the manual, which begins so, without `sudo`.
fn commands_of_the_manual(chapter: &str, beginning: &str) -> Vec<String> {
    let blocks: Vec<_> = chapter.split("```").filter(|block| block.contains(&format!("\n$ {beginning}"))).collect();
    let [block] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    block.lines().filter_map(|line| line.strip_prefix("$ sudo ")).map(str::to_owned).collect()
}

#[test]
fn a_backup_comes_back_by_the_lines_of_the_manual() {
    if release().is_none() {
        return;
    }
    let (root, files) = (Root::new(), tempfile::tempdir().expect("a directory"));
    root.install(&packages(files.path()).0);
    let (server, _) = root.serve();
    root.run_with(&["dockpass", "user", "create", "alice", "--password-stdin"], PASSWORD).must_succeed();
    root.run(&["dockpass", "backup", "/dockpass.backup"]);
    root.run(&["dockpass", "user", "delete", "alice", "--yes"]);
    drop(server);
    let number = owner_and_mode(&root.at("var/lib/dockpass")).0;
    let restore = ["dockpass", "restore", "--yes", "/dockpass.backup"];
    let refused = root.run_with(&restore, "").stderr;
    for words in [format!("the user id {number} (dockpass)"), "(chown -R dockpass: /var/lib/dockpass)".to_owned()] {
        assert!(refused.contains(&words), "{refused}");
    }
    // Whoever else may read it, too.
    root.run(&["chmod", "644", "/dockpass.backup"]);
    let refused = Run::of(&mut root.inside(command("chroot"), "daemon", &restore), "").stderr;
    assert!(refused.contains("restore as that user") && !refused.contains("chown"), "{refused}");
    root.pretend_systemd();
    let manual = include_str!("../../../ui/manual/operate.md");
    let mut said = String::new();
    for line in commands_of_the_manual(manual, "sudo systemctl stop dockpass") {
        let line = line.replace("--identity key.txt /mnt/elsewhere/dockpass.backup.age", "--yes /dockpass.backup");
        said += &root.run(&["sh", "-c", &line]).stdout;
    }
    assert_eq!(root.told_systemd(), ["stop", "start"]);
    let next = "\n  sudo chown -R dockpass: /var/lib/dockpass\n  sudo systemctl start dockpass\n";
    assert!(said.contains(next), "{said}");
    assert_eq!(owner_and_mode(&root.at("var/lib/dockpass")), (number, 0o700));
    let (_server, _) = root.serve();
    root.run(&["dockpass", "user", "show", "alice"]);
    root.run(&["dockpass", "status", "--quiet"]);
}

/// A registry that is there already, with images of its own.
const OTHER_REGISTRY: &str =
    "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: /srv/images\nhttp:\n  addr: 127.0.0.1:5000\n";

/// The package, installed where Debian's registry is.
fn beside_a_registry() -> Root {
    let (root, files) = (Root::new(), tempfile::tempdir().expect("a directory"));
    root.install(&packages(files.path()).0);
    root.run(&["useradd", "--system", "docker-registry"]);
    fs::create_dir_all(root.at("etc/docker/registry")).expect("a directory");
    fs::write(root.at("etc/docker/registry/config.yml"), OTHER_REGISTRY).expect("a file");
    root
}

#[test]
fn setup_writes_the_configuration_of_the_package_and_that_of_debians_registry() {
    if release().is_none() {
        return;
    }
    let root = beside_a_registry();
    let options = ["--layout", "gateway", "--registry", "debian", "--name", "localhost", "--listen", "127.0.0.1:0"];
    let own = root.text("etc/dockpass/config.toml");
    let drop_ins = root.at("etc/systemd/system/docker-registry.service.d");
    fs::create_dir_all(&drop_ins).expect("a directory");
    fs::write(drop_ins.join("address.conf"), "[Service]\nEnvironment=REGISTRY_HTTP_ADDR=:5001\n").expect("a file");
    let refused = root.run_with(&[&["dockpass", "setup", "--replace"][..], &options].concat(), "");
    refused.must_fail_with(&["address.conf has Environment= with REGISTRY_HTTP_ADDR"]);
    assert_eq!(root.text("etc/docker/registry/config.yml"), OTHER_REGISTRY);
    assert_eq!(root.text("etc/dockpass/config.toml"), own);
    for directory in ["etc/docker/registry", "etc/dockpass"] {
        assert_eq!(fs::read_dir(root.at(directory)).expect("it is there").count(), 1, "{directory}");
    }
    fs::remove_dir_all(drop_ins).expect("it is there");
    let done = root.run(&[&["dockpass", "setup", "--replace"][..], &options].concat()).stdout;
    for line in [
        "wrote /etc/dockpass/config.toml\n  what was there is kept as /etc/dockpass/config.toml.before-1\n",
        "wrote /etc/docker/registry/config.yml\n  what was there is kept as /etc/docker/registry/config.yml.before-1\n",
        "\n  systemctl enable --now dockpass\n  systemctl restart docker-registry\n",
    ] {
        assert!(done.contains(line), "{line}{done}");
    }
    let owner = |path: &str| {
        let found = fs::metadata(root.at(path)).expect("it is there");
        (found.uid(), found.gid(), found.mode() & 0o7777)
    };
    let group: u32 = root.run(&["id", "--group", "dockpass"]).stdout.trim().parse().expect("a number");
    assert_eq!(owner("etc/dockpass/config.toml"), (0, group, 0o640));
    let registry: u32 = root.run(&["id", "--user", "docker-registry"]).stdout.trim().parse().expect("a number");
    let (user, _, mode) = owner("etc/docker/registry/config.yml");
    assert_eq!((user, mode), (registry, 0o600));
    assert!(root.text("etc/docker/registry/config.yml").contains("rootdirectory: \"/srv/images\""));
    let (server, _) = root.serve();
    assert!(root.run(&["dockpass", "registry", "show"]).stdout.contains("Gateway"));
    let again = root.run_with(&[&["dockpass", "setup"][..], &options].concat(), "");
    again.must_fail_with(&["/etc/dockpass/config.toml is there and sets something", "--replace"]);
    let again = root.run(&[&["dockpass", "setup", "--replace"][..], &options].concat()).stdout;
    assert!(again.contains("\n  systemctl restart dockpass docker-registry\n"), "{again}");
    drop(server);
    assert_eq!(owner("var/lib/dockpass"), (owner("var/lib/dockpass/store").0, group, 0o700), "nothing in it is root's");
}

/// Nothing has started the service yet, so that the keys of the site are still to be made: by it, and not by root.
#[test]
fn what_needs_the_keys_of_a_service_that_has_not_started_is_written_once_it_runs() {
    if release().is_none() {
        return;
    }
    let root = beside_a_registry();
    let data = || fs::read_dir(root.at("var/lib/dockpass")).expect("the package makes it").count();
    let [listen, _] = addresses().map(|address| address.to_string());
    let options = ["--layout", "token-server", "--registry", "debian", "--name", "localhost", "--listen", &listen];
    let setup = [&["dockpass", "setup", "--replace", "--format", "json"][..], &options].concat();
    let done: Value = serde_json::from_str(&root.run(&setup).stdout).expect("JSON");
    assert!(done.to_string().contains("whose server has to start first"), "{done}");
    assert_eq!((data(), root.text("etc/docker/registry/config.yml").as_str()), (0, OTHER_REGISTRY));
    let next = done["next"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let next: Vec<_> = next.filter(|line| !line.starts_with('#')).collect();
    let [start, write, ..] = next.as_slice() else { panic!("{next:?}") };
    assert_eq!(*start, "systemctl enable --now dockpass");
    assert!(write.ends_with(" --replace && systemctl restart docker-registry"), "{write}");
    // As the unit starts it: with the configuration of setup, which its user can read, and nothing else.
    let unit = root.text("usr/lib/systemd/system/dockpass.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let mut serve = root.inside(background_command("chroot"), "dockpass", &line.split(' ').collect::<Vec<_>>());
    let server = Background::start("the service", &mut serve);
    assert_eq!(server.wait_for("that it is ready", ready_address), listen);
    root.pretend_systemd();
    root.run(&["sh", "-c", write]);
    assert_eq!(root.told_systemd(), ["restart"]);
    assert_eq!(root.text("etc/docker/registry/config.yml.before-1"), OTHER_REGISTRY);
    let config = root.text("etc/docker/registry/config.yml");
    let secret = root.text("var/lib/dockpass/keys/registry-events-secret");
    for part in ["rootdirectory: \"/srv/images\"", "addr: 127.0.0.1:5000", &format!("Bearer {}", secret.trim())] {
        assert!(config.contains(part), "{part}\n{config}");
    }
    let certificate = Http::at(&format!("http://{listen}")).get("/auth/ca.pem").must_be(200);
    assert_eq!(root.text("etc/docker/registry/dockpass-ca.pem").trim(), certificate.body.trim());
    let registry: u32 = root.run(&["id", "--user", "docker-registry"]).stdout.trim().parse().expect("a number");
    assert_eq!(owner_and_mode(&root.at("etc/docker/registry/config.yml")), (registry, 0o600));
    let service = owner_and_mode(&root.at("var/lib/dockpass")).0;
    assert_eq!(owner_and_mode(&root.at("var/lib/dockpass/keys/registry-events-secret")), (service, 0o600));
}

#[test]
fn the_service_starts_restarts_and_stops_with_the_package() {
    if release().is_none() {
        return;
    }
    let (root, files) = (Root::new(), tempfile::tempdir().expect("a directory"));
    let (package, later) = packages(files.path());
    root.pretend_systemd();
    root.install(&package);
    assert_eq!(root.told_systemd(), ["start"]);
    root.install(&later);
    assert_eq!(root.told_systemd(), ["restart"], "without a stop before");
    // Once more, as after a run that was cut off.
    let script = "/var/lib/dpkg/info/dockpass.postinst";
    root.run(&["env", "DPKG_MAINTSCRIPT_PACKAGE=dockpass", script, "configure", "1:0.1.0"]);
    assert_eq!(root.told_systemd(), ["restart"]);
    root.run(&["dpkg", "--remove", "dockpass"]);
    assert_eq!(root.told_systemd(), ["stop"]);
    let masked = root.at("etc/systemd/system/dockpass.service");
    assert_eq!(fs::read_link(&masked).expect("a link"), Path::new("/dev/null"));
    root.run(&["dpkg", "--purge", "dockpass"]);
    assert!(fs::symlink_metadata(&masked).is_err());
    root.install(&package);
    assert!(fs::symlink_metadata(&masked).is_err());
    root.run_with(&[script, "what"], "").must_fail_with(&["unknown argument"]);
}

#[test]
fn it_has_what_the_executable_says_of_itself() {
    let Some(release) = release() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("root");
    Run::of(command("dpkg-deb").arg("--raw-extract").arg(released(release, ".deb")).arg(&root), "").must_succeed();
    let said = |arguments: &[&str]| {
        let mut dockpass = command(root.join("usr/bin/dockpass"));
        Run::of(dockpass.args(arguments).env("HOME", directory.path()), "").must_succeed().stdout
    };
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(read("usr/share/bash-completion/completions/dockpass"), said(&["completions", "bash"]));
    assert_eq!(read("usr/share/zsh/vendor-completions/_dockpass"), said(&["completions", "zsh"]));
    assert_eq!(read("usr/share/fish/vendor_completions.d/dockpass.fish"), said(&["completions", "fish"]));
    let pages = directory.path().join("pages");
    said(&["man", "--output", &pages.display().to_string()]);
    let mut count = 0;
    for page in fs::read_dir(&pages).expect("pages") {
        let page = page.expect("a page");
        let packed = root.join(format!("usr/share/man/man1/{}.gz", page.file_name().to_string_lossy()));
        let opened = Run::of(command("zcat").arg(packed), "").must_succeed().stdout;
        assert_eq!(opened, fs::read_to_string(page.path()).expect("a page"));
        count += 1;
    }
    assert!(count > 90, "{count} pages");
    assert_eq!(read(EXAMPLE), said(&["config", "--example"]));
    // Of its own it sets where the data is, and nothing that an operator would have to keep.
    let config: toml::Table = read(CONFIG).parse().expect("TOML");
    assert_eq!(config.to_string().trim(), "[server]\ndata_dir = \"/var/lib/dockpass\"");
    assert!(read(CONFIG).contains(&format!("/{EXAMPLE}")) && read(CONFIG).contains("dockpass config --example"));
    for file in ["scanners/gitleaks.toml", "scanners/trufflehog.yaml", "monitoring/rules.yml"] {
        assert_eq!(read(&format!("usr/share/dockpass/{file}")), super::text(file));
    }
    let control = read("DEBIAN/control");
    assert!(control.contains(&format!("\nVersion: {}\n", env!("CARGO_PKG_VERSION"))), "{control}");
    let licences =
        Run::of(command("zcat").arg(root.join("usr/share/doc/dockpass/LICENCES.gz")), "").must_succeed().stdout;
    assert_eq!(licences, fs::read_to_string(released(release, ".licences.txt")).expect("the same texts"));
    // Any shell of a fresh system takes the scripts.
    for script in ["postinst", "prerm", "postrm"] {
        Run::of(command("dash").arg("-n").arg(root.join("DEBIAN").join(script)), "").must_succeed();
    }
}
