//! nginx before dockpass and the registry, with what `dockpass registry config --for nginx` prints: one address for
//! clients, for browsers, and for what the registry tells dockpass. All of it is real: Debian's nginx and registry, and
//! the clients that people have.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    thread,
};

use serde_json::{Value, json};

use crate::support::{
    Clients, Dockpass, Http, Image, Setup, able,
    exe::{PASSWORD, cli_command},
    nginx::{Front, Nginx, checked},
    process::{Run, eventually},
    tls::SiteCertificate,
};

/// A computer that trusts the site's authority, and has signed in there.
fn clients_of(front: &Front, user: &str, secret: &str) -> Clients {
    let clients = Clients::with_tls();
    clients.trust(&front.authority, &front.certificate.authority());
    clients.skopeo_login(&front.authority, user, secret).must_succeed();
    clients
}

fn catalog(http: &Http) -> Value {
    http.get("/v2/_catalog").must_be(200).json()["repositories"].clone()
}

/// The addresses from which an object was changed, by the audit log, newest first.
fn addresses(dockpass: &Dockpass, object: &str) -> Vec<String> {
    let listed = dockpass.cli_json(&["audit", "list", "--object", object]);
    let records = listed["records"].as_array().expect("records").clone();
    records.iter().map(|record| record["address"].as_str().expect("an address").to_owned()).collect()
}

/// What is printed for a site at the usual port.
fn printed(more: &str) -> String {
    let server = "[server]\npublic_url = \"https://pass.example.com\"\nbehind_proxy = true\n\
                  trusted_proxies = [\"127.0.0.1\"]\n";
    let dockpass = Setup::config(format!("{server}{more}")).start();
    dockpass.cli(&["registry", "config", "--for", "nginx"]).must_succeed().stdout
}

#[test]
fn what_comes_without_tls_is_sent_to_it_and_stands_in_no_log() {
    let certificate = SiteCertificate::of("pass.example.com");
    let (nginx, plain) = Nginx::at_the_usual_ports(&printed(""), &certificate);
    let path = "/api/v0/repositories/a%2Fb?t=dkp_a-secret";
    let sent = Http::at(&format!("http://{plain}")).basic("alice", "dkp_a-secret").get(path).must_be(308);
    assert_eq!(sent.header("location"), Some(format!("https://pass.example.com{path}").as_str()));
    let logs = nginx.logs();
    assert!(logs.contains("GET /api/v0/repositories/") && !logs.contains("dkp_"), "{logs}");
}

#[test]
fn nginx_takes_the_printed_file_but_for_the_certificate() {
    let certificate = SiteCertificate::of("pass.example.com");
    let ca = certificate.authority();
    let tls =
        format!("[tls]\nself_signed = true\n[registry]\nurl = \"https://127.0.0.1:5443\"\nca = \"{}\"\n", ca.display());
    let [plain, everywhere] = ["", &tls].map(printed);
    assert!(everywhere.contains(&ca.display().to_string()), "{everywhere}");
    for printed in [&plain, &everywhere] {
        assert!(!printed.contains("unix:"), "the local socket is for this machine alone:\n{printed}");
        let run = checked(printed, &certificate);
        assert!(run.stderr.contains("syntax is ok") && !run.stderr.contains("[warn]"), "{}", run.describe());
        // Only root may take the ports of HTTP, and nginx tries to.
        if able::is_root("takes the ports of HTTP") {
            run.must_succeed();
        }
    }
    let broken = plain.replace("client_max_body_size 0;", "client_max_body_size;");
    checked(&broken, &certificate).must_fail_with(&["invalid number of arguments in \"client_max_body_size\""]);
}

/// The manual says never to do this. Whoever does it all the same gives nothing away: nginx runs as the owner of the
/// data directory, and adds no header that would tell what it is.
#[test]
fn a_proxy_of_the_owners_before_the_local_socket_makes_nobody_an_administrator() {
    let dockpass = Dockpass::start();
    let socket = dockpass.data().join("dockpass.sock");
    for server in [format!("unix:{}", socket.display()), format!("unix:{}:/", socket.display())] {
        let (_nginx, address) = Nginx::passing_everything_to(&server);
        let anybody = Http::at(&format!("http://{address}"));
        anybody.get("/_ping").must_be(200);
        for path in ["/enzi/v0/accounts", "/api/v0/audit", "/auth/token?service=dockpass"] {
            let answer = anybody.get(path).must_be(403);
            assert_eq!(answer.code(), "NOT_AUTHORIZED", "{}", answer.describe());
        }
        anybody.post("/enzi/v0/accounts", &json!({ "name": "eve", "password": PASSWORD })).must_be(403);
    }
    dockpass.cli(&["user", "show", "eve"]).must_fail_with(&["no such"]);
}

