//! Bodies of answers, handed on in pieces: what the connection holds ready for a client is bounded, however long the
//! answer is.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::connection::Answering;

/// Largest piece of a body, in bytes.
const PIECE: usize = 16 * 1024;
/// A body of more bytes counts as unread from the beginning. No page of the embedded ones is as large.
const MUCH: usize = 512 * 1024;

/// A body that is at hand as a whole.
struct Whole {
    rest: Bytes,
    answering: Answering,
}

/// A body that comes bit by bit.
struct Flowing {
    body: BoxBody,
    _answering: Answering,
}

/// Has the answer counted as one until it is written, and written in pieces.
pub(in crate::http) fn in_pieces(response: HttpResponse, mut answering: Answering) -> HttpResponse {
    if matches!(response.body().size(), BodySize::None) {
        return response;
    }
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(all) if all.len() <= PIECE => BoxBody::new(all),
        Ok(rest) => {
            if rest.len() > MUCH {
                answering.hold_much(rest.len());
            } else {
                answering.hold(rest.len());
            }
            BoxBody::new(Whole { rest, answering })
        }
        Err(body) => BoxBody::new(Flowing { body, _answering: answering }),
    })
}

impl MessageBody for Whole {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.rest.split_to(PIECE.min(this.rest.len()));
        this.answering.hold(this.rest.len());
        Poll::Ready(Some(Ok(piece)))
    }
}

impl MessageBody for Flowing {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}
