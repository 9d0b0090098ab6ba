//! A receiver of webhooks, in Python's standard library (`webhook_receiver.py`), which checks signatures as receivers do.

use std::{fs, net::SocketAddr};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    pair::addresses,
    process::{Background, background_command, eventually},
    tls::SiteCertificate,
};

/// What signs: 32 bytes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\n";

/// The receiver. Ended on drop.
#[derive(Debug)]
pub(crate) struct Webhook {
    process: Option<Background>,
    directory: TempDir,
    address: SocketAddr,
    certificate: Option<SiteCertificate>,
}

impl Webhook {
    /// One that runs, on loopback.
    pub(crate) fn start() -> Self {
        let mut webhook = Self::stopped(None);
        webhook.start_again();
        webhook
    }

    /// One that speaks TLS, with a certificate of an authority of its own.
    pub(crate) fn over_tls() -> Self {
        let [address, _] = addresses();
        let certificate = SiteCertificate::of(&address.ip().to_string());
        let mut webhook = Self { address, ..Self::stopped(Some(certificate)) };
        webhook.start_again();
        webhook
    }

    fn stopped(certificate: Option<SiteCertificate>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("secret"), SECRET).expect("the secret can be written");
        let [address, _] = addresses();
        Self { process: None, directory, address, certificate }
    }

    /// Starts it at its address.
    pub(crate) fn start_again(&mut self) {
        let mut python = background_command("python3");
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/webhook_receiver.py"));
        python.arg(self.directory.path()).arg(self.address.to_string());
        if let Some(certificate) = &self.certificate {
            python.arg(certificate.certificate()).arg(certificate.key());
        }
        let process = Background::start("the webhook", &mut python);
        process.wait_for("that it listens", |line| line.contains("listening").then_some(()));
        self.process = Some(process);
    }

    /// Kills it in the middle of its work.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.signal(Signal::KILL);
        process.wait_end();
    }

    /// The keys of the configuration for it, in the section `audit`.
    pub(crate) fn keys(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let (address, secret) = (self.address, self.directory.path().join("secret"));
        format!(
            "webhook_url = \"{scheme}://{address}/in/s3cret-path\"\nwebhook_secret_file = \"{}\"\n",
            secret.display()
        )
    }

    /// The key that has its authority trusted.
    pub(crate) fn ca(&self) -> String {
        let certificate = self.certificate.as_ref().expect("it speaks TLS");
        format!("webhook_ca = \"{}\"\n", certificate.authority().display())
    }

    /// Has it answer with this status, and take nothing; or take everything again.
    pub(crate) fn answer(&self, status: Option<u16>) {
        let file = self.directory.path().join("answer");
        match status {
            Some(status) => fs::write(file, status.to_string()).expect("it can be written"),
            None => fs::remove_file(file).expect("it was there"),
        }
    }

    /// How often it has refused.
    pub(crate) fn refusals(&self) -> usize {
        self.lines("refused").len()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.directory.path().join(name)).unwrap_or_default();
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(|line| line.trim_end().to_owned()).collect()
    }

    /// What it has taken so far, in order. Nothing was signed wrongly.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.lines("wrong"), Vec::<String>::new());
        self.lines("taken").iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Waits until every record up to this number has come; returns all events.
    pub(crate) fn has_all_up_to(&self, last: u64) -> Vec<Value> {
        eventually(&format!("all records up to {last}"), || {
            let events = self.events();
            let came: std::collections::BTreeSet<u64> = events.iter().filter_map(seq).collect();
            (1..=last).all(|seq| came.contains(&seq)).then_some(events)
        })
    }
}

/// The number of the record that an event has.
pub(crate) fn seq(event: &Value) -> Option<u64> {
    event["data"]["seq"].as_u64()
}
