//! `newstape stories`: what the store holds, through the query language.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{Done, Failure, Surroundings, json_line, out, say, usage};
use crate::app::line::StoryLine;
use crate::app::tape::Tape;
use crate::app::wire::{Filter, Item, Judges, Tagged, Tagger, Wire};
use crate::config::units::duration;
use crate::domain::Name;
use crate::domain::price::Symbol;
use crate::domain::query::{Asks, Query};
use crate::domain::story::Story;
use crate::domain::topic::Topics;
use crate::store::{Reader, StoreError};

/// Stories further apart are never one event.
const GROUP_LASTS: SignedDuration = SignedDuration::from_hours(3 * 24);

#[derive(Debug, Args)]
pub(super) struct Stories {
    /// A query, as in the filter line: 'nvidia -gaming topic:regulation'; behind -- when it begins with -
    query: Vec<String>,
    /// Only stories of the last 24h, 90m, 7d …
    #[arg(long, value_name = "TIME", value_parser = duration)]
    since: Option<Duration>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", value_parser = usage::count, allow_negative_numbers = true)]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a heading
    #[arg(long)]
    csv: bool,
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
        let parsed = usage::query(&query, &config)?;
        let (topics, _) = Topics::compile(&config.topics, &config.terms);
        let watchlist: Vec<Name> = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        let tagger = Tagger::new(topics, watchlist);
        let reader = Reader::open(&around.places.data).map_err(unread)?;
        let tape = tape(&reader, config.symbols.clone())?;
        let since = self.since.and_then(|since| now.checked_sub(since).ok());
        let judges = Judges::new(&config);
        let limit = self.limit.unwrap_or(usize::MAX);
        let asked = Asked { query: parsed, text: query, since, limit, now, judges };
        let form = if self.json {
            Form::Json
        } else if self.csv {
            Form::Csv
        } else {
            Form::Plain
        };
        match form {
            // Its lines don't tell of groups.
            Form::Plain if !asked.query.asks().outlets => asked.search(&reader, &tagger, &tape, plain_line),
            _ => asked.with_groups(&reader, &tagger, &tape, &form),
        }
    }
}

fn unread(trouble: StoreError) -> Failure {
    Failure::not_had(format!("the stored stories can't be read: {trouble}"))
}

/// The stored prices, for queries that ask what they did since a story.
fn tape(reader: &Reader, symbols: Vec<Symbol>) -> Result<Tape, Failure> {
    let mut tape = Tape::default();
    tape.set_symbols(symbols);
    for (span, series) in reader.series().map_err(unread)? {
        tape.take_series(span, series);
    }
    for quote in reader.quotes().map_err(unread)? {
        tape.take_quote(quote);
    }
    Ok(tape)
}

/// A query and its bounds.
struct Asked {
    query: Query,
    text: String,
    since: Option<Timestamp>,
    limit: usize,
    now: Timestamp,
    judges: Judges,
}

impl Asked {
    /// What the query, the mutes and the highlights ask for beside the story.
    fn asks(&self) -> Asks {
        self.query.asks().or(self.judges.asks())
    }

