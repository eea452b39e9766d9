//! The command `cos-ftp-server`; all of it stands in `cli/`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
