//! `--record`: writes a day in the form that `replay` reads: `headlines.jsonl`, a line for each new story, and
//! `candles_SYMBOL_INTERVAL.csv`, a row for each bar that has ended. A folder that has a recording already is refused: its
//! candles may be of other sources, and a day that broke off has a gap that nothing in it tells of.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::recording::{HEADLINES, read_folder};
use crate::domain::Name;
use crate::domain::price::{Kind, Series, Span, kind};
use crate::domain::story::{Story, StoryId};
use crate::event::{Clock, StoreEffect};

/// Notes that wait for the disk; more are lost, and said to be.
const WAITING: usize = 1_024;
const COLUMNS: &str = "open_time_utc,open,high,low,close,volume\n";

/// What is written down.
#[derive(Debug)]
enum Note {
    Stories(Vec<Story>),
    Series(Series),
}

/// A recording under way. What is noted is written by a thread of its own: a slow disk holds nothing up.
#[derive(Debug)]
pub(crate) struct Recorder {
    notes: Option<Sender<Note>>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl Recorder {
    /// Begins a recording in a folder.
    ///
    /// # Errors
    /// When the folder can't be made, read or written, or has a recording already.
    pub(crate) fn begin(dir: &Path, clock: Clock) -> anyhow::Result<Recorder> {
        let mut sheets = Sheets::open(dir)?;
        let (notes, mut waiting) = mpsc::channel(WAITING);
        let work = move || sheets.write(&mut waiting, &clock);
        let writer = std::thread::Builder::new().name("record".into()).spawn(work)?;
        Ok(Recorder { notes: Some(notes), writer: Some(writer) })
    }

    /// Notes what is saved, where it belongs to the day. False once it can't be written any more.
    pub(crate) fn note(&self, effect: &StoreEffect) -> bool {
        let note = match effect {
            StoreEffect::SaveStories(stories) => Note::Stories(stories.clone()),
            // The day has the finest bars of all symbols, shown or not.
            StoreEffect::SaveSeries { span: Span::Day, series } => Note::Series(series.clone()),
            StoreEffect::Load { .. }
            | StoreEffect::SaveSeries { .. }
            | StoreEffect::SaveGroups(_)
            | StoreEffect::SaveAnalyses(_)
            | StoreEffect::SaveMarks(_)
            | StoreEffect::SaveFeed(_)
            | StoreEffect::SaveQuote(_)
            | StoreEffect::SaveSource(_)
            | StoreEffect::SaveQuery(_)
            | StoreEffect::SaveLayout(_)
            | StoreEffect::Search { .. }
            | StoreEffect::SearchMore { .. }
            | StoreEffect::Recount { .. }
            | StoreEffect::ReadSummaries(_)
            | StoreEffect::SaveMissing(_) => return true,
        };
        match self.notes.as_ref().map(|notes| notes.try_send(note)) {
            Some(Err(TrySendError::Full(_))) => {
                tracing::warn!("the recording could not keep up: something is missing in it");
                true
            }
            Some(Err(TrySendError::Closed(_))) => false,
            Some(Ok(())) | None => true,
        }
    }

    /// Writes what waits, and ends.
    ///
    /// # Errors
    /// What could not be written: one sentence.
    pub(crate) fn end(mut self) -> Result<(), String> {
        self.notes = None;
        let written = self.writer.take().map(JoinHandle::join);
        match written {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(format!("the recording could not be written: {}", error.kind())),
            Some(Err(_)) => Err("the recording broke off by a mistake of newstape's own".to_owned()),
        }
    }
}

/// A line of `headlines.jsonl`.
#[derive(Serialize)]
struct Headline<'a> {
    id: String,
    title: &'a str,
    summary: &'a str,
    url: Option<&'a str>,
    outlet: &'a str,
    lang: Option<&'a str>,
    primary: bool,
    published_utc: Option<Timestamp>,
    first_seen_utc: Timestamp,
}

/// The files of a recording.
#[derive(Debug)]
struct Sheets {
    dir: PathBuf,
    headlines: File,
    known: HashSet<StoryId>,
    candles: HashMap<(Name, u32), Candles>,
}

/// A file of candles: of one source alone, as no change is ever computed across two.
#[derive(Debug)]
struct Candles {
    file: File,
    source: Name,
    last: Option<Timestamp>,
}

impl Sheets {
    fn open(dir: &Path) -> anyhow::Result<Sheets> {
        std::fs::create_dir_all(dir)?;
        let files = read_folder(dir).map_err(|(_, error)| error)?;
        anyhow::ensure!(files.is_empty(), "it has a recording already");
        Ok(Sheets {
            headlines: begun(&dir.join(HEADLINES), "")?,
            known: HashSet::new(),
            dir: dir.to_path_buf(),
            candles: HashMap::new(),
        })
    }

    fn write(&mut self, notes: &mut Receiver<Note>, clock: &Clock) -> io::Result<()> {
        while let Some(note) = notes.blocking_recv() {
            match note {
                Note::Stories(stories) => stories.iter().try_for_each(|story| self.headline(story))?,
                Note::Series(series) => self.bars(&series, clock())?,
            }
        }
        self.headlines.flush()
    }

