//! The example file, written from the table of keys.

use std::fmt::Write;

use super::keys::KEYS;

/// Columns of a comment.
const WIDTH: usize = 100;

/// The text of `config.toml.example`: every key, commented out, with its default and what it means.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# The configuration of dockpass. Every key stands here with its default; remove the `#` before it to set it.\n\
         #\n\
         # The environment goes over this file (server.listen is DOCKPASS_SERVER_LISTEN, lists are written with commas),\n\
         # and flags go over the environment. `dockpass config` shows what holds and where it comes from.\n\
         # A length of time is a number with its unit: \"30s\", \"15m\", \"1h\", \"90d\", \"2w\".\n\
         # Some keys can also be changed while the server runs, at /api/v0/meta/settings; what is set here stays as it is.\n\
         # A relative path counts from the directory that dockpass is started in.\n",
    );
    let mut section = "";
    for key in KEYS {
        if key.section() != section {
            section = key.section();
            let _ = writeln!(text, "\n[{section}]");
        }
        let _ = writeln!(text, "\n{}#{} = {}", comment(key.doc), key.field(), key.default().to_toml());
    }
    text
}

/// The text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    format!("{lines}{line}\n")
}
