use super::*;
use crate::domain::feed::{NextCheck, Trouble};
use crate::http::HttpError;
use crate::news::poll::tests::{config, feed};
use crate::news::poll_outcome::{PollOutcome, ResponseMeta};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A scheduler with its own two clocks, both moved by hand.
struct Hall {
    scheduler: PollScheduler,
    now: Timestamp,
    instant: Instant,
}

impl Hall {
    fn new(urls: &[&str]) -> Hall {
        Hall::with(urls, Vec::new())
    }

    fn with(urls: &[&str], states: Vec<FeedState>) -> Hall {
        let mut scheduler = PollScheduler::new(states);
        scheduler.adopt(&config(urls.iter().map(|url| feed(url, url)).collect()), noon());
        Hall { scheduler, now: noon(), instant: Instant::now() }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.instant += Duration::try_from(time).unwrap();
    }

    /// Launches all that may be launched, apart by the gap.
    fn launch(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        while let Some(job) = self.scheduler.launch(self.now, self.instant, 0.0) {
            jobs.push(job);
            self.pass(SignedDuration::from_millis(50));
        }
        jobs
    }

    fn apply_poll(&mut self, job: &Job, polled: &PollOutcome) -> Vec<FeedState> {
        let report = Report {
            asked: job.url.clone(),
            is_conditional: job.state.cache.etag.is_some(),
            millis: 20,
            bytes: 0,
            polled: polled.clone(),
        };
        self.scheduler.apply_poll(job, &report, self.now, self.instant, 0.0)
    }
}

fn head(status: u16) -> ResponseMeta {
    ResponseMeta { status, ..ResponseMeta::default() }
}

fn good() -> PollOutcome {
    PollOutcome::NotModified { answer: head(304) }
}

fn names(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.feed.name).collect()
}

