//! What the server says on a terminal when it starts.

use std::io::{self, Write};

use crate::config::Config;
use crate::domain::text::shell_word;
use crate::service::FirstStart;

pub(super) struct Greeting<'a> {
    /// How the program was called, so that the printed commands can be copied as they are.
    pub(super) program: &'a str,
    pub(super) config: &'a Config,
    pub(super) url: &'a str,
    /// How an image reference names this server.
    pub(super) authority: &'a str,
    pub(super) first: Option<&'a FirstStart>,
    /// Instructions: where clients look for the self-signed CA.
    pub(super) trust: Option<&'a str>,
}

pub(super) fn write(greeting: &Greeting<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Greeting { program, config, url, authority, first, trust } = greeting;
    let new = if first.is_some() { " (new)" } else { "" };
    writeln!(out, "dockpass {}  data: {}{new}\n", env!("CARGO_PKG_VERSION"), config.server.data_dir.display())?;
    writeln!(out, "  Web pages   {url}")?;
    let Some(first) = first else { return writeln!(out) };
    writeln!(out, "  User        admin")?;
    if let Some(password) = &first.password {
        let file = first.file.display();
        writeln!(out, "  Password    {}      also in {file} until you change it", password.reveal())?;
    }
    let (program, data_dir) = (shell_word(program), data_dir_option(config));
    let insecure = if url.starts_with("https:") && trust.is_some() { " --insecure" } else { "" };
    writeln!(out, "\n  Try it, in another terminal:")?;
    writeln!(out, "    {program}{data_dir} token create --user admin --label laptop")?;
    writeln!(out, "    docker login {authority} --username admin")?;
    writeln!(out, "    curl{insecure} --user admin:<token> {url}/api/v0/repositories")?;
    writeln!(out, "\n  Connect a registry:")?;
    writeln!(out, "    {program}{data_dir} registry config --for distribution\n")?;
    if let Some(trust) = trust {
        writeln!(out, "{trust}\n")?;
    }
    Ok(())
}

/// The option that other commands need to find this data directory.
fn data_dir_option(config: &Config) -> String {
    let directory = &config.server.data_dir;
    if directory.as_os_str() == "./dockpass-data" {
        String::new()
    } else {
        format!(" --data-dir {}", shell_word(&directory.to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::secret::Password;

    #[test]
    fn commands_can_be_copied_whatever_the_directory_is_called() {
        let loaded = Config::load(None, std::iter::empty(), &[("server.data_dir", "a b;touch x".to_owned())]).unwrap();
        let file = Path::new("p").to_owned();
        let first = FirstStart { password: Some(Password::new("secret".to_owned())), file };
        let (url, authority) = ("http://127.0.0.1:8700", "127.0.0.1:8700");
        let greeting = Greeting {
            program: "./my dockpass",
            config: &loaded.config,
            url,
            authority,
            first: Some(&first),
            trust: None,
        };
        let mut told = Vec::new();
        write(&greeting, &mut told).unwrap();
        let told = String::from_utf8(told).unwrap();
        let typed = "\n    './my dockpass' --data-dir 'a b;touch x' ";
        assert_eq!(told.matches(typed).count(), 2, "{told}");
    }
}
