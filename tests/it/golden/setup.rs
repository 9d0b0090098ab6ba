//! What `dockpass setup` says: in a pipe, and on terminals of 80 and 200 columns, which `script` makes.

use std::fmt::Write as _;

use crate::support::{
    exe::executable,
    golden::{Texts, must_be_golden},
    pair::addresses,
    process::{Run, command},
    terminal,
};

use super::words::ended;

/// What is asked, each in a directory where nothing is; `LISTEN` and `REGISTRY` are addresses at which nobody is.
const COMMANDS: [&str; 9] = [
    "setup --layout evaluation --listen LISTEN",
    "setup --layout gateway --registry http://REGISTRY --name localhost --listen LISTEN",
    "setup --layout token-server --registry http://REGISTRY --name localhost --tls self-signed --listen LISTEN",
    "setup --layout gateway --registry http://REGISTRY --name 192.0.2.7 --tls proxy --yes --listen LISTEN",
    "setup --layout gateway --registry http://REGISTRY --name localhost --listen LISTEN --registry-config registry",
    "setup --layout evaluation --listen LISTEN --format json",
    "setup --layout gateway --registry nowhere --yes",
    "setup --layout gateway --name 192.0.2.7 --tls none --yes",
    "setup --layout evaluation --config config.toml --listen 192.0.2.7:1",
];

/// Typed at a terminal, after `dockpass setup`.
const TYPED: &str = "gateway\nhttp://REGISTRY\n192.0.2.7\nfiles\ncert.pem key.pem\n";

fn said(columns: Option<u32>) -> String {
    let [listen, registry] = addresses().map(|address| address.to_string());
    let home = tempfile::Builder::new().prefix("home-").rand_bytes(6).tempdir().expect("a directory");
    let real = |text: &str| text.replace("LISTEN", &listen).replace("REGISTRY", &registry);
    let mut text = String::new();
    for line in COMMANDS {
        let directory = home.path().join("new");
        std::fs::create_dir(&directory).expect("a directory");
        let line_typed = real(line);
        let run = match columns {
            None => Run::of(command(executable()).args(line_typed.split(' ')).current_dir(&directory), ""),
            Some(columns) => {
                let typed = format!("stty cols {columns} rows 50 -echo; exec {} {line_typed}", executable().display());
                on_terminal(&typed, &directory, "")
            }
        };
        let _ = writeln!(text, "$ dockpass {line}\n{}{}", run.stdout.clone() + &run.stderr, ended(&run));
        std::fs::remove_dir_all(&directory).expect("it is there");
    }
    if let Some(columns) = columns {
        let typed = format!("stty cols {columns} rows 50 -echo; exec {} setup", executable().display());
        let run = on_terminal(&typed, home.path(), &real(TYPED));
        let _ = writeln!(text, "$ dockpass setup\n{}{}", run.stdout.clone(), ended(&run));
    }
    let text = text.replace('\r', "").replace(&executable().display().to_string(), "dockpass");
    let text = text.replace(&home.path().display().to_string(), "~");
    let port = listen.rsplit(':').next().expect("a port");
    let text = text.replace(&format!("localhost:{port}"), "localhost:PORT");
    text.replace(&listen, "LISTEN").replace(&registry, "REGISTRY")
}

fn on_terminal(typed: &str, directory: &std::path::Path, input: &str) -> Run {
    let mut run = Run::of(terminal::on_terminal(typed).current_dir(directory), input);
    // What is typed is echoed if it comes before `stty` has run.
    let is_echo = |line: &str| input.lines().any(|typed| typed == line);
    let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).filter(|line| !is_echo(line)).collect();
    run.stdout = lines.join("\n") + "\n";
    run
}

#[test]
fn a_setup_has_its_words() {
    let found = Texts::from([
        ("pipe.txt".to_owned(), said(None)),
        ("terminal-80.txt".to_owned(), said(Some(80))),
        ("terminal-200.txt".to_owned(), said(Some(200))),
    ]);
    must_be_golden("setup", &found);
}
