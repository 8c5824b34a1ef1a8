//! Hyperlinks (OSC 8). A cell has no room for an address, so that of its link is a number, kept where ratatui keeps the colour of
//! an underline; by it a frame knows that a cell leads elsewhere now, though it reads the same. Here the number becomes the
//! address.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::queue;
use crossterm::style::Print;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::Color;

use crate::app::hit_map::Link;

/// The links of the frame that is being drawn.
pub(super) type Links = Arc<Mutex<Vec<Link>>>;

/// A backend that puts links around the cells that have one.
#[derive(Debug)]
pub(super) struct Linked<B> {
    inner: B,
    links: Links,
}

impl<B> Linked<B> {
    pub(super) fn new(inner: B, links: Links) -> Linked<B> {
        Linked { inner, links }
    }
}

impl<B: Backend<Error = io::Error> + Write> Linked<B> {
    /// Cells one behind the other that lead to the same place.
    fn run(&mut self, cells: &[(u16, u16, Cell)], link: Option<&Link>) -> io::Result<()> {
        if let Some(link) = link {
            queue!(self.inner, Print(format_args!("\x1b]8;id={};{}\x1b\\", link.number, link.address)))?;
        }
        self.inner.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
        if link.is_some() { queue!(self.inner, Print("\x1b]8;;\x1b\\")) } else { Ok(()) }
    }
}

impl<B: Backend<Error = io::Error> + Write> Backend for Linked<B> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // The number of the link of each cell, and the cell without it.
        let numbered = content.map(|(x, y, cell)| {
            let mut cell = cell.clone();
            let number = std::mem::replace(&mut cell.underline_color, Color::Reset);
            (number, (x, y, cell))
        });
        let (numbers, cells): (Vec<Color>, Vec<_>) = numbered.unzip();
        let mut start = 0;
        for run in numbers.chunk_by(|a, b| a == b) {
            let link = run.first().and_then(|number| links.iter().find(|link| link.color() == *number));
            self.run(&cells[start..start + run.len()], link)?;
            start += run.len();
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    /// Never fails: ratatui shows the cursor when it is dropped, and panics where it can't say that this failed. In a
    /// frame it is the flush that tells of a terminal that is gone.
    fn show_cursor(&mut self) -> io::Result<()> {
        let _ = self.inner.show_cursor();
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    /// Not what the inner one says: that starts a program where the terminal is gone, and believes any size.
    fn size(&self) -> io::Result<Size> {
        super::size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)
    }
}

impl<B: Write> Write for Linked<B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
