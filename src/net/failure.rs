//! What can go wrong between a request and its answer: one list, for which callers have their own words.

use std::error::Error;
use std::sync::Arc;

use http_body_util::LengthLimitError;
use hyper_util::client::legacy;

/// A cause that the pool hands out more than once.
type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The name has no address, nothing listens there, or the way there is closed. Nothing was sent.
    #[error(transparent)]
    Unreachable(SharedCause),
    /// The request would have crossed a network without TLS, which [`Plain`](super::Plain) forbids. Nothing was sent.
    #[error("the request would cross a network without TLS")]
    Unprotected,
    /// The server's certificate is not trusted, or what listens there does not speak TLS. Nothing was sent.
    #[error(transparent)]
    Tls(SharedCause),
    /// The server shows a CA's certificate as its own, which no client accepts. Nothing was sent.
    #[error("its certificate is a CA's; the server needs one that the CA has issued")]
    OfAuthority(#[source] SharedCause),
    /// No connection in time, TLS included. Nothing was sent.
    #[error("no connection within {seconds} seconds")]
    NoConnection {
        /// The time limit.
        seconds: u64,
    },
    /// No whole answer in time.
    #[error("no answer within {seconds} seconds")]
    TimedOut {
        /// The time limit.
        seconds: u64,
    },
    /// The answer exceeds the size limit.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The connection broke, or what came back is not HTTP.
    #[error(transparent)]
    Broken(SharedCause),
}

impl Failure {
    /// Whether TLS was spoken to a port that speaks something else: the first bytes that came back are none of TLS.
    #[must_use]
    pub fn met_no_tls(&self) -> bool {
        matches!(self.said_by_tls(), Some(rustls::Error::InvalidMessage(_)))
    }

    /// Whether no certificate that is trusted here has issued the server's: others may trust one that has.
    #[must_use]
    pub fn is_of_unknown_issuer(&self) -> bool {
        matches!(self.said_by_tls(), Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)))
    }

    fn said_by_tls(&self) -> Option<&rustls::Error> {
        let Self::Tls(cause) = self else { return None };
        cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>()
    }

    /// Whether HTTP was spoken to a port that speaks something else, such as TLS.
    #[must_use]
    pub fn met_no_http(&self) -> bool {
        self.is_of_hyper(hyper::Error::is_parse)
    }

    /// Whether it is the body of the request that broke off, which is no doing of the server's.
    #[must_use]
    pub fn is_of_sender(&self) -> bool {
        self.is_of_hyper(hyper::Error::is_user)
    }

    fn is_of_hyper(&self, is_it: fn(&hyper::Error) -> bool) -> bool {
        let Self::Broken(cause) = self else { return false };
        let first: &(dyn Error + 'static) = cause.as_ref();
        let mut causes = std::iter::successors(Some(first), |cause| (*cause).source());
        causes.any(|cause| {
            let bare = cause.downcast_ref::<Bare>().and_then(|bare| bare.0.source());
            bare.unwrap_or(cause).downcast_ref::<hyper::Error>().is_some_and(is_it)
        })
    }

    pub(super) fn unreachable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unreachable(Arc::new(cause))
    }

    /// The pool's error keeps that of the connector among its sources; its own words only say where it arose.
    pub(super) fn of_pool(error: legacy::Error) -> Self {
        let mut sources = std::iter::successors(error.source(), |source| (*source).source());
        let known = sources.find_map(|source| source.downcast_ref::<Self>()).cloned();
        known.unwrap_or_else(|| Self::Broken(Arc::new(Bare(error))))
    }

    pub(super) fn of_body(cause: Box<dyn Error + Send + Sync>, limit: usize) -> Self {
        if cause.is::<LengthLimitError>() { Self::TooLarge { limit } } else { Self::Broken(cause.into()) }
    }
}

/// An error that says what its source says.
#[derive(Debug)]
struct Bare(legacy::Error);

impl std::fmt::Display for Bare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self.0.source().unwrap_or(&self.0), f)
    }
}

impl Error for Bare {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()?.source()
    }
}
