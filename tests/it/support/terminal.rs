//! The server on a terminal of its own: `script` makes one.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    exe::{executable, ready_address},
    process::{Background, background_command, eventually},
};

/// A first start on a terminal. Ended on drop, with all that `script` leaves behind.
#[derive(Debug)]
pub(crate) struct Terminal {
    script: Background,
    server: Option<Pid>,
}

impl Terminal {
    /// Starts the server as somebody types it, with this data directory, and waits until it is ready; its address.
    pub(crate) fn start(data: &Path) -> (Self, String) {
        // With a shell in between, ending it would leave the server behind.
        let typed = format!("exec {} --data-dir {} --listen 127.0.0.1:0", executable().display(), data.display());
        let mut script = background_command("script");
        script.args(["--quiet", "--return", "--flush", "--command", &typed, "/dev/null"]).env("TERM", "dumb");
        let mut terminal = Self { script: Background::start("dockpass on a terminal", &mut script), server: None };
        terminal.server = Some(eventually("the server runs", || terminal.child()));
        let address = terminal.script.wait_for("that it is ready", |line| ready_address(line.trim_end()));
        (terminal, address)
    }

    /// What `script` has started.
    fn child(&self) -> Option<Pid> {
        let pid = self.script.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok().and_then(Pid::from_raw)
    }

    /// Everything that stood on the terminal so far.
    pub(crate) fn log(&self) -> String {
        self.script.log()
    }

    /// Ends the server itself, and waits for it: `script`, if ended instead, does not say what became of it.
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
