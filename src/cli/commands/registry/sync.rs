//! `dockpass registry sync`: begins a comparison, follows it, and stops it on Ctrl-C.

use std::time::Duration;

use crate::api::operations::registry as op;
use crate::api::{Comparison, RegistryState};
use crate::cli::commands::registry::report;
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::registry::{Counts, Phase};
use crate::domain::time::Timestamp;

/// How often the server is asked for its progress.
const PAUSE: Duration = Duration::from_millis(300);
/// Overwrites the line of progress on a terminal: carriage return, then erase to the end of the line.
const OVER: &str = "\r\x1b[K";

/// Runs a comparison, with its progress on standard error.
pub(in crate::cli) async fn run(api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let mut answer = api.call(op::BeginComparison, [], &()).await?;
    // The server warns if a comparison was running already; that one is followed.
    console.warn(&answer.warnings)?;
    let mut pace = Pace::default();
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    let mut is_stopping = false;
    let comparison = loop {
        let comparison = read(&answer)?;
        tell(&comparison, &mut pace, console)?;
        if comparison.state != Phase::Running {
            break comparison;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = &mut stop, if !is_stopping => {
                is_stopping = true;
                api.call(op::StopComparison, [], &()).await?;
            }
        }
        answer = api.call(op::ViewRegistry, [], &()).await?;
    };
    let ended = end(&comparison, answer, console);
    if is_stopping { ended.map_err(|error| CliError::Stopped(error.to_string())) } else { ended }
}

fn read(answer: &ApiAnswer<RegistryState>) -> Result<Comparison, CliError> {
    answer.read()?.comparison.ok_or_else(|| answer.unusable("the comparison is missing"))
}

/// How fast a comparison is, by the clock of who looks: since the first look that found it at work.
#[derive(Default)]
struct Pace {
    first: Option<(Timestamp, u64)>,
}

impl Pace {
    /// Repositories a second until now; none before a second has passed.
    fn rate(&mut self, compared: u64, now: Timestamp) -> Option<u64> {
        let (since, before) = *self.first.get_or_insert((now, compared));
        let millis = u64::try_from(now.millis().saturating_sub(since.millis())).ok().filter(|it| *it >= 1_000)?;
        Some(compared.saturating_sub(before).saturating_mul(1_000) / millis)
    }
}

/// Prints the progress as one line that is overwritten on a terminal; a pipe gets none.
fn tell(comparison: &Comparison, pace: &mut Pace, console: &mut Console) -> Result<(), CliError> {
    if !console.out_is_terminal {
        return Ok(());
    }
    let Comparison { known, counts: Counts { compared, adopted, .. }, .. } = comparison;
    let rate = pace.rate(*compared, console.clock.now());
    let rate = rate.map_or_else(String::new, |rate| format!(", {rate} a second"));
    let line = if comparison.state != Phase::Running {
        String::new()
    } else if compared < known {
        format!("compared {compared} of {known} known repositories{rate}")
    } else {
        format!("compared {}, {adopted} of them new{rate}", shown::counted_as(*compared, "repository", "repositories"))
    };
    console.note(&format!("{OVER}{line}"))
}

