//! `dockpass audit export`: records of the audit log as they stand in it, one a line, oldest first.
//!
//! The end is that of the log when the export begins. The log is read page by page, and nothing is kept; a file is there
//! under its name only once it is whole and on the disk.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::which::{Query, WhichArguments, head};
use crate::api::operations::audit as op;
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::{Api, ApiAnswer};

#[derive(Args)]
pub(in crate::cli) struct ExportArguments {
    #[command(flatten)]
    which: WhichArguments,
    /// The file to write, for its owner alone; one that is there is replaced once all is written
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(arguments: ExportArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let query = arguments.which.query(console.clock.now(), api).await?;
    let Some(path) = arguments.output else {
        return stoppable(export(query, api, |lines| console.write(lines))).await.map(drop);
    };
    let mut file = Unfinished::create(&path)?;
    let count = stoppable(export(query, api, |lines| file.write(lines))).await?;
    file.finish()?;
    let line = format!("wrote {} into {}", shown::counted(count, "record"), path.display());
    console.report(&Report::done(serde_json::json!({ "records": count }), line))
}

async fn stoppable(export: impl Future<Output = Result<u64, CliError>>) -> Result<u64, CliError> {
    tokio::select! {
        ended = export => ended,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
    }
}

/// What is read of a line.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// Passes all records on to `write`, page by page; returns how many.
async fn export(
    mut query: Query,
    api: &mut Api,
    mut write: impl FnMut(&str) -> Result<(), CliError>,
) -> Result<u64, CliError> {
    // The newest are asked for first: so what waits is written, and the end is known.
    let last = head(&api.page(op::ListAudit, [], &query, None).await?.list)?;
    query.1.after = Some(0);
    let (mut start, mut count) = (None::<String>, 0);
    let mut reached = 0;
    loop {
        let answer = api.lines(op::ListAudit, &query, start.as_deref(), PAGE).await?;
        let lines = answer.value.as_str().unwrap_or_default();
        let mut kept = 0;
        for line in lines.split_inclusive('\n') {
            let seq = number(&answer, line)?;
            if seq > last {
                break;
            }
            if seq <= reached || !line.ends_with('\n') {
                return Err(answer.unusable("its records are not in order"));
            }
            (reached, count, kept) = (seq, count + 1, kept + line.len());
        }
        write(lines.get(..kept).unwrap_or_default())?;
        if kept < lines.len() || answer.next_page.is_none() {
            return Ok(count);
        }
        if answer.next_page == start {
            return Err(answer.unusable("the list leads in a circle"));
        }
        start = answer.next_page;
    }
}

/// Records that one page has.
const PAGE: usize = 1_000;

fn number(answer: &ApiAnswer, line: &str) -> Result<u64, CliError> {
    serde_json::from_str::<Numbered>(line).map(|it| it.seq).map_err(|cause| answer.unusable(cause))
}

/// A file that gets its name when it is whole, and goes if it never is.
struct Unfinished<'p> {
    file: File,
    path: &'p Path,
    beside: PathBuf,
    is_whole: bool,
}

impl<'p> Unfinished<'p> {
    fn create(path: &'p Path) -> Result<Self, CliError> {
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or_else(|| CliError::Usage("--output takes a file".to_owned()))?);
        name.push(format!(".{}", std::process::id()));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let file = file.map_err(|cause| failed(path, cause))?;
        Ok(Self { file, path, beside, is_whole: false })
    }

    fn write(&mut self, lines: &str) -> Result<(), CliError> {
        self.file.write_all(lines.as_bytes()).map_err(|cause| failed(self.path, cause))
    }

    fn finish(mut self) -> Result<(), CliError> {
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.beside, self.path));
        self.is_whole = kept.is_ok();
        kept.map_err(|cause| failed(self.path, cause))
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            // It may be gone already; what failed is told anyway.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn failed(path: &Path, cause: io::Error) -> CliError {
    CliError::File { action: "write", path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
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
        let ended = export(Query::default(), &mut server.api(), keep).await;
        (ended, out, server.requests())
    }

    #[tokio::test]
    async fn every_line_is_kept_byte_by_byte_up_to_the_end_at_the_beginning() {
        let answers = [end(4), page(&[1, 2], "2"), page(&[4, 5], "5")];
        let (count, out, asked) = exported(&answers).await;
        assert_eq!((count.unwrap(), out), (3, [1, 2, 4].map(line).concat()));
        assert!(asked[1..].iter().all(|request| request.contains(op::LINES)), "{asked:?}");
        assert!(asked[2].starts_with("GET /api/v0/audit?after=0&pageSize=1000&pageStart=2 "), "{asked:?}");
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
            let arguments = ExportArguments { which: WhichArguments::all(), output: Some(path.clone()) };
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
