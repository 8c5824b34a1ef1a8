//! Topics, queries, views, and the line they are typed in.

use super::*;
use crate::app::prompt::Prompt;

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
        let prompt = desk.app.prompt.current().unwrap();
        assert_eq!(desk.leads(), leads, "{:?}", prompt.text());
        assert_eq!(prompt.mistake.is_some(), typed.contains('(') || typed == "bitcoin", "{:?}", prompt.text());
    }
    desk.press("esc");
    assert!(!desk.app.prompt.is_open() && desk.app.wire.filter().is_empty());
    assert_eq!((desk.leads().len(), desk.current()), (5, Some(3)), "all as before, the cursor too");
}

#[test]
fn escape_brings_the_filter_of_before_back_and_enter_keeps_the_new_one() {
    let mut desk = topical();
    desk.press("4 /");
    desk.type_in("upgrade");
    assert_eq!(desk.leads(), [4], "within the topic");
    desk.press("enter");
    assert_eq!(desk.app.prompt.current().map(Prompt::text), None);
    assert_eq!(desk.leads(), [4]);
    desk.press("/");
    assert_eq!(desk.app.prompt.current().map(Prompt::text), Some("upgrade"), "to be edited further");
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
    assert!(desk.app.prompt.current().unwrap().mistake.is_some(), "where and why stays to be read");
    desk.press("backspace enter");
    assert!(!desk.app.prompt.is_open());
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
            (desk.app.arrangement.focus, desk.app.popup.clone(), desk.app.wire.cursor()),
            (Focus::Wire, None, None),
            "{command}"
        );
    }
    let prompt = desk.app.prompt.current().cloned().unwrap();
    assert!(prompt.text().contains('q') && prompt.text().contains('?') && prompt.text().contains('0'));
    desk.press("ctrl-u");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "");
    desk.press("altgr-@ altgr-ł");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "@ł");
    desk.press("ctrl-u down down");
    assert_eq!(desk.current(), Some(4), "the list moves below the prompt");
    assert_eq!(desk.press("ctrl-c"), [Effect::Quit]);
}

#[test]
fn tab_completes_and_the_offers_follow_what_is_typed() {
    let mut desk = topical();
    desk.press("/");
    desk.type_in("nv");
    let offers = |desk: &Desk| desk.app.prompt.current().unwrap().offers.list.clone();
    assert_eq!(offers(&desk), ["topic:nvidia ", "symbol:NVDA "]);
    desk.press("tab");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "topic:nvidia ");
    assert_eq!(desk.leads(), [5, 2], "searched at once");
    desk.press("tab tab");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "topic:nvidia ", "round and round");
    desk.type_in("is:");
    assert_eq!(offers(&desk).len(), 6);
    assert_eq!(desk.press("ctrl-u tab").len(), 1);
    assert_eq!(desk.app.prompt.current().unwrap().text(), "title:");
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
    assert_eq!(desk.app.prompt.current().unwrap().text(), "bitcoin");
    assert_eq!(desk.leads(), [1]);
    desk.press("ctrl-p ctrl-p ctrl-p");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "old");
    desk.press("ctrl-n ctrl-n ctrl-n ctrl-n");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "", "what was being typed");
    desk.press("esc");
    desk.press("/ enter");
    assert_eq!(desk.press("/ enter"), drawn(), "said once");
}

#[test]
fn a_name_that_nothing_has_leaves_the_old_result() {
    let mut desk = topical();
    desk.press("/");
    desk.type_in("geforce topic:nvidai");
    let mistake = desk.app.prompt.current().unwrap().mistake.clone().unwrap();
    assert_eq!((mistake.at, &*mistake.message), (14, "no topic is called 'nvidai'; did you mean 'nvidia'?"));
    desk.press("enter");
    assert!(desk.app.prompt.is_open(), "it can be mended");
    desk.press("backspace backspace");
    desk.type_in("ia");
    assert_eq!(desk.app.prompt.current().unwrap().mistake, None);
}

#[test]
fn a_query_becomes_a_view_with_a_key() {
    let mut desk = topical();
    assert_eq!(desk.press("/ ctrl-s").len(), 0, "nothing to save yet");
    desk.type_in("geforce");
    desk.press("ctrl-s");
    assert_eq!(desk.app.prompt.current().unwrap().text(), "5 geforce");
    desk.press("ctrl-u");
    desk.type_in("1 Games");
    desk.press("enter");
    let mistake = desk.app.prompt.current().unwrap().mistake.clone().unwrap();
    assert!(mistake.message.starts_with("1 is the key of the topic"), "{mistake:?}");
    desk.press("ctrl-u");
    desk.type_in("6 Games");
    let view = View { name: "Games".into(), key: Some('6'), query: "geforce".into() };
    let effects = desk.press("enter");
    assert!(effects.contains(&Effect::System(SystemEffect::SaveView(view.clone()))), "{effects:?}");
    assert!(!desk.app.prompt.is_open());
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
    assert_eq!(desk.app.prompt.current().map(Prompt::text), Some("geforce"), "back in the query");
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
    assert_eq!(desk.app.prompt.current().unwrap().text(), "slides under");
    assert_eq!(desk.leads(), [1]);
    desk.send(paste(&"x".repeat(1_000_000)));
    assert_eq!(desk.app.prompt.current().unwrap().text().len(), 500);
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