#[test]
fn written_files_can_be_read_by_those_who_need_them_also_without_a_server() {
    let config = "[server]\npublic_url = \"https://pass.example.com\"\nbehind_proxy = true\n\
                  trusted_proxies = [\"127.0.0.1\"]\n";
    let home = Setup::config(config).start().stop();
    let settings = home.path().join("config.toml").display().to_string();
    let write = |program: &str, file: &str| {
        let output = home.path().join(program);
        let place = output.display().to_string();
        let command = ["--config", &settings, "registry", "config", "--for", program, "--output", &place];
        Run::of(&mut cli_command(&home.path().join("data"), &command), "").must_succeed();
        fs::metadata(output.join(file)).expect("the file").permissions().mode() & 0o777
    };
    assert_eq!(write("nginx", "dockpass.conf"), 0o644);
    assert_eq!(write("distribution", "dockpass-ca.pem"), 0o644);
    assert_eq!(write("distribution", "config.yml"), 0o600, "it holds the secret of notifications");
}

#[test]
fn an_image_goes_through_nginx_and_back_and_the_registry_tells_of_it() {
    let mut front = Front::telling(Some("warn"), &["alice"]);
    let secret = front.pair.dockpass().add_token("alice", &[]).secret;
    let alice = clients_of(&front, "alice", &secret);
    alice.docker_login(&front.authority, "alice", &secret).must_succeed();
    alice.podman_login(&front.authority, "alice", &secret).must_succeed();
    alice.skopeo_login(&front.authority, "bob", &secret).must_be_refused();

    let image = Image::of_mebibytes(40);
    assert!(image.size > 40 * 1024 * 1024);
    alice.push(&image, &front.at("alice/app:1")).must_succeed();
    let back = Image::empty_layout();
    alice.pull_into(&front.at("alice/app:1"), &back).must_succeed();
    assert_eq!(back.digest(), image.digest);
    assert!(alice.tags(&front.at("alice/app")).must_succeed().stdout.contains("\"1\""));
    let logs = front.nginx.logs();
    assert!(!logs.contains("buffered to a temporary file"), "nothing of it goes by files of nginx:\n{logs}");

    // The registry reached dockpass by the same address.
    let tag = eventually("the push is told", || front.pair.dockpass().tag("alice/app", "1"));
    assert_eq!(tag["digest"], image.digest);
    alice.delete(&front.at("alice/app:1")).must_succeed();
    eventually("the deletion is told", || front.pair.dockpass().tag_names("alice/app").is_empty().then_some(()));

    // A sign-in says that the registry takes what dockpass gives; skopeo fails, too, but looks for a V1 registry then.
    front.pair.stop_registry();
    alice.docker_login(&front.authority, "alice", &secret).must_fail_with(&["502"]);
}

#[test]
fn an_upload_goes_on_where_clients_connect_whatever_they_say() {
    let front = Front::with_users(&["alice"]);
    let secret = front.pair.dockpass().add_token("alice", &[]).secret;
    let token = front.pair.dockpass().registry_token("alice", &secret, &["repository:alice/app:push"]);
    let begun = |http: Http| {
        let answer = http.bearer(&token).send("POST", "/v2/alice/app/blobs/uploads/").must_be(202);
        answer.header("location").expect("a place").to_owned()
    };
    let place = format!("https://{}/v2/alice/app/blobs/uploads/", front.authority);
    // As many as a registry token has room for, asked for by nginx as well.
    let scopes =
        (0..1_000).fold(String::new(), |all, number| format!("{all}&scope=repository:alice/app-{number}:push"));
    let asked = front.http().basic("alice", &secret).get(&format!("/auth/token?service=dockpass{scopes}")).must_be(200);
    let long = asked.text("/token");
    assert!((40 * 1024..=48 * 1024).contains(&long.len()), "{} bytes", long.len());
    front.http().bearer(&long).get("/v2/alice/app-99/tags/list").must_be_refused(404, "NAME_UNKNOWN");
    front.http().bearer(&long).get("/v2/").must_be(200);

    assert!(begun(front.http()).starts_with(&place));
    for (name, value) in [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "http"),
        ("Forwarded", "proto=http;host=evil.example"),
    ] {
        let told = begun(front.http().header(name, value));
        assert!(told.starts_with(&place), "{name}: {told}");
    }
}

