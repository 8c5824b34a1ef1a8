//! What a frame showed and where. Drawing returns it; paging and the mouse read it.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::domain::Name;

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
pub struct Seen {
    /// The rows of the wire.
    pub wire: Rect,
    /// Index of the first row on screen.
    pub wire_top: usize,
    /// Where the line of the last absence stands among the rows, if it does.
    pub wire_line: Option<u16>,
    /// The text of the reader.
    pub reader: Rect,
    /// How far the reader can scroll.
    pub reader_scroll_max: usize,
    /// The topics of the bar, with their keys.
    pub topics: Vec<(Rect, char)>,
    /// The symbols of the tape.
    pub symbols: Vec<(Rect, Name)>,
    /// The bars of the chart, oldest first, and where they are.
    pub bars: Vec<Bar>,
    pub chart: Rect,
    /// The lines of the popup.
    pub popup: Rect,
    /// How far the popup can scroll.
    pub popup_scroll_max: usize,
}
