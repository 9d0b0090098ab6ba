//! The log on standard error: time, level, target, message and fields. Each record is one line, whatever it holds, for people
//! or as a JSON object. A line that is written for a request names its id.

use std::fmt::Write as _;
use std::io::Write;

use env_logger::Builder;
use log::Record;
use log::kv::{Error, Key, Value, VisitSource};

use crate::cli::arguments::Arguments;
use crate::cli::screen::{Console, shown};
use crate::config::LogFormat;
use crate::correlation;
use crate::domain::text::is_invisible;
use crate::domain::time::{Clock, Timestamp};

/// The field with the id of a request.
const REQUEST: &str = "request";

/// The server's default filter. `actix_http` is off because malformed requests are the client's affair: docker tries
/// TLS on a plain port at every sign-in.
const SERVER: &str = "warn,actix_http=off,dockpass=info";

/// Starts the log. `-v` sets its level, else the filter of `env_logger` in `DOCKPASS_LOG`, else that in `RUST_LOG`.
/// By default the server logs what it does, and a command only warnings and errors.
pub fn start(arguments: &Arguments, console: &Console) {
    let filter = filter(arguments, console);
    let (clock, form) = (Clock::system(), console.log_form.clone());
    let written = Builder::new()
        .parse_filters(&filter)
        .format(move |out, record| {
            let id = correlation::current().map(|current| current.id.to_string());
            let line = Line::of(record, clock.now(), id);
            match form.get() {
                LogFormat::Text => writeln!(out, "{}", line.text()),
                LogFormat::Json => writeln!(out, "{}", line.json()),
            }
        })
        .try_init();
    if let Err(error) = written {
        log::warn!("{error}");
    }
}

/// What a field has.
enum Held {
    Text(String),
    Number(u64),
}

/// A line before it is written.
struct Line {
    time: Timestamp,
    level: log::Level,
    target: String,
    message: String,
    /// In the order in which they are written; what is empty is left out.
    fields: Vec<(String, Held)>,
}

impl Line {
    /// The line of a record; `id` is that of the request that it is written for.
    fn of(record: &Record<'_>, time: Timestamp, id: Option<String>) -> Self {
        let mut fields = Fields(Vec::new());
        // Ours never fail.
        let _ = record.key_values().visit(&mut fields);
        let mut fields = fields.0;
        if let Some(id) = id.filter(|_| fields.iter().all(|(name, _)| name != REQUEST)) {
            fields.push((REQUEST.to_owned(), Held::Text(id)));
        }
        let (target, message) = (record.target().to_owned(), record.args().to_string());
        Self { time, level: record.level(), target, message, fields }
    }

    /// For people: values that are not plain words stand in quotes.
    fn text(&self) -> String {
        let Self { time, level, target, message, fields } = self;
        let mut line = format!("{} {level} {target} {message}", time.in_millis());
        for (name, held) in fields {
            // Writing to a text does not fail.
            let _ = match held {
                Held::Number(number) => write!(line, " {name}={number}"),
                Held::Text(text) if is_word(text) => write!(line, " {name}={text}"),
                Held::Text(text) => write!(line, " {name}={text:?}"),
            };
        }
        shown::plain(&line)
    }

    /// For programs: one object, in which every character that no text shows is escaped.
    fn json(&self) -> String {
        let Self { time, level, target, message, fields } = self;
        let (time, level) = (time.in_millis(), level.to_string());
        let own = [("time", &time), ("level", &level), ("target", target), ("message", message)];
        let own = own.map(|(name, text)| format!("{}:{}", quoted(name), quoted(text)));
        let more = fields.iter().map(|(name, held)| match held {
            Held::Text(text) => format!("{}:{}", quoted(name), quoted(text)),
            Held::Number(number) => format!("{}:{number}", quoted(name)),
        });
        format!("{{{}}}", own.into_iter().chain(more).collect::<Vec<_>>().join(","))
    }
}

/// Whether a value needs no quotes to be told from what stands beside it.
fn is_word(text: &str) -> bool {
    let is_part = |letter: char| !letter.is_whitespace() && !letter.is_control() && !matches!(letter, '"' | '\\');
    text.chars().all(is_part)
}

