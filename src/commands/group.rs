//! `newstape group`: which stories are one event, in the order in which they come.

use std::io::Write;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Done, Surroundings, json_line, lines, out};
use crate::domain::group::Groups;
use crate::domain::story::StoryId;
use crate::domain::text::clean;

/// Reads one JSON object a line on standard input: {id, title, summary, source or outlet, published}.
#[derive(Debug, Args)]
pub(super) struct Group {
    /// Answer in JSON (the only form there is)
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    group: String,
}

impl Group {
    #[expect(clippy::unused_self, reason = "all commands share this signature")]
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut groups = Groups::default();
        let mut out = out();
        let mut number = 0;
        let mut time = (around.clock)();
        lines::each(&mut std::io::stdin().lock(), |story| {
            // A story without a time comes at the time of the one before.
            time = story.published().unwrap_or(time);
            number += 1;
            let group = groups.place(StoryId(number), &clean(story.title()), &clean(story.outlet()), time);
            let answer = Answer { id: &story.id, group: group.to_string() };
            let line = json_line(&answer)?;
            writeln!(out, "{line}")?;
            Ok(())
        })
    }
}
