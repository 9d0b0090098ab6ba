//! The service beside the plain model, with each caller as a request would make it.

use std::fmt::Debug;

use super::super::Caller;
use super::super::{Call, Credentials, Error, Service};
use super::model::{By, Model};
use super::operations::Actor;
use super::support::{Home, adopt, call, sign_in, start};
use crate::domain::grant::GrantTarget;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::secret::{TokenHash, TokenText};
use crate::domain::time::Timestamp;

/// The service, and the model that says what it must answer.
pub(super) struct Both<'h> {
    pub(super) home: &'h Home,
    /// None only between closing and opening.
    pub(super) opened: Option<Service>,
    pub(super) model: Model,
    /// For each access token, a registry token made with it, and the second at which that ends.
    pub(super) registry_tokens: Vec<Option<(String, i64, String)>>,
    /// How many notifications there were.
    pub(super) told: usize,
}

impl<'h> Both<'h> {
    pub(super) fn new(home: &'h Home) -> Self {
        let service = home.open(start());
        adopt(&service, "busybox");
        let mut model = Model::at(start().seconds());
        model.add_repository("busybox", false);
        Self { home, opened: Some(service), model, registry_tokens: Vec::new(), told: 0 }
    }

    pub(super) fn service(&self) -> &Service {
        self.opened.as_ref().unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.model.now)
    }

    pub(super) fn by(&self, actor: &Actor) -> Option<By> {
        match actor {
            Actor::Is(by) => Some(*by),
            Actor::Token(_) if self.model.tokens.is_empty() => None,
            Actor::Token(index) => Some(By::Token(index.index(self.model.tokens.len()))),
        }
    }

    pub(super) fn call(&self, caller: Caller) -> Call {
        call(caller, self.now())
    }

    /// The caller as a request would make it; none if there is no such account or its credential is refused.
    pub(super) fn caller(&self, by: By) -> Option<Caller> {
        match by {
            By::Anonymous => self.service().authenticate(Credentials::None, None, self.now()).ok(),
            By::Local => Some(Service::local(0)),
            By::User(user) => self.service().store.state().account_named(user).map(|user| Caller::of_account(user)),
            By::Token(place) => {
                let token = &self.model.tokens[place];
                sign_in(self.service(), &token.user_name(), &token.text, self.now()).ok()
            }
        }
    }

    pub(super) fn hash(&self, place: usize) -> String {
        hash_of(&self.model.tokens[place].text).to_string()
    }
}

pub(super) fn hash_of(text: &str) -> TokenHash {
    TokenText::parse(text).unwrap().hash()
}

pub(super) fn named(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

pub(super) fn target_of(target: &str) -> GrantTarget {
    match target.strip_suffix("/*") {
        Some(namespace) => GrantTarget::Namespace(Namespace::parse(namespace).unwrap()),
        None => GrantTarget::Repository(named(target)),
    }
}

/// Asserts that both agree on whether it was done.
#[track_caller]
pub(super) fn agree<T>(result: Result<T, Error>, expected: bool, what: &dyn Debug) -> Option<T> {
    assert_eq!(result.is_ok(), expected, "{what:?}: {:?}", result.as_ref().err());
    result.ok()
}
