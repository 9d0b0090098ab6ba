//! What people see and type: texts that cannot steer a terminal, tables, reports, prompts, and errors with exit
//! codes.

mod console;
mod error;
pub(in crate::cli) mod log_form;
pub(in crate::cli) mod prompt;
mod report;
pub(in crate::cli) mod shown;
mod stop;
pub(in crate::cli) mod table;
mod width;

pub use console::Console;
pub(in crate::cli) use error::Cause;
pub use error::CliError;
pub(in crate::cli) use prompt::{Final, Unasked};
pub(in crate::cli) use report::{Format, Report, Step, View};
pub(in crate::cli) use stop::Stop;
pub(in crate::cli) use table::{Fit, Table};
