//! Values of every stored kind: fixed ones for the golden bytes, random ones for the properties.

use std::net::IpAddr;

use proptest::option;
use proptest::prelude::*;

use super::super::audit_key::AuditKey;
use super::super::backup::BackupHeader;
use super::super::change::RowChange;
use super::super::journal::{Entry, Head};
use super::super::record::{
    Anchor, Deleted, Folded, Gone, LastEnding, NamespaceGrant, OpenRemoval, Part, Removed, RepositoryGrant,
    StoredActivity, StoredDays, StoredTag,
};
use super::super::seal::{Seal, StoreDigest};
use super::super::{KnownAddress, Meta, Share, Table};
use super::support::{account, entry, hash, id, now, repository, team, token, usage};
use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::account::{Account, AccountKind};
use crate::domain::audit::{
    AuditHead, AuditRecord, AuditedAccount, AuditedRepository, AuditedToken, LoggedRecord, Occurrence, credential,
};
use crate::domain::content::{
    Activity, Deletion, Digest as ContentDigest, Image, Platform, PlatformImage, Pusher, Remains, Tag, TagName,
};
use crate::domain::days::{Day, DayCount, Days};
use crate::domain::grant::Grantee;
use crate::domain::host::PublicHost;
use crate::domain::id::Id;
use crate::domain::immutable_tags::{ImmutableTags, TagPattern};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::secret::TokenHash;
use crate::domain::settings::{Choices, Lifetime};
use crate::domain::time::Timestamp;
use crate::domain::token::{
    AccessToken, GeneratedBy, Limits, MOST_ENDED, Maker, Pattern, PreviousSecret, Revocation, RotationRetry,
    TokenFields,
};
use crate::domain::token_uses::TokenUses;
use crate::domain::usage::{SecretUse, Usage};
use crate::domain::user_name::UserName;

pub(super) fn metas() -> Vec<Meta> {
    vec![Meta { instance: id(1), created_at: now() }]
}

pub(super) fn backup_headers() -> Vec<BackupHeader> {
    vec![BackupHeader {
        created_at: now(),
        program: "0.1.0".to_owned(),
        format: 9,
        instance: Some(id(1)),
        life: Some(id(8)),
        batch: 9,
        audit: AuditHead { seq: 2, hash: [7; 32] },
        users: 3,
        organizations: 1,
        repositories: 4,
        tokens: 5,
        tables: vec!["meta".to_owned(), "audit".to_owned()],
    }]
}

pub(super) fn folded() -> Vec<Folded> {
    vec![Folded { sequence: 7 }]
}

pub(super) fn last_endings() -> Vec<LastEnding> {
    vec![LastEnding { batch: 7, lines: 3 }]
}

/// With nothing open, and with two removals of which a part is left.
pub(super) fn anchors() -> Vec<Anchor> {
    let open = |by: u64| OpenRemoval { by, first: 3, last: 39, count: 7, digest: [5; 32] };
    let anchor = |open| Anchor::new(&AuditKey::new([7; 32]), AuditHead { seq: 40, hash: [6; 32] }, now(), open);
    vec![anchor(Vec::new()), anchor(vec![open(50), open(61)])]
}

pub(super) fn journal_heads() -> Vec<Head> {
    vec![Head { turn: 3, first: 7, next: 9 }]
}

/// One of each share, with a row that is written and one that is removed.
pub(super) fn journal_entries() -> Vec<Entry> {
    let by = |by_token| Share::Account { account: id(2), by_token };
    let shares = [Share::Local, Share::Administrator, by(false), by(true)];
    let entry = |(place, share): (usize, Share)| {
        let written = RowChange { table: Table::Tokens, key: vec![1, 0, 255], value: Some(b"row".to_vec()) };
        let removed = RowChange { table: Table::Usage, key: vec![2], value: None };
        Entry { sequence: 7 + place as u64, share, audit_before: 40, changes: vec![written, removed] }
    };
    shares.into_iter().enumerate().map(entry).collect()
}

pub(super) fn accounts() -> Vec<Account> {
    let admin = Account { is_admin: true, password_set_by_admin: true, generation: 3, ..account(1) };
    let service = Account { password: None, is_active: false, full_name: "Bäckerei".to_owned(), ..account(2) };
    let organization = Account { kind: AccountKind::Organization, password: None, ..account(3) };
    vec![admin, service, organization]
}

