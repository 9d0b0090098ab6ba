//! The open sessions of an account: which there are, and ending them from elsewhere. For the account itself, and for
//! administrators.

use std::net::IpAddr;
use std::sync::Arc;

use super::sessions::Session;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{CredentialKind, Outcome};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Authority, Call, Caller, SessionKey, Subject, find};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;

/// An open session, as the list shows it.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// Its identifier, which opens nothing.
    pub id: Id,
    /// Whether the caller has shown it.
    pub is_this: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// The address of the last use.
    pub address: Option<IpAddr>,
    /// The client that opened it.
    pub user_agent: Arc<str>,
    /// The kind of credential that opened it.
    pub opened_with: CredentialKind,
    /// The label of the access token that opened it, if one did.
    pub token_label: Option<String>,
    /// When it ends, unless it is used before then.
    pub expires_at: Timestamp,
}

impl Service {
    /// The sessions of an account that count at present, last used first.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::NotFound`].
    pub fn list_sessions(&self, call: &Call, name: &str) -> Result<Vec<ListedSession>, Error> {
        self.view(call, Act::SessionList, name, |authority| {
            let account = whose(authority, name)?;
            let mut sessions: Vec<(SessionKey, Session)> = self.sessions.of(account.id);
            sessions.retain(|(_, session)| self.counts(authority, session));
            sessions.sort_unstable_by_key(|(_, session)| std::cmp::Reverse((session.used_at, session.id)));
            Ok(sessions.iter().map(|(key, session)| self.listed(authority, call, *key, session)).collect())
        })
    }

    fn listed(&self, authority: &Authority<'_>, call: &Call, key: SessionKey, session: &Session) -> ListedSession {
        let moment = self.clock.moment();
        let token = session.signed.token.and_then(|id| authority.state().token(id));
        let ends_at = session.ends_at().on(call.now, moment);
        ListedSession {
            id: session.id,
            is_this: call.caller.session == Some(key),
            opened_at: session.opened_at.on(call.now, moment).whole_seconds(),
            used_at: session.used_at.on(call.now, moment).whole_seconds(),
            address: session.address.map(|address| address.to_canonical()),
            user_agent: Arc::clone(&session.user_agent),
            opened_with: session.opened_with,
            token_label: token.map(|token| token.label.to_string()),
            expires_at: token.and_then(|token| token.expires_at).map_or(ends_at, |end| end.min(ends_at)),
        }
    }

    /// Whether a session opens anything at present: its credential may have ended while nobody used it.
    fn counts(&self, authority: &Authority<'_>, session: &Session) -> bool {
        let caller = Caller::new(Subject::Account(session.signed.clone()), session.address);
        let opens = || Authority::of(authority.state(), authority.used(), &caller, authority.now()).is_ok();
        session.ends_at() > self.clock.moment() && opens()
    }

    /// Ends one session of an account.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::NotFound`].
    pub fn end_session(&self, call: &Call, name: &str, id: &str) -> Result<(), Error> {
        let missing = || Error::not_found(Kind::Session, id);
        let (account, deed) = self.permitted_end(call, name, &format!("{name} {id}"))?;
        let id: Id = id.parse().map_err(|_| missing())?;
        if self.sessions.end_of(account, |_, session| session.id == id) == 0 {
            return Err(missing());
        }
        self.note_end(call, &deed);
        Ok(())
    }

    /// Ends all sessions of an account but the one that the caller has shown. Returns how many.
    ///
    /// # Errors
    /// [`Error::Denied`] for those of another account, to all but administrators; [`Error::NotFound`];
    /// [`Error::TooManyChanges`] to one that ends nothing again and again.
    pub fn end_other_sessions(&self, call: &Call, name: &str) -> Result<usize, Error> {
        let (account, deed) = self.permitted_end(call, name, name)?;
        let ended = self.sessions.end_of(account, |key, _| call.caller.session != Some(key));
        // Each leaves a record; nobody is kept from ending what there is.
        self.count_change(call, &deed.clone().free(ended > 0))?;
        self.note_end(call, &deed);
        Ok(ended)
    }

    /// The account whose sessions the caller may end, and the deed on this object. A replaced secret ends none.
    fn permitted_end(&self, call: &Call, name: &str, object: &str) -> Result<(Id, Deed), Error> {
        self.view(call, Act::SessionEnd, object, |authority| {
            let account = whose(authority, name)?;
            authority.present_secret()?;
            Ok((account.id, Deed::new(Act::SessionEnd, object).about_account(account)))
        })
    }

    fn note_end(&self, call: &Call, deed: &Deed) {
        self.note_event(&call.caller, deed.entry(&call.caller, Outcome::Success), call.now);
    }
}

/// The account of this name, if the caller may know of its sessions. Who may not does not learn whether there is one.
fn whose<'s>(authority: &Authority<'s>, name: &str) -> Result<&'s Account, Error> {
    if let Some(own) = authority.account().filter(|_| authority.is_called(name)) {
        return authority.self_or_administrator(own).map(|_| own);
    }
    authority.administrator()?;
    find(authority.state(), name)
}
