//! `newstape tag`: which topics, and why.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Done, Failure, Surroundings, complain, json_line, lines, out};
use crate::domain::text::{Text, clean};
use crate::domain::topic::{But, Near, Tag as TopicTag, Topics};

#[derive(Debug, Args)]
pub(super) struct Tag {
    /// The text; without it, standard input is read: one JSON object a line ({id, title, summary, …}), or plain text
    text: Vec<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Longest plain text read, in bytes.
const TEXT_MAX: u64 = 4 << 20;

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    topics: Vec<&'a str>,
    why: BTreeMap<&'a str, &'a [String]>,
}

impl Tag {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = around.config()?;
        let (topics, mistakes) = Topics::compile(&config.topics, &config.terms);
        for mistake in mistakes {
            complain(config.located(&mistake));
        }
        let mut out = out();
        if !self.text.is_empty() {
            return self.answer(&topics, &Text::new(&clean(&self.text.join(" ")), ""), &mut out);
        }
        let mut input = std::io::stdin().lock();
        match first_byte(&mut input)? {
            Some(b'{') => lines::each(&mut input, |story| {
                let tags = topics.tag(&story.text());
                write_json(&mut out, &story.id, &tags)
            }),
            _ => {
                let (title, rest) = plain(&mut input)?;
                self.answer(&topics, &Text::new(&title, &rest), &mut out)
            }
        }
    }

    fn answer(&self, topics: &Topics, text: &Text, out: &mut impl Write) -> Done {
        let tags = topics.tag(text);
        if self.json {
            return write_json(out, &Value::Null, &tags);
        }
        if tags.is_empty() {
            writeln!(out, "no topic")?;
        }
        for tag in tags {
            let checked = if topics.has_exclusions(&tag.topic) { "; not excluded" } else { "" };
            writeln!(out, "{}: {}{checked}", tag.topic, tag.why.join(" · "))?;
        }
        for near in topics.near(text) {
            writeln!(out, "{}", nearly(&near))?;
        }
        Ok(())
    }
}

/// `nearly nvidia: Nvidia, but excluded by next Nvidia (title:"next nvidia")`
fn nearly(near: &Near) -> String {
    let but = match &near.but {
        But::Excluded(by) => format!("but excluded by {}", by.join(" · ")),
        But::Lacks(what) => format!("but lacks {what}"),
    };
    format!("nearly {}: {}, {but} ({})", near.topic, near.has.join(" · "), near.query)
}

fn write_json(out: &mut impl Write, id: &Value, tags: &[TopicTag]) -> Done {
    let answer = Answer {
        id,
        topics: tags.iter().map(|tag| &*tag.topic).collect(),
        why: tags.iter().map(|tag| (&*tag.topic, &tag.why[..])).collect(),
    };
    let line = json_line(&answer)?;
    writeln!(out, "{line}")?;
    Ok(())
}

/// The first byte that is no white space, left unread.
fn first_byte(input: &mut impl BufRead) -> Result<Option<u8>, Failure> {
    loop {
        let buffer = input.fill_buf()?;
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match buffer.get(blank) {
            Some(byte) => return Ok(Some(*byte)),
            None if blank == 0 => return Ok(None),
            None => input.consume(blank),
        }
    }
}

/// A plain text: its first line is the title, the rest the summary.
fn plain(input: &mut impl Read) -> Result<(String, String), Failure> {
    let mut bytes = Vec::new();
    input.take(TEXT_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (title, rest) = text.trim_start().split_once('\n').unwrap_or((text.trim(), ""));
    Ok((clean(title), clean(rest)))
}
