//! Log lines on standard error: time, level, target, message. Each record is one line, whatever its message holds.

use std::io::Write;

use env_logger::Builder;

use crate::cli::arguments::Arguments;
use crate::cli::screen::{Console, shown};
use crate::domain::time::Clock;

/// The server's default filter. `actix_http` is off because malformed requests are the client's affair: docker tries
/// TLS on a plain port at every sign-in.
const SERVER: &str = "warn,actix_http=off,dockpass=info";

/// Starts the log. `-v` sets its level, else the filter of `env_logger` in `DOCKPASS_LOG`, else that in `RUST_LOG`.
/// By default the server logs what it does, and a command only warnings and errors.
pub fn start(arguments: &Arguments, console: &Console) {
    let filter = filter(arguments, console);
    let clock = Clock::system();
    let written = Builder::new()
        .parse_filters(&filter)
        .format(move |out, record| {
            let (time, level, target) = (clock.now().in_millis(), record.level(), record.target());
            writeln!(out, "{time} {level} {target} {}", shown::plain(&record.args().to_string()))
        })
        .try_init();
    if let Err(error) = written {
        log::warn!("{error}");
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
