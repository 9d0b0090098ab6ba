//! The list of accounts, for administrators: by a filter, by a part of the name, page by page.

use std::sync::Arc;

use super::Service;
use super::accounts::AccountView;
use super::caller::Call;
use super::error::Error;
use super::page::{NamedPage, NamedQuery};
use crate::domain::account::Account;
use crate::domain::name::Name;

/// Which accounts a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AccountFilter {
    /// Every one.
    #[default]
    All,
    /// Users.
    Users,
    /// Organizations.
    Organizations,
    /// System administrators.
    Admins,
    /// Users who are no system administrators.
    NonAdmins,
    /// Users who may sign in.
    ActiveUsers,
    /// Users who may not.
    InactiveUsers,
}

impl AccountFilter {
    fn matches(self, account: &Account) -> bool {
        let is_user = !account.is_organization();
        match self {
            Self::All => true,
            Self::Users => is_user,
            Self::Organizations => !is_user,
            Self::Admins => is_user && account.is_admin,
            Self::NonAdmins => is_user && !account.is_admin,
            Self::ActiveUsers => is_user && account.is_active,
            Self::InactiveUsers => is_user && !account.is_active,
        }
    }
}

/// Which page of which accounts.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    /// Of which sort.
    pub filter: AccountFilter,
    /// Whose name or full name contains this, upper and lower case alike.
    pub contains: Option<String>,
    /// Which page.
    pub page: NamedQuery,
}

impl AccountQuery {
    /// Whether an account is meant; `contains` in lower case.
    fn matches(&self, contains: Option<&str>, account: &Account) -> bool {
        let is_named =
            |text: &str| account.name.as_str().contains(text) || account.full_name.to_lowercase().contains(text);
        self.filter.matches(account) && contains.is_none_or(is_named)
    }
}

/// A page of accounts, with what the whole list holds.
#[derive(Debug)]
pub struct AccountPage {
    /// The accounts of the page, by name.
    pub accounts: Vec<AccountView>,
    /// The name to go on after; none on the last page.
    pub next: Option<Name>,
    /// How many accounts are meant.
    pub count: usize,
    /// How many users there are.
    pub users: usize,
    /// How many organizations there are.
    pub organizations: usize,
}

fn name_of<'a>(account: &'a &Account) -> &'a Name {
    &account.name
}

impl Service {
    /// A page of accounts by name.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn list_accounts(&self, call: &Call, query: &AccountQuery) -> Result<AccountPage, Error> {
        self.view(call, "account.list", "", |authority| {
            authority.administrator()?;
            let state = authority.state();
            let NamedQuery { order, after, limit } = &query.page;
            let contains = query.contains.as_ref().map(|text| text.to_lowercase());
            let matching = |after| {
                let accounts: Box<dyn Iterator<Item = &Arc<Account>>> = match query.filter {
                    AccountFilter::Organizations => Box::new(state.organizations_by_name(*order, after)),
                    AccountFilter::All
                    | AccountFilter::Users
                    | AccountFilter::Admins
                    | AccountFilter::NonAdmins
                    | AccountFilter::ActiveUsers
                    | AccountFilter::InactiveUsers => Box::new(state.accounts_by_name(*order, after)),
                };
                accounts.map(AsRef::as_ref).filter(|account| query.matches(contains.as_deref(), account))
            };
            let (users, organizations) = (state.users_count(), state.organizations_count());
            let known = match query.filter {
                AccountFilter::All => Some(users + organizations),
                AccountFilter::Users => Some(users),
                AccountFilter::Organizations => Some(organizations),
                AccountFilter::Admins
                | AccountFilter::NonAdmins
                | AccountFilter::ActiveUsers
                | AccountFilter::InactiveUsers => None,
            };
            let page = match known.filter(|_| contains.is_none()) {
                Some(count) => NamedPage::of(matching(after.as_ref()), name_of, *limit, count),
                // Few enough, and asked by administrators only: looked through, once.
                None => NamedPage::counted(matching(None), name_of, &query.page),
            };
            let accounts = page.entries.into_iter().map(|account| self.shown(state, account, call)).collect();
            Ok(AccountPage { accounts, next: page.next, count: page.count, users, organizations })
        })
    }
}
