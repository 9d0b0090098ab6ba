//! Repositories and what they may be found by.

use actix_web::http::Method;

use super::{COUNT, ORDER, PAGE, Parameter, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::{repositories, search, tags};

pub(super) fn repositories() -> Vec<Route> {
    use Code::{InvalidVisibility, LimitReached, NamespaceInUse, NoSuchAccount, NoSuchRepository, RepositoryExists};
    const SEARCH: &[Parameter] = &[("q", "string", "Only names that contain this.")];
    let (all, namespace, one) =
        ("/api/v0/repositories", "/api/v0/repositories/{namespace}", "/api/v0/repositories/{namespace}/{reponame}");
    vec![
        Route::new(Method::GET, all, "listRepositories", "List the repositories that you see, by name")
            .query(SEARCH)
            .query(ORDER)
            .query(PAGE)
            .query(COUNT)
            .gives::<api::Repositories>()
            .to(repositories::list),
        Route::new(
            Method::GET,
            namespace,
            "listRepositoriesOfNamespace",
            "List the repositories of a namespace that you see",
        )
        .query(SEARCH)
        .query(ORDER)
        .query(PAGE)
        .query(COUNT)
        .gives::<api::Repositories>()
        .fails(&[NoSuchAccount])
        .to(repositories::list_namespace),
        Route::new(Method::POST, namespace, "createRepository", "Make a repository")
            .takes::<api::CreateRepository>()
            .status(201)
            .gives::<api::Repository>()
            .fails(&[InvalidVisibility, RepositoryExists, NoSuchAccount, LimitReached, NamespaceInUse])
            .to(repositories::create),
        Route::new(Method::GET, one, "viewRepository", "View a repository; a `/` in its name is sent as `%2F`")
            .gives::<api::Repository>()
            .fails(&[NoSuchRepository])
            .to(repositories::view),
        Route::new(Method::PATCH, one, "updateRepository", "Change description and visibility")
            .takes::<api::UpdateRepository>()
            .gives::<api::Repository>()
            .fails(&[InvalidVisibility, NoSuchRepository])
            .to(repositories::update),
        Route::new(Method::DELETE, one, "deleteRepository", "Delete a repository; a `Warning` header says what stays")
            .status(204)
            .fails(&[NoSuchRepository])
            .to(repositories::delete),
    ]
}

pub(super) fn tag_paths() -> Vec<Route> {
    use Code::{DeletionDisabled, InvalidParameters, NeedsRegistryUrl, NoSuchRepository, NoSuchTag, TagSharesManifest};
    const ALSO: &[Parameter] = &[(
        "alsoTags",
        "string",
        "At most 100 other tags, with commas between them, that may go along where the registry deletes whole manifests \
         only. Those that point to the same manifest then go; all others stay.",
    )];
    const UNREAD: &[Parameter] =
        &[("includeManifests", "boolean", "Not read: `manifest` is always there."), ("domain", "string", "Not read.")];
    let (all, one) =
        ("/api/v0/repositories/{namespace}/{reponame}/tags", "/api/v0/repositories/{namespace}/{reponame}/tags/{tag}");
    vec![
        Route::new(Method::GET, all, "listTags", "List the tags of a repository, by name")
            .query(UNREAD)
            .query(PAGE)
            .query(COUNT)
            .gives::<Vec<api::Tag>>()
            .fails(&[NoSuchRepository])
            .to(tags::list),
        Route::new(Method::DELETE, one, "deleteTag", "Delete a tag, here and in the registry")
            .query(ALSO)
            .status(204)
            .fails(&[
                InvalidParameters,
                NoSuchRepository,
                NoSuchTag,
                TagSharesManifest,
                NeedsRegistryUrl,
                DeletionDisabled,
            ])
            .to(tags::delete),
    ]
}

pub(super) fn search_paths() -> Vec<Route> {
    use Code::{InvalidParameters, NotFound};
    const DOCKER: &[Parameter] = &[
        ("q", "string", "A part of the name."),
        ("n", "integer", "At most so many; 25 if omitted or 0, never more than 100."),
    ];
    const COMPLETE: &[Parameter] = &[
        ("query", "string", "A part of the name."),
        ("includeRepositories", "boolean", "Whether repositories are searched; true if omitted."),
        ("includeAccounts", "boolean", "Whether accounts are searched; true if omitted."),
        ("namespace", "string", "Only repositories of this namespace."),
        ("limit", "integer", "At most so many of each; 25 if omitted or 0, never more than 100."),
    ];
    vec![
        Route::new(Method::GET, "/v1/_ping", "pingSearch", "Whether `docker search` can be asked")
            .public()
            .to(search::ping),
        Route::new(
            Method::GET,
            "/v1/search",
            "dockerSearchV1",
            "What `docker search` asks; anonymous callers find public repositories",
        )
        .query(DOCKER)
        .gives::<api::SearchResults>()
        .fails(&[InvalidParameters, NotFound])
        .public()
        .to(search::docker_v1),
        Route::new(
            Method::GET,
            "/api/v0/index/dockersearch",
            "dockerSearch",
            "Search repositories; anonymous callers find public ones",
        )
        .query(DOCKER)
        .gives::<api::SearchResults>()
        .fails(&[InvalidParameters])
        .public()
        .to(search::docker),
        Route::new(
            Method::GET,
            "/api/v0/index/autocomplete",
            "autocomplete",
            "Complete the name of a repository or an account",
        )
        .query(COMPLETE)
        .needs("query")
        .gives::<api::Autocomplete>()
        .fails(&[InvalidParameters])
        .public()
        .to(search::autocomplete),
    ]
}
