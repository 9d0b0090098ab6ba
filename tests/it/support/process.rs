//! Runs programs: to their end, with all their output, or in the background, with their output watched. A program
//! inherits only `PATH` from the tests' environment, and never outlives the tests.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write as _},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::traced;

/// The longest wait for anything. Nothing takes so long: this only ends a test that hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// A command with only `PATH` in its environment, which `timeout` ends if it hangs.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = clean(Command::new("timeout"));
    command.args(["--kill-after=5", &PATIENCE.as_secs().to_string()]).arg(program);
    command
}

/// A command for the background, with only `PATH` in its environment.
pub(crate) fn background_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = clean(Command::new(program));
    command.stdin(Stdio::null());
    command
}

/// A background command for a program that outlives a test, so that the next test can use it. It ends, with all that
/// it started, when its standard input closes, at the latest when this process ends, however that happens. Then its
/// directory is removed.
pub(crate) fn leashed_command(program: &str, directory: &Path) -> Command {
    let script = "\"$@\" & trap '' TERM; read -r _; kill -TERM 0; wait; until rm -rf \"$0\"; do :; done";
    let mut command = background_command("sh");
    command.arg("-c").arg(script).arg(directory).arg(program).stdin(Stdio::piped()).process_group(0);
    command
}

fn clean(mut command: Command) -> Command {
    command.env_clear().env("PATH", environment("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8");
    command
}

/// A variable of the tests' environment.
#[allow(clippy::disallowed_methods, reason = "the one place of the tests that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether the full counts are asked for, by `tests/run --long`.
pub(crate) fn is_long() -> bool {
    environment("DOCKPASS_LONG").is_some()
}

/// The output of a program that ran to its end.
#[derive(Debug)]
pub(crate) struct Run {
    command: String,
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs the command to its end, with `input` on its standard input.
    pub(crate) fn of(command: &mut Command, input: &str) -> Self {
        traced::given(command, input);
        let text = format!("{command:?}");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{text}: {error}"));
        // A program that does not read its input closes the pipe, which is no fault.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap_or_else(|error| panic!("{text}: {error}"));
        Self {
            command: text,
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The exit code; `None` if a signal ended the program.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Stops the test unless the program succeeded.
    pub(crate) fn must_succeed(self) -> Self {
        assert!(self.status.success(), "this should have worked:\n{}", self.describe());
        self
    }

    /// Stops the test unless the program failed and said one of these words on standard error, in any letter case.
    pub(crate) fn must_fail_with(self, words: &[&str]) -> Self {
        assert!(!self.status.success(), "this should have failed:\n{}", self.describe());
        let said = self.stderr.to_lowercase();
        let expected = words.iter().any(|word| said.contains(&word.to_lowercase()));
        assert!(expected, "this should have failed with one of {words:?}:\n{}", self.describe());
        self
    }

    /// The command and all its output, for the message of a failed assertion.
    pub(crate) fn describe(&self) -> String {
        format!("$ {}\n{}\nstdout: {}\nstderr: {}", self.command, self.status, self.stdout, self.stderr)
    }
}

/// A program in the background. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Background {
    name: String,
    child: Child,
    log: Arc<Mutex<String>>,
    lines: Receiver<String>,
}

impl Background {
    /// Starts the program and watches both its outputs.
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        traced::given(command, "");
        let trace = traced::make_loud(name, command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Arc::new(Mutex::new(format!("$ {command:?}\n")));
        let (sender, lines) = channel();
        watch("out", child.stdout.take().expect("piped"), &log, sender.clone(), None);
        watch("err", child.stderr.take().expect("piped"), &log, sender, trace);
        Self { name: name.to_owned(), child, log, lines }
    }

    /// Waits for the first line, of either output, from which `pick` returns something.
    pub(crate) fn wait_for<T>(&self, what: &str, pick: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("{} never said {what}:\n{}", self.name, self.log()));
            if let Some(picked) = pick(&line) {
                return picked;
            }
        }
    }

    /// Waits this long for a line of its output, or less if one comes.
    pub(crate) fn wait_for_a_line(&self, longest: Duration) {
        let _ = self.lines.recv_timeout(longest);
    }

    /// All output so far, each line marked with the stream that it came from.
    pub(crate) fn log(&self) -> String {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the process takes signals");
    }

    /// Waits until the program has ended by itself.
    pub(crate) fn wait_end(&mut self) -> ExitStatus {
        self.wait_end_within(PATIENCE)
    }

    /// Like `wait_end`, with another limit.
    pub(crate) fn wait_end_within(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        eventually_within(patience, &what, || self.child.try_wait().expect("a child can be waited for"))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A leashed program ends by itself when the pipe closes.
        if self.child.stdin.take().is_none() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of {}:\n{}---", self.name, self.log());
        }
    }
}

/// Copies each line to the log, and to a test that waits for lines; where there is a trace, all lines go there, and the usual
/// ones alone to the others.
fn watch(
    source: &'static str,
    pipe: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    lines: Sender<String>,
    trace: Option<File>,
) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let mut trace = trace.map(BufWriter::new);
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if let Some(trace) = &mut trace {
                let _ = writeln!(trace, "{line}");
                if !traced::is_usual(&line) {
                    continue;
                }
            }
            if let Ok(mut log) = log.lock() {
                let _ = writeln!(log, "{source}: {line}");
            }
            let _ = lines.send(line);
        }
    });
}

/// Asks again and again until there is an answer; stops the test if that takes too long.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, ask)
}

/// Like [`eventually`], with another limit.
#[expect(clippy::disallowed_methods, reason = "how long a test has waited; no clock of the server")]
pub(crate) fn eventually_within<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const PAUSE: Duration = Duration::from_millis(20);
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < patience, "it never came to this: {what}");
        thread::sleep(PAUSE);
    }
}
