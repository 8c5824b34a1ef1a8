//! The chart's cursor, the bar chosen in it: stepping along the bars, and going between a story and its bar.

use jiff::Timestamp;

use super::hit_map::Bar;
use super::why::Asked;
use super::{App, Focus, Tone};
use crate::event::Effect;

/// Which bar of the chart is chosen. The choice outlives a visit to another panel, and counts only while the keys go to the
/// prices.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ChartCursor {
    /// A time within the bar, or its start.
    time: Option<Timestamp>,
}

impl ChartCursor {
    /// The time of the chosen bar, while the keys go to the prices.
    pub(super) fn time(self, focus: Focus) -> Option<Timestamp> {
        self.time.filter(|_| focus == Focus::Tape)
    }

    /// Chooses the bar of a time.
    fn choose(&mut self, time: Timestamp) {
        self.time = Some(time);
    }

    /// No bar is chosen any more.
    pub(super) fn clear(&mut self) {
        self.time = None;
    }

    /// Moves so many bars on; the first step chooses the newest. False: there are no bars.
    fn step(&mut self, bars: &[Bar], by: isize, focus: Focus) -> bool {
        let Some(last) = bars.len().checked_sub(1) else { return false };
        let at = self.time(focus).map_or(last, |time| place(bars, time).saturating_add_signed(by).min(last));
        self.choose(bars[at].from);
        true
    }

    /// Moves to the next bar with stories, or the one before. False: there is none.
    fn step_marked(&mut self, bars: &[Bar], forward: bool, focus: Focus) -> bool {
        let at = self.time(focus).map(|time| place(bars, time));
        let marked = |at: &usize| bars[*at].stories > 0;
        let found = match forward {
            true => (at.map_or(0, |at| at + 1)..bars.len()).find(marked),
            false => (0..at.unwrap_or(bars.len())).rev().find(marked),
        };
        found.inspect(|at| self.choose(bars[*at].from)).is_some()
    }

    /// From when to when the chosen bar lasts; where it is not on the chart, from its time on.
    fn period(self, bars: &[Bar], focus: Focus) -> Option<(Timestamp, Option<Timestamp>)> {
        let time = self.time(focus)?;
        let bar = bars.get(place(bars, time));
        Some(bar.map_or((time, None), |bar| (bar.from, Some(bar.to))))
    }
}

impl App {
    /// The time of the bar chosen in the chart, while the keys go there.
    pub fn bar(&self) -> Option<Timestamp> {
        self.chart_cursor.time(self.arrangement.focus)
    }

    /// The time of the story that the reader shows, where its bar is on the chart.
    pub fn bar_of_story(&self) -> Option<Timestamp> {
        let charted = self.tape.charted()?;
        let item = self.wire.current_item().filter(|item| item.tagged.symbols().contains(&charted))?;
        Some(item.story.time())
    }

    /// Steps along the bars of the chart; the first step chooses the newest.
    pub(super) fn step_bar(&mut self, by: isize) -> Vec<Effect> {
        match self.chart_cursor.step(&self.seen.bars, by, self.arrangement.focus) {
            true => self.focus_on(Focus::Tape),
            false => self.notify(Tone::Info, "there is no chart here".into()),
        }
    }

    /// To the next bar with stories, or the one before.
    pub(super) fn step_marked(&mut self, forward: bool) -> Vec<Effect> {
        match self.chart_cursor.step_marked(&self.seen.bars, forward, self.arrangement.focus) {
            true => self.focus_on(Focus::Tape),
            false => self.notify(Tone::Info, "no more bars with a story".into()),
        }
    }

    /// Chooses a bar, and turns the keys to it.
    pub(super) fn choose_bar(&mut self, from: Timestamp) -> Vec<Effect> {
        self.chart_cursor.choose(from);
        self.focus_on(Focus::Tape)
    }

    /// The move of the chosen bar, to be asked about.
    pub(super) fn chosen_bar(&self) -> Option<Asked> {
        let (begun, ended) = self.chart_cursor.period(&self.seen.bars, self.arrangement.focus)?;
        Some(Asked { symbol: self.tape.charted()?, begun, ended, level: None })
    }

    /// Shows the story on the chart of the symbol closest to it.
    pub(super) fn show_on_chart(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        let Some(item) = self.wire.current_item() else { return self.notify(Tone::Info, "no story here".into()) };
        let (time, symbols) = (item.story.time(), item.tagged.symbols());
        let charted = self.tape.charted().filter(|charted| symbols.contains(charted));
        let Some(symbol) = charted.or_else(|| item.tagged.closest().first().cloned()) else {
            return self.notify(Tone::Info, "no symbol of the watchlist is bound to this story".into());
        };
        self.tape.select(&symbol);
        self.choose_bar(time);
        self.chart_turned()
    }
}

