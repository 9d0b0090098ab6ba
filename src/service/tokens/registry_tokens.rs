//! Registry tokens: what the token endpoint answers with.
//!
//! A token grants what was asked for and is permitted, each repository once (`grants`). Granting too little is no error:
//! the registry refuses by itself, and a 4xx here would break pushes that go through without a cross-repository mount.
//! What is refused is recorded (`refusals`).

use std::sync::Arc;

use super::given::{Answered, Asked, Given, give};
use super::grants::{EntryForm, Granted, Refused, granted, to_be_made};
use super::pass::entry;
use crate::domain::access::Actions;
use crate::domain::act::Act;
use crate::domain::audit::Outcome;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::random;
use crate::domain::scope::{RepositoryScope, Scopes};
use crate::domain::settings::LiveSettings;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Authority, Call, Caller};
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::service::signing::{AccessEntry, BACK_DATED, Claims, Dkp};
use crate::store::State;

/// Shortest lifetime, in seconds: clients raise a shorter one to this anyway.
const SHORTEST_LIFE: i64 = 60;

/// An issued registry token.
pub struct Issued {
    /// The compact JWS.
    pub token: Arc<str>,
    /// Seconds of life, from `issued_at`.
    pub expires_in: i64,
    /// The time of this answer, also where the signature is some seconds older.
    pub issued_at: Timestamp,
    /// What was granted.
    pub scopes: Arc<Scopes>,
    /// Whether that is less than was asked for.
    pub is_narrowed: bool,
}

/// A decided request for a registry token, which [`Service::issue`] carries out; what is granted is signed already.
pub struct Decided {
    call: Call,
    next: NextStep,
}

enum NextStep {
    /// Give this, signed now or just before.
    Give(Answered),
    /// Make these repositories, then decide anew what is granted of the request for this registry service.
    Create(Vec<RepositoryName>, Scopes, String),
}

/// Why nothing was signed.
enum Unsigned {
    /// These repositories have to be made first.
    Missing(Vec<RepositoryName>),
    Failed(Error),
}

/// What is granted and what is not, to whom and until when.
struct Signable {
    granted: Granted,
    /// The same, as the token says it.
    access: Vec<AccessEntry>,
    end: Timestamp,
    owner: Dkp,
    /// Whether all registry tokens are recorded.
    is_recorded: bool,
}

impl Decided {
    /// Whether repositories are made first: then [`Service::issue`] writes to the store, and blocks.
    #[must_use]
    pub fn makes_repositories(&self) -> bool {
        matches!(self.next, NextStep::Create(..))
    }
}

impl Service {
    /// Decides what is granted of a request for a registry token for `service`, and signs it unless repositories have to be
    /// made first; no service or an empty one is the first configured.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown service; [`Error::Unauthenticated`] if the caller's credential no longer
    /// stands; [`Error::Denied`] to the registry; [`Error::Internal`] if it cannot be signed.
    pub fn decide(&self, call: Call, service: Option<&str>, asked: Scopes) -> Result<Decided, Error> {
        let service = self.service(service)?;
        let (used, state) = self.present();
        let authority = Authority::of(&state, &used, &call.caller, call.now)?;
        authority.visitor()?;
        let asked_as = asked_as(&authority, &call, service, &asked);
        let decided_in = (&*state, self.signer.key_mark());
        let given = give(&self.giving, asked_as, decided_in, call.now, |state| {
            let live = self.settings.live.at(state);
            let form = self.entry_form(service);
            let missing = if live.create_on_push { to_be_made(&authority, &asked, form) } else { Vec::new() };
            if missing.is_empty() {
                let signable = self.signable(&authority, &call, service, &asked, &live);
                self.signed(&call, service, signable).map_err(Unsigned::Failed)
            } else {
                Err(Unsigned::Missing(missing))
            }
        });
        let next = match given {
            Ok(answered) => NextStep::Give(answered),
            Err(Unsigned::Missing(missing)) => NextStep::Create(missing, asked, service.to_owned()),
            Err(Unsigned::Failed(error)) => return Err(error),
        };
        Ok(Decided { call, next })
    }

    fn signable(
        &self,
        authority: &Authority<'_>,
        call: &Call,
        service: &str,
        asked: &Scopes,
        live: &LiveSettings,
    ) -> Signable {
        let form = self.entry_form(service);
        let granted = granted(authority, asked, live.create_on_push, form);
        Signable {
            access: entries(&granted.scopes, authority.state(), form),
            granted,
            end: self.end(authority, service, call.now.whole_seconds()),
            owner: owner_of(&call.caller, authority.generation(&call.caller)),
            is_recorded: live.audit_registry_tokens,
        }
    }

    /// Issues a registry token as it was decided.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if repositories had to be made, and the caller's credential no longer stands.
    pub fn issue(&self, decided: Decided) -> Result<Issued, Error> {
        let Decided { call, next } = decided;
        let (given, refused) = match next {
            NextStep::Give(answered) => answered,
            NextStep::Create(missing, asked, service) => {
                self.create_by_push(&call, missing)?;
                // Decided anew, with the repositories just made, and whatever else has changed meanwhile.
                let (used, state) = self.present();
                let authority = Authority::of(&state, &used, &call.caller, call.now)?;
                let live = self.settings.live.at(&state);
                let signable = self.signable(&authority, &call, &service, &asked, &live);
                self.signed(&call, &service, signable)?
            }
        };
        self.note_issued(&call, &given, &refused);
        let issued_at = call.now.whole_seconds();
        let Given { token, granted, end, .. } = given;
        let expires_in = end.seconds() - issued_at.seconds();
        Ok(Issued { token, expires_in, issued_at, scopes: granted, is_narrowed: !refused.is_empty() })
    }

