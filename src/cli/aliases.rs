//! The other words that hands type for a command: one table for all nouns, so that what works with one works with each; and
//! the place where `help` may stand, too.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Nouns, with what makes and takes away things of their own kind: there `add` and `remove` mean the same. Those that are
/// missing have members, for whom these words stand.
const WITHOUT_MEMBERS: &[&str] = &["user", "repo", "token", "robot"];

/// A command, and the words that stand for it with every noun that has it.
const EVERYWHERE: &[(&str, &[&str])] =
    &[("list", &["ls"]), ("show", &["get"]), ("create", &["new"]), ("set", &["edit"]), ("delete", &["rm"])];

/// The same, with one noun.
const OF_ONE: &[(&str, &str, &[&str])] =
    &[("grant", "set", &["add"]), ("grant", "delete", &["revoke", "remove"]), ("settings", "show", &["list", "ls"])];

/// Gives the commands of a noun their other words.
pub(super) fn of_noun(noun: Command) -> Command {
    let name = noun.get_name().to_owned();
    noun.mut_subcommands(|command| {
        let words = words(&name, command.get_name());
        command.visible_aliases(words)
    })
}

/// `NOUN help …` as `help NOUN …`, which hands type as often. Options may stand before each of the two.
pub(super) fn help_first(mut words: Vec<OsString>, grammar: &Command) -> Vec<OsString> {
    let Some((noun, help)) = first_plain(&words, grammar) else { return words };
    let is = |place: usize| words.get(place).and_then(|word| word.to_str());
    let is_noun = is(noun).and_then(|word| grammar.find_subcommand(word)).is_some_and(Command::has_subcommands);
    if is_noun && is(help) == Some("help") {
        let help = words.remove(help);
        words.insert(noun, help);
    }
    words
}

/// Where the first two words behind the program's name stand that are neither options nor the values of options.
fn first_plain(words: &[OsString], grammar: &Command) -> Option<(usize, usize)> {
    let mut is_value = false;
    let mut places = words.iter().enumerate().skip(1).filter(|(_, word)| {
        let word = word.to_str().unwrap_or_default();
        let is_plain = !std::mem::take(&mut is_value) && !word.starts_with('-');
        is_value = !is_plain && takes_value(word, grammar);
        is_plain
    });
    Some((places.next()?.0, places.next()?.0))
}

/// Whether the next word is the value of this option.
fn takes_value(option: &str, grammar: &Command) -> bool {
    let is_it = |it: &&Arg| match option.strip_prefix("--") {
        Some(long) => it.get_long() == Some(long),
        None => option.starts_with('-') && it.get_short() == option.chars().last(),
    };
    grammar.get_arguments().find(is_it).is_some_and(|it| it.get_action().takes_values())
}

fn words(noun: &str, command: &str) -> Vec<&'static str> {
    let everywhere = EVERYWHERE.iter().filter(|(it, _)| *it == command).flat_map(|(_, words)| *words);
    let of_one = OF_ONE.iter().filter(|(of, it, _)| (*of, *it) == (noun, command)).flat_map(|(_, _, words)| *words);
    let own: &[&str] = match command {
        "create" if WITHOUT_MEMBERS.contains(&noun) => &["add"],
        "delete" if WITHOUT_MEMBERS.contains(&noun) => &["remove"],
        _ => &[],
    };
    everywhere.chain(own).chain(of_one).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    #[test]
    fn every_noun_has_them_and_none_stands_for_two() {
        let grammar = Arguments::command();
        let mut seen = BTreeSet::new();
        for noun in grammar.get_subcommands() {
            let mut taken = BTreeSet::new();
            for command in noun.get_subcommands() {
                let aliases: Vec<&str> = command.get_visible_aliases().collect();
                for word in words(noun.get_name(), command.get_name()) {
                    assert!(aliases.contains(&word), "{} {}: {word}", noun.get_name(), command.get_name());
                    seen.insert(word);
                }
                for word in command.get_all_aliases().chain([command.get_name()]) {
                    assert!(taken.insert(word.to_owned()), "{}: {word} stands for two", noun.get_name());
                }
            }
            for (command, words) in EVERYWHERE {
                let Some(found) = noun.find_subcommand(command) else { continue };
                for word in *words {
                    assert_eq!(noun.find_subcommand(word).map(Command::get_name), Some(found.get_name()));
                }
            }
        }
        assert_eq!(seen, ["ls", "get", "new", "edit", "rm", "add", "remove", "revoke", "list"].into());
    }

    #[test]
    fn help_may_stand_behind_its_noun() {
        let grammar = Arguments::command();
        for (typed, meant) in [
            ("dockpass token help", "dockpass help token"),
            ("dockpass --format json token help create", "dockpass --format json help token create"),
            ("dockpass token --format json help create", "dockpass help token --format json create"),
            ("dockpass --data-dir token token help", "dockpass --data-dir token help token"),
            ("dockpass --data-dir token help status", "dockpass --data-dir token help status"),
            ("dockpass -v token help", "dockpass -v help token"),
            ("dockpass help token help", "dockpass help token help"),
            ("dockpass user show help", "dockpass user show help"),
            ("dockpass status help", "dockpass status help"),
            ("dockpass", "dockpass"),
        ] {
            let words = typed.split(' ').map(OsString::from).collect();
            let meant: Vec<OsString> = meant.split(' ').map(OsString::from).collect();
            assert_eq!(help_first(words, &grammar), meant, "{typed}");
        }
    }

    #[test]
    fn a_noun_without_members_takes_add_and_remove() {
        let grammar = Arguments::command();
        for noun in grammar.get_subcommands().filter(|noun| noun.find_subcommand("create").is_some()) {
            let name = noun.get_name();
            assert!(["add", "remove"].iter().all(|word| noun.find_subcommand(word).is_some()), "{name}");
        }
    }
}
