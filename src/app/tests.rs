//! Events in, state and effects out.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use ratatui::layout::Rect;

use super::samples::{
    Desk, config, feed_state, key, minute, quote, report, second, seen, series, story, titled, urgency,
};
use super::wire::WINDOW;
use super::*;
use crate::config::{Config, StandingQuery, View};
use crate::domain::price::{Capability, Delivery, Outcome, Quote, Refusal, Symbol};
use crate::event::{STORIES_AT_ONCE, SourceEffect, StoreEffect, SystemEffect, TerminalEffect};

const NVIDIA: &str = "Nvidia ships Blackwell chips";
const BITCOIN: &str = "Bitcoin slides under 60,000 dollars";

fn saved_marks(effects: &[Effect]) -> Vec<u64> {
    let marks = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveMarks(marks)) => Some(marks.iter().map(|(id, _)| id.0)),
        _ => None,
    });
    marks.flatten().collect()
}

fn saved_stories(effects: &[Effect]) -> Vec<&Story> {
    let stories = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveStories(stories)) => Some(stories),
        _ => None,
    });
    stories.flatten().collect()
}

fn last_saves(desk: &mut Desk) -> Vec<Effect> {
    desk.app.last_saves().into_iter().map(Effect::Store).collect()
}

fn saved_prices(effects: &[Effect]) -> Vec<(&str, f64)> {
    let prices = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveQuote(quote)) => Some((&*quote.symbol, tape::last_price(quote)?)),
        _ => None,
    });
    prices.collect()
}

fn draws(effects: &[Effect]) -> bool {
    urgency(effects).is_some()
}

fn topical() -> Desk {
    let mut desk = Desk::new();
    desk.stories([
        titled(1, -40, BITCOIN),
        titled(2, -30, NVIDIA),
        titled(3, -20, "harbour closed after storm"),
        titled(4, -10, "Ethereum upgrade delayed until spring"),
        titled(5, -5, "GeForce cards sold out, Nvidia says"),
    ]);
    desk
}

// --- moving ---

#[test]
fn keys_move_the_cursor_and_let_it_go() {
    let mut desk = Desk::with_stories(30);
    assert_eq!((desk.current(), desk.line()), (Some(30), None), "live: the newest");
    for (keys, current, line) in [
        ("j", 30, Some(0)),
        ("j j", 28, Some(2)),
        ("pgdn", 19, Some(9)),
        ("k", 20, Some(8)),
        ("G", 1, Some(9)),
        ("pgdn", 1, Some(9)),
        ("pgup", 10, Some(0)),
        ("ctrl-d", 1, Some(9)),
        ("g", 30, Some(0)),
        ("pgup k", 30, Some(0)),
        ("esc", 30, None),
        ("G", 1, Some(9)),
        ("esc g", 30, Some(0)),
        ("esc pgdn", 22, Some(8)),
    ] {
        desk.press(keys);
        assert_eq!((desk.current(), desk.line()), (Some(current), line), "{keys}");
    }
}

#[test]
fn ten_new_stories_leave_the_cursor_where_it_is_and_are_counted() {
    let mut desk = Desk::with_stories(30);
    desk.press("j j j j");
    assert_eq!((desk.current(), desk.line()), (Some(27), Some(3)));
    let effects = desk.stories((31..=40).map(|id| story(id, id as i64)));
    assert_eq!(urgency(&effects), Some(Urgency::News));
    assert_eq!((desk.current(), desk.line(), desk.app.wire.above()), (Some(27), Some(3), 10));
    desk.press("g");
    assert_eq!((desk.current(), desk.app.wire.above()), (Some(40), 0), "the first row, and nothing above it");
    desk.stories([story(41, 41)]);
    assert_eq!(desk.app.wire.above(), 1);
    desk.press("esc");
    assert_eq!((desk.current(), desk.line(), desk.app.wire.above()), (Some(41), None, 0));
}

#[test]
fn an_empty_wire_takes_every_key() {
    let mut desk = Desk::new();
    for keys in
        ["j", "k", "pgdn", "pgup", "g", "G", "n", "N", "enter", "o", "y", "s", "u", "m", "z", "esc", "tab", "j", "k"]
    {
        let effects = desk.press(keys);
        assert!(saved_marks(&effects).is_empty() && desk.current().is_none(), "{keys}");
        assert!(
            !effects.iter().any(|effect| matches!(effect, Effect::Store(StoreEffect::SaveMarks(_)))),
            "{keys}: nothing to save"
        );
    }
    assert_eq!(desk.press("o").len(), 1, "says so, and opens nothing");
}

#[test]
fn unread_stories_are_found_and_read_on_the_way() {
    let mut desk = Desk::with_stories(4);
    assert_eq!((saved_marks(&desk.press("n")), desk.current()), (vec![4], Some(4)));
    assert_eq!((saved_marks(&desk.press("n")), desk.current()), (vec![3], Some(3)));
    desk.press("j u");
    assert_eq!(desk.current(), Some(2));
    desk.press("n");
    assert_eq!(desk.current(), Some(1));
    assert_eq!((desk.press("n").len(), desk.current(), desk.notice()), (1, Some(1), Some("no unread story that way")));
    desk.press("N");
    assert_eq!(desk.current(), Some(1), "all above are read");
    desk.press("g u G N");
    assert_eq!(desk.current(), Some(4));
}

#[test]
fn focus_goes_round_and_moves_what_it_is_on() {
    let mut desk = Desk::with_stories(5);
    desk.press("tab");
    assert_eq!(desk.app.arrangement.focus, Focus::Reader);
    desk.press("j j G");
    assert_eq!(desk.app.reading.scroll, 20, "no further than the text goes");
    desk.press("pgup");
    assert_eq!(desk.app.reading.scroll, 16);
    desk.press("g");
    assert_eq!(desk.app.reading.scroll, 0);
    desk.press("tab");
    let charted = |desk: &Desk| desk.app.tape.selected().unwrap().name.to_string();
    for (keys, symbol) in [("j", "BTC-USD"), ("k k", "SOL-USD"), ("j", "NVDA"), ("G", "SOL-USD"), ("g", "NVDA")] {
        let effects = desk.press(keys);
        assert_eq!(charted(&desk), symbol, "{keys}");
        let wanted = Effect::Sources(SourceEffect::ShowChart { symbol: symbol.into(), span: Span::Day });
        assert!(effects.contains(&wanted), "{keys}: its candles are asked for");
    }
    desk.press("esc");
    assert_eq!((desk.app.arrangement.focus, desk.line()), (Focus::Wire, None));
}

// --- reading and marks ---

#[test]
fn commands_act_on_what_the_reader_sees_also_when_more_arrives() {
    for keys in ["enter", "o", "y", "s", "u"] {
        let mut desk = Desk::with_stories(5);
        desk.press(keys);
        desk.stories([story(9, 9)]);
        assert_eq!(desk.current(), Some(5), "{keys}: the live wire holds");
    }
}

#[test]
fn opening_and_copying_name_the_link_and_say_so() {
    let mut desk = Desk::with_stories(3);
    let effects = desk.press("j j o");
    assert!(effects.contains(&Effect::System(SystemEffect::Open("https://example.com/2".into()))), "{effects:?}");
    assert_eq!((saved_marks(&effects), desk.notice()), (vec![2], Some("opening in the browser")));
    assert!(desk.press("y").contains(&Effect::Terminal(TerminalEffect::Copy("https://example.com/2".into()))));
    desk.stories([Story { link: None, ..story(8, 8) }]);
    let effects = desk.press("g o");
    assert_eq!((effects, desk.notice()), (vec![Effect::Draw(Urgency::Key)], Some("this story has no link")));
}

