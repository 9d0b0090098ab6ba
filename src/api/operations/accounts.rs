//! Accounts, their passwords, and the sessions of browsers.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, NamePaging, Ordering, Paged};
use crate::domain::account::AccountFilter;

parameters! {
    /// Which accounts.
    WhichAccounts {
        /// Which; all if omitted. A service account is a user without a password.
        filter "filter": Option<AccountFilter>,
        /// Only those whose name or full name contains this, upper and lower case alike.
        contains "contains": Option<String>,
    }
}

/// What is said of the name of a new account under which there are repositories that nobody owns.
pub const NAMESPACE_IN_USE: &str = "repositories are known under this name, or were deleted while the registry may still have \
                                    their content; adoptRepositories gives all of that to the new account";

operations! { Accounts:
    /// List accounts, by name
    ListAccounts = Get "/enzi/v0/accounts" 200 {
        act: AccountList,
        query: (WhichAccounts, Ordering, NamePaging),
        answer: Paged<api::Accounts>,
    }

    /// Make a user, or an organization; a user without a password is a service account
    CreateAccount = Post "/enzi/v0/accounts" 201 {
        act: AccountCreate,
        body: api::CreateAccount,
        answer: api::Account,
        codes: [AccountExists, NamespaceInUse],
    }

    /// View an account, by name or id
    ViewAccount = Get "/enzi/v0/accounts/{name}" 200 {
        act: AccountView,
        answer: api::Account,
        codes: [NoSuchAccount],
    }

    /// Change an account
    UpdateAccount = Patch "/enzi/v0/accounts/{name}" 200 {
        act: AccountUpdate,
        body: api::UpdateAccount,
        answer: api::Account,
        codes: [NoSuchAccount, LastAdministrator],
    }

    /// Delete an account; its repositories stay, without owner
    DeleteAccount = Delete "/enzi/v0/accounts/{name}" 204 {
        act: AccountDelete,
        codes: [LastAdministrator],
    }

    /// Set a password
    ChangePassword = Post "/enzi/v0/accounts/{name}/changePassword" 200 {
        act: AccountChangePassword,
        body: api::ChangePassword,
        answer: api::Account,
        codes: [NoSuchAccount],
    }

    /// Delete an account with its repositories; a `Warning` header says if the registry keeps the content
    DeleteAccountAndRepositories = Delete "/api/v0/accounts/{name}" 204 {
        act: AccountDelete,
        codes: [LastAdministrator],
    }

    /// Lift the wait after wrong passwords
    UnlockAccount = Delete "/api/v0/accounts/{name}/lock" 204 {
        act: AccountUnlock,
        codes: [NoSuchAccount],
    }

    /// Sign in for a browser; the answer sets its cookie
    OpenSession = Post "/api/v0/session" 200 {
        act: SessionOpen,
        body: api::OpenSession,
        answer: api::Session,
        access: Open,
        codes: [NotAuthenticated, NotAuthorized, TooManyRequests],
    }

    /// View the session
    ViewSession = Get "/api/v0/session" 200 {
        act: SessionView,
        answer: api::Session,
    }

    /// List the open sessions of an account, last used first; those of others: administrators
    ListSessions = Get "/api/v0/accounts/{name}/sessions" 200 {
        act: SessionList,
        answer: Vec<api::AccountSession>,
        codes: [NoSuchAccount],
    }

    /// End all sessions of an account but the one that asks
    EndSessions = Delete "/api/v0/accounts/{name}/sessions" 200 {
        act: SessionEnd,
        answer: api::EndedSessions,
        codes: [NoSuchAccount],
    }

    /// End one session of an account
    EndSession = Delete "/api/v0/accounts/{name}/sessions/{session}" 204 {
        act: SessionEnd,
        codes: [NoSuchAccount, NoSuchSession],
    }

    /// Sign out
    CloseSession = Delete "/api/v0/session" 204 {
    }
}
