//! How an answer about access is shown.

use serde_json::Value;

use crate::api::{AccessCheck, AccessSource};
use crate::cli::commands::why::Way;
use crate::cli::screen::{Report, shown};
use crate::domain::access::Cut;

/// Whether somebody may do something: the answer, and a line for each reason.
pub(super) fn checked(answer: Value, found: &AccessCheck) -> Report {
    let sources = found.sources.iter().map(|source| told(found, source));
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
    let told = sources.chain(missing(found)).chain(cuts).chain(for_everybody(found));
    Report::done_then(answer, said(found), told.collect())
}

/// Yes or no, with the level: one that would do where something else stands against it is told as such.
fn said(found: &AccessCheck) -> String {
    let is_too_low = found.cuts.iter().any(|cut| matches!(cut.cut, Cut::Level | Cut::Cap));
    match (found.allowed, found.access_level) {
        (true, Some(level)) => format!("yes, with {level}"),
        (true, None) => "yes".to_owned(),
        (false, Some(level)) if is_too_low => format!("no, with no more than {level}"),
        (false, Some(level)) => format!("no, although the level is {level}"),
        (false, None) => "no, without access".to_owned(),
    }
}

fn told(found: &AccessCheck, source: &AccessSource) -> String {
    let why = Way::to(&found.repository, Some(&found.user), source).source();
    format!("{}: {}", source.access_level, shown::plain(&why))
}

/// That nothing is there, where no reason against it says so.
fn missing(found: &AccessCheck) -> Option<String> {
    let text = match (found.repository_exists, found.makes_repository) {
        (_, true) => "there is no such repository: the push makes it",
        (Some(false), false) if found.allowed => "there is no such repository: nothing is in it yet",
        (Some(_) | None, false) => return None,
    };
    Some(text.to_owned())
}

/// What who is refused may do without signing in.
fn for_everybody(found: &AccessCheck) -> Option<String> {
    let is_left = found.allowed_anonymously && !found.allowed;
    is_left.then(|| format!("without signing in everybody may {} it", found.action))
}

/// That somebody may not do something.
pub(super) fn refused(found: &AccessCheck) -> String {
    let with = found.token.as_deref().map(|id| format!(" with the access token {}", shown::plain(id)));
    let (user, with) = (shown::plain(&found.user), with.unwrap_or_default());
    format!("{user} may not {} {}{with}", found.action, shown::plain(&found.repository))
}
