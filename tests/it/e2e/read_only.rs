//! A data directory that cannot be written when the server starts, by its file system or by its mode: the start is refused with
//! what mends it, and once that is done everything is there. One that is made read-only under a server is in `failing_disk`.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use rustix::process::Signal;

use crate::support::{
    Dockpass, Http,
    able::{self, SmallDisk},
    exe::{PASSWORD, cli_command, executable, ready_address},
    process::{Background, Run, background_command, command},
};

const NOBODY: u32 = 65_534;

fn serve(mut command: Command, data: &Path) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    command
}

/// Runs a server there, and does this work at its address.
fn with_server(data: &Path, work: impl FnOnce(&Http)) {
    let mut server = Background::start("dockpass", &mut serve(background_command(executable()), data));
    let address = server.wait_for("that it is ready", ready_address);
    work(&Http::at(&format!("http://{address}")));
    server.signal(Signal::TERM);
    assert!(server.wait_end().success(), "{}", server.log());
}

fn must_be_refused(run: &Run, words: &[&str]) {
    assert_eq!(run.code(), Some(1), "{}", run.describe());
    for word in words {
        assert!(run.stderr.contains(word), "{word}:\n{}", run.describe());
    }
    assert!(!run.stderr.contains("panicked"), "{}", run.describe());
}

#[test]
fn on_a_read_only_file_system_it_does_not_start_and_nothing_is_lost_there() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let data = disk.data();
    let refused = |arguments: &[&str]| {
        let run = Run::of(&mut cli_command(&data, arguments), "");
        must_be_refused(&run, &["Read-only file system", "name a directory that can be written, with --data-dir"]);
    };
    disk.be_read_only(true);
    refused(&["serve", "--listen", "127.0.0.1:0"]);
    disk.be_read_only(false);
    assert!(!data.exists());
    with_server(&data, |_| {
        let mut create = cli_command(&data, &["user", "create", "alice", "--password-stdin"]);
        Run::of(&mut create, PASSWORD).must_succeed();
    });
    disk.be_read_only(true);
    refused(&["serve", "--listen", "127.0.0.1:0"]);
    // Without a server, a command would open the store itself.
    refused(&["user", "list"]);
    disk.be_read_only(false);
    with_server(&data, |http| drop(http.basic("alice", PASSWORD).get("/api/v0/api_tokens").must_be(200)));
}

#[test]
fn in_a_directory_that_its_user_may_only_read_it_does_not_start_and_says_which_command_mends_that() {
    if !able::is_root("starts a server as another user") {
        return;
    }
    let home = Dockpass::start().stop();
    let data = home.path().join("data");
    let program = home.path().join("dockpass");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    Run::of(command("install").args(["-m", "755"]).arg(executable()).arg(&program), "").must_succeed();
    Run::of(command("chown").args(["-R", &NOBODY.to_string()]).arg(&data), "").must_succeed();
    for (place, modes) in [("", [0o500, 0o700]), ("store/db", [0o400, 0o600])] {
        let path = data.join(place);
        let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("root may");
        set_mode(modes[0]);
        let mut as_nobody = serve(command(&program), &data);
        let run = Run::of(as_nobody.uid(NOBODY).gid(NOBODY), "");
        must_be_refused(&run, &["Permission denied", "chmod", " u+rw"]);
        set_mode(modes[1]);
    }
    Run::of(command("chown").args(["-R", "0"]).arg(&data), "").must_succeed();
    chown(&data, Some(0), None).expect("root takes it back");
    with_server(&data, |http| drop(http.get("/_ping").must_be(200)));
}
