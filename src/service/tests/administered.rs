//! For how long the site has an administrator who can sign in.

use super::super::{Call, Error, Expiry, NewToken, Service};
use super::content::new_user;
use super::support::{Home, call, start};
use crate::domain::account::Account;
use crate::domain::secret::TokenHash;
use crate::domain::token::Limits;
use crate::service::NewUser;
use crate::service::ledger::Upkeep;

fn local() -> Call {
    call(Service::local(0), start())
}

/// A site whose only administrator is `robot`, with an access token that ends: as an earlier dockpass let it be.
fn with_ending_robot(home: &Home) -> (Service, TokenHash) {
    let service = home.open(start());
    service.create_user(&local(), NewUser { is_admin: true, ..new_user("robot") }).unwrap();
    let hash = made(&service, Expiry::At(start().plus_seconds(3_600)));
    let admin = service.store.state().account_named("admin").cloned().unwrap();
    let demoted = Account { is_admin: false, ..Account::clone(&admin) };
    service.keep(Upkeep::PasswordHash, move |txn| Ok(txn.put_account(demoted.clone())?)).unwrap();
    (service, hash)
}

fn made(service: &Service, expiry: Expiry) -> TokenHash {
    let username = Some("robot".to_owned());
    let new = NewToken { username, label: None, expiry, limits: Limits::none(), is_temporary: false };
    service.create_token(&local(), new).unwrap().0.token.hash
}

#[test]
fn where_all_ways_in_end_the_last_of_them_stays_until_there_is_a_better_one() {
    let home = Home::new();
    let (service, ending) = with_ending_robot(&home);
    let delete = |hash: &TokenHash| service.delete_token(&local(), &hash.to_string());
    assert!(matches!(delete(&ending), Err(Error::Conflict(_))), "nobody could sign in");
    let other = made(&service, Expiry::At(start().plus_seconds(60)));
    delete(&ending).unwrap();
    let lasting = made(&service, Expiry::Never);
    delete(&other).unwrap();
    let ending = made(&service, Expiry::At(start().plus_seconds(60)));
    assert!(matches!(delete(&lasting), Err(Error::Conflict(_))), "in time nobody could sign in");
    delete(&ending).unwrap();
}
