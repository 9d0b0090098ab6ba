//! Paths of operations: every variable part becomes one segment, and a `/` within it is sent as `%2F`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::{Operation, Parameters};
use crate::domain::name::RepositoryName;

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Path and query of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct ApiPath {
    text: String,
    has_query: bool,
}

impl ApiPath {
    /// The path of an operation, with its variable parts filled in order, and its query.
    pub(in crate::cli) fn of<O: Operation, const N: usize>(parts: [&str; N], query: &O::Query) -> Self {
        const { assert!(O::FACTS.parts_count() == N, "the path has another number of parts") }
        let mut parts = parts.into_iter();
        let mut text = String::new();
        for segment in O::FACTS.path.split('/').skip(1) {
            text.push('/');
            if segment.starts_with('{') {
                text.extend(utf8_percent_encode(parts.next().unwrap_or_default(), RESERVED));
            } else {
                text.push_str(segment);
            }
        }
        let mut pairs = Vec::new();
        query.write(&mut pairs);
        pairs.into_iter().fold(Self { text, has_query: false }, |path, (name, value)| path.query(name, &value))
    }

    /// Adds a query parameter.
    pub(in crate::cli) fn query(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, RESERVED));
        self
    }

    /// Path and query as they stand in the request line.
    pub(in crate::cli) fn as_str(&self) -> &str {
        &self.text
    }
}

/// The parts of a repository's name, as they stand in paths: its namespace, and the rest.
pub(in crate::cli) fn parts(name: &RepositoryName) -> [&str; 2] {
    [name.namespace_str(), name.rest()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations::{access_tokens, organizations, repositories};
    use crate::api::{Counting, Ordering, Paging};

    fn repository(text: &str) -> String {
        let name = RepositoryName::parse_shown(text).unwrap();
        let path = ApiPath::of::<repositories::ViewRepository, _>([name.namespace_str(), name.rest()], &());
        path.as_str().to_owned()
    }

    #[test]
    fn a_repository_is_two_segments() {
        assert_eq!(repository("alice/app"), "/api/v0/repositories/alice/app");
        assert_eq!(repository("team/tools/lint/x"), "/api/v0/repositories/team/tools%2Flint%2Fx");
        assert_eq!(repository("busybox"), "/api/v0/repositories/_/busybox");
        assert_eq!(repository("_/busybox"), "/api/v0/repositories/_/busybox");
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let path = ApiPath::of::<organizations::ViewMember, _>(["a/../b?c#d", ".."], &());
        assert_eq!(path.as_str(), "/enzi/v0/accounts/a%2F..%2Fb%3Fc%23d/members/..");
        let containing = repositories::Containing { contains: Some("x&y=z w é".into()) };
        let whose = repositories::OfOwner::default();
        let query = (whose, containing, Ordering::default(), Paging::default(), Counting::default());
        let path = ApiPath::of::<repositories::ListRepositories, _>([], &query);
        assert_eq!(path.query("r", "s").as_str(), "/api/v0/repositories?q=x%26y%3Dz%20w%20%C3%A9&r=s");
        let path = ApiPath::of::<access_tokens::ViewAccessToken, _>(["0a"], &());
        assert_eq!(path.as_str(), "/api/v0/api_tokens/0a");
    }
}
