//! The registry's notifications: what dockpass takes from a delivery.
//!
//! Distribution sends `{"events":[…]}`, mostly one event in each, and sends it again until it is answered with 2xx or
//! 3xx, in its order, from memory. So an event of its kind that makes no sense is passed over, never refused: it would
//! stand before all others for ever. The log has a line for each kind of them. The shape is that of its
//! `notifications/event.go`. `cloud_events` has zot's.
//!
//! A delivery of which nothing is understood is refused: to answer "taken" would hide that nothing is learnt. Where it is
//! an envelope of events, it is refused once: when the same ones come again, they are passed over.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::cloud_events::{Attributes, CloudEvent};
use super::refusal::{NotUnderstood, REPEATED, text};
use crate::api::{Envelope, Event, EventTarget};
use crate::domain::content::{Digest, MAX_WORD, TagName};
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::domain::user_name::UserName;
use crate::service::{News, Notice, OWN_NAME};

/// Longest identifier of an event that is taken, in bytes; Distribution's have 36.
const MAX_ID: usize = 256;
/// What Distribution tells.
const ACTIONS: [&str; 4] = ["push", "pull", "delete", "mount"];
/// How many deliveries are remembered that were refused.
const MOST_REFUSED: usize = 64;
/// How many kinds of events that are passed over have a line in the log.
const MOST_KINDS: usize = 64;

/// What a delivery tells.
#[derive(Debug, Default, PartialEq)]
pub struct Understood {
    /// In their order.
    pub notices: Vec<Notice>,
    passed_over: PassedOver,
}

impl Envelope {
    /// What tells a repetition of this envelope from another one; none unless all its events have identifiers.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let events = self.events.as_ref().filter(|events| !events.is_empty())?;
        let mut hasher = blake3::Hasher::new();
        for event in events {
            let id = event.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())?;
            hasher.update(&(id.len() as u64).to_le_bytes()).update(id.as_bytes());
        }
        Some(Fingerprint(hasher.finalize()))
    }

    /// What a delivery tells; `headers` are what its headers say of a CloudEvent. Left out are events of dockpass's own
    /// requests, of layers, of HEAD requests and of mounts. `now` replaces a time that cannot be read.
    ///
    /// # Errors
    /// [`NotUnderstood`] if it tells nothing that a registry tells.
    pub fn understood(self, headers: Attributes, now: Timestamp) -> Result<Understood, NotUnderstood> {
        if headers.kind.is_none()
            && let Some(events) = self.events
        {
            return understood_of(events, now);
        }
        let event = CloudEvent::of(self, headers)?.ok_or(NotUnderstood::Neither)?;
        Ok(Understood { notices: event.notice(now)?.into_iter().collect(), ..Understood::default() })
    }
}

/// The identity of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(blake3::Hash);

fn understood_of(events: Vec<Value>, now: Timestamp) -> Result<Understood, NotUnderstood> {
    let (count, mut passed_over) = (events.len(), PassedOver::default());
    let read = |event: Value| match serde_json::from_value::<Event>(event) {
        Ok(event) if event.action.is_some() && event.target.is_some() => Some(event),
        Ok(_) | Err(_) => passed_over.note("is of another shape"),
    };
    let events: Vec<Event> = events.into_iter().filter_map(read).collect();
    if events.is_empty() && count > 0 {
        return Err(NotUnderstood::NoEvent);
    }
    if let Some(first) = events.first().filter(|_| !events.iter().any(Event::is_known)) {
        let found = first.action().chars().take(REPEATED).collect();
        return Err(NotUnderstood::UnknownAction { found, known: ACTIONS.join(", ") });
    }
    let events = events.into_iter().filter(|event| event.actor() != OWN_NAME);
    let notices = events.filter_map(|event| event.notice(now, &mut passed_over)).collect();
    Ok(Understood { notices, passed_over })
}

/// Events of one delivery that are passed over: the registry would send a refused one again, before everything else, for
/// ever.
#[derive(Debug, Default, PartialEq)]
struct PassedOver {
    /// Why each of them is.
    reasons: Vec<&'static str>,
}

