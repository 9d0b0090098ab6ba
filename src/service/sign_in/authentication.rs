//! Authentication: from credentials to a [`Caller`]. Besides it and `by_password`, only `events_secret` makes callers of
//! requests.
//!
//! An access token may stand wherever a password may, and is never tried as a password.

use std::net::IpAddr;

use super::by_password::{Memory, Shown};
use super::credentials::Credentials;
use super::failures::{Tried, failure_of};
use crate::domain::access::Actions;
use crate::domain::audit::CredentialKind;
use crate::domain::name::RepositoryName;
use crate::domain::secret::{Password, TokenHash};
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::domain::usage::SecretUse;
use crate::metrics::SignInFailure;
use crate::service::Service;
use crate::service::access::{
    Authority, Caller, Proof, Signed, Subject, Ticket, TicketEntry, counts_for, standing, why_refused,
};
use crate::service::error::Error;
use crate::service::signing::Claims;

impl Service {
    /// Checks credentials. Blocks for a password's hash.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if they are wrong, without saying what is wrong; [`Error::TooManyRequests`] after
    /// too many wrong passwords.
    pub fn authenticate(
        &self,
        credentials: Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        self.check_credentials(credentials, address, now, Memory::Counts)
    }

    /// The same, but a password is compared whatever is remembered, and the sign-in is recorded: for what goes on for longer
    /// than the request, as a session does.
    ///
    /// # Errors
    /// Those of [`Self::authenticate`].
    pub fn authenticate_anew(
        &self,
        credentials: Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        self.check_credentials(credentials, address, now, Memory::Ignored)
    }

    fn check_credentials(
        &self,
        credentials: Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
        memory: Memory,
    ) -> Result<Caller, Error> {
        match credentials {
            Credentials::None => Ok(Caller::new(Subject::Anonymous, address)),
            Credentials::Local { uid } => Ok(Self::local(uid)),
            Credentials::Session(secret) => {
                let caller = self.by_session(secret.reveal(), address, now)?;
                self.note_session_use(&caller, now);
                Ok(caller)
            }
            Credentials::RegistryToken(token) => self.by_registry_token(&token, address, now),
            Credentials::Basic { username, password } if username.is_empty() && password.reveal().is_empty() => {
                // Logged-out podman sends an empty name and password to a Basic challenge.
                Ok(Caller::new(Subject::Anonymous, address))
            }
            Credentials::Basic { username, password } if password.is_access_token() => {
                self.by_access_token(Some(&username), &password, address, now)
            }
            Credentials::AccessToken(text) => self.by_access_token(None, &text, address, now),
            Credentials::Basic { username, password } => {
                self.by_password(&Shown { username: &username, password: &password, address, now }, memory)
            }
        }
    }

    /// The same for content of the registry: a registry token counts if it is for the gateway, whose service is the first
    /// one, and narrows what its caller may do. One that has ended makes a caller too, who may do nothing but go on with an
    /// upload.
    ///
    /// # Errors
    /// Those of [`Service::authenticate`].
    pub fn authenticate_for_content(
        &self,
        credentials: Credentials,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        let Credentials::RegistryToken(token) = credentials else {
            return self.authenticate(credentials, address, now);
        };
        let settings = &self.settings;
        let own = settings.services.get(..1).unwrap_or_default();
        let claims = self.signer.verify_whenever(&token, &settings.issuer, own, now);
        let claims = claims.map_err(|_| Error::Unauthenticated)?;
        let caller = self.by_claims(&claims, address, now)?;
        let caller = caller.with_ticket(ticket(&claims, now));
        if !caller.has_ended() {
            self.note_ticket_use(&caller, now);
        }
        Ok(caller)
    }

    /// The local administrator, for what the process does on behalf of the user who runs it.
    #[must_use]
    pub fn local(uid: u32) -> Caller {
        Caller::new(Subject::Local { uid }, None)
    }

