use super::*;
use crate::http::Trouble;
use crate::news::outcome::{Polled, Told};
use crate::news::poll::tests::{config, feed};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A board with its own two clocks, both moved by hand.
struct Hall {
    board: Board,
    now: Timestamp,
    instant: Instant,
}

impl Hall {
    fn new(urls: &[&str]) -> Hall {
        Hall::with(urls, Vec::new())
    }

    fn with(urls: &[&str], states: Vec<FeedState>) -> Hall {
        let mut board = Board::new(states);
        board.adopt(&config(urls.iter().map(|url| feed(url, url)).collect()), noon());
        Hall { board, now: noon(), instant: Instant::now() }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.instant += Duration::try_from(time).unwrap();
    }

    /// Launches all that may be launched, apart by the gap.
    fn launch(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        while let Some(job) = self.board.launch(self.now, self.instant, 0.0) {
            jobs.push(job);
            self.pass(SignedDuration::from_millis(50));
        }
        jobs
    }

    fn settle(&mut self, job: &Job, polled: &Polled) -> Vec<FeedState> {
        let report = Report {
            asked: job.url.clone(),
            is_conditional: job.state.etag.is_some(),
            millis: 20,
            bytes: 0,
            polled: polled.clone(),
        };
        self.board.settle(job, &report, self.now, self.instant, 0.0)
    }
}

fn told(status: u16) -> Told {
    Told { status, ..Told::default() }
}

fn good() -> Polled {
    Polled::NotModified { answer: told(304) }
}

fn names(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.feed.name).collect()
}

