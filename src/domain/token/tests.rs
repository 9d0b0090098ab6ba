//! The states of access tokens, what hangs on what, and what secrets open.

use super::*;

fn token(id: u64, parent: Option<u64>) -> AccessToken {
    let id_of = |number: u64| Id::from_bytes(u128::from(number).to_be_bytes());
    let hash = crate::domain::secret::TokenText::from_random([u8::try_from(id).unwrap(); 32]).hash();
    let parent = parent.map(id_of);
    AccessToken::plain(id_of(id), id_of(1_000), hash).with(|it| (it.label, it.parent) = (format!("t{id}"), parent))
}

#[test]
fn the_last_ended_secrets_are_remembered() {
    let hash = |number: u8| TokenHash::from_bytes([number; 32]);
    let first = token(0, None).with(|it| it.hash = hash(1));
    let until = Timestamp::from_seconds(50);
    let two = first.with_secret(hash(2), None, until, false);
    assert!(two.ended.is_empty(), "the replaced one lives on");
    assert_eq!(two.hashes().collect::<Vec<_>>(), [hash(2), hash(1)]);
    assert_eq!(two.clone().without_replaced().ended, [hash(1)]);
    assert_eq!(two.clone().without_replaced().without_replaced().ended, [hash(1)]);
    let again = two.with_secret_again(hash(3));
    assert_eq!((again.ended.as_slice(), again.generation), (&[hash(2)][..], 3));
    assert_eq!(again.previous.map(|previous| previous.hash), Some(hash(1)));
    let many = (4..10).fold(again, |token, number| token.with_secret(hash(number), None, until, false));
    assert_eq!(many.hashes().collect::<Vec<_>>(), [9, 8, 7, 6, 5, 4].map(hash));
    assert_eq!(many.ended.len(), MOST_ENDED);
}

#[test]
fn a_state_is_the_first_that_holds() {
    let now = Timestamp::from_seconds(100);
    let mut chain: Vec<AccessToken> = (0..3).map(|it: u64| token(it, it.checked_sub(1))).collect();
    let of = |chain: &[AccessToken], is_owner_active| {
        let found = chain[2].standing(is_owner_active, now, |id| chain.iter().find(|it| it.id == id));
        (found.state, found.stopped_by.map(|by| chain.iter().position(|it| it.id == by.id).unwrap()))
    };
    assert_eq!(of(&chain, true), (TokenState::Active, None));
    chain[0].is_active = false;
    assert_eq!(of(&chain, true), (TokenState::Stopped, Some(0)));
    chain[1].expires_at = Some(now);
    assert_eq!(of(&chain, true), (TokenState::Stopped, Some(1)), "the nearest");
    assert_eq!(of(&chain, false), (TokenState::AccountInactive, None));
    chain[2].is_active = false;
    assert_eq!(of(&chain, false), (TokenState::Inactive, None));
    chain[2].expires_at = Some(now);
    assert_eq!(of(&chain, false), (TokenState::Expired, None));
    let revocation = Revocation { at: now, address: Some([192, 0, 2, 7].into()) };
    chain[2] = chain[2].clone().ended_for_good(revocation);
    assert_eq!(of(&chain, false), (TokenState::Revoked, None));
}

#[test]
fn what_a_revoked_one_made_is_stopped_and_both_say_why() {
    let now = Timestamp::from_seconds(100);
    let revocation = Revocation { at: now, address: Some([192, 0, 2, 7].into()) };
    let chain = [token(0, None).ended_for_good(revocation), token(1, Some(0))];
    let said = |place: usize| {
        let found = chain[place].standing(true, now, |id| chain.iter().find(|it| it.id == id));
        (found.state, found.reason())
    };
    let whose = "whoever held it ended it for good on 1970-01-01T00:01:40Z from 192.0.2.7";
    assert_eq!(said(0), (TokenState::Revoked, whose.to_owned()));
    assert_eq!(said(1), (TokenState::Stopped, "the access token `t0`, which made it, was revoked".to_owned()));
    assert!(!chain[0].is_active);
}

#[test]
fn a_replaced_secret_opens_something_while_it_signs_in_or_repeats_its_rotation() {
    let at = Timestamp::from_seconds;
    let old = token(1, None);
    let hash = old.hash;
    let new = crate::domain::secret::TokenText::from_random([9; 32]).hash();
    let token = old.with_secret(new, None, at(100), false);
    let opens = |token: &AccessToken, now| token.opens_by_replaced(&hash, at(now));
    assert!(opens(&token, 99) && !opens(&token, 100) && !token.opens_by_replaced(&new, at(99)));
    let token = token.with(|it| it.retry = Some(RotationRetry { key: [0; 32], until: at(200) }));
    assert!(opens(&token, 199) && !opens(&token, 200));
    assert!(!opens(&token.without_replaced(), 50));
}

fn robot(id: u64, parent: Option<u64>) -> AccessToken {
    token(id, parent).with(|it| (it.owner, it.robot) = (Id::MAX, Some(Name::parse("ci").unwrap())))
}

