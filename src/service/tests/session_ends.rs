//! Which sessions end when it is not known whether the change was made that ends them.

use super::super::sign_in::SessionEnds;
use super::super::{Error, Expiry, NewToken, Service};
use super::content::new_user;
use super::support::{Home, call, sign_in, start};
use crate::domain::token::Limits;
use crate::store::{Trouble, WriteError};

/// A session that an access token of alice opened, and that token.
fn opened(service: &Service) -> (crate::service::SessionSecret, crate::domain::id::Id) {
    let local = call(Service::local(0), start());
    let username = Some("alice".to_owned());
    let new = NewToken { username, label: None, expiry: Expiry::Never, limits: Limits::none(), is_temporary: false };
    let (view, text) = service.create_token(&local, new).unwrap();
    let caller = sign_in(service, "alice", text.reveal(), start()).unwrap();
    (service.open_session(&call(caller, start())).unwrap(), view.token.id)
}

#[test]
fn they_end_unless_the_change_was_certainly_not_made() {
    let home = Home::new();
    let service = home.open(start());
    service.create_user(&call(Service::local(0), start()), new_user("alice")).unwrap();
    let results = [
        (Ok(()), true),
        (Err(Error::Unavailable(WriteError::Unknown(Trouble::Broken))), true),
        (Err(Error::Unavailable(WriteError::Unknown(Trouble::Full))), true),
        (Err(Error::Unavailable(WriteError::Refused(Trouble::Full))), false),
        (Err(Error::Unavailable(WriteError::Refused(Trouble::Vanished))), false),
        (Err(Error::Unavailable(WriteError::Failed)), false),
        (Err(Error::Unavailable(WriteError::Closed)), false),
        (Err(Error::Unavailable(WriteError::Busy)), false),
        (Err(Error::Denied("no")), false),
    ];
    for (result, ends) in results {
        let (session, token) = opened(&service);
        let mut meant = SessionEnds::default();
        meant.of_token(token);
        service.end_sessions(&meant, &result);
        let shown = crate::service::Credentials::Session(session);
        assert_eq!(service.authenticate(shown, None, start()).is_err(), ends, "{result:?}");
    }
}
