//! What stands as code within sentences: commands, options, keys of the configuration, variables, paths of the API. Blocks of
//! commands are run; this is held against the grammar, the tables of keys and of acts, and the routes, so that a name that was changed
//! is found wherever it is told.
//!
//! How it is read: `…` and `{…}` stand for anything from there on; a word in capitals stands for a word of that kind; `a|b` is both.
//! Who names a command or an option need not write all that it takes.

use std::{collections::BTreeSet, error::Error, ffi::OsString, fs};

use clap::{
    Arg, Command, CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};
use dockpass::{cli::Arguments, config::Config, domain::act::Act, http::document};
use regex::Regex;
use serde_json::{Map, Value};

use super::{
    blocks::blocks,
    told::{Told, in_sources, inline, texts},
};
use crate::support::{
    exe::executable,
    process::{Run, command},
};

/// What looks like ours, and what it is.
const NOT_OURS: [(&str, &str); 11] = [
    ("--tls-verify=false", "an option of podman and skopeo"),
    ("DOCKPASS_PORT", "what Kubernetes sets"),
    ("access token", "a label"),
    ("audit.ndjson", "a file"),
    ("dockpass __complete -- WORD…", "what shells ask, and nobody types"),
    ("dockpass data 2", "a line of a file"),
    ("dockpass login on MACHINE", "a label"),
    ("log.level", "a key of the registry's configuration"),
    ("registry token refused", "a line of the log"),
    ("token.txt", "a file"),
    ("…/repositories/{ns}/{name}/events", "a path that DTR has"),
];

/// Words in capitals for which a small one of the same letters will not do.
const STAND_FOR: [(&str, &str); 2] = [
    ("NUMBER:HASH", "7:0000000000000000000000000000000000000000000000000000000000000000"),
    ("URL", "https://dockpass.example.org"),
];

/// Words of plain text, without the full stop behind them.
const WORDS: &str = "([A-Za-z0-9_./:-]*[A-Za-z0-9_/-])";

/// Stops the test if something that is told is not so, or if next to nothing was looked at.
fn must_be_so(looked_at: usize, fewest: usize, faults: &[String]) {
    assert!(faults.is_empty(), "{} of {looked_at} are not so:\n{}", faults.len(), faults.join("\n"));
    assert!(looked_at >= fewest, "only {looked_at} were found: what says where they are?");
}

fn is_ours(told: &Told) -> bool {
    !NOT_OURS.iter().any(|(other, _)| *other == told.text)
}

fn expression(text: &str) -> Regex {
    Regex::new(text).expect("an expression")
}

/// The commands of dockpass in a line of the shell, each without the program.
fn commands(line: &str) -> Vec<Vec<String>> {
    let before = expression(concat!(
        r"^\(*(\$ )?([A-Z_]+=\S* )*((sudo|podman exec dockpass) (-u dockpass )?)?",
        r"(dockpass|cargo run (--release )?--)( |$)"
    ));
    let parts = expression(r" \|\|? | && |; |\n|\$\(");
    let found = parts.split(line).filter_map(|part| part.trim().get(before.find(part.trim())?.end()..));
    found.flat_map(variants).collect()
}

/// The words of a command as they might be typed.
fn variants(command: &str) -> Vec<Vec<String>> {
    let word = expression(r#"([^\s'"]|'[^']*'|"[^"]*")+"#);
    let ends =
        |word: &&str| !["#", ">", "<", "2>"].iter().any(|sign| word.starts_with(sign)) && !word.contains(['…', '{']);
    let mut all = vec![Vec::new()];
    for word in word.find_iter(command).map(|word| word.as_str()).take_while(ends) {
        let word = word.trim_end_matches(')').replace(['\'', '"'], "");
        let choices: Vec<_> = word.split('|').map(typed).collect();
        all = all
            .iter()
            .flat_map(|words: &Vec<_>| {
                choices.iter().map(|word| [words.as_slice(), std::slice::from_ref(word)].concat())
            })
            .collect();
    }
    all
}

/// What might be typed for a word.
fn typed(word: &str) -> String {
    match STAND_FOR.iter().find(|(name, _)| *name == word) {
        Some((_, typed)) => (*typed).to_owned(),
        None if stands_for_others(word) => word.to_lowercase(),
        None => word.to_owned(),
    }
}

fn stands_for_others(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'/')
}

/// Why the program does not take these words; none if it does, or if only something is missing.
fn refusal(words: &[String]) -> Option<String> {
    let line = std::iter::once("dockpass").chain(words.iter().map(String::as_str)).map(OsString::from);
    let error = Arguments::read(line).err()?;
    let is_missing = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand => true,
        // An option without its value.
        ErrorKind::InvalidValue => error.get(ContextKind::InvalidValue) == Some(&ContextValue::String(String::new())),
        _ => false,
    };
    let told = error.to_string();
    (!is_missing).then(|| told.lines().next().unwrap_or_default().to_owned())
}

