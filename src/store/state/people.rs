//! Who administers the site, or was granted something, from an identifier on.

use super::State;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;

/// Reading.
impl State {
    /// The system administrators who may sign in, ascending from this identifier on.
    pub fn active_admins_from(&self, from: Id) -> impl Iterator<Item = Id> {
        self.active_admins.range(from..).copied()
    }

    /// The users who have a grant on a target, ascending from this identifier on.
    pub fn users_granted_from<'a>(&'a self, target: &GrantTarget, from: Id) -> impl Iterator<Item = Id> + use<'a> {
        let range = (target.clone(), Grantee::User(from))..=(target.clone(), Grantee::User(Id::MAX));
        self.grants.range(range).map(|((_, grantee), _)| grantee.id())
    }

    /// The teams that have a grant on a target.
    pub fn teams_granted<'a>(&'a self, target: &GrantTarget) -> impl Iterator<Item = Id> + use<'a> {
        let range = (target.clone(), Grantee::Team(Id::MIN))..=(target.clone(), Grantee::Team(Id::MAX));
        self.grants.range(range).map(|((_, grantee), _)| grantee.id())
    }
}
