//! The list of accounts, for administrators: by a filter, by a part of the name, page by page.

use std::sync::Arc;

use super::accounts::{AccountView, Locked};
use crate::domain::account::{Account, AccountFilter};
use crate::domain::act::Act;
use crate::domain::name::Name;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;
use crate::service::page::{Page, PageQuery};
use crate::store::{State, UserSort};

/// The lists that the store keeps; each filter selects one.
enum Kept {
    Everybody,
    Organizations,
    Users(UserSort),
}

impl AccountFilter {
    fn kept(self) -> Kept {
        match self {
            Self::All => Kept::Everybody,
            Self::Organizations => Kept::Organizations,
            // Who has to wait is not in the store: the users are asked for it one by one.
            Self::Users | Self::LockedUsers => Kept::Users(UserSort::Any),
            Self::Admins => Kept::Users(UserSort::Admin),
            Self::NonAdmins => Kept::Users(UserSort::NonAdmin),
            Self::ActiveUsers => Kept::Users(UserSort::Active),
            Self::InactiveUsers => Kept::Users(UserSort::Inactive),
            Self::ServiceAccounts => Kept::Users(UserSort::Service),
        }
    }

    fn is_of_locked(self) -> bool {
        match self {
            Self::LockedUsers => true,
            Self::All
            | Self::Users
            | Self::Organizations
            | Self::Admins
            | Self::NonAdmins
            | Self::ActiveUsers
            | Self::InactiveUsers
            | Self::ServiceAccounts => false,
        }
    }
}

/// Which page of which accounts.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    /// Only accounts of this kind.
    pub filter: AccountFilter,
    /// Only accounts whose name or full name contains this, ignoring case.
    pub contains: Option<String>,
    /// Which page.
    pub page: PageQuery<Name>,
}

/// Whether an account's name or full name contains `text`, which is in lower case.
fn is_called(account: &Account, text: &str) -> bool {
    account.name.as_str().contains(text) || account.full_name.to_lowercase().contains(text)
}

/// A page of accounts, and how many there are in all.
#[derive(Debug)]
pub struct AccountPage {
    /// The selected accounts, by name.
    pub accounts: Page<AccountView, Name>,
    /// How many of each kind there are.
    pub counts: AccountCounts,
}

/// How many accounts there are, of each of these kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// Users.
    pub users: usize,
    /// Organizations.
    pub organizations: usize,
    /// System administrators.
    pub admins: usize,
    /// Users who may not sign in.
    pub inactive: usize,
    /// Users without a password.
    pub service_accounts: usize,
    /// Users whose sign-in by password has to wait.
    pub locked: usize,
}

impl AccountCounts {
    fn of(state: &State, locked: &Locked) -> Self {
        let is_user = |name: &&String| state.account_named(name).is_some_and(|account| !account.is_organization());
        Self {
            users: state.users_count(),
            organizations: state.organizations_count(),
            admins: state.users_of(UserSort::Admin),
            inactive: state.users_of(UserSort::Inactive),
            service_accounts: state.users_of(UserSort::Service),
            locked: locked.keys().filter(is_user).count(),
        }
    }
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
        self.view(call, Act::AccountList, "", |authority| {
            authority.administrator()?;
            let state = authority.state();
            let PageQuery { order, after, limit } = &query.page;
            let (kept, contains) = (query.filter.kept(), query.contains.as_ref().map(|text| text.to_lowercase()));
            let waiting = self.locked(call);
            let counts = AccountCounts::of(state, &waiting);
            let count = match kept {
                Kept::Everybody => counts.users + counts.organizations,
                Kept::Organizations => counts.organizations,
                Kept::Users(sort) => state.users_of(sort),
            };
            let (contains, locked) = (contains.as_deref(), Some(&waiting).filter(|_| query.filter.is_of_locked()));
            let is_wanted = move |account: &&Account| {
                contains.is_none_or(|text| is_called(account, text))
                    && locked.is_none_or(|locked| locked.contains_key(account.name.as_str()))
            };
            let matching = |after| {
                let accounts: Box<dyn Iterator<Item = &Arc<Account>>> = match kept {
                    Kept::Everybody => Box::new(state.accounts_by_name(*order, after)),
                    Kept::Organizations => Box::new(state.organizations_by_name(*order, after)),
                    Kept::Users(sort) => Box::new(state.users_by_name(sort, *order, after)),
                };
                accounts.map(AsRef::as_ref).filter(is_wanted)
            };
            let Page { entries, next, count } = if contains.is_none() && locked.is_none() {
                Page::of(matching(after.as_ref()), name_of, *limit, Some(count))
            } else {
                // Accounts are few, and only administrators ask: the list is read to its end once.
                Page::counted(matching(None), name_of, &query.page)
            };
            let entries = entries.into_iter().map(|account| self.shown_of(state, account, &waiting)).collect();
            Ok(AccountPage { accounts: Page { entries, next, count }, counts })
        })
    }
}
