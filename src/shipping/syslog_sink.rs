//! A syslog server that records are sent to. It never answers: what it has is known by what the transport knows.
//!
//! A datagram counts as received once it is sent. On a stream, a record counts once the connection has outlived it by
//! [`SETTLED`]: TCP ends a connection whose other side has not taken what was sent within [`UNTAKEN`], and a receiver that ends
//! closes it. When the connection ends, all that does not count yet is sent again over the next one. A stream that is ended
//! here is closed for writing first: once the receiver closes its side as well, it has read everything.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, timeout};

use super::parcel::{Fault, Parcel};
use super::syslog::{Sender, datagram, framed};
use crate::causes::with_causes;
use crate::domain::audit::AuditHead;
use crate::domain::receiver::{SyslogServer, Transport};
use crate::domain::time::Clock;
use crate::net;

/// Longest time to connect, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// For how long what was sent may stand untaken by the other side's TCP, and a write may stand still.
const UNTAKEN: Duration = Duration::from_secs(10);
/// After so long a connection that still stands has brought what was sent.
const SETTLED: Duration = Duration::from_secs(15);
/// Shortest time from one note of what was sent to the next: so there are few.
const STEP: Duration = Duration::from_millis(100);
/// For how long the receiver may take to read the rest in the end.
const LAST: Duration = Duration::from_secs(2);
/// For how long the address of datagrams counts.
const RESOLVED: Duration = Duration::from_mins(5);
/// Pause after a page of datagrams, which nothing else slows down.
const PACE: Duration = Duration::from_millis(5);

/// An open way.
enum Wire {
    Datagrams(UdpSocket),
    Stream(net::Opened),
}

/// A note of what was sent over a stream.
struct Sent {
    /// The last record of it.
    head: AuditHead,
    /// When the first of it was sent, and when the last.
    begun: Instant,
    at: Instant,
}

/// How a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// It stands.
    Open,
    /// The other side has closed it in order.
    Closed,
    /// It broke.
    Broken,
}

/// The server.
pub(super) struct SyslogSink {
    server: SyslogServer,
    /// For TLS.
    tls: Arc<ClientConfig>,
    sender: Sender,
    clock: Clock,
    wire: Option<Wire>,
    /// When the way was opened.
    opened: Instant,
    /// What was sent over this stream and does not count yet; each stands for all before it.
    sent: VecDeque<Sent>,
    acknowledged: Option<AuditHead>,
}

impl SyslogSink {
    pub(super) fn new(server: SyslogServer, tls: Arc<ClientConfig>, sender: Sender, clock: Clock) -> Self {
        let opened = Instant::now();
        Self { server, tls, sender, clock, wire: None, opened, sent: VecDeque::new(), acknowledged: None }
    }

