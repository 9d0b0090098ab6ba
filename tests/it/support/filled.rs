//! A server that a company has used for 150 days, for pictures and for lists as long as they are in use: 31 users, 5
//! organizations with 10 teams, 64 repositories with 454 tags, 49 access tokens of one user in all states, robots.

use dockpass::domain::content::{Digest, Image, Platform, PlatformImage};
use serde_json::{Value, json};

use super::{
    InProcess, Pages,
    exe::{AccessToken, PASSWORD},
    notify::{digest, event, pull, push, read_image},
    site::{DAY, HOUR, MINUTE, account_path, token_path},
};

/// Whose pages are looked at: a user who administers `acme`.
pub(crate) const PERSON: &str = "maria";
/// The repository with sizes, platforms, and pulls and pushes on every day.
pub(crate) const SHOP: &str = "acme/shop";

/// For how long the company has used it, in days.
const DAYS: i64 = 150;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";
const TERMINAL: &str = "dockpass/0.1.0";

const PEOPLE: [(&str, &str); 29] = [
    ("jonas", "Jonas Berg"),
    ("anneliese", "Anneliese Hoffmann-Oberländer"),
    ("arun", "Arun Patel"),
    ("beatriz", "Beatriz Costa"),
    ("carl", "Carl Lindqvist"),
    ("chiara", "Chiara Rossi"),
    ("dmitri", "Dmitri Volkov"),
    ("elif", "Elif Demir"),
    ("emeka", "Emeka Okafor"),
    ("fatima", "Fatima Zahra"),
    ("george", "George Brown"),
    ("hana", "Hana Sato"),
    ("ines", "Inês Ferreira"),
    ("ivan", "Ivan Petrov"),
    ("julia", "Julia Nowak"),
    ("katarzyna", "Katarzyna Wiśniewska"),
    ("lars", "Lars Nielsen"),
    ("mei", "Mei Chen"),
    ("noor", "Noor Haddad"),
    ("olga", "Olga Ivanova"),
    ("pedro", "Pedro Alvarez"),
    ("quentin", "Quentin Dubois"),
    ("rosa", "Rosa Martínez"),
    ("sven", "Sven Eriksson"),
    ("tomas", "Tomáš Novák"),
    ("deploy", "Deployment"),
    ("jenkins", "Jenkins"),
    ("monitoring", "Monitoring"),
    ("mirror", "Mirror of the test site"),
];

/// Organization, its teams, and the names of its repositories.
const ORGANIZATIONS: [(&str, &[&str], &[&str]); 5] = [
    (
        "acme",
        &["web", "platform", "data"],
        &[
            "shop",
            "blog",
            "api",
            "checkout",
            "search",
            "images",
            "mail",
            "cron",
            "proxy",
            "base/debian",
            "base/node",
            "base/python",
            "tools/lint",
            "tools/migrate",
        ],
    ),
    (
        "ledger",
        &["accounting", "audit"],
        &["core", "import", "export", "reports", "rates", "archive", "ui", "batch", "bridge", "events"],
    ),
    (
        "fleet",
        &["drivers", "dispatch"],
        &[
            "tracker",
            "maps",
            "routing",
            "telemetry",
            "mobile-gateway",
            "firmware",
            "alerts",
            "billing",
            "driver-app",
            "simulator",
        ],
    ),
    (
        "research",
        &["models"],
        &["notebooks", "training", "serving", "datasets", "labelling", "evaluation", "gpu-base", "experiments"],
    ),
    (
        "operations-and-infrastructure",
        &["network", "storage"],
        &["dns", "ntp", "backup", "logging", "metrics", "vault-agent", "certificates", "ingress", "bastion", "runner"],
    ),
];

const OWN: [&str; 12] = [
    "dotfiles",
    "playground",
    "website",
    "bot",
    "notes",
    "recipes",
    "photos",
    "dns",
    "toolbox",
    "old-shop",
    "demo",
    "scratch",
];

