//! What a removal takes along: every row that names the removed thing, and nothing else, from every table.

use std::collections::BTreeSet;

use super::super::change::RowChange;

use super::super::engine::Engine;
use super::super::table::Table;
use super::super::{KnownAddress, TooLarge, Txn};
use super::samples;
use super::support::{Failure, Home, account, now, purged, repository, team, token, usage, write};
use crate::domain::access::GrantLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;

const ALICE: u8 = 0xA1;
const BOB: u8 = 0xB0;
const ACME: u8 = 0xC1;
const LAB: u8 = 0xC2;
const DEV: u8 = 0xD1;
const OPS: u8 = 0xD2;
const LAB_DEV: u8 = 0xD3;
const TOKEN: u8 = 0xE1;
const APP: u8 = 0xF1;
const LINT: u8 = 0xF2;
const LAB_APP: u8 = 0xF3;
const OWN: u8 = 0xF4;

/// An identifier whose bytes are found wherever they stand.
fn mark(byte: u8) -> Id {
    Id::from_bytes([byte; 16])
}

/// A row as it stands on the disk.
type Row = (Table, Vec<u8>, Vec<u8>);

fn names(row: &Row, byte: u8) -> bool {
    let id = [byte; 16];
    [&row.1, &row.2].into_iter().any(|bytes| bytes.windows(id.len()).any(|window| window == id))
}

fn names_any(row: &Row, marks: &[u8]) -> bool {
    marks.iter().any(|mark| names(row, *mark))
}

/// Every row but those of the store itself.
fn rows(home: &Home) -> BTreeSet<Row> {
    let engine = Engine::open(&home.path().join("store")).unwrap();
    let mut rows = BTreeSet::new();
    for (table, _) in Table::ALL.into_iter().filter(|(table, _)| *table != Table::Meta) {
        let mut take = |change: &RowChange| {
            rows.insert((table, change.key.clone(), change.value.clone().unwrap()));
            Ok(())
        };
        engine.scan(table, &mut take).unwrap();
    }
    engine.close().unwrap();
    rows
}

fn on_namespace(name: &str) -> GrantTarget {
    GrantTarget::Namespace(Namespace::Of(Name::parse(name).unwrap()))
}

fn on_repository(name: &str) -> GrantTarget {
    GrantTarget::Repository(RepositoryName::parse(name).unwrap())
}

fn fill_accounts(txn: &mut Txn<'_>) -> Result<(), Failure> {
    for (byte, name, kind) in [
        (ALICE, "alice", AccountKind::User),
        (BOB, "bob", AccountKind::User),
        (ACME, "acme", AccountKind::Organization),
        (LAB, "lab", AccountKind::Organization),
    ] {
        txn.put_account(Account { id: mark(byte), name: Name::parse(name).unwrap(), kind, ..account(1) })?;
    }
    for (organization, user, is_admin) in
        [(ACME, ALICE, true), (ACME, BOB, false), (LAB, ALICE, false), (LAB, BOB, true)]
    {
        let (organization, user) = (mark(organization), mark(user));
        txn.put_member(Membership { organization, user, is_admin })?;
    }
    for (byte, organization, name) in [(DEV, ACME, "dev"), (OPS, ACME, "ops"), (LAB_DEV, LAB, "dev")] {
        txn.put_team(Team { id: mark(byte), organization: mark(organization), ..team(1, 1, name) })?;
    }
    for (team, user) in [(DEV, ALICE), (DEV, BOB), (OPS, BOB), (LAB_DEV, ALICE), (LAB_DEV, BOB)] {
        txn.put_team_member(TeamMembership { team: mark(team), user: mark(user) })?;
    }
    Ok(())
}

/// Two organizations with the same people, teams, and grants of every sort.
fn filled() -> Home {
    let home = Home::started();
    let store = home.open();
    let filled = write(&store, |txn| {
        fill_accounts(txn)?;
        for (byte, name) in [(APP, "acme/app"), (LINT, "acme/tools/lint"), (LAB_APP, "lab/app"), (OWN, "alice/app")] {
            let repository = Repository { id: mark(byte), ..repository(name, 1) };
            txn.put_repository(repository.clone())?;
            for stored in samples::tags() {
                txn.put_tag(&repository.name, stored.tag)?;
            }
            txn.put_activity(&repository.name, samples::activities().remove(0).activity)?;
            txn.put_days(repository.id, samples::days().remove(0).days)?;
        }
        for (target, grantee) in [
            (on_repository("acme/app"), Grantee::Team(mark(DEV))),
            (on_repository("acme/tools/lint"), Grantee::Team(mark(DEV))),
            (on_namespace("acme"), Grantee::Team(mark(DEV))),
            (on_repository("acme/app"), Grantee::Team(mark(OPS))),
            (on_repository("lab/app"), Grantee::Team(mark(LAB_DEV))),
            (on_namespace("lab"), Grantee::Team(mark(LAB_DEV))),
            (on_repository("acme/app"), Grantee::User(mark(BOB))),
            (on_namespace("acme"), Grantee::User(mark(BOB))),
            (on_repository("alice/app"), Grantee::User(mark(BOB))),
        ] {
            txn.put_grant(&target, grantee, GrantLevel::ReadWrite)?;
        }
        txn.put_token(token(1, 1).with(|it| (it.id, it.owner) = (mark(TOKEN), mark(BOB))))?;
        txn.put_usage(mark(TOKEN), &usage(0))?;
        let address = [192, 0, 2, 7].into();
        Ok(txn.put_known_address(&KnownAddress { account: mark(BOB), address, at: now() })?)
    });
    filled.unwrap();
    home
}

