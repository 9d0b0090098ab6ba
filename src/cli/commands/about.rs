//! What the program prints about itself: shell completions and manual pages.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Command;
use clap_complete::Shell;

use crate::cli::files;
use crate::cli::screen::{CliError, Console, Report, shown};

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
#[command(
    after_help = "Example:\n  dockpass man token create | man -l -\n  dockpass man --output /usr/local/share/man/man1"
)]
pub(in crate::cli) struct ManArguments {
    /// The command whose page it is; none for the page of dockpass itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write every page into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    output: Option<PathBuf>,
}

/// What every page says at its end, in the words of roff(7).
const SECTIONS: &str = r".SH ENVIRONMENT
.TP
\fBDOCKPASS_DATA_DIR\fR, \fBDOCKPASS_CONFIG\fR
The data directory, and the configuration file.
.TP
\fBDOCKPASS_SERVER\fR, \fBDOCKPASS_USER\fR, \fBDOCKPASS_TOKEN\fR, \fBDOCKPASS_CA\fR
A server elsewhere, who signs in there, with which access token or password, and the certificates to trust for it.
.TP
\fBDOCKPASS_FORMAT\fR, \fBDOCKPASS_LOG\fR
How answers are printed: table or json; and the filter of the log.
.TP
\fBDOCKPASS_\fISECTION\fB_\fIKEY\fR
A key of the configuration, as \fBdockpass config \-\-example\fR lists them.
.SH FILES
.TP
\fI/etc/dockpass/config.toml\fR
The configuration, where none is named.
.TP
\fI./dockpass\-data\fR
The data directory, where none is named; only its owner may read it.
.SH EXIT STATUS
0 done; 1 refused or failed, also where nothing was there to take away; 2 wrong usage.
";

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
    if let Some(directory) = &arguments.output {
        return write_pages(directory, &grammar, console);
    }
    let found = arguments.command.iter().try_fold(&grammar, |at, name| at.find_subcommand(name)).ok_or_else(unknown)?;
    let page = page(found).map_err(CliError::Output)?;
    console.write_out(&page).map_err(CliError::Output)
}

/// The page of one command. Its title is the whole name, as the file is called.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone()).title(file_stem(command)).manual("dockpass");
    let mut text = Vec::new();
    man.render(&mut text)?;
    text.extend(SECTIONS.as_bytes());
    Ok(text)
}

/// `dockpass-token-create`.
fn file_stem(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).replace(' ', "-")
}

fn write_pages(directory: &Path, grammar: &Command, console: &mut Console) -> Result<(), CliError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |cause| CliError::File { action, path, cause }
    };
    fs::create_dir_all(directory).map_err(failed("make", directory))?;
    let (mut left, mut count) = (vec![grammar], 0_u32);
    while let Some(command) = left.pop() {
        // What helps with a command has no page of its own.
        left.extend(command.get_subcommands().filter(|inner| inner.get_name() != "help"));
        let path = directory.join(format!("{}.1", file_stem(command)));
        let text = page(command).map_err(failed("write", &path))?;
        files::replace(&path, &text, 0o644)?;
        count += 1;
    }
    let line = format!("wrote {} into {}", shown::counted(count, "page"), directory.display());
    console.report(&Report::done(serde_json::json!({ "pages": count }), line))
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
            let arguments = ManArguments { command, output: None };
            man(&arguments, Arguments::command(), &mut console).map(|()| written.out())
        };
        assert!(page(&[]).unwrap().contains(".TH dockpass 1"));
        let create = page(&["token", "create"]).unwrap();
        assert!(create.contains("\\-\\-repository") && create.contains(".TH dockpass-token-create 1"), "{create}");
        for section in ["ENVIRONMENT", "FILES", "EXIT STATUS"] {
            assert!(create.contains(&format!("\n.SH {section}\n")), "{section}");
        }
        assert_eq!(page(&["token", "nonsense"]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn all_pages_are_written_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("man1");
        let (mut console, written) = console(b"");
        let arguments = ManArguments { command: vec![], output: Some(place.clone()) };
        man(&arguments, Arguments::command(), &mut console).unwrap();
        for name in ["dockpass.1", "dockpass-token.1", "dockpass-token-create.1", "dockpass-settings-set.1"] {
            assert!(place.join(name).is_file(), "{name}");
        }
        assert!(!place.join("dockpass-help.1").exists() && !place.join("dockpass-token-help.1").exists());
        let count = fs::read_dir(&place).unwrap().count();
        assert_eq!(written.out(), format!("wrote {count} pages into {}\n", place.display()));
    }
}
