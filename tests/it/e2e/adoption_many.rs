//! Adopting a registry with many repositories: all in one run, stopped in the midst, interrupted by a crash; 300 of them,
//! or 10,000 with `DOCKPASS_LONG`.

use std::fs;

use dockpass::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    Clients, Image, Pair,
    pair::copy_repository,
    process::{eventually, eventually_within, is_long},
};

/// How many there are, beside the one that they are copies of.
fn count() -> u64 {
    if is_long() { 10_000 } else { 300 }
}

/// A registry that holds `count` repositories, and one more; neither it nor dockpass runs yet.
fn filled(count: u64) -> Pair {
    let mut pair = Pair::new();
    let registry = pair.open_registry();
    Clients::new().push(&Image::holding("one of many"), &registry.at("first/app:1")).must_succeed();
    let first = pair.stored("first/app");
    for number in 0..count {
        copy_repository(&first, &pair.stored(&format!("team{}/app{number}", number / 100)));
    }
    pair.start_registry();
    pair
}

/// A number of the comparison.
fn number(comparison: &Value, field: &str) -> u64 {
    comparison[field].as_u64().unwrap_or_else(|| panic!("no {field} in {comparison}"))
}

/// Waits until it has adopted some and is at work on the others.
fn in_the_midst(pair: &Pair) -> u64 {
    let comparison = eventually("some are adopted", || {
        Some(pair.comparison()).filter(|comparison| number(comparison, "adopted") > 0)
    });
    assert_eq!(comparison["state"], "running", "too fast to be seen at work: {comparison}");
    number(&comparison, "adopted")
}

/// The memory that dockpass has now, and the most that it has had, in KiB.
fn memory(pair: &Pair) -> [u64; 2] {
    let path = format!("/proc/{}/status", pair.dockpass().pid());
    let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    ["VmRSS:", "VmHWM:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    })
}

fn repositories(pair: &Pair) -> u64 {
    u64::try_from(pair.dockpass().repository_names().len()).expect("a number")
}

fn seconds(comparison: &Value) -> f64 {
    let at = |field: &str| Timestamp::parse(comparison[field].as_str().expect("a time")).expect("a time").millis();
    f64::from(u32::try_from(at("finishedAt") - at("startedAt")).expect("a length of time")) / 1_000.0
}

#[test]
fn a_large_registry_is_adopted_in_one_run_and_in_little_memory() {
    let count = count();
    let mut pair = filled(count);
    pair.start_dockpass_without_url();
    let idle = memory(&pair);
    pair.stop_dockpass();
    pair.start_dockpass();
    let mut seen = Vec::new();
    let comparison = eventually_within(std::time::Duration::from_mins(20), "all are adopted", || {
        let comparison = pair.comparison();
        seen.push(number(&comparison, "compared"));
        (comparison["state"] != "running" && comparison["state"] != "never").then_some(comparison)
    });
    let full = memory(&pair);
    println!("{count} repositories in {} s; KiB now and at the peak: {idle:?}, then {full:?}", seconds(&comparison));
    assert_eq!((&comparison["state"], number(&comparison, "adopted")), (&json!("done"), count + 1), "{comparison}");
    assert!(seen.is_sorted() && seen.len() > 2, "it grows: {seen:?}");
    assert_eq!(repositories(&pair), count + 1);
    let last = format!("team{}/app{}", (count - 1) / 100, count - 1);
    assert_eq!(pair.dockpass().tag(&last, "1").expect("the tag")["platforms"], json!(["linux/amd64"]));
    for (idle, full) in idle.into_iter().zip(full) {
        assert!(full < idle + 16 * 1_024 + 8 * count, "{idle} KiB became {full} KiB with {count} repositories");
    }
    let again = pair.sync();
    assert_eq!(again, format!("compared {} repositories: all as known\n", count + 1));
    println!("again in {} s", seconds(&pair.comparison()));
}

#[test]
fn an_adoption_that_was_interrupted_by_a_crash_goes_on_with_the_next_one() {
    let mut pair = filled(300);
    pair.start_dockpass();
    let adopted = in_the_midst(&pair);
    pair.kill_dockpass();
    pair.start_dockpass_without_url();
    let kept = repositories(&pair);
    assert!((adopted..301).contains(&kept), "{kept} of at least {adopted}");
    pair.stop_dockpass();
    pair.start_dockpass();
    let comparison = pair.compared();
    assert_eq!((&comparison["state"], number(&comparison, "adopted")), (&json!("done"), 301 - kept), "{comparison}");
    assert_eq!(number(&comparison, "compared"), 301, "each is looked at once: {comparison}");
    assert_eq!(repositories(&pair), 301);
}

#[test]
fn a_comparison_that_is_stopped_keeps_what_it_found_and_the_next_one_goes_on() {
    let mut pair = filled(300);
    pair.start_dockpass();
    let adopted = in_the_midst(&pair);
    let admin = pair.dockpass().http_as("admin", &pair.dockpass().add_token("admin", &[]).secret);
    let stopped = admin.delete("/api/v0/admin/registry/sync").must_be(202);
    let comparison = pair.compared();
    assert_eq!(comparison["state"], "stopped", "{comparison} after {}", stopped.describe());
    let found = number(&comparison, "adopted");
    assert!((adopted..301).contains(&found), "{comparison}");
    let shown = pair.dockpass().cli(&["registry", "show"]).must_succeed().stdout;
    assert!(shown.contains("stopped at "), "{shown}");
    // Another stop finds nothing to stop, and does not wait for something.
    admin.delete("/api/v0/admin/registry/sync").must_be(202);
    let kept = repositories(&pair);
    assert!((found..301).contains(&kept), "{kept} of at least {found}");
    let told = pair.sync();
    assert!(told.starts_with(&format!("compared 301 repositories: {} new\n", 301 - kept)), "{told}");
    assert_eq!(repositories(&pair), 301);
}
