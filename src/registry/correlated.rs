//! What a request to the registry has of the one that it is made for: its id, and its trace.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::correlation;

/// Adds the id and the trace of the request at hand, if there is one.
pub(super) fn add(headers: &mut HeaderMap) {
    let Some(current) = correlation::current() else { return };
    for (name, value) in current.headers() {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
