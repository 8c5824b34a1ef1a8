//! `newstape stories`: what the store holds, through the query language.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::out::Out;
use super::{Done, Failure, Surroundings, json_line, out, say, usage};
use crate::app::line::StoryLine;
use crate::app::tape::Tape;
use crate::app::wire::{Filter, Item, Judges, Tagged, Tagger, Wire};
use crate::config::units::duration;
use crate::domain::Name;
use crate::domain::group::GroupId;
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
        let mut printer = if self.json {
            Printer::Json(out())
        } else if self.csv {
            Printer::csv(out())?
        } else {
            Printer::Plain
        };
        // Plain lines don't tell of groups.
        let asks_for_groups = !matches!(printer, Printer::Plain) || asked.asks().outlets;
        if asks_for_groups && reader.lacks_groups(since).map_err(unread)? {
            asked.with_new_groups(&reader, &tagger, &tape, &mut printer)?;
        } else {
            let mut outlets = Outlets::new(&reader, asks_for_groups);
            asked.search(&reader, &tagger, &tape, &mut outlets, |item, outlets| printer.print(item, outlets))?;
        }
        printer.end()
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

    /// Goes through the stories that match, newest first, as they are found, each with the outlets of its group.
    fn search(
        &self,
        reader: &Reader,
        tagger: &Tagger,
        tape: &Tape,
        outlets: &mut Outlets,
        mut tell: impl FnMut(&Item, &[Name]) -> Done,
    ) -> Done {
        let mut left = self.limit;
        let need = self.query.need(tagger.topics(), self.now);
        let mut candidates = reader.candidates(need, self.since, tagger.stamp());
        while left > 0
            && let Some(candidate) = candidates.next()
        {
            let (story, marks, analysis) = candidate.map_err(unread)?;
            let group = marks.group.unwrap_or(story.id);
            let mut item = match analysis {
                Some(analysis) => Item::restored(story, marks, group, analysis, tagger),
                None => Item::new(story, marks, group, tagger),
            };
            if self.asks().moves {
                item.moves = tape.moves_since(item.story.time()).into();
            }
            let outlets = outlets.of(&item)?;
            item.verdict = self.judges.judge(&item, outlets.len(), self.now).unwrap_or_default();
            let is_left_off = item.verdict.is_muted() && !self.query.asks().muted;
            if !is_left_off && self.query.matches(&item.subject(outlets.len(), self.now)) {
                tell(&item, outlets)?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Prints the stories that match where some have no group yet. Groups form oldest first, as they do on screen: from so
    /// long before the oldest that matches as a group may last.
    fn with_new_groups(&self, reader: &Reader, tagger: &Tagger, tape: &Tape, printer: &mut Printer) -> Done {
        let mut oldest = self.since.and_then(|since| since.checked_sub(GROUP_LASTS).ok());
        if !self.asks().outlets {
            let mut found = None;
            self.search(reader, tagger, tape, &mut Outlets::new(reader, false), |item, _| {
                found = Some(item.story.time());
                Ok(())
            })?;
            // Nothing after the present matches, when nothing does.
            let found = found.unwrap_or(Timestamp::MAX);
            oldest = found.checked_sub(GROUP_LASTS).ok();
        }
        let wire = self.wire(reader, tagger, tape, oldest)?;
        let since = self.since.unwrap_or(Timestamp::MIN);
        let stories = wire.items().filter(|item| item.story.time() >= since && wire.passes(item, self.now));
        for item in stories.take(self.limit) {
            let outlets: Vec<Name> = wire.outlets(item.group).into_iter().cloned().collect();
            printer.print(item, &outlets)?;
        }
        Ok(())
    }

    /// All stories since a time, in their groups.
    fn wire(&self, reader: &Reader, tagger: &Tagger, tape: &Tape, oldest: Option<Timestamp>) -> Result<Wire, Failure> {
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
        Ok(wire)
    }
}

/// The outlets that carry a story, as far as they are asked for. Stories of one group mostly come close together.
struct Outlets<'a> {
    reader: Option<&'a Reader>,
    known: HashMap<GroupId, Vec<Name>>,
    own: [Name; 1],
}

/// Groups whose outlets are remembered.
const GROUPS_KNOWN: usize = 4_096;

impl Outlets<'_> {
    /// Where they are not asked for, the outlet of the story stands for them.
    fn new(reader: &Reader, are_asked_for: bool) -> Outlets<'_> {
        Outlets { reader: are_asked_for.then_some(reader), known: HashMap::new(), own: Default::default() }
    }

    fn of(&mut self, item: &Item) -> Result<&[Name], Failure> {
        self.own = [item.story.outlet.clone()];
        let Some(reader) = self.reader else { return Ok(&self.own) };
        if self.known.len() >= GROUPS_KNOWN {
            self.known.clear();
        }
        let outlets = match self.known.entry(item.group) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(reader.outlets(item.group).map_err(unread)?),
        };
        Ok(if outlets.is_empty() { &self.own } else { outlets })
    }
}

/// Where and how stories are written out, one by one.
enum Printer {
    Plain,
    Json(Out),
    Csv(Box<csv::Writer<Out>>),
}

impl Printer {
    fn csv(out: Out) -> Result<Printer, Failure> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(CSV_HEADING)?;
        Ok(Printer::Csv(Box::new(writer)))
    }

    fn print(&mut self, item: &Item, outlets: &[Name]) -> Done {
        match self {
            Printer::Plain => plain_line(&item.story, &item.tagged),
            Printer::Json(out) => {
                let line = json_line(&StoryLine::carried_by(item, outlets))?;
                Ok(writeln!(out, "{line}")?)
            }
            Printer::Csv(writer) => csv_line(writer, &StoryLine::carried_by(item, outlets)),
        }
    }

    fn end(self) -> Done {
        match self {
            Printer::Plain => Ok(()),
            Printer::Json(mut out) => Ok(out.flush()?),
            Printer::Csv(mut writer) => Ok(writer.flush()?),
        }
    }
}

pub(super) fn plain_line(story: &Story, tagged: &Tagged) -> Done {
    let topics = tagged.topics().iter().map(|name| &**name).collect::<Vec<_>>().join(",");
    let time = story.time().strftime("%Y-%m-%d %H:%MZ");
    say(&format!("{time}  {}  [{topics}]  {}", story.outlet, story.title))
}

const CSV_HEADING: [&str; 11] =
    ["id", "published", "first_seen", "outlet", "feed", "lang", "topics", "symbols", "group", "title", "link"];

fn csv_line(writer: &mut csv::Writer<impl Write>, line: &StoryLine) -> Done {
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
    // Whoever reads along has each line as it is found.
    Ok(writer.flush()?)
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