#[test]
fn marks_are_saved_and_taken_back() {
    let mut desk = Desk::with_stories(3);
    assert_eq!(saved_marks(&desk.press("s")), [3]);
    assert_eq!(saved_marks(&desk.press("j u")), [2]);
    let effects = desk.press("m");
    assert_eq!(saved_marks(&effects), [3, 1], "two were still unread");
    assert_eq!(
        (desk.notice(), urgency(&effects)),
        (Some("2 stories marked read; z takes it back"), Some(Urgency::Key))
    );
    desk.press("m");
    assert_eq!(desk.notice(), Some("nothing unread here"));
    let one = "the story is as it was before";
    for (undone, said) in
        [(vec![3, 1], "2 stories are as they were before"), (vec![2], one), (vec![3], one), (vec![], "nothing to undo")]
    {
        let effects = desk.press("z");
        assert_eq!((saved_marks(&effects), desk.notice()), (undone, Some(said)));
    }
    assert!(desk.app.wire.items().all(|item| !item.marks.read && !item.marks.starred));
}

#[test]
fn all_that_is_shown_is_marked_read_and_nothing_else() {
    let mut desk = topical();
    let mut marked = saved_marks(&desk.press("2 m"));
    marked.sort_unstable();
    assert_eq!(marked, [2, 5]);
}

#[test]
fn what_is_read_leaves_an_unread_view_when_the_cursor_leaves_it() {
    let mut desk = Desk::with_stories(5);
    desk.press("/");
    desk.type_in("is:unread");
    desk.press("enter n n");
    assert_eq!((desk.leads(), desk.current()), (vec![4, 3, 2, 1], Some(4)));
    desk.wait(60);
    assert_eq!((desk.leads(), desk.current()), (vec![4, 3, 2, 1], Some(4)), "not from under the reader");
    desk.press("m");
    assert_eq!(desk.leads(), [4]);
    desk.press("z");
    assert_eq!(desk.leads(), [4, 3, 2, 1]);
}

/// Every feed of the file before was once looked for among all of the file after: minutes of a debug build.
#[test]
fn thousands_of_feeds_are_taken_up_in_a_moment() {
    let feed = |number: u32| format!("[[feed]]\nname = 'F{number}'\nurl = 'https://f{number}.example/feed'\n");
    let text = (0..20_000).map(feed).collect::<String>();
    let config =
        |keep: &str| crate::config::load(Some(("c.toml", format!("{text}[store]\nkeep = '{keep}'\n")))).unwrap();
    let started = tokio::time::Instant::now();
    let (before, after) = (config("90d"), config("91d"));
    let mut desk = Desk::of(before);
    let loaded = started.elapsed();
    let started = tokio::time::Instant::now();
    desk.send(Event::Config(std::sync::Arc::new(after)));
    eprintln!("20,000 feeds: two files read in {loaded:?}, the reload took {:?}", started.elapsed());
    assert!(loaded.as_secs() < 60 && started.elapsed().as_secs() < 5);
}

// --- filters ---

#[test]
fn a_slow_filter_holds_no_key_up() {
    let mut desk = Desk::with_stories(300);
    desk.press("/");
    let type_key = |desk: &mut Desk, letter: &str| desk.app.update(key(letter), desk.now);
    for letter in ["/", "l", "a", "m", "p", "2"] {
        type_key(&mut desk, letter);
    }
    assert!(!desk.app.is_sifting(), "it is not closed yet");
    type_key(&mut desk, "/");
    assert!(desk.app.is_sifting() && desk.app.is_looking() && desk.leads().is_empty());
    desk.app.update(Event::Sift { count: 12 }, desk.now);
    assert_eq!(desk.leads(), [299, 298, 297, 296, 295, 294, 293, 292, 291, 290, 289].map(|id| id as u64));
    // The next key ends it, and begins anew with the newest.
    type_key(&mut desk, " ");
    assert!(desk.app.is_sifting() && desk.leads().is_empty());
    desk.send(Event::Tick);
    assert!(!desk.app.is_sifting());
    assert_eq!(desk.leads().len(), 111);
    desk.press("esc");
    assert_eq!((desk.app.is_sifting(), desk.leads().len()), (false, 300));
}

#[test]
fn topic_keys_filter_and_zero_shows_all() {
    let mut desk = topical();
    for (keys, leads) in [
        ("2", vec![5, 2]),
        ("4", vec![4, 1]),
        ("3", vec![]),
        ("0", vec![5, 4, 3, 2, 1]),
        ("2 esc", vec![5, 4, 3, 2, 1]),
    ] {
        let effects = desk.press(keys);
        assert_eq!((desk.leads(), urgency(&effects)), (leads, Some(Urgency::Key)), "{keys}");
    }
    assert_eq!(["nvidia", "crypto", "bitcoin", "sec"].map(|topic| desk.app.wire.count(topic)), [2, 2, 1, 0]);
    desk.press("7");
    assert_eq!(desk.notice(), Some("no topic or view has the key 7"));
}

#[test]
fn a_cursor_survives_a_look_at_another_topic() {
    let mut desk = topical();
    desk.press("2 j j");
    assert_eq!((desk.current(), desk.line()), (Some(2), Some(1)));
    desk.press("4");
    assert_eq!((desk.current(), desk.line()), (Some(4), None), "its row is not here: live");
    desk.stories([titled(6, -1, "Bitcoin miners sell")]);
    assert_eq!(desk.current(), Some(6));
    desk.press("2");
    assert_eq!((desk.current(), desk.line()), (Some(2), Some(1)));
    desk.press("0");
    assert_eq!((desk.current(), desk.line()), (Some(2), Some(4)), "as far down as it must be");
}

#[test]
fn a_view_is_a_query_on_a_key() {
    let view = |name: &str, key, query: &str| View { name: name.into(), key: Some(key), query: query.into() };
    let views = vec![view("Sea", '8', "harbour"), view("Broken", '9', "(harbour")];
    let mut desk = Desk::of(Config { views, ..config() });
    desk.stories([story(1, -3), titled(2, -2, "harbour closed after storm")]);
    desk.press("8");
    assert_eq!(desk.leads(), [2]);
    desk.press("0 9");
    assert_eq!(desk.leads(), [2, 1], "a broken one changes nothing …");
    assert!(desk.notice().unwrap().starts_with("view 'Broken': "), "… and says why: {:?}", desk.notice());
}

#[test]
fn a_query_is_searched_as_it_is_typed() {
    let mut desk = topical();
    desk.press("j j j /");
    assert_eq!(desk.current(), Some(3));
    for (typed, leads) in [
        ("n", vec![]),
        ("vidia", vec![5, 2]),
        (" -geforce", vec![2]),
        (" OR (", vec![2]), // can't be read: the result of before stands
        ("bitcoin", vec![2]),
        (")", vec![2, 1]),
    ] {
        desk.send(Event::Terminal(TerminalEvent::Paste(typed.into())));
        let prompt = desk.app.prompt.as_ref().unwrap();
        assert_eq!(desk.leads(), leads, "{:?}", prompt.text());
        assert_eq!(prompt.mistake.is_some(), typed.contains('(') || typed == "bitcoin", "{:?}", prompt.text());
    }
    desk.press("esc");
    assert!(desk.app.prompt.is_none() && desk.app.wire.filter().is_empty());
    assert_eq!((desk.leads().len(), desk.current()), (5, Some(3)), "all as before, the cursor too");
}

#[test]
fn escape_brings_the_filter_of_before_back_and_enter_keeps_the_new_one() {
    let mut desk = topical();
    desk.press("4 /");
    desk.type_in("upgrade");
    assert_eq!(desk.leads(), [4], "within the topic");
    desk.press("enter");
    assert_eq!(desk.app.prompt.as_ref().map(Prompt::text), None);
    assert_eq!(desk.leads(), [4]);
    desk.press("/");
    assert_eq!(desk.app.prompt.as_ref().map(Prompt::text), Some("upgrade"), "to be edited further");
    desk.press("ctrl-u");
    assert_eq!(desk.leads(), [4, 1]);
    desk.type_in("slides");
    assert_eq!(desk.leads(), [1]);
    desk.press("esc");
    assert_eq!(desk.leads(), [4]);
    desk.press("esc");
    assert_eq!(desk.leads().len(), 5);
}

