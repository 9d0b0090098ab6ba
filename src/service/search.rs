//! Search by a part of the name, over accounts and the repositories that the caller sees.

use std::sync::Arc;

use crate::domain::act::Act;
use crate::domain::name::Namespace;
use crate::domain::order::Order;
use crate::service::Service;
use crate::service::access::{Call, visible};
use crate::service::content::RepositoryView;
use crate::service::error::Error;
use crate::service::people::AccountView;
use crate::store::Sought;

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// A part of the name, ignoring case.
    pub text: String,
    /// Only repositories in this namespace.
    pub namespace: Option<Namespace>,
    /// At most this many of each kind.
    pub limit: usize,
    /// Whether repositories are searched.
    pub repositories: bool,
    /// Whether accounts are searched; anonymous callers find none.
    pub accounts: bool,
}

/// What was found, by name.
#[derive(Debug, Default)]
pub struct Found {
    /// Repositories that the caller sees.
    pub repositories: Vec<RepositoryView>,
    /// Accounts, each as far as the caller may see it.
    pub accounts: Vec<AccountView>,
}

impl Service {
    /// Searches. Anonymous callers find public repositories only.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands.
    pub fn search(&self, call: &Call, search: &Search) -> Result<Found, Error> {
        self.view(call, Act::RepositorySearch, "", |authority| {
            authority.visitor()?;
            let mut found = Found::default();
            // Names are always in lower case.
            let sought = Arc::new(Sought::new(search.text.to_lowercase()));
            if search.repositories {
                let namespace = search.namespace.as_ref();
                let matching = visible::containing(authority, namespace, Order::Ascending, None, &sought);
                found.repositories =
                    matching.filter_map(|one| self.shown_repository(authority, one)).take(search.limit).collect();
            }
            if search.accounts && authority.account_data().is_ok() {
                let matching = authority.state().accounts_containing(&sought);
                found.accounts =
                    matching.take(search.limit).map(|account| self.seen(authority, account, call)).collect();
            }
            Ok(found)
        })
    }
}
