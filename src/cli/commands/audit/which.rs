//! Which records of the audit log are asked for, and what the answers have.

use clap::Args;

use crate::api::operations::audit as op;
use crate::api::{AuditRecord, OwnRecord, Paging};
use crate::cli::commands::activity::ActivityArguments;
use crate::cli::commands::token::reference;
use crate::cli::screen::CliError;
use crate::cli::wire::{Api, List};
use crate::domain::audit::AuditHead;
use crate::domain::sealed_number::LogPlace;
use crate::domain::time::Timestamp;

/// The query for records of the log.
pub(super) type Query = (op::WhichRecords, op::FromRecord, Paging<LogPlace>);

/// Which records.
#[derive(Args)]
pub(super) struct WhichArguments {
    /// Only what this account did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only what was done to this: a name, an id, the label or the owner of an access token
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
    /// Only what was done to this repository; who administers it, or its namespace, gets the refusals of pulls and pushes there
    #[arg(long, value_name = "NAMESPACE/NAME")]
    repository: Option<String>,
    /// Only what this access token did and what was done to it: its id, also when it is gone, its hash, or its label
    #[arg(long, value_name = "WHICH")]
    token: Option<String>,
    /// Only what concerns this account: what it did, and what was done to it, its access tokens and its repositories. An
    /// earlier account of the same name is another: it has its own id
    #[arg(long, value_name = "NAME|ID")]
    account: Option<String>,
    /// Only what was done with this credential: a kind such as password, or the id or the label of an access token
    #[arg(long, value_name = "WHICH")]
    credential: Option<String>,
    #[command(flatten)]
    pub(super) activity: ActivityArguments,
}

impl WhichArguments {
    /// All records.
    #[cfg(test)]
    pub(super) fn all() -> Self {
        let activity = ActivityArguments { action: None, outcome: None, since: None, until: None };
        Self { actor: None, object: None, repository: None, token: None, account: None, credential: None, activity }
    }

    /// The query for them, newest first.
    pub(super) async fn query(self, now: Timestamp, api: &mut Api) -> Result<Query, CliError> {
        let Self { actor, object, repository, token, account, credential, activity } = self;
        let token = match token {
            Some(text) => Some(reference::id_or_label(api, text).await?),
            None => None,
        };
        let (op::WhichActivity { action, outcome, since, until }, _) = activity.query(now);
        let which =
            op::WhichRecords { actor, action, object, repository, token, account, credential, outcome, since, until };
        Ok((which, op::FromRecord::default(), Paging::default()))
    }
}

/// The records of a list, in the order of the list.
pub(super) fn shown(list: &List<AuditRecord>) -> Result<Vec<OwnRecord>, CliError> {
    Ok(list.read()?.into_iter().map(|shown| OwnRecord::from(shown.record)).collect())
}

/// Up to where of the log was looked.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// The number of the record; 0 for who sees a part of the log.
    pub(super) number: u64,
    /// The same as it is given back.
    pub(super) place: LogPlace,
    /// The head of the log; none for who sees a part of it, and of an earlier server.
    pub(super) head: Option<AuditHead>,
}

impl End {
    /// As an answer says it. An earlier server has the number alone.
    pub(super) fn of(list: &List<AuditRecord>) -> Result<Self, CliError> {
        let missing = || list.unusable("the end of the log is missing");
        let number = list.answer.get("head").and_then(serde_json::Value::as_u64).ok_or_else(missing)?;
        let place = list.answer.get("reached").and_then(serde_json::Value::as_str);
        let place = place.map_or(Ok(LogPlace::Number(number)), str::parse).map_err(|_| missing())?;
        let hash = list.answer.get("headHash").and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok(Self { number, place, head: format!("{number}:{hash}").parse().ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::values;
    use crate::cli::wire::ApiPath;
    use crate::domain::audit::Outcome;

    fn every() -> WhichArguments {
        WhichArguments {
            actor: Some("local:0".into()),
            object: None,
            repository: None,
            token: Some("laptop".into()),
            account: Some("alice".into()),
            credential: Some("ci".into()),
            activity: ActivityArguments {
                action: Some("token.create".parse().unwrap()),
                outcome: Some(Outcome::Denied),
                since: values::moment("1h").ok(),
                until: None,
            },
        }
    }

    #[tokio::test]
    async fn every_filter_is_sent() {
        let now = Timestamp::parse("2026-01-31T01:00:00Z").unwrap();
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let query = every().query(now, &mut nowhere).await.unwrap();
        let path = ApiPath::of::<op::ListAudit, _>([], &query);
        let expected = "/api/v0/audit?actor=local%3A0&action=token.create&token=laptop&account=alice&credential=ci\
            &outcome=denied&since=2026-01-31T00%3A00%3A00Z";
        assert_eq!(path.as_str(), expected);
    }
}
