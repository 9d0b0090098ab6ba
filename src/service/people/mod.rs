//! Accounts, organizations and teams, and what was granted to them.

mod account_deletion;
mod account_list;
mod accounts;
mod grants;
mod organizations;
mod password_changes;
mod reach;
mod teams;

pub use account_list::{AccountCounts, AccountPage, AccountQuery};
pub use accounts::{AccountPresent, AccountUpdate, AccountView, NewUser, UpdatedAccount};
pub use grants::{AccessView, GrantList, GrantView, TargetView};
pub use organizations::{MemberView, MembershipView, NewOrganization};
pub use reach::{Reach, ReachView};
pub use teams::{TeamUpdate, TeamView};

pub(in crate::service) use teams::view_team;
