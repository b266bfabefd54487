//! The one binary: decide shipments of AI chips under dated, cited export-control law, say why, and see what follows.

mod args;
mod backtest;
mod check;
mod claims;
mod classify;
#[cfg(feature = "cluster")]
mod cluster;
mod decide;
mod desk;
mod diff;
mod explain;
mod frontier;
mod outputs;
mod pack;
mod page;
mod screen;
mod show;
mod simulate;
mod worlds;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use screen::{Failure, Screen};

/// What a run ended with, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; nothing stands in the way.
    Done = 0,
    /// A file or the machine failed.
    Failed = 1,
    /// The command was used wrongly; nothing was done.
    Usage = 2,
    /// Some rows or texts are bad; the rest was done.
    Problems = 3,
    /// The case is undetermined: facts are missing.
    Undetermined = 4,
    /// The desk refused, by a named reason.
    Refused = 5,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let screen = Screen::new(&cli.common);
    let done = match &cli.command {
        Command::Simulate(args) => simulate::run(&screen, &cli.common, args),
        Command::Backtest(args) => backtest::run(&screen, &cli.common, args),
        Command::Claims(args) => claims::run(&screen, &cli.common, args),
        Command::Decide(args) => decide::run(&screen, &cli.common, args),
        Command::Explain(args) => explain::run(&screen, &cli.common, args),
        Command::Classify(args) => classify::run(&screen, &cli.common, args),
        Command::Diff(args) => diff::run(&screen, &cli.common, args),
        Command::Frontier(args) => frontier::run(&screen, &cli.common, args),
        Command::Check(args) => check::run(&screen, &cli.common, args),
        Command::Desk(args) => desk::run(&screen, &cli.common, args),
        Command::Audit(args) => desk::audit(&screen, args),
        Command::Show(args) => show::run(&screen, &cli.common, args),
        #[cfg(feature = "cluster")]
        Command::Sql(args) => cluster::sql(&screen, &cli.common, args),
        #[cfg(feature = "cluster")]
        Command::Scheduler(args) => cluster::scheduler(&screen, args),
        #[cfg(feature = "cluster")]
        Command::Executor(args) => cluster::executor(&screen, args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "tollgate", &mut script);
            screen.out(&String::from_utf8_lossy(&script)).map(|()| Exit::Done)
        }
    };
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}
