//! What commands say where something is taken away, lost for good, or left: in a pipe, and on terminals of 80 and 200
//! columns, which `script` makes.

use std::fmt::Write as _;

use crate::support::{
    Dockpass,
    exe::executable,
    golden::{Texts, must_be_golden},
    process::{Run, command},
};

/// The commands; none of them changes anything, so that each can be asked again. On a terminal the answer is no.
const COMMANDS: [&[&str]; 30] = [
    &["grant", "delete", "--user", "build", "alice/app"],
    &["grant", "delete", "--team", "dev", "acme/app"],
    &["grant", "list", "--user", "build"],
    &["grant", "list", "--user", "build", "alice/app"],
    &["grant", "list", "acme/*"],
    &["grant", "set", "alice/*", "--user", "build", "--access", "read-write"],
    &["team", "set", "acme/dev", "--description", ""],
    &["settings", "set", "registryPublicHost="],
    &["access", "check", "--user", "build", "push", "alice/app"],
    &["access", "check", "--user", "build", "delete", "acme/app"],
    &["access", "check", "--user", "carol", "pull", "alice/tools/continuous-integration/runners-of-the-second-kind"],
    &["access", "check", "--user", "alice", "push", "acme/new"],
    &["user", "access", "build"],
    &["team", "access", "acme/dev"],
    &["team", "access", "acme/none"],
    &["repo", "access", "acme/app", "--unfold"],
    &["repo", "tokens", "_/busybox"],
    &["org", "remove", "acme", "carol"],
    &["team", "remove", "acme/dev", "carol"],
    &["user", "set", "carol", "--active", "false"],
    &["user", "unlock", "build"],
    &["user", "delete", "alice", "--with-repositories"],
    &["user", "delete", "build", "carol"],
    &["user", "delete", "admin", "--yes"],
    &["org", "delete", "acme"],
    &["team", "delete", "acme/dev"],
    &["repo", "delete", "alice/app"],
    &["repo", "set", "alice/app", "--public", "false"],
    &["settings", "show"],
    &["repo", "list", "--user", "build"],
];

fn site() -> Dockpass {
    let dockpass = Dockpass::start();
    let run = |line: &str| drop(dockpass.cli(&line.split(' ').collect::<Vec<_>>()).must_succeed());
    for line in [
        "user create alice --service",
        "user create build --service",
        "user create carol --service --inactive",
        "user create robot --service --admin",
        "org create acme",
        "org add acme alice --admin true",
        "team create acme/dev",
        "team add acme/dev alice build",
        "repo create alice/app",
        "repo create alice/web",
        "repo create acme/app",
        "repo create _/busybox",
        "repo create alice/tools/continuous-integration/runners-of-the-second-kind",
        "grant set alice/tools/continuous-integration/runners-of-the-second-kind --user build --access admin",
        "grant set alice/* --user build --access read-write",
        "grant set _/busybox --user build --access read-only",
        "grant set acme/* --team acme/dev --access read-only",
        "grant set acme/* --user carol --access read-only",
        "token create --user alice --label laptop",
    ] {
        run(line);
    }
    dockpass
}

#[test]
fn what_is_taken_lost_and_left_has_its_words() {
    let dockpass = site();
    let data = dockpass.data().display().to_string();
    let piped = |arguments: &[&str]| {
        let run = dockpass.cli(arguments);
        run.stdout.clone() + &run.stderr + &ended(&run)
    };
    let on_terminal = |columns: u32, arguments: &[&str]| {
        let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
        let typed = format!("exec {} --data-dir {data} {}", executable().display(), words.join(" "));
        let typed = format!("stty cols {columns} rows 50 -echo; {typed}");
        let mut script = command("script");
        script.args(["--quiet", "--return", "--flush", "--command", &typed, "/dev/null"]).env("TERM", "dumb");
        let run = Run::of(&mut script, "no\n");
        // The answer is echoed if it comes before `stty` has run.
        let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).filter(|line| *line != "no").collect();
        lines.join("\n") + "\n" + &ended(&run)
    };
    let all = |said: &dyn Fn(&[&str]) -> String| {
        let mut text = String::new();
        for arguments in COMMANDS {
            let _ = writeln!(text, "$ dockpass {}\n{}", arguments.join(" "), said(arguments));
        }
        text.replace(&dockpass.address, "ADDRESS")
    };
    let found = Texts::from([
        ("pipe.txt".to_owned(), all(&piped)),
        ("terminal-80.txt".to_owned(), all(&|arguments| on_terminal(80, arguments))),
        ("terminal-200.txt".to_owned(), all(&|arguments| on_terminal(200, arguments))),
    ]);
    must_be_golden("words", &found);
}

fn ended(run: &Run) -> String {
    format!("exit {}\n", run.code().map_or_else(|| "by a signal".to_owned(), |code| code.to_string()))
}
