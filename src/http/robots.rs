//! `/api/v0/accounts/{name}/robots`: the robots of an organization, in the form of access tokens.

use super::audit;
use super::failure::Failure;
use super::page;
use super::reply::{Replied, Reply};
use super::request::Request;
use super::tokens::{self, expiry, patterns};
use crate::api::operations::robots as op;
use crate::api::{self, Nothing};
use crate::domain::act::Act;
use crate::domain::name::Name;
use crate::domain::secret::TokenText;
use crate::service::{Call, NewRobot, Service, TokenView, WhichToken};

fn shown(view: &TokenView) -> api::Robot {
    api::Robot {
        name: view.token.robot.as_ref().map(ToString::to_string).unwrap_or_default(),
        user_name: view.token.user_name(&view.owner).to_string(),
        record: tokens::shown(view),
    }
}

fn new_secret(robot: api::Robot, text: &TokenText) -> api::NewRobot {
    api::NewRobot { token: text.reveal().to_owned(), robot }
}

fn which<O: api::Operation>(request: &Request<O>) -> Result<WhichToken, Failure> {
    let [organization, name] = request.parts()?;
    Ok(WhichToken::Robot { organization, name })
}

pub(super) async fn list(request: Request<op::ListRobots>) -> Replied<op::ListRobots> {
    let [organization] = request.parts()?;
    let (order, page) = request.query()?;
    let page = page::by_name(&order, page);
    let is_long = page::is_long(page.limit);
    let list = request.read_list(is_long, move |service, call| service.list_robots(call, &organization, &page)).await?;
    Ok(Reply::new(&page::paged(&list, |_, _| list.entries.iter().map(shown).collect())))
}

pub(super) async fn create(request: Request<op::CreateRobot>) -> Replied<op::CreateRobot> {
    let [organization] = request.parts()?;
    let body = request.body(|service, call| service.may_manage_robots(call, Act::RobotCreate, &organization))?;
    let new = NewRobot {
        organization,
        name: Name::parse(&body.name).map_err(|error| Failure::invalid("name", error))?,
        label: body.token_label,
        expiry: expiry(body.expires_at)?,
        cap: body.access_level,
        patterns: patterns(body.repositories.as_deref().unwrap_or_default())?,
    };
    let (view, text) = request.block(move |service, call| service.create_robot(call, new)).await?;
    Ok(Reply::new(&new_secret(shown(&view), &text)))
}

/// `POST /api/v0/accounts/{name}/robots/previewReach`
pub(super) async fn preview_reach(request: Request<op::PreviewRobotReach>) -> Replied<op::PreviewRobotReach> {
    let [organization] = request.parts()?;
    let body = request.body(|service, call| service.may_manage_robots(call, Act::RobotReach, &organization))?;
    let patterns = patterns(body.repositories.as_deref().unwrap_or_default())?;
    let preview = request
        .read_long(move |service, call| service.preview_robot_reach(call, &organization, body.access_level, &patterns))
        .await?;
    Ok(Reply::new(&tokens::limited_reach(&preview)))
}

pub(super) async fn view(request: Request<op::ViewRobot>) -> Replied<op::ViewRobot> {
    let which = which(&request)?;
    let view = request.run(|service, call| service.view_token(call, which))?;
    Reply::unless_known(&shown(&view), &request.http)
}

pub(super) async fn update(request: Request<op::UpdateRobot>) -> Replied<op::UpdateRobot> {
    let which = which(&request)?;
    let gate = |service: &Service, call: &Call| service.may_change_token(call, Act::TokenUpdate, which.clone());
    let api::UpdateApiToken { token_label, is_active } = request.body(gate)?;
    let updated = request
        .block(move |service, call| service.update_token(call, which, token_label.as_deref(), is_active))
        .await?;
    let stays = (is_active == Some(true)).then(|| tokens::stays_refused(&updated.view)).flatten();
    Ok(Reply::new(&shown(&updated.view)).warning(stays.as_deref()))
}

pub(super) async fn delete(request: Request<op::DeleteRobot>) -> Replied<op::DeleteRobot> {
    let which = which(&request)?;
    request.block(move |service, call| service.delete_token(call, which)).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn rotate(request: Request<op::RotateRobot>) -> Replied<op::RotateRobot> {
    let which = which(&request)?;
    let gate = |service: &Service, call: &Call| service.may_change_token(call, Act::TokenRotate, which.clone());
    let rotation = tokens::rotation(&request.body(gate)?);
    let done = request.block(move |service, call| service.rotate_token(call, which, rotation, None)).await?;
    let robot = api::Robot { record: tokens::rotated(&done).record, ..shown(&done.view) };
    Ok(Reply::new(&new_secret(robot, &done.text)))
}

pub(super) async fn activity(request: Request<op::ListRobotActivity>) -> Replied<op::ListRobotActivity> {
    let which = which(&request)?;
    let (filter, page) = request.query()?;
    let filter = audit::of_activity(filter);
    let read = move |service: &Service, call: &Call| {
        service.token_activity(call, which.clone(), &filter, page.start, page.size)
    };
    Ok(Reply::new(&audit::activities(&request.read_long(read).await?)))
}
