//! The command line of lvsarp as a function: arguments in, exit status out.
//!
//! [`main`] is what the `lvsarp` program and `python -m lvsarp` both call. It decides nothing about ARP: it reads arguments, asks the
//! [`lvsarp`] library, and prints.
#![forbid(unsafe_code)]

mod announce;
mod answer;
mod apply;
mod args;
mod audit;
mod boot;
mod check;
mod explain;
mod failure;
mod input;
mod levels;
mod man;
mod output;
mod persist;
mod picture;
mod probe;
mod role;
mod status;
mod stream;
mod table;
mod watch;

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use answer::{Answer, Look};
use args::{Cli, Command};
use failure::Failure;
use output::Paint;

/// Runs one command and returns its exit status: 0 done, 1 findings, 2 errors and what could not be told.
///
/// The first of `args` is the program's name, as in [`std::env::args_os`]. Prints to the standard output and error of the process, and never
/// ends the process.
pub fn main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let args: Vec<OsString> = args.into_iter().collect();
    // Asked of the words themselves, because a refusal of other words has to be JSON as well.
    let json = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let answer = match Cli::try_parse_from(&args) {
        Ok(cli) => run(cli),
        Err(refusal) if refusal.use_stderr() => Err(Failure::usage(&refusal)),
        // --help and --version.
        Err(text) => {
            Ok(Answer::text(text.render().to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()))
        }
    };
    match answer {
        Ok(answer) => output::answer(&answer),
        Err(failure) => output::failure(&failure, json),
    }
}

fn run(cli: Cli) -> Result<Answer, Failure> {
    let look = Look { json: cli.json, paint: Paint::of_stdout() };
    let netns = input::netns(cli.netns.as_deref())?;
    match cli.command {
        Command::Status(args) => status::run(&args, netns.as_ref(), look),
        Command::Check(args) => check::run(&args, netns.as_ref(), look),
        Command::Apply(args) => apply::run(&args, netns.as_ref(), look),
        Command::Undo(args) => apply::undo(&args, netns.as_ref(), look),
        Command::Promote(args) => role::promote(&args, netns.as_ref(), look),
        Command::Demote(args) => role::demote(&args, netns.as_ref(), look),
        Command::Persist(args) => persist::run(&args, netns.as_ref(), look),
        Command::Unpersist(args) => persist::unpersist(&args, netns.as_ref(), look),
        Command::Restore(args) => persist::restore(&args, netns.as_ref(), look),
        Command::Boot(args) => boot::run(&args, netns.as_ref(), look),
        Command::Explain { question } => explain::run(&question, netns.as_ref(), look),
        Command::Probe(args) => probe::run(&args, netns.as_ref(), look),
        Command::Announce(args) => announce::run(&args, netns.as_ref(), look),
        Command::Audit(args) => audit::run(&args, netns.as_ref(), look),
        Command::Watch(args) => watch::run(&args, netns.as_ref(), look),
        Command::Snapshot => {
            let snapshot = input::host(netns.as_ref())?.snapshot()?;
            Ok(if look.json { Answer::json(&snapshot) } else { Answer::indented(&snapshot) })
        }
        Command::Levels(args) => levels::run(&args, look),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "lvsarp", &mut script);
            Ok(Answer::document("script", script, look))
        }
        Command::Man => Ok(Answer::document("page", man::page(), look)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_arguments_is_sound() {
        Cli::command().debug_assert();
    }
}
