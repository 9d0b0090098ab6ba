//! Registry tokens that were signed within the last ten seconds, to be given out again: of a thousand machines that pull one
//! image with one credential, the first waits for a signature.
//!
//! What may be given is decided anew for each request up to here: the caller is looked up in the present state. A token is
//! found again only by the same holder of the same credential who asks for the same, in the very state in which it was
//! decided, while the same key signs. So nothing needs to be taken back here: whatever a change ends or begins, no earlier
//! token is found after it. What is given out again is counted and recorded like any other.

use std::array;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::domain::scope::Scopes;
use crate::domain::time::Timestamp;
use crate::service::access::Holder;
use crate::service::signing::KeyMark;

/// For how long after its signature a token is given out again, in milliseconds.
const FRESH: i64 = 10_000;
/// Least life that is left of one, in seconds: clients take a shorter one for this long.
const LEAST_LEFT: i64 = 60;
/// Tokens that are kept: so many places in each of so many rows. What is asked for has its row, where it takes the place of
/// the oldest.
const ROWS: usize = 1_024;
const PLACES: usize = 4;
/// Longest token that is kept, in bytes, and most repositories of one: a storm asks for one image.
const LONGEST: usize = 4 * 1_024;
const MOST_REPOSITORIES: usize = 8;

/// What a token was asked with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// Who holds the credential; nobody who has not signed in.
    pub(super) holder: Option<Holder>,
    /// The registry service.
    pub(super) service: String,
    pub(super) scopes: Scopes,
}

/// A signed token.
#[derive(Clone)]
pub(super) struct Given {
    /// The compact JWS.
    pub(super) token: Arc<str>,
    /// What it grants.
    pub(super) granted: Arc<Scopes>,
    /// Its end.
    pub(super) end: Timestamp,
    /// When it was signed.
    pub(super) signed_at: Timestamp,
    /// Whether all registry tokens are recorded.
    pub(super) is_recorded: bool,
}

impl Given {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.millis() - self.signed_at.millis();
        // A clock that was set back makes none fresh again.
        (0..FRESH).contains(&age) && self.end.seconds() - now.whole_seconds().seconds() >= LEAST_LEFT
    }
}

/// A token, and when it may be found.
struct Kept<S, K> {
    asked: Asked,
    /// The state that it was decided in. It is the same only in the same place, which is not used again meanwhile.
    state: Weak<S>,
    key: K,
    given: Given,
}

/// The tokens that one lock guards.
struct Row<S, K>([Option<Kept<S, K>>; PLACES]);

impl<S, K: PartialEq> Row<S, K> {
    fn find(&self, asked: &Asked, state: &Arc<S>, key: &K, now: Timestamp) -> Option<&Given> {
        let is_it = |kept: &&Kept<S, K>| {
            kept.asked == *asked
                && std::ptr::eq(kept.state.as_ptr(), Arc::as_ptr(state))
                && kept.key == *key
                && kept.given.is_fresh(now)
        };
        self.0.iter().flatten().find(is_it).map(|kept| &kept.given)
    }

    fn keep(&mut self, kept: Kept<S, K>) {
        let age = |place: &Option<Kept<S, K>>| match place {
            Some(other) if other.asked == kept.asked => i64::MIN,
            Some(other) => other.given.signed_at.millis(),
            None => i64::MIN + 1,
        };
        if let Some(oldest) = self.0.iter_mut().min_by_key(|place| age(place)) {
            *oldest = Some(kept);
        }
    }

    /// Forgets what is not found any more.
    fn sweep(&mut self, now: Timestamp) {
        let is_over = |kept: &mut Kept<S, K>| kept.state.strong_count() == 0 || !kept.given.is_fresh(now);
        for place in &mut self.0 {
            place.take_if(is_over);
        }
    }
}

/// The tokens of the last ten seconds. `S` is the state that they are decided in, `K` tells the keys apart that sign them.
pub(in crate::service) struct Giving<S, K = KeyMark>(Box<[Mutex<Row<S, K>>]>);

impl<S, K> Default for Giving<S, K> {
    fn default() -> Self {
        Self((0..ROWS).map(|_| Mutex::new(Row(array::from_fn(|_| None)))).collect())
    }
}

