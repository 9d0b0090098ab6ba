//! `/api/v0/repositories`: repository records.

use std::borrow::Cow;
use std::time::Duration;

use super::App;
use super::failure::Failure;
use super::page;
use super::repeated::{OF_THE_PATH, must_be};
use super::reply::{Replied, Reply};
use super::request::{Checked, Request};
use crate::api::operations::repositories as op;
use crate::api::{self, Code, Nothing, Operation, Paged};
use crate::causes::with_causes;
use crate::domain::days::{Day, DayCount};
use crate::domain::immutable_tags::{ImmutableTags, TagPattern};
use crate::domain::name::{Namespace, RepositoryName};
use crate::registry::NeighbourError;
use crate::service::{NewRepository, PageQuery, RepositoryQuery, RepositoryUpdate, RepositoryView, Service};

/// The warning that only records were deleted, because dockpass does not know where the registry is.
pub(super) const CONTENT_STAYS: &str =
    "only what dockpass knows was deleted: the registry keeps the content until it is deleted there";
/// The warning that nothing holds the immutable tags that a repository asks for.
const NOT_HELD: &str = "no tag is immutable here, though the repository asks for it: pushes do not go through dockpass (registry.upstream)";
/// Why a repository cannot be renamed.
const KEPT: &str = "names never change";
/// How long an answer waits for the deletion of content, which goes on afterwards.
const CONTENT_TIMEOUT: Duration = Duration::from_secs(20);

/// A repository as the API shows it: its texts copied, or taken from where they are.
pub(super) fn shown<'v, T: From<&'v str> + From<String>>(view: &'v RepositoryView) -> api::Repository<T> {
    let repository = &view.repository;
    api::Repository {
        id: repository.id.to_string().into(),
        namespace: repository.name.namespace_str().into(),
        namespace_type: if view.is_organization { api::NamespaceType::Organization } else { api::NamespaceType::User },
        name: repository.name.rest().into(),
        short_description: repository.short_description.as_str().into(),
        long_description: repository.long_description.as_str().into(),
        visibility: if repository.is_public { api::Visibility::Public } else { api::Visibility::Private },
        scan_on_push: false,
        immutable_tags: repository.immutable_tags.is_all(),
        immutable_tag_patterns: repository.immutable_tags.patterns().iter().map(ToString::to_string).collect(),
        enable_manifest_lists: true,
        pulls: view.activity.pulls,
        pushes: view.activity.pushes,
        tag_limit: 0,
        access_level: view.level,
        owner: view.owner.as_ref().map(|owner| owner.as_str().into()),
        last_push: view.activity.last_push.map(|at| at.to_string().into()),
        missing_since: view.activity.missing_since.map(|at| at.to_string().into()),
    }
}

/// The namespace in a path; an invalid one is answered like an unknown account.
pub(super) fn namespace(text: &str) -> Result<Namespace, Failure> {
    Namespace::parse(text).map_err(|_| Failure::new(Code::NoSuchAccount, format!("no such account: {text}")))
}

/// The repository in a path, from its namespace and the rest of its name; an invalid name is answered like an unknown
/// repository.
pub(super) fn repository(namespace: &str, rest: &str) -> Result<RepositoryName, Failure> {
    let name = Namespace::parse(namespace).and_then(|namespace| RepositoryName::within(&namespace, rest));
    name.map_err(|_| Failure::new(Code::NoSuchRepository, format!("no such repository: {namespace}/{rest}")))
}

fn read_visibility(text: Option<&str>) -> Result<Option<bool>, Failure> {
    match text {
        None => Ok(None),
        Some("public") => Ok(Some(true)),
        Some("private") => Ok(Some(false)),
        Some(_) => Err(Failure::new(Code::InvalidVisibility, "visibility: public or private")),
    }
}

/// The patterns of a body.
fn read_patterns(texts: Option<Vec<String>>) -> Result<Option<Vec<TagPattern>>, Failure> {
    let read = |text: &String| TagPattern::parse(text).map_err(|error| Failure::invalid("immutableTagPatterns", error));
    texts.map(|texts| texts.iter().map(read).collect()).transpose()
}

/// One repository, with a warning if it asks for immutable tags and nothing holds them.
fn one<O: Operation<Answer = api::Repository>>(app: &App, view: &RepositoryView) -> Reply<O> {
    let is_idle = !view.repository.immutable_tags.is_none() && !app.service.settings().immutable_tags_hold();
    Reply::new(&shown(view)).warning(is_idle.then_some(NOT_HELD))
}

pub(super) async fn list(request: Request<op::ListRepositories>) -> Replied<op::ListRepositories> {
    let (op::OfOwner { owner }, containing, order, page, count) = request.query()?;
    list_within(&request, (None, owner), (containing, order, page, count)).await
}

pub(super) async fn activity(request: Request<op::ViewActivity>) -> Replied<op::ViewActivity> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let days = request.read_long(move |service, call| service.daily_activity(call, &name)).await?;
    let shown = |(day, count): &(Day, DayCount)| api::ActivityDay {
        day: day.to_string(),
        pulls: count.pulls,
        pushes: count.pushes,
    };
    Ok(Reply::new(&api::RepositoryActivity { days: days.iter().map(shown).collect() }))
}

pub(super) async fn list_namespace(
    request: Request<op::ListRepositoriesOfNamespace>,
) -> Replied<op::ListRepositoriesOfNamespace> {
    let ([text], query) = (request.parts()?, request.query()?);
    let namespace = namespace(&text)?;
    list_within(&request, (Some(namespace), None), query).await
}

