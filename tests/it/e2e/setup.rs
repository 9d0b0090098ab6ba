//! From nothing to the first push, as somebody does it who has read nothing: `dockpass setup`, then the lines that it prints, in
//! their order. They are counted.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Clients, Http, Image, Registry, able,
    exe::{executable, ready_address},
    pair::{addresses, port_of_every_address},
    process::{Background, Run, background_command, command, eventually},
    terminal,
};

/// A directory in which nobody has done anything yet, and addresses that nobody has.
struct Place {
    home: TempDir,
    dockpass_at: SocketAddr,
    registry_at: SocketAddr,
}

impl Place {
    fn new() -> Self {
        let [dockpass_at, registry_at] = addresses();
        Self { home: tempfile::tempdir().expect("a directory"), dockpass_at, registry_at }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A command in this directory, without any option that says where anything is.
    fn dockpass(&self, arguments: &[&str]) -> Run {
        Run::of(command(executable()).args(arguments).current_dir(self.home.path()), "")
    }

    /// `dockpass setup`, with a registry whose configuration is written, too.
    fn setup(&self, layout: &str, more: &[&str]) -> Run {
        let (listen, registry) = (self.dockpass_at.to_string(), format!("http://{}", self.registry_at));
        let options = [
            ["--layout", layout],
            ["--registry", &registry],
            ["--name", "localhost"],
            ["--listen", &listen],
            ["--registry-config", "registry"],
            ["--registry-storage", "storage"],
        ];
        self.dockpass(&[&["setup"], options.as_flattened(), more].concat())
    }

    /// The lines that are to be typed after it, as programs get them.
    fn next(&self, layout: &str) -> Vec<String> {
        typed(&self.setup(layout, &["--format", "json"]).must_succeed().stdout)
    }

    /// Starts what a line of the shell says.
    fn serve(&self, line: &str) -> Background {
        let mut shell = background_command("sh");
        shell.args(["-c", &format!("exec {line}")]).current_dir(self.home.path());
        let server = Background::start("dockpass", &mut shell);
        assert_eq!(server.wait_for("that it is ready", ready_address), self.dockpass_at.to_string());
        server
    }

    /// The registry with the configuration that was written.
    fn registry(&self) -> Registry {
        Registry::as_written(&self.at("registry/config.yml"), self.registry_at)
    }

    /// Walks the whole way; returns what runs, and how many lines were typed.
    fn walk(&self, layout: &str) -> (Background, Registry, usize) {
        let next = self.next(layout);
        // With setup itself, and the registry, which somebody starts.
        let count = next.len() + 2;
        let [serve, sign_in, push] = next.try_into().expect("three lines");
        let server = self.serve(&serve);
        let registry = self.registry();
        let clients = Clients::new();
        let host = if layout == "gateway" { self.dockpass_at } else { self.registry_at }.to_string();
        let here = format!("cd {}", self.home.path().display());
        clients.shell(&host, &format!("{here} && {sign_in}"), "").must_succeed();
        // Somebody has an image, under another name as yet.
        let name = format!("{host}/admin/NAME:TAG");
        assert_eq!(push, format!("docker tag IMAGE {name} && docker push {name}"));
        let target = name.replace("NAME:TAG", "app:1");
        let image = Image::holding("the first one");
        // docker itself needs an engine; what it has kept of the sign-in is enough for others.
        let push = format!(
            "skopeo copy --dest-tls-verify=false --dest-authfile \"$DOCKER_CONFIG/config.json\" {} docker://{target}",
            image.reference()
        );
        clients.shell(&host, &push, "").must_succeed();
        (server, registry, count)
    }

    fn tags(&self) -> Vec<Value> {
        let run = self.dockpass(&["repo", "tags", "admin/app", "--format", "json"]).must_succeed();
        serde_json::from_str(&run.stdout).expect("a list")
    }
}

/// The lines of an answer that are to be typed.
fn typed(answer: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).expect("JSON");
    let lines = answer["next"].as_array().expect("lines").iter().map(|line| line.as_str().expect("text"));
    lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn five_commands_lead_to_the_first_push_through_the_gateway() {
    let place = Place::new();
    let (_server, _registry, count) = place.walk("gateway");
    assert!(count <= 5, "{count} commands");
    assert_eq!(place.tags().len(), 1);
    let mode = |name: &str| fs::metadata(place.at(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode("dockpass.toml"), mode("registry/config.yml")), (0o600, 0o600));
    assert!(!place.text("registry/config.yml").contains("auth:"));
    // Commands find what setup has written, and what it says is what holds.
    let shown = place.dockpass(&["config"]).must_succeed().stdout;
    assert!(shown.lines().any(|line| line.contains("registry.upstream") && line.ends_with("file")), "{shown}");
}

#[test]
fn five_commands_lead_to_the_first_push_beside_a_registry() {
    let place = Place::new();
    let (_server, _registry, count) = place.walk("token-server");
    assert!(count <= 5, "{count} commands");
    // The registry knows the secret of its notifications.
    eventually("the push is told", || (!place.tags().is_empty()).then_some(()));
}

#[test]
fn a_registry_beside_a_server_that_runs_already_gets_its_certificate_and_its_secret() {
    let place = Place::new();
    let line = format!("{} serve --listen {}", executable().display(), place.dockpass_at);
    let server = place.serve(&line);
    let said = place.setup("token-server", &[]).must_succeed().stdout;
    // It listens where no file says.
    assert!(said.contains("port: warning: "), "{said}");
    assert!(said.contains("as it would be by the server that runs on"), "{said}");
    let secret = place.text("dockpass-data/keys/registry-events-secret");
    let config = place.text("registry/config.yml");
    assert!(config.contains(&format!("Bearer {}", secret.trim())), "another secret");
    assert!(config.contains(&format!("addr: {}", place.registry_at)), "{config}");
    let certificate = Http::at(&format!("http://{}", place.dockpass_at)).get("/auth/ca.pem").must_be(200);
    assert_eq!(place.text("registry/dockpass-ca.pem").trim(), certificate.body.trim());
    drop(server);
}

#[test]
fn nothing_is_written_where_something_is_in_the_way() {
    let place = Place::new();
    let is_untouched = |run: Run, words: &[&str]| {
        run.must_fail_with(words);
        assert!(!place.at("registry").exists() && !place.at("dockpass-data").exists());
    };
    let without = place.dockpass(&["setup"]);
    assert_eq!(without.code(), Some(2));
    is_untouched(without, &["add --layout, --registry, --name, or --yes"]);
    let taken = std::net::TcpListener::bind(place.dockpass_at).expect("it is free");
    is_untouched(place.setup("gateway", &[]), &["another program listens there"]);
    drop(taken);
    let missing = ["--name", "a.example", "--cert", "missing.pem", "--key", "missing.pem"];
    let run = place.dockpass(&[&["setup", "--layout", "evaluation", "--listen", "127.0.0.1:0"][..], &missing].concat());
    is_untouched(run, &["missing.pem"]);
    assert!(!place.at("dockpass.toml").exists());
    // What an operator has written stays, unless it is said.
    fs::write(place.at("dockpass.toml"), "[audit]\nkeep_days = 7\n").expect("a file");
    is_untouched(place.setup("gateway", &[]), &["dockpass.toml is there and sets something", "--replace"]);
    fs::create_dir(place.at("registry")).expect("a directory");
    fs::write(place.at("registry/config.yml"), "version: 0.1\n").expect("a file");
    fs::rename(place.at("dockpass.toml"), place.at("mine.toml")).expect("renamed");
    place.setup("gateway", &[]).must_fail_with(&["config.yml is there and says something else"]);
    place.setup("token-server", &[]).must_fail_with(&["config.yml is there; nothing was written", "--replace"]);
    assert!(!place.at("dockpass.toml").exists() && !place.at("dockpass-data").exists());
    fs::rename(place.at("mine.toml"), place.at("dockpass.toml")).expect("renamed");
    let said = place.setup("gateway", &["--replace"]).must_succeed().stdout;
    assert_eq!(said.matches("what was there is kept as").count(), 2, "{said}");
    assert_eq!(place.text("dockpass.toml.before-1"), "[audit]\nkeep_days = 7\n");
    assert_eq!(place.text("registry/config.yml.before-1"), "version: 0.1\n");
}

#[test]
fn data_of_an_earlier_version_waits_for_its_server() {
    let place = Place::new();
    drop(place.serve(&format!("{} serve --listen {}", executable().display(), place.dockpass_at)));
    let (format, own) = ("dockpass data 1\n", place.text("dockpass-data/format"));
    fs::write(place.at("dockpass-data/format"), format).expect("a file");
    let done = place.setup("token-server", &["--format", "json"]).must_succeed().stdout;
    assert!(done.contains("has the format of another version"), "{done}");
    assert!(!place.at("registry/config.yml").exists(), "{done}");
    assert_eq!(place.text("dockpass-data/format"), format, "setup migrates nothing");
    // What it would have written is written by the line that it prints, once the server runs.
    fs::write(place.at("dockpass-data/format"), own).expect("a file");
    let [serve, config, ..] = &typed(&done)[..] else { panic!("{done}") };
    let _server = place.serve(serve);
    assert!(!config.contains("--replace"), "nothing is there: {config}");
    Run::of(command("sh").args(["-c", config]).current_dir(place.home.path()), "").must_succeed();
    let written = place.text("registry/config.yml");
    assert!(written.contains(&format!("rootdirectory: \"{}\"", place.at("storage").display())), "{written}");
    assert!(written.contains(&format!("addr: {}\n", place.registry_at)), "{written}");
}

/// What somebody reads and types on a terminal.
fn on_terminal(place: &Path, typed: &str) -> Run {
    let line = format!("exec {} setup", executable().display());
    Run::of(terminal::on_terminal(&line).current_dir(place), typed)
}

#[test]
fn somebody_at_a_terminal_answers_the_questions() {
    let place = Place::new();
    let port = port_of_every_address();
    let typed = format!("what\ngateway\nhttp://{}\nlocalhost:{port}\n", place.registry_at);
    let run = on_terminal(place.home.path(), &typed).must_succeed();
    let asked = ["Layout [gateway]: ", "Registry [http://127.0.0.1:5000]: ", "Public name [localhost]: "];
    for question in asked {
        assert!(run.stdout.contains(question), "{question}: {}", run.describe());
    }
    assert!(run.stdout.contains("expected gateway, token-server or evaluation"), "{}", run.describe());
    assert!(run.stdout.contains("registry: warning: "), "nobody answers there: {}", run.describe());
    let config = place.text("dockpass.toml");
    assert!(config.contains(&format!("\nupstream = \"http://{}\"\n", place.registry_at)), "{config}");
    assert!(config.contains(&format!("\nlisten = \"127.0.0.1:{port}\"\n")), "{config}");
}

#[test]
fn a_configuration_of_somebody_else_in_the_working_directory_is_not_used() {
    let place = Place::new();
    let file = place.at("dockpass.toml");
    fs::write(&file, "[server]\ndata_dir = \"elsewhere\"\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("its owner");
    for arguments in [&["serve"][..], &["user", "list"], &["config"]] {
        place.dockpass(arguments).must_fail_with(&["./dockpass.toml is not used: others may write it (mode 666)"]);
    }
    if able::is_root("gives files away") {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its owner");
        std::os::unix::fs::chown(&file, Some(65_534), Some(65_534)).expect("root gives it away");
        place.dockpass(&["serve"]).must_fail_with(&["it belongs to the user id 65534"]);
    }
    fs::rename(&file, place.at("other.toml")).expect("renamed");
    std::os::unix::fs::symlink("other.toml", &file).expect("a link");
    place.dockpass(&["serve"]).must_fail_with(&["it is a symbolic link"]);
    fs::remove_file(&file).expect("it is there");
    Run::of(command("mkfifo").arg(&file), "").must_succeed();
    place.dockpass(&["serve"]).must_fail_with(&["it is no ordinary file"]);
    assert!(!place.at("elsewhere").exists() && !place.at("dockpass-data").exists());
}
