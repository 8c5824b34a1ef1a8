//! The commands, one file each, and the command line they are called by.

mod asking;
mod check;
mod config;
mod config_file;
mod feeds;
mod feeds_read;
mod group;
mod json;
mod lines;
mod out;
mod prices;
mod replay;
mod screen;
mod stories;
mod table;
mod tag;
mod tail;
mod usage;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

use out::{complain, escaped, json_line, out, say, say_json};

use crate::config::{Config, ConfigError};
use crate::event::Clock;
use crate::shell::clock;
use crate::shell::files;
use crate::shell::paths::Paths;
use crate::shell::terminal::is_gone;

/// The news that moves NVDA and crypto, and those prices, on one honest screen.
#[derive(Debug, Parser)]
#[command(name = "newstape", version, about, after_help = AFTER_HELP, max_term_width = 80)]
struct Cli {
    #[command(flatten)]
    everywhere: Everywhere,
    /// Record the day into this folder, in the form that `newstape replay` reads
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Broken into lines where it is shown.
const AFTER_HELP: &str = "\
Without a command: the screen. Press ? there for its keys.

Exit status: 0 done, also when some of what was asked for failed but not all; 1 what was asked for could not be had; \
2 wrong usage or config.

No network at hand? `newstape demo` plays a recorded market day.";

/// The heading of the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
struct Everywhere {
    /// Read this config file instead of your own
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// Keep the database in this folder
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    data_dir: Option<PathBuf>,
    /// For trials: the clock starts there
    #[arg(long, global = true, hide = true, value_name = "TIME", value_parser = usage::time)]
    now: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A recorded market day through the same program, without network
    Demo(replay::Demo),
    /// Play a folder of headlines.jsonl and candles_SYMBOL_INTERVAL.csv
    Replay(replay::Replay),
    /// Is the config right; does each feed and price source answer
    Check(check::Check),
    /// One feed as newstape reads it, with the repairs it made
    Read(feeds_read::Read),
    /// The list of feeds: see, add, remove, import and export
    Feeds(feeds::Feeds),
    /// Which topics a text has, and why
    Tag(tag::Tag),
    /// Which stories are one event (JSON lines on standard input)
    Group(group::Group),
    /// Stories from the store, newest first
    Stories(stories::Stories),
    /// Stories as they arrive
    Tail(tail::Tail),
    /// The prices of the watchlist, or of these symbols
    Prices(prices::Prices),
    /// The config: write a first one, print it whole, tell where it is
    Config(config::ConfigCommand),
}

impl Command {
    /// May it be called for a config file that is not there yet?
    fn makes_config(&self) -> bool {
        matches!(self, Command::Config(_) | Command::Feeds(_))
    }
}

/// What every command may need of its surroundings.
struct Surroundings {
    places: Paths,
    clock: Clock,
}

impl Surroundings {
    /// The current configuration.
    fn config(&self) -> Result<Config, Failure> {
        self.places.config_files().read().map_err(|error| match error.downcast_ref::<ConfigError>() {
            Some(mistake) => Failure::usage(mistake.with_picture()),
            None => Failure::usage(error.to_string()),
        })
    }
}

/// Why a command failed: its exit status and one plain sentence.
#[derive(Debug)]
struct Failure {
    status: u8,
    sentence: String,
}

impl Failure {
    /// What was asked for could not be had.
    fn not_had(sentence: impl Into<String>) -> Failure {
        Failure { status: 1, sentence: sentence.into() }
    }

    /// Wrong usage or config.
    fn usage(sentence: impl Into<String>) -> Failure {
        Failure { status: 2, sentence: sentence.into() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        match error.downcast_ref::<std::io::Error>().is_some_and(is_gone) {
            true => Failure { status: 0, sentence: String::new() },
            false => Failure::not_had(error.to_string()),
        }
    }
}

/// Output that can't be written ends a command quietly when the reader of a pipe, or the terminal, has gone.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match is_gone(&error) {
            true => Failure { status: 0, sentence: String::new() },
            false => Failure::not_had(format!("the output could not be written: {}", in_words(&error))),
        }
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Failure {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            _ => Failure::not_had("the output could not be written as CSV"),
        }
    }
}

type Done = Result<(), Failure>;

/// Runs the command line; answers the exit status.
pub fn run() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(error) => usage::answer(&error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { status, sentence }) => {
            if !sentence.is_empty() {
                complain(&sentence);
            }
            ExitCode::from(status)
        }
    }
}

fn dispatch(cli: Cli) -> Done {
    let Everywhere { config, data_dir, now } = cli.everywhere;
    let makes_config = cli.command.as_ref().is_some_and(Command::makes_config);
    if let Some(missing) = config.as_ref().filter(|path| !makes_config && is_missing(path)) {
        return Err(Failure::not_had(format!(
            "{}: {}",
            missing.display(),
            in_words(&std::io::Error::from(ErrorKind::NotFound))
        )));
    }
    let places = Paths::find(config, data_dir)?;
    let clock = now.map_or_else(clock::system, clock::starting_at);
    let around = Surroundings { places, clock };
    match cli.command {
        None => screen::live(&around, cli.record),
        Some(_) if cli.record.is_some() => Err(Failure::usage("--record is for the screen, without a command")),
        Some(Command::Demo(demo)) => demo.run(&around),
        Some(Command::Replay(replay)) => replay.run(&around),
        Some(Command::Check(check)) => check.run(&around),
        Some(Command::Read(read)) => read.run(&around),
        Some(Command::Feeds(feeds)) => feeds.run(&around),
        Some(Command::Tag(tag)) => tag.run(&around),
        Some(Command::Group(group)) => group.run(&around),
        Some(Command::Stories(stories)) => stories.run(&around),
        Some(Command::Tail(tail)) => tail.run(&around),
        Some(Command::Prices(prices)) => prices.run(&around),
        Some(Command::Config(config)) => config.run(&around),
    }
}

/// A config file that was named and is not there: what would run instead is not what was asked for.
fn is_missing(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}

/// What is wrong with a file, as one says it.
fn in_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".into(),
        ErrorKind::PermissionDenied => "permission is refused".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::NotADirectory => "it is no folder".into(),
        kind => files::why(kind),
    }
}

/// A runtime for the commands that ask over the network.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::not_had(format!("the system gives no event loop: {error}")))
}