#[test]
fn the_catalogue_and_the_searches_show_each_caller_what_it_may_see() {
    let front = Front::with_users(&["alice", "bob"]);
    let dockpass = front.pair.dockpass();
    let secrets = ["alice", "bob"].map(|name| dockpass.add_token(name, &[]).secret);
    let [alice, bob] = [0, 1].map(|place| clients_of(&front, ["alice", "bob"][place], &secrets[place]));
    alice.push(&Image::holding("of alice"), &front.at("alice/app")).must_succeed();
    bob.push(&Image::holding("of bob"), &front.at("bob/app")).must_succeed();

    let admin = dockpass.http_as_admin();
    assert_eq!(catalog(&front.http().basic("alice", &secrets[0])), json!(["alice/app"]));
    let everything = front.http().basic("admin", &dockpass.admin_password());
    assert_eq!(catalog(&everything), json!(["alice/app", "bob/app"]));
    assert_eq!(catalog(&admin), catalog(&everything), "the same as at dockpass itself");
    // What clients bring is a registry token, that for the catalogue or one for nothing in particular.
    for scopes in [&["registry:catalog:*"][..], &[]] {
        let token = dockpass.registry_token("bob", &secrets[1], scopes);
        assert_eq!(catalog(&front.http().bearer(&token)), json!(["bob/app"]), "{scopes:?}");
    }
    let challenge = front.http().get("/v2/_catalog").must_be(401);
    let realm = format!("Bearer realm=\"https://{}/auth/token\",service=\"dockpass\"", front.authority);
    for path in ["/v2/", "/v2/alice/app/tags/list"] {
        let challenge = front.http().get(path).must_be(401);
        assert!(challenge.header("www-authenticate").is_some_and(|told| told.starts_with(&realm)), "{realm}");
    }
    assert!(challenge.header("www-authenticate").is_some_and(|told| told.starts_with(&realm)), "{realm}");

    let found = |clients: &Clients| {
        let options = ["--format", "{{.Name}}"];
        clients.podman_search(&options, &front.at("app")).must_succeed().stdout.trim().to_owned()
    };
    let podman = Clients::with_tls();
    podman.trust(&front.authority, &front.certificate.authority());
    assert_eq!(found(&podman), "", "nothing is public");
    podman.podman_login(&front.authority, "alice", &secrets[0]).must_succeed();
    assert_eq!(found(&podman), front.at("alice/app"));
    let by_docker = front.http().basic("bob", &secrets[1]).get("/v1/search?q=app&n=25").must_be(200);
    assert_eq!(by_docker.text("/results/0/name"), "bob/app");
    assert_eq!(by_docker.json()["num_results"], 1);
}

#[test]
fn pages_sign_in_and_paths_pass_unchanged() {
    let front = Front::with_users(&[]);
    front.pair.dockpass().add_user("alice");
    let page = front.http().get("/").must_be(200);
    assert!(page.body.contains("<html") && page.header("strict-transport-security").is_some(), "{}", page.describe());
    assert_eq!(page.header("server"), Some("nginx"), "without its version");

    let sign_in = json!({ "username": "alice", "password": PASSWORD });
    let browser = front.http().header("Origin", &format!("https://{}", front.authority));
    let opened = browser.post("/api/v0/session", &sign_in).must_be(200);
    let set = opened.header("set-cookie").expect("a cookie").to_owned();
    assert!(set.starts_with("__Host-") && set.contains("; Secure") && set.contains("HttpOnly"), "{set}");
    let foreign = front.http().header("Origin", &format!("http://{}", front.authority));
    foreign.post("/api/v0/session", &sign_in).must_be_refused(403, "NOT_AUTHORIZED");
    let alice = browser.header("Cookie", set.split(';').next().expect("its value"));
    assert_eq!(alice.get("/api/v0/session").must_be(200).text("/username"), "alice");

    alice.post("/api/v0/repositories/alice", &json!({ "name": "tools/lint" })).must_be(201);
    assert_eq!(alice.get("/api/v0/repositories/alice/tools%2Flint").must_be(200).text("/name"), "tools/lint");
    alice.get("/api/v0/repositories/alice%2Ftools%2Flint").must_be(400);
    // Where it is read, a slash may come as it is; an encoded one must stay encoded on its way.
    assert_eq!(alice.get("/api/v0/repositories/alice/tools/lint").must_be(200).text("/name"), "tools/lint");
    alice.delete("/api/v0/repositories/alice/tools/lint").must_be(404);
    // What dockpass refuses for its size, it refuses in its own words.
    let large = json!({ "name": "a".repeat(90_000) });
    alice.post("/api/v0/repositories/alice", &large).must_be_refused(413, "REQUEST_TOO_LARGE");
}

/// The head of the one request that comes to this address.
pub(super) fn heard(listener: TcpListener) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let (mut head, mut lines) = (String::new(), BufReader::new(stream));
        while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
        lines.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("an answer");
        head
    })
}

