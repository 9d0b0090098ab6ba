//! A record as a syslog message (RFC 5424), pure: the bytes, and their frame on a stream (RFC 6587 and RFC 5425, octet
//! counting).
//!
//! `<PRI>1 TIME HOST dockpass PID ACT [dockpass@32473 …] LINE`, where the line is the record as the log shows it, its hash
//! included: what an export has. The facility is 13, log audit. The number 32473 is the one for examples (RFC 5612): dockpass
//! has none of its own.

use std::fmt::Write;

use crate::domain::audit::{AuditHead, LoggedRecord, Outcome};
use crate::domain::time::Timestamp;

/// Facility "log audit", by eights.
const FACILITY: u8 = 13 * 8;
/// Severities: warning and informational.
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;
/// What structured data is called.
const ID: &str = "dockpass@32473";
/// What a name of the header may have, in bytes (RFC 5424 section 6).
const LONGEST_HOST: usize = 255;
const LONGEST_MSGID: usize = 32;
/// Largest datagram, in bytes: what UDP over IPv4 holds, with some to spare.
const LARGEST_DATAGRAM: usize = 65_000;
/// The act of a message that says what is missing.
const GAP: &str = "gap";

/// Who sends.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    host: String,
    process: u32,
}

impl Sender {
    /// This machine by its name, and this process.
    pub(super) fn new(host: &str, process: u32) -> Self {
        Self { host: header_word(host, LONGEST_HOST), process }
    }

    /// The message of a record.
    pub(super) fn message(&self, logged: &LoggedRecord) -> String {
        let record = &logged.record;
        let is_denied = record.outcome == Outcome::Denied.as_str();
        let severity = if is_denied { WARNING } else { INFORMATIONAL };
        let head = AuditHead { seq: record.seq, hash: logged.hash };
        let id = |id: &Option<crate::domain::id::Id>| id.map(|id| id.to_string()).unwrap_or_default();
        let token = record.access_token.as_ref();
        let pairs = [
            ("seq", record.seq.to_string()),
            ("hash", head.hash_text()),
            ("actor", record.actor.clone()),
            ("actorId", id(&record.actor_id)),
            ("credential", record.credential.clone()),
            ("address", record.address.clone()),
            ("object", record.object.clone()),
            ("outcome", record.outcome.clone()),
            ("count", record.count.to_string()),
            ("account", record.account.as_ref().map(|it| it.name.clone()).unwrap_or_default()),
            ("accountId", record.account.as_ref().map(|it| id(&it.id)).unwrap_or_default()),
            ("repository", record.repository.as_ref().map(|it| it.name.clone()).unwrap_or_default()),
            ("repositoryId", record.repository.as_ref().map(|it| id(&it.id)).unwrap_or_default()),
            ("accessToken", token.map(|it| it.label.clone()).unwrap_or_default()),
            ("accessTokenId", token.map(|it| it.id.to_string()).unwrap_or_default()),
        ];
        self.written(severity, record.time, &record.action, &pairs, &logged.shown())
    }

    /// The message that says that these records were removed before they could be sent.
    pub(super) fn gap(&self, first: u64, last: u64, now: Timestamp) -> String {
        let pairs = [("first", first.to_string()), ("last", last.to_string())];
        let text = format!("the records {first} to {last} were removed from the audit log before they could be sent");
        self.written(WARNING, now, GAP, &pairs, &text)
    }

    fn written(&self, severity: u8, time: Timestamp, act: &str, pairs: &[(&str, String)], text: &str) -> String {
        let (priority, time, act) = (FACILITY + severity, time.in_millis(), header_word(act, LONGEST_MSGID));
        let mut message = format!("<{priority}>1 {time} {} dockpass {} {act} [{ID}", self.host, self.process);
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            // Writing to a text does not fail.
            let _ = write!(message, " {name}=\"{}\"", escaped(value));
        }
        // No byte order mark before the text: the standard leaves it out where the encoding is not promised, and receivers
        // show it.
        message.push_str("] ");
        message.push_str(text);
        message
    }
}

