//! The wire held still, and replays.

use super::*;

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
