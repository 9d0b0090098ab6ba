//! When a busy registry wants to be asked again: the statuses that say "later", and `Retry-After` (RFC 9110 section
//! 10.2.3), in seconds or as a date.

use hyper::StatusCode;
use hyper::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::domain::time::Timestamp;
use crate::net::Answer;

/// The wait in seconds where a registry says "later" and not, or not so that it can be read, for how long.
const UNTOLD: u64 = 1;

/// After how many seconds the same question may be asked again; none where the answer does not say "later". A 503 does so
/// only with a time: without one, it is a fault like any other.
pub(super) fn seconds(answer: &Answer) -> Option<u64> {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Some(told(&answer.headers).unwrap_or(UNTOLD)),
        StatusCode::SERVICE_UNAVAILABLE if answer.headers.contains_key(RETRY_AFTER) => {
            Some(told(&answer.headers).unwrap_or(UNTOLD))
        }
        _ => None,
    }
}

fn told(headers: &HeaderMap) -> Option<u64> {
    let told = text(headers, RETRY_AFTER)?;
    if !told.is_empty() && told.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(told.parse().unwrap_or(u64::MAX));
    }
    // By the clock of who sent it, which may differ from ours.
    let now = Timestamp::parse_http(text(headers, DATE)?).ok()?;
    let at = Timestamp::parse_http(told).ok()?;
    Some(u64::try_from(at.seconds() - now.seconds()).unwrap_or(0))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(status: u16, headers: &[(HeaderName, &str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        seconds(&Answer { status, headers, body: hyper::body::Bytes::new() })
    }

    #[test]
    fn later_is_told_in_seconds_or_as_a_date() {
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        for (told, expected) in [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("99999999999999999999999", u64::MAX),
            ("Sun, 06 Nov 1994 08:49:40 GMT", 3),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            for status in [429, 503] {
                assert_eq!(after(status, &[(RETRY_AFTER, told), date.clone()]), Some(expected), "{status} {told}");
            }
            assert_eq!(after(500, &[(RETRY_AFTER, told), date.clone()]), None, "{told}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_read_is_a_short_one_and_only_too_many_requests_needs_none() {
        for told in ["", "soon", "-1", "1.5", "Sun, 06 Nov 1994 08:49:40 GMT"] {
            assert_eq!((after(429, &[(RETRY_AFTER, told)]), after(503, &[(RETRY_AFTER, told)])), (Some(1), Some(1)));
        }
        assert_eq!((after(429, &[]), after(503, &[]), after(200, &[])), (Some(1), None, None));
    }
}
