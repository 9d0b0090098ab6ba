//! Repository patterns, one a line, and names: covering and matching never contradict each other.
#![no_main]

use dockpass::domain::name::RepositoryName;
use dockpass::domain::token::Pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let patterns: Vec<Pattern> = text.lines().take(8).filter_map(|line| Pattern::parse(line).ok()).collect();
    let names: Vec<RepositoryName> = text.lines().take(8).filter_map(|line| RepositoryName::parse(line).ok()).collect();
    for pattern in &patterns {
        assert_eq!(Pattern::parse(&pattern.to_string()).as_ref(), Ok(pattern));
        assert!(pattern.covers(pattern));
        for name in &names {
            assert_eq!(pattern.matches(name), pattern.covers(&Pattern::Exact(name.clone())), "{pattern} {name}");
            let wider = patterns.iter().filter(|other| other.covers(pattern));
            assert!(!pattern.matches(name) || wider.clone().all(|other| other.matches(name)), "{pattern} {name}");
        }
    }
});
