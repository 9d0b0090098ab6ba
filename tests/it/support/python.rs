//! Third-party clients in Python: oras-py and crpy, in the virtual environment that `tests/run` makes from
//! `tests/fixtures/python-clients.txt`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    clients::Clients,
    process::{Run, command, environment},
};

/// A program of a virtual environment, from the path that `tests/run` gives in this variable, else from where `tests/run`
/// always puts it.
fn program(variable: &str, place: &str) -> PathBuf {
    let made = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(place);
    let program = environment(variable).map_or_else(made, PathBuf::from);
    assert!(
        program.exists(),
        "no {}: `tests/run --install-only` makes it; {variable} names another",
        program.display()
    );
    program
}

/// The interpreter that has oras and crpy.
fn interpreter() -> PathBuf {
    program("DOCKPASS_TEST_PYTHON", "python-clients/bin/python")
}

/// Schemathesis, from `tests/fixtures/api-fuzzer.txt`.
pub(crate) fn api_fuzzer() -> PathBuf {
    program("DOCKPASS_TEST_API_FUZZER", "api-fuzzer/bin/schemathesis")
}

/// Holds JSON against a schema of `SchemaStore`. It fails with what does not fit.
pub(crate) fn held_against(schema: &str, json: &Value) -> Run {
    let mut python = command(interpreter());
    Run::of(python.args(["-c", include_str!("schema_store.py"), schema]), &json.to_string())
}

impl Clients {
    /// `crpy ARGUMENTS`.
    pub(crate) fn crpy(&self, arguments: &[&str], input: &str) -> Run {
        // crpy reads the password from the terminal if there is one, else from standard input.
        let mut crpy = self.client("setsid");
        crpy.arg("--wait").arg(interpreter()).args(["-m", "crpy.cmd"]).args(arguments);
        // crpy wraps its lines at the width of the terminal.
        Run::of(crpy.env("COLUMNS", "1000"), input)
    }

    /// `crpy login`.
    pub(crate) fn crpy_login(&self, host: &str, user: &str, secret: &str) -> Run {
        self.crpy(&["login", &format!("http://{host}"), "--username", user], &format!("{secret}\n"))
    }

    /// A step of `oras_client.py` with oras-py; `signed_in` is a user name and a secret.
    pub(crate) fn oras(&self, registry: &str, step: &str, name: &str, signed_in: Option<(&str, &str)>) -> Run {
        let (username, secret) = signed_in.unzip();
        let input = json!({
            "registry": registry, "step": step, "name": name, "username": username, "secret": secret,
        });
        let mut oras = self.client(interpreter());
        Run::of(oras.args(["-c", include_str!("oras_client.py")]), &input.to_string())
    }
}

impl Run {
    /// The JSON output of a client, which must have succeeded.
    pub(crate) fn json(self) -> Value {
        let run = self.must_succeed();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", run.describe()))
    }
}
