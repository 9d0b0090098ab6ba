//! The errors that end a command, with their exit codes: 1 refused or failed, 2 wrong usage, 3 nothing failed but something wants
//! looking after.
//!
//! Every message is one line: what went wrong, why, and what to do. Control characters in the server's texts are
//! escaped. Sources are kept; `-v` prints them.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::shown;
use crate::api::{ErrorAnswer, ErrorEntry};
use crate::causes::with_causes;
use crate::config::ConfigError;
use crate::denied;
use crate::http::StartError;
use crate::private_file::PrivateFileError;

/// A cause of any kind, kept for `-v`.
pub(in crate::cli) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line makes no sense, or lacks something that is required.
    #[error("{0}")]
    Usage(String),
    /// The server, or a proxy before it, answered with an error status.
    #[error("{}{}", shown::plain(message), refusal_hint(*status))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The API's error code; empty if the answer had none.
        code: String,
        /// The server's sentence.
        message: String,
        /// In how many seconds it may be asked again, if the server says so.
        retry_after: Option<u64>,
    },
    /// No connection: nothing listens there, access is denied, or its certificate is not trusted.
    #[error("cannot reach {place}: {cause}{hint}")]
    Unreachable {
        /// A URL or a socket.
        place: String,
        /// Why.
        #[source]
        cause: Cause,
        /// What to do, after a semicolon; may be empty.
        hint: &'static str,
    },
    /// The local socket is not known to be the server's.
    #[error("nothing was sent to the socket {}: {reason}", place.display())]
    Distrusted {
        /// The socket.
        place: PathBuf,
        /// Why.
        reason: String,
    },
    /// What answers there is not a dockpass server.
    #[error("{place} is not a dockpass server: {why}")]
    Stranger {
        /// A URL or a socket.
        place: String,
        /// What tells, and what to do.
        why: String,
    },
    /// No answer in time.
    #[error("{place} takes connections, but did not answer within {seconds} seconds{}", doubt(*is_change))]
    Timeout {
        /// A URL or a socket.
        place: String,
        /// How long the command waited.
        seconds: u64,
        /// Whether something was to be changed.
        is_change: bool,
    },
    /// The connection broke, or the answer cannot come from dockpass.
    #[error("no usable answer from {place}: {cause}{}", doubt(*is_change))]
    ApiAnswer {
        /// A URL or a socket.
        place: String,
        /// Whether something was to be changed.
        is_change: bool,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The body of a request or a report could not be written as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The data directory does not exist yet.
    #[error(
        "there is no data directory {}; start the server once with `dockpass serve`, name another directory with \
         --data-dir, or a remote server with --server; `dockpass login` remembers one",
        .0.display()
    )]
    NoDataDirectory(PathBuf),
    /// The server, or its handlers in this process, could not start.
    #[error("{}", with_causes(.0))]
    Start(#[from] StartError),
    /// The configuration cannot be used.
    #[error("{}", with_causes(.0))]
    Config(#[from] ConfigError),
    /// A file cannot be read or written.
    #[error("cannot {action} {}", file(action, path, cause))]
    File {
        /// `read`, `write` and the like.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file that only its owner may read, such as that of the logins, cannot be used.
    #[error(transparent)]
    PrivateFile(#[from] PrivateFileError),
    /// A secret or a confirmation cannot be read from the terminal or standard input.
    #[error("cannot read the {what}: {cause}")]
    Input {
        /// Which secret or answer.
        what: &'static str,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A new secret exists, but nobody has seen it.
    #[error("{done}, but its secret could not be written: {cause}; {mend}")]
    SecretLost {
        /// What was done, in a sentence without its end.
        done: String,
        /// What mends it.
        mend: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The command ran and found something that needs attention.
    #[error("{0}")]
    Finding(String),
    /// What should be taken away was not there. What is left by other ways is told, too.
    #[error("{}", joined(said, left))]
    NothingTaken {
        /// What was not there.
        said: String,
        /// A sentence for each way, with the command that ends it.
        left: Vec<String>,
    },
    /// Of several things that were to be done one after the other, more than one failed.
    #[error("{}", several(.0))]
    Several(Vec<CliError>),
    /// The server is not well, which was told already.
    #[error("not healthy")]
    Unhealthy,
    /// Nothing failed, and something wants looking after; without words, since nobody wants to read them.
    #[error("{}", .0.as_deref().unwrap_or_default())]
    Warned(Option<String>),
    /// Ctrl-C ended long work, and this is what came of it.
    #[error("{0}")]
    Stopped(String),
    /// Ctrl-C, or another signal of this number, ended a command that would have gone on.
    #[error("stopped")]
    Interrupted(u8),
}

/// A file that cannot be read may be opened to us; where something is to be written, another place may be meant.
fn file(action: &str, path: &Path, cause: &io::Error) -> String {
    if action == "read" { denied::told_of_site(path, cause) } else { format!("{}: {cause}", path.display()) }
}

fn joined(said: &str, left: &[String]) -> String {
    std::iter::once(said).chain(left.iter().map(String::as_str)).collect::<Vec<_>>().join("; ")
}

fn several(failures: &[CliError]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What is not known where an answer to a change is missing.
fn doubt(is_change: bool) -> &'static str {
    if is_change { "; the change may have been made all the same" } else { "" }
}

/// Advice on a refusal that only the command line can give.
fn refusal_hint(status: u16) -> &'static str {
    if status == 401 {
        "; with --server, sign in with `dockpass login`, or put an access token into DOCKPASS_TOKEN"
    } else {
        ""
    }
}

/// An error in the envelope of the API.
pub(super) fn envelope(code: &str, message: &str, detail: Value) -> Result<String, serde_json::Error> {
    enveloped(vec![ErrorEntry { code: code.to_owned(), message: message.to_owned(), detail }])
}

fn enveloped(errors: Vec<ErrorEntry>) -> Result<String, serde_json::Error> {
    serde_json::to_string(&ErrorAnswer { errors, error: None, error_description: None })
}

impl CliError {
    /// The same, where a command does one thing after the other: it names which it was.
    pub(in crate::cli) fn about(self, name: &str) -> Self {
        match self {
            Self::Refused { status, code, message, retry_after } => {
                Self::Refused { status, code, message: format!("{name}: {message}"), retry_after }
            }
            Self::Timeout { place, seconds, is_change } => {
                Self::Timeout { place: format!("{place} (about {name})"), seconds, is_change }
            }
            Self::ApiAnswer { place, is_change, cause } => {
                Self::ApiAnswer { place: format!("{place} (about {name})"), is_change, cause }
            }
            other => other,
        }
    }

    /// Several failures as one; none is no failure.
    pub(in crate::cli) fn all(mut failures: Vec<Self>) -> Result<(), Self> {
        match failures.pop() {
            None => Ok(()),
            Some(only) if failures.is_empty() => Err(only),
            Some(last) => {
                failures.push(last);
                Err(Self::Several(failures))
            }
        }
    }

    /// Whether what is to be done after it has no chance either: nobody answers, or nothing can be said.
    pub(in crate::cli) fn ends_all(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Distrusted { .. }
            | Self::Stranger { .. }
            | Self::Timeout { .. }
            | Self::ApiAnswer { .. }
            | Self::NoDataDirectory(_)
            | Self::Start(_)
            | Self::Config(_)
            | Self::File { .. }
            | Self::Input { .. }
            | Self::PrivateFile(_)
            | Self::Output(_)
            | Self::Unhealthy
            | Self::Warned(_)
            | Self::Stopped(_)
            | Self::Interrupted(_) => true,
            Self::Refused { status, .. } => *status == 401,
            Self::Usage(_)
            | Self::Json(_)
            | Self::SecretLost { .. }
            | Self::Finding(_)
            | Self::NothingTaken { .. }
            | Self::Several(_) => false,
        }
    }

    /// The error as people read it on a terminal: what is left has a line for each way, and so has each of several failures.
    /// `place` says where it was, with a blank before it; it may be empty.
    pub(super) fn lines(&self, place: &str) -> String {
        if let Self::Several(failures) = self {
            return failures.iter().map(|failure| failure.lines(place)).collect::<Vec<_>>().join("dockpass: ");
        }
        if let Self::NothingTaken { said, left } = self {
            return format!("{said}{place}\n{}", shown::lines("  ", left.iter().map(String::as_str)));
        }
        format!("{self}{place}\n")
    }

    /// The error in the envelope of the API. The code is the server's, or says who found it: `USAGE`, `FAILED`, or
    /// `INTERRUPTED`. `place` is as in `lines`.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub(in crate::cli) fn as_json(&self, place: &str) -> Result<String, serde_json::Error> {
        enveloped(self.entries(place))
    }

    fn entries(&self, place: &str) -> Vec<ErrorEntry> {
        if let Self::Several(failures) = self {
            return failures.iter().flat_map(|failure| failure.entries(place)).collect();
        }
        let own = if matches!(self, Self::Interrupted(_) | Self::Stopped(_)) {
            "INTERRUPTED"
        } else if self.exit_code() == 2 {
            "USAGE"
        } else {
            "FAILED"
        };
        let servers = if let Self::Refused { code, .. } = self { code.as_str() } else { "" };
        let code = if servers.is_empty() { own } else { servers };
        let detail = if let Self::NothingTaken { left, .. } = self { json!({ "left": left }) } else { Value::Null };
        vec![ErrorEntry { code: code.to_owned(), message: format!("{self}{place}"), detail }]
    }

    /// The exit code of the process. It is 0 if the reader of standard output left early (EPIPE): nothing went wrong.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Start(StartError::LongPath(_)) => 2,
            Self::Config(error) if error.is_usage() => 2,
            Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Several(failures) => failures.iter().map(Self::exit_code).max().unwrap_or(1),
            Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Distrusted { .. }
            | Self::Stranger { .. }
            | Self::Timeout { .. }
            | Self::ApiAnswer { .. }
            | Self::Json(_)
            | Self::NoDataDirectory(_)
            | Self::Start(_)
            | Self::Config(_)
            | Self::File { .. }
            | Self::PrivateFile(_)
            | Self::Input { .. }
            | Self::Output(_)
            | Self::SecretLost { .. }
            | Self::Finding(_)
            | Self::Unhealthy
            | Self::NothingTaken { .. } => 1,
            Self::Warned(_) => 3,
            // As shells tell it.
            Self::Interrupted(signal) => signal.saturating_add(128),
            // The same of SIGINT.
            Self::Stopped(_) => 130,
        }
    }

    /// Whether the same question may be answered later: the server does not answer, as at a restart, or is busy.
    pub(in crate::cli) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::ApiAnswer { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::Usage(_)
            | Self::Distrusted { .. }
            | Self::Stranger { .. }
            | Self::Json(_)
            | Self::NoDataDirectory(_)
            | Self::Start(_)
            | Self::Config(_)
            | Self::File { .. }
            | Self::PrivateFile(_)
            | Self::Input { .. }
            | Self::Output(_)
            | Self::SecretLost { .. }
            | Self::Finding(_)
            | Self::Several(_)
            | Self::Unhealthy
            | Self::Warned(_)
            | Self::NothingTaken { .. }
            | Self::Stopped(_)
            | Self::Interrupted(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_usage_is_2_and_a_reader_that_left_is_0() {
        assert_eq!(CliError::Usage("no".into()).exit_code(), 2);
        assert_eq!(CliError::Output(io::ErrorKind::BrokenPipe.into()).exit_code(), 0);
        assert_eq!(CliError::Output(io::ErrorKind::StorageFull.into()).exit_code(), 1);
        assert_eq!([CliError::Stopped("so far".into()), CliError::Interrupted(2)].map(|it| it.exit_code()), [130, 130]);
        let (done, mend) = ("the access token 01A was made".into(), "delete it".into());
        let lost = CliError::SecretLost { done, mend, cause: io::ErrorKind::BrokenPipe.into() };
        assert_eq!(lost.exit_code(), 1);
        assert!(
            lost.to_string().starts_with("the access token 01A was made, but")
                && lost.to_string().ends_with("; delete it")
        );
    }

    #[test]
    fn several_failures_are_told_each_and_the_worst_is_the_exit_code() {
        let failures = || vec![CliError::Finding("one".into()), CliError::Usage("two".into())];
        let error = CliError::all(failures()).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("one; two", 2));
        assert_eq!(error.lines(""), "one\ndockpass: two\n");
        let read: Value = serde_json::from_str(&error.as_json("").unwrap()).unwrap();
        assert_eq!((&read["errors"][0]["code"], &read["errors"][1]["code"]), (&json!("FAILED"), &json!("USAGE")));
        assert_eq!(CliError::all(failures().drain(..1).collect()).unwrap_err().to_string(), "one");
        assert!(CliError::all(Vec::new()).is_ok());
    }

    #[test]
    fn a_servers_text_cannot_steer_the_terminal() {
        let refused =
            CliError::Refused { status: 400, code: String::new(), message: "a\u{1b}[2Jb\nc".into(), retry_after: None };
        assert_eq!(refused.to_string(), r"a\u{1b}[2Jb\nc");
    }

    #[test]
    fn a_401_says_where_the_credentials_come_from() {
        let refused = CliError::Refused {
            status: 401,
            code: "NOT_AUTHENTICATED".into(),
            message: "sign in".into(),
            retry_after: None,
        };
        assert!(
            refused
                .to_string()
                .starts_with("sign in; with --server, sign in with `dockpass login`, or put an access token")
        );
    }
}