/// What the records of the first version say: there was one password.
pub(super) fn early_accounts() -> Vec<Account> {
    accounts().into_iter().map(|account| Account { generation: 0, ..account }).collect()
}

/// What the records of the first version say: there was one secret, and another before it where that lives on.
pub(super) fn early_tokens() -> Vec<AccessToken> {
    let generation = |token: &AccessToken| u64::from(token.previous.is_some());
    earlier_tokens().into_iter().map(|token| token.with(|it| it.generation = generation(&token))).collect()
}

/// What the records of the second version say: nothing of who made them, and one line of makers.
pub(super) fn earlier_tokens() -> Vec<AccessToken> {
    let as_before = |token: AccessToken| {
        let previous_parent = token.parent;
        token.with(|it| (it.previous_parent, it.retry, it.maker) = (previous_parent, None, Maker::Unknown))
    };
    tokens_of_version_3().into_iter().map(as_before).collect()
}

/// What the records of the third version say: no overlap ends by a use, and the end is the one that was made.
pub(super) fn tokens_of_version_3() -> Vec<AccessToken> {
    let life =
        |token: &AccessToken| token.expires_at.map(|end| (end.seconds() - token.created_at.seconds()).unsigned_abs());
    let as_before = |token: AccessToken| token.with(|it| (it.lifetime, it.overlap_until_used) = (life(&token), false));
    tokens_of_version_4().into_iter().map(as_before).collect()
}

/// What the records of the fourth version say: ended secrets were forgotten, and nobody revoked one.
pub(super) fn tokens_of_version_4() -> Vec<AccessToken> {
    tokens_of_version_5()
        .into_iter()
        .map(|token| token.with(|it| (it.ended, it.revoked) = (Vec::new(), None)))
        .collect()
}

/// What the records of the fifth version say: there were no robots and no cap `push`, and nothing of who asked for a secret.
pub(super) fn tokens_of_version_5() -> Vec<AccessToken> {
    tokens().into_iter().take(3).map(|token| token.with(|it| (it.secret_by, it.previous_by) = (None, None))).collect()
}

pub(super) fn repositories() -> Vec<Repository> {
    let described = Repository {
        is_public: true,
        short_description: "short".to_owned(),
        long_description: "# long\n".to_owned(),
        owner: Some(id(1)),
        immutable_tags: immutable_tags(false, &["v*", "1.0"]),
        ..repository("team/tools/lint", 4)
    };
    let sealed = Repository { immutable_tags: immutable_tags(true, &[]), ..repository("acme/sealed", 11) };
    vec![described, repository("busybox", 5), sealed]
}

fn immutable_tags(is_all: bool, patterns: &[&str]) -> ImmutableTags {
    ImmutableTags::new(is_all, patterns.iter().map(|text| TagPattern::parse(text).unwrap()).collect()).unwrap()
}

/// What the records of the second version say: every tag could be overwritten. There were two of them.
pub(super) fn repositories_of_version_2() -> Vec<Repository> {
    let as_before = |it: Repository| Repository { immutable_tags: ImmutableTags::default(), ..it };
    repositories().into_iter().take(2).map(as_before).collect()
}

/// What the records of the first version say: nothing was ever transferred.
pub(super) fn early_repositories() -> Vec<Repository> {
    repositories_of_version_2().into_iter().map(|repository| Repository { owner: None, ..repository }).collect()
}

pub(super) fn tokens() -> Vec<AccessToken> {
    let patterns = ["alice/app", "alice/*", "_/busybox"].map(|text| Pattern::parse(text).unwrap());
    let capped = AccessToken::from(TokenFields {
        previous: Some(PreviousSecret { hash: hash(7), until: now().plus_seconds(60) }),
        is_active: false,
        limits: Limits { cap: AccessLevel::ReadOnly, patterns: patterns.into() },
        expires_at: Some(now().plus_seconds(3_600)),
        generated_by: GeneratedBy::Auto,
        parent: Some(id(8)),
        temporary_password: true,
        generation: 2,
        previous_parent: Some(id(9)),
        retry: Some(RotationRetry { key: [5; 32], until: now().plus_seconds(600) }),
        maker: Maker::Other,
        overlap_until_used: true,
        lifetime: Some(86_400),
        ended: vec![hash(61), hash(60)],
        revoked: Some(Revocation { at: now(), address: Some("192.0.2.7".parse().unwrap()) }),
        secret_by: Some(id(2)),
        previous_by: Some(id(3)),
        ..token(6, 1).fields()
    });
    let middle = AccessToken::from(TokenFields {
        limits: Limits { cap: AccessLevel::ReadWrite, ..Limits::none() },
        maker: Maker::Unknown,
        ..token(9, 1).fields()
    });
    let robot = AccessToken::from(TokenFields {
        limits: Limits { cap: AccessLevel::Push, patterns: [Pattern::parse("acme/*").unwrap()].into() },
        robot: Some(Name::parse("ci").unwrap()),
        secret_by: Some(id(1)),
        ..token(10, 3).fields()
    });
    vec![capped, middle, token(8, 1), robot]
}

