//! The trace of what was asked for in a registry token and refused: a record for each repository, within the audit log's
//! budgets, and a line of the server's log. The caller learns no reason: it would tell what is there.

use super::grants::{Refused, Target};
use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, Outcome};
use crate::domain::scope::{RepositoryScope, TooManyScopes};
use crate::service::Service;
use crate::service::access::{Call, Refusal};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::store::State;

impl Service {
    /// Notes that the scopes of a request were refused as a whole, if its caller has signed in.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands.
    pub fn refuse_scopes(&self, call: &Call, error: TooManyScopes) -> Result<(), Error> {
        let has_signed_in = !call.caller.is_anonymous();
        if self.view(call, Act::RegistryTokenRefuse, "", |authority| authority.visitor().map(|()| has_signed_in))? {
            let reason = Refusal::UnreadWhole(error.to_string());
            self.note_refused(call, &[Refused { what: Target::Unread, reason }]);
        }
        Ok(())
    }

    /// Notes what was refused.
    pub(in crate::service) fn note_refused(&self, call: &Call, refused: &[Refused]) {
        let state = self.store.state();
        for refused in refused {
            let entry = deed(&state, &refused.what).entry(&call.caller, Outcome::Denied);
            let entry = AuditEntry { reason: Some(reason(refused)), ..entry };
            if let Some(about) = about(&refused.what) {
                self.tell_refusal("registry token", &entry, &about, call.now);
            }
            self.note_event(&call.caller, entry, call.now);
        }
    }
}

fn deed(state: &State, what: &Target) -> Deed {
    match what {
        Target::Repository { asked: RepositoryScope { name, actions, .. }, granted, .. } => {
            let refused = actions.without(*granted);
            Deed::new(Act::RegistryTokenRefuse, format!("{name} {refused:?}")).about_repository(state, name)
        }
        Target::Catalog => Deed::new(Act::RegistryTokenRefuse, "registry:catalog:*"),
        Target::Rest | Target::Unread => Deed::new(Act::RegistryTokenRefuse, ""),
    }
}

fn reason(refused: &Refused) -> String {
    match refused.what {
        Target::Repository { is_mount_source: true, .. } => {
            format!("as the source of a mount, which docker asks for by habit: {}", refused.reason)
        }
        Target::Repository { is_mount_source: false, .. } | Target::Catalog | Target::Rest | Target::Unread => {
            refused.reason.to_string()
        }
    }
}

/// What the line says beside the caller; none where nothing has failed.
fn about(what: &Target) -> Option<String> {
    let shown = |actions: Actions| if actions.is_empty() { "none".to_owned() } else { format!("{actions:?}") };
    match what {
        Target::Repository { is_mount_source: true, .. } => None,
        Target::Repository { asked: RepositoryScope { name, actions, .. }, granted, is_mount_source: false } => {
            Some(format!(" repository={name} asked={actions:?} granted={}", shown(*granted)))
        }
        Target::Catalog => Some(" repository=- asked=catalog granted=none".to_owned()),
        Target::Rest => Some(" repository=- asked=more granted=some".to_owned()),
        Target::Unread => Some(" repository=- asked=unreadable granted=none".to_owned()),
    }
}
