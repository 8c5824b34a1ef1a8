//! `newstape feeds import` and `export`: OPML, from and for other readers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use toml_edit::Value;

use super::super::config_file::{ConfigFile, replace};
use super::super::{Done, Failure, Surroundings, complain, in_words, out, say};
use super::unique;
use crate::config::{Config, units};
use crate::domain::feed::Feed;
use crate::domain::format;
use crate::domain::query::Query;
use crate::news::discover;
use crate::news::opml::{self, List, MAX_BYTES, Outline};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// An OPML file, or - for standard input
    file: String,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to write; without it, standard output
    file: Option<PathBuf>,
    /// The feeds that are switched off too
    #[arg(long)]
    all: bool,
}

impl Import {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut file = ConfigFile::open(&around.places.config)?;
        let list = read(&self.file)?;
        let mut taken = Taken::new(&file.load()?);
        for feed in &list.feeds {
            taken.take(feed, &mut file)?;
        }
        for sentence in list.skipped.iter().chain(&taken.unusable) {
            complain(format_args!("{sentence}; left out"));
        }
        let path = file.path().display().to_string();
        if taken.added + taken.changed > 0 {
            file.save()?;
        }
        let skipped = list.skipped.len() + taken.unusable.len();
        say(&taken.summary(skipped, &path))?;
        if list.is_cut {
            let last = list.feeds.last().map(|feed| format!(" after '{}'", feed.name)).unwrap_or_default();
            let feeds = format::count(list.feeds.len(), "feed", "feeds");
            return Err(Failure::not_had(format!(
                "the file breaks off{last}: {feeds} could be read, what followed is missing"
            )));
        }
        match taken.added + taken.there == 0 && skipped > 0 {
            true => Err(Failure::not_had("not one feed of the file could be taken")),
            false => Ok(()),
        }
    }
}

/// What became of the feeds of a file.
struct Taken {
    /// By their addresses; those of the file itself are None.
    known: BTreeMap<String, Option<Feed>>,
    names: BTreeSet<String>,
    added: usize,
    there: usize,
    /// There already and switched off.
    off: usize,
    /// There already, and set as the file says.
    changed: usize,
    /// Settings that can't be used, a sentence each.
    unusable: Vec<String>,
}

impl Taken {
    fn new(config: &Config) -> Taken {
        Taken {
            known: config.feeds.iter().map(|feed| (discover::key(&feed.url), Some(feed.clone()))).collect(),
            names: config.feeds.iter().map(|feed| feed.name.to_string()).collect(),
            added: 0,
            there: 0,
            off: 0,
            changed: 0,
            unusable: Vec::new(),
        }
    }

    fn take(&mut self, outline: &Outline, file: &mut ConfigFile) -> Done {
        let mut settings = Vec::new();
        for (key, value) in &outline.settings {
            match setting(key, value) {
                Some(value) => settings.push((*key, value)),
                None => self.unusable.push(format!("the {key} of '{}' can't be used", outline.name)),
            }
        }
        if let Some(there) = self.known.get(&discover::key(&outline.url)) {
            self.there += 1;
            let Some(feed) = there else { return Ok(()) };
            return self.set(&feed.clone(), outline, settings, file);
        }
        let name = unique(&outline.name, |name| self.names.contains(name));
        let mut fields: Vec<(&str, Value)> = vec![("name", (&*name).into()), ("url", (&*outline.url).into())];
        fields.extend(outline.category.as_deref().map(|category| ("category", category.into())));
        fields.extend(settings);
        file.add(&fields)?;
        self.names.insert(name);
        self.known.insert(discover::key(&outline.url), None);
        self.added += 1;
        Ok(())
    }

