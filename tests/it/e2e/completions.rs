//! The Tab key in real shells: on a terminal of its own, which `script` makes.

use std::{fs, path::PathBuf, time::Instant};

use tempfile::TempDir;

use super::notifications_by_hand::{digest, event, registry, tell};
use crate::support::{
    Dockpass,
    exe::executable,
    process::{Run, command},
};

/// A shell with the completions, and `dockpass` in its path.
struct Shell {
    directory: TempDir,
    name: &'static str,
}

impl Shell {
    fn new(name: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut completions = command(executable());
        let script = Run::of(completions.args(["completions", name]), "").must_succeed().stdout;
        fs::write(directory.path().join("completions"), script).expect("a file");
        std::os::unix::fs::symlink(executable(), directory.path().join("dockpass")).expect("a link");
        Self { directory, name }
    }

    fn path(&self) -> String {
        let dockpass: PathBuf = self.directory.path().into();
        format!("{}:/usr/local/bin:/usr/bin:/bin", dockpass.display())
    }

    /// What stands on the terminal after these lines were typed.
    fn typed(&self, shell: &str, lines: &[String]) -> String {
        let mut script = command("script");
        script.args(["--quiet", "--return", "--flush", "--command", shell, "/dev/null"]);
        script.env("TERM", "dumb").env("PATH", self.path()).env("HOME", self.directory.path());
        Run::of(script.current_dir(self.directory.path()), &(lines.join("\n") + "\nexit 0\n")).stdout
    }

    /// The proposals of fish, which tells them without a terminal.
    fn proposed(&self, line: &str) -> String {
        let mut fish = command(self.name);
        fish.args(["--no-config", "-c", &format!("source completions; complete --do-complete '{line}'")]);
        fish.env("PATH", self.path()).env("HOME", self.directory.path()).current_dir(self.directory.path());
        Run::of(&mut fish, "").must_succeed().stdout
    }
}

fn site() -> Dockpass {
    let dockpass = Dockpass::start();
    for line in [
        "user create alice --service",
        "org create acme",
        "team create acme/developers",
        "repo create alice/application",
        "token create --user alice --label laptop",
        "robot create acme/builder --access push",
    ] {
        dockpass.cli(&line.split(' ').collect::<Vec<_>>()).must_succeed();
    }
    for (number, tag) in [(1, "nightly"), (2, "stable")] {
        let pushed = event(tag, "push", "alice/application", tag, &digest(number));
        tell(&registry(&dockpass), &pushed).must_be(200);
    }
    dockpass
}

/// Lines with a Tab in them, and what stands in the answer if it did its work.
fn lines(dockpass: &Dockpass) -> Vec<(String, &'static str)> {
    let listed = dockpass.cli(&["token", "list", "--user", "alice", "--format", "json"]).must_succeed().stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let id = listed[0]["id"].as_str().expect("an id");
    // All but its end: the robot was made at almost the same time.
    let shown = format!("token show {}\t--format json", &id[..id.len() - 2]);
    let data = dockpass.data().display().to_string();
    [
        (shown.as_str(), "\"tokenLabel\": \"laptop\""),
        ("audit list --action token.cr\t--format json", "\"token.create\""),
        ("user show ali\t--format json", "\"name\": \"alice\""),
        ("user show --form\tjson ali\t", "\"name\": \"alice\""),
        ("user sh\tali\t--format=js\t", "\"name\": \"alice\""),
        ("org show ac\t--format json", "\"name\": \"acme\""),
        ("team show acme/d\t--format json", "\"name\": \"developers\""),
        ("repo show alice/a\t--format json", "\"name\": \"application\""),
        ("token list --user=al\t--format json", "\"tokenLabel\": \"laptop\""),
        ("robot show acme/b\t--format json", "\"userName\": \"acme/builder\""),
        ("access check --robot acme/\tpush acme/x --format json", "\"user\": \"acme/builder\""),
        // What was completed stands on the terminal, and nowhere in the help.
        ("repo delete-tag --help alice/application stable nigh\t", "nightly"),
    ]
    .into_iter()
    .map(|(line, answer)| (format!("dockpass --data-dir {data} {line}"), answer))
    .collect()
}

#[test]
fn bash_knows_names() {
    let (dockpass, shell) = (site(), Shell::new("bash"));
    for (line, answer) in lines(&dockpass) {
        let typed = shell.typed("bash --norc --noprofile -i", &["source ./completions".to_owned(), line.clone()]);
        assert!(typed.contains(answer), "{line}:\n{typed}");
    }
    // A whole namespace is quoted for the shell; a file is the shell's own affair.
    let data = dockpass.data().display().to_string();
    let typed = shell.typed(
        "bash --norc --noprofile -i",
        &[
            "source ./completions".to_owned(),
            format!("dockpass --data-dir {data} grant set alice/\\*\t--user alice --access admin"),
            "echo dock > note.pem; dockpass whoami --ca note\t; echo".to_owned(),
        ],
    );
    assert!(typed.contains("alice/\\*") && typed.contains("note.pem"), "{typed}");
}

#[test]
fn zsh_knows_names() {
    let (dockpass, shell) = (site(), Shell::new("zsh"));
    for (line, answer) in lines(&dockpass) {
        let ready = "autoload -U compinit; compinit -u -D; source ./completions".to_owned();
        let typed = shell.typed("zsh -f -i", &[ready, line.clone()]);
        assert!(typed.contains(answer), "{line}:\n{typed}");
    }
}

#[test]
fn fish_knows_names() {
    let (dockpass, shell) = (site(), Shell::new("fish"));
    let data = dockpass.data().display().to_string();
    for (line, answer) in [
        ("user show ali", "alice\n"),
        ("team show acme/d", "acme/developers\n"),
        ("repo show alice/a", "alice/application\n"),
        ("token show 0", "laptop of alice, active\n"),
        ("robot show acme/", "acme/builder\tpush, active\n"),
        ("repo delete-tag alice/application s", "stable\tsha256:"),
        ("token cr", "create\tCreate an access token"),
        ("audit list --action=token.cr", "--action=token.create\t"),
    ] {
        let proposed = shell.proposed(&format!("dockpass --data-dir {data} {line}"));
        assert!(proposed.contains(answer), "{line}: {proposed}");
    }
}

#[test]
fn without_a_server_nothing_is_said_opened_or_waited_for() {
    let dockpass = site();
    let directory = dockpass.stop();
    let data = directory.path().join("data");
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let hanging = format!("http://{}", hanging.local_addr().expect("an address"));
    let lock = data.join("store");
    let before = fs::metadata(&lock).and_then(|found| found.modified()).expect("the store");
    for place in [["--data-dir", data.to_str().expect("a text")], ["--server", &hanging], ["--server", "nonsense"]] {
        #[allow(clippy::disallowed_methods, reason = "how long a shell has to wait is what is tried")]
        let begin = Instant::now();
        let mut asked = command(executable());
        asked.args(["__complete", "--"]).args(place).args(["user", "show", ""]);
        let run = Run::of(asked.env("DOCKPASS_USER", "alice").env("DOCKPASS_TOKEN", "x"), "").must_succeed();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("values\n", ""), "{place:?}");
        assert!(begin.elapsed().as_secs() < 20, "{place:?}");
    }
    assert_eq!(fs::metadata(&lock).and_then(|found| found.modified()).expect("the store"), before);
}
