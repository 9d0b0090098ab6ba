//! The memory that a large encrypted backup takes, in the server and in the command that writes it: it streams, and neither holds
//! it.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Child, Stdio},
    thread,
};

use serde_json::json;

use super::backup::{RECIPIENT, alone, text};
use crate::support::{
    Dockpass, Setup,
    crowd::{peak_mib, resident_mib},
    exe::executable,
    process::background_command,
    site::socket_secret,
};

/// Repositories, each with the longest description.
const REPOSITORIES: usize = 2_400;
const DESCRIPTION: usize = 25_000;
/// The least that the backup has, and the most that either side may take more for it, in MiB: in the server that is sled's cache,
/// and what is between the two.
const LEAST: u64 = 56;
const MOST: u64 = 40;
const MIB: usize = 1 << 20;

/// Makes the repositories over a few connections, which share the syncs of the disk.
fn fill(dockpass: &Dockpass) {
    const CONNECTIONS: usize = 8;
    let socket = dockpass.data().join("dockpass.sock");
    let secret = socket_secret(&socket);
    let description = "many words ".repeat(DESCRIPTION / 11);
    let request = |number: usize| {
        let body = json!({ "name": format!("r{number}"), "longDescription": description.trim() }).to_string();
        format!(
            "POST /api/v0/repositories/admin HTTP/1.1\r\nHost: dockpass\r\n{secret}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    thread::scope(|scope| {
        for first in 0..CONNECTIONS {
            let (socket, request) = (&socket, &request);
            scope.spawn(move || {
                for number in (first..REPOSITORIES).step_by(CONNECTIONS) {
                    let mut stream = std::os::unix::net::UnixStream::connect(socket).expect("it listens");
                    stream.write_all(request(number).as_bytes()).expect("it is read");
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).expect("an answer");
                    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
                }
            });
        }
    });
}

/// Reads what the command writes, and writes it down; how much it was, and the most memory that the command has had before its
/// last MiB was read, until when it runs, both in MiB.
fn take(command: &mut Child, mut to: impl Write) -> (u64, u64) {
    let mut output = command.stdout.take().expect("piped");
    let (mut length, mut peak, mut piece) = (0, 0, vec![0; MIB]);
    loop {
        match output.read(&mut piece).expect("it is readable") {
            0 => return (length as u64 >> 20, peak),
            read => {
                // It is there for as long as something of it was not read, unless that fits into the pipe.
                peak = peak_mib(command.id()).unwrap_or(peak).max(peak);
                length += read;
                to.write_all(&piece[..read]).expect("it is written");
            }
        }
    }
}

/// An encrypted backup into this file; its size, and the most memory that the command has had, in MiB.
fn back_up(dockpass: &Dockpass, file: &Path) -> (u64, u64) {
    // Not by `cli_command`, whose `timeout` would be measured in its place.
    let mut backup = background_command(executable());
    backup.arg("--data-dir").arg(dockpass.data()).args(["backup", "-", "--recipient", RECIPIENT]);
    let mut child = backup.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let taken = take(&mut child, fs::File::create(file).expect("a file"));
    assert!(child.wait().expect("it ends").success());
    taken
}

#[test]
fn an_encrypted_backup_is_held_by_neither_the_server_nor_the_command_that_writes_it() {
    // Loud, sled writes down all rows of a page with each change of it: gigabytes.
    let environment = vec![("DOCKPASS_LOG", "info".to_owned())];
    let dockpass = Setup { environment, ..Setup::default() }.start();
    let places = tempfile::tempdir().expect("a directory");
    let file = places.path().join("dockpass.backup.age");
    let (_, least) = back_up(&dockpass, &file);
    assert!(least > 0, "the command was not seen");
    fill(&dockpass);
    // What it takes from now on, and not what it took for the repositories.
    fs::write(format!("/proc/{}/clear_refs", dockpass.pid()), "5").expect("its peak is forgotten");
    let before = resident_mib(dockpass.pid());
    let (size, of_command) = back_up(&dockpass, &file);
    let of_server = peak_mib(dockpass.pid()).expect("it runs") - before;
    let told = format!(
        "{size} MiB: {of_server} more than {before} MiB in the server, {of_command} in the command, and {least} for a small one"
    );
    println!("{told}");
    assert!(size >= LEAST && of_server <= MOST && of_command <= least + MOST, "{told}");
    alone(&["backup", "verify", text(&file)]).must_fail_with(&["encrypted with age"]);
}
