//! Registry tokens as clients get them, decoded. Other tests check the signature.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;

use super::{
    http::Answer,
    site::{Caller, InProcess},
};

/// The token endpoint.
pub(crate) const TOKEN_PATH: &str = "/auth/token";

/// The token endpoint, for the default service.
pub(crate) const ENDPOINT: &str = "/auth/token?service=dockpass";

/// An answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) answer: Value,
    pub(crate) text: String,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Issued {
    /// Reads a good answer; anything else stops the test.
    pub(crate) fn of(answer: Answer) -> Self {
        let answer = answer.must_be(200);
        let text = answer.text("/token");
        let parts: Vec<&str> = text.split('.').collect();
        assert_eq!(parts.len(), 3, "{text}");
        let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
        Self { answer: answer.json(), header, claims, text }
    }

    /// The granted scopes, as `alice/app:pull,push bob/app:pull`; the catalogue as `registry catalog:*`.
    pub(crate) fn granted(&self) -> String {
        let entries = self.claims["access"].as_array().expect("a list").iter().map(|entry| {
            let kind = entry["type"].as_str().expect("a type");
            let kind = if kind == "repository" { String::new() } else { format!("{kind} ") };
            let actions = entry["actions"].as_array().expect("a list").iter();
            let actions: Vec<_> = actions.map(|action| action.as_str().expect("an action")).collect();
            format!("{kind}{}:{}", entry["name"].as_str().expect("a name"), actions.join(","))
        });
        entries.collect::<Vec<_>>().join(" ")
    }

    /// A claim that is a whole number.
    pub(crate) fn time(&self, name: &str) -> i64 {
        self.claims[name].as_i64().unwrap_or_else(|| panic!("no whole number {name} in {}", self.claims))
    }

    /// The certificate that signed it, as DER.
    pub(crate) fn leaf(&self) -> Vec<u8> {
        leaf_of(&self.text)
    }
}

/// The certificate that signed a registry token, as DER.
pub(crate) fn leaf_of(token: &str) -> Vec<u8> {
    let header = decoded(token.split('.').next().expect("a header"));
    let leaf = header["x5c"][0].as_str().unwrap_or_else(|| panic!("no certificate in {header}"));
    STANDARD.decode(leaf).expect("base64")
}

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|error| panic!("{error}: {part}"));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {part}"))
}

/// Requests a registry token as most clients do: by `GET`, each scope in a parameter of its own.
pub(crate) fn ask(caller: &Caller, scopes: &[&str]) -> Issued {
    let path = scopes.iter().fold(ENDPOINT.to_owned(), |path, scope| format!("{path}&scope={scope}"));
    Issued::of(caller.get(&path))
}

/// What is granted of these scopes on repositories, each as `alice/app:pull,push`.
pub(crate) fn granted(caller: &Caller, scopes: &[&str]) -> String {
    let scopes: Vec<_> = scopes.iter().map(|scope| format!("repository:{scope}")).collect();
    ask(caller, &scopes.iter().map(String::as_str).collect::<Vec<_>>()).granted()
}

/// A form body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The form that containerd sends.
pub(crate) fn password_form(user: &str, secret: &str, scope: &str) -> String {
    form(&[
        ("grant_type", "password"),
        ("service", "dockpass"),
        ("client_id", "containerd-client"),
        ("username", user),
        ("password", secret),
        ("scope", scope),
    ])
}

/// A server with the user alice, her repositories app and web, and alice as the caller.
pub(crate) fn with_alice() -> (InProcess, Caller) {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/app");
    site.add_repository("alice/web");
    (site, alice)
}

/// Checks an error in both of its shapes: docker reads one, other clients the other (quirk 6).
pub(crate) fn refused(answer: Answer, status: u16, code: &str, oauth: &str) -> Answer {
    let answer = answer.must_be_refused(status, code);
    let body = answer.json();
    assert_eq!(body["error"], oauth, "{}", answer.describe());
    assert_eq!(body["error_description"], body["errors"][0]["message"], "{}", answer.describe());
    answer
}
