//! What requests cost with 1,000 repositories, 100 accounts and 10 teams, and with a hundred times as many of each: both,
//! and the ratio, in one run on one machine.
//!
//! `cargo bench` (or `cargo bench -- 200000` for another large size). Machines differ and are shared; the ratio counts.
//! `cargo bench -- large` measures large deletions, adoptions and searches instead; `cargo bench -- make DIRECTORY` makes a
//! store for other measurements ([`maker`]).

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark measures and prints")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may stop at the first surprise")]

mod large;
mod maker;
mod site;

use std::time::{Duration, Instant};

use dockpass::domain::access::GrantLevel;
use dockpass::domain::account::AccountFilter;
use dockpass::domain::grant::{GrantTarget, GranteeKind};
use dockpass::domain::name::{Name, RepositoryName};
use dockpass::domain::order::Order;
use dockpass::domain::organization::MemberFilter;
use dockpass::domain::scope::Scopes;
use dockpass::service::{AccountQuery, Call, PageQuery, RepositoryQuery, TokenFilter};

use site::Site;

/// How often each operation is measured.
const ROUNDS: u32 = 1_000;
/// Entries of a page.
const PAGE: usize = 10;

fn main() {
    if maker::asked() {
        return;
    }
    if let Some(measure) = large::asked() {
        return measure();
    }
    if std::env::args().any(|argument| argument == "large") {
        return large::measure_all();
    }
    let large = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (small, large) = (Site::filled(1_000), Site::filled(large));
    for (what, counts) in [
        ("repositories", [small.repositories, large.repositories]),
        ("accounts", [small.accounts(), large.accounts()]),
        ("teams", [small.teams(), large.teams()]),
    ] {
        println!("{what:<52} {:>10} {:>10}", counts[0], counts[1]);
    }
    println!("{:<52} {:>10} {:>10}", "filling, changes a second", small.fill_rate(), large.fill_rate());
    println!("\n{:<52} {:>10} {:>10} {:>7}", "operation (median)", "small", "large", "ratio");
    for (name, operation) in OPERATIONS {
        let (one, other) = (measure(&small, *operation), measure(&large, *operation));
        let ratio = other.as_secs_f64() / one.as_secs_f64();
        println!("{name:<52} {:>10} {:>10} {ratio:>7.2}", format!("{one:.1?}"), format!("{other:.1?}"));
    }
}

fn measure(site: &Site, operation: Operation) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            operation(site);
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

type Operation = fn(&Site);

/// What is measured. The user has grants, also as a member of three teams; the organization holds every account.
const OPERATIONS: &[(&str, Operation)] = &[
    ("a page of repositories, user with grants and teams", |site| page(site, &site.user, Order::Ascending, None)),
    ("a page of repositories, in the middle", |site| {
        page(site, &site.user, Order::Ascending, Some(&repository("user-3/app-20")));
    }),
    ("a page of repositories, from the end", |site| page(site, &site.user, Order::Descending, None)),
    ("a page of repositories, administrator", |site| page(site, &site.admin, Order::Ascending, None)),
    ("a page of the catalogue", |site| drop(site.service.catalog(&site.user, None, 100).expect("a page"))),
    ("a page of a team's repositories", team_repositories),
    ("a page of a team's members", team_members),
    ("a page of an organization's members", members),
    ("a page of an organization's members, in the middle", members_from_middle),
    ("a page of an organization's teams", teams),
    ("a page of a user's organizations", organizations_of_user),
    ("a page of accounts, administrator", |site| accounts(site, AccountFilter::All)),
    ("a page of organizations, administrator", |site| accounts(site, AccountFilter::Organizations)),
    ("a page of administrators", |site| accounts(site, AccountFilter::Admins)),
    ("a page of users who are none", |site| accounts(site, AccountFilter::NonAdmins)),
    ("a page of active users", |site| accounts(site, AccountFilter::ActiveUsers)),
    ("a page of inactive users, of whom there are none", no_accounts),
    ("a page of everybody's access tokens", tokens),
    ("a registry token with push and pull", |site| issue(site, "user-0/app-7:pull,push", 1)),
    ("a registry token by a team's grant", |site| issue(site, "org-0/app-7:pull,push", 1)),
    ("a registry token for what the user may not see", |site| issue(site, "user-14/app-20:pull", 0)),
    ("a sign-in with an access token", |site| drop(site.sign_in())),
    ("a grant given and taken (durable)", grant),
    ("a team's grant given and taken (durable)", team_grant),
    ("a team's member added and removed (durable)", team_member),
    ("an organization's member added and removed (durable)", member),
];

