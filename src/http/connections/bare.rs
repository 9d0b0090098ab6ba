//! What the HTTP layer answers by itself, to a request that it cannot read: a bare status, which tells nobody anything. It
//! leaves as an error of the API instead, with the reason.

use std::fmt::Write;

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;

use super::super::failure::Failure;
use super::super::headers;
use super::super::request_log;
use crate::api::Code;
use crate::correlation::RequestId;

/// Longest address of a request, in bytes: what the `http` crate's `Uri` holds.
const LONGEST_ADDRESS: usize = 65_534;
/// Largest head of a request, in bytes: what actix holds.
const LARGEST_HEAD: usize = 128 * 1024;
/// What of a request's first line is no address, at least: `GET ` and ` HTTP/1.1`.
const AROUND: usize = 13;

/// How far the first line of a request has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FirstLine {
    length: usize,
    is_whole: bool,
}

impl FirstLine {
    /// Takes note of bytes that came.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.is_whole {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.length += end.unwrap_or(bytes.len());
        self.is_whole = end.is_some();
    }

    fn is_too_long(self) -> bool {
        self.length > LONGEST_ADDRESS + AROUND
    }
}

/// An answer that goes in the place of another one.
pub(super) struct Instead {
    bytes: Vec<u8>,
    sent: usize,
}

impl Instead {
    /// What goes in the place of these bytes; none unless they are an answer that the HTTP layer made by itself.
    pub(super) fn of(bytes: &[u8], line: FirstLine) -> Option<Self> {
        let failure = match bare_status(bytes)? {
            400 if line.is_too_long() => Failure::new(
                Code::AddressTooLong,
                format!(
                    "an address has at most {LONGEST_ADDRESS} bytes; more scopes fit into the form of POST /auth/token"
                ),
            ),
            400 => Failure::new(Code::InvalidParameters, "this is no request of HTTP/1.1 that can be read"),
            431 => Failure::new(
                Code::HeadTooLarge,
                format!("the head of a request has at most {LARGEST_HEAD} bytes and 96 headers"),
            ),
            _ => return None,
        };
        Some(Self { bytes: written(&failure)?, sent: 0 })
    }

    /// What is still to be written.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// So many bytes of it were written.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
    }
}

/// The status of an answer without a body that the HTTP layer made: only its headers have names in lower case.
fn bare_status(bytes: &[u8]) -> Option<u16> {
    // First the end: nearly every answer has a body, which need not be read for this.
    let head = std::str::from_utf8(bytes.strip_suffix(b"\r\n\r\n")?).ok()?;
    let mut lines = head.split("\r\n");
    let (version, rest) = lines.next()?.split_once(' ')?;
    let is_bare = version.starts_with("HTTP/1.") && lines.any(|line| line == "content-length: 0");
    let status = rest.split(' ').next()?.parse().ok()?;
    (is_bare && !head.contains("\r\n\r\n")).then_some(status)
}

/// The whole answer, after which the connection ends.
fn written(failure: &Failure) -> Option<Vec<u8>> {
    let mut response = failure.error_response();
    headers::add(response.headers_mut(), false, false);
    request_log::carry(response.headers_mut(), &RequestId::made());
    let status: StatusCode = response.status();
    let mut head = format!("HTTP/1.1 {} {}\r\nConnection: close\r\n", status.as_u16(), reason(status));
    for (name, value) in response.headers() {
        write!(head, "{name}: {}\r\n", value.to_str().ok()?).ok()?;
    }
    let body = response.into_body().try_into_bytes().ok()?;
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).ok()?;
    Some([head.as_bytes(), &body].concat())
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";

    fn line(length: usize) -> FirstLine {
        let mut line = FirstLine::default();
        line.read(&vec![b'a'; length / 2]);
        line.read(&[vec![b'a'; length - length / 2], b"\nmore".to_vec()].concat());
        line.read(b"and more");
        assert_eq!(line.length, length);
        line
    }

    fn instead(bytes: &str, length: usize) -> Option<String> {
        Instead::of(bytes.as_bytes(), line(length)).map(|it| String::from_utf8(it.rest().to_vec()).unwrap())
    }

    #[test]
    fn a_bare_answer_leaves_as_an_error_with_its_reason() {
        let long = instead(BARE, LONGEST_ADDRESS + AROUND + 1).unwrap();
        assert!(long.starts_with("HTTP/1.1 414 URI Too Long\r\nConnection: close\r\n"), "{long}");
        assert!(long.contains("URI_TOO_LONG") && long.contains("POST /auth/token"), "{long}");
        let (head, body) = long.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())) && head.contains("nosniff"), "{head}");
        assert!(head.contains("x-request-id: "), "{head}");
        assert!(instead(BARE, LONGEST_ADDRESS).unwrap().starts_with("HTTP/1.1 400 Bad Request\r\n"));
        let large = BARE.replace("400 Bad Request", "431 Request Header Fields Too Large");
        assert!(instead(&large, 9).unwrap().contains("REQUEST_HEAD_TOO_LARGE"));
    }

    #[test]
    fn every_other_answer_is_left_alone() {
        for other in [
            BARE.replace("content-length", "Content-Length"),
            BARE.replace("length: 0", "length: 2") + "{}",
            BARE.replace("400 Bad Request", "408 Request Timeout"),
            BARE.replace("400 Bad Request", "200 OK"),
            format!("{BARE}{BARE}"),
            String::new(),
            "HTTP/1.1".to_owned(),
        ] {
            assert_eq!(instead(&other, 100_000), None, "{other}");
        }
    }
}
