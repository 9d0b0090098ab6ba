//! Grants to users and teams.

use actix_web::http::Method;

use super::{PAGE, Route};
use crate::api;
use crate::http::failure::Code;
use crate::http::{grants, team_grants};

pub(super) fn access() -> Vec<Route> {
    use Code::{NoSuchAccount, NoSuchRepository, NoSuchUser};
    let (on_one, on_one_user) = (
        "/api/v0/repositories/{namespace}/{reponame}/userAccess",
        "/api/v0/repositories/{namespace}/{reponame}/userAccess/{username}",
    );
    let (on_all, on_all_user) = (
        "/api/v0/repositoryNamespaces/{namespace}/userAccess",
        "/api/v0/repositoryNamespaces/{namespace}/userAccess/{username}",
    );
    let missing = &[NoSuchRepository, NoSuchUser];
    let missing_namespace = &[NoSuchAccount, NoSuchUser];
    let of_user = "/api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame}";
    let reasons = "/api/v0/repositories/{namespace}/{reponame}/access";
    vec![
        Route::new(Method::GET, on_one, "listUserAccess", "List the users who were given access to a repository")
            .gives::<api::UserAccessList>()
            .fails(missing)
            .to(grants::list_on_repository),
        Route::new(Method::PUT, on_one_user, "setUserAccess", "Give a user access to a repository")
            .takes::<api::SetAccess>()
            .gives::<api::UserAccess>()
            .fails(missing)
            .to(grants::put_on_repository),
        Route::new(Method::DELETE, on_one_user, "deleteUserAccess", "Take a user's access to a repository")
            .status(204)
            .fails(missing)
            .to(grants::delete_on_repository),
        Route::new(
            Method::GET,
            on_all,
            "listNamespaceUserAccess",
            "List the users who were given access to a namespace",
        )
        .gives::<api::UserAccessList>()
        .fails(missing_namespace)
        .to(grants::list_on_namespace),
        Route::new(Method::PUT, on_all_user, "setNamespaceUserAccess", "Give a user access to all of a namespace")
            .takes::<api::SetAccess>()
            .gives::<api::UserAccess>()
            .fails(missing_namespace)
            .to(grants::put_on_namespace),
        Route::new(Method::DELETE, on_all_user, "deleteNamespaceUserAccess", "Take a user's access to a namespace")
            .status(204)
            .fails(missing_namespace)
            .to(grants::delete_on_namespace),
        Route::new(Method::GET, reasons, "listAccess", "List who has access to a repository, and why")
            .gives::<api::RepositoryAccess>()
            .fails(&[NoSuchRepository])
            .to(grants::reasons),
        Route::new(Method::GET, of_user, "viewRepositoryAccess", "View what a user may do with a repository")
            .gives::<api::UserAccess>()
            .fails(missing)
            .to(grants::of_user),
    ]
}

pub(super) fn team_access() -> Vec<Route> {
    use Code::{InvalidParameters, NoSuchAccount, NoSuchRepository, NoSuchTeam, NoSuchTeamAccess};
    let (on_one, on_one_team) = (
        "/api/v0/repositories/{namespace}/{reponame}/teamAccess",
        "/api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}",
    );
    let (on_all, on_all_team) = (
        "/api/v0/repositoryNamespaces/{namespace}/teamAccess",
        "/api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}",
    );
    let missing = &[InvalidParameters, NoSuchRepository, NoSuchTeam];
    let missing_namespace = &[InvalidParameters, NoSuchAccount, NoSuchTeam];
    vec![
        Route::new(Method::GET, on_one, "listTeamAccess", "List the teams that were given access to a repository")
            .gives::<api::TeamAccessList>()
            .fails(&[NoSuchRepository])
            .to(team_grants::list_on_repository),
        Route::new(Method::PUT, on_one_team, "setTeamAccess", "Give a team access to a repository")
            .takes::<api::SetAccess>()
            .gives::<api::TeamAccess>()
            .fails(missing)
            .to(team_grants::put_on_repository),
        Route::new(Method::DELETE, on_one_team, "deleteTeamAccess", "Take a team's access to a repository")
            .status(204)
            .fails(missing)
            .to(team_grants::delete_on_repository),
        Route::new(
            Method::GET,
            on_all,
            "listNamespaceTeamAccess",
            "List the teams that were given access to a namespace",
        )
        .gives::<api::TeamAccessList>()
        .fails(&[NoSuchAccount])
        .to(team_grants::list_on_namespace),
        Route::new(Method::GET, on_all_team, "viewNamespaceTeamAccess", "View a team's access to a namespace")
            .gives::<api::TeamAccess>()
            .fails(missing_namespace)
            .fails(&[NoSuchTeamAccess])
            .to(team_grants::view_on_namespace),
        Route::new(Method::PUT, on_all_team, "setNamespaceTeamAccess", "Give a team access to all of a namespace")
            .takes::<api::SetAccess>()
            .gives::<api::TeamAccess>()
            .fails(missing_namespace)
            .to(team_grants::put_on_namespace),
        Route::new(Method::DELETE, on_all_team, "deleteNamespaceTeamAccess", "Take a team's access to a namespace")
            .status(204)
            .fails(missing_namespace)
            .to(team_grants::delete_on_namespace),
        Route::new(
            Method::GET,
            "/api/v0/accounts/{name}/teams/{team}/repositoryAccess",
            "listRepositoriesOfTeam",
            "List the repositories that a team was given access to",
        )
        .query(PAGE)
        .gives::<api::TeamRepositories>()
        .fails(&[InvalidParameters, NoSuchAccount, NoSuchTeam])
        .to(team_grants::repositories_of_team),
    ]
}
