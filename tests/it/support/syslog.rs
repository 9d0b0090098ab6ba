//! Debian's `rsyslog` as a server that takes messages over UDP, TCP or TLS, and writes what it has understood into a file.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    pair::addresses,
    process::{Background, background_command, eventually},
    tls::SiteCertificate,
};

/// A message as rsyslog has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) priority: String,
    pub(crate) program: String,
    pub(crate) act: String,
    pub(crate) data: String,
    pub(crate) text: String,
}

impl Message {
    /// A value of its structured data, as it stands there.
    pub(crate) fn value(&self, name: &str) -> &str {
        let (_, rest) = self.data.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {self:?}"));
        rest.split_once('"').map_or(rest, |(value, _)| value)
    }

    /// The number of its record; none for a message about something else.
    pub(crate) fn seq(&self) -> Option<u64> {
        self.data.contains(" seq=\"").then(|| self.value("seq").parse().expect("a number"))
    }
}

/// A running rsyslog. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Rsyslog {
    process: Option<Background>,
    directory: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) certificate: SiteCertificate,
    transport: &'static str,
}

impl Rsyslog {
    /// A server for this transport: `udp`, `tcp` or `tls`.
    pub(crate) fn over(transport: &'static str) -> Self {
        let mut server = Self::stopped(transport);
        server.start();
        server
    }

    /// The same, which does not run yet.
    pub(crate) fn stopped(transport: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let [address, _] = addresses();
        let certificate = SiteCertificate::of(&address.ip().to_string());
        Self { process: None, directory, address, certificate, transport }
    }

    /// Starts it, again or for the first time.
    pub(crate) fn start(&mut self) {
        let file = self.directory.path().join("rsyslog.conf");
        fs::write(&file, self.configuration()).expect("the configuration can be written");
        let mut rsyslog = background_command("rsyslogd");
        rsyslog.arg("-n").arg("-f").arg(&file).arg("-i").arg(self.directory.path().join("pid"));
        self.process = Some(Background::start("rsyslog", &mut rsyslog));
        // Over UDP nobody can tell; it listens to both at the same time.
        eventually("rsyslog listens", || TcpStream::connect(self.address).ok());
    }

    /// Kills it in the middle of its work.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.signal(Signal::KILL);
        process.wait_end();
    }

    /// What `audit.syslog` says of it, with the key of its authority.
    pub(crate) fn keys(&self) -> String {
        let url = format!("syslog = \"{}://{}\"\n", self.transport, self.address);
        let ca = format!("syslog_ca = \"{}\"\n", self.certificate.authority().display());
        if self.transport == "tls" { url + &ca } else { url }
    }

    fn configuration(&self) -> String {
        let Self { address, certificate, directory, transport, .. } = self;
        let (ip, port, place) = (address.ip(), address.port(), directory.path().display());
        let path = |path: &Path| path.display().to_string();
        let (tls, listener) = if *transport == "tls" {
            let tls = format!(
                "defaultNetstreamDriverCAFile=\"{}\" defaultNetstreamDriverCertFile=\"{}\" defaultNetstreamDriverKeyFile=\"{}\"",
                path(&certificate.authority()),
                path(&certificate.certificate()),
                path(&certificate.key()),
            );
            (tls, "streamdriver.name=\"ossl\" streamdriver.mode=\"1\" streamdriver.authmode=\"anon\"")
        } else {
            (String::new(), "")
        };
        let field = |name: &str| format!("property(name=\"{name}\") constant(value=\"\\t\") ");
        let fields: String = ["pri", "app-name", "msgid", "structured-data"].map(field).concat();
        format!(
            "global(workDirectory=\"{place}\" net.enableDNS=\"off\" maxMessageSize=\"64k\" {tls})\n\
             module(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
             template(name=\"whole\" type=\"list\") {{ {fields} property(name=\"msg\") constant(value=\"\\n\") }}\n\
             input(type=\"imudp\" address=\"{ip}\" port=\"{port}\")\n\
             input(type=\"imtcp\" address=\"{ip}\" port=\"{port}\" {listener})\n\
             action(type=\"omfile\" file=\"{place}/received\" template=\"whole\")\n"
        )
    }

    /// What has come so far, in order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let text = fs::read_to_string(self.directory.path().join("received")).unwrap_or_default();
        // The last line may be half written, and one may have been cut by a kill.
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let read = |line: &str| {
            let mut parts = line.trim_end_matches('\n').splitn(5, '\t').map(str::to_owned);
            let [priority, program, act, data, text] = [(); 5].map(|()| parts.next());
            Some(Message { priority: priority?, program: program?, act: act?, data: data?, text: text? })
        };
        whole.filter_map(read).filter(|message| message.program == "dockpass").collect()
    }

    /// Waits until every record up to this number has come; returns all messages.
    pub(crate) fn has_all_up_to(&self, last: u64) -> Vec<Message> {
        eventually(&format!("all records up to {last}"), || {
            let messages = self.messages();
            let came: std::collections::BTreeSet<u64> = messages.iter().filter_map(Message::seq).collect();
            (1..=last).all(|seq| came.contains(&seq)).then_some(messages)
        })
    }
}
