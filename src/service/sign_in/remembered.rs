//! Passwords that were verified within the last minute, so that a pull of forty requests costs one slow hash.
//!
//! Owns what is remembered and when it counts. It holds no password and no fast hash of one: what was shown is found again
//! by a digest under a key that is drawn at the start and never leaves the memory.
//!
//! Nothing needs to be taken back here when a password ends to count. An entry stands for the comparison with one record of
//! an account: a new password, a deactivation, a deletion make another record, and no entry of an earlier one ever counts
//! for it, neither when the account is activated again nor when a comparison that was under way ends later. It also stands
//! for the moment before that comparison: if its name or its source has had to wait since, it does not count either.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::throttle::{Attempt, Throttle};
use crate::domain::account::Account;
use crate::domain::time::Moment;

/// How long a verified password needs no slow hash, in seconds: from its verification, however often it is used.
const REMEMBERED: i64 = 60;
/// Most that are remembered; beyond that, the oldest is forgotten.
const MOST: usize = 10_000;

/// What was shown: a digest of name, password and address.
type Key = blake3::Hash;

/// A password that was verified.
struct Verified {
    /// The record that it was compared with. It is the same only in the same place, which is not used again meanwhile; what
    /// it held is freed with the last state that has it.
    account: Weak<Account>,
    /// Before the comparison.
    at: Moment,
}

impl Verified {
    fn is_over(&self, now: Moment) -> bool {
        self.at.plus_seconds(REMEMBERED) <= now
    }
}

/// The passwords that were verified.
pub(in crate::service) struct Remembered {
    key: [u8; 32],
    verified: HashMap<Key, Verified>,
}

impl Remembered {
    /// Nothing is remembered yet. The key is random.
    pub(in crate::service) fn new(key: [u8; 32]) -> Self {
        Self { key, verified: HashMap::new() }
    }

    /// The account that an attempt signs in to without a slow hash, as `present` finds it by its name; none if that attempt
    /// was not verified, or does not count any more: then it is forgotten.
    pub(super) fn recall(
        &mut self,
        attempt: &Attempt<'_>,
        throttle: &Throttle,
        present: impl FnOnce() -> Option<Arc<Account>>,
        now: Moment,
    ) -> Option<Arc<Account>> {
        let key = self.key_of(attempt);
        let verified = self.verified.get(&key)?;
        let is_open = !verified.is_over(now) && !throttle.has_closed_since(attempt, verified.at);
        let is_same = |account: &Arc<Account>| Weak::ptr_eq(&verified.account, &Arc::downgrade(account));
        let account = present().filter(|account| is_open && is_same(account));
        if account.is_none() {
            self.verified.remove(&key);
        }
        account
    }

    /// Remembers an attempt that was compared with this record and found right. `began` is before the record was looked up.
    pub(super) fn keep(&mut self, attempt: &Attempt<'_>, account: &Arc<Account>, began: Moment) {
        self.make_room(began);
        let verified = Verified { account: Arc::downgrade(account), at: began };
        self.verified.insert(self.key_of(attempt), verified);
    }

    /// Forgets what is over.
    pub(in crate::service) fn sweep(&mut self, now: Moment) {
        self.verified.retain(|_, verified| !verified.is_over(now));
    }

    fn make_room(&mut self, now: Moment) {
        if self.verified.len() < MOST {
            return;
        }
        self.sweep(now);
        let oldest = self.verified.iter().min_by_key(|(_, verified)| verified.at).map(|(key, _)| *key);
        if let Some(oldest) = oldest.filter(|_| self.verified.len() >= MOST) {
            self.verified.remove(&oldest);
        }
    }

    /// The address is part of it: the first sign-in from anywhere is compared, and recorded with where it comes from.
    fn key_of(&self, attempt: &Attempt<'_>) -> Key {
        let address = attempt.address.to_string();
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for text in [attempt.username, attempt.password.reveal(), &address] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use shuttle::sync::{Mutex, MutexGuard};
    use shuttle::thread;

    use super::*;
    use crate::domain::account::AccountKind;
    use crate::domain::id::Id;
    use crate::domain::name::Name;
    use crate::domain::secret::Password;
    use crate::domain::time::Timestamp;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(1_000 + seconds)
    }

    fn alice(hash: &str, is_active: bool) -> Arc<Account> {
        Arc::new(Account {
            id: Id::MAX,
            name: Name::parse("alice").unwrap(),
            kind: AccountKind::User,
            full_name: String::new(),
            is_active,
            is_admin: false,
            password: Some(hash.to_owned()),
            password_set_by_admin: false,
            created_at: Timestamp::from_seconds(0),
            generation: 0,
        })
    }

