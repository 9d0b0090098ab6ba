//! Lines of the server's log about refusals, which a person and a program such as fail2ban can read: so many a minute of one
//! source, and so many of all, so that nobody fills the log. The audit log counts what is left out.

use std::net::{IpAddr, Ipv4Addr};

use super::pace::Pace;
use crate::domain::audit::{AuditEntry, credential};
use crate::domain::secret::without_secrets;
use crate::domain::source;
use crate::domain::time::Timestamp;
use crate::service::Service;

/// Lines a minute about one source: an IPv4 address or an IPv6 /64.
pub(super) const PER_SOURCE: u32 = 20;
/// Lines a minute about all strangers, and as many about all callers who have signed in.
const OF_ALL: u32 = 300;

/// The target of these lines. fail2ban's filters of sites name it: it does not change with the module.
const TARGET: &str = "dockpass::refused";

/// How many lines there were lately.
#[derive(Default)]
pub(in crate::service) struct LinePace {
    of_sources: Pace<IpAddr>,
    /// Of strangers (`true`) and of callers.
    of_all: Pace<bool>,
}

impl LinePace {
    /// Whether there may be a line about this entry. While all have no room, no further source is remembered.
    fn has_room(&self, entry: &AuditEntry, now: Timestamp) -> bool {
        let fallback = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let from = source::of(entry.address.parse().unwrap_or(fallback));
        let is_stranger = entry.is_by_stranger();
        self.of_all.has_room(&is_stranger, OF_ALL, now)
            && self.of_sources.count(from, PER_SOURCE, now).is_ok()
            && self.of_all.count(is_stranger, OF_ALL, now).is_ok()
    }
}

impl Service {
    /// Tells of a refusal in the log, in one line; `about` says what was asked for.
    pub(in crate::service) fn tell_refusal(&self, what: &str, entry: &AuditEntry, about: &str, now: Timestamp) {
        if self.lines.has_room(entry, now) {
            log::info!(target: TARGET, "{}", line(what, entry, about));
        }
    }
}

/// `sign-in refused: user=alice credential=accessToken:01M8… address=192.0.2.7 reason="…"`.
fn line(what: &str, entry: &AuditEntry, about: &str) -> String {
    let credential = credential(entry.credential.as_str(), entry.credential_id);
    let user = if entry.actor.contains(' ') { "-" } else { &entry.actor };
    let address = if entry.address.is_empty() { "-" } else { &entry.address };
    let reason = entry.reason.as_deref().unwrap_or("wrong user name or secret").replace('"', "'");
    let line =
        format!("{what} refused: user={user} credential={credential} address={address}{about} reason=\"{reason}\"");
    // Names and reasons may hold what somebody has pasted.
    without_secrets(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{Concerned, CredentialKind, Outcome};
    use crate::domain::id::Id;

    fn refusal(address: &str, caller: Option<Id>) -> AuditEntry {
        AuditEntry {
            actor: "alice".to_owned(),
            actor_id: caller,
            credential: if caller.is_some() { CredentialKind::Password } else { CredentialKind::None },
            credential_id: None,
            credential_label: None,
            address: address.to_owned(),
            act: Act::AccountSignIn,
            object: String::new(),
            outcome: Outcome::Denied,
            concerned: Concerned::default(),
            reason: None,
            summed: None,
        }
    }

    #[test]
    fn a_source_has_twenty_lines_a_minute_and_all_of_a_kind_have_three_hundred() {
        let (pace, now) = (LinePace::default(), Timestamp::from_seconds(1_000_000));
        let lines =
            |address: &str, caller, now| (0..50).filter(|_| pace.has_room(&refusal(address, caller), now)).count();
        assert_eq!(lines("192.0.2.1", None, now), 20);
        assert_eq!(lines("2001:db8::1", None, now) + lines("2001:db8::2", None, now), 20, "a /64 is one");
        let others = |caller, from: u8| {
            (from..from + 40).map(|host| lines(&format!("198.51.100.{host}"), caller, now)).sum::<usize>()
        };
        assert_eq!(others(None, 0), 300 - 40);
        // Of callers there are as many beside them.
        assert_eq!(others(Some(Id::MIN), 100), 300);
        assert_eq!(lines("192.0.2.1", None, now.plus_seconds(120)), 20);
    }
}
