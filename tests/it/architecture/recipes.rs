//! The recipes of `.github/CONTRIBUTING.md`: the files that they name exist, and each example occurs where its recipe
//! says and nowhere else in the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Source, after, modules};

const GUIDE: &str = include_str!("../../../.github/CONTRIBUTING.md");

/// A path of the repository begins with one of these, or ends with one of [`ENDS`]; other words in backticks are
/// code.
const BEGINNINGS: [&str; 6] = ["src/", "tests/", "ui/", "packaging/", ".github/", ".ci/"];
const ENDS: [&str; 4] = [".md", ".toml", ".example", ".lock"];

/// A step: the file, and the names of the example that occur in it, if there are any.
struct Step {
    file: &'static str,
    names: Vec<&'static str>,
}

struct Recipe {
    title: &'static str,
    steps: Vec<Step>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The words in backticks.
fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

/// Reads "1. `file` has `name`, `name`: what to do".
fn step(line: &'static str) -> Option<Step> {
    let (number, rest) = line.split_once(". `")?;
    number.parse::<u32>().ok()?;
    let mut pieces = rest.split('`');
    let file = pieces.next()?;
    let mut names = Vec::new();
    while let (Some(" has " | ", "), Some(name)) = (pieces.next(), pieces.next()) {
        names.push(name);
    }
    Some(Step { file, names })
}

fn recipes() -> Vec<Recipe> {
    let read = |text: &'static str| {
        let (title, text) = text.split_once('\n').unwrap();
        Recipe { title, steps: text.lines().filter_map(step).collect() }
    };
    GUIDE.split("\n### ").skip(1).map(read).collect()
}

/// The program's files whose code, without its tests, has this name.
fn places(name: &str, sources: &[Source]) -> BTreeSet<String> {
    let has = |source: &&Source| {
        let is_test = source.modules.iter().any(|module| ["tests", "testing"].contains(&module.as_str()));
        let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap();
        !is_test && after(code, name).next().is_some()
    };
    let path = |source: &Source| source.path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    sources.iter().filter(has).map(path).collect()
}

#[test]
fn every_file_that_the_guide_names_is_there() {
    let is_path = |word: &&str| {
        let has_form = BEGINNINGS.iter().any(|it| word.starts_with(it)) || ENDS.iter().any(|it| word.ends_with(it));
        has_form && !word.contains(' ')
    };
    let paths: BTreeSet<_> = words(GUIDE).filter(is_path).collect();
    assert!(paths.len() > 50, "the guide names files in backticks: {paths:?}");
    let missing: Vec<_> = paths.into_iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), ".github/CONTRIBUTING.md names what is not there: {missing:?}");
}

#[test]
fn the_example_of_a_recipe_stands_where_its_steps_say_and_nowhere_else() {
    let (sources, recipes, mut faults) = (modules(), recipes(), Vec::new());
    assert_eq!(recipes.len(), 8, "{:?}", recipes.iter().map(|it| it.title).collect::<Vec<_>>());
    for Recipe { title, steps } in recipes {
        let named: Vec<_> = steps.iter().flat_map(|step| step.names.iter().map(|name| (*name, step.file))).collect();
        assert!(!named.is_empty(), "the recipe \"{title}\" follows no example");
        for (name, file) in &named {
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            if after(&text, name).next().is_none() {
                faults.push(format!("{title}: {file} has no `{name}` any more; correct that step"));
            }
        }
        for name in named.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>() {
            let others = places(name, &sources).into_iter().filter(|file| !named.contains(&(name, file.as_str())));
            faults.extend(others.map(|file| format!("{title}: {file} has `{name}`, too; add that step")));
        }
    }
    assert!(faults.is_empty(), ".github/CONTRIBUTING.md is out of date:\n{}", faults.join("\n"));
}
