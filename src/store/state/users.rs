//! Users of each sort by name, and their numbers: a page of a list costs what it shows.

use std::ops::Bound;
use std::sync::Arc;

use super::State;
use crate::domain::account::Account;
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::name::Name;
use crate::domain::order::Order;

/// What users are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserSort {
    /// Every user.
    Any,
    /// System administrators, active or not.
    Admin,
    /// Those who are none.
    NonAdmin,
    /// Users who may sign in.
    Active,
    /// Users who may not.
    Inactive,
    /// Users without a password.
    Service,
}

impl UserSort {
    /// Every sort.
    pub const ALL: [Self; 6] = [Self::Any, Self::Admin, Self::NonAdmin, Self::Active, Self::Inactive, Self::Service];

    /// Whether an account is a user of this sort.
    #[must_use]
    pub fn has(self, account: &Account) -> bool {
        let is_meant = match self {
            Self::Any => true,
            Self::Admin => account.is_admin,
            Self::NonAdmin => !account.is_admin,
            Self::Active => account.is_active,
            Self::Inactive => !account.is_active,
            Self::Service => account.password.is_none(),
        };
        is_meant && !account.is_organization()
    }

    fn of(account: &Account) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|sort| sort.has(account))
    }
}

/// Reading.
impl State {
    /// Users of a sort by name, from the first after `after` (from the beginning, if none).
    pub fn users_by_name<'a>(
        &'a self,
        sort: UserSort,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = &'a Arc<Account>> + use<'a> {
        let after = after.map(|name| (sort, name.clone()));
        let rest = order.rest(after, Bound::Excluded((sort, Name::first())), Bound::Excluded((sort, Name::last())));
        order.walk(self.users.range(rest)).filter_map(|(_, id)| self.accounts.get(id))
    }

    /// How many users of a sort there are.
    #[must_use]
    pub fn users_of(&self, sort: UserSort) -> usize {
        self.user_counts.get(&sort).copied().unwrap_or(0)
    }

    /// The highest cost of an active account's password that was imported as a hash of bcrypt and is not hashed anew yet.
    #[must_use]
    pub fn highest_bcrypt_cost(&self) -> Option<u32> {
        self.bcrypt_costs.get_max().map(|(cost, _)| *cost)
    }

    /// How many active accounts have such a password.
    #[must_use]
    pub fn imported_passwords(&self) -> usize {
        self.bcrypt_costs.values().sum()
    }
}

/// Changing.
impl State {
    /// Lists a user that is not listed yet.
    pub(super) fn list_user(&mut self, account: &Account) {
        for sort in UserSort::of(account) {
            self.users.insert((sort, account.name.clone()), account.id);
            let count = self.users_of(sort) + 1;
            self.user_counts.insert(sort, count);
        }
        if let Some(cost) = bcrypt_cost(account) {
            let count = self.bcrypt_costs.get(&cost).copied().unwrap_or(0) + 1;
            self.bcrypt_costs.insert(cost, count);
        }
    }

    pub(super) fn unlist_user(&mut self, account: &Account) {
        for sort in UserSort::of(account) {
            self.users.remove(&(sort, account.name.clone()));
            match self.users_of(sort).saturating_sub(1) {
                0 => self.user_counts.remove(&sort),
                count => self.user_counts.insert(sort, count),
            };
        }
        let rest = |cost| self.bcrypt_costs.get(&cost).map(|count: &usize| (cost, count.saturating_sub(1)));
        match bcrypt_cost(account).and_then(rest) {
            Some((cost, 0)) => drop(self.bcrypt_costs.remove(&cost)),
            Some((cost, count)) => drop(self.bcrypt_costs.insert(cost, count)),
            None => (),
        }
    }
}

fn bcrypt_cost(account: &Account) -> Option<u32> {
    // An inactive account's is never compared.
    let password = account.password.as_deref().filter(|_| account.is_active && account.has_imported_password())?;
    Some(BcryptHash::parse(password).ok()?.cost())
}
