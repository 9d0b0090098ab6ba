//! What goes through the gateway is recorded as of the registry's answer, whatever happened since it was admitted.

use super::super::{Admission, Admitted};
use super::content::{MEDIA_TYPE, Scene, digest, named, seen, tag};
use crate::domain::content::TagOrDigest;
use crate::domain::distribution::{self, Asked};

const APP: &str = "alice/app";

fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.make(APP);
    scene.reopen_with_gateway(true);
    scene
}

/// A request of the local administrator that was admitted now.
fn admitted(scene: &Scene, method: &str, reference: &str) -> Admitted {
    let target = format!("/v2/{APP}/manifests/{reference}");
    let Ok(Asked::Content(asked)) = distribution::read(method, &target) else { panic!("{target}") };
    match scene.service().admit(&scene.local(), &asked).unwrap() {
        Admission::Admitted(admitted) => *admitted,
        Admission::Makes | Admission::Refused => panic!("{method} {target}"),
    }
}

fn take_pushed(scene: &Scene, admitted: &Admitted, name: &str, number: u8) {
    let reference = TagOrDigest::Tag(tag(name));
    scene.service().manifest_pushed(admitted, &reference, &digest(number), MEDIA_TYPE.to_owned()).unwrap();
}

/// Lets time pass for calls and for the service.
fn wait(scene: &mut Scene, seconds: i64) {
    scene.wait(seconds);
    scene.service().clock.set(scene.now());
}

#[test]
fn a_comparison_that_asked_before_the_registrys_answer_leaves_a_push_alone() {
    let mut scene = scene();
    let push = admitted(&scene, "PUT", "latest");
    wait(&mut scene, 5);
    let asked_at = scene.now();
    wait(&mut scene, 5);
    take_pushed(&scene, &push, "latest", 1);
    assert_eq!(scene.tag(APP, "latest").updated_at, scene.now());
    scene.compare_as_of(APP, &[], asked_at);
    assert_eq!(scene.tags(APP), [("latest".to_owned(), 1)]);
    scene.compare_as_of(APP, &[seen("latest", 2)], asked_at);
    assert_eq!(scene.tags(APP), [("latest".to_owned(), 1)]);
    // One that asks later knows better.
    wait(&mut scene, 5);
    scene.compare(APP, &[seen("other", 3)]);
    assert_eq!(scene.tags(APP), [("other".to_owned(), 3)]);
}

#[test]
fn the_deletion_of_a_manifest_leaves_tags_that_came_while_it_went() {
    let mut scene = scene();
    let (first, second) = (admitted(&scene, "PUT", "old"), admitted(&scene, "PUT", "new"));
    take_pushed(&scene, &first, "old", 1);
    wait(&mut scene, 5);
    let delete = admitted(&scene, "DELETE", digest(1).as_str());
    wait(&mut scene, 5);
    take_pushed(&scene, &second, "new", 1);
    scene.service().manifest_deleted(&delete, &TagOrDigest::Digest(digest(1))).unwrap();
    assert_eq!(scene.tags(APP), [("new".to_owned(), 1)]);
    assert!(scene.service().store.state().is_tagged(&named(APP), &digest(1)));
    let delete = admitted(&scene, "DELETE", "new");
    scene.service().manifest_deleted(&delete, &TagOrDigest::Tag(tag("new"))).unwrap();
    assert_eq!(scene.tags(APP), []);
    assert!(!scene.service().store.state().is_tagged(&named(APP), &digest(1)));
}
