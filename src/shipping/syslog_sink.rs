//! A syslog server that records are sent to. It never answers: what it has is known by what the transport knows.
//!
//! A datagram counts as received once it is sent. On a stream, a record counts once the other side's TCP has acknowledged it,
//! which the kernel tells, and the connection has outlived it by [`SETTLED`]: a receiver that ends closes it. However slowly a
//! receiver reads, what waits here for it does not count. TCP ends a connection whose other side takes nothing at all for
//! [`UNTAKEN`]. When the connection ends, all that does not count yet is sent again over the next one. A stream that is ended
//! here is closed for writing first: once the receiver has acknowledged that and closes its side as well, it has read
//! everything. What the receiver's system holds for a receiver that never reads it nobody can know. Where the kernel tells
//! nothing of a connection that stands, having outlived [`SETTLED`] is enough, and the log says so.

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
/// Most notes of what was sent and does not count yet: with more, one note stands for ever more.
const MOST_NOTES: usize = 512;
/// Shortest time from one look into the kernel's table of connections to the next.
const ASK: Duration = Duration::from_secs(1);
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
    /// How many bytes had been written over this stream with it, without those of TLS.
    written: u64,
    /// When the first of it was sent, and when the last.
    begun: Instant,
    at: Instant,
}

impl Sent {
    fn is_settled(&self) -> bool {
        self.at.elapsed() >= SETTLED
    }
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
    /// Bytes that were written over this stream, without those of TLS.
    written: u64,
    /// When the kernel was last asked what was taken, and how often in a row it told nothing of this stream, which stood.
    asked_at: Option<Instant>,
    untold: u32,
    acknowledged: Option<AuditHead>,
}

impl SyslogSink {
    pub(super) fn new(server: SyslogServer, tls: Arc<ClientConfig>, sender: Sender, clock: Clock) -> Self {
        let opened = Instant::now();
        Self {
            server,
            tls,
            sender,
            clock,
            wire: None,
            opened,
            sent: VecDeque::new(),
            written: 0,
            asked_at: None,
            untold: 0,
            acknowledged: None,
        }
    }

