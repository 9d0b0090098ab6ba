//! What a body repeats of its path: clients send back the record that they got. It must be the same, or the request says
//! two things, of which one would be ignored.

use super::failure::Failure;
use crate::api;
use crate::domain::id::Id;

/// What the path has.
pub(super) const OF_THE_PATH: &str = "must be the one in the path";

/// How an object must name itself.
const AS_THE_PATH: &str = "must be named as in the path, by its name or by its id";

/// Refuses a text in the body that is not the known one. An empty text counts as left out.
pub(super) fn must_be(field: &str, asked: Option<&str>, known: &str, why: &str) -> Result<(), Failure> {
    match asked.filter(|asked| !asked.is_empty() && *asked != known) {
        Some(_) => Err(Failure::invalid(field, why)),
        None => Ok(()),
    }
}

/// Refuses another name in the body than that in the path, which may have the identifier instead.
pub(super) fn must_name(field: &str, name: Option<&str>, path: &str) -> Result<(), Failure> {
    must_be(field, name.filter(|_| path.parse::<Id>().is_err()), path, OF_THE_PATH)
}

/// The same for an object that names itself. It must do so as the path does, by its name or by its identifier, or it could
/// mean another one.
pub(super) fn must_be_named(field: &str, told: Option<&api::Named>, path: &str) -> Result<(), Failure> {
    let Some(api::Named { name, id }) = told else { return Ok(()) };
    let (same, other) = if path.parse::<Id>().is_ok() { (id, name) } else { (name, id) };
    if same.as_deref().is_none_or(str::is_empty) && !other.as_deref().is_some_and(str::is_empty) {
        return Err(Failure::invalid(field, AS_THE_PATH));
    }
    must_be(field, same.as_deref(), path, OF_THE_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_a_name_or_an_identifier() {
        const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let named = |name: &str, id: &str| api::Named { name: Some(name.to_owned()), id: Some(id.to_owned()) };
        for (told, path, is_same) in [
            (named("al", ID), "al", true),
            (named("bo", ID), "al", false),
            (named("", ""), "al", true),
            (named("al", ID), ID, true),
            (named("al", "01BX5ZZKBKACTAV9WEVGEMMVRZ"), ID, false),
            (named("", ID), "al", false),
            (named("al", ""), ID, false),
            (api::Named::default(), "al", false),
        ] {
            assert_eq!(must_be_named("user", Some(&told), path).is_ok(), is_same, "{told:?} {path}");
        }
        assert_eq!(must_name("name", Some("bo"), "al").unwrap_err().message, "name: must be the one in the path");
    }
}