    fn attempt<T>(name: &str, password: &str, address: IpAddr, act: impl FnOnce(&Attempt<'_>) -> T) -> T {
        let password = Password::new(password.to_owned());
        act(&Attempt { username: name, account: Some(Id::MAX), address, password: &password })
    }

    /// Where `alice` signs in with `old`, under locks of shuttle, which tries every order of threads. The state is read in
    /// one step, as the published one is.
    struct Site {
        state: Mutex<Arc<Account>>,
        remembered: Mutex<Remembered>,
        throttle: Throttle,
    }

    impl Site {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                state: Mutex::new(alice("old", true)),
                remembered: Mutex::new(Remembered::new([7; 32])),
                throttle: Throttle::new([7; 32], []),
            })
        }

        fn remembered(&self) -> MutexGuard<'_, Remembered> {
            self.remembered.lock().unwrap()
        }

        fn account(&self) -> Arc<Account> {
            Arc::clone(&self.state.lock().unwrap())
        }

        fn put(&self, account: Arc<Account>) {
            *self.state.lock().unwrap() = account;
        }

        /// Ends a sign-in that began with this record of the account: the comparison takes its time.
        fn compare(&self, began_with: &Arc<Account>) {
            let is_right = began_with.is_active && began_with.password.as_deref() == Some("old");
            thread::yield_now();
            if is_right {
                attempt("alice", "old", HERE, |it| {
                    self.throttle.succeed(it, began_with.id, at(0));
                    thread::yield_now();
                    self.remembered().keep(it, began_with, at(0));
                });
            }
        }

        fn counts(&self, now: i64) -> bool {
            let recall = |it: &Attempt<'_>| {
                self.remembered().recall(it, &self.throttle, || Some(self.account()), at(now)).is_some()
            };
            attempt("alice", "old", HERE, recall)
        }

        /// Five wrong passwords.
        fn lock(&self) {
            for guess in 0..5 {
                attempt("alice", &format!("guess {guess}"), HERE, |it| self.throttle.fail(it, at(0)));
            }
        }
    }

    /// In every order of a sign-in that is under way and of what `ends` the password, which was remembered before: it counts
    /// no more, nor after what lets the account in `again`, whether or not anybody asked in between.
    fn in_every_order(ends: fn(&Site), again: fn(&Site)) {
        let tried = move |is_asked: bool| {
            let site = Site::new();
            site.compare(&site.account());
            assert!(site.counts(0));
            let (one, other, began_with) = (Arc::clone(&site), Arc::clone(&site), site.account());
            let under_way = thread::spawn(move || one.compare(&began_with));
            let ending = thread::spawn(move || {
                ends(&other);
                // Answered: the very next request.
                assert!(!other.counts(0));
            });
            under_way.join().unwrap();
            ending.join().unwrap();
            assert!(!is_asked || !site.counts(0), "nor once the other sign-in is through");
            again(&site);
            assert!(!site.counts(59), "nor when what ended it is over");
        };
        [true, false].into_iter().for_each(|is_asked| shuttle::check_dfs(move || tried(is_asked), None));
    }

    #[test]
    fn no_order_of_threads_lets_a_changed_password_count() {
        in_every_order(|site| site.put(alice("new", true)), |site| site.put(alice("old", true)));
    }

    #[test]
    fn no_order_of_threads_lets_a_password_count_for_a_deactivated_account() {
        in_every_order(|site| site.put(alice("old", false)), |site| site.put(alice("old", true)));
    }

    #[test]
    fn no_order_of_threads_lets_a_password_count_while_its_name_has_to_wait() {
        in_every_order(Site::lock, |_| ());
    }

    /// The memory alone, for one account.
    struct Alone(Remembered, Throttle, Arc<Account>);

    impl Alone {
        fn new() -> Self {
            Self(Remembered::new([7; 32]), Throttle::new([7; 32], []), alice("hash", true))
        }

        fn keep(&mut self, name: &str, password: &str, address: IpAddr, now: i64) {
            attempt(name, password, address, |it| self.0.keep(it, &self.2, at(now)));
        }

        fn counts(&mut self, name: &str, password: &str, address: IpAddr, now: i64) -> bool {
            let present = || Some(Arc::clone(&self.2));
            attempt(name, password, address, |it| self.0.recall(it, &self.1, present, at(now)).is_some())
        }
    }

    #[test]
    fn a_minute_counts_from_the_verification_however_often_it_is_used() {
        let mut memory = Alone::new();
        memory.keep("alice", "sekret", HERE, 0);
        assert!((0..60).all(|now| memory.counts("alice", "sekret", HERE, now)));
        assert!(!memory.counts("alice", "sekret", HERE, 60) && memory.0.verified.is_empty());
        memory.keep("alice", "sekret", HERE, 60);
        memory.0.sweep(at(119));
        assert_eq!(memory.0.verified.len(), 1);
        memory.0.sweep(at(120));
        assert!(memory.0.verified.is_empty());
    }

    #[test]
    fn only_the_same_name_password_and_address_count_and_nothing_is_shifted_between_them() {
        let mut memory = Alone::new();
        memory.keep("alice", "sekret", HERE, 0);
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        for (name, password, address) in [
            ("alice", "sekret", elsewhere),
            ("alices", "ekret", HERE),
            ("alic", "esekret", HERE),
            ("alice", "sekret127.0.0.1", HERE),
            ("alice", "Sekret", HERE),
            ("", "alicesekret", HERE),
        ] {
            assert!(!memory.counts(name, password, address, 0), "{name} {password} {address}");
        }
        assert!(memory.counts("alice", "sekret", HERE, 0), "what is wrong touches nothing");
        let mut other = Remembered::new([8; 32]);
        attempt("alice", "sekret", HERE, |it| assert_ne!(other.key_of(it), memory.0.key_of(it)));
        other.sweep(at(0));
    }

    #[test]
    fn an_account_that_is_gone_is_forgotten() {
        let mut memory = Alone::new();
        memory.keep("alice", "sekret", HERE, 0);
        attempt("alice", "sekret", HERE, |it| assert!(memory.0.recall(it, &memory.1, || None, at(0)).is_none()));
        assert!(!memory.counts("alice", "sekret", HERE, 0));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut memory = Alone::new();
        let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        (0..=MOST).for_each(|number| memory.keep("alice", "sekret", address(number), i64::from(number > 0)));
        assert_eq!(memory.0.verified.len(), MOST);
        assert!(!memory.counts("alice", "sekret", address(0), 1));
        assert!([1, MOST].into_iter().all(|number| memory.counts("alice", "sekret", address(number), 1)));
    }
}
