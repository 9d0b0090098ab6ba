//! Every act that the audit log names: its word, `noun.verb`, and what was done in a sentence.
//!
//! Acts that only read are recorded when they are denied. Old logs may have words that are no longer here: a record keeps
//! its word as text.

use std::fmt;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator};

/// Declares the acts with their words and sentences, so that all stand in one place.
macro_rules! acts {
    ($($act:ident $word:literal $text:literal;)*) => {
        /// What was done, for the audit log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act { $(#[doc = $text] $act,)* }

        impl Act {
            /// Every act, by noun.
            #[must_use]
            pub const fn all() -> &'static [Act] {
                &[$(Act::$act,)*]
            }

            /// The word of the audit log, `noun.verb`. It never changes.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Act::$act => $word,)* }
            }

            /// What was done, in a sentence.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Act::$act => $text,)* }
            }
        }
    };
}

acts! {
    AccountActivity "account.activity" "What an account did was asked for.";
    AccountActivate "account.activate" "An account was activated.";
    AccountChangePassword "account.changePassword" "The password of a user was set.";
    AccountCreate "account.create" "An account was made.";
    AccountDeactivate "account.deactivate" "An account was deactivated.";
    AccountDelete "account.delete" "An account was deleted.";
    AccountDemote "account.demote" "A user is no system administrator any more.";
    AccountList "account.list" "The list of accounts was asked for.";
    AccountOrganizations "account.organizations" "The organizations of a user were asked for.";
    AccountPromote "account.promote" "A user was made a system administrator.";
    AccountSignIn "account.signIn" "A user signed in.";
    AccountUnlock "account.unlock" "The wait after wrong passwords was lifted.";
    AccountUpdate "account.update" "An account was changed.";
    AccountView "account.view" "An account was asked for.";
    AuditGap "audit.gap" "Events found no place, and are not in the audit log.";
    AuditHead "audit.head" "The end of the audit chain was asked for.";
    AuditList "audit.list" "The audit log was asked for.";
    AuditRemove "audit.remove" "Old records were removed from the audit log.";
    AuditVerify "audit.verify" "The audit chain was checked.";
    GrantDelete "grant.delete" "A grant was taken away.";
    GrantList "grant.list" "The grants on a repository or a namespace were asked for.";
    GrantSet "grant.set" "A level was granted on a repository or a namespace.";
    ManifestDelete "manifest.delete" "A manifest was deleted, and with it every tag that pointed to it.";
    ManifestPush "manifest.push" "A manifest was pushed without a tag.";
    OrganizationDeleteMember "organization.deleteMember" "A member left an organization, or was removed from it.";
    OrganizationMember "organization.member" "A member of an organization was asked for.";
    OrganizationMembers "organization.members" "The members of an organization were asked for.";
    OrganizationPutMember "organization.putMember" "A member was added to an organization, or got another role in it.";
    RegistryCatalog "registry.catalog" "The catalogue was asked for.";
    RegistryCompare "registry.compare" "A repository was put right after a comparison with the registry.";
    RegistryHost "registry.host" "How clients reach the registry was asked for.";
    RegistryNotify "registry.notify" "A notification of the registry was taken.";
    RegistryRead "registry.read" "What the registry's comparison needs to know was asked for.";
    RegistryRotateKey "registry.rotateKey" "The key that signs registry tokens was replaced.";
    RegistryStopSync "registry.stopSync" "The comparison with the registry was stopped.";
    RegistrySync "registry.sync" "A comparison with the registry was begun.";
    RegistryView "registry.view" "The registry's settings and certificates were asked for.";
    RegistryTokenIssue "registryToken.issue" "A registry token was issued.";
    RegistryTokenRefuse "registryToken.refuse" "More was asked for in a registry token than was granted.";
    RepositoryAccess "repository.access" "Who has access to a repository was asked for.";
    RepositoryAccessOf "repository.accessOf" "A user's access to a repository was asked for.";
    RepositoryCreate "repository.create" "A repository was made.";
    RepositoryCreateOnPush "repository.createOnPush" "A repository was made by the first push to it.";
    RepositoryDelete "repository.delete" "A repository was deleted.";
    RepositoryLearn "repository.learn" "A repository that the registry holds became known.";
    RepositoryList "repository.list" "The list of repositories was asked for.";
    RepositorySearch "repository.search" "A search was made.";
    RepositoryTransfer "repository.transfer" "A repository was given to another account.";
    RepositoryUpdate "repository.update" "A repository was changed.";
    RepositoryView "repository.view" "A repository was asked for.";
    RobotActivity "robot.activity" "What a robot did was asked for.";
    RobotActivate "robot.activate" "A robot was activated.";
    RobotCreate "robot.create" "A robot was made.";
    RobotDeactivate "robot.deactivate" "A robot was deactivated.";
    RobotDelete "robot.delete" "A robot was deleted.";
    RobotEndOverlap "robot.endOverlap" "The secret of a robot that a rotation had replaced was ended before its time.";
    RobotList "robot.list" "The robots of an organization were asked for.";
    RobotReach "robot.reach" "What a robot with given limits would reach was asked for.";
    RobotRevoke "robot.revoke" "Whoever held the secret of a robot ended it for good.";
    RobotRotate "robot.rotate" "A robot got a new secret.";
    RobotUpdate "robot.update" "A robot was changed.";
    RobotView "robot.view" "A robot was asked for.";
    RobotWarn "robot.warn" "It was told that a robot ends soon.";
    ServerVersion "server.version" "The version of dockpass was asked for.";
    ServerBackup "server.backup" "A backup was made, with all keys.";
    ServerNoteBackup "server.noteBackup" "A backup was durable where it was written.";
    ServerCheck "server.check" "The store was checked.";
    ServerExamine "server.examine" "The site was examined.";
    ServerClusterStatus "server.clusterStatus" "The health of the replicas was asked for, in the form of DTR.";
    SessionEnd "session.end" "Sessions of an account were ended.";
    SessionList "session.list" "The sessions of an account were asked for.";
    SessionOpen "session.open" "A session was opened.";
    SessionView "session.view" "A session was asked for.";
    SettingsUpdate "settings.update" "Settings were changed.";
    SettingsView "settings.view" "The settings were asked for.";
    TagBeginDelete "tag.beginDelete" "The registry is asked to delete a tag.";
    TagCancelDelete "tag.cancelDelete" "Nothing came of the deletion of a tag.";
    TagDelete "tag.delete" "A tag was deleted.";
    TagList "tag.list" "The tags of a repository were asked for.";
    TagPush "tag.push" "A tag was pushed.";
    TeamCreate "team.create" "A team was made.";
    TeamDelete "team.delete" "A team was deleted.";
    TeamDeleteMember "team.deleteMember" "A user was removed from a team.";
    TeamList "team.list" "The teams of an organization were asked for.";
    TeamMembers "team.members" "The members of a team were asked for.";
    TeamPutMember "team.putMember" "A user was added to a team.";
    TeamRepositories "team.repositories" "The repositories of a team were asked for.";
    TeamUpdate "team.update" "A team was changed.";
    TeamView "team.view" "A team was asked for.";
    TokenActivity "token.activity" "What an access token did was asked for.";
    TokenActivate "token.activate" "An access token was activated.";
    TokenCleanUp "token.cleanUp" "Unused access tokens were deleted.";
    TokenCreate "token.create" "An access token was made.";
    TokenDeactivate "token.deactivate" "An access token was deactivated.";
    TokenDelete "token.delete" "An access token was deleted.";
    TokenEndOverlap "token.endOverlap" "The secret that a rotation had replaced was ended before its time.";
    TokenList "token.list" "The list of access tokens was asked for.";
    TokenReach "token.reach" "What an access token with given limits would reach was asked for.";
    TokenRevoke "token.revoke" "Whoever held an access token ended it for good.";
    TokenRotate "token.rotate" "An access token got a new secret.";
    TokenUpdate "token.update" "An access token was changed.";
    TokenView "token.view" "An access token was asked for.";
    TokenWarn "token.warn" "It was told that an access token ends soon.";
}

