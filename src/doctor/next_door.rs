//! The registry: whether it answers, what its clock says, whether it sends clients here and takes what dockpass shows it, and
//! whether what it holds is heard of.

use super::row;
use crate::api::ExaminedCheck;
use crate::causes::with_causes;
use crate::domain::checkup::Check;
use crate::domain::registry::{Outcome, Phase};
use crate::domain::time::Timestamp;
use crate::domain::upstream::UpstreamAuth;
use crate::registry::gateway::Found;
use crate::registry::upstream::{Base, Challenge};
use crate::registry::{Examined, NeighbourError, Progress};

/// A clock that differs by more than that is looked after, in seconds.
const NOTED: i64 = 5;
/// By how much a clock may be behind: registry tokens hold from so many seconds before they are signed. One that is ahead by more
/// ends them early.
const BORNE: i64 = 30;

/// The checks that need a registry.
const ITS_OWN: [Check; 4] = [Check::Registry, Check::Clock, Check::Token, Check::Catalogue];

/// What dockpass expects of it.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its URL.
    pub place: String,
    /// Whether that leads to this machine alone.
    pub is_local: bool,
    /// Where clients get registry tokens.
    pub realm: String,
    /// The services that tokens are given for.
    pub services: Vec<String>,
    /// What it is shown behind the gateway; none where it stands beside dockpass.
    pub gateway: Option<UpstreamAuth>,
    /// Why it did not answer a client behind the gateway lately.
    pub trouble: Option<String>,
    /// The comparison with it.
    pub progress: Progress,
}

/// The checks of the registry itself.
#[must_use]
pub fn rows(found: &Result<Examined, NeighbourError>, expected: &Expected) -> Vec<ExaminedCheck> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return silent(&with_causes(error), expected),
    };
    let base = &found.nobody;
    vec![answers(base, expected), clock(found.ahead), token(found, base, expected), catalogue(found, expected)]
}

/// Without a registry that is known, or without a server, there is nothing to look at.
#[must_use]
pub fn nothing(why: &str) -> Vec<ExaminedCheck> {
    let all = ITS_OWN.into_iter().chain([Check::Challenge, Check::Notifications, Check::PastGateway]);
    all.map(|check| row::not_applicable(check, why)).collect()
}

fn silent(why: &str, expected: &Expected) -> Vec<ExaminedCheck> {
    let remedy = format!("see that it runs at {}, and that this machine gets there (registry.url)", expected.place);
    let rest = ITS_OWN.into_iter().skip(1).map(|check| row::not_applicable(check, "the registry does not answer"));
    std::iter::once(row::failed(Check::Registry, why, remedy)).chain(rest).collect()
}

fn answers(base: &Base, expected: &Expected) -> ExaminedCheck {
    let (check, place) = (Check::Registry, &expected.place);
    if let Some(trouble) = &expected.trouble {
        return row::failed(check, format!("pushes and pulls fail: {trouble}"), "see the log of the registry");
    }
    if base.is_of_registry() {
        return row::ok(check, format!("{place} answers"));
    }
    let remedy = "see that registry.url leads to the registry, and look at its log";
    row::failed(check, base.as_of_no_registry(place), remedy)
}

fn clock(ahead: Option<i64>) -> ExaminedCheck {
    let check = Check::Clock;
    let Some(ahead) = ahead else {
        return row::not_applicable(check, "the registry does not tell what time it is");
    };
    let apart = row::counted(ahead.unsigned_abs(), "second");
    let seen =
        format!("the registry's clock is {apart} {} that of dockpass", if ahead < 0 { "behind" } else { "ahead of" });
    let remedy = "have both machines set their clocks by NTP: registry tokens hold for minutes only";
    match ahead.abs() {
        0 => row::ok(check, "both clocks say the same"),
        1..=NOTED => row::ok(check, seen),
        ..=BORNE => row::warning(check, seen, remedy),
        _ => row::failed(check, seen, remedy),
    }
}