pub(super) fn usages() -> Vec<Usage> {
    let never = Usage { at: Timestamp::NEVER, address: "2001:db8::7".parse().unwrap(), secret: None, other: None };
    let other = SecretUse { secret: hash(8), at: now(), address: never.address };
    vec![usage(0), never, Usage { other: Some(other), ..usage(60) }]
}

/// What the records of the first version say: nothing of secrets. There were two of them.
pub(super) fn early_usages() -> Vec<Usage> {
    usages().into_iter().take(2).map(|usage| Usage { secret: None, other: None, ..usage }).collect()
}

pub(super) fn namespace_grants() -> Vec<NamespaceGrant> {
    let team = Namespace::Of(Name::parse("team").unwrap());
    vec![
        NamespaceGrant { target: team, grantee: Grantee::User(id(1)), level: GrantLevel::ReadOnly },
        NamespaceGrant { target: Namespace::Empty, grantee: Grantee::Team(id(2)), level: GrantLevel::ReadWrite },
    ]
}

pub(super) fn repository_grants() -> Vec<RepositoryGrant> {
    vec![
        RepositoryGrant { repository: id(4), grantee: Grantee::User(id(3)), level: GrantLevel::Admin },
        RepositoryGrant { repository: id(5), grantee: Grantee::Team(id(2)), level: GrantLevel::ReadOnly },
    ]
}

pub(super) fn gone() -> Vec<Gone> {
    let deletion = Deletion { at: now(), content: Remains::Goes { registry: "http://127.0.0.1:5000".into() } };
    let repositories = Gone {
        number: 7,
        ids: vec![(Part::Repository, id(4)), (Part::Repository, id(5))],
        deletion: Some(deletion),
        owner: Some(id(1)),
        record: Some("{}".to_owned()),
    };
    let ids = vec![(Part::Token, id(6)), (Part::Team, id(10)), (Part::Account, id(3))];
    vec![repositories, Gone { number: 8, ids, deletion: None, owner: None, record: None }]
}

pub(super) fn known_addresses() -> Vec<KnownAddress> {
    vec![KnownAddress { account: id(1), address: [192, 0, 2, 7].into(), at: now() }]
}

fn audit_record() -> AuditRecord {
    AuditRecord::of(&entry("alice"), 1, Occurrence::once(now()))
}

/// What the records of the first version say: they had no fields for what they are about.
pub(super) fn early_audit_records() -> Vec<LoggedRecord> {
    let named = AuditRecord { credential: credential("accessToken", Some(id(6))), ..audit_record() };
    let anonymous =
        AuditRecord { seq: 2, actor_id: None, credential: "accessToken".to_owned(), count: 40, ..named.clone() };
    [named, anonymous].map(logged).into()
}

pub(super) fn audit_records() -> Vec<LoggedRecord> {
    let account = AuditedAccount { name: "alice".to_owned(), id: Some(id(1)) };
    let repository = AuditedRepository { name: "alice/app".to_owned(), id: Some(id(2)) };
    let access_token = AuditedToken { id: id(6), label: "Bäckerei \"ci\"".to_owned(), owner: "alice".to_owned() };
    let full = AuditRecord {
        seq: 3,
        credential: credential("accessToken", Some(id(6))),
        count: 40,
        first_time: Some(Timestamp::from_millis(now().millis() - 1_500)),
        credential_label: Some("ci".to_owned()),
        account: Some(account),
        repository: Some(repository),
        access_token: Some(access_token),
        reason: Some("for administrators".to_owned()),
        ..audit_record()
    };
    let nobody = AuditRecord { seq: 4, actor_id: None, address: String::new(), ..audit_record() };
    [full, nobody].map(logged).into()
}

pub(super) fn removed() -> Vec<Removed> {
    vec![Removed { hash: [7; 32], by: 1_000_000 }]
}