/// Removes something, and fails unless exactly the expected rows went, on the disk and in memory.
fn goes(remove: fn(&mut Txn<'_>) -> Result<(), TooLarge>, is_meant: impl Fn(&Row) -> bool) -> BTreeSet<Row> {
    let home = filled();
    let before = rows(&home);
    let store = home.open();
    write(&store, move |txn| Ok(remove(txn)?)).unwrap();
    let visible = store.state().purged();
    purged(&store);
    let published = store.state();
    assert!(visible == *published, "nothing of the purge is seen");
    drop(store);
    let after = rows(&home);
    let gone: BTreeSet<Row> = before.difference(&after).cloned().collect();
    assert_eq!(gone, before.into_iter().filter(is_meant).collect());
    // A state loaded from the rows equals the one in memory.
    assert!(*published == *home.open().state());
    gone
}

fn tables(rows: &BTreeSet<Row>) -> Vec<Table> {
    rows.iter().map(|(table, ..)| *table).collect()
}

#[test]
fn an_organization_goes_with_members_teams_and_what_teams_were_granted() {
    let gone = goes(|txn| txn.remove_account(mark(ACME)), |row| names_any(row, &[ACME, DEV, OPS]));
    let expected = [
        [Table::Accounts; 1].as_slice(),
        &[Table::Members; 2],
        &[Table::Teams; 2],
        &[Table::TeamMembers; 3],
        &[Table::Grants; 1],
        &[Table::RepositoryGrants; 3],
    ];
    assert_eq!(tables(&gone), expected.concat());
}

#[test]
fn a_user_goes_with_memberships_grants_and_access_tokens() {
    let gone = goes(|txn| txn.remove_account(mark(BOB)), |row| names_any(row, &[BOB, TOKEN]));
    let expected = [
        [Table::Accounts; 1].as_slice(),
        &[Table::Members; 2],
        &[Table::TeamMembers; 3],
        &[Table::Tokens],
        &[Table::Grants; 1],
        &[Table::RepositoryGrants; 2],
        &[Table::Usage],
        &[Table::KnownAddresses],
    ];
    assert_eq!(tables(&gone), expected.concat());
}

#[test]
fn a_member_goes_from_the_teams_of_that_organization_only() {
    let gone = goes(
        |txn| {
            txn.remove_member(mark(ACME), mark(BOB));
            Ok(())
        },
        |row| match row.0 {
            Table::Members => names(row, ACME) && names(row, BOB),
            Table::TeamMembers => names(row, BOB) && names_any(row, &[DEV, OPS]),
            _ => false,
        },
    );
    assert_eq!(tables(&gone), [Table::Members, Table::TeamMembers, Table::TeamMembers]);
}

#[test]
fn a_team_goes_with_its_members_and_grants() {
    let gone = goes(|txn| txn.remove_team(mark(DEV)), |row| names(row, DEV));
    let expected =
        [[Table::Teams].as_slice(), &[Table::TeamMembers; 2], &[Table::Grants; 1], &[Table::RepositoryGrants; 2]];
    assert_eq!(tables(&gone), expected.concat());
}

#[test]
fn a_member_of_a_team_goes_alone() {
    let gone = goes(
        |txn| {
            txn.remove_team_member(TeamMembership { team: mark(DEV), user: mark(BOB) });
            Ok(())
        },
        |row| row.0 == Table::TeamMembers && names(row, DEV) && names(row, BOB),
    );
    assert_eq!(tables(&gone), [Table::TeamMembers]);
}

#[test]
fn a_repository_goes_with_the_grants_on_it_and_what_is_known_of_its_content() {
    let home = filled();
    let name = RepositoryName::parse("acme/app").unwrap();
    let store = home.open();
    let removed = name.clone();
    write(&store, move |txn| Ok(txn.remove_repository(&removed, samples::deleted().remove(0).deletion)?)).unwrap();
    assert_eq!(store.state().grants_on(&GrantTarget::Repository(name)).count(), 0);
    purged(&store);
    drop(store);
    let left = rows(&home);
    let named = |row: &&Row| names(row, APP) || row.2.windows(8).any(|window| window == b"acme/app");
    let tables: Vec<Table> = left.iter().filter(named).map(|row| row.0).collect();
    assert_eq!(tables, [Table::Deleted], "only that it was deleted is left");
    let of_others = left.iter().filter(|row| row.0 == Table::RepositoryGrants);
    assert_eq!(of_others.count(), 3);
}

#[test]
fn removing_what_is_not_there_removes_nothing() {
    let nobody = |txn: &mut Txn<'_>| {
        txn.remove_account(mark(1))?;
        txn.remove_team(mark(2))?;
        txn.remove_member(mark(ACME), mark(3));
        txn.remove_member(mark(4), mark(BOB));
        txn.remove_team_member(TeamMembership { team: mark(OPS), user: mark(ALICE) });
        Ok(())
    };
    assert_eq!(goes(nobody, |_| false), BTreeSet::new());
}

#[test]
fn a_team_has_its_name_to_itself_within_its_organization() {
    let home = filled();
    let store = home.open();
    let put = |number: u8, organization: u8, name: &str| {
        let team = Team { id: mark(number), organization: mark(organization), ..team(1, 1, name) };
        write(&store, move |txn| Ok(txn.put_team(team)?)).unwrap()
    };
    assert!(!put(7, ACME, "dev"));
    assert!(put(7, LAB, "ops"));
    assert!(put(DEV, ACME, "dev"), "the same team again");
    assert!(store.state().team(mark(7)).is_some_and(|team| team.organization == mark(LAB)));
    let published = store.state();
    drop(store);
    assert!(*published == *home.open().state());
}
