//! Secrets as they come from the environment, files, pipes and real clients, with what stands unseen around them.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use crate::support::{
    Clients, Dockpass, Http, Registry, Setup,
    exe::{cli_command, executable, ready_address},
    process::{Background, Run, background_command},
};

const FIRST: &str = "sekret-admin-9";

/// What `echo`, editors and Windows make of a secret.
fn spoiled(secret: &str) -> [String; 4] {
    [format!("{secret}\n"), format!("{secret}\r\n"), format!("\u{feff}{secret}"), format!("\u{feff}{secret}\r\n\n")]
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_first_password_is_the_same_however_it_comes() {
    let signs_in = |server: &Dockpass| {
        server.http_as("admin", FIRST).get("/api/v0/api_tokens").must_be(200);
    };
    for password in spoiled(FIRST) {
        let environment = vec![("DOCKPASS_ADMIN_PASSWORD", password.clone())];
        signs_in(&Setup { environment, ..Setup::default() }.start());
        let credentials = tempfile::tempdir().expect("a temporary directory");
        fs::write(credentials.path().join("dockpass-admin-password"), &password).expect("a file");
        let environment = vec![("CREDENTIALS_DIRECTORY", credentials.path().display().to_string())];
        signs_in(&Setup { environment, ..Setup::default() }.start());
    }
}

#[test]
fn a_first_password_that_nobody_can_type_is_refused_with_the_reason() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("password");
    let start = |content: &[u8]| {
        fs::write(&file, content).expect("a file");
        let file = file.display().to_string();
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--admin-password-file", &file];
        cli_command(&home.path().join("data"), &arguments)
    };
    Run::of(&mut start(&utf16(&format!("\u{feff}{FIRST}\r\n"))), "").must_fail_with(&["UTF-16"]);
    Run::of(&mut start(&utf16(FIRST)), "").must_fail_with(&["UTF-16"]);
    Run::of(&mut start(b"sekret\tadmin-9\n"), "").must_fail_with(&["control characters"]);
    Run::of(&mut start(b"sekret-\xe4dmin-9\n"), "").must_fail_with(&["UTF-8"]);
    let mut latin = cli_command(&home.path().join("data"), &["serve", "--listen", "127.0.0.1:0"]);
    latin.env("DOCKPASS_ADMIN_PASSWORD", OsStr::from_bytes(b"sekret-\xe4dmin-9"));
    Run::of(&mut latin, "").must_fail_with(&["DOCKPASS_ADMIN_PASSWORD is not UTF-8"]);
    fs::write(&file, b"\xef\xbb\xbfsekret-admin-9\r\n").expect("a file");
    let mut serve = background_command(executable());
    serve.args(["serve", "--listen", "127.0.0.1:0", "--admin-password-file"]).arg(&file);
    let server = Background::start("dockpass", serve.arg("--data-dir").arg(home.path().join("data")));
    let address = server.wait_for("that it is ready", ready_address);
    let admin = Http::at(&format!("http://{address}")).basic("admin", FIRST);
    admin.get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn a_password_on_standard_input_loses_what_stands_around_it() {
    let dockpass = Dockpass::start();
    for (number, input) in spoiled("harbour oak 9 ").into_iter().enumerate() {
        let name = format!("user{number}");
        dockpass.cli_with(&["user", "create", &name, "--password-stdin"], &input).must_succeed();
        dockpass.http_as(&name, "harbour oak 9 ").get("/api/v0/repositories").must_be(200);
    }
    dockpass
        .cli_with(&["user", "create", "nul", "--password-stdin"], "har\0bour-oak\n")
        .must_fail_with(&["control characters"]);
    dockpass
        .cli_with(&["user", "create", "wide", "--password-stdin"], "h\0a\0r\0b\0o\0u\0r\0")
        .must_fail_with(&["UTF-16"]);
}

#[test]
fn clients_sign_in_with_what_shells_quote() {
    let dockpass = Dockpass::start();
    let registry = Registry::beside(&dockpass);
    for (number, password) in ["quote\"'`\\$HOME", "%41&=+?#/;,@ 9"].iter().enumerate() {
        let name = format!("odd{number}");
        dockpass.cli_with(&["user", "create", &name, "--password-stdin"], &format!("{password}\n")).must_succeed();
        let clients = Clients::new();
        clients.docker_login(&registry.address, &name, password).must_succeed();
        clients.podman_login(&registry.address, &name, password).must_succeed();
        clients.skopeo_login(&registry.address, &name, password).must_succeed();
    }
}
