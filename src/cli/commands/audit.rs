//! `dockpass audit`: reading the audit log and checking that nobody changed it.

use clap::{Args, Subcommand};

use crate::api::operations::audit as op;
use crate::api::{AuditHead, AuditRecord, Paging, VerifyAudit};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View, shown};
use crate::cli::wire::{Api, List};
use crate::domain::act::ActFilter;
use crate::domain::audit::Outcome;
use crate::domain::time::Timestamp;

/// What can be done with the audit log.
#[derive(Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// List records, newest first
    #[command(
        after_help = "Example:\n  dockpass audit list --actor alice --outcome denied --since 2026-01-31\n  dockpass audit list --since 1h"
    )]
    List(ListArguments),
    /// Check every record, on the machine of the server
    #[command(after_help = "Example:\n  dockpass audit verify --head 1200:5f3c…")]
    Verify {
        /// A place in the log that must still be there, as `dockpass audit head` printed it
        #[arg(long, value_name = "SEQ:HASH", value_parser = values::head)]
        head: Option<String>,
    },
    /// Print the end of the log, to be kept elsewhere for a later `verify --head`
    #[command(after_help = "Example:\n  dockpass audit head >> /mnt/elsewhere/dockpass-audit-heads")]
    Head,
}

/// Which records.
#[derive(Args)]
pub(in crate::cli) struct ListArguments {
    /// Only what this account did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action, such as token.create, or all of a noun, such as token
    #[arg(long, value_name = "NOUN[.VERB]")]
    action: Option<ActFilter>,
    /// Only what was done to this: a name, an id, the label or the owner of an access token
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
    /// Only what was done to this repository; who administers it, or its namespace, gets the refusals of pulls and pushes there
    #[arg(long, value_name = "NAMESPACE/NAME")]
    repository: Option<String>,
    /// Only what was done with this credential: a kind such as password, or the id or the label of an access token
    #[arg(long, value_name = "WHICH")]
    credential: Option<String>,
    /// Only what ended like this
    #[arg(long, value_parser = values::word::<Outcome>())]
    outcome: Option<Outcome>,
    /// Only from this moment on: a length of time ago (1h), a date or a time
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    since: Option<MomentArgument>,
    /// Only before this moment: a length of time ago (1h), a date or a time
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    until: Option<MomentArgument>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

const COLUMNS: &[(&str, Fit)] = &[
    ("TIME (UTC)", Fit::Whole),
    ("ACTOR", Fit::Shrinks(8)),
    ("ACTION", Fit::Whole),
    ("OBJECT", Fit::Shrinks(10)),
    ("OUTCOME", Fit::Whole),
    ("FROM", Fit::Optional(9)),
    ("REASON", Fit::Optional(12)),
    ("CREDENTIAL", Fit::Optional(10)),
];

pub(in crate::cli) async fn run(command: AuditCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        AuditCommand::List(arguments) => {
            let most = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
            let list =
                api.list(op::ListAudit, [], &(which(arguments, console.clock.now()), Paging::default()), most).await?;
            console.report(&report(list)?)
        }
        AuditCommand::Verify { head } => verify(head, api, console).await,
        AuditCommand::Head => {
            let answer = api.call(op::ViewAuditHead, [], &()).await?;
            let line = written(&answer.read()?);
            console.report(&Report::done(answer.value, line))
        }
    }
}

fn which(arguments: ListArguments, now: Timestamp) -> op::WhichRecords {
    let ListArguments { actor, action, object, repository, credential, outcome, since, until, limit: _ } = arguments;
    let [since, until] = [since, until].map(|moment| moment.map(|moment| moment.back(now)));
    op::WhichRecords { actor, action, object, repository, credential, outcome, since, until }
}

fn report(list: List<AuditRecord>) -> Result<Report, CliError> {
    let rows = list.read()?.iter().map(row).collect();
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: COLUMNS, rows }, "There are no such records.") })
}

