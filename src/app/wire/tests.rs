#![allow(clippy::unwrap_used)]

use super::*;
use crate::app::samples::{ROWS, minute, story, titled};
use crate::domain::text::Text;
use crate::domain::topic::Topics;

fn now() -> Timestamp {
    minute(60)
}

/// A story of a group and of topics, as if they had been worked out.
fn item(id: u64, minutes: i64, group: u64, topics: &[&str]) -> Item {
    let story = story(id, minutes);
    let text = Text::new(&story.title, &story.summary);
    let topics: Vec<Name> = topics.iter().map(|topic| Name::from(*topic)).collect();
    let bound =
        [("crypto", "BTC-USD"), ("nvidia", "NVDA")].into_iter().filter(|(topic, _)| topics.contains(&(*topic).into()));
    let symbols = bound.map(|(_, symbol)| symbol.into()).collect();
    let tagged = Tagged::with(topics, symbols);
    Item {
        story,
        marks: Marks::default(),
        words: WordSet::of(&text),
        dropped: None,
        given_at: None,
        tagged,
        group: StoryId(group),
        moves: Box::default(),
        verdict: Verdict::default(),
    }
}

fn from_outlet(mut item: Item, outlet: &str) -> Item {
    item.story.outlet = outlet.into();
    item
}

fn wire(items: impl IntoIterator<Item = Item>) -> Wire {
    holding(WINDOW, items)
}

fn holding(window: usize, items: impl IntoIterator<Item = Item>) -> Wire {
    let mut wire = Wire::holding(window);
    wire.set_height(ROWS);
    items.into_iter().for_each(|item| wire.admit(item, now()));
    check(&wire);
    wire
}

/// Stories that are groups of their own, one a minute, the highest number newest.
fn plain(ids: impl IntoIterator<Item = u64>) -> impl Iterator<Item = Item> {
    ids.into_iter().map(|id| item(id, id as i64, id, &[]))
}

fn topic(name: &str) -> Filter {
    Filter { topic: Some(name.into()), query: None }
}

fn query(text: &str) -> Filter {
    Filter { topic: None, query: Some((text.into(), Query::parse(text).unwrap())) }
}

/// The story under the cursor, and its line of the screen.
fn cursor(wire: &Wire) -> Option<(u64, usize)> {
    let at = wire.cursor()?;
    Some((wire.rows()[at].lead.0, at - wire.top(ROWS)))
}

fn leads(wire: &Wire) -> Vec<u64> {
    wire.rows().iter().map(|row| row.lead.0).collect()
}

/// What is kept for the frames is what a walk over all stories finds.
fn check_lists(wire: &Wire) {
    let (mut by_topic, mut firsts) = (Lists::default(), Lists::default());
    for item in wire.items.values() {
        by_topic.add(item.key(), heated(item));
    }
    for group in wire.members.keys() {
        if let Some(first) = wire.group(*group).find(|item| !item.verdict.is_muted()) {
            firsts.add(first.key(), first.tagged.symbols());
        }
    }
    assert_eq!((&wire.by_topic, &wire.firsts), (&by_topic, &firsts));
    for (group, members) in &wire.members {
        assert_eq!(members.unread, wire.wave(*group).all(|item| !item.marks.read), "{group:?}");
        assert_eq!(members.starred, wire.group(*group).any(|item| item.marks.starred), "{group:?}");
    }
}

fn check_judged(wire: &Wire) {
    let asks = wire.judges.asks();
    for item in wire.items.values().filter(|_| !asks.outlets && !asks.marks) {
        assert_eq!(item.verdict, wire.judges.judge(item, 1, now()).unwrap_or_default(), "{}", item.story.title);
    }
    let muted = |item: &&Item| item.verdict.is_muted();
    assert_eq!(wire.muted, wire.items().filter(muted).count());
    let without = |group: &&GroupId| !wire.group(**group).any(|item| wire.counts(item));
    assert_eq!(wire.all_muted, wire.members.keys().filter(without).count());
}

