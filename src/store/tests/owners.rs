//! Two newstapes on the same data.

use super::*;

#[test]
fn a_second_newstape_reads_and_saves_nothing() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    first.saved();

    let mut second = Bench::open(&dir);
    let parts = second.load(100);
    assert!(parts.iter().all(|part| part.read_only));
    assert_eq!(parts[0].stories.len(), 1);
    second.put(StoreEffect::SaveStories(vec![story(2, "Chips", NOW - 9)]));
    second.close();
    assert_eq!(stories(&dir).len(), 1);

    first.close();
    let mut third = Bench::open(&dir);
    assert!(!third.load(100)[0].read_only);
}

#[test]
fn a_second_newstape_takes_over_when_the_first_ends_and_keeps_its_marks() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9), story(2, "Coins", NOW - 9)]));
    first.saved();
    let mut second = Bench::open(&dir);
    assert!(second.load(100)[0].read_only);
    second.put(StoreEffect::SaveMarks(vec![(StoryId(1), STARRED)]));
    second.put(StoreEffect::SaveFeed(feed("a").into()));
    first.put(StoreEffect::SaveMarks(vec![(StoryId(2), READ)]));
    first.saved();
    first.close();

    // What is stored is reported again first, so that it is known before this one saves.
    let stored = loop {
        match second.event() {
            Event::Loaded(part) if !part.read_only => break part,
            Event::StoreTaken => panic!("before what is stored"),
            _ => {}
        }
    };
    assert_eq!(stored.stories.iter().find(|(story, _)| story.id == StoryId(2)).unwrap().1, READ);
    while !matches!(second.event(), Event::StoreTaken) {}
    second.put(StoreEffect::SaveStories(vec![story(3, "Chips", NOW - 9)]));
    second.put(StoreEffect::SaveFeed(feed("b").into()));
    second.close();
    let mut kept: Vec<_> = stories(&dir).into_iter().map(|(story, marks)| (story.id.0, marks)).collect();
    kept.sort_by_key(|(id, _)| *id);
    assert_eq!(kept, [(1, STARRED), (2, READ), (3, Marks::default())]);
    let feeds = Reader::open(dir.path()).unwrap().feeds().unwrap();
    assert_eq!(feeds[0].cache.etag, None, "stories of before are missing: the feed is read whole at the next start");
}

#[test]
fn marks_that_are_lost_at_the_end_are_told() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.load(100);
    let mut second = Bench::open(&dir);
    second.load(100);
    second.put(StoreEffect::SaveMarks(vec![(StoryId(1), STARRED)]));
    let unsaved = second.store.close(LIMIT).unwrap_err();
    assert!(unsaved.starts_with("Lost: 1 mark. Another newstape"), "{unsaved}");
    first.close();
}
