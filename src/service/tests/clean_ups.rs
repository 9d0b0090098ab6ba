//! A clean-up takes exactly what its preview shows, and nothing else ends with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Call, Error, Page, Service, TokenFilter, TokenView};
use super::content::new_user;
use super::support::{Home, call, put, sign_in, start};
use crate::domain::id::Id;
use crate::domain::secret::TokenText;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, GeneratedBy, PreviousSecret, TokenFields, TokenState};
use crate::domain::usage::Usage;
use crate::store::State;

const DAY: i64 = 24 * 60 * 60;
const STATES: [TokenState; 4] = [TokenState::Active, TokenState::Inactive, TokenState::Expired, TokenState::Stopped];
const USERS: [&str; 3] = ["alice", "bob", "admin"];

/// A moment, this many days after the beginning; the tests ask at day 10.
fn day(number: i64) -> Timestamp {
    start().plus_seconds(number * DAY)
}

fn now() -> Timestamp {
    day(10)
}

/// An access token that is there. The numbers of others are places in the list, and mean earlier ones.
#[derive(Clone, Debug)]
struct Given {
    owner: usize,
    made_on: i64,
    used_on: Option<i64>,
    parent: Option<usize>,
    /// When its replaced secret ends, and what that was made with.
    previous: Option<(i64, Option<usize>)>,
    is_active: bool,
    ends_on: Option<i64>,
    is_auto: bool,
}

fn text(place: usize) -> TokenText {
    TokenText::from_random([u8::try_from(place).unwrap(); 32])
}

fn id(place: usize) -> Id {
    Id::new(start(), [u8::try_from(place).unwrap() + 1; 10])
}

/// Of the tokens before `place`, the one that a number means.
fn earlier(number: usize, place: usize) -> Option<usize> {
    (place > 0).then(|| number % place)
}

fn token(state: &State, place: usize, given: &Given) -> AccessToken {
    let other = |number: Option<usize>| number.and_then(|number| earlier(number, place)).map(id);
    let replaced = |until| PreviousSecret { hash: text(place + 100).hash(), until: day(until) };
    let owner = state.account_named(USERS[given.owner]).unwrap().id;
    AccessToken::from(TokenFields {
        previous: given.previous.map(|(until, _)| replaced(until)),
        label: format!("t{place}"),
        is_active: given.is_active,
        expires_at: given.ends_on.map(day),
        created_at: day(given.made_on),
        generated_by: if given.is_auto { GeneratedBy::Auto } else { GeneratedBy::Manual },
        parent: other(given.parent),
        generation: 1,
        previous_parent: other(given.previous.and_then(|(_, parent)| parent)),
        ..AccessToken::plain(id(place), owner, text(place).hash()).fields()
    })
}

fn opened(home: &Home, all: &[Given]) -> Service {
    let service = home.open(start());
    let local = call(Service::local(0), start());
    ["alice", "bob"].iter().for_each(|name| drop(service.create_user(&local, new_user(name)).unwrap()));
    let state = service.store.state();
    let tokens: Vec<_> = all.iter().enumerate().map(|(place, given)| token(&state, place, given)).collect();
    put(&service, move |txn| Ok(tokens.into_iter().try_for_each(|token| txn.put_token(token).map(drop))?));
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    for (place, given) in all.iter().enumerate() {
        let at = given.used_on.map(day);
        at.into_iter()
            .for_each(|at| service.store.usage().note(id(place), Usage { at, address, secret: None, other: None }));
    }
    service
}

/// Who asks: an account without a token, one of the tokens, or the local administrator.
fn caller(service: &Service, all: &[Given], asks: (usize, usize)) -> Option<Call> {
    let caller = match asks {
        (0, _) => Service::local(0),
        (1, user) => {
            let state = service.store.state();
            super::super::Caller::of_account(state.account_named(USERS[user % USERS.len()]).unwrap())
        }
        (_, place) => {
            let place = place % all.len().max(1);
            let (user, text) = (USERS[all.get(place)?.owner], text(place));
            let used = service.store.usage().of(id(place));
            let caller = sign_in(service, user, text.reveal(), now()).ok();
            // Signing in is a use, which would spare every asking token.
            used.into_iter().for_each(|used| service.store.usage().note(id(place), used));
            caller?
        }
    };
    Some(call(caller, now()))
}

fn preview(service: &Service, call: &Call, filter: &TokenFilter, size: usize) -> Result<Vec<TokenView>, Error> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let Page { entries, next, count } = service.list_tokens(call, filter, before, size, true)?;
        all.extend(entries);
        before = next;
        if before.is_none() {
            assert_eq!(count, Some(all.len()));
            return Ok(all);
        }
    }
}

