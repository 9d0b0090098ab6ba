//! Registry tokens that were signed within the last ten seconds, to be given out again: of a thousand machines that pull one
//! image with one credential, the first few wait for a signature.
//!
//! What may be given is decided anew for each request up to here: the caller is looked up in the present state. A token is
//! found again only by the same holder of the same credential who asks for the same, in the very state in which it was
//! decided, while the same key signs. So nothing needs to be taken back here: whatever a change ends or begins, no earlier
//! token is found after it. What is given out again is counted and recorded like any other.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::grants::Refused;
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

/// What a token is asked with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asked<'a> {
    /// Who holds the credential; nobody who has not signed in.
    holder: Option<Holder>,
    /// The registry service.
    service: &'a str,
    scopes: &'a Scopes,
}

impl<'a> Asked<'a> {
    /// None for what is never kept: a sign-in, which asks for nothing and of which there are no storms, and very much at once.
    pub(super) fn new(holder: Option<Holder>, service: &'a str, scopes: &'a Scopes) -> Option<Self> {
        let is_kept = !scopes.is_empty() && scopes.repositories.len() <= MOST_REPOSITORIES;
        is_kept.then_some(Self { holder, service, scopes })
    }
}

/// What a token was asked with.
struct KeptAsked {
    holder: Option<Holder>,
    service: Box<str>,
    scopes: Scopes,
}

impl KeptAsked {
    fn of(Asked { holder, service, scopes }: Asked<'_>) -> Self {
        Self { holder, service: service.into(), scopes: scopes.clone() }
    }

    fn asked(&self) -> Asked<'_> {
        Asked { holder: self.holder, service: &self.service, scopes: &self.scopes }
    }
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

    fn is_worth_a_place(&self) -> bool {
        self.token.len() <= LONGEST && !self.granted.is_empty()
    }
}

/// A token, and what was refused beside it, which is recorded each time, with its reason.
pub(super) type Answered = (Given, Vec<Refused>);

/// The token that was signed for the same in this state and with this key, if it is fresh; otherwise what `sign` makes of this
/// very state, to be given again if nothing was refused. It may be signed with a later key than this one, which then finds
/// nothing.
///
/// # Errors
/// Those of `sign`.
pub(super) fn give<S, K: PartialEq, E>(
    rows: &impl Rows<S, K>,
    asked: Option<Asked<'_>>,
    (state, key): (&Arc<S>, K),
    now: Timestamp,
    sign: impl FnOnce(&Arc<S>) -> Result<Answered, E>,
) -> Result<Answered, E> {
    let Some(asked) = asked else { return sign(state) };
    let number = rows.number_of(&asked);
    if let Some(given) = rows.with(number, |row| row.find(&asked, state, &key, now).cloned()).flatten() {
        return Ok((given, Vec::new()));
    }
    let (given, refused) = sign(state)?;
    if refused.is_empty() && given.is_worth_a_place() {
        let kept = Kept { asked: KeptAsked::of(asked), state: Arc::downgrade(state), key, given: given.clone() };
        rows.with(number, |row| row.keep(kept));
    }
    Ok((given, refused))
}

/// A token, and when it may be found.
struct Kept<S, K> {
    asked: KeptAsked,
    /// The state that it was decided in. It is the same only in the same place, which is not used again meanwhile.
    state: Weak<S>,
    key: K,
    given: Given,
}

/// The tokens that one lock guards.
pub(super) struct Row<S, K>([Option<Kept<S, K>>; PLACES]);

impl<S, K> Default for Row<S, K> {
    fn default() -> Self {
        Self(array::from_fn(|_| None))
    }
}

impl<S, K: PartialEq> Row<S, K> {
    fn find(&self, asked: &Asked<'_>, state: &Arc<S>, key: &K, now: Timestamp) -> Option<&Given> {
        let is_it = |kept: &&Kept<S, K>| {
            kept.asked.asked() == *asked
                && std::ptr::eq(kept.state.as_ptr(), Arc::as_ptr(state))
                && kept.key == *key
                && kept.given.is_fresh(now)
        };
        self.0.iter().flatten().find(is_it).map(|kept| &kept.given)
    }

