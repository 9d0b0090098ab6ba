//! Reads the body of a request into the type that its operation takes.
//!
//! JSON is read in two steps: first its syntax, then field by field. So errors are in our own words: they name the
//! field, and never repeat a value, which may be a secret.

mod json;
mod unknown;

use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage, HttpRequest};

use self::json::{Json, Wrong, repeated};
use self::unknown::{ReadObject, Unread};
use super::failure::Failure;
use crate::api::{Code, Form, JsonBody, Parameters};
use crate::domain::entered;

/// A body that can be read.
pub(super) trait ReadBody: Sized {
    /// Parses the body.
    fn read(http: &HttpRequest, bytes: &[u8]) -> Result<Self, Failure>;
}

impl<T: JsonBody> ReadBody for T {
    /// Takes an empty body as an empty object.
    fn read(http: &HttpRequest, bytes: &[u8]) -> Result<Self, Failure> {
        let kind = http.content_type();
        // A body without a type is refused, too: a page of another site could send one with a browser's credentials
        // (CSRF).
        let is_json = kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json");
        if !is_json && !bytes.is_empty() {
            let message = format!("the body must be application/json, as its {CONTENT_TYPE} must say");
            return Err(Failure::new(Code::UnsupportedMediaType, message));
        }
        let is_change = matches!(*http.method(), Method::PATCH | Method::PUT);
        let (body, unread) = read_object(if bytes.is_empty() { b"{}" } else { bytes }, is_change)?;
        http.extensions_mut().insert(unread);
        Ok(body)
    }
}

impl<P: Parameters> ReadBody for Form<P> {
    fn read(_http: &HttpRequest, bytes: &[u8]) -> Result<Self, Failure> {
        let pairs: Vec<_> = form_urlencoded::parse(bytes).collect();
        Ok(Self(P::read(&pairs)?))
    }
}

/// The warning that names the fields of a request's body that were left out; none if there are none.
pub(super) fn warning(http: &HttpRequest) -> Option<String> {
    http.extensions().get::<Unread>().and_then(Unread::warning)
}

/// Reads a body, and says which of its fields were left out. `is_change` says that it must change something.
fn read_object<T: JsonBody>(bytes: &[u8], is_change: bool) -> Result<(T, Unread), Failure> {
    let text = entered::text(bytes)
        .map_err(|fault| Failure::new(Code::InvalidJson, format!("the body is no JSON object: {fault}")))?;
    let value: Json = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new(Code::InvalidJson, format!("the body is no JSON object: {place}"))
    })?;
    let fields = match value {
        Json::Object(fields) => fields,
        // serde would take an array for an object, field by field.
        Json::List(_) => return Err(Failure::new(Code::InvalidJson, "the body is no JSON object but an array")),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
            return Err(Failure::new(Code::InvalidParameters, "the body must be a JSON object"));
        }
    };
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        return Err(Failure::invalid(&repeated(twice), "given twice"));
    }
    let mut unread = Unread::default();
    let body = T::deserialize(ReadObject::of::<T>(fields, is_change, &mut unread));
    let body = body.map_err(|Wrong { field, reason }| match field {
        Some(field) => Failure::invalid(&field, reason),
        None => Failure::new(Code::InvalidParameters, reason),
    })?;
    Ok((body, unread))
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::api::{CreateApiToken, CreateRepository, PutMember, RotateApiToken, UpdateSettings};

    fn wrong<T: JsonBody + fmt::Debug>(body: &str) -> String {
        read_object::<T>(body.as_bytes(), false).map(|_| ()).unwrap_err().message
    }

    #[test]
    fn what_is_wrong_is_said_with_the_fields_name_and_without_its_value() {
        assert_eq!(wrong::<PutMember>(r#"{"isAdmin":"dkp_secret"}"#), "isAdmin: true or false");
        assert_eq!(wrong::<RotateApiToken>(r#"{"overlap":-1}"#), "overlap: a whole number");
        assert_eq!(wrong::<RotateApiToken>(r#"{"overlap":1.5}"#), "overlap: a whole number");
        assert_eq!(wrong::<UpdateSettings>(r#"{"tokenMaxLifetime":"x"}"#), "tokenMaxLifetime: a whole number");
        assert_eq!(wrong::<CreateApiToken>(r#"{"tokenLabel":7}"#), "tokenLabel: a text");
        assert_eq!(wrong::<CreateApiToken>(r#"{"repositories":"a/b"}"#), "repositories: a list of texts");
        assert_eq!(wrong::<CreateApiToken>(r#"{"repositories":[1]}"#), "repositories: a list of texts");
        assert_eq!(
            wrong::<CreateApiToken>(r#"{"accessLevel":"root"}"#),
            "accessLevel: read-only, push, read-write or admin"
        );
        assert_eq!(
            wrong::<CreateApiToken>(r#"{"accessLevel":[]}"#),
            "accessLevel: read-only, push, read-write or admin"
        );
        assert_eq!(wrong::<CreateRepository>("{}"), "name: needed");
        assert_eq!(wrong::<PutMember>(r#"{"isAdmin":true,"isAdmin":true}"#), "isAdmin: given twice");
        let unknown = wrong::<RotateApiToken>(r#"{"colour":1}"#);
        assert_eq!(unknown, "colour: there is no such field; the fields are overlap, untilUsed, renew");
        assert_eq!(wrong::<PutMember>("7"), "the body must be a JSON object");
        assert_eq!(wrong::<PutMember>("{\n\"isAdmin\":}"), "the body is no JSON object: line 2, column 11");
    }

    #[test]
    fn what_means_nothing_here_is_accepted_and_null_is_not_absent() {
        let read = |body: &str| read_object::<PutMember>(body.as_bytes(), true).unwrap().0;
        assert_eq!(read(r#"{"isPublic":[{}],"member":null,"isAdmin":false}"#).is_admin, Some(false));
        assert_eq!(read(r#"{"isAdmin":null}"#).is_admin, None);
        let ends = |body: &str| read_object::<CreateApiToken>(body.as_bytes(), false).unwrap().0.expires_at;
        assert_eq!((ends("{}"), ends(r#"{"expiresAt":null}"#)), (None, Some(None)));
    }

    #[test]
    fn a_byte_order_mark_is_read_past_and_utf16_is_said() {
        let body = r#"{"tokenLabel":"from a file of Windows"}"#;
        let marked = format!("\u{feff}{body}");
        let read = read_object::<CreateApiToken>(marked.as_bytes(), false).unwrap().0;
        assert_eq!(read.token_label.as_deref(), Some("from a file of Windows"));
        let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&utf16[..], &utf16[2..]] {
            let failure = read_object::<CreateApiToken>(bytes, false).unwrap_err();
            assert_eq!(failure.code, Code::InvalidJson);
            assert!(failure.message.contains("UTF-16"), "{}", failure.message);
        }
        let mark_within = "{\u{feff}}";
        assert_eq!(wrong::<CreateApiToken>(mark_within), "the body is no JSON object: line 1, column 2");
    }
}
