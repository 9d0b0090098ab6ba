//! The list of accounts, for administrators: by a filter, by a part of the name, page by page.

use std::sync::Arc;

use super::accounts::AccountView;
use crate::domain::account::{Account, AccountFilter};
use crate::domain::act::Act;
use crate::domain::name::Name;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;
use crate::service::page::{Page, PageQuery};
use crate::store::UserSort;

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
            Self::Users => Kept::Users(UserSort::Any),
            Self::Admins => Kept::Users(UserSort::Admin),
            Self::NonAdmins => Kept::Users(UserSort::NonAdmin),
            Self::ActiveUsers => Kept::Users(UserSort::Active),
            Self::InactiveUsers => Kept::Users(UserSort::Inactive),
            Self::ServiceAccounts => Kept::Users(UserSort::Service),
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

/// A page of accounts, and how many users and organizations there are in all.
#[derive(Debug)]
pub struct AccountPage {
    /// The selected accounts, by name.
    pub accounts: Page<AccountView, Name>,
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
        self.view(call, Act::AccountList, "", |authority| {
            authority.administrator()?;
            let state = authority.state();
            let PageQuery { order, after, limit } = &query.page;
            let (users, organizations) = (state.users_count(), state.organizations_count());
            let (kept, contains) = (query.filter.kept(), query.contains.as_ref().map(|text| text.to_lowercase()));
            let count = match kept {
                Kept::Everybody => users + organizations,
                Kept::Organizations => organizations,
                Kept::Users(sort) => state.users_of(sort),
            };
            let matching = |after| {
                let accounts: Box<dyn Iterator<Item = &Arc<Account>>> = match kept {
                    Kept::Everybody => Box::new(state.accounts_by_name(*order, after)),
                    Kept::Organizations => Box::new(state.organizations_by_name(*order, after)),
                    Kept::Users(sort) => Box::new(state.users_by_name(sort, *order, after)),
                };
                let contains = contains.as_deref();
                let accounts = accounts.map(AsRef::as_ref);
                accounts.filter(move |account| contains.is_none_or(|text| is_called(account, text)))
            };
            let Page { entries, next, count } = if contains.is_none() {
                Page::of(matching(after.as_ref()), name_of, *limit, Some(count))
            } else {
                // Accounts are few, and only administrators ask: the list is read to its end once.
                Page::counted(matching(None), name_of, &query.page)
            };
            let entries = entries.into_iter().map(|account| self.shown(state, account, call)).collect();
            Ok(AccountPage { accounts: Page { entries, next, count }, users, organizations })
        })
    }
}
