//! `Expect: 100-continue` (RFC 9110, section 10.1.1): who asks before it sends a body is told to send it once a handler
//! reads it. Who is refused gets the refusal alone, and sends nothing.
//!
//! actix says 100 before it calls any handler. The stream takes it, and holds it back: it waits until all earlier answers
//! are written, so that these bytes are the next, and cannot be confused with those of any answer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_http::Request;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;

use super::connection::Connection;
use super::interim::Interim;
use super::room::Place;

/// Waits until all earlier answers are written. A connection without a place in a room holds nothing back.
pub(super) async fn asked(request: &Request) {
    if let Some(place) = request.conn_data::<Place>() {
        earlier_are_written(place.connection()).await;
    }
}

/// Notes that somebody asks, and waits for the stream, or for the end of the connection.
async fn earlier_are_written(connection: &Connection) {
    connection.interim.set(Interim::Asked);
    poll_fn(|cx| {
        connection.wakes(cx);
        if connection.interim.get() == Interim::Asked && !connection.is_closed() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

/// A body that its sender is told to send when it is read.
pub(super) fn told_when_read(body: Payload, connection: &Arc<Connection>) -> Payload {
    Payload::Stream { payload: Box::pin(Told { body, connection: Arc::clone(connection) }) }
}

struct Told {
    body: Payload,
    connection: Arc<Connection>,
}

impl Stream for Told {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.connection.want_body();
        Pin::new(&mut this.body).poll_next(cx)
    }
}

impl Connection {
    /// Who asked whether to send its body is to send it.
    fn want_body(&self) {
        match self.interim.get() {
            Interim::Next => self.interim.set(Interim::None),
            Interim::Held => {
                self.interim.set(Interim::Due);
                self.wake();
            }
            Interim::None | Interim::Asked | Interim::Due => {}
        }
    }

    /// Whether somebody has asked whether to send its body, and was not told to.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self.interim.get(), Interim::Next | Interim::Held)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use actix_web::test::TestRequest;

    use super::super::room::testing;
    use super::*;

    /// How often a task was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn woken() -> (Arc<Woken>, Waker) {
        let woken = Arc::new(Woken::default());
        (Arc::clone(&woken), Waker::from(woken))
    }

    #[test]
    fn who_asks_waits_for_earlier_answers() {
        let present = testing::present();
        let (connection, (woken, waker)) = (present.connection(), woken());
        let mut cx = Context::from_waker(&waker);
        let mut asked = pin!(earlier_are_written(connection));
        assert!(asked.as_mut().poll(&mut cx).is_pending() && !connection.holds_back());
        assert_eq!(connection.interim.get(), Interim::Asked);
        // Woken for something else, it goes on waiting.
        assert!(asked.as_mut().poll(&mut cx).is_pending());
        // The stream has written all: the next bytes are the 100.
        connection.interim.set(Interim::Next);
        connection.wake();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(asked.as_mut().poll(&mut cx).is_ready() && connection.holds_back());
    }

    #[test]
    fn who_asks_on_a_connection_that_closes_does_not_wait_for_ever() {
        let present = testing::present();
        let (connection, (woken, waker)) = (present.connection(), woken());
        let mut cx = Context::from_waker(&waker);
        let mut asked = pin!(earlier_are_written(connection));
        assert!(asked.as_mut().poll(&mut cx).is_pending());
        connection.close();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(asked.as_mut().poll(&mut cx).is_ready());
    }

    /// What becomes of the interim answer when a body is read, and how often the connection is woken for it.
    fn after_reading(interim: Interim) -> (Interim, usize) {
        let present = testing::present();
        let (connection, (woken, waker)) = (present.connection(), woken());
        connection.wakes(&Context::from_waker(&waker));
        connection.interim.set(interim);
        let (_, body) = TestRequest::default().set_payload("body").to_http_parts();
        let mut body = pin!(told_when_read(body, connection));
        assert_eq!(connection.interim.get(), interim, "nobody has read yet");
        let read = body.as_mut().poll_next(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(read, Poll::Ready(Some(Ok(piece))) if piece == "body"));
        (connection.interim.get(), woken.0.load(Ordering::Relaxed))
    }

    #[test]
    fn a_body_is_asked_for_when_it_is_read_and_not_before() {
        // What was held back is due, and the stream is told to write it.
        assert_eq!(after_reading(Interim::Held), (Interim::Due, 1));
        // What actix has not written yet need not be held back at all.
        assert_eq!(after_reading(Interim::Next), (Interim::None, 0));
        for settled in [Interim::None, Interim::Asked, Interim::Due] {
            assert_eq!(after_reading(settled), (settled, 0));
        }
    }

    #[test]
    fn only_a_100_that_was_not_written_is_held_back() {
        let present = testing::present();
        let holds_back = |interim| {
            present.connection().interim.set(interim);
            present.connection().holds_back()
        };
        let all = [Interim::None, Interim::Asked, Interim::Next, Interim::Held, Interim::Due];
        assert_eq!(all.map(holds_back), [false, false, true, true, false]);
    }
}
