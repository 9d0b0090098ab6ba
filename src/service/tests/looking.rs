//! Looking at both: every caller sees the same repositories and is granted the same actions.

use super::super::Caller;
use super::super::{Call, Credentials, Error, Issued, PageQuery, RepositoryQuery, Search};
use super::both::{Both, named};
use super::doing::granted_on;
use super::model::{ACME, By, NAMES, USERS};
use super::support::{issue, sign_in};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::domain::scope::Scopes;

impl Both<'_> {
    pub(super) fn check(&mut self) {
        for by in [By::Anonymous, By::Local].into_iter().chain(USERS.map(By::User)) {
            if let Some(caller) = self.caller(by) {
                self.check_caller(by, &self.call(caller));
            }
        }
        for place in 0..self.model.tokens.len() {
            self.check_token(place);
        }
        self.check_organization();
        self.check_deleted();
    }

    fn check_token(&mut self, place: usize) {
        let by = By::Token(place);
        let token = &self.model.tokens[place];
        let counts = self.model.counts(place);
        let signs_in = |text: &str| sign_in(self.service(), &token.user_name(), text, self.now()).is_ok();
        assert_eq!(signs_in(&token.text), counts, "{token:?}");
        if let Some(previous) = &token.previous {
            let is_accepted = self.model.previous_counts(place);
            assert_eq!(signs_in(&previous.text), is_accepted, "the secret before, of {token:?}");
        }
        assert!(!token.dead.iter().any(|text| signs_in(text)), "an ended secret of {token:?}");
        if let Some((registry_token, end, made_with)) = &self.registry_tokens[place] {
            let is_of_previous = token.previous.as_ref().is_some_and(|previous| previous.text == *made_with);
            let is_accepted = *made_with == token.text || (is_of_previous && self.model.previous_counts(place));
            let shown = Credentials::RegistryToken(registry_token.clone());
            let is_good = self.service().authenticate(shown, None, self.now()).is_ok();
            assert_eq!(is_good, counts && is_accepted && self.model.now < *end, "the registry token of {token:?}");
        }
        if let Some(caller) = self.caller(by) {
            let issued = self.check_caller(by, &self.call(caller));
            let made_with = self.model.tokens[place].text.clone();
            self.registry_tokens[place] = issued
                .map(|issued| (issued.token.to_string(), issued.issued_at.seconds() + issued.expires_in, made_with));
        }
        self.check_descent(place);
    }

    /// An access token reaches no more than its parent of the same account.
    fn check_descent(&self, place: usize) {
        let Some(parent) = self.model.tokens[place].parent else { return };
        let is_own = self.model.tokens[place].generation == self.model.tokens[parent].generation;
        let (Some(child), Some(parent)) = (self.caller(By::Token(place)), self.caller(By::Token(parent))) else {
            assert!(!is_own || !self.model.counts(place) || self.model.counts(parent));
            return;
        };
        if is_own {
            let everything = everything();
            let (child, parent) = (self.issue(child, &everything), self.issue(parent, &everything));
            for name in NAMES {
                let (child, parent) = (granted_on(&child, name), granted_on(&parent, name));
                assert!(parent.contains(child), "{name}: {child:?} from {parent:?}");
            }
        }
    }

    fn issue(&self, caller: Caller, scopes: &Scopes) -> Issued {
        issue(self.service(), &self.call(caller), scopes).unwrap()
    }

    /// Checks what a caller sees and is granted; answers a registry token for everything.
    fn check_caller(&self, by: By, call: &Call) -> Option<Issued> {
        if by != By::Anonymous && !self.model.stands(by) {
            assert!(matches!(self.service().catalog(call, None, 1), Err(Error::Unauthenticated)), "{by:?}");
            assert!(matches!(issue(self.service(), call, &everything()), Err(Error::Unauthenticated)), "{by:?}");
            return None;
        }
        let visible = self.model.visible(by);
        assert_eq!(self.catalog(call), visible, "the catalogue of {by:?}");
        self.check_searches(by, call, &visible);
        if by == By::Anonymous {
            assert!(matches!(self.list(call, None, Order::Ascending), Err(Error::Unauthenticated)));
        } else {
            assert_eq!(self.list(call, None, Order::Ascending).unwrap(), visible, "the list of {by:?}");
            let reversed: Vec<_> = visible.iter().rev().copied().collect();
            assert_eq!(self.list(call, None, Order::Descending).unwrap(), reversed, "the list of {by:?} from its end");
            self.check_namespaces(by, call, &visible);
            self.check_content(by, call);
        }
        for name in NAMES.into_iter().filter(|_| by != By::Anonymous) {
            let level = self.service().view_repository(call, &named(name)).ok().map(|view| view.level);
            let is_known = self.model.repositories.contains_key(name);
            assert_eq!(level, self.model.level(by, name).filter(|_| is_known), "{name} as {by:?} sees it");
        }
        let issued = issue(self.service(), call, &everything()).unwrap();
        for name in NAMES {
            assert_eq!(granted_on(&issued, name), self.model.held(by, name), "{name} for {by:?}");
        }
        self.check_part(by, call);
        Some(issued)
    }

    /// A search finds what a walk over all that the caller sees would find, in every namespace.
    fn check_searches(&self, by: By, call: &Call, visible: &[&str]) {
        let searches =
            [(None, "app"), (None, "o"), (None, "pp/w"), (Some(ACME), ""), (Some("alice"), "-w"), (Some("_"), "s")];
        for (namespace, text) in searches {
            let within =
                |name: &str| namespace.is_none_or(|it| it == name.split_once('/').map_or("_", |(first, _)| first));
            let expected: Vec<_> = visible.iter().copied().filter(|name| within(name) && name.contains(text)).collect();
            let namespace = namespace.map(|namespace| Namespace::parse(namespace).unwrap());
            let (limit, text) = (3, text.to_owned());
            let search = Search {
                text: text.to_uppercase(),
                namespace: namespace.clone(),
                limit,
                repositories: true,
                accounts: false,
            };
            let found = self.service().search(call, &search).unwrap().repositories;
            let found: Vec<_> = found.iter().map(|view| view.repository.name.as_str()).collect();
            assert_eq!(found, expected[..expected.len().min(limit)], "{search:?} by {by:?}");
            if by != By::Anonymous && !expected.is_empty() {
                let page = PageQuery { order: Order::Descending, after: None, limit: 2 };
                let query = RepositoryQuery { namespace, owner: None, contains: Some(text), page, with_count: true };
                let mut listed = self.pages(call, query).unwrap();
                listed.reverse();
                assert_eq!(listed, expected, "{search:?} as {by:?} lists it");
            }
        }
    }

    fn check_namespaces(&self, by: By, call: &Call, visible: &[&str]) {
        for namespace in USERS.into_iter().chain([ACME, "_", "nobody"]) {
            let within = |name: &str| name.split_once('/').map_or("_", |(first, _)| first) == namespace;
            let expected: Vec<_> = visible.iter().copied().filter(|name| within(name)).collect();
            let is_known = namespace == "_" || self.model.has_account(namespace);
            match self.list(call, Some(namespace), Order::Ascending) {
                Ok(mut listed) => {
                    assert_eq!(listed, expected, "{namespace} as {by:?} sees it");
                    listed.reverse();
                    assert_eq!(self.list(call, Some(namespace), Order::Descending).unwrap(), listed, "{namespace}");
                }
                // A capped access token does not learn which accounts there are.
                Err(error) => {
                    let may_be_unknown = !is_known || self.model.is_capped(by);
                    assert!(expected.is_empty() && may_be_unknown, "{namespace} for {by:?}: {error}");
                }
            }
        }
    }

    /// A token grants what was asked for and is permitted; `push` implies `pull`.
    fn check_part(&self, by: By, call: &Call) {
        let known = NAMES.into_iter().filter(|name| self.model.repositories.contains_key(name));
        let words = ["pull", "push", "delete", "push,delete"];
        let asked: Vec<_> = known.zip(words.into_iter().cycle()).collect();
        let texts: Vec<_> = asked.iter().map(|(name, word)| format!("repository:{name}:{word}")).collect();
        let issued = issue(self.service(), call, &Scopes::parse(texts.iter().map(String::as_str)).unwrap()).unwrap();
        for (name, word) in asked {
            let granted = granted_on(&issued, name);
            assert_eq!(granted, self.expected(by, name, word), "{word} on {name} for {by:?}");
            assert!(self.model.held(by, name).contains(granted));
        }
    }

    /// The whole catalogue, page by page.
    fn catalog(&self, call: &Call) -> Vec<String> {
        let mut names: Vec<RepositoryName> = Vec::new();
        loop {
            let page = self.service().catalog(call, names.last(), 3).unwrap();
            assert!(page.entries.len() == 3 || page.next.is_none());
            names.extend(page.entries);
            if page.next.is_none() {
                return names.iter().map(ToString::to_string).collect();
            }
        }
    }

    /// A whole list, page by page.
    fn list(&self, call: &Call, namespace: Option<&str>, order: Order) -> Result<Vec<String>, Error> {
        let namespace = namespace.map(|namespace| Namespace::parse(namespace).unwrap());
        let page = PageQuery { order, after: None, limit: 2 };
        self.pages(call, RepositoryQuery { namespace, owner: None, contains: None, page, with_count: true })
    }

    fn pages(&self, call: &Call, mut query: RepositoryQuery) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        loop {
            let page = self.service().list_repositories(call, &query)?;
            names.extend(page.entries.iter().map(|view| view.repository.name.to_string()));
            query.page.after = page.next;
            if query.page.after.is_none() {
                assert_eq!(page.count, Some(names.len()));
                return Ok(names);
            }
        }
    }
}

/// Every action on every name; `*` never makes a repository.
pub(super) fn everything() -> Scopes {
    let texts = NAMES.map(|name| format!("repository:{name}:*"));
    Scopes::parse(texts.iter().map(String::as_str)).unwrap()
}
