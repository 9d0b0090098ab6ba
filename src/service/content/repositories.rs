//! Repository records: making, listing, viewing, changing, deleting.

use std::sync::Arc;

use super::deletions::{refuse_content_of_another, refuse_too_many, refuse_too_soon};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::content::Activity;
use crate::domain::id::Id;
use crate::domain::immutable_tags::{ImmutableTags, TagPattern};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::domain::random;
use crate::domain::repository::{MAX_LONG_DESCRIPTION, MAX_SHORT_DESCRIPTION, Repository};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, Permit, Questioned, find, visible};
use crate::service::error::{Error, Kind, Obstacle};
use crate::service::ledger::{Change, Deed};
use crate::service::page::{Page, PageQuery};
use crate::service::settings::is_full;
use crate::store::{Sought, State};

/// What a new repository shall be.
#[derive(Clone, Debug)]
pub struct NewRepository {
    /// Its name.
    pub name: RepositoryName,
    /// Whether everybody may view and pull.
    pub is_public: bool,
    /// One line about it.
    pub short_description: String,
    /// A longer text about it.
    pub long_description: String,
    /// Which tags nobody overwrites.
    pub immutable_tags: ImmutableTags,
}

impl NewRepository {
    /// One that is private and has nothing but its name.
    #[must_use]
    pub fn private(name: RepositoryName) -> Self {
        Self {
            name,
            is_public: false,
            short_description: String::new(),
            long_description: String::new(),
            immutable_tags: ImmutableTags::default(),
        }
    }
}

/// The changes to a repository. A field that is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RepositoryUpdate {
    /// Whether everybody may view and pull.
    pub is_public: Option<bool>,
    /// One line about it.
    pub short_description: Option<String>,
    /// A longer text about it.
    pub long_description: Option<String>,
    /// Whether all tags are immutable.
    pub immutable_tags: Option<bool>,
    /// Which tags are, where not all are.
    pub immutable_tag_patterns: Option<Vec<TagPattern>>,
}

impl RepositoryUpdate {
    /// The record after it.
    fn of(&self, present: &Repository) -> Result<Repository, Error> {
        let Self { is_public, short_description, long_description, immutable_tags, immutable_tag_patterns } =
            self.clone();
        let tags = present.immutable_tags.with(immutable_tags, immutable_tag_patterns);
        Ok(Repository {
            is_public: is_public.unwrap_or(present.is_public),
            short_description: short_description.unwrap_or_else(|| present.short_description.clone()),
            long_description: long_description.unwrap_or_else(|| present.long_description.clone()),
            immutable_tags: tags.map_err(|reason| Error::invalid("immutableTagPatterns", reason))?,
            ..present.clone()
        })
    }
}

/// A repository as a caller sees it.
#[derive(Clone, Debug)]
pub struct RepositoryView {
    /// The record.
    pub repository: Arc<Repository>,
    /// The caller's level.
    pub level: AccessLevel,
    /// Whether its namespace belongs to an organization.
    pub is_organization: bool,
    /// The account that owns it; none if nobody does, and for callers who see no accounts but their own.
    pub owner: Option<Name>,
    /// How it is used.
    pub activity: Activity,
}

/// Which page of a list of repositories.
#[derive(Clone, Debug)]
pub struct RepositoryQuery {
    /// Only those of this namespace; all, if none.
    pub namespace: Option<Namespace>,
    /// Only those that this account owns, by name or identifier; anybody's, if none.
    pub owner: Option<String>,
    /// Only those whose name contains this.
    pub contains: Option<String>,
    /// Which page, by name.
    pub page: PageQuery<RepositoryName>,
    /// Whether to count the whole list.
    pub with_count: bool,
}