#[test]
fn enter_does_not_close_over_a_mistake() {
    let mut desk = topical();
    desk.press("/");
    desk.type_in("nvidia (");
    desk.press("enter");
    assert!(desk.app.prompt.as_ref().unwrap().mistake.is_some(), "where and why stays to be read");
    desk.press("backspace enter");
    assert!(desk.app.prompt.is_none());
    assert_eq!(desk.leads(), [5, 2]);
}

#[test]
fn keys_typed_into_the_prompt_are_text_and_only_text() {
    let mut desk = Desk::with_stories(5);
    desk.press("/");
    for command in config().keys.values().flatten().filter(|written| written.chars().count() == 1) {
        let effects = desk.press(command);
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Draw(_))), "{command}: {effects:?}");
        assert_eq!(
            (desk.app.arrangement.focus, desk.app.popup, desk.app.wire.cursor()),
            (Focus::Wire, None, None),
            "{command}"
        );
    }
    let prompt = desk.app.prompt.clone().unwrap();
    assert!(prompt.text().contains('q') && prompt.text().contains('?') && prompt.text().contains('0'));
    desk.press("ctrl-u");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "");
    desk.press("altgr-@ altgr-ł");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "@ł");
    desk.press("ctrl-u down down");
    assert_eq!(desk.current(), Some(4), "the list moves below the prompt");
    assert_eq!(desk.press("ctrl-c"), [Effect::Quit]);
}

#[test]
fn tab_completes_and_the_offers_follow_what_is_typed() {
    let mut desk = topical();
    desk.press("/");
    desk.type_in("nv");
    let offers = |desk: &Desk| desk.app.prompt.as_ref().unwrap().offers.list.clone();
    assert_eq!(offers(&desk), ["topic:nvidia ", "symbol:NVDA "]);
    desk.press("tab");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "topic:nvidia ");
    assert_eq!(desk.leads(), [5, 2], "searched at once");
    desk.press("tab tab");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "topic:nvidia ", "round and round");
    desk.type_in("is:");
    assert_eq!(offers(&desk).len(), 6);
    assert_eq!(desk.press("ctrl-u tab").len(), 1);
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "title:");
}

#[test]
fn the_history_is_walked_with_ctrl_p_and_kept() {
    let mut desk = topical();
    desk.send(Event::Loaded(Loaded { queries: vec!["old".into(), "bitcoin".into()], ..Loaded::default() }));
    desk.press("/");
    desk.type_in("geforce");
    let effects = desk.press("enter");
    assert!(effects.contains(&Effect::Store(StoreEffect::SaveQuery("geforce".into()))), "{effects:?}");
    desk.press("/ ctrl-u ctrl-p ctrl-p");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "bitcoin");
    assert_eq!(desk.leads(), [1]);
    desk.press("ctrl-p ctrl-p ctrl-p");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "old");
    desk.press("ctrl-n ctrl-n ctrl-n ctrl-n");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "", "what was being typed");
    desk.press("esc");
    desk.press("/ enter");
    assert_eq!(desk.press("/ enter"), drawn(), "said once");
}

fn drawn() -> Vec<Effect> {
    vec![Effect::Draw(Urgency::Key)]
}

#[test]
fn a_name_that_nothing_has_leaves_the_old_result() {
    let mut desk = topical();
    desk.press("/");
    desk.type_in("geforce topic:nvidai");
    let mistake = desk.app.prompt.as_ref().unwrap().mistake.clone().unwrap();
    assert_eq!((mistake.at, &*mistake.message), (14, "no topic is called 'nvidai'; did you mean 'nvidia'?"));
    desk.press("enter");
    assert!(desk.app.prompt.is_some(), "it can be mended");
    desk.press("backspace backspace");
    desk.type_in("ia");
    assert_eq!(desk.app.prompt.as_ref().unwrap().mistake, None);
}

#[test]
fn a_query_becomes_a_view_with_a_key() {
    let mut desk = topical();
    assert_eq!(desk.press("/ ctrl-s").len(), 0, "nothing to save yet");
    desk.type_in("geforce");
    desk.press("ctrl-s");
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "5 geforce");
    desk.press("ctrl-u");
    desk.type_in("1 Games");
    desk.press("enter");
    let mistake = desk.app.prompt.as_ref().unwrap().mistake.clone().unwrap();
    assert!(mistake.message.starts_with("1 is the key of the topic"), "{mistake:?}");
    desk.press("ctrl-u");
    desk.type_in("6 Games");
    let view = View { name: "Games".into(), key: Some('6'), query: "geforce".into() };
    let effects = desk.press("enter");
    assert!(effects.contains(&Effect::System(SystemEffect::SaveView(view.clone()))), "{effects:?}");
    assert!(desk.app.prompt.is_none());
    assert_eq!(desk.leads(), [5], "its result stays");
    desk.send(Event::ViewSaved { view: view.clone(), outcome: Err("the disk is full".into()) });
    assert_eq!(desk.notice(), Some("the view 'Games' is not saved: the disk is full"));
    desk.send(Event::ViewSaved { view: view.clone(), outcome: Ok(()) });
    let notice = Some("view 'Games' saved in the config: key 6");
    assert_eq!(desk.notice(), notice);
    desk.send(Event::Config(Arc::new(Config { views: vec![view], ..config() })));
    assert_eq!(desk.notice(), notice, "one notice for both");
    desk.send(Event::Config(Arc::new(config())));
    assert_eq!(desk.notice(), Some("config reloaded"));
    desk.press("/ ctrl-s esc");
    assert_eq!(desk.app.prompt.as_ref().map(Prompt::text), Some("geforce"), "back in the query");
}

#[test]
fn a_query_may_ask_what_a_price_did_since() {
    let mut desk = Desk::new();
    let closes: Vec<f64> = (0..60).map(|minute| 100.0 + f64::from(minute)).collect();
    desk.send(Event::Series { span: Span::Day, series: series("NVDA", minute(-60), &closes) });
    desk.send(Event::Quote(quote("NVDA", 159.0, minute(0))));
    desk.stories([story(1, -50), story(2, -2)]);
    desk.press("/");
    desk.type_in("move:NVDA>10%");
    assert_eq!(desk.leads(), [1]);
    desk.press("ctrl-u");
    desk.type_in("move:NVDA<-10%");
    assert_eq!(desk.leads(), [0; 0]);
    desk.send(Event::Quote(quote("NVDA", 50.0, minute(1))));
    desk.wait(60);
    assert_eq!(desk.leads(), [2, 1], "asked again as time passes");
}

