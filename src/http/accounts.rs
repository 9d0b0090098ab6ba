//! `/enzi/v0/accounts` and `/api/v0/accounts`: accounts and their passwords.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::failure::Failure;
use super::page;
use super::reply::{Replied, Reply};
use super::repositories::CONTENT_STAYS;
use super::request::{Checked, Request};
use crate::api::operations::accounts as op;
use crate::api::{self, Nothing};
use crate::domain::bcrypt_hash::BcryptHash;
use crate::domain::name::Name;
use crate::domain::secret::Password;
use crate::domain::token::AccessToken;
use crate::service::{AccountQuery, AccountUpdate, AccountView, Call, MemberView, NewOrganization, NewUser, Service};

/// Most access tokens that a warning names.
const NAMED_TOKENS: usize = 20;

pub(super) fn shown(view: &AccountView) -> api::Account {
    let account = &view.account;
    let inner = view.shows_inner.then(|| api::AccountInner {
        is_active: account.is_active,
        is_admin: account.is_admin,
        is_imported: false,
        has_password: account.password.is_some(),
        password_set_by_admin: account.password_set_by_admin,
        password_is_imported: account.has_imported_password(),
        locked_until: view.present.locked_until.map(|until| until.to_string()),
        last_sign_in: view.present.last_sign_in.map(|at| at.to_string()),
        tokens_count: view.present.tokens,
        created_at: account.created_at.to_string(),
    });
    api::Account {
        name: account.name.to_string(),
        id: account.id.to_string(),
        full_name: account.full_name.clone(),
        is_org: account.is_organization(),
        client_user_is_admin: view.administers,
        members_count: view.size.map(|size| size.members),
        teams_count: view.size.map(|size| size.teams),
        inner,
    }
}

/// The user behind a membership, as far as the caller may see it.
pub(super) fn shown_user(member: &MemberView) -> api::Account {
    let MemberView { user, shows_inner, present, .. } = member;
    shown(&AccountView {
        account: user.clone(),
        shows_inner: *shows_inner,
        present: *present,
        size: None,
        administers: None,
    })
}

pub(super) async fn list(request: Request<op::ListAccounts>) -> Replied<op::ListAccounts> {
    let (op::WhichAccounts { filter, contains }, order, page) = request.query()?;
    let (filter, page) = (filter.unwrap_or_default(), page::by_name(&order, page));
    let query = AccountQuery { filter, contains, page };
    // Of each account it looks at each access token.
    let list = request.read_long(move |service, call| service.list_accounts(call, &query)).await?;
    let counts = list.counts;
    Ok(Reply::new(&page::paged(&list.accounts, |next_page_start, resource_count| api::Accounts {
        accounts: list.accounts.entries.iter().map(shown).collect(),
        next_page_start,
        users_count: counts.users,
        orgs_count: counts.organizations,
        admins_count: counts.admins,
        inactive_users_count: counts.inactive,
        service_accounts_count: counts.service_accounts,
        locked_users_count: counts.locked,
        resource_count,
    })))
}

/// Whether an organization is to be made: `isOrg` says so, or `type` of older clients.
fn is_organization(body: &api::CreateAccount) -> Result<bool, Failure> {
    let by_type = body.kind.map(|kind| kind == api::NamespaceType::Organization);
    match (body.is_org, by_type) {
        (Some(is_org), Some(by_type)) if is_org != by_type => Err(Failure::invalid("type", "contradicts isOrg")),
        (is_org, by_type) => Ok(is_org.or(by_type).unwrap_or(false)),
    }
}

pub(super) async fn create(request: Request<op::CreateAccount>) -> Replied<op::CreateAccount> {
    let body = request.body(Service::may_create_account)?;
    let is_organization = is_organization(&body)?;
    let name = Name::parse(&body.name).map_err(|error| Failure::invalid("name", error))?;
    let full_name = body.full_name.unwrap_or_default();
    let adopt_repositories = body.adopt_repositories.unwrap_or(false);
    let password = body.password.map(Zeroizing::new);
    let password = password.filter(|password| !password.is_empty()).map(|password| Password::chosen(&password));
    let imported = body.password_hash.as_deref().map(BcryptHash::parse).transpose();
    let imported = imported.map_err(|error| Failure::invalid("passwordHash", error))?;
    if is_organization {
        // Real clients send the fields of a user here, too: only values that contradict an organization are refused.
        if password.is_some() || imported.is_some() || body.is_admin == Some(true) || body.is_active == Some(false) {
            return Err(Failure::invalid(
                "isOrg",
                "an organization has no password, is no administrator and is active",
            ));
        }
        let new = NewOrganization { name, full_name, adopt_repositories };
        let made = request.block(move |service, call| service.create_organization(call, new)).await?;
        return Ok(Reply::new(&shown(&made)));
    }
    let new = NewUser {
        name,
        full_name,
        // None for an empty password, which real clients send where they set none.
        password,
        imported,
        is_active: body.is_active.unwrap_or(true),
        is_admin: body.is_admin.unwrap_or(false),
        adopt_repositories,
    };
    let made = request.block(move |service, call| service.create_user(call, new));
    Ok(Reply::new(&shown(&made.await?)))
}

