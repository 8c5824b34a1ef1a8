//! `newstape feeds import` and `export`: OPML, from and for other readers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use toml_edit::Value;

use super::super::config_file::{ConfigFile, replace};
use super::super::{Done, Failure, Surroundings, complain, in_words, say};
use super::unique;
use crate::news::discover;
use crate::news::opml::{self, List, MAX_BYTES, Outline};

#[derive(Debug, Args)]
pub struct Import {
    /// An OPML file, or - for standard input
    file: String,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Where to write; without it, standard output
    file: Option<PathBuf>,
    /// The feeds that are switched off too
    #[arg(long)]
    all: bool,
}

impl Import {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut file = ConfigFile::open(&around.places.config)?;
        let List { feeds, skipped } = read(&self.file)?;
        let config = file.load()?;
        let mut known: BTreeMap<String, bool> =
            config.feeds.iter().map(|feed| (discover::key(&feed.url), feed.enabled)).collect();
        let mut names: BTreeSet<String> = config.feeds.iter().map(|feed| feed.name.to_string()).collect();
        let (mut added, mut there, mut off) = (0, 0, 0);
        for feed in &feeds {
            if let Some(enabled) = known.get(&discover::key(&feed.url)) {
                there += 1;
                off += usize::from(!enabled);
                continue;
            }
            let name = unique(&feed.name, |name| names.contains(name));
            file.add(&fields(&name, feed))?;
            names.insert(name);
            known.insert(discover::key(&feed.url), true);
            added += 1;
        }
        for sentence in &skipped {
            complain(format_args!("{sentence}; left out"));
        }
        let path = file.path().display().to_string();
        if added > 0 {
            file.save()?;
        }
        say(&told(added, there, off, skipped.len(), &path))?;
        match added + there == 0 && !skipped.is_empty() {
            true => Err(Failure::not_had("not one feed of the file could be taken")),
            false => Ok(()),
        }
    }
}

fn fields<'a>(name: &'a str, feed: &'a Outline) -> Vec<(&'static str, Value)> {
    let mut fields: Vec<(&str, Value)> = vec![("name", name.into()), ("url", feed.url.as_str().into())];
    fields.extend(feed.category.as_deref().map(|category| ("category", category.into())));
    fields
}

/// `added 3 feeds to …; 2 were there already, 1 of them switched off`
fn told(added: usize, there: usize, off: usize, skipped: usize, path: &str) -> String {
    let feeds = if added == 1 { "feed" } else { "feeds" };
    let mut text = match added {
        0 => "nothing new".to_owned(),
        _ => format!("added {added} {feeds} to {path}"),
    };
    if there > 0 {
        text.push_str(&format!("; {there} there already"));
    }
    if off > 0 {
        text.push_str(&format!(", {off} of them switched off"));
    }
    if skipped > 0 {
        text.push_str("; some were left out");
    }
    text
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
            })
            .collect();
        let text = opml::write(&feeds);
        let Some(path) = self.file else {
            std::io::stdout().lock().write_all(text.as_bytes())?;
            return Ok(());
        };
        let shown = path.display();
        if path.exists() {
            return Err(Failure::not_had(format!("{shown} is there already and was left as it is")));
        }
        replace(&path, text.as_bytes(), 0o644)
            .map_err(|error| Failure::not_had(format!("{shown} can't be written: {}", in_words(&error))))?;
        say(&format!("wrote {} feeds to {shown}", feeds.len()))?;
        Ok(())
    }
}
