//! Moves for good: when a feed is asked at a new address, and when no longer. Pure.
//!
//! Servers say 301 or 308 by mistake, too: captive portals, expired domains, a redesign that sends everything to the
//! home page. So a move is believed after three answers in a row that tell the same, when every step was for good and
//! a feed was at its end; never to another registrable domain, where somebody else may have come to live.

use url::Url;

use super::poll_outcome::{PollOutcome, ResponseMeta};
use super::schedule::Disposition;
use super::site::Site;
use crate::domain::feed::{AnnouncedMove, FeedState, MoveNews, Moves};
use crate::http::HttpError;

/// How often in a row the same move must be announced.
const TIMES: u32 = 3;

/// Takes in what an answer says about moves; gives what there is to report.
pub(crate) fn learn(state: &mut FeedState, asked: &str, polled: &PollOutcome) -> Option<MoveNews> {
    let response = polled.response()?;
    let Some(target) = target(asked, response).filter(|_| polled.disposition() == Disposition::Good) else {
        state.moves.announced = None;
        return None;
    };
    let times = match state.moves.announced.take() {
        Some(before) if before.to == target => before.times.saturating_add(1),
        _ => 1,
    };
    if times < TIMES {
        state.moves.announced = Some(AnnouncedMove { to: target, times });
        return Some(MoveNews::Announced { times, needed: TIMES });
    }
    let host = Url::parse(&target).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    // A move back to where it is configured needs no memory.
    state.moves.learned = (target != state.url).then_some(target);
    Some(MoveNews::Learned { host })
}

/// Where a feed has moved for good by this answer, if it is to be believed when announced often enough.
fn target(asked: &str, response: &ResponseMeta) -> Option<String> {
    let (from, to) = (Url::parse(asked).ok()?, Url::parse(&response.url).ok()?);
    let for_good = !response.hops.is_empty() && response.hops.iter().all(|status| matches!(status, 301 | 308));
    let is_home_page = to.path() == "/" && to.query().is_none();
    let is_downgrade = from.scheme() == "https" && to.scheme() == "http";
    let is_ours = to.username().is_empty() && to.password().is_none();
    let believed = for_good && is_ours && !is_home_page && !is_downgrade && from != to;
    (believed && Site::of(asked) == Site::of(&response.url)).then(|| to.into())
}

/// Forgets a learned address that does not answer any more, or says that nothing is there. True when it did: the
/// configured address is to be tried again.
pub(crate) fn is_taken_back(state: &mut FeedState, polled: &PollOutcome) -> bool {
    let is_dead = match polled {
        PollOutcome::Refused { answer, .. } => matches!(answer.status, 404 | 410),
        PollOutcome::Unreached(trouble) => *trouble == HttpError::Name,
        _ => false,
    };
    if !is_dead || state.moves.learned.is_none() {
        return false;
    }
    state.moves = Moves::default();
    state.cache.drop_validators();
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OLD: &str = "http://feeds.example.org/old";
    const NEW: &str = "https://www.example.org/new";

    fn state() -> FeedState {
        FeedState::new("Paper".into(), OLD.into())
    }

    fn answer(hops: &[u16], url: &str) -> PollOutcome {
        PollOutcome::NotModified {
            answer: ResponseMeta { status: 304, hops: hops.to_vec(), url: url.into(), ..ResponseMeta::default() },
        }
    }

    #[test]
    fn a_move_is_learned_after_three_answers_that_tell_the_same() {
        let mut state = state();
        let news = learn(&mut state, OLD, &answer(&[301], NEW)).unwrap();
        assert_eq!(news, MoveNews::Announced { times: 1, needed: 3 });
        learn(&mut state, OLD, &answer(&[301, 308], NEW));
        assert_eq!(state.moves.learned, None);
        let news = learn(&mut state, OLD, &answer(&[308], NEW)).unwrap();
        assert_eq!(news, MoveNews::Learned { host: "www.example.org".into() });
        assert_eq!((state.moves.learned.as_deref(), &state.moves.announced), (Some(NEW), &None));
    }

    #[test]
    fn a_row_is_broken_by_any_other_answer_but_not_by_none() {
        let mut state = state();
        let other = "https://www.example.org/other";
        for (polled, times) in [
            (answer(&[301], NEW), 1),
            (answer(&[301], NEW), 2),
            (answer(&[301], other), 1),
            (answer(&[301], other), 2),
            (PollOutcome::Unreached(HttpError::Broken), 2),
            (answer(&[302], other), 0),
            (answer(&[301], other), 1),
            (answer(&[], OLD), 0),
        ] {
            learn(&mut state, OLD, &polled);
            assert_eq!(state.moves.announced.as_ref().map_or(0, |announced| announced.times), times, "{polled:?}");
        }
    }

    #[test]
    fn what_is_never_believed() {
        for (from, hops, to) in [
            (OLD, &[302][..], NEW),
            (OLD, &[301, 302], NEW),
            (OLD, &[307, 308], NEW),
            (OLD, &[301], "https://www.example.net/new"),
            (OLD, &[301], "https://www.example.org/"),
            (OLD, &[301], "https://user:pass@www.example.org/new"),
            (NEW, &[301], "http://www.example.org/new"),
            ("http://127.0.0.1:8000/feed", &[301], "http://127.0.0.1:9000/feed"),
            (OLD, &[301], OLD),
        ] {
            let mut state = state();
            (0..5).for_each(|_| drop(learn(&mut state, from, &answer(hops, to))));
            assert_eq!(state.moves, Moves::default(), "{from} {hops:?} {to}");
        }
        let mut state = state();
        let response = ResponseMeta { status: 200, hops: vec![301], url: NEW.into(), ..ResponseMeta::default() };
        let page = PollOutcome::Unreadable { answer: response, why: crate::news::Unreadable::WebPage };
        (0..5).for_each(|_| drop(learn(&mut state, OLD, &page)));
        assert_eq!(state.moves, Moves::default(), "an answer that is a web page");
    }

    #[test]
    fn a_learned_address_that_fails_gives_way_to_the_configured_one() {
        let refused = |status| PollOutcome::Refused {
            answer: ResponseMeta { status, ..ResponseMeta::default() },
            guard: None,
            is_rate_limit: false,
        };
        for (polled, expected) in [
            (refused(404), true),
            (refused(410), true),
            (PollOutcome::Unreached(HttpError::Name), true),
            (refused(500), false),
            (PollOutcome::Unreached(HttpError::Connect), false),
        ] {
            let mut state = state();
            (state.moves.learned, state.cache.etag) = (Some(NEW.into()), Some("\"a\"".into()));
            assert_eq!(is_taken_back(&mut state, &polled), expected, "{polled:?}");
            assert_eq!((state.moves.learned.is_none(), state.cache.etag.is_none()), (expected, expected));
        }
        assert!(!is_taken_back(&mut state(), &refused(404)), "nothing was learned");
    }
}
