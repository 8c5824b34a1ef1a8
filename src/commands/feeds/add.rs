//! `newstape feeds add`: an address that is a feed, or a page that names some.

use clap::Args;
use toml_edit::Value;
use url::Url;

use super::super::asking::{Asking, feed_at, host};
use super::super::config_file::ConfigFile;
use super::super::{Done, Failure, Surroundings, runtime, say, usage};
use super::unique;
use crate::config::Config;
use crate::config::units;
use crate::domain::format;
use crate::http::Answer;
use crate::news::discover::{self, Candidate, WELL_KNOWN};
use crate::news::repair::Repairs;
use crate::news::{self, Document, Unreadable, decode, opml};

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The address of a feed, or of a web page that has one
    address: String,
    /// Its name; without one, what it calls itself
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The heading it stands under
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// How often it is asked: 10m, 1h …
    #[arg(long, value_name = "TIME", value_parser = read_interval)]
    interval: Option<String>,
    /// Which one, when a page has several
    #[arg(long, value_name = "N", value_parser = usage::count, allow_negative_numbers = true)]
    pick: Option<usize>,
    /// Take the address as it is, without asking there
    #[arg(long, conflicts_with = "pick")]
    unchecked: bool,
}

fn read_interval(text: &str) -> Result<String, String> {
    units::duration(text).map(|_| text.to_owned())
}

/// What will be added.
struct Found {
    url: String,
    title: String,
    /// Entries that it has now.
    entries: Option<usize>,
}

impl Add {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut file = ConfigFile::open(&around.places.config)?;
        // The one in force has the environment's values too, which asking needs.
        let config = around.config()?;
        let address = address(&self.address)?;
        refuse_known(&config, &address)?;
        let found = match self.unchecked {
            true => Found { title: host(&address), url: address, entries: None },
            false => runtime()?.block_on(self.look(&address, &config, around))?,
        };
        refuse_known(&config, &found.url)?;
        let name = self.name_for(&found, &config)?;
        let mut fields: Vec<(&str, Value)> = vec![("name", name.as_str().into()), ("url", found.url.as_str().into())];
        fields.extend(self.category.as_deref().map(|category| ("category", category.into())));
        fields.extend(self.interval.as_deref().map(|interval| ("interval", interval.into())));
        file.add(&fields)?;
        let warnings = file.load()?.warnings;
        if let Some(warning) = warnings.iter().find(|warning| !config.warnings.contains(warning)) {
            return Err(Failure::usage(format!("{warning}; nothing was changed")));
        }
        let path = file.path().display().to_string();
        file.save()?;
        let entries = found
            .entries
            .map(|entries| format!(" ({})", format::count(entries, "entry", "entries")))
            .unwrap_or_default();
        say(&format!("added {name}{entries} to {path}"))?;
        Ok(())
    }

    fn name_for(&self, found: &Found, config: &Config) -> Result<String, Failure> {
        let is_taken = |name: &str| config.feeds.iter().any(|feed| &*feed.name == name);
        match &self.name {
            Some(name) if is_taken(name.trim()) => {
                Err(Failure::usage(format!("another feed is called '{}'; choose another --name", name.trim())))
            }
            Some(name) => Ok(name.trim().to_owned()),
            None => Ok(unique(&opml::name(&found.title), is_taken)),
        }
    }

    async fn look(&self, address: &str, config: &Config, around: &Surroundings) -> Result<Found, Failure> {
        let mut asking = Asking::new(config, around)?;
        let answer = asking.ask(address, None).await?;
        match read(&answer) {
            Ok(document) => Ok(found(address, &answer, &document, String::new())),
            Err(Unreadable::WebPage) => {
                let candidates = candidates(&answer);
                match candidates.is_empty() {
                    true => self.guess(&answer, &mut asking).await,
                    false => {
                        let candidate = self.choose(candidates, &answer.url)?;
                        refuse_known(config, &candidate.url)?;
                        follow(candidate, &answer.url, &mut asking).await
                    }
                }
            }
            Err(why) => Err(Failure::not_had(format!("{}: {why}", host(address)))),
        }
    }

    /// One of those that a page names: the only one of news, or the one that is picked.
    fn choose(&self, mut candidates: Vec<Candidate>, page: &str) -> Result<Candidate, Failure> {
        let news = candidates.iter().filter(|candidate| !discover::is_of_comments(candidate)).count();
        match self.pick {
            None if news == 1 || candidates.len() == 1 => Ok(candidates.remove(0)),
            None if discover::is_one_feed(candidates.get(..news).unwrap_or_default()) => Ok(candidates.remove(0)),
            Some(pick) if (1..=candidates.len()).contains(&pick) => Ok(candidates.remove(pick - 1)),
            _ => {
                for (at, candidate) in candidates.iter().enumerate() {
                    say(&format!("{:3}  {}  {}", at + 1, candidate.url, candidate.title))?;
                }
                let count = candidates.len();
                Err(Failure::not_had(format!("{} has {count} feeds; choose one with --pick 1 to {count}", host(page))))
            }
        }
    }

    /// Where feeds are found most often, for a page that names none.
    async fn guess(&self, page: &Answer, asking: &mut Asking<'_>) -> Result<Found, Failure> {
        let nothing = || Failure::not_had(format!("{}: it is a web page, and names no feed", host(&page.url)));
        let base = Url::parse(&page.url).map_err(|_| nothing())?;
        for path in WELL_KNOWN {
            let Ok(url) = base.join(path) else { continue };
            let candidate = Candidate { url: url.into(), title: String::new(), kind: String::new() };
            if let Ok(found) = follow(candidate, &page.url, asking).await {
                return Ok(found);
            }
        }
        Err(nothing())
    }
}

