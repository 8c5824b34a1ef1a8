//! What arrives, is edited, is remembered, or goes.

use super::*;

#[test]
fn the_window_lets_the_oldest_go_but_never_what_is_being_read() {
    let mut wire = holding(20, plain(1..=20));
    wire.admit(item(21, 21, 21, &["crypto"]), now());
    check(&wire);
    assert_eq!((wire.order.len(), leads(&wire).last()), (20, Some(&2)));
    wire.set_cursor(19, ROWS);
    assert_eq!(cursor(&wire), Some((2, 9)));
    plain(22..=60).for_each(|item| wire.admit(item, now()));
    check(&wire);
    assert_eq!(wire.order.len(), 20);
    assert_eq!(cursor(&wire), Some((2, 9)), "nineteen newer ones, and the one under the cursor");
    assert_eq!(wire.count("crypto"), 0, "counts follow");
    wire.release();
    wire.admit(item(61, 61, 61, &[]), now());
    assert!(!leads(&wire).contains(&2));
    let tagger = Tagger::default();
    assert_eq!(wire.take(story(1, 1), Marks::default(), &tagger, now()), Arrival::Beyond);
    check(&wire);
}

#[test]
fn a_group_that_loses_its_lead_to_the_window_is_led_by_the_next() {
    let mut wire = holding(3, [item(1, 1, 1, &[]), item(2, 2, 2, &[]), item(3, 30, 1, &[])]);
    assert_eq!(leads(&wire), [2, 1]);
    wire.admit(item(4, 40, 4, &[]), now());
    check(&wire);
    assert_eq!(leads(&wire), [4, 3, 2]);
}

#[test]
fn edits_keep_place_group_and_marks() {
    let tagger = Tagger::default();
    let mut wire = Wire::default();
    for id in 1..=5 {
        assert_eq!(wire.take(story(id, id as i64), Marks::default(), &tagger, now()), Arrival::New);
    }
    wire.set_cursor(2, ROWS);
    wire.mark_current(|marks| marks.starred = true);
    assert_eq!(wire.take(story(3, 3), Marks::default(), &tagger, now()), Arrival::Known);
    let edited = Story { first_seen: minute(50), ..titled(3, 45, "harbour closed after storm") };
    assert_eq!(wire.take(edited, Marks::default(), &tagger, now()), Arrival::Edited);
    check(&wire);
    let item = wire.current_item().unwrap();
    assert_eq!((item.story.id, item.story.time(), item.marks.starred), (StoryId(3), minute(3), true));
    assert_eq!(item.story.title, "harbour closed after storm".into());
    assert_eq!(item.story.first_seen, minute(3));
    wire.set_filter(query("harbour"), now());
    assert_eq!(leads(&wire), [3], "the new words are found");
}

#[test]
fn the_first_title_is_kept_while_the_title_is_another() {
    let tagger = Tagger::default();
    let mut wire = Wire::default();
    wire.take(titled(1, 1, "Harbour closed"), Marks::default(), &tagger, now());
    wire.take(story(2, 2), Marks::default(), &tagger, now());
    let cases = [
        ("Harbour closed after storm", Some("Harbour closed")),
        ("Harbour open again", Some("Harbour closed")),
        ("HARBOUR  closed - Reuters", None),
        ("Harbour closed, then open", Some("HARBOUR  closed - Reuters")),
    ];
    for (minutes, (title, before)) in (100..).zip(cases) {
        // Published anew, in the future: it stays where it was.
        assert_eq!(wire.take(titled(1, minutes, title), Marks::default(), &tagger, now()), Arrival::Edited, "{title}");
        check(&wire);
        let story = &wire.item(StoryId(1)).unwrap().story;
        assert_eq!((story.title_before.as_deref(), story.time()), (before, minute(1)), "{title}");
        assert_eq!(leads(&wire), [2, 1]);
        assert_eq!(wire.as_edit(titled(1, minutes, title)), *story, "saved as it is held");
    }
}

#[test]
fn two_feeds_with_words_of_their_own_for_one_article_do_not_edit_each_other() {
    let tagger = Tagger::default();
    let theirs = Story { feed: "Digest".into(), ..titled(1, 5, "Today: the harbour is closed") };
    let mut wire = Wire::default();
    wire.take(titled(1, 1, "Harbour closed"), Marks::default(), &tagger, now());
    assert_eq!(wire.take(theirs.clone(), Marks::default(), &tagger, now()), Arrival::Known);
    wire.set_paused(true);
    assert_eq!(wire.hold(theirs.clone()), Arrival::Known);
    wire.hold(titled(2, 2, "Bridge open"));
    assert_eq!(wire.hold(Story { id: StoryId(2), ..theirs }), Arrival::Known);
    assert_eq!(wire.item(StoryId(1)).unwrap().story.title, "Harbour closed".into());
}