#[test]
fn rule_13_one_request_a_place_and_twelve_in_all() {
    let mut hall = Hall::new(&["https://a.one.org/1", "https://b.one.org/2", "https://two.org/"]);
    let jobs = hall.launch();
    assert_eq!(names(&jobs), ["https://a.one.org/1", "https://two.org/"]);
    hall.settle(&jobs[0], &good());
    assert!(hall.launch().is_empty(), "the place is spaced");
    hall.pass(SignedDuration::from_millis(1500));
    assert_eq!(names(&hall.launch()), ["https://b.one.org/2"]);

    let many: Vec<String> = (0..20).map(|n| format!("https://site{n}.org/")).collect();
    let mut hall = Hall::new(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(hall.launch().len(), AT_ONCE);
}

#[test]
fn rule_13_launches_are_kept_apart() {
    let mut hall = Hall::new(&["https://one.org/", "https://two.org/"]);
    assert!(hall.board.launch(hall.now, hall.instant, 0.0).is_some());
    assert!(hall.board.launch(hall.now, hall.instant, 0.0).is_none());
    assert_eq!(hall.board.sleep(hall.now, hall.instant), LAUNCH_GAP);
}

#[test]
fn rule_11_a_stored_next_check_holds_after_a_restart() {
    let url = "https://one.org/";
    let stored = FeedState { next_check: Some(noon() + MINUTE), ..FeedState::new(url.into(), url.into()) };
    let mut hall = Hall::with(&[url], vec![stored]);
    assert!(hall.launch().is_empty());
    assert_eq!(hall.board.sleep(hall.now, hall.instant), Duration::from_secs(60));
    hall.pass(MINUTE);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn rule_7_another_address_or_agent_drops_the_validators() {
    let url = "https://one.org/";
    let stored = FeedState { etag: Some("\"a\"".into()), ..FeedState::new(url.into(), url.into()) };
    let mut moved = feed(url, "https://one.org/new");
    let mut board = Board::new(vec![stored.clone()]);
    board.adopt(&config(vec![moved.clone()]), noon());
    assert_eq!(board.slots[url].state, FeedState::new(url.into(), "https://one.org/new".into()));

    moved.url = url.into();
    let mut board = Board::new(vec![stored]);
    board.adopt(&config(vec![moved.clone()]), noon());
    assert!(board.slots[url].state.etag.is_some());
    moved.user_agent = Some("another".into());
    board.adopt(&config(vec![moved]), noon());
    assert_eq!(board.slots[url].state.etag, None);
}

#[test]
fn rule_12_by_hand_within_floors() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.settle(&job, &good());
    hall.pass(SignedDuration::from_secs(30));
    hall.board.refresh(&[], hall.now);
    assert!(hall.launch().is_empty(), "asked half a minute ago");
    hall.pass(SignedDuration::from_secs(31));
    hall.board.refresh(&["other".into()], hall.now);
    assert!(hall.launch().is_empty(), "another feed was meant");
    hall.board.refresh(&["https://one.org/".into()], hall.now);
    let job = hall.launch().remove(0);

    let wishes = crate::news::schedule::Wishes { retry_after: Some(Duration::from_secs(3600)), ..Default::default() };
    hall.settle(&job, &Polled::Refused { answer: Told { wishes, ..told(429) }, guard: None, is_rate_limit: false });
    hall.pass(MINUTE * 30);
    hall.board.refresh(&[], hall.now);
    assert!(hall.launch().is_empty(), "asked for an hour's patience");
    hall.pass(MINUTE * 31);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn rule_14_an_address_that_stands_twice_is_asked_once() {
    let mut hall = Hall::new(&[]);
    let both = config(vec![feed("b", "https://one.org/"), feed("a", "https://one.org/#top")]);
    let told = hall.board.adopt(&both, noon()).remove(0);
    assert_eq!(
        (&*told.feed, told.waits_for.as_deref()),
        ("a", Some("has the same address as b, which is asked for both"))
    );
    let job = hall.launch().remove(0);
    assert_eq!(&*job.feed.name, "b");
    hall.settle(&job, &good());
    hall.pass(MINUTE);
    assert!(hall.launch().is_empty());
    hall.board.adopt(&config(vec![feed("a", "https://one.org/")]), hall.now);
    assert_eq!(names(&hall.launch()), ["a"]);
}

#[test]
fn rule_16_patience_cools_the_whole_place_also_after_a_restart() {
    let urls = ["https://a.one.org/", "https://b.one.org/", "https://two.org/"];
    let mut hall = Hall::new(&urls);
    let jobs = hall.launch();
    let changed = hall.settle(&jobs[0], &Polled::Refused { answer: told(503), guard: None, is_rate_limit: false });
    assert_eq!(changed.len(), 2);
    assert_eq!(changed[0].next_check, changed[1].next_check);
    hall.pass(MINUTE * 14);
    assert!(hall.launch().is_empty());

    let mut again = Hall::with(&urls, vec![changed[0].clone()]);
    assert_eq!(names(&again.launch()), ["https://two.org/"]);
}

#[test]
fn rule_16_what_is_gone_stays_unasked_until_asked_by_hand() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    let state = hall.settle(&job, &Polled::Refused { answer: told(410), guard: None, is_rate_limit: false }).remove(0);
    assert!(state.is_stopped());
    hall.pass(MINUTE * 60 * 24 * 400);
    assert!(hall.launch().is_empty());
    hall.board.refresh(&[], hall.now);
    assert_eq!(hall.launch().len(), 1);
}

#[test]
fn rule_17_offline_is_told_from_failing() {
    let mut hall = Hall::new(&["https://a.org/", "https://b.org/", "https://c.org/", "https://d.org/"]);
    let jobs = hall.launch();
    let silent = Polled::Unreached(Trouble::Name);
    let counts: Vec<usize> = jobs.iter().map(|job| hall.settle(job, &silent).len()).collect();
    assert_eq!(counts, [1, 1, 3, 1], "the third silent place tells that it was the network before, too");
    for slot in hall.board.slots.values() {
        let FeedState { failures, trouble, next_check, .. } = &slot.state;
        assert_eq!((*failures, trouble.as_deref()), (0, Some("the network seems to be down")), "{}", slot.feed.name);
        assert!(next_check.unwrap() <= hall.now + MINUTE);
    }
    hall.pass(MINUTE * 2);
    let jobs = hall.launch();
    assert_eq!(jobs.len(), 4);
    hall.settle(&jobs[0], &silent);
    hall.settle(&jobs[1], &silent);
    assert_eq!(hall.settle(&jobs[2], &good())[0].failures, 0);
    let due = names(&hall.launch()).len();
    assert_eq!(due, 0, "their places are spaced");
    hall.pass(SignedDuration::from_secs(2));
    assert_eq!(hall.launch().len(), 2, "those whose silence was the network's are asked again at once");
    assert_eq!(hall.settle(&jobs[3], &silent)[0].failures, 1, "the network is up");
}

#[test]
fn rule_17_few_places_that_are_all_silent_are_not_counted_either() {
    let mut hall = Hall::new(&["https://a.org/", "https://b.org/"]);
    let jobs = hall.launch();
    let silent = Polled::Unreached(Trouble::Connect);
    assert_eq!(hall.settle(&jobs[0], &silent)[0].failures, 1, "the other may answer");
    let state = hall.settle(&jobs[1], &silent).remove(0);
    assert_eq!((state.failures, state.trouble.as_deref()), (0, Some("could not connect")));
}

#[test]
fn a_feed_that_was_removed_while_it_was_asked_has_no_news() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.board.adopt(&config(Vec::new()), hall.now);
    assert!(hall.settle(&job, &good()).is_empty());
    assert_eq!(hall.board.in_flight, 0);
}

#[test]
fn a_feed_that_was_disabled_keeps_its_time() {
    let mut hall = Hall::new(&["https://one.org/"]);
    let job = hall.launch().remove(0);
    hall.settle(&job, &good());
    hall.board.adopt(&config(Vec::new()), hall.now);
    hall.board.adopt(&config(vec![feed("https://one.org/", "https://one.org/")]), hall.now);
    hall.pass(MINUTE);
    assert!(hall.launch().is_empty());
}
