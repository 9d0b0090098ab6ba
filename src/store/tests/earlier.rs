//! A data directory as dockpass wrote it in format 2, of any size.

use std::fs;
use std::path::Path;

use super::super::audit_key::AuditKey;
use super::super::change::RowChange;
use super::super::codec;
use super::super::codec::FrozenVersion;
use super::super::end::NotedEnd;
use super::super::engine::Engine;
use super::super::field::Field;
use super::super::migration::{earlier_grant, earlier_tag};
use super::super::record::{
    AccountV1, ActivityV1, AuditV1, DeletedV1, GrantV1, KnownAddress, Meta, RepositoryV1, TagV1, TokenV1, hashed,
};
use super::super::row;
use super::super::seal::{Seal, SealKey, StoreDigest};
use super::super::table::{self, Table};
use super::samples;
use super::support::{account, entry, id, now, repository, token, usage};
use crate::domain::audit::AuditHead;
use crate::domain::content::{Activity, Deletion, Remains, Tag, TagName};
use crate::domain::grant::Grantee;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::organization::{Membership, TeamMembership};
use crate::private_file::create_directory;

/// How much of what there is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) accounts: u64,
    /// Of each account.
    pub(super) repositories: u64,
    /// Of each repository.
    pub(super) tags: u64,
    /// Of each account.
    pub(super) tokens: u64,
    pub(super) audit: u64,
}

impl Size {
    pub(super) const SMALL: Self = Self { accounts: 8, repositories: 3, tags: 3, tokens: 4, audit: 40 };
}

/// Rows of one change.
const PIECE: usize = 4_000;

/// Writes a store a change at a time, sealed as then.
struct Maker {
    engine: Engine,
    key: SealKey,
    seal: Seal,
    waiting: Vec<RowChange>,
}

impl Maker {
    fn put<R: FrozenVersion>(&mut self, table: Table, key: Vec<u8>, record: &R) {
        self.change(RowChange { table, key, value: Some(codec::encode(record).unwrap()) });
    }

    fn change(&mut self, change: RowChange) {
        self.waiting.push(change);
        if self.waiting.len() >= PIECE {
            self.write();
        }
    }

    fn write(&mut self) {
        let mut changes = std::mem::take(&mut self.waiting);
        self.seal = self.seal.after(&changes, &[], self.seal.audit, &self.key);
        changes.push(self.seal.change().unwrap());
        self.engine.commit(&changes).unwrap();
    }
}

/// Makes the data directory.
pub(super) fn make(data: &Path, size: Size) {
    for directory in [data.to_owned(), data.join("keys"), data.join("store")] {
        create_directory(&directory).unwrap();
    }
    let bytes = [7; 32];
    fs::write(data.join("keys/audit.key"), format!("{}\n", blake3::Hash::from_bytes(bytes).to_hex())).unwrap();
    fs::write(data.join("format"), "dockpass data 2\n").unwrap();
    let key = AuditKey::new(bytes);
    let engine = Engine::open(&data.join("store")).unwrap();
    let seal = Seal { number: 0, digest: StoreDigest::default(), audit: AuditHead::default() };
    let mut maker = Maker { engine, key: SealKey::of(&key), seal, waiting: Vec::new() };
    maker.change(row::put(&Meta { instance: id(1), created_at: now() }).unwrap());
    maker.change(row::put(&samples::settings()[0]).unwrap());
    (0..size.accounts).for_each(|number| put_account(&mut maker, size, number));
    put_organization(&mut maker);
    put_audit(&mut maker, &key, size.audit);
    maker.write();
    maker.engine.close().unwrap();
    let (mut end, _) = NotedEnd::open(&data.join("end")).unwrap();
    end.note(maker.seal.end());
    private(data);
}

/// Nobody else's, as dockpass leaves them.
pub(super) fn private(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let mode = if entry.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&entry, fs::Permissions::from_mode(mode)).unwrap();
        if entry.is_dir() {
            private(&entry);
        }
    }
}

fn put_account(maker: &mut Maker, size: Size, number: u64) {
    let it = account(number + 1);
    let record = AccountV1 {
        id: it.id.store(),
        name: it.name.store(),
        kind: it.kind.store(),
        full_name: it.full_name.clone(),
        is_active: number % 5 != 4,
        is_admin: number == 0,
        password: it.password.clone(),
        password_set_by_admin: number.is_multiple_of(2),
        created_at: it.created_at.store(),
    };
    maker.put(Table::Accounts, table::id(it.id), &record);
    maker.change(row::put(&KnownAddress { account: it.id, address: [192, 0, 2, 7].into(), at: now() }).unwrap());
    (0..size.tokens).for_each(|of| put_token(maker, number, of));
    (0..size.repositories).for_each(|of| put_repository(maker, size, number, of));
    let gone = RepositoryName::parse(&format!("{}/gone", it.name)).unwrap();
    let deletion = Deletion { at: now().plus_seconds(1), content: Remains::Stays };
    let record = DeletedV1 { repository: gone.store(), deletion: deletion.store() };
    maker.put(Table::Deleted, table::name(&gone), &record);
    let target = (1, it.name.to_string());
    let grantee = Grantee::User(id((number + 1) % size.accounts + 1));
    let namespace = crate::domain::name::Namespace::Of(it.name.clone());
    let record = GrantV1 { target, grantee: grantee.store(), level: 2 };
    maker.put(Table::Grants, table::namespace_grant(&namespace, grantee), &record);
}