impl PassedOver {
    fn note<T>(&mut self, why: &'static str) -> Option<T> {
        self.reasons.push(why);
        None
    }
}

impl Event {
    fn action(&self) -> &str {
        text(self.action.as_ref())
    }

    fn is_known(&self) -> bool {
        ACTIONS.contains(&self.action())
    }

    fn actor(&self) -> &str {
        text(self.actor.as_ref().and_then(|actor| actor.name.as_ref()))
    }

    fn notice(self, now: Timestamp, passed_over: &mut PassedOver) -> Option<Notice> {
        let target = self.target.as_ref()?;
        if !self.is_known() {
            return passed_over.note("has an action that is not known");
        }
        let news = self.news(target)?;
        let Ok(repository) = RepositoryName::parse(text(target.repository.as_ref())) else {
            return passed_over.note("names no repository that could be known");
        };
        let id = text(self.id.as_ref()).to_owned();
        if id.is_empty() || id.len() > MAX_ID {
            return passed_over.note("has no usable id");
        }
        let at = Timestamp::parse(text(self.timestamp.as_ref())).unwrap_or(now);
        Some(Notice { id, repository, at, news })
    }

    fn news(&self, target: &EventTarget) -> Option<News> {
        let (media_type, tag, digest) =
            (text(target.media_type.as_ref()), text(target.tag.as_ref()), text(target.digest.as_ref()));
        let names_nothing = tag.is_empty() && digest.is_empty();
        let method = text(self.request.as_ref().and_then(|request| request.method.as_ref()));
        match (self.action(), TagName::parse(tag).ok(), Digest::parse(digest).ok()) {
            // Without a tag it is a part of a list, or something that a comparison would not take for content either.
            ("push", Some(tag), Some(digest)) if is_manifest(media_type) => {
                let by = UserName::parse(self.actor()).ok();
                Some(News::Pushed { tag, digest, media_type: media_type.to_owned(), by })
            }
            // A HEAD is told as a pull, too (seen with 2.8.2), and fetches nothing.
            ("pull", tag, Some(digest)) if is_manifest(media_type) && method == "GET" => {
                Some(News::Pulled { tag, digest })
            }
            ("delete", Some(tag), _) => Some(News::TagDeleted(tag)),
            ("delete", None, Some(digest)) if tag.is_empty() => Some(News::ManifestDeleted(digest)),
            ("delete", None, None) if names_nothing => Some(News::RepositoryDeleted),
            _ => None,
        }
    }
}

/// Whether a media type is a manifest's or a list's: Docker's (schema 1 and 2) and OCI's. Layers and configurations are
/// told as `application/octet-stream`.
fn is_manifest(media_type: &str) -> bool {
    let starts = ["application/vnd.docker.distribution.manifest.", "application/vnd.oci.image.manifest."];
    let lists = ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.artifact.manifest.v1+json"];
    // What is shown in lists and logs is a word.
    media_type.len() <= MAX_WORD
        && media_type.bytes().all(|byte| byte.is_ascii_graphic())
        && (starts.iter().any(|start| media_type.starts_with(start)) || lists.contains(&media_type))
}

/// How many deliveries came, and when the last one did, since the start.
#[derive(Default)]
pub struct Received {
    count: AtomicU64,
    refused: AtomicU64,
    /// Milliseconds since 1970; 0 for none.
    last: AtomicI64,
    /// Envelopes that were refused, the latest last.
    seen: Mutex<VecDeque<Fingerprint>>,
    /// Why events were passed over.
    told: Mutex<BTreeSet<&'static str>>,
}

