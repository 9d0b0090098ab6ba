//! Prompts: for secrets, read from the terminal without echo, from standard input or a file, never from an argument; and
//! for the confirmation of a deletion.

use std::io::{self, Read};
use std::path::Path;

use clap::Args;
use zeroize::{Zeroize, Zeroizing};

use super::console::Console;
use super::error::CliError;
use crate::domain::secret::{Password, TokenHash, TokenText};
use crate::domain::{entered, password};

/// Longest line that is read for a secret, in bytes; a longer one is refused, not cut off.
const LONGEST: usize = 4_096;
/// What is read, for the error that it cannot be.
const PASSWORD: &str = "password";
const ACCESS_TOKEN: &str = "access token";
const CREDENTIAL: &str = "password or access token";

/// The option of commands whose doing cannot be undone.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Unasked {
    /// Do not ask; required where standard input is not a terminal
    #[arg(long)]
    pub(in crate::cli) yes: bool,
}

/// What cannot be undone: the word that has to be typed, and what did not happen without it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) enum Final {
    /// Something is deleted.
    Delete,
    /// A secret ends at once.
    Rotate,
    /// Somebody leaves.
    Offboard,
    /// An earlier state comes back.
    Restore,
}

impl Final {
    fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Rotate => "rotate",
            Self::Offboard => "offboard",
            Self::Restore => "restore",
        }
    }

    fn not_done(self) -> &'static str {
        match self {
            Self::Delete => "nothing was deleted",
            Self::Rotate => "nothing was rotated",
            Self::Offboard => "nothing was changed",
            Self::Restore => "nothing was restored",
        }
    }
}

/// Reads a new password: from standard input if `from_stdin`, else twice from the terminal.
pub(in crate::cli) fn new_password(console: &mut Console, from_stdin: bool) -> Result<Password, CliError> {
    let password = if from_stdin { first_line(&mut console.input, PASSWORD)? } else { ask_twice(console)? };
    password::check(&password).map_err(|weak| CliError::Usage(weak.to_string()))?;
    Ok(password)
}

fn ask_twice(console: &mut Console) -> Result<Password, CliError> {
    if !console.in_is_terminal {
        return Err(CliError::Usage(
            "standard input is not a terminal to ask for the password on; write it to standard input and add --password-stdin"
                .to_owned(),
        ));
    }
    let ask = |prompt| (console.ask)(prompt).map(Zeroizing::new).map_err(|cause| unread(PASSWORD, cause));
    let first = ask("Password: ")?;
    // Nobody types a password twice that is refused after all.
    password::check(&Password::new(String::clone(&first))).map_err(|weak| CliError::Usage(weak.to_string()))?;
    let second = ask("The same again: ")?;
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(first.as_bytes(), second.as_bytes());
    same.map_err(|_| CliError::Usage("the two passwords differ; nothing was changed".to_owned()))?;
    Ok(Password::chosen(&first))
}

/// The first line of standard input on which something stands, without what stands around a secret unseen; `what` it is.
fn first_line(input: &mut dyn Read, what: &'static str) -> Result<Password, CliError> {
    let invalid = |fault: &dyn ToString| unread(what, io::Error::new(io::ErrorKind::InvalidData, fault.to_string()));
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let mut byte = [0];
    while line.len() <= LONGEST && input.read(&mut byte).map_err(|cause| unread(what, cause))? == 1 {
        if byte == *b"\n" && !entered::is_nothing(&line) {
            break;
        }
        line.extend(byte);
    }
    byte.zeroize();
    if line.len() > LONGEST {
        return Err(invalid(&"the line is too long"));
    }
    let text = entered::secret(&line).map_err(|fault| invalid(&fault))?;
    if text.is_empty() {
        return Err(unread(what, io::Error::new(io::ErrorKind::UnexpectedEof, "standard input is empty")));
    }
    Ok(Password::chosen(&text))
}

/// The secret that a file holds, without what stands around it unseen.
pub(in crate::cli) fn secret_of_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let failed = |cause| CliError::File { action: "read", path: path.to_owned(), cause };
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(failed)?;
    entered::secret(&bytes).map_err(|fault| failed(io::Error::new(io::ErrorKind::InvalidData, fault)))
}

/// Asks for a word, as the pages do, before something that cannot be undone; `stakes` is what is lost, in sentences.
/// Where nobody can be asked, `--yes` must say that it is meant: a pipe or a mistyped variable is no answer.
pub(in crate::cli) fn confirm(
    act: Final,
    stakes: &str,
    Unasked { yes }: Unasked,
    console: &mut Console,
) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !console.in_is_terminal {
        let (stakes, not_done) = (stakes.replace('\n', " "), act.not_done());
        return Err(CliError::Usage(format!(
            "{stakes} Standard input is not a terminal, so {not_done}; add --yes to confirm"
        )));
    }
    let place = console.spoken_to.as_ref().map(|place| format!("At {place}:\n")).unwrap_or_default();
    console.note(&format!("{place}{stakes}\nType {} to go on: ", act.word()))?;
    let is_meant = answer(console)? == act.word().as_bytes();
    if is_meant { Ok(()) } else { Err(CliError::Finding(act.not_done().to_owned())) }
}