/// A text in JSON.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let mut line = String::with_capacity(quoted.len());
    for letter in quoted.chars() {
        if letter.is_control() || is_invisible(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a text does not fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(letter);
        }
    }
    line
}

/// Gathers the fields of a record.
struct Fields(Vec<(String, Held)>);

impl<'r> VisitSource<'r> for Fields {
    fn visit_pair(&mut self, key: Key<'r>, value: Value<'r>) -> Result<(), Error> {
        let held = value.to_u64().map_or_else(|| Held::Text(value.to_string()), Held::Number);
        if !matches!(&held, Held::Text(text) if text.is_empty()) {
            self.0.push((key.to_string(), held));
        }
        Ok(())
    }
}

fn filter(arguments: &Arguments, console: &Console) -> String {
    let given = || console.variable("DOCKPASS_LOG").or_else(|| console.variable("RUST_LOG"));
    let filter = match arguments.global.verbose {
        0 => given().unwrap_or(if arguments.is_serve() { SERVER } else { "warn" }),
        1 => "info,dockpass=debug",
        2.. => "debug,dockpass=trace",
    };
    filter.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;
    use clap::Parser;

    /// A record of this message and path, in both forms.
    fn written(message: &str, path: &str, id: Option<&str>) -> [String; 2] {
        let fields: &[(&str, Value<'_>)] =
            &[("path", Value::from(path)), ("status", Value::from(200_u64)), ("user", Value::from(""))];
        let mut line = None;
        let record = format_args!("{message}");
        let record = Record::builder().level(log::Level::Info).target("it").args(record).key_values(&fields).build();
        let time = Timestamp::from_millis(1_732_221_720_500);
        let found = line.insert(Line::of(&record, time, id.map(str::to_owned)));
        [found.text(), found.json()]
    }

    #[test]
    fn a_line_has_its_fields_and_the_request_that_it_is_for() {
        assert_eq!(
            written("request", "/v2/", Some("one")),
            [
                "2024-11-21T20:42:00.500Z INFO it request path=/v2/ status=200 request=one",
                r#"{"time":"2024-11-21T20:42:00.500Z","level":"INFO","target":"it","message":"request","path":"/v2/","status":200,"request":"one"}"#,
            ]
        );
        assert!(!written("request", "/v2/", None)[1].contains("\"request\":"));
    }

    #[test]
    fn nothing_in_a_line_begins_another_or_looks_like_a_field_of_it() {
        let nasty = "/a b\n2026 ERROR it x\r\u{1b}[2J\u{85}\u{2028}\u{202e}\" status=500 \\";
        for line in [written(nasty, "/", None), written("request", nasty, None)].concat() {
            assert!(!line.chars().any(|letter| letter.is_control() || is_invisible(letter)), "{line:?}");
        }
        let [text, json] = written("request", nasty, None);
        assert!(
            text.contains(r#" path="/a b\n2026 ERROR"#) && text.contains(r#"\" status=500 \\" status=200"#),
            "{text}"
        );
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&read["path"], &read["status"]), (&nasty.into(), &200.into()));
        let [text, _] = written("request", "/a=b\u{1F980}ä", None);
        assert!(text.contains(" path=/a=b\u{1F980}ä status=200"), "{text}");
        let read: serde_json::Value = serde_json::from_str(&written("x", "\u{e0001}", None)[1]).unwrap();
        assert_eq!(read["path"], "\u{e0001}");
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_command() {
        let (mut console, _) = console(b"");
        let told = |line: &str, console: &Console| filter(&Arguments::parse_from(line.split(' ')), console);
        assert_eq!(told("dockpass", &console), SERVER);
        assert_eq!(told("dockpass token list", &console), "warn");
        console.environment.insert("RUST_LOG".into(), "error".into());
        assert_eq!(told("dockpass", &console), "error");
        console.environment.insert("DOCKPASS_LOG".into(), "debug".into());
        assert_eq!(told("dockpass", &console), "debug");
        assert_eq!(told("dockpass -v token list", &console), "info,dockpass=debug");
    }
}
