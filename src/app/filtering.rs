//! The filter line: a query as it is typed, completed, recalled, kept, and saved as a view. What memory does not hold
//! is looked for in the store.

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::input::ALT_GR;
use super::prompt::{Keys, Offers, Prompt, Purpose, Vocabulary};
use super::wire::Filter;
use super::{App, Tone, drawn};
use crate::config::View;
use crate::domain::Name;
use crate::domain::query::{Need, Query};
use crate::domain::story::{Marks, Story};
use crate::event::{Effect, QUERIES_MAX, StoreEffect, SystemEffect, Urgency};

/// Older stories that a search brings at most.
const FOUND_MAX: usize = 500;

/// The look into the store that belongs to the filter.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    number: u64,
    is_open: bool,
    /// What the store has found, and a slow filter was not asked about yet.
    waiting: VecDeque<(Story, Marks)>,
    /// The store has nothing more.
    is_done: bool,
}

/// What is remembered of the filter line.
#[derive(Debug, Default)]
pub(super) struct Filtering {
    /// Queries that were kept, the latest last.
    history: Vec<String>,
    pub(super) beyond: Beyond,
    /// A view that the config file took in, until the reloaded file tells of it.
    saved: Option<View>,
}

impl App {
    // --- the filter ---

    /// Applies a filter, and looks for more of what passes it in the store.
    pub(super) fn put_filter(&mut self, filter: Filter) -> Option<Effect> {
        self.wire.forget_found(self.now);
        if asks_for_moves(&filter) {
            self.know_moves();
        }
        self.wire.set_filter(filter, self.now);
        self.look_beyond()
    }

    /// Finds out anew what prices did since each story, when the filter asks.
    pub(super) fn refresh_moves(&mut self) {
        if asks_for_moves(self.wire.filter()) || self.wire.judges_ask().moves {
            self.know_moves();
        }
    }

    fn know_moves(&mut self) {
        let tape = &self.tape;
        self.wire.set_moves(|story| tape.moves_since(story.time()));
    }

    /// Asks the store for older stories that pass the filter, when memory does not hold them all.
    pub(super) fn look_beyond(&mut self) -> Option<Effect> {
        let beyond = &mut self.filtering.beyond;
        *beyond = Beyond { number: beyond.number + 1, ..Beyond::default() };
        let filter = self.wire.filter();
        let counts_outlets = filter.query.as_ref().is_some_and(|(_, query)| query.asks().outlets);
        if filter.is_empty() || counts_outlets || self.replay.is_some() || self.loading {
            return None;
        }
        let until = self.wire.horizon()?;
        let topic = filter.topic.as_ref().map(|topic| self.tagger.topics().need(|rule| rule.name == *topic));
        let query = filter.query.as_ref().map(|(_, query)| query.need(self.tagger.topics(), self.now));
        self.filtering.beyond.is_open = true;
        Some(Effect::Store(StoreEffect::Search {
            number: self.filtering.beyond.number,
            need: Need::all(topic.into_iter().chain(query)),
            until,
        }))
    }

    /// Is the store still being looked through?
    pub fn is_looking(&self) -> bool {
        let is_sifting = self.wire.is_sifting() || !self.filtering.beyond.waiting.is_empty();
        is_sifting || (self.filtering.beyond.is_open && self.notices.store_trouble.is_none())
    }

    /// What the store has found: those that pass come onto the wire.
    pub(super) fn found(&mut self, number: u64, stories: Vec<(Story, Marks)>, done: bool) -> Vec<Effect> {
        if number != self.filtering.beyond.number || !self.filtering.beyond.is_open {
            return Vec::new();
        }
        self.filtering.beyond.is_done = done;
        self.filtering.beyond.waiting.extend(stories);
        let is_slow = self.wire.filter().query.as_ref().is_some_and(|(_, query)| query.may_be_slow());
        self.take_in_found(if is_slow { 0 } else { usize::MAX })
    }

    /// Is there something that a slow filter, mute or highlight has still to be asked about? Then
    /// [`crate::event::Event::Sift`] is waited for.
    pub fn is_sifting(&self) -> bool {
        self.wire.is_judging() || self.wire.is_sifting() || !self.filtering.beyond.waiting.is_empty()
    }

