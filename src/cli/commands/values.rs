//! Parsers for values on the command line: names, targets, moments, durations. Each error says what would be right.

use std::fmt;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::domain::access::AccessLevel;
use crate::domain::content::{InvalidTag, TagName};
use crate::domain::duration::{self, InvalidDuration};
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::immutable_tags::{ImmutableTags, InvalidImmutableTags, InvalidTagPattern, TagPattern};
use crate::domain::name::{InvalidName, Name, Namespace, RepositoryName};
use crate::domain::time::Timestamp;
use crate::domain::token::{InvalidPattern, Pattern};
use crate::domain::user_name::UserName;
use crate::domain::words::Word;

/// Parses one of a few words; help texts and completions list all of them.
pub(in crate::cli) fn word<W: Word>() -> impl TypedValueParser<Value = W> {
    PossibleValuesParser::new(W::WORDS).try_map(|text| text.parse::<W>())
}

/// The name of a new account.
pub(in crate::cli) fn new_name(text: &str) -> Result<String, InvalidName> {
    Name::parse(text).map(|name| name.as_str().to_owned())
}

/// The name that somebody signs in by: of an account, or `ORG/NAME` of a robot.
pub(in crate::cli) fn user_name(text: &str) -> Result<String, InvalidName> {
    UserName::parse(text).map(|name| name.to_string())
}

/// The name or the id of an account.
pub(in crate::cli) fn account(text: &str) -> Result<String, InvalidName> {
    if text.parse::<Id>().is_ok() { Ok(text.to_owned()) } else { new_name(text) }
}

/// The name of a repository: `alice/app`, or `_/app` for a name with a single component.
pub(in crate::cli) fn repository(text: &str) -> Result<RepositoryName, InvalidRepository> {
    if text.contains('/') { Ok(RepositoryName::parse_shown(text)?) } else { Err(InvalidRepository::OneComponent) }
}

/// A namespace; `_` is that of repositories whose name has a single component.
pub(in crate::cli) fn namespace(text: &str) -> Result<Namespace, InvalidName> {
    Namespace::parse(text)
}

/// A tag of a repository.
pub(in crate::cli) fn tag(text: &str) -> Result<TagName, InvalidTag> {
    TagName::parse(text)
}

/// A repository pattern of an access token, as it was typed.
pub(in crate::cli) fn pattern(text: &str) -> Result<String, InvalidPattern> {
    Pattern::parse(text).map(|_| text.to_owned())
}

/// Which tags are immutable: `all`, `none`, or patterns with commas between them.
pub(in crate::cli) fn immutable_tags(text: &str) -> Result<ImmutableTags, NoImmutableTags> {
    match text {
        "all" => Ok(ImmutableTags::new(true, Vec::new())?),
        "none" => Ok(ImmutableTags::default()),
        _ => {
            let patterns = text.split(',').map(|text| match text {
                "all" | "none" => Err(NoImmutableTags::WordAmongPatterns),
                _ => Ok(TagPattern::parse(text)?),
            });
            Ok(ImmutableTags::new(false, patterns.collect::<Result<_, _>>()?)?)
        }
    }
}

/// Why a text does not say which tags are immutable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum NoImmutableTags {
    /// One of the two words, beside patterns.
    #[error("all and none stand alone, without patterns")]
    WordAmongPatterns,
    /// Not the form of a pattern.
    #[error("expected all, none, or patterns with commas between them: {0}")]
    Pattern(#[from] InvalidTagPattern),
    /// Too many of them.
    #[error(transparent)]
    Rule(#[from] InvalidImmutableTags),
}

/// Why a text names no repository, or nothing that a grant can be on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum InvalidRepository {
    /// A name without a slash.
    #[error("expected NAMESPACE/NAME; a repository without a namespace is written _/NAME")]
    OneComponent,
    /// Not the registry's grammar.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A star that is not allowed there.
    #[error("a grant is on one repository, NAMESPACE/NAME, or on a whole namespace, NAMESPACE/*")]
    Star,
}