/// Words of earlier versions, which stand in their logs.
const RETIRED: &[&str] = &["organization.update", "repository.beginDelete"];

impl Act {
    /// What it is done to: the first part of the word.
    #[must_use]
    pub fn noun(self) -> &'static str {
        self.word().split_once('.').map_or(self.word(), |(noun, _)| noun)
    }

    /// Whether it takes a power away, and gives none: that of a credential, of an account, or a right. Such a change is
    /// made on a full disk, too.
    #[must_use]
    pub const fn is_ending(self) -> bool {
        matches!(
            self,
            Self::AccountChangePassword
                | Self::AccountDeactivate
                | Self::AccountDelete
                | Self::AccountDemote
                | Self::GrantDelete
                | Self::OrganizationDeleteMember
                | Self::RobotDeactivate
                | Self::RobotDelete
                | Self::RobotEndOverlap
                | Self::RobotRevoke
                | Self::TeamDelete
                | Self::TeamDeleteMember
                | Self::TokenDeactivate
                | Self::TokenDelete
                | Self::TokenEndOverlap
                | Self::TokenRevoke
        )
    }

    /// Whether a change that takes a power away may do it as well, and still give none.
    #[must_use]
    pub const fn may_go_with_ending(self) -> bool {
        matches!(
            self,
            Self::AccountUpdate
                | Self::RepositoryDelete
                | Self::RobotRotate
                | Self::RobotUpdate
                | Self::TokenCleanUp
                | Self::TokenRotate
                | Self::TokenUpdate
        )
    }

    /// The act on a robot that this is on any other access token; the same, if robots have none of their own.
    #[must_use]
    pub const fn on_robot(self) -> Self {
        match self {
            Self::TokenActivity => Self::RobotActivity,
            Self::TokenActivate => Self::RobotActivate,
            Self::TokenCreate => Self::RobotCreate,
            Self::TokenDeactivate => Self::RobotDeactivate,
            Self::TokenDelete => Self::RobotDelete,
            Self::TokenEndOverlap => Self::RobotEndOverlap,
            Self::TokenList => Self::RobotList,
            Self::TokenReach => Self::RobotReach,
            Self::TokenRevoke => Self::RobotRevoke,
            Self::TokenRotate => Self::RobotRotate,
            Self::TokenUpdate => Self::RobotUpdate,
            Self::TokenView => Self::RobotView,
            Self::TokenWarn => Self::RobotWarn,
            other => other,
        }
    }
}

