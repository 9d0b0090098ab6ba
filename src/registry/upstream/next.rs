//! Where the next page of a list is: the `Link` header of RFC 8288, as far as registries use it.
//!
//! A registry must not make us send the registry token elsewhere: only path and query of the link are kept, and a link
//! to another server is refused.

use hyper::Uri;
use hyper::header::{HeaderMap, LINK};

use crate::net::Address;

/// Longest link that is followed, in bytes: a path, and the longest name in a query, percent-encoded.
const MAX: usize = 4096;

/// Where the next page of a list is, in the registry's own words. Valid for the list that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPage(String);

impl NextPage {
    /// Path and query.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The link to the next page leads to another server, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its link to the next page leads to another server, or nowhere")]
pub(super) struct BadLink;

/// The link with `rel="next"`, if there is one. A link that cannot be followed is an error: if its page were taken for
/// the last one, what follows would look deleted.
pub(super) fn next(headers: &HeaderMap, registry: &Address) -> Result<Option<NextPage>, BadLink> {
    for value in headers.get_all(LINK) {
        let mut text = value.to_str().map_err(|_| BadLink)?;
        while let Some((link, rest)) = one(text) {
            if link.is_next() {
                return follow(link.target, registry).map(Some);
            }
            text = rest;
        }
    }
    Ok(None)
}

/// A link of the header.
struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl Link<'_> {
    fn is_next(&self) -> bool {
        self.parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|it| it.eq_ignore_ascii_case("next"))
        })
    }
}

/// The first link of the text, and what stands behind it: `<target>; name="value", <target>…`.
fn one(text: &str) -> Option<(Link<'_>, &str)> {
    let (_, behind) = text.split_once('<')?;
    let (target, behind) = behind.split_once('>')?;
    let mut is_quoted = false;
    let is_end = |letter: char| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    };
    let (parameters, rest) = behind.split_at(behind.find(is_end).unwrap_or(behind.len()));
    Some((Link { target, parameters }, rest))
}

fn follow(target: &str, registry: &Address) -> Result<NextPage, BadLink> {
    let uri: Uri = target.parse().map_err(|_| BadLink)?;
    let is_ours = match (uri.scheme(), uri.authority()) {
        (None, None) => true,
        (Some(scheme), Some(authority)) => *scheme == registry.scheme() && *authority == registry.authority,
        (None | Some(_), _) => false,
    };
    let path = uri.path_and_query().filter(|path| path.as_str().starts_with('/') && !path.as_str().starts_with("//"));
    match path {
        Some(path) if is_ours && target.len() <= MAX => Ok(NextPage(path.to_string())),
        Some(_) | None => Err(BadLink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow_all(values: &[&str]) -> Result<Option<String>, BadLink> {
        let headers = values.iter().map(|value| (LINK, value.parse().unwrap())).collect();
        let registry = Address::parse("https://registry.example.com:5000").unwrap();
        next(&headers, &registry).map(|next| next.map(|next| next.as_str().to_owned()))
    }

    #[test]
    fn the_next_page_is_a_path_at_the_same_registry() {
        const PAGE: &str = "/v2/_catalog?last=a%2Fb&n=2";
        for value in [
            r#"</v2/_catalog?last=a%2Fb&n=2>; rel="next""#,
            "</v2/_catalog?last=a%2Fb&n=2>;rel=next",
            r#"</v2/_catalog?last=a%2Fb&n=2>; title="a, b"; Rel="prev next""#,
            r#"</other>; rel="prev"; title="<x>", </v2/_catalog?last=a%2Fb&n=2>; rel="next", </third>; rel="last""#,
            r#"<https://Registry.example.com:5000/v2/_catalog?last=a%2Fb&n=2>; rel="next""#,
        ] {
            assert_eq!(follow_all(&[value]), Ok(Some(PAGE.to_owned())), "{value}");
        }
        let two = [r#"</other>; rel="prev""#, r#"</v2/_catalog?last=a%2Fb&n=2>; rel="next""#];
        assert_eq!(follow_all(&two), Ok(Some(PAGE.to_owned())));
    }

    #[test]
    fn without_such_a_link_the_page_is_the_last() {
        for value in ["", "</a>", r#"</a>; rel="prev""#, "</a>; next", "<", "rel=next", r#"</a>; rel="nextest""#] {
            assert_eq!(follow_all(&[value]), Ok(None), "{value}");
        }
        assert_eq!(follow_all(&[]), Ok(None));
    }

    #[test]
    fn a_link_to_anybody_else_is_refused() {
        let long = format!("/v2/_catalog?last={}", "a".repeat(MAX));
        for target in [
            "https://evil.example/v2/_catalog",
            "http://registry.example.com:5000/v2/_catalog",
            "https://registry.example.com/v2/_catalog",
            "https://registry.example.com:5000@evil.example/v2/_catalog",
            "https://user@registry.example.com:5000/v2/_catalog",
            "//evil.example/v2/_catalog",
            "evil.example:443",
            "evil.example",
            "*",
            "?last=a",
            "",
            "/a b",
            long.as_str(),
        ] {
            assert_eq!(follow_all(&[&format!("<{target}>; rel=\"next\"")]), Err(BadLink), "{target}");
        }
    }
}
