//! What the wire shows: the filter, with what the store has beyond memory, the prompt that changes it, and the order of the
//! rows.

use jiff::Timestamp;
use strum::IntoEnumIterator;

use super::palette::Choice;
use super::prompt::{Context, PromptOutcome, PromptState};
use super::tape::Tape;
use super::wire::{Filter, Row, Sort, Wire};
use super::{App, Focus, Tone, drawn};
use crate::config::View;
use crate::domain::query::{Need, Query};
use crate::domain::story::{Marks, Story};
use crate::event::{Effect, StoreEffect, SystemEffect, Urgency};

impl App {
    // --- the filter ---

    /// `0` shows all; a topic's key shows the topic; a view's key its query.
    pub(super) fn topic_key(&mut self, digit: char) -> Vec<Effect> {
        let mut filter = self.wire.filter().clone();
        if digit == '0' {
            filter = Filter::default();
        } else if let Some(rule) = self.topics().iter().find(|rule| rule.key == Some(digit)) {
            filter.topic = Some(rule.name.clone());
        } else if let Some(view) = self.config.views.iter().find(|view| view.key == Some(digit)) {
            match Query::parse(&view.query) {
                Ok(query) => filter = Filter { topic: None, query: Some((view.query.clone(), query)) },
                Err(mistake) => {
                    let text = format!("view '{}': {}", view.name, mistake.message);
                    return self.notify(Tone::Warning, text);
                }
            }
        } else {
            return self.notify(Tone::Info, format!("no topic or view has the key {digit}"));
        }
        self.set_filter(filter)
    }

    pub(super) fn set_filter(&mut self, filter: Filter) -> Vec<Effect> {
        self.popup = None;
        self.reading.begin();
        // What is filtered is to be seen.
        self.arrangement.focus =
            if self.arrangement.focus == Focus::Reader { Focus::Wire } else { self.arrangement.focus };
        let mut effects = drawn();
        effects.extend(self.put_filter(filter));
        effects
    }

    /// Applies a filter, and looks for more of what passes it in the store.
    pub(super) fn put_filter(&mut self, filter: Filter) -> Option<Effect> {
        self.wire.forget_found(self.now);
        if asks_for_moves(&filter) {
            know_moves(&mut self.wire, &self.tape);
        }
        self.wire.set_filter(filter, self.now);
        self.look_beyond()
    }

    /// Finds out anew what prices did since each story, when the filter asks.
    pub(super) fn refresh_moves(&mut self) {
        if asks_for_moves(self.wire.filter()) || self.wire.judges_ask().moves {
            know_moves(&mut self.wire, &self.tape);
        }
    }

    /// Asks the store for older stories that pass the filter, when memory does not hold them all.
    pub(super) fn look_beyond(&mut self) -> Option<Effect> {
        match self.needed_of_store() {
            Some((need, until)) => Some(Effect::Store(self.search.start(need, until))),
            None => {
                self.search.stop();
                None
            }
        }
    }

    /// What stories have that pass the filter, and the time before which memory does not hold them. None: the store is not
    /// to be asked.
    fn needed_of_store(&self) -> Option<(Need, Timestamp)> {
        let filter = self.wire.filter();
        let counts_outlets = filter.query.as_ref().is_some_and(|(_, query)| query.asks().outlets);
        if filter.is_empty() || counts_outlets || self.replay.is_some() || self.loading {
            return None;
        }
        let until = self.wire.horizon()?;
        let topic = filter.topic.as_ref().map(|topic| self.tagger.topics().need(|rule| rule.name == *topic));
        let query = filter.query.as_ref().map(|(_, query)| query.need(self.tagger.topics(), self.now));
        Some((Need::all(topic.into_iter().chain(query)), until))
    }

    /// Is the store still being looked through?
    pub fn is_looking(&self) -> bool {
        let is_sifting = self.wire.is_sifting() || self.search.has_waiting();
        is_sifting || (self.search.is_open() && self.notices.store_trouble.is_none())
    }

    /// What the store has found: those that pass come onto the wire.
    pub(super) fn found(&mut self, number: u64, stories: Vec<(Story, Marks)>, done: bool) -> Vec<Effect> {
        if !self.search.answered(number, stories, done) {
            return Vec::new();
        }
        self.take_in_found(if self.wire.filter_may_be_slow() { 0 } else { usize::MAX })
    }

