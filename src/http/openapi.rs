//! The OpenAPI 3.1 document, made from the table of routes and the bodies' own schemas.

use actix_web::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::failure::Code;
use super::routes::{Parameter, Route, is_page, table};
use crate::api;

/// The headings of the readable page, in its order, with what stands below each.
const AREAS: [(&str, &str); 10] = [
    ("Access tokens", "Long-lived credentials that stand wherever the password is asked."),
    ("Repositories", "The records of repositories; their content is in the registry."),
    ("Access", "Who may do what with a repository or a namespace."),
    ("Accounts", "Users, service accounts and organizations."),
    ("Organizations", "Who belongs to an organization and to its teams."),
    ("Search", "Repositories and accounts by a part of the name."),
    ("Registry", "What the registry and its clients ask, and how a registry is connected."),
    ("Audit", "What was done and what was denied."),
    ("Server", "Health, version, this document."),
    ("Web pages", "What a browser opens. The pages use this API and nothing else."),
];

/// What the parts of paths are.
const PARTS: [(&str, &str); 10] = [
    ("hashedtoken", "`hashedToken` of the access token."),
    ("id", "`hashedToken` of the access token, or `new`."),
    ("namespace", "The name of the account that owns it; `_` for repositories whose name has one component."),
    ("member", "Name or id of the user."),
    ("team", "Name or id of the team."),
    ("reponame", "The name without its namespace; a `/` in it is sent as `%2F`."),
    ("username", "The name of a user."),
    ("tag", "The name of a tag."),
    ("name", "The name or the identifier of an account."),
    ("file", "The name of a file."),
];

/// Makes the schemas: what goes out always has all its fields, what comes in need not.
struct Schemas {
    incoming: SchemaGenerator,
    outgoing: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12();
        let settings = settings.with(|settings| settings.definitions_path = "/components/schemas".into());
        let outgoing = settings.clone().for_serialize().into_generator();
        Self { incoming: settings.for_deserialize().into_generator(), outgoing }
    }

    /// All that were made; the few that go both ways are the same in both.
    fn named(mut self) -> Map<String, Value> {
        let mut named = self.outgoing.take_definitions(true);
        named.extend(self.incoming.take_definitions(true));
        named
    }
}

/// The document.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new();
    let failure = schemas.outgoing.subschema_for::<api::ErrorAnswer>().into();
    let mut paths = Map::new();
    for route in table() {
        let operation = operation(&route, &mut schemas, &failure);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dockpass",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Accounts, permissions and access tokens of a container registry. Sign in by HTTP Basic, with the \
                account's name and its password or an access token.",
        },
        "security": [{ "basic": [] }],
        "tags": AREAS.map(|(name, text)| json!({ "name": name, "description": text })),
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic", "description": "An access token stands wherever the password does." },
                "eventsSecret": { "type": "http", "scheme": "bearer", "description": "The secret of the registry's notifications." },
                "registryToken": { "type": "http", "scheme": "bearer", "description": "A registry token, from `/auth/token`." },
            },
        },
    })
}

fn operation(route: &Route, schemas: &mut Schemas, failure: &Value) -> Value {
    let mut operation = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [area(route.path)],
        "parameters": parameters(route),
        "responses": responses(route, schemas, failure),
    });
    if let Some(fields) = operation.as_object_mut() {
        if let Some(body) = body(route, schemas) {
            fields.insert("requestBody".to_owned(), body);
        }
        if route.is_hidden {
            fields.insert("security".to_owned(), json!([{ "eventsSecret": [] }]));
        } else if route.is_public {
            fields.insert("security".to_owned(), json!([{}, { "basic": [] }]));
        } else if route.path.starts_with("/v2/") {
            fields.insert("security".to_owned(), json!([{ "registryToken": [] }, { "basic": [] }]));
        }
    }
    operation
}

