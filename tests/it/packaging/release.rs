//! The release as a whole: the same bytes each time, checksums, the bill of materials, licences, and where it comes from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};

use super::{of_builds, release, released, releasing};
use crate::support::{
    exe::executable,
    process::{Run, background_command, command, is_long},
    python,
};

fn json_at(end: &str) -> Option<Value> {
    let text = fs::read_to_string(released(release()?, end)).expect("a file");
    Some(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn it_has_the_same_bytes_again_elsewhere_and_is_whole() {
    let Some(first) = release() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let second = directory.path().join("second");
    let mut again = releasing(&second);
    // Of another caller, in another place, with another clock.
    again.env("TZ", "Asia/Kolkata").env("LC_ALL", "C").current_dir(directory.path());
    Run::of(&mut again, "").must_succeed();
    Run::of(command("diff").arg("--recursive").arg(first).arg(&second), "").must_succeed();
    let check = || Run::of(command("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&second), "");
    let checked = check().must_succeed().stdout.lines().count();
    let files = Run::of(command("find").arg(&second).args(["-type", "f"]), "").must_succeed().stdout.lines().count();
    assert_eq!(checked + 1, files, "all but the list itself");
    fs::write(released(&second, ".licences.txt"), "other").expect("it is written");
    assert_ne!(check().code(), Some(0));
    // What is there is not mixed with anything.
    Run::of(&mut releasing(&second), "").must_fail_with(&["is not empty"]);
}

#[test]
fn the_executable_tells_nothing_of_where_it_was_built() {
    if release().is_none() {
        return;
    }
    let content = fs::read(executable()).expect("it can be read");
    for place in [env!("CARGO_MANIFEST_DIR"), "/.cargo/", "/.rustup/", "/registry/src/index."] {
        let is_there = content.windows(place.len()).any(|bytes| bytes == place.as_bytes());
        assert!(!is_there, "{place} is in it: its bytes depend on the directory");
    }
}

/// In a full run alone: it takes as long as the release itself.
#[test]
fn built_elsewhere_the_executable_has_the_same_bytes() {
    if !is_long() || release().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let sources = directory.path().join("some/other-place");
    fs::create_dir_all(&sources).expect("a directory");
    let parts = ["Cargo.toml", "Cargo.lock", ".cargo", "src", "ui", "packaging", "tests/it", "tests/bench", "tests/ui"];
    let mut copy = command("cp");
    copy.args(["--recursive", "--parents"]).args(parts).arg(&sources).current_dir(env!("CARGO_MANIFEST_DIR"));
    Run::of(&mut copy, "").must_succeed();
    let mut build = background_command(sources.join("packaging/build-static"));
    build.envs(of_builds()).env("CARGO_TARGET_DIR", directory.path().join("built"));
    let built = Run::of(&mut build, "").must_succeed().stdout;
    assert!(built.trim().starts_with(&directory.path().display().to_string()), "{built}");
    let is_same = fs::read(built.trim()).expect("the executable") == fs::read(executable()).expect("the executable");
    assert!(is_same, "its bytes depend on where it is built");
}

#[test]
fn the_bill_of_materials_has_every_crate_of_the_executable_and_fits_the_published_schema() {
    const SCHEMA: &str = "cyclonedx/schema/_res/bom-1.6.SNAPSHOT.schema.json";
    let Some(bill) = json_at(".cdx.json") else { return };
    python::held_against(SCHEMA, &bill).must_succeed();
    let mut wrong = bill.clone();
    wrong["components"][0]["scope"] = json!("somehow");
    python::held_against(SCHEMA, &wrong).must_fail_with(&["somehow"]);
    let lock: toml::Table = include_str!("../../../Cargo.lock").parse().expect("TOML");
    let locked: BTreeMap<_, _> = lock["package"].as_array().expect("packages").iter().map(of_lock).collect();
    let components = bill["components"].as_array().expect("components");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut names = BTreeSet::new();
    for component in components {
        names.insert(text(&component["name"]));
        if text(&component["purl"]).starts_with("pkg:cargo/") {
            let key = (text(&component["name"]), text(&component["version"]));
            assert_eq!(text(&component["hashes"][0]["content"]), locked[&key], "{key:?}");
        }
    }
    for there in ["sled", "actix-web", "aws-lc-sys", "rust-std", "glibc"] {
        assert!(names.contains(there), "{there}");
    }
    for of_tests in ["proptest", "shuttle", "fuser"] {
        assert!(!names.contains(of_tests), "{of_tests}");
    }
    // Everything that is needed is there, and everything that is there is needed.
    let own = text(&bill["metadata"]["component"]["bom-ref"]);
    let graph = bill["dependencies"].as_array().expect("dependencies");
    let needed = graph.iter().flat_map(|one| one["dependsOn"].as_array().expect("a list")).map(text);
    let needed: BTreeSet<_> = needed.filter(|one| *one != own).collect();
    let there: BTreeSet<_> = components.iter().map(|component| text(&component["bom-ref"])).collect();
    assert_eq!(needed, there);
}

fn of_lock(package: &toml::Value) -> ((String, String), String) {
    let text = |name: &str| package.get(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    ((text("name"), text("version")), text("checksum"))
}

#[test]
fn every_crate_has_its_licence_beside_it() {
    let (Some(directory), Some(bill)) = (release(), json_at(".cdx.json")) else { return };
    let licences = fs::read_to_string(released(directory, ".licences.txt")).expect("a file");
    let components = bill["components"].as_array().expect("components");
    let shipped = components.iter().filter(|component| component["scope"] == "required");
    for component in shipped {
        let line =
            format!("{} {} (", component["name"].as_str().expect("it"), component["version"].as_str().expect("it"));
        assert!(licences.lines().any(|found| found.starts_with(&line)), "{line}");
    }
    assert!(licences.contains("Permission is hereby granted, free of charge"), "the text of MIT");
}

#[test]
fn the_provenance_names_every_file_the_commit_and_the_toolchain() {
    let (Some(directory), Some(statement)) = (release(), json_at(".provenance.json")) else { return };
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects = statement["subject"].as_array().expect("subjects");
    for subject in subjects {
        let file = directory.join(subject["name"].as_str().expect("a name"));
        let sum = Run::of(command("sha256sum").arg(file), "").must_succeed().stdout;
        assert_eq!(sum.split(' ').next(), subject["digest"]["sha256"].as_str());
    }
    let sums = fs::read_to_string(directory.join("SHA256SUMS")).expect("the list");
    assert_eq!(subjects.len() + 1, sums.lines().count(), "all but the statement itself");
    let commit = Run::of(command("git").args(["rev-parse", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")), "");
    let materials = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    assert_eq!(materials[0]["digest"]["gitCommit"], commit.must_succeed().stdout.trim());
    assert_eq!(materials[2]["name"], "rustc");
    Run::of(command("cmp").arg(executable()).arg(released(directory, "_x86_64")), "").must_succeed();
}
