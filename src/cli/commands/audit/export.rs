//! `dockpass audit export`: records of the audit log as they stand in it, one a line, oldest first.
//!
//! The end is that of the log when the export begins. The log is read page by page, and nothing is kept. Where something
//! comes between, all lines that are there are whole; it is said with which number to go on.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::which::{End, Query, WhichArguments};
use crate::api::operations::audit as op;
use crate::cli::files::Output;
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::audit::AuditHead;
use crate::domain::sealed_number::LogPlace;

/// The permissions of a file: the records are for its owner alone.
const MODE: u32 = 0o600;

#[derive(Args)]
pub(in crate::cli) struct ExportArguments {
    #[command(flatten)]
    which: Box<WhichArguments>,
    /// Only records after this one: its number, such as that of the last record of an earlier export, or the value of `reached`
    /// in an answer of the API
    #[arg(long, value_name = "SEQ|REACHED", default_value_t = LogPlace::Number(0), hide_default_value = true)]
    after: LogPlace,
    /// The file to write, which only its owner can read; an existing one is replaced once everything is written. A pipe gets
    /// the records as they come; `-` is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(arguments: ExportArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let ExportArguments { which, after, output } = arguments;
    let query = which.query(console.clock.now(), api).await?;
    let mut output = Output::to(output.as_deref(), MODE)?;
    let (mut stop, mut exported) = (output.stop(), Exported::after(after));
    let ended = stop.or(exported.go_on(query, api, |lines| output.write(lines, console))).await;
    let is_kept = !matches!(output, Output::Whole(..));
    if let Err(error) = ended {
        if is_kept && exported.reached > 0 && exported.count > 0 && error.exit_code() != 0 {
            // The error counts, also where nobody can be told this.
            drop(
                console
                    .note(&format!("all records up to {0} are written; continue with --after {0}\n", exported.reached)),
            );
        }
        return Err(error);
    }
    let head = exported.head.map(|head| head.to_string());
    let Some(path) = output.finish()? else {
        // Beside the records, not among them.
        return head.map_or(Ok(()), |head| console.note(&format!("the head of the log is {head}\n")));
    };
    let told = head.as_ref().map(|head| format!("; the head of the log is {head}")).unwrap_or_default();
    let line = format!("wrote {} into {}{told}", shown::counted(exported.count, "record"), path.display());
    console.report(&Report::done(serde_json::json!({ "records": exported.count, "head": head }), line))
}

/// What is read of a line.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// How far an export has come.
struct Exported {
    /// After which record it begins.
    begin: LogPlace,
    /// The number of the last record that was passed on, or the one before the first; 0 where that is not known.
    reached: u64,
    count: u64,
    /// The head of the log when it began, for who is told.
    head: Option<AuditHead>,
}

impl Exported {
    fn after(begin: LogPlace) -> Self {
        let reached = match begin {
            LogPlace::Number(number) => number,
            LogPlace::Sealed(_) => 0,
        };
        Self { begin, reached, count: 0, head: None }
    }

    /// Passes all records on to `write`, page by page.
    async fn go_on(
        &mut self,
        mut query: Query,
        api: &mut Api,
        mut write: impl FnMut(&str) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        // The newest are asked for first: so what waits is written, and the end is known.
        let End { number: last, head, .. } = End::of(&api.page(op::ListAudit, [], &query, None).await?.list)?;
        self.head = head;
        query.1.after = Some(self.begin);
        let mut start = None::<String>;
        loop {
            let answer = api.lines(op::ListAudit, &query, start.as_deref(), PAGE).await?;
            let lines = answer.value.as_str().unwrap_or_default();
            let (mut reached, mut count, mut kept) = (self.reached, 0, 0);
            for line in lines.split_inclusive('\n') {
                let seq = number(&answer, line)?;
                if seq > last {
                    break;
                }
                // Who sees a part of the log is told no numbers.
                let is_next = if last == 0 { seq == 0 } else { seq > reached };
                if !is_next || !line.ends_with('\n') {
                    return Err(answer.unusable("its records are not in order"));
                }
                (reached, count, kept) = (seq, count + 1, kept + line.len());
            }
            write(lines.get(..kept).unwrap_or_default())?;
            (self.reached, self.count) = (reached, self.count + count);
            if kept < lines.len() || answer.next_page.is_none() {
                return Ok(());
            }
            if answer.next_page == start {
                return Err(answer.unusable("the list leads in a circle"));
            }
            start = answer.next_page;
        }
    }
}

/// Records that one page has.
const PAGE: usize = 1_000;

