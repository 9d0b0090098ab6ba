//! Issuing registry tokens while the store accepts no changes.

use super::support::{self, Home, adopt, call, start};
use crate::domain::access::Actions;
use crate::domain::name::RepositoryName;
use crate::domain::scope::Scopes;
use crate::service::Caller;
use crate::service::Service;

fn issue(service: &Service, user: &str, scope: &str) -> Actions {
    let user = service.store.state().account_named(user).map(|user| Caller::of_account(user)).unwrap();
    let scopes = Scopes::parse([scope]).unwrap();
    let issued = support::issue(service, &call(user, start()), &scopes).unwrap();
    issued.scopes.repositories.iter().map(|it| it.actions).fold(Actions::NONE, Actions::union)
}

#[test]
fn issuing_goes_on_while_no_change_is_accepted_and_leaves_out_what_would_need_one() {
    let home = Home::new();
    let service = home.open(start());
    adopt(&service, "admin/old");
    service.store.close();
    assert_eq!(issue(&service, "admin", "repository:admin/old:pull,push").names(), ["pull", "push"]);
    assert_eq!(issue(&service, "admin", "repository:admin/new:pull,push").names(), ["pull"]);
    assert!(service.store.state().repository(&RepositoryName::parse("admin/new").unwrap()).is_none());
}
