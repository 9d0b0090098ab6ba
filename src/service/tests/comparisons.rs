//! Comparing what is known with what the registry has: what is put right, what is left alone, and what is newer than
//! the answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::{Compared, Errand, News, Seen, SeenTag};
use super::content::{Scene, digest, image, named, pulled, pushed, seen, tag};
use super::support::start;
use crate::domain::content::{Activity, Deletion, Remains};

fn learnt(name: &str) -> (String, String, String) {
    ("registry".to_owned(), "repository.learn".to_owned(), name.to_owned())
}

fn read(name: &str, number: u8, size: u64) -> SeenTag {
    SeenTag { image: Some(image(size)), ..seen(name, number) }
}

/// A repository with two tags, adopted by a comparison at the start.
fn compared() -> Scene {
    let scene = Scene::new();
    assert_eq!(scene.compare("alice/app", &[read("1.0", 1, 10), seen("2.0", 2)]), Compared::Adopted);
    scene
}

#[test]
fn an_unknown_repository_is_adopted_only_if_it_has_a_tag() {
    let mut scene = Scene::new();
    let end = scene.end();
    assert_eq!(scene.compare("alice/empty", &[]), Compared::Empty);
    assert!(!scene.is_known("alice/empty"));
    assert_eq!(scene.end(), end);
    for name in ["alice/app", "busybox"] {
        assert_eq!(scene.compare(name, &[read("1.0", 1, 10), seen("2.0", 2)]), Compared::Adopted);
        assert_eq!(scene.tags(name), [("1.0".to_owned(), 1), ("2.0".to_owned(), 2)]);
        assert_eq!(scene.activity(name), Activity::default(), "nobody was seen pushing");
        assert!(!scene.service().store.state().repository(&named(name)).unwrap().is_public);
    }
    let new = scene.tag("busybox", "1.0");
    assert_eq!((new.created_at, new.updated_at, new.image), (start(), start(), Some(image(10))));
    assert_eq!(scene.audited(), [learnt("alice/app"), learnt("busybox")]);
    let before = scene.service().store.state();
    scene.reopen();
    assert!(*before == *scene.service().store.state());
}

#[test]
fn where_both_say_the_same_nothing_is_written() {
    let mut scene = compared();
    scene.make("alice/bare");
    let (end, audited) = (scene.end(), scene.audited());
    scene.wait(3_600);
    // With the manifest read, unread since it is known, in another order, and twice.
    for again in [
        vec![read("1.0", 1, 10), seen("2.0", 2)],
        vec![seen("2.0", 2), seen("1.0", 1)],
        vec![seen("1.0", 1), seen("1.0", 1), seen("2.0", 2)],
    ] {
        assert_eq!(scene.compare("alice/app", &again), Compared::Same);
    }
    assert_eq!(scene.compare("alice/bare", &[]), Compared::Same, "it never had a tag");
    assert_eq!((scene.end(), scene.audited()), (end, audited));
    assert_eq!(scene.tag("alice/app", "1.0").image, Some(image(10)));
}

#[test]
fn tags_that_came_went_or_moved_are_put_right() {
    let mut scene = compared();
    scene.wait(60);
    let now = scene.now();
    let there = [read("1.0", 3, 30), seen("3.0", 3)];
    assert_eq!(scene.compare("alice/app", &there), Compared::Changed);
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 3), ("3.0".to_owned(), 3)]);
    let moved = scene.tag("alice/app", "1.0");
    assert_eq!((moved.created_at, moved.updated_at, moved.image), (start(), now, Some(image(30))));
    let new = scene.tag("alice/app", "3.0");
    assert_eq!((new.created_at, new.updated_at), (now, now));
    assert_eq!(scene.compare("alice/app", &there), Compared::Same);
    assert_eq!(scene.audited(), [learnt("alice/app")], "the registry's own log has the rest");
}

#[test]
fn what_was_read_of_a_manifest_stays_with_it_and_goes_with_it() {
    let mut scene = compared();
    scene.wait(60);
    // A tag whose manifest was not read gets what it says, and is no newer for it.
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 1), read("2.0", 2, 20)]), Compared::Changed);
    let second = scene.tag("alice/app", "2.0");
    assert_eq!((second.created_at, second.updated_at, second.image), (start(), start(), Some(image(20))));
    assert_eq!(scene.tag("alice/app", "1.0").image, Some(image(10)));
    // A tag moved, and its new manifest could not be read.
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 9), seen("2.0", 2)]), Compared::Changed);
    assert_eq!(scene.tag("alice/app", "1.0").image, None);
    assert_eq!(scene.tag("alice/app", "2.0").image, Some(image(20)));
}

