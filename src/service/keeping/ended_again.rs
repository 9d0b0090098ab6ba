//! Ends again what a backup brings back, as `ended.log` tells. Where a thing was ended and begun anew since the backup, it is
//! ended all the same: more is taken away, never less. A deleted account is deactivated, so that nothing of it is lost.

use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Occurrence, Outcome};
use crate::domain::id::Id;
use crate::domain::organization::TeamMembership;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Revocation};
use crate::service::access::{Caller, Subject};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::store::{Ended, Store, Txn, WriteAccess};

/// Endings of one change.
const PIECE: usize = 200;
/// Why, as the records say it.
const REASON: &str = "it was ended after the backup that was restored";

/// Ends these; returns how many of them were alive.
pub(super) fn end_again(store: &Store, access: &WriteAccess, ended: &[Ended], now: Timestamp) -> Result<u64, Error> {
    let mut count = 0;
    for piece in ended.chunks(PIECE) {
        let piece = piece.to_vec();
        count += store.write(access, move |txn| {
            let mut count = 0;
            for ended in &piece {
                if let Some(deed) = end(txn, ended, now)? {
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

/// Ends one thing; none if it is not alive. Until somebody sets a new password, nobody signs in with one.
fn end(txn: &mut Txn<'_>, ended: &Ended, now: Timestamp) -> Result<Option<Deed>, Error> {
    match ended {
        Ended::AccountRemoved(id) | Ended::AccountInactive(id) => {
            account(txn, *id, Act::AccountDeactivate, |account| {
                account.is_active.then_some(Account { is_active: false, ..account })
            })
        }
        Ended::AccountDemoted(id) => account(txn, *id, Act::AccountDemote, |account| {
            account.is_admin.then_some(Account { is_admin: false, ..account })
        }),
        Ended::AccountPassword(id) => account(txn, *id, Act::AccountChangePassword, |account| {
            let generation = account.generation.saturating_add(1);
            account.password.is_some().then_some(Account { password: None, generation, ..account })
        }),
        Ended::TokenRemoved(id) => {
            let Some(token) = txn.state().token(*id).cloned() else { return Ok(None) };
            let deed = Deed::of_token(Act::TokenDelete, txn.state(), &token);
            txn.remove_token(*id);
            Ok(Some(deed))
        }
        Ended::TokenInactive(id) => token(txn, *id, Act::TokenDeactivate, |token| {
            token.is_active.then_some(AccessToken { is_active: false, ..token })
        }),
        // Its secret of the backup may be in other hands: nobody switches it on again.
        Ended::TokenRevoked(id) | Ended::TokenSecret(id) => token(txn, *id, Act::TokenRevoke, |token| {
            token.revoked.is_none().then_some(token.ended_for_good(Revocation { at: now, address: None }))
        }),
        Ended::TokenOverlap(id) => token(txn, *id, Act::TokenEndOverlap, |token| {
            token.previous.is_some().then_some(AccessToken { previous: None, ..token })
        }),
        Ended::TeamRemoved(id) => {
            let Some(team) = txn.state().team(*id).cloned() else { return Ok(None) };
            let organization = name(txn, team.organization);
            txn.remove_team(*id)?;
            Ok(Some(Deed::new(Act::TeamDelete, format!("{organization}/{}", team.name))))
        }
        Ended::MemberRemoved(group, user) => {
            if txn.state().member(*group, *user).is_none() {
                return Ok(None);
            }
            let object = format!("{} {}", name(txn, *group), name(txn, *user));
            txn.remove_member(*group, *user);
            Ok(Some(Deed::new(Act::OrganizationDeleteMember, object)))
        }
        Ended::TeamMemberRemoved(team, user) => {
            if !txn.state().is_in_team(*team, *user) {
                return Ok(None);
            }
            let object = format!("{team} {}", name(txn, *user));
            txn.remove_team_member(TeamMembership { team: *team, user: *user });
            Ok(Some(Deed::new(Act::TeamDeleteMember, object)))
        }
        Ended::GrantRemoved(_) | Ended::RepositoryGrantRemoved(_) => Ok(grant(txn, ended)),
    }
}

fn grant(txn: &mut Txn<'_>, ended: &Ended) -> Option<Deed> {
    let found = ended.grant(txn.state());
    let (target, grantee) = found.filter(|(target, grantee)| txn.state().grant(target, *grantee).is_some())?;
    txn.remove_grant(&target, grantee);
    Some(Deed::new(Act::GrantDelete, format!("{target} {}", grantee.id())))
}

fn name(txn: &Txn<'_>, account: Id) -> String {
    txn.state().account(account).map_or_else(|| account.to_string(), |account| account.name.to_string())
}

fn account(
    txn: &mut Txn<'_>,
    id: Id,
    act: Act,
    ended: impl FnOnce(Account) -> Option<Account>,
) -> Result<Option<Deed>, Error> {
    let found = txn.state().account(id).map(|account| Account::clone(account));
    let Some(account) = found.and_then(ended) else { return Ok(None) };
    let deed = Deed::new(act, &account.name).about_account(&account);
    txn.put_account(account)?;
    Ok(Some(deed))
}

fn token(
    txn: &mut Txn<'_>,
    id: Id,
    act: Act,
    ended: impl FnOnce(AccessToken) -> Option<AccessToken>,
) -> Result<Option<Deed>, Error> {
    let found = txn.state().token(id).map(|token| AccessToken::clone(token));
    let Some(token) = found.and_then(ended) else { return Ok(None) };
    let deed = Deed::of_token(act, txn.state(), &token);
    txn.put_token(token)?;
    Ok(Some(deed))
}
