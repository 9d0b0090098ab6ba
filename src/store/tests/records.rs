//! The bytes of every record version, and what is made of bytes that are no record.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::backup::BackupHeader;
use super::super::codec::{self, DecodeError, FrozenVersion};
use super::super::directory::FORMAT;
use super::super::error::hex;
use super::super::field::Field;
use super::super::journal::{Entry, Head};
use super::super::record::{
    ActivityV1, Anchor, Deleted, Folded, Gone, GrantV1, KnownAddress, LastEnding, Meta, MigrationV1, NamespaceGrant,
    Removed, RepositoryGrant, StoredActivity, StoredDays, StoredTag, TagV1,
};
use super::super::row::{self, Record};
use super::super::seal::Seal;
use super::super::table::Table;
use super::samples;
use super::support::id;
use crate::domain::account::Account;
use crate::domain::audit::LoggedRecord;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::{Choices, Lifetime};
use crate::domain::token::AccessToken;
use crate::domain::token_uses::TokenUses;
use crate::domain::usage::Usage;

/// Fails unless the bytes are those of the samples.
type Check = fn(&[Vec<u8>]);

/// The golden files: one for each version of each kind that was ever written, one record a line.
const GOLDEN: [(&str, Check); 45] = [
    ("meta-v1", |bytes| stands_for(bytes, &samples::metas())),
    ("account-v1", |bytes| reads_as(bytes, &samples::early_accounts())),
    ("account-v2", |bytes| stands_for(bytes, &samples::accounts())),
    ("repository-v1", |bytes| reads_as(bytes, &samples::early_repositories())),
    ("repository-v2", |bytes| reads_as(bytes, &samples::repositories_of_version_2())),
    ("repository-v3", |bytes| stands_for(bytes, &samples::repositories())),
    ("token-v1", |bytes| reads_as(bytes, &samples::early_tokens())),
    ("token-v2", |bytes| reads_as(bytes, &samples::earlier_tokens())),
    ("token-v3", |bytes| reads_as(bytes, &samples::tokens_of_version_3())),
    ("token-v4", |bytes| reads_as(bytes, &samples::tokens_of_version_4())),
    ("token-v5", |bytes| reads_as(bytes, &samples::tokens_of_version_5())),
    ("token-v6", |bytes| stands_for(bytes, &samples::tokens())),
    ("usage-v1", |bytes| reads_as(bytes, &samples::early_usages())),
    ("usage-v2", |bytes| stands_for(bytes, &samples::usages())),
    ("grant-v1", |bytes| {
        // The last is on a repository, as up to format 2: only the migration reads it.
        reads_as(&bytes[..2], &samples::namespace_grants());
        let GrantV1 { target, grantee, level } = codec::decode(&bytes[2]).unwrap();
        assert_eq!((target, grantee, level), ((2, "team/lint".to_owned()), (1, id(3).store()), 3));
    }),
    ("known-address-v1", |bytes| stands_for(bytes, &samples::known_addresses())),
    ("audit-v1", |bytes| reads_as(bytes, &samples::early_audit_records())),
    ("audit-v2", |bytes| stands_for(bytes, &samples::audit_records())),
    ("removed-v1", |bytes| stands_for(bytes, &samples::removed())),
    ("anchor-v1", |bytes| stands_for(bytes, &samples::anchors())),
    ("member-v1", |bytes| stands_for(bytes, &samples::members())),
    ("team-v1", |bytes| stands_for(bytes, &samples::teams())),
    ("team-member-v1", |bytes| stands_for(bytes, &samples::team_members())),
    ("settings-v1", |bytes| reads_as(bytes, &samples::early_settings())),
    ("settings-v2", |bytes| stands_for(bytes, &samples::settings())),
    ("seal-v1", |bytes| stands_for(bytes, &samples::seals())),
    // Up to format 2: the migration reads them.
    ("tag-v1", |bytes| {
        let read = bytes.iter().map(|bytes| codec::decode::<TagV1>(bytes).unwrap());
        let read: Vec<_> = read.map(|it| (it.repository, Field::load(it.tag.of_today()))).collect();
        let tags = samples::early_tags().into_iter().map(|it| ("team/tools/lint".to_owned(), Some(it.tag)));
        assert_eq!(read, tags.collect::<Vec<_>>());
    }),
    ("tag-v2", |bytes| reads_as(bytes, &samples::early_tags())),
    ("tag-v3", |bytes| reads_as(bytes, &samples::listless_tags())),
    ("tag-v4", |bytes| stands_for(bytes, &samples::tags())),
    ("activity-v1", |bytes| {
        let read = bytes.iter().map(|bytes| codec::decode::<ActivityV1>(bytes).unwrap());
        let read: Vec<_> = read.map(|it| (it.repository, Field::load(it.activity))).collect();
        let activities = samples::activities().into_iter().map(|it| ("busybox".to_owned(), Some(it.activity)));
        assert_eq!(read, activities.collect::<Vec<_>>());
    }),
    ("activity-v2", |bytes| {
        let unused = samples::activities().into_iter().map(|it| StoredActivity { uses: TokenUses::default(), ..it });
        reads_as(bytes, &unused.collect::<Vec<_>>());
    }),
    ("activity-v3", |bytes| stands_for(bytes, &samples::activities())),
    ("days-v1", |bytes| stands_for(bytes, &samples::days())),
    ("deleted-v1", |bytes| {
        let nobodys = samples::deleted().into_iter().map(|deleted| Deleted { owner: None, ..deleted });
        reads_as(bytes, &nobodys.collect::<Vec<_>>());
    }),
    ("deleted-v2", |bytes| stands_for(bytes, &samples::deleted())),
    ("repository-grant-v1", |bytes| stands_for(bytes, &samples::repository_grants())),
    ("gone-v1", |bytes| stands_for(bytes, &samples::gone())),
    ("folded-v1", |bytes| stands_for(bytes, &samples::folded())),
    ("last-ending-v1", |bytes| stands_for(bytes, &samples::last_endings())),
    ("journal-entry-v1", |bytes| stands_for(bytes, &samples::journal_entries())),
    ("journal-head-v1", |bytes| stands_for(bytes, &samples::journal_heads())),
    // Of a backup, whose version says what is in it, and not of the data directory.
    ("backup-header-v1", |bytes| {
        let lifeless = samples::backup_headers().into_iter().map(|header| BackupHeader { life: None, ..header });
        reads_as(bytes, &lifeless.collect::<Vec<_>>());
    }),
    ("backup-header-v2", |bytes| stands_for(bytes, &samples::backup_headers())),
    ("migration-v1", |bytes| {
        let reached = MigrationV1 { table: "tags".to_owned(), key: vec![1, 0, 255] };
        assert_eq!(hex(&bytes[0]), hex(&codec::encode(&reached).unwrap()));
        let MigrationV1 { table, key } = codec::decode(&bytes[0]).unwrap();
        assert_eq!((table, key), (reached.table, reached.key));
    }),
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/records")
}

