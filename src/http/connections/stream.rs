//! The stream of one connection, with limits on time and memory that actix has none for: an answer that stands still
//! ends, nothing is read ahead meanwhile, and no request is read while too much is unread.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::{TcpStream, UnixStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::bare::{FirstLine, Instead};
use super::connection::Connection;
use super::interim::{CONTINUE, Interim};
use super::room::{ASK_AGAIN, Place, Present, Turn};

/// How long the rest of a request's head may take.
pub(in crate::http) const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// An answer stands still if fewer bytes went within the time that it may.
const CRAWL: usize = 1_024;
/// The same while the server ends.
const LAST_CRAWL: usize = 64 * 1_024;
/// For how long a streamed answer may seem to stand still.
const STREAM_STALL: Duration = Duration::from_mins(5);
/// For how long an answer, or the rest of a request, may stand still while the server ends.
const LAST_STALL: Duration = Duration::from_secs(2);
/// Most bytes that are read of a request after it was refused unread.
const LARGEST_REST: usize = 1024 * 1024;
/// How often one asks again that is to be called.
const ASK_LATER: Duration = Duration::from_secs(1);
/// Memory of a connection whose answer is unread, besides what is ready of it: buffers of actix, which grow by doubling
/// while answers follow each other (measured: up to 170 kB a connection in all), and those of TLS.
const BUFFERS: usize = 128 * 1024;
const TLS_BUFFERS: usize = 160 * 1024;
/// Bytes of an unfinished request that do not count as waiting memory, and the most that actix reads ahead.
const SMALL_REQUEST: usize = 8 * 1024;
const LARGEST_BUFFER: usize = 160 * 1024;

/// What a connection is made of.
pub(in crate::http) enum Wire {
    /// Plain.
    Tcp(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// The local socket.
    Unix(UnixStream),
}

/// What can be read and written.
trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

impl Wire {
    fn io(&mut self) -> Pin<&mut dyn Io> {
        match self {
            Self::Tcp(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
            Self::Unix(stream) => Pin::new(stream),
        }
    }
}

/// A connection that is in its room.
pub(in crate::http) struct Stream {
    wire: Wire,
    present: Present,
    /// While an answer is stuck.
    stuck: Option<Stuck>,
    /// The end of the time for a head that has begun.
    head: Option<Pin<Box<Sleep>>>,
    /// The end of the time for the rest of a request while the server ends.
    last: Option<Pin<Box<Sleep>>>,
    /// When to ask again whether it is this connection's turn.
    ask: Option<Pin<Box<Sleep>>>,
    /// Bytes read of a request that has not begun, or of the one that is being answered.
    read: usize,
    /// Bytes read since no request was being answered.
    taken: usize,
    /// The first line of the request that comes next.
    line: FirstLine,
    /// What is written in the place of a bare answer.
    instead: Option<Instead>,
    /// What is still read of a request that had such an answer: a connection that ends with bytes unread takes the answer
    /// along.
    rest: Option<Rest>,
    /// Bytes of the interim answer that are written.
    continued: usize,
    /// What was so at the last look: requests that had begun, and whether one was being answered.
    seen: (u64, bool),
}

/// The rest of a request that is not taken.
struct Rest {
    /// How many more bytes are read.
    left: usize,
    /// The end of the time for them.
    timer: Pin<Box<Sleep>>,
}

/// An answer that the client does not take.
struct Stuck {
    /// Bytes that went since the timer was set.
    moved: usize,
    timer: Pin<Box<Sleep>>,
    is_last: bool,
}

impl Stream {
    pub(in crate::http) fn new(wire: Wire, present: Present) -> Self {
        Self {
            wire,
            present,
            stuck: None,
            head: None,
            last: None,
            ask: None,
            read: 0,
            taken: 0,
            line: FirstLine::default(),
            instead: None,
            rest: None,
            continued: 0,
            seen: (0, false),
        }
    }

