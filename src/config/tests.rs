//! The configuration as a whole: layers, errors with their places, and what goes together.

use super::*;
use crate::domain::key_header::KeyHeader;
use std::error::Error;

/// A configuration file of this text.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn nothing() -> impl Iterator<Item = (String, String)> {
    std::iter::empty()
}

fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let owned: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    owned.into_iter()
}

fn load(text: &str) -> Result<Loaded, ConfigError> {
    Config::load(Some(file(text).path()), nothing(), &[])
}

fn config(text: &str) -> Config {
    load(text).unwrap_or_else(|error| panic!("{text}: {}", told(&error))).config
}

/// The error and its sources, as they are printed.
fn told(error: &ConfigError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// What the program says about this file, without the file's name.
fn refusal(text: &str) -> String {
    let file = file(text);
    let error = Config::load(Some(file.path()), nothing(), &[]).expect_err(text);
    told(&error).replace(&file.path().display().to_string(), "FILE")
}

#[test]
fn without_anything_the_defaults_hold() {
    let Loaded { config, warnings } = Config::load(None, nothing(), &[]).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config.server.listen, "127.0.0.1:8700".parse().unwrap());
    assert_eq!(config.server.data_dir, Path::new("./dockpass-data"));
    assert_eq!((config.server.public_url.clone(), config.server.behind_proxy), (None, false));
    assert_eq!((config.server.max_connections, config.server.workers), (4_096, 0));
    assert!(!config.is_tls() && config.tls.key.is_none() && config.tls.names.is_empty());
    assert_eq!(
        (config.registry.issuer.as_str(), config.registry.services.as_slice()),
        ("dockpass", &["dockpass".to_owned()][..])
    );
    assert_eq!((config.registry.token_lifetime, config.registry.leaf_lifetime), (900, 90 * 86_400));
    assert_eq!((config.registry.key_header, config.registry.fixed_key), (KeyHeader::X5c, false));
    assert_eq!((config.registry.url.clone(), config.registry.ca.clone()), (None, None));
    assert_eq!((config.registry.sync_interval, config.registry.timeout), (6 * 3_600, 60));
    assert_eq!((config.repositories.create_on_push, config.repositories.max_per_namespace), (true, 10_000));
    assert_eq!((config.tokens.max_label, config.tokens.max_per_account), (128, 1_000));
    assert_eq!(config.robots.max_per_organization, 100);
    assert_eq!((config.tokens.default_lifetime, config.tokens.max_lifetime), (None, None));
    assert_eq!(config.tokens.warn_before, None);
    assert!(!config.audit.registry_tokens);
    assert_eq!((config.audit.keep_days, config.audit.keep_mib), (400, 2_048));
    assert_eq!((config.log.requests, config.log.format), (false, LogFormat::Text));
    assert_eq!(config.limits.changes_per_minute, 600);
}

#[test]
fn the_example_file_is_the_table() {
    assert_eq!(
        example(),
        include_str!("../../config.toml.example"),
        "write the text of config::example() to config.toml.example"
    );
}

#[test]
fn the_example_file_changes_nothing_commented_out_or_not() {
    let defaults = Config::load(None, nothing(), &[]).unwrap().config;
    assert_eq!(config(&example()).describe(), defaults.describe());
    let set = config(&example().replace("\n#", "\n").replace("\n ", "\n# "));
    let pairs = |config: &Config| config.describe().iter().map(|it| (it.key, it.value.clone())).collect::<Vec<_>>();
    assert_eq!(pairs(&set), pairs(&defaults));
    assert!(set.describe().iter().all(|setting| setting.origin == Origin::File), "{:?}", set.describe());
}