/// Where clients are sent for registry tokens, by whoever answers them: the registry, or dockpass before it.
#[must_use]
pub fn challenge(base: Result<&Base, &str>, expected: &Expected) -> ExaminedCheck {
    let (check, realm) = (Check::Challenge, &expected.realm);
    let by = if expected.gateway.is_some() { "the public URL" } else { "the registry" };
    let mend = if expected.gateway.is_some() {
        "have what stands before dockpass pass /v2/ on to dockpass, with its headers".to_owned()
    } else {
        format!("give the registry what this prints: {CONFIGURATION}")
    };
    let base = match base {
        Ok(base) => base,
        Err(why) => return row::not_applicable(check, format!("{by} does not answer: {why}")),
    };
    match &base.challenge {
        _ if base.status.is_success() && expected.gateway.is_none() => open(expected),
        None => row::failed(
            check,
            format!(
                "{by} answers with status {} and without a challenge, so that no client gets a registry token",
                base.status.as_u16()
            ),
            mend,
        ),
        Some(Challenge { realm: found, service }) if found == realm && expected.services.contains(service) => {
            row::ok(check, format!("clients are sent to {realm} for the service {service}"))
        }
        Some(Challenge { realm: found, service }) if found == realm => row::failed(
            check,
            format!("{by} asks for tokens of the service `{service}`, which is none of registry.services"),
            mend,
        ),
        Some(Challenge { realm: found, .. }) => {
            row::failed(check, format!("{by} sends clients to `{found}`, and not to {realm}"), mend)
        }
    }
}

const CONFIGURATION: &str = "dockpass registry config --for distribution (or zot)";

/// A registry that nobody has to show anything to.
fn open(expected: &Expected) -> ExaminedCheck {
    let (check, place) = (Check::Challenge, &expected.place);
    if expected.is_local {
        return row::warning(
            check,
            format!("{place} answers everybody, and asks for no token: right only behind a proxy that asks dockpass"),
            format!(
                "give the registry what this prints: {CONFIGURATION}; or see to it that nobody gets there but the proxy"
            ),
        );
    }
    row::failed(
        check,
        format!("{place} answers everybody, and asks for no token: whoever gets there passes dockpass by"),
        format!("give the registry what this prints: {CONFIGURATION}"),
    )
}

fn token(found: &Examined, nobody: &Base, expected: &Expected) -> ExaminedCheck {
    let check = Check::Token;
    if expected.gateway == Some(UpstreamAuth::None) {
        return row::not_applicable(check, "the registry behind the gateway is shown nothing (registry.upstream_auth)");
    }
    if !nobody.is_refused() {
        let why = if nobody.status.is_success() { "the registry asks for nothing" } else { "see the registry" };
        return row::not_applicable(check, why);
    }
    let (what, remedy) = match expected.gateway {
        Some(UpstreamAuth::Basic) => (
            "the user name and the password that it is shown",
            "put the right ones into registry.upstream_user and its file".to_owned(),
        ),
        Some(UpstreamAuth::Token | UpstreamAuth::None) | None => {
            ("a registry token of dockpass", format!("give the registry what this prints: {CONFIGURATION}"))
        }
    };
    match (&found.shown, &found.accepted) {
        (Err(error), _) | (Ok(_), Err(error)) => {
            row::failed(check, format!("the registry does not take {what}: {}", with_causes(error)), remedy)
        }
        (Ok(_), Ok(())) => row::ok(check, format!("the registry takes {what}")),
    }
}

fn catalogue(found: &Examined, expected: &Expected) -> ExaminedCheck {
    let check = Check::Catalogue;
    if let Err(error) = &found.catalogue {
        return row::failed(
            check,
            format!("it cannot be read: {}", with_causes(error)),
            "without it, only notifications tell what the registry holds: see to the registry token, or to a proxy before it",
        );
    }
    let Progress { phase, finished_at, error, .. } = &expected.progress;
    let compared = finished_at.map(|at| format!("; compared at {}", row::minute(at))).unwrap_or_default();
    match phase {
        Phase::Failed => row::warning(
            check,
            format!("it can be read; the last comparison with it failed: {error}"),
            "compare once more: dockpass registry sync",
        ),
        Phase::Never | Phase::Running | Phase::Done | Phase::Stopped => {
            row::ok(check, format!("it can be read{compared}"))
        }
    }
}

/// What is known of notifications.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How many were taken since the start.
    pub received: u64,
    /// How many were refused.
    pub refused: u64,
    /// When the last one was taken.
    pub last: Option<Timestamp>,
    /// Whether the registry does not answer.
    pub is_silent: bool,
    /// Whether one came for a manifest that dockpass has just read; none if there was nothing to read, or why it could not.
    pub came: Option<Result<bool, String>>,
}