fn body(route: &Route, schemas: &mut Schemas) -> Option<Value> {
    if !route.form.is_empty() {
        let content = json!({ "application/x-www-form-urlencoded": { "schema": form_schema(route) } });
        return Some(json!({ "required": true, "content": content }));
    }
    let schema = (route.body?)(&mut schemas.incoming);
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let needs_fields = schemas.incoming.definitions().get(name).is_some_and(|body| body.get("required").is_some());
    Some(json!({ "required": needs_fields, "content": { "application/json": { "schema": schema } } }))
}

fn form_schema(route: &Route) -> Value {
    let property = |parameter: &Parameter| {
        let (name, _, text) = *parameter;
        let mut schema = schema_of(route, parameter);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".to_owned(), text.into());
        }
        (name.to_owned(), schema)
    };
    let properties: Map<String, Value> = route.form.iter().map(property).collect();
    json!({ "type": "object", "properties": properties, "required": route.needed })
}

fn schema_of(route: &Route, (name, kind, _): &Parameter) -> Value {
    match *kind {
        "strings" => json!({ "type": "array", "items": { "type": "string" } }),
        "integer" => json!({ "type": "integer", "minimum": 0 }),
        "string" if route.needed.contains(name) => json!({ "type": "string", "minLength": 1 }),
        "string" | "boolean" => json!({ "type": kind }),
        values => json!({ "type": "string", "enum": values.split('|').collect::<Vec<_>>() }),
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let parts = path_parts(route).map(|name| {
        let text = PARTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
        json!({ "name": name, "in": "path", "required": true, "description": text, "schema": { "type": "string" } })
    });
    let query = route.query.iter().map(|parameter| {
        let (name, _, text) = parameter;
        let (schema, required) = (schema_of(route, parameter), route.needed.contains(name));
        json!({ "name": name, "in": "query", "required": required, "description": text, "schema": schema })
    });
    parts.chain(query).collect()
}

fn path_parts(route: &Route) -> impl Iterator<Item = &'static str> {
    route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn responses(route: &Route, schemas: &mut Schemas, failure: &Value) -> Value {
    let mut responses = Map::new();
    responses.insert(route.status.to_string(), success(route, schemas));
    for code in codes(route) {
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

fn success(route: &Route, schemas: &mut Schemas) -> Value {
    let schema = route.answer.map(|make| make(&mut schemas.outgoing));
    let content = route.media.iter().map(|media| {
        let is_json = *media == "application/json";
        let schema = schema.as_ref().filter(|_| is_json).map(|schema| json!({ "schema": schema }));
        ((*media).to_owned(), schema.unwrap_or_else(|| json!({})))
    });
    let content: Map<String, Value> = content.collect();
    let mut success = json!({ "description": "Done.", "headers": answer_headers(route) });
    if let Some(fields) = success.as_object_mut().filter(|_| !content.is_empty()) {
        fields.insert("content".to_owned(), Value::Object(content));
    }
    success
}

/// The headers that a list answers, by the query that asks for them.
fn answer_headers(route: &Route) -> Map<String, Value> {
    let headers = route.query.iter().filter_map(|(name, _, _)| match *name {
        "pageStart" | "start" => Some(("X-Next-Page-Start", "Where the next page begins; empty on the last one.")),
        "count" => Some(("X-Resource-Count", "How many the whole list has, if it was asked for.")),
        "last" => Some(("Link", "The next page, unless this is the last one.")),
        _ => None,
    });
    headers
        .map(|(name, text)| (name.to_owned(), json!({ "description": text, "schema": { "type": "string" } })))
        .collect()
}

/// The codes of a route: its own, and those that follow from what it takes.
fn codes(route: &Route) -> Vec<Code> {
    let mut codes = Vec::new();
    if !route.is_public {
        codes.push(if route.path.starts_with("/v2/") { Code::Unauthorized } else { Code::NotAuthenticated });
        codes.extend([Code::NotAuthorized, Code::TooManyRequests]);
    }
    let takes_text = !route.query.is_empty() || !route.form.is_empty() || path_parts(route).next().is_some();
    if takes_text || route.body.is_some() {
        codes.push(Code::InvalidParameters);
    }
    if route.body.is_some() {
        codes.extend([Code::InvalidJson, Code::UnsupportedMediaType, Code::TooLarge]);
    }
    if route.method != Method::GET && !route.is_public {
        codes.push(Code::Unavailable);
    }
    for code in &route.codes {
        // A route may name what follows from its shape as well, to be whole in the table.
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    codes
}

/// The heading under which the readable page shows a path.
fn area(path: &str) -> &'static str {
    if is_page(path) {
        return "Web pages";
    }
    let areas = [
        ("/api/v0/api_tokens", "Access tokens"),
        ("/api/v0/repositoryNamespaces", "Access"),
        ("/enzi/v0/accounts", "Accounts"),
        ("/api/v0/session", "Accounts"),
        ("/api/v0/audit", "Audit"),
        ("/v1/", "Search"),
        ("/api/v0/index/", "Search"),
        ("/auth/", "Registry"),
        ("/v2/", "Registry"),
        ("/api/v0/admin/registry", "Registry"),
        ("/api/v0/registry/", "Registry"),
    ];
    if path.ends_with("/access")
        || ["userAccess", "teamAccess", "/repositoryAccess"].iter().any(|part| path.contains(part))
    {
        return "Access";
    }
    if path.contains("/members") || path.contains("/teams") {
        return "Organizations";
    }
    if path.starts_with("/api/v0/repositories") {
        return "Repositories";
    }
    if path.starts_with("/api/v0/accounts") {
        return "Accounts";
    }
    areas.into_iter().find(|(start, _)| path.starts_with(start)).map_or("Server", |(_, area)| area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_path_and_every_area_is_explained() {
        for route in table() {
            for part in path_parts(&route) {
                assert!(PARTS.iter().any(|(known, _)| *known == part), "{part} of {}", route.path);
            }
            let area = area(route.path);
            assert!(AREAS.iter().any(|(known, _)| *known == area), "{area} of {}", route.path);
        }
    }

    #[test]
    fn no_answer_names_a_code_twice() {
        let document = document();
        let paths = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let answers = paths.filter_map(|operation| operation["responses"].as_object()).flat_map(Map::values);
        let texts: Vec<&str> = answers.filter_map(|answer| answer["description"].as_str()).collect();
        assert!(texts.iter().any(|text| text.contains("INVALID_PARAMETERS, ")), "lists are looked at");
        for text in texts {
            let codes: Vec<&str> = text.split(", ").collect();
            let once: std::collections::BTreeSet<&str> = codes.iter().copied().collect();
            assert_eq!(codes.len(), once.len(), "{text}");
        }
    }

    #[test]
    fn what_is_needed_is_a_parameter() {
        for route in table() {
            for needed in &route.needed {
                let mut names = route.query.iter().chain(&route.form).map(|(name, _, _)| name);
                assert!(names.any(|name| name == needed), "{needed} of {}", route.operation);
            }
        }
    }

    #[test]
    fn the_action_of_an_audit_record_names_every_act_and_allows_words_of_old_logs() {
        let document = document();
        let action = &document["components"]["schemas"]["AuditRecord"]["properties"]["action"];
        let words = action["anyOf"].as_array().unwrap();
        assert!(words.contains(&json!({ "const": "token.create", "description": "An access token was made." })));
        assert!(words.last().unwrap().get("const").is_none() && action["description"].is_string(), "{action}");
    }

    #[test]
    fn answers_say_that_their_fields_are_always_there_and_bodies_do_not() {
        let document = document();
        let required = |schema: &str| document["components"]["schemas"][schema]["required"].clone();
        assert!(required("ApiToken").as_array().unwrap().contains(&"expiresAt".into()));
        assert_eq!(required("CreateApiToken"), Value::Null);
        assert_eq!(required("CreateAccount"), json!(["name"]));
        let body = |path: &str| document["paths"][path]["post"]["requestBody"]["required"].clone();
        assert_eq!((body("/enzi/v0/accounts"), body("/api/v0/api_tokens")), (true.into(), false.into()));
    }
}
