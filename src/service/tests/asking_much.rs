//! What is asked of access in a large store: a page costs what it shows, not what there is. Also where very many repositories
//! were given away, whose names stand before those that are left.

use std::time::{Duration, Instant};

use super::super::{AskedAccess, Call, PageQuery, RepositoryQuery, Service, TokenFilter};
use super::content::{named, new_user};
use super::support::{Home, call, is_long, put, repository, start};
use crate::domain::access::{Action, GrantLevel};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::order::Order;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::secret::{Password, TokenHash, TokenText};
use crate::domain::token::{AccessToken, Limits, Pattern, Patterns, TokenFields};

/// How much there is, in a store that is so many times as large as the small one.
struct Size {
    repositories: u64,
    teams: u64,
    tokens: u64,
}

const SMALL: Size = Size { repositories: 100, teams: 10, tokens: 1_000 };

fn large() -> Size {
    let times = if is_long() { 100 } else { 10 };
    let Size { repositories, teams, tokens } = SMALL;
    Size { repositories: repositories * times, teams: teams * times, tokens: tokens * times }
}

/// How many times as long a page of the large store may take: far less than there is more of everything.
const MOST: u32 = 5;
/// Rows that each change makes while the store is filled.
const BUNDLE: usize = 1_000;
/// Users who own nothing but access tokens; none of these reaches what is asked about.
const OTHERS: u64 = 50;

fn id(kind: u8, number: u64) -> Id {
    let mut bytes = [0; 16];
    bytes[0] = kind;
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Id::from_bytes(bytes)
}

fn app(number: u64) -> RepositoryName {
    named(&format!("acme/app-{number}"))
}

/// One that acme had, and dave was given. It comes before all that acme has.
fn given(number: u64) -> RepositoryName {
    named(&format!("acme/a-{number}"))
}

fn hash(number: u64) -> TokenHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    TokenText::from_random(bytes).hash()
}

fn token(owner: Id, number: u64, patterns: &[&str]) -> AccessToken {
    let patterns: Patterns = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    AccessToken::from(TokenFields {
        label: "one of many".to_owned(),
        limits: Limits { patterns, ..Limits::none() },
        created_at: start(),
        ..AccessToken::plain(id(3, number), owner, hash(number)).fields()
    })
}

fn give(service: &Service, size: &Size, dave: Id) {
    let numbers: Vec<u64> = (0..size.repositories).collect();
    for some in numbers.chunks(BUNDLE).map(<[u64]>::to_vec) {
        put(service, move |txn| {
            let given = |number| Repository { owner: Some(dave), ..repository(given(number).as_str()) };
            Ok(some.iter().try_for_each(|number| txn.put_repository(given(*number)).map(drop))?)
        });
    }
}

/// acme with its repositories and teams; bob is in the first five of them, which share the first repositories, and each
/// team has one of its own. Access tokens are bob's and those of others, who reach nothing of acme.
fn filled(home: &Home, size: &Size) -> Service {
    let service = home.open(start());
    let local = call(Service::local(0), start());
    let user = |name: &str| service.create_user(&local, new_user(name)).unwrap().account.id;
    let bob = user("bob");
    let others: Vec<Id> = (0..OTHERS).map(|number| user(&format!("other-{number}"))).collect();
    let acme = super::super::NewOrganization {
        name: Name::parse("acme").unwrap(),
        full_name: String::new(),
        adopt_repositories: false,
    };
    let acme = service.create_organization(&local, acme).unwrap().account.id;
    let numbers: Vec<u64> = (0..size.repositories).collect();
    for some in numbers.chunks(BUNDLE).map(<[u64]>::to_vec) {
        put(&service, move |txn| {
            Ok(some.iter().try_for_each(|number| txn.put_repository(repository(app(*number).as_str())).map(drop))?)
        });
    }
    give(&service, size, user("dave"));
    let (teams, repositories) = (size.teams, size.repositories);
    put(&service, move |txn| {
        txn.put_member(Membership { organization: acme, user: bob, is_admin: false })?;
        for number in 0..teams {
            let name = Name::parse(&format!("team-{number}")).unwrap();
            let team =
                Team { id: id(2, number), organization: acme, name, description: String::new(), created_at: start() };
            let grantee = Grantee::Team(team.id);
            txn.put_team(team)?;
            if number < 5 {
                txn.put_team_member(TeamMembership { team: id(2, number), user: bob })?;
                for shared in 0..50 {
                    txn.put_grant(&GrantTarget::Repository(app(shared)), grantee, GrantLevel::ReadWrite)?;
                }
            }
            let own = GrantTarget::Repository(app(repositories - 1 - number % repositories));
            txn.put_grant(&own, grantee, GrantLevel::ReadOnly)?;
        }
        Ok(txn.put_grant(&GrantTarget::Namespace(app(0).namespace()), Grantee::Team(id(2, 0)), GrantLevel::ReadOnly)?)
    });
    let numbers: Vec<u64> = (0..size.tokens).collect();
    for some in numbers.chunks(BUNDLE).map(<[u64]>::to_vec) {
        let others = others.clone();
        put(&service, move |txn| {
            for number in some {
                let other = others[usize::try_from(number).unwrap() % others.len()];
                let (owner, patterns): (Id, &[&str]) = match number % 100 {
                    0..40 => (bob, &["acme/*"]),
                    _ => (other, &["bob/*"]),
                };
                txn.put_token(token(owner, number, patterns))?;
            }
            Ok(())
        });
    }
    service
}

