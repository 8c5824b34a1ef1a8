//! What an answer means for a feed: its next state.

use jiff::{SignedDuration, Timestamp};

use super::moved;
use super::poll_outcome::{PollOutcome, Report, ResponseMeta};
use super::repair::Repair;
use super::schedule::{self, Case, Disposition, Pace, Plan};
use crate::domain::feed::{Attempt, FeedState, MoveNews, NextCheck, Trouble, WaitReason};
use crate::http::{HttpError, is_same_resource};

/// How soon the configured address is tried when a learned one has failed.
const BACK: SignedDuration = SignedDuration::from_mins(1);

/// Whose fault a silence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Others answer.
    Up,
    /// There are too few others to tell, and none of them answers.
    Unknown,
    /// Nobody answers.
    Down,
}

/// Under what circumstances a poll ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub pace: Pace,
    pub now: Timestamp,
    pub network: Network,
    /// How often in a row its site has asked for patience, this time too.
    pub patience: u32,
    /// Between -1 and 1.
    pub chance: f64,
}

/// The state of a feed after a poll.
pub(crate) fn after_poll(before: &FeedState, report: &Report, at: &Circumstances) -> FeedState {
    let mut state = before.clone();
    let polled = &report.polled;
    let is_back = moved::is_taken_back(&mut state, polled);
    let disposition = match polled.disposition() {
        _ if polled.is_silence() && at.network == Network::Down => Disposition::Offline,
        // It was the learned address that is gone.
        Disposition::Gone if is_back => Disposition::Failed,
        disposition => disposition,
    };
    state.history.last_attempt = Some(at.now);
    state.history.status = polled.response().map(|answer| answer.status);
    state.history.was_reached =
        !polled.is_silence() && !matches!(polled, PollOutcome::Unreached(HttpError::Timeout(_)));
    state.history.trouble = polled.trouble();
    match disposition {
        Disposition::Good => {
            state.history.last_success = Some(at.now);
            state.history.failures = 0;
        }
        // Not the feed's fault.
        Disposition::Offline => state.history.trouble = Some(Trouble::Offline),
        _ if polled.is_silence() && at.network == Network::Unknown => {}
        _ => state.history.failures = state.history.failures.saturating_add(1),
    }
    remember(&mut state, polled);
    let news = moved::learn(&mut state, &report.asked, polled);
    note(&mut state, report, at.now, news);
    let wishes = polled.response().map(|answer| answer.wishes).unwrap_or_default();
    let Circumstances { pace, now, patience, chance, .. } = *at;
    let failures = state.history.failures.max(u32::from(disposition != Disposition::Good));
    let case = Case { pace, disposition, failures, patience, wishes: &wishes, rhythm: &state.rhythm, now, chance };
    let plan = schedule::plan(&case);
    schedule(&mut state, plan, is_back.then_some(now));
    state
}

fn schedule(state: &mut FeedState, plan: Plan, back: Option<Timestamp>) {
    let back = back.and_then(|now| now.checked_add(BACK).ok());
    let (next, why) = match back {
        Some(soon) => (NextCheck::At(soon), WaitReason::Back),
        None => (plan.next, plan.why),
    };
    let schedule = &mut state.schedule;
    schedule.next_check = next;
    (schedule.wished_until, schedule.cool_until) = (plan.wished_until, plan.cool_until);
    schedule.wait_for(Some(match why {
        WaitReason::RateLimited(_) => WaitReason::RateLimited(state.history.status),
        why => why,
    }));
}

fn note(state: &mut FeedState, report: &Report, at: Timestamp, moved: Option<MoveNews>) {
    let attempt = Attempt {
        at,
        status: state.history.status,
        conditional: report.is_conditional,
        millis: report.millis,
        bytes: report.bytes,
        result: report.polled.result(),
        moved,
    };
    state.history.attempts.insert(0, attempt);
    state.history.attempts.truncate(FeedState::ATTEMPTS_MAX);
}