#[test]
fn what_was_pushed_while_the_registry_was_asked_is_neither_removed_nor_overwritten() {
    let mut scene = compared();
    scene.wait(60);
    let asked = scene.now();
    scene.wait(1);
    scene.tell("alice/app", pushed("1.0", 5));
    scene.tell("alice/app", pushed("new", 6));
    let end = scene.end();
    // The answer is from before both pushes.
    let answer = [seen("1.0", 1), seen("2.0", 2)];
    assert_eq!(scene.compare_as_of("alice/app", &answer, asked), Compared::Same);
    assert_eq!(scene.end(), end);
    assert_eq!(scene.compare_as_of("alice/app", &[], asked), Compared::Changed, "the older tag is gone");
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 5), ("new".to_owned(), 6)]);
    assert_eq!(scene.activity("alice/app").missing_since, None, "something is there");
    // An answer from after both pushes counts.
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 7)]), Compared::Changed);
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 7)]);
    assert_eq!(scene.compare("alice/app", &[]), Compared::Gone);
    assert_eq!(scene.listed("alice/app"), (vec![], 0));
}

#[test]
fn what_is_there_and_cannot_be_read_stays_as_it_is_known() {
    let mut scene = compared();
    scene.wait(60);
    let partly = |tags: &[SeenTag], unread: &[&str]| Seen {
        tags: tags.to_vec(),
        unread: unread.iter().map(|text| tag(text)).collect(),
    };
    let compare =
        |name: &str, seen: Seen| scene.service().compare(&scene.registry(), &named(name), seen, scene.now()).unwrap();
    let end = scene.end();
    assert_eq!(compare("alice/app", partly(&[seen("1.0", 1)], &["2.0"])), Compared::Same);
    assert_eq!(compare("alice/app", partly(&[], &["1.0", "2.0"])), Compared::Same, "nothing is missing");
    assert_eq!(compare("alice/new", partly(&[], &["1.0"])), Compared::Empty, "nothing of it is known");
    assert_eq!(scene.end(), end);
    // Others come and go beside it, and a new repository is adopted with what can be read of it.
    assert_eq!(compare("alice/app", partly(&[seen("3.0", 3)], &["2.0", "4.0"])), Compared::Changed);
    assert_eq!(scene.tags("alice/app"), [("2.0".to_owned(), 2), ("3.0".to_owned(), 3)]);
    assert_eq!(compare("alice/new", partly(&[seen("1.0", 1)], &["2.0"])), Compared::Adopted);
    assert_eq!(scene.tags("alice/new"), [("1.0".to_owned(), 1)]);
}

#[test]
fn since_when_the_tags_are_missing_is_noted_kept_and_forgotten() {
    let mut scene = compared();
    scene.wait(100);
    let since = Some(scene.now());
    let missing = |scene: &Scene| scene.activity("alice/app").missing_since;
    assert_eq!(missing(&scene), None);
    assert_eq!(scene.compare("alice/app", &[]), Compared::Gone);
    assert_eq!(missing(&scene), since);
    assert!(scene.is_known("alice/app"), "what people were granted stays");
    scene.wait(100);
    let end = scene.end();
    assert_eq!(scene.compare("alice/app", &[]), Compared::Same);
    assert_eq!((missing(&scene), scene.end()), (since, end), "still since then");
    scene.tell("alice/app", pulled("1.0", 1));
    scene.reopen();
    assert_eq!((missing(&scene), scene.activity("alice/app").pulls), (since, 1));
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 1)]), Compared::Changed);
    assert_eq!((missing(&scene), scene.tags("alice/app")), (None, vec![("1.0".to_owned(), 1)]));
    // Gone again, and back by a push.
    scene.wait(100);
    assert_eq!(scene.compare("alice/app", &[]), Compared::Gone);
    assert_eq!(missing(&scene), Some(scene.now()));
    assert!(scene.tell("alice/app", pushed("1.0", 1)));
    assert_eq!(missing(&scene), None);
    let activity = scene.activity("alice/app");
    assert_eq!((activity.pulls, activity.pushes), (1, 1), "how it was used stays");
}

#[test]
fn a_deleted_repository_comes_back_only_by_being_made_again() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 1));
    scene.delete("alice/app");
    scene.wait_for_purge();
    let deletion = Deletion { at: start(), content: Remains::Stays };
    for _ in 0..2 {
        let (end, audited) = (scene.end(), scene.audited());
        scene.wait(1);
        assert!(!scene.tell("alice/app", pushed("2.0", 2)), "a push that came late");
        assert!(!scene.tell("alice/app", pulled("1.0", 1)));
        assert!(!scene.tell("alice/app", News::RepositoryDeleted));
        assert_eq!(scene.compare("alice/app", &[seen("1.0", 1)]), Compared::Deleted);
        assert_eq!(scene.compare("alice/app", &[]), Compared::Deleted);
        assert!(!scene.is_known("alice/app"));
        assert_eq!(scene.service().deletion(&scene.registry(), &named("alice/app")).unwrap(), Some(deletion.clone()));
        assert_eq!((scene.end(), scene.audited()), (end, audited), "nothing was written");
        scene.reopen();
    }
    scene.wait_until_free();
    scene.make("alice/app");
    assert!(!scene.is_deleted("alice/app"));
    assert_eq!((scene.tags("alice/app"), scene.activity("alice/app")), (vec![], Activity::default()));
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 1)]), Compared::Changed);
    assert!(scene.tell("alice/app", pushed("2.0", 2)));
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 1), ("2.0".to_owned(), 2)]);
}

