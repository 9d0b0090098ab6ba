//! An account with very many repositories and tags: one change deletes all of it, and the store works on.

use std::fs;

use super::super::Service;
use super::content::{MEDIA_TYPE, Scene, digest, named, new_user, pulled, tag};
use super::support::{is_long, put, repository, start};
use crate::domain::access::GrantLevel;
use crate::domain::content::{Activity, Tag};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::name::Namespace;

/// Tags of each repository.
const TAGS: u8 = 10;
/// Repositories that each change makes while the store is filled.
const BUNDLE: usize = 250;

/// How many repositories: as many as a namespace may have, or fewer in a short run.
fn many() -> usize {
    if is_long() { 10_000 } else { 600 }
}

fn fill(service: &Service, owner: &str, from: usize, until: usize) {
    let names: Vec<String> = (from..until).map(|number| format!("{owner}/app-{number}")).collect();
    put(service, move |txn| {
        for name in names {
            txn.put_repository(repository(&name))?;
            for number in 0..TAGS {
                let new = Tag {
                    pushed_by: None,
                    name: tag(&format!("v{number}")),
                    digest: digest(number),
                    media_type: MEDIA_TYPE.to_owned(),
                    created_at: start(),
                    updated_at: start(),
                    image: None,
                };
                txn.put_tag(&named(&name), new)?;
            }
            txn.put_activity(&named(&name), Activity { pushes: 1, ..Activity::default() })?;
        }
        Ok(())
    });
}

/// Bytes of the store on the disk.
fn size(service: &Service) -> u64 {
    fs::metadata(service.store.directory().join("store").join("db")).unwrap().len()
}

#[test]
fn an_account_goes_with_very_many_repositories_and_the_store_goes_on() {
    let mut scene = Scene::new();
    let (service, local) = (scene.service(), scene.local());
    for user in ["alice", "alice-x", "bob"] {
        service.create_user(&local, new_user(user)).unwrap();
    }
    (0..many()).step_by(BUNDLE).for_each(|from| fill(service, "alice", from, many().min(from + BUNDLE)));
    ["alice-x", "bob"].iter().for_each(|neighbour| fill(service, neighbour, 0, 3));
    for target in
        [GrantTarget::Repository(named("alice/app-7")), GrantTarget::Namespace(Namespace::parse("alice").unwrap())]
    {
        service.put_grant(&local, &target, GranteeKind::User, "bob", GrantLevel::ReadWrite).unwrap();
    }
    let (before, size_before) = (service.store.state().audit().seq, size(service));
    scene.tell("alice/app-7", pulled("v1", 1));

    let (service, local) = (scene.service(), scene.local());
    assert_eq!(service.delete_account(&local, "alice", true).unwrap(), Some(many()));

    let state = service.store.state();
    assert_eq!(state.repositories_count(), 6, "those of the neighbours");
    assert_eq!(state.deleted_after(None).count(), many());
    scene.wait_for_purge();
    let service = scene.service();
    let recorded = service.store.state().audit().seq - before;
    assert_eq!(recorded, many() as u64 + 1, "each has its record, and the account");
    assert!((0..many()).all(|number| state.tags_count(&named(&format!("alice/app-{number}"))) == 0));
    assert!((0..3).all(|number| scene.tags(&format!("alice-x/app-{number}")).len() == usize::from(TAGS)));
    let bob = state.account_named("bob").unwrap().id;
    assert_eq!(state.grants_of(crate::domain::grant::Grantee::User(bob)).count(), 0);
    // A deleted row costs what it takes to rewrite it, not the size of the whole store.
    let grown = size(service).saturating_sub(size_before);
    assert!(grown < 16 * 1_024 * 1_024 + many() as u64 * 10_000, "the store grew by {grown} bytes");

    service.create_user(&local, new_user("carol")).unwrap();
    service.create_user(&local, new_user("alice")).unwrap();
    assert_eq!(service.verify_audit(&local, None).unwrap().problem, None);
    let last = service.store.state();
    // Opening refuses rows of a repository that is not there.
    scene.reopen();
    assert!(*last == *scene.service().store.state());
    scene.wait_until_free();
    scene.make("alice/app-7");
    assert_eq!((scene.tags("alice/app-7"), scene.activity("alice/app-7")), (vec![], Activity::default()));
    assert_eq!(scene.service().store.state().deleted_after(None).count(), many() - 1);
}
