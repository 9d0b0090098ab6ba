//! `dockpass token revoke`: whoever holds access tokens ends them for good, without signing in. Their texts are read from
//! standard input, whatever stands around them there, as in the report of a scanner, or typed where they are asked for.
//!
//! Texts whose check digits are wrong are not sent. Which of the others were access tokens the server tells nobody.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use zeroize::{Zeroize, Zeroizing};

use super::deactivate;
use super::reference;
use crate::api::RevokeApiTokens;
use crate::api::operations::access_tokens as op;
use crate::cli::screen::{CliError, Console, Report, Stop, prompt, shown};
use crate::cli::wire::Api;
use crate::domain::secret::{PREFIX, TokenHash, TokenText};

/// Texts that one request takes.
const BUNDLE: usize = 100;
/// Bytes of the input that are in memory at a time.
const WINDOW: usize = 64 * 1_024;

/// Seconds that a command waits at a time: those of the server are a minute at most.
const LONGEST_WAIT: u64 = 120;
/// How often a command waits before the server takes anything more.
const MOST_WAITS: u32 = 10;

/// Which access tokens.
#[derive(Args)]
pub(in crate::cli) struct RevokeArguments {
    /// `-`, or nothing: secrets, from standard input or asked for. An id or a hash: that one is deactivated, by who signs in
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl RevokeArguments {
    /// Whether secrets are all that is shown, so that nobody signs in.
    pub(in crate::cli) fn is_by_secret(&self) -> bool {
        self.token.as_deref().is_none_or(|token| token == super::FROM_INPUT)
    }
}

/// Ends the access tokens whose secrets are read, or deactivates the one that is named.
pub(super) async fn run(arguments: RevokeArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    if let Some(token) = arguments.token.as_deref().filter(|_| !arguments.is_by_secret()) {
        reference::no_secret(token)?;
        return console.report(&deactivate(token, api).await?);
    }
    let found = if console.in_is_terminal { typed(console)? } else { Found::in_input(&mut *console.input)? };
    if found.broken > 0 {
        let texts = shown::counted_as(
            found.broken,
            "text looks like an access token but is",
            "texts look like access tokens but are",
        );
        console.note(&format!("{texts} not valid\n"))?;
    }
    if found.tokens.is_empty() {
        return Err(CliError::Finding("no access token was read; nothing was sent".to_owned()));
    }
    send(&found, api, console, Stop::new().asked(), &tokio::time::sleep).await
}

/// Sends all texts, and says what was taken: also where it failed, or where `stop` ended it.
async fn send(
    found: &Found,
    api: &mut Api,
    console: &mut Console,
    stop: impl Future<Output = CliError>,
    wait: &impl AsyncFn(Duration),
) -> Result<(), CliError> {
    let texts: Vec<&TokenText> = found.tokens.values().collect();
    let mut sent = 0;
    let ended = tokio::select! {
        ended = send_all(&texts, &mut sent, api, console, wait) => ended,
        stopped = stop => Err(stopped),
    };
    if let Err(error) = ended {
        let all = shown::counted(texts.len(), "text");
        // The error counts, also where nobody can be told this.
        drop(console.note(&format!("{sent} of {all} were taken before that; send all of them again\n")));
        return Err(error);
    }
    let directory = api.directory().map(|directory| directory.display().to_string());
    let place = directory.as_deref().map_or_else(
        || api.url().unwrap_or_default().to_owned(),
        |directory| format!("the data directory {}", shown::plain(directory)),
    );
    let answer = json!({ "sent": sent, "server": api.url(), "dataDirectory": directory });
    let line = format!(
        "sent {} to {place}: whichever are access tokens there are refused from now on, for good; it does not tell which",
        shown::counted(sent, "text")
    );
    console.report(&Report::done(answer, line))
}

/// Sends bundle by bundle. The server takes so many requests a minute from one address, and says when it takes more: `wait`
/// waits for that, but not forever. `sent` counts what was taken.
async fn send_all(
    texts: &[&TokenText],
    sent: &mut usize,
    api: &mut Api,
    console: &mut Console,
    wait: &impl AsyncFn(Duration),
) -> Result<(), CliError> {
    for bundle in texts.chunks(BUNDLE) {
        let (mut answer, mut waits) = (sent_once(bundle, api).await, 0);
        while let Some(seconds) = answer.as_ref().err().and_then(is_later).filter(|_| waits < MOST_WAITS) {
            let time = shown::counted(seconds, "second");
            console.note(&format!("{sent} sent; the server takes more in {time}, waiting\n"))?;
            wait(Duration::from_secs(seconds)).await;
            (answer, waits) = (sent_once(bundle, api).await, waits + 1);
        }
        answer?;
        *sent += bundle.len();
    }
    Ok(())
}

async fn sent_once(bundle: &[&TokenText], api: &mut Api) -> Result<(), CliError> {
    let mut body = RevokeApiTokens { tokens: bundle.iter().map(|text| text.reveal().to_owned()).collect() };
    let answer = api.send(op::RevokeAccessTokens, [], &(), &body).await;
    body.tokens.iter_mut().for_each(Zeroize::zeroize);
    answer.map(drop)
}

/// In how many seconds the server takes more, one at least, if that is all that is wrong.
fn is_later(error: &CliError) -> Option<u64> {
    let CliError::Refused { status: 429, retry_after, .. } = error else { return None };
    retry_after.filter(|seconds| *seconds <= LONGEST_WAIT).map(|seconds| seconds.max(1))
}

/// Asks for one after the other, until nothing is typed.
fn typed(console: &mut Console) -> Result<Found, CliError> {
    let mut found = Found::default();
    let mut question = "Access token: ";
    while let Some(text) = prompt::hidden(question, console)? {
        found.read(&mut text.as_bytes()).map_err(unread)?;
        question = "The next one, or nothing: ";
    }
    Ok(found)
}

/// What was found in a text.
#[derive(Default)]
struct Found {
    /// Each once.
    tokens: BTreeMap<TokenHash, TokenText>,
    /// How many texts begin like one and have wrong check digits, or are cut off.
    broken: usize,
}

impl Found {
    fn in_input(input: &mut dyn Read) -> Result<Self, CliError> {
        let mut found = Self::default();
        found.read(input).map_err(unread)?;
        Ok(found)
    }