const LABELS: [&str; 49] = [
    "old laptop",
    "workshop",
    "trial",
    "demo at the fair",
    "night build",
    "intern's laptop",
    "migration",
    "spare key",
    "load test",
    "GitHub Actions acme/shop",
    "GitLab CI ledger",
    "Jenkins nightly",
    "staging cluster",
    "tablet",
    "backup job",
    "mirror to the test site",
    "scanner",
    "canary",
    "laptop",
    "desktop in the office",
    "phone",
    "home server",
    "emergency",
    "private notes",
    "shell on bastion",
    "monitoring of everything",
    "old scripts",
    "production cluster eu-central",
    "production cluster us-east",
    "Renovate",
    "Argo CD",
    "Flux",
    "Harbor replication",
    "build server",
    "Kaniko in CI, with a rather long description that somebody wrote to remember what it is for",
    "Trivy",
    "blog deployment",
    "checkout deployment",
    "search deployment",
    "metrics exporter",
    "cron on acme-07",
    "Tekton",
    "Drone",
    "Woodpecker",
    "VS Code dev container",
    "Podman on the workstation",
    "Skopeo sync",
    "helm charts",
    "smoke test",
];

/// The server, as it is on the last day, with `maria` and `admin` having the password of the tests.
pub(crate) fn filled() -> InProcess {
    let site = InProcess::start_with(&[
        ("server.public_url", "https://pass.example.com"),
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
    ]);
    people(&site);
    organizations(&site);
    repositories(&site);
    let site = with_images(site);
    let robots = robots(&site);
    let tokens = lived(&site, &robots);
    in_all_states(&site, &tokens);
    site
}

fn people(site: &InProcess) {
    site.add_person(PERSON);
    site.as_local().patch(&account_path(PERSON), &json!({ "fullName": "Maria Silva" })).must_be(200);
    for (name, full_name) in PEOPLE {
        site.as_local().post("/enzi/v0/accounts", &json!({ "name": name, "fullName": full_name })).must_be(201);
    }
    for gone in ["quentin", "tomas"] {
        site.as_local().patch(&account_path(gone), &json!({ "isActive": false })).must_be(200);
    }
}

fn organizations(site: &InProcess) {
    let mut others = PEOPLE.iter().skip(1).map(|(name, _)| *name).cycle();
    for (organization, teams, _) in ORGANIZATIONS {
        site.add_organization(organization, &[(PERSON, organization == "acme"), ("jonas", organization != "fleet")]);
        for team in teams {
            let members: Vec<_> = others.by_ref().take(4).collect();
            members.iter().for_each(|name| site.join(organization, name, false));
            site.add_team(&format!("{organization}/{team}"), &members);
        }
    }
    site.join("acme/web", PERSON, false);
    site.join("ledger/accounting", PERSON, false);
}

/// All names, and how many tags each has.
fn names() -> Vec<(String, usize)> {
    let own = OWN.iter().map(|name| format!("{PERSON}/{name}"));
    let others =
        ORGANIZATIONS.iter().flat_map(|(owner, _, names)| names.iter().map(move |name| format!("{owner}/{name}")));
    others.chain(own).enumerate().map(|(place, name)| (name, if place < 6 { 8 } else { 7 })).collect()
}

fn tag_of(number: usize) -> String {
    if number == 0 { "latest".to_owned() } else { format!("{}.{}.{}", number / 3, number % 3, number * 2 % 5) }
}

fn repositories(site: &InProcess) {
    let names = names();
    assert_eq!((names.len(), names.iter().map(|(_, tags)| tags).sum::<usize>()), (64, 454), "repositories and tags");
    for (name, tags) in &names {
        site.add_repository(name);
        let told = (0..*tags).map(|tag| {
            // The newest is what "latest" is, too.
            let number = if tag + 1 == *tags { 0 } else { tag };
            push(&format!("{name}:{tag}"), name, &tag_of(tag), u8::try_from(number + 1).expect("few"))
        });
        site.notify(&told.collect::<Vec<_>>()).must_be(200);
    }
    let about = "The web shop: catalogue, basket and checkout";
    let path = "/api/v0/repositories/acme/shop";
    site.as_local()
        .patch(path, &json!({ "shortDescription": about, "longDescription": "Runs at shop.example.com." }))
        .must_be(200);
    site.as_local().patch("/api/v0/repositories/acme/blog", &json!({ "visibility": "public" })).must_be(200);
    site.grant_team(SHOP, "web", "read-write");
    site.grant_team("acme", "platform", "read-only");
    site.grant_team("ledger", "accounting", "read-write");
    site.grant(SHOP, "deploy", "read-only");
    site.grant("fleet", PERSON, "read-only");
}