fn number(answer: &ApiAnswer, line: &str) -> Result<u64, CliError> {
    serde_json::from_str::<Numbered>(line).map(|it| it.seq).map_err(|cause| answer.unusable(cause))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::testing::{Server, console, ok};

    fn line(seq: u64) -> String {
        format!("{{\"seq\":{seq},\"object\":\"ünusual \\u0001\"}}\n")
    }

    fn page(seqs: &[u64], next: &str) -> String {
        let body: String = seqs.iter().map(|seq| line(*seq)).collect();
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {length}\r\nx-next-page-start: {next}\r\n\r\n{body}",
            op::LINES
        )
    }

    /// The first answer, which tells the end.
    fn end(head: u64) -> String {
        ok(&format!("{{\"records\":[],\"head\":{head}}}"))
    }

    async fn exported(answers: &[String]) -> (Result<u64, CliError>, String, Vec<String>) {
        let server = Server::start(&answers.iter().map(String::as_str).collect::<Vec<_>>());
        let mut out = String::new();
        let keep = |lines: &str| {
            out.push_str(lines);
            Ok(())
        };
        let mut exported = Exported::after(LogPlace::Number(0));
        let ended = exported.go_on(Query::default(), &mut server.api(), keep).await;
        (ended.map(|()| exported.count), out, server.requests())
    }

    #[tokio::test]
    async fn every_line_is_kept_byte_by_byte_up_to_the_end_at_the_beginning() {
        let answers = [end(4), page(&[1, 2], "2"), page(&[4, 5], "5")];
        let (count, out, asked) = exported(&answers).await;
        assert_eq!((count.unwrap(), out), (3, [1, 2, 4].map(line).concat()));
        assert!(asked[1..].iter().all(|request| request.contains(op::LINES)), "{asked:?}");
        assert!(asked[2].starts_with("GET /api/v0/audit?after=0&pageSize=1000&pageStart=2 "), "{asked:?}");
    }

    fn arguments(output: Option<PathBuf>) -> ExportArguments {
        ExportArguments { which: WhichArguments::all().into(), after: LogPlace::Number(0), output }
    }

    #[tokio::test]
    async fn a_connection_that_breaks_leaves_whole_lines_and_says_how_to_go_on() {
        let half = page(&[5, 6], "").replace(&line(6), &line(6)[..9]);
        for output in [None, Some("-".into()), Some("/dev/null".into())] {
            let is_seen = output.as_ref().is_none_or(|path: &PathBuf| path == &PathBuf::from("-"));
            let answers = [end(9), page(&[1, 4], "4"), half.clone(), end(9), page(&[5, 6], "")];
            let server = Server::start(&answers.iter().map(String::as_str).collect::<Vec<_>>());
            let (mut console, written) = console(b"");
            let mut api = server.api();
            let error = run(arguments(output.clone()), &mut api, &mut console).await.unwrap_err();
            assert_eq!(error.exit_code(), 1, "{error}");
            assert_eq!(written.note(), "all records up to 4 are written; continue with --after 4\n");
            run(ExportArguments { after: LogPlace::Number(4), ..arguments(output) }, &mut api, &mut console)
                .await
                .unwrap();
            let said = if is_seen { [1, 4, 5, 6].map(line).concat() } else { String::new() };
            assert_eq!(written.out(), said);
            assert!(
                server.requests()[4].starts_with("GET /api/v0/audit?after=4&"),
                "what is there comes no second time"
            );
        }
    }

    #[tokio::test]
    async fn who_is_told_no_numbers_goes_on_from_a_sealed_place() {
        let sealed = "00112233445566778899aabbccddeeff";
        let server = Server::start(&[&end(0), &page(&[0, 0], "")]);
        let (mut console, written) = console(b"");
        let arguments = ExportArguments { after: sealed.parse().unwrap(), ..arguments(None) };
        run(arguments, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), [0, 0].map(line).concat());
        assert!(server.requests()[1].starts_with(&format!("GET /api/v0/audit?after={sealed}&")));
    }

    #[tokio::test]
    async fn nothing_is_no_failure() {
        assert_eq!(exported(&[end(7), page(&[], "")]).await.0.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_is_cut_off_or_out_of_order_is_a_failure() {
        let cut = page(&[1, 2], "2").replace(&line(2), "");
        for bad in [page(&[2, 1], "2"), cut, "HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n".to_owned()] {
            let (ended, _, _) = exported(&[end(4), bad.clone()]).await;
            assert_eq!(ended.unwrap_err().exit_code(), 1, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_file_is_there_once_it_is_whole_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.ndjson");
        fs::write(&path, "before").unwrap();
        let left = || fs::read_dir(directory.path()).unwrap().count();
        let run_with = async |answers: &[String]| {
            let server = Server::start(&answers.iter().map(String::as_str).collect::<Vec<_>>());
            let (mut console, written) = console(b"");
            let arguments = arguments(Some(path.clone()));
            (run(arguments, &mut server.api(), &mut console).await, written.out())
        };
        let (ended, _) = run_with(&[end(4), page(&[1, 2], "2"), "HTTP/1.1 ".to_owned()]).await;
        assert_eq!(ended.unwrap_err().exit_code(), 1);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), left()), ("before", 1));
        let (ended, said) = run_with(&[end(4), page(&[1, 4], "")]).await;
        ended.unwrap();
        assert!(said.starts_with("wrote 2 records into "), "{said}");
        assert_eq!((fs::read_to_string(&path).unwrap(), left()), ([1, 4].map(line).concat(), 1));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