    pub(in crate::http) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(in crate::http) fn place(&self) -> &Place {
        &self.present
    }

    fn connection(&self) -> &Arc<Connection> {
        self.present.connection()
    }

    /// Waits until the first request may be read, before buffers are made for it. False if the connection is to end.
    pub(in crate::http) async fn is_turn(&mut self) -> bool {
        let turn = poll_fn(|cx| {
            self.connection().wakes(cx);
            if self.connection().is_to_end() { Poll::Ready(false) } else { self.poll_turn(cx).map(|()| true) }
        });
        turn.await
    }

    /// Writes what goes to the client.
    fn poll_send(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_open()?;
        let polled = self.wire.io().poll_write(cx, buf);
        let Poll::Ready(written) = polled else {
            self.wait_stuck(buf.len(), cx)?;
            return Poll::Pending;
        };
        let written = written?;
        self.connection().moved();
        if let Some(stuck) = &mut self.stuck {
            stuck.moved += written;
        }
        Poll::Ready(Ok(written))
    }

    /// Takes the interim answer, which is written once the body is wanted; how many of these bytes it was. Whoever has the
    /// final answer needs none.
    fn take_interim(&mut self, buf: &[u8]) -> Option<usize> {
        let interim = &self.connection().interim;
        match interim.get() {
            Interim::Next if buf.starts_with(CONTINUE) => {
                interim.set(Interim::Held);
                self.continued = 0;
                Some(CONTINUE.len())
            }
            Interim::Next | Interim::Held => {
                interim.set(Interim::None);
                None
            }
            Interim::None | Interim::Asked | Interim::Due => None,
        }
    }

    /// Writes the interim answer, if it is time for it.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.connection().interim.get() == Interim::Due {
            let rest = CONTINUE.get(self.continued..).unwrap_or_default();
            if rest.is_empty() {
                self.connection().interim.set(Interim::None);
            } else {
                self.continued += ready!(self.poll_send(cx, rest))?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on what nobody wants, until it ends, or was enough.
    fn poll_rest(&mut self, cx: &mut Context<'_>) {
        let Some(mut rest) = self.rest.take() else { return };
        let mut room = [0; CRAWL];
        while rest.left > 0 && rest.timer.as_mut().poll(cx).is_pending() {
            let mut read = ReadBuf::new(&mut room);
            match self.wire.io().poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    rest.left = rest.left.saturating_sub(read.filled().len());
                }
                Poll::Ready(_) => return,
                Poll::Pending => {
                    self.rest = Some(rest);
                    return;
                }
            }
        }
    }

    fn check_open(&self) -> io::Result<()> {
        if self.connection().is_closed() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.present.turn(cx) {
                Turn::Now => {
                    self.ask = None;
                    return Poll::Ready(());
                }
                turn => {
                    // Whoever is called in vain, or just too early, is not called again.
                    let pause = if turn == Turn::Soon { ASK_AGAIN } else { ASK_LATER };
                    let ask = self.ask.get_or_insert_with(|| Box::pin(sleep(pause)));
                    ready!(ask.as_mut().poll(cx));
                    ask.as_mut().reset(Instant::now() + pause);
                }
            }
        }
    }

    /// Looks which request the bytes that come next belong to. Returns whether one is being answered.
    fn look(&mut self) -> bool {
        let connection = self.present.connection();
        let (begun, is_answering) = (connection.begun(), connection.has_request());
        if begun != self.seen.0 || (self.seen.1 && !is_answering) {
            self.read = 0;
            self.line = FirstLine::default();
            self.head = None;
        }
        self.seen = (begun, is_answering);
        is_answering
    }

    /// Counts what has been read of a request that is not answered.
    fn count_request(&self) {
        if self.connection().is_streaming() {
            return;
        }
        let most = LARGEST_BUFFER + self.connection().common.limits.largest_body;
        let bytes = if self.read > SMALL_REQUEST { self.read.min(most) } else { 0 };
        self.connection().set_unread(bytes);
    }