type Page = (&'static str, fn(&Service, &Call) -> usize);

fn page_of<K>(after: Option<K>) -> PageQuery<K> {
    PageQuery { order: Order::Ascending, after, limit: 10 }
}

fn of_owner(owner: &str, after: Option<RepositoryName>) -> RepositoryQuery {
    let (owner, page) = (Some(owner.to_owned()), page_of(after));
    RepositoryQuery { namespace: None, owner, contains: None, page, with_count: true }
}

/// Each answers one thing, or a few.
const ANSWERS: [Page; 7] = [
    ("why may bob not push", |service, call| {
        let asked = AskedAccess { user: Some("bob".into()), token: None, action: Action::Push, repository: given(7) };
        service.check_access(call, &asked).unwrap().cuts.len()
    }),
    ("what has dave on one", |service, call| {
        service.reach_of(call, "dave", Some(&GrantTarget::Repository(given(7)))).unwrap().entries.len()
    }),
    ("who has access", |service, call| service.repository_access(call, &app(60)).unwrap().1.len()),
    ("what is this secret", |service, call| {
        let mut bytes = [0; 32];
        bytes[7] = 7;
        let secret = Password::new(TokenText::from_random(bytes).reveal().to_owned());
        usize::from(service.identify_token(call, &secret).unwrap().shown.is_some())
    }),
    ("who is bob", |service, call| usize::from(service.view_account(call, "bob").unwrap().shows_inner)),
    ("who is in the team", |service, call| {
        service.list_team_members(call, "acme", "team-0", &page_of(None)).unwrap().entries.len()
    }),
    ("may somebody have the name again", |service, _| {
        usize::from(service.store.state().unowned_within(&app(0).namespace()) > 0)
    }),
];

/// Each answers a page of ten, from the beginning or the middle.
const PAGES: [Page; 12] = [
    ("all access tokens", |service, call| {
        service.list_tokens(call, &TokenFilter::default(), None, 10, true).unwrap().entries.len()
    }),
    ("access tokens by their end", |service, call| {
        service.list_tokens_by_end(call, &TokenFilter::default(), None, 10, false).unwrap().entries.len()
    }),
    ("what acme has left", |service, call| {
        service.list_repositories(call, &of_owner("acme", None)).unwrap().entries.len()
    }),
    ("what dave was given, further on", |service, call| {
        service.list_repositories(call, &of_owner("dave", Some(given(5)))).unwrap().entries.len()
    }),
    ("what dave reaches", |service, call| {
        service.list_access_of_account(call, "dave", None, 10).unwrap().page.entries.len()
    }),
    ("teams", |service, call| service.list_teams(call, "acme", &page_of(None)).unwrap().entries.len()),
    ("bob", |service, call| service.list_access_of_account(call, "bob", None, 10).unwrap().page.entries.len()),
    ("bob, further on", |service, call| {
        service.list_access_of_account(call, "bob", Some(&app(5)), 10).unwrap().page.entries.len()
    }),
    ("a team", |service, call| {
        service.list_access_of_team(call, "acme", "team-0", None, 10).unwrap().page.entries.len()
    }),
    ("an access token", |service, call| {
        service.list_access_of_token(call, &hash(0).to_string(), None, 10).unwrap().page.entries.len()
    }),
    ("access tokens", |service, call| {
        service.list_tokens_reaching(call, &app(1), None, 10).unwrap().page.entries.len()
    }),
    ("access tokens, further on", |service, call| {
        let first = service.list_tokens_reaching(call, &app(1), None, 10).unwrap().page.next;
        service.list_tokens_reaching(call, &app(1), first, 10).unwrap().page.entries.len()
    }),
];

/// The least time of many, which other work on the machine does not make longer.
#[expect(clippy::disallowed_methods, reason = "two lengths of time are compared; nothing is asserted about one alone")]
fn least(service: &Service, page: fn(&Service, &Call) -> usize, expected: usize) -> Duration {
    let local = call(Service::local(0), start());
    let once = || {
        let begin = Instant::now();
        assert_eq!(page(service, &local), expected);
        begin.elapsed()
    };
    (0..40).map(|_| once()).min().unwrap()
}

#[test]
fn a_page_costs_what_it_shows_however_much_there_is() {
    let homes = [Home::new(), Home::new()];
    let [small, large] = [filled(&homes[0], &SMALL), filled(&homes[1], &large())];
    let local = call(Service::local(0), start());
    let pages = PAGES.into_iter().map(|(what, page)| (what, page, 10));
    let answers = ANSWERS.into_iter().map(|(what, answer)| (what, answer, answer(&small, &local)));
    for (what, page, expected) in pages.chain(answers) {
        let (less, more) = (least(&small, page, expected), least(&large, page, expected));
        assert!(more < less * MOST, "{what}: {more:?} instead of {less:?}");
    }
}
