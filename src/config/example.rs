//! The example file, written from the table of keys.

use std::fmt::Write;

use super::error::{ConfigError, ValueSource};
use super::find;
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

/// The text of a file that sets these keys, written as flags are, in the order of the example; each has what it means before it.
///
/// # Errors
/// [`ConfigError::NoSuchKey`], and [`ConfigError::Value`] for a value of another kind. Whether it may be used is seen when the
/// file is read.
pub fn written(values: &[(&str, String)]) -> Result<String, ConfigError> {
    let mut set = Vec::new();
    for (name, word) in values {
        let key = find(name).ok_or_else(|| ConfigError::NoSuchKey((*name).to_owned()))?;
        let raw = key.read_word(word.clone());
        set.push((key, raw.map_err(|source| ConfigError::Value { place: ValueSource::Flag, key: key.name, source })?));
    }
    let mut text = String::from(
        "# The configuration of dockpass, written by `dockpass setup`; `dockpass config` checks it after a change. Every other key,\n\
         # with its default: dockpass config --example\n",
    );
    let mut section = "";
    for key in KEYS {
        let Some((_, raw)) = set.iter().find(|(known, _)| known.name == key.name) else { continue };
        if key.section() != section {
            section = key.section();
            let _ = writeln!(text, "\n[{section}]");
        }
        let _ = writeln!(text, "\n{}{} = {}", comment(key.doc), key.field(), raw.to_toml());
    }
    Ok(text)
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

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn what_is_written_is_read_again_as_it_was_meant() {
        let values = [
            ("registry.upstream", "http://127.0.0.1:5000".to_owned()),
            ("server.trusted_proxies", "10.0.0.1, 10.0.0.2".to_owned()),
            ("server.behind_proxy", "true".to_owned()),
            ("server.public_url", "https://pass.example.com".to_owned()),
            ("server.data_dir", "/srv/\"quoted\" and\\more".to_owned()),
        ];
        let text = written(&values).unwrap();
        assert!(text.find("[server]").unwrap() < text.find("[registry]").unwrap(), "in the order of the example");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let read = Config::load(Some(file.path()), std::iter::empty(), &[]).unwrap().config;
        let meant = Config::load(None, std::iter::empty(), &values).unwrap().config;
        let set = |config: &Config| config.describe().iter().map(|it| (it.key, it.value.clone())).collect::<Vec<_>>();
        assert_eq!(set(&read), set(&meant));
        assert!(values.iter().all(|(key, _)| read.is_set(key)));
        for (key, value) in [("server.nothing", "x"), ("server.behind_proxy", "perhaps")] {
            assert!(written(&[(key, value.to_owned())]).is_err(), "{key}");
        }
    }
}