/// Reads `NS/NAME` or `NS/*`.
pub(in crate::cli) fn target(text: &str) -> Result<GrantTarget, InvalidRepository> {
    match text.strip_suffix("/*") {
        Some(name) if name.contains('/') => Err(InvalidRepository::Star),
        Some(name) => Ok(GrantTarget::Namespace(Namespace::parse(name)?)),
        None if text.contains('*') => Err(InvalidRepository::Star),
        None => repository(text).map(GrantTarget::Repository),
    }
}

/// A team or a robot, in its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct InOrganization {
    /// The organization, by name or id.
    pub(in crate::cli) organization: String,
    /// The team, by name or id, or the robot, by name.
    pub(in crate::cli) name: String,
}

impl InOrganization {
    /// The parts of a path.
    pub(in crate::cli) fn parts(&self) -> [&str; 2] {
        [&self.organization, &self.name]
    }

    /// Reads the two names; `otherwise` is the error where they are not two.
    fn read(
        text: &str,
        name: impl Fn(&str) -> Result<String, InvalidName>,
        otherwise: NotInOrganization,
    ) -> Result<Self, NotInOrganization> {
        let two = text.split_once('/');
        let two = two.filter(|(before, after)| !before.is_empty() && !after.is_empty() && !after.contains('/'));
        let (before, after) = two.ok_or(otherwise)?;
        Ok(Self { organization: account(before)?, name: name(after)? })
    }
}

impl fmt::Display for InOrganization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.name)
    }
}

/// Why a text names no team or no robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum NotInOrganization {
    /// Not two names, where a team is meant.
    #[error("expected ORG/TEAM: the organization, a slash, the team")]
    Team,
    /// Not two names, where a robot is meant.
    #[error("expected ORG/NAME: the organization, a slash, the robot")]
    Robot,
    /// Not the grammar of names.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

/// Reads `ORG/TEAM`.
pub(in crate::cli) fn team(text: &str) -> Result<InOrganization, NotInOrganization> {
    InOrganization::read(text, account, NotInOrganization::Team)
}

/// Reads `ORG/TEAM` for a new team.
pub(in crate::cli) fn new_team(text: &str) -> Result<InOrganization, NotInOrganization> {
    InOrganization::read(text, new_name, NotInOrganization::Team)
}

/// Reads `ORG/NAME` of a robot.
pub(in crate::cli) fn robot(text: &str) -> Result<InOrganization, NotInOrganization> {
    InOrganization::read(text, new_name, NotInOrganization::Robot)
}

/// The name or the id of an account, or a robot, ORG/NAME.
pub(in crate::cli) fn account_or_robot(text: &str) -> Result<String, NotInOrganization> {
    if text.contains('/') { robot(text).map(|robot| robot.to_string()) } else { Ok(account(text)?) }
}

/// Parses a level that a robot may have.
pub(in crate::cli) fn robot_level() -> impl TypedValueParser<Value = AccessLevel> {
    let words = [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite].map(AccessLevel::as_str);
    PossibleValuesParser::new(words).try_map(|text| text.parse::<AccessLevel>())
}

/// A team whose organization is known from elsewhere, and may be named all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct TeamHere {
    /// The organization, if it was named.
    pub(in crate::cli) organization: Option<String>,
    /// The team in it.
    pub(in crate::cli) team: String,
}

/// Reads the name or the id of a team, alone or as `ORG/TEAM`.
pub(in crate::cli) fn team_here(text: &str) -> Result<TeamHere, NotInOrganization> {
    if text.contains('/') {
        let InOrganization { organization, name } = team(text)?;
        return Ok(TeamHere { organization: Some(organization), team: name });
    }
    Ok(TeamHere { organization: None, team: account(text)? })
}

/// When an access token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum ExpiryArgument {
    /// Not at all.
    Never,
    /// At this moment.
    At(Timestamp),
    /// This many seconds from now.
    After(i64),
}