#[test]
fn the_registry_gets_no_session_of_the_pages() {
    let mut front = Front::with_users(&[]);
    front.pair.stop_registry();
    let listener = eventually("the registry's place is free", || TcpListener::bind(front.pair.registry_address()).ok());
    let registry = heard(listener);
    let cookie = "__Host-dockpass=dks_a-secret-of-a-session";
    front.http().header("Cookie", cookie).bearer("a.registry.token").get("/v2/alice/app/tags/list").must_be(204);
    let head = registry.join().expect("it was asked").to_ascii_lowercase();
    assert!(head.contains("authorization: bearer a.registry.token"), "{head}");
    assert!(!head.contains("cookie") && !head.contains("dks_"), "{head}");
}

#[test]
fn the_client_is_who_nginx_sees_and_no_log_of_nginx_has_a_secret() {
    let mut front = Front::with_users(&[]);
    let dockpass = front.pair.dockpass();
    dockpass.add_user("alice");
    let forged = ["X-Forwarded-For", "X-Real-IP", "Forwarded"];
    let from = |address: &str| {
        forged.iter().fold(front.http().from(address), |http, name| {
            let value = if *name == "Forwarded" { "for=198.51.100.7" } else { "198.51.100.7" };
            http.header(name, value)
        })
    };
    // The second one is a trusted address: what a program there says of others does not count either.
    for (number, address) in ["127.0.0.9", "127.0.0.1"].into_iter().enumerate() {
        let name = format!("robot{number}");
        let body = json!({ "name": name, "isOrg": false });
        let admin = from(address).basic("admin", &dockpass.admin_password());
        admin.post("/enzi/v0/accounts", &body).must_be(201);
        assert_eq!(addresses(dockpass, &name), [address]);
    }
    // The local administrator is nobody whom a header could name.
    front.http().header("X-Forwarded-For", "").get("/api/v0/audit").must_be(401);

    let secret = dockpass.add_token("alice", &[]).secret;
    let registry_token = dockpass.registry_token("alice", &secret, &["repository:alice/app:push"]);
    let alice = front.http().basic("alice", &secret);
    alice.get(&format!("/auth/token?service=dockpass&password={secret}")).must_be(200);
    alice.header("Referer", &format!("https://a.example/?t={secret}")).get("/api/v0/repositories").must_be(200);
    front.http().basic(&secret, "x-oauth-basic").get("/api/v0/repositories").must_be(401);
    front.http().bearer(&registry_token).get("/v2/alice/app/tags/list").must_be_one_of(&[200, 404]);
    front.http().header("Cookie", "__Host-dockpass=dks_a-secret-of-a-session").get("/api/v0/session").must_be(401);
    let form = [("grant_type", "password"), ("service", "dockpass"), ("username", "alice"), ("password", &*secret)];
    front.http().post_form("/auth/token", &form).must_be(200);
    let hidden = [secret.clone(), registry_token, "dks_a-secret-of-a-session".to_owned(), dockpass.admin_password()];
    // What goes wrong behind nginx is told in another log.
    front.pair.stop_registry();
    let referred = front.http().header("Referer", &format!("https://a.example/?t={secret}"));
    referred.get(&format!("/v2/?access_token={secret}")).must_be(502);
    let logs = front.nginx.logs();
    assert!(logs.contains("\"GET /auth/token HTTP/1.1\" 200 ") && logs.contains("127.0.0.9 "), "{logs}");
    assert!(logs.contains("\"GET /v2/ HTTP/1.1\" 502 "), "{logs}");
    for text in hidden {
        assert!(!logs.contains(&text), "{logs}");
    }
}

#[test]
fn as_many_scopes_pass_nginx_as_dockpass_reads() {
    let front = Front::with_users(&["alice"]);
    let secret = front.pair.dockpass().add_token("alice", &[]).secret;
    let http = front.http().basic("alice", &secret);
    let scopes = |count: usize| {
        let scope = |number| format!("repository:alice/{:a>120}/{:b>128}:pull", "", number);
        (0..count).map(scope).collect::<Vec<_>>()
    };
    let asked = |count| http.get(&format!("/auth/token?service=dockpass&scope={}", scopes(count).join("+")));
    asked(230).must_be(200);
    assert_eq!(asked(340).must_be(414).code(), "URI_TOO_LONG");
    // In four parts: one argument of a process has an end.
    let parts: Vec<String> = scopes(1_000).chunks(250).map(|part| part.join(" ")).collect();
    let mut form =
        vec![("grant_type", "password"), ("service", "dockpass"), ("username", "alice"), ("password", &secret)];
    form.extend(parts.iter().map(|part| ("scope", part.as_str())));
    front.http().post_form("/auth/token", &form).must_be(200);
}