/// What the contract says, however slowly: what the filter selects, without the caller's line of makers, and without
/// what made one that stays or a replaced secret that lives on.
fn expected(service: &Service, call: &Call, filter: &TokenFilter, owner: &str) -> BTreeSet<Id> {
    let state = service.store.state();
    let owner = state.account_named(owner).unwrap().id;
    let all: BTreeMap<Id, Arc<AccessToken>> = state.tokens_of(owner, None).map(|it| (it.id, Arc::clone(it))).collect();
    let calling: Vec<Id> = {
        let parent = |id: &Id| state.token(*id).and_then(|token| token.parent);
        std::iter::successors(call.caller.token(), parent).collect()
    };
    let selects = |token: &AccessToken| {
        let last = service.store.usage().of(token.id).map_or(token.created_at, |usage| usage.at);
        let standing = token.standing(true, now(), |id| state.token(id).map(AsRef::as_ref)).state;
        last < filter.used_before.unwrap()
            && filter.generated_by.is_none_or(|how| how == token.generated_by)
            && filter.state.is_none_or(|wanted| wanted == standing)
            && !calling.contains(&token.id)
    };
    let mut goes: BTreeSet<Id> = all.values().filter(|token| selects(token)).map(|token| token.id).collect();
    loop {
        let needed = |maker: &Id| {
            all.values().filter(|token| !goes.contains(&token.id)).any(|token| {
                let lives_on = token.previous.is_some_and(|previous| previous.until > now());
                token.parent == Some(*maker) || (lives_on && token.previous_parent == Some(*maker))
            })
        };
        let spared: Vec<Id> = goes.iter().filter(|id| needed(id)).copied().collect();
        if spared.is_empty() {
            return goes;
        }
        spared.iter().for_each(|id| assert!(goes.remove(id)));
    }
}

/// The access tokens that are there, as they can be used: state, and which secrets are accepted.
fn usable(service: &Service) -> BTreeMap<Id, (TokenState, bool)> {
    let state = service.store.state();
    let tokens: Vec<_> = state.tokens_before(None).collect();
    let lives_on = |token: &AccessToken| token.previous.is_some_and(|previous| previous.until > now());
    let standing =
        |token: &Arc<AccessToken>| token.standing(true, now(), |id| state.token(id).map(AsRef::as_ref)).state;
    tokens.iter().map(|token| (token.id, (standing(token), lives_on(token)))).collect()
}

fn given() -> impl Strategy<Value = Given> {
    let number = || proptest::option::of(0..40_usize);
    let days = || 0..13_i64;
    let previous = proptest::option::of((8..13_i64, number()));
    let (used_on, ends_on) = (proptest::option::of(days()), proptest::option::weighted(0.2, days()));
    let owner = prop_oneof![4 => Just(0_usize), 1 => Just(1), 1 => Just(2)];
    (owner, 0..10_i64, used_on, number(), previous, (proptest::bool::weighted(0.8), any::<bool>()), ends_on).prop_map(
        |(owner, made_on, used_on, parent, previous, (is_active, is_auto), ends_on)| Given {
            owner,
            made_on,
            used_on,
            parent,
            previous,
            is_active,
            ends_on,
            is_auto,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_preview_shows_is_exactly_what_goes(
        all in prop::collection::vec(given(), 0..24),
        asks in (0..3_usize, 0..24_usize),
        username in proptest::option::of(0..3_usize),
        used_before in 2..14_i64,
        generated_by in proptest::option::of(any::<bool>()),
        state in proptest::option::weighted(0.4, 0..STATES.len()),
        size in 1..9_usize,
    ) {
        let home = Home::new();
        let service = opened(&home, &all);
        let Some(call) = caller(&service, &all, asks) else { return Ok(()) };
        let filter = TokenFilter {
            username: username.map(|user| USERS[user].to_owned()),
            used_before: Some(day(used_before)),
            generated_by: generated_by.map(|auto| if auto { GeneratedBy::Auto } else { GeneratedBy::Manual }),
            state: state.map(|place| STATES[place]),
            ..TokenFilter::default()
        };
        let shown = preview(&service, &call, &filter, size);
        let before = usable(&service);
        let Ok(shown) = shown else {
            prop_assert!(service.clean_up_tokens(&call, &filter).is_err());
            prop_assert_eq!(usable(&service), before);
            return Ok(());
        };
        let owner = filter.username.clone().unwrap_or_else(|| call.caller.actor());
        let ids: BTreeSet<Id> = shown.iter().map(|view| view.token.id).collect();
        prop_assert_eq!(&ids, &expected(&service, &call, &filter, &owner));
        let deleted = service.clean_up_tokens(&call, &filter).unwrap();
        prop_assert_eq!(format!("{deleted:?}"), format!("{shown:?}"));
        let stays: BTreeMap<_, _> = before.into_iter().filter(|(id, _)| !ids.contains(id)).collect();
        prop_assert_eq!(usable(&service), stays, "nothing else ends");
    }
}