impl ExpiryArgument {
    /// The moment as the API takes it; `None` means never.
    pub(in crate::cli) fn moment(self, now: Timestamp) -> Option<String> {
        match self {
            Self::Never => None,
            Self::At(moment) => Some(moment.to_string()),
            Self::After(seconds) => Some(now.plus_seconds(seconds).whole_seconds().to_string()),
        }
    }
}

/// Why a text is not an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a length of time like 30d or 12h, a date like 2026-01-31, a time like 2026-01-31T12:00:00Z, or never"
)]
pub(in crate::cli) struct InvalidExpiry;

/// Reads `30d`, a date (its first moment in UTC), an RFC 3339 time, or `never`.
pub(in crate::cli) fn expiry(text: &str) -> Result<ExpiryArgument, InvalidExpiry> {
    if text == "never" {
        return Ok(ExpiryArgument::Never);
    }
    match moment(text) {
        Ok(MomentArgument::At(moment)) => Ok(ExpiryArgument::At(moment)),
        Ok(MomentArgument::Away(seconds)) => Ok(ExpiryArgument::After(seconds)),
        Err(InvalidMoment) => Err(InvalidExpiry),
    }
}

/// A moment, by itself or by how far it is from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum MomentArgument {
    /// This moment.
    At(Timestamp),
    /// So many seconds from now.
    Away(i64),
}

impl MomentArgument {
    /// The moment, if a length of time goes back from now.
    pub(in crate::cli) fn back(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Away(seconds) => now.plus_seconds(seconds.saturating_neg()).whole_seconds(),
        }
    }

    /// The moment, if a length of time goes on from now.
    pub(in crate::cli) fn ahead(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Away(seconds) => now.plus_seconds(seconds).whole_seconds(),
        }
    }
}

/// Why a text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a length of time like 90d or 1h, a date like 2026-01-31, or a time like 2026-01-31T12:00:00Z")]
pub(in crate::cli) struct InvalidMoment;

/// Reads `90d`, a date (its first moment in UTC), or an RFC 3339 time.
pub(in crate::cli) fn moment(text: &str) -> Result<MomentArgument, InvalidMoment> {
    let away = duration::parse(text).map(MomentArgument::Away);
    away.or_else(|_| Timestamp::parse(text).map(MomentArgument::At)).map_err(|_| InvalidMoment)
}

/// How long a replaced secret lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum OverlapArgument {
    /// So many seconds.
    Seconds(u32),
    /// Until this moment.
    Until(Timestamp),
    /// Until the new secret is used.
    UntilUsed,
}

impl OverlapArgument {
    /// The seconds that the old secret lives on; none where that is not a matter of time.
    pub(in crate::cli) fn seconds(self, now: Timestamp) -> Option<u32> {
        match self {
            Self::Seconds(seconds) => Some(seconds),
            // One that is past already is none; the server has a limit for the other end.
            Self::Until(end) => {
                Some(u32::try_from(end.seconds().saturating_sub(now.seconds()).max(0)).unwrap_or(u32::MAX))
            }
            Self::UntilUsed => None,
        }
    }
}

/// Reads a length of time, a date, a time, or `until-used`.
pub(in crate::cli) fn overlap(text: &str) -> Result<OverlapArgument, InvalidOverlap> {
    if text == "until-used" {
        return Ok(OverlapArgument::UntilUsed);
    }
    if let Ok(seconds) = seconds(text) {
        return Ok(OverlapArgument::Seconds(seconds));
    }
    match moment(text) {
        Ok(MomentArgument::At(end)) => Ok(OverlapArgument::Until(end)),
        Ok(MomentArgument::Away(_)) | Err(InvalidMoment) => Err(InvalidOverlap),
    }
}

/// A length of time in seconds.
pub(in crate::cli) fn seconds(text: &str) -> Result<u32, InvalidDuration> {
    u32::try_from(duration::parse(text)?).map_err(|_| InvalidDuration::TooLong)
}

