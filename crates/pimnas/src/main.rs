//! The command `pimnas`.

use std::process::ExitCode;

fn main() -> ExitCode {
    pimnas::cli::run()
}
