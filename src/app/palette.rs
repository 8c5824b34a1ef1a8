//! Every command by its name: a line that offers those that are meant, the likeliest first.

use strum::IntoEnumIterator;

use super::command::Command;
use super::tape::Tape;
use crate::config::View;
use crate::domain::Name;
use crate::domain::layout::PriceSort;
use crate::domain::topic::TopicRule;

/// What the line for commands can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
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

/// What the line offers for a text: commands by name, and the choices among lists and orders of prices.
pub(super) fn offers(typed: &str, topics: &[TopicRule], views: &[View], tape: &Tape) -> Vec<String> {
    let is_there = |command: Command| {
        command.digit().is_none_or(|digit| digit == '0' || key_shows(digit, topics, views).is_some())
    };
    let commands = commands(typed, is_there).into_iter().map(|command| command.name().to_owned());
    let typed = typed.trim().to_lowercase();
    let choices: Vec<String> = match typed.is_empty() {
        true => Vec::new(),
        false => price_choices(tape).into_iter().filter(|choice| is_meant(&typed, choice)).collect(),
    };
    // What begins as it was typed comes first, commands before choices.
    let begins = |offer: &String| offer.to_lowercase().replace(' ', "-").starts_with(&typed.replace(' ', "-"));
    let (named, related): (Vec<_>, Vec<_>) = commands.partition(begins);
    let (typed_out, meant): (Vec<_>, Vec<_>) = choices.into_iter().partition(begins);
    [named, typed_out, related, meant].concat()
}

/// `list all`, `list Chips`, `sort-prices change`: by name what keys go through one by one.
fn price_choices(tape: &Tape) -> Vec<String> {
    let lists = tape.lists();
    let all = (!lists.is_empty()).then(|| ALL.to_owned());
    let lists = all.into_iter().chain(lists.into_iter().map(ToString::to_string));
    let sorts = PriceSort::iter().map(|sort| format!("{} {}", Command::SortPrices.name(), <&str>::from(sort)));
    lists.map(|list| format!("{LIST}{list}")).chain(sorts).collect()
}

/// What an offer of the line for commands does.
pub(crate) fn choice(offer: &str, tape: &Tape) -> Option<Choice> {
    if let Ok(command) = offer.parse() {
        return Some(Choice::Command(command));
    }
    if let Some(sort) = offer.strip_prefix(Command::SortPrices.name()) {
        return sort.trim_start().parse().ok().map(Choice::SortPrices);
    }
    let name = offer.strip_prefix(LIST)?;
    let list = tape.lists().into_iter().find(|list| &***list == name).cloned();
    (list.is_some() || name == ALL).then_some(Choice::List(list))
}

/// The title of the topic, or the name of the view, that a digit shows.
pub(crate) fn key_shows(digit: char, topics: &[TopicRule], views: &[View]) -> Option<String> {
    let topic = topics.iter().find(|rule| rule.key == Some(digit)).map(|rule| rule.title.clone());
    topic.or_else(|| views.iter().find(|view| view.key == Some(digit)).map(|view| view.name.to_string()))
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
    use crate::app::samples::Desk;

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
        assert!(desk.app.arrangement.layout.zoomed && !desk.app.prompt.is_open());
        desk.press(":");
        desk.type_in("hide-");
        desk.press("tab");
        desk.press("tab");
        let chosen = desk.app.prompt.current().unwrap().text().to_owned();
        desk.press("enter");
        assert_eq!((chosen.as_str(), desk.app.arrangement.layout.hidden.len()), ("hide-reader", 1));
        desk.press(":");
        desk.type_in("frobnicate");
        desk.press("enter");
        assert!(desk.app.prompt.current().unwrap().mistake.is_some(), "it is said, and can be mended");
        desk.press("esc");
        assert!(!desk.app.prompt.is_open());
    }

    #[test]
    fn lists_and_orders_are_offered_by_name() {
        let desk = Desk::new();
        let offers = |typed: &str| super::offers(typed, desk.app.topics(), &desk.app.config.views, &desk.app.tape);
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
        for (offer, expected) in [
            ("list all", Some(Choice::List(None))),
            ("list Chips", Some(Choice::List(Some("Chips".into())))),
            ("list Gone", None),
            ("sort-prices change", Some(Choice::SortPrices(PriceSort::Change))),
            ("sort-prices sideways", None),
            ("star", Some(Choice::Command(Command::Star))),
            ("frobnicate", None),
        ] {
            assert_eq!(choice(offer, &desk.app.tape), expected, "{offer}");
        }
    }
}
