//! `dockpass audit list --follow`: the records of the audit log as they come, oldest first, until Ctrl-C.
//!
//! The server is asked again and again, for what comes after the last record that it has looked at. While it does not
//! answer, as at a restart, that is said once, and tried again.

use std::time::Duration;

use super::which::{self, End, Query};
use crate::api::AuditRecord;
use crate::api::operations::audit as op;
use crate::cli::commands::activity;
use crate::cli::screen::{CliError, Console, Format, Stop};
use crate::cli::wire::{Api, List};

/// How often the server is asked.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the newest records, at most `most`, then those that come.
pub(super) async fn run(query: Query, most: usize, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    Stop::new().or(follow(query, most, api, console)).await
}

async fn follow(query: Query, most: usize, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let mut newest = api.list(op::ListAudit, [], &query, most).await?;
    newest.reverse();
    let mut following = Following { query, reached: End::of(&newest)?, start: None, has_title: false, is_away: false };
    following.print(&newest, console)?;
    loop {
        tokio::time::sleep(PAUSE).await;
        following.go_on(api, console).await?;
    }
}

struct Following {
    query: Query,
    /// Up to where was looked.
    reached: End,
    /// Where the next page begins, while there is one.
    start: Option<String>,
    /// Whether the titles of the columns were printed.
    has_title: bool,
    /// Whether the server does not answer.
    is_away: bool,
}

impl Following {
    /// Prints what has come.
    async fn go_on(&mut self, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
        loop {
            self.query.1.after = Some(self.reached.place);
            let page = match api.page(op::ListAudit, [], &self.query, self.start.as_deref()).await {
                Ok(page) => page,
                Err(error) if error.may_pass() => return self.wait(&error, console),
                Err(error) => return Err(error),
            };
            if std::mem::take(&mut self.is_away) {
                console.note("the server answers again\n")?;
            }
            let end = End::of(&page.list)?;
            if end.number < self.reached.number {
                let number = end.number;
                console.note(&format!("the log has another end than before, {number}: going on from there\n"))?;
            }
            self.print(&page.list, console)?;
            // Kept: what is printed is not asked for again, if the next page does not come.
            self.start = page.next;
            if self.start.is_none() {
                self.reached = end;
                return Ok(());
            }
        }
    }

    fn wait(&mut self, error: &CliError, console: &mut Console) -> Result<(), CliError> {
        if std::mem::replace(&mut self.is_away, true) {
            return Ok(());
        }
        console.note(&format!("{error}; trying again\n"))
    }