fn check_descriptions(short: Option<&str>, long: Option<&str>) -> Result<(), Error> {
    text::check_length(short.unwrap_or_default(), 0..=MAX_SHORT_DESCRIPTION)
        .map_err(|reason| Error::invalid("shortDescription", reason))?;
    if long.is_some_and(|long| long.len() > MAX_LONG_DESCRIPTION) {
        return Err(Error::invalid("longDescription", format!("at most {MAX_LONG_DESCRIPTION} bytes")));
    }
    Ok(())
}

impl Service {
    /// The repository as the caller sees it; `None` if it may not.
    pub(in crate::service) fn shown_repository(
        &self,
        authority: &Authority<'_>,
        repository: &Arc<Repository>,
    ) -> Option<RepositoryView> {
        let (state, name) = (authority.state(), &repository.name);
        let owner = state.owner_of(name, Some(repository));
        let level = authority.level_of(repository, owner)?;
        let is_transferred = repository.owner.is_some();
        let namespace = if is_transferred { state.account_named(name.namespace_str()) } else { owner };
        let is_organization = namespace.is_some_and(|account| account.is_organization());
        let owner = owner.filter(|owner| sees_account(authority, owner)).map(|owner| owner.name.clone());
        let activity = self.activity(state, repository);
        Some(RepositoryView { repository: Arc::clone(repository), level, is_organization, owner, activity })
    }

    /// A page of the repositories that the caller sees.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a namespace that no account owns and in which the caller sees nothing; [`Error::Denied`] for
    /// what another account owns, to all but administrators.
    pub fn list_repositories(
        &self,
        call: &Call,
        query: &RepositoryQuery,
    ) -> Result<Page<RepositoryView, RepositoryName>, Error> {
        self.view(call, Act::RepositoryList, "", |authority| {
            authority.signed_in()?;
            let owner = query.owner.as_deref().map(|owner| listed_owner(authority, owner)).transpose()?;
            let seen = |after: Option<&RepositoryName>| seen(authority, query, owner, after);
            let kept = || kept_count(authority, query, owner);
            let count = query.with_count.then(|| kept().unwrap_or_else(|| seen(None).count()));
            let rest = seen(query.page.after.as_ref());
            let rest = rest.filter_map(|repository| self.shown_repository(authority, repository));
            let page = Page::of(rest, |view| &view.repository.name, query.page.limit, count);
            if let (Some(namespace), None, true) = (&query.namespace, &query.page.after, page.entries.is_empty()) {
                known_namespace(authority, namespace)?;
            }
            Ok(page)
        })
    }

