//! Where the next page of a list is: the `Link` header of RFC 8288, in the spellings that registries use.
//!
//! A registry must not make us send the registry token elsewhere: of a link, path and query are kept, and asked for at
//! `registry.url`, whatever host the link names. Registries name the one that they believe to be theirs: behind a proxy
//! that is another.
//!
//! What cannot be understood is an error, never the end of the list: what follows would look deleted. Seen in the field:
//! no angle brackets (zot before 2.0, project-zot/zot #2116), an opaque `next_page` (quay), an absolute URL (GitLab, ECR).

use hyper::Uri;
use hyper::header::{HeaderMap, LINK};

/// Longest link that is followed, in bytes: a path, and the longest name in a query, percent-encoded.
const MAX: usize = 4096;
/// Every list of a registry is below it.
const API: &str = "/v2/";

/// Where the next page of a list is, in the registry's own words. Valid for the list that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPage(String);

impl NextPage {
    /// Path and query.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same page with at most `size` entries; none where the registry's words hold no larger number of them.
    pub(super) fn smaller(&self, size: u32) -> Option<Self> {
        let (path, query) = self.0.split_once('?')?;
        let is_larger = |part: &str| {
            let asked = part.strip_prefix("n=").and_then(|number| number.parse::<u64>().ok());
            asked.is_some_and(|asked| asked > u64::from(size))
        };
        let of_size = format!("n={size}");
        let parts: Vec<&str> =
            query.split('&').map(|part| if is_larger(part) { of_size.as_str() } else { part }).collect();
        let smaller = format!("{path}?{}", parts.join("&"));
        (smaller != self.0).then_some(Self(smaller))
    }
}

/// The answer has a `Link` that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadLink {
    /// It has no target, or is no text.
    #[error("its Link header is not understood, so whether there is a next page is not known")]
    NotUnderstood,
    /// The target is none that a list of a registry could have.
    #[error("its link to the next page leads nowhere in a registry")]
    Nowhere,
}

/// The next page of the list at `path`, if there is one: the link with `rel="next"`, or the only link if it has no
/// relation at all. Links that lead elsewhere are no concern of a list.
pub(super) fn next(headers: &HeaderMap, path: &str) -> Result<Option<NextPage>, BadLink> {
    let mut is_doubtful = false;
    let mut without_relation = Vec::new();
    for value in headers.get_all(LINK) {
        let text = value.to_str().map_err(|_| BadLink::NotUnderstood)?;
        for link in outside_quotes(text, ',').filter(|link| !link.trim().is_empty()) {
            let link = Link::read(link)?;
            match link.relations() {
                Some(relations) if relations.split_ascii_whitespace().any(is_next) => {
                    return follow(link.target, path).map(Some);
                }
                Some(relations) => is_doubtful |= !leads_elsewhere(relations),
                None => without_relation.push(link.target),
            }
        }
    }
    match without_relation.as_slice() {
        // A relation that is not known may be a misspelt `next`: the list may go on.
        [] if is_doubtful => Err(BadLink::NotUnderstood),
        [] => Ok(None),
        [only] => follow(only, path).map(Some),
        [_, _, ..] => Err(BadLink::NotUnderstood),
    }
}

/// Relations of links that do not lead on (the registry of RFC 8288), as far as lists have them.
const ELSEWHERE: [&str; 17] = [
    "alternate",
    "dns-prefetch",
    "icon",
    "preconnect",
    "preload",
    "stylesheet",
    "canonical",
    "collection",
    "describedby",
    "first",
    "item",
    "last",
    "prev",
    "previous",
    "self",
    "start",
    "up",
];

fn is_next(relation: &str) -> bool {
    relation.eq_ignore_ascii_case("next")
}

/// Whether these relations are known to lead to no next page.
fn leads_elsewhere(relations: &str) -> bool {
    let mut relations = relations.split_ascii_whitespace().peekable();
    let is_there = relations.peek().is_some();
    is_there && relations.all(|relation| ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(relation)))
}