/// What is known of images is written as a comparison writes it.
fn with_images(site: InProcess) -> InProcess {
    site.restart_after(|data, clock| {
        for tag in 0..8 {
            let size = 38_900_000 + 1_300_000 * u64::try_from(tag).expect("few");
            let listed = |architecture: &str, place: u8, size| {
                let platform =
                    Platform { os: "linux".into(), architecture: architecture.into(), ..Platform::default() };
                let digest = Digest::parse(&digest(place + u8::try_from(tag).expect("few"))).expect("a digest");
                PlatformImage { platform, digest: Some(digest), size: Some(size) }
            };
            let (amd, arm) = (listed("amd64", 64, size / 2 + 700_000), listed("arm64", 128, size / 2 - 700_000));
            let platforms = if tag % 3 == 2 { vec![amd.platform.into()] } else { vec![amd, arm] };
            read_image(data, clock, (SHOP, &tag_of(tag)), Image { size, platforms, ..Image::default() });
        }
    })
}

/// Robots of the organization: one by the local administrator, others by people.
fn robots(site: &InProcess) -> Vec<(String, String)> {
    let jonas = site.add_token("jonas", &json!({ "tokenLabel": "laptop" }));
    let jonas = site.with_token("jonas", &jonas);
    let mut made = Vec::new();
    for (name, level, patterns, days) in [
        ("ci", "push", json!(["acme/*"]), Some(DAYS + 9)),
        ("cluster", "read-only", json!(["acme/shop", "acme/api", "acme/checkout"]), None),
        ("mirror", "read-only", json!([]), Some(DAYS + 200)),
        ("cleaner", "read-write", json!(["acme/tools/*"]), Some(DAYS - 20)),
        ("renovate", "read-only", json!(["acme/base/*"]), Some(DAYS + 60)),
    ] {
        let end = days.map(|days| site.in_time(days * DAY));
        let body = json!({ "name": name, "accessLevel": level, "repositories": patterns, "expiresAt": end });
        let caller = if name == "cluster" { site.as_local() } else { jonas.clone() };
        let answer = caller.post("/api/v0/accounts/acme/robots", &body).must_be(201);
        made.push((format!("acme/{name}"), answer.text("/token")));
    }
    made
}

/// The body of an access token; the numbers are those of the day's use: 9 expired, 9 end within 14 days, 9 without limits.
fn body(site: &InProcess, number: usize) -> Value {
    let place = i64::try_from(number).expect("few");
    let born = place * 3;
    let levels = ["read-only", "read-write", "push"];
    let patterns = [
        json!(["acme/*"]),
        json!([SHOP, "acme/blog"]),
        json!([]),
        json!(["maria/website"]),
        json!(["ledger/*", "acme/api", "acme/search"]),
    ];
    let (level, patterns) = if (18..27).contains(&number) {
        ("admin", json!([]))
    } else {
        (levels[number % 3], patterns[number % 5].clone())
    };
    let lives = match number {
        0..9 => Some(30),
        9..18 => Some(DAYS + 1 + (place - 9) * 3 / 2 - born),
        18..27 => None,
        _ if number.is_multiple_of(4) => None,
        _ => Some(365),
    };
    json!({
        "tokenLabel": LABELS[number], "accessLevel": level, "repositories": patterns,
        "expiresAt": lives.map(|days| site.in_time(days * DAY)),
    })
}

/// 16 are never used.
fn is_used(number: usize) -> bool {
    !number.is_multiple_of(3) || number == 48
}