#[test]
fn where_the_audit_log_goes_must_fit_together() {
    let secret = "webhook_secret_file = \"s\"\n";
    for (text, told) in [
        ("webhook_url = \"https://hooks.example.com/x\"\n", "belong together"),
        (secret, "belong together"),
        ("webhook_ca = \"ca.pem\"\n", "audit.webhook_url, which is not set"),
        ("syslog_ca = \"ca.pem\"\n", "over TLS"),
        ("syslog = \"tcp://logs.example.com\"\nsyslog_ca = \"ca.pem\"\n", "over TLS"),
        ("syslog = \"logs.example.com\"\n", "expected udp://"),
        ("webhook_url = \"http://hooks.example.com/s3cret\"\n", "for this machine alone"),
    ] {
        let refused = refusal(&format!("[audit]\n{text}"));
        assert!(refused.contains(told) && !refused.contains("s3cret"), "{refused}");
    }
    let good =
        format!("[audit]\nwebhook_url = \"http://127.0.0.1:9/x\"\n{secret}syslog = \"tls://logs.example.com\"\n");
    assert_eq!(load(&good).unwrap().warnings, Vec::<String>::new());
    for (text, doubt) in [
        ("[audit]\nsyslog = \"udp://logs.example.com\"\n", "nobody notices"),
        ("[audit]\nsyslog = \"tcp://logs.example.com\"\n", "unprotected"),
        ("[audit]\nkeep_days = 3\n[tokens]\nwarn_before = \"7d\"\n", "repeats the warnings"),
    ] {
        let warnings = load(text).unwrap().warnings;
        assert!(matches!(&warnings[..], [one] if one.contains(doubt)), "{warnings:?}");
    }
}

#[test]
fn each_layer_goes_over_the_one_before() {
    let file = file("[registry]\nissuer = \"file\"\n[tokens]\nmax_label = 64\n[server]\ndata_dir = \"file\"\n");
    let environment = environment(&[
        ("DOCKPASS_REGISTRY_ISSUER", "environment"),
        ("DOCKPASS_SERVER_DATA_DIR", "environment"),
        ("DOCKPASS_REGISTRY_SERVICES", "one, two"),
        ("DOCKPASS_AUDIT_REGISTRY_TOKENS", "True"),
        ("DOCKPASS_SERVER_TRUSTED_PROXIES", ""),
        ("HOME", "/root"),
    ]);
    let overrides = [("server.data_dir", "flag".to_owned()), ("server.workers", "2".to_owned())];
    let config = Config::load(Some(file.path()), environment, &overrides).unwrap().config;
    let origin = |key: &str| config.describe().iter().find(|setting| setting.key == key).unwrap();
    for (key, value, from) in [
        ("registry.issuer", "\"environment\"", "environment"),
        ("tokens.max_label", "64", "file"),
        ("server.data_dir", "\"flag\"", "flag"),
        ("server.workers", "2", "flag"),
        ("registry.services", "[\"one\", \"two\"]", "environment"),
        ("audit.registry_tokens", "true", "environment"),
        ("server.trusted_proxies", "[]", "environment"),
        ("tokens.max_per_account", "1000", "default"),
    ] {
        assert_eq!((origin(key).value.as_str(), origin(key).origin.as_str()), (value, from), "{key}");
        assert_eq!(config.is_set(key), from != "default", "{key}");
    }
    assert!(!config.is_set("no.such_key"));
    assert_eq!(config.describe().len(), KEYS.len());
}

#[test]
fn a_flag_of_the_environment_has_the_spellings_of_go() {
    let set = |value: &str| {
        let pairs = [("DOCKPASS_AUDIT_REGISTRY_TOKENS", value)];
        Config::load(None, environment(&pairs), &[]).map(|loaded| loaded.config.audit.registry_tokens)
    };
    for value in ["1", "t", "T", "true", "TRUE", "True"] {
        assert!(set(value).unwrap(), "{value}");
    }
    for value in ["0", "f", "F", "false", "FALSE", "False"] {
        assert!(!set(value).unwrap(), "{value}");
    }
    for value in ["", "yes", "on", "tRUE", " true"] {
        assert!(told(&set(value).unwrap_err()).contains("expected true or false, found a text"), "{value}");
    }
}

