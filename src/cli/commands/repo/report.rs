//! How repositories are shown.

use super::unfold::{self, Members, UnfoldedMember};
use crate::api::{AccessReason, Repository, RepositoryAccess, Tag, Visibility};
use crate::cli::commands::why::{Way, team, user};
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::{ApiAnswer, List};
use crate::domain::access::Reason;
use crate::domain::name::RepositoryName;

const COLUMNS: &[(&str, Fit)] = &[
    ("NAME", Fit::Shrinks(20)),
    ("VISIBILITY", Fit::Whole),
    ("YOUR ACCESS", Fit::Whole),
    ("LAST PUSH (UTC)", Fit::Whole),
    ("DESCRIPTION", Fit::Shrinks(11)),
];

/// The columns if the registry has lost the content of a repository, which is too rare for a permanent column.
const COLUMNS_WITH_GONE: &[(&str, Fit)] = &[
    ("NAME", Fit::Shrinks(20)),
    ("VISIBILITY", Fit::Whole),
    ("YOUR ACCESS", Fit::Whole),
    ("LAST PUSH (UTC)", Fit::Whole),
    ("CONTENT GONE SINCE", Fit::Whole),
    ("DESCRIPTION", Fit::Shrinks(11)),
];

const TAG_COLUMNS: &[(&str, Fit)] = &[
    ("TAG", Fit::Shrinks(12)),
    ("SEEN SINCE (UTC)", Fit::Whole),
    ("SIZE", Fit::Whole),
    ("PLATFORMS", Fit::Shrinks(12)),
    ("PUSHED BY", Fit::Optional(9)),
    ("DIGEST", Fit::Shrinks(19)),
];

/// The columns if any tag is immutable, which most registries have none of.
const TAG_COLUMNS_WITH_IMMUTABLE: &[(&str, Fit)] = &[
    ("TAG", Fit::Shrinks(12)),
    ("IMMUTABLE", Fit::Whole),
    ("SEEN SINCE (UTC)", Fit::Whole),
    ("SIZE", Fit::Whole),
    ("PLATFORMS", Fit::Shrinks(12)),
    ("PUSHED BY", Fit::Optional(9)),
    ("DIGEST", Fit::Shrinks(19)),
];

const ACCESS_COLUMNS: &[(&str, Fit)] = &[("WHO", Fit::Shrinks(12)), ("ACCESS", Fit::Whole), ("WHY", Fit::Whole)];

/// A repository's name as the command line takes it.
pub(in crate::cli) fn shown(name: &RepositoryName) -> String {
    name.shown()
}

/// A list of repositories.
pub(in crate::cli) fn many(list: List<Repository>) -> Result<Report, CliError> {
    let repositories = list.read()?;
    let with_gone = repositories.iter().any(|repository| repository.missing_since.is_some());
    let rows = repositories.iter().map(|repository| row(repository, with_gone)).collect();
    let columns = if with_gone { COLUMNS_WITH_GONE } else { COLUMNS };
    let nothing = "There are no repositories. Create one: dockpass repo create NAMESPACE/NAME";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns, rows }, nothing) })
}

fn row(repository: &Repository, with_gone: bool) -> Vec<String> {
    let mut row = vec![
        format!("{}/{}", repository.namespace, repository.name),
        visibility(repository.visibility).to_owned(),
        repository.access_level.to_string(),
        shown::time_or(repository.last_push.as_deref(), "none seen"),
    ];
    row.extend(with_gone.then(|| shown::time_or(repository.missing_since.as_deref(), "-")));
    row.push(shown::or_dash(&repository.short_description));
    row
}

/// One repository.
pub(in crate::cli) fn one(answer: ApiAnswer<Repository>) -> Result<Report, CliError> {
    let repository = answer.read()?;
    let mut pairs = vec![
        ("Name", format!("{}/{}", repository.namespace, repository.name)),
        ("ID", repository.id.clone()),
        ("Visibility", visibility(repository.visibility).to_owned()),
        ("Your access", repository.access_level.to_string()),
        ("Owner", repository.owner.clone().unwrap_or_else(|| "-".to_owned())),
        ("Last push (UTC)", shown::time_or(repository.last_push.as_deref(), "none seen")),
        ("Immutable tags", immutable_tags(&repository)),
        ("Pulls, pushes", format!("{}, {}", repository.pulls, repository.pushes)),
        ("Description", shown::or_dash(&repository.short_description)),
        ("Long description", shown::or_dash(&repository.long_description)),
    ];
    let missing = repository.missing_since.as_deref();
    pairs.extend(missing.map(|since| ("Content", format!("gone from the registry since {}", shown::time(since)))));
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// Which tags nobody overwrites.
fn immutable_tags(repository: &Repository) -> String {
    match (repository.immutable_tags, repository.immutable_tag_patterns.as_slice()) {
        (true, _) => "all".to_owned(),
        (false, []) => "none".to_owned(),
        (false, patterns) => patterns.join(", "),
    }
}

/// The tags of a repository.
pub(in crate::cli) fn tags(list: List<Tag>) -> Result<Report, CliError> {
    let tags = list.read()?;
    let with_immutable = tags.iter().any(|tag| tag.is_immutable);
    let rows = tags.iter().map(|tag| tag_row(tag, with_immutable)).collect();
    let columns = if with_immutable { TAG_COLUMNS_WITH_IMMUTABLE } else { TAG_COLUMNS };
    let nothing =
        "No tags are known. What the registry holds is learnt from its notifications, and by: dockpass registry sync";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns, rows }, nothing) })
}

