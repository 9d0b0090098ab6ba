//! zot's notifications: CloudEvents 1.0 over HTTP, of the four types of its `pkg/extensions/events`.
//!
//! Their attributes stand in headers (`Ce-Type`, `Ce-Id`; the binary form, which zot sends) or around the data (the
//! structured form). zot sends none again, names nobody who caused it, and tells of no pulls.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::{CloudData, Envelope};
use crate::domain::content::{Digest, MAX_WORD, TagName};
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;
use crate::service::{News, Notice};

use super::refusal::{NotUnderstood, REPEATED, text};

/// The type of each, without [`PREFIX`].
const TYPES: [(&str, Kind); 4] = [
    ("repository.created", Kind::RepositoryCreated),
    ("image.updated", Kind::ImageUpdated),
    ("image.deleted", Kind::ImageDeleted),
    ("image.lint_failed", Kind::LintFailed),
];
/// What the types of zot begin with.
const PREFIX: &str = "zotregistry.";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RepositoryCreated,
    ImageUpdated,
    ImageDeleted,
    /// An image was refused: nothing has changed.
    LintFailed,
}

/// The types that are known, for messages.
fn known_types() -> String {
    TYPES.map(|(name, _)| format!("{PREFIX}{name}")).join(", ")
}

/// The attributes of a CloudEvent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Its type; none for what is no CloudEvent.
    pub kind: Option<String>,
    /// Its identifier, one of its source's.
    pub id: Option<String>,
    /// Who made it.
    pub source: Option<String>,
    /// When it happened, as RFC 3339 has it.
    pub time: Option<String>,
}

/// A CloudEvent.
pub(super) struct CloudEvent {
    kind: String,
    attributes: Attributes,
    data: CloudData,
}

impl CloudEvent {
    /// The CloudEvent of a delivery; none if it has no type.
    ///
    /// # Errors
    /// [`NotUnderstood::Field`] if its data cannot be decoded.
    pub(super) fn of(envelope: Envelope, headers: Attributes) -> Result<Option<Self>, NotUnderstood> {
        let Envelope { kind, id, source, time, data, data_base64, name, reference, digest, media_type, .. } = envelope;
        let (kind, attributes) = match (headers.kind.clone(), kind) {
            (Some(kind), _) => (kind, headers),
            (None, Some(kind)) => (kind, Attributes { kind: None, id, source, time }),
            (None, None) => return Ok(None),
        };
        let data = match (data, data_base64) {
            (Some(data), _) => data,
            (None, Some(encoded)) => decoded(&encoded)?,
            (None, None) => CloudData { name, reference, digest, media_type },
        };
        Ok(Some(Self { kind, attributes, data }))
    }

    /// What it tells; none if nothing has changed that is kept.
    pub(super) fn notice(&self, now: Timestamp) -> Result<Option<Notice>, NotUnderstood> {
        let known = TYPES.into_iter().find(|(name, _)| self.kind.strip_prefix(PREFIX) == Some(name));
        let Some((_, kind)) = known else {
            let found = self.kind.chars().take(REPEATED).collect();
            return Err(NotUnderstood::UnknownType { found, known: known_types() });
        };
        let name = RepositoryName::parse(given("name", self.data.name.as_ref())?);
        let repository = name.map_err(|_| wrong("name", "names no repository that could be known"))?;
        let Some(news) = self.news(kind)? else { return Ok(None) };
        let at = Timestamp::parse(text(self.attributes.time.as_ref())).unwrap_or(now);
        Ok(Some(Notice { id: self.id(now), repository, at, news }))
    }

    fn news(&self, kind: Kind) -> Result<Option<News>, NotUnderstood> {
        match kind {
            Kind::RepositoryCreated => Ok(Some(News::RepositoryMade)),
            Kind::ImageUpdated => self.pushed(),
            Kind::ImageDeleted => self.deleted().map(Some),
            Kind::LintFailed => Ok(None),
        }
    }

    /// A push by digest is a part of a list, or something that a comparison would not take for content either.
    fn pushed(&self) -> Result<Option<News>, NotUnderstood> {
        let digest =
            Digest::parse(given("digest", self.data.digest.as_ref())?).map_err(|_| wrong("digest", "no digest"))?;
        let media_type = text(self.data.media_type.as_ref()).to_owned();
        if media_type.len() > MAX_WORD || media_type.chars().any(char::is_control) {
            return Err(wrong("mediaType", "no media type"));
        }
        Ok(match self.reference()? {
            Reference::Tag(tag) => Some(News::Pushed { tag, digest, media_type, by: None }),
            Reference::Digest(_) => None,
        })
    }

    fn deleted(&self) -> Result<News, NotUnderstood> {
        Ok(match self.reference()? {
            Reference::Tag(tag) => News::TagDeleted(tag),
            Reference::Digest(digest) => News::ManifestDeleted(digest),
        })
    }

    fn reference(&self) -> Result<Reference, NotUnderstood> {
        let reference = given("reference", self.data.reference.as_ref())?;
        let tag = TagName::parse(reference).map(Reference::Tag);
        let either = tag.or_else(|_| Digest::parse(reference).map(Reference::Digest));
        either.map_err(|_| wrong("reference", "neither a tag nor a digest"))
    }

    /// An identifier that no other event has: by the specification, source and id together. Without one, the same thing
    /// at another time is another event.
    fn id(&self, now: Timestamp) -> String {
        let Attributes { id, source, .. } = &self.attributes;
        match id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => format!("cloud {} {id}", text(source.as_ref())),
            None => format!("cloud {now} {} {:?}", self.kind, self.data),
        }
    }
}