    fn print(&mut self, list: &List<AuditRecord>, console: &mut Console) -> Result<(), CliError> {
        let records = which::shown(list)?;
        if records.is_empty() {
            return Ok(());
        }
        match console.format {
            Format::Json => list.items().iter().try_for_each(|record| console.write(&format!("{record}\n"))),
            Format::Table => {
                let text = activity::table(&records).render(console.width);
                let titles = usize::from(std::mem::replace(&mut self.has_title, true));
                console.write(&text.split_inclusive('\n').skip(titles).collect::<String>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};
    use crate::domain::sealed_number::LogPlace;

    fn page(seqs: &[u64], head: u64) -> String {
        let record = |seq: &u64| {
            serde_json::json!({
                "seq": seq, "time": "2026-11-29T05:57:54Z", "actor": "alice", "actorId": null, "credential": "password",
                "address": "192.0.2.7", "action": "token.create", "object": format!("number-{seq}"),
                "outcome": "success", "count": 1, "hash": "ab",
            })
        };
        let records: Vec<_> = seqs.iter().map(record).collect();
        serde_json::json!({ "records": records, "head": head }).to_string()
    }

    fn following() -> Following {
        let reached = End { number: 5, place: LogPlace::Number(5), head: None };
        Following { query: Default::default(), reached, start: None, has_title: false, is_away: false }
    }

    #[tokio::test]
    async fn what_comes_is_printed_once_and_asked_for_from_where_it_ended() {
        let server = Server::with_json(&[(200, &page(&[6, 8], 9)), (200, &page(&[], 9)), (200, &page(&[10], 10))]);
        let (mut console, written) = console(b"");
        let (mut api, mut following) = (server.api(), following());
        for _ in 0..3 {
            following.go_on(&mut api, &mut console).await.unwrap();
        }
        let objects = ["TIME (UTC)", "number-6", "number-8", "number-10"];
        let out = written.out();
        assert_eq!(out.lines().count(), objects.len(), "{out}");
        assert!(out.lines().zip(objects).all(|(line, object)| line.contains(object)), "{out}");
        let asked = server.requests();
        let asked: Vec<&str> = asked.iter().map(|request| request.lines().next().unwrap()).collect();
        for (request, after) in asked.iter().zip([5, 9, 9]) {
            assert!(request.starts_with(&format!("GET /api/v0/audit?after={after}&")), "{request}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_told_once_and_tried_again() {
        let gone = r#"{"errors":[{"code":"UNAVAILABLE","message":"ending","detail":{}}]}"#;
        let server = Server::with_json(&[(503, gone), (503, gone), (200, &page(&[6], 6))]);
        let (mut console, written) = console(b"");
        let (mut api, mut following) = (server.api(), following());
        for _ in 0..3 {
            following.go_on(&mut api, &mut console).await.unwrap();
        }
        assert_eq!(written.note(), "ending; trying again\nthe server answers again\n");
        assert!(written.out().contains("number-6"));
    }

    #[tokio::test]
    async fn what_was_printed_before_an_error_between_two_pages_is_not_printed_again() {
        let gone = r#"{"errors":[{"code":"UNAVAILABLE","message":"ending","detail":{}}]}"#;
        let paged = |body: &str| {
            format!("HTTP/1.1 200 X\r\nx-next-page-start: 7\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let failed = format!("HTTP/1.1 503 X\r\ncontent-length: {}\r\n\r\n{gone}", gone.len());
        let answers = [paged(&page(&[6, 7], 9)), failed, crate::cli::testing::ok(&page(&[8, 9], 9))];
        let server = Server::start(&answers.each_ref().map(String::as_str));
        let (mut console, written) = console(b"");
        let (mut api, mut following) = (server.api(), following());
        for _ in 0..2 {
            following.go_on(&mut api, &mut console).await.unwrap();
        }
        let out = written.out();
        let printed: Vec<_> = (6..10).map(|seq| out.matches(&format!("number-{seq}")).count()).collect();
        assert_eq!(printed, [1, 1, 1, 1], "{out}");
        let asked = server.requests();
        assert!(asked[2].starts_with("GET /api/v0/audit?after=5&") && asked[2].contains("pageStart=7"), "{asked:?}");
    }

    #[tokio::test]
    async fn who_may_not_see_the_log_does_not_wait_for_it() {
        let refused = r#"{"errors":[{"code":"NOT_AUTHORIZED","message":"for administrators","detail":{}}]}"#;
        let server = Server::with_json(&[(403, refused)]);
        let (mut console, _) = console(b"");
        let error = following().go_on(&mut server.api(), &mut console).await.unwrap_err();
        assert!(matches!(error, CliError::Refused { status: 403, .. }));
    }

    #[tokio::test]
    async fn another_log_is_told() {
        let server = Server::with_json(&[(200, &page(&[], 2))]);
        let (mut console, written) = console(b"");
        let mut following = following();
        following.go_on(&mut server.api(), &mut console).await.unwrap();
        assert_eq!((following.reached.number, written.note().contains("another end")), (2, true));
    }

    #[tokio::test]
    async fn who_sees_a_part_of_the_log_goes_on_by_what_the_server_said() {
        let sealed = "0123456789abcdef".repeat(2);
        let page = |end: &str| serde_json::json!({ "records": [], "head": 0, "reached": end }).to_string();
        let server = Server::with_json(&[(200, &page(&sealed)), (200, &page(&sealed))]);
        let (mut console, written) = console(b"");
        let mut following =
            Following { reached: End { number: 0, place: LogPlace::Number(0), head: None }, ..following() };
        for _ in 0..2 {
            following.go_on(&mut server.api(), &mut console).await.unwrap();
        }
        let asked = server.requests();
        assert!(asked[1].starts_with(&format!("GET /api/v0/audit?after={sealed}&")), "{asked:?}");
        assert_eq!(written.note(), "");
    }

    #[tokio::test]
    async fn who_wants_json_gets_one_record_a_line() {
        let server = Server::with_json(&[(200, &page(&[6, 7], 7))]);
        let (mut console, written) = console(b"");
        console.format = Format::Json;
        following().go_on(&mut server.api(), &mut console).await.unwrap();
        let out = written.out();
        let seqs: Vec<u64> = out
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(seqs, [6, 7]);
    }
}
