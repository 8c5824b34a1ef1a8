//! The prompt as a part of the state: which line is open, what keys do in it, and the queries kept earlier. What is left to
//! do for the rest of the state is its answer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::history::History;
use super::{Keys, Offers, Prompt, Purpose, Vocabulary};
use crate::app::command::Command;
use crate::app::palette::{self, Choice};
use crate::app::tape::Tape;
use crate::app::wire::{Filter, Wire};
use crate::config::{Config, View};
use crate::domain::Name;
use crate::domain::query::{Query, QueryError};
use crate::domain::topic::TopicRule;

const ALT_GR: KeyModifiers = KeyModifiers::CONTROL.union(KeyModifiers::ALT);

/// The line that is being typed, and what is remembered for the next one.
#[derive(Debug, Default)]
pub struct PromptState {
    open: Option<Prompt>,
    history: History,
    /// A view that the config file took in, until the reloaded file tells of it.
    saved_view: Option<View>,
}

/// What the prompt reads of the rest of the state: what may be typed, and what the names in it are.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct Context<'a> {
    /// The feeds and views that there are, and the keys that are taken.
    pub(in crate::app) config: &'a Config,
    /// The current topics.
    pub(in crate::app) topics: &'a [TopicRule],
    /// The stories, with their outlets and languages.
    pub(in crate::app) wire: &'a Wire,
    /// The symbols and their lists.
    pub(in crate::app) tape: &'a Tape,
    /// A replay saves no view.
    pub(in crate::app) is_replay: bool,
}

/// What came of a key in the prompt, and so what is left to do.
#[derive(Debug, PartialEq)]
pub(in crate::app) enum PromptOutcome {
    /// Nothing has changed.
    Ignored,
    /// The prompt looks different, and that is all.
    Redraw,
    /// The query has changed to one that can be read; None: it is empty.
    QueryEdited(Option<(String, Query)>),
    /// The prompt is closed and its query stays; with the query, when it is to be stored.
    QuerySubmitted(Option<String>),
    /// The prompt is closed, and this filter applied before it was opened.
    QueryCancelled(Filter),
    /// The words to be found have changed.
    FindEdited(String),
    /// The prompt is closed and its words stay.
    FindSubmitted,
    /// The prompt is closed and its words go.
    FindCancelled,
    /// The prompt is closed, and this was chosen in it.
    CommandSubmitted(Choice),
    /// The prompt is closed, and this view is to be saved; with its query, when it is to be stored.
    ViewSubmitted(View, Option<String>),
    /// The key types nothing, and gives this command.
    Command(Command),
    /// It can't be done: why, in one sentence.
    Refused(&'static str),
}

impl PromptState {
    /// The line that is being typed, if a prompt is open.
    pub fn current(&self) -> Option<&Prompt> {
        self.open.as_ref()
    }

    /// Whether a line is being typed.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Closes the prompt, whatever stands in it.
    pub(in crate::app) fn close(&mut self) {
        self.open = None;
    }

    /// Takes over the queries kept in earlier runs.
    pub(in crate::app) fn restore_history(&mut self, earlier: Vec<String>) {
        self.history.restore(earlier);
    }

    /// The config file took a view in.
    pub(in crate::app) fn view_saved(&mut self, view: View) {
        self.saved_view = Some(view);
    }

    /// The view that the config file was written for, if this configuration has it; only once.
    pub(in crate::app) fn take_saved_view(&mut self, config: &Config) -> Option<View> {
        self.saved_view.take().filter(|view| config.views.contains(view))
    }

    // --- opening ---

    /// Opens the prompt with the query of a filter.
    pub(in crate::app) fn open_query(&mut self, filter: Filter) -> PromptOutcome {
        let text = filter.query.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
        self.open = Some(Prompt::new(text, filter));
        PromptOutcome::Redraw
    }

    /// Opens the prompt for a command.
    pub(in crate::app) fn open_command(&mut self, context: &Context) -> PromptOutcome {
        let mut prompt = Prompt { purpose: Purpose::Command, ..Prompt::default() };
        prompt.offers = offers(&prompt, false, context);
        self.open = Some(prompt);
        PromptOutcome::Redraw
    }

    /// Opens the prompt with words to be found.
    pub(in crate::app) fn open_find(&mut self, words: String) -> PromptOutcome {
        self.open = Some(Prompt { purpose: Purpose::Find, ..Prompt::new(words.clone(), Filter::default()) });
        PromptOutcome::FindEdited(words)
    }

