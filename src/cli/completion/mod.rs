//! What a shell proposes at the Tab key. Its script asks this program: `dockpass __complete -- WORD…`, where the last word
//! is the one that is being typed. The first line of the answer says what kind of answer it is, `values`, `files` or
//! `directories`; each further line is a value and, behind a tab, what it is.
//!
//! The words come from the grammar (`words`), names from the server that the command would speak to (`names`). Nothing is
//! ever said about what goes wrong, the store is not opened, and after a second there is no answer.

mod names;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;

use super::arguments::Arguments;
use super::screen::{Console, shown};
use words::Wanted;

/// The first argument with which a shell asks.
const ASKED: &str = "__complete";
/// How long a shell waits at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// Something that may be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    value: String,
    /// What it is; may be empty.
    text: String,
}

impl Candidate {
    fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self { value: value.into(), text: text.into() }
    }
}

/// Answers a shell; none if the arguments are those of a command.
pub fn complete(mut arguments: impl Iterator<Item = OsString>, console: &mut Console) -> Option<ExitCode> {
    if arguments.nth(1)? != ASKED {
        return None;
    }
    super::dumps::switch_off();
    let words: Vec<String> =
        arguments.skip_while(|word| word == "--").map(|word| word.to_string_lossy().into()).collect();
    // A shell that has gone is not told anything.
    let _ = console.write_out(answer(&words, console).as_bytes());
    Some(ExitCode::SUCCESS)
}

fn answer(words: &[String], console: &Console) -> String {
    let mut grammar = Arguments::command();
    // Gives every command the global options.
    grammar.build();
    let (prefix, found) = match words::wanted(&grammar, words) {
        Wanted::Files => return "files\n".to_owned(),
        Wanted::Directories => return "directories\n".to_owned(),
        Wanted::Words(found) => (String::new(), found),
        Wanted::Values { prefix, found } => (prefix, found),
        Wanted::Names { prefix, within, typed, kind } => (prefix, named(kind, [&within, &typed], words, console)),
    };
    let last = words.last().map_or("", String::as_str);
    let mut text = String::from("values\n");
    for Candidate { value, text: about } in found.into_iter().filter(|it| it.value.bytes().all(is_of_names)) {
        let value = format!("{prefix}{value}");
        if value.starts_with(last) {
            text.extend([value.as_str(), "\t", &shown::plain(&about), "\n"]);
        }
    }
    text
}

/// Whether a value may hold this: a server could say anything, a shell reads a value to the end of the line, and puts it as it
/// is into a quotation that is open. Names, ids, tags, patterns, acts and options need no more.
fn is_of_names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._/:@*+-".contains(&byte)
}

/// Asks the server, for a moment.
fn named(kind: names::Kind, typed: [&str; 2], words: &[String], console: &Console) -> Vec<Candidate> {
    let asked = async {
        let find = names::find(kind, typed, words::global(words), console);
        tokio::time::timeout(PATIENCE, find).await.ok()?.ok()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok();
    let found = runtime.and_then(|runtime| runtime.block_on(asked));
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::cli::testing::{console, ok};

    fn values(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (console, _) = console(b"");
        answer(&words, &console).lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn words_of_the_grammar_are_proposed() {
        assert_eq!(values("tok"), ["values", "token"]);
        assert_eq!(values("token ro"), ["values", "rotate"]);
        assert_eq!(values("token create --acc"), ["values", "--access"]);
        assert!(values("token create --access ").contains(&"read-only".to_owned()));
        assert_eq!(values("token create --access=read-w"), ["values", "--access=read-write"]);
        assert_eq!(values("--format json user l"), ["values", "list"]);
        assert_eq!(values("--format=json user l"), ["values", "list"]);
        assert_eq!(values("user set a --active t"), ["values", "true"]);
        assert_eq!(values("access check p"), ["values", "pull", "push"]);
        assert!(values("").contains(&"whoami".to_owned()));
    }

    #[test]
    fn aliases_are_followed_and_not_proposed() {
        assert_eq!(values("token ls --expi"), ["values", "--expiring", "--expired"]);
        assert_eq!(values("token l"), ["values", "list"]);
    }

    #[test]
    fn actions_are_proposed_and_their_nouns() {
        assert_eq!(values("audit list --action token.rev"), ["values", "token.revoke"]);
        let of_tokens = values("audit list --action tok");
        assert!(
            of_tokens.contains(&"token".to_owned()) && of_tokens.contains(&"token.create".to_owned()),
            "{of_tokens:?}"
        );
    }

    #[test]
    fn words_for_immutable_tags_are_proposed_and_patterns_are_not() {
        assert_eq!(values("repo set a/b --immutable-tags "), ["values", "all", "none"]);
        assert_eq!(values("repo create --immutable-tags=n"), ["values", "--immutable-tags=none"]);
        assert_eq!(values("repo create --immutable-tags v*,"), ["values"]);
    }

    #[test]
    fn files_are_left_to_the_shell() {
        assert_eq!(values("--ca "), ["files"]);
        assert_eq!(values("--data-dir=x"), ["directories"]);
        assert_eq!(values("token rotate 01A --idempotency-key-file k"), ["files"]);
    }

    #[test]
    fn without_a_server_there_are_no_names() {
        for line in
            ["user show ", "token show ", "--data-dir /nonexistent repo show a", "--server https://nobody team show a"]
        {
            assert_eq!(values(line), ["values"], "{line}");
        }
    }

    #[test]
    fn a_server_cannot_propose_what_a_shell_would_run() {
        let bad = ["al$(id)", "al`id`", "al;id", "al\\nid", "al id", "al\\\"", "al'", "alé"];
        let named = bad
            .into_iter()
            .chain(["alice"])
            .map(|name| format!(r#"{{"name":"{name}","id":"01A","fullName":"$(id)\nx","isOrg":false}}"#));
        let counts = r#""nextPageStart":"","usersCount":9,"orgsCount":0,"resourceCount":9"#;
        let list = format!(r#"{{"accounts":[{}],{counts}}}"#, named.collect::<Vec<_>>().join(","));
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join(crate::data_files::SOCKET);
        let listener = UnixListener::bind(&socket).unwrap();
        std::fs::set_permissions(socket, PermissionsExt::from_mode(0o700)).unwrap();
        let serve = move || {
            // The first only looks whether anybody listens.
            drop(listener.accept().unwrap());
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4_096]).unwrap() > 0);
            stream.write_all(ok(&list).as_bytes()).unwrap();
        };
        let server = std::thread::spawn(serve);
        let line = format!("--data-dir {} user show al", directory.path().display());
        assert_eq!(values(&line), ["values", "alice"]);
        server.join().unwrap();
    }

    #[test]
    fn a_command_is_no_question_of_a_shell() {
        let (mut console, written) = console(b"");
        for line in ["dockpass", "dockpass token list", "dockpass token __complete"] {
            assert!(complete(line.split(' ').map(OsString::from), &mut console).is_none(), "{line}");
        }
        let asked = ["dockpass", "__complete", "--", "who"].map(OsString::from);
        assert!(complete(asked.into_iter(), &mut console).is_some());
        assert!(written.out().starts_with("values\nwhoami\t"), "{}", written.out());
    }
}