/// Asks a question that is answered by yes or no, on a terminal; none for any other answer.
pub(in crate::cli) fn yes_or_no(question: &str, console: &mut Console) -> Result<Option<bool>, CliError> {
    console.note(&format!("{question} [y/n] "))?;
    Ok(match answer(console)?.to_ascii_lowercase().as_slice() {
        b"y" | b"yes" => Some(true),
        b"n" | b"no" => Some(false),
        _ => None,
    })
}

/// Asks for a line, on a terminal.
pub(in crate::cli) fn line(question: &str, console: &mut Console) -> Result<String, CliError> {
    console.note(question)?;
    let bytes = answer(console)?;
    let invalid = |fault| unanswered(io::Error::new(io::ErrorKind::InvalidData, fault));
    entered::text(&bytes).map(|text| entered::bare(text).to_owned()).map_err(invalid)
}

/// Reads what somebody signs in with, a password or an access token: from standard input if `from_stdin`, else from the
/// terminal without echo. It is not checked as a new password is.
pub(in crate::cli) fn sign_in(console: &mut Console, from_stdin: bool) -> Result<Password, CliError> {
    if from_stdin {
        return first_line(&mut console.input, CREDENTIAL);
    }
    if !console.in_is_terminal {
        return Err(CliError::Usage(
            "standard input is not a terminal to ask for the password or access token on; write it to standard input and add \
             --password-stdin"
                .to_owned(),
        ));
    }
    let typed = (console.ask)("Password or access token: ").map(Zeroizing::new);
    let typed = typed.map_err(|cause| unread(CREDENTIAL, cause))?;
    if typed.is_empty() {
        return Err(CliError::Usage("nothing was typed; nothing was done".to_owned()));
    }
    Ok(Password::chosen(&typed))
}

/// A line of standard input, without the blanks around it.
fn answer(console: &mut Console) -> Result<Vec<u8>, CliError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() <= LONGEST && console.input.read(&mut byte).map_err(unanswered)? == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    Ok(line.trim_ascii().to_vec())
}

/// Reads the secret of an access token, from the terminal without echo or from standard input, and gives its hash alone.
pub(in crate::cli) fn access_token(console: &mut Console) -> Result<TokenHash, CliError> {
    let text = if console.in_is_terminal {
        Password::new((console.ask)("Access token: ").map_err(|cause| unread(ACCESS_TOKEN, cause))?)
    } else {
        first_line(&mut console.input, ACCESS_TOKEN)?
    };
    let read = TokenText::parse(entered::without_blanks(text.reveal()));
    read.map(|text| text.hash()).map_err(|_| {
        let why = "this is no access token: expected the whole secret, dkp_ and what follows";
        CliError::Usage(why.to_owned())
    })
}

/// Reads a secret from the terminal without echo; none if nothing was typed.
pub(in crate::cli) fn hidden(question: &str, console: &Console) -> Result<Option<Zeroizing<String>>, CliError> {
    let typed = (console.ask)(question).map(Zeroizing::new).map_err(|cause| unread(ACCESS_TOKEN, cause))?;
    Ok(Some(typed).filter(|typed| !typed.trim().is_empty()))
}

fn unanswered(cause: io::Error) -> CliError {
    CliError::Input { what: "answer", cause }
}

