//! What a record is about, for those who seek records: by names, ids and labels.

use super::AuditRecord;
use crate::domain::id::Id;
use crate::domain::time::Timestamp;

/// Words at the beginning of an object that name what it is; those after them are levels and other details.
const NAMES: usize = 2;

/// An account whose records are sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoughtAccount {
    /// The account that has this name now. What was noted by name alone is its own since it exists: before that it was an
    /// earlier account's.
    Present {
        /// Its id.
        id: Id,
        /// Its name.
        name: String,
        /// Since when it exists.
        since: Timestamp,
    },
    /// The account of this id, which is gone: what was noted with its id.
    GoneId(Id),
    /// Every account that ever had this name.
    GoneName(String),
}

impl SoughtAccount {
    fn id(&self) -> Option<Id> {
        match self {
            Self::Present { id, .. } | Self::GoneId(id) => Some(*id),
            Self::GoneName(_) => None,
        }
    }

    /// The name under which a record of this moment would note it.
    fn name_at(&self, time: Timestamp) -> Option<&str> {
        match self {
            Self::Present { name, since, .. } => (time >= *since).then_some(name.as_str()),
            Self::GoneId(_) => None,
            Self::GoneName(name) => Some(name.as_str()),
        }
    }

    /// Whether a record of this moment that notes these means it. An id decides; a name does where no id was noted.
    fn is(&self, id: Option<Id>, name: &str, time: Timestamp) -> bool {
        match (id, self.id()) {
            (Some(id), Some(own)) => id == own,
            (_, None) | (None, Some(_)) => self.name_at(time) == Some(name),
        }
    }

    /// The texts of [`AuditRecord::subjects`] of which a record that concerns it has one.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Present { id, name, .. } => vec![id.to_string(), name.clone()],
            Self::GoneId(id) => vec![id.to_string()],
            Self::GoneName(name) => vec![name.clone()],
        }
    }
}

impl AuditRecord {
    /// Whether it is about this: the object, or a word of it; an account, a repository or an access token by its name, its
    /// id, its label of that moment, or its owner.
    #[must_use]
    pub fn is_about(&self, what: &str) -> bool {
        let is_id = |id: Option<Id>| id.is_some_and(|id| id.to_string() == what);
        let account = || self.account.as_ref().is_some_and(|it| it.name == what || is_id(it.id));
        let repository_id = || is_id(self.repository.as_ref().and_then(|it| it.id));
        self.object == what
            || self.object.split(' ').any(|word| word == what)
            || account()
            || self.is_about_repository(what)
            || repository_id()
            || self.access_token.as_ref().is_some_and(|it| it.owner == what || it.label == what || is_id(Some(it.id)))
    }

    /// Whether it is about the repository of this name, by its own field.
    #[must_use]
    pub fn is_about_repository(&self, name: &str) -> bool {
        self.repository.as_ref().is_some_and(|repository| repository.name == name)
    }

    /// Whether this credential did it: a kind, an access token by its id or its label of that moment.
    #[must_use]
    pub fn is_by_credential(&self, what: &str) -> bool {
        let (kind, id) = self.credential_parts();
        self.credential == what
            || kind == what
            || (!id.is_empty() && id == what)
            || self.credential_label.as_deref() == Some(what)
    }

    /// The kind of its credential, and the id of the access token; empty if it was none.
    #[must_use]
    pub fn credential_parts(&self) -> (&str, &str) {
        self.credential.split_once(':').unwrap_or((&self.credential, ""))
    }

    /// Whether the access token of this id did it, or it was done to that.
    #[must_use]
    pub fn concerns_token(&self, id: Id) -> bool {
        let text = id.to_string();
        self.credential_parts().1 == text
            || self.access_token.as_ref().is_some_and(|token| token.id == id)
            // Records of earlier versions have it in the object alone.
            || (self.access_token.is_none() && self.object.split(' ').any(|word| word == text))
    }

    /// Whether an access token that had this label did it, or it was done to one.
    #[must_use]
    pub fn concerns_label(&self, label: &str) -> bool {
        self.credential_label.as_deref() == Some(label)
            || self.access_token.as_ref().is_some_and(|token| token.label == label)
    }

    /// Whether an account did it, or it was done to that, to its access tokens, or to what is in its namespace.
    #[must_use]
    pub fn concerns_account(&self, sought: &SoughtAccount) -> bool {
        let is = |id, name: &str| sought.is(id, name, self.time);
        let is_within = |text: &str| text.split_once('/').is_some_and(|(namespace, _)| is(None, namespace));
        // An account that is noted by its id is not found by its name in the object as well: the name had another owner.
        let names = self.object.split(' ').take(NAMES);
        let mut names = names.filter(|word| self.account.as_ref().is_none_or(|account| account.name != **word));
        is(self.actor_id, &self.actor)
            || self.account.as_ref().is_some_and(|account| is(account.id, &account.name))
            || self.access_token.as_ref().is_some_and(|token| is(None, &token.owner))
            || self.repository.as_ref().is_some_and(|repository| is_within(&repository.name))
            || names.any(|word| is(None, word) || is_within(word))
    }

    /// Calls `each` for every text by which the functions above may find it, some more than once.
    pub fn subjects(&self, mut each: impl FnMut(&str)) {
        let id = |id: Option<Id>| id.map(|id| id.to_string());
        let (kind, credential_id) = self.credential_parts();
        let noun = self.action.split('.').next().unwrap_or_default();
        let (account, repository, token) =
            (self.account.as_ref(), self.repository.as_ref(), self.access_token.as_ref());
        let ids = [
            id(self.actor_id),
            id(account.and_then(|it| it.id)),
            id(repository.and_then(|it| it.id)),
            id(token.map(|it| it.id)),
        ];
        ids.iter().flatten().for_each(|id| each(id));
        for text in [&self.actor, kind, credential_id, &self.credential, &self.action, noun, &self.object] {
            each(text);
        }
        let names = account.map(|it| &it.name).into_iter().chain(repository.map(|it| &it.name));
        let names = names.chain(token.into_iter().flat_map(|it| [&it.label, &it.owner])).map(String::as_str);
        let names = names.chain(self.credential_label.as_deref()).chain(self.object.split(' '));
        for text in names {
            each(text);
            if let Some((namespace, _)) = text.split_once('/') {
                each(namespace);
            }
        }
    }
}
