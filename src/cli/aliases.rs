//! The other words that hands type for a command: one table for all nouns, so that what works with one works with each.

use clap::Command;

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
    fn a_noun_without_members_takes_add_and_remove() {
        let grammar = Arguments::command();
        for noun in grammar.get_subcommands().filter(|noun| noun.find_subcommand("create").is_some()) {
            let name = noun.get_name();
            assert!(["add", "remove"].iter().all(|word| noun.find_subcommand(word).is_some()), "{name}");
        }
    }
}