/// Validators and repairs: from a document that could be read, and from a 304.
fn remember(state: &mut FeedState, polled: &PollOutcome) {
    match polled {
        // Its validators would make the beginning count as the whole.
        PollOutcome::Read { known, repairs, cut: Some(_), .. } => {
            state.known = known.clone();
            state.history.repairs.clone_from(repairs);
            state.cache.drop_validators();
        }
        PollOutcome::Read { answer, known, repairs, rhythm, body, .. } => {
            state.known = known.clone();
            state.history.repairs.clone_from(repairs);
            state.rhythm.clone_from(rhythm.as_ref());
            state.cache.body = Some(*body);
            validators(state, answer);
        }
        PollOutcome::Same { answer } => {
            state.rhythm.max_age = answer.wishes.max_age;
            validators(state, answer);
        }
        PollOutcome::NotModified { answer } => {
            state.history.not_modified = state.history.not_modified.saturating_add(1);
            state.rhythm.max_age = answer.wishes.max_age.or(state.rhythm.max_age);
            if state.cache.validators_of.as_ref().is_some_and(|of| !is_same_resource(of, &answer.url)) {
                // Another address says that it has not changed: that says nothing about this document.
                state.cache.drop_validators();
                return;
            }
            // A 304 need not repeat what has not changed.
            state.cache.etag = answer.etag.clone().or(state.cache.etag.take());
            state.cache.last_modified = answer.last_modified.clone().or(state.cache.last_modified.take());
        }
        // Kept, they would earn a 304 for ever, and the document would never be seen.
        PollOutcome::Unreadable { .. } => state.cache.drop_validators(),
        PollOutcome::Refused { .. } | PollOutcome::Unreached(_) => {}
    }
}

