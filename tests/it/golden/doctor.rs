//! What `dockpass doctor` says: in a pipe, and on terminals of 80 and 200 columns, which `script` makes; with a server and
//! without one.

use std::path::Path;

use regex::{Captures, Regex};

use super::words::ended;
use crate::support::{
    Dockpass,
    exe::{Setup, cli_command, executable},
    golden::{Texts, must_be_golden},
    process::Run,
    terminal::on_terminal,
};

/// A registry that nobody reaches: nothing listens on port 1.
const CONFIG: &str = "[registry]\nurl = \"http://127.0.0.1:1\"\n";

fn said(data: &Path, columns: Option<u32>) -> String {
    let run = match columns {
        None => Run::of(&mut cli_command(data, &["doctor"]), ""),
        Some(columns) => {
            let typed = format!("exec {} --data-dir {} doctor", executable().display(), data.display());
            let typed = format!("stty cols {columns} rows 50 -echo; {typed}");
            Run::of(&mut on_terminal(&typed), "")
        }
    };
    format!("$ dockpass doctor\n{}{}{}", run.stdout.replace('\r', ""), run.stderr, ended(&run))
}

/// Addresses, dates, sizes and versions are others each time.
fn without_what_changes(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, instead) in [
        (r"runs since [^\n]*", "runs since #"),
        (r"(?m)^(Disk +\S+ +)\S[^\n]*", "$1#"),
        (r"(?m)^(File modes +\S+ +)\d+ ", "$1# "),
        (r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?", "DATE"),
    ] {
        let pattern = Regex::new(pattern).expect("a pattern");
        text = pattern
            .replace_all(&text, |found: &Captures<'_>| {
                let mut made = String::new();
                found.expand(instead, &mut made);
                made
            })
            .into_owned();
    }
    text
}

#[test]
fn what_the_doctor_says_has_its_words() {
    // A path of the same length each time, so that lines are cut at the same place.
    let home = tempfile::Builder::new().prefix("doctor-").rand_bytes(6).tempdir_in("/tmp").expect("a directory");
    let setup = Setup { listen: Some("127.0.0.1:0".to_owned()), ..Setup::config(CONFIG) };
    let dockpass = Dockpass::start_in(home, setup);
    let (data, port) = (dockpass.data(), dockpass.address.rsplit(':').next().unwrap_or_default().to_owned());
    let shown = data.display().to_string();
    let told = |columns| {
        let text =
            said(&data, columns).replace(&shown, "/tmp/doctor-######/data").replace(&format!(":{port}"), ":#####");
        without_what_changes(&text)
    };
    let forms = [("pipe", None), ("terminal-80", Some(80)), ("terminal-200", Some(200))];
    let mut found: Texts = forms.iter().map(|(name, columns)| (format!("{name}.txt"), told(*columns))).collect();
    let home = dockpass.stop();
    found.insert("stopped.txt".to_owned(), told(None));
    drop(home);
    must_be_golden("doctor", &found);
}
