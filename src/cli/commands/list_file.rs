//! A file with a line for each thing that a command is to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::screen::{CliError, Console};

/// Most bytes of a list.
const LARGEST: u64 = 16 << 20;

/// Reads a list, which errors call `what`, from a file, or from standard input if that is `-`.
pub(in crate::cli) fn read(path: &Path, what: &'static str, console: &mut Console) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        let unread = |cause| CliError::Input { what, cause };
        console.input.by_ref().take(LARGEST + 1).read_to_end(&mut bytes).map_err(unread)?;
    } else {
        let failed = |cause| CliError::File { action: "read", path: path.to_owned(), cause };
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(CliError::Finding(format!("nothing was done: the {what} is longer than {LARGEST} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    #[test]
    fn a_list_that_is_too_long_is_refused() {
        let length = usize::try_from(LARGEST).unwrap();
        let read = |bytes: &[u8]| read(Path::new("-"), "list of users", &mut console(bytes).0);
        assert_eq!(read(&vec![b'#'; length]).unwrap().len(), length);
        let error = read(&vec![b'#'; length + 1]).unwrap_err().to_string();
        assert_eq!(error, "nothing was done: the list of users is longer than 16777216 bytes");
    }
}