/// Heat and marks of the chart by a walk over all stories.
fn walked(
    wire: &Wire,
    topic: &str,
    symbol: &str,
    since: Timestamp,
    now: Timestamp,
) -> ([u32; HEAT_HOURS], Vec<StoryId>) {
    let mut heat = [0; HEAT_HOURS];
    for item in wire.items().filter(|item| item.tagged.topics().contains(&topic.into())) {
        let ago = now.duration_since(item.story.time()).as_hours().max(0) as usize;
        if let Some(count) = heat.iter_mut().rev().nth(ago) {
            *count += 1;
        }
    }
    let marked = |item: &&Item| item.tagged.symbols().contains(&symbol.into()) && item.story.time() >= since;
    (heat, wire.items().filter(marked).filter(|item| wire.is_first(item)).map(|item| item.story.id).collect())
}

/// What must hold whatever happened.
fn check(wire: &Wire) {
    assert!(wire.order.is_sorted_by(|a, b| a > b), "every story once, newest first");
    assert_eq!(wire.order.len(), wire.items.len());
    assert!(wire.items.values().all(|item| wire.order.contains(&item.key())));
    let places: Vec<_> = wire.timeline.iter().map(place_of).collect();
    assert!(places.is_sorted_by(|a, b| a > b), "every row once, newest first");
    let with_row = wire.members.values().filter_map(|members| members.row);
    assert_eq!(with_row.clone().count(), wire.timeline.len());
    assert!(with_row.clone().all(|row| wire.index(&row).is_some()));
    let members: usize = wire.members.values().map(|members| members.ids.len()).sum();
    assert_eq!(members, wire.items.len());
    for (topic, count) in &wire.counts {
        let carries = |item: &Item| wire.counts(item) && item.tagged.topics().contains(topic);
        let carry = |group: &&GroupId| wire.group(**group).any(carries);
        assert_eq!(wire.members.keys().filter(carry).count(), *count, "{topic}");
    }
    check_lists(wire);
    check_judged(wire);
    assert!(wire.top(ROWS) <= wire.timeline.len());
    assert!(wire.above() <= wire.timeline.len());
}

#[test]
fn the_cursor_stays_on_its_story_and_its_line() {
    // Thirty rows, the cursor on row 12 (story 18), scrolled so that it stands on line 7.
    let set = || {
        let mut wire = wire(plain(1..=30));
        wire.set_cursor(14, ROWS);
        wire.step(-2, ROWS);
        assert_eq!(cursor(&wire), Some((18, 7)));
        wire
    };
    let cases: [(&str, Vec<Item>, usize); 5] = [
        ("ten above", plain(31..=40).collect(), 10),
        ("ten below", (0..10).map(|id| item(100 + id, -50 + id as i64, 100 + id, &[])).collect(), 0),
        // They belong between the first row on screen (minute 25) and the cursor (minute 18).
        ("five on screen above it", (0..5).map(|id| item(100 + id, 20, 100 + id, &[])).collect(), 0),
        ("one above, twice", vec![item(31, 31, 31, &[]), item(32, 32, 32, &[])], 2),
        ("a late lead for a row above", vec![item(50, 2, 29, &[])], 0),
    ];
    for (case, items, above) in cases {
        let mut wire = set();
        for item in items {
            wire.admit(item, now());
            check(&wire);
            assert_eq!(cursor(&wire), Some((18, 7)), "{case}");
        }
        assert_eq!(wire.above(), above, "{case}");
    }
}

#[test]
fn new_rows_count_as_above_only_while_they_are_out_of_sight() {
    let mut wire = wire(plain(1..=3));
    wire.step(1, ROWS);
    plain(4..=7).for_each(|item| wire.admit(item, now()));
    assert_eq!((cursor(&wire), wire.above()), (Some((3, 4)), 0), "there was room for them");
    plain(8..=20).for_each(|item| wire.admit(item, now()));
    assert_eq!((cursor(&wire), wire.top(ROWS)), (Some((3, 7)), 10), "the screen is full: it scrolls");
    let mut wire = self::wire(plain(1..=30));
    wire.set_cursor(0, ROWS);
    plain(31..=40).for_each(|item| wire.admit(item, now()));
    assert_eq!((cursor(&wire), wire.above()), (Some((30, 0)), 10));
    wire.step(-4, ROWS);
    assert_eq!((cursor(&wire), wire.above()), (Some((34, 0)), 6), "scrolled into sight");
    wire.step(-60, ROWS);
    assert_eq!((cursor(&wire), wire.above()), (Some((40, 0)), 0));
    wire.release();
    assert_eq!((wire.cursor(), wire.top(ROWS), wire.current().unwrap().lead), (None, 0, StoryId(40)));
}

