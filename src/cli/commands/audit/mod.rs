//! `dockpass audit`: reading the audit log and checking that nobody changed it.

mod export;
mod follow;
mod list;
mod which;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::api::operations::audit as op;
use crate::api::{self, AuditNoted, VerifyAudit};
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::Api;
use crate::domain::audit::AuditHead;

/// What can be done with the audit log.
#[derive(Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// List records, newest first, or follow them live
    #[command(after_help = "Example:\n  dockpass audit list --account alice --outcome denied --since 2026-01-31\n  \
        dockpass audit list --token 01ARZ3NDEKTSV4RRFFQ69G5FAV --since 1h\n  dockpass audit list --follow --action token")]
    List(list::ListArguments),
    /// Write records as JSON, one a line, oldest first, each with the hash that the chain has
    #[command(after_help = "Example:\n  dockpass audit export --since 30d --output audit.ndjson\n  \
        dockpass audit export --token 01ARZ3NDEKTSV4RRFFQ69G5FAV | jq .action")]
    Export(export::ExportArguments),
    /// Verify every record, on the server's machine
    #[command(after_help = "Example:\n  dockpass audit verify --head 1200:5f3c…")]
    Verify {
        /// A place in the log that must still be there, as `dockpass audit head` printed it
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<AuditHead>,
        /// The same from a file, such as that of `audit.head_file`
        #[arg(long, value_name = "FILE", conflicts_with = "head")]
        head_file: Option<PathBuf>,
    },
    /// Print the head of the log; keep it elsewhere for a later `audit verify --head`
    #[command(after_help = "Example:\n  dockpass audit head >> /mnt/elsewhere/dockpass-audit-heads")]
    Head,
}

pub(in crate::cli) async fn run(command: AuditCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        AuditCommand::List(arguments) => list::run(arguments, api, console).await,
        AuditCommand::Export(arguments) => export::run(arguments, api, console).await,
        AuditCommand::Verify { head, head_file } => {
            let noted = head_file.as_deref().map(noted).transpose()?;
            verify(noted.or(head), api, console).await
        }
        AuditCommand::Head => {
            let answer = api.call(op::ViewAuditHead, [], &()).await?;
            let line = written(&answer.read()?);
            console.report(&Report::done(answer.value, line))
        }
    }
}

/// Longest file with a head, in bytes.
const LONGEST: u64 = 4_096;

/// The head that a file notes.
fn noted(path: &Path) -> Result<AuditHead, CliError> {
    let failed = |cause| CliError::File { path: path.to_owned(), action: "read", cause };
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text)).map_err(failed)?;
    text.trim().parse().map_err(|error| CliError::Finding(format!("{}: {error}", path.display())))
}

fn written(head: &api::AuditHead) -> String {
    format!("{}:{}", head.seq, shown::plain(&head.hash))
}

/// Has the server check the whole chain. A broken chain is reported, and fails the command.
async fn verify(head: Option<AuditHead>, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    api.must_be_local("dockpass audit verify")?;
    let answer = api.send(op::VerifyAudit, [], &(), &VerifyAudit { head: head.map(|head| head.to_string()) }).await?;
    let found = answer.read()?;
    let mut count = shown::counted(found.records, "record");
    if found.removed > 0 {
        count = format!("{count}, {} removed", found.removed);
    }
    if let Some(anchor) = &found.anchor {
        count = format!("{count} (all up to {}, which are summed up)", anchor.seq);
    }
    match found.problem {
        None => console.report(&Report::done(
            answer.value,
            format!("the audit log is whole: {count}, up to {}", written(&found.head)),
        )),
        Some(problem) => {
            let line = format!("read {count}, up to {}", written(&found.head));
            console.report(&Report::done(answer.value, line))?;
            let what = match found.noted {
                Some(AuditNoted::SummedUp) => "the noted head is too old to be proven",
                Some(AuditNoted::There | AuditNoted::Missing) | None => "the audit log is not whole",
            };
            Err(CliError::Finding(format!("{what}: {}", shown::plain(&problem))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    #[tokio::test]
    async fn the_head_is_one_line() {
        let server = Server::with_json(&[(200, r#"{"seq":12,"hash":"ab"}"#)]);
        let (mut console, written) = console(b"");
        run(AuditCommand::Head, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "12:ab\n");
        assert!(server.requests()[0].starts_with("GET /api/v0/audit/head "));
    }

    #[tokio::test]
    async fn a_broken_chain_is_a_failure() {
        let whole = r#"{"records":1,"head":{"seq":1,"hash":"ab"},"problem":null}"#;
        let broken = r#"{"records":3,"head":{"seq":3,"hash":"cd"},"problem":"record 2 was changed"}"#;
        let shortened = r#"{"records":2,"removed":500,"head":{"seq":502,"hash":"ef"},"problem":null}"#;
        let server = Server::with_json(&[(200, whole), (200, broken), (200, shortened)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        verify(None, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "the audit log is whole: 1 record, up to 1:ab\n");
        let head = format!("9:{}", "f".repeat(64));
        let error = verify(head.parse().ok(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (error.exit_code(), error.to_string().as_str()),
            (1, "the audit log is not whole: record 2 was changed")
        );
        verify(None, &mut api, &mut console).await.unwrap();
        assert!(written.out().ends_with("\nthe audit log is whole: 2 records, 500 removed, up to 502:ef\n"));
        let sent = server.requests();
        assert!(sent[0].ends_with("\r\n\r\n{}") && sent[1].ends_with(&format!(r#"{{"head":"{head}"}}"#)));
    }

    #[test]
    fn a_head_is_read_from_the_file_that_notes_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let head = format!("9:{}", "f".repeat(64));
        std::fs::write(file.path(), format!("{head}\n")).unwrap();
        assert_eq!(noted(file.path()).unwrap().to_string(), head);
        for bad in ["", "9\n", "9:ff\n"] {
            std::fs::write(file.path(), bad).unwrap();
            assert!(noted(file.path()).unwrap_err().to_string().contains("expected SEQ:HASH"), "{bad}");
        }
        assert!(matches!(noted(Path::new("/nonexistent/head")), Err(CliError::File { .. })));
    }
}
