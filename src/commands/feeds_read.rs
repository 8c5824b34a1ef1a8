//! `newstape read`: one feed as newstape reads it, with the repairs it made.

use std::io::Write;
use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::asking::{Asking, host};
use super::{Done, Failure, Surroundings, in_words, json_line, out, runtime};
use crate::config::Config;
use crate::domain::format;
use crate::news::{self, Document, Unreadable};
use crate::shell::files::read_capped;

/// The largest document that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;

#[derive(Debug, Args)]
pub(super) struct Read {
    /// A file, an http(s) address, or - for standard input
    source: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// A body, its content type when there was an answer, and the address that relative links start from.
struct Body {
    bytes: Vec<u8>,
    content_type: Option<String>,
    base: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    format: &'a str,
    title: &'a str,
    repairs: &'a [String],
    stories: Vec<StoryOut<'a>>,
}

#[derive(Serialize)]
struct StoryOut<'a> {
    title: &'a str,
    link: Option<&'a str>,
    outlet: Option<&'a str>,
    lang: Option<&'a str>,
    published: Option<Timestamp>,
    summary: &'a str,
    guid: Option<&'a str>,
}

impl Read {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = around.config()?;
        let body = body(&self.source, &config, around)?;
        let document = news::read_up_to(usize::MAX, &body.bytes, body.content_type.as_deref(), &body.base)
            .map_err(|why| Failure::not_had(format!("{}: {why}{}", self.shown(), hint(&why))))?;
        let out = out();
        if self.json { json(out, &document) } else { plain(out, &document) }
    }

    /// As a sentence names it.
    fn shown(&self) -> String {
        match self.source.as_str() {
            "-" => "standard input".into(),
            source if is_address(source) => host(source),
            source => source.into(),
        }
    }
}

/// What to do with a page.
fn hint(why: &Unreadable) -> &'static str {
    match why {
        Unreadable::WebPage => "; newstape feeds add finds the feeds of a page",
        _ => "",
    }
}

fn is_address(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

fn body(source: &str, config: &Config, around: &Surroundings) -> Result<Body, Failure> {
    if is_address(source) {
        return fetch(source, config, around);
    }
    let read = match source {
        "-" => read_capped(std::io::stdin().lock(), FILE_MAX),
        path => std::fs::File::open(Path::new(path)).and_then(|file| read_capped(file, FILE_MAX)),
    };
    let bytes = read.map_err(|error| Failure::not_had(format!("{source} can't be read: {}", in_words(&error))))?;
    Ok(Body { bytes, content_type: None, base: String::new() })
}

/// By the settings of the feed whose address it is, if it is one.
fn fetch(url: &str, config: &Config, around: &Surroundings) -> Result<Body, Failure> {
    let mut asking = Asking::new(config, around)?;
    let answer = runtime()?.block_on(asking.ask(url, None))?;
    let content_type = answer.header("content-type").map(str::to_owned);
    Ok(Body { content_type, base: answer.url.clone(), bytes: answer.body })
}

fn json(mut out: impl Write, document: &Document) -> Done {
    let stories = document.entries.iter().map(|entry| StoryOut {
        title: &entry.title,
        link: entry.link.as_deref(),
        outlet: entry.source.as_deref(),
        lang: entry.lang.as_deref().or(document.lang.as_deref()),
        published: entry.published,
        summary: &entry.summary,
        guid: entry.guid.as_deref(),
    });
    let answer = Answer {
        format: &document.format,
        title: &document.title,
        repairs: &document.repairs,
        stories: stories.collect(),
    };
    let line = json_line(&answer)?;
    writeln!(out, "{line}")?;
    Ok(())
}

fn plain(mut out: impl Write, document: &Document) -> Done {
    let stories = format::count(document.entries.len(), "story", "stories");
    writeln!(out, "{} · {} · {stories}", document.title, document.format)?;
    if !document.repairs.is_empty() {
        writeln!(out, "repaired: {}", document.repairs.join(", "))?;
    }
    for entry in &document.entries {
        let time = entry.published.map_or("no date".into(), |time| time.strftime("%Y-%m-%d %H:%MZ").to_string());
        writeln!(out, "\n{time:16}  {}", entry.title)?;
        if let Some(link) = &entry.link {
            writeln!(out, "                  {link}")?;
        }
    }
    Ok(())
}