#[test]
fn a_live_wire_counts_nothing_and_shows_the_newest() {
    let mut wire = wire(plain(1..=30));
    plain(31..=40).for_each(|item| wire.admit(item, now()));
    assert_eq!((wire.above(), wire.top(ROWS), wire.current().unwrap().lead), (0, 0, StoryId(40)));
}

#[test]
fn the_story_under_the_cursor_stays_while_its_group_grows() {
    // The same event, published earlier by another outlet and heard of late; and once more after a lull.
    for (minutes, place) in [(2, 27), (18 + 4 * 60, 0)] {
        let mut wire = wire(plain(1..=30));
        wire.set_cursor(12, ROWS);
        let before = cursor(&wire).unwrap();
        assert_eq!(before.0, 18);
        wire.admit(from_outlet(item(99, minutes, 18, &[]), "Bloomberg"), now());
        wire.catch_up(now());
        wire.refresh(now());
        check(&wire);
        assert_eq!((cursor(&wire), wire.outlet_count(StoryId(18))), (Some(before), 2), "{minutes}");
        // Once the cursor has left, the row goes where its group belongs.
        wire.step(1, ROWS);
        wire.catch_up(now());
        check(&wire);
        assert_eq!(leads(&wire).iter().position(|lead| *lead == 99), Some(place), "{minutes}");
        assert_eq!(cursor(&wire).unwrap().0, 17, "{minutes}");
    }
}

#[test]
fn a_cursor_comes_back_with_its_filter() {
    let coin = |id: u64| if id.is_multiple_of(2) { &["crypto"][..] } else { &["nvidia"] };
    let mut wire = wire((1..=40).map(|id| item(id, id as i64, id, coin(id))));
    wire.set_filter(topic("crypto"), now());
    wire.set_cursor(14, ROWS);
    wire.step(-3, ROWS);
    assert_eq!(cursor(&wire), Some((18, 6)));
    wire.set_filter(topic("nvidia"), now());
    check(&wire);
    assert_eq!((wire.cursor(), wire.top(ROWS), wire.above()), (None, 0, 0), "its story is not here: live");
    assert_eq!(wire.current().unwrap().lead, StoryId(39));
    (41..=50).for_each(|id| wire.admit(item(id, id as i64, id, coin(id)), now()));
    assert_eq!((wire.current().unwrap().lead, wire.above()), (StoryId(49), 0));
    wire.set_filter(topic("crypto"), now());
    assert_eq!(cursor(&wire), Some((18, 6)), "and back again");
    wire.set_filter(Filter::default(), now());
    assert_eq!(cursor(&wire), Some((18, 6)));
    wire.set_filter(topic("nvidia"), now());
    wire.step(1, ROWS);
    wire.set_filter(topic("crypto"), now());
    assert_eq!(wire.cursor(), None, "moved meanwhile: it is elsewhere now");
}

#[test]
fn moving_stops_at_the_ends_and_survives_nothing() {
    let mut empty = wire([]);
    for by in [1, -1, isize::MAX / 2, isize::MIN / 2] {
        empty.step(by, ROWS);
        assert_eq!((empty.cursor(), empty.current(), empty.top(ROWS)), (None, None, 0));
    }
    assert_eq!((empty.next_unread(true), empty.next_unread(false)), (None, None));
    assert!(empty.mark_current(|marks| marks.read = true).is_empty());
    let mut wire = wire(plain(1..=30));
    let cases = [
        (1, (30, 0)),              // from live: the newest
        (-1, (30, 0)),             // no further
        (9, (21, 9)),              // down one page
        (1, (20, 9)),              // the screen scrolls
        (-9, (29, 0)),             // up one page
        (isize::MAX / 2, (1, 9)),  // the last
        (9, (1, 9)),               // no further
        (-9, (10, 0)),             // to the top of the same screen
        (isize::MIN / 2, (30, 0)), // the first
        (isize::MAX, (1, 9)),
    ];
    for (by, expected) in cases {
        wire.step(by, ROWS);
        assert_eq!(cursor(&wire), Some(expected), "{by}");
    }
    for height in [0, 1, 3, 200] {
        wire.set_cursor(17, height);
        let line = wire.cursor().unwrap() - wire.top(height);
        assert!(line < height.max(1), "in sight at height {height}");
    }
}

