//! Room for connections, shared out by where they come from: one source may take all that is free, and gives way as soon
//! as another waits. A trusted proxy is no source: its connections are not counted, since behind it are many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::connection::{Common, Connection, Phase};
use super::limits::Limits;
use crate::domain::source;

/// Only a connection that has not moved for this long gives way.
const STILL: Duration = Duration::from_secs(1);
/// An answer that has not moved for this long gives its memory to others: longer than any round trip.
const STUCK: Duration = Duration::from_millis(300);

/// How often somebody asks again whose turn comes soon.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Origin {
    /// A client's address.
    Client(IpAddr),
    /// A proxy that is trusted to name its clients.
    TrustedProxy,
    /// The local socket, which has a room of its own.
    Local,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// This connection's.
    Now,
    /// This one's, once an answer to another source has stood still for long enough: it asks again.
    Soon,
    /// Others'; it is called.
    Later,
}

/// All connections of one server.
pub(in crate::http) struct Room {
    common: Arc<Common>,
    crowd: Mutex<Crowd>,
}

#[derive(Default)]
struct Crowd {
    next: u64,
    sources: HashMap<Option<IpAddr>, Source>,
    /// Connections that count.
    count: usize,
    handshakes: usize,
}

/// The connections of one source.
#[derive(Default)]
struct Source {
    /// Whether it gives way, and is bounded: not so the proxies, which are one source here.
    is_counted: bool,
    unread: Arc<AtomicUsize>,
    connections: BTreeMap<u64, Arc<Connection>>,
    handshakes: usize,
}

impl Source {
    fn unread(&self) -> usize {
        self.unread.load(Ordering::Relaxed)
    }
}

impl Room {
    pub(in crate::http) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { common: Arc::new(Common::new(limits, Instant::now())), crowd: Mutex::default() })
    }

    pub(in crate::http) fn limits(&self) -> &Limits {
        &self.common.limits
    }

    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in, `phase` being what it begins with. In a full room, one of the source with the most gives way,
    /// or one that is idle; none if there is no such one.
    pub(in crate::http) fn enter(self: &Arc<Self>, origin: Origin, phase: Phase) -> Option<Present> {
        let key = match origin {
            Origin::Client(address) => Some(source::of(address)),
            Origin::TrustedProxy | Origin::Local => None,
        };
        let is_counted = origin != Origin::TrustedProxy;
        let mut crowd = self.lock();
        let (common, now) = (Arc::clone(&self.common), self.common.millis());
        if common.is_ending() || (is_counted && !crowd.make_room(key, phase, &common.limits, now)) {
            return None;
        }
        let id = crowd.next;
        crowd.next += 1;
        let source = crowd.sources.entry(key).or_default();
        source.is_counted = is_counted;
        let connection = Connection::new(id, key, is_counted, common, Arc::clone(&source.unread), phase);
        let connection = Arc::new(connection);
        source.connections.insert(id, Arc::clone(&connection));
        let is_handshake = phase == Phase::Handshake;
        source.handshakes += usize::from(is_handshake);
        crowd.count += usize::from(is_counted);
        crowd.handshakes += usize::from(is_handshake && is_counted);
        Some(Present(Place { room: Arc::clone(self), connection }))
    }

    /// No request is read any more. Answers go on while they move.
    pub(in crate::http) fn end(&self) {
        self.common.end();
        let crowd = self.lock();
        let connections = crowd.sources.values().flat_map(|source| source.connections.values());
        connections.for_each(|connection| connection.wake());
    }
}

impl Crowd {
    fn counted(&self) -> impl Iterator<Item = &Source> {
        self.sources.values().filter(|source| source.is_counted)
    }

    /// Whether there is room for one more, if need be after another one gave way.
    fn make_room(&mut self, key: Option<IpAddr>, phase: Phase, limits: &Limits, now: u64) -> bool {
        if phase == Phase::Handshake && self.handshakes >= limits.handshakes {
            let most = self.counted().max_by_key(|source| source.handshakes);
            let oldest = most.and_then(|source| {
                source.connections.values().find(|connection| connection.phase() == Phase::Handshake)
            });
            let Some(oldest) = oldest.cloned() else { return false };
            self.dismiss(&oldest);
        }
        if self.count < limits.connections {
            return true;
        }
        let own = self.sources.get(&key).map_or(0, |source| source.connections.len());
        let Some(most) = self.counted().max_by_key(|source| source.connections.len()) else { return false };
        let others_may = most.connections.len() > own.saturating_add(1);
        // Who has far more than others gives way at once, and else only what stands still.
        let has_far_more = most.connections.len() > 2 * own.saturating_add(1);
        let rank = |connection: &Connection| (connection.is_answering(), Reverse(connection.still_for(now)));
        let gives_way = |connection: &Connection| {
            let is_still = connection.still_for(now) >= STILL;
            match (connection.phase(), connection.is_answering()) {
                (Phase::Handshake, _) => others_may || is_still,
                (Phase::Requests, false) => has_far_more || is_still,
                (Phase::Requests, true) => has_far_more || (others_may && is_still),
            }
        };
        let candidates = most.connections.values().filter(|connection| gives_way(connection));
        let Some(found) = candidates.min_by_key(|connection| rank(connection)).cloned() else { return false };
        self.dismiss(&found);
        true
    }