    // --- typing ---

    /// A key is pressed; `command` is what it gives where nothing is typed.
    pub(in crate::app) fn key(
        &mut self,
        event: KeyEvent,
        command: Option<Command>,
        context: &Context,
    ) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        let held = event.modifiers & ALT_GR;
        // Some terminals tell AltGr as both; what is typed with it is a character.
        let typed = held.is_empty() || (held == ALT_GR && command.is_none());
        match (event.code, held) {
            (KeyCode::Esc, _) => return self.cancel(),
            (KeyCode::Enter, _) => return self.submit(context),
            (KeyCode::Tab, _) => return self.complete(true, context),
            (KeyCode::BackTab, _) => return self.complete(false, context),
            (KeyCode::Char('p'), KeyModifiers::CONTROL) => return self.recall(true, context),
            (KeyCode::Char('n'), KeyModifiers::CONTROL) => return self.recall(false, context),
            (KeyCode::Char('s'), KeyModifiers::CONTROL) => return self.ask_view(context),
            (KeyCode::Char('a'), KeyModifiers::CONTROL) | (KeyCode::Home, _) => prompt.home(),
            (KeyCode::Char('e'), KeyModifiers::CONTROL) | (KeyCode::End, _) => prompt.end(),
            (KeyCode::Down, _) if prompt.purpose == Purpose::Command => return self.complete(true, context),
            (KeyCode::Up, _) if prompt.purpose == Purpose::Command => return self.complete(false, context),
            (KeyCode::Left, _) => prompt.left(),
            (KeyCode::Right, _) => prompt.right(),
            (KeyCode::Char('w'), KeyModifiers::CONTROL) => prompt.delete_word(),
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => prompt.clear(),
            (KeyCode::Char(letter), _) if typed => prompt.insert(letter.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, _) => prompt.backspace(),
            (KeyCode::Delete, _) => prompt.delete(),
            (KeyCode::Down | KeyCode::Up | KeyCode::PageDown | KeyCode::PageUp | KeyCode::Char(_), _) => {
                return self.pass_on(command);
            }
            _ => return PromptOutcome::Ignored,
        }
        self.edited(context)
    }

    /// Text is pasted.
    pub(in crate::app) fn paste(&mut self, pasted: &str, context: &Context) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        prompt.paste(pasted);
        self.edited(context)
    }

    /// A key that types nothing: the list can be moved about, and the program be left.
    fn pass_on(&mut self, command: Option<Command>) -> PromptOutcome {
        match command {
            None | Some(Command::Query) => PromptOutcome::Ignored,
            Some(Command::Close) => self.cancel(),
            Some(command) => PromptOutcome::Command(command),
        }
    }

    /// The line has changed, or the place of its cursor.
    fn edited(&mut self, context: &Context) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        prompt.edited();
        prompt.offers = offers(prompt, false, context);
        read(prompt, context)
    }

    fn complete(&mut self, forward: bool, context: &Context) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        if prompt.offers.chosen.is_none() {
            prompt.offers = offers(prompt, true, context);
        }
        match prompt.complete(forward) {
            true => read(prompt, context),
            false => PromptOutcome::Ignored,
        }
    }

    fn recall(&mut self, back: bool, context: &Context) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        if prompt.purpose != Purpose::Query || !prompt.recall(self.history.queries(), back) {
            return PromptOutcome::Ignored;
        }
        prompt.offers = Offers::default();
        read(prompt, context)
    }

    /// Asks for the key and the name of the view that the query becomes.
    fn ask_view(&mut self, context: &Context) -> PromptOutcome {
        let Some(prompt) = &mut self.open else { return PromptOutcome::Ignored };
        let query = prompt.text().trim().to_owned();
        if prompt.purpose != Purpose::Query || prompt.mistake.is_some() || query.is_empty() {
            return PromptOutcome::Ignored;
        }
        if context.is_replay {
            return PromptOutcome::Refused("a replay keeps nothing: views are saved on the live screen");
        }
        let proposed = Keys::of(context.config).propose(&query);
        let before = std::mem::take(&mut prompt.before);
        *prompt = Prompt { purpose: Purpose::View { query }, ..Prompt::new(proposed, before) };
        PromptOutcome::Redraw
    }

    // --- closing ---

    /// Closes the prompt over its result; one that can't be used stays, with what is wrong.
    fn submit(&mut self, context: &Context) -> PromptOutcome {
        let Some(mut prompt) = self.open.take() else { return PromptOutcome::Ignored };
        match &prompt.purpose {
            Purpose::Query if prompt.mistake.is_none() => {
                PromptOutcome::QuerySubmitted(self.keep(prompt.text().trim()))
            }
            Purpose::Query => self.stay(prompt),
            Purpose::Find => PromptOutcome::FindSubmitted,
            Purpose::Command => match chosen(&prompt, context) {
                Some(choice) => PromptOutcome::CommandSubmitted(choice),
                None => {
                    let message = "no command has such a name; Esc closes the line".into();
                    prompt.mistake = Some(QueryError { at: 0, message });
                    self.stay(prompt)
                }
            },
            Purpose::View { query } => match Keys::of(context.config).view(prompt.text(), query) {
                Ok(view) => PromptOutcome::ViewSubmitted(view, self.keep(query)),
                Err(mistake) => {
                    prompt.mistake = Some(mistake);
                    self.stay(prompt)
                }
            },
        }
    }

    fn stay(&mut self, prompt: Prompt) -> PromptOutcome {
        self.open = Some(prompt);
        PromptOutcome::Redraw
    }

    /// Keeps a query in the history; answers it when it is to be stored.
    fn keep(&mut self, query: &str) -> Option<String> {
        self.history.keep(query).then(|| query.to_owned())
    }

    /// Closes the prompt and takes back what it did; from the name of a view it goes back to the query.
    fn cancel(&mut self) -> PromptOutcome {
        let Some(prompt) = self.open.take() else { return PromptOutcome::Ignored };
        match prompt.purpose {
            Purpose::Query => PromptOutcome::QueryCancelled(prompt.before),
            Purpose::View { query } => self.stay(Prompt::new(query, prompt.before)),
            Purpose::Find => PromptOutcome::FindCancelled,
            Purpose::Command => PromptOutcome::Redraw,
        }
    }
}

