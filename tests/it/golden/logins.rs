//! What `login`, `whoami` and `logout` say: in a pipe, and on terminals of 80 and 200 columns, which `script` makes.

use std::fmt::Write as _;

use regex::{Captures, Regex};
use tempfile::TempDir;

use super::words::ended;
use crate::support::{
    Dockpass,
    exe::{PASSWORD, executable},
    golden::{Texts, must_be_golden},
    process::{Run, command},
    terminal,
};

/// What is asked, in this order; the password stands on standard input where it is read.
const COMMANDS: [&[&str]; 19] = [
    &["whoami"],
    &["whoami", "--all"],
    &["login", "--user", "alice", "--password-stdin"],
    &["login", "--server", "SERVER", "--password-stdin"],
    &["login", "--server", "SERVER", "--user", "bob", "--password-stdin"],
    &["login", "--server", "SERVER", "--user", "alice", "--password-stdin"],
    &["whoami"],
    &["whoami", "--all"],
    &["whoami", "--format", "json", "--all"],
    &["whoami", "--server", "https://dockpass.example"],
    &["whoami", "--data-dir", "/nonexistent"],
    &["user", "show", "nobody"],
    &["user", "show", "nobody", "--format", "json"],
    &["user", "delete", "alice"],
    &["user", "delete", "--format=json"],
    &["login", "--switch", "--server", "https://dockpass.example"],
    &["logout", "--server", "https://dockpass.example"],
    &["logout"],
    &["logout"],
];

/// A machine with no data directory.
fn said(dockpass: &Dockpass, columns: Option<u32>) -> String {
    let home = tempfile::Builder::new().prefix("home-").rand_bytes(6).tempdir().expect("a directory");
    let server = format!("http://{}", dockpass.address);
    let mut text = String::new();
    for arguments in COMMANDS {
        let typed: Vec<&str> = arguments.iter().map(|word| if *word == "SERVER" { &server } else { *word }).collect();
        let run = match columns {
            None => piped(&typed, &home),
            Some(columns) => on_terminal(columns, &typed, &home),
        };
        let _ =
            writeln!(text, "$ dockpass {}\n{}{}", arguments.join(" "), run.stdout.clone() + &run.stderr, ended(&run));
    }
    let home = home.path().display().to_string();
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("its name");
    let text = text.replace('\r', "").replace(&home, "~").replace(&dockpass.address, "ADDRESS");
    without_what_changes(&text.replace(&format!("login on {}", machine.trim()), "login on MACHINE"))
}

fn piped(arguments: &[&str], home: &TempDir) -> Run {
    let mut program = command(executable());
    Run::of(program.args(arguments).env("HOME", home.path()).current_dir(home.path()), PASSWORD)
}

fn on_terminal(columns: u32, arguments: &[&str], home: &TempDir) -> Run {
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let input =
        if arguments.contains(&"--password-stdin") { format!("printf %s '{PASSWORD}' | ") } else { String::new() };
    let typed = format!("stty cols {columns} rows 50 -echo; {input}{} {}", executable().display(), words.join(" "));
    let mut run = Run::of(terminal::on_terminal(&typed).env("HOME", home.path()).current_dir(home.path()), "no\n");
    // The answer is echoed if it comes before `stty` has run.
    let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).filter(|line| *line != "no").collect();
    run.stdout = lines.join("\n") + "\n";
    run
}

/// Dates and identifiers are others each time; of each, its form stays.
fn without_what_changes(text: &str) -> String {
    let date = Regex::new(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?").expect("an expression");
    let id = Regex::new(r"(?-u:\b)01[0-9A-Z]{10}([0-9A-Z]{14})?(?-u:\b)").expect("an expression");
    let digits = |found: &Captures| found[0].replace(|letter: char| letter.is_ascii_digit(), "0");
    let text = date.replace_all(text, digits);
    id.replace_all(&text, |found: &Captures| "#".repeat(found[0].len())).into_owned()
}

#[test]
fn a_login_has_its_words() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let found = Texts::from([
        ("pipe.txt".to_owned(), said(&dockpass, None)),
        ("terminal-80.txt".to_owned(), said(&dockpass, Some(80))),
        ("terminal-200.txt".to_owned(), said(&dockpass, Some(200))),
    ]);
    must_be_golden("logins", &found);
}