/// The bar that a time falls in, or the one after it.
fn place(bars: &[Bar], time: Timestamp) -> usize {
    bars.partition_point(|bar| bar.to <= time).min(bars.len().saturating_sub(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::Popup;
    use crate::app::hit_map::HitMap;
    use crate::app::samples::{Desk, minute, seen, titled};

    /// Ten bars of a minute, stories in the third and the seventh.
    fn bars() -> Vec<Bar> {
        let bar = |at: i64| Bar {
            x: at as u16,
            from: minute(at - 10),
            to: minute(at - 9),
            stories: usize::from(matches!(at, 2 | 6)),
        };
        (0..10).map(bar).collect()
    }

    #[test]
    fn steps_begin_at_the_newest_bar_and_end_at_the_ends() {
        let (bars, mut cursor) = (bars(), ChartCursor::default());
        for (by, expected) in [(-1, -1), (-2, -3), (1, -2), (5, -1), (-20, -10)] {
            assert!(cursor.step(&bars, by, Focus::Tape));
            assert_eq!(cursor.time(Focus::Tape), Some(minute(expected)), "by {by}");
        }
        assert!(!ChartCursor::default().step(&[], 1, Focus::Tape), "no bars, no step");
    }

    #[test]
    fn steps_to_stories_stop_where_there_are_no_more() {
        let (bars, mut cursor) = (bars(), ChartCursor::default());
        for (forward, is_found, expected) in
            [(true, true, -8), (true, true, -4), (true, false, -4), (false, true, -8), (false, false, -8)]
        {
            assert_eq!(cursor.step_marked(&bars, forward, Focus::Tape), is_found);
            assert_eq!(cursor.time(Focus::Tape), Some(minute(expected)), "forward: {forward}");
        }
    }

    #[test]
    fn the_choice_waits_while_the_keys_go_elsewhere() {
        let (bars, mut cursor) = (bars(), ChartCursor::default());
        cursor.choose(minute(-8));
        assert_eq!((cursor.time(Focus::Wire), cursor.period(&bars, Focus::Reader)), (None, None));
        assert_eq!(cursor.period(&bars, Focus::Tape), Some((minute(-8), Some(minute(-7)))));
        assert_eq!(cursor.period(&[], Focus::Tape), Some((minute(-8), None)), "its bar is not on the chart");
        assert!(cursor.step(&bars, -1, Focus::Wire));
        assert_eq!(cursor.time(Focus::Tape), Some(minute(-1)), "a step from elsewhere begins anew");
        cursor.clear();
        assert_eq!(cursor.time(Focus::Tape), None);
    }

    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.stories([titled(1, -8, "Nvidia opens a plant"), titled(2, -4, "Nvidia sells a plant")]);
        draw(&mut desk);
        desk.press("tab tab");
        draw(&mut desk);
        desk
    }

    fn draw(desk: &mut Desk) {
        desk.app.record_hit_map(HitMap { bars: bars(), ..seen() });
    }

    fn press(desk: &mut Desk, keys: &str) {
        for key in keys.split_whitespace() {
            desk.press(key);
            draw(desk);
        }
    }

    #[test]
    fn bars_are_chosen_with_the_keys() {
        let mut desk = desk();
        let cases = [
            ("right", -1),
            ("left left", -3),
            ("N", -4),
            ("N", -8),
            ("n", -4),
            ("left left left left left left left left", -10),
            ("right", -9),
        ];
        for (keys, expected) in cases {
            press(&mut desk, keys);
            assert_eq!(desk.app.bar(), Some(minute(expected)), "after {keys}");
        }
        press(&mut desk, "esc");
        assert_eq!((desk.app.bar(), desk.app.arrangement.focus), (None, Focus::Tape), "the bar is let go first");
    }

    #[test]
    fn a_story_is_found_on_the_chart_and_the_stories_of_a_bar_by_it() {
        let mut desk = desk();
        press(&mut desk, "esc j j c");
        assert_eq!((desk.app.bar(), desk.app.arrangement.focus), (Some(minute(-8)), Focus::Tape));
        press(&mut desk, "enter");
        assert!(matches!(desk.app.popup, Some(Popup::Why { .. })));
        assert_eq!(
            desk.app.popup.as_ref().and_then(Popup::asked).map(|asked| (asked.begun, asked.ended)),
            Some((minute(-8), Some(minute(-7))))
        );
        assert_eq!(
            desk.app.causes(desk.app.popup.as_ref().and_then(Popup::asked).unwrap())[0].item.story.id.0,
            1,
            "the story of the bar comes first"
        );
    }
}
