//! Scopes of the registry token protocol: what a client asks for.
//!
//! Grammar: distribution's `docs/content/spec/auth/scope.md`. Real clients send several `scope` parameters, one with
//! spaces, or both; what makes no sense is left out, never an error, because a 4xx from the token endpoint breaks a
//! push that would have gone through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::access::Actions;
use super::name::RepositoryName;

/// Most resource scopes that one request may hold; more is refused as a whole.
pub const MAX_SCOPES: usize = 100;

/// Why a request's scopes are refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {MAX_SCOPES} scopes in one request")]
pub struct TooManyScopes;

/// What a request asks for: each repository once, and the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// The actions asked for on each repository.
    pub repositories: BTreeMap<RepositoryName, Actions>,
    /// The repositories for which `push` is requested by name. `*` includes `push`, but must not create a repository.
    pub pushes: BTreeSet<RepositoryName>,
    /// Whether `registry:catalog:*` is asked for.
    pub catalog: bool,
}

impl Scopes {
    /// Reads every `scope` value of a request; each may hold several scopes.
    ///
    /// # Errors
    /// [`TooManyScopes`] beyond [`MAX_SCOPES`].
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Self, TooManyScopes> {
        let mut scopes = Self::default();
        let parts = values.into_iter().flat_map(str::split_whitespace);
        for (count, part) in parts.enumerate() {
            if count >= MAX_SCOPES {
                return Err(TooManyScopes);
            }
            scopes.add(part);
        }
        Ok(scopes)
    }

    /// Adds one resource scope; leaves out what is malformed or unknown.
    fn add(&mut self, text: &str) {
        // A name may hold a colon (host and port), so the type ends at the first and the actions begin at the last.
        let Some((kind, rest)) = text.split_once(':') else { return };
        let Some((name, actions)) = rest.rsplit_once(':') else { return };
        match without_class(kind) {
            "repository" => self.add_repository(name, actions),
            "registry" if name == "catalog" => self.catalog |= actions.split(',').any(|action| action == "*"),
            _ => {}
        }
    }

    fn add_repository(&mut self, name: &str, actions: &str) {
        let Ok(name) = RepositoryName::parse(name) else { return };
        if actions.split(',').any(|action| action == "push") {
            self.pushes.insert(name.clone());
        }
        let actions = actions.split(',').map(Actions::named).fold(Actions::NONE, Actions::union);
        if !actions.is_empty() {
            let asked = self.repositories.entry(name).or_default();
            *asked = asked.union(actions);
        }
    }
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
        let repositories = self.repositories.iter().map(|(name, actions)| format!("repository:{name}:{actions:?}"));
        f.write_str(&catalog.into_iter().chain(repositories).collect::<Vec<_>>().join(" "))
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
        let expected = "repository:a/b:pull,push repository:c/d:pull";
        assert_eq!(shown(&["repository:a/b:pull,push", "repository:c/d:pull"]), expected);
        assert_eq!(shown(&["repository:c/d:pull repository:a/b:push", "repository:a/b:pull"]), expected);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for text in
            ["", ":", "::", "repository", "repository:a/b", "repository:a/b:", "repository:A/b:pull", "plugin:a/b:pull"]
        {
            assert_eq!(shown(&[text]), "", "{text}");
        }
        for text in
            ["repository:a/b:fly", "repository:host:5000/a/b:pull", "registry:catalog:search", "registry:other:*"]
        {
            assert_eq!(shown(&[text]), "", "{text}");
        }
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
        let pushes = |values: [&str; 2]| !Scopes::parse(values).unwrap().pushes.is_empty();
        assert!(!pushes(["repository:a/b:*", "repository:a/b:pull,delete"]));
        assert!(pushes(["repository:a/b:delete", "repository:a/b:push,pull"]) && pushes(["repository:a/b:*,push", ""]));
    }

    #[test]
    fn too_many_are_refused() {
        let many = "repository:a/b:pull ".repeat(MAX_SCOPES);
        assert!(Scopes::parse([many.as_str()]).is_ok());
        assert_eq!(Scopes::parse([many.as_str(), "x"]), Err(TooManyScopes));
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
            prop_assert_eq!((again.repositories, again.catalog), (scopes.repositories, scopes.catalog));
        }
    }
}
