//! The bar chosen in the chart: stepping along it, and going between a story and its bar.

use jiff::Timestamp;

use super::hit_map::Bar;
use super::why::Asked;
use super::{App, Focus, Tone, drawn};
use crate::event::Effect;

impl App {
    /// The time of the bar chosen in the chart, while the keys go there.
    pub fn bar(&self) -> Option<Timestamp> {
        self.bar.filter(|_| self.arrangement.focus == Focus::Tape)
    }

    /// The time of the story that the reader shows, where its bar is on the chart.
    pub fn bar_of_story(&self) -> Option<Timestamp> {
        let charted = self.charted()?;
        let item = self.wire.current_item().filter(|item| item.tagged.symbols().contains(&charted))?;
        Some(item.story.time())
    }

    /// Steps along the bars of the chart; the first step chooses the newest.
    pub(super) fn step_bar(&mut self, by: isize) -> Vec<Effect> {
        let bars = &self.seen.bars;
        let Some(last) = bars.len().checked_sub(1) else {
            return self.notify(Tone::Info, "there is no chart here".into());
        };
        let at = self.bar().map_or(last, |time| place(bars, time).saturating_add_signed(by).min(last));
        self.choose_bar(bars[at].from)
    }

    /// To the next bar with stories, or the one before.
    pub(super) fn step_marked(&mut self, forward: bool) -> Vec<Effect> {
        let bars = &self.seen.bars;
        let at = self.bar().map(|time| place(bars, time));
        let marked = |at: &usize| bars[*at].stories > 0;
        let found = match forward {
            true => (at.map_or(0, |at| at + 1)..bars.len()).find(marked),
            false => (0..at.unwrap_or(bars.len())).rev().find(marked),
        };
        match found.map(|at| bars[at].from) {
            Some(from) => self.choose_bar(from),
            None => self.notify(Tone::Info, "no more bars with a story".into()),
        }
    }

    pub(super) fn choose_bar(&mut self, from: Timestamp) -> Vec<Effect> {
        self.arrangement.focus = Focus::Tape;
        self.bar = Some(from);
        drawn()
    }

    /// The move of the chosen bar, to be asked about.
    pub(super) fn chosen_bar(&self) -> Option<Asked> {
        let time = self.bar()?;
        let bars = &self.seen.bars;
        let bar = bars.get(place(bars, time)).copied();
        let (begun, ended) = bar.map_or((time, None), |bar| (bar.from, Some(bar.to)));
        Some(Asked { symbol: self.charted()?, begun, ended, level: None })
    }

    /// Shows the story on the chart of the symbol closest to it.
    pub(super) fn show_on_chart(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        let Some(item) = self.wire.current_item() else { return self.notify(Tone::Info, "no story here".into()) };
        let (time, symbols) = (item.story.time(), item.tagged.symbols());
        let charted = self.charted().filter(|charted| symbols.contains(charted));
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
    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.stories([titled(1, -8, "Nvidia opens a plant"), titled(2, -4, "Nvidia sells a plant")]);
        draw(&mut desk);
        desk.press("tab tab");
        draw(&mut desk);
        desk
    }

    fn draw(desk: &mut Desk) {
        let bar = |at: i64| Bar {
            x: at as u16,
            from: minute(at - 10),
            to: minute(at - 9),
            stories: usize::from(matches!(at, 2 | 6)),
        };
        desk.app.record_hit_map(HitMap { bars: (0..10).map(bar).collect(), ..seen() });
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
        assert_eq!(desk.app.asked().map(|asked| (asked.begun, asked.ended)), Some((minute(-8), Some(minute(-7)))));
        assert_eq!(desk.app.causes()[0].item.story.id.0, 1, "the story of the bar comes first");
    }
}