fn logged(record: AuditRecord) -> LoggedRecord {
    LoggedRecord { line: record.line().unwrap(), record, hash: [7; 32] }
}

pub(super) fn members() -> Vec<Membership> {
    let admin = Membership { organization: id(3), user: id(1), is_admin: true };
    vec![admin, Membership { user: id(2), is_admin: false, ..admin }]
}

pub(super) fn teams() -> Vec<Team> {
    let described = Team { description: "Who builds it – für alle".to_owned(), ..team(10, 3, "dev") };
    vec![described, team(11, 3, "ops.night-shift")]
}

pub(super) fn team_members() -> Vec<TeamMembership> {
    vec![TeamMembership { team: id(10), user: id(1) }]
}

pub(super) fn settings() -> Vec<Choices> {
    let all = Choices {
        create_on_push: Some(false),
        max_per_namespace: Some(500),
        max_tokens_per_account: Some(20),
        token_default_lifetime: Some(Lifetime::Seconds(86_400)),
        token_max_lifetime: Some(Lifetime::Never),
        audit_registry_tokens: Some(true),
        public_host: Some(PublicHost::parse("registry.example.com:5000").unwrap()),
    };
    let open = Choices { public_host: Some(PublicHost::default()), ..Choices::default() };
    vec![all, Choices::default(), open]
}

/// As they were before they had a host of the registry.
pub(super) fn early_settings() -> Vec<Choices> {
    settings().into_iter().take(2).map(|it| Choices { public_host: None, ..it }).collect()
}

pub(super) fn seals() -> Vec<Seal> {
    vec![Seal { number: 9, digest: StoreDigest([3; 32]), audit: AuditHead { seq: 2, hash: [7; 32] } }]
}

fn content_digest(byte: u8) -> ContentDigest {
    ContentDigest::parse(&format!("sha256:{}", format!("{byte:02x}").repeat(32))).unwrap()
}

pub(super) fn tags() -> Vec<StoredTag> {
    let bare = Tag {
        name: TagName::parse("latest").unwrap(),
        digest: content_digest(1),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        created_at: now(),
        updated_at: now().plus_seconds(60),
        image: None,
        pushed_by: None,
    };
    let arm = Platform {
        architecture: "arm64".to_owned(),
        variant: "v8".to_owned(),
        os: "linux".to_owned(),
        ..Platform::default()
    };
    let windows = Platform {
        os: "windows".to_owned(),
        os_version: "10.0.14393".to_owned(),
        architecture: "amd64".to_owned(),
        variant: String::new(),
    };
    let image = Image {
        size: 5_000_000_000,
        config: Some((content_digest(2), "application/vnd.oci.image.config.v1+json".to_owned())),
        platforms: vec![arm.clone().into(), windows.clone().into()],
        author: "Bäckerei".to_owned(),
        created_at: Some(now()),
    };
    let own = |platform, byte, size| PlatformImage { platform, digest: Some(content_digest(byte)), size };
    let listed = vec![own(arm, 3, Some(2_000_000_000)), own(windows, 4, None)];
    let list = Image { config: None, created_at: None, platforms: listed, ..image.clone() };
    let pushed_by = Some(Pusher { account: id(1), name: Name::parse("user-1").unwrap().into() });
    let read = Tag { name: TagName::parse("V1.0-rc_1").unwrap(), image: Some(image), pushed_by, ..bare.clone() };
    let of_list = Tag { name: TagName::parse("all").unwrap(), image: Some(list), ..bare.clone() };
    [bare, read, of_list].map(|tag| StoredTag { repository: id(4), tag }).into()
}

/// What the records of the first three versions say: nothing of the images of a list but where they run.
pub(super) fn listless_tags() -> Vec<StoredTag> {
    let bare = |image: PlatformImage| PlatformImage::from(image.platform);
    let of = |image: Image| Image { platforms: image.platforms.into_iter().map(bare).collect(), ..image };
    let as_before = |it: StoredTag| StoredTag { tag: Tag { image: it.tag.image.map(of), ..it.tag }, ..it };
    tags().into_iter().map(as_before).collect()
}

/// What the records of the first two versions say: nothing of who pushed, either.
pub(super) fn early_tags() -> Vec<StoredTag> {
    let as_before = |it: StoredTag| StoredTag { tag: Tag { pushed_by: None, ..it.tag }, ..it };
    listless_tags().into_iter().map(as_before).collect()
}

