//! `newstape stories`: what the store holds, through the query language.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::json::StoryLine;
use super::{Done, Failure, Surroundings};
use crate::app::wire::{Filter, Item, Tagger, Wire};
use crate::config::units::duration;
use crate::domain::Name;
use crate::domain::query::Query;
use crate::domain::topic::Topics;
use crate::store::Reader;

#[derive(Debug, Args)]
pub struct Stories {
    /// A query, as in the filter line: nvidia -gaming topic:regulation outlet:reuters
    #[arg(allow_hyphen_values = true)]
    query: Vec<String>,
    /// Only stories of the last 24h, 90m, 7d …
    #[arg(long, value_name = "TIME", value_parser = read_duration)]
    since: Option<Duration>,
    /// At most so many, the newest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a heading
    #[arg(long)]
    csv: bool,
}

fn read_duration(text: &str) -> Result<Duration, String> {
    duration(text)
}

/// How a story is written out.
enum Form {
    Plain,
    Json,
    Csv,
}

impl Stories {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = around.config()?;
        let now = (around.clock)();
        let query = self.query.join(" ");
        let parsed = Query::parse(&query).map_err(|mistake| {
            Failure::usage(format!("query, at character {}: {}", mistake.at + 1, mistake.message))
        })?;
        let (topics, _) = Topics::compile(&config.topics, &config.terms);
        let watchlist: Vec<Name> = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        let tagger = Tagger { topics, watchlist };
        let mut wire = Wire::unbounded();
        wire.set_filter(Filter { topic: None, query: Some((query, parsed)) }, now);
        let since = self.since.and_then(|since| now.checked_sub(since).ok());
        load(&around.places.data, since, &mut wire, &tagger, now)?;
        let form = if self.json {
            Form::Json
        } else if self.csv {
            Form::Csv
        } else {
            Form::Plain
        };
        let stories = wire.items().filter(|item| wire.passes(item, now));
        print(stories.take(self.limit.unwrap_or(usize::MAX)), &wire, &form)
    }
}

/// Oldest first, so that groups form as they did on screen.
fn load(data: &std::path::Path, since: Option<Timestamp>, wire: &mut Wire, tagger: &Tagger, now: Timestamp) -> Done {
    let trouble = |trouble| Failure::not_had(format!("the stored stories can't be read: {trouble}"));
    let reader = Reader::open(data).map_err(trouble)?;
    let stored: Result<Vec<_>, _> = reader.stories(since).collect();
    for (story, marks) in stored.map_err(trouble)?.into_iter().rev() {
        wire.take(story, marks, tagger, now);
    }
    Ok(())
}

fn print<'a>(stories: impl Iterator<Item = &'a Item>, wire: &Wire, form: &Form) -> Done {
    let out = std::io::stdout().lock();
    match form {
        Form::Csv => csv_lines(out, stories, wire),
        Form::Json => json_lines(out, stories, wire),
        Form::Plain => plain_lines(out, stories),
    }
}

fn json_lines<'a>(mut out: impl Write, stories: impl Iterator<Item = &'a Item>, wire: &Wire) -> Done {
    for item in stories {
        let line =
            serde_json::to_string(&StoryLine::new(item, wire)).map_err(|error| Failure::not_had(error.to_string()))?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn plain_lines<'a>(mut out: impl Write, stories: impl Iterator<Item = &'a Item>) -> Done {
    for item in stories {
        let story = &item.story;
        let topics = item.tagged.topics.iter().map(|name| &**name).collect::<Vec<_>>().join(",");
        let time = story.time().strftime("%Y-%m-%d %H:%M");
        writeln!(out, "{time}  {}  [{topics}]  {}", story.outlet, story.title)?;
    }
    Ok(())
}

fn csv_lines<'a>(out: impl Write, stories: impl Iterator<Item = &'a Item>, wire: &Wire) -> Done {
    let failed = |error: csv::Error| Failure::not_had(format!("the output could not be written: {error}"));
    let mut writer = csv::Writer::from_writer(out);
    writer
        .write_record([
            "id",
            "published",
            "first_seen",
            "outlet",
            "feed",
            "lang",
            "topics",
            "symbols",
            "group",
            "title",
            "link",
        ])
        .map_err(failed)?;
    for item in stories {
        let line = StoryLine::new(item, wire);
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        writer
            .write_record([
                line.id.as_str(),
                &time(line.published),
                &time(Some(line.first_seen)),
                line.outlet,
                line.feed,
                line.lang.unwrap_or_default(),
                &line.topics.join(" "),
                &line.symbols.join(" "),
                &line.group,
                line.title,
                line.link.unwrap_or_default(),
            ])
            .map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
}