    /// Goes through the stories that match, newest first, as they are found.
    fn search(
        &self,
        reader: &Reader,
        tagger: &Tagger,
        tape: &Tape,
        mut tell: impl FnMut(&Story, &Tagged) -> Done,
    ) -> Done {
        let mut left = self.limit;
        let mut candidates = reader.candidates(self.query.need(tagger.topics(), self.now), self.since);
        while left > 0
            && let Some(candidate) = candidates.next()
        {
            let (story, marks) = candidate.map_err(unread)?;
            let group = story.id;
            let mut item = Item::new(story, marks, group, tagger);
            if self.asks().moves {
                item.moves = tape.moves_since(item.story.time()).into();
            }
            item.verdict = self.judges.judge(&item, 1, self.now).unwrap_or_default();
            let is_left_off = item.verdict.is_muted() && !self.query.asks().muted;
            if !is_left_off && self.query.matches(&item.subject(1, self.now)) {
                tell(&item.story, &item.tagged)?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Prints the stories that match with their groups, which form oldest first, as they did on screen: from so long
    /// before the oldest that matches as a group may last.
    fn with_groups(&self, reader: &Reader, tagger: &Tagger, tape: &Tape, form: &Form) -> Done {
        let mut oldest = self.since.and_then(|since| since.checked_sub(GROUP_LASTS).ok());
        if !self.query.asks().outlets {
            let mut found = None;
            self.search(reader, tagger, tape, |story, _| {
                found = Some(story.time());
                Ok(())
            })?;
            // Nothing after the present matches, when nothing does.
            let found = found.unwrap_or(Timestamp::MAX);
            oldest = found.checked_sub(GROUP_LASTS).ok();
        }
        let mut wire = Wire::unbounded();
        let filter = Filter { topic: None, query: Some((self.text.clone(), self.query.clone())) };
        let stored: Result<Vec<_>, _> = reader.stories(oldest).collect();
        let stored = stored.map_err(unread)?;
        wire.in_batch(self.now, |wire| {
            for (story, marks) in stored.into_iter().rev() {
                wire.take_stored(story, marks, None, tagger, self.now);
            }
        });
        if self.asks().moves {
            wire.set_moves(|story| tape.moves_since(story.time()));
        }
        wire.set_judges(self.judges.clone(), self.now);
        wire.judge_next(usize::MAX, self.now);
        wire.set_filter(filter, self.now);
        let since = self.since.unwrap_or(Timestamp::MIN);
        let stories = wire.items().filter(|item| item.story.time() >= since && wire.passes(item, self.now));
        print(stories.take(self.limit), &wire, form)
    }
}

fn print<'a>(stories: impl Iterator<Item = &'a Item>, wire: &Wire, form: &Form) -> Done {
    let out = out();
    match form {
        Form::Csv => csv_lines(out, stories, wire),
        Form::Json => json_lines(out, stories, wire),
        Form::Plain => {
            drop(out);
            plain_lines(stories)
        }
    }
}

fn json_lines<'a>(mut out: impl Write, stories: impl Iterator<Item = &'a Item>, wire: &Wire) -> Done {
    for item in stories {
        let line = json_line(&StoryLine::new(item, wire))?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn plain_lines<'a>(stories: impl Iterator<Item = &'a Item>) -> Done {
    let mut stories = stories;
    stories.try_for_each(|item| plain_line(&item.story, &item.tagged))
}

pub(super) fn plain_line(story: &Story, tagged: &Tagged) -> Done {
    let topics = tagged.topics().iter().map(|name| &**name).collect::<Vec<_>>().join(",");
    let time = story.time().strftime("%Y-%m-%d %H:%MZ");
    say(&format!("{time}  {}  [{topics}]  {}", story.outlet, story.title))
}

fn csv_lines<'a>(out: impl Write, stories: impl Iterator<Item = &'a Item>, wire: &Wire) -> Done {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
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
    ])?;
    for item in stories {
        let line = StoryLine::new(item, wire);
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        writer.write_record([
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
        ])?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};

    #[test]
    fn options_may_follow_the_query() {
        for (arguments, query) in [
            (["nvidia -gaming", "--limit", "2"].as_slice(), "nvidia -gaming"),
            (&["nvidia", "OR", "amd", "--limit", "2"], "nvidia OR amd"),
            (&["--limit", "2", "--", "-gaming"], "-gaming"),
        ] {
            let cli = Cli::try_parse_from(["newstape", "stories"].iter().chain(arguments)).unwrap();
            let Some(Command::Stories(stories)) = cli.command else { panic!("{arguments:?}") };
            assert_eq!((stories.query.join(" ").as_str(), stories.limit), (query, Some(2)));
        }
    }
}
