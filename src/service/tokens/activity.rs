//! What an account or an access token did, and what was done to it, for whom it concerns: the owner, who is no
//! administrator, and the access token itself.
//!
//! It is the audit log without what is others' to know. A refusal is in it only if it is about something that the caller
//! sees at present: what is there and hidden is left out as what never was. So are sums over several objects, whose counts
//! would tell them apart, and what others did to organizations and repositories.

use super::which::{WhichToken, find_token};
use crate::domain::act::Act;
use crate::domain::audit::{AuditRecord, AuditedRepository, AuditedToken, CredentialKind, Outcome, Summed};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::order::Order;
use crate::domain::sealed_number::SealedNumber;
use crate::service::Service;
use crate::service::access::{Authority, Call, find};
use crate::service::error::Error;
use crate::service::ledger::{AuditFilter, AuditWalk, Filter};
use crate::service::page::Page;

/// Whose activity it is.
struct Whose {
    account: Id,
}

impl Service {
    /// A page of what an access token did and what was done to it, newest first; for its owner and administrators. What
    /// waits is written within half a minute.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Hidden`] for what the caller may not see.
    pub fn token_activity(
        &self,
        call: &Call,
        which: impl Into<WhichToken>,
        filter: &AuditFilter,
        start: Option<SealedNumber>,
        limit: usize,
    ) -> Result<Page<AuditRecord, SealedNumber>, Error> {
        let which = which.into();
        self.view(call, which.act(Act::TokenActivity), &which.to_string(), |authority| {
            authority.signed_in()?;
            let token = find_token(authority, &which)?;
            authority.view_token(token)?;
            let whose = Whose { account: token.owner };
            let filter = AuditFilter { token: Some(token.id.to_string()), ..filter.clone() };
            self.activity_of(authority, &whose, filter, (start, limit))
        })
    }

    /// A page of what an account did and what was done to it and its access tokens, newest first; for itself and
    /// administrators. A narrowed access token gets what concerns itself.
    ///
    /// # Errors
    /// [`Error::Denied`] to others, whether or not there is such an account; [`Error::NotFound`].
    pub fn account_activity(
        &self,
        call: &Call,
        name: &str,
        filter: &AuditFilter,
        start: Option<SealedNumber>,
        limit: usize,
    ) -> Result<Page<AuditRecord, SealedNumber>, Error> {
        self.view(call, Act::AccountActivity, name, |authority| {
            authority.signed_in()?;
            if !authority.is_called(name) {
                authority.administrator()?;
            }
            let account = find(authority.state(), name)?;
            let token = authority.only_token().map(|token| token.id);
            let whose = Whose { account: account.id };
            let account = Some(account.id.to_string());
            let filter = AuditFilter { account, token: token.map(|id| id.to_string()), ..filter.clone() };
            self.activity_of(authority, &whose, filter, (start, limit))
        })
    }

    fn activity_of(
        &self,
        authority: &Authority<'_>,
        whose: &Whose,
        filter: AuditFilter,
        (start, limit): (Option<SealedNumber>, usize),
    ) -> Result<Page<AuditRecord, SealedNumber>, Error> {
        let filter = Filter::in_state(authority.state(), filter)?;
        let sought = filter.sought();
        let head = authority.state().audit().seq;
        let after = self.opened(start)?;
        let walk = AuditWalk { order: Order::Descending, after, head, limit, sought: &sought };
        let is_wanted = |record: &AuditRecord| filter.matches(record) && whose.may_see(authority, record);
        let Page { entries, next, count } = self.sealed(self.walk_audit(&walk, is_wanted)?);
        let entries = entries.into_iter().map(|logged| whose.without_others(authority, logged.record)).collect();
        Ok(Page { entries, next, count })
    }
}

impl Whose {
    fn may_see(&self, authority: &Authority<'_>, record: &AuditRecord) -> bool {
        if record.outcome == Outcome::Denied.as_str() {
            let is_own = record.actor_id == Some(self.account) || self.is_object(authority, record);
            return !is_mixed(record)
                && self.sees_object(authority, record)
                && (is_own || administers_object(authority, record));
        }
        record.actor_id == Some(self.account) || self.is_object(authority, record)
    }

    /// Whether it is about the account itself, or one of its access tokens.
    fn is_object(&self, authority: &Authority<'_>, record: &AuditRecord) -> bool {
        let owner = authority.state().account(self.account).map(|account| account.name.as_str());
        let owns = |token: &AuditedToken| match authority.state().token(token.id) {
            Some(there) => there.owner == self.account,
            None => Some(token.owner.as_str()) == owner,
        };
        match (&record.account, &record.access_token, &record.repository) {
            (_, Some(token), _) => owns(token),
            (Some(account), None, None) => {
                account.id == Some(self.account)
                    && ["account.", "session."].iter().any(|noun| record.action.starts_with(noun))
            }
            // Earlier records of a sign-in have the name alone.
            (None, None, None) => record.action == Act::AccountSignIn.word() && Some(record.object.as_str()) == owner,
            (Some(_) | None, None, Some(_)) => false,
        }
    }

    /// Whether what was refused is something that the caller sees: a repository that is the same today, or a name where it
    /// may see whatever is there.
    fn sees_object(&self, authority: &Authority<'_>, record: &AuditRecord) -> bool {
        let Some(AuditedRepository { name, id }) = &record.repository else {
            return record.object.is_empty() || self.is_object(authority, record);
        };
        let name = RepositoryName::parse_shown(name).ok().filter(|name| authority.level(name).is_some());
        let there = |name: &RepositoryName| authority.state().repository(name).map(|there| there.id);
        name.is_some_and(|name| id.is_none() || there(&name) == *id)
    }

    /// The record without what is not the caller's to know: from where others acted, and with what.
    fn without_others(&self, authority: &Authority<'_>, record: AuditRecord) -> AuditRecord {
        let is_own = record.actor_id == Some(self.account);
        let (kind, _) = record.credential_parts();
        let kind = kind.parse::<CredentialKind>().unwrap_or(CredentialKind::System);
        // From where strangers tried its password is the account's to know.
        if authority.is_administrator() || is_own || (record.actor_id.is_none() && kind.may_be_of_stranger()) {
            return record;
        }
        let credential = record.credential_parts().0.to_owned();
        // And from where somebody held the secret of its access token, as `revokedFrom` tells it: who had that is no less a
        // stranger for having signed in.
        let is_holder = record.action == Act::TokenRevoke.word();
        let address = Some(record.address.clone()).filter(|_| is_holder).unwrap_or_default();
        AuditRecord { address, credential, credential_label: None, ..record }
    }
}

/// Whether the caller administers the repository that a record is about, and so may know who was refused there.
fn administers_object(authority: &Authority<'_>, record: &AuditRecord) -> bool {
    let name = record.repository.as_ref().and_then(|it| RepositoryName::parse_shown(&it.name).ok());
    name.is_some_and(|name| authority.administers(&name))
}

/// Whether it sums refusals at different objects.
fn is_mixed(record: &AuditRecord) -> bool {
    match record.summed.as_deref().map(str::parse::<Summed>) {
        None | Some(Ok(Summed::Target)) => false,
        Some(
            Ok(
                Summed::Source
                | Summed::Network
                | Summed::Strangers
                | Summed::UnknownNames
                | Summed::Caller
                | Summed::Callers,
            )
            | Err(_),
        ) => true,
    }
}
