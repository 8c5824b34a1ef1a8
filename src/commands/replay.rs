//! `newstape replay` and `newstape demo`: a recorded day on the screen, or as JSON without one.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{Done, Failure, Surroundings, complain, in_words, json_line, out, screen, usage};
use crate::app::line::{MovesLine, StoryLine};
use crate::app::wire::{Tagger, Wire};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::story::Marks;
use crate::domain::topic::Topics;
use crate::shell::recording::{HEADLINES, Recording, arrival, read_folder};
use crate::shell::replay::Plan;

/// The demo begins five minutes before the New York open of 5 February 2026.
const DEMO_FROM: &str = "2026-02-05T14:25:00Z";

/// The bundled day.
const DEMO: [(&str, &[u8]); 6] = [
    (HEADLINES, include_bytes!("../../assets/demo/headlines.jsonl")),
    ("candles_NVDA_1m.csv", include_bytes!("../../assets/demo/candles_NVDA_1m.csv")),
    ("candles_QQQ_1m.csv", include_bytes!("../../assets/demo/candles_QQQ_1m.csv")),
    ("candles_BTC-USD_5m.csv", include_bytes!("../../assets/demo/candles_BTC-USD_5m.csv")),
    ("candles_ETH-USD_5m.csv", include_bytes!("../../assets/demo/candles_ETH-USD_5m.csv")),
    ("candles_SOL-USD_5m.csv", include_bytes!("../../assets/demo/candles_SOL-USD_5m.csv")),
];

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many seconds of the day pass in one
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = speed, allow_negative_numbers = true)]
    speed: f64,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A folder with headlines.jsonl and candles_SYMBOL_INTERVAL.csv
    dir: PathBuf,
    /// How many seconds of the day pass in one
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = speed, allow_negative_numbers = true)]
    speed: f64,
    /// Begin at this time (2026-02-05T14:25:00Z); what is older is there at once
    #[arg(long, value_name = "TIME", value_parser = usage::time)]
    from: Option<Timestamp>,
    /// Print the stories as read, tagged and grouped, one object a line, without a screen and without waiting
    #[arg(long)]
    json: bool,
}

fn speed(text: &str) -> Result<f64, &'static str> {
    let speed = text.trim().parse().ok().filter(|speed| (0.01..=100_000.0).contains(speed));
    speed.ok_or("a number from 0.01 to 100000, such as 60")
}

impl Demo {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let files = DEMO.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into();
        let day = Recording::read(&files).map_err(|mistake| Failure::not_had(mistake.to_string()))?;
        let from = DEMO_FROM.parse().unwrap_or_else(|_| day.span().0);
        screen::replayed(around, day, Plan { from, speed: self.speed, again: true })
    }
}

impl Replay {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let files = read(&self.dir)?;
        let day = Recording::read(&files)
            .map_err(|mistake| Failure::not_had(format!("{}: {mistake}", self.dir.display())))?;
        for warning in &day.warnings {
            complain(warning);
        }
        if self.json {
            return print(day, &around.config()?);
        }
        let from = self.from.unwrap_or_else(|| day.span().0);
        screen::replayed(around, day, Plan { from, speed: self.speed, again: false })
    }
}

fn read(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    read_folder(dir)
        .map_err(|(path, error)| Failure::not_had(format!("{} can't be read: {}", path.display(), in_words(&error))))
}

/// One line for each line of `headlines.jsonl`, never merged.
fn print(day: Recording, config: &Config) -> Done {
    let (topics, _) = Topics::compile(&config.topics, &config.terms);
    let mut watchlist: Vec<Name> = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
    watchlist.extend(day.series.iter().map(|series| series.symbol.clone()));
    let tagger = Tagger::new(topics, watchlist);
    let mut wire = Wire::unbounded();
    let mut order = Vec::with_capacity(day.stories.len());
    for story in day.stories {
        order.push(story.id);
        let now = story.time();
        wire.take(story, Marks::default(), &tagger, now);
    }
    let mut out = std::io::BufWriter::new(out());
    for item in order.iter().filter_map(|id| wire.item(*id)) {
        let moved = |series| MovesLine::new(series, arrival(&item.story));
        let moves = day.series.iter().map(|series| (&*series.symbol, moved(series))).collect();
        let line = StoryLine { moves: Some(moves), ..StoryLine::new(item, &wire) };
        let line = json_line(&line)?;
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}
