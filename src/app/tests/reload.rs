//! Notices, and a config that is reloaded.

use super::*;

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
fn stories_are_asked_for_once_the_topics_are_compiled() {
    let load = |effects: &[Effect]| matches!(effects[0], Effect::Store(StoreEffect::Load { .. }));
    let mut config = config();
    config.topics[0].any.push("(never closed".to_owned());
    let (topics, broken) = Topics::compile(&config.topics, &config.terms);
    let compiled = Event::TopicsCompiled(Box::new(topics), broken);
    let config = Arc::new(config);
    let whole = App::new(Arc::clone(&config), minute(0));

    let mut app = App::without_topics(Arc::clone(&config), minute(0));
    assert_eq!((app.topics(), app.notices.has_config_warning()), (config.topics.as_slice(), false));
    app.notify(Tone::Info, "said before".to_owned());
    assert!(load(&app.update(compiled.clone(), minute(0))));
    assert_eq!((app.topics(), app.notices.has_config_warning()), (whole.topics(), true));
    assert_eq!(app.notices.current.as_ref().unwrap().text, "said before", "read to its end");
    app.update(Event::Tick, minute(1));
    assert_eq!(app.notices.current, whole.notices.current);
    app.update(Event::Stories(vec![titled(1, -40, BITCOIN)]), minute(0));
    assert_eq!(app.wire.item(StoryId(1)).unwrap().tagged.topics(), ["crypto".into(), "bitcoin".into()]);

    // A config that is saved meanwhile brings its own.
    let mut app = App::without_topics(Arc::clone(&config), minute(0));
    let other = Arc::new(super::super::samples::config());
    app.update(Event::Config(Arc::clone(&other)), minute(0));
    assert!(load(&app.update(compiled, minute(0))));
    assert_eq!((app.topics(), app.notices.has_config_warning()), (other.topics.as_slice(), false));
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