    /// A feed that comes with newstape is set as the file says. What the reader wrote about a feed stands.
    fn set(
        &mut self,
        feed: &Feed,
        outline: &Outline,
        settings: Vec<(&'static str, Value)>,
        file: &mut ConfigFile,
    ) -> Done {
        let now = told_of(feed);
        let is_new =
            |key: &str| outline.settings.iter().find(|(of, _)| *of == key) != now.iter().find(|(of, _)| *of == key);
        let settings: Vec<(&str, Value)> = settings.into_iter().filter(|(key, _)| is_new(key)).collect();
        if settings.is_empty() || file.has(&feed.name)? {
            self.off += usize::from(!feed.enabled);
            return Ok(());
        }
        let name = [("name", Value::from(&*feed.name))];
        file.add(&name.into_iter().chain(settings).collect::<Vec<_>>())?;
        self.changed += 1;
        Ok(())
    }

    /// `added 3 feeds to …; 2 there already, 1 of them switched off, 1 of them set as the file says`
    fn summary(&self, skipped: usize, path: &str) -> String {
        let mut text = match self.added {
            0 => "nothing new".to_owned(),
            added => format!("added {} to {path}", format::count(added, "feed", "feeds")),
        };
        if self.there > 0 {
            text.push_str(&format!("; {} there already", self.there));
        }
        if self.off > 0 {
            text.push_str(&format!(", {} of them switched off", self.off));
        }
        if self.changed > 0 {
            text.push_str(&format!(", {} of them set as the file says", self.changed));
        }
        if skipped > 0 {
            text.push_str("; some were left out");
        }
        text
    }
}

/// A setting as the config file has it; None when it can't be used.
fn setting(key: &str, value: &str) -> Option<Value> {
    match key {
        "enabled" | "primary" => value.parse::<bool>().ok().map(Value::from),
        "interval" => units::duration(value).ok().map(|_| value.into()),
        "kill" => Query::parse(value).ok().map(|_| value.into()),
        "lang" => (value.len() == 2 && value.chars().all(|c| c.is_ascii_lowercase())).then(|| value.into()),
        _ => Some(value.into()),
    }
}

/// What other readers have no attribute for.
fn told_of(feed: &Feed) -> Vec<(&'static str, String)> {
    let value = |key: &'static str| {
        let value = match key {
            "enabled" => feed.enabled.to_string(),
            // One that the shipped list gives is no wish of the reader's.
            "interval" if feed.own_interval => format::duration(feed.interval),
            "primary" => feed.primary.to_string(),
            "lang" => feed.lang.as_deref()?.to_owned(),
            "user-agent" => feed.user_agent.clone()?,
            "kill" => feed.kill.clone()?,
            _ => return None,
        };
        Some((key, value))
    };
    opml::SETTINGS.into_iter().filter_map(value).collect()
}

fn read(file: &str) -> Result<List, Failure> {
    let mut bytes = Vec::new();
    // One byte more than may be tells that there is more.
    let limit = MAX_BYTES as u64 + 1;
    let read = match file {
        "-" => std::io::stdin().lock().take(limit).read_to_end(&mut bytes),
        path => std::fs::File::open(Path::new(path)).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    let shown = if file == "-" { "standard input" } else { file };
    read.map_err(|error| Failure::not_had(format!("{shown} can't be read: {}", in_words(&error))))?;
    opml::read(&bytes).map_err(|why| Failure::not_had(format!("{shown}: {why}")))
}

impl Export {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = around.config()?;
        let feeds: Vec<Outline> = config
            .feeds
            .iter()
            .filter(|feed| feed.enabled || self.all)
            .map(|feed| Outline {
                name: feed.name.to_string(),
                url: feed.url.clone(),
                category: Some(feed.category.to_string()),
                settings: told_of(feed),
            })
            .collect();
        let text = opml::write(&feeds);
        let Some(path) = self.file else {
            out().write_all(text.as_bytes())?;
            return Ok(());
        };
        let shown = path.display();
        if path.exists() {
            return Err(Failure::not_had(format!("{shown} is there already and was left as it is")));
        }
        replace(&path, text.as_bytes(), 0o644)
            .map_err(|error| Failure::not_had(format!("{shown} can't be written: {}", in_words(&error))))?;
        say(&format!("wrote {} to {shown}", format::count(feeds.len(), "feed", "feeds")))?;
        Ok(())
    }
}
