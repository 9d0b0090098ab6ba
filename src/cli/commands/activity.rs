//! What somebody did, as lists show it: records of the audit log, and what of it those see whom it concerns.

use clap::Args;

use crate::api::operations::audit as op;
use crate::api::{OwnRecord, Paging};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::List;
use crate::domain::act::ActFilter;
use crate::domain::audit::Outcome;
use crate::domain::sealed_number::SealedNumber;
use crate::domain::time::Timestamp;

/// Records that a list shows unless it is told otherwise.
const USUAL: u32 = 100;

/// Which records, of all that may be asked for.
#[derive(Args)]
pub(in crate::cli) struct ActivityArguments {
    /// Only this action, such as token.create, or all of a noun, such as token
    #[arg(long, value_name = "NOUN[.VERB]")]
    pub(in crate::cli) action: Option<ActFilter>,
    /// Only what ended like this
    #[arg(long, value_parser = values::word::<Outcome>())]
    pub(in crate::cli) outcome: Option<Outcome>,
    /// Only from this moment on: a length of time ago (1h), a date or a time
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    pub(in crate::cli) since: Option<MomentArgument>,
    /// Only before this moment: a length of time ago (1h), a date or a time
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    pub(in crate::cli) until: Option<MomentArgument>,
}

impl ActivityArguments {
    /// The query for it.
    pub(in crate::cli) fn query(self, now: Timestamp) -> (op::WhichActivity, Paging<SealedNumber>) {
        let Self { action, outcome, since, until } = self;
        let [since, until] = [since, until].map(|moment| moment.map(|moment| moment.back(now)));
        (op::WhichActivity { action, outcome, since, until }, Paging::default())
    }
}

/// How many records.
#[derive(Args)]
pub(in crate::cli) struct Most {
    /// Maximum number of records
    #[arg(long, value_name = "N", default_value_t = USUAL, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl Most {
    pub(in crate::cli) fn rows(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

const COLUMNS: &[(&str, Fit)] = &[
    ("TIME (UTC)", Fit::Whole),
    ("ACTOR", Fit::Shrinks(6)),
    ("ACTION", Fit::Whole),
    ("OBJECT", Fit::Shrinks(6)),
    ("OUTCOME", Fit::Whole),
    ("FROM", Fit::Optional(9)),
    ("REASON", Fit::Optional(12)),
    ("CREDENTIAL", Fit::Optional(10)),
];

/// The table of these records.
pub(in crate::cli) fn table<'r>(records: impl IntoIterator<Item = &'r OwnRecord>) -> Table {
    Table { columns: COLUMNS, rows: records.into_iter().map(row).collect() }
}

fn row(record: &OwnRecord) -> Vec<String> {
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

/// The report of a list whose rows those see whom they concern.
pub(in crate::cli) fn report(list: List<OwnRecord>) -> Result<Report, CliError> {
    let table = table(&list.read()?);
    Ok(Report { answer: list.answer, view: View::Many(table, NOTHING) })
}

/// What is said where no record is found.
pub(in crate::cli) const NOTHING: &str = "There are no such records.";

#[cfg(test)]
mod tests {
    use super::*;

    fn record(count: u64) -> OwnRecord {
        let record = serde_json::json!({
            "time": "2026-11-29T05:57:54.1Z", "firstTime": null, "actor": "a-long-name-of-somebody",
            "credential": "accessToken:01KF0RDQG0JN22CVXCGZFZM0NA", "credentialLabel": null,
            "address": "2001:db8:1:2:3:4:5:6", "action": "organization.deleteMember",
            "object": "acme a-long-name-of-somebody", "outcome": "success", "count": count,
            "reason": "the account has no access",
        });
        serde_json::from_value(record).unwrap()
    }

    fn of(cells: [&str; 8], count: u64) -> OwnRecord {
        let [time, actor, action, object, outcome, address, reason, credential] = cells;
        let record = serde_json::json!({
            "time": time, "firstTime": null, "actor": actor, "credential": credential, "credentialLabel": null,
            "address": address, "action": action, "object": object, "outcome": outcome, "count": count,
            "reason": (!reason.is_empty()).then_some(reason),
        });
        serde_json::from_value(record).unwrap()
    }

    const AT_80: &str = "\
TIME (UTC)           ACTOR      ACTION                     OBJECT     OUTCOME
2026-11-29 05:57:54  alice      token.create               alice 01…  success
2026-11-29 05:57:55  a-long-n…  organization.deleteMember  acme a-l…  success
2026-11-29 05:58:01  bob        registryToken.refuse       alice/ap…  denied ×12
";

    /// But for its last columns.
    const AT_200: &str = "\
TIME (UTC)           ACTOR                    ACTION                     OBJECT                        OUTCOME     FROM
2026-11-29 05:57:54  alice                    token.create               alice 01KF0RDQG0JN22CVXCGZF…  success     192.0.2.7
2026-11-29 05:57:55  a-long-name-of-somebody  organization.deleteMember  acme a-long-name-of-somebody  success     2001:db8:1:2:3:4:5:6
2026-11-29 05:58:01  bob                      registryToken.refuse       alice/app push                denied ×12  192.0.2.9
";

    #[test]
    fn the_table_reads_the_same_on_terminals_of_80_and_200_columns() {
        const BY_TOKEN: &str = "accessToken:01KF0RDQG0JN22CVXCGZFZM0NB";
        let made = ["2026-11-29T05:57:54Z", "alice", "token.create", "alice 01KF0RDQG0JN22CVXCGZFZM0NA", "success"];
        let left = ["2026-11-29T05:57:55.9Z", "a-long-name-of-somebody", "organization.deleteMember"];
        let refused = ["2026-11-29T05:58:01Z", "bob", "registryToken.refuse", "alice/app push", "denied"];
        let left = [left[0], left[1], left[2], "acme a-long-name-of-somebody", "success"];
        let with = |it: [&'static str; 5], rest: [&'static str; 3], count| {
            of([it[0], it[1], it[2], it[3], it[4], rest[0], rest[1], rest[2]], count)
        };
        let records = [
            with(made, ["192.0.2.7", "", "session"], 1),
            with(left, ["2001:db8:1:2:3:4:5:6", "", BY_TOKEN], 1),
            with(refused, ["192.0.2.9", "the account has read-only only", BY_TOKEN], 12),
        ];
        assert_eq!(table(&records).render(Some(80)), AT_80);
        let wide = table(&records).render(Some(200));
        assert!(wide.lines().all(|line| line.chars().count() <= 200), "{wide}");
        for (line, begins) in wide.lines().zip(AT_200.lines()) {
            assert!(line.starts_with(begins), "{wide}");
        }
        assert!(wide.contains("  the account has read-only only  accessToken:01KF0RDQG0JN22CVXC…\n"), "{wide}");
    }

    #[test]
    fn a_terminal_of_80_columns_shows_what_was_done_and_when() {
        let table = table([&record(1), &record(1_000_000)]);
        let narrow = table.render(Some(80));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        for whole in ["2026-11-29 05:57:54", "organization.deleteMember", "success ×1000000"] {
            assert!(narrow.contains(whole), "{narrow}");
        }
        for whole in [table.render(None), table.render(Some(230))] {
            assert!(whole.contains("01KF0RDQG0JN22CVXCGZFZM0NA") && whole.contains("no access"), "{whole}");
        }
    }
}
