//! Stores under a clock that is wrong.

use super::*;

#[test]
fn a_clock_that_is_far_ahead_prunes_nothing() {
    const DAY: i64 = 86_400;
    let dir = TempDir::new().unwrap();
    // The stories left after a run by a clock that says so, in which new ones came.
    let left_at = |now: i64, new: Vec<Story>| {
        let (sender, _events) = tokio::sync::mpsc::channel(64);
        let inbox = Arc::new(Inbox::default());
        let clock: Clock = Arc::new(move || at(now));
        let place = Some(dir.path().to_owned());
        let mut keeper = StoreThread::new(place, KEEP, sender, clock.clone(), Arc::clone(&inbox)).unwrap();
        inbox.put(StoreEffect::SaveStories(new));
        for _ in 0..4 {
            let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
            keeper.round(round);
        }
        drop(keeper);
        stories(&dir).len()
    };
    let published = |id: u64, feed: &str, published: i64, seen: i64| Story {
        feed: feed.into(),
        first_seen: at(seen),
        ..story(id, "Chips", published)
    };
    let of_three = |from: u64, published_at: i64, seen: i64| -> Vec<Story> {
        (0..30).map(|id| published(from + id, ["Desk", "Wire", "Times"][id as usize % 3], published_at, seen)).collect()
    };
    assert_eq!(left_at(NOW, of_three(0, NOW, NOW)), 30);
    // More than the time that stories are kept.
    let ahead = NOW + 400 * DAY;
    assert_eq!(left_at(ahead, Vec::new()), 30);
    assert_eq!(left_at(ahead, of_three(100, NOW + 60, ahead)), 60, "feeds still say what time it is");
    assert_eq!(left_at(ahead + DAY, vec![published(200, "Dates", ahead, ahead)]), 61, "one feed of events to come");
    // The clock is right, and so late it is by the feeds too.
    let later = NOW + 100 * DAY;
    assert_eq!(left_at(later, Vec::new()), 61, "first one has to hear of it");
    let today = left_at(later, of_three(300, later - 60, later));
    assert_eq!(today, 61 + 30 - 30, "what came by the clock that was ahead is not yet old");
    assert_eq!(left_at(later + DAY, Vec::new()), today);
    // They count as seen when the clock was right again, and are as old as others by then.
    let seen = |dir: &TempDir| stories(dir).iter().map(|(story, _)| story.first_seen).max().unwrap();
    assert_eq!(seen(&dir), at(later));
    let last = later + 100 * DAY;
    left_at(last, of_three(400, last - 60, last));
    assert_eq!(left_at(last + DAY, Vec::new()), 30, "nothing is kept for the 400 days that the clock was ahead");
}

#[test]
fn a_clock_that_is_far_behind_changes_no_time() {
    let dir = TempDir::new().unwrap();
    let bench = Bench::open(&dir);
    let of = |id: u64, feed: &str| Story { feed: feed.into(), ..story(id, "Chips", NOW - 60) };
    let mut undated = of(4, "Desk");
    undated.published = None;
    let saved = vec![of(1, "Desk"), of(2, "Wire"), of(3, "Times"), undated];
    bench.put(StoreEffect::SaveStories(saved));
    bench.close();
    let before = stories(&dir);
    let mut bench = Bench::at(Some(dir.path()), 1_000_000);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    bench.close();
    assert_eq!(stories(&dir), before);
}

#[test]
fn an_undated_story_seen_under_a_clock_that_ran_ahead_comes_down() {
    let dir = TempDir::new().unwrap();
    let bench = Bench::open(&dir);
    let ahead = at(NOW + 400 * 86_400);
    let of = |id: u64, feed: &str| Story { feed: feed.into(), ..story(id, "Chips", NOW - 60) };
    let undated = Story { published: None, first_seen: ahead, ..of(4, "Desk") };
    bench.put(StoreEffect::SaveStories(vec![undated, of(1, "Desk"), of(2, "Wire"), of(3, "Times")]));
    bench.close();
    assert_eq!(stories(&dir).first().map(|(story, _)| story.time()), Some(ahead));
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    bench.close();
    let newest = stories(&dir).into_iter().next().map(|(story, _)| (story.id, story.time(), story.first_seen));
    assert_eq!(newest, Some((StoryId(4), at(NOW), at(NOW))));
}