    /// An edited story keeps its first line.
    fn headline(&mut self, story: &Story) -> io::Result<()> {
        if !self.known.insert(story.id) {
            return Ok(());
        }
        let line = Headline {
            id: story.id.to_string(),
            title: &story.title,
            summary: &story.summary,
            url: story.link.as_deref(),
            outlet: &story.outlet,
            lang: story.lang.as_deref(),
            primary: story.primary,
            published_utc: story.published,
            first_seen_utc: story.first_seen,
        };
        let line = serde_json::to_string(&line)?;
        self.headlines.write_all(format!("{line}\n").as_bytes())
    }

    /// The bars that have ended and are not written yet.
    fn bars(&mut self, series: &Series, now: Timestamp) -> io::Result<()> {
        let key = (series.symbol.clone(), series.interval);
        if !self.candles.contains_key(&key) {
            let file = begun(&self.dir.join(file_name(series)), COLUMNS)?;
            let candles = Candles { file, source: series.source.clone(), last: None };
            self.candles.insert(key.clone(), candles);
        }
        let Some(candles) = self.candles.get_mut(&key).filter(|candles| candles.source == series.source) else {
            return Ok(());
        };
        let mut rows = String::new();
        for bar in series.bars.iter().filter(|bar| bar.end(series.interval) <= now) {
            if candles.last.is_some_and(|last| bar.time <= last) {
                continue;
            }
            candles.last = Some(bar.time);
            let volume = bar.volume.map(|volume| volume.to_string()).unwrap_or_default();
            rows.push_str(&format!("{},{},{},{},{},{volume}\n", bar.time, bar.open, bar.high, bar.low, bar.close));
        }
        candles.file.write_all(rows.as_bytes())
    }
}

/// `candles_NVDA_5m-ext.csv`: a share's bars cover the hours before and after its session.
fn file_name(series: &Series) -> String {
    let interval = match series.interval {
        seconds if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        seconds if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    };
    let extended = if kind(&series.symbol) == Kind::Equity { "-ext" } else { "" };
    // A symbol may hold what a file's name may not.
    let symbol = series.symbol.replace(['/', '\\'], "_");
    format!("candles_{symbol}_{interval}{extended}.csv")
}

/// A new file with its head; never over one that is there.
fn begun(path: &Path, head: &str) -> io::Result<File> {
    let mut file = OpenOptions::new().create_new(true).append(true).open(path)?;
    file.write_all(head.as_bytes())?;
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::samples::{minute, series, titled};
    use crate::shell::recording::Recording;

    fn record(dir: &Path, now: i64, effects: &[StoreEffect]) {
        let recorder = Recorder::begin(dir, Arc::new(move || minute(now))).unwrap();
        assert!(effects.iter().all(|effect| recorder.note(effect)));
        recorder.end().unwrap();
    }

    fn bars(closes: &[f64]) -> StoreEffect {
        StoreEffect::SaveSeries { span: Span::Day, series: series("BTC-USD", minute(0), closes) }
    }

    #[test]
    fn what_was_recorded_is_a_day_that_replay_reads() {
        let dir = tempfile::tempdir().unwrap();
        let stories = vec![titled(1, 0, "Nvidia opens a \"plant\""), titled(2, 1, "Un été à Lyon")];
        let edited = vec![Story { title_before: Some("x".into()), ..titled(1, 0, "Nvidia opens two plants") }];
        let later = vec![titled(2, 1, "Un été à Lyon"), titled(3, 2, "A third")];
        record(
            dir.path(),
            4,
            &[
                StoreEffect::SaveStories(stories),
                bars(&[100.0, 101.0]),
                StoreEffect::SaveStories(edited),
                StoreEffect::SaveStories(later),
                bars(&[100.0, 101.0, 102.5, 103.0, 104.0]),
            ],
        );
        let day = Recording::read(&read_folder(dir.path()).unwrap_or_default()).unwrap();
        assert!(day.warnings.is_empty(), "{:?}", day.warnings);
        let titles: Vec<&str> = day.stories.iter().map(|story| &*story.title).collect();
        assert_eq!(titles, ["Nvidia opens a \"plant\"", "Un été à Lyon", "A third"]);
        assert_eq!(day.stories[0].published, Some(minute(0)));
        let closes: Vec<f64> = day.series[0].bars.iter().map(|bar| bar.close).collect();
        assert_eq!(closes, [100.0, 101.0, 102.5, 103.0], "a bar is written once it has ended");
    }

    #[test]
    fn prices_of_another_source_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let StoreEffect::SaveSeries { span, series } = bars(&[100.0, 101.0]) else { panic!("no series") };
        let other = StoreEffect::SaveSeries { span, series: Series { source: "other".into(), ..series.clone() } };
        record(dir.path(), 1, &[StoreEffect::SaveSeries { span, series }, other]);
        let written = std::fs::read_to_string(dir.path().join("candles_BTC-USD_1m.csv")).unwrap();
        assert_eq!(written.lines().count(), 2, "{written}");
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(Recorder::begin(&dir.path().join("file"), Arc::new(|| minute(0))).is_err());
    }

    #[test]
    fn a_recording_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        record(dir.path(), 1, &[StoreEffect::SaveStories(vec![titled(1, 0, "A")])]);
        let again = Recorder::begin(dir.path(), Arc::new(|| minute(0)));
        assert_eq!(again.unwrap_err().to_string(), "it has a recording already");
    }
}
