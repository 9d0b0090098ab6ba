//! What of a request goes into a registry token: what the caller has of it, in the order asked as far as there is room,
//! and then by name. What is refused has its reason, worked out only then: the usual request is granted whole. Pure.

use crate::domain::access::Actions;
use crate::domain::name::RepositoryName;
use crate::domain::scope::{RepositoryScope, Scopes};
use crate::service::access::{Authority, Refusal};
use crate::service::signing::MAX_REGISTRY_TOKEN;

/// What all but the grants take of a registry token at most: the header with its certificate, the other claims, the signature.
const REST: usize = 6 * 1024;
/// Room for the grants, as JSON before base64 makes four bytes of three.
const ROOM: usize = (MAX_REGISTRY_TOKEN - REST) / 4 * 3;

/// What is granted, and what is refused.
pub(in crate::service) struct Granted {
    pub(in crate::service) scopes: Scopes,
    /// Empty, and not allocated, if all is granted.
    pub(in crate::service) refused: Vec<Refused>,
}

/// What is refused of a request.
pub(in crate::service) struct Refused {
    pub(super) what: Target,
    pub(super) reason: Refusal,
}

/// On what something is refused.
pub(in crate::service) enum Target {
    /// A repository: what was asked for, and what of it was granted.
    Repository { asked: RepositoryScope, granted: Actions, is_mount_source: bool },
    /// The catalogue.
    Catalog,
    /// Repositories that have found no room.
    Rest,
    /// What could not be read.
    Unread,
}

/// How a registry token says what it grants on a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum EntryForm {
    /// By name, as every registry reads it.
    Named,
    /// With the repository's identifier besides: for the gateway, which compares it.
    Identified,
}

/// Room for grants in a registry token, in bytes. Once one finds none, those after it find none, either.
struct Room {
    left: usize,
    /// What each takes, besides its name and its actions.
    around: usize,
}

impl Room {
    fn of(form: EntryForm) -> Self {
        const NAMED: usize = r#"{"type":"repository","name":"","actions":[]},"#.len();
        const ID: usize = r#","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV""#.len();
        let around = match form {
            EntryForm::Named => NAMED,
            EntryForm::Identified => NAMED + ID,
        };
        Self { left: ROOM, around }
    }

    /// Takes what the actions need that are granted, or will be once the repository is made; false if there is not so much.
    fn take(&mut self, authority: &Authority<'_>, asked: &RepositoryScope, granted: Actions) -> bool {
        let is_made = asked.pushes && !granted.contains(Actions::PUSH) && authority.makes_by_push(asked);
        let actions = if is_made { authority.actions_once_made(&asked.name, asked.actions) } else { granted };
        if actions.is_empty() {
            return true;
        }
        let names: usize = actions.each().map(|name| name.len() + r#""","#.len()).sum();
        let left = self.left.checked_sub(self.around + asked.name.as_str().len() + names);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// Most repositories of a request that is taken for a push with sources of mounts.
const OF_A_MOUNT: usize = 4;

/// The repositories that do not exist and that the caller asks to push to and may make, as far as they will have room.
pub(super) fn to_be_made(authority: &Authority<'_>, asked: &Scopes, form: EntryForm) -> Vec<RepositoryName> {
    if !asked.repositories.iter().any(|scope| authority.makes_by_push(scope)) {
        return Vec::new();
    }
    let mut room = Room::of(form);
    let made = asked.repositories.iter().filter(|scope| {
        let granted = authority.actions(&scope.name, scope.actions);
        room.take(authority, scope, granted) && authority.makes_by_push(scope)
    });
    made.map(|scope| scope.name.clone()).collect()
}

/// Decides what is granted.
pub(in crate::service) fn granted(
    authority: &Authority<'_>,
    asked: &Scopes,
    creates_on_push: bool,
    form: EntryForm,
) -> Granted {
    let (mut room, mut refused, mut left_out) = (Room::of(form), Vec::new(), 0);
    let mut repositories = Vec::with_capacity(asked.repositories.len());
    for scope in &asked.repositories {
        let actions = authority.actions(&scope.name, scope.actions);
        if !room.take(authority, scope, actions) {
            left_out += 1;
            continue;
        }
        let missing = scope.actions.with_implied().without(actions);
        if !missing.is_empty() {
            let reason = authority.why_not(scope, missing, creates_on_push);
            let is_mount_source = actions.is_empty() && is_mount_source(authority, scope, asked);
            let what = Target::Repository { asked: scope.clone(), granted: actions, is_mount_source };
            refused.push(Refused { what, reason });
        }
        if !actions.is_empty() {
            repositories.push(RepositoryScope { actions, ..scope.clone() });
        }
    }
    // In an order that does not depend on the client.
    repositories.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let lists_all = authority.may_list_whole_registry();
    if (asked.catalog || asked.nameless) && !lists_all {
        refused.push(Refused { what: Target::Catalog, reason: Refusal::WholeRegistry });
    }
    if left_out > 0 {
        refused.push(Refused { what: Target::Rest, reason: Refusal::NoRoom(left_out) });
    }
    if asked.unread > 0 {
        refused.push(Refused { what: Target::Unread, reason: Refusal::Unread(asked.unread) });
    }
    let (catalog, nameless) = (asked.catalog && lists_all, asked.nameless && lists_all);
    Granted { scopes: Scopes { repositories, catalog, nameless, unread: 0 }, refused }
}

/// Whether docker asks for this by habit: beside a push, it asks to pull where it believes that the layers are, to mount
/// them from there. Without it they are sent. Beside a push that is refused, or many of them, it is no habit: one more
/// scope must not hide what somebody looks for.
fn is_mount_source(authority: &Authority<'_>, scope: &RepositoryScope, asked: &Scopes) -> bool {
    let is_pushed = |other: &RepositoryScope| {
        other.pushes
            && other.name != scope.name
            && authority.actions(&other.name, other.actions).contains(Actions::PUSH)
    };
    scope.actions == Actions::PULL && asked.repositories.len() <= OF_A_MOUNT && asked.repositories.iter().any(is_pushed)
}