    /// Is there something that a slow filter, mute, highlight or alert has still to be asked about? Then
    /// [`crate::event::Event::Sift`] is waited for.
    pub fn is_sifting(&self) -> bool {
        self.alerts.has_unasked() || self.wire.is_judging() || self.wire.is_sifting() || self.search.has_waiting()
    }

    /// Asks slow alerts about some more, as they wait for nobody to look; then slow mutes and highlights, then a slow
    /// filter: first of what is held, the newest first, then of what the store has found.
    pub(super) fn sift(&mut self, count: usize) -> Vec<Effect> {
        if self.alerts.has_unasked() {
            return self.ask_next_alerts(count);
        }
        if self.wire.is_judging() {
            self.wire.judge_next(count, self.now);
            return vec![Effect::Draw(Urgency::News)];
        }
        if self.wire.is_sifting() {
            self.wire.sift(count, self.now);
            return vec![Effect::Draw(Urgency::News)];
        }
        self.take_in_found(count)
    }

    /// Takes in so much of what the store has found; once that is all, the store is asked for more.
    fn take_in_found(&mut self, count: usize) -> Vec<Effect> {
        let moves = asks_for_moves(self.wire.filter());
        let mut taken = false;
        for _ in 0..count {
            let Some((story, marks)) = self.search.take_next() else { break };
            let moves = if moves { self.tape.moves_since(story.time()) } else { Vec::new() };
            taken |= self.wire.take_found((story, marks), moves, &self.tagger, self.now);
        }
        if self.search.has_waiting() {
            return taken.then_some(Effect::Draw(Urgency::News)).into_iter().collect();
        }
        let more = self.search.go_on(self.wire.found_count());
        let is_seen = taken || more.is_none();
        let draw = is_seen.then_some(Effect::Draw(Urgency::News));
        more.map(Effect::Store).into_iter().chain(draw).collect()
    }

    pub(super) fn toggle_muted(&mut self) -> Vec<Effect> {
        let shows = !self.wire.shows_muted();
        self.wire.show_muted(shows, self.now);
        let text = match (shows, self.wire.muted_count()) {
            (_, 0) => "no story is muted".into(),
            (true, muted) => format!("{muted} muted stories are shown as well"),
            (false, muted) => format!("{muted} muted stories are left off"),
        };
        self.notify(Tone::Info, text)
    }

    // --- the prompt ---

    /// Opens the prompt for the query of the filter.
    pub(super) fn ask_query(&mut self) -> Vec<Effect> {
        self.popup = None;
        let filter = self.wire.filter().clone();
        self.with_prompt(|prompt, _| prompt.open_query(filter))
    }

    /// Opens the prompt for a command.
    pub(super) fn ask_command(&mut self) -> Vec<Effect> {
        self.with_prompt(PromptState::open_command)
    }

    /// Has the prompt do something, and does what follows from it.
    pub(super) fn with_prompt(&mut self, act: impl FnOnce(&mut PromptState, &Context) -> PromptOutcome) -> Vec<Effect> {
        let context = Context {
            config: &self.config,
            topics: self.tagger.topics().rules(),
            wire: &self.wire,
            tape: &self.tape,
            is_replay: self.replay.is_some(),
        };
        let outcome = act(&mut self.prompt, &context);
        self.prompt_outcome(outcome)
    }

    fn prompt_outcome(&mut self, outcome: PromptOutcome) -> Vec<Effect> {
        let mut effects = drawn();
        match outcome {
            PromptOutcome::Ignored => return Vec::new(),
            PromptOutcome::Redraw => {}
            PromptOutcome::QueryEdited(query) => {
                if self.wire.filter().query != query {
                    effects.extend(self.put_filter(Filter { query, ..self.wire.filter().clone() }));
                }
            }
            PromptOutcome::QuerySubmitted(query) => effects.extend(query.and_then(|query| self.store_query(query))),
            PromptOutcome::QueryCancelled(before) => effects.extend(self.put_filter(before)),
            PromptOutcome::FindEdited(words) => self.reading.seek(&words, self.popup.is_none()),
            PromptOutcome::FindSubmitted => return self.keep_find(),
            PromptOutcome::FindCancelled => return self.end_find(),
            PromptOutcome::CommandSubmitted(choice) => effects.extend(match choice {
                Choice::Command(command) => self.command(command),
                Choice::List(list) => self.choose_list(list),
                Choice::SortPrices(sort) => self.sort_prices(sort),
            }),
            PromptOutcome::ViewSubmitted(view, query) => {
                effects.extend(query.and_then(|query| self.store_query(query)));
                effects.push(Effect::System(SystemEffect::SaveView(view)));
            }
            PromptOutcome::Command(command) => return self.command(command),
            PromptOutcome::Refused(why) => return self.notify(Tone::Info, why.into()),
        }
        effects
    }

