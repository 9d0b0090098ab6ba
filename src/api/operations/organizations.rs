//! Who belongs to an organization and to its teams.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, NamePaging, Ordering, Paged};
use crate::domain::organization::MemberFilter;

parameters! {
    /// Which members.
    WhichMembers {
        /// Which; all if omitted.
        filter "filter": Option<MemberFilter>,
    }
}

/// The query parameters of a list by name.
pub type ByName = (Ordering, NamePaging);

operations! { Organizations:
    /// List the members of an organization, by name
    ListMembers = Get "/enzi/v0/accounts/{name}/members" 200 {
        act: OrganizationMembers,
        query: (WhichMembers, Ordering, NamePaging),
        answer: Paged<api::Members>,
        codes: [NoSuchAccount],
    }

    /// View a member of an organization
    ViewMember = Get "/enzi/v0/accounts/{name}/members/{member}" 200 {
        act: OrganizationMember,
        answer: api::Member,
        codes: [NoSuchAccount, NoSuchUser, NoSuchMember],
    }

    /// Add a member, or make it an administrator of the organization or not
    PutMember = Put "/enzi/v0/accounts/{name}/members/{member}" 200 {
        act: OrganizationPutMember,
        body: api::PutMember,
        answer: api::Member,
        codes: [NoSuchAccount, NoSuchUser],
    }

    /// Remove a member, and so from the organization's teams
    DeleteMember = Delete "/enzi/v0/accounts/{name}/members/{member}" 204 {
        act: OrganizationDeleteMember,
        codes: [NoSuchAccount, NoSuchUser],
    }

    /// List the organizations that a user belongs to, by name
    ListOrganizationsOfUser = Get "/enzi/v0/accounts/{name}/organizations" 200 {
        act: AccountOrganizations,
        query: ByName,
        answer: Paged<api::MemberOrgs>,
        codes: [NoSuchUser],
    }

    /// List the teams of a member
    ListTeamsOfMember = Get "/enzi/v0/accounts/{name}/members/{member}/teams" 200 {
        act: OrganizationMember,
        answer: api::MemberTeams,
        codes: [NoSuchAccount, NoSuchUser, NoSuchMember],
    }

    /// List the teams of an organization, by name
    ListTeams = Get "/enzi/v0/accounts/{name}/teams" 200 {
        act: TeamList,
        query: ByName,
        answer: Paged<api::Teams>,
        codes: [NoSuchAccount],
    }

    /// Make a team
    CreateTeam = Post "/enzi/v0/accounts/{name}/teams" 201 {
        act: TeamCreate,
        body: api::CreateTeam,
        answer: api::Team,
        codes: [NoSuchAccount, TeamExists],
    }

    /// View a team
    ViewTeam = Get "/enzi/v0/accounts/{name}/teams/{team}" 200 {
        act: TeamView,
        answer: api::Team,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// Change what a team says it is for
    UpdateTeam = Patch "/enzi/v0/accounts/{name}/teams/{team}" 200 {
        act: TeamUpdate,
        body: api::UpdateTeam,
        answer: api::Team,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// Delete a team with its grants
    DeleteTeam = Delete "/enzi/v0/accounts/{name}/teams/{team}" 204 {
        act: TeamDelete,
        codes: [NoSuchAccount],
    }

    /// List the members of a team, by name
    ListTeamMembers = Get "/enzi/v0/accounts/{name}/teams/{team}/members" 200 {
        act: TeamMembers,
        query: ByName,
        answer: Paged<api::Members>,
        codes: [NoSuchAccount, NoSuchTeam],
    }

    /// View a member of a team
    ViewTeamMember = Get "/enzi/v0/accounts/{name}/teams/{team}/members/{member}" 200 {
        act: TeamMembers,
        answer: api::Member,
        codes: [NoSuchAccount, NoSuchTeam, NoSuchUser, NoSuchMember],
    }

    /// Add a user to a team, and so to the organization
    PutTeamMember = Put "/enzi/v0/accounts/{name}/teams/{team}/members/{member}" 200 {
        act: TeamPutMember,
        body: api::PutMember,
        answer: api::Member,
        codes: [NoSuchAccount, NoSuchTeam, NoSuchUser],
    }

    /// Remove a user from a team
    DeleteTeamMember = Delete "/enzi/v0/accounts/{name}/teams/{team}/members/{member}" 204 {
        act: TeamDeleteMember,
        codes: [NoSuchAccount, NoSuchTeam, NoSuchUser],
    }
}