fn unread(what: &'static str, cause: io::Error) -> CliError {
    CliError::Input { what, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    fn read(input: &[u8]) -> Result<String, String> {
        first_line(&mut &*input, PASSWORD)
            .map(|password| password.reveal().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_line_end_goes_and_no_blank() {
        assert_eq!(read(b"correct horse"), Ok("correct horse".into()));
        assert_eq!(read(b"correct horse\nbattery"), Ok("correct horse".into()));
        assert_eq!(read(b" correct horse \r\n"), Ok(" correct horse ".into()));
        assert_eq!(read(b"horse\r\r\n"), Ok("horse".into()));
        assert_eq!(read(b"\xef\xbb\xbfhorse\r\n"), Ok("horse".into()));
    }

    #[test]
    fn line_ends_before_it_go_too() {
        for input in [&b"\nhorse"[..], b"\r\n\nhorse\r\n", b"\xef\xbb\xbf\nhorse\nbattery"] {
            assert_eq!(read(input), Ok("horse".into()));
        }
        assert!(read(b"\xff\xfe\n\0h\0o\0").unwrap_err().contains("UTF-16"));
        assert!(read(&vec![b'\n'; 2 * LONGEST]).unwrap_err().contains("too long"), "it is not read for ever");
    }

    #[test]
    fn what_cannot_be_read_is_called_what_it_is() {
        let (mut console, _) = console(b"");
        let error = access_token(&mut console).unwrap_err().to_string();
        assert_eq!(error, "cannot read the access token: standard input is empty");
    }

    #[test]
    fn no_secret_is_refused() {
        for empty in [&b""[..], b"\n", b"\r\n", b"\n\n"] {
            assert_eq!(read(empty), Err("cannot read the password: standard input is empty".into()));
        }
        assert!(read(&[0xff, b'\n']).unwrap_err().contains("UTF-8"));
        for utf16 in [&b"\xff\xfeh\0o\0r\0s\0e\0\r\0\n\0"[..], b"h\0o\0r\0s\0e\0\n\0", b"\0h\0o\0r\0s\0e"] {
            assert!(read(utf16).unwrap_err().contains("UTF-16"), "{utf16:?}");
        }
        assert!(read(&vec![b'a'; LONGEST + 1]).unwrap_err().contains("too long"));
    }

    #[test]
    fn without_a_terminal_the_way_out_is_told() {
        let (mut console, _) = console(b"");
        let error = new_password(&mut console, false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().ends_with("add --password-stdin"));
    }

    #[test]
    fn a_prompt_asks_twice() {
        let (mut console, _) = console(b"");
        console.in_is_terminal = true;
        console.ask = |_| Ok("correct horse".to_owned());
        assert_eq!(new_password(&mut console, false).unwrap().reveal(), "correct horse");
        console.ask = |prompt| Ok(format!("correct horse {prompt}"));
        assert!(new_password(&mut console, false).unwrap_err().to_string().contains("differ"));
    }

    #[test]
    fn only_a_terminal_is_asked_and_only_the_word_will_do() {
        let ask = |answer: &'static [u8], is_terminal| {
            let (mut console, written) = console(answer);
            console.in_is_terminal = is_terminal;
            let said = confirm(Final::Delete, "a/b goes.", Unasked::default(), &mut console)
                .map_err(|error| (error.to_string(), error.exit_code()));
            (said, written.note())
        };
        let question = "a/b goes.\nType delete to go on: ".to_owned();
        for yes in [&b"delete\n"[..], b" delete \r\n", b"delete"] {
            assert_eq!(ask(yes, true), (Ok(()), question.clone()));
        }
        for no in [&b""[..], b"\n", b"y\n", b"Delete\n", b"deleted\n", b"\ndelete\n", &[b'x'; 2 * LONGEST]] {
            assert_eq!(ask(no, true), (Err(("nothing was deleted".to_owned(), 1)), question.clone()));
        }
    }

    #[test]
    fn where_nobody_can_be_asked_it_must_be_said_that_it_is_meant() {
        let ask = |act, yes| {
            let (mut console, written) = console(b"delete\n");
            let said = confirm(act, "a goes.\nb goes.", Unasked { yes }, &mut console);
            assert_eq!(written.note(), "");
            said.map_err(|error| (error.to_string(), error.exit_code()))
        };
        let refused = "a goes. b goes. Standard input is not a terminal, so nothing was deleted; add --yes to \
                       confirm";
        assert_eq!(ask(Final::Delete, false), Err((refused.to_owned(), 2)));
        assert!(ask(Final::Rotate, false).unwrap_err().0.contains("so nothing was rotated; add --yes"));
        assert_eq!(ask(Final::Delete, true), Ok(()));
    }

    #[test]
    fn a_weak_password_is_refused_before_it_is_asked_for_again() {
        let (mut console, _) = console(b"");
        console.in_is_terminal = true;
        console.ask = |prompt| if prompt == "Password: " { Ok("short".to_owned()) } else { panic!("asked again") };
        assert!(new_password(&mut console, false).unwrap_err().to_string().contains("8 to 1024"));
    }

    #[test]
    fn the_hash_of_an_access_token_is_all_that_is_kept_of_it() {
        let text = TokenText::from_random([7; 32]);
        for around in ["", "\n", " \r\n"] {
            let (mut console, written) = console(format!("{}{around}", text.reveal()).as_bytes());
            assert_eq!(access_token(&mut console).unwrap(), text.hash());
            assert_eq!(written.note() + &written.out(), "");
        }
        for wrong in ["alice", "dkp_x", &text.reveal()[1..], &format!("{}x", text.reveal())] {
            let (mut console, _) = console(wrong.as_bytes());
            let error = access_token(&mut console).unwrap_err();
            assert!(error.exit_code() == 2 && !error.to_string().contains(wrong), "{error}");
        }
    }

    #[test]
    fn yes_and_no_are_told_from_anything_else() {
        for (typed, meant) in
            [("y\n", Some(true)), (" YES\r\n", Some(true)), ("no", Some(false)), ("", None), ("delete\n", None)]
        {
            let (mut console, written) = console(typed.as_bytes());
            assert_eq!(yes_or_no("Is it?", &mut console).unwrap(), meant);
            assert_eq!(written.note(), "Is it? [y/n] ");
        }
    }

    #[test]
    fn weak_ones_are_refused_before_anything_is_sent() {
        let (mut console, _) = console(b"password1\n");
        assert!(new_password(&mut console, true).unwrap_err().to_string().contains("commonest"));
    }
}
