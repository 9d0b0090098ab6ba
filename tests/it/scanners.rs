//! The rules for scanners that look for leaked secrets (`packaging/scanners`): that the files are what the scanners read,
//! and that the expression finds each access token and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use dockpass::domain::secret::TokenText;
use regex::Regex;
use saphyr::{LoadableYamlNode, Yaml};

/// How many access tokens are hidden, and as many near misses.
const TEXTS: u64 = 5_000;

fn file(name: &str) -> String {
    let path = format!("{}/packaging/scanners/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A rule, as both scanners have it.
#[derive(Debug, PartialEq)]
struct Rule {
    expression: String,
    keywords: Vec<String>,
    entropy: f64,
}

/// The one rule of gitleaks: the fields are those of its `config.Rule`.
fn of_gitleaks() -> Rule {
    let config: toml::Table = file("gitleaks.toml").parse().expect("TOML");
    let rules = config["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 1);
    let rule = &rules[0];
    let fields: BTreeSet<&str> = rule.as_table().expect("a table").keys().map(String::as_str).collect();
    let known = ["description", "entropy", "id", "keywords", "regex", "secretGroup"];
    assert_eq!(fields, known.into());
    assert_eq!(rule["secretGroup"].as_integer(), Some(1));
    let keywords = rule["keywords"].as_array().expect("keywords").iter();
    Rule {
        expression: rule["regex"].as_str().expect("an expression").to_owned(),
        keywords: keywords.map(|word| word.as_str().expect("a word").to_owned()).collect(),
        entropy: rule["entropy"].as_float().expect("a number"),
    }
}

/// The one rule of trufflehog.
fn of_trufflehog() -> Rule {
    let text = file("trufflehog.yaml");
    let documents = Yaml::load_from_str(&text).expect("YAML");
    let detectors = documents[0]["detectors"].as_vec().expect("detectors");
    assert_eq!((documents.len(), detectors.len()), (1, 1));
    let detector = &detectors[0];
    assert!(detector["name"].as_str().is_some_and(|name| name.contains("dockpass")));
    let keywords = detector["keywords"].as_vec().expect("keywords").iter();
    Rule {
        expression: detector["regex"]["token"].as_str().expect("an expression").to_owned(),
        keywords: keywords.map(|word| word.as_str().expect("a word").to_owned()).collect(),
        entropy: detector["entropy"].as_floating_point().expect("a number"),
    }
}

/// Random bytes that are the same in each run.
fn secret(number: u64) -> String {
    TokenText::from_random(*blake3::hash(&number.to_le_bytes()).as_bytes()).reveal().to_owned()
}

/// Where secrets leak to; `{}` is the secret.
const AROUND: [&str; 14] = [
    "{}",
    "{}\n",
    "{}\r\n",
    "token: {}",
    "DOCKPASS_TOKEN={}\nNEXT=1\n",
    "export TOKEN='{}'",
    "\"{}\"",
    "{\"token\":\"{}\",\"label\":\"x\"}",
    r#"{"log":"first line\n{}\nlast line"}"#,
    "https://registry.example.com/?token={}&x=1",
    "https://registry.example.com/?q=a%3D{}%26b",
    "docker login -u alice -p {} registry.example.com",
    "backup_{}_old.txt",
    "<td>{}</td>",
];

/// Bits for each letter, as both scanners reckon it.
fn entropy(text: &str) -> f64 {
    let length = f64::from(u32::try_from(text.len()).expect("a short text"));
    let letters: BTreeSet<char> = text.chars().collect();
    let share = |letter: char| {
        let count = text.chars().filter(|other| *other == letter).count();
        f64::from(u32::try_from(count).expect("a short text")) / length
    };
    letters.into_iter().map(|letter| -share(letter) * share(letter).log2()).sum()
}

#[test]
fn both_scanners_have_the_same_rule() {
    let rule = of_gitleaks();
    assert_eq!(rule, of_trufflehog());
    assert_eq!(rule.keywords, ["dkp_"]);
    assert!(Regex::new(&rule.expression).is_ok(), "linear: neither looks around nor back");
}

#[test]
fn every_access_token_is_found_and_no_near_miss_is() {
    let Rule { expression, entropy: least, .. } = of_gitleaks();
    let expression = Regex::new(&expression).expect("an expression");
    let found = |text: &str| -> Vec<String> {
        let matches = expression.captures_iter(text);
        let secrets = matches.map(|captures| captures.get(1).expect("the group").as_str().to_owned());
        secrets.filter(|secret| entropy(secret) >= least).collect()
    };
    let mut all = String::new();
    for number in 0..TEXTS {
        let secret = secret(number);
        for around in AROUND {
            let text = around.replace("{}", &secret);
            assert_eq!(found(&text), [secret.as_str()], "{around}");
        }
        writeln!(all, "{secret} {secret},{secret}").expect("a text");
        let flipped: String = secret.chars().rev().collect();
        let near = [
            secret[..52].to_owned(),
            format!("{secret}x"),
            format!("{secret}{secret}")[..80].to_owned(),
            secret.replace("dkp_", "dkp-"),
            secret.replace("dkp_", "DKP_"),
            secret.replace("dkp_", "dkp"),
            secret.replace("dkp_", "dk_"),
            format!("{}-{}", &secret[..20], &secret[20..52]),
            format!("dkp_{}", "x".repeat(49)),
            flipped,
        ];
        for text in near {
            assert_eq!(found(&text), [""; 0], "{text}");
        }
    }
    let expected: Vec<String> =
        (0..TEXTS).flat_map(|number| [secret(number), secret(number), secret(number)]).collect();
    assert_eq!(found(&all), expected, "one after another");
}
