//! `dockpass man`: manual pages, one for each command.
//!
//! What clap knows of a command is written by `clap_mangen`; title, examples, notes and what all pages have in common are
//! written here, each in the section that manual pages have for it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Command;
use clap::builder::Resettable;

use crate::cli::files;
use crate::cli::screen::{CliError, Console, Report, shown};

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

/// What every page says at its end, in the words of man(7).
const SECTIONS: &str = r".SH ENVIRONMENT
.TP
\fBDOCKPASS_DATA_DIR\fR, \fBDOCKPASS_CONFIG\fR
The data directory, and the configuration file.
.TP
\fBDOCKPASS_SERVER\fR, \fBDOCKPASS_TOKEN\fR, \fBDOCKPASS_USER\fR, \fBDOCKPASS_CA\fR
A remote server, the access token or password that signs in there, the user name, which only a password needs, and the
certificates to trust for it. Without a token, the login of \fBdockpass login\fR at that server is used.
.TP
\fBDOCKPASS_FORMAT\fR, \fBDOCKPASS_LOG\fR
The output format, table or json, and the filter of the log.
.TP
\fBDOCKPASS_\fISECTION\fB_\fIKEY\fR
A key of the configuration, as \fBdockpass config \-\-example\fR lists them.
.SH FILES
.TP
\fI./dockpass.toml\fR, \fI/etc/dockpass/config.toml\fR
The configuration, if none is named: the first of them that is there. The one in the working directory must belong to you or to
root, and nobody else may write it.
.TP
\fI./dockpass\-data\fR
The data directory, if neither one nor a server is named; only its owner may read it. If it does not exist,
\fI/var/lib/dockpass\fR is used where that is there and yours, or you are root. If there is neither, or it is not yours,
commands use the current login.
.TP
\fI./dockpass\-data/dockpass.sock\fR
The socket of the server that runs on it, for its owner and root.
.TP
\fI./dockpass\-data/initial\-admin\-password\fR
The first password of \fBadmin\fR, until it is changed.
.TP
\fI$XDG_CONFIG_HOME/dockpass/logins.json\fR, \fI~/.config/dockpass/logins.json\fR
The logins of \fBdockpass login\fR; commands that name no server and find no data directory use the current one.
.SH EXIT STATUS
.TP
\fB0\fR
Done.
.TP
\fB1\fR
Refused or failed, also where nothing was there to take away.
.TP
\fB2\fR
Wrong usage.
";

/// What the first lines of a command's help that are examples begin with.
const EXAMPLE: &str = "Example:\n";

/// Prints a manual page of this grammar, or writes all of them.
pub(in crate::cli) fn run(arguments: &ManArguments, grammar: Command, console: &mut Console) -> Result<(), CliError> {
    // What helps with the commands of a group has no page of its own.
    let mut grammar = grammar.mut_subcommands(|group| group.disable_help_subcommand(true));
    // Gives every subcommand its full name and the global options.
    grammar.build();
    if let Some(directory) = &arguments.output {
        return write_pages(directory, &grammar, console);
    }
    let unknown =
        || CliError::Usage(format!("there is no command `{}`; see `dockpass --help`", arguments.command.join(" ")));
    let found = arguments.command.iter().try_fold(&grammar, |at, name| at.find_subcommand(name)).ok_or_else(unknown)?;
    let page = page(found).map_err(CliError::Output)?;
    console.write_out(page.as_bytes()).map_err(CliError::Output)
}

/// The page of one command. Its title is the whole name, as the file is called.
fn page(command: &Command) -> io::Result<String> {
    let stem = file_stem(command);
    let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let described = command.clone().after_help(Resettable::Reset).disable_version_flag(true);
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(described).title(&stem);
    man.render(&mut text)?;
    let text = String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    // Without a date, the title of clap_mangen has its parts in the places of others.
    let title = format!(".TH {stem} 1 \"\" \"dockpass {}\" \"dockpass\"", env!("CARGO_PKG_VERSION"));
    let lines = text.lines().map(|line| if line.starts_with(".TH ") { title.as_str() } else { line });
    let described: String = lines.flat_map(|line| [line, "\n"]).collect();
    Ok(format!("{described}{}{SECTIONS}", examples_and_notes(&more)))
}