/// A word of the header: visible ASCII, bounded; `-` if there is none.
fn header_word(text: &str, longest: usize) -> String {
    let word: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// A value of structured data: `"`, `\` and `]` behind a backslash, and no control characters, which end a message where
/// receivers go by lines.
fn escaped(value: &str) -> String {
    let escape = |letter: char| match letter {
        '"' | '\\' | ']' => ['\\', letter],
        letter if letter.is_control() => ['\u{fffd}', '\0'],
        letter => [letter, '\0'],
    };
    value.chars().flat_map(escape).filter(|letter| *letter != '\0').collect()
}

/// A message on a stream: its length in bytes before it.
pub(super) fn framed(message: &str) -> Vec<u8> {
    [message.len().to_string().as_bytes(), b" ", message.as_bytes()].concat()
}

/// A message in a datagram, cut where it is longer than one may be.
pub(super) fn datagram(message: &str) -> &[u8] {
    message.get(..message.floor_char_boundary(LARGEST_DATAGRAM)).unwrap_or_default().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{AuditEntry, AuditRecord, AuditedToken, Concerned, Occurrence};
    use crate::domain::id::Id;

    fn at() -> Timestamp {
        Timestamp::parse("2026-11-21T20:42:07.5Z").unwrap()
    }

    fn logged(object: &str, outcome: Outcome, label: &str) -> LoggedRecord {
        let token = AuditedToken { id: Id::new(at(), [7; 10]), label: label.to_owned(), owner: "alice".to_owned() };
        let entry = AuditEntry {
            actor: "alice".to_owned(),
            actor_id: Some(Id::new(at(), [1; 10])),
            address: "192.0.2.7".to_owned(),
            outcome,
            concerned: Concerned { access_token: Some(token), ..Concerned::default() },
            ..AuditEntry::by_system(Act::TokenCreate, object.to_owned())
        };
        let record = AuditRecord::of(&entry, 12, Occurrence::once(at()));
        LoggedRecord { line: record.line().unwrap(), record, hash: [0xab; 32] }
    }

    #[test]
    fn a_record_is_a_message_of_these_bytes() {
        let logged = logged("alice laptop", Outcome::Success, "laptop");
        let hash = "ab".repeat(32);
        let [actor, token] = [[1; 10], [7; 10]].map(|random| Id::new(at(), random).to_string());
        let expected = format!(
            "<110>1 2026-11-21T20:42:07.500Z desk dockpass 77 token.create [dockpass@32473 seq=\"12\" hash=\"{hash}\" \
             actor=\"alice\" actorId=\"{actor}\" credential=\"system\" address=\"192.0.2.7\" object=\"alice laptop\" \
             outcome=\"success\" count=\"1\" accessToken=\"laptop\" accessTokenId=\"{token}\"] {}",
            logged.shown()
        );
        let message = Sender::new("desk", 77).message(&logged);
        assert_eq!(message, expected);
        assert!(message.ends_with(&format!("\"hash\":\"{hash}\"}}")), "{message}");
        let framed = framed(&message);
        assert!(framed.starts_with(format!("{} <110>1 ", message.len()).as_bytes()));
        assert_eq!(framed.len(), message.len() + message.len().to_string().len() + 1);
    }

    #[test]
    fn a_refusal_is_a_warning() {
        assert!(Sender::new("desk", 77).message(&logged("a", Outcome::Denied, "x")).starts_with("<108>1 "));
        let gap = Sender::new("desk", 77).gap(3, 9, at());
        assert_eq!(
            gap,
            "<108>1 2026-11-21T20:42:07.500Z desk dockpass 77 gap [dockpass@32473 first=\"3\" last=\"9\"] the records 3 to 9 \
             were removed from the audit log before they could be sent"
        );
    }

    #[test]
    fn what_somebody_chose_ends_neither_a_value_nor_a_message() {
        let nasty = "a\"] x=\"1\\\n<0>1 - ünïcode \u{85}\u{1F980}";
        let message = Sender::new("de sk\n", 77).message(&logged("o", Outcome::Success, nasty));
        assert!(message.contains(" desk dockpass 77 "), "{message}");
        let expected = "accessToken=\"a\\\"\\] x=\\\"1\\\\\u{fffd}<0>1 - ünïcode \u{fffd}\u{1F980}\" accessTokenId=";
        assert!(message.contains(expected), "{message}");
        // The line has JSON's escapes.
        assert!(!message.chars().any(|letter| letter.is_ascii_control()), "{message}");
        assert_eq!(header_word("", 9), "-");
        assert_eq!(header_word("äb c\u{7f}d", 2), "bc");
    }

    #[test]
    fn a_word_of_the_header_is_visible_and_of_bounded_length() {
        assert_eq!(header_word(&"a".repeat(40), LONGEST_MSGID), "a".repeat(32));
        assert_eq!(header_word(&"é b".repeat(400), LONGEST_HOST), "b".repeat(255));
        assert_eq!(header_word(" ä", LONGEST_HOST), "-");
    }

    #[test]
    fn a_datagram_is_cut_between_characters() {
        let message = format!("{}{}", "x".repeat(64_999), "ä".repeat(9));
        assert_eq!(datagram(&message).len(), 64_999);
        assert_eq!(datagram("short"), b"short");
        assert_eq!(framed("ä"), "2 ä".as_bytes());
    }
}
