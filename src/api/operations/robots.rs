//! Robots of organizations.

use super::audit::WhichActivity;
use super::organizations::ByName;
use crate::api::operation::operations;
use crate::api::{self, Paged, Paging};
use crate::domain::sealed_number::SealedNumber;

operations! { AccessTokens:
    /// List the robots of an organization, by name; for its administrators and system administrators
    ListRobots = Get "/api/v0/accounts/{name}/robots" 200 {
        act: RobotList,
        query: ByName,
        answer: Paged<Vec<api::Robot>>,
        codes: [NoSuchAccount],
    }

    /// Make a robot of an organization; its secret is in this answer only
    CreateRobot = Post "/api/v0/accounts/{name}/robots" 201 {
        act: RobotCreate,
        body: api::CreateRobot,
        answer: api::NewRobot,
        codes: [NoSuchAccount, RobotExists, LimitReached],
    }

    /// See what a robot with these limits would reach at present; makes none. No robot has a name with a capital letter
    PreviewRobotReach = Post "/api/v0/accounts/{name}/robots/previewReach" 200 {
        act: RobotReach,
        body: api::PreviewRobotReach,
        answer: api::LimitedReach,
        codes: [NoSuchAccount],
    }

    /// View a robot
    ViewRobot = Get "/api/v0/accounts/{name}/robots/{robot}" 200 {
        act: RobotView,
        answer: api::Robot,
        codes: [NoSuchAccount, NoSuchRobot],
    }

    /// Relabel a robot, switch it off or on
    UpdateRobot = Patch "/api/v0/accounts/{name}/robots/{robot}" 200 {
        act: RobotUpdate,
        body: api::UpdateApiToken,
        answer: api::Robot,
        codes: [NoSuchAccount, NoSuchRobot, Revoked],
    }

    /// Delete a robot; its name is free again
    DeleteRobot = Delete "/api/v0/accounts/{name}/robots/{robot}" 204 {
        act: RobotDelete,
        codes: [NoSuchAccount, NoSuchRobot],
    }

    /// Give a robot a new secret
    RotateRobot = Post "/api/v0/accounts/{name}/robots/{robot}/rotate" 200 {
        act: RobotRotate,
        body: api::RotateApiToken,
        answer: api::NewRobot,
        codes: [NoSuchAccount, NoSuchRobot, NotRotatable, Revoked],
    }

    /// List what a robot did and what was done to it, newest first
    ListRobotActivity = Get "/api/v0/accounts/{name}/robots/{robot}/activity" 200 {
        act: RobotActivity,
        query: (WhichActivity, Paging<SealedNumber>),
        answer: Paged<api::OwnRecords>,
        codes: [NoSuchAccount, NoSuchRobot],
    }
}