fn golden(name: &str) -> Vec<Vec<u8>> {
    let path = directory().join(format!("{name}.hex"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(from_hex).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn stands_for<R: Record + PartialEq + Debug>(bytes: &[Vec<u8>], values: &[R]) {
    let written: Vec<String> = values.iter().map(|value| hex(&row::encode(value).unwrap())).collect();
    assert_eq!(bytes.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>(), written, "{}", written.join("\n"));
    reads_as(bytes, values);
}

/// The bytes of an earlier version, which is not written any more.
fn reads_as<R: Record + PartialEq + Debug>(bytes: &[Vec<u8>], values: &[R]) {
    assert_eq!(bytes.len(), values.len());
    for (bytes, value) in bytes.iter().zip(values) {
        assert_eq!(&row::decode::<R>(bytes).unwrap(), value);
    }
}

#[test]
fn every_version_ever_written_is_read_and_written_the_same() {
    for (name, check) in GOLDEN {
        check(&golden(name));
    }
}

#[test]
fn no_golden_file_is_missing_or_left_over() {
    let found: BTreeSet<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".hex").to_owned())
        .collect();
    assert_eq!(found, GOLDEN.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn each_kind_has_its_number() {
    let kinds: Vec<u8> = GOLDEN.iter().flat_map(|(name, _)| golden(name)).map(|bytes| bytes[1]).collect();
    let distinct: BTreeSet<u8> = kinds.iter().copied().collect();
    assert_eq!(distinct, (1..=27).collect());
}

#[test]
fn the_format_of_the_directory_goes_with_its_tables_and_records() {
    // An earlier dockpass takes what it does not know for damage, unless the format says that it is new.
    assert_eq!((FORMAT, Table::ALL.len(), GOLDEN.len()), (10, 18, 45), "with a new table or version, raise the format");
}

/// What each kind makes of bytes.
fn decode_all(bytes: &[u8]) -> [Option<DecodeError>; 27] {
    [
        row::decode::<Meta>(bytes).err(),
        row::decode::<Account>(bytes).err(),
        row::decode::<Repository>(bytes).err(),
        row::decode::<AccessToken>(bytes).err(),
        row::decode::<Usage>(bytes).err(),
        row::decode::<NamespaceGrant>(bytes).err().and(codec::decode::<GrantV1>(bytes).err()),
        row::decode::<KnownAddress>(bytes).err(),
        row::decode::<LoggedRecord>(bytes).err(),
        row::decode::<Membership>(bytes).err(),
        row::decode::<Team>(bytes).err(),
        row::decode::<TeamMembership>(bytes).err(),
        row::decode::<Choices>(bytes).err(),
        row::decode::<Seal>(bytes).err(),
        row::decode::<StoredTag>(bytes).err().and(codec::decode::<TagV1>(bytes).err()),
        row::decode::<StoredActivity>(bytes).err().and(codec::decode::<ActivityV1>(bytes).err()),
        row::decode::<Deleted>(bytes).err(),
        row::decode::<RepositoryGrant>(bytes).err(),
        row::decode::<Gone>(bytes).err(),
        codec::decode::<MigrationV1>(bytes).err(),
        row::decode::<Removed>(bytes).err(),
        row::decode::<Folded>(bytes).err(),
        row::decode::<Entry>(bytes).err(),
        row::decode::<Head>(bytes).err(),
        row::decode::<StoredDays>(bytes).err(),
        row::decode::<BackupHeader>(bytes).err(),
        row::decode::<LastEnding>(bytes).err(),
        row::decode::<Anchor>(bytes).err(),
    ]
}

#[test]
fn a_record_is_read_as_its_own_kind_only() {
    for (name, _) in GOLDEN {
        for bytes in golden(name) {
            for (outcome, kind) in decode_all(&bytes).into_iter().zip(1..) {
                assert_eq!(outcome.is_none(), kind == bytes[1], "{name} as kind {kind}");
            }
        }
    }
}

#[test]
fn cut_lengthened_and_foreign_bytes_are_no_record() {
    for bytes in GOLDEN.iter().flat_map(|(name, _)| golden(name)) {
        let is_refused = |bytes: &[u8]| decode_all(bytes).iter().all(Option::is_some);
        assert!((0..bytes.len()).all(|length| is_refused(&bytes[..length])));
        assert!(is_refused(&[bytes.as_slice(), &[0]].concat()));
        assert!(is_refused(&[&[0xD6], &bytes[1..]].concat()));
    }
}

#[test]
fn a_later_version_is_named_and_an_unknown_earlier_one_is_damage() {
    for bytes in GOLDEN.iter().flat_map(|(name, _)| golden(name)) {
        let with_version = |version: u16| [&bytes[..2], &version.to_le_bytes(), &bytes[4..]].concat();
        assert!(decode_all(&with_version(99)).contains(&Some(DecodeError::Newer(99))));
        assert!(decode_all(&with_version(0)).iter().all(|outcome| *outcome == Some(DecodeError::Damaged)));
    }
}

#[test]
fn numbers_that_stand_for_nothing_are_damage() {
    let account = row::encode(&samples::accounts()[0]).unwrap();
    let kind_at = 4 + 16 + 8 + "user-1".len();
    assert_eq!(account[kind_at], 1);
    assert_eq!(row::decode::<Account>(&replaced(&account, kind_at, 3)), Err(DecodeError::Damaged));
    assert_eq!(row::decode::<Account>(&replaced(&account, kind_at - 1, b'!')), Err(DecodeError::Damaged));
    let grant = row::encode(&samples::namespace_grants()[0]).unwrap();
    for (at, value) in [(4, 3), (grant.len() - 1, 0), (grant.len() - 1, 5), (grant.len() - 18, 3)] {
        assert_eq!(
            row::decode::<NamespaceGrant>(&replaced(&grant, at, value)),
            Err(DecodeError::Damaged),
            "{at} {value}"
        );
    }
}

#[test]
fn a_lifetime_below_zero_is_damage() {
    let seconds = Choices { token_max_lifetime: Some(Lifetime::Seconds(-1)), ..Choices::default() };
    assert_eq!(row::decode::<Choices>(&row::encode(&seconds).unwrap()), Err(DecodeError::Damaged));
}

fn replaced(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

#[test]
fn a_length_beyond_the_record_is_damage_and_takes_no_memory() {
    let mut account = row::encode(&samples::accounts()[0]).unwrap();
    account[20..28].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(row::decode::<Account>(&account), Err(DecodeError::Damaged));
    account[20..28].copy_from_slice(&(1_u64 << 30).to_le_bytes());
    assert_eq!(row::decode::<Account>(&account), Err(DecodeError::Damaged));
}

#[test]
fn a_record_has_its_largest_size() {
    let described = |length: usize| {
        let long_description = "x".repeat(length);
        row::encode(&Repository { long_description, ..samples::repositories()[0].clone() })
    };
    let largest = described(95 * 1024).unwrap();
    assert!(row::decode::<Repository>(&largest).is_ok());
    assert_eq!(described(97 * 1024), Err(DecodeError::Damaged));
}

fn round_trips<R: Record + PartialEq + Debug>(value: &R) -> Result<(), TestCaseError> {
    let bytes = row::encode(value).unwrap();
    prop_assert_eq!(&row::decode::<R>(&bytes).unwrap(), value);
    prop_assert_eq!(bytes.get(1), Some(&R::Stored::KIND));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accounts_round_trip(value in samples::any_account()) {
        round_trips(&value)?;
    }

    #[test]
    fn repositories_round_trip(value in samples::any_repository()) {
        round_trips(&value)?;
    }

    #[test]
    fn access_tokens_round_trip(value in samples::any_token()) {
        round_trips(&value)?;
    }

    #[test]
    fn last_uses_and_known_addresses_round_trip(used in samples::any_usage(), known in samples::any_known_address()) {
        round_trips(&used)?;
        round_trips(&known)?;
    }

    #[test]
    fn grants_round_trip(on_one in samples::any_repository_grant(), on_all in samples::any_namespace_grant()) {
        round_trips(&on_one)?;
        round_trips(&on_all)?;
    }

    #[test]
    fn organizations_round_trip(
        member in samples::any_member(),
        team in samples::any_team(),
        team_member in samples::any_team_member(),
    ) {
        round_trips(&member)?;
        round_trips(&team)?;
        round_trips(&team_member)?;
    }

    #[test]
    fn content_round_trips(
        tag in samples::any_tag(),
        activity in samples::any_activity(),
        days in samples::any_days(),
    ) {
        round_trips(&tag)?;
        round_trips(&days)?;
        round_trips(&activity)?;
    }

    #[test]
    fn settings_round_trip(value in samples::any_settings()) {
        round_trips(&value)?;
    }

    #[test]
    fn audit_records_round_trip(value in samples::any_audit_record()) {
        round_trips(&value)?;
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        decode_all(&bytes);
    }

    #[test]
    fn no_bytes_behind_a_right_header_make_a_decoder_panic(
        kind in 1..=24_u8,
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..400),
    ) {
        decode_all(&[&[0xD7, kind, 1, 0], bytes.as_slice()].concat());
    }

    #[test]
    fn a_changed_byte_is_never_a_panic(place in 0_usize..GOLDEN.len(), at: prop::sample::Index, value: u8) {
        for bytes in golden(GOLDEN[place].0) {
            decode_all(&replaced(&bytes, at.index(bytes.len()), value));
        }
    }
}
