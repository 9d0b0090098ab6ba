//! How the gateway, and what dockpass has found out about the registry behind it, are shown.

use crate::api::{Finding, GatewayState};
use crate::cli::screen::shown;
use crate::domain::duration;
use crate::domain::registry::Outcome;
use crate::domain::upstream::{Redirects, UpstreamAuth};

/// The lines of `registry show`.
pub(super) fn lines(gateway: &GatewayState) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        (
            "Gateway",
            format!("registry tokens live {}, checked on each request", duration::format(gateway.token_lifetime)),
        ),
        ("Shown to it", credentials(gateway.auth).to_owned()),
        ("Redirects", redirects(gateway.redirects).to_owned()),
        ("Requests", format!("{} at the registry now, at most {}", gateway.requests, gateway.max_requests)),
        ("Blobs", found("kept apart by repository", &gateway.blobs_apart)),
        ("Past dockpass", found("nobody gets anything without credentials", &gateway.closed_to_others)),
    ];
    lines.extend(warnings(gateway).into_iter().map(|warning| ("Warning", warning)));
    lines
}

/// What needs a hand.
pub(in crate::cli) fn warnings(gateway: &GatewayState) -> Vec<String> {
    let silent = gateway.trouble.as_ref();
    let silent = silent.map(|why| format!("the registry does not answer as it should: {}", shown::plain(why)));
    let bad = [&gateway.blobs_apart, &gateway.closed_to_others].into_iter().filter(|it| it.outcome == Outcome::Bad);
    silent.into_iter().chain(bad.map(|it| format!("the registry: {}", shown::plain(&it.reason)))).collect()
}

fn credentials(auth: UpstreamAuth) -> &'static str {
    match auth {
        UpstreamAuth::None => "nothing",
        UpstreamAuth::Basic => "a user name and a password",
        UpstreamAuth::Token => "registry tokens for a service of its own",
    }
}

fn redirects(redirects: Redirects) -> &'static str {
    match redirects {
        Redirects::Pass => "passed on to clients",
        Redirects::Follow => "followed by dockpass",
    }
}

/// A finding in a line; what is bad is said once, as a warning.
fn found(good: &str, finding: &Finding) -> String {
    let at = finding.found_at.as_ref().map(|at| format!(" ({})", shown::time(at))).unwrap_or_default();
    match finding.outcome {
        Outcome::Good => format!("{good}{at}"),
        Outcome::Bad => format!("no, see the warning{at}"),
        Outcome::Unknown if finding.found_at.is_none() => "not known yet".to_owned(),
        Outcome::Unknown => format!("not known: {}{at}", shown::plain(&finding.reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> GatewayState {
        let state = serde_json::json!({
            "auth": "basic", "redirects": "follow", "tokenLifetime": 43_200, "requests": 3, "maxRequests": 512,
            "trouble": null, "blobsApart": { "outcome": "good", "foundAt": "2026-11-21T20:42:00Z", "reason": "" },
            "closedToOthers": { "outcome": "unknown", "foundAt": null, "reason": "" },
        });
        serde_json::from_value(state).unwrap()
    }

    fn finding(outcome: Outcome, reason: &str) -> Finding {
        Finding { outcome, found_at: Some("2026-11-21T20:42:00Z".to_owned()), reason: reason.to_owned() }
    }

    #[test]
    fn a_gateway_that_is_well_has_no_warning() {
        assert_eq!(warnings(&state()), Vec::<String>::new());
        let told: Vec<_> = lines(&state()).into_iter().map(|(_, line)| line).collect();
        let expected = [
            "registry tokens live 12h, checked on each request",
            "a user name and a password",
            "followed by dockpass",
            "3 at the registry now, at most 512",
            "kept apart by repository (2026-11-21 20:42)",
            "not known yet",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_wrong_is_a_warning_and_what_is_not_known_is_none() {
        let bad = GatewayState {
            trouble: Some("no answer within 10 seconds".to_owned()),
            blobs_apart: finding(Outcome::Bad, "it mixes blobs"),
            closed_to_others: finding(Outcome::Unknown, "no socket"),
            ..state()
        };
        let expected =
            ["the registry does not answer as it should: no answer within 10 seconds", "the registry: it mixes blobs"];
        assert_eq!(warnings(&bad), expected);
        let told = lines(&bad);
        assert!(told.contains(&("Blobs", "no, see the warning (2026-11-21 20:42)".to_owned())), "{told:?}");
        assert!(told.contains(&("Past dockpass", "not known: no socket (2026-11-21 20:42)".to_owned())), "{told:?}");
    }
}