#[test]
fn one_request_a_place_and_twelve_in_all() {
    let mut hall = Hall::new(&["https://a.one.org/1", "https://b.one.org/2", "https://two.org/"]);
    let jobs = hall.launch();
    assert_eq!(names(&jobs), ["https://a.one.org/1", "https://two.org/"]);
    hall.apply_poll(&jobs[0], &good());
    assert!(hall.launch().is_empty(), "the site is spaced");
    hall.pass(SignedDuration::from_millis(1500));
    assert_eq!(names(&hall.launch()), ["https://b.one.org/2"]);

    let many: Vec<String> = (0..20).map(|n| format!("https://site{n}.org/")).collect();
    let mut hall = Hall::new(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(hall.launch().len(), AT_ONCE);
}

#[test]
fn launches_are_kept_apart() {
    let mut hall = Hall::new(&["https://one.org/", "https://two.org/"]);
    assert!(hall.scheduler.launch(hall.now, hall.instant, 0.0).is_some());
    assert!(hall.scheduler.launch(hall.now, hall.instant, 0.0).is_none());
    assert_eq!(hall.scheduler.sleep(hall.now, hall.instant), LAUNCH_GAP);
}

#[test]
fn a_stored_next_check_holds_after_a_restart() {
    let url = "https://one.org/";
    let stored = checked_at(noon() + MINUTE, stored(url));
    let mut hall = Hall::with(&[url], vec![stored]);
    assert!(hall.launch().is_empty());
    assert_eq!(hall.scheduler.sleep(hall.now, hall.instant), Duration::from_mins(1));
    hall.pass(MINUTE);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn an_interval_that_the_user_writes_holds_at_once_but_for_what_the_server_wishes() {
    let at = |minutes: i64| Some(noon() + SignedDuration::from_mins(minutes));
    let stored = |next: i64, wished: Option<Timestamp>| {
        let mut state = checked_at(at(next).unwrap(), stored("https://one.org/"));
        state.history.last_attempt = at(-1);
        state.schedule.wished_until = wished;
        state
    };
    let mut failing = stored(240, None);
    (failing.history.failures, failing.history.trouble) = (3, Some(Trouble::Status(500)));
    for (name, state, own_interval, expected) in [
        ("put off by its rhythm", stored(240, None), true, at(4)),
        ("the interval is not the user's", stored(240, None), false, at(240)),
        ("a wish that is longer", stored(240, at(60)), true, at(60)),
        ("a wish that is all", stored(240, at(240)), true, at(240)),
        ("soon anyway", stored(2, None), true, at(2)),
        ("it fails", failing, true, at(240)),
    ] {
        let own =
            Feed { interval: Duration::from_mins(5), own_interval, ..feed("https://one.org/", "https://one.org/") };
        let mut scheduler = PollScheduler::new(vec![state]);
        let changed = scheduler.adopt(&config(vec![own]), noon());
        assert_eq!(scheduler.slots["https://one.org/"].state.schedule.next_check.time(), expected, "{name}");
        assert_eq!(changed.len(), usize::from(expected != at(240) && expected != at(2)), "{name}");
    }
}

#[test]
fn another_address_or_agent_drops_the_validators() {
    let url = "https://one.org/";
    let mut stored = stored(url);
    stored.cache.etag = Some("\"a\"".into());
    let mut moved = feed(url, "https://one.org/new");
    let mut scheduler = PollScheduler::new(vec![stored.clone()]);
    scheduler.adopt(&config(vec![moved.clone()]), noon());
    assert_eq!(scheduler.slots[url].state, FeedState::new(url.into(), "https://one.org/new".into()));

    moved.url = url.into();
    let mut scheduler = PollScheduler::new(vec![stored]);
    scheduler.adopt(&config(vec![moved.clone()]), noon());
    assert!(scheduler.slots[url].state.cache.etag.is_some());
    moved.user_agent = Some("another".into());
    scheduler.adopt(&config(vec![moved]), noon());
    assert_eq!(scheduler.slots[url].state.cache.etag, None);
}

#[test]
fn by_hand_within_floors() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &good());
    hall.pass(SignedDuration::from_secs(30));
    hall.scheduler.refresh(&[], hall.now);
    assert!(hall.launch().is_empty(), "asked half a minute ago");
    hall.pass(SignedDuration::from_secs(31));
    hall.scheduler.refresh(&["other".into()], hall.now);
    assert!(hall.launch().is_empty(), "another feed was meant");
    hall.scheduler.refresh(&["https://one.org/".into()], hall.now);
    let job = hall.launch().remove(0);

    let wishes = crate::news::schedule::Wishes { retry_after: Some(Duration::from_hours(1)), ..Default::default() };
    hall.apply_poll(
        &job,
        &PollOutcome::Refused { answer: ResponseMeta { wishes, ..head(429) }, guard: None, is_rate_limit: false },
    );
    hall.pass(MINUTE * 30);
    hall.scheduler.refresh(&[], hall.now);
    assert!(hall.launch().is_empty(), "asked for an hour's patience");
    hall.pass(MINUTE * 31);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn an_address_that_stands_twice_is_asked_once() {
    let mut hall = Hall::new(&[]);
    let both = config(vec![feed("b", "https://one.org/"), feed("a", "https://one.org/#top")]);
    let changed = hall.scheduler.adopt(&both, noon()).remove(0);
    assert_eq!(
        (&*changed.feed, changed.schedule.clause().as_deref()),
        ("a", Some("has the same address as b, which is asked for both"))
    );
    let job = hall.launch().remove(0);
    assert_eq!(&*job.feed.name, "b");
    hall.apply_poll(&job, &good());
    hall.pass(MINUTE);
    assert!(hall.launch().is_empty());
    hall.scheduler.adopt(&config(vec![feed("a", "https://one.org/")]), hall.now);
    assert_eq!(names(&hall.launch()), ["a"]);
}

#[test]
fn patience_cools_the_whole_place_also_after_a_restart() {
    let urls = ["https://a.one.org/", "https://b.one.org/", "https://two.org/"];
    let mut hall = Hall::new(&urls);
    let jobs = hall.launch();
    let changed =
        hall.apply_poll(&jobs[0], &PollOutcome::Refused { answer: head(503), guard: None, is_rate_limit: false });
    assert_eq!(changed.len(), 2);
    assert_eq!(changed[0].schedule.next_check, changed[1].schedule.next_check);
    hall.pass(MINUTE * 14);
    assert!(hall.launch().is_empty());

    let mut again = Hall::with(&urls, vec![changed[0].clone()]);
    assert_eq!(names(&again.launch()), ["https://two.org/"]);
}

#[test]
fn what_is_gone_stays_unasked_until_asked_by_hand() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    let state =
        hall.apply_poll(&job, &PollOutcome::Refused { answer: head(410), guard: None, is_rate_limit: false }).remove(0);
    assert!(state.is_stopped());
    hall.pass(MINUTE * 60 * 24 * 400);
    assert!(hall.launch().is_empty());
    hall.scheduler.refresh(&[], hall.now);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn offline_is_told_from_failing() {
    let mut hall = Hall::new(&["https://a.org/", "https://b.org/", "https://c.org/", "https://d.org/"]);
    let jobs = hall.launch();
    let silent = PollOutcome::Unreached(HttpError::Name);
    let counts: Vec<usize> = jobs.iter().map(|job| hall.apply_poll(job, &silent).len()).collect();
    assert_eq!(counts, [1, 1, 3, 1], "the third silent site tells that it was the network before, too");
    for slot in hall.scheduler.slots.values() {
        let FeedState { history, schedule, .. } = &slot.state;
        assert_eq!((history.failures, &history.trouble), (0, &Some(Trouble::Offline)), "{}", slot.feed.name);
        assert!(schedule.next_check.time().unwrap() <= hall.now + MINUTE);
    }
    hall.pass(MINUTE * 2);
    let jobs = hall.launch();
    assert_eq!(jobs.len(), 4);
    hall.apply_poll(&jobs[0], &silent);
    hall.apply_poll(&jobs[1], &silent);
    assert_eq!(hall.apply_poll(&jobs[2], &good())[0].history.failures, 0);
    let due = names(&hall.launch()).len();
    assert_eq!(due, 0, "their sites are spaced");
    hall.pass(SignedDuration::from_secs(2));
    assert_eq!(hall.launch().len(), 2, "those whose silence was the network's are asked again at once");
    assert_eq!(hall.apply_poll(&jobs[3], &silent)[0].history.failures, 1, "the network is up");
}

#[test]
fn few_places_that_are_all_silent_are_not_counted_either() {
    let mut hall = Hall::new(&["https://a.org/", "https://b.org/"]);
    let jobs = hall.launch();
    let silent = PollOutcome::Unreached(HttpError::Connect);
    assert_eq!(hall.apply_poll(&jobs[0], &silent)[0].history.failures, 1, "the other may answer");
    let state = hall.apply_poll(&jobs[1], &silent).remove(0);
    assert_eq!(
        (state.history.failures, state.history.trouble.as_ref().map(ToString::to_string).as_deref()),
        (0, Some("could not connect"))
    );
}

#[test]
fn a_feed_that_was_removed_while_it_was_asked_has_no_news() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.scheduler.adopt(&config(Vec::new()), hall.now);
    assert!(hall.apply_poll(&job, &good()).is_empty());
    assert_eq!(hall.scheduler.in_flight, 0);
}

