//! Damaged files, full disks, folders that cannot be written.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

#[test]
fn rubbish_in_place_of_the_database_is_moved_aside() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("newstape.db"), "this was never a database".repeat(500)).unwrap();
    let mut bench = Bench::open(&dir);
    assert!(bench.replaced().contains("kept as newstape.db.broken-1795000000"));
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    bench.saved();
    assert_eq!(stories(&dir).len(), 1);
    assert!(dir.path().join("newstape.db.broken-1795000000").exists());
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_carried_over() {
    // A page of stories holds about forty.
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage, usize); 12] = [
        ("a page in the middle", |bytes| damage(bytes, 2), 1_150),
        ("a page at a third", |bytes| damage(bytes, 3), 1_150),
        ("the header", |bytes| bytes[..100].fill(0xA5), 1_200),
        ("the name in the header", |bytes| bytes[..16].fill(0), 1_200),
        ("the first page", |bytes| bytes[..4096].fill(0xA5), 1_200),
        ("the first page, with zeros", |bytes| bytes[..4096].fill(0), 1_200),
        ("the tables, but not the header", |bytes| bytes[100..4096].fill(0x11), 1_200),
        ("the page that leads to all stories", |bytes| bytes[4096..2 * 4096].fill(0xA5), 1_200),
        ("the first 40 KiB", |bytes| bytes[..40_960].fill(0xA5), 1_050),
        ("each eighth page", |bytes| bytes.chunks_mut(4096).step_by(8).for_each(|page| page.fill(0)), 980),
        (
            "half of each eighth page",
            |bytes| bytes.chunks_mut(4096).step_by(8).for_each(|page| page[2048..].fill(0)),
            1_060,
        ),
        ("the end is cut off", |bytes| bytes.truncate(bytes.len() - 20 * 4096 + 777), 800),
    ];
    for (name, break_it, least) in damages {
        let dir = filled();
        let path = dir.path().join("newstape.db");
        let mut bytes = std::fs::read(&path).unwrap();
        break_it(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let (kept, stars) = salvaged(&dir);
        assert!(kept >= least && stars >= least / 10 - 4, "{name}: {kept} stories, {stars} stars");
        for (kept, _) in stories(&dir) {
            assert_eq!(kept, story(kept.id.0, "Chips", NOW - 9), "{name}");
        }
    }
}

#[test]
fn data_that_is_removed_while_newstape_runs_is_written_anew() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("data");
    let removals: [fn(&Path); 2] = [
        // Moved aside in one step: removed file by file, it would get new ones from the store meanwhile.
        |place| std::fs::rename(place, place.with_extension("gone")).unwrap(),
        |place| std::fs::remove_file(place.join("newstape.db")).unwrap(),
    ];
    for (round, remove) in (0..).zip(removals) {
        let mut bench = Bench::at(Some(&place), NOW);
        bench.put(StoreEffect::SaveStories((0..300).map(|id| story(round * 300 + id, "Chips", NOW - 9)).collect()));
        bench.put(StoreEffect::SaveMarks(vec![(StoryId(round * 300), STARRED)]));
        bench.saved();
        remove(&place);
        assert!(bench.replaced().contains("was removed while newstape ran"));
        bench.put(StoreEffect::SaveStories(vec![story(10_000 + round, "Later", NOW)]));
        bench.close();
        let kept: Vec<_> = Reader::open(&place).unwrap().stories(None).collect::<Result<_, _>>().unwrap();
        assert_eq!(kept.len() as u64, 301 * (round + 1));
        assert_eq!(kept.iter().filter(|(_, marks)| marks.starred).count() as u64, round + 1);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_nothing_stops() {
    let dir = TempDir::new().unwrap();
    let in_the_way = dir.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let mut bench = Bench::at(Some(&in_the_way.join("newstape")), NOW);
    assert!(bench.trouble().starts_with("The store can't be used: its folder can't be written."));
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    let parts = bench.load(100);
    assert!(parts[0].done && !parts[0].read_only);
    bench.close();
}

#[test]
fn a_scratch_never_says_saved() {
    let mut bench = Bench::at(None, NOW);
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    assert_eq!(bench.load(10)[0].stories.len(), 1);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.store.close(LIMIT).unwrap();
    assert!(bench.events.try_recv().is_err());
}

/// A store whose rounds a test runs itself.
fn stepped(dir: &TempDir, clock: &Clock) -> (StoreThread, Arc<Inbox>, tokio::sync::mpsc::Receiver<Event>) {
    let (sender, events) = tokio::sync::mpsc::channel(64);
    let inbox = Arc::new(Inbox::default());
    let place = Some(dir.path().to_owned());
    (StoreThread::new(place, KEEP, sender, clock.clone(), Arc::clone(&inbox)).unwrap(), inbox, events)
}

#[test]
fn a_full_disk_is_reported_once_and_saving_tried_again() {
    let dir = TempDir::new().unwrap();
    let clock: Clock = Arc::new(|| at(NOW));
    let (mut thread, inbox, mut events) = stepped(&dir, &clock);
    let limit_pages = |thread: &StoreThread, pages: u32| {
        thread.connection().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    limit_pages(&thread, 1);
    inbox.put(StoreEffect::SaveStories((0..100).map(|id| story(id, "Chips", NOW - 9)).collect()));
    inbox.put(StoreEffect::SaveQuote(quote("1")));
    for _ in 0..2 {
        let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
        thread.round(round);
        inbox.put(StoreEffect::SaveQuote(quote("2")));
    }
    let Event::StoreTrouble(sentence) = next(&mut events) else { panic!() };
    assert_eq!(sentence, "Saving failed: the disk is full. newstape keeps what it has and tries again.");
    assert!(events.try_recv().is_err());

    limit_pages(&thread, 1_000_000);
    let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
    assert_eq!(round.waiting.stories.len(), 100);
    thread.round(round);
    assert!(matches!(next(&mut events), Event::Saved(_)));
    assert_eq!(stories(&dir).len(), 100);
    assert_eq!(Reader::open(dir.path()).unwrap().quotes().unwrap()[0].price, "2".parse().unwrap());
}

#[test]
fn a_save_is_confirmed_once_some_time_after_the_last() {
    let dir = TempDir::new().unwrap();
    let seconds = Arc::new(AtomicI64::new(0));
    let clock: Clock = {
        let seconds = Arc::clone(&seconds);
        Arc::new(move || at(NOW + seconds.load(Ordering::Relaxed)))
    };
    let (mut thread, inbox, mut events) = stepped(&dir, &clock);
    inbox.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW)]));
    let mut said_at = |second| {
        seconds.store(second, Ordering::Relaxed);
        thread.round(inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock));
        match events.try_recv() {
            Ok(Event::Saved(at)) => Some(at.as_second() - NOW),
            _ => None,
        }
    };
    let expected = [(0, Some(0)), (3, None), (10, Some(10)), (20, None)];
    assert_eq!(expected.map(|(second, _)| (second, said_at(second))), expected);
}