#[test]
fn a_full_window_looks_into_the_store() {
    let mut desk = Desk::new();
    let count = WINDOW as u64;
    for from in (0..count).step_by(STORIES_AT_ONCE) {
        desk.stories((from..from + STORIES_AT_ONCE as u64).map(|id| story(id + 1, id as i64 - count as i64)));
    }
    desk.press("/");
    desk.type_in("lamp");
    let search = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Store(StoreEffect::Search { number, until, .. }) => Some((*number, *until)),
            _ => None,
        })
    };
    let (number, until) = search(&desk.press("*")).unwrap();
    assert_eq!(until, minute(-(count as i64)));
    let before = (desk.app.wire.rows().len(), desk.app.wire.count("nvidia"));
    let older = |id: u64| (titled(id, -(id as i64), &format!("Nvidia lamps{id} glow{id}")), Marks::default());
    let page = vec![older(90_001), older(90_002), (titled(90_003, -90_003, "rain"), Marks::default())];
    let effects = desk.send(Event::Found { number, stories: page, done: false });
    assert!(effects.contains(&Effect::Store(StoreEffect::SearchMore { number })), "{effects:?}");
    assert_eq!(desk.app.wire.rows().len(), before.0 + 2, "those that pass");
    assert_eq!(desk.app.wire.count("nvidia"), before.1, "the counts of the topics stay");
    assert!(
        desk.send(Event::Found { number: number - 1, stories: vec![older(90_004)], done: false }).is_empty(),
        "late"
    );
    desk.send(Event::Found { number, stories: vec![older(90_005)], done: true });
    assert!(!desk.app.is_looking());
    desk.stories([titled(20_000, 0, "lampoon"), titled(20_001, 0, "harbour")]);
    assert_eq!(desk.app.wire.found_count(), 3, "new stories push others out");
    desk.press("esc esc");
    assert_eq!((desk.app.wire.found_count(), desk.app.wire.items().count()), (0, WINDOW));
}

#[test]
fn pasted_text_goes_into_the_prompt_and_nowhere_else() {
    let mut desk = topical();
    let paste = |text: &str| Event::Terminal(TerminalEvent::Paste(text.into()));
    assert_eq!(desk.send(paste("q")), []);
    desk.press("/");
    desk.send(paste("slides\n\tunder\x1b"));
    assert_eq!(desk.app.prompt.as_ref().unwrap().text(), "slides under");
    assert_eq!(desk.leads(), [1]);
    desk.send(paste(&"x".repeat(1_000_000)));
    assert_eq!(desk.app.prompt.as_ref().unwrap().text().len(), 500);
}

#[test]
fn there_is_always_a_key_to_quit() {
    let mut config = config();
    assert_eq!(Desk::of(config.clone()).press("q"), [Effect::Quit]);
    config.keys.insert("quit".into(), Vec::new());
    let mut desk = Desk::of(config.clone());
    assert_eq!((desk.press("q"), desk.press("ctrl-c")), (vec![], vec![Effect::Quit]));
    config.keys.insert("help".into(), vec!["ctrl-c".into()]);
    let mut desk = Desk::of(config);
    desk.press("ctrl-c");
    assert_eq!(desk.app.popup, Some(Popup::Help { scroll: 0 }), "unless it is wanted for something else");
}

// --- popups and mouse ---

#[test]
fn under_a_popup_no_story_is_touched() {
    let mut desk = Desk::with_stories(5);
    for popup in ["f", "?"] {
        desk.press(popup);
        for keys in ["o", "y", "s", "u", "m", "z", "n", "N"] {
            assert_eq!(desk.press(keys), [], "{popup} {keys}");
        }
        desk.press("esc");
        assert_eq!((desk.app.popup, desk.current(), desk.line()), (None, Some(5), None));
    }
    desk.press("? ?");
    assert_eq!(desk.app.popup, None);
    assert_eq!(desk.press("f q"), [Effect::Quit]);
}

#[test]
fn the_list_of_feeds_moves_filters_and_asks() {
    let mut desk = Desk::new();
    let names: Vec<Name> = config().feeds.iter().map(|feed| feed.name.clone()).collect();
    desk.press("f G j");
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: names.len() - 1 }));
    desk.press("g k j j");
    let effects = desk.press("r");
    assert!(effects.contains(&Effect::Sources(SourceEffect::RefreshFeeds(vec![names[2].clone()]))), "{effects:?}");
    assert!(!effects.contains(&Effect::Sources(SourceEffect::RefreshPrices)));
    let other = Story { feed: names[2].clone(), ..story(2, -2) };
    desk.stories([story(1, -3), other]);
    desk.press("enter");
    assert_eq!((desk.app.popup, desk.leads()), (None, vec![2]));
    let effects = desk.press("r");
    assert!(
        effects.contains(&Effect::Sources(SourceEffect::RefreshFeeds(vec![])))
            && effects.contains(&Effect::Sources(SourceEffect::RefreshPrices))
    );
    let none = Config { feeds: Vec::new(), ..config() };
    assert_eq!(Desk::of(none).press("f j enter"), []);
}

#[test]
fn one_feed_is_told_of_whole_and_left_for_the_list() {
    let mut desk = Desk::new();
    let names: Vec<Name> = config().feeds.iter().map(|feed| feed.name.clone()).collect();
    desk.press("f j tab");
    assert_eq!(desk.app.popup, Some(Popup::Feed { cursor: 1, scroll: 0 }));
    desk.press("j");
    let effects = desk.press("r");
    assert!(effects.contains(&Effect::Sources(SourceEffect::RefreshFeeds(vec![names[2].clone()]))), "{effects:?}");
    desk.press("esc");
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: 2 }));
    desk.press("tab tab tab f");
    assert_eq!(desk.app.popup, None);
}

fn click(x: u16, y: u16) -> Event {
    let kind = MouseEventKind::Down(MouseButton::Left);
    Event::Terminal(TerminalEvent::Mouse(MouseEvent { kind, column: x, row: y, modifiers: KeyModifiers::NONE }))
}

#[test]
fn clicks_land_on_what_was_drawn() {
    let mut desk = topical();
    desk.app.mouse = true;
    let mut seen = seen();
    seen.topics = vec![(Rect::new(20, 0, 10, 1), '2')];
    seen.symbols = vec![(Rect::new(90, 3, 20, 1), "ETH-USD".into())];
    desk.app.record_hit_map(seen.clone());
    desk.send(click(5, 3));
    assert_eq!(desk.current(), Some(3));
    assert_eq!(desk.send(click(5, 8)), [], "below the last row there is nothing");
    assert_eq!(desk.current(), Some(3));
    let effects = desk.send(click(95, 3));
    assert!(effects.contains(&Effect::Sources(SourceEffect::ShowChart { symbol: "ETH-USD".into(), span: Span::Day })));
    desk.send(click(5, 12));
    assert_eq!(desk.app.arrangement.focus, Focus::Reader);
    desk.send(click(21, 0));
    assert_eq!(desk.leads(), [5, 2]);
    desk.press("f");
    desk.app.record_hit_map(HitMap { popup: Rect::new(10, 2, 40, 5), ..seen });
    desk.send(click(12, 3));
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: 0 }));
    desk.send(click(21, 0));
    assert_eq!((desk.app.popup, desk.leads().len()), (None, 2), "beside it: it closes, and nothing else happens");
    desk.app.mouse = false;
    assert_eq!(desk.send(click(5, 3)), []);
}

#[test]
fn a_second_click_reads_and_rows_of_lists_and_keys_can_be_clicked() {
    let mut desk = topical();
    desk.app.mouse = true;
    desk.send(click(5, 3));
    assert_eq!((desk.current(), desk.app.arrangement.focus), (Some(3), Focus::Wire));
    desk.send(click(5, 3));
    assert_eq!(desk.app.arrangement.focus, Focus::Reader, "the row that has the cursor is read");
    desk.press("esc f");
    let rows = vec![(3, 0), (4, 1), (6, 2)];
    desk.app.record_hit_map(HitMap { popup: Rect::new(10, 2, 40, 8), popup_rows: rows, ..seen() });
    desk.send(click(12, 6));
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: 2 }));
    desk.send(click(12, 5));
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: 2 }), "a heading is no row");
    desk.press("esc");
    desk.app.record_hit_map(HitMap {
        hints: vec![(Rect::new(60, 20, 6, 1), crate::app::command::Command::Help)],
        ..seen()
    });
    desk.send(click(61, 20));
    assert!(matches!(desk.app.popup, Some(Popup::Help { .. })));
}

// --- groups ---

