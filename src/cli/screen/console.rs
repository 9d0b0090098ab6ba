//! The surroundings of a command: standard input, output and error, the terminal, the environment and the clock. Only
//! the log (`log_lines`) writes to standard error and reads the time without it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::error::{CliError, envelope};
use super::log_form::LogForm;
use super::report::{Format, Report};
use super::shown;
use crate::config::{LOCAL_FILE, SYSTEM_DATA, SYSTEM_FILE};
use crate::domain::entered;
use crate::domain::time::Clock;

/// Where the system tells its name.
const MACHINE: &str = "/proc/sys/kernel/hostname";

/// The surroundings of one command.
#[allow(clippy::struct_excessive_bools, reason = "facts of their own, of which each is there or not")]
pub struct Console {
    pub(in crate::cli) out: Box<dyn Write + Send>,
    pub(in crate::cli) note: Box<dyn Write + Send>,
    pub(in crate::cli) input: Box<dyn Read + Send>,
    /// Prints a prompt on the terminal and reads the answer without echo.
    pub(in crate::cli) ask: fn(&str) -> io::Result<String>,
    pub(in crate::cli) environment: BTreeMap<String, String>,
    /// The configuration file that is there where none is named: that of the working directory, else the system's.
    pub(in crate::cli) found_file: Option<PathBuf>,
    /// Who owns the data directory of a packaged server, if there is one.
    pub(in crate::cli) owner_of_data: Option<u32>,
    /// Whether the configuration of the system is there to be written: its directory, and we are root.
    pub(in crate::cli) is_packaged: bool,
    /// The names of variables whose values are not UTF-8.
    pub(in crate::cli) unreadable: BTreeSet<String>,
    pub(in crate::cli) clock: Clock,
    /// `argv[0]`: a path, or the bare name if the shell found the program in `PATH`.
    pub(in crate::cli) program: String,
    /// The name of this machine; empty if it has none.
    pub(in crate::cli) machine: String,
    /// The server and who signs in there, where the command did not name it: errors and questions do then.
    pub(in crate::cli) spoken_to: Option<String>,
    pub(in crate::cli) out_is_terminal: bool,
    pub(in crate::cli) in_is_terminal: bool,
    /// Columns of the terminal at standard output; `None` in a pipe.
    pub(in crate::cli) width: Option<usize>,
    pub(in crate::cli) format: Format,
    /// How lines of the log are written.
    pub(in crate::cli) log_form: LogForm,
    pub(in crate::cli) is_verbose: bool,
}