/// A link of the header.
struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl<'a> Link<'a> {
    /// Reads `<target>; name="value"`, with or without the brackets.
    fn read(text: &'a str) -> Result<Self, BadLink> {
        let text = text.trim();
        let (target, parameters) = match text.strip_prefix('<') {
            Some(bracketed) => bracketed.split_once('>').ok_or(BadLink::NotUnderstood)?,
            None => text.split_at(text.find(';').unwrap_or(text.len())),
        };
        let target = target.trim();
        // Without brackets, a parameter alone could pass for a target.
        let is_parameter = target.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
        if target.is_empty() || is_parameter { Err(BadLink::NotUnderstood) } else { Ok(Self { target, parameters }) }
    }

    /// The relations, apart by blanks; none if the link names none.
    fn relations(&self) -> Option<&'a str> {
        let parameters = outside_quotes(self.parameters, ';').filter_map(|parameter| parameter.split_once('='));
        let mut relations = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
        relations.next().map(|(_, value)| value.trim().trim_matches(['"', '\'', '\\']).trim())
    }
}

/// The parts of a text between separators, of which those in quotes and in angle brackets are none.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut closing = None;
    text.split(move |letter: char| {
        match (closing, letter) {
            (Some(end), _) if end == letter => closing = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => closing = Some(letter),
            (None, '<') => closing = Some('>'),
            (None, _) => return letter == separator,
        }
        false
    })
}

/// Path and query that a link of the list at `list` leads to.
fn follow(target: &str, list: &str) -> Result<NextPage, BadLink> {
    let path = match (without_host(target), target.split_once('?')) {
        (Some(path), _) => path.to_owned(),
        (None, Some(("", query))) => format!("{list}?{query}"),
        (None, _) => beside(list, target)?,
    };
    // A proxy may serve the registry below a path that `registry.url` does not go through.
    let (place, query) = path.split_once('?').unwrap_or((path.as_str(), ""));
    let path = if place.ends_with(list) { format!("{list}?{query}") } else { path };
    let is_usable = path.starts_with(API) && path.len() <= MAX && !has_parent(&path) && path.parse::<Uri>().is_ok();
    if is_usable { Ok(NextPage(path)) } else { Err(BadLink::Nowhere) }
}

/// The path of an absolute URL or of `//host/path`, or the text itself if it is a path; none for a relative one.
fn without_host(target: &str) -> Option<&str> {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let scheme = ["https://", "http://", "//"].into_iter().find(|scheme| lower.starts_with(scheme));
    match scheme.and_then(|scheme| target.get(scheme.len()..)) {
        Some(rest) => Some(rest.find('/').and_then(|path| rest.get(path..)).unwrap_or_default()),
        None => target.starts_with('/').then_some(target),
    }
}

/// A relative path: beside the list, or from the root, whose slash some registries forget.
fn beside(list: &str, target: &str) -> Result<String, BadLink> {
    let target = target.strip_prefix("./").unwrap_or(target);
    let first = target.split(['/', '?']).next().unwrap_or_default();
    // Another scheme, or a host and its port (RFC 3986 section 4.2).
    if first.contains(':') {
        return Err(BadLink::Nowhere);
    }
    let root = API.trim_start_matches('/');
    let directory =
        if target.starts_with(root) { "/" } else { list.get(..=list.rfind('/').unwrap_or(0)).unwrap_or("/") };
    Ok(format!("{directory}{target}"))
}

