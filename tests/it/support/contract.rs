//! Checks every answer that a test gets against the OpenAPI document: its status, the code of an error, and the names
//! and types in a body. An answer may have nothing that the document does not name.
//!
//! It knows the keywords of JSON Schema that the document uses, and stops at any other, so that nothing passes
//! unchecked.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::http::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(dockpass::http::document);

/// Keywords of a schema that do not restrict values, or that answers are not checked against.
const SILENT: [&str; 9] =
    ["description", "format", "pattern", "default", "writeOnly", "minimum", "maximum", "maxLength", "title"];

/// Stops the test if the document does not allow this answer.
pub(crate) fn check(method: &str, target: &str, answer: &Answer) {
    let path = target.split('?').next().unwrap_or_default();
    let Some((template, operations)) = operations_of(path) else { return };
    // Methods are case-sensitive: `get` is not `GET`.
    let lower = method.to_ascii_lowercase();
    let Some(operation) = operations.get(&lower).filter(|_| lower != method) else { return };
    // A conditional request is a matter of HTTP, not of an operation (RFC 9110 section 13). An answer of the proxy
    // itself is no operation's either: nginx redirects plain HTTP to HTTPS.
    if answer.status == 304 || (answer.status == 308 && answer.header("server") == Some("nginx")) {
        return;
    }
    // A browser that opens a hidden path gets the page of an unknown one.
    if answer.status == 404 && answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return;
    }
    let told = |what: &str| format!("{method} {template}: {what}\n{}", answer.describe());
    let responses = operation["responses"].as_object().expect("responses");
    let Some(response) = responses.get(&answer.status.to_string()) else {
        panic!("{}", told("the document has no such status"));
    };
    if answer.status >= 400 && answer.status != 503 {
        let codes = response["description"].as_str().expect("codes");
        assert!(codes.split(", ").any(|code| code == answer.code()), "{}", told("the document has no such code"));
    }
    match response.pointer("/content/application~1json/schema") {
        Some(schema) if answer.header("content-type") == Some("application/json") => {
            if let Err(fault) = holds(&answer.json(), schema) {
                panic!("{}", told(&fault));
            }
        }
        None if response.get("content").is_none() => assert_eq!(answer.body, "", "{}", told("no body is documented")),
        Some(_) | None => {}
    }
}

/// The path template of the document that matches a path; of several, the one with the most fixed parts.
fn operations_of(path: &str) -> Option<(&'static str, &'static Map<String, Value>)> {
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let fits = |template: &str| {
        let known: Vec<&str> = template.strip_suffix('/').unwrap_or(template).split('/').collect();
        let fixed = known.iter().zip(&parts).filter(|(known, part)| known == part).count();
        let is_it = known.len() == parts.len()
            && known
                .iter()
                .zip(&parts)
                .all(|(known, part)| known == part || (known.starts_with('{') && !part.is_empty()));
        is_it.then_some(fixed)
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths").iter();
    let found = paths.filter_map(|(template, operations)| Some((fits(template)?, template, operations)));
    let (_, template, operations) = found.max_by_key(|(fixed, ..)| *fixed)?;
    Some((template, operations.as_object().expect("operations")))
}

/// Checks a value against a schema.
fn holds(value: &Value, schema: &Value) -> Result<(), String> {
    let Value::Object(words) = schema else { return Ok(()) };
    for (word, said) in words {
        match word.as_str() {
            "$ref" => holds(
                value,
                DOCUMENT.pointer(said.as_str().and_then(|it| it.strip_prefix('#')).expect("a place")).expect("it"),
            )?,
            "type" => {
                let kinds = said.as_array().map_or_else(|| vec![said], |kinds| kinds.iter().collect());
                let is_one = kinds.iter().any(|kind| is_a(value, kind.as_str().expect("a type")));
                is_one.then_some(()).ok_or_else(|| format!("{value} is no {said}"))?;
            }
            "const" => (value == said).then_some(()).ok_or_else(|| format!("{value} is not {said}"))?,
            "enum" => {
                let is_one = said.as_array().expect("values").contains(value);
                is_one.then_some(()).ok_or_else(|| format!("{value} is none of {said}"))?;
            }
            "anyOf" | "oneOf" => {
                let ways = said.as_array().expect("schemas").iter();
                let faults: Vec<String> = ways.clone().filter_map(|way| holds(value, way).err()).collect();
                (faults.len() < ways.len()).then_some(()).ok_or_else(|| faults.join(", nor "))?;
            }
            "allOf" => said.as_array().expect("schemas").iter().try_for_each(|part| holds(value, part))?,
            "items" => value.as_array().into_iter().flatten().try_for_each(|item| holds(item, said))?,
            "required" => {
                let mut names = said.as_array().expect("names").iter().filter_map(Value::as_str);
                names
                    .find(|name| value.get(name).is_none())
                    .map_or(Ok(()), |name| Err(format!("{name} is missing")))?;
            }
            "properties" | "additionalProperties" => fields(value, words)?,
            silent => assert!(SILENT.contains(&silent), "{silent} is no word that this check knows"),
        }
    }
    Ok(())
}

/// Checks that each field is documented, and its value.
fn fields(value: &Value, words: &Map<String, Value>) -> Result<(), String> {
    let known = words.get("properties").and_then(Value::as_object);
    for (name, field) in value.as_object().into_iter().flatten() {
        match (known.and_then(|known| known.get(name)), words.get("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                holds(field, schema).map_err(|fault| format!("{name}: {fault}"))?;
            }
            (None, _) => return Err(format!("{name} is not documented")),
        }
    }
    Ok(())
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type that this check knows"),
    }
}

#[test]
fn what_the_document_does_not_say_is_found() {
    let token = &DOCUMENT["components"]["schemas"]["ErrorAnswer"];
    let entry = |detail: Value| serde_json::json!({ "errors": [{ "code": "X", "message": "y", "detail": detail }] });
    assert_eq!(holds(&entry(Value::Null), token), Ok(()));
    let with = |name: &str, value: Value| {
        let mut answer = entry(Value::Null);
        answer["errors"][0][name] = value;
        holds(&answer, token).unwrap_err()
    };
    assert_eq!(with("colour", "blue".into()), "errors: colour is not documented");
    assert_eq!(with("code", 7.into()), "errors: code: 7 is no \"string\"");
    assert_eq!(holds(&serde_json::json!({}), token), Err("errors is missing".to_owned()));
    assert_eq!(operations_of("/api/v0/api_tokens/").unwrap().0, "/api/v0/api_tokens");
    assert_eq!(operations_of("/profile/access-tokens/new").unwrap().0, "/profile/access-tokens/{id}");
    assert!(operations_of("/api/v0/api_tokens/a/b/c").is_none());
}