/// Whether the registry was not asked yet what some of the tags hold.
pub(in crate::cli) fn is_unread(tags: &List<Tag>) -> Result<bool, CliError> {
    Ok(tags.read()?.iter().any(|tag| tag.manifest.size == 0))
}

fn tag_row(tag: &Tag, with_immutable: bool) -> Vec<String> {
    let is_read = tag.manifest.size > 0;
    let mut row = vec![tag.name.clone()];
    row.extend(with_immutable.then(|| if tag.is_immutable { "yes" } else { "-" }.to_owned()));
    row.extend([
        shown::time(&tag.updated_at),
        if is_read { shown::size(tag.manifest.size) } else { "-".to_owned() },
        shown::or_dash(&shown::plain(&tag.platforms.join(", "))),
        tag.pushed_by.clone().unwrap_or_else(|| "-".to_owned()),
        tag.digest.clone(),
    ]);
    row
}

/// Who has access to a repository; below a team its members, as far as they are given.
pub(super) fn access(mut answer: ApiAnswer<RepositoryAccess>, members: &Members) -> Result<Report, CliError> {
    let found = answer.read()?;
    let name = format!("{}/{}", found.repository.namespace, found.repository.name);
    let rows = found.access.iter().flat_map(|entry| {
        let (who, level, why) = (who(&name, entry), entry.access_level.to_string(), way(&name, entry).reason());
        let unfolded = |member: &UnfoldedMember| {
            vec![format!("  {}", user(&member.name, member.is_active)), level.clone(), format!("in {who}")]
        };
        let members: Vec<_> = members_of(entry, members).iter().map(unfolded).collect();
        std::iter::once(vec![who, level, why]).chain(members)
    });
    let table = Table { columns: ACCESS_COLUMNS, rows: rows.collect() };
    let nothing =
        "Only system administrators have access. Give it: dockpass grant set NAMESPACE/NAME --user NAME --access LEVEL";
    if let Some(object) = answer.value.as_object_mut().filter(|_| !members.is_empty()) {
        object.insert("members".to_owned(), serde_json::json!(members));
    }
    Ok(Report { answer: answer.value, view: View::Many(table, nothing) })
}

/// The members of the team that an entry is about.
fn members_of<'m>(entry: &AccessReason, members: &'m Members) -> &'m [UnfoldedMember] {
    match entry.reason {
        Reason::TeamRepositoryGrant | Reason::TeamNamespaceGrant => {
            members.get(&unfold::key(entry)).map_or(&[], Vec::as_slice)
        }
        Reason::Owner
        | Reason::OrganizationAdmin
        | Reason::RepositoryGrant
        | Reason::NamespaceGrant
        | Reason::Public
        | Reason::SystemAdministrator => &[],
    }
}

/// The subject of a reason, marked as user or team of its organization, because both may have the same name.
fn who(on: &str, entry: &AccessReason) -> String {
    match entry.reason {
        Reason::Owner
        | Reason::OrganizationAdmin
        | Reason::RepositoryGrant
        | Reason::NamespaceGrant
        | Reason::SystemAdministrator => user(&entry.subject, entry.is_active),
        Reason::TeamRepositoryGrant | Reason::TeamNamespaceGrant => team(way(on, entry).organization(), &entry.subject),
        Reason::Public => entry.subject.clone(),
    }
}

/// Why somebody has access to a repository.
fn way<'a>(on: &'a str, entry: &'a AccessReason) -> Way<'a> {
    let (who, organization) = (Some(entry.subject.as_str()), entry.organization.as_deref());
    Way { reason: entry.reason, on, who, team: None, organization }
}

fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::AccessLevel;
    use std::marker::PhantomData;

    #[test]
    fn names_read_as_they_are_typed() {
        for name in ["alice/app", "team/a/b", "_/busybox"] {
            assert_eq!(shown(&RepositoryName::parse_shown(name).unwrap()), name);
        }
    }

    fn answer<T>(value: serde_json::Value) -> ApiAnswer<T> {
        ApiAnswer {
            value,
            next_page: None,
            count: None,
            warnings: Vec::new(),
            place: "the test".into(),
            is_change: false,
            holds: PhantomData,
        }
    }

    fn printed(report: &Report) -> String {
        report.print(crate::cli::screen::Format::Table, None).unwrap().out
    }

    fn repository(name: &str) -> serde_json::Value {
        serde_json::json!({
            "id": "01A", "namespace": "alice", "namespaceType": "user", "name": name, "shortDescription": "",
            "longDescription": "", "visibility": "private", "scanOnPush": false, "immutableTags": false,
            "immutableTagPatterns": [], "enableManifestLists": true, "pulls": 0, "pushes": 0, "tagLimit": 0,
            "accessLevel": "admin", "lastPush": "2026-11-21T20:42:00Z", "missingSince": null,
        })
    }

    #[test]
    fn a_list_shows_whose_content_is_gone_if_any_is() {
        let listed = |repositories: Vec<serde_json::Value>| {
            let list = List::whole(answer(serde_json::Value::Array(repositories))).unwrap();
            printed(&many(list).unwrap())
        };
        let mut web = repository("web");
        web["missingSince"] = "2026-11-22T07:00:00Z".into();
        assert_eq!(
            listed(vec![repository("app")]),
            "NAME       VISIBILITY  YOUR ACCESS  LAST PUSH (UTC)   DESCRIPTION\n\
             alice/app  private     admin        2026-11-21 20:42  -\n"
        );
        assert_eq!(
            listed(vec![repository("app"), web]),
            "NAME       VISIBILITY  YOUR ACCESS  LAST PUSH (UTC)   CONTENT GONE SINCE  DESCRIPTION\n\
             alice/app  private     admin        2026-11-21 20:42  -                   -\n\
             alice/web  private     admin        2026-11-21 20:42  2026-11-22 07:00    -\n"
        );
    }

    #[test]
    fn a_repository_says_which_tags_are_immutable() {
        for (is_all, patterns, said) in
            [(false, &[][..], "none"), (true, &[], "all"), (false, &["v*", "release-*"], "v*, release-*")]
        {
            let mut shown = repository("app");
            shown["immutableTags"] = is_all.into();
            shown["immutableTagPatterns"] = patterns.into();
            let shown = printed(&one(answer(shown)).unwrap());
            let line = shown.lines().find(|line| line.trim_start().starts_with("Immutable tags")).expect(&shown);
            assert!(line.ends_with(&format!(" {said}")), "{line}");
        }
        // An earlier server has no patterns.
        let mut earlier = repository("app");
        earlier.as_object_mut().unwrap().remove("immutableTagPatterns");
        assert!(printed(&one(answer(earlier)).unwrap()).contains("none"));
    }

    #[test]
    fn a_list_shows_which_tags_are_immutable_if_any_is() {
        let tag = |name: &str, is_immutable: bool| {
            serde_json::json!({
                "name": name, "digest": "sha256:00", "author": "", "updatedAt": "2026-11-21T20:42:00Z",
                "createdAt": "2026-11-21T20:42:00Z", "hashMismatch": false, "inNotary": false, "platforms": [],
                "isImmutable": is_immutable, "pushedBy": "alice", "pushedById": "01A", "manifest": {
                    "digest": "sha256:00", "mediaType": "", "configDigest": "", "configMediaType": "", "os": "",
                    "osVersion": "", "architecture": "", "author": "", "createdAt": null, "size": 0, "dockerfile": [],
                },
            })
        };
        let listed = |list: Vec<serde_json::Value>| {
            printed(&tags(List::whole(answer(serde_json::Value::Array(list))).unwrap()).unwrap())
        };
        assert_eq!(
            listed(vec![tag("latest", false)]),
            "TAG     SEEN SINCE (UTC)  SIZE  PLATFORMS  PUSHED BY  DIGEST\n\
             latest  2026-11-21 20:42  -     -          alice      sha256:00\n"
        );
        assert_eq!(
            listed(vec![tag("latest", false), tag("v1", true)]),
            "TAG     IMMUTABLE  SEEN SINCE (UTC)  SIZE  PLATFORMS  PUSHED BY  DIGEST\n\
             latest  -          2026-11-21 20:42  -     -          alice      sha256:00\n\
             v1      yes        2026-11-21 20:42  -     -          alice      sha256:00\n"
        );
    }

    #[test]
    fn a_user_and_a_team_of_one_name_differ() {
        let entry = |subject: &str, reason| AccessReason {
            subject: subject.into(),
            access_level: AccessLevel::ReadOnly,
            reason,
            organization: None,
            is_active: true,
        };
        let who = |entry| who("acme/app", &entry);
        assert_eq!(who(entry("dev", Reason::OrganizationAdmin)), "user dev");
        assert_eq!(who(entry("dev", Reason::TeamRepositoryGrant)), "team acme/dev");
        let given = AccessReason { organization: Some("newco".into()), ..entry("dev", Reason::TeamRepositoryGrant) };
        assert_eq!(who(given), "team newco/dev");
        assert_eq!(who(entry("everybody", Reason::Public)), "everybody");
        assert_eq!(who(entry("everybody", Reason::RepositoryGrant)), "user everybody");
        let inactive = AccessReason { is_active: false, ..entry("dev", Reason::Owner) };
        assert_eq!(who(inactive), "user dev (inactive)");
    }
}