impl<S, K: PartialEq> Giving<S, K> {
    fn row(&self, asked: &Asked) -> Option<MutexGuard<'_, Row<S, K>>> {
        let mut hasher = DefaultHasher::new();
        asked.hash(&mut hasher);
        let row = usize::try_from(hasher.finish() % ROWS as u64).ok().and_then(|row| self.0.get(row));
        row.map(|row| row.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The token that was signed for this in this state and with this key, if it is fresh.
    pub(super) fn find(&self, asked: &Asked, state: &Arc<S>, key: &K, now: Timestamp) -> Option<Given> {
        self.row(asked)?.find(asked, state, key, now).cloned()
    }

    /// Keeps a token that was decided in this state, and signed with this key or a later one. One that grants nothing is a
    /// sign-in, of which there are no storms.
    pub(super) fn keep(&self, asked: Asked, state: &Arc<S>, key: K, given: Given) {
        let is_small = given.token.len() <= LONGEST && asked.scopes.repositories.len() <= MOST_REPOSITORIES;
        let is_worth_it = is_small && !given.granted.is_empty();
        if let Some(mut row) = is_worth_it.then(|| self.row(&asked)).flatten() {
            row.keep(Kept { asked, state: Arc::downgrade(state), key, given });
        }
    }

    /// Forgets what is not found any more, and so the states that are held for it.
    pub(in crate::service) fn sweep(&self, now: Timestamp) {
        self.0.iter().for_each(|row| row.lock().unwrap_or_else(PoisonError::into_inner).sweep(now));
    }

    /// How many are kept.
    #[cfg(test)]
    pub(in crate::service) fn count(&self) -> usize {
        let rows = self.0.iter().map(|row| row.lock().unwrap_or_else(PoisonError::into_inner));
        rows.map(|row| row.0.iter().flatten().count()).sum()
    }
}

#[cfg(test)]
mod tests {
    use shuttle::sync;
    use shuttle::thread;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_296_000 + seconds)
    }

    fn asked(scope: &str) -> Asked {
        Asked { holder: None, service: "dockpass".to_owned(), scopes: Scopes::parse([scope]).unwrap() }
    }

    fn given(token: &str, signed_at: i64) -> Given {
        let granted = Arc::new(Scopes::parse(["repository:a/b:pull"]).unwrap());
        Given { token: token.into(), granted, end: at(900), signed_at: at(signed_at), is_recorded: false }
    }

    /// What the tokens are decided in: who asks may have one, and with these rights.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Rights {
        is_in: bool,
        level: u8,
    }

    /// Where somebody asks for a registry token, under locks of shuttle, which tries every order of threads. The state is
    /// read in one step, as the published one is.
    struct Site {
        state: sync::Mutex<Arc<Rights>>,
        row: sync::Mutex<Row<Rights, u8>>,
    }

    impl Site {
        fn new() -> Arc<Self> {
            let state = sync::Mutex::new(Arc::new(Rights { is_in: true, level: 1 }));
            let row = sync::Mutex::new(Row(array::from_fn(|_| None)));
            Arc::new(Self { state, row })
        }

        fn state(&self) -> Arc<Rights> {
            Arc::clone(&self.state.lock().unwrap())
        }

        fn put(&self, rights: Rights) {
            *self.state.lock().unwrap() = Arc::new(rights);
        }

        /// One request, as `decide` and `issue` do it; the level that it is answered with.
        fn ask(&self) -> Option<u8> {
            let state = self.state();
            if !state.is_in {
                return None;
            }
            let found = self.row.lock().unwrap().find(&asked("x"), &state, &0, at(0)).cloned();
            let given = found.unwrap_or_else(|| {
                // The signature takes its time, in which any other may come, as it may at each lock.
                let given = given(&state.level.to_string(), 0);
                let kept = Kept { asked: asked("x"), state: Arc::downgrade(&state), key: 0, given: given.clone() };
                self.row.lock().unwrap().keep(kept);
                given
            });
            given.token.parse().ok()
        }
    }

    /// In every order of a request that is under way and of a change: the very next request after the change is answered
    /// as if nothing were kept, nor does the request under way leave anything for later ones.
    fn in_every_order(changed: Rights, expected: Option<u8>) {
        let tried = move |is_kept: bool| {
            let site = Site::new();
            assert!(!is_kept || site.ask() == Some(1));
            let (one, other) = (Arc::clone(&site), Arc::clone(&site));
            let under_way = thread::spawn(move || one.ask());
            let changing = thread::spawn(move || {
                other.put(changed);
                // Answered: the very next request.
                assert_eq!(other.ask(), expected);
            });
            let got = under_way.join().unwrap();
            assert!(got == Some(1) || got == expected, "{got:?}");
            changing.join().unwrap();
            assert_eq!(site.ask(), expected, "once the other request is through");
            // What was before comes back, but not what was signed then.
            site.put(Rights { is_in: true, level: 3 });
            assert_eq!(site.ask(), Some(3));
        };
        [true, false].into_iter().for_each(|is_kept| shuttle::check_dfs(move || tried(is_kept), None));
    }

    #[test]
    fn no_order_of_threads_gives_a_token_past_a_revocation_or_a_new_password() {
        in_every_order(Rights { is_in: false, level: 1 }, None);
    }

    #[test]
    fn no_order_of_threads_gives_a_token_past_a_publication_of_other_rights() {
        in_every_order(Rights { is_in: true, level: 2 }, Some(2));
    }

    #[test]
    fn a_state_in_the_place_of_another_is_not_taken_for_it() {
        let (giving, key) = (Giving::default(), 0);
        for round in 0..1_000 {
            let state = Arc::new(round);
            assert!(giving.find(&asked("x"), &state, &key, at(0)).is_none(), "{round}");
            giving.keep(asked("x"), &state, key, given("token", 0));
            assert!(giving.find(&asked("x"), &state, &key, at(0)).is_some());
        }
    }

    #[test]
    fn a_state_that_is_gone_takes_its_tokens_along() {
        let (giving, state, other) = (Giving::default(), Arc::new(1), Arc::new(2));
        giving.keep(asked("x"), &state, 0, given("token", 0));
        giving.keep(asked("y"), &other, 0, given("token", 0));
        drop(state);
        giving.sweep(at(0));
        assert_eq!(giving.count(), 1);
        giving.sweep(at(10));
        assert_eq!(giving.count(), 0);
    }

    #[test]
    fn another_key_finds_nothing() {
        let (giving, state) = (Giving::default(), Arc::new(()));
        giving.keep(asked("x"), &state, 1, given("token", 0));
        assert!(giving.find(&asked("x"), &state, &2, at(0)).is_none());
        assert!(giving.find(&asked("x"), &state, &1, at(0)).is_some());
    }

    #[test]
    fn the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none() {
        let (giving, state, key) = (Giving::default(), Arc::new(()), 0);
        let scope = |number: usize| asked(&format!("repository:a/app-{number}:pull"));
        let most = ROWS * PLACES;
        (0..4 * most).for_each(|number| giving.keep(scope(number), &state, key, given("token", 0)));
        assert!(giving.count() <= most && giving.count() > most / 2, "{}", giving.count());
        let mut row = Row(array::from_fn(|_| None));
        let keep = |row: &mut Row<(), u8>, number: usize| {
            let (asked, given) = (scope(number), given("token", i64::try_from(number).unwrap()));
            row.keep(Kept { asked, state: Arc::downgrade(&state), key, given });
        };
        (0..=PLACES).for_each(|number| keep(&mut row, number));
        keep(&mut row, PLACES);
        let there = |number: usize| row.find(&scope(number), &state, &key, at(5)).is_some();
        assert_eq!((0..=PLACES).map(there).collect::<Vec<_>>(), [false, true, true, true, true]);
        let large = Giving::default();
        large.keep(asked("x"), &state, key, given(&"x".repeat(LONGEST + 1), 0));
        let many: Vec<String> = (0..=MOST_REPOSITORIES).map(|number| format!("repository:a/b{number}:pull")).collect();
        large.keep(asked(&many.join(" ")), &state, key, given("token", 0));
        large.keep(asked("x"), &state, key, Given { granted: Arc::default(), ..given("token", 0) });
        assert_eq!(large.count(), 0);
    }
}
