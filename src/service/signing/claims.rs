//! What a registry token says: the claims of the Distribution token specification (`jwt.md`), and `dkp`.
//!
//! The order of the fields is the order in the token. Reading is strict: a claim that is missing, unknown, given twice
//! or of another type makes the token invalid, so that no later version's restriction is ever overlooked.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// How far a registry token is back-dated, in seconds: zot allows no clock skew at all.
pub(in crate::service) const BACK_DATED: i64 = 30;

/// The claims of a registry token. Times are whole seconds since 1970.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who signed it: `registry.issuer`.
    pub iss: String,
    /// The account's name; empty for anonymous callers.
    pub sub: String,
    /// The service it is for; a string, never a list, since Distribution 2.8 refuses a list.
    pub aud: String,
    /// The first second at which it no longer counts.
    pub exp: i64,
    /// The first second at which it counts.
    pub nbf: i64,
    /// When it was signed.
    pub iat: i64,
    /// An identifier that no other token has.
    pub jti: String,
    /// What it grants; may be empty.
    pub access: Vec<AccessEntry>,
    /// Whom it was issued to, for dockpass itself.
    pub dkp: Dkp,
}

impl Claims {
    /// Whether the token no longer counts.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        now >= Timestamp::from_seconds(self.exp)
    }
}

/// One resource and the actions granted on it.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AccessEntry {
    /// `repository` or `registry`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the repository, or `catalog`.
    pub name: String,
    /// The actions, such as `pull`.
    pub actions: Vec<String>,
    /// The repository's id, in registry tokens for the gateway: one that is made later under the same name is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The identifiers behind a registry token; they are looked up each time dockpass is shown one.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Dkp {
    /// The account's id; none for anonymous callers.
    #[serde(deserialize_with = "Option::deserialize")]
    pub account: Option<String>,
    /// The access token's id; none for a password, and for anonymous callers.
    #[serde(deserialize_with = "Option::deserialize")]
    pub token: Option<String>,
    /// Which password of the account, or which secret of the access token, was shown for it: how many there were
    /// before. None for anonymous callers, and in registry tokens of an earlier dockpass that did not count them.
    #[serde(default)]
    pub generation: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"iss":"dockpass","sub":"alice","aud":"reg","exp":2,"nbf":0,"iat":1,"jti":"j","#,
        r#""access":[{"type":"repository","name":"a/b","actions":["pull"]}],"dkp":{"account":"A","token":null,"generation":3}}"#
    );

    #[test]
    fn the_text_keeps_the_order_of_the_fields() {
        let claims: Claims = serde_json::from_str(TEXT).unwrap();
        assert_eq!(serde_json::to_string(&claims).unwrap(), TEXT);
    }

    #[test]
    fn whatever_is_not_exactly_a_claim_set_is_refused() {
        for (from, to) in [
            (r#""aud":"reg""#, r#""aud":["reg"]"#),
            (r#""exp":2"#, r#""exp":2.0"#),
            (r#""exp":2"#, r#""exp":"2""#),
            (r#""exp":2"#, r#""exp":2e3"#),
            (r#""exp":2"#, r#""exp":null"#),
            (r#""exp":2"#, r#""exp":9223372036854775808"#),
            (r#""exp":2,"#, ""),
            (r#""nbf":0,"#, ""),
            (r#""exp":2"#, r#""exp":2,"exp":3"#),
            (r#""exp":2"#, r#""exp":2,"Exp":3"#),
            (r#""sub":"alice""#, r#""sub":null"#),
            (r#","token":null"#, ""),
            (r#""account":"A","#, ""),
            (r#"["pull"]"#, r#""pull""#),
            (r#"["pull"]"#, r#"["pull"],"id":1"#),
            (r#"["pull"]"#, r#"["pull"],"class":"x""#),
        ] {
            let text = TEXT.replace(from, to);
            assert_ne!(text, TEXT);
            assert!(serde_json::from_str::<Claims>(&text).is_err(), "{text}");
        }
    }
}
