//! A deed: one act on one object, as the audit log will record it.

use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditedAccount, AuditedRepository, AuditedToken, Concerned, Outcome};
use crate::domain::name::RepositoryName;
use crate::domain::secret::without_secrets;
use crate::domain::token::AccessToken;
use crate::service::access::Caller;
use crate::store::State;

/// Longest object that is recorded, in bytes.
const MAX_OBJECT: usize = 512;

/// One act on one object.
#[derive(Clone, Debug)]
pub(in crate::service) struct Deed {
    pub(in crate::service) act: Act,
    pub(in crate::service) object: String,
    pub(in crate::service) concerned: Concerned,
    /// Whether it counts for no bound of changes: it takes the power of a credential away, and does nothing else.
    pub(in crate::service) is_free: bool,
}

impl Deed {
    pub(in crate::service) fn new(act: Act, object: impl ToString) -> Self {
        Self { act, object: object.to_string(), concerned: Concerned::default(), is_free: false }
    }

    /// An act on an access token, or the same on a robot, which is named.
    pub(in crate::service) fn of_token(act: Act, state: &State, token: &AccessToken) -> Self {
        let robot = state.account(token.owner).filter(|_| token.is_robot());
        let deed = match robot.map(|owner| token.user_name(&owner.name)) {
            Some(name) => Self::new(act.on_robot(), format!("{name} {}", token.id)),
            None => Self::new(act, token.id),
        };
        deed.about_token(state, token)
    }

    /// The same deed, which counts for no bound of changes if `is_free`. It must leave no record where there was nothing to
    /// end.
    pub(in crate::service) fn free(self, is_free: bool) -> Self {
        Self { is_free, ..self }
    }

    /// The same deed, concerning this account.
    pub(in crate::service) fn about_account(mut self, account: &Account) -> Self {
        self.concerned.account = Some(audited_account(account));
        self
    }

    /// The same deed, concerning the repository of this name.
    pub(in crate::service) fn about_repository(mut self, state: &State, name: &RepositoryName) -> Self {
        self.concerned.repository = Some(audited_repository(state, name));
        self
    }

    /// The same deed, concerning this access token.
    pub(in crate::service) fn about_token(mut self, state: &State, token: &AccessToken) -> Self {
        let owner = state.account(token.owner).map(|owner| owner.name.to_string()).unwrap_or_default();
        let label = without_secrets(&token.label);
        self.concerned.access_token = Some(AuditedToken { id: token.id, label, owner });
        self
    }

    /// Its audit entry, with this caller as the actor.
    pub(in crate::service) fn entry(&self, caller: &Caller, outcome: Outcome) -> AuditEntry {
        AuditEntry {
            actor: caller.actor(),
            actor_id: caller.account(),
            credential: caller.credential(),
            credential_id: caller.token(),
            credential_label: None,
            address: caller.address.map(|address| address.to_string()).unwrap_or_default(),
            act: self.act,
            object: bounded(&without_secrets(&self.object)),
            outcome,
            concerned: self.concerned.clone(),
            reason: None,
            summed: None,
        }
    }
}

pub(super) fn audited_account(account: &Account) -> AuditedAccount {
    AuditedAccount { name: account.name.to_string(), id: Some(account.id) }
}

pub(super) fn audited_repository(state: &State, name: &RepositoryName) -> AuditedRepository {
    let id = state.repository(name).map(|repository| repository.id);
    AuditedRepository { name: name.to_string(), id }
}

/// The label of the access token that a caller signed in with.
pub(super) fn label(state: &State, caller: &Caller) -> Option<String> {
    caller.token().and_then(|id| state.token(id)).map(|token| without_secrets(&token.label))
}

fn bounded(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_OBJECT)).unwrap_or_default().to_owned()
}
