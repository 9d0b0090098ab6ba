//! The index of the audit log hides nothing, whatever was counted, written, removed and asked; and it spares looks.

use proptest::prelude::*;

use super::super::audit_index::{AuditIndex, AuditSought};
use super::super::{Keep, Store, WriteAccess};
use super::support::{Home, entry, now, write};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditRecord, AuditedAccount, AuditedRepository, AuditedToken, Concerned};
use crate::domain::audit::{CredentialKind, Occurrence, Outcome, SoughtAccount, Summed};
use crate::domain::id::Id;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;

const DAY: i64 = 24 * 60 * 60;
const KEEP: Keep = Keep { seconds: Some(400 * DAY), bytes: None };
const NAMES: [&str; 5] = ["alice", "bob", "carol", "ci", "alice/app"];
const ACTS: [Act; 4] = [Act::TokenCreate, Act::TokenDelete, Act::GrantSet, Act::RegistryTokenRefuse];

fn id(number: u8) -> Id {
    Id::from_bytes([number; 16])
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => "[a-z]{1,3}(/[a-z])?"]
}

fn concerned() -> impl Strategy<Value = Concerned> {
    let id = || (0..4_u8).prop_map(id);
    let account = (name(), proptest::option::of(id())).prop_map(|(name, id)| AuditedAccount { name, id });
    let repository = (name(), proptest::option::of(id())).prop_map(|(name, id)| AuditedRepository { name, id });
    let token = (id(), name(), name()).prop_map(|(id, label, owner)| AuditedToken { id, label, owner });
    (proptest::option::of(account), proptest::option::of(repository), proptest::option::of(token))
        .prop_map(|(account, repository, access_token)| Concerned { account, repository, access_token })
}

prop_compose! {
    fn recorded()(
        actor in name(),
        actor_id in proptest::option::of((0..4_u8).prop_map(id)),
        credential_id in proptest::option::of((0..4_u8).prop_map(id)),
        act in proptest::sample::select(&ACTS[..]),
        object in proptest::collection::vec(name(), 0..3),
        concerned in concerned(),
        age in 0..800_i64,
        is_summed: bool,
    ) -> (AuditEntry, Timestamp) {
        let entry = AuditEntry {
            actor,
            actor_id,
            credential: CredentialKind::AccessToken,
            credential_label: credential_id.map(|_| "laptop".to_owned()),
            credential_id,
            act,
            object: object.join(" "),
            concerned,
            outcome: if is_summed { Outcome::Denied } else { Outcome::Success },
            summed: is_summed.then_some(Summed::Source),
            ..entry("")
        };
        (entry, now().plus_seconds(-age * DAY))
    }
}

/// A question: what the index is asked for, and which records match.
#[derive(Clone, Debug)]
enum Question {
    About(String),
    By(String),
    Token(Id),
    Label(String),
    Account(SoughtAccount),
    Since(Timestamp),
    Until(Timestamp),
}

impl Question {
    fn sought(&self, sought: AuditSought) -> AuditSought {
        match self {
            Self::About(text) | Self::By(text) | Self::Label(text) => sought.with_any([text.as_str()]),
            Self::Token(id) => sought.with_any([id.to_string().as_str()]),
            Self::Account(account) => sought.with_any(account.texts().iter().map(String::as_str)),
            Self::Since(time) => sought.within(Some(*time), None),
            Self::Until(time) => sought.within(None, Some(*time)),
        }
    }

    fn matches(&self, record: &AuditRecord) -> bool {
        match self {
            Self::About(text) => record.is_about(text),
            Self::By(text) => record.is_by_credential(text),
            Self::Token(id) => record.concerns_token(*id),
            Self::Label(label) => record.concerns_label(label),
            Self::Account(account) => record.concerns_account(account),
            Self::Since(time) => record.time >= *time,
            Self::Until(time) => record.time < *time,
        }
    }
}

fn question() -> impl Strategy<Value = Question> {
    let time = || (0..800_i64).prop_map(|age| now().plus_seconds(-age * DAY));
    let id = || (0..5_u8).prop_map(id);
    let text = || prop_oneof![3 => name(), 1 => id().prop_map(|id| id.to_string()), 1 => Just("laptop".to_owned())];
    let account = prop_oneof![
        (id(), name(), time()).prop_map(|(id, name, since)| SoughtAccount::Present { id, name, since }),
        id().prop_map(SoughtAccount::GoneId),
        name().prop_map(SoughtAccount::GoneName),
    ];
    prop_oneof![
        text().prop_map(Question::About),
        prop_oneof![text(), Just("accessToken".to_owned())].prop_map(Question::By),
        id().prop_map(Question::Token),
        text().prop_map(Question::Label),
        account.prop_map(Question::Account),
        time().prop_map(Question::Since),
        time().prop_map(Question::Until),
    ]
}