    fn read(&mut self, input: &mut dyn Read) -> io::Result<()> {
        let mut window = Zeroizing::new(vec![0; WINDOW]);
        let mut filled = 0;
        loop {
            let read = match input.read(window.get_mut(filled..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            filled += read;
            let done = self.take(window.get(..filled).unwrap_or_default(), read == 0);
            if read == 0 {
                return Ok(());
            }
            window.copy_within(done..filled, 0);
            filled -= done;
        }
    }

    /// Takes what is whole in these bytes; answers how many of them need not be seen again.
    fn take(&mut self, bytes: &[u8], is_end: bool) -> usize {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(begin) = rest.windows(PREFIX.len()).position(|some| some == PREFIX.as_bytes()) else {
                // The prefix may be cut in two.
                return if is_end { bytes.len() } else { bytes.len().saturating_sub(PREFIX.len() - 1).max(at) };
            };
            at += begin;
            let text = bytes.get(at..at + TokenText::LENGTH);
            if text.is_none() && !is_end {
                return at;
            }
            let token =
                text.and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| TokenText::parse(text).ok());
            at += if token.is_some() { TokenText::LENGTH } else { PREFIX.len() };
            match token {
                Some(token) => _ = self.tokens.insert(token.hash(), token),
                None => self.broken += 1,
            }
        }
    }
}

fn unread(cause: io::Error) -> CliError {
    CliError::Input { what: "access tokens", cause }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::cli::screen::Format;
    use crate::cli::testing::{Server, console, token};

    fn text(number: u8) -> TokenText {
        TokenText::from_random([number; 32])
    }

    /// So many access tokens, one a line.
    fn lines(count: usize) -> String {
        let texts: Vec<TokenText> = (0..=u8::MAX).take(count).map(text).collect();
        texts.iter().flat_map(|text| [text.reveal(), "\n"]).collect()
    }

    const TAKEN: &str = "HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n";

    /// The answer of a server that takes more in so many seconds.
    fn later(seconds: u32) -> String {
        let body = r#"{"errors":[{"code":"TOO_MANY_REQUESTS","message":"later","detail":null}]}"#;
        let length = body.len();
        format!("HTTP/1.1 429 X\r\nretry-after: {seconds}\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    fn by_secret() -> RevokeArguments {
        RevokeArguments { token: None }
    }

    /// One byte at a time.
    struct Slow<'t>(&'t [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (first, rest) = self.0.split_at(self.0.len().min(1));
            self.0 = rest;
            Read::read(&mut &*first, buffer)
        }
    }

    #[test]
    fn access_tokens_are_found_whatever_stands_around_them_and_wherever_the_input_is_cut() {
        let [one, other] = [text(1), text(2)];
        let (one, other) = (one.reveal(), other.reveal());
        let padding = "x".repeat(WINDOW - 20);
        for input in [
            format!("{one}\n{other}\r\n{one}\n"),
            format!("[{{\"Secret\":\"{one}\"}},{{\"Secret\":\"{other}\"}}]"),
            format!("{one}{other}"),
            format!("dkp_ dkp_{one} backup_{other}_old.txt dk"),
            format!("{padding}{one}{padding}{other}{padding}"),
        ] {
            for reader in [&mut input.as_bytes() as &mut dyn Read, &mut Slow(input.as_bytes())] {
                let found = Found::in_input(reader).unwrap();
                let texts: Vec<&str> = found.tokens.values().map(TokenText::reveal).collect();
                assert!(texts.len() == 2 && texts.contains(&one) && texts.contains(&other), "{} texts", texts.len());
                assert_eq!(found.broken, input.matches("dkp_").count() - input.matches(one).count() - 1);
            }
        }
        let cut = Found::in_input(&mut &one.as_bytes()[..52]).unwrap();
        assert_eq!((cut.tokens.len(), cut.broken), (0, 1));
    }

    #[tokio::test]
    async fn any_number_is_sent_a_hundred_at_a_time_and_what_was_sent_is_said() {
        let input = lines(256);
        let server = Server::with_json(&[(202, ""), (202, ""), (202, "")]);
        let (mut console, written) = console(input.as_bytes());
        run(by_secret(), &mut server.api(), &mut console).await.unwrap();
        assert!(written.out().starts_with("sent 256 texts to the data directory /"), "{}", written.out());
        let sent = server.requests();
        let counts: Vec<usize> = sent.iter().map(|request| request.matches("dkp_").count()).collect();
        assert_eq!(counts, [100, 100, 56]);
        assert!(sent.iter().all(|it| it.starts_with("POST /api/v0/api_tokens/revoke ")));
    }

    #[tokio::test]
    async fn where_it_was_sent_is_said_in_json_too() {
        let input = lines(1);
        let server = Server::with_json(&[(202, "")]);
        let (mut console, written) = console(input.as_bytes());
        console.format = Format::Json;
        run(by_secret(), &mut server.api(), &mut console).await.unwrap();
        let read: serde_json::Value = serde_json::from_str(&written.out()).unwrap();
        let directory = server.socket().parent().unwrap().display().to_string();
        assert_eq!(read, json!({ "sent": 1, "server": null, "dataDirectory": directory }));
    }

    #[tokio::test]
    async fn where_the_server_takes_no_more_for_a_minute_it_is_waited_for() {
        let server = Server::start(&[TAKEN, &later(17), &later(0), TAKEN, TAKEN, &later(3_600)]);
        let (mut console, written) = console(b"");
        let found = Found::in_input(&mut lines(250).as_bytes()).unwrap();
        let waited = std::sync::Mutex::new(Vec::new());
        let wait = async |time: Duration| waited.lock().unwrap().push(time.as_secs());
        let mut api = server.api();
        send(&found, &mut api, &mut console, pending(), &wait).await.unwrap();
        assert_eq!(*waited.lock().unwrap(), [17, 1]);
        let note = written.note();
        let said =
            ["in 17 seconds", "in 1 second"].map(|time| format!("100 sent; the server takes more {time}, waiting\n"));
        assert!(note.starts_with(&said.concat()), "no wait is shorter than a second: {note}");
        assert!(written.out().starts_with("sent 250 texts to "), "{}", written.out());
        let error = send(&found, &mut api, &mut console, pending(), &wait).await.unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), waited.lock().unwrap().len()),
            ("later", 2),
            "an hour is not waited for"
        );
        let counts: Vec<_> = server.requests().iter().map(|request| request.matches("dkp_").count()).collect();
        assert_eq!(counts, [100, 100, 100, 100, 50, 100]);
    }

    #[tokio::test]
    async fn a_server_that_never_takes_more_is_not_waited_for_without_end() {
        let never = later(1);
        let server = Server::start(&[TAKEN].into_iter().chain([never.as_str(); 11]).collect::<Vec<_>>());
        let (mut console, written) = console(b"");
        let found = Found::in_input(&mut lines(150).as_bytes()).unwrap();
        let waits = std::sync::atomic::AtomicUsize::new(0);
        let wait = async |_: Duration| _ = waits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let error = send(&found, &mut server.api(), &mut console, pending(), &wait).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), waits.into_inner()), ("later", 10));
        let note = written.note();
        assert!(note.ends_with("100 of 150 texts were taken before that; send all of them again\n"), "{note}");
    }

    #[tokio::test]
    async fn who_stops_it_is_told_what_was_sent() {
        let server = Server::start(&[TAKEN, &later(60)]);
        let (mut console, written) = console(b"");
        let found = Found::in_input(&mut lines(150).as_bytes()).unwrap();
        let pressed = tokio::sync::Notify::new();
        let stop = async {
            pressed.notified().await;
            CliError::Interrupted(2)
        };
        let wait = async |_: Duration| {
            pressed.notify_one();
            pending::<()>().await;
        };
        let error = send(&found, &mut server.api(), &mut console, stop, &wait).await.unwrap_err();
        assert!(matches!(error, CliError::Interrupted(2)), "{error}");
        let note = written.note();
        assert!(note.ends_with("100 of 150 texts were taken before that; send all of them again\n"), "{note}");
    }

    #[tokio::test]
    async fn what_was_not_taken_is_to_be_sent_again() {
        let input = lines(120);
        let full = r#"{"errors":[{"code":"UNAVAILABLE","message":"some may not have ended","detail":null}]}"#;
        let server = Server::with_json(&[(202, ""), (503, full)]);
        let (mut console, written) = console(input.as_bytes());
        let error = run(by_secret(), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("some may not have ended", 1));
        assert_eq!(written.note(), "100 of 120 texts were taken before that; send all of them again\n");
        assert_eq!(written.out(), "");
        drop(server.requests());
    }

    #[tokio::test]
    async fn nothing_is_sent_where_there_is_none_and_no_text_is_repeated() {
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let secret = text(7).reveal().to_owned();
        for (input, note) in [
            (String::new(), ""),
            ("nothing\n".to_owned(), ""),
            (secret.replace("dkp_", "dkp_0"), "1 text looks like an access token but is not valid\n"),
        ] {
            let (mut console, written) = console(input.as_bytes());
            let error = run(by_secret(), &mut nowhere, &mut console).await.unwrap_err();
            assert_eq!(
                (error.to_string().as_str(), error.exit_code()),
                ("no access token was read; nothing was sent", 1)
            );
            assert_eq!(written.note(), note);
        }
        let (mut console, _) = console(b"");
        let argument = RevokeArguments { token: Some(secret) };
        assert!(!argument.is_by_secret());
        let said = run(argument, &mut nowhere, &mut console).await.unwrap_err().to_string();
        assert!(said.contains("shell's history") && !said.contains("dkp_"), "{said}");
    }

    #[tokio::test]
    async fn a_terminal_is_asked_until_nothing_is_typed_and_an_id_means_what_it_meant() {
        let server = Server::with_json(&[(202, "")]);
        let (mut console, written) = console(b"");
        console.in_is_terminal = true;
        console.ask = |question| match question {
            "Access token: " => Ok(format!(" {} ", TokenText::from_random([1; 32]).reveal())),
            _ => Ok(String::new()),
        };
        run(RevokeArguments { token: Some("-".to_owned()) }, &mut server.api(), &mut console).await.unwrap();
        assert!(written.out().starts_with("sent 1 text to the data directory /"), "{}", written.out());
        let (hash, there) = ("ab".repeat(32), token(&json!({})).to_string());
        let server = Server::with_json(&[(200, &there), (200, &there)]);
        let (mut console, written) = self::console(b"");
        run(RevokeArguments { token: Some(hash) }, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deactivated the access token `laptop` of alice\n");
    }
}
