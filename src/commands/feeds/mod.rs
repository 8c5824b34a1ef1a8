//! `newstape feeds`: the list of feeds, seen and changed. All changes are made in the one config file.

mod add;
mod list;
mod transfer;

use clap::{Args, Subcommand};

use super::config_file::ConfigFile;
use super::{Done, Failure, Surroundings, say};
use crate::config::Config;
use crate::domain::feed::Feed;
use crate::domain::spelling::did_you_mean;
use crate::news::discover;

#[derive(Debug, Args)]
pub(super) struct Feeds {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// All feeds: name, category, interval, how they fare, address
    List(list::List),
    /// Add a feed, or the feed of a web page, to the config file
    Add(add::Add),
    /// Take a feed out of the config file; a shipped one is switched off
    Remove(Named),
    /// Switch a feed off
    Disable(Named),
    /// Switch a feed on
    Enable(Named),
    /// Add the feeds of an OPML file, as other readers export it
    Import(transfer::Import),
    /// Write the feeds as OPML, for other readers
    Export(transfer::Export),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The feed's name, or its address
    name: String,
}

impl Feeds {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        match self.what {
            What::List(list) => list.run(around),
            What::Add(add) => add.run(around),
            What::Remove(named) => remove(&named.name, around),
            What::Disable(named) => switch(&named.name, false, around),
            What::Enable(named) => switch(&named.name, true, around),
            What::Import(import) => import.run(around),
            What::Export(export) => export.run(around),
        }
    }
}

/// The feed that is meant: by its name, its name in any case, or its address.
fn find<'a>(config: &'a Config, name: &str) -> Result<&'a Feed, Failure> {
    let feeds = &config.feeds;
    let lower = name.trim().to_lowercase();
    let found = feeds.iter().find(|feed| &*feed.name == name.trim());
    let found = found.or_else(|| feeds.iter().find(|feed| feed.name.to_lowercase() == lower));
    found.or_else(|| feeds.iter().find(|feed| discover::key(&feed.url) == discover::key(name))).ok_or_else(|| {
        let hint = did_you_mean(name, feeds.iter().map(|feed| &*feed.name));
        let hint = if hint.is_empty() { "; newstape feeds list names them all".to_owned() } else { hint };
        Failure::not_had(format!("no feed is called '{name}'{hint}"))
    })
}

fn switch(name: &str, enabled: bool, around: &Surroundings) -> Done {
    let mut file = ConfigFile::open(&around.places.config)?;
    let config = file.load()?;
    let feed = find(&config, name)?;
    let word = if enabled { "on" } else { "off" };
    if feed.enabled == enabled {
        say(&format!("{} is {word} already", feed.name))?;
        return Ok(());
    }
    switch_in(&mut file, &feed.name, enabled)?;
    let path = file.path().display().to_string();
    // An entry may be skipped for another reason than this switch.
    let is_done = file.load()?.feeds.iter().any(|other| other.name == feed.name && other.enabled == enabled);
    if !is_done {
        return Err(Failure::not_had(format!(
            "{} could not be switched {word}: another feed has its address, or its proxy can't be used; nothing was changed",
            feed.name
        )));
    }
    file.save()?;
    say(&format!("{} is {word}, in {path}", feed.name))?;
    Ok(())
}

fn switch_in(file: &mut ConfigFile, name: &str, enabled: bool) -> Done {
    match file.enable(name, enabled)? {
        true => Ok(()),
        false => file.add(&[("name", name.into()), ("enabled", enabled.into())]),
    }
}

fn remove(name: &str, around: &Surroundings) -> Done {
    let mut file = ConfigFile::open(&around.places.config)?;
    let config = file.load()?;
    let feed = find(&config, name)?;
    let was_own = file.remove(&feed.name)?;
    let shipped = file.load()?.feeds.into_iter().find(|other| other.name == feed.name);
    let path = file.path().display().to_string();
    match shipped {
        None => {
            file.save()?;
            say(&format!("{} is removed from {path}", feed.name))?;
        }
        Some(left) if !left.enabled && !was_own => {
            say(&format!("{} comes with newstape and is off already", feed.name))?;
        }
        Some(_) => {
            // What the reader wrote about it may be wanted again: it is kept.
            let mut file = ConfigFile::open(&around.places.config)?;
            switch_in(&mut file, &feed.name, false)?;
            file.save()?;
            say(&format!("{} comes with newstape: it is switched off, in {path}", feed.name))?;
        }
    }
    Ok(())
}

/// The name, or the name with a number when another feed has it.
fn unique(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let name = if name.is_empty() { "A feed" } else { name };
    let numbered = |number: usize| {
        let end = format!(" {number}");
        let head: String = name.chars().take(80 - end.len()).collect();
        format!("{}{end}", head.trim_end())
    };
    let mut names = std::iter::once(name.to_owned()).chain((2..).map(numbered));
    names.find(|name| !taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_unique() {
        let long = "x".repeat(80);
        for (name, taken, expected) in [
            ("News", vec![], "News".to_owned()),
            ("News", vec!["News", "News 2"], "News 3".to_owned()),
            ("", vec![], "A feed".to_owned()),
            (&long, vec![&*long], format!("{} 2", "x".repeat(78))),
        ] {
            assert_eq!(unique(name, |name| taken.contains(&name)), expected);
        }
    }
}
