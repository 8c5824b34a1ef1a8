//! Popups, the mouse, groups, mutes.

use super::*;

#[test]
fn under_a_popup_no_story_is_touched() {
    let mut desk = Desk::with_stories(5);
    for popup in ["f", "?"] {
        desk.press(popup);
        for keys in ["o", "y", "s", "u", "m", "z", "n", "N"] {
            assert_eq!(desk.press(keys), [], "{popup} {keys}");
        }
        desk.press("esc");
        assert_eq!((desk.app.popup.clone(), desk.current(), desk.line()), (None, Some(5), None));
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
    assert_eq!((desk.app.popup.clone(), desk.leads()), (None, vec![2]));
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
    assert_eq!(
        (desk.app.popup.clone(), desk.leads().len()),
        (None, 2),
        "beside it: it closes, and nothing else happens"
    );
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
    assert!(matches!(desk.app.popup.clone(), Some(Popup::Help { .. })));
}

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
    assert_eq!((desk.app.popup.clone(), desk.app.wire.current_item().unwrap().story.id), (None, StoryId(2)));
    desk.press("esc x j");
    assert_eq!(desk.app.popup, Some(Popup::Group { group: StoryId(1), cursor: 2 }), "it opens at what is shown");
    let taken = Marks { read: true, starred: false, group: Some(StoryId(!3)) };
    assert!(desk.press("X").contains(&Effect::Store(StoreEffect::SaveMarks(vec![(StoryId(3), taken)]))));
    assert_eq!(desk.notice(), Some("taken out of its group, for good; z takes it back"));
    assert_eq!(
        (desk.leads(), desk.app.popup.clone()),
        (vec![4, 3, 1], Some(Popup::Group { group: StoryId(1), cursor: 1 }))
    );
    desk.press("X");
    assert_eq!((desk.leads(), desk.app.popup.clone()), (vec![4, 3, 2, 1], None), "nobody is left to be reported from");
    desk.press("X");
    assert_eq!(desk.notice(), Some("this story stands alone already"));
    desk.press("z z");
    assert_eq!(desk.leads(), [4, 1]);
}

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
