//! What may stand in the place of the last word, by the grammar.

use std::path::PathBuf;

use clap::{Arg, Command};

use super::Candidate;
use super::names::Kind;
use crate::cli::commands::help::MANUAL;
use crate::cli::global::Global;
use crate::domain::act::Act;
use crate::http::manual_chapters;

/// What may be typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Commands and options.
    Words(Vec<Candidate>),
    /// Values that are known, behind what stands before them in the same word.
    Values { prefix: String, found: Vec<Candidate> },
    /// Names that a server knows; `typed` is how the name begins, `within` the first plain word of the command, such as the
    /// repository that a tag is in.
    Names { prefix: String, within: String, typed: String, kind: Kind },
    /// A file.
    Files,
    /// A directory.
    Directories,
}

/// Where in the grammar the last word stands.
struct Place<'g> {
    command: &'g Command,
    /// The names of the commands before it.
    path: Vec<&'g str>,
    /// The option whose value it is.
    option: Option<&'g Arg>,
    /// How many plain words stand before it.
    plain: usize,
    /// The first of them.
    first: &'g str,
    /// Whether `--` stands before it.
    is_escaped: bool,
}

impl<'g> Place<'g> {
    fn after(grammar: &'g Command, words: &'g [String]) -> Self {
        let mut place =
            Self { command: grammar, path: Vec::new(), option: None, plain: 0, first: "", is_escaped: false };
        words.iter().for_each(|word| place.pass(word));
        place
    }

    fn pass(&mut self, word: &'g str) {
        if self.option.take().is_some() {
            return;
        }
        if word == "--" && !self.is_escaped {
            self.is_escaped = true;
        } else if let Some(name) = word.strip_prefix("--").filter(|_| !self.is_escaped) {
            self.option = self.long(name).filter(|option| takes_value(option));
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !self.is_escaped && !letters.is_empty()) {
            let last = letters.chars().last();
            let option = self.command.get_arguments().find(|it| it.get_short() == last);
            self.option = option.filter(|option| takes_value(option));
        } else if let Some(inner) = self.command.find_subcommand(word).filter(|_| self.plain == 0) {
            self.command = inner;
            self.path.push(inner.get_name());
        } else {
            if self.plain == 0 {
                self.first = word;
            }
            self.plain += 1;
        }
    }

    fn long(&self, name: &str) -> Option<&'g Arg> {
        self.command.get_arguments().find(|it| it.get_long() == Some(name))
    }

    /// The argument that a plain word is; the last one takes all that are left, if it takes several.
    fn positional(&self) -> Option<&'g Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().filter(|it| !it.is_hide_set()).collect();
        let several = all.last().filter(|it| it.get_num_args().is_some_and(|range| range.max_values() > 1));
        all.get(self.plain).or(several).copied()
    }
}

fn takes_value(option: &Arg) -> bool {
    option.get_num_args().is_some_and(|range| range.takes_values())
}

/// What may stand in the place of the last word; the grammar must have been built.
pub(super) fn wanted(grammar: &Command, words: &[String]) -> Wanted {
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let place = Place::after(grammar, before);
    if let Some(option) = place.option {
        return value(&place, option, String::new(), last);
    }
    if let Some(long) = last.strip_prefix("--").filter(|_| !place.is_escaped) {
        return match long.split_once('=').and_then(|(name, typed)| Some((place.long(name)?, typed))) {
            Some((option, typed)) => {
                let prefix = last.strip_suffix(typed).unwrap_or_default().to_owned();
                value(&place, option, prefix, typed)
            }
            None => Wanted::Words(options(place.command)),
        };
    }
    if last.starts_with('-') && !place.is_escaped {
        return Wanted::Words(options(place.command));
    }
    let inner = place.command.get_subcommands().filter(|it| !it.is_hide_set() && place.plain == 0);
    let inner: Vec<_> = inner.map(|it| Candidate::new(it.get_name(), about(it.get_about()))).collect();
    match place.positional() {
        _ if !inner.is_empty() => Wanted::Words(inner),
        _ if place.path == [HELP] => Wanted::Words(after_help(grammar, before)),
        Some(positional) => value(&place, positional, String::new(), last),
        None => Wanted::Words(Vec::new()),
    }
}

/// The command whose words are those of the others.
const HELP: &str = "help";

