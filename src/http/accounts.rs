//! `/enzi/v0/accounts` and `/api/v0/accounts`: accounts and their passwords.

use actix_web::HttpResponse;

use super::failure::Failure;
use super::headers::warning;
use super::page;
use super::repositories::CONTENT_STAYS;
use super::request::Request;
use crate::api;
use crate::domain::name::Name;
use crate::domain::secret::Password;
use crate::service::{
    AccountFilter, AccountQuery, AccountUpdate, AccountView, Call, MemberView, NewOrganization, NewUser, Service,
};

pub(super) fn shown(view: &AccountView) -> api::Account {
    let account = &view.account;
    let inner = view.shows_inner.then(|| api::AccountInner {
        is_active: account.is_active,
        is_admin: account.is_admin,
        is_imported: false,
        has_password: account.password.is_some(),
        password_set_by_admin: account.password_set_by_admin,
        locked_until: view.locked_until.map(|until| until.to_string()),
        created_at: account.created_at.to_string(),
    });
    api::Account {
        name: account.name.to_string(),
        id: account.id.to_string(),
        full_name: account.full_name.clone(),
        is_org: account.is_organization(),
        members_count: view.size.map(|size| size.members),
        teams_count: view.size.map(|size| size.teams),
        inner,
    }
}

/// The user of a member, as far as the caller may see it.
pub(super) fn shown_user(member: &MemberView) -> api::Account {
    let MemberView { user, shows_inner, locked_until, .. } = member;
    shown(&AccountView { account: user.clone(), shows_inner: *shows_inner, locked_until: *locked_until, size: None })
}

fn read_filter(text: &str) -> Result<AccountFilter, Failure> {
    Ok(match text {
        "" | "all" => AccountFilter::All,
        "users" => AccountFilter::Users,
        "orgs" => AccountFilter::Organizations,
        "admins" => AccountFilter::Admins,
        "non-admins" => AccountFilter::NonAdmins,
        "active-users" => AccountFilter::ActiveUsers,
        "inactive-users" => AccountFilter::InactiveUsers,
        "service-accounts" => AccountFilter::ServiceAccounts,
        _ => {
            let known = "users, orgs, admins, non-admins, active-users, inactive-users, service-accounts or all";
            return Err(Failure::invalid("filter", known));
        }
    })
}

/// `GET /enzi/v0/accounts`
pub(super) async fn list(request: Request) -> Result<HttpResponse, Failure> {
    let page = page::by_name(&request)?;
    let filter = read_filter(&request.query_value("filter").unwrap_or_default())?;
    let contains = request.query_value("contains").filter(|text| !text.is_empty());
    let is_long = page::is_long(page.limit) || filter != AccountFilter::All || contains.is_some();
    let query = AccountQuery { filter, contains, page };
    let read = move |service: &Service, call: &Call| service.list_accounts(call, &query);
    let list = request.read(is_long, read).await?;
    let next = list.next.map(|name| name.to_string());
    let body = api::Accounts {
        accounts: list.accounts.iter().map(shown).collect(),
        next_page_start: next.clone().unwrap_or_default(),
        users_count: list.users,
        orgs_count: list.organizations,
        resource_count: list.count,
    };
    let count = body.resource_count;
    Ok(page::answer(body, next, Some(count)))
}

/// `POST /enzi/v0/accounts`
pub(super) async fn create(request: Request) -> Result<HttpResponse, Failure> {
    request.run(Service::check_may_create_account)?;
    let body: api::CreateAccount = request.json()?;
    let name = Name::parse(&body.name).map_err(|error| Failure::invalid("name", error))?;
    let full_name = body.full_name.unwrap_or_default();
    let adopt_repositories = body.adopt_repositories.unwrap_or(false);
    let password = body.password.filter(|password| !password.is_empty()).map(Password::new);
    if body.is_org.unwrap_or(false) {
        // Real clients send the fields of a user along; only what would mean something else is refused.
        if password.is_some() || body.is_admin == Some(true) || body.is_active == Some(false) {
            return Err(Failure::invalid(
                "isOrg",
                "an organization has no password, is no administrator and is active",
            ));
        }
        let new = NewOrganization { name, full_name, adopt_repositories };
        let made = request.block(move |service, call| service.create_organization(call, new)).await?;
        return Ok(HttpResponse::Created().json(shown(&made)));
    }
    let new = NewUser {
        name,
        full_name,
        // Real clients send an empty password for none.
        password,
        is_active: body.is_active.unwrap_or(true),
        is_admin: body.is_admin.unwrap_or(false),
        adopt_repositories,
    };
    let made = request.block(move |service, call| service.create_user(call, new));
    Ok(HttpResponse::Created().json(shown(&made.await?)))
}

/// `GET /enzi/v0/accounts/{name}`
pub(super) async fn view(request: Request) -> Result<HttpResponse, Failure> {
    let name = request.part("name")?;
    let view = request.run(|service, call| service.view_account(call, &name))?;
    Ok(HttpResponse::Ok().json(shown(&view)))
}

/// `PATCH /enzi/v0/accounts/{name}`
pub(super) async fn update(request: Request) -> Result<HttpResponse, Failure> {
    let name = request.part("name")?;
    request.run(|service, call| service.check_may_update_account(call, &name))?;
    let body: api::UpdateAccount = request.json()?;
    let update = AccountUpdate {
        name: body.name.filter(|name| !name.is_empty()),
        is_organization: body.is_org,
        full_name: body.full_name,
        is_active: body.is_active,
        is_admin: body.is_admin,
    };
    let updated = request.block(move |service, call| service.update_account(call, &name, update)).await?;
    Ok(HttpResponse::Ok().json(shown(&updated)))
}

/// `DELETE /enzi/v0/accounts/{name}`: its repositories stay, without owner.
pub(super) async fn delete(request: Request) -> Result<HttpResponse, Failure> {
    delete_account(request, false).await
}

/// `DELETE /api/v0/accounts/{name}`: its repositories go, too.
pub(super) async fn delete_with_repositories(request: Request) -> Result<HttpResponse, Failure> {
    delete_account(request, true).await
}

async fn delete_account(request: Request, with_repositories: bool) -> Result<HttpResponse, Failure> {
    let name = request.part("name")?;
    let delete = move |service: &Service, call: &Call| service.delete_account(call, &name, with_repositories);
    let deleted = request.block(delete).await?;
    let mut response = HttpResponse::NoContent();
    if deleted.is_some_and(|repositories| repositories > 0) {
        match &request.app.neighbour {
            Some(neighbour) => neighbour.sweep_soon(),
            None => _ = response.insert_header(warning(CONTENT_STAYS)),
        }
    }
    Ok(response.finish())
}

/// `POST /enzi/v0/accounts/{name}/changePassword`
pub(super) async fn change_password(request: Request) -> Result<HttpResponse, Failure> {
    let name = request.part("name")?;
    request.run(|service, call| service.check_may_change_password(call, &name))?;
    let body: api::ChangePassword = request.json()?;
    let old = body.old_password.filter(|old| !old.is_empty()).map(Password::new);
    let new = Password::new(body.new_password);
    let changed = request.block(move |service, call| service.change_password(call, &name, old.as_ref(), &new)).await?;
    Ok(HttpResponse::Ok().json(shown(&changed)))
}

/// `DELETE /api/v0/accounts/{name}/lock`
pub(super) async fn unlock(request: Request) -> Result<HttpResponse, Failure> {
    let name = request.part("name")?;
    request.block(move |service, call| service.unlock(call, &name)).await?;
    Ok(HttpResponse::NoContent().finish())
}