/// Why there is no such help: its topics are known to the running program alone.
fn no_topic(words: &[String], told: &Told) -> Option<String> {
    let is_topic = words.first().is_some_and(|first| first == "help") && !told.text.split(' ').any(stands_for_others);
    let run = is_topic.then(|| Run::of(command(executable()).args(words), ""))?;
    (run.code() != Some(0)).then(|| run.stderr.lines().next().unwrap_or_default().to_owned())
}

/// Everything that may be a command.
fn lines() -> Vec<Told> {
    let blocks = blocks();
    let not_run = blocks.iter().filter(|block| block.why_not.is_some() && block.language == "console");
    let steps = not_run.flat_map(|block| block.steps().into_iter().map(|step| (block.place.clone(), step.command)));
    let steps = steps.map(|(place, command)| Told { place, text: command.replace("\\\n", " ") });
    let texts = texts();
    let told = texts.iter().flat_map(|text| text.inline().into_iter().chain(text.set_apart()));
    told.chain(in_sources()).chain(steps).collect()
}

#[test]
fn every_command_that_is_told_can_be_typed() {
    let grammar = Arguments::command();
    let names: BTreeSet<_> = grammar.get_subcommands().map(Command::get_name).collect();
    let (mut count, mut faults) = (0, Vec::new());
    for told in lines().iter().filter(|told| is_ours(told)) {
        let mut all = commands(&told.text);
        // A sentence about commands leaves the program's name out.
        if told.text.split_once(' ').is_some_and(|(first, _)| names.contains(first)) {
            all.extend(variants(&told.text));
        }
        count += all.len();
        let refused = all.iter().filter_map(|words| refusal(words).or_else(|| no_topic(words, told)));
        faults.extend(refused.map(|why| format!("{}: `{}`: {why}", told.place, told.text)));
    }
    must_be_so(count, 500, &faults);
}

