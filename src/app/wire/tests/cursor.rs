//! The cursor, and what arrives while it is set.

use super::*;

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
