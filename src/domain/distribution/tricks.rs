//! Takes the target of a request apart, and refuses what a proxy, this program and a registry might read differently. It
//! repairs nothing but the colon of a digest, which some clients encode.

use super::Unreadable;

/// Longest query, in bytes, as it came. The state that Distribution keeps in one has some hundred.
const MAX_QUERY: usize = 8 * 1024;
/// Longest path, in bytes, as it came: the longest name, the longest identifier, and what stands between.
const MAX_PATH: usize = 1024;

const ABSOLUTE: Unreadable = Unreadable::Trick("the request line must have a path, no whole URL");
const LETTERS: Unreadable = Unreadable::Trick("the path and the query must be plain ASCII, without `\\`, `;` and `#`");
const ENCODED: Unreadable = Unreadable::Trick("only the colon of a digest may be encoded in a path of the registry");
const DOTS: Unreadable = Unreadable::Trick("a path must have no parts that are empty, `.` or `..`");
const CASE: Unreadable = Unreadable::Trick("the path begins with `/v2/`, in lower case");
const LENGTH: Unreadable = Unreadable::Trick("the path or the query is too long");
const ESCAPES: Unreadable = Unreadable::Trick("the query has a `%` without two hexadecimal digits");

/// Whether this query may be too long once all of it is encoded.
pub(super) fn may_grow_too_long(query: &str) -> bool {
    query.len().saturating_mul("%2F".len()) > MAX_QUERY
}

/// The path with the colon of its last part decoded, and the query as it came.
///
/// # Errors
/// [`Unreadable::Trick`]
pub(super) fn parts(target: &str) -> Result<(String, &str), Unreadable> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let refusals = [
        (!path.starts_with('/'), ABSOLUTE),
        (path.len() > MAX_PATH || query.len() > MAX_QUERY, LENGTH),
        (!target.bytes().all(is_plain), LETTERS),
        (has_odd_part(path), DOTS),
        (is_other_case(path), CASE),
        (!is_escaped_well(query), ESCAPES),
    ];
    match refusals.into_iter().find(|(is_wrong, _)| *is_wrong) {
        Some((_, refusal)) => Err(refusal),
        None => Ok((with_colon(path)?, query)),
    }
}

/// Neither a control character nor a space, nor beyond ASCII, nor what ends or divides a path for some and not for
/// others.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\\;#\"<>^`{|}".contains(&byte)
}

/// Whether a part between slashes is empty, but for the last, or leads elsewhere.
fn has_odd_part(path: &str) -> bool {
    path.contains("//") || path.split('/').any(|part| matches!(part, "." | ".."))
}

fn is_other_case(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    first.eq_ignore_ascii_case("v2") && first != "v2"
}

/// The path with `%3A` in its last part decoded; no other `%` is taken.
fn with_colon(path: &str) -> Result<String, Unreadable> {
    let (parents, last) = path.rsplit_once('/').ok_or(ABSOLUTE)?;
    let last = last.replace("%3A", ":").replace("%3a", ":");
    if parents.contains('%') || last.contains('%') { Err(ENCODED) } else { Ok(format!("{parents}/{last}")) }
}

/// Whether each `%` has its two digits: what follows one without is read differently everywhere.
fn is_escaped_well(query: &str) -> bool {
    let is_hex = |byte: &u8| byte.is_ascii_hexdigit();
    let mut after = query.split('%').skip(1).map(str::as_bytes);
    after.all(|rest| rest.len() >= 2 && rest.iter().take(2).all(is_hex))
}