/// As people write addresses: `example.org/news` too.
fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    // As browsers and other readers hand feeds on: `feed://example.org/rss`, `feed:https://example.org/rss`.
    let lower = text.to_ascii_lowercase();
    let bare =
        ["feed:", "rss:"].iter().find(|scheme| lower.starts_with(*scheme)).and_then(|scheme| text.get(scheme.len()..));
    let handed = bare.map(|rest| if rest.starts_with("//") { format!("http:{rest}") } else { rest.to_owned() });
    let text = handed.as_deref().unwrap_or(text);
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&full).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match url.filter(|url| url.host_str().is_some_and(|host| !host.is_empty())) {
        Some(_) => Ok(full),
        None => Err(Failure::usage("the address of a feed begins with https:// or http://")),
    }
}

fn refuse_known(config: &Config, url: &str) -> Done {
    match feed_at(config, url) {
        None => Ok(()),
        Some(feed) if feed.enabled => Err(Failure::not_had(format!("this feed is there already, as '{}'", feed.name))),
        Some(feed) => Err(Failure::not_had(format!(
            "this feed is there already, switched off, as '{0}'; newstape feeds enable '{0}' switches it on",
            feed.name
        ))),
    }
}

fn read(answer: &Answer) -> Result<Document, Unreadable> {
    news::read(&answer.body, answer.header("content-type"), &answer.url)
}

fn candidates(answer: &Answer) -> Vec<Candidate> {
    let html = decode::decode(&answer.body, answer.header("content-type"), &mut Repairs::default());
    Url::parse(&answer.url).map(|page| discover::candidates(&html, &page)).unwrap_or_default()
}

/// Asks for a feed that a page names.
async fn follow(candidate: Candidate, page: &str, asking: &mut Asking<'_>) -> Result<Found, Failure> {
    let answer = asking.ask(&candidate.url, Some(page)).await?;
    let document = read(&answer).map_err(|why| Failure::not_had(format!("the feed that the page names: {why}")))?;
    Ok(found(&candidate.url, &answer, &document, candidate.title))
}

fn found(asked: &str, answer: &Answer, document: &Document, title: String) -> Found {
    // Only a move for good is one; and a redirect never gets to see a login.
    let is_moved = !answer.hops.is_empty() && answer.hops.iter().all(|status| matches!(status, 301 | 308));
    let title = [document.title.clone(), title].into_iter().find(|title| !title.trim().is_empty());
    Found {
        url: if is_moved { answer.url.clone() } else { asked.to_owned() },
        title: title.unwrap_or_else(|| host(asked)),
        entries: Some(document.entries.len()),
    }
}
