//! `ended.log`: every ending has its line before it is answered, torn lines are noticed, the file is bounded.

use std::fs;

use super::super::Txn;
use super::super::ended::{Ended, EndedError, EndedLog, read_ended};
use super::support::*;
use crate::domain::access::GrantLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::Namespace;
use crate::domain::organization::{Membership, TeamMembership};
use crate::domain::token::AccessToken;

fn read(home: &Home, after: u64) -> Vec<Ended> {
    read_ended(fs::File::open(home.path().join("ended.log")).unwrap(), Some(id(1)), after).unwrap()
}

/// A change of a test.
type Work = Box<dyn FnOnce(&mut Txn<'_>) -> Result<(), Failure> + Send>;

#[test]
#[expect(clippy::too_many_lines, reason = "a list of all that ends something")]
fn each_ending_has_a_line_when_it_is_answered_and_nothing_else_has() {
    let home = Home::started();
    let store = home.open();
    for number in 10..16 {
        add_account(&store, number).unwrap();
    }
    let namespace = GrantTarget::Namespace(Namespace::parse("user-11").unwrap());
    let target = namespace.clone();
    write(&store, move |txn| {
        txn.put_account(Account { kind: AccountKind::Organization, password: None, ..account(20) })?;
        txn.put_member(Membership { organization: id(20), user: id(11), is_admin: false })?;
        txn.put_team(team(30, 20, "dev"))?;
        txn.put_team_member(TeamMembership { team: id(30), user: id(11) })?;
        txn.put_grant(&target, Grantee::User(id(12)), GrantLevel::Admin)?;
        txn.put_repository(repository("user-10/app", 500))?;
        grant_to(txn, "user-10/app", 12, GrantLevel::Admin)?;
        for number in 100..105 {
            txn.put_token(token(number, 10))?;
        }
        Ok(txn.put_token(token(105, 15))?)
    })
    .unwrap();
    assert!(!home.path().join("ended.log").exists(), "nothing was ended");
    let mut expected = Vec::new();
    let mut ends = |ended: &[Ended], work: Work| {
        write(&store, work).unwrap();
        expected.extend_from_slice(ended);
        assert_eq!(read(&home, 0), expected);
    };
    ends(
        &[Ended::TokenInactive(id(100))],
        Box::new(|txn| Ok(txn.put_token(AccessToken { is_active: false, ..token(100, 10) }).map(drop)?)),
    );
    ends(
        &[Ended::TokenSecret(id(101))],
        Box::new(|txn| {
            Ok(txn.put_token(AccessToken { generation: 1, hash: hash(999), ..token(101, 10) }).map(drop)?)
        }),
    );
    ends(
        &[Ended::TokenRemoved(id(102))],
        Box::new(|txn| {
            txn.remove_token(id(102));
            Ok(())
        }),
    );
    ends(
        &[Ended::AccountPassword(id(13))],
        Box::new(|txn| {
            Ok(txn.put_account(account(13).with_password("$argon2id$other".to_owned(), false)).map(drop)?)
        }),
    );
    ends(
        &[Ended::AccountInactive(id(14))],
        Box::new(|txn| Ok(txn.put_account(Account { is_active: false, ..account(14) }).map(drop)?)),
    );
    ends(&[], Box::new(|txn| Ok(txn.put_account(Account { is_admin: true, ..account(12) }).map(drop)?)));
    ends(&[Ended::AccountDemoted(id(12))], Box::new(|txn| Ok(txn.put_account(account(12)).map(drop)?)));
    ends(
        &[Ended::TeamMemberRemoved(id(30), id(11))],
        Box::new(|txn| {
            txn.remove_team_member(TeamMembership { team: id(30), user: id(11) });
            Ok(())
        }),
    );
    ends(
        &[Ended::MemberRemoved(id(20), id(11))],
        Box::new(|txn| {
            txn.remove_member(id(20), id(11));
            Ok(())
        }),
    );
    ends(&[Ended::TeamRemoved(id(30))], Box::new(|txn| Ok(txn.remove_team(id(30))?)));
    ends(
        &[Ended::TokenRemoved(id(105)), Ended::AccountRemoved(id(15))],
        Box::new(|txn| Ok(txn.remove_account(id(15))?)),
    );
    purged(&store);
    assert_eq!(read(&home, 0), expected, "what goes from the disk later was ended before");
    write(&store, move |txn| {
        txn.remove_grant(&namespace, Grantee::User(id(12)));
        txn.remove_grant(
            &GrantTarget::Repository(crate::domain::name::RepositoryName::parse("user-10/app").unwrap()),
            Grantee::User(id(12)),
        );
        Ok(())
    })
    .unwrap();
    let found = read(&home, 0);
    let [Ended::GrantRemoved(_), Ended::RepositoryGrantRemoved(_)] = &found[expected.len()..] else {
        panic!("{found:?}")
    };
    assert!(found[expected.len()..].iter().all(|ended| ended.grant(&store.state()).is_some()));
    // Only what is later than a batch counts.
    let text = fs::read_to_string(home.path().join("ended.log")).unwrap();
    let batches: Vec<u64> = text.lines().skip(1).map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(read(&home, batches[0]).len(), found.len() - 1);
    assert_eq!(read(&home, u64::MAX), []);
    assert!(!text.contains("user-"), "identifiers only: {text}");
}

#[test]
fn a_line_that_was_cut_off_is_left_out_and_a_damaged_one_is_named() {
    let home = tempfile::tempdir().unwrap();
    let mut log = EndedLog::of(home.path());
    log.note(Some(id(1)), 7, &[Ended::TokenRemoved(id(5)), Ended::MemberRemoved(id(2), id(3))], now());
    log.note(None, 8, &[Ended::TokenRemoved(id(6))], now());
    log.note(Some(id(1)), 8, &[], now());
    let path = home.path().join("ended.log");
    let whole = fs::read(&path).unwrap();
    let of = |bytes: &[u8]| read_ended(bytes, Some(id(1)), 0);
    assert_eq!(of(&whole).unwrap().len(), 2);
    let last = whole.len() - whole.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap() - 1;
    for end in last + 1..whole.len() - 1 {
        assert_eq!(of(&whole[..end]).unwrap(), [Ended::TokenRemoved(id(5))], "cut at {end}");
    }
    for at in 0..whole.len() - 1 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(of(&damaged).is_err() || at >= last, "byte {at}");
    }
    assert!(matches!(read_ended(whole.as_slice(), Some(id(9)), 0), Err(EndedError::OfAnother)));
    for other in [&b""[..], b"x", b"alice\nbob\n"] {
        assert!(matches!(of(other), Err(EndedError::Foreign)));
    }
    // A crash left half a line: the next one begins where that began.
    fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    EndedLog::of(home.path()).note(Some(id(1)), 9, &[Ended::TokenInactive(id(6))], now());
    assert_eq!(of(&fs::read(&path).unwrap()).unwrap(), [Ended::TokenRemoved(id(5)), Ended::TokenInactive(id(6))]);
}

#[test]
fn a_full_file_becomes_the_one_before() {
    let home = tempfile::tempdir().unwrap();
    let mut log = EndedLog::of(home.path());
    let many: Vec<Ended> = (0..30_000).map(|number| Ended::TokenRemoved(id(number))).collect();
    for batch in 1..8 {
        log.note(Some(id(1)), batch, &many, now());
    }
    let [now_there, before] = ["ended.log", "ended.log.1"].map(|name| fs::read(home.path().join(name)).unwrap());
    assert!(now_there.len() + before.len() < 16 << 20 && fs::read_dir(home.path()).unwrap().count() == 2);
    for bytes in [now_there, before] {
        assert!(read_ended(bytes.as_slice(), Some(id(1)), 0).unwrap().len() >= 30_000);
    }
}
