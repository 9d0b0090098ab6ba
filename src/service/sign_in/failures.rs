//! What is recorded and told of a sign-in that was refused.

use std::net::IpAddr;

use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Outcome};
use crate::domain::secret::without_secrets;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, TokenState};
use crate::domain::user_name::UserName;
use crate::metrics::SignInFailure;
use crate::service::Service;
use crate::service::access::{Caller, Refusal, Subject};
use crate::service::ledger::Deed;

/// What was shown and refused.
pub(super) enum Tried<'t> {
    Password,
    /// An access token; if it exists, which, and why it is refused.
    AccessToken(Option<(&'t AccessToken, Refusal)>),
}

/// Why an access token in this state was refused, in a word.
pub(super) fn failure_of(refusal: &Refusal, state: TokenState) -> SignInFailure {
    match (refusal, state) {
        (Refusal::OtherName, _) => SignInFailure::OtherName,
        (Refusal::RotatedAway, _) => SignInFailure::ReplacedSecret,
        (_, TokenState::Revoked) => SignInFailure::TokenRevoked,
        (_, TokenState::Expired) => SignInFailure::TokenExpired,
        (_, TokenState::Inactive) => SignInFailure::TokenInactive,
        (_, TokenState::AccountInactive) => SignInFailure::InactiveAccount,
        // One that is accepted itself was shown by its replaced secret, whose maker no longer counts.
        (_, TokenState::Stopped | TokenState::Active) => SignInFailure::TokenStopped,
    }
}

impl Service {
    /// Records and tells of a sign-in that was refused. Of an access token that exists the record says which it is, and
    /// why it is refused; the caller does not learn that it exists.
    pub(super) fn note_failure(&self, username: &str, shown: Tried<'_>, address: Option<IpAddr>, now: Timestamp) {
        let state = self.store.state();
        // The name is recorded only if an account or a robot has it: people type passwords into the wrong field.
        let known = UserName::parse(username).ok().and_then(|name| state.account_signing_in(&name));
        let tried = known.map_or_else(|| "(no such account)".to_owned(), |_| username.to_owned());
        let anonymous = Caller::new(Subject::Anonymous, address);
        let deed = Deed::new(Act::AccountSignIn, &tried);
        let deed = known.into_iter().fold(deed, |deed, account| deed.about_account(account));
        let (credential, deed, id, reason) = match shown {
            Tried::Password => (CredentialKind::Password, deed, None, None),
            Tried::AccessToken(None) => (CredentialKind::AccessToken, deed, None, None),
            Tried::AccessToken(Some((token, refusal))) => {
                let reason = without_secrets(&refusal.to_string());
                (CredentialKind::AccessToken, deed.about_token(&state, token), Some(token.id), Some(reason))
            }
        };
        let entry = deed.entry(&anonymous, Outcome::Denied);
        let entry = AuditEntry { credential, credential_id: id, actor: tried, reason, ..entry };
        self.tell_refusal("sign-in", &entry, "", now);
        self.note_event(&anonymous, entry, now);
    }
}