    /// In the place of an earlier one for the same, or of the oldest; not of a later one, which a slow request came after.
    fn keep(&mut self, kept: Kept<S, K>) {
        let signed_at = |place: &Option<Kept<S, K>>| place.as_ref().map(|other| other.given.signed_at.millis());
        let is_same =
            |place: &Option<Kept<S, K>>| place.as_ref().is_some_and(|other| other.asked.asked() == kept.asked.asked());
        let oldest = self.0.iter_mut().min_by_key(|place| (!is_same(place), signed_at(place)));
        if let Some(place) = oldest.filter(|place| signed_at(place) <= Some(kept.given.signed_at.millis())) {
            *place = Some(kept);
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

/// Rows behind locks.
pub(super) trait Rows<S, K> {
    /// The row of what is asked for.
    fn number_of(&self, asked: &Asked<'_>) -> usize;

    /// Works on a row, if there is one of this number.
    fn with<T>(&self, number: usize, work: impl FnOnce(&mut Row<S, K>) -> T) -> Option<T>;
}

/// The tokens of the last ten seconds. `S` is the state that they are decided in, `K` tells the keys apart that sign them.
pub(in crate::service) struct Giving<S, K = KeyMark> {
    rows: Box<[Mutex<Row<S, K>>]>,
    /// Made at the start, so that nobody can choose what shares a row.
    hasher: RandomState,
}

impl<S, K> Default for Giving<S, K> {
    fn default() -> Self {
        Self { rows: (0..ROWS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl<S, K> Rows<S, K> for Giving<S, K> {
    fn number_of(&self, asked: &Asked<'_>) -> usize {
        usize::try_from(self.hasher.hash_one(asked) % ROWS as u64).unwrap_or_default()
    }

    fn with<T>(&self, number: usize, work: impl FnOnce(&mut Row<S, K>) -> T) -> Option<T> {
        self.rows.get(number).map(|row| work(&mut row.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<S, K: PartialEq> Giving<S, K> {
    /// Forgets what is not found any more, and so the states that are held for it.
    pub(in crate::service) fn sweep(&self, now: Timestamp) {
        for number in 0..ROWS {
            self.with(number, |row| row.sweep(now));
        }
    }

    /// How many are kept.
    #[cfg(test)]
    pub(in crate::service) fn count(&self) -> usize {
        (0..ROWS).filter_map(|number| self.with(number, |row| row.0.iter().flatten().count())).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU64, Ordering};

    use shuttle::sync;
    use shuttle::thread;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_296_000 + seconds)
    }

    fn asked(scope: &str) -> Option<KeptAsked> {
        Asked::new(None, "dockpass", &Scopes::parse([scope]).unwrap()).map(KeptAsked::of)
    }

    /// One of `a/NAME`.
    fn of(name: &str) -> KeptAsked {
        asked(&format!("repository:a/{name}:pull")).unwrap()
    }

    fn given(token: &str, signed_at: i64) -> Given {
        let granted = Arc::new(Scopes::parse(["repository:a/b:pull"]).unwrap());
        Given { token: token.into(), granted, end: at(900), signed_at: at(signed_at), is_recorded: false }
    }

    /// Whether it is given again what was signed before; otherwise this is signed.
    fn is_again<S>(giving: &Giving<S, u8>, asked: Option<KeptAsked>, decided: (&Arc<S>, u8), signs: Given) -> bool {
        let (mut is_again, now) = (true, signs.signed_at);
        let sign = |_: &Arc<S>| {
            is_again = false;
            Ok::<_, Infallible>((signs, Vec::new()))
        };
        let Ok(_) = give(giving, asked.as_ref().map(KeptAsked::asked), decided, now, sign);
        is_again
    }

    /// What the tokens are decided in: who asks may have one, and with these rights.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Rights {
        is_in: bool,
        level: u64,
    }

    /// What a request is answered with: a level, and the number of the signature.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Got {
        level: u64,
        signature: u64,
    }

    /// Where somebody asks for a registry token, under locks of shuttle, which tries every order of threads. The state is
    /// read in one step, as the published one is.
    struct Site {
        state: sync::Mutex<Arc<Rights>>,
        row: sync::Mutex<Row<Rights, u8>>,
        /// For the numbers alone: no order of threads is told by it, and so none is tried for it.
        signatures: AtomicU64,
    }

    impl Rows<Rights, u8> for Site {
        fn number_of(&self, _: &Asked<'_>) -> usize {
            0
        }

        fn with<T>(&self, _: usize, work: impl FnOnce(&mut Row<Rights, u8>) -> T) -> Option<T> {
            Some(work(&mut self.row.lock().unwrap()))
        }
    }

    impl Site {
        fn new() -> Arc<Self> {
            let state = sync::Mutex::new(Arc::new(Rights { is_in: true, level: 1 }));
            Arc::new(Self { state, row: sync::Mutex::new(Row::default()), signatures: AtomicU64::new(0) })
        }

        fn state(&self) -> Arc<Rights> {
            Arc::clone(&self.state.lock().unwrap())
        }

        fn put(&self, rights: Rights) {
            *self.state.lock().unwrap() = Arc::new(rights);
        }

        /// One request, given by the same function as by the program.
        fn ask(&self) -> Option<Got> {
            let state = self.state();
            if !state.is_in {
                return None;
            }
            let sign = |state: &Arc<Rights>| {
                // The signature takes its time, in which any other may come, as it may at each lock.
                let number = self.signatures.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Infallible>((given(&format!("{} {number}", state.level), 0), Vec::new()))
            };
            let Ok((given, _)) = give(self, Some(of("x").asked()), (&state, 0), at(0), sign);
            let (level, number) = given.token.split_once(' ').unwrap();
            Some(Got { level: level.parse().unwrap(), signature: number.parse().unwrap() })
        }

        fn level(&self) -> Option<u64> {
            self.ask().map(|got| got.level)
        }
    }

    /// In every order of a request that is under way and of a change: the very next request after the change is answered
    /// as if nothing were kept, nor does the request under way leave anything for later ones.
    fn in_every_order(changed: Rights, expected: Option<u64>) {
        let tried = move |is_kept: bool| {
            let site = Site::new();
            assert!(!is_kept || site.level() == Some(1));
            let (one, other) = (Arc::clone(&site), Arc::clone(&site));
            let under_way = thread::spawn(move || one.level());
            let changing = thread::spawn(move || {
                other.put(changed);
                // Answered: the very next request.
                assert_eq!(other.level(), expected);
            });
            let got = under_way.join().unwrap();
            assert!(got == Some(1) || got == expected, "{got:?}");
            changing.join().unwrap();
            assert_eq!(site.level(), expected, "once the other request is through");
            // What was before comes back, but not what was signed then.
            site.put(Rights { is_in: true, level: 1 });
            let signature = site.signatures.load(Ordering::SeqCst);
            let new = Some(Got { level: 1, signature });
            assert_eq!(site.ask(), new);
            assert_eq!(site.ask(), new, "and is given again from then on");
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
        let giving = Giving::default();
        for round in 0..1_000 {
            let state = Arc::new(round);
            let is_again = || is_again(&giving, Some(of("x")), (&state, 0), given("token", 0));
            assert!(!is_again(), "{round}");
            assert!(is_again(), "{round}");
        }
    }

    #[test]
    fn a_state_that_is_gone_takes_its_tokens_along() {
        let (giving, state, other) = (Giving::default(), Arc::new(1), Arc::new(2));
        is_again(&giving, Some(of("x")), (&state, 0), given("token", 0));
        is_again(&giving, Some(of("y")), (&other, 0), given("token", 0));
        drop(state);
        giving.sweep(at(0));
        assert_eq!(giving.count(), 1);
        giving.sweep(at(10));
        assert_eq!(giving.count(), 0);
    }

    #[test]
    fn another_key_finds_nothing() {
        let (giving, state) = (Giving::default(), Arc::new(()));
        let is_again = |key| is_again(&giving, Some(of("x")), (&state, key), given("token", 0));
        assert_eq!([1, 1, 2, 2].map(is_again), [false, true, false, true]);
    }

    #[test]
    fn a_late_request_does_not_put_an_older_token_in_the_place_of_a_newer_one() {
        let state = Arc::new(());
        let mut row = Row::default();
        let kept = |name: &str, token: &str, signed_at| {
            let (asked, state) = (of(name), Arc::downgrade(&state));
            Kept { asked, state, key: 0, given: given(token, signed_at) }
        };
        row.keep(kept("x", "new", 5));
        row.keep(kept("x", "late", 0));
        let there = |row: &Row<(), u8>, name: &str| {
            row.find(&of(name).asked(), &state, &0, at(6)).map(|it| it.token.to_string())
        };
        assert_eq!(there(&row, "x").as_deref(), Some("new"));
        row.keep(kept("x", "newer", 6));
        assert_eq!(there(&row, "x").as_deref(), Some("newer"));
        // Nor of another's, once all places are taken by newer ones.
        (1..PLACES).for_each(|number| row.keep(kept(&format!("app-{number}"), "new", 5)));
        row.keep(kept("y", "late", 4));
        assert_eq!(there(&row, "y"), None);
        assert!((1..PLACES).all(|number| there(&row, &format!("app-{number}")).is_some()));
    }

    #[test]
    fn the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none() {
        let (giving, state) = (Giving::default(), Arc::new(()));
        let name = |number: usize| format!("app-{number}");
        let most = ROWS * PLACES;
        for number in 0..4 * most {
            is_again(&giving, Some(of(&name(number))), (&state, 0), given("token", 0));
        }
        assert!(giving.count() <= most && giving.count() > most / 2, "{}", giving.count());
        let mut row = Row::default();
        let keep = |row: &mut Row<(), u8>, number: usize| {
            let (asked, given) = (of(&name(number)), given("token", i64::try_from(number).unwrap()));
            row.keep(Kept { asked, state: Arc::downgrade(&state), key: 0, given });
        };
        (0..=PLACES).for_each(|number| keep(&mut row, number));
        keep(&mut row, PLACES);
        let there = |number: usize| row.find(&of(&name(number)).asked(), &state, &0, at(5)).is_some();
        assert_eq!((0..=PLACES).map(there).collect::<Vec<_>>(), [false, true, true, true, true]);
        let none = Giving::default();
        is_again(&none, Some(of("x")), (&state, 0), given(&"x".repeat(LONGEST + 1), 0));
        is_again(&none, Some(of("x")), (&state, 0), Given { granted: Arc::default(), ..given("token", 0) });
        assert_eq!(none.count(), 0);
        let of_many = |many: usize| {
            let scopes: Vec<String> = (0..many).map(|number| format!("repository:a/b{number}:pull")).collect();
            asked(&scopes.join(" "))
        };
        assert!(of_many(MOST_REPOSITORIES).is_some() && of_many(MOST_REPOSITORIES + 1).is_none());
        assert!(asked("").is_none() && asked("registry:catalog:*").is_some());
    }

    #[test]
    fn two_servers_have_different_rows_for_the_same() {
        let (one, other) = (Giving::default(), Giving::default());
        let all = |giving: &Giving<(), u8>| -> Vec<usize> {
            (0..8).map(|number| giving.number_of(&of(&format!("app-{number}")).asked())).collect()
        };
        assert_eq!(all(&one), all(&one));
        assert_ne!(all(&one), all(&other));
    }
}
