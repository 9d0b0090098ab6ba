//! How the registry side is shown.

use super::gateway;
use crate::api::{Certificate, Comparison, LeftOut, Notifications, RegistryState};
use crate::cli::screen::{CliError, Report, View, shown};
use crate::cli::wire::ApiAnswer;
use crate::domain::registry::{CertificateRole, Phase};

/// How many of those that a comparison left out are shown.
const NAMED: usize = 10;

const NO_URL: &str = "not set: registry.url in the configuration";

/// The registry side as it stands.
pub(in crate::cli) fn state(answer: ApiAnswer<RegistryState>) -> Result<Report, CliError> {
    let state = answer.read()?;
    let mut pairs = vec![
        ("Issuer", state.issuer.clone()),
        ("Services", state.services.join(", ")),
        ("Token endpoint", state.realm.clone()),
        ("Public host", public_host(&state)),
        ("Registry", state.url.clone().unwrap_or_else(|| NO_URL.to_owned())),
    ];
    pairs.extend(state.gateway.iter().flat_map(gateway::lines));
    pairs.push(("Notifications", notifications(&state)));
    pairs.extend(state.realm_warning.as_ref().map(|warning| ("Warning", shown::plain(warning))));
    pairs.extend(state.comparison.as_ref().map(|comparison| ("Comparison", compared(comparison))));
    pairs.extend(state.comparison.iter().flat_map(left_out).map(|line| ("Left out", line)));
    pairs.extend(state.certificates.iter().map(certificate));
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// How clients reach the registry; what they call it is only proposed, since whoever pulls chooses it.
fn public_host(state: &RegistryState) -> String {
    let seen = state.public_host_seen.as_ref().map(|seen| format!("clients call it {}", shown::plain(seen)));
    let known =
        state.public_host.clone().unwrap_or_else(|| "not known: registry.public_host in the configuration".to_owned());
    [Some(known), seen].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The registry next door in one line: where it is, what needs a hand, and what the last comparison with it found.
pub(in crate::cli) fn next_door(state: &RegistryState) -> String {
    let url = state.url.clone().unwrap_or_else(|| NO_URL.to_owned());
    let comparison = state.comparison.as_ref().map(|comparison| format!("comparison {}", compared(comparison)));
    let warnings = state.gateway.iter().flat_map(gateway::warnings);
    std::iter::once(url).chain(warnings).chain(comparison).collect::<Vec<_>>().join("; ")
}

fn notifications(state: &RegistryState) -> String {
    let Notifications { received, refused, last_received } = &state.notifications;
    let taken = match last_received {
        None if state.gateway.is_some() => "not needed: all goes through the gateway".to_owned(),
        None => "none since the start".to_owned(),
        Some(last) => format!("{received} since the start, the last at {}", shown::time(last)),
    };
    match refused {
        0 => taken,
        refused => format!("{taken}; {refused} refused, see the server's log"),
    }
}

fn compared(comparison: &Comparison) -> String {
    let at = |time: &Option<String>| shown::time_or(time.as_deref(), "-");
    match comparison.state {
        Phase::Never => "none since the start".to_owned(),
        Phase::Running => format!("at work since {}: {} so far", at(&comparison.started_at), comparison.counts),
        Phase::Failed => format!("failed at {}: {}", at(&comparison.finished_at), shown::plain(&comparison.error)),
        state @ (Phase::Done | Phase::Stopped) => {
            format!("{state} at {}: {}", at(&comparison.finished_at), comparison.counts)
        }
    }
}

fn certificate(certificate: &Certificate) -> (&'static str, String) {
    let name = match certificate.role {
        CertificateRole::Ca => "CA",
        CertificateRole::Leaf | CertificateRole::Signing => "Signing certificate",
    };
    (name, format!("until {}, SHA-256 {}", shown::time(&certificate.not_after), certificate.sha256))
}

/// What a comparison left out, and why: a line for each that is named, and one for the others.
pub(in crate::cli) fn left_out(comparison: &Comparison) -> Vec<String> {
    let named = comparison.left_out.iter().take(NAMED).map(|LeftOut { repository, tag, reason }| {
        let tag = tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        shown::plain(&format!("{repository}{tag}: {reason}"))
    });
    let mut lines: Vec<String> = named.collect();
    let all = comparison.counts.failed.saturating_add(comparison.counts.unread_tags);
    let more = all.saturating_sub(u64::try_from(lines.len()).unwrap_or(all));
    if more > 0 {
        lines.push(format!("{more} more: the server's log has them"));
    }
    lines
}

/// What there is to know after a comparison.
pub(in crate::cli) fn next_after(comparison: &Comparison) -> Vec<String> {
    let left_out = left_out(comparison).into_iter().map(|line| format!("left out: {line}"));
    let adopted = (comparison.counts.adopted > 0)
        .then(|| "The new ones are private; see them with: dockpass repo list".to_owned());
    left_out.chain(adopted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::registry::Counts;

    fn comparison(state: &str) -> Comparison {
        let text = serde_json::json!({
            "state": state, "startedAt": "2026-11-21T20:42:00Z", "finishedAt": "2026-11-21T20:43:00Z", "known": 1,
            "compared": 1, "adopted": 0, "changed": 0, "gone": 0, "deleted": 0, "failed": 0, "unreadTags": 0,
            "leftOut": [], "error": "no way",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn what_clients_call_the_registry_is_proposed() {
        let told = |host: Option<&str>, seen: Option<&str>| {
            let state = serde_json::json!({
                "issuer": "i", "services": [], "realm": "r", "certificates": [], "url": null, "publicHost": host,
                "publicHostSeen": seen, "realmWarning": null, "comparison": null,
                "notifications": { "received": 0, "refused": 0, "lastReceived": null },
            });
            public_host(&serde_json::from_value(state).unwrap())
        };
        assert_eq!(told(Some("a.example"), None), "a.example");
        assert_eq!(told(Some("a.example"), Some("b.example")), "a.example; clients call it b.example");
        assert!(told(None, None).starts_with("not known: "));
    }

    #[test]
    fn a_comparison_is_told_in_words() {
        assert_eq!(compared(&comparison("done")), "done at 2026-11-21 20:43: 1 repository: all as known");
        assert_eq!(compared(&comparison("failed")), "failed at 2026-11-21 20:43: no way");
        assert_eq!(compared(&comparison("never")), "none since the start");
        let none = Counts::default();
        let busy = Comparison { counts: Counts { compared: 7, adopted: 2, ..none }, ..comparison("running") };
        assert_eq!(compared(&busy), "at work since 2026-11-21 20:42: 7 repositories: 2 new so far");
        assert_eq!(next_after(&busy).len(), 1);
    }

    #[test]
    fn what_was_left_out_is_named_as_far_as_it_is_few() {
        let left = |tag: Option<&str>| LeftOut {
            repository: "alice/app".to_owned(),
            tag: tag.map(str::to_owned),
            reason: "status 500".to_owned(),
        };
        let two = vec![left(Some("1.0")), left(None)];
        let some = Comparison {
            counts: Counts { failed: 1, unread_tags: 1, ..Counts::default() },
            left_out: two,
            ..comparison("done")
        };
        assert_eq!(left_out(&some), ["alice/app:1.0: status 500", "alice/app: status 500"]);
        let many = Comparison {
            counts: Counts { unread_tags: 150, ..Counts::default() },
            left_out: vec![left(Some("1")); 100],
            ..comparison("done")
        };
        let lines = next_after(&many);
        assert_eq!((lines.len(), lines[10].as_str()), (11, "left out: 140 more: the server's log has them"));
    }

    #[test]
    fn refused_notifications_are_counted() {
        let state = serde_json::json!({
            "issuer": "i", "services": [], "realm": "r", "certificates": [], "url": null, "comparison": null,
            "notifications": { "received": 2, "refused": 3, "lastReceived": "2026-11-21T20:42:00Z" },
        });
        let state: RegistryState = serde_json::from_value(state).unwrap();
        let expected = "2 since the start, the last at 2026-11-21 20:42; 3 refused, see the server's log";
        assert_eq!(notifications(&state), expected);
    }
}
