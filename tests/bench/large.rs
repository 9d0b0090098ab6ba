//! What large operations cost in time and memory: one repository with very many tags, one account with very many
//! repositories, a search of very many public ones. Memory is the process's peak above what it had when the operation
//! began.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use dockpass::domain::content::{Digest, Image, Platform, TagName};
use dockpass::domain::name::RepositoryName;
use dockpass::domain::time::Timestamp;
use dockpass::service::{Call, Search, SeenTag, Service};

use super::site::{self, Site};

/// Tags of the one repository: as many as the answer of a registry may list.
const TAGS: usize = 200_000;
/// Repositories of the account, as many as a namespace may have by default, and the tags of each.
const REPOSITORIES: usize = 10_000;
const TAGS_OF_EACH: usize = 10;
/// Public repositories that are searched.
const PUBLIC: usize = 100_000;

/// Rows per step of filling, so that filling takes little memory.
const STEP: usize = 2_000;

/// What is measured, by the argument that asks for it.
const OPERATIONS: [(&str, fn()); 5] = [
    ("adopt-tags", || {
        let (site, registry, app) = empty();
        let all = tags(TAGS);
        measured("a repository is adopted with 200,000 tags", || compare(&site, &registry, &app, all));
    }),
    ("lose-tags", || {
        let (site, registry, app) = filled();
        let one = tags(1);
        measured("the registry has one of 200,000 tags left", || compare(&site, &registry, &app, one));
    }),
    ("delete-repository", || {
        let (site, _, app) = filled();
        measured("a repository is deleted with 200,000 tags", || {
            assert!(site.service.delete_repository(&site.admin, &app).expect("it is deleted"));
        });
    }),
    ("delete-account", || {
        let (site, registry, _) = empty();
        site::each(REPOSITORIES, |number| {
            compare(&site, &registry, &name(&format!("alice/app-{number}")), tags(TAGS_OF_EACH));
        });
        measured("an account is deleted with 10,000 repositories", || {
            let count = site.service.delete_account(&site.admin, "alice", true).expect("it is deleted");
            assert_eq!(count, Some(REPOSITORIES));
        });
    }),
    ("search", || {
        let (site, _, _) = empty();
        (0..PUBLIC / REPOSITORIES).for_each(|number| site.user(&format!("team-{number}")));
        site::each(PUBLIC, |number| site.public(&format!("team-{}/app-{number}", number % (PUBLIC / REPOSITORIES))));
        let nobody = site.nobody();
        for (what, text, count) in
            [("first names", "app-", 25), ("the last name", "app-99999", 1), ("no name", "x-y", 0)]
        {
            let search = Search { text: text.to_owned(), limit: 25, repositories: true, ..Search::default() };
            measured(&format!("100 searches of 100,000 public names: {what}"), || {
                for _ in 0..100 {
                    let found = site.service.search(&nobody, &search).expect("found");
                    assert_eq!(found.repositories.len(), count);
                }
            });
        }
    }),
];

/// Measures and prints all of it. Each operation has a process of its own: memory that one leaves would hide what the
/// next one takes.
pub(crate) fn measure_all() {
    let program = std::env::current_exe().expect("this program");
    println!("{:<52} {:>10} {:>12}", "operation", "time", "memory, MiB");
    for (operation, _) in OPERATIONS {
        let ended = Command::new(&program).arg(operation).status().expect("it runs");
        assert!(ended.success(), "{operation}: {ended}");
    }
}

/// The measurement that the arguments ask for, if any.
pub(crate) fn asked() -> Option<fn()> {
    std::env::args()
        .find_map(|asked| OPERATIONS.into_iter().find(|(name, _)| *name == asked))
        .map(|(_, measure)| measure)
}

/// A user without repositories.
fn empty() -> (Site, Call, RepositoryName) {
    let site = Site::empty();
    site.user("alice");
    (site, site::call(Service::registry()), name("alice/app"))
}

/// The user's repository has all its tags.
fn filled() -> (Site, Call, RepositoryName) {
    let (site, registry, app) = empty();
    let all = tags(TAGS);
    for count in (STEP..=TAGS).step_by(STEP) {
        compare(&site, &registry, &app, all.iter().take(count).cloned().collect());
    }
    (site, registry, app)
}

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

fn compare(site: &Site, registry: &Call, name: &RepositoryName, seen: Vec<SeenTag>) {
    // What was seen is as new as what is known.
    let seen_at = Timestamp::from_millis(registry.now.millis() + 86_400_000);
    site.service.compare(registry, name, seen, seen_at).expect("compared");
}

/// Tags with what an ordinary manifest says.
fn tags(count: usize) -> Vec<SeenTag> {
    let digest = |number: usize| Digest::parse(&format!("sha256:{number:064x}")).unwrap();
    let platform = Platform { os: "linux".to_owned(), architecture: "amd64".to_owned(), ..Platform::default() };
    let tag = |number: usize| SeenTag {
        name: TagName::parse(&format!("v1.0.{number}")).unwrap(),
        digest: digest(number),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        image: Some(Image {
            size: 31_457_280,
            config: Some((digest(number), "application/vnd.oci.image.config.v1+json".to_owned())),
            platforms: vec![platform.clone().into()],
            ..Image::default()
        }),
    };
    (0..count).map(tag).collect()
}

fn measured(what: &str, operation: impl FnOnce()) {
    // From here on the peak is counted anew.
    fs::write("/proc/self/clear_refs", "5").expect("Linux counts memory");
    let (before, start) = (memory("VmRSS:"), Instant::now());
    operation();
    let (took, grown): (Duration, u64) = (start.elapsed(), memory("VmHWM:").saturating_sub(before));
    println!("{what:<52} {:>10} {:>12}", format!("{took:.1?}"), grown / 1_024);
}

/// A number of this process's status, in KiB.
fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says it");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
