//! What the program prints about itself for shells: completions.

use clap::Command;
use clap_complete::Shell;

use crate::cli::screen::{CliError, Console};

/// What `dockpass completions` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dockpass completions bash > /etc/bash_completion.d/dockpass
  dockpass completions zsh > /usr/local/share/zsh/site-functions/_dockpass
  dockpass completions fish > /etc/fish/completions/dockpass.fish

Those for bash, zsh and fish ask the server that the command would speak to for users, organizations, teams, repositories and \
access tokens, for a second at most; they never open the data directory.")]
pub(in crate::cli) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The scripts that ask this program; the other shells get words of the grammar alone.
const SCRIPTS: [(Shell, &str); 3] = [
    (Shell::Bash, include_str!("../completion/dockpass.bash")),
    (Shell::Zsh, include_str!("../completion/dockpass.zsh")),
    (Shell::Fish, include_str!("../completion/dockpass.fish")),
];

/// Prints the completions of a shell for this grammar.
pub(in crate::cli) fn completions(
    arguments: &CompletionsArguments,
    mut grammar: Command,
    console: &mut Console,
) -> Result<(), CliError> {
    if let Some((_, script)) = SCRIPTS.iter().find(|(shell, _)| *shell == arguments.shell) {
        return console.write(script);
    }
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut grammar, "dockpass", &mut text);
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
            let words = ["temporary-password", "__complete"];
            assert!(words.iter().any(|word| written.out().contains(word)), "{shell}");
        }
    }
}
