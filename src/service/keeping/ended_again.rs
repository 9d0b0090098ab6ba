//! Ends again what a backup brings back, as `ended.log` tells. Where a thing was ended and begun anew since the backup, it is
//! ended all the same: more is taken away, never less. Of a deleted account or repository what it gave to anybody is taken
//! away, and the rest stays; a repository that changed hands is nobody's: a person decides about it.

use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Occurrence, Outcome};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::organization::{Membership, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Revocation};
use crate::service::access::{Caller, Subject};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::store::{Ended, EndedGrant, Namespaces, Store, Txn, WriteAccess};

/// Endings of one change.
const PIECE: usize = 200;
/// Why, as the records say it.
const REASON: &str = "it was ended after the backup that was restored";

/// Ends these; returns how many of them were alive.
pub(super) fn end_again(store: &Store, access: &WriteAccess, ended: &[Ended], now: Timestamp) -> Result<u64, Error> {
    let mut count = 0;
    for piece in ended.chunks(PIECE) {
        let (piece, namespaces) = (piece.to_vec(), store.namespaces());
        count += store.write(access, move |txn| {
            let mut count = 0;
            for ended in &piece {
                let mut again = Again { txn, namespaces: &namespaces, now };
                if let Some(deed) = again.end(ended)? {
                    txn.audit(&entry(&deed), Occurrence::once(now))?;
                    count += 1;
                }
            }
            Ok::<u64, Error>(count)
        })?;
    }
    Ok(count)
}

fn entry(deed: &Deed) -> AuditEntry {
    let entry = deed.entry(&Caller::new(Subject::Anonymous, None), Outcome::Success);
    let reason = Some(REASON.to_owned());
    AuditEntry { actor: "system".to_owned(), credential: CredentialKind::System, reason, ..entry }
}

/// The deed, if there was one: what is not alive is not ended.
type Done = Result<Option<Deed>, Error>;

struct Again<'a, 't> {
    txn: &'a mut Txn<'t>,
    namespaces: &'a Namespaces,
    now: Timestamp,
}

impl Again<'_, '_> {
    /// Ends one thing. Until somebody sets a new password, nobody signs in with one.
    fn end(&mut self, ended: &Ended) -> Done {
        match ended {
            Ended::AccountRemoved(id) => self.remove_account(*id),
            Ended::AccountInactive(id) => self.account(*id, Act::AccountDeactivate, |account| {
                account.is_active.then_some(Account { is_active: false, ..account })
            }),
            Ended::AccountDemoted(id) => self.account(*id, Act::AccountDemote, |account| {
                account.is_admin.then_some(Account { is_admin: false, ..account })
            }),
            Ended::AccountPassword(id) => self.account(*id, Act::AccountChangePassword, |account| {
                let generation = account.generation.saturating_add(1);
                account.password.is_some().then_some(Account { password: None, generation, ..account })
            }),
            Ended::TokenRemoved(id) => Ok(self.remove_token(*id)),
            Ended::TokenInactive(id) => self.token(*id, Act::TokenDeactivate, |token| {
                token.is_active.then(|| token.with(|it| it.is_active = false))
            }),
            // Its secret of the backup may be in other hands: nobody switches it on again.
            Ended::TokenRevoked(id) | Ended::TokenSecret(id) => self.revoke_token(*id),
            Ended::TokenOverlap(id) => self.token(*id, Act::TokenEndOverlap, |token| {
                token.previous.is_some().then(|| token.with(|it| it.previous = None))
            }),
            Ended::TeamRemoved(id) => self.remove_team(*id),
            Ended::MemberRemoved(group, user) => Ok(self.remove_member(*group, *user)),
            Ended::MemberDemoted(group, user) => self.demote_member(*group, *user),
            Ended::TeamMemberRemoved(team, user) => Ok(self.remove_team_member(*team, *user)),
            Ended::GrantRemoved(grant) => Ok(self.remove_grant(grant)),
            Ended::GrantLowered(grant, level) => self.lower_grant(grant, *level),
            Ended::RepositoryRemoved(id) => self.remove_repository(*id),
            Ended::RepositoryPrivate(id) => self.repository(*id, Act::RepositoryUpdate, |repository| {
                repository.is_public.then_some(Repository { is_public: false, ..repository })
            }),
            Ended::RepositoryTransferred(id, to) => self.disown(*id, *to),
        }
    }

