//! Why the registry gave no usable answer.

use hyper::StatusCode;

use crate::net::{Cause, InvalidUrl, TrustError};

/// Why the registry gave no usable answer. No message and no source repeats a registry token or a URL that the registry
/// made.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The URL is no registry's.
    #[error("the URL of the registry cannot be used")]
    Url(#[from] InvalidUrl),
    /// There is no TLS: the CA file cannot be read, or holds no certificate.
    #[error("the registry cannot be asked over TLS")]
    Trust(#[from] TrustError),
    /// Nothing listens there, or the way there is closed. The next request will end the same.
    #[error("cannot reach the registry at {place}")]
    Unreachable {
        /// Its URL.
        place: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Its certificate is not trusted, or it does not speak TLS. The next request will end the same.
    #[error("no TLS with the registry at {place}; where the site has a CA of its own, set registry.ca")]
    Tls {
        /// Its URL.
        place: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// No connection, or no whole answer, in time. A change may have been made all the same.
    #[error("the registry at {place} did not answer within {seconds} seconds")]
    TimedOut {
        /// Its URL.
        place: String,
        /// The time limit.
        seconds: u64,
    },
    /// 401, or 403 to everything so far. What was asked for was in the token, so the registry does not believe it. The
    /// next request will end the same.
    #[error(
        "the registry at {place} does not trust dockpass's registry token (status {status}): its rootcertbundle, issuer \
         and service must be those that `dockpass registry config` prints"
    )]
    Refused {
        /// Its URL.
        place: String,
        /// HTTP status.
        status: u16,
    },
    /// 403, though the registry has answered other questions: it believes the token, and has a rule of its own.
    #[error(
        "the registry at {place} answered with status 403 where {asked} was asked, though it answers other questions: a \
         rule of its own, or of a proxy before it, refuses this one"
    )]
    Forbidden {
        /// Its URL.
        place: String,
        /// What was asked.
        asked: &'static str,
    },
    /// It wants to be asked later (429, or 503 with a time), and still did when there was no patience left.
    #[error("the registry at {place} is busy (status {status}): it wants to be asked again in {}", span(*seconds))]
    Busy {
        /// Its URL.
        place: String,
        /// HTTP status.
        status: u16,
        /// In how many seconds, as it said last.
        seconds: u64,
    },
    /// Any other status that says neither yes nor "there is none". Redirects are among them: the token goes to nobody
    /// else.
    #[error("the registry at {place} answered with status {status} where {asked} was asked")]
    Status {
        /// Its URL.
        place: String,
        /// What was asked.
        asked: &'static str,
        /// HTTP status.
        status: u16,
    },
    /// The connection broke, or what came back is no answer of a registry. A change may have been made all the same.
    #[error("no usable answer from the registry at {place} where {asked} was asked")]
    Unusable {
        /// Its URL.
        place: String,
        /// What was asked.
        asked: &'static str,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The answer exceeds the size limit. The same question will end the same.
    #[error("the registry at {place} answered with more than {limit} bytes where {asked} was asked")]
    TooLarge {
        /// Its URL.
        place: String,
        /// What was asked.
        asked: &'static str,
        /// In bytes.
        limit: usize,
    },
}

impl UpstreamError {
    /// Whether there was no answer at all, or none but "later". The next question may end better.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Busy { .. } => true,
            Self::Url(_)
            | Self::Trust(_)
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Refused { .. }
            | Self::Forbidden { .. }
            | Self::Status { .. }
            | Self::Unusable { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    /// The reason in words for those who may not know where the registry is.
    #[must_use]
    pub fn without_place(&self) -> String {
        let said = self.to_string();
        match self {
            Self::Url(_) | Self::Trust(_) => said,
            Self::Unreachable { place, .. }
            | Self::Tls { place, .. }
            | Self::TimedOut { place, .. }
            | Self::Refused { place, .. }
            | Self::Forbidden { place, .. }
            | Self::Busy { place, .. }
            | Self::Status { place, .. }
            | Self::Unusable { place, .. }
            | Self::TooLarge { place, .. } => said.replace(&format!(" at {place}"), ""),
        }
    }

    /// Whether a change that was asked for may have been made all the same.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Unusable { .. } | Self::TooLarge { .. } => true,
            // A registry that blames the request has changed nothing.
            Self::Status { status, .. } | Self::Busy { status, .. } => !(400..500).contains(status),
            Self::Url(_)
            | Self::Trust(_)
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Refused { .. }
            | Self::Forbidden { .. } => false,
        }
    }
}

