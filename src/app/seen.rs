//! What a frame showed and where. Drawing returns it; paging and the mouse read it.

use ratatui::layout::Rect;

use crate::domain::Name;

/// Where things stood on the last frame, in cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The rows of the wire.
    pub wire: Rect,
    /// Index of the first row on screen.
    pub wire_top: usize,
    /// The text of the reader.
    pub reader: Rect,
    /// How far the reader can scroll.
    pub reader_scroll_max: usize,
    /// The topics of the bar, with their keys.
    pub topics: Vec<(Rect, char)>,
    /// The symbols of the tape.
    pub symbols: Vec<(Rect, Name)>,
    /// The lines of the popup.
    pub popup: Rect,
    /// How far the popup can scroll.
    pub popup_scroll_max: usize,
}