/// Whether notifications arrive.
#[must_use]
pub fn notifications(heard: &Heard) -> ExaminedCheck {
    let check = Check::Notifications;
    let last = heard.last.map(|last| format!(", the last at {}", row::minute(last))).unwrap_or_default();
    let so_far = format!("{} since the start{last}", heard.received);
    if heard.refused > 0 {
        return row::warning(check, format!("{so_far}; {} refused", heard.refused), "the log of dockpass says why");
    }
    let mend = format!(
        "see that its configuration has the notifications that this prints, with the secret: {CONFIGURATION}; and that it gets \
         to dockpass"
    );
    match &heard.came {
        Some(Ok(true)) => row::ok(check, format!("one came as soon as a manifest was read; {so_far}")),
        Some(Ok(false)) if heard.received == 0 => {
            row::warning(check, "none since the start, and none came when a manifest was read", mend)
        }
        // Some registries tell of pushes only.
        Some(Ok(false)) => row::ok(check, format!("{so_far}; none for a manifest that was read now")),
        Some(Err(why)) if heard.received == 0 => row::warning(check, format!("none since the start: {why}"), mend),
        None if heard.received == 0 && heard.is_silent => {
            row::not_applicable(check, "none since the start; the registry does not answer")
        }
        None if heard.received == 0 => {
            row::not_applicable(check, "none since the start; the registry holds nothing that one could come of")
        }
        Some(Err(_)) | None => row::ok(check, so_far),
    }
}

/// What dockpass has found out about the registry behind the gateway by itself, and when: it looks once a day, and not for this.
#[must_use]
pub fn past_gateway(found: &Found) -> ExaminedCheck {
    let check = Check::PastGateway;
    let both = [&found.closed_to_others, &found.blobs_apart];
    let bad: Vec<&str> = both.iter().filter(|it| it.outcome == Outcome::Bad).map(|it| it.reason.as_str()).collect();
    let unknown: Vec<&str> =
        both.iter().filter(|it| it.outcome == Outcome::Unknown).map(|it| it.reason.as_str()).collect();
    let looked = both.iter().filter_map(|it| it.found_at).min();
    let looked = looked.map(|at| format!("; looked at {}", row::minute(at))).unwrap_or_default();
    if !bad.is_empty() {
        let seen = format!("the registry: {}{looked}", bad.join("; "));
        return row::failed(check, seen, "see what it says, and mend it there");
    }
    if both.iter().any(|it| it.found_at.is_none()) {
        return row::not_applicable(check, "not looked at yet: within a minute after the registry answers");
    }
    if !unknown.is_empty() {
        let seen = format!("it is not known whether the registry is closed: {}{looked}", unknown.join("; "));
        return row::warning(check, seen, "see to it yourself that nobody but dockpass gets to the registry");
    }
    let seen = "nobody gets anything from the registry but through dockpass, and it keeps blobs apart";
    row::ok(check, format!("{seen}{looked}"))
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;
    use crate::domain::checkup::CheckState;
    use crate::registry::gateway::Finding;

    fn told(status: u16) -> Vec<ExaminedCheck> {
        let base = Base { status: StatusCode::from_u16(status).unwrap(), date: None, challenge: None };
        let expected = Expected {
            place: "http://r.example".to_owned(),
            is_local: true,
            realm: "https://d.example/auth/token".to_owned(),
            services: vec!["dockpass".to_owned()],
            gateway: None,
            trouble: None,
            progress: Progress::default(),
        };
        let found =
            Examined { shown: Ok(base.clone()), nobody: base, ahead: None, accepted: Ok(()), catalogue: Ok(()) };
        rows(&Ok(found), &expected)
    }

    #[test]
    fn what_answers_as_no_registry_does_is_not_said_to_ask_for_nothing() {
        for (status, state, of_token) in [
            (200, CheckState::Ok, "the registry asks for nothing"),
            (401, CheckState::Ok, "the registry takes a registry token of dockpass"),
            (429, CheckState::Ok, "see the registry"),
            (502, CheckState::Failed, "see the registry"),
        ] {
            let rows = told(status);
            let of = |check| rows.iter().find(|row| row.check == check).unwrap();
            assert_eq!((of(Check::Registry).state, of(Check::Token).seen.as_str()), (state, of_token), "{status}");
        }
    }

    #[test]
    fn what_is_past_the_gateway_is_told_with_when_it_was_looked_at() {
        let finding = |at: &str| Finding {
            outcome: Outcome::Good,
            found_at: Some(Timestamp::parse(at).unwrap()),
            ..Finding::default()
        };
        let (blobs_apart, closed_to_others) = (finding("2026-11-30T12:00:00Z"), finding("2026-11-30T11:00:00Z"));
        let told = past_gateway(&Found { blobs_apart, closed_to_others });
        assert_eq!(told.state, CheckState::Ok);
        assert!(told.seen.ends_with("; looked at 2026-11-30 11:00 UTC"), "{}", told.seen);
    }
}
