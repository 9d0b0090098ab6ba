//! How an answer about access is shown.

use serde_json::Value;

use crate::api::{AccessCheck, AccessSource};
use crate::cli::commands::why;
use crate::cli::screen::{Report, shown};
use crate::domain::access::{AccessLevel, Cut};

/// Whether somebody may do something: the answer, and a line for each reason.
pub(super) fn checked(answer: Value, found: &AccessCheck) -> Report {
    let namespace = found.repository.split_once('/').map_or("", |(namespace, _)| namespace);
    let sources = found.sources.iter().map(|source| told(namespace, source));
    let makes = found.makes_repository.then(|| "there is no such repository: the push makes it".to_owned());
    let cuts = found.cuts.iter().map(|cut| match cut.cut {
        // It says neither what there is nor what there is not.
        Cut::Hidden => shown::plain(&cut.text),
        Cut::AccountInactive
        | Cut::TokenState
        | Cut::NoAccess
        | Cut::Level
        | Cut::Pattern
        | Cut::Cap
        | Cut::ReplacedSecret
        | Cut::NotThere
        | Cut::Deleted
        | Cut::NoNamespace
        | Cut::CreateOnPushOff
        | Cut::NotMade => format!("but {}", shown::plain(&cut.text)),
    });
    let (word, level) = (if found.allowed { "yes" } else { "no" }, found.access_level);
    let level = level.map_or_else(|| "no access".to_owned(), |level: AccessLevel| level.to_string());
    Report::done_then(answer, format!("{word}, with {level}"), sources.chain(makes).chain(cuts).collect())
}

fn told(namespace: &str, source: &AccessSource) -> String {
    let why = why::source(source.reason, namespace, source.team.as_deref());
    format!("{}: {}", source.access_level, shown::plain(&why))
}

/// That somebody may not do something.
pub(super) fn refused(found: &AccessCheck) -> String {
    let with = found.token.as_deref().map(|id| format!(" with the access token {}", shown::plain(id)));
    let (user, with) = (shown::plain(&found.user), with.unwrap_or_default());
    format!("{user} may not {} {}{with}", found.action, shown::plain(&found.repository))
}