fn end(comparison: &Comparison, answer: ApiAnswer<RegistryState>, console: &mut Console) -> Result<(), CliError> {
    let found = comparison.counts;
    let failed = |text: String| Err(CliError::Finding(text));
    match (comparison.state, found.compared) {
        (Phase::Done, 0) => {
            let line = "nothing to compare: dockpass knows no repository, and the registry has none".to_owned();
            console.report(&Report::done(answer.value, line))
        }
        (Phase::Done, _) => {
            let line = format!("compared {found}");
            console.report(&Report::done_then(answer.value, line, report::next_after(comparison)))
        }
        (Phase::Stopped, 0) => failed("stopped before any repository was compared; run it again".to_owned()),
        (Phase::Stopped, _) => failed(format!("stopped after {found}; what was found stays, run it again")),
        (Phase::Never | Phase::Running | Phase::Failed, 0) => {
            failed(format!("{}; no repository was compared", shown::plain(&comparison.error)))
        }
        (Phase::Never | Phase::Running | Phase::Failed, _) => {
            failed(format!("{}; before that it compared {found}", shown::plain(&comparison.error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    fn state(state: &str, compared: u64, error: &str) -> String {
        serde_json::json!({
            "issuer": "dockpass", "services": ["dockpass"], "realm": "r", "certificates": [], "url": "http://127.0.0.1:5000",
            "notifications": { "received": 0, "refused": 0, "lastReceived": null },
            "comparison": {
                "state": state, "startedAt": null, "finishedAt": null, "known": 2, "compared": compared, "adopted": 1,
                "changed": 0, "gone": compared.min(1), "deleted": 0, "failed": 0, "unreadTags": 0,
                "leftOut": [], "error": error,
            },
        })
        .to_string()
    }

    #[tokio::test]
    async fn it_is_followed_to_its_end() {
        let server = Server::with_json(&[
            (202, &state("running", 0, "")),
            (200, &state("running", 2, "")),
            (200, &state("done", 3, "")),
        ]);
        let (mut console, written) = console(b"");
        run(&mut server.api(), &mut console).await.unwrap();
        assert!(
            written.out().starts_with("compared 3 repositories: 1 new, 1 gone from the registry\n"),
            "{}",
            written.out()
        );
        assert_eq!(written.note(), "", "no progress in a pipe");
        assert!(server.requests()[0].starts_with("POST /api/v0/admin/registry/sync "));
    }

    #[tokio::test]
    async fn it_says_that_it_joined_the_one_at_work() {
        let body = state("done", 3, "");
        let answer = format!(
            "HTTP/1.1 202 X\r\nwarning: 299 - \"one was at work\"\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let server = Server::start(&[&answer]);
        let (mut console, written) = console(b"");
        run(&mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.note(), "one was at work\n");
    }

    #[tokio::test]
    async fn a_terminal_sees_how_far_it_is() {
        let server = Server::with_json(&[
            (202, &state("running", 1, "")),
            (200, &state("running", 3, "")),
            (200, &state("done", 3, "")),
        ]);
        let (mut console, written) = console(b"");
        console.out_is_terminal = true;
        run(&mut server.api(), &mut console).await.unwrap();
        let note = written.note();
        assert!(note.contains("compared 1 of 2 known repositories"), "{note:?}");
        assert!(note.contains("compared 3 repositories, 1 of them new") && note.ends_with(OVER), "{note:?}");
    }

    #[tokio::test]
    async fn a_comparison_that_failed_says_why() {
        let server = Server::with_json(&[(202, &state("failed", 1, "cannot reach the registry"))]);
        let (mut console, _) = console(b"");
        let error = run(&mut server.api(), &mut console).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot reach the registry; before that it compared 1 repo"), "{error}");
        assert_eq!(error.exit_code(), 1);
    }

    #[tokio::test]
    async fn that_nothing_was_compared_is_said_plainly() {
        for (phase, error, said) in [
            ("failed", "cannot reach the registry", "cannot reach the registry; no repository was compared"),
            ("stopped", "", "stopped before any repository was compared; run it again"),
        ] {
            let server = Server::with_json(&[(202, &state(phase, 0, error))]);
            let (mut console, _) = console(b"");
            assert_eq!(run(&mut server.api(), &mut console).await.unwrap_err().to_string(), said);
        }
        let server = Server::with_json(&[(202, &state("done", 0, ""))]);
        let (mut console, written) = console(b"");
        run(&mut server.api(), &mut console).await.unwrap();
        let said = "nothing to compare: dockpass knows no repository, and the registry has none\n";
        assert_eq!(written.out(), said);
    }

    #[test]
    fn the_pace_is_counted_from_the_first_look() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.rate(100, at(10)), None);
        assert_eq!(pace.rate(150, at(10)), None);
        assert_eq!((pace.rate(174, at(12)), pace.rate(400, at(20))), (Some(37), Some(30)));
    }
}
