//! The command line of lvsarp as a function: arguments in, exit status out.
//!
//! [`main`] is what the `lvsarp` binary and `python -m lvsarp` both call. It decides nothing about ARP: it reads arguments, asks the
//! [`lvsarp`](https://docs.rs/lvsarp) library, and prints.
#![forbid(unsafe_code)]

mod answer;
mod apply;
mod args;
mod check;
mod failure;
mod input;
mod levels;
mod man;
mod output;
mod status;
mod table;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use answer::Answer;
use args::{Cli, Command};
use failure::Failure;
use output::Paint;

/// Runs one command and returns its exit status: 0 done, 1 findings, 2 errors and what could not be told.
///
/// The first of `args` is the program's name, as in [`std::env::args_os`]. Prints to the standard output and error, and never exits the process.
pub fn main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let result = match Cli::try_parse_from(&args) {
        Ok(cli) => run(cli, Paint::of_stdout()),
        Err(refusal) if refusal.use_stderr() => Err(Failure::usage(&refusal)),
        // --help and --version.
        Err(text) => Ok(Answer::text(output::help(&text))),
    };
    match result {
        Ok(answer) => output::answer(&answer),
        Err(failure) => output::failure(&failure, json),
    }
}

fn run(cli: Cli, paint: Paint) -> Result<Answer, Failure> {
    let look = answer::Look { json: cli.json, paint };
    let netns = input::netns(cli.netns.as_deref())?;
    match cli.command {
        Command::Status(args) => status::run(&args, netns.as_ref(), look),
        Command::Check(args) => check::run(&args, netns.as_ref(), look),
        Command::Apply(args) => apply::run(&args, netns.as_ref(), look),
        Command::Undo(args) => apply::undo(&args, netns.as_ref(), look),
        Command::Snapshot => {
            let snapshot = input::open(netns.as_ref())?.snapshot()?;
            let json = snapshot.to_json();
            Ok(Answer::text(if look.json { json + "\n" } else { answer::indented(&snapshot) }))
        }
        Command::Levels(args) => levels::run(&args, look),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "lvsarp", &mut script);
            Ok(look.document("script", script))
        }
        Command::Man => Ok(look.document("page", man::page())),
    }
}
