//! The `lvsarp` command.

fn main() -> std::process::ExitCode {
    // The exit status is 0, 1 or 2.
    (lvsarp_cli::main(std::env::args_os()) as u8).into()
}
