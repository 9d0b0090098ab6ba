//! The server on a terminal of its own, which `script` makes.

use std::{fs, path::Path, process::Command};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    exe::{executable, ready_address},
    process::{Background, background_command, command, eventually},
};

/// A command line of a shell on a terminal of its own, whose input is what somebody types there.
pub(crate) fn on_terminal(line: &str) -> Command {
    scripted(command("script"), line)
}

fn scripted(mut script: Command, line: &str) -> Command {
    script.args(["--quiet", "--return", "--flush", "--command", line, "/dev/null"]).env("TERM", "dumb");
    script
}

/// A first start on a terminal. Ended on drop, with all that `script` leaves behind.
#[derive(Debug)]
pub(crate) struct Terminal {
    script: Background,
    server: Option<Pid>,
}

impl Terminal {
    /// Starts the server as somebody types it, with this data directory, and waits until it is ready; returns its
    /// address, too.
    pub(crate) fn start(data: &Path) -> (Self, String) {
        // `exec`, because ending a shell in between would leave the server behind.
        let typed = format!("exec {} --data-dir {} --listen 127.0.0.1:0", executable().display(), data.display());
        let mut script = scripted(background_command("script"), &typed);
        let mut terminal = Self { script: Background::start("dockpass on a terminal", &mut script), server: None };
        terminal.server = Some(eventually("the server runs", || terminal.child()));
        let address = terminal.script.wait_for("that it is ready", |line| ready_address(line.trim_end()));
        (terminal, address)
    }

    /// The process that `script` has started.
    fn child(&self) -> Option<Pid> {
        let pid = self.script.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok().and_then(Pid::from_raw)
    }

    /// Everything that was printed on the terminal so far.
    pub(crate) fn log(&self) -> String {
        self.script.log()
    }

    /// Ends the server itself and waits for it: if `script` were ended instead, it would not report the server's
    /// exit.
    pub(crate) fn end(mut self) {
        let server = self.server.take().expect("it runs");
        kill_process(server, Signal::TERM).expect("the server takes signals");
        let status = self.script.wait_end();
        assert!(status.success(), "it ends well, not with {status}:\n{}", self.script.log());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(server) = self.server {
            let _ = kill_process(server, Signal::KILL);
        }
    }
}