fn validators(state: &mut FeedState, answer: &ResponseMeta) {
    state.cache.etag.clone_from(&answer.etag);
    state.cache.last_modified.clone_from(&answer.last_modified);
    // A beginning that came as if it were whole: the next answer may have the entry that it breaks off in.
    let truncated = <&'static str>::from(Repair::Truncated);
    if state.history.repairs.iter().any(|repair| repair == truncated) {
        (state.cache.etag, state.cache.last_modified) = (None, None);
    }
    state.cache.validators_of = Some(answer.url.clone());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::Unreadable;
    use super::super::schedule::Wishes;
    use super::*;
    use crate::domain::feed::{PollResult, Rhythm};

    const PACE: Pace =
        Pace { interval: Duration::from_mins(10), is_own: false, floor: Duration::from_mins(1), is_primary: false };

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn head(status: u16, etag: Option<&str>, last_modified: Option<&str>) -> ResponseMeta {
        ResponseMeta {
            status,
            url: "u".into(),
            etag: etag.map(Into::into),
            last_modified: last_modified.map(Into::into),
            ..ResponseMeta::default()
        }
    }

    fn read(answer: ResponseMeta) -> PollOutcome {
        PollOutcome::Read {
            answer,
            stories: Vec::new(),
            known: Arc::default(),
            repairs: vec!["bare-ampersand".into()],
            rhythm: Box::new(Rhythm { skip_days: vec![6], ..Rhythm::default() }),
            entries: 41,
            killed: 0,
            body: 7,
            cut: None,
        }
    }

    fn refused(status: u16) -> PollOutcome {
        PollOutcome::Refused { answer: head(status, None, None), guard: None, is_rate_limit: false }
    }

    fn after_under(before: &FeedState, polled: &PollOutcome, network: Network) -> FeedState {
        let report =
            Report { asked: "u".into(), is_conditional: true, millis: 12, bytes: 3400, polled: polled.clone() };
        after_poll(before, &report, &Circumstances { pace: PACE, now: now(), network, patience: 1, chance: 0.0 })
    }

    fn after(before: &FeedState, polled: &PollOutcome) -> FeedState {
        after_under(before, polled, Network::Up)
    }

    fn known() -> FeedState {
        after(&FeedState::new("Paper".into(), "u".into()), &read(head(200, Some("W/\"a\""), Some("yesterday"))))
    }

    #[test]
    fn validators_are_kept_verbatim() {
        let state = known();
        assert_eq!(
            (state.cache.etag.as_deref(), state.cache.last_modified.as_deref()),
            (Some("W/\"a\""), Some("yesterday"))
        );
        assert_eq!((state.history.failures, state.history.trouble, state.history.repairs.len()), (0, None, 1));
    }

    #[test]
    fn a_document_that_breaks_off_is_asked_for_whole_the_next_time() {
        let PollOutcome::Read { answer, known, rhythm, .. } = read(head(200, Some("\"a\""), Some("today"))) else {
            return;
        };
        let cut = PollOutcome::Read {
            answer,
            known,
            rhythm,
            stories: Vec::new(),
            repairs: vec!["truncated".into()],
            entries: 3,
            killed: 0,
            body: 9,
            cut: None,
        };
        let state = after(&self::known(), &cut);
        assert_eq!((state.cache.etag, state.cache.last_modified, state.history.failures), (None, None, 0));
    }

    #[test]
    fn validators_are_replaced_by_each_answer_each_for_itself() {
        let not_modified = |etag, date| after(&known(), &PollOutcome::NotModified { answer: head(304, etag, date) });
        let validators = |state: FeedState| (state.cache.etag.unwrap(), state.cache.last_modified.unwrap());
        assert_eq!(validators(not_modified(Some("\"b\""), None)), ("\"b\"".into(), "yesterday".into()));
        assert_eq!(validators(not_modified(None, Some("today"))), ("W/\"a\"".into(), "today".into()));
        assert_eq!(validators(not_modified(None, None)), ("W/\"a\"".into(), "yesterday".into()));
        assert_eq!(not_modified(None, None).history.not_modified, 1);
    }

    #[test]
    fn the_same_body_still_brings_its_new_validators() {
        let state = after(&known(), &PollOutcome::Same { answer: head(200, Some("\"c\""), None) });
        assert_eq!((state.cache.etag.as_deref(), state.cache.last_modified), (Some("\"c\""), None));
        assert_eq!((state.history.repairs.len(), state.cache.body), (1, Some(7)));
    }

    #[test]
    fn validators_of_what_could_not_be_read_are_dropped() {
        let polled = PollOutcome::Unreadable { answer: head(200, Some("\"x\""), None), why: Unreadable::WebPage };
        let state = after(&known(), &polled);
        assert_eq!(
            (state.cache.etag, state.cache.last_modified, state.cache.body, state.history.failures),
            (None, None, None, 1)
        );
        assert_eq!(
            state.history.trouble.as_ref().map(ToString::to_string).as_deref(),
            Some("it is a web page, not a feed")
        );
    }

    #[test]
    fn an_answer_without_validators_clears_them() {
        let bare = after(&known(), &read(head(200, None, None)));
        assert_eq!((bare.cache.etag, bare.cache.last_modified), (None, None));
    }

    #[test]
    fn a_304_of_another_address_says_nothing_about_this_document() {
        let answer =
            |url: &str| PollOutcome::NotModified { answer: ResponseMeta { url: url.into(), ..head(304, None, None) } };
        assert!(after(&known(), &answer("u?signature=2")).cache.etag.is_some());
        let state = after(&known(), &answer("v"));
        assert_eq!((state.cache.etag, state.cache.last_modified, state.cache.body), (None, None, None));
    }

    #[test]
    fn a_304_keeps_the_max_age_of_the_document_or_brings_its_own() {
        let answer = |status, max_age: Option<u64>| {
            let max_age = max_age.map(Duration::from_secs);
            ResponseMeta {
                wishes: Wishes { max_age, fresh_for: max_age, ..Wishes::default() },
                ..head(status, None, None)
            }
        };
        let not_modified =
            |before: &FeedState, max_age| after(before, &PollOutcome::NotModified { answer: answer(304, max_age) });
        let fresh = after(&known(), &PollOutcome::Same { answer: answer(200, Some(1800)) });
        let minutes = |state: &FeedState| state.schedule.next_check.time().unwrap().duration_since(now()).as_mins();
        assert_eq!(minutes(&fresh), 30);
        let again = not_modified(&fresh, None);
        assert_eq!(minutes(&again), 30);
        assert_eq!(again.schedule.clause().as_deref(), Some("its server asks for 30 min (max-age)"));
        assert_eq!(minutes(&not_modified(&again, Some(3600))), 60);
        assert_eq!(minutes(&not_modified(&again, Some(0))), 10);
    }

    #[test]
    fn the_beginning_of_a_document_is_worth_its_entries_but_is_not_the_whole() {
        let mut polled = read(head(200, Some("\"x\""), None));
        if let PollOutcome::Read { cut, .. } = &mut polled {
            *cut = Some(HttpError::Broken);
        }
        let state = after(&known(), &polled);
        assert_eq!((state.cache.etag, state.cache.body, state.history.failures), (None, None, 1));
        assert_eq!(
            state.history.trouble.as_ref().map(ToString::to_string).as_deref(),
            Some("the answer broke off; what came was read: 41 entries")
        );
    }

    #[test]
    fn each_status_has_its_sentence_and_its_patience() {
        for (status, sentence, minutes) in [
            (401, "wants a login; set or correct 'login' in its entry in the config (401)", Some(1440)),
            (402, "wants to be paid; 'login' or 'headers' in its entry in the config may open it (402)", Some(1440)),
            (403, "refused (403)", Some(60)),
            (404, "not found; its address may have changed (404)", Some(10)),
            (407, "its proxy wants a login; set it in 'proxy' in its entry in the config (407)", Some(1440)),
            (410, "gone for good; it is not asked any more (410)", None),
            (429, "asked for patience (429)", Some(15)),
            (500, "server error (500)", Some(10)),
            (503, "out of service for now (503)", Some(15)),
            (418, "unexpected answer (418)", Some(10)),
        ] {
            let state = after(&known(), &refused(status));
            assert_eq!(state.history.trouble.as_ref().map(ToString::to_string).as_deref(), Some(sentence));
            let at = |minutes| NextCheck::At(now() + jiff::SignedDuration::from_mins(minutes));
            assert_eq!(state.schedule.next_check, minutes.map_or(NextCheck::Never, at), "{status}");
            assert_eq!((state.history.status, state.history.failures), (Some(status), 1));
            assert_eq!(
                state.cache.etag.as_deref(),
                Some("W/\"a\""),
                "the last good document is still the last good one"
            );
        }
        assert_eq!(
            after(&known(), &refused(429)).schedule.clause().as_deref(),
            Some("its site asked for patience (429)")
        );
    }

    #[test]
    fn a_403_for_haste_is_a_wish_for_patience() {
        let retry_after = Wishes { retry_after: Some(Duration::from_mins(1)), ..Wishes::default() };
        for (wishes, is_rate_limit, expected) in [
            (Wishes::default(), false, Disposition::Refused),
            (Wishes::default(), true, Disposition::RateLimited),
            (retry_after, false, Disposition::RateLimited),
        ] {
            let answer = ResponseMeta { wishes, ..head(403, None, None) };
            assert_eq!(PollOutcome::Refused { answer, guard: None, is_rate_limit }.disposition(), expected);
        }
    }

    #[test]
    fn a_network_that_is_down_counts_against_no_feed() {
        let silent = PollOutcome::Unreached(HttpError::Name);
        let state = after_under(&known(), &silent, Network::Down);
        assert_eq!(
            (state.history.failures, state.history.trouble.as_ref().map(ToString::to_string).as_deref()),
            (0, Some("the network seems to be down"))
        );
        let state = after_under(&known(), &silent, Network::Unknown);
        assert_eq!(
            (state.history.failures, state.schedule.next_check),
            (0, NextCheck::At(now() + SignedDuration::from_mins(10)))
        );
        assert_eq!(state.history.trouble, Some(Trouble::Unreached(HttpError::Name)));
        let state = after_under(&known(), &PollOutcome::Unreached(HttpError::Broken), Network::Down);
        assert_eq!(
            (state.history.failures, state.history.trouble.as_ref().map(ToString::to_string).as_deref()),
            (1, Some("the answer broke off"))
        );
    }

    #[test]
    fn the_last_ten_attempts_are_remembered_the_newest_first() {
        let state = known();
        let expected = Attempt {
            at: now(),
            status: Some(200),
            conditional: true,
            millis: 12,
            bytes: 3400,
            result: PollResult::Read { entries: 41, killed: 0 },
            moved: None,
        };
        assert_eq!(state.history.attempts, [expected]);
        let polled = [
            (PollOutcome::Same { answer: head(200, None, None) }, "the same document"),
            (PollOutcome::NotModified { answer: head(304, None, None) }, "unchanged"),
            (refused(500), "server error (500)"),
            (PollOutcome::Unreached(HttpError::Broken), "the answer broke off"),
        ];
        let mut state = state;
        for (polled, what) in &polled {
            state = after(&state, polled);
            assert_eq!(state.history.attempts[0].clause(), *what);
        }
        assert_eq!(state.history.attempts[0].status, None);
        (0..20).for_each(|_| state = after(&state, &refused(500)));
        assert_eq!(state.history.attempts.len(), FeedState::ATTEMPTS_MAX);
    }

    #[test]
    fn why_it_waits_is_always_told() {
        for (polled, why) in [
            (PollOutcome::NotModified { answer: head(304, None, None) }, "asked every 10 min"),
            (refused(403), "its site refused; asked again after a while"),
            (refused(404), "it failed once"),
            (refused(410), "not asked any more: it is gone for good"),
            (refused(401), "its settings must change first; asked again once a day"),
        ] {
            assert_eq!(after(&known(), &polled).schedule.clause().as_deref(), Some(why), "{polled:?}");
        }
    }
}
