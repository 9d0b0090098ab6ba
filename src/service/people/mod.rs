//! Accounts, organizations and teams, and what was granted to them.

mod account_deletion;
mod account_list;
mod accounts;
mod grants;
mod organizations;
mod password_changes;
mod team_grants;
mod teams;

pub use account_list::{AccountPage, AccountQuery};
pub use accounts::{AccountUpdate, AccountView, NewUser};
pub use grants::{AccessView, Reason, TargetView, UserGrant};
pub use organizations::{MemberView, MembershipView, NewOrganization};
pub use team_grants::{TeamAccessPage, TeamGrant};
pub use teams::{TeamUpdate, TeamView};
