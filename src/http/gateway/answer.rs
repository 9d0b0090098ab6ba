//! The registry's answer on its way to the client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};
use actix_web::web::Bytes;

use crate::domain::distribution::{ContentRequest, Verb};
use crate::http::pools::UpstreamPlace;
use crate::registry::gateway::Passed;

/// A body that comes from the registry.
struct Coming {
    passed: Passed,
    size: BodySize,
    /// Whether the client wants the length alone.
    is_head: bool,
    /// Its room at the registry, until it has gone.
    _place: UpstreamPlace,
    /// What it broke off with, which is told once all before it is written.
    broken: Option<io::Error>,
}

/// The answer to the client.
pub(super) fn of(passed: Passed, asked: &ContentRequest, place: UpstreamPlace) -> HttpResponse {
    let status = StatusCode::from_u16(passed.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for (name, value) in &passed.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            response.append_header((name, value));
        }
    }
    // Nothing here is a page: a browser that gets it all the same saves it.
    response.insert_header((CONTENT_DISPOSITION, "attachment"));
    let is_head = asked.verb == Verb::Head;
    let length = if is_head { passed.length } else { passed.body.length() };
    let size = match length {
        _ if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) => BodySize::None,
        Some(length) => BodySize::Sized(length),
        None if is_head => BodySize::None,
        None => BodySize::Stream,
    };
    response.body(BoxBody::new(Coming { passed, size, is_head, _place: place, broken: None }))
}

impl MessageBody for Coming {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_head {
            return Poll::Ready(None);
        }
        // What breaks off breaks the connection to the client off: it must not look whole. actix drops what is not written by
        // then, the head included.
        if let Some(broken) = self.broken.take() {
            return Poll::Ready(Some(Err(broken)));
        }
        match ready!(self.passed.body.poll_piece(cx)) {
            Some(Ok(piece)) => Poll::Ready(Some(Ok(piece))),
            Some(Err(failure)) => {
                self.broken = Some(io::Error::other(failure));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}