    pub(super) async fn deliver(&mut self, parcels: &[Parcel]) -> Result<(), Fault> {
        self.look().await?;
        // A name may lead elsewhere by now, and datagrams to nobody are not told of.
        if matches!(self.wire, Some(Wire::Datagrams(_))) && self.opened.elapsed() >= RESOLVED {
            self.wire = None;
        }
        if self.wire.is_none() {
            self.wire = Some(self.connect().await?);
            self.opened = Instant::now();
        }
        let messages = parcels.iter().map(|parcel| (self.message(parcel), parcel.head())).collect();
        match &mut self.wire {
            Some(Wire::Stream(_)) => self.stream(messages).await,
            Some(Wire::Datagrams(socket)) => {
                for (message, head) in messages {
                    let sent = socket.send(datagram(&message)).await;
                    sent.map_err(|error| Fault::new(error.to_string()))?;
                    self.acknowledged = head.or(self.acknowledged);
                }
                sleep(PACE).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn stream(&mut self, messages: Vec<(String, Option<AuditHead>)>) -> Result<(), Fault> {
        let Some(Wire::Stream(stream)) = &mut self.wire else { return Ok(()) };
        let frames: Vec<u8> = messages.iter().flat_map(|(message, _)| framed(message)).collect();
        let written = async {
            stream.write_all(&frames).await?;
            stream.flush().await
        };
        let late = |_| Fault::new(format!("it takes nothing for {} seconds", UNTAKEN.as_secs()));
        timeout(UNTAKEN, written).await.map_err(late)?.map_err(|error| Fault::new(error.to_string()))?;
        let Some(head) = messages.iter().rev().find_map(|(_, head)| *head) else { return Ok(()) };
        let now = Instant::now();
        match self.sent.back_mut() {
            // Somewhat later than it was, which is safe; and not for ever, however steadily more comes.
            Some(last) if now.duration_since(last.begun) < STEP => (last.head, last.at) = (head, now),
            Some(_) | None => self.sent.push_back(Sent { head, begun: now, at: now }),
        }
        Ok(())
    }

    fn message(&self, parcel: &Parcel) -> String {
        match parcel {
            Parcel::Record(logged) => self.sender.message(logged),
            Parcel::Gap { first, last } => self.sender.gap(*first, *last, self.clock.now()),
        }
    }

    async fn connect(&self) -> Result<Wire, Fault> {
        let SyslogServer { transport, host, port } = &self.server;
        let opened = match transport {
            Transport::Udp => net::datagrams(host, *port).await.map(Wire::Datagrams),
            Transport::Tcp => net::open(host, *port, None, CONNECT, UNTAKEN).await.map(Wire::Stream),
            Transport::Tls => {
                net::open(host, *port, Some(Arc::clone(&self.tls)), CONNECT, UNTAKEN).await.map(Wire::Stream)
            }
        };
        opened.map_err(|failure| Fault::new(with_causes(&failure)))
    }

    /// Looks whether the receiver has closed the stream.
    async fn look(&mut self) -> Result<(), Fault> {
        self.idle(Duration::ZERO).await
    }

    /// Waits, unless the receiver closes the stream: then what does not count yet has to be sent again, if there is any.
    pub(super) async fn idle(&mut self, time: Duration) -> Result<(), Fault> {
        let Some(Wire::Stream(stream)) = &mut self.wire else {
            sleep(time).await;
            return Ok(());
        };
        if seen(stream, time).await == Seen::Open {
            return Ok(());
        }
        self.wire = None;
        self.acknowledged();
        let is_missing = !self.sent.is_empty();
        if is_missing { Err(Fault::new("it closed the connection")) } else { Ok(()) }
    }

    /// The last record that counts as received.
    pub(super) fn acknowledged(&mut self) -> Option<AuditHead> {
        let now = Instant::now();
        while let Some(sent) = self.sent.front().filter(|sent| now.duration_since(sent.at) >= SETTLED) {
            self.acknowledged = Some(sent.head);
            self.sent.pop_front();
        }
        self.acknowledged
    }

    pub(super) fn reset(&mut self) {
        self.wire = None;
        self.sent.clear();
    }

    /// Closes the stream and waits until the receiver has read it to its end.
    pub(super) async fn end(&mut self) {
        let Some(Wire::Stream(mut stream)) = self.wire.take() else { return };
        // One that was closed before has nothing to say of what came last.
        let is_open = seen(&mut stream, Duration::ZERO).await == Seen::Open;
        let read = async { stream.shutdown().await.is_ok() && seen(&mut stream, LAST * 2).await == Seen::Closed };
        if is_open && timeout(LAST, read).await == Ok(true) {
            self.acknowledged = self.sent.back().map(|sent| sent.head).or(self.acknowledged);
        }
        self.sent.clear();
    }
}

/// How the stream is within this time. What the other side says is read, and passed over.
async fn seen(stream: &mut net::Opened, time: Duration) -> Seen {
    let ended = async {
        let mut said = [0; 512];
        loop {
            match stream.read(&mut said).await {
                Ok(0) => return Seen::Closed,
                Ok(_) => {}
                Err(_) => return Seen::Broken,
            }
        }
    };
    tokio::select! {
        biased;
        seen = ended => seen,
        () = sleep(time) => Seen::Open,
    }
}
