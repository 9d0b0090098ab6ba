//! What stands as code within sentences: commands, options, keys of the configuration, acts, variables, paths of the API. Blocks of
//! commands are run; this is held against the grammar, the tables of keys and of acts, and the routes. Whatever has the shape of
//! one of these is looked at, also where nothing begins as it does, so that a name that was changed is found wherever it is told:
//! - a command: `dockpass` with what follows; within a sentence also two words or more in small letters, without the program;
//! - an option: what begins with `-` within a sentence;
//! - a key or an act: two or three words that begin small with dots between them, in plain texts without backticks as well;
//! - a variable: `DOCKPASS_…`;
//! - a path: what begins with `/`, in plain texts without backticks as well; between these also with `…/` or after a method.
//!
//! What has the shape and is something else is in `alike`. Not found is what looks like any other word or stands within something
//! else: a command of one word without the program, a field or a value alone, a path within an address or a command of another
//! program, a path whose first part is a directory of the system, whatever no backticks mark in Markdown, and what sources tell
//! but commands.
//!
//! How it is read: `…` and `{…}` stand for anything from there on; a word in capitals stands for a word of that kind; `a|b` is both.
//! The first part of a path stands for all that is below it. Who names a command or an option need not write all that it takes.

use std::{collections::BTreeSet, error::Error, ffi::OsString, fs};

use clap::{
    Arg, Command, CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};
use dockpass::{cli::Arguments, config::Config, domain::act::Act, http::document};
use regex::Regex;
use serde_json::{Map, Value};

use super::{
    alike::Alike,
    told::{PATHS, Told, WORDS, inline, lines, texts},
};
use crate::support::{
    exe::executable,
    process::{Run, command},
};

/// Words in capitals for which a small one of the same letters will not do.
const STAND_FOR: [(&str, &str); 2] = [
    ("NUMBER:HASH", "7:0000000000000000000000000000000000000000000000000000000000000000"),
    ("URL", "https://dockpass.example.org"),
];

/// Stops the test if something that is told is not so, or if next to nothing was looked at.
fn must_be_so(looked_at: usize, fewest: usize, faults: &[String]) {
    assert!(faults.is_empty(), "{} of {looked_at} are not so:\n{}", faults.len(), faults.join("\n"));
    assert!(looked_at >= fewest, "only {looked_at} were found: what says where they are?");
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

/// The words of a command whose program a sentence leaves out.
fn without_program(told: &Told, alike: &Alike) -> Vec<Vec<String>> {
    let is_it = expression("^[a-z][a-z-]+ [a-z-]").is_match(&told.text) && commands(&told.text).is_empty();
    if is_it && !alike.has(&told.text) { variants(&told.text) } else { Vec::new() }
}

#[test]
fn every_command_that_is_told_can_be_typed() {
    let alike = Alike::new();
    let with = lines().into_iter().map(|told| (commands(&told.text), told));
    let without = inline().into_iter().map(|told| (without_program(&told, &alike), told));
    let (mut count, mut faults) = (0, Vec::new());
    for (all, told) in with.chain(without).filter(|(_, told)| Alike::is_ours(told)) {
        count += all.len();
        let refused = all.iter().filter_map(|words| refusal(words).or_else(|| no_topic(words, &told)));
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
    for told in inline().iter().filter(|told| Alike::is_ours(told)) {
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

/// What is told between backticks, and what plain texts tell without them.
fn with_plain(expression: &str) -> Vec<Told> {
    let texts = texts();
    let plain = texts.iter().filter(|text| !text.is_markdown());
    inline().into_iter().chain(plain.flat_map(|text| text.found(expression))).filter(Alike::is_ours).collect()
}

#[test]
fn every_key_and_every_act_that_is_told_is_there() {
    let defaults = Config::load(None, std::iter::empty(), &[]).expect("the defaults").config;
    let settings = defaults.describe();
    let acts = Act::all().iter().map(|act| act.word());
    let names: BTreeSet<_> = settings.iter().map(|setting| setting.key).chain(acts).collect();
    let shape = expression(r"^([a-z][A-Za-z_]*(?:\.[a-z][A-Za-z_]*){1,2})( = .+)?$");
    let without: Vec<_> = names.iter().filter(|name| !shape.is_match(name)).collect();
    assert!(without.is_empty(), "these would not be found: {without:?}");
    let (alike, mut count, mut faults) = (Alike::new(), 0, Vec::new());
    for told in with_plain(WORDS) {
        let Some(parts) = shape.captures(&told.text).filter(|parts| !alike.has(&parts[1])) else { continue };
        count += 1;
        let fault = match parts.get(2) {
            Some(_) => no_configuration(&told.text),
            None => (!names.contains(&parts[1])).then(|| "neither a key nor an act".to_owned()),
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
    for told in told.iter().filter(|told| Alike::is_ours(told)) {
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
    let beginnings: BTreeSet<_> = paths.keys().filter_map(|path| path.split('/').nth(1)).collect();
    let shape = expression("^([A-Z]+ )?…?/([^ /].*)?$");
    let (alike, mut count, mut faults) = (Alike::new(), 0, Vec::new());
    for told in with_plain(PATHS) {
        let Some(parts) = shape.captures(&told.text) else { continue };
        let rest = parts.get(2).map_or("", |rest| rest.as_str());
        // Without a method, it may be a separator, a file, or the beginning of paths.
        let is_other = rest.is_empty() || beginnings.contains(rest) || alike.has(&told.text);
        if parts.get(1).is_some() || !is_other {
            count += 1;
            faults.extend(no_operation(&told.text, paths).map(|why| format!("{}: `{}`: {why}", told.place, told.text)));
        }
    }
    must_be_so(count, 45, &faults);
}
