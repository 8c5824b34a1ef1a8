//! Every command by its name: a line that offers those that are meant, the likeliest first.

use strum::IntoEnumIterator;

use super::command::Command;
use super::prompt::{Prompt, Purpose};
use super::wire::{Filter, Row, Sort};
use super::{App, Tone, drawn};
use crate::domain::Name;
use crate::domain::layout::PriceSort;
use crate::domain::query::QueryError;
use crate::event::Effect;

/// What the line for commands can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Command(Command),
    /// Shows the prices of a list, or of all symbols.
    List(Option<Name>),
    SortPrices(PriceSort),
}

/// How the line names the choice of a list.
const LIST: &str = "list ";
const ALL: &str = "all";

/// How well a command answers to what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Its letters come in this order.
    Letters,
    /// A word of what it does begins so.
    Help,
    /// A word of its name begins so.
    Word,
    /// Its name begins so.
    Start,
    /// It is its name.
    Name,
}

/// The commands that a text may mean, the likeliest first; all for none. `is_there` leaves out the keys of topics that there
/// are not.
pub(super) fn commands(typed: &str, is_there: impl Fn(Command) -> bool) -> Vec<Command> {
    let typed = typed.trim().to_lowercase().replace(' ', "-");
    let mut found: Vec<(Likeness, Command)> = Command::iter()
        .filter(|command| *command != Command::Commands && is_there(*command))
        .filter_map(|command| Some((likeness(&typed, command.name(), command.help())?, command)))
        .collect();
    found.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    found.into_iter().map(|(_, command)| command).collect()
}

fn likeness(typed: &str, name: &str, help: &str) -> Option<Likeness> {
    let begins = |word: &str| word.starts_with(typed);
    let mut letters = name.chars();
    let mut is_within = || typed.chars().all(|wanted| letters.any(|letter| letter == wanted));
    match () {
        () if name == typed => Some(Likeness::Name),
        () if begins(name) => Some(Likeness::Start),
        () if name.split('-').any(begins) => Some(Likeness::Word),
        () if help.split(|letter: char| !letter.is_alphanumeric()).any(begins) => Some(Likeness::Help),
        () if typed.len() > 1 && is_within() => Some(Likeness::Letters),
        () => None,
    }
}

impl App {
    /// Opens the line for a command.
    pub(super) fn ask_command(&mut self) -> Vec<Effect> {
        let mut line = Prompt::new(String::new(), Filter::default());
        line.purpose = Purpose::Command;
        self.prompt = Some(line);
        self.offer(false);
        drawn()
    }

    /// What the line offers for a text: commands by name, and the choices among lists and orders of prices.
    pub(super) fn offered_commands(&self, typed: &str) -> Vec<String> {
        let is_there =
            |command: Command| command.digit().is_none_or(|digit| digit == '0' || self.key_shows(digit).is_some());
        let commands = commands(typed, is_there).into_iter().map(|command| command.name().to_owned());
        let typed = typed.trim().to_lowercase();
        let choices: Vec<String> = match typed.is_empty() {
            true => Vec::new(),
            false => self.price_choices().into_iter().filter(|choice| is_meant(&typed, choice)).collect(),
        };
        // What begins as it was typed comes first, commands before choices.
        let begins = |offer: &String| offer.to_lowercase().replace(' ', "-").starts_with(&typed.replace(' ', "-"));
        let (named, related): (Vec<_>, Vec<_>) = commands.partition(begins);
        let (typed_out, meant): (Vec<_>, Vec<_>) = choices.into_iter().partition(begins);
        [named, typed_out, related, meant].concat()
    }

    /// `list all`, `list Chips`, `sort-prices change`: by name what keys go through one by one.
    fn price_choices(&self) -> Vec<String> {
        let lists = self.tape.lists();
        let all = (!lists.is_empty()).then(|| ALL.to_owned());
        let lists = all.into_iter().chain(lists.into_iter().map(ToString::to_string));
        let sorts = PriceSort::iter().map(|sort| format!("{} {}", Command::SortPrices.name(), <&str>::from(sort)));
        lists.map(|list| format!("{LIST}{list}")).chain(sorts).collect()
    }

    /// What an offer of the line for commands does.
    pub fn choice(&self, offer: &str) -> Option<Choice> {
        if let Ok(command) = offer.parse() {
            return Some(Choice::Command(command));
        }
        if let Some(sort) = offer.strip_prefix(Command::SortPrices.name()) {
            return sort.trim_start().parse().ok().map(Choice::SortPrices);
        }
        let name = offer.strip_prefix(LIST)?;
        let list = self.tape.lists().into_iter().find(|list| &***list == name).cloned();
        (list.is_some() || name == ALL).then_some(Choice::List(list))
    }

