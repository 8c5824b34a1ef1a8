//! Lines for the reader of the screen, in the status line: passing ones, and what stands until it is put right.

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::event::{Effect, Urgency};

/// How long a passing notice stays, in seconds of the reader's own time.
const NOTICE_SECONDS: f64 = 8.0;

/// A line for the reader of the screen, in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub tone: Tone,
    /// None: until something better is known.
    pub until: Option<Timestamp>,
}

/// How a notice is meant, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Warning,
    /// What the reader set is not saved, because another newstape owns the data.
    NotSaved,
}

impl App {
    /// A replay's clock runs faster than the reader's.
    pub(super) fn speed(&self) -> f64 {
        self.replay.map_or(1.0, |position| position.speed)
    }

    /// Says something for a while.
    pub(super) fn notify(&mut self, tone: Tone, text: String) -> Vec<Effect> {
        let time = SignedDuration::try_from_secs_f64(NOTICE_SECONDS * self.speed()).unwrap_or(SignedDuration::MAX);
        let until = self.now.checked_add(time).unwrap_or(Timestamp::MAX);
        self.notice = Some(Notice { text, tone, until: Some(until) });
        self.look_ahead();
        vec![Effect::Draw(Urgency::Key)]
    }

    /// A passing notice gives way to what stands: first what failed, then what is wrong in the config.
    pub(super) fn pass_notice(&mut self) {
        let standing = self.failure.as_ref().or(self.config_warning.as_ref());
        self.notice = standing.map(|text| Notice { text: text.clone(), tone: Tone::Warning, until: None });
    }

    /// The reader has seen what stands.
    pub(super) fn dismiss_notice(&mut self) {
        self.failure = None;
        self.store_replaced = None;
        self.greeting = None;
        self.config_warning = None;
        self.notice = None;
        self.movers.dismiss();
        self.alerts.dismiss();
    }
}