    /// A recorded day is not kept.
    fn store_query(&self, query: String) -> Option<Effect> {
        self.replay.is_none().then_some(Effect::Store(StoreEffect::SaveQuery(query)))
    }

    /// The config file took a view in, or not.
    pub(super) fn view_saved(&mut self, view: View, outcome: Result<(), String>) -> Vec<Effect> {
        match outcome {
            Ok(()) => {
                let effects = self.notify(Tone::Info, saved(&view));
                self.prompt.view_saved(view);
                effects
            }
            Err(why) => self.notify(Tone::Warning, format!("the view '{}' is not saved: {why}", view.name)),
        }
    }

    /// What is said when the config file was reloaded: the view that it was written for, if it was.
    pub(super) fn reload_notice(&mut self) -> String {
        let saved_view = self.prompt.take_saved_view(&self.config);
        saved_view.map_or_else(|| "config reloaded".into(), |view| saved(&view))
    }

    // --- the order ---

    /// The next order of the rows.
    pub(super) fn next_sort(&mut self) -> Vec<Effect> {
        let sorts: Vec<Sort> = Sort::iter().collect();
        let at = sorts.iter().position(|sort| *sort == self.wire.sort()).unwrap_or(0);
        let sort = sorts[(at + 1) % sorts.len()];
        self.wire.set_sort(sort);
        self.put_in_order();
        let words = if sort == Sort::Newest { "newest first" } else { sort.words() };
        self.notify(Tone::Info, words.to_owned())
    }

    /// Puts the rows in the order that the reader chose.
    pub(super) fn put_in_order(&mut self) {
        let rank: fn(&App, &Row) -> u64 = match self.wire.sort() {
            Sort::Newest => return,
            Sort::Outlets => |app, row| app.wire.outlet_count(row.group) as u64,
            Sort::Unread => |app, row| app.wire.row_is_unread(row).into(),
            Sort::Moves => App::move_rank,
        };
        let ranks = self.wire.timeline().iter().map(|row| rank(self, row)).collect();
        self.wire.put_in_order(ranks);
    }

    /// The move since a row appeared, in hundredths of a per cent, and one more than where nothing is known.
    fn move_rank(&self, row: &Row) -> u64 {
        let reaction = self.wire.item(row.lead).and_then(|item| self.reaction(item, row.time)?.ok());
        reaction.map_or(0, |reaction| 1 + (reaction.moved.percent.abs() * 100.0) as u64)
    }
}

fn saved(view: &View) -> String {
    format!("view '{}' saved in the config: key {}", view.name, view.key.unwrap_or(' '))
}

fn asks_for_moves(filter: &Filter) -> bool {
    filter.query.as_ref().is_some_and(|(_, query)| query.asks().moves)
}

fn know_moves(wire: &mut Wire, tape: &Tape) {
    wire.set_moves(|story| tape.moves_since(story.time()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, story, titled};

    #[test]
    fn rows_go_in_the_order_that_is_asked_for_and_the_cursor_keeps_its_story() {
        let mut desk = Desk::new();
        let from = |story: Story, outlet: &str| Story { outlet: outlet.into(), ..story };
        desk.stories([
            titled(1, -30, "Chipmaker buys a maker of lasers for 3 billion dollars"),
            from(titled(2, -29, "Chipmaker to buy maker of lasers for 3 billion dollars"), "Other Desk"),
            story(3, -20),
            story(4, -10),
        ]);
        desk.press("j");
        desk.press("u");
        assert_eq!((desk.leads(), desk.current()), (vec![4, 3, 1], Some(4)));
        desk.press(",");
        assert_eq!((desk.leads(), desk.current()), (vec![1, 4, 3], Some(4)), "most outlets first");
        desk.stories([story(5, -5)]);
        assert_eq!(desk.leads(), [1, 5, 4, 3], "what arrives goes to its place");
        desk.press(",");
        assert_eq!(desk.app.wire.sort(), Sort::Moves);
        desk.press(",");
        assert_eq!((desk.leads(), desk.current()), (vec![5, 3, 1, 4], Some(4)), "unread first");
        desk.press("u");
        desk.press(",");
        assert_eq!(desk.app.wire.sort(), Sort::Newest);
        assert_eq!(desk.leads(), [5, 4, 3, 1]);
    }
}
