//! The OpenAPI 3.1 document, made from the operations and the schemas of their bodies.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::api::{self, Access, BodyFormat, Described, Heading, Method, Parameter, ParameterKind, operations};

/// What stands in the header of who signs in.
const BASIC: &str = "The name of a user, or of a robot as `ORG/NAME`, with its password or an access token. Beside an access \
    token the name may be left empty, but not at `/v2/` and `/auth/token`, nor where a session begins.";

/// The descriptions of the variable parts of paths.
const PARTS: [(&str, &str); 15] = [
    ("hash", "The hash of all files, which the documents of the pages name."),
    ("hashedtoken", "`hashedToken` or `id` of the access token; the `id` stays through rotations."),
    ("id", "`hashedToken` of the access token, or `new`."),
    ("namespace", "The name of the account whose namespace it is; `_` for repositories whose name has one component."),
    ("member", "Name or id of the user."),
    ("robot", "The name of a robot in its organization."),
    ("session", "Identifier of the session, as the list has it."),
    ("team", "Name or id of the team."),
    ("reponame", "The name without its namespace; a `/` in it is sent as `%2F`, and may stay where it is read."),
    ("username", "The name of a user."),
    ("tag", "The name of a tag; where it is read, a digest may stand for it."),
    ("name", "The name or the identifier of an account."),
    ("folder", "The name of a folder."),
    ("file", "The name of a file."),
    ("chapter", "The name of a chapter of the manual."),
];

/// Makes the schemas: outgoing bodies always have all their fields, incoming ones need not.
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

    /// Adds the fields that are accepted besides its own to the schema of the body with this name; true if the body has a
    /// required field.
    fn describe_body(&mut self, name: &str, accepted: Vec<(&str, String)>) -> bool {
        let Some(body) = self.incoming.definitions_mut().get_mut(name).and_then(Value::as_object_mut) else {
            return false;
        };
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            let described = accepted.into_iter();
            properties.extend(
                described.map(|(name, text)| (name.to_owned(), json!({ "description": text, "writeOnly": true }))),
            );
        }
        body.contains_key("required")
    }

    /// All schemas by name; the few types that go both ways have the same schema in both.
    fn named(mut self) -> Map<String, Value> {
        let mut named = self.outgoing.take_definitions(true);
        named.extend(self.incoming.take_definitions(true));
        named
    }
}

/// The OpenAPI document of all operations.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let failure = schemas.outgoing.subschema_for::<api::ErrorAnswer>().into();
    let mut paths = Map::new();
    for described in operations::all() {
        let operation = operation(&described, &mut schemas, &failure);
        let path = paths.entry(described.facts.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(described.facts.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let headings = Heading::ALL.iter().map(|it| json!({ "name": it.name(), "description": it.text() }));
    let headings: Vec<Value> = headings.collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "dockpass",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Accounts, permissions and access tokens of a container registry. Sign in by HTTP Basic, with the \
                account's name and its password or an access token. Every answer carries `X-Request-Id`, which the server's log names.",
        },
        "security": [{ "basic": [] }],
        "tags": headings,
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic", "description": BASIC },
                "eventsSecret": { "type": "http", "scheme": "bearer", "description": "The secret of the registry's notifications." },
                "metricsSecret": { "type": "http", "scheme": "bearer", "description": "The secret of the metrics." },
                "registryToken": { "type": "http", "scheme": "bearer", "description": "A registry token, from `/auth/token`." },
            },
        },
    })
}

/// The identifier of an operation: its name with a lower-case initial.
fn identifier(described: &Described) -> String {
    let (first, rest) = described.facts.name.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}", first.to_ascii_lowercase())
}

fn operation(described: &Described, schemas: &mut Schemas, failure: &Value) -> Value {
    let facts = described.facts;
    let mut operation = json!({
        "operationId": identifier(described),
        "summary": facts.summary.trim(),
        "tags": [facts.heading.name()],
        "parameters": parameters(described),
        "responses": responses(described, schemas, failure),
    });
    let security = match facts.access {
        Access::SignedIn => None,
        Access::Open | Access::Anybody => Some(json!([{}, { "basic": [] }])),
        Access::Registry | Access::Proxy => Some(json!([{ "registryToken": [] }, { "basic": [] }])),
        Access::Notifications => Some(json!([{ "eventsSecret": [] }])),
        Access::Metrics => Some(json!([{ "metricsSecret": [] }])),
    };
    let act = facts.act.filter(|_| facts.method != Method::Get);
    let act = act.map(|act| ("description".to_owned(), json!(format!("In the audit log: `{act}`."))));
    if let Some(fields) = operation.as_object_mut() {
        fields.extend(act);
        fields.extend(body(described, schemas).map(|body| ("requestBody".to_owned(), body)));
        fields.extend(security.map(|security| ("security".to_owned(), security)));
    }
    operation
}

