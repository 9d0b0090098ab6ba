//! A record as an event: CloudEvents 1.0 in structured JSON, signed in the way of Standard Webhooks. Pure.
//!
//! The signature is HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64 behind `v1,`; the headers are `webhook-id`,
//! `webhook-timestamp` (seconds) and `webhook-signature`. Receivers check it with one of that project's libraries, or in a few
//! lines. The id is that of the event, the same with each attempt: by it a receiver knows what has come twice.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::audit::{AuditHead, LoggedRecord};
use crate::domain::time::Timestamp;

/// The media type of an event.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";
/// What types begin with; the act follows.
const TYPE: &str = "dockpass.audit.";
/// The type of an event that says what is missing.
const GAP: &str = "dockpass.shipping.gap";
/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret, as Standard Webhooks have it.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// An event, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its id, without dots, which end it in what is signed.
    pub(super) id: String,
    /// Its JSON.
    pub(super) body: String,
}

/// The attributes in the order in which they are written, and the record itself.
#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    /// The extension "sequence": their order is that of the texts.
    sequence: String,
    /// The head of the chain with this record.
    #[serde(skip_serializing_if = "Option::is_none")]
    audithead: Option<String>,
    data: Box<RawValue>,
}

/// The event of a record; `source` is the URL of this dockpass.
///
/// # Errors
/// If the record is no JSON.
pub(super) fn event(logged: &LoggedRecord, source: &str) -> Result<Event, serde_json::Error> {
    let (record, head) = (&logged.record, AuditHead { seq: logged.record.seq, hash: logged.hash });
    let hash = head.hash_text();
    let id = format!("{}-{}", record.seq, hash.get(..16).unwrap_or_default());
    let body = serde_json::to_string(&Written {
        specversion: "1.0",
        id: &id,
        source,
        r#type: &format!("{TYPE}{}", record.action),
        subject: &record.object,
        time: record.time.to_string(),
        datacontenttype: "application/json",
        sequence: sequence(record.seq),
        audithead: Some(head.to_string()),
        data: RawValue::from_string(logged.shown())?,
    })?;
    Ok(Event { id, body })
}

/// The event that says that these records were removed before they could be sent.
///
/// # Errors
/// None, in truth: numbers are JSON.
pub(super) fn gap(first: u64, last: u64, source: &str, now: Timestamp) -> Result<Event, serde_json::Error> {
    let id = format!("gap-{first}-{last}");
    let body = serde_json::to_string(&Written {
        specversion: "1.0",
        id: &id,
        source,
        r#type: GAP,
        subject: "",
        time: now.to_string(),
        datacontenttype: "application/json",
        sequence: sequence(last),
        audithead: None,
        data: RawValue::from_string(format!("{{\"first\":{first},\"last\":{last}}}"))?,
    })?;
    Ok(Event { id, body })
}

fn sequence(seq: u64) -> String {
    format!("{seq:020}")
}

/// What signs.
pub(super) struct SigningSecret(hmac::Key);

impl SigningSecret {
    /// Reads `whsec_` and base64 of 24 to 64 bytes; the beginning may be missing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = zeroize::Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok()?);
        SECRET.contains(&bytes.len()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `webhook-signature`.
    pub(super) fn signature(&self, event: &Event, at: i64) -> String {
        let signed = hmac::sign(&self.0, format!("{}.{at}.{}", event.id, event.body).as_bytes());
        format!("v1,{}", STANDARD.encode(signed))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{AuditEntry, AuditRecord, Occurrence};

    fn at() -> Timestamp {
        Timestamp::parse("2026-11-21T20:42:07.5Z").unwrap()
    }

    fn logged(object: &str) -> LoggedRecord {
        let entry = AuditEntry::by_system(Act::TokenCreate, object.to_owned());
        let record = AuditRecord::of(&entry, 12, Occurrence::once(at()));
        LoggedRecord { line: record.line().unwrap(), record, hash: [0xab; 32] }
    }

    #[test]
    fn a_record_is_an_event_of_these_bytes() {
        let hash = "ab".repeat(32);
        let event = event(&logged("alice ü\n\"x\""), "https://pass.example.com").unwrap();
        assert_eq!(event.id, "12-abababababababab");
        assert_eq!(
            event.body,
            format!(
                "{{\"specversion\":\"1.0\",\"id\":\"12-abababababababab\",\"source\":\"https://pass.example.com\",\
                 \"type\":\"dockpass.audit.token.create\",\"subject\":\"alice ü\\n\\\"x\\\"\",\
                 \"time\":\"2026-11-21T20:42:07.5Z\",\"datacontenttype\":\"application/json\",\
                 \"sequence\":\"00000000000000000012\",\"audithead\":\"12:{hash}\",\"data\":{}}}",
                logged("alice ü\n\"x\"").shown()
            )
        );
        let read: serde_json::Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!((&read["data"]["object"], &read["data"]["hash"]), (&"alice ü\n\"x\"".into(), &hash.into()));
        assert!(!super::event(&logged(""), "x").unwrap().body.contains("subject"));
    }

    #[test]
    fn what_is_missing_is_an_event_too() {
        let gap = gap(3, 9, "https://pass.example.com", at()).unwrap();
        assert_eq!(
            gap.body,
            "{\"specversion\":\"1.0\",\"id\":\"gap-3-9\",\"source\":\"https://pass.example.com\",\
             \"type\":\"dockpass.shipping.gap\",\"time\":\"2026-11-21T20:42:07.5Z\",\
             \"datacontenttype\":\"application/json\",\"sequence\":\"00000000000000000009\",\
             \"data\":{\"first\":3,\"last\":9}}"
        );
    }

    /// The example of the specification of Standard Webhooks' reference libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let event = Event { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), body: r#"{"test": 2432232314}"#.to_owned() };
        assert_eq!(secret.signature(&event, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "SigningSecret");
        assert!(SigningSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_some());
        for bad in ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", &format!("whsec_{}", "A".repeat(88))] {
            assert!(SigningSecret::parse(bad).is_none(), "{bad}");
        }
    }
}