    /// Ends the answer that has stood still longest, of the source with the most unread, if that is more than twice as
    /// much as `key` has: among sources that have about the same, all wait. Proxies share out their own room.
    fn take_unread(&mut self, key: Option<IpAddr>, now: u64) -> Turn {
        let own = self.sources.get(&key);
        let most = match own.filter(|source| !source.is_counted) {
            Some(proxies) => Some(proxies),
            None => self.counted().max_by_key(|source| source.unread()),
        };
        let least = own.filter(|source| source.is_counted).map_or(0, Source::unread);
        let Some(most) = most.filter(|most| most.unread() / 2 > least) else { return Turn::Later };
        let holding = most.connections.values().filter(|connection| connection.unread() > 0);
        let stillest = holding.max_by_key(|connection| connection.still_for(now)).cloned();
        let Some(found) = stillest.filter(|connection| connection.still_for(now) >= STUCK) else { return Turn::Soon };
        self.dismiss(&found);
        Turn::Now
    }

    /// Closes a connection, which no longer counts from now on.
    fn dismiss(&mut self, connection: &Connection) {
        self.forget(connection);
        connection.close();
    }

    fn forget(&mut self, connection: &Connection) {
        let Some(source) = self.sources.get_mut(&connection.key) else { return };
        if source.connections.remove(&connection.id).is_none() {
            return;
        }
        let is_handshake = connection.phase() == Phase::Handshake;
        source.handshakes -= usize::from(is_handshake);
        self.handshakes -= usize::from(is_handshake && connection.is_counted);
        self.count -= usize::from(connection.is_counted);
        if source.connections.is_empty() {
            self.sources.remove(&connection.key);
        }
    }
}

/// A connection and its room.
#[derive(Clone)]
pub(in crate::http) struct Place {
    room: Arc<Room>,
    connection: Arc<Connection>,
}

impl Place {
    pub(in crate::http) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The handshake is done: requests follow.
    pub(in crate::http) fn begin_requests(&self) {
        let mut crowd = self.room.lock();
        if self.connection.begin_requests()
            && let Some(source) = crowd.sources.get_mut(&self.connection.key)
            && source.connections.contains_key(&self.connection.id)
        {
            source.handshakes -= 1;
            crowd.handshakes -= usize::from(self.connection.is_counted);
        }
    }

    /// Whether the connection may send a request now. While too much is unread in all, an answer that stands still gives
    /// way to whoever has little there; and whoever has nothing there does not wait for others, up to twice the bound.
    fn look(&self) -> Turn {
        let (connection, common) = (&self.connection, &self.room.common);
        if connection.may_go() {
            // Whoever goes on calls the next one: nothing else may happen that would.
            common.call_next();
            return Turn::Now;
        }
        if connection.is_counted && !connection.is_below_own() {
            return Turn::Later;
        }
        match self.room.lock().take_unread(connection.key, common.millis()) {
            Turn::Soon if connection.has_nothing_unread() && !common.is_overfull() => Turn::Now,
            turn => turn,
        }
    }

    /// The same; if it may not, the connection is woken when it is its turn.
    pub(super) fn turn(&self, cx: &Context<'_>) -> Turn {
        let turn = self.look();
        if turn != Turn::Now {
            self.connection.wakes(cx);
            self.room.common.wait(&self.connection);
        }
        turn
    }

    /// Waits until memory may be taken for an answer.
    pub(in crate::http) async fn turn_comes(&self) {
        while self.look() != Turn::Now {
            sleep(ASK_AGAIN).await;
        }
    }
}

/// A connection that is in its room, until this is dropped.
pub(in crate::http) struct Present(Place);

impl Deref for Present {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.room.lock().forget(&self.connection);
        self.connection.leave();
    }
}

