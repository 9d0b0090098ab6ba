//! Repository names with their slashes unescaped, as clients of DTR send them, whose repositories had one part after the
//! namespace: Harbor's replication asks for `repositories/a/b/c/tags`.
//!
//! Only reads are found so, and only where no route has the path: then it can mean nothing else. What stands behind the
//! name wins over the name, as short a name as there can be: `…/a/b/c/tags` is the tags of `a/b/c`. Who means the
//! repository `a/b/c/tags` writes `%2F`.

/// The variable part that may have slashes.
const NAME: &str = "{reponame}";

/// Whether a path of the API has a repository's name in it.
pub(super) fn may_have(template: &str) -> bool {
    template.starts_with("/api/") && template.split('/').any(|part| part == NAME)
}

/// The variable parts of a path by its template, with the longest run of parts that can be the repository's name as one;
/// none if the path does not have the form of the template, or the name has no slash.
pub(super) fn parts(template: &str, path: &str) -> Option<Vec<String>> {
    let known: Vec<&str> = template.split('/').collect();
    let sent: Vec<&str> = path.split('/').collect();
    let place = known.iter().position(|part| *part == NAME)?;
    let name_length = sent.len().checked_sub(known.len() - 1).filter(|length| *length > 1)?;
    let (before, rest) = sent.split_at_checked(place)?;
    let (name, after) = rest.split_at_checked(name_length)?;
    let (known_before, known_after) = (known.get(..place)?, known.get(place + 1..)?);
    if !fits(known_before, before) || !fits(known_after, after) || name.iter().any(|part| part.is_empty()) {
        return None;
    }
    let variable = |(known, sent): (&&str, &&str)| known.starts_with('{').then(|| (*sent).to_owned());
    let mut parts: Vec<String> = known_before.iter().zip(before).filter_map(variable).collect();
    parts.push(name.join("/"));
    parts.extend(known_after.iter().zip(after).filter_map(variable));
    Some(parts)
}

/// Of several templates that a path fits, the one with the most behind the name.
pub(super) fn precedence(template: &str) -> usize {
    template.rsplit('/').position(|part| part == NAME).unwrap_or_default()
}

fn fits(known: &[&str], sent: &[&str]) -> bool {
    let fits = |(known, sent): (&&str, &&str)| if known.starts_with('{') { !sent.is_empty() } else { known == sent };
    known.iter().zip(sent).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: &str = "/api/v0/repositories/{namespace}/{reponame}";
    const TAGS: &str = "/api/v0/repositories/{namespace}/{reponame}/tags";
    const TAG: &str = "/api/v0/repositories/{namespace}/{reponame}/tags/{tag}";
    const ACCESS: &str = "/api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame}";

    fn of(template: &str, path: &str) -> Option<Vec<String>> {
        parts(template, path)
    }

    fn are(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn a_name_has_all_that_nothing_else_can_be() {
        assert_eq!(of(VIEW, "/api/v0/repositories/a/b/c"), Some(are(&["a", "b/c"])));
        assert_eq!(of(TAGS, "/api/v0/repositories/a/b/c/d/tags"), Some(are(&["a", "b/c/d"])));
        assert_eq!(of(TAG, "/api/v0/repositories/a/b/c/tags/1"), Some(are(&["a", "b/c", "1"])));
        assert_eq!(of(TAGS, "/api/v0/repositories/a/b%2Fc/d/tags"), Some(are(&["a", "b%2Fc/d"])));
        assert_eq!(of(ACCESS, "/api/v0/accounts/u/repositoryAccess/a/b/c"), Some(are(&["u", "a", "b/c"])));
        assert!(precedence(TAG) > precedence(TAGS) && precedence(TAGS) > precedence(VIEW));
    }

    #[test]
    fn other_paths_are_none() {
        for path in [
            "",
            "/",
            "/api/v0/repositories/a",
            "/api/v0/repositories/a/b",
            "/api/v0/repositories/a//b",
            "/api/v0/repositories/a/b//c",
            "/api/v0/repositories//b/c",
            "/api/v0/repositories/a/b/c/",
            "/api/v1/repositories/a/b/c",
        ] {
            assert_eq!(of(VIEW, path), None, "{path}");
        }
        assert_eq!(of(TAGS, "/api/v0/repositories/a/b/tags"), None);
        assert_eq!(of(TAGS, "/api/v0/repositories/a/b/c/tag"), None);
        assert_eq!(of("/api/v0/audit/head", "/api/v0/audit/head/x/y"), None);
    }
}