    /// What an account was given, and what hung on it; then the account is inactive.
    fn remove_account(&mut self, id: Id) -> Done {
        let state = self.txn.state();
        if state.account(id).is_none() {
            return Ok(None);
        }
        let teams: Vec<Id> = state.teams_of_organization(id).map(|team| team.id).collect();
        let members: Vec<Id> = state.members_of(id).map(|(user, _)| user).collect();
        let organizations: Vec<Id> = state.organizations_of(id).map(|(organization, _)| organization).collect();
        let grants: Vec<GrantTarget> = state.grants_of(Grantee::User(id)).map(|(target, _)| target.clone()).collect();
        let tokens: Vec<Id> = state.tokens_of(id, None).map(|token| token.id).collect();
        let mut was_alive = !(teams.is_empty() && members.is_empty() && organizations.is_empty() && grants.is_empty());
        teams.into_iter().try_for_each(|team| self.txn.remove_team(team))?;
        members.into_iter().for_each(|user| self.txn.remove_member(id, user));
        organizations.into_iter().for_each(|organization| self.txn.remove_member(organization, id));
        grants.iter().for_each(|target| self.txn.remove_grant(target, Grantee::User(id)));
        for token in tokens {
            was_alive |= self.revoke_token(token)?.is_some();
        }
        self.account(id, Act::AccountDeactivate, |account| {
            (account.is_active || was_alive).then_some(Account { is_active: false, ..account })
        })
    }

    fn remove_token(&mut self, id: Id) -> Option<Deed> {
        let token = self.txn.state().token(id).cloned()?;
        let deed = Deed::of_token(Act::TokenDelete, self.txn.state(), &token);
        self.txn.remove_token(id);
        Some(deed)
    }

    fn revoke_token(&mut self, id: Id) -> Done {
        let at = self.now;
        self.token(id, Act::TokenRevoke, |token| {
            token.revoked.is_none().then_some(token.ended_for_good(Revocation { at, address: None }))
        })
    }

    fn remove_team(&mut self, id: Id) -> Done {
        let Some(team) = self.txn.state().team(id).cloned() else { return Ok(None) };
        let organization = self.name(team.organization);
        self.txn.remove_team(id)?;
        Ok(Some(Deed::new(Act::TeamDelete, format!("{organization}/{}", team.name))))
    }

    fn remove_member(&mut self, group: Id, user: Id) -> Option<Deed> {
        self.txn.state().member(group, user)?;
        let object = format!("{} {}", self.name(group), self.name(user));
        self.txn.remove_member(group, user);
        Some(Deed::new(Act::OrganizationDeleteMember, object))
    }

    fn demote_member(&mut self, organization: Id, user: Id) -> Done {
        if self.txn.state().member(organization, user) != Some(true) {
            return Ok(None);
        }
        self.txn.put_member(Membership { organization, user, is_admin: false })?;
        let object = format!("{} {}", self.name(organization), self.name(user));
        Ok(Some(Deed::new(Act::OrganizationPutMember, object)))
    }

    fn remove_team_member(&mut self, team: Id, user: Id) -> Option<Deed> {
        if !self.txn.state().is_in_team(team, user) {
            return None;
        }
        let object = format!("{team} {}", self.name(user));
        self.txn.remove_team_member(TeamMembership { team, user });
        Some(Deed::new(Act::TeamDeleteMember, object))
    }

    fn remove_grant(&mut self, ended: &EndedGrant) -> Option<Deed> {
        let (target, grantee) = ended.find(self.txn.state(), self.namespaces)?;
        self.txn.remove_grant(&target, grantee);
        Some(Deed::new(Act::GrantDelete, format!("{target} {}", grantee.id())))
    }

    fn lower_grant(&mut self, ended: &EndedGrant, level: GrantLevel) -> Done {
        let state = self.txn.state();
        let found = ended.find(state, self.namespaces);
        let higher = found.filter(|(target, grantee)| state.grant(target, *grantee).is_some_and(|held| held > level));
        let Some((target, grantee)) = higher else { return Ok(None) };
        self.txn.put_grant(&target, grantee, level)?;
        Ok(Some(Deed::new(Act::GrantSet, format!("{target} {} {level}", grantee.id()))))
    }

