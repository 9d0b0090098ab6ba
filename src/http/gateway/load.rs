//! The body of a request on its way to the registry: a few pieces at a time, as fast as the registry takes them.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;

use crate::http::failure::Failure;
use crate::registry::gateway::{Load, Progress};

/// Pieces that may wait for the registry, besides the one that is on its way.
const PIECES: usize = 2;

/// A body that comes, with its length if the client has told it. It may stand still for as long as `standstill`.
pub(super) fn coming(http: &HttpRequest, payload: Payload, standstill: Duration) -> Result<Load, Failure> {
    let length = match http.headers().get(CONTENT_LENGTH) {
        Some(length) => {
            let length = length.to_str().ok().and_then(|length| length.parse::<u64>().ok());
            Some(length.ok_or_else(|| Failure::invalid("content-length", "no number"))?)
        }
        None if matches!(payload, Payload::None) => Some(0),
        None => None,
    };
    if length == Some(0) {
        return Ok(Load::Nothing);
    }
    let (sender, pieces) = channel(PIECES);
    let progress = Arc::new(Progress::default());
    actix_web::rt::spawn(pump(payload, sender, Arc::clone(&progress), standstill));
    Ok(Load::Coming(pieces, length, progress))
}

/// Hands on what comes, until the end, or until nobody takes it.
async fn pump(mut payload: Payload, sender: Sender<io::Result<Bytes>>, progress: Arc<Progress>, standstill: Duration) {
    loop {
        progress.waits_for_client(true);
        let next = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx));
        let next = tokio::select! {
            () = sender.closed() => return,
            next = timeout(standstill, next) => next,
        };
        progress.waits_for_client(false);
        let piece = match next {
            Ok(None) => return,
            Ok(Some(Ok(piece))) => {
                progress.came(piece.len());
                Ok(piece)
            }
            Ok(Some(Err(error))) => Err(broken(error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let is_last = piece.is_err();
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

fn broken(error: PayloadError) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error.to_string())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const LONG: Duration = Duration::from_secs(9);

    /// A body that comes from a channel of a test.
    struct Fed(tokio::sync::mpsc::UnboundedReceiver<Result<Bytes, PayloadError>>);

    impl Stream for Fed {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
            self.0.poll_recv(cx)
        }
    }

    type Feeder = tokio::sync::mpsc::UnboundedSender<Result<Bytes, PayloadError>>;

    fn fed() -> (Feeder, Payload) {
        let (feeder, fed) = tokio::sync::mpsc::unbounded_channel();
        (feeder, Payload::Stream { payload: Box::pin(Fed(fed)) })
    }

    fn load(length: Option<&str>, payload: Payload, standstill: Duration) -> Result<Load, Failure> {
        let request = TestRequest::default();
        let request = match length {
            Some(length) => request.insert_header((CONTENT_LENGTH, length)),
            None => request,
        };
        coming(&request.to_http_request(), payload, standstill)
    }

    #[actix_web::test]
    async fn a_body_has_its_length_if_that_is_told_and_none_is_none() {
        for (length, is_told) in [(Some("9"), true), (None, false)] {
            let Ok(Load::Coming(_, told, _)) = load(length, fed().1, LONG) else { panic!("a body") };
            assert_eq!(told.is_some(), is_told);
        }
        assert!(matches!(load(Some("0"), fed().1, LONG), Ok(Load::Nothing)));
        assert!(matches!(load(None, Payload::None, LONG), Ok(Load::Nothing)));
        assert!(load(Some("many"), fed().1, LONG).is_err());
    }

    #[actix_web::test]
    async fn what_comes_is_counted_and_waits_until_it_is_taken() {
        let (feeder, payload) = fed();
        let Ok(Load::Coming(mut pieces, _, come)) = load(None, payload, LONG) else { panic!("a body") };
        for _ in 0..20 {
            feeder.send(Ok(Bytes::from_static(b"12345"))).unwrap();
        }
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        // Those that wait, and the one in the hand of whoever hands on.
        assert_eq!(come.come(), 5 * (PIECES as u64 + 1));
        drop(feeder);
        let mut got = 0;
        while let Some(piece) = pieces.recv().await {
            got += piece.unwrap().len();
        }
        assert_eq!((got, come.come()), (100, 100));
    }

    #[actix_web::test]
    async fn what_breaks_off_or_stands_still_ends_with_an_error() {
        let (feeder, payload) = fed();
        let Ok(Load::Coming(mut pieces, ..)) = load(None, payload, LONG) else { panic!("a body") };
        feeder.send(Err(PayloadError::Incomplete(None))).unwrap();
        assert!(pieces.recv().await.is_some_and(|piece| piece.is_err()) && pieces.recv().await.is_none());
        let (_feeder, payload) = fed();
        let Ok(Load::Coming(mut pieces, ..)) = load(None, payload, Duration::from_millis(20)) else { panic!("a body") };
        let end = pieces.recv().await.unwrap().unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
    }

    #[actix_web::test]
    async fn nobody_hands_on_what_nobody_takes() {
        let (feeder, payload) = fed();
        let Ok(Load::Coming(pieces, ..)) = load(None, payload, LONG) else { panic!("a body") };
        drop(pieces);
        // The body itself is dropped.
        feeder.closed().await;
    }
}