#[test]
fn a_group_is_opened_read_and_taken_apart() {
    let mut desk = Desk::new();
    let carried = |id, minutes| Story {
        outlet: format!("Outlet {id}").into(),
        ..titled(id, minutes, "Acme buys Foobank for 3 billion")
    };
    let effects =
        desk.stories([carried(1, -9), carried(2, -8), carried(3, -7), titled(4, -1, "harbour closed after storm")]);
    let groups = vec![(1, 1), (2, 1), (3, 1), (4, 4)].into_iter().map(|(id, group)| (StoryId(id), StoryId(group)));
    assert!(effects.contains(&Effect::Store(StoreEffect::SaveGroups(groups.collect()))));
    desk.press("x");
    assert_eq!(desk.notice(), Some("nobody else carries this story yet"));
    desk.press("j x j");
    assert_eq!(desk.app.popup, Some(Popup::Group { group: StoryId(1), cursor: 1 }));
    assert_eq!(saved_marks(&desk.press("enter")), [1, 2, 3], "the group is read");
    assert_eq!((desk.app.popup, desk.app.wire.current_item().unwrap().story.id), (None, StoryId(2)));
    desk.press("esc x j");
    assert_eq!(desk.app.popup, Some(Popup::Group { group: StoryId(1), cursor: 2 }), "it opens at what is shown");
    let taken = Marks { read: true, starred: false, group: Some(StoryId(!3)) };
    assert!(desk.press("X").contains(&Effect::Store(StoreEffect::SaveMarks(vec![(StoryId(3), taken)]))));
    assert_eq!(desk.notice(), Some("taken out of its group, for good; z takes it back"));
    assert_eq!((desk.leads(), desk.app.popup), (vec![4, 3, 1], Some(Popup::Group { group: StoryId(1), cursor: 1 })));
    desk.press("X");
    assert_eq!((desk.leads(), desk.app.popup), (vec![4, 3, 2, 1], None), "nobody is left to be reported from");
    desk.press("X");
    assert_eq!(desk.notice(), Some("this story stands alone already"));
    desk.press("z z");
    assert_eq!(desk.leads(), [4, 1]);
}

// --- mutes and highlights ---

#[test]
fn a_mute_that_asks_for_marks_or_age_is_asked_again() {
    let mut config = config();
    let standing =
        |name: &str, query: &str| StandingQuery { name: name.into(), query: query.into(), color: None, enabled: true };
    config.mutes = vec![standing("read", "is:read"), standing("off", "harbour")];
    config.mutes[1].enabled = false;
    config.highlights = vec![standing("old", "age>=10m")];
    let mut desk = Desk::of(config);
    desk.stories([titled(1, -1, "harbour closed after storm"), titled(2, 0, NVIDIA)]);
    assert_eq!((desk.leads(), desk.app.wire.muted_count()), (vec![2, 1], 0));
    desk.press("j j u");
    assert_eq!((desk.leads(), desk.app.wire.muted_count()), (vec![2, 1], 1), "it stays while under the cursor");
    desk.press("k");
    desk.app.update(Event::Tick, minute(1));
    assert_eq!(desk.leads(), [2]);
    desk.press("v");
    assert_eq!((desk.leads(), desk.notice()), (vec![2, 1], Some("1 muted stories are shown as well")));
    let highlighted =
        |desk: &Desk, id| desk.app.wire.highlighted_by(desk.app.wire.item(StoryId(id)).unwrap()).is_some();
    assert!(!highlighted(&desk, 1));
    desk.app.update(Event::Tick, minute(9));
    assert!(highlighted(&desk, 1) && !highlighted(&desk, 2));
}

// --- pause ---

#[test]
fn a_paused_wire_stands_still_and_loses_nothing() {
    let mut desk = Desk::with_stories(3);
    desk.press("p");
    let effects = desk.stories([story(4, 4), story(3, -1)]);
    assert_eq!(saved_stories(&effects).len(), 1, "saved at once, and only what is new");
    assert!(draws(&effects), "the count on screen changes");
    assert_eq!((desk.leads(), desk.app.wire.held()), (vec![3, 2, 1], 1));
    assert_eq!(desk.stories([story(4, 4)]), [], "polled again");
    assert_eq!(desk.app.wire.held(), 1);
    let late =
        Loaded { stories: vec![(story(4, 4), Marks { read: true, starred: false, group: None })], ..Loaded::default() };
    desk.send(Event::Loaded(late));
    assert_eq!(desk.leads(), [3, 2, 1], "also not by what the store says of it");
    let group = Effect::Store(StoreEffect::SaveGroups(vec![(StoryId(4), StoryId(4))]));
    assert_eq!(desk.press("p"), [Effect::Draw(Urgency::Key), group], "the stories were saved before");
    assert_eq!((desk.leads(), desk.app.wire.held()), (vec![4, 3, 2, 1], 0));
    assert!(desk.app.wire.item(StoryId(4)).unwrap().marks.read);
}

#[test]
fn edits_are_saved_as_they_are_held() {
    for pause in ["", "p"] {
        let mut desk = Desk::with_stories(3);
        desk.press(pause);
        let edited = Story { first_seen: minute(30), ..titled(2, 25, "harbour closed after storm") };
        let effects = desk.stories([edited]);
        let saved = saved_stories(&effects);
        assert_eq!((saved[0].time(), &*saved[0].title), (minute(-2), "harbour closed after storm"), "{pause}");
    }
}

fn position(speed: f64, paused: bool, loops: u32) -> Event {
    Event::Replay(ReplayPosition { from: minute(0), to: minute(100), speed, paused, loops })
}

#[test]
fn a_replay_is_paused_at_its_source_and_begins_again_empty() {
    let mut desk = Desk::new();
    desk.send(position(60.0, false, 0));
    desk.stories([titled(1, -1, BITCOIN)]);
    desk.send(Event::Quote(quote("NVDA", 180.0, minute(0))));
    assert!(desk.press("p").contains(&Effect::System(SystemEffect::PauseReplay(true))));
    desk.send(position(60.0, true, 0));
    assert!(desk.press("p").contains(&Effect::System(SystemEffect::PauseReplay(false))));
    assert_eq!(desk.app.wire.held(), 0);
    desk.press("r");
    assert_eq!(desk.notice(), Some("a replay asks nobody"));
    desk.press("4");
    desk.send(position(60.0, false, 1));
    assert!(desk.app.wire.is_empty() && desk.app.tape.quote("NVDA").is_none());
    assert_eq!(desk.app.wire.filter().topic.as_deref(), Some("crypto"), "the filter is the reader's");
}

#[test]
fn a_recorded_day_is_not_kept_as_prices() {
    let mut desk = Desk::new();
    desk.send(position(60.0, false, 0));
    let effects = desk.send(Event::Quote(quote("NVDA", 180.0, minute(0))));
    assert_eq!(effects, [Effect::Draw(Urgency::Price)]);
    let effects = desk.send(Event::Series { span: Span::Day, series: series("NVDA", minute(-5), &[1.0]) });
    assert_eq!(effects, [Effect::Draw(Urgency::Price)]);
}

#[test]
fn notices_of_a_replay_stay_for_the_readers_seconds() {
    let mut desk = Desk::new();
    desk.send(position(60.0, false, 0));
    desk.press("r");
    desk.wait(7 * 60);
    assert!(desk.notice().is_some(), "seven seconds at sixty times the speed");
    desk.wait(2 * 60);
    assert_eq!(desk.notice(), None);
}

// --- what is loaded and saved ---

