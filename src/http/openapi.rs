//! The OpenAPI 3.1 document, made from the table of routes and the bodies' own schemas.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::failure::Code;
use super::routes::{Parameter, Route, table};
use crate::api;

/// Codes that every path behind credentials may answer with.
const ALWAYS: [Code; 2] = [Code::NotAuthenticated, Code::NotAuthorized];

/// The document.
pub(super) fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let failure = generator.subschema_for::<api::ErrorAnswer>();
    let mut paths = Map::new();
    for route in table() {
        let body = route.body.map(|make| make(&mut generator));
        let answer = route.answer.map(|make| make(&mut generator));
        let operation = operation(&route, body.map(Value::from), answer.map(Value::from), &failure.clone().into());
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let schemas = Value::Object(generator.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dockpass",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Accounts, permissions and access tokens of a container registry. Sign in by HTTP Basic, with the \
                account's name and its password or an access token.",
        },
        "security": [{ "basic": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic", "description": "An access token stands wherever the password does." },
            },
        },
    })
}

fn operation(route: &Route, body: Option<Value>, answer: Option<Value>, failure: &Value) -> Value {
    let mut operation = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [area(route.path)],
        "parameters": parameters(route),
        "responses": responses(route, answer, failure),
    });
    if let Some(fields) = operation.as_object_mut() {
        if let Some(schema) = body {
            fields.insert("requestBody".to_owned(), json!({ "content": { "application/json": { "schema": schema } } }));
        }
        if !route.form.is_empty() {
            let schema = form_schema(&route.form);
            let content = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
            fields.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        if route.is_public {
            fields.insert("security".to_owned(), json!([{}, { "basic": [] }]));
        }
    }
    operation
}

fn form_schema(parameters: &[Parameter]) -> Value {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|(name, kind, text)| ((*name).to_owned(), json!({ "type": kind, "description": text })))
        .collect();
    json!({ "type": "object", "properties": properties, "required": ["grant_type"] })
}

fn parameters(route: &Route) -> Vec<Value> {
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parts =
        parts.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let query = route.query.iter().map(
        |(name, kind, text)| json!({ "name": name, "in": "query", "description": text, "schema": { "type": kind } }),
    );
    parts.chain(query).collect()
}

fn responses(route: &Route, answer: Option<Value>, failure: &Value) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let (Some(schema), Some(fields)) = (answer, success.as_object_mut()) {
        fields.insert("content".to_owned(), json!({ "application/json": { "schema": schema } }));
    }
    responses.insert(route.status.to_string(), success);
    let always: &[Code] = if route.is_public { &[] } else { &ALWAYS };
    for code in always.iter().chain(&route.codes) {
        let entry = responses.entry(code.status().to_string());
        let entry = entry
            .or_insert_with(|| json!({ "description": "", "content": { "application/json": { "schema": failure } } }));
        let text = entry.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = if text.is_empty() { code.name().to_owned() } else { format!("{text}, {}", code.name()) };
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("description".to_owned(), Value::String(text));
        }
    }
    Value::Object(responses)
}

/// The heading under which the readable page shows a path.
fn area(path: &str) -> &'static str {
    let areas = [
        ("/api/v0/api_tokens", "Access tokens"),
        ("/api/v0/repositoryNamespaces", "Access"),
        ("/enzi/v0/accounts", "Accounts"),
        ("/api/v0/audit", "Audit"),
        ("/auth/", "Registry"),
        ("/v2/", "Registry"),
        ("/api/v0/admin/registry", "Registry"),
    ];
    if path.ends_with("/access") || path.contains("userAccess") || path.contains("/repositoryAccess/") {
        return "Access";
    }
    if path.starts_with("/api/v0/repositories") {
        return "Repositories";
    }
    if path.starts_with("/api/v0/accounts") {
        return "Accounts";
    }
    areas.into_iter().find(|(start, _)| path.starts_with(start)).map_or("Operation", |(_, area)| area)
}