fn row(AuditRecord { record, .. }: &AuditRecord) -> Vec<String> {
    let times = if record.count > 1 { format!(" ×{}", record.count) } else { String::new() };
    vec![
        shown::exact_time(&record.time.to_string()),
        shown::or_dash(&record.actor),
        record.action.clone(),
        shown::or_dash(&record.object),
        format!("{}{times}", record.outcome),
        shown::or_dash(&record.address),
        shown::or_dash(record.reason.as_deref().unwrap_or_default()),
        record.credential.clone(),
    ]
}

fn written(head: &AuditHead) -> String {
    format!("{}:{}", head.seq, shown::plain(&head.hash))
}

/// Has the server check the whole chain. A broken chain is reported, and fails the command.
async fn verify(head: Option<String>, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    api.must_be_local("dockpass audit verify")?;
    let answer = api.send(op::VerifyAudit, [], &(), &VerifyAudit { head }).await?;
    let found = answer.read()?;
    let mut count = shown::counted(found.records, "record");
    if found.removed > 0 {
        count = format!("{count}, {} removed", found.removed);
    }
    match found.problem {
        None => console.report(&Report::done(
            answer.value,
            format!("the audit log is whole: {count}, up to {}", written(&found.head)),
        )),
        Some(problem) => {
            let line = format!("read {count}, up to {}", written(&found.head));
            console.report(&Report::done(answer.value, line))?;
            Err(CliError::Finding(format!("the audit log is not whole: {}", shown::plain(&problem))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};
    use crate::cli::wire::ApiPath;

    #[test]
    fn every_filter_is_sent() {
        let now = Timestamp::parse("2026-01-31T01:00:00Z").unwrap();
        let arguments = ListArguments {
            actor: Some("local:0".into()),
            action: Some("token.create".parse().unwrap()),
            object: None,
            repository: None,
            credential: Some("ci".into()),
            outcome: Some(Outcome::Denied),
            since: values::moment("1h").ok(),
            until: None,
            limit: 7,
        };
        let expected = "/api/v0/audit?actor=local%3A0&action=token.create&credential=ci&outcome=denied&since=2026-01-31T00%3A00%3A00Z";
        let path = ApiPath::of::<op::ListAudit, _>([], &(which(arguments, now), Paging::default()));
        assert_eq!(path.as_str(), expected);
    }

    #[test]
    fn a_terminal_of_80_columns_shows_what_was_done_and_when() {
        let record = serde_json::json!({
            "seq": 1, "time": "2026-11-29T05:57:54.1Z", "actor": "a-long-name-of-somebody", "actorId": null,
            "credential": "accessToken:01KF0RDQG0JN22CVXCGZFZM0NA", "address": "2001:db8:1:2:3:4:5:6",
            "action": "organization.deleteMember", "object": "acme a-long-name-of-somebody", "outcome": "success",
            "count": 1, "reason": "the account has no access", "hash": "ab",
        });
        let rows = vec![row(&serde_json::from_value(record).unwrap())];
        let table = Table { columns: COLUMNS, rows };
        let narrow = table.render(Some(80));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        assert!(narrow.contains("2026-11-29 05:57:54") && narrow.contains("organization.deleteMember"), "{narrow}");
        for whole in [table.render(None), table.render(Some(220))] {
            assert!(whole.contains("01KF0RDQG0JN22CVXCGZFZM0NA") && whole.contains("no access"), "{whole}");
        }
    }

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
        let error = verify(Some("9:ff".into()), &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (error.exit_code(), error.to_string().as_str()),
            (1, "the audit log is not whole: record 2 was changed")
        );
        verify(None, &mut api, &mut console).await.unwrap();
        assert!(written.out().ends_with("\nthe audit log is whole: 2 records, 500 removed, up to 502:ef\n"));
        let sent = server.requests();
        assert!(sent[0].ends_with("\r\n\r\n{}") && sent[1].ends_with(r#"{"head":"9:ff"}"#));
    }
}