#[test]
fn nothing_is_refused_and_validators_wait_for_the_stories_they_vouch_for() {
    const ALL: usize = 3 * inbox::STORIES_FULL;
    let dir = TempDir::new().unwrap();
    let clock: Clock = Arc::new(|| at(NOW));
    let (mut thread, inbox, mut events) = stepped(&dir, &clock);
    let full = inbox.full();
    for from in (0..ALL as u64).step_by(100) {
        inbox.put(StoreEffect::SaveStories((from..from + 100).map(|id| story(id, "Chips", NOW)).collect()));
        inbox.put(StoreEffect::SaveGroups((from..from + 100).map(|id| (StoryId(id), StoryId(id / 2))).collect()));
        assert_eq!(*full.borrow(), from as usize + 100 >= inbox::STORIES_FULL, "{from}");
    }
    inbox.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ), (StoryId(ALL as u64 - 1), STARRED)]));
    inbox.put(StoreEffect::SaveFeed(feed("a").into()));
    let mut rounds = 0;
    while inbox.left().0 > 0 {
        assert_eq!(Reader::open(dir.path()).unwrap().feeds().unwrap(), [], "its stories are not all saved");
        let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
        assert!(round.waiting.stories.len() <= inbox::STORIES_PER_ROUND);
        thread.round(round);
        rounds += 1;
    }
    assert_eq!((rounds, *full.borrow()), (ALL / inbox::STORIES_PER_ROUND, false));
    assert!(matches!(next(&mut events), Event::Saved(_)), "reported once all is saved");
    let kept = stories(&dir);
    assert_eq!(kept.len(), ALL);
    assert!(kept.iter().all(|(story, marks)| marks.group == Some(StoryId(story.id.0 / 2))));
    let marked: Vec<_> =
        kept.iter().filter(|(_, marks)| marks.read || marks.starred).map(|(story, _)| story.id.0).collect();
    assert_eq!(marked.len(), 2, "{marked:?}");
    assert_eq!(Reader::open(dir.path()).unwrap().feeds().unwrap()[0].cache.etag.as_deref(), Some("a"));
}

#[test]
fn an_end_with_a_full_disk_says_what_is_lost() {
    let dir = TempDir::new().unwrap();
    let clock: Clock = Arc::new(|| at(NOW));
    let (thread, inbox, _events) = stepped(&dir, &clock);
    thread.connection().query_row("PRAGMA max_page_count = 1", [], |_| Ok(())).unwrap();
    inbox.put(StoreEffect::SaveStories((0..100).map(|id| story(id, "Chips", NOW - 9)).collect()));
    inbox.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ)]));
    inbox.close();
    let error = thread.run().unwrap_err();
    assert_eq!(error, "The last changes could not be saved: the disk is full. Lost: 100 stories and 1 mark.");
}

#[test]
fn a_stalled_receiver_keeps_nothing_from_being_saved() {
    let dir = TempDir::new().unwrap();
    let (sender, events) = tokio::sync::mpsc::channel(1);
    let store = Store::open(Some(dir.path()), KEEP, sender, Arc::new(|| at(NOW))).unwrap();
    for id in 0..1_000 {
        store.carry_out(StoreEffect::SaveStories(vec![story(id, "Chips", NOW - 9)]));
        if id % 100 == 0 {
            store.load(5_000, STAMP);
        }
    }
    store.close(LIMIT).unwrap();
    drop(events);
    assert_eq!(stories(&dir).len(), 1_000);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("share").join("newstape");
    let mut bench = Bench::at(Some(&place), NOW);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    for file in std::fs::read_dir(&place).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