/// Which acts are sought: one, or all of a noun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActFilter(String);

/// No act has this word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no action is called {asked}; did you mean {proposed}?")]
pub struct UnknownAct {
    asked: String,
    proposed: &'static str,
}

impl ActFilter {
    /// Whether it seeks the act of this word.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        word.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The word or the noun.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ActFilter {
    type Err = UnknownAct;

    /// Reads `token.create`, or `token` for all of this noun.
    fn from_str(text: &str) -> Result<Self, UnknownAct> {
        let sought = Self(text.to_owned());
        if RETIRED.contains(&text) || Act::all().iter().any(|act| sought.has(act.word())) {
            return Ok(sought);
        }
        let words = Act::all().iter().flat_map(|act| [act.word(), act.noun()]);
        // The beginning of a long text is enough.
        let typed: String = text.chars().take(64).map(|letter| letter.to_ascii_lowercase()).collect();
        let proposed = words.min_by_key(|word| strsim::levenshtein(&typed, &word.to_ascii_lowercase()));
        let proposed = proposed.unwrap_or_default();
        Err(UnknownAct { asked: text.to_owned(), proposed })
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The schema of the word in a record: the acts of today with their sentences, and any other word of an old log.
pub(super) fn recorded(_: &mut SchemaGenerator) -> Schema {
    let known = Act::all().iter().map(|act| serde_json::json!({ "const": act.word(), "description": act.text() }));
    let any = serde_json::json!({ "description": "An act of an earlier version." });
    let words: Vec<_> = known.chain([any]).collect();
    schemars::json_schema!({ "type": "string", "anyOf": words })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As they stand in logs. A line may come; none changes, and one goes only with what did it.
    const WORDS: &str = "
        account.activity account.activate account.changePassword account.create account.deactivate account.delete
        account.demote account.list account.organizations account.promote account.signIn account.unlock account.update
        account.view
        audit.gap audit.head audit.list audit.remove audit.verify
        grant.delete grant.list grant.set
        manifest.delete manifest.push
        organization.deleteMember organization.member organization.members organization.putMember
        registry.catalog registry.compare registry.host registry.notify registry.read registry.rotateKey
        registry.stopSync registry.sync registry.view
        registryToken.issue registryToken.refuse
        repository.access repository.accessOf repository.create repository.createOnPush repository.delete
        repository.learn repository.list repository.search repository.transfer repository.update repository.view
        robot.activity robot.activate robot.create robot.deactivate robot.delete robot.endOverlap robot.list robot.reach
        robot.revoke robot.rotate robot.update robot.view robot.warn
        server.version server.backup server.noteBackup server.check server.examine server.clusterStatus
        session.end session.list session.open session.view
        settings.update settings.view
        tag.beginDelete tag.cancelDelete tag.delete tag.list tag.push
        team.create team.delete team.deleteMember team.list team.members team.putMember team.repositories team.update
        team.view
        token.activity token.activate token.cleanUp token.create token.deactivate token.delete token.endOverlap token.list
        token.reach token.revoke token.rotate token.update token.view token.warn";

    #[test]
    fn the_words_stay_as_they_are() {
        let words: Vec<&str> = Act::all().iter().map(|act| act.word()).collect();
        assert_eq!(words, WORDS.split_whitespace().collect::<Vec<_>>());
        assert_eq!(Act::TokenCreate.to_string(), "token.create");
    }

    #[test]
    fn a_noun_takes_all_of_its_acts_and_a_slip_is_told_with_what_was_meant() {
        let sought = |text: &str| text.parse::<ActFilter>();
        let family = sought("token").unwrap();
        assert!(family.has("token.create") && family.has("token.view") && !family.has("tokens.create"));
        assert!(!family.has("registryToken.issue"));
        assert!(sought("token.create").unwrap().has("token.create") && !sought("token.create").unwrap().has("token"));
        for (slip, meant) in [
            ("token.crate", "token.create"),
            ("tokne", "token"),
            ("account.signin", "account.signIn"),
            ("Token.Rotate", "token.rotate"),
            ("repositories", "repository"),
        ] {
            let told = sought(slip).unwrap_err().to_string();
            assert_eq!(told, format!("no action is called {slip}; did you mean {meant}?"));
        }
        assert!(sought(&"x".repeat(10_000)).is_err() && sought("").is_err());
    }

    #[test]
    fn each_act_on_a_robot_is_that_on_an_access_token() {
        let of_tokens = Act::all().iter().filter(|act| act.noun() == "token" && act.on_robot() != **act);
        let of_robots: Vec<String> = of_tokens.map(|act| act.word().replace("token.", "robot.")).collect();
        let words: Vec<&str> = Act::all().iter().map(|act| act.word()).filter(|it| it.starts_with("robot.")).collect();
        assert_eq!(of_robots, words);
        assert_eq!(Act::AccountSignIn.on_robot(), Act::AccountSignIn);
    }

    #[test]
    fn what_gives_a_power_is_no_ending() {
        let gives = |word: &str| {
            let verb = word.rsplit('.').next().unwrap();
            ["create", "activate", "promote", "set", "put", "issue", "open"].iter().any(|it| verb.starts_with(it))
        };
        for act in Act::all() {
            let may_be_made = act.is_ending() || act.may_go_with_ending();
            assert!(!(may_be_made && gives(act.word())), "{act}");
            assert!(!(act.is_ending() && act.may_go_with_ending()), "{act}");
        }
    }

    #[test]
    fn what_was_done_is_a_sentence() {
        for act in Act::all() {
            let text = act.text();
            assert!(text.starts_with(|first: char| first.is_uppercase()) && text.ends_with('.'), "{act}: {text}");
        }
    }
}
