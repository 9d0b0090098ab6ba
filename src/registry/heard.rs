//! What clients call the registry, as its notifications tell: the `Host` of their requests, so whoever pulls chooses it. It
//! is proposed to administrators, and used nowhere by itself. In memory, and bounded.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::domain::host::PublicHost;
use crate::service::OWN_NAME;

/// How many hosts are remembered; a further one takes the place of the rarest.
const MOST: usize = 16;

/// The hosts that were heard since the start, with how often.
#[derive(Default)]
pub struct Heard(Mutex<BTreeMap<PublicHost, u64>>);

impl Heard {
    /// Notes the hosts of these events; those of dockpass's own requests tell nothing.
    pub fn note(&self, events: &[Value]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for host in events.iter().filter_map(host_of) {
            if !heard.contains_key(&host) && heard.len() >= MOST {
                let rarest = heard.iter().min_by_key(|(_, count)| **count).map(|(host, _)| host.clone());
                rarest.map(|host| heard.remove(&host));
            }
            let count = heard.entry(host).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// The one that was heard most often; none if there is none.
    #[must_use]
    pub fn most(&self) -> PublicHost {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().max_by_key(|(_, count)| **count).map(|(host, _)| host.clone()).unwrap_or_default()
    }
}

/// The host in an event of a client's; none if it has none that an image reference could begin with.
fn host_of(event: &Value) -> Option<PublicHost> {
    let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
    let host = text("/request/host").filter(|_| text("/actor/name") != Some(OWN_NAME))?;
    PublicHost::parse(host).ok().filter(|host| host.as_str().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(actor: &str, host: &str) -> Value {
        serde_json::json!({ "actor": { "name": actor }, "request": { "host": host, "method": "GET" } })
    }

    #[test]
    fn the_host_of_most_clients_is_proposed_and_nothing_else() {
        let heard = Heard::default();
        assert_eq!(heard.most(), PublicHost::default());
        for odd in ["", "registry", "https://a.b", "a b", "<script>"] {
            heard.note(&[event("alice", odd), Value::Null, serde_json::json!({ "request": { "host": 7 } })]);
        }
        heard.note(&[event(OWN_NAME, "127.0.0.1:5000")]);
        assert_eq!(heard.most(), PublicHost::default());
        let (usual, forged) = ("registry.example.com", "evil.example");
        heard.note(&[event("alice", usual), event("mallory", forged), event("bob", usual)]);
        assert_eq!(heard.most().as_str(), Some(usual));
        // A flood of names takes no more room, and not the place of what is heard often.
        for number in 0..1_000 {
            heard.note(&[event("mallory", &format!("evil-{number}.example"))]);
        }
        assert_eq!(heard.most().as_str(), Some(usual));
        assert_eq!(heard.0.lock().unwrap().len(), MOST);
    }
}
