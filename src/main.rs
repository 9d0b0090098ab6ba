//! The program: parses arguments, starts the logger, calls the command line, says what went wrong.

use std::process::ExitCode;

use dockpass::cli::{self, Arguments, Console};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut console = Console::system();
    cli::start_log(&arguments, &console);
    match actix_web::rt::System::new().block_on(cli::run(arguments, &mut console)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}

/// Prints what is wrong with the arguments, or the help that they ask for.
fn usage(error: &clap::Error) -> ExitCode {
    // If the stream is closed, only the exit code is left to tell.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