    /// Everything that others were given by it.
    fn remove_repository(&mut self, id: Id) -> Done {
        let Some(repository) = self.txn.state().repository_of(id).cloned() else { return Ok(None) };
        let target = GrantTarget::Repository(repository.name.clone());
        let had_grants = self.txn.state().grants_on(&target).next().is_some();
        self.txn.remove_grants_on(&target);
        self.repository(id, Act::RepositoryUpdate, |repository| {
            (repository.is_public || had_grants).then_some(Repository { is_public: false, ..repository })
        })
    }

    /// Who had it before has it no more, and nobody has it: a line is written before its change is made, which may have failed
    /// then, so it gives nothing to anybody. System administrators give it to whom it belongs.
    fn disown(&mut self, id: Id, to: Option<Id>) -> Done {
        // No account has the identifier of a repository.
        let nobody = Some(id);
        self.repository(id, Act::RepositoryTransfer, |repository| {
            let is_given = repository.owner != to && repository.owner != nobody;
            is_given.then_some(Repository { owner: nobody, ..repository })
        })
    }

    fn name(&self, account: Id) -> String {
        let account_named = self.txn.state().account(account);
        account_named.map_or_else(|| account.to_string(), |account| account.name.to_string())
    }

    fn account(&mut self, id: Id, act: Act, ended: impl FnOnce(Account) -> Option<Account>) -> Done {
        let found = self.txn.state().account(id).map(|account| Account::clone(account));
        let Some(account) = found.and_then(ended) else { return Ok(None) };
        let deed = Deed::new(act, &account.name).about_account(&account);
        self.txn.put_account(account)?;
        Ok(Some(deed))
    }

    fn token(&mut self, id: Id, act: Act, ended: impl FnOnce(AccessToken) -> Option<AccessToken>) -> Done {
        let found = self.txn.state().token(id).map(|token| AccessToken::clone(token));
        let Some(token) = found.and_then(ended) else { return Ok(None) };
        let deed = Deed::of_token(act, self.txn.state(), &token);
        self.txn.put_token(token)?;
        Ok(Some(deed))
    }

    fn repository(&mut self, id: Id, act: Act, ended: impl FnOnce(Repository) -> Option<Repository>) -> Done {
        let found = self.txn.state().repository_of(id).map(|repository| Repository::clone(repository));
        let Some(repository) = found.and_then(ended) else { return Ok(None) };
        let deed = Deed::new(act, &repository.name).about_repository(self.txn.state(), &repository.name);
        self.txn.put_repository(repository)?;
        Ok(Some(deed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::RepositoryName;
    use crate::domain::time::Clock;
    use crate::store::{Opened, open};

    fn id(number: u8) -> Id {
        Id::from_bytes([number; 16])
    }

    /// The line is there before the change is, which may never have been made.
    #[test]
    fn a_transfer_takes_a_repository_from_its_owner_and_gives_it_to_nobody() {
        let home = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-30T07:46:12Z").unwrap();
        let Opened { store, access, .. } = open(&home.path().join("data"), Clock::fixed(now)).unwrap();
        let app = Repository {
            id: id(5),
            name: RepositoryName::parse("alice/app").unwrap(),
            is_public: false,
            short_description: String::new(),
            long_description: String::new(),
            created_at: now,
            owner: None,
            immutable_tags: crate::domain::immutable_tags::ImmutableTags::default(),
        };
        for (owner, to) in [(None, Some(id(2))), (Some(id(1)), Some(id(2))), (Some(id(1)), None)] {
            let before = Repository { owner, ..app.clone() };
            store.write(&access, move |txn| Ok::<_, Error>(txn.put_repository(before.clone())?)).unwrap();
            let count = end_again(&store, &access, &[Ended::RepositoryTransferred(id(5), to)], now).unwrap();
            let state = store.state();
            let found = state.repository_of(id(5)).unwrap();
            assert_eq!((count, found.owner), (1, Some(id(5))), "from {owner:?} to {to:?}");
            assert!(state.owner_of(&app.name, Some(found)).is_none());
            // To and fro: not even to whom it was before.
            let back = [Some(id(1)), None].map(|to| Ended::RepositoryTransferred(id(5), to));
            assert_eq!(end_again(&store, &access, &back, now).unwrap(), 0);
        }
    }
}