    /// The caller that an access token names, if a user name that stands beside it is its own.
    fn by_access_token(
        &self,
        username: Option<&str>,
        password: &Password,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Error> {
        let (used, state) = self.present();
        let hash = TokenHash::of(password.reveal()).ok();
        let found = hash.and_then(|hash| {
            let token = state.token_hashed(&hash)?;
            Some((token, state.account(token.owner)?, hash))
        });
        let judged = state.latest().judged(now);
        let shown = |token: &AccessToken, hash: &TokenHash| used.shown_by(token, hash, judged);
        let accepted = found.filter(|(token, owner, hash)| {
            let stands = shown(token, hash).is_some_and(|shown| counts_for(&state, token, shown, now));
            stands && username.is_none_or(|username| token.is_called(&owner.name, username))
        });
        let Some((token, owner, hash)) = accepted else {
            let refused =
                found.map(|(token, _, hash)| (&**token, why_refused(&state, token, shown(token, &hash), now)));
            // Alone it says itself whose it is: both leave the same record.
            let own = found.map(|(token, owner, _)| token.user_name(&owner.name).to_string());
            let named = username.or(own.as_deref()).unwrap_or_default();
            let failure = refused.as_ref().map_or(SignInFailure::UnknownToken, |(token, refusal)| {
                failure_of(refusal, standing(&state, token, now).state)
            });
            self.metrics.sign_in_failures.count((failure,));
            self.note_failure(named, Tried::AccessToken(refused), address, now);
            return Err(Error::Unauthenticated);
        };
        self.note_use(token, hash, address, now);
        self.first_uses.note(token, &hash);
        let (name, kind) = (token.user_name(&owner.name), CredentialKind::AccessToken);
        let signed = Signed { account: owner.id, name, kind, token: Some(token.id), proof: Proof::Secret(hash) };
        Ok(Caller::new(Subject::Account(signed), address))
    }

    fn note_use(&self, token: &AccessToken, secret: TokenHash, address: Option<IpAddr>, now: Timestamp) {
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)).to_canonical();
        let used = SecretUse { secret, at: now.whole_seconds(), address };
        self.store.usage().note_secret(token.id, used, token.other_secret(&secret));
        if !token.is_robot() {
            self.last_uses.note(token.owner, used.at);
        }
    }

    /// Notes that the access token which opened the caller's session was used.
    fn note_session_use(&self, caller: &Caller, now: Timestamp) {
        if let (Some(id), Some(secret)) = (caller.token(), caller.secret())
            && let Some(token) = self.store.present().token(id)
        {
            self.note_use(token, secret, caller.address, now);
        }
    }

    /// Notes that the access token which a registry token was made with was used: such a token may live long.
    fn note_ticket_use(&self, caller: &Caller, now: Timestamp) {
        if let (Some(id), Some(generation)) = (caller.token(), caller.generation())
            && let Some(token) = self.store.present().token(id)
            && let Some(hash) = token.secret_of(generation)
        {
            self.note_use(token, hash, caller.address, now);
        }
    }

    /// The caller that `dkp` of a registry token of ours names, if its account and access token still count.
    fn by_registry_token(&self, token: &str, address: Option<IpAddr>, now: Timestamp) -> Result<Caller, Error> {
        let settings = &self.settings;
        let claims = self.signer.verify(token, &settings.issuer, &settings.services, now);
        let claims = claims.map_err(|_| Error::Unauthenticated)?;
        self.by_claims(&claims, address, now)
    }

    /// The same, from the claims of one that was verified.
    fn by_claims(&self, claims: &Claims, address: Option<IpAddr>, now: Timestamp) -> Result<Caller, Error> {
        let caller = self.caller_of(claims, address).ok_or(Error::Unauthenticated)?;
        let (used, state) = self.present();
        Authority::of(&state, &used, &caller, now)?;
        Ok(caller)
    }

    fn caller_of(&self, claims: &Claims, address: Option<IpAddr>) -> Option<Caller> {
        let Some(account) = &claims.dkp.account else {
            return Some(Caller::new(Subject::Anonymous, address)).filter(|_| claims.dkp.token.is_none());
        };
        let account = account.parse().ok()?;
        let token = match &claims.dkp.token {
            Some(token) => Some(token.parse().ok()?),
            None => None,
        };
        let state = self.store.present();
        let (owner, token_there) = (state.account(account)?, token.and_then(|token| state.token(token)));
        let name = token_there.map_or_else(|| owner.name.clone().into(), |token| token.user_name(&owner.name));
        // A token of an earlier dockpass names no generation: then there was only one password and one secret.
        let proof = Proof::Generation(claims.dkp.generation.unwrap_or(0));
        let signed = Signed { account, name, kind: CredentialKind::RegistryToken, token, proof };
        Some(Caller::new(Subject::Account(signed), address))
    }
}

/// What a registry token was issued for.
fn ticket(claims: &Claims, now: Timestamp) -> Ticket {
    let entries = claims.access.iter().filter(|entry| entry.kind == "repository");
    let repositories = entries.filter_map(|entry| {
        let actions = entry.actions.iter().map(|action| Actions::named(action)).fold(Actions::NONE, Actions::union);
        let id = entry.id.as_ref().map(|id| id.parse()).transpose().ok()?;
        Some(TicketEntry { name: RepositoryName::parse(&entry.name).ok()?, id, actions })
    });
    Ticket { repositories: repositories.collect(), has_ended: claims.has_ended(now) }
}