/// What a command's help says after its options: examples, then notes.
fn examples_and_notes(more: &str) -> String {
    let (examples, notes) = match more.strip_prefix(EXAMPLE) {
        Some(rest) => rest.split_once("\n\n").unwrap_or((rest, "")),
        None => ("", more),
    };
    let mut text = String::new();
    if !examples.is_empty() {
        text = format!(".SH EXAMPLES\n.nf\n{}.fi\n", roff(examples));
    }
    if !notes.is_empty() {
        let paragraphs: Vec<_> = notes.split("\n\n").map(roff).collect();
        text = format!("{text}.SH NOTES\n{}", paragraphs.join(".PP\n"));
    }
    text
}

/// Lines of text as roff(7) takes them: nothing in them is a request or an escape.
fn roff(text: &str) -> String {
    let line = |line: &str| {
        let escaped = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
        // A line that is shown as it stands begins with blanks.
        let begins = if escaped.starts_with('.') { "\\&" } else { "" };
        format!("{begins}{escaped}\n")
    };
    text.lines().map(line).collect()
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
        left.extend(command.get_subcommands());
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
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;
    use crate::cli::testing::console;

    fn printed(command: &[&str]) -> String {
        let (mut console, written) = console(b"");
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        run(&ManArguments { command, output: None }, Arguments::command(), &mut console).unwrap();
        written.out()
    }

    #[test]
    fn a_page_has_the_sections_of_manual_pages_and_no_other() {
        let page = printed(&["token", "create"]);
        let title =
            format!(".TH dockpass-token-create 1 \"\" \"dockpass {}\" \"dockpass\"\n", env!("CARGO_PKG_VERSION"));
        assert!(page.contains(&title), "{page}");
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "\"GLOBAL OPTIONS\"",
            "EXAMPLES",
            "ENVIRONMENT",
            "FILES",
            "EXIT STATUS",
        ];
        assert_eq!(sections, expected, "{page}");
        let whole = printed(&[]);
        assert!(whole.contains(".SH NOTES\n") && !whole.contains("EXTRA"), "{whole}");
    }

    #[test]
    fn no_text_is_taken_for_a_request() {
        assert_eq!(roff(".TH a\n  -x 'y' \\z"), "\\&.TH a\n  \\-x \\(aqy\\(aq \\ez\n");
        let told = examples_and_notes("Example:\n  one\n  two\n\nThree.\n\nFour.");
        assert_eq!(told, ".SH EXAMPLES\n.nf\n  one\n  two\n.fi\n.SH NOTES\nThree.\n.PP\nFour.\n");
        assert_eq!(
            (examples_and_notes("Notes."), examples_and_notes("")),
            (".SH NOTES\nNotes.\n".to_owned(), String::new())
        );
    }

    #[test]
    fn all_pages_are_written_by_one_call() {
        let directory = tempfile::tempdir().unwrap();
        let (mut console, written) = console(b"");
        let arguments = ManArguments { command: Vec::new(), output: Some(directory.path().join("man1")) };
        run(&arguments, Arguments::command(), &mut console).unwrap();
        let names: Vec<_> =
            fs::read_dir(directory.path().join("man1")).unwrap().map(|it| it.unwrap().file_name()).collect();
        for name in ["dockpass.1", "dockpass-status.1", "dockpass-help.1", "dockpass-user-create.1"] {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
        assert!(!names.iter().any(|it| it == "dockpass-token-help.1"), "{names:?}");
        assert!(written.out().starts_with(&format!("wrote {} pages into ", names.len())), "{}", written.out());
    }
}