#[test]
fn a_resized_screen_keeps_the_cursor_in_sight() {
    let mut wire = wire(plain(1..=30));
    wire.set_cursor(9, 10);
    for (height, line) in [(10, 9), (4, 3), (1, 0), (40, 12), (0, 0)] {
        wire.set_height(height);
        assert_eq!(wire.cursor().unwrap() - wire.top(height), line, "{height}");
        wire.admit(item(100 + height as u64, 100 + height as i64, 100 + height as u64, &[]), now());
        let room = wire.cursor().unwrap() - wire.top(height);
        assert!(room < height.max(1));
    }
}

#[test]
fn a_row_is_led_by_its_earliest_story_that_passes() {
    let mut wire = wire([
        from_outlet(item(1, 10, 1, &["nvidia"]), "CNBC"),
        from_outlet(item(2, 12, 1, &["crypto"]), "Reuters"),
        from_outlet(item(3, 14, 1, &["nvidia"]), "CNBC"),
        item(4, 20, 4, &["crypto"]),
    ]);
    assert_eq!(leads(&wire), [4, 1]);
    let outlets = |wire: &Wire| wire.outlets(StoryId(1)).into_iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(outlets(&wire), ["CNBC", "Reuters"]);
    wire.admit(from_outlet(item(5, 2, 1, &["crypto"]), "Bloomberg"), now());
    check(&wire);
    assert_eq!(outlets(&wire), ["Bloomberg", "CNBC", "Reuters"], "heard of late, but first");
    assert_eq!(leads(&wire), [4, 5]);
    for (filter, expected) in [
        (topic("nvidia"), vec![1]),
        (topic("crypto"), vec![4, 5]),
        (topic("sec"), vec![]),
        (query("outlets>2"), vec![5]),
        (query("outlets<2"), vec![4]),
        (query("outlet:cnbc"), vec![1]),
        (query("quay3 OR quay4"), vec![4, 3]),
    ] {
        wire.set_filter(filter.clone(), now());
        check(&wire);
        assert_eq!(leads(&wire), expected, "{filter:?}");
    }
    assert_eq!((wire.count("nvidia"), wire.count("crypto"), wire.count("sec"), wire.group_count()), (1, 2, 0, 2));
}

#[test]
fn what_joins_a_group_may_change_what_passes() {
    let mut wire = wire([item(1, 10, 1, &[]), item(2, 20, 2, &[])]);
    wire.set_filter(query("outlets>1"), now());
    assert_eq!(leads(&wire), Vec::<u64>::new());
    wire.admit(from_outlet(item(3, 12, 1, &[]), "CNBC"), now());
    assert_eq!(leads(&wire), [1]);
    wire.set_filter(query("outlets<2"), now());
    wire.set_cursor(0, ROWS);
    wire.admit(from_outlet(item(4, 22, 2, &[]), "CNBC"), now());
    check(&wire);
    assert_eq!(cursor(&wire), Some((2, 0)), "what is under the cursor does not go by itself");
    wire.release();
    wire.refresh(now());
    check(&wire);
    assert_eq!(leads(&wire), Vec::<u64>::new());
}

#[test]
fn ages_of_a_query_are_asked_again_and_what_is_being_read_stays() {
    let mut wire = wire(plain(1..=30));
    wire.set_filter(query("age<20m"), minute(31));
    assert_eq!(leads(&wire), (12..=30).rev().collect::<Vec<_>>());
    wire.set_cursor(18, ROWS);
    assert_eq!(cursor(&wire), Some((12, 9)));
    wire.refresh(minute(41));
    check(&wire);
    assert_eq!(leads(&wire), [(22..=30).rev().collect::<Vec<_>>(), vec![12]].concat());
    assert_eq!(cursor(&wire), Some((12, 9)));
    wire.set_cursor(0, ROWS);
    wire.refresh(minute(42));
    assert_eq!(leads(&wire), (23..=30).rev().collect::<Vec<_>>());
}

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

