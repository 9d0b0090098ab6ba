//! Whether a request of the registry's API may go on.
//!
//! Allowed is what the caller may at this moment; a registry token narrows that to what it was issued for, and widens
//! nothing. What the caller may not do is recorded as at the token endpoint; a registry token that does not say so is not:
//! clients show the one they have, and then ask for another. The caller learns no reason.

use std::sync::Arc;

use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::distribution::{ContentRequest, Object, UploadId, Verb};
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::domain::scope::{RepositoryScope, Scopes};
use crate::service::Service;
use crate::service::access::{Authority, Call, Caller, Permit};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::service::tokens::{EntryForm, Pass, entry, granted};
use crate::store::State;

/// What was decided.
pub enum Admission {
    /// It may go on.
    Admitted(Box<Admitted>),
    /// It may, once the repository is made: [`Service::make_for_push`], then ask again.
    Makes,
    /// It may not: the caller may not do it, or the registry token that it showed does not say so.
    Refused,
}

/// A request that may go on. It carries its permit along: what the registry has done by then is recorded, even if rights
/// have changed meanwhile.
pub struct Admitted {
    /// Who asks, and when.
    pub call: Call,
    /// On what.
    pub repository: RepositoryName,
    /// Whether the blob that it wants to mount may be taken from where it is.
    pub may_mount: bool,
    pub(super) actions: Actions,
    pub(super) permit: Arc<Permit>,
}

impl Service {
    /// Decides whether a request may go on.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands, or its registry token has ended and this is
    /// no upload that it began; [`Error::TooManyChanges`] for a manifest of an account that changes too much.
    pub fn admit(&self, call: &Call, asked: &ContentRequest) -> Result<Admission, Error> {
        let (used, state) = self.present();
        let mut call = call.clone();
        if call.caller.has_ended() && self.goes_on(&state, &call.caller, asked) {
            // What it may now is asked below; only the end of its registry token does not count.
            call.caller = call.caller.going_on();
        }
        let authority = Authority::of(&state, &used, &call.caller, call.now)?;
        authority.visitor()?;
        let (name, actions) = (&asked.repository, asked.actions());
        let in_token = |name: &RepositoryName, actions: Actions| call.caller.is_granted(&state, name, actions);
        if !in_token(name, actions) {
            return Ok(Admission::Refused);
        }
        let Some(permit) = authority.use_content(name, actions) else {
            return Ok(self.not_permitted(&authority, &call, asked));
        };
        let source = asked.mount.as_ref().map(|mount| &mount.from);
        let source = source.filter(|from| authority.actions(from, Actions::PULL).contains(Actions::PULL));
        if source.is_some_and(|from| !in_token(from, Actions::PULL)) {
            return Ok(Admission::Refused);
        }
        let may_mount = source.is_some();
        if is_manifest_change(asked) {
            self.count_change(&call, &Deed::new(Act::TagPush, &asked.repository))?;
        }
        self.note_use_in(&call, name);
        Ok(Admission::Admitted(Box::new(Admitted {
            repository: name.clone(),
            call,
            may_mount,
            actions,
            permit: Arc::new(permit),
        })))
    }

    /// What becomes of a request that the caller itself may not make: the repository of a first push is made, all else is
    /// recorded.
    fn not_permitted(&self, authority: &Authority<'_>, call: &Call, asked: &ContentRequest) -> Admission {
        let scopes = scopes(asked);
        let creates_on_push = self.settings.live.at(authority.state()).create_on_push;
        if creates_on_push && scopes.repositories.first().is_some_and(|own| authority.makes_by_push(own)) {
            return Admission::Makes;
        }
        if !call.caller.is_anonymous() {
            self.note_refused(call, &granted(authority, &scopes, creates_on_push, EntryForm::Identified).refused);
        }
        Admission::Refused
    }

    /// Whether a request goes on with an upload that its caller has begun.
    fn goes_on(&self, state: &State, caller: &Caller, asked: &ContentRequest) -> bool {
        let Object::Upload(upload) = &asked.object else { return false };
        let by = caller.generation().and_then(|generation| caller.holder_of(generation));
        let (Some(by), Some(repository)) = (by, state.repository(&asked.repository)) else { return false };
        self.uploads.is_begun_by(upload, repository.id, by, self.clock.moment())
    }

    /// Notes that an upload was begun, or goes on under another name, by which the registry knows it from now on.
    pub fn note_upload(&self, admitted: &Admitted, asked: &ContentRequest, next: Option<&UploadId>) {
        let Some(next) = next else { return };
        let before = match (&asked.object, asked.verb) {
            (Object::Uploads, Verb::Post) => None,
            (Object::Upload(before), Verb::Patch) => Some(before),
            (
                Object::Uploads
                | Object::Upload(_)
                | Object::Manifest(_)
                | Object::Blob(_)
                | Object::Tags
                | Object::Referrers(_),
                _,
            ) => return,
        };
        let (used, state) = self.present();
        let caller = &admitted.call.caller;
        let authority = Authority::of(&state, &used, caller, admitted.call.now).ok();
        let generation = authority.and_then(|authority| authority.generation(caller));
        let by = generation.and_then(|generation| caller.holder_of(generation));
        if let (Some(by), Some(repository)) = (by, state.repository(&admitted.repository)) {
            self.uploads.note(next, before, repository.id, by, self.clock.moment());
        }
    }

    /// A pass for the registry behind the gateway, with which a request goes on.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub fn upstream_pass(&self, admitted: &Admitted, asked: &ContentRequest) -> Result<Pass, Error> {
        let own = entry("repository", admitted.repository.as_str(), &asked.actions().names());
        let source = asked.mount.iter().map(|mount| entry("repository", mount.from.as_str(), &["pull"]));
        self.pass_for(admitted.call.now, std::iter::once(own).chain(source).collect())
    }

    /// Makes the repository that a request pushes to, if the caller may. Blocks.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands.
    pub fn make_for_push(&self, call: &Call, repository: &RepositoryName) -> Result<(), Error> {
        self.create_by_push(call, vec![repository.clone()])
    }

    /// The repository of a request that was admitted, as it is now.
    #[must_use]
    pub fn admitted_repository(&self, admitted: &Admitted) -> Option<Arc<Repository>> {
        self.store.state().repository(&admitted.repository).cloned()
    }
}

/// What a request asks for, as a client would ask for it at the token endpoint.
fn scopes(asked: &ContentRequest) -> Scopes {
    let actions = asked.actions();
    let pushes = actions.contains(Actions::PUSH);
    let own = RepositoryScope { name: asked.repository.clone(), actions, pushes };
    let source = asked.mount.as_ref().filter(|mount| mount.from != asked.repository);
    let source =
        source.map(|mount| RepositoryScope { name: mount.from.clone(), actions: Actions::PULL, pushes: false });
    Scopes { repositories: std::iter::once(own).chain(source).collect(), ..Scopes::default() }
}

/// Whether it changes what the audit log records.
fn is_manifest_change(asked: &ContentRequest) -> bool {
    matches!(asked.object, Object::Manifest(_)) && asked.actions() != Actions::PULL
}