pub(super) fn days() -> Vec<StoredDays> {
    let day = |number, pulls, pushes| (Day::numbered(number), DayCount { pulls, pushes });
    let used = Days::of([day(20_786, 7, 2), day(20_787, u32::MAX, 0), day(20_790, 0, 1)]);
    [used, Days::default()].map(|days| StoredDays { repository: id(5), days }).into()
}

pub(super) fn activities() -> Vec<StoredActivity> {
    let used = Activity { pulls: 7, pushes: 2, last_push: Some(now()), missing_since: Some(now().plus_seconds(1)) };
    let uses = TokenUses::of([(id(6), now()), (id(7), now().plus_seconds(1))]);
    let both = [(used, uses), (Activity::default(), TokenUses::default())];
    both.map(|(activity, uses)| StoredActivity { repository: id(5), activity, uses }).into()
}

pub(super) fn deleted() -> Vec<Deleted> {
    let repository = RepositoryName::parse("team/tools/lint").unwrap();
    let fates = [Remains::Stays, Remains::Goes { registry: "http://127.0.0.1:5000".into() }, Remains::None];
    let deletion = |content| Deletion { at: now(), content };
    fates.map(|fate| Deleted { repository: repository.clone(), deletion: deletion(fate), owner: Some(id(1)) }).into()
}

