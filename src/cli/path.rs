//! Paths of the API: every name becomes one segment, and a `/` within it is sent as `%2F`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::name::{Namespace, RepositoryName};

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Path and query of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiPath {
    text: String,
    has_query: bool,
}

impl ApiPath {
    /// A path as it stands.
    pub(super) fn new(path: &str) -> Self {
        Self { text: path.to_owned(), has_query: false }
    }

    /// The path of a repository.
    pub(super) fn repository(name: &RepositoryName) -> Self {
        Self::new("/api/v0/repositories").segment(name.namespace_str()).segment(name.rest())
    }

    /// The path of the repositories of a namespace.
    pub(super) fn repositories_of(namespace: &Namespace) -> Self {
        Self::new("/api/v0/repositories").segment(namespace.as_str())
    }

    /// One more segment. To be called before any query.
    pub(super) fn segment(mut self, text: &str) -> Self {
        self.text.push('/');
        self.text.extend(utf8_percent_encode(text, RESERVED));
        self
    }

    /// One more parameter.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, RESERVED));
        self
    }

    /// One more parameter, if there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The text of the request line.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(text: &str) -> String {
        ApiPath::repository(&RepositoryName::parse_shown(text).unwrap()).as_str().to_owned()
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
        let path =
            ApiPath::new("/api").segment("a/../b?c#d").query("q", "x&y=z w").maybe("r", None).maybe("s", Some("é"));
        assert_eq!(path.as_str(), "/api/a%2F..%2Fb%3Fc%23d?q=x%26y%3Dz%20w&s=%C3%A9");
    }
}
