//! `newstape tail`: stories as they arrive, and alerts as they come true.

use std::io::Write;
use std::sync::Arc;

use clap::Args;

use super::stories::plain_line;
use super::{Done, Surroundings, complain, escaped, out, runtime, say, say_json, usage};
use crate::app::App;
use crate::app::line::StoryLine;
use crate::app::wire::Item;
use crate::domain::query::Query;
use crate::event::Raised;
use crate::shell::headless::{self, Said};

/// Stories as they arrive.
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// A query, as in the filter line: 'nvidia -gaming topic:regulation'; behind -- when it begins with -
    query: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Raise the alerts of the config as well: they are printed, their commands run, their addresses posted to
    #[arg(long)]
    alerts: bool,
}

impl Tail {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let text = self.query.join(" ");
        let config = Arc::new(around.config()?);
        let query = usage::query(&text, &config)?;
        let print = |app: &App, said: Said| -> Done {
            match said {
                Said::Story(item) => self.story(app, item, &query),
                Said::Alert(raised) => self.alert(raised),
                Said::Trouble(trouble) => {
                    complain(trouble);
                    Ok(())
                }
            }
        };
        let work = headless::run(config, &around.places, around.clock.clone(), self.alerts, print);
        let runtime = runtime()?;
        let ended = runtime.block_on(work);
        // A config file that stalls is not waited for.
        runtime.shutdown_background();
        ended
    }

    fn story(&self, app: &App, item: &Item, query: &Query) -> Done {
        let mut subject = item.subject(app.wire.outlet_count(item.group), app.now);
        let moves = app.tape.moves_since(item.story.time());
        subject.moves = &moves;
        if !query.matches(&subject) || (item.verdict.is_muted() && !query.asks().muted) {
            return Ok(());
        }
        if !self.json {
            return plain_line(&item.story, &item.tagged);
        }
        say_json(&StoryLine::new(item, &app.wire))?;
        Ok(out().flush()?)
    }

    fn alert(&self, raised: &Raised) -> Done {
        match self.json {
            true => say(&escaped(&raised.payload)),
            false => say(&format!("! {}: {}", raised.alert, raised.text)),
        }
    }
}
