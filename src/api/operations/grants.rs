//! What users and teams were given access to.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Paged, Paging};
use crate::domain::name::RepositoryName;

parameters! {
    /// What access is asked about.
    WhichTarget {
        /// Only what touches this: `NAMESPACE/NAME`, or `NAMESPACE/*` for all of a namespace; everything if omitted.
        on "on": Option<String>,
    }
}

operations! { Grants:
    /// List the users who were given access to a repository
    ListUserAccess = Get "/api/v0/repositories/{namespace}/{reponame}/userAccess" 200 {
        act: GrantList,
        answer: api::UserAccessList,
        codes: [NoSuchRepository],
    }

    /// Give a user access to a repository
    SetUserAccess = Put "/api/v0/repositories/{namespace}/{reponame}/userAccess/{username}" 200 {
        act: GrantSet,
        body: api::SetAccess,
        answer: api::UserAccess,
        codes: [NoSuchRepository, NoSuchUser],
    }

    /// Take a user's access to a repository
    DeleteUserAccess = Delete "/api/v0/repositories/{namespace}/{reponame}/userAccess/{username}" 204 {
        act: GrantDelete,
        codes: [NoSuchRepository, NoSuchUser],
    }

    /// List the users who were given access to a namespace
    ListNamespaceUserAccess = Get "/api/v0/repositoryNamespaces/{namespace}/userAccess" 200 {
        act: GrantList,
        answer: api::UserAccessList,
        codes: [NoSuchAccount],
    }

    /// Give a user access to all of a namespace
    SetNamespaceUserAccess = Put "/api/v0/repositoryNamespaces/{namespace}/userAccess/{username}" 200 {
        act: GrantSet,
        body: api::SetAccess,
        answer: api::UserAccess,
        codes: [NoSuchAccount, NoSuchUser],
    }

    /// Take a user's access to a namespace
    DeleteNamespaceUserAccess = Delete "/api/v0/repositoryNamespaces/{namespace}/userAccess/{username}" 204 {
        act: GrantDelete,
        codes: [NoSuchAccount, NoSuchUser],
    }

    /// List who has access to a repository, and why
    ListAccess = Get "/api/v0/repositories/{namespace}/{reponame}/access" 200 {
        act: RepositoryAccess,
        answer: api::RepositoryAccess,
        codes: [NoSuchRepository],
    }

    /// View what a user may do with a repository
    ViewRepositoryAccess = Get "/api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame}" 200 {
        act: RepositoryAccessOf,
        answer: api::UserAccess,
        codes: [NoSuchRepository, NoSuchUser],
    }

    /// List what a user reaches, and why; who administers the target is not told of teams that it may not see
    ListAccessOfUser = Get "/api/v0/accounts/{name}/repositoryAccess" 200 {
        act: RepositoryAccessOf,
        query: WhichTarget,
        answer: api::AccountAccess,
        codes: [NoSuchAccount, NoSuchRepository, NoSuchUser],
    }

    /// List the teams that were given access to a repository
    ListTeamAccess = Get "/api/v0/repositories/{namespace}/{reponame}/teamAccess" 200 {
        act: GrantList,
        answer: api::TeamAccessList,
        codes: [NoSuchRepository],
    }

    /// Give a team access to a repository
    SetTeamAccess = Put "/api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}" 200 {
        act: GrantSet,
        body: api::SetAccess,
        answer: api::TeamAccess,
        codes: [NoSuchRepository, NoSuchTeam],
    }

    /// Take a team's access to a repository
    DeleteTeamAccess = Delete "/api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}" 204 {
        act: GrantDelete,
        codes: [NoSuchRepository, NoSuchTeam],
    }

    /// List the teams that were given access to a namespace
    ListNamespaceTeamAccess = Get "/api/v0/repositoryNamespaces/{namespace}/teamAccess" 200 {
        act: GrantList,
        answer: api::TeamAccessList,
        codes: [NoSuchAccount],
    }

    /// View a team's access to a namespace
    ViewNamespaceTeamAccess = Get "/api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}" 200 {
        act: GrantList,
        answer: api::TeamAccess,
        codes: [NoSuchAccount, NoSuchTeam, NoSuchTeamAccess],
    }

    /// Give a team access to all of a namespace
    SetNamespaceTeamAccess = Put "/api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}" 200 {
        act: GrantSet,
        body: api::SetAccess,
        answer: api::TeamAccess,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// Take a team's access to a namespace
    DeleteNamespaceTeamAccess = Delete "/api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}" 204 {
        act: GrantDelete,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// List the repositories that a team was given access to
    ListRepositoriesOfTeam = Get "/api/v0/accounts/{name}/teams/{team}/repositoryAccess" 200 {
        act: TeamRepositories,
        query: Paging<RepositoryName>,
        answer: Paged<api::TeamRepositories>,
        codes: [NoSuchAccount, NoSuchTeam],
    }
}
