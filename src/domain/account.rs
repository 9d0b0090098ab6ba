//! Accounts: users and organizations, which share one set of names.

use super::id::Id;
use super::name::Name;
use super::time::Timestamp;
use super::words::words;

/// Longest full name, in characters.
pub const MAX_FULL_NAME: usize = 200;

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Somebody who signs in; without a password, a service account.
    User,
    /// A namespace that several users share; it never signs in and owns no access tokens.
    Organization,
}

/// An account as it is now. Its name never changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Identifier; a re-created account of the same name has another.
    pub id: Id,
    /// Name, also the namespace that it owns.
    pub name: Name,
    /// User or organization.
    pub kind: AccountKind,
    /// A person's or a team's name in full; may be empty.
    pub full_name: String,
    /// Whether it may sign in at all.
    pub is_active: bool,
    /// Whether it is a system administrator.
    pub is_admin: bool,
    /// Argon2id PHC string, or the bcrypt hash that it was imported with; none for service accounts and organizations.
    pub password: Option<String>,
    /// Whether an administrator set the password, so that its owner should set another.
    pub password_set_by_admin: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many passwords came before the current one; a registry token names this number and ends with its password.
    pub generation: u64,
}

impl Account {
    /// The account with another password.
    #[must_use]
    pub fn with_password(self, hash: String, set_by_admin: bool) -> Self {
        let generation = self.generation.saturating_add(1);
        Self { password: Some(hash), password_set_by_admin: set_by_admin, generation, ..self }
    }

    /// Whether it is a system administrator that can act.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.is_active && self.is_admin && self.kind == AccountKind::User
    }

    /// Whether its password is stored as the hash of bcrypt that it was imported with.
    #[must_use]
    pub fn has_imported_password(&self) -> bool {
        self.password.as_ref().is_some_and(|stored| stored.starts_with("$2"))
    }

    /// Whether it is an organization.
    #[must_use]
    pub fn is_organization(&self) -> bool {
        self.kind == AccountKind::Organization
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({} {})", self.name, self.id)
    }
}

words! {
    /// Which accounts a list shows.
    #[derive(Default)]
    pub enum AccountFilter {
        /// Every one.
        #[default]
        All = "all",
        /// Users.
        Users = "users",
        /// Organizations.
        Organizations = "orgs",
        /// System administrators.
        Admins = "admins",
        /// Users who are no system administrators.
        NonAdmins = "non-admins",
        /// Users who may sign in.
        ActiveUsers = "active-users",
        /// Users who may not.
        InactiveUsers = "inactive-users",
        /// Users without a password.
        ServiceAccounts = "service-accounts",
        /// Users whose sign-in by password is refused after wrong guesses.
        LockedUsers = "locked-users",
    }
}