#[test]
fn a_deletion_that_is_forgotten_lets_the_name_be_learnt() {
    let mut scene = Scene::new();
    scene.tell("alice/app", pushed("1.0", 1));
    scene.tell("alice/lib", pushed("1.0", 1));
    scene.delete("alice/app");
    scene.delete("alice/lib");
    scene.wait_for_purge();
    let forget = |scene: &Scene, name: &str| {
        let seen = Deletion { at: start(), content: Remains::Stays };
        scene.service().forget_deletion(&scene.registry(), &named(name), seen).unwrap();
        scene.service().deleted_names(&scene.registry(), None, 10).unwrap()
    };
    assert_eq!(forget(&scene, "alice/other").len(), 2, "it was not deleted");
    let left = forget(&scene, "alice/app");
    assert_eq!(left.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), [named("alice/lib")]);
    scene.reopen();
    assert!(!scene.is_deleted("alice/app") && scene.is_deleted("alice/lib"));
    assert_eq!(scene.compare("alice/app", &[seen("1.0", 1)]), Compared::Adopted);
    assert_eq!(scene.compare("alice/lib", &[seen("1.0", 1)]), Compared::Deleted);
    // Forgetting deleted names leaves known repositories alone.
    forget(&scene, "alice/app");
    assert_eq!(scene.tags("alice/app"), [("1.0".to_owned(), 1)]);
}

#[test]
fn known_and_deleted_names_are_listed_step_by_step() {
    let mut scene = Scene::new();
    let known = ["a/a", "a/a/b", "a/a-b", "a/b", "busybox"];
    known.iter().for_each(|name| _ = scene.tell(name, pushed("1", 1)));
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let step = scene.service().known_names(&scene.registry(), after.as_ref(), 2).unwrap();
        assert!(step.len() <= 2);
        let Some(last) = step.last() else { break };
        after = Some(last.clone());
        all.extend(step);
    }
    assert_eq!(all, known.map(named));
    known.iter().for_each(|name| scene.delete(name));
    let first = scene.service().deleted_names(&scene.registry(), None, 3).unwrap();
    let more = scene.service().deleted_names(&scene.registry(), first.last().map(|(name, _)| name), 9).unwrap();
    let names: Vec<_> = first.into_iter().chain(more).map(|(name, _)| name).collect();
    assert_eq!(names, known.map(named));
    assert_eq!(scene.service().known_tags(&scene.registry(), &named("a/a")).unwrap(), None);
}

#[test]
fn ten_thousand_tags_of_one_repository_come_move_and_go() {
    let scene = Scene::new();
    let all = |number| (0..10_000).map(|tag| seen(&format!("v{tag:05}"), number)).collect::<Vec<_>>();
    assert_eq!(scene.compare("alice/app", &all(1)), Compared::Adopted);
    assert_eq!(scene.compare("alice/app", &all(1)), Compared::Same);
    let mut later = scene;
    later.wait(1);
    let mut moved = all(2);
    moved.truncate(9_999);
    assert_eq!(later.compare("alice/app", &moved), Compared::Changed);
    let state = later.service().store.state();
    assert_eq!(state.tags_count(&named("alice/app")), 9_999);
    assert!(state.tags_after(&named("alice/app"), None).all(|tag| tag.digest == digest(2)));
    let page = later.service().list_tags(&later.local(), &named("alice/app"), Some(&tag("v09989")), 100).unwrap();
    assert_eq!((page.entries.len(), page.next, page.count), (9, None, Some(9_999)));
    later.reopen();
    assert!(*state == *later.service().store.state());
    assert!(later.tell("alice/app", News::ManifestDeleted(digest(2))));
    assert_eq!(later.tags("alice/app"), []);
}

#[test]
fn a_pass_names_its_errand() {
    let scene = Scene::new();
    let pass = |errand| scene.service().own_pass(&scene.registry(), &errand).unwrap();
    let read = pass(Errand::Read(named("alice/app")));
    assert_eq!(format!("{read:?}"), "Pass", "it opens the registry");
    let access = |errand| {
        let pass = pass(errand);
        let claims = URL_SAFE_NO_PAD.decode(pass.reveal().split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&claims).unwrap()["access"].clone()
    };
    let entry = |kind: &str, name: &str, actions: &[&str]| json!({ "type": kind, "name": name, "actions": actions });
    let app = entry("repository", "alice/app", &["pull", "delete"]);
    assert_eq!(access(Errand::Delete(named("alice/app"))), json!([app]));
    let probe = ["pushed", "asked"]
        .map(|name| json!({ "type": "repository", "name": name, "actions": ["pull", "push", "delete"] }));
    assert_eq!(access(Errand::Probe(["pushed", "asked"])), json!(probe));
    // The second entry is the one that zot wants.
    let catalog = [entry("registry", "catalog", &["*"]), entry("repository", "", &["pull"])];
    assert_eq!(access(Errand::Catalog), json!(catalog));
}
