//! Reads the body of a request into the type that its operation takes.
//!
//! JSON is read in two steps: first its syntax, then field by field. So errors are in our own words: they name the
//! field, and never repeat a value, which may be a secret.

use std::fmt;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage, HttpRequest};
use serde::de::value::SeqDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::failure::Failure;
use crate::api::{Code, Form, JsonBody, Parameters};

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
        read_object(if bytes.is_empty() { b"{}" } else { bytes })
    }
}

impl<P: Parameters> ReadBody for Form<P> {
    fn read(_http: &HttpRequest, bytes: &[u8]) -> Result<Self, Failure> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
        Ok(Self(P::read(&pairs)?))
    }
}

fn read_object<T: JsonBody>(bytes: &[u8]) -> Result<T, Failure> {
    let value: Json = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new(Code::InvalidJson, format!("the body is no JSON object: {place}"))
    })?;
    let mut fields = match value {
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
        return Err(Failure::invalid(twice, "given twice"));
    }
    fields.retain(|(name, _)| !T::IGNORED.contains(&name.as_str()));
    T::deserialize(Json::Object(fields)).map_err(|Wrong { field, reason }| match field {
        Some(field) => Failure::invalid(&field, reason),
        None => Failure::new(Code::InvalidParameters, reason),
    })
}

/// A JSON value whose syntax has been checked.
enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(fields))
    }
}

/// What is wrong with a body, and in which of its fields.
#[derive(Debug)]
struct Wrong {
    field: Option<String>,
    reason: String,
}

impl Wrong {
    fn expected(what: &str) -> Self {
        Self { field: None, reason: what.to_owned() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { field: None, reason: reason.to_string() }
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::expected(&crate::domain::words::one_of(expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let reason = format!("there is no such field; the fields are {}", expected.join(", "));
        Self { field: Some(field.to_owned()), reason }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { field: Some(field.to_owned()), reason: "needed".to_owned() }
    }
}

impl IntoDeserializer<'_, Wrong> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The fields of an object. The present field is kept, so that an error in its value can name it.
struct Fields {
    left: std::vec::IntoIter<(String, Json)>,
    present: Option<(String, Json)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        self.present = self.left.next();
        let Some((name, _)) = &self.present else { return Ok(None) };
        seed.deserialize(name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (name, value) = self.present.take().unwrap_or((String::new(), Json::Null));
        seed.deserialize(value).map_err(|wrong| Wrong { field: Some(name), ..wrong })
    }
}

/// Deserializes a value of one kind, or fails with the kind that it should have.
macro_rules! read_as {
    ($($method:ident)+: $visit:ident, $what:literal, $kind:pat => $value:expr) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self {
                $kind => visitor.$visit($value).map_err(|_: Wrong| Wrong::expected($what)),
                _ => Err(Wrong::expected($what)),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Json {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(number) => read_number(&number, visitor),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Object(fields) => visitor.visit_map(Fields { left: fields.into_iter(), present: None }),
        }
    }

    read_as!(deserialize_bool: visit_bool, "true or false", Self::Bool(value) => value);
    read_as!(deserialize_str deserialize_string: visit_string, "a text", Self::Text(text) => text);
    read_as!(deserialize_seq: visit_seq, "a list of texts", Self::List(items) => SeqDeserializer::new(items.into_iter()));

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Self::Number(number) => read_number(&number, visitor).map_err(|_| Wrong::expected("a whole number")),
            _ => Err(Wrong::expected("a whole number")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self {
            Self::Text(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(de::Error::unknown_variant("", variants)),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 u64 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

fn read_number<'de, V: Visitor<'de>>(number: &serde_json::Number, visitor: V) -> Result<V::Value, Wrong> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), ..) => visitor.visit_u64(value),
        (None, Some(value), _) => visitor.visit_i64(value),
        (None, None, Some(value)) => visitor.visit_f64(value),
        (None, None, None) => Err(Wrong::expected("a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CreateApiToken, CreateRepository, PutMember, RotateApiToken, UpdateSettings};

    fn wrong<T: JsonBody + fmt::Debug>(body: &str) -> String {
        read_object::<T>(body.as_bytes()).unwrap_err().message
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
        assert_eq!(wrong::<CreateApiToken>(r#"{"accessLevel":"root"}"#), "accessLevel: read-only, read-write or admin");
        assert_eq!(wrong::<CreateApiToken>(r#"{"accessLevel":[]}"#), "accessLevel: read-only, read-write or admin");
        assert_eq!(wrong::<CreateRepository>("{}"), "name: needed");
        assert_eq!(wrong::<PutMember>(r#"{"isAdmin":true,"isAdmin":true}"#), "isAdmin: given twice");
        assert_eq!(wrong::<PutMember>(r#"{"colour":1}"#), "colour: there is no such field; the fields are isAdmin");
        assert_eq!(wrong::<PutMember>("7"), "the body must be a JSON object");
        assert_eq!(wrong::<PutMember>("{\n\"isAdmin\":}"), "the body is no JSON object: line 2, column 11");
    }

    #[test]
    fn what_means_nothing_here_is_accepted_and_null_is_not_absent() {
        let read = |body: &str| read_object::<PutMember>(body.as_bytes()).unwrap();
        assert_eq!(read(r#"{"isPublic":[{}],"member":null,"isAdmin":false}"#).is_admin, Some(false));
        assert_eq!(read(r#"{"isAdmin":null}"#).is_admin, None);
        let ends = |body: &str| read_object::<CreateApiToken>(body.as_bytes()).unwrap().expires_at;
        assert_eq!((ends("{}"), ends(r#"{"expiresAt":null}"#)), (None, Some(None)));
    }
}