/// What may stand behind the words of `help`: a command of the one that they name, the manual, or its chapters.
fn after_help(grammar: &Command, before: &[String]) -> Vec<Candidate> {
    let words: Vec<_> = before.iter().skip_while(|word| *word != HELP).skip(1).map(String::as_str).collect();
    if words == [MANUAL] {
        return manual_chapters().into_iter().map(|it| Candidate::new(it.name, it.about)).collect();
    }
    let named = words.iter().try_fold(grammar, |at, name| at.find_subcommand(name));
    let shown = named.into_iter().flat_map(Command::get_subcommands).filter(|it| !it.is_hide_set());
    let found = shown.map(|it| Candidate::new(it.get_name(), about(it.get_about())));
    let manual = words.is_empty().then(|| Candidate::new(MANUAL, "The manual, by chapters"));
    found.chain(manual).collect()
}

fn options(command: &Command) -> Vec<Candidate> {
    let shown = command.get_arguments().filter(|it| !it.is_hide_set());
    shown.filter_map(|it| Some(Candidate::new(format!("--{}", it.get_long()?), about(it.get_help())))).collect()
}

/// The first line of a help text.
fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(|text| text.to_string().lines().next().unwrap_or_default().to_owned()).unwrap_or_default()
}

fn value(place: &Place<'_>, argument: &Arg, prefix: String, typed: &str) -> Wanted {
    let words = argument.get_possible_values();
    if !words.is_empty() {
        let shown = words.iter().filter(|word| !word.is_hide_set());
        let found = shown.map(|word| Candidate::new(word.get_name(), about(word.get_help()))).collect();
        return Wanted::Values { prefix, found };
    }
    match meaning(&place.path, argument) {
        Meaning::Name(kind) => Wanted::Names { prefix, within: place.first.to_owned(), typed: typed.to_owned(), kind },
        Meaning::Act => Wanted::Values { prefix, found: acts() },
        Meaning::ImmutableTags => Wanted::Values { prefix, found: immutable_tags() },
        Meaning::File => Wanted::Files,
        Meaning::Directory => Wanted::Directories,
        Meaning::Free => Wanted::Words(Vec::new()),
    }
}

/// What the value of an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Something that has a name.
    Name(Kind),
    /// An act of the audit log.
    Act,
    /// Which tags are immutable: a word, or patterns that people write.
    ImmutableTags,
    /// A file.
    File,
    /// A directory.
    Directory,
    /// Whatever people write, or something new.
    Free,
}

/// What the value of an argument is, by how the help calls it: the one place that says so.
fn meaning(path: &[&str], argument: &Arg) -> Meaning {
    let called = argument.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
    let makes = path.last() == Some(&"create");
    let is_positional = argument.is_positional();
    match (called, argument.get_id().as_str()) {
        ("FILE", _) => Meaning::File,
        ("DIR", _) => Meaning::Directory,
        ("NOUN[.VERB]", _) => Meaning::Act,
        (_, "immutable_tags") => Meaning::ImmutableTags,
        ("TOKEN" | "TOKENS", _) | ("WHICH", "token") => Meaning::Name(Kind::Token),
        ("NAMESPACE/NAME" | "PATTERN", "target" | "repository") if path.first() != Some(&"access") => {
            Meaning::Name(Kind::Pattern)
        }
        ("NAMESPACE/NAME", _) if !makes => Meaning::Name(Kind::Repository),
        ("ORG/TEAM" | "TEAM", _) if !(makes && is_positional) => Meaning::Name(Kind::Team),
        ("ORG/NAME", _) if !makes => Meaning::Name(Kind::Robot),
        ("TAG", _) => Meaning::Name(Kind::Tag),
        ("ORG", _) => Meaning::Name(Kind::Organization),
        // Files are given to a user of the system.
        ("USER", "owner") => Meaning::Free,
        ("USER", _) | ("NAME", "user" | "users" | "actor") => Meaning::Name(Kind::User),
        ("NAMESPACE" | "NAME|ID", _) | ("NAME", "owner" | "to" | "object" | "transfer_repositories") => {
            Meaning::Name(Kind::Account)
        }
        ("NAME", _) if is_positional && !makes => match path.first() {
            Some(&"user") => Meaning::Name(Kind::User),
            Some(&"org") => Meaning::Name(Kind::Organization),
            Some(_) | None => Meaning::Free,
        },
        (_, _) => Meaning::Free,
    }
}