    /// A head that has begun must come whole in time.
    fn check_head(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let head = self.head.get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT)));
        if head.as_mut().poll(cx).is_ready() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the head of a request took too long"));
        }
        Ok(())
    }

    /// Whether the rest of a request has not come in the time that it has while the server ends.
    fn has_waited(&mut self, cx: &mut Context<'_>) -> bool {
        self.last.get_or_insert_with(|| Box::pin(sleep(LAST_STALL))).as_mut().poll(cx).is_ready()
    }

    /// Waits for a client that does not read, while `left` bytes are ready for it.
    fn wait_stuck(&mut self, left: usize, cx: &mut Context<'_>) -> io::Result<()> {
        let connection = self.present.connection();
        connection.wakes(cx);
        let is_ending = connection.common.is_ending();
        // A stream's send buffer grows to megabytes, of which the kernel tells only when a third is free: a reader of some
        // kilobytes a second seems to stand still for minutes. Whether it does, the kernel knows (`STALL` in `listener`).
        let is_streaming = connection.is_streaming();
        let longest = connection.common.limits.stall.max(if is_streaming { STREAM_STALL } else { Duration::ZERO });
        let patience = if is_ending { LAST_STALL.min(longest) } else { longest };
        let fresh = || Stuck { moved: 0, timer: Box::pin(sleep(patience)), is_last: is_ending };
        let stuck = self.stuck.get_or_insert_with(fresh);
        if is_ending && !stuck.is_last {
            *stuck = fresh();
        }
        while stuck.timer.as_mut().poll(cx).is_ready() {
            if stuck.moved < if stuck.is_last { LAST_CRAWL } else { CRAWL } {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read"));
            }
            stuck.moved = 0;
            stuck.timer.as_mut().reset(Instant::now() + patience);
        }
        let buffers = match self.wire {
            Wire::Tcp(_) | Wire::Unix(_) => BUFFERS,
            Wire::Tls(_) => TLS_BUFFERS,
        };
        let ahead = self.taken.min(LARGEST_BUFFER);
        if !is_streaming {
            connection.set_unread(buffers + ahead + left + connection.held());
        }
        Ok(())
    }

    /// Everything has gone to the client.
    fn end_stuck(&mut self, cx: &Context<'_>) {
        if self.stuck.take().is_some() {
            self.connection().set_unread(0);
            // Reading was put off: nobody waits for the client's bytes yet.
            cx.waker().wake_by_ref();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check_open()?;
        this.connection().wakes(cx);
        if this.stuck.is_some() {
            return Poll::Pending;
        }
        let is_answering = this.look();
        if this.connection().common.is_ending() && (!is_answering || this.has_waited(cx)) {
            return Poll::Ready(Ok(()));
        }
        if !is_answering {
            if this.read > 0 {
                this.check_head(cx)?;
            }
            // Only who has something to say needs a turn. What TLS has decrypted already cannot be seen here.
            match &this.wire {
                Wire::Tcp(stream) => ready!(stream.poll_read_ready(cx))?,
                Wire::Unix(stream) => ready!(stream.poll_read_ready(cx))?,
                Wire::Tls(_) => {}
            }
            if this.poll_turn(cx).is_pending() {
                // It is not the client that keeps the rest of a head back.
                this.head = None;
                return Poll::Pending;
            }
            this.taken = 0;
        }
        let before = buf.filled().len();
        let polled = this.wire.io().poll_read(cx, buf);
        ready!(polled)?;
        let count = buf.filled().len() - before;
        if count > 0 {
            this.connection().moved();
            this.read += count;
            this.taken += count;
            this.line.read(buf.filled().get(before..).unwrap_or_default());
            if this.read > SMALL_REQUEST {
                this.count_request();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_interim(cx))?;
        if let Some(taken) = this.take_interim(buf) {
            return Poll::Ready(Ok(taken));
        }
        // What the registry holds may look like anything.
        if this.instead.is_none() && !this.connection().has_content() {
            this.instead = Instead::of(buf, this.line);
        }
        let Some(mut instead) = this.instead.take() else { return this.poll_send(cx, buf) };
        while !instead.rest().is_empty() {
            match this.poll_send(cx, instead.rest()) {
                Poll::Ready(Ok(count)) if count > 0 => instead.advance(count),
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    this.instead = Some(instead);
                    return Poll::Pending;
                }
            }
        }
        this.rest = Some(Rest { left: LARGEST_REST, timer: Box::pin(sleep(LAST_STALL)) });
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check_open()?;
        ready!(this.poll_interim(cx))?;
        let polled = this.wire.io().poll_flush(cx);
        let Poll::Ready(flushed) = polled else {
            this.wait_stuck(0, cx)?;
            return Poll::Pending;
        };
        flushed?;
        this.end_stuck(cx);
        this.connection().is_written();
        if this.connection().interim.get() == Interim::Asked {
            // Nothing of earlier answers is left.
            this.connection().interim.set(Interim::Next);
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check_open()?;
        let polled = this.wire.io().poll_shutdown(cx);
        if polled.is_pending() {
            this.wait_stuck(0, cx)?;
            return Poll::Pending;
        }
        ready!(polled)?;
        this.poll_rest(cx);
        if this.rest.is_some() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{IpAddr, Shutdown};
    use std::os::unix::net;
    use std::thread;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::connection::Phase;
    use super::super::room::{Origin, testing};
    use super::*;

    const KIB: usize = 1_024;
    const MIB: usize = 1_024 * KIB;

    /// Two connections of one source, which may have so many bytes unread; the client of the first has sent so many.
    fn sent(bytes: usize, unread_of_source: usize) -> (Stream, Present, net::UnixStream) {
        let (ours, theirs) = net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let room = testing::room(2, 2 * unread_of_source);
        let client = Origin::Client(IpAddr::from([192, 0, 2, 1]));
        let [first, second] = [(); 2].map(|()| room.enter(client, Phase::Requests).unwrap());
        let mut sender = theirs.try_clone().unwrap();
        thread::spawn(move || {
            sender.write_all(&vec![b'a'; bytes]).unwrap();
            sender.shutdown(Shutdown::Write).unwrap();
        });
        (Stream::new(Wire::Unix(UnixStream::from_std(ours).unwrap()), first), second, theirs)
    }

    fn turn(present: &Present) -> Turn {
        present.turn(&Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test]
    async fn of_a_request_that_was_refused_unread_one_mib_is_read_and_no_more() {
        let (mut stream, _, _client) = sent(2 * MIB, MIB);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        // However busy this machine is.
        stream.rest.as_mut().unwrap().timer = Box::pin(sleep(Duration::from_hours(1)));
        stream.shutdown().await.unwrap();
        let left = stream.wire.io().read_to_end(&mut Vec::new()).await.unwrap();
        let read = 2 * MIB - left;
        assert!((MIB..MIB + KIB).contains(&read), "{read} bytes");
    }

    #[tokio::test]
    async fn what_a_request_has_sent_counts_as_far_as_it_can_be_held() {
        // Beside the largest body of the room.
        let (mut stream, other, _client) = sent(MIB, (160 + 64) * KIB + 1);
        let connection = Arc::clone(stream.connection());
        let _answering = connection.begin();
        stream.read_exact(&mut vec![0; MIB]).await.unwrap();
        assert_eq!((connection.unread(), turn(&other)), ((160 + 64) * KIB, Turn::Now));
        // The same with an answer that nobody reads: what is ready of it, and what the connection takes for it, come beside.
        let piece = vec![0; 16 * KIB];
        let write = |cx: &mut Context<'_>| {
            while Pin::new(&mut stream).poll_write(cx, &piece).is_ready() {}
            Poll::Ready(())
        };
        poll_fn(write).await;
        assert_eq!(connection.unread() - BUFFERS - piece.len(), 160 * KIB);
    }
}