#[test]
fn sources_start_once_all_is_loaded() {
    let mut app = App::new(Arc::new(config()), minute(0));
    let part = |done| Loaded { feeds: vec![feed_state("SEC", minute(-9))], done, ..Loaded::default() };
    let starts = |effects: Vec<Effect>| {
        effects.iter().filter(|effect| matches!(effect, Effect::Sources(SourceEffect::Start { .. }))).count()
    };
    assert!(app.loading);
    assert_eq!(starts(app.update(Event::Loaded(part(false)), minute(0))), 0);
    let effects = app.update(Event::Loaded(part(true)), minute(0));
    let expected =
        Effect::Sources(SourceEffect::Start { feeds: vec![feed_state("SEC", minute(-9))], sources: Vec::new() });
    assert!(effects.contains(&expected) && !app.loading);
    assert_eq!(starts(app.update(Event::Loaded(part(true)), minute(0))), 0, "once");
}

#[test]
fn marks_made_before_the_store_spoke_are_added_to_the_stored_ones() {
    let mut desk = Desk::with_stories(2);
    desk.press("enter");
    let starred = Marks { read: false, starred: true, group: None };
    let late = |marks| Event::Loaded(Loaded { stories: vec![(story(2, -1), marks)], ..Loaded::default() });
    let both = Marks { read: true, starred: true, group: Some(StoryId(2)) };
    assert!(desk.send(late(starred)).contains(&Effect::Store(StoreEffect::SaveMarks(vec![(StoryId(2), both)]))));
    assert_eq!(saved_marks(&desk.send(late(both))), Vec::<u64>::new(), "already so");
}

#[test]
fn what_is_known_is_neither_saved_nor_drawn_again() {
    let mut desk = Desk::with_stories(3);
    assert_eq!(desk.stories([story(2, -2)]), []);
}

#[test]
fn stories_beyond_the_window_are_saved_and_change_nothing_on_screen() {
    let mut desk = Desk::new();
    for part in 0..wire::WINDOW as u64 / 100 {
        desk.stories((part * 100..part * 100 + 100).map(|id| story(id, id as i64 - 20_000)));
    }
    let effects = desk.stories([story(99_999, -90_000)]);
    assert_eq!((saved_stories(&effects).len(), draws(&effects)), (1, false));
}

#[test]
fn prices_are_saved_once_a_minute_and_the_last_one_at_the_end() {
    let mut desk = Desk::new();
    let mut at = |seconds: i64, symbol: &str, price: f64| {
        desk.now = second(seconds);
        let effects = desk.send(Event::Quote(quote(symbol, price, second(seconds))));
        saved_prices(&effects).iter().map(|(symbol, price)| (symbol.to_string(), *price)).collect::<Vec<_>>()
    };
    assert_eq!(at(0, "NVDA", 180.0), [("NVDA".to_owned(), 180.0)], "the first at once");
    assert_eq!(at(1, "BTC-USD", 97_000.0), [("BTC-USD".to_owned(), 97_000.0)]);
    for seconds in 2..60 {
        assert_eq!(at(seconds, "NVDA", 180.0 + seconds as f64), [], "{seconds}");
    }
    assert_eq!(at(60, "BTC-USD", 97_100.0), [("BTC-USD".to_owned(), 97_100.0), ("NVDA".to_owned(), 239.0)]);
    assert_eq!(at(61, "NVDA", 241.0), []);
    assert_eq!(saved_prices(&last_saves(&mut desk)), [("NVDA", 241.0)]);
    assert_eq!(desk.app.last_saves(), [], "once");
    desk.send(Event::Quote(quote("NVDA", 242.0, second(62))));
    desk.now = second(-7_200);
    assert_eq!(saved_prices(&desk.send(Event::Tick)), [("NVDA", 242.0)], "a clock that is set back");
}

#[test]
fn candles_are_saved_whole() {
    let mut desk = Desk::new();
    desk.send(Event::Series { span: Span::Day, series: series("NVDA", minute(0), &[1.0, 2.0]) });
    desk.send(Event::Series { span: Span::Day, series: series("NVDA", minute(2), &[3.0]) });
    let effects = last_saves(&mut desk);
    let whole = series("NVDA", minute(0), &[1.0, 2.0, 3.0]);
    assert!(
        effects.contains(&Effect::Store(StoreEffect::SaveSeries { span: Span::Day, series: whole })),
        "{effects:?}"
    );
    let none = series("NVDA", minute(2), &[]);
    assert_eq!(desk.send(Event::Series { span: Span::Day, series: none }), [], "no candles are no news");
}

// --- drawing ---

#[test]
fn what_changes_nothing_draws_nothing() {
    let mut desk = Desk::with_stories(3);
    let heartbeat = |at| Event::Source(report("coinbase", Capability::Socket, at, Outcome::Well));
    assert!(draws(&desk.send(heartbeat(second(1)))), "the first tells that it is well");
    for at in 2..50 {
        desk.now = second(at);
        assert_eq!(desk.send(heartbeat(second(at))), [], "{at}");
    }
    let feed = config().feeds[0].name.clone();
    let polled = |at| Event::Feed(feed_state(&feed, at).into());
    assert!(draws(&desk.send(polled(second(50)))), "one more is fresh");
    let effects = desk.send(polled(second(51)));
    assert_eq!((effects.len(), draws(&effects)), (1, false), "saved; the line reads the same");
    assert_eq!(desk.send(Event::Quote(quote("GME", 1.0, second(52)))), [], "not watched");
    assert_eq!(desk.send(Event::Saved(second(52))), []);
    assert_eq!(desk.send(Event::Tick), []);
    desk.press("f");
    assert!(draws(&desk.send(heartbeat(second(53)))), "the list of sources shows it");
    assert!(draws(&desk.send(polled(second(54)))));
}

#[test]
fn a_theme_that_is_broken_as_it_is_saved_stays_as_it_was() {
    use crate::config::theme::Slot;
    let load = |theme: &str| {
        let files = [("config.toml", "[theme]\nname = 'mine'\n"), ("themes/mine.toml", theme)];
        Arc::new(crate::config::load(files).unwrap())
    };
    let mut desk = Desk::new();
    let color = |desk: &Desk| desk.app.config.themes.get("mine").map(|palette| palette.color(Slot::Up));
    desk.send(Event::Config(load("up = 'blue'\n")));
    let before = color(&desk);
    desk.send(Event::Config(load("up = 'gre\n")));
    assert_eq!((color(&desk), desk.app.config.screen.theme.as_str()), (before, "mine"));
    assert!(desk.notice().is_some_and(|notice| notice.contains("themes/mine.toml")), "{:?}", desk.notice());
    desk.send(Event::Config(load("up = 'green'\n")));
    assert_ne!(color(&desk), before);
}

