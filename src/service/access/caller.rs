//! Who calls. Only `sign_in` turns credentials into a [`Caller`], and every use-case takes one.

use std::net::IpAddr;

use crate::domain::account::Account;
use crate::domain::audit::CredentialKind;
use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::domain::user_name::UserName;

/// A checked identity. It holds identifiers only: what it may do is looked up at the moment of each use, so that a
/// change of rights counts from the next request on.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(in crate::service) subject: Subject,
    pub(in crate::service) address: Option<IpAddr>,
    /// The session that the request showed.
    pub(in crate::service) session: Option<SessionKey>,
}

#[derive(Clone, Debug)]
pub(in crate::service) enum Subject {
    /// Somebody who has not signed in.
    Anonymous,
    /// The data directory's owner or root, over the local socket.
    Local { uid: u32 },
    /// The registry next door: by its notifications, or when dockpass reads there itself.
    Registry,
    /// An account.
    Account(Signed),
}

/// An account that signed in.
#[derive(Clone, Debug)]
pub(in crate::service) struct Signed {
    pub(in crate::service) account: Id,
    /// The name that it signed in with: of a robot, not its organization's.
    pub(in crate::service) name: UserName,
    pub(in crate::service) kind: CredentialKind,
    /// The access token that it signed in with, directly or by a registry token.
    pub(in crate::service) token: Option<Id>,
    /// What it showed to sign in.
    pub(in crate::service) proof: Proof,
}

/// What a caller showed to sign in. Each use checks it again, so that a slow request does nothing more once its
/// password or secret is no longer accepted.
#[derive(Clone, Debug)]
pub(in crate::service) enum Proof {
    /// A registry token that was made with the password or the secret of this generation.
    Generation(u64),
    /// The password, as a fingerprint of its stored hash.
    Password(PasswordProof),
    /// The access token's secret, as its hash.
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

/// The key of a session in memory: the hash of its secret.
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

    /// The same caller, with this session.
    pub(in crate::service) fn with_session(self, key: SessionKey) -> Self {
        Self { session: Some(key), ..self }
    }

    /// A caller made up for an account. Nobody has signed in.
    #[cfg(test)]
    pub(in crate::service) fn of_account(account: &Account) -> Self {
        let (id, name) = (account.id, account.name.clone().into());
        let kind = CredentialKind::System;
        let proof = Proof::Generation(account.generation);
        Self::new(Subject::Account(Signed { account: id, name, kind, token: None, proof }), None)
    }

    /// A caller who showed the replaced secret of an access token, which may be accepted no longer.
    pub(in crate::service) fn of_replaced_secret(
        owner: &Account,
        token: &AccessToken,
        shown: TokenHash,
        address: IpAddr,
    ) -> Self {
        let (account, name, kind) = (owner.id, token.user_name(&owner.name), CredentialKind::AccessToken);
        let signed = Signed { account, name, kind, token: Some(token.id), proof: Proof::Secret(shown) };
        Self::new(Subject::Account(signed), Some(address))
    }

    /// Whether nobody signed in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self.subject, Subject::Anonymous)
    }

    /// The name of the account or the robot; `None` unless one signed in.
    #[must_use]
    pub fn name(&self) -> Option<&UserName> {
        match &self.subject {
            Subject::Account(signed) => Some(&signed.name),
            Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
    }

    /// The account's identifier; `None` unless an account signed in.
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

    /// The hash of the access token's secret that it has shown.
    pub(in crate::service) fn secret(&self) -> Option<TokenHash> {
        match &self.subject {
            Subject::Account(Signed { proof: Proof::Secret(hash), .. }) => Some(*hash),
            Subject::Account(_) | Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
    }

    /// Its name in the audit log.
    pub(in crate::service) fn actor(&self) -> String {
        match &self.subject {
            Subject::Anonymous => "anonymous".to_owned(),
            Subject::Local { uid } => format!("local:{uid}"),
            Subject::Registry => "registry".to_owned(),
            Subject::Account(signed) => signed.name.to_string(),
        }
    }

    /// The kind of its credential, for the audit log.
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