#[test]
fn a_feed_that_was_disabled_keeps_its_time() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &good());
    hall.scheduler.adopt(&config(Vec::new()), hall.now);
    hall.scheduler.adopt(&config(vec![feed("https://one.org/", "https://one.org/")]), hall.now);
    hall.pass(MINUTE);
    assert!(hall.launch().is_empty());
}

/// A state as stored by an earlier run.
fn stored(url: &str) -> FeedState {
    FeedState::new(url.into(), url.into())
}

fn checked_at(next: Timestamp, mut state: FeedState) -> FeedState {
    state.schedule.next_check = NextCheck::At(next);
    state
}

fn asked_for_patience(seconds: Option<u64>) -> PollOutcome {
    let wishes = crate::news::schedule::Wishes { retry_after: seconds.map(Duration::from_secs), ..Default::default() };
    PollOutcome::Refused { answer: ResponseMeta { wishes, ..head(429) }, guard: None, is_rate_limit: false }
}

#[test]
fn settings_that_changed_while_newstape_was_off_drop_the_validators() {
    let url = "https://one.org/";
    let mut hall = Hall::new(&[url]);
    let job = hall.launch().remove(0);
    let answer = ResponseMeta { etag: Some("\"a\"".into()), url: url.into(), ..head(304) };
    let state = hall.apply_poll(&job, &PollOutcome::Same { answer }).remove(0);
    assert_eq!(state.cache.etag.as_deref(), Some("\"a\""));
    let again = |feed: Feed| {
        let mut scheduler = PollScheduler::new(vec![state.clone()]);
        scheduler.adopt(&config(vec![feed]), noon());
        scheduler.slots[url].state.cache.etag.clone()
    };
    assert!(again(feed(url, url)).is_some());
    assert_eq!(again(Feed { user_agent: Some("another".into()), ..feed(url, url) }), None);
    assert_eq!(again(Feed { kill: Some("sponsored".into()), ..feed(url, url) }), None);
}

