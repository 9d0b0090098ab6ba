//! Prints the OpenAPI document. `tests/ui/check` makes types of it, which the scripts of the pages are held against.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    writeln!(io::stdout(), "{}", dockpass::http::document())
}