/// What may stand at the cursor.
fn offers(prompt: &Prompt, asked: bool, context: &Context) -> Offers {
    match prompt.purpose {
        Purpose::Query => Offers::find(prompt.halves().0, &vocabulary(context), asked),
        Purpose::Command => {
            let list = palette::offers(prompt.text(), context.topics, &context.config.views, context.tape);
            Offers { list, ..Offers::default() }
        }
        Purpose::View { .. } | Purpose::Find => Offers::default(),
    }
}

fn vocabulary(context: &Context) -> Vocabulary {
    let sorted = |mut names: Vec<Name>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    let Context { config, topics, wire, tape, .. } = context;
    Vocabulary {
        topics: topics.iter().map(|rule| (rule.name.clone(), rule.title.clone())).collect(),
        outlets: sorted(wire.items().map(|item| item.story.outlet.clone()).collect()),
        feeds: config.feeds.iter().map(|feed| feed.name.clone()).collect(),
        symbols: tape.symbols().iter().map(|symbol| symbol.name.clone()).collect(),
        langs: sorted(wire.items().filter_map(|item| item.story.lang.clone()).collect()),
    }
}

/// Reads the text as typed so far. A query that can't be read leaves the old result standing.
fn read(prompt: &mut Prompt, context: &Context) -> PromptOutcome {
    match prompt.purpose {
        Purpose::Query => match read_query(prompt.text(), context.config) {
            Ok(query) => {
                prompt.mistake = None;
                PromptOutcome::QueryEdited(query)
            }
            Err(mistake) => {
                prompt.mistake = Some(mistake);
                PromptOutcome::Redraw
            }
        },
        Purpose::Find => PromptOutcome::FindEdited(prompt.text().to_owned()),
        Purpose::View { .. } | Purpose::Command => {
            prompt.mistake = None;
            PromptOutcome::Redraw
        }
    }
}

/// None for an empty text.
fn read_query(text: &str, config: &Config) -> Result<Option<(String, Query)>, QueryError> {
    let query = Query::parse(text)?;
    match query.unknown_name(&config.names()) {
        Some(mistake) => Err(mistake),
        None => Ok((!text.trim().is_empty()).then(|| (text.to_owned(), query))),
    }
}