/// Every command that has this option, by its words.
fn those_with(option: &str, at: &Command, path: &[String], found: &mut Vec<Vec<String>>) {
    let is_it = |it: &Arg| match option.strip_prefix("--") {
        Some(long) => it.get_long() == Some(long),
        None => it.get_short().is_some_and(|short| option == format!("-{short}")),
    };
    found.extend(at.get_arguments().any(is_it).then(|| path.to_vec()));
    for below in at.get_subcommands() {
        those_with(option, below, &[path, &[below.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn every_option_that_is_told_is_one_of_some_command() {
    let (mut grammar, option) = (Arguments::command(), expression("^--?[a-z][a-z-]*"));
    grammar.build();
    let (mut count, mut faults) = (0, Vec::new());
    for told in inline().iter().filter(|told| is_ours(told)) {
        let Some(name) = option.find(&told.text) else { continue };
        let mut paths = Vec::new();
        those_with(name.as_str(), &grammar, &[], &mut paths);
        for words in variants(&told.text) {
            count += 1;
            let mut refusals: Vec<_> = paths.iter().map(|path| refusal(&[&path[..], &words].concat())).collect();
            if refusals.iter().all(Option::is_some) {
                let why = refusals.pop().flatten().unwrap_or_else(|| "no command has this option".to_owned());
                faults.push(format!("{}: `{}`: {why}", told.place, told.text));
            }
        }
    }
    must_be_so(count, 70, &faults);
}

/// Why a configuration of this line alone is none.
fn no_configuration(line: &str) -> Option<String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), line).expect("a file");
    let error = Config::load(Some(file.path()), std::iter::empty(), &[]).err()?;
    Some(error.source().map_or_else(|| error.to_string(), ToString::to_string))
}

#[test]
fn every_key_and_every_act_that_is_told_is_there() {
    let defaults = Config::load(None, std::iter::empty(), &[]).expect("the defaults").config;
    let keys: BTreeSet<_> = defaults.describe().iter().map(|setting| setting.key).collect();
    let acts: BTreeSet<_> = Act::all().iter().map(|act| act.word()).collect();
    let sections: BTreeSet<_> = keys.iter().chain(&acts).filter_map(|word| word.split('.').next()).collect();
    let shape = expression(r"^(([A-Za-z]+)\.[A-Za-z_]+)( = .+)?$");
    let mut told = inline();
    // Plain texts name keys without backticks.
    let texts = texts();
    let plain = texts.iter().filter(|text| !text.is_markdown());
    told.extend(plain.flat_map(|text| text.found(WORDS)));
    let (mut count, mut faults) = (0, Vec::new());
    for told in told.iter().filter(|told| is_ours(told)) {
        let Some(parts) = shape.captures(&told.text).filter(|parts| sections.contains(&parts[2])) else { continue };
        count += 1;
        let fault = match parts.get(3) {
            Some(_) => no_configuration(&told.text),
            None if keys.contains(&parts[1]) || acts.contains(&parts[1]) => None,
            None => Some("neither a key nor an act".to_owned()),
        };
        faults.extend(fault.map(|why| format!("{}: `{}`: {why}", told.place, told.text)));
    }
    must_be_so(count, 150, &faults);
}

#[test]
fn every_variable_that_is_told_is_read() {
    let texts = texts();
    // The guide has variables of the tests.
    let texts = texts.iter().filter(|text| !text.path.starts_with(".github/"));
    let told: Vec<_> = texts.flat_map(|text| text.found("(DOCKPASS_[A-Z_]*[A-Z])")).collect();
    let mut faults = Vec::new();
    for told in told.iter().filter(|told| is_ours(told)) {
        // What is read is taken or refused; what is not is doubted.
        let loaded = Config::load(None, std::iter::once((told.text.clone(), String::new())), &[]);
        if loaded.is_ok_and(|loaded| loaded.warnings.iter().any(|doubt| doubt.contains(&told.text))) {
            faults.push(format!("{}: nothing reads {}", told.place, told.text));
        }
    }
    must_be_so(told.len(), 40, &faults);
}

/// Whether a path that is told is this route: what is in braces stands for a name, in whose place a name may be told.
fn is_route(told: &str, route: &str) -> bool {
    let mut told: Vec<_> = told.split('/').rev().collect();
    let mut route: Vec<_> = route.split('/').rev().collect();
    if told.last() == Some(&"…") {
        told.pop();
        route.truncate(told.len());
    }
    let fits = |told: &str, route: &str| told == route || (route.starts_with('{') && !told.is_empty());
    told.len() == route.len() && told.iter().zip(route).all(|(told, route)| fits(told, route))
}

/// Why there is no operation for `METHOD PATH?QUERY`, of which all but the path may be missing.
fn no_operation(told: &str, paths: &Map<String, Value>) -> Option<&'static str> {
    let (method, target) = told.split_once(' ').map_or((None, told), |(method, target)| (Some(method), target));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let at_path: Vec<_> = paths.iter().filter(|(route, _)| is_route(path, route)).map(|(_, found)| found).collect();
    if at_path.is_empty() {
        return Some("there is no such path");
    }
    let operations = at_path.iter().filter_map(|found| found.as_object()).flatten();
    let mut operations = operations.filter(|(name, _)| method.is_none_or(|method| method.eq_ignore_ascii_case(name)));
    let names: Vec<_> =
        query.split('&').filter_map(|pair| pair.split('=').next()).filter(|it| !it.is_empty()).collect();
    let takes = |operation: &Value, name: &str| {
        let parameters = operation["parameters"].as_array();
        parameters.into_iter().flatten().any(|it| it["in"] == "query" && it["name"] == name)
    };
    let is_there = operations.any(|(_, operation)| names.iter().all(|name| takes(operation, name)));
    (!is_there).then_some("that path has no such method, or no such parameter")
}

#[test]
fn every_path_of_the_api_that_is_told_is_a_route() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let first = |path: &str| path.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
    let firsts: BTreeSet<_> = paths.keys().map(|path| first(path)).collect();
    let shape = expression(r"^((GET|POST|PUT|PATCH|DELETE) )?(…?/[^ /][^ ]*)$");
    let (mut count, mut faults) = (0, Vec::new());
    for told in inline().iter().filter(|told| is_ours(told)) {
        let Some(parts) = shape.captures(&told.text) else { continue };
        let (path, beginning) = (&parts[3], first(&parts[3]));
        // Files are elsewhere; the first part of a path stands for all that is below it.
        if path.starts_with('…') || (firsts.contains(&beginning) && path != format!("/{beginning}")) {
            count += 1;
            faults.extend(no_operation(&told.text, paths).map(|why| format!("{}: `{}`: {why}", told.place, told.text)));
        }
    }
    must_be_so(count, 40, &faults);
}

#[test]
fn what_is_not_ours_is_told_somewhere() {
    let words = texts().iter().flat_map(|text| text.found(WORDS)).collect::<Vec<_>>();
    let told: Vec<_> = lines().into_iter().chain(words).collect();
    let idle: Vec<_> = NOT_OURS.iter().filter(|(other, _)| !told.iter().any(|told| told.text == *other)).collect();
    assert!(idle.is_empty(), "no text has these any more: {idle:?}");
}
