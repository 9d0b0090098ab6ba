//! The program: parses arguments, starts the logger, calls the command line, says what went wrong.

use std::process::ExitCode;

use clap::Parser;
use dockpass::cli::{self, Arguments, Console};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut console = Console::system();
    cli::start_log(&arguments, &console);
    match actix_web::rt::System::new().block_on(cli::run(arguments, &mut console)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}