    /// The title of the topic, or the name of the view, that a digit shows.
    pub fn key_shows(&self, digit: char) -> Option<String> {
        let topic = self.topics().iter().find(|rule| rule.key == Some(digit)).map(|rule| rule.title.clone());
        topic
            .or_else(|| self.config.views.iter().find(|view| view.key == Some(digit)).map(|view| view.name.to_string()))
    }

    /// Carries out the command that was chosen, or the likeliest; a text that means none stays, with what is wrong.
    pub(super) fn keep_command(&mut self) -> Vec<Effect> {
        let Some(offers) = self.prompt.as_ref().map(|prompt| &prompt.offers) else { return Vec::new() };
        let named = offers.list.get(offers.chosen.unwrap_or(0)).cloned();
        let Some(choice) = named.and_then(|name| self.choice(&name)) else {
            let mistake = QueryError { at: 0, message: "no command has such a name; Esc closes the line".into() };
            self.prompt.iter_mut().for_each(|prompt| prompt.mistake = Some(mistake.clone()));
            return drawn();
        };
        self.prompt = None;
        let mut effects = drawn();
        effects.extend(match choice {
            Choice::Command(command) => self.command(command),
            Choice::List(list) => self.choose_list(list),
            Choice::SortPrices(sort) => self.sort_prices(sort),
        });
        effects
    }

    // --- order ---

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

/// Every word that was typed begins a word of it.
fn is_meant(typed: &str, choice: &str) -> bool {
    let choice = choice.to_lowercase();
    let begins = |word: &str| choice.split([' ', '-']).any(|own| own.starts_with(word));
    typed.split([' ', '-']).all(begins)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, story, titled};
    use crate::domain::story::Story;

    fn first(typed: &str) -> Option<&'static str> {
        commands(typed, |_| true).first().map(|command| command.name())
    }

    #[test]
    fn a_command_is_found_by_its_name_its_words_and_what_it_does() {
        for (typed, expected) in [
            ("star", Some("star")),
            ("mark", Some("mark-all-read")),
            ("unread", Some("next-unread")),
            ("hide r", Some("hide-reader")),
            ("browser", Some("open")),
            ("nxtsym", Some("next-symbol")),
            ("Quit", Some("quit")),
            ("frobnicate", None),
        ] {
            assert_eq!(first(typed), expected, "{typed}");
        }
        assert_eq!(commands("", |_| true).len(), Command::iter().count() - 1, "all for nothing, but the line itself");
    }

    #[test]
    fn a_command_is_typed_completed_and_carried_out() {
        let mut desk = Desk::with_stories(3);
        desk.press(":");
        desk.type_in("zoo");
        desk.press("enter");
        assert!(desk.app.arrangement.layout.zoomed && desk.app.prompt.is_none());
        desk.press(":");
        desk.type_in("hide-");
        desk.press("tab");
        desk.press("tab");
        let chosen = desk.app.prompt.as_ref().unwrap().text().to_owned();
        desk.press("enter");
        assert_eq!((chosen.as_str(), desk.app.arrangement.layout.hidden.len()), ("hide-reader", 1));
        desk.press(":");
        desk.type_in("frobnicate");
        desk.press("enter");
        assert!(desk.app.prompt.as_ref().unwrap().mistake.is_some(), "it is said, and can be mended");
        desk.press("esc");
        assert!(desk.app.prompt.is_none());
    }

    #[test]
    fn lists_and_orders_are_offered_by_name() {
        let desk = Desk::new();
        let offers = |typed: &str| desk.app.offered_commands(typed);
        for (typed, first) in [
            ("list", Some("list all")),
            ("list cr", Some("list Crypto")),
            ("crypto", Some("list Crypto")),
            ("s", Some("star")),
            ("sort", Some("sort")),
            ("sort-prices", Some("sort-prices")),
            ("sort prices n", Some("sort-prices name")),
            ("next-list", Some("next-list")),
            ("list gone", None),
        ] {
            let offered = offers(typed);
            assert_eq!(offered.first().map(String::as_str), first, "{typed}: {offered:?}");
        }
        for (offer, choice) in [
            ("list all", Some(Choice::List(None))),
            ("list Chips", Some(Choice::List(Some("Chips".into())))),
            ("list Gone", None),
            ("sort-prices change", Some(Choice::SortPrices(PriceSort::Change))),
            ("sort-prices sideways", None),
            ("star", Some(Choice::Command(Command::Star))),
            ("frobnicate", None),
        ] {
            assert_eq!(desk.app.choice(offer), choice, "{offer}");
        }
    }

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