#[test]
fn what_failed_under_other_settings_is_tried_anew() {
    let url = "https://one.org/";
    let mut hall = Hall::new(&[url]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &PollOutcome::Refused { answer: head(401), guard: None, is_rate_limit: false });
    hall.pass(MINUTE);
    assert!(hall.launch().is_empty());
    let login = crate::domain::feed::Login { user: "a".into(), password: crate::domain::feed::Secret("b".into()) };
    hall.scheduler.adopt(&config(vec![Feed { login: Some(login), ..feed(url, url) }]), hall.now);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn no_scheduled_request_in_skipped_hours_but_one_by_hand() {
    let url = "https://one.org/";
    let rhythm = crate::domain::feed::Rhythm { skip_hours: vec![12], ..Default::default() };
    let overdue = FeedState { rhythm, ..checked_at(noon() - MINUTE * 90, stored(url)) };
    let mut hall = Hall::with(&[url], vec![overdue]);
    assert!(hall.launch().is_empty());
    hall.pass(MINUTE * 59);
    assert!(hall.launch().is_empty());
    hall.scheduler.refresh(&[], hall.now);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn after_a_long_stop_the_overdue_come_one_after_the_other_the_most_needed_first() {
    let urls: Vec<String> = (0..10).map(|n| format!("https://site{n}.org/")).collect();
    let overdue = |(n, url): (i64, &String)| checked_at(noon() - MINUTE * (60 + n as i32), stored(url));
    let mut states: Vec<FeedState> = (0..).zip(&urls).map(overdue).collect();
    states[3].schedule.next_check = NextCheck::Due;
    let names: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut hall = Hall::with(&names, states);
    let mut launched = Vec::new();
    for _ in 0..200 {
        launched.extend(hall.scheduler.launch(hall.now, hall.instant, 1.0).map(|job| (job.feed.name, hall.now)));
        hall.pass(SignedDuration::from_millis(50));
    }
    let order: Vec<&str> = launched.iter().map(|(name, _)| &**name).collect();
    let expected: Vec<&str> = [3, 9, 8, 7, 6, 5, 4, 2, 1, 0].iter().map(|n| names[*n]).collect();
    assert_eq!(order, expected, "the one that was never asked first");
    let took = launched[9].1.duration_since(launched[0].1);
    assert!(took > SignedDuration::from_secs(2) && took < SignedDuration::from_secs(5), "{took}");
}

#[test]
fn a_sleep_of_the_machine_brings_no_storm() {
    let urls: Vec<String> = (0..10).map(|n| format!("https://site{n}.org/")).collect();
    let mut hall = Hall::new(&urls.iter().map(String::as_str).collect::<Vec<_>>());
    for job in hall.launch() {
        hall.apply_poll(&job, &good());
    }
    hall.pass(SignedDuration::from_secs(2));
    // The wall clock runs while the machine sleeps, the other one does not.
    hall.now += MINUTE * 60 * 8;
    let in_a_second = (0..20).filter(|_| {
        let job = hall.scheduler.launch(hall.now, hall.instant, 0.0);
        hall.pass(SignedDuration::from_millis(50));
        job.is_some()
    });
    let count = in_a_second.count();
    assert!((1..=4).contains(&count), "{count}");
}

#[test]
fn a_clock_that_is_set_back_stalls_no_feed() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &good());
    hall.now -= MINUTE * 60 * 24 * 30;
    assert!(hall.launch().is_empty());
    hall.pass(MINUTE * 10);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn a_refusal_to_ask_by_hand_says_why() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &good());
    let changed = |states: Vec<FeedState>| states.into_iter().next().and_then(|state| state.schedule.clause());
    let early = "asked every 10 min; not by hand within a minute of the last time";
    assert_eq!(changed(hall.scheduler.refresh(&[], hall.now)).as_deref(), Some(early));
    assert_eq!(hall.scheduler.refresh(&[], hall.now), [], "it is said once");
    hall.pass(MINUTE * 10);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &asked_for_patience(Some(1800)));
    hall.pass(MINUTE * 20);
    let cooling = "its site asked for 30 min of patience (Retry-After); till then not even by hand";
    assert_eq!(changed(hall.scheduler.refresh(&[], hall.now)).as_deref(), Some(cooling));
    assert!(hall.launch().is_empty());
    hall.pass(MINUTE * 10);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn a_place_that_wants_a_minute_gets_it_over_a_restart_too() {
    let urls = ["https://www.reddit.com/r/a/.rss", "https://old.reddit.com/r/b/.rss"];
    let mut hall = Hall::new(&urls);
    let job = hall.launch().remove(0);
    let state = hall.apply_poll(&job, &good()).remove(0);
    hall.pass(SignedDuration::from_secs(50));
    assert!(hall.launch().is_empty());
    let mut again = Hall::with(&urls, vec![state]);
    again.pass(SignedDuration::from_secs(30));
    assert!(again.launch().is_empty());
    again.pass(SignedDuration::from_secs(31));
    assert_eq!(names(&again.launch()), [urls[1]]);
    hall.pass(SignedDuration::from_secs(10));
    assert_eq!(names(&hall.launch()), [urls[1]]);
}

