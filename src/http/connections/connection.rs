//! What is known of one connection, and what all of a room have in common: the memory that waits for clients, and the
//! queue of those who wait for their turn.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::interim::InterimState;
use super::limits::Limits;

/// What the connections of a room have in common.
pub(super) struct Common {
    pub(super) limits: Limits,
    begun: Instant,
    /// Memory that waits for clients, in bytes.
    unread: AtomicUsize,
    is_ending: AtomicBool,
    /// Connections that wait for their turn to send a request, in the order in which they came.
    waiting: Mutex<VecDeque<Arc<Connection>>>,
    /// How many these are, to be asked without the lock.
    waiting_count: AtomicUsize,
}

impl Common {
    /// `begun` is when the room was made.
    pub(super) fn new(limits: Limits, begun: Instant) -> Self {
        Self {
            limits,
            begun,
            unread: AtomicUsize::new(0),
            is_ending: AtomicBool::new(false),
            waiting: Mutex::default(),
            waiting_count: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Milliseconds since the room was made.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether too much is unread in all.
    pub(super) fn is_full(&self) -> bool {
        self.unread.load(Ordering::Relaxed) >= self.limits.unread
    }

    /// Whether there is twice as much as may be.
    pub(super) fn is_overfull(&self) -> bool {
        self.unread.load(Ordering::Relaxed) / 2 >= self.limits.unread
    }

    /// How many wait for their turn.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting_count.load(Ordering::Relaxed)
    }

    /// Counts for a source, and in all if it is no proxy: what is behind one has room of its own.
    fn count_unread(&self, connection: &Connection, before: usize, after: usize) {
        let all = Some(&self.unread).filter(|_| connection.is_counted);
        for counter in [Some(&*connection.unread_of_source), all].into_iter().flatten() {
            if after >= before {
                counter.fetch_add(after - before, Ordering::Relaxed);
            } else {
                counter.fetch_sub(before - after, Ordering::Relaxed);
            }
        }
        if after < before {
            self.call_next();
        }
    }

    /// Puts a connection into the queue, unless it stands there.
    pub(super) fn wait(&self, connection: &Arc<Connection>) {
        if !connection.is_waiting.swap(true, Ordering::Relaxed) {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push_back(Arc::clone(connection));
            self.waiting_count.store(waiting.len(), Ordering::Relaxed);
        }
    }

    /// Wakes the first of those that wait whose turn it is.
    pub(super) fn call_next(&self) {
        if self.waiting_count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|next| !next.is_closed());
        let next = waiting.iter().position(|next| next.may_go()).and_then(|place| waiting.remove(place));
        self.waiting_count.store(waiting.len(), Ordering::Relaxed);
        drop(waiting);
        if let Some(next) = next {
            next.is_waiting.store(false, Ordering::Relaxed);
            next.wake();
        }
    }
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Phase {
    /// The TLS handshake.
    Handshake,
    /// Requests and answers.
    Requests,
}

/// One connection.
pub(in crate::http) struct Connection {
    pub(super) id: u64,
    /// Its source; none for those that are counted by no address.
    pub(super) key: Option<IpAddr>,
    pub(super) is_counted: bool,
    pub(super) common: Arc<Common>,
    pub(super) unread_of_source: Arc<AtomicUsize>,
    is_in_handshake: AtomicBool,
    is_closed: AtomicBool,
    /// When bytes last went either way, in milliseconds of the room.
    moved_at: AtomicU64,
    /// Requests that have begun and whose answer is not given yet.
    answering: AtomicUsize,
    /// Requests that have begun so far.
    begun: AtomicU64,
    /// Memory that waits for this client, in bytes.
    unread: AtomicUsize,
    /// Bytes of an answer that is being written, beyond what the stream sees of it.
    held: AtomicUsize,
    /// Whether a body of any size is being streamed: its length is nobody's memory.
    is_streaming: AtomicBool,
    /// Whether what is being written may have been chosen by a client.
    has_content: AtomicBool,
    /// Whether its client waits to be told to send a body.
    pub(super) interim: InterimState,
    /// Whether it stands in the queue of those that wait for their turn.
    is_waiting: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Connection {
    pub(super) fn new(
        id: u64,
        key: Option<IpAddr>,
        is_counted: bool,
        common: Arc<Common>,
        unread_of_source: Arc<AtomicUsize>,
        phase: Phase,
    ) -> Self {
        let moved_at = AtomicU64::new(common.millis());
        Self {
            id,
            key,
            is_counted,
            common,
            unread_of_source,
            is_in_handshake: AtomicBool::new(phase == Phase::Handshake),
            is_closed: AtomicBool::new(false),
            moved_at,
            answering: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            unread: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            is_streaming: AtomicBool::new(false),
            has_content: AtomicBool::new(false),
            interim: InterimState::default(),
            is_waiting: AtomicBool::new(false),
            waker: Mutex::new(None),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        if self.is_in_handshake.load(Ordering::Relaxed) { Phase::Handshake } else { Phase::Requests }
    }

    /// Returns whether it was in its handshake until now.
    pub(super) fn begin_requests(&self) -> bool {
        self.is_in_handshake.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Whether its source has less unread than one may have; all proxies together, as much as all others.
    pub(super) fn is_below_own(&self) -> bool {
        let limits = &self.common.limits;
        let most = if self.is_counted { limits.unread_of_source } else { limits.unread };
        self.unread_of_source.load(Ordering::Relaxed) < most
    }

    /// Whether there is memory for one more answer to it, without anybody giving way.
    pub(super) fn may_go(&self) -> bool {
        self.is_below_own() && !(self.is_counted && self.common.is_full())
    }

    pub(super) fn has_nothing_unread(&self) -> bool {
        self.unread_of_source.load(Ordering::Relaxed) == 0
    }

    /// It is gone.
    pub(super) fn leave(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.set_unread(0);
    }

    /// Whether it is to end where no request is being answered.
    pub(super) fn is_to_end(&self) -> bool {
        self.is_closed() || self.common.is_ending()
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The task to wake when the connection is to end.
    pub(super) fn wakes(&self, cx: &Context<'_>) {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// Bytes went one way or the other.
    pub(super) fn moved(&self) {
        self.moved_at.store(self.common.millis(), Ordering::Relaxed);
    }

    /// As if no byte had gone for so long.
    #[cfg(test)]
    pub(super) fn rest(&self, millis: u64) {
        self.moved_at.store(self.common.millis().saturating_sub(millis), Ordering::Relaxed);
    }

    /// For how long no byte went either way, at this time of the room.
    pub(super) fn still_for(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.moved_at.load(Ordering::Relaxed)))
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed) > 0 || self.unread() > 0
    }

    /// Requests that have begun so far.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn has_request(&self) -> bool {
        self.answering.load(Ordering::Relaxed) > 0
    }

    pub(super) fn unread(&self) -> usize {
        self.unread.load(Ordering::Relaxed)
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Says how much memory waits for this client now.
    pub(super) fn set_unread(&self, bytes: usize) {
        let before = self.unread.swap(bytes, Ordering::Relaxed);
        if before != bytes {
            self.common.count_unread(self, before, bytes);
        }
    }

    /// The request that is being answered, or its answer, is streamed.
    pub(in crate::http) fn stream(&self) {
        self.is_streaming.store(true, Ordering::Relaxed);
        self.has_content.store(true, Ordering::Relaxed);
        self.set_unread(0);
    }

    /// Whether bytes of a streamed answer may still have to be written: it ends before they are.
    pub(super) fn has_content(&self) -> bool {
        self.has_content.load(Ordering::Relaxed)
    }

    /// Everything is written; what is still answered is streamed, or not, as it was.
    pub(super) fn is_written(&self) {
        if !self.has_request() {
            self.has_content.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn is_streaming(&self) -> bool {
        self.is_streaming.load(Ordering::Relaxed)
    }

    /// A request begins; it ends when its answer is given.
    pub(in crate::http) fn begin(self: &Arc<Self>) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        Answering { connection: Arc::clone(self), held: 0 }
    }
}

/// A request that is being answered, until this is dropped.
pub(in crate::http) struct Answering {
    connection: Arc<Connection>,
    held: usize,
}

impl Answering {
    /// Says how many bytes of the answer are held in memory until it is written.
    pub(super) fn hold(&mut self, bytes: usize) {
        if bytes >= self.held {
            self.connection.held.fetch_add(bytes - self.held, Ordering::Relaxed);
        } else {
            self.connection.held.fetch_sub(self.held - bytes, Ordering::Relaxed);
        }
        self.held = bytes;
    }

    /// The same for much that was made for this client alone: it counts from now on, before any of it is written.
    pub(super) fn hold_much(&mut self, bytes: usize) {
        self.hold(bytes);
        self.connection.set_unread(bytes.max(self.connection.unread()));
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.hold(0);
        if self.connection.answering.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.connection.is_streaming.store(false, Ordering::Relaxed);
            // What was read of the request is gone. An answer that is stuck is counted again as it goes on.
            self.connection.set_unread(0);
            if self.connection.common.is_ending() {
                self.connection.wake();
            }
        }
    }
}
