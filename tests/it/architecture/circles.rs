//! No circular dependencies within a folder: no module reaches itself by the paths that it names, so that a folder
//! can be read from the ground up. Method calls on a shared type are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, after, modules, named_paths, paths};

/// For each module the modules that it names, as paths from the crate's root.
type Names = BTreeMap<String, BTreeSet<String>>;

/// The code of a file without its tests, with every path from the crate's root.
fn from_the_root(source: &Source) -> String {
    let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
    let depth = source.modules.len();
    (1..=depth).rev().fold(code, |code, steps| {
        let above = &source.modules[..depth - steps];
        code.replace(&"super::".repeat(steps), &[&["crate".to_owned()], above, &[String::new()]].concat().join("::"))
    })
}

/// The origin of each re-export, such as `service::caller` for `service::Caller`.
fn passed_on(sources: &[(Source, String)]) -> BTreeMap<String, String> {
    let used = sources.iter().flat_map(|(source, code)| {
        let here = source.modules.join("::");
        let names = after(code, "use").flat_map(|rest| paths(rest.trim_start()));
        names.map(move |path| (here.clone(), path))
    });
    used.filter_map(|(here, path)| {
        let [from, .., name] = path.split("::").collect::<Vec<_>>()[..] else { return None };
        Some((format!("{here}::{name}"), format!("{here}::{from}")))
    })
    .collect()
}

/// The two modules of one folder at which the path of a file and a path that it names diverge.
fn siblings(source: &Source, path: &str) -> Option<[String; 2]> {
    let path: Vec<_> = path.split("::").collect();
    let common = source.modules.iter().zip(&path).take_while(|(one, other)| one == *other).count();
    let folder = source.modules[..common].join("::");
    let [from, to] = [source.modules.get(common)?.as_str(), path.get(common)?];
    (common > 0).then(|| [from, to].map(|module| format!("{folder}::{module}")))
}

fn names() -> Names {
    let is_test = |source: &Source| source.modules.iter().any(|name| ["tests", "testing"].contains(&name.as_str()));
    let sources = modules().into_iter().filter(|source| !is_test(source));
    let sources: Vec<_> = sources.map(|source| (from_the_root(&source), source)).map(|(code, it)| (it, code)).collect();
    let known: BTreeSet<_> = sources.iter().map(|(source, _)| source.modules.join("::")).collect();
    let passed_on = passed_on(&sources);
    let mut names = Names::new();
    for (source, code) in &sources {
        for [from, to] in named_paths(code).iter().filter_map(|path| siblings(source, path)) {
            let home = if known.contains(&to) { Some(to) } else { passed_on.get(&to).cloned() };
            if let Some(to) = home.filter(|to| *to != from) {
                names.entry(from).or_default().insert(to);
            }
        }
    }
    names
}

/// Every module that can be reached from `from`.
fn reached<'a>(names: &'a Names, from: &'a str) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        open.extend(names.get(module).into_iter().flatten().map(String::as_str).filter(|next| found.insert(*next)));
    }
    found
}

/// The circles, each as a folder and the modules in it.
fn circles(names: &Names) -> BTreeSet<String> {
    let circle_of = |module: &String| {
        let back = |other: &&str| reached(names, other).contains(module.as_str());
        let circle = reached(names, module).into_iter().filter(back).filter_map(|other| other.rsplit_once("::"));
        let (folders, modules): (Vec<_>, Vec<_>) = circle.unzip();
        Some(format!("{}: {}", folders.first()?, modules.join(", ")))
    };
    names.keys().filter_map(circle_of).collect()
}

#[test]
fn no_module_comes_back_to_itself() {
    let found = circles(&names());
    assert_eq!(found, BTreeSet::<String>::new(), "circles");
}

#[test]
fn circles_are_found_however_long_they_are() {
    let edges = [("a::one", "a::two"), ("a::two", "a::three"), ("a::three", "a::one"), ("a::four", "a::one")];
    let mut names = Names::new();
    for (from, to) in edges {
        names.entry(from.to_owned()).or_default().insert(to.to_owned());
    }
    assert_eq!(circles(&names), BTreeSet::from(["a: one, three, two".to_owned()]));
}