#[test]
fn two_feeds_that_moved_to_one_address_are_asked_once() {
    let mut hall = Hall::new(&["https://one.org/a", "https://one.org/b"]);
    let moved =
        |url: &str| PollOutcome::NotModified { answer: ResponseMeta { hops: vec![301], url: url.into(), ..head(304) } };
    let mut changed = Vec::new();
    for _ in 0..6 {
        let job = hall.launch().remove(0);
        changed = hall.apply_poll(&job, &moved("https://one.org/new"));
        hall.pass(MINUTE * 10);
    }
    assert_eq!(changed.len(), 2);
    let twin = "has the same address as https://one.org/a, which is asked for both";
    assert!(changed.iter().any(|state| state.schedule.clause().as_deref() == Some(twin)), "{changed:?}");
    hall.pass(MINUTE * 60);
    let jobs = hall.launch();
    assert_eq!((names(&jobs), jobs[0].url.as_str()), (vec!["https://one.org/a"], "https://one.org/new"));
}

#[test]
fn a_learned_address_is_asked_and_given_up_when_it_fails() {
    let url = "https://one.org/old";
    let mut learned = checked_at(noon(), stored(url));
    learned.moves.learned = Some("https://www.one.org/new".into());
    learned.cache.etag = Some("\"a\"".into());
    let mut hall = Hall::with(&[url], vec![learned]);
    let job = hall.launch().remove(0);
    assert_eq!(job.url, "https://www.one.org/new");
    let state =
        hall.apply_poll(&job, &PollOutcome::Refused { answer: head(410), guard: None, is_rate_limit: false }).remove(0);
    assert!(!state.is_stopped());
    assert_eq!((state.moves.learned, state.cache.etag), (None, None));
    assert_eq!(state.schedule.clause().as_deref(), Some("its new address fails; its configured one is tried again"));
    hall.pass(MINUTE);
    assert_eq!(hall.launch()[0].url, url);
}