pub(super) fn any_id() -> impl Strategy<Value = Id> {
    any::<[u8; 16]>().prop_map(Id::from_bytes)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

fn any_hash() -> impl Strategy<Value = TokenHash> {
    any::<[u8; 32]>().prop_map(TokenHash::from_bytes)
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn any_grant_level() -> impl Strategy<Value = GrantLevel> {
    prop::sample::select(vec![GrantLevel::ReadOnly, GrantLevel::ReadWrite, GrantLevel::Admin])
}

fn any_level() -> impl Strategy<Value = AccessLevel> {
    prop::sample::select(vec![AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::Admin])
}

fn any_name() -> impl Strategy<Value = Name> {
    "[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}".prop_map(|text| Name::parse(&text).unwrap())
}

fn any_repository_name() -> impl Strategy<Value = RepositoryName> {
    "[a-z0-9]{1,9}(/[a-z0-9]{1,9}){0,3}".prop_map(|text| RepositoryName::parse(&text).unwrap())
}

fn any_pattern() -> impl Strategy<Value = Pattern> {
    let exact = any_repository_name().prop_map(Pattern::Exact);
    let below = any_repository_name().prop_map(Pattern::Below);
    prop_oneof![exact, below]
}

pub(super) fn any_account() -> impl Strategy<Value = Account> {
    let flags = any::<(bool, bool, bool, bool)>();
    (any_id(), any_name(), ".{0,40}", flags, option::of(".{0,120}"), any_time(), any::<u64>()).prop_map(
        |(id, name, full_name, (is_active, is_admin, by_admin, is_user), password, created_at, generation)| {
            let kind = if is_user { AccountKind::User } else { AccountKind::Organization };
            Account {
                id,
                name,
                kind,
                full_name,
                is_active,
                is_admin,
                password,
                password_set_by_admin: by_admin,
                created_at,
                generation,
            }
        },
    )
}

fn any_immutable_tags() -> impl Strategy<Value = ImmutableTags> {
    let patterns = prop::collection::vec("[a-z0-9*][a-z0-9.*-]{0,9}", 0..4);
    let some = patterns.prop_map(|texts| immutable_tags(false, &texts.iter().map(String::as_str).collect::<Vec<_>>()));
    prop_oneof![some, Just(immutable_tags(true, &[]))]
}

pub(super) fn any_repository() -> impl Strategy<Value = Repository> {
    let who = (any_id(), option::of(any_id()), any_immutable_tags());
    (who, any_repository_name(), any::<bool>(), ".{0,140}", ".{0,400}", any_time()).prop_map(
        |((id, owner, immutable_tags), name, is_public, short_description, long_description, created_at)| Repository {
            id,
            name,
            is_public,
            short_description,
            long_description,
            created_at,
            owner,
            immutable_tags,
        },
    )
}

pub(super) fn any_token() -> impl Strategy<Value = AccessToken> {
    let secrets = (
        any_hash(),
        option::of((any_hash(), any_time())),
        any::<u64>(),
        option::of((any::<[u8; 32]>(), any_time())),
        any::<bool>(),
    );
    let makers = prop::sample::select(vec![Maker::Unknown, Maker::Owner, Maker::Other]);
    let ended = prop::collection::vec(any_hash(), 0..=MOST_ENDED);
    let made = (option::of(any_id()), option::of(any_id()), makers, option::of(any::<u64>()), ended);
    let revoked = option::of((any_time(), option::of(any_address())));
    let robot = (option::of(any_name()), option::of(any_id()), option::of(any_id()));
    let who = (any_id(), any_id(), secrets, made, revoked, robot);
    let limits = (any_level(), prop::collection::vec(any_pattern(), 0..5));
    (who, ".{1,128}", limits, option::of(any_time()), any_time(), ".{0,256}", any::<(bool, bool, bool)>()).prop_map(
        |(
            (
                id,
                owner,
                (hash, previous, generation, retry, overlap_until_used),
                (parent, previous_parent, maker, lifetime, ended),
                revoked,
                (robot, secret_by, previous_by),
            ),
            label,
            (cap, patterns),
            expires_at,
            created_at,
            ua,
            flags,
        )| {
            TokenFields {
                id,
                owner,
                hash,
                previous: previous.map(|(hash, until)| PreviousSecret { hash, until }),
                label,
                is_active: flags.0,
                limits: Limits { cap, patterns: patterns.into() },
                expires_at,
                created_at,
                generated_by: if flags.1 { GeneratedBy::Manual } else { GeneratedBy::Auto },
                creator_ua: ua.into(),
                parent,
                temporary_password: flags.2,
                generation,
                previous_parent,
                retry: retry.map(|(key, until)| RotationRetry { key, until }),
                maker,
                overlap_until_used,
                lifetime,
                revoked: revoked.map(|(at, address)| Revocation { at, address }),
                ended,
                robot,
                secret_by,
                previous_by,
            }
            .into()
        },
    )
}

pub(super) fn any_usage() -> impl Strategy<Value = Usage> {
    let any_use = (any_hash(), any_time(), any_address());
    let any_use = any_use.prop_map(|(secret, at, address)| SecretUse { secret, at, address });
    (any_time(), any_address(), option::of(any_hash()), option::of(any_use))
        .prop_map(|(at, address, secret, other)| Usage { at, address, secret, other })
}

fn any_grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![any_id().prop_map(Grantee::User), any_id().prop_map(Grantee::Team)]
}

pub(super) fn any_namespace_grant() -> impl Strategy<Value = NamespaceGrant> {
    let target = prop_oneof![Just(Namespace::Empty), any_name().prop_map(Namespace::Of)];
    (target, any_grantee(), any_grant_level()).prop_map(|(target, grantee, level)| NamespaceGrant {
        target,
        grantee,
        level,
    })
}

pub(super) fn any_repository_grant() -> impl Strategy<Value = RepositoryGrant> {
    (any_id(), any_grantee(), any_grant_level()).prop_map(|(repository, grantee, level)| RepositoryGrant {
        repository,
        grantee,
        level,
    })
}

pub(super) fn any_member() -> impl Strategy<Value = Membership> {
    (any_id(), any_id(), any::<bool>()).prop_map(|(organization, user, is_admin)| Membership {
        organization,
        user,
        is_admin,
    })
}

pub(super) fn any_team() -> impl Strategy<Value = Team> {
    (any_id(), any_id(), any_name(), ".{0,140}", any_time()).prop_map(
        |(id, organization, name, description, created_at)| Team { id, organization, name, description, created_at },
    )
}

pub(super) fn any_team_member() -> impl Strategy<Value = TeamMembership> {
    (any_id(), any_id()).prop_map(|(team, user)| TeamMembership { team, user })
}

fn any_lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![1 => Just(Lifetime::Never), 3 => (1..i64::MAX).prop_map(Lifetime::Seconds)]
}

pub(super) fn any_settings() -> impl Strategy<Value = Choices> {
    let lifetimes = (option::of(any_lifetime()), option::of(any_lifetime()));
    let host = option::of("([a-z]{1,9}\\.example:[1-9][0-9]{0,3})?".prop_map(|text| PublicHost::parse(&text).unwrap()));
    (any::<[Option<bool>; 2]>(), any::<[Option<u32>; 2]>(), lifetimes, host).prop_map(
        |([create_on_push, audit_registry_tokens], [max_per_namespace, max_tokens_per_account], lifetimes, host)| {
            Choices {
                create_on_push,
                max_per_namespace,
                max_tokens_per_account,
                token_default_lifetime: lifetimes.0,
                token_max_lifetime: lifetimes.1,
                audit_registry_tokens,
                public_host: host,
            }
        },
    )
}