#[test]
fn marks_of_a_row_are_those_of_its_stories_and_can_be_taken_back() {
    let mut wire = wire([item(1, 10, 1, &["crypto"]), item(2, 12, 1, &[]), item(3, 20, 3, &["nvidia"])]);
    wire.set_cursor(1, ROWS);
    let read = Marks { read: true, starred: false, group: None };
    assert_eq!(wire.mark_current(|marks| marks.read = true), [(StoryId(1), read), (StoryId(2), read)]);
    assert_eq!(wire.mark_current(|marks| marks.read = true), []);
    let row = *wire.current().unwrap();
    assert!(!wire.row_is_unread(&row));
    let both = Marks { read: true, starred: true, group: None };
    assert_eq!(wire.mark_current(|marks| marks.starred = true), [(StoryId(1), both), (StoryId(2), both)]);
    assert!(wire.row_is_starred(&row));
    assert_eq!(wire.undo(now()), [(StoryId(1), read), (StoryId(2), read)]);
    assert!(!wire.row_is_starred(&row) && !wire.row_is_unread(&row));
    assert_eq!(wire.undo(now()), [(StoryId(1), Marks::default()), (StoryId(2), Marks::default())]);
    assert!(wire.row_is_unread(&row));
    assert_eq!(wire.undo(now()), []);
}

#[test]
fn a_story_that_is_taken_out_stays_out_and_comes_back_when_undone() {
    let tagger = Tagger::default();
    let mut wire = Wire::default();
    let carried = |id, minutes| Story {
        outlet: format!("Outlet {id}").into(),
        ..titled(id, minutes, "Acme buys Foobank for 3 billion")
    };
    for (id, minutes) in [(1, 10), (2, 12), (3, 14)] {
        wire.take(carried(id, minutes), Marks::default(), &tagger, now());
    }
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1))), (vec![1], 3));
    wire.set_cursor(0, ROWS);
    wire.choose(StoryId(2));
    assert_eq!(wire.current_item().unwrap().story.id, StoryId(2));
    let (id, marks) = wire.take_out(StoryId(1), now()).unwrap();
    check(&wire);
    assert_eq!((id, leads(&wire)), (StoryId(1), vec![2, 1]), "the group goes on without its first story");
    assert_eq!(wire.take_out(StoryId(1), now()), None, "alone already");
    // The next run reads what was saved, newest first; what comes then joins the group it fits.
    let mut next = Wire::default();
    let group = Marks { group: Some(StoryId(1)), ..Marks::default() };
    for (id, minutes, marks) in [(3, 14, group), (2, 12, group), (1, 10, marks)] {
        next.take(carried(id, minutes), marks, &tagger, now());
    }
    assert_eq!(leads(&next), [2, 1]);
    next.take(carried(4, 16), Marks::default(), &tagger, now());
    check(&next);
    assert_eq!(next.rows().len(), 2);
    assert_eq!(wire.undo(now()), [(StoryId(1), group)]);
    wire.release();
    wire.catch_up(now());
    check(&wire);
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1))), (vec![1], 3));
    // The store may say later that a story was taken out in an earlier run.
    assert_eq!(
        wire.remember(&carried(3, 14), Marks { group: Some(StoryId(!3)), ..Marks::default() }, now()).unwrap().group,
        Some(StoryId(!3))
    );
    check(&wire);
    assert_eq!(leads(&wire), [3, 1]);
}

/// One mute, when there is a query.
fn judges(mute: &str) -> Judges {
    let text = if mute.is_empty() { String::new() } else { format!("[[mute]]\nname = 'a'\nquery = '''{mute}'''") };
    Judges::new(&crate::config::load(Some(("c.toml", &text))).unwrap())
}