    /// Signs a registry token; answers what was refused, too.
    fn signed(&self, call: &Call, service: &str, signable: Signable) -> Result<Answered, Error> {
        let Signable { granted: Granted { scopes, refused }, access, end, owner, is_recorded } = signable;
        let issued_at = call.now.whole_seconds();
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            sub: call.caller.name().map(ToString::to_string).unwrap_or_default(),
            aud: service.to_owned(),
            exp: end.seconds(),
            nbf: issued_at.seconds() - BACK_DATED,
            iat: issued_at.seconds() - BACK_DATED,
            jti: Id::new(call.now, random::of_identifier()?).to_string(),
            access,
            dkp: owner,
        };
        let token = self.signer.sign(&claims).map_err(Error::internal)?.into();
        Ok((Given { token, granted: Arc::new(scopes), end, signed_at: call.now, is_recorded }, refused))
    }

    /// Notes that a registry token was issued, signed now or before.
    fn note_issued(&self, call: &Call, given: &Given, refused: &[Refused]) {
        let Given { granted, is_recorded, .. } = given;
        self.note_uses(call, granted);
        if *is_recorded && !granted.is_empty() {
            self.note_issue(call, granted);
        }
        if !refused.is_empty() && (*is_recorded || !call.caller.is_anonymous()) {
            self.note_refused(call, refused);
        }
    }

    fn service(&self, asked: Option<&str>) -> Result<&str, Error> {
        let services = &self.settings.services;
        let found = match asked.unwrap_or_default() {
            "" => services.first(),
            asked => services.iter().find(|known| *known == asked),
        };
        let unknown = || format!("not a service of this registry, whose services are: {}", services.join(", "));
        found.map(String::as_str).ok_or_else(|| Error::invalid("service", unknown()))
    }

    /// How a registry token for this service says what it grants.
    fn entry_form(&self, service: &str) -> EntryForm {
        self.settings.gateway_of(service).map_or(EntryForm::Named, |_| EntryForm::Identified)
    }

    /// No later than the end of the access token, or of the replaced secret that was shown, except that it lives at least
    /// for the shortest lifetime.
    fn end(&self, authority: &Authority<'_>, service: &str, issued_at: Timestamp) -> Timestamp {
        let end = issued_at.plus_seconds(self.settings.lifetime_for(service));
        let own = authority.token().and_then(|token| token.expires_at);
        let is_replaced = authority.present_secret().is_err();
        let replaced = authority.token().and_then(|token| token.previous).filter(|_| is_replaced);
        let ends = own.into_iter().chain(replaced.map(|previous| previous.until));
        ends.min().map_or(end, |own| end.min(own.max(issued_at.plus_seconds(SHORTEST_LIFE))))
    }

    /// Notes in which repositories the caller's access token is used.
    fn note_uses(&self, call: &Call, granted: &Scopes) {
        let Some(token) = call.caller.token() else { return };
        let state = self.store.present();
        let repositories = granted.repositories.iter().filter_map(|scope| state.repository(&scope.name));
        repositories.for_each(|repository| self.pulls.note_use(repository, token, call.now.whole_seconds()));
    }

    /// The same in one repository.
    pub(in crate::service) fn note_use_in(&self, call: &Call, name: &RepositoryName) {
        let Some(token) = call.caller.token() else { return };
        if let Some(repository) = self.store.present().repository(name) {
            self.pulls.note_use(repository, token, call.now.whole_seconds());
        }
    }

    fn note_issue(&self, call: &Call, granted: &Scopes) {
        let entry = Deed::new(Act::RegistryTokenIssue, granted).entry(&call.caller, Outcome::Success);
        self.note_event(&call.caller, entry, call.now);
    }
}

fn entries(granted: &Scopes, state: &State, form: EntryForm) -> Vec<AccessEntry> {
    let catalog = granted.catalog.then(|| entry("registry", "catalog", &["*"]));
    let nameless = granted.nameless.then(|| entry("repository", "", &Actions::PULL.names()));
    let id = |name: &RepositoryName| match form {
        EntryForm::Named => None,
        EntryForm::Identified => state.repository(name).map(|repository| repository.id.to_string()),
    };
    let of = |scope: &RepositoryScope| {
        let named = entry("repository", scope.name.as_str(), &scope.actions.names());
        AccessEntry { id: id(&scope.name), ..named }
    };
    catalog.into_iter().chain(nameless).chain(granted.repositories.iter().map(of)).collect()
}

/// What a registry token for this caller is kept by; none for one who has no name that a token could say.
fn asked_as<'a>(authority: &Authority<'_>, call: &Call, service: &'a str, asked: &'a Scopes) -> Option<Asked<'a>> {
    let holder = authority.generation(&call.caller).and_then(|generation| call.caller.holder_of(generation));
    let is_named = holder.is_some() || call.caller.is_anonymous();
    is_named.then(|| Asked::new(holder, service, asked)).flatten()
}

/// The identifiers by which dockpass finds the caller again when it is shown the registry token.
fn owner_of(caller: &Caller, generation: Option<u64>) -> Dkp {
    let (account, token) = (caller.account(), caller.token());
    Dkp { account: account.map(|id| id.to_string()), token: token.map(|id| id.to_string()), generation }
}
