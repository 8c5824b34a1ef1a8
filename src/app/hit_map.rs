//! What a frame showed and where. Drawing returns it; paging and the mouse read it.

use jiff::Timestamp;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};

use super::Focus;
use super::command::Command;
use crate::domain::Name;
use crate::domain::fingerprint;
use crate::domain::layout::PriceSort;

/// A bar of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its first column on the screen.
    pub x: u16,
    /// Its start and its end.
    pub from: Timestamp,
    pub to: Timestamp,
    /// How many stories are marked at it.
    pub stories: usize,
}

/// Where things stood on the last frame, in cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HitMap {
    /// The rows of the wire.
    pub wire: Rect,
    /// Index of the first row on screen.
    pub wire_top: usize,
    /// Where the line of the last absence stands among the rows, if it does.
    pub wire_line: Option<u16>,
    /// The text of the reader.
    pub reader: Rect,
    /// The first line of the reader that is shown, and the last that can be the first.
    pub reader_scroll: usize,
    pub reader_scroll_max: usize,
    /// The lines of the story in which the words looked for stand.
    pub reader_found: Vec<usize>,
    /// Its links: the line that each begins on, and where it leads.
    pub reader_links: Vec<(usize, Name)>,
    /// The topics of the bar, with their keys.
    pub topics: Vec<(Rect, char)>,
    /// The symbols of the tape.
    pub symbols: Vec<(Rect, Name)>,
    /// The rows of the table of prices; none where they are not shown as one. And the heads of its columns that sort it.
    pub price_rows: Rect,
    pub price_heads: Vec<(Rect, PriceSort)>,
    /// The bars of the chart, oldest first, and where they are.
    pub bars: Vec<Bar>,
    pub chart: Rect,
    /// The lines of the popup.
    pub popup: Rect,
    /// Its rows that can be chosen: on which line of the screen each stands, and its place in the list; and the one chosen.
    pub popup_rows: Vec<(u16, usize)>,
    pub popup_row: usize,
    /// How far the popup can scroll.
    pub popup_scroll_max: usize,
    /// The panels that take the keys.
    pub panels: Vec<(Rect, Focus)>,
    /// The keys in the last line that can be clicked.
    pub hints: Vec<(Rect, Command)>,
    /// Where parts of it lead to.
    pub links: Vec<Link>,
}

/// An address that a part of the screen leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// By which its cells know it: 24 bits, never 0, the same for the same address.
    pub number: u32,
    pub address: Name,
}

/// Longer addresses are no links: terminals cut them off.
const ADDRESS_MAX: usize = 2_000;

impl Link {
    /// The number, where a cell has room for it.
    pub fn color(&self) -> Color {
        let [_, red, green, blue] = self.number.to_be_bytes();
        Color::Rgb(red, green, blue)
    }
}

impl HitMap {
    /// Rows that the wire has room for, at least one.
    pub(super) fn wire_height(&self) -> usize {
        self.wire.height.max(1).into()
    }

    /// The panel at a place.
    pub(super) fn panel_at(&self, at: Position) -> Option<Focus> {
        hit(&self.panels, at).copied()
    }

    /// The command whose hint stands at a place.
    pub(super) fn hint_at(&self, at: Position) -> Option<Command> {
        hit(&self.hints, at).copied()
    }

    /// The key of the topic at a place of the topic bar.
    pub(super) fn topic_at(&self, at: Position) -> Option<char> {
        hit(&self.topics, at).copied()
    }

    /// The symbol at a place among the prices.
    pub(super) fn symbol_at(&self, at: Position) -> Option<&Name> {
        hit(&self.symbols, at)
    }

    /// What the head of a column at a place sorts the prices by.
    pub(super) fn price_head_at(&self, at: Position) -> Option<PriceSort> {
        hit(&self.price_heads, at).copied()
    }

    /// The bar at a place in the chart.
    pub(super) fn bar_at(&self, at: Position) -> Option<Bar> {
        self.bars.iter().rev().find(|bar| bar.x <= at.x).filter(|_| self.chart.contains(at)).copied()
    }

    /// The row of the popup on the line of a place.
    pub(super) fn popup_row_at(&self, at: Position) -> Option<usize> {
        self.popup_rows.iter().find(|(y, _)| *y == at.y).map(|(_, row)| *row)
    }

    /// The mark of cells that lead to an address; none where it is no web address that can be sent to a terminal.
    pub fn link(&mut self, address: &str) -> Style {
        let is_web = address.starts_with("https://") || address.starts_with("http://");
        if !is_web || address.len() > ADDRESS_MAX || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Style::new();
        }
        let link = Link { number: number(address), address: address.into() };
        match self.links.iter().find(|other| other.number == link.number) {
            Some(other) if other.address != link.address => return Style::new(),
            Some(_) => {}
            None => self.links.push(link.clone()),
        }
        Style::new().underline_color(link.color())
    }
}

/// What lies at a place.
fn hit<T>(places: &[(Rect, T)], at: Position) -> Option<&T> {
    places.iter().find(|(place, _)| place.contains(at)).map(|(_, what)| what)
}

/// A hash of 24 bits.
fn number(address: &str) -> u32 {
    let hash = fingerprint::of_32(address.bytes());
    ((hash >> 24) ^ (hash & 0x00ff_ffff)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_chart_belongs_to_the_bar_that_begins_before_it() {
        let bar = |x: u16| Bar { x, from: Timestamp::UNIX_EPOCH, to: Timestamp::UNIX_EPOCH, stories: 0 };
        let seen = HitMap { bars: [3, 5].map(bar).into(), chart: Rect::new(2, 0, 8, 4), ..HitMap::default() };
        for (x, y, expected) in [(2, 1, None), (3, 1, Some(3)), (4, 1, Some(3)), (9, 3, Some(5)), (9, 4, None)] {
            assert_eq!(seen.bar_at(Position::new(x, y)).map(|bar| bar.x), expected, "{x} {y}");
        }
    }

    #[test]
    fn only_web_addresses_become_links() {
        let mut seen = HitMap::default();
        let first = seen.link("https://desk.example/1");
        assert_eq!(seen.link("https://desk.example/1"), first);
        assert_ne!(seen.link("https://desk.example/2"), first);
        let long = format!("https://desk.example/{}", "x".repeat(ADDRESS_MAX));
        for address in ["javascript:alert(1)", "https://desk.example/\u{1b}", "https://desk.example/a b", "", &long] {
            assert_eq!(seen.link(address), Style::new(), "{address:?}");
        }
        assert_eq!(seen.links.len(), 2);
    }
}
