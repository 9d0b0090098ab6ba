//! Scopes of the registry token protocol: what a client asks for.
//!
//! Grammar: distribution's `docs/content/spec/auth/scope.md`. Real clients send several `scope` parameters, one with
//! spaces, or both; what makes no sense is left out, never an error, because a 4xx from the token endpoint breaks a
//! push that would have gone through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::access::Actions;
use super::name::RepositoryName;

/// Most different resource scopes that one request may hold; more is refused as a whole.
pub const MAX_SCOPES: usize = 1_000;

/// Why a request's scopes are refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {MAX_SCOPES} different scopes in one request")]
pub struct TooManyScopes;

/// Actions on one repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryScope {
    /// The repository.
    pub name: RepositoryName,
    /// The actions.
    pub actions: Actions,
    /// Whether `push` is asked for by name. `*` includes `push`, but must not create a repository.
    pub pushes: bool,
}

/// What a request asks for, or what is granted of it: each repository once, and the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes {
    /// The repositories, in the order in which the request first names them.
    pub repositories: Vec<RepositoryScope>,
    /// Whether `registry:catalog:*` is asked for.
    pub catalog: bool,
    /// Whether `repository::pull` is asked for, with no name at all: zot's challenge for its catalogue.
    pub nameless: bool,
    /// How many scopes make no sense here, and were left out.
    pub unread: usize,
}

impl Scopes {
    /// Reads every `scope` value of a request; each may hold several scopes, and equal ones count once.
    ///
    /// # Errors
    /// [`TooManyScopes`] beyond [`MAX_SCOPES`].
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str, IntoIter: Clone>) -> Result<Self, TooManyScopes> {
        let parts = values.into_iter().flat_map(str::split_whitespace);
        // Only very many are compared: the usual request has one or two.
        let is_long = parts.clone().nth(MAX_SCOPES).is_some();
        if is_long && parts.clone().collect::<BTreeSet<_>>().len() > MAX_SCOPES {
            return Err(TooManyScopes);
        }
        let (mut scopes, mut places) = (Self::default(), Places::default());
        parts.for_each(|part| scopes.add(part, &mut places));
        Ok(scopes)
    }

    /// Whether nothing that there is is asked for, or granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty() && !self.catalog && !self.nameless
    }

    /// The actions on one repository.
    #[must_use]
    pub fn on(&self, name: &RepositoryName) -> Actions {
        self.repositories.iter().find(|scope| scope.name == *name).map_or(Actions::NONE, |scope| scope.actions)
    }

    /// Adds one resource scope; leaves out what is malformed or unknown, and counts it. `places` says where each repository
    /// stands.
    fn add(&mut self, text: &str, places: &mut Places) {
        if self.read(text, places).is_none() {
            self.unread += 1;
        }
    }

    /// Reads one resource scope; none if it asks for nothing that there is.
    fn read(&mut self, text: &str, places: &mut Places) -> Option<()> {
        // A name may hold a colon (host and port), so the type ends at the first and the actions begin at the last.
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        match (without_class(kind), name) {
            ("repository", "") if named(actions).contains(Actions::PULL) => self.nameless = true,
            ("repository", "") => return None,
            ("repository", name) => self.add_repository(name, actions, places)?,
            ("registry", "catalog") if actions.split(',').any(|action| action == "*") => self.catalog = true,
            _ => return None,
        }
        Some(())
    }

    fn add_repository(&mut self, name: &str, actions: &str, places: &mut Places) -> Option<()> {
        let (name, pushes) = (RepositoryName::parse(name).ok()?, actions.split(',').any(|action| action == "push"));
        let actions = Some(named(actions)).filter(|actions| !actions.is_empty())?;
        if let Some(known) = places.of(&name, &self.repositories).and_then(|place| self.repositories.get_mut(place)) {
            known.actions = known.actions.union(actions);
            known.pushes |= pushes;
        } else {
            self.repositories.push(RepositoryScope { name, actions, pushes });
        }
        Some(())
    }
}

/// Most repositories that are looked through one by one.
const FEW: usize = 8;

/// Where each repository stands of those that were read, as far as they are more than a few.
#[derive(Default)]
struct Places(BTreeMap<RepositoryName, usize>);

impl Places {
    /// The place of a name among the repositories so far; none if it is not there.
    fn of(&mut self, name: &RepositoryName, all: &[RepositoryScope]) -> Option<usize> {
        let (few, rest) = all.split_at(FEW.min(all.len()));
        let new = rest.iter().enumerate().skip(self.0.len());
        self.0.extend(new.map(|(place, scope)| (scope.name.clone(), FEW + place)));
        few.iter().position(|scope| scope.name == *name).or_else(|| self.0.get(name).copied())
    }
}

