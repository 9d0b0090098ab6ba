//! What the program prints about itself: shell completions and manual pages.

use clap::Command;
use clap_complete::Shell;

use crate::cli::screen::{CliError, Console};

/// What `dockpass completions` takes.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  dockpass completions bash > /etc/bash_completion.d/dockpass")]
pub(in crate::cli) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// What `dockpass man` takes.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  dockpass man token create | man -l -")]
pub(in crate::cli) struct ManArguments {
    /// The command whose page it is; none for the page of dockpass itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints the completions of a shell for this grammar.
pub(in crate::cli) fn completions(
    arguments: &CompletionsArguments,
    mut grammar: Command,
    console: &mut Console,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut grammar, "dockpass", &mut text);
    console.write_out(&text).map_err(CliError::Output)
}

/// Prints a manual page of this grammar.
pub(in crate::cli) fn man(
    arguments: &ManArguments,
    mut grammar: Command,
    console: &mut Console,
) -> Result<(), CliError> {
    // Gives every subcommand its full name and the global options.
    grammar.build();
    let unknown =
        || CliError::Usage(format!("there is no command `{}`; see `dockpass --help`", arguments.command.join(" ")));
    let found = arguments.command.iter().try_fold(&grammar, |at, name| at.find_subcommand(name)).ok_or_else(unknown)?;
    let mut text = Vec::new();
    clap_mangen::Man::new(found.clone()).manual("dockpass").render(&mut text).map_err(CliError::Output)?;
    console.write_out(&text).map_err(CliError::Output)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;
    use crate::cli::testing::console;

    #[test]
    fn every_shell_has_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let (mut console, written) = console(b"");
            completions(&CompletionsArguments { shell }, Arguments::command(), &mut console).unwrap();
            assert!(written.out().contains("temporary-password"), "{shell}");
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let page = |command: &[&str]| {
            let (mut console, written) = console(b"");
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            man(&ManArguments { command }, Arguments::command(), &mut console).map(|()| written.out())
        };
        assert!(page(&[]).unwrap().contains(".TH dockpass 1"));
        assert!(page(&["token", "create"]).unwrap().contains("\\-\\-repository"));
        assert_eq!(page(&["token", "nonsense"]).unwrap_err().exit_code(), 2);
    }
}
