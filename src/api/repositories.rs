//! Repositories.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fixed, JsonBody, NAME_WITHIN, Rows, UnknownFields};
use crate::domain::access::AccessLevel;

/// Who may see a repository without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody views and pulls.
    Public,
    /// Only those with access.
    Private,
}

/// What kind of account owns a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamespaceType {
    /// A user.
    User,
    /// An organization.
    Organization,
}

/// A repository. Its texts are read as `String`; who only writes it takes them from where they are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Repository")]
pub struct Repository<T = String> {
    /// Identifier.
    pub id: T,
    /// Namespace; `_` for names of one component.
    pub namespace: T,
    /// What kind of account owns the namespace; `user` if none does.
    pub namespace_type: NamespaceType,
    /// Name without its namespace.
    pub name: T,
    /// One line about it.
    pub short_description: T,
    /// More about it.
    pub long_description: T,
    /// Who may see it without a grant.
    pub visibility: Visibility,
    /// Always false: dockpass does not scan.
    pub scan_on_push: bool,
    /// Whether all tags are immutable: nobody overwrites one, whoever may deletes it first. That is held where pushes go
    /// through dockpass; where they do not, a `Warning` says so.
    pub immutable_tags: bool,
    /// Where not all tags are immutable, those that match one of these are: whole tags, with `*` for any characters.
    #[serde(default)]
    #[schemars(required)]
    pub immutable_tag_patterns: Vec<String>,
    /// Always true: manifest lists are the registry's business.
    pub enable_manifest_lists: bool,
    /// How often it was pulled.
    pub pulls: u64,
    /// How often it was pushed to.
    pub pushes: u64,
    /// Always 0, no limit.
    pub tag_limit: u64,
    /// The caller's level.
    pub access_level: AccessLevel,
    /// The name of the account that owns it: that of its namespace, unless it was transferred. Null if nobody does, and for
    /// callers who may not see accounts.
    pub owner: Option<T>,
    /// When it was last pushed to; null if no push was seen.
    #[schemars(extend("format" = "date-time"))]
    pub last_push: Option<T>,
    /// Since when the registry has had none of its tags; null while it has any.
    #[schemars(extend("format" = "date-time"))]
    pub missing_since: Option<T>,
}

/// How a repository was used lately.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryActivity {
    /// The last 90 days, oldest first, today included. A crash of the server may lose what was counted within the half minute
    /// before it.
    pub days: Vec<ActivityDay>,
}

/// How a repository was used on one day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityDay {
    /// The day, from midnight to midnight in UTC.
    #[schemars(extend("format" = "date"))]
    pub day: String,
    /// How often it was pulled.
    pub pulls: u32,
    /// How often it was pushed to.
    pub pushes: u32,
}

/// A page of repositories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Repositories")]
pub struct Repositories<T = String> {
    /// The repositories of the page, by name.
    pub repositories: Vec<Repository<T>>,
}

impl<T: AsRef<str>> Repositories<T> {
    /// The same as serde writes it, in an eighth of the time: the names of fields are known, and hardly a text has a letter
    /// that JSON escapes.
    #[must_use]
    pub fn json(&self) -> String {
        let mut json = String::with_capacity(32 + 512 * self.repositories.len());
        json.push_str("{\"repositories\":[");
        for (place, repository) in self.repositories.iter().enumerate() {
            json.push_str(if place == 0 { "" } else { "," });
            repository.write(&mut json);
        }
        json.push_str("]}");
        json
    }
}

impl<T: AsRef<str>> Repository<T> {
    /// Few pieces, since each costs as much as its letters: what stands between two values is one.
    fn write(&self, json: &mut String) {
        let flag = |is_so: bool| if is_so { "true" } else { "false" };
        let kind = match self.namespace_type {
            NamespaceType::User => "\",\"namespaceType\":\"user\",\"name\":\"",
            NamespaceType::Organization => "\",\"namespaceType\":\"organization\",\"name\":\"",
        };
        let names = ["{\"id\":\"", self.id.as_ref(), "\",\"namespace\":\"", self.namespace.as_ref(), kind];
        names.into_iter().chain([self.name.as_ref()]).for_each(|piece| json.push_str(piece));
        write_free(json, "\",\"shortDescription\":\"", self.short_description.as_ref());
        write_free(json, "\",\"longDescription\":\"", self.long_description.as_ref());
        json.push_str(match self.visibility {
            Visibility::Public => "\",\"visibility\":\"public\",\"scanOnPush\":",
            Visibility::Private => "\",\"visibility\":\"private\",\"scanOnPush\":",
        });
        let flags = [flag(self.scan_on_push), ",\"immutableTags\":", flag(self.immutable_tags)];
        flags.into_iter().for_each(|piece| json.push_str(piece));
        json.push_str(",\"immutableTagPatterns\":[");
        for (place, pattern) in self.immutable_tag_patterns.iter().enumerate() {
            write_free(json, if place == 0 { "\"" } else { ",\"" }, pattern);
            json.push('"');
        }
        json.push_str("],\"enableManifestLists\":");
        json.push_str(flag(self.enable_manifest_lists));
        write_number(json, ",\"pulls\":", self.pulls);
        write_number(json, ",\"pushes\":", self.pushes);
        write_number(json, ",\"tagLimit\":", self.tag_limit);
        json.push_str(",\"accessLevel\":\"");
        json.push_str(self.access_level.as_str());
        write_option(json, ["\",\"owner\":\"", "\",\"owner\":null"], self.owner.as_ref());
        write_option(json, [",\"lastPush\":\"", ",\"lastPush\":null"], self.last_push.as_ref());
        write_option(json, [",\"missingSince\":\"", ",\"missingSince\":null"], self.missing_since.as_ref());
        json.push('}');
    }
}