pub(super) fn any_known_address() -> impl Strategy<Value = KnownAddress> {
    (any_id(), any_address(), any_time()).prop_map(|(account, address, at)| KnownAddress { account, address, at })
}

pub(super) fn any_audit_record() -> impl Strategy<Value = LoggedRecord> {
    let texts = [".{0,40}", "[a-zA-Z]{1,12}", ".{0,40}", "[a-z.]{1,20}", ".{0,80}", "[a-z]{1,8}"];
    let more = (option::of(any_time()), option::of(".{0,40}"), option::of(".{0,40}"), option::of(any_id()));
    (any::<(u64, u64, [u8; 32])>(), any_time(), texts, option::of(any_id()), more).prop_map(
        |((seq, count, hash), time, [actor, credential, address, action, object, outcome], actor_id, more)| {
            let (first_time, reason, label, named) = more;
            let token = |id| AuditedToken { id, label: object.clone(), owner: actor.clone() };
            let record = AuditRecord {
                seq,
                time,
                account: reason.clone().map(|name| AuditedAccount { name, id: named }),
                repository: label.clone().map(|name| AuditedRepository { name, id: named }),
                access_token: named.map(token),
                actor,
                actor_id,
                credential,
                address,
                action,
                object,
                outcome,
                count,
                first_time,
                credential_label: label,
                reason,
                summed: None,
                removed: None,
            };
            LoggedRecord { hash, ..logged(record) }
        },
    )
}

fn any_platform() -> impl Strategy<Value = Platform> {
    [".{0,20}", ".{0,20}", ".{0,20}", ".{0,20}"].prop_map(|[os, os_version, architecture, variant]| Platform {
        os,
        os_version,
        architecture,
        variant,
    })
}

fn any_platform_image() -> impl Strategy<Value = PlatformImage> {
    let digest = option::of(any::<u8>().prop_map(content_digest));
    (any_platform(), digest, option::of(any::<u64>())).prop_map(|(platform, digest, size)| PlatformImage {
        platform,
        digest,
        size,
    })
}

fn any_image() -> impl Strategy<Value = Image> {
    let config = option::of((any::<u8>().prop_map(content_digest), ".{0,40}"));
    let platforms = prop::collection::vec(any_platform_image(), 0..4);
    (any::<u64>(), config, platforms, ".{0,40}", option::of(any_time()))
        .prop_map(|(size, config, platforms, author, created_at)| Image { size, config, platforms, author, created_at })
}

pub(super) fn any_tag() -> impl Strategy<Value = StoredTag> {
    let names = (any_id(), "[A-Za-z0-9_][A-Za-z0-9._-]{0,30}", any::<u8>().prop_map(content_digest));
    let pusher = (any_id(), any_name(), option::of(any_name()));
    let pusher = pusher.prop_map(|(id, account, robot)| Pusher { account: id, name: UserName { account, robot } });
    (names, ".{0,40}", any_time(), any_time(), option::of(any_image()), option::of(pusher)).prop_map(
        |((repository, name, digest), media_type, created_at, updated_at, image, pushed_by)| {
            let name = TagName::parse(&name).unwrap();
            StoredTag { repository, tag: Tag { name, digest, media_type, created_at, updated_at, image, pushed_by } }
        },
    )
}

pub(super) fn any_days() -> impl Strategy<Value = StoredDays> {
    let day = (any::<u32>(), any::<(u32, u32)>());
    let day = day.prop_map(|(day, (pulls, pushes))| (Day::numbered(day), DayCount { pulls, pushes }));
    (any_id(), prop::collection::vec(day, 0..90))
        .prop_map(|(repository, days)| StoredDays { repository, days: Days::of(days) })
}

pub(super) fn any_activity() -> impl Strategy<Value = StoredActivity> {
    let uses = prop::collection::vec((any_id(), any_time()), 0..5).prop_map(TokenUses::of);
    (any_id(), any::<(u64, u64)>(), option::of(any_time()), option::of(any_time()), uses).prop_map(
        |(repository, (pulls, pushes), last_push, missing_since, uses)| {
            let activity = Activity { pulls, pushes, last_push, missing_since };
            StoredActivity { repository, activity, uses }
        },
    )
}