/// The data of an event that has it in base64.
fn decoded(encoded: &str) -> Result<CloudData, NotUnderstood> {
    let bytes = STANDARD.decode(encoded).map_err(|_| wrong("data_base64", "no base64"))?;
    serde_json::from_slice(&bytes).map_err(|_| wrong("data_base64", "no JSON object of an image or a repository"))
}

/// A text that must be there.
fn given<'a>(field: &'static str, text: Option<&'a String>) -> Result<&'a str, NotUnderstood> {
    text.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| wrong(field, "missing"))
}

enum Reference {
    Tag(TagName),
    Digest(Digest),
}

fn wrong(field: &'static str, reason: &'static str) -> NotUnderstood {
    NotUnderstood::Field { field, reason }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DIGEST: &str = "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn now() -> Timestamp {
        Timestamp::from_seconds(7)
    }

    fn headers(kind: &str) -> Attributes {
        let text = |text: &str| Some(text.to_owned());
        let time = text("2026-11-28T10:00:00.5Z");
        Attributes { kind: text(kind), id: text("e-1"), source: text("zotregistry.dev/zot"), time }
    }

    fn told(kind: &str, data: Value) -> Result<Option<Notice>, NotUnderstood> {
        let envelope: Envelope = serde_json::from_value(data).unwrap();
        envelope.understood(headers(kind), now()).map(|mut told| told.notices.pop())
    }

    fn image(reference: &str) -> Value {
        json!({ "name": "alice/app", "reference": reference, "digest": DIGEST, "mediaType": MANIFEST, "manifest": "{}" })
    }

    fn tag() -> TagName {
        TagName::parse("1.0").unwrap()
    }

    fn digest() -> Digest {
        Digest::parse(DIGEST).unwrap()
    }

    #[test]
    fn the_four_types_are_understood() {
        let pushed = News::Pushed { tag: tag(), digest: digest(), media_type: MANIFEST.to_owned(), by: None };
        for (kind, reference, news) in [
            ("zotregistry.image.updated", "1.0", Some(pushed)),
            ("zotregistry.image.updated", DIGEST, None),
            ("zotregistry.image.deleted", "1.0", Some(News::TagDeleted(tag()))),
            ("zotregistry.image.deleted", DIGEST, Some(News::ManifestDeleted(digest()))),
            ("zotregistry.image.lint_failed", "1.0", None),
        ] {
            assert_eq!(told(kind, image(reference)).unwrap().map(|notice| notice.news), news, "{kind} {reference}");
        }
        let made = told("zotregistry.repository.created", json!({ "name": "alice/app" })).unwrap().unwrap();
        assert_eq!((made.news, made.repository.as_str()), (News::RepositoryMade, "alice/app"));
        assert_eq!(made.at.to_string(), "2026-11-28T10:00:00.5Z");
        assert_eq!(made.id, "cloud zotregistry.dev/zot e-1");
    }

    #[test]
    fn the_structured_form_is_understood_as_well() {
        let whole = json!({
            "specversion": "1.0", "type": "zotregistry.image.updated", "id": "e-2", "source": "zot",
            "time": "2026-11-28T10:00:00Z", "datacontenttype": "application/json", "data": image("1.0"),
        });
        let mut encoded = whole.clone();
        let data = encoded.as_object_mut().and_then(|whole| whole.remove("data")).unwrap();
        encoded["data_base64"] = STANDARD.encode(data.to_string()).into();
        let told = |whole: &Value| {
            let envelope: Envelope = serde_json::from_value(whole.clone()).unwrap();
            envelope.understood(Attributes::default(), now()).map(|told| told.notices)
        };
        let notices = told(&whole).unwrap();
        assert_eq!((notices.len(), notices[0].id.as_str()), (1, "cloud zot e-2"));
        assert_eq!(told(&encoded).unwrap(), notices);
        for odd in ["!", "bm8gSlNPTg=="] {
            encoded["data_base64"] = odd.into();
            let refused = told(&encoded).unwrap_err();
            assert!(matches!(refused, NotUnderstood::Field { field: "data_base64", .. }), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let unknown = told("zotregistry.image.scanned", image("1.0")).unwrap_err().to_string();
        assert!(unknown.contains("\"zotregistry.image.scanned\" are not known"), "{unknown}");
        assert!(unknown.ends_with("zotregistry.image.deleted, zotregistry.image.lint_failed"), "{unknown}");
        for (kind, field) in [
            ("image.updated", "name"),
            ("image.updated", "reference"),
            ("image.updated", "digest"),
            ("image.deleted", "reference"),
        ] {
            let mut data = image("1.0");
            data[field] = Value::Null;
            let refused = told(&format!("zotregistry.{kind}"), data).unwrap_err().to_string();
            assert_eq!(refused, format!("{field}: missing"));
        }
        for (field, value) in
            [("name", "Not A Name"), ("reference", ".."), ("digest", "sha256"), ("mediaType", "a\u{7}")]
        {
            let mut data = image("1.0");
            data[field] = value.into();
            let refused = told("zotregistry.image.updated", data).unwrap_err();
            assert!(matches!(refused, NotUnderstood::Field { field: named, .. } if named == field), "{refused}");
        }
    }

    #[test]
    fn without_an_identifier_the_same_thing_later_is_another_event() {
        let event = |at| {
            let (kind, envelope) = (Some("zotregistry.image.updated".to_owned()), serde_json::from_value(image("1.0")));
            let headers = Attributes { kind, ..Attributes::default() };
            envelope
                .map(|envelope: Envelope| envelope.understood(headers, Timestamp::from_seconds(at)))
                .unwrap()
                .unwrap()
        };
        assert_eq!(event(1), event(1));
        assert_ne!(event(1).notices[0].id, event(2).notices[0].id);
    }
}
