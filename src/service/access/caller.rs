//! Who calls. Only `authentication` makes a [`Caller`], and every use-case wants one.

use std::net::IpAddr;

use crate::domain::account::Account;
use crate::domain::audit::CredentialKind;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;

/// A checked identity. It holds identifiers only: what it may do is looked up at the moment of each use, so that a
/// change of rights counts from the next request on.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(in crate::service) subject: Subject,
    pub(in crate::service) address: Option<IpAddr>,
    /// The session that it showed.
    pub(in crate::service) session: Option<SessionKey>,
}

#[derive(Clone, Debug)]
pub(in crate::service) enum Subject {
    /// Nobody in particular.
    Anonymous,
    /// The data directory's owner or root, over the local socket.
    Local { uid: u32 },
    /// The registry next door, by its notifications, or by what dockpass reads there.
    Registry,
    /// An account.
    Account(Signed),
}

/// An account that signed in.
#[derive(Clone, Debug)]
pub(in crate::service) struct Signed {
    pub(in crate::service) account: Id,
    pub(in crate::service) name: Name,
    pub(in crate::service) kind: CredentialKind,
    /// The access token that it signed in with, directly or by a registry token.
    pub(in crate::service) token: Option<Id>,
    /// What it showed.
    pub(in crate::service) proof: Proof,
}

/// What a caller showed, so that a request that takes its time ends with what it was begun with: after a new password or a
/// new secret the old one does nothing more.
#[derive(Clone, Debug)]
pub(in crate::service) enum Proof {
    /// Nothing: the account speaks for itself.
    None,
    /// A registry token that was made with the password or the secret of this generation.
    Generation(u64),
    /// The password of this stored hash.
    Password(PasswordProof),
    /// The access token's text of this hash.
    Secret(TokenHash),
}

/// Fingerprint of a stored password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct PasswordProof([u8; 32]);

impl PasswordProof {
    pub(in crate::service) fn of(stored: &str) -> Self {
        Self(*blake3::hash(stored.as_bytes()).as_bytes())
    }

    /// Whether the account still has the password that was shown.
    pub(in crate::service) fn holds(self, account: &Account) -> bool {
        account.password.as_deref().map(Self::of) == Some(self)
    }
}

/// What names a session in memory: the hash of its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::service) struct SessionKey([u8; 32]);

impl SessionKey {
    pub(in crate::service) fn of(secret: &str) -> Self {
        Self(*blake3::hash(secret.as_bytes()).as_bytes())
    }
}

impl Caller {
    pub(in crate::service) fn new(subject: Subject, address: Option<IpAddr>) -> Self {
        Self { subject, address, session: None }
    }

    /// The same, by this session.
    pub(in crate::service) fn with_session(self, key: SessionKey) -> Self {
        Self { session: Some(key), ..self }
    }

    /// An account by itself, to ask what it may; not somebody who calls.
    pub(in crate::service) fn of_account(account: &Account) -> Self {
        let (id, name) = (account.id, account.name.clone());
        let kind = CredentialKind::System;
        Self::new(Subject::Account(Signed { account: id, name, kind, token: None, proof: Proof::None }), None)
    }

    /// Whether nobody signed in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.subject, Subject::Anonymous)
    }

    /// The account's name; none for anonymous and local callers.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        match &self.subject {
            Subject::Account(signed) => Some(&signed.name),
            Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
    }

    /// The account's identifier; none for anonymous and local callers.
    pub(in crate::service) fn account(&self) -> Option<Id> {
        match &self.subject {
            Subject::Account(signed) => Some(signed.account),
            Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
    }

    /// The access token that it signed in with.
    pub(in crate::service) fn token(&self) -> Option<Id> {
        match &self.subject {
            Subject::Account(signed) => signed.token,
            Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
    }

    /// Who it is in the audit log.
    pub(in crate::service) fn actor(&self) -> String {
        match &self.subject {
            Subject::Anonymous => "anonymous".to_owned(),
            Subject::Local { uid } => format!("local:{uid}"),
            Subject::Registry => "registry".to_owned(),
            Subject::Account(signed) => signed.name.to_string(),
        }
    }

    /// By what it is known.
    pub(in crate::service) fn credential(&self) -> CredentialKind {
        match &self.subject {
            Subject::Anonymous => CredentialKind::None,
            Subject::Local { .. } => CredentialKind::Socket,
            Subject::Registry => CredentialKind::Registry,
            Subject::Account(signed) => signed.kind,
        }
    }
}

/// One call of a use-case: who, when, with what program.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The moment of the request.
    pub now: Timestamp,
    /// The client's `User-Agent`, bounded.
    pub user_agent: String,
}
