//! Which records of the audit log are wanted.

use crate::domain::act::ActFilter;
use crate::domain::audit::{AuditRecord, Outcome, SoughtAccount};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::secret::{PREFIX, TokenHash};
use crate::domain::time::Timestamp;
use crate::service::error::{Error, Kind};
use crate::store::{AuditSought, State};

/// Which records of the audit log are wanted. A field that is `None` matches everything.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Exactly this actor.
    pub actor: Option<String>,
    /// This act, or a family of acts.
    pub action: Option<ActFilter>,
    /// What was done to this: the object as recorded, a word of it, or the name, id, label or owner of what it is about.
    pub object: Option<String>,
    /// What was done to the repository of this name.
    pub repository: Option<RepositoryName>,
    /// What this access token did, and what was done to it: its id, its hash or a robot's name while it exists, or its label
    /// of that moment.
    pub token: Option<String>,
    /// All that concerns this account, by name or id: what it did, and what was done to it, to its access tokens, and to
    /// what is in its namespace.
    pub account: Option<String>,
    /// What was done with this credential: its kind, or the access token's id or label.
    pub credential: Option<String>,
    /// Exactly this outcome.
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// An access token whose records are sought.
enum SoughtToken {
    Id(Id),
    Label(String),
}

/// A filter, with what its names mean in one state.
pub(in crate::service) struct Filter {
    asked: AuditFilter,
    token: Option<SoughtToken>,
    account: Option<SoughtAccount>,
}

impl Filter {
    /// Looks up what the names mean.
    pub(in crate::service) fn in_state(state: &State, asked: AuditFilter) -> Result<Self, Error> {
        let token = asked.token.as_deref().map(|text| sought_token(state, text)).transpose()?;
        let account = asked.account.as_deref().map(|text| sought_account(state, text));
        Ok(Self { asked, token, account })
    }

    pub(in crate::service) fn matches(&self, record: &AuditRecord) -> bool {
        let asked = |asked: &Option<String>, has: &dyn Fn(&str) -> bool| asked.as_deref().is_none_or(has);
        let filter = &self.asked;
        asked(&filter.actor, &|actor| actor == record.actor)
            && filter.action.as_ref().is_none_or(|acts| acts.has(&record.action))
            && asked(&filter.object, &|object| record.is_about(object))
            && filter.repository.as_ref().is_none_or(|name| record.is_about_repository(name.as_str()))
            && self.token.as_ref().is_none_or(|token| match token {
                SoughtToken::Id(id) => record.concerns_token(*id),
                SoughtToken::Label(label) => record.concerns_label(label),
            })
            && self.account.as_ref().is_none_or(|account| record.concerns_account(account))
            && asked(&filter.credential, &|credential| record.is_by_credential(credential))
            && filter.outcome.is_none_or(|outcome| outcome.as_str() == record.outcome)
            && filter.until.is_none_or(|until| record.time < until)
            && filter.since.is_none_or(|since| record.time >= since)
    }

    /// What the index is asked for: every record that matches has these texts, and such a time.
    pub(in crate::service) fn sought(&self) -> AuditSought {
        let filter = &self.asked;
        let token = self.token.as_ref().map(|token| match token {
            SoughtToken::Id(id) => id.to_string(),
            SoughtToken::Label(label) => label.clone(),
        });
        let exact = [
            filter.actor.as_deref(),
            filter.action.as_ref().map(ActFilter::as_str),
            filter.object.as_deref(),
            filter.repository.as_ref().map(RepositoryName::as_str),
            filter.credential.as_deref(),
            token.as_deref(),
        ];
        let sought = AuditSought::default().within(filter.since, filter.until);
        let sought = exact.into_iter().flatten().fold(sought, |sought, text| sought.with_any([text]));
        let account = self.account.as_ref().map(SoughtAccount::texts);
        account.iter().fold(sought, |sought, texts| sought.with_any(texts.iter().map(String::as_str)))
    }
}

fn sought_token(state: &State, text: &str) -> Result<SoughtToken, Error> {
    if text.starts_with(PREFIX) {
        return Err(Error::invalid("token", "its id, its hash or its label; never its secret"));
    }
    if let Ok(id) = text.parse() {
        return Ok(SoughtToken::Id(id));
    }
    let robot = text.split_once('/').and_then(|(organization, name)| {
        let organization = state.account_named(organization)?;
        state.robot(organization.id, name)
    });
    if let Some(robot) = robot {
        return Ok(SoughtToken::Id(robot.id));
    }
    let Some(hash) = TokenHash::parse(text) else { return Ok(SoughtToken::Label(text.to_owned())) };
    // The log has no hashes: those of what is gone mean nothing any more.
    let token = state.token_hashed(&hash).ok_or_else(|| Error::not_found(Kind::AccessToken, text))?;
    Ok(SoughtToken::Id(token.id))
}

fn sought_account(state: &State, text: &str) -> SoughtAccount {
    let id = text.parse::<Id>().ok();
    let present = id.and_then(|id| state.account(id)).or_else(|| state.account_named(text));
    match (present, id) {
        (Some(account), _) => {
            SoughtAccount::Present { id: account.id, name: account.name.to_string(), since: account.created_at }
        }
        (None, Some(id)) => SoughtAccount::GoneId(id),
        (None, None) => SoughtAccount::GoneName(text.to_owned()),
    }
}
