//! `README.md` and the manual: each command that they show is run, each configuration read, each link followed; what is shown
//! as output is what is printed, and what sentences name is there (`inline`). `.github/CONTRIBUTING.md` says how they are written.

mod alike;
mod before;
mod blocks;
mod inline;
mod pages;
mod run;
mod told;

use std::{collections::BTreeSet, fs};

use blocks::{Block, blocks, documents, root};
use saphyr::LoadableYamlNode;

use crate::support::{
    exe::executable,
    golden::{golden, read},
    process::{Run, command},
    tls::SiteCertificate,
};

/// Why blocks are not run, and what is tried in their place.
const NOT_RUN: [(&str, &str); 7] = [
    ("builds a release", "`packaging::release` and `tests/run` itself"),
    ("needs the image of a release", "`packaging::container` starts it in the same way"),
    ("needs an engine", "`e2e::search` asks as docker does, `browser::token_lines` has what CI systems are shown"),
    ("needs that program", "`scanners` tries the rules, `browser::token_lines` the lines of CI systems"),
    ("needs a name and a certificate", "`e2e::nginx` and `e2e::forward_auth`, by Debian's nginx"),
    (
        "changes the machine",
        "`e2e::setup` walks it and counts the commands, `packaging::debian` has what the package brings, and restores by these lines",
    ),
    ("runs until it is stopped", "`e2e::audit` follows the log"),
];

/// What a block may be. Of these, `console` is run, `toml` and `yaml` are read.
const LANGUAGES: [&str; 7] = ["console", "toml", "yaml", "text", "json", "dockerfile", "groovy"];

/// The README is read in five minutes, in bytes.
const LONGEST_README: usize = 9_000;

/// Runs the commands of a document on a machine of its own.
fn run_all(document: &str) {
    let all = blocks();
    let console = |block: &&Block| block.document == document && block.language == "console" && block.why_not.is_none();
    let machine = run::Machine::of(document);
    let faults: Vec<_> = all.iter().filter(console).filter_map(|block| machine.run(block)).collect();
    assert!(faults.is_empty(), "{} blocks:\n{}", faults.len(), faults.join("\n\n"));
}

macro_rules! documents {
    ($($test:ident $name:literal)*) => {
        /// The documents with commands that are run.
        const RUN: &[&str] = &[$($name),*];
        $(#[test] fn $test() { run_all($name); })*
    };
}

documents! {
    commands_of_the_readme "README"
    commands_of_adopt "adopt"
    commands_of_api "api"
    commands_of_audit "audit"
    commands_of_ci "ci"
    commands_of_commands "commands"
    commands_of_configuration "configuration"
    commands_of_gateway "gateway"
    commands_of_layouts "layouts"
    commands_of_monitoring "monitoring"
    commands_of_operate "operate"
    commands_of_packages "packages"
    commands_of_permissions "permissions"
    commands_of_registry "registry"
    commands_of_start "start"
    commands_of_tls "tls"
    commands_of_tokens "tokens"
}

#[test]
fn every_block_is_run_or_says_why_not() {
    let all = blocks();
    let reasons: BTreeSet<_> = all.iter().filter_map(|block| block.why_not.as_deref()).collect();
    let known: BTreeSet<_> = NOT_RUN.iter().map(|(why, _)| *why).collect();
    assert_eq!(reasons, known, "left: why blocks are not run; right: what this test knows");
    for block in &all {
        assert!(LANGUAGES.contains(&block.language.as_str()), "a block of no known kind: {block}");
        let is_mute = block.language != "console" && block.text.lines().any(|line| line.starts_with("$ "));
        assert!(!is_mute, "commands that are not marked as such: {block}");
        assert!(block.language != "console" || !block.steps().is_empty(), "no command: {block}");
    }
    let run = all.iter().filter(|block| block.language == "console" && block.why_not.is_none());
    let documents: BTreeSet<_> = run.map(|block| block.document.as_str()).collect();
    assert_eq!(documents, RUN.iter().copied().collect(), "left: documents with commands; right: those that are run");
    let idle = run::idle(&all);
    assert!(idle.is_empty(), "lines before no block: {idle:?}");
}

#[test]
fn every_configuration_is_one() {
    let tls = SiteCertificate::of("pass.example.com");
    for block in blocks().iter().filter(|block| block.language == "toml") {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = directory.path();
        fs::copy(tls.certificate(), at.join("cert.pem")).expect("a certificate");
        fs::copy(tls.key(), at.join("key.pem")).expect("a key");
        let file = at.join("config.toml");
        fs::write(&file, block.text.replace("/etc/dockpass", &at.display().to_string())).expect("a file");
        let run = Run::of(command(executable()).arg("config").arg("--config").arg(file).current_dir(at), "");
        assert_eq!(run.code(), Some(0), "{block}{}", run.describe());
    }
}

#[test]
fn what_ci_systems_read_is_yaml() {
    for block in blocks().iter().filter(|block| block.language == "yaml") {
        let read = saphyr::Yaml::load_from_str(&block.text);
        assert!(read.is_ok_and(|read| read.len() == 1), "{block}");
    }
}

/// What a command is for is said once, in its help.
#[test]
fn the_chapter_of_commands_has_them_all() {
    let mut expected: Vec<String> = Vec::new();
    for text in read(&golden().join("help")).into_values() {
        let what = text.lines().next().expect("a line").trim_end_matches('.').replace('|', "\\|");
        let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).expect("usage");
        let words = usage.split(' ').take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
        let name = words.collect::<Vec<_>>().join(" ");
        if name != "dockpass" {
            expected.push(format!("| `{name}` | {what} |"));
        }
    }
    expected.sort();
    let chapter = documents().into_iter().find(|document| document.name == "commands").expect("the chapter");
    let mut told: Vec<_> =
        chapter.text.lines().filter(|line| line.starts_with("| `dockpass ")).map(str::to_owned).collect();
    told.sort();
    assert_eq!(told, expected, "left: the chapter; right: the help");
}

#[test]
fn the_readme_is_short() {
    let length = fs::read(root().join("README.md")).expect("the README").len();
    assert!(length <= LONGEST_README, "{length} bytes: what is more belongs into the manual");
}