#[test]
fn coming_back_to_the_terminal_shows_the_present() {
    let mut desk = Desk::with_stories(1);
    let came_back = desk.send(Event::Terminal(TerminalEvent::FocusGained));
    assert_eq!(came_back, [Effect::Terminal(TerminalEffect::AskBackground), Effect::Draw(Urgency::Key)]);
    let resized = desk.send(Event::Terminal(TerminalEvent::Resize(80, 24)));
    assert_eq!(resized, [Effect::Draw(Urgency::News)], "a storm of sizes is drawn as news is");
    // The line moves to where the reader leaves.
    assert_eq!(desk.send(Event::Terminal(TerminalEvent::FocusLost)), [Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.send(Event::Resumed), [Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.send(Event::NotSuspended), [Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.app.notices.current.as_ref().unwrap().text, "no shell waits here to suspend to");
    assert_eq!(desk.press("ctrl-l"), [Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)]);
}

#[test]
fn whatever_finds_the_minute_gone_draws_it() {
    let mut desk = Desk::with_stories(3);
    desk.send(Event::Source(report("coinbase", Capability::Socket, minute(0), Outcome::Well)));
    desk.draw();
    assert_eq!(desk.app.next_change(), minute(1));
    desk.now = minute(1);
    // No tick, but an event that draws nothing by itself.
    let effects = desk.send(Event::Source(report("coinbase", Capability::Socket, minute(1), Outcome::Well)));
    assert_eq!(effects, [Effect::Draw(Urgency::Price)]);
    assert_eq!(desk.app.next_change(), minute(2));
    desk.now = minute(-10);
    assert_eq!(desk.send(Event::Tick), [Effect::Draw(Urgency::Price)], "a clock that was set back");
    assert_eq!(desk.app.next_change(), minute(-9));
}

#[test]
fn a_price_that_goes_stale_is_drawn_in_time_and_signs_of_life_put_it_off() {
    let mut desk = Desk::new();
    let tick = |at| Event::Quote(quote("BTC-USD", 97_000.0, at));
    let life = |at| Event::Source(report("coinbase", Capability::Socket, at, Outcome::Well));
    let word = |desk: &Desk| desk.app.price_state("BTC-USD").word();
    desk.send(life(second(0)));
    desk.send(tick(second(0)));
    desk.draw();
    assert_eq!((word(&desk), desk.app.next_change()), ("live", second(15)), "without any frame for 15 s it is stale");
    desk.now = second(10);
    assert_eq!(desk.send(life(second(10))), []);
    assert_eq!(desk.app.next_change(), second(25));
    desk.now = second(25);
    assert_eq!(desk.send(Event::Tick), [Effect::Draw(Urgency::Price)]);
    assert_eq!(word(&desk), "stale");
    desk.draw();
    assert_eq!(desk.app.next_change(), minute(1), "from now on only its age changes, with the minute");
}

#[test]
fn stale_prices_cost_a_frame_a_minute_together() {
    let mut desk = Desk::new();
    for (at, symbol) in (0..).zip(["NVDA", "BTC-USD", "ETH-USD", "SOL-USD"]) {
        desk.now = second(at * 7);
        desk.send(Event::Quote(quote(symbol, 100.0, desk.now)));
    }
    desk.now = minute(20);
    desk.send(Event::Tick);
    desk.draw();
    let (mut frames, mut wakes) = (0, 0);
    while desk.now < minute(30) {
        desk.now = desk.app.next_change();
        wakes += 1;
        if draws(&desk.send(Event::Tick)) {
            desk.draw();
            frames += 1;
        }
    }
    assert_eq!((frames, wakes), (10, 10));
}

// --- notices, config ---

#[test]
fn a_passing_notice_passes_with_time_or_with_the_next_key() {
    let mut desk = Desk::with_stories(3);
    desk.press("y");
    assert_eq!(desk.app.next_change(), second(8));
    assert_eq!(desk.wait(7), []);
    assert_eq!(desk.notice(), Some("link copied"));
    assert_eq!(desk.wait(1), [Effect::Draw(Urgency::Price)]);
    assert_eq!(desk.notice(), None);
    desk.press("y j");
    assert_eq!(desk.notice(), None);
}

#[test]
fn a_task_that_ended_is_told_until_the_reader_closes_it() {
    let mut desk = Desk::with_stories(3);
    let failed = Event::TaskFailed { task: "feeds".into(), why: "a fault in newstape".into() };
    assert_eq!(desk.send(failed), [Effect::Draw(Urgency::News)]);
    let notice = Some("feeds stopped: a fault in newstape");
    assert_eq!(desk.notice(), notice);
    desk.press("j y");
    assert_eq!(desk.notice(), Some("link copied"));
    desk.wait(8);
    assert_eq!(desk.notice(), notice, "it comes back");
    desk.send(Event::Config(Arc::new(config())));
    desk.press("j");
    assert_eq!(desk.notice(), notice, "a good config does not put it right");
    desk.press("esc");
    assert_eq!(desk.notice(), None);
}

#[test]
fn a_config_mistake_stays_until_a_good_save() {
    let mut desk = Desk::with_stories(3);
    let mistake = "config.toml, line 3, column 7: expected a string";
    assert_eq!(urgency(&desk.send(Event::ConfigMistake(mistake.into()))), Some(Urgency::News));
    desk.press("j esc esc y");
    desk.wait(600);
    assert_eq!(desk.app.notices.config_mistake.as_deref(), Some(mistake));
    desk.send(Event::Config(Arc::new(config())));
    assert_eq!((desk.app.notices.config_mistake.as_deref(), desk.notice()), (None, Some("config reloaded")));
}

#[test]
fn warnings_of_a_config_are_shown_until_it_is_saved_again() {
    let warned = |warnings: &[&str], keys: &[(&str, &str)]| {
        let mut config = config();
        config.warnings = warnings.iter().map(ToString::to_string).collect();
        config.keys.extend(keys.iter().map(|(command, key)| (command.to_string(), vec![key.to_string()])));
        Event::Config(Arc::new(config))
    };
    let unknown = "keys dwon: there is no such command; did you mean 'down'?";
    let cases = [
        (warned(&["feed 'X': no address"], &[]), "feed 'X': no address".to_owned()),
        (warned(&["one", "two", "three"], &[]), "one (and 2 more: newstape check)".to_owned()),
        (warned(&[], &[("dwon", "x")]), unknown.to_owned()),
    ];
    let mut desk = Desk::with_stories(3);
    for (event, expected) in cases {
        desk.send(event);
        assert_eq!(desk.notice(), Some(expected.as_str()));
        desk.press("y");
        desk.wait(60);
        assert_eq!(desk.notice(), Some(expected.as_str()), "a passing notice does not replace it");
    }
    desk.send(Event::Config(Arc::new(config())));
    assert_eq!(desk.notice(), Some("config reloaded"));
    desk.wait(60);
    assert_eq!(desk.notice(), None);
}

#[test]
fn a_reload_keeps_filter_cursor_marks_and_prices() {
    let mut desk = topical();
    desk.send(Event::Quote(quote("NVDA", 180.0, minute(0))));
    desk.send(Event::Quote(quote("SOL-USD", 140.0, minute(0))));
    desk.press("2 j j s ] ]");
    desk.draw();
    let (current, line) = (desk.current(), desk.line());
    let mut next = config();
    next.symbols.retain(|symbol| &*symbol.name != "SOL-USD");
    next.symbols.insert(0, Symbol::new("AMD".into()));
    next.feeds.truncate(3);
    desk.send(Event::Config(Arc::new(next.clone())));
    assert_eq!((desk.current(), desk.line(), desk.leads()), (current, line, vec![5, 2]));
    assert!(desk.app.wire.current_item().unwrap().marks.starred);
    assert_eq!(desk.app.tape.selected().unwrap().name, "ETH-USD".into());
    assert!(desk.app.tape.quote("NVDA").is_some() && desk.app.tape.quote("SOL-USD").is_none());
    assert_eq!(desk.app.health.fresh(minute(0)).1, 3);
    next.symbols.retain(|symbol| &*symbol.name != "ETH-USD");
    let effects = desk.send(Event::Config(Arc::new(next)));
    let wanted = Effect::Sources(SourceEffect::ShowChart { symbol: "BTC-USD".into(), span: Span::Day });
    assert!(effects.contains(&wanted), "the chart of its neighbour is shown: {effects:?}");
}

#[test]
fn topics_follow_the_config() {
    let mut desk = topical();
    desk.press("2 j");
    let mut next = config();
    next.topics.retain(|topic| &*topic.name != "nvidia");
    desk.send(Event::Config(Arc::new(next)));
    assert_eq!(desk.app.wire.filter().topic, None, "a topic that is gone hides nothing");
    assert_eq!((desk.leads().len(), desk.current(), desk.app.wire.count("nvidia")), (5, Some(5), 0));
    desk.send(Event::Config(Arc::new(config())));
    assert_eq!(desk.app.wire.count("nvidia"), 2);
}

#[test]
fn the_mouse_follows_the_config_when_it_changes_there() {
    let mut desk = Desk::new();
    let on = |mouse| {
        let mut config = config();
        config.screen.mouse = mouse;
        Event::Config(Arc::new(config))
    };
    let before = desk.app.mouse;
    assert!(desk.send(on(!before)).contains(&Effect::Terminal(TerminalEffect::Mouse(!before))));
    desk.press("M");
    assert_eq!(desk.app.mouse, before);
    let effects = desk.send(on(!before));
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Terminal(TerminalEffect::Mouse(_)))),
        "the key was pressed later"
    );
}