/// The command that was chosen, or the likeliest.
fn chosen(prompt: &Prompt, context: &Context) -> Option<Choice> {
    let name = prompt.offers.list.get(prompt.offers.chosen.unwrap_or(0))?;
    palette::choice(name, context.tape)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{config, key};
    use crate::event::Event;

    /// Presses keys in a prompt, and answers what came of the last.
    fn press(state: &mut PromptState, keys: &str, is_replay: bool) -> PromptOutcome {
        let (config, wire, tape) = (config(), Wire::default(), Tape::default());
        let context = Context { config: &config, topics: &[], wire: &wire, tape: &tape, is_replay };
        let mut outcome = PromptOutcome::Ignored;
        for written in keys.split_whitespace() {
            let Event::Terminal(crossterm::event::Event::Key(event)) = key(written) else { unreachable!() };
            let command = match written {
                "down" => Some(Command::Down),
                "ctrl-c" => Some(Command::Quit),
                _ => None,
            };
            outcome = state.key(event, command, &context);
        }
        outcome
    }

    fn query(text: &str) -> (String, Query) {
        (text.to_owned(), Query::parse(text).unwrap())
    }

    fn opened() -> PromptState {
        let mut state = PromptState::default();
        assert_eq!(state.open_query(Filter::default()), PromptOutcome::Redraw);
        state
    }

    #[test]
    fn without_an_open_prompt_keys_are_ignored() {
        for keys in ["x", "enter", "esc", "tab", "ctrl-p", "ctrl-s", "down"] {
            assert_eq!(press(&mut PromptState::default(), keys, false), PromptOutcome::Ignored, "{keys}");
        }
    }

    #[test]
    fn each_key_says_what_is_left_to_do() {
        let before = Filter { query: Some(query("old")), ..Filter::default() };
        for (keys, expected) in [
            ("a b", PromptOutcome::QueryEdited(Some(query("ab")))),
            ("a backspace", PromptOutcome::QueryEdited(None)),
            ("a (", PromptOutcome::Redraw),
            ("a ( enter", PromptOutcome::Redraw),
            ("a enter", PromptOutcome::QuerySubmitted(Some("a".into()))),
            ("enter", PromptOutcome::QuerySubmitted(None)),
            ("a esc", PromptOutcome::QueryCancelled(before.clone())),
            ("down", PromptOutcome::Command(Command::Down)),
            ("ctrl-c", PromptOutcome::Command(Command::Quit)),
            ("ctrl-p", PromptOutcome::Ignored),
        ] {
            let mut state = PromptState::default();
            state.open_query(before.clone());
            press(&mut state, "ctrl-u", false);
            assert_eq!(press(&mut state, keys, false), expected, "{keys}");
            let is_closed = matches!(expected, PromptOutcome::QuerySubmitted(_) | PromptOutcome::QueryCancelled(_));
            assert_eq!(state.is_open(), !is_closed, "{keys}");
        }
    }

    #[test]
    fn a_query_is_stored_when_it_is_not_the_latest_already() {
        let mut state = opened();
        press(&mut state, "a enter", false);
        state.open_query(Filter::default());
        assert_eq!(press(&mut state, "ctrl-p enter", false), PromptOutcome::QuerySubmitted(None));
    }

    #[test]
    fn a_query_becomes_a_view_or_is_gone_back_to() {
        let mut state = opened();
        assert_eq!(press(&mut state, "a ctrl-s", false), PromptOutcome::Redraw);
        assert_eq!(state.current().unwrap().purpose, Purpose::View { query: "a".into() });
        assert_eq!(press(&mut state, "esc", false), PromptOutcome::Redraw);
        assert_eq!((&state.current().unwrap().purpose, state.current().unwrap().text()), (&Purpose::Query, "a"));
        press(&mut state, "ctrl-s", false);
        match press(&mut state, "enter", false) {
            PromptOutcome::ViewSubmitted(view, stored) => {
                assert_eq!((&*view.query, stored.as_deref()), ("a", Some("a")));
            }
            other => panic!("{other:?}"),
        }
        assert!(!state.is_open());
    }

    #[test]
    fn a_replay_saves_no_view() {
        let mut state = opened();
        assert!(matches!(press(&mut state, "a ctrl-s", true), PromptOutcome::Refused(_)));
        assert_eq!(state.current().unwrap().purpose, Purpose::Query);
    }

    #[test]
    fn words_are_found_as_they_are_typed() {
        let mut state = PromptState::default();
        assert_eq!(state.open_find("a".into()), PromptOutcome::FindEdited("a".into()));
        assert_eq!(press(&mut state, "b", false), PromptOutcome::FindEdited("ab".into()));
        assert_eq!(press(&mut state, "enter", false), PromptOutcome::FindSubmitted);
        state.open_find(String::new());
        assert_eq!(press(&mut state, "esc", false), PromptOutcome::FindCancelled);
    }
}
