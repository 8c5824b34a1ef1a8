//! Lines for the reader of the screen, in the status line: passing ones, and what stands until it is put right.

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::event::{Effect, Urgency, move_back};

/// How long a passing notice stays, in seconds of the reader's own time.
const NOTICE_SECONDS: f64 = 8.0;

/// A line for the reader of the screen, in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence shown.
    pub text: String,
    /// Decides the colour.
    pub tone: Tone,
    /// None: until something better is known.
    pub until: Option<Timestamp>,
}

/// How a notice is meant, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something went as intended, or is merely good to know.
    Info,
    /// Something is wrong.
    Warning,
    /// What the reader set is not saved, because another newstape owns the data.
    NotSaved,
}

/// All that is to be said in the status line, but for moves and alerts.
#[derive(Debug, Default)]
pub struct Notices {
    /// What is said now.
    pub current: Option<Notice>,
    /// Nothing is known of the reader yet: where the config file is to be, as it is shown.
    pub greeting: Option<String>,
    /// The config file can't be used: stays until it can.
    pub config_mistake: Option<String>,
    /// The store can't be read or written, in one sentence.
    pub store_trouble: Option<String>,
    /// What was stored is gone or damaged: stays until the reader closes it.
    pub store_replaced: Option<String>,
    /// What was ignored in the config, and a task that ended though it should not: shown until put right, or until
    /// the reader closes it.
    config_warning: Option<String>,
    failure: Option<String>,
}

impl Notices {
    /// Says something until a time.
    fn say(&mut self, tone: Tone, text: String, until: Timestamp) {
        self.current = Some(Notice { text, tone, until: Some(until) });
    }

    /// A passing notice gives way to what stands: first what failed, then what is wrong in the config.
    pub fn pass(&mut self) {
        let standing = self.failure.as_ref().or(self.config_warning.as_ref());
        self.current = standing.map(|text| Notice { text: text.clone(), tone: Tone::Warning, until: None });
    }

    /// When the one that is said now passes; None: not by itself.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.current.as_ref().and_then(|notice| notice.until)
    }

    /// The reader has seen what stands.
    pub fn dismiss(&mut self) {
        let Notices { config_mistake, store_trouble, .. } = std::mem::take(self);
        *self = Notices { config_mistake, store_trouble, ..Notices::default() };
    }

    /// What was ignored in the configuration in use. A notice that passes is read to its end first.
    pub fn set_config_warning(&mut self, warning: Option<String>) {
        self.config_warning = warning;
        if self.ends_at().is_none() {
            self.pass();
        }
    }

    /// Part of the current configuration was ignored.
    pub fn has_config_warning(&self) -> bool {
        self.config_warning.is_some()
    }

    /// A task ended though it should not: one sentence.
    pub fn task_failed(&mut self, sentence: String) -> Vec<Effect> {
        self.failure = Some(sentence);
        self.pass();
        vec![Effect::Draw(Urgency::News)]
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.current.as_mut().and_then(|notice| notice.until.as_mut()), by);
    }
}

impl App {
    /// A replay's clock runs faster than the reader's.
    pub(super) fn speed(&self) -> f64 {
        self.replay.map_or(1.0, |position| position.speed)
    }

    /// Says something for a while.
    pub(super) fn notify(&mut self, tone: Tone, text: String) -> Vec<Effect> {
        let time = SignedDuration::try_from_secs_f64(NOTICE_SECONDS * self.speed()).unwrap_or(SignedDuration::MAX);
        self.notices.say(tone, text, self.now.checked_add(time).unwrap_or(Timestamp::MAX));
        self.look_ahead();
        vec![Effect::Draw(Urgency::Key)]
    }

    /// The reader has seen what stands.
    pub(super) fn dismiss_notice(&mut self) {
        self.notices.dismiss();
        self.movers.dismiss();
        self.alerts.dismiss();
    }
}
