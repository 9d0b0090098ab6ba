//! The same done for several things, one after the other: each result is told, and the exit code is that of the worst. What
//! is named twice is done once.

use std::fmt::Display;

use serde_json::Value;

use crate::cli::screen::{CliError, Console, Format, Report};
use crate::cli::wire::Api;

/// Most names that are told where many were not tried.
const NAMED: usize = 10;

/// Does the same for each. As JSON, several results are a list, and the result of one is itself.
pub(in crate::cli) async fn each<T: Display + PartialEq>(
    all: &[T],
    api: &mut Api,
    console: &mut Console,
    mut work: impl AsyncFnMut(&T, &mut Api, &mut Console) -> Result<Report, CliError>,
) -> Result<(), CliError> {
    if let [only] = all {
        let report = work(only, api, console).await?;
        return console.report(&report);
    }
    all_of(all, api, console, work).await
}

/// Does the same for each. One that is refused keeps no other from it, unless nothing can be done any more; what was not
/// tried then is named. As JSON, the results are a list.
pub(in crate::cli) async fn all_of<T: Display + PartialEq>(
    all: &[T],
    api: &mut Api,
    console: &mut Console,
    mut work: impl AsyncFnMut(&T, &mut Api, &mut Console) -> Result<Report, CliError>,
) -> Result<(), CliError> {
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    let once = each_once(all);
    for (place, &one) in once.iter().enumerate() {
        let done = work(one, api, console).await;
        let told = done.and_then(|report| tell(&report, &mut answers, console));
        let Err(error) = told else { continue };
        let is_end = error.ends_all();
        failures.push(error.about(&one.to_string()));
        if is_end {
            failures.extend(not_tried(once.get(place + 1..).unwrap_or_default()));
            break;
        }
    }
    if console.format == Format::Json {
        console.report(&Report::done(Value::Array(answers), String::new()))?;
    }
    CliError::all(failures)
}

/// Each once, in the order in which they were first named.
pub(in crate::cli) fn each_once<T: PartialEq>(all: &[T]) -> Vec<&T> {
    let mut once: Vec<&T> = Vec::with_capacity(all.len());
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

fn not_tried<T: Display>(rest: &[T]) -> Option<CliError> {
    let mut names: Vec<_> = rest.iter().take(NAMED).map(ToString::to_string).collect();
    let more = rest.len().saturating_sub(NAMED);
    names.extend((more > 0).then(|| format!("and {more} more")));
    (!names.is_empty()).then(|| CliError::Finding(format!("not tried: {}", names.join(", "))))
}

fn tell(report: &Report, answers: &mut Vec<Value>, console: &mut Console) -> Result<(), CliError> {
    match console.format {
        Format::Table => console.report(report),
        Format::Json => {
            answers.extend(Some(report.as_json()).filter(|answer| !answer.is_null()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    /// What is done with each name: some are refused, and one ends all.
    async fn done(names: &[&str], format: Format) -> (Result<(), CliError>, String) {
        let (mut console, written) = console(b"");
        console.format = format;
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let result = each(names, &mut nowhere, &mut console, async |name, _, _| match *name {
            "missing" => Err(CliError::Refused {
                status: 404,
                code: "NO_SUCH_USER".into(),
                message: "none".into(),
                retry_after: None,
            }),
            "gone" => Err(CliError::Timeout { place: "x".into(), seconds: 1, is_change: false }),
            name => Ok(Report::done(Value::Null, format!("did {name}"))),
        });
        (result.await, written.out())
    }

    #[tokio::test]
    async fn one_that_is_refused_keeps_no_other_from_it() {
        let (result, out) = done(&["a", "missing", "b"], Format::Table).await;
        let error = result.unwrap_err();
        assert_eq!(
            (out.as_str(), error.to_string().as_str(), error.exit_code()),
            ("did a\ndid b\n", "missing: none", 1)
        );
        let (result, out) = done(&["a", "gone", "b", "c"], Format::Table).await;
        let said = "x (about gone) takes connections, but did not answer within 1 seconds; not tried: b, c";
        assert_eq!((out.as_str(), result.unwrap_err().to_string().as_str()), ("did a\n", said));
    }

    #[tokio::test]
    async fn what_is_named_twice_is_done_once() {
        let (result, out) = done(&["a", "b", "a"], Format::Table).await;
        assert_eq!((out.as_str(), result.is_ok()), ("did a\ndid b\n", true));
    }

    #[tokio::test]
    async fn as_json_several_are_a_list_and_one_is_itself() {
        let (result, out) = done(&["a", "missing", "b"], Format::Json).await;
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(read, serde_json::json!([{ "done": "did a", "next": [] }, { "done": "did b", "next": [] }]));
        assert!(result.is_err());
        let (result, out) = done(&["a"], Format::Json).await;
        let read: Value = serde_json::from_str(&out).unwrap();
        assert!(result.is_ok() && read["done"] == "did a", "{out}");
        assert_eq!(done(&["missing"], Format::Json).await.0.unwrap_err().to_string(), "none");
    }
}
