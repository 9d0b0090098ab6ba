//! The request that a proxy asks about before it passes it on: its method and target, by the headers in which nginx, or
//! Traefik and Caddy, hand them over.
//!
//! A client can send such headers, too, and a proxy that sets one family passes the other on as it came. So a family counts
//! only whole, each header once, and two that differ are refused: no proxy that sets one of them can be talked round.

use actix_web::http::header::HeaderMap;

/// The headers with target and method: of nginx by custom and by our file, of Traefik's `ForwardAuth` and Caddy's
/// `forward_auth` by themselves.
const FAMILIES: [(&str, &str); 2] =
    [("x-original-uri", "x-original-method"), ("x-forwarded-uri", "x-forwarded-method")];

/// What a client asked of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Original<'h> {
    /// The method.
    pub(super) method: &'h str,
    /// Path and query, as they came to the proxy.
    pub(super) target: &'h str,
}

/// Why the headers do not say what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// No proxy that asks like this is known.
    #[error(
        "the proxy does not say what it asks about: it must set X-Original-URI and X-Original-Method, or X-Forwarded-Uri and \
         X-Forwarded-Method"
    )]
    Nothing,
    /// One header of a family, or one of them twice, or one that is no plain text.
    #[error("the headers that say what is asked about must be there in pairs, each once, in plain text")]
    Half,
    /// Two families that differ.
    #[error("the headers X-Original-URI and X-Forwarded-Uri, with their methods, do not say the same")]
    Contradiction,
}

impl<'h> Original<'h> {
    /// Reads what the headers say.
    ///
    /// # Errors
    /// [`Unclear`]
    pub(super) fn read(headers: &'h HeaderMap) -> Result<Self, Unclear> {
        let mut said = None;
        for (target, method) in FAMILIES {
            let pair = match (once(headers, target)?, once(headers, method)?) {
                (None, None) => continue,
                (Some(target), Some(method)) => Self { method, target },
                (Some(_), None) | (None, Some(_)) => return Err(Unclear::Half),
            };
            if said.is_some_and(|before| before != pair) {
                return Err(Unclear::Contradiction);
            }
            said = Some(pair);
        }
        said.ok_or(Unclear::Nothing)
    }
}

/// The value of a header that is there once, if it is there.
fn once<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Unclear> {
    let mut values = headers.get_all(name);
    let (first, more) = (values.next(), values.next());
    match (first, more) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Unclear::Half),
        (Some(_), Some(_)) => Err(Unclear::Half),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<String, Unclear> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(*name).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Original::read(&headers).map(|original| format!("{} {}", original.method, original.target))
    }

    const NGINX: [(&str, &str); 2] = [("X-Original-URI", "/v2/a"), ("X-Original-Method", "PUT")];
    const CADDY: [(&str, &str); 2] = [("X-Forwarded-Uri", "/v2/a"), ("X-Forwarded-Method", "PUT")];

    #[test]
    fn either_family_says_it_and_both_may_say_the_same() {
        for pairs in [NGINX.to_vec(), CADDY.to_vec(), [NGINX, CADDY].concat()] {
            assert_eq!(read(&pairs).as_deref(), Ok("PUT /v2/a"), "{pairs:?}");
        }
    }

    #[test]
    fn what_a_client_adds_makes_it_unclear() {
        let [uri, method] = NGINX;
        for (more, why) in [
            (("X-Forwarded-Uri", "/v2/a"), Unclear::Half),
            (("X-Forwarded-Method", "PUT"), Unclear::Half),
            (uri, Unclear::Half),
            (method, Unclear::Half),
            (("X-Original-Method", "GET"), Unclear::Half),
        ] {
            assert_eq!(read(&[uri, method, more]), Err(why), "{more:?}");
        }
        for other in [[("X-Forwarded-Uri", "/v2/b"), CADDY[1]], [CADDY[0], ("X-Forwarded-Method", "GET")]] {
            assert_eq!(read(&[NGINX, other].concat()), Err(Unclear::Contradiction), "{other:?}");
        }
    }

    #[test]
    fn half_of_it_is_not_enough() {
        assert_eq!(read(&[]), Err(Unclear::Nothing));
        assert_eq!(read(&[("X-Forwarded-Host", "a"), ("X-Forwarded-Proto", "https")]), Err(Unclear::Nothing));
        for half in [NGINX[0], NGINX[1], CADDY[0], CADDY[1]] {
            assert_eq!(read(&[half]), Err(Unclear::Half), "{half:?}");
        }
        // The method of one family does not go with the target of the other.
        assert_eq!(read(&[NGINX[0], CADDY[1]]), Err(Unclear::Half));
        assert_eq!(read(&[("X-Original-URI", "/v2/\u{e4}"), NGINX[1]]), Err(Unclear::Half));
    }
}