async fn list_within<O: Operation<Answer = Paged<api::Repositories>>>(
    request: &Checked,
    (namespace, owner): (Option<Namespace>, Option<String>),
    (containing, order, page, count): op::RepositoryList,
) -> Replied<O> {
    let (contains, order, with_count) = (containing.contains, order.order.unwrap_or_default(), count.is_wanted());
    // The repositories of the empty namespace are no contiguous range of names: all names are scanned.
    let is_scan = contains.is_some() || owner.is_some() || namespace == Some(Namespace::Empty);
    let is_long = with_count || page::is_long(page.size) || is_scan;
    let page = PageQuery { order, after: page.start, limit: page.size };
    let query = RepositoryQuery { namespace, owner, contains, page, with_count };
    let list = request.read_list(is_long, move |service, call| service.list_repositories(call, &query)).await?;
    let repositories = list.entries.iter().map(shown::<Cow<'_, str>>).collect();
    Ok(Reply::repositories(&page::paged(&list, |_, _| api::Repositories { repositories })))
}

pub(super) async fn create(request: Request<op::CreateRepository>) -> Replied<op::CreateRepository> {
    let [text] = request.parts()?;
    let namespace = namespace(&text)?;
    let body = request.body(|service, call| service.may_create_repository(call, &namespace))?;
    must_be("namespace", body.namespace.as_deref(), namespace.as_str(), OF_THE_PATH)?;
    let name = RepositoryName::within(&namespace, &body.name).map_err(|error| Failure::invalid("name", error))?;
    let new = NewRepository {
        name,
        is_public: read_visibility(body.visibility.as_deref())?.unwrap_or(false),
        short_description: body.short_description.unwrap_or_default(),
        long_description: body.long_description.unwrap_or_default(),
        immutable_tags: ImmutableTags::default()
            .with(body.immutable_tags, read_patterns(body.immutable_tag_patterns)?)
            .map_err(|error| Failure::invalid("immutableTagPatterns", error))?,
    };
    let made = request.block(move |service, call| service.create_repository(call, new)).await?;
    Ok(one(&request.app, &made))
}

pub(super) async fn view(request: Request<op::ViewRepository>) -> Replied<op::ViewRepository> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let view = request.run(|service, call| service.view_repository(call, &name))?;
    Ok(one(&request.app, &view))
}

pub(super) async fn update(request: Request<op::UpdateRepository>) -> Replied<op::UpdateRepository> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let body = request.body(|service, call| service.may_update_repository(call, &name))?;
    must_be("namespace", body.namespace.as_deref(), name.namespace_str(), KEPT)?;
    must_be("name", body.name.as_deref(), name.rest(), KEPT)?;
    let update = RepositoryUpdate {
        is_public: read_visibility(body.visibility.as_deref())?,
        short_description: body.short_description,
        long_description: body.long_description,
        immutable_tags: body.immutable_tags,
        immutable_tag_patterns: read_patterns(body.immutable_tag_patterns)?,
    };
    let updated = request.block(move |service, call| service.update_repository(call, &name, update)).await?;
    Ok(one(&request.app, &updated))
}

pub(super) async fn delete(request: Request<op::DeleteRepository>) -> Replied<op::DeleteRepository> {
    let [namespace, rest] = request.parts()?;
    let name = repository(&namespace, &rest)?;
    let asked = name.clone();
    let was_there = request.block(move |service, call| service.delete_repository(call, &asked)).await?;
    let said = if was_there { request.app.delete_content(name).await } else { None };
    Ok(Reply::new(&Nothing).warning(said))
}

pub(super) async fn transfer(request: Request<op::TransferRepository>) -> Replied<op::TransferRepository> {
    let [namespace, rest] = request.parts()?;
    let body = request.body(|service, call| service.may_transfer(call, &format!("{namespace}/{rest}")))?;
    let name = repository(&namespace, &rest)?;
    let view = request.block(move |service, call| service.transfer_repository(call, &name, &body.to)).await?;
    Ok(one(&request.app, &view))
}

pub(super) async fn transfer_all(
    request: Request<op::TransferRepositoriesOfAccount>,
) -> Replied<op::TransferRepositoriesOfAccount> {
    let [account] = request.parts()?;
    let body = request.body(|service, call| service.may_transfer(call, &account))?;
    let is_dry = body.dry_run.unwrap_or(false);
    let transfer = if is_dry { Service::try_transfer_of_repositories } else { Service::transfer_repositories };
    let done = request.block(move |service, call| transfer(service, call, &account, &body.to)).await?;
    let left =
        (done.left > 0 && !is_dry).then(|| format!("{} repositories are left: send the same request again", done.left));
    let (transferred, left_count) = (done.count as u64, done.left as u64);
    let answer = api::TransferredRepositories { to: done.to.to_string(), transferred, left: left_count };
    Ok(Reply::new(&answer).warning(left.as_deref()))
}

impl App {
    /// Has the registry delete the content of a deleted repository; returns a warning if that is not done yet or never
    /// will be.
    async fn delete_content(&self, name: RepositoryName) -> Option<&'static str> {
        let Some(neighbour) = &self.neighbour else {
            return Some(CONTENT_STAYS);
        };
        match tokio::time::timeout(CONTENT_TIMEOUT, neighbour.delete_content(name)).await {
            Ok(Ok(())) => None,
            Ok(Err(NeighbourError::DeletionDisabled)) => {
                Some("only the record was deleted: the registry is configured to delete nothing")
            }
            Ok(Err(error)) => {
                log::warn!("the content of a deleted repository stays for now: {}", with_causes(&error));
                Some("the record was deleted; the content goes when the registry can be asked again")
            }
            Err(_) => Some("the record was deleted; the content is still being deleted"),
        }
    }
}