pub(super) async fn view(request: Request<op::ViewAccount>) -> Replied<op::ViewAccount> {
    let [name] = request.parts()?;
    // Of an account it looks at each access token, which may be very many.
    let view = request.read_long(move |service, call| service.view_account(call, &name)).await?;
    Ok(Reply::new(&shown(&view)))
}

pub(super) async fn update(request: Request<op::UpdateAccount>) -> Replied<op::UpdateAccount> {
    let [name] = request.parts()?;
    let body = request.body(|service, call| service.may_update_account(call, &name))?;
    let update = AccountUpdate {
        name: body.name.filter(|name| !name.is_empty()),
        is_organization: body.is_org,
        full_name: body.full_name,
        is_active: body.is_active,
        is_admin: body.is_admin,
        keep_tokens: body.keep_tokens.unwrap_or(false),
    };
    let is_kept = update.keep_tokens;
    let updated = request.block(move |service, call| service.update_account(call, &name, update)).await?;
    let warning = tokens_of_others(&updated.made_by_others, is_kept);
    Ok(Reply::new(&shown(&updated.view)).warning(warning.as_deref()))
}

/// What becomes of the access tokens that others made for a new administrator; names a few of them. `tokens` are as they
/// were before.
fn tokens_of_others(tokens: &[Arc<AccessToken>], is_kept: bool) -> Option<String> {
    let (active, inactive): (Vec<_>, Vec<_>) = tokens.iter().partition(|token| token.is_active);
    let fate = if is_kept { "go on, with an administrator's rights" } else { "were deactivated" };
    let inactive_fate = "were inactive before, and would have an administrator's rights once activated";
    let told = [(active, fate), (inactive, inactive_fate)].map(|(these, fate)| named(&these, fate));
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| format!("of the access tokens that others made for this account, {}", told.join("; ")))
}

fn named(tokens: &[&Arc<AccessToken>], fate: &str) -> Option<String> {
    let named: Vec<_> = tokens.iter().take(NAMED_TOKENS).map(|token| token.id.to_string()).collect();
    let more = if tokens.len() > named.len() { ", …" } else { "" };
    let (count, named) = (tokens.len(), named.join(", "));
    (count > 0).then(|| format!("{count} {fate}: {named}{more}"))
}

/// `DELETE /enzi/v0/accounts/{name}`: its repositories stay, without an owner.
pub(super) async fn delete(request: Request<op::DeleteAccount>) -> Replied<op::DeleteAccount> {
    let [name] = request.parts()?;
    delete_account(&request, name, false).await?;
    Ok(Reply::new(&Nothing))
}

/// `DELETE /api/v0/accounts/{name}`: deletes its repositories, too.
pub(super) async fn delete_with_repositories(
    request: Request<op::DeleteAccountAndRepositories>,
) -> Replied<op::DeleteAccountAndRepositories> {
    let [name] = request.parts()?;
    let warning = delete_account(&request, name, true).await?;
    Ok(Reply::new(&Nothing).warning(warning))
}

/// Deletes an account. Returns a warning if its repositories were deleted, but the registry keeps their content.
async fn delete_account(
    request: &Checked,
    name: String,
    with_repositories: bool,
) -> Result<Option<&'static str>, Failure> {
    let delete = move |service: &Service, call: &Call| service.delete_account(call, &name, with_repositories);
    let deleted = request.block(delete).await?;
    if deleted.is_none_or(|repositories| repositories == 0) {
        return Ok(None);
    }
    let Some(neighbour) = &request.app.neighbour else { return Ok(Some(CONTENT_STAYS)) };
    neighbour.sweep_soon();
    Ok(None)
}

pub(super) async fn change_password(request: Request<op::ChangePassword>) -> Replied<op::ChangePassword> {
    let [name] = request.parts()?;
    let body = request.body(|service, call| service.may_change_password(call, &name))?;
    let old = body.old_password.filter(|old| !old.is_empty()).map(Password::new);
    let new = Password::chosen(&Zeroizing::new(body.new_password));
    let changed = request.block(move |service, call| service.change_password(call, &name, old.as_ref(), &new)).await?;
    Ok(Reply::new(&shown(&changed)))
}

pub(super) async fn unlock(request: Request<op::UnlockAccount>) -> Replied<op::UnlockAccount> {
    let [name] = request.parts()?;
    request.block(move |service, call| service.unlock(call, &name)).await?;
    Ok(Reply::new(&Nothing))
}