impl Console {
    /// The surroundings of this process.
    #[must_use]
    pub fn system() -> Self {
        let out = io::stdout();
        let out_is_terminal = out.is_terminal();
        let size = rustix::termios::tcgetwinsize(&out).ok();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|columns| out_is_terminal && *columns > 0);
        let (environment, unreadable) = environment();
        Self {
            out: Box::new(out),
            note: Box::new(io::stderr()),
            input: Box::new(io::stdin()),
            ask: |prompt| rpassword::prompt_password(prompt),
            environment,
            unreadable,
            found_file: [LOCAL_FILE, SYSTEM_FILE].into_iter().map(PathBuf::from).find(|path| is_there(path)),
            owner_of_data: std::fs::metadata(SYSTEM_DATA).ok().filter(Metadata::is_dir).map(|found| found.uid()),
            is_packaged: is_packaged(),
            clock: Clock::system(),
            program: std::env::args().next().unwrap_or_else(|| "dockpass".to_owned()),
            machine: std::fs::read_to_string(MACHINE).map(|name| name.trim().to_owned()).unwrap_or_default(),
            spoken_to: None,
            out_is_terminal,
            in_is_terminal: io::stdin().is_terminal(),
            width: width.or(out_is_terminal.then_some(80)),
            format: Format::Table,
            log_form: LogForm::default(),
            is_verbose: false,
        }
    }

    /// An environment variable; `None` if it is unset or empty.
    pub(in crate::cli) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A secret of the environment. One that cannot be read is not as if it were not there.
    pub(in crate::cli) fn secret_variable(&self, name: &str) -> Result<Option<&str>, CliError> {
        if self.unreadable.contains(name) {
            return Err(CliError::Usage(format!("the environment variable {name} is not UTF-8")));
        }
        Ok(self.variable(name))
    }

    /// The user who signs in to a server elsewhere, without what stands around the name unseen.
    pub(in crate::cli) fn user(&self) -> Result<Option<&str>, CliError> {
        Ok(self.secret_variable("DOCKPASS_USER")?.map(entered::bare).filter(|name| !name.is_empty()))
    }

    /// Prints a report in the format that was asked for.
    pub(in crate::cli) fn report(&mut self, report: &Report) -> Result<(), CliError> {
        let printed = report.print(self.format, self.width)?;
        self.note(&printed.note)?;
        self.write(&printed.out)
    }

    /// Writes to standard output and flushes it.
    pub(in crate::cli) fn write(&mut self, text: &str) -> Result<(), CliError> {
        self.write_out(text.as_bytes()).map_err(CliError::Output)
    }

    /// Like `write`, with the bare I/O error, for callers that report a lost secret as an error of its own.
    pub(in crate::cli) fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Writes to standard error.
    pub(in crate::cli) fn note(&mut self, text: &str) -> Result<(), CliError> {
        self.note.write_all(text.as_bytes()).map_err(CliError::Output)
    }

    /// Prints the server's warnings on standard error, one per line.
    pub(in crate::cli) fn warn(&mut self, warnings: &[String]) -> Result<(), CliError> {
        warnings.iter().try_for_each(|warning| self.note(&format!("{}\n", shown::plain(&unquoted(warning)))))
    }

    /// Says what is wrong with the arguments, or prints the help that they ask for; returns the exit code. Who wants JSON
    /// gets an error in the API's envelope here, too.
    pub fn refuse(&mut self, error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        let json = (code != 0 && self.wants_json(arguments)).then(|| {
            let text = error.to_string();
            let first: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            let message = first.join(" ");
            envelope("USAGE", message.strip_prefix("error: ").unwrap_or(&message), serde_json::Value::Null)
        });
        // If the stream is closed, only the exit code is left to tell.
        let _ = match json {
            Some(Ok(json)) => self.note.write_all(format!("{json}\n").as_bytes()),
            Some(Err(_)) | None => error.print(),
        };
        ExitCode::from(code)
    }

    /// Whether arguments that cannot be understood ask for JSON, or else the environment does.
    fn wants_json(&self, arguments: impl Iterator<Item = OsString>) -> bool {
        let mut words = arguments.map(|word| word.to_string_lossy().into_owned());
        let mut named = None;
        while let Some(word) = words.next().filter(|word| word != "--") {
            if word == "--format" {
                named = words.next();
            } else if let Some(format) = word.strip_prefix("--format=") {
                named = Some(format.to_owned());
            }
        }
        named.as_deref().or(self.variable("DOCKPASS_FORMAT")) == Some("json")
    }

    /// Prints why a command failed in one line, which is the API's envelope for who wants JSON, and its causes under
    /// `-v`; returns the exit code. On a terminal, what is left has a line for each way. Who has pressed Ctrl-C, and who
    /// has read that the server is not well, knows why.
    pub fn fail(&mut self, error: &CliError) -> ExitCode {
        let code = error.exit_code();
        let is_known = matches!(error, CliError::Interrupted(_)) && self.format == Format::Table;
        if code != 0 && !is_known && !matches!(error, CliError::Unhealthy | CliError::Warned(None)) {
            let place = self.spoken_to.as_ref().map(|place| format!(" (at {place})")).unwrap_or_default();
            let message = format!("{error}{place}");
            let first = std::error::Error::source(error).filter(|_| self.is_verbose);
            let causes = std::iter::successors(first, |cause| cause.source()).map(ToString::to_string);
            let news: Vec<String> = causes.filter(|cause| !message.contains(cause)).collect();
            let news = shown::lines("  because: ", news.iter().map(String::as_str));
            let text = match (self.format, error.as_json(&place)) {
                (Format::Json, Ok(json)) => format!("{json}\n{news}"),
                (Format::Json, Err(_)) | (Format::Table, _) if self.out_is_terminal => {
                    format!("dockpass: {}{news}", error.lines(&place))
                }
                (Format::Json, Err(_)) | (Format::Table, _) => format!("dockpass: {message}\n{news}"),
            };
            // If standard error is closed too, only the exit code is left to report the failure.
            let _ = self.note.write_all(text.as_bytes());
        }
        ExitCode::from(code)
    }
}

/// Whether anything has this name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn is_packaged() -> bool {
    rustix::process::geteuid().is_root() && Path::new(SYSTEM_FILE).parent().is_some_and(Path::is_dir)
}

/// The quoted text of a `Warning` header, which is code, agent and text (RFC 7234 section 5.5).
fn unquoted(warning: &str) -> String {
    let text = warning.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(text, _)| text);
    text.unwrap_or(warning).replace("\\\"", "\"")
}