/// The acts, and before them their nouns.
fn acts() -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for act in Act::all() {
        if found.last().is_none_or(|before| before.value.split('.').next() != Some(act.noun())) {
            found.push(Candidate::new(act.noun(), ""));
        }
        found.push(Candidate::new(act.word(), act.text()));
    }
    found
}

/// The words among what says which tags are immutable.
fn immutable_tags() -> Vec<Candidate> {
    vec![Candidate::new("all", "nobody overwrites any tag"), Candidate::new("none", "every tag may be overwritten")]
}

/// The options of the line that say which server a command speaks to.
pub(super) fn global(words: &[String]) -> Global {
    let mut global = Global::default();
    let mut words = words.iter();
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let (name, mut value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let mut value = || value.take().or_else(|| words.next().cloned());
        match name {
            "--server" => global.server = value(),
            "--data-dir" => global.data_dir = value().map(PathBuf::from),
            "--config" => global.config = value().map(PathBuf::from),
            "--ca" => global.ca = value().map(PathBuf::from),
            _ => {}
        }
    }
    global
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    fn of(line: &str) -> Wanted {
        let mut grammar = Arguments::command();
        grammar.build();
        wanted(&grammar, &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_asked_for_where_they_stand() {
        for (line, kind) in [
            ("user show ", Kind::User),
            ("user delete alice b", Kind::User),
            ("token list --user ", Kind::User),
            ("audit list --actor ", Kind::User),
            ("audit list --account ", Kind::Account),
            ("audit list --token ", Kind::Token),
            ("token show ", Kind::Token),
            ("token delete 01A ", Kind::Token),
            ("access check --token ", Kind::Token),
            ("access check push ", Kind::Repository),
            ("repo show ", Kind::Repository),
            ("repo transfer a/b --to ", Kind::Account),
            ("repo delete-tag a/b 1.0 ", Kind::Tag),
            ("robot show ", Kind::Robot),
            ("robot delete acme/ci acme/", Kind::Robot),
            ("access check --robot ", Kind::Robot),
            ("repo list --namespace ", Kind::Account),
            ("grant set ", Kind::Pattern),
            ("grant set 'a/*' --team ", Kind::Team),
            ("token create --repository ", Kind::Pattern),
            ("team show ", Kind::Team),
            ("team list ", Kind::Organization),
            ("team add acme/dev ", Kind::User),
            ("org show ", Kind::Organization),
            ("org add acme ", Kind::User),
            ("user ls --contains x --format json --server=a --user ", Kind::User),
        ] {
            let found = of(line);
            let is_free = line.contains("user ls");
            let names = matches!(&found, Wanted::Names { kind: found, .. } if *found == kind);
            assert!(names != is_free, "{line}: {found:?}");
        }
        let Wanted::Names { within, .. } = of("repo delete-tag --yes a/b 1.0 2") else { panic!("no names") };
        assert_eq!(within, "a/b");
    }

    #[test]
    fn what_is_new_has_no_name_yet() {
        for line in [
            "user create ",
            "org create ",
            "team create acme/",
            "repo create a/",
            "robot create acme/",
            "token create --label ",
        ] {
            assert_eq!(of(line), Wanted::Words(Vec::new()), "{line}");
        }
    }

    #[test]
    fn behind_help_stand_commands_and_the_chapters_of_the_manual() {
        let proposed = |line: &str| match of(line) {
            Wanted::Words(found) => found.into_iter().map(|it| it.value).collect::<Vec<_>>(),
            other => panic!("{line}: {other:?}"),
        };
        let [all, token, chapters] = ["help ", "help token ", "help manual "].map(proposed);
        assert!(all.contains(&"token".to_owned()) && all.ends_with(&["manual".to_owned()]), "{all:?}");
        assert!(token.contains(&"create".to_owned()) && !token.contains(&"manual".to_owned()), "{token:?}");
        assert_eq!(chapters, manual_chapters().iter().map(|it| it.name).collect::<Vec<_>>());
        assert!(proposed("help manual start ").is_empty());
    }

    #[test]
    fn the_server_of_the_line_is_found() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = global(&words("--server https://a token show --ca=c --data-dir d -- --server b"));
        assert_eq!(found.server.as_deref(), Some("https://a"));
        assert_eq!((found.ca, found.data_dir, found.config), (Some("c".into()), Some("d".into()), None));
    }
}