fn named(actions: &str) -> Actions {
    actions.split(',').map(Actions::named).fold(Actions::NONE, Actions::union)
}

/// The resource type without its deprecated class: `repository(plugin)` is `repository`.
fn without_class(kind: &str) -> &str {
    match kind.split_once('(') {
        Some((plain, class)) if class.len() > 1 && class.ends_with(')') => plain,
        _ => kind,
    }
}

impl fmt::Display for Scopes {
    /// All scopes in one value, separated by spaces, for the `scope` of a POST answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let catalog = self.catalog.then(|| "registry:catalog:*".to_owned());
        let nameless = self.nameless.then(|| "repository::pull".to_owned());
        let repositories = self.repositories.iter();
        let repositories = repositories.map(|scope| format!("repository:{}:{:?}", scope.name, scope.actions));
        f.write_str(&catalog.into_iter().chain(nameless).chain(repositories).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(values: &[&str]) -> String {
        Scopes::parse(values.iter().copied()).unwrap().to_string()
    }

    #[test]
    fn one_value_or_many_mean_the_same() {
        let expected = "repository:c/d:pull repository:a/b:pull,push";
        assert_eq!(shown(&["repository:c/d:pull", "repository:a/b:pull,push"]), expected);
        assert_eq!(shown(&["repository:c/d:pull repository:a/b:push", "repository:a/b:pull"]), expected);
    }

    #[test]
    fn an_empty_name_asks_for_the_catalogue_of_zot() {
        assert_eq!(shown(&["repository::pull"]), "repository::pull");
        assert_eq!(shown(&["repository::*"]), "repository::pull");
        assert_eq!(shown(&["repository::push"]), "");
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for text in [
            "",
            ":",
            "::",
            "repository",
            "repository::",
            "repository:a/b",
            "repository:a/b:",
            "repository:A/b:pull",
            "plugin:a/b:pull",
        ] {
            assert_eq!(shown(&[text]), "", "{text}");
        }
        for text in
            ["repository:a/b:fly", "repository:host:5000/a/b:pull", "registry:catalog:search", "registry:other:*"]
        {
            assert_eq!(shown(&[text]), "", "{text}");
        }
        let unread = |text: &str| Scopes::parse([text]).unwrap().unread;
        assert_eq!(
            unread("repository:A/b:pull nonsense repository::push repository:a/b:fly registry:catalog:search"),
            5
        );
        assert_eq!((unread(""), unread("repository:a/b:pull,fly registry:catalog:* repository::pull")), (0, 0));
        assert_eq!(
            shown(&["nonsense repository:a/b:fly,pull registry:catalog:*"]),
            "registry:catalog:* repository:a/b:pull"
        );
    }

    #[test]
    fn a_class_is_ignored() {
        assert_eq!(shown(&["repository(plugin):a/b:pull"]), "repository:a/b:pull");
    }

    #[test]
    fn a_star_asks_for_everything_and_pushes_nothing() {
        assert_eq!(shown(&["repository:a/b:*"]), "repository:a/b:pull,push,delete");
        let pushes = |values: [&str; 2]| Scopes::parse(values).unwrap().repositories.iter().any(|it| it.pushes);
        assert!(!pushes(["repository:a/b:*", "repository:a/b:pull,delete"]));
        assert!(pushes(["repository:a/b:delete", "repository:a/b:push,pull"]) && pushes(["repository:a/b:*,push", ""]));
    }

    #[test]
    fn too_many_are_refused_and_equal_ones_count_once() {
        let many: Vec<String> = (0..MAX_SCOPES).map(|number| format!("repository:a/b{number}:pull")).collect();
        let many = many.join(" ");
        assert_eq!(Scopes::parse([many.as_str()]).unwrap().repositories.len(), MAX_SCOPES);
        assert_eq!(Scopes::parse([many.as_str(), &many]).unwrap().repositories.len(), MAX_SCOPES);
        assert_eq!(Scopes::parse([many.as_str(), "x"]), Err(TooManyScopes));
        let same = "repository:a/b:pull ".repeat(3 * MAX_SCOPES);
        assert_eq!(shown(&[&same]), "repository:a/b:pull");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = Scopes::parse([text.as_str()]);
        }

        #[test]
        fn what_is_shown_reads_back_as_itself(parts in prop::collection::vec("repository:[a-c]{1,2}/[a-c]{1,2}:(pull|push|delete|\\*)", 0..6)) {
            let scopes = Scopes::parse(parts.iter().map(String::as_str)).unwrap();
            let again = Scopes::parse([scopes.to_string().as_str()]).unwrap();
            let plain = |scopes: &Scopes| scopes.repositories.iter().map(|it| (it.name.clone(), it.actions)).collect::<Vec<_>>();
            prop_assert_eq!((plain(&again), again.catalog), (plain(&scopes), scopes.catalog));
        }
    }
}