#[test]
fn muted_stories_are_left_off_and_counted_and_can_be_shown() {
    let mut wire = wire([
        item(1, 10, 1, &["crypto"]),
        from_outlet(item(2, 12, 1, &["crypto"]), "Coin Spam"),
        from_outlet(item(3, 20, 3, &["nvidia"]), "Coin Spam"),
        item(4, 30, 4, &[]),
    ]);
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1)), wire.count("nvidia")), (vec![4, 3, 1], 2, 1));
    wire.set_judges(judges("outlet:spam"), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count(), wire.group_count()), (vec![4, 1], 2, 2));
    assert_eq!((wire.outlet_count(StoryId(1)), wire.count("nvidia")), (1, 0));
    assert_eq!(&*wire.muted_by(wire.item(StoryId(3)).unwrap()).unwrap().name, "a");
    wire.set_filter(query("is:muted"), now());
    check(&wire);
    assert_eq!(leads(&wire), [3, 2], "asked for, they are shown");
    wire.set_filter(Filter::default(), now());
    wire.show_muted(true, now());
    check(&wire);
    assert_eq!(
        (leads(&wire), wire.count("nvidia"), wire.heat("nvidia", now()).iter().sum::<u32>()),
        (vec![4, 3, 1], 1, 0)
    );
    wire.show_muted(false, now());
    wire.admit(from_outlet(item(5, 40, 5, &["nvidia"]), "Coin Spam"), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count()), (vec![4, 1], 3));
    wire.set_judges(judges(""), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count()), (vec![5, 4, 3, 1], 0));
}

#[test]
fn marking_all_marks_what_passes_the_filter_only() {
    let mut wire = wire([item(1, 10, 1, &["crypto"]), item(2, 20, 2, &["nvidia"]), item(3, 30, 3, &["crypto"])]);
    wire.set_filter(topic("crypto"), now());
    assert_eq!(wire.mark_shown(|marks| marks.read = true).len(), 2);
    assert!(!wire.item(StoryId(2)).unwrap().marks.read);
    assert_eq!(wire.undo(now()).len(), 2);
    assert!(wire.items().all(|item| !item.marks.read));
}

#[test]
fn only_the_last_changes_can_be_taken_back() {
    let mut wire = wire(plain(1..=1));
    for turn in 0..60 {
        wire.mark_current(|marks| marks.starred = turn % 2 == 0);
    }
    assert_eq!(std::iter::from_fn(|| Some(wire.undo(now())).filter(|undone| !undone.is_empty())).count(), 50);
}

#[test]
fn the_next_unread_row_is_found_in_both_directions() {
    let mut wire = wire(plain(1..=6));
    for at in [0, 2, 3] {
        wire.set_cursor(at, ROWS);
        wire.mark_current(|marks| marks.read = true);
    }
    wire.release();
    assert_eq!((wire.next_unread(true), wire.next_unread(false)), (Some(1), None), "from a live wire");
    for (from, forward, expected) in [
        (0, true, Some(1)),
        (1, true, Some(4)),
        (5, true, None),
        (5, false, Some(4)),
        (4, false, Some(1)),
        (1, false, None),
    ] {
        wire.set_cursor(from, ROWS);
        assert_eq!(wire.next_unread(forward), expected, "{from} {forward}");
    }
}

#[test]
fn an_unread_filter_lets_go_of_what_was_read_but_not_under_the_cursor() {
    let mut wire = wire(plain(1..=4));
    wire.set_filter(query("is:unread"), now());
    wire.set_cursor(1, ROWS);
    wire.mark_current(|marks| marks.read = true);
    wire.refresh(now());
    assert_eq!((leads(&wire), cursor(&wire)), (vec![4, 3, 2, 1], Some((3, 1))));
    wire.step(1, ROWS);
    wire.refresh(now());
    assert_eq!((leads(&wire), cursor(&wire)), (vec![4, 2, 1], Some((2, 1))));
    wire.undo(now());
    wire.refresh(now());
    assert_eq!(leads(&wire), [4, 3, 2, 1]);
}

