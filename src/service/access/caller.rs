//! Who calls. Only `sign_in` turns credentials into a [`Caller`], and every use-case takes one.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::access::Actions;
use crate::domain::account::Account;
use crate::domain::audit::{CredentialKind, credential};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::domain::user_name::UserName;
use crate::store::State;

/// A checked identity. It holds identifiers only: what it may do is looked up at the moment of each use, so that a
/// change of rights counts from the next request on.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(in crate::service) subject: Subject,
    pub(in crate::service) address: Option<IpAddr>,
    /// The session that the request showed.
    pub(in crate::service) session: Option<SessionKey>,
    /// The registry token that it showed.
    ticket: Option<Arc<Ticket>>,
}

/// What a registry token that was shown was issued for: it narrows what its caller may do in the registry.
#[derive(Debug)]
pub(in crate::service) struct Ticket {
    /// The actions on each repository.
    pub(in crate::service) repositories: Vec<TicketEntry>,
    /// Whether it is past its end: then it counts for an upload alone that was begun before.
    pub(in crate::service) has_ended: bool,
}

/// What a registry token was issued for on one repository.
#[derive(Clone, Debug)]
pub(in crate::service) struct TicketEntry {
    /// The repository's name.
    pub(in crate::service) name: RepositoryName,
    /// Which repository had the name then, where the token says it: one that was made later is another one.
    pub(in crate::service) id: Option<Id>,
    /// The actions.
    pub(in crate::service) actions: Actions,
}

/// Who holds a credential: the same account, with the same access token or without, and the same secret or password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::service) struct Holder {
    account: Id,
    token: Option<Id>,
    generation: u64,
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
        Self { subject, address, session: None, ticket: None }
    }

    /// The same caller, with this session.
    pub(in crate::service) fn with_session(self, key: SessionKey) -> Self {
        Self { session: Some(key), ..self }
    }

    /// The same caller, who showed a registry token.
    pub(in crate::service) fn with_ticket(self, ticket: Ticket) -> Self {
        Self { ticket: Some(Arc::new(ticket)), ..self }
    }

    /// Whether the registry token that it showed is past its end.
    pub(in crate::service) fn has_ended(&self) -> bool {
        self.ticket.as_ref().is_some_and(|ticket| ticket.has_ended)
    }

    /// The same caller, as if its registry token went on: for an upload that it has begun.
    pub(in crate::service) fn going_on(mut self) -> Self {
        self.ticket =
            self.ticket.map(|ticket| Arc::new(Ticket { repositories: ticket.repositories.clone(), has_ended: false }));
        self
    }

    /// Whether the registry token that it showed, if it is one, was issued for these actions on the repository that has
    /// this name in this state.
    pub(in crate::service) fn is_granted(&self, state: &State, name: &RepositoryName, actions: Actions) -> bool {
        let present = state.repository(name).map(|repository| repository.id);
        let held = |ticket: &Arc<Ticket>| {
            let is_it = |entry: &&TicketEntry| entry.name == *name && entry.id.is_none_or(|id| present == Some(id));
            let entries = ticket.repositories.iter().filter(is_it);
            entries.fold(Actions::NONE, |held, entry| held.union(entry.actions)).contains(actions)
        };
        self.ticket.as_ref().is_none_or(held)
    }

    /// Who holds the credential that it showed, with the password or secret of this generation.
    pub(in crate::service) fn holder_of(&self, generation: u64) -> Option<Holder> {
        Some(Holder { account: self.account()?, token: self.token(), generation })
    }

    /// The generation of the password or the secret that its registry token was made with.
    pub(in crate::service) fn generation(&self) -> Option<u64> {
        match &self.subject {
            Subject::Account(Signed { proof: Proof::Generation(generation), .. }) => Some(*generation),
            Subject::Account(_) | Subject::Anonymous | Subject::Local { .. } | Subject::Registry => None,
        }
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

    /// Who it is and by what credential, as lines of the log and records of the audit log name both: never a secret.
    #[must_use]
    pub fn told(&self) -> (String, String) {
        (self.actor(), credential(self.credential().as_str(), self.token()))
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