#[test]
fn the_store_knows_the_first_title_of_what_came_back() {
    let tagger = Tagger::default();
    let stored = Story { title_before: Some("Draft".into()), ..titled(1, 5, "Final") };
    let expected = Story { title_before: Some("Draft".into()), ..titled(1, 5, "Final, again") };
    let mut wire = Wire::default();
    wire.take(titled(1, 50, "Final, again"), Marks::default(), &tagger, now());
    wire.take(story(2, 30), Marks::default(), &tagger, now());
    wire.remember(&stored, Marks::default(), now());
    check(&wire);
    assert_eq!(wire.item(StoryId(1)).unwrap().story, expected);
    assert_eq!(leads(&wire), [2, 1], "back at its old place");
    let mut wire = Wire::default();
    wire.set_paused(true);
    wire.hold(titled(1, 50, "Final, again"));
    wire.remember(&stored, Marks::default(), now());
    assert_eq!(wire.set_paused(false)[0].0, expected);
}

#[test]
fn what_the_store_remembers_comes_late_and_counts_all_the_same() {
    let tagger = Tagger::default();
    let read = Marks { read: true, starred: false, group: None };
    let starred = Marks { read: false, starred: true, group: None };
    let mut wire = Wire::default();
    // One with a time of its own, and two whose time is when they were first seen.
    let undated = |id, minutes| Story { published: None, ..story(id, minutes) };
    for story in [story(1, 10), undated(2, 20), undated(3, 30)] {
        wire.take(story, Marks::default(), &tagger, now());
    }
    wire.set_cursor(1, ROWS);
    wire.mark_current(|marks| marks.read = true);
    let both = Marks { read: true, starred: true, group: Some(StoryId(2)) };
    assert_eq!(wire.remember(&undated(2, 5), starred, now()), Some(both));
    check(&wire);
    assert_eq!(leads(&wire), [3, 1, 2], "it is not as new as it looked");
    assert_eq!(wire.current_item().unwrap().story.id, StoryId(2), "the cursor went with it");
    let earlier = Story { first_seen: minute(4), ..story(1, 10) };
    let placed = Marks { group: Some(StoryId(1)), ..read };
    assert_eq!(wire.remember(&earlier, read, now()), Some(placed));
    check(&wire);
    assert_eq!(wire.item(StoryId(1)).unwrap().story.first_seen, minute(4));
    assert_eq!(wire.remember(&story(9, 9), read, now()), None);
    wire.set_paused(true);
    wire.hold(undated(7, 40));
    assert_eq!(wire.remember(&undated(7, 8), read, now()), Some(read));
    assert_eq!(wire.set_paused(false), [(undated(7, 8), read)]);
}

#[test]
fn a_paused_wire_holds_what_is_new_and_nothing_else() {
    let tagger = Tagger::default();
    let mut wire = Wire::default();
    for id in 1..=3 {
        wire.take(story(id, id as i64), Marks::default(), &tagger, now());
    }
    wire.set_paused(true);
    let edited = titled(2, 2, "harbour closed after storm");
    let cases = [
        (story(1, 1), Arrival::Known, 0),
        (story(4, 4), Arrival::New, 1),
        (story(4, 4), Arrival::Known, 1), // the feed was polled again
        (edited.clone(), Arrival::Edited, 2),
        (edited.clone(), Arrival::Known, 2),
        (titled(4, 44, "bridge open again"), Arrival::Edited, 2),
    ];
    for (story, arrival, held) in cases {
        assert_eq!((wire.hold(story.clone()), wire.held()), (arrival, held), "{story:?}");
    }
    assert_eq!(leads(&wire), [3, 2, 1], "nothing moves meanwhile");
    let held = wire.set_paused(false);
    assert!(!wire.paused() && wire.held() == 0);
    let mut titles: Vec<_> = held.iter().map(|(story, _)| (story.id.0, &*story.title)).collect();
    titles.sort_unstable();
    assert_eq!(titles, [(2, "harbour closed after storm"), (4, "bridge open again")]);
    for (story, marks) in held {
        wire.take(story, marks, &tagger, now());
    }
    check(&wire);
    assert_eq!(leads(&wire), [4, 3, 2, 1]);
}

#[test]
fn a_long_pause_is_bounded_and_keeps_the_newest() {
    let mut wire = Wire::default();
    wire.set_paused(true);
    for id in 0..WINDOW as u64 + 10 {
        wire.hold(story(id, id as i64));
    }
    let held = wire.set_paused(false);
    assert_eq!(held.len(), WINDOW);
    assert!(held.iter().all(|(story, _)| story.id.0 >= 10));
}
