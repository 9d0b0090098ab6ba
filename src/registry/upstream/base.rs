//! What is answered where the registry's API begins (`/v2/`): the status, the clock, and where tokens are to be had. Only looked
//! at: no address that stands in it is ever asked.

use hyper::header::{DATE, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};

use super::exchange::Question;
use super::{Upstream, UpstreamError};
use crate::domain::time::Timestamp;
use crate::net::Answer;

/// Where the API begins.
pub const BASE: &str = "/v2/";
/// Largest answer there that is read, in bytes; nobody needs its body.
const LARGEST: usize = 64 * 1024;
/// Longest value of a challenge that is repeated, in characters.
const LONGEST: usize = 200;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The status.
    pub status: StatusCode,
    /// What the clock of whoever answers says; none if it does not tell.
    pub date: Option<Timestamp>,
    /// Where tokens are to be had; none if it asks for none.
    pub challenge: Option<Challenge>,
}

/// The challenge of Distribution's token scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where tokens are to be had.
    pub realm: String,
    /// For which service.
    pub service: String,
}

impl Base {
    /// What an answer says.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        let date = answer.headers.get(DATE).and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| Timestamp::parse_http(text).ok());
        Self { status: answer.status, date, challenge: Challenge::of(&answer.headers) }
    }

    /// Whether it is refused to whoever showed that.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }

    /// Whether a registry answers so to somebody who shows nothing: it takes that, refuses it, or has been asked too often.
    #[must_use]
    pub fn is_of_registry(&self) -> bool {
        self.status.is_success() || self.is_refused() || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    /// What is to be said of an answer of `place` that is not a registry's.
    #[must_use]
    pub fn as_of_no_registry(&self, place: &str) -> String {
        format!("{place} answers with status {} at {BASE}, as no registry does", self.status.as_u16())
    }
}

impl Challenge {
    fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).find_map(Self::parse)
    }

    /// Reads `Bearer realm="…",service="…"`; what is none of its parameters is passed over.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, mut rest) = text.trim_start().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((name, behind)) = rest.split_once('=') {
            let (value, next) = match behind.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => behind.split_once(',').unwrap_or((behind, "")),
            };
            let value: String = value.chars().take(LONGEST).collect();
            match name.trim_matches([' ', ',']).to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = value,
                _ => {}
            }
            rest = next;
        }
        Some(challenge)
    }
}

impl Upstream {
    /// What the registry answers where its API begins: to dockpass, or without a token to somebody who shows nothing. It is
    /// asked once, whatever it says.
    ///
    /// # Errors
    /// [`UpstreamError`] if it gives no answer.
    pub async fn base(&self, token: Option<&str>) -> Result<Base, UpstreamError> {
        let (method, asked) = (Method::GET, "whether it answers");
        let question = Question { method, target: BASE, token, accept: "application/json", asked, limit: LARGEST };
        let target = self.exchange.registry.at(BASE).map_err(|cause| self.exchange.about(&question).unusable(cause))?;
        Ok(Base::of(&self.exchange.ask_at(target, &question).await?))
    }

    /// Whether what it answers refuses the token; the same error as where anything else is asked.
    ///
    /// # Errors
    /// [`UpstreamError`] for each status but success, and 429.
    pub fn accepted(&self, base: &Base) -> Result<(), UpstreamError> {
        if base.status.is_success() || base.status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(());
        }
        Err(self.exchange.about_what("whether it answers").status(base.status))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, TOKEN, reply};
    use super::*;

    fn challenge(realm: &str, service: &str) -> Challenge {
        Challenge { realm: realm.to_owned(), service: service.to_owned() }
    }

    #[test]
    fn a_challenge_is_read_whatever_stands_beside_it() {
        for (text, expected) in [
            (
                r#"Bearer realm="https://a/auth/token",service="registry""#,
                Some(challenge("https://a/auth/token", "registry")),
            ),
            (r#"bearer service="s, t=u", scope="x", realm="r",error="e""#, Some(challenge("r", "s, t=u"))),
            ("Bearer realm=r,service=s", Some(challenge("r", "s"))),
            ("Bearer realm=r", Some(challenge("r", ""))),
            ("Bearer nonsense", Some(challenge("", ""))),
            (r#"Basic realm="r""#, None),
            (r#"Bearer realm="unended"#, None),
            ("Bearer", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn of_a_value_so_much_is_repeated_and_no_more() {
        let long = format!(r#"Bearer realm="{}""#, "é".repeat(LONGEST + 1));
        assert_eq!(Challenge::parse(&long).unwrap().realm.chars().count(), LONGEST);
    }

    #[test]
    fn a_registry_takes_what_is_shown_or_refuses_it_or_has_been_asked_too_often() {
        let of = |status| Base { status: StatusCode::from_u16(status).unwrap(), date: None, challenge: None };
        for (status, expected) in
            [(200, true), (401, true), (403, true), (429, true), (302, false), (404, false), (502, false)]
        {
            assert_eq!(of(status).is_of_registry(), expected, "{status}");
        }
        let said = of(404).as_of_no_registry("http://r.example");
        assert_eq!(said, "http://r.example answers with status 404 at /v2/, as no registry does");
    }

    #[tokio::test]
    async fn it_is_asked_once_with_and_without_a_token() {
        let headers =
            [("WWW-Authenticate", r#"Bearer realm="r",service="s""#), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")];
        let fake = Fake::always(&reply(401, &headers, ""));
        let client = fake.client();
        let base = client.base(None).await.unwrap();
        assert_eq!((base.status.as_u16(), base.challenge.clone()), (401, Some(challenge("r", "s"))));
        assert_eq!(base.date, Timestamp::parse("1994-11-06T08:49:37Z").ok());
        assert!(base.is_refused());
        let error = client.accepted(&client.base(Some(TOKEN)).await.unwrap()).unwrap_err().to_string();
        assert!(error.contains("rootcertbundle") && !error.contains(TOKEN), "{error}");
        let asked = fake.requests();
        assert!(asked.len() == 2 && !asked[0].to_lowercase().contains("authorization"), "{asked:?}");
        assert!(asked[1].to_lowercase().contains("authorization"), "{asked:?}");
    }

    #[tokio::test]
    async fn a_large_answer_is_not_read() {
        let fake = Fake::always(&reply(200, &[], &"x".repeat(LARGEST + 1)));
        assert!(matches!(fake.client().base(None).await, Err(UpstreamError::TooLarge { limit: LARGEST, .. })));
        let fake = Fake::always(&reply(200, &[], &"x".repeat(LARGEST)));
        assert!(fake.client().base(None).await.is_ok());
    }
}