/// Writes a text that people chose, after what stands before it with the opening quotation mark.
fn write_free(json: &mut String, before: &str, text: &str) {
    json.push_str(before);
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let quoted = serde_json::Value::from(text).to_string();
        json.push_str(quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default());
    } else {
        json.push_str(text);
    }
}

/// Writes a name or a time, in which JSON escapes nothing, or that there is none.
fn write_option(json: &mut String, [before, none]: [&str; 2], text: Option<&impl AsRef<str>>) {
    match text {
        Some(text) => [before, text.as_ref(), "\""].into_iter().for_each(|piece| json.push_str(piece)),
        None => json.push_str(none),
    }
}

/// Writes a number after its name: most have one digit, since most repositories are hardly used.
fn write_number(json: &mut String, before: &str, number: u64) {
    json.push_str(before);
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => json.push(char::from(b'0' + digit)),
        Ok(_) | Err(_) => json.push_str(&number.to_string()),
    }
}

impl Rows for Repositories {
    type Row = Repository;
    const FIELD: Option<&'static str> = Some("repositories");
}

/// Fields of a [`Repository`] that no request sets.
const SHOWN_ONLY: &[&str] =
    &["id", "namespaceType", "pulls", "pushes", "accessLevel", "owner", "lastPush", "missingSince"];

/// What DTR lets a repository choose, and what it always is here.
const FIXED: &[(&str, Fixed)] =
    &[("scanOnPush", Fixed::Flag(false)), ("enableManifestLists", Fixed::Flag(true)), ("tagLimit", Fixed::Number(0))];

/// The repository to make.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRepository {
    /// Name without its namespace; with it, at most 255 characters.
    #[schemars(extend("pattern" = NAME_WITHIN))]
    pub name: String,
    /// One line about it, at most 140 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`; private if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Whether all tags shall be immutable, for which pushes must go through dockpass; no if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tags: Option<bool>,
    /// Which tags shall be immutable where not all are: at most 20 patterns of at most 128 characters, such as `v*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tag_patterns: Option<Vec<String>>,
    /// Must be the namespace of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl JsonBody for CreateRepository {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}

/// Who shall have repositories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TransferRepositories {
    /// The account, a user or an organization, by name or id.
    pub to: String,
}

impl JsonBody for TransferRepositories {}

/// Who shall have all repositories of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferAllRepositories {
    /// The account, a user or an organization, by name or id.
    pub to: String,
    /// Transfers nothing, and says whether all of them could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

impl JsonBody for TransferAllRepositories {}

/// What was transferred.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TransferredRepositories {
    /// The name of the account that has them now.
    pub to: String,
    /// How many repositories it was given by this request.
    pub transferred: u64,
    /// How many the account before still has: the same request goes on with them.
    pub left: u64,
}

/// Changes of a repository; its name never changes.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRepository {
    /// One line about it, at most 140 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Whether all tags shall be immutable, for which pushes must go through dockpass. True ends the patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tags: Option<bool>,
    /// Which tags shall be immutable where not all are: at most 20 patterns of at most 128 characters, such as `v*`; an
    /// empty list ends them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tag_patterns: Option<Vec<String>>,
    /// Must be the namespace of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Must be the present name; an empty one counts as omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl JsonBody for UpdateRepository {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(text: &str, is_full: bool) -> Repository {
        let some = |text: &str| is_full.then(|| text.to_owned());
        Repository {
            id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            namespace: "alice".to_owned(),
            namespace_type: if is_full { NamespaceType::Organization } else { NamespaceType::User },
            name: "app/b".to_owned(),
            short_description: text.to_owned(),
            long_description: format!("{text} and more"),
            visibility: if is_full { Visibility::Public } else { Visibility::Private },
            scan_on_push: is_full,
            immutable_tags: !is_full,
            immutable_tag_patterns: some("v*").into_iter().chain(some("1.*")).collect(),
            enable_manifest_lists: is_full,
            pulls: u64::from(is_full) * u64::MAX,
            pushes: 7 + 3 * u64::from(is_full),
            tag_limit: 0,
            access_level: if is_full { AccessLevel::Admin } else { AccessLevel::ReadOnly },
            owner: some("bob"),
            last_push: some("2026-11-30T12:00:00Z"),
            missing_since: some("2026-11-30T13:00:00Z"),
        }
    }

    #[test]
    fn a_page_is_written_as_serde_would() {
        for text in ["", "plain", "\u{e4}\u{1f40b}", "a \"quote\" \\ and\nmore\t\u{1}\u{7f}", "\u{2028}</script>"] {
            for count in 0..3 {
                let one = |place| repository(text, place == 1);
                let page = Repositories { repositories: (0..count).map(one).collect() };
                assert_eq!(page.json(), serde_json::to_string(&page).unwrap(), "{text:?} {count}");
            }
        }
    }
}