/// The environment, and the names of the variables whose values are not UTF-8. A name that is not UTF-8 is none of ours.
fn environment() -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (mut environment, mut unreadable) = (BTreeMap::new(), BTreeSet::new());
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => drop(environment.insert(name, value)),
            Err(_) => drop(unreadable.insert(name)),
        }
    }
    (environment, unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    #[test]
    fn a_secret_that_cannot_be_read_is_said() {
        let (mut console, _) = console(b"");
        console.environment.insert("DOCKPASS_TOKEN".to_owned(), "horse".to_owned());
        console.unreadable.insert("DOCKPASS_ADMIN_PASSWORD".to_owned());
        assert_eq!(console.secret_variable("DOCKPASS_TOKEN").unwrap(), Some("horse"));
        assert_eq!(console.secret_variable("DOCKPASS_USER").unwrap(), None);
        assert_eq!(console.user().unwrap(), None);
        console.environment.insert("DOCKPASS_USER".to_owned(), "alice\r\n".to_owned());
        assert_eq!(console.user().unwrap(), Some("alice"));
        let said = console.secret_variable("DOCKPASS_ADMIN_PASSWORD").unwrap_err().to_string();
        assert_eq!(said, "the environment variable DOCKPASS_ADMIN_PASSWORD is not UTF-8");
    }

    #[test]
    fn warnings_are_shown_without_their_wrapping() {
        let (mut console, written) = console(b"");
        console.warn(&[r#"299 - "the \"content\" stays" "#.to_owned(), "odd".to_owned()]).unwrap();
        assert_eq!(written.note(), "the \"content\" stays\nodd\n");
    }

    #[test]
    fn causes_are_told_only_when_asked_for_and_only_new_ones() {
        #[derive(Debug, thiserror::Error)]
        #[error("the certificate is not trusted")]
        struct Outer(#[source] io::Error);
        let cause = Outer(io::Error::other("it ended in 1999")).into();
        let error = CliError::Unreachable { place: "https://a".into(), cause, hint: "" };
        let (mut console, written) = console(b"");
        console.fail(&error);
        assert_eq!(written.note(), "dockpass: cannot reach https://a: the certificate is not trusted\n");
        console.is_verbose = true;
        console.fail(&error);
        assert!(written.note().ends_with("not trusted\n  because: it ended in 1999\n"), "{}", written.note());
    }

    #[test]
    fn on_a_terminal_each_way_that_is_left_has_its_line() {
        let left = ["alice still has 3 access tokens", "alice is inactive"].map(str::to_owned).to_vec();
        let error = CliError::NothingTaken { said: "nothing was changed".to_owned(), left };
        let (mut console, written) = console(b"");
        console.out_is_terminal = true;
        console.fail(&error);
        console.fail(&CliError::Usage("say it".into()));
        assert_eq!(
            written.note(),
            "dockpass: nothing was changed\n  alice still has 3 access tokens\n  alice is inactive\ndockpass: say it\n"
        );
    }

    #[test]
    fn who_wants_json_gets_errors_in_the_envelope_of_the_api() {
        let (mut console, written) = console(b"");
        console.format = Format::Json;
        console.fail(&CliError::Refused {
            status: 404,
            code: "NO_SUCH_USER".into(),
            message: "no user bob".into(),
            retry_after: None,
        });
        console.fail(&CliError::Usage("say it".into()));
        assert_eq!(
            written.note(),
            "{\"errors\":[{\"code\":\"NO_SUCH_USER\",\"message\":\"no user bob\",\"detail\":null}]}\n\
             {\"errors\":[{\"code\":\"USAGE\",\"message\":\"say it\",\"detail\":null}]}\n"
        );
    }

    #[test]
    fn who_has_pressed_ctrl_c_knows_why_and_a_program_is_told() {
        let (mut console, written) = console(b"");
        console.fail(&CliError::Interrupted(2));
        assert_eq!(written.note(), "");
        console.format = Format::Json;
        console.fail(&CliError::Interrupted(2));
        assert!(written.note().starts_with("{\"errors\":[{\"code\":\"INTERRUPTED\""), "{}", written.note());
    }

    #[test]
    fn a_server_that_was_not_named_is_told_with_what_went_wrong() {
        let (mut console, written) = console(b"");
        console.spoken_to = Some("https://a, as alice".to_owned());
        console.fail(&CliError::Finding("no".into()));
        console.format = Format::Json;
        console.fail(&CliError::Finding("no".into()));
        let json = "{\"errors\":[{\"code\":\"FAILED\",\"message\":\"no (at https://a, as alice)\",\"detail\":null}]}";
        assert_eq!(written.note(), format!("dockpass: no (at https://a, as alice)\n{json}\n"));
    }

    #[test]
    fn json_is_wanted_by_an_option_or_else_by_the_environment() {
        let (mut console, _) = console(b"");
        let wants = |console: &Console, line: &str| console.wants_json(line.split(' ').map(OsString::from));
        assert!(wants(&console, "dockpass frobnicate --format json") && wants(&console, "dockpass --format=json x"));
        assert!(!wants(&console, "dockpass x") && !wants(&console, "dockpass -- --format json"));
        console.environment.insert("DOCKPASS_FORMAT".into(), "json".into());
        assert!(wants(&console, "dockpass x") && !wants(&console, "dockpass x --format table"));
    }

    #[test]
    fn a_reader_that_left_is_not_told_anything() {
        let (mut console, written) = console(b"");
        console.fail(&CliError::Output(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(written.note(), "");
    }

    #[test]
    fn an_empty_variable_is_none() {
        let (mut console, _) = console(b"");
        console.environment.insert("A".into(), String::new());
        console.environment.insert("B".into(), "b".into());
        assert_eq!((console.variable("A"), console.variable("B")), (None, Some("b")));
    }
}