/// Why a text is no overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a length of time like 1h or 7d, a date like 2026-01-31, a time like 2026-01-31T12:00:00Z, or until-used"
)]
pub(in crate::cli) struct InvalidOverlap;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_span_a_date_a_time_or_never() {
        let now = Timestamp::parse("2026-11-21T20:42:00.250Z").unwrap();
        let end = |text| expiry(text).unwrap().moment(now);
        assert_eq!(end("30d").as_deref(), Some("2026-12-21T20:42:00Z"));
        assert_eq!(end("2027-01-31").as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(end("2027-01-31T12:00:00+01:00").as_deref(), Some("2027-01-31T11:00:00Z"));
        assert_eq!(end("never"), None);
        for text in ["", "30", "-1d", "Never", "tomorrow", "2027-1-1"] {
            assert_eq!(expiry(text), Err(InvalidExpiry), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_date_a_time_or_so_long_ago() {
        let now = Timestamp::parse("2026-11-21T20:42:00.250Z").unwrap();
        let at = |text| moment(text).unwrap().back(now).to_string();
        assert_eq!(at("1h"), "2026-11-21T19:42:00Z");
        assert_eq!(at("90d"), "2026-08-23T20:42:00Z");
        assert_eq!(at("2026-01-31"), "2026-01-31T00:00:00Z");
        for text in ["", "90", "-1d", "yesterday", "2026-1-1", "never"] {
            assert_eq!(moment(text), Err(InvalidMoment), "{text}");
        }
    }

    #[test]
    fn targets_are_one_repository_or_a_whole_namespace() {
        assert_eq!(target("alice/*"), Ok(GrantTarget::Namespace(Namespace::parse("alice").unwrap())));
        let deep = RepositoryName::parse("team/a/b").unwrap();
        assert_eq!(target("team/a/b"), Ok(GrantTarget::Repository(deep)));
        assert_eq!(target("team/a/*"), Err(InvalidRepository::Star));
        assert_eq!(target("team/a*"), Err(InvalidRepository::Star));
        assert_eq!(target("*"), Err(InvalidRepository::Star));
        assert_eq!(target("app"), Err(InvalidRepository::OneComponent));
        assert!(target("Alice/app").is_err() && target("alice/").is_err() && target("/*").is_err());
    }

    #[test]
    fn accounts_are_names_or_ids() {
        assert!(account("alice").is_ok() && account("01ARZ3NDEKTSV4RRFFQ69G5FAV").is_ok());
        assert!(
            account("Alice").is_err() && account("a/b").is_err() && new_name("01ARZ3NDEKTSV4RRFFQ69G5FAV").is_err()
        );
    }

    #[test]
    fn teams_are_named_with_their_organization_or_alone() {
        let dev = InOrganization { organization: "acme".into(), name: "dev".into() };
        assert_eq!((team("acme/dev"), new_team("acme/dev")), (Ok(dev.clone()), Ok(dev.clone())));
        assert_eq!(dev.to_string(), "acme/dev");
        let by_id = "acme/01ARZ3NDEKTSV4RRFFQ69G5FAV";
        assert!(team(by_id).is_ok() && matches!(new_team(by_id), Err(NotInOrganization::Name(_))));
        for text in ["", "acme", "acme/", "/dev", "acme/dev/x"] {
            assert_eq!(team(text), Err(NotInOrganization::Team), "{text}");
        }
        assert!(matches!(team("acme/Dev"), Err(NotInOrganization::Name(_))));
        let here = |text| team_here(text).map(|here| (here.organization, here.team));
        assert_eq!(here("dev"), Ok((None, "dev".into())));
        assert_eq!(here("acme/dev"), Ok((Some("acme".into()), "dev".into())));
        assert_eq!(here("acme/dev/x"), Err(NotInOrganization::Team));
    }

    #[test]
    fn robots_are_named_with_their_organization() {
        let ci = InOrganization { organization: "acme".into(), name: "ci".into() };
        assert_eq!((robot("acme/ci"), ci.to_string().as_str()), (Ok(ci), "acme/ci"));
        assert!(robot("01ARZ3NDEKTSV4RRFFQ69G5FAV/ci").is_ok() && robot("acme/01ARZ3NDEKTSV4RRFFQ69G5FAV").is_err());
        for text in ["", "acme", "acme/", "/ci", "acme/ci/x"] {
            assert_eq!(robot(text), Err(NotInOrganization::Robot), "{text}");
        }
        assert!(account_or_robot("acme/ci").is_ok() && account_or_robot("alice").is_ok());
        assert!(account_or_robot("acme/CI").is_err() && account_or_robot("acme/").is_err());
    }

    #[test]
    fn an_overlap_is_a_length_of_time() {
        assert!(overlap("3600").is_err() && overlap("9999w").is_err());
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        let seconds = |text| overlap(text).unwrap().seconds(now);
        assert_eq!(seconds("2026-11-22"), Some(11_880));
        assert_eq!((seconds("2026-11-21T20:43:00Z"), seconds("2020-01-01")), (Some(60), Some(0)));
        assert_eq!((seconds("9999-01-01"), seconds("until-used")), (Some(u32::MAX), None));
        assert_eq!(overlap("1h"), Ok(OverlapArgument::Seconds(3_600)));
        assert_eq!(overlap("until-used"), Ok(OverlapArgument::UntilUsed));
        assert!(overlap("until used").is_err() && overlap("Until-Used").is_err() && overlap("").is_err());
    }

    #[test]
    fn a_moment_is_a_date_a_time_or_a_length_of_time() {
        let now = Timestamp::parse("2026-11-21T20:42:00.250Z").unwrap();
        let both = |text| {
            let moment = moment(text).unwrap();
            [moment.back(now).to_string(), moment.ahead(now).to_string()]
        };
        assert_eq!(both("90d"), ["2026-08-23T20:42:00Z", "2027-02-19T20:42:00Z"]);
        assert_eq!(both("1h"), ["2026-11-21T19:42:00Z", "2026-11-21T21:42:00Z"]);
        assert_eq!(both("2026-01-31"), ["2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"]);
        assert_eq!(both("15250284452471w"), ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]);
        for text in ["", "90", "-1d", "never", "yesterday", "2026-1-1"] {
            assert_eq!(moment(text), Err(InvalidMoment), "{text}");
        }
    }

    #[test]
    fn immutable_tags_are_all_none_or_patterns() {
        let read = |text| immutable_tags(text).unwrap();
        assert!(read("all").is_all() && read("none").is_none());
        let patterns: Vec<_> = read("v*,release-*").patterns().iter().map(ToString::to_string).collect();
        assert_eq!(patterns, ["v*", "release-*"]);
        for text in ["all,v*", "v*,none"] {
            assert_eq!(immutable_tags(text), Err(NoImmutableTags::WordAmongPatterns), "{text}");
        }
        for text in ["", ",", "v*,", "v*, w", "a/b", "v?"] {
            assert!(matches!(immutable_tags(text), Err(NoImmutableTags::Pattern(_))), "{text}");
        }
        let many: Vec<_> = (0..21).map(|number| format!("v{number}")).collect();
        assert_eq!(immutable_tags(&many.join(",")).unwrap_err().to_string(), "at most 20 patterns");
    }

    #[test]
    fn a_star_stands_alone() {
        for text in ["alice/a*", "*", "alice*", "*/x", "alice/*/x", "a*/*", "**", "alice/**"] {
            let said = pattern(text).unwrap_err().to_string();
            assert!(said.starts_with("`*` stands alone after `/`: alice/* is everything"), "{text}: {said}");
        }
        assert!(pattern("Alice/*").unwrap_err().to_string().starts_with("a name has lower-case letters"));
        assert_eq!((pattern("alice"), pattern("alice/*")), (Ok("alice".to_owned()), Ok("alice/*".to_owned())));
    }
}