#[test]
fn the_secret_of_a_robot_hangs_on_its_maker_whoever_owns_that() {
    let now = Timestamp::from_seconds(100);
    let by = |makers: &[AccessToken], robot: &AccessToken, shown| {
        let standing = robot.standing_of(shown, true, now, |id| makers.iter().find(|it| it.id == id));
        (standing.state, standing.stopped_by.map(|by| by.id), standing.reason())
    };
    let mut makers = [token(0, None), token(1, Some(0))];
    let made = robot(2, Some(1));
    assert_eq!(by(&makers, &made, Shown::Current).0, TokenState::Active);
    assert_eq!(by(&[], &robot(2, None), Shown::Current).0, TokenState::Active, "made with a password");
    makers[0].is_active = false;
    let stopped = by(&makers, &made, Shown::Current);
    assert_eq!((stopped.0, stopped.1), (TokenState::Stopped, Some(makers[0].id)), "the maker's maker");
    // A maker that is gone stops it, too: it may have been deleted because it was stolen.
    let gone = by(&[], &made, Shown::Current);
    assert_eq!((gone.0, gone.1), (TokenState::Stopped, None));
    assert!(gone.2.contains("deleted") && gone.2.contains("rotation"), "{}", gone.2);
    // A secret that was made with a password hangs on nothing; the one that it replaced on its own maker.
    let new = crate::domain::secret::TokenText::from_random([9; 32]).hash();
    let rotated = made.with_secret(new, None, Timestamp::from_seconds(200), false);
    assert_eq!(by(&[], &rotated, Shown::Current).0, TokenState::Active);
    assert_eq!(by(&[], &rotated, Shown::Replaced).0, TokenState::Stopped);
}

#[test]
fn a_maker_of_another_owner_that_made_the_maker_stops_neither() {
    let makers = [token(0, None).with(|it| (it.is_active, it.owner) = (false, Id::MIN)), token(1, Some(0))];
    let find = |id| makers.iter().find(|it| it.id == id);
    let now = Timestamp::from_seconds(100);
    let states = [makers[1].standing(true, now, find).state, robot(2, Some(1)).standing(true, now, find).state];
    assert_eq!(states, [TokenState::Active; 2]);
}

#[test]
fn a_robot_is_called_by_both_names() {
    let (acme, robot) = (Name::parse("acme").unwrap(), robot(1, None));
    assert_eq!(robot.user_name(&acme).to_string(), "acme/ci");
    assert!(robot.is_called(&acme, "acme/ci") && robot.is_capped());
    for other in ["acme", "ci", "acme/c", "acme/ci/", "acme//ci", "/ci", "other/ci", "acme/ci/x", ""] {
        assert!(!robot.is_called(&acme, other), "{other}");
    }
    assert!(token(1, None).is_called(&acme, "acme") && !token(1, None).is_called(&acme, "acme/ci"));
}

#[test]
fn too_long_a_chain_stops() {
    let chain: Vec<AccessToken> = (0..=100).map(|it: u64| token(it, it.checked_sub(1))).collect();
    let state = |last: usize| {
        let find = |id| chain.iter().find(|it| it.id == id);
        chain[last].standing(true, Timestamp::from_seconds(1), find).state
    };
    assert_eq!((state(99), state(100)), (TokenState::Active, TokenState::Stopped));
}

#[test]
fn its_fields_are_those_that_it_was_made_of_and_most_take_little_room() {
    let hash = TokenHash::from_bytes([9; 32]);
    let changes: [fn(&mut TokenFields); 14] = [
        |it| it.previous = Some(PreviousSecret { hash: TokenHash::from_bytes([8; 32]), until: Timestamp::LAST }),
        |it| it.expires_at = Some(Timestamp::from_seconds(90)),
        |it| it.parent = Some(Id::MAX),
        |it| it.generation = 3,
        |it| it.previous_parent = Some(Id::MAX),
        |it| it.retry = Some(RotationRetry { key: [1; 32], until: Timestamp::LAST }),
        |it| it.overlap_until_used = true,
        |it| it.lifetime = Some(89),
        |it| it.lifetime = None,
        |it| it.ended = vec![TokenHash::from_bytes([7; 32])],
        |it| it.robot = Some(Name::parse("ci").unwrap()),
        |it| it.secret_by = Some(it.owner),
        |it| it.secret_by = Some(Id::MAX),
        |it| it.previous_by = Some(Id::MIN),
    ];
    let plain = token(1, None).fields();
    for one in &changes {
        for other in &changes {
            let mut fields = TokenFields { hash, ..plain.clone() };
            one(&mut fields);
            other(&mut fields);
            let made = AccessToken::from(fields.clone());
            assert_eq!(
                (made.fields(), made.lifetime(), made.secret_by()),
                (fields.clone(), fields.lifetime, fields.secret_by)
            );
        }
    }
    let revocation = Revocation { at: Timestamp::from_seconds(90), address: None };
    let revoked = token(1, None).ended_for_good(revocation);
    assert_eq!((revoked.revoked, revoked.is_active), (Some(revocation), false));
    assert!(token(1, None).history.is_none() && revoked.history.is_some(), "most have none");
    let size = size_of::<AccessToken>() + 2 * size_of::<usize>();
    assert!(size <= 160, "{size} bytes with its counters, and a million of them");
}