/// What a request is about, for messages.
pub(super) struct About<'a> {
    /// The registry's URL.
    pub(super) place: &'a str,
    /// What is asked, such as `a manifest`.
    pub(super) asked: &'static str,
    /// Whether the registry has answered a question with a registry token.
    pub(super) is_believed: bool,
}

impl About<'_> {
    /// The error of a status that nobody expected.
    pub(super) fn status(&self, status: StatusCode) -> UpstreamError {
        let (place, status) = (self.place.to_owned(), status.as_u16());
        match status {
            403 if self.is_believed => UpstreamError::Forbidden { place, asked: self.asked },
            401 | 403 => UpstreamError::Refused { place, status },
            _ => UpstreamError::Status { place, asked: self.asked, status },
        }
    }

    /// The error of a registry that only says "later".
    pub(super) fn busy(&self, status: StatusCode, seconds: u64) -> UpstreamError {
        UpstreamError::Busy { place: self.place.to_owned(), status: status.as_u16(), seconds }
    }

    /// The error of an answer that cannot be read.
    pub(super) fn unusable(&self, cause: impl Into<Cause>) -> UpstreamError {
        UpstreamError::Unusable { place: self.place.to_owned(), asked: self.asked, cause: cause.into() }
    }

    /// The error of an answer beyond its bound.
    pub(super) fn too_large(&self, limit: usize) -> UpstreamError {
        UpstreamError::TooLarge { place: self.place.to_owned(), asked: self.asked, limit }
    }
}

fn span(seconds: u64) -> String {
    if seconds == 1 { "1 second".to_owned() } else { format!("{seconds} seconds") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_no_says_that_nothing_was_done() {
        let about = About { place: "http://a", asked: "a deletion", is_believed: false };
        let done = |status| about.status(StatusCode::from_u16(status).unwrap()).may_be_done();
        for (status, may_be_done) in [(302, true), (401, false), (403, false), (409, false), (429, false), (500, true)]
        {
            assert_eq!(done(status), may_be_done, "{status}");
        }
        let (place, cause) = ("http://a".to_owned(), || Cause::from("closed"));
        assert!(about.unusable(cause()).may_be_done() && about.too_large(1).may_be_done());
        assert!(UpstreamError::TimedOut { place: place.clone(), seconds: 1 }.may_be_done());
        assert!(!UpstreamError::Unreachable { place: place.clone(), cause: cause() }.may_be_done());
        assert!(!UpstreamError::Tls { place, cause: cause() }.may_be_done());
        assert!(!about.busy(StatusCode::TOO_MANY_REQUESTS, 1).may_be_done());
    }

    #[test]
    fn where_the_registry_is_can_be_left_out() {
        let about = About { place: "http://10.0.0.7:5000", asked: "a deletion", is_believed: false };
        for (error, said) in [
            (about.status(StatusCode::BAD_GATEWAY), "the registry answered with status 502 where a deletion was asked"),
            (
                about.busy(StatusCode::TOO_MANY_REQUESTS, 90),
                "the registry is busy (status 429): it wants to be asked again in 90 seconds",
            ),
            (about.unusable("x"), "no usable answer from the registry where a deletion was asked"),
        ] {
            assert_eq!(error.without_place(), said);
        }
        assert!(about.status(StatusCode::UNAUTHORIZED).without_place().contains("rootcertbundle"));
    }

    #[test]
    fn one_refusal_among_answers_is_told_from_a_token_that_is_not_believed() {
        let said = |status, is_believed| {
            let about = About { place: "http://a", asked: "a manifest", is_believed };
            about.status(StatusCode::from_u16(status).unwrap()).to_string()
        };
        for (status, is_believed) in [(401, false), (401, true), (403, false)] {
            assert!(said(status, is_believed).contains("rootcertbundle"), "{status} {is_believed}");
        }
        assert!(said(403, true).contains("where a manifest was asked, though it answers other questions"));
    }
}
