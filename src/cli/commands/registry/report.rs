//! How the registry side is shown.

use crate::api::{Certificate, Comparison, RegistryState};
use crate::cli::screen::{CliError, Report, View, shown};
use crate::cli::wire::ApiAnswer;
use crate::domain::registry::{CertificateRole, Phase};

/// The registry side as it stands.
pub(in crate::cli) fn state(answer: ApiAnswer<RegistryState>) -> Result<Report, CliError> {
    let state = answer.read()?;
    let mut pairs = vec![
        ("Issuer", state.issuer.clone()),
        ("Services", state.services.join(", ")),
        ("Token endpoint", state.realm.clone()),
        ("Public host", public_host(&state)),
        ("Registry", state.url.clone().unwrap_or_else(|| "not set: registry.url in the configuration".to_owned())),
        ("Notifications", notifications(&state)),
    ];
    pairs.extend(state.realm_warning.as_ref().map(|warning| ("Warning", shown::plain(warning))));
    pairs.extend(state.comparison.as_ref().map(|comparison| ("Comparison", compared(comparison))));
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

fn notifications(state: &RegistryState) -> String {
    match &state.notifications.last_received {
        None => "none since the start".to_owned(),
        Some(last) => format!("{} since the start, the last at {}", state.notifications.received, shown::time(last)),
    }
}

fn compared(comparison: &Comparison) -> String {
    let at = |time: &Option<String>| shown::time_or(time.as_deref(), "-");
    match comparison.state {
        Phase::Never => "none since the start".to_owned(),
        Phase::Running => format!("at work since {}: {}", at(&comparison.started_at), found(comparison)),
        Phase::Failed => format!("failed at {}: {}", at(&comparison.finished_at), shown::plain(&comparison.error)),
        state @ (Phase::Done | Phase::Stopped) => {
            format!("{state} at {}: {}", at(&comparison.finished_at), found(comparison))
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

/// What a comparison has found, in words.
pub(in crate::cli) fn found(comparison: &Comparison) -> String {
    let parts = [
        (comparison.adopted, "new"),
        (comparison.changed, "changed"),
        (comparison.gone, "gone from the registry"),
        (comparison.deleted, "deleted here and kept away"),
        (comparison.failed, "that the registry could not tell of"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts: Vec<String> = parts.collect();
    if comparison.compared == 0 {
        return "no repositories, here or there".to_owned();
    }
    let all = shown::counted_as(comparison.compared, "repository", "repositories");
    if parts.is_empty() { format!("{all}: all as known") } else { format!("{all}: {}", parts.join(", ")) }
}

/// The next steps after a comparison.
pub(in crate::cli) fn next_after(comparison: &Comparison) -> Vec<String> {
    let failed =
        (comparison.failed > 0).then(|| "Next: the server's log says what the registry could not tell".to_owned());
    let adopted =
        (comparison.adopted > 0).then(|| "The new ones are private; see them with: dockpass repo list".to_owned());
    failed.into_iter().chain(adopted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(state: &str) -> Comparison {
        let text = serde_json::json!({
            "state": state, "startedAt": "2026-11-21T20:42:00Z", "finishedAt": "2026-11-21T20:43:00Z", "known": 1,
            "compared": 1, "adopted": 0, "changed": 0, "gone": 0, "deleted": 0, "failed": 0, "error": "no way",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn what_clients_call_the_registry_is_proposed() {
        let told = |host: Option<&str>, seen: Option<&str>| {
            let state = serde_json::json!({
                "issuer": "i", "services": [], "realm": "r", "certificates": [], "url": null, "publicHost": host,
                "publicHostSeen": seen, "realmWarning": null, "comparison": null,
                "notifications": { "received": 0, "lastReceived": null },
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
        let busy = Comparison { compared: 7, adopted: 2, failed: 1, ..comparison("running") };
        let expected = "at work since 2026-11-21 20:42: 7 repositories: 2 new, 1 that the registry could not tell of";
        assert_eq!(compared(&busy), expected);
        assert_eq!(next_after(&busy).len(), 2);
        assert_eq!(found(&Comparison { compared: 0, ..busy }), "no repositories, here or there");
    }
}