    pub(super) async fn deliver(&mut self, parcels: &[Parcel]) -> Result<(), Fault> {
        self.look().await?;
        // A name may lead elsewhere by now, and datagrams to nobody are not told of.
        if matches!(self.wire, Some(Wire::Datagrams(_))) && self.opened.elapsed() >= RESOLVED {
            self.wire = None;
        }
        if self.wire.is_none() {
            self.wire = Some(self.connect().await?);
            (self.opened, self.written, self.untold) = (Instant::now(), 0, 0);
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
        let Some(Wire::Stream(net::Opened { stream, .. })) = &mut self.wire else { return Ok(()) };
        let frames: Vec<u8> = messages.iter().flat_map(|(message, _)| framed(message)).collect();
        let written = async {
            stream.write_all(&frames).await?;
            stream.flush().await
        };
        let late = |_| Fault::new(format!("it takes nothing for {} seconds", UNTAKEN.as_secs()));
        timeout(UNTAKEN, written).await.map_err(late)?.map_err(|error| Fault::new(error.to_string()))?;
        self.written += frames.len() as u64;
        let Some(head) = messages.iter().rev().find_map(|(_, head)| *head) else { return Ok(()) };
        let (now, written, is_full) = (Instant::now(), self.written, self.sent.len() >= MOST_NOTES);
        match self.sent.back_mut() {
            // Somewhat later than it was, which is safe; and not for ever, however steadily more comes, unless nothing is taken.
            Some(last) if is_full || now.duration_since(last.begun) < STEP => {
                (last.head, last.written, last.at) = (head, written, now);
            }
            Some(_) | None => self.sent.push_back(Sent { head, written, begun: now, at: now }),
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

    /// Looks whether the receiver has closed the stream, and what it has if not.
    async fn look(&mut self) -> Result<(), Fault> {
        self.idle(Duration::ZERO).await
    }

    /// Waits, unless the receiver closes the stream: then what does not count yet has to be sent again, if there is any.
    pub(super) async fn idle(&mut self, time: Duration) -> Result<(), Fault> {
        let Some(Wire::Stream(stream)) = &mut self.wire else {
            sleep(time).await;
            return Ok(());
        };
        if seen(&mut *stream.stream, time).await == Seen::Open {
            self.count();
            return Ok(());
        }
        // One that is gone may tell nothing: then nothing more counts.
        self.count_up_to(self.taken().unwrap_or_default());
        self.wire = None;
        let is_missing = !self.sent.is_empty();
        if is_missing { Err(Fault::new("it closed the connection")) } else { Ok(()) }
    }

    /// The last record that counts as received.
    pub(super) fn acknowledged(&self) -> Option<AuditHead> {
        self.acknowledged
    }

    /// Counts what was received by now over a stream that stands. The kernel is asked no more often than is worth it.
    fn count(&mut self) {
        let is_soon = self.asked_at.is_some_and(|at| at.elapsed() < ASK);
        if is_soon || !self.sent.front().is_some_and(Sent::is_settled) {
            return;
        }
        self.asked_at = Some(Instant::now());
        let Some(taken) = self.taken() else { return self.count_untold() };
        self.untold = 0;
        self.count_up_to(taken);
    }

    /// The first time the stream may just have ended, which the next look sees.
    fn count_untold(&mut self) {
        self.untold = self.untold.saturating_add(1);
        if self.untold == 2 {
            log::warn!(
                "audit.syslog: the operating system does not tell what {} has taken: what was sent counts once the connection has \
                 outlived it by {} seconds",
                self.server,
                SETTLED.as_secs()
            );
        }
        if self.untold >= 2 {
            self.count_up_to(self.written);
        }
    }

    fn count_up_to(&mut self, taken: u64) {
        while let Some(sent) = self.sent.pop_front_if(|sent| sent.is_settled() && sent.written <= taken) {
            self.acknowledged = Some(sent.head);
        }
    }

    /// How many bytes of what was written the other side's TCP has acknowledged, at least: what waits is counted with the bytes
    /// of TLS.
    fn taken(&self) -> Option<u64> {
        let Some(Wire::Stream(stream)) = &self.wire else { return None };
        Some(self.written.saturating_sub(stream.untaken()?))
    }

    pub(super) fn reset(&mut self) {
        self.wire = None;
        self.sent.clear();
    }

    /// Closes the stream and waits until the receiver has read it to its end.
    pub(super) async fn end(&mut self) {
        let Some(Wire::Stream(mut opened)) = self.wire.take() else { return };
        // One that was closed before has nothing to say of what came last, nor has one of which the kernel tells nothing.
        let is_told = opened.untaken().is_some();
        let stream = &mut *opened.stream;
        let is_open = is_told && seen(stream, Duration::ZERO).await == Seen::Open;
        let read = async { stream.shutdown().await.is_ok() && seen(stream, LAST * 2).await == Seen::Closed };
        // A receiver that ends by itself at this moment closes it, too, and has not read what is still under way.
        if is_open && timeout(LAST, read).await == Ok(true) && opened.was_taken_whole() {
            self.acknowledged = self.sent.back().map(|sent| sent.head).or(self.acknowledged);
        }
        self.sent.clear();
    }
}

/// How the stream is within this time. What the other side says is read, and passed over.
async fn seen(stream: &mut dyn net::Stream, time: Duration) -> Seen {
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{AuditEntry, AuditRecord, LoggedRecord, Occurrence};
    use crate::domain::time::Timestamp;

    /// Records of so many bytes each, from this number on.
    fn records(numbers: std::ops::RangeInclusive<u64>, bytes: usize) -> Vec<Parcel> {
        let logged = |seq| {
            let entry = AuditEntry::by_system(Act::TokenCreate, "x".repeat(bytes));
            let record = AuditRecord::of(&entry, seq, Occurrence::once(Timestamp::from_seconds(0)));
            Parcel::Record(Box::new(LoggedRecord { line: record.line().unwrap(), record, hash: [0; 32] }))
        };
        numbers.map(logged).collect()
    }

    fn receiver() -> (TcpListener, SyslogSink) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = SyslogServer::parse(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
        let sender = Sender::new("here", 1);
        let sink = SyslogSink::new(server, net::trust(None).unwrap(), sender, Clock::system());
        (listener, sink)
    }

    /// As if all of this had been sent long ago.
    fn settle(sink: &mut SyslogSink) {
        for sent in &mut sink.sent {
            sent.at = sent.at.checked_sub(SETTLED).unwrap();
        }
    }

    /// The last record that counts, as if it had not been looked for some time.
    fn seq(sink: &mut SyslogSink) -> u64 {
        sink.asked_at = None;
        sink.count();
        sink.acknowledged().map_or(0, |head| head.seq)
    }

    /// As if each page had been sent in a moment of its own.
    fn part(sink: &mut SyslogSink) {
        sink.sent.iter_mut().for_each(|sent| sent.begun = sent.begun.checked_sub(STEP).unwrap());
    }

    #[tokio::test]
    async fn what_a_receiver_does_not_read_never_counts_however_long_it_waits_here() {
        let (listener, mut sink) = receiver();
        // What a system takes for a program that reads nothing is far less than these.
        for page in 0..16 {
            sink.deliver(&records(page * 4 + 1..=page * 4 + 4, 8_000)).await.unwrap();
            part(&mut sink);
        }
        assert_eq!(seq(&mut sink), 0, "too soon");
        settle(&mut sink);
        let Some(Wire::Stream(opened)) = &sink.wire else { panic!("no stream") };
        let waiting = opened.untaken().unwrap();
        assert!(waiting > 0, "all of it was taken");
        let counts = seq(&mut sink);
        let written = sink.written;
        let unsure = sink.sent.front().unwrap();
        assert!(counts < 64 && unsure.written > written - waiting, "{counts} of 64 count, {waiting} of {written} wait");
        // It reads at last, slowly.
        let (mut stream, _) = listener.accept().unwrap();
        let reading = std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()).unwrap());
        assert!((0..1_000_000).any(|_| seq(&mut sink) == 64), "all was read, and counts");
        sink.end().await;
        assert_eq!(reading.join().unwrap(), written);
    }

    #[tokio::test]
    async fn where_the_kernel_tells_nothing_a_stream_that_stands_counts_at_the_second_look() {
        let (listener, mut sink) = receiver();
        sink.deliver(&records(1..=2, 10)).await.unwrap();
        let (stream, _) = listener.accept().unwrap();
        let Some(Wire::Stream(opened)) = sink.wire.take() else { panic!("no stream") };
        sink.wire = Some(Wire::Stream(opened.untold()));
        let counts = [seq(&mut sink), seq(&mut sink)];
        settle(&mut sink);
        assert_eq!((counts, seq(&mut sink), seq(&mut sink)), ([0, 0], 0, 2));
        // What has not settled does not count, nor does anything of a stream that breaks.
        sink.deliver(&records(3..=3, 10)).await.unwrap();
        assert_eq!(seq(&mut sink), 2);
        drop(stream);
        settle(&mut sink);
        assert!(sink.idle(Duration::from_mins(1)).await.is_err());
        assert_eq!(sink.acknowledged().map(|head| head.seq), Some(2));
        // Over the next one it is looked anew.
        sink.reset();
        sink.deliver(&records(3..=3, 10)).await.unwrap();
        assert_eq!(sink.untold, 0);
    }

    #[tokio::test]
    async fn the_kernel_is_not_asked_again_at_once() {
        let (listener, mut sink) = receiver();
        sink.deliver(&records(1..=1, 10)).await.unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        settle(&mut sink);
        // It was asked, and the next second has not come.
        sink.asked_at = Instant::now().checked_add(Duration::from_hours(1));
        sink.idle(Duration::ZERO).await.unwrap();
        assert_eq!(sink.acknowledged().map(|head| head.seq), None);
        assert!((0..1_000_000).any(|_| seq(&mut sink) == 1));
        assert!(sink.asked_at.is_some());
    }

    #[tokio::test]
    async fn notes_of_what_is_not_taken_have_a_bound() {
        let (listener, mut sink) = receiver();
        let most = MOST_NOTES as u64;
        for number in 1..=most + 10 {
            sink.deliver(&records(number..=number, 10)).await.unwrap();
            part(&mut sink);
        }
        assert_eq!(sink.sent.len(), MOST_NOTES);
        let last = sink.sent.back().unwrap();
        assert_eq!((last.head.seq, last.written), (most + 10, sink.written), "it stands for all of the rest");
        drop(listener);
    }

    #[tokio::test]
    async fn nothing_more_counts_once_the_stream_has_broken_and_all_does_once_it_was_read_to_its_end() {
        let (listener, mut sink) = receiver();
        sink.deliver(&records(1..=2, 10)).await.unwrap();
        let (stream, _) = listener.accept().unwrap();
        // Closed unread: the system says that it is broken.
        drop(stream);
        settle(&mut sink);
        let fault = sink.idle(Duration::from_mins(1)).await.unwrap_err();
        assert!(fault.text.contains("closed the connection"), "{}", fault.text);
        assert_eq!(seq(&mut sink), 0);
        sink.reset();
        sink.deliver(&records(1..=2, 10)).await.unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            stream.read_to_end(&mut read).unwrap();
            read.len()
        });
        sink.end().await;
        assert_eq!(sink.acknowledged().map(|head| head.seq), Some(2));
        assert!(reading.join().unwrap() > 20);
    }

    #[tokio::test]
    async fn a_receiver_that_ends_while_it_is_told_the_end_has_not_read_what_is_under_way() {
        for is_told in [true, false] {
            let (listener, mut sink) = receiver();
            for page in 0..16 {
                sink.deliver(&records(page * 4 + 1..=page * 4 + 4, 8_000)).await.unwrap();
            }
            let Some(Wire::Stream(opened)) = sink.wire.take() else { panic!("no stream") };
            sink.wire = Some(Wire::Stream(if is_told { opened } else { opened.untold() }));
            let (stream, _): (TcpStream, _) = listener.accept().unwrap();
            // It says that it has nothing to say and goes on standing, unread.
            let saying = std::thread::spawn(move || {
                (&stream).write_all(b"bye").unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                stream
            });
            sink.end().await;
            assert_eq!(sink.acknowledged().map(|head| head.seq), None, "{is_told}");
            drop(saying.join().unwrap());
        }
    }
}
