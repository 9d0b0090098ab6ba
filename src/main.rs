//! The program: parses arguments, starts the logger, calls the command line, says what went wrong.

use std::process::ExitCode;

use dockpass::cli::{self, Arguments, Console};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    if let Some(code) = cli::complete(std::env::args_os(), &mut Console::system()) {
        return code;
    }
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return Console::system().refuse(&error, std::env::args_os()),
    };
    let mut console = Console::system();
    cli::start_log(&arguments, &console);
    match actix_web::rt::System::new().block_on(cli::run(arguments, &mut console)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}
