//! What commands say where something is taken away, lost for good, or left: in a pipe, and on terminals of 80 and 200
//! columns, which `script` makes.

use std::fmt::Write as _;

use crate::support::{
    Dockpass,
    exe::executable,
    golden::{Texts, must_be_golden},
    process::Run,
    terminal,
};

/// The commands; none but the last changes anything, and that can be repeated, so that each can be asked again. On a terminal
/// the answer is no.
const COMMANDS: [&[&str]; 57] = [
    &["status"],
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
    &["access", "check", "--user", "alice", "pull", "acme/none"],
    &["access", "check", "--user", "build", "push", "acme/none"],
    &["access", "check", "--user", "robot", "push", "nobody/none"],
    &["access", "check", "--user", "bob", "push", "carol/tool"],
    &["access", "check", "--user", "carol", "push", "carol/tool"],
    &["access", "check", "--user", "carol", "pull", "robot/open"],
    &["access", "check", "--user", "build", "push", "robot/open"],
    &["repo", "tokens", "carol/tool"],
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
    &["repo", "transfer", "bob/app", "--to", "bob"],
    &["repo", "access", "carol/tool"],
    &["repo", "list", "--owner", "bob"],
    &["user", "offboard", "alice", "--delete-tokens", "--transfer-repositories", "bob"],
    &["user", "offboard", "carol", "--transfer-repositories", "carol"],
    &["token", "clean", "--all-users", "--expired", "--yes"],
    &["settings", "show"],
    &["repo", "list", "--user", "build"],
    &["user", "deactivate", "carol", "nobody"],
    &["user", "activate", "alice", "bob"],
    &["team", "delete", "acme/dev", "lab/ops"],
    &["registry", "config", "--for", "distribution", "--addr", "nowhere"],
    &["registry", "config", "--for", "nginx", "--only", "auth"],
    &["user", "create", "--from", "/no/such/list", "--passwords", "/no/such/directory/first"],
    &["help", "lost", "password"],
    &["help", "health"],
    &["help", "the", "weather"],
    &["help", "manual", "opperate"],
    &["help", "manual", "disk"],
    &["user", "offboard", "dave", "--yes"],
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
        "user create bob --service",
        "repo create carol/tool",
        "repo create bob/app",
        "repo create robot/open --public",
        "repo transfer carol/tool --to bob",
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
        "user create dave --service",
        "org create lab",
        "org add lab dave --admin true",
        "team create lab/ops",
        "team add lab/ops dave",
        "repo create lab/app",
        "repo create dave/app",
        "grant set lab/app --team lab/ops --access read-only",
        "grant set bob/app --user dave --access read-write",
        "token create --user dave --label laptop --repository dave/*",
        "token create --user dave --label the-second-laptop-which-is-only-used-at-the-weekend --expires never",
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
        let run = Run::of(&mut terminal::on_terminal(&typed), "no\n");
        // The answer is echoed if it comes before `stty` has run.
        let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).filter(|line| *line != "no").collect();
        lines.join("\n") + "\n" + &ended(&run)
    };
    let all = |said: &dyn Fn(&[&str]) -> String| {
        let mut text = String::new();
        for arguments in COMMANDS {
            let _ = writeln!(text, "$ dockpass {}\n{}", arguments.join(" "), said(arguments));
        }
        let port = dockpass.address.rsplit(':').next().unwrap_or_default();
        let text = text.replace(&format!("localhost:{port}"), "ADDRESS").replace(&dockpass.address, "ADDRESS");
        without_ids(&without_numbers(&text.replace(&data, "DATA")))
    };
    let found = Texts::from([
        ("pipe.txt".to_owned(), all(&piped)),
        ("terminal-80.txt".to_owned(), all(&|arguments| on_terminal(80, arguments))),
        ("terminal-200.txt".to_owned(), all(&|arguments| on_terminal(200, arguments))),
    ]);
    must_be_golden("words", &found);
}

/// Identifiers are others each time; of each, its length stays.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        word.len() >= 12 && word.starts_with("01") && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        if is_id(bare) { word.replace(bare, &"#".repeat(bare.len())) } else { word.to_owned() }
    });
    words.collect()
}

/// Since when a server runs, and how much room its disk has, is another each time.
fn without_numbers(text: &str) -> String {
    let line = |line: &str| match line.split_whitespace().next() {
        Some(label @ ("Since" | "Disk" | "Version")) if line.starts_with("  ") => format!("  {label}  #\n"),
        Some(_) | None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

pub(super) fn ended(run: &Run) -> String {
    format!("exit {}\n", run.code().map_or_else(|| "by a signal".to_owned(), |code| code.to_string()))
}