/// What happens on each of the days; gives the access tokens, oldest first.
fn lived(site: &InProcess, robots: &[(String, String)]) -> Vec<AccessToken> {
    let mut tokens: Vec<AccessToken> = Vec::new();
    for day in 0..DAYS {
        let number = tokens.len();
        if day % 3 == 0 && number < LABELS.len() {
            let agent = [FIREFOX, TERMINAL, SAFARI][number % 3];
            let made = site
                .as_local()
                .header("User-Agent", agent)
                .post("/api/v0/api_tokens?username=maria", &body(site, number));
            tokens.push(AccessToken::of(&made.must_be(200).json()));
        }
        site.pass(7 * HOUR + day % 11 * MINUTE);
        use_some(site, &tokens, day);
        if let Some((name, secret)) = robots.get(usize::try_from(day).expect("a day") % 9) {
            let robot = site.with(name, secret).from_address("203.0.113.80");
            robot.get("/auth/token?service=pass.example.com&scope=repository:acme/shop:pull");
        }
        site.notify(&visits(site, day)).must_be(200);
        site.pass(DAY - 7 * HOUR - day % 11 * MINUTE);
    }
    site.pass(9 * HOUR);
    tokens
}

fn use_some(site: &InProcess, tokens: &[AccessToken], day: i64) {
    for (number, token) in tokens.iter().enumerate().filter(|(number, _)| is_used(*number)) {
        let place = i64::try_from(number).expect("few");
        let is_day = (day + place) % 15 == 0 || day == place * 3 + 1 || (day + 1 == DAYS && place % 4 == 1);
        if is_day {
            let address = ["192.0.2.17", "198.51.100.4", "203.0.113.80", "2001:db8::17"][number % 4];
            let path = if number % 2 == 0 {
                "/api/v0/repositories"
            } else {
                "/auth/token?service=pass.example.com&scope=repository:acme/shop:pull"
            };
            // Those that have ended are refused, and that is recorded.
            site.with_token(PERSON, token).from_address(address).get(path);
        }
    }
}

/// Pulls on every day, fewer at weekends, and a push now and then.
fn visits(site: &InProcess, day: i64) -> Vec<Value> {
    let count = if day % 7 > 4 { 2 } else { 3 + day * 13 % 17 };
    let pulls = (0..count).map(|number| pull(&format!("pull {day} {number}"), SHOP, "latest", 1));
    let target = super::notify::target(SHOP, "1.0.1", 4);
    let pushes = (day % 5 == 0).then(|| event(&format!("push {day}"), "push", "PUT", &target));
    let told = pulls.chain(pushes).map(|mut event| {
        event["timestamp"] = json!(site.in_time(0));
        event["actor"]["name"] = json!("jonas");
        event
    });
    told.collect()
}

fn in_all_states(site: &InProcess, tokens: &[AccessToken]) {
    let inactive = json!({ "isActive": false });
    [28, 40]
        .iter()
        .for_each(|number| drop(site.as_local().patch(&token_path(&tokens[*number]), &inactive).must_be(200)));
    let revoked = json!({ "tokens": [tokens[29].secret] });
    site.as_nobody().from_address("198.51.100.99").post("/api/v0/api_tokens/revoke", &revoked).must_be(202);
    let rotated =
        site.as_local().post(&format!("{}/rotate", token_path(&tokens[33])), &json!({ "overlap": 3 * 86_400 }));
    rotated.must_be(200);
    let shared = json!({ "tokenLabel": "made by laptop", "accessLevel": "read-only", "repositories": ["acme/*"] });
    site.with_token("jonas", &site.add_token("jonas", &json!({ "tokenLabel": "deploys" })))
        .post("/api/v0/api_tokens", &shared)
        .must_be(200);
    site.with(PERSON, PASSWORD).from_address("192.0.2.31").get("/api/v0/repositories").must_be(200);
}

/// Its pages at the server's time, with this user signed in.
pub(crate) fn pages_as(site: &InProcess, user: &str) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in(user, PASSWORD);
    pages
}