impl Received {
    /// Counts one delivery that was taken.
    pub fn note(&self, now: Timestamp) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.last.store(now.millis(), Ordering::Relaxed);
    }

    /// Counts one that was not understood.
    pub fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether an envelope that is not understood was refused before; from now on it was.
    #[must_use]
    pub fn is_repeated(&self, envelope: Option<Fingerprint>) -> bool {
        let Some(envelope) = envelope else { return false };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_repeated = seen.contains(&envelope);
        if !is_repeated {
            if seen.len() >= MOST_REFUSED {
                seen.pop_front();
            }
            seen.push_back(envelope);
        }
        is_repeated
    }

    /// Says in the log why events were passed over, each reason once.
    pub fn tell(&self, Understood { passed_over, .. }: &Understood) {
        let PassedOver { reasons } = passed_over;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for why in reasons {
            if told.len() < MOST_KINDS && told.insert(why) {
                log::warn!(
                    "a notification of the registry {why}; such ones are passed over, from now on without a word"
                );
            }
        }
    }

    /// How many were not understood.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many deliveries were taken.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// When the last one was.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        let last = self.last.load(Ordering::Relaxed);
        (last != 0).then(|| Timestamp::from_millis(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn notices(event: serde_json::Value) -> Vec<Notice> {
        let envelope: Envelope = serde_json::from_value(serde_json::json!({ "events": [event] })).unwrap();
        taken(envelope)
    }

    fn taken(envelope: Envelope) -> Vec<Notice> {
        envelope.understood(Attributes::default(), at(7)).unwrap_or_default().notices
    }

    fn event(action: &str, method: &str, target: serde_json::Value) -> serde_json::Value {
        serde_json::json!({
            "id": "e-1", "timestamp": "2026-11-21T10:00:00.123456789Z", "action": action, "target": target,
            "request": { "id": "r", "addr": "192.0.2.7:1", "host": "h", "method": method, "useragent": "x" },
            "actor": { "name": "alice" }, "source": { "addr": "a", "instanceID": "i" },
        })
    }

    fn target(media_type: &str, tag: &str) -> serde_json::Value {
        serde_json::json!({
            "mediaType": media_type, "digest": DIGEST, "size": 7, "length": 7, "repository": "alice/app",
            "url": "http://h/v2/", "tag": tag, "references": [],
        })
    }

    fn news(event: serde_json::Value) -> Option<News> {
        notices(event).pop().map(|notice| notice.news)
    }

    fn tag(text: &str) -> TagName {
        TagName::parse(text).unwrap()
    }

    fn digest() -> Digest {
        Digest::parse(DIGEST).unwrap()
    }

    #[test]
    fn a_push_with_a_tag_is_news() {
        let pushed = notices(event("push", "PUT", target(MANIFEST, "1.0"))).remove(0);
        assert_eq!((pushed.id.as_str(), pushed.repository.as_str()), ("e-1", "alice/app"));
        assert_eq!(pushed.at, Timestamp::parse("2026-11-21T10:00:00.123Z").unwrap());
        let media_type = MANIFEST.to_owned();
        let by = UserName::parse("alice").ok();
        assert_eq!(pushed.news, News::Pushed { tag: tag("1.0"), digest: digest(), media_type, by });
        let mut by_robot = event("push", "PUT", target(MANIFEST, "1.0"));
        by_robot["actor"]["name"] = "acme/ci".into();
        let robot = UserName::parse("acme/ci").ok();
        assert!(matches!(news(by_robot), Some(News::Pushed { by, .. }) if by == robot && by.is_some()));
        assert_eq!(news(event("push", "PUT", target(MANIFEST, ""))), None);
        assert_eq!(news(event("push", "PUT", target("application/octet-stream", "1.0"))), None);
    }

    #[test]
    fn a_pull_is_a_get_of_a_manifest() {
        for media_type in [
            MANIFEST,
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ] {
            let pulled = news(event("pull", "GET", target(media_type, "1.0")));
            assert_eq!(pulled, Some(News::Pulled { tag: Some(tag("1.0")), digest: digest() }), "{media_type}");
        }
        assert_eq!(
            news(event("pull", "GET", target(MANIFEST, ""))),
            Some(News::Pulled { tag: None, digest: digest() })
        );
        for more in ["\u{7f}", "\n", " ", "\u{202e}", "\u{85}"] {
            assert_eq!(news(event("pull", "GET", target(&format!("{MANIFEST}{more}"), "1.0"))), None, "{more:?}");
        }
        assert_eq!(news(event("pull", "HEAD", target(MANIFEST, "1.0"))), None);
        assert_eq!(news(event("pull", "GET", target("application/octet-stream", ""))), None);
        assert_eq!(news(event("mount", "POST", target("application/octet-stream", ""))), None);
    }

    #[test]
    fn a_deletion_is_of_a_tag_a_manifest_or_all() {
        let of = |target: serde_json::Value| news(event("delete", "DELETE", target));
        assert_eq!(of(serde_json::json!({ "repository": "a/b", "tag": "1" })), Some(News::TagDeleted(tag("1"))));
        let by_digest = serde_json::json!({ "repository": "a/b", "digest": DIGEST });
        assert_eq!(of(by_digest), Some(News::ManifestDeleted(digest())));
        assert_eq!(of(serde_json::json!({ "repository": "a/b" })), Some(News::RepositoryDeleted));
        // What cannot be read must not become the deletion of everything.
        for (field, value) in [("tag", ".."), ("digest", "sha256"), ("digest", "md5:/")] {
            assert_eq!(of(serde_json::json!({ "repository": "a/b", field: value })), None);
        }
    }

    #[test]
    fn what_dockpass_did_itself_is_no_news() {
        let mut own = event("delete", "DELETE", target(MANIFEST, ""));
        own["actor"]["name"] = OWN_NAME.into();
        assert_eq!(notices(own), []);
        assert!(crate::domain::name::Name::parse(OWN_NAME).is_err(), "no account can have this name");
    }

    #[test]
    fn an_event_without_sense_is_passed_over_and_the_others_are_not() {
        let good = event("push", "PUT", target(MANIFEST, "1"));
        let mut nameless = good.clone();
        nameless["target"]["repository"] = "Not A Name".into();
        let mut without_id = good.clone();
        without_id["id"] = "".into();
        let mut without_time = good.clone();
        without_time["timestamp"] = "yesterday".into();
        let events = serde_json::json!({ "events": [nameless, without_id, {}, without_time, good] });
        let envelope: Envelope = serde_json::from_value(events).unwrap();
        let times: Vec<_> = taken(envelope).into_iter().map(|notice| notice.at).collect();
        assert_eq!(times, [at(7), Timestamp::parse("2026-11-21T10:00:00.123Z").unwrap()]);
    }

    #[test]
    fn null_is_nothing_and_other_shapes_take_none_along() {
        let good = event("push", "PUT", target(MANIFEST, "1"));
        let mut nulls = event("delete", "DELETE", target(MANIFEST, ""));
        for field in ["tag", "mediaType", "url"] {
            nulls["target"][field] = serde_json::Value::Null;
        }
        for field in ["actor", "request", "source", "timestamp"] {
            nulls[field] = serde_json::Value::Null;
        }
        assert_eq!(news(nulls), Some(News::ManifestDeleted(digest())));
        for odd in
            [serde_json::json!(7), serde_json::json!(null), serde_json::json!({ "target": "x" }), serde_json::json!([])]
        {
            let envelope: Envelope = serde_json::from_value(serde_json::json!({ "events": [odd, good] })).unwrap();
            assert_eq!(taken(envelope).len(), 1);
        }
        for none in [serde_json::json!({ "events": null }), serde_json::json!({ "events": [] })] {
            let envelope: Envelope = serde_json::from_value(none).unwrap();
            assert_eq!(envelope.understood(Attributes::default(), at(7)), Ok(Understood::default()));
        }
    }

    #[test]
    fn a_delivery_that_tells_nothing_of_its_kind_is_not_understood() {
        let refused = |value| {
            let envelope: Envelope = serde_json::from_value(value).unwrap();
            envelope.understood(Attributes::default(), at(7)).unwrap_err()
        };
        for neither in [serde_json::json!({}), serde_json::json!({ "name": "alice/app", "digest": DIGEST })] {
            assert_eq!(refused(neither), NotUnderstood::Neither);
        }
        for odd in [serde_json::json!([{}]), serde_json::json!([null, 7]), serde_json::json!([{ "action": "push" }])] {
            assert_eq!(refused(serde_json::json!({ "events": odd })), NotUnderstood::NoEvent);
        }
        for action in ["Push", "PULL", "pulled", "", "scan"] {
            let events = [event(action, "PUT", target(MANIFEST, "1"))];
            let unknown = refused(serde_json::json!({ "events": events })).to_string();
            assert!(unknown.contains(&format!("the action {action:?} is not known")), "{unknown}");
        }
        let mixed = [event("Push", "PUT", target(MANIFEST, "1")), event("push", "PUT", target(MANIFEST, "2"))];
        let envelope: Envelope = serde_json::from_value(serde_json::json!({ "events": mixed })).unwrap();
        let told = envelope.understood(Attributes::default(), at(7)).unwrap();
        assert_eq!((told.notices.len(), told.passed_over.reasons.len()), (1, 1));
    }

    #[test]
    fn an_envelope_that_comes_again_is_known_by_its_identifiers() {
        let of = |ids: &[Value]| {
            let events: Vec<_> = ids.iter().map(|id| serde_json::json!({ "id": id, "action": "x" })).collect();
            serde_json::from_value::<Envelope>(serde_json::json!({ "events": events })).unwrap().fingerprint()
        };
        let received = Received::default();
        let (one, two) = (of(&["a".into(), "b".into()]), of(&["ab".into(), "".into()]));
        assert!(one.is_some() && two.is_none() && of(&[7.into()]).is_none() && of(&[]).is_none());
        assert_eq!([one, one, None, None].map(|it| received.is_repeated(it)), [false, true, false, false]);
        for number in 0..MOST_REFUSED {
            assert!(!received.is_repeated(of(&[number.to_string().into()])));
        }
        assert!(!received.is_repeated(one), "only the latest are remembered");
    }

    #[test]
    fn a_field_of_another_kind_spoils_its_event_and_no_other() {
        let good = event("push", "PUT", target(MANIFEST, "1"));
        let mut numbered = good.clone();
        numbered["target"]["tag"] = 1.into();
        let mut empty = good.clone();
        empty["target"] = Value::Null;
        let events = serde_json::json!({ "events": [numbered, empty, null, "x", good] });
        let envelope: Envelope = serde_json::from_value(events).unwrap();
        assert_eq!(taken(envelope).len(), 1);
    }

    #[test]
    fn deliveries_are_counted() {
        let received = Received::default();
        assert_eq!((received.count(), received.last()), (0, None));
        received.note(at(1));
        received.note(at(2));
        received.note_refused();
        assert_eq!((received.count(), received.refused(), received.last()), (2, 1, Some(at(2))));
    }

    proptest::proptest! {
        #[test]
        fn no_texts_make_it_panic(fields in proptest::array::uniform7("[\\PC\\x00]{0,40}"), kind in 0..4_usize) {
            let [id, time, repository, tag, digest, media_type, action] = fields;
            let action = ["push", "pull", "delete", &action][kind];
            let target = serde_json::json!({
                "repository": repository, "tag": tag, "digest": digest, "mediaType": media_type,
            });
            let event = serde_json::json!({ "id": id, "timestamp": time, "action": action, "target": target });
            assert!(notices(event).len() <= 1);
        }
    }

    #[test]
    fn so_many_reasons_have_a_line_in_the_log_each_once() {
        let received = Received::default();
        for number in 0..100 {
            let why: &'static str = Box::leak(format!("is of kind {number}").into_boxed_str());
            let understood = || Understood { passed_over: PassedOver { reasons: vec![why] }, ..Understood::default() };
            received.tell(&understood());
            received.tell(&understood());
            assert_eq!(received.told.lock().unwrap().len(), 64.min(number + 1));
        }
    }
}
