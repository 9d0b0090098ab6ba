//! Log lines on standard error: time, level, where from, message; one line for each, whatever a message holds.

use std::io::Write;

use env_logger::Builder;

use crate::cli::arguments::Arguments;
use crate::cli::screen::{Console, shown};
use crate::domain::time::Clock;

/// What the server logs unless told otherwise.
const SERVER: &str = "warn,actix_http=off,dockpass=info";

/// Starts the log. Its level comes from `-v`, else `DOCKPASS_LOG`, else `RUST_LOG`, as filters of `env_logger`; else the
/// server tells what it does and a command only what is wrong. Broken requests are the client's affair: docker tries TLS
/// on a plain port at every sign-in.
pub fn start(arguments: &Arguments, console: &Console) {
    let filter = filter(arguments, console);
    let clock = Clock::system();
    let written = Builder::new()
        .parse_filters(&filter)
        .format(move |out, record| {
            let (time, level, target) = (clock.now(), record.level(), record.target());
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