#[test]
fn patience_grows_with_every_refusal_of_the_place_whichever_feed_is_read() {
    let mut hall = Hall::new(&["https://a.one.org/", "https://b.one.org/"]);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let job = hall.launch().remove(0);
        let state = hall.apply_poll(&job, &asked_for_patience(None)).remove(0);
        let wait = state.schedule.next_check.time().unwrap().duration_since(hall.now);
        waits.push(wait.as_mins());
        hall.pass(wait);
    }
    assert_eq!(waits, [15, 30, 60]);
}

#[test]
fn a_feed_that_is_added_while_its_place_cools_waits_too() {
    let mut hall = Hall::new(&["https://a.one.org/"]);
    let job = hall.launch().remove(0);
    hall.apply_poll(&job, &asked_for_patience(Some(3600)));
    let both = config(vec![feed("a", "https://a.one.org/"), feed("new", "https://b.one.org/")]);
    let changed = hall.scheduler.adopt(&both, hall.now);
    let new = changed.iter().find(|state| &*state.feed == "new").unwrap();
    assert_eq!(new.schedule.clause().as_deref(), Some("its site asked for patience"));
    hall.pass(MINUTE * 59);
    assert!(hall.launch().is_empty());
}

#[test]
fn a_reader_is_next_in_line_and_never_beside_another() {
    let site = Site::of("https://a.one.org/page");
    let mut hall = Hall::new(&["https://one.org/"]);
    let second = Duration::from_secs(1);
    let enter = |hall: &mut Hall| hall.scheduler.enter(&site, hall.instant + second, hall.now, hall.instant);
    let jobs = hall.launch();
    assert_eq!(enter(&mut hall), Entry::Wait(None));
    hall.apply_poll(&jobs[0], &good());
    assert_eq!(enter(&mut hall), Entry::Wait(Some(second)), "the spacing is cut short");
    let latest = hall.instant;
    assert_eq!(hall.scheduler.enter(&site, latest, hall.now, hall.instant), Entry::Open);
    assert_eq!(enter(&mut hall), Entry::Wait(None), "two readers");
    hall.pass(MINUTE * 15);
    assert!(hall.launch().is_empty(), "the feed waits, too");
    assert!(hall.scheduler.exit(&site, None, hall.now, hall.instant).is_empty());
    hall.pass(SignedDuration::from_millis(1500));
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn an_article_that_was_asked_for_too_often_cools_the_feeds_of_its_place() {
    let site = Site::of("https://www.one.org/page");
    let mut hall = Hall::new(&["https://one.org/"]);
    let minute = Duration::from_mins(1);
    assert_eq!(hall.scheduler.enter(&site, hall.instant, hall.now, hall.instant), Entry::Open);
    let changed = hall.scheduler.exit(&site, Some(minute), hall.now, hall.instant);
    assert_eq!(
        changed[0].history.trouble.as_ref().map(ToString::to_string).as_deref(),
        Some("waits: its site asked for patience when an article was read")
    );
    assert!(hall.launch().is_empty());
    assert_eq!(hall.scheduler.enter(&site, hall.instant, hall.now, hall.instant), Entry::Cooling(minute));
    hall.pass(MINUTE);
    assert_eq!(hall.launch().len(), 1);
}