fn body(described: &Described, schemas: &mut Schemas) -> Option<Value> {
    match described.format {
        BodyFormat::Nothing => None,
        BodyFormat::Form => {
            let content = json!({ "application/x-www-form-urlencoded": { "schema": form_schema(described) } });
            Some(json!({ "required": true, "content": content }))
        }
        BodyFormat::Json => {
            let schema = (described.body)(&mut schemas.incoming)?;
            let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            let needs_fields = schemas.describe_body(name.unwrap_or_default(), (described.accepted)());
            Some(json!({ "required": needs_fields, "content": { "application/json": { "schema": schema } } }))
        }
    }
}

fn form_schema(described: &Described) -> Value {
    let property = |parameter: Parameter| {
        let mut schema = schema_of(described, &parameter);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".to_owned(), parameter.text.trim().into());
        }
        (parameter.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = (described.form)().into_iter().map(property).collect();
    json!({ "type": "object", "properties": properties, "required": described.facts.needs })
}

fn schema_of(described: &Described, parameter: &Parameter) -> Value {
    match parameter.kind {
        ParameterKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        ParameterKind::Number => json!({ "type": "integer", "minimum": 0 }),
        ParameterKind::Text if described.facts.needs.contains(&parameter.name) => {
            json!({ "type": "string", "minLength": 1 })
        }
        ParameterKind::Text => json!({ "type": "string" }),
        ParameterKind::Flag => json!({ "type": "boolean" }),
        ParameterKind::Word(words) => json!({ "type": "string", "enum": words }),
    }
}

fn parameters(described: &Described) -> Vec<Value> {
    let parts = described.facts.part_names().map(|name| {
        let text = PARTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
        json!({ "name": name, "in": "path", "required": true, "description": text, "schema": { "type": "string" } })
    });
    let query = (described.query)().into_iter().map(|parameter| {
        let required = described.facts.needs.contains(&parameter.name);
        let (name, text) = (parameter.name, parameter.text.trim());
        let schema = schema_of(described, &parameter);
        json!({ "name": name, "in": "query", "required": required, "description": text, "schema": schema })
    });
    let headers = described.facts.headers.iter().map(|(name, text)| {
        json!({ "name": name, "in": "header", "required": false, "description": text, "schema": { "type": "string" } })
    });
    parts.chain(query).chain(headers).collect()
}

fn responses(described: &Described, schemas: &mut Schemas, failure: &Value) -> Value {
    let mut responses = Map::new();
    let success = success(described, schemas);
    responses.extend(described.facts.other_status.map(|status| (status.to_string(), success.clone())));
    responses.insert(described.facts.status.to_string(), success);
    if described.facts.headers.iter().any(|(name, _)| *name == "If-None-Match") {
        responses.insert("304".to_owned(), json!({ "description": "Nothing has changed." }));
    }
    for code in described.codes() {
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

fn success(described: &Described, schemas: &mut Schemas) -> Value {
    let schema = (described.answer)(&mut schemas.outgoing);
    let json = schema.map(|schema| ("application/json".to_owned(), json!({ "schema": schema })));
    let media = described.facts.media.iter().map(|media| {
        let kind = media.split(';').next().unwrap_or_default();
        (kind.to_owned(), json!({}))
    });
    let content: Map<String, Value> = json.into_iter().chain(media).collect();
    let mut success = json!({ "description": "Done.", "headers": answer_headers(described) });
    if let Some(fields) = success.as_object_mut().filter(|_| !content.is_empty()) {
        fields.insert("content".to_owned(), Value::Object(content));
    }
    success
}

/// The headers of the answer of a list, derived from the query parameters that go with them.
fn answer_headers(described: &Described) -> Map<String, Value> {
    let headers = (described.query)().into_iter().filter_map(|parameter| match parameter.name {
        "pageStart" | "start" => Some(("X-Next-Page-Start", "Where the next page begins; the last one has none.")),
        "count" => Some(("X-Resource-Count", "How many the whole list has, if it was asked for.")),
        "last" => Some(("Link", "The next page, unless this is the last one.")),
        _ => None,
    });
    headers
        .map(|(name, text)| (name.to_owned(), json!({ "description": text, "schema": { "type": "string" } })))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_path_is_explained() {
        for described in operations::all() {
            for part in described.facts.part_names() {
                assert!(PARTS.iter().any(|(known, _)| *known == part), "{part} of {}", described.facts.path);
            }
        }
    }

    #[test]
    fn who_may_ask_whether_something_has_changed_may_be_told_that_nothing_has() {
        let document = document();
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let mut conditional = 0;
        for operation in operations {
            let parameters = operation["parameters"].as_array().unwrap();
            let asks = parameters.iter().any(|parameter| parameter["name"] == "If-None-Match");
            let is_told = operation["responses"].get("304").is_some();
            assert_eq!(asks, is_told, "{operation}");
            conditional += usize::from(asks);
        }
        assert!(conditional > 0);
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
        for described in operations::all() {
            let known: Vec<_> = [(described.query)(), (described.form)()].concat();
            for needed in described.facts.needs {
                assert!(known.iter().any(|known| known.name == *needed), "{needed} of {}", described.facts.name);
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
