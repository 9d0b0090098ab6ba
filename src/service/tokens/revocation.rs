//! Revoking by the secret: whoever holds the text of an access token may end it for good, without being its owner. So
//! whoever finds a leaked one need not look for somebody first.
//!
//! The secret is the proof: [`may_revoke`] looks it up in the state that the change acts on. The last administrator is
//! not spared here: a leaked secret is worse than the way back over the local socket.

use std::collections::{BTreeMap, BTreeSet};

use super::access_tokens::{about, put};
use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::secret::{Password, TokenHash, TokenText};
use crate::domain::token::{AccessToken, Revocation};
use crate::service::Service;
use crate::service::access::{Allowed, Call, Ended, may_revoke};
use crate::service::error::Error;
use crate::service::ledger::{Change, Deed};
use crate::service::sign_in::SessionEnds;

/// Most texts that one request may have.
const MOST: usize = 100;
/// Most secrets that one change ends: few, so that it finds room in the journal of a full disk.
const BUNDLE: usize = 8;

impl Service {
    /// Refuses whoever asks too often, before the body is read.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`]; [`Error::Denied`] to the registry.
    pub fn may_revoke_tokens(&self, call: &Call) -> Result<Allowed, Error> {
        let allowed = self.view(call, Act::TokenRevoke, "", |authority| Ok(Allowed::by(authority.show_secrets()?)))?;
        self.count_revocation(call)?;
        Ok(allowed)
    }

    /// Ends access tokens for good, each with what it made, by their secrets. A replaced secret ends alone, and its access
    /// token lives on. Texts that open nothing are left out, and nobody learns which: the answer is the same.
    ///
    /// # Errors
    /// [`Error::Invalid`] for too many texts; [`Error::Unavailable`] if one that should end may not have, which keeps none
    /// of the others from ending; [`Error::Denied`] to the registry.
    pub fn revoke_tokens(&self, call: &Call, texts: &[Password]) -> Result<(), Error> {
        self.view(call, Act::TokenRevoke, "", |authority| authority.show_secrets().map(drop))?;
        if texts.len() > MOST {
            return Err(Error::invalid("tokens", format!("at most {MOST}")));
        }
        // The check digits tell most other texts, before anything is looked up.
        let read = texts.iter().filter_map(|text| TokenText::parse(text.reveal()).ok());
        let secrets: BTreeSet<TokenHash> = read.map(|text| text.hash()).collect();
        let state = self.store.state();
        let mut of_owners: BTreeMap<Id, Vec<TokenHash>> = BTreeMap::new();
        for secret in secrets {
            if let Some(token) = state.token_hashed(&secret)
                && may_revoke(token, &secret, call.now).is_some()
            {
                of_owners.entry(token.owner).or_default().push(secret);
            }
        }
        let mut outcome = Ok(());
        for (owner, secrets) in &of_owners {
            for bundle in secrets.chunks(BUNDLE) {
                outcome = outcome.and(self.revoke_of(call, *owner, bundle.to_vec()));
            }
        }
        outcome
    }

    fn revoke_of(&self, call: &Call, owner: Id, secrets: Vec<TokenHash>) -> Result<(), Error> {
        self.change_ending_sessions(call, Deed::new(Act::TokenRevoke, owner).free(true), move |change, ends| {
            change.by_holder_of(owner);
            // Each that ends has a record of its own.
            change.skip_record();
            secrets.iter().try_for_each(|secret| revoke(change, ends, secret))
        })
    }
}

/// Ends what this secret opens at this moment: a rotation may have replaced or ended it since it was looked up.
fn revoke(change: &mut Change<'_, '_>, ends: &mut SessionEnds, secret: &TokenHash) -> Result<(), Error> {
    let Some(token) = change.state().token_hashed(secret).cloned() else { return Ok(()) };
    let Some((ended, permit)) = may_revoke(&token, secret, change.call().now) else { return Ok(()) };
    let token = AccessToken::clone(&token);
    let (act, token) = match ended {
        Ended::Token => {
            ends.of_token(token.id);
            let Call { caller, now, .. } = change.call();
            let revocation = Revocation { at: now.whole_seconds(), address: caller.address };
            (Act::TokenRevoke, token.ended_for_good(revocation))
        }
        Ended::ReplacedSecret => (Act::TokenEndOverlap, token.without_replaced()),
    };
    put(change, &permit, &token)?;
    change.record_also(about(act, change, &token));
    Ok(())
}