fn repository(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

/// The first page of a list by name, or the one after a name.
fn from(after: Option<Name>) -> PageQuery<Name> {
    PageQuery { order: Order::Ascending, after, limit: PAGE }
}

fn page(site: &Site, call: &Call, order: Order, after: Option<&RepositoryName>) {
    let page = PageQuery { order, after: after.cloned(), limit: PAGE };
    let query = RepositoryQuery { namespace: None, owner: None, contains: None, page, with_count: false };
    assert_eq!(site.service.list_repositories(call, &query).expect("a page").entries.len(), PAGE);
}

fn team_repositories(site: &Site) {
    let page = site.service.repositories_of_team(&site.user, "org-0", "team-1", None, PAGE).expect("a page").1;
    assert_eq!(page.entries.len(), PAGE);
}

fn team_members(site: &Site) {
    let page = site.service.list_team_members(&site.user, "org-0", "team-1", &from(None)).expect("a page");
    assert_eq!(page.entries.len(), PAGE);
}

fn members(site: &Site) {
    let page = site.service.list_members(&site.user, "org-0", MemberFilter::All, &from(None)).expect("a page");
    assert_eq!(page.entries.len(), PAGE);
}

fn members_from_middle(site: &Site) {
    let after = Name::parse("member-5").unwrap();
    let page = site.service.list_members(&site.user, "org-0", MemberFilter::All, &from(Some(after))).expect("a page");
    assert_eq!(page.entries.len(), PAGE);
}

fn teams(site: &Site) {
    assert_eq!(site.service.list_teams(&site.user, "org-0", &from(None)).expect("a page").entries.len(), PAGE);
}

fn organizations_of_user(site: &Site) {
    let page = site.service.organizations_of_user(&site.admin, "user-1", &from(None)).expect("a page");
    assert_eq!(page.entries.len(), PAGE.min(page.count.unwrap()));
}

fn accounts(site: &Site, filter: AccountFilter) {
    let query = AccountQuery { filter, contains: None, page: from(None) };
    assert!(!site.service.list_accounts(&site.admin, &query).expect("a page").accounts.entries.is_empty());
}

fn no_accounts(site: &Site) {
    let query = AccountQuery { filter: AccountFilter::InactiveUsers, contains: None, page: from(None) };
    assert!(site.service.list_accounts(&site.admin, &query).expect("a page").accounts.entries.is_empty());
}

fn tokens(site: &Site) {
    site.service.list_tokens(&site.admin, &TokenFilter::default(), None, PAGE, false).expect("a page");
}

fn issue(site: &Site, asked: &str, granted: usize) {
    let scopes = Scopes::parse([format!("repository:{asked}").as_str()]).unwrap();
    let decided = site.service.decide(site.user.clone(), None, scopes).expect("decided");
    assert_eq!(site.service.issue(decided).expect("a token").scopes.repositories.len(), granted);
}

fn grant(site: &Site) {
    let target = GrantTarget::Repository(repository("user-11/app-3"));
    site.service.put_grant(&site.admin, &target, GranteeKind::User, "user-0", GrantLevel::Admin).expect("granted");
    site.service.delete_grant(&site.admin, &target, GranteeKind::User, "user-0").expect("taken");
}

fn team_grant(site: &Site) {
    let target = GrantTarget::Repository(repository("org-0/app-49"));
    site.service.put_grant(&site.admin, &target, GranteeKind::Team, "team-3", GrantLevel::ReadWrite).expect("granted");
    site.service.delete_grant(&site.admin, &target, GranteeKind::Team, "team-3").expect("taken");
}

fn team_member(site: &Site) {
    site.service.put_team_member(&site.admin, "org-0", "team-3", "user-5").expect("added");
    site.service.delete_team_member(&site.admin, "org-0", "team-3", "user-5").expect("removed");
}

fn member(site: &Site) {
    site.service.delete_member(&site.admin, "org-0", "user-6").expect("removed");
    site.service.put_member(&site.admin, "org-0", "user-6", None).expect("added");
}