    /// A page of the catalogue, after `last`. Anonymous callers see public names.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential is no longer valid.
    pub fn catalog(
        &self,
        call: &Call,
        last: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<Page<RepositoryName, RepositoryName>, Error> {
        self.view(call, Act::RegistryCatalog, "", |authority| {
            authority.visitor()?;
            let names = visible::all(authority, Order::Ascending, last).map(|repository| repository.name.clone());
            Ok(Page::of(names, |name| name, limit, None))
        })
    }

    /// One repository.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Hidden`] for what the caller may not see.
    pub fn view_repository(&self, call: &Call, name: &RepositoryName) -> Result<RepositoryView, Error> {
        self.view(call, Act::RepositoryView, name.as_str(), |authority| {
            authority.signed_in()?;
            let repository = authority.state().repository(name);
            let view = repository.and_then(|repository| self.shown_repository(authority, repository));
            view.ok_or_else(|| authority.no_such_repository(name))
        })
    }

    /// Makes a repository.
    ///
    /// # Errors
    /// [`Error::Denied`] without admin access to the namespace, whether or not the name is taken;
    /// [`Error::AlreadyExists`]; [`Error::NotFound`] if no account has the namespace; [`Obstacle::Limit`],
    /// [`Obstacle::BeingDeleted`], [`Obstacle::DeletedLately`]; [`Obstacle::NoGateway`] if tags shall be immutable
    /// where nothing holds them.
    pub fn create_repository(&self, call: &Call, new: NewRepository) -> Result<RepositoryView, Error> {
        let deed = Deed::new(Act::RepositoryCreate, &new.name);
        let id = Id::new(call.now, random::bytes()?);
        let (live, token_lifetime) = (self.settings.live.clone(), self.settings.registry_token_lifetime);
        let (name, underway, hold) = (new.name.clone(), self.underway.clone(), self.settings.immutable_tags_hold());
        self.change(call, deed, move |change| {
            let permit = change.authority()?.create_repository(&new.name)?;
            check_descriptions(Some(&new.short_description), Some(&new.long_description))?;
            must_be_held(hold, &ImmutableTags::default(), &new.immutable_tags)?;
            underway.refuse(change.state(), &new.name)?;
            if change.state().repository(&new.name).is_some() {
                return Err(Error::AlreadyExists { kind: Kind::Repository, name: new.name.to_string() });
            }
            let repositories = live.at(change.state()).max_per_namespace;
            create(change, &permit, new.clone(), id, &CreationLimits { repositories, token_lifetime })
        })?;
        self.view_repository(call, &name)
    }

    /// Creates private records for repositories that are about to be pushed to. Those that the caller may not create,
    /// or that cannot be written now, are skipped without telling the client.
    pub(in crate::service) fn create_by_push(&self, call: &Call, names: Vec<RepositoryName>) -> Result<(), Error> {
        let (live, token_lifetime) = (self.settings.live.clone(), self.settings.registry_token_lifetime);
        for name in names {
            let (id, underway, live) = (Id::new(call.now, random::bytes()?), self.underway.clone(), live.clone());
            let created = self.change(call, Deed::new(Act::RepositoryCreateOnPush, &name), move |change| {
                let permit = change.authority_to_push()?.create_by_push(&name)?;
                underway.refuse(change.state(), &name)?;
                let settings = live.at(change.state());
                if change.state().repository(&name).is_some() || !settings.create_on_push {
                    change.skip_record();
                    return Ok(());
                }
                let new = NewRepository::private(name.clone());
                let limits = CreationLimits { repositories: settings.max_per_namespace, token_lifetime };
                create(change, &permit, new, id, &limits)
            });
            match created {
                Ok(())
                | Err(
                    Error::Denied(_)
                    | Error::Capped(_)
                    | Error::Conflict(_)
                    | Error::NotFound { .. }
                    | Error::Hidden { .. },
                ) => {}
                Err(Error::Unavailable(reason)) => log::warn!("a push made no repository: {reason}"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Refuses a name that a push of this account may make, where the state does not let it.
    ///
    /// # Errors
    /// What [`Service::create_by_push`] meets, and tells no client.
    pub(in crate::service) fn has_place_for_push(
        &self,
        state: &State,
        by: &Questioned<'_>,
        name: &RepositoryName,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.underway.refuse(state, name)?;
        let repositories = self.settings.live.at(state).max_per_namespace;
        let limits = CreationLimits { repositories, token_lifetime: self.settings.registry_token_lifetime };
        must_have_place(state, name, by.reaches_everything(), &limits, now)
    }

    /// Refuses callers who may make no repository in this namespace, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`]
    pub fn may_create_repository(&self, call: &Call, namespace: &Namespace) -> Result<Allowed, Error> {
        self.gate(call, Act::RepositoryCreate, namespace.as_str(), |authority| authority.create_within(namespace))
    }

    /// Checks that the caller may change the repository, before its body is read.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]
    pub fn may_update_repository(&self, call: &Call, name: &RepositoryName) -> Result<Allowed, Error> {
        self.gate(call, Act::RepositoryUpdate, name.as_str(), |authority| authority.administer_repository(name))
    }

    /// Changes a repository.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`], [`Error::Invalid`]; [`Obstacle::NoGateway`] if other tags shall be
    /// immutable than are, where nothing holds them.
    pub fn update_repository(
        &self,
        call: &Call,
        name: &RepositoryName,
        update: RepositoryUpdate,
    ) -> Result<RepositoryView, Error> {
        let (asked, hold) = (name.clone(), self.settings.immutable_tags_hold());
        self.change(call, Deed::new(Act::RepositoryUpdate, name), move |change| {
            let permit = change.authority()?.administer_repository(&asked)?;
            check_descriptions(update.short_description.as_deref(), update.long_description.as_deref())?;
            let present = change.state().repository(&asked);
            let present = present.ok_or_else(|| Error::not_found(Kind::Repository, &asked))?;
            let repository = update.of(present)?;
            must_be_held(hold, &present.immutable_tags, &repository.immutable_tags)?;
            change.txn(&permit).put_repository(repository)?;
            change.about_repository(&asked);
            Ok(())
        })?;
        self.view_repository(call, name)
    }

    /// Deletes a repository's record, the grants on it and what is known of its content. `false` if there was no
    /// record, told only to callers who could create the repository.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]
    pub fn delete_repository(&self, call: &Call, name: &RepositoryName) -> Result<bool, Error> {
        let (asked, deletion) = (name.clone(), self.settings.deletion(call.now));
        self.change(call, Deed::new(Act::RepositoryDelete, name), move |change| {
            let authority = change.authority()?;
            if change.state().repository(&asked).is_none() {
                authority.signed_in()?;
                if !authority.may_create(&asked, AccessLevel::Admin) {
                    return Err(authority.no_such_repository(&asked));
                }
                change.skip_record();
                return Ok(false);
            }
            // One that was transferred away, which the caller may not see, is none to who has the namespace.
            if authority.level(&asked).is_none() && authority.may_create(&asked, AccessLevel::Admin) {
                change.skip_record();
                return Ok(false);
            }
            let permit = authority.administer_repository(&asked)?;
            change.about_repository(&asked);
            change.txn(&permit).remove_repository(&asked, deletion.clone())?;
            Ok(true)
        })
    }
}

/// Refuses what would only seem to be immutable: without a gateway, the registry takes every push. What was chosen while
/// there was one may stay, and can be taken back.
fn must_be_held(hold: bool, before: &ImmutableTags, after: &ImmutableTags) -> Result<(), Error> {
    if hold || after.is_none() || after == before { Ok(()) } else { Err(Error::Conflict(Obstacle::NoGateway)) }
}

/// The account whose repositories are asked for: one's own, or any for administrators.
fn listed_owner<'s>(authority: &Authority<'s>, name_or_id: &str) -> Result<&'s Account, Error> {
    authority.account_data()?;
    if !authority.is_called(name_or_id) {
        authority.administrator()?;
    }
    find(authority.state(), name_or_id)
}

/// Who sees no accounts must not learn which there are.
fn sees_account(authority: &Authority<'_>, account: &Account) -> bool {
    authority.account_data().is_ok() || authority.is_self(account)
}

/// How many repositories a query matches, where that is kept: for callers who see everything, and without a text.
fn kept_count(authority: &Authority<'_>, query: &RepositoryQuery, owner: Option<&Account>) -> Option<usize> {
    if query.contains.is_some() || !authority.may_list_whole_registry() {
        return None;
    }
    let state = authority.state();
    match (owner, &query.namespace) {
        (Some(owner), None) => Some(state.owned_count(owner)),
        (None, Some(namespace)) => Some(state.namespace_size(namespace)),
        (None, None) => Some(state.repositories_count()),
        (Some(_), Some(_)) => None,
    }
}

/// The repositories that a query matches, after a name.
fn seen<'s>(
    authority: &Authority<'s>,
    query: &RepositoryQuery,
    owner: Option<&Account>,
    after: Option<&RepositoryName>,
) -> Box<dyn Iterator<Item = &'s Arc<Repository>> + 's> {
    let (namespace, order) = (query.namespace.as_ref(), query.page.order);
    if let Some(owner) = owner {
        let (namespace, text) = (namespace.cloned(), query.contains.clone());
        let owned = visible::owned(authority.state(), owner, order, after);
        return Box::new(owned.filter(move |repository| {
            let name = &repository.name;
            namespace.as_ref().is_none_or(|it| name.namespace() == *it)
                && text.as_deref().is_none_or(|text| name.as_str().contains(text))
        }));
    }
    match (namespace, &query.contains) {
        (namespace, Some(text)) => {
            let sought = Arc::new(Sought::new(text.clone()));
            Box::new(visible::containing(authority, namespace, order, after, &sought))
        }
        (Some(namespace), None) => Box::new(visible::of_namespace(authority, namespace, order, after)),
        (None, None) => Box::new(visible::all(authority, order, after)),
    }
}

/// Refuses a namespace that nobody owns and in which the caller sees nothing.
fn known_namespace(authority: &Authority<'_>, namespace: &Namespace) -> Result<(), Error> {
    let known = |name: &Name| authority.state().account_named(name.as_str());
    let owner = |name: &Name| known(name).is_some_and(|account| sees_account(authority, account));
    let is_owned = namespace.name().is_none_or(owner);
    let is_known = is_owned || visible::of_namespace(authority, namespace, Order::Ascending, None).next().is_some();
    if is_known { Ok(()) } else { Err(Error::not_found(Kind::Account, namespace)) }
}

/// The limits on creating repositories.
struct CreationLimits {
    /// Most repositories of a namespace.
    repositories: u32,
    /// Lifetime of a registry token, in seconds.
    token_lifetime: i64,
}

/// Refuses a new name for which there is no place: the namespace must have room, and belong to an account unless it is the
/// empty one. System administrators are `unbounded` by the names that were deleted.
fn must_have_place(
    state: &State,
    name: &RepositoryName,
    unbounded: bool,
    limits: &CreationLimits,
    now: Timestamp,
) -> Result<(), Error> {
    let namespace = name.namespace();
    let owner = namespace.name().map(|name| state.account_named(name.as_str()));
    let owner = owner.map(|owner| owner.ok_or_else(|| Error::not_found(Kind::Account, &namespace))).transpose()?;
    // Whoever was given repositories of other namespaces has that much less room in its own.
    let owned = owner.map_or(0, |owner| state.owned_count(owner));
    if is_full(state.namespace_size(&namespace).max(owned), limits.repositories) {
        return Err(Error::Conflict(Obstacle::Limit("repositories of a namespace")));
    }
    let owner = owner.map(|owner| owner.id);
    // Everybody who may create repositories here could use up the bound on deleted names, and so close the namespace
    // to its owner. System administrators, who need no bound, can still create some then.
    if let (Some(owner), false) = (owner, unbounded) {
        refuse_too_many(state, name, owner, limits.repositories)?;
    }
    if !unbounded {
        refuse_content_of_another(state, name, owner)?;
    }
    refuse_too_soon(state, name, owner, limits.token_lifetime, now)
}

/// Writes a new record.
fn create(
    change: &mut Change<'_, '_>,
    permit: &Permit,
    new: NewRepository,
    id: Id,
    limits: &CreationLimits,
) -> Result<(), Error> {
    let (unbounded, now) = (change.authority_to_push()?.reaches_everything(), change.call().now);
    must_have_place(change.state(), &new.name, unbounded, limits, now)?;
    let created_at: Timestamp = now.whole_seconds();
    let repository = Repository {
        id,
        name: new.name,
        is_public: new.is_public,
        short_description: new.short_description,
        long_description: new.long_description,
        created_at,
        owner: None,
        immutable_tags: new.immutable_tags,
    };
    let name = repository.name.clone();
    change.txn(permit).put_repository(repository)?;
    change.about_repository(&name);
    Ok(())
}