#[test]
fn a_cleared_wire_keeps_its_filter() {
    let mut wire = wire((1..=20).map(|id| item(id, id as i64, id, &["crypto"])));
    wire.set_filter(topic("crypto"), now());
    wire.set_cursor(5, ROWS);
    wire.mark_current(|marks| marks.read = true);
    wire.clear();
    check(&wire);
    assert!(wire.is_empty() && wire.cursor().is_none() && wire.count("crypto") == 0 && wire.undo(now()).is_empty());
    assert_eq!(wire.filter().topic.as_deref(), Some("crypto"));
    wire.admit(item(1, 1, 1, &["crypto"]), now());
    wire.admit(item(2, 2, 2, &["nvidia"]), now());
    assert_eq!(leads(&wire), [1]);
}

#[test]
fn coverage_after_a_lull_is_news_again() {
    let mut wire = wire([item(1, 0, 1, &[]), item(2, 20, 1, &[]), item(3, 30, 3, &[])]);
    wire.step(2, 9);
    wire.mark_current(|marks| marks.read = true);
    wire.release();
    assert_eq!(leads(&wire), [3, 1], "twenty minutes later is the same wave");
    wire.admit(item(4, 20 + 181, 1, &[]), now());
    assert_eq!(leads(&wire), [4, 3], "three hours later is a new one, and the row moves up to it");
    assert!(wire.row_is_unread(&wire.rows()[0]), "though the first wave was read");
    assert_eq!(wire.group(StoryId(1)).count(), 3, "and it is still one event");
}

#[test]
fn a_slow_filter_is_asked_group_by_group_the_newest_first() {
    let mut wire = wire(plain(1..=30));
    wire.set_cursor(3, ROWS);
    wire.set_filter(query("/./"), now());
    assert!(wire.is_sifting() && wire.rows().is_empty());
    wire.sift(3, now());
    check(&wire);
    assert_eq!(leads(&wire), [30, 29, 28]);
    assert_eq!(wire.above(), 0, "nothing of it has arrived");
    // Another one begins again; what arrives meanwhile has its row at once, and no row stands twice.
    wire.set_filter(query("/./ -nothere"), now());
    wire.sift(1, now());
    plain(31..=32).for_each(|item| wire.admit(item, now()));
    assert_eq!(leads(&wire), [32, 31, 30]);
    wire.sift(usize::MAX, now());
    check(&wire);
    assert!(!wire.is_sifting());
    assert_eq!(leads(&wire), (1..=32).rev().collect::<Vec<_>>());
    assert_eq!(cursor(&wire).map(|(lead, _)| lead), Some(27), "the cursor is on its story again");
    // Asked again for marks or time, what is shown stays until it is found not to pass.
    wire.refresh(now());
    assert!(wire.is_sifting() && wire.rows().len() == 32);
    wire.set_filter(Filter::default(), now());
    assert!(!wire.is_sifting() && wire.rows().len() == 32);
}

mod at_random {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::config::shipped;

    static TAGGER: LazyLock<Tagger> = LazyLock::new(|| {
        let config = shipped();
        let watchlist = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        Tagger::new(Topics::compile(&config.topics, &config.terms).0, watchlist)
    });

    #[derive(Clone, Debug)]
    enum Step {
        Arrive { id: u64, minutes: i64, group: u64, topic: usize, outlet: usize },
        Edit(u64, usize),
        Remember(u64, i64, bool),
        Retag(bool),
        Filter(usize),
        Move(isize, usize),
        Release,
        Mark,
        Undo,
        Refresh,
        Judge(usize),
        ShowMuted(bool),
        TakeOut(u64),
    }