fn has_parent(path: &str) -> bool {
    let place = path.split('?').next().unwrap_or(path);
    place.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "/v2/_catalog";
    const PAGE: &str = "/v2/_catalog?last=a%2Fb&n=2";

    fn follow_all(values: &[&str]) -> Result<Option<String>, BadLink> {
        let headers = values.iter().map(|value| (LINK, value.parse().unwrap())).collect();
        next(&headers, LIST).map(|next| next.map(|next| next.as_str().to_owned()))
    }

    #[test]
    fn the_next_page_is_a_path_at_the_same_registry() {
        for value in [
            r#"</v2/_catalog?last=a%2Fb&n=2>; rel="next""#,
            "</v2/_catalog?last=a%2Fb&n=2>;rel=next",
            "</v2/_catalog?last=a%2Fb&n=2>; rel='next'",
            r#"< /v2/_catalog?last=a%2Fb&n=2 > ; REL = "Next""#,
            r#"/v2/_catalog?last=a%2Fb&n=2; rel="next""#,
            "/v2/_catalog?last=a%2Fb&n=2;rel='next'",
            "</v2/_catalog?last=a%2Fb&n=2>",
            "/v2/_catalog?last=a%2Fb&n=2",
            r#"</v2/_catalog?last=a%2Fb&n=2>; title="a, b; rel=prev"; Rel="prev next""#,
            r#"</other>; rel="prev"; title="<x>", </v2/_catalog?last=a%2Fb&n=2>; rel="next", </third>; rel="last""#,
            r#"</first>, </v2/_catalog?last=a%2Fb&n=2>; rel="next", </third>"#,
            r#"/other; rel="prev", /v2/_catalog?last=a%2Fb&n=2; rel="next""#,
            r#"</v2/_catalog?last=a%2Fb&n=2>; rel=\"next\""#,
            r#"</x>; rel="nxt", </v2/_catalog?last=a%2Fb&n=2>; rel="next""#,
            r#"<?last=a%2Fb&n=2>; rel="next""#,
            r#"<_catalog?last=a%2Fb&n=2>; rel="next""#,
            r#"<./_catalog?last=a%2Fb&n=2>; rel="next""#,
            r#"<v2/_catalog?last=a%2Fb&n=2>; rel="next""#,
        ] {
            assert_eq!(follow_all(&[value]), Ok(Some(PAGE.to_owned())), "{value}");
        }
        let two = [r#"</other>; rel="prev""#, r#"</v2/_catalog?last=a%2Fb&n=2>; rel="next""#];
        assert_eq!(follow_all(&two), Ok(Some(PAGE.to_owned())));
        let opaque = r#"</v2/_catalog?next_page=gAAAA%3D%3D&n=25>; rel="next""#;
        assert_eq!(follow_all(&[opaque]), Ok(Some("/v2/_catalog?next_page=gAAAA%3D%3D&n=25".to_owned())));
    }

    #[test]
    fn the_host_of_a_link_is_replaced_by_the_registrys() {
        for host in [
            "https://registry.example.com:5000",
            "http://registry.example.com:5000",
            "HTTPS://evil.example",
            "https://registry.example.com:5000@evil.example",
            "https://user@registry.example.com:5000",
            "//evil.example",
            "https://public.example/below/a/path",
        ] {
            let value = format!("<{host}/v2/_catalog?last=a%2Fb&n=2>; rel=\"next\"");
            assert_eq!(follow_all(&[&value]), Ok(Some(PAGE.to_owned())), "{value}");
        }
    }

    #[test]
    fn without_a_link_to_it_there_is_no_next_page() {
        for value in ["", " , ", r#"</a>; rel="prev""#, "</a.css>; rel=preload; as=style", r#"</a>; rel="Last""#] {
            assert_eq!(follow_all(&[value]), Ok(None), "{value}");
        }
        assert_eq!(follow_all(&[]), Ok(None));
    }

    #[test]
    fn what_is_not_understood_does_not_end_the_list() {
        for value in [
            "<",
            "rel=next",
            r#"; rel="next""#,
            r#"<>; rel="next""#,
            "</v2/a>, </v2/b>",
            "</v2/a; rel=next",
            "</v2/a>; rel=nxt",
            r#"</v2/a>; rel="""#,
            "</v2/a>; rel=&quot;next&quot;",
            r#"</v2/a>; rel="next-page""#,
        ] {
            assert_eq!(follow_all(&[value]), Err(BadLink::NotUnderstood), "{value}");
        }
        let long = format!("/v2/_catalog?last={}", "a".repeat(MAX));
        for target in [
            "https://evil.example",
            "ftp://registry.example.com/v2/_catalog",
            "evil.example:443",
            "evil.example:443/v2/_catalog",
            "/a b",
            "/admin",
            "/v2/../admin",
            "/v2/_catalog?last=a b",
            long.as_str(),
        ] {
            assert_eq!(follow_all(&[&format!("<{target}>; rel=\"next\"")]), Err(BadLink::Nowhere), "{target}");
        }
        let no_text = hyper::header::HeaderValue::from_bytes(b"</v2/\xff>; rel=next").unwrap();
        assert_eq!(next(&HeaderMap::from_iter([(LINK, no_text)]), LIST), Err(BadLink::NotUnderstood));
    }

    #[test]
    fn a_page_can_be_asked_for_in_smaller_ones() {
        let smaller = |text: &str| NextPage(text.to_owned()).smaller(100).map(|page| page.0);
        assert_eq!(smaller("/v2/_catalog?last=a&n=1000"), Some("/v2/_catalog?last=a&n=100".to_owned()));
        for text in ["/v2/_catalog?last=a&n=100", "/v2/_catalog?next_page=x", "/v2/_catalog"] {
            assert_eq!(smaller(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_leads_out_of_the_registry(text in "[ -~]{0,80}") {
            if let Ok(Some(page)) = follow_all(&[&text]) {
                proptest::prop_assert!(page.starts_with("/v2/"), "{page}");
            }
        }
    }
}
