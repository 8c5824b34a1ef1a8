//! Moving about, reading, marks.

use super::*;

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
    assert_eq!((desk.press("n").len(), desk.current(), desk.notice()), (1, Some(1), Some("no more unread stories")));
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
