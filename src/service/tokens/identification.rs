//! What is this text? The access token that a secret belongs to, for its owner and for administrators.

use super::access_tokens::TokenView;
use super::which::{WhichToken, visible};
use crate::domain::act::Act;
use crate::domain::secret::{Password, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::Shown;
use crate::service::Service;
use crate::service::access::{Allowed, Call};
use crate::service::error::{Error, Kind};

/// The access token that a secret belongs to.
#[derive(Debug)]
pub struct IdentifiedToken {
    /// The access token.
    pub view: TokenView,
    /// Which of its secrets it is; none if that has ended.
    pub shown: Option<Shown>,
    /// Until when this secret lives, if nothing ends it before; for ever, if none.
    pub until: Option<Timestamp>,
}

impl Service {
    /// Refuses strangers, before the body is read. A replaced secret may ask: that changes nothing.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]
    pub fn may_identify_token(&self, call: &Call) -> Result<Allowed, Error> {
        self.view(call, Act::TokenView, "", |authority| Ok(Allowed::by(authority.signed_in()?)))
    }

    /// The access token with this secret, also with one that has ended, as long as that is remembered. Callers who may not
    /// see it, and those who show what never was one, get one answer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text whose check digits are wrong; [`Error::NotFound`]; [`Error::Hidden`] for what the
    /// caller may not see.
    pub fn identify_token(&self, call: &Call, secret: &Password) -> Result<IdentifiedToken, Error> {
        let text = TokenText::parse(secret.reveal());
        let text = text.map_err(|_| Error::invalid("token", "this is no access token, or there is a slip in it"))?;
        let (hash, name) = (text.hash(), text.hash().to_string());
        self.view(call, Act::TokenView, &name, |authority| {
            let token = visible(authority, &WhichToken::from(&name))?;
            let shown = authority.used().shown_by(token, &hash, authority.now());
            let until = match shown {
                Some(Shown::Current) => token.expires_at,
                Some(Shown::Replaced) => token.previous.map(|previous| previous.until),
                None => None,
            };
            let view = self.shown_token(authority, token).ok_or_else(|| Error::not_found(Kind::AccessToken, &name))?;
            Ok(IdentifiedToken { view, shown, until })
        })
    }
}