#[test]
fn a_shorter_list_of_feeds_keeps_the_cursor_in_it() {
    let mut desk = Desk::new();
    desk.press("f G");
    let next = Config { feeds: config().feeds[..2].to_vec(), ..config() };
    desk.send(Event::Config(Arc::new(next)));
    assert_eq!(desk.app.popup, Some(Popup::Feeds { cursor: 1 }));
}

#[test]
fn trouble_of_the_store_stays_until_something_is_saved() {
    let mut desk = Desk::new();
    desk.send(Event::StoreTrouble("Saving failed: the disk is full.".into()));
    desk.press("j esc");
    assert!(desk.app.notices.store_trouble.is_some());
    assert_eq!(desk.send(Event::Saved(minute(0))), [Effect::Draw(Urgency::News)]);
    assert!(desk.app.notices.store_trouble.is_none());
}

#[test]
fn a_replaced_store_is_told_until_it_is_dismissed_and_gets_all_that_is_held() {
    let mut desk = Desk::with_stories(3);
    desk.press("s");
    let effects = desk.send(Event::StoreReplaced("The stored data was damaged.".into()));
    assert_eq!(saved_stories(&effects).len(), 3);
    assert_eq!(saved_marks(&effects), [3]);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Store(StoreEffect::SaveGroups(placed)) if placed.len() == 3))
    );
    desk.send(Event::Saved(minute(0)));
    desk.wait(3_600);
    assert!(desk.app.notices.store_replaced.is_some(), "it is not taken away by what is saved next");
    desk.press("esc");
    assert!(desk.app.notices.store_replaced.is_none());
}

#[test]
fn marks_on_the_data_of_another_newstape_say_that_they_are_not_saved() {
    let mut desk = Desk::with_stories(3);
    desk.send(Event::Loaded(Loaded { read_only: true, done: true, ..Loaded::default() }));
    for keys in ["s", "m"] {
        desk.press("esc");
        desk.press(keys);
        assert!(desk.notice().is_some_and(|notice| notice.starts_with("Not saved")), "{keys}: {:?}", desk.notice());
    }
    let effects = desk.send(Event::StoreTaken);
    assert_eq!(saved_stories(&effects).len(), 3);
    assert_eq!(saved_marks(&effects), [3, 2, 1]);
    assert!(!desk.app.read_only && desk.notice().is_some_and(|notice| notice.contains("saves from now on")));
}

#[test]
fn a_stored_price_gives_way_and_never_comes_back() {
    let mut desk = Desk::new();
    let stored = Quote { delivery: Delivery::Stored, ..quote("NVDA", 170.0, minute(-60)) };
    let loaded = || Event::Loaded(Loaded { quotes: vec![stored.clone()], ..Loaded::default() });
    desk.send(loaded());
    assert_eq!(desk.app.price_state("NVDA").word(), "cached");
    let polled =
        Quote { delivery: Delivery::Polled(std::time::Duration::from_secs(30)), ..quote("NVDA", 169.0, minute(-90)) };
    desk.send(Event::Quote(polled));
    desk.send(loaded());
    assert_eq!(desk.app.tape.quote("NVDA").and_then(tape::last_price), Some(169.0));
}

#[test]
fn a_wire_of_no_height_pages_by_one_row() {
    let mut desk = Desk::with_stories(5);
    desk.app.record_hit_map(HitMap::default());
    desk.send(key("pgdn"));
    desk.send(key("pgdn"));
    assert_eq!(desk.current(), Some(4));
    desk.app.record_hit_map(HitMap { wire: Rect::new(0, 0, 1, u16::MAX), ..HitMap::default() });
    desk.send(key("pgdn"));
    assert_eq!(desk.current(), Some(1));
}

mod at_random {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        let symbols = prop::sample::select(vec!["NVDA", "BTC-USD", "ETH-USD", "GME"]);
        let keys = prop::sample::select(
            "j k g G n N enter o y s u m z / esc 0 1 2 4 ] [ t T f r p M ? pgup pgdn tab x"
                .split(' ')
                .collect::<Vec<_>>(),
        );
        prop_oneof![
            3 => (0u64..40, -50i64..5).prop_map(|(id, minutes)| Event::Stories(vec![story(id, minutes)])),
            3 => (symbols.clone(), 1.0f64..1e5, -900i64..900, 0usize..4).prop_map(|(symbol, price, at, how)| {
                let polled = std::time::Duration::from_secs(30);
                let delivery = [Delivery::Pushed, Delivery::Polled(polled), Delivery::Delayed(polled * 30), Delivery::Stored];
                Event::Quote(Quote { delivery: delivery[how].clone(), ..quote(symbol, price, second(at)) })
            }),
            2 => (0usize..2, -900i64..900).prop_map(|(source, at)| {
                Event::Source(report(["coinbase", "yahoo"][source], Capability::Socket, second(at), Outcome::Well))
            }),
            1 => (-900i64..900, 0i64..900).prop_map(|(at, more)| {
                let blocked = Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: second(at + more) };
                Event::Source(report("yahoo", Capability::Quote, second(at), blocked))
            }),
            1 => symbols.prop_map(|symbol| Event::Series { span: Span::Day, series: series(symbol, minute(-5), &[1.0, 2.0]) }),
            1 => Just(Event::Feed(feed_state("CNBC", minute(0)).into())),
            2 => Just(Event::Tick),
            4 => keys.prop_map(key),
            1 => (0u32..3, any::<bool>(), 1.0f64..1e5).prop_map(|(loops, paused, speed)| position(speed, paused, loops)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// No busy loop, no sleep beyond the minute, and until then nothing reads differently but ages.
        #[test]
        fn the_next_change_is_always_to_come_and_nothing_changes_before(
            events in prop::collection::vec((event(), 0i64..30_000, 0.0f64..1.0), 1..60),
        ) {
            let mut desk = Desk::new();
            for (event, after, part) in events {
                desk.now += SignedDuration::from_millis(after);
                let drawn = draws(&desk.send(event));
                let next = desk.app.next_change();
                prop_assert!(next > desk.now, "{next} is not after {}", desk.now);
                prop_assert!(next <= desk.now + SignedDuration::from_mins(1));
                if drawn {
                    desk.draw();
                    prop_assert!(desk.app.next_change() > desk.now);
                }
                let (reads, left) = (reads(&desk.app), desk.app.next_change().duration_since(desk.now));
                desk.now += SignedDuration::from_secs_f64(left.as_secs_f64() * part * 0.999);
                let effects = desk.send(Event::Tick);
                prop_assert!(!draws(&effects), "{effects:?}");
                prop_assert_eq!(reads, self::reads(&desk.app));
            }
        }
    }

    /// All that is on screen and may change by itself, but for ages, which change with the minute.
    fn reads(app: &App) -> (Vec<State>, Option<Notice>) {
        let ageless = |state| match state {
            State::Stale { .. } => State::Stale { age: None },
            State::Cached { .. } => State::Cached { age: None },
            State::Blocked { until, refusal, age } => {
                State::Blocked { until, refusal, age: age.map(|_| std::time::Duration::ZERO) }
            }
            other => other,
        };
        let states = app.tape.symbols().iter().map(|symbol| ageless(app.price_state(&symbol.name)));
        (states.collect(), app.notices.current.clone())
    }
}
