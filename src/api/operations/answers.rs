//! Why somebody has access, and what somebody reaches.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Paged, Paging};
use crate::domain::access::Action;
use crate::domain::name::RepositoryName;
use crate::domain::owner_place::OwnerPlace;

parameters! {
    /// What is asked of whom.
    AskedAccess {
        /// Who would do it, by name or id, or a robot as `ORG/NAME`; the owner of the access token if omitted, or else you, as you signed in.
        /// Another: whoever administers the repository.
        user "user": Option<String>,
        /// `hashedToken` of the access token that would be shown.
        token "token": Option<String>,
        /// What would be done.
        action "action": Option<Action>,
        /// To which repository, `NAMESPACE/NAME`.
        repository "repository": Option<String>,
    }
}

operations! { Grants:
    /// Ask whether somebody may do something with a repository at this moment, and why; a repository that you do not see is
    /// one answer, whether it is there or not. Refuses other parameters
    CheckAccess = Get "/api/v0/access/check" 200 {
        act: RepositoryAccessOf,
        query: AskedAccess,
        answer: api::AccessCheck,
        needs: ["action", "repository"],
        codes: [NoSuchRepository, NoSuchUser, NoSuchApiToken, NoSuchAccount, NoSuchRobot],
    }

    /// List every repository that a user reaches, with the level and why
    ListAccessOfAccount = Get "/api/v0/accounts/{name}/access" 200 {
        act: RepositoryAccessOf,
        query: Paging<RepositoryName>,
        answer: Paged<api::ReachedRepositories>,
        codes: [NoSuchUser],
    }

    /// List every repository that was given to a team, with the level and why
    ListAccessOfTeam = Get "/api/v0/accounts/{name}/teams/{team}/access" 200 {
        act: TeamRepositories,
        query: Paging<RepositoryName>,
        answer: Paged<api::ReachedRepositories>,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// List every repository that an access token reaches, with the level and why
    ListAccessOfToken = Get "/api/v0/api_tokens/{hashedtoken}/access" 200 {
        act: TokenView,
        query: Paging<RepositoryName>,
        answer: Paged<api::ReachedRepositories>,
        codes: [NoSuchApiToken],
    }

    /// List the access tokens that reach a repository by what their owners were given; a page may have fewer than were asked
    /// for, and still be followed by others
    ListTokensOfRepository = Get "/api/v0/repositories/{namespace}/{reponame}/tokens" 200 {
        act: RepositoryAccess,
        query: Paging<OwnerPlace>,
        answer: Paged<api::ReachingTokens>,
        codes: [NoSuchRepository],
    }
}