    const TOPICS: [&[&str]; 4] = [&[], &["crypto"], &["nvidia"], &["crypto", "nvidia"]];

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0u64..60, 0i64..40, 0u64..12, 0usize..4, 0usize..3).prop_map(|(id, minutes, group, topic, outlet)| {
                Step::Arrive { id, minutes, group, topic, outlet }
            }),
            1 => (0u64..60, 0usize..3).prop_map(|(id, title)| Step::Edit(id, title)),
            1 => (0u64..60, -4_000i64..40, any::<bool>()).prop_map(|(id, minutes, star)| Step::Remember(id, minutes, star)),
            1 => any::<bool>().prop_map(Step::Retag),
            1 => (0usize..5).prop_map(Step::Filter),
            2 => (-12isize..12, 1usize..15).prop_map(|(by, height)| Step::Move(by, height)),
            1 => Just(Step::Release),
            1 => Just(Step::Mark),
            1 => Just(Step::Undo),
            1 => Just(Step::Refresh),
            1 => (0usize..3).prop_map(Step::Judge),
            1 => any::<bool>().prop_map(Step::ShowMuted),
            1 => (0u64..60).prop_map(Step::TakeOut),
        ]
    }

    static NONE: LazyLock<Tagger> = LazyLock::new(Tagger::default);

    fn filter(number: usize) -> Filter {
        match number {
            0 => Filter::default(),
            1 => topic("crypto"),
            2 => topic("nvidia"),
            3 => query("is:unread"),
            _ => query("outlets>1"),
        }
    }

    proptest! {
        #[test]
        fn heat_and_marks_are_those_of_a_walk_over_all_stories(
            stories in prop::collection::vec((0u64..90, -2_000i64..200, 0u64..30, 0usize..4), 0..90),
            (since, later) in (-2_000i64..200, -200i64..2_000),
        ) {
            let mut wire = holding(60, []);
            for (id, minutes, group, topic) in stories {
                if !wire.items.contains_key(&StoryId(id)) {
                    wire.admit(item(id, minutes, 1_000 + group, TOPICS[topic]), now());
                }
            }
            for (topic, symbol) in [("crypto", "BTC-USD"), ("nvidia", "NVDA"), ("harbour", "GME")] {
                let (heat, marks) = walked(&wire, topic, symbol, minute(since), minute(later));
                prop_assert_eq!(wire.heat(topic, minute(later)), heat);
                let found = wire.firsts_within(symbol, minute(since), minute(later));
                let in_time = |id: &&StoryId| wire.items[*id].story.time() < minute(later);
                let marks: Vec<&StoryId> = marks.iter().filter(in_time).collect();
                prop_assert_eq!(found.map_or(0, |(count, _)| count), marks.len());
                prop_assert_eq!(found.map(|(_, newest)| &newest.story.id), marks.first().copied());
            }
        }

        #[test]
        fn everything_stays_in_order_and_the_cursor_on_its_row(steps in prop::collection::vec(step(), 1..120)) {
            let mut wire = holding(25, []);
            for step in steps {
                let before = wire.cursor().map(|at| wire.rows()[at].group);
                let moved = matches!(step, Step::Move(..) | Step::Release | Step::Filter(_));
                match step {
                    Step::Arrive { id, minutes, group, topic, outlet } if !wire.items.contains_key(&StoryId(id)) => {
                        let item = item(id, minutes, 1_000 + group, TOPICS[topic]);
                        wire.admit(from_outlet(item, ["Reuters", "CNBC", "FT"][outlet]), now());
                    }
                    Step::Arrive { .. } => {}
                    Step::Edit(id, title) => {
                        let title = ["Nvidia raises its forecast", "Bitcoin falls", "Rain"][title];
                        let edit = titled(id, 0, title);
                        if wire.items.contains_key(&edit.id) {
                            wire.edit(edit, &TAGGER, now());
                        }
                    }
                    Step::Remember(id, minutes, starred) => {
                        wire.remember(&story(id, minutes), Marks { read: !starred, starred, group: None }, now());
                    }
                    Step::Retag(topics) => wire.retag(if topics { &TAGGER } else { &NONE }, now()),
                    Step::Filter(number) => wire.set_filter(filter(number), now()),
                    Step::Move(by, height) => wire.step(by, height),
                    Step::Release => wire.release(),
                    Step::Mark => drop(wire.mark_current(|marks| marks.read = !marks.read)),
                    Step::Undo => drop(wire.undo(now())),
                    Step::Refresh => wire.refresh(now()),
                    Step::Judge(number) => wire.set_judges(judges(["", "nvidia OR rain", "title:\"story 1\""][number]), now()),
                    Step::ShowMuted(shows) => wire.show_muted(shows, now()),
                    Step::TakeOut(id) => drop(wire.take_out(StoryId(id), now())),
                }
                check(&wire);
                if let (Some(before), false) = (before, moved) {
                    prop_assert_eq!(wire.cursor().map(|at| wire.rows()[at].group), Some(before));
                }
            }
        }
    }
}