    /// Asks slow mutes and highlights about some more, then a slow filter: first of what is held, the newest first, then
    /// of what the store has found.
    pub(super) fn sift(&mut self, count: usize) -> Vec<Effect> {
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
            let Some((story, marks)) = self.filtering.beyond.waiting.pop_front() else { break };
            let moves = if moves { self.tape.moves_since(story.time()) } else { Vec::new() };
            taken |= self.wire.take_found((story, marks), moves, &self.tagger, self.now);
        }
        let beyond = &mut self.filtering.beyond;
        if !beyond.waiting.is_empty() {
            return taken.then_some(Effect::Draw(Urgency::News)).into_iter().collect();
        }
        let (number, wants_more) = (beyond.number, !beyond.is_done && self.wire.found_count() < FOUND_MAX);
        beyond.is_open = wants_more;
        let mut effects = Vec::new();
        effects.extend(wants_more.then_some(Effect::Store(StoreEffect::SearchMore { number })));
        effects.extend((taken || !wants_more).then_some(Effect::Draw(Urgency::News)));
        effects
    }

    // --- the line ---

    pub(super) fn ask_query(&mut self) -> Vec<Effect> {
        let filter = self.wire.filter().clone();
        let text = filter.query.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
        self.prompt = Some(Prompt::new(text, filter));
        self.popup = None;
        drawn()
    }

    pub(super) fn paste(&mut self, pasted: &str) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        prompt.paste(pasted);
        self.typed()
    }

    pub(super) fn prompt_key(&mut self, event: KeyEvent, command: Option<Command>) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        let held = event.modifiers & ALT_GR;
        // Some terminals tell AltGr as both; what is typed with it is a character.
        let typed = held.is_empty() || (held == ALT_GR && command.is_none());
        match (event.code, held) {
            (KeyCode::Esc, _) => return self.leave_prompt(),
            (KeyCode::Enter, _) => return self.keep_prompt(),
            (KeyCode::Tab, _) => return self.complete(true),
            (KeyCode::BackTab, _) => return self.complete(false),
            (KeyCode::Char('p'), KeyModifiers::CONTROL) => return self.recall(true),
            (KeyCode::Char('n'), KeyModifiers::CONTROL) => return self.recall(false),
            (KeyCode::Char('s'), KeyModifiers::CONTROL) => return self.ask_view(),
            (KeyCode::Char('a'), KeyModifiers::CONTROL) | (KeyCode::Home, _) => prompt.home(),
            (KeyCode::Char('e'), KeyModifiers::CONTROL) | (KeyCode::End, _) => prompt.end(),
            (KeyCode::Down, _) if prompt.purpose == Purpose::Command => return self.complete(true),
            (KeyCode::Up, _) if prompt.purpose == Purpose::Command => return self.complete(false),
            (KeyCode::Left, _) => prompt.left(),
            (KeyCode::Right, _) => prompt.right(),
            (KeyCode::Char('w'), KeyModifiers::CONTROL) => prompt.delete_word(),
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => prompt.clear(),
            (KeyCode::Char(letter), _) if typed => prompt.insert(letter.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, _) => prompt.backspace(),
            (KeyCode::Delete, _) => prompt.delete(),
            (KeyCode::Down | KeyCode::Up | KeyCode::PageDown | KeyCode::PageUp | KeyCode::Char(_), _) => {
                return self.prompt_command(command);
            }
            _ => return Vec::new(),
        }
        self.typed()
    }

    /// A key that types nothing: the list can be moved about, and the program be left.
    fn prompt_command(&mut self, command: Option<Command>) -> Vec<Effect> {
        match command {
            None | Some(Command::Query) => Vec::new(),
            Some(Command::Close) => self.leave_prompt(),
            Some(command) => self.command(command),
        }
    }

    /// The line has changed, or the place of its cursor.
    fn typed(&mut self) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        prompt.edited();
        self.offer(false);
        self.search()
    }

    /// Finds what may stand at the cursor.
    pub(super) fn offer(&mut self, asked: bool) {
        let Some(prompt) = &self.prompt else { return };
        let offers = match prompt.purpose {
            Purpose::Query => Offers::find(prompt.halves().0, &self.vocabulary(), asked),
            Purpose::Command => Offers { list: self.offered_commands(prompt.text()), ..Offers::default() },
            Purpose::View { .. } | Purpose::Find => Offers::default(),
        };
        if let Some(prompt) = &mut self.prompt {
            prompt.offers = offers;
        }
    }

    fn vocabulary(&self) -> Vocabulary {
        let sorted = |mut names: Vec<Name>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        Vocabulary {
            topics: self.topics().iter().map(|rule| (rule.name.clone(), rule.title.clone())).collect(),
            outlets: sorted(self.wire.items().map(|item| item.story.outlet.clone()).collect()),
            feeds: self.config.feeds.iter().map(|feed| feed.name.clone()).collect(),
            symbols: self.tape.symbols().iter().map(|symbol| symbol.name.clone()).collect(),
            langs: sorted(self.wire.items().filter_map(|item| item.story.lang.clone()).collect()),
        }
    }

    fn complete(&mut self, forward: bool) -> Vec<Effect> {
        let is_going = self.prompt.as_ref().is_some_and(|prompt| prompt.offers.chosen.is_some());
        if !is_going {
            self.offer(true);
        }
        match self.prompt.as_mut().is_some_and(|prompt| prompt.complete(forward)) {
            true => self.search(),
            false => Vec::new(),
        }
    }

    fn recall(&mut self, back: bool) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        if prompt.purpose != Purpose::Query || !prompt.recall(&self.filtering.history, back) {
            return Vec::new();
        }
        prompt.offers = Offers::default();
        self.search()
    }

    /// Applies the query as typed so far; one that can't be read leaves the old result standing.
    fn search(&mut self) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        let text = prompt.text().to_owned();
        match prompt.purpose {
            Purpose::Query => {}
            Purpose::Find => return self.find(),
            Purpose::View { .. } | Purpose::Command => {
                prompt.mistake = None;
                return drawn();
            }
        }
        let mut effects = drawn();
        let names = self.config.names();
        let checked = Query::parse(&text).and_then(|query| match query.unknown_name(&names) {
            Some(mistake) => Err(mistake),
            None => Ok(query),
        });
        match checked {
            Ok(query) => {
                prompt.mistake = None;
                let query = (!text.trim().is_empty()).then_some((text, query));
                if self.wire.filter().query != query {
                    let filter = Filter { query, ..self.wire.filter().clone() };
                    effects.extend(self.put_filter(filter));
                }
            }
            Err(mistake) => prompt.mistake = Some(mistake),
        }
        effects
    }

    fn keep_prompt(&mut self) -> Vec<Effect> {
        match self.prompt.as_ref().map(|prompt| prompt.purpose.clone()) {
            Some(Purpose::View { query }) => self.save_view(&query),
            Some(Purpose::Command) => self.keep_command(),
            Some(Purpose::Find) => self.keep_find(),
            Some(Purpose::Query) | None => self.keep_query(),
        }
    }

    /// Closes the prompt and keeps its result; a query that can't be read is not closed over.
    fn keep_query(&mut self) -> Vec<Effect> {
        let mut effects = drawn();
        match self.prompt.take() {
            Some(prompt) if prompt.mistake.is_some() => self.prompt = Some(prompt),
            Some(prompt) => effects.extend(self.remember_query(prompt.text().trim())),
            None => {}
        }
        effects
    }

    fn remember_query(&mut self, query: &str) -> Option<Effect> {
        let history = &mut self.filtering.history;
        if query.is_empty() || history.last().is_some_and(|last| last == query) {
            return None;
        }
        history.retain(|other| other != query);
        history.push(query.to_owned());
        history.drain(..history.len().saturating_sub(QUERIES_MAX));
        // A recorded day is not kept.
        self.replay.is_none().then(|| Effect::Store(StoreEffect::SaveQuery(query.to_owned())))
    }

    /// What was kept in earlier runs.
    pub(super) fn remember_history(&mut self, earlier: Vec<String>) {
        let mut history = earlier;
        history.retain(|query| !self.filtering.history.contains(query));
        history.append(&mut self.filtering.history);
        history.drain(..history.len().saturating_sub(QUERIES_MAX));
        self.filtering.history = history;
    }

    fn leave_prompt(&mut self) -> Vec<Effect> {
        let mut effects = drawn();
        let Some(prompt) = self.prompt.take() else { return effects };
        match prompt.purpose {
            Purpose::Query => effects.extend(self.put_filter(prompt.before)),
            Purpose::View { query } => self.prompt = Some(Prompt::new(query, prompt.before)),
            Purpose::Find => return self.end_find(),
            Purpose::Command => {}
        }
        effects
    }

    // --- views ---

    /// Asks for the key and the name of the view that the query becomes.
    fn ask_view(&mut self) -> Vec<Effect> {
        let Some(prompt) = &self.prompt else { return Vec::new() };
        let query = prompt.text().trim().to_owned();
        if prompt.purpose != Purpose::Query || prompt.mistake.is_some() || query.is_empty() {
            return Vec::new();
        }
        if self.replay.is_some() {
            return self.notify(Tone::Info, "a replay keeps nothing: views are saved on the live screen".into());
        }
        let proposed = Keys::of(&self.config).propose(&query);
        let mut line = Prompt::new(proposed, prompt.before.clone());
        line.purpose = Purpose::View { query };
        self.prompt = Some(line);
        drawn()
    }

    fn save_view(&mut self, query: &str) -> Vec<Effect> {
        let keys = Keys::of(&self.config);
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        match keys.view(prompt.text(), query) {
            Err(mistake) => {
                prompt.mistake = Some(mistake);
                drawn()
            }
            Ok(view) => {
                self.prompt = None;
                let mut effects = drawn();
                effects.extend(self.remember_query(query));
                effects.push(Effect::System(SystemEffect::SaveView(view)));
                effects
            }
        }
    }

    /// The config file took a view in, or not.
    pub(super) fn view_saved(&mut self, view: View, outcome: Result<(), String>) -> Vec<Effect> {
        match outcome {
            Ok(()) => {
                let effects = self.notify(Tone::Info, saved(&view));
                self.filtering.saved = Some(view);
                effects
            }
            Err(why) => self.notify(Tone::Warning, format!("the view '{}' is not saved: {why}", view.name)),
        }
    }

    /// What is said when the config file was reloaded: the view that it was written for, if it was.
    pub(super) fn reload_notice(&mut self) -> String {
        let saved_view = self.filtering.saved.take().filter(|view| self.config.views.contains(view));
        saved_view.map_or_else(|| "config reloaded".into(), |view| saved(&view))
    }
}

fn saved(view: &View) -> String {
    format!("view '{}' saved in the config: key {}", view.name, view.key.unwrap_or(' '))
}

fn asks_for_moves(filter: &Filter) -> bool {
    filter.query.as_ref().is_some_and(|(_, query)| query.asks().moves)
}