fn put_token(maker: &mut Maker, owner: u64, of: u64) {
    let number = 1_000_000 + owner * 10_000 + of;
    let it = token(number, owner + 1);
    let limits = &samples::tokens()[usize::try_from(of % 3).unwrap()].limits;
    let previous = (of % 7 == 1).then(|| (super::support::hash(number + 5_000_000_000).store(), now().millis()));
    let record = TokenV1 {
        id: it.id.store(),
        owner: it.owner.store(),
        hash: it.hash.store(),
        previous,
        label: it.label.to_string(),
        is_active: of % 4 != 3,
        limits: limits.store(),
        expires_at: (of % 3 == 2).then(|| now().plus_seconds(60).millis()),
        created_at: it.created_at.store(),
        generated_by: it.generated_by.store(),
        creator_ua: it.creator_ua.store(),
        parent: (of % 5 == 4).then(|| id(number - 1).store()),
        temporary_password: false,
    };
    maker.put(Table::Tokens, table::id(it.id), &record);
    let value = Some(row::encode(&usage(i64::try_from(of).unwrap())).unwrap());
    maker.change(RowChange { table: Table::Usage, key: table::id(it.id), value });
}

fn put_repository(maker: &mut Maker, size: Size, owner: u64, of: u64) {
    let it = repository(&format!("user-{}/app-{of}", owner + 1), 100_000_000 + owner * 100_000 + of);
    let record = RepositoryV1 {
        id: it.id.store(),
        name: it.name.store(),
        is_public: of.is_multiple_of(2),
        short_description: "short".to_owned(),
        long_description: "long ".repeat(usize::try_from(of % 50).unwrap()),
        created_at: it.created_at.store(),
    };
    maker.put(Table::Repositories, table::name(&it.name), &record);
    let sample = &samples::tags()[1].tag;
    for number in 0..size.tags {
        let tag = Tag { name: TagName::parse(&format!("v{number}")).unwrap(), ..sample.clone() };
        let record = TagV1 { repository: it.name.store(), tag: tag.store().earliest() };
        maker.put(Table::Tags, earlier_tag(&it.name, &tag.name), &record);
    }
    let activity = Activity { pulls: of, pushes: size.tags, last_push: Some(now()), missing_since: None };
    let record = ActivityV1 { repository: it.name.store(), activity: activity.store() };
    maker.put(Table::Activity, table::name(&it.name), &record);
    let grantee = Grantee::User(id((owner + 1) % size.accounts + 1));
    let record = GrantV1 { target: (2, it.name.to_string()), grantee: grantee.store(), level: 1 };
    maker.put(Table::Grants, earlier_grant(&it.name, grantee), &record);
}

fn put_organization(maker: &mut Maker) {
    let (organization, user) = (id(900_001), id(1));
    let record = AccountV1 {
        id: organization.store(),
        name: Name::parse("acme").unwrap().store(),
        kind: 2,
        full_name: String::new(),
        is_active: true,
        is_admin: false,
        password: None,
        password_set_by_admin: false,
        created_at: now().millis(),
    };
    maker.put(Table::Accounts, table::id(organization), &record);
    maker.change(row::put(&Membership { organization, user, is_admin: true }).unwrap());
    let team = super::support::team(900_002, 900_001, "dev");
    maker.change(row::put(&team).unwrap());
    maker.change(row::put(&TeamMembership { team: team.id, user }).unwrap());
}

fn put_audit(maker: &mut Maker, key: &AuditKey, count: u64) {
    for seq in 1..=count {
        let it = entry(&format!("object {seq}"));
        let mut record = AuditV1 {
            seq,
            time: now().millis(),
            actor: it.actor,
            actor_id: it.actor_id.map(|id| id.store()),
            credential: it.credential.as_str().to_owned(),
            credential_id: None,
            address: it.address,
            action: it.act.to_string(),
            object: it.object,
            outcome: it.outcome.as_str().to_owned(),
            count: 1,
            hash: [0_u8; 32].store(),
        };
        let content = hashed(&codec::encode(&record).unwrap()).unwrap();
        maker.seal.audit = AuditHead { seq, hash: key.hash(maker.seal.audit.hash, seq, &content) };
        record.hash = maker.seal.audit.hash.store();
        maker.put(Table::Audit, seq.to_be_bytes().to_vec(), &record);
    }
}