fn add(store: &Store, records: &[(AuditEntry, Timestamp)]) {
    for bundle in records.chunks(500) {
        let bundle = bundle.to_vec();
        write(store, move |txn| {
            Ok(bundle.iter().try_for_each(|(entry, time)| txn.audit(entry, Occurrence::once(*time)))?)
        })
        .unwrap();
    }
}

/// The numbers that a question finds through the index, and how many records that looked at.
fn found(store: &Store, order: Order, questions: &[Question]) -> (Vec<u64>, usize) {
    let sought = questions.iter().fold(AuditSought::default(), |sought, question| question.sought(sought));
    let head = store.state().audit().seq;
    let mut from = Some(if order == Order::Ascending { 1 } else { head });
    let (mut found, mut looked) = (Vec::new(), 0);
    while let Some(number) = from {
        let look = store.audit_look(order, number, head, &sought).unwrap();
        looked += look.records.len();
        let matching = look.records.iter().filter(|it| questions.iter().all(|question| question.matches(&it.record)));
        found.extend(matching.map(|logged| logged.record.seq));
        from = look.next;
    }
    (found, looked)
}

fn scanned(store: &Store, questions: &[Question]) -> Vec<u64> {
    let all = store.audit_before(None, usize::MAX).unwrap();
    let matching = all.iter().filter(|it| questions.iter().all(|question| question.matches(&it.record)));
    matching.map(|logged| logged.record.seq).collect()
}

fn check(store: &Store, questions: &[Vec<Question>]) {
    for question in questions {
        let (newest_first, _) = found(store, Order::Descending, question);
        let (mut oldest_first, _) = found(store, Order::Ascending, question);
        oldest_first.reverse();
        let all = scanned(store, question);
        assert_eq!(newest_first, all, "{question:?}");
        assert_eq!(oldest_first, all, "{question:?}");
    }
}

fn shorten(store: &Store, calls: usize) {
    (0..calls).for_each(|_| _ = store.shorten_audit(&WriteAccess(()), KEEP, now()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_the_index_finds_is_what_a_look_at_everything_finds(
        first in proptest::collection::vec(recorded(), 0..900),
        then in proptest::collection::vec(recorded(), 0..300),
        questions in proptest::collection::vec(proptest::collection::vec(question(), 1..4), 12),
    ) {
        let home = Home::started();
        let store = &home.open();
        add(store, &first);
        // Nothing is counted yet, then all of it, then not the newest, then what is left after the old ones went.
        check(store, &questions);
        shorten(store, 1);
        check(store, &questions);
        add(store, &then);
        check(store, &questions);
        shorten(store, 1_500);
        check(store, &questions);
    }
}

#[test]
fn what_is_seldom_costs_little_and_the_index_takes_a_few_bytes_for_a_record() {
    const RECORDS: usize = 40_000;
    let home = Home::started();
    let store = home.open();
    let records: Vec<_> = (0..RECORDS)
        .map(|number| {
            let seldom = number % 10_000 == 5_000;
            let actor = if seldom { "seldom".to_owned() } else { format!("user-{}", number % 50) };
            let token = AuditedToken { id: id(0), label: format!("job {}", number / 3), owner: actor.clone() };
            let concerned = Concerned { access_token: Some(token), ..Concerned::default() };
            (AuditEntry { actor, concerned, ..entry(&format!("repository-{}", number % 700)) }, now())
        })
        .collect();
    add(&store, &records);
    let seldom = [Question::Account(SoughtAccount::GoneName("seldom".to_owned()))];
    let (all, looked) = found(&store, Order::Descending, &seldom);
    assert_eq!((all.len(), looked), (4, RECORDS));
    shorten(&store, 1);
    let (with_index, looked) = found(&store, Order::Descending, &seldom);
    assert_eq!(with_index, all);
    assert!(looked <= RECORDS / 20, "looked at {looked}");
    let bytes = store.audit_index().bytes();
    assert!(bytes <= 16 * RECORDS, "{bytes} bytes");
    eprintln!("{RECORDS} records: looked at {looked}, {} bytes a record", bytes / RECORDS);
}

#[test]
fn a_block_of_which_nothing_is_left_is_forgotten() {
    let mut index = AuditIndex::default();
    let record = |seq| AuditRecord::of(&entry("x"), seq, Occurrence::once(now()));
    (1..=1_024).for_each(|seq| index.add(&record(seq)));
    index.reach(1_025);
    let whole = index.bytes();
    index.forget(0..1_024, [300].into_iter());
    assert!(index.bytes() <= whole / 7, "{} of {whole}", index.bytes());
    let sought = AuditSought::default().with_any(["x"]);
    assert_eq!(index.next(Order::Ascending, 1, 2_000, &sought), Some(256..384));
    assert_eq!(index.next(Order::Descending, 255, 2_000, &sought), None);
    assert_eq!(index.next(Order::Ascending, 384, 2_000, &sought), Some(1_024..1_536));
    assert_eq!(index.next(Order::Ascending, 384, 1_000, &sought), None);
}
