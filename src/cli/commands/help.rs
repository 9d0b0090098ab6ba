//! `dockpass help`: the help of a command, what people look for who do not know which command it is, and the manual.

use clap::Command;

use super::manual;
use crate::cli::screen::{CliError, Console};

/// What `dockpass help` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dockpass help token create\n  dockpass help lost password\n  dockpass help manual operate\n\nThe manual is part of this executable: `dockpass help \
                  manual` lists its chapters, and prints one by its name, without a server."
)]
pub(in crate::cli) struct HelpArguments {
    /// A command, a topic, or `manual` and one of its chapters
    #[arg(value_name = "COMMAND OR TOPIC")]
    words: Vec<String>,
}

/// What people look for, the words they look for it by, and what they need to know.
struct Topic {
    name: &'static str,
    words: &'static [&'static str],
    text: &'static str,
}

/// The word before the chapters of the manual.
pub(in crate::cli) const MANUAL: &str = "manual";

const TOPICS: &[Topic] = &[
    Topic {
        name: "lost password",
        words: &["lost", "forgot", "forgotten", "password", "passwords", "reset", "locked"],
        text: "\
Lost the administrator's password? On the server's machine, as its user or root;
it works whether or not the server is running:
  dockpass user password admin

Somebody else's? Set a new one, or create a temporary one, with which the user
sets their own:
  dockpass user password alice
  dockpass user temporary-password alice

After too many wrong passwords the user has to wait. To end the wait:
  dockpass user unlock alice

The password of the first start is in DIR/initial-admin-password until it is
changed.
",
    },
    Topic {
        name: "why denied",
        words: &["why", "denied", "refused", "403", "unauthorized", "forbidden"],
        text: "\
Why can't somebody push or pull?
  dockpass access check --user alice push acme/app
  dockpass access check --token 01ARZ3NDEKTS pull acme/app

Who has access to a repository, and what somebody has access to:
  dockpass repo access acme/app
  dockpass user access alice

What was refused, and why:
  dockpass audit list --outcome denied --since 1h
",
    },
    Topic {
        name: "leaked token",
        words: &["leak", "leaked", "stolen", "secret", "revoke"],
        text: "\
Which access token is it? The secret is asked for, or read from standard input:
  dockpass token identify < found.txt

Revoke it for good, without signing in; a scanner's whole report will do:
  dockpass token revoke < found.txt

Or sign in and deactivate it, so that it can be activated again:
  dockpass token identify --deactivate < found.txt

What it did:
  dockpass audit list --token 01ARZ3NDEKTS
",
    },
    Topic {
        name: "leaver",
        words: &["leaver", "leave", "leaves", "offboard", "fired"],
        text: "\
Somebody leaves: deactivate and sign out, then list what is left to do:
  dockpass user offboard alice
  dockpass user offboard alice --delete-tokens --transfer-repositories bob
",
    },
    Topic {
        name: "connect a registry",
        words: &["connect", "distribution", "docker", "zot", "nginx", "s3"],
        text: "\
The complete configuration of a registry, and of nginx in front of it:
  dockpass registry config --for distribution --output /etc/docker/registry
  dockpass registry config --for nginx --output /etc/nginx/conf.d

For an existing registry with its own storage:
  dockpass registry config --for distribution --only auth,notifications

Then set registry.url in the server's configuration. To see whether dockpass is
notified of pushes and pulls:
  dockpass registry show
",
    },
    Topic {
        name: "health",
        words: &["health", "healthy", "healthcheck", "alive", "monitoring", "probe"],
        text: "\
For people, and for the HEALTHCHECK of a container:
  dockpass status
  dockpass status --quiet

What is wrong with the whole site, and what to do; once a day by a timer:
  dockpass doctor

For load balancers and orchestrators: GET /health?strict=true, which is 503
while changes are not accepted.
",
    },
    Topic {
        name: "scripts",
        words: &["script", "scripts", "json", "jq", "exit", "code", "codes"],
        text: "\
With --format json, or DOCKPASS_FORMAT=json, output is the API's, and errors are
JSON on standard error. Access tokens come as an array, repositories, accounts
and records in an object; `never` is the year 0001. A command on several things
gives an array of results.
  dockpass token list --format json | jq -r '.[].id'

Exit codes: 0 done; 1 refused or failed, or nothing to remove; 2 wrong usage;
3 of doctor: nothing failed, but something wants looking after.
Without a terminal, what cannot be undone needs --yes.
",
    },
    Topic {
        name: "environment",
        words: &["environment", "variable", "variables", "env", "files", "config.toml"],
        text: "\
DOCKPASS_DATA_DIR, DOCKPASS_CONFIG
  The data directory, and the configuration file.
DOCKPASS_SERVER, DOCKPASS_CA
  A remote server, and the certificates to trust for it.
DOCKPASS_TOKEN, DOCKPASS_USER
  The access token that signs in there; a password needs the user name as well.
  With it, name the server too.
DOCKPASS_FORMAT, DOCKPASS_LOG
  The output format, table or json; the filter of the log.
DOCKPASS_SECTION_KEY
  A key of the configuration: dockpass config --example

Without them: ./dockpass.toml, else /etc/dockpass/config.toml, and the data
directory it names, else ./dockpass-data, else /var/lib/dockpass. If that does
not exist, or is not yours and you are not root: the current login of dockpass
login.
",
    },
];

/// Prints the help of a command, or that on a topic; of nothing, that of dockpass.
pub(in crate::cli) fn run(
    arguments: &HelpArguments,
    mut grammar: Command,
    console: &mut Console,
) -> Result<(), CliError> {
    if let Some((MANUAL, chapter)) = arguments.words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return manual::run(chapter, console);
    }
    grammar.build();
    let found = arguments.words.iter().try_fold(&grammar, |at, name| at.find_subcommand(name));
    if let Some(command) = found {
        let mut text = command.clone().render_long_help().to_string();
        if arguments.words.is_empty() {
            text = format!("{}\n\n{}\n", text.trim_end(), all());
        }
        return console.write(&text);
    }
    let Some(topic) = about(&arguments.words) else {
        let asked = arguments.words.join(" ");
        return Err(CliError::Usage(format!(
            "there is no help on `{asked}`; for the commands: dockpass --help; {}",
            all()
        )));
    };
    console.write(topic.text)
}

fn all() -> String {
    let names: Vec<_> = TOPICS.iter().map(|topic| topic.name).collect();
    format!("Topics of `dockpass help`: {}; all chapters of the manual: dockpass help {MANUAL}", names.join(", "))
}

/// The topic that most of the words are about.
fn about(words: &[String]) -> Option<&'static Topic> {
    let words: Vec<_> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .map(|word| word.trim_matches(|letter: char| letter.is_ascii_punctuation()).to_lowercase())
        .collect();
    let hits = |topic: &Topic| words.iter().filter(|word| topic.words.contains(&word.as_str())).count();
    // Of equals, the first.
    TOPICS.iter().rev().max_by_key(|topic| hits(topic)).filter(|topic| hits(topic) > 0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;
    use crate::cli::testing::console;

    fn help(line: &str) -> Result<String, CliError> {
        let (mut console, written) = console(b"");
        let words = line.split_whitespace().map(str::to_owned).collect();
        run(&HelpArguments { words }, Arguments::command(), &mut console).map(|()| written.out())
    }

    #[test]
    fn a_command_has_its_help_and_nothing_that_of_all() {
        let create = help("token create").unwrap();
        assert!(create.contains("Usage: dockpass token create [OPTIONS]") && create.contains("--data-dir"), "{create}");
        let all = help("").unwrap();
        assert!(
            all.contains("Usage: dockpass [OPTIONS] [COMMAND]") && all.contains("Topics of `dockpass help`: lost"),
            "{all}"
        );
        assert!(help("settings").unwrap().contains("  set "));
    }

    #[test]
    fn what_people_look_for_is_found_by_their_words() {
        for (asked, found) in [
            ("lost the admin password?", "dockpass user password admin"),
            ("Forgot password", "dockpass user password admin"),
            ("why denied", "access check"),
            ("leaked", "token revoke"),
            ("health", "status --quiet"),
            ("jq", "Exit codes"),
            ("exit", "3 of doctor"),
            ("environment", "DOCKPASS_DATA_DIR"),
            ("s3", "--only auth,notifications"),
            ("alice leaves", "user offboard"),
        ] {
            let text = help(asked).unwrap();
            assert!(text.contains(found), "{asked}: {text}");
        }
        let error = help("the weather").unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("lost password, why denied"), "{error}");
    }

    #[test]
    fn each_topic_is_found_by_its_name_and_fits_a_terminal() {
        for topic in TOPICS {
            let found = about(&[topic.name.to_owned()]).unwrap();
            assert_eq!(found.name, topic.name);
            assert!(topic.text.lines().all(|line| line.len() <= 80), "{}", topic.name);
        }
    }
}
