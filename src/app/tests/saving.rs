//! What is loaded and saved.

use super::*;

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

#[test]
fn what_was_worked_out_is_saved_once_the_stories_are() {
    let count = |effects: Vec<Effect>| -> usize {
        let count = |effect: &Effect| match effect {
            Effect::Store(StoreEffect::SaveAnalyses(analyses)) => analyses.len(),
            _ => 0,
        };
        effects.iter().map(count).sum()
    };
    let mut desk = Desk::with_stories(3);
    assert_eq!(count(desk.send(Event::Saved(minute(0)))), 3);
    assert_eq!(count(desk.send(Event::Saved(minute(1)))), 0, "once");
    desk.stories((10..410).map(|id| story(id, id as i64 - 1_000)));
    let rounds: Vec<usize> = (0..3).map(|_| count(desk.send(Event::Saved(minute(2))))).collect();
    assert_eq!(rounds, [200, 200, 0], "in parts");
    let mut reader = Desk::with_stories(3);
    reader.send(Event::Loaded(Loaded { read_only: true, done: true, ..Loaded::default() }));
    assert_eq!(count(reader.send(Event::Saved(minute(0)))), 0, "another newstape owns the data");
}