#[test]
fn a_file_from_windows_is_read_or_its_encoding_is_said() {
    let text = "[registry]\r\nissuer = \"windows\"\r\n";
    for read in [text.to_owned(), format!("\u{feff}{text}")] {
        let file = file(&read);
        let config = Config::load(Some(file.path()), nothing(), &[]).unwrap().config;
        assert_eq!(config.registry.issuer, "windows");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    for utf16 in [text.to_owned(), format!("\u{feff}{text}")] {
        let bytes: Vec<u8> = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(file.path(), bytes).unwrap();
        let error = Config::load(Some(file.path()), nothing(), &[]).unwrap_err();
        assert!(told(&error).contains("UTF-16"), "{}", told(&error));
    }
}

#[test]
fn reserved_names_are_silent_and_unknown_ones_are_told_without_their_value() {
    let reserved = RESERVED.map(|name| (format!("{PREFIX}{name}"), "hunter2".to_owned()));
    assert!(Config::load(None, reserved.into_iter(), &[]).unwrap().warnings.is_empty());
    let unknown =
        environment(&[("DOCKPASS_SERVR_LISTEN", "hunter2"), ("DOCKPASS_", "hunter2"), ("dockpass_user", "x")]);
    let warnings = Config::load(None, unknown, &[]).unwrap().warnings;
    assert_eq!(warnings.len(), 2);
    assert!(warnings[1].contains("DOCKPASS_SERVR_LISTEN") && !warnings.concat().contains("hunter2"), "{warnings:?}");
}

#[test]
fn errors_of_the_file_name_the_line() {
    for (text, line, told) in [
        ("[server]\nlisten = 1\n", 2, "server.listen: expected a text in quotes, found a whole number"),
        (
            "\n\n[server]\nlsten = \"x\"\n",
            4,
            "there is no key `server.lsten`; [server] has listen, data_dir, upgrade_backup, upgrade_backup_dir, public_url",
        ),
        ("[servers]\nlisten = \"x\"\n", 1, "there is no key `servers`; the sections are [server], [tls], [registry]"),
        ("listen = \"x\"\n", 1, "there is no key `listen`; the sections are"),
        ("server = 1\n", 1, "there is no key `server`"),
        ("[[server]]\nlisten = \"x\"\n", 1, "there is no key `server`"),
        ("[server]\nlisten.port = 1\n", 2, "expected a text in quotes, found a table"),
        ("[server]\nworkers = \"2\"\n", 2, "server.workers: expected a whole number, found a text"),
        ("[server]\nworkers = 2.5\n", 2, "found a fraction"),
        ("[server]\nworkers = -1\n", 2, "expected 0 to 1024"),
        ("[server]\nworkers = 99999999999999999999\n", 2, "found a number beyond all bounds"),
        ("[server]\nbehind_proxy = \"yes\"\n", 2, "expected true or false, found a text"),
        ("[registry]\nservices = \"dockpass\"\n", 2, "expected a list of texts, found a text"),
        ("[registry]\nservices = [1]\n", 2, "found a list of something else"),
        ("[registry]\ntoken_lifetime = 2026-01-01\n", 2, "expected a length of time such as \"15m\", found a date"),
        ("[registry]\ntoken_lifetime = 900\n", 2, "such as \"900s\" for seconds"),
        ("[registry]\ntoken_lifetime = \"900\"\n", 2, "needs its unit: 900s"),
        ("[registry]\ntoken_lifetime = \"59s\"\n", 2, "expected 1m to 1d"),
        ("[registry]\ntoken_lifetime = \"never\"\n", 2, "expected a whole number with one unit"),
        ("[server]\nlisten = \"a\"\nlisten = \"b\"\n", 3, "duplicate key"),
        ("[server]\nlisten = \"a\n", 2, "basic string"),
        ("[server\n", 1, "unclosed table"),
        ("server = { listen = \"x\" }", 1, "server.listen: expected an IP address and a port"),
        ("# one\nserver.listen = \"example.com:8700\"\n", 2, "expected an IP address and a port"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with(&format!("FILE, line {line}: ")) && refusal.contains(told), "{text}\n{refusal}");
    }
}

#[test]
fn the_first_error_of_a_file_comes_first() {
    assert!(refusal("[tls]\nx = 1\n[audit]\ny = 1\n").contains("line 2"));
    assert!(refusal("[server]\nworkers = \"b\"\nlisten = 1\n").contains("line 2"));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let error = Config::load(Some(Path::new("/nowhere/dockpass.toml")), nothing(), &[]).unwrap_err();
    assert!(
        told(&error).starts_with("cannot read the configuration file /nowhere/dockpass.toml: "),
        "{}",
        told(&error)
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [b'#', 0xff, b'\n']).unwrap();
    assert!(matches!(Config::load(Some(file.path()), nothing(), &[]), Err(ConfigError::Read { .. })));
    std::fs::write(file.path(), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(Config::load(Some(file.path()), nothing(), &[]), Err(ConfigError::Read { .. })));
    assert!(matches!(Config::load(Some(Path::new("/")), nothing(), &[]), Err(ConfigError::Read { .. })));
}

#[test]
fn errors_outside_the_file_name_their_place() {
    let wrong = environment(&[("DOCKPASS_SERVER_WORKERS", "many")]);
    let error = Config::load(None, wrong, &[]).unwrap_err();
    assert_eq!(
        told(&error),
        "environment variable DOCKPASS_SERVER_WORKERS: server.workers: expected a whole number, found a text"
    );
    let error = Config::load(None, nothing(), &[("server.listen", "87000".to_owned())]).unwrap_err();
    assert!(told(&error).starts_with("command line: server.listen: expected an IP address"), "{}", told(&error));
    let error = Config::load(None, nothing(), &[("server.lsten", String::new())]).unwrap_err();
    assert_eq!(told(&error), "there is no key `server.lsten`");
}

#[test]
fn values_out_of_bounds_are_refused() {
    for text in [
        "server.data_dir = \"\"",
        "server.public_url = \"https://registry.example.com/\"",
        "server.trusted_proxies = [\"proxy.example.com\"]",
        "server.trusted_proxies = [\"10.0.0.1/8\"]",
        "server.max_connections = 0",
        "tls.names = [\"https://registry.example.com\"]",
        "tls.names = [\"\"]",
        "server.listen = \":\"",
        "server.listen = \"\"",
        "server.listen = \"localhost\"",
        "server.listen = \":-1\"",
        "server.allowed_origins = [\"*\"]",
        "server.allowed_origins = [\"null\"]",
        "server.allowed_origins = [\"https://*.example.com\"]",
        "server.allowed_origins = [\"https://ui.example.com/\"]",
        "registry.public_host = \"https://registry.example.com\"",
        "registry.public_host = \"registry\"",
        "registry.issuer = \"\"",
        "registry.issuer = \"a\\nb\"",
        "registry.services = []",
        "registry.services = [\"\"]",
        "registry.services = [\"one\", \"one\"]",
        "registry.services = [\"a b\"]",
        "registry.services = [\"a\\\"b\"]",
        "registry.services = [\"a\\\\b\"]",
        "registry.services = [\"\\u00e4\"]",
        "registry.services = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]",
        "registry.token_lifetime = \"25h\"",
        "registry.leaf_lifetime = \"4m\"",
        "registry.leaf_lifetime = \"1827d\"",
        "registry.key_header = \"jwk\"",
        "registry.url = \"127.0.0.1:5000\"",
        "registry.url = \"https://registry.example.com/v2\"",
        "registry.url = \"https://alice:secret@registry.example.com\"",
        "registry.url = \"ftp://registry.example.com\"",
        "registry.timeout = \"0s\"",
        "registry.timeout = \"6m\"",
        "registry.sync_interval = \"59s\"",
        "registry.sync_interval = \"31d\"",
        "registry.sync_interval = \"never\"",
        "repositories.max_per_namespace = 0",
        "tokens.max_label = 0",
        "tokens.max_per_account = 0",
        "tokens.default_lifetime = \"Never\"",
        "tokens.max_lifetime = \"30s\"",
    ] {
        assert!(matches!(load(text), Err(ConfigError::Value { .. })), "{text}");
    }
}

fn conflict(text: &str) -> Option<Conflict> {
    match load(text) {
        Ok(_) => None,
        Err(ConfigError::Conflict(conflict)) => Some(conflict),
        Err(other) => panic!("{text}: {}", told(&other)),
    }
}

#[test]
fn beyond_loopback_there_is_tls_or_a_proxy_and_always_a_public_url() {
    const URL: &str = "server.public_url = \"https://registry.example.com\"";
    const PROXY: &str = "server.behind_proxy = true\nserver.trusted_proxies = [\"10.0.0.1\"]";
    for listen in ["0.0.0.0:8700", "[::]:8700", "192.0.2.1:8700", "[::ffff:192.0.2.1]:8700"] {
        let listen_line = format!("server.listen = \"{listen}\"");
        let with = |more: &str| conflict(&format!("{listen_line}\n{more}\n"));
        assert_eq!(with(URL), Some(Conflict::ClearText(listen.parse().unwrap())));
        assert_eq!(with("tls.self_signed = true"), Some(Conflict::NoPublicUrl));
        assert_eq!(with(&format!("{URL}\ntls.self_signed = true")), None);
        assert_eq!(with(&format!("{URL}\ntls.cert = \"c\"\ntls.key = \"k\"")), None);
        assert_eq!(with(&format!("{URL}\n{PROXY}")), None);
        assert_eq!(with(PROXY), Some(Conflict::NoPublicUrl));
    }
    for listen in ["127.0.0.1:0", "[::1]:8700", "127.9.9.9:1", "[::ffff:127.0.0.1]:8700"] {
        assert_eq!(conflict(&format!("server.listen = \"{listen}\"")), None);
        assert_eq!(conflict(&format!("server.listen = \"{listen}\"\n{PROXY}")), Some(Conflict::NoPublicUrl));
    }
}

#[test]
fn values_that_do_not_go_together_are_refused_with_the_reason() {
    for (text, reason) in [
        ("server.behind_proxy = true\nserver.public_url = \"https://a\"", Conflict::NoTrustedProxy),
        ("tls.cert = \"c\"", Conflict::HalfAPair),
        ("tls.key = \"k\"", Conflict::HalfAPair),
        ("tls.key = \"k\"\ntls.self_signed = true", Conflict::HalfAPair),
        ("tls.cert = \"c\"\ntls.key = \"k\"\ntls.self_signed = true", Conflict::TwoCertificates),
        (
            "tls.self_signed = true\nserver.public_url = \"http://a\"",
            Conflict::PublicUrlWithoutTls("http://a".to_owned()),
        ),
        ("registry.key_header = \"kid-libtrust\"", Conflict::NeedsFixedKey(KeyHeader::KidLibtrust)),
        ("registry.key_header = \"kid-rfc7638\"", Conflict::NeedsFixedKey(KeyHeader::KidRfc7638)),
        ("registry.ca = \"ca.pem\"", Conflict::CaWithoutRegistry),
        (
            "registry.leaf_lifetime = \"44m\"",
            Conflict::LeafBelowTokens { leaf: 2_640, key: "registry.token_lifetime", token: 900 },
        ),
        ("tokens.max_lifetime = \"90d\"", Conflict::DefaultBeyondMax { default: None, max: 7_776_000 }),
        (
            "tokens.max_lifetime = \"1d\"\ntokens.default_lifetime = \"25h\"",
            Conflict::DefaultBeyondMax { default: Some(90_000), max: 86_400 },
        ),
    ] {
        assert_eq!(conflict(text), Some(reason), "{text}");
    }
    for text in [
        "registry.key_header = \"kid-libtrust\"\nregistry.fixed_key = true",
        "registry.fixed_key = true",
        "registry.url = \"https://registry.example.com\"\nregistry.ca = \"ca.pem\"",
        "registry.url = \"http://registry.example.com:5000\"",
        "registry.leaf_lifetime = \"5m\"\nregistry.token_lifetime = \"1m\"",
        "tokens.max_lifetime = \"90d\"\ntokens.default_lifetime = \"90d\"",
        "tokens.default_lifetime = \"90d\"",
    ] {
        assert_eq!(conflict(text), None, "{text}");
    }
}

#[test]
fn what_does_not_fit_a_gateway_is_refused_with_the_reason() {
    const UPSTREAM: &str = "registry.upstream = \"http://127.0.0.1:5000\"";
    let is_gateway = |url: &str| format!("registry.upstream = {url} is where dockpass itself is reached");
    let token = "registry.upstream_auth = \"token\"";
    let basic = "registry.upstream_auth = \"basic\"";
    for (more, said) in [
        (
            "registry.url = \"http://127.0.0.1:5001\"".to_owned(),
            "registry.upstream = http://127.0.0.1:5000 and registry.url = http://127.0.0.1:5001 name different"
                .to_owned(),
        ),
        (
            format!("{basic}\nregistry.upstream_password_file = \"p\""),
            format!("{basic} needs registry.upstream_user, which"),
        ),
        (
            format!("{basic}\nregistry.upstream_user = \"d\""),
            format!("{basic} needs registry.upstream_password_file, which"),
        ),
        (
            "registry.upstream_user = \"d\"".to_owned(),
            "registry.upstream_user has no use with registry.upstream_auth = \"none\", only with \"basic\"".to_owned(),
        ),
        (
            format!("{token}\nregistry.upstream_password_file = \"p\""),
            "registry.upstream_password_file has no use with registry.upstream_auth = \"token\"".to_owned(),
        ),
        (
            "registry.upstream_service = \"s\"".to_owned(),
            "registry.upstream_service has no use with registry.upstream_auth = \"none\", only with \"token\""
                .to_owned(),
        ),
        (token.to_owned(), format!("{token} needs registry.upstream_service")),
        (
            format!("{token}\nregistry.upstream_service = \"dockpass\""),
            "registry.upstream_service = \"dockpass\" is one of registry.services".to_owned(),
        ),
        (
            "registry.leaf_lifetime = \"35h\"".to_owned(),
            "(registry.gateway_token_lifetime = \"12h\"); set it to at least \"36h\"".to_owned(),
        ),
        ("server.listen = \"127.0.0.1:5000\"".to_owned(), is_gateway("http://127.0.0.1:5000")),
        ("server.listen = \"[::1]:5000\"".to_owned(), is_gateway("http://127.0.0.1:5000")),
        ("server.public_url = \"http://127.0.0.1:5000\"".to_owned(), is_gateway("http://127.0.0.1:5000")),
        (
            "server.listen = \"0.0.0.0:5000\"\nserver.public_url = \"https://a\"\ntls.self_signed = true".to_owned(),
            is_gateway("http://127.0.0.1:5000"),
        ),
        ("registry.upstream_user = \"a:b\"".to_owned(), "a user name has no `:`".to_owned()),
    ] {
        let told = refusal(&format!("{UPSTREAM}\n{more}"));
        assert!(told.contains(&said), "{more}: {told}");
    }
}

#[test]
fn what_fits_a_gateway_is_taken() {
    const UPSTREAM: &str = "registry.upstream = \"http://127.0.0.1:5000\"";
    let token = "registry.upstream_auth = \"token\"";
    let basic = "registry.upstream_auth = \"basic\"";
    for fits in [
        "registry.url = \"http://127.0.0.1:5000\"".to_owned(),
        format!("{basic}\nregistry.upstream_user = \"d\"\nregistry.upstream_password_file = \"p\""),
        format!("{token}\nregistry.upstream_service = \"registry\""),
        "registry.leaf_lifetime = \"36h\"".to_owned(),
        "registry.gateway_token_lifetime = \"1m\"\nregistry.leaf_lifetime = \"45m\"".to_owned(),
    ] {
        assert_eq!(conflict(&format!("{UPSTREAM}\n{fits}")), None, "{fits}");
    }
    assert_eq!(conflict("registry.leaf_lifetime = \"45m\""), None, "without a gateway, its tokens do not count");
}

#[test]
fn what_is_doubtful_of_a_gateway_gets_a_warning() {
    for (text, said) in [
        ("registry.upstream = \"http://registry:5000\"", "passes dockpass by"),
        (
            "registry.gateway_token_lifetime = \"1h\"",
            "registry.gateway_token_lifetime does nothing without registry.upstream",
        ),
        ("registry.upstream_requests = 9", "registry.upstream_requests does nothing without"),
        (
            "registry.upstream = \"http://localhost:5000\"\nregistry.leaf_lifetime = \"107h\"",
            "registry.leaf_lifetime is below 108h",
        ),
    ] {
        let warnings = load(text).unwrap().warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(said), "{text}: {warnings:?}");
    }
    for text in ["registry.upstream = \"http://localhost:5000\"", "registry.upstream = \"http://[::1]:5000\""] {
        assert_eq!(load(text).unwrap().warnings, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_hardly_meant_gets_a_warning() {
    let behind = |network: &str| {
        format!(
            "server.behind_proxy = true\nserver.public_url = \"https://a\"\nserver.trusted_proxies = [\"{network}\"]"
        )
    };
    for fits in ["10.0.0.0/8", "fc00::/7", "127.0.0.1"] {
        assert_eq!(load(&behind(fits)).unwrap().warnings, Vec::<String>::new(), "{fits}");
    }
    for (text, said) in [
        ("server.trusted_proxies = [\"10.0.0.1\"]", "without server.behind_proxy"),
        ("server.behind_proxy = true\nserver.public_url = \"https://a\"\nserver.trusted_proxies = [\"::/0\"]", "::/0"),
        (&behind("0.0.0.0/0"), "0.0.0.0/0"),
        (&behind("128.0.0.0/1"), "128.0.0.0/1"),
        (&behind("10.0.0.1\", \"2000::/3"), "2000::/3"),
        ("tls.names = [\"a\"]", "without tls.self_signed"),
        ("server.public_url = \"https://a\"", "neither TLS nor"),
        ("registry.url = \"http://registry:5000\"", "cross the network unprotected"),
        ("registry.url = \"http://127.0.0.1:5000\"\nregistry.ca = \"c\"", "registry.ca does nothing"),
    ] {
        let warnings = load(text).unwrap().warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(said), "{text}: {warnings:?}");
    }
}

#[test]
fn a_registry_on_this_machine_or_with_tls_gets_no_warning() {
    for url in ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "https://registry:5000"] {
        assert_eq!(load(&format!("registry.url = \"{url}\"")).unwrap().warnings, Vec::<String>::new(), "{url}");
    }
}

#[test]
fn a_key_tells_its_bounds_and_who_set_it() {
    assert_eq!(Config::bounds("tokens.max_per_account"), Some(&(1..=1_000_000)));
    assert_eq!(Config::bounds("registry.token_lifetime"), Some(&(60..=86_400)), "in seconds");
    assert_eq!(Config::bounds("tokens.max_lifetime").map(|bounds| *bounds.start()), Some(60));
    for unbounded in ["audit.registry_tokens", "server.listen", "tls.names", "tokens.nothing"] {
        assert_eq!(Config::bounds(unbounded), None, "{unbounded}");
    }
    let file = file("tokens.max_label = 64\naudit.registry_tokens = false");
    let environment = environment(&[("DOCKPASS_TOKENS_MAX_LABEL", "32")]);
    let overrides = [("server.workers", "2".to_owned())];
    let config = Config::load(Some(file.path()), environment, &overrides).unwrap().config;
    let keys = ["tokens.max_label", "audit.registry_tokens", "server.workers", "tokens.max_per_account"];
    let origins = [Origin::Environment, Origin::File, Origin::Flag, Origin::Default];
    assert_eq!(keys.map(|key| config.origin(key)), origins);
    assert_eq!(keys.map(|key| config.is_set(key)), [true, true, true, false]);
}

#[test]
fn the_public_url_is_the_one_that_is_set_or_the_bound_address() {
    let bound = "127.0.0.1:41234".parse().unwrap();
    let url = |text: &str| config(text).public_url(bound);
    assert_eq!(url("server.listen = \"127.0.0.1:0\""), "http://127.0.0.1:41234");
    assert_eq!(url("tls.self_signed = true"), "https://127.0.0.1:41234");
    assert_eq!(url("server.public_url = \"https://Registry.example.com:443\""), "https://registry.example.com");
    assert_eq!(config("").public_url("[::1]:80".parse().unwrap()), "http://[::1]");
}

#[test]
fn only_a_proxy_that_is_trusted_is_one() {
    let config = config(
        "server.behind_proxy = true\nserver.public_url = \"https://a\"\nserver.trusted_proxies = [\"10.0.0.0/8\", \"fd00::1\"]",
    );
    let is_trusted = |text: &str| config.is_trusted_proxy(text.parse().unwrap());
    assert!(is_trusted("10.9.8.7") && is_trusted("::ffff:10.9.8.7") && is_trusted("fd00::1"));
    assert!(!is_trusted("11.0.0.1") && !is_trusted("fd00::2") && !is_trusted("127.0.0.1"));
    let without = self::config("server.trusted_proxies = [\"10.0.0.0/8\"]");
    assert!(!without.is_trusted_proxy("10.0.0.1".parse().unwrap()));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_configuration_panic(text in "([a-z.]{1,12}( = )?[\\[\\]\"a-z0-9.]{0,12}\n){0,6}|.{0,80}") {
        let _ = load(&text);
    }
}

#[test]
fn a_file_and_a_list_have_a_bound() {
    let long = format!("# {}\n", "x".repeat(1024 * 1024));
    assert!(refusal(&long).contains("file too large"), "{}", refusal(&long));
    let list = |count: usize| {
        let networks: Vec<String> =
            (0..count).map(|number| format!("\"10.0.{}.{}\"", number / 256, number % 256)).collect();
        format!(
            "[server]\nbehind_proxy = true\npublic_url = \"https://pass.example.com\"\ntrusted_proxies = [{}]\n",
            networks.join(", ")
        )
    };
    assert!(load(&list(256)).is_ok());
    assert!(refusal(&list(257)).contains("server.trusted_proxies"), "{}", refusal(&list(257)));
}
