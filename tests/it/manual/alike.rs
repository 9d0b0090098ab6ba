//! What texts tell that looks like something of dockpass and is something else. Nothing of dockpass may look like it in turn, and
//! nothing is here that no text tells.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use dockpass::{cli::Arguments, config::Config, domain::act::Act, http::document};
use regex::Regex;

use super::told::{Told, WORDS, lines, texts};

/// Single pieces of code, and what each is.
const NOT_OURS: [(&str, &str); 19] = [
    ("--tls-verify=false", "an option of podman and skopeo"),
    ("/load_balancer_status", "a path that DTR has"),
    ("/nginx_status", "a path that DTR has"),
    ("DOCKPASS_PORT", "what Kubernetes sets"),
    ("access token", "a label"),
    ("certificate signed by unknown authority", "a message of clients"),
    ("detail.left", "a field of an error"),
    ("dockpass __complete -- WORD…", "what shells ask, and nobody types"),
    ("dockpass data 2", "a line of a file"),
    ("dockpass login on MACHINE", "a label"),
    ("dockpass.shipping.gap", "the type of an event"),
    ("extensions.events", "a key of zot's configuration"),
    ("log.level", "a key of the registry's configuration"),
    ("mod clean", "a line of a source"),
    ("not run: WHY", "a mark of a block"),
    ("ready on …", "a line of what is printed"),
    ("registry token refused", "a line of the log"),
    ("storage.delete.enabled", "a key of the registry's configuration"),
    ("…/repositories/{ns}/{name}/events", "a path that DTR has"),
];

/// Whole kinds: what each is, how it looks, and what may stand for WORD in it.
const KINDS: [(&str, &str, &str); 5] = [
    ("a file", r"^[a-z]+(\.[a-z]+)*\.WORD$", "aside csv example json log md ndjson pem sock svg toml txt yml"),
    ("a host", r"^([a-z]+\.)?WORD$", "example.com"),
    ("a label of an alert", r"^WORD\.[a-z]+$", "labels"),
    ("a file or a directory", "^/WORD(/|$)", "bin data etc mnt proc run usr var"),
    (
        "a command of another program",
        "^WORD [a-z-]",
        "crane diff docker gh git helm htpasswd kubectl podman promtool skopeo sudo systemctl systemd-analyze systemd-creds",
    ),
];

/// What is not told of dockpass.
pub(super) struct Alike(Vec<Regex>);

impl Alike {
    pub(super) fn new() -> Self {
        Self(KINDS.iter().map(|(_, looks, words)| kind(looks, &words.replace(' ', "|"))).collect())
    }

    /// Whether it is none of the single pieces.
    pub(super) fn is_ours(told: &Told) -> bool {
        !NOT_OURS.iter().any(|(other, _)| *other == told.text)
    }

    /// Whether it is of one of the kinds.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|kind| kind.is_match(text))
    }
}

fn kind(looks: &str, words: &str) -> Regex {
    Regex::new(&looks.replace("WORD", &format!("({})", words.replace('.', r"\.")))).expect("an expression")
}

#[test]
fn what_is_not_ours_is_told_somewhere() {
    let words = texts().iter().flat_map(|text| text.found(WORDS)).collect::<Vec<_>>();
    let told: Vec<_> = lines().into_iter().chain(words).collect();
    let idle: Vec<_> = NOT_OURS.iter().filter(|(other, _)| !told.iter().any(|told| told.text == *other)).collect();
    assert!(idle.is_empty(), "no text has these any more: {idle:?}");
    for (what, looks, words) in KINDS {
        let is_told = |word: &&str| told.iter().any(|told| kind(looks, word).is_match(&told.text));
        let idle: Vec<_> = words.split(' ').filter(|word| !is_told(word)).collect();
        assert!(idle.is_empty(), "no text has {what} with these any more: {idle:?}");
    }
}

#[test]
fn what_is_not_ours_hides_nothing_that_is() {
    let (alike, grammar, document) = (Alike::new(), Arguments::command(), document());
    let defaults = Config::load(None, std::iter::empty(), &[]).expect("the defaults").config;
    let commands = grammar.get_subcommands().map(Command::get_name).map(|name| format!("{name} list"));
    let acts = Act::all().iter().map(|act| act.word().to_owned());
    let settings = defaults.describe();
    let keys = settings.iter().map(|setting| setting.key.to_owned());
    let paths = document["paths"].as_object().expect("paths").keys().cloned();
    let ours: BTreeSet<String> = commands.chain(acts).chain(keys).chain(paths).collect();
    let is_hidden = |name: &&String| alike.has(name) || NOT_OURS.iter().any(|(other, _)| other == name);
    let hidden: Vec<_> = ours.iter().filter(is_hidden).collect();
    assert!(hidden.is_empty(), "these would not be looked at: {hidden:?}");
}