/// Rooms for tests.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    pub(in crate::http::connections) fn room(connections: usize, unread: usize) -> Arc<Room> {
        let limits = Limits {
            connections,
            handshakes: 2,
            handshake_time: Duration::from_secs(3),
            unread,
            unread_of_source: unread / 2,
            largest_body: 64 * 1024,
            stall: Duration::from_secs(20),
        };
        let hour_ago = Instant::now().checked_sub(Duration::from_hours(1)).unwrap();
        let common = Arc::new(Common::new(limits, hour_ago));
        Arc::new(Room { common, crowd: Mutex::default() })
    }

    /// A connection in a room with nobody else.
    pub(in crate::http::connections) fn present() -> Present {
        room(1, 1_000).enter(Origin::Client(IpAddr::from([192, 0, 2, 1])), Phase::Requests).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::testing::room;
    use super::*;

    fn client(last: u8) -> Origin {
        Origin::Client(IpAddr::from([192, 0, 2, last]))
    }

    fn enter(room: &Arc<Room>, origin: Origin) -> Option<Present> {
        room.enter(origin, Phase::Requests)
    }

    fn turn(present: &Present) -> Turn {
        present.turn(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn one_source_may_take_all_and_gives_way_to_another_what_stands_still() {
        let room = room(3, 1_000);
        let all: Vec<_> = (0..3).map(|_| enter(&room, client(1)).unwrap()).collect();
        assert!(enter(&room, client(1)).is_none(), "all have just moved");
        let answering = all[0].connection().begin();
        let other = enter(&room, client(2)).unwrap();
        assert_eq!(all.iter().filter(|one| one.connection().is_closed()).count(), 1);
        assert!(!all[0].connection().is_closed(), "what is being answered goes on while others do nothing");
        drop((other, answering));
        let _again = enter(&room, client(2)).unwrap();
        assert!(enter(&room, client(2)).is_none());
        all.iter().for_each(|one| one.connection().rest(2_000));
        assert!(enter(&room, client(2)).is_some(), "among those with about the same, what stands still");
    }

    #[test]
    fn among_equals_only_who_does_nothing_gives_way() {
        let room = room(2, 1_000);
        let both = [1, 2].map(|last| enter(&room, client(last)).unwrap());
        both.iter().for_each(|one| one.connection().rest(5_000));
        let answering = both.each_ref().map(|one| one.connection().begin());
        assert!(enter(&room, client(3)).is_none());
        drop(answering);
        assert!(enter(&room, client(3)).is_some());
    }

    #[test]
    fn proxies_are_not_counted_and_an_ipv6_network_is_one_source() {
        let room = room(2, 1_000);
        let proxies: Vec<_> = (0..9).map(|_| enter(&room, Origin::TrustedProxy).unwrap()).collect();
        let v6 = |last: u16| Origin::Client(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]));
        let both = [1, 2].map(|last| enter(&room, v6(last)).unwrap());
        assert_eq!(both[0].connection().key, both[1].connection().key);
        both.iter().for_each(|one| one.connection().rest(5_000));
        assert!(enter(&room, client(1)).is_some());
        assert!(!proxies.iter().any(|one| one.connection().is_closed()));
    }

    #[test]
    fn the_oldest_handshake_gives_way_and_a_finished_one_does_not() {
        let room = room(9, 1_000);
        let handshake = |origin| room.enter(origin, Phase::Handshake).unwrap();
        let done = handshake(client(1));
        done.begin_requests();
        let both = [1, 1].map(|last| handshake(client(last)));
        let other = handshake(client(2));
        let closed = [&done, &both[0], &both[1], &other].map(|one| one.connection().is_closed());
        assert_eq!(closed, [false, true, false, false]);
    }

    #[test]
    fn too_much_unread_holds_back_its_source_and_gives_way_to_others() {
        let room = room(99, 4_000_000);
        let [full, same, other, late] = [1, 1, 2, 3].map(|last| enter(&room, client(last)).unwrap());
        full.connection().set_unread(2_100_000);
        assert_eq!((turn(&same), turn(&other)), (Turn::Later, Turn::Now));
        other.connection().set_unread(2_000_000);
        assert_eq!(turn(&late), Turn::Now, "whoever has nothing waits for nobody");
        late.connection().set_unread(900_000);
        assert_eq!(turn(&late), Turn::Soon, "nothing stands still yet");
        full.connection().rest(1_000);
        assert_eq!(turn(&late), Turn::Now);
        assert!(full.connection().is_closed() && !other.connection().is_closed());
        drop(full);
        assert_eq!(turn(&same), Turn::Now);
        drop((other, late));
        assert!(room.lock().sources.values().all(|source| source.unread.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn who_is_behind_a_proxy_gets_memory_however_many_connections_that_has() {
        let room = room(99, 4_000);
        let holders = [1, 2].map(|last| enter(&room, client(last)).unwrap());
        holders.iter().for_each(|holder| holder.connection().set_unread(2_000));
        holders.iter().for_each(|holder| holder.connection().rest(1_000));
        let proxied: Vec<_> = (0..99).map(|_| enter(&room, Origin::TrustedProxy).unwrap()).collect();
        assert_eq!(turn(&proxied[0]), Turn::Now);
    }

    #[test]
    fn whoever_waits_is_called_when_it_is_its_turn() {
        let room = room(99, 4_000);
        let [full, first, second] = [1, 1, 1].map(|last| enter(&room, client(last)).unwrap());
        full.connection().set_unread(4_000);
        assert_eq!([&first, &second, &second].map(turn), [Turn::Later; 3]);
        assert_eq!(room.common.waiting(), 2);
        full.connection().set_unread(0);
        assert_eq!(room.common.waiting(), 1);
        // Whoever goes on calls the next.
        assert_eq!(turn(&first), Turn::Now);
        assert_eq!(room.common.waiting(), 0);
    }

    #[test]
    fn nobody_enters_while_it_ends() {
        let room = room(9, 1_000);
        let present = enter(&room, client(1)).unwrap();
        room.end();
        assert!(present.connection().is_to_end() && enter(&room, client(1)).is_none());
    }
}
